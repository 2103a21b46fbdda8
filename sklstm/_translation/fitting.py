"""Fit of a translation network: its size, its options and its training."""

import math
from typing import NamedTuple

import torch

from sklstm._core.auto import is_auto
from sklstm._core.symbol_fit import SymbolFit, clip
from sklstm._input.plain import saved_as
from sklstm._nn.translator import TranslationNetwork
from sklstm._translation.training import PairTrainer

saved_as("translation_network")(TranslationNetwork)

# With ``batch_size="auto"``, an epoch of few pairs still has many training steps.
STEPS_PER_EPOCH, MIN_BATCH_SIZE = 100, 8
MOST_EPOCHS = 200
# From this number of pairs on, the network is larger by default.
MANY_PAIRS = 20_000
# Parameters of the network that may be "auto".
SIZE_PARAMETERS = "hidden_layer_sizes", "dropout"


class Defaults(NamedTuple):
    """Values of the parameters that are "auto", for few or for many pairs."""

    hidden_layer_sizes: tuple
    dropout: float
    max_batch_size: int
    # With ``max_iter="auto"``, a fit makes about this many training steps.
    n_steps: int
    fewest_epochs: int


FOR_FEW = Defaults((256,), 0.4, max_batch_size=64, n_steps=6000, fewest_epochs=20)
FOR_MANY = Defaults((256, 256), 0.3, max_batch_size=128, n_steps=3000, fewest_epochs=12)


class TranslationFit(SymbolFit):
    """Data and options of a fit.

    Parameters
    ----------
    parameters, former, is_partial
        As in :class:`~sklstm._core.symbol_fit.SymbolFit`.
    n_source_codes : int or None
        Number of different symbols of the sources. None for numbers.
    pairs : Pairs
        Pairs to learn.
    """

    def __init__(self, parameters, n_source_codes, pairs, former, is_partial):
        self.n_source_codes, self.pairs = n_source_codes, pairs
        self.defaults = FOR_FEW if pairs.n_pairs < MANY_PAIRS else FOR_MANY
        # A fit that goes on keeps the layers of its former network.
        values = self.defaults._asdict() if former is None else former.architecture
        names = [name for name in SIZE_PARAMETERS if is_auto(parameters[name])]
        chosen = {name: values[name] for name in names}
        super().__init__(parameters | chosen, former, is_partial)

    def _new_network(self):
        """Return a network without initial weights."""
        parameters = self.parameters
        n_target_codes, n_features = self.pairs.end + 1, None
        embedding_size = None
        if self.n_source_codes is None:
            n_features = self.pairs.sources.values.shape[1]
        else:
            embedding_size = self._embedding_size(self.n_source_codes)
        return TranslationNetwork(
            n_features,
            self.n_source_codes,
            n_target_codes,
            source_embedding_size=embedding_size,
            target_embedding_size=self._embedding_size(n_target_codes),
            hidden_layer_sizes=self.sizes,
            cell=parameters.cell,
            bidirectional=parameters.bidirectional,
            attention=parameters.attention,
            embedding_dropout=parameters.embedding_dropout,
            dropout=parameters.dropout,
            recurrent_dropout=parameters.recurrent_dropout,
        )

    def _split(self, generator):
        """Return the training pairs and the pairs to hold out."""
        if not self._holds_out:
            return self.pairs, None
        fraction = self.parameters.validation_fraction
        return split_off(self.pairs, fraction, generator)

    def _make_trainer(self, network, training, validation, optimizer_state):
        """Return the trainer of a network."""
        data = training, validation
        return PairTrainer(network, *data, self.options, optimizer_state)

    def _batch_size(self):
        """Return the batch size for the number of pairs."""
        size = round(self.pairs.n_pairs / STEPS_PER_EPOCH)
        return clip(size, MIN_BATCH_SIZE, self.defaults.max_batch_size)

    def _n_epochs(self, batch_size):
        """Return the number of epochs for about `n_steps` training steps."""
        n_batches = math.ceil(self.pairs.n_pairs / batch_size)
        n_epochs = math.ceil(self.defaults.n_steps / n_batches)
        return clip(n_epochs, self.defaults.fewest_epochs, MOST_EPOCHS)


def split_off(pairs, fraction, generator):
    """Split pairs into training and validation pairs.

    Parameters
    ----------
    pairs : Pairs
        Pairs to split. Pairs of the same source stay together.
    fraction : float
        Fraction of the sources to hold out.
    generator : torch.Generator
        Source of the random choice of sources.

    Returns
    -------
    training, validation : Pairs
        The parts.

    Raises
    ------
    ValueError
        If there is only one source.
    """
    numbers = pairs.source_numbers
    n_sources = int(numbers.max()) + 1
    if n_sources == 1:
        raise ValueError(
            "Early stopping holds out some of the sources, but all sources in X are "
            "equal. Pass more sources, or set early_stopping=False."
        )
    n_held_out = min(n_sources - 1, max(1, round(fraction * n_sources)))
    order = torch.randperm(n_sources, generator=generator)
    is_held_out = torch.zeros(n_sources, dtype=torch.bool)
    is_held_out[order[:n_held_out]] = True
    rows = is_held_out[numbers]
    return pairs.select(~rows), pairs.select(rows)
