"""Windows of series: training windows, validation windows and the last window."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from sklstm._forecast.baselines import interpolate
from sklstm._forecast.covariates import Covariates
from sklstm._input.windows import sliding_windows

# Windows are cut in blocks of about this many numbers.
BLOCK_NUMBERS = 2**22
# Limits of a sample of windows: their number, and the numbers in their features.
MAX_WINDOWS, MAX_NUMBERS = 100_000, 20_000_000


class Windows(NamedTuple):
    """Windows of values with their covariates and targets."""

    # The values of the window, and before them those that only a mixture of base
    # forecasts sees, (n_windows, context_size), NaN before the start of the series.
    values: np.ndarray
    # Covariates of the steps of the window and of its targets,
    # (n_windows, window_size + horizon, n_covariates).
    covariates: np.ndarray
    # (n_windows, horizon), NaN where missing; (n_windows, 0) if not yet known
    targets: np.ndarray

    def compute(self, function):
        """Call a function on the windows, as :meth:`TrainingWindows.compute` does."""
        return function(self)

    @classmethod
    def concatenate(cls, parts) -> Self:
        """Concatenate the windows of several series."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@dataclass(frozen=True)
class TrainingWindows:
    """Windows of several series and their targets. They are cut when they are needed.

    All windows of long or many series may need too much memory at once.

    Attributes
    ----------
    tables : list of tuple of (ndarray, Covariates)
        Values and covariates of each series. Missing values are NaN.
    series : ndarray of int of shape (n_windows,)
        Position of the series of each window, in increasing order.
    ends : ndarray of int of shape (n_windows,)
        Position of the first target of each window in its series.
    window_size, horizon : int
        Number of steps of a window, and of its targets.
    context_size : int
        Number of values that are cut for each window, at least `window_size`.
    interpolates_targets : bool
        Whether missing targets are interpolated. Otherwise they are NaN.
    """

    tables: list[tuple[np.ndarray, Covariates]]
    series: np.ndarray
    ends: np.ndarray
    window_size: int
    horizon: int
    context_size: int
    interpolates_targets: bool = False

    def __len__(self):
        return len(self.ends)

    def select(self, rows) -> Self:
        """Return some of the windows, by increasing positions or by a mask."""
        return replace(self, series=self.series[rows], ends=self.ends[rows])

    def limited(self, seed) -> Self:
        """Return all windows or, if there are very many, a random sample of them."""
        is_future_known = self.tables[0][1].is_future_known
        # Covariates known in the future are features twice.
        n_features = 1 + len(is_future_known) + is_future_known.sum()
        n_windows = MAX_NUMBERS // (self.window_size * n_features)
        return self.sample(int(np.clip(n_windows, 1, MAX_WINDOWS)), seed)

    def sample(self, n_windows, seed) -> Self:
        """Return a random sample of the windows, or all if there are not more."""
        if len(self) <= n_windows:
            return self
        random = np.random.default_rng(seed)
        return self.select(np.sort(random.permutation(len(self))[:n_windows]))

    def every(self, stride) -> Self:
        """Return every n-th window of each series, counted from its last window."""
        _, counts = np.unique(self.series, return_counts=True)
        n_after = np.concatenate([np.arange(n)[::-1] for n in counts] or [[]])
        return self.select(n_after % stride == 0)

    def with_interpolated_targets(self) -> Self:
        """Return the windows with targets that are interpolated where missing."""
        return replace(self, interpolates_targets=True)

    def first_targets(self, horizon) -> Self:
        """Return the windows with fewer targets, if one of these is observed."""
        if horizon == self.horizon or not len(self):
            return self
        has_target = [
            has_targets(self.tables[number][0], ends, horizon)
            for number, ends in self._by_series()
        ]
        shorter = replace(self, horizon=horizon)
        return shorter.select(np.concatenate(has_target))

    def split(self, validation_fraction) -> tuple[Self, Self]:
        """Split the windows of each series in time, as in :func:`split_in_time`.

        Parameters
        ----------
        validation_fraction : float
            Fraction of the windows of each series to hold out.

        Returns
        -------
        early, validation : TrainingWindows
            Early windows of all series, and validation windows.
        """
        if not len(self):
            return self, self
        masks = [
            split_in_time(ends, self.horizon, validation_fraction)
            for _, ends in self._by_series()
        ]
        is_early, is_validation = map(np.concatenate, zip(*masks, strict=True))
        return self.select(is_early), self.select(is_validation)

    def cut(self):
        """Return all windows as :class:`Windows`."""
        sizes = self.window_size, self.horizon, self.context_size
        return Windows.concatenate(
            [
                cut_windows(
                    *self.tables[number], ends, *sizes, self.interpolates_targets
                )
                for number, ends in self._by_series()
            ]
        )

    def blocks(self):
        """Yield the windows as :class:`Windows` in blocks of limited size."""
        n_covariates = self.tables[0][1].table.shape[1]
        n_numbers = (self.context_size + self.horizon) * (1 + n_covariates)
        size = max(1, BLOCK_NUMBERS // n_numbers)
        for start in range(0, len(self), size):
            yield self.select(slice(start, start + size)).cut()

    def compute(self, function):
        """Call a function on the windows, block by block.

        Parameters
        ----------
        function : callable
            Function that maps :class:`Windows` to an array with one row per window.

        Returns
        -------
        results : ndarray of shape (n_windows, ...)
            The results for all windows.
        """
        results, n_done = None, 0
        for block in self.blocks():
            part = function(block)
            if results is None:
                results = np.empty((len(self), *part.shape[1:]))
            results[n_done : n_done + len(part)] = part
            n_done += len(part)
        return results

    def _by_series(self):
        """Return pairs: position of a series with windows, and ends of its windows."""
        numbers, firsts = np.unique(self.series, return_index=True)
        return zip(numbers, np.split(self.ends, firsts[1:]), strict=True)


def training_windows(tables, window_size, horizon, context_size):
    """Return the training windows of series.

    Parameters
    ----------
    tables : list of tuple of (ndarray, Covariates)
        Values of each series, NaN where one is missing, and its covariates.
    window_size, horizon, context_size : int
        As in :class:`TrainingWindows`.

    Returns
    -------
    windows : TrainingWindows
        Windows of each series in time order. Windows are left out if all of their
        targets are missing, or if they begin before the first observation.
    """
    ends = [window_ends(values, window_size, horizon) for values, _ in tables]
    series = np.repeat(np.arange(len(tables)), [len(of_one) for of_one in ends])
    sizes = window_size, horizon, context_size
    return TrainingWindows(tables, series, np.concatenate(ends), *sizes)


def window_ends(values, window_size, horizon):
    """Return the ends of the training windows of one series, (n_windows,)."""
    first = np.flatnonzero(~np.isnan(values))[0]
    ends = np.arange(first + window_size, len(values) - horizon + 1)
    return ends[has_targets(values, ends, horizon)]


def has_targets(values, ends, horizon):
    """Return whether a target is observed after each end, (n_windows,)."""
    n_observed = np.concatenate([[0], np.cumsum(~np.isnan(values))])
    return n_observed[ends + horizon] > n_observed[ends]


def cut_windows(
    values,
    covariates,
    ends,
    window_size,
    horizon,
    context_size,
    interpolates_targets=False,
):
    """Cut windows and their targets from a series.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Values with NaN where one is missing.
    covariates : Covariates
        Covariates of the series.
    ends : ndarray of int of shape (n_windows,)
        Position of the first target of each window. At least one value before each
        window or at its first step is observed.
    window_size, horizon, context_size : int
        As in :class:`TrainingWindows`.
    interpolates_targets : bool, default=False
        Whether missing targets are interpolated. Otherwise they are NaN.

    Returns
    -------
    windows : Windows
        Missing values in a window are interpolated. Missing values at its end are
        replaced by the last observation, because later values are not known at that
        time.
    """
    interpolated = interpolate(values)
    padding = np.full(context_size - window_size, np.nan)
    padded = np.concatenate([padding, interpolated])
    windows = sliding_windows(padded[:, None], context_size)
    windows = windows[ends - window_size, :, 0]
    targets = interpolated if interpolates_targets else values
    targets = sliding_windows(targets[:, None], horizon)[ends, :, 0]
    observed = np.where(np.isnan(values), -1, np.arange(len(values)))
    last_observed = np.maximum.accumulate(observed)[ends - 1]
    # Positions in the series, (n_windows, context_size).
    positions = ends[:, None] + np.arange(-context_size, 0)
    is_after_last = positions > last_observed[:, None]
    windows = np.where(is_after_last, values[last_observed][:, None], windows)
    around = covariates.around(ends, window_size, horizon)
    return Windows(windows, around, targets)


def window_to_forecast_from(values, covariates, window_size, horizon, context_size):
    """Return the last window of a series as :class:`Windows` without targets.

    Missing values are interpolated. Steps before the first observation are NaN.
    """
    end = np.array([len(values)])
    window = last_window(values, context_size)[None]
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


def n_windows_to_split(horizon, validation_fraction):
    """Return the minimum number of windows for which the split leaves an early one."""
    n_windows = horizon + 1
    while n_windows - np.ceil(validation_fraction * n_windows) < horizon:
        n_windows += 1
    return n_windows


def observed_length(values):
    """Return the number of steps from the first observation to the last."""
    return int(np.ptp(np.flatnonzero(~np.isnan(values)))) + 1
