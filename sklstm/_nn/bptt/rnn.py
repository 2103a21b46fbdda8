"""The simple recurrent network unrolled: back-propagation through time by hand."""

from abc import abstractmethod

import torch

from sklstm._nn.activations import ONE
from sklstm._nn.bptt.unrolled import Chunk, Unrolled
from sklstm._nn.products import sigmoid_of_product, sum_for


class BaseUnrolledRNN(Unrolled):
    """The steps of :func:`sklstm._nn.cells.rnn_step`, but for what is squashed how."""

    n_gates = n_slopes = 1

    @abstractmethod
    def _take_step(self, seen, hidden):
        """Compute the hidden state from what it sees."""

    def _make_buffers(self):
        """Do without: there is nothing but the hidden state."""

    def _views_of_step(self, before, after):
        return self.seen[before], self.hidden[after]

    def _read_inputs(self, steps):
        """Leave the inputs to the product of each step."""

    def _make_buffers_to_go_back(self, n_steps):
        self.slopes = self._buffer(n_steps, self.batch.size)
        self.gradient = self._side_by_side().t().contiguous()
        self.gradients = self._apart(self.gradient.t())
        self.sum = sum_for(self.gradient, n_steps, self.batch.n_windows)

    def _views_of_chunk(self, start, stop):
        slopes = self.slopes[: stop - start]
        together = self.hidden[start + 1 : stop + 1], slopes
        singly = [(start + k, slopes[k]) for k in reversed(range(stop - start))]
        sums = [self.sum.adder(self.seen[start:stop], slopes)]
        return Chunk(slice(start, stop), together, singly, sums, slopes)

    def _compute_slopes(self, hidden, slopes):
        self.activation.slopes(hidden, out=slopes)

    def _go_back_a_step(self, by_gates, slopes):
        slopes.mul_(self.d_hidden)
        if by_gates is not None:
            self._hidden_before(by_gates, slopes, self.d_hidden)

    def _gradients(self):
        return self.gradients


class UnrolledRNN(BaseUnrolledRNN):
    """The simple recurrent network with any activation."""

    def _adapt_weights(self, weights):
        """Leave them as they are."""

    def _take_step(self, seen, hidden):
        self.multiply(self.weights, seen, out=hidden)
        self.activation.values(hidden, out=hidden)


class UnrolledTanhRNN(BaseUnrolledRNN):
    """The simple recurrent network with tanh, by ``tanh(x) = 1 - 2 sigmoid(-2 x)``.

    PyTorch's sigmoid takes a third of the time of its tanh or less.
    """

    def _adapt_weights(self, weights):
        self.weights.mul_(-2)

    def _take_step(self, seen, hidden):
        sigmoid_of_product(self.multiply, self.weights, seen, hidden)
        torch.add(ONE, hidden, alpha=-2, out=hidden)
