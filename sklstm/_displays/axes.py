"""Figures, axes, colors and lines of the displays."""

import numpy as np
import pandas as pd

# Colors that color-blind people tell apart [1]_. Of the eight colors, these have a
# contrast of at least 3 with white and with black. So has the gray.
#
# .. [1] M. Okabe and K. Ito, "Color Universal Design", 2008.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GRAY = "#808080"
# Short names of keyword arguments, which matplotlib refuses beside the long ones.
SHORT = {
    "c": "color",
    "ls": "linestyle",
    "lw": "linewidth",
    "ms": "markersize",
    "fc": "facecolor",
    "ec": "edgecolor",
}
# Colors of numbers with a sign, from blue over white to red, and of numbers between 0
# and 1, from dark blue to yellow. Color-blind people tell both apart.
SIGNED, BETWEEN_0_AND_1 = "RdBu_r", "cividis"
# Color of areas, which lines in blue stand out from in light and in dark styles.
SKY_BLUE = "#56B4E9"
PALETTE = [BLUE, VERMILION, GREEN, PURPLE]


def new_axes(display, n_rows=1, n_columns=1, **options):
    """Create a figure and return its axes, which share the x-axis."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} needs matplotlib, which is not installed. Run "
            "pip install matplotlib."
        ) from error
    options = {"sharex": True, "layout": "constrained", **options}
    return plt.subplots(n_rows, n_columns, **options)[1]


def set_one_axes(display, ax, **options):
    """Set `ax_`, `axes_` and `figure_` of a display. If `ax` is None, create them."""
    name = type(display).__name__
    display.ax_ = new_axes(name, **options) if ax is None else ax
    display.axes_, display.figure_ = np.array([display.ax_]), display.ax_.figure


def signed_limits(numbers):
    """Return the limits of the colors of numbers with a sign. Their middle is zero."""
    limit = np.nanmax(np.abs(numbers), initial=0) or 1.0
    return {"cmap": SIGNED, "vmin": -limit, "vmax": limit}


def draw_line(ax, numbers, style):
    """Plot one line; a single number becomes a point."""
    style = {"marker": "." if len(numbers) == 1 else None, **style}
    times = positions(numbers.index)
    (line,) = ax.plot(times, numbers.to_numpy(), **style)
    if isinstance(times, pd.DatetimeIndex):
        # matplotlib is optional, so it is only imported to plot.
        from sklstm._displays.dates import set_date_ticks

        set_date_ticks(ax.xaxis)
    return line


def positions(times):
    """Convert times to a type that matplotlib can plot."""
    return times.to_timestamp() if isinstance(times, pd.PeriodIndex) else times


def merge_styles(defaults, **given):
    """Return the default styles of artists, changed by those of the user.

    Parameters
    ----------
    defaults : dict of str to dict
        Keyword arguments of each artist.
    **given : dict or None
        Keyword arguments of the user, by artist. Short names of matplotlib, such as
        "lw", are accepted.

    Returns
    -------
    styles : dict of str to dict
        Keyword arguments of each artist.
    """
    return {
        name: style | {SHORT.get(key, key): v for key, v in (given[name] or {}).items()}
        for name, style in defaults.items()
    }


def text_color(ax):
    """Return the color of the labels of axes, which is white in a dark style."""
    return ax.xaxis.label.get_color()
