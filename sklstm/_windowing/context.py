"""The last rows of each training series, and which of them precede a new X."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sklstm._input.row_times import TOLERANCE


@dataclass(frozen=True)
class SeriesTail:
    """Last rows of a training series, and the time between its rows.

    Parameters
    ----------
    rows : ndarray of shape (n_last, n_features)
        The last rows.
    time_indexes : dict of str to ndarray of shape (n_last,)
        Times of the last rows. The first time index orders them. Empty if there
        are no times.
    steps : dict of str to step
        Time from row to row, for each time index that is evenly spaced.
    longest_step : step or None
        Longest time from row to row in the first time index. None if unknown.
    first_rows : ndarray of shape (n_first, n_features)
        First rows of the series. They are compared with a new X that has no times.
    mean : ndarray of shape (n_features,)
        Mean of all rows of the series.
    """

    rows: np.ndarray
    time_indexes: dict[str, np.ndarray]
    steps: dict[str, Any]
    longest_step: Any
    first_rows: np.ndarray
    mean: np.ndarray


class PastRows(NamedTuple):
    """Rows known to precede X, and the size of the gap between them and X."""

    rows: np.ndarray  # (n_known, n_features)
    n_gap: int  # number of unknown rows between the last of them and X


def keep_tail(values, time_indexes, n_rows, n_first_rows):
    """Copy the part of a training series that later windows may need.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps, n_features)
        The series in time order.
    time_indexes : dict of str to ndarray of shape (n_timesteps,)
        Times of its rows.
    n_rows, n_first_rows : int
        Number of last rows and number of first rows to copy.

    Returns
    -------
    tail : SeriesTail
        Copies of the rows. They share no memory with `values`.
    """
    start = max(len(values) - n_rows, 0)
    order = next(iter(time_indexes.values()), ())
    return SeriesTail(
        rows=values[start:].copy(),
        time_indexes={
            name: times[start:].copy() for name, times in time_indexes.items()
        },
        steps=_even_steps(time_indexes),
        longest_step=np.diff(order).max() if len(order) > 1 else None,
        first_rows=values[:n_first_rows].copy(),
        mean=values.mean(axis=0, dtype=np.float64),
    )


def no_past_rows(n_features):
    """Return empty past rows, for a series without known rows."""
    return PastRows(np.empty((0, n_features)), 0)


def past_rows_by_time(tail, start, n_rows):
    """Find the training rows whose times are before the first row of X.

    If the training rows are evenly spaced, the rows between them and X are counted.
    Otherwise, no gap is assumed if the time to X is at most the longest training step.
    If the time is longer, no past row is known.

    Parameters
    ----------
    tail : SeriesTail
        Last rows of the training series.
    start : dict of str to position
        Time of the first row of X in each time index.
    n_rows : int
        Number of rows before X that its first window needs.

    Returns
    -------
    past : PastRows
        Empty if none of the training rows precedes X closely enough.
    """
    nothing = no_past_rows(tail.rows.shape[1])
    order = next(iter(tail.time_indexes), None)
    if order not in start or tail.longest_step is None:
        return nothing
    n_before = int((tail.time_indexes[order] < start[order]).sum())
    if n_before == 0:
        return nothing
    last = {name: times[n_before - 1] for name, times in tail.time_indexes.items()}
    n_gap = _rows_between(tail, last, start)
    if n_gap is None or n_gap >= n_rows:
        return nothing
    return PastRows(tail.rows[:n_before], n_gap)


def past_rows_by_assumption(tail, values):
    """Return the last training rows, unless X starts with the first training rows."""
    # A shorter X always follows the training rows, because a few rows may equal the
    # first ones by chance.
    if np.array_equal(values[: len(tail.first_rows)], tail.first_rows):
        return no_past_rows(tail.rows.shape[1])
    return PastRows(tail.rows, 0)


def fill_past(past, n_rows, before, between=None):
    """Build the `n_rows` rows before X from known rows and padding.

    Parameters
    ----------
    past : PastRows
        The known rows.
    n_rows : int
        Number of rows before X that its first window needs.
    before : ndarray of shape (n_features,)
        Row to repeat before the known rows.
    between : ndarray of shape (n_features,), default=None
        Row to repeat in the gap between the known rows and X. If None, the last known
        row is repeated.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_features)
        Rows in time order.
    """
    gap = past.rows[-1:] if between is None else between[np.newaxis]
    known = [past.rows, np.repeat(gap, past.n_gap, axis=0)]
    rows = np.concatenate([np.tile(before, (n_rows, 1)), *known])
    return rows[len(rows) - n_rows :]


def _even_steps(time_indexes):
    """Return the step of each time index that is evenly spaced."""
    steps = {}
    for name, times in time_indexes.items():
        if len(times) > 1 and (times[1:] > times[:-1]).all():
            differences = np.diff(times)
            if differences.max() / differences.min() < 1 + TOLERANCE:
                steps[name] = differences.max()
    return steps


def _rows_between(tail, last, start):
    """Count the rows between two times. None if the times are too far apart."""
    for name, step in tail.steps.items():
        if name in start:
            n_steps = (start[name] - last[name]) / step
            if abs(n_steps - round(n_steps)) < TOLERANCE:
                return round(n_steps) - 1
    order = next(iter(tail.time_indexes))
    return 0 if start[order] - last[order] <= tail.longest_step else None
