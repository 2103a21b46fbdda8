"""Make windows out of series, and one array out of sequences of many lengths."""

import numpy as np

from sklstm._input.padding import as_series, pad
from sklstm._input.windows import sliding_windows


def make_windows(X, y=None, window_size=10, horizon=1, gap=0, stride=1):
    """Cut a series into complete windows and the targets that follow each.

    For models that predict several time steps at once: a window that ends at row
    ``origin`` has the targets ``y[origin + gap + 1 : origin + gap + 1 + horizon]``.
    Rows without a complete window or without all their targets are left out, so this
    is done before a pipeline; within one, use
    :class:`~sklstm.SlidingWindowTransformer`.

    Parameters
    ----------
    X : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        Numbers in time order, one row per time step; one axis means one feature.

    y : array-like of shape (n_timesteps,), default=None
        Series to predict, in step with X. None: X itself, which then has one feature.

    window_size : int, default=10
        Length of a window, in time steps.

    horizon : int, default=1
        Number of time steps to predict.

    gap : int, default=0
        Time steps left out between the end of a window and its first target.

    stride : int, default=1
        Distance between two neighbouring windows, in time steps.

    Returns
    -------
    windows : ndarray of shape (n_windows, window_size, n_features)
        Read-only view of X, where X is an array or a frame of one dtype.

    targets : ndarray of shape (n_windows,) or (n_windows, horizon)
        One axis if `horizon` is 1. A read-only view of y.

    origins : ndarray of shape (n_windows,)
        Position in X of the last row of each window: ``X.index[origins]`` are the
        dates the predictions are made at.

    Raises
    ------
    ValueError
        If X and y do not hold numbers of these shapes, differ in length or are shorter
        than ``window_size + gap + horizon``, or if a number of steps is too small.

    See Also
    --------
    sklstm.SlidingWindowTransformer : Windows as a pipeline step, one for
        every row.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep time in order.

    Notes
    -----
    Targets of neighbouring windows overlap, so the last training windows know values
    that the first test windows are asked for. Leave them out with
    ``TimeSeriesSplit(gap=horizon - 1 + gap)``, for a `stride` of 1.

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
    _check_at_least(0, gap=gap)
    series = as_series(X, "X")
    target = _as_target(series if y is None else as_series(y, "y"))
    _check_lengths(series, target, needed=window_size + gap + horizon)

    origins = np.arange(window_size - 1, len(series) - gap - horizon, stride)
    windows = sliding_windows(series, window_size)[origins[0] - window_size + 1 :]
    targets = sliding_windows(target, horizon)[origins[0] + gap + 1 :, :, 0]
    windows, targets = windows[::stride][: len(origins)], targets[::stride]
    return windows, targets[:, 0] if horizon == 1 else targets, origins


def pad_sequences(sequences, n_timesteps=None):
    """Put sequences of different lengths into one array, NaN before the short ones.

    Leading time steps whose features are all NaN do not exist for the estimators of
    this package: their state stays zero until the first real step.

    Parameters
    ----------
    sequences : list of array-like of shape (n_timesteps_i, n_features) or \
            (n_timesteps_i,)
        Finite numbers in time order, one row per time step. One axis means one
        feature. All have the same number of features.

    n_timesteps : int, default=None
        Time steps to keep of each sequence: longer ones lose their first steps. None
        keeps all: the length of the longest.

    Returns
    -------
    windows : ndarray of shape (n_sequences, n_timesteps, n_features)
        The sequences, each ending at the last time step. float32 if all sequences are,
        else float64.

    Raises
    ------
    ValueError
        If there is no sequence, or one is empty, holds anything but finite numbers or
        has another number of features than the first.

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
    """Raise unless every named number is an integer of at least `smallest`."""
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
    """Raise unless both series are as long as each other and as one window needs."""
    if len(series) != len(target):
        raise ValueError(
            f"X and y must have one row per time step each, got {len(series)} and "
            f"{len(target)} rows."
        )
    if len(series) < needed:
        raise ValueError(
            f"One window and its targets need {needed} time steps (window_size + gap + "
            f"horizon), got {len(series)}. Pass a longer series or smaller windows."
        )
