"""Draw the windows of splits in time order, for the page on tuning.

Run it with ``python tools/draw_windows.py``.
"""

import numpy as np
import pandas as pd
from _picture_style import draw_both
from sklearn.model_selection import TimeSeriesSplit

from sklstm import SlidingWindowTransformer, WindowDisplay


def draw_windows(_):
    """Draw two splits in time order, with windows of six rows."""
    days = pd.date_range("2024-01-01", periods=30)
    X = pd.DataFrame({"sales": np.arange(30.0)}, days)
    windows = SlidingWindowTransformer(window_size=6, shift=1)
    display = WindowDisplay.from_estimator(windows, X, cv=TimeSeriesSplit(2))
    display.figure_.set_size_inches(6.4, 2.9)
    return display.figure_


if __name__ == "__main__":
    draw_both("windows", draw_windows)
