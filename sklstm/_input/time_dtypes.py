"""Dates, durations and periods in the types of NumPy, pandas, Arrow and polars."""

import datetime as dt

import numpy as np
import pandas as pd

# What pandas calls the content of an array of objects that are times.
TIME_TYPES = {
    "datetime64",
    "datetime",
    "date",
    "timedelta64",
    "timedelta",
    "time",
    "period",
}


def as_dates(labels):
    """Convert an index of times or integers to the index type of pandas.

    Parameters
    ----------
    labels : pandas.Index
        Any labels.

    Returns
    -------
    labels : pandas.Index
        A DatetimeIndex for dates and timestamps, whether they are Python objects, types
        of Arrow or categories; a TimedeltaIndex for durations; an index of integers for
        integers that are objects or categories. A MultiIndex with one level is replaced
        by this level. All other labels are returned unchanged.
    """
    if isinstance(labels, pd.MultiIndex):
        is_single = labels.nlevels == 1
        return as_dates(labels.get_level_values(0)) if is_single else labels
    if isinstance(labels, pd.CategoricalIndex):
        return _without_categories(labels)
    if isinstance(labels.dtype, pd.ArrowDtype):
        kinds = {"M": pd.DatetimeIndex, "m": pd.TimedeltaIndex}
        return kinds.get(labels.dtype.kind, lambda same: same)(labels)
    if labels.dtype != object:
        return labels
    labels = labels.infer_objects()
    return pd.DatetimeIndex(labels) if labels.inferred_type == "date" else labels


def time_columns(data):
    """Find the columns that hold dates, durations, periods or times of day.

    Parameters
    ----------
    data : array-like
        A frame, a series, an array or nested lists.

    Returns
    -------
    columns : list
        Names of the columns of a frame, positions in an array or a series. They are
        found by their dtypes. If a dtype is object, the values are checked.
    """
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        pairs = zip(data.columns, data.dtypes, strict=True)
        return [
            name
            for position, (name, dtype) in enumerate(pairs)
            if _is_of_time(dtype)
            or (_are_objects(dtype) and _are_times(data.iloc[:, position]))
        ]
    if not hasattr(data, "dtype"):
        data = np.asarray(data)
    dtype = data.dtype
    if _is_of_time(dtype):
        return list(range(np.shape(data)[-1] if np.ndim(data) > 1 else 1))
    if not _are_objects(dtype) or not np.size(data):
        return []
    columns = np.asarray(data)
    columns = columns.reshape(-1, columns.shape[-1] if columns.ndim > 1 else 1).T
    return [position for position, column in enumerate(columns) if _are_times(column)]


def _without_categories(labels):
    """Return the values of categories; strings stay as they are."""
    categories = as_dates(labels.categories)
    if categories.dtype == object or isinstance(categories.dtype, pd.StringDtype):
        return labels
    values = pd.api.extensions.take(categories, labels.codes, allow_fill=True)
    return pd.Index(values, name=labels.name)


def _is_of_time(dtype):
    """Whether a dtype of NumPy, pandas, Arrow or polars is that of times."""
    if isinstance(dtype, pd.CategoricalDtype):
        return _is_of_time(as_dates(dtype.categories).dtype)
    if hasattr(dtype, "is_temporal"):  # polars
        return bool(dtype.is_temporal())
    if isinstance(dtype, pd.ArrowDtype) and issubclass(dtype.type, dt.time):
        return True
    return getattr(dtype, "kind", "") in ("m", "M") or isinstance(dtype, pd.PeriodDtype)


def _are_objects(dtype):
    """Whether a dtype of NumPy or pandas is that of Python objects."""
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _are_times(objects):
    """Whether all objects that are not missing are times."""
    return pd.api.types.infer_dtype(objects, skipna=True) in TIME_TYPES
