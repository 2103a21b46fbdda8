"""Private functions of PyTorch are tried once, and a fit can do without them."""

from types import SimpleNamespace

import numpy as np
import numpy.testing as npt
import pytest
import torch
from one_layer import ONE_LAYER

from sklstm import LSTMRegressor
from sklstm._nn import dispatch, onednn
from sklstm._nn.cells import step_by_step
from sklstm._nn.optimizers import adam_update
from sklstm._nn.torch_compat import (
    PYTORCH_LAYERS,
    adam_example,
    fused_adam_update,
    is_usable,
    layer_example,
    onednn_product,
    product_example,
    pytorch_states,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LAYER_TRIAL = pytorch_states, step_by_step, layer_example
ADAM_TRIAL = fused_adam_update, adam_update, adam_example
PRODUCT_TRIAL = onednn_product, torch.matmul, product_example
needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="PyTorch was built without oneDNN"
)
by_precision = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@pytest.fixture(autouse=True)
def _without_cached_answers():
    is_usable.cache_clear()
    yield
    is_usable.cache_clear()


class Broken:
    """Private function that fails in some way, and counts its calls."""

    def __init__(self, function, failure):
        self.function, self.failure, self.n_calls = function, failure, 0

    def __call__(self, *args, **kwargs):
        self.n_calls += 1
        if self.failure == "raises":
            raise ValueError("no longer supported")
        result = self.function(*args, **kwargs)
        if self.failure == "returns nothing" or result is None:
            return None
        if isinstance(result, tuple):  # of states, by a layer
            return (2 * result[0], *result[1:])
        return 2 * result


def leave_unchanged(*tensors, **parameters):
    """Do nothing, in place of an update."""


@pytest.fixture(params=["is missing", "raises", "is wrong", "returns nothing"])
def break_function(request, monkeypatch):
    """Function that breaks a function of PyTorch in one of four ways.

    At the end, the broken function must have been called once, to try it.
    """
    made = []

    def break_it(owner, name, function):
        if request.param == "is missing":
            monkeypatch.delattr(owner, name)
        else:
            made.append(Broken(function, request.param))
            monkeypatch.setattr(owner, name, made[-1])

    yield break_it
    assert all(broken.n_calls == 1 for broken in made)


def fitted_and_predicted(**settings):
    """Fit on enough windows for large products; predict few of them and many."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5, 2)).astype("float32")
    y = X[:, -1, 0] - X[:, 1, 1]
    settings |= {"max_iter": 5, "random_state": 0}
    model = LSTMRegressor((4,), **ONE_LAYER | settings).fit(X, y)
    return np.concatenate([model.predict(X[:3]), model.predict(X)])


@pytest.mark.parametrize(("cell", "activation"), PYTORCH_LAYERS)
def test_layers_can_be_done_without(cell, activation, break_function):
    settings = {"cell": cell, "activation": activation}
    expected = fitted_and_predicted(**settings)
    is_usable.cache_clear()
    name = PYTORCH_LAYERS[cell, activation]
    break_function(torch, name, getattr(torch, name))
    npt.assert_allclose(fitted_and_predicted(**settings), expected, atol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "adamw"])
def test_the_fused_update_of_adam_can_be_done_without(solver, break_function):
    expected = fitted_and_predicted(solver=solver)
    is_usable.cache_clear()
    break_function(torch, "_fused_adam_", leave_unchanged)
    npt.assert_allclose(fitted_and_predicted(solver=solver), expected, atol=1e-5)


@needs_onednn
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_product_of_onednn_can_be_done_without(cell, break_function, monkeypatch):
    expected = fitted_and_predicted(cell=cell)
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: True)
    monkeypatch.setattr(dispatch, "LARGE_PRODUCT", 0)
    product = SimpleNamespace(default=torch.ops.mkldnn._linear_pointwise.default)
    operations = SimpleNamespace(_linear_pointwise=product)
    monkeypatch.setattr(torch.ops, "mkldnn", operations)
    break_function(product, "default", product.default)
    npt.assert_allclose(fitted_and_predicted(cell=cell), expected, atol=1e-5)


@needs_onednn
def test_the_product_of_this_pytorch_passes():
    assert is_usable(*PRODUCT_TRIAL)


@by_precision
def test_the_fused_update_of_this_pytorch_passes(dtype):
    assert is_usable(*ADAM_TRIAL, dtype, torch.device("cpu"))


@by_precision
@pytest.mark.parametrize("layer", PYTORCH_LAYERS)
def test_the_layers_of_this_pytorch_pass(layer, dtype):
    assert is_usable(*LAYER_TRIAL, *layer, dtype, "cpu")


def test_a_device_that_does_not_exist_does_not_pass():
    assert not is_usable(*LAYER_TRIAL, "lstm", "tanh", torch.float32, "no such device")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda left, right: (left @ right)[:1],
        lambda left, right: (left @ right).double(),
        lambda left, right: (left @ right) * torch.nan,
        lambda left, right: (left @ right, None),
        lambda left, right: (left @ right) + 0.1,
    ],
)
def test_other_shapes_kinds_and_values_do_not_pass(wrong):
    assert not is_usable(wrong, *PRODUCT_TRIAL[1:])


@pytest.mark.parametrize("number", range(3))
def test_all_results_are_compared(number):
    def wrong(*args):
        results = [*adam_update(*args)]
        results[number] = results[number] + 0.1
        return tuple(results)

    assert not is_usable(wrong, *ADAM_TRIAL[1:], torch.float32, torch.device("cpu"))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_in_another_order_do_not_pass(cell):
    def wrong(cell, inputs, weights, activation):
        size = weights.recurrent.shape[1]
        parts = [w if w is None or len(w) == size else w.roll(size, 0) for w in weights]
        return pytorch_states(cell, inputs, weights._make(parts), activation)

    assert not is_usable(wrong, *LAYER_TRIAL[1:], cell, "tanh", torch.float32, "cpu")
