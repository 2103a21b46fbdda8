"""Progress of training: losses of the epochs, and the best weights so far."""

import math
from typing import NamedTuple

import torch

# Training has diverged if the final loss exceeds that of the best constant prediction,
# and that of the best epoch, by this factor. In some fits with unbounded activations,
# the loss exceeds them by much more for some epochs and then falls again.
DIVERGENCE = 10
# A network has learned something if its loss is lower than that of the best constant
# prediction by this fraction.
LEARNED = 0.05


class TrainingHistory:
    """Losses of all epochs so far.

    Attributes
    ----------
    loss_curve : list of float
        Mean training loss of each epoch.
    validation_loss_curve : list of float or None
        Validation loss after each epoch. None without validation rows.
    best_loss : float
        Lowest loss so far, on the validation rows if there are any.
    ended_by : {"max_iter", "tol", "callback", "interrupt", "divergence"} or None
        Why training ended. None before it has ended.
    bounds : LossBounds or None
        Lowest possible loss, and loss of the best constant prediction. None before
        training has ended.
    final_loss : float or None
        Loss of the final weights on the training rows, without dropout and penalty.
        None if nothing indicates that training failed: the loss is then not computed.
    """

    def __init__(self, has_validation):
        self.loss_curve = []
        self.validation_loss_curve = [] if has_validation else None
        self.best_loss = math.inf
        self.ended_by = None
        self.bounds = self.final_loss = None

    @property
    def curve(self):
        """Losses that measure progress."""
        is_validated = self.validation_loss_curve is not None
        return self.validation_loss_curve if is_validated else self.loss_curve

    def add(self, loss, validation_loss):
        """Append the losses of an epoch."""
        self.loss_curve.append(loss)
        if validation_loss is not None:
            self.validation_loss_curve.append(validation_loss)

    def has_learned(self, tol):
        """Whether the final loss is clearly below that of a constant prediction.

        It is also True if a constant is at most `tol` worse than a perfect prediction:
        then there is nothing to learn.
        """
        gain = self.bounds.constant - self.bounds.lowest
        is_close = self.final_loss > self.bounds.constant - LEARNED * gain
        return gain <= tol or not is_close


class BestSoFar:
    """Best weights so far, and the number of epochs without an improvement.

    Parameters
    ----------
    weights : FlatWeights
        Weights that are trained.
    tol : float
        Minimum decrease of the loss that counts as an improvement.
    """

    def __init__(self, weights, tol):
        self._weights, self._tol = weights, tol
        self._before = self._kept = None
        self.loss = math.inf
        self.n_epochs_no_change = 0

    def start_epoch(self):
        """Keep a copy of the weights at the start of an epoch."""
        self._before = self._weights.copy()

    def update(self, loss):
        """Update with the loss of an epoch."""
        is_better = loss <= self.loss - self._tol
        self.n_epochs_no_change = 0 if is_better else self.n_epochs_no_change + 1
        if loss < self.loss:
            self.loss = loss
            self._kept = self._before, self._weights.copy()

    def restore_last(self):
        """Restore the weights after the best epoch, if there is one."""
        if self._kept is not None:
            self._weights.restore(self._kept[1])

    def restore_lowest(self, compute_loss):
        """Restore the weights before or after the best epoch.

        The training loss of an epoch is measured before each step of the optimizer. It
        does not show whether the last step made the weights worse.

        Parameters
        ----------
        compute_loss : callable
            Function that returns the loss of the current weights.

        Returns
        -------
        loss : float
            The lower of the two losses. It is infinite if no loss is finite.
        """
        losses = []
        for weights in self._kept:
            self._weights.restore(weights)
            loss = compute_loss()
            losses.append(loss if math.isfinite(loss) else math.inf)
        lowest = min(losses)
        self._weights.restore(self._kept[losses.index(lowest)])
        return lowest


class LossBounds(NamedTuple):
    """Lowest possible loss, and loss of the best constant prediction."""

    lowest: float  # of perfect predictions
    constant: float  # of the best constant prediction

    @classmethod
    def of(cls, loss, rows):
        """Compute the bounds of a loss on rows.

        Parameters
        ----------
        loss : Loss
            A loss of :mod:`sklstm._nn.losses`.
        rows : Rows
            Rows with their targets and weights.
        """
        no_outputs = rows.targets.new_zeros((*rows.targets.shape[:-1], 1))
        _, rows, _ = rows.flatten_steps(no_outputs)
        constant = loss.best_constant(rows.targets, rows.weights)
        losses = loss(constant.expand(len(rows.targets), -1), rows.targets)
        lowest = rows.mean(loss.lowest(rows.targets)).item()
        return cls(lowest, rows.mean(losses).item())

    @classmethod
    def of_symbols(cls, codes, weights):
        """Compute the bounds of the cross-entropy of symbols with weights.

        The best constant prediction is the share of each symbol.
        """
        counts = torch.bincount(codes, weights)
        shares = counts[counts > 0] / counts.sum()
        return cls(0.0, -(shares * shares.log()).sum().item())

    def is_divergence(self, loss, best_loss, tol):
        """Whether a loss is far above those of a constant and of the best epoch."""
        highest = max(self.constant - self.lowest, best_loss - self.lowest, tol)
        return not math.isfinite(loss) or loss - self.lowest > DIVERGENCE * highest
