"""Random paths of a forecast, with the dependence between its steps."""

from statistics import NormalDist

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

# Without errors of a fit, the correlation of the errors of steps h < k is this number
# times sqrt(h / k), the correlation of a random walk. Mixtures of pretrained networks
# have such errors on made-up series, for all lengths of the season.
SHARE_OF_WALK = 0.55
# Number of independent windows that count as much as this correlation.
N_PRIOR = 20
# Standard scores of the quantiles between which paths are interpolated.
SCORES = np.linspace(-2.4, 2.4, 25)


def score_levels():
    """Return the levels of the quantiles that paths are drawn from, as a list."""
    return [NormalDist().cdf(score) for score in SCORES]


def step_correlation(errors, horizon):
    """Estimate the rank correlation of the errors of different steps.

    Parameters
    ----------
    errors : ndarray of shape (n_windows, horizon) or None
        Errors of forecasts on validation windows, NaN where unknown.
    horizon : int
        Number of steps.

    Returns
    -------
    correlation : ndarray of shape (horizon, horizon)
        Correlation of the normal scores of the errors, moved towards the correlation
        that most series have. It is moved less the more windows there are.
    """
    steps = np.arange(1, horizon + 1)
    ratios = np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps)
    prior = SHARE_OF_WALK * np.sqrt(ratios)
    np.fill_diagonal(prior, 1)
    if errors is None or len(errors) < 2:
        return prior
    n_known = (~np.isnan(errors)).sum(axis=0)
    ranks = rankdata(errors, axis=0, nan_policy="omit")
    scores = np.nan_to_num(ndtri(ranks / (n_known + 1)))
    sizes = np.sqrt((scores**2).mean(axis=0))
    scores = scores / np.where(sizes > 0, sizes, 1)
    # Windows overlap, so only one in a horizon is independent of the others.
    share = len(errors) / (len(errors) + N_PRIOR * horizon)
    correlation = share * scores.T @ scores / len(scores) + (1 - share) * prior
    np.fill_diagonal(correlation, 1)
    return correlation


def draw_paths(quantiles, scores, correlation, n_paths, random):
    """Draw paths whose values at each step have given quantiles.

    The normal scores of the steps of a path are drawn from a normal distribution with
    the given correlation, which is a Gaussian copula [1]_. Series are independent.

    Parameters
    ----------
    quantiles : ndarray of shape (n_series, n_steps, n_levels)
        Quantiles of each step.
    scores : ndarray of shape (n_levels,)
        Standard scores of their levels, increasing. Scores beyond them are replaced by
        the nearest.
    correlation : ndarray of shape (n_steps, n_steps)
        Correlation of the steps.
    n_paths : int
        Number of paths.
    random : RandomState instance
        Source of the random numbers.

    Returns
    -------
    paths : ndarray of shape (n_series, n_steps, n_paths)
        The paths.

    References
    ----------
    .. [1] P. Pinson et al., "From probabilistic forecasts to statistical scenarios of
       short-term wind power production", Wind Energy 12(1), 2009, 51-62.
    """
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    paths = np.empty((*quantiles.shape[:2], n_paths))
    for of_one, path in zip(quantiles, paths, strict=True):
        drawn = root @ random.normal(size=(len(root), n_paths))
        for of_step, numbers, result in zip(of_one, drawn, path, strict=True):
            result[:] = np.interp(numbers, scores, of_step)
    return paths
