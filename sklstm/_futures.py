"""Lessons of a forecaster: windows of series, and what came after them."""

from typing import NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

from sklstm._naive import bridge, levels, naive_forecasts
from sklstm._windows import sliding_windows

# From so many windows on, each step has errors enough of its own.
ENOUGH_WINDOWS = 100


class Unit(NamedTuple):
    """The scale on which the readings of one series are forecast."""

    is_log: bool
    size: float  # of one unit; 1 for logarithms

    def enter(self, values):
        """Bring readings to this scale."""
        return np.log(values) if self.is_log else values / self.size

    def leave(self, numbers):
        """Bring numbers back to the scale of the readings."""
        return np.exp(numbers) if self.is_log else numbers * self.size


def unit_of(values, is_log):
    """Find the unit of a series: its standard deviation, or its size if constant."""
    peak = np.nanmax(np.abs(values))
    if is_log or peak == 0:
        return Unit(is_log, 1.0)
    # Of shares, so that squares of huge and of tiny readings are numbers.
    share = np.nanstd(values / peak)
    return Unit(is_log, peak * (share if share > 1e-9 else 1.0))


class Recipe(NamedTuple):
    """What a regressor is shown of a window, and what it is to correct."""

    naive: str  # a kind of :func:`sklstm._naive.naive_forecasts`
    season: int  # steps of a cycle
    horizon: int  # steps to forecast at once

    def inputs(self, windows):
        """Subtract from each window its level, (n_windows, window_size, 1)."""
        level = levels(windows, 1 if self.naive == "last" else self.season)
        return (windows - level)[:, :, None]

    def forecasts(self, windows):
        """Forecast without a regressor, (n_windows, horizon)."""
        return naive_forecasts(self.naive, windows, self.season, self.horizon)


class Lessons(NamedTuple):
    """Windows, and what came after them."""

    windows: np.ndarray  # (n_windows, window_size)
    targets: np.ndarray  # (n_windows, horizon)

    def take(self, rows):
        """Return some of the lessons."""
        return Lessons(self.windows[rows], self.targets[rows])

    @classmethod
    def of_all(cls, parts):
        """Put the lessons of many series one after the other."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def lessons_of(values, window_size, horizon):
    """Cut a series into lessons.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Readings, NaN where one is missing.
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
        empty = np.empty((0, window_size)), np.empty((0, horizon))
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
    return Lessons(windows, targets[is_whole]), ends


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
    known = bridge(values)[-window_size:]
    return np.pad(known, (window_size - len(known), 0), constant_values=np.nan)


def widths(errors, coverage):
    """Say how far truths may lie from forecasts, step by step [1]_.

    Parameters
    ----------
    errors : ndarray of shape (n_windows, horizon)
        Errors of forecasts that have not seen their truths.
    coverage : float
        Share of truths that shall lie within, in (0, 1).

    Returns
    -------
    widths : ndarray of shape (horizon,)
        The quantile of each step's absolute errors. Of fewer than 100 windows, those of
        all steps are taken together, in units of each step's root mean square, which is
        smoothed not to fall from step to step.

    References
    ----------
    .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression", JASA
       113(523), 2018, 1094-1111.
    """
    errors = np.abs(errors)
    if len(errors) >= ENOUGH_WINDOWS:
        return _conformal_quantile(errors, coverage)
    sizes = np.sqrt(isotonic_regression((errors**2).mean(axis=0)))
    shares = errors / np.where(sizes > 0, sizes, 1)
    return sizes * _conformal_quantile(shares.ravel(), coverage)


def _conformal_quantile(numbers, coverage):
    """Quantile along the first axis that one more number stays below by chance."""
    rank = int(np.ceil((len(numbers) + 1) * coverage))
    return np.sort(numbers, axis=0)[min(max(rank, 1), len(numbers)) - 1]
