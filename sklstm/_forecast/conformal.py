"""Conformal intervals: errors on validation windows give the width of the interval."""

from operator import attrgetter
from typing import NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

from sklstm._input.plain import saved_as

# Candidates for the correction weight.
CORRECTION_WEIGHTS = np.arange(11) / 10
# From this number of windows on, the errors of different steps are not pooled.
ENOUGH_WINDOWS = 100


@saved_as("calibration")
class Calibration(NamedTuple):
    """Correction weight and errors on validation windows.

    The errors are divided by the MASE scale of their series.
    """

    correction_weight: float = 1.0
    # Errors of forecasts, (n_windows, horizon), NaN if the actual value is missing.
    errors: np.ndarray | None = None
    # Numbers to add to predicted quantiles, (horizon, n_quantiles).
    margins: np.ndarray | float = 0.0

    def offsets(self, levels):
        """Return the distance of quantiles from the forecasts, (horizon, n_levels)."""
        if self.errors is None:
            raise ValueError(
                "Intervals need validation windows. Fit with a calibration_fraction, "
                "such as 0.2, or with a regressor that predicts quantiles, such as "
                'LSTMRegressor(loss="quantile").'
            )
        offsets = [
            np.sign(level - 0.5) * half_widths(self.errors, abs(2 * level - 1))
            for level in levels
        ]
        return np.stack(offsets, axis=-1)


def calibrate(models, validation, scales):
    """Choose the correction weight and compute errors on validation windows.

    Parameters
    ----------
    models : ResidualModels
        Models fitted on earlier windows.
    validation : TrainingWindows
        Validation windows.
    scales : ndarray of shape (n_windows,)
        MASE scale of the series of each window, not 0.

    Returns
    -------
    calibration : Calibration
        Correction weight with the smallest mean absolute error, and the errors of the
        forecasts with this weight.
    """
    targets = validation.compute(attrgetter("targets"))
    if not models.regressors:
        return calibrate_mixture(models, validation, targets, scales)
    forecasts = models.forecasts_by_weight(validation, CORRECTION_WEIGHTS)
    pairs = zip(CORRECTION_WEIGHTS, forecasts, strict=True)
    by_weight = ((weight, targets - forecast) for weight, forecast in pairs)
    weight, errors = min(by_weight, key=lambda pair: np.nanmean(np.abs(pair[1])))
    calibration = Calibration(float(weight), errors / scales[:, None])
    if not models.levels:
        return calibration
    quantiles = models.forecast_quantiles(validation, calibration.correction_weight)
    errors = (targets[:, :, None] - quantiles) / scales[:, None, None]
    if models.quantiles:
        return calibration._replace(margins=quantile_margins(errors, models.levels))
    return calibration._replace(margins=mixture_margins(errors, models.levels))


def calibrate_mixture(models, validation, targets, scales):
    """Compute the errors of a mixture that is not corrected.

    Parameters
    ----------
    models : ResidualModels
        Models without regressors.
    validation, scales
        As in :func:`calibrate`.
    targets : ndarray of shape (n_windows, horizon)
        Actual values.

    Returns
    -------
    calibration : Calibration
        Errors of the medians, and margins of the quantiles.
    """
    quantiles = models.forecast_quantiles(validation, 0.0)
    errors = (targets[:, :, None] - quantiles) / scales[:, None, None]
    margins = mixture_margins(errors, models.levels)
    return Calibration(0.0, errors[:, :, models.levels.index(0.5)], margins)


def mixture_margins(errors, levels):
    """Return the margins of the quantiles of a mixture, as in :func:`quantile_margins`.

    These quantiles are right on average, so a few windows move them little.
    """
    share = len(errors) / (len(errors) + ENOUGH_WINDOWS)
    return share * quantile_margins(errors, levels)


