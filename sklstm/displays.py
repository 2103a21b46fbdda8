"""Pictures of what estimators answer."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklstm._times import times_after

__all__ = ["ForecastDisplay"]

SIDES = ["lower", "upper"]


class ForecastDisplay:
    """Draw a series, its forecast and a band around it.

    Make one with :meth:`from_estimator`; the parameters become attributes, so that
    :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    forecast : Series of shape (horizon,)
        The next readings by their times, or by their positions.

    history : Series of shape (n_timesteps,) or None, default=None
        Readings before them; None draws none.

    interval : DataFrame of shape (horizon, 2) or None, default=None
        The columns "lower" and "upper" of the band; None draws none.

    coverage : float or None, default=None
        Share of truths that the band is to hold, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.

    figure_ : matplotlib Figure
        The figure of these.

    lines_ : dict of str to matplotlib Line2D
        The lines "history" and "forecast".

    band_ : matplotlib PolyCollection or None
        The band.

    See Also
    --------
    LSTMForecaster : Makes the forecasts.

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

    def __init__(self, forecast, *, history=None, interval=None, coverage=None):
        self.forecast = forecast
        self.history = history
        self.interval = interval
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        *,
        horizon=None,
        coverage=0.9,
        series=None,
        n_history=None,
        ax=None,
        **styles,
    ):
        """Forecast, and draw the forecast behind what is known.

        Parameters
        ----------
        estimator : LSTMForecaster
            A fitted forecaster.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known ahead, as in :meth:`LSTMForecaster.predict`.

        horizon : int or None, default=None
            How many steps. None is those of the fit.

        coverage : float or None, default=0.9
            Share of truths that the band is to hold, in (0, 1); of a network that has
            learnt quantiles, one that these give. None draws no band.

        series : hashable or None, default=None
            Name of the series to draw; its position where they have none. None is the
            first.

        n_history : int or None, default=None
            How many of the last readings to draw. None is four times the horizon.

        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.

        **styles : dict
            `history_kwargs`, `forecast_kwargs` and `band_kwargs` of :meth:`plot`.

        Returns
        -------
        display : ForecastDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there is no such series, or several; or as
            :meth:`LSTMForecaster.predict_interval`.
        TypeError
            If the estimator is no forecaster.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "predict_interval"):
            raise TypeError(
                f"ForecastDisplay draws an LSTMForecaster, got {estimator!r}."
            )
        check_is_fitted(estimator)
        one, forecaster, X = estimator._only(series, X)
        answers = [forecaster.predict(horizon, X)]
        if coverage is not None:
            answers.append(forecaster.predict_interval(horizon, coverage, X))
        n_steps = len(answers[0])
        times = times_after(one.times, n_steps)
        n_history = 4 * n_steps if n_history is None else n_history
        forecast, *bands = (np.asarray(answer) for answer in answers)
        display = cls(
            pd.Series(forecast, times, name=one.name),
            history=pd.Series(one.values, one.times, name=one.name).tail(n_history),
            interval=pd.DataFrame(bands[0], times, SIDES) if bands else None,
            coverage=coverage,
        )
        return display.plot(ax, **styles)

    def plot(
        self, ax=None, *, history_kwargs=None, forecast_kwargs=None, band_kwargs=None
    ):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None makes a new figure.

        history_kwargs, forecast_kwargs : dict or None, default=None
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        band_kwargs : dict or None, default=None
            Passed to :meth:`matplotlib.axes.Axes.fill_between`.

        Returns
        -------
        display : ForecastDisplay
            Itself, with the attributes that drawing sets.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = _new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.lines_, self.band_ = {}, None
        if self.history is not None:
            style = {"color": "0.4", "label": "history", **(history_kwargs or {})}
            self.lines_["history"] = _draw(self.ax_, self.history, style)
        style = {"color": "C0", "label": "forecast", **(forecast_kwargs or {})}
        self.lines_["forecast"] = _draw(self.ax_, self.forecast, style)
        if self.interval is not None:
            label = (
                "band" if self.coverage is None else f"{100 * self.coverage:g} % band"
            )
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


def _positions(times):
    """Turn times into what matplotlib can place."""
    return times.to_timestamp() if isinstance(times, pd.PeriodIndex) else times


def _new_axes():
    """Make a figure with one pair of axes."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            "ForecastDisplay draws with matplotlib, which is not installed. Run "
            "pip install matplotlib."
        ) from error
    return plt.subplots(layout="constrained")[1]
