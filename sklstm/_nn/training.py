"""Training loop: trains a network epoch by epoch and returns the history."""

import math
from abc import ABC, abstractmethod
from traceback import clear_frames
from typing import NamedTuple

import torch

from sklstm._nn import onednn
from sklstm._nn.activations import UNBOUNDED
from sklstm._nn.backprop import make_backprop
from sklstm._nn.batches import batches_by_length
from sklstm._nn.crf import path_losses
from sklstm._nn.masking import predict_trimmed
from sklstm._nn.optimizers import FlatWeights, Schedule, make_optimizer
from sklstm._nn.processes import Processes
from sklstm._nn.progress import BestSoFar, LossBounds, TrainingHistory
from sklstm._nn.runtime import generator_on

# Limits of the size of a block to predict at once, so that the gates of one step fit
# into the cache of a core, and the states of all steps into memory. The cache is larger
# on processors with 512-bit instructions.
GATE_NUMBERS, WIDE_GATE_NUMBERS, STATE_NUMBERS = 2**17, 2**18, 2**22
# For blocks of fewer rows, loading the weights takes too much of the time.
FEWEST_ROWS = 256
# After training, the loss is computed on rows with at most this many targets.
N_CHECKED = 2**22


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
    n_iter_no_change: float = 10  # an int or infinity
    # Of the pretrained layers, divided by that of the others. None if there are none.
    pretrained_learning_rate: float | None = None


class Trainer(ABC):
    """Base class of a network with its data and its optimizer.

    Parameters
    ----------
    network : torch.nn.Module
        Network to train in place.
    options : TrainingOptions
        Options of training.
    optimizer_state : dict or None, default=None
        State of an earlier optimizer to continue from. It is ignored if the solver has
        changed.
    """

    has_validation = False  # whether `validation_loss` measures progress

    def __init__(self, network, options, optimizer_state=None):
        self.network, self.options = network, options
        self.processes = Processes.current()
        self.weights = _flatten(network, options.pretrained_learning_rate)
        self.optimizer = make_optimizer(
            options.solver, self.weights, options.learning_rate_init, options.alpha
        )
        if optimizer_state is not None:
            self.optimizer.load_state(optimizer_state)

    @abstractmethod
    def batches(self, generator):
        """Return an iterator over this process's share of the batches of an epoch.

        A batch of which this process has no rows is None.
        """

    @abstractmethod
    def train_on(self, batch):
        """Train on one batch; return its loss and its weight."""

    @abstractmethod
    def training_loss(self):
        """Compute the loss of the current weights on training data, without dropout."""

    @abstractmethod
    def validation_loss(self):
        """Compute the loss of the current weights on validation data."""

    @abstractmethod
    def bounds(self):
        """Compute the :class:`LossBounds` of the training data."""

    def run_epoch(self, generator):
        """Train on each batch once; return the weighted mean loss."""
        if not self.network.training:
            self.network.train()
        loss = mean_loss(
            self._join() if batch is None else self.train_on(batch)
            for batch in self.batches(generator)
        )
        self.processes.average_buffers(self.weights.buffers)
        return loss

    def start(self):
        """Check that all processes learn the same, and share the initial weights."""
        if self.processes.are_several:
            self.processes.start(self.weights, self.fingerprint())

    def fingerprint(self):
        """Return numbers in which other training data differ."""
        return self.bounds()

    def _join(self):
        """Train on a batch of which only other processes have rows."""
        self.weights.gradient.zero_()
        return self.update(self.weights.gradient.new_zeros(()), 0.0)

    def is_finite(self, loss=0.0):
        """Whether a loss and all weights are finite."""
        return math.isfinite(loss + self.weights.values.norm().item())

    def update(self, loss, weight, penalty_weight=None):
        """Update the weights by their gradient.

        Parameters
        ----------
        loss : torch.Tensor
            Loss of a batch.
        weight : float or torch.Tensor
            Sum of the weights of the batch.
        penalty_weight : float, torch.Tensor or None, default=None
            Number by which the penalty is divided. None stands for `weight`.

        Returns
        -------
        loss : torch.Tensor
            Loss of the batch with its penalty.
        weight : float or torch.Tensor
            Sum of the weights of the batch, of all processes.
        """
        weights, options = self.weights, self.options
        if penalty_weight is None:
            penalty_weight = weight
        loss, weight, penalty_weight = self.processes.average(
            weights, loss, weight, penalty_weight
        )
        if options.alpha and options.solver != "adamw":
            alpha = options.alpha / float(penalty_weight)
            loss += weights.penalty(alpha)
            weights.add_penalty_gradient(alpha)
        if options.max_grad_norm is not None:
            weights.clip_gradient(options.max_grad_norm)
        self.optimizer.step()
        return loss, weight


