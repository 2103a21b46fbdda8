"""Bands around forecasts, as wide as errors were."""

import numpy as np
from sklearn.isotonic import isotonic_regression

# From so many windows on, each step has errors enough of its own.
ENOUGH_WINDOWS = 100


def widths(errors, coverage):
    """Say how far truths may lie from forecasts, step by step [1]_.

    Parameters
    ----------
    errors : ndarray of shape (n_windows, horizon)
        Errors of forecasts that have not seen their truths.
    coverage : float
        Share of truths that shall lie within, in (0, 1).

    Returns
    -------
    widths : ndarray of shape (horizon,)
        The quantile of each step's absolute errors. Of fewer than 100 windows, those of
        all steps are taken together, in units of each step's root mean square, which is
        smoothed not to fall from step to step.

    References
    ----------
    .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression", JASA
       113(523), 2018, 1094-1111.
    """
    errors = np.abs(errors)
    if len(errors) >= ENOUGH_WINDOWS:
        return _conformal_quantile(errors, coverage)
    sizes = np.sqrt(isotonic_regression((errors**2).mean(axis=0)))
    shares = errors / np.where(sizes > 0, sizes, 1)
    return sizes * _conformal_quantile(shares.ravel(), coverage)


def _conformal_quantile(numbers, coverage):
    """Quantile along the first axis that one more number stays below by chance."""
    rank = int(np.ceil((len(numbers) + 1) * coverage))
    return np.sort(numbers, axis=0)[min(max(rank, 1), len(numbers)) - 1]
