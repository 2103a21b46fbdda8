"""Optimisers on one flat tensor of weights, and the course of their step size."""

import math
from abc import ABC, abstractmethod
from copy import deepcopy

import torch

# The step size of "adaptive" is divided by this; training ends below the second.
ADAPTIVE_DIVISOR = 5
SMALLEST_STEP = 1e-6


class FlatWeights:
    """All weights of a network side by side in one tensor, their gradients in another.

    The parameters of the network become views, and their ``grad`` too, so that a step,
    a norm or a copy is one operation and not one per parameter. Matrices stand before
    biases.

    Parameters
    ----------
    network : torch.nn.Module
        Network to change in place; what it computes stays the same.
    """

    def __init__(self, network):
        self.parameters = sorted(network.parameters(), key=lambda p: p.dim() < 2)
        self.values = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        self.gradient = torch.zeros_like(self.values)
        n_in_matrices = sum(p.numel() for p in self.parameters if p.dim() > 1)
        # Biases and the like are neither penalised nor decayed.
        self.matrices = self.values[:n_in_matrices]
        views = self._views(self.values), self._views(self.gradient)
        for parameter, values, gradient in zip(self.parameters, *views, strict=True):
            parameter.data, parameter.grad = values, gradient

    def _views(self, flat):
        """View parts of a flat tensor in the shapes of the parameters."""
        parts = flat.split([p.numel() for p in self.parameters])
        return [part.view_as(p) for part, p in zip(parts, self.parameters, strict=True)]

    def set_gradient(self, loss):
        """Put the gradient of a loss in place."""
        gradients = torch.autograd.grad(loss, self.parameters)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad.copy_(gradient)

    def penalty(self, alpha):
        """Half of `alpha` times the sum of squares of all matrices, a scalar."""
        return self.matrices.square().sum() * (alpha / 2)

    def add_penalty_gradient(self, alpha):
        """Add the gradient of :meth:`penalty` to the gradients."""
        self.gradient[: len(self.matrices)].add_(self.matrices, alpha=alpha)

    def clip_gradient(self, max_norm):
        """Shrink the gradient to a norm of `max_norm` where it is longer."""
        self.gradient.mul_((max_norm / self.gradient.norm()).clamp_(max=1.0))


class Optimizer(ABC):
    """Takes steps along the gradient of flat weights.

    PyTorch's own optimisers would do, but building the first one of a process takes it
    more than a second.

    Parameters
    ----------
    weights : FlatWeights
        What to optimise; its gradient is read at every step.
    step_size : float
        First step size; may be set anew at any time.
    """

    def __init__(self, weights, step_size):
        self.weights = weights
        self.step_size = step_size
        self.state = self._new_state()

    @abstractmethod
    def _new_state(self):
        """Make what is remembered from step to step, a dict."""

    def go_on_from(self, state):
        """Take over the state of an earlier optimiser of the same kind."""
        if state.keys() == self.state.keys():
            self.state = deepcopy(state)

    @abstractmethod
    def step(self):
        """Change the weights once."""


class Adam(Optimizer):
    """Adam [1]_: steps of like size for all weights, whatever their gradients' size.

    Parameters
    ----------
    weights : FlatWeights
        What to optimise.
    step_size : float
        First step size.
    decay : float, default=0.0
        Share, in units of the step size, by which a step shrinks all matrices: the
        decoupled weight decay of AdamW [2]_.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR
       2015, arXiv:1412.6980.
    .. [2] I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR
       2019, arXiv:1711.05101.
    """

    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, weights, step_size, decay=0.0):
        super().__init__(weights, step_size)
        self.decay = decay
        self._change = self._in_parts
        if self._has_one_pass():
            self._change = self._in_one_pass

    def _new_state(self):
        zeros = torch.zeros_like(self.weights.values)
        return {"n_steps": 0, "mean": zeros, "mean_square": zeros.clone()}

    def step(self):
        """Change the weights once."""
        self.state["n_steps"] += 1
        if self.decay:
            self.weights.matrices.mul_(1 - self.step_size * self.decay)
        mean, mean_square = self.state["mean"], self.state["mean_square"]
        self._change(
            self.weights.values,
            self.weights.gradient,
            mean,
            mean_square,
            self.state["n_steps"],
        )

    def _in_one_pass(self, values, gradient, mean, mean_square, n_steps):
        """Change the weights in one pass over them."""
        torch._fused_adam_(
            [values],
            [gradient],
            [mean],
            [mean_square],
            [],
            [torch.tensor(float(n_steps), device=values.device)],
            lr=self.step_size,
            beta1=self.beta_1,
            beta2=self.beta_2,
            eps=self.epsilon,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )

    def _in_parts(self, values, gradient, mean, mean_square, n_steps):
        """Change the weights by one public operation after the other."""
        mean.lerp_(gradient, 1 - self.beta_1)
        mean_square.mul_(self.beta_2)
        mean_square.addcmul_(gradient, gradient, value=1 - self.beta_2)
        # Both means start at zero, and are too small by these factors.
        bias = 1 - self.beta_1**n_steps
        bias_of_root = math.sqrt(1 - self.beta_2**n_steps)
        size = mean_square.sqrt().add_(self.epsilon * bias_of_root)
        values.addcdiv_(mean, size, value=-self.step_size * bias_of_root / bias)

    def _has_one_pass(self):
        """Say whether this PyTorch has, on this device, what it keeps private."""
        values = self.weights.values.new_ones(4, 1)
        try:
            self._in_one_pass(*values, n_steps=1)
        except (AttributeError, TypeError, RuntimeError):
            return False
        return True


class SGD(Optimizer):
    """Gradient descent with Nesterov's momentum [1]_.

    References
    ----------
    .. [1] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of
       initialization and momentum in deep learning", ICML 2013, 1139-1147.
    """

    momentum = 0.9

    def _new_state(self):
        return {"velocity": torch.zeros_like(self.weights.values)}

    def step(self):
        """Change the weights once."""
        values, gradient = self.weights.values, self.weights.gradient
        velocity = self.state["velocity"].mul_(self.momentum).add_(gradient)
        values.add_(gradient.add(velocity, alpha=self.momentum), alpha=-self.step_size)


def make_optimizer(solver, weights, step_size, alpha):
    """Build the optimiser of a solver: "adam", "adamw" (decay `alpha`) or "sgd"."""
    if solver == "sgd":
        return SGD(weights, step_size)
    return Adam(weights, step_size, decay=alpha if solver == "adamw" else 0.0)


class StepSize:
    """The step size over the epochs.

    Parameters
    ----------
    learning_rate : {"constant", "cosine", "adaptive"}
        How it changes: not at all; from the first value to zero along half a cosine
        [1]_; divided by 5 whenever the loss has stopped getting better.
    optimizer : Optimizer
        Where to set it.
    max_iter : int
        Epochs until the cosine reaches zero.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
       Restarts", ICLR 2017, arXiv:1608.03983.
    """

    def __init__(self, learning_rate, optimizer, max_iter):
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.first = optimizer.step_size
        self.max_iter = max_iter

    def start_epoch(self, epoch):
        """Set the step size of an epoch, counted from 0."""
        if self.learning_rate == "cosine":
            share = (1 + math.cos(math.pi * epoch / self.max_iter)) / 2
            self.optimizer.step_size = self.first * share

    def gives_up(self):
        """Say whether training ends, now that the loss does not get better."""
        smaller = self.optimizer.step_size / ADAPTIVE_DIVISOR
        if self.learning_rate != "adaptive" or smaller < SMALLEST_STEP:
            return True
        self.optimizer.step_size = smaller
        return False