def half_widths(errors, coverage):
    """Return half the width of the interval of each step [1]_.

    Parameters
    ----------
    errors : ndarray of shape (n_windows, horizon)
        Errors of forecasts on validation windows.
    coverage : float
        Fraction of actual values to cover, in (0, 1).

    Returns
    -------
    widths : ndarray of shape (horizon,)
        Quantiles of the absolute errors of each step, corrected for the number of
        errors. With fewer than 100 windows, the errors of all steps are pooled. Each
        error is first divided by the root mean square error of its step. The root mean
        square errors are smoothed so that they do not decrease from step to step. The
        errors of one window are similar and count as one error in the correction.

    References
    ----------
    .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression", JASA
       113(523), 2018, 1094-1111.
    """
    return _quantile_by_step(np.abs(errors), coverage)


def quantile_margins(errors, levels):
    """Return what to add to predicted quantiles to reach their coverage [1]_.

    Parameters
    ----------
    errors : ndarray of shape (n_windows, horizon, n_levels)
        Actual values minus predicted quantiles on validation windows.
    levels : sequence of float
        Levels of the quantiles, in (0, 1).

    Returns
    -------
    margins : ndarray of shape (horizon, n_levels)
        For a level above the median, the quantile of the errors at this level. For a
        level below the median, the negative quantile of the negative errors at ``1 -
        level``. Errors of few windows are pooled as in :func:`half_widths`. The margin
        of the median is 0.

    References
    ----------
    .. [1] Y. Romano, E. Patterson and E. J. Candes, "Conformalized Quantile
       Regression", NeurIPS 2019, theorem 2.
    """
    margins = []
    for level, of_level in zip(levels, np.moveaxis(errors, 2, 0), strict=True):
        side = np.sign(level - 0.5)
        outer = max(level, 1 - level)
        margins.append(side * _quantile_by_step(side * of_level, outer))
    return np.stack(margins, axis=-1)


def sort_quantiles(quantiles, forecasts, levels):
    """Sort quantiles so that they do not cross each other or the forecast.

    Parameters
    ----------
    quantiles : ndarray of shape (n_series, n_steps, n_levels)
        Quantiles.
    forecasts : ndarray of shape (n_series, n_steps)
        Forecasts, which replace the medians.
    levels : sequence of float
        Levels of the quantiles.

    Returns
    -------
    quantiles : ndarray of shape (n_series, n_steps, n_levels)
        Quantiles that increase with their level.
    """
    levels, middle = np.asarray(levels), forecasts[:, :, None]
    lower, upper = np.minimum(quantiles, middle), np.maximum(quantiles, middle)
    quantiles = np.select([levels < 0.5, levels > 0.5], [lower, upper], middle)
    order = np.argsort(levels)
    quantiles[:, :, order] = np.sort(quantiles[:, :, order], axis=2)
    return quantiles


def _quantile_by_step(errors, level):
    """Return a quantile of the errors of each step, pooled if there are few errors."""
    n_errors = (~np.isnan(errors)).sum(axis=0)
    if n_errors.min() >= ENOUGH_WINDOWS:
        ranks = _rank(n_errors, level, n_errors)
        return np.sort(errors, axis=0)[ranks - 1, np.arange(len(ranks))]
    sizes = np.sqrt(_increasing_means(errors**2, n_errors))
    in_units = errors / np.where(sizes > 0, sizes, 1)
    in_units = np.sort(in_units[~np.isnan(in_units)])
    return sizes * in_units[_rank(len(in_units), level, len(errors)) - 1]


def _rank(n_errors, level, n_independent):
    """Return how many of the sorted errors are at most their quantile."""
    # The correction counts the unknown error of a new window, too.
    fractions = np.minimum(1.0, (n_independent + 1) * level / n_independent)
    ranks = np.ceil(np.round(fractions * n_errors, 6)).astype(int)
    return np.maximum(ranks, 1)


def _increasing_means(squares, n_squares):
    """Return means of the columns that do not decrease from column to column."""
    has_squares = n_squares > 0
    means = np.nansum(squares, axis=0)[has_squares] / n_squares[has_squares]
    weights = n_squares[has_squares] / len(squares)
    means = isotonic_regression(means, sample_weight=weights)
    steps = np.arange(len(n_squares))
    return np.interp(steps, steps[has_squares], means)
