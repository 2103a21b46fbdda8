"""Layers behind the recurrent ones: pooling and linear."""

import torch
from torch import nn
from torch.nn.functional import linear


class Linear(nn.Module):
    """Linear map of the last axis, ``x W.T + b``.

    Unlike :class:`torch.nn.Linear`, it draws no initial weights, because these would
    come from PyTorch's global generator.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    n_outputs : int
        Number of outputs.
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


class Last(nn.Module):
    """Pooling to the last state of each direction."""

    needs_states = False

    def forward(self, states, last, step_mask):
        """Return the last states, (n_windows, width)."""
        return last


class Every(nn.Module):
    """No pooling: the states of all steps."""

    needs_states = True

    def forward(self, states, last, step_mask):
        """Return all states, (n_windows, n_timesteps, width)."""
        return states


class Mean(nn.Module):
    """Mean of the states of the real steps."""

    needs_states = True

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if step_mask is None:
            return states.mean(1)
        # States of padding are zero.
        return states.sum(1) / step_mask.sum(1, keepdim=True).clamp(min=1)


class Max(nn.Module):
    """Maximum of each unit over the real steps."""

    needs_states = True

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if step_mask is None:
            return states.amax(1)
        greatest = states.masked_fill(~step_mask[:, :, None], -torch.inf).amax(1)
        return torch.where(step_mask.any(1)[:, None], greatest, 0.0)


class Attention(nn.Module):
    """Weighted mean of the states with learned weights [1]_.

    The weight of a step is ``softmax(u . tanh(W h + b))`` over the real steps, where h
    is the state of the step, and u, W and b are learned.

    Parameters
    ----------
    width : int
        Width of the states.
    dtype : torch.dtype
        Precision of the weights.

    References
    ----------
    .. [1] Z. Yang et al., "Hierarchical Attention Networks for Document
       Classification", NAACL 2016, 1480-1489.
    """

    needs_states = True

    def __init__(self, width, dtype):
        super().__init__()
        self.project = Linear(width, width, dtype)
        self.query = nn.Parameter(torch.empty(1, width, dtype=dtype))

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        return (self.step_weights(states, step_mask)[:, :, None] * states).sum(1)

    def step_weights(self, states, step_mask):
        """Return the attention weight of each step, (n_windows, n_timesteps)."""
        scores = (torch.tanh(self.project(states)) @ self.query.T)[:, :, 0]
        if step_mask is not None:
            # A finite score, so that the weights are not NaN if all steps are padding.
            lowest = torch.finfo(scores.dtype).min
            scores = scores.masked_fill(~step_mask, lowest)
        return scores.softmax(1)


def make_pooling(name, width, dtype):
    """Build a pooling layer by the name of the pooling; None for no pooling."""
    if name == "attention":
        return Attention(width, dtype)
    return {"last": Last, "mean": Mean, "max": Max, None: Every}[name]()
