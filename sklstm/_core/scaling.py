"""Mean and standard deviation of columns, of features and of steps, in NumPy."""

import math
from typing import NamedTuple

import numpy as np

from sklstm._input.plain import saved_as
from sklstm._input.windows import distinct_values, is_sliding_view

# A feature whose deviations are all below this fraction of its mean is constant, apart
# from rounding.
CONSTANT = 1e-12

# Number of values to convert at once.
BLOCK_NUMBERS = 2**16


@saved_as("scale")
class Scale(NamedTuple):
    """Scale of the columns: mean and standard deviation."""

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, columns):
        """Scale each column (last axis) to mean 0 and standard deviation 1."""
        scaled = columns - self.mean
        scaled /= self.scale  # in place, because a second array takes longer
        return scaled


def identity_scale(n_columns):
    """Return a scale that changes nothing."""
    return Scale(np.zeros(n_columns), np.ones(n_columns))


def scale_of_columns(columns, weights, name="y"):
    """Compute the scale of columns with a weight for each row.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        Columns of numbers.
    weights : ndarray of shape (n_rows,) or (n_rows, n_columns)
        Weight of each row, or of each number.
    name : str, default="y"
        Name of the columns in messages.

    Returns
    -------
    scale : Scale
        Weighted mean and standard deviation of each column. The standard deviation of a
        constant column is replaced by 1. If all weights of a column are 0, its mean is
        replaced by 0, too.
    """
    n_columns = columns.shape[1]

    def weighted_columns():
        for block in blocks(len(columns), n_columns):
            yield columns[block], weights[block]

    if weights.ndim == 1:
        return _compute_scale(weighted_columns, n_columns, name)
    parts = [
        _scale_of_weighted(*pair) for pair in zip(columns.T, weights.T, strict=True)
    ]
    return Scale(*map(np.concatenate, zip(*parts, strict=True)))


def _scale_of_weighted(column, weights):
    """Compute the scale of the numbers with positive weights, (n_rows,)."""
    is_used = weights > 0
    if not is_used.any():
        return identity_scale(1)
    return scale_of_columns(column[is_used, None], weights[is_used])


def scale_of_windows(windows, weights):
    """Compute the scale of each feature over all real steps.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features).
    weights : ndarray of shape (n_windows,)
        Weight of each window.

    Returns
    -------
    scale : Scale
        Weighted mean and standard deviation of each feature. The standard deviation of
        a constant feature is replaced by 1.
    """
    n_features = windows.values.shape[2]
    return _compute_scale(lambda: _weighted_values(windows, weights), n_features, "X")


def scale_of_steps(windows, weights):
    """Compute the scale of each feature at each time step over the windows.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features), without padding.
    weights : ndarray of shape (n_windows,)
        Weight of each window.

    Returns
    -------
    scale : Scale
        Weighted mean and standard deviation of each feature at each step, of shape
        (n_timesteps, n_features). The standard deviation of a feature that is constant
        at a step is replaced by 1.
    """
    n_windows, *shape = windows.values.shape
    n_columns = math.prod(shape)

    def flat_windows():
        for block in blocks(n_windows, n_columns):
            yield windows.values[block].reshape(-1, n_columns), weights[block]

    return Scale(
        *(x.reshape(shape) for x in _compute_scale(flat_windows, n_columns, "X"))
    )


def _weighted_values(windows, weights):
    """Yield blocks of the values of one or more steps, with the weight of each row.

    A float64 copy of all windows could exceed the memory.
    """
    values, n_padding = windows.values, windows.n_padding
    n_windows, n_timesteps, n_features = values.shape
    if n_padding is not None:
        for step in range(n_timesteps):
            is_real = n_padding <= step
            yield values[is_real, step], weights[is_real]
    elif is_sliding_view(values):
        series = distinct_values(values)
        for block in blocks(len(series), n_features):
            yield series[block], _weights_of_rows(block, weights, n_timesteps)
    else:
        for block in blocks(n_windows, n_timesteps * n_features):
            yield values[block].reshape(-1, n_timesteps * n_features), weights[block]


def _weights_of_rows(block, weights, n_timesteps):
    """Return the total weight of the windows that contain each row of a series.

    Parameters
    ----------
    block : slice
        Rows of the series.
    weights : ndarray of shape (n_windows,)
        Weight of each window. A window starts at each row but the last ones.
    n_timesteps : int
        Number of rows of a window.
    """
    n_windows = len(weights)
    rows = np.arange(block.start, min(block.stop, n_windows + n_timesteps - 1))
    first = np.maximum(rows + 1 - n_timesteps, 0)
    stop = np.minimum(rows + 1, n_windows)
    sums = np.concatenate([[0.0], np.cumsum(weights[first[0] : stop[-1]])])
    return sums[stop - first[0]] - sums[first - first[0]]


def blocks(n_rows, n_columns):
    """Return slices of rows that take a few hundred kilobytes each in float64."""
    size = max(1, BLOCK_NUMBERS // n_columns)
    return (slice(start, start + size) for start in range(0, n_rows, size))


def _compute_scale(parts, n_features, name):
    """Compute the scale of features from weighted rows, which may repeat the features.

    Parameters
    ----------
    parts : callable
        Function that returns an iterable of pairs: rows of shape (n_rows, n_repeats *
        n_features) and their weights. It is called for each pass over the data.
    n_features : int
        Number of features.
    name : str
        Name of the data in messages.

    Returns
    -------
    scale : Scale
        Weighted mean and standard deviation of each feature.

    Raises
    ------
    ValueError
        If a sum is beyond the range of float64.
    """

    def features(sums):
        return sums.reshape(-1, n_features)

    total = sum(w.sum() * len(features(rows[0])) for rows, w in parts() if len(rows))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sum(features(w @ rows).sum(axis=0) for rows, w in parts()) / total
        # Deviations are divided by the largest one, so that their squares stay finite.
        largest = np.zeros(n_features)
        for rows, _ in parts():
            distance = np.abs(_deviations(rows, mean)).max(axis=0, initial=0.0)
            largest = np.maximum(largest, features(distance).max(axis=0))
        units = np.where(largest > CONSTANT * np.abs(mean), largest, np.inf)
        squares = sum(
            features(w @ np.square(_deviations(rows, mean, units))).sum(axis=0)
            for rows, w in parts()
        )
        scale = np.where(np.isinf(units), 1.0, largest * np.sqrt(squares / total))
    if not np.isfinite([mean, largest, scale]).all():
        raise ValueError(
            f"The numbers in {name} are too large to be scaled: their sum is beyond "
            "the range of float64. Divide them by a constant."
        )
    return Scale(mean, scale)


def _deviations(rows, mean, unit=1.0):
    """Return the deviations of values from their feature's mean, divided by `unit`."""
    n_repeats = rows.shape[1] // len(mean)
    unit = np.broadcast_to(unit, mean.shape)
    return (rows - np.tile(mean, n_repeats)) / np.tile(unit, n_repeats)