class RowTrainer(Trainer):
    """Network that is trained on rows.

    Parameters
    ----------
    network, options, optimizer_state
        As in :class:`Trainer`.
    loss : Loss
        A loss of :mod:`sklstm._nn.losses`.
    training, validation : Rows
        As in :func:`train`.
    """

    def __init__(
        self, network, loss, training, validation, options, optimizer_state=None
    ):
        super().__init__(network, options, optimizer_state)
        self.loss, self.training, self.validation = loss, training, validation
        self.has_validation = validation is not None
        self.backprop = make_backprop(network, self.weights)

    def batches(self, generator):
        """Return an iterator over the batches of an epoch."""
        for indices in _batches(self.training, self.options, generator):
            rows = self.training.select(self.processes.share(indices))
            yield rows.scaled().trimmed() if len(rows.targets) else None

    def train_on(self, batch):
        """Train on one batch; return its loss and its weight."""
        if self.network.transitions is not None:
            return self._train_on_paths(batch)
        outputs = self.backprop.forward(batch.windows, batch.n_padding)
        outputs, rows, unflatten = batch.flatten_steps(outputs)
        losses = self.loss(outputs, rows.targets)
        gradient = self.loss.gradient(outputs, rows.targets)
        loss = rows.mean(losses)
        self.backprop.backward(unflatten(rows.gradient_of_mean(gradient, losses)))
        return self.update(loss, rows.total_weight, batch.total_weight)

    def _train_on_paths(self, batch):
        """Train on one batch of windows whose steps are learned together."""
        scores = self.network(batch.windows, batch.n_padding)
        loss = mean_path_loss(self.network, scores, batch)
        self.weights.set_gradient(loss)
        return self.update(loss.detach(), batch.weight_of_steps, batch.total_weight)

    def training_loss(self):
        """Compute the loss of the current weights on training rows."""
        return evaluate(self.network, self.loss, self._rows_to_check())

    def validation_loss(self):
        """Compute the loss of the current weights on the validation rows."""
        return evaluate(self.network, self.loss, self.validation)

    def bounds(self):
        """Compute the :class:`LossBounds` of the training rows."""
        rows = self._rows_to_check()
        if rows.are_windows_targets:
            rows = rows.scaled()
        return LossBounds.of(self.loss, rows)

    def fingerprint(self):
        """Return the number of rows, and sums of the first and the last one."""
        ends = self.training.select(slice(1)), self.training.select(slice(-1, None))
        scaled = [rows.scaled() for rows in ends]
        parts = [part for rows in scaled for part in (rows.windows, rows.targets)]
        return [len(self.training.targets), *(p.double().sum().item() for p in parts)]

    def _rows_to_check(self):
        """Return all training rows, or some of them if there are very many."""
        step = math.ceil(math.prod(self.training.targets.shape) / N_CHECKED)
        return self.training.select(slice(None, None, step))


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
    """Train a network on rows in place until the loss stops improving.

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
        progress and the last weights are kept, unless training diverged.
    options : TrainingOptions
        Options of training.
    generator : torch.Generator
        Source of the random numbers, on the CPU.
    callback_runner : CallbackRunner
        As in :func:`run_epochs`.
    optimizer_state : dict or None, default=None
        State returned by an earlier call, to continue with its momentum. The
        learning-rate schedule starts anew.

    Returns
    -------
    history, optimizer_state
        As in :func:`run_epochs`.
    """
    data = training, validation
    trainer = RowTrainer(network, loss, *data, options, optimizer_state)
    return run_epochs(trainer, generator, callback_runner)


