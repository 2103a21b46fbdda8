"""Random shocks, and noise whose steps depend on each other."""

import numpy as np

from sklstm._synthetic.mixture import some, standardized

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
