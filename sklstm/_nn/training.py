"""Training loop: fits a network to windows with a loss and returns the history."""

import math
from functools import partial
from typing import NamedTuple

import torch

from sklstm._nn import onednn
from sklstm._nn.backprop import make_backprop
from sklstm._nn.masking import predict_trimmed
from sklstm._nn.optimizers import FlatWeights, Schedule, make_optimizer
from sklstm._nn.runtime import generator_on

# Limits of the size of a block to predict at once, so that the gates of one step fit
# into the cache of a core, and the states of all steps into memory. The cache is larger
# on processors with 512-bit instructions.
GATE_NUMBERS, WIDE_GATE_NUMBERS, STATE_NUMBERS = 2**17, 2**18, 2**22
# For blocks of fewer rows, loading the weights takes too much of the time.
FEWEST_ROWS = 256
# Rows of unequal length are sorted within groups of this many batches.
N_SORTED = 20


class TrainingOptions(NamedTuple):
    """Options of training, named after the estimators' parameters."""

    solver: str = "adam"
    alpha: float = 0.0
    batch_size: int = 200
    learning_rate: str = "constant"
    learning_rate_init: float = 0.01
    max_grad_norm: float | None = 1.0
    max_iter: int = 200
    shuffle: bool = True
    tol: float = 1e-4
    n_iter_no_change: int = 10


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
    ended_by : {"max_iter", "tol", "callback", "interrupt"} or None
        Why training ended. None before it has ended.
    """

    def __init__(self, has_validation):
        self.loss_curve = []
        self.validation_loss_curve = [] if has_validation else None
        self.best_loss = math.inf
        self.ended_by = None

    def add(self, loss, validation_loss):
        """Append the losses of an epoch; return the one that measures progress."""
        self.loss_curve.append(loss)
        if validation_loss is None:
            return loss
        self.validation_loss_curve.append(validation_loss)
        return validation_loss


class BestSoFar:
    """Best weights so far, and the number of epochs without an improvement.

    Parameters
    ----------
    weights : FlatWeights
        Weights that are trained.
    tol : float
        Minimum decrease of the loss that counts as an improvement.
    keeps_weights : bool
        Whether to keep a copy of the best weights.
    """

    def __init__(self, weights, tol, keeps_weights):
        self._weights, self._tol, self._keeps_weights = weights, tol, keeps_weights
        self._kept = None
        self.loss = math.inf
        self.n_epochs_no_change = 0

    def update(self, loss):
        """Update with the loss of an epoch."""
        is_better = loss <= self.loss - self._tol
        self.n_epochs_no_change = 0 if is_better else self.n_epochs_no_change + 1
        if loss < self.loss:
            self.loss = loss
            if self._keeps_weights:
                self._kept = self._weights.copy()

    def restore(self):
        """Restore the best weights, if any were kept."""
        if self._kept is not None:
            self._weights.restore(self._kept)


class Trainer:
    """Network with its loss and optimizer, trained epoch by epoch.

    Parameters
    ----------
    network : torch.nn.Module
        Network to train in place.
    loss : Loss
        A loss of :mod:`sklstm._nn.losses`.
    options : TrainingOptions
        Options of training.
    optimizer_state : dict or None
        State of an earlier optimizer to continue from. It is ignored if the solver has
        changed.
    """

    def __init__(self, network, loss, options, optimizer_state):
        self.network, self.loss, self.options = network, loss, options
        self.weights = FlatWeights(network)
        self.backprop = make_backprop(network, self.weights)
        self.optimizer = make_optimizer(
            options.solver, self.weights, options.learning_rate_init, options.alpha
        )
        if optimizer_state is not None:
            self.optimizer.load_state(optimizer_state)

    def run_epoch(self, training, generator):
        """Train on each batch of rows once; return the weighted mean loss."""
        if not self.network.training:
            self.network.train()
        total = total_weight = 0.0
        for indices in _batches(training, self.options, generator):
            batch = training.select(indices).trimmed()
            loss, weight = self._step(batch)
            total, total_weight = total + loss * weight, total_weight + weight
        loss = (total / total_weight).item()
        if not math.isfinite(loss + self.weights.values.norm().item()):
            raise ValueError(
                f"Training diverged: the loss is {loss}, and the loss or the weights "
                "are not finite. Lower learning_rate_init (now "
                f"{self.options.learning_rate_init}) or max_grad_norm (now "
                f'{self.options.max_grad_norm}), or choose activation="tanh".'
            )
        return loss

    def _step(self, batch):
        """Train on one batch; return its loss, penalty included, and its weight."""
        weights, options = self.weights, self.options
        outputs = self.backprop.forward(batch.windows, batch.n_padding)
        outputs, rows, unflatten = batch.flatten_steps(outputs)
        losses = self.loss(outputs, rows.targets)
        gradient = self.loss.gradient(outputs, rows.targets)
        loss = rows.mean(losses)
        self.backprop.backward(unflatten(rows.gradient_of_mean(gradient, losses)))
        if options.alpha and options.solver != "adamw":
            alpha = options.alpha / float(batch.total_weight)
            loss += weights.penalty(alpha)
            weights.add_penalty_gradient(alpha)
        if options.max_grad_norm is not None:
            weights.clip_gradient(options.max_grad_norm)
        self.optimizer.step()
        return loss, rows.total_weight


def train(
    network,
    loss,
    training,
    validation=None,
    *,
    options,
    generator,
    callback_runner,
    optimizer_state=None,
):
    """Train a network in place until the loss stops improving.

    Parameters
    ----------
    network : torch.nn.Module
        Network to train.
    loss : Loss
        A loss of :mod:`sklstm._nn.losses`.
    training : Rows
        Training rows.
    validation : Rows or None, default=None
        Validation rows, whose loss measures progress. The weights with the lowest
        validation loss are restored at the end. If None, the training loss measures
        progress and the last weights are kept.
    options : TrainingOptions
        Options of training.
    generator : torch.Generator
        Source of the random numbers, on the CPU.
    callback_runner : object
        Object whose ``begin_epoch()`` and ``end_epoch(history)`` are called in each
        epoch. Training ends if ``end_epoch`` returns True.
    optimizer_state : dict or None, default=None
        State returned by an earlier call, to continue with its momentum. The
        learning-rate schedule starts anew.

    Returns
    -------
    history : TrainingHistory
        Losses of all complete epochs, also after a KeyboardInterrupt.
    optimizer_state : dict
        State of the optimizer.

    Raises
    ------
    ValueError
        If the loss or the weights are no longer finite.
    """
    trainer = Trainer(network, loss, options, optimizer_state)
    best = BestSoFar(trainer.weights, options.tol, keeps_weights=validation is not None)
    schedule = Schedule(options.learning_rate, trainer.optimizer, options.max_iter)
    history = TrainingHistory(has_validation=validation is not None)
    network.start_training(generator_on(trainer.weights.values.device, generator))
    try:
        while history.ended_by is None:
            callback_runner.begin_epoch()
            schedule.start_epoch(len(history.loss_curve))
            train_loss = trainer.run_epoch(training, generator)
            valid_loss = None
            if validation is not None:
                valid_loss = evaluate(network, loss, validation)
            best.update(history.add(train_loss, valid_loss))
            history.best_loss = best.loss
            wants_to_stop = callback_runner.end_epoch(history)
            history.ended_by = _reason_to_end(history, best, schedule, options)
            if wants_to_stop:
                history.ended_by = "callback"
    except KeyboardInterrupt:
        history.ended_by = "interrupt"
    finally:
        network.end_training()
    best.restore()
    return history, trainer.optimizer.state


def _reason_to_end(history, best, schedule, options):
    """Return why training ends with this epoch; None if it continues."""
    if best.n_epochs_no_change > options.n_iter_no_change:
        if not schedule.reduce():
            return "tol"
        best.n_epochs_no_change = 0
    return "max_iter" if len(history.loss_curve) == options.max_iter else None


def _batches(training, options, generator):
    """Return an iterator over the indices of each batch; None stands for all rows.

    All batches have the same size, give or take a row, so that none of them has only a
    few rows, whose gradient would be noisy.
    """
    n_rows = len(training.targets)
    n_batches = math.ceil(n_rows / options.batch_size)
    if n_batches == 1:
        return iter([None])
    if not options.shuffle:
        return iter(torch.arange(n_rows).tensor_split(n_batches))
    order = torch.randperm(n_rows, generator=generator)
    n_padding = training.n_padding
    if n_padding is None or n_padding.min() == n_padding.max():
        return iter(order.tensor_split(n_batches))
    return _batches_by_length(order, n_padding.cpu(), n_batches, generator)


def _batches_by_length(order, n_padding, n_batches, generator):
    """Yield batches of rows of similar length, so that little is padded.

    Rows are sorted within groups of `N_SORTED` batches, and the batches come in random
    order. The composition of the batches therefore differs between epochs.
    """
    pools = order.tensor_split(math.ceil(n_batches / N_SORTED))
    order = torch.cat([pool[n_padding[pool].argsort(stable=True)] for pool in pools])
    batches = order.tensor_split(n_batches)
    return (batches[i] for i in torch.randperm(n_batches, generator=generator))


def evaluate(network, loss, rows):
    """Return the weighted mean loss of rows, without dropout.

    Parameters
    ----------
    network : torch.nn.Module
        Network to evaluate.
    loss : Loss
        A loss of :mod:`sklstm._nn.losses`.
    rows : Rows
        Rows to evaluate it on.

    Returns
    -------
    loss : float
        Weighted mean of the losses.
    """
    if rows.n_padding is not None:
        rows = rows.select(rows.n_padding.argsort(stable=True))
    size = rows_per_block(network, rows.windows.shape[1])
    starts = range(0, len(rows.targets), size)
    blocks = (rows.select(slice(start, start + size)) for start in starts)
    blocks = ((b.windows, b.n_padding) for b in blocks)
    outputs = predict(network, blocks, partial(predict_trimmed, network))
    outputs, rows, _ = rows.flatten_steps(outputs)
    return rows.mean(loss(outputs, rows.targets)).item()


def predict(network, blocks, compute=None):
    """Compute the outputs for blocks of windows, without dropout or gradients.

    Parameters
    ----------
    network : torch.nn.Module
        Network to use.
    blocks : iterable of tuple
        Arguments of `compute`, such as windows and their padding, in blocks of at most
        :func:`rows_per_block` rows.
    compute : callable or None, default=None
        Method of the network to call for each block. If None, the network is called.

    Returns
    -------
    outputs : torch.Tensor of shape (n_windows[, n_timesteps], n_outputs)
        One row per window or step, in the order of the blocks.
    """
    if network.training:  # to call `eval` takes a tenth of the time to predict a row
        network.eval()
    compute = compute or network
    with torch.inference_mode():
        return torch.cat([compute(*block) for block in blocks])


def rows_per_block(network, n_timesteps):
    """Return how many windows to predict at once, to fit the cache and the memory."""
    n_rows = STATE_NUMBERS // (n_timesteps * network.widest)
    if network.head.weight.device.type == "cpu":
        gates = WIDE_GATE_NUMBERS if onednn.is_wide() else GATE_NUMBERS
        n_rows = min(n_rows, max(FEWEST_ROWS, gates // (4 * network.widest)))
    return max(1, n_rows)
