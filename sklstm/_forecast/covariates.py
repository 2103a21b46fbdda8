"""Covariates: columns of X and date features, and which are known in the future."""

from typing import NamedTuple, Self

import numpy as np
from sklearn.utils.validation import check_array

from sklstm._forecast.date_features import date_feature_columns
from sklstm._forecast.series_table import is_list_of_parts, listed, split_by_series
from sklstm._input.check import check_unique
from sklstm._input.frequency import times_after_all
from sklstm._input.numbers import check_no_dates, check_numbers
from sklstm._input.plain import saved_as


@saved_as("covariates")
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


@saved_as("covariate_spec")
class CovariateSpec(NamedTuple):
    """The covariates of a fit: which columns of X and which date features."""

    # Names of the columns of X; positions if X is an array; empty without X.
    names: list[object]
    is_future_known: np.ndarray  # whether the future of each column is known
    date_features: tuple[str, ...]  # their future is always known

    @property
    def has_features(self):
        """Whether there are columns of X or date features."""
        return bool(self.names or self.date_features)

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

    def read_update(self, X, later):
        """Read the covariates of steps that follow the observed ones.

        X must have a row for each step, because an earlier value may be observed.
        """
        return self._read(X, later, later.times, False, np.inf, may_start_late=False)

    def read_future(self, X, panel, n_steps, n_needed):
        """Read the covariates that are known in the future, for the next steps.

        Rows of X without times begin with the next step. Columns that are not known in
        the future are NaN. X must have a row for the first `n_needed` steps.
        """
        times = times_after_all(panel.times, n_steps)
        return self._read(X, panel, times, True, n_needed)

    def read_past_and_future(self, X, panel, n_steps, n_needed):
        """Read the covariates of the observed steps and of the next steps.

        In the next steps, columns that are not known in the future are NaN. X must have
        a row for the first `n_needed` of the next steps.
        """
        times = panel.times
        if n_steps > 0:
            pairs = zip(times, times_after_all(times, n_steps), strict=True)
            times = [of_one.append(later) for of_one, later in pairs]
        all_steps = self._read(X, panel, times, True, n_needed)
        for one, past in zip(all_steps, self.read_past(X, panel), strict=True):
            one.table[: len(past.table)] = past.table
        return all_steps

    def _read(self, X, panel, times, is_future, n_needed, may_start_late=True):
        """Read the covariates of each series.

        If `is_future`, only the columns that are known in the future are read. X must
        have a row for each observed step and for the first `n_needed` steps after them.
        If `may_start_late`, steps before the first observation need no row.
        """
        if X is not None and not self.names:
            raise ValueError(
                "X was passed, but the forecaster was fitted without X. Fit it with X, "
                "or leave X out."
            )
        all_names = np.ones(len(self.names), bool)
        is_wanted = self.is_future_known if is_future else all_names
        if X is None and is_wanted.any():
            self._refuse_none(is_wanted, times)
        if is_wanted.any():
            options = is_wanted, n_needed, may_start_late
            tables = self._tables_of_columns(X, panel, times, *options)
        else:
            n_names = len(self.names)
            tables = [(np.full((len(each), n_names), np.nan), 0) for each in times]
        of_dates = np.ones(2 * len(self.date_features), bool)  # sines and cosines
        is_future_known = np.concatenate([self.is_future_known, of_dates])
        covariates, features = [], {}
        for (table, n_repeated), of_one in zip(tables, times, strict=True):
            if id(of_one) not in features:
                features[id(of_one)] = date_feature_columns(of_one, self.date_features)
            table = np.hstack([table, features[id(of_one)]])
            covariates.append(Covariates(table, is_future_known, n_repeated))
        return covariates

    def _tables_of_columns(self, X, panel, times, is_wanted, n_needed, may_start_late):
        """Return the columns of X for each series, and the number of repeated rows.

        Columns that are not wanted are NaN.
        """
        tables, frame = [], None
        parts = split_by_series(X, panel)
        for one, part, of_one in zip(panel.series, parts, times, strict=True):
            # Several series may have the same frame.
            if part.frame is not frame:
                frame, numbers = part.frame, self._wanted_numbers(part, is_wanted)
            # Times begin with the first step of the series, or after its last step.
            is_past = of_one[0] == one.times[0]
            n_late = one.n_late if is_past and may_start_late else 0
            n_past = len(one.times) if is_past else 0
            n_known = min(n_past + n_needed, len(of_one))
            places, n_repeated = part.places_at(
                of_one, one.is_labelled, n_late, n_known
            )
            values = numbers[places[n_late:]]
            _check_finite(values, self._wanted(is_wanted), of_one[n_late:], part)
            table = np.full((len(of_one), len(self.names)), np.nan)
            table[n_late:, is_wanted] = values
            tables.append((table, n_repeated))
        return tables

    def _wanted(self, is_wanted):
        """Return the names of the wanted columns."""
        return [n for n, is_in in zip(self.names, is_wanted, strict=True) if is_in]

    def _wanted_numbers(self, part, is_wanted):
        """Return the wanted columns of X as numbers, (n_rows, n_wanted)."""
        wanted, rows = self._wanted(is_wanted), part.frame
        if part.is_array and rows.shape[1] in (len(self.names), len(wanted)):
            has_all = rows.shape[1] == len(self.names)
            rows = rows.set_axis(self.names if has_all else wanted, axis=1)
        missing = [name for name in wanted if name not in rows]
        if missing:
            raise ValueError(
                f"X lacks the columns {missing} of fit. It has {list(rows.columns)}."
            )
        check_unique(rows.columns)
        check_no_dates(rows[wanted], "X")
        with check_numbers("X"):
            return check_array(
                rows[wanted],
                dtype=np.float64,
                ensure_all_finite=False,
                ensure_min_samples=0,
            )

    def _refuse_none(self, is_wanted, times):
        """Raise because X is None; list the columns and times that are needed."""
        names = np.array(self.names, object)[is_wanted].tolist()
        raise ValueError(
            f"X is missing: the forecaster was fitted with the columns {names}, and "
            f"needs them for {listed(times[0])}. Pass these columns as X. If a column "
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
    names = [] if X is None else list(split_by_series(X, panel)[0].frame.columns)
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
    for one, part in zip(panel.series, split_by_series(X, panel), strict=True):
        is_by_time = one.is_labelled and not part.is_array
        if not is_by_time and len(part.index) != len(one.values):
            raise ValueError(
                f"X has {len(part.index)} rows, but y has {len(one.values)} values. "
                "Pass one row for each value."
            )


def select_part(X, position):
    """Return the part of a list X for one series, and any other X unchanged."""
    return X[position] if is_list_of_parts(X) else X


def _check_finite(values, names, times, part):
    """Raise if a value of X is not finite."""
    not_finite = np.argwhere(~np.isfinite(values))
    if len(not_finite):
        row, column = not_finite[0]
        way_out = "Replace it by a finite number."
        if np.isnan(values[row, column]):
            way_out = _way_to_fill(values[:, column], row, names[column], part)
        raise ValueError(
            f"X holds {values[row, column]} in the column {names[column]!r} at "
            f"{times[row]}. {way_out}"
        )


def _way_to_fill(values, row, name, part):
    """Return how to fill in the first missing value of a column, which is at `row`."""
    if np.isin(values[~np.isnan(values)], [0, 1]).all():
        # X may be a Series, which has no columns to name.
        zero = f"{{{name!r}: 0}}" if part.frame.shape[1] > 1 else "0"
        way_out = "If the column marks events, such as promotions, fill it in with 0"
        code = f"X.fillna({zero})"
    elif row == 0:
        way_out, code = "Fill it in, for example", "X.fillna(X.median())"
    else:
        way_out, code = "Fill it in from earlier rows, for example", "X.ffill()"
    if part.is_array:
        code = code.replace("X", "pd.DataFrame(X)") + ".to_numpy()"
    return f"{way_out}: {code}."
