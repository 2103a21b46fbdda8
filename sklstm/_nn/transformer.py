"""Transformer blocks, which read a sequence by self-attention.

References
----------
.. [1] A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, 5998-6008.
.. [2] R. Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML
   2020, 10524-10533.
.. [3] J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding",
   Neurocomputing 568, 2024, 127063.
.. [4] Z. Dai et al., "Transformer-XL: Attentive Language Models beyond a Fixed-Length
   Context", ACL 2019, 2978-2988.
.. [5] D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units (GELUs)",
   arXiv:1606.08415, 2016.
.. [6] T. Karras et al., "Progressive Growing of GANs for Improved Quality, Stability,
   and Variation", ICLR 2018, arXiv:1710.10196.
"""

import math

import torch
from torch import nn
from torch.nn.functional import gelu, linear, pad, scaled_dot_product_attention

from sklstm._nn.dropout import drop_states
from sklstm._nn.masking import with_padding_last, zero_padding
from sklstm._nn.sequence_layer import SequenceLayer

# A head has about this many units, or more.
UNITS_PER_HEAD = 32
# Number of units of the feed-forward part for each unit of the block.
EXPANSION = 4
# A step that continues earlier ones attends to this many steps, itself included.
N_REMEMBERED = 256
# Weights learn at this rate, divided by the square root of the number of inputs, where
# those of a recurrent layer learn at 1. Measured on texts, dates and tags.
SPEED = 2.0
# Initial scale of the states. Those of recurrent layers have about this size, too.
STATE_SCALE = 0.25
# Base of the wavelengths of positions, and size of the codes of positions.
BASE, CODE_SCALE = 10_000.0, 0.5


class ScaledLinear(nn.Module):
    """Linear map whose weights are multiplied by a constant, ``x (c W).T + b`` [6]_.

    A training step of Adam changes each weight by about the learning rate. In a wide
    block, these changes add up. With the constant, a learning rate that suits a
    recurrent layer suits a block of any width.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    n_outputs : int
        Number of outputs.
    dtype : torch.dtype
        Precision of the weights.
    bias_range : float, default=0.0
        Largest initial bias.
    """

    def __init__(self, n_inputs, n_outputs, dtype, bias_range=0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(n_outputs, dtype=dtype))
        self.scale = SPEED / math.sqrt(n_inputs)
        self.bias_range = bias_range

    def forward(self, inputs):
        """Map (..., n_inputs) to (..., n_outputs)."""
        return linear(inputs, self.weight * self.scale, self.bias)


