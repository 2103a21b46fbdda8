"""Means and scales, and windows brought to them without a copy per step."""

from typing import NamedTuple

import numpy as np
import torch

from sklstm._validation import distinct_readings, is_sliding_view

# A feature that moves less than this share of its mean is constant but for rounding.
CONSTANT = 1e-12


class Scale(NamedTuple):
    """What to subtract and what to divide by, one number per column."""

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, columns):
        """Bring columns, the last axis, to mean 0 and scale 1."""
        return (columns - self.mean) / self.scale


def identity_scale(n_columns):
    """Make a scale that changes nothing."""
    return Scale(np.zeros(n_columns), np.ones(n_columns))


def scale_of_columns(columns, weights):
    """Measure columns, (n_rows, n_columns), whose rows count as `weights` say."""
    return _measure(lambda: [(columns, weights)], "y")


def scale_of_windows(windows, weights):
    """Measure the readings of every feature over all steps that exist.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features).
    weights : ndarray of shape (n_windows,)
        What each window counts.

    Returns
    -------
    scale : Scale
        Weighted mean and standard deviation of every feature; 1 for the deviation of a
        feature that is constant.
    """
    return _measure(lambda: _readings(windows, weights), "X")


def _readings(windows, weights):
    """Yield rows of readings and what each counts, never all windows at once."""
    values, n_missing = windows
    n_timesteps = values.shape[1]
    if n_missing is None and is_sliding_view(values):
        # A reading counts for every window that it is in.
        ends = np.cumsum(np.concatenate([[0.0], weights, np.zeros(n_timesteps - 1)]))
        starts = np.concatenate([np.zeros(n_timesteps), ends[1:-n_timesteps]])
        yield distinct_readings(values), ends[1:] - starts
        return
    for step in range(n_timesteps):
        exists = slice(None) if n_missing is None else n_missing <= step
        yield values[exists, step], weights[exists]


def _measure(parts, name):
    """Weighted mean and standard deviation of rows that come in parts."""
    total = sum(weights.sum() for _, weights in parts())
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sum(weights @ rows for rows, weights in parts()) / total
        # Deviations as shares of the largest one: their squares stay in range.
        largest = np.max([_largest(rows, mean) for rows, _ in parts()], axis=0)
        shares = np.where(largest > CONSTANT * np.abs(mean), largest, np.inf)
        squares = sum(w @ np.square((rows - mean) / shares) for rows, w in parts())
        scale = np.where(np.isinf(shares), 1.0, largest * np.sqrt(squares / total))
    if not np.isfinite([mean, largest, scale]).all():
        raise ValueError(
            f"The numbers in {name} are too large to be scaled: they add up to more "
            "than a float64 can hold. Divide them by a constant."
        )
    return Scale(mean, scale)


def _largest(rows, mean):
    """Largest distance from the mean in every column; 0 where there are no rows."""
    return np.abs(rows - mean).max(axis=0, initial=0.0)


def windows_to_tensors(windows, scale, dtype, device="cpu"):
    """Scale windows and move them to PyTorch; a sliding view stays one.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features).
    scale : Scale
        Scale of the features.
    dtype : torch.dtype
        Precision of the result.
    device : torch.device or str, default="cpu"
        Where it shall live.

    Returns
    -------
    values : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Scaled windows, zero at steps that do not exist.
    n_missing : torch.Tensor of shape (n_windows,) or None
        How many steps at the start of each window do not exist.
    """
    values, n_missing = windows
    scaled = torch.tensor(
        scale.apply(distinct_readings(values)), dtype=dtype, device=device
    )
    if n_missing is not None:
        scaled.nan_to_num_()
        n_missing = torch.tensor(n_missing, device=device)
    if scaled.ndim == 2:
        scaled = scaled.unfold(0, values.shape[1], 1).transpose(1, 2)
    return scaled, n_missing
