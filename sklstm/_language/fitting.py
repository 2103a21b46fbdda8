"""Fit of a language network: its size, its options and its training."""

import math

import torch

from sklstm._core.symbol_fit import SymbolFit, clip
from sklstm._input.plain import saved_as
from sklstm._language.training import TextTrainer, steps_of_piece
from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.language import LanguageNetwork

saved_as("language_network")(LanguageNetwork)

# A fit with ``max_iter="auto"`` makes about this many training steps, within these
# numbers of epochs.
N_STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 3000, 10, 100
# With ``batch_size="auto"``, an epoch of few symbols still has many training steps.
SYMBOLS_PER_ROW, MIN_BATCH_SIZE, MAX_BATCH_SIZE = 5000, 4, 32
# Share of the symbols that is learned for unknown ones, at most.
MAX_UNKNOWN_SHARE = 0.1


class LanguageFit(SymbolFit):
    """Data and options of a fit.

    Parameters
    ----------
    parameters, former, is_partial
        As in :class:`~sklstm._core.symbol_fit.SymbolFit`.
    end : int
        Code of the end of a sequence, the largest code.
    texts : Texts
        Texts to learn.
    """

    def __init__(self, parameters, end, texts, former, is_partial):
        self.n_codes, self.texts = end + 1, texts
        super().__init__(parameters, former, is_partial)

    def _new_network(self):
        """Return a network without initial weights."""
        parameters = self.parameters
        return LanguageNetwork(
            self.n_codes,
            embedding_size=self._embedding_size(self.n_codes),
            hidden_layer_sizes=self.sizes,
            cell=parameters.cell,
            shares_embedding=parameters.share_embedding,
            embedding_dropout=parameters.embedding_dropout,
            dropout=parameters.dropout,
            recurrent_dropout=parameters.recurrent_dropout,
        )

    def _split(self, generator):
        """Return the training texts and the texts to hold out."""
        if not self._holds_out:
            return self.texts, None
        fraction = self.parameters.validation_fraction
        return split_off(self.texts, fraction, generator)

    def _make_trainer(self, network, training, validation, optimizer_state):
        """Return the trainer of a network."""
        share = unknown_share(training)
        data = training, validation, share
        return TextTrainer(network, *data, self.options, optimizer_state)

    def _batch_size(self):
        """Return the batch size for the number of symbols."""
        size = round(self.texts.n_symbols / SYMBOLS_PER_ROW)
        return clip(size, MIN_BATCH_SIZE, MAX_BATCH_SIZE)

    def _n_epochs(self, batch_size):
        """Return the number of epochs for about `N_STEPS` training steps."""
        n_steps = steps_of_piece(self.n_codes, batch_size)
        n_batches = len(self.texts.lengths) / batch_size
        n_pieces = self.texts.n_symbols / (batch_size * n_steps)
        n_epochs = math.ceil(N_STEPS / max(1, n_batches, n_pieces))
        return clip(n_epochs, FEWEST_EPOCHS, MOST_EPOCHS)


def split_off(texts, fraction, generator):
    """Split texts into training and validation texts.

    Parameters
    ----------
    texts : Texts
        Texts to split. If there is only one, its last part is split off.
    fraction : float
        Fraction to hold out.
    generator : torch.Generator
        Source of the random choice of texts.

    Returns
    -------
    training, validation : Texts
        The parts.
    """
    n_texts = len(texts.lengths)
    n_all = n_texts if n_texts > 1 else int(texts.lengths[0])
    n_held_out = min(n_all - 1, max(1, round(fraction * n_all)))
    if n_texts > 1:
        order = torch.randperm(n_texts, generator=generator)
        held_out, kept = order[:n_held_out].sort()[0], order[n_held_out:].sort()[0]
        return texts.select(kept), texts.select(held_out)
    n_kept = n_all - n_held_out
    return (
        texts._replace(lengths=texts.lengths - n_held_out),
        texts._replace(starts=texts.starts + n_kept, lengths=texts.lengths - n_kept),
    )


def unknown_share(texts):
    """Estimate the probability of a symbol that is in none of the texts [1]_.

    It is the share of the symbols that occur once. If some symbols of the texts are
    unknown, because they are rare, nothing has to be estimated.

    References
    ----------
    .. [1] I. J. Good, "The Population Frequencies of Species and the Estimation of
       Population Parameters", Biometrika 40(3/4), 1953, 237-264.
    """
    codes, _ = texts.targets
    counts = torch.bincount(codes, minlength=UNKNOWN + 1)
    if counts[UNKNOWN] > 0:
        return 0.0
    n_once = max(1, int((counts == 1).sum()))
    return min(MAX_UNKNOWN_SHARE, n_once / len(codes))
