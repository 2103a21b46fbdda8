"""Trends: the slow part of a series. Time runs from 0 to 1."""

import numpy as np

from sklstm._synthetic.calendar import spans_years
from sklstm._synthetic.mixture import mixture, standardized
from sklstm._synthetic.noise import arma, random_walk


def trends(random, n_series, n_timesteps, season_length):
    """Draw a trend for each series.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of the season. Over years, most series have a trend; over days, few.

    Returns
    -------
    trends : ndarray of shape (n_series, n_timesteps)
        Trends that change by about 1 from start to end.
    """
    shares = OVER_YEARS if spans_years(season_length) else OVER_DAYS
    return mixture(random, n_series, shares, n_timesteps)


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
    """Draw the growth from start to end, more often positive, (n_series, 1)."""
    sizes = random.lognormal(0, 0.7, (n_series, 1))
    return random.normal(0.3, 1, (n_series, 1)) * sizes


OVER_YEARS = {
    constant: 0.1,
    linear: 0.22,
    damped: 0.1,
    piecewise: 0.16,
    wandering: 0.12,
    smooth: 0.18,
    quadratic: 0.06,
    logistic: 0.06,
}
OVER_DAYS = {
    constant: 0.6,
    linear: 0.06,
    damped: 0.04,
    piecewise: 0.08,
    wandering: 0.09,
    smooth: 0.07,
    quadratic: 0.03,
    logistic: 0.03,
}
