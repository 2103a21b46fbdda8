"""Times and series of the rows of a table, read from their labels.

A time index is an array with one position per row. The difference of two positions is
the time between the two rows. Labels are converted to a dict of time indexes by name.
The first time index defines the order of the rows. The others count units of the
calendar: local days, business days and months. These units have uneven lengths in the
first time index. Time indexes of the same name can be compared.
"""

import numpy as np
import pandas as pd

from sklstm._input.time_dtypes import as_dates

# Times are rounded, so a number of steps may be this far from a whole number.
TOLERANCE = 1e-3


def read_time_indexes(labels):
    """Convert labels to time indexes.

    Parameters
    ----------
    labels : pandas.Index
        One label per row.

    Returns
    -------
    time_indexes : dict of str to ndarray of shape (n_rows,)
        Time indexes by name. Empty if the labels are not times but, for example,
        strings.

    Raises
    ------
    ValueError
        If a time is missing.
    """
    labels = as_dates(labels)
    time_indexes = _time_indexes(labels)
    if time_indexes and labels.hasnans:
        raise ValueError(
            "The times of X hold missing values. Drop the rows without a time or fill "
            "in their times. Or pass context=None: the order of the rows is then not "
            "checked."
        )
    return time_indexes


def read_index(index):
    """Convert the index of a frame to time indexes.

    Parameters
    ----------
    index : pandas.Index
        Labels of the rows. The last level of a MultiIndex holds the times, the others
        identify the series.

    Returns
    -------
    time_indexes : dict of str to ndarray of shape (n_rows,)
        Time indexes by name. Empty if the index does not hold times.

    Raises
    ------
    ValueError
        If the last level of a MultiIndex does not hold times.
    """
    times = index.get_level_values(-1)
    time_indexes = read_time_indexes(times)
    if not _is_panel(index):
        return time_indexes
    if not time_indexes:
        raise ValueError(
            "The last level of the MultiIndex of X must hold times, got "
            f"{times[0]!r} of dtype {times.dtype}. Reorder the levels to (series, "
            "time) with X.reorder_levels. Convert strings of dates with X.rename("
            "pd.Timestamp, level=-1). Or pass context=None: the order of the rows is "
            "then not checked."
        )
    return time_indexes


def series_keys(index):
    """Find the series that each row belongs to.

    Parameters
    ----------
    index : pandas.Index
        Labels of the rows. The last level of a MultiIndex holds the times.

    Returns
    -------
    keys : pandas.Index or None
        All levels of the index except the last one. None if the index has one level,
        because all rows are then one series.

    Raises
    ------
    ValueError
        If the levels of a MultiIndex are (time, series).
    """
    if not _is_panel(index):
        return None
    _check_time_is_last(index)
    return index.droplevel(-1)


def series_rows(keys, n_rows):
    """Find the rows of each series.

    Parameters
    ----------
    keys : pandas.Index or None
        Key of the series of each row. None if all rows are one series.
    n_rows : int
        Number of rows.

    Returns
    -------
    rows : dict of key to slice or ndarray of int
        Positions of the rows of each series, in increasing order.

    Raises
    ------
    ValueError
        If the key of a row is missing.
    """
    if keys is None:
        return {None: slice(0, n_rows)}
    if n_rows == 0:
        return {}
    codes, names = pd.factorize(keys)
    if (codes < 0).any() or _has_missing_level(keys):
        raise ValueError(
            "The series of some rows are missing. Fill in the names of the series, or "
            "drop these rows."
        )
    by_series = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    return dict(zip(names, np.split(by_series, ends), strict=True))


