"""Recurrent cells: the published equations, one per line.

The equations define the cells. To compute hidden states, call
:func:`sklstm._nn.hidden_states.hidden_states`, which computes the same numbers by
faster methods.

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
    """Weights of one cell, with its gates stacked along the first axis."""

    inputs: torch.Tensor  # (n_gates * size, n_inputs)
    recurrent: torch.Tensor  # (n_gates * size, size)
    bias: torch.Tensor  # (n_gates * size,)
    # Only a GRU has this bias. Its reset gate scales it with the recurrent part.
    candidate_bias: torch.Tensor | None = None  # (size,)


def lstm_step(from_inputs, state, weights, activation):
    """Compute one step of a long short-term memory [1]_ with a forget gate [2]_.

    Parameters
    ----------
    from_inputs : torch.Tensor of shape (n_windows, 4 * size)
        Contribution of the inputs to the gates, bias included.
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state of the previous step, after recurrent dropout, and cell state.
    weights : CellWeights
        Gates in the order input, forget, candidate, output.
    activation : callable
        Activation function of the candidate and the cell state; tanh in the papers.

    Returns
    -------
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state and cell state after this step.
    """
    gates = lstm_gates(from_inputs, state, weights, activation)
    return gates["hidden"], gates["cell"]


def lstm_gates(from_inputs, state, weights, activation):
    """Compute the gates and the states of one step by name, as :func:`lstm_step`."""
    hidden, cell_state = state
    i, f, candidate, o = linear(hidden, weights.recurrent).add(from_inputs).chunk(4, 1)
    f = sigmoid(f)
    i = sigmoid(i)
    candidate = activation(candidate)
    cell_state = f * cell_state + i * candidate
    o = sigmoid(o)
    hidden = o * activation(cell_state)
    gates = {"input": i, "forget": f, "candidate": candidate, "output": o}
    return gates | {"cell": cell_state, "hidden": hidden}


def gru_step(from_inputs, state, weights, activation):
    """Compute one step of a gated recurrent unit [3]_.

    The reset gate scales the recurrent part after its matrix product, as in cuDNN,
    PyTorch and Keras. Cho et al. scale the hidden state before the product.

    Parameters
    ----------
    from_inputs : torch.Tensor of shape (n_windows, 3 * size)
        Contribution of the inputs to the gates, bias included.
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state of the previous step, with and without recurrent dropout.
    weights : CellWeights
        Gates in the order reset, update, candidate.
    activation : callable
        Activation function of the candidate; tanh in the paper.

    Returns
    -------
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state after this step, twice.
    """
    hidden = gru_gates(from_inputs, state, weights, activation)["hidden"]
    return hidden, hidden


def gru_gates(from_inputs, state, weights, activation):
    """Compute the gates and the state of one step by name, as :func:`gru_step`."""
    dropped, hidden = state
    r, z, candidate = from_inputs.chunk(3, 1)
    r_recurrent, z_recurrent, recurrent = linear(dropped, weights.recurrent).chunk(3, 1)
    r = sigmoid(r + r_recurrent)
    z = sigmoid(z + z_recurrent)
    candidate = activation(candidate + r * (recurrent + weights.candidate_bias))
    hidden = (1 - z) * candidate + z * hidden
    return {"reset": r, "update": z, "candidate": candidate, "hidden": hidden}


def rnn_step(from_inputs, state, weights, activation):
    """Compute one step of a simple recurrent network [4]_.

    Parameters
    ----------
    from_inputs : torch.Tensor of shape (n_windows, size)
        Contribution of the inputs to the hidden state, bias included.
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state of the previous step, with and without recurrent dropout.
    weights : CellWeights
        The hidden state counts as the only gate.
    activation : callable
        Activation function of the hidden state; tanh in the paper.

    Returns
    -------
    state : tuple of two torch.Tensor of shape (n_windows, size)
        Hidden state after this step, twice.
    """
    dropped, _ = state
    hidden = activation(linear(dropped, weights.recurrent) + from_inputs)
    return hidden, hidden


class Cell(NamedTuple):
    """Type of cell: its equations and the layout of its weights.

    `step` has the signature of :func:`lstm_step`. Its state is the hidden state after
    recurrent dropout and a second tensor of the same shape, which is zero before the
    first step.
    """

    step: Callable
    n_gates: int  # blocks of rows in the weights, including the candidate
    n_states: int  # parts of the state: the hidden state and, for an LSTM, another one
    has_candidate_bias: bool = False
    # Position of the gate that keeps the state, and its initial bias.
    forget_gate: int | None = None
    forget_bias: float = 0.0
    # Position of the gate that adds new input, if the forget gate does not.
    input_gate: int | None = None
    # Function with the parameters of `step` that returns the gates and the states by
    # name. None for a cell without gates, whose only state is hidden.
    gates: Callable | None = None


CELLS = {
    "lstm": Cell(
        lstm_step,
        4,
        2,
        input_gate=0,
        forget_gate=1,
        forget_bias=1.0,
        gates=lstm_gates,
    ),
    "gru": Cell(
        gru_step, 3, 1, has_candidate_bias=True, forget_gate=1, gates=gru_gates
    ),
    "rnn": Cell(rnn_step, 1, 1),
}


def step_by_step(
    cell, inputs, weights, activation="tanh", recurrent_mask=None, step_mask=None
):
    """Compute the hidden states of all steps, starting from a state of zeros.

    The parameters and `states` are those of :func:`continue_step_by_step`.
    """
    state = zero_state(cell, weights.recurrent.shape[1], inputs)
    options = activation, recurrent_mask, step_mask
    return continue_step_by_step(cell, inputs, weights, state, *options)[0]


def continue_step_by_step(
    cell,
    inputs,
    weights,
    state,
    activation="tanh",
    recurrent_mask=None,
    step_mask=None,
):
    """Compute the hidden states of all steps, starting from a given state.

    Parameters
    ----------
    cell : str
        Type of cell, a key of `CELLS`.
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order.
    weights : CellWeights
        Weights of the cell.
    state : tuple of torch.Tensor of shape (n_windows, size)
        Hidden state before the first step and, for an LSTM, the cell state.
    activation : str, default="tanh"
        A key of :data:`~sklstm._nn.activations.ACTIVATIONS`.
    recurrent_mask : torch.Tensor of shape (n_windows, size) or None, default=None
        Numbers that multiply the hidden state before it enters the gates, the same at
        every step. If None, the hidden state is used as it is.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps), default=None
        True where a step is real. Padding is at the start of a window. None if there is
        no padding.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        Hidden states after every step, zero at padding steps.
    last : tuple of torch.Tensor of shape (n_windows, size)
        State after the last step, in the form of `state`.
    """
    step, activation = CELLS[cell].step, ACTIVATIONS[activation].function
    from_inputs = linear(inputs, weights.inputs, weights.bias)
    hidden, other = state[0], state[-1]
    states = []
    for number, of_this_step in enumerate(from_inputs.unbind(1)):
        dropped = hidden if recurrent_mask is None else hidden * recurrent_mask
        hidden, other = step(of_this_step, (dropped, other), weights, activation)
        if step_mask is not None:
            is_real = step_mask[:, number, None]
            hidden, other = hidden.where(is_real, 0.0), other.where(is_real, 0.0)
        states.append(hidden)
    return torch.stack(states, 1), (hidden, other)[: CELLS[cell].n_states]


def zero_state(cell, size, like):
    """Return the state before the first step, each part zeros of (n_windows, size)."""
    zeros = like.new_zeros(like.shape[0], size)
    return (zeros,) * CELLS[cell].n_states
