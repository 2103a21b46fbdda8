"""Network that predicts the next symbol of a sequence."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import linear

from sklstm._nn.dropout import drop_codes, drop_states
from sklstm._nn.input_layers import Embedding
from sklstm._nn.layers import Linear
from sklstm._nn.stack import make_layer
from sklstm._nn.symbol_network import SymbolNetwork


class LanguageNetwork(SymbolNetwork):
    """Embedding, layers and the probabilities of the next symbol.

    Parameters
    ----------
    n_codes : int
        Number of different symbols.
    embedding_size : int
        Length of the vector of a symbol.
    hidden_layer_sizes : tuple of int
        Number of units of each layer, from first to last.
    cell : str
        Type of the layers, one of :data:`sklstm._nn.stack.CELL_NAMES`.
    shares_embedding : bool
        Whether the vectors of the symbols are also the weights of the output layer
        [1]_. If the last layer has another number of units, a linear map comes first.
    embedding_dropout : float
        Fraction of the symbols to replace by the unknown symbol during training.
    dropout : float
        Fraction of the outputs of the embedding and of each layer to drop
        during training.
    recurrent_dropout : float
        As in :func:`~sklstm._nn.stack.make_layer`.
    dtype : torch.dtype, default=torch.float32
        Precision of the weights.

    References
    ----------
    .. [1] O. Press and L. Wolf, "Using the Output Embedding to Improve Language
       Models", EACL 2017, 157-163.
    """

    def __init__(
        self,
        n_codes,
        *,
        embedding_size,
        hidden_layer_sizes,
        cell,
        shares_embedding,
        embedding_dropout,
        dropout,
        recurrent_dropout,
        dtype=torch.float32,
    ):
        super().__init__(
            n_codes=n_codes,
            embedding_size=embedding_size,
            hidden_layer_sizes=hidden_layer_sizes,
            cell=cell,
            shares_embedding=shares_embedding,
            embedding_dropout=embedding_dropout,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        self.embedding_dropout, self.dropout = embedding_dropout, dropout
        self.embedding = Embedding(n_codes, embedding_size, dtype)
        options = {"recurrent_dropout": recurrent_dropout, "dtype": dtype}
        self.layers = nn.ModuleList(
            make_layer(cell, *sizes, **options)
            for sizes in pairwise((embedding_size, *hidden_layer_sizes))
        )
        width = hidden_layer_sizes[-1]
        self.widest = max(n_codes, embedding_size, 4 * max(hidden_layer_sizes))
        self.head = self.reduce = self.bias = None
        if not shares_embedding:
            self.head = Linear(width, n_codes, dtype)
            return
        if width != embedding_size:
            self.reduce = Linear(width, embedding_size, dtype)
        self.bias = nn.Parameter(torch.zeros(n_codes, dtype=dtype))

    @property
    def device(self):
        """Device of the weights."""
        return self.embedding.vectors.device

    def sequence_layers(self):
        """Return all layers that read sequences."""
        return list(self.layers)

    def first_state(self, n_sequences):
        """Return the state of each layer before the first symbol."""
        return [layer.first_state(n_sequences) for layer in self.layers]

    def forward(self, codes, state):
        """Predict the symbol after each symbol.

        Parameters
        ----------
        codes : torch.Tensor of int64 of shape (n_sequences, n_symbols)
            Codes of the symbols.
        state : list of tuple of torch.Tensor
            State of each layer before the first symbol.

        Returns
        -------
        outputs : torch.Tensor of shape (n_sequences, n_symbols, n_codes)
            Logarithms of the probabilities of the next symbols, up to a constant.
        state : list of tuple of torch.Tensor
            State of each layer after the last symbol.
        """
        hidden, after = self.hidden(codes, state)
        return self.outputs(hidden), after

    def outputs(self, hidden):
        """Return the outputs for the last hidden states, (..., n_codes)."""
        if self.head is not None:
            return self.head(hidden)
        if self.reduce is not None:
            hidden = self.reduce(hidden)
        return linear(hidden, self.embedding.vectors, self.bias)

    def hidden(self, codes, state):
        """Return the last hidden states, and the state after the last symbol."""

        def drop(states):
            return drop_states(self, states, self.dropout, self.generator)

        codes = drop_codes(self, codes, self.generator)
        states = drop(self.embedding(codes))
        after = []
        for layer, before in zip(self.layers, state, strict=True):
            states, last = layer.continue_from(before, states, self.generator)
            states = drop(states)
            after.append(last)
        return states, after
