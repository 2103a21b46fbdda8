"""Forecasts from past origins, beside what came and beside a naive forecast."""

import numpy as np
import pandas as pd

from sklstm._forecast.baselines import bridge, mean_absolute_difference, naive_forecasts


def read_splits(splits, horizon):
    """Read splits in time as origins with their steps.

    Parameters
    ----------
    splits : iterable of (ndarray of int, ndarray of int)
        Positions of readings known, and of those to forecast.
    horizon : int
        Steps that a forecast has.

    Returns
    -------
    origins : list of (int, ndarray of int)
        How many readings are known, and which steps after them are asked for, counted
        from 1.

    Raises
    ------
    ValueError
        If readings to forecast are known, or there is none within the horizon.
    """
    origins = []
    for train, test in splits:
        n_known = int(np.max(train)) + 1
        steps = np.sort(test) - n_known + 1
        if not len(steps) or steps[0] < 1 or steps[0] > horizon:
            raise ValueError(
                "Each split of cv must test on readings behind those to learn from, "
                f"the first of them at most horizon={horizon} steps behind. Pass "
                "TimeSeriesSplit, without shuffling."
            )
        origins.append((n_known, steps[steps <= horizon]))
    if not origins:
        raise ValueError("cv has no splits.")
    return origins


def compare(panel, origins, forecasts, season_length):
    """Put forecasts beside truths and naive forecasts.

    Parameters
    ----------
    panel : Panel
        Series of one length.
    origins : list of (int, ndarray of int)
        What :func:`read_splits` returns.
    forecasts : ndarray of shape (n_origins, n_series, horizon)
        Forecasts in the units of the readings.
    season_length : int
        Steps of a cycle, 1 for none.

    Returns
    -------
    frame : DataFrame
        One row per series, origin and step that has a truth.
    """
    parts = [
        compare_series(one, n_known, steps, forecast, season_length)
        for (n_known, steps), of_origin in zip(origins, forecasts, strict=True)
        for one, forecast in zip(panel.series, of_origin, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def compare_next(past, panel, forecasts, season_length):
    """Put forecasts beside the readings that followed.

    Parameters
    ----------
    past, panel : Panel
        The series without these readings, and with them.
    forecasts : list of ndarray of shape (horizon,)
        Forecasts in the units of the readings, one per series.
    season_length : int
        Steps of a cycle, 1 for none.

    Returns
    -------
    frame : DataFrame
        One row per series and step that has a truth.
    """
    parts = []
    for before, one, forecast in zip(past.series, panel.series, forecasts, strict=True):
        n_known = len(before.values)
        n_steps = min(len(one.values) - n_known, len(forecast))
        steps = 1 + np.arange(n_steps)
        parts.append(compare_series(one, n_known, steps, forecast, season_length))
    return pd.concat(parts, ignore_index=True)


def compare_series(one, n_known, steps, forecast, season_length):
    """Put a forecast of one series beside truths and the naive forecast.

    Parameters
    ----------
    one : Series
        Readings known and to forecast.
    n_known : int
        How many are known.
    steps : ndarray of int
        Steps after them to compare, counted from 1.
    forecast : ndarray of shape (horizon,)
        Forecast in the units of the readings.
    season_length : int
        Steps of a cycle, 1 for none.

    Returns
    -------
    frame : DataFrame
        One row per step that has a truth.
    """
    known = one.values[:n_known]
    past = bridge(known)[None, -season_length:]
    naive = naive_forecasts("season", past, season_length, len(forecast))[0]
    places = n_known + steps - 1
    columns = {
        "series": one.name,
        "origin": one.times[n_known - 1],
        "step": steps,
        "time": one.times[places],
        "actual": one.values[places],
        "forecast": forecast[steps - 1],
        "baseline": naive[steps - 1],
        "scale": mean_absolute_difference(known, season_length),
    }
    return pd.DataFrame(columns).dropna(subset="actual")


def score_forecasts(backtest):
    """Score the forecasts of a backtest, and the naive ones beside them.

    Parameters
    ----------
    backtest : DataFrame
        What :meth:`LSTMForecaster.backtest` returns, or some of its rows.

    Returns
    -------
    scores : DataFrame
        The rows "forecast" and "baseline", and the columns "MASE", the mean absolute error
        in units of the mean absolute difference of readings one cycle apart before the
        origin [1]_; "sMAPE", the mean of ``200 |truth - forecast| / (|truth| +
        |forecast|)`` in per cent; and "RMSE", the root of the mean squared error. Each
        is a mean over all rows, MASE over those of series that have moved before.

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
    truth, rows = backtest["actual"], {}
    scale = backtest["scale"].where(backtest["scale"] > 0)
    for name in ("forecast", "baseline"):
        error = (backtest[name] - truth).abs()
        size = truth.abs() + backtest[name].abs()
        rows[name] = {
            "MASE": (error / scale).mean(),
            "sMAPE": (200 * error / size.where(size > 0, 1)).mean(),
            "RMSE": np.sqrt((error**2).mean()),
        }
    return pd.DataFrame(rows).T
