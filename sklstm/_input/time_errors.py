"""Errors for times of y that are not regular, with code that fixes them.

Each message ends with code that changes y. The next call then accepts y, or raises the
next error.
"""

import re
import warnings
from collections.abc import Hashable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

# Largest number of steps per value of a regular index that a message suggests.
MAX_FILL = 3
# Above this number, the message also explains how to leave out the steps in between.
MANY_STEPS = 1.5
# Number of labels on which a conversion is tried.
N_TRIED = 1000
ANCHORED = ("MS", "ME", "BMS", "BME")
UNITS = ("min", "h", "D", "W", "M", "Q", "Y")
# Pattern of labels, code that converts a label, and the same code as a function.
CONVERSIONS = [
    (
        r"\d{4}[ -]?Q[1-4]",
        "lambda time: pd.Period(time.replace(' ', ''), 'Q')",
        lambda time: pd.Period(time.replace(" ", ""), "Q"),
    ),
    (
        r"Q[1-4][ -]?\d{4}",
        "lambda time: pd.Period(time[-4:] + time[:2], 'Q')",
        lambda time: pd.Period(time[-4:] + time[:2], "Q"),
    ),
    (
        r"\d{4}-W\d\d",
        "lambda time: pd.to_datetime(time + '-1', format='%G-W%V-%u')",
        lambda time: pd.to_datetime(time + "-1", format="%G-W%V-%u"),
    ),
    (
        r"(19|20)\d\d(0[1-9]|1[0-2])",
        "lambda time: pd.to_datetime(time, format='%Y%m')",
        lambda time: pd.to_datetime(time, format="%Y%m"),
    ),
    (r"\d{1,3}", "int", int),
    (r".*\d.*", "pd.Timestamp", pd.Timestamp),
    (
        r".*\d.*",
        "lambda time: pd.to_datetime(time, dayfirst=True)",
        partial(pd.to_datetime, dayfirst=True),
    ),
]


class Owner(NamedTuple):
    """The form of y that holds the times of a series, for messages.

    Attributes
    ----------
    form : {"index", "levels", "list"}
        Whether the times are the index of y, the last level of its MultiIndex, or the
        index of one item of a list.
    name : hashable or None
        Name of the series if it has its own times.
    indexes : sequence of pandas.Index
        Times of all series.
    index_type : str or None
        Code of the type that the index must be converted to first, such as
        "pd.DatetimeIndex". None if it has this type.
    """

    form: str = "index"
    name: Hashable = None
    indexes: Sequence[pd.Index] = ()
    index_type: str | None = None

    @property
    def described(self):
        """The series in words."""
        return "y" if self.name is None else f"the series {self.name!r} of y"

    def convert_first(self):
        """Return code that converts the index to a type with the methods of times."""
        if self.index_type is None:
            return ""
        if self.form == "levels":
            levels = f"{self.index_type}(y.index.levels[-1])"
            return f"y.index = y.index.set_levels({levels}, level=-1); "
        return self.change(f"{{y}}.set_axis({self.index_type}({{y}}.index))") + "; "

    def relabel(self, function):
        """Return code that converts each time with a function."""
        if self.form == "levels":
            return f"y = y.rename({function}, level=-1)"
        return self.change("{y}.rename(" + function + ")")

    def change_rows(self, code):
        """Return code that changes the rows of y; `code` calls a method of ``{y}``."""
        if self.form == "list":
            return f"y = [{code.format(y='one')} for one in y]"
        return f"y = {code.format(y='y')}"

    def change(self, code):
        """Return code that changes y in a form in which its index holds times only."""
        if self.form != "levels":
            return self.change_rows(code)
        keys = list(range(len(self.name))) if isinstance(self.name, tuple) else 0
        return f"y = y.unstack({keys}); {self.change_rows(code)}"


def type_error(times, owner):
    """Build the error for an index that does not hold times."""
    if times.hasnans and times.notna().any():
        return missing_error(times, owner)
    first, *others = times.tolist()
    of_other_type = [one for one in others if type(one) is not type(first)]
    found = f"{first!r} and {of_other_type[0]!r}" if of_other_type else repr(first)
    reason = (
        f"The index of {owner.described} must hold dates, periods, durations or "
        f"integers, got {found} of dtype {times.dtype}."
    )
    conversion = None if times.hasnans else _conversion_of(times)
    if conversion is not None:
        return _error(owner, reason, "Convert it", owner.relabel(conversion))
    way_out = "Number the values instead"
    if owner.form == "levels":
        way_out = (
            "The levels of a MultiIndex must be (series, time); y.reorder_levels "
            f"changes their order. If there are no times, {way_out.lower()}"
        )
    return _error(owner, reason, way_out, owner.change("{y}.reset_index(drop=True)"))


