"""Runs of equal values: a value that should change is stuck."""

from typing import NamedTuple

import numpy as np

from sklstm._input.plain import saved_as

# A run is too long if it is longer than this multiple of the longest run in `fit`, plus
# a number of rows.
MAX_RUN_RATIO = 2
EXTRA_ROWS = 2
# A column that rests for this fraction of the rows of `fit` need not change.
MAX_REST = 0.1


@saved_as("last_run")
class LastRun(NamedTuple):
    """Last value of each column, and the number of rows since it changed."""

    values: np.ndarray  # (n_features,), NaN if no value is known
    lengths: np.ndarray  # of int, (n_features,)

    @classmethod
    def unknown(cls, n_features):
        """Return the state before the first row of a series."""
        return cls(np.full(n_features, np.nan), np.zeros(n_features, dtype=np.int64))


def run_lengths(values, last_run):
    """Count how often each value has occurred in succession.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        Values of one series in time order. NaN is skipped and does not end a run.
    last_run : LastRun
        Run of each column before the first row.

    Returns
    -------
    lengths : ndarray of int of shape (n_rows, n_features)
        1 for a value that differs from the value before, 0 for NaN.
    last_run : LastRun
        Run of each column after the last row.
    """
    lengths = np.zeros(values.shape, dtype=np.int64)
    after = LastRun(last_run.values.copy(), last_run.lengths.copy())
    for column in range(values.shape[1]):
        present = np.flatnonzero(~np.isnan(values[:, column]))
        if not len(present):
            continue
        of_column = values[present, column]
        is_new = np.diff(of_column, prepend=last_run.values[column]) != 0
        # A run that continues began before the first row.
        starts = np.where(is_new, np.arange(len(present)), -last_run.lengths[column])
        counts = np.arange(len(present)) - np.maximum.accumulate(starts) + 1
        lengths[present, column] = counts
        after.values[column], after.lengths[column] = of_column[-1], counts[-1]
    return lengths, after


def max_runs(values_of_series):
    """Compute the number of rows beyond which a value that does not change is stuck.

    Parameters
    ----------
    values_of_series : list of ndarray of shape (n_rows_of_series, n_features)
        Training rows of each series.

    Returns
    -------
    max_runs : ndarray of shape (n_features,)
        Infinite for columns that rested for long.
    """
    first = LastRun.unknown(values_of_series[0].shape[1])
    lengths = [run_lengths(values, first)[0] for values in values_of_series]
    longest = np.max([each.max(axis=0) for each in lengths], axis=0)
    n_rows = max(map(len, values_of_series))
    is_moving = longest <= MAX_REST * n_rows
    return np.where(is_moving, MAX_RUN_RATIO * longest + EXTRA_ROWS, np.inf)
