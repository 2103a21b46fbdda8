"""Plots of the results of estimators."""

from collections.abc import Hashable
from math import ceil, sqrt
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklstm._forecast.drawn_series import drawn_series
from sklstm._input.row_times import series_keys
from sklstm._input.time_dtypes import as_dates
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AnomalyDisplay", "ForecastDisplay"]

# Largest number of columns of a grid, and size of each of its axes in inches.
MAX_COLUMNS, WIDTH, HEIGHT = 3, 3.2, 2.2


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
    """Plot of one series or several, their forecasts and intervals.

    One series is plotted on one pair of axes, several series on a grid of axes. Create
    a display with :meth:`from_estimator`. The parameters are stored as attributes;
    :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    forecast : Series of shape (horizon,) or list of Series
        Forecast of the next values, by time or position. With several series, a list
        with the forecast of each series.

    history : Series of shape (n_timesteps,), list of Series or None, default=None
        Values before the forecast, a list if `forecast` is a list. If None, no history
        is drawn.

    interval : DataFrame of shape (horizon, 2), list of DataFrame or None, default=None
        Limits of the interval, in the columns "lower" and "upper", a list if `forecast`
        is a list. If None, no interval is drawn.

    coverage : float or None, default=None
        Fraction of actual values that the interval covers, for the legend.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_series,)
        Axes of each series.

    ax_ : matplotlib Axes
        Axes of the first series.

    figure_ : matplotlib Figure
        Figure of the axes.

    lines_ : dict of str to matplotlib Line2D, or list of dict
        The lines "history" and "forecast". If `forecast` is a list, a list with the
        lines of each series.

    band_ : matplotlib PolyCollection, None, or list of them
        Band of the interval. None without an interval. If `forecast` is a list, a list
        with the band of each series.

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

    Several series:

    >>> from sklstm.datasets import make_series
    >>> panel = make_series(20, 48, random_state=0)
    >>> forecaster = LSTMForecaster(horizon=12, fine_tune=0).fit(panel)
    >>> display = ForecastDisplay.from_estimator(
    ...     forecaster, series=["series_3", "series_8"]
    ... )
    >>> [ax.get_title() for ax in display.axes_]
    ['series_3', 'series_8']
    """

    axes_: NDArray[Any]
    ax_: Any
    figure_: "Figure"
    lines_: dict[str, Any] | list[dict[str, Any]]
    band_: Any

    def __init__(
        self,
        forecast: pd.Series | list[pd.Series],
        *,
        history: pd.Series | list[pd.Series] | None = None,
        interval: pd.DataFrame | list[pd.DataFrame] | None = None,
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
        series: Hashable | list[Hashable] = None,
        last_window: ArrayLike = None,
        n_history: int | None = None,
        ax: Any = None,
        **styles: Any,
    ) -> Self:
        """Forecast one series or several, and plot the forecasts after the history.

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

        series : hashable, list of hashable or None, default=None
            Name of the series to draw, one of `series_names_` of the forecaster, or a
            list of names. With `last_window`, these are the names of its series, or
            positions if they have no names. If None, the first series are drawn: as
            many as there are axes in `ax`, or at most 12 if `ax` is None.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Values of one series or several to draw and to forecast from, as in
            :meth:`LSTMForecaster.predict`. If None, the fitted series are drawn.

        n_history : int or None, default=None
            Number of values before the forecast to draw. If None, four times the number
            of forecast steps.

        ax : matplotlib Axes, array-like of them or None, default=None
            Axes to draw on, one for each series. If None, a new figure is created, for
            several series with a grid of axes that share the x-axis.

        **styles : dict
            `history_kwargs`, `forecast_kwargs` and `band_kwargs` of :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay
            Display with the plot.

        Raises
        ------
        ValueError
            If no series or several series have a name in `series`; if the numbers of
            axes and of series differ; if `n_history` is negative; or for a reason given
            in :meth:`LSTMForecaster.predict_interval`.
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
        if n_history is not None:
            check_scalar(n_history, "n_history", Integral, min_val=0)
        parts = drawn_series(
            estimator,
            series,
            last_window,
            None if ax is None else np.size(ax),
            X=X,
            horizon=horizon,
            coverage=coverage,
        )
        forecast, history, interval = (list(each) for each in zip(*parts, strict=True))
        history = [
            past.tail(4 * len(after) if n_history is None else n_history)
            for past, after in zip(history, forecast, strict=True)
        ]
        if len(parts) == 1 and pd.api.types.is_hashable(series):
            forecast, history, interval = forecast[0], history[0], interval[0]
        display = cls(
            forecast,
            history=history,
            interval=None if coverage is None else interval,
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
        """Plot the history, the forecast and the interval of each series.

        Parameters
        ----------
        ax : matplotlib Axes, array-like of them or None, default=None
            Axes to draw on, one for each series. If None, a new figure is created, for
            several series with a grid of axes that share the x-axis.

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
        ValueError
            If the numbers of axes and of series differ.
        ImportError
            If matplotlib is not installed.
        """
        is_one = isinstance(self.forecast, pd.Series)
        series = self._series()
        axes = _axes_for(len(series), is_one) if ax is None else np.ravel(ax)
        if len(axes) != len(series):
            raise ValueError(
                f"There are {len(series)} series to draw, but ax has {len(axes)} axes. "
                f"Pass one for each series, such as ax=plt.subplots({len(series)})[1]."
            )
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        percent = "" if self.coverage is None else f"{100 * self.coverage:g} % "
        band = {"color": "C0", "alpha": 0.25, "linewidth": 0}
        styles = (
            {"color": "0.4", "label": "history", **(history_kwargs or {})},
            {"color": "C0", "label": "forecast", **(forecast_kwargs or {})},
            {**band, "label": f"{percent}interval", **(band_kwargs or {})},
        )
        pairs = zip(axes, series, strict=True)
        drawn = [_plot_series(on, *one, *styles) for on, one in pairs]
        lines, bands = (list(each) for each in zip(*drawn, strict=True))
        self.lines_, self.band_ = (lines[0], bands[0]) if is_one else (lines, bands)
        for on, (forecast, _, _) in zip(axes, series, strict=True):
            on.set(**{"ylabel" if is_one else "title": forecast.name})
        if is_one or ax is not None:
            self.ax_.legend()
        else:
            entries = self.ax_.get_legend_handles_labels()
            self.figure_.legend(*entries, loc="outside lower center", ncols=3)
        return self

    def _series(self):
        """Return the forecast, history and interval of each series, as tuples."""
        parts = self.forecast, self.history, self.interval
        if isinstance(self.forecast, pd.Series):
            return [parts]
        n_series = len(self.forecast)
        parts = ([None] * n_series if part is None else part for part in parts)
        return list(zip(*parts, strict=True))


def _plot_series(axes, forecast, history, interval, *styles):
    """Plot one series; return its lines and the band of its interval.

    The styles are those of the history, the forecast and the band.
    """
    lines, band = {}, None
    if history is not None:
        lines["history"] = _draw(axes, history, styles[0])
    lines["forecast"] = _draw(axes, forecast, styles[1])
    if interval is not None:
        times = _positions(interval.index)
        band = axes.fill_between(
            times, interval["lower"], interval["upper"], **styles[2]
        )
    # In a grid, only the lowest axes have labels.
    if axes.xaxis.get_tick_params().get("labelbottom", True):
        axes.set(xlabel=forecast.index.name)
    return lines, band


def _axes_for(n_series, is_one):
    """Create a figure with axes for each series; several of them in a grid."""
    if is_one:
        return np.ravel(_new_axes("ForecastDisplay"))
    n_columns = min(MAX_COLUMNS, ceil(sqrt(n_series)))
    n_rows = ceil(n_series / n_columns)
    size = WIDTH * n_columns, HEIGHT * n_rows
    axes = np.ravel(_new_axes("ForecastDisplay", n_rows, n_columns, figsize=size))
    for unused in axes[n_series:]:
        unused.remove()
    axes = axes[:n_series]
    for lowest in axes[-n_columns:]:
        # Rotated, the dates of small axes do not overlap.
        lowest.tick_params(axis="x", labelbottom=True, labelrotation=30)
    return axes


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


def _new_axes(display, n_rows=1, n_columns=1, **options):
    """Create a figure and return its axes, which share the x-axis."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} needs matplotlib, which is not installed. Run "
            "pip install matplotlib."
        ) from error
    return plt.subplots(
        n_rows, n_columns, sharex=True, layout="constrained", **options
    )[1]
