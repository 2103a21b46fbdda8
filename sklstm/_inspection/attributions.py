"""Attributions of the values of windows: the parts of their outputs."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_scalar

from sklstm._inspection.baselines import line_to, read_baseline
from sklstm._inspection.integration import integrate, outputs_at
from sklstm._inspection.targets import choose_output
from sklstm._nn.runtime import default_modes, threads_for

# Largest error of the sum of attributions, as a fraction of the difference of outputs.
TOLERANCE = 1e-3


class Attributions(NamedTuple):
    """Parts of the values of windows in the outputs, in the units of the outputs."""

    values: np.ndarray  # (n_windows, n_timesteps, n_features)
    outputs: np.ndarray  # (n_windows,)
    baseline_outputs: np.ndarray  # (n_windows,)


def attribute(read, baseline, target, quantile, step, n_steps):
    """Compute the part of each value of windows in their outputs.

    Parameters
    ----------
    read : NetworkInput
        The windows and their estimator.
    baseline, target, quantile, step, n_steps
        As in :func:`sklstm.inspection.integrated_gradients`.

    Returns
    -------
    attributions : Attributions
        The parts, and the outputs for the windows and for their baselines.

    Raises
    ------
    ValueError
        If a parameter is not as described there.
    """
    if n_steps != "auto":
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
    baseline = read_baseline(baseline, read.windows)
    explained = choose_output(read.model, read.windows, target, quantile, step)
    models = [model.in_double_precision() for model in read.model._models]
    with threads_for(models[0].n_per_block(read.windows)), default_modes():
        line = line_to(models, read.windows, baseline)
        before, outputs = (
            outputs_at(line, explained.output, *line.points(share)) for share in (0, 1)
        )
        integrals, is_right = integrate(
            line, explained.output, outputs - before, n_steps, TOLERANCE
        )
    _warn_if_wrong(is_right)
    mean, scale = explained.mean, explained.scale
    return Attributions(
        integrals.numpy() * scale,
        outputs.numpy() * scale + mean,
        before.numpy() * scale + mean,
    )


def _warn_if_wrong(is_right):
    """Warn if some attributions do not add up to the difference of outputs."""
    if is_right.all():
        return
    warnings.warn(
        f"The attributions of {int((~is_right).sum())} of {len(is_right)} windows do "
        f"not add up to the difference of outputs with a precision of {TOLERANCE:.1%}. "
        'Pass n_steps="auto", or a larger number, such as 4096.',
        stacklevel=4,
    )
