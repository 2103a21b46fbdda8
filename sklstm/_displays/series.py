"""Rows of a table that a display draws as one series."""

import numpy as np
import pandas as pd

from sklstm._input.row_times import series_keys
from sklstm._input.time_dtypes import as_dates


def times_of(X, time):
    """Return the times of the rows; positions if they are neither dates nor numbers."""
    if time is not None:
        times = _column(X, time)
    elif isinstance(X, pd.DataFrame):
        times = X.index.get_level_values(-1)
    else:
        times = pd.RangeIndex(len(X))
    times = as_dates(times)
    is_number = pd.api.types.is_any_real_numeric_dtype(times)
    is_date = isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex))
    return times if is_number or is_date else pd.RangeIndex(len(times))


def check_one_series(X, groups):
    """Raise a ValueError if X holds several series."""
    keys = None
    if groups is not None:
        keys = _column(X, groups)
    elif isinstance(X, pd.DataFrame):
        keys = series_keys(X.index)
    if keys is not None and keys.nunique() > 1:
        raise ValueError(
            f"X holds {keys.nunique()} series. Pass the rows of one series, such as "
            f"{keys[0]!r}."
        )


def _column(X, column):
    """Return a column of X, given by name or position, as an index."""
    if isinstance(column, str):
        return pd.Index(X[column], name=column)
    return pd.Index(getattr(X, "iloc", np.asarray(X))[:, column])
