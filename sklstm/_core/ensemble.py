"""Ensembles: networks with different seeds, and the average of their predictions."""

import numpy as np
import torch

from sklstm._nn import crf
from sklstm._nn.runtime import default_modes, random_generator, threads_for
from sklstm._nn.training import train

# Numbers of a block of windows at one step, for each pair of classes.
PAIR_NUMBERS = 2**20


class Ensemble:
    """Models that are trained on the same rows, one after another.

    Parameters
    ----------
    models : list of ScaledNetwork
        Models to train in place. They differ in their weights only.
    n_former : int
        Number of the first models that were trained in an earlier fit.
    optimizer_states : list of dict
        State of the optimizer of the first models to continue from.

    Attributes
    ----------
    models : list of ScaledNetwork
        Models to predict with. A new model whose training was interrupted is left out,
        unless it is the first.
    optimizer_states : list of dict
        State of the optimizer of each model.
    interrupted : int or None
        Number of the model whose training was interrupted, counted from 1.
    """

    def __init__(self, models, n_former, optimizer_states):
        n_without = len(models) - len(optimizer_states)
        self.models = models
        self.optimizer_states = [*optimizer_states, *[None] * n_without]
        self.interrupted = None
        self._n_former = n_former

    def train(self, rows, validation, *, start, options, generators, callback_runner):
        """Train the models until their loss stops improving.

        Parameters
        ----------
        rows : Rows
            Training rows.
        validation : Rows or None
            Validation rows.
        start : int
            Number of the first models that keep their weights.
        options : TrainingOptions
            Options of training.
        generators : list of torch.Generator
            Source of the random numbers of each model.
        callback_runner : CallbackRunner
            Runner of the callbacks of the fit.

        Returns
        -------
        histories : list of TrainingHistory
            Losses of the epochs of each model that was trained.
        """
        histories, n_done = [], max(1, start)
        try:
            for position in range(start, len(self.models)):
                runner = callback_runner.for_network(
                    position + 1,
                    len(self.models),
                    options.max_iter,
                    {"_models": self.models[: max(position + 1, self._n_former)]},
                )
                model = self.models[position]
                history, self.optimizer_states[position] = train(
                    model.network,
                    model.loss,
                    rows,
                    validation,
                    options=options,
                    generator=generators[position],
                    callback_runner=runner,
                    optimizer_state=self.optimizer_states[position],
                )
                histories.append(history)
                runner.print_end(history, options)
                if history.ended_by == "interrupt":
                    raise KeyboardInterrupt
                n_done = position + 1
                if len(self.models) > 1 and runner.end_fit():
                    break
        except KeyboardInterrupt:
            if not histories:
                raise
            self.interrupted = position + 1
        self._keep(max(n_done, self._n_former))
        return histories

    def _keep(self, n_models):
        """Leave out the models after the first `n_models`."""
        self.models = self.models[:n_models]
        self.optimizer_states = self.optimizer_states[:n_models]


def random_generators(seed, n_models):
    """Return a random generator for each model.

    The generator of a model depends on the seed and the position of the model. The
    first models are therefore the same for each number of models.
    """
    others = np.random.SeedSequence(seed).generate_state(n_models - 1)
    return [random_generator(int(number)) for number in (seed, *others)]


def combine(task, method, results):
    """Combine the results of a method of several models.

    Parameters
    ----------
    task : Task
        Task of the models.
    method : {"predict", "outputs", "scores", "pooled", "step_weights", "errors"}
        Method of :class:`~sklstm._core.scaled_network.ScaledNetwork`.
    results : list of ndarray of shape (n_windows, ...)
        Result of each model.

    Returns
    -------
    combined : ndarray of shape (n_windows, ...)
        Median of predictions and mean of weights and scores. Outputs are those for the
        mean of the probabilities. Pooled states are side by side.
    """
    if len(results) == 1:
        return results[0]
    if method == "outputs":
        return _outputs_of_mean(task, results)
    if method == "pooled":
        return np.hstack(results)
    # At padding steps, all predictions are NaN.
    average = np.mean if method in ("step_weights", "scores") else np.median
    return average(results, axis=0)


def _outputs_of_mean(task, outputs):
    """Return the outputs whose probabilities are the mean of those of other outputs."""
    with np.errstate(invalid="ignore"):  # outputs are NaN at padding steps
        if task.kind == "multiclass":
            logarithms = [task.log_probabilities(output) for output in outputs]
            return np.logaddexp.reduce(logarithms) - np.log(len(outputs))
        positive, negative = (
            np.logaddexp.reduce([-np.logaddexp(0, -sign * o) for o in outputs])
            for sign in (1, -1)
        )
        return positive - negative


def mean_transitions(models):
    """Return the mean of the scores of transitions of several models.

    Parameters
    ----------
    models : list of ScaledNetwork
        Models with transitions.

    Returns
    -------
    scores : TransitionScores
        Scores on the CPU.
    """
    scores = [model.network.transitions.scores for model in models]
    parts = (torch.stack(part).mean(0) for part in zip(*scores, strict=True))
    return crf.TransitionScores(*(part.detach().cpu() for part in parts))


def best_paths(models, scores):
    """Return the best path of classes of each window.

    It is the path with the highest mean of the log probabilities of the models. For
    each model, the log probability is a sum of scores, up to a constant. So the path
    has the highest sum of the mean scores.

    Parameters
    ----------
    models : list of ScaledNetwork
        Models with transitions.
    scores : ndarray of shape (n_windows, n_timesteps, n_classes)
        Mean of the scores of the models, NaN at padding steps.

    Returns
    -------
    paths : ndarray of int of shape (n_windows, n_timesteps)
        Number of the class at each step, 0 at padding steps.
    """
    transitions = mean_transitions(models)
    n_pairs = scores.shape[2] ** 2
    n_rows = min(len(scores), max(1, PAIR_NUMBERS // n_pairs))
    paths = []
    with threads_for(n_rows * n_pairs), default_modes():
        for block in torch.from_numpy(scores).split(n_rows):
            n_padding = block[:, :, 0].isnan().sum(1)
            paths.append(crf.best_paths(block.nan_to_num(), transitions, n_padding))
    return torch.cat(paths).numpy()
