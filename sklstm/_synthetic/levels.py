"""The level and the unit of a series. Most series of the world are positive."""

import numpy as np

from sklstm._synthetic.mixture import log_uniform


def with_levels(random, series):
    """Convert series around 0 to series with a level, in units of different sizes.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    series : ndarray of shape (n_series, n_timesteps)
        Series of any scale.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        In half of them, the variance grows with the level. Most others are moved up to
        a positive level and cut off near 0. The rest stays around 0.
    """
    centered = series - series.mean(axis=1, keepdims=True)
    spread = series.std(axis=1, keepdims=True) + 1e-6
    chosen = random.random(len(series))
    multiplied, moved = chosen < 0.5, (chosen >= 0.5) & (chosen < 0.9)
    levelled = series.copy()
    levelled[multiplied] = multiplicative(
        random, centered[multiplied], spread[multiplied]
    )
    levelled[moved] = additive(random, centered[moved], spread[moved])
    return levelled * log_uniform(random, 1, 10_000, spread.shape)


def multiplicative(random, series, spread):
    """Return series whose variance grows with their level.

    They are inverse Box-Cox transforms. With a power of 0, growth is exponential; with
    powers up to 1, it is slower.
    """
    size = np.minimum(random.lognormal(-1.6, 0.8, spread.shape), 1)
    scaled = np.clip(series / np.maximum(spread, 0.3) * size, -6, 6)
    power = random.uniform(0, 1, spread.shape)
    power[random.random(spread.shape) < 0.4] = 0
    powered = np.maximum(1 + power * scaled, 0.05) ** (1 / np.maximum(power, 0.05))
    return np.where(power < 0.05, np.exp(scaled), powered)


def additive(random, series, spread):
    """Return series on a level of 1.5 to 30 times their spread, cut off below it."""
    level = spread * log_uniform(random, 1.5, 30, spread.shape)
    return np.maximum(series + level, 0.02 * level)