def integer_dates_error(times, owner):
    """Build the error for dates written as integers; return None for other integers."""
    conversion = _integer_conversion(times)
    if conversion is None:
        return None
    reason = (
        f"The index of {owner.described} holds integers that look like dates, "
        f"{times[0]} to {times[-1]}. If they only number the values, drop them with "
        f"{owner.change('{y}.reset_index(drop=True)')}."
    )
    return _error(owner, reason, "Convert them", owner.relabel(conversion))


def missing_error(times, owner):
    """Build the error for times of which some or all are missing."""
    reason = f"The index of {owner.described} holds missing times."
    way_out = "Drop the values without a time"
    code = owner.change_rows("{y}[{y}.index.get_level_values(-1).notna()]")
    if times.isna().all() and owner.form != "levels":
        way_out = "If it holds no other, number the values"
        code = owner.change("{y}.reset_index(drop=True)")
    return _error(owner, reason, way_out, code)


def order_error(times, owner):
    """Build the error for times that are missing, duplicated or unsorted, or None."""
    if times.hasnans:
        return missing_error(times, owner)
    if times.has_duplicates:
        reason = (
            f"The index of {owner.described} has {times[times.duplicated()][0]} twice. "
            "Pass several series as one column each, or with a MultiIndex (series, "
            "time)."
        )
        levels = "list(range(y.index.nlevels))" if owner.form == "levels" else "0"
        code = owner.change_rows("{y}.groupby(level=" + levels + ").mean()")
        return _error(owner, reason, "Or keep one value per step", code)
    if not times.is_monotonic_increasing:
        reason = f"The times of {owner.described} must increase from value to value."
        code = owner.change_rows("{y}.sort_index()")
        return _error(owner, reason, "Sort them", code)
    return None


def uneven_error(times, owner, position=None):
    """Build the error for times that are not equally spaced.

    Parameters
    ----------
    times : pandas.Index
        Increasing times.
    owner : Owner
        The form of y.
    position : int or None, default=None
        Position of the first step that differs from the others. None if no step does,
        but pandas knows no frequency for the dates.

    Returns
    -------
    error : ValueError
        The error.
    """
    if position is None:
        reason = (
            f"pandas cannot infer the frequency of {owner.described} from its "
            f"{len(times)} dates. It needs three or more dates at equal steps."
        )
    else:
        reason = (
            f"The times of {owner.described} are not equally spaced: the step from "
            f"{times[position]} to {times[position + 1]} differs from the other steps "
            "or from the frequency. If a cross-validation left values out, pass "
            "cv=TimeSeriesSplit(). Missing values are interpolated in the windows."
        )
    indexes = [one.dropna() for one in owner.indexes if one.dtype == times.dtype]
    code, ratio = _regular(indexes or [times])
    if ".to_period(" in code and owner.form == "levels":
        code = owner.relabel("lambda time: " + code.format(y="time"))
        return _error(owner, reason, "Convert the dates to periods", code)
    if ratio > MANY_STEPS and ".resample(" not in code:
        numbered = owner.change("{y}.reset_index(drop=True)")
        reason += (
            " If there are no steps in between, such as nights, number the values with "
            f"{numbered}."
        )
    return _error(owner, reason, "Make the times regular", owner.change(code))


def _error(owner, reason, way_out, code):
    """Build an error that ends with code."""
    return ValueError(f"{reason} {way_out} with: {owner.convert_first()}{code}")


def _conversion_of(times):
    """Return code that converts labels which are not times, or None."""
    labels = times.unique()[:N_TRIED]
    if pd.api.types.is_float_dtype(times.dtype):
        if (labels % 1 == 0).all():
            code = _integer_conversion(labels.astype("int64"))
            return (
                "int" if code is None else code.replace("str(time)", "str(int(time))")
            )
        return None
    if not all(isinstance(label, str) for label in labels):
        return None
    working = None
    for pattern, code, convert in CONVERSIONS:
        if all(re.fullmatch(pattern, label) for label in labels):
            converted = _try(convert, labels)
            if converted is not None and converted.is_monotonic_increasing:
                return code
            working = working or (converted is not None and code)
    return working or None


