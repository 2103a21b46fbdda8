"""A cell unrolled over the steps of a batch: its buffers, and time there and back.

What makes it fast
- Features come first: a step works on (n_gates * size, n_windows), where every gate is
  one contiguous block.
- One matrix product a step: inputs, a row of ones for the biases and the hidden state
  lie in one buffer.
- The row of ones is zero where a step does not exist. Inputs and biases then add
  nothing, and a state of zeros stays one if the activation maps zero to zero: missing
  steps cost no operation of their own.
- The slopes of the gates are computed for as many steps at once as fit a cache.
- The gradient is kept transposed, which makes its products faster by a fifth.
- Large products go through the library that is faster at them.
- Hardly anything is allocated in the loop of training: an :class:`Unrolled` has every
  buffer, and every view of it, for batches of one kind. Only oneDNN's products and the
  gradient by the inputs are new.

The equations themselves are in :mod:`sklstm._nn.cells`.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch

from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.cells import CellWeights
from sklstm._nn.products import laid_out, product_for

# Bytes of slopes that are computed at once: what a core's cache holds.
CHUNK_BYTES = 2**19


class Batch(NamedTuple):
    """What the buffers of a batch depend on."""

    n_windows: int
    n_timesteps: int
    n_inputs: int
    size: int
    dtype: torch.dtype
    activation: str = "tanh"
    is_masked: bool = False  # whether the gates see the hidden state through a mask
    has_padding: bool = False  # whether some steps of some windows do not exist


class Chunk(NamedTuple):
    """Views for the backward pass of steps that follow one another."""

    steps: slice
    together: tuple  # what the slopes of all steps are computed from, and go to
    singly: list  # what each step works on, the last one first
    sums: list  # callables that add to the gradients by the weights
    of_inputs: torch.Tensor  # gradients by what the inputs add, for all steps


class Unrolled(ABC):
    """Buffers for batches of one kind, and the steps of a cell on them.

    Parameters
    ----------
    batch : Batch
        Kind of batch.
    keeps_history : bool, default=True
        Whether every step has buffers of its own, as the backward pass needs them;
        else two take turns.
    """

    n_gates: int
    n_slopes: int  # blocks of slopes that a step has

    def __init__(self, batch, keeps_history=True):
        self.batch, self.keeps_history = batch, keeps_history
        self.activation = ACTIVATIONS[batch.activation]
        # Of each step: its inputs, 1 for the biases, and the hidden state before it.
        self.seen = self._states(batch.n_inputs + 1 + batch.size)
        self.inputs = self.seen[:, : batch.n_inputs]
        self.step_mask = self.seen[:, batch.n_inputs].fill_(1)
        self.inputs_and_one = self.seen[:, : batch.n_inputs + 1]
        self.shown = self.seen[:, batch.n_inputs + 1 :]
        self.mask, self.hidden = None, self.shown
        if batch.is_masked:
            self.mask, self.hidden = self._buffer(batch.size), self._states(batch.size)
        self.weights = self._side_by_side()
        self.weights_apart = self._apart(self.weights)
        self.multiply = self._product_for(*self.weights.shape)
        self._make_buffers()
        if keeps_history:
            pairs = [(step, step + 1) for step in range(batch.n_timesteps)]
        else:
            pairs = [(0, 1), (1, 0)]
        self.steps = [self._views_of_step(*pair) for pair in pairs]
        self.chunks = self._make_chunks() if keeps_history else []

    def _product_for(self, *shape):
        """Choose how to multiply with a matrix of a shape."""
        return product_for((*shape, self.batch.n_windows), self.batch.dtype)

    def _buffer(self, *shape):
        shape = *shape, self.batch.n_windows
        return torch.empty(shape, dtype=self.batch.dtype, device="cpu")

    def _states(self, n_rows):
        """Make a buffer for what a step finds, and the last one leaves: zeros."""
        n_states = self.batch.n_timesteps + 1 if self.keeps_history else 2
        return self._buffer(n_states, n_rows).zero_()

    def _values(self, n_rows):
        """Make a buffer for what a step computes on its way."""
        if self.keeps_history:
            return self._buffer(self.batch.n_timesteps, n_rows)
        return self._buffer(1, n_rows).expand(2, -1, -1)

    # What a cell brings.

    @abstractmethod
    def _make_buffers(self):
        """Make the buffers for states and values that only this cell has."""

    @abstractmethod
    def _views_of_step(self, before, after):
        """View what a step works on, by the numbers of the states it lies between."""

    @abstractmethod
    def _adapt_weights(self, weights):
        """Change `self.weights`, the weights side by side, to what products need."""

    @abstractmethod
    def _read_inputs(self, steps):
        """Compute beforehand what the inputs add to some steps, if that pays."""

    @abstractmethod
    def _take_step(self, *views):
        """Compute the state after a step."""

    @abstractmethod
    def _make_buffers_to_go_back(self, n_steps):
        """Make the buffers of the backward pass, for so many steps at once."""

    @abstractmethod
    def _views_of_chunk(self, start, stop):
        """View what the backward pass of some steps works on, as a :class:`Chunk`."""

    @abstractmethod
    def _compute_slopes(self, *views):
        """Say how much the states of some steps move with what goes into each gate."""

    @abstractmethod
    def _go_back_a_step(self, by_gates, *views):
        """Turn slopes into gradients, and go on to the state before by `by_gates`."""

    @abstractmethod
    def _gradients(self):
        """Return the gradients by the weights, as :class:`CellWeights`."""

    # What all cells have in common.

    @property
    def states(self):
        """Hidden states after every step, (n_timesteps, size, n_windows)."""
        return self.hidden[1:]

    def _set_weights(self, weights):
        """Lay the weights out for the products."""
        for place, part in zip(self.weights_apart[:3], weights, strict=False):
            place.copy_(part)
        self._adapt_weights(weights)

    def run_forwards(self, inputs, weights, step_mask=None, mask=None):
        """Compute the states of all steps.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order, zero where a step does not exist.
        weights : CellWeights
            Weights of the cell.
        step_mask : torch.Tensor of shape (n_timesteps, n_windows) or None, default=None
            1 where a step exists and 0 where not, which is for activations that map
            zero to zero; None where all do.
        mask : torch.Tensor of shape (n_windows, size) or None, default=None
            What the gates see the hidden state through, if the batch is masked.
        """
        self._set_weights(weights)
        steps = slice(self.batch.n_timesteps)
        self.inputs[steps].copy_(inputs.permute(1, 2, 0))
        if step_mask is not None:
            self.step_mask[steps] = step_mask
        if mask is not None:
            self.mask.copy_(mask.t())
        self._read_inputs(steps)
        for after, views in enumerate(self.steps, 1):
            self._take_step(*views)
            if mask is not None:
                torch.mul(self.hidden[after], self.mask, out=self.shown[after])

    def run_without_history(self, inputs, weights, step_mask=None, states=None):
        """Compute the last state; there is no way back then, and no second run.

        Parameters
        ----------
        inputs, weights, step_mask
            As of :meth:`run_forwards`.
        states : torch.Tensor of shape (n_timesteps, size, n_windows) or None
            Where to copy the states of all steps to.

        Returns
        -------
        last : torch.Tensor of shape (size, n_windows)
            Hidden state after the last step.
        """
        self._set_weights(weights)
        for step, readings in enumerate(inputs.permute(1, 2, 0).contiguous()):
            turn = step % 2
            self.inputs[turn].copy_(readings)
            if step_mask is not None:
                self.step_mask[turn] = step_mask[step]
            self._read_inputs(slice(turn, turn + 1))
            self._take_step(*self.steps[turn])
            if states is not None:
                states[step] = self.hidden[1 - turn]
        return self.hidden[self.batch.n_timesteps % 2]

    def run_backwards(self, weights, d_states, d_last, wants_d_inputs=False):
        """Propagate gradients from the states back to weights and inputs.

        Parameters
        ----------
        weights : CellWeights
            Those of :meth:`run_forwards`.
        d_states : torch.Tensor of shape (n_timesteps, size, n_windows) or None
            Gradient of the loss by all hidden states; None for zeros.
        d_last : torch.Tensor of shape (size, n_windows) or None
            What the last state adds to it.
        wants_d_inputs : bool, default=False
            Whether anybody asks for the gradient by the inputs.

        Returns
        -------
        gradients : CellWeights
            Gradients by the weights; views of buffers.
        d_inputs : torch.Tensor of shape (n_timesteps, n_inputs, n_windows) or None
            Gradient by the inputs, if anybody asks for it.
        """
        d_inputs = by_inputs = None
        if wants_d_inputs:
            d_inputs = self._make_d_inputs()
            by_inputs = laid_out(self._by_inputs(weights), self.multiply_inputs)
        if d_states is not None:
            d_states = d_states.contiguous()
        if d_last is None:
            self.d_hidden.zero_()
        else:
            self.d_hidden.copy_(d_last)
        by_gates = laid_out(weights.recurrent.t(), self.multiply_back)
        for chunk in self.chunks:
            self._compute_slopes(*chunk.together)
            self._go_back(chunk, by_gates, d_states)
            for add in chunk.sums:
                add(starts=chunk is self.chunks[0])
            if d_inputs is not None:
                out = d_inputs[chunk.steps]
                self.multiply_inputs(by_inputs, chunk.of_inputs, out=out)
        return self._gradients(), d_inputs

    def _make_d_inputs(self):
        """Make room for the gradient by the inputs."""
        with torch.inference_mode(False):  # autograd may have to go on with it
            return torch.empty_like(self.inputs[1:])

    def _by_inputs(self, weights):
        """Return the gradient of the inputs by slopes, in the order of these."""
        return weights.inputs.t()

    def _go_back(self, chunk, by_gates, d_states):
        """Go back through some steps, the last one first."""
        for step, *views in chunk.singly:
            if d_states is not None:
                self.d_hidden.add_(d_states[step])
            self._go_back_a_step(by_gates if step else None, *views)

    def _make_chunks(self):
        """Make buffers and views for the backward pass, last steps first."""
        batch = self.batch
        bytes_of_step = self.n_slopes * batch.size * self.seen[0, 0].nbytes
        n_steps = max(1, CHUNK_BYTES // max(1, bytes_of_step))
        n_steps = min(n_steps, batch.n_timesteps)
        self.d_hidden = self._buffer(batch.size)
        rows = self.n_gates * batch.size
        self.multiply_back = self._product_for(batch.size, rows)
        self.multiply_inputs = self._product_for(batch.n_inputs, rows)
        self._make_buffers_to_go_back(n_steps)
        stops = range(batch.n_timesteps, 0, -n_steps)
        return [self._views_of_chunk(max(0, stop - n_steps), stop) for stop in stops]

    def _hidden_before(self, by_gates, d_gates, out):
        """Propagate gradients by the gates to the hidden state that they have seen."""
        self.multiply_back(by_gates, d_gates, out=out)
        if self.mask is not None:
            out.mul_(self.mask)

    def _side_by_side(self):
        """Make a matrix for what stands before inputs, 1 and hidden state."""
        n_inputs, size = self.batch.n_inputs, self.batch.size
        shape = self.n_gates * size, n_inputs + 1 + size
        return torch.zeros(shape, dtype=self.batch.dtype, device="cpu")

    def _apart(self, side_by_side):
        """View the parts of such a matrix as weights of a cell."""
        n_inputs = self.batch.n_inputs
        return CellWeights(
            inputs=side_by_side[:, :n_inputs],
            recurrent=side_by_side[:, n_inputs + 1 :],
            bias=side_by_side[:, n_inputs],
        )
