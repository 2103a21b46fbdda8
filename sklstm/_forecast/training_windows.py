"""Windows of series: training windows, validation windows and the last window."""

from typing import NamedTuple, Self

import numpy as np

from sklstm._forecast.baselines import interpolate
from sklstm._input.windows import sliding_windows


class Windows(NamedTuple):
    """Windows of values with their covariates and targets."""

    values: np.ndarray  # (n_windows, window_size)
    # Covariates of the steps of the window and of its targets,
    # (n_windows, window_size + horizon, n_covariates).
    covariates: np.ndarray
    targets: np.ndarray  # (n_windows, horizon); (n_windows, 0) if not yet known

    def select(self, rows) -> Self:
        """Return some of the windows, by positions or by a mask."""
        return self._make(array[rows] for array in self)

    @classmethod
    def concatenate(cls, parts) -> Self:
        """Concatenate the windows of several series."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def training_windows(values, covariates, window_size, horizon):
    """Cut a series into windows and their targets.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Values with NaN where one is missing.
    covariates : Covariates
        Covariates of the series.
    window_size, horizon : int
        Number of steps of a window, and of its targets.

    Returns
    -------
    windows : Windows
        Windows in time order. Missing values in a window are interpolated. Missing
        values at its end are replaced by the last observation, because later values
        are not known at that time. Windows are left out if a target is missing or if
        they begin before the first observation.
    ends : ndarray of shape (n_windows,)
        Position of the first target of each window in the series.
    """
    n_windows = len(values) - window_size - horizon + 1
    if n_windows < 1:
        around = covariates.around(np.empty(0, int), window_size, horizon)
        empty = np.empty((0, window_size)), around, np.empty((0, horizon))
        return Windows(*empty), np.empty(0, int)
    windows = sliding_windows(interpolate(values)[:, None], window_size)
    windows = windows[:n_windows, :, 0]
    targets = sliding_windows(values[window_size:, None], horizon)[:, :, 0]
    is_whole = ~(np.isnan(windows[:, 0]) | np.isnan(targets).any(axis=1))
    ends = np.flatnonzero(is_whole) + window_size
    observed = np.where(np.isnan(values), -1, np.arange(len(values)))
    last_observed = np.maximum.accumulate(observed)[ends - 1]
    # Positions in the series, (n_windows, window_size).
    positions = ends[:, None] + np.arange(-window_size, 0)
    is_after_last = positions > last_observed[:, None]
    windows = np.where(is_after_last, values[last_observed][:, None], windows[is_whole])
    around = covariates.around(ends, window_size, horizon)
    return Windows(windows, around, targets[is_whole]), ends


def window_to_forecast_from(values, covariates, window_size, horizon):
    """Return the last window of a series as :class:`Windows` without targets.

    Missing values are interpolated. Steps before the first observation are NaN.
    """
    end = np.array([len(values)])
    window = last_window(values, window_size)[None]
    around = covariates.around(end, window_size, horizon)
    return Windows(window, around, np.empty((1, 0)))


def last_window(values, window_size):
    """Return the last values, interpolated, and padded with NaN at the start."""
    observed = np.flatnonzero(~np.isnan(values))
    # Interpolation into the window begins at the last observation before it.
    before = observed[observed <= len(values) - window_size]
    recent = interpolate(values[before[-1] if len(before) else 0 :])[-window_size:]
    return np.pad(recent, (window_size - len(recent), 0), constant_values=np.nan)


def split_in_time(ends, horizon, validation_fraction):
    """Split the windows of one series into early ones and validation windows.

    Parameters
    ----------
    ends : ndarray of shape (n_windows,)
        Positions of the first targets, increasing.
    horizon : int
        Number of targets of a window.
    validation_fraction : float
        Fraction of the windows to hold out.

    Returns
    -------
    is_early, is_validation : ndarray of bool of shape (n_windows,)
        The last windows are for validation. The targets of the early ones end before
        the first validation target. Windows between these two groups are in
        neither of them.
    """
    n_validation = int(np.ceil(validation_fraction * len(ends)))
    is_validation = np.arange(len(ends)) >= len(ends) - n_validation
    first = ends[is_validation].min(initial=np.iinfo(int).max)
    return ends + horizon <= first, is_validation


def split_all_in_time(ends, horizon, validation_fraction):
    """Split the windows of several series, each as in :func:`split_in_time`.

    Parameters
    ----------
    ends : list of ndarray of int
        Positions of the first targets in each series.
    horizon : int
        Number of targets of a window.
    validation_fraction : float
        Fraction of the windows of each series to hold out.

    Returns
    -------
    is_early, is_validation : ndarray of bool of shape (n_windows,)
        Masks of the windows of all series, concatenated.
    series : ndarray of int of shape (n_validation_windows,)
        Position of the series of each validation window.
    """
    splits = [split_in_time(of_one, horizon, validation_fraction) for of_one in ends]
    is_early, is_validation = (np.concatenate(m) for m in zip(*splits, strict=True))
    series = np.repeat(np.arange(len(ends)), [mask.sum() for _, mask in splits])
    return is_early, is_validation, series


def n_windows_to_split(horizon, validation_fraction):
    """Return the minimum number of windows for which the split leaves an early one."""
    n_windows = horizon + 1
    while n_windows - np.ceil(validation_fraction * n_windows) < horizon:
        n_windows += 1
    return n_windows


def observed_length(values):
    """Return the number of steps from the first observation to the last."""
    return int(np.ptp(np.flatnonzero(~np.isnan(values)))) + 1
