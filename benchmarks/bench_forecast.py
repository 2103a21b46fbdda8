"""Forecast public series and compare with a baseline and published results."""

import argparse
import time
from functools import partial
from statistics import median

import numpy as np
import pandas as pd
import torch
from _data import load
from _timing import environment, print_table

from sklstm import LSTMForecaster
from sklstm._input.frequency import default_season_length
from sklstm.datasets import load_retail_sales

PEERS = ["AutoETS", "DynamicOptimizedTheta"]
# Fewest months from which a series of CIF 2016 is forecast, by its horizon.
SHORTEST = {12: 40, 6: 20}
LEVELS = [0.05, 0.5, 0.95]
# Results of other programs, from the papers of the data sets or computed by hand.
PUBLISHED = {
    "retail": "damped Holt-Winters 1.66",
    "cif2016": "LSTMs 10.23 to 11.58",
    "cif2016, 12 steps, zero-shot": "Chronos-Bolt-base 0.999",
    "etth1, OT, 24": "LSTMa 0.114, linear map 0.026",
    "etth1, 24": "LSTMa 0.65",
}


def forecast(known, horizon, seed, **settings):
    """Forecast series with the default settings.

    Parameters
    ----------
    known : list of Series
        Series with dates.
    horizon : int
        Number of steps to forecast.
    seed : int
        Seed of the forecaster.
    **settings : dict
        Other parameters of the forecaster.

    Returns
    -------
    quantiles : ndarray of shape (n_series, horizon, 3)
        The limits of the 90 % intervals and, between them, the forecasts.
    """
    forecaster = LSTMForecaster(horizon=horizon, random_state=seed, **settings)
    quantiles = forecaster.fit(known).predict_quantiles(quantiles=LEVELS)
    return np.stack([of_one.to_numpy() for of_one in quantiles])


def statistical(name):
    """Return a function like :func:`forecast` for a model of statsforecast."""
    from statsforecast import models

    def forecast_one_by_one(known, horizon, _seed, **_):
        quantiles = []
        for one in known:
            season_length = default_season_length(one.index)
            model = getattr(models, name)(season_length=season_length)
            values = one.interpolate(limit_direction="both").to_numpy(float)
            result = model.forecast(y=values, h=horizon, level=[90])
            parts = [result[key] for key in ("lo-90", "mean", "hi-90")]
            quantiles.append(np.column_stack(parts))
        return np.stack(quantiles)

    return forecast_one_by_one


def coverage(actual, quantiles):
    """Return the fraction of known values in their 90 % intervals."""
    is_inside = (quantiles[..., 0] <= actual) & (actual <= quantiles[..., 2])
    return is_inside[~np.isnan(actual)].mean()


def symmetric_errors(actual, forecasts, offset=0.0):
    """Return the sMAPE of each series in percent, as Monash archive defines it."""
    size = np.abs(actual) + np.abs(forecasts) + offset
    least = 0.5 + offset if offset else 1e-9
    return np.nanmean(200 * np.abs(forecasts - actual) / np.maximum(size, least), 1)


def retail(forecast, _folder, seed):
    """Forecast twelve months from sixty, eight times; errors in % of actual values."""
    sales = load_retail_sales()
    errors, baseline, is_covered = [], [], []
    for year in range(2011, 2019):
        known, actual = sales[str(year - 4) : str(year)], sales[str(year + 1) :][:12]
        actual = actual.to_numpy()
        quantiles = forecast([known], 12, seed)[0]
        total = actual.sum()
        errors.append(100 * np.abs(quantiles[:, 1] - actual).sum() / total)
        error = np.abs(known[-12:].to_numpy() - actual).sum()
        baseline.append(100 * error / total)
        is_covered.append(coverage(actual, quantiles))
    return [np.mean(part) for part in (errors, baseline, is_covered)]


def read_cif2016(folder):
    """Return 72 monthly series, the months after them included, and their horizons."""
    data = load(folder, "cif2016")
    series = []
    for known, after, horizon in zip(
        data["train"], data["test"], data["horizon"], strict=True
    ):
        values = np.concatenate([known, after[:horizon]])
        months = pd.period_range("2000-01", periods=len(values), freq="M")
        series.append(pd.Series(values, months))
    return series, data["horizon"]


def cif2016(forecast, folder, seed, n_before=0):
    """Forecast 72 monthly series together, by their horizons.

    The origin is `n_before` horizons before that of the competition. Series that are
    too short are left out.
    """
    series, horizons = read_cif2016(folder)
    scores = []
    for horizon in (12, 6):
        ends = [
            len(one) - own - n_before * horizon
            for one, own in zip(series, horizons, strict=True)
        ]
        rows = [n for n, end in enumerate(ends) if end >= SHORTEST[horizons[n]]]
        known = [series[n][: ends[n]] for n in rows]
        quantiles = forecast(known, horizon, seed)
        for n, of_one in zip(rows, quantiles, strict=True):
            if horizons[n] == horizon:
                actual = series[n].to_numpy()[ends[n] :][:horizon]
                last = np.full(horizon, series[n].iloc[ends[n] - 1])
                scores.append(scores_of(actual, of_one, last))
    return np.mean(scores, axis=0)


def scores_of(actual, quantiles, baseline):
    """Return the sMAPE of a forecast and of a baseline, and the coverage."""
    return [
        *(
            symmetric_errors(actual[None], x[None])[0]
            for x in (quantiles[:, 1], baseline)
        ),
        coverage(actual, quantiles),
    ]


