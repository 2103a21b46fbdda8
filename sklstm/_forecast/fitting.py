"""Fit of a forecaster: baseline, calibration and residual models, in this order."""

from dataclasses import replace
from functools import partial

from sklstm._forecast.conformal import Calibration, calibrate
from sklstm._forecast.fitted import FittedState
from sklstm._forecast.residual_model import continued_models, new_models
from sklstm._forecast.settings import choose_baseline
from sklstm._forecast.training_windows import split_all_in_time


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
    sizes = settings.window_size, settings.horizon
    windows, ends = history.training_windows(*sizes)
    settings = choose_baseline(settings, windows)
    models_for = partial(
        new_models, settings, history.is_future_known, regressor, seeds
    )
    calibration = Calibration()
    if calibration_fraction is not None:
        calibration = calibration_of(
            models_for,
            settings,
            history,
            windows,
            ends,
            calibration_fraction,
            around_fit,
        )
    if settings.n_steps_at_once < settings.horizon:
        windows = training_windows_of(settings, history)
    models = models_for(len(windows.values)).fit(windows, around_fit)
    return FittedState(settings, models, calibration)


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
    return replace(state, models=models.fit(windows, around_fit))


def training_windows_of(settings, history):
    """Return the windows to fit on, whose targets are the steps forecast at once."""
    windows, _ = history.training_windows(
        settings.window_size, settings.n_steps_at_once
    )
    return windows


def calibration_of(models_for, settings, history, windows, ends, fraction, around_fit):
    """Fit models on early windows and calibrate them on validation windows.

    Parameters
    ----------
    models_for : callable
        Function that returns new models for a number of windows.
    settings : ForecasterSettings
        Chosen settings.
    history : History
        Series to fit.
    windows : Windows
        Training windows of all series.
    ends : list of ndarray of int
        Position of the first target of each window, one array for each series.
    fraction : float
        Fraction of the windows of each series to hold out.
    around_fit : callable
        Context manager for the fit of each regressor.

    Returns
    -------
    calibration : Calibration
        Correction weight and errors on the windows held out.
    """
    is_early, is_validation, series = split_all_in_time(
        ends, settings.horizon, fraction
    )
    early, validation = windows.select(is_early), windows.select(is_validation)
    if not len(early.values):
        raise ValueError(
            "Missing values leave no training window before the validation windows. "
            "Pass calibration_fraction=None, or fill the missing values."
        )
    models = models_for(len(early.values)).fit(early, around_fit)
    scales = history.mase_scales(settings.season_length)
    scales[scales == 0] = 1
    return calibrate(models, validation, scales[series])
