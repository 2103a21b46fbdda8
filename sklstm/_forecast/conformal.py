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
        The quantile of each step's absolute errors, that of one error more than there
        are. Of fewer than 100 windows, those of all steps are taken together, in units
        of each step's root mean square, which is smoothed not to fall from step to
        step; those of one window, which are alike, then count as one.

    References
    ----------
    .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression", JASA
       113(523), 2018, 1094-1111.
    """
    return _quantile_by_step(np.abs(errors), coverage)


def margins(errors, levels):
    """Say how far quantiles must move to hold the share that they promise [1]_.

    Parameters
    ----------
    errors : ndarray of shape (n_windows, horizon, n_levels)
        Truths less quantiles that have not seen them.
    levels : sequence of float
        Levels of the quantiles, in (0, 1).

    Returns
    -------
    margins : ndarray of shape (horizon, n_levels)
        What to add to them: to those above the median what a share of `level` of the
        errors stays below, to those below it what a share of ``1 - level`` stays above,
        taken together as in :func:`widths`. The median stays.

    References
    ----------
    .. [1] Y. Romano, E. Patterson and E. J. Candes, "Conformalized Quantile
       Regression", NeurIPS 2019, theorem 2.
    """
    moves = []
    for level, of_level in zip(levels, np.moveaxis(errors, 2, 0), strict=True):
        side = np.sign(level - 0.5)
        outer = max(level, 1 - level)
        moves.append(side * _quantile_by_step(side * of_level, outer))
    return np.stack(moves, axis=-1)


def in_order(bands, forecasts, levels):
    """Keep quantiles from crossing each other and the forecast.

    Parameters
    ----------
    bands : ndarray of shape (n_series, n_steps, n_levels)
        Quantiles.
    forecasts : ndarray of shape (n_series, n_steps)
        What stands for the median.
    levels : sequence of float
        Levels of the quantiles.

    Returns
    -------
    bands : ndarray of shape (n_series, n_steps, n_levels)
        Not decreasing with the level.
    """
    levels, middle = np.asarray(levels), forecasts[:, :, None]
    lower, upper = np.minimum(bands, middle), np.maximum(bands, middle)
    bands = np.select([levels < 0.5, levels > 0.5], [lower, upper], middle)
    order = np.argsort(levels)
    bands[:, :, order] = np.sort(bands[:, :, order], axis=2)
    return bands


def _quantile_by_step(errors, level):
    """Quantile of each step's errors, of few windows in units of each step's size."""
    # One more error must stay below it by chance.
    share = min(1.0, (len(errors) + 1) * level / len(errors))
    if len(errors) >= ENOUGH_WINDOWS:
        return _quantile(errors, share)
    sizes = np.sqrt(isotonic_regression((errors**2).mean(axis=0)))
    in_units = errors / np.where(sizes > 0, sizes, 1)
    return sizes * _quantile(in_units.ravel(), share)


def _quantile(numbers, share):
    """Least number along the first axis that a share of all does not exceed."""
    rank = int(np.ceil(round(share * len(numbers), 6)))
    return np.sort(numbers, axis=0)[max(rank, 1) - 1]
