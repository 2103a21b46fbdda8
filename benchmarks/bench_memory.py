"""Measure the memory of fits on long series and files, and of many forecasts."""

import sys
import threading
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from _network import ONE_LAYER
from _timing import in_fresh_process, parse_arguments, peak_memory, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMForecaster, LSTMRegressor, make_windows

N_TIMESTEPS, N_FEATURES, BATCH_SIZE = 96, 8, 512


def fit(series):
    """Fit a very small network on all windows of a series for one epoch."""
    windows = np.lib.stride_tricks.sliding_window_view(series, N_TIMESTEPS, axis=0)
    windows = windows.transpose(0, 2, 1)
    model = LSTMRegressor(2, **ONE_LAYER, max_iter=1, batch_size=BATCH_SIZE)
    model.fit(windows[:-1], series[N_TIMESTEPS:, 0])


def growth(series):
    """Return by how many bytes a fit increases the peak memory."""
    before = peak_memory()
    fit(series)
    return peak_memory() - before


def write_series(path, n_rows):
    """Write a random series to a file, a million rows at a time."""
    shape, random = (n_rows, N_FEATURES), np.random.default_rng(0)
    series = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for start in range(0, n_rows, 1_000_000):
        block = series[start : start + 1_000_000]
        block[:] = random.standard_normal(block.shape, np.float32)
    series.flush()


def private_memory():
    """Return the bytes of this process that are in memory and in no mapped file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) * 1024 for x in lines if x.startswith("RssAnon"))


@contextmanager
def watched():
    """Yield a list that gets the largest private memory; look 100 times a second."""
    largest, has_ended = [], threading.Event()

    def watch():
        peak = 0
        while not has_ended.wait(0.01):
            peak = max(peak, private_memory())
        largest.append(peak)

    thread = threading.Thread(target=watch)
    thread.start()
    yield largest
    has_ended.set()
    thread.join()


def use(series, cells):
    """Fit a very small network for one epoch and predict; return a row of the table."""
    windows, targets, _ = make_windows(
        series, series[:, 0], window_size=N_TIMESTEPS, horizon=1
    )
    model = LSTMRegressor(2, **ONE_LAYER, max_iter=1, batch_size=4096, random_state=0)
    row = {**cells, "rows": str(len(series)), "before, MB": megabytes(private_memory())}
    for name, run in (
        ("fit", lambda: model.fit(windows, targets)),
        ("predict", lambda: model.predict(windows)),
    ):
        start = time.process_time()
        with watched() as largest:
            run()
        seconds = time.process_time() - start
        row[f"{name}, MB"] = megabytes(largest[0])
        row[f"{name}, us per row"] = f"{1e6 * seconds / len(windows):.1f}"
    return row


def use_files():
    """Return a row for each series, from a file and in memory."""
    rows, few = [], 2_000_000
    with TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        for n_rows, mmap_mode in ((few, None), (few, "r"), (10 * few, "r")):
            write_series(path, n_rows)
            series = np.load(path, mmap_mode=mmap_mode)
            rows.append(use(series, {"series": "file" if mmap_mode else "in memory"}))
            del series
    return rows


def megabytes(n_bytes):
    """Return a number of bytes in megabytes, as text."""
    return f"{n_bytes / 1e6:.0f}"


def forecast(y, X=None):
    """Fit a default forecaster with a very small network, and forecast."""
    forecaster = LSTMForecaster(random_state=0)
    # Large batches of a small network are fast and take as much memory as the default.
    forecaster.set_params(regressor__hidden_layer_sizes=2, regressor__batch_size=1024)
    forecaster.fit(y, X).predict(X=X)


def forecast_panel(n_series=1800, n_timesteps=1667, n_columns=10, horizon=12):
    """Forecast a panel of days with columns that are known in the future."""
    random = np.random.default_rng(0)
    days = pd.date_range("2020", periods=n_timesteps + horizon, freq="D")
    y = pd.DataFrame(random.normal(size=(n_timesteps, n_series)), days[:n_timesteps])
    shape = len(days), n_columns
    forecast(y, [pd.DataFrame(random.normal(size=shape), days) for _ in y])


def forecast_minutes(n_timesteps=200_000):
    """Forecast one series of minutes, whose windows have more than a day."""
    minutes = pd.date_range("2024", periods=n_timesteps, freq="min")
    y = np.sin(2 * np.pi * np.arange(n_timesteps) / 1440)
    y += 0.1 * np.random.default_rng(0).normal(size=n_timesteps)
    forecast(pd.Series(y, minutes))


def peak_of(name):
    """Return the peak memory in bytes of a process that calls a function, and seconds.

    The imports, about 360 MB, are part of it.
    """
    start = time.perf_counter()
    code = f"import bench_memory as b; b.{name}(); print(b.peak_memory())"
    return in_fresh_process(code), time.perf_counter() - start


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=1, flags=["--files"])
    warnings.simplefilter("ignore", ConvergenceWarning)
    if arguments.files:
        print_table("Private memory, which includes the imports", use_files())
        sys.exit()
    long = np.random.default_rng(0).normal(size=(1_000_000, N_FEATURES))
    # This includes imports and allocations that are needed once, and one batch.
    for_short = growth(long[: 3 * BATCH_SIZE])
    for_long = growth(long)
    numbers = {
        "values": f"{len(long)} x {N_FEATURES}",
        "window": str(N_TIMESTEPS),
        "series, MB": f"{long.nbytes / 1e6:.0f}",
        "first small fit, MB": f"{for_short / 1e6:.0f}",
        "fit, MB more": f"{for_long / 1e6:.0f}",
        "(series + fit) / series": f"{1 + for_long / long.nbytes:.2f}",
    }
    print_table("Peak memory", [numbers])
    rows = []
    for name, values in (
        ("forecast_panel", "1800 x 1667, 10 columns"),
        ("forecast_minutes", "200000"),
    ):
        memory, seconds = peak_of(name)
        cells = {"function": name, "values": values, "peak, MB": f"{memory / 1e6:.0f}"}
        rows.append(cells | {"seconds": f"{seconds:.0f}"})
    print_table("Peak memory of a process that fits a forecaster and forecasts", rows)
