"""Covariates: columns beside the series, and which of them are known in the future."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from sklstm._forecast.date_features import date_feature_columns
from sklstm._input.check import refuse_dates, strings_refused
from sklstm._input.frequency import as_dates, times_after
from sklstm._input.row_times import series_keys, series_rows

# So many of the things that are missing are named in a message.
N_NAMED = 3


class Part(NamedTuple):
    """What X says beside one series."""

    rows: pd.DataFrame
    is_array: bool  # without times and names

    def at(self, times, is_labelled, n_unwanted):
        """Take the rows at some times or, without times, the first ones.

        The first `n_unwanted` of them need not be there: then they are any row.
        """
        if is_labelled and not self.is_array:
            index = as_dates(self.rows.index)
            if index.has_duplicates:
                raise ValueError(
                    f"X has {index[index.duplicated()][0]} twice. Keep one row a step, "
                    "and give rows of many series a MultiIndex (series, time)."
                )
            places = index.get_indexer(times)
        else:
            index = self.rows.index
            places = np.arange(len(times))
            places[len(self.rows) :] = -1
        missing = times[n_unwanted:][places[n_unwanted:] < 0]
        if len(missing):
            other = "" if index.dtype == times.dtype else _other_kind(index, times)
            raise ValueError(
                f"X has no row for {_named(missing)}. It has rows for "
                f"{_named(index)}.{other}"
            )
        return self.rows.iloc[places].set_axis(times)


class Exogenous(NamedTuple):
    """The columns beside the series of a fit."""

    names: list  # of the columns of X, positions where it has none; empty without X
    is_ahead: np.ndarray  # whether each is known ahead, (n_names,)
    date_features: tuple  # parts of the date, which is always known

    def past(self, X, panel):
        """Read the columns beside the readings.

        Parameters
        ----------
        X : DataFrame, array-like, list of them or None
            The columns of the fit. Rows without times are in the order of the readings.
        panel : Panel
            The series.

        Returns
        -------
        columns : list of Columns
            The columns of X, then those of the calendar; one entry per series.

        Raises
        ------
        ValueError
            If X lacks a column, or a row for a step, or has one that holds anything but
            finite numbers.
        """
        return self._known(self._read(X, panel, panel.times, False))

    def past_and_future(self, X, panel, n_ahead):
        """Read the columns beside the readings, and those known ahead some steps on."""
        times = [_with_later(of_one, n_ahead) for of_one in panel.times]
        tables = self._read(X, panel, times, True)
        for table, past in zip(tables, self.past(X, panel), strict=True):
            table[: len(past.table)] = past.table
        return self._known(tables)

    def future(self, X, panel, n_ahead):
        """Read the columns known ahead for the steps after the readings.

        As :meth:`past`, but X begins with the next step; columns that are not known
        ahead are NaN.
        """
        times = [times_after(of_one, n_ahead) for of_one in panel.times]
        return self._known(self._read(X, panel, times, True))

    def _known(self, tables):
        """Say of tables beside the series which columns are known ahead."""
        of_dates = np.ones(
            2 * len(self.date_features), bool
        )  # a sine and a cosine each
        is_ahead = np.concatenate([self.is_ahead, of_dates])
        return [Columns(table, is_ahead) for table in tables]

    def _read(self, X, panel, times, is_future):
        """Read rows at some times of each series; of the future what is known ahead."""
        is_wanted = self.is_ahead if is_future else np.ones(len(self.names), bool)
        parts = [None] * len(times)
        if is_wanted.any():
            if X is None:
                self._refuse_none(is_wanted, times)
            parts = _parts(X, panel)
        tables = []
        for one, part, of_one in zip(panel.series, parts, times, strict=True):
            table = np.full((len(of_one), len(self.names)), np.nan)
            if part is not None:
                # What stands beside nothing, before a late start, is not needed.
                n_late = 0 if of_one[0] != one.times[0] else one.n_late
                rows = part.at(of_one, one.is_labelled, n_late)[n_late:]
                table[n_late:, is_wanted] = self._numbers(
                    rows, part.is_array, is_wanted
                )
            tables.append(
                np.hstack([table, date_feature_columns(of_one, self.date_features)])
            )
        return tables

    def _numbers(self, rows, is_array, is_wanted):
        """Take the columns wanted, as numbers."""
        wanted = [n for n, is_in in zip(self.names, is_wanted, strict=True) if is_in]
        if is_array and rows.shape[1] in (len(self.names), len(wanted)):
            is_whole = rows.shape[1] == len(self.names)
            rows = rows.set_axis(self.names if is_whole else wanted, axis=1)
        missing = [name for name in wanted if name not in rows]
        if missing:
            raise ValueError(
                f"X lacks the columns {missing} of fit; it has {list(rows.columns)}."
            )
        if rows.columns.has_duplicates:
            raise ValueError(f"X has several columns of one name: {list(rows)}.")
        return _finite(rows[wanted])

    def _refuse_none(self, is_wanted, times):
        """Say for which times which columns of X are missing."""
        names = np.array(self.names, object)[is_wanted].tolist()
        raise ValueError(
            f"X is missing: the forecaster was fitted with the columns {names}, and "
            f"needs them for {_named(times[0])}. Pass them as X; or, if nobody knows "
            "them ahead, fit with past_only."
        )


def exogenous_of(X, panel, past_covariates, date_features):
    """Find the columns beside series, and which of them are known ahead.

    Parameters
    ----------
    X : DataFrame, array-like, list of them or None
        Columns beside the series, None for none.
    panel : Panel
        The series.
    past_covariates : sequence or "all"
        Names of columns of X that nobody knows ahead.
    date_features : sequence of str
        Parts of the date to add.

    Returns
    -------
    exogenous : Exogenous
        The columns.

    Raises
    ------
    ValueError
        If X is of no such kind, or has no column of a name in `past_covariates`.
    """
    names = [] if X is None else list(_parts(X, panel)[0].rows.columns)
    if isinstance(past_covariates, str):
        past_covariates = names
    unknown = [name for name in past_covariates if name not in names]
    if unknown:
        raise ValueError(
            f"past_only names the columns {unknown}, but X has {names}. Pass names, or "
            "positions where X is an array."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"X has several columns of one name: {names}. Rename them.")
    is_ahead = np.array([name not in past_covariates for name in names], bool)
    return Exogenous(names, is_ahead, tuple(date_features))


def check_lengths(X, panel):
    """Raise if rows of X without times are not as many as readings of y."""
    for one, part in zip(panel.series, _parts(X, panel), strict=True):
        is_by_time = one.is_labelled and not part.is_array
        if not is_by_time and len(part.rows) != len(one.values):
            raise ValueError(
                f"X has {len(part.rows)} rows, but y {len(one.values)} readings. Pass "
                "one row for each."
            )


def _parts(X, panel):
    """Share X out: a part for each series."""
    n_series = len(panel.series)
    if _is_list_of_parts(X):
        if len(X) != n_series:
            raise ValueError(
                f"X has {len(X)} parts, but y {n_series} series. Pass one part each."
            )
        return [_part(of_one) for of_one in X]
    part = _part(X)
    keys = series_keys(part.rows.index)
    if keys is None:
        return [part] * n_series
    places = series_rows(keys, len(part.rows))
    missing = [one.name for one in panel.series if one.name not in places]
    if missing:
        raise ValueError(f"X has no rows of the series {missing} of y.")
    rows = part.rows.set_axis(part.rows.index.get_level_values(-1))
    return [Part(rows.iloc[places[one.name]], False) for one in panel.series]


def part_of(X, place):
    """Take of a list of parts what is for one series; leave all else as it is."""
    return X[place] if _is_list_of_parts(X) else X


def _is_list_of_parts(X):
    """Whether X is a list of tables or Series, not of rows."""
    if not isinstance(X, list | tuple) or not X:
        return False
    return isinstance(X[0], pd.Series) or np.ndim(X[0]) == 2


def _part(X):
    """Make a frame of what holds the columns of one series, or of all."""
    if isinstance(X, pd.DataFrame | pd.Series):
        return Part(pd.DataFrame(X), is_array=False)
    values = np.asarray(X)
    if values.ndim not in (1, 2):
        raise ValueError(
            "X must have shape (n_timesteps, n_columns), or be a list of such parts, "
            f"one per series; got {values.shape}."
        )
    return Part(pd.DataFrame(values), is_array=True)


def _finite(rows):
    """Hold rows to be finite numbers, (n_timesteps, n_columns)."""
    refuse_dates(rows, "X")
    with strings_refused("X"):
        values = check_array(rows, dtype=np.float64, ensure_all_finite=False)
    odd = np.argwhere(~np.isfinite(values))
    if len(odd):
        row, column = odd[0]
        way_out = "Fill it, as X.ffill() does from what was known before."
        if np.isinf(values[row, column]):
            way_out = "Put a number in its place."
        raise ValueError(
            f"X holds {values[row, column]} in the column {rows.columns[column]!r} at "
            f"{rows.index[row]}. {way_out}"
        )
    return values


def _with_later(times, n_ahead):
    """Return times, and the next ones behind them."""
    return times.append(times_after(times, n_ahead)) if n_ahead > 0 else times


def _other_kind(index, times):
    """Say that times of X are of another kind than those of y."""
    return (
        f" They are of the dtype {index.dtype}, those of y {times.dtype}: convert one, "
        "as X.to_period(), X.to_timestamp() and X.tz_localize() do."
    )


def _named(times):
    """Name some times: all of few, else the first and the last."""
    if len(times) > N_NAMED:
        return f"{times[0]} to {times[-1]}, {len(times)} steps"
    return ", ".join(str(time) for time in times) or "no time"


class Columns(NamedTuple):
    """Columns beside one series, from its first step on."""

    table: np.ndarray  # (n_rows, n_columns)
    # Whether a column is known beyond the last reading of the series, (n_columns,).
    is_ahead: np.ndarray

    def around(self, ends, window_size, horizon):
        """Cut what stands beside windows and the steps after them.

        Parameters
        ----------
        ends : ndarray of shape (n_windows,)
            Position of the first step after each window.
        window_size, horizon : int
            Steps of a window, and steps after it.

        Returns
        -------
        around : ndarray of shape (n_windows, window_size + horizon, n_columns)
            Columns that are not known ahead go on as they are at the end of a window.
            Steps before the first one are NaN.
        """
        positions = ends[:, None] + np.arange(-window_size, horizon)
        known = np.minimum(positions, ends[:, None] - 1)[:, :, None]
        places = np.where(self.is_ahead, positions[:, :, None], known)
        around = self.table[np.maximum(places, 0), np.arange(len(self.is_ahead))]
        around[positions < 0] = np.nan
        return around

    def followed_by(self, later):
        """Return the columns with later rows of them behind their own."""
        return self._replace(table=np.concatenate([self.table, later.table]))
