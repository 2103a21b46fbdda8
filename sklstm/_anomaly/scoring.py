"""Compute one distance per row from the errors of all rows, series by series."""

from typing import Any, NamedTuple

import numpy as np

from sklstm._anomaly.averages import NO_AVERAGE, RunningAverage, smooth
from sklstm._anomaly.errors import ErrorScaler, cross_validated_distances
from sklstm._anomaly.ranges import PastExtremes, distances_from_range, extremes
from sklstm._anomaly.settings import DetectorSettings
from sklstm._anomaly.threshold import outlier_threshold

# Smallest threshold of distances from a range. It is slightly above 1, the edge of the
# range, because the outputs of a network for equal windows may differ by rounding
# errors.
EDGE = 1.001


class SeriesState(NamedTuple):
    """State of a series that the distances of its next rows depend on.

    Attributes
    ----------
    extremes : PastExtremes
        Errors and values of the rows before.
    average : RunningAverage
        Average of the distances of the rows before.
    """

    extremes: PastExtremes
    average: RunningAverage = NO_AVERAGE


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

    @property
    def has_memory(self):
        """Whether the distance of a row depends on rows before its window."""
        has_average = self.settings.halflife is not None
        return has_average or self.settings.distance == "range"

    def first_states(self, keys):
        """Return the states of series that begin anew, as a dict by key."""
        bounds = {key: self.bounds.get(key, self.bounds_of_all) for key in keys}
        return {
            key: SeriesState(PastExtremes.from_bounds(each))
            for key, each in bounds.items()
        }

    def states_after_fit(self, errors, table):
        """Return the states after the training rows, as a dict by key.

        The averages are those of the calibration rows. The errors and the table are as
        in :meth:`from_errors`.
        """
        states = self.first_states(table.rows)
        _, after = self.distances(errors, table, states)
        return {
            key: state._replace(average=after[key].average)
            for key, state in states.items()
        }

    def distances(self, errors, table, states):
        """Compute the distance of each row.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Values minus expected values.
        table : Table
            The rows.
        states : dict of key to SeriesState
            State of each series before its first row.

        Returns
        -------
        distances : ndarray of shape (n_rows,)
            Distances, NaN for rows that are not scored.
        states : dict of key to SeriesState
            State of each series after its last row.
        """
        if self.settings.distance == "range":
            distances, states = self._distances_from_past(errors, table, states)
        else:
            distances = self.error_scaler.distances(errors, self.settings.distance)
        return self._smooth(distances, table.rows, states)

    def threshold(self, errors, table, calibration_rows, contamination):
        """Compute the distance beyond which a row is an outlier.

        The errors, the table and the rows are as in :meth:`from_errors`, and
        `contamination` is as in :func:`outlier_threshold`.
        """
        has_range = self.settings.distance == "range"
        if has_range:
            distances = self._distances_from_bounds(errors, table)
        else:
            distances = np.full(len(errors), np.nan)
            distances[calibration_rows] = cross_validated_distances(
                errors[calibration_rows], self.settings.distance
            )
        states = self.first_states(table.rows)
        distances = self._smooth(distances, table.rows, states)[0]
        distances = distances[calibration_rows]
        distances = distances[~np.isnan(distances)]
        threshold = outlier_threshold(distances, contamination)
        is_auto = contamination == "auto"
        return max(threshold, EDGE) if has_range and is_auto else threshold

    def _distances_from_bounds(self, errors, table):
        """Compute distances from the range of all training rows of a series."""
        columns = np.hstack([errors, table.values])
        distances = np.empty(len(columns))
        for key, rows in table.rows.items():
            distances[rows] = distances_from_range(columns[rows], self.bounds[key])
        return _only_scored(distances, errors)

    def _distances_from_past(self, errors, table, states):
        """Compute distances from the range of the rows before; update the extremes."""
        columns = np.hstack([errors, table.values])
        range_window = self.settings.range_window
        distances, after = np.empty(len(columns)), {}
        for key, rows in table.rows.items():
            of_series, past = columns[rows], states[key].extremes
            bounds = past.ranges(of_series, range_window)
            distances[rows] = distances_from_range(of_series, bounds)
            past = past.append(of_series, range_window)
            after[key] = states[key]._replace(extremes=past)
        return _only_scored(distances, errors), after

    def _smooth(self, distances, rows_of_series, states):
        """Average the distances of each series over time; update the averages."""
        halflife = self.settings.halflife
        if halflife is None:
            return distances, states
        averages, after = distances.copy(), {}
        for key, rows in rows_of_series.items():
            averages[rows], last = smooth(
                distances[rows], halflife, states[key].average
            )
            after[key] = states[key]._replace(average=last)
        return averages, after


def _only_scored(distances, errors):
    """Replace the distances of rows without an error by NaN."""
    return np.where(np.isnan(errors).all(axis=1), np.nan, distances)
