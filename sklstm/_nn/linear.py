"""A linear layer that starts without weights, and so without drawing any."""

import torch
from torch import nn
from torch.nn.functional import linear


class Linear(nn.Module):
    """Map the last axis by ``x W.T + b``.

    Unlike :class:`torch.nn.Linear`, it draws no first weights: those would come from
    PyTorch's global generator.

    Parameters
    ----------
    n_inputs : int
        Numbers in.
    n_outputs : int
        Numbers out.
    dtype : torch.dtype
        Precision of the weights.
    """

    def __init__(self, n_inputs, n_outputs, dtype):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(n_outputs, dtype=dtype))

    def forward(self, inputs):
        """Map (..., n_inputs) to (..., n_outputs)."""
        return linear(inputs, self.weight, self.bias)
