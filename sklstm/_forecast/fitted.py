"""Fitted state of a forecaster, which computes its forecasts and quantiles."""

from dataclasses import dataclass

import numpy as np

from sklstm._forecast.conformal import Calibration, sort_quantiles
from sklstm._forecast.residual_model import ResidualModels
from sklstm._forecast.settings import ForecasterSettings
from sklstm._forecast.training_windows import Windows


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
        window_size = self.settings.window_size
        n_covariate_steps = max(n_steps, self.settings.n_steps_at_once)
        windows = Windows.concatenate(
            [one.last_windows(window_size, n_covariate_steps) for one in histories]
        )
        # Constant series get no correction.
        is_moving = mase_scales[:, None] > 0
        weight = self.calibration.correction_weight * is_moving
        return self.models.forecast(windows, weight, n_steps)

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
        scales = self.mase_scales(history)
        forecasts = self._forecast([history], scales, n_steps)
        scales = history.interval_scales(scales, self.typical_scale)[:, None, None]
        if self.models.quantiles:
            quantiles = self._predicted_quantiles(history, scales, levels)[:, :n_steps]
            quantiles = np.where(scales > 0, quantiles, forecasts[:, :, None])
        else:
            offsets = self.calibration.offsets(levels)[:n_steps]
            quantiles = forecasts[:, :, None] + scales * offsets
        return sort_quantiles(quantiles, forecasts, levels)

    def _predicted_quantiles(self, history, scales, levels):
        """Return the quantiles of the regressors, (n_series, horizon, n_levels)."""
        fitted = np.array(self.models.quantiles)
        places = [int(np.abs(fitted - level).argmin()) for level in levels]
        if not np.allclose(fitted[places], levels):
            levels = [round(level, 6) for level in levels]
            raise ValueError(
                f"The regressors do not predict the quantiles {levels}. Choose from "
                f"{fitted.tolist()}, or fit a regressor with other quantiles."
            )
        sizes = self.settings.window_size, self.settings.n_steps_at_once
        quantiles = self.models.forecast_quantiles(history.last_windows(*sizes))
        return (quantiles + scales * self.calibration.margins)[:, :, places]
