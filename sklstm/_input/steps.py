"""Targets for every step of a window, where others have one for the whole."""

import numpy as np

from sklstm._input.padding import is_ragged


def existing(windows):
    """Say which steps of windows exist, bool of shape (n_windows, n_timesteps)."""
    n_windows, n_timesteps, _ = windows.values.shape
    if windows.n_missing is None:
        return np.ones((n_windows, n_timesteps), bool)
    return np.arange(n_timesteps) >= windows.n_missing[:, None]


def steps_of(y, exists):
    """Lay targets of all steps that exist one after the other.

    Parameters
    ----------
    y : array-like of shape (n_windows, n_timesteps) or (n_windows, n_timesteps, \
            n_outputs), or list of sequences
        Targets. Of an array, those of steps that do not exist are not looked at; a list
        of sequences has none for them.
    exists : ndarray of bool of shape (n_windows, n_timesteps)
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
    if not exists.any():
        raise ValueError(
            "Every window of X is all NaN: there is no step whose target could be "
            "scored. Pass at least one reading."
        )
    lengths = exists.sum(axis=1)
    if is_ragged(y):
        parts = [np.asarray(part) for part in y]
        if [len(part) for part in parts] != lengths.tolist():
            raise _wrong_lengths(f"sequences of {_named(map(len, parts))}", lengths)
        return np.concatenate(parts)
    y = np.asarray(y)
    if y.ndim not in (2, 3) or y.shape[:2] != exists.shape:
        raise _wrong_lengths(f"the shape {y.shape}", lengths)
    return y[exists]


def by_window(steps, exists):
    """Put what belongs to steps back to their windows, zero where none exists.

    Parameters
    ----------
    steps : ndarray of shape (n_steps, n_targets)
        What :func:`steps_of` lays out.
    exists : ndarray of bool of shape (n_windows, n_timesteps)
        Which steps exist.

    Returns
    -------
    targets : ndarray of shape (n_windows, n_timesteps, n_targets)
        Targets of windows.
    """
    targets = np.zeros((*exists.shape, *steps.shape[1:]))
    targets[exists] = steps
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
