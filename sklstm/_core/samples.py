"""Windows with their targets and weights, and how validation windows are held out."""

from typing import NamedTuple

import numpy as np
import torch

from sklstm._input.check import Windows
from sklstm._input.instances import as_list
from sklstm._input.padding import flatten_steps
from sklstm._nn import masking
from sklstm._nn.batches import flatten_targets


class Samples(NamedTuple):
    """Windows, their targets and their weights, with one row per window."""

    windows: Windows
    # (n_windows, n_targets), or for each step (n_windows, n_timesteps, n_targets). The
    # targets of an autoencoder are the array of the windows itself.
    targets: np.ndarray
    # (n_windows,), or for each step (n_windows, n_timesteps), or for each target of a
    # window (n_windows, n_targets).
    weights: np.ndarray

    @property
    def n_targets(self):
        """Number of targets of a window or a step."""
        return self.targets.shape[-1]

    @property
    def are_windows_targets(self):
        """Whether the windows themselves are the targets."""
        return self.targets is self.windows.values

    @property
    def window_weights(self):
        """Weight of each window, (n_windows,)."""
        return self.weights if self.weights.ndim == 1 else self.weights.mean(axis=1)

    @property
    def n_weighted(self):
        """Number of windows with a positive weight."""
        return int((self.window_weights > 0).sum())

    def select(self, rows):
        """Select some of the samples. The result is a view if `rows` is a slice."""
        windows = self.windows.select(rows)
        targets = windows.values if self.are_windows_targets else self.targets[rows]
        return Samples(windows, targets, self.weights[rows])

    def flat_targets(self):
        """Return the targets of all windows or real steps, and their weights.

        Returns
        -------
        targets : ndarray of shape (n_rows, n_targets)
            Targets, one row for each window or for each real step of all windows.
        weights : ndarray of shape (n_rows,) or (n_rows, n_targets)
            Weight of each row or of each target.
        """
        if self.targets.ndim < 3:
            return self.targets, self.weights
        step_mask = make_step_mask(self.windows)
        return flatten_targets(self.targets, self.weights, step_mask)


def make_step_mask(windows):
    """Return a mask of the real steps of windows, (n_windows, n_timesteps)."""
    n_windows, n_timesteps, _ = windows.values.shape
    n_padding = windows.n_padding
    if n_padding is None:
        return np.ones((n_windows, n_timesteps), bool)
    return masking.make_step_mask(n_timesteps, torch.tensor(n_padding)).numpy()


def with_weights_of_targets(samples):
    """Replace missing targets (NaN) by 0, and set their weights to 0.

    Parameters
    ----------
    samples : Samples
        Windows with a weight for each window.

    Returns
    -------
    samples : Samples
        Windows with a weight for each target, or for each step if steps have targets.
    """
    is_observed = ~np.isnan(samples.targets)
    targets = np.where(is_observed, samples.targets, 0.0)
    if targets.ndim > 2:
        is_observed = is_observed.all(axis=2)
    return samples._replace(
        targets=targets, weights=samples.weights[:, None] * is_observed
    )


def without_zero_weights(samples):
    """Remove windows of weight 0, so that they have no influence at all.

    Parameters
    ----------
    samples : Samples
        Windows with their weights.

    Returns
    -------
    samples : Samples
        Windows with a positive weight. They are a view if they are consecutive, and a
        copy otherwise.

    Raises
    ------
    ValueError
        If no window is left, or if all windows that are left are padding.
    """
    is_kept = samples.window_weights > 0
    if not is_kept.any():
        raise ValueError(
            "Every sample weight is zero, so there is nothing to learn. Give at least "
            "one window a positive weight."
        )
    n_padding, n_timesteps = samples.windows.n_padding, samples.windows.values.shape[1]
    if n_padding is not None and (n_padding[is_kept] == n_timesteps).all():
        raise ValueError(
            "Every window of X with a positive weight is all NaN, so there is nothing "
            "to learn. Pass at least one window with values."
        )
    first, stop = is_kept.argmax(), len(is_kept) - is_kept[::-1].argmax()
    # Consecutive rows are selected as a view, others as a copy.
    is_run = is_kept[first:stop].all()
    return samples.select(slice(first, stop) if is_run else np.flatnonzero(is_kept))


def without_empty_windows(samples):
    """Remove windows that are all padding, because they have no target."""
    has_steps = make_step_mask(samples.windows).any(axis=1)
    return samples if has_steps.all() else samples.select(has_steps)


