"""The output of a model that is explained: one number for each window."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid

from sklstm._nn.crf import log_odds_of_class
from sklstm._nn.losses import Loss


@dataclass(frozen=True)
class Output(ABC):
    """A number for each window.

    Attributes
    ----------
    steps : torch.Tensor of int of shape (n_windows,) or None
        The time step whose output is explained. None if windows have one output.
    """

    steps: torch.Tensor | None = None

    method = "__call__"  # of the networks

    def __call__(self, line, rows, shares):
        """Compute the output, (n_rows,), from the arguments of `line.outputs`."""
        outputs = line.outputs(rows, shares, self.method)
        values = [
            self._of_network(network, self._at_step(of_network, rows), rows)
            for network, of_network in zip(line.networks, outputs, strict=True)
        ]
        return values[0] if len(values) == 1 else self._combine(torch.stack(values))

    def _at_step(self, outputs, rows):
        """Select the outputs of the step to explain, (n_rows, n_outputs)."""
        if self.steps is None:
            return outputs
        return outputs[torch.arange(len(rows)), self.steps[rows]]

    @abstractmethod
    def _of_network(self, network, outputs, rows):
        """Convert outputs of a network to a number for each row, (n_rows,)."""

    @abstractmethod
    def _combine(self, values):
        """Combine the numbers of several networks, (n_networks, n_rows)."""


@dataclass(frozen=True)
class Prediction(Output):
    """Prediction of a regressor, before it is scaled to the units of y.

    Attributes
    ----------
    loss : Loss
        Loss of the networks, which converts outputs to predictions.
    position : tuple of int
        Number of the target and, if there are quantiles, number of the quantile.
    """

    loss: Loss | None = None
    position: tuple[int, ...] = (0,)

    def _of_network(self, network, outputs, rows):
        return self.loss.predictions(outputs)[:, *self.position]

    def _combine(self, values):
        """Return the median."""
        values = values.sort(0).values
        n_networks = len(values)
        return (values[(n_networks - 1) // 2] + values[n_networks // 2]) / 2


@dataclass(frozen=True)
class LogOdds(Output):
    """Log-odds of a class or a label.

    Attributes
    ----------
    numbers : torch.Tensor of int of shape (n_windows,)
        Number of the class of each window.
    kind : str
        Kind of the classification, as in :class:`~sklstm._core.targets.Classification`.
    """

    numbers: torch.Tensor | None = None
    kind: str = "binary"

    def _of_network(self, network, outputs, rows):
        numbers = self.numbers[rows]
        if self.kind == "binary":
            return outputs[:, 0] * (2 * numbers - 1)
        of_class = outputs.gather(1, numbers[:, None])[:, 0]
        if self.kind == "multilabel-indicator":
            return of_class
        others = outputs.scatter(1, numbers[:, None], -torch.inf)
        return of_class - others.logsumexp(1)

    def _combine(self, values):
        """Return the log-odds of the mean of the probabilities."""
        return logsigmoid(values).logsumexp(0) - logsigmoid(-values).logsumexp(0)


@dataclass(frozen=True)
class LogOddsOfPaths(LogOdds):
    """Log-odds of a class at a step, given all steps, over all paths of classes.

    Attributes
    ----------
    n_padding : torch.Tensor of shape (n_windows,) or None
        Number of padding steps at the start of each window. None if there are none.
    """

    n_padding: torch.Tensor | None = None

    def _at_step(self, outputs, rows):
        """Return the scores of all steps, (n_rows, n_timesteps, n_classes)."""
        return outputs

    def _of_network(self, network, outputs, rows):
        n_padding = None if self.n_padding is None else self.n_padding[rows]
        at = self.steps[rows], self.numbers[rows]
        return log_odds_of_class(outputs, network.transitions.scores, *at, n_padding)


@dataclass(frozen=True)
class ReconstructionError(Output):
    """Reconstruction error of an autoencoder."""

    method = "errors"

    def _of_network(self, network, outputs, rows):
        return outputs

    def _combine(self, values):
        """Return the mean."""
        return values.mean(0)
