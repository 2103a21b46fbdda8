"""Random changes of training windows, so that a network relies on no single value."""

import torch


def hide_parts(windows, fraction, longest, generator):
    """Replace random steps and features by zeros, the mean of scaled values [1]_.

    Stretches of neighboring steps are hidden in all features, and a band of neighboring
    features in all steps. A single feature is not hidden.

    Parameters
    ----------
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Scaled values in time order.
    fraction : float
        Mean fraction of the steps, and of the features, to hide, in [0, 1).
    longest : int
        Largest number of steps of a stretch. All numbers from 1 on are equally likely.
    generator : torch.Generator
        Source of the random numbers, on the device of the windows.

    Returns
    -------
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Windows with hidden parts.

    References
    ----------
    .. [1] D. S. Park et al., "SpecAugment: A Simple Data Augmentation Method for
       Automatic Speech Recognition", Interspeech 2019, 2613-2617.
    """
    n_windows, n_timesteps, n_features = windows.shape
    options = {"generator": generator, "device": windows.device}
    steps = _stretches((n_windows, n_timesteps), fraction, longest, options)
    features = _bands((n_windows, n_features), fraction, options)
    return windows.masked_fill(steps[:, :, None] | features[:, None], 0.0)


def _stretches(shape, fraction, longest, options):
    """Draw the steps to hide, (n_windows, n_timesteps)."""
    # Stretches may overlap. At this rate, they hide the fraction together.
    rate = 1 - (1 - fraction) ** (2 / (longest + 1))
    is_start = torch.rand(shape, **options) < rate
    lengths = torch.randint(1, longest + 1, shape, **options)
    steps = torch.arange(shape[1], device=options["device"])
    ends = ((steps + lengths) * is_start).cummax(1)[0]
    return ends > steps


def _bands(shape, fraction, options):
    """Draw the features to hide, (n_windows, n_features)."""
    n_windows, n_features = shape
    widest = min(round(2 * fraction * n_features), n_features - 1)
    widths = torch.randint(widest + 1, (n_windows, 1), **options)
    places = torch.rand((n_windows, 1), **options) * (n_features - widths + 1)
    features = torch.arange(n_features, device=options["device"])
    first = places.long()
    return (features >= first) & (features < first + widths)
