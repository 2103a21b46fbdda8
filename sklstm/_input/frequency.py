"""Times that are equally spaced: check them, continue them, and find their season."""

import numpy as np
import pandas as pd

from sklstm._input.time_dtypes import as_dates
from sklstm._input.time_errors import (
    Owner,
    integer_dates_error,
    order_error,
    type_error,
    uneven_error,
)

# Steps per season. A frequency is named without number and anchor: 2ME is ME.
SEASON_LENGTHS = {
    **dict.fromkeys(["M", "ME", "MS", "BME", "BMS", "CBME", "CBMS"], 12),
    **dict.fromkeys(["WOM", "LWOM"], 12),
    **dict.fromkeys(["SME", "SMS"], 24),
    **dict.fromkeys(["Q", "QE", "QS", "BQE", "BQS"], 4),
    "B": 5,
}
DAYS_PER_WEEK, WEEKS_PER_YEAR = 7, 52
DAY = pd.Timedelta(days=1)
OF_Y = Owner("index")


def regular_times(times, like=None, owner=OF_Y):
    """Check that times increase in equal steps, and return them with their frequency.

    Parameters
    ----------
    times : pandas.Index
        Dates, periods, durations or integers, one per value.
    like : pandas.Index or None, default=None
        Times of another series, of the same kind. One or two times do not define a
        step, so they get the step of this series.
    owner : Owner, default=Owner("index")
        The form of y, for messages.

    Returns
    -------
    times : pandas.Index
        The same times. Dates have a frequency.

    Raises
    ------
    ValueError
        If there are no times, or if they are of another type, missing, duplicated,
        unsorted or not equally spaced; or if integers look like dates.
    """
    if not len(times):
        raise ValueError(
            f"There are no values in {owner.described}. Pass at least one."
        )
    times = as_dates(times)
    _check_type(times, owner)
    _raise_if(order_error(times, owner))
    if len(times) < 3 and _has_step_for(like, times):
        return _with_step_of(like, times)
    if isinstance(times, pd.DatetimeIndex):
        return _with_frequency(times, owner)
    _check_equal_steps(times, owner)
    if len(times) < 2 and getattr(times, "freq", None) is None:
        return _with_step_one(times)
    return times


def regular_times_of(indexes, names=None, like=None, form="index"):
    """Check the times of several series, and return them with their frequencies.

    The times of the longest series are checked first. Times that are a part of them are
    not checked again.

    Parameters
    ----------
    indexes : list of pandas.Index
        Times of each series.
    names : list or None, default=None
        Names of the series, for messages. None if all have the same times.
    like : pandas.Index or None, default=None
        Times of another series, as in :func:`regular_times`. If None, dates with an
        unknown step get the step of the longest series.
    form : {"index", "levels", "list"}, default="index"
        The form of y, for messages.

    Returns
    -------
    indexes : list of pandas.Index
        The same times. Equal times are the same object.
    """
    passed, indexes = indexes, [as_dates(index) for index in indexes]
    names = [None] * len(indexes) if names is None else names
    results = [None] * len(indexes)
    longest = last = None
    for n in sorted(range(len(indexes)), key=lambda n: -len(indexes[n])):
        times = indexes[n]
        regular = _part_of(last, times)
        if regular is None and longest is not last:
            regular = _part_of(longest, times)
        if regular is None:
            step_of = like
            if like is None and isinstance(times, pd.DatetimeIndex):
                step_of = None if times.freq is not None else longest
            index_type = _converted_type(passed[n], times)
            owner = Owner(form, names[n], indexes, index_type)
            regular = regular_times(times, step_of, owner)
        results[n] = last = regular
        longest = last if longest is None else longest
    return results


