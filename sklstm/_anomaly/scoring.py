"""Compute one distance per row from the errors of all rows, series by series."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sklstm._anomaly.errors import ErrorScaler, cross_validated_distances
from sklstm._anomaly.ranges import (
    distances_from_past_range,
    distances_from_range,
    extremes,
)
from sklstm._anomaly.settings import DetectorSettings
from sklstm._anomaly.threshold import outlier_threshold

# Smallest threshold of distances from a range. It is slightly above 1, the edge of the
# range, because the outputs of a network for equal windows may differ by rounding
# errors.
EDGE = 1.001


class Scorer(NamedTuple):
    """Scale of the errors of the calibration rows, from which distances are computed.

    Attributes
    ----------
    settings : DetectorSettings
        Parameters of the detector.
    error_scaler : ErrorScaler
        Scale of the errors.
    bounds : dict of key to ndarray of shape (2, 2 * n_features)
        Minimum and maximum of the errors and the values of each training series.
    bounds_of_all : ndarray of shape (2, 2 * n_features)
        Minimum and maximum over all training series, for series that were not in `fit`.
    """

    settings: DetectorSettings
    error_scaler: ErrorScaler
    bounds: dict[Any, np.ndarray]
    bounds_of_all: np.ndarray

    @classmethod
    def from_errors(cls, errors, table, calibration_rows, settings):
        """Compute the scale of the errors of the calibration rows.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Values minus expected values of the training rows, NaN for all but the
            calibration rows.
        table : Table
            The training rows.
        calibration_rows : ndarray of int
            Positions of the calibration rows.
        settings : DetectorSettings
            Parameters of the detector.
        """
        columns = np.hstack([errors, table.values])
        return cls(
            settings,
            ErrorScaler.from_errors(errors[calibration_rows]),
            {key: extremes(columns[rows]) for key, rows in table.rows.items()},
            extremes(columns),
        )

    def distances(self, errors, table):
        """Compute the distance of each row, (n_rows,); NaN if it is not scored."""
        if self.settings.distance == "range":
            range_window = self.settings.range_window
            measure = partial(distances_from_past_range, range_window=range_window)
            distances = self._distances_from_range(errors, table, measure)
        else:
            distances = self.error_scaler.distances(errors, self.settings.distance)
        return smooth_series(distances, table.rows, self.settings.halflife)

    def threshold(self, errors, table, calibration_rows, contamination):
        """Compute the distance beyond which a row is an outlier.

        The errors, the table and the rows are as in :meth:`from_errors`, and
        `contamination` is as in :func:`outlier_threshold`.
        """
        has_range = self.settings.distance == "range"
        if has_range:
            distances = self._distances_from_range(errors, table, distances_from_range)
        else:
            distances = np.full(len(errors), np.nan)
            distances[calibration_rows] = cross_validated_distances(
                errors[calibration_rows], self.settings.distance
            )
        distances = smooth_series(distances, table.rows, self.settings.halflife)
        distances = distances[calibration_rows]
        distances = distances[~np.isnan(distances)]
        threshold = outlier_threshold(distances, contamination)
        is_auto = contamination == "auto"
        return max(threshold, EDGE) if has_range and is_auto else threshold

    def _distances_from_range(self, errors, table, measure):
        """Compute distances of errors and values from the range of their series."""
        columns = np.hstack([errors, table.values])
        distances = np.empty(len(columns))
        for key, rows in table.rows.items():
            bounds = self.bounds.get(key, self.bounds_of_all)
            distances[rows] = measure(columns[rows], bounds)
        # A row whose errors are all NaN is not scored, even with values out of range.
        distances[np.isnan(errors).all(axis=1)] = np.nan
        return distances


def smooth_series(distances, rows_of_series, halflife):
    """Average the distances of each series over time, unless `halflife` is None."""
    if halflife is None:
        return distances
    averages = distances.copy()
    for rows in rows_of_series.values():
        averages[rows] = smooth(distances[rows], halflife)
    return averages


def smooth(distances, halflife):
    """Compute the exponentially weighted average of the distances up to each row [1]_.

    Parameters
    ----------
    distances : ndarray of shape (n_rows,)
        Distances of one series in time order, NaN for rows that are not scored.
    halflife : float
        Number of rows after which the weight of a distance is halved.

    Returns
    -------
    averages : ndarray of shape (n_rows,)
        Averages, NaN where the distance is NaN.

    References
    ----------
    .. [1] K. Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and
       Nonparametric Dynamic Thresholding", KDD 2018, 387-395.
    """
    averages = pd.Series(distances).ewm(halflife=halflife).mean().to_numpy()
    return np.where(np.isnan(distances), np.nan, averages)
