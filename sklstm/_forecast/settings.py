"""What a forecaster settles before it learns: logarithms, and the size of windows."""

from typing import NamedTuple

import numpy as np

from sklstm._forecast.baselines import N_DIFFERENCES
from sklstm._forecast.training_windows import n_lessons_to_split, n_readings


class Plan(NamedTuple):
    """What a forecaster has settled."""

    season_length: int  # steps of a cycle, 1 for none
    is_log: bool  # whether logarithms are forecast
    window_size: int
    naive: str | None = None  # what is to be corrected; None until it is chosen


def takes_logarithms(log, panel):
    """Decide whether to forecast logarithms: "auto" does if all readings have one."""
    if log == "auto":
        return all(np.nanmin(one.values) > 0 for one in panel.series)
    if log:
        check_positive(panel)
    return log


def check_positive(panel):
    """Raise unless every reading has a logarithm."""
    for one in panel.series:
        if np.nanmin(one.values) <= 0:
            raise ValueError(
                "Logarithms need positive readings, but y holds "
                f'{np.nanmin(one.values)}. Pass log=False, or log="auto", to fit.'
            )


def fitting_window_size(
    window_size, panel, *, season_length, horizon, reach, calibration_fraction
):
    """Find a window size that leaves lessons enough.

    Parameters
    ----------
    window_size : int or "auto"
        What the user asks for.
    panel : Panel
        The series to learn from.
    season_length : int
        Steps of a cycle, 1 for none.
    horizon : int
        Steps to forecast.
    reach : int
        How long windows must be at least.
    calibration_fraction : float or None
        Share of the windows to hold back.

    Returns
    -------
    window_size : int
        Of "auto" a cycle and the readings that tell growth, or a quarter more than the
        horizon; less for short series.

    Raises
    ------
    ValueError
        If all series are too short, or the windows.
    """
    n_lessons = 1
    if calibration_fraction is not None:
        n_lessons = n_lessons_to_split(horizon, calibration_fraction)
    longest = max(n_readings(one.values) for one in panel.series)
    n_left = longest - horizon - n_lessons + 1
    size = window_size
    if size == "auto":
        size = max(10, int(np.ceil(1.25 * horizon)))
        if season_length > 1:
            size = max(season_length + N_DIFFERENCES, reach)
        size = max(min(size, n_left), reach)
    if size > n_left:
        shorter = ' or strategy="recursive"' if reach > 1 else ""
        raise ValueError(
            f"y is too short: its longest series has {longest} readings, but "
            f"window_size={size}, horizon={horizon} and calibration_fraction="
            f"{calibration_fraction} need {longest + size - n_left}. Lower one of the "
            f"three, or pass calibration_fraction=None{shorter}."
        )
    if size < reach:
        raise ValueError(
            f"window_size={size} does not reach over the {reach} steps for which X is "
            'known ahead. Raise it, or pass strategy="recursive" to fit.'
        )
    return size