def check_increasing(time_index, labels, source, keep_one):
    """Raise unless each row of a series is later than the row before it.

    Parameters
    ----------
    time_index : ndarray of shape (n_rows,)
        Positions of the rows in time.
    labels : callable
        Function that returns the labels of the rows. The error message shows two of
        them.
    source : str
        Name of the index or column that holds the labels. The error message shows it.
    keep_one : str
        What to do if a time occurs twice.
    """
    backwards = np.flatnonzero(~(time_index[1:] > time_index[:-1]))
    if not len(backwards):
        return
    row = backwards[0]
    before, after = labels()[row : row + 2]
    if time_index[row] == time_index[row + 1]:
        what = f"but {after} occurs twice. {keep_one}"
    else:
        what = (
            f"but {after} does not come after {before} in the row before it. If the "
            "rows are unsorted, sort them. If they are shuffled, split them in time "
            "order, as TimeSeriesSplit does."
        )
    raise ValueError(
        f"{source} must increase from row to row, {what} If the rows belong to several "
        "series, identify the series with groups= or a MultiIndex (series, time). To "
        "use the rows in their present order, pass context=None."
    )


def _time_indexes(labels):
    """Convert an index of one type to time indexes."""
    if isinstance(labels, pd.PeriodIndex):
        return {f"periods {labels.freqstr}": labels.astype("int64").to_numpy()}
    if isinstance(labels, pd.DatetimeIndex):
        return _date_indexes(labels)
    if isinstance(labels, pd.TimedeltaIndex):
        return {"durations": labels.to_numpy()}
    if pd.api.types.is_integer_dtype(labels.dtype) and not labels.hasnans:
        return {"numbers": labels.to_numpy().astype(np.int64)}
    if pd.api.types.is_any_real_numeric_dtype(labels.dtype):
        return {"numbers": labels.to_numpy(dtype=np.float64, na_value=np.nan)}
    return {}


def _date_indexes(dates):
    """Compute the time indexes of dates: absolute, local and calendar time."""
    local = dates.tz_localize(None).to_numpy()
    calendar = {} if dates.hasnans else _calendar_indexes(local)
    if dates.tz is None:
        return {"dates": local, **calendar}
    absolute = dates.tz_convert("UTC").tz_localize(None).to_numpy()
    return {"instants": absolute, f"local dates {dates.tz}": local, **calendar}


def _calendar_indexes(dates):
    """Count business days and months, if all dates have the same time of day."""
    days = dates.astype("datetime64[D]")
    hour = _common_value(dates - days)
    if hour is None:
        return {}
    counts = {}
    if np.is_busday(days).all():
        counts[f"business days {hour}"] = np.busday_count("1970-01-01", days)
    months = days.astype("datetime64[M]")
    since_first = _common_value(days - months)
    until_first = _common_value((months + 1).astype("datetime64[D]") - days)
    for name, offset in {"after": since_first, "before": until_first}.items():
        if offset is not None:
            counts[f"months, {offset} {name} the first, {hour}"] = months.astype(int)
    return counts


def _common_value(values):
    """Return the value if all values are equal, otherwise None."""
    return values[0] if (values == values[0]).all() else None


def _is_panel(index):
    """Whether an index has a level that identifies the series."""
    return isinstance(index, pd.MultiIndex) and index.nlevels > 1


def _has_missing_level(keys):
    """Whether a level of some key is missing."""
    levels = keys.codes if isinstance(keys, pd.MultiIndex) else []
    return any((codes < 0).any() for codes in levels)


def _check_time_is_last(index):
    """Raise if a level before the last one holds dates and the last one does not."""
    *are_dates, is_last = (_holds_dates(level) for level in index.levels)
    if not is_last and any(are_dates):
        raise ValueError(
            "The last level of a MultiIndex must hold the times, but it holds "
            f"{index.levels[-1].dtype} and level {are_dates.index(True)} holds dates. "
            f"Swap the two with swaplevel({are_dates.index(True)}, -1). If the dates "
            "identify the series, convert them to strings."
        )


def _holds_dates(level):
    """Whether a level of a MultiIndex holds dates or periods."""
    return isinstance(as_dates(level), pd.DatetimeIndex | pd.PeriodIndex)
