"""Stacks of layers, which are recurrent layers or Transformer blocks."""

import torch
from torch import nn

from sklstm._nn.cells import CELLS
from sklstm._nn.masking import reverse
from sklstm._nn.recurrent import RecurrentLayer
from sklstm._nn.transformer import EXPANSION, TransformerLayer

TRANSFORMER = TransformerLayer.cell
# Values of the parameter `cell` of the estimators.
CELL_NAMES = {*CELLS, TRANSFORMER}


def make_layer(cell, n_inputs, size, *, activation="tanh", is_causal=True, **settings):
    """Build a layer.

    Parameters
    ----------
    cell : str
        Type of the layer, one of `CELL_NAMES`.
    n_inputs, size : int
        Number of inputs of a time step, and number of units.
    activation : str, default="tanh"
        Activation function of a recurrent layer.
    is_causal : bool, default=True
        Whether a Transformer block attends only to the steps before a step. A recurrent
        layer always reads in one direction.
    **settings : dict
        Other parameters of the layers: `recurrent_dropout` and `dtype`.

    Returns
    -------
    layer : SequenceLayer
        Layer without initial weights.
    """
    if cell == TRANSFORMER:
        return TransformerLayer(n_inputs, size, is_causal=is_causal, **settings)
    return RecurrentLayer(n_inputs, size, cell=cell, activation=activation, **settings)


def n_parts(cell, bidirectional):
    """Return the number of parts of a layer, whose states are concatenated."""
    return 2 if bidirectional and cell != TRANSFORMER else 1


def has_gates(cell):
    """Return whether a layer has gates that keep its state."""
    return cell != TRANSFORMER and CELLS[cell].forget_gate is not None


def n_weights(cell, n_inputs, size):
    """Count the weights of a layer that reads in one direction, without biases."""
    if cell == TRANSFORMER:
        of_map = 0 if n_inputs == size else n_inputs * size
        return of_map + (4 + 2 * EXPANSION) * size * size
    return CELLS[cell].n_gates * size * (n_inputs + size)


class LayerStack(nn.ModuleList):
    """Stacked layers, each with the states of one direction or of two.

    Parameters
    ----------
    n_inputs : int
        Number of inputs of a time step.
    sizes : tuple of int
        Number of units of each layer and direction, from first to last.
    cell : str
        Type of the layers, one of `CELL_NAMES`.
    bidirectional : bool
        Whether the states of a layer depend on all steps, not only on those before. A
        recurrent layer then has another part with weights of its own that reads the
        windows backward; a Transformer block attends to all steps.
    **settings : dict
        Other parameters of :func:`make_layer`.
    """

    def __init__(self, n_inputs, sizes, *, cell, bidirectional, **settings):
        super().__init__()
        for size in sizes:
            options = {"is_causal": not bidirectional, **settings}
            self.append(
                nn.ModuleList(
                    make_layer(cell, n_inputs, size, **options)
                    for _ in range(n_parts(cell, bidirectional))
                )
            )
            n_inputs = size * len(self[-1])
        self.width = n_inputs

    def set_workspaces(self, make):
        """Set the buffers of each layer to the result of a call of `make`."""
        for layers in self:
            for layer in layers:
                layer.workspaces = make()

    def forward(self, inputs, drop, generator=None, step_mask=None, wants_states=True):
        """Compute the states of the last layer.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs of the first layer, zero at padding steps.
        drop : callable
            Function that applies dropout to the states between two layers.
        generator : torch.Generator or None, default=None
            Source of the random numbers of recurrent dropout.
        step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
            True where a step is real. Padding is at the start of a window. None if
            there is no padding.
        wants_states : bool, default=True
            Whether to return the states of all steps, not only the last one.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, width) or None
            Hidden states, zero at padding steps. None if `wants_states` is False.
        last : torch.Tensor of shape (n_windows, width)
            Hidden state of each direction after its last step.
        """
        *lower, upper = self
        states = inputs  # (n_windows, n_timesteps, width), layer by layer
        for layers in lower:
            states, _ = _run(layers, states, generator, step_mask)
            states = drop(states)
        return _run(upper, states, generator, step_mask, wants_states)


def _run(layers, inputs, generator, step_mask, wants_states=True):
    """Run the parts of a layer, as :class:`LayerStack`."""
    forward, *backward = layers
    options = generator, step_mask, wants_states
    states, last = forward(inputs, *options)
    for layer in backward:
        reversed_states, first = layer(reverse(inputs, step_mask), *options)
        last = torch.cat([last, first], -1)
        if wants_states:
            reversed_states = reverse(reversed_states, step_mask)
            states = torch.cat([states, reversed_states], -1)
    return states, last
