"""Forecast public series and compare with a baseline and published results."""

import argparse
import copy
import importlib.util
import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from _timing import environment, print_table

from sklstm import LSTMForecaster
from sklstm.datasets import load_retail_sales
from sklstm.forecasting import score_forecasts

SEEDS = range(3)
# Fewest months from which a series of CIF 2016 is forecast, by its horizon.
SHORTEST = {12: 40, 6: 20}
# Results of other programs, from the papers of the data sets or computed by hand.
PUBLISHED = {
    "retail": "damped Holt-Winters 1.66",
    "cif2016": "LSTMs 10.23 to 11.58",
    "etth1, OT, 24": "LSTMa 0.114, linear map 0.026",
    "etth1, 24": "LSTMa 0.65",
}


def load(folder, name):
    """Load a data set with the loader in its folder."""
    spec = importlib.util.spec_from_file_location("load", Path(folder) / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(name)


def retail(_folder, seed):
    """Forecast twelve months from sixty, eight times; errors in % of actual values."""
    sales = load_retail_sales()
    errors, baseline = [], []
    for year in range(2011, 2019):
        known, actual = sales[str(year - 4) : str(year)], sales[str(year + 1) :][:12]
        forecaster = LSTMForecaster(horizon=12, n_estimators=3, random_state=seed)
        error = (forecaster.fit(known).predict() - actual).abs().sum()
        errors.append(100 * error / actual.sum())
        error = np.abs(known[-12:].to_numpy() - actual).sum()
        baseline.append(100 * error / actual.sum())
    return {"error": np.mean(errors), "baseline": np.mean(baseline)}


def read_cif2016(folder):
    """Return 72 monthly series, the months after them and their horizons."""
    data = load(folder, "cif2016")
    months = [
        pd.period_range("2000-01", periods=len(y), freq="M") for y in data["train"]
    ]
    panel = [pd.Series(*pair) for pair in zip(data["train"], months, strict=True)]
    return panel, data["test"], data["horizon"]


def symmetric_errors(actual, forecast, known):
    """Return the sMAPE of a forecast and of the last known month."""
    comparison = {
        "actual": actual,
        "forecast": forecast.to_numpy(),
        "baseline": known.iloc[-1],
        "scale": 1.0,
    }
    return score_forecasts(pd.DataFrame(comparison))["sMAPE"]


def cif2016(folder, seed, n_before=0):
    """Forecast 72 monthly series together: sMAPE and coverage of 90 % intervals.

    The origin is `n_before` horizons before the end of the known values. Series that
    are too short are left out.
    """
    panel, actuals, horizons = read_cif2016(folder)
    scores, is_covered = [], []
    for horizon in (12, 6):
        ends = [len(y) - n_before * horizon for y in panel]
        long_enough = [n for n, end in enumerate(ends) if end >= SHORTEST[horizons[n]]]
        known = [panel[number][: ends[number]] for number in long_enough]
        forecaster = LSTMForecaster(horizon=horizon, n_estimators=3, random_state=seed)
        forecasts = forecaster.fit(known).predict()
        intervals = forecaster.predict_interval(coverage=0.9)
        for place, number in enumerate(long_enough):
            if horizons[number] != horizon:
                continue
            months = np.concatenate([panel[number], actuals[number, :horizon]])
            actual = months[ends[number] :][:horizon]
            scores.append(symmetric_errors(actual, forecasts[place], known[place]))
            lower, upper = intervals[place].to_numpy().T
            is_covered.append(np.mean((lower <= actual) & (actual <= upper)))
    means = pd.DataFrame(scores).mean()
    coverage = np.mean(is_covered)
    return {
        "error": means["forecast"],
        "baseline": means["baseline"],
        "90 % interval": coverage,
    }


def cif2016_before(folder, seed):
    """Forecast from four origins before the test, because years differ."""
    runs = [cif2016(folder, seed, n_before) for n_before in range(1, 5)]
    return pd.DataFrame(runs).mean().to_dict()


def cif2016_short(folder, seed, *, has_relatives):
    """Forecast the 15 short series one by one, from seven origins each.

    With `has_relatives`, a forecaster that was fitted to the 57 long series continues
    with a warm start.
    """
    panel, actuals, horizons = read_cif2016(folder)
    settings = {"horizon": 6, "n_estimators": 3, "random_state": seed}
    forecaster = LSTMForecaster(warm_start=has_relatives, **settings)
    if has_relatives:
        long = [y for y, horizon in zip(panel, horizons, strict=True) if horizon > 6]
        forecaster.fit(long)
    scores = []
    for number in np.flatnonzero(horizons == 6):
        months = np.concatenate([panel[number], actuals[number, :6]])
        for end in range(len(months) - 12, len(months) - 5):
            known, actual = panel[number][:end], months[end : end + 6]
            short = copy.deepcopy(forecaster)
            if not has_relatives and end < 30:  # too few to hold some out
                short.set_params(calibration_fraction=None)
            forecast = short.fit(known).predict()
            scores.append(symmetric_errors(actual, forecast, known))
    means = pd.DataFrame(scores).mean()
    return {"error": means["forecast"], "baseline": means["baseline"]}


def etth1(folder, seed, columns, horizon, stride=1):
    """Forecast hours of a transformer station: mean squared error, standardized."""
    data = load(folder, "etth1")
    first, last = data["borders"]["test"]
    values = ((data["values"] - data["mean"]) / data["scale"])[:last, columns]
    hours = pd.date_range("2016-07-01", periods=last, freq="h")
    y = pd.DataFrame(values.astype(float), hours)
    splits = (
        (np.arange(origin), np.arange(origin, origin + horizon))
        for origin in range(first, last - horizon + 1, stride)
    )
    forecaster = LSTMForecaster(horizon=horizon, random_state=seed)
    scores = score_forecasts(forecaster.backtest(y, splits, refit=False))
    squares = scores["RMSE"] ** 2
    return {"error": squares["forecast"], "baseline": squares["baseline"]}


TASKS = {
    "retail": retail,
    "cif2016": cif2016,
    "cif2016, four origins before": cif2016_before,
    "cif2016, short, alone": partial(cif2016_short, has_relatives=False),
    "cif2016, short, relatives": partial(cif2016_short, has_relatives=True),
    "etth1, OT, 24": partial(etth1, columns=[-1], horizon=24),
    "etth1, 24": partial(etth1, columns=slice(None), horizon=24, stride=4),
    "etth1, 96": partial(etth1, columns=slice(None), horizon=96, stride=4),
}


def measure(task, folder):
    """Run a task with each seed and return a row of the table."""
    runs, seconds = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        runs.append(TASKS[task](folder, seed))
        seconds.append(time.perf_counter() - start)
    errors = [run["error"] for run in runs]
    middle = runs[int(np.argsort(errors)[len(errors) // 2])]
    coverages = [100 * run["90 % interval"] for run in runs if "90 % interval" in run]
    interval = f"{min(coverages):.1f} to {max(coverages):.1f} %" if coverages else ""
    return {
        "task": task,
        "sklstm": f"{middle['error']:.4g}",
        "of seeds": f"{min(errors):.4g} to {max(errors):.4g}",
        "baseline": f"{middle['baseline']:.4g}",
        "published": PUBLISHED.get(task, ""),
        "90 % interval": interval,
        "seconds": f"{median(seconds):.3g}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(environment(1))
    rows = [measure(task, arguments.data) for task in arguments.tasks]
    print_table("Forecasts, median of three seeds", rows)
