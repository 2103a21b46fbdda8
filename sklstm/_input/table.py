"""Split X into the values, the times and the series of its rows."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, validate_data

from sklstm._input.arrays import unwrap
from sklstm._input.check import FLOATS, check_columns, count_axes
from sklstm._input.finite import assumes_finite, sum_is_finite
from sklstm._input.missing import way_to_replace_infinity, ways_to_fill
from sklstm._input.numbers import check_no_dates, check_numbers
from sklstm._input.row_times import (
    check_increasing,
    read_index,
    read_time_indexes,
    series_keys,
    series_rows,
)


class Table(NamedTuple):
    """The parts of X that a transformer needs.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The features, without the time and groups columns.
    columns : ndarray of shape (n_features,)
        Positions of the features in X.
    time_indexes : dict of str to ndarray of shape (n_rows,)
        Times of the rows, as in `sklstm._input.row_times`. Empty if X has no times.
    rows : dict of key to slice or ndarray of int
        Positions of the rows of each series. The only key is None if X is one series.
    labels : pandas.Index of shape (n_rows,)
        Times of the rows as the user passed them: the time column, the last level of
        the index, or positions.
    """

    values: np.ndarray
    columns: np.ndarray
    time_indexes: dict[str, np.ndarray]
    rows: dict[Any, slice | np.ndarray]
    labels: pd.Index

    @property
    def has_other_labels(self):
        """Whether the index of X holds labels that are not times, such as strings."""
        return not (self.time_indexes or isinstance(self.labels, pd.RangeIndex))

    def series(self, key):
        """Return the values and the time indexes of one series."""
        return self.values[self.rows[key]], self.times(key)

    def times(self, key):
        """Return the time indexes of one series."""
        rows = self.rows[key]
        return {name: index[rows] for name, index in self.time_indexes.items()}


def read_table(estimator, X, *, reset, ensure_all_finite=True, n_unused=0, used=False):
    """Check X and split it into its parts.

    Parameters
    ----------
    estimator : estimator instance
        Estimator with the parameters ``time``, ``groups`` and ``context``. If `reset`
        is True, the number and the names of the columns of X are stored in it.
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        Data that a user passed.
    reset : bool
        Whether the estimator is being fitted.
    ensure_all_finite : bool or "allow-nan", default=True
        Whether all values must be finite. With "allow-nan", they may also be NaN.
    n_unused : int, default=0
        Number of last rows of each series whose values are not used. They need not be
        finite.
    used : bool or ndarray of bool of shape (n_features,), default=False
        Features whose values are used even in these rows.

    Returns
    -------
    table : Table
        The parts of X.

    Raises
    ------
    ValueError
        If X has no feature, or if ``context`` is not None and the times do not increase
        from row to row.
    """
    X = unwrap(X, "X")
    _check_axes(count_axes(X, "X"))
    check_columns(X)
    with check_numbers("X"):
        if estimator.time is None and estimator.groups is None:
            check_no_dates(X, "X")
            values = validate_data(
                estimator,
                X,
                reset=reset,
                dtype=FLOATS,
                ensure_all_finite=False,
            )
            columns, times, keys = np.arange(values.shape[1]), None, None
        else:
            values, columns, times, keys = _split_columns(estimator, X, reset)
    if isinstance(X, pd.DataFrame) and keys is None:
        keys = series_keys(X.index)
    rows = series_rows(keys, len(values))
    # The check of scikit-learn would not name the position of the value.
    if not (assumes_finite() or sum_is_finite(values)):
        is_unused = _last_rows(rows, len(values), n_unused)[:, None] & ~np.array(used)
        may_be_nan = ensure_all_finite == "allow-nan"
        is_wrong = np.isinf(values) if may_be_nan else ~np.isfinite(values)
        wrong = np.argwhere(is_wrong & ~is_unused)
        if len(wrong):
            raise _value_error(estimator, X, values, columns, wrong[0], may_be_nan)
    time_indexes = {} if estimator.context is None else _read_times(estimator, X, times)
    if time_indexes:
        _check_order(estimator, X, times, time_indexes, rows)
    labels = _index_of(X, len(values)) if times is None else times
    return Table(values, columns, time_indexes, rows, labels)


def _index_of(X, n_rows):
    """Return the last level of the index of a frame, or positions."""
    if isinstance(X, pd.DataFrame):
        return X.index.get_level_values(-1)
    return pd.RangeIndex(n_rows)


def _check_axes(n_axes):
    """Raise unless X has 2 axes."""
    if n_axes != 2:
        raise ValueError(
            f"X has {n_axes} dimensions; a table with one row per time step has 2. "
            "Reshape your data. For a series of one feature, use X.reshape(-1, 1), or "
            "X.to_frame() in pandas. An X with 3 dimensions already holds windows."
        )


def _last_rows(rows, n_rows, n_last):
    """Return which rows are among the last ones of a series, (n_rows,)."""
    is_last = np.zeros(n_rows, dtype=bool)
    positions = np.arange(n_rows)
    for at in rows.values():
        is_last[positions[at][::-1][:n_last]] = True
    return is_last


def _value_error(estimator, X, values, columns, position, may_be_nan):
    """Build the error for a value that is missing or infinite."""
    row, column = position
    is_missing = np.isnan(values[row, column])
    at = int(columns[column])
    name = X.columns[at] if hasattr(X, "columns") else at
    kind = "NaN" if is_missing else "infinity"
    message = f"Input X contains {kind}, in the column {name!r} of row {row}."
    if not is_missing:
        message += f" {way_to_replace_infinity(X)}"
    if not may_be_nan:
        time = column_position(estimator, estimator.time, "time")
        groups = column_position(estimator, estimator.groups, "groups")
        message += (
            f" Windows need all values. {ways_to_fill(X, time, groups)} "
            "LSTMOutlierDetector accepts NaN."
        )
    return ValueError(message)


def _check_order(estimator, X, times, time_indexes, rows):
    """Raise unless the rows of each series increase in the first time index."""
    order = next(iter(time_indexes.values()))
    labels = X.index if times is None else times
    source = "The index of X" if times is None else f"The column {estimator.time!r}"
    keep_one = _way_to_keep_one(estimator, X)
    for positions in rows.values():
        check_increasing(
            order[positions], lambda at=positions: labels[at], source, keep_one
        )


def _way_to_keep_one(estimator, X):
    """Return how to keep one row of X for each time of a series."""
    if not isinstance(X, pd.DataFrame):
        return "Keep one row for each time."
    positions = [
        column_position(estimator, column, name)
        for column, name in [(estimator.groups, "groups"), (estimator.time, "time")]
    ]
    names = [X.columns[at] for at in positions if at is not None]
    if estimator.time is not None:
        repeated = f"X.duplicated({names})"
    elif names:
        repeated = f"X.set_index({names}, append=True).index.duplicated()"
    else:
        repeated = "X.index.duplicated()"
    return (
        f"Keep one row for each time with X[~{repeated}], and the same rows of y with "
        f"y[~{repeated}]."
    )


def _split_columns(estimator, X, reset):
    """Split the columns of X into features, time and groups."""
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    checks = {"estimator": estimator, "input_name": "X"}
    if not hasattr(X, "columns"):
        X = check_array(X, dtype=None, ensure_all_finite=False, **checks)
    time = column_position(estimator, estimator.time, "time")
    groups = column_position(estimator, estimator.groups, "groups")
    if time == groups:
        raise ValueError(
            f"time and groups name the same column, {estimator.time!r}. Pass two "
            "columns, or set one of the two parameters to None."
        )
    kept = np.setdiff1d(
        np.arange(X.shape[1]), [i for i in (time, groups) if i is not None]
    )
    if len(kept) == 0:
        raise ValueError(
            "X has only the columns of time and groups, so windows would be empty. "
            "Pass at least one more column as a feature."
        )
    cells = getattr(X, "iloc", X)
    check_no_dates(cells[:, kept], "X")
    values = check_array(
        cells[:, kept], dtype=FLOATS, ensure_all_finite=False, **checks
    )
    return values, kept, _labels(cells, time), _labels(cells, groups)


def column_position(estimator, column, parameter):
    """Return the position of a column that a parameter names; None if it is None."""
    n_columns = estimator.n_features_in_
    if column is None:
        return None
    if isinstance(column, str):
        names = list(getattr(estimator, "feature_names_in_", []))
        if column in names:
            return names.index(column)
        raise ValueError(
            f"{parameter}={column!r} is no column of X, whose columns are named "
            f"{names}. Pass one of these names or the position of a column."
        )
    if -n_columns <= column < n_columns:
        return column % n_columns
    raise ValueError(
        f"{parameter}={column} is no column of X, which has {n_columns}. Pass a "
        f"position from 0 to {n_columns - 1}."
    )


def column_positions(estimator, columns, parameter):
    """Return the positions of several columns that a parameter names."""
    for column in columns:
        if not isinstance(column, str | Integral) or isinstance(column, bool):
            raise ValueError(
                f"{parameter} must hold names or positions of columns, got {column!r}."
            )
    return [column_position(estimator, column, parameter) for column in columns]


def _labels(cells, position):
    """Convert one column of X to an index, None if there is none."""
    if position is None:
        return None
    column = cells[:, position]
    if isinstance(column, pd.Series):
        return pd.Index(column, dtype=column.dtype)
    labels = pd.Index(np.asarray(column))
    # polars converts dates with a time zone to UTC, without a time zone.
    time_zone = getattr(getattr(column, "dtype", None), "time_zone", None)
    if time_zone is None:
        return labels
    return labels.tz_localize("UTC").tz_convert(time_zone)


def _read_times(estimator, X, times):
    """Convert the time column, or else the index of X, to time indexes."""
    if times is None:
        return read_index(X.index) if isinstance(X, pd.DataFrame) else {}
    time_indexes = read_time_indexes(times)
    if not time_indexes:
        raise ValueError(
            f"time={estimator.time!r} must name a column of dates or numbers, got "
            f"{times[0]!r} of dtype {times.dtype}. Convert strings of dates, with "
            "pd.to_datetime in pandas or str.to_datetime in polars. Or pass time=None, "
            "without this column."
        )
    return time_indexes
