"""Fit of a language network: its size, its options and its training."""

import math
from copy import deepcopy
from types import SimpleNamespace

import torch

from sklstm._core.convergence import (
    warn_of_failure,
    warn_of_interrupted_training,
    warn_of_max_iter,
)
from sklstm._core.layer_sizes import check_sizes
from sklstm._nn.initialization import initialize
from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.runtime import default_modes, resolve_device, threads_for
from sklstm._nn.training import TrainingOptions, run_epochs
from sklstm._text.network import LanguageNetwork
from sklstm._text.training import TextTrainer, steps_of_piece

# A fit with ``max_iter="auto"`` makes about this many training steps, within these
# numbers of epochs.
N_STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 3000, 10, 100
# With ``batch_size="auto"``, an epoch of few symbols still has many training steps.
SYMBOLS_PER_ROW, MIN_BATCH_SIZE, MAX_BATCH_SIZE = 5000, 4, 32
# Epochs without an improvement to tolerate, if the schedule has no end.
N_NO_CHANGE = 5
# Length of the vector of a symbol, for few and for many symbols.
FEW_CODES, SMALL_EMBEDDING, LARGE_EMBEDDING = 256, 64, 128
# Share of the symbols that is learned for unknown ones, at most.
MAX_UNKNOWN_SHARE = 0.1


class LanguageFit:
    """Data and options of a fit.

    Parameters
    ----------
    parameters : dict
        Parameters of :class:`~sklstm.LSTMLanguageModel`.
    end : int
        Code of the end of a sequence, the largest code.
    texts : Texts
        Texts to learn.
    is_partial : bool
        Whether to train for one epoch, with all texts and a constant learning rate.
    """

    def __init__(self, parameters, end, texts, is_partial):
        self.parameters = SimpleNamespace(**parameters)
        self.n_codes, self.texts, self.is_partial = end + 1, texts, is_partial
        self.sizes = check_sizes(
            self.parameters.hidden_layer_sizes, "hidden_layer_sizes"
        )
        self.options = self._make_options()

    def make_network(self, former, generator):
        """Return a new network, or a copy of a former one."""
        parameters = self.parameters
        network = LanguageNetwork(
            self.n_codes,
            embedding_size=self._embedding_size(),
            hidden_layer_sizes=self.sizes,
            cell=parameters.cell,
            shares_embedding=parameters.share_embedding,
            embedding_dropout=parameters.embedding_dropout,
            dropout=parameters.dropout,
            recurrent_dropout=parameters.recurrent_dropout,
        )
        device = resolve_device(parameters.device)
        if former is None:
            initialize(network, generator, device)
            return network
        weights = former.state_dict()
        shapes = {name: part.shape for name, part in network.state_dict().items()}
        if shapes != {name: part.shape for name, part in weights.items()}:
            raise ValueError(
                "The network of the last fit has other layers than the parameters now "
                "ask for. Keep the sizes, the cell and share_embedding as they were, "
                "or set warm_start=False and fit again."
            )
        network.load_state_dict(deepcopy(weights))
        return network.to(device)

    def train(self, network, generator, callback_runner, optimizer_state):
        """Train a network in place; return its history and its optimizer's state."""
        training, validation = self.texts, None
        if self.parameters.early_stopping and not self.is_partial:
            training, validation = split_off(
                self.texts, self.parameters.validation_fraction, generator
            )
        device = network.embedding.vectors.device
        training = training.to(device)
        n_weights = sum(part.numel() for part in network.parameters())
        with threads_for(self.options.batch_size * n_weights), default_modes():
            trainer = TextTrainer(
                network,
                training,
                validation if validation is None else validation.to(device),
                unknown_share(training),
                self.options,
                optimizer_state,
            )
            return run_epochs(trainer, generator, callback_runner)

    def _embedding_size(self):
        """Return the length of the vector of a symbol."""
        if self.parameters.embedding_size != "auto":
            return self.parameters.embedding_size
        is_few = self.n_codes <= FEW_CODES
        return min(self.sizes[0], SMALL_EMBEDDING if is_few else LARGE_EMBEDDING)

    def _make_options(self):
        """Return the options of training."""
        fields = vars(self.parameters) | {"shuffle": True}
        if self.is_partial:
            fields |= {"max_iter": 1, "learning_rate": "constant"}
        if fields["batch_size"] == "auto":
            size = round(self.texts.n_symbols / SYMBOLS_PER_ROW)
            fields["batch_size"] = min(max(size, MIN_BATCH_SIZE), MAX_BATCH_SIZE)
        if fields["n_iter_no_change"] == "auto":
            is_cosine = fields["learning_rate"] == "cosine"
            fields["n_iter_no_change"] = math.inf if is_cosine else N_NO_CHANGE
        if fields["max_iter"] == "auto":
            fields["max_iter"] = self._n_epochs(fields["batch_size"])
        return TrainingOptions(**{f: fields[f] for f in TrainingOptions._fields})

    def _n_epochs(self, batch_size):
        """Return the number of epochs for about `N_STEPS` training steps."""
        n_steps = steps_of_piece(self.n_codes, batch_size)
        n_batches = len(self.texts.lengths) / batch_size
        n_pieces = self.texts.n_symbols / (batch_size * n_steps)
        n_epochs = math.ceil(N_STEPS / max(1, n_batches, n_pieces))
        return int(min(max(n_epochs, FEWEST_EPOCHS), MOST_EPOCHS))


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


def warn_of_end(history, options, is_partial):
    """Warn if training was interrupted, failed or ended too early."""
    if history.ended_by == "interrupt":
        warn_of_interrupted_training(history, "the best weights so far")
        return
    layers = {"activation": "tanh", "pooling": None}
    settings = SimpleNamespace(**options._asdict(), **layers)
    is_too_short = history.ended_by == "max_iter" and not is_partial
    if warn_of_failure(history, settings, "symbols"):
        return
    # A cosine schedule is meant to end with the last epoch.
    if is_too_short and options.learning_rate != "cosine":
        warn_of_max_iter(options.max_iter)
