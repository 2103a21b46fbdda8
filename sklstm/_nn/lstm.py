"""The LSTM on a CPU: all steps of a batch, and back-propagation through time by hand.

What makes it fast
- Features come first: a step works on (4 * size, n_windows), where every gate is one
  contiguous block.
- One matrix product a step: hidden state, inputs and a row of ones lie in one buffer.
- ``-tanh(x) = 1 - 2 sigmoid(2 x)``: of the two, PyTorch computes sigmoid four times as
  fast. The sign is carried along: instead of the memory c there is ``m = -c``. What
  goes into the candidate is doubled with its weights; u is its sigmoid.
- The slopes of the gates are computed for as many steps at once as fit a cache.
- Nothing is allocated in the loop: a :class:`Workspace` has every buffer, and every
  view of it, for batches of one shape.

The equations themselves are in :func:`sklstm._nn.cells.lstm_step`.
"""

import torch
from torch.autograd.function import once_differentiable

from sklstm._nn.cells import CellWeights

# Bytes of gates whose slopes are computed at once: what a core's cache holds.
CHUNK_BYTES = 2**19


class Workspace:
    """Buffers for one batch, and the views that its steps work on.

    Parameters
    ----------
    n_windows, n_timesteps, n_inputs, size : int
        Shape of the batch and width of the layer.
    dtype : torch.dtype
        Precision.
    """

    def __init__(self, n_windows, n_timesteps, n_inputs, size, dtype):
        def buffer(*shape):
            return torch.empty(*shape, n_windows, dtype=dtype)

        self.size = size
        # Rows of each step: hidden state before it, inputs, and 1 for the bias.
        self.seen = buffer(n_timesteps + 1, size + n_inputs + 1).zero_()
        self.seen[:, -1] = 1
        self.inputs = self.seen[:-1, size:-1]
        self.hidden = self.seen[1:, :size]
        self.gates = buffer(n_timesteps, 4 * size)
        self.m = buffer(n_timesteps + 1, size)
        self.m[0] = 0
        self.squashed = buffer(n_timesteps, size)  # sigmoid(2 m)
        self.weights = torch.empty(4 * size, size + n_inputs + 1, dtype=dtype)
        self.gradient = torch.empty_like(self.weights)
        self.d_hidden, self.d_m = buffer(size), buffer(size)
        self.zero = torch.zeros((), dtype=dtype)
        self.steps = [self._views_of_step(step) for step in range(n_timesteps)]
        self._make_chunks(buffer, n_timesteps)

    def _views_of_step(self, step):
        """View what the forward pass of one step reads and writes."""
        gates = self.gates[step]
        i, f, u, o = gates.split(self.size)
        m, m_before = self.m[step + 1], self.m[step]
        squashed, hidden = self.squashed[step], self.hidden[step]
        return self.seen[step], gates, i, f, u, o, m_before, m, squashed, hidden

    def _make_chunks(self, buffer, n_timesteps):
        """Make buffers and views for the backward pass, last steps first."""
        n_steps = max(1, CHUNK_BYTES // self.gates[0].nbytes)
        n_steps = min(n_steps, n_timesteps)
        self.slopes = buffer(n_steps, 4 * self.size)
        self.through = buffer(n_steps, self.size)  # from hidden state to m
        self.chunks = [
            self._views_of_chunk(max(0, stop - n_steps), stop)
            for stop in range(n_timesteps, 0, -n_steps)
        ]

    def _views_of_chunk(self, start, stop):
        """View what the backward pass of some steps works on: together, singly."""
        size, n_steps = self.size, stop - start
        gates, slopes = self.gates[start:stop], self.slopes[:n_steps]
        i, _, u, o = gates.split(size, 1)
        together = (
            (gates, i, u, o),
            (slopes, *slopes.split(size, 1)),
            (self.m[start:stop], self.squashed[start:stop]),
            self.through[:n_steps],
        )
        singly = [
            (
                start + k,
                self.through[k],
                slopes[k],
                slopes[k, : 3 * size].view(3, size, -1),
                slopes[k, 3 * size :],
                gates[k, size : 2 * size],
            )
            for k in range(n_steps - 1, -1, -1)
        ]
        seen = self.seen[start:stop].transpose(1, 2)
        return slice(start, stop), together, singly, slopes, seen


class Workspaces:
    """Workspaces that wait for the next batch of their shape."""

    def __init__(self):
        self._free = {}

    def take(self, *shape):
        """Return a workspace that is not in use."""
        free = self._free.setdefault(shape, [])
        return free.pop() if free else Workspace(*shape)

    def give_back(self, workspace, *shape):
        """Take a workspace back whose batch is done with."""
        self._free[shape].append(workspace)


def _put_side_by_side(weights, joined):
    """Join the weights for hidden state, inputs and bias; twofold for the candidate."""
    size, n_inputs = weights.recurrent.shape[1], weights.inputs.shape[1]
    joined[:, :size] = weights.recurrent
    joined[:, size : size + n_inputs] = weights.inputs
    joined[:, -1] = weights.bias
    joined[2 * size : 3 * size].mul_(2)


def states_without_history(inputs, weights):
    """Run all steps, with nothing kept to propagate back through.

    Parameters
    ----------
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order.
    weights : CellWeights
        Weights of the cell.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        Hidden state after every step.
    last : torch.Tensor of shape (n_windows, size)
        That after the last step.
    """
    n_windows, n_timesteps, n_inputs = inputs.shape
    size = weights.recurrent.shape[1]
    joined = inputs.new_empty(4 * size, size + n_inputs + 1)
    _put_side_by_side(weights, joined)
    seen = inputs.new_empty(n_timesteps + 1, size + n_inputs + 1, n_windows)
    seen[0, :size] = 0
    seen[:-1, size:-1] = inputs.permute(1, 2, 0)
    seen[:, -1] = 1
    gates = inputs.new_empty(4 * size, n_windows)
    i, f, u, o = gates.split(size)
    m = inputs.new_zeros(size, n_windows)
    squashed = torch.empty_like(m)
    for step in range(n_timesteps):
        torch.mm(joined, seen[step], out=gates)
        gates.sigmoid_()
        torch.addcmul(i, i, u, value=-2, out=u)
        torch.addcmul(u, f, m, out=m)
        torch.mul(m, 2, out=squashed).sigmoid_()
        torch.addcmul(o, o, squashed, value=-2, out=seen[step + 1, :size])
    hidden = seen[1:, :size]
    return hidden.permute(2, 0, 1), hidden[-1].t()


@torch.inference_mode()
def run_forwards(workspace, weights):
    """Fill a workspace whose inputs are in place with the states of all steps."""
    work = workspace
    _put_side_by_side(weights, work.weights)
    for seen, gates, i, f, u, o, m_before, m, squashed, hidden in work.steps:
        torch.mm(work.weights, seen, out=gates)
        gates.sigmoid_()
        torch.addcmul(i, i, u, value=-2, out=m)
        m.addcmul_(f, m_before)
        torch.mul(m, 2, out=squashed).sigmoid_()
        torch.addcmul(o, o, squashed, value=-2, out=hidden)


@torch.inference_mode()
def run_backwards(workspace, weights, d_states, d_last, d_inputs=None):
    """Propagate gradients from the states back to weights and inputs.

    Parameters
    ----------
    workspace : Workspace
        As :func:`run_forwards` left it.
    weights : CellWeights
        The same weights.
    d_states : torch.Tensor of shape (n_timesteps, size, n_windows) or None
        Gradient of the loss by all hidden states; None for zeros.
    d_last : torch.Tensor of shape (size, n_windows) or None
        What the last state adds to it.
    d_inputs : torch.Tensor of shape (n_timesteps, n_inputs, n_windows) or None
        Where to write the gradient by the inputs; None if nobody asks for it.

    Returns
    -------
    gradient : torch.Tensor of shape (4 * size, size + n_inputs + 1)
        Gradient by recurrent weights, input weights and bias, side by side.
    """
    work = workspace
    by_gates, by_gates_of_inputs = weights.recurrent.t(), weights.inputs.t()
    d_hidden, d_m = work.d_hidden.zero_(), work.d_m.zero_()
    gradient = work.gradient.zero_()
    if d_last is not None:
        d_hidden.copy_(d_last)
    for steps, together, singly, d_gates, seen in work.chunks:
        _compute_slopes(work.zero, *together)
        for step, through, d_all, d_ifu, d_o, f in singly:
            if d_states is not None:
                d_hidden.add_(d_states[step])
            d_m.addcmul_(d_hidden, through)
            # Slopes until here, gradients from here on.
            d_ifu.mul_(d_m)
            d_o.mul_(d_hidden)
            if step:
                torch.mm(by_gates, d_all, out=d_hidden)
                d_m.mul_(f)
        gradient.addbmm_(d_gates, seen)
        if d_inputs is not None:
            torch.matmul(by_gates_of_inputs, d_gates, out=d_inputs[steps])
    return gradient


def _compute_slopes(zero, gates, slopes, states, through):
    """Say how much m, or the hidden state, moves with what goes into each gate."""
    gates, i, u, o = gates
    slopes, slope_i, slope_f, slope_u, slope_o = slopes
    m_before, squashed = states
    torch.addcmul(gates, gates, gates, value=-1, out=slopes)  # s (1 - s)
    torch.addcmul(slope_i, slope_i, u, value=-2, out=slope_i)
    slope_f.mul_(m_before)
    torch.addcmul(zero, slope_u, i, value=-4, out=slope_u)
    torch.addcmul(slope_o, slope_o, squashed, value=-2, out=slope_o)
    torch.addcmul(squashed, squashed, squashed, value=-1, out=through)
    torch.addcmul(zero, through, o, value=-4, out=through)


class AllSteps(torch.autograd.Function):
    """Hidden states of an LSTM layer, with their gradients by hand."""

    @staticmethod
    def forward(ctx, inputs, w_inputs, w_recurrent, bias, workspaces):
        """Run all steps.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order.
        w_inputs, w_recurrent, bias : torch.Tensor
            Weights of the cell.
        workspaces : Workspaces or None
            Where to take buffers from until the backward pass; the states are views of
            them. None for new ones.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, size)
            Hidden state after every step.
        last : torch.Tensor of shape (n_windows, size)
            That after the last step, which costs less to propagate back from.
        """
        shape = (*inputs.shape, w_recurrent.shape[1], inputs.dtype)
        ctx.shape = shape
        ctx.workspaces = workspaces
        ctx.workspace = (workspaces or Workspaces()).take(*shape)
        ctx.workspace.inputs.copy_(inputs.permute(1, 2, 0))
        run_forwards(ctx.workspace, CellWeights(w_inputs, w_recurrent, bias))
        ctx.save_for_backward(w_inputs, w_recurrent, bias)
        ctx.set_materialize_grads(False)
        hidden = ctx.workspace.hidden
        return hidden.permute(2, 0, 1), hidden[-1].t()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_states, d_last):
        """Propagate back; buffers of `workspaces` are free for the next batch then."""
        if ctx.workspace is None:
            raise RuntimeError("The states of this batch are gone: run forward again.")
        n_windows, n_timesteps, n_inputs, size, _ = ctx.shape
        d_inputs = None
        if ctx.needs_input_grad[0]:
            d_inputs = ctx.saved_tensors[0].new_empty(n_timesteps, n_inputs, n_windows)
        gradient = run_backwards(
            ctx.workspace,
            CellWeights(*ctx.saved_tensors),
            d_states if d_states is None else d_states.permute(1, 2, 0).contiguous(),
            d_last if d_last is None else d_last.t(),
            d_inputs,
        )
        if ctx.workspaces is None:
            gradient = gradient.clone()
        else:
            # Who lends buffers copies the gradients before the next batch.
            ctx.workspaces.give_back(ctx.workspace, *ctx.shape)
            ctx.workspace = None
        by_recurrent, by_inputs, by_bias = gradient.split([size, n_inputs, 1], 1)
        d_inputs = d_inputs if d_inputs is None else d_inputs.permute(2, 0, 1)
        return d_inputs, by_inputs, by_recurrent, by_bias[:, 0], None
