"""Double one size at a time; print the factor of time and memory of each estimator."""

import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from _network import ONE_LAYER
from _timing import (
    numbers_of_fresh_process,
    parse_arguments,
    peak_memory,
    print_table,
)
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


def regressor(size):
    X = windows(size)
    model = sklstm.LSTMRegressor(size.units, **ONE_LAYER, **EPOCHS)
    return model, (X, X.mean(axis=(1, 2)))


def classifier(size):
    X = windows(size)
    model = sklstm.LSTMClassifier(size.units, **ONE_LAYER, **EPOCHS)
    return model, (X, X.mean(axis=(1, 2)) > 0)


def autoencoder(size):
    return sklstm.LSTMAutoencoder(size.units, **EPOCHS), (windows(size),)


def detector(size):
    X = windows(replace(size, steps=1))[:, 0]
    network = sklstm.LSTMRegressor(size.units, **ONE_LAYER, **EPOCHS)
    return sklstm.LSTMOutlierDetector(network, window_size=size.steps), (X,)


def forecaster(size, regressor=None):
    random = np.random.default_rng(0)
    months = pd.period_range("1900-01", periods=size.rows, freq="M")
    season = 10 * np.sin(2 * np.pi * np.arange(size.rows) / 12)
    noise = random.normal(size=(size.rows, size.series))
    y = pd.DataFrame(100 + season[:, None] + noise, months)
    model = sklstm.LSTMForecaster(regressor, horizon=size.steps, random_state=0)
    return model, (y,)


def corrected_forecaster(size):
    network = sklstm.LSTMRegressor(size.units, **ONE_LAYER, **EPOCHS)
    return forecaster(size, network)


# What is doubled, one at a time.
PARTS = ("rows", "steps", "units", "series")
FITS = {
    "LSTMRegressor": (regressor, Size(), ["rows", "steps", "units"]),
    "LSTMClassifier": (classifier, Size(), ["rows", "steps", "units"]),
    "LSTMAutoencoder": (autoencoder, Size(), ["rows", "steps", "units"]),
    "LSTMOutlierDetector": (detector, Size(), ["rows", "steps", "units"]),
    "LSTMForecaster": (forecaster, Series(), ["rows", "steps", "series"]),
    "LSTMForecaster with a regressor": (
        corrected_forecaster,
        Series(),
        ["rows", "steps", "units", "series"],
    ),
}


def measure(name, **sizes):
    """Fit in this process; print the seconds of the processor and the MB more.

    The first fit of a process allocates what all fits share, and is not measured.
    """
    warnings.simplefilter("ignore", ConvergenceWarning)
    make, size, _ = FITS[name]
    model, data = make(replace(size, rows=size.rows // 4))
    model.fit(*data)
    model, data = make(replace(size, **sizes))
    before, start = peak_memory(), time.process_time()
    model.fit(*data)
    print(time.process_time() - start, (peak_memory() - before) / 1e6)


def smallest(name, n_rounds, **sizes):
    """Return the fewest seconds and MB of several processes."""
    code = f"import bench_scaling as b; b.measure({name!r}, **{sizes!r})"
    rounds = [numbers_of_fresh_process(code) for _ in range(n_rounds)]
    return map(min, zip(*rounds, strict=True))


def row_of(name, n_rounds):
    """Return the row of an estimator."""
    _, size, doubled = FITS[name]
    seconds, memory = smallest(name, n_rounds)
    cells = {"estimator": name, "seconds": f"{seconds:.2f}", "MB": f"{memory:.0f}"}
    for part in PARTS:
        columns = f"{part} x 2: time", f"{part} x 2: MB"
        numbers = "", ""
        if part in doubled:
            sizes = {part: 2 * getattr(size, part)}
            longer, larger = smallest(name, n_rounds, **sizes)
            numbers = f"{longer / seconds:.2f}", f"{larger:.0f}"
        cells |= zip(columns, numbers, strict=True)
    return cells


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=2)
    rows = [row_of(name, arguments.rounds) for name in FITS]
    print_table("Fits, and the factor of their time if one size is doubled", rows)
