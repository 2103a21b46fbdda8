"""Initial weights."""

import math

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.cells import CELLS
from sklstm._nn.initialization import initialize
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.runtime import random_generator


def new_network(
    seed=0, max_timescale=None, dtype=torch.float64, size=6, **architecture
):
    architecture = {"hidden_layer_sizes": (size, 4), "pooling": "attention"} | (
        architecture
    )
    network = RecurrentNetwork(3, 2, dtype=dtype, **architecture)
    initialize(network, random_generator(seed), max_timescale=max_timescale)
    return network


def gates(layer, name):
    """Weights of a layer, gate by gate, as NumPy arrays."""
    weights = getattr(layer, name).detach().numpy()
    return np.split(weights, CELLS[layer.cell].n_gates)


def layers(network):
    return [layer for directions in network.layers for layer in directions]


def test_forget_gates_start_open():
    for layer in layers(new_network(bidirectional=True)):
        i, f, candidate, o = gates(layer, "bias")
        npt.assert_array_equal(f, 1.0)
        npt.assert_array_equal([i, candidate, o], 0.0)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_biases_start_at_zero(cell):
    network = new_network(cell=cell)
    biases = [p for p in network.parameters() if p.dim() == 1]
    assert not any(bias.any() for bias in biases)


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_of_every_gate_are_orthogonal(cell):
    for layer in layers(new_network(cell=cell, bidirectional=True)):
        for gate in gates(layer, "recurrent"):
            npt.assert_allclose(gate @ gate.T, np.eye(layer.size), atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_input_weights_of_every_gate_are_glorot_uniform(cell):
    for layer in layers(new_network(cell=cell, size=100)):
        n_inputs = layer.inputs.shape[1]
        limit = math.sqrt(6 / (n_inputs + layer.size))
        for gate in gates(layer, "inputs"):
            largest = np.abs(gate).max()
            # The largest of 300 uniform numbers is close to the limit.
            assert 0.95 * limit < largest <= limit


def test_weights_of_other_layers_are_glorot_uniform():
    network = new_network(hidden_layer_sizes=(100,))
    pooling = network.pooling
    for weights in (network.head.weight, pooling.project.weight, pooling.query):
        limit = math.sqrt(6 / sum(weights.shape))
        assert 0.9 * limit < weights.abs().max() <= limit


@pytest.mark.parametrize("embedding_size", [4, 100])
def test_vectors_of_tokens_have_a_length_of_about_one(embedding_size):
    sizes = {"n_codes": 2000, "embedding_size": embedding_size, "embedding_pairs": 50}
    embedding = new_network(**sizes).input_layers.embedding
    squares = embedding.vectors.detach().square().sum(1)
    assert squares.mean().item() == pytest.approx(1, rel=0.05)
    # A pair that does not occur in training has no effect.
    assert not embedding.pair_vectors.any()


@pytest.mark.parametrize("max_timescale", [2, 10, 1000])
def test_chrono_biases_spread_the_timescales(max_timescale):
    layer = layers(new_network(max_timescale=max_timescale, size=200))[0]
    i, f, candidate, o = gates(layer, "bias")
    npt.assert_array_equal(i, -f)
    npt.assert_array_equal([candidate, o], 0.0)
    # b_f = log(U(1, T - 1)), so that exp(b_f) is uniform.
    uniform = (np.exp(f) - 1) / max(max_timescale - 2, 1)
    if max_timescale == 2:
        npt.assert_array_equal(uniform, 0.0)
    else:
        assert -1e-12 < uniform.min() < 0.05
        assert 0.95 < uniform.max() < 1 + 1e-12
        assert uniform.mean() == pytest.approx(0.5, abs=0.07)


def test_chrono_biases_of_a_gru_are_those_of_its_update_gate():
    layer = layers(new_network(max_timescale=100, cell="gru", size=200))[0]
    reset, update, candidate = gates(layer, "bias")
    npt.assert_array_equal([reset, candidate], 0.0)
    assert 0 <= update.min() < update.max() <= math.log(99)
    npt.assert_array_equal(layer.candidate_bias.detach(), 0.0)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("max_timescale", [None, 50])
def test_precision_does_not_change_the_draw(cell, max_timescale):
    double = new_network(cell=cell, max_timescale=max_timescale)
    single = new_network(cell=cell, max_timescale=max_timescale, dtype=torch.float32)
    for ours, theirs in zip(double.parameters(), single.parameters(), strict=True):
        assert theirs.dtype == torch.float32
        npt.assert_array_equal(ours.float().detach(), theirs.detach())


def test_seed_decides_the_weights():
    first, same, other = (list(new_network(seed).parameters()) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
    matrices = [(a, b) for a, b in zip(first, other, strict=True) if a.dim() == 2]
    assert not any(torch.equal(a, b) for a, b in matrices)


def test_no_two_layers_or_directions_have_the_same_weights():
    network = new_network(hidden_layer_sizes=(3, 3), bidirectional=True)
    drawn = [layer.recurrent for layer in layers(network)]
    pairs = [(a, b) for a in drawn for b in drawn if a is not b]
    assert not any(torch.equal(a, b) for a, b in pairs)


def test_global_random_generator_is_not_used():
    before = torch.get_rng_state()
    new_network(max_timescale=10)
    assert torch.equal(torch.get_rng_state(), before)
