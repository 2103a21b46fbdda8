"""Limits of normal distances, which follow the distances of the rows before."""

import warnings
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from sklstm._anomaly.averages import RunningAverage, smooth
from sklstm._anomaly.threshold import MAX_TAIL_RATIO, TAIL, outlier_threshold
from sklstm._input.plain import saved_as

# A limit follows this number of rows ...
PAST_ROWS = 1000
# ... but not the last rows before a row, so that it does not follow a fault.
RECENT_ROWS = 200
# Peaks are normal if `fit` has this number of separate ones per series.
N_NORMAL_PEAKS = 5
# With normal peaks, a distance and an average are too large beyond these multiples of
# the largest ones before.
PEAK_RATIO = 1.5
AVERAGE_RATIO = 1.2
# There is a warning if normal peaks raise the threshold by more than this factor.
BLIND_RATIO = 10.0
# Smallest threshold, for errors that were all zero.
SMALLEST = 1e-6
# Half-life of the averages. They are used if `fit` has this number of half-lives.
HALFLIFE = 50
MIN_HALFLIVES = 20
# Without normal peaks, the limit grows with this quantile of the distances before ...
LEVEL = 0.75
# ... if this number of them is known.
MIN_PAST_ROWS = 100


@saved_as("past_distances")
class Past(NamedTuple):
    """Distances of the rows before, as far as the limits of later rows need them.

    Attributes
    ----------
    distances : ndarray of shape (n_kept,)
        Distances of the last rows, NaN for rows that are not scored or not known.
    averages : ndarray of shape (n_kept,)
        Averages of the distances up to each of these rows, NaN if they are not used.
    average : RunningAverage
        The last average, to continue with.
    """

    distances: np.ndarray
    averages: np.ndarray
    average: RunningAverage

    def append(self, distances, averages, average) -> Self:
        """Return the past after more rows."""
        n_kept = len(self.distances)
        return type(self)(
            np.concatenate([self.distances, distances])[-n_kept:],
            np.concatenate([self.averages, averages])[-n_kept:],
            average,
        )


@saved_as("limits")
class Limits(NamedTuple):
    """Largest normal distances.

    Attributes
    ----------
    threshold : float
        Distance beyond which a row of `fit` would have been an outlier.
    level : float
        A quantile of the distances of the calibration rows.
    has_peaks : bool
        Whether the training rows have separate peaks. The limit is then a multiple of
        the largest distance before.
    average : float
        The limit of averages of distances. It is infinite if they are not used.
    typical : float
        Median of the distances, at which averages start.
    """

    threshold: float
    level: float
    has_peaks: bool
    average: float
    typical: float

    @classmethod
    def from_distances(
        cls, distances_of_series, calibration_distances, threshold, settings
    ):
        """Compute the limits from the distances of the training rows.

        Parameters
        ----------
        distances_of_series : list of ndarray of shape (n_rows_of_series,)
            Distances of the training rows of each series, NaN for rows that are not
            scored.
        calibration_distances : ndarray
            Distances of the rows that the estimator was not trained on.
        threshold : float
            Distance beyond which one calibration row in 1000 lies.
        settings : DetectorSettings
            Parameters of the detector.
        """
        scored = [each[~np.isnan(each)] for each in distances_of_series]
        distances = np.concatenate(scored)
        beyond = MAX_TAIL_RATIO * np.quantile(distances, TAIL)
        n_peaks = count_separate(np.flatnonzero(distances > beyond), settings)
        largest = distances.max()
        has_peaks = bool(largest == 0 or n_peaks >= N_NORMAL_PEAKS * len(scored))
        # The calibration rows may be few. The other rows of `fit` can only raise the
        # threshold, as an estimator has smaller errors on rows it was trained on.
        threshold = max(threshold, outlier_threshold(distances, "auto"), SMALLEST)
        of_peaks = max(PEAK_RATIO * largest, SMALLEST)
        if has_peaks and of_peaks > BLIND_RATIO * threshold:
            share = (distances > threshold).mean()
            _warn_of_peaks(n_peaks, of_peaks, threshold, share)
        limits = cls(
            of_peaks if has_peaks else threshold,
            np.quantile(calibration_distances, LEVEL, method="higher"),
            has_peaks,
            np.inf,
            np.median(distances),
        )
        is_averaged = has_peaks and largest > 0 and settings.halflife == "auto"
        if not is_averaged or len(distances) < MIN_HALFLIVES * HALFLIFE:
            return limits
        start = limits.first_past().average
        largest = max(
            smooth(each, HALFLIFE, start)[0].max() for each in scored if len(each)
        )
        return limits._replace(average=AVERAGE_RATIO * largest)

    @property
    def is_averaged(self):
        """Whether rows are also scored by averages of distances."""
        return np.isfinite(self.average)

    @property
    def min_event(self):
        """Smallest peak of an event, in units of the threshold."""
        # Beyond normal peaks, the threshold is already a multiple of what is normal.
        return 1.0 if self.has_peaks else AVERAGE_RATIO

    def first_past(self):
        """Return the past before the first row of an unknown series."""
        weight = 1 / (1 - 0.5 ** (1 / HALFLIFE))
        unknown = np.full(PAST_ROWS + RECENT_ROWS - 1, np.nan)
        return Past(unknown, unknown, RunningAverage(self.typical, weight))

    def scores(self, distances, past):
        """Compute the distances relative to limits that follow the rows before.

        Parameters
        ----------
        distances : ndarray of shape (n_rows,)
            Distances of one series in time order, NaN for rows that are not scored.
        past : Past
            Distances of the rows before.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
            Distances, in units that make `threshold` the limit of each row.
        past : Past
            Distances after the last row.
        """
        averages, average = distances[:0], past.average
        if self.is_averaged:
            averages, average = smooth(distances, HALFLIFE, past.average)
        limits = self._limits(distances, past)
        scores = distances * (self.threshold / limits)
        if self.is_averaged:
            largest = _of_rows_before(averages, past.averages)
            limits = np.maximum(self.average, AVERAGE_RATIO * largest)
            scores = np.maximum(scores, averages * (self.threshold / limits))
        return scores, past.append(distances, averages, average)

    def _limits(self, distances, past):
        """Compute the limit of the distance of each row."""
        largest = _of_rows_before(distances, past.distances)
        of_peaks = np.maximum(self.threshold, PEAK_RATIO * largest)
        if self.has_peaks:
            return of_peaks
        level, tail = (
            _of_rows_before(distances, past.distances, quantile)
            for quantile in (LEVEL, TAIL)
        )
        growth = level / self.level if self.level > 0 else np.ones(len(level))
        limits = self.threshold * np.maximum(growth, 1)
        # If a tenth of the rows before are outliers, peaks are normal by now.
        return np.where(tail > self.threshold, np.maximum(limits, of_peaks), limits)


