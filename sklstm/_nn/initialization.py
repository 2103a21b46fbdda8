"""First weights of a network, drawn from a generator of the caller's."""

import torch
from torch import nn

from sklstm._nn.cells import CELLS
from sklstm._nn.layers import Attention, Convolution, Embedding, Linear
from sklstm._nn.network import RecurrentLayer

# The gate that keeps the state, and the one that lets new input in, as positions among
# the gates of a cell; a GRU keeps by its update gate, and has no second one.
KEEPING_GATE = {"lstm": 1, "gru": 1}
LETTING_IN_GATE = {"lstm": 0}


def initialize(network, generator, device="cpu", max_timescale=None):
    """Give a network its first weights, on a device.

    Input weights are Glorot uniform, recurrent weights orthogonal, gate by gate; biases
    are zero, but that of an LSTM's forget gate is 1 [1]_, so that sigmoid(1) = 73 % of
    the memory survives a step and gradients from far back arrive. Kernels of
    convolutions are Glorot uniform, vectors of codes standard normal.

    Parameters
    ----------
    network : RecurrentNetwork
        Network to change in place.
    generator : torch.Generator
        Source of the random numbers, on the CPU: every device starts alike.
    device : torch.device or str, default="cpu"
        Where the weights shall live.
    max_timescale : float or None, default=None
        Longest dependency to be learnt, in time steps: the chrono initialisation of
        [2]_, which spreads the time constants of the units over 1 to `max_timescale`
        steps, ``b_f = log(U(1, max_timescale - 1))`` and ``b_i = -b_f``. None for the
        forget bias of 1.

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
            elif isinstance(module, Attention):
                module.query.copy_(_glorot(module.query.shape, generator))
            elif isinstance(module, Convolution):
                module.kernel.copy_(_glorot(module.kernel.shape, generator))
                module.bias.zero_()
            elif isinstance(module, Embedding):
                shape = module.vectors.shape
                vectors = torch.randn(shape, dtype=torch.float64, generator=generator)
                module.vectors.copy_(vectors)
    network.to(device)


def _initialize_layer(layer, generator, max_timescale):
    """Give one recurrent layer its first weights."""
    n_gates = CELLS[layer.cell].n_gates
    gates = zip(
        layer.inputs.chunk(n_gates), layer.recurrent.chunk(n_gates), strict=True
    )
    for inputs, recurrent in gates:
        inputs.copy_(_glorot(inputs.shape, generator))
        recurrent.copy_(_orthogonal(layer.size, generator))
    layer.bias.zero_()
    if layer.cell == "gru":
        layer.candidate_bias.zero_()
    biases = layer.bias.view(n_gates, layer.size)
    if max_timescale is not None:
        _spread_memory(layer.cell, biases, max_timescale, generator)
    elif layer.cell == "lstm":
        biases[KEEPING_GATE["lstm"]] = 1.0


def _spread_memory(cell, biases, max_timescale, generator):
    """Set the biases of the gates that keep the state by the chrono initialisation."""
    spread = torch.rand(biases.shape[1], dtype=torch.float64, generator=generator)
    keep = torch.log(1 + spread * (max_timescale - 2))
    biases[KEEPING_GATE[cell]] = keep.to(biases)
    if cell in LETTING_IN_GATE:
        biases[LETTING_IN_GATE[cell]] = -keep.to(biases)


# Drawn in double precision whatever the network's, so that one seed starts one model.
def _glorot(shape, generator):
    """Draw weights that keep the variance of what passes through them."""
    weights = torch.empty(shape, dtype=torch.float64)
    return nn.init.xavier_uniform_(weights, generator=generator)


def _orthogonal(size, generator):
    """Draw a matrix that lets neither states nor gradients grow or shrink."""
    weights = torch.empty(size, size, dtype=torch.float64)
    return nn.init.orthogonal_(weights, generator=generator)
