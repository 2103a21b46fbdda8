"""Lessons of a forecaster: windows of series, and what came after them."""

from typing import NamedTuple

import numpy as np

from sklstm._forecast.baselines import bridge
from sklstm._input.windows import sliding_windows


class Lessons(NamedTuple):
    """Windows, and what came after them."""

    windows: np.ndarray  # (n_windows, window_size)
    # Of the same steps and of those to come, (n_windows, window_size + horizon, n).
    columns: np.ndarray
    targets: np.ndarray  # (n_windows, horizon); (n_windows, 0) where it is not known

    def take(self, rows):
        """Return some of the lessons."""
        return Lessons(*(array[rows] for array in self))

    @classmethod
    def of_all(cls, parts):
        """Put the lessons of many series one after the other."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def lessons_of(values, columns, window_size, horizon):
    """Cut a series into lessons.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Readings, NaN where one is missing.
    columns : Columns
        What stands beside them.
    window_size, horizon : int
        Steps of a window, and steps to forecast after it.

    Returns
    -------
    lessons : Lessons
        In time order. Missing readings are bridged in windows, those at the end of a
        window by the last one it has: what comes later is not known to it. A lesson
        with one among its targets is left out; none begins before the first reading.
    ends : ndarray of shape (n_windows,)
        Position of the first target of each lesson in the series.
    """
    n_windows = len(values) - window_size - horizon + 1
    if n_windows < 1:
        around = columns.around(np.empty(0, int), window_size, horizon)
        empty = np.empty((0, window_size)), around, np.empty((0, horizon))
        return Lessons(*empty), np.empty(0, int)
    windows = sliding_windows(bridge(values)[:, None], window_size)[:n_windows, :, 0]
    targets = sliding_windows(values[window_size:, None], horizon)[:, :, 0]
    is_whole = ~(np.isnan(windows[:, 0]) | np.isnan(targets).any(axis=1))
    ends = np.flatnonzero(is_whole) + window_size
    known = np.where(np.isnan(values), -1, np.arange(len(values)))
    last_known = np.maximum.accumulate(known)[ends - 1]
    # Positions in the series, (n_windows, window_size).
    positions = ends[:, None] + np.arange(-window_size, 0)
    is_after_last = positions > last_known[:, None]
    windows = np.where(is_after_last, values[last_known][:, None], windows[is_whole])
    around = columns.around(ends, window_size, horizon)
    return Lessons(windows, around, targets[is_whole]), ends


def next_lesson(values, columns, window_size, horizon):
    """Cut the last window of a series, whose targets nobody knows yet.

    Missing readings are bridged; steps before the first one are NaN.
    """
    end = np.array([len(values)])
    window = last_window(values, window_size)[None]
    around = columns.around(end, window_size, horizon)
    return Lessons(window, around, np.empty((1, 0)))


def early_and_held(ends, horizon, held_fraction):
    """Split the lessons of a series in time.

    Parameters
    ----------
    ends : ndarray of shape (n_windows,)
        Positions of the first targets, increasing.
    horizon : int
        Steps of the targets.
    held_fraction : float
        Share of the lessons to hold back.

    Returns
    -------
    is_early, is_held : ndarray of bool of shape (n_windows,)
        The last lessons, and those whose targets end before the first target of these.
        Lessons between the two are neither.
    """
    n_held = int(np.ceil(held_fraction * len(ends)))
    is_held = np.arange(len(ends)) >= len(ends) - n_held
    first = ends[is_held].min(initial=np.iinfo(int).max)
    return ends + horizon <= first, is_held


def n_lessons_to_split(horizon, held_fraction):
    """Count the lessons of a series that leave one before those held back."""
    n_lessons = horizon + 1
    while n_lessons - np.ceil(held_fraction * n_lessons) < horizon:
        n_lessons += 1
    return n_lessons


def n_readings(values):
    """Count the readings from the first one there to the last."""
    return int(np.ptp(np.flatnonzero(~np.isnan(values)))) + 1


def last_window(values, window_size):
    """Return the last readings, missing ones bridged, NaN where there are too few."""
    there = np.flatnonzero(~np.isnan(values))
    # Bridges into the window begin at the last reading before it.
    before = there[there <= len(values) - window_size]
    known = bridge(values[before[-1] if len(before) else 0 :])[-window_size:]
    return np.pad(known, (window_size - len(known), 0), constant_values=np.nan)
