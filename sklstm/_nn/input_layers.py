"""Layers in front of the recurrent ones: embedding, convolution, batch normalization.

Padding is at the start of a window. A step mask tells which steps are real. States are
zero at padding steps, before and after each layer.
"""

import torch
from torch import nn
from torch.nn.functional import batch_norm, conv1d, embedding, max_pool1d, pad

from sklstm._nn.augmentation import hide_parts
from sklstm._nn.masking import zero_padding
from sklstm._nn.runtime import dropout_mask

# Code of an unknown token.
UNKNOWN = 0
# Numbers that spread the pairs of tokens over the rows of a table: two primes.
PAIR_FACTOR, PAIR_MODULUS = 1_000_003, 2**31 - 1


class Embedding(nn.Module):
    """Learned vectors of tokens, and optionally of pairs of neighboring tokens.

    A pair consists of the token before a step and the token of the step. The token
    before the first one counts as unknown. If there are more possible pairs than
    vectors, several pairs share a vector: the row of a pair is a hash of its codes
    [1]_.

    Parameters
    ----------
    n_codes : int
        Number of different tokens. Their codes are 0 to ``n_codes - 1``.
    size : int
        Length of the vectors.
    dtype : torch.dtype
        Precision of the vectors.
    n_pairs : int, default=0
        Maximum number of vectors for pairs. 0 for no pairs.

    References
    ----------
    .. [1] A. Joulin, E. Grave, P. Bojanowski and T. Mikolov, "Bag of Tricks for
       Efficient Text Classification", EACL 2017, 427-431.
    """

    def __init__(self, n_codes, size, dtype, n_pairs=0):
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(n_codes, size, dtype=dtype))
        self.pair_vectors = None
        if n_pairs:
            shape = min(n_pairs, n_codes**2), size
            self.pair_vectors = nn.Parameter(torch.empty(shape, dtype=dtype))

    def forward(self, codes):
        """Map codes to the vectors of all steps.

        Parameters
        ----------
        codes : torch.Tensor of int64 of shape (n_windows, n_timesteps)
            Token codes, 0 at padding steps.

        Returns
        -------
        vectors : torch.Tensor of shape (n_windows, n_timesteps, size)
            Vectors in time order.
        """
        return embedding(codes, self.vectors)

    def of_pairs(self, codes):
        """Map codes to the vectors of the pairs that end at each step, as `forward`."""
        return embedding(self._rows_of_pairs(codes), self.pair_vectors)

    def _rows_of_pairs(self, codes):
        """Return the row of the pair that ends at each step."""
        n_codes, n_pairs = len(self.vectors), len(self.pair_vectors)
        pairs = pad(codes, (1, 0), value=UNKNOWN)[:, :-1] * n_codes + codes
        if n_codes**2 == n_pairs:
            return pairs
        return pairs * PAIR_FACTOR % PAIR_MODULUS % n_pairs


