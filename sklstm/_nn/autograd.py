"""Unrolled cells as functions of autograd, on a CPU."""

from collections import OrderedDict

import torch
from torch.autograd.function import once_differentiable

from sklstm._nn.bptt.gru import UnrolledGRU, UnrolledTanhGRU
from sklstm._nn.bptt.lstm import UnrolledLSTM, UnrolledTanhLSTM
from sklstm._nn.bptt.rnn import UnrolledRNN, UnrolledTanhRNN
from sklstm._nn.bptt.unrolled import Batch
from sklstm._nn.cells import CELLS, CellWeights
from sklstm._nn.dispatch import computes_tanh_by_sigmoid

UNROLLED = {"lstm": UnrolledLSTM, "gru": UnrolledGRU, "rnn": UnrolledRNN}
UNROLLED_TANH = {
    "lstm": UnrolledTanhLSTM,
    "gru": UnrolledTanhGRU,
    "rnn": UnrolledTanhRNN,
}

# Number of hidden states in the buffers that a layer keeps for later batches. A state
# takes 40 bytes of an LSTM in single precision.
MAX_STATES = 2**22


def unroll(cell, batch, has_backward=True):
    """Unroll a cell over the steps of a batch.

    Parameters
    ----------
    cell : str
        Type of cell, a key of `UNROLLED`.
    batch : Batch
        Shape and options of the batches.
    has_backward : bool, default=True
        Whether a backward pass follows.

    Returns
    -------
    unrolled : Unrolled
        The cell with its buffers.
    """
    by_sigmoid = computes_tanh_by_sigmoid(cell, batch.activation, batch.dtype)
    classes = UNROLLED_TANH if by_sigmoid else UNROLLED
    return classes[cell](batch, has_backward)


class Workspaces:
    """Unrolled cells that are kept for the next batch of the same shape.

    Batches of sequences of different lengths have many shapes. If the buffers have more
    than `MAX_STATES` hidden states together, those of the shape that was used longest
    ago are released.
    """

    def __init__(self):
        self._free, self._n_states = OrderedDict(), 0

    def acquire(self, cell, batch):
        """Return an unrolled cell that is not in use."""
        free = self._free.get((cell, batch))
        if not free:
            return unroll(cell, batch)
        self._n_states -= batch.n_states
        return free.pop()

    def release(self, cell, unrolled):
        """Mark an unrolled cell as free."""
        shape = cell, unrolled.batch
        self._free.setdefault(shape, []).append(unrolled)
        self._free.move_to_end(shape)
        self._n_states += unrolled.batch.n_states
        while self._n_states > MAX_STATES and len(self._free) > 1:
            (_, batch), oldest = self._free.popitem(last=False)
            self._n_states -= len(oldest) * batch.n_states


@torch.no_grad()
def inferred_states(
    cell, inputs, weights, activation, step_mask, wants_states, initial_state=None
):
    """Compute the states of all steps without a backward pass.

    Parameters
    ----------
    cell, inputs, weights, activation
        As in :func:`sklstm._nn.hidden_states.hidden_states`.
    step_mask : torch.Tensor of shape (n_timesteps, n_windows) or None
        1 at real steps and 0 at padding. The activation must map zero to zero. None if
        there is no padding.
    wants_states : bool
        Whether to return the states of all steps, not only the last one.
    initial_state : tuple of torch.Tensor of shape (n_windows, size) or None
        State before the first step. None for zeros.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size) or None
        Hidden state after every step.
    last : tuple of torch.Tensor of shape (n_windows, size)
        State after the last step.
    """
    size = weights.recurrent.shape[1]
    options = {"activation": activation, "has_padding": step_mask is not None}
    batch = Batch(*inputs.shape, size, inputs.dtype, **options)
    unrolled = unroll(cell, batch, has_backward=False)
    states = None
    if wants_states:
        states = inputs.new_empty(batch.n_timesteps, size, batch.n_windows)
    unrolled.infer(inputs, weights, step_mask, states, initial_state)
    last = tuple(part.t() for part in unrolled.inferred_state)
    return states if states is None else states.permute(2, 0, 1), last


