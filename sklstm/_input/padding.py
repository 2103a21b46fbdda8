"""Sequences of unequal length, and which steps of a window are padding."""

import numpy as np

from sklstm._input.time_dtypes import time_columns


def is_ragged(data):
    """Whether data are sequences that do not form an array of numbers.

    Parameters
    ----------
    data : object
        X or y as a user passed it.

    Returns
    -------
    is_ragged : bool
        True for sequences of unequal length, and for an array or series whose items
        are sequences.
    """
    holds_objects = getattr(data, "ndim", 0) == 1 and data.dtype.kind == "O"
    if not isinstance(data, list | tuple) and not holds_objects:
        return False
    shapes = {_shape(item) for item in data}
    return () not in shapes and (holds_objects or len(shapes) > 1)


def pad(sequences, name, n_timesteps=None):
    """Convert sequences to windows of one length, with NaN before the shorter ones.

    Parameters
    ----------
    sequences : list of array-like of shape (n_timesteps_i, n_features) or \
            (n_timesteps_i,)
        Finite numbers in time order.
    name : str
        Name of the sequences in messages.
    n_timesteps : int or None, default=None
        Number of last steps of each sequence to keep. None keeps all steps.

    Returns
    -------
    windows : ndarray of shape (n_sequences, n_timesteps, n_features)
        The sequences. Each ends at the last time step. The dtype is float32 if all
        sequences are float32, otherwise float64.

    Raises
    ------
    ValueError
        If a sequence is empty, holds anything but finite numbers, or does not have as
        many features as the first one.
    """
    arrays = [as_series(s, f"{name}[{i}]") for i, s in enumerate(sequences)]
    for i, array in enumerate(arrays):
        _check_sequence(array, f"{name}[{i}]", arrays[0].shape[1], f"{name}[0]")
    length = n_timesteps or max(map(len, arrays))
    is_single = all(array.dtype == np.float32 for array in arrays)
    shape = (len(arrays), length, arrays[0].shape[1])
    windows = np.full(shape, np.nan, dtype=np.float32 if is_single else np.float64)
    for window, array in zip(windows, arrays, strict=True):
        kept = array[-length:]
        window[length - len(kept) :] = kept
    return windows


def as_series(X, name):
    """Convert numbers to an array of shape (n_timesteps, n_features)."""
    try:
        series = np.asarray(X)
    except ValueError as error:
        raise ValueError(
            f"The time steps of {name} have different numbers of features. Pass "
            "the same number of features for each step."
        ) from error
    if series.dtype.kind not in "biuf" or time_columns(X):
        raise ValueError(
            f"{name} must hold real numbers, got dtype {series.dtype}. Encode or drop "
            "the columns that hold anything else."
        )
    if series.ndim == 1:
        return series[:, np.newaxis]
    if series.ndim == 2:
        return series
    raise ValueError(
        f"{name} must have shape (n_timesteps,) or (n_timesteps, n_features), got "
        f"{series.shape}."
    )


def flatten_steps(y, step_mask):
    """Flatten the targets of all real steps, window by window.

    Parameters
    ----------
    y : array-like of shape (n_windows, n_timesteps) or (n_windows, n_timesteps, \
            n_outputs), or list of sequences
        Targets. An array may hold anything in the padding steps. A list of sequences
        has no targets for padding steps.
    step_mask : ndarray of bool of shape (n_windows, n_timesteps)
        True where a step is real.

    Returns
    -------
    steps : ndarray of shape (n_steps,) or (n_steps, n_outputs), or None
        Targets of the real steps. None if y is None.

    Raises
    ------
    ValueError
        If y does not have one target for each step, or if all steps are padding.
    """
    if y is None:
        return None
    if not step_mask.any():
        raise ValueError(
            "Every window of X is all NaN, so no step has a target. Pass at least one "
            "value."
        )
    lengths = step_mask.sum(axis=1)
    if is_ragged(y):
        parts = [np.asarray(part) for part in y]
        if [len(part) for part in parts] != lengths.tolist():
            raise _length_error(f"sequences of {_enumerate(map(len, parts))}", lengths)
        return np.concatenate(parts)
    y = np.asarray(y)
    if y.ndim not in (2, 3) or y.shape[:2] != step_mask.shape:
        raise _length_error(f"the shape {y.shape}", lengths)
    return y[step_mask]


def unflatten_steps(steps, step_mask):
    """Convert flat targets of steps to targets of windows, with zeros at padding steps.

    Parameters
    ----------
    steps : ndarray of shape (n_steps, n_targets)
        Targets that :func:`flatten_steps` returned.
    step_mask : ndarray of bool of shape (n_windows, n_timesteps)
        True where a step is real.

    Returns
    -------
    targets : ndarray of shape (n_windows, n_timesteps, n_targets)
        Targets of the windows.
    """
    targets = np.zeros((*step_mask.shape, *steps.shape[1:]))
    targets[step_mask] = steps
    return targets


def like_sequences(predictions, X):
    """Remove the padding from predictions of steps if X is a list of sequences."""
    if not is_ragged(X):
        return predictions
    return [
        prediction[len(prediction) - len(sequence) :]
        for prediction, sequence in zip(predictions, X, strict=True)
    ]


def _shape(item):
    """Return the shape of a sequence, and () for anything else."""
    try:
        return np.shape(item)
    except ValueError:  # the items of the sequence have unequal lengths
        return ()


def _check_sequence(array, name, n_features, first):
    """Raise unless a sequence has steps, finite values and `n_features` features."""
    if len(array) == 0:
        raise ValueError(f"{name} has no time steps. Drop it.")
    if array.shape[1] != n_features:
        raise ValueError(
            f"{name} has {array.shape[1]} features, but {first} has {n_features}. "
            "All sequences must have the same features."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} holds NaN or infinity. Fill the gaps, or cut the sequence there."
        )


def _enumerate(lengths):
    """List the first three lengths."""
    lengths = list(lengths)
    return ", ".join(map(str, lengths[:3])) + (", ..." if len(lengths) > 3 else "")


def _length_error(what, lengths):
    """Build the error for a y that does not have one target for each step."""
    return ValueError(
        f"y has {what}, but with pooling=None it must have a target for every step: X "
        f"has {len(lengths)} windows of {_enumerate(lengths)} steps. Pass an array of "
        "shape (n_windows, n_timesteps) or a list of sequences, or choose a pooling."
    )
