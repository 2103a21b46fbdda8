"""Windows that end with each row of a table, and the rows to train and calibrate on."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


def rows_before(windower, table, mean):
    """Return the last stored row of each series that continues in a table.

    Parameters
    ----------
    windower : Windower
        Fitted windower.
    table : Table
        Rows whose missing values are NaN.
    mean : ndarray of shape (n_features,)
        Value of a feature in a series in which all its values are missing.

    Returns
    -------
    rows : dict of key to ndarray of shape (n_features,)
        Last rows. Series that do not follow the stored rows are left out.
    """
    table = fill_missing(table, mean, {})
    rows = {key: windower.row_before(table, key) for key in table.rows}
    return {key: row for key, row in rows.items() if row is not None}


def fill_missing(table, mean, rows_before):
    """Fill missing values with the last value before them.

    Parameters
    ----------
    table : Table
        Rows whose missing values are NaN.
    mean : ndarray of shape (n_features,)
        Value of a feature in a series in which all its values are missing.
    rows_before : dict of key to ndarray of shape (n_features,)
        Row before the first row of each series. Without such a row, missing values at
        the start of a series are filled with its first value.

    Returns
    -------
    table : Table
        Rows without missing values. The values are a copy if a value was missing.
    """
    if not np.isnan(table.values).any():
        return table
    values = table.values.copy()
    for key, rows in table.rows.items():
        filled = pd.DataFrame(values[rows]).ffill()
        if key in rows_before:
            filled = filled.fillna(pd.Series(rows_before[key]))
        values[rows] = filled.bfill()
    return table._replace(values=np.where(np.isnan(values), mean, values))


def windows_of_series(windower, table):
    """Yield the key and the windows of each series, one series at a time.

    Parameters
    ----------
    windower : Windower
        Fitted windower.
    table : Table
        Rows without missing values.

    Yields
    ------
    key : hashable
        Key of the series in the table.
    windows : ndarray of shape (n_rows_of_series, window_size + 1, n_features)
        Windows of the series. They are views of one copy of its rows.
    """
    for key in table.rows:
        yield key, windower.windows_of_series(table, key)


def warn_that_no_row_is_scored(n_rows, window_size):
    """Warn that no row has a complete window, so all rows are labelled normal."""
    warnings.warn(
        f"None of the {n_rows} rows of X can be scored, so all are labelled normal. To "
        f"score a row, the {window_size} rows before it must be known. Pass the rows "
        "before X to update, without X itself, or pass them as the first rows of X. If "
        "X directly follows the rows of fit, fit and predict with an index of times, "
        'or with context="assume_next".',
        UserWarning,
        stacklevel=4,
    )


class RowSplit(NamedTuple):
    """Rows of each series to train on, and the last rows to calibrate on.

    Attributes
    ----------
    training : dict of key to slice
        Positions within the series.
    calibration : dict of key to ndarray of int
        Positions within the table.
    """

    training: dict[Any, slice]
    calibration: dict[Any, np.ndarray]

    @property
    def n_training(self):
        """Number of training rows of all series."""
        return sum(rows.stop - rows.start for rows in self.training.values())

    @property
    def calibration_rows(self):
        """Calibration rows of all series, ndarray of int."""
        return np.concatenate(list(self.calibration.values()))


def split_rows(table, window_size, calibration_fraction):
    """Split the rows of each series into training rows and calibration rows.

    Parameters
    ----------
    table : Table
        Rows of one or several series.
    window_size : int
        Number of rows at the start of each series that have no complete window.
    calibration_fraction : float
        Fraction of the rows of each series, the last ones, to calibrate on.

    Returns
    -------
    split : RowSplit
        The rows.

    Raises
    ------
    ValueError
        If there is no training row, or there are fewer than two calibration rows.
    """
    training, calibration = {}, {}
    for key, rows_of_series in table.rows.items():
        rows = np.arange(len(table.values))[rows_of_series]
        end = len(rows) - int(np.ceil(calibration_fraction * len(rows)))
        training[key] = slice(window_size, max(window_size, end))
        calibration[key] = rows[max(window_size, end) :]
    split = RowSplit(training, calibration)
    if not split.n_training or len(split.calibration_rows) < 2:
        raise ValueError(
            f"X with n_samples={len(table.values)} is too short: window_size="
            f"{window_size} and calibration_fraction={calibration_fraction} leave "
            f"{split.n_training} rows to train on and {len(split.calibration_rows)} "
            "to calibrate on. Pass more rows or a smaller window_size."
        )
    return split
