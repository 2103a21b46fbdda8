"""Encoder: reads sources of symbols or of numbers, step by step."""

from torch import nn

from sklstm._nn.dropout import drop_codes, drop_states
from sklstm._nn.input_layers import Embedding
from sklstm._nn.masking import zero_padding
from sklstm._nn.stack import LayerStack


class Encoder(nn.Module):
    """Layers that read a source, in one or in both directions.

    Parameters
    ----------
    n_features : int or None
        Number of features of a step of a source. None for symbols.
    n_codes : int or None
        Number of different symbols. None for numbers.
    embedding_size : int or None
        Length of the vector of a symbol. None for numbers.
    embedding_dropout : float
        Fraction of the symbols to replace by the unknown symbol during training.
    dropout : float
        Fraction of the vectors of symbols and of the outputs of each layer to drop
        during training.
    dtype : torch.dtype
        Precision of the weights.
    **settings : dict
        Other parameters of :class:`~sklstm._nn.stack.LayerStack`.
    """

    def __init__(
        self,
        n_features,
        n_codes,
        *,
        embedding_size,
        embedding_dropout,
        dropout,
        dtype,
        **settings,
    ):
        super().__init__()
        self.embedding_dropout, self.dropout = embedding_dropout, dropout
        self.embedding = None
        if n_codes is not None:
            self.embedding = Embedding(n_codes, embedding_size, dtype)
        n_inputs = n_features if n_codes is None else embedding_size
        self.layers = LayerStack(n_inputs, dtype=dtype, **settings)

    def forward(self, sources, step_mask, generator=None):
        """Read sources.

        Parameters
        ----------
        sources : torch.Tensor
            Codes of symbols, (n_sources, n_steps), or numbers, (n_sources, n_steps,
            n_features).
        step_mask : torch.Tensor of bool of shape (n_sources, n_steps) or None
            True where a step is real. Padding is at the start. None if there is none.
        generator : torch.Generator or None, default=None
            Source of the random numbers of dropout. Only needed during training.

        Returns
        -------
        states : torch.Tensor of shape (n_sources, n_steps, width)
            Hidden states, zero at padding steps.
        last : torch.Tensor of shape (n_sources, width)
            Hidden state of each direction after its last step.
        """

        def drop(states):
            return drop_states(self, states, self.dropout, generator)

        inputs = sources
        if self.embedding is not None:
            inputs = drop(self.embedding(drop_codes(self, sources, generator)))
        inputs = zero_padding(inputs, step_mask)
        states, last = self.layers(inputs, drop, generator, step_mask)
        return drop(states), last