def split_off_last(samples, fraction):
    """Split samples in time order and hold out the last ones for validation.

    Windows that come before the first validation window and overlap it are in neither
    part. Training and validation windows then share no values.

    Parameters
    ----------
    samples : Samples
        Samples in time order.
    fraction : float
        Fraction of the samples to hold out for validation, in (0, 1).

    Returns
    -------
    training : Samples
        The first samples.
    validation : Samples
        The last samples.

    Raises
    ------
    ValueError
        If no training sample is left.
    """
    n_samples = len(samples.weights)
    n_validation = int(np.ceil(fraction * n_samples))
    start = n_samples - n_validation
    n_overlapping = 0  # windows of token codes are separate sequences
    if samples.windows.n_codes is None:
        n_overlapping = _n_windows_overlapping(samples.windows.values, start)
    if start - n_overlapping < 1:
        raise ValueError(
            f"Early stopping leaves no training window. Of {n_samples} windows, "
            f"{n_validation} are held out for validation and {n_overlapping} are "
            "dropped because they overlap the validation windows. Lower "
            "validation_fraction, use shorter windows, pass validation windows as "
            "X_val, or set early_stopping=False."
        )
    training = samples.select(slice(start - n_overlapping))
    return training, samples.select(slice(start, None))


def split_off_stratified(samples, fraction, strata, random_state):
    """Split samples at random and hold out the same fraction of each stratum.

    Parameters
    ----------
    samples : Samples
        Samples in any order.
    fraction : float
        Fraction of the samples to hold out for validation, in (0, 1).
    strata : ndarray of int of shape (n_windows,)
        Stratum of each sample, as a number.
    random_state : RandomState
        Source of the random numbers.

    Returns
    -------
    training : Samples
        Training samples in their original order, at least one of each stratum.
    validation : Samples
        Held-out samples in their original order. Their number is `fraction` of the
        samples of each stratum, rounded.

    Raises
    ------
    ValueError
        If no sample would be held out.
    """
    is_held_out = np.zeros(len(strata), bool)
    for stratum in np.unique(strata):
        rows = random_state.permutation(np.flatnonzero(strata == stratum))
        n_rows = min(round(fraction * len(rows)), len(rows) - 1)
        is_held_out[rows[:n_rows]] = True
    if not is_held_out.any():
        raise ValueError(
            "Early stopping leaves no window for validation: every class of y has too "
            f"few windows to hold out {fraction:g} of them. Raise validation_fraction, "
            "pass X_val and y_val, or set early_stopping=False."
        )
    training, validation = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    return samples.select(training), samples.select(validation)


def _n_windows_overlapping(values, start):
    """Count the windows before `start` that overlap the window at `start`.

    Windows overlap if each window is the window before it, shifted by some steps. Only
    the window at `start` and the two windows before it are compared.
    """
    n_timesteps = values.shape[1]
    last = values[max(0, start - 2) : start + 1]
    for stride in range(1, n_timesteps):
        shifted, original = last[1:, :-stride], last[:-1, stride:]
        if len(shifted) and np.array_equal(shifted, original, equal_nan=True):
            return min(start, (n_timesteps - 1) // stride)
    return 0


def flatten_rows(y, step_mask, instances):
    """Flatten the targets of all real steps, window by window."""
    if instances is not None and instances.has_all_rows(y):
        return np.asarray(y)[instances.order]
    return flatten_steps(y, step_mask)


def check_n_rows(windows, targets, instances):
    """Raise unless each window has a target."""
    n_windows, n_targets = len(windows.values), len(targets)
    if n_windows == n_targets:
        return
    if instances is None:
        raise ValueError(
            f"X has {n_windows} windows, but y has {n_targets} targets. Pass one "
            "target per window. Only a pandas frame with a MultiIndex (instance, time) "
            "has several rows per window; a scaler keeps this index after "
            'set_output(transform="pandas").'
        )
    raise ValueError(
        f"X has {n_windows} sequences, one for each instance in its MultiIndex, but y "
        f"has {n_targets} targets. Pass one target per sequence. For a target per row, "
        "use a pipeline of SlidingWindowTransformer and this estimator, or set "
        "pooling=None. If each row of X is a window, pass X.reset_index(drop=True). "
        "Tools of scikit-learn that split X need a list of sequences: "
        f"{as_list(instances.index)}."
    )


def check_n_targets(samples, n_targets):
    """Raise if the number of targets differs from that of the network."""
    if samples.n_targets != n_targets:
        raise ValueError(
            f"y has {samples.n_targets} targets per window, but the network has "
            f"{n_targets}. Pass as many as in the first y."
        )
