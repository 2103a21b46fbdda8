"""Hidden states on a CPU, with their gradients by hand."""

import torch
from torch.autograd.function import once_differentiable

from sklstm._nn.bptt.gru import UnrolledGRU, UnrolledTanhGRU
from sklstm._nn.bptt.lstm import UnrolledLSTM, UnrolledTanhLSTM
from sklstm._nn.bptt.rnn import UnrolledRNN, UnrolledTanhRNN
from sklstm._nn.bptt.unrolled import Batch
from sklstm._nn.cells import CellWeights
from sklstm._nn.dispatch import computes_tanh_by_sigmoid

UNROLLED = {"lstm": UnrolledLSTM, "gru": UnrolledGRU, "rnn": UnrolledRNN}
UNROLLED_TANH = {
    "lstm": UnrolledTanhLSTM,
    "gru": UnrolledTanhGRU,
    "rnn": UnrolledTanhRNN,
}


def unrolled(cell, batch, keeps_history=True):
    """Unroll a cell over the steps of a batch.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
        Kind of cell.
    batch : Batch
        Kind of batch.
    keeps_history : bool, default=True
        Whether there is a way back from the states.

    Returns
    -------
    unrolled : Unrolled
        Buffers for such batches.
    """
    by_sigmoid = computes_tanh_by_sigmoid(cell, batch.activation, batch.dtype)
    kinds = UNROLLED_TANH if by_sigmoid else UNROLLED
    return kinds[cell](batch, keeps_history)


class Workspaces:
    """Unrolled cells that wait for the next batch of their kind."""

    def __init__(self):
        self._free = {}

    def take(self, cell, batch):
        """Return buffers that are not in use."""
        free = self._free.setdefault((cell, batch), [])
        return free.pop() if free else unrolled(cell, batch)

    def give_back(self, cell, workspace):
        """Take buffers back whose batch is done with."""
        self._free[cell, workspace.batch].append(workspace)


@torch.no_grad()
def states_without_history(cell, inputs, weights, activation, step_mask, wants_states):
    """Run all steps, with nothing kept to propagate back through.

    Parameters
    ----------
    cell, inputs, weights, activation
        As of :func:`sklstm._nn.dispatch.hidden_states`.
    step_mask : torch.Tensor of shape (n_timesteps, n_windows) or None
        1 where a step exists and 0 where not, which is for activations that map zero to
        zero; None where all do.
    wants_states : bool
        Whether the states of all steps are asked for, not just the last.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size) or None
        Hidden state after every step.
    last : torch.Tensor of shape (n_windows, size)
        That after the last step.
    """
    size = weights.recurrent.shape[1]
    kind = {"activation": activation, "has_padding": step_mask is not None}
    batch = Batch(*inputs.shape, size, inputs.dtype, **kind)
    steps = unrolled(cell, batch, keeps_history=False)
    states = None
    if wants_states:
        states = inputs.new_empty(batch.n_timesteps, size, batch.n_windows)
    last = steps.run_without_history(inputs, weights, step_mask, states)
    return states if states is None else states.permute(2, 0, 1), last.t()


class AllSteps(torch.autograd.Function):
    """Hidden states of a layer of cells, with their gradients by hand."""

    @staticmethod
    def forward(ctx, settings, inputs, step_mask, mask, *weights):
        """Run all steps.

        Parameters
        ----------
        settings : tuple of (str, str, Workspaces or None)
            Kind of cell, its activation, and where to take buffers from until the
            backward pass; the states are views of them. None for new ones, which allow
            several ways back.
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order, zero where a step does not exist.
        step_mask : torch.Tensor of shape (n_timesteps, n_windows) or None
            1 where a step exists and 0 where not, which is for activations that map
            zero to zero; None where all do.
        mask : torch.Tensor of shape (n_windows, size) or None
            What to multiply the hidden state with before the gates see it.
        *weights : torch.Tensor
            The fields of :class:`~sklstm._nn.cells.CellWeights` that are not None.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, size)
            Hidden state after every step.
        last : torch.Tensor of shape (n_windows, size)
            That after the last step, which costs less to propagate back from.
        """
        cell, activation, workspaces = settings
        size = weights[1].shape[1]
        kind = inputs.dtype, activation, mask is not None, step_mask is not None
        batch = Batch(*inputs.shape, size, *kind)
        steps = workspaces.take(cell, batch) if workspaces else unrolled(cell, batch)
        with torch.inference_mode():
            steps.run_forwards(inputs, CellWeights(*weights), step_mask, mask)
        ctx.cell, ctx.workspaces = cell, workspaces
        ctx.steps, ctx.step_mask = steps, step_mask
        ctx.save_for_backward(*weights)
        ctx.set_materialize_grads(False)
        return steps.states.permute(2, 0, 1), steps.states[-1].t()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_states, d_last):
        """Propagate back; buffers of `workspaces` are free for the next batch then."""
        steps, weights = ctx.steps, CellWeights(*ctx.saved_tensors)
        if steps is None:
            raise RuntimeError("The states of this batch are gone: run forward again.")
        if d_states is not None:
            d_states = d_states.permute(1, 2, 0)
        if d_last is not None:
            d_last = d_last.t()
        with torch.inference_mode():
            gradients, d_inputs = steps.run_backwards(
                weights, d_states, d_last, ctx.needs_input_grad[1]
            )
        if ctx.workspaces is None:
            gradients = [g if g is None else g.clone() for g in gradients]
        else:
            # Who lends buffers copies the gradients before the next batch.
            ctx.workspaces.give_back(ctx.cell, steps)
            ctx.steps = None
        if d_inputs is not None:
            if ctx.step_mask is not None:
                d_inputs *= ctx.step_mask[:, None]
            d_inputs = d_inputs.permute(2, 0, 1)
        return None, d_inputs, None, None, *gradients[: len(weights)]
