"""Fitted state of a forecaster, which computes its forecasts and quantiles."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sklstm._forecast.conformal import Calibration, sort_quantiles
from sklstm._forecast.mixture import quantiles_at
from sklstm._forecast.residual_model import ResidualModels
from sklstm._forecast.sample_paths import draw_paths, score_levels, step_correlation
from sklstm._forecast.settings import ForecasterSettings
from sklstm._forecast.training_windows import Windows
from sklstm._input.plain import saved_as
from sklstm._nn.mixture import MEDIAN


@saved_as("fitted_state")
@dataclass(frozen=True)
class FittedState:
    """Fitted models, with the settings and the calibration of their fit.

    Attributes
    ----------
    settings : ForecasterSettings
        Chosen settings.
    models : ResidualModels
        Fitted regressors.
    calibration : Calibration
        Correction weight and errors on validation windows.
    typical_scale : float
        The :meth:`History.typical_scale` of the fitted series.
    """

    settings: ForecasterSettings
    models: ResidualModels
    calibration: Calibration
    typical_scale: float

    def mase_scales(self, history):
        """Return the MASE scale of each series, (n_series,)."""
        return history.mase_scales(self.settings.season_length)

    def forecasts(self, histories, n_steps):
        """Forecast the scaled series.

        Parameters
        ----------
        histories : list of History
            History at each origin, all with the same number of series.
        n_steps : int
            Number of steps to forecast.

        Returns
        -------
        forecasts : list of ndarray of shape (n_series, n_steps)
            Forecasts from each origin.
        """
        scales = np.concatenate([self.mase_scales(history) for history in histories])
        return np.split(self._forecast(histories, scales, n_steps), len(histories))

    def _forecast(self, histories, mase_scales, n_steps):
        """Forecast from all origins at once, (n_origins * n_series, n_steps)."""
        parts = [self._last_windows(history, n_steps) for history in histories]
        windows = Windows.concatenate(parts)
        return self.models.forecast(windows, self._weight(mase_scales), n_steps)

    def _last_windows(self, history, n_steps):
        """Return the windows to forecast some steps from."""
        settings = self.settings
        return history.last_windows(
            settings.window_size,
            max(n_steps, settings.n_steps_at_once),
            settings.context_size,
        )

    def _weight(self, mase_scales):
        """Return the correction weight of each series; constant series get none."""
        return self.calibration.correction_weight * (mase_scales[:, None] > 0)

    def quantiles(self, history, n_steps, levels):
        """Forecast quantiles of the scaled series.

        Parameters
        ----------
        history : History
            History of the series.
        n_steps : int
            Number of steps to forecast.
        levels : sequence of float
            Levels of the quantiles, in (0, 1).

        Returns
        -------
        quantiles : ndarray of shape (n_series, n_steps, n_levels)
            Quantiles that increase with their level. The median is the forecast.

        Raises
        ------
        ValueError
            If there are more steps than in the fit; if there are no errors on
            validation windows; or if the regressors do not predict these quantiles.
        """
        horizon = self.settings.horizon
        if n_steps > horizon:
            raise ValueError(
                f"Intervals cover at most the {horizon} steps of the fit, got "
                f"horizon={n_steps}. Fit with a larger horizon."
            )
        mase_scales, predicted = self.mase_scales(history), None
        if self.models.levels:
            predicted = self._predicted_quantiles(history, mase_scales)
        if predicted is None or self.models.quantiles:
            forecasts = self._forecast([history], mase_scales, n_steps)
        else:
            # The forecast is the median of the mixture, with the same correction.
            forecasts = predicted[:, :n_steps, MEDIAN]
        scales = history.interval_scales(mase_scales, self.typical_scale)
        scales = scales[:, None, None]
        quantiles = forecasts[:, :, None].repeat(len(levels), axis=2)
        if predicted is None or self.calibration.errors is not None:
            offsets = self.calibration.offsets(levels)[:n_steps]
            quantiles = quantiles + scales * offsets
        if predicted is not None:
            has_predicted = self._has_predicted(predicted, scales)
            predicted = predicted + scales * self.calibration.margins
            predicted = self._at_levels(predicted[:, :n_steps], levels)
            quantiles = np.where(has_predicted, predicted, quantiles)
        return sort_quantiles(quantiles, forecasts, levels)

    def _has_predicted(self, predicted, scales):
        """Return whether to use predicted quantiles of a series, (n_series, 1, 1).

        The quantiles of a mixture are equal if all values of a window are, although the
        next value may differ.
        """
        if self.models.quantiles:
            return scales > 0
        return (np.ptp(predicted, axis=2) > 0).any(axis=1)[:, None, None]

    def sample_paths(self, history, n_steps, n_paths, random):
        """Draw paths of the scaled series, (n_series, n_steps, n_paths).

        Parameters
        ----------
        history : History
            History of the series.
        n_steps, n_paths : int
            Number of steps to forecast, and of paths to draw for each series.
        random : RandomState instance
            Source of the random numbers.
        """
        levels = sorted(self.models.quantiles) or score_levels()
        quantiles = self.quantiles(history, n_steps, levels)
        scores = np.array([NormalDist().inv_cdf(level) for level in levels])
        errors = self.calibration.errors
        correlation = step_correlation(errors, self.settings.horizon)
        correlation = correlation[:n_steps, :n_steps]
        return draw_paths(quantiles, scores, correlation, n_paths, random)

    def base_weights(self, history):
        """Return the mean weight of each base of the mixture, (n_series, n_bases)."""
        windows = self._last_windows(history, self.settings.horizon)
        mixture = self.models.spec.mixture
        return mixture.base_weights(windows.values, self.settings.horizon)

    def _predicted_quantiles(self, history, mase_scales):
        """Return all quantiles before the margins, (n_series, horizon, n_levels)."""
        windows = self._last_windows(history, self.settings.horizon)
        weight = self._weight(mase_scales)
        return self.models.forecast_quantiles(windows, weight)

    def _at_levels(self, quantiles, levels):
        """Return the quantiles at some levels, (n_series, n_steps, n_levels)."""
        if not self.models.quantiles:
            return quantiles_at(quantiles, levels)
        fitted = np.array(self.models.quantiles)
        places = [int(np.abs(fitted - level).argmin()) for level in levels]
        if not np.allclose(fitted[places], levels):
            levels = [round(level, 6) for level in levels]
            raise ValueError(
                f"The regressors do not predict the quantiles {levels}. Choose from "
                f"{fitted.tolist()}, or fit a regressor with other quantiles."
            )
        return quantiles[:, :, places]
