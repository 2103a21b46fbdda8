"""The one door to hidden states: the fastest way to what the equations say."""

import torch

from sklstm._nn import onednn
from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.autograd import AllSteps, states_without_history
from sklstm._nn.cells import step_by_step
from sklstm._nn.masking import with_padding_last

# Fewer windows than this are faster by PyTorch's kernels where no history is kept.
FEW_WINDOWS = 64
# With wide instructions that of the LSTM is for any number of windows, in blocks whose
# states fit a cache, unless a block is so few windows; as measured on a Zen 5.
BLOCK_STATES, FEW_IN_BLOCK = 2**19, 128
FEW_STEPS, FEW_UNITS = 12, 16

# PyTorch's own kernels, by cell and activation.
KERNELS = {
    ("lstm", "tanh"): torch.lstm,
    ("gru", "tanh"): torch.gru,
    ("rnn", "tanh"): torch.rnn_tanh,
    ("rnn", "relu"): torch.rnn_relu,
}


def hidden_states(
    cell,
    inputs,
    weights,
    activation="tanh",
    *,
    recurrent_mask=None,
    step_mask=None,
    workspaces=None,
    wants_states=True,
):
    """Run a cell over every step of its inputs, from a state of zeros.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of cell.
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order, zero where a step does not exist.
    weights : CellWeights
        Weights of the cell.
    activation : str, default="tanh"
        A key of :data:`sklstm._nn.activations.ACTIVATIONS`.
    recurrent_mask : torch.Tensor of shape (n_windows, size) or None, default=None
        What to multiply the hidden state with before the gates see it, the same at
        every step; None leaves it as it is.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        Which steps exist, the last ones of each window; None where all do.
    workspaces : Workspaces or None, default=None
        Buffers to use over and over; the states are then gone once their gradients
        have been asked for. None makes new ones.
    wants_states : bool, default=True
        Whether the states of all steps are asked for, not just the last.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size) or None
        Hidden state after every step, zero where one does not exist. None where nobody
        asked.
    last : torch.Tensor of shape (n_windows, size)
        That after the last step: cheaper to propagate back from than ``states[:, -1]``.
    """
    kernel = KERNELS.get((cell, activation)) if recurrent_mask is None else None
    if (
        step_mask is None
        and not wants_states
        and _is_for_onednn(kernel, inputs, weights)
    ):
        return None, _last_by_onednn(inputs, weights)
    by_hand = _is_faster_by_hand(kernel, inputs)
    if step_mask is not None and not _sees_missing(kernel, by_hand, activation):

        def run(inputs):
            settings = {"recurrent_mask": recurrent_mask, "workspaces": workspaces}
            return hidden_states(cell, inputs, weights, activation, **settings)[0]

        states = with_padding_last(run, inputs, step_mask)
    elif by_hand:
        step_mask = step_mask if step_mask is None else step_mask.t().to(inputs.dtype)
        if not torch.is_grad_enabled() and recurrent_mask is None:
            parts = cell, inputs, weights, activation
            return states_without_history(*parts, step_mask, wants_states)
        settings = cell, activation, workspaces
        parts = (part for part in weights if part is not None)
        states, last = AllSteps.apply(
            settings, inputs, step_mask, recurrent_mask, *parts
        )
        return states if wants_states else None, last
    elif kernel is not None:
        states = _by_kernel(kernel, inputs, weights)
    else:
        states = step_by_step(
            cell, inputs, weights, activation, recurrent_mask, step_mask
        )
    return states if wants_states else None, states[:, -1]


def _is_for_onednn(kernel, inputs, weights):
    """Say whether PyTorch's LSTM is the way to the last states, and no way back."""
    if len(inputs) < FEW_WINDOWS:
        return False  # that is its way anyway
    return (
        (kernel, inputs.dtype) == (torch.lstm, torch.float32)
        and inputs.device.type == "cpu"
        and not torch.is_grad_enabled()
        and inputs.shape[1] >= FEW_STEPS
        and weights.recurrent.shape[1] >= FEW_UNITS
        and _n_in_block(inputs, weights) >= FEW_IN_BLOCK
        and onednn.is_wide()
    )


def _n_in_block(inputs, weights):
    """Count the windows whose states of all steps fit a cache."""
    return BLOCK_STATES // (inputs.shape[1] * weights.recurrent.shape[1])


def _last_by_onednn(inputs, weights):
    """Last states by PyTorch's LSTM, block by block."""
    blocks = inputs.split(_n_in_block(inputs, weights))
    return torch.cat([_by_kernel(torch.lstm, b, weights)[:, -1] for b in blocks])


def _is_faster_by_hand(kernel, inputs):
    """Say whether our own steps are the way to go."""
    if inputs.device.type != "cpu":
        return False
    return kernel is None or torch.is_grad_enabled() or len(inputs) >= FEW_WINDOWS


def _sees_missing(kernel, by_hand, activation):
    """Say whether the way to go can be told which steps exist."""
    return ACTIVATIONS[activation].zero_stays if by_hand else kernel is None


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