def _warn_of_peaks(n_peaks, limit, threshold, share):
    """Warn that normal peaks raise the threshold so much that faults are missed.

    Parameters
    ----------
    n_peaks : int
        Number of separate peaks.
    limit, threshold : float
        The thresholds with and without normal peaks.
    share : float
        Fraction of the rows beyond the threshold without normal peaks.
    """
    digit = 10.0 ** np.floor(np.log10(share))
    contamination = min(np.ceil(share / digit) * digit, 0.5)
    warnings.warn(
        f"The errors of the training rows have {n_peaks} separate peaks, which are "
        f"taken for normal. Only errors beyond {limit:.3g} standard deviations are "
        f"outliers, and without peaks, it would be {threshold:.3g}. If the peaks have "
        "a known cause, such as a machine that is switched on, add a column that tells "
        "of it one row before, such as the next command. To find smaller faults and "
        f"flag the peaks, too, pass contamination={contamination:.1g}.",
        UserWarning,
        stacklevel=2,
    )


def count_separate(rows, settings):
    """Count the rows that are more than a window after the last one counted.

    Parameters
    ----------
    rows : ndarray of int
        Rows in time order.
    settings : DetectorSettings
        Parameters of the detector.
    """
    n_separate, last = 0, -np.inf
    for row in rows.tolist():
        if row - last > settings.window_size:
            n_separate, last = n_separate + 1, row
    return n_separate


def _of_rows_before(values, before, quantile=None):
    """Compute a quantile or the maximum of the rows that the limit of a row follows.

    Returns
    -------
    statistics : ndarray of shape (n_rows,)
        The values of the quantile are values of `before` and `values`, so that they do
        not depend on how the rows are split. They are 0 if too few rows are known.
    """
    before_each = pd.Series(np.concatenate([before, values]))
    before_each = before_each.shift(RECENT_ROWS)
    if quantile is None:
        result = before_each.rolling(PAST_ROWS, min_periods=1).max()
    else:
        result = before_each.rolling(PAST_ROWS, min_periods=MIN_PAST_ROWS)
        result = result.quantile(quantile, interpolation="higher")
    return np.nan_to_num(result.to_numpy()[len(before) :])
