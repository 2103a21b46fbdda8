"""The way through a plain network by hand against that by autograd."""

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.backprop import ByAutograd, ByHand, way_through
from sklstm._nn.cells import CELLS
from sklstm._nn.initialization import initialize
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.optimizers import FlatWeights
from sklstm._nn.runtime import random_generator

N_WINDOWS, N_TIMESTEPS, N_FEATURES, N_OUTPUTS = 6, 5, 2, 3
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}


def there_and_back(make_way, windows, n_padding=None, n_batches=2, **architecture):
    """Outputs and flat gradient of some batches, and the random number drawn next."""
    architecture = {"hidden_layer_sizes": (4,), "dtype": windows.dtype} | architecture
    network = RecurrentNetwork(N_FEATURES, N_OUTPUTS, **architecture)
    initialize(network, random_generator(0))
    weights = FlatWeights(network)
    generator = random_generator(1)
    network.train()
    network.start_training(generator)
    way, results = make_way(network, weights), []
    for batch in range(n_batches):
        outputs = way.forwards(windows + batch, n_padding)
        way.backwards(torch.sin(outputs.clone() + batch))
        results += [outputs.clone(), weights.gradient.clone()]
    return [*results, torch.rand(1, generator=generator)]


def by_hand(network, weights):
    way = way_through(network, weights)
    assert isinstance(way, ByHand)
    return way


def assert_same(windows, **settings):
    ours, theirs = (
        there_and_back(way, windows, **settings) for way in (by_hand, ByAutograd)
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
@pytest.mark.parametrize("cell", CELLS)
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
@pytest.mark.parametrize("has_missing", [False, True])
def test_by_hand_is_by_autograd(
    cell, hidden_layer_sizes, settings, has_missing, windows, n_padding
):
    settings = settings | {"cell": cell, "hidden_layer_sizes": hidden_layer_sizes}
    assert_same(windows, n_padding=n_padding if has_missing else None, **settings)


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_other_activations(activation, windows, n_padding):
    settings = {"activation": activation, "hidden_layer_sizes": (4, 3)}
    assert_same(windows, n_padding=n_padding, **settings)


def test_single_precision(windows, n_padding):
    settings = {"hidden_layer_sizes": (4, 3), "dropout": 0.2}
    assert_same(windows.float(), n_padding=n_padding, **settings)


def test_buffers_are_used_again(windows):
    network = RecurrentNetwork(N_FEATURES, N_OUTPUTS, dtype=windows.dtype)
    initialize(network, random_generator(0))
    way = by_hand(network, FlatWeights(network))
    network.start_training(None)
    used = []
    for _ in range(3):
        slopes = way.forwards(windows).clone()
        used.append(way._trail[0][1])
        way.backwards(slopes)
    assert used[0] is used[1] is used[2]


def test_answers_outlive_the_next_batch(windows):
    network = RecurrentNetwork(N_FEATURES, N_OUTPUTS, dtype=windows.dtype)
    initialize(network, random_generator(0))
    way = by_hand(network, FlatWeights(network))
    network.start_training(None)
    first = way.forwards(windows)
    before = first.tolist()
    way.backwards(first)
    way.forwards(windows + 1)
    assert first.tolist() == before
