"""Warn if windows reach over rows that are missing in an evenly spaced series."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

# A step that is longer than this multiple of the training step lacks rows.
LONG_STEP = 1.5


class Hole(NamedTuple):
    """Rows that are missing before a row of X."""

    row: int  # position in X of the row after the hole
    step: Any  # time between training rows
    # Time of the first missing row. None if it is not known as a date.
    start: Any


def warn_if_rows_are_missing(tails, table, time, fill):
    """Warn if rows are missing in a table, or between earlier updates and the table.

    The training rows must be evenly spaced. Rows that are missing between them and the
    table are padded, so they are not counted.

    Parameters
    ----------
    tails : dict of key to SeriesTail
        Stored rows of each series.
    table : Table
        Rows of X.
    time : str, int or None
        The column that holds the times. None if the index does.
    fill : str
        What to do with the rows that are inserted, for the message.
    """
    for key in table.rows:
        hole = _first_hole(tails.get(key), table.times(key))
        if hole is not None:
            labels = table.labels[table.rows[key]]
            is_dated = isinstance(labels, pd.DatetimeIndex)
            has_command = is_dated and time is None and key is None
            command = _command(hole) if has_command else ""
            warnings.warn(
                f"Rows are missing before {labels[hole.row]}: the rows of `fit` are "
                "evenly spaced, and this step is longer. Windows reach over the missing"
                f" rows as if there were none. Insert the missing rows{command}, "
                f"{fill}.",
                UserWarning,
                stacklevel=3,
            )
            return


def _first_hole(tail, time_indexes):
    """Return the first hole in a series; None if there is none."""
    holes, steps = [], {} if tail is None else tail.steps
    for name in filter(time_indexes.__contains__, steps):
        times, step = time_indexes[name], steps[name]
        # The times are not stored if the rows of an update had none.
        stored = tail.time_indexes.get(name, times[:0])
        before = _updated_before(stored, tail.n_updated, times[0])
        times = np.concatenate([before, times])
        is_long = np.diff(times) / step > LONG_STEP
        if not is_long.any():  # The weekends between business days, for example.
            return None
        last = int(is_long.argmax())
        start = times[last] + step if name == "dates" else None
        holes.append(Hole(last + 1 - len(before), step, start))
    return max(holes, default=None, key=lambda hole: hole.start is not None)


def _updated_before(times, n_updated, start):
    """Return the time of the row of an update that precedes a time, (0 or 1,)."""
    n_before = int((times < start).sum())
    is_of_update = n_before > len(times) - n_updated
    return times[n_before - 1 : n_before] if is_of_update else times[:0]


def _command(hole):
    """Return a command that inserts missing rows into a frame with dates as index."""
    if hole.start is None:
        return ""
    step = f"pd.Timedelta('{pd.Timedelta(hole.step)}')"
    if hole.row > 0:
        return f", for example with X.asfreq({step})"
    start = pd.Timestamp(hole.start)
    dates = f"pd.date_range('{start}', X.index[-1], freq={step})"
    return f", for example with X.reindex({dates})"
