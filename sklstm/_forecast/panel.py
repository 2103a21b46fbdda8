"""Series: read y as one series or several, and return forecasts in the form of y."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from sklstm._input.arrays import unwrap
from sklstm._input.frequency import regular_times_of, times_after_all
from sklstm._input.numbers import (
    check_no_dates,
    check_no_time_column,
    check_numbers,
    how_to_forecast_one,
)
from sklstm._input.plain import saved_as
from sklstm._input.row_times import series_keys, series_rows
from sklstm._input.time_dtypes import as_dates


@saved_as("time_series")
@dataclass(frozen=True)
class Series:
    """A time series with equal steps.

    Attributes
    ----------
    name : hashable or None
        Name of the series.
    values : ndarray of shape (n_timesteps,)
        Values in double precision, NaN where one is missing.
    times : pandas.Index of shape (n_timesteps,)
        Times of the values: dates with a frequency, periods, durations or integers.
    is_labelled : bool
        Whether the user passed the times.
    """

    name: Hashable
    values: np.ndarray
    times: pd.Index
    is_labelled: bool

    @property
    def n_late(self):
        """Number of steps before the first observation; 0 without an observation."""
        return int(np.argmax(~np.isnan(self.values)))

    @property
    def n_missing_at_end(self):
        """Number of steps after the last observation; 0 without an observation."""
        return int(np.argmax(~np.isnan(self.values[::-1])))

    def head(self, n_timesteps):
        """Return the first steps of the series."""
        values, times = self.values[:n_timesteps], self.times[:n_timesteps]
        if np.isnan(values).all():
            raise ValueError(
                f"The series {self.name!r} of y has no value up to {times[-1]}, where "
                "forecasts begin. Drop the series, or pass later splits."
            )
        return replace(self, values=values, times=times)

    def append(self, later, following):
        """Return the series with later values, which begin at the `following` times.

        Raises
        ------
        ValueError
            If the later values do not begin at the next step.
        """
        if self.is_labelled != later.is_labelled:
            raise ValueError(
                "y must have times if the y of fit had times, and no times if it had "
                "none."
            )
        values = np.concatenate([self.values, later.values])
        if not self.is_labelled:
            return replace(self, values=values, times=pd.RangeIndex(len(values)))
        pairs = zip(following, later.times, strict=True)
        differ = [pair for pair in pairs if pair[0] != pair[1]]
        if not following.equals(later.times) and differ:
            raise ValueError(
                f"The new values must begin at {following[0]}, the step after the last "
                f"known value, and continue without gaps. {differ[0][1]} came where "
                f"{differ[0][0]} was expected. Pass only new values, with NaN where a "
                "value is missing, or call fit. For scores, split in time order and "
                "without a gap, for example with cv=TimeSeriesSplit()."
            )
        return replace(self, values=values, times=self.times.append(following))

    def label(self, values):
        """Return values, with the times of this series if the user passed times."""
        return self.label_at(self.times, values)

    def label_at(self, times, numbers, columns=None):
        """Return numbers, with some times if the user passed times.

        They are a Series or, with names of columns, a DataFrame.
        """
        if not self.is_labelled:
            return numbers
        if columns is None:
            return pd.Series(numbers, times, name=self.name)
        return pd.DataFrame(numbers, times, columns)


@saved_as("container")
class Container(NamedTuple):
    """The kind of container that y was passed in.

    Attributes
    ----------
    kind : {"one", "list", "array", "frame", "rows", "frame_of_rows"}
        One series; several in a list, in the columns of an array or of a frame, or in
        the rows of a Series or of a frame of one column.
    names : list or pandas.Index or None, default=None
        Names of the columns of a frame, or of the series of rows.
    levels : list or None, default=None
        Names of the levels of the index of rows.
    name : hashable or None, default=None
        Name of the Series of rows.
    """

    kind: str
    names: Any = None
    levels: list | None = None
    name: Hashable = None

    def join(self, parts):
        """Return a container of this kind with one item per series."""
        if self.kind == "one":
            return parts[0]
        if self.kind == "list":
            return parts
        if self.kind == "array":
            return np.stack(parts, axis=1)
        if self.kind == "frame":
            keys = self.names if parts[0].ndim > 1 else None
            return pd.concat(parts, axis=1, keys=keys)
        return self._join_rows(parts)

    def _join_rows(self, parts):
        """Return a long Series or, if the parts have columns, a long DataFrame."""
        long = pd.concat(parts, keys=self.names, names=self.levels)
        if long.ndim > 1:
            return long
        long = long.rename(self.name)
        return long.to_frame() if self.kind == "frame_of_rows" else long


@saved_as("panel")
class Panel(NamedTuple):
    """One or several series, and the container they were passed in."""

    series: list[Series]
    container: Container

    @property
    def times(self):
        """Times of each series."""
        return [one.times for one in self.series]

    @property
    def names(self):
        """Names of the series, or positions if none has a name."""
        names = [one.name for one in self.series]
        return list(range(len(names))) if names == [None] * len(names) else names

    @property
    def history(self):
        """A copy of the values of the series, in a container like that of y."""
        return self.container.join(
            [one.label(one.values.copy()) for one in self.series]
        )

    def position_of(self, name):
        """Return the position of a series by its name."""
        n_series = self.names.count(name)
        if n_series > 1:
            raise ValueError(
                f"There are {n_series} series {name!r}. Fit with a name of its own for "
                "each series."
            )
        if n_series == 0:
            raise ValueError(f"There is no series {name!r}. Choose from {self.names}.")
        return self.names.index(name)

    def select(self, position):
        """Return a panel that contains only one series."""
        return Panel([self.series[position]], Container("one"))

    def to_container(self, numbers, columns=None):
        """Return numbers for the next steps in a container like that of y.

        Parameters
        ----------
        numbers : list of ndarray of shape (horizon,) or (horizon, n_columns)
            Numbers for the next steps of each series.
        columns : list or None, default=None
            Names for the second axis; None if there is no second axis.

        Returns
        -------
        container : ndarray, Series, DataFrame or list of them
            Container of the kind of y, with the names of the series. If y has times,
            the container has the times that follow them.
        """
        later = times_after_all(self.times, max(map(len, numbers)))
        parts = zip(self.series, later, numbers, strict=True)
        return self.container.join(
            [
                one.label_at(times[: len(of_one)], of_one, columns)
                for one, times, of_one in parts
            ]
        )

    def head(self, n_timesteps):
        """Return the first steps of all series."""
        return Panel([one.head(n_timesteps) for one in self.series], self.container)

    def append(self, later):
        """Return the panel with later values of the same series appended."""
        names, new_names = (
            [one.name for one in panel.series] for panel in (self, later)
        )
        # Series without names are in the same order.
        nameless = [None] * len(names)
        are_nameless = len(new_names) == len(names) and nameless in (names, new_names)
        if names != new_names and not are_nameless:
            raise ValueError(
                f"The new values are for the series {new_names}, but the forecaster "
                f"was fitted on the series {names}. Pass the same series, with the "
                "same names, in the same order. A search splits rows: pass a frame "
                "with one column per series, such as y.unstack(0) for a MultiIndex "
                "(series, time)."
            )
        longest = max(len(new.values) for new in later.series)
        following = times_after_all(self.times, longest)
        parts = zip(self.series, later.series, following, strict=True)
        series = [
            one.append(new, after[: len(new.values)]) for one, new, after in parts
        ]
        return Panel(series, self.container)


def read_series(y, *, is_whole=True, like=None):
    """Read y as one series or several.

    Parameters
    ----------
    y : array-like, Series, DataFrame or list of array-like
        One series: an array of shape (n_timesteps,) or a Series. Several: an array of
        shape (n_timesteps, n_series) or a DataFrame, with one column for each series; a
        Series or a DataFrame of one column with a MultiIndex (series, time); or a list
        of arrays or Series, which may differ in length.
    is_whole : bool, default=True
        Whether the series must have an observation, and times with equal steps. Values
        to be appended to a series need neither.
    like : Panel or None, default=None
        Series whose step is used if a series of y is too short to have a step.

    Returns
    -------
    panel : Panel
        The series with their values unchanged.

    Raises
    ------
    ValueError
        If y has no observation, a value that is not a finite number, or times without
        equal steps.
    """
    panel = _read(y)
    if is_whole:
        times = None if like is None else like.series[0].times
        panel = panel._replace(series=_with_regular_times(panel, times, _form_of(y)))
    else:
        dated = [replace(one, times=as_dates(one.times)) for one in panel.series]
        panel = panel._replace(series=dated)
    if not panel.series:
        unit = "row" if _is_long(y) else "column"
        raise ValueError(f"y holds no series. Pass at least one {unit}.")
    for one in panel.series:
        if is_whole and np.isnan(one.values).all():
            raise ValueError(f"All values of {_described(one.name)} are missing.")
    return panel


def _with_regular_times(panel, like, form):
    """Return the series, after a check that their times have equal steps."""
    labelled = [n for n, one in enumerate(panel.series) if one.is_labelled]
    indexes = [panel.series[n].times for n in labelled]
    all_names = panel.names
    # The columns of a frame have the same times.
    names = None if form == "index" else [all_names[n] for n in labelled]
    regular = regular_times_of(indexes, names, like, form)
    series = list(panel.series)
    for n, times in zip(labelled, regular, strict=True):
        series[n] = replace(series[n], times=times)
    return series


def _form_of(y):
    """Return the form of y, as :class:`sklstm._input.time_errors.Owner` names it."""
    if isinstance(y, list | tuple):
        return "list"
    return "levels" if _is_long(y) else "index"


def _is_long(y):
    """Whether y is a Series or a frame with a MultiIndex (series, time)."""
    index = getattr(y, "index", None)
    return isinstance(index, pd.MultiIndex) and index.nlevels > 1


def _read(y):
    """Read y. The times are not checked."""
    y = unwrap(y, "y")
    check_no_time_column(y, "y")
    if isinstance(y, pd.DataFrame | pd.Series):
        return _from_long(y) if _is_long(y) else _from_frame(y)
    if isinstance(y, list | tuple) and len(y) and np.ndim(y[0]):
        panels = [_read(one) for one in y]
        if any(len(panel.series) != 1 for panel in panels):
            raise ValueError("If y is a list, each item must hold one series.")
        return Panel([panel.series[0] for panel in panels], Container("list"))
    return _from_array(y)


def _from_array(y):
    """Read an array: one series, or one in each column."""
    values = np.asarray(y)
    if values.ndim not in (1, 2):
        raise ValueError(
            "y must have shape (n_timesteps,), or (n_timesteps, n_series) for several "
            f"series, got {values.shape}."
        )
    if values.ndim == 1:
        return Panel([_checked(None, values)], Container("one"))
    columns = [_checked(n, column) for n, column in enumerate(values.T)]
    return Panel(columns, Container("array"))


def _from_frame(y):
    """Read a Series, or the columns of a DataFrame."""
    if isinstance(y, pd.Series):
        return Panel([_checked(y.name, y, y.index)], Container("one"))
    hint = how_to_forecast_one(y)
    series = [
        _checked(name, y.iloc[:, n], y.index, _if_dates(name, y.index, hint))
        for n, name in enumerate(y.columns)
    ]
    return Panel(series, Container("frame", y.columns))


def _if_dates(name, index, hint):
    """Return what to do with a column of strings, which may be dates."""
    if not isinstance(index, pd.RangeIndex):
        return None
    return (
        "If they are dates, make them the index with: "
        f"y = y.set_index(pd.to_datetime(y.pop({name!r}))). Drop columns of other "
        f"strings with select_dtypes('number').{hint}"
    )


def _from_long(y):
    """Read rows with a MultiIndex (series, time)."""
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise ValueError(
                "A DataFrame with a MultiIndex (series, time) must have one column, "
                f"got {list(y.columns)}. Pass one of them as y."
            )
        long = _from_long(y.iloc[:, 0])
        return long._replace(container=long.container._replace(kind="frame_of_rows"))
    rows = series_rows(series_keys(y.index), len(y))
    times = y.index.get_level_values(-1)
    cells = y.iloc
    if pd.api.types.is_any_real_numeric_dtype(y.dtype):
        cells = y.to_numpy(dtype=np.float64, na_value=np.nan)
    series = [
        _checked(key, cells[places], times[places]) for key, places in rows.items()
    ]
    return Panel(series, Container("rows", list(rows), list(y.index.names), y.name))


def _described(name):
    """Return the name of a series for messages."""
    return "y" if name is None else f"the series {name!r} of y"


def _checked(name, values, times=None, ways_to_encode=None):
    """Return a series whose values are finite numbers or NaN."""
    owner = _described(name)
    if getattr(values, "dtype", None) == np.float64:
        values = np.asarray(values)
    if values.dtype != np.float64 or np.isinf(values).any():
        check_no_dates(values, owner)
        with check_numbers(owner, ways_to_encode):
            values = check_array(
                values,
                dtype=np.float64,
                ensure_2d=False,
                ensure_all_finite="allow-nan",
                ensure_min_samples=0,
                input_name=owner,
            )
    # The history must not change with an array that the user changes later.
    values = np.array(values)
    if not len(values):
        raise ValueError(f"There are no values in {owner}. Pass at least one.")
    if times is None:
        return Series(name, values, pd.RangeIndex(len(values)), is_labelled=False)
    return Series(name, values, times, is_labelled=True)
