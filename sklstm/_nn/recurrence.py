"""The one door to hidden states: the fastest way to what the equations say."""

import torch

from sklstm._nn.cells import step_by_step
from sklstm._nn.lstm import AllSteps, states_without_history

# Fewer windows than this are faster by PyTorch's kernel, in double precision too.
FEW_WINDOWS = 8

# PyTorch's own kernels, by cell and activation.
KERNELS = {
    ("lstm", "tanh"): torch.lstm,
    ("gru", "tanh"): torch.gru,
    ("rnn", "tanh"): torch.rnn_tanh,
    ("rnn", "relu"): torch.rnn_relu,
}


def hidden_states(
    cell, inputs, weights, activation="tanh", recurrent_mask=None, workspaces=None
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
        A key of :data:`sklstm._nn.cells.ACTIVATIONS`.
    recurrent_mask : torch.Tensor of shape (n_windows, size) or None, default=None
        What to multiply the hidden state with before the gates see it, the same at
        every step; None leaves it as it is.
    workspaces : Workspaces or None, default=None
        Buffers to use over and over; the states are then gone with the next batch.
        None makes new ones.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        Hidden state after every step.
    last : torch.Tensor of shape (n_windows, size)
        That after the last step: cheaper to propagate back from than ``states[:, -1]``.
    """
    kernel = KERNELS.get((cell, activation))
    if kernel is None or recurrent_mask is not None:
        states = step_by_step(cell, inputs, weights, activation, recurrent_mask)
        return states, states[:, -1]
    if kernel is torch.lstm and inputs.device.type == "cpu":
        if torch.is_grad_enabled():
            return AllSteps.apply(inputs, *weights[:3], workspaces)
        # Without a history PyTorch's kernel is faster in single precision.
        if inputs.dtype == torch.float64 and len(inputs) >= FEW_WINDOWS:
            return states_without_history(inputs, weights)
    states = _by_kernel(kernel, inputs, weights)
    return states, states[:, -1]


def _by_kernel(kernel, inputs, weights):
    """Hidden states by a kernel of PyTorch's."""
    size = weights.recurrent.shape[1]
    recurrent_bias = torch.zeros_like(weights.bias)
    if weights.candidate_bias is not None:
        recurrent_bias = torch.cat([recurrent_bias[:-size], weights.candidate_bias])
    parts = [weights.inputs, weights.recurrent, weights.bias, recurrent_bias]
    if inputs.is_cuda:
        # cuDNN wants its weights side by side, and says so on every call.
        flat = torch.cat([part.reshape(-1) for part in parts])
        views = flat.split([part.numel() for part in parts])
        parts = [view.view_as(part) for view, part in zip(views, parts, strict=True)]
    zeros = inputs.new_zeros(1, len(inputs), size)
    return kernel(
        inputs,
        (zeros, zeros) if kernel is torch.lstm else zeros,
        parts,
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=torch.is_grad_enabled(),
        bidirectional=False,
        batch_first=True,
    )[0]
