"""Sums of a trend, a level that returns to its mean, seasons and noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sklstm._synthetic.calendar import spans_years, steps_per_day
from sklstm._synthetic.mixture import some
from sklstm._synthetic.noise import mean_reverting, noise
from sklstm._synthetic.seasons import day_profiles, related_lengths, seasons
from sklstm._synthetic.trends import trends

# Spread of the sizes of a part among series, on a logarithmic scale.
SPREAD = 0.9


@dataclass(frozen=True)
class Part:
    """One part of a sum.

    Parameters
    ----------
    maker : callable
        Function ``maker(random, n_series, n_timesteps, *args)``, which returns arrays
        of shape (n_series, n_timesteps) of a standard deviation of about 1.
    share : float
        Share of series that have the part.
    size : float
        Typical standard deviation of the part.
    args : tuple, default=()
        Further arguments of `maker`.
    """

    maker: Callable
    share: float
    size: float
    args: tuple = ()


def structural_series(random, n_series, n_timesteps, season_length):
    """Draw sums of a trend, a level that returns to its mean, seasons and noise.

    Returns
    -------
    series : ndarray of shape (n_series, n_timesteps)
        Series around 0.
    """
    series = np.zeros((n_series, n_timesteps))
    for part in _parts(random, season_length):
        rows = np.flatnonzero(some(random, part.share, n_series))
        sizes = part.size * random.lognormal(0, SPREAD, (len(rows), 1))
        series[rows] += sizes * part.maker(random, len(rows), n_timesteps, *part.args)
    return series


def _parts(random, season_length):
    """Return the parts that series with this season may have."""
    if spans_years(season_length):
        parts = [
            Part(noise, 1, 0.27),
            Part(trends, 1, 2, (season_length,)),
            Part(mean_reverting, 0.15, 0.5, (1 / 3,)),
        ]
    else:
        # Parts of a day are mostly physical quantities, such as temperatures, which
        # wander more than what people do each day.
        wandering = 0.5 if steps_per_day(season_length) > 1 else 0.3
        parts = [
            Part(noise, 1, 0.35),
            Part(trends, 1, 0.4, (season_length,)),
            Part(mean_reverting, 0.7, wandering),
        ]
    if season_length == 1:
        # A cycle of some other length.
        return [*parts, Part(seasons, 0.15, 0.5, (int(random.integers(3, 30)),))]
    related = int(random.choice(related_lengths(season_length)))
    parts += [
        Part(seasons, 0.85, 0.6, (season_length,)),
        Part(seasons, 0.12, 0.3, (related,)),
    ]
    if not spans_years(season_length) and steps_per_day(season_length) > 1:
        parts.append(Part(day_profiles, 0.3, 0.5, (season_length,)))
    return parts
