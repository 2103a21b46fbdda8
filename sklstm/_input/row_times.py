"""What row labels prove: the order of the rows in time, and the series they belong to.

A clock is an array with one position per row; the difference of two positions is the
time between the rows. Labels are read into a dict of clocks by name. The first one
puts any two rows in order. The others count in steps of the calendar, which the first
one sees as uneven: local days around a change to summer time, business days, months.
Clocks are equal in meaning where they are equal in name.
"""

import warnings

import numpy as np
import pandas as pd

from sklstm._input.frequency import as_dates

# How far from a whole number of steps a time may be: stamps are rounded.
TOLERANCE = 1e-3


def read_clocks(labels):
    """Read the times in an index or a column.

    Parameters
    ----------
    labels : pandas.Index
        One label per row.

    Returns
    -------
    clocks : dict of str to ndarray of shape (n_rows,)
        Empty if the labels are of a kind that has no order in time.

    Raises
    ------
    ValueError
        If a time is missing.
    """
    labels = as_dates(labels)
    clocks = _clocks(labels)
    if clocks and labels.hasnans:
        raise ValueError(
            "The times of X hold missing values. Drop the rows without a time or fill "
            "their times, or pass context=None to take the rows as they stand."
        )
    return clocks


def read_index(index):
    """Read the times and the series in the index of a frame.

    Parameters
    ----------
    index : pandas.Index
        A MultiIndex holds the time in its last level and the series in the others.

    Returns
    -------
    clocks : dict of str to ndarray of shape (n_rows,)
        Empty if the index has no order in time.

    Raises
    ------
    ValueError
        If the last level of a MultiIndex holds no times.
    """
    times = index.get_level_values(-1)
    clocks = read_clocks(times)
    if not _is_panel(index):
        return clocks
    if not clocks:
        raise ValueError(
            "The last level of the MultiIndex of X must hold times, got "
            f"{times[0]!r} of dtype {times.dtype}. Bring the levels into the order "
            "(series, time) with X.reorder_levels, or pass context=None to take the "
            "rows as they stand."
        )
    _warn_if_time_comes_first(index)
    return clocks


def series_keys(index):
    """Name the series of every row: all levels but the last, None without a panel."""
    return index.droplevel(-1) if _is_panel(index) else None


def series_rows(keys, n_rows):
    """Find the rows of every series, in the order they stand.

    Parameters
    ----------
    keys : pandas.Index or None
        The series of every row; None: all rows are one series.
    n_rows : int
        Number of rows.

    Returns
    -------
    rows : dict of key to slice or ndarray of int
        One entry per series.

    Raises
    ------
    ValueError
        If a row belongs to no series.
    """
    if keys is None:
        return {None: slice(0, n_rows)}
    codes, names = pd.factorize(keys)
    if (codes < 0).any() or _has_missing_level(keys):
        raise ValueError(
            "The series of some rows are missing values. Name them or drop the rows."
        )
    by_series = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    return dict(zip(names, np.split(by_series, ends), strict=True))


def check_increasing(clock, labels, source):
    """Raise unless every row of a series comes later than the row before it.

    Parameters
    ----------
    clock : ndarray of shape (n_rows,)
        Positions of the rows.
    labels : callable
        Returns the labels of the rows, for the message.
    source : str
        Where they stand in X, for the message.
    """
    backwards = np.flatnonzero(~(clock[1:] > clock[:-1]))
    if len(backwards):
        before, after = labels()[backwards[0] : backwards[0] + 2]
        raise ValueError(
            f"{source} must increase from row to row, but {after} does not come after "
            f"{before} in the row before it. If the rows are unsorted, sort them; if "
            "they are shuffled, split in time order, as TimeSeriesSplit does; if they "
            "belong to several series, name these with groups= or a MultiIndex "
            "(series, time). To take the rows as they stand, pass context=None."
        )


def _clocks(labels):
    """Read the clocks of one kind of index."""
    if isinstance(labels, pd.PeriodIndex):
        return {f"periods {labels.freqstr}": labels.astype("int64").to_numpy()}
    if isinstance(labels, pd.DatetimeIndex):
        return _date_clocks(labels)
    if isinstance(labels, pd.TimedeltaIndex):
        return {"durations": labels.to_numpy()}
    if pd.api.types.is_integer_dtype(labels.dtype) and not labels.hasnans:
        return {"numbers": labels.to_numpy().astype(np.int64)}
    if pd.api.types.is_any_real_numeric_dtype(labels.dtype):
        return {"numbers": labels.to_numpy(dtype=np.float64, na_value=np.nan)}
    return {}


def _date_clocks(dates):
    """Count absolute time, and local time where a time zone makes them differ."""
    local = dates.tz_localize(None).to_numpy()
    calendar = {} if dates.hasnans else _calendar_clocks(local)
    if dates.tz is None:
        return {"dates": local, **calendar}
    absolute = dates.tz_convert("UTC").tz_localize(None).to_numpy()
    return {"instants": absolute, f"local dates {dates.tz}": local, **calendar}


def _calendar_clocks(dates):
    """Count business days and months, where the stamps are of that kind."""
    days = dates.astype("datetime64[D]")
    hour = _common_value(dates - days)
    if hour is None:
        return {}
    clocks = {}
    if np.is_busday(days).all():
        clocks[f"business days {hour}"] = np.busday_count("1970-01-01", days)
    months = days.astype("datetime64[M]")
    since_first = _common_value(days - months)
    until_first = _common_value((months + 1).astype("datetime64[D]") - days)
    for name, offset in {"after": since_first, "before": until_first}.items():
        if offset is not None:
            clocks[f"months, {offset} {name} the first, {hour}"] = months.astype(int)
    return clocks


def _common_value(values):
    """Return the one value that all share, or None."""
    return values[0] if (values == values[0]).all() else None


def _is_panel(index):
    return isinstance(index, pd.MultiIndex) and index.nlevels > 1


def _has_missing_level(keys):
    levels = keys.codes if isinstance(keys, pd.MultiIndex) else []
    return any((codes < 0).any() for codes in levels)


def _warn_if_time_comes_first(index):
    """Warn if a MultiIndex looks like (time, series)."""
    dates = (pd.DatetimeIndex, pd.PeriodIndex)
    if isinstance(index.levels[-1], dates):
        return
    if any(isinstance(level, dates) for level in index.levels[:-1]):
        warnings.warn(
            "The last level of the MultiIndex of X is taken for the time, but an "
            "earlier one holds dates. If those are the time, bring the levels into the "
            "order (series, time) with X.reorder_levels.",
            UserWarning,
            stacklevel=2,
        )
