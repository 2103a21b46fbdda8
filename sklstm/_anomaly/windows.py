"""Windows that end with each row of a table, and the rows to train and calibrate on."""

from typing import Any, NamedTuple

import numpy as np

from sklstm._input.table import forward_fill, replace_values


def fill_missing(X, table, mean):
    """Fill missing values of X with the last value before them.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        Rows as passed by the user.
    table : Table
        The same rows as a table.
    mean : ndarray of shape (n_features,)
        Value of a feature in a series in which all its values are missing.

    Returns
    -------
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        A copy if a value is missing, otherwise X itself.
    """
    if not np.isnan(table.values).any():
        return X
    return replace_values(X, table, forward_fill(table, mean))


def windows_of_series(transformer, X, table):
    """Yield the key and the windows of each series, one series at a time.

    Parameters
    ----------
    transformer : SlidingWindowTransformer
        Fitted transformer.
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        Rows without missing values.
    table : Table
        The same rows as a table.

    Yields
    ------
    key : hashable
        Key of the series in the table.
    windows : ndarray of shape (n_rows_of_series, window_size + 1, n_features)
        Windows of the series. They are views of one copy of its rows.
    """
    for key, rows in table.rows.items():
        part = X if key is None else getattr(X, "iloc", X)[rows]
        yield key, transformer.transform(part)


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
