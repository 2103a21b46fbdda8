"""Gates and states of recurrent layers at each step, by name."""

from typing import NamedTuple

import torch
from torch.nn.functional import linear

from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.cells import CELLS
from sklstm._nn.masking import make_step_mask, reverse


class Trace(NamedTuple):
    """Gates and states of one layer in one direction.

    Each tensor has shape (n_windows, n_timesteps, size) and is zero at padding steps.
    Steps are in time order in both directions.
    """

    layer: int
    direction: str
    gates: dict[str, torch.Tensor]


@torch.no_grad()
def trace_network(network, windows, n_padding=None):
    """Compute the gates and states of all recurrent layers.

    Parameters
    ----------
    network : RecurrentNetwork
        Network in prediction mode.
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Windows as the network reads them.
    n_padding : torch.Tensor of shape (n_windows,) or None, default=None
        Number of padding steps at the start of each window. None for no padding.

    Returns
    -------
    traces : list of Trace
        Traces from the first layer to the last, forward before backward.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. None if there is no padding. If convolutions pool
        steps, a step is a block of them.
    """
    step_mask = make_step_mask(windows.shape[1], n_padding)
    inputs, _, step_mask = network.input_layers(windows, step_mask)
    traces = []
    for number, (forward, *backward) in enumerate(network.layers):
        of_layer = [Trace(number, "forward", trace_layer(forward, inputs, step_mask))]
        for layer in backward:
            gates = trace_layer(layer, reverse(inputs, step_mask), step_mask)
            gates = {name: reverse(gate, step_mask) for name, gate in gates.items()}
            of_layer.append(Trace(number, "backward", gates))
        inputs = torch.cat([trace.gates["hidden"] for trace in of_layer], 2)
        traces += of_layer
    return traces, step_mask


def trace_layer(layer, inputs, step_mask):
    """Compute the gates and states of a layer at each step.

    Parameters
    ----------
    layer : RecurrentLayer
        The layer.
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in the order in which the layer reads them, zero at padding steps.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. None if there is no padding.

    Returns
    -------
    gates : dict of str to torch.Tensor of shape (n_windows, n_timesteps, size)
        Gates and states by name, zero at padding steps.
    """
    weights, activation = layer.weights, ACTIVATIONS[layer.activation].function
    compute = CELLS[layer.cell].gates or _only_hidden(layer.cell)
    from_inputs = linear(inputs, weights.inputs, weights.bias)
    hidden = other = inputs.new_zeros(len(inputs), layer.size)
    steps = []
    for number, of_this_step in enumerate(from_inputs.unbind(1)):
        gates = compute(of_this_step, (hidden, other), weights, activation)
        if step_mask is not None:
            is_real = step_mask[:, number, None]
            gates = {name: gate.where(is_real, 0.0) for name, gate in gates.items()}
        hidden, other = gates["hidden"], gates.get("cell", gates["hidden"])
        steps.append(gates)
    return {name: torch.stack([step[name] for step in steps], 1) for name in steps[0]}


def _only_hidden(cell):
    """Return a function that computes the hidden state of a cell without gates."""
    return lambda *arguments: {"hidden": CELLS[cell].step(*arguments)[0]}
