"""Weighted averages of the distances of a series over time."""

from math import isnan
from typing import NamedTuple

import numpy as np

from sklstm._input.plain import saved_as


@saved_as("running_average")
class RunningAverage(NamedTuple):
    """Average of the distances of all rows so far, and the sum of their weights."""

    average: float = 0.0
    weight: float = 0.0


# Average before the first row of a series.
NO_AVERAGE = RunningAverage()


def smooth(distances, halflife, past=NO_AVERAGE):
    """Compute the exponentially weighted average of the distances up to each row [1]_.

    Parameters
    ----------
    distances : ndarray of shape (n_rows,)
        Distances of one series in time order, NaN for rows that are not scored.
    halflife : float
        Number of rows after which the weight of a distance is halved.
    past : RunningAverage, default=NO_AVERAGE
        Average of the rows before.

    Returns
    -------
    averages : ndarray of shape (n_rows,)
        Averages, NaN where the distance is NaN.
    last : RunningAverage
        Average of all rows, to continue with.

    References
    ----------
    .. [1] K. Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and
       Nonparametric Dynamic Thresholding", KDD 2018, 387-395.
    """
    decay = 0.5 ** (1 / halflife)
    average, weight = past
    averages = np.full(len(distances), np.nan)
    # Row by row, so that the averages are the same if the rows come in parts.
    for row, distance in enumerate(distances.tolist()):
        weight *= decay
        if isnan(distance):
            continue
        if distance != average:  # an average of equal distances has no rounding error
            average = (weight * average + distance) / (weight + 1)
        weight += 1
        averages[row] = average
    return averages, RunningAverage(average, weight)
