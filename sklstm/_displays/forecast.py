"""Plot of forecasts and their intervals."""

from collections.abc import Hashable
from math import ceil, sqrt
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklstm._displays.axes import (
    BLUE,
    GRAY,
    SKY_BLUE,
    draw_line,
    merge_styles,
    new_axes,
    positions,
    text_color,
)
from sklstm._forecast.drawn_series import (
    actual_series,
    drawn_series,
    read_predictions,
)
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Largest number of columns of a grid, and size of each of its axes in inches.
MAX_COLUMNS, WIDTH, HEIGHT = 3, 3.2, 2.2


class ForecastDisplay:
    """Plot of one series or several, their forecasts and intervals.

    One series is plotted on one pair of axes, several series on a grid of axes. A
    dotted line marks the last value that is known. Create a display with
    :meth:`from_estimator`, or with :meth:`from_predictions` from forecasts of any
    model. The parameters are stored as attributes; :meth:`plot` can be called again
    with other axes or styles.

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

    actual : Series of shape (horizon,), list of Series or None, default=None
        Actual values at the times of the forecast, a list if `forecast` is a list. NaN
        where they are not known. If None, they are not drawn.

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
        The lines "history", "now", "forecast" and "actual" of what is drawn. The line
        of the forecast begins at the last value of the history. If `forecast` is a
        list, a list with the lines of each series.

    band_ : matplotlib PolyCollection, None, or list of them
        Band of the interval, which begins at the last value of the history. None
        without an interval. If `forecast` is a list, a list with the band of each
        series.

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
        actual: pd.Series | list[pd.Series] | None = None,
        coverage: float | None = None,
    ) -> None:
        self.forecast = forecast
        self.history = history
        self.interval = interval
        self.actual = actual
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
        actual: ArrayLike = None,
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

        actual : array-like, Series, DataFrame, list of them or None, default=None
            Actual values of the forecast steps, by time, or by step if they have no
            times. Values at other times are ignored. With several series, in the form
            of the forecasts of :meth:`LSTMForecaster.predict`.

        ax : matplotlib Axes, array-like of them or None, default=None
            Axes to draw on, one for each series. If None, a new figure is created, for
            several series with a grid of axes that share the x-axis.

        **styles : dict
            `history_kwargs`, `forecast_kwargs`, `actual_kwargs`, `band_kwargs` and
            `now_kwargs` of :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay
            Display with the plot.

        Raises
        ------
        ValueError
            If no series or several series have a name in `series`; if the numbers of
            axes and of series differ; if `n_history` is negative; if `actual` has no
            value at the times of a forecast; or for a reason given in
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
        parts = [
            (after, past.tail(4 * len(after) if n_history is None else n_history), band)
            for after, past, band in parts
        ]
        is_one = len(parts) == 1 and pd.api.types.is_hashable(series)
        display = cls._of(parts, is_one, actual, coverage)
        return display.plot(ax, **styles)

    @classmethod
    def from_predictions(
        cls,
        forecast: ArrayLike,
        *,
        history: ArrayLike = None,
        interval: ArrayLike = None,
        actual: ArrayLike = None,
        coverage: float | None = None,
        ax: Any = None,
        **styles: Any,
    ) -> Self:
        """Plot forecasts of any model.

        Parameters
        ----------
        forecast : array-like, Series, DataFrame or list of them
            Forecasts of one series or several, in a form that
            :meth:`LSTMForecaster.predict` returns.

        history : array-like, Series, DataFrame, list of them or None, default=None
            Values before the forecasts, with the series in the same order. Forecasts
            without times follow them. If None, no history is drawn.

        interval : array-like, DataFrame, list of them or None, default=None
            Intervals in a form that :meth:`LSTMForecaster.predict_interval` returns. If
            None, no interval is drawn.

        actual : array-like, Series, DataFrame, list of them or None, default=None
            Actual values of the forecast steps, by time, or by step if they have no
            times. Values at other times are ignored. With several series, in the form
            of the forecasts of :meth:`LSTMForecaster.predict`.

        coverage : float or None, default=None
            Fraction of actual values that the interval covers, for the legend.

        ax : matplotlib Axes, array-like of them or None, default=None
            Axes to draw on, one for each series. If None, a new figure is created, for
            several series with a grid of axes that share the x-axis.

        **styles : dict
            `history_kwargs`, `forecast_kwargs`, `actual_kwargs`, `band_kwargs` and
            `now_kwargs` of :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay
            Display with the plot.

        Raises
        ------
        ValueError
            If the numbers of series or of axes differ, or if `actual` has no value at
            the times of a forecast.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklstm import ForecastDisplay
        >>> from sklstm.datasets import load_retail_sales
        >>> sales = load_retail_sales()["2014":"2019"]
        >>> last_year = sales["2018":"2018"].set_axis(sales["2019":"2019"].index)
        >>> display = ForecastDisplay.from_predictions(
        ...     last_year, history=sales[:"2018"], actual=sales["2019":]
        ... )
        >>> sorted(display.lines_)
        ['actual', 'forecast', 'history', 'now']
        """
        parts = read_predictions(forecast, history, interval)
        display = cls._of(parts, len(parts) == 1, actual, coverage)
        return display.plot(ax, **styles)

    @classmethod
    def _of(cls, parts, is_one, actual, coverage):
        """Return the display of forecasts, histories and intervals."""
        columns = [list(each) for each in zip(*parts, strict=True)]
        columns.append([None] if actual is None else actual_series(actual, columns[0]))
        columns = [None if each[0] is None else each for each in columns]
        if is_one:
            columns = [each and each[0] for each in columns]
        forecast, history, interval, actual = columns
        return cls(
            forecast,
            history=history,
            interval=interval,
            actual=actual,
            coverage=coverage,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        history_kwargs: dict[str, Any] | None = None,
        forecast_kwargs: dict[str, Any] | None = None,
        actual_kwargs: dict[str, Any] | None = None,
        band_kwargs: dict[str, Any] | None = None,
        now_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the history, the forecast, the interval and the actual values.

        Parameters
        ----------
        ax : matplotlib Axes, array-like of them or None, default=None
            Axes to draw on, one for each series. If None, a new figure is created, for
            several series with a grid of axes that share the x-axis.

        history_kwargs, forecast_kwargs, actual_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.plot`.

        band_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.fill_between`.

        now_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.axvline`.

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
        defaults = {
            "history": {"label": "history", "color": GRAY},
            "now": {"color": GRAY, "linestyle": ":", "linewidth": 1},
            "forecast": {"label": "forecast", "color": BLUE},
            "band": {"label": f"{percent}interval", "color": SKY_BLUE, "alpha": 0.4},
            "actual": {"label": "actual", "linestyle": "", "marker": "."},
        }
        defaults["band"]["linewidth"] = 0
        defaults["actual"]["color"] = text_color(axes[0])
        styles = merge_styles(
            defaults,
            history=history_kwargs,
            now=now_kwargs,
            forecast=forecast_kwargs,
            band=band_kwargs,
            actual=actual_kwargs,
        )
        pairs = zip(axes, series, strict=True)
        drawn = [_plot_series(on, *one, styles) for on, one in pairs]
        lines, bands = (list(each) for each in zip(*drawn, strict=True))
        self.lines_, self.band_ = (lines[0], bands[0]) if is_one else (lines, bands)
        for on, (forecast, *_) in zip(axes, series, strict=True):
            on.set(**{"ylabel" if is_one else "title": forecast.name})
        if is_one or ax is not None:
            self.ax_.legend()
        else:
            entries = self.ax_.get_legend_handles_labels()
            self.figure_.legend(*entries, loc="outside lower center", ncols=4)
        return self

    def _series(self):
        """Return forecast, history, interval and actual values of each series."""
        parts = self.forecast, self.history, self.interval, self.actual
        if isinstance(self.forecast, pd.Series):
            return [parts]
        n_series = len(self.forecast)
        parts = ([None] * n_series if part is None else part for part in parts)
        return list(zip(*parts, strict=True))


def _plot_series(axes, forecast, history, interval, actual, styles):
    """Plot one series; return its lines and the band of its interval."""
    lines, band, last = {}, None, forecast[:0]
    if history is not None:
        lines["history"] = draw_line(axes, history, styles["history"])
        last = history.dropna().tail(1)
    if history is not None and len(history):
        now = positions(history.index)[-1]
        lines["now"] = axes.axvline(now, **styles["now"])
    # The last value has no marker of a forecast.
    marks = {"markevery": slice(len(last), None)}
    if len(forecast) == 1:
        marks["marker"] = "."
    joined = _join(last, forecast)
    lines["forecast"] = draw_line(axes, joined, marks | styles["forecast"])
    if interval is not None:
        lower, upper = (_join(last, interval[side]) for side in ("lower", "upper"))
        band = axes.fill_between(positions(lower.index), lower, upper, **styles["band"])
    if actual is not None:
        lines["actual"] = draw_line(axes, actual, styles["actual"])
    # In a grid, only the lowest axes have labels.
    if axes.get_xticklabels():
        axes.set(xlabel=forecast.index.name)
    return lines, band


def _join(last, later):
    """Return later values after the last known value, if there is one."""
    return pd.concat([last, later]) if len(last) else later


def _axes_for(n_series, is_one):
    """Create a figure with axes for each series; several of them in a grid."""
    if is_one:
        return np.ravel(new_axes("ForecastDisplay"))
    n_columns = min(MAX_COLUMNS, ceil(sqrt(n_series)))
    n_rows = ceil(n_series / n_columns)
    size = WIDTH * n_columns, HEIGHT * n_rows
    axes = np.ravel(new_axes("ForecastDisplay", n_rows, n_columns, figsize=size))
    for unused in axes[n_series:]:
        unused.remove()
    axes = axes[:n_series]
    for lowest in axes[-n_columns:]:
        lowest.tick_params(axis="x", labelbottom=True)
        lowest.xaxis.offsetText.set_visible(True)
    return axes
