"""What stands before the recurrent layers: an embedding of codes, convolutions."""

import torch
from torch import nn
from torch.nn.functional import conv1d, embedding, pad


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
