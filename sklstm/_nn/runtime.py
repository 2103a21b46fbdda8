"""Devices, threads and random numbers: one door each."""

import os
from contextlib import contextmanager

import torch

# A step of the training loop below this many multiplications stays on one thread:
# handing work over costs about what it saves. Measured by benchmarks/bench_threads.py
# on a slow core, which breaks even at a fifth of it; a fast one does so later.
SMALL_STEP = 2_000_000

_home_process = os.getpid()


def resolve_device(name):
    """Find the device with a name, or the best one there is.

    Parameters
    ----------
    name : str
        "auto" for a CUDA GPU where there is one and the CPU elsewhere, or any name
        that PyTorch knows, such as "cpu" or "cuda:1".

    Returns
    -------
    device : torch.device
        Where networks and batches live.

    Raises
    ------
    ValueError
        If PyTorch does not know the name, or this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ValueError(
            f"device={name!r} is not to be had on this machine: {error}. "
            'Pass device="cpu", or "auto" to take a GPU where there is one.'
        ) from error
    return device


@contextmanager
def threads_for(step_size):
    """Run a block on one thread where more would slow it down.

    A process forked from one that has used several threads hangs as soon as it uses
    them itself, so that a forked process stays on one thread whatever the size.

    Parameters
    ----------
    step_size : int
        Multiplications in the smallest piece of work that is done at once.
    """
    before = torch.get_num_threads()
    is_small = step_size < SMALL_STEP or os.getpid() != _home_process
    if is_small:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if is_small:
            torch.set_num_threads(before)


def random_generator(seed):
    """Make a source of random numbers that leaves PyTorch's global one alone."""
    return torch.Generator().manual_seed(seed)


def generator_on(device, generator):
    """Return a generator for a device, seeded by one of the CPU; there, itself."""
    if device.type == "cpu":
        return generator
    seed = torch.randint(2**62, (), generator=generator).item()
    return torch.Generator(device).manual_seed(seed)


def dropout_mask(shape, share, like, generator):
    """Draw zeros for `share` of the entries and ``1 / (1 - share)`` for the rest.

    Parameters
    ----------
    shape : tuple of int
        Shape of the mask.
    share : float
        Probability of a zero, in [0, 1).
    like : torch.Tensor
        Tensor to take the dtype and the device from.
    generator : torch.Generator
        Source of the random numbers, on the same device.

    Returns
    -------
    mask : torch.Tensor
        To multiply with; the mean stays what it was.
    """
    mask = torch.empty(shape, dtype=like.dtype, device=like.device)
    return mask.bernoulli_(1 - share, generator=generator).div_(1 - share)
