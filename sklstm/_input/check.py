"""Check X and convert it to windows."""

import re
import warnings
from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, validate_data

from sklstm._input.arrays import unwrap
from sklstm._input.finite import (
    assumes_finite,
    check_finite,
    count_padding,
    sum_is_finite,
)
from sklstm._input.instances import holds_sequences, is_long, read_instances
from sklstm._input.numbers import check_no_dates, check_numbers, ways_to_encode
from sklstm._input.padding import check_same_columns, is_ragged, pad
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

    @property
    def is_empty(self):
        """Whether all steps of a window are padding, (n_windows,)."""
        n_windows, n_timesteps, _ = self.values.shape
        if self.n_padding is None:
            return np.zeros(n_windows, bool)
        return self.n_padding == n_timesteps

    @property
    def has_empty(self):
        """Whether all steps of at least one window are padding."""
        return self.n_padding is not None and bool(self.is_empty.any())

    def select(self, rows):
        """Select some of the windows. The result is a view if `rows` is a slice."""
        n_padding = None if self.n_padding is None else self.n_padding[rows]
        return Windows(self.values[rows], n_padding, self.n_codes)


def check_windows(estimator, X, *, reset, allow_padding=False, allow_empty=False):
    """Convert X to windows and check that it matches the X of fit.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are set if `reset` is True,
        otherwise X is compared with them.
    X : array-like or list of array-like
        Windows of shape (n_windows, n_timesteps, n_features); a frame whose columns are
        named ``name__lagK``; windows of one feature, of shape (n_windows, n_timesteps);
        sequences of unequal length, each of shape (n_timesteps_i, n_features) or
        (n_timesteps_i,); or a frame with a MultiIndex (instance, time).
    reset : bool
        Whether the estimator is being fitted.
    allow_padding : bool, default=False
        Whether the windows of a 2-D X without lag columns may start with padding (NaN).
        The windows of any other X always may.
    allow_empty : bool, default=False
        Whether some or all sequences of unequal length may have no time steps. They
        become windows that are all padding.

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
    X = unwrap(X, "X")
    if not reset and _is_like_fit(estimator, X):
        return _from_floats(estimator, X, reset, allow_padding)
    if is_long(X) and (holds_sequences(X) if reset else estimator._n_axes_in == 3):
        return _from_instances(estimator, X, reset)
    is_uneven = is_ragged(X)
    are_sequences = is_uneven or isinstance(X, list | tuple)
    if are_sequences:
        check_same_columns(X, "X")
    if is_uneven:
        X = pad(X, "X", empty_width=_n_features(estimator) if allow_empty else None)
    n_axes = count_axes(X, "X")
    with check_numbers("X", ways_to_encode(n_axes, hasattr(X, "columns"))):
        if are_sequences and not reset and _may_differ(estimator, X, n_axes):
            return _from_sequences(estimator, X)
        _check_axes(estimator, X, n_axes, reset)
        check_columns(X)
        check_no_dates(X, "X")
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


def check_columns(data, name="X"):
    """Raise if a frame has no columns, or several of the same name."""
    if not hasattr(data, "columns"):
        return
    if not len(data.columns):
        raise ValueError(f"{name} has no columns. Pass at least one.")
    check_unique(data.columns, name)


def check_unique(columns, name="X"):
    """Raise if several columns have the same name."""
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated:
        raise ValueError(
            f"{name} has several columns with the same name: {repeated}. Rename them."
        )


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


def _n_features(estimator):
    """Return the number of features of a sequence for a fitted estimator."""
    return estimator.n_features_in_ if estimator._n_axes_in == 3 else 1


def _check_axes(estimator, X, n_axes, reset):
    """Raise unless X has 2 or 3 axes, and as many as the X of fit."""
    if n_axes not in (2, 3):
        raise ValueError(
            f"X has {n_axes} dimensions; windows have 3: (n_windows, n_timesteps, "
            "n_features), or 2 if there is one feature. "
            f"{_ways_to_reshape(estimator, X, n_axes)}"
        )
    if reset:
        estimator._n_axes_in = n_axes
    elif estimator._n_axes_in != n_axes:
        way_out = "Pass a single window as [X]."
        if n_axes == 2 and estimator.n_features_in_ == 1:
            way_out = "Pass np.asarray(X)[:, :, np.newaxis]."
        if n_axes == 3:
            way_out = "Pass X[:, :, 0] if there is one feature."
        raise ValueError(
            f"X has {n_axes} dimensions, but {type(estimator).__name__} was fitted on "
            f"an X of {estimator._n_axes_in} dimensions. Pass X as in fit: windows of "
            f"shape (n_windows, n_timesteps, n_features), or columns. {way_out}"
        )


def _ways_to_reshape(estimator, X, n_axes):
    """Return how to convert X to 2 or 3 axes."""
    if n_axes > 3:
        return (
            "Join the axes after the second one: np.reshape(X, (*np.shape(X)[:2], -1))."
        )
    if n_axes == 1 and len(X) and all(isinstance(item, str) for item in X):
        return _ways_to_read_texts(estimator)
    if n_axes == 1:
        return (
            "Reshape your data: pass a single sequence as a list, [X]. To predict from "
            "the last values of one series, pass np.reshape(X, (-1, 1)) to a pipeline "
            "of SlidingWindowTransformer and this estimator."
        )
    return "Pass an array, a frame or a list of sequences."


def _ways_to_read_texts(estimator):
    """Return how to learn from texts."""
    name = type(estimator).__name__
    if not hasattr(estimator, "embedding_size"):
        return (
            f"{name} does not read texts. LSTMClassifier, LSTMRegressor, "
            "LSTMLanguageModel and LSTMTranslator do."
        )
    return (
        "To learn from texts, convert their words to codes in a pipeline: "
        f'make_pipeline(SequenceEncoder(analyzer="word"), {name}()). For letters, pass '
        'analyzer="char".'
    )


def _from_2d(estimator, X, reset, allow_padding):
    """Convert a 2-D X to windows.

    Its columns are lag columns or the time steps of one feature.
    """
    layout = lag_layout(list(X.columns)) if hasattr(X, "columns") else None
    if reset:
        estimator._layout = layout
        if layout is None and _looks_like_table(X):
            _warn_of_table(X)
    elif layout is not None and estimator._layout is None:
        raise ValueError(
            "X has lag columns, but the X passed to fit had none. In fit, the columns "
            "were read as the time steps of one feature. Pass the same columns as in "
            "fit."
        )
    X = validate_data(estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False)
    return _from_floats(estimator, X, reset, allow_padding)


def _looks_like_table(X):
    """Whether X seems to hold a row per time step, with columns that are features.

    The rows have dates, and no name of a column has a number, such as that of a step.
    """
    if not isinstance(X, pd.DataFrame) or X.shape[1] < 2:
        return False
    has_dates = isinstance(X.index, pd.DatetimeIndex | pd.PeriodIndex)
    return has_dates and not any(re.search(r"\d", str(name)) for name in X.columns)


def _warn_of_table(X):
    """Warn that the columns of a table are read as time steps."""
    first, last = X.columns[0], X.columns[-1]
    warnings.warn(
        f"Each row of X is read as a series of {X.shape[1]} time steps of one feature, "
        f"from {first!r} to {last!r}. If the rows are time steps and the columns are "
        "features, put a SlidingWindowTransformer before this estimator: "
        "make_pipeline(SlidingWindowTransformer(), estimator). If the columns are time "
        "steps, pass X.to_numpy().",
        UserWarning,
        stacklevel=2,
    )


def _may_differ(estimator, X, n_axes):
    """Return whether the shape of sequences may differ from that of the X of fit.

    Sequences of one feature have 2 axes if their lengths happen to be equal. Otherwise
    they were padded and have 3 axes.
    """
    axes = {n_axes, estimator._n_axes_in}
    if axes != {2} or estimator._layout is not None:
        return axes == {2, 3}
    return all(isinstance(sequence, np.ndarray) for sequence in X)


def _from_sequences(estimator, X):
    """Convert sequences of one feature to windows; the X of fit had 2 or 3 axes."""
    X = np.asarray(X)
    windows = X[:, :, None] if X.ndim == 2 else X
    if estimator._n_axes_in == 2:
        fit_saw_one_feature = estimator._layout is None
    else:
        fit_saw_one_feature = estimator.n_features_in_ == 1
    if windows.shape[2] != 1 or not fit_saw_one_feature:
        _check_axes(estimator, X, X.ndim, reset=False)
    windows = check_array(
        windows, dtype=FLOATS, allow_nd=True, ensure_all_finite=False, input_name="X"
    )
    return _with_padding(windows, check_not_empty=False)


def _from_instances(estimator, X, reset):
    """Convert a frame with a MultiIndex (instance, time) to one window per instance."""
    check_columns(X)
    check_no_dates(X, "X")
    with check_numbers("X", ways_to_encode(2, is_frame=True)):
        values = validate_data(
            estimator, X, reset=reset, dtype=FLOATS, ensure_all_finite=False
        )
    instances = read_instances(X)
    if not assumes_finite():
        _check_finite_rows(X, values)
    if reset:
        estimator._n_axes_in = 3
    n_padding = instances.n_padding if instances.n_padding.any() else None
    return Windows(instances.to_windows(values), n_padding)


def _check_finite_rows(X, values):
    """Raise if a row of a frame has a value that is not finite."""
    is_finite = np.isfinite(values).all(axis=1)
    if not is_finite.all():
        row = int(np.argmin(is_finite))
        kind = "NaN" if np.isnan(values[row]).any() else "infinity"
        raise ValueError(
            f"Input X contains {kind}, in the row {X.index[[row]].tolist()[0]}. Fill "
            "in the value, or drop such rows with X[np.isfinite(X).all(axis=1)]."
        )


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
    return _from_floats(estimator, X, reset)


def _is_like_fit(estimator, X):
    """Return whether X is an array of floats with the axes and the features of fit.

    Nothing else of it is to be checked but its values. The checks of scikit-learn
    would return it as it is, and take longer than a small network.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in FLOATS
        and X.ndim == estimator._n_axes_in
        and X.shape[-1] == estimator.n_features_in_
        and X.size > 0
        and not hasattr(estimator, "feature_names_in_")
    )


