"""Plot of the attributions of the steps of one window or sequence."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sklstm._displays.axes import new_axes
from sklstm._typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# From blue over white to red, which color-blind people tell apart.
COLORMAP = "RdBu_r"
# Number of characters of a line, and its size in inches.
LINE_LENGTH, WIDTH, HEIGHT_OF_LINE = 50, 6.4, 0.4
# Height beside the lines, and lowest height with room for the scale, in inches.
MARGIN, LOWEST = 0.9, 1.6
# Brightness below which the text on a color is white.
DARK = 0.5


class AttributionDisplay:
    """Plot of what each step of one window contributes to a prediction.

    The attributions of values are an image with one column for each step and one row
    for each feature. Those of symbols are the symbols themselves, such as words or DNA
    letters, on their colors. Red raises the output, and blue lowers it. Create a
    display with :meth:`from_attributions`. The parameters are stored as attributes;
    :meth:`plot` can be called again with other axes or styles.

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
    ):
        self.attributions = attributions
        self.feature_names = feature_names
        self.symbols = symbols

    @classmethod
    def from_attributions(
        cls,
        attributions: ArrayLike,
        *,
        feature_names: list[str] | None = None,
        symbols: list[str] | str | None = None,
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
            features is not that of `symbols` or `feature_names`.
        ImportError
            If matplotlib is not installed.
        """
        attributions = np.asarray(attributions, dtype=np.float64)
        _check(attributions, feature_names, symbols)
        display = cls(attributions, feature_names=feature_names, symbols=symbols)
        return display.plot(ax, **styles)

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
        limit = np.nanmax(np.abs(self.attributions), initial=0) or 1.0
        style = {"cmap": COLORMAP, "vmin": -limit, "vmax": limit, "aspect": "auto"}
        style |= image_kwargs or {}
        lines = [] if self.symbols is None else _lines(self.symbols)
        n_lines = len(lines) or np.atleast_2d(self.attributions.T).shape[0]
        size = WIDTH, max(LOWEST, MARGIN + HEIGHT_OF_LINE * n_lines)
        self.ax_ = new_axes("AttributionDisplay", figsize=size) if ax is None else ax
        self.axes_, self.figure_ = np.array([self.ax_]), self.ax_.figure
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
        image = self.ax_.imshow(rows, **style)
        names = self.feature_names or [str(n) for n in range(len(rows))]
        self.ax_.set_yticks(range(len(rows)), names)
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.set(xlabel="time step")
        return image

    def _plot_symbols(self, lines, colors, style):
        """Plot lines of symbols, each on its color; return the texts."""
        texts = []
        style = {"ha": "center", "va": "center", "family": "monospace", **style}
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


def _check(attributions, feature_names, symbols):
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
    if feature_names is not None and len(feature_names) != n_features:
        raise ValueError(
            f"There are {len(feature_names)} names, but attributions of {n_features} "
            "features. Pass one name for each feature."
        )
