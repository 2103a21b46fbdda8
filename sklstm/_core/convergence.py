"""Warnings if training failed or ended too early, or if windows are empty."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklstm._nn.activations import UNBOUNDED

# Best constant prediction of each loss.
CONSTANTS = {
    "squared_error": "the mean of the targets",
    "absolute_error": "the median of the targets",
    "huber": "the best constant",
    "poisson": "the mean of the targets",
    "quantile": "the quantiles of the targets",
    "cross_entropy": "the class shares",
    "logistic": "the class shares",
    "ctc": "the shares of the labels",
    "symbols": "the shares of the symbols",
}

# Below this learning rate, a loss that does not fall is more often due to a low rate
# than to a high one.
LOW_LEARNING_RATE = 1e-3


def warn_of_max_iter(max_iter):
    """Warn that the loss was still improving in the last epoch."""
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the "
        "optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=2,
    )


def warn_of_interrupt(ensemble, history, n_networks):
    """Warn that the training was interrupted.

    Parameters
    ----------
    ensemble : Ensemble
        Models of the estimator.
    history : TrainingHistory
        Losses of the epochs of the network that was trained last.
    n_networks : int
        Number of networks that were to be trained.
    """
    moment = None
    if n_networks > 1:
        moment = f"at network {ensemble.interrupted} of {n_networks}"
    result = "the weights learned so far"
    if ensemble.interrupted > 1 and len(ensemble.models) < n_networks:
        result = (
            f"{len(ensemble.models)} of {n_networks} networks. To train the others, "
            "fit again with warm_start=True"
        )
    warn_of_interrupted_training(history, result, moment)


def warn_of_interrupted_training(history, result, moment=None):
    """Warn that training was interrupted, by default after some epochs."""
    moment = moment or f"after {len(history.loss_curve)} epochs"
    warnings.warn(
        f"Training interrupted by user {moment}. The estimator is fitted with "
        f"{result}.",
        stacklevel=3,
    )


def warn_of_failure(history, estimator, loss):
    """Warn if a training diverged or learned nothing; return whether it did.

    Parameters
    ----------
    history : TrainingHistory
        Losses of the epochs, and why training ended.
    estimator : BaseLSTM or TrainingOptions
        Parameters of the training.
    loss : str
        Name of the loss, a key of `CONSTANTS`.
    """
    if history.ended_by == "divergence":
        message = _describe_divergence(history, estimator)
    elif history.ended_by == "tol" and not history.has_learned(estimator.tol):
        message = _describe_failure(history, estimator, CONSTANTS[loss])
    else:
        return False
    warnings.warn(message, ConvergenceWarning, stacklevel=2)
    return True


def warn_of_empty_windows(windows, loss):
    """Warn that windows without time steps get a constant as their prediction.

    Parameters
    ----------
    windows : Windows
        Windows to predict.
    loss : str
        Name of the loss, a key of `CONSTANTS`.
    """
    if windows.has_empty:
        n_empty, first = windows.is_empty.sum(), windows.is_empty.argmax()
        warnings.warn(
            f"{n_empty} of {len(windows.is_empty)} windows of X have no time steps, "
            f"such as X[{first}]. The prediction for them is {CONSTANTS[loss]} of the "
            "training windows.",
            stacklevel=4,
        )


def _describe_divergence(history, estimator):
    """Return the message for a training that diverged."""
    best = int(np.nanargmin(history.curve))
    ways = [
        f"lower learning_rate_init (now {estimator.learning_rate_init:g})",
        "set max_grad_norm=1"
        if estimator.max_grad_norm is None
        else f"lower max_grad_norm (now {estimator.max_grad_norm:g})",
    ]
    if getattr(estimator, "activation", "tanh") in UNBOUNDED:
        ways.insert(0, 'choose activation="tanh"')
    return (
        f"Training diverged after epoch {best + 1}, which had the lowest loss "
        f"({history.curve[best]:.3g}). The weights of that epoch are used. To prevent "
        f"this, {', or '.join(ways)}."
    )


def _describe_failure(history, estimator, constant):
    """Return the message for a network that predicts little better than a constant."""
    rate, no_change = estimator.learning_rate_init, estimator.n_iter_no_change
    verb, factor = ("Raise", 10) if rate < LOW_LEARNING_RATE else ("Lower", 0.3)
    message = (
        f"The network predicts the training data hardly better than {constant}: its "
        f"loss is {history.final_loss:.3g}, and that of {constant} is "
        f"{history.bounds.constant:.3g}. A higher max_iter does not help. {verb} "
        f"learning_rate_init (now {rate:g}) to {factor * rate:.2g}, and raise "
        f"n_iter_no_change (now {no_change}) to {5 * no_change}."
    )
    if getattr(estimator, "pooling", None) == "last":
        message += (
            ' With long windows, also set pooling="max": the last hidden state may '
            "have forgotten the first steps."
        )
    return f"{message} If this does not help, the targets may not depend on X."