def run_epochs(trainer, generator, callback_runner):
    """Train a network in place until the loss stops improving.

    Parameters
    ----------
    trainer : Trainer
        Network with its data. If there are validation data, the weights with the lowest
        validation loss are restored at the end. Otherwise the training loss measures
        progress and the last weights are kept, unless training diverged.
    generator : torch.Generator
        Source of the random numbers, on the CPU.
    callback_runner : object
        Object whose ``begin_epoch()`` and ``end_epoch(history)`` are called in each
        epoch. Training ends if ``end_epoch`` returns True.

    Returns
    -------
    history : TrainingHistory
        Losses of all complete epochs, also after a KeyboardInterrupt.
    optimizer_state : dict or None
        State of the optimizer. None if training diverged.

    Raises
    ------
    ValueError
        If the loss or the weights are not finite, and there is no earlier epoch with a
        finite loss.
    """
    network, options = trainer.network, trainer.options
    best = BestSoFar(trainer.weights, options.tol)
    schedule = Schedule(options.learning_rate, trainer.optimizer, options.max_iter)
    history = TrainingHistory(trainer.has_validation)
    processes, device = trainer.processes, trainer.weights.values.device
    dropout_generator = processes.dropout_generator(generator)
    network.start_training(generator_on(device, dropout_generator))
    trainer.start()
    try:
        while history.ended_by is None:
            callback_runner.begin_epoch()
            schedule.start_epoch(len(history.loss_curve))
            best.start_epoch()
            train_loss = trainer.run_epoch(generator)
            if not trainer.is_finite(train_loss):
                history.ended_by = "divergence"
                break
            valid_loss = None
            if trainer.has_validation:
                valid_loss = trainer.validation_loss()
                valid_loss = processes.from_first(valid_loss, device)
            history.add(train_loss, valid_loss)
            best.update(history.curve[-1])
            history.best_loss = best.loss
            wants_to_stop = callback_runner.end_epoch(history)
            wants_to_stop = processes.from_first(wants_to_stop, device)
            history.ended_by = _reason_to_end(history, best, schedule, options)
            if wants_to_stop:
                history.ended_by = "callback"
    except KeyboardInterrupt as error:
        # Frees a mode of PyTorch that was entered but not left.
        clear_frames(error.__traceback__)
        history.ended_by = "interrupt" if trainer.is_finite() else "divergence"
    finally:
        network.end_training()
    _choose_weights(trainer, history, best)
    # After a divergence, the optimizer starts anew: its momentum would repeat it.
    has_diverged = history.ended_by == "divergence"
    return history, None if has_diverged else trainer.optimizer.state


def _choose_weights(trainer, history, best):
    """Choose the final weights, and compute their loss if training may have failed.

    The weights are those of the best epoch if there are validation rows or if training
    diverged, and otherwise the last ones.
    """
    if history.ended_by == "divergence" and not math.isfinite(history.best_loss):
        raise _divergence_error(trainer.options, trainer.network)
    if not history.loss_curve:
        return
    history.bounds = bounds = trainer.bounds()
    if trainer.has_validation:
        best.restore_last()
    best_loss, tol = best.loss, trainer.options.tol
    seems_diverged = bounds.is_divergence(history.loss_curve[-1], best_loss, tol)
    if history.ended_by == "tol" or seems_diverged:
        history.final_loss = trainer.training_loss()
        if bounds.is_divergence(history.final_loss, best_loss, tol):
            history.ended_by = "divergence"
    if history.ended_by == "divergence" and not trainer.has_validation:
        history.final_loss = best.restore_lowest(trainer.training_loss)
        if not math.isfinite(history.final_loss):
            raise _divergence_error(trainer.options, trainer.network)


def _divergence_error(options, network):
    """Build the error for a training without an epoch to return to."""
    return ValueError(
        "Training diverged: the loss or the weights are not finite, and there is no "
        "earlier epoch to return to. "
        f"{', or '.join(_ways_out(options, network))}."
    )


