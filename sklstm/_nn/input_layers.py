"""Layers in front of the recurrent ones: embedding and convolutions."""

import torch
from torch import nn
from torch.nn.functional import conv1d, embedding, pad


class Embedding(nn.Module):
    """Learned vectors of tokens.

    Parameters
    ----------
    n_codes : int
        Number of different tokens. Their codes are 0 to ``n_codes - 1``.
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
    """Convolution over time, followed by a ReLU.

    Parameters
    ----------
    n_inputs : int
        Number of input channels.
    n_filters : int
        Number of filters.
    kernel_size : int
        Number of steps that each filter spans. Steps beyond the ends of a window count
        as zero.
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
        # The number of steps stays the same, whatever the kernel size.
        padded = pad(states.mT, ((size - 1) // 2, size // 2))
        return conv1d(padded, self.kernel, self.bias).relu().mT


def make_input_layers(
    n_features, n_codes, embedding_size, conv_filters, conv_kernel_size, dtype
):
    """Build the layers in front of the recurrent ones.

    Parameters
    ----------
    n_features : int
        Number of features of a time step.
    n_codes : int or None
        Number of different tokens. None for numeric features, which are not embedded.
    embedding_size : int or None
        Length of the vector of a token.
    conv_filters : tuple of int
        Number of filters of each convolution, from first to last.
    conv_kernel_size : int
        Number of steps that each convolution spans.
    dtype : torch.dtype
        Precision of the weights.

    Returns
    -------
    layers : torch.nn.ModuleList
        The layers. Empty if there are neither tokens nor convolutions.
    width : int
        Number of outputs of a time step.
    """
    layers, width = nn.ModuleList(), n_features
    if n_codes is not None:
        layers.append(Embedding(n_codes, embedding_size, dtype))
        width = embedding_size
    for n_filters in conv_filters:
        layers.append(Convolution(width, n_filters, conv_kernel_size, dtype))
        width = n_filters
    return layers, width
