"""Means and scales, and windows brought to them without a copy per step."""

from typing import NamedTuple

import numpy as np
import torch

from sklstm._input.windows import distinct_values, is_sliding_view

# A feature that moves less than this share of its mean is constant but for rounding.
CONSTANT = 1e-12

# Numbers to convert at once.
BLOCK_NUMBERS = 2**16


class Scale(NamedTuple):
    """What to subtract and what to divide by, one number per column."""

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, columns):
        """Bring columns, the last axis, to mean 0 and scale 1."""
        scaled = columns - self.mean
        scaled /= self.scale  # another array would cost more than this
        return scaled


def identity_scale(n_columns):
    """Make a scale that changes nothing."""
    return Scale(np.zeros(n_columns), np.ones(n_columns))


def scale_of_columns(columns, weights):
    """Measure columns, (n_rows, n_columns), whose rows count as `weights` say."""
    return _measure(lambda: [(columns, weights)], columns.shape[1], "y")


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
    n_features = windows.values.shape[2]
    return _measure(lambda: _readings(windows, weights), n_features, "X")


def _readings(windows, weights):
    """Yield rows of readings, of one step or several, and what each row counts.

    They come in parts, since in double precision all at once could fill the memory.
    """
    values, n_padding = windows.values, windows.n_padding
    n_windows, n_timesteps, n_features = values.shape
    if n_padding is not None:
        for step in range(n_timesteps):
            step_mask = n_padding <= step
            yield values[step_mask, step], weights[step_mask]
    elif is_sliding_view(values):
        # A reading counts for every window that it is in.
        ends = np.cumsum(np.concatenate([[0.0], weights, np.zeros(n_timesteps - 1)]))
        starts = np.concatenate([np.zeros(n_timesteps), ends[1:-n_timesteps]])
        readings, counts = distinct_values(values), ends[1:] - starts
        for block in blocks(len(readings), n_features):
            yield readings[block], counts[block]
    else:
        for block in blocks(n_windows, n_timesteps * n_features):
            yield values[block].reshape(-1, n_timesteps * n_features), weights[block]


def blocks(n_rows, n_columns):
    """Cut rows into slices of some hundred kilobytes, as double precision takes."""
    size = max(1, BLOCK_NUMBERS // n_columns)
    return (slice(start, start + size) for start in range(0, n_rows, size))


def _measure(parts, n_features, name):
    """Weighted mean and standard deviation of features; rows may repeat them."""

    def features(sums):
        return sums.reshape(-1, n_features)

    total = sum(w.sum() * len(features(rows[0])) for rows, w in parts() if len(rows))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sum(features(w @ rows).sum(axis=0) for rows, w in parts()) / total
        # Deviations as shares of the largest one: their squares stay in range.
        largest = np.zeros(n_features)
        for rows, _ in parts():
            distance = np.abs(_deviations(rows, mean)).max(axis=0, initial=0.0)
            largest = np.maximum(largest, features(distance).max(axis=0))
        shares = np.where(largest > CONSTANT * np.abs(mean), largest, np.inf)
        squares = sum(
            features(w @ np.square(_deviations(rows, mean, shares))).sum(axis=0)
            for rows, w in parts()
        )
        scale = np.where(np.isinf(shares), 1.0, largest * np.sqrt(squares / total))
    if not np.isfinite([mean, largest, scale]).all():
        raise ValueError(
            f"The numbers in {name} are too large to be scaled: they add up to more "
            "than a float64 can hold. Divide them by a constant."
        )
    return Scale(mean, scale)


def _deviations(rows, mean, unit=1.0):
    """Distance of readings from the mean of their feature, in units."""
    n_repeats = rows.shape[1] // len(mean)
    unit = np.broadcast_to(unit, mean.shape)
    return (rows - np.tile(mean, n_repeats)) / np.tile(unit, n_repeats)


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
    n_padding : torch.Tensor of shape (n_windows,) or None
        How many steps at the start of each window do not exist.
    """
    values, n_padding = windows.values, windows.n_padding
    readings = distinct_values(values)
    scaled = torch.empty(readings.shape, dtype=dtype)
    with np.errstate(over="ignore"):
        for block in blocks(len(readings), readings[0].size):
            scaled[block] = torch.from_numpy(scale.apply(readings[block]))
    if n_padding is not None:
        scaled.masked_fill_(scaled.isnan(), 0.0)
    if not scaled.sum().isfinite() and not scaled.isfinite().all():
        raise ValueError(
            f"X has readings that {str(dtype)[6:]} cannot hold once scaled by those "
            'seen in fit. Pass dtype="float64", or look for outliers in X.'
        )
    scaled = scaled.to(device)
    if n_padding is not None:
        n_padding = torch.tensor(n_padding, device=device)
    if scaled.ndim == 2:
        scaled = scaled.unfold(0, values.shape[1], 1).transpose(1, 2)
    return scaled, n_padding
