"""Backtests: forecasts from past origins, next to actual values and a baseline."""

import numpy as np
import pandas as pd

from sklstm._forecast.baselines import (
    baseline_forecasts,
    interpolate,
    mean_absolute_difference,
)


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
    forecasts : ndarray of shape (n_origins, n_series, horizon)
        Forecasts on the scale of the series.
    season_length : int
        Number of steps of a season, 1 without a season.

    Returns
    -------
    frame : DataFrame
        A row for each series, origin and step that has an actual value.
    """
    parts = [
        _compare_series(one, n_known, steps, forecast, season_length)
        for (n_known, steps), of_origin in zip(origins, forecasts, strict=True)
        for one, forecast in zip(panel.series, of_origin, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def compare_next(past, panel, forecasts, season_length):
    """Compare forecasts of the next steps with actual values and the baseline.

    Parameters
    ----------
    past, panel : Panel
        Series without and with the actual values.
    forecasts : list of ndarray of shape (horizon,)
        Forecasts of each series, on its scale.
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
        parts.append(_compare_series(one, n_known, steps, forecast, season_length))
    return pd.concat(parts, ignore_index=True)


def _compare_series(one, n_known, steps, forecast, season_length):
    """Compare the forecast of one series with actual values and the baseline.

    Parameters
    ----------
    one : Series
        Known values and actual values.
    n_known : int
        Number of known values.
    steps : ndarray of int
        Steps after the known values to compare, counted from 1.
    forecast : ndarray of shape (horizon,)
        Forecast on the scale of the series.
    season_length : int
        Number of steps of a season, 1 without a season.

    Returns
    -------
    frame : DataFrame
        A row for each step that has an actual value.
    """
    known = one.values[:n_known]
    past = interpolate(known)[None, -season_length:]
    baseline = baseline_forecasts("season", past, season_length, len(forecast))[0]
    places = n_known + steps - 1
    columns = {
        "series": one.name,
        "origin": one.times[n_known - 1],
        "step": steps,
        "time": one.times[places],
        "actual": one.values[places],
        "forecast": forecast[steps - 1],
        "baseline": baseline[steps - 1],
        "scale": mean_absolute_difference(known, season_length),
    }
    return pd.DataFrame(columns).dropna(subset="actual")


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
        |forecast|)`` in percent; and "RMSE", the root mean squared error. Each score is
        computed over all rows. MASE leaves out series that are constant before the
        origin.

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
    return pd.DataFrame(rows).T
