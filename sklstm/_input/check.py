"""From what a user passes as X to windows: what X may be, and what it may not."""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from sklstm._input.padding import is_ragged, padded
from sklstm._input.windows import as_windows, lag_layout, sliding_windows

FLOATS = [np.float64, np.float32]


class Windows(NamedTuple):
    """Windows in time order, all readings finite but those of missing steps."""

    values: np.ndarray  # (n_windows, n_timesteps, n_features)
    # How many steps at the start of each window do not exist; None where all do.
    n_padding: np.ndarray | None  # (n_windows,)
    n_codes: int | None = None  # of the codes from 0 on that they hold; None: readings

    def select(self, rows):
        """Return the windows of some rows; a view if `rows` is a slice."""
        n_padding = None if self.n_padding is None else self.n_padding[rows]
        return Windows(self.values[rows], n_padding, self.n_codes)


def check_windows(estimator, X, *, reset, may_begin_late=False):
    """Read X as windows and hold it to what `estimator` was fitted on.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are set or compared with.
    X : array-like or list of array-like
        Windows of shape (n_windows, n_timesteps, n_features); a frame whose columns are
        named ``name__lagK``; (n_windows, n_timesteps), one feature; or sequences of
        unequal length, each (n_timesteps_i, n_features) or (n_timesteps_i,).
    reset : bool
        Whether this is a fit.
    may_begin_late : bool, default=False
        Whether steps at the start of windows may be missing in columns without names
        too.

    Returns
    -------
    windows : Windows
        The windows, of dtype float32 or float64; a view of X where that can be.

    Raises
    ------
    ValueError
        If X has the wrong shape, features or columns, a reading that is not a finite
        number outside of leading missing steps, or no step that exists.
    TypeError
        If X is sparse.
    """
    is_uneven = is_ragged(X)
    are_sequences = is_uneven or isinstance(X, list | tuple)
    if is_uneven:
        X = padded(X, "X")
    n_axes = count_axes(X, "X")
    if are_sequences and not reset and {n_axes, estimator._n_axes_in} == {2, 3}:
        # Sequences of one feature are of one length, or not, by chance.
        with strings_refused("X"):
            return _from_sequences(estimator, X)
    _check_axes(estimator, n_axes, reset)
    refuse_dates(X, "X")
    with strings_refused("X"):
        if n_axes == 3:
            return _from_3d(estimator, X, reset)
        return _from_2d(estimator, X, reset, may_begin_late)


def count_axes(data, name):
    """Count the axes of an array, a frame or nested lists; refuse ragged ones."""
    shape = getattr(data, "shape", None)
    try:
        array = data if shape else np.asarray(data)
    except ValueError as error:
        raise _ragged(name) from error
    if len(array.shape) == 1 and any(map(np.ndim, _objects(array))):
        raise _ragged(name)
    return len(array.shape)


def _objects(array):
    """Give the items of an array of Python objects, and none of any other."""
    dtype = getattr(array, "dtype", None)
    return np.asarray(array) if getattr(dtype, "kind", "") == "O" else ()


def _ragged(name):
    """Refuse rows that are no sequences of numbers alike."""
    return ValueError(
        f"The rows of {name} have different lengths. Sequences in X must each have "
        "shape (n_timesteps_i, n_features), or be of one feature, (n_timesteps_i,); y "
        "needs as many numbers in every row."
    )


def refuse_dates(data, name):
    """Refuse dates and durations, which NumPy would read as nanoseconds."""
    dtypes = getattr(data, "dtypes", None)
    if dtypes is None or not np.iterable(dtypes):
        dtypes = [getattr(data, "dtype", None)]
    if any(getattr(dtype, "kind", "") in ("m", "M") for dtype in dtypes):
        raise ValueError(
            f"{name} holds dates or durations, not numbers. Leave them out, or pass "
            "what matters of them as numbers, such as the month or the hours since; "
            "SlidingWindowTransformer takes a column of times that its parameter time "
            "names."
        )


def _check_axes(estimator, n_axes, reset):
    """Refuse what has no windows, and columns after a fit on 3-D windows."""
    if n_axes not in (2, 3):
        raise ValueError(
            f"X has {n_axes} dimensions; windows have 3: (n_windows, n_timesteps, "
            "n_features), or 2 for one feature. Reshape your data: a single sequence "
            "becomes a list, [X]; a series of one feature X.reshape(-1, 1), then "
            "SlidingWindowTransformer cuts it into windows. SequenceEncoder turns "
            "texts into codes."
        )
    if reset:
        estimator._n_axes_in = n_axes
    elif estimator._n_axes_in != n_axes:
        raise ValueError(
            f"X has {n_axes} dimensions, but {type(estimator).__name__} was fitted on "
            f"an X of {estimator._n_axes_in}. Pass windows of shape (n_windows, "
            "n_timesteps, n_features), or columns, as in fit; a single one as [X]."
        )


@contextmanager
def strings_refused(name):
    """Say in our words that an array holds something that is not a number."""
    try:
        yield
    except ValueError as error:
        if "could not convert string" not in str(error):
            raise
        raise ValueError(
            f"{name} holds strings that are no numbers: {error}. Encode them first, "
            "for instance with sklearn.preprocessing.OrdinalEncoder, or sequences of "
            "symbols with sklstm.SequenceEncoder."
        ) from error


