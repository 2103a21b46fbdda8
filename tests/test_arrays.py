"""Tensors, masked arrays and Arrow tables, also as items of a list."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.linear_model import Ridge

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
    make_windows,
    pad_sequences,
)
from sklstm._input.arrays import unwrap

X = np.random.default_rng(0).normal(size=(12, 4, 2))
y = X[:, -1, 0].copy()
SETTINGS = {"hidden_layer_sizes": (2,), "max_iter": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (np.ma.masked_equal([1, 2], 1), [np.nan, 2]),
        (np.ma.masked_equal([1.5, 2], 2), [1.5, np.nan]),
        (np.ma.array([True, False], mask=[0, 1]), [1, np.nan]),
        (np.ma.array([1, 2]), [1, 2]),
        (np.ma.masked_equal(["a", "b"], "b"), ["a", np.nan]),
        (
            np.ma.array(np.array(["2020", "2021"], "datetime64[D]"), mask=[1, 0]),
            np.array(["NaT", "2021"], "datetime64[D]"),
        ),
    ],
    ids=range(6),
)
def test_masked_values_are_missing(masked, expected):
    assert type(unwrap(masked, "X")) is np.ndarray
    assert pd.Series(unwrap(masked, "X")).equals(pd.Series(expected))


def test_float32_keeps_its_precision():
    masked = np.ma.masked_equal(np.array([1, 2], dtype=np.float32), 1)
    assert unwrap(masked, "X").dtype == np.float32


def test_masked_steps_at_the_start_are_padding():
    padded = pad_sequences([X[0, 1:], X[1]])
    masked = np.ma.masked_invalid(np.where(np.isnan(padded), 7, padded))
    masked.mask = np.isnan(padded)
    model = LSTMRegressor(**SETTINGS).fit(X, y)
    npt.assert_array_equal(model.predict(masked), model.predict(padded))


@pytest.mark.parametrize("model", [LSTMRegressor(), LSTMClassifier()])
def test_masked_values_and_targets_are_refused(model):
    is_masked = np.zeros(X.shape, bool)
    is_masked[3, 2] = True
    with pytest.raises(ValueError, match="contains NaN, in window 3 at step 2"):
        model.fit(np.ma.array(X, mask=is_masked), y > 0)
    with pytest.raises(ValueError, match="y contains NaN"):
        model.fit(X, np.ma.array((y > 0).astype(int), mask=is_masked[:, 2, 0]))
    with pytest.raises(ValueError, match="sample_weight contains NaN"):
        model.fit(X, y > 0, np.ma.array(np.ones(12), mask=is_masked[:, 2, 0]))
    with pytest.raises(ValueError, match=r"X\[3\] holds NaN"):
        model.fit([*X[:3], np.ma.masked_less(X[3, :2], 9), *X[4:]], y > 0)


def test_tables_and_series_read_masked_values_as_missing():
    values = np.random.default_rng(1).normal(size=40)
    holed = values.copy()
    holed[20] = np.nan
    masked = np.ma.array(values, mask=np.isnan(holed))
    forecaster = LSTMForecaster(Ridge(), horizon=2, random_state=0)
    npt.assert_array_equal(
        forecaster.fit(masked).predict(), forecaster.fit(holed).predict()
    )
    detector = LSTMOutlierDetector(Ridge(), window_size=3)
    npt.assert_array_equal(
        detector.fit(masked[:, None]).score_samples(masked[:, None]),
        detector.fit(holed[:, None]).score_samples(holed[:, None]),
    )
    with pytest.raises(ValueError, match="NaN"):
        SlidingWindowTransformer(3).fit(masked[:, None])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("n_last", [4, 3], ids=["equal", "unequal"])
def test_items_of_lists_may_be_tensors(dtype, n_last):
    tensors = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in X]
    tensors[-1] = tensors[-1][-n_last:]
    arrays = [tensor.detach().double().numpy() for tensor in tensors]
    npt.assert_array_equal(pad_sequences(tensors), pad_sequences(arrays))
    model = LSTMRegressor(dtype="float64", **SETTINGS)
    npt.assert_array_equal(
        model.fit(tensors, y).predict(tensors), model.fit(arrays, y).predict(arrays)
    )


def test_weights_and_components_and_series_may_be_tensors():
    weights = torch.arange(1.0, 13).requires_grad_()
    model = LSTMRegressor(**SETTINGS)
    npt.assert_array_equal(
        model.fit(X, y, weights).predict(X),
        model.fit(X, y, weights.detach().numpy()).predict(X),
    )
    autoencoder = LSTMAutoencoder(n_components=2, **SETTINGS).fit(X)
    components = torch.tensor(autoencoder.transform(X), requires_grad=True)
    npt.assert_array_equal(
        autoencoder.inverse_transform(components),
        autoencoder.inverse_transform(components.detach().numpy()),
    )
    windows, *_ = make_windows(weights, window_size=3)
    npt.assert_array_equal(windows[0, :, 0], [1, 2, 3])


def test_sparse_tensors_are_refused_with_a_way_out():
    sparse = torch.tensor(X).to_sparse()
    with pytest.raises(ValueError, match=r"Pass X.to_dense\(\)"):
        LSTMRegressor().fit(sparse, y)
    LSTMRegressor(**SETTINGS).fit(sparse.to_dense(), y)


def test_arrow_tables_are_frames():
    pa = pytest.importorskip("pyarrow")
    frame = pd.DataFrame(X[:, :, 0], columns=[f"lag{k}" for k in (1, 2, 3, 4)])
    table = pa.Table.from_pandas(frame)
    model = LSTMRegressor(**SETTINGS).fit(frame, y)
    npt.assert_array_equal(model.predict(table), model.predict(frame))


def test_classes_may_be_tensors():
    model = LSTMClassifier(**SETTINGS)
    model.partial_fit(X, y > 0, classes=torch.tensor([False, True]))
    model.partial_fit(X, y > 0, classes=torch.tensor([True, False]))
    assert model.classes_.tolist() == [False, True]


def test_a_target_that_needs_a_gradient_is_compared_with_the_features():
    target = torch.arange(12.0).requires_grad_()
    with pytest.warns(UserWarning, match="equals y"):
        SlidingWindowTransformer(3).fit(np.arange(12.0)[:, None], target)