class TransformerLayer(SequenceLayer):
    """Transformer block [1]_: self-attention and a feed-forward part.

    Both parts read normalized inputs and add their outputs to these inputs [2]_, and
    the sum is normalized. The activation is GELU [5]_. Positions are rotations of
    queries and keys [3]_: only the distances of steps matter, so there is no longest
    window. A block that attends to all steps could hardly tell from these which step is
    the first one. Codes of the positions are added to its inputs [1]_.

    Parameters
    ----------
    n_inputs : int
        Number of inputs of a time step.
    size : int
        Number of units, which is the width of the states. It is split into heads of
        about 32 units, see :func:`count_heads`.
    is_causal : bool
        Whether a step attends only to itself and the steps before it, not to all.
    recurrent_dropout : float
        Fraction of the outputs of each part to drop during training, before they are
        added to the inputs.
    dtype : torch.dtype
        Precision of the weights.
    """

    cell = "transformer"

    def __init__(self, n_inputs, size, *, is_causal, recurrent_dropout, dtype):
        # It remembers keys and values of the steps before [4]_.
        super().__init__(size, 2, recurrent_dropout)
        self.is_causal, self.n_heads = is_causal, count_heads(size)
        self.map = None
        if n_inputs != size:
            # Without biases, the norm would leave only the sign of a single input.
            self.map = ScaledLinear(n_inputs, size, dtype, bias_range=1.0)
        self.attention_norm = nn.LayerNorm(size, dtype=dtype)
        # To queries, keys and values.
        self.project = ScaledLinear(size, 3 * size, dtype)
        self.combine = ScaledLinear(size, size, dtype)
        self.feed_norm = nn.LayerNorm(size, dtype=dtype)
        self.expand = ScaledLinear(size, EXPANSION * size, dtype)
        self.reduce = ScaledLinear(EXPANSION * size, size, dtype)
        self.output_norm = nn.LayerNorm(size, dtype=dtype)
        nn.init.constant_(self.output_norm.weight, STATE_SCALE)

    def forward(self, inputs, generator=None, step_mask=None, wants_states=True):
        """Compute the states of whole sequences."""
        inputs = self._mapped(inputs)
        if not self.is_causal:
            inputs = inputs + position_codes(inputs, step_mask)
        if not wants_states:
            return None, self._last_state(inputs, generator, step_mask)
        if not self.is_causal:
            mask = _mask_of_keys(step_mask)
            states, _ = self._block(inputs, generator, mask=mask)
            states = zero_padding(states, step_mask)
        elif step_mask is None:
            states = self._causal_states(inputs, generator)
        else:
            # No step attends to the padding behind it.
            states = with_padding_last(
                lambda rolled: self._causal_states(rolled, generator), inputs, step_mask
            )
        return states, states[:, -1]

    def continue_from(self, state, inputs, generator=None):
        """Compute the states of sequences that go on after earlier steps.

        Each step attends to `N_REMEMBERED` steps at most, in whatever parts the steps
        are read.
        """
        inputs = self._mapped(inputs)
        n_queries = inputs.shape[1]
        n_keys = state[0].shape[1] + n_queries
        mask = _mask_of_recent(n_queries, n_keys, inputs.device)
        states, after = self._block(inputs, generator, state=state, mask=mask)
        return states, tuple(part[:, 1 - N_REMEMBERED :] for part in after)

    def first_state(self, n_windows):
        """Return the keys and values of no step."""
        empty = self.project.weight.new_empty(n_windows, 0, self.size)
        return empty, empty

    def start_from(self, vectors):
        """Return given vectors as the key and the value of one step."""
        return tuple(part[:, None] for part in vectors.chunk(self.n_states, 1))

    def _mapped(self, inputs):
        """Map inputs to the width of the block."""
        return inputs if self.map is None else self.map(inputs)

    def _causal_states(self, inputs, generator):
        """Return the states of steps that attend to all steps before them."""
        return self._block(inputs, generator, is_causal=True)[0]

    def _last_state(self, inputs, generator, step_mask):
        """Return the state of the last step, which attends to all steps."""
        mask = _mask_of_keys(step_mask)
        states, _ = self._block(inputs, generator, mask=mask, n_outputs=1)
        is_real = None if step_mask is None else step_mask[:, -1:]
        return zero_padding(states, is_real)[:, 0]

    def _block(
        self,
        inputs,
        generator,
        *,
        state=None,
        mask=None,
        is_causal=False,
        n_outputs=None,
    ):
        """Return the states of the last `n_outputs` steps, and all keys and values.

        The other parameters are those of `scaled_dot_product_attention`; if `state` is
        given, its keys and values come before those of the inputs.
        """
        n_outputs = n_outputs or inputs.shape[1]
        projected = self.project(self.attention_norm(inputs))
        queries, keys, values = projected.chunk(3, 2)
        if state is not None:
            keys, values = (
                torch.cat(parts, 1) for parts in zip(state, (keys, values), strict=True)
            )
        queries, sums = queries[:, -n_outputs:], inputs[:, -n_outputs:]
        attended = self._attend(queries, keys, values, mask, is_causal)
        sums = sums + self._drop(self.combine(attended), generator)
        fed = self.reduce(gelu(self.expand(self.feed_norm(sums))))
        states = self.output_norm(sums + self._drop(fed, generator))
        return states, (keys, values)

    def _attend(self, queries, keys, values, mask, is_causal):
        """Return weighted means of the values, (n_windows, n_queries, size)."""
        n_queries, n_keys = queries.shape[1], keys.shape[1]
        queries, keys, values = (
            part.unflatten(2, (self.n_heads, -1)).transpose(1, 2)
            for part in (queries, keys, values)
        )  # (n_windows, n_heads, n_queries or n_keys, size / n_heads)
        # The last query is at the last key.
        attended = scaled_dot_product_attention(
            rotate(queries, n_keys - n_queries),
            rotate(keys, 0),
            values,
            attn_mask=mask,
            is_causal=is_causal,
        )
        return attended.transpose(1, 2).flatten(2)

    def _drop(self, outputs, generator):
        """Apply dropout to the outputs of a part, during training."""
        return drop_states(self, outputs, self.recurrent_dropout, generator)


