"""Hand-derived backpropagation of a network against autograd."""

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.backprop import AutogradBackprop, PlainBackprop, make_backprop
from sklstm._nn.dispatch import HAND_DERIVED
from sklstm._nn.initialization import initialize
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.optimizers import FlatWeights
from sklstm._nn.runtime import random_generator

N_WINDOWS, N_TIMESTEPS, N_FEATURES, N_OUTPUTS = 6, 5, 2, 3
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}


def outputs_and_gradients(make, windows, n_padding=None, n_batches=2, **architecture):
    """Outputs and flat gradients of some batches, and the next random number."""
    architecture = {"hidden_layer_sizes": (4,), "dtype": windows.dtype} | architecture
    network = RecurrentNetwork(N_FEATURES, N_OUTPUTS, **architecture)
    initialize(network, random_generator(0))
    weights = FlatWeights(network)
    generator = random_generator(1)
    network.train()
    network.start_training(generator)
    backprop, results = make(network, weights), []
    for batch in range(n_batches):
        outputs = backprop.forward(windows + batch, n_padding)
        backprop.backward(torch.sin(outputs.clone() + batch))
        results += [outputs.clone(), weights.gradient.clone()]
    return [*results, torch.rand(1, generator=generator)]


def make_plain(network, weights):
    backprop = make_backprop(network, weights)
    assert isinstance(backprop, PlainBackprop)
    return backprop


def assert_agree(windows, **settings):
    ours, theirs = (
        outputs_and_gradients(make, windows, **settings)
        for make in (make_plain, AutogradBackprop)
    )
    tolerance = TOLERANCES[windows.dtype]
    for our, their in zip(ours, theirs, strict=True):
        assert not our.requires_grad
        assert their.abs().sum() > 0
        npt.assert_allclose(our, their, rtol=tolerance, atol=tolerance)


@pytest.fixture
def windows():
    random = np.random.default_rng(0)
    return torch.from_numpy(random.normal(size=(N_WINDOWS, N_TIMESTEPS, N_FEATURES)))


@pytest.fixture
def n_padding():
    return torch.arange(N_WINDOWS)


@pytest.mark.parametrize("hidden_layer_sizes", [(4,), (4, 3, 5)], ids=str)
@pytest.mark.parametrize("cell", sorted(HAND_DERIVED))
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dropout": 0.4},
        {"recurrent_dropout": 0.4},
        {"dropout": 0.4, "recurrent_dropout": 0.3},
    ],
    ids=str,
)
@pytest.mark.parametrize("has_padding", [False, True])
def test_hand_derived_gradient_is_that_of_autograd(
    cell, hidden_layer_sizes, settings, has_padding, windows, n_padding
):
    settings = settings | {"cell": cell, "hidden_layer_sizes": hidden_layer_sizes}
    assert_agree(windows, n_padding=n_padding if has_padding else None, **settings)


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_other_activations_agree_too(activation, windows, n_padding):
    settings = {"activation": activation, "hidden_layer_sizes": (4, 3)}
    assert_agree(windows, n_padding=n_padding, **settings)


def test_single_precision_agrees_too(windows, n_padding):
    settings = {"hidden_layer_sizes": (4, 3), "dropout": 0.2}
    assert_agree(windows.float(), n_padding=n_padding, **settings)


def start_training(windows):
    network = RecurrentNetwork(N_FEATURES, N_OUTPUTS, dtype=windows.dtype)
    initialize(network, random_generator(0))
    backprop = make_plain(network, FlatWeights(network))
    network.start_training(None)
    return backprop


def test_buffers_are_used_again(windows):
    backprop, used = start_training(windows), []
    for _ in range(3):
        d_outputs = backprop.forward(windows).clone()
        used.append(backprop._cache[0][1])
        backprop.backward(d_outputs)
    assert used[0] is used[1] is used[2]


def test_the_next_batch_does_not_change_outputs(windows):
    backprop = start_training(windows)
    first = backprop.forward(windows)
    before = first.tolist()
    backprop.backward(first)
    backprop.forward(windows + 1)
    assert first.tolist() == before
