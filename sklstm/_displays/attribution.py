"""Plot of the attributions of the steps of one window or sequence."""

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sklstm._displays.axes import GRAY, set_one_axes, signed_limits
from sklstm._displays.series import times_of
from sklstm._input.arrays import unwrap
from sklstm._inspection.attributions import attribute
from sklstm._inspection.inputs import read_network_input
from sklstm._inspection.models import split_at_network
from sklstm._inspection.permutation import distinct_lags
from sklstm._typing import ArrayLike
from sklstm.preprocessing import SlidingWindowTransformer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Number of characters of a line, and its size in inches.
LINE_LENGTH, WIDTH, HEIGHT_OF_LINE = 50, 6.4, 0.4
# Height beside the lines, and lowest height with room for the scale, in inches.
MARGIN, LOWEST = 0.9, 1.6
# Brightness below which the text on a color is white.
DARK = 0.5


class AttributionDisplay:
    """Plot of what each step of one window contributes to a prediction.

    The attributions of values are an image with one column for each step and one row
    for each feature, gray where a feature does not have a step. Those of symbols are
    the symbols themselves, such as words or DNA letters, on their colors. Red raises
    the output, and blue lowers it. Create a display with :meth:`from_estimator` or
    :meth:`from_attributions`. The parameters are stored as attributes; :meth:`plot` can
    be called again with other axes or styles.

    Parameters
    ----------
    attributions : ndarray of shape (n_timesteps, n_features) or (n_timesteps,)
        Attributions of one window. If they are one-dimensional, they are those of a
        single feature, or of `symbols`.

    feature_names : list of str or None, default=None
        Names of the features. If None, they are numbered.

    symbols : list of str, str or None, default=None
        Symbol at each step, such as words or the letters of a text. If None, an image
        is drawn.

    lags : array-like of int of shape (n_timesteps,) or None, default=None
        Number of rows from each step to the row that is predicted. If None, steps are
        counted from 0.

    row : str or None, default=None
        Name of the row that is predicted, such as its time. Only used with `lags`.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (1,)
        The axes.

    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        Figure of the axes.

    image_ : matplotlib AxesImage or None
        Image of the attributions. None for symbols.

    texts_ : list of matplotlib Text
        Symbols on their colors. Empty for an image.

    colorbar_ : matplotlib Colorbar
        Scale of the colors. Its middle is zero.

    See Also
    --------
    sklstm.inspection.integrated_gradients : Compute attributions.

    Examples
    --------
    >>> from sklstm import AttributionDisplay
    >>> display = AttributionDisplay.from_attributions(
    ...     [0.1, -0.2, 0.9, 0.0], symbols="TATA"
    ... )
    >>> [text.get_text() for text in display.texts_]
    ['T', 'A', 'T', 'A']
    """

    axes_: NDArray[Any]
    ax_: Any
    figure_: "Figure"
    image_: Any
    texts_: list[Any]
    colorbar_: Any

    def __init__(
        self,
        attributions: NDArray[Any],
        *,
        feature_names: list[str] | None = None,
        symbols: list[str] | str | None = None,
        lags: NDArray[Any] | None = None,
        row: str | None = None,
    ):
        self.attributions = attributions
        self.feature_names = feature_names
        self.symbols = symbols
        self.lags = lags
        self.row = row

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        window: int = 0,
        baseline: Literal["mean", "zeros"] | ArrayLike = "mean",
        target: Any = None,
        quantile: float | None = None,
        step: int = -1,
        n_steps: int | Literal["auto"] = "auto",
        ax: Any = None,
        **styles: Any,
    ) -> Self:
        """Compute the attributions of one window by integrated gradients and plot them.

        Parameters
        ----------
        estimator : estimator
            Fitted :class:`LSTMRegressor`, :class:`LSTMClassifier` or
            :class:`LSTMAutoencoder`, a pipeline that ends in one, or a
            ``TransformedTargetRegressor`` or a search around them. If the pipeline has
            a :class:`SequenceEncoder`, the symbols are drawn on their colors.

        X : array-like or list of sequences
            Data that the estimator accepts.

        window : int, default=0
            Number of the window or sequence in X. For a pipeline with a
            :class:`SlidingWindowTransformer`, number of the row that is predicted.
            Negative numbers count from the end.

        baseline : {"mean", "zeros"} or array-like, default="mean"
            Window that stands for no information, as in
            :func:`sklstm.inspection.integrated_gradients`. An array holds a value for
            each feature, or one window.

        target : int, class label or None, default=None
            Number of the output or class that is explained, as in
            :func:`sklstm.inspection.integrated_gradients`.

        quantile : float or None, default=None
            Which of the quantiles is explained, as in
            :func:`sklstm.inspection.integrated_gradients`.

        step : int, default=-1
            The time step whose output is explained, as in
            :func:`sklstm.inspection.integrated_gradients`.

        n_steps : int or "auto", default="auto"
            Number of gradients, as in :func:`sklstm.inspection.integrated_gradients`.

        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        **styles : dict
            `image_kwargs` and `text_kwargs` of :meth:`plot`.

        Returns
        -------
        display : AttributionDisplay
            The plotted display.

        Raises
        ------
        TypeError
            If the estimator has no network of this package.
        ValueError
            If a parameter or X is not as described here, or if the sequence is empty.
        ImportError
            If matplotlib is not installed.

        Warns
        -----
        UserWarning
            If the attributions do not add up to the difference of outputs.

        Examples
        --------
        >>> import numpy as np
        >>> from sklstm import AttributionDisplay, LSTMRegressor
        >>> X = np.random.default_rng(0).normal(size=(100, 5, 2))
        >>> model = LSTMRegressor((4,), conv_filters=(), max_iter=9, random_state=0)
        >>> model = model.fit(X, X[:, -1, 0])
        >>> display = AttributionDisplay.from_estimator(model, X, window=-1)
        >>> display.feature_names
        ['x0', 'x1']
        """
        read = read_network_input(estimator, X).select(window)
        parts = attribute(read, baseline, target, quantile, step, n_steps)
        if read.tokens is not None:
            of_tokens = read.like_X(parts.values)[0]
            symbols = [str(token) for token in read.tokens[0]]
            return cls.from_attributions(of_tokens, symbols=symbols, ax=ax, **styles)
        attributions, lags = _by_lag(parts.values[0], read.data)
        return cls.from_attributions(
            attributions,
            feature_names=[str(name) for name in read.data.feature_names],
            lags=lags,
            row=_name_of_row(estimator, X, window),
            ax=ax,
            **styles,
        )

    @classmethod
    def from_attributions(
        cls,
        attributions: ArrayLike,
        *,
        feature_names: list[str] | None = None,
        symbols: list[str] | str | None = None,
        lags: ArrayLike = None,
        row: str | None = None,
        ax: Any = None,
        **styles: Any,
    ) -> Self:
        """Plot the attributions of one window or sequence.

        Parameters
        ----------
        attributions : array-like of shape (n_timesteps, n_features) or (n_timesteps,)
            Attributions of one window. For symbols, one number for each.

        feature_names : list of str or None, default=None
            Names of the features. If None, they are numbered.

        symbols : list of str, str or None, default=None
            Symbol at each step, such as words or the letters of a text. If None, an
            image is drawn.

        lags : array-like of int of shape (n_timesteps,) or None, default=None
            Number of rows from each step to the row that is predicted. If None, steps
            are counted from 0.

        row : str or None, default=None
            Name of the row that is predicted, such as its time. Only used with `lags`.

        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        **styles : dict
            `image_kwargs` and `text_kwargs` of :meth:`plot`.

        Returns
        -------
        display : AttributionDisplay
            The plotted display.

        Raises
        ------
        ValueError
            If `attributions` has more than two axes, or if the number of its steps or
            features is not that of `symbols`, `lags` or `feature_names`.
        ImportError
            If matplotlib is not installed.
        """
        attributions = np.asarray(attributions, dtype=np.float64)
        lags = None if lags is None else np.asarray(lags)
        names = {"feature_names": feature_names, "symbols": symbols, "lags": lags}
        _check(attributions, **names)
        return cls(attributions, **names, row=row).plot(ax, **styles)

    def plot(
        self,
        ax: Any = None,
        *,
        image_kwargs: dict[str, Any] | None = None,
        text_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the attributions.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot on. If None, a new figure is created.

        image_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.imshow`. `cmap`,
            `vmin` and `vmax` also set the colors of symbols.

        text_kwargs : dict or None, default=None
            Keyword arguments passed to :meth:`matplotlib.axes.Axes.text`.

        Returns
        -------
        display : AttributionDisplay
            The display itself, with its attributes set.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        style = {"aspect": "auto", **signed_limits(self.attributions)}
        style |= image_kwargs or {}
        lines = [] if self.symbols is None else _lines(self.symbols)
        n_lines = len(lines) or np.atleast_2d(self.attributions.T).shape[0]
        size = WIDTH, max(LOWEST, MARGIN + HEIGHT_OF_LINE * n_lines)
        set_one_axes(self, ax, figsize=size)
        if self.symbols is None:
            self.image_, self.texts_ = self._plot_image(style), []
            colors = self.image_
        else:
            colors = _scale(style)
            self.image_ = None
            self.texts_ = self._plot_symbols(lines, colors, text_kwargs or {})
        self.colorbar_ = self.figure_.colorbar(colors, ax=self.ax_, label="attribution")
        return self

    def _plot_image(self, style):
        """Plot the attributions of values as an image."""
        rows = np.atleast_2d(self.attributions.T)  # (n_features, n_timesteps)
        n_features, n_steps = rows.shape
        # Lags are at 1 - n_steps, ..., -1, 0, so that ticks are at round numbers.
        first = 0 if self.lags is None else 1 - n_steps
        edges = first - 0.5, first + n_steps - 0.5, n_features - 0.5, -0.5
        if np.isnan(rows).any():
            self.ax_.set_facecolor(GRAY)
        image = self.ax_.imshow(rows, **{"extent": edges, **style})
        names = self.feature_names or [str(n) for n in range(n_features)]
        self.ax_.set_yticks(range(n_features), names)
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.set(xlabel="time step")
        if self.lags is not None:
            lags = dict(zip(range(first, 1), self.lags, strict=True))
            self.ax_.xaxis.set_major_formatter(lambda x, _: str(lags.get(x, "")))
            row = self.row
            self.ax_.set(xlabel="lag" if row is None else f"rows before {row}")
        return image

    def _plot_symbols(self, lines, colors, style):
        """Plot lines of symbols, each on its color; return the texts."""
        texts = []
        # A dollar sign is a symbol, not the start of a formula.
        place = {"ha": "center", "va": "center", "parse_math": False}
        style = {"family": "monospace", **place, **style}
        for y, line in enumerate(lines):
            for position, symbol, x, width in line:
                color = colors.to_rgba(self.attributions[position])
                self.ax_.broken_barh([(x, width)], (y - 0.4, 0.8), facecolors=[color])
                is_dark = np.dot(color[:3], [0.299, 0.587, 0.114]) < DARK
                on = {"color": "white" if is_dark else "black"}
                texts.append(self.ax_.text(x + width / 2, y, symbol, **on | style))
        longest = max(x + width for line in lines for *_, x, width in line)
        self.ax_.set(xlim=(0, longest), ylim=(len(lines) - 0.5, -0.5))
        self.ax_.set_axis_off()
        return texts


def _by_lag(values, data):
    """Return the attributions of a window with one row for each lag, and the lags.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps, n_features)
        Attributions of the window.
    data : SequenceData
        The window, with its lags. Its padding steps are left out.

    Returns
    -------
    attributions : ndarray of shape (n_lags, n_features)
        Attributions, NaN where a feature does not have a lag.
    lags : ndarray of int of shape (n_lags,)
        Distinct lags, the largest first.
    """
    is_step = data.is_step[0]
    values, of_values = values[is_step], data.lags[is_step]
    lags = distinct_lags(of_values)
    attributions = np.full((len(lags), values.shape[1]), np.nan)
    rows = np.searchsorted(-lags, -of_values)
    attributions[rows, np.arange(values.shape[1])] = values
    return attributions, lags


def _name_of_row(estimator, X, window):
    """Return the time or number of the row of a window; None if X holds windows."""
    transformers, _ = split_at_network(estimator)
    is_windower = [isinstance(t, SlidingWindowTransformer) for t in transformers]
    if not any(is_windower):
        return None
    # Behind other steps, the column of times may have another place.
    times = times_of(unwrap(X, "X"), transformers[0].time if is_windower[0] else None)
    row = times[window]
    return f"row {row}" if isinstance(times, pd.RangeIndex) else str(row)


def _lines(symbols):
    """Return lines of symbols, with the position, place and width of each."""
    gap = 0 if max(map(len, symbols)) == 1 else 1
    lines, x = [[]], 0
    for position, symbol in enumerate(symbols):
        width = len(symbol) + gap
        if x + width > LINE_LENGTH and lines[-1]:
            lines.append([])
            x = 0
        lines[-1].append((position, symbol, x, width))
        x += width
    return lines


def _scale(style):
    """Return the scale of the colors of symbols."""
    # matplotlib is optional, so it is only imported to plot.
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(style["vmin"], style["vmax"]), style["cmap"])


def _check(attributions, feature_names, symbols, lags):
    """Raise a ValueError if attributions are not those of one window."""
    if attributions.ndim not in (1, 2) or not attributions.size:
        raise ValueError(
            f"attributions has shape {attributions.shape}. Pass those of one window, "
            "such as attributions[0], with at least one step."
        )
    n_features = 1 if attributions.ndim == 1 else attributions.shape[1]
    if symbols is not None and (len(symbols) != len(attributions) or n_features > 1):
        raise ValueError(
            f"There are {len(symbols)} symbols, but attributions has shape "
            f"{attributions.shape}. Pass one number for each symbol."
        )
    if lags is not None and lags.shape != attributions.shape[:1]:
        raise ValueError(
            f"lags has shape {lags.shape}, but attributions has {len(attributions)} "
            "steps. Pass one lag for each step, such as result.lags[:, 0]."
        )
    if feature_names is not None and len(feature_names) != n_features:
        raise ValueError(
            f"There are {len(feature_names)} names, but attributions of {n_features} "
            "features. Pass one name for each feature."
        )
