"""Every row of the table of methods in `sklstm._nn.dispatch`."""

import pytest
import torch

from sklstm._nn import dispatch, onednn
from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.autoencoder import AutoencoderNetwork
from sklstm._nn.autograd import UNROLLED, UNROLLED_TANH
from sklstm._nn.backprop import AutogradBackprop, PlainBackprop, make_backprop
from sklstm._nn.dispatch import (
    BLOCK_STATES,
    FEW_GATE_BYTES,
    FEW_STATES,
    FEW_UNITS,
    FEW_WINDOWS,
    FEWEST_IN_BLOCK,
    HAND_DERIVED,
    LARGE_PRODUCT,
    VECTOR,
    Case,
    Method,
    choose_method,
    computes_tanh_by_sigmoid,
    masks_padding,
    multiplies_by_onednn,
    skips_autograd,
    windows_per_block,
)
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.optimizers import FlatWeights
from sklstm._nn.torch_compat import PYTORCH_LAYERS

# A prediction of many windows on a CPU.
PREDICTION = Case(
    cell="lstm",
    activation="tanh",
    device="cpu",
    dtype=torch.float32,
    n_windows=300,
    n_timesteps=24,
    size=50,
    needs_gradient=False,
    has_padding=False,
    has_recurrent_mask=False,
)


def method_for(**changes):
    return choose_method(PREDICTION._replace(**changes))


@pytest.fixture
def wide(monkeypatch):
    """A processor with instructions of 512 bits."""
    monkeypatch.setattr(onednn, "is_enabled", lambda: True)
    monkeypatch.setattr(onednn, "is_wide", lambda: True)
    monkeypatch.setattr(onednn, "multiplies_in_bfloat16", lambda: False)


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr(onednn, "is_wide", lambda: False)


@pytest.mark.parametrize("is_usable", [True, False])
@pytest.mark.parametrize("needs_gradient", [True, False])
@pytest.mark.parametrize(("cell", "activation"), PYTORCH_LAYERS)
def test_a_gpu_runs_the_layers_of_pytorch_that_are_usable(
    cell, activation, needs_gradient, is_usable, monkeypatch
):
    monkeypatch.setattr(dispatch, "is_usable", lambda *_: is_usable)
    layer = {"device": "cuda", "cell": cell, "activation": activation}
    expected = Method.PYTORCH if is_usable else Method.STEPWISE
    assert method_for(**layer, needs_gradient=needs_gradient) is expected


@pytest.mark.parametrize(
    "changes",
    [{"activation": "relu"}, {"cell": "new"}, {"has_recurrent_mask": True}],
    ids=str,
)
def test_a_gpu_runs_other_layers_step_by_step(changes):
    assert method_for(device="cuda", **changes) is Method.STEPWISE


@pytest.mark.parametrize("needs_gradient", [True, False])
@pytest.mark.parametrize("n_windows", [1, 1000])
def test_a_cell_without_hand_derived_gradients_runs_step_by_step(
    n_windows, needs_gradient
):
    changes = {"cell": "new", "n_windows": n_windows}
    assert method_for(**changes, needs_gradient=needs_gradient) is Method.STEPWISE


@pytest.mark.parametrize("cell", sorted(HAND_DERIVED))
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_windows", [1, 1000])
@pytest.mark.usefixtures("wide")
def test_a_gradient_on_a_cpu_is_hand_derived(cell, activation, n_windows):
    layer = {"cell": cell, "activation": activation, "n_windows": n_windows}
    assert method_for(**layer, needs_gradient=True) is Method.BPTT
    assert method_for(**layer, has_recurrent_mask=True) is Method.BPTT


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("n_windows", [1, 100_000])
@pytest.mark.parametrize("size", [VECTOR, FEW_UNITS, FEW_UNITS + VECTOR])
def test_onednn_predicts_an_lstm_whose_units_fill_vectors(size, n_windows):
    assert method_for(size=size, n_windows=n_windows) is Method.PYTORCH


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "gru"},
        {"activation": "relu"},
        {"dtype": torch.float64},
        {"has_padding": True},
        {"size": 50},
    ],
    ids=str,
)
def test_our_own_steps_predict_many_windows_otherwise(changes):
    assert method_for(**{"size": VECTOR, "n_windows": 1000} | changes) is (
        Method.INFERENCE
    )


