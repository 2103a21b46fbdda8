"""Plots of the results of estimators."""

from collections.abc import Hashable
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklstm._forecast.covariates import select_part
from sklstm._input.frequency import times_after
from sklstm._input.row_times import series_keys
from sklstm._input.time_dtypes import as_dates
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AnomalyDisplay", "ForecastDisplay"]

SIDES = ["lower", "upper"]


class AnomalyDisplay:
    """Plot of a series, its expected values and the outliers in it.

    The upper axes show the values and the expected values. The lower axes show the
    distance of each row from its expected values. Create a display with
    :meth:`from_estimator`. The parameters are stored as attributes; :meth:`plot` can be
    called again with other axes or styles.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        Values of one feature, by time or position.

    expected : Series of shape (n_rows,)
        Expected values, NaN for rows that are not scored.

    distances : Series of shape (n_rows,)
        Distance of each row from its expected values, over all features.

    threshold : float
        Distance beyond which a row is an outlier.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2,)
        Upper and lower axes.

    figure_ : matplotlib Figure
        Figure of the axes.

    lines_ : dict of str to matplotlib Line2D
        The lines "values", "expected", "distances" and "threshold".

    spans_ : list of matplotlib Rectangle
        Runs of outliers, behind the values.

    See Also
    --------
    LSTMOutlierDetector : Detect outliers in time series.

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

    axes_: NDArray[Any]
    figure_: "Figure"
    lines_: dict[str, Any]
    spans_: list[Any]

    def __init__(
        self,
        values: pd.Series,
        expected: pd.Series,
        distances: pd.Series,
        threshold: float,
    ):
        self.values = values
        self.expected = expected
        self.distances = distances
        self.threshold = threshold

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike,
        *,
        feature: str | int | None = None,
        ax: ArrayLike = None,
        **styles: dict[str, Any] | None,
    ) -> Self:
        """Score rows and plot them.

        Parameters
        ----------
        estimator : LSTMOutlierDetector
            A fitted detector.

        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows of one series in time order, as in :meth:`LSTMOutlierDetector.fit`.

        feature : str, int or None, default=None
            Name of the feature to plot, or its position in X if X has no column names.
            If None, the first feature is plotted.

        ax : array-like of two matplotlib Axes or None, default=None
            Upper and lower axes to plot on. If None, a new figure is created.

        **styles : dict
            `values_kwargs`, `expected_kwargs`, `distances_kwargs`, `threshold_kwargs`
            and `span_kwargs` of :meth:`plot`.

        Returns
        -------
        display : AnomalyDisplay
            The plotted display.

        Raises
        ------
        ValueError
            If X has no such feature, holds several series, or is not valid input for
            the detector; or if `ax` is not two axes.
        TypeError
            If the estimator is not a detector.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "compare"):
            raise TypeError(
                f"AnomalyDisplay plots an LSTMOutlierDetector, got {estimator!r}."
            )
        comparison = estimator.compare(X)
        _check_one_series(X, estimator.groups)
        names = list(comparison["value"].columns)
        if feature is not None and feature not in names:
            raise ValueError(f"X has no feature {feature!r}. Choose from {names}.")
        name = names[0] if feature is None else feature
        comparison = comparison.set_axis(_times_of(X, estimator.time))
        display = cls(
            comparison["value"][name],
            comparison["expected"][name],
            comparison["distance"],
            -estimator.offset_,
        )
        return display.plot(ax, **styles)

    def plot(
        self,
        ax: ArrayLike = None,
        *,
        values_kwargs: dict[str, Any] | None = None,
        expected_kwargs: dict[str, Any] | None = None,
        distances_kwargs: dict[str, Any] | None = None,
        threshold_kwargs: dict[str, Any] | None = None,
        span_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the values, the expected values, the outliers and the distances.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes or None, default=None
            Upper and lower axes to plot on. If None, a new figure is created.

        values_kwargs, expected_kwargs, distances_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.plot`.

        threshold_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.axhline`.

        span_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.axvspan`.

        Returns
        -------
        display : AnomalyDisplay
            The display itself, with its attributes set.

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
                f"AnomalyDisplay plots on two axes, got {len(self.axes_)}. Pass the "
                "axes of plt.subplots(2)."
            )
        upper, lower = self.axes_
        self.figure_, self.lines_, self.spans_ = upper.figure, {}, []
        style = {"color": "0.4", "label": "value", **(values_kwargs or {})}
        self.lines_["values"] = _draw(upper, self.values, style)
        style = {"color": "C0", "label": "expected", **(expected_kwargs or {})}
        self.lines_["expected"] = _draw(upper, self.expected, style)
        # With an edge line, a span narrower than a pixel is still visible.
        style = {"color": "C3", "alpha": 0.25, "linewidth": 1, **(span_kwargs or {})}
        for start, end in _runs(self.distances > self.threshold):
            label = {} if self.spans_ else {"label": "outlier"}
            self.spans_.append(upper.axvspan(start, end, **{**label, **style}))
        style = {"color": "0.4", **(distances_kwargs or {})}
        self.lines_["distances"] = _draw(lower, self.distances, style)
        style = {"color": "C3", "linestyle": ":", "label": "threshold"}
        style.update(threshold_kwargs or {})
        self.lines_["threshold"] = lower.axhline(self.threshold, **style)
        upper.set(ylabel=self.values.name)
        lower.set(xlabel=self.distances.index.name, ylabel="distance")
        upper.legend()
        lower.legend()
        return self


class ForecastDisplay:
    """Plot of a series, its forecast and an interval.

    Create a display with :meth:`from_estimator`. The parameters are stored as
    attributes; :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    forecast : Series of shape (horizon,)
        Forecast of the next values, by time or position.

    history : Series of shape (n_timesteps,) or None, default=None
        Values before the forecast. If None, no history is drawn.

    interval : DataFrame of shape (horizon, 2) or None, default=None
        Limits of the interval, in the columns "lower" and "upper". If None, no interval
        is drawn.

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
        Band of the interval. None without an interval.

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
        last_window: ArrayLike = None,
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
            Number of steps to forecast. If None, it is the horizon of the fit.

        coverage : float or None, default=0.9
            Fraction of actual values that the interval covers, in (0, 1). If the
            forecaster predicts quantiles, the interval must be between two of them. If
            None, no interval is drawn.

        series : hashable or None, default=None
            Name of the series to draw, one of `series_names_` of the forecaster. If
            None, the first series is drawn.

        last_window : array-like, Series or None, default=None
            Values of one series to draw and to forecast from, as in
            :meth:`LSTMForecaster.predict`. `series` is then not used. If None, the
            fitted series is drawn.

        n_history : int or None, default=None
            Number of values before the forecast to draw. If None, four times the number
            of forecast steps.

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
            If no series or several series have this name; if `last_window` holds
            several series; if `n_history` is negative; or for a reason given in
            :meth:`LSTMForecaster.predict_interval`.
        TypeError
            If the estimator is not a forecaster, or `n_history` is not an integer.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "predict_interval"):
            raise TypeError(
                f"ForecastDisplay needs an LSTMForecaster, got {estimator!r}."
            )
        check_is_fitted(estimator)
        if last_window is None:
            names = estimator.series_names_
            name = names[0] if series is None else series
            estimator = estimator.select(name)
            X = select_part(X, names.index(name))
        elif np.ndim(last_window) != 1:
            raise ValueError(
                "last_window must hold the values of one series, of shape "
                f"(n_timesteps,), got {np.shape(last_window)}."
            )
        forecast = estimator.predict(horizon, X=X, last_window=last_window)
        history = estimator.history_ if last_window is None else last_window
        history = pd.Series(history)
        if isinstance(forecast, pd.Series):
            times = forecast.index
        else:
            times = times_after(history.index, len(forecast))
        interval = None
        if coverage is not None:
            bounds = estimator.predict_interval(
                horizon, coverage=coverage, X=X, last_window=last_window
            )
            interval = pd.DataFrame(np.asarray(bounds), times, SIDES)
        label = series if history.name is None else history.name
        n_history = 4 * len(forecast) if n_history is None else n_history
        check_scalar(n_history, "n_history", Integral, min_val=0)
        display = cls(
            pd.Series(np.asarray(forecast), times, name=label),
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
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.plot`.

        band_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.fill_between`.

        Returns
        -------
        display : ForecastDisplay
            The display itself, with its attributes set.

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
    """Plot one line; a single number becomes a point."""
    style = {"marker": "." if len(numbers) == 1 else None, **style}
    (line,) = ax.plot(_positions(numbers.index), numbers.to_numpy(), **style)
    return line


def _times_of(X, time):
    """Return the times of the rows; positions if they are neither dates nor numbers."""
    if time is not None:
        times = _column(X, time)
    elif isinstance(X, pd.DataFrame):
        times = X.index.get_level_values(-1)
    else:
        times = pd.RangeIndex(len(X))
    times = as_dates(times)
    is_number = pd.api.types.is_any_real_numeric_dtype(times)
    is_date = isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex))
    return times if is_number or is_date else pd.RangeIndex(len(times))


def _check_one_series(X, groups):
    """Raise a ValueError if X holds several series."""
    keys = None
    if groups is not None:
        keys = _column(X, groups)
    elif isinstance(X, pd.DataFrame):
        keys = series_keys(X.index)
    if keys is not None and keys.nunique() > 1:
        raise ValueError(
            f"X holds {keys.nunique()} series. Pass the rows of one series, such as "
            f"{keys[0]!r}."
        )


def _column(X, column):
    """Return a column of X, given by name or position, as an index."""
    if isinstance(column, str):
        return pd.Index(X[column], name=column)
    return pd.Index(getattr(X, "iloc", np.asarray(X))[:, column])


def _runs(is_outlier):
    """Yield the start and the end of each run of outliers, widened by half a step."""
    times = _positions(is_outlier.index)
    middles = times[:-1] + (times[1:] - times[:-1]) / 2
    edges = [*times[:1], *middles, *times[-1:]]
    changes = np.diff(is_outlier.to_numpy(), prepend=False, append=False).nonzero()[0]
    for first, after in changes.reshape(-1, 2):
        yield edges[first], edges[after]


def _positions(times):
    """Convert times to a type that matplotlib can plot."""
    return times.to_timestamp() if isinstance(times, pd.PeriodIndex) else times


def _new_axes(display, n_rows=1):
    """Create a figure and return its axes, one below the other."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} needs matplotlib, which is not installed. Run "
            "pip install matplotlib."
        ) from error
    return plt.subplots(n_rows, sharex=True, layout="constrained")[1]
