"""Events: outliers that are close to each other."""

import re
from contextlib import suppress
from datetime import timedelta
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_scalar

from sklstm._anomaly.comparison import explanation_frame


class MinGap(NamedTuple):
    """Distance beyond which two outliers belong to different events.

    The distance is a number of rows, or a duration in the unit of `times`.
    """

    size: int
    times: np.ndarray | None = None  # time of each row as an int, None for rows

    @classmethod
    def of(cls, gap, labels):
        """Return the result of :func:`read_gap` for rows with these labels."""
        if not isinstance(gap, pd.Timedelta):
            return cls(gap)
        if isinstance(labels, pd.PeriodIndex):
            labels = labels.to_timestamp()
        if not isinstance(labels, pd.DatetimeIndex | pd.TimedeltaIndex):
            raise ValueError(
                f"min_gap={str(gap)!r} is a duration, but the rows have no times. Pass "
                "min_gap as a number of rows, or pass rows with a DatetimeIndex."
            )
        return cls(gap // pd.Timedelta(1, labels.unit), labels.asi8)

    def runs(self, is_outlier, rows):
        """Find the runs of outliers in rows of one series, as positions in `rows`."""
        places = None if self.times is None else self.times[rows]
        return runs_of_outliers(is_outlier, self.size, places)


def read_gap(min_gap):
    """Read the number of rows, or the duration, that separates two events.

    Parameters
    ----------
    min_gap : int, str, timedelta or numpy.timedelta64
        Number of rows or duration.

    Returns
    -------
    gap : int or Timedelta
        The number of rows or the duration.

    Raises
    ------
    TypeError
        If `min_gap` is neither a number of rows nor a duration.
    ValueError
        If it is negative, or a string that is no duration.
    """
    if isinstance(min_gap, Integral):
        return check_scalar(min_gap, "min_gap", Integral, min_val=0)
    duration, error = pd.NaT, ValueError
    if not isinstance(min_gap, str | timedelta | np.timedelta64):
        error = TypeError
    elif not re.fullmatch(r"[-+.\d\s]*", str(min_gap)):  # "10" would be nanoseconds
        with suppress(ValueError):
            duration = pd.Timedelta(min_gap)
    if not duration >= pd.Timedelta(0):
        raise error(
            "min_gap must be a number of rows, or a duration that is not negative, got "
            f'{min_gap!r}. Pass an integer, such as 10, or a string, such as "30min".'
        )
    return duration


def runs_of_outliers(is_outlier, min_gap, places=None):
    """Find the runs of outliers in one series.

    Parameters
    ----------
    is_outlier : ndarray of shape (n_rows,)
        Whether each row is an outlier.
    min_gap : int
        Two outliers are in different runs if their places differ by more than this.
    places : ndarray of int of shape (n_rows,) or None, default=None
        Place of each row, such as its time. If None, it is the position of the row.

    Returns
    -------
    runs : ndarray of int of shape (n_runs, 2)
        Positions of the first and the last outlier of each run.
    """
    rows = np.flatnonzero(is_outlier)
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = np.diff(rows if places is None else places[rows]) > min_gap
    return np.stack([rows[is_first], rows[np.roll(is_first, -1)]], axis=1)


def event_frame(comparison, scored, *, threshold, min_peak, min_gap):
    """Build the frame that :meth:`LSTMOutlierDetector.events` returns.

    Parameters
    ----------
    comparison : DataFrame of shape (n_rows, 3 * n_features + 1)
        The frame that :func:`~sklstm._anomaly.comparison.comparison_frame` returns.
    scored : ScoredRows
        The same rows, with their times and series.
    threshold : float
        Distance beyond which a row is an outlier.
    min_peak : float
        Events whose largest distance is not beyond this one are left out.
    min_gap : MinGap
        What separates two events.

    Returns
    -------
    events : DataFrame
        One line per event. The column "series" is left out if all rows are one series.
    """
    table, distances = scored.table, scored.distances
    runs = _runs_of_all_series(distances, table.rows, threshold, min_gap)
    runs = runs[distances[runs[:, 3]] > min_peak]
    series, starts, ends, peaks, n_rows = runs.T
    keys = pd.Index(list(table.rows), tupleize_cols=False)
    events = {
        "series": keys.take(series),
        "start": table.labels.take(starts),
        "end": table.labels.take(ends),
        "peak": table.labels.take(peaks),
        "score": -distances[peaks],
        "n_rows": n_rows,
    }
    if None in table.rows:
        del events["series"]
    explanation = explanation_frame(
        comparison.iloc[peaks].reset_index(drop=True), scored.is_stuck[peaks]
    )
    # The first line of a row is that of a stuck value or the largest error.
    largest = explanation.drop_duplicates("row").set_index("row")
    return pd.concat([pd.DataFrame(events), largest], axis=1)


def _runs_of_all_series(distances, rows_of_series, threshold, min_gap):
    """Find the runs of outliers in all series.

    Returns
    -------
    runs : ndarray of int of shape (n_runs, 5)
        Number of the series; positions of the first row, the last row and the row of
        the largest distance in the table; number of rows.
    """
    runs = []
    for number, selected in enumerate(rows_of_series.values()):
        rows = np.arange(len(distances))[selected]
        of_series = distances[rows]
        for first, last in min_gap.runs(of_series > threshold, rows):
            peak = first + np.nanargmax(of_series[first : last + 1])
            runs.append((number, *rows[[first, last, peak]], last - first + 1))
    return np.array(runs, dtype=np.int64).reshape(-1, 5)
