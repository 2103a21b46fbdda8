"""Bad input is refused with a clear message before any training."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn import config_context
from sklearn.exceptions import NotFittedError

from sklstm import LSTMRegressor, SlidingWindowTransformer
from sklstm._input import check

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(20, 5, 2))
y = X[:, 0, 0].copy()
FLAT = X[:, :, 0]
LAGS = pd.DataFrame(FLAT, columns=[f"sales__lag{lag}" for lag in (4, 3, 2, 1, 0)])


def with_value(windows, value):
    windows = windows.copy()
    windows[3, 2] = value
    return windows


def swapped_for(frame, old, new):
    return frame.rename(columns={old: new})


# X and y (and weights), and a pattern of the message.
BAD_DATA = {
    "NaN in the middle of a window": (
        (with_value(X, np.nan), y),
        "contains NaN, in window 3 at step 2.*Fill in the value",
    ),
    "NaN at the start of one feature only": (
        (np.where(np.arange(10).reshape(5, 2) == 0, np.nan, X), y),
        "contains NaN, in window 0 at step 0",
    ),
    "NaN at the end of a window": (
        (np.where(np.arange(5)[:, None] < 3, X, np.nan), y),
        "NaN, in window 0 at step 3. NaN is padding only .* at the start",
    ),
    "NaN at the end and in the middle": (
        (np.where(np.arange(5)[:, None] % 2, np.nan, with_value(X, np.nan)), y),
        "NaN, in window 0 at step 1. Fill in the value",
    ),
    "infinity": ((with_value(X, np.inf), y), "infinity, in window 3 at step 2"),
    "NaN in plain columns": ((with_value(FLAT, np.nan), y), "NaN, in window 3 at"),
    "NaN in lag columns": (
        (LAGS.replace(LAGS.iloc[3, 2], np.nan), y),
        "NaN, in window 3 at step 2",
    ),
    "nothing but NaN": ((np.full_like(X, np.nan), y), "all NaN"),
    "no window": ((X[:0], y[:0]), r"0 sample\(s\)"),
    "no row": ((FLAT[:0], y[:0]), r"0 sample\(s\)"),
    "no step": ((X[:, :0], y), "windows of 0 time steps"),
    "no feature": ((X[:, :, :0], y), r"0 feature\(s\)"),
    "one series": ((y, y), "1 dimensions.*SlidingWindowTransformer"),
    "one number": ((3.0, y), "0 dimensions"),
    "nothing at all": ((None, y), "0 dimensions"),
    "four axes": ((X[:, :, :, None], y), "4 dimensions; windows have 3"),
    "strings": ((np.full(FLAT.shape, "a"), y), "X holds strings.*Encode"),
    "strings in windows": ((np.full(X.shape, "a"), y), "X holds strings"),
    "complex numbers": ((FLAT + 1j, y), "Complex data not supported"),
    "complex windows": ((X + 1j, y), "Complex data not supported"),
    "a sparse X": ((scipy.sparse.csr_array(FLAT), y), "Sparse data.*toarray"),
    "an empty sequence": (([[1, 2, 3], []], [1, 2]), r"X\[1\] has no time steps"),
    "sequences of other features": (
        ([X[0], X[1, 1:, :1]], [1, 2]),
        r"X\[1\] has 1 features, but X\[0\] has 2",
    ),
    "features before time steps": (
        ([x[:n].T for x, n in zip(X, [2, 3] * 10, strict=True)], y),
        r"features, but X\[0\] has 2.*np.transpose",
    ),
    "frames of other columns": (
        ([pd.DataFrame(X[0]), pd.DataFrame(X[1])[[1, 0]]], [1, 2]),
        "The frames in X do not have the same columns",
    ),
    "cells that hold sequences": (
        (pd.DataFrame({"a": list(FLAT), "b": list(FLAT)}), y),
        "X has cells that hold sequences.*column_stack",
    ),
    "integers beyond float64": (
        (np.full(FLAT.shape, 10**400, dtype=object), y),
        "X holds integers beyond the range of float64",
    ),
    "records for y": (
        (X, np.zeros(20, [("a", float), ("b", float)])),
        "y is a structured array",
    ),
    "cells that hold sequences in y": (
        (X, pd.DataFrame({"a": list(FLAT), "b": list(FLAT)})),
        "y has cells that hold sequences. Pass one number per cell",
    ),
    "equal names in y": (
        (X, pd.DataFrame(X[:, 0], columns=["a", "a"])),
        "y has several columns with the same name",
    ),
    "sequences with a hole": (
        ([[1, 2, 3], [1, np.nan]], [1, 2]),
        r"X\[1\] holds NaN or infinity",
    ),
    "sequences of sequences": (([[[1], [2, 3]], [[1]]], [1, 2]), "different lengths"),
    "dates": ((FLAT.astype("datetime64[D]"), y), "X holds dates.*month"),
    "a frame with a date": (
        (pd.DataFrame({"a": y, "when": pd.Timestamp("2020-01-01")}), y),
        "X holds dates",
    ),
    "dates for y": ((X, pd.date_range("2020", periods=20)), "y holds dates"),
    "rows of different lengths in y": ((X, [[1], [1, 2]] * 10), "rows of y have diff"),
    "a number for y": ((X, 3.0), "y has 0 dimensions"),
    "strings for weights": ((X, y, ["a"] * 20), "sample_weight holds strings"),
    "lag columns with a hole": (
        (swapped_for(LAGS, "sales__lag4", "costs__lag4"), y),
        "do not form windows.*sales__lag4",
    ),
    "NaN in y": ((X, np.where(y > 0, y, np.nan)), "y contains NaN"),
    "infinity in y": ((X, np.where(y > 0, y, np.inf)), "y contains infinity"),
    "a longer y": ((X, np.append(y, 1)), "20 windows, but y has 21 targets"),
    "a shorter y": ((X, y[:-1]), "20 windows, but y has 19 targets"),
    "y of three axes": ((X, X), "y has 3 dimensions.*Flatten"),
    "strings for y": ((X, ["a"] * 20), "y holds strings"),
    "no y": ((X, None), "requires y to be passed"),
    "a sparse y": ((X, scipy.sparse.csr_array(y[:, None])), "Sparse data"),
    "values beyond any scale": ((np.sign(X) * 1.7e308, y), "X are too large"),
    "negative weights": ((X, y, -np.ones(20)), "Negative values"),
    "weights of zero": ((X, y, np.zeros(20)), "weight.*zero"),
    "weights beyond float32": (
        (X.astype(np.float32), y, np.full(20, 1e-50)),
        "beyond the range of float32",
    ),
    "weights of NaN": ((X, y, np.full(20, np.nan)), "sample_weight contains NaN"),
    "too few weights": ((X, y, np.ones(3)), "sample_weight.shape"),
}


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_data_is_refused(case, method):
    args, words = BAD_DATA[case]
    model = LSTMRegressor((3,), max_iter=1)
    with pytest.raises((ValueError, TypeError), match=words):
        getattr(model, method)(*args)
    with pytest.raises(NotFittedError):
        model.predict(X)


BAD_PARAMETERS = [
    ({"hidden_layer_sizes": ()}, "one size per layer"),
    ({"hidden_layer_sizes": (3, 0)}, "one size per layer"),
    ({"hidden_layer_sizes": (3.5,)}, "one size per layer"),
    ({"hidden_layer_sizes": [[3]]}, "one size per layer"),
    ({"hidden_layer_sizes": -1}, "'hidden_layer_sizes' parameter"),
    ({"cell": "elman"}, "'cell' parameter"),
    ({"activation": "sin"}, "'activation' parameter"),
    ({"pooling": "first"}, "'pooling' parameter"),
    ({"dropout": 1.0}, "'dropout' parameter"),
    ({"recurrent_dropout": -0.1}, "'recurrent_dropout' parameter"),
    ({"max_timescale": 1}, "'max_timescale' parameter"),
    ({"cell": "rnn", "max_timescale": 9}, 'cell="rnn" has no gates'),
    ({"loss": "mse"}, "'loss' parameter"),
    ({"loss": "poisson"}, "y must not be negative"),
    ({"loss": "quantile", "quantiles": (0.9, 0.1)}, "increasing numbers"),
    ({"loss": "quantile", "quantiles": (0.5, 0.5)}, "increasing numbers"),
    ({"loss": "quantile", "quantiles": (0.5, 1.0)}, "increasing numbers"),
    ({"loss": "quantile", "quantiles": ("a",)}, "increasing numbers"),
    ({"loss": "quantile", "quantiles": ()}, "increasing numbers"),
    ({"loss": "quantile", "quantiles": ((0.1, 0.9), (0.5,))}, "increasing numbers"),
    ({"solver": "lbfgs"}, "'solver' parameter"),
    ({"learning_rate": "invscaling"}, "'learning_rate' parameter"),
    ({"learning_rate_init": 0}, "'learning_rate_init' parameter"),
    ({"batch_size": 0}, "'batch_size' parameter"),
    ({"max_iter": 0}, "'max_iter' parameter"),
    ({"max_grad_norm": 0}, "'max_grad_norm' parameter"),
    ({"random_state": "a"}, "'random_state' parameter"),
    ({"dtype": "float16"}, "'dtype' parameter"),
    ({"device": "gpu"}, 'Pass device="cpu"'),
    ({"device": "meta"}, 'Pass device="cpu"'),
]


@pytest.mark.parametrize(("params", "words"), BAD_PARAMETERS, ids=str)
def test_bad_parameters_are_refused(params, words):
    model = LSTMRegressor(**{"hidden_layer_sizes": (3,)} | params)
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r'Pass device="cpu", or device="auto"'):
        LSTMRegressor(device="cuda").fit(X, y)


@pytest.mark.parametrize(
    ("fitted_on", "passed", "words"),
    [
        (X, X[:, :, :1], "1 features, but LSTMRegressor is expecting 2"),
        (X, FLAT, "fitted on an X of 3"),
        (FLAT, X, "fitted on an X of 2"),
        (FLAT, FLAT[:, :3], "3 features, but LSTMRegressor is expecting 5"),
        (LAGS, LAGS.add_prefix("my_"), "feature names should match"),
        (X, X[:0], r"0 sample\(s\)"),
        (X, with_value(X, np.nan), "contains NaN"),
        (FLAT, LAGS, "X has lag columns, but the X passed to fit had none"),
    ],
    ids=range(8),
)
def test_predict_compares_x_with_that_of_fit(fitted_on, passed, words):
    model = LSTMRegressor((3,), max_iter=1).fit(fitted_on, y)
    with pytest.raises(ValueError, match=words):
        model.predict(passed)


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        ({"X_val": X}, "X_val was passed without y_val. Pass X_val and y_val, or no"),
        ({"y_val": y}, "y_val was passed without X_val"),
        ({"sample_weight_val": y}, "was passed without X_val and y_val"),
        ({"X_val": X[:, :, :1], "y_val": y}, "1 features"),
        ({"X_val": X, "y_val": np.column_stack([y, y])}, "2 targets per window"),
        ({"X_val": X, "y_val": y[:3]}, "20 windows, but y has 3"),
    ],
    ids=range(6),
)
def test_bad_validation_data_is_refused(validation, words):
    with pytest.raises(ValueError, match=words):
        LSTMRegressor((3,)).fit(X, y, **validation)


def test_values_beyond_float32_are_refused():
    model = LSTMRegressor((3,), max_iter=1, dtype="float32").fit(X, y)
    with pytest.raises(ValueError, match=r'large for float32.*dtype="float64"'):
        model.predict(X * 1e300)


def test_quantiles_of_a_network_without_any_are_refused():
    model = LSTMRegressor((3,), max_iter=1).fit(X, y).set_params(loss="quantile")
    with pytest.raises(ValueError, match=r"squared_error.*has no quantiles"):
        model.predict_quantiles(X)


def test_a_refused_fit_does_not_change_the_shape_of_predictions():
    model = LSTMRegressor((3,), max_iter=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="n_outputs from 1 to 2"):
        model.fit(X, np.column_stack([y, y]))
    assert model.predict(X).shape == (20,)


def test_early_stopping_without_enough_windows_is_refused():
    model = LSTMRegressor((3,), early_stopping=True)
    with pytest.raises(ValueError, match=r"Of 1 windows, 1 are held out"):
        model.fit(X[:1], y[:1])
    overlapping = np.lib.stride_tricks.sliding_window_view(y, 12)
    with pytest.raises(ValueError, match=r"overlap the validation.*use shorter"):
        model.fit(overlapping, y[11:])


def test_warm_start_with_another_network_is_refused():
    model = LSTMRegressor((3,), max_iter=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes from \(3,\) to \(4,\)"):
        model.set_params(hidden_layer_sizes=(4,)).fit(X, y)
    with pytest.raises(ValueError, match="n_features from 2 to 1"):
        model.set_params(hidden_layer_sizes=(3,)).fit(X[:, :, :1], y)
    with pytest.raises(ValueError, match=r"loss from .* to .*huber"):
        model.set_params(loss="huber").fit(X, y)
    with pytest.raises(ValueError, match="dtype from float64 to float32"):
        model.set_params(loss="squared_error", dtype="float32").fit(X, y)
    with pytest.raises(ValueError, match='Pass device="cpu"'):
        model.set_params(dtype="auto", device="nonsense").fit(X, y)


def test_partial_fit_refuses_early_stopping_and_other_shapes():
    with pytest.raises(ValueError, match="does not support early_stopping"):
        LSTMRegressor(early_stopping=True).partial_fit(X, y)
    model = LSTMRegressor((3,)).partial_fit(X, y)
    with pytest.raises(ValueError, match="2 targets per window, but the network has 1"):
        model.partial_fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="1 features"):
        model.partial_fit(X[:, :, :1], y)


@pytest.mark.parametrize(
    "accepted",
    [X.tolist(), X > 0, X.astype(np.float16), (X * 9).astype(int), X.astype(object)],
    ids=["lists", "bool", "float16", "int", "object"],
)
def test_numbers_of_any_kind_are_accepted(accepted):
    model = LSTMRegressor((3,), max_iter=2, random_state=0).fit(accepted, y.tolist())
    assert np.isfinite(model.predict(accepted)).all()


def test_one_window_is_enough():
    model = LSTMRegressor((3,), max_iter=5, random_state=0).fit(X[:1], y[:1])
    np.testing.assert_allclose(model.predict(X[:1]), y[:1], atol=0.5)


# X of any kind, which a model that was fitted on one of the first three may see.
ANY_X = {
    "windows": X,
    "flat": FLAT,
    "lags": LAGS,
    "float32": X.astype(np.float32),
    "big-endian": X.astype(">f8"),
    "float16": X.astype(np.float16),
    "int": (X * 9).astype(int),
    "complex": X + 1j,
    "objects": X.astype(object),
    "dates": np.zeros(X.shape, "datetime64[s]"),
    "strings": np.full(FLAT.shape, "a"),
    "masked": np.ma.masked_greater(X, 1.0),
    "flat lists": FLAT.tolist(),
    "sparse": scipy.sparse.csr_array(FLAT),
    "tensor": torch.from_numpy(X),
    "reversed": X[::-1, ::-1],
    "sliding view": np.lib.stride_tricks.sliding_window_view(X[:, 0], 5, 0).transpose(
        0, 2, 1
    ),
    "padding": with_value(X, np.nan)[:, 2:],
    "NaN": with_value(X, np.nan),
    "infinity": with_value(FLAT, np.inf),
    "no window": X[:0],
    "no step": X[:, :0],
    "no feature": X[:, :, :0],
    "one feature": X[:, :, :1],
    "three steps": FLAT[:, :3],
    "one window": X[0],
    "one series": y,
    "one number": np.float64(3.0),
    "four axes": X[None],
}


def outcome(model, X):
    """Return the predictions for X or the error, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = model.predict(X).tolist()
        except (TypeError, ValueError) as error:
            result = repr(error)
    return result, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("fitted_on", ["windows", "flat", "lags"])
