"""Date features: sine and cosine of parts of the date."""

import numpy as np
import pandas as pd

# Attributes of dates: number of different values, and the smallest one.
PARTS = {
    "minute": (60, 0),
    "hour": (24, 0),
    "day_of_week": (7, 0),
    "day": (31, 1),
    "day_of_year": (366, 1),
    "month": (12, 1),
    "quarter": (4, 1),
}


def date_feature_columns(times, parts):
    """Compute date features on circles, so that December is next to January.

    Parameters
    ----------
    times : pandas.Index of shape (n_timesteps,)
        Dates or periods.
    parts : sequence of str
        Keys of :data:`PARTS`.

    Returns
    -------
    columns : ndarray of shape (n_timesteps, 2 * n_parts)
        A sine and a cosine for each part.

    Raises
    ------
    ValueError
        If a part is not a key of :data:`PARTS`, or if the times are not dates.
    """
    if not len(parts):
        return np.empty((len(times), 0))
    unknown = [part for part in parts if part not in list(PARTS)]
    if unknown:
        raise ValueError(
            f"date_features contains {unknown}, which are not parts of a date. Choose "
            f"from {list(PARTS)}."
        )
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        raise ValueError(
            f"date_features={parts!r} needs a y with dates or periods as its index, "
            f"got {times.dtype}. Pass y as a Series with such an index, or "
            "date_features=()."
        )
    columns = []
    for part in parts:
        n_steps, first = PARTS[part]
        numbers = getattr(times, part).to_numpy()
        angles = 2 * np.pi * (numbers - first) / n_steps
        columns += [np.sin(angles), np.cos(angles)]
    return np.stack(columns, axis=1)
