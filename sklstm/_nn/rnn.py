"""The simple recurrent network unrolled: back-propagation through time by hand."""

from sklstm._nn.products import sum_for
from sklstm._nn.unrolled import Chunk, Unrolled


class UnrolledRNN(Unrolled):
    """The steps of :func:`sklstm._nn.cells.rnn_step`."""

    n_gates = n_slopes = 1

    def _make_buffers(self):
        """Do without: there is nothing but the hidden state."""

    def _views_of_step(self, before, after):
        return self.seen[before], self.hidden[after]

    def _adapt_weights(self, weights):
        """Leave them as they are."""

    def _read_inputs(self, steps):
        """Leave the inputs to the product of each step."""

    def _take_step(self, seen, hidden):
        self.multiply(self.weights, seen, out=hidden)
        self.activation.values(hidden, out=hidden)

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
