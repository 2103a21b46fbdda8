"""Times a step apart: whether they are, which come next, and how many make a cycle."""

import numpy as np
import pandas as pd

# Steps per cycle, by the name of a frequency without its number and its anchor.
CYCLES = {
    **dict.fromkeys(["M", "ME", "MS", "BME", "BMS"], 12),
    **dict.fromkeys(["Q", "QE", "QS", "BQE", "BQS"], 4),
    "W": 52,
    "D": 7,
    "B": 5,
    "h": 24,
    "min": 24 * 60,
    "s": 60 * 60,
}


def as_dates(labels):
    """Convert an index of Python objects to the type that pandas has for them.

    Parameters
    ----------
    labels : pandas.Index
        Any labels.

    Returns
    -------
    labels : pandas.Index
        A DatetimeIndex for dates and timestamps, an index of integers for integers.
        Labels that are no objects, and a MultiIndex, are returned as they are.
    """
    if labels.dtype != object or isinstance(labels, pd.MultiIndex):
        return labels
    labels = labels.infer_objects()
    return pd.DatetimeIndex(labels) if labels.inferred_type == "date" else labels


def regular_times(times, like=None):
    """Hold times to be a step apart, each later than the one before.

    Parameters
    ----------
    times : pandas.Index
        Dates, periods, durations or integers, one per reading.
    like : pandas.Index or None, default=None
        Times of another series, whose step fewer than three times of that kind have.

    Returns
    -------
    times : pandas.Index
        The same; dates with a frequency.

    Raises
    ------
    ValueError
        If the times are of another kind, missing, twice there, unsorted, or not a
        step apart.
    """
    times = as_dates(times)
    is_of_time = isinstance(
        times, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex
    )
    if not is_of_time and not pd.api.types.is_integer_dtype(times.dtype):
        raise ValueError(
            "The index of y must hold dates, periods, durations or integers, got "
            f"{times.dtype}. Convert it, as y.index = pd.to_datetime(y.index) does, or "
            "drop it with y.to_numpy()."
        )
    _check_order(times)
    if 0 < len(times) < 3 and _are_alike(times, like):
        return _with_step_of(like, times)
    if isinstance(times, pd.DatetimeIndex):
        return _with_frequency(times)
    _check_equal_steps(times)
    if len(times) < 2 and getattr(times, "freq", None) is None:
        return _alone(times)
    return times


def times_after(times, horizon):
    """Return the next times.

    Parameters
    ----------
    times : pandas.Index
        What :func:`regular_times` returns, not empty.
    horizon : int
        How many steps to go on.

    Returns
    -------
    times : pandas.Index of shape (horizon,)
        Of the same kind, with the same frequency and name.
    """
    if isinstance(times, pd.DatetimeIndex):
        later = pd.date_range(times[-1], periods=horizon + 1, freq=times.freq)[1:]
    elif isinstance(times, pd.PeriodIndex):
        later = pd.period_range(times[-1], periods=horizon + 1, freq=times.freq)[1:]
    elif isinstance(times, pd.TimedeltaIndex):
        step = times.freq or times[-1] - times[-2]
        later = pd.timedelta_range(times[-1] + step, periods=horizon, freq=step)
    else:
        step = getattr(times, "step", 0) or int(times[-1] - times[-2])
        first = int(times[-1]) + step
        later = pd.RangeIndex(first, first + horizon * step, step)
    return later.rename(times.name)


def steps_per_cycle(times):
    """Say how many steps make the cycle that their frequency suggests.

    Parameters
    ----------
    times : pandas.Index
        What :func:`regular_times` returns.

    Returns
    -------
    n_steps : int
        12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business days,
        steps per day for hours and minutes, per hour for seconds; fewer for multiples
        of them, such as 96 for quarters of an hour. 1 without a frequency, for years,
        and where the cycle is no whole number of steps.
    """
    frequency = getattr(times, "freq", None)
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex) or frequency is None:
        return 1
    cycle = CYCLES.get(frequency.rule_code.split("-")[0], 1)
    return cycle // frequency.n if cycle % frequency.n == 0 else 1


