"""Backpropagation: outputs of a network and the gradient of its weights."""

import torch
from torch.nn.functional import linear

from sklstm._nn.bptt.unrolled import Batch
from sklstm._nn.dispatch import skips_autograd
from sklstm._nn.masking import make_step_mask, steps_first, zero_padding


class AutogradBackprop:
    """Backpropagation by autograd, for all networks and devices.

    Parameters
    ----------
    network : torch.nn.Module
        Network to train, of any kind.
    weights : FlatWeights
        Its weights and their gradient.
    """

    def __init__(self, network, weights):
        self.network, self.weights = network, weights
        self._outputs = None

    def forward(self, windows, n_padding=None):
        """Return the outputs of the network for a batch."""
        self._outputs = self.network(windows, n_padding)
        return self._outputs.detach()

    def backward(self, d_outputs):
        """Set the gradient of the weights, given the gradient of the outputs."""
        # With `grad_outputs=d_outputs`, autograd would import sympy.
        self.weights.set_gradient((self._outputs * d_outputs).sum())
        self._outputs = None


class PlainBackprop:
    """Hand-derived backpropagation, for plain stacks of layers on a CPU.

    If steps are small, the bookkeeping of autograd takes as long as the layers. The
    outputs, the gradient and the random numbers are the same as with autograd.

    Parameters
    ----------
    network : RecurrentNetwork
        Network to train, with `plain_layers`. Its parameters have a ``grad`` to write
        to.
    """

    def __init__(self, network):
        self.network = network
        self.layers = network.plain_layers
        # The weights are kept here, because a module is slow to look them up.
        self.weights = {layer: layer.weights for layer in self.layers}
        self.head = network.head.weight, network.head.bias
        # Results of the forward pass that the backward pass needs.
        self._cache, self._step_mask, self._pooled = [], None, None

    @torch.inference_mode()
    def forward(self, windows, n_padding=None):
        """Return the outputs of the network for a batch."""
        step_mask = make_step_mask(windows.shape[1], n_padding)
        states = zero_padding(windows, step_mask)
        self._step_mask = steps_first(step_mask, windows.dtype)
        self._cache = []
        for layer in self.layers:
            unrolled = self._forward_layer(layer, states)
            is_last = layer is self.layers[-1]
            states = unrolled.states[-1] if is_last else unrolled.states
            states = states.movedim(-1, 0)
            mask = self.network.draw_dropout(states)
            if mask is not None:
                states = states * mask
                mask = mask.movedim(0, -1)  # windows last, as in the unrolled cell
            self._cache.append((layer, unrolled, mask))
        self._pooled = states
        return linear(states, *self.head)

    def _forward_layer(self, layer, inputs):
        """Run a layer forward.

        The layer's buffers stay reserved until the backward pass.
        """
        mask = layer.draw_dropout(inputs, self.network.generator)
        has_masks = mask is not None, self._step_mask is not None
        options = layer.size, inputs.dtype, layer.activation, *has_masks
        unrolled = layer.workspaces.acquire(layer.cell, Batch(*inputs.shape, *options))
        unrolled.forward(inputs, self.weights[layer], self._step_mask, mask)
        return unrolled

    @torch.inference_mode()
    def backward(self, d_outputs):
        """Set the gradient of the weights, given the gradient of the outputs."""
        weight, bias = self.head
        torch.mm(d_outputs.t(), self._pooled, out=weight.grad)
        torch.sum(d_outputs, 0, out=bias.grad)
        # The gradient of the last state of the last layer; of all states of the others.
        gradient = torch.mm(d_outputs, weight).t()
        for layer, unrolled, mask in reversed(self._cache):
            if mask is not None:
                gradient = gradient * mask
            gradient = self._backward_layer(layer, unrolled, gradient)

    def _backward_layer(self, layer, unrolled, gradient):
        """Set the gradient of a layer's weights; return the gradient of its inputs."""
        d_states, d_last = gradient, None
        if layer is self.layers[-1]:
            d_states, d_last = None, gradient
        weights, is_first = self.weights[layer], layer is self.layers[0]
        gradients, d_inputs = unrolled.backward(
            weights, d_states, d_last, needs_d_inputs=not is_first
        )
        for weight, weight_gradient in zip(weights, gradients, strict=True):
            if weight is not None:
                weight.grad.copy_(weight_gradient)
        layer.workspaces.release(layer.cell, unrolled)
        if not is_first and self._step_mask is not None:
            d_inputs.mul_(self._step_mask[:, None])
        return d_inputs


def make_backprop(network, weights):
    """Build the fastest backpropagation for a network.

    Parameters
    ----------
    network : torch.nn.Module
        Network of a kind in :data:`sklstm._nn.architecture.NETWORKS`.
    weights : FlatWeights
        Its weights and their gradient.

    Returns
    -------
    backprop : PlainBackprop or AutogradBackprop
        Object with the methods `forward` and `backward`.
    """
    learns_all = all(part.requires_grad for part in network.parameters())
    device = network.head.weight.device.type
    if learns_all and skips_autograd(device, network.plain_layers):
        return PlainBackprop(network)
    return AutogradBackprop(network, weights)
