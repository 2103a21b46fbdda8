"""What happens to a series from outside: shifts, temporary changes and outliers."""

import numpy as np

from sklstm._synthetic.calendar import spans_years
from sklstm._synthetic.mixture import some


def disturbances(random, n_series, n_timesteps, season_length):
    """Draw the disturbances of each series; most have none.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of the season. Over years, more changes last; over days, more end.

    Returns
    -------
    disturbances : ndarray of shape (n_series, n_timesteps)
        What is added to series whose random part has a standard deviation of 1.
    """
    shape = n_series, n_timesteps
    lasting, passing = (0.15, 0.06) if spans_years(season_length) else (0.1, 0.15)
    return (
        some(random, lasting, n_series) * level_shifts(random, *shape)
        + some(random, passing, n_series) * bumps(random, *shape)
        + some(random, 0.2, n_series) * outliers(random, *shape)
    )


def level_shifts(random, n_series, n_timesteps):
    """Draw one change of the level for each series."""
    start = random.uniform(size=(n_series, 1))
    size = random.normal(0, 2, (n_series, 1))
    return size * (np.linspace(0, 1, n_timesteps) > start)


def bumps(random, n_series, n_timesteps):
    """Draw one change of the level that ends after some time for each series."""
    start = random.uniform(size=(n_series, 1))
    end = start + random.uniform(0.02, 0.12, (n_series, 1))
    time = np.linspace(0, 1, n_timesteps)
    return random.normal(0, 3, (n_series, 1)) * ((time > start) & (time < end))


def outliers(random, n_series, n_timesteps):
    """Draw large errors at single steps."""
    share = random.uniform(0.002, 0.03, (n_series, 1))
    hit = random.random((n_series, n_timesteps)) < share
    errors = np.zeros(hit.shape)
    errors[hit] = random.normal(0, 5, hit.sum())
    return errors


def outages(random, n_series, n_timesteps):
    """Choose the steps of one to three outages of each series, as booleans."""
    steps = np.arange(n_timesteps)
    closed = np.zeros((n_series, n_timesteps), dtype=bool)
    for share in (1, 0.5, 0.3):
        start = random.uniform(0, n_timesteps, (n_series, 1))
        end = start + random.geometric(0.2, (n_series, 1))
        closed |= some(random, share, n_series) & (steps >= start) & (steps < end)
    return closed


def with_regimes(random, series, changes):
    """Replace the last part of some series by that of another series.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    series : ndarray of shape (n_series, n_timesteps)
        Series of similar scales.
    changes : bool ndarray of shape (n_series, 1)
        Series that change.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        The series. In most of those that change, the new part begins at the level at
        which the old one ended.
    """
    rows = np.flatnonzero(changes)
    n_timesteps = series.shape[1]
    start = random.integers(0, n_timesteps, len(rows))
    old, new = series[rows], np.roll(series, 1, axis=0)[rows]
    each = np.arange(len(rows))
    jump = random.random(len(rows)) < 0.3
    new -= np.where(jump, 0, new[each, start] - old[each, start])[:, None]
    changed = series.copy()
    changed[rows] = np.where(np.arange(n_timesteps) < start[:, None], old, new)
    return changed