def _try(convert, labels):
    """Return converted labels, None if a label cannot be converted safely."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return labels.map(convert)
        except (ValueError, TypeError, UserWarning):
            return None


def _integer_conversion(integers):
    """Return code that converts integers such as 20240131 or 202401, or None."""
    if isinstance(integers, pd.RangeIndex) or len(integers) < 2:
        return None
    for n_digits, layout in {8: "%Y%m%d", 6: "%Y%m"}.items():
        first, last = 1900 * 10 ** (n_digits - 4), 2100 * 10 ** (n_digits - 4)
        if not ((integers > first) & (integers < last)).all():
            continue
        text = integers.astype("int64").astype(str)
        dates = pd.to_datetime(text, format=layout, errors="coerce")
        if not dates.hasnans:
            return f"lambda time: pd.to_datetime(str(time), format='{layout}')"
    return None


def _regular(indexes):
    """Return code that makes times regular, and the number of steps per time.

    Parameters
    ----------
    indexes : list of pandas.Index
        Increasing times of each series, of the same dtype.

    Returns
    -------
    code : str
        Code that calls a method of ``{y}``.
    ratio : float
        Number of steps after the change, divided by the number of times before it.
    """
    times = indexes[0].append(indexes[1:]).unique().sort_values()
    if isinstance(times, pd.DatetimeIndex):
        candidates = _frequencies(times, "{y}.") | _local_frequencies(times)
        candidates |= _periods(indexes, times)
    elif isinstance(times, pd.PeriodIndex):
        candidates = _longer_periods(times)
    elif isinstance(times, pd.TimedeltaIndex):
        step = _common_step(times)
        grid = "{y}.reindex(pd.timedelta_range({y}.index[0], {y}.index[-1], freq='"
        candidates = {f"{grid}{_frequency_of(step)}'))": _count(times, step)}
    else:
        step = int(np.gcd.reduce(np.diff(times.to_numpy(dtype="int64"))))
        grid = "{y}.reindex(range({y}.index[0], {y}.index[-1] + 1, "
        candidates = {f"{grid}{step}))": int(times[-1] - times[0]) // step + 1}
    code = min(candidates, key=candidates.get)
    ratio = candidates[code] / len(times)
    if ratio <= MAX_FILL or isinstance(times, pd.PeriodIndex):
        return code, ratio
    if isinstance(times, pd.DatetimeIndex | pd.TimedeltaIndex):
        return f"{{y}}.resample('{_typical_frequency(times)}').mean()", ratio
    return "{y}.reset_index(drop=True)", 1


def _periods(indexes, times):
    """Return code that converts dates to periods, with their number.

    Only periods that hold at most one date of each series are returned.
    """
    is_local = times.tz is not None
    candidates = {}
    for unit in UNITS:
        ordinals = [_ordinals(index, unit) for index in indexes]
        if all((np.diff(each) > 0).all() for each in ordinals):
            code = "{y}.tz_localize(None)" if is_local else "{y}"
            first, last = _ordinals(times[[0, -1]], unit)
            candidates[f"{code}.to_period('{unit}')"] = last - first + 1
    return candidates


def _ordinals(dates, unit):
    """Return the number of the period of each date."""
    return dates.tz_localize(None).to_period(unit).astype("int64")


def _longer_periods(periods):
    """Return code that makes periods regular, with its number of steps."""
    steps = np.diff(periods.astype("int64"))
    if (steps == steps[0]).all():
        frequency = f"{steps[0]}{periods.freqstr.lstrip('0123456789')}"
        code = "{y}.set_axis({y}.index.asfreq('" + frequency + "'))"
        return {code: len(periods)}
    code = "{y}.reindex(pd.period_range({y}.index[0], {y}.index[-1]))"
    return {code: steps.sum() + 1}


def _local_frequencies(dates):
    """Return code that sets each frequency that fits the local times."""
    if dates.tz is None:
        return {}
    naive = dates.tz_localize(None)
    if not (naive.is_unique and naive.is_monotonic_increasing):
        return {}
    return _frequencies(naive, "{y}.tz_localize(None).")


def _frequencies(dates, caller):
    """Return code that sets each frequency that fits, with its number of steps."""
    month = dates[0].month_name()[:3].upper()
    candidates = {}
    yearly = [f"{unit}-{month}" for unit in ("QS", "QE", "YS", "YE")]
    for frequency in ("D", "B", *ANCHORED, *yearly):
        grid = pd.date_range(dates[0], dates[-1], freq=frequency)
        if dates.isin(grid).all():
            candidates[f"{caller}asfreq('{frequency}')"] = len(grid)
    if len(dates) > 1:
        step = _common_step(dates)
        code = f"{caller}asfreq('{_frequency_of(step)}')"
        candidates.setdefault(code, _count(dates, step))
    return candidates


def _common_step(times):
    """Return the longest step that divides all steps."""
    return pd.Timedelta(np.gcd.reduce(np.diff(times.asi8)), unit=times.unit)


def _count(times, step):
    """Count the steps from the first time to the last."""
    return (times[-1] - times[0]) // step + 1


def _frequency_of(step):
    """Return the frequency of a step as pandas writes it."""
    days = step / pd.Timedelta(days=1)
    if days % 1 == 0:
        return f"{int(days)}D"
    return pd.tseries.frequencies.to_offset(step).freqstr


def _typical_frequency(times):
    """Return the frequency of the median step, as a round number."""
    step = pd.Timedelta(int(np.median(np.diff(times.asi8))), unit=times.unit)
    if isinstance(times, pd.DatetimeIndex):
        for n_days, frequency in {360: "YS", 85: "QS", 28: "MS"}.items():
            if step >= pd.Timedelta(days=n_days):
                return frequency
    for unit in ("D", "h", "min", "s"):
        if step >= pd.Timedelta(1, unit):
            return _frequency_of(step.round(unit))
    return _frequency_of(step)
