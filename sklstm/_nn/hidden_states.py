"""Hidden states of a layer, computed by the method that `dispatch` chooses."""

import torch

from sklstm._nn.autograd import HiddenStates, inferred_states
from sklstm._nn.cells import continue_step_by_step, step_by_step
from sklstm._nn.dispatch import (
    HAND_DERIVED,
    Case,
    Method,
    choose_method,
    masks_padding,
    windows_per_block,
)
from sklstm._nn.masking import steps_first, with_padding_last
from sklstm._nn.torch_compat import pytorch_states


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
    """Compute the hidden states of a layer, starting from a state of zeros.

    Parameters
    ----------
    cell : str
        Type of cell, a key of :data:`sklstm._nn.cells.CELLS`.
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order, zero at padding steps.
    weights : CellWeights
        Weights of the cell.
    activation : str, default="tanh"
        A key of :data:`sklstm._nn.activations.ACTIVATIONS`.
    recurrent_mask : torch.Tensor of shape (n_windows, size) or None, default=None
        Numbers that multiply the hidden state before it enters the gates, the same at
        every step. If None, the hidden state is used as it is.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. Padding is at the start of a window. None if there is
        no padding.
    workspaces : Workspaces or None, default=None
        Buffers to use again. Later batches may then overwrite the states after their
        backward pass. If None, new buffers are allocated.
    wants_states : bool, default=True
        Whether to return the states of all steps, not only the last one.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size) or None
        Hidden state after every step, zero at padding steps. None if `wants_states` is
        False.
    last : torch.Tensor of shape (n_windows, size)
        Hidden state after the last step. Its backward pass is cheaper than that of
        ``states[:, -1]``.
    """
    learns = inputs.requires_grad or weights.recurrent.requires_grad
    method = choose_method(
        Case(
            cell,
            activation,
            inputs.device.type,
            inputs.dtype,
            *inputs.shape[:2],
            size=weights.recurrent.shape[1],
            needs_gradient=learns and torch.is_grad_enabled(),
            has_padding=step_mask is not None,
            has_recurrent_mask=recurrent_mask is not None,
        )
    )

    def run(inputs, step_mask=None, wants_states=True):
        layer = cell, inputs, weights, activation
        if method is Method.PYTORCH:
            return _pytorch_states(*layer, wants_states)
        if method is Method.INFERENCE:
            mask = steps_first(step_mask, inputs.dtype)
            states, last = inferred_states(*layer, mask, wants_states)
            return states, last[0]
        if method is Method.BPTT:
            mask = steps_first(step_mask, inputs.dtype)
            settings = cell, activation, workspaces
            parts = (part for part in weights if part is not None)
            apply = HiddenStates.apply
            states, *last = apply(settings, inputs, mask, recurrent_mask, *parts)
            return states, last[0]
        states = step_by_step(*layer, recurrent_mask, step_mask)
        return states, states[:, -1]

    if step_mask is None or masks_padding(method, activation):
        states, last = run(inputs, step_mask, wants_states)
    else:
        states = with_padding_last(lambda rolled: run(rolled)[0], inputs, step_mask)
        last = states[:, -1]
    return states if wants_states else None, last


def continued_states(
    cell,
    inputs,
    weights,
    activation,
    state,
    *,
    recurrent_mask=None,
    workspaces=None,
):
    """Compute the hidden states of a layer from a given state on.

    Parameters
    ----------
    cell, inputs, weights, activation, recurrent_mask, workspaces
        As in :func:`hidden_states`.
    state : tuple of torch.Tensor of shape (n_windows, size)
        Hidden state before the first step and, for an LSTM, the cell state.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        Hidden state after every step.
    last : tuple of torch.Tensor of shape (n_windows, size)
        State after the last step, in the form of `state`.
    """
    stepwise = cell, inputs, weights, state, activation
    if inputs.device.type != "cpu" or cell not in HAND_DERIVED:
        return continue_step_by_step(*stepwise, recurrent_mask)
    if torch.is_grad_enabled():
        settings = cell, activation, workspaces
        parts = (part for part in weights if part is not None)
        states, *last = HiddenStates.apply(
            settings, inputs, None, recurrent_mask, *parts, *state
        )
        return states, tuple(last)
    if inputs.shape[1] == 1:  # our own steps would copy the weights first
        return continue_step_by_step(*stepwise)
    return inferred_states(cell, inputs, weights, activation, None, True, state)


def _pytorch_states(cell, inputs, weights, activation, wants_states):
    """Compute states by a layer of PyTorch, block by block if no gradient is needed."""
    size = weights.recurrent.shape[1]
    n_in_block = windows_per_block(inputs.device.type, inputs.shape[1], size)
    if n_in_block is None or len(inputs) <= n_in_block:
        states = pytorch_states(cell, inputs, weights, activation)
        return states, states[:, -1]
    blocks = inputs.split(n_in_block)
    parts = (pytorch_states(cell, block, weights, activation) for block in blocks)
    if wants_states:
        states = torch.cat([*parts])
        return states, states[:, -1]
    return None, torch.cat([states[:, -1] for states in parts])
