"""Find values of windows that are not finite, and count the padding steps."""

import math

import numpy as np
from sklearn import get_config


def assumes_finite():
    """Whether the user has configured scikit-learn not to look for NaN and infinity."""
    return get_config()["assume_finite"]


def sum_is_finite(values):
    """Whether the sum of values is finite. If it is, all values are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(values.sum())


def count_padding(values):
    """Count the steps at the start of each window in which all features are NaN."""
    is_padding = np.ones(len(values), dtype=bool)
    n_padding = np.zeros(len(values), dtype=np.intp)
    # A mask of all windows could be larger than the series, so go step by step.
    for step in range(values.shape[1]):
        is_padding &= np.isnan(values[:, step]).all(axis=1)
        if not is_padding.any():
            break
        n_padding += is_padding
    return n_padding


def check_finite(values, n_padding, as_list=None):
    """Raise if a value after the padding is not finite.

    Parameters
    ----------
    values : ndarray of shape (n_windows, n_timesteps, n_features)
        Values of the windows.
    n_padding : ndarray of int of shape (n_windows,)
        Number of padding steps of each window.
    as_list : str or None, default=None
        Code that drops the steps without values from X.
    """
    for step in range(values.shape[1]):
        is_bad = ~np.isfinite(values[:, step]).all(axis=1) & (n_padding <= step)
        if is_bad.any():
            window = int(np.argmax(is_bad))
            raise ValueError(_describe_bad_value(values[window], window, step, as_list))


def _describe_bad_value(values, window, step, as_list):
    """Describe a value of a window that is not finite, and how to replace it."""
    bad = values[step][~np.isfinite(values[step])][0]
    kind = "NaN" if np.isnan(bad) else "infinity"
    is_missing = np.isnan(values).all(axis=1)
    n_values = len(values) - is_missing.sum()
    # All missing steps are at the end of the window, or all at its start.
    is_padded = is_missing[n_values:].all() or is_missing[:-n_values].all()
    if as_list and is_padded and is_missing[step] and n_values > 0:
        return (
            f"Input X contains NaN, in window {window} at step {step}. NaN is padding "
            "only in a 3-D X and at the start of a window. Pass a list of sequences of "
            f"different length instead: {as_list}."
        )
    return (
        f"Input X contains {kind}, in window {window} at step {step}. Fill in "
        "the value, or drop the window and its target. NaN is only allowed as padding: "
        "in all features of the first steps of a window, in a 3-D X or in lag columns "
        "such as sales__lag3."
    )
