"""LSTM unrolled over time, with hand-derived gradients."""

from abc import abstractmethod

import torch

from sklstm._nn.bptt.unrolled import Chunk, Unrolled, copy_or_zero
from sklstm._nn.products import product_sum_for, sigmoid_of_product

# Constants as tensors. Some operations need a tensor, and others are slower with a
# number. The results have the dtype of the other operands.
ZERO, MINUS_TWO = torch.tensor([0.0, -2.0], dtype=torch.float32, device="cpu").unbind()


class BaseUnrolledLSTM(Unrolled):
    """LSTM unrolled over time; subclasses apply the activation."""

    # Gates: input, forget, candidate, output. Local gradients: of the previous cell
    # state, and of the gates.
    n_gates, n_local = 4, 5

    @abstractmethod
    def _compute_gates(self, operands, gates, i, f, g, o):
        """Compute the gates; `gates` is the block of all four."""

    @abstractmethod
    def _add_input(self, i, g, cell_state):
        """Write the gated candidate to the cell state."""

    @abstractmethod
    def _output(self, o, cell_state, activated, hidden):
        """Compute the activation of the cell state and the hidden state."""

    @abstractmethod
    def _input_gradients(self, i, g, local_i, local_g):
        """Differentiate the cell state with respect to input gate and candidate.

        When called, `local_i` and `local_g` hold derivatives of the sigmoid. The
        results replace them.
        """

    @abstractmethod
    def _output_gradients(self, o, activated, local_o, hidden_by_cell):
        """Differentiate the hidden state with respect to output gate and cell state.

        When called, `local_o` holds the derivative of the sigmoid. The result replaces
        it.
        """

    def _make_buffers(self):
        size = self.batch.size
        self.gates = self._values(4 * size)
        self.cell_state = self._states(size)
        self.activated = self._values(size)  # activation of the cell state

    @property
    def _parts_of_state(self):
        return self.hidden, self.cell_state

    @property
    def d_initial_state(self):
        return self.d_hidden, self.d_cell_before_chunk

    def _set_d_last(self, d_last, d_last_cell):
        super()._set_d_last(d_last, d_last_cell)
        copy_or_zero(self.d_last_cell, d_last_cell)

    def _views_of_step(self, before, after):
        gates = self.gates[before]
        return (
            self.operands[before],
            (gates, *gates.split(self.batch.size)),
            self.cell_state[before],
            self.cell_state[after],
            self.activated[before],
            self.hidden[after],
        )

    def _read_inputs(self, steps):
        """Do nothing: the product of each step includes the inputs."""

    def _forward_step(
        self, operands, gates, cell_state_before, cell_state, activated, hidden
    ):
        _, i, f, g, o = gates
        self._compute_gates(operands, *gates)
        self._add_input(i, g, cell_state)
        cell_state.addcmul_(f, cell_state_before)
        self._output(o, cell_state, activated, hidden)

    def _make_backward_buffers(self, n_steps):
        size = self.batch.size
        self.local = self._buffer(n_steps, 5 * size)
        self.d_cell_before_chunk = self.local[0, :size]
        self.hidden_by_cell = self._buffer(n_steps, size)
        self.d_cell, self.d_last_cell = self._buffer(size), self._buffer(size)
        self.gradient = self._joined_weights().t().contiguous()
        self.gradients = self._split_weights(self.gradient.t())
        self.sum = product_sum_for(self.gradient, n_steps, self.batch.n_windows)

    def _views_of_chunk(self, start, stop):
        size, n_steps = self.batch.size, stop - start
        local, hidden_by_cell = self.local[:n_steps], self.hidden_by_cell[:n_steps]
        gates, d_gates = self.gates[start:stop], local[:, size:]
        all_steps = (
            (gates, *gates.split(size, 1)),
            (d_gates, *d_gates.split(size, 1)),
            (self.cell_state[start:stop], self.activated[start:stop]),
            (local[:, :size], hidden_by_cell),
        )
        # Gradient of the cell state before each step, and after the last one.
        is_last = stop == self.batch.n_timesteps
        d_cell = [*local[:, :size], self.d_last_cell if is_last else self.d_cell]
        single_steps = [
            (
                start + k,
                d_cell[k + 1],
                hidden_by_cell[k],
                local[k, : 4 * size].view(4, size, -1),
                local[k, 4 * size :],
                d_gates[k],
            )
            for k in reversed(range(n_steps))
        ]
        adders = [self.sum.adder(self.operands[start:stop], d_gates)]
        return Chunk(slice(start, stop), all_steps, single_steps, adders, d_gates)

    def _compute_local_gradients(self, gates, local_gates, states, by_cell):
        gates, i, f, g, o = gates
        local_gates, local_i, local_f, local_g, local_o = local_gates
        cell_state_before, activated = states
        local_cell, hidden_by_cell = by_cell
        # The buffers still hold the gradient from the chunk that follows in time.
        self.d_cell.copy_(self.d_cell_before_chunk)
        torch.addcmul(gates, gates, gates, value=-1, out=local_gates)  # s (1 - s)
        self._input_gradients(i, g, local_i, local_g)
        local_f.mul_(cell_state_before)
        self._output_gradients(o, activated, local_o, hidden_by_cell)
        local_cell.copy_(f)

    def _backward_step(
        self, recurrent_t, d_cell_after, hidden_by_cell, of_cell, of_hidden, d_gates
    ):
        torch.addcmul(d_cell_after, self.d_hidden, hidden_by_cell, out=self.d_cell)
        of_cell.mul_(self.d_cell)
        of_hidden.mul_(self.d_hidden)
        if recurrent_t is not None:
            self._propagate_to_hidden(recurrent_t, d_gates, self.d_hidden)

    def _gradients(self):
        return self.gradients


