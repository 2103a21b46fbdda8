"""Base class of cells unrolled over time: buffers, forward pass and backward pass.

The cells are fast for these reasons:

- Features come first. A step works on (n_gates * size, n_windows), in which every gate
  is one contiguous block.
- A step needs one matrix product, because its inputs, a row of ones for the biases and
  the previous hidden state are in one buffer.
- The row of ones is zero at padding steps. Inputs and biases then add nothing, and a
  state of zeros stays zero if the activation maps zero to zero. Padding needs no
  operations of its own.
- The local gradients (derivatives of the states with respect to the gates) are computed
  for as many steps at once as fit into a cache.
- The gradient of the weights is stored transposed, which makes the products that
  compute it a fifth faster.
- Large products are computed by the faster one of two libraries.
- The training loop allocates almost nothing. An :class:`Unrolled` owns all buffers, and
  all views of them, for batches of one shape. Only the products of oneDNN and the
  gradient of the inputs are allocated anew.

The equations are in :mod:`sklstm._nn.cells`.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch

from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.cells import CellWeights
from sklstm._nn.products import layout_for, matmul_for

# Bytes of local gradients to compute at once. They fit the cache of a core. If the
# weights do not, more steps at once load the weights less often.
CHUNK_BYTES, CHUNK_WEIGHTS = 2**19, 2


class Batch(NamedTuple):
    """Shape, precision and options of a batch, which determine its buffers."""

    n_windows: int
    n_timesteps: int
    n_inputs: int
    size: int
    dtype: torch.dtype
    activation: str = "tanh"
    has_recurrent_mask: bool = False  # whether there is recurrent dropout
    has_padding: bool = False
    has_initial_state: bool = False  # other than zeros

    @property
    def n_states(self):
        """Number of hidden states of all units and steps."""
        return self.n_windows * self.n_timesteps * self.size


class Chunk(NamedTuple):
    """Views of consecutive steps for the backward pass."""

    steps: slice
    all_steps: tuple  # arguments of `_compute_local_gradients`
    single_steps: list  # arguments of `_backward_step`, last step first
    adders: list  # functions that add to the gradients of the weights
    d_from_inputs: torch.Tensor  # gradient of the contribution of the inputs


class Unrolled(ABC):
    """Base class of a cell unrolled over the steps of a batch, with its buffers.

    Parameters
    ----------
    batch : Batch
        Shape and options of the batches.
    has_backward : bool, default=True
        Whether a backward pass follows. If True, every step has its own buffers. If
        False, the steps alternate between two sets of buffers.
    """

    n_gates: int
    n_local: int  # blocks of local gradients of a step

    def __init__(self, batch, has_backward=True):
        self.batch, self.has_backward = batch, has_backward
        self.activation = ACTIVATIONS[batch.activation]
        # For each step: its inputs, 1 for the biases, and the previous hidden state.
        self.operands = self._states(batch.n_inputs + 1 + batch.size)
        self.inputs = self.operands[:, : batch.n_inputs]
        self.step_mask = self.operands[:, batch.n_inputs].fill_(1)
        self.inputs_and_one = self.operands[:, : batch.n_inputs + 1]
        self.dropped_hidden = self.operands[:, batch.n_inputs + 1 :]
        self.n_padded_steps = 0  # first steps at which some windows are padding
        self.recurrent_mask, self.hidden = None, self.dropped_hidden
        if batch.has_recurrent_mask:
            self.recurrent_mask = self._buffer(batch.size)
            self.hidden = self._states(batch.size)
        self.weights = self._joined_weights()
        self.weight_views = self._split_weights(self.weights)
        self.multiply = self._matmul_for(*self.weights.shape)
        self._make_buffers()
        if has_backward:
            pairs = [(step, step + 1) for step in range(batch.n_timesteps)]
        else:
            pairs = [(0, 1), (1, 0)]
        self.steps = [self._views_of_step(*pair) for pair in pairs]
        self.chunks = self._make_chunks() if has_backward else []

    def _matmul_for(self, *shape):
        """Return the function for products whose left matrix has a given shape."""
        return matmul_for((*shape, self.batch.n_windows), self.batch.dtype)

    def _buffer(self, *shape):
        shape = *shape, self.batch.n_windows
        return torch.empty(shape, dtype=self.batch.dtype, device="cpu")

    def _states(self, n_rows):
        """Allocate zeros for the states before each step and after the last one."""
        n_states = self.batch.n_timesteps + 1 if self.has_backward else 2
        return self._buffer(n_states, n_rows).zero_()

    def _values(self, n_rows):
        """Allocate a buffer for intermediate values of each step."""
        if self.has_backward:
            return self._buffer(self.batch.n_timesteps, n_rows)
        return self._buffer(1, n_rows).expand(2, -1, -1)

    # Implemented by each cell.

    @abstractmethod
    def _make_buffers(self):
        """Allocate the buffers that only this cell needs in the forward pass."""

    @abstractmethod
    def _views_of_step(self, before, after):
        """Return the arguments of `_forward_step` for the step between two states."""

    @abstractmethod
    def _adapt_weights(self, weights):
        """Convert the joined weights to the layout that the products need."""

    @abstractmethod
    def _read_inputs(self, steps):
        """Compute contributions of the inputs to some steps, if the cell needs them."""

    @abstractmethod
    def _forward_step(self, *views):
        """Compute the state after a step."""

    @abstractmethod
    def _make_backward_buffers(self, n_steps):
        """Allocate the buffers of the backward pass, for `n_steps` steps at once."""

    @abstractmethod
    def _views_of_chunk(self, start, stop):
        """Return a :class:`Chunk`, the views for the backward pass of some steps."""

    @abstractmethod
    def _compute_local_gradients(self, *views):
        """Compute the derivatives of states with respect to gates, for some steps."""

    @abstractmethod
    def _backward_step(self, recurrent_t, *views):
        """Multiply the local gradients of a step by the gradient of its state.

        `recurrent_t` is the transposed recurrent matrix. It propagates the gradient to
        the previous hidden state. It is None if this is the initial state of zeros.
        """

    @abstractmethod
    def _gradients(self):
        """Return the gradients of the weights, as :class:`CellWeights`."""

    # Common to all cells. An LSTM has a cell state, too.

    @property
    def states(self):
        """Hidden states after every step, (n_timesteps, size, n_windows)."""
        return self.hidden[1:]

    @property
    def _parts_of_state(self):
        """Buffers of the parts of the state, before each step and after the last."""
        return (self.hidden,)

    @property
    def d_initial_state(self):
        """Gradient of each part of the initial state, after the backward pass."""
        return (self.d_hidden,)

    def _set_d_last(self, d_last, d_last_cell):
        """Copy the gradients of the last hidden state and, for an LSTM, cell state."""
        copy_or_zero(self.d_hidden, d_last)

    def state(self, position):
        """Return the state before a step, each part (size, n_windows)."""
        return tuple(part[position] for part in self._parts_of_state)

    def _set_initial_state(self, state):
        """Copy the state before the first step, each part (n_windows, size)."""
        for buffer, part in zip(self.state(0), state, strict=True):
            buffer.copy_(part.t())
        if self.recurrent_mask is not None:
            torch.mul(self.hidden[0], self.recurrent_mask, out=self.dropped_hidden[0])

    def _set_weights(self, weights):
        """Copy the weights to the buffer of joined weights."""
        for view, part in zip(self.weight_views[:3], weights, strict=False):
            view.copy_(part)
        self._adapt_weights(weights)

    def forward(
        self, inputs, weights, step_mask=None, recurrent_mask=None, initial_state=None
    ):
        """Compute the states of all steps.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order, zero at padding steps.
        weights : CellWeights
            Weights of the cell.
        step_mask : torch.Tensor of shape (n_timesteps, n_windows) or None, default=None
            1 at real steps and 0 at padding. The activation must map zero to zero. None
            if there is no padding.
        recurrent_mask : torch.Tensor of shape (n_windows, size) or None, default=None
            Numbers that multiply the hidden state before it enters the gates. None if
            there is no recurrent dropout.
        initial_state : tuple of torch.Tensor of shape (n_windows, size) or None
            State before the first step. None for zeros.
        """
        self._set_weights(weights)
        steps = slice(self.batch.n_timesteps)
        self.inputs[steps].copy_(inputs.permute(1, 2, 0))
        if step_mask is not None:
            self.step_mask[steps] = step_mask
            self.n_padded_steps = int((step_mask == 0).any(1).sum())
        if recurrent_mask is not None:
            self.recurrent_mask.copy_(recurrent_mask.t())
        if initial_state is not None:
            self._set_initial_state(initial_state)
        self._read_inputs(steps)
        for after, views in enumerate(self.steps, 1):
            self._forward_step(*views)
            if recurrent_mask is not None:
                out = self.dropped_hidden[after]
                torch.mul(self.hidden[after], self.recurrent_mask, out=out)

    def infer(self, inputs, weights, step_mask=None, states=None, initial_state=None):
        """Compute the last state without a backward pass. Call once per instance.

        Parameters
        ----------
        inputs, weights, step_mask, initial_state
            As in :meth:`forward`.
        states : torch.Tensor of shape (n_timesteps, size, n_windows) or None
            Tensor to copy the states of all steps to.

        Returns
        -------
        last : torch.Tensor of shape (size, n_windows)
            Hidden state after the last step.
        """
        self._set_weights(weights)
        if initial_state is not None:
            self._set_initial_state(initial_state)
        for step, inputs_of_step in enumerate(inputs.permute(1, 2, 0).contiguous()):
            turn = step % 2
            self.inputs[turn].copy_(inputs_of_step)
            if step_mask is not None:
                self.step_mask[turn] = step_mask[step]
            self._read_inputs(slice(turn, turn + 1))
            self._forward_step(*self.steps[turn])
            if states is not None:
                states[step] = self.hidden[1 - turn]
        return self.hidden[self.batch.n_timesteps % 2]

    @property
    def inferred_state(self):
        """State after the last step, after a call of :meth:`infer`."""
        return self.state(self.batch.n_timesteps % 2)

    def backward(
        self, weights, d_states, d_last, needs_d_inputs=False, d_last_cell=None
    ):
        """Compute the gradients of weights and inputs from those of the states.

        Parameters
        ----------
        weights : CellWeights
            The weights passed to :meth:`forward`.
        d_states : torch.Tensor of shape (n_timesteps, size, n_windows) or None
            Gradient of all hidden states. None for zeros.
        d_last : torch.Tensor of shape (size, n_windows) or None
            Gradient of the last state, which is added to that of all states.
        needs_d_inputs : bool, default=False
            Whether to compute the gradient of the inputs.
        d_last_cell : torch.Tensor of shape (size, n_windows) or None, default=None
            Gradient of the last cell state of an LSTM. None for zeros.

        Returns
        -------
        gradients : CellWeights
            Gradients of the weights, views of buffers.
        d_inputs : torch.Tensor of shape (n_timesteps, n_inputs, n_windows) or None
            Gradient of the inputs, if needed.
        """
        d_inputs = input_weights_t = None
        if needs_d_inputs:
            d_inputs = self._make_d_inputs()
            input_weights_t = layout_for(
                self.multiply_inputs, self._input_weights_t(weights)
            )
        if d_states is not None:
            d_states = d_states.contiguous()
        self._set_d_last(d_last, d_last_cell)
        recurrent_t = layout_for(self.multiply_recurrent, weights.recurrent.t())
        for chunk in self.chunks:
            self._compute_local_gradients(*chunk.all_steps)
            self._backward_chunk(chunk, recurrent_t, d_states)
            for add in chunk.adders:
                add(is_first=chunk is self.chunks[0])
            if d_inputs is not None:
                out = d_inputs[chunk.steps]
                self.multiply_inputs(input_weights_t, chunk.d_from_inputs, out=out)
        return self._gradients(), d_inputs

    def _make_d_inputs(self):
        """Allocate the gradient of the inputs."""
        with torch.inference_mode(False):  # autograd may use it later
            return torch.empty_like(self.inputs[1:])

    def _input_weights_t(self, weights):
        """Return the transposed input weights, in the order of the gradients."""
        return weights.inputs.t()

    def _backward_chunk(self, chunk, recurrent_t, d_states):
        """Propagate the gradient through some steps, last step first."""
        for step, *views in chunk.single_steps:
            if d_states is not None:
                self.d_hidden.add_(d_states[step])
            if step < self.n_padded_steps:
                # It could grow without limit from padding step to padding step.
                self.d_hidden.mul_(self.step_mask[step])
            has_before = step or self.batch.has_initial_state
            self._backward_step(recurrent_t if has_before else None, *views)

    def _make_chunks(self):
        """Allocate buffers and views of the backward pass, last steps first."""
        batch = self.batch
        bytes_of_step = self.n_local * batch.size * self.operands[0, 0].nbytes
        n_bytes = max(CHUNK_BYTES, CHUNK_WEIGHTS * self.weights.nbytes)
        n_steps = max(1, n_bytes // max(1, bytes_of_step))
        n_steps = min(n_steps, batch.n_timesteps)
        self.d_hidden = self._buffer(batch.size)
        n_rows = self.n_gates * batch.size
        self.multiply_recurrent = self._matmul_for(batch.size, n_rows)
        self.multiply_inputs = self._matmul_for(batch.n_inputs, n_rows)
        self._make_backward_buffers(n_steps)
        stops = range(batch.n_timesteps, 0, -n_steps)
        return [self._views_of_chunk(max(0, stop - n_steps), stop) for stop in stops]

    def _propagate_to_hidden(self, recurrent_t, d_gates, out):
        """Compute the gradient of the previous hidden state from that of the gates."""
        self.multiply_recurrent(recurrent_t, d_gates, out=out)
        if self.recurrent_mask is not None:
            out.mul_(self.recurrent_mask)

    def _joined_weights(self):
        """Allocate a matrix of the weights of inputs, biases and hidden state."""
        n_inputs, size = self.batch.n_inputs, self.batch.size
        shape = self.n_gates * size, n_inputs + 1 + size
        return torch.zeros(shape, dtype=self.batch.dtype, device="cpu")

    def _split_weights(self, joined):
        """Return views of the parts of a matrix of joined weights."""
        n_inputs = self.batch.n_inputs
        return CellWeights(
            inputs=joined[:, :n_inputs],
            recurrent=joined[:, n_inputs + 1 :],
            bias=joined[:, n_inputs],
        )


def copy_or_zero(buffer, values):
    """Copy values to a buffer, or zeros if there are none."""
    if values is None:
        buffer.zero_()
    else:
        buffer.copy_(values)
