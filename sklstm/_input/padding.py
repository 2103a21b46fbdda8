"""Sequences of unequal length: which steps of a window exist."""

import numpy as np


def is_ragged(data):
    """Whether data are sequences, of unequal length or each an object of its own.

    Parameters
    ----------
    data : object
        What a user passes as X.

    Returns
    -------
    is_ragged : bool
        False for everything that is, or can become, an array of numbers.
    """
    holds_objects = getattr(data, "ndim", 0) == 1 and data.dtype.kind == "O"
    if not isinstance(data, list | tuple) and not holds_objects:
        return False
    shapes = {_shape(item) for item in data}
    return () not in shapes and (holds_objects or len(shapes) > 1)


def _shape(item):
    """Return the shape of a sequence, () where there is none."""
    try:
        return np.shape(item)
    except ValueError:  # ragged itself
        return ()


def padded(sequences, name, n_timesteps=None):
    """Put NaN in front of shorter sequences.

    Parameters
    ----------
    sequences : list of array-like of shape (n_timesteps_i, n_features) or \
            (n_timesteps_i,)
        Finite numbers in time order.
    name : str
        What to call them in messages.
    n_timesteps : int or None, default=None
        Steps to keep of each, the last ones; None keeps all.

    Returns
    -------
    windows : ndarray of shape (n_sequences, n_timesteps, n_features)
        The sequences, each ending at the last time step. float32 if all sequences are,
        else float64.

    Raises
    ------
    ValueError
        If a sequence is empty, holds anything but finite numbers or has another number
        of features than the first.
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
    """Read numbers as an array of shape (n_timesteps, n_features)."""
    series = np.asarray(X)
    if series.dtype.kind not in "biuf":
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


def _check_sequence(array, name, n_features, first):
    """Raise unless a sequence has steps, finite readings and `n_features`."""
    if len(array) == 0:
        raise ValueError(f"{name} has no time steps: leave it out.")
    if array.shape[1] != n_features:
        raise ValueError(
            f"{name} has {array.shape[1]} features, but {first} has {n_features}. "
            "All sequences need the same features."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} holds NaN or infinity. Fill the gaps, or cut the sequence there."
        )


def steps_of(y, step_mask):
    """Lay targets of all steps that exist one after the other.

    Parameters
    ----------
    y : array-like of shape (n_windows, n_timesteps) or (n_windows, n_timesteps, \
            n_outputs), or list of sequences
        Targets. Of an array, those of steps that do not exist are not looked at; a list
        of sequences has none for them.
    step_mask : ndarray of bool of shape (n_windows, n_timesteps)
        Which steps exist.

    Returns
    -------
    steps : ndarray of shape (n_steps,) or (n_steps, n_outputs)
        Targets, window by window.

    Raises
    ------
    ValueError
        If there is not one target for each step, or no step at all.
    """
    if y is None:
        return None
    if not step_mask.any():
        raise ValueError(
            "Every window of X is all NaN: there is no step whose target could be "
            "scored. Pass at least one reading."
        )
    lengths = step_mask.sum(axis=1)
    if is_ragged(y):
        parts = [np.asarray(part) for part in y]
        if [len(part) for part in parts] != lengths.tolist():
            raise _wrong_lengths(f"sequences of {_named(map(len, parts))}", lengths)
        return np.concatenate(parts)
    y = np.asarray(y)
    if y.ndim not in (2, 3) or y.shape[:2] != step_mask.shape:
        raise _wrong_lengths(f"the shape {y.shape}", lengths)
    return y[step_mask]


def by_window(steps, step_mask):
    """Put what belongs to steps back to their windows, zero where none exists.

    Parameters
    ----------
    steps : ndarray of shape (n_steps, n_targets)
        What :func:`steps_of` lays out.
    step_mask : ndarray of bool of shape (n_windows, n_timesteps)
        Which steps exist.

    Returns
    -------
    targets : ndarray of shape (n_windows, n_timesteps, n_targets)
        Targets of windows.
    """
    targets = np.zeros((*step_mask.shape, *steps.shape[1:]))
    targets[step_mask] = steps
    return targets


def in_kind(answers, X):
    """Give answers for sequences of unequal length the lengths of these."""
    if not is_ragged(X):
        return answers
    return [
        answer[len(answer) - len(one) :] for answer, one in zip(answers, X, strict=True)
    ]


def _named(lengths):
    """Name the first few lengths."""
    lengths = list(lengths)
    return ", ".join(map(str, lengths[:3])) + (", ..." if len(lengths) > 3 else "")


def _wrong_lengths(what, lengths):
    """Say that steps and targets are not as many."""
    return ValueError(
        f"y has {what}, but with pooling=None it must have a target for every step: X "
        f"has {len(lengths)} windows of {_named(lengths)} steps. Pass an array of "
        "shape (n_windows, n_timesteps) or a list of sequences, or choose a pooling."
    )
