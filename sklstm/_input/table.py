"""Take X apart: the numbers, the times of the rows and the series they belong to."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, validate_data

from sklstm._input.check import FLOATS, count_axes, refuse_dates, strings_refused
from sklstm._input.row_times import (
    check_increasing,
    read_clocks,
    read_index,
    series_keys,
    series_rows,
)


class Table(NamedTuple):
    """What a transformer takes from X.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The readings, without time and groups.
    columns : ndarray of shape (n_features,)
        Their positions in X.
    clocks : dict of str to ndarray of shape (n_rows,)
        The times of the rows; empty if there are none.
    rows : dict of key to slice or ndarray of int
        The rows of every series; the only key is None if X is one series.
    """

    values: np.ndarray
    columns: np.ndarray
    clocks: dict
    rows: dict

    def series(self, key):
        """Return the values and the clocks of one series."""
        rows = self.rows[key]
        clocks = {name: clock[rows] for name, clock in self.clocks.items()}
        return self.values[rows], clocks


def read_table(estimator, X, *, reset, ensure_all_finite=True):
    """Check X and take it apart.

    Parameters
    ----------
    estimator : estimator instance
        Has the parameters ``time``, ``groups`` and ``context``; learns the number and
        the names of the columns of X if `reset`.
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        As a user passed it.
    reset : bool
        Whether this is `fit`.
    ensure_all_finite : bool or "allow-nan", default=True
        Whether every reading must be there.

    Returns
    -------
    table : Table
        X taken apart.

    Raises
    ------
    ValueError
        If X has no feature, or its rows do not increase in time and ``context`` is not
        None.
    """
    _check_axes(count_axes(X, "X"))
    with strings_refused("X"):
        if estimator.time is None and estimator.groups is None:
            refuse_dates(X, "X")
            values = validate_data(
                estimator,
                X,
                reset=reset,
                dtype=FLOATS,
                ensure_all_finite=ensure_all_finite,
            )
            columns, times, keys = np.arange(values.shape[1]), None, None
        else:
            values, columns, times, keys = _take_columns(
                estimator, X, reset, ensure_all_finite
            )
    if isinstance(X, pd.DataFrame) and keys is None:
        keys = series_keys(X.index)
    rows = series_rows(keys, len(values))
    clocks = {} if estimator.context is None else _clocks(estimator, X, times)
    if clocks:
        _check_order(estimator, X, times, clocks, rows)
    return Table(values, columns, clocks, rows)


def carried_on(table, mean):
    """Put the last reading there in place of missing ones.

    Parameters
    ----------
    table : Table
        Readings, NaN where one is missing.
    mean : ndarray of shape (n_features,)
        In place of all readings of a feature that a series has none of.

    Returns
    -------
    values : ndarray of shape (n_rows, n_features)
        Readings, series by series from what was known; before the first one it stands
        itself.
    """
    values = table.values.copy()
    for rows in table.rows.values():
        values[rows] = pd.DataFrame(values[rows]).ffill().bfill()
    return np.where(np.isnan(values), mean, values)


def with_values(X, table, values):
    """Put other values in place of those that were taken from X."""
    if isinstance(X, pd.DataFrame):
        X = X.copy()
        for column, numbers in zip(table.columns, values.T, strict=True):
            X.isetitem(column, numbers)
        return X
    X = np.array(X)
    X[:, table.columns] = values
    return X


def _check_axes(n_axes):
    """Refuse what is no table."""
    if n_axes != 2:
        raise ValueError(
            f"X has {n_axes} dimensions; a table with one row per time step has 2. "
            "Reshape your data: a series of one feature with X.reshape(-1, 1), or "
            "X.to_frame() in pandas. Windows of 3 dimensions are cut already."
        )


def _check_order(estimator, X, times, clocks, rows):
    """Raise unless the rows of every series increase by the first clock."""
    order = next(iter(clocks.values()))
    labels = X.index if times is None else times
    source = "The index of X" if times is None else f"The column {estimator.time!r}"
    for positions in rows.values():
        check_increasing(order[positions], lambda at=positions: labels[at], source)


def _take_columns(estimator, X, reset, ensure_all_finite):
    """Split the columns of X into features, time and groups."""
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    checks = {"estimator": estimator, "input_name": "X"}
    if not hasattr(X, "columns"):
        X = check_array(X, dtype=None, ensure_all_finite=False, **checks)
    time = _position(estimator, "time")
    groups = _position(estimator, "groups")
    if time == groups:
        raise ValueError(
            f"time and groups name the same column, {estimator.time!r}. Pass two "
            "columns, or leave one of them None."
        )
    kept = np.setdiff1d(
        np.arange(X.shape[1]), [i for i in (time, groups) if i is not None]
    )
    if len(kept) == 0:
        raise ValueError(
            "X has no columns but those of time and groups, so windows would be empty. "
            "Pass at least one feature beside them."
        )
    cells = getattr(X, "iloc", X)
    refuse_dates(cells[:, kept], "X")
    values = check_array(
        cells[:, kept], dtype=FLOATS, ensure_all_finite=ensure_all_finite, **checks
    )
    return values, kept, _labels(cells, time), _labels(cells, groups)


def _position(estimator, parameter):
    """Find the column of X that `time` or `groups` names; None if they do not."""
    column = getattr(estimator, parameter)
    n_columns = estimator.n_features_in_
    if column is None:
        return None
    if isinstance(column, str):
        names = list(getattr(estimator, "feature_names_in_", []))
        if column in names:
            return names.index(column)
        raise ValueError(
            f"{parameter}={column!r} is no column of X, whose columns are named "
            f"{names}. Pass a name of these, or the position of a column."
        )
    if -n_columns <= column < n_columns:
        return column % n_columns
    raise ValueError(
        f"{parameter}={column} is no column of X, which has {n_columns}. Pass a "
        f"position from 0 to {n_columns - 1}."
    )


def _labels(cells, position):
    """Read one column of X as an index; None if there is none."""
    if position is None:
        return None
    column = cells[:, position]
    return pd.Index(column if isinstance(column, pd.Series) else np.asarray(column))


def _clocks(estimator, X, times):
    """Read the times of the rows from the time column or else the index."""
    if times is None:
        return read_index(X.index) if isinstance(X, pd.DataFrame) else {}
    clocks = read_clocks(times)
    if not clocks:
        raise ValueError(
            f"time={estimator.time!r} must name a column of dates or numbers, got "
            f"dtype {times.dtype}. Convert it, for example with pd.to_datetime."
        )
    return clocks
