"""Fit of a forecaster: baseline, calibration and residual models, in this order."""

from dataclasses import replace
from functools import partial

from sklstm._core.defaults import auto_epochs
from sklstm._forecast.conformal import Calibration, calibrate
from sklstm._forecast.fitted import FittedState
from sklstm._forecast.residual_model import continued_models, new_models
from sklstm._forecast.settings import choose_baseline


def fit_new(settings, history, regressor, seeds, calibration_fraction, around_fit):
    """Fit new residual models.

    Parameters
    ----------
    settings : ForecasterSettings
        Settings in which only `baseline` may still be "auto".
    history : History
        Series to fit.
    regressor : estimator
        Regressor to clone.
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
    windows = history.training_windows(settings.window_size, settings.horizon)
    settings = choose_baseline(settings, windows)
    fit = partial(fit_models, settings, history, regressor, seeds, around_fit)
    calibration = Calibration()
    if calibration_fraction is not None:
        calibration = calibration_of(
            fit, settings, history, windows, calibration_fraction, seeds[0]
        )
    if settings.n_steps_at_once < settings.horizon:
        windows = training_windows_of(settings, history)
    typical_scale = history.typical_scale(settings.season_length)
    return FittedState(settings, fit(windows), calibration, typical_scale)


def fit_models(settings, history, regressor, seeds, around_fit, windows):
    """Fit new residual models to windows.

    Parameters
    ----------
    settings : ForecasterSettings
        Chosen settings.
    history, regressor, seeds, around_fit
        As in :func:`fit_new`.
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
    models = new_models(settings, history.is_future_known, regressor, seeds, n_windows)
    return models.fit(windows, around_fit)


def windows_for(regressor, windows, seeds):
    """Return the windows to fit a regressor on: all of them, or a sample."""
    has_limit = auto_epochs(regressor.get_params())
    return windows.limited(seeds[0]) if has_limit else windows


def continue_fit(state, history, regressor, seeds, around_fit):
    """Fit copies of fitted residual models on other series.

    The settings and the calibration are kept. There is no new calibration, because the
    models may already have been trained on the windows that it would hold out.

    Parameters
    ----------
    state : FittedState
        State of the last fit.
    history : History
        Series to fit.
    regressor : estimator
        Regressor that has the new parameters of the models.
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
    windows = training_windows_of(state.settings, history)
    windows = windows_for(regressor, windows, seeds)
    return replace(state, models=models.fit(windows, around_fit))


def training_windows_of(settings, history):
    """Return the windows to fit on, whose targets are the steps forecast at once."""
    return history.training_windows(settings.window_size, settings.n_steps_at_once)


def calibration_of(fit, settings, history, windows, fraction, seed):
    """Fit models on early windows and calibrate them on validation windows.

    Parameters
    ----------
    fit : callable
        Function that returns models fitted on windows.
    settings : ForecasterSettings
        Chosen settings.
    history : History
        Series to fit.
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
    if not len(early):
        raise ValueError(
            "Missing values leave no training window before the validation windows. "
            "Pass calibration_fraction=None, or fill the missing values."
        )
    models, validation = fit(early), validation.limited(seed)
    scales = history.mase_scales(settings.season_length)
    scales[scales == 0] = 1
    return calibrate(models, validation, scales[validation.series])
