"""Fit of a forecaster: baseline, calibration and residual models, in this order."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from sklstm._core.defaults import auto_epochs
from sklstm._forecast.bases import N_BASES
from sklstm._forecast.conformal import Calibration, calibrate
from sklstm._forecast.fitted import FittedState
from sklstm._forecast.mixture import Mixture
from sklstm._forecast.pretrained import load_networks
from sklstm._forecast.residual_model import continued_models, new_models
from sklstm._forecast.settings import choose_baseline
from sklstm._nn.mixture import BacktestMixture

# A mixture is fine-tuned and calibrated on at most this number of windows, and of
# numbers in their base forecasts.
MAX_MIXTURE_WINDOWS, MAX_MIXTURE_NUMBERS = 2000, 2**22
# Fine-tuning has a seed of its own, so that forecasts without a regressor do not vary.
SEED = 0
# Forecasts of more series than this are computed in single precision, which takes half
# of the time. Single precision depends on which series are forecast together, by
# about one part in ten million.
MAX_DOUBLE = 100
# Number of windows that end within a horizon. More windows would overlap so much that
# they add little.
WINDOWS_PER_HORIZON = 3


def fit_new(settings, history, regressor, seeds, calibration_fraction, around_fit):
    """Fit a new baseline and new residual models.

    Parameters
    ----------
    settings : ForecasterSettings
        Settings in which only `baseline` may still be "auto".
    history : History
        Series to fit.
    regressor : estimator or None
        Regressor to clone. If None, the baseline is not corrected.
    seeds : sequence of int
        Seed of each clone.
    calibration_fraction : float or None
        Fraction of the windows to hold out for the calibration. If None, there is no
        calibration.
    around_fit : callable
        Context manager for the fit of each regressor.

    Returns
    -------
    state : FittedState
        Models that were fitted on all windows, with their settings and calibration.
    """
    windows = training_windows_of(settings, history, settings.horizon)
    settings = choose_baseline(settings, windows)
    early_mixture = mixture = None
    if settings.baseline == "weighted":
        early_mixture, mixture = fit_mixtures(
            settings, windows, calibration_fraction, len(history.scales)
        )
    fit = partial(fit_models, settings, history, regressor, seeds, around_fit)
    calibration = Calibration(0.0 if regressor is None else 1.0)
    if calibration_fraction is not None:
        calibration = calibration_of(
            partial(fit, early_mixture),
            settings,
            history,
            regressor is not None,
            windows,
            calibration_fraction,
            seeds[0],
        )
    if settings.n_steps_at_once < settings.horizon:
        windows = training_windows_of(settings, history, settings.n_steps_at_once)
    typical_scale = history.typical_scale(settings.season_length)
    return FittedState(settings, fit(mixture, windows), calibration, typical_scale)


def fit_mixtures(settings, windows, calibration_fraction, n_series):
    """Fine-tune mixtures on early windows and on all windows.

    Parameters
    ----------
    settings : ForecasterSettings
        Chosen settings.
    windows : TrainingWindows
        Training windows of all series.
    calibration_fraction : float or None
        Fraction of the windows of each series to hold out.
    n_series : int
        Number of series.

    Returns
    -------
    early, final : Mixture
        Mixtures that were fine-tuned on the windows before the held-out ones, and on
        all windows. Both have the same fraction of the fine-tuning: the one that the
        user passed or, for "auto", the one with the smallest loss on the held-out
        windows. If there are no windows before the held-out ones, there is no
        fine-tuning. If no windows are held out, "auto" is 1. `early` is in single
        precision.
    """
    dtype = torch.float64 if n_series <= MAX_DOUBLE else torch.float32
    if settings.pretrained:
        networks = load_networks(dtype)
    else:
        networks = [BacktestMixture(N_BASES, dtype)]
    start = Mixture(networks, settings.season_length, settings.log)
    early = single = start.single
    weight = settings.fine_tune
    if weight == 0 or not len(windows):
        return early, start
    stride = max(1, settings.horizon // WINDOWS_PER_HORIZON)

    def sample(windows):
        return sample_for_mixture(windows.every(stride)).cut()

    if calibration_fraction is not None:
        before, held_out = windows.split(calibration_fraction)
        if not len(before):
            return early, start
        changes = single.tune(sample(before), SEED)
        if weight == "auto":
            weight = single.best_weight(changes, sample(held_out))
        early = single.with_changes(changes, weight)
    weight = 1.0 if weight == "auto" else weight
    if weight == 0:
        return early, start
    return early, start.with_changes(single.tune(sample(windows), SEED), weight)


def sample_for_mixture(windows):
    """Return a random sample of windows, or all if there are few."""
    n_windows = MAX_MIXTURE_NUMBERS // (windows.horizon * N_BASES)
    return windows.sample(int(np.clip(n_windows, 1, MAX_MIXTURE_WINDOWS)), SEED)


def fit_models(settings, history, regressor, seeds, around_fit, mixture, windows):
    """Fit new residual models to windows.

    Parameters
    ----------
    settings : ForecasterSettings
        Chosen settings.
    history, regressor, seeds, around_fit
        As in :func:`fit_new`.
    mixture : Mixture or None
        Mixture of base forecasts, if this is the baseline.
    windows : TrainingWindows
        Windows to fit on. If there are very many, regressors with ``max_iter="auto"``
        are fitted on a sample of them.

    Returns
    -------
    models : ResidualModels
        Fitted models.
    """
    windows = windows_for(regressor, windows, seeds)
    n_windows = len(windows)
    models = new_models(
        settings, mixture, history.is_future_known, regressor, seeds, n_windows
    )
    return models.fit(windows, around_fit)


def windows_for(regressor, windows, seeds):
    """Return the windows to fit a regressor on: all of them, or a sample."""
    has_limit = regressor is not None and auto_epochs(regressor.get_params())
    return windows.limited(seeds[0]) if has_limit else windows


def continue_fit(state, history, regressor, seeds, around_fit):
    """Fit copies of fitted residual models on other series.

    The settings, the mixture and the calibration are kept. There is no new calibration,
    because the models may already have been trained on the windows that it would hold
    out.

    Parameters
    ----------
    state : FittedState
        State of the last fit.
    history : History
        Series to fit.
    regressor : estimator or None
        Regressor that has the new parameters of the models, if there are models.
    seeds : sequence of int
        Seed of each model.
    around_fit : callable
        Context manager for the fit of each regressor.

    Returns
    -------
    state : FittedState
        State with the models that were fitted.
    """
    models = continued_models(state.models, regressor, seeds)
    settings = state.settings
    windows = training_windows_of(settings, history, settings.n_steps_at_once)
    windows = windows_for(regressor, windows, seeds)
    return replace(state, models=models.fit(windows, around_fit))


def training_windows_of(settings, history, horizon):
    """Return the windows to fit on, with targets for some steps."""
    return history.training_windows(
        settings.window_size, horizon, settings.context_size
    )


def calibration_of(fit, settings, history, has_regressor, windows, fraction, seed):
    """Fit models on early windows and calibrate them on validation windows.

    Parameters
    ----------
    fit : callable
        Function that returns models fitted on windows.
    settings : ForecasterSettings
        Chosen settings.
    history : History
        Series to fit.
    has_regressor : bool
        Whether a regressor corrects the baseline.
    windows : TrainingWindows
        Training windows of all series.
    fraction : float
        Fraction of the windows of each series to hold out.
    seed : int
        Seed of the sample that is used if there are very many validation windows.

    Returns
    -------
    calibration : Calibration
        Correction weight and errors on the windows held out.
    """
    early, validation = windows.split(fraction)
    early = early.first_targets(settings.n_steps_at_once)
    if has_regressor and not len(early):
        raise ValueError(
            "Missing values leave no training window before the validation windows. "
            "Pass calibration_fraction=None, or fill the missing values."
        )
    models = fit(early)
    if not has_regressor:
        validation = sample_for_mixture(validation)
    if not len(validation):
        return Calibration(0.0)
    validation = validation.limited(seed)
    scales = history.mase_scales(settings.season_length)
    scales[scales == 0] = 1
    return calibrate(models, validation, scales[validation.series])
