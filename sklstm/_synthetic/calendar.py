"""What the length of a season says about the dates of a series."""

import numpy as np

# Lengths of seasons that last a year. All other seasons last a week or a day.
PER_YEAR = (1, 2, 3, 4, 6, 12, 13, 26, 52, 53)
DAYS_PER_WEEK = (5, 7)
# Range of random first days.
FIRST, LAST = np.datetime64("1990-01-01"), np.datetime64("2030-01-01")


def spans_years(season_length):
    """Return whether a season lasts a year, so that a series lasts for years."""
    return season_length in PER_YEAR


def steps_per_day(season_length):
    """Return the number of steps per day of a season that lasts a day or a week."""
    return 1 if season_length in DAYS_PER_WEEK else season_length


def days_of_steps(random, n_series, n_timesteps, season_length, first_day=None):
    """Return the days to which the steps of each series belong.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of the random numbers.
    n_series, n_timesteps : int
        Number of series and of time steps.
    season_length : int
        Length of a season that lasts a day or a week. With 5, the days are business
        days.
    first_day : datetime64 or None, default=None
        Day of the first step. If None, each series begins on a random day.

    Returns
    -------
    days : ndarray of shape (n_series, n_timesteps), dtype datetime64[D]
        Days.
    """
    if first_day is None:
        first_days = FIRST + random.integers(0, (LAST - FIRST).astype(int), n_series)
    else:
        first_days = np.full(n_series, first_day, dtype="datetime64[D]")
    steps = np.arange(n_timesteps) // steps_per_day(season_length)
    if season_length == 5:
        return np.busday_offset(first_days[:, None], steps, roll="forward")
    return first_days[:, None] + steps


def weekdays(days):
    """Return the day of the week, from Monday, 0, to Sunday, 6."""
    # Day 0, in 1970, was a Thursday.
    return (days.astype(int) + 3) % 7


def days_of_month(days):
    """Return the day of the month from 0, and the same from the month's end."""
    months = days.astype("datetime64[M]")
    from_start = (days - months.astype("datetime64[D]")).astype(int)
    from_end = ((months + 1).astype("datetime64[D]") - days).astype(int) - 1
    return from_start, from_end


def days_of_year(days):
    """Return the day of the year, from 0."""
    return (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
