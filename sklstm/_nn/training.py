"""The training loop: a network, a loss and windows in, its history out."""

import math
from functools import partial
from typing import NamedTuple

import torch

from sklstm._nn import onednn
from sklstm._nn.backprop import way_through
from sklstm._nn.masking import answer_trimmed
from sklstm._nn.optimizers import FlatWeights, StepSize, make_optimizer
from sklstm._nn.runtime import generator_on

# While predicting: numbers that the gates of one step may take, so that they stay in
# the cache of a core, which wide processors have more of; and the states of all steps.
GATE_NUMBERS, WIDE_GATE_NUMBERS, STATE_NUMBERS = 2**17, 2**18, 2**22
# Fewer rows than this make too little of the weights, whatever the cache.
FEWEST_ROWS = 256
# Among so many batches rows of unequal length are sorted.
N_SORTED = 20


class Plan(NamedTuple):
    """How to train; the names are those of the estimators' parameters."""

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


class History:
    """What training has brought so far, epoch by epoch.

    Attributes
    ----------
    loss_curve : list of float
        Mean training loss of each epoch.
    validation_loss_curve : list of float or None
        Loss on the validation rows after each epoch; None without any.
    best_loss : float
        Lowest loss so far, on the validation rows where there are any.
    ended_by : {"max_iter", "tol", "callback", "interrupt"} or None
        Why training ended; None while it goes on.
    """

    def __init__(self, has_validation):
        self.loss_curve = []
        self.validation_loss_curve = [] if has_validation else None
        self.best_loss = math.inf
        self.ended_by = None

    def add(self, loss, validation_loss):
        """Take note of an epoch; returns the loss to judge it by."""
        self.loss_curve.append(loss)
        if validation_loss is None:
            return loss
        self.validation_loss_curve.append(validation_loss)
        return validation_loss


class BestSoFar:
    """Remembers the best weights and counts the epochs since.

    Parameters
    ----------
    weights : FlatWeights
        Weights that are being trained.
    tol : float
        How much lower a loss must be to count as better, in units of the loss.
    keeps_weights : bool
        Whether to remember weights at all.
    """

    def __init__(self, weights, tol, keeps_weights):
        self._weights, self._tol, self._keeps_weights = weights, tol, keeps_weights
        self._kept = None
        self.loss = math.inf
        self.n_epochs_no_change = 0

    def update(self, loss):
        """Take note of the loss that an epoch is judged by."""
        is_better = loss <= self.loss - self._tol
        self.n_epochs_no_change = 0 if is_better else self.n_epochs_no_change + 1
        if loss < self.loss:
            self.loss = loss
            if self._keeps_weights:
                self._kept = self._weights.values.clone()

    def restore(self):
        """Put the best weights back, if any were remembered."""
        if self._kept is not None:
            self._weights.values.copy_(self._kept)


class Learner:
    """Takes the steps of the optimiser: a network, its loss and its weights.

    Parameters
    ----------
    network : RecurrentNetwork
        Network to change in place.
    loss : callable
        A loss of :mod:`sklstm._nn.losses`.
    plan : Plan
        How to train.
    optimizer_state : dict or None
        State to go on from; that of another solver is left aside.
    """

    def __init__(self, network, loss, plan, optimizer_state):
        self.network, self.loss, self.plan = network, loss, plan
        self.weights = FlatWeights(network)
        self.way = way_through(network, self.weights)
        self.optimizer = make_optimizer(
            plan.solver, self.weights, plan.learning_rate_init, plan.alpha
        )
        if optimizer_state is not None:
            self.optimizer.go_on_from(optimizer_state)

    def run_epoch(self, training, generator):
        """Take one step per batch of rows; returns the mean loss by weight."""
        if not self.network.training:
            self.network.train()
        total = total_weight = 0.0
        for rows in _batches(training, self.plan, generator):
            batch = training.take(rows).trimmed()
            loss, weight = self._step(batch)
            total, total_weight = total + loss * weight, total_weight + weight
        loss = (total / total_weight).item()
        if not math.isfinite(loss + self.weights.values.norm().item()):
            raise ValueError(
                f"Training diverged: the loss came to {loss} and the weights grew out "
                "of bounds. Lower learning_rate_init (now "
                f"{self.plan.learning_rate_init}) or max_grad_norm (now "
                f'{self.plan.max_grad_norm}), or choose activation="tanh".'
            )
        return loss

    def _step(self, batch):
        """Take one step on a batch; returns its loss, penalty included, and weight."""
        weights, plan = self.weights, self.plan
        outputs = self.way.forwards(batch.windows, batch.n_padding)
        outputs, rows, put_back = batch.scored(outputs)
        losses = self.loss(outputs, rows.targets)
        slopes = self.loss.slopes(outputs, rows.targets)
        loss = rows.mean(losses)
        self.way.backwards(put_back(rows.slopes_of_mean(slopes, losses)))
        if plan.alpha and plan.solver != "adamw":
            alpha = plan.alpha / float(batch.total_weight)
            loss += weights.penalty(alpha)
            weights.add_penalty_gradient(alpha)
        if plan.max_grad_norm is not None:
            weights.clip_gradient(plan.max_grad_norm)
        self.optimizer.step()
        return loss, rows.total_weight


