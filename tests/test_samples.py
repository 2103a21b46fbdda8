"""Samples: which windows are left out, and without a copy."""

import tracemalloc

import numpy as np
import pytest

from sklstm._core.samples import Samples, without_zero_weights
from sklstm._input.check import Windows
from sklstm._input.windows import sliding_windows


def test_windows_of_a_long_series_stay_a_view():
    windows = sliding_windows(np.zeros((200_000, 1)), 100)
    n_windows = len(windows)
    samples = Samples(
        Windows(windows, None), np.zeros((n_windows, 1)), np.ones(n_windows)
    )
    tracemalloc.start()
    kept = without_zero_weights(samples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.shares_memory(kept.windows.values, windows)
    # One bool per step would be 20 MB.
    assert peak < 4e6


def test_windows_without_a_step_cannot_be_learned():
    windows = Windows(np.zeros((3, 4, 1)), np.array([4, 0, 4]))
    samples = Samples(windows, np.arange(3.0)[:, None], np.array([1.0, 1, 0]))
    assert len(without_zero_weights(samples).targets) == 2
    with pytest.raises(ValueError, match="with a positive weight is all NaN"):
        without_zero_weights(samples._replace(weights=np.array([1.0, 0, 1])))
