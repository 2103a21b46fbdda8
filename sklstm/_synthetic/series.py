"""Made-up series of all kinds, for one length of the season."""

import numpy as np

from sklstm._synthetic.calendar import days_of_steps, spans_years
from sklstm._synthetic.calendar_effects import calendar_effects, closures
from sklstm._synthetic.counts import as_counts
from sklstm._synthetic.disturbances import disturbances, outages, with_regimes
from sklstm._synthetic.gaussian_processes import gaussian_processes
from sklstm._synthetic.levels import with_levels
from sklstm._synthetic.mixture import mixture, some
from sklstm._synthetic.smoothing import smoothing_series
from sklstm._synthetic.structural import structural_series

# Shares of series that are counts, that have outages, and that change their behavior.
COUNTS, OUTAGES, REGIMES = 0.07, 0.04, 0.06


def synthetic_series(random, n_series, n_timesteps, season_length, first_day=None):
    """Draw series of many kinds.

    Most series are sums of a trend, a season and noise, or follow a state space model
    of exponential smoothing; some are Gaussian processes. Series of months, quarters
    and years grow more often than those of days and hours, which return to their mean.
    A part of the series have level shifts, outliers, temporary changes, effects of
    dates, closed days or outages. Most are positive, some are counts.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of the season: 12 for months, 24 for hours. If 1, there is none. See
        :data:`~sklstm._synthetic.calendar.PER_YEAR` for the seasons that are years.
    first_day : datetime64 or None, default=None
        Day of the first step, of seasons that last a day or a week. If None, each
        series begins on a random day.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        Finite values, as float64.
    """
    shape = n_series, n_timesteps
    kinds = OVER_YEARS if spans_years(season_length) else OVER_DAYS
    series = mixture(random, n_series, kinds, n_timesteps, season_length)
    series = with_regimes(random, series, some(random, REGIMES, n_series))
    size = _shock_sizes(series)
    series += size * disturbances(random, *shape, season_length)
    closed = some(random, OUTAGES, n_series) & outages(random, *shape)
    if not spans_years(season_length):
        days = days_of_steps(random, *shape, season_length, first_day)
        series += size * calendar_effects(random, days)
        closed |= closures(random, days)
    series = with_levels(random, series)
    rows = np.flatnonzero(some(random, COUNTS, n_series))
    series[rows] = as_counts(random, series[rows])
    return np.where(closed & (series > 0), 0, series)


def _shock_sizes(series):
    """Estimate the standard deviation of the random part, (n_series, 1)."""
    changes = np.diff(series, axis=1, prepend=series[:, :1])
    return 0.8 * changes.std(axis=1, keepdims=True) + 0.05


OVER_YEARS = {smoothing_series: 0.52, structural_series: 0.42, gaussian_processes: 0.06}
OVER_DAYS = {smoothing_series: 0.3, structural_series: 0.63, gaussian_processes: 0.07}
