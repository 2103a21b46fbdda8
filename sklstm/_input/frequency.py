"""Times that are equally spaced: check them, continue them, and find their season."""

import numpy as np
import pandas as pd

# Steps per season. A frequency is named without number and anchor: 2W-SUN is W.
SEASON_LENGTHS = {
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
    """Convert an index of Python dates or integers to the index type of pandas.

    Parameters
    ----------
    labels : pandas.Index
        Any labels.

    Returns
    -------
    labels : pandas.Index
        A DatetimeIndex for dates and timestamps, an index of integers for integers.
        A MultiIndex and labels that are not objects are returned unchanged.
    """
    if labels.dtype != object or isinstance(labels, pd.MultiIndex):
        return labels
    labels = labels.infer_objects()
    return pd.DatetimeIndex(labels) if labels.inferred_type == "date" else labels


def regular_times(times, like=None):
    """Check that times increase in equal steps, and return them with their frequency.

    Parameters
    ----------
    times : pandas.Index
        Dates, periods, durations or integers, one per value.
    like : pandas.Index or None, default=None
        Times of another series, of the same kind. One or two times do not define a
        step, so they get the step of this series.

    Returns
    -------
    times : pandas.Index
        The same times. Dates have a frequency.

    Raises
    ------
    ValueError
        If there are no times, or if they are of another type, missing, duplicated,
        unsorted or not equally spaced.
    """
    if not len(times):
        raise ValueError("There are no values in y. Pass at least one.")
    times = as_dates(times)
    has_time_type = isinstance(
        times, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex
    )
    if not has_time_type and not pd.api.types.is_integer_dtype(times.dtype):
        raise ValueError(
            "The index of y must hold dates, periods, durations or integers, got "
            f"{times.dtype}. Convert it, for example with y.index = "
            "pd.to_datetime(y.index), or drop it with y.to_numpy(). The levels of a "
            "MultiIndex must be (series, time); y.reorder_levels changes their order."
        )
    _check_order(times)
    if 0 < len(times) < 3 and _has_step_for(like, times):
        return _with_step_of(like, times)
    if isinstance(times, pd.DatetimeIndex):
        return _with_frequency(times)
    _check_equal_steps(times)
    if len(times) < 2 and getattr(times, "freq", None) is None:
        return _with_step_one(times)
    return times


def times_after(times, horizon):
    """Return the times that follow the last one.

    Parameters
    ----------
    times : pandas.Index
        Times that :func:`regular_times` returned, not empty.
    horizon : int
        Number of times to return.

    Returns
    -------
    times : pandas.Index of shape (horizon,)
        Times of the same kind, with the same frequency and name.
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


def default_season_length(times):
    """Return the season length that the frequency of times suggests.

    Parameters
    ----------
    times : pandas.Index
        Times that :func:`regular_times` returned.

    Returns
    -------
    season_length : int
        12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business days,
        steps per day for hours and minutes, steps per hour for seconds. For multiples,
        this number is divided by the multiple, such as 1440 / 15 = 96 for 15 minutes. 1
        for years, for times without a frequency, and if the result is not whole.
    """
    frequency = getattr(times, "freq", None)
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex) or frequency is None:
        return 1
    season_length = SEASON_LENGTHS.get(frequency.rule_code.split("-")[0], 1)
    is_whole = season_length % frequency.n == 0
    return season_length // frequency.n if is_whole else 1


def _check_order(times):
    """Raise if a time is missing, duplicated or earlier than the one before it."""
    if times.hasnans:
        raise ValueError(
            "The index of y holds missing times. Drop the values without a time."
        )
    if times.has_duplicates:
        raise ValueError(
            f"The index of y has {times[times.duplicated()][0]} twice. Keep one value "
            "per step, for example with y.groupby(level=-1).mean(). Pass several "
            "series as one column each, or with a MultiIndex (series, time)."
        )
    if not times.is_monotonic_increasing:
        raise ValueError(
            "The times of y must increase from value to value. Sort them with "
            "y.sort_index()."
        )


def _with_frequency(dates):
    """Return dates with the frequency that pandas infers, if they have none."""
    if dates.freq is not None:
        return dates
    regular = pd.DatetimeIndex(dates, freq="infer")
    if regular.freq is None or not _follow_frequency(regular):
        _check_similar_steps(dates)
        raise ValueError(
            f"pandas cannot infer the frequency of the {len(dates)} dates of y. Pass "
            "three or more dates. If they cross a change to summer or winter time, "
            "convert them with y.tz_convert('UTC'). Or set the frequency, for example "
            "with y.asfreq('MS') for the first of every month."
        )
    return regular


def _follow_frequency(dates):
    """Whether a range with the frequency of the dates has the same dates.

    It does not if the inferred frequency is wrong. For the hours 9 to 16 of every day,
    pandas infers business hours, which leave out weekends.
    """
    regular = pd.date_range(dates[0], periods=len(dates), freq=dates.freq)
    return regular.equals(dates)


def _has_step_for(like, times):
    """Whether `like` has at least two times, and of the same kind as `times`."""
    if like is None or len(like) < 2:
        return False
    are_integers = (pd.api.types.is_integer_dtype(one.dtype) for one in (times, like))
    return type(times) is type(like) or all(are_integers)


def _with_step_of(like, times):
    """Return one or two times with the step of another series."""
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
            f"The times {list(times)} do not have the step of the series passed to "
            "fit. Pass values at that step, with NaN where a value is missing."
        )
    return regular.rename(times.name)


def _with_step_one(times):
    """Return a single integer with a step of 1; raise for a single duration."""
    if isinstance(times, pd.TimedeltaIndex):
        raise ValueError(
            f"y has a single value, at the duration {times[0]}, so its step is "
            "unknown. Set the freq of its index, or pass at least two values."
        )
    first = int(times[0])
    return pd.RangeIndex(first, first + 1, name=times.name)


def _check_equal_steps(times):
    """Raise unless integers, periods or durations are equally spaced."""
    steps = np.diff(times.astype("int64").to_numpy())
    if isinstance(times, pd.PeriodIndex):
        typical = times.freq.n
    else:
        typical = np.sort(steps)[len(steps) // 2] if len(steps) else 0
    _raise_at_first(times, steps != typical)


def _check_similar_steps(dates):
    """Raise if a date is missing. Steps may differ as much as the lengths of months."""
    steps = np.diff(dates.asi8)
    typical = np.median(steps) if len(steps) else 0
    _raise_at_first(dates, (steps > 1.5 * typical) | (steps < typical / 1.5))


def _raise_at_first(times, is_odd):
    """Raise at the first step that differs from the others, if there is one."""
    odd = np.flatnonzero(is_odd)
    if len(odd):
        raise ValueError(
            "The times of y are not equally spaced: the step from "
            f"{times[odd[0]]} to {times[odd[0] + 1]} differs from the other steps or "
            "from the frequency. Insert NaN where a value is missing, with "
            "y.asfreq('D') for days or y.reindex(...) for other times. Missing values "
            "are interpolated in the windows."
        )
