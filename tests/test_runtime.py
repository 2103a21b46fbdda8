"""Devices, threads and random numbers."""

import os
import signal
import time
from contextlib import suppress

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.runtime import (
    SMALL_STEP,
    default_modes,
    dropout_mask,
    generator_on,
    random_generator,
    resolve_device,
    threads_for,
)


def test_auto_is_the_gpu_where_there_is_one():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto") == torch.device(expected)


def test_cpu_is_always_available():
    assert resolve_device("cpu") == torch.device("cpu")


# PyTorch knows the name "hpu", but imports a module that is rarely installed.
@pytest.mark.parametrize("name", ["toaster", "", "meta", "cpu:x", "cuda:99", "hpu"])
def test_error_for_an_unavailable_device_names_it_and_a_way_out(name):
    with pytest.raises(ValueError, match=rf"device='{name}'.*\bdevice=\"cpu\""):
        resolve_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_refused():
    with pytest.raises(ValueError, match=r"device='cuda'.*\bdevice=\"cpu\""):
        resolve_device("cuda")


def test_denormal_numbers_become_zero_only_in_the_block():
    small = torch.tensor(1e-300, dtype=torch.float64)
    with default_modes():
        inside = (small * 1e-10).item()
    assert inside == 0 < (small * 1e-10).item()


def test_denormal_numbers_stay_zero_if_they_were_before():
    small = torch.tensor(1e-300, dtype=torch.float64)
    torch.set_flush_denormal(True)
    try:
        with default_modes():
            pass
        assert (small * 1e-10).item() == 0
    finally:
        torch.set_flush_denormal(False)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_small_steps_run_on_one_thread():
    with threads_for(SMALL_STEP - 1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_large_steps_run_on_all_threads():
    with threads_for(SMALL_STEP):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_threads_are_restored_after_an_error():
    with pytest.raises(KeyError), threads_for(0):
        raise KeyError
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("has_gradients", [True, False])
def test_gradients_are_restored_after_an_interrupt(has_gradients):
    with torch.set_grad_enabled(has_gradients):
        with suppress(KeyboardInterrupt), default_modes():
            # Ctrl-C within `torch.no_grad.__enter__`, so that `__exit__` is not called.
            torch.set_grad_enabled(False)
            raise KeyboardInterrupt
        assert torch.is_grad_enabled() == has_gradients


def exit_code(pid, seconds):
    """Return the exit code of a child process; None if it had to be killed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.usefixtures("two_threads")
def test_forked_process_stays_on_one_thread():
    pid = os.fork()
    if pid == 0:
        n_threads = 99
        try:
            with threads_for(SMALL_STEP):
                n_threads = torch.get_num_threads()
        finally:
            os._exit(n_threads)  # pytest must not run in the child
    assert exit_code(pid, seconds=10) == 1


def test_generator_is_independent_of_the_global_one():
    before = torch.get_rng_state()
    draws = [torch.rand(3, generator=random_generator(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_generator_on_the_cpu_is_the_given_one():
    generator = random_generator(0)
    assert generator_on(torch.device("cpu"), generator) is generator


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_dropout_mask_has_zeros_and_a_mean_of_one(dtype):
    like = torch.empty(0, dtype=dtype)
    mask = dropout_mask((200, 100), 0.2, like, random_generator(0))
    assert mask.shape == (200, 100)
    assert mask.dtype == dtype
    npt.assert_allclose(np.unique(mask), [0, 1.25], rtol=1e-7)
    # 20 000 draws: 0.01 is more than three standard deviations.
    assert (mask == 0).double().mean() == pytest.approx(0.2, abs=0.01)
    assert mask.mean() == pytest.approx(1, abs=0.0125)
