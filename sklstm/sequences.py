"""Convert a series to windows and targets, or unequal sequences to one array."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklstm._input.padding import as_series, pad
from sklstm._input.windows import sliding_windows
from sklstm._typing import ArrayLike


def make_windows(
    X: ArrayLike,
    y: ArrayLike = None,
    window_size: int = 10,
    horizon: int = 1,
    gap: int = 0,
    stride: int = 1,
    sampling_rate: int = 1,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Cut a series into complete windows and the targets that follow each window.

    Use it for models that predict several time steps at once. A window that ends at row
    ``origin`` has the targets ``y[origin + gap + 1 : origin + gap + 1 + horizon]``.
    Rows without a complete window or without all their targets are left out. A pipeline
    cannot leave out rows, so call this function before it, or use
    :class:`~sklstm.SlidingWindowTransformer` within it.

    Parameters
    ----------
    X : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        Numbers in time order, one row per time step. A 1-D X has one feature.

    y : array-like of shape (n_timesteps,), default=None
        Series to predict, with the same time steps as X. If None, X is predicted and
        must have one feature.

    window_size : int, default=10
        Number of time steps in a window.

    horizon : int, default=1
        Number of time steps to predict.

    gap : int, default=0
        Number of time steps between the end of a window and its first target.

    stride : int, default=1
        Number of time steps from one window to the next.

    sampling_rate : int, default=1
        Number of rows from one step of a window to the next. With ``sampling_rate=2``,
        a window holds every second row. The targets are not affected.

    Returns
    -------
    windows : ndarray of shape (n_windows, window_size, n_features)
        The windows. They are a read-only view of X if X is an array or a frame of one
        dtype.

    targets : ndarray of shape (n_windows,) or (n_windows, horizon)
        The targets, in a 1-D array if `horizon` is 1. They are a read-only view of y.

    origins : ndarray of shape (n_windows,)
        Position in X of the last row of each window. ``X.index[origins]`` are the dates
        at which the predictions are made.

    Raises
    ------
    ValueError
        If X and y do not hold numbers of these shapes; if X and y differ in length or
        are shorter than a window, the gap and the targets together; or if
        `window_size`, `horizon`, `gap`, `stride` or `sampling_rate` is too small.

    See Also
    --------
    sklstm.SlidingWindowTransformer : Windows as a pipeline step, one for
        every row.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep the order in time.

    Notes
    -----
    If `horizon` is more than 1 or `gap` is more than 0, the last training windows have
    targets after the end of the first test window. These targets are not yet known when
    the first test prediction is made. With a `stride` of 1,
    ``TimeSeriesSplit(gap=horizon - 1 + gap)`` leaves out these training windows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import make_windows
    >>> windows, targets, origins = make_windows(
    ...     np.arange(6.0), window_size=3, horizon=2
    ... )
    >>> windows[:, :, 0]
    array([[0., 1., 2.],
           [1., 2., 3.]])
    >>> targets
    array([[3., 4.],
           [4., 5.]])
    >>> origins
    array([2, 3])
    """
    _check_at_least(1, window_size=window_size, horizon=horizon, stride=stride)
    _check_at_least(1, sampling_rate=sampling_rate)
    _check_at_least(0, gap=gap)
    series = as_series(X, "X")
    target = _as_target(series if y is None else as_series(y, "y"))
    first_origin = (window_size - 1) * sampling_rate
    _check_lengths(series, target, needed=first_origin + 1 + gap + horizon)

    origins = np.arange(first_origin, len(series) - gap - horizon, stride)
    windows = sliding_windows(series, window_size, sampling_rate)
    targets = sliding_windows(target, horizon)[origins[0] + gap + 1 :, :, 0]
    windows, targets = windows[::stride][: len(origins)], targets[::stride]
    return windows, targets[:, 0] if horizon == 1 else targets, origins


def pad_sequences(sequences: ArrayLike, n_timesteps: int | None = None) -> NDArray[Any]:
    """Convert sequences of unequal length to one array, with NaN before the short ones.

    At the start of a window, the estimators of this package skip the time steps in
    which all features are NaN: the hidden state stays zero until the first real step.

    Parameters
    ----------
    sequences : list of array-like of shape (n_timesteps_i, n_features) or \
            (n_timesteps_i,)
        Finite numbers in time order, one row per time step. A 1-D sequence has one
        feature. All sequences have the same number of features.

    n_timesteps : int, default=None
        Number of time steps to keep of each sequence. Longer sequences lose their first
        steps. If None, it is the length of the longest sequence.

    Returns
    -------
    windows : ndarray of shape (n_sequences, n_timesteps, n_features)
        The padded sequences. Each sequence ends at the last time step. The dtype is
        float32 if all sequences are float32, otherwise float64.

    Raises
    ------
    ValueError
        If there is no sequence; or if a sequence is empty, holds anything but finite
        numbers, or does not have as many features as the first one.

    See Also
    --------
    make_windows : Cut one long series into windows.

    Examples
    --------
    >>> from sklstm import pad_sequences
    >>> pad_sequences([[1, 2, 3], [4, 5]])[:, :, 0]
    array([[ 1.,  2.,  3.],
           [nan,  4.,  5.]])
    """
    if len(sequences) == 0:
        raise ValueError("sequences is empty: pass a list of at least one sequence.")
    if n_timesteps is not None:
        _check_at_least(1, n_timesteps=n_timesteps)
    return pad(sequences, "sequences", n_timesteps)


def _check_at_least(smallest, **numbers):
    """Raise unless each of the named numbers is an integer of at least `smallest`."""
    for name, number in numbers.items():
        is_integer = isinstance(number, int | np.integer)
        if not is_integer or isinstance(number, bool) or number < smallest:
            raise ValueError(
                f"{name} must be an integer of at least {smallest}, got {number!r}."
            )


def _as_target(series):
    """Return the series to predict, of shape (n_timesteps, 1)."""
    if series.shape[1] == 1:
        return series
    raise ValueError(
        f"The series to predict must have one column, got {series.shape[1]}. Pass the "
        "column to predict as y."
    )


def _check_lengths(series, target, needed):
    """Raise unless both series have the same length and one window fits into them."""
    if len(series) != len(target):
        raise ValueError(
            f"X and y must both have one row per time step, got {len(series)} and "
            f"{len(target)} rows."
        )
    if len(series) < needed:
        raise ValueError(
            f"One window and its targets need {needed} time steps, got {len(series)}. "
            "Pass a longer series, or reduce window_size, sampling_rate, gap or "
            "horizon."
        )
