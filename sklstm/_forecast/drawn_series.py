"""Series that a display draws: their forecasts, histories and actual values."""

import numpy as np
import pandas as pd

from sklstm._forecast.covariates import select_part
from sklstm._forecast.panel import read_series
from sklstm._input.frequency import times_after

# At most this number of series is drawn if the user selects none.
MAX_DRAWN = 12
SIDES = ["lower", "upper"]


def drawn_series(estimator, series, last_window, n_axes, **options):
    """Forecast the series to draw.

    Parameters
    ----------
    estimator : LSTMForecaster
        Fitted forecaster.
    series : hashable, list of hashable or None
        Names of the series. If None, the first ones are selected.
    last_window : array-like, Series, DataFrame, list of them or None
        Values of the series; None for the fitted series.
    n_axes : int or None
        Number of axes to draw on. If None, there may be up to `MAX_DRAWN` series.
    **options : dict
        Arguments `X`, `horizon` and `coverage` of :meth:`LSTMForecaster.predict` and
        :meth:`LSTMForecaster.predict_interval`. If `coverage` is None, there are no
        intervals.

    Returns
    -------
    parts : list of tuple of (Series, Series, DataFrame or None)
        Forecast, history and interval of each series, by time or position.
    """
    if last_window is None:
        names = _selected(series, estimator.series_names_, n_axes)
        parts = [_forecast_fitted(estimator, name, **options) for name in names]
    else:
        panel = read_series(last_window, is_whole=False)
        names = _selected(series, panel.names, n_axes)
        places = [panel.position_of(name) for name in names]
        all_parts = _forecast_others(estimator, panel, **options)
        parts = [all_parts[place] for place in places]
    if series is None and len(names) == 1:
        names = [None]
    pairs = zip(parts, names, strict=True)
    return [_with_times(*part, name) for part, name in pairs]


def read_predictions(forecast, history, interval):
    """Read forecasts, histories and intervals that the user passed.

    Parameters
    ----------
    forecast, interval : array-like, Series, DataFrame or list of them
        One series or several, as :meth:`LSTMForecaster.predict` and
        :meth:`LSTMForecaster.predict_interval` return them. The interval may be None.
    history : array-like, Series, DataFrame, list of them or None
        Values before the forecasts, in the order of the forecasts.

    Returns
    -------
    parts : list of tuple of (Series, Series, DataFrame or None)
        Forecast, history and interval of each series, by time or position.
    """
    forecasts = _read_alike(forecast, None, "forecast")
    n_series = len(forecasts)
    histories = [None] * n_series
    if history is not None:
        histories = _read_alike(history, n_series, "history")
    bounds = [None] * n_series
    if interval is not None:
        lower, upper = (
            _read_alike(_side_of(interval, side), n_series, "interval")
            for side in (0, 1)
        )
        pairs = zip(lower, upper, strict=True)
        bounds = [pd.concat(pair, axis=1, keys=SIDES) for pair in pairs]
    return [
        (_after(one, past), past, None if limits is None else _after(limits, past))
        for one, past, limits in zip(forecasts, histories, bounds, strict=True)
    ]


def actual_series(actual, forecasts):
    """Return the actual values at the times of forecasts.

    Parameters
    ----------
    actual : array-like, Series, DataFrame or list of them
        Actual values of one series or several, by time, or by step if they have no
        times. Of several series with names, those of the forecasts are selected.
    forecasts : list of Series
        Forecast of each series.

    Returns
    -------
    actual : list of Series
        Actual values of each series, NaN where they are not known.

    Raises
    ------
    ValueError
        If there are no values of a series, or none at the times of its forecast.
    """
    panel = read_series(actual, is_whole=False)
    names = [one.name for one in forecasts]
    has_names = len(panel.series) > 1 and panel.series[0].is_labelled
    if len(panel.series) == len(names) and not has_names:
        chosen = panel.series
    else:
        chosen = [panel.series[panel.position_of(name)] for name in names]
    return [_at_times(*pair) for pair in zip(chosen, forecasts, strict=True)]


