"""The last rows of each series, and those that precede a new X."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from sklstm._input.plain import saved_as
from sklstm._input.row_times import TOLERANCE


@saved_as("series_tail")
@dataclass(frozen=True)
class SeriesTail:
    """Last rows of a series, and the time between its training rows.

    Parameters
    ----------
    rows : ndarray of shape (n_last, n_features)
        The last rows: training rows, followed by the rows of updates.
    time_indexes : dict of str to ndarray of shape (n_last,)
        Times of the last rows. The first time index orders them. Empty if there
        are no times. Rows that fill a gap have the time of the row after the gap.
    steps : dict of str to step
        Time from row to row, for each time index in which the training rows are evenly
        spaced.
    longest_step : step or None
        Longest time between training rows in the first time index. None if unknown.
    first_rows : ndarray of shape (n_first, n_features)
        First training rows of the series. They are compared with a new X that has no
        times. Empty if the series was not seen during fit.
    mean : ndarray of shape (n_features,)
        Mean of all training rows of the series.
    n_updated : int, default=0
        How many of the last rows were added by updates.
    """

    rows: np.ndarray
    time_indexes: dict[str, np.ndarray]
    steps: dict[str, Any]
    longest_step: Any
    first_rows: np.ndarray
    mean: np.ndarray
    n_updated: int = 0

    @property
    def first_time_index(self):
        """Return the name of the time index that orders the rows, or None."""
        return next(iter(self.time_indexes), None)


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


def empty_tail(values, time_indexes, mean):
    """Return the tail of a series that was not seen during fit.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps, n_features)
        Rows of the series, for their type.
    time_indexes : dict of str to ndarray of shape (n_timesteps,)
        Times of its rows, for their names and types.
    mean : ndarray of shape (n_features,)
        Mean of all training series.

    Returns
    -------
    tail : SeriesTail
        A tail without rows.
    """
    no_times = {name: times[:0].copy() for name, times in time_indexes.items()}
    return SeriesTail(values[:0].copy(), no_times, {}, None, values[:0].copy(), mean)


def no_past_rows(n_features):
    """Return empty past rows, for a series without known rows."""
    return PastRows(np.empty((0, n_features)), 0)


def past_rows_by_time(tail, start, n_rows):
    """Find the stored rows whose times are before the first row of X.

    If the training rows are evenly spaced, the rows between them and X are counted.
    Otherwise, no gap is assumed if the time to X is at most the longest training step.
    If the time is longer, no past row is known. The rows of an update and X are parts
    of one table, so no gap is assumed between them.

    Parameters
    ----------
    tail : SeriesTail
        Last rows of the series.
    start : dict of str to position
        Time of the first row of X in each time index.
    n_rows : int
        Number of rows before X that its first window needs.

    Returns
    -------
    past : PastRows
        Empty if none of the stored rows precedes X closely enough.
    """
    nothing = no_past_rows(tail.rows.shape[1])
    order = tail.first_time_index
    if order not in start:
        return nothing
    n_before = int((tail.time_indexes[order] < start[order]).sum())
    if n_before > len(tail.rows) - tail.n_updated:
        return PastRows(tail.rows[:n_before], 0)
    if n_before == 0 or tail.longest_step is None:
        return nothing
    last = {name: times[n_before - 1] for name, times in tail.time_indexes.items()}
    n_gap = _rows_between(tail, last, start)
    if n_gap is None or n_gap >= n_rows:
        return nothing
    return PastRows(tail.rows[:n_before], n_gap)


def past_rows_by_assumption(tail, values):
    """Return the last rows, unless X starts with the first training rows."""
    # A shorter X always follows the last rows, because a few rows may equal the first
    # ones by chance.
    if len(values) >= len(tail.first_rows) and starts_like_training(tail, values):
        return no_past_rows(tail.rows.shape[1])
    return PastRows(tail.rows, 0)


def starts_like_training(tail, values):
    """Whether X starts with the first training rows, as far as they are stored."""
    n_rows = min(len(values), len(tail.first_rows))
    return n_rows > 0 and np.array_equal(values[:n_rows], tail.first_rows[:n_rows])


def follows(tail, time_indexes):
    """Whether X comes after the stored rows. X follows them if either has no times.

    Parameters
    ----------
    tail : SeriesTail
        Last rows of the series.
    time_indexes : dict of str to ndarray of shape (n_new,)
        Times of the rows of X.

    Returns
    -------
    follows : bool
        False if the first time of X is not after the last stored time, or if the times
        are of another kind.
    """
    if not (time_indexes and tail.time_indexes):
        return True
    order = tail.first_time_index
    if order not in time_indexes:
        return False
    return bool((tail.time_indexes[order][-1:] < time_indexes[order][0]).all())


def count_on_hint(tail, time_indexes):
    """Return advice for an index that numbers the rows of each table from 0."""
    if "numbers" not in tail.time_indexes or "numbers" not in time_indexes:
        return ""
    offset = tail.time_indexes["numbers"][-1] + 1 - time_indexes["numbers"][0]
    return f" If the index only numbers the rows, continue it with X.index += {offset}."


def append_rows(tail, past, between, values, time_indexes, n_rows):
    """Return a tail that ends with the rows of X.

    Parameters
    ----------
    tail : SeriesTail
        Last rows of the series.
    past : PastRows
        The stored rows that precede X.
    between : ndarray of shape (n_features,) or None
        Row that fills the gap before X, as in :func:`fill_past`.
    values : ndarray of shape (n_new, n_features)
        Rows of X.
    time_indexes : dict of str to ndarray of shape (n_new,)
        Times of the rows of X.
    n_rows : int
        Number of last rows to keep.

    Returns
    -------
    tail : SeriesTail
        The new tail. It has no times if the old one or X has none.
    """
    n_past = len(past.rows)
    known = fill_past(past, n_past + past.n_gap, values[0], between)
    start = max(len(known) + len(values) - n_rows, 0)
    times = {
        name: np.concatenate(
            [tail.time_indexes[name][:n_past], np.repeat(new[:1], past.n_gap), new]
        )[start:]
        for name, new in time_indexes.items()
        if name in tail.time_indexes
    }
    return replace(
        tail,
        rows=np.concatenate([known, values])[start:].copy(),
        time_indexes={name: each.copy() for name, each in times.items()},
        n_updated=min(tail.n_updated + len(values), n_rows),
    )


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
        if name in start and name in last:
            n_steps = (start[name] - last[name]) / step
            if abs(n_steps - round(n_steps)) < TOLERANCE:
                return round(n_steps) - 1
    order = tail.first_time_index
    return 0 if start[order] - last[order] <= tail.longest_step else None
