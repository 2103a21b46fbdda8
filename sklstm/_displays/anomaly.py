"""Plot of the outliers of a series."""

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from sklstm._displays.axes import (
    BLUE,
    GRAY,
    VERMILION,
    draw_line,
    merge_styles,
    new_axes,
    positions,
    text_color,
)
from sklstm._displays.series import check_one_series, times_of
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# At most this number of features is plotted if the user selects none.
MAX_FEATURES = 6
STYLES = {
    # The values lie above the expected values, so both are visible.
    "values": {"label": "value", "linewidth": 0.8, "zorder": 3},
    "expected": {"label": "expected", "color": BLUE, "linewidth": 2},
    # With an edge line, a span narrower than a pixel is still visible.
    "span": {"label": "outlier", "color": VERMILION, "alpha": 0.3, "linewidth": 1},
    "distances": {"color": GRAY, "linewidth": 1},
    "threshold": {"label": "threshold", "color": VERMILION, "linestyle": "--"},
}
# Size of the figure in inches, and height of its axes for several features.
WIDTH, HEIGHT, HEIGHT_OF_MANY = 6.4, 4.8, 1.5


class AnomalyDisplay:
    """Plot of a series, its expected values and the outliers in it.

    Each feature has axes with its values and the expected values. The lowest axes show
    the distance of each row from its expected values. Create a display with
    :meth:`from_estimator`, or with :meth:`from_predictions` from expected values of any
    model. The parameters are stored as attributes; :meth:`plot` can be called again
    with other axes or styles.

    Parameters
    ----------
    values : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_features)
        Values of one feature or of several, by time or position.

    expected : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_features)
        Expected values, NaN for rows that are not scored.

    distances : Series of shape (n_rows,)
        Distance of each row from its expected values, over all features.

    threshold : float
        Distance beyond which a row is an outlier.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_features + 1,)
        Axes of each feature, and those of the distances.

    figure_ : matplotlib Figure
        Figure of the axes.

    lines_ : dict of str to matplotlib Line2D or list of Line2D
        The lines "values", "expected", "distances" and "threshold". If `values` is a
        frame, "values" and "expected" are lists with the line of each feature.

    spans_ : list of matplotlib Rectangle
        Runs of outliers, behind the values of each feature.

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
    >>> [axes.get_ylabel() for axes in display.axes_]
    ['vibration_x', 'vibration_y', 'temperature', 'distance']
    """

    axes_: NDArray[Any]
    figure_: "Figure"
    lines_: dict[str, Any]
    spans_: list[Any]

    def __init__(
        self,
        values: pd.Series | pd.DataFrame,
        expected: pd.Series | pd.DataFrame,
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
        feature: str | int | list[str | int] | None = None,
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

        feature : str, int, list of them or None, default=None
            Name of the feature to plot, or its position in X if X has no column names;
            or a list of names. If None, the first features are plotted: as many as
            there are axes in `ax` for them, or at most 6 if `ax` is None.

        ax : array-like of matplotlib Axes or None, default=None
            Axes to plot on: one for each feature, and one for the distances. If None, a
            new figure is created.

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
            the detector; or if `ax` has another number of axes.
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
        check_one_series(X, estimator.groups)
        comparison = comparison.set_axis(times_of(X, estimator.time))
        chosen = _selected(feature, list(comparison["value"].columns), ax)
        display = cls(
            comparison["value"][chosen],
            comparison["expected"][chosen],
            comparison["distance"],
            -estimator.offset_,
        )
        return display.plot(ax, **styles)

    @classmethod
    def from_predictions(
        cls,
        values: pd.Series | pd.DataFrame,
        expected: ArrayLike,
        *,
        distances: ArrayLike = None,
        threshold: float,
        ax: ArrayLike = None,
        **styles: dict[str, Any] | None,
    ) -> Self:
        """Plot the values and the expected values of any model.

        Parameters
        ----------
        values : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_features)
            Values of one feature or of several, by time or position.

        expected : array-like of shape (n_rows,) or (n_rows, n_features)
            Expected values in the order of the values, NaN where there are none.

        distances : array-like of shape (n_rows,) or None, default=None
            Distance of each row from its expected values. If None, the mean over the
            features of the absolute differences.

        threshold : float
            Distance beyond which a row is an outlier.

        ax : array-like of matplotlib Axes or None, default=None
            Axes to plot on: one for each feature, and one for the distances. If None, a
            new figure is created.

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
            If the shapes differ, or `ax` has another number of axes.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import pandas as pd
        >>> from sklstm import AnomalyDisplay
        >>> values = pd.Series([1.0, 1.0, 5.0, 1.0], name="load")
        >>> expected = [1.0, 1.0, 1.0, 1.0]
        >>> display = AnomalyDisplay.from_predictions(values, expected, threshold=3)
        >>> len(display.spans_)
        1
        """
        expected = np.asarray(expected, dtype=np.float64)
        if expected.shape != values.shape:
            raise ValueError(
                f"values has shape {values.shape}, but expected has {expected.shape}. "
                "Pass one expected value for each value."
            )
        if distances is None:
            errors = np.abs(values.to_numpy() - expected)
            distances = errors.reshape(len(errors), -1).mean(axis=1)
        distances = pd.Series(np.asarray(distances), values.index, name="distance")
        like = {"index": values.index}
        if values.ndim == 1:
            expected = pd.Series(expected, name=values.name, **like)
        else:
            expected = pd.DataFrame(expected, columns=values.columns, **like)
        return cls(values, expected, distances, threshold).plot(ax, **styles)

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
        ax : array-like of matplotlib Axes or None, default=None
            Axes to plot on: one for each feature, and one for the distances. If None, a
            new figure is created.

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
            If `ax` has another number of axes than one for each feature and one.
        ImportError
            If matplotlib is not installed.
        """
        is_one = isinstance(self.values, pd.Series)
        values, expected = (
            [part] if is_one else [part[name] for name in part]
            for part in (self.values, self.expected)
        )
        self.axes_ = _axes_for(len(values)) if ax is None else np.ravel(ax)
        if len(self.axes_) != len(values) + 1:
            raise ValueError(
                f"AnomalyDisplay plots {len(values)} features on {len(values) + 1} "
                f"axes, got {len(self.axes_)}. Pass the axes of "
                f"plt.subplots({len(values) + 1})."
            )
        *upper, lower = self.axes_
        self.figure_ = lower.figure
        styles = merge_styles(
            STYLES,
            values={"color": text_color(lower), **(values_kwargs or {})},
            expected=expected_kwargs,
            span=span_kwargs,
            distances=distances_kwargs,
            threshold=threshold_kwargs,
        )
        runs = list(_runs(self.distances > self.threshold))
        features = zip(upper, values, expected, strict=True)
        drawn = [_plot_feature(*one, runs, styles) for one in features]
        of_values, of_expected, spans = (
            list(each) for each in zip(*drawn, strict=True)
        )
        self.lines_ = {
            "values": of_values[0] if is_one else of_values,
            "expected": of_expected[0] if is_one else of_expected,
            "distances": draw_line(lower, self.distances, styles["distances"]),
            "threshold": lower.axhline(self.threshold, **styles["threshold"]),
        }
        self.spans_ = list(chain.from_iterable(spans))
        lower.set(xlabel=self.distances.index.name, ylabel="distance")
        self._add_legends(upper[0], lower, is_new=ax is None)
        return self

    def _add_legends(self, upper, lower, is_new):
        """Add a legend below a new figure, or two in the axes of the user."""
        if is_new:
            axes = upper, lower
            handles = [one for on in axes for one in on.get_legend_handles_labels()[0]]
            self.figure_.legend(handles=handles, loc="outside lower center", ncols=4)
        else:
            upper.legend()
            lower.legend()


def _plot_feature(ax, values, expected, runs, styles):
    """Plot a feature; return the lines of values and expected values, and the spans."""
    lines = (
        draw_line(ax, values, styles["values"]),
        draw_line(ax, expected, styles["expected"]),
    )
    # Only the first span has an entry in the legend.
    labels = chain([{}], repeat({"label": None}))
    spans = [
        ax.axvspan(*run, **styles["span"] | label)
        for run, label in zip(runs, labels, strict=False)
    ]
    ax.set(ylabel=values.name)
    return *lines, spans


def _axes_for(n_features):
    """Create a figure with axes for each feature, and for the distances."""
    height = HEIGHT if n_features == 1 else HEIGHT_OF_MANY * (n_features + 1)
    return new_axes("AnomalyDisplay", n_features + 1, figsize=(WIDTH, height))


def _selected(feature, names, ax):
    """Return the name of the feature to plot, or a list of names."""
    if feature is None:
        n_axes = MAX_FEATURES + 1 if ax is None else np.size(ax)
        chosen = names[: max(1, n_axes - 1)]
        return chosen[0] if len(chosen) == 1 else chosen
    wanted = feature if isinstance(feature, list) else [feature]
    for name in wanted:
        if name not in names:
            raise ValueError(f"X has no feature {name!r}. Choose from {names}.")
    if not wanted:
        raise ValueError(f"feature is empty. Choose from {names}, or pass None.")
    return feature


def _runs(is_outlier):
    """Yield the start and the end of each run of outliers, widened by half a step."""
    times = positions(is_outlier.index)
    middles = times[:-1] + (times[1:] - times[:-1]) / 2
    edges = [*times[:1], *middles, *times[-1:]]
    changes = np.diff(is_outlier.to_numpy(), prepend=False, append=False).nonzero()[0]
    for first, after in changes.reshape(-1, 2):
        yield edges[first], edges[after]
