"""Made-up series of all kinds, for one length of the season."""

import numpy as np

from sklstm._synthetic.counts import as_counts
from sklstm._synthetic.disturbances import disturbances
from sklstm._synthetic.gaussian_processes import gaussian_processes
from sklstm._synthetic.levels import with_levels
from sklstm._synthetic.mixture import mixture, some
from sklstm._synthetic.noise import noise
from sklstm._synthetic.seasons import related_lengths, seasons
from sklstm._synthetic.smoothing import smoothing_series
from sklstm._synthetic.trends import trends

# Seasons of days within weeks, and of times within days, have longer seasons as well.
STEPS_PER_YEAR = {5: 261, 7: 365}
STEPS_PER_DAY = (24, 48, 96, 144, 288, 1440)
# Share of series that are counts.
COUNTS = 0.06


def synthetic_series(random, n_series, n_timesteps, season_length):
    """Draw series of many kinds.

    Most series are sums of a trend, a season and noise, or follow a state space model
    of exponential smoothing; some are Gaussian processes. A part of them have level
    shifts, outliers or temporary changes. Most are positive, some are counts.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of the season: 12 for months, 24 for hours. If 1, there is none.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        Finite values, as float64.
    """
    series = mixture(random, n_series, KINDS, n_timesteps, season_length)
    steps = np.diff(series, axis=1) if n_timesteps > 1 else np.zeros((n_series, 1))
    size = 0.8 * steps.std(axis=1, keepdims=True) + 0.05
    series = series + size * disturbances(random, n_series, n_timesteps)
    series = with_levels(random, series)
    rows = np.flatnonzero(some(random, COUNTS, n_series))
    series[rows] = as_counts(random, series[rows])
    return series


def structural_series(random, n_series, n_timesteps, season_length):
    """Draw sums of a trend, one or two seasons and noise."""
    shape = n_series, n_timesteps
    sizes = random.lognormal([0, -0.7, -1.2, -1.3], [0.8, 0.9, 0.7, 0.9], (n_series, 4))
    trend, season, second, error = sizes.T[:, :, None]
    series = trend * trends(random, *shape) + error * noise(random, *shape)
    if season_length == 1:
        # A cycle of some other length.
        length = random.integers(3, 30)
        share = some(random, 0.15, n_series)
        return series + share * season * seasons(random, *shape, length)
    rows = np.flatnonzero(some(random, 0.78, n_series))
    series[rows] += season[rows] * seasons(
        random, len(rows), n_timesteps, season_length
    )
    for length, share in further_seasons(random, season_length).items():
        rows = np.flatnonzero(some(random, share, n_series))
        series[rows] += second[rows] * seasons(random, len(rows), n_timesteps, length)
    return series


def further_seasons(random, season_length):
    """Return the lengths of other seasons, and the shares of series that have them."""
    related = int(random.choice(related_lengths(season_length)))
    shares = {related: 0.12}
    if season_length in STEPS_PER_YEAR:
        shares[STEPS_PER_YEAR[season_length]] = 0.25
    elif season_length in STEPS_PER_DAY:
        shares[7 * season_length] = 0.25
    return shares


KINDS = {smoothing_series: 0.55, structural_series: 0.39, gaussian_processes: 0.06}
