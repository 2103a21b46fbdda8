"""Recurrent layers: one layer that reads in one direction, and stacks of layers."""

from itertools import pairwise

import torch
from torch import nn

from sklstm._nn.cells import CELLS, CellWeights
from sklstm._nn.hidden_states import continued_states, hidden_states
from sklstm._nn.masking import reverse
from sklstm._nn.runtime import dropout_mask


class RecurrentLayer(nn.Module):
    """One recurrent layer that reads a sequence in one direction.

    Parameters
    ----------
    n_inputs : int
        Number of inputs of a time step.
    size : int
        Number of units.
    cell : str
        Type of cell, a key of :data:`sklstm._nn.cells.CELLS`.
    activation : str
        Activation function of the cell.
    recurrent_dropout : float
        Fraction of the hidden state to drop before the gates during training. The same
        units are dropped at every step of a window [1]_.
    dtype : torch.dtype
        Precision of the weights.

    References
    ----------
    .. [1] Y. Gal and Z. Ghahramani, "A Theoretically Grounded Application of Dropout
       in Recurrent Neural Networks", NIPS 2016, 1027-1035.
    """

    def __init__(self, n_inputs, size, *, cell, activation, recurrent_dropout, dtype):
        super().__init__()
        self.size, self.cell, self.activation = size, cell, activation
        self.recurrent_dropout = recurrent_dropout
        self.workspaces = None
        n_rows = CELLS[cell].n_gates * size
        shapes = [(n_rows, n_inputs), (n_rows, size), (n_rows,)]
        shapes.append((size,) if CELLS[cell].has_candidate_bias else None)
        for name, shape in zip(CellWeights._fields, shapes, strict=True):
            weights = shape and nn.Parameter(torch.empty(shape, dtype=dtype))
            self.register_parameter(name, weights)

    @property
    def weights(self):
        """The layer's parameters, as :class:`CellWeights`."""
        return CellWeights(self.inputs, self.recurrent, self.bias, self.candidate_bias)

    def forward(self, inputs, generator=None, step_mask=None, wants_states=True):
        """Return the hidden states of all steps and the last one."""
        return hidden_states(
            self.cell,
            inputs,
            self.weights,
            self.activation,
            recurrent_mask=self.draw_dropout(inputs, generator),
            step_mask=step_mask,
            workspaces=self.workspaces,
            wants_states=wants_states,
        )

    def continue_from(self, state, inputs, generator=None):
        """Return the hidden states of all steps and the state after the last one."""
        return continued_states(
            self.cell,
            inputs,
            self.weights,
            self.activation,
            state,
            recurrent_mask=self.draw_dropout(inputs, generator),
            workspaces=self.workspaces,
        )

    def draw_dropout(self, inputs, generator):
        """Draw the mask of recurrent dropout; None if nothing is dropped."""
        if not (self.training and self.recurrent_dropout):
            return None
        shape = (len(inputs), self.size)
        return dropout_mask(shape, self.recurrent_dropout, inputs, generator)


class RecurrentStack(nn.ModuleList):
    """Stacked recurrent layers, each of one direction or of two directions.

    Parameters
    ----------
    n_inputs : int
        Number of inputs of a time step.
    sizes : tuple of int
        Number of units of each layer and direction, from first to last.
    bidirectional : bool
        Whether each layer also reads the windows backward, with separate weights.
    **settings : dict
        Other parameters of :class:`RecurrentLayer`.
    """

    def __init__(self, n_inputs, sizes, *, bidirectional, **settings):
        n_directions = 2 if bidirectional else 1
        widths = [n_inputs, *(size * n_directions for size in sizes)]
        super().__init__(
            nn.ModuleList(
                RecurrentLayer(n_inputs, width // n_directions, **settings)
                for _ in range(n_directions)
            )
            for n_inputs, width in pairwise(widths)
        )
        self.width = widths[-1]

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
    """Run the layers of one or two directions, as :class:`RecurrentStack`."""
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