@pytest.mark.usefixtures("narrow")
def test_our_own_steps_predict_many_windows_without_wide_instructions():
    assert method_for(size=VECTOR, n_windows=1000) is Method.INFERENCE


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize(
    ("size", "method"),
    [(FEW_UNITS, Method.PYTORCH), (FEW_UNITS + VECTOR, Method.INFERENCE)],
)
def test_our_own_steps_predict_many_units_in_bfloat16(size, method, monkeypatch):
    monkeypatch.setattr(onednn, "multiplies_in_bfloat16", lambda: True)
    assert method_for(size=size) is method


@pytest.mark.parametrize("has_padding", [True, False])
def test_onednn_predicts_few_states_of_an_lstm(has_padding, monkeypatch):
    monkeypatch.setattr(onednn, "is_enabled", lambda: True)
    monkeypatch.setattr(onednn, "is_wide", lambda: False)
    n_windows = FEW_STATES // 50 // (2 if has_padding else 1)
    changes = {"size": 50, "has_padding": has_padding}
    assert method_for(n_windows=n_windows, **changes) is Method.PYTORCH
    assert method_for(n_windows=n_windows + 1, **changes) is Method.INFERENCE


@pytest.mark.parametrize("has_padding", [True, False])
@pytest.mark.parametrize(
    ("cell", "dtype", "bytes_of_gates"),
    [
        ("gru", torch.float32, 3 * 4),
        ("rnn", torch.float32, 4),
        ("rnn", torch.float64, 8),
        ("lstm", torch.float64, 4 * 8),
    ],
)
@pytest.mark.parametrize("n_timesteps", [5, 1000])
def test_other_layers_of_pytorch_predict_few_windows(
    cell, dtype, bytes_of_gates, n_timesteps, has_padding
):
    n_windows = FEW_GATE_BYTES // (bytes_of_gates * n_timesteps * 50)
    n_windows = max(n_windows, FEW_WINDOWS) // (2 if has_padding else 1)
    changes = {"cell": cell, "dtype": dtype, "n_timesteps": n_timesteps}
    changes |= {"size": 50, "has_padding": has_padding}
    assert method_for(n_windows=n_windows, **changes) is Method.PYTORCH
    assert method_for(n_windows=n_windows + 1, **changes) is Method.INFERENCE


def test_an_lstm_without_onednn_is_another_layer(monkeypatch):
    monkeypatch.setattr(onednn, "is_enabled", lambda: False)
    assert method_for(n_windows=FEW_WINDOWS + 1, n_timesteps=1000) is Method.INFERENCE


@pytest.mark.parametrize(("cell", "activation"), PYTORCH_LAYERS)
def test_pytorch_predicts_one_window(cell, activation):
    layer = {"cell": cell, "activation": activation}
    assert method_for(n_windows=1, **layer) is Method.PYTORCH


def test_pytorch_computes_a_block_of_windows_at_once_on_a_cpu():
    assert windows_per_block("cpu", 64, 128) * 64 * 128 == BLOCK_STATES
    assert windows_per_block("cpu", 10_000, 1000) == FEWEST_IN_BLOCK
    assert windows_per_block("cuda", 64, 128) is None


def test_our_own_steps_predict_few_windows_if_pytorch_has_no_layer():
    assert method_for(n_windows=1, activation="relu") is Method.INFERENCE


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("n_windows", [1, 1000])
def test_our_own_steps_predict_if_the_layer_is_not_usable(n_windows, monkeypatch):
    monkeypatch.setattr(dispatch, "is_usable", lambda *_: False)
    assert method_for(size=VECTOR, n_windows=n_windows) is Method.INFERENCE


