"""Measure the memory of fits on a long series, and of forecasts of many values."""

import time
import warnings

import numpy as np
import pandas as pd
from _network import ONE_LAYER
from _timing import in_fresh_process, parse_arguments, peak_memory, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMForecaster, LSTMRegressor

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
    parse_arguments(__doc__, rounds=1)
    warnings.simplefilter("ignore", ConvergenceWarning)
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
