"""Backtests: forecasts from past origins, next to actual values and a baseline."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._forecast.baselines import (
    baseline_forecasts,
    interpolate,
    mean_absolute_difference,
)
from sklstm._forecast.panel import Series

# Names of the columns of a forecast. The last two are missing without intervals.
PREDICTED = ("forecast", "lower", "upper")


def read_splits(splits, horizon):
    """Convert cross-validation splits to forecast origins and steps to forecast.

    Each split has one origin: its last training value.

    Parameters
    ----------
    splits : iterable of (ndarray of int, ndarray of int)
        Positions of the training values and of the test values of each split.
    horizon : int
        Number of steps of a forecast.

    Returns
    -------
    origins : list of (int, ndarray of int)
        Number of known values, and the steps to forecast after them, counted from 1.

    Raises
    ------
    ValueError
        If a split has no training values, if a test value does not come after the
        training values, or if no test value is within the horizon.
    """
    origins = []
    for train, test in splits:
        n_known = int(np.max(train, initial=-1)) + 1
        steps = np.sort(test) - n_known + 1
        if not (n_known and len(steps) and 1 <= steps[0] <= horizon):
            raise ValueError(
                "In each split of cv, all test values must come after the training "
                f"values. The first test value must be at most {horizon} steps after "
                "the last training value. Pass splits in time order, such as those of "
                "TimeSeriesSplit."
            )
        origins.append((n_known, steps[steps <= horizon]))
    if not origins:
        raise ValueError("cv has no splits. Pass at least one.")
    return origins


def compare_origins(panel, origins, forecasts, season_length):
    """Compare forecasts from several origins with actual values and the baseline.

    Parameters
    ----------
    panel : Panel
        Series of the same length.
    origins : list of (int, ndarray of int)
        Result of :func:`read_splits`.
    forecasts : ndarray of shape (n_origins, n_series, horizon, n_columns)
        Forecasts on the scale of the series, with the first columns of `PREDICTED`.
    season_length : int
        Number of steps of a season, 1 without a season.

    Returns
    -------
    frame : DataFrame
        A row for each series, origin and step that has an actual value.
    """
    parts = [
        OneForecast(one, n_known, steps, forecast[steps - 1])
        for (n_known, steps), of_origin in zip(origins, forecasts, strict=True)
        for one, forecast in zip(panel.series, of_origin, strict=True)
    ]
    return _compare(parts, season_length)


def compare_next(past, panel, forecasts, season_length):
    """Compare forecasts of the next steps with actual values and the baseline.

    Parameters
    ----------
    past, panel : Panel
        Series without and with the actual values.
    forecasts : list of ndarray of shape (horizon, n_columns)
        Forecasts of each series, on its scale, with the first columns of `PREDICTED`.
    season_length : int
        Number of steps of a season, 1 without a season.

    Returns
    -------
    frame : DataFrame
        A row for each series and step that has an actual value.
    """
    parts = []
    for before, one, forecast in zip(past.series, panel.series, forecasts, strict=True):
        n_known = len(before.values)
        n_steps = min(len(one.values) - n_known, len(forecast))
        steps = 1 + np.arange(n_steps)
        parts.append(OneForecast(one, n_known, steps, forecast[:n_steps]))
    return _compare(parts, season_length)


class OneForecast(NamedTuple):
    """Forecast of one series from one origin."""

    series: Series  # known values and actual values
    n_known: int  # number of known values
    steps: np.ndarray  # steps after the known values, counted from 1, (n_steps,)
    forecast: np.ndarray  # forecasts of these steps, (n_steps, n_columns)

    @property
    def places(self):
        """Positions of the steps in the series, (n_steps,)."""
        return self.n_known + self.steps - 1

    def known(self, season_length):
        """Return the baseline forecast and the scale, from the known values alone."""
        values = self.series.values[: self.n_known]
        past = interpolate(values)[None, -season_length:]
        n_steps = self.steps.max(initial=0)
        baseline = baseline_forecasts("season", past, season_length, n_steps)[0]
        scale = mean_absolute_difference(values, season_length)
        return baseline[self.steps - 1], scale


def _compare(parts, season_length):
    """Compare forecasts with actual values and the baseline.

    Parameters
    ----------
    parts : list of OneForecast
        Forecasts of each series from each origin.
    season_length : int
        Number of steps of a season, 1 without a season.

    Returns
    -------
    frame : DataFrame
        A row for each forecast and step that has an actual value.
    """
    n_steps = [len(part.steps) for part in parts]
    baselines, scales = zip(*(part.known(season_length) for part in parts), strict=True)
    names = [part.series.name for part in parts]
    dtype = object if None in names else None  # None must not become NaN
    names = pd.Index(names, dtype=dtype, tupleize_cols=False)
    origins = [np.repeat(part.n_known - 1, len(part.steps)) for part in parts]
    forecast = np.concatenate([part.forecast for part in parts])
    columns = {
        "series": names.repeat(n_steps),
        "origin": _times_at(parts, origins),
        "step": np.concatenate([part.steps for part in parts]),
        "time": _times_at(parts, [part.places for part in parts]),
        "actual": np.concatenate([part.series.values[part.places] for part in parts]),
        **dict(zip(PREDICTED, forecast.T, strict=False)),
        "baseline": np.concatenate(baselines),
        "scale": np.repeat(scales, n_steps),
    }
    return pd.DataFrame(columns).dropna(subset="actual", ignore_index=True)


def _times_at(parts, places):
    """Return the times at places in the series of each part, concatenated."""
    # Series often share their times. Each index is only used once, which is fast.
    indexes = {id(part.series.times): part.series.times for part in parts}
    first, *others = indexes.values()
    lengths = [len(index) for index in indexes.values()]
    starts = dict(zip(indexes, np.cumsum([0, *lengths[:-1]]), strict=True))
    pairs = zip(parts, places, strict=True)
    all_places = [starts[id(part.series.times)] + of_one for part, of_one in pairs]
    return first.append(others)[np.concatenate(all_places)]


def score_forecasts(backtest: pd.DataFrame) -> pd.DataFrame:
    """Compute the scores of the forecasts of a backtest, and of its baseline.

    Parameters
    ----------
    backtest : DataFrame
        Result of :meth:`LSTMForecaster.backtest`, or some of its rows.

    Returns
    -------
    scores : DataFrame
        The rows are "forecast" and "baseline". The columns are "MASE", the mean
        absolute error in units of the mean absolute seasonal difference before the
        origin [1]_; "sMAPE", the mean of ``200 |actual - forecast| / (|actual| +
        |forecast|)`` in percent; and "RMSE", the root mean squared error. If the
        backtest has intervals, "coverage" is the fraction of actual values within them.
        It is NaN for the baseline, which has none. Each score is computed over all
        rows. MASE leaves out series that are constant before the origin.

    Raises
    ------
    ValueError
        If a column is missing.

    References
    ----------
    .. [1] R. J. Hyndman and A. B. Koehler, "Another look at measures of forecast
       accuracy", International Journal of Forecasting 22(4), 2006, 679-688.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm.forecasting import score_forecasts
    >>> backtest = pd.DataFrame(
    ...     {"actual": [1.0, 3.0], "forecast": 1.0, "baseline": 2.0, "scale": 2.0}
    ... )
    >>> score_forecasts(backtest)
              MASE       sMAPE      RMSE
    forecast   0.5   50.000000  1.414214
    baseline   0.5   53.333333  1.000000
    """
    missing = {"actual", "forecast", "baseline", "scale"} - set(backtest)
    if missing:
        raise ValueError(
            f"backtest lacks the columns {sorted(missing)}. Pass the result of "
            "LSTMForecaster.backtest."
        )
    actual, rows = backtest["actual"], {}
    scale = backtest["scale"].where(backtest["scale"] > 0)
    for name in ("forecast", "baseline"):
        error = (backtest[name] - actual).abs()
        size = actual.abs() + backtest[name].abs()
        rows[name] = {
            "MASE": (error / scale).mean(),
            "sMAPE": (200 * error / size.where(size > 0, 1)).mean(),
            "RMSE": np.sqrt((error**2).mean()),
        }
    if {"lower", "upper"} <= set(backtest):
        is_covered = actual.between(backtest["lower"], backtest["upper"])
        rows["forecast"]["coverage"] = is_covered.mean()
    return pd.DataFrame(rows).T
