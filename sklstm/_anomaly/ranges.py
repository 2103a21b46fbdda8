"""Distances in units of the range of earlier rows."""

import numpy as np
import pandas as pd

from sklstm._anomaly.errors import MAX_ERROR


def extremes(values):
    """Return the minimum and the maximum of each column, (2, n_columns)."""
    return pd.DataFrame(values).agg(["min", "max"]).to_numpy()


def distances_from_range(values, bounds):
    """Compute the distance of each row from the middle of a range.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Values of the rows. NaN counts as distance 0.
    bounds : pair of ndarray of shape (n_columns,) or (n_rows, n_columns)
        Minimum and maximum of the range, NaN where it is unknown.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        Largest distance over the columns, in units of half the range. It is 1 at the
        minimum and the maximum.
    """
    minimum, maximum = bounds
    center, half = (minimum + maximum) / 2, (maximum - minimum) / 2
    # A constant column may change by rounding errors.
    half = np.where(half > 0, half, 1e-9 * np.maximum(1, np.abs(center)))
    with np.errstate(over="ignore"):
        distances = (np.abs(values - center) / half).clip(max=MAX_ERROR)
    return np.nan_to_num(distances).max(axis=1)


def distances_from_past_range(values, first_bounds, range_window):
    """Compute the distance of each row from the range of the rows before it.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Rows of one series in time order, NaN where a value is missing.
    first_bounds : ndarray of shape (2, n_columns)
        Minimum and maximum of the rows before the first one.
    range_window : int or None
        Number of rows that a range is computed on. If None, all rows before are used.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        Distances as in :func:`distances_from_range`.
    """
    past = pd.DataFrame(np.concatenate([first_bounds, values]))
    n_rows = len(past) if range_window is None else range_window
    past = past.rolling(n_rows, min_periods=1)
    # The range before row t ends with row t - 1; `first_bounds` are two rows.
    bounds = [bound.to_numpy()[1:-1] for bound in (past.min(), past.max())]
    return distances_from_range(values, bounds)
