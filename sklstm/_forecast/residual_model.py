"""Regressors that correct naive forecasts."""

from typing import NamedTuple

import numpy as np

from sklstm._core.nested import reshape_for
from sklstm._forecast.baselines import levels, naive_forecasts

# Shares of a correction to choose the best from.
TRUST = np.arange(11) / 10


class Recipe(NamedTuple):
    """What a regressor is shown of a window, and what it is to correct."""

    naive: str  # a kind of :func:`sklstm._forecast.baselines.naive_forecasts`
    season_length: int  # steps of a cycle
    horizon: int  # steps to forecast at once
    is_ahead: np.ndarray  # whether a column is known ahead, (n_columns,)

    def inputs(self, windows, columns):
        """Show what is known to a regressor.

        Parameters
        ----------
        windows : ndarray of shape (n_windows, window_size)
            Readings.
        columns : ndarray of shape (n_windows, window_size + horizon, n_columns)
            What stands beside them and beside the steps to forecast.

        Returns
        -------
        inputs : ndarray of shape (n_windows, window_size, n_features)
            The windows less their level; the columns of the same steps; and those
            known ahead once more, `horizon` steps later. NaN where a reading is.
        """
        n_steps = windows.shape[1]
        level = levels(windows, 1 if self.naive == "last" else self.season_length)
        beside, later = columns[:, :n_steps], columns[:, self.horizon :, self.is_ahead]
        inputs = [(windows - level)[:, :, None], beside, later[:, :n_steps]]
        inputs = np.concatenate(inputs, axis=2)
        inputs[np.isnan(windows)] = np.nan
        return inputs

    def forecasts(self, windows):
        """Forecast without a regressor, (n_windows, horizon)."""
        return naive_forecasts(self.naive, windows, self.season_length, self.horizon)


class Correctors(NamedTuple):
    """Regressors with different seeds, and what they are shown."""

    recipe: Recipe
    regressors: list
    levels: tuple = ()  # of the quantiles that each can be asked for

    def fit(self, lessons):
        """Fit each to what the naive forecast gets wrong, if there are lessons."""
        if not len(lessons.windows):
            return self
        naive = self.recipe.forecasts(lessons.windows)
        corrections = lessons.targets[:, : naive.shape[1]] - naive
        if corrections.shape[1] == 1:
            corrections = corrections[:, 0]
        for regressor in self.regressors:
            regressor.fit(self._inputs(regressor, lessons), corrections)
        return self

    def go_on(self, lessons, trust, horizon):
        """Forecast what follows windows, (n_windows, horizon).

        Parameters
        ----------
        lessons : Lessons
            The windows, with columns for `horizon` steps more at least.
        trust : float or ndarray of shape (n_windows, 1)
            Share of the corrections to add.
        horizon : int
            Steps to forecast: at once, or one after the other, each from those before.
        """
        windows, n_known = lessons.windows, lessons.windows.shape[1]
        while windows.shape[1] < n_known + horizon:
            n_done = windows.shape[1] - n_known
            latest = lessons._replace(
                windows=windows[:, n_done:], columns=lessons.columns[:, n_done:]
            )
            steps = self.recipe.forecasts(latest.windows)
            if np.any(trust):
                steps += trust * self._corrections(latest)
            windows = np.hstack([windows, steps])
        return windows[:, n_known : n_known + horizon]

    def by_trust(self, lessons):
        """Forecast the targets of lessons once for each share of trust."""
        horizon = lessons.targets.shape[1]
        if self.recipe.horizon < horizon:
            # Corrections depend on forecasts before them, and so on the trust.
            return [self.go_on(lessons, share, horizon) for share in TRUST]
        naive = self.recipe.forecasts(lessons.windows)
        corrections = self._corrections(lessons)
        return [naive + share * corrections for share in TRUST]

    def quantiles(self, lessons):
        """Forecast quantiles at once, (n_windows, recipe.horizon, n_levels)."""
        naive = self.recipe.forecasts(lessons.windows)[:, :, None]
        return naive + self._medians("predict_quantiles", lessons, len(self.levels))

    def _corrections(self, lessons):
        """Say what to add to the naive forecast, (n_windows, recipe.horizon)."""
        return self._medians("predict", lessons, 1)[:, :, 0]

    def _medians(self, method, lessons, n_levels):
        """Take the median of all answers, (n_windows, recipe.horizon, n_levels)."""
        answers = [
            getattr(regressor, method)(self._inputs(regressor, lessons))
            for regressor in self.regressors
        ]
        shape = len(lessons.windows), self.recipe.horizon, n_levels
        return np.median(answers, axis=0).reshape(shape)

    def _inputs(self, regressor, lessons):
        """Show lessons as the regressor takes them."""
        inputs = self.recipe.inputs(lessons.windows, lessons.columns)
        inputs = reshape_for(regressor, inputs)
        return inputs if inputs.ndim == 3 else np.nan_to_num(inputs)


def quantile_levels(regressor):
    """Name the quantiles that a regressor can be asked for, of most none."""
    if not hasattr(regressor, "predict_quantiles"):
        return ()
    levels = regressor.get_params()["quantiles"]
    levels = (0.1, 0.5, 0.9) if levels is None else np.atleast_1d(levels).tolist()
    if 0.5 not in levels:
        raise ValueError(
            f"The regressor learns the quantiles {levels}, but the forecast is that of "
            "0.5. Put it among its quantiles."
        )
    return tuple(levels)