def _check_order(times):
    """Raise if a time is missing, there twice, or before the one in front of it."""
    if times.hasnans:
        raise ValueError(
            "The index of y holds missing times. Drop the readings without a time."
        )
    if times.has_duplicates:
        raise ValueError(
            f"The index of y has {times[times.duplicated()][0]} twice. Keep one "
            "reading a step, as y.groupby(level=-1).mean() does; give many series one "
            "column each, or a MultiIndex (series, time)."
        )
    if not times.is_monotonic_increasing:
        raise ValueError(
            "The times of y must increase from reading to reading. Sort them with "
            "y.sort_index()."
        )


def _with_frequency(dates):
    """Give dates the frequency that they have."""
    if dates.freq is not None:
        return dates
    dates = pd.DatetimeIndex(dates, freq="infer")
    if dates.freq is None:
        _check_similar_steps(dates)
        raise ValueError(
            f"The {len(dates)} dates of y have no frequency that pandas can tell from "
            "them. It needs three or more; where clocks change, dates in UTC, as "
            "y.tz_convert('UTC') makes them; or a frequency given, as "
            "y.asfreq('MS') does for the first of every month."
        )
    return dates


def _are_alike(times, like):
    """Whether times are of one kind, and the others have a step."""
    if like is None or len(like) < 2:
        return False
    are_numbers = (pd.api.types.is_integer_dtype(one.dtype) for one in (times, like))
    return type(times) is type(like) or all(are_numbers)


def _with_step_of(like, times):
    """Give one or two times the step of others."""
    following = times_after(like[:2], 2)
    step = following[1] - following[0]
    if isinstance(times, pd.PeriodIndex):
        regular = pd.PeriodIndex(times, freq=like.freq)
    elif isinstance(times, pd.DatetimeIndex):
        regular = pd.date_range(times[0], periods=len(times), freq=like.freq)
    elif isinstance(times, pd.TimedeltaIndex):
        regular = pd.timedelta_range(times[0], periods=len(times), freq=step)
    else:
        stop = int(times[0]) + step * len(times)
        regular = pd.RangeIndex(int(times[0]), stop, step)
    if list(regular) != list(times):
        raise ValueError(
            f"The times {list(times)} do not go on in the steps of the series of fit. "
            "Pass readings a step apart, with NaN where one is missing."
        )
    return regular.rename(times.name)


def _alone(times):
    """Give a single number the step 1; a single duration has none."""
    if isinstance(times, pd.TimedeltaIndex):
        raise ValueError(
            f"The single duration {times[0]} of y has no step. Give its index a freq, "
            "or pass two readings or more."
        )
    first = int(times[0])
    return pd.RangeIndex(first, first + 1, name=times.name)


def _check_equal_steps(times):
    """Raise unless integers, periods or durations are all the same step apart."""
    steps = np.diff(times.astype("int64").to_numpy())
    if isinstance(times, pd.PeriodIndex):
        usual = times.freq.n
    else:
        usual = np.sort(steps)[len(steps) // 2] if len(steps) else 0
    _refuse_first(times, steps != usual)


def _check_similar_steps(dates):
    """Raise where a date is missing: months differ in length, but not by as much."""
    steps = np.diff(dates.asi8)
    usual = np.median(steps) if len(steps) else 0
    _refuse_first(dates, (steps > 1.5 * usual) | (steps < usual / 1.5))


def _refuse_first(times, is_odd):
    """Raise at the first step that is odd, if there is one."""
    odd = np.flatnonzero(is_odd)
    if len(odd):
        raise ValueError(
            "The times of y are not a step apart: nothing stands between "
            f"{times[odd[0]]} and {times[odd[0] + 1]}, which is not the step of the "
            "others or of the frequency. Put NaN where a reading is missing, as "
            "y.asfreq('D') does for days and y.reindex(...) for all else: the windows "
            "bridge it."
        )
