"""Covariates: columns of X and date features, and which are known in the future."""

from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from sklstm._forecast.date_features import date_feature_columns
from sklstm._input.arrays import unwrap
from sklstm._input.check import (
    check_no_dates,
    check_numbers,
    check_unique,
)
from sklstm._input.frequency import as_dates, times_after
from sklstm._input.row_times import series_keys, series_rows

# A message lists up to this many missing times.
MAX_LISTED = 3


class Covariates(NamedTuple):
    """Covariates of one series, from its first step on."""

    table: np.ndarray  # (n_rows, n_covariates)
    # Whether each one is known after the last value of the series, (n_covariates,).
    is_future_known: np.ndarray
    # Number of last rows that X does not have. They repeat the row before them.
    n_repeated: int = 0

    def around(self, ends, window_size, horizon):
        """Return the covariates of windows and of the steps after them.

        Parameters
        ----------
        ends : ndarray of shape (n_windows,)
            Position of the first step after each window.
        window_size, horizon : int
            Number of steps of a window, and of steps after it.

        Returns
        -------
        around : ndarray of shape (n_windows, window_size + horizon, n_covariates)
            The last value in a window is carried forward if the future is not known.
            Steps before the start of the series are NaN.
        """
        positions = ends[:, None] + np.arange(-window_size, horizon)
        in_window = np.minimum(positions, ends[:, None] - 1)[:, :, None]
        places = np.where(self.is_future_known, positions[:, :, None], in_window)
        columns = np.arange(len(self.is_future_known))
        around = self.table[np.maximum(places, 0), columns]
        around[positions < 0] = np.nan
        return around

    def append(self, later) -> Self:
        """Return the covariates with later rows appended."""
        return later._replace(table=np.concatenate([self.table, later.table]))


class SeriesTable(NamedTuple):
    """Rows of X for one series."""

    rows: pd.DataFrame
    is_array: bool  # whether the rows have neither times nor column names

    def rows_at(self, times, is_labelled, n_optional, n_needed):
        """Return the rows at some times; the first rows if X has no times.

        The rows of the first `n_optional` times may be missing. An arbitrary row
        replaces each of them, and the caller does not use it. After the first
        `n_needed` times, X may end. Its last row is then repeated. The number of
        repeated rows is also returned.
        """
        if is_labelled and not self.is_array:
            index = as_dates(self.rows.index)
            if index.has_duplicates:
                raise ValueError(
                    f"X has {index[index.duplicated()][0]} twice. Keep one row per "
                    "step. If X holds several series, give it a MultiIndex (series, "
                    "time)."
                )
            places = index.get_indexer(times)
        else:
            index = self.rows.index
            places = np.arange(len(times))
            places[len(self.rows) :] = -1
        n_known = max(n_needed, int(np.flatnonzero(places >= 0).max(initial=-1)) + 1)
        missing = times[n_optional:n_known][places[n_optional:n_known] < 0]
        if len(missing):
            is_other_type = not self.is_array and index.dtype != times.dtype
            hint = _dtype_hint(index, times) if is_other_type else ""
            raise ValueError(
                f"X has no row for {_listed(missing)}. It has rows for "
                f"{_listed(index)}.{hint}"
            )
        places[n_known:] = places[n_known - 1]
        return self.rows.iloc[places].set_axis(times), len(times) - n_known