def test_a_check_that_is_skipped_would_have_passed(fitted_on, monkeypatch):
    model = LSTMRegressor((3,), max_iter=1).fit(ANY_X[fitted_on], y)
    outcomes = {name: outcome(model, ANY_X[name]) for name in ANY_X}
    monkeypatch.setattr(check, "_is_like_fit", lambda *_: False)
    assert outcomes == {name: outcome(model, ANY_X[name]) for name in ANY_X}


@pytest.mark.parametrize("passed", [X, FLAT, X.astype(np.float32)], ids=range(3))
def test_an_array_of_floats_as_in_fit_needs_no_check_of_scikit_learn(
    passed, monkeypatch
):
    model = LSTMRegressor((3,), max_iter=1).fit(passed, y)
    expected = model.predict(passed)
    for name in ("check_array", "validate_data"):
        monkeypatch.delattr(check, name)
    np.testing.assert_array_equal(model.predict(passed), expected)


@pytest.mark.parametrize("passed", [X, FLAT, LAGS], ids=["windows", "flat", "lags"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_are_not_checked_if_they_are_assumed_to_be_finite(passed, value):
    model = LSTMRegressor((3,), max_iter=1, random_state=0)
    expected = model.fit(passed, y).predict(passed)
    bad = passed.copy()
    bad[3:4] = with_value(np.asarray(passed), value)[3:4]
    with pytest.raises(ValueError, match="window 3 at step 2"):
        model.predict(bad)
    with config_context(assume_finite=True):
        np.testing.assert_array_equal(model.fit(passed, y).predict(passed), expected)
        predicted = model.predict(bad)
    np.testing.assert_array_equal(np.isnan(predicted), np.arange(20) == 3)
    np.testing.assert_array_equal(np.delete(predicted, 3), np.delete(expected, 3))


def test_padding_is_found_if_values_are_assumed_to_be_finite():
    padded = X.copy()
    padded[3, :2] = np.nan
    model = LSTMRegressor((3,), max_iter=1).fit(X, y)
    expected = model.predict(padded)
    with config_context(assume_finite=True):
        np.testing.assert_array_equal(model.predict(padded), expected)


def test_rows_are_not_checked_if_they_are_assumed_to_be_finite():
    rows = np.arange(5.0)[:, None]
    transformer = SlidingWindowTransformer(2, context=None).fit(rows)
    rows[4] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        transformer.transform(rows)
    with config_context(assume_finite=True):
        assert transformer.transform(rows)[4].max() == np.inf


def test_rows_of_sequences_are_not_checked_if_they_are_assumed_to_be_finite():
    index = pd.MultiIndex.from_product([range(20), range(5)])
    frame = pd.DataFrame(X.reshape(-1, 2), index)
    model = LSTMRegressor((3,), max_iter=1).fit(frame, y)
    frame.iloc[7] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.predict(frame)
    with config_context(assume_finite=True):
        assert np.isnan(model.predict(frame)).tolist() == [i == 1 for i in range(20)]
