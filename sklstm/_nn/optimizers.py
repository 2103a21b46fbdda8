"""Optimizers on one flat tensor of weights, and learning-rate schedules."""

import math
from abc import ABC, abstractmethod
from copy import deepcopy
from itertools import compress

import torch

from sklstm._nn.torch_compat import adam_example, fused_adam_update, is_usable

# The schedule "adaptive" divides the learning rate by this, down to the minimum.
ADAPTIVE_DIVISOR = 5
MIN_LEARNING_RATE = 1e-6


class FlatWeights:
    """All weights that a network learns in one flat tensor, their gradient in another.

    The parameters of the network and their ``grad`` become views of these tensors. A
    training step, a norm or a copy is then one operation instead of one per parameter.
    Matrices come before biases. Parameters that need no gradient are left out.

    Parameters
    ----------
    network : torch.nn.Module
        Network to change in place. Its outputs stay the same.
    slow : sequence of torch.nn.Parameter, default=()
        Parameters with a learning rate of their own. Their weights are neighbors.
    rate : float, default=1.0
        Learning rate of these parameters, divided by that of the others.

    Attributes
    ----------
    parts : list of (slice or None, float)
        Neighboring weights with the same learning rate, and their rate. None stands for
        all weights.
    """

    def __init__(self, network, slow=(), rate=1.0):
        slow = set(slow)

        def position(parameter):
            is_matrix, is_slow = parameter.dim() > 1, parameter in slow
            return (1 if is_slow else 0) if is_matrix else (2 if is_slow else 3)

        learned = [p for p in network.parameters() if p.requires_grad]
        self.parameters = sorted(learned, key=position)
        self.values = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        # Running averages, which are not trained.
        self.buffers = list(network.buffers())
        self.gradient = torch.zeros_like(self.values)
        n_in_matrices = sum(p.numel() for p in self.parameters if p.dim() > 1)
        # Only matrices are penalized and decayed.
        self.matrices = self.values[:n_in_matrices]
        self.parts = self._parts(slow, rate)
        views = self._views(self.values), self._views(self.gradient)
        for parameter, values, gradient in zip(self.parameters, *views, strict=True):
            parameter.data, parameter.grad = values, gradient

    def _parts(self, slow, rate):
        """Return the slices of weights with the same learning rate, and their rates."""
        if not slow or rate == 1:
            return [(None, 1.0)]
        sizes = [p.numel() for p in self.parameters]
        is_slow = [p in slow for p in self.parameters]
        start = sum(sizes[: is_slow.index(True)])
        end = start + sum(compress(sizes, is_slow))
        parts = (slice(start), 1.0), (slice(start, end), rate), (slice(end, None), 1.0)
        return list(parts)

    def _views(self, flat):
        """Split a flat tensor into views with the shapes of the parameters."""
        parts = flat.split([p.numel() for p in self.parameters])
        return [part.view_as(p) for part, p in zip(parts, self.parameters, strict=True)]

    def set_gradient(self, loss):
        """Compute the gradient of a loss by autograd and store it."""
        gradients = torch.autograd.grad(loss, self.parameters)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad.copy_(gradient)

    def copy(self):
        """Return a copy of the weights and the buffers, for :meth:`restore`."""
        return [tensor.clone() for tensor in (self.values, *self.buffers)]

    def restore(self, copy):
        """Restore the weights and the buffers from a copy."""
        for tensor, values in zip((self.values, *self.buffers), copy, strict=True):
            tensor.copy_(values)

    def penalty(self, alpha):
        """Return the L2 penalty: `alpha` / 2 times the sum of squares of matrices."""
        return self.matrices.square().sum() * (alpha / 2)

    def add_penalty_gradient(self, alpha):
        """Add the gradient of :meth:`penalty` to the gradient."""
        self.gradient[: len(self.matrices)].add_(self.matrices, alpha=alpha)

    def clip_gradient(self, max_norm):
        """Scale the gradient down to a norm of `max_norm` if its norm is larger."""
        self.gradient.mul_((max_norm / self.gradient.norm()).clamp_(max=1.0))


class Optimizer(ABC):
    """Base class of optimizers of flat weights.

    PyTorch's own optimizers are not used, because building the first one of a process
    takes more than a second.

    Parameters
    ----------
    weights : FlatWeights
        Weights to optimize. Their gradient is read at every step.
    learning_rate : float
        Initial learning rate. It may be changed at any time.
    """

    def __init__(self, weights, learning_rate):
        self.weights = weights
        self.learning_rate = learning_rate
        self.state = self._new_state()

    @abstractmethod
    def _new_state(self):
        """Return the initial state, a dict."""

    def load_state(self, state):
        """Copy the state of an earlier optimizer of the same type and weights."""
        if _shapes(state) == _shapes(self.state):
            self.state = deepcopy(state)

    @abstractmethod
    def step(self):
        """Update the weights once."""


