"""Compute one distance per row from the errors of all rows, series by series."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from sklstm._anomaly.averages import NO_AVERAGE, RunningAverage, smooth
from sklstm._anomaly.errors import ErrorScaler, cross_validated_distances
from sklstm._anomaly.limits import HALFLIFE, Limits, Past
from sklstm._anomaly.ranges import PastExtremes, distances_from_range, extremes
from sklstm._anomaly.settings import DetectorSettings
from sklstm._anomaly.stuck import LastRun, max_runs, run_lengths
from sklstm._anomaly.threshold import outlier_threshold
from sklstm._input.plain import saved_as

# Smallest threshold of distances from a range. It is slightly above 1, the edge of the
# range, because the outputs of a network for equal windows may differ by rounding
# errors.
EDGE = 1.001


@saved_as("series_state")
class SeriesState(NamedTuple):
    """State of a series that the distances of its next rows depend on.

    Attributes
    ----------
    extremes : PastExtremes
        Errors and values of the rows before.
    last_run : LastRun
        Last value of each column.
    average : RunningAverage
        Average of the distances of the rows before.
    past : Past or None
        Distances of the rows before, which the threshold follows.
    """

    extremes: PastExtremes
    last_run: LastRun
    average: RunningAverage = NO_AVERAGE
    past: Past | None = None


@saved_as("scorer")
class Scorer(NamedTuple):
    """What was normal in the rows of `fit`, from which distances are computed.

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
    max_runs : ndarray of shape (n_features,)
        Number of rows beyond which a value that does not change is stuck.
    threshold : float
        Distance beyond which a row is an outlier.
    limits : Limits or None
        Limits of distances that follow the rows before, if they do.
    pasts : dict of key to Past
        Distances of the last training rows of each series.
    """

    settings: DetectorSettings
    error_scaler: ErrorScaler
    bounds: dict[Any, np.ndarray]
    bounds_of_all: np.ndarray
    max_runs: np.ndarray
    threshold: float = np.inf
    limits: Limits | None = None
    pasts: dict[Any, Past] = {}

    @classmethod
    def from_errors(cls, errors, table, calibration_rows, settings):
        """Measure what is normal in the training rows.

        Parameters
        ----------
        errors : ndarray of shape (n_rows, n_features)
            Values minus expected values of the training rows, NaN for rows without an
            expected value. The calibration rows have one.
        table : Table
            The training rows.
        calibration_rows : ndarray of int
            Positions of the calibration rows.
        settings : DetectorSettings
            Parameters of the detector.

        Returns
        -------
        scorer : Scorer
            Scorer with its threshold.
        """
        of_calibration = np.full(errors.shape, np.nan)
        of_calibration[calibration_rows] = errors[calibration_rows]
        columns = np.hstack([of_calibration, table.values])
        scorer = cls(
            settings,
            ErrorScaler.from_errors(errors[calibration_rows]),
            {key: extremes(columns[rows]) for key, rows in table.rows.items()},
            extremes(columns),
            max_runs([table.values[rows] for rows in table.rows.values()]),
        )
        threshold = scorer._threshold(of_calibration, table, calibration_rows)
        scorer = scorer._replace(threshold=threshold)
        if not settings.is_followed:
            return scorer
        return scorer._with_limits(errors, table, calibration_rows)

    @property
    def halflife(self):
        """Half-life of the averages that rows are scored by, 0 without averages."""
        is_averaged = self.limits is not None and self.limits.is_averaged
        return HALFLIFE if is_averaged else self.settings.smoothing or 0

    @property
    def min_event(self):
        """Smallest peak of an event, in units of the threshold."""
        return 1.0 if self.limits is None else self.limits.min_event

    def first_states(self, keys):
        """Return the states of series that begin anew, as a dict by key."""
        last_run = LastRun.unknown(len(self.max_runs))
        states = {}
        for key in keys:
            bounds = PastExtremes.from_bounds(self.bounds.get(key, self.bounds_of_all))
            states[key] = SeriesState(bounds, last_run, past=self._first_past(key))
        return states

    def states_after_fit(self, errors, table):
        """Return the states after the training rows, as a dict by key.

        The averages with `halflife` are those of the calibration rows. The errors and
        the table are as in :meth:`from_errors`.
        """
        states = self.first_states(table.rows)
        _, after = self.distances(errors, table, states)
        return {
            key: after[key]._replace(extremes=state.extremes)
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
            Distances, NaN for rows that are not scored. Distances to limits that follow
            the rows before are in units that make the threshold the limit of each row.
        states : dict of key to SeriesState
            State of each series after its last row.
        """
        if self.settings.distance == "range":
            distances, states = self._distances_from_past(errors, table, states)
        else:
            distances = self.error_scaler.distances(errors, self.settings.distance)
        distances, states = self._smooth(distances, table.rows, states)
        if self.settings.distance == "range":
            return distances, states
        distances, states = self._follow(distances, table.rows, states)
        ratios, states = self.run_ratios(table, states)
        ratios = ratios.max(axis=1)
        is_stuck = (ratios > 1) & ~np.isnan(distances)
        raised = np.maximum(distances, self.threshold * ratios)
        return np.where(is_stuck, raised, distances), states

    def run_ratios(self, table, states):
        """Compute how long each value has not changed, relative to the longest time.

        The table and the states are as in :meth:`distances`.

        Returns
        -------
        ratios : ndarray of shape (n_rows, n_features)
            A value is stuck if its ratio is above 1.
        states : dict of key to SeriesState
            State of each series after its last row.
        """
        ratios, after = np.zeros(table.values.shape), {}
        if self.settings.distance == "range":
            return ratios, states
        for key, rows in table.rows.items():
            lengths, last = run_lengths(table.values[rows], states[key].last_run)
            ratios[rows] = lengths / self.max_runs
            after[key] = states[key]._replace(last_run=last)
        return ratios, after

    def _threshold(self, errors, table, calibration_rows):
        """Compute the distance beyond which a calibration row is an outlier."""
        contamination = self.settings.contamination
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
        if not is_auto and contamination * len(distances) < 1:
            _warn_of_few_rows(contamination, len(distances))
        return max(threshold, EDGE) if has_range and is_auto else threshold

    def _with_limits(self, errors, table, calibration_rows):
        """Return a scorer with limits that follow the rows before."""
        distances = self.error_scaler.distances(errors, self.settings.distance)
        states = self.first_states(table.rows)
        distances, _ = self._smooth(distances, table.rows, states)
        of_calibration = distances[calibration_rows]
        limits = Limits.from_distances(
            [distances[rows] for rows in table.rows.values()],
            of_calibration[~np.isnan(of_calibration)],
            self.threshold,
            self.settings,
        )
        pasts = {
            key: limits.scores(distances[rows], limits.first_past())[1]
            for key, rows in table.rows.items()
        }
        return self._replace(threshold=limits.threshold, limits=limits, pasts=pasts)

    def _first_past(self, key):
        """Return the past of a series that begins anew."""
        if self.limits is None:
            return None
        first = self.limits.first_past()
        return self.pasts.get(key, first)._replace(average=first.average)

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
        halflife = self.settings.smoothing
        if halflife is None:
            return distances, states
        averages, after = distances.copy(), {}
        for key, rows in rows_of_series.items():
            averages[rows], last = smooth(
                distances[rows], halflife, states[key].average
            )
            after[key] = states[key]._replace(average=last)
        return averages, after

    def _follow(self, distances, rows_of_series, states):
        """Compare the distances with limits that follow the rows before."""
        if self.limits is None:
            return distances, states
        scores, after = distances.copy(), {}
        for key, rows in rows_of_series.items():
            scores[rows], past = self.limits.scores(distances[rows], states[key].past)
            after[key] = states[key]._replace(past=past)
        return scores, after


def _only_scored(distances, errors):
    """Replace the distances of rows without an error by NaN."""
    return np.where(np.isnan(errors).all(axis=1), np.nan, distances)


def _warn_of_few_rows(contamination, n_rows):
    """Warn that a rate cannot be measured on so few rows."""
    warnings.warn(
        f"contamination={contamination} of the {n_rows} rows that the threshold is "
        "measured on is less than one row, so the threshold is about their largest "
        f"distance. Pass contamination={2 / n_rows:.1g} or more, or fit on more rows.",
        UserWarning,
        stacklevel=2,
    )
