"""Training windows of a forecaster, and the split that holds some out."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast import training_windows as module
from sklstm._forecast.baselines import interpolate
from sklstm._forecast.covariates import Covariates
from sklstm._forecast.training_windows import (
    last_window,
    n_windows_to_split,
    observed_length,
    split_in_time,
    training_windows,
    window_to_forecast_from,
)

NAN = np.nan
NONE = Covariates(np.empty((0, 0)), np.empty(0, bool))


def windows_of(values, window_size, horizon, covariates=NONE, context_size=None):
    """Return the training windows of one series."""
    return training_windows(
        [(np.array(values, float), covariates)],
        window_size,
        horizon,
        context_size or window_size,
    )


def test_targets_follow_their_windows():
    windows = windows_of(np.arange(6), 3, 2)
    npt.assert_array_equal(windows.ends, [3, 4])
    npt.assert_array_equal(windows.cut().values, [[0, 1, 2], [1, 2, 3]])
    npt.assert_array_equal(windows.cut().targets, [[3, 4], [4, 5]])


def test_a_mixture_sees_values_before_the_window():
    covariates = Covariates(np.arange(10.0)[:, None], np.array([True]))
    windows = windows_of([NAN, 1, 2, NAN, 4, 5], 2, 1, covariates, context_size=4)
    # The windows begin as before, and their covariates are those of the window.
    npt.assert_array_equal(windows.ends, [4, 5])
    npt.assert_array_equal(windows.cut().values, [[NAN, 1, 2, 2], [1, 2, 3, 4]])
    npt.assert_array_equal(windows.cut().covariates[..., 0], [[2, 3, 4], [3, 4, 5]])
    last = window_to_forecast_from(np.array([NAN, 7, 8]), covariates, 1, 2, 4)
    npt.assert_array_equal(last.values, [[NAN, NAN, 7, 8]])
    npt.assert_array_equal(last.covariates[..., 0], [[2, 3, 4]])


def test_every_third_window_is_counted_from_the_last_one():
    tables = [(np.arange(length), NONE) for length in (9.0, 4.0, 12.0)]
    windows = training_windows(tables, 3, 2, 3).every(3)  # of 5, 0 and 8 windows
    npt.assert_array_equal(windows.ends, [4, 7, 4, 7, 10])
    npt.assert_array_equal(windows.series, [0, 0, 2, 2, 2])
    assert not len(training_windows(tables[1:2], 3, 2, 3).every(3))


def test_missing_values_are_interpolated_in_windows():
    windows = windows_of([0, 1, NAN, 3, 4, 5, 6], 2, 1)
    npt.assert_array_equal(windows.cut().targets, [[3], [4], [5], [6]])
    npt.assert_array_equal(windows.cut().values[:2], [[1, 1], [2, 3]])
    npt.assert_array_equal(windows.ends, [3, 4, 5, 6])


def test_windows_are_kept_if_one_of_their_targets_is_observed():
    windows = windows_of([0, 1, 2, NAN, NAN, 5, NAN], 2, 2)
    npt.assert_array_equal(windows.ends, [2, 4, 5])
    npt.assert_array_equal(windows.cut().targets, [[2, NAN], [NAN, 5], [5, NAN]])
    interpolated = windows.with_interpolated_targets().cut()
    npt.assert_array_equal(interpolated.targets, [[2, 3], [4, 5], [5, 5]])
    npt.assert_array_equal(interpolated.values, windows.cut().values)
    # Fewer targets are all missing in one more window.
    npt.assert_array_equal(windows.first_targets(1).ends, [2, 5])


def test_most_windows_are_kept_if_nine_values_in_ten_are_missing():
    random = np.random.default_rng(0)
    values = random.normal(size=1034)
    values[random.random(1034) < 0.9] = NAN
    values[0] = 0
    assert len(windows_of(values, 15, 20)) > 0.8 * 1000


def test_windows_do_not_use_later_values():
    random = np.random.default_rng(0)
    values = np.arange(60.0) + random.normal(size=60)
    values[random.random(60) < 0.5] = np.nan
    windows = windows_of(values, 5, 1)
    assert len(windows) > 10
    assert np.isnan(values[windows.ends - 1]).any()
    for window, end in zip(windows.cut().values, windows.ends, strict=True):
        npt.assert_allclose(window, last_window(values[:end], 5))


def test_no_window_begins_before_the_first_observation():
    windows = windows_of([NAN, NAN, 2, 3, 4, 5], 2, 1)
    npt.assert_array_equal(windows.cut().values, [[2, 3], [3, 4]])
    npt.assert_array_equal(windows.ends, [4, 5])


def test_short_series_have_no_windows():
    tables = [(np.arange(n), NONE) for n in (4.0, 6.0, 1.0)]
    windows = training_windows(tables, 3, 2, 3)
    npt.assert_array_equal(windows.series, [1, 1])
    npt.assert_array_equal(windows.cut().targets, [[3, 4], [4, 5]])
    assert not len(training_windows(tables[:1], 3, 2, 3))


def panel_with_covariates():
    """Return tables of three series with two covariates, some values missing."""
    random = np.random.default_rng(0)
    tables = []
    for n_timesteps in (30, 9, 40):
        values = random.normal(size=n_timesteps)
        values[random.random(n_timesteps) < 0.3] = NAN
        covariates = random.normal(size=(n_timesteps, 2))
        tables.append((values, Covariates(covariates, np.array([True, False]))))
    return tables


def test_blocks_hold_all_windows_in_order(monkeypatch):
    windows = training_windows(panel_with_covariates(), 4, 2, 4)
    whole = windows.cut()
    for n_numbers in (1, 100, 10_000):
        monkeypatch.setattr(module, "BLOCK_NUMBERS", n_numbers)
        for field, expected in whole._asdict().items():
            computed = windows.compute(lambda block, field=field: getattr(block, field))
            npt.assert_array_equal(computed, expected)


def test_very_many_windows_are_sampled_at_random(monkeypatch):
    windows = windows_of(np.arange(1000), 4, 1)
    assert windows.limited(0) is windows
    monkeypatch.setattr(module, "MAX_WINDOWS", 200)
    sample = windows.limited(0)
    assert len(sample) == 200
    assert (np.diff(sample.ends) > 0).all()
    npt.assert_allclose(sample.ends.mean(), windows.ends.mean(), rtol=0.05)
    npt.assert_array_equal(windows.limited(0).ends, sample.ends)
    assert (windows.limited(1).ends != sample.ends).any()
    # Windows of 4 values take 4 numbers; a covariate known in the future takes 8 more.
    monkeypatch.setattr(module, "MAX_NUMBERS", 480)
    assert len(windows.limited(0)) == 120
    covariates = Covariates(np.zeros((1000, 1)), np.array([True]))
    assert len(windows_of(np.arange(1000), 4, 1, covariates).limited(0)) == 40


def test_windows_of_each_series_are_split_in_time():
    tables = [(np.arange(n), NONE) for n in (14.0, 3.0, 24.0)]
    windows = training_windows(tables, 3, 2, 3)  # 10, 0 and 20 windows
    early, validation = windows.split(0.2)
    npt.assert_array_equal(validation.series, [0, 0, 2, 2, 2, 2])
    npt.assert_array_equal(validation.ends, [11, 12, 19, 20, 21, 22])
    npt.assert_array_equal(early.ends, [*range(3, 10), *range(3, 18)])


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
    windows = windows_of(np.arange(6), 2, 3, covariates).cut()
    npt.assert_array_equal(windows.covariates[1, :, 0], [1, 2, 3, 4, 5])
    npt.assert_array_equal(windows.covariates[1, :, 1], [11, 12, 12, 12, 12])


def test_covariates_before_the_start_of_a_short_series_are_missing():
    covariates = Covariates(np.arange(5.0)[:, None], np.array([True]))
    window = window_to_forecast_from(np.array([7.0, 8]), covariates, 4, 3, 4)
    npt.assert_array_equal(window.values, [[NAN, NAN, 7, 8]])
    npt.assert_array_equal(window.covariates[0, :, 0], [NAN, NAN, 0, 1, 2, 3, 4])


@pytest.mark.parametrize("size", [1, 3, 8, 20])
def test_last_window_is_the_end_of_the_interpolated_series(size):
    values = np.random.default_rng(0).normal(size=12)
    values[[0, 1, 4, 5, 6, 11]] = np.nan
    interpolated = np.pad(interpolate(values), (20, 0), constant_values=np.nan)
    npt.assert_array_equal(last_window(values, size), interpolated[-size:])