def times_after_all(indexes, horizon):
    """Return the times that follow each index.

    If two indexes have the same end, the times after them are the same object.

    Parameters
    ----------
    indexes : list of pandas.Index
        Times that :func:`regular_times` returned.
    horizon : int
        Number of times to return.

    Returns
    -------
    indexes : list of pandas.Index of shape (horizon,)
        Times as :func:`times_after` returns them.
    """
    known, later = {}, []
    for times in indexes:
        end = id(times)
        if getattr(times, "freq", None) is not None:
            end = times.dtype, times.freq, times.name, times[-1]
        if end not in known:
            known[end] = times_after(times, horizon)
        later.append(known[end])
    return later


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
        the business days of a week for custom business days, steps per day for hours
        and minutes, steps per hour for seconds. For multiples, this number is divided
        by the multiple, such as 1440 / 15 = 96 for 15 minutes. Seven days count as a
        week, in any unit. 1 for years, for times without a frequency, and if the result
        is not whole.
    """
    frequency = getattr(times, "freq", None)
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex) or frequency is None:
        return 1
    name = frequency.rule_code.split("-")[0]
    if name == "C":
        # The days of the week that are business days.
        n_steps = int(frequency.calendar.weekmask.sum())
    elif name in SEASON_LENGTHS:
        n_steps = SEASON_LENGTHS[name]
    else:
        return _season_of_duration(frequency)
    return _whole_ratio(n_steps, frequency.n)


def _season_of_duration(frequency):
    """Return the season length of weeks, days and parts of a day."""
    days = {"W": DAYS_PER_WEEK, "D": 1}.get(frequency.rule_code.split("-")[0])
    if days is not None:
        step = frequency.n * days * DAY
    elif isinstance(frequency, pd.offsets.Tick):
        step = pd.Timedelta(frequency)
    else:
        return 1
    if step % DAY == pd.Timedelta(0):
        n_days = step // DAY
        if n_days % DAYS_PER_WEEK == 0:
            return _whole_ratio(WEEKS_PER_YEAR, n_days // DAYS_PER_WEEK)
        return _whole_ratio(DAYS_PER_WEEK, n_days)
    is_in_minutes = step % pd.Timedelta(minutes=1) == pd.Timedelta(0)
    if step < pd.Timedelta(seconds=1):
        return 1
    return _whole_ratio(DAY if is_in_minutes else pd.Timedelta(hours=1), step)


def _whole_ratio(season, step):
    """Return the number of steps of a season, 1 if it is not whole."""
    is_whole = season % step == 0 * step
    return int(season // step) if is_whole else 1


def _converted_type(passed, times):
    """Return code of the type of times if the user passed another type, or None."""
    if isinstance(passed, pd.MultiIndex) or type(passed) is type(times):
        return None
    types = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    return f"pd.{type(times).__name__}" if isinstance(times, types) else None


def _check_type(times, owner):
    """Raise unless times are dates, periods, durations or integers."""
    if pd.api.types.is_integer_dtype(times.dtype):
        _raise_if(integer_dates_error(times, owner))
    elif not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex):
        raise type_error(times, owner)


def _raise_if(error):
    """Raise an error unless it is None."""
    if error is not None:
        raise error


def _with_frequency(dates, owner):
    """Return dates with the frequency that pandas infers, if they have none."""
    if dates.freq is not None:
        return dates
    regular = pd.DatetimeIndex(dates, freq="infer")
    if regular.freq is None or not _follow_frequency(regular):
        _check_similar_steps(dates, owner)
        raise uneven_error(dates, owner)
    return regular


def _follow_frequency(dates):
    """Whether a range with the frequency of the dates has the same dates.

    It does not if the inferred frequency is wrong. For the hours 9 to 16 of every day,
    pandas infers business hours, which leave out weekends.
    """
    regular = pd.date_range(dates[0], periods=len(dates), freq=dates.freq)
    return regular.equals(dates)


def _part_of(known, times):
    """Return the part of regular times that equals other times, None if none does."""
    if known is times or known is None:
        return known
    if type(known) is not type(times) or known.dtype != times.dtype:
        return None
    frequency = getattr(times, "freq", None)
    has_other = frequency is not None and frequency != known.freq
    if has_other or isinstance(times, pd.RangeIndex) or not len(times):
        return None
    start = np.searchsorted(_as_integers(known), _as_integers(times[:1])[0])
    part = known if len(known) == len(times) else known[start : start + len(times)]
    if not part.equals(times):
        return None
    return part if part.name == times.name else part.rename(times.name)


def _has_step_for(like, times):
    """Whether `like` has at least two times, and of the same kind as `times`."""
    if like is None or len(like) < 2:
        return False
    are_integers = (pd.api.types.is_integer_dtype(one.dtype) for one in (times, like))
    return type(times) is type(like) or all(are_integers)


def _as_integers(times):
    """Return times as integers that increase with them."""
    return times.asi8 if hasattr(times, "asi8") else times.to_numpy()


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
            "unknown. Pass at least two values, or set the step, for an hour with: "
            "y.index = pd.TimedeltaIndex(y.index, freq='1h')"
        )
    first = int(times[0])
    return pd.RangeIndex(first, first + 1, name=times.name)


def _check_equal_steps(times, owner):
    """Raise unless integers, periods or durations are equally spaced."""
    steps = np.diff(times.astype("int64").to_numpy())
    if isinstance(times, pd.PeriodIndex):
        typical = times.freq.n
    else:
        typical = np.sort(steps)[len(steps) // 2] if len(steps) else 0
    _raise_at_first(times, steps != typical, owner)


def _check_similar_steps(dates, owner):
    """Raise if a date is missing. Steps may differ as much as the lengths of months."""
    steps = np.diff(dates.asi8)
    typical = np.median(steps) if len(steps) else 0
    is_odd = (steps > 1.5 * typical) | (steps < typical / 1.5)
    _raise_at_first(dates, is_odd, owner)


def _raise_at_first(times, is_odd, owner):
    """Raise at the first step that differs from the others, if there is one."""
    odd = np.flatnonzero(is_odd)
    if len(odd):
        raise uneven_error(times, owner, odd[0])
