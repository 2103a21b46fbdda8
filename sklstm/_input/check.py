"""Check X and convert it to windows."""

from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, validate_data

from sklstm._input.padding import is_ragged, pad
from sklstm._input.time_dtypes import time_columns
from sklstm._input.windows import (
    as_windows,
    distinct_values,
    is_sliding_view,
    lag_layout,
    sliding_windows,
)

FLOATS = [np.float64, np.float32]


class Windows(NamedTuple):
    """Windows in time order. All values are finite, except those of padding steps."""

    values: np.ndarray  # (n_windows, n_timesteps, n_features)
    # Number of padding steps at the start of each window; None if there are none.
    n_padding: np.ndarray | None  # (n_windows,)
    # Token codes are below this number. None if the values are not token codes.
    n_codes: int | None = None

    def select(self, rows):
        """Select some of the windows. The result is a view if `rows` is a slice."""
        n_padding = None if self.n_padding is None else self.n_padding[rows]
        return Windows(self.values[rows], n_padding, self.n_codes)


def check_windows(estimator, X, *, reset, allow_padding=False):
    """Convert X to windows and check that it matches the X of fit.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are set if `reset` is True,
        otherwise X is compared with them.
    X : array-like or list of array-like
        Windows of shape (n_windows, n_timesteps, n_features); a frame whose columns are
        named ``name__lagK``; windows of one feature, of shape (n_windows, n_timesteps);
        or sequences of unequal length, each of shape (n_timesteps_i, n_features) or
        (n_timesteps_i,).
    reset : bool
        Whether the estimator is being fitted.
    allow_padding : bool, default=False
        Whether the windows of a 2-D X without lag columns may start with padding (NaN).
        The windows of any other X always may.

    Returns
    -------
    windows : Windows
        The windows, of dtype float32 or float64. They are a view of X if possible.

    Raises
    ------
    ValueError
        If X has the wrong shape, features or columns, if a value outside the padding is
        not finite, or if all steps are padding during fit.
    TypeError
        If X is sparse.
    """
    X = from_tensor(X, "X")
    is_uneven = is_ragged(X)
    are_sequences = is_uneven or isinstance(X, list | tuple)
    if is_uneven:
        X = pad(X, "X")
    n_axes = count_axes(X, "X")
    if are_sequences and not reset and {n_axes, estimator._n_axes_in} == {2, 3}:
        # Sequences of one feature have 2 axes if their lengths happen to be equal.
        # Otherwise they were padded and have 3 axes.
        with check_numbers("X"):
            return _from_sequences(estimator, X)
    _check_axes(estimator, n_axes, reset)
    check_columns(X)
    check_no_dates(X, "X")
    with check_numbers("X"):
        if n_axes == 3:
            return _from_3d(estimator, X, reset)
        return _from_2d(estimator, X, reset, allow_padding)


def count_axes(data, name):
    """Count the axes of an array, a frame or nested lists.

    Parameters
    ----------
    data : array-like
        Data that a user passed.
    name : str
        Name of the data in the message.

    Returns
    -------
    n_axes : int
        Number of axes.

    Raises
    ------
    ValueError
        If the rows have different lengths.
    """
    shape = getattr(data, "shape", None)
    try:
        array = data if shape else np.asarray(data)
    except ValueError as error:
        raise _ragged_error(name) from error
    if len(array.shape) == 1 and any(map(np.ndim, _objects(array))):
        raise _ragged_error(name)
    return len(array.shape)


def from_tensor(data, name):
    """Convert a tensor of PyTorch to an array.

    Parameters
    ----------
    data : object
        Data that a user passed. Everything but a tensor is returned unchanged.
    name : str
        Name of the data in the message.

    Returns
    -------
    data : ndarray or object
        Array with the values of the tensor.

    Raises
    ------
    ValueError
        If the tensor is nested or packed.
    """
    if type(data).__name__ == "PackedSequence":
        raise ValueError(
            f"{name} is a PackedSequence. Pass the list of sequences that "
            f"torch.nn.utils.rnn.unpack_sequence({name}) returns."
        )
    if not hasattr(data, "is_nested"):
        return data
    if data.is_nested:
        raise ValueError(
            f"{name} is a nested tensor. Pass a list of sequences: "
            f"list({name}.unbind())."
        )
    data = data.detach().cpu()
    # NumPy has no such type.
    return (data.float() if "bfloat16" in str(data.dtype) else data).numpy()


