"""Network that translates sources to sequences of symbols."""

import torch

from sklstm._nn.attention import Memory
from sklstm._nn.decoder import Decoder
from sklstm._nn.encoder import Encoder
from sklstm._nn.symbol_network import SymbolNetwork


class TranslationNetwork(SymbolNetwork):
    """Encoder and decoder with attention.

    Parameters
    ----------
    n_features, n_source_codes : int or None
        Number of features of a step of the sources, and number of their different
        symbols. One of them is None.
    n_target_codes : int
        Number of different symbols of the targets.
    source_embedding_size : int or None
        Length of the vector of a symbol of the sources. None for numbers.
    target_embedding_size : int
        Length of the vector of a symbol of the targets.
    hidden_layer_sizes : tuple of int
        Number of units of each layer of the encoder, in each direction, and
        of the decoder.
    cell : str
        Type of the layers, one of :data:`sklstm._nn.stack.CELL_NAMES`.
    bidirectional : bool
        Whether the encoder also reads the sources backward.
    attention : str
        A key of :data:`~sklstm._nn.attention.ATTENTIONS`.
    embedding_dropout, dropout : float
        As in :class:`~sklstm._nn.encoder.Encoder`.
    recurrent_dropout : float
        As in :func:`~sklstm._nn.stack.make_layer`.
    dtype : torch.dtype, default=torch.float32
        Precision of the weights.
    """

    def __init__(
        self,
        n_features,
        n_source_codes,
        n_target_codes,
        *,
        source_embedding_size,
        target_embedding_size,
        hidden_layer_sizes,
        cell,
        bidirectional,
        attention,
        embedding_dropout,
        dropout,
        recurrent_dropout,
        dtype=torch.float32,
    ):
        super().__init__(
            n_features=n_features,
            n_source_codes=n_source_codes,
            n_target_codes=n_target_codes,
            source_embedding_size=source_embedding_size,
            target_embedding_size=target_embedding_size,
            hidden_layer_sizes=hidden_layer_sizes,
            cell=cell,
            bidirectional=bidirectional,
            attention=attention,
            embedding_dropout=embedding_dropout,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        settings = {
            "cell": cell,
            "activation": "tanh",
            "sizes": hidden_layer_sizes,
            "embedding_dropout": embedding_dropout,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "dtype": dtype,
        }
        self.encoder = Encoder(
            n_features,
            n_source_codes,
            embedding_size=source_embedding_size,
            bidirectional=bidirectional,
            **settings,
        )
        width = self.encoder.layers.width
        self.decoder = Decoder(
            n_target_codes,
            width,
            embedding_size=target_embedding_size,
            attention=attention,
            **settings,
        )
        self.widest = max(n_target_codes, 4 * max(hidden_layer_sizes))

    @property
    def device(self):
        """Device of the weights."""
        return self.decoder.head.weight.device

    def sequence_layers(self):
        """Return all layers that read sequences."""
        of_encoder = (layer for layers in self.encoder.layers for layer in layers)
        return [*of_encoder, *self.decoder.layers]

    def encode(self, sources, step_mask=None):
        """Return what the decoder needs to know of sources.

        Parameters
        ----------
        sources, step_mask
            As in :class:`~sklstm._nn.encoder.Encoder`.

        Returns
        -------
        memory : Memory
            States of the sources, with the keys of the attention.
        """
        states, last = self.encoder(sources, step_mask, self.generator)
        return self.decoder.remember(Memory(states, last, step_mask))

    def forward(self, sources, step_mask, codes):
        """Predict the symbol after each symbol of the targets.

        Parameters
        ----------
        sources, step_mask
            As in :class:`~sklstm._nn.encoder.Encoder`.
        codes : torch.Tensor of int64 of shape (n_sources, n_symbols)
            Codes of the symbols before each symbol of the targets.

        Returns
        -------
        outputs : torch.Tensor of shape (n_sources, n_symbols, n_codes)
            Logarithms of the probabilities of the symbols, up to a constant.
        weights : torch.Tensor of shape (n_sources, n_symbols, n_steps)
            Attention weights of the steps of the source for each symbol.
        """
        memory = self.encode(sources, step_mask)
        state = self.decoder.first_state(memory)
        outputs, weights, _ = self.decoder(codes, state, memory, self.generator)
        return outputs, weights