def train(
    network,
    loss,
    training,
    validation=None,
    *,
    plan,
    generator,
    callback_runner,
    optimizer_state=None,
):
    """Fit a network in place until it stops getting better.

    Parameters
    ----------
    network : RecurrentNetwork
        Network to train.
    loss : callable
        A loss of :mod:`sklstm._nn.losses`.
    training : Rows
        What to learn from.
    validation : Rows or None, default=None
        What to judge progress on; the weights that were best on it are put back in the
        end. None judges on the training loss and keeps the last weights.
    plan : Plan
        How to train.
    generator : torch.Generator
        Source of the random numbers, on the CPU.
    callback_runner : object
        Told of every epoch: ``begin_epoch()``, then ``end_epoch(history)``, where a
        true answer ends training.
    optimizer_state : dict or None, default=None
        What an earlier call returned, to go on with its momentum; the step size
        starts anew.

    Returns
    -------
    history : History
        What every whole epoch brought, also after a KeyboardInterrupt.
    optimizer_state : dict
        State of the optimiser.

    Raises
    ------
    ValueError
        If the loss or the weights are no longer finite numbers.
    """
    learner = Learner(network, loss, plan, optimizer_state)
    best = BestSoFar(learner.weights, plan.tol, keeps_weights=validation is not None)
    step_size = StepSize(plan.learning_rate, learner.optimizer, plan.max_iter)
    history = History(has_validation=validation is not None)
    network.start_training(generator_on(learner.weights.values.device, generator))
    try:
        while history.ended_by is None:
            callback_runner.begin_epoch()
            step_size.start_epoch(len(history.loss_curve))
            train_loss = learner.run_epoch(training, generator)
            valid_loss = None
            if validation is not None:
                valid_loss = evaluate(network, loss, validation)
            best.update(history.add(train_loss, valid_loss))
            history.best_loss = best.loss
            wants_to_stop = callback_runner.end_epoch(history)
            history.ended_by = _reason_to_end(history, best, step_size, plan)
            if wants_to_stop:
                history.ended_by = "callback"
    except KeyboardInterrupt:
        history.ended_by = "interrupt"
    finally:
        network.end_training()
    best.restore()
    return history, learner.optimizer.state


def _reason_to_end(history, best, step_size, plan):
    """Say why training ends with this epoch; None where it goes on."""
    if best.n_epochs_no_change > plan.n_iter_no_change:
        if step_size.gives_up():
            return "tol"
        best.n_epochs_no_change = 0
    return "max_iter" if len(history.loss_curve) == plan.max_iter else None


def _batches(training, plan, generator):
    """Yield the rows of one batch after the other; None stands for all of them."""
    n_rows = len(training.targets)
    if n_rows <= plan.batch_size:
        return iter([None])
    if not plan.shuffle:
        return iter(torch.arange(n_rows).split(plan.batch_size))
    order = torch.randperm(n_rows, generator=generator)
    n_padding = training.n_padding
    if n_padding is None or n_padding.min() == n_padding.max():
        return iter(order.split(plan.batch_size))
    return _alike_batches(order, n_padding.cpu(), plan.batch_size, generator)


def _alike_batches(order, n_padding, batch_size, generator):
    """Yield batches of rows of about one length, so that little is padded.

    Rows are sorted among some batches only, and batches come in random order: epochs
    differ in who meets whom.
    """
    pools = order.split(N_SORTED * batch_size)
    order = torch.cat([pool[n_padding[pool].argsort(stable=True)] for pool in pools])
    batches = order.split(batch_size)
    return (batches[i] for i in torch.randperm(len(batches), generator=generator))


def evaluate(network, loss, rows):
    """Average the loss over rows by their weights, with dropout off.

    Parameters
    ----------
    network : RecurrentNetwork
        Network to judge.
    loss : callable
        A loss of :mod:`sklstm._nn.losses`.
    rows : Rows
        What to judge it on.

    Returns
    -------
    loss : float
        Mean loss per unit of weight.
    """
    if rows.n_padding is not None:
        rows = rows.take(rows.n_padding.argsort(stable=True))
    size = rows_per_block(network, rows.windows.shape[1])
    starts = range(0, len(rows.targets), size)
    blocks = (rows.take(slice(start, start + size)) for start in starts)
    blocks = ((b.windows, b.n_padding) for b in blocks)
    outputs = predict(network, blocks, partial(answer_trimmed, network))
    outputs, rows, _ = rows.scored(outputs)
    return rows.mean(loss(outputs, rows.targets)).item()


def predict(network, blocks, ask=None):
    """Answer for every window, with dropout off and no gradients.

    Parameters
    ----------
    network : RecurrentNetwork
        Network to ask.
    blocks : iterable of (windows, n_padding)
        Windows and how many of their steps do not exist, as the network takes them, in
        blocks of about :func:`rows_per_block`.
    ask : callable or None, default=None
        A method of the network that takes such blocks; None is the network itself.

    Returns
    -------
    outputs : torch.Tensor of shape (n_windows[, n_timesteps], n_outputs)
        One row per window or step, in the order given.
    """
    if network.training:  # setting it takes a tenth of the time of one row
        network.eval()
    ask = ask or network
    with torch.inference_mode():
        return torch.cat([ask(*block) for block in blocks])


def rows_per_block(network, n_timesteps):
    """Windows to predict at once: few enough for the cache of a CPU, and for memory."""
    rows = STATE_NUMBERS // (n_timesteps * network.widest)
    if network.head.weight.device.type == "cpu":
        gates = WIDE_GATE_NUMBERS if onednn.is_wide() else GATE_NUMBERS
        rows = min(rows, max(FEWEST_ROWS, gates // (4 * network.widest)))
    return max(1, rows)
