"""Training windows of a forecaster, and the split that holds some out."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.baselines import interpolate
from sklstm._forecast.covariates import Covariates
from sklstm._forecast.training_windows import (
    Windows,
    last_window,
    n_windows_to_split,
    observed_length,
    split_in_time,
    training_windows,
    window_to_forecast_from,
)

NAN = np.nan
NONE = Covariates(np.empty((0, 0)), np.empty(0, bool))


def test_targets_follow_their_windows():
    windows, ends = training_windows(np.arange(6.0), NONE, 3, 2)
    npt.assert_array_equal(windows.values, [[0, 1, 2], [1, 2, 3]])
    npt.assert_array_equal(windows.targets, [[3, 4], [4, 5]])
    npt.assert_array_equal(ends, [3, 4])


def test_missing_values_are_interpolated_in_windows_and_never_targets():
    windows, ends = training_windows(np.array([0, 1, NAN, 3, 4, 5, 6.0]), NONE, 2, 1)
    npt.assert_array_equal(windows.targets, [[3], [4], [5], [6]])
    npt.assert_array_equal(windows.values[:2], [[1, 1], [2, 3]])
    npt.assert_array_equal(ends, [3, 4, 5, 6])


def test_windows_do_not_use_later_values():
    random = np.random.default_rng(0)
    values = np.arange(60.0) + random.normal(size=60)
    values[random.random(60) < 0.5] = np.nan
    windows, ends = training_windows(values, NONE, 5, 1)
    assert len(ends) > 10
    assert np.isnan(values[ends - 1]).any()
    for window, end in zip(windows.values, ends, strict=True):
        npt.assert_allclose(window, last_window(values[:end], 5))


def test_no_window_begins_before_the_first_observation():
    windows, ends = training_windows(np.array([NAN, NAN, 2, 3, 4, 5.0]), NONE, 2, 1)
    npt.assert_array_equal(windows.values, [[2, 3], [3, 4]])
    npt.assert_array_equal(ends, [4, 5])


def test_short_series_have_no_windows():
    windows, ends = training_windows(np.arange(4.0), NONE, 3, 2)
    assert windows.values.shape == (0, 3)
    assert windows.targets.shape == (0, 2)
    assert not len(ends)


def test_windows_of_several_series_are_concatenated():
    parts = [
        training_windows(start + np.arange(4.0), NONE, 2, 1)[0] for start in (0, 10)
    ]
    npt.assert_array_equal(Windows.concatenate(parts).targets[:, 0], [2, 3, 12, 13])


@pytest.mark.parametrize("horizon", [1, 3, 12])
@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
def test_early_targets_end_before_validation_targets_begin(horizon, fraction):
    n_windows = n_windows_to_split(horizon, fraction)
    for more in (0, 1, 20):
        ends = 7 + np.arange(n_windows + more)
        is_early, is_validation = split_in_time(ends, horizon, fraction)
        assert is_validation.sum() == np.ceil(fraction * len(ends))
        assert is_early.any()
        assert ends[is_early].max() + horizon <= ends[is_validation].min()
    is_early, _ = split_in_time(7 + np.arange(n_windows - 1), horizon, fraction)
    assert not is_early.any()


def test_last_window_is_interpolated_and_padded():
    npt.assert_array_equal(last_window(np.array([1, NAN, 3, NAN]), 3), [2, 3, 3])
    npt.assert_array_equal(last_window(np.array([1.0, 2]), 4), [NAN, NAN, 1, 2])


def test_length_is_counted_from_first_to_last_observation():
    assert observed_length(np.array([NAN, 1, NAN, 3, NAN])) == 3


def test_windows_have_covariates_of_their_steps_and_the_next():
    table = np.stack([np.arange(6.0), 10 + np.arange(6.0)], axis=1)
    covariates = Covariates(table, np.array([True, False]))
    windows, _ = training_windows(np.arange(6.0), covariates, 2, 3)
    npt.assert_array_equal(windows.covariates[1, :, 0], [1, 2, 3, 4, 5])
    npt.assert_array_equal(windows.covariates[1, :, 1], [11, 12, 12, 12, 12])


def test_covariates_before_the_start_of_a_short_series_are_missing():
    covariates = Covariates(np.arange(5.0)[:, None], np.array([True]))
    window = window_to_forecast_from(np.array([7.0, 8]), covariates, 4, 3)
    npt.assert_array_equal(window.values, [[NAN, NAN, 7, 8]])
    npt.assert_array_equal(window.covariates[0, :, 0], [NAN, NAN, 0, 1, 2, 3, 4])


@pytest.mark.parametrize("size", [1, 3, 8, 20])
def test_last_window_is_the_end_of_the_interpolated_series(size):
    values = np.random.default_rng(0).normal(size=12)
    values[[0, 1, 4, 5, 6, 11]] = np.nan
    interpolated = np.pad(interpolate(values), (20, 0), constant_values=np.nan)
    npt.assert_array_equal(last_window(values, size), interpolated[-size:])
