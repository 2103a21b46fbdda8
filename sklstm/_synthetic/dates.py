"""Dates as people write them."""

import datetime as dt

import numpy as np

# Days of the dates: two digits of a year mean one year.
FIRST_DAY, LAST_DAY = dt.date(1950, 1, 1), dt.date(2049, 12, 31)
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
WEEKDAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
# In dates of digits only, the year comes first or the day does.
FORMATS = (
    "{d} {month} {y}",
    "{month} {d}, {y}",
    "{month} {d}{th}, {y}",
    "{d}{th} of {month} {y}",
    "{weekday}, {d} {month} {y}",
    "{weekday:.3}, {month:.3} {d} {y}",
    "{d} {month:.3} {y}",
    "{d:02}-{month:.3}-{yy:02}",
    "{d:02}/{m:02}/{yy:02}",
    "{d}.{m}.{y}",
    "{y}/{m:02}/{d:02}",
    "{y}{m:02}{d:02}",
)


def draw_dates(random, n_dates):
    """Draw dates, and write each of them in a format drawn at random.

    Parameters
    ----------
    random : numpy.random.RandomState
        Source of the random numbers.
    n_dates : int
        Number of dates.

    Returns
    -------
    written : list of str
        The dates as people write them.
    iso : list of str
        The same dates, as in "2026-03-03".
    """
    n_days = (LAST_DAY - FIRST_DAY).days + 1
    days = random.randint(n_days, size=n_dates).tolist()
    formats = np.array(FORMATS)[random.randint(len(FORMATS), size=n_dates)].tolist()
    dates = [FIRST_DAY + dt.timedelta(day) for day in days]
    written = [write(date, form) for date, form in zip(dates, formats, strict=True)]
    return written, [date.isoformat() for date in dates]


def write(date, form):
    """Write a date in one of `FORMATS`."""
    return form.format(
        d=date.day,
        th=ordinal_suffix(date.day),
        m=date.month,
        month=MONTHS[date.month - 1],
        weekday=WEEKDAYS[date.weekday()],
        y=date.year,
        yy=date.year % 100,
    )


def ordinal_suffix(number):
    """Return the suffix of an ordinal number, as in "1st"."""
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
