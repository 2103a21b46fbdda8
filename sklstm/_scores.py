"""From errors of expectations to scores of rows, and to what is too much."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf

# A normal distribution's standard deviation, in units of its median absolute one.
NORMAL = 1.4826
# Errors beyond so many of these are cut where it is measured what errs together.
CUT = 4.0
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
    precision: np.ndarray  # of errors in units of `scale`, (n_features, n_features)

    @classmethod
    def of_errors(cls, errors):
        """Measure errors of rows that were not learnt from, (n_rows, n_features).

        Medians, and errors cut at some standard deviations: what is an outlier among
        these rows does not make others look usual.
        """
        center = np.nan_to_num(np.nanmedian(errors, axis=0))
        distances = np.abs(errors - center)
        scale = NORMAL * np.nan_to_num(np.nanmedian(distances, axis=0))
        # Mostly not off at all: then by how much it is at most, or by rounding.
        scale = np.where(scale > 0, scale, np.nan_to_num(np.nanmax(distances, axis=0)))
        scale = np.where(scale > 0, scale, 1e-9 * np.maximum(1, np.abs(center)))
        units = np.nan_to_num((errors - center) / scale).clip(-CUT, CUT)
        covariance, _ = ledoit_wolf(units, assume_centered=True)
        covariance += 1e-6 * np.eye(len(center))
        return cls(center, scale, np.linalg.inv(covariance))

    def in_units(self, errors):
        """Bring errors to the scale of the usual ones; 0 for missing ones."""
        return np.nan_to_num((errors - self.center) / self.scale)

    def distances(self, errors, kind):
        """Make one number of the errors of a row.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Readings less what was expected.
        kind : {"mahalanobis", "absolute"}
            The distance of Mahalanobis, which knows what errs together, over the square
            root of the number of features; or the mean absolute error in units.

        Returns
        -------
        distances : ndarray of shape (n_rows,)
            About 1 for usual rows.
        """
        units = self.in_units(errors)
        if kind == "absolute":
            return np.abs(units).mean(axis=1)
        squares = np.einsum("ri,ij,rj->r", units, self.precision, units)
        return np.sqrt(np.maximum(squares, 0) / units.shape[1])


def smoothed(distances, halflife):
    """Average distances over the rows before, the nearer the more [1]_.

    Parameters
    ----------
    distances : ndarray of shape (n_rows,)
        Of one series, in time order.
    halflife : float or None
        Rows after which one counts half; None leaves distances as they are.

    References
    ----------
    .. [1] K. Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and
       Nonparametric Dynamic Thresholding", KDD 2018, 387-395.
    """
    if halflife is None:
        return distances
    return pd.Series(distances).ewm(halflife=halflife).mean().to_numpy()


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
