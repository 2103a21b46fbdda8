"""Activation functions of the cells, and their derivatives."""

from collections.abc import Callable
from typing import NamedTuple

import torch

# The number 1 as a tensor. Results have the dtype of the other operand.
ONE = torch.ones((), dtype=torch.float32, device="cpu")


class Activation(NamedTuple):
    """Elementwise function and its derivative; both can write to ``out``.

    The derivative is computed from the values of the function, so that the arguments of
    the function need not be kept.
    """

    function: Callable  # differentiable by PyTorch if `out` is None
    derivative: Callable  # a function of the values of `function`
    preserves_zero: bool = True  # whether it maps zero to zero


def _relu(x, out=None):
    return torch.relu(x) if out is None else torch.clamp_min(x, 0, out=out)


def _identity(x, out=None):
    return x if out is None else out.copy_(x)


def _tanh_derivative(values, out):
    return torch.addcmul(ONE, values, values, value=-1, out=out)


def _logistic_derivative(values, out):
    return torch.addcmul(values, values, values, value=-1, out=out)


def _identity_derivative(_, out):
    return out.fill_(1)


ACTIVATIONS = {
    "tanh": Activation(torch.tanh, _tanh_derivative),
    "relu": Activation(_relu, torch.sign),
    "logistic": Activation(torch.sigmoid, _logistic_derivative, preserves_zero=False),
    "identity": Activation(_identity, _identity_derivative),
}

# Activations whose values have no upper limit.
UNBOUNDED = {"identity", "relu"}
