"""Baselines of windows, and the lines from them to the windows."""

import numpy as np
import torch

from sklstm._inspection.lines import LineOfTokens, LineOfValues
from sklstm._nn.input_layers import UNKNOWN


def line_to(models, windows, baseline):
    """Return the line from baselines to windows.

    Parameters
    ----------
    models : list of ScaledNetwork
        Models in double precision, which differ in their weights only.
    windows : Windows
        Windows of numbers or of token codes.
    baseline : "mean", "zeros" or ndarray of shape (n_windows, n_timesteps, n_features)
        As in :func:`sklstm.inspection.integrated_gradients`.

    Returns
    -------
    line : Line
        The line.
    """
    networks = [model.network for model in models]
    values, n_padding = models[0].scaled(windows)
    if windows.n_codes is not None:
        codes = UNKNOWN if isinstance(baseline, str) else torch.tensor(baseline)
        return LineOfTokens(networks, values, n_padding, values * 0 + codes)
    if isinstance(baseline, str) and baseline == "mean":
        return LineOfValues(networks, values, n_padding, values)
    array = np.zeros(windows.values.shape) if isinstance(baseline, str) else baseline
    baselines, _ = models[0].scaled(windows._replace(values=array))
    return LineOfValues(networks, values, n_padding, values - baselines)


def line_of_unit_steps(models, windows):
    """Return the line on which a derivative is that by a scaled value.

    The derivative by a share is the derivative by a number in standard deviations. For
    token codes, it is that along the line from the vector of the unknown token.
    """
    if windows.n_codes is not None:
        return line_to(models, windows, "mean")
    values, n_padding = models[0].scaled(windows)
    networks = [model.network for model in models]
    return LineOfValues(networks, values, n_padding, torch.ones_like(values))


def read_baseline(baseline, windows):
    """Check a baseline, and convert an array to the shape of the windows.

    Parameters
    ----------
    baseline : str or array-like
        As in :func:`sklstm.inspection.integrated_gradients`.
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features).

    Returns
    -------
    baseline : str or ndarray of shape (n_windows, n_timesteps, n_features)
        The baseline.

    Raises
    ------
    ValueError
        If the baseline has another shape, or holds values that windows must not hold.
    """
    if isinstance(baseline, str):
        if baseline in ("mean", "zeros"):
            return baseline
        raise ValueError(
            f'baseline must be "mean", "zeros" or an array, got {baseline!r}.'
        )
    array, shape = np.asarray(baseline, dtype=np.float64), windows.values.shape
    has_feature_axis = array.ndim == 0 or shape[2] > 1 or array.shape[-1] == 1
    array = array if has_feature_axis else array[..., None]
    try:
        array = np.broadcast_to(array, shape)
    except ValueError as error:
        raise ValueError(
            f"baseline has shape {np.shape(baseline)}, but the windows have shape "
            f"{shape}: (n_windows, n_timesteps, n_features). Pass one value for each "
            f"feature, of shape {shape[2:]}, one window, of shape {shape[1:]}, or "
            "an array of the whole shape."
        ) from error
    _check_values(array, windows.n_codes)
    return array


def _check_values(array, n_codes):
    """Raise unless a baseline holds finite numbers, or token codes."""
    if not np.isfinite(array).all():
        raise ValueError("baseline holds NaN or infinity. Pass finite numbers.")
    if n_codes is not None and not np.isin(array, np.arange(n_codes)).all():
        raise ValueError(
            f"baseline must hold token codes from 0 to {n_codes - 1}, because the "
            'model reads token codes. Pass such codes, or "zeros" for the unknown '
            "token."
        )
