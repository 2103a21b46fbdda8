"""GRU unrolled over time, with hand-derived gradients."""

from abc import abstractmethod

import torch

from sklstm._nn.activations import ONE
from sklstm._nn.bptt.unrolled import Chunk, Unrolled
from sklstm._nn.cells import CellWeights
from sklstm._nn.products import product_sum_for


class BaseUnrolledGRU(Unrolled):
    """GRU unrolled over time; subclasses apply the activation.

    The candidate is ``n = activation(x + r * a)`` with the reset gate r. The
    contribution x of the inputs is computed for all steps at once. The matrix product
    of each step computes the contribution a of the hidden state, together with r and
    the update gate z.
    """

    n_gates = 3
    # Local gradients of n, r, z and a. The inputs contribute to the first three, the
    # hidden state to the last three.
    n_local = 4
    scale: float  # factor of the argument of the candidate's activation

    @abstractmethod
    def _activate(self, candidate):
        """Apply the activation to the candidate in place."""

    def _make_buffers(self):
        size = self.batch.size
        # Weights of inputs and bias for n, which are not part of the steps' products.
        self.candidate_weights = self._candidate_part(self.weights).clone()
        self.multiply_candidate = self._matmul_for(*self.candidate_weights.shape)
        self.gates = self._values(3 * size)
        self.candidate = self._values(size)

    def _views_of_step(self, before, after):
        gates, size = self.gates[before], self.batch.size
        return (
            self.operands[before],
            (gates, gates[: 2 * size], *gates.split(size)),
            self.candidate[before],
            self.hidden[before],
            self.hidden[after],
        )

    def _candidate_part(self, joined):
        return joined[2 * self.batch.size :, : self.batch.n_inputs + 1]

    def _adapt_weights(self, weights):
        part = self._candidate_part(self.weights)
        self.candidate_weights.copy_(part)
        part.zero_()
        part[:, -1] = weights.candidate_bias
        self.candidate_weights.mul_(self.scale)
        self.weights[2 * self.batch.size :].mul_(self.scale)

    def _read_inputs(self, steps):
        inputs, candidate = self.inputs_and_one[steps], self.candidate[steps]
        self.multiply_candidate(self.candidate_weights, inputs, out=candidate)

    def _forward_step(self, operands, gates, candidate, hidden_before, hidden):
        all_gates, r_and_z, r, z, a = gates
        self.multiply(self.weights, operands, out=all_gates)
        r_and_z.sigmoid_()
        candidate.addcmul_(r, a)
        self._activate(candidate)
        torch.lerp(candidate, hidden_before, z, out=hidden)

    def _make_backward_buffers(self, n_steps):
        size = self.batch.size
        self.local = self._buffer(n_steps, 4 * size)
        self.d_dropped_hidden = self._buffer(size)
        n_rows = self.n_gates * size
        # Gradient of the biases and of the weights of the hidden state, for r, z, a;
        # and gradient of the biases and of the weights of the inputs, for n, r, z.
        self.gradient = self.weights.new_empty(1 + size, n_rows)
        n_columns = self.batch.n_inputs + 1
        self.input_gradient = self.weights.new_empty(n_columns, n_rows)
        sizes = n_steps, self.batch.n_windows
        self.sum = product_sum_for(self.gradient, *sizes)
        self.input_sum = product_sum_for(self.input_gradient, *sizes)

    def _views_of_chunk(self, start, stop):
        size, n_inputs = self.batch.size, self.batch.n_inputs
        local = self.local[: stop - start]
        d_gates, d_from_inputs = local[:, size:], local[:, : 3 * size]
        r, z, a = self.gates[start:stop].split(size, 1)
        hidden = self.hidden[start + 1 : stop + 1]
        all_steps = (
            (self.candidate[start:stop], r, z, a),
            local.split(size, 1),
            hidden,
        )
        single_steps = [
            (start + k, local[k].view(4, size, -1), d_gates[k], z[k])
            for k in reversed(range(stop - start))
        ]
        operands = self.operands[start:stop]
        adders = [
            self.sum.adder(operands[:, n_inputs:], d_gates),
            self.input_sum.adder(operands[:, : n_inputs + 1], d_from_inputs),
        ]
        return Chunk(slice(start, stop), all_steps, single_steps, adders, d_from_inputs)

    def _input_weights_t(self, weights):
        # The gradient of n comes first.
        return weights.inputs.t().roll(self.batch.size, 1)

    def _compute_local_gradients(self, gates, local, hidden):
        n, r, z, a = gates
        local_n, local_r, local_z, local_a = local
        self.activation.derivative(n, out=local_n)
        torch.addcmul(local_n, local_n, z, value=-1, out=local_n)  # times 1 - z
        torch.mul(local_n, r, out=local_a)
        torch.mul(local_a, a, out=local_r)
        torch.addcmul(local_r, local_r, r, value=-1, out=local_r)
        local_r.mul_(1 / self.scale)
        # hidden is n + z (before - n), so local_z is (before - n) z (1 - z).
        torch.sub(hidden, n, out=local_z)
        torch.addcmul(local_z, local_z, z, value=-1, out=local_z)

    def _backward_step(self, recurrent_t, local, d_gates, z):
        local.mul_(self.d_hidden)
        if recurrent_t is not None:
            self._propagate_to_hidden(recurrent_t, d_gates, self.d_dropped_hidden)
            out = self.d_hidden
            torch.addcmul(self.d_dropped_hidden, self.d_hidden, z, out=out)

    def _gradients(self):
        size, n_inputs = self.batch.size, self.batch.n_inputs
        # Convert the order n, r, z to the order of the weights: r, z, n.
        of_inputs = self.input_gradient.roll(-size, 1)
        return CellWeights(
            of_inputs[:n_inputs].t(),
            self.gradient[1:].t(),
            of_inputs[n_inputs],
            self.gradient[0, 2 * size :],
        )


class UnrolledGRU(BaseUnrolledGRU):
    """GRU with any activation."""

    scale = 1

    def _activate(self, candidate):
        self.activation.function(candidate, out=candidate)


class UnrolledTanhGRU(BaseUnrolledGRU):
    """GRU with tanh, computed as ``tanh(x) = 1 - 2 sigmoid(-2 x)``.

    PyTorch's sigmoid takes a third of the time of its tanh.
    """

    scale = -2

    def _activate(self, candidate):
        torch.add(ONE, candidate.sigmoid_(), alpha=-2, out=candidate)
