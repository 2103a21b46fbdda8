"""The GRU unrolled: back-propagation through time by hand."""

from abc import abstractmethod

import torch

from sklstm._nn.activations import ONE
from sklstm._nn.bptt.unrolled import Chunk, Unrolled
from sklstm._nn.cells import CellWeights
from sklstm._nn.products import sum_for


class BaseUnrolledGRU(Unrolled):
    """The steps of :func:`sklstm._nn.cells.gru_step`, but for how n is squashed.

    The candidate n is what its inputs add, computed for all steps at once, and r times
    what the hidden state adds: a. The product of each step is that of r, z and a.
    """

    n_gates = 3
    n_slopes = 4  # n, r, z, a: the inputs add to the first three, hidden to the last
    scale: (
        float  # of what goes into the candidate, and with it a, as the products make it
    )

    @abstractmethod
    def _squash(self, candidate):
        """Turn what goes into the candidate into its value."""

    def _make_buffers(self):
        size = self.batch.size
        # Of inputs and 1 to the candidate, which have no part in the steps' products.
        self.weights_of_candidate = self._of_candidate(self.weights).clone()
        self.multiply_first = self._product_for(*self.weights_of_candidate.shape)
        self.gates = self._values(3 * size)
        self.candidate = self._values(size)

    def _views_of_step(self, before, after):
        gates, size = self.gates[before], self.batch.size
        return (
            self.seen[before],
            (gates, gates[: 2 * size], *gates.split(size)),
            self.candidate[before],
            self.hidden[before],
            self.hidden[after],
        )

    def _of_candidate(self, side_by_side):
        return side_by_side[2 * self.batch.size :, : self.batch.n_inputs + 1]

    def _adapt_weights(self, weights):
        place = self._of_candidate(self.weights)
        self.weights_of_candidate.copy_(place)
        place.zero_()
        place[:, -1] = weights.candidate_bias
        self.weights_of_candidate.mul_(self.scale)
        self.weights[2 * self.batch.size :].mul_(self.scale)

    def _read_inputs(self, steps):
        seen, candidate = self.inputs_and_one[steps], self.candidate[steps]
        self.multiply_first(self.weights_of_candidate, seen, out=candidate)

    def _take_step(self, seen, gates, candidate, hidden_before, hidden):
        together, r_and_z, r, z, a = gates
        self.multiply(self.weights, seen, out=together)
        r_and_z.sigmoid_()
        candidate.addcmul_(r, a)
        self._squash(candidate)
        torch.lerp(candidate, hidden_before, z, out=hidden)

    def _make_buffers_to_go_back(self, n_steps):
        size = self.batch.size
        self.slopes = self._buffer(n_steps, 4 * size)
        self.d_seen = self._buffer(size)
        rows = self.n_gates * size
        self.gradient = self.weights.new_empty(1 + size, rows)  # of r, z, a
        n_columns = self.batch.n_inputs + 1
        self.gradient_of_inputs = self.weights.new_empty(n_columns, rows)
        sizes = n_steps, self.batch.n_windows
        self.sum = sum_for(self.gradient, *sizes)
        self.sum_of_inputs = sum_for(self.gradient_of_inputs, *sizes)

    def _views_of_chunk(self, start, stop):
        size, n_inputs = self.batch.size, self.batch.n_inputs
        slopes = self.slopes[: stop - start]
        d_gates, d_from_inputs = slopes[:, size:], slopes[:, : 3 * size]
        r, z, a = self.gates[start:stop].split(size, 1)
        hidden = self.hidden[start + 1 : stop + 1]
        together = (
            (self.candidate[start:stop], r, z, a),
            slopes.split(size, 1),
            hidden,
        )
        singly = [
            (start + k, slopes[k].view(4, size, -1), d_gates[k], z[k])
            for k in reversed(range(stop - start))
        ]
        seen = self.seen[start:stop]
        sums = [
            self.sum.adder(seen[:, n_inputs:], d_gates),
            self.sum_of_inputs.adder(seen[:, : n_inputs + 1], d_from_inputs),
        ]
        return Chunk(slice(start, stop), together, singly, sums, d_from_inputs)

    def _by_inputs(self, weights):
        # The candidate's slopes stand first.
        return weights.inputs.t().roll(self.batch.size, 1)

    def _compute_slopes(self, gates, slopes, hidden):
        n, r, z, a = gates
        slope_n, slope_r, slope_z, slope_a = slopes
        self.activation.slopes(n, out=slope_n)
        torch.addcmul(slope_n, slope_n, z, value=-1, out=slope_n)  # times 1 - z
        torch.mul(slope_n, r, out=slope_a)
        torch.mul(slope_a, a, out=slope_r)
        torch.addcmul(slope_r, slope_r, r, value=-1, out=slope_r)
        slope_r.mul_(1 / self.scale)
        # By z: (hidden_before - n) z (1 - z), and hidden is n + z (hidden_before - n).
        torch.sub(hidden, n, out=slope_z)
        torch.addcmul(slope_z, slope_z, z, value=-1, out=slope_z)

    def _go_back_a_step(self, by_gates, slopes, d_gates, z):
        slopes.mul_(self.d_hidden)
        if by_gates is not None:
            self._hidden_before(by_gates, d_gates, self.d_seen)
            torch.addcmul(self.d_seen, self.d_hidden, z, out=self.d_hidden)

    def _gradients(self):
        size, n_inputs = self.batch.size, self.batch.n_inputs
        # n, r, z become r, z, n, as the weights stand.
        by_inputs = self.gradient_of_inputs.roll(-size, 1)
        return CellWeights(
            by_inputs[:n_inputs].t(),
            self.gradient[1:].t(),
            by_inputs[n_inputs],
            self.gradient[0, 2 * size :],
        )


class UnrolledGRU(BaseUnrolledGRU):
    """The GRU with any activation."""

    scale = 1

    def _squash(self, candidate):
        self.activation.values(candidate, out=candidate)


class UnrolledTanhGRU(BaseUnrolledGRU):
    """The GRU with tanh, by ``tanh(x) = 1 - 2 sigmoid(-2 x)``.

    PyTorch's sigmoid takes a third of the time of its tanh.
    """

    scale = -2

    def _squash(self, candidate):
        torch.add(ONE, candidate.sigmoid_(), alpha=-2, out=candidate)