class CovariateSpec(NamedTuple):
    """The covariates of a fit: which columns of X and which date features."""

    # Names of the columns of X; positions if X is an array; empty without X.
    names: list[object]
    is_future_known: np.ndarray  # whether the future of each column is known
    date_features: tuple[str, ...]  # their future is always known

    @property
    def is_any_future_known(self):
        """Whether the future of a column of X is known."""
        return bool(self.is_future_known.any())

    def read_past(self, X, panel):
        """Read the covariates of the observed steps.

        Parameters
        ----------
        X : DataFrame, array-like, list of them or None
            Columns of the fit. Rows without times are in the order of the values of y.
        panel : Panel
            The series.

        Returns
        -------
        covariates : list of Covariates
            The columns of X, then the date features, for each series.

        Raises
        ------
        ValueError
            If X lacks a column or the row of a step, or has a value that is not a
            finite number.
        """
        return self._read(X, panel, panel.times, False, np.inf)

    def read_future(self, X, panel, n_steps, n_needed):
        """Read the covariates that are known in the future, for the next steps.

        Rows of X without times begin with the next step. Columns that are not known in
        the future are NaN. X must have a row for the first `n_needed` steps.
        """
        times = [times_after(of_one, n_steps) for of_one in panel.times]
        return self._read(X, panel, times, True, n_needed)

    def read_past_and_future(self, X, panel, n_steps, n_needed):
        """Read the covariates of the observed steps and of the next steps.

        In the next steps, columns that are not known in the future are NaN. X must have
        a row for the first `n_needed` of the next steps.
        """
        times = [_with_next(of_one, n_steps) for of_one in panel.times]
        all_steps = self._read(X, panel, times, True, n_needed)
        for one, past in zip(all_steps, self.read_past(X, panel), strict=True):
            one.table[: len(past.table)] = past.table
        return all_steps

    def _read(self, X, panel, times, is_future, n_needed):
        """Read the covariates of each series.

        If `is_future`, only the columns that are known in the future are read. X must
        have a row for each observed step and for the first `n_needed` steps after them.
        """
        if X is not None and not self.names:
            raise ValueError(
                "X was passed, but the forecaster was fitted without X. Fit it with X, "
                "or leave X out."
            )
        all_names = np.ones(len(self.names), bool)
        is_wanted = self.is_future_known if is_future else all_names
        parts = [None] * len(times)
        if is_wanted.any():
            if X is None:
                self._refuse_none(is_wanted, times)
            parts = _split_by_series(X, panel)
        of_dates = np.ones(2 * len(self.date_features), bool)  # sines and cosines
        is_future_known = np.concatenate([self.is_future_known, of_dates])
        covariates = []
        for one, part, of_one in zip(panel.series, parts, times, strict=True):
            table, n_repeated = np.full((len(of_one), len(self.names)), np.nan), 0
            if part is not None:
                # Rows before the first observation of a late series are not needed.
                is_past = of_one[0] == one.times[0]
                n_late, n_past = (one.n_late, len(one.times)) if is_past else (0, 0)
                rows, n_repeated = part.rows_at(
                    of_one, one.is_labelled, n_late, min(n_past + n_needed, len(of_one))
                )
                values = self._wanted_values(rows[n_late:], part.is_array, is_wanted)
                table[n_late:, is_wanted] = values
            dates = date_feature_columns(of_one, self.date_features)
            table = np.hstack([table, dates])
            covariates.append(Covariates(table, is_future_known, n_repeated))
        return covariates

    def _wanted_values(self, rows, is_array, is_wanted):
        """Return the values of the wanted columns."""
        wanted = [n for n, is_in in zip(self.names, is_wanted, strict=True) if is_in]
        if is_array and rows.shape[1] in (len(self.names), len(wanted)):
            has_all = rows.shape[1] == len(self.names)
            rows = rows.set_axis(self.names if has_all else wanted, axis=1)
        missing = [name for name in wanted if name not in rows]
        if missing:
            raise ValueError(
                f"X lacks the columns {missing} of fit. It has {list(rows.columns)}."
            )
        check_unique(rows.columns)
        return _finite_values(rows[wanted])

    def _refuse_none(self, is_wanted, times):
        """Raise because X is None; list the columns and times that are needed."""
        names = np.array(self.names, object)[is_wanted].tolist()
        raise ValueError(
            f"X is missing: the forecaster was fitted with the columns {names}, and "
            f"needs them for {_listed(times[0])}. Pass these columns as X. If a column "
            "is not known in the future, fit with its name in past_covariates."
        )


