"""Windows with targets and weights, and their last part set aside."""

from typing import NamedTuple

import numpy as np

from sklstm._input.check import Windows
from sklstm._input.padding import make_step_mask


class Samples(NamedTuple):
    """What an estimator learns from, along the first axis of every part."""

    windows: Windows
    # (n_windows, n_targets), or of every step (n_windows, n_timesteps, n_targets).
    targets: np.ndarray
    weights: np.ndarray  # (n_windows,), or of every step (n_windows, n_timesteps)

    @property
    def window_weights(self):
        """What each window counts, (n_windows,)."""
        return self.weights if self.weights.ndim == 1 else self.weights.mean(axis=1)

    def take(self, rows):
        """Return some of the rows."""
        return Samples(
            self.windows.select(rows), self.targets[rows], self.weights[rows]
        )

    def scored(self):
        """Return all targets that are scored, (n_rows, n_targets), and their weights.

        Of every step that exists, or of every window.
        """
        if self.targets.ndim < 3:
            return self.targets, self.weights
        step_mask = make_step_mask(self.windows)
        weights = self.weights if self.weights.ndim > 1 else self.weights[:, None]
        return self.targets[step_mask], np.broadcast_to(weights, step_mask.shape)[
            step_mask
        ]


def without_zero_weights(samples):
    """Leave out what does not count, so that a weight of 0 is as good as no row."""
    counts = samples.window_weights > 0
    if not counts.any():
        raise ValueError(
            "Every sample weight is zero: there is nothing to learn from. Give at "
            "least one window a weight above zero."
        )
    n_padding, n_timesteps = samples.windows.n_padding, samples.windows.values.shape[1]
    if n_padding is not None and (n_padding[counts] == n_timesteps).all():
        raise ValueError(
            "Every window of X that has a weight above zero is all NaN: there is no "
            "step to learn from. Pass at least one reading."
        )
    rows = np.flatnonzero(counts)
    first, last = rows[0], rows[-1]
    # A run of rows is a view, others are a copy.
    is_run = last - first + 1 == len(rows)
    return samples.take(slice(first, last + 1) if is_run else rows)


def without_empty_windows(samples):
    """Leave out windows without a step, which have no target to be scored."""
    has_steps = make_step_mask(samples.windows).any(axis=1)
    return samples if has_steps.all() else samples.take(has_steps)


def split_off_last(samples, fraction):
    """Part samples in time order into those to learn from and the last ones.

    Windows that share readings with the first window set aside are left out of both,
    so that nothing learnt from has been seen by what judges it.

    Parameters
    ----------
    samples : Samples
        Samples in time order.
    fraction : float
        Share of the samples to set aside, in (0, 1).

    Returns
    -------
    training : Samples
        The first ones.
    validation : Samples
        The last ones.

    Raises
    ------
    ValueError
        If either part would be empty.
    """
    n_samples = len(samples.targets)
    n_validation = int(np.ceil(fraction * n_samples))
    start = n_samples - n_validation
    n_shared = 0  # of codes, windows are sequences of their own
    if samples.windows.n_codes is None:
        n_shared = _n_windows_overlapping(samples.windows.values, start)
    if start - n_shared < 1:
        raise ValueError(
            f"Early stopping leaves nothing to learn from: of {n_samples} windows "
            f"{n_validation} are set aside to judge by, and {n_shared} before them "
            "share readings with those. Lower validation_fraction, use shorter "
            "windows, pass X_val and y_val, or set early_stopping=False."
        )
    return samples.take(slice(start - n_shared)), samples.take(slice(start, None))


def split_off_share(samples, fraction, strata, random_state):
    """Part samples at random into those to learn from and a share of each stratum.

    Parameters
    ----------
    samples : Samples
        Samples in any order.
    fraction : float
        Share of the samples to set aside, in (0, 1).
    strata : ndarray of int of shape (n_windows,)
        To which part of the whole each sample belongs.
    random_state : RandomState
        Source of the random numbers.

    Returns
    -------
    training : Samples
        Those to learn from, at least one of each stratum, in their order.
    validation : Samples
        The share set aside, as near as whole samples come.

    Raises
    ------
    ValueError
        If either part would be empty.
    """
    is_set_aside = np.zeros(len(strata), bool)
    for stratum in np.unique(strata):
        rows = random_state.permutation(np.flatnonzero(strata == stratum))
        n_rows = min(round(fraction * len(rows)), len(rows) - 1)
        is_set_aside[rows[:n_rows]] = True
    if not is_set_aside.any():
        raise ValueError(
            f"Early stopping sets nothing aside to judge by: {fraction:g} of no class "
            "of y is a window or more. Raise validation_fraction, pass X_val and "
            "y_val, or set early_stopping=False."
        )
    training, validation = np.flatnonzero(~is_set_aside), np.flatnonzero(is_set_aside)
    return samples.take(training), samples.take(validation)


def _n_windows_overlapping(values, start):
    """How many windows before `start` share readings with the window there.

    Windows overlap where each is the one before it moved on by some steps; whether they
    do is read off the three windows that end at `start`.
    """
    n_timesteps = values.shape[1]
    last = values[max(0, start - 2) : start + 1]
    for stride in range(1, n_timesteps):
        moved_on, stayed = last[1:, :-stride], last[:-1, stride:]
        if len(moved_on) and np.array_equal(moved_on, stayed, equal_nan=True):
            return min(start, (n_timesteps - 1) // stride)
    return 0
