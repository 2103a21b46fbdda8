"""Residual models: regressors that predict the errors of a baseline forecast."""

from contextlib import nullcontext
from typing import NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator

from sklstm._core.defaults import auto_epochs, with_epochs
from sklstm._core.nested import (
    clone_with_seed,
    fit_regressor,
    ignores_missing_targets,
    reshape_for,
    warm_start_copy,
)
from sklstm._forecast.baselines import baseline_forecasts, levels
from sklstm._forecast.mixture import Mixture
from sklstm._input.plain import saved_as
from sklstm._nn.mixture import LEVELS

# Number of windows that a regressor with ``max_iter="auto"`` is trained on, in all
# epochs together.
WINDOWS_SEEN = 300_000


@saved_as("feature_spec")
class FeatureSpec(NamedTuple):
    """The features and the baseline of a residual model."""

    # A kind of :func:`sklstm._forecast.baselines.baseline_forecasts`; "weighted" for a
    # mixture.
    baseline: str
    mixture: Mixture | None
    window_size: int  # number of values that the regressor sees
    season_length: int
    n_steps: int  # number of steps that are forecast at once
    is_future_known: np.ndarray  # for each covariate, (n_covariates,)

    def features(self, windows):
        """Return the features of windows.

        Parameters
        ----------
        windows : Windows
            Windows, with covariates for `n_steps` more steps.

        Returns
        -------
        features : ndarray of shape (n_windows, window_size, n_features)
            The values minus their level; the covariates of the same steps; and a second
            copy of the covariates known in the future, with their values `n_steps`
            steps later. Steps without a value are NaN.
        """
        window_size, covariates = self.window_size, windows.covariates
        values = windows.values[:, -window_size:]
        season_length = 1 if self.baseline == "last" else self.season_length
        later = covariates[:, self.n_steps :, self.is_future_known]
        features = [
            (values - levels(values, season_length))[:, :, None],
            covariates[:, :window_size],
            later[:, :window_size],
        ]
        features = np.concatenate(features, axis=2)
        features[np.isnan(values)] = np.nan
        return features

    def baseline_forecasts(self, windows):
        """Return the baseline forecasts of windows, (n_windows, n_steps)."""
        if self.mixture is not None:
            return self.mixture.forecasts(windows.values, self.n_steps)
        values = windows.values[:, -self.window_size :]
        return baseline_forecasts(
            self.baseline, values, self.season_length, self.n_steps
        )

    def mixture_quantiles(self, windows):
        """Return the quantiles of the mixture, (n_windows, n_steps, n_levels)."""
        return self.mixture.quantiles(windows.values, self.n_steps)

    @property
    def single(self) -> Self:
        """The same with a mixture in single precision, enough for residuals."""
        if self.mixture is None:
            return self
        return self._replace(mixture=self.mixture.single)

    def residuals(self, windows):
        """Return the errors of the baseline, (n_windows, n_steps); NaN if unknown."""
        return windows.targets - self.baseline_forecasts(windows)


@saved_as("residual_models")
class ResidualModels(NamedTuple):
    """Regressors with different seeds. The median of their predictions is used."""

    spec: FeatureSpec
    regressors: list[BaseEstimator]  # empty if the baseline is not corrected
    quantiles: tuple[float, ...] = ()  # levels that each regressor predicts

    @property
    def levels(self):
        """Levels of the quantiles that are predicted; empty if none are."""
        return self.quantiles or (LEVELS if self.spec.mixture is not None else ())

    def fit(self, windows, around_fit=nullcontext):
        """Fit each regressor to the residuals of windows.

        Parameters
        ----------
        windows : TrainingWindows
            Windows with their targets. If there are none, nothing is fitted. Regressors
            that cannot ignore missing targets are fitted to interpolated targets.
        around_fit : callable, default=nullcontext
            The fit of a regressor runs in the context manager
            ``around_fit(regressor)``.

        Returns
        -------
        self : ResidualModels
            The fitted models.
        """
        if not (len(windows) and self.regressors):
            return self
        if not ignores_missing_targets(self.regressors[0]):
            windows = windows.with_interpolated_targets()
        residuals = windows.compute(self.spec.single.residuals)
        if residuals.shape[1] == 1:
            residuals = residuals[:, 0]
        for regressor in self.regressors:
            features = self._features(regressor, windows)
            with around_fit(regressor):
                fit_regressor(
                    regressor, features, residuals, ', or strategy="recursive"'
                )
        return self

    def forecast(self, windows, weight, horizon):
        """Forecast the steps after windows.

        Parameters
        ----------
        windows : Windows
            Windows with covariates for at least `horizon` more steps.
        weight : float or ndarray of shape (n_windows, 1)
            Fraction of the predicted residuals to add to the baseline.
        horizon : int
            Number of steps to forecast, at once or recursively.

        Returns
        -------
        forecasts : ndarray of shape (n_windows, horizon)
            Forecasts of each window.
        """
        values, context_size = windows.values, windows.values.shape[1]
        while values.shape[1] < context_size + horizon:
            n_done = values.shape[1] - context_size
            latest = windows._replace(
                values=values[:, n_done:], covariates=windows.covariates[:, n_done:]
            )
            steps = self.spec.baseline_forecasts(latest)
            if np.any(weight):
                steps += weight * self._residuals(latest)
            values = np.hstack([values, steps])
        return values[:, context_size : context_size + horizon]

    def forecasts_by_weight(self, windows, weights):
        """Forecast the targets of training windows for each weight of the residuals.

        Parameters
        ----------
        windows : TrainingWindows
            Windows with their targets.
        weights : sequence of float
            Fractions of the predicted residuals to add to the baseline.

        Yields
        ------
        forecasts : ndarray of shape (n_windows, horizon)
            Forecasts with one of the weights, in their order.
        """
        if self.spec.n_steps < windows.horizon:
            # In a recursive forecast, residuals depend on earlier forecasts and
            # therefore on the weight.
            cut = windows.cut()
            for weight in weights:
                yield self.forecast(cut, weight, windows.horizon)
            return
        baseline = windows.compute(self.spec.baseline_forecasts)
        residuals = self._residuals(windows) if np.any(weights) else 0.0
        for weight in weights:
            yield baseline + weight * residuals

    def forecast_quantiles(self, windows, weight):
        """Forecast the quantiles of `levels`, (n_windows, spec.n_steps, n_levels).

        Parameters
        ----------
        windows : Windows or TrainingWindows
            Windows with covariates for `spec.n_steps` more steps.
        weight : float or ndarray of shape (n_windows, 1)
            Fraction of the predicted residuals to add to the quantiles of a mixture. It
            is not used if the regressors predict quantiles.
        """
        if self.quantiles:
            baseline = windows.compute(self.spec.baseline_forecasts)[:, :, None]
            n_quantiles = len(self.quantiles)
            return baseline + self._medians("predict_quantiles", windows, n_quantiles)
        quantiles = windows.compute(self.spec.mixture_quantiles)
        if np.any(weight):
            quantiles += (weight * self._residuals(windows))[:, :, None]
        return quantiles

    def _residuals(self, windows):
        """Predict the residuals of the baseline, (n_windows, spec.n_steps)."""
        return self._medians("predict", windows, 1)[:, :, 0]

    def _medians(self, method, windows, n_outputs):
        """Return median predictions, (n_windows, spec.n_steps, n_outputs)."""
        predictions = [
            getattr(regressor, method)(self._features(regressor, windows))
            for regressor in self.regressors
        ]
        medians = np.median(predictions, axis=0)
        return medians.reshape(-1, self.spec.n_steps, n_outputs)

    def _features(self, regressor, windows):
        """Return the features in the shape that the regressor expects."""
        features = reshape_for(regressor, windows.compute(self.spec.features))
        return features if features.ndim == 3 else np.nan_to_num(features, copy=False)