def covariate_spec(X, panel, past_covariates, date_features):
    """Return the specification of the covariates of a fit.

    Parameters
    ----------
    X : DataFrame, array-like, list of them or None
        Covariates, or None if there are none.
    panel : Panel
        The series.
    past_covariates : sequence or "all"
        Names of the columns of X whose future is not known.
    date_features : sequence of str
        Parts of the date to add.

    Returns
    -------
    spec : CovariateSpec
        The covariates.

    Raises
    ------
    ValueError
        If X has a wrong shape, or lacks a column of `past_covariates`.
    """
    names = [] if X is None else list(_split_by_series(X, panel)[0].rows.columns)
    if isinstance(past_covariates, str):
        past_covariates = names
    unknown = [name for name in past_covariates if name not in names]
    if unknown:
        raise ValueError(
            f"past_covariates contains {unknown}, but X has the columns {names}. Pass "
            "names of columns, or positions if X is an array."
        )
    check_unique(names)
    is_future_known = np.array([name not in past_covariates for name in names], bool)
    return CovariateSpec(names, is_future_known, tuple(date_features))


def check_lengths(X, panel):
    """Raise if X has no times and the number of its rows differs from that of y."""
    for one, part in zip(panel.series, _split_by_series(X, panel), strict=True):
        is_by_time = one.is_labelled and not part.is_array
        if not is_by_time and len(part.rows) != len(one.values):
            raise ValueError(
                f"X has {len(part.rows)} rows, but y has {len(one.values)} values. "
                "Pass one row for each value."
            )


def select_part(X, position):
    """Return the part of a list X for one series, and any other X unchanged."""
    return X[position] if _is_list_of_parts(X) else X


def _split_by_series(X, panel):
    """Return the rows of X for each series."""
    n_series = len(panel.series)
    if _is_list_of_parts(X):
        if len(X) != n_series:
            raise ValueError(
                f"X is a list of {len(X)} parts, but y holds {n_series} series. Pass "
                "one part for each series."
            )
        return [_as_table(of_one) for of_one in X]
    part = _as_table(X)
    keys = series_keys(part.rows.index)
    if keys is None:
        return [part] * n_series
    places = series_rows(keys, len(part.rows))
    missing = [one.name for one in panel.series if one.name not in places]
    if missing:
        raise ValueError(f"X has no rows for the series {missing} of y.")
    rows = part.rows.set_axis(part.rows.index.get_level_values(-1))
    return [SeriesTable(rows.iloc[places[one.name]], False) for one in panel.series]


def _is_list_of_parts(X):
    """Whether X is a list of tables or Series, not of rows."""
    if not isinstance(X, list | tuple) or not X:
        return False
    return isinstance(X[0], pd.Series) or np.ndim(X[0]) == 2


def _as_table(X):
    """Return the columns of one series, or of all series, as a table."""
    if isinstance(X, pd.DataFrame | pd.Series):
        return SeriesTable(pd.DataFrame(X), is_array=False)
    values = np.asarray(unwrap(X, "X"))
    if values.ndim not in (1, 2):
        raise ValueError(
            "X must have shape (n_timesteps, n_columns), or be a list of such parts, "
            f"one per series; got {values.shape}."
        )
    return SeriesTable(pd.DataFrame(values), is_array=True)


def _finite_values(rows):
    """Return rows as finite numbers, (n_timesteps, n_columns)."""
    check_no_dates(rows, "X")
    with check_numbers("X"):
        values = check_array(rows, dtype=np.float64, ensure_all_finite=False)
    not_finite = np.argwhere(~np.isfinite(values))
    if len(not_finite):
        row, column = not_finite[0]
        way_out = "Fill it from earlier rows, for example with X.ffill()."
        if np.isinf(values[row, column]):
            way_out = "Replace it by a finite number."
        raise ValueError(
            f"X holds {values[row, column]} in the column {rows.columns[column]!r} at "
            f"{rows.index[row]}. {way_out}"
        )
    return values


def _with_next(times, n_steps):
    """Return times with the next ones appended."""
    return times.append(times_after(times, n_steps)) if n_steps > 0 else times


def _dtype_hint(index, times):
    """Return a hint that the times of X and y differ in type."""
    return (
        f" The times of X have the dtype {index.dtype}, but the times of y have the "
        f"dtype {times.dtype}. Convert X or y, for example with X.to_period(), "
        "X.to_timestamp() or X.tz_localize()."
    )


def _listed(times):
    """Return times as text; if there are many, only the first and the last."""
    if len(times) > MAX_LISTED:
        return f"{times[0]} to {times[-1]}, {len(times)} steps"
    return ", ".join(str(time) for time in times) or "no time"
