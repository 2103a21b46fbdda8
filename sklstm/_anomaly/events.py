"""Outliers that belong together, as events."""

import numpy as np
import pandas as pd

from sklstm._anomaly.comparison import explanation_frame

# Columns of an event that are those of the line of its peak in the explanation.
_OF_PEAK = ("feature", "value", "expected", "error")


def row_labels(X, time):
    """Return the times of the rows of X, as the user passed them.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        Rows as passed by the user.
    time : str, int or None
        Name or position of the column that holds the times.

    Returns
    -------
    labels : Index of shape (n_rows,)
        The column `time`, or else the index of X without the levels of the series, or
        else positions.
    """
    if time is not None:
        return _column(X, time)
    if isinstance(X, pd.DataFrame):
        return X.index.get_level_values(-1)
    return pd.RangeIndex(len(X))


def runs_of_outliers(is_outlier, min_gap):
    """Find the runs of outliers in one series.

    Parameters
    ----------
    is_outlier : ndarray of shape (n_rows,)
        Whether each row is an outlier.
    min_gap : int
        Number of other rows between two outliers at which a new run begins.

    Returns
    -------
    runs : ndarray of int of shape (n_runs, 2)
        Positions of the first and the last outlier of each run.
    """
    rows = np.flatnonzero(is_outlier)
    is_first = np.diff(rows, prepend=-np.inf) > min_gap
    return np.stack([rows[is_first], rows[np.roll(is_first, -1)]], axis=1)


def event_frame(comparison, rows_of_series, labels, *, threshold, min_gap):
    """Build the frame that :meth:`LSTMOutlierDetector.events` returns.

    Parameters
    ----------
    comparison : DataFrame of shape (n_rows, 3 * n_features + 1)
        The frame that :func:`~sklstm._anomaly.comparison.comparison_frame` returns,
        with positions as its index.
    rows_of_series : dict of key to slice or ndarray of int
        Positions of the rows of each series.
    labels : Index of shape (n_rows,)
        Times of the rows.
    threshold : float
        Distance beyond which a row is an outlier.
    min_gap : int
        As in :func:`runs_of_outliers`.

    Returns
    -------
    events : DataFrame
        One line per event. The column "series" is left out if all rows are one series.
    """
    distances = comparison["distance"].to_numpy()
    runs = _runs_of_all_series(distances, rows_of_series, threshold, min_gap)
    series, starts, ends, peaks, n_rows = runs.T
    # The first line of a row is that of the largest error.
    largest = explanation_frame(comparison.iloc[peaks]).drop_duplicates("row")
    keys = pd.Index(list(rows_of_series), tupleize_cols=False)
    events = {
        "series": keys.take(series),
        "start": labels.take(starts),
        "end": labels.take(ends),
        "peak": labels.take(peaks),
        "score": -distances[peaks],
        "n_rows": n_rows,
        **{name: largest[name].to_numpy() for name in _OF_PEAK},
    }
    if None in rows_of_series:
        del events["series"]
    return pd.DataFrame(events)


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
        for first, last in runs_of_outliers(of_series > threshold, min_gap):
            peak = first + np.nanargmax(of_series[first : last + 1])
            runs.append((number, *rows[[first, last, peak]], last - first + 1))
    return np.array(runs, dtype=np.int64).reshape(-1, 5)


def _column(X, column):
    """Return a column of X, given by name or position, as an index."""
    if isinstance(column, str):
        return pd.Index(X[column], name=column)
    return pd.Index(getattr(X, "iloc", np.asarray(X))[:, column])
