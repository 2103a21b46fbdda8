"""Devices, threads and random numbers: one function for each."""

import os
import sys
from contextlib import ExitStack, contextmanager

import torch

# A training step with fewer multiplications than this runs on one thread, because more
# threads cost about as much as they save. Measured by benchmarks/bench_threads.py: on
# slow cores, more threads save time already from a fifth of this number on; on fast
# cores, only from a larger number on.
SMALL_STEP = 2_000_000

_home_process = os.getpid()


def resolve_device(name):
    """Return the device with a name, or the best one available.

    Parameters
    ----------
    name : str
        "auto" for a CUDA GPU if one is available and the CPU otherwise, or any name
        that PyTorch knows, such as "cpu" or "cuda:1".

    Returns
    -------
    device : torch.device
        Device of networks and batches.

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
            f"device={name!r} is not available on this machine: {error}. "
            'Pass device="cpu", or device="auto" to use a GPU if one is available.'
        ) from error
    return device


@contextmanager
def threads_for(n_multiplications):
    """Run a block on one thread if more would slow it down.

    If a process has used several threads, a process forked from it hangs as soon as the
    forked process uses several threads. A forked process therefore stays on one thread.

    Parameters
    ----------
    n_multiplications : int
        Multiplications of the smallest piece of work that is done at once.
    """
    before = torch.get_num_threads()
    is_single = n_multiplications < SMALL_STEP or os.getpid() != _home_process
    try:
        if is_single:
            torch.set_num_threads(1)
        yield
    finally:
        if is_single:
            torch.set_num_threads(before)


@contextmanager
def default_modes():
    """Run a block with gradients, without inference mode, and on the CPU by default.

    Denormal numbers are replaced by zero. The modes and the default device that the
    caller has set are restored afterwards. A block that needs no gradients switches
    them off itself.
    """
    has_gradients = torch.is_grad_enabled()
    with ExitStack() as modes:
        # Ctrl-C within `torch.no_grad.__enter__` leaves gradients switched off.
        modes.callback(_set_gradients, has_gradients)
        # Each context makes short calls slower, so it is entered only if needed.
        if torch.is_inference_mode_enabled():
            modes.enter_context(torch.inference_mode(False))
        _set_gradients(True)
        if torch.empty(0).device.type != "cpu":
            modes.enter_context(torch.device("cpu"))
        if _flush_denormals():
            modes.callback(torch.set_flush_denormal, False)
        yield


def _set_gradients(is_on):
    """Switch the computation of gradients on or off."""
    if torch.is_grad_enabled() != is_on:
        torch.set_grad_enabled(is_on)


def _flush_denormals():
    """Replace denormal numbers by zero, and return whether this is a change.

    Many processors compute with denormal numbers a hundred times as slowly. The
    gradients of long windows become that small on their way to the first steps.
    """
    # PyTorch has no function that returns this mode. It is that of the thread, and
    # thereby of Python's numbers, too.
    is_flushed = sys.float_info.min / 2 == 0
    return not is_flushed and torch.set_flush_denormal(True)


def random_generator(seed):
    """Return a new random generator, independent of PyTorch's global one."""
    return torch.Generator().manual_seed(seed)


def generator_on(device, generator):
    """Return `generator` for the CPU, or else a new one on the device, seeded by it."""
    if device.type == "cpu":
        return generator
    seed = torch.randint(2**62, (), generator=generator).item()
    return torch.Generator(device).manual_seed(seed)


def dropout_mask(shape, rate, like, generator):
    """Draw a dropout mask: zeros with probability `rate`, otherwise ``1 / (1 - rate)``.

    Parameters
    ----------
    shape : tuple of int
        Shape of the mask.
    rate : float
        Probability of a zero, in [0, 1).
    like : torch.Tensor
        Tensor with the dtype and the device of the mask.
    generator : torch.Generator
        Source of the random numbers, on the same device.

    Returns
    -------
    mask : torch.Tensor
        Factors whose expected value is 1.
    """
    mask = torch.empty(shape, dtype=like.dtype, device=like.device)
    # On a CPU, `bernoulli_` takes three times as long.
    return mask.uniform_(generator=generator).ge_(rate).div_(1 - rate)
