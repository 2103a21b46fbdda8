"""There and back through a network: its outputs, then the gradient by its weights."""

import torch
from torch.nn.functional import linear

from sklstm._nn.bptt.unrolled import Batch
from sklstm._nn.dispatch import skips_autograd
from sklstm._nn.masking import make_step_mask, steps_first, zero_padding
from sklstm._nn.network import RecurrentNetwork


class ByAutograd:
    """The way through every network, on every device.

    Parameters
    ----------
    network : RecurrentNetwork
        Network that is being trained.
    weights : FlatWeights
        Its weights, and the place for their gradient.
    """

    def __init__(self, network, weights):
        self.network, self.weights = network, weights
        self._outputs = None

    def forwards(self, windows, n_padding=None):
        """Return what the network answers to a batch."""
        self._outputs = self.network(windows, n_padding)
        return self._outputs.detach()

    def backwards(self, slopes):
        """Put the gradient by the weights in place, given that by the answers."""
        # Had it the slopes as such, autograd would import sympy.
        self.weights.set_gradient((self._outputs * slopes).sum())
        self._outputs = None


class ByHand:
    """The shorter way through a plain network: one direction, the last state, a CPU.

    Where steps are small, autograd takes as long to keep its books as the layers to
    compute. The answers, the gradient and the random numbers drawn are the same.

    Parameters
    ----------
    network : RecurrentNetwork
        Network that is being trained; its parameters have a ``grad`` to write to.
    """

    def __init__(self, network):
        self.network = network
        self.layers = [layers[0] for layers in network.layers]
        # Looked up once: a module takes a while to find its own parameters.
        self.weights = {layer: layer.weights for layer in self.layers}
        self.head = network.head.weight, network.head.bias
        self._trail, self._step_mask, self._pooled = [], None, None

    @torch.inference_mode()
    def forwards(self, windows, n_padding=None):
        """Return what the network answers to a batch."""
        step_mask = make_step_mask(windows.shape[1], n_padding)
        numbers = zero_padding(windows, step_mask)
        self._step_mask = steps_first(step_mask, windows.dtype)
        self._trail = []
        for layer in self.layers:
            steps = self._run(layer, numbers)
            is_last = layer is self.layers[-1]
            numbers = (steps.states[-1] if is_last else steps.states).movedim(-1, 0)
            mask = self.network.draw_dropout(numbers)
            if mask is not None:
                numbers = numbers * mask
                mask = mask.movedim(0, -1)  # as the steps have it: windows last
            self._trail.append((layer, steps, mask))
        self._pooled = numbers
        return linear(numbers, *self.head)

    def _run(self, layer, inputs):
        """Run a layer on buffers that are its own until the way back."""
        mask = layer.draw_dropout(inputs, self.network.generator)
        masks = mask is not None, self._step_mask is not None
        kind = layer.size, inputs.dtype, layer.activation, *masks
        steps = layer.workspaces.take(layer.cell, Batch(*inputs.shape, *kind))
        steps.run_forwards(inputs, self.weights[layer], self._step_mask, mask)
        return steps

    @torch.inference_mode()
    def backwards(self, slopes):
        """Put the gradient by the weights in place, given that by the answers."""
        weight, bias = self.head
        torch.mm(slopes.t(), self._pooled, out=weight.grad)
        torch.sum(slopes, 0, out=bias.grad)
        # By what the layer showed: the last one its last state, the others all states.
        gradient = torch.mm(slopes, weight).t()
        for layer, steps, mask in reversed(self._trail):
            if mask is not None:
                gradient = gradient * mask
            gradient = self._run_back(layer, steps, gradient)

    def _run_back(self, layer, steps, gradient):
        """Put the gradient by a layer's weights in place; return that by its inputs."""
        d_states, d_last = gradient, None
        if layer is self.layers[-1]:
            d_states, d_last = None, gradient
        weights, is_first = self.weights[layer], layer is self.layers[0]
        by_weights, d_inputs = steps.run_backwards(
            weights, d_states, d_last, wants_d_inputs=not is_first
        )
        for place, by_these in zip(weights, by_weights, strict=True):
            if place is not None:
                place.grad.copy_(by_these)
        layer.workspaces.give_back(layer.cell, steps)
        if not is_first and self._step_mask is not None:
            d_inputs.mul_(self._step_mask[:, None])
        return d_inputs


def way_through(network, weights):
    """Build the fastest way to the gradient of a network."""
    if isinstance(network, RecurrentNetwork) and skips_autograd(
        network.head.weight.device.type,
        network.is_plain_stack,
        [layer for directions in network.layers for layer in directions],
    ):
        return ByHand(network)
    return ByAutograd(network, weights)
