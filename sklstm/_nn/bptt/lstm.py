"""The LSTM unrolled: back-propagation through time by hand."""

from abc import abstractmethod

import torch

from sklstm._nn.bptt.unrolled import Chunk, Unrolled
from sklstm._nn.products import sigmoid_of_product, sum_for

# Tensors, for operations that want some or take longer to read a number. Their dtype
# gives way to that of whatever they are combined with.
ZERO, MINUS_TWO = torch.tensor([0.0, -2.0], dtype=torch.float32, device="cpu").unbind()


class BaseUnrolledLSTM(Unrolled):
    """The steps of :func:`sklstm._nn.cells.lstm_step`, but for what is squashed how."""

    # What is kept of the memory, then the gates: input, forget, candidate, output.
    n_gates, n_slopes = 4, 5

    @abstractmethod
    def _open_gates(self, seen, gates, i, f, g, o):
        """Compute the gates, together and singly, from what they see."""

    @abstractmethod
    def _let_in(self, i, g, memory):
        """Start the memory with what comes in."""

    @abstractmethod
    def _let_out(self, o, memory, squashed, hidden):
        """Squash the memory, and show of it what the output gate lets out."""

    @abstractmethod
    def _slopes_of_letting_in(self, i, g, slope_i, slope_g):
        """Turn slopes of a sigmoid by what goes into it into those of the memory."""

    @abstractmethod
    def _slopes_of_letting_out(self, o, squashed, slope_o, through):
        """Turn a slope of a sigmoid into that of the hidden state; add the memory's."""

    def _make_buffers(self):
        size = self.batch.size
        self.gates = self._values(4 * size)
        self.memory = self._states(size)
        self.squashed = self._values(size)  # of the memory

    def _views_of_step(self, before, after):
        gates = self.gates[before]
        return (
            self.seen[before],
            (gates, *gates.split(self.batch.size)),
            self.memory[before],
            self.memory[after],
            self.squashed[before],
            self.hidden[after],
        )

    def _read_inputs(self, steps):
        """Leave the inputs to the product of each step."""

    def _take_step(self, seen, gates, memory_before, memory, squashed, hidden):
        _, i, f, g, o = gates
        self._open_gates(seen, *gates)
        self._let_in(i, g, memory)
        memory.addcmul_(f, memory_before)
        self._let_out(o, memory, squashed, hidden)

    def _make_buffers_to_go_back(self, n_steps):
        size = self.batch.size
        self.slopes = self._buffer(n_steps, 5 * size)
        self.kept_at_first = self.slopes[0, :size]
        self.through = self._buffer(n_steps, size)  # from hidden state to memory
        self.d_memory = self._buffer(size)
        self.gradient = self._side_by_side().t().contiguous()
        self.gradients = self._apart(self.gradient.t())
        self.sum = sum_for(self.gradient, n_steps, self.batch.n_windows)

    def _views_of_chunk(self, start, stop):
        size, n_steps = self.batch.size, stop - start
        slopes, through = self.slopes[:n_steps], self.through[:n_steps]
        gates, d_gates = self.gates[start:stop], slopes[:, size:]
        together = (
            (gates, *gates.split(size, 1)),
            (d_gates, *d_gates.split(size, 1)),
            (self.memory[start:stop], self.squashed[start:stop]),
            (slopes[:, :size], through),
        )
        # What steps keep of the gradient by the memory. Nothing comes after the last:
        # memory[0] is zero for ever.
        is_last = stop == self.batch.n_timesteps
        d_kept = [*slopes[:, :size], self.memory[0] if is_last else self.d_memory]
        singly = [
            (
                start + k,
                d_kept[k + 1],
                through[k],
                slopes[k, : 4 * size].view(4, size, -1),
                slopes[k, 4 * size :],
                d_gates[k],
            )
            for k in reversed(range(n_steps))
        ]
        sums = [self.sum.adder(self.seen[start:stop], d_gates)]
        return Chunk(slice(start, stop), together, singly, sums, d_gates)

    def _compute_slopes(self, gates, slopes, states, to_memory):
        gates, i, f, g, o = gates
        slopes, slope_i, slope_f, slope_g, slope_o = slopes
        memory_before, squashed = states
        kept, through = to_memory
        # The last step of these goes on from the first of those behind them.
        self.d_memory.copy_(self.kept_at_first)
        torch.addcmul(gates, gates, gates, value=-1, out=slopes)  # s (1 - s)
        self._slopes_of_letting_in(i, g, slope_i, slope_g)
        slope_f.mul_(memory_before)
        self._slopes_of_letting_out(o, squashed, slope_o, through)
        kept.copy_(f)

    def _go_back_a_step(self, by_gates, d_kept, through, by_memory, by_hidden, d_gates):
        torch.addcmul(d_kept, self.d_hidden, through, out=self.d_memory)
        by_memory.mul_(self.d_memory)
        by_hidden.mul_(self.d_hidden)
        if by_gates is not None:
            self._hidden_before(by_gates, d_gates, self.d_hidden)

    def _gradients(self):
        return self.gradients


class UnrolledLSTM(BaseUnrolledLSTM):
    """The LSTM with any activation."""

    def _adapt_weights(self, weights):
        """Leave them as they are."""

    def _open_gates(self, seen, gates, i, f, g, o):
        self.multiply(self.weights, seen, out=gates)
        gates[: 2 * self.batch.size].sigmoid_()
        self.activation.values(g, out=g)
        o.sigmoid_()

    def _let_in(self, i, g, memory):
        torch.mul(i, g, out=memory)

    def _let_out(self, o, memory, squashed, hidden):
        self.activation.values(memory, out=squashed)
        torch.mul(o, squashed, out=hidden)

    def _slopes_of_letting_in(self, i, g, slope_i, slope_g):
        slope_i.mul_(g)
        self.activation.slopes(g, out=slope_g).mul_(i)

    def _slopes_of_letting_out(self, o, squashed, slope_o, through):
        slope_o.mul_(squashed)
        self.activation.slopes(squashed, out=through).mul_(o)


class UnrolledTanhLSTM(BaseUnrolledLSTM):
    """The LSTM with tanh, by ``tanh(x) = 1 - 2 sigmoid(-2 x)``.

    PyTorch's sigmoid takes a third of the time of its tanh, and less where the
    candidate is squashed in one go with the gates: what goes into it comes out of the
    product -2 times as large. u and v are the sigmoids of candidate and memory.
    """

    def _adapt_weights(self, weights):
        size = self.batch.size
        self.weights[2 * size : 3 * size].mul_(-2)

    def _open_gates(self, seen, gates, i, f, u, o):
        sigmoid_of_product(self.multiply, self.weights, seen, gates)

    def _let_in(self, i, u, memory):
        torch.addcmul(i, i, u, value=-2, out=memory)

    def _let_out(self, o, memory, v, hidden):
        torch.mul(memory, MINUS_TWO, out=v).sigmoid_()
        torch.addcmul(o, o, v, value=-2, out=hidden)

    def _slopes_of_letting_in(self, i, u, slope_i, slope_u):
        torch.addcmul(slope_i, slope_i, u, value=-2, out=slope_i)
        torch.addcmul(ZERO, slope_u, i, value=4, out=slope_u)

    def _slopes_of_letting_out(self, o, v, slope_o, through):
        torch.addcmul(slope_o, slope_o, v, value=-2, out=slope_o)
        torch.addcmul(v, v, v, value=-1, out=through)
        torch.addcmul(ZERO, through, o, value=4, out=through)
