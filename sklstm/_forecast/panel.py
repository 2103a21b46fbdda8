"""Series: what y may be, one or many, and answers in kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from sklstm._input.check import check_no_dates, check_no_strings
from sklstm._input.frequency import as_dates, regular_times, times_after
from sklstm._input.row_times import series_keys, series_rows


@dataclass(frozen=True)
class Series:
    """Readings a step apart.

    Attributes
    ----------
    name : hashable or None
        What the user calls the series.
    values : ndarray of shape (n_timesteps,)
        Readings in double precision, NaN where one is missing.
    times : pandas.Index of shape (n_timesteps,)
        Their times: dates with a frequency, periods, durations or integers.
    is_labelled : bool
        Whether the user gave the times.
    """

    name: object
    values: np.ndarray
    times: pd.Index
    is_labelled: bool

    @property
    def n_late(self):
        """How many steps there are before the first reading; 0 if there is none."""
        return int(np.argmax(~np.isnan(self.values)))

    def until(self, n_timesteps):
        """Return the series with its first `n_timesteps` only."""
        values, times = self.values[:n_timesteps], self.times[:n_timesteps]
        if np.isnan(values).all():
            raise ValueError(
                f"The series {self.name!r} of y has no reading up to {times[-1]}, "
                "where forecasts begin. Leave it out, or begin later."
            )
        return replace(self, values=values, times=times)

    def followed_by(self, later):
        """Return the series with later readings behind its own.

        Raises
        ------
        ValueError
            If the later ones do not begin at the next step.
        """
        if self.is_labelled != later.is_labelled:
            raise ValueError(
                "y must have times if the y of fit has some, and none else."
            )
        values = np.concatenate([self.values, later.values])
        if not self.is_labelled:
            return replace(self, values=values, times=pd.RangeIndex(len(values)))
        following = times_after(self.times, len(later.values))
        if list(following) != list(later.times):
            raise ValueError(
                f"The new readings must begin at {following[0]}, the step after the "
                f"last one known, and go on from there; they begin at {later.times[0]}."
                " Pass only what is new, with NaN where a reading is missing, or fit."
            )
        return replace(self, values=values, times=self.times.append(following))

    def label(self, numbers, columns=None):
        """Name numbers by the times that follow, as far as there are any."""
        if not self.is_labelled:
            return numbers
        times = times_after(self.times, len(numbers))
        if columns is None:
            return pd.Series(numbers, times, name=self.name)
        return pd.DataFrame(numbers, times, columns)


class Panel(NamedTuple):
    """One series or many, and the container that they came in."""

    series: list  # of Series, in the order in which they came
    join: Callable  # puts what belongs to each into such a container

    @property
    def times(self):
        """Times of each series."""
        return [one.times for one in self.series]

    def place_of(self, name):
        """Find a series by its name, or by its position where none has one.

        The first for None.
        """
        names = [one.name for one in self.series]
        if names == [None] * len(names):
            names = list(range(len(names)))
        if name is None:
            return 0
        if names.count(name) != 1:
            raise ValueError(f"There is no series {name!r}. Choose from {names}.")
        return names.index(name)

    def answer(self, numbers, columns=None):
        """Put numbers for the next steps into a container like that of y.

        Parameters
        ----------
        numbers : list of ndarray of shape (horizon,) or (horizon, n_columns)
            What belongs to the steps after each series.
        columns : list or None, default=None
            Names for the second axis; None without one.

        Returns
        -------
        answer : ndarray, Series, DataFrame or list of them
            Of the kind of y: with the times that follow where y has times, and the
            names of the series.
        """
        pairs = zip(self.series, numbers, strict=True)
        return self.join([one.label(number, columns) for one, number in pairs])

    def until(self, n_timesteps):
        """Return the panel with the first `n_timesteps` of all series."""
        return Panel([one.until(n_timesteps) for one in self.series], self.join)

    def followed_by(self, later):
        """Return the panel with later readings of the same series behind its own."""
        names, new_names = (
            [one.name for one in panel.series] for panel in (self, later)
        )
        if names != new_names:
            raise ValueError(
                f"The new readings are of the series {new_names}, those of fit of "
                f"{names}. Pass the same series in the same order."
            )
        pairs = zip(self.series, later.series, strict=True)
        return Panel([one.followed_by(new) for one, new in pairs], self.join)


def read_series(y, *, is_whole=True, like=None):
    """Read y as one series or many.

    Parameters
    ----------
    y : array-like, Series, DataFrame or list of array-like
        One series: an array of shape (n_timesteps,) or a Series. Many: an array of
        shape (n_timesteps, n_series) or a DataFrame, one column each; a Series or a
        DataFrame of one column whose MultiIndex is (series, time); or a list of arrays
        or Series, which may differ in length.
    is_whole : bool, default=True
        Whether the series must hold a reading, and times that tell a step. Those that
        go on another series need neither.
    like : Panel or None, default=None
        Series whose step too few times have.

    Returns
    -------
    panel : Panel
        The series, without any reading changed.

    Raises
    ------
    ValueError
        If y holds no reading, one that is infinite or no number, or times that are not
        a step apart.
    """
    times = None if like is None else like.series[0].times
    panel = _read(y, partial(regular_times, like=times) if is_whole else as_dates)
    if not panel.series:
        raise ValueError(f"y holds no series: {y!r}.")
    for one in panel.series:
        if is_whole and np.isnan(one.values).all():
            raise ValueError(f"There is no reading in {_owner(one.name)}.")
    return panel


def _read(y, as_times):
    """Read y, with a function that reads an index as times."""
    if isinstance(y, pd.DataFrame | pd.Series):
        read = _from_long if isinstance(y.index, pd.MultiIndex) else _from_frame
        return read(y, as_times)
    if isinstance(y, list | tuple) and len(y) and np.ndim(y[0]):
        panels = [_read(one, as_times) for one in y]
        if any(len(panel.series) != 1 for panel in panels):
            raise ValueError("A list for y must hold one series in each of its parts.")
        return Panel([panel.series[0] for panel in panels], list)
    return _from_array(y)


def _from_array(y):
    """Read an array: one series, or one in each column."""
    values = np.asarray(y)
    if values.ndim not in (1, 2):
        raise ValueError(
            "y must have shape (n_timesteps,), or (n_timesteps, n_series) for many "
            f"series, got {values.shape}."
        )
    if values.ndim == 1:
        return Panel([_checked(None, values)], itemgetter(0))
    columns = [_checked(n, column) for n, column in enumerate(values.T)]
    return Panel(columns, partial(np.stack, axis=1))


def _from_frame(y, as_times):
    """Read a Series, or the columns of a DataFrame."""
    times = as_times(y.index)
    if isinstance(y, pd.Series):
        return Panel([_checked(y.name, y, times)], itemgetter(0))
    series = [_checked(name, y.iloc[:, n], times) for n, name in enumerate(y.columns)]
    return Panel(series, partial(_side_by_side, y.columns))


def _from_long(y, as_times):
    """Read rows with a MultiIndex (series, time)."""
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise ValueError(
                "A DataFrame with a MultiIndex (series, time) must have one column, "
                f"got {list(y.columns)}. Pass one of them as y."
            )
        long = _from_long(y.iloc[:, 0], as_times)
        return Panel(long.series, partial(_as_frame, long.join))
    rows = series_rows(series_keys(y.index), len(y))
    series = [
        _checked(key, one, as_times(one.index.get_level_values(-1)))
        for key, one in ((key, y.iloc[places]) for key, places in rows.items())
    ]
    join = partial(_one_below_the_other, list(rows), y.index.names, y.name)
    return Panel(series, join)


def _owner(name):
    """Name a series in a message."""
    return "y" if name is None else f"the series {name!r} of y"


def _checked(name, values, times=None):
    """Hold readings to be finite numbers or missing."""
    owner = _owner(name)
    check_no_dates(values, owner)
    with check_no_strings(owner):
        values = check_array(
            values,
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite="allow-nan",
            input_name=owner,
        )
    if times is None:
        return Series(name, values, pd.RangeIndex(len(values)), is_labelled=False)
    return Series(name, values, times, is_labelled=True)


def _side_by_side(names, parts):
    """Make a frame with a column for each series, or several."""
    return pd.concat(parts, axis=1, keys=names if parts[0].ndim > 1 else None)


def _one_below_the_other(keys, levels, name, parts):
    """Make a long Series or, of several columns, a long DataFrame."""
    long = pd.concat(parts, keys=keys, names=levels)
    return long if long.ndim > 1 else long.rename(name)


def _as_frame(join, parts):
    """Make a frame of one column where `join` makes a Series."""
    joined = join(parts)
    return joined if joined.ndim > 1 else joined.to_frame()
