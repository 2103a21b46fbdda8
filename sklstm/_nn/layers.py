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


class Pooling(nn.Module):
    """Base class of poolings, which map the states of all steps to one vector."""

    needs_states = True  # of all steps, not only the last one
    n_vectors = 1  # that are concatenated


class Last(Pooling):
    """Pooling to the last state of each direction."""

    needs_states = False

    def forward(self, states, last, step_mask):
        """Return the last states, (n_windows, width)."""
        return last


class Every(Pooling):
    """No pooling: the states of all steps."""

    def forward(self, states, last, step_mask):
        """Return all states, (n_windows, n_timesteps, width)."""
        return states


class Mean(Pooling):
    """Mean of the states of the real steps."""

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if step_mask is None:
            return states.mean(1)
        # States of padding are zero.
        return states.sum(1) / step_mask.sum(1, keepdim=True).clamp(min=1)


class Max(Pooling):
    """Maximum of each unit over the real steps."""

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if step_mask is None:
            return states.amax(1)
        greatest = states.masked_fill(~step_mask[:, :, None], -torch.inf).amax(1)
        return torch.where(step_mask.any(1)[:, None], greatest, 0.0)


class Attention(Pooling):
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


class Combined(Pooling):
    """Several poolings, whose vectors are concatenated.

    Parameters
    ----------
    poolings : list of Pooling
        The poolings.
    """

    def __init__(self, poolings):
        super().__init__()
        self.poolings = nn.ModuleList(poolings)
        self.needs_states = any(pooling.needs_states for pooling in poolings)
        self.n_vectors = len(poolings)

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, n_vectors * width)."""
        vectors = [pooling(states, last, step_mask) for pooling in self.poolings]
        return torch.cat(vectors, -1)

    def step_weights(self, states, step_mask):
        """Return the attention weight of each step, (n_windows, n_timesteps)."""
        attention = next(p for p in self.poolings if isinstance(p, Attention))
        return attention.step_weights(states, step_mask)


def make_pooling(names, width, dtype):
    """Build the pooling with a name, or with a tuple of names; None for no pooling."""
    if isinstance(names, tuple):
        poolings = [make_pooling(name, width, dtype) for name in names]
        return poolings[0] if len(poolings) == 1 else Combined(poolings)
    if names == "attention":
        return Attention(width, dtype)
    return {"last": Last, "mean": Mean, "max": Max, None: Every}[names]()
