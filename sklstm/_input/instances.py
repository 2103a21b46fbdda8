"""Sequences in a frame with a MultiIndex (instance, time): one row per time step."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._input.row_times import read_time_indexes, series_keys, series_rows
from sklstm._input.windows import lag_layout


class Instances(NamedTuple):
    """The instances of a frame, and the rows of each instance."""

    keys: pd.Index  # key of each instance, in order of appearance, (n_instances,)
    order: np.ndarray  # positions of rows, by instance and then by time, (n_rows,)
    lengths: np.ndarray  # number of time steps of each instance, (n_instances,)
    index: pd.MultiIndex  # labels of the rows, (n_rows,)

    @property
    def n_padding(self):
        """Number of padding steps before each sequence."""
        return self.lengths.max() - self.lengths

    def to_windows(self, values):
        """Convert rows to windows, with NaN before shorter sequences.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_features)
            Values of the rows of the frame.

        Returns
        -------
        windows : ndarray of shape (n_instances, n_timesteps, n_features)
            One window per instance.
        """
        n_timesteps = self.lengths.max()
        shape = (len(self.lengths), n_timesteps, values.shape[1])
        windows = np.full(shape, np.nan, dtype=values.dtype)
        windows[np.arange(n_timesteps) >= self.n_padding[:, None]] = values[self.order]
        return windows

    def to_rows(self, windows):
        """Convert numbers of the steps of windows to the rows of the frame.

        Parameters
        ----------
        windows : ndarray of shape (n_instances, n_timesteps, ...)
            Numbers of each step, such as predictions.

        Returns
        -------
        rows : ndarray of shape (n_rows, ...)
            Numbers of the rows, in the order of the frame.
        """
        is_step = np.arange(windows.shape[1]) >= self.n_padding[:, None]
        rows = np.empty((len(self.order), *windows.shape[2:]), dtype=windows.dtype)
        rows[self.order] = windows[is_step]
        return rows

    def check_order(self, y):
        """Raise if y is labelled with the instances or the rows in another order."""
        labels = getattr(y, "index", None)
        if not isinstance(labels, pd.Index):
            return
        for wanted, code in (
            (self.keys, "X.index.droplevel(-1).unique()"),
            (self.index, "X.index"),
        ):
            if _is_reordered(labels, wanted):
                raise ValueError(
                    "The index of y holds the instances of X in another order than X. "
                    f"Pass y.loc[{code}], or y.to_numpy() if the index does not name "
                    "instances."
                )

    def has_all_rows(self, y):
        """Whether y has one value, or one row of values, per row of the frame."""
        return hasattr(y, "__len__") and len(y) == len(self.order)


def is_long(X):
    """Whether X is a frame with a MultiIndex, and without lag columns."""
    return (
        isinstance(X, pd.DataFrame)
        and isinstance(X.index, pd.MultiIndex)
        and X.index.nlevels > 1
        and lag_layout(list(X.columns)) is None
    )


def holds_sequences(X):
    """Whether the rows of a frame are the time steps of sequences.

    Parameters
    ----------
    X : dataframe
        Frame for which :func:`is_long` is true.

    Returns
    -------
    holds_sequences : bool
        True if the last level holds dates, periods, durations or numbers, and if at
        least one instance has several rows. Otherwise, each row is a sequence.

    Raises
    ------
    ValueError
        If the levels are (time, instance), or if a time is missing.
    """
    return len(X) > 0 and _times(X.index) is not None and _has_repeated(X.index)


def read_instances(X):
    """Find the instances of a frame.

    Parameters
    ----------
    X : dataframe of shape (n_rows, n_features)
        Frame for which :func:`is_long` is true.

    Returns
    -------
    instances : Instances
        The instances. Their rows may be in any order in X.

    Raises
    ------
    ValueError
        If the last level does not hold times, if a key is missing or if an instance has
        two rows for the same time.
    """
    times = _times(X.index)
    if times is None:
        raise ValueError(
            "The last level of the MultiIndex of X must hold times, got "
            f"{X.index.levels[-1].dtype}. Reorder the levels to (instance, time) with "
            "X.reorder_levels. If the rows of each instance are in time order, you can "
            f"also pass a list of sequences: {as_list(X.index, 'rows')}."
        )
    rows = series_rows(series_keys(X.index), len(X))
    order = np.concatenate(list(rows.values()))
    lengths = np.array([len(each) for each in rows.values()])
    instance = np.repeat(np.arange(len(lengths)), lengths)
    order = order[np.lexsort((times[order], instance))]
    times = times[order]
    is_twice = (times[1:] == times[:-1]) & (instance[1:] == instance[:-1])
    if is_twice.any():
        label = X.index[order[np.argmax(is_twice)]]
        raise ValueError(
            f"X has two rows for the instance and time {label}. Keep one row per time "
            "step, for example with X[~X.index.duplicated()]."
        )
    return Instances(X.index.droplevel(-1).unique(), order, lengths, X.index)


def as_list(index, rows="rows.sort_index()"):
    """Return the code that converts a frame of sequences to a list of sequences."""
    levels = list(range(index.nlevels - 1))
    level = levels[0] if len(levels) == 1 else levels
    groups = f"X.groupby(level={level}, sort=False)"
    return f"[{rows}.to_numpy() for _, rows in {groups}]"


def _times(index):
    """Return the times in the last level of a MultiIndex; None if it holds no times."""
    series_keys(index)
    if (index.codes[-1] < 0).any():
        raise ValueError(
            "The times of X hold missing values. Drop the rows without a time, with "
            "X[X.index.get_level_values(-1).notna()]."
        )
    return next(iter(read_time_indexes(index.get_level_values(-1)).values()), None)


def _has_repeated(index):
    """Whether at least one instance has several rows."""
    return index.droplevel(-1).has_duplicates


def _is_reordered(labels, wanted):
    """Whether labels are the wanted labels in another order."""
    return (
        len(labels) == len(wanted)
        and labels.nlevels == wanted.nlevels
        and not labels.equals(wanted)
        and labels.is_unique
        and set(labels) == set(wanted)
    )
