"""Choose the output to explain from what a user passed."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import torch
from sklearn.utils import check_scalar

from sklstm._core.samples import make_step_mask
from sklstm._inspection.outputs import (
    LogOdds,
    LogOddsOfPaths,
    Output,
    Prediction,
    ReconstructionError,
)
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.classification import LSTMClassifier


class Explained(NamedTuple):
    """An output, and the numbers that convert it to the units of the predictions."""

    output: Output
    mean: float = 0.0
    scale: float = 1.0


def choose_output(model, windows, target, quantile, step):
    """Choose the output of a model to explain.

    Parameters
    ----------
    model : LSTMRegressor, LSTMClassifier or LSTMAutoencoder
        Fitted estimator.
    windows : Windows
        Windows whose outputs are explained.
    target, quantile, step
        As in :func:`sklstm.inspection.integrated_gradients`.

    Returns
    -------
    explained : Explained
        The output.

    Raises
    ------
    ValueError
        If the model has no such output.
    """
    check_scalar(step, "step", Integral)
    has_quantiles = model._model.loss_parameters["name"] == "quantile"
    if quantile is not None and not has_quantiles:
        raise ValueError(
            f"quantile={quantile!r} was passed, but the model does not predict "
            'quantiles. Pass quantile=None, or fit a model with loss="quantile".'
        )
    if isinstance(model, LSTMAutoencoder):
        _check_default("target", target, None, "explains the reconstruction error")
        _check_default("step", step, -1, "explains the error of the whole window")
        return Explained(ReconstructionError())
    steps = _find_steps(model, windows, step)
    if isinstance(model, LSTMClassifier):
        return Explained(_class_output(model, windows, target, steps))
    number = _number_of_target(model, target)
    position = (number, _position_of(model, quantile)) if has_quantiles else (number,)
    y_scale = model._model.y_scale
    # Without standardization, all targets share one scale.
    of_target = number if len(y_scale.scale) > 1 else 0
    return Explained(
        Prediction(steps, model._model.loss, position),
        float(y_scale.mean[of_target]),
        float(y_scale.scale[of_target]),
    )


def _check_default(name, value, default, reason):
    """Raise if a parameter that does not apply to an autoencoder was set."""
    if value != default:
        raise ValueError(
            f"{name}={value!r} was passed, but LSTMAutoencoder {reason}. Pass "
            f"{name}={default!r}."
        )


def _find_steps(model, windows, step):
    """Return the number of the step to explain in each window; None without steps."""
    if not model._model.network.predicts_steps:
        if step != -1:
            raise ValueError(
                f"step={step!r} was passed, but the model has one output for each "
                "window. Pass step=-1, or fit a model with pooling=None."
            )
        return None
    lengths = make_step_mask(windows).sum(axis=1)
    is_short = (step >= lengths) | (step < -lengths)
    if is_short.any():
        row = int(np.argmax(is_short))
        name = f"X[{row}]" if len(lengths) > 1 else "The window"
        raise ValueError(
            f"{name} has {lengths[row]} time steps, so it has no step {step}. Pass a "
            f"step from {-lengths.min()} to -1, which all sequences have."
        )
    n_timesteps = windows.values.shape[1]
    first = n_timesteps if step < 0 else n_timesteps - lengths
    return torch.from_numpy(np.broadcast_to(first + step, lengths.shape).copy())


def _number_of_target(model, target):
    """Return the number of the target of a regressor."""
    n_outputs = model.n_outputs_
    if target is None and n_outputs == 1:
        return 0
    is_number = isinstance(target, int | np.integer) and not isinstance(target, bool)
    if is_number and 0 <= target < n_outputs:
        return int(target)
    raise ValueError(
        f"target={target!r} is not the number of an output: the model predicts "
        f"{n_outputs} for each window or step. Pass a target from 0 to {n_outputs - 1}."
    )


def _position_of(model, quantile):
    """Return the position of a quantile; None is the quantile closest to 0.5."""
    quantiles = model._model.loss.quantiles
    if quantile is None:
        return int(np.argmin(np.abs(np.subtract(quantiles, 0.5))))
    if quantile not in quantiles:
        raise ValueError(
            f"quantile={quantile!r} is not one of those of the model, {quantiles}. "
            "Pass one of them, or None for the one closest to 0.5."
        )
    return quantiles.index(quantile)


def _class_output(model, windows, target, steps):
    """Return the log-odds of a class or label."""
    task = model._task
    numbers = _numbers_of_classes(model, windows, target, steps)
    numbers = torch.tensor(np.broadcast_to(numbers, len(windows.values)))
    if model._model.network.transitions is None:
        return LogOdds(steps, numbers, task.kind)
    n_padding = windows.n_padding
    n_padding = None if n_padding is None else torch.tensor(n_padding)
    return LogOddsOfPaths(steps, numbers, task.kind, n_padding)


def _numbers_of_classes(model, windows, target, steps):
    """Return the number of the class to explain, one or one for each window."""
    classes = model.classes_
    if target is not None:
        return _number_of_class(classes, target)
    if model._task.kind == "multilabel-indicator":
        raise ValueError(
            f"The model predicts {len(classes)} labels. Pass the number of one of them "
            f"as target, from 0 to {len(classes) - 1}."
        )
    if len(classes) == 2:
        return 1
    outputs = model._call_model_on(windows, "outputs")
    if steps is not None:
        outputs = outputs[np.arange(len(outputs)), steps.numpy()]
    return outputs.argmax(axis=1)


def _number_of_class(classes, target):
    """Return the position of a class in the classes of a model."""
    matches = np.flatnonzero([bool(label == target) for label in classes.tolist()])
    if len(matches) != 1:
        raise ValueError(
            f"target={target!r} is not one of the classes of the model, "
            f"{classes.tolist()}. Pass one of them, or None."
        )
    return int(matches[0])