def count_heads(size):
    """Return the number of heads: one per 32 units, or the next divisor below it."""
    most = max(1, round(size / UNITS_PER_HEAD))
    return next(n for n in range(most, 0, -1) if size % n == 0)


def rotate(vectors, first):
    """Rotate the vectors of steps by their positions [3]_.

    The product of two rotated vectors depends on their distance alone.

    Parameters
    ----------
    vectors : torch.Tensor of shape (..., n_steps, n_units)
        Queries or keys. If the number of units is odd, the last one is not rotated.
    first : int
        Position of the first step.

    Returns
    -------
    rotated : torch.Tensor of shape (..., n_steps, n_units)
        Each unit of the first half is rotated with one of the second half, by an angle
        of position / `BASE` ** (number of the unit / half of the units).
    """
    n_steps, n_units = vectors.shape[-2:]
    half = n_units // 2
    steps = torch.arange(first, first + n_steps, device=vectors.device)
    cos, sin = _cos_and_sin(steps, half, vectors)
    x, y, rest = vectors.split([half, half, n_units - 2 * half], -1)
    return torch.cat([x * cos - y * sin, y * cos + x * sin, rest], -1)


def position_codes(inputs, step_mask):
    """Return codes of the positions of steps [1]_.

    Parameters
    ----------
    inputs : torch.Tensor of shape (n_windows, n_timesteps, size)
        Inputs of the steps.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. Positions are counted from the first real step.

    Returns
    -------
    codes : torch.Tensor of shape (n_windows or 1, n_timesteps, size)
        Cosines and sines of the angles by which :func:`rotate` rotates. If the size is
        odd, the last number is 0.
    """
    n_timesteps, size = inputs.shape[1:]
    if step_mask is None:
        positions = torch.arange(n_timesteps, device=inputs.device)[None]
    else:
        positions = step_mask.cumsum(1) - 1
    codes = torch.cat(_cos_and_sin(positions, size // 2, inputs), -1)
    return CODE_SCALE * pad(codes, (0, size % 2))


def _cos_and_sin(positions, n_angles, like):
    """Return cosine and sine of the angles of positions, (..., n_angles) each."""
    # In single precision, the angles of late steps would be wrong.
    numbers = torch.arange(n_angles, dtype=torch.float64, device=positions.device)
    angles = positions[..., None] * BASE ** -(numbers / max(1, n_angles))
    return angles.cos().to(like), angles.sin().to(like)


def _mask_of_keys(step_mask):
    """Return which steps may be attended to, for all heads and queries alike.

    A window of padding alone attends to its padding, so that no state is NaN.
    """
    if step_mask is None:
        return None
    is_key = step_mask | ~step_mask.any(1, keepdim=True)
    return is_key[:, None, None]


def _mask_of_recent(n_queries, n_keys, device):
    """Return which keys each of the last steps attends to, (n_queries, n_keys)."""
    keys = torch.arange(n_keys, device=device)
    queries = keys[n_keys - n_queries :, None]
    return (keys <= queries) & (keys > queries - N_REMEMBERED)
