"""Values of X as one array of sequences, and arrays of the same values in X's form."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._input.arrays import unwrap
from sklstm._input.check import count_axes
from sklstm._input.instances import holds_sequences, is_long, read_instances
from sklstm._input.padding import check_same_columns, is_ragged
from sklstm._input.windows import lag_cell, lag_layout


class SequenceData(NamedTuple):
    """Sequences that end at the last step, with names of their features and lags."""

    # NaN at the steps before shorter sequences, (n_sequences, n_timesteps, n_features).
    values: np.ndarray
    feature_names: np.ndarray  # (n_features,)
    lags: np.ndarray  # number of steps before the last one, (n_timesteps, n_features)
    # Converts an array of the shape of `values` to the form of X.
    like_X: Callable

    @property
    def is_step(self):
        """Whether a step is one of the sequence, (n_sequences, n_timesteps)."""
        return ~np.isnan(self.values).all(axis=2)


def read_sequence_data(X, columns=None):
    """Read the values of windows or sequences.

    Parameters
    ----------
    X : array-like or list of sequences
        Windows or sequences in any form that the estimators of this package accept.
    columns : sequence of str or None, default=None
        Names of the columns of flat windows, for an X without column names.

    Returns
    -------
    data : SequenceData
        The values, with the names of features and the lags.

    Raises
    ------
    ValueError
        If X does not hold windows of numbers.
    """
    X = unwrap(X, "X")
    if isinstance(X, list | tuple) or is_ragged(X):
        return _from_list(X)
    n_axes = count_axes(X, "X")
    if n_axes not in (2, 3):
        raise ValueError(
            f"X has {n_axes} dimensions, but windows have 3: (n_windows, n_timesteps, "
            "n_features), or 2 if there is one feature. Pass a single window as [X]."
        )
    if is_long(X) and holds_sequences(X):
        return _from_instances(X)
    return _from_windows(X, columns) if n_axes == 3 else _from_columns(X, columns)


def _from_windows(X, columns):
    """Read windows of shape (n_windows, n_timesteps, n_features)."""
    values = np.asarray(X, dtype=np.float64)
    names, lags = _default_names(values.shape)
    if columns is not None and len(columns) == lags.size:
        names, lags = _read_lag_names(columns, lags.shape)
    return SequenceData(values, names, lags, lambda array: array)


def _from_columns(X, columns):
    """Read flat windows: lag columns, or the steps of one feature."""
    columns = list(X.columns) if hasattr(X, "columns") else columns
    layout = None if columns is None else lag_layout(list(columns))
    array = np.asarray(X, dtype=np.float64)
    if layout is None:
        order, shape = np.arange(array.shape[1]), (len(array), array.shape[1], 1)
        names, lags = _default_names(shape)
    else:
        order, shape = layout.order, (len(array), layout.n_timesteps, layout.n_features)
        names, lags = _read_lag_names([columns[i] for i in order], shape[1:])

    def like_X(values):
        flat = np.empty(array.shape)
        flat[:, order] = values.reshape(array.shape)
        return _as_frame(flat, X) if hasattr(X, "columns") else flat

    return SequenceData(array[:, order].reshape(shape), names, lags, like_X)


def _as_frame(values, like):
    """Return a pandas frame with the columns and the rows of another frame."""
    index = like.index if isinstance(like, pd.DataFrame) else None
    return pd.DataFrame(values, index, list(like.columns))


def _from_list(X):
    """Read sequences that may have different lengths."""
    check_same_columns(X, "X")
    arrays = [_as_numbers(sequence, i) for i, sequence in enumerate(X)]
    lengths = [len(array) for array in arrays]
    widths = {array[0].size for array in arrays if len(array)}
    if len(widths) != 1:
        raise ValueError(
            "The sequences of X must have the same number of features, and at least "
            f"one of them must have time steps, got {sorted(widths)} features."
        )
    shape = len(arrays), max(lengths), *widths
    values = np.full(shape, np.nan)
    for i, array in enumerate(arrays):
        values[i, shape[1] - len(array) :] = array.reshape(len(array), -1)

    def like_X(values):
        parts = zip(values, arrays, X, strict=True)
        return [_like(v[shape[1] - len(a) :].reshape(a.shape), s) for v, a, s in parts]

    names, lags = _default_names(shape)
    if hasattr(X[0], "columns"):
        names = np.array(list(X[0].columns), dtype=object)
    return SequenceData(values, names, lags, like_X)


def _as_numbers(sequence, i):
    """Convert a sequence to an array of numbers of one or two axes."""
    try:
        array = np.asarray(unwrap(sequence, f"X[{i}]"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"X[{i}] is {sequence!r:.60}, but the steps of a sequence must be numbers. "
            "Pass texts and tokens to a Pipeline that starts with SequenceEncoder."
        ) from error
    if array.ndim not in (1, 2):
        raise ValueError(
            f"X[{i}] has {array.ndim} dimensions, but a sequence must have shape "
            "(n_timesteps,) or (n_timesteps, n_features). Pass a single window as [X]."
        )
    return array


def _like(values, sequence):
    """Return values as a frame if a sequence is one."""
    return _as_frame(values, sequence) if hasattr(sequence, "columns") else values


def _from_instances(X):
    """Read a frame with a MultiIndex (instance, time)."""
    instances = read_instances(X)
    values = instances.to_windows(X.to_numpy(dtype=np.float64))
    _, lags = _default_names(values.shape)
    names = np.array(list(X.columns), dtype=object)

    def like_X(values):
        return _as_frame(instances.to_rows(values), X)

    return SequenceData(values, names, lags, like_X)


def _default_names(shape):
    """Return the names x0, x1, ... of features, and the lags of windows of a shape."""
    _, n_timesteps, n_features = shape
    names = np.array([f"x{i}" for i in range(n_features)], dtype=object)
    lags = np.arange(n_timesteps - 1, -1, -1)[:, None]
    return names, np.repeat(lags, n_features, axis=1)


def _read_lag_names(columns, shape):
    """Return the names of features and the lags of lag columns, step by step."""
    cells = [lag_cell(column) for column in columns]
    names = [feature or "x0" for feature, _ in cells[: shape[1]]]
    lags = np.array([lag for _, lag in cells]).reshape(shape)
    return np.array(names, dtype=object), lags
