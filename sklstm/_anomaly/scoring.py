"""From errors of expectations to scores of rows, and to what is too much."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf

# A normal distribution's standard deviation, in units of its median absolute one.
NORMAL = 1.4826
# Errors beyond so many of these are cut where it is measured what errs together.
CUT = 4.0
# Larger errors have no meaning but their sign; their squares are numbers.
HUGE = 1e100
# Distances of rows held back are measured by parts of the others.
N_PARTS = 5
# Excesses over this share of the scores tell of those beyond all that were seen.
TAIL = 0.9
# Rows beyond so many times that distance are outliers themselves, and tell nothing.
FAR = 4.0
# One usual row in so many may be called an outlier.
ROWS_PER_ALARM = 1000


class Yardstick(NamedTuple):
    """How far expectations are usually off."""

    center: np.ndarray  # (n_features,)
    scale: np.ndarray  # (n_features,)
    covariance: np.ndarray  # of errors in units of `scale`, (n_features, n_features)

    @classmethod
    def of_errors(cls, errors):
        """Measure errors of rows that were not learnt from.

        Medians, and errors cut at some standard deviations: what is an outlier among
        these rows does not make others look usual.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Readings less what was expected, NaN where there is nothing to compare; two
            or more of each feature.
        """
        center = np.nanmedian(errors, axis=0)
        distances = np.abs(errors - center)
        scale = NORMAL * np.nanmedian(distances, axis=0)
        # Mostly not off at all: then by how much it is at most, or by rounding.
        scale = np.where(scale > 0, scale, np.nanmax(distances, axis=0))
        scale = np.where(scale > 0, scale, 1e-9 * np.maximum(1, np.abs(center)))
        units = np.nan_to_num((errors - center) / scale).clip(-CUT, CUT)
        covariance, _ = ledoit_wolf(units, assume_centered=True)
        return cls(center, scale, covariance + 1e-6 * np.eye(len(center)))

    def in_units(self, errors):
        """Bring errors to the scale of the usual ones."""
        with np.errstate(over="ignore"):
            return ((errors - self.center) / self.scale).clip(-HUGE, HUGE)

    def distances(self, errors, kind):
        """Make one number of the errors of a row, of those that are there.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Readings less what was expected, NaN where there is nothing to compare.
        kind : {"mahalanobis", "absolute"}
            The distance of Mahalanobis, which knows what errs together, over the square
            root of the number of errors; or the mean absolute error in units.

        Returns
        -------
        distances : ndarray of shape (n_rows,)
            About 1 for usual rows, NaN for those without any error to go by.
        """
        units = self.in_units(errors)
        distances = np.full(len(units), np.nan)
        patterns, which = np.unique(~np.isnan(units), axis=0, return_inverse=True)
        for number, is_there in enumerate(patterns):
            rows = np.flatnonzero(which.ravel() == number)
            if not is_there.any():
                continue
            known = units[rows][:, is_there]
            if kind == "absolute":
                distances[rows] = np.abs(known).mean(axis=1)
                continue
            covariance = self.covariance[np.ix_(is_there, is_there)]
            solved = np.linalg.solve(covariance, known.T).T
            squares = np.maximum((known * solved).mean(axis=1), 0)
            distances[rows] = np.sqrt(squares)
        return distances


def held_distances(errors, kind):
    """Measure distances of rows by the errors of the others.

    Parameters
    ----------
    errors : ndarray of shape (n_rows, n_features)
        As of :meth:`Yardstick.of_errors`, in time order.
    kind : {"mahalanobis", "absolute"}
        As of :meth:`Yardstick.distances`.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        A fifth of the rows at a time is measured by the other four; where these tell
        nothing of a feature, by all.
    """
    distances = np.empty(len(errors))
    for rows in np.array_split(np.arange(len(errors)), N_PARTS):
        others = np.delete(errors, rows, axis=0)
        if (~np.isnan(others)).sum(axis=0).min() < 2:
            others = errors
        distances[rows] = Yardstick.of_errors(others).distances(errors[rows], kind)
    return distances


def half_ranges(values, ends):
    """Say how far values lie from the middle of a range, in halves of it.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        NaN for what is not there, which is never off.
    ends : pair of ndarray of shape (n_columns,) or (n_rows, n_columns)
        The least and the greatest, NaN where nothing is known.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        Of the column that is furthest off; 1 at the edge of its range.
    """
    least, greatest = ends
    center, half = (least + greatest) / 2, (greatest - least) / 2
    # What never moved may move by rounding.
    half = np.where(half > 0, half, 1e-9 * np.maximum(1, np.abs(center)))
    with np.errstate(over="ignore"):
        distances = (np.abs(values - center) / half).clip(max=HUGE)
    return np.nan_to_num(distances).max(axis=1)


def extremes(values):
    """Return the least and the greatest of each column, (2, n_columns)."""
    return pd.DataFrame(values).agg(["min", "max"]).to_numpy()


def from_range_before(values, first, range_window):
    """Measure every row by the range of the rows before it.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Of one series, in time order; NaN for what is not there.
    first : ndarray of shape (2, n_columns)
        Extremes of what came before the first row.
    range_window : int or None
        How many rows before it a row is measured by; None is all.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        As of :func:`half_ranges`.
    """
    past = pd.DataFrame(np.concatenate([first, values]))
    past = past.rolling(
        len(past) if range_window is None else range_window, min_periods=1
    )
    # The range before row t ends with row t - 1; `first` are two rows.
    ends = [end.to_numpy()[1:-1] for end in (past.min(), past.max())]
    return half_ranges(values, ends)


def smoothed(distances, halflife):
    """Average distances over the rows before, the nearer the more [1]_.

    Parameters
    ----------
    distances : ndarray of shape (n_rows,)
        Of one series, in time order, NaN where there is none.
    halflife : float
        Rows after which one counts half.

    Returns
    -------
    averages : ndarray of shape (n_rows,)
        NaN where there is no distance.

    References
    ----------
    .. [1] K. Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and
       Nonparametric Dynamic Thresholding", KDD 2018, 387-395.
    """
    averages = pd.Series(distances).ewm(halflife=halflife).mean().to_numpy()
    return np.where(np.isnan(distances), np.nan, averages)


def too_much(distances, contamination):
    """Say from which distance on a row is an outlier.

    Parameters
    ----------
    distances : ndarray of shape (n_rows,)
        Those of rows that were not learnt from.
    contamination : float or "auto"
        Share of rows beyond it. "auto" is what one usual row in 1000 exceeds: the
        greatest tenth of the distances is described by a generalised Pareto
        distribution, fitted by probability-weighted moments [1]_, which goes on beyond
        what was seen. What lies beyond four times the ninetieth percentile is left out.

    Returns
    -------
    threshold : float
        A distance.

    References
    ----------
    .. [1] J. R. M. Hosking and J. R. Wallis, "Parameter and Quantile Estimation for the
       Generalized Pareto Distribution", Technometrics 29(3), 1987, 339-349.
    """
    if contamination != "auto":
        return float(np.quantile(distances, 1 - contamination))
    start = np.quantile(distances, TAIL)
    distances = distances[distances <= FAR * start]
    excesses = np.sort(distances[distances > start] - start)
    n_excesses = len(excesses)
    if n_excesses < 2 or np.ptp(excesses) == 0:
        return float(distances.max())
    # Weighted by the share of excesses beyond each.
    beyond = (n_excesses - np.arange(1, n_excesses + 1)) / (n_excesses - 1)
    mean, weighted = excesses.mean(), (beyond * excesses).mean()
    shape = 2 - mean / (mean - 2 * weighted)
    size = 2 * mean * weighted / (mean - 2 * weighted)
    share = (1 - TAIL) * ROWS_PER_ALARM
    if abs(shape) < 1e-6:
        return float(start + size * np.log(share))
    return float(start + size / shape * (share**shape - 1))
