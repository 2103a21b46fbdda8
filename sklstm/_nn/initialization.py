"""Initial weights of a network, drawn from a given generator."""

import math

import torch
from torch import nn

from sklstm._nn.cells import CELLS
from sklstm._nn.input_layers import Embedding, Filters
from sklstm._nn.layers import Attention, Linear
from sklstm._nn.recurrent import RecurrentLayer
from sklstm._nn.transformer import ScaledLinear


def initialize(network, generator, device="cpu", max_timescale=None):
    """Draw the initial weights of a network and move it to a device.

    Input weights are Glorot uniform and recurrent weights orthogonal, gate by gate.
    Biases are zero, except that of an LSTM's forget gate, which is 1 [1]_. With this
    bias, an LSTM at first keeps about 73 % of its cell state, sigmoid(1), from step to
    step, and gradients reach far back. Convolutions are Glorot uniform. The vectors of
    tokens are normal with variance 1 / size, so that their length is about 1. With
    numbers of variance 1, a network that learns from few texts hardly changes the
    vectors of rare words, and memorizes the random vectors instead. The vectors of
    pairs are zero, so that pairs that do not occur in training have no effect. Batch
    normalizations keep the scale and the shift that they were built with, 1 and 0, and
    transitions keep their scores, 0.

    Parameters
    ----------
    network : torch.nn.Module
        Network to change in place.
    generator : torch.Generator
        Source of the random numbers. It is on the CPU, so that the initial weights are
        the same on all devices.
    device : torch.device or str, default="cpu"
        Device to move the network to.
    max_timescale : float or None, default=None
        Longest dependency to learn, in time steps. The biases b_f of the forget gate
        and b_i of the input gate are then set by chrono initialization [2]_, which
        spreads the timescales of the units over 1 to `max_timescale` steps:
        ``b_f = log(U(1, max_timescale - 1))``, ``b_i = -b_f``. If None, the biases are
        set as described above.

    References
    ----------
    .. [1] R. Jozefowicz, W. Zaremba and I. Sutskever, "An Empirical Exploration of
       Recurrent Network Architectures", ICML 2015, 2342-2350.
    .. [2] C. Tallec and Y. Ollivier, "Can recurrent neural networks warp time?",
       ICLR 2018, arXiv:1804.11188.
    """
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, RecurrentLayer):
                _initialize_layer(module, generator, max_timescale)
            elif isinstance(module, Linear):
                module.weight.copy_(_glorot(module.weight.shape, generator))
                module.bias.zero_()
            elif isinstance(module, ScaledLinear):
                _initialize_scaled(module, generator)
            elif isinstance(module, Attention):
                module.query.copy_(_glorot(module.query.shape, generator))
            elif isinstance(module, Filters):
                module.kernel.copy_(_glorot(module.kernel.shape, generator))
                module.bias.zero_()
            elif isinstance(module, Embedding):
                _initialize_embedding(module, generator)
    network.to(device)


def _initialize_scaled(module, generator):
    """Draw the weights and biases of a :class:`ScaledLinear`."""
    weight = _glorot(module.weight.shape, generator)
    module.weight.copy_(weight / module.scale)
    module.bias.zero_()
    if module.bias_range:
        shape = module.bias.shape
        uniform = torch.rand(shape, dtype=torch.float64, generator=generator)
        module.bias.copy_(module.bias_range * (2 * uniform - 1))


def _initialize_embedding(module, generator):
    """Draw the vectors of tokens, and set those of pairs to zero."""
    shape = module.vectors.shape
    vectors = torch.randn(shape, dtype=torch.float64, generator=generator)
    module.vectors.copy_(vectors / math.sqrt(shape[1]))
    if module.pair_vectors is not None:
        module.pair_vectors.zero_()


def _initialize_layer(layer, generator, max_timescale):
    """Draw the weights of one recurrent layer and set its biases."""
    cell = CELLS[layer.cell]
    gates = zip(
        layer.inputs.chunk(cell.n_gates),
        layer.recurrent.chunk(cell.n_gates),
        strict=True,
    )
    for inputs, recurrent in gates:
        inputs.copy_(_glorot(inputs.shape, generator))
        recurrent.copy_(_orthogonal(layer.size, generator))
    layer.bias.zero_()
    if cell.has_candidate_bias:
        layer.candidate_bias.zero_()
    if cell.forget_gate is None:
        return
    biases = layer.bias.view(cell.n_gates, layer.size)
    if max_timescale is None:
        biases[cell.forget_gate] = cell.forget_bias
    else:
        _spread_timescales(cell, biases, max_timescale, generator)


def _spread_timescales(cell, biases, max_timescale, generator):
    """Set the biases of the gates by chrono initialization."""
    uniform = torch.rand(biases.shape[1], dtype=torch.float64, generator=generator)
    forget_bias = torch.log(1 + uniform * (max_timescale - 2))
    biases[cell.forget_gate] = forget_bias.to(biases)
    if cell.input_gate is not None:
        biases[cell.input_gate] = -forget_bias.to(biases)


# Weights are drawn in double precision for every network, so that a seed gives the same
# model in both precisions.
def _glorot(shape, generator):
    """Draw weights that keep the variance of their inputs."""
    weights = torch.empty(shape, dtype=torch.float64)
    return nn.init.xavier_uniform_(weights, generator=generator)


def _orthogonal(size, generator):
    """Draw an orthogonal matrix, which keeps the norm of states and gradients."""
    weights = torch.empty(size, size, dtype=torch.float64)
    return nn.init.orthogonal_(weights, generator=generator)
