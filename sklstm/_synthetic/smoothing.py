"""Series of the state space models behind exponential smoothing."""

import numpy as np

from sklstm._synthetic.calendar import spans_years
from sklstm._synthetic.mixture import log_uniform, some
from sklstm._synthetic.noise import shocks
from sklstm._synthetic.seasons import seasons


def smoothing_series(random, n_series, n_timesteps, season_length):
    """Draw series from innovations state space models with random parameters [1]_.

    With the level l, the growth b, the season s of length m and the shock e, each
    series follows::

        y[t] = l[t-1] + phi b[t-1] + s[t-m] + e[t]
        l[t] = l[t-1] + phi b[t-1] + drift + alpha e[t]
        b[t] = phi b[t-1] + alpha beta e[t]
        s[t] = s[t-m] + gamma e[t]

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of the season. If 1, there is none.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        The series. Shocks have a standard deviation of about 1.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, "Forecasting with
       Exponential Smoothing: The State Space Approach", Springer, 2008.
    """
    alpha, beta, gamma, phi = _rates(random, n_series, season_length)
    drift, growth = _growth(random, n_series, season_length)
    level = np.zeros(n_series)
    season = _first_season(random, n_series, season_length)
    # Steps first, so that all series of one step lie side by side in memory.
    series = shocks(random, n_series, n_timesteps).T.copy()
    for step in range(n_timesteps):
        shock = series[step].copy()
        growth *= phi
        level += growth
        series[step] += level + season[step % season_length]
        level += drift + alpha * shock
        growth += alpha * beta * shock
        if season_length > 1:
            season[step % season_length] += gamma * shock
    return series.T


def _rates(random, n_series, season_length):
    """Draw alpha, beta, gamma and phi of each series."""
    # Over years, levels move away; over days, most of them hardly move.
    if spans_years(season_length):
        quick = random.random(n_series) < 0.6
        alpha = np.where(
            quick, random.uniform(size=n_series), random.beta(1, 4, n_series)
        )
        growing = random.random(n_series) < 0.5
    else:
        alpha = log_uniform(random, 0.003, 0.5, n_series)
        growing = random.random(n_series) < 0.15
    beta = random.beta(1, 6, n_series) * growing
    gamma = log_uniform(random, 0.003, 0.4, n_series) * (1 - alpha)
    phi = random.uniform(0.75, 0.995, n_series)
    # Undamped growth only where it changes slowly.
    undamped = random.random(n_series) < 0.3
    phi[undamped] = np.where(beta[undamped] > 0.1, 0.95, 1)
    return alpha, beta, gamma, phi


def _growth(random, n_series, season_length):
    """Draw the lasting growth per step, and the passing growth before the first one."""
    share, size = (0.6, 1) if spans_years(season_length) else (0.2, 0.15)
    drift = random.normal(0.3, 1, n_series) * random.lognormal(-2.5, 1.2, n_series)
    passing = random.normal(0, 0.15, n_series)
    drawn = size * np.stack([drift, passing])
    return drawn * (random.random((2, n_series)) < share)


def _first_season(random, n_series, season_length):
    """Draw the season before the first step, (season_length, n_series)."""
    if season_length == 1:
        return np.zeros((1, n_series))
    size = some(random, 0.8, n_series) * random.lognormal(0.7, 1, (n_series, 1))
    return (size * seasons(random, n_series, season_length, season_length)).T.copy()
