"""Fit of a network that reads or writes symbols: its options and its training."""

import math
from abc import ABC, abstractmethod
from copy import deepcopy
from types import SimpleNamespace

from sklstm._core.convergence import (
    warn_of_failure,
    warn_of_interrupted_training,
    warn_of_max_iter,
)
from sklstm._core.layer_sizes import check_cell, check_sizes
from sklstm._nn.initialization import initialize
from sklstm._nn.runtime import default_modes, resolve_device, threads_for
from sklstm._nn.training import TrainingOptions, run_epochs

# Epochs without an improvement to tolerate, if the schedule has no end.
N_NO_CHANGE = 5
# Length of the vector of a symbol, for few and for many symbols.
FEW_CODES, SMALL_EMBEDDING, LARGE_EMBEDDING = 256, 64, 128


class SymbolFit(ABC):
    """Data and options of a fit.

    Parameters
    ----------
    parameters : dict
        Parameters of the estimator.
    former : SymbolNetwork or None
        Network to start from. If None, the weights are new.
    is_partial : bool
        Whether to train for one epoch, with all data and a constant learning rate.
    """

    def __init__(self, parameters, former, is_partial):
        self.parameters = SimpleNamespace(**parameters)
        self.former, self.is_partial = former, is_partial
        self.sizes = check_sizes(
            self.parameters.hidden_layer_sizes, "hidden_layer_sizes"
        )
        check_cell(self.parameters.cell, self.sizes)
        self.options = self._make_options()

    @abstractmethod
    def _batch_size(self):
        """Return the batch size for ``batch_size="auto"``."""

    @abstractmethod
    def _n_epochs(self, batch_size):
        """Return the number of epochs for ``max_iter="auto"``."""

    @abstractmethod
    def _new_network(self):
        """Return a network without initial weights."""

    @abstractmethod
    def _split(self, generator):
        """Return the training data and the data to hold out."""

    @abstractmethod
    def _make_trainer(self, network, training, validation, optimizer_state):
        """Return the trainer of a network. The data to hold out may be None."""

    def make_network(self, generator):
        """Return a new network, or a copy of the former one."""
        network = self._new_network()
        device = resolve_device(self.parameters.device)
        if self.former is None:
            initialize(network, generator, device)
            return network
        weights = self.former.state_dict()
        shapes = {name: part.shape for name, part in network.state_dict().items()}
        if shapes != {name: part.shape for name, part in weights.items()}:
            raise ValueError(
                "The network of the last fit has other layers than the parameters now "
                "ask for. Keep the parameters of its layers as they were, or set "
                "warm_start=False and fit again."
            )
        network.load_state_dict(deepcopy(weights))
        return network.to(device)

    def train(self, network, generator, callback_runner, optimizer_state):
        """Train a network in place; return its history and its optimizer's state."""
        training, validation = self._split(generator)
        device = next(network.parameters()).device
        training = training.to(device)
        validation = None if validation is None else validation.to(device)
        n_weights = sum(part.numel() for part in network.parameters())
        with threads_for(self.options.batch_size * n_weights), default_modes():
            trainer = self._make_trainer(network, training, validation, optimizer_state)
            return run_epochs(trainer, generator, callback_runner)

    def warn_of_end(self, history):
        """Warn if training was interrupted, failed or ended too early."""
        if history.ended_by == "interrupt":
            warn_of_interrupted_training(history, "the best weights so far")
            return
        if warn_of_failure(history, self.options, "symbols") or self.is_partial:
            return
        # A cosine schedule is meant to end with the last epoch.
        if history.ended_by == "max_iter" and self.options.learning_rate != "cosine":
            warn_of_max_iter(self.options.max_iter)

    @property
    def _holds_out(self):
        """Whether some data are held out."""
        return self.parameters.early_stopping and not self.is_partial

    def _embedding_size(self, n_codes):
        """Return the length of the vector of a symbol."""
        if self.parameters.embedding_size != "auto":
            return self.parameters.embedding_size
        is_few = n_codes <= FEW_CODES
        return min(self.sizes[0], SMALL_EMBEDDING if is_few else LARGE_EMBEDDING)

    def _make_options(self):
        """Return the options of training."""
        fields = vars(self.parameters) | {"shuffle": True}
        if self.is_partial:
            fields |= {"max_iter": 1, "learning_rate": "constant"}
        if fields["batch_size"] == "auto":
            fields["batch_size"] = self._batch_size()
        if fields["n_iter_no_change"] == "auto":
            is_cosine = fields["learning_rate"] == "cosine"
            fields["n_iter_no_change"] = math.inf if is_cosine else N_NO_CHANGE
        if fields["max_iter"] == "auto":
            fields["max_iter"] = self._n_epochs(fields["batch_size"])
        names = fields.keys() & set(TrainingOptions._fields)
        return TrainingOptions(**{name: fields[name] for name in names})


def clip(number, lowest, highest):
    """Return an integer within limits."""
    return int(min(max(number, lowest), highest))
