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


def initialize(network, generator, device="cpu", memory_init=None):
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
    memory_init : float or None, default=None
        Longest dependency to be learnt, in time steps: the chrono initialisation of
        [2]_, which spreads the time constants of the units over 1 to `memory_init`
        steps, ``b_f = log(U(1, memory_init - 1))`` and ``b_i = -b_f``. None for the
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
                _initialize_layer(module, generator, memory_init)
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


def _initialize_layer(layer, generator, memory_init):
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
    if memory_init is not None:
        _spread_memory(layer.cell, biases, memory_init, generator)
    elif layer.cell == "lstm":
        biases[KEEPING_GATE["lstm"]] = 1.0


def _spread_memory(cell, biases, memory_init, generator):
    """Set the biases of the gates that keep the state by the chrono initialisation."""
    spread = torch.rand(biases.shape[1], dtype=torch.float64, generator=generator)
    keep = torch.log(1 + spread * (memory_init - 2))
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
