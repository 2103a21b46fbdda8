"""From the hidden states of all steps to one vector per window."""

import torch
from torch import nn

from sklstm._nn.linear import Linear


class Last(nn.Module):
    """Take the state that has seen the whole window, of every direction."""

    needs_states = False

    def forward(self, states, last, exists):
        """Return the last states, (n_windows, width)."""
        return last


class Every(nn.Module):
    """Leave the states of all steps as they are."""

    needs_states = True

    def forward(self, states, last, exists):
        """Return all states, (n_windows, n_timesteps, width)."""
        return states


class Mean(nn.Module):
    """Average the states of the steps that exist."""

    needs_states = True

    def forward(self, states, last, exists):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if exists is None:
            return states.mean(1)
        # States of steps that do not exist are zero.
        return states.sum(1) / exists.sum(1, keepdim=True).clamp(min=1)


class Max(nn.Module):
    """Take the greatest state of every unit over the steps that exist."""

    needs_states = True

    def forward(self, states, last, exists):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if exists is None:
            return states.amax(1)
        greatest = states.masked_fill(~exists[:, :, None], -torch.inf).amax(1)
        return torch.where(exists.any(1)[:, None], greatest, 0.0)


class Attention(nn.Module):
    """Average the states by weights that the network learns [1]_.

    A step's weight is ``softmax(u . tanh(W h + b))`` over the steps that exist.

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

    def forward(self, states, last, exists):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        return (self.step_weights(states, exists)[:, :, None] * states).sum(1)

    def step_weights(self, states, exists):
        """Share of every step in the average, (n_windows, n_timesteps)."""
        scores = (torch.tanh(self.project(states)) @ self.query.T)[:, :, 0]
        if exists is not None:
            # Finite, so that a window without any step gets numbers, not NaN.
            lowest = torch.finfo(scores.dtype).min
            scores = scores.masked_fill(~exists, lowest)
        return scores.softmax(1)


def make_pooling(name, width, dtype):
    """Build the pooling layer with a name: "last", "mean", "max", "attention" or None.

    None pools nothing.
    """
    if name == "attention":
        return Attention(width, dtype)
    return {"last": Last, "mean": Mean, "max": Max, None: Every}[name]()
