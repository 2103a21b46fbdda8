"""Plot of the rows that windows hold, by the splits of a cross-validation."""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import check_cv

from sklstm._displays.axes import (
    BLUE,
    GRAY,
    PURPLE,
    VERMILION,
    merge_styles,
    set_one_axes,
    text_color,
)
from sklstm._displays.series import check_one_series
from sklstm._input.arrays import unwrap
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {"training": BLUE, "late": PURPLE, "test": VERMILION, "unused": GRAY}
LABELS = {
    "training": "training row",
    "late": "training row after a test row",
    "test": "test row",
    "unused": "row not used",
    "padding": "padding",
}
# Height of a bar of rows, of a window and of the space between two splits, in lanes.
ROWS, WINDOW, SPACE = 1.0, 0.5, 0.7
# Size of the figure in inches.
WIDTH, HEIGHT_OF_LANE, MARGIN = 6.4, 0.21, 1.3


class Split(NamedTuple):
    """Training and test rows of a split, and some of the windows of these rows."""

    train: NDArray[np.intp]  # positions of rows, (n_train,)
    test: NDArray[np.intp]  # (n_test,)
    targets: NDArray[np.intp]  # rows to predict, (n_windows,)
    steps: NDArray[np.intp]  # rows that are read, (n_windows, window_size)
    is_padding: NDArray[np.bool_]  # whether a step is padded, (n_windows, window_size)


