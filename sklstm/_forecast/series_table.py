"""Rows of X for each series of a forecaster."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._input.arrays import unwrap
from sklstm._input.numbers import check_no_time_column
from sklstm._input.row_times import series_keys, series_rows
from sklstm._input.time_dtypes import as_dates

# A message lists up to this many missing times.
MAX_LISTED = 3


class SeriesTable(NamedTuple):
    """Rows of X for one series."""

    frame: pd.DataFrame  # rows of this series, and of others
    places: np.ndarray  # positions of the rows of this series in the frame
    index: pd.Index  # times of the rows
    is_array: bool  # whether the rows have neither times nor column names

    def places_at(self, times, is_labelled, n_optional, n_needed):
        """Return the places of the rows at some times, and the number of repeated rows.

        If X has no times, the places are those of its first rows. The rows of the first
        `n_optional` times may be missing. Their places are arbitrary, and the caller
        does not use them. After the first `n_needed` times, X may end. Its last row is
        then repeated.
        """
        if is_labelled and not self.is_array:
            positions = _positions(self.index, times)
        else:
            positions = np.arange(len(times))
            positions[len(self.index) :] = -1
        last = int(np.flatnonzero(positions >= 0).max(initial=-1))
        n_known = max(n_needed, last + 1)
        missing = times[n_optional:n_known][positions[n_optional:n_known] < 0]
        if len(missing):
            is_other_type = not self.is_array and self.index.dtype != times.dtype
            hint = self._dtype_hint(times) if is_other_type else ""
            raise ValueError(
                f"X has no row for {listed(missing)}. It has rows for "
                f"{listed(self.index)}.{hint}"
            )
        positions[n_known:] = positions[n_known - 1]
        return self.places[positions], len(times) - n_known

    def _dtype_hint(self, times):
        """Return a hint that the times of X and y differ in type."""
        hint = (
            f" The times of X have the dtype {self.index.dtype}, but the times of y "
            f"have the dtype {times.dtype}."
        )
        call = _conversion(self.index, times)
        if call is None:
            return f"{hint} Set the index of X to the times of its rows."
        level = ", level=-1" if series_keys(self.frame.index) is not None else ""
        return f"{hint} Convert X with: X = X.{call}{level})"


def split_by_series(X, panel):
    """Return the rows of X for each series."""
    n_series = len(panel.series)
    if is_list_of_parts(X):
        if len(X) != n_series:
            raise ValueError(
                f"X is a list of {len(X)} parts, but y holds {n_series} series. Pass "
                "one part for each series."
            )
        return [_as_table(of_one) for of_one in X]
    part = _as_table(X)
    keys = series_keys(part.frame.index)
    if keys is None:
        return [part] * n_series
    rows = series_rows(keys, len(part.frame))
    missing = [one.name for one in panel.series if one.name not in rows]
    if missing:
        raise ValueError(f"X has no rows for the series {missing} of y.")
    times = as_dates(part.frame.index.get_level_values(-1))
    places = [rows[one.name] for one in panel.series]
    return [SeriesTable(part.frame, at, times[at], is_array=False) for at in places]


def is_list_of_parts(X):
    """Whether X is a list of tables or Series, not of rows."""
    if not isinstance(X, list | tuple) or not X:
        return False
    return isinstance(X[0], pd.Series) or np.ndim(X[0]) == 2


def _as_table(X):
    """Return the columns of one series, or of all series, as a table."""
    check_no_time_column(X, "X")
    is_array = not isinstance(X, pd.DataFrame | pd.Series)
    if is_array:
        X = np.asarray(unwrap(X, "X"))
        if X.ndim not in (1, 2):
            raise ValueError(
                "X must have shape (n_timesteps, n_columns), or be a list of such "
                f"parts, one per series; got {X.shape}."
            )
    frame = pd.DataFrame(X)
    return SeriesTable(frame, np.arange(len(frame)), as_dates(frame.index), is_array)


def _positions(index, times):
    """Return the positions of times in an index, -1 for those that are missing."""
    if index.has_duplicates:
        raise ValueError(
            f"X has {index[index.duplicated()][0]} twice. Keep one row per step with: "
            "X = X[~X.index.duplicated()]. If X holds several series, give it a "
            "MultiIndex (series, time)."
        )
    if index.equals(times):
        return np.arange(len(times))
    return index.get_indexer(times)


def _conversion(index, times):
    """Return a call that converts the times of X to the type of those of y, or None.

    The call is a method of X without the closing bracket.
    """
    are_dates = [isinstance(one, pd.DatetimeIndex) for one in (index, times)]
    if isinstance(times, pd.PeriodIndex) and are_dates[0]:
        return f"rename(lambda time: time.to_period({times.freqstr!r})"
    if isinstance(index, pd.PeriodIndex) and are_dates[1]:
        return "rename(lambda time: time.to_timestamp()"
    if all(are_dates) and (index.tz is None) != (times.tz is None):
        return f"tz_localize({times.tz and str(times.tz)!r}"
    if index.inferred_type == "string" and are_dates[1]:
        return "rename(pd.Timestamp"
    return None


def listed(times):
    """Return times as text; if there are many, only the first and the last."""
    if len(times) > MAX_LISTED:
        return f"{times[0]} to {times[-1]}, {len(times)} steps"
    return ", ".join(str(time) for time in times) or "no time"
