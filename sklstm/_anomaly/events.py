"""Events: outliers that are close to each other."""

import numpy as np
import pandas as pd

from sklstm._anomaly.comparison import explanation_frame


def runs_of_outliers(is_outlier, min_gap):
    """Find the runs of outliers in one series.

    Parameters
    ----------
    is_outlier : ndarray of shape (n_rows,)
        Whether each row is an outlier.
    min_gap : int
        Number of rows without an outlier that separate two runs.

    Returns
    -------
    runs : ndarray of int of shape (n_runs, 2)
        Positions of the first and the last outlier of each run.
    """
    rows = np.flatnonzero(is_outlier)
    is_first = np.diff(rows, prepend=-np.inf) > min_gap
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
    min_gap : int
        As in :func:`runs_of_outliers`.

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
        for first, last in runs_of_outliers(of_series > threshold, min_gap):
            peak = first + np.nanargmax(of_series[first : last + 1])
            runs.append((number, *rows[[first, last, peak]], last - first + 1))
    return np.array(runs, dtype=np.int64).reshape(-1, 5)