class HiddenStates(torch.autograd.Function):
    """Hidden states of a layer, with hand-derived gradients."""

    @staticmethod
    def forward(ctx, settings, inputs, step_mask, recurrent_mask, *tensors):
        """Compute the states of all steps.

        Parameters
        ----------
        settings : tuple of (str, str, Workspaces or None)
            Type of cell, its activation, and the source of buffers. The states are
            views of these buffers, which later batches may overwrite after the
            backward pass. If the source is None, new buffers are allocated, and several
            backward passes are possible.
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order, zero at padding steps.
        step_mask : torch.Tensor of shape (n_timesteps, n_windows) or None
            1 at real steps and 0 at padding. The activation must map zero to zero. None
            if there is no padding.
        recurrent_mask : torch.Tensor of shape (n_windows, size) or None
            Numbers that multiply the hidden state before it enters the gates.
        *tensors : torch.Tensor
            The fields of :class:`~sklstm._nn.cells.CellWeights` that are not None, and
            the parts of the initial state, if it is not zeros.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, size)
            Hidden state after every step.
        *last : torch.Tensor of shape (n_windows, size)
            Each part of the state after the last step. The backward pass of the hidden
            state is cheaper than that of ``states[:, -1]``.
        """
        cell, activation, workspaces = settings
        n_weights = 4 if CELLS[cell].has_candidate_bias else 3
        weights, initial_state = tensors[:n_weights], tensors[n_weights:] or None
        size = weights[1].shape[1]
        options = {
            "activation": activation,
            "has_recurrent_mask": recurrent_mask is not None,
            "has_padding": step_mask is not None,
            "has_initial_state": initial_state is not None,
        }
        batch = Batch(*inputs.shape, size, inputs.dtype, **options)
        make = workspaces.acquire if workspaces else unroll
        unrolled = make(cell, batch)
        with torch.inference_mode():
            masks = step_mask, recurrent_mask
            unrolled.forward(inputs, CellWeights(*weights), *masks, initial_state)
        ctx.cell, ctx.workspaces = cell, workspaces
        ctx.unrolled, ctx.step_mask = unrolled, step_mask
        ctx.save_for_backward(*weights)
        ctx.set_materialize_grads(False)
        last = (part.t() for part in unrolled.state(batch.n_timesteps))
        return unrolled.states.permute(2, 0, 1), *last

    @staticmethod
    @once_differentiable
    def backward(ctx, d_states, d_last, d_last_cell=None):
        """Compute the gradients; the buffers of `workspaces` are then free."""
        unrolled, weights = ctx.unrolled, CellWeights(*ctx.saved_tensors)
        if unrolled is None:
            raise RuntimeError(
                "The states of this batch have been overwritten. Run the forward pass "
                "again before another backward pass."
            )
        if d_states is not None:
            d_states = d_states.permute(1, 2, 0)
        d_last, d_last_cell = (d if d is None else d.t() for d in (d_last, d_last_cell))
        with torch.inference_mode():
            gradients, d_inputs = unrolled.backward(
                weights, d_states, d_last, ctx.needs_input_grad[1], d_last_cell
            )
        d_initial = ()
        if unrolled.batch.has_initial_state:
            d_initial = (part.t().clone() for part in unrolled.d_initial_state)
        of_weights = gradients[: len(ctx.saved_tensors)]
        if ctx.workspaces is None:
            of_weights = [gradient.clone() for gradient in of_weights]
        else:
            # The caller copies the gradients before the next batch overwrites them.
            ctx.workspaces.release(ctx.cell, unrolled)
            ctx.unrolled = None
        if d_inputs is not None:
            if ctx.step_mask is not None:
                d_inputs *= ctx.step_mask[:, None]
            d_inputs = d_inputs.permute(2, 0, 1)
        return None, d_inputs, None, None, *of_weights, *d_initial
