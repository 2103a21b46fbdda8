"""The calendar as columns: what the date alone says of a step."""

import numpy as np
import pandas as pd

# Attributes of dates, with the steps of their cycle and its first number.
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
    """Place times on circles, so that the last month stands beside the first.

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
        If there are parts, but the times are no dates; or if a part is no key.
    """
    if not len(parts):
        return np.empty((len(times), 0))
    unknown = [part for part in parts if part not in list(PARTS)]
    if unknown:
        raise ValueError(f"calendar has no {unknown}. Choose from {list(PARTS)}.")
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        raise ValueError(
            f"calendar={parts!r} needs a y with dates or periods as its index, got "
            f"{times.dtype}. Pass y as a Series with such an index, or date_features=()."
        )
    columns = []
    for part in parts:
        n_steps, first = PARTS[part]
        numbers = getattr(times, part).to_numpy()
        angles = 2 * np.pi * (numbers - first) / n_steps
        columns += [np.sin(angles), np.cos(angles)]
    return np.stack(columns, axis=1)
