"""The layers around the recurrent ones: embedding, convolution, pooling and linear."""

import torch
from torch import nn
from torch.nn.functional import conv1d, embedding, linear, pad


class Embedding(nn.Module):
    """Give every code a vector that the network learns.

    Parameters
    ----------
    n_codes : int
        Codes are 0 to ``n_codes - 1``.
    size : int
        Length of the vectors.
    dtype : torch.dtype
        Precision of the vectors.
    """

    def __init__(self, n_codes, size, dtype):
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(n_codes, size, dtype=dtype))

    def forward(self, codes):
        """Map (n_windows, n_timesteps, 1) to (n_windows, n_timesteps, size)."""
        return embedding(codes[:, :, 0].long(), self.vectors)


class Convolution(nn.Module):
    """Mix every step with its neighbours: a convolution in time and a ReLU.

    Parameters
    ----------
    n_inputs : int
        Numbers per time step.
    n_filters : int
        Numbers per time step to answer with.
    kernel_size : int
        Steps that are mixed; those beyond the ends are zero.
    dtype : torch.dtype
        Precision of the weights.
    """

    def __init__(self, n_inputs, n_filters, kernel_size, dtype):
        super().__init__()
        shape = n_filters, n_inputs, kernel_size
        self.kernel = nn.Parameter(torch.empty(shape, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(n_filters, dtype=dtype))

    def forward(self, states):
        """Map (n_windows, n_timesteps, n_inputs) to (..., n_timesteps, n_filters)."""
        size = self.kernel.shape[2]
        # As many steps as came in, whatever the size.
        around = pad(states.mT, ((size - 1) // 2, size // 2))
        return conv1d(around, self.kernel, self.bias).relu().mT


def make_front(
    n_features, n_codes, embedding_size, conv_filters, conv_kernel_size, dtype
):
    """Build what stands before the recurrent layers, and say how wide it is.

    Parameters
    ----------
    n_features : int
        Readings per time step.
    n_codes : int or None
        How many codes there are; None for readings, which are not embedded.
    embedding_size : int or None
        Length of the vectors of codes.
    conv_filters : tuple of int
        Widths of the convolutions, first to last.
    conv_kernel_size : int
        Steps that each mixes.
    dtype : torch.dtype
        Precision of the weights.

    Returns
    -------
    front : torch.nn.ModuleList
        The layers, none of them for plain networks.
    width : int
        Numbers per time step behind them.
    """
    front, width = nn.ModuleList(), n_features
    if n_codes is not None:
        front.append(Embedding(n_codes, embedding_size, dtype))
        width = embedding_size
    for n_filters in conv_filters:
        front.append(Convolution(width, n_filters, conv_kernel_size, dtype))
        width = n_filters
    return front, width


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


class Last(nn.Module):
    """Take the state that has seen the whole window, of every direction."""

    needs_states = False

    def forward(self, states, last, step_mask):
        """Return the last states, (n_windows, width)."""
        return last


class Every(nn.Module):
    """Leave the states of all steps as they are."""

    needs_states = True

    def forward(self, states, last, step_mask):
        """Return all states, (n_windows, n_timesteps, width)."""
        return states


class Mean(nn.Module):
    """Average the states of the steps that exist."""

    needs_states = True

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if step_mask is None:
            return states.mean(1)
        # States of steps that do not exist are zero.
        return states.sum(1) / step_mask.sum(1, keepdim=True).clamp(min=1)


class Max(nn.Module):
    """Take the greatest state of every unit over the steps that exist."""

    needs_states = True

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        if step_mask is None:
            return states.amax(1)
        greatest = states.masked_fill(~step_mask[:, :, None], -torch.inf).amax(1)
        return torch.where(step_mask.any(1)[:, None], greatest, 0.0)


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

    def forward(self, states, last, step_mask):
        """Map (n_windows, n_timesteps, width) to (n_windows, width)."""
        return (self.step_weights(states, step_mask)[:, :, None] * states).sum(1)

    def step_weights(self, states, step_mask):
        """Share of every step in the average, (n_windows, n_timesteps)."""
        scores = (torch.tanh(self.project(states)) @ self.query.T)[:, :, 0]
        if step_mask is not None:
            # Finite, so that a window without any step gets numbers, not NaN.
            lowest = torch.finfo(scores.dtype).min
            scores = scores.masked_fill(~step_mask, lowest)
        return scores.softmax(1)


def make_pooling(name, width, dtype):
    """Build the pooling layer with a name: "last", "mean", "max", "attention" or None.

    None pools nothing.
    """
    if name == "attention":
        return Attention(width, dtype)
    return {"last": Last, "mean": Mean, "max": Max, None: Every}[name]()
