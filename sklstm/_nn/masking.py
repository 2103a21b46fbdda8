"""Padding: steps at the start of a window that is shorter than others."""

import torch
from torch.nn.functional import pad

# Windows are trimmed to one of about this many lengths.
N_LENGTHS = 16


def make_step_mask(n_timesteps, n_padding):
    """Return which steps are real.

    Parameters
    ----------
    n_timesteps : int
        Number of steps of every window, padding included.
    n_padding : torch.Tensor of shape (n_windows,) or None
        Number of padding steps at the start of each window. None for no padding.

    Returns
    -------
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. None if there is no padding.
    """
    if n_padding is None:
        return None
    return torch.arange(n_timesteps, device=n_padding.device) >= n_padding[:, None]


def steps_first(step_mask, dtype):
    """Convert a step mask to numbers of shape (n_timesteps, n_windows)."""
    return None if step_mask is None else step_mask.t().to(dtype)


def zero_padding(states, step_mask):
    """Replace padding by zeros in an array (n_windows, n_timesteps, size)."""
    return states if step_mask is None else states.where(step_mask[:, :, None], 0.0)


def trim(windows, n_padding):
    """Cut off steps that are padding in all windows.

    The new length is one of about `N_LENGTHS` lengths, because buffers are kept for
    each length.

    Parameters
    ----------
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Values in time order.
    n_padding : torch.Tensor of shape (n_windows,) or None
        Number of padding steps at the start of each window.

    Returns
    -------
    windows, n_padding : torch.Tensor or None
        The trimmed windows, of at least one step, and their padding.
    """
    if n_padding is None:
        return windows, None
    n_timesteps = windows.shape[1]
    grain = -(-n_timesteps // N_LENGTHS)
    n_cut = int(n_padding.min()) // grain * grain
    n_cut = min(n_cut, n_timesteps - 1)
    return windows[:, n_cut:], n_padding - n_cut


def predict_trimmed(compute, windows, n_padding):
    """Compute outputs of trimmed windows; pad outputs per step to the full length."""
    outputs = compute(*trim(windows, n_padding))
    if outputs.ndim < 3:
        return outputs
    return pad(outputs, (0, 0, windows.shape[1] - outputs.shape[1], 0))


def with_padding_last(compute, inputs, step_mask):
    """Compute states with a function that cannot mask padding.

    The padding is moved behind the real steps, whose states then do not depend on it.

    Parameters
    ----------
    compute : callable
        Function that maps inputs to states, both (n_windows, n_timesteps, any width).
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps)
        True where a step is real. Padding is at the start of a window.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        States in the order of the inputs, zero at padding steps.
    """
    n_padding = step_mask.shape[1] - step_mask.sum(1)
    states = compute(_roll(inputs, n_padding))
    return zero_padding(_roll(states, -n_padding), step_mask)


def reverse(states, step_mask):
    """Reverse the order of the real steps; padding stays in front of them."""
    if step_mask is None:
        return states.flip(1)
    n_padding = step_mask.shape[1] - step_mask.sum(1)
    return _gather_steps(states, n_padding - 1, -1)


def _roll(states, shifts):
    """Rotate the steps of each window towards its start."""
    return _gather_steps(states, shifts, 1)


def _gather_steps(states, first, stride):
    """Select all steps of each window, starting at `first` and wrapping around."""
    n_timesteps = states.shape[1]
    steps = torch.arange(n_timesteps, device=states.device) * stride
    steps = (steps + first[:, None]) % n_timesteps  # (n_windows, n_timesteps)
    return states.gather(1, steps[:, :, None].expand(-1, -1, states.shape[2]))