def cif2016_before(forecast, folder, seed):
    """Forecast from four origins before the test, because years differ."""
    return np.mean([cif2016(forecast, folder, seed, n) for n in range(1, 5)], axis=0)


def cif2016_short(forecast, folder, seed):
    """Forecast the 15 short series one by one, from seven origins each."""
    series, horizons = read_cif2016(folder)
    scores = []
    for n in np.flatnonzero(horizons == 6):
        values = series[n].to_numpy()
        for end in range(len(values) - 12, len(values) - 5):
            quantiles = forecast([series[n][:end]], 6, seed)[0]
            last = np.full(6, values[end - 1])
            scores.append(scores_of(values[end : end + 6], quantiles, last))
    return np.mean(scores, axis=0)


def cif2016_scaled(forecast, folder, seed):
    """Forecast the last twelve months of all series without training: MASE."""
    series, _ = read_cif2016(folder)
    known = [one[:-12] for one in series]
    actual = np.stack([one.to_numpy()[-12:] for one in series])
    quantiles = forecast(known, 12, seed, fine_tune=0)
    last = np.stack([one.to_numpy()[-12:] for one in known])
    scales = [
        np.abs(one.to_numpy()[12:] - one.to_numpy()[:-12]).mean() for one in known
    ]
    errors = [
        (np.abs(forecasts - actual).mean(1) / scales).mean()
        for forecasts in (quantiles[..., 1], last)
    ]
    return [*errors, coverage(actual, quantiles)]


def nn5(forecast, folder, seed):
    """Forecast 56 days of 111 cash machines together."""
    data = load(folder, "nn5")
    days = pd.date_range("1996-03-18", periods=len(data["train"][0]), freq="D")
    known = [pd.Series(values, days) for values in data["train"]]
    quantiles, actual = forecast(known, 56, seed), data["test"]
    last = np.stack([one.interpolate().to_numpy()[-7:] for one in known])
    errors = [
        symmetric_errors(actual, forecasts, 0.1).mean()
        for forecasts in (quantiles[..., 1], np.tile(last, 8))
    ]
    return [*errors, coverage(actual, quantiles)]


def etth1(_forecast, folder, seed, columns, horizon, stride=1):
    """Forecast hours of a transformer station: mean squared error, standardized."""
    data = load(folder, "etth1")
    first, last = data["borders"]["test"]
    values = ((data["values"] - data["mean"]) / data["scale"])[:last, columns]
    hours = pd.date_range("2016-07-01", periods=last, freq="h")
    y = pd.DataFrame(values.astype(float), hours)
    forecaster = LSTMForecaster(horizon=horizon, random_state=seed).fit(y[:first])
    squares, baseline, is_covered = [], [], []
    for origin in range(first, last - horizon + 1, stride):
        quantiles = forecaster.predict_quantiles(quantiles=LEVELS).to_numpy()
        quantiles = quantiles.reshape(horizon, -1, 3)
        actual = y.to_numpy()[origin : origin + horizon]
        squares.append(((quantiles[..., 1] - actual) ** 2).mean())
        days = y.to_numpy()[origin - 24 : origin][np.arange(horizon) % 24]
        baseline.append(((days - actual) ** 2).mean())
        is_covered.append(coverage(actual, quantiles))
        forecaster.update(y[origin : origin + stride])
    return [np.mean(part) for part in (squares, baseline, is_covered)]


TASKS = {
    "retail": retail,
    "cif2016": cif2016,
    "cif2016, four origins before": cif2016_before,
    "cif2016, short, alone": cif2016_short,
    "cif2016, 12 steps, zero-shot": cif2016_scaled,
    "nn5": nn5,
    "etth1, OT, 24": partial(etth1, columns=[-1], horizon=24, stride=2),
    "etth1, 24": partial(etth1, columns=slice(None), horizon=24, stride=4),
    "etth1, 96": partial(etth1, columns=slice(None), horizon=96, stride=4),
}


def measure(task, folder, seeds, forecast=forecast):
    """Run a task with each seed and return a row of the table."""
    runs, seconds = [], []
    for seed in seeds:
        start = time.perf_counter()
        runs.append(TASKS[task](forecast, folder, seed))
        seconds.append(time.perf_counter() - start)
    errors, baselines, coverages = np.transpose(runs)
    percent = 100 * coverages
    return {
        "task": task,
        "sklstm": f"{median(errors):.4g}",
        "of seeds": f"{min(errors):.4g} to {max(errors):.4g}",
        "baseline": f"{median(baselines):.4g}",
        "published": PUBLISHED.get(task, ""),
        "90 % interval": f"{min(percent):.1f} to {max(percent):.1f} %",
        "seconds": f"{median(seconds):.3g}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--peers", action="store_true", help="run statsforecast, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(environment(1))
    seeds = range(arguments.seeds)
    rows = [measure(task, arguments.data, seeds) for task in arguments.tasks]
    print_table("Forecasts, median of the seeds", rows)
    for name in PEERS if arguments.peers else []:
        tasks = [task for task in arguments.tasks if "etth1" not in task]
        peer = statistical(name)
        rows = [measure(task, arguments.data, [0], peer) for task in tasks]
        print_table(f"{name} of statsforecast, series by series", rows)