def new_models(settings, mixture, is_future_known, regressor, seeds, n_windows):
    """Return unfitted residual models.

    Parameters
    ----------
    settings : ForecasterSettings
        Chosen settings of the forecaster.
    mixture : Mixture or None
        Mixture of base forecasts, if this is the baseline.
    is_future_known : ndarray of bool of shape (n_covariates,)
        Whether the future of each covariate is known.
    regressor : estimator or None
        Regressor to clone. If None, the baseline is not corrected.
    seeds : sequence of int
        Seed of each clone.
    n_windows : int
        Number of windows to fit on, for ``max_iter="auto"``.

    Returns
    -------
    models : ResidualModels
        One regressor for each seed.

    Raises
    ------
    ValueError
        If the regressor predicts quantiles and the median is not one of them, or if it
        predicts quantiles and the steps are forecast one by one.
    """
    spec = FeatureSpec(
        settings.baseline,
        mixture,
        settings.window_size,
        settings.season_length,
        settings.n_steps_at_once,
        is_future_known,
    )
    if regressor is None:
        return ResidualModels(spec, [])
    quantiles = quantile_levels(regressor)
    if quantiles and settings.n_steps_at_once < settings.horizon:
        raise ValueError(
            "A regressor that predicts quantiles must forecast all steps at once. Pass "
            'strategy="direct".'
        )
    clones = [
        with_epochs(clone_with_seed(regressor, seed), n_windows, WINDOWS_SEEN)
        for seed in seeds
    ]
    return ResidualModels(spec, clones, quantiles)


def continued_models(models, regressor, seeds):
    """Return copies of fitted residual models whose next fit continues the last one.

    Parameters
    ----------
    models : ResidualModels
        Fitted models.
    regressor : estimator or None
        Regressor that has the new parameters of the copies, if there are regressors.
        With ``max_iter="auto"``, a copy keeps its number of epochs and uses a tenth of
        the learning rate, so that a few windows do not undo what was learned from many.
    seeds : sequence of int
        Seed of each copy.

    Returns
    -------
    models : ResidualModels
        The copies.
    """
    if not models.regressors:
        return models
    parameters = regressor.get_params()
    for path in auto_epochs(parameters):
        del parameters[path]
        rate = path.removesuffix("max_iter") + "learning_rate_init"
        if rate in parameters:
            parameters[rate] /= 10
    pairs = zip(models.regressors, seeds, strict=True)
    copies = [warm_start_copy(fitted, parameters, seed) for fitted, seed in pairs]
    return models._replace(regressors=copies)


def quantile_levels(regressor):
    """Return the quantiles that a regressor predicts; empty if it predicts none."""
    if not hasattr(regressor, "predict_quantiles"):
        return ()
    levels = regressor.get_params()["quantiles"]
    levels = (0.1, 0.5, 0.9) if levels is None else np.atleast_1d(levels).tolist()
    if 0.5 not in levels:
        raise ValueError(
            f"The regressor predicts the quantiles {levels}, but the forecast is the "
            "quantile 0.5. Add 0.5 to its quantiles."
        )
    return tuple(levels)
