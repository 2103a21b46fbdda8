"""Sequences of unequal length, and which steps of a window are padding."""

import numpy as np

from sklstm._input.arrays import unwrap
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
        True for sequences of unequal length, for empty sequences, and for an array or
        series whose items are sequences.
    """
    holds_objects = getattr(data, "ndim", 0) == 1 and data.dtype.kind == "O"
    if not isinstance(data, list | tuple) and not holds_objects:
        return False
    shapes = {_shape(item) for item in data}
    if () in shapes:
        return False
    are_empty = {shape[0] for shape in shapes} == {0}
    return holds_objects or len(shapes) > 1 or are_empty


def pad(sequences, name, n_timesteps=None, empty_width=None):
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
    empty_width : int or None, default=None
        Number of features if all sequences are empty. If None, none may be empty.

    Returns
    -------
    windows : ndarray of shape (n_sequences, n_timesteps, n_features)
        The sequences. Each ends at the last time step. The dtype is float32 if all
        sequences are float32, otherwise float64. There is at least one time step.

    Raises
    ------
    ValueError
        If a value of a sequence is not a finite number, if a sequence has another
        number of features than the first one, or if it is empty although this is not
        allowed.
    """
    arrays = read_sequences(sequences, name, allow_empty=empty_width is not None)
    width = next((array.shape[1] for array in arrays.values()), empty_width)
    length = n_timesteps or max(map(len, arrays.values()), default=1)
    is_single = all(array.dtype == np.float32 for array in arrays.values())
    shape = (len(sequences), length, width)
    windows = np.full(shape, np.nan, dtype=np.float32 if is_single else np.float64)
    for i, array in arrays.items():
        kept = array[-length:]
        windows[i, length - len(kept) :] = kept
    return windows


def read_sequences(sequences, name, allow_empty):
    """Check sequences and convert them to arrays.

    Parameters
    ----------
    sequences : list of array-like of shape (n_timesteps_i, n_features) or \
            (n_timesteps_i,)
        Finite numbers in time order.
    name : str
        Name of the sequences in messages.
    allow_empty : bool
        Whether sequences may be empty. They are then left out.

    Returns
    -------
    arrays : dict of int to ndarray of shape (n_timesteps_i, n_features)
        Sequences by their position.

    Raises
    ------
    ValueError
        As in :func:`pad`.
    """
    check_same_columns(sequences, name)
    ways_to_encode = (
        f"Convert sequences of tokens with sklstm.SequenceEncoder().fit_transform("
        f"list({name})). Encode or drop other columns."
    )
    arrays = {
        i: as_series(sequence, f"{name}[{i}]", ways_to_encode)
        for i, sequence in enumerate(sequences)
        if not allow_empty or len(sequence)
    }
    for i, array in arrays.items():
        _check_sequence(array, f"{name}[{i}]")
    _check_features(arrays, name)
    return arrays


def as_series(X, name, ways_to_encode="Encode or drop the columns of other values."):
    """Convert numbers to an array of shape (n_timesteps, n_features)."""
    try:
        series = np.asarray(unwrap(X, name))
    except ValueError as error:
        raise ValueError(
            f"The time steps of {name} have different numbers of features. Pass "
            "the same number of features for each step."
        ) from error
    if series.dtype.kind not in "biuf" or time_columns(X):
        raise ValueError(
            f"{name} must hold real numbers, got dtype {series.dtype}. {ways_to_encode}"
        )
    if series.ndim == 1:
        return series[:, np.newaxis]
    if series.ndim == 2:
        return series
    raise ValueError(
        f"{name} must have shape (n_timesteps,) or (n_timesteps, n_features), got "
        f"{series.shape}."
    )


def check_same_columns(sequences, name):
    """Raise if sequences are frames whose columns differ."""
    columns = [list(s.columns) for s in sequences if hasattr(s, "columns")]
    if any(names != columns[0] for names in columns):
        raise ValueError(
            f"The frames in {name} do not have the same columns in the same order. "
            f"Pass [frame[{name}[0].columns] for frame in {name}]."
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
        n_targets = [len(part) for part in parts]
        if n_targets != lengths.tolist():
            raise _length_error(_describe_lengths(n_targets, lengths), lengths)
        return np.concatenate(parts)
    _check_all_are_sequences(y)
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


def _check_features(arrays, name):
    """Raise unless all sequences have as many features as the first one.

    Parameters
    ----------
    arrays : dict of int to ndarray of shape (n_timesteps_i, n_features)
        Sequences by their position.
    name : str
        Name of the sequences in messages.
    """
    are_transposed = len({len(array) for array in arrays.values()}) == 1
    first = next(iter(arrays), None)
    for i, array in arrays.items():
        n_features = arrays[first].shape[1]
        if array.shape[1] != n_features:
            way_out = (
                "If they have shape (n_features, n_timesteps_i), pass "
                f"[np.transpose(x) for x in {name}]."
            )
            raise ValueError(
                f"{name}[{i}] has {array.shape[1]} features, but {name}[{first}] has "
                f"{n_features}. All sequences must have the same features. "
                + (way_out if are_transposed else "")
            )


def _check_sequence(array, name):
    """Raise unless a sequence has steps and finite values."""
    if len(array) == 0:
        raise ValueError(
            f"{name} has no time steps. Drop it, and its target if there is one. Empty "
            "sequences are only accepted in predictions."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} holds NaN or infinity. Fill the gaps, or cut the sequence there."
        )


def _enumerate(lengths):
    """List the first three lengths."""
    lengths = list(lengths)
    return ", ".join(map(str, lengths[:3])) + (", ..." if len(lengths) > 3 else "")


def _check_all_are_sequences(y):
    """Raise if some items of a list are sequences and others are not."""
    if not isinstance(y, list | tuple):
        return
    is_item = [_shape(item) == () for item in y]
    if any(is_item) and not all(is_item):
        row = is_item.index(True)
        raise ValueError(
            f"y[{row}] is {y[row]!r:.60}, but with pooling=None it must have a target "
            f"for every step of X[{row}]. Pass a sequence there, or drop this row of X "
            "and y."
        )


def _describe_lengths(n_targets, lengths):
    """Describe sequences of targets, by the first one of a wrong length if possible."""
    if len(n_targets) != len(lengths):
        return f"{len(n_targets)} sequences of {_enumerate(n_targets)} targets"
    row = np.flatnonzero(np.array(n_targets) != lengths)[0]
    return f"{n_targets[row]} targets in y[{row}] for {lengths[row]} steps in X[{row}]"


def _length_error(what, lengths):
    """Build the error for a y that does not have one target for each step."""
    return ValueError(
        f"y has {what}, but with pooling=None it must have a target for every step: X "
        f"has {len(lengths)} windows of {_enumerate(lengths)} steps. Pass an array of "
        'shape (n_windows, n_timesteps) or a list of sequences, or set pooling="last".'
    )
