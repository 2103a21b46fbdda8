"""Simple recurrent network unrolled over time, with hand-derived gradients."""

from abc import abstractmethod

import torch

from sklstm._nn.activations import ONE
from sklstm._nn.bptt.unrolled import Chunk, Unrolled
from sklstm._nn.products import product_sum_for, sigmoid_of_product


class BaseUnrolledRNN(Unrolled):
    """Simple recurrent network unrolled over time; subclasses apply the activation."""

    n_gates = n_local = 1

    @abstractmethod
    def _forward_step(self, operands, hidden):
        """Compute the hidden state."""

    def _make_buffers(self):
        """Do nothing: there is only the hidden state."""

    def _views_of_step(self, before, after):
        return self.operands[before], self.hidden[after]

    def _read_inputs(self, steps):
        """Do nothing: the product of each step includes the inputs."""

    def _make_backward_buffers(self, n_steps):
        self.local = self._buffer(n_steps, self.batch.size)
        self.gradient = self._joined_weights().t().contiguous()
        self.gradients = self._split_weights(self.gradient.t())
        self.sum = product_sum_for(self.gradient, n_steps, self.batch.n_windows)

    def _views_of_chunk(self, start, stop):
        local = self.local[: stop - start]
        all_steps = self.hidden[start + 1 : stop + 1], local
        single_steps = [(start + k, local[k]) for k in reversed(range(stop - start))]
        adders = [self.sum.adder(self.operands[start:stop], local)]
        return Chunk(slice(start, stop), all_steps, single_steps, adders, local)

    def _compute_local_gradients(self, hidden, local):
        self.activation.derivative(hidden, out=local)

    def _backward_step(self, recurrent_t, local):
        local.mul_(self.d_hidden)
        if recurrent_t is not None:
            self._propagate_to_hidden(recurrent_t, local, self.d_hidden)

    def _gradients(self):
        return self.gradients


class UnrolledRNN(BaseUnrolledRNN):
    """Simple recurrent network with any activation."""

    def _adapt_weights(self, weights):
        """Do nothing: the products need the weights as they are."""

    def _forward_step(self, operands, hidden):
        self.multiply(self.weights, operands, out=hidden)
        self.activation.function(hidden, out=hidden)


class UnrolledTanhRNN(BaseUnrolledRNN):
    """Simple recurrent network with tanh, computed by ``1 - 2 sigmoid(-2 x)``.

    PyTorch's sigmoid takes at most a third of the time of its tanh.
    """

    def _adapt_weights(self, weights):
        self.weights.mul_(-2)

    def _forward_step(self, operands, hidden):
        sigmoid_of_product(self.multiply, self.weights, operands, hidden)
        torch.add(ONE, hidden, alpha=-2, out=hidden)
