"""Effects of dates: the time of the year, holidays, the end of a month, closed days."""

import numpy as np

from sklstm._synthetic.calendar import days_of_month, days_of_year, weekdays
from sklstm._synthetic.mixture import some

DAYS_PER_YEAR = 365
# Largest number of holidays per year, and of days before and after that they change.
N_HOLIDAYS, AROUND = 8, 4


def calendar_effects(random, days):
    """Draw the effects of dates on each series; half of the series have none.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    days : ndarray of shape (n_series, n_timesteps), dtype datetime64[D]
        Day of each step.

    Returns
    -------
    effects : ndarray of shape (n_series, n_timesteps)
        What is added to series whose random part has a standard deviation of 1.
    """
    effects = np.zeros(days.shape)
    for effect, share in EFFECTS.items():
        rows = np.flatnonzero(some(random, share, len(days)))
        effects[rows] += effect(random, days[rows])
    return effects


def yearly_waves(random, days):
    """Draw smooth waves with a period of a year."""
    angles = days_of_year(days) * (2 * np.pi / DAYS_PER_YEAR)
    phases = random.uniform(0, 2 * np.pi, (2, len(days), 1))
    sizes = random.lognormal([[-0.5], [-1.2]], 0.7, (2, len(days)))[:, :, None]
    return sizes[0] * np.cos(angles + phases[0]) + sizes[1] * np.cos(
        2 * angles + phases[1]
    )


def holidays(random, days):
    """Draw the same changes on and around some days of each year."""
    rows = np.arange(len(days))[:, None]
    effects = np.zeros((len(days), DAYS_PER_YEAR + 1))
    dates = random.integers(0, DAYS_PER_YEAR, (len(days), N_HOLIDAYS))
    used = random.random((len(days), N_HOLIDAYS)) < random.uniform(
        0.2, 1, (len(days), 1)
    )
    sizes = used * random.normal(0, 3, (len(days), N_HOLIDAYS))
    # Days before a holiday differ from those after it.
    for sign in (-1, 1):
        decay = random.uniform(0, 0.8, (len(days), 1))
        share = random.normal(0, 0.5, (len(days), 1))
        for distance in range(1, AROUND + 1):
            near = (dates + sign * distance) % (DAYS_PER_YEAR + 1)
            effects[rows, near] += share * sizes * decay**distance
    effects[rows, dates] += sizes
    return effects[rows, days_of_year(days)]


def month_ends(random, days):
    """Draw changes at the start, in the middle or at the end of each month."""
    from_start, from_end = days_of_month(days)
    payday = random.integers(0, 28, (len(days), 1))
    distances = (from_start, from_end, (from_start - payday) % 30)
    chosen = random.integers(0, len(distances), (len(days), 1))
    duration = random.uniform(0.5, 5, (len(days), 1))
    size = random.normal(0, 1.5, (len(days), 1))
    return size * np.exp(-np.choose(chosen, distances) / duration)


EFFECTS = {yearly_waves: 0.25, holidays: 0.25, month_ends: 0.2}


def closures(random, days):
    """Draw days on which nothing happens: weekends, holidays; most series have none.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    days : ndarray of shape (n_series, n_timesteps), dtype datetime64[D]
        Day of each step.

    Returns
    -------
    closed : bool ndarray of shape (n_series, n_timesteps)
        Steps of closed days.
    """
    closed = np.zeros(days.shape, dtype=bool)
    rows = np.flatnonzero(some(random, 0.06, len(days)))
    first_closed = random.choice([5, 6], (len(rows), 1), p=[0.3, 0.7])
    closed[rows] = weekdays(days[rows]) >= first_closed
    rows = np.flatnonzero(some(random, 0.06, len(days)))
    dates = random.integers(0, DAYS_PER_YEAR, (len(rows), N_HOLIDAYS))
    closed[rows] |= (days_of_year(days[rows])[:, :, None] == dates[:, None]).any(axis=2)
    return closed
