"""Warn if windows are padded although there may be rows before X."""

import warnings

from sklstm._windowing.context import starts_like_training

# Fewer training rows are rows to try something out, and padded windows are expected.
FEW_ROWS = 50
# The warning if it is unknown whether X follows the training rows.
NO_TIMES = (
    "have no complete window, because rows without times may not follow the training "
    "rows. If X follows them, pass frames with an index of times, pass "
    'context="assume_next", or pass one row at a time to sklstm.streaming.Stream. If '
    "no rows precede X, pass context=None. A scaler keeps the index after set_output("
    'transform="pandas").'
)
# An addition to it if the index of X has labels that are not times.
NOT_TIMES = (
    " The index of X holds {label!r}, which is no time. Convert dates before fit and "
    "predict, with X.index = pd.to_datetime(X.index)."
)
# The warning if the times of X show that the stored rows do not directly precede it.
NOT_STORED = (
    "have no complete window, because the stored rows do not directly precede X. Pass "
    "the {n_context} rows before X as the first rows of X, or pass all new rows, one "
    "or more at a time, to sklstm.streaming.Stream. If no rows precede X, pass "
    "context=None."
)


def warn_if_past_is_missing(windower, table, pasts):
    """Warn if windows are padded although rows may precede the table.

    Parameters
    ----------
    windower : Windower
        Windower with the stored rows.
    table : Table
        Rows of X.
    pasts : dict of key to PastRows
        Stored rows that precede the rows of each series.
    """
    n_rows, n_context = len(table.values), windower.n_context
    n_without_times = n_padded = 0
    # After an update, a new series is assumed to begin with X.
    is_updated = any(tail.n_updated for tail in windower.tails.values())
    for key, past in pasts.items():
        values, time_indexes = table.series(key)
        tail = windower.tails.get(key)
        if tail is None and is_updated:
            continue
        n_of_series = n_rows_without_past(tail, past, values, n_context)
        n_padded += n_of_series
        if tail is not None and not (time_indexes and tail.time_indexes):
            n_without_times += n_of_series
    if n_without_times:
        message = f"{n_without_times} of {n_rows} rows of X {NO_TIMES}"
        if table.has_other_labels:
            message += NOT_TIMES.format(label=table.labels[0])
    elif n_padded == n_rows:
        advice = NOT_STORED.format(n_context=n_context)
        message = f"{n_rows} of {n_rows} rows of X {advice}"
    else:
        return
    warnings.warn(message, UserWarning, stacklevel=4)


def warn_if_no_window_is_complete(table, windower):
    """Warn if all windows of training rows are padded, because the series are short.

    Parameters
    ----------
    table : Table
        Training rows.
    windower : Windower
        Windower with the shape of the windows.
    """
    n_needed = windower.n_context + 1
    n_rows = max(len(table.labels[rows]) for rows in table.rows.values())
    if not FEW_ROWS <= n_rows < n_needed:
        return
    n_before = n_rows - 1 - windower.shift
    longest = n_before // windower.sampling_rate + 1
    shorter = f"window_size={longest} or less" if n_before >= 0 else "a smaller shift"
    warnings.warn(
        f"A window needs {n_needed} rows, but the longest series of X has {n_rows}, so "
        f"all windows are padded. Pass {shorter}, or more rows.",
        UserWarning,
        stacklevel=3,
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
