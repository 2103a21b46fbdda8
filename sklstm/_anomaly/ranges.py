"""Ranges of the rows before a row, and distances in units of them."""

from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from sklstm._anomaly.errors import MAX_ERROR
from sklstm._input.plain import saved_as


def extremes(values):
    """Return the minimum and the maximum of each column, (2, n_columns)."""
    return pd.DataFrame(values).agg(["min", "max"]).to_numpy()


def distances_from_range(values, bounds):
    """Compute the distance of each row from the middle of a range.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Values of the rows. NaN counts as distance 0.
    bounds : pair of ndarray of shape (n_columns,) or (n_rows, n_columns)
        Minimum and maximum of the range, NaN where it is unknown.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        Largest distance over the columns, in units of half the range. It is 1 at the
        minimum and the maximum.
    """
    minimum, maximum = bounds
    center, half = (minimum + maximum) / 2, (maximum - minimum) / 2
    # A constant column may change by rounding errors.
    half = np.where(half > 0, half, 1e-9 * np.maximum(1, np.abs(center)))
    with np.errstate(over="ignore"):
        distances = (np.abs(values - center) / half).clip(max=MAX_ERROR)
    return np.nan_to_num(distances).max(axis=1)


@saved_as("past_extremes")
class PastExtremes(NamedTuple):
    """Rows of a series that can be the minimum or the maximum of a later range.

    Other rows are not needed: a later row is at least as extreme in each column.

    Attributes
    ----------
    rows : ndarray of shape (n_kept, n_columns)
        The rows in time order, NaN where a value is missing.
    ages : ndarray of int of shape (n_kept,)
        Number of rows from each of them to the next row of the series; 1 for its last
        row.
    """

    rows: np.ndarray
    ages: np.ndarray

    @classmethod
    def from_bounds(cls, bounds):
        """Return the extremes of rows whose minimum and maximum are known."""
        return cls(bounds, np.array([2, 1]))

    def ranges(self, values, range_window):
        """Compute the range of the rows before each row.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_columns)
            The next rows of the series.
        range_window : int or None
            Number of rows that a range is computed on. If None, all rows before are
            used.

        Returns
        -------
        bounds : pair of ndarray of shape (n_rows, n_columns)
            Minimum and maximum, NaN where no value is known.
        """
        n_rows, n_columns = values.shape
        if range_window is None:
            range_window = n_rows + self.ages.max(initial=1)
        unknown = np.full((1, n_columns), np.nan)
        # The first of the kept rows that is in the range of each row.
        firsts = np.searchsorted(-self.ages, np.arange(n_rows) - range_window)
        before = pd.DataFrame(np.concatenate([unknown, values[:-1]]))
        before = before.rolling(range_window, min_periods=1)
        bounds = []
        for pick, rolling in ((np.fmin, before.min()), (np.fmax, before.max())):
            kept = np.concatenate([_extremes_from_each(self.rows, pick), unknown])
            bounds.append(pick(kept[firsts], rolling.to_numpy()))
        return tuple(bounds)

    def append(self, values, range_window) -> Self:
        """Return the extremes after more rows.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_columns)
            The next rows of the series.
        range_window : int or None
            As in :meth:`ranges`.
        """
        if range_window is None:
            return self.from_bounds(extremes(np.concatenate([self.rows, values])))
        n_rows, values = len(values), values[-range_window:]
        rows = np.concatenate([self.rows, values])
        ages = np.concatenate([self.ages + n_rows, np.arange(len(values), 0, -1)])
        unknown = np.full((1, rows.shape[1]), np.nan)
        lower, upper = (
            np.concatenate([_extremes_from_each(rows, pick)[1:], unknown])
            for pick in (np.fmin, np.fmax)
        )
        # Comparisons with NaN are false: a value before missing ones is an extreme.
        is_extreme = ~((rows >= lower) & (rows <= upper)) & ~np.isnan(rows)
        is_kept = is_extreme.any(axis=1) & (ages <= range_window)
        return type(self)(rows[is_kept], ages[is_kept])


def _extremes_from_each(rows, pick):
    """Return the extreme of each row and all later ones, (n_rows, n_columns)."""
    return pick.accumulate(rows[::-1])[::-1]
