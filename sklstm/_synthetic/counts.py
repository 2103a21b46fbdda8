"""Counts: whole numbers, often 0."""

import numpy as np

from sklstm._synthetic.mixture import log_uniform, some

LARGEST = 500


def as_counts(random, series):
    """Draw counts whose expected values follow the given series.

    Half of them are Poisson counts. The others vary more, as if orders came in groups.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    series : ndarray of shape (n_series, n_timesteps)
        Series of any scale. Negative values mean that nothing happens.

    Returns
    -------
    counts : ndarray of shape (n_series, n_timesteps)
        Whole numbers as floats. The means of the series range from 0.2 to 30.
    """
    scale = np.abs(series).mean(axis=1, keepdims=True) + 1e-9
    means = log_uniform(random, 0.2, 30, (len(series), 1))
    expected = np.clip(series / scale * means, 0, LARGEST)
    # A gamma factor of mean 1 turns Poisson counts into negative binomial ones.
    rows = np.flatnonzero(some(random, 0.5, len(series)))
    shape = log_uniform(random, 0.2, 10, (len(rows), 1))
    expected[rows] *= random.gamma(shape, size=expected[rows].shape) / shape
    return random.poisson(expected).astype(float)
