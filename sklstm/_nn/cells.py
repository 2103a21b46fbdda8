"""Recurrent cells: the equations as they were published, one per line.

They are what the package means by a cell. Whoever wants states asks
:func:`sklstm._nn.dispatch.hidden_states`, which has faster ways to the same numbers.

References
----------
.. [1] S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation
   9(8), 1997, 1735-1780.
.. [2] F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to Forget: Continual
   Prediction with LSTM", Neural Computation 12(10), 2000, 2451-2471.
.. [3] K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
   Statistical Machine Translation", EMNLP 2014, 1724-1734.
.. [4] J. L. Elman, "Finding Structure in Time", Cognitive Science 14(2), 1990,
   179-211.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import sigmoid
from torch.nn.functional import linear

from sklstm._nn.activations import ACTIVATIONS


class CellWeights(NamedTuple):
    """Weights of one cell, its gates stacked along the first axis."""

    inputs: torch.Tensor  # (n_gates * size, n_inputs)
    recurrent: torch.Tensor  # (n_gates * size, size)
    bias: torch.Tensor  # (n_gates * size,)
    # Only of a GRU, whose reset gate scales it together with the recurrent part.
    candidate_bias: torch.Tensor | None = None  # (size,)


def lstm_step(from_inputs, state, weights, activation):
    """Take one step of a long short-term memory [1]_ with a forget gate [2]_.

    Parameters
    ----------
    from_inputs : torch.Tensor of shape (n_windows, 4 * size)
        What the inputs of this step add to the gates, bias included.
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state, as the gates shall see it, and memory of the step before.
    weights : CellWeights
        Gates in the order input, forget, candidate, output.
    activation : callable
        Squashes the candidate and the memory; tanh in the papers.

    Returns
    -------
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state and memory after this step.
    """
    hidden, memory = state
    i, f, candidate, o = linear(hidden, weights.recurrent).add(from_inputs).chunk(4, 1)
    f = sigmoid(f)
    i = sigmoid(i)
    candidate = activation(candidate)
    memory = f * memory + i * candidate
    o = sigmoid(o)
    hidden = o * activation(memory)
    return hidden, memory


def gru_step(from_inputs, state, weights, activation):
    """Take one step of a gated recurrent unit [3]_.

    The reset gate scales the recurrent part after its matrix product, as in cuDNN,
    PyTorch and Keras; Cho et al. scale the hidden state before it.

    Parameters
    ----------
    from_inputs : torch.Tensor of shape (n_windows, 3 * size)
        What the inputs of this step add to the gates, bias included.
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state of the step before, as the gates shall see it and as it is.
    weights : CellWeights
        Gates in the order reset, update, candidate.
    activation : callable
        Squashes the candidate; tanh in the paper.

    Returns
    -------
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state after this step, twice.
    """
    seen, hidden = state
    r, z, candidate = from_inputs.chunk(3, 1)
    r_recurrent, z_recurrent, recurrent = linear(seen, weights.recurrent).chunk(3, 1)
    r = sigmoid(r + r_recurrent)
    z = sigmoid(z + z_recurrent)
    candidate = activation(candidate + r * (recurrent + weights.candidate_bias))
    hidden = (1 - z) * candidate + z * hidden
    return hidden, hidden


def rnn_step(from_inputs, state, weights, activation):
    """Take one step of a simple recurrent network [4]_.

    Parameters
    ----------
    from_inputs : torch.Tensor of shape (n_windows, size)
        What the inputs of this step add to the hidden state, bias included.
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state of the step before, as the cell shall see it and as it is.
    weights : CellWeights
        One gate.
    activation : callable
        Squashes the hidden state; tanh in the paper.

    Returns
    -------
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state after this step, twice.
    """
    seen, _ = state
    hidden = activation(linear(seen, weights.recurrent) + from_inputs)
    return hidden, hidden


class Cell(NamedTuple):
    """Type of cell: its equations and the layout of its weights."""

    step: Callable  # as `lstm_step`
    n_gates: int  # blocks of rows in the weights, the candidate included
    has_candidate_bias: bool = False
    # Position of the gate that keeps the state, and its initial bias.
    forget_gate: int | None = None
    forget_bias: float = 0.0
    # Position of the gate that adds new input, if it is another one.
    input_gate: int | None = None


CELLS = {
    "lstm": Cell(lstm_step, 4, input_gate=0, forget_gate=1, forget_bias=1.0),
    "gru": Cell(gru_step, 3, has_candidate_bias=True, forget_gate=1),
    "rnn": Cell(rnn_step, 1),
}


def step_by_step(
    cell, inputs, weights, activation="tanh", recurrent_mask=None, step_mask=None
):
    """Run a cell over every step of its inputs, from a state of zeros.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of cell.
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order.
    weights : CellWeights
        Weights of the cell.
    activation : str, default="tanh"
        A key of :data:`~sklstm._nn.activations.ACTIVATIONS`.
    recurrent_mask : torch.Tensor of shape (n_windows, size) or None, default=None
        What to multiply the hidden state with before the gates see it, the same at
        every step; None leaves it as it is.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps), default=None
        Which steps exist, the last ones of each window; None where all do.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        Hidden state after every step, zero until the first that exists.
    """
    step, activation = CELLS[cell].step, ACTIVATIONS[activation].values
    from_inputs = linear(inputs, weights.inputs, weights.bias)
    hidden = memory = inputs.new_zeros(len(inputs), weights.recurrent.shape[1])
    states = []
    for number, of_this_step in enumerate(from_inputs.unbind(1)):
        seen = hidden if recurrent_mask is None else hidden * recurrent_mask
        hidden, memory = step(of_this_step, (seen, memory), weights, activation)
        if step_mask is not None:
            here = step_mask[:, number, None]
            hidden, memory = hidden.where(here, 0.0), memory.where(here, 0.0)
        states.append(hidden)
    return torch.stack(states, 1)
