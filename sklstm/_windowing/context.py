"""The memory of one series, and which of its rows come before the rows of a new X."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sklstm._input.row_times import TOLERANCE


@dataclass(frozen=True)
class SeriesMemory:
    """The end of a training series, and the steps that it took.

    Parameters
    ----------
    rows : ndarray of shape (n_remembered, n_features)
        Its last rows.
    clocks : dict of str to ndarray of shape (n_remembered,)
        When they were; the first clock orders them. Empty if unknown.
    steps : dict of str to step
        The time between rows, by those clocks that tick once a row.
    longest_step : step or None
        The longest time between two rows, by the first clock; None if unknown.
    first_rows : ndarray of shape (n_first, n_features)
        What a new X is compared with where the rows have no times.
    mean : ndarray of shape (n_features,)
        Mean of all training rows.
    """

    rows: np.ndarray
    clocks: dict[str, np.ndarray]
    steps: dict[str, Any]
    longest_step: Any
    first_rows: np.ndarray
    mean: np.ndarray


class History(NamedTuple):
    """Rows known to come before X, then `n_missing` rows that nobody has seen."""

    rows: np.ndarray
    n_missing: int


def remember(values, clocks, n_rows, n_first_rows):
    """Keep of a training series what later windows may need.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps, n_features)
        The series in time order.
    clocks : dict of str to ndarray of shape (n_timesteps,)
        When its rows were.
    n_rows, n_first_rows : int
        How many of the last and the first rows to copy.

    Returns
    -------
    memory : SeriesMemory
        Shares no memory with `values`.
    """
    start = max(len(values) - n_rows, 0)
    order = next(iter(clocks.values()), ())
    return SeriesMemory(
        rows=values[start:].copy(),
        clocks={name: clock[start:].copy() for name, clock in clocks.items()},
        steps=_even_steps(clocks),
        longest_step=np.diff(order).max() if len(order) > 1 else None,
        first_rows=values[:n_first_rows].copy(),
        mean=values.mean(axis=0, dtype=np.float64),
    )


def no_history(n_features):
    """Return the history of a series that begins with X."""
    return History(np.empty((0, n_features)), 0)


def history_by_time(memory, start, n_rows):
    """Find the remembered rows that come before the first row of X.

    Rows strictly before it count. Where the training rows were evenly spaced, the rows
    missing between them and X are counted; else a time no longer than the longest
    training step is no hole, and a longer one ends what is known.

    Parameters
    ----------
    memory : SeriesMemory
        The end of the training series.
    start : dict of str to position
        When the first row of X is.
    n_rows : int
        How many rows the first window needs before X.

    Returns
    -------
    history : History
        Without rows if none of those remembered leads to X.
    """
    nothing = no_history(memory.rows.shape[1])
    order = next(iter(memory.clocks), None)
    if order not in start or memory.longest_step is None:
        return nothing
    n_before = int((memory.clocks[order] < start[order]).sum())
    if n_before == 0:
        return nothing
    last = {name: clock[n_before - 1] for name, clock in memory.clocks.items()}
    n_missing = _rows_between(memory, last, start)
    if n_missing is None or n_missing >= n_rows:
        return nothing
    return History(memory.rows[:n_before], n_missing)


def history_by_assumption(memory, values):
    """Take X for the continuation of the training rows, unless it begins like them."""
    # Fewer rows than are remembered are too few to tell: one may look like another.
    if np.array_equal(values[: len(memory.first_rows)], memory.first_rows):
        return no_history(memory.rows.shape[1])
    return History(memory.rows, 0)


def past_rows(history, n_rows, before, between=None):
    """Write down the `n_rows` rows before X, known or padded.

    Parameters
    ----------
    history : History
        What is known.
    n_rows : int
        How many rows the first window needs before X.
    before : ndarray of shape (n_features,)
        In place of the rows before all that is known.
    between : ndarray of shape (n_features,), default=None
        In place of missing rows. None repeats the last one known.

    Returns
    -------
    past : ndarray of shape (n_rows, n_features)
        Oldest first.
    """
    missing = history.rows[-1:] if between is None else between[np.newaxis]
    known = [history.rows, np.repeat(missing, history.n_missing, axis=0)]
    past = np.concatenate([np.tile(before, (n_rows, 1)), *known])
    return past[len(past) - n_rows :]


def _even_steps(clocks):
    """Find the clocks that tick once a row, and the time between two ticks."""
    steps = {}
    for name, clock in clocks.items():
        if len(clock) > 1 and (clock[1:] > clock[:-1]).all():
            times = np.diff(clock)
            if times.max() / times.min() < 1 + TOLERANCE:
                steps[name] = times.max()
    return steps


def _rows_between(memory, last, start):
    """Count the rows missing between two times; None if they are too far apart."""
    for name, step in memory.steps.items():
        if name in start:
            n_steps = (start[name] - last[name]) / step
            if abs(n_steps - round(n_steps)) < TOLERANCE:
                return round(n_steps) - 1
    order = next(iter(memory.clocks))
    return 0 if start[order] - last[order] <= memory.longest_step else None
