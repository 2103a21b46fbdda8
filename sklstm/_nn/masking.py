"""Steps that do not exist: the first ones of a window that is shorter than others."""

import torch
from torch.nn.functional import pad

# Windows are trimmed to one of about so many numbers of steps.
N_LENGTHS = 16


def make_step_mask(n_timesteps, n_padding):
    """Say which steps exist.

    Parameters
    ----------
    n_timesteps : int
        Steps of every window, those that do not exist included.
    n_padding : torch.Tensor of shape (n_windows,) or None
        How many steps at the start of each window do not exist; None where all do.

    Returns
    -------
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        None where all do.
    """
    if n_padding is None:
        return None
    return torch.arange(n_timesteps, device=n_padding.device) >= n_padding[:, None]


def steps_first(step_mask, dtype):
    """Convert a step mask to numbers of shape (n_timesteps, n_windows)."""
    return None if step_mask is None else step_mask.t().to(dtype)


def zero_padding(states, step_mask):
    """Put zeros where steps do not exist, into (n_windows, n_timesteps, size)."""
    return states if step_mask is None else states.where(step_mask[:, :, None], 0.0)


def trim(windows, n_padding):
    """Cut off steps that do not exist in any window.

    As many as leave one of few numbers of steps, since buffers are kept for each.

    Parameters
    ----------
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Readings in time order.
    n_padding : torch.Tensor of shape (n_windows,) or None
        How many steps at the start of each window do not exist.

    Returns
    -------
    windows, n_padding : torch.Tensor or None
        The same with fewer steps, one at least.
    """
    if n_padding is None:
        return windows, None
    n_timesteps = windows.shape[1]
    grain = -(-n_timesteps // N_LENGTHS)
    n_cut = int(n_padding.min()) // grain * grain
    n_cut = min(n_cut, n_timesteps - 1)
    return windows[:, n_cut:], n_padding - n_cut


def answer_trimmed(ask, windows, n_padding):
    """Ask for trimmed windows; answers for steps get as many steps as these had."""
    answers = ask(*trim(windows, n_padding))
    if answers.ndim < 3:
        return answers
    return pad(answers, (0, 0, windows.shape[1] - answers.shape[1], 0))


def with_padding_last(run, inputs, step_mask):
    """Run what knows nothing of missing steps, and does not see them.

    They go behind the others, where no state that counts depends on them.

    Parameters
    ----------
    run : callable
        Maps inputs to states, both (n_windows, n_timesteps, any width).
    inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
        Inputs in time order.
    step_mask : torch.Tensor of shape (n_windows, n_timesteps)
        Which steps exist: the last ones.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        What `run` gives, in the order of the inputs; zero where no step exists.
    """
    n_padding = step_mask.shape[1] - step_mask.sum(1)
    behind = run(_roll(inputs, n_padding))
    return zero_padding(_roll(behind, -n_padding), step_mask)


def reverse(states, step_mask):
    """Turn the steps that exist round, and leave the others in front of them."""
    if step_mask is None:
        return states.flip(1)
    n_padding = step_mask.shape[1] - step_mask.sum(1)
    return _take_steps(states, n_padding - 1, -1)


def _roll(states, shifts):
    """Move every window's steps towards its start, those that leave it to its end."""
    return _take_steps(states, shifts, 1)


def _take_steps(states, first, stride):
    """Take a window's steps from a first one on, around its end or its start."""
    n_timesteps = states.shape[1]
    steps = torch.arange(n_timesteps, device=states.device) * stride
    steps = (steps + first[:, None]) % n_timesteps  # (n_windows, n_timesteps)
    return states.gather(1, steps[:, :, None].expand(-1, -1, states.shape[2]))
