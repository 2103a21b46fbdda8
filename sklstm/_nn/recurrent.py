"""Recurrent layer, which reads a sequence step by step."""

import torch
from torch import nn

from sklstm._nn.cells import CELLS, CellWeights, zero_state
from sklstm._nn.hidden_states import continued_states, hidden_states
from sklstm._nn.runtime import dropout_mask
from sklstm._nn.sequence_layer import SequenceLayer


class RecurrentLayer(SequenceLayer):
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
        super().__init__(size, CELLS[cell].n_states, recurrent_dropout)
        self.cell, self.activation = cell, activation
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

    def first_state(self, n_windows):
        """Return a state of zeros."""
        return zero_state(self.cell, self.size, self.bias.new_empty(n_windows, 0))

    def start_from(self, vectors):
        """Return given vectors as the state."""
        return vectors.chunk(self.n_states, 1)

    def draw_dropout(self, inputs, generator):
        """Draw the mask of recurrent dropout; None if nothing is dropped."""
        if not (self.training and self.recurrent_dropout):
            return None
        shape = (len(inputs), self.size)
        return dropout_mask(shape, self.recurrent_dropout, inputs, generator)