def _from_floats(estimator, X, reset, allow_padding=False):
    """Convert an array of floats with the shape of fit to windows."""
    if X.ndim == 3:
        as_list = "[window[~np.isnan(window).all(axis=1)] for window in np.asarray(X)]"
        return _with_padding(X, check_not_empty=reset, as_list=as_list)
    # An array has the layout of the frame that was passed to fit.
    layout = estimator._layout
    if layout is not None:
        if not np.array_equal(layout.order, np.arange(X.shape[1])):
            X = X[:, layout.order]
        values = X.reshape(len(X), layout.n_timesteps, layout.n_features)
        return _with_padding(values, check_not_empty=reset)
    values = as_windows(X)
    if allow_padding:
        return _with_padding(values, check_not_empty=reset)
    if not (assumes_finite() or sum_is_finite(X)):
        as_list = "[row[~np.isnan(row)] for row in np.asarray(X)]"
        check_finite(values, np.zeros(len(X), dtype=np.intp), as_list)
    return Windows(values, None)


def _with_padding(values, check_not_empty, as_list=None):
    """Count the padding steps, and raise if a value outside them is not finite."""
    is_checked = not assumes_finite()
    if is_checked and sum_is_finite(distinct_values(values)):
        return Windows(values, None)
    n_padding = count_padding(values)
    if is_checked:
        check_finite(values, n_padding, as_list)
    if not n_padding.any():
        return Windows(values, None)
    if check_not_empty and (n_padding == values.shape[1]).all():
        raise ValueError(
            "Every window of X is all NaN, so there is no time step to train on. NaN "
            "at the start of a window is padding. Pass at least one value."
        )
    return Windows(values, n_padding)
