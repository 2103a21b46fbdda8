"""Random shocks, and noise whose steps depend on each other."""

import numpy as np

from sklstm._synthetic.mixture import log_uniform, some, standardized

# Degrees of freedom of the heavy-tailed shocks, and where they are cut off.
DEGREES, LARGEST = 3.5, 12


def shocks(random, n_series, n_timesteps):
    """Draw independent shocks: normal or heavy-tailed, some of changing variance.

    Returns
    -------
    shocks : ndarray of shape (n_series, n_timesteps)
        Shocks around 0, of variance about 1.
    """
    drawn = random.normal(size=(n_series, n_timesteps))
    rows = np.flatnonzero(some(random, 0.25, n_series))
    heavy = random.standard_t(DEGREES, size=(len(rows), n_timesteps))
    drawn[rows] = np.clip(heavy, -LARGEST, LARGEST)
    rows = np.flatnonzero(some(random, 0.2, n_series))
    drawn[rows] *= np.exp(0.8 * random_walk(random, len(rows), n_timesteps))
    return drawn


def random_walk(random, n_series, n_timesteps):
    """Draw random walks from 0, which have a variance of 1 at the end."""
    steps = random.normal(size=(n_series, n_timesteps))
    return np.cumsum(steps, axis=1) / np.sqrt(n_timesteps)


def mean_reverting(random, n_series, n_timesteps, longest=1.0):
    """Draw processes that wander and return to 0, at different speeds.

    Half of them are smooth, such as the temperature of a heavy body.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    longest : float, default=1.0
        Longest time after which a process has returned by 63 %, as a share of the
        series.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        Processes of variance about 1; that of smooth ones is lower.
    """
    durations = log_uniform(random, 1, max(2, longest * n_timesteps), n_series)
    ar = np.exp(-1 / durations)
    # The process has no beginning: steps before the first one are dropped.
    n_before = n_timesteps // 2
    drawn = random.normal(size=(n_series, n_before + n_timesteps))
    drawn[:, 1:] *= np.sqrt(1 - ar[:, None] ** 2)
    drawn = arma(drawn, ar, np.zeros(n_series))
    rows = np.flatnonzero(some(random, 0.5, n_series))
    lag = ar[rows] ** random.uniform(2, 20, len(rows))
    drawn[rows] = arma(drawn[rows] * (1 - lag[:, None]), lag, np.zeros(len(rows)))
    return drawn[:, n_before:]


def arma(shocks, ar, ma):
    """Filter shocks: ``y[t] = ar * y[t - 1] + shocks[t] + ma * shocks[t - 1]``.

    Parameters
    ----------
    shocks : ndarray of shape (n_series, n_timesteps)
        Independent shocks.
    ar, ma : ndarray of shape (n_series,)
        Coefficients of each series.

    Returns
    -------
    noise : ndarray of shape (n_series, n_timesteps)
        The filtered shocks.
    """
    # Steps first, so that all series of one step lie side by side in memory.
    filtered = shocks.T.copy()
    filtered[1:] += ma * shocks.T[:-1]
    for step in range(1, len(filtered)):
        filtered[step] += ar * filtered[step - 1]
    return filtered.T


def noise(random, n_series, n_timesteps):
    """Draw noise of variance 1, half of it with dependent steps."""
    ar = np.clip(random.normal(0.4, 0.4, n_series), -0.7, 0.97)
    ma = random.uniform(-0.7, 0.7, n_series)
    ar = np.where(random.random(n_series) < 0.5, 0, ar)
    ma = np.where(random.random(n_series) < 0.6, 0, ma)
    return standardized(arma(shocks(random, n_series, n_timesteps), ar, ma))
