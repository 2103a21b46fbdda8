"""What squashes the states of a cell, and its slope by the squashed value."""

from collections.abc import Callable
from typing import NamedTuple

import torch

# Its dtype gives way to that of whatever it is combined with.
ONE = torch.ones((), dtype=torch.float32, device="cpu")


class Activation(NamedTuple):
    """A function of every number, and its slope; both take an ``out`` to write to.

    The slope is computed from the values, not from what went in: nobody has to keep
    the latter.
    """

    values: Callable  # differentiable by PyTorch where `out` is None
    slopes: Callable  # of the values
    zero_stays: bool = True  # whether it maps zero to zero


def _relu(x, out=None):
    return torch.relu(x) if out is None else torch.clamp_min(x, 0, out=out)


def _identity(x, out=None):
    return x if out is None else out.copy_(x)


def _slopes_of_tanh(values, out):
    return torch.addcmul(ONE, values, values, value=-1, out=out)


def _slopes_of_logistic(values, out):
    return torch.addcmul(values, values, values, value=-1, out=out)


def _slopes_of_identity(_, out):
    return out.fill_(1)


ACTIVATIONS = {
    "tanh": Activation(torch.tanh, _slopes_of_tanh),
    "relu": Activation(_relu, torch.sign),
    "logistic": Activation(torch.sigmoid, _slopes_of_logistic, zero_stays=False),
    "identity": Activation(_identity, _slopes_of_identity),
}