class Adam(Optimizer):
    """Adam [1]_, whose steps do not depend on the scale of the gradient.

    Parameters
    ----------
    weights : FlatWeights
        Weights to optimize.
    learning_rate : float
        Initial learning rate.
    decay : float, default=0.0
        Decoupled weight decay of AdamW [2]_: each step shrinks all matrices by `decay`
        times the learning rate.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR
       2015, arXiv:1412.6980.
    .. [2] I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR
       2019, arXiv:1711.05101.
    """

    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, weights, learning_rate, decay=0.0):
        super().__init__(weights, learning_rate)
        self.decay = decay
        case = weights.values.dtype, weights.values.device
        is_fused = is_usable(fused_adam_update, adam_update, adam_example, *case)
        self._update = fused_adam_update if is_fused else adam_update

    def _new_state(self):
        zeros = torch.zeros_like(self.weights.values)
        return {"n_steps": 0, "mean": zeros, "mean_square": zeros.clone()}

    def step(self):
        """Update the weights once."""
        self.state["n_steps"] += 1
        for rows, rate in self.weights.parts:
            self._update_part(rows, self.learning_rate * rate)

    def _update_part(self, rows, learning_rate):
        """Update the weights in a slice once."""
        if self.decay:
            matrices = _select(self.weights.matrices, rows)
            matrices.mul_(1 - learning_rate * self.decay)
        self._update(
            _select(self.weights.values, rows),
            _select(self.weights.gradient, rows),
            _select(self.state["mean"], rows),
            _select(self.state["mean_square"], rows),
            self.state["n_steps"],
            learning_rate,
            self.beta_1,
            self.beta_2,
            self.epsilon,
        )


def adam_update(
    values, gradient, mean, mean_square, n_steps, learning_rate, beta_1, beta_2, epsilon
):
    """Update weights by Adam.

    Parameters
    ----------
    values, gradient, mean, mean_square : torch.Tensor
        Weights, their gradient, and the running averages of the gradient and its
        square. All but the gradient are updated in place.
    n_steps : int
        Number of this step, counted from 1.
    learning_rate, beta_1, beta_2, epsilon : float
        Parameters of Adam.

    Returns
    -------
    values, mean, mean_square : torch.Tensor
        The tensors that were updated.
    """
    mean.lerp_(gradient, 1 - beta_1)
    mean_square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
    # Both means start at zero, which makes them too small by these factors.
    bias = 1 - beta_1**n_steps
    bias_of_root = math.sqrt(1 - beta_2**n_steps)
    size = mean_square.sqrt().add_(epsilon * bias_of_root)
    values.addcdiv_(mean, size, value=-learning_rate * bias_of_root / bias)
    return values, mean, mean_square


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
        """Update the weights once."""
        values, gradient = self.weights.values, self.weights.gradient
        velocity = self.state["velocity"].mul_(self.momentum).add_(gradient)
        update = gradient.add(velocity, alpha=self.momentum)
        for rows, rate in self.weights.parts:
            size = -self.learning_rate * rate
            _select(values, rows).add_(_select(update, rows), alpha=size)


def _select(tensor, rows):
    """Return the rows of a tensor in a slice; all rows for None, without a view."""
    return tensor if rows is None else tensor[rows]


def _shapes(state):
    """Return the shape of each part of the state of an optimizer."""
    return {name: getattr(part, "shape", None) for name, part in state.items()}


def make_optimizer(solver, weights, learning_rate, alpha):
    """Build an optimizer: "adam", "adamw" (with weight decay `alpha`) or "sgd"."""
    if solver == "sgd":
        return SGD(weights, learning_rate)
    return Adam(weights, learning_rate, decay=alpha if solver == "adamw" else 0.0)


class Schedule:
    """Learning-rate schedule over the epochs.

    Parameters
    ----------
    name : {"constant", "cosine", "adaptive"}
        Constant learning rate; cosine decay to zero [1]_; or division by 5 each time
        the loss has stopped improving.
    optimizer : Optimizer
        Optimizer whose learning rate is set.
    max_iter : int
        Number of epochs until the cosine reaches zero.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
       Restarts", ICLR 2017, arXiv:1608.03983.
    """

    def __init__(self, name, optimizer, max_iter):
        self.name = name
        self.optimizer = optimizer
        self.initial = optimizer.learning_rate
        self.max_iter = max_iter

    def start_epoch(self, epoch):
        """Set the learning rate of an epoch, counted from 0."""
        if self.name == "cosine":
            factor = (1 + math.cos(math.pi * epoch / self.max_iter)) / 2
            self.optimizer.learning_rate = self.initial * factor

    def reduce(self):
        """Reduce the learning rate; return False if it cannot be reduced further."""
        smaller = self.optimizer.learning_rate / ADAPTIVE_DIVISOR
        if self.name != "adaptive" or smaller < MIN_LEARNING_RATE:
            return False
        self.optimizer.learning_rate = smaller
        return True