class UnrolledLSTM(BaseUnrolledLSTM):
    """LSTM with any activation."""

    def _adapt_weights(self, weights):
        """Do nothing: the products need the weights as they are."""

    def _compute_gates(self, operands, gates, i, f, g, o):
        self.multiply(self.weights, operands, out=gates)
        gates[: 2 * self.batch.size].sigmoid_()
        self.activation.function(g, out=g)
        o.sigmoid_()

    def _add_input(self, i, g, cell_state):
        torch.mul(i, g, out=cell_state)

    def _output(self, o, cell_state, activated, hidden):
        self.activation.function(cell_state, out=activated)
        torch.mul(o, activated, out=hidden)

    def _input_gradients(self, i, g, local_i, local_g):
        local_i.mul_(g)
        self.activation.derivative(g, out=local_g).mul_(i)

    def _output_gradients(self, o, activated, local_o, hidden_by_cell):
        local_o.mul_(activated)
        self.activation.derivative(activated, out=hidden_by_cell).mul_(o)


class UnrolledTanhLSTM(BaseUnrolledLSTM):
    """LSTM with tanh, computed as ``tanh(x) = 1 - 2 sigmoid(-2 x)``.

    PyTorch's sigmoid takes a third of the time of its tanh. It takes even less if it is
    applied to the candidate and the gates at once. For that, the weights of the
    candidate are multiplied by -2. In the code, u is the sigmoid of the candidate and v
    that of the cell state.
    """

    def _adapt_weights(self, weights):
        size = self.batch.size
        self.weights[2 * size : 3 * size].mul_(-2)

    def _compute_gates(self, operands, gates, i, f, u, o):
        sigmoid_of_product(self.multiply, self.weights, operands, gates)

    def _add_input(self, i, u, cell_state):
        torch.addcmul(i, i, u, value=-2, out=cell_state)

    def _output(self, o, cell_state, v, hidden):
        torch.mul(cell_state, MINUS_TWO, out=v).sigmoid_()
        torch.addcmul(o, o, v, value=-2, out=hidden)

    def _input_gradients(self, i, u, local_i, local_u):
        torch.addcmul(local_i, local_i, u, value=-2, out=local_i)
        torch.addcmul(ZERO, local_u, i, value=4, out=local_u)

    def _output_gradients(self, o, v, local_o, hidden_by_cell):
        torch.addcmul(local_o, local_o, v, value=-2, out=local_o)
        torch.addcmul(v, v, v, value=-1, out=hidden_by_cell)
        torch.addcmul(ZERO, hidden_by_cell, o, value=4, out=hidden_by_cell)
