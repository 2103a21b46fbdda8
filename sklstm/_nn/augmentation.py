"""Random changes of training windows, so that a network relies on no single step."""

import torch


def hide_steps(windows, fraction, longest, generator):
    """Replace random stretches of time steps by zeros, the mean of scaled values [1]_.

    Parameters
    ----------
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Scaled values in time order.
    fraction : float
        Approximate fraction of the steps to hide, in [0, 1).
    longest : int
        Largest number of steps of a stretch. All numbers from 1 on are equally likely.
    generator : torch.Generator
        Source of the random numbers, on the device of the windows.

    Returns
    -------
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Windows with the stretches hidden.

    References
    ----------
    .. [1] D. S. Park et al., "SpecAugment: A Simple Data Augmentation Method for
       Automatic Speech Recognition", Interspeech 2019, 2613-2617.
    """
    n_timesteps, device = windows.shape[1], windows.device
    options = {"generator": generator, "device": device}
    lengths = torch.randint(1, longest + 1, windows.shape[:2], **options)
    # As many starts as hide the fraction, if stretches may overlap.
    rate = 1 - (1 - fraction) ** (2 / (longest + 1))
    starts = torch.rand(windows.shape[:2], **options) < rate
    steps = torch.arange(n_timesteps, device=device)
    ends = ((steps + lengths) * starts).cummax(1)[0]
    return windows.masked_fill((ends > steps)[:, :, None], 0.0)
