"""Seasons: patterns that repeat and change slowly."""

import numpy as np

from sklstm._synthetic.mixture import mixture, some, standardized
from sklstm._synthetic.noise import mean_reverting


def seasons(random, n_series, n_timesteps, season_length):
    """Draw a season for each series.

    In some series, the pattern changes slowly into another one, or its amplitude grows,
    shrinks or differs from season to season.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Number of steps after which the pattern repeats, at least 2.

    Returns
    -------
    seasons : ndarray of shape (n_series, n_timesteps)
        Seasons with a mean of 0 and a standard deviation of 1 over whole seasons.
    """
    first, last = patterns(random, n_series, season_length).swapaxes(0, 1)
    steps = np.arange(n_timesteps) % season_length
    time = np.linspace(0, 1, n_timesteps)
    change = some(random, 0.3, n_series) * random.uniform(0, 1, (n_series, 1)) * time
    growth = some(random, 0.4, n_series) * random.uniform(-0.7, 0.7, (n_series, 1))
    season = first[:, steps]
    season += change * (last - first)[:, steps]
    season *= np.exp(growth * (time - 0.5))
    rows = np.flatnonzero(some(random, 0.3, n_series))
    season[rows] *= _amplitudes(random, len(rows), n_timesteps, season_length)
    return season


def _amplitudes(random, n_series, n_timesteps, season_length):
    """Draw an amplitude around 1 for each season, (n_series, n_timesteps)."""
    n_seasons = -(-n_timesteps // season_length)
    size = random.uniform(0, 0.6, (n_series, 1))
    amplitudes = np.exp(size * mean_reverting(random, n_series, n_seasons))
    return np.repeat(amplitudes, season_length, axis=1)[:, :n_timesteps]


def day_profiles(random, n_series, n_timesteps, steps_per_day):
    """Draw the course of workdays and another course for the two days of a weekend.

    Returns
    -------
    seasons : ndarray of shape (n_series, n_timesteps)
        Courses with a period of seven days, which begin at a random day.
    """
    workday, other = patterns(random, n_series, steps_per_day).swapaxes(0, 1)
    share, level = random.uniform(0, 1, n_series), random.normal(0, 0.8, n_series)
    weekend = workday + share[:, None] * (other - workday) + level[:, None]
    steps = np.arange(n_timesteps)
    days = steps // steps_per_day + random.integers(0, 7, (n_series, 1))
    steps = steps % steps_per_day
    return np.where(days % 7 < 5, workday[:, steps], weekend[:, steps])


def patterns(random, n_series, season_length):
    """Draw two patterns of one kind for each series, (n_series, 2, season_length)."""
    shares = SHORT if season_length <= LONGEST_SHORT else LONG
    drawn = mixture(random, n_series, shares, season_length)
    return standardized(drawn - drawn.mean(axis=2, keepdims=True))


def waves(random, n_series, season_length):
    """Draw sums of harmonics, whose amplitudes fall with the frequency."""
    frequencies = np.arange(1, season_length // 2 + 1)
    lowest = 0 if season_length <= LONGEST_SHORT else 0.7
    decay = random.uniform(lowest, 2.5, (n_series, 1, 1))
    shape = (n_series, 2, len(frequencies))
    phases = np.exp(2j * np.pi * random.random(shape))
    amplitudes = np.zeros((n_series, 2, len(frequencies) + 1), dtype=complex)
    amplitudes[:, :, 1:] = random.normal(size=shape) * frequencies**-decay * phases
    return np.fft.irfft(amplitudes, season_length, norm="forward")


def peaks(random, n_series, season_length):
    """Draw patterns in which only a few steps differ from the others."""
    share = random.uniform(0.08, 0.5, (n_series, 1, 1))
    shape = (n_series, 2, season_length)
    return random.normal(size=shape) * (random.random(shape) < share)


def unrelated(random, n_series, season_length):
    """Draw patterns without any relation between steps."""
    return random.normal(size=(n_series, 2, season_length))


# In long seasons, such as the hours of a day, most neighboring steps are similar.
LONGEST_SHORT = 12
SHORT = {waves: 0.34, peaks: 0.33, unrelated: 0.33}
LONG = {waves: 0.68, peaks: 0.22, unrelated: 0.1}


def related_lengths(season_length):
    """Return lengths of further seasons: parts and multiples of the main one."""
    parts = [season_length // part for part in (4, 3, 2) if season_length >= 2 * part]
    return [*parts, 2 * season_length, 4 * season_length]
