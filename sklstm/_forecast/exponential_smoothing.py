"""Exponential smoothing of many series at once, in several settings."""

from typing import NamedTuple

import numpy as np

# The settings: smoothing parameters of the level (alpha), of the trend relative to the
# level (beta) and of the season (gamma), and the damping of the trend (phi). Without
# beta there is no trend; without gamma, no season.
ALPHA = [0.1, 0.3, 0.7, 0.3, 0.6, 0.15, 0.3, 0.8, 0.5, 0.3, 0.03, 0.06]
BETA = [0, 0, 0, 0.05, 0.1, 0.02, 0, 0, 0.1, 0.03, 0, 0.1]
PHI = [0, 0, 0, 0.9, 0.95, 1, 0, 0, 0.9, 1, 0, 1]
GAMMA = [0.1, 0.15, 0.2, 0.15, 0.15, 0.05, 0, 0, 0, 0, 0.06, 0.1]
N_SETTINGS = len(ALPHA)
# Names of the settings, such as "0.3 trend season".
SETTINGS = tuple(
    f"{alpha}{' trend' if beta else ''}{' season' if gamma else ''}"
    for alpha, beta, gamma in zip(ALPHA, BETA, GAMMA, strict=True)
)
# The first seasons of a series, from which its initial season is estimated.
N_FIRST_SEASONS = 3


class Smoothed(NamedTuple):
    """States of the exponential smoothing of series before an origin."""

    origin: int  # position of the first step to forecast
    level: np.ndarray  # (n_settings, n_series)
    trend: np.ndarray  # (n_settings, n_series)
    season: np.ndarray  # (season_length, n_settings, n_series), by position modulo s

    def forecasts(self, horizon):
        """Forecast the next steps, (horizon, n_settings, n_series).

        The forecast of step h is ``level + (phi + ... + phi**h) * trend + season``.
        """
        steps = np.arange(1, horizon + 1)[:, None]
        powers = _column(PHI, self.trend.dtype).T ** steps
        sums = np.cumsum(powers, axis=0, dtype=self.trend.dtype)[:, :, None]
        steps = (self.origin + np.arange(horizon)) % len(self.season)
        return self.level + sums * self.trend + self.season[steps]

    def select(self, series):
        """Return the states of some of the series."""
        return Smoothed(self.origin, *(part[..., series] for part in self[1:]))


def smooth(values, first, season_length, origins):
    """Smooth series exponentially, and return their states before some origins [1]_.

    The equations of a step are, with the error ``e = y - (l + phi b + s)``:

    - level: ``l <- l + phi b + alpha e``,
    - trend: ``b <- phi b + alpha beta e``,
    - season of this step: ``s <- s + gamma (1 - alpha) e``.

    The first level is the mean of the first values without their season. The first
    trend is 0. The first season is the mean of the first three seasons, each without
    its mean and without the growth from the first season to the second. Series of fewer
    than two seasons have no season.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps, n_series)
        Values. Those before the first step of a series are ignored. The states have the
        dtype of the values.
    first : ndarray of int of shape (n_series,)
        Position of the first step of each series.
    season_length : int
        Number of steps of a season; 1 for no season.
    origins : sequence of int
        Increasing positions of first steps to forecast. The last one may be
        `n_timesteps`.

    Returns
    -------
    states : list of Smoothed
        States of all settings before each origin.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, "Forecasting with
       Exponential Smoothing: The State Space Approach", Springer 2008, chapter 2.
    """
    dtype = values.dtype
    alpha, beta, gamma, phi = (_column(p, dtype) for p in (ALPHA, BETA, GAMMA, PHI))
    alpha_beta = alpha * beta
    season = initial_season(values, first, season_length)[:, None] * (gamma > 0)
    has_season = (len(values) - first >= 2 * season_length) & (season_length > 1)
    gamma = gamma * (1 - alpha) * has_season
    level = initial_level(values, first, season)
    trend, error, change = (np.zeros_like(level) for _ in range(3))
    states, start, last_start = [], int(first.min()), int(first.max())
    for step in range(start, int(origins[-1])):
        while step >= origins[len(states)]:
            states.append(_copy(origins[len(states)], level, trend, season))
        of_step = season[step % season_length]
        trend *= phi
        level += trend
        np.subtract(values[step], level, out=error)
        error -= of_step
        if step < last_start:
            error *= step >= first
        level += np.multiply(alpha, error, out=change)
        trend += np.multiply(alpha_beta, error, out=change)
        of_step += np.multiply(gamma, error, out=change)
    while len(states) < len(origins):
        states.append(_copy(origins[len(states)], level, trend, season))
    return states


def initial_season(values, first, season_length):
    """Estimate the season of the first steps, (season_length, n_series).

    The season of a step is at its position modulo `season_length`.
    """
    n_timesteps, n_series = values.shape
    season = np.zeros((season_length, n_series), values.dtype)
    if season_length == 1:
        return season
    steps = first + np.arange(N_FIRST_SEASONS * season_length)[:, None]
    shape = N_FIRST_SEASONS, season_length, n_series
    is_whole = (steps < n_timesteps).reshape(shape).all(axis=1)
    is_whole[0] &= is_whole[1]  # one season may be a trend
    seasons = np.take_along_axis(values, np.minimum(steps, n_timesteps - 1), axis=0)
    seasons = seasons.reshape(shape)
    means = seasons.mean(axis=1)
    growth = np.where(is_whole[1], (means[1] - means[0]) / season_length, 0)
    line = growth * (np.arange(season_length)[:, None] - (season_length - 1) / 2)
    total = ((seasons - means[:, None] - line) * is_whole[:, None]).sum(axis=0)
    mean = total / np.maximum(is_whole.sum(axis=0), 1)
    places = (first + np.arange(season_length)[:, None]) % season_length
    np.put_along_axis(season, places, mean.astype(values.dtype), axis=0)
    return season


def initial_level(values, first, season):
    """Return the mean of the first values without season, (n_settings, n_series)."""
    season_length = len(season)
    n_first = int(np.clip(2 * season_length, 2, 12))
    steps = first + np.arange(n_first)[:, None]
    is_known = steps < len(values)
    rows = np.take_along_axis(values, np.minimum(steps, len(values) - 1), axis=0)
    series = np.arange(values.shape[1])
    # Advanced indices come first: (n_first, n_series, n_settings).
    seasons = season[steps % season_length, :, series]
    total = ((rows[:, :, None] - seasons) * is_known[:, :, None]).sum(axis=0)
    return (total / is_known.sum(axis=0)[:, None]).T.astype(values.dtype)


def _column(numbers, dtype):
    """Return numbers of the settings as a column."""
    return np.array(numbers, dtype)[:, None]


def _copy(origin, *parts):
    """Return a copy of the current states."""
    return Smoothed(origin, *(part.copy() for part in parts))
