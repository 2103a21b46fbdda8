"""Figures, axes and lines of the displays."""

import pandas as pd


def new_axes(display, n_rows=1, n_columns=1, **options):
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


def draw_line(ax, numbers, style):
    """Plot one line; a single number becomes a point."""
    style = {"marker": "." if len(numbers) == 1 else None, **style}
    (line,) = ax.plot(positions(numbers.index), numbers.to_numpy(), **style)
    return line


def positions(times):
    """Convert times to a type that matplotlib can plot."""
    return times.to_timestamp() if isinstance(times, pd.PeriodIndex) else times
