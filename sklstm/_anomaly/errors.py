"""Scale of errors, and the distance of a row from its expected values."""

from typing import NamedTuple

import numpy as np
from sklearn.covariance import ledoit_wolf

from sklstm._input.plain import saved_as

# Standard deviation of a normal distribution, divided by its median absolute deviation.
STD_PER_MAD = 1.4826
# Scaled errors are clipped at this value before their covariance is estimated.
CLIP = 4.0
# Larger scaled errors are clipped, so that their squares are finite.
MAX_ERROR = 1e100
# Number of folds of the calibration rows.
N_FOLDS = 5


@saved_as("error_scaler")
class ErrorScaler(NamedTuple):
    """Typical errors: center, scale and covariance."""

    center: np.ndarray  # (n_features,)
    scale: np.ndarray  # (n_features,)
    covariance: np.ndarray  # of scaled errors, (n_features, n_features)

    @classmethod
    def from_errors(cls, errors):
        """Compute robust estimates from the errors of calibration rows.

        The estimates are medians and the covariance of clipped errors, so that outliers
        among the calibration rows have little influence.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Values minus expected values, NaN where a value is missing or has no
            expected value. Each feature needs at least two errors.
        """
        center = np.nanmedian(errors, axis=0)
        deviations = np.abs(errors - center)
        scale = STD_PER_MAD * np.nanmedian(deviations, axis=0)
        # If most errors are equal, the scale is the largest deviation. If all errors
        # are equal, the scale is that of rounding errors.
        scale = np.where(scale > 0, scale, np.nanmax(deviations, axis=0))
        scale = np.where(scale > 0, scale, 1e-9 * np.maximum(1, np.abs(center)))
        scaled = np.nan_to_num((errors - center) / scale).clip(-CLIP, CLIP)
        covariance, _ = ledoit_wolf(scaled, assume_centered=True)
        return cls(center, scale, covariance + 1e-6 * np.eye(len(center)))

    def transform(self, errors):
        """Convert errors to units of the standard deviation of typical errors."""
        with np.errstate(over="ignore"):
            return ((errors - self.center) / self.scale).clip(-MAX_ERROR, MAX_ERROR)

    def distances(self, errors, kind):
        """Compute the distance of each row from its expected values.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Values minus expected values. NaN errors are left out.
        kind : {"mahalanobis", "absolute"}
            The Mahalanobis distance divided by the square root of the number of errors,
            or the mean absolute scaled error.

        Returns
        -------
        distances : ndarray of shape (n_rows,)
            About 1 for normal rows, NaN for rows whose errors are all NaN.
        """
        scaled = self.transform(errors)
        distances = np.full(len(scaled), np.nan)
        patterns, pattern_of = np.unique(~np.isnan(scaled), axis=0, return_inverse=True)
        for number, is_present in enumerate(patterns):
            rows = np.flatnonzero(pattern_of.ravel() == number)
            if not is_present.any():
                continue
            # A single row would be summed in another order than the rows of a table.
            rows = np.resize(rows, max(len(rows), 2))
            present = scaled[rows][:, is_present]
            if kind == "absolute":
                distances[rows] = np.abs(present).mean(axis=1)
                continue
            covariance = self.covariance[np.ix_(is_present, is_present)]
            solved = np.linalg.solve(covariance, present.T).T
            squares = np.maximum((present * solved).mean(axis=1), 0)
            distances[rows] = np.sqrt(squares)
        return distances


def cross_validated_distances(errors, kind):
    """Compute the distance of each calibration row, with scales from other rows.

    Parameters
    ----------
    errors : ndarray of shape (n_rows, n_features)
        Errors as in :meth:`ErrorScaler.from_errors`, in time order.
    kind : {"mahalanobis", "absolute"}
        Distance as in :meth:`ErrorScaler.distances`.

    Returns
    -------
    distances : ndarray of shape (n_rows,)
        Distances of five consecutive folds. The scales of a fold come from the other
        four folds, or from all rows if a feature has fewer than two errors in the other
        folds.
    """
    distances = np.empty(len(errors))
    for rows in np.array_split(np.arange(len(errors)), N_FOLDS):
        others = np.delete(errors, rows, axis=0)
        if (~np.isnan(others)).sum(axis=0).min() < 2:
            others = errors
        scaler = ErrorScaler.from_errors(others)
        distances[rows] = scaler.distances(errors[rows], kind)
    return distances


def check_errors(errors, names):
    """Raise a ValueError unless each feature has two errors.

    Parameters
    ----------
    errors : ndarray of shape (n_rows, n_features)
        Errors of the calibration rows.
    names : ndarray of shape (n_features,)
        Names of the features, for the message.
    """
    n_errors = (~np.isnan(errors)).sum(axis=0)
    if n_errors.min() < 2:
        name = names.tolist()[n_errors.argmin()]
        raise ValueError(
            f"The last {len(errors)} rows of X calibrate the threshold. They hold "
            f"{n_errors.min()} values of {name!r}, but 2 are needed. Raise "
            "calibration_fraction, or drop the column."
        )
