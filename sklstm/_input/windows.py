"""Cut a series into windows, and name the columns of flat windows."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np

from sklstm._input.plain import saved_as

# Lag columns of this package (sales__lag3) and of others (lag_3, lag3, sales_lag_3).
_LAG_NAME = re.compile(r"(?:(.+)__|(.*[^_])_)?lag_?(\d+)")


@saved_as("lag_layout")
class LagLayout(NamedTuple):
    """Order of lag columns, and the shape of the windows that they form.

    The windows are ``X[:, order].reshape(-1, n_timesteps, n_features)``.
    """

    order: np.ndarray
    n_timesteps: int
    n_features: int


def sliding_windows(series, window_size, sampling_rate=1):
    """Return all windows of one size of a series.

    Parameters
    ----------
    series : ndarray of shape (n_timesteps, n_features)
        Values in time order, one row per time step.
    window_size : int
        Number of time steps in a window.
    sampling_rate : int, default=1
        Number of rows from one step of a window to the next.

    Returns
    -------
    windows : ndarray of shape (n_windows, window_size, n_features)
        Read-only view of `series`. Window ``i`` starts at row ``i``. There are
        ``n_timesteps - (window_size - 1) * sampling_rate`` windows.

    Raises
    ------
    ValueError
        If the series is shorter than one window.

    Examples
    --------
    >>> series = np.arange(4).reshape(-1, 1)
    >>> sliding_windows(series, window_size=3)[:, :, 0]
    array([[0, 1, 2],
           [1, 2, 3]])
    """
    n_rows = (window_size - 1) * sampling_rate + 1
    if len(series) < n_rows:
        raise ValueError(
            f"A window of {n_rows} time steps does not fit in a series of "
            f"{len(series)}. Pass a longer series or a smaller window_size."
        )
    windows = np.lib.stride_tricks.sliding_window_view(series, n_rows, axis=0)
    return windows.swapaxes(1, 2)[:, ::sampling_rate]


def distinct_values(values):
    """Return the series that a sliding view shows; return other windows unchanged."""
    n_windows, n_timesteps, n_features = values.shape
    if is_sliding_view(values):
        shape = (n_windows + n_timesteps - 1, n_features)
        strides = values.strides[1:]
        return np.lib.stride_tricks.as_strided(values, shape, strides, writeable=False)
    return values


def is_sliding_view(values):
    """Whether windows are a view of a series, each one step after the one before."""
    n_windows, n_timesteps, _ = values.shape
    return (
        min(n_windows, n_timesteps) > 1 and 0 != values.strides[0] == values.strides[1]
    )


def as_windows(X):
    """Convert an array to 3-D windows; a row of a 2-D array is a window of one feature.

    Parameters
    ----------
    X : ndarray of shape (n_windows, n_timesteps[, n_features])
        Windows, each in time order.

    Returns
    -------
    windows : ndarray of shape (n_windows, n_timesteps, n_features)
        View of `X`.

    Raises
    ------
    ValueError
        If `X` does not have two or three axes.
    """
    if X.ndim == 2:
        return X[:, :, np.newaxis]
    if X.ndim == 3:
        return X
    raise ValueError(
        "X must have shape (n_windows, n_timesteps) or (n_windows, n_timesteps, "
        f"n_features), got {X.shape}."
    )


def lag_names(names, window_size, shift=0, sampling_rate=1):
    """Return the names of the columns of flat windows, the oldest time step first.

    Parameters
    ----------
    names : sequence of str
        Names of the features of one time step.
    window_size : int
        Number of time steps in a window.
    shift : int or sequence of int, default=0
        Number of rows by which the windows are shifted back, for each feature or for
        all of them.
    sampling_rate : int, default=1
        Number of rows from one step of a window to the next.

    Returns
    -------
    lag_names : list of str
        ``window_size * len(names)`` names such as ``"sales__lag3"``: the value three
        rows before the row of the window. The features of a time step are next to each
        other.

    Examples
    --------
    >>> lag_names(["sales", "price"], window_size=2)
    ['sales__lag1', 'price__lag1', 'sales__lag0', 'price__lag0']
    >>> lag_names(["sales", "price"], window_size=2, shift=[1, 0])
    ['sales__lag2', 'price__lag1', 'sales__lag1', 'price__lag0']
    """
    shifts = np.broadcast_to(shift, len(names)).tolist()
    steps = range((window_size - 1) * sampling_rate, -1, -sampling_rate)
    features = list(zip(names, shifts, strict=True))
    return [_lag_name(name, step + lag) for step in steps for name, lag in features]


def lag_layout(names):
    """Return the layout of lag columns, which may be in any order.

    Names may have a prefix, as ``ColumnTransformer`` adds it. Lags may start at any
    number, which may differ between features, and skip numbers.

    Parameters
    ----------
    names : sequence
        Column names, such as ``"sales__lag3"``. The names of other packages are read as
        well: ``"lag_3"``, ``"lag3"``, ``"sales_lag_3"`` and ``"sales_lag3"``.

    Returns
    -------
    layout : LagLayout or None
        Order, number of time steps and number of features. The oldest time step comes
        first. The newest lags of all features form the last step. The features are in
        the order in which they first appear. None if no name is a lag name.

    Raises
    ------
    ValueError
        If some names are lag names and others are not; if a feature has a lag twice; or
        if the lags of two features differ by more than a constant.

    Examples
    --------
    >>> lag_layout(["price__lag0", "sales__lag1", "sales__lag0", "price__lag1"])
    LagLayout(order=array([3, 1, 0, 2]), n_timesteps=2, n_features=2)
    >>> lag_layout(["lag_1", "lag_2", "lag_3"]).order
    array([2, 1, 0])
    """
    cells = [lag_cell(name) for name in names]
    others = [name for name, cell in zip(names, cells, strict=True) if cell is None]
    if len(others) == len(cells):
        return None
    if others:
        raise ValueError(
            f"Some columns of X are lag columns, but {others[:5]} are not. Every "
            "feature needs a column for each lag. Drop the columns without a lag, or "
            "pass all columns to SlidingWindowTransformer, also those that are "
            "constant in time. Name columns that are known in advance, such as a "
            "promotion, in its parameter known_ahead."
        )
    columns = {cell: column for column, cell in enumerate(cells)}
    grid = _grid(cells)
    _check_grid(Counter(cells), grid)
    order = np.array([columns[cell] for cell in grid])
    n_features = len({feature for feature, _ in cells})
    return LagLayout(order, len(grid) // n_features, n_features)


def lag_cell(name):
    """Return the feature and the lag of a lag column; None for any other name.

    Examples
    --------
    >>> lag_cell("sales__lag3")
    ('sales', 3)
    """
    match = _LAG_NAME.fullmatch(name) if isinstance(name, str) else None
    return match and (match[1] or match[2] or "", int(match[3]))


def _grid(cells):
    """Return the (feature, lag) pairs of windows, step by step, the oldest first."""
    lags = {}
    for feature, lag in cells:
        lags.setdefault(feature, set()).add(lag)
    newest = {feature: min(of_one) for feature, of_one in lags.items()}
    steps = [{lag - newest[one] for lag in of_one} for one, of_one in lags.items()]
    if any(of_one != steps[0] for of_one in steps):
        # No windows: every feature then needs the lags of all others.
        newest = dict.fromkeys(newest, 0)
        steps = [{lag for _, lag in cells}]
    return [
        (feature, newest[feature] + step)
        for step in sorted(steps[0], reverse=True)
        for feature in newest
    ]


def _lag_name(feature, lag):
    """Return the name of a lag column. The name of the feature may be empty."""
    return f"{feature}__lag{lag}" if feature else f"lag{lag}"


def _check_grid(counts, grid):
    """Raise unless every (feature, lag) of `grid` occurs once in the `counts`."""
    missing = [_lag_name(*cell) for cell in set(grid) - set(counts)]
    if missing:
        raise ValueError(
            f"The lag columns of X do not form windows: {_enumeration(missing)} "
            "missing. Every feature needs the same lags. Add the missing columns, or "
            "remove these lags from all other features."
        )
    duplicated = [_lag_name(*cell) for cell, n in counts.items() if n > 1]
    if duplicated:
        raise ValueError(
            f"The lag columns of X do not form windows: {_enumeration(duplicated)} "
            "there more than once. Drop or rename the duplicates."
        )


def _enumeration(names, shown=5):
    """List the first few names, followed by "is" or "are"."""
    names = sorted(names)
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more + (" is" if len(names) == 1 else " are")
