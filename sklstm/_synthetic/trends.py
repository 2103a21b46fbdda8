"""Trends: the slow part of a series. Time runs from 0 to 1."""

import numpy as np

from sklstm._synthetic.mixture import mixture, standardized
from sklstm._synthetic.noise import arma, random_walk


def trends(random, n_series, n_timesteps):
    """Draw a trend for each series.

    Returns
    -------
    trends : ndarray of shape (n_series, n_timesteps)
        Trends that change by about 1 from start to end.
    """
    return mixture(random, n_series, TRENDS, n_timesteps)


def constant(_, n_series, n_timesteps):
    """Return trends that stay at 0."""
    return np.zeros((n_series, n_timesteps))


def linear(random, n_series, n_timesteps):
    """Draw straight lines."""
    return growth(random, n_series) * np.linspace(0, 1, n_timesteps)


def damped(random, n_series, n_timesteps):
    """Draw trends that grow less and less."""
    duration = random.uniform(0.05, 0.6, (n_series, 1))
    time = np.linspace(0, 1, n_timesteps)
    return growth(random, n_series) * (1 - np.exp(-time / duration))


def piecewise(random, n_series, n_timesteps):
    """Draw lines that change their direction three times."""
    lines = linear(random, n_series, n_timesteps)
    for _ in range(3):
        knot = random.uniform(size=(n_series, 1))
        change = random.normal(0, 1.5, (n_series, 1))
        lines += change * np.maximum(0, np.linspace(0, 1, n_timesteps) - knot)
    return lines


def wandering(random, n_series, n_timesteps):
    """Draw random walks with a drift."""
    size = random.lognormal(0, 0.5, (n_series, 1))
    drift = 0.5 * linear(random, n_series, n_timesteps)
    return size * random_walk(random, n_series, n_timesteps) + drift


def smooth(random, n_series, n_timesteps):
    """Draw trends whose growth wanders."""
    persistence = random.uniform(0.7, 0.995, n_series)
    steps = random.normal(size=(n_series, n_timesteps))
    rates = standardized(arma(steps, persistence, np.zeros(n_series)))
    size = random.lognormal(0, 0.5, (n_series, 1)) * 3 / n_timesteps
    drift = 0.5 * linear(random, n_series, n_timesteps)
    return size * np.cumsum(rates, axis=1) + drift


def quadratic(random, n_series, n_timesteps):
    """Draw parabolas."""
    top = random.uniform(size=(n_series, 1))
    bend = random.normal(0, 1.5, (n_series, 1))
    line = linear(random, n_series, n_timesteps)
    return line + bend * (np.linspace(0, 1, n_timesteps) - top) ** 2


def logistic(random, n_series, n_timesteps):
    """Draw S-shaped trends, from one level to another."""
    middle = random.uniform(0, 1.2, (n_series, 1))
    speed = random.uniform(4, 15, (n_series, 1))
    time = np.linspace(0, 1, n_timesteps)
    return 2 * growth(random, n_series) / (1 + np.exp(-speed * (time - middle)))


def growth(random, n_series):
    """Draw the growth from start to end, of either sign, (n_series, 1)."""
    sizes = random.lognormal(0, 0.7, (n_series, 1))
    return random.normal(size=(n_series, 1)) * sizes


TRENDS = {
    constant: 0.2,
    linear: 0.16,
    damped: 0.1,
    piecewise: 0.12,
    wandering: 0.14,
    smooth: 0.14,
    quadratic: 0.08,
    logistic: 0.06,
}
