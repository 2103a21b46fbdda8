"""Scaling of features, of each step by itself, or of each window by itself."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from sklstm._core.scaling import (
    CONSTANT,
    Scale,
    blocks,
    identity_scale,
    scale_of_steps,
    scale_of_windows,
)
from sklstm._input.arrays import is_memory_mapped
from sklstm._input.check import Windows
from sklstm._input.finite import assumes_finite
from sklstm._input.plain import saved_as
from sklstm._input.windows import distinct_values
from sklstm._nn.masking import make_step_mask

# Windows that take more bytes are not copied, but loaded batch by batch.
LARGEST_COPY = 2**29


@saved_as("step_scale")
class StepScale(NamedTuple):
    """Scale of each feature at each time step: mean and standard deviation."""

    mean: np.ndarray  # (n_timesteps, n_features)
    scale: np.ndarray

    def check(self, windows):
        """Raise unless all windows have as many steps as those of the fit."""
        _check_lengths(windows, len(self.mean), " as in fit")

    def scale_batch(self, windows, n_padding, dtype):
        """Scale a batch of windows; see :meth:`WindowScale.scale_batch`."""
        mean, scale = (torch.tensor(part, device=windows.device) for part in self)
        return _convert((windows - mean).div_(scale), dtype)


@saved_as("window_scale")
class WindowScale(NamedTuple):
    """Scale of each window by its own mean and standard deviation of each feature."""

    def check(self, windows):
        """Accept windows of any length."""

    def scale_batch(self, windows, n_padding, dtype):
        """Scale a batch of windows.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Windows in the units of X.
        n_padding : torch.Tensor of shape (n_windows,) or None
            Number of padding steps at the start of each window. None if there are none.
        dtype : torch.dtype
            Precision of the result.

        Returns
        -------
        scaled : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Scaled windows, zero at padding steps.

        Raises
        ------
        ValueError
            If scaled values are beyond the range of `dtype`.
        """
        return _convert(self.scaled(windows, n_padding), dtype)

    def scaled(self, windows, n_padding):
        """Scale windows, as :meth:`scale_batch`, without a check of the range.

        The result is float64, zero at padding steps.
        """
        windows = windows.double()
        step_mask = make_step_mask(windows.shape[1], n_padding)
        if step_mask is None:
            step_mask = windows.new_ones(windows.shape[:2])
        step_mask = step_mask[:, :, None].double()
        # An empty window has no steps, and is all zeros.
        shares = step_mask / step_mask.sum(1, keepdim=True).clamp_(min=1)
        mean = (windows * shares).sum(1, keepdim=True)
        deviations = (windows - mean).mul_(step_mask)
        largest = deviations.abs().amax(1, keepdim=True)
        is_constant = largest <= CONSTANT * mean.abs()
        # What remains of a constant is rounding.
        deviations.masked_fill_(is_constant, 0.0)
        # They are divided by the largest one, so that their squares stay finite.
        deviations /= largest.masked_fill_(is_constant, 1.0)
        variance = (deviations.square() * shares).sum(1, keepdim=True)
        deviations /= variance.masked_fill_(is_constant, 1.0).sqrt_()
        return deviations


def make_scale(standardize, windows, weights):
    """Compute the scale of windows.

    Parameters
    ----------
    standardize : {"features", "steps", "windows"} or bool
        What has a mean and a standard deviation of its own. True means "features", and
        False that the values are not scaled.
    windows : Windows
        Training windows of shape (n_windows, n_timesteps, n_features).
    weights : ndarray of shape (n_windows,)
        Weight of each window.

    Returns
    -------
    scale : Scale, StepScale or WindowScale
        Scale to pass to :func:`load_windows`.

    Raises
    ------
    ValueError
        If each step is to be scaled by itself, and some windows have padding steps.
    """
    if not standardize or windows.n_codes is not None:
        return identity_scale(windows.values.shape[2])
    if standardize == "windows":
        return WindowScale()
    if standardize == "steps":
        _check_lengths(windows, windows.values.shape[1])
        return StepScale(*scale_of_steps(windows, weights))
    return scale_of_windows(windows, weights)


def load_windows(windows, scale, dtype, device):
    """Convert windows to tensors, unless they are to be loaded batch by batch.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features).
    scale : Scale, StepScale or WindowScale
        Scale of the windows.
    dtype : torch.dtype
        Precision of scaled windows.
    device : torch.device
        Device of the tensors.

    Returns
    -------
    values : torch.Tensor or ndarray of shape (n_windows, n_timesteps, n_features)
        Windows, zero at padding steps. A sliding view remains a view. Windows in a
        memory-mapped file, and very large ones, remain as they are.
    n_padding : torch.Tensor of shape (n_windows,) or None
        Number of padding steps at the start of each window. None if there are none.
    scale_batch : callable or None
        Function that scales a batch, ``scale_batch(values, n_padding)``, and returns a
        tensor. The scaled windows of a series are no view of a series, so all of them
        at once could exceed the memory. None if the values are scaled already.

    Raises
    ------
    ValueError
        If the windows do not fit the scale.
    """
    if not isinstance(scale, Scale):
        scale.check(windows)
    if _is_large(windows.values):
        n_padding = windows.n_padding
        if n_padding is not None:
            n_padding = torch.tensor(n_padding, device=device)
        load_batch = partial(_load_batch, scale=scale, dtype=dtype, device=device)
        return windows.values, n_padding, load_batch
    return _convert_windows(windows, scale, dtype, device)


def _is_large(values):
    """Whether windows, or the series that they show, are too large to copy."""
    return is_memory_mapped(values) or distinct_values(values).nbytes > LARGEST_COPY


def _load_batch(values, n_padding, *, scale, dtype, device):
    """Load a batch of windows and scale it."""
    n_padding = None if n_padding is None else n_padding.cpu().numpy()
    windows = Windows(values, n_padding)
    values, n_padding, scale_batch = _convert_windows(windows, scale, dtype, device)
    return values if scale_batch is None else scale_batch(values, n_padding)


def _convert_windows(windows, scale, dtype, device):
    """Convert windows to tensors, as :func:`load_windows` returns them."""
    if isinstance(scale, Scale):
        return *windows_to_tensors(windows, scale, dtype, device), None
    unscaled = identity_scale(windows.values.shape[2])
    dtype_of_X = torch.from_numpy(np.empty(0, windows.values.dtype)).dtype
    tensors = windows_to_tensors(windows, unscaled, dtype_of_X, device)
    return *tensors, partial(scale.scale_batch, dtype=dtype)


def windows_to_tensors(windows, scale, dtype, device="cpu"):
    """Scale windows and convert them to tensors; a sliding view remains a view.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_windows, n_timesteps, n_features).
    scale : Scale
        Scale of the features.
    dtype : torch.dtype
        Precision of the result.
    device : torch.device or str, default="cpu"
        Device of the result.

    Returns
    -------
    values : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Scaled windows, zero at padding steps.
    n_padding : torch.Tensor of shape (n_windows,) or None
        Number of padding steps at the start of each window. None if there are none.

    Raises
    ------
    ValueError
        If scaled values are beyond the range of `dtype`.
    """
    values, n_padding = windows.values, windows.n_padding
    series = distinct_values(values)
    scaled = torch.empty(series.shape, dtype=dtype)
    array = scaled.numpy()  # a view, because NumPy fills small arrays faster
    with np.errstate(over="ignore", invalid="ignore"):
        for block in blocks(len(series), series[0].size):
            array[block] = scale.apply(series[block])
        if n_padding is not None:
            array[np.isnan(array)] = 0.0
            n_padding = torch.tensor(n_padding, device=device)
        _check_range(array)
    scaled = scaled.to(device)
    if scaled.ndim == 2:
        scaled = scaled.unfold(0, values.shape[1], 1).transpose(1, 2)
    return scaled, n_padding


def _check_lengths(windows, n_timesteps, as_in=""):
    """Raise unless all windows have a number of steps, and no padding."""
    length, n_padding = windows.values.shape[1], windows.n_padding
    if length == n_timesteps and n_padding is None:
        return
    of_which = ""
    if n_padding is not None:
        of_which = f", of which up to {n_padding.max()} are padding"
    raise ValueError(
        'With standardize="steps", each time step has its own scale, so all windows '
        f"must have {n_timesteps} time steps{as_in}, without padding, but X has "
        f"windows of {length} time steps{of_which}. Pass windows of {n_timesteps} time "
        'steps, or set standardize="features" or "windows" and fit again.'
    )


def _convert(scaled, dtype):
    """Convert scaled values to a precision, and check their range."""
    scaled = scaled.to(dtype)
    _check_range(scaled)
    return scaled


def _check_range(scaled):
    """Raise if a scaled value of X, in an array or a tensor, is not finite."""
    if assumes_finite() or math.isfinite(scaled.sum()):
        return
    scaled = torch.as_tensor(scaled)
    if not scaled.isfinite().all():
        raise ValueError(
            f"After scaling, some values of X are too large for {str(scaled.dtype)[6:]}"
            '. Pass dtype="float64", or look for outliers in X.'
        )