class Filters(nn.Module):
    """Filters of a convolution over time.

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

    def forward(self, channels):
        """Map (n_windows, n_inputs, n_timesteps) to (..., n_filters, n_timesteps)."""
        size = self.kernel.shape[2]
        # The number of steps stays the same, whatever the kernel size.
        padded = pad(channels, ((size - 1) // 2, size // 2))
        return conv1d(padded, self.kernel, self.bias)


class BatchNorm(nn.Module):
    """Batch normalization over the real steps [1]_.

    In training, each channel is scaled to mean 0 and variance 1 over all real steps of
    a batch. In prediction, running averages of the means and variances are used, so
    that the outputs do not depend on the batch. A frozen layer, whose weights need no
    gradient, also uses the running averages in training.

    Parameters
    ----------
    width : int
        Number of channels.
    dtype : torch.dtype
        Precision of the weights.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network
       Training by Reducing Internal Covariate Shift", ICML 2015, 448-456.
    """

    def __init__(self, width, dtype):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width, dtype=dtype))
        self.shift = nn.Parameter(torch.zeros(width, dtype=dtype))
        self.register_buffer("mean", torch.zeros(width, dtype=dtype))
        self.register_buffer("variance", torch.ones(width, dtype=dtype))

    def forward(self, states, step_mask):
        """Normalize (n_windows, n_timesteps, width); padding becomes zero."""
        if step_mask is None or not self.training:
            return zero_padding(self._normalize(states.mT).mT, step_mask)
        real_states = self._normalize(states[step_mask])
        zeros = torch.zeros_like(states)
        return zeros.masked_scatter(step_mask[:, :, None], real_states)

    def _normalize(self, channels):
        """Normalize (n_rows, width[, n_timesteps]) and update the running averages."""
        # A single number per channel has no variance.
        has_variance = channels.numel() > channels.shape[1]
        uses_batch = self.training and self.scale.requires_grad and has_variance
        weights = self.mean, self.variance, self.scale, self.shift
        return batch_norm(channels, *weights, training=uses_batch)


class Convolution(nn.Module):
    """Convolution over time, with batch normalization, a ReLU and max-pooling.

    Parameters
    ----------
    n_inputs : int
        Number of input channels.
    n_filters : int
        Number of filters of each kernel size.
    kernel_sizes : tuple of int
        Number of steps that the filters span. Filters of all sizes read the same steps
        in parallel.
    pool_size : int
        Number of steps in a block. Only the maximum of each block is kept. 1 keeps all
        steps.
    normalizes : bool
        Whether there is a batch normalization.
    dtype : torch.dtype
        Precision of the weights.
    """

    def __init__(self, n_inputs, n_filters, kernel_sizes, pool_size, normalizes, dtype):
        super().__init__()
        self.filters = nn.ModuleList(
            Filters(n_inputs, n_filters, size, dtype) for size in kernel_sizes
        )
        self.width = n_filters * len(kernel_sizes)
        self.norm = BatchNorm(self.width, dtype) if normalizes else None
        self.pool_size = pool_size

    def forward(self, states, step_mask=None):
        """Compute the states of all steps or blocks.

        Parameters
        ----------
        states : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order.
        step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
            True where a step is real. None if there is no padding.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_blocks, width)
            States in time order.
        step_mask : torch.Tensor of bool of shape (n_windows, n_blocks) or None
            True where a block holds a real step.
        """
        channels = [filters(states.mT) for filters in self.filters]
        states = (channels[0] if len(channels) == 1 else torch.cat(channels, 1)).mT
        if self.norm is not None:
            states = self.norm(states, step_mask)
        states = zero_padding(states.relu(), step_mask)
        return max_pool(states, step_mask, self.pool_size)


class InputLayers(nn.Module):
    """Embedding and convolutions, from first to last.

    Parameters
    ----------
    n_features : int
        Number of features of a time step.
    n_codes : int or None
        Number of different tokens. None for numeric features, which are not embedded.
    embedding_size : int or None
        Length of the vector of a token.
    embedding_pairs : int
        Maximum number of vectors for pairs of tokens. Only the pooling beside the
        recurrent layers reads them. 0 for no pairs.
    embedding_dropout : float
        Fraction of the tokens to replace by the unknown token during training [1]_.
        The network thereby learns a vector for unknown tokens.
    conv_filters : tuple of int
        Number of filters of each convolution, from first to last.
    conv_kernel_size : int, or tuple of int or of tuple of int
        Kernel size of all convolutions, or one for each. A tuple stands for filters of
        several sizes in parallel.
    conv_pool_size : int or tuple of int
        Size of the blocks of max-pooling of all convolutions, or one for each.
    batch_norm : bool
        Whether each convolution has a batch normalization.
    masking, masked_steps : float, int
        Fraction of the time steps and of the features to hide during training, and
        largest number of neighboring steps to hide at once, as in
        :func:`~sklstm._nn.augmentation.hide_parts`.
    dtype : torch.dtype
        Precision of the weights.

    Attributes
    ----------
    width, widest : int
        Number of outputs of a time step, of the last layer and of the widest one; 1 if
        there are no layers.

    References
    ----------
    .. [1] M. Iyyer, V. Manjunatha, J. Boyd-Graber and H. Daume III, "Deep Unordered
       Composition Rivals Syntactic Methods for Text Classification", ACL 2015,
       1681-1691.
    """

    def __init__(
        self,
        n_features,
        *,
        n_codes,
        embedding_size,
        embedding_pairs,
        embedding_dropout,
        conv_filters,
        conv_kernel_size,
        conv_pool_size,
        batch_norm,
        masking,
        masked_steps,
        dtype,
    ):
        super().__init__()
        self.masking, self.masked_steps = masking, masked_steps
        self.embedding_dropout, self.width = embedding_dropout, n_features
        self.embedding = None
        if n_codes is not None:
            self.embedding = Embedding(n_codes, embedding_size, dtype, embedding_pairs)
            self.width = embedding_size
        self.convolutions = nn.ModuleList()
        sizes = kernel_sizes(conv_kernel_size, len(conv_filters))
        pool_sizes = one_per_layer(conv_pool_size, len(conv_filters))
        for layer in zip(conv_filters, sizes, pool_sizes, strict=True):
            convolution = Convolution(self.width, *layer, batch_norm, dtype)
            self.convolutions.append(convolution)
            self.width = convolution.width
        widths = [convolution.width for convolution in self.convolutions]
        self.widest = max(1 if n_codes is None else embedding_size, *widths, 1)

    def __len__(self):
        return len(self.convolutions) + (self.embedding is not None)

    def forward(self, windows, step_mask=None, generator=None):
        """Compute the inputs of the recurrent layers.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Values in time order. Values at padding steps are ignored.
        step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
            True where a step is real. None if there is no padding.
        generator : torch.Generator or None, default=None
            Source of the random numbers of dropout. Only needed during training.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_blocks, width)
            States in time order, zero at padding.
        states_to_pool : torch.Tensor of shape (n_windows, n_blocks, width)
            Inputs of the pooling beside the recurrent layers: the states, plus the
            vectors of pairs of tokens. The recurrent layers see the order of the tokens
            without pairs, and overfit with them.
        step_mask : torch.Tensor of bool of shape (n_windows, n_blocks) or None
            As in :class:`Convolution`.
        """
        states, pairs = zero_padding(self._hide(windows, generator), step_mask), None
        if self.embedding is not None:
            codes = self._drop(states[:, :, 0], generator).long()
            states = zero_padding(self.embedding(codes), step_mask)
            if self.embedding.pair_vectors is not None:
                pairs = zero_padding(self.embedding.of_pairs(codes), step_mask)
        for convolution in self.convolutions:
            states, step_mask = convolution(states, step_mask)
        return states, states if pairs is None else states + pairs, step_mask

    def _hide(self, windows, generator):
        """Hide some of the time steps and of the features during training."""
        if not (self.training and self.masking):
            return windows
        return hide_parts(windows, self.masking, self.masked_steps, generator)

    def _drop(self, codes, generator):
        """Replace some of the codes by that of unknown tokens during training."""
        if not (self.training and self.embedding_dropout):
            return codes
        options = self.embedding_dropout, codes, generator
        return codes.where(dropout_mask(codes.shape, *options) > 0, UNKNOWN)


def max_pool(states, step_mask, size):
    """Keep the maximum of each block of steps; states are not negative.

    Blocks are counted from the last step, so that the blocks of a window do not depend
    on its padding. The first block may have fewer steps.
    """
    if size == 1:
        return states, step_mask
    n_missing = -states.shape[1] % size
    states = max_pool1d(pad(states.mT, (n_missing, 0)), size).mT
    if step_mask is not None:
        step_mask = pad(step_mask, (n_missing, 0)).unflatten(1, (-1, size)).any(2)
    return states, step_mask


def one_per_layer(value, n_layers):
    """Return a tuple with one value for each layer."""
    return tuple(value) if isinstance(value, tuple) else (value,) * n_layers


def kernel_sizes(conv_kernel_size, n_layers):
    """Return the kernel sizes of each convolution, a list of tuples of int."""
    sizes = one_per_layer(conv_kernel_size, n_layers)
    return [size if isinstance(size, tuple) else (size,) for size in sizes]
