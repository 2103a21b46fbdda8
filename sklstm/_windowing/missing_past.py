"""Warn if windows are padded although there may be rows before X."""

import warnings

from sklstm._windowing.context import starts_like_training

# The warning if it is unknown whether X follows the training rows.
NO_TIMES = (
    "have no complete window, because rows without times may not follow the training "
    "rows. If X follows them, pass frames with an index of times, pass "
    'context="assume_next", or pass one row at a time to sklstm.streaming.Stream. If '
    "no rows precede X, pass context=None. A scaler keeps the index after set_output("
    'transform="pandas").'
)
# The warning if the times of X show that the stored rows do not directly precede it.
NOT_STORED = (
    "have no complete window, because the stored rows do not directly precede X. Pass "
    "the {n_context} rows before X as the first rows of X, or pass all new rows, one "
    "or more at a time, to sklstm.streaming.Stream. If no rows precede X, pass "
    "context=None."
)


def n_rows_without_past(tail, past, values, n_context):
    """Count the rows of X whose windows lack rows that may exist before X.

    Parameters
    ----------
    tail : SeriesTail or None
        Last rows of the series; None if the series is new.
    past : PastRows
        The stored rows that precede X.
    values : ndarray of shape (n_timesteps, n_features)
        Rows of X.
    n_context : int
        Number of rows before X that its first window needs.

    Returns
    -------
    n_rows_without_past : int
        0 if X starts with the training rows, or if all rows of a short series are
        known.
    """
    n_known = len(past.rows) + past.n_gap
    if tail is not None:
        knows_all = n_known > 0 and len(tail.rows) < n_context
        if knows_all or starts_like_training(tail, values):
            return 0
    return min(max(n_context - n_known, 0), len(values))


def warn_if_past_is_missing(n_without_times, n_padded, n_rows, n_context):
    """Warn if rows of X have no complete window.

    Parameters
    ----------
    n_without_times : int
        Number of these rows in series without times, in X or in the training rows.
    n_padded : int
        Number of these rows in all series.
    n_rows : int
        Number of rows of X.
    n_context : int
        Number of rows before X that its first window needs.
    """
    if n_without_times:
        message = f"{n_without_times} of {n_rows} rows of X {NO_TIMES}"
    elif n_padded == n_rows:
        advice = NOT_STORED.format(n_context=n_context)
        message = f"{n_rows} of {n_rows} rows of X {advice}"
    else:
        return
    warnings.warn(message, UserWarning, stacklevel=5)