class WindowDisplay:
    """Plot of the rows that windows hold, by the splits of a cross-validation.

    For each split, a bar shows which rows are for training and which are for testing.
    Below it, some windows are drawn: the first and the last of the first training rows,
    the first after a gap in the training rows, and the first of the test rows. A
    diamond marks the row that the window belongs to and whose target is predicted, in
    the color of this row.

    In time order, no training row is later than a test row. With other splits, such as
    those of :class:`~sklearn.model_selection.KFold`, a model learns from the future,
    and its scores are too good. The training rows after a test row have a color of
    their own.

    Create a display with :meth:`from_estimator`. The parameters are stored as
    attributes; :meth:`plot` can be called again with other axes or styles.

    Parameters
    ----------
    splits : list of Split
        A named tuple for each split. `train` and `test` are the positions of the rows.
        `targets` are the rows of the windows to draw. `steps`, of shape
        (n_windows, window_size), are the rows that each window reads, and `is_padding`
        tells which of these steps are padded.

    n_rows : int
        Number of rows of the series.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (1,)
        The axes.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        Figure of the axes.

    rows_ : list of dict of str to matplotlib PolyCollection
        Bars of the rows of each split: "training", "late" for training rows after a
        test row, "test" and "unused".

    windows_ : list of list of dict of str to matplotlib PolyCollection
        Bars of the steps of each window of each split, as in `rows_`, and "padding".

    targets_ : list of matplotlib PathCollection
        Row to predict of each window of each split.

    See Also
    --------
    SlidingWindowTransformer : Convert rows of a table to windows.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep the order in time.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from sklstm import SlidingWindowTransformer, WindowDisplay
    >>> days = pd.date_range("2024-01-01", periods=30)
    >>> sales = pd.DataFrame({"sales": np.arange(30)}, days)
    >>> display = WindowDisplay.from_estimator(
    ...     SlidingWindowTransformer(5, shift=1), sales, cv=TimeSeriesSplit(3, gap=2)
    ... )
    >>> sorted(display.rows_[0])
    ['test', 'training', 'unused']
    """

    axes_: NDArray[Any]
    ax_: Any
    figure_: "Figure"
    rows_: list[dict[str, Any]]
    windows_: list[list[dict[str, Any]]]
    targets_: list[Any]

    def __init__(self, splits: list[Split], *, n_rows: int):
        self.splits = splits
        self.n_rows = n_rows

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike = None,
        *,
        cv: Any = None,
        ax: Any = None,
        **styles: Any,
    ) -> Self:
        """Plot the windows that an estimator cuts in each split.

        Parameters
        ----------
        estimator : SlidingWindowTransformer or Pipeline
            A transformer, or a pipeline with one. It need not be fitted. It is cloned
            and fitted to the training rows of each split.

        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows of one series in time order.

        y : array-like of shape (n_rows,) or None, default=None
            Targets, for splitters that need them.

        cv : int, splitter, iterable of (train, test) or None, default=None
            Splits, as in :func:`~sklearn.model_selection.cross_validate`. If None, all
            rows are training rows.

        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        **styles : dict
            `rows_kwargs`, `windows_kwargs` and `targets_kwargs` of :meth:`plot`.

        Returns
        -------
        display : WindowDisplay
            The plotted display.

        Raises
        ------
        ValueError
            If X has no rows, holds several series, or is not valid input for the
            transformer.
        TypeError
            If the estimator cuts no windows.
        ImportError
            If matplotlib is not installed.

        Notes
        -----
        The transformer cuts windows from the numbers of the rows, so that the display
        shows what it does, also where rows have no times. Columns in `known_ahead` are
        drawn like the others.
        """
        X = unwrap(X, "X")
        if not len(X):
            raise ValueError(
                "X has no rows, so there are no windows to draw. Pass at least one row."
            )
        windower, X = _windower_of(estimator, X, y)
        check_one_series(X, windower.groups)
        n_rows = len(X)
        numbers = _row_numbers(windower, X)
        splits = [(np.arange(n_rows), np.arange(0))]
        if cv is not None:
            splits = check_cv(cv, y).split(X, y)
        return cls(
            [_split(windower, numbers, *map(np.asarray, pair)) for pair in splits],
            n_rows=n_rows,
        ).plot(ax, **styles)

    def plot(
        self,
        ax: Any = None,
        *,
        rows_kwargs: dict[str, Any] | None = None,
        windows_kwargs: dict[str, Any] | None = None,
        targets_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the rows and the windows of each split.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        rows_kwargs, windows_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.broken_barh`.

        targets_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.scatter`.

        Returns
        -------
        display : WindowDisplay
            The display itself, with its attributes set.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        n_windows = sum(len(split.targets) for split in self.splits)
        n_lanes = (ROWS + SPACE) * len(self.splits) + WINDOW * n_windows
        set_one_axes(self, ax, figsize=(WIDTH, MARGIN + HEIGHT_OF_LANE * n_lanes))
        self.rows_, self.windows_, self.targets_ = [], [], []
        target = {"marker": "D", "s": 22, "zorder": 3}
        target["edgecolors"] = text_color(self.ax_)
        styles = merge_styles(
            {"rows": {}, "windows": {}, "targets": target},
            rows=rows_kwargs,
            windows=windows_kwargs,
            targets=targets_kwargs,
        )
        top, ticks = 0.0, []
        for split in self.splits:
            ticks.append(top + ROWS / 2)
            rows, windows, targets = _plot_split(
                self.ax_, split, self.n_rows, top, styles
            )
            self.rows_.append(rows)
            self.windows_.append(windows)
            self.targets_.append(targets)
            top += ROWS + SPACE + WINDOW * len(split.targets)
        names = [f"split {n}" for n in range(1, len(ticks) + 1)]
        self.ax_.set_yticks(ticks, names if len(ticks) > 1 else ["rows"])
        self.ax_.set(xlabel="row", ylim=(top - SPACE / 2, -SPACE / 2))
        self._add_legend(is_new=ax is None)
        return self

    def _add_legend(self, is_new):
        """Add a legend with each kind of rows and steps that is drawn."""
        bars = [*self.rows_, *(bars for windows in self.windows_ for bars in windows)]
        drawn = {kind: bar for each in reversed(bars) for kind, bar in each.items()}
        handles = [drawn[kind] for kind in LABELS if kind in drawn]
        labels = [LABELS[kind] for kind in LABELS if kind in drawn]
        entries = [*handles, self.targets_[0]], [*labels, "row to predict"]
        if is_new:
            self.figure_.legend(*entries, loc="outside lower center", ncols=3)
        else:
            self.ax_.legend(*entries)


def _windower_of(estimator, X, y):
    """Return the transformer that cuts windows, and the rows that it gets."""
    steps = [each for _, each in getattr(estimator, "steps", [(None, estimator)])]
    is_windower = [hasattr(step, "n_context") for step in steps]
    if not any(is_windower):
        raise TypeError(
            "WindowDisplay needs a SlidingWindowTransformer, or a pipeline with one, "
            f"got {estimator!r}."
        )
    position = is_windower.index(True)
    if position:
        # Other steps may drop the times of the rows.
        X = clone(estimator[:position]).fit_transform(X, y)
    windower = clone(steps[position]).set_output(transform="default")
    return windower.set_params(padding="nan", known_ahead=(), flatten=False), X


def _row_numbers(windower, X):
    """Return X with the number of the row in each column that windows hold."""
    numbers = X.copy() if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    kept = [
        numbers.columns.get_loc(column) if isinstance(column, str) else column
        for column in (windower.time, windower.groups)
        if column is not None
    ]
    for position in set(range(numbers.shape[1])) - {k % numbers.shape[1] for k in kept}:
        numbers.isetitem(position, np.arange(len(numbers), dtype=np.float64))
    return numbers if isinstance(X, pd.DataFrame) else numbers.to_numpy()


def _split(windower, numbers, train, test):
    """Return a split with the windows to draw."""
    ends = np.flatnonzero(np.diff(train) != 1)[:1]  # of the first run of rows
    chosen = {0, *ends, *(ends + 1), len(train) - 1 if not len(ends) else 0}
    parts = [(train, sorted(chosen)), (test, [0] if len(test) else [])]
    targets = np.concatenate([rows[places] for rows, places in parts])
    with warnings.catch_warnings():
        # The display shows what the transformer warns of.
        warnings.simplefilter("ignore")
        windower.fit(_rows(numbers, train))
        windows = [
            windower.transform(_rows(numbers, rows))[places, :, 0]
            for rows, places in parts
            if places
        ]
    steps = np.concatenate(windows)
    is_padding = np.isnan(steps)
    after = targets - windower.shift + windower.sampling_rate
    for step in steps.T[::-1]:
        # Padding is drawn before the step that follows it.
        step[:] = np.where(np.isnan(step), after - windower.sampling_rate, step)
        after = step
    return Split(train, test, targets, steps.astype(np.intp), is_padding)


def _rows(X, rows):
    """Return rows of a frame or of an array by their positions."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def _plot_split(ax, split, n_rows, top, styles):
    """Plot the rows and the windows of a split; return the artists."""
    kinds = np.full(n_rows, "unused", dtype="<U8")
    kinds[split.train] = "training"
    if len(split.test):
        kinds[split.train[split.train > split.test.min()]] = "late"
        kinds[split.test] = "test"
    rows = _plot_bars(ax, np.arange(n_rows), kinds, (top, ROWS), styles["rows"])
    tops = top + ROWS + WINDOW * np.arange(len(split.targets))
    windows = []
    for steps, is_padding, above in zip(
        split.steps, split.is_padding, tops, strict=True
    ):
        of_steps = np.where(is_padding, "padding", kinds[steps.clip(0, n_rows - 1)])
        place = above + 0.2 * WINDOW, 0.6 * WINDOW
        windows.append(_plot_bars(ax, steps, of_steps, place, styles["windows"]))
    colors = [COLORS[kind] for kind in kinds[split.targets]]
    style = {"facecolors": colors, **styles["targets"]}
    targets = ax.scatter(split.targets, tops + WINDOW / 2, **style)
    return rows, windows, targets


def _plot_bars(ax, rows, kinds, place, style):
    """Plot bars of rows of several kinds; return the bars of each kind."""
    styles = {kind: {"facecolor": color} for kind, color in COLORS.items()}
    styles["unused"] |= {"alpha": 0.3}
    styles["padding"] = {"facecolor": "none", "edgecolor": GRAY, "hatch": "/////"}
    bars = {}
    for kind in dict.fromkeys(kinds.tolist()):
        of_kind = rows[kinds == kind]
        starts = np.flatnonzero(np.diff(of_kind, prepend=-np.inf) != 1)
        lengths = np.diff([*starts, len(of_kind)])
        ranges = list(zip(of_kind[starts] - 0.5, lengths, strict=True))
        bars[kind] = ax.broken_barh(ranges, place, **{**styles[kind], **style})
    return bars