def _from_2d(estimator, X, reset, may_begin_late):
    """Read columns: lags by their names, else the steps of one feature."""
    layout = lag_layout(list(X.columns)) if hasattr(X, "columns") else None
    if reset:
        estimator._layout = layout
    elif layout is not None and estimator._layout is None:
        raise ValueError(
            "X has columns named after lags, but the columns in fit had no such names "
            "and were read as the steps of one feature. Pass columns as in fit."
        )
    X = validate_data(estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
    # An array after a frame is read as the frame was.
    layout = estimator._layout
    if layout is None:
        if may_begin_late:
            return _with_padding(as_windows(X), must_exist=reset)
        windows = Windows(as_windows(X), None)
        if not _sum_is_finite(X):
            _check_finite(windows.values, np.zeros(len(X), dtype=np.intp))
        return windows
    if not np.array_equal(layout.order, np.arange(X.shape[1])):
        X = X[:, layout.order]
    values = X.reshape(len(X), layout.n_timesteps, layout.n_features)
    return _with_padding(values, must_exist=reset)


def _from_sequences(estimator, X):
    """Read sequences of one feature, whatever form those of fit had."""
    X = np.asarray(X)
    windows = X[:, :, None] if X.ndim == 2 else X
    if estimator._n_axes_in == 2:
        has_one = estimator._layout is None
    else:
        has_one = estimator.n_features_in_ == 1
    if windows.shape[2] != 1 or not has_one:
        _check_axes(estimator, X.ndim, reset=False)
    windows = check_array(
        windows, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, input_name="X"
    )
    return _with_padding(windows, must_exist=False)


def _from_3d(estimator, X, reset):
    """Read an array of three axes; only its last axis is what scikit-learn counts."""
    if isinstance(X, np.ndarray) and X.dtype.kind in "iub" and is_sliding_view(X):
        # Converted as windows, they would each be copied.
        X = sliding_windows(distinct_readings(X).astype(np.float64), X.shape[1])
    X = check_array(
        X, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, input_name="X"
    )
    if X.shape[1] == 0:
        raise ValueError(
            f"X has windows of 0 time steps (shape={X.shape}), while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    # One step stands for all: scikit-learn would take axis 1 for the features. Once
    # fitted, their number is all that is left to check.
    last = {"skip_check_array": True} if not reset else {"ensure_all_finite": False}
    validate_data(estimator, X[:, -1], reset=reset, **last)
    return _with_padding(X, must_exist=reset)


def _with_padding(values, must_exist):
    """Find the missing steps and refuse every other reading that is not finite."""
    if _sum_is_finite(distinct_readings(values)):
        return Windows(values, None)
    n_padding = _count_padding(values)
    _check_finite(values, n_padding)
    if not n_padding.any():
        return Windows(values, None)
    if must_exist and (n_padding == values.shape[1]).all():
        raise ValueError(
            "Every window of X is all NaN: there is no step to learn from. Steps that "
            "do not exist are NaN at the start of a window; pass at least one reading."
        )
    return Windows(values, n_padding)


def _sum_is_finite(readings):
    """Whether readings are surely finite, at the cost of one look at each."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(np.sum(readings))


def distinct_readings(values):
    """View windows as the series they slide over; other windows as they are."""
    n_windows, n_timesteps, n_features = values.shape
    if is_sliding_view(values):
        shape = (n_windows + n_timesteps - 1, n_features)
        strides = values.strides[1:]
        return np.lib.stride_tricks.as_strided(values, shape, strides, writeable=False)
    return values


def is_sliding_view(values):
    """Whether each window is the one before moved on by a step, in the same memory."""
    n_windows, n_timesteps, _ = values.shape
    return (
        min(n_windows, n_timesteps) > 1 and 0 != values.strides[0] == values.strides[1]
    )


def _count_padding(values):
    """Count the steps at the start of every window whose every feature is NaN."""
    is_missing = np.ones(len(values), dtype=bool)
    n_padding = np.zeros(len(values), dtype=np.intp)
    # Step by step: the mask of all readings could be larger than the series.
    for step in range(values.shape[1]):
        is_missing &= np.isnan(values[:, step]).all(axis=1)
        if not is_missing.any():
            break
        n_padding += is_missing
    return n_padding


def _check_finite(values, n_padding):
    """Refuse readings that are not finite in steps that exist."""
    for step in range(values.shape[1]):
        is_bad = ~np.isfinite(values[:, step]).all(axis=1) & (n_padding <= step)
        if is_bad.any():
            window = int(np.argmax(is_bad))
            reading = values[window, step]
            reading = reading[~np.isfinite(reading)][0]
            what = "NaN" if np.isnan(reading) else "infinity"
            raise ValueError(
                f"Input X contains {what}, in window {window} at step {step}. Fill it "
                "in or drop the window. NaN may stand for steps that do not exist, in "
                "windows of shape (n_windows, n_timesteps, n_features) and in columns "
                "named after lags: all features, at the start of a window."
            )
