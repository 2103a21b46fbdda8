"""Training of a network on pairs of a source and a target."""

import math

import torch
from torch.nn.functional import cross_entropy

from sklstm._nn.batches import batches_by_length
from sklstm._nn.progress import LossBounds
from sklstm._nn.training import Trainer, mean_loss

# Sources and targets are both of unequal length, so more batches are sorted together.
N_SORTED = 100


class PairTrainer(Trainer):
    """Network that is trained on pairs of a source and a target.

    The decoder reads the actual symbols before each symbol, not its own predictions
    (teacher forcing).

    Parameters
    ----------
    network, options, optimizer_state
        As in :class:`~sklstm._nn.training.Trainer`.
    training : Pairs
        Pairs to learn.
    validation : Pairs or None
        Pairs whose loss measures progress. If None, the training loss does.
    """

    def __init__(self, network, training, validation, options, optimizer_state=None):
        super().__init__(network, options, optimizer_state)
        self.training, self.validation = training, validation
        self.has_validation = validation is not None

    def batches(self, generator):
        """Return an iterator over the batches of an epoch."""
        pairs = self.training
        n_batches = math.ceil(pairs.n_pairs / self.options.batch_size)
        order = torch.randperm(pairs.n_pairs, generator=generator)
        keys = -pairs.keys.cpu()
        for rows in batches_by_length(order, keys, n_batches, generator, N_SORTED):
            rows = self.processes.share(rows)
            yield pairs.batch(rows.to(pairs.weights.device)) if len(rows) else None

    def train_on(self, batch):
        """Train on one batch; return its loss and its weight."""
        loss, total_weight = self._loss(batch)
        self.weights.set_gradient(loss)
        return self.update(loss.detach(), total_weight)

    def training_loss(self):
        """Compute the loss of the current weights on the training pairs."""
        return self._evaluate(self.training)

    def validation_loss(self):
        """Compute the loss of the current weights on the validation pairs."""
        return self._evaluate(self.validation)

    def bounds(self):
        """Compute the loss of the shares of the symbols, and of perfect predictions."""
        codes, numbers = self.training.targets.flat()
        return LossBounds.of_symbols(codes, self.training.weights[numbers])

    def _loss(self, batch):
        """Return the mean loss of the symbols of a batch, and their weight."""
        outputs, _ = self.network(batch.sources, batch.step_mask, batch.inputs)
        targets = batch.targets.flatten()
        losses = cross_entropy(outputs.flatten(0, 1), targets, reduction="none")
        total_weight = batch.weights.sum()
        return losses @ batch.weights.flatten() / total_weight, total_weight

    def _evaluate(self, pairs):
        """Return the weighted mean loss of all symbols, without dropout."""
        self.network.eval()
        order = pairs.keys.argsort(descending=True, stable=True)
        with torch.inference_mode():
            return mean_loss(
                self._loss(pairs.batch(rows))
                for rows in order.split(self.options.batch_size)
            )
