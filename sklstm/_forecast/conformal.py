"""Conformal intervals: errors on held-out windows give the width of the interval."""

from typing import NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

from sklstm._forecast.residual_model import TRUST
from sklstm._forecast.training_windows import early_and_held

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


class Calibration(NamedTuple):
    """How far to trust corrections, and what errors stay.

    Errors are in units of how much each series moves.
    """

    trust: float = 1.0
    errors: np.ndarray | None = None  # of forecasts, (n_windows, horizon)
    # How far to move quantiles that regressors have learnt, (horizon, n_levels).
    margins: np.ndarray | float = 0.0

    @classmethod
    def of_held(cls, correctors, held, moves):
        """Learn from lessons that regressors have not seen.

        Parameters
        ----------
        correctors : Correctors
            Regressors that have learnt from earlier lessons.
        held : Lessons
            Those held back.
        moves : ndarray of shape (n_windows,)
            How much the series of each moves, not 0.

        Returns
        -------
        calibration : Calibration
            With the trust that leaves the least absolute error.
        """
        errors = [held.targets - forecast for forecast in correctors.by_trust(held)]
        best = int(np.argmin([np.abs(error).mean() for error in errors]))
        calibration = cls(float(TRUST[best]), errors[best] / moves[:, None])
        if not correctors.levels:
            return calibration
        of_quantiles = held.targets[:, :, None] - correctors.quantiles(held)
        shares = of_quantiles / moves[:, None, None]
        return calibration._replace(margins=margins(shares, correctors.levels))

    def distances(self, levels):
        """Say how far quantiles lie from forecasts, (horizon, n_levels)."""
        if self.errors is None:
            raise ValueError(
                "Without held windows there are no intervals. Fit anew with a "
                "calibration_fraction, such as 0.2; or with a regressor that learns "
                'quantiles, as LSTMRegressor(loss="quantile") does.'
            )
        distances = [
            np.sign(level - 0.5) * widths(self.errors, abs(2 * level - 1))
            for level in levels
        ]
        return np.stack(distances, axis=-1)


def hold_back(ends, horizon, held_fraction):
    """Split the lessons of many series in time.

    Parameters
    ----------
    ends : list of ndarray of int
        Positions of the first targets of each series' lessons.
    horizon : int
        Steps of the targets.
    held_fraction : float
        Share of the lessons of each series to hold back.

    Returns
    -------
    is_early, is_held : ndarray of bool of shape (n_windows,)
        Of the lessons of all series, one after the other.
    numbers : ndarray of int
        Which series each lesson that is held back belongs to.
    """
    splits = [early_and_held(of_one, horizon, held_fraction) for of_one in ends]
    is_early, is_held = (np.concatenate(rows) for rows in zip(*splits, strict=True))
    numbers = np.repeat(np.arange(len(ends)), [rows.sum() for _, rows in splits])
    return is_early, is_held, numbers
