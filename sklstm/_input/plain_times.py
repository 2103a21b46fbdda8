"""Dates, offsets and tables of Python and pandas as named parts."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset


def encode_times(value):
    """Return the kind and the parts of a date, an offset or a table.

    Parameters
    ----------
    value : object
        Any value.

    Returns
    -------
    encoded : (str, dict) or None
        A key of `TIME_DECODERS`, and arguments of that function. None if the value is
        something else, or would not be restored exactly.
    """
    for cls, encode in _ENCODERS:
        if isinstance(value, cls):
            return encode(value)
    return None


def _encode_range(index):
    parts = {key: getattr(index, key) for key in ("start", "stop", "step", "name")}
    return "range_index", parts


def _encode_dates(index):
    instants = index.asi8.view(f"M8[{index.unit}]")
    parts = {"instants": instants, "tz": _encode_tz(index.tz), "freq": index.freq}
    return "dates", {**parts, "name": index.name}


def _decode_dates(instants, tz, freq, name):
    return pd.DatetimeIndex(
        _localize(pd.DatetimeIndex(instants), tz), freq=freq, name=name
    )


def _encode_periods(index):
    freq = index.freqstr
    return "periods", {"ordinals": index.asi8, "freq": freq, "name": index.name}


def _decode_periods(ordinals, freq, name):
    return pd.PeriodIndex.from_ordinals(ordinals, freq=freq, name=name)


def _encode_durations(index):
    durations = index.asi8.view(f"m8[{index.unit}]")
    return "durations", {"durations": durations, "freq": index.freq, "name": index.name}


def _decode_durations(durations, freq, name):
    return pd.TimedeltaIndex(durations, freq=freq, name=name)


def _encode_levels(index):
    return "levels", {
        "levels": [*index.levels],
        "codes": [np.asarray(codes) for codes in index.codes],
        "names": [*index.names],
    }


def _decode_levels(levels, codes, names):
    return pd.MultiIndex(levels, codes, names=names)


def _encode_categories(index):
    parts = {"categories": index.categories, "codes": np.array(index.codes)}
    return "categories", {**parts, "ordered": index.ordered, "name": index.name}


def _decode_categories(categories, codes, ordered, name):
    values = pd.Categorical.from_codes(codes, categories, ordered)
    return pd.CategoricalIndex(values, name=name)


def _encode_intervals(index):
    parts = {"left": index.left, "right": index.right, "closed": index.closed}
    return "intervals", {**parts, "name": index.name}


def _decode_intervals(left, right, closed, name):
    return pd.IntervalIndex.from_arrays(left, right, closed, name=name)


def _encode_index(index):
    if isinstance(index.dtype, np.dtype) and index.dtype != object:
        parts = {"values": index.to_numpy(), "dtype": None, "name": index.name}
        return "index", parts
    parts = {
        "values": index.astype(object).to_numpy().copy(),
        "dtype": str(index.dtype),
        "name": index.name,
    }
    try:
        is_exact = _decode_index(**parts).identical(index)
    except (TypeError, ValueError, ImportError):
        is_exact = False
    return ("index", parts) if is_exact else None


def _decode_index(values, dtype, name):
    return pd.Index(values, dtype=dtype, name=name)


def _encode_frame(frame):
    return "frame", {
        "index": frame.index,
        "columns": frame.columns,
        "cells": [_cells(frame.iloc[:, n]) for n in range(frame.shape[1])],
        "attrs": frame.attrs,
    }


def _decode_frame(index, columns, cells, attrs):
    frame = pd.DataFrame({n: _array(cell) for n, cell in enumerate(cells)}, index=index)
    frame.columns = columns
    frame.attrs = attrs
    return frame


def _encode_series(series):
    parts = {"index": series.index, "cells": _cells(series), "name": series.name}
    return "series", {**parts, "attrs": series.attrs}


def _decode_series(index, cells, name, attrs):
    series = pd.Series(_array(cells), index, name=name)
    series.attrs = attrs
    return series


def _cells(column):
    """Return the cells of a column: an array, or an index of the same type."""
    is_array = isinstance(column.dtype, np.dtype)
    return column.to_numpy().copy() if is_array else pd.Index(column.array)


def _array(cells):
    """Return the array of cells that :func:`_cells` returned."""
    return cells.array if isinstance(cells, pd.Index) else cells


def _encode_timestamp(timestamp):
    return "timestamp", {"instant": timestamp.asm8, "tz": _encode_tz(timestamp.tz)}


def _decode_timestamp(instant, tz):
    return _localize(pd.Timestamp(instant), tz)


def _encode_tz(tz):
    """Return the name of a time zone; the zone itself if the name is not enough."""
    if tz is None:
        return None
    try:
        named = pd.DatetimeTZDtype("ns", str(tz)).tz
        # A zone of pytz differs between summer and winter.
        is_exact = (type(named).__module__, str(named)) == (
            type(tz).__module__,
            str(tz),
        )
    except (TypeError, ValueError, KeyError, ImportError):
        is_exact = False
    return str(tz) if is_exact else tz


def _localize(instants, tz):
    """Return instants in UTC as those of a time zone."""
    return instants if tz is None else instants.tz_localize("UTC").tz_convert(tz)


def _encode_offset(offset):
    options = {key: v for key, v in offset.kwds.items() if key != "calendar"}
    parts = {
        "name": type(offset).__name__,
        "n": offset.n,
        "normalize": offset.normalize,
        "options": options,
    }
    try:
        is_exact = _decode_offset(**parts) == offset
    except (AttributeError, TypeError, ValueError):
        is_exact = False
    return ("offset", parts) if is_exact else None


def _decode_offset(name, n, normalize, options):
    cls = getattr(pd.offsets, name)
    if not issubclass(cls, BaseOffset):
        raise ValueError(f"{name!r} is no offset of pandas. The file is damaged.")
    options = {"normalize": normalize, **options} if normalize else options
    return cls(n, **options)


def _encode_datetime(value):
    text = value.replace(tzinfo=None).isoformat()
    return "datetime", {"text": text, "fold": value.fold, "tz": value.tzinfo}


def _decode_datetime(text, fold, tz):
    return dt.datetime.fromisoformat(text).replace(fold=fold, tzinfo=tz)


def _encode_zone(zone):
    return None if zone.key is None else ("zone", {"key": zone.key})


def _encode_timedelta(value):
    parts = {key: getattr(value, key) for key in ("days", "seconds", "microseconds")}
    return "timedelta", parts


_ENCODERS = [
    (pd.RangeIndex, _encode_range),
    (pd.DatetimeIndex, _encode_dates),
    (pd.PeriodIndex, _encode_periods),
    (pd.TimedeltaIndex, _encode_durations),
    (pd.MultiIndex, _encode_levels),
    (pd.CategoricalIndex, _encode_categories),
    (pd.IntervalIndex, _encode_intervals),
    (pd.Index, _encode_index),
    (pd.DataFrame, _encode_frame),
    (pd.Series, _encode_series),
    (type(pd.NaT), lambda _: ("not_a_time", {})),
    (type(pd.NA), lambda _: ("missing", {})),
    (pd.Timestamp, _encode_timestamp),
    (pd.Timedelta, lambda value: ("duration", {"duration": value.asm8})),
    (pd.Period, lambda p: ("period", {"ordinal": p.ordinal, "freq": p.freqstr})),
    (BaseOffset, _encode_offset),
    (ZoneInfo, _encode_zone),
    (dt.timezone, lambda zone: ("fixed_zone", {"offset": zone.utcoffset(None)})),
    (dt.datetime, _encode_datetime),
    (dt.timedelta, _encode_timedelta),
    (dt.date, lambda value: ("date", {"text": value.isoformat()})),
]

TIME_DECODERS = {
    "range_index": lambda start, stop, step, name: pd.RangeIndex(
        start, stop, step, name=name
    ),
    "dates": _decode_dates,
    "periods": _decode_periods,
    "durations": _decode_durations,
    "levels": _decode_levels,
    "categories": _decode_categories,
    "intervals": _decode_intervals,
    "index": _decode_index,
    "frame": _decode_frame,
    "series": _decode_series,
    "not_a_time": lambda: pd.NaT,
    "missing": lambda: pd.NA,
    "timestamp": _decode_timestamp,
    "duration": lambda duration: pd.Timedelta(duration),
    "period": lambda ordinal, freq: pd.Period(ordinal=ordinal, freq=freq),
    "offset": _decode_offset,
    "datetime": _decode_datetime,
    "zone": lambda key: ZoneInfo(key),
    "fixed_zone": lambda offset: dt.timezone(offset),
    "timedelta": lambda **parts: dt.timedelta(**parts),
    "date": lambda text: dt.date.fromisoformat(text),
}
