"""Decoder: predicts each symbol from those before it and from the source."""

import torch
from torch import nn

from sklstm._nn.attention import ATTENTIONS
from sklstm._nn.dropout import drop_codes, drop_states
from sklstm._nn.input_layers import Embedding
from sklstm._nn.layers import Linear
from sklstm._nn.stack import make_layer


class Decoder(nn.Module):
    """Layers that attend to a source and predict the next symbol.

    The first layer reads the symbols. Its states are the queries of the attention. The
    context, which is what the attention returns, goes into all later layers [1]_ and
    into the output layer [2]_. The attention does not go back into the first layer, so
    that a whole target is read by one call of each layer during training.

    Parameters
    ----------
    n_codes : int
        Number of different symbols.
    width : int
        Width of the states of a source.
    embedding_size : int
        Length of the vector of a symbol.
    sizes : tuple of int
        Number of units of each layer, from first to last.
    attention : str
        A key of :data:`~sklstm._nn.attention.ATTENTIONS`.
    embedding_dropout, dropout
        As in :class:`~sklstm._nn.encoder.Encoder`.
    dtype : torch.dtype
        Precision of the weights.
    **settings : dict
        `cell` and other parameters of :func:`~sklstm._nn.stack.make_layer`.

    References
    ----------
    .. [1] Y. Wu et al., "Google's Neural Machine Translation System: Bridging the Gap
       between Human and Machine Translation", 2016, arXiv:1609.08144.
    .. [2] M.-T. Luong, H. Pham and C. D. Manning, "Effective Approaches to
       Attention-based Neural Machine Translation", EMNLP 2015, 1412-1421.
    """

    def __init__(
        self,
        n_codes,
        width,
        *,
        embedding_size,
        sizes,
        attention,
        embedding_dropout,
        dropout,
        dtype,
        **settings,
    ):
        super().__init__()
        self.embedding_dropout, self.dropout = embedding_dropout, dropout
        self.embedding = Embedding(n_codes, embedding_size, dtype)
        n_inputs = [embedding_size, *(size + width for size in sizes[:-1])]
        layers = [
            make_layer(n_inputs=n, size=size, dtype=dtype, **settings)
            for n, size in zip(n_inputs, sizes, strict=True)
        ]
        # Lengths of the vectors with which the memory of each layer starts.
        self.start_widths = [layer.n_states * layer.size for layer in layers]
        self.start = Linear(width, sum(self.start_widths), dtype)
        self.layers = nn.ModuleList(layers)
        self.attention = ATTENTIONS[attention](sizes[0], width, dtype)
        self.combine = Linear(sizes[-1] + width, sizes[-1], dtype)
        self.head = Linear(sizes[-1], n_codes, dtype)

    def remember(self, memory):
        """Return the memory with the keys of the attention."""
        return memory._replace(keys=self.attention.keys(memory.states))

    def first_state(self, memory):
        """Return the state of each layer before the first symbol.

        It is computed from the last states of the source.
        """
        of_layers = torch.tanh(self.start(memory.last)).split(self.start_widths, 1)
        return [
            layer.start_from(vectors)
            for layer, vectors in zip(self.layers, of_layers, strict=True)
        ]

    def forward(self, codes, state, memory, generator=None):
        """Predict the symbol after each symbol.

        Parameters
        ----------
        codes : torch.Tensor of int64 of shape (n_targets, n_symbols)
            Codes of the symbols. Each source may have several targets, which follow
            each other.
        state : list of tuple of torch.Tensor
            State of each layer before the first symbol.
        memory : Memory
            Sources with their keys.
        generator : torch.Generator or None, default=None
            Source of the random numbers of dropout. Only needed during training.

        Returns
        -------
        outputs : torch.Tensor of shape (n_targets, n_symbols, n_codes)
            Logarithms of the probabilities of the next symbols, up to a constant.
        weights : torch.Tensor of shape (n_targets, n_symbols, n_steps)
            Attention weights of the steps of the source for each next symbol.
        state : list of tuple of torch.Tensor
            State of each layer after the last symbol.
        """

        def drop(states):
            return drop_states(self, states, self.dropout, generator)

        vectors = drop(self.embedding(drop_codes(self, codes, generator)))
        first, *upper = self.layers
        states, last = first.continue_from(state[0], vectors, generator)
        states, after = drop(states), [last]
        contexts, weights = self._attend(states, memory)
        for layer, before in zip(upper, state[1:], strict=True):
            inputs = torch.cat([states, contexts], 2)
            states, last = layer.continue_from(before, inputs, generator)
            states = drop(states)
            after.append(last)
        combined = torch.tanh(self.combine(torch.cat([states, contexts], 2)))
        return self.head(drop(combined)), weights, after

    def _attend(self, states, memory):
        """Return context and weights for each state, (n_targets, n_symbols, ...)."""
        n_sources, n_targets = len(memory.states), len(states)
        queries = states.reshape(n_sources, -1, states.shape[2])
        return (
            part.reshape(n_targets, -1, part.shape[2])
            for part in self.attention(queries, memory)
        )