def _ways_out(options, network):
    """Yield what may prevent a divergence."""
    yield f"Lower learning_rate_init (now {options.learning_rate_init})"
    if options.max_grad_norm is None:
        yield "set max_grad_norm=1"
    else:
        yield f"lower max_grad_norm (now {options.max_grad_norm})"
    activations = {getattr(part, "activation", None) for part in network.modules()}
    if activations & UNBOUNDED:
        yield 'choose activation="tanh"'


def _reason_to_end(history, best, schedule, options):
    """Return why training ends with this epoch; None if it continues."""
    if best.n_epochs_no_change > options.n_iter_no_change:
        if not schedule.reduce():
            return "tol"
        best.n_epochs_no_change = 0
    return "max_iter" if len(history.loss_curve) == options.max_iter else None


def _flatten(network, rate):
    """Return the flat weights of a network, whose pretrained layers have a rate."""
    if rate is None:
        return FlatWeights(network)
    pretrained = network.layers_before_pooling()
    if rate > 0:
        return FlatWeights(network, [*pretrained.parameters()], rate)
    pretrained.requires_grad_(False)
    return FlatWeights(network)


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
    return batches_by_length(order, n_padding.cpu(), n_batches, generator)


def mean_loss(losses):
    """Return the weighted mean of the losses of batches, (loss, weight) each."""
    total = total_weight = 0.0
    for loss, weight in losses:
        total, total_weight = total + loss * weight, total_weight + weight
    return (total / total_weight).item()


def evaluate(network, loss, rows):
    """Return the weighted mean loss of rows, without dropout.

    It is computed block by block, because the outputs for all steps may take more
    memory than the windows.

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
    network.eval()
    size = rows_per_block(network, rows.windows.shape[1])
    with torch.inference_mode():
        return mean_loss(
            _evaluate_block(network, loss, block.scaled())
            for block in _blocks_of_similar_length(rows, size)
        )


def _blocks_of_similar_length(rows, size):
    """Yield blocks of rows in the order of their length."""
    starts = range(0, len(rows.targets), size)
    if rows.n_padding is None:
        yield from (rows.select(slice(start, start + size)) for start in starts)
    else:
        order = rows.n_padding.argsort(stable=True)
        yield from (rows.select(order[start : start + size]) for start in starts)


def _evaluate_block(network, loss, rows):
    """Return the weighted mean loss of rows, and their weight."""
    outputs = predict_trimmed(network, rows.windows, rows.n_padding)
    if network.transitions is not None:
        return mean_path_loss(network, outputs, rows), rows.weight_of_steps
    outputs, rows, _ = rows.flatten_steps(outputs)
    return rows.mean(loss(outputs, rows.targets)), rows.total_weight


def mean_path_loss(network, scores, rows):
    """Return the loss of whole paths, divided by the number of steps.

    Without transitions between classes, it is the mean cross-entropy of the steps.

    Parameters
    ----------
    network : torch.nn.Module
        Network with `transitions`.
    scores : torch.Tensor of shape (n_windows, n_timesteps, n_classes)
        Outputs of the network.
    rows : Rows
        Rows with a class for each step, as targets of 0 and 1.

    Returns
    -------
    loss : torch.Tensor
        Weighted mean of the negative log-likelihoods.
    """
    paths = rows.targets.argmax(2)
    losses = path_losses(scores, network.transitions.scores, paths, rows.n_padding)
    if rows.weights is not None:
        losses = losses * rows.weights
    return losses.sum() / rows.weight_of_steps


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
        outputs = [compute(*block) for block in blocks]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def rows_per_block(network, n_timesteps):
    """Return how many windows to predict at once, to fit the cache and the memory."""
    n_rows = STATE_NUMBERS // (n_timesteps * network.widest)
    if network.head.weight.device.type == "cpu":
        gates = WIDE_GATE_NUMBERS if onednn.is_wide() else GATE_NUMBERS
        n_rows = min(n_rows, max(FEWEST_ROWS, gates // (4 * network.widest)))
    return max(1, n_rows)