def check_columns(X):
    """Raise if X is a frame without columns, or with several of the same name."""
    if not hasattr(X, "columns"):
        return
    if not len(X.columns):
        raise ValueError("X has no columns. Pass at least one feature.")
    check_unique(X.columns)


def check_unique(names):
    """Raise if several columns of X have the same name."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            f"X has several columns with the same name: {repeated}. Rename them."
        )


def check_no_dates(data, name):
    """Raise if data hold dates or durations: NumPy converts them to nanoseconds."""
    if time_columns(data):
        raise ValueError(
            f"{name} holds dates or durations, not numbers. Drop them, or convert them "
            "to the numbers that matter, such as the month or the hours since an "
            "event. SlidingWindowTransformer accepts a column of times as its "
            "parameter time."
        )


def check_no_time_column(data, name):
    """Raise if a frame without a time index has a column of times.

    The error shows how to move the column to the index of a pandas frame.
    """
    is_pandas = isinstance(data, pd.DataFrame)
    has_times = is_pandas and not isinstance(data.index, pd.RangeIndex)
    columns = [] if has_times or not hasattr(data, "columns") else time_columns(data)
    if not columns:
        return
    time = columns[0]
    others = {
        one: str(dtype).lower()
        for one, dtype in zip(data.columns, data.dtypes, strict=True)
        if one not in columns
    }
    text = ("str", "object", "cat", "enum", "large_string")
    keys = [one for one, dtype in others.items() if dtype.startswith(text)]
    if not keys and len(set(data[time])) < len(data):
        keys = [one for one, dtype in others.items() if "int" in dtype][:1]
    frame = name if is_pandas else f"pd.DataFrame({name}.to_dict(as_series=False))"
    code = f"{name} = {frame}.set_index({[*keys, time] if keys else time!r})"
    values = [one for one in others if one not in keys]
    if keys and values and name == "y":
        code += f"[{values[0]!r}]"
    raise ValueError(
        f"The column {time!r} of {name} holds times, not numbers. The times must be "
        "the index of a pandas frame; names of series come before them, such as in "
        f"set_index(['shop', 'day']). Move the times to the index with: {code}"
    )


@contextmanager
def check_numbers(name):
    """Explain the error that NumPy raises if an array does not hold numbers."""
    try:
        yield
    except ValueError as error:
        if "could not convert string" not in str(error):
            raise
        raise ValueError(
            f"{name} holds strings that are not numbers: {error}. Encode them first, "
            "for instance with sklearn.preprocessing.OrdinalEncoder, or with "
            "sklstm.SequenceEncoder if they are sequences of tokens."
        ) from error
    except TypeError as error:
        if "must be a string or a real number" not in str(error):
            raise
        raise TypeError(
            f"{name} holds values that are not numbers: {error}. Convert them to "
            "numbers, or drop them. astype('Float64') converts a column with pd.NA."
        ) from error


def _objects(array):
    """Return the items of an array of Python objects; for other arrays, return ()."""
    dtype = getattr(array, "dtype", None)
    return np.asarray(array) if getattr(dtype, "kind", "") == "O" else ()


def _ragged_error(name):
    """Build the error for rows of different lengths."""
    return ValueError(
        f"The rows of {name} have different lengths. Sequences in X must have shape "
        "(n_timesteps_i, n_features), or (n_timesteps_i,) if there is one feature. y "
        "must have the same number of values in every row."
    )


def _check_axes(estimator, n_axes, reset):
    """Raise unless X has 2 or 3 axes, and as many as the X of fit."""
    if n_axes not in (2, 3):
        raise ValueError(
            f"X has {n_axes} dimensions; windows have 3: (n_windows, n_timesteps, "
            "n_features), or 2 if there is one feature. Reshape your data: pass a "
            "single sequence as a list, [X]. Reshape a series of one feature with "
            "X.reshape(-1, 1); SlidingWindowTransformer then cuts it into windows. "
            "SequenceEncoder converts texts to codes."
        )
    if reset:
        estimator._n_axes_in = n_axes
    elif estimator._n_axes_in != n_axes:
        raise ValueError(
            f"X has {n_axes} dimensions, but {type(estimator).__name__} was fitted on "
            f"an X of {estimator._n_axes_in} dimensions. Pass X as in fit: windows of "
            "shape (n_windows, n_timesteps, n_features), or columns. Pass a single "
            "window as [X]."
        )


def _from_2d(estimator, X, reset, allow_padding):
    """Convert a 2-D X to windows.

    Its columns are lag columns or the time steps of one feature.
    """
    layout = lag_layout(list(X.columns)) if hasattr(X, "columns") else None
    if reset:
        estimator._layout = layout
    elif layout is not None and estimator._layout is None:
        raise ValueError(
            "X has lag columns, but the X passed to fit had none. In fit, the columns "
            "were read as the time steps of one feature. Pass the same columns as in "
            "fit."
        )
    X = validate_data(estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
    # An array has the layout of the frame that was passed to fit.
    layout = estimator._layout
    if layout is None:
        if allow_padding:
            return _with_padding(as_windows(X), check_not_empty=reset)
        windows = Windows(as_windows(X), None)
        if not _sum_is_finite(X):
            _check_finite(windows.values, np.zeros(len(X), dtype=np.intp))
        return windows
    if not np.array_equal(layout.order, np.arange(X.shape[1])):
        X = X[:, layout.order]
    values = X.reshape(len(X), layout.n_timesteps, layout.n_features)
    return _with_padding(values, check_not_empty=reset)


def _from_sequences(estimator, X):
    """Convert sequences of one feature to windows; the X of fit had 2 or 3 axes."""
    X = np.asarray(X)
    windows = X[:, :, None] if X.ndim == 2 else X
    if estimator._n_axes_in == 2:
        fit_saw_one_feature = estimator._layout is None
    else:
        fit_saw_one_feature = estimator.n_features_in_ == 1
    if windows.shape[2] != 1 or not fit_saw_one_feature:
        _check_axes(estimator, X.ndim, reset=False)
    windows = check_array(
        windows, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, input_name="X"
    )
    return _with_padding(windows, check_not_empty=False)


def _from_3d(estimator, X, reset):
    """Convert a 3-D array to windows; its last axis holds the features."""
    if isinstance(X, np.ndarray) and X.dtype.kind in "iub" and is_sliding_view(X):
        # Converting the windows would copy each of them, so convert the series.
        X = sliding_windows(distinct_values(X).astype(np.float64), X.shape[1])
    X = check_array(
        X, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, input_name="X"
    )
    if X.shape[1] == 0:
        raise ValueError(
            f"X has windows of 0 time steps (shape={X.shape}), while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    # scikit-learn reads the number of features from axis 1, so it gets a single step.
    # After fit, only this number remains to be checked.
    last = {"skip_check_array": True} if not reset else {"ensure_all_finite": False}
    validate_data(estimator, X[:, -1], reset=reset, **last)
    return _with_padding(X, check_not_empty=reset)


def _with_padding(values, check_not_empty):
    """Count the padding steps, and raise if a value outside them is not finite."""
    if _sum_is_finite(distinct_values(values)):
        return Windows(values, None)
    n_padding = _count_padding(values)
    _check_finite(values, n_padding)
    if not n_padding.any():
        return Windows(values, None)
    if check_not_empty and (n_padding == values.shape[1]).all():
        raise ValueError(
            "Every window of X is all NaN, so there is no time step to train on. NaN "
            "at the start of a window is padding. Pass at least one value."
        )
    return Windows(values, n_padding)


def _sum_is_finite(values):
    """Whether the sum of values is finite. If it is, all values are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(np.sum(values))


def _count_padding(values):
    """Count the steps at the start of each window in which all features are NaN."""
    is_padding = np.ones(len(values), dtype=bool)
    n_padding = np.zeros(len(values), dtype=np.intp)
    # A mask of all windows could be larger than the series, so go step by step.
    for step in range(values.shape[1]):
        is_padding &= np.isnan(values[:, step]).all(axis=1)
        if not is_padding.any():
            break
        n_padding += is_padding
    return n_padding


def _check_finite(values, n_padding):
    """Raise if a value after the padding is not finite."""
    for step in range(values.shape[1]):
        is_bad = ~np.isfinite(values[:, step]).all(axis=1) & (n_padding <= step)
        if is_bad.any():
            window = int(np.argmax(is_bad))
            features = values[window, step]
            value = features[~np.isfinite(features)][0]
            kind = "NaN" if np.isnan(value) else "infinity"
            raise ValueError(
                f"Input X contains {kind}, in window {window} at step {step}. Fill in "
                "the value or drop the window. NaN is allowed as padding: in all "
                "features at the start of a window. X must then have shape (n_windows, "
                "n_timesteps, n_features) or lag columns, such as sales__lag3."
            )