def _at_times(one, forecast):
    """Return the values of a series at the times of its forecast."""
    if not one.is_labelled:
        values = one.values[: len(forecast)]
        return pd.Series(values, forecast.index[: len(values)])
    values = pd.Series(one.values, one.times).reindex(forecast.index)
    if values.isna().all():
        raise ValueError(
            f"actual has no value from {forecast.index[0]} to {forecast.index[-1]}, "
            "the times of the forecast. Pass the values of these times."
        )
    return values


def _read_alike(y, n_series, what):
    """Return one series or several as a list of pandas Series."""
    panel = read_series(y, is_whole=False)
    if n_series not in (None, len(panel.series)):
        raise ValueError(
            f"There are {n_series} forecasts, but {what} has {len(panel.series)} "
            "series. Pass the same number, in the same order."
        )
    return [
        pd.Series(one.values, one.times if one.is_labelled else None, name=one.name)
        for one in panel.series
    ]


def _side_of(interval, side):
    """Return the lower or the upper limits, in a container like that of forecasts."""
    if isinstance(interval, list):
        return [_side_of(one, side) for one in interval]
    if not isinstance(interval, pd.DataFrame):
        return np.asarray(interval)[..., side]
    if interval.columns.nlevels == 1:
        return interval[SIDES[side]]
    return interval.xs(SIDES[side], axis=1, level=-1)


def _after(part, history):
    """Return a forecast or its limits, with the times after the history.

    Times that the user passed are kept.
    """
    if history is None or not isinstance(part.index, pd.RangeIndex):
        return part
    return part.set_axis(times_after(history.index, len(part)))


def _selected(series, names, n_axes):
    """Return the names of the series to draw, as a list."""
    if series is None:
        return names[: MAX_DRAWN if n_axes is None else n_axes]
    if pd.api.types.is_hashable(series):
        return [series]
    if not len(series):
        raise ValueError(f"series is empty. Choose from {names}, or pass None.")
    return list(series)


def _forecast_fitted(estimator, name, X, horizon, coverage):
    """Forecast one of the fitted series; return its history, too."""
    one = estimator.select(name)
    X = select_part(X, estimator.series_names_.index(name))
    forecast, bounds = _forecast(one, horizon, coverage, X=X)
    return one.history_, forecast, bounds


def _forecast_others(estimator, panel, X, horizon, coverage):
    """Forecast other series, all at once; return the history of each, too."""
    # With a list, the forecasts are also a list. The columns of an array have names,
    # which arrays in a list do not have.
    histories = [
        one.values
        if one.name is None and not one.is_labelled
        else pd.Series(one.values, one.times, name=one.name)
        for one in panel.series
    ]
    results = _forecast(estimator, horizon, coverage, X=X, last_window=histories)
    forecasts, bounds = results
    bounds = [None] * len(histories) if bounds is None else bounds
    return list(zip(histories, forecasts, bounds, strict=True))


def _forecast(estimator, horizon, coverage, **inputs):
    """Return forecasts and, with a coverage, the limits of their intervals."""
    forecasts = estimator.predict(horizon, **inputs)
    if coverage is None:
        return forecasts, None
    bounds = estimator.predict_interval(horizon, coverage=coverage, **inputs)
    return forecasts, bounds


def _with_times(history, forecast, bounds, name):
    """Return the forecast, history and interval of a series with names and times.

    The name of the history is used if it has one.
    """
    history = pd.Series(history)
    name = name if history.name is None else history.name
    if isinstance(forecast, pd.Series):
        times = forecast.index
    else:
        times = times_after(history.index, len(forecast))
    interval = bounds
    if bounds is not None:
        interval = pd.DataFrame(np.asarray(bounds), times, SIDES)
    forecast = pd.Series(np.asarray(forecast), times, name=name)
    return forecast, history.rename(name), interval