@pytest.mark.parametrize(
    ("method", "activation", "expected"),
    [
        (Method.STEPWISE, "tanh", True),
        (Method.STEPWISE, "logistic", True),
        (Method.INFERENCE, "tanh", True),
        (Method.INFERENCE, "logistic", False),
        (Method.BPTT, "relu", True),
        (Method.BPTT, "logistic", False),
        (Method.PYTORCH, "tanh", False),
    ],
)
def test_padding_is_masked_where_the_method_can(method, activation, expected):
    assert masks_padding(method, activation) is expected


@pytest.mark.parametrize("cell", sorted(HAND_DERIVED))
@pytest.mark.parametrize("sizes", [(4,), (4, 3)])
def test_plain_stacks_are_differentiated_without_autograd(cell, sizes):
    network = RecurrentNetwork(2, 1, cell=cell, hidden_layer_sizes=sizes)
    assert isinstance(make_backprop(network, FlatWeights(network)), PlainBackprop)


@pytest.mark.parametrize(
    "settings",
    [
        {"bidirectional": True},
        {"pooling": "mean"},
        {"pooling": "attention"},
        {"pooling": None},
        {"conv_filters": (3,)},
        {"n_codes": 5, "embedding_size": 2},
        {"activation": "logistic"},
    ],
    ids=str,
)
def test_other_networks_are_differentiated_by_autograd(settings):
    network = RecurrentNetwork(2, 1, hidden_layer_sizes=(4,), **settings)
    assert isinstance(make_backprop(network, FlatWeights(network)), AutogradBackprop)


def test_autoencoders_are_differentiated_by_autograd():
    network = AutoencoderNetwork(2, 1, hidden_layer_sizes=(4,))
    assert isinstance(make_backprop(network, FlatWeights(network)), AutogradBackprop)


def test_cells_that_are_not_hand_derived_are_differentiated_by_autograd(monkeypatch):
    layers = RecurrentNetwork(2, 1, hidden_layer_sizes=(4, 3)).plain_layers
    assert skips_autograd("cpu", layers)
    monkeypatch.setattr(layers[1], "cell", "new")
    assert not skips_autograd("cpu", layers)


def test_networks_on_a_gpu_are_differentiated_by_autograd():
    layers = RecurrentNetwork(2, 1, hidden_layer_sizes=(4,)).plain_layers
    assert not skips_autograd("cuda", layers)


@pytest.mark.parametrize(
    ("cell", "activation", "dtype", "expected"),
    [
        ("lstm", "tanh", torch.float32, True),
        ("gru", "tanh", torch.float64, True),
        ("rnn", "tanh", torch.float32, True),
        ("rnn", "tanh", torch.float64, False),
        ("lstm", "relu", torch.float32, False),
    ],
)
def test_tanh_is_computed_by_a_sigmoid(cell, activation, dtype, expected):
    assert computes_tanh_by_sigmoid(cell, activation, dtype) is expected


@pytest.mark.parametrize(
    ("n_between", "dtype", "is_wider", "expected"),
    [
        (128, torch.float32, True, True),
        (127, torch.float32, True, False),
        (128, torch.float64, True, False),
        (128, torch.float32, False, False),
    ],
)
def test_large_products_are_for_onednn(
    n_between, dtype, is_wider, expected, monkeypatch
):
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: is_wider)
    shape = 64, n_between, LARGE_PRODUCT // 64 // 128
    assert multiplies_by_onednn(shape, dtype) is expected


def test_no_product_is_for_onednn_if_it_is_not_usable(monkeypatch):
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: True)
    monkeypatch.setattr(dispatch, "is_usable", lambda *_: False)
    assert not multiplies_by_onednn((64, 128, LARGE_PRODUCT), torch.float32)


def test_every_hand_derived_cell_is_unrolled():
    assert set(UNROLLED) == set(UNROLLED_TANH) == HAND_DERIVED
