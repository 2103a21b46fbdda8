"""Series of several kinds in one array."""

import numpy as np


def mixture(random, n_series, makers, *args):
    """Draw each series from one of several makers, chosen at random by their shares.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series : int
        Number of series.
    makers : dict of callable to float
        Functions ``maker(random, n_series, *args)``, which return an array with one row
        per series, and their shares, which sum to 1.
    *args
        Passed to each maker.

    Returns
    -------
    series : ndarray of shape (n_series, ...)
        The series, in random order.
    """
    chosen = random.choice(len(makers), n_series, p=list(makers.values()))
    # One group at a time, so that a maker works on all of its series at once.
    groups = [np.flatnonzero(chosen == kind) for kind in range(len(makers))]
    made = [
        maker(random, len(rows), *args)
        for maker, rows in zip(makers, groups, strict=True)
    ]
    return np.concatenate(made)[np.argsort(np.concatenate(groups))]


def log_uniform(random, low, high, size):
    """Draw numbers whose logarithms are uniform between those of `low` and `high`."""
    return np.exp(random.uniform(np.log(low), np.log(high), size))


def some(random, share, n_series):
    """Choose each series with a probability, as booleans of shape (n_series, 1)."""
    return random.random((n_series, 1)) < share


def standardized(series):
    """Divide each series by its standard deviation."""
    return series / (series.std(axis=-1, keepdims=True) + 1e-6)
