"""Double one size at a time; print the factor of time and memory of each estimator."""

import resource
import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from _network import ONE_LAYER
from _timing import in_fresh_process, parse_arguments, print_table
from sklearn.exceptions import ConvergenceWarning

import sklstm

EPOCHS = {"max_iter": 4, "n_iter_no_change": 4, "tol": 0, "random_state": 0}


@dataclass(frozen=True)
class Size:
    """Size of a fit."""

    rows: int = 2000  # windows, rows of a table, or values of each series
    steps: int = 24  # of a window, or to forecast
    units: int = 32
    series: int = 1


@dataclass(frozen=True)
class Series(Size):
    """Size of a fit of a forecaster."""

    rows: int = 200
    steps: int = 12
    series: int = 100


def windows(size):
    """Draw windows of four features."""
    return np.random.default_rng(0).normal(size=(size.rows, size.steps, 4))


def fit_regressor(size):
    X = windows(size)
    model = sklstm.LSTMRegressor(size.units, **ONE_LAYER, **EPOCHS)
    return model, (X, X.mean(axis=(1, 2)))


def fit_classifier(size):
    X = windows(size)
    model = sklstm.LSTMClassifier(size.units, **ONE_LAYER, **EPOCHS)
    return model, (X, X.mean(axis=(1, 2)) > 0)


def fit_autoencoder(size):
    return sklstm.LSTMAutoencoder(size.units, **EPOCHS), (windows(size),)


def fit_detector(size):
    X = windows(replace(size, steps=1))[:, 0]
    network = sklstm.LSTMRegressor(size.units, **ONE_LAYER, **EPOCHS)
    return sklstm.LSTMOutlierDetector(network, window_size=size.steps), (X,)


def fit_forecaster(size, regressor=None):
    random = np.random.default_rng(0)
    months = pd.period_range("1900-01", periods=size.rows, freq="M")
    season = 10 * np.sin(2 * np.pi * np.arange(size.rows) / 12)
    noise = random.normal(size=(size.rows, size.series))
    y = pd.DataFrame(100 + season[:, None] + noise, months)
    model = sklstm.LSTMForecaster(regressor, horizon=size.steps, random_state=0)
    return model, (y,)


def fit_corrected_forecaster(size):
    network = sklstm.LSTMRegressor(size.units, **ONE_LAYER, **EPOCHS)
    return fit_forecaster(size, network)


FITS = {
    "LSTMRegressor": (fit_regressor, Size(), ["rows", "steps", "units"]),
    "LSTMClassifier": (fit_classifier, Size(), ["rows", "steps", "units"]),
    "LSTMAutoencoder": (fit_autoencoder, Size(), ["rows", "steps", "units"]),
    "LSTMOutlierDetector": (fit_detector, Size(), ["rows", "steps", "units"]),
    "LSTMForecaster": (fit_forecaster, Series(), ["rows", "steps", "series"]),
    "LSTMForecaster with a regressor": (
        fit_corrected_forecaster,
        Series(),
        ["rows", "steps", "units", "series"],
    ),
}


def measure(name, **sizes):
    """Fit in this process; return the seconds of the processor and the MB more.

    The first fit of a process allocates what all fits share, and is not measured.
    """
    warnings.simplefilter("ignore", ConvergenceWarning)
    fit, size, _ = FITS[name]
    model, data = fit(replace(size, rows=size.rows // 4))
    model.fit(*data)
    model, data = fit(replace(size, **sizes))
    before, start = peak(), time.process_time()
    model.fit(*data)
    return time.process_time() - start, peak() - before


def peak():
    """Return the peak memory of this process in MB; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def in_process(name, n_rounds, **sizes):
    """Return the fewest seconds and MB of several processes."""
    call = f"b.measure({name!r}, **{sizes!r})"
    return [
        min(
            in_fresh_process(f"import bench_scaling as b; print({call}[{part}])")
            for _ in range(n_rounds)
        )
        for part in (0, 1)
    ]


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=2)
    rows = []
    for name, (_, size, doubled) in FITS.items():
        seconds, memory = in_process(name, arguments.rounds)
        cells = {"estimator": name, "seconds": f"{seconds:.2f}", "MB": f"{memory:.0f}"}
        for part in ("rows", "steps", "units", "series"):
            if part not in doubled:
                cells[f"{part} x 2: time"] = cells[f"{part} x 2: MB"] = ""
                continue
            sizes = {part: 2 * getattr(size, part)}
            more = in_process(name, arguments.rounds, **sizes)
            cells[f"{part} x 2: time"] = f"{more[0] / seconds:.2f}"
            cells[f"{part} x 2: MB"] = f"{more[1]:.0f}"
        rows.append(cells)
    print_table("Fits, and the factor of their time if one size is doubled", rows)
