"""Products in bfloat16, which `torch.set_float32_matmul_precision` allows."""

import pickle
from contextlib import contextmanager

import numpy as np
import numpy.testing as npt
import pytest
import torch
from one_layer import ONE_LAYER

from sklstm import LSTMRegressor
from sklstm._nn import onednn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 6, 2)).astype("float32")
Y = X[:, -1, 0] - X[:, 2, 1]


@contextmanager
def matmul_precision(precision):
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision("highest")


def has_bfloat16():
    with matmul_precision("medium"):
        return onednn.multiplies_in_bfloat16()


needs_bfloat16 = pytest.mark.skipif(
    not has_bfloat16(), reason="no products in bfloat16 on this processor"
)


def fitted(precision, cell="lstm", dtype="float32"):
    settings = {"cell": cell, "dtype": dtype, "max_iter": 60, "random_state": 0}
    model = LSTMRegressor((24,), **ONE_LAYER | settings)
    with matmul_precision(precision):
        return model.fit(X, Y)


@pytest.mark.parametrize("precision", ["highest", "high"])
def test_products_are_not_in_bfloat16_unless_it_is_allowed(precision):
    with matmul_precision(precision):
        assert not onednn.multiplies_in_bfloat16()


@needs_bfloat16
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_fits_in_bfloat16_learn_as_much(cell):
    highest, medium = fitted("highest", cell), fitted("medium", cell)
    assert highest.score(X, Y) > 0.9
    assert medium.loss_ != highest.loss_
    assert medium.score(X, Y) == pytest.approx(highest.score(X, Y), abs=0.01)
    npt.assert_allclose(medium.predict(X), highest.predict(X), atol=0.1)


@needs_bfloat16
def test_predictions_in_bfloat16_are_close():
    model = fitted("highest", cell="gru")
    expected = model.predict(X)
    with matmul_precision("medium"):
        close = model.predict(X)
    assert (close != expected).any()
    npt.assert_allclose(close, expected, atol=0.03)


def test_a_fit_in_full_precision_does_not_depend_on_earlier_fits():
    before = fitted("highest").predict(X)
    fitted("medium").predict(X)
    npt.assert_array_equal(fitted("highest").predict(X), before)


def test_double_precision_is_not_reduced():
    models = [fitted(precision, dtype="float64") for precision in ("highest", "medium")]
    npt.assert_array_equal(*(model.predict(X) for model in models))


@pytest.mark.parametrize("precision", ["highest", "medium"])
def test_a_pickle_does_not_depend_on_the_precision(precision):
    model = fitted(precision)
    expected = model.predict(X)
    pickled = pickle.dumps(model)
    with matmul_precision("medium"):
        assert pickle.dumps(model) == pickled
        loaded = pickle.loads(pickled)
    npt.assert_array_equal(loaded.predict(X), expected)
