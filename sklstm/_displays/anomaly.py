"""Plot of the outliers of a series."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from sklstm._displays.axes import draw_line, new_axes, positions
from sklstm._input.row_times import series_keys
from sklstm._input.time_dtypes import as_dates
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        self.axes_ = np.ravel(new_axes("AnomalyDisplay", 2) if ax is None else ax)
        if len(self.axes_) != 2:
            raise ValueError(
                f"AnomalyDisplay plots on two axes, got {len(self.axes_)}. Pass the "
                "axes of plt.subplots(2)."
            )
        upper, lower = self.axes_
        self.figure_, self.lines_, self.spans_ = upper.figure, {}, []
        style = {"color": "0.4", "label": "value", **(values_kwargs or {})}
        self.lines_["values"] = draw_line(upper, self.values, style)
        style = {"color": "C0", "label": "expected", **(expected_kwargs or {})}
        self.lines_["expected"] = draw_line(upper, self.expected, style)
        # With an edge line, a span narrower than a pixel is still visible.
        style = {"color": "C3", "alpha": 0.25, "linewidth": 1, **(span_kwargs or {})}
        for start, end in _runs(self.distances > self.threshold):
            label = {} if self.spans_ else {"label": "outlier"}
            self.spans_.append(upper.axvspan(start, end, **{**label, **style}))
        style = {"color": "0.4", **(distances_kwargs or {})}
        self.lines_["distances"] = draw_line(lower, self.distances, style)
        style = {"color": "C3", "linestyle": ":", "label": "threshold"}
        style.update(threshold_kwargs or {})
        self.lines_["threshold"] = lower.axhline(self.threshold, **style)
        upper.set(ylabel=self.values.name)
        lower.set(xlabel=self.distances.index.name, ylabel="distance")
        upper.legend()
        lower.legend()
        return self


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
    times = positions(is_outlier.index)
    middles = times[:-1] + (times[1:] - times[:-1]) / 2
    edges = [*times[:1], *middles, *times[-1:]]
    changes = np.diff(is_outlier.to_numpy(), prepend=False, append=False).nonzero()[0]
    for first, after in changes.reshape(-1, 2):
        yield edges[first], edges[after]
