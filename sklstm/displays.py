"""Pictures of what estimators answer."""

from collections.abc import Hashable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklstm._forecast.covariates import select_part
from sklstm._input.frequency import as_dates, times_after
from sklstm._typing import ArrayLike

__all__ = ["AnomalyDisplay", "ForecastDisplay"]

SIDES = ["lower", "upper"]


class AnomalyDisplay:
    """Draw a series, what was expected of it, and the rows that do not fit.

    Readings and expectations stand above, how far each row is from what was expected
    stands below. Make one with :meth:`from_estimator`; the parameters become
    attributes, so that :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    readings : Series of shape (n_rows,)
        One reading of every row, by time or position.

    expected : Series of shape (n_rows,)
        What was expected of it; NaN where it was not judged.

    distances : Series of shape (n_rows,)
        How far all readings of a row are from what was expected.

    threshold : float
        The distance beyond which a row is an outlier.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2,)
        What was drawn on.

    figure_ : matplotlib Figure
        The figure of these.

    lines_ : dict of str to matplotlib Line2D
        The lines "readings", "expected", "distances" and "threshold".

    spans_ : list of matplotlib Rectangle
        Runs of outliers, behind the readings.

    See Also
    --------
    LSTMOutlierDetector : Judges the rows.

    Examples
    --------
    >>> from sklstm import AnomalyDisplay, LSTMOutlierDetector
    >>> from sklstm.datasets import make_machine
    >>> X, _ = make_machine(2000, faults=["knock"], random_state=0)
    >>> detector = LSTMOutlierDetector(random_state=0).fit(X[:1000])
    >>> display = AnomalyDisplay.from_estimator(detector, X[1000:])
    >>> display.axes_[0].get_ylabel()
    'vibration_x'
    """

    def __init__(self, readings, expected, distances, threshold):
        self.readings = readings
        self.expected = expected
        self.distances = distances
        self.threshold = threshold

    @classmethod
    def from_estimator(cls, estimator, X, *, feature=None, ax=None, **styles):
        """Judge rows, and draw them.

        Parameters
        ----------
        estimator : LSTMOutlierDetector
            A fitted detector.

        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows of one series in time order, as in :meth:`LSTMOutlierDetector.fit`.

        feature : str, int or None, default=None
            Name of the reading to draw; its position where they have none. None is the
            first.

        ax : array-like of two matplotlib Axes or None, default=None
            Where to draw readings and distances. None makes a new figure.

        **styles : dict
            `readings_kwargs`, `expected_kwargs`, `distances_kwargs`, `threshold_kwargs`
            and `span_kwargs` of :meth:`plot`.

        Returns
        -------
        display : AnomalyDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there is no such reading; if X holds several series, or is not as the
            detector takes it; if `ax` is not two axes.
        TypeError
            If the estimator is no detector.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "explain"):
            raise TypeError(
                f"AnomalyDisplay draws an LSTMOutlierDetector, got {estimator!r}."
            )
        table, expected, _, distances = estimator._judged(X)
        if len(table.rows) > 1:
            raise ValueError(
                f"X holds {len(table.rows)} series. Pass the rows of one, such as "
                f"{next(iter(table.rows))!r}."
            )
        names = list(estimator._names(table))
        if feature is not None and feature not in names:
            raise ValueError(f"X has no reading {feature!r}. Choose from {names}.")
        column = 0 if feature is None else names.index(feature)
        times = _times_of(X, estimator.time)
        display = cls(
            pd.Series(table.values[:, column], times, name=names[column]),
            pd.Series(expected[:, column], times, name=names[column]),
            pd.Series(distances, times, name="distance"),
            -estimator.offset_,
        )
        return display.plot(ax, **styles)

    def plot(
        self,
        ax=None,
        *,
        readings_kwargs=None,
        expected_kwargs=None,
        distances_kwargs=None,
        threshold_kwargs=None,
        span_kwargs=None,
    ):
        """Draw.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes or None, default=None
            Where to draw readings and distances. None makes a new figure.

        readings_kwargs, expected_kwargs, distances_kwargs : dict or None, default=None
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        threshold_kwargs : dict or None, default=None
            Passed to :meth:`matplotlib.axes.Axes.axhline`.

        span_kwargs : dict or None, default=None
            Passed to :meth:`matplotlib.axes.Axes.axvspan`.

        Returns
        -------
        display : AnomalyDisplay
            Itself, with the attributes that drawing sets.

        Raises
        ------
        ValueError
            If `ax` is not two axes.
        ImportError
            If matplotlib is not installed.
        """
        self.axes_ = np.ravel(_new_axes("AnomalyDisplay", 2) if ax is None else ax)
        if len(self.axes_) != 2:
            raise ValueError(
                f"AnomalyDisplay draws on two axes, got {len(self.axes_)}. Pass those "
                "of plt.subplots(2)."
            )
        above, below = self.axes_
        self.figure_, self.lines_, self.spans_ = above.figure, {}, []
        style = {"color": "0.4", "label": "reading", **(readings_kwargs or {})}
        self.lines_["readings"] = _draw(above, self.readings, style)
        style = {"color": "C0", "label": "expected", **(expected_kwargs or {})}
        self.lines_["expected"] = _draw(above, self.expected, style)
        # A line around it, for a single row may be narrower than a pixel.
        style = {"color": "C3", "alpha": 0.25, "linewidth": 1, **(span_kwargs or {})}
        for start, end in _runs(self.distances > self.threshold):
            label = {} if self.spans_ else {"label": "outlier"}
            self.spans_.append(above.axvspan(start, end, **{**label, **style}))
        style = {"color": "0.4", **(distances_kwargs or {})}
        self.lines_["distances"] = _draw(below, self.distances, style)
        style = {"color": "C3", "linestyle": ":", "label": "threshold"}
        style.update(threshold_kwargs or {})
        self.lines_["threshold"] = below.axhline(self.threshold, **style)
        above.set(ylabel=self.readings.name)
        below.set(xlabel=self.distances.index.name, ylabel="distance")
        above.legend()
        below.legend()
        return self


class ForecastDisplay:
    """Plot of a series, its forecast and an interval.

    Create one with :meth:`from_estimator`. The parameters are stored as attributes, so
    that :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    forecast : Series of shape (horizon,)
        Forecast of the next values, by time or position.

    history : Series of shape (n_timesteps,) or None, default=None
        Values before the forecast. If None, they are not drawn.

    interval : DataFrame of shape (horizon, 2) or None, default=None
        Limits of the interval, in the columns "lower" and "upper". If None, it is not
        drawn.

    coverage : float or None, default=None
        Fraction of actual values that the interval covers, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the plot.

    figure_ : matplotlib Figure
        Figure of the axes.

    lines_ : dict of str to matplotlib Line2D
        The lines "history" and "forecast".

    band_ : matplotlib PolyCollection or None
        The interval.

    See Also
    --------
    LSTMForecaster : Forecast the next steps of one series or many.

    Examples
    --------
    >>> from sklstm import ForecastDisplay, LSTMForecaster
    >>> from sklstm.datasets import load_retail_sales
    >>> sales = load_retail_sales()["2014":"2018"]
    >>> forecaster = LSTMForecaster(horizon=12, random_state=0).fit(sales)
    >>> display = ForecastDisplay.from_estimator(forecaster, coverage=0.9)
    >>> display.ax_.get_ylabel()
    'sales'
    """

    def __init__(
        self,
        forecast: pd.Series,
        *,
        history: pd.Series | None = None,
        interval: pd.DataFrame | None = None,
        coverage: float | None = None,
    ) -> None:
        self.forecast = forecast
        self.history = history
        self.interval = interval
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike = None,
        *,
        horizon: int | None = None,
        coverage: float | None = 0.9,
        series: Hashable = None,
        n_history: int | None = None,
        ax: Any = None,
        **styles: Any,
    ) -> Self:
        """Forecast one series, and plot the forecast after the history.

        Parameters
        ----------
        estimator : LSTMForecaster
            Fitted forecaster.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known in the future, as in :meth:`LSTMForecaster.predict`.

        horizon : int or None, default=None
            Number of steps. If None, it is that of the fit.

        coverage : float or None, default=0.9
            Fraction of actual values that the interval covers, in (0, 1). If the
            forecaster predicts quantiles, the interval must be between two of them. If
            None, no interval is drawn.

        series : hashable or None, default=None
            Name of the series to draw, one of `series_names_` of the forecaster. If
            None, it is the first one.

        n_history : int or None, default=None
            Number of the last values to draw. If None, it is four times the horizon.

        ax : matplotlib Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        **styles : dict
            `history_kwargs`, `forecast_kwargs` and `band_kwargs` of :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay
            Display with the plot.

        Raises
        ------
        ValueError
            If there is no series of this name, or several; or as
            :meth:`LSTMForecaster.predict_interval`.
        TypeError
            If the estimator is not a forecaster.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "predict_interval"):
            raise TypeError(
                f"ForecastDisplay needs an LSTMForecaster, got {estimator!r}."
            )
        check_is_fitted(estimator)
        names = estimator.series_names_
        name = names[0] if series is None else series
        one = estimator.select(name)
        X = select_part(X, names.index(name))
        forecast = np.asarray(one.predict(horizon, X=X))
        history = pd.Series(one.history_)
        times = times_after(history.index, len(forecast))
        interval = None
        if coverage is not None:
            bounds = one.predict_interval(horizon, coverage=coverage, X=X)
            interval = pd.DataFrame(np.asarray(bounds), times, SIDES)
        label = series if history.name is None else history.name
        n_history = 4 * len(forecast) if n_history is None else n_history
        display = cls(
            pd.Series(forecast, times, name=label),
            history=history.rename(label).tail(n_history),
            interval=interval,
            coverage=coverage,
        )
        return display.plot(ax, **styles)

    def plot(
        self,
        ax: Any = None,
        *,
        history_kwargs: dict[str, Any] | None = None,
        forecast_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the history, the forecast and the interval.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on. If None, a new figure is created.

        history_kwargs, forecast_kwargs : dict or None, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        band_kwargs : dict or None, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.fill_between`.

        Returns
        -------
        display : ForecastDisplay
            The display, with its attributes set.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = _new_axes("ForecastDisplay") if ax is None else ax
        self.figure_ = self.ax_.figure
        self.lines_, self.band_ = {}, None
        if self.history is not None:
            style = {"color": "0.4", "label": "history", **(history_kwargs or {})}
            self.lines_["history"] = _draw(self.ax_, self.history, style)
        style = {"color": "C0", "label": "forecast", **(forecast_kwargs or {})}
        self.lines_["forecast"] = _draw(self.ax_, self.forecast, style)
        if self.interval is not None:
            percent = "" if self.coverage is None else f"{100 * self.coverage:g} % "
            label = f"{percent}interval"
            style = {"color": "C0", "alpha": 0.25, "linewidth": 0, "label": label}
            self.band_ = self.ax_.fill_between(
                _positions(self.interval.index),
                self.interval["lower"],
                self.interval["upper"],
                **{**style, **(band_kwargs or {})},
            )
        self.ax_.set(xlabel=self.forecast.index.name, ylabel=self.forecast.name)
        self.ax_.legend()
        return self


def _draw(ax, numbers, style):
    """Draw one line; a single number is a point."""
    style = {"marker": "." if len(numbers) == 1 else None, **style}
    (line,) = ax.plot(_positions(numbers.index), numbers.to_numpy(), **style)
    return line


def _times_of(X, time):
    """Read the times of the rows from the index or the column that holds them."""
    if isinstance(time, str):
        times = pd.Index(X[time], name=time)
    elif time is not None:
        times = pd.Index(getattr(X, "iloc", np.asarray(X))[:, time])
    elif isinstance(X, pd.DataFrame):
        times = X.index.get_level_values(-1)
    else:
        times = pd.RangeIndex(len(X))
    times = as_dates(times.infer_objects())
    # Names have no order and no room between them.
    is_number = pd.api.types.is_any_real_numeric_dtype(times)
    is_date = isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex))
    return times if is_number or is_date else pd.RangeIndex(len(times))


def _runs(is_outlier):
    """Yield where each run of outliers starts and ends, half a step around it."""
    times = _positions(is_outlier.index)
    middles = times[:-1] + (times[1:] - times[:-1]) / 2
    edges = [*times[:1], *middles, *times[-1:]]
    changes = np.diff(is_outlier.to_numpy(), prepend=False, append=False).nonzero()[0]
    for first, after in changes.reshape(-1, 2):
        yield edges[first], edges[after]


def _positions(times):
    """Turn times into what matplotlib can place."""
    return times.to_timestamp() if isinstance(times, pd.PeriodIndex) else times


def _new_axes(display, n_rows=1):
    """Make a figure with axes below each other."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} draws with matplotlib, which is not installed. Run "
            "pip install matplotlib."
        ) from error
    return plt.subplots(n_rows, sharex=True, layout="constrained")[1]
