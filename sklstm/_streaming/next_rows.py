"""Placeholders for the next rows. Their windows end before them."""

import numpy as np
import pandas as pd

from sklstm._input.table import column_position, read_table
from sklstm._input.time_dtypes import as_dates


def next_rows(transformer, X):
    """Return the `shift` rows that follow the last row of each series.

    No window contains the values of these rows. They repeat the last row of the series.
    Their times follow at the step of the training rows, if these are evenly spaced.
    Otherwise, they only show that the rows come later.

    Parameters
    ----------
    transformer : SlidingWindowTransformer
        Fitted transformer that was updated with X.
    X : {array-like, dataframe} of shape (n_timesteps, n_columns)
        Last rows of some or all series.

    Returns
    -------
    rows : ndarray or DataFrame of shape (n_series * shift, n_columns)
        The rows, one series after the other.
    """
    table = read_table(transformer, X, reset=False)
    positions = np.arange(len(table.values))
    last = [positions[rows][-1] for rows in table.rows.values()]
    last = np.repeat(last, transformer.shift)
    steps = np.tile(np.arange(transformer.shift) + 1, len(table.rows))
    rows = _select(X, last)
    if not table.time_indexes:
        return rows
    units = [_unit(transformer._tails.get(key)) for key in table.rows]
    later = _later(table.labels[last], steps, np.repeat(units, transformer.shift))
    time = column_position(transformer, transformer.time, "time")
    if time is None:
        return rows.set_axis(_with_times(rows.index, later))
    if isinstance(rows, pd.DataFrame):
        rows.isetitem(time, later)
    else:
        rows[:, time] = later
    return rows


def _select(X, positions):
    """Return a copy of some rows as an array or, with column names, a DataFrame."""
    if isinstance(X, pd.DataFrame):
        return X.iloc[positions].copy()
    if hasattr(X, "columns"):
        columns = {name: np.asarray(X[name])[positions] for name in X.columns}
        return pd.DataFrame(columns)
    return np.asarray(X)[positions]


def _with_times(index, times):
    """Return an index of rows with other times, the last level of a MultiIndex."""
    if index.nlevels == 1:
        return times
    levels = [index.get_level_values(level) for level in range(index.nlevels - 1)]
    return pd.MultiIndex.from_arrays([*levels, times], names=index.names)


def _unit(tail):
    """Return the time between the training rows of a series; 1 if it is not known."""
    return 1 if tail is None else tail.steps.get(tail.first_time_index, 1)


def _later(times, steps, units):
    """Return times that are later by some steps; a unit of 1 is a day for dates."""
    times = as_dates(times)
    is_number = pd.api.types.is_numeric_dtype(times.dtype)
    if is_number or isinstance(times, pd.PeriodIndex):
        return times + steps * units
    day = np.timedelta64(1, "D")
    units = [unit if isinstance(unit, np.timedelta64) else day for unit in units]
    return times + pd.to_timedelta(steps * np.array(units))
