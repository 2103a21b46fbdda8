"""Baseline forecasts by hand."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.baselines import (
    baseline_forecasts,
    best_baseline,
    interpolate,
    levels,
    mase_scale,
)

NAN = np.nan
# A season of 4 steps, with growth of 1, 2 and 3 in the second one.
WINDOW = np.array([[10.0, 20, 30, 40, 11, 22, 33]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("last", [33, 33, 33, 33, 33, 33]),
        ("mean", [26.5, 26.5, 26.5, 26.5, 26.5, 26.5]),
        ("season", [40, 11, 22, 33, 40, 11]),
        ("growth", [42, 13, 24, 35, 42, 13]),
    ],
)
def test_kinds_by_hand(kind, expected):
    npt.assert_allclose(baseline_forecasts(kind, WINDOW, 4, 6), [expected])


@pytest.mark.parametrize("kind", ["last", "season", "growth"])
def test_window_shorter_than_a_season_repeats_its_last_value(kind):
    npt.assert_array_equal(baseline_forecasts(kind, WINDOW[:, -2:], 4, 2), [[33, 33]])


def test_steps_without_a_season_before_repeat_the_last_value():
    window = np.array([[NAN, NAN, 30.0, 40.0]])
    npt.assert_array_equal(
        baseline_forecasts("season", window, 4, 4), [[40, 40, 30, 40]]
    )


def test_growth_averages_the_differences_that_are_not_missing():
    window = np.array([[NAN, 20.0, 30, 40, 11, 22, 33]])
    forecasts = baseline_forecasts("growth", window, 4, 1)
    npt.assert_allclose(forecasts, [[40 + (2 + 3) / 2]])


def test_windows_are_forecast_independently():
    both = np.concatenate([WINDOW, 2 * WINDOW])
    for kind in ("last", "mean", "season", "growth"):
        first, second = baseline_forecasts(kind, both, 4, 5)
        npt.assert_allclose(second, 2 * first)


def test_level_is_the_mean_of_the_last_season():
    npt.assert_allclose(levels(WINDOW, 2), [[27.5]])
    npt.assert_allclose(levels(np.array([[NAN, NAN, 3.0, 5.0]]), 3), [[4]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, NAN, 3], [1, 2, 3]),
        ([NAN, 1, NAN, NAN, 4], [NAN, 1, 2, 3, 4]),
        ([1, 2, NAN, NAN], [1, 2, 2, 2]),
        ([NAN, 5, NAN], [NAN, 5, 5]),
    ],
)
def test_missing_values_are_interpolated(values, expected):
    npt.assert_allclose(interpolate(np.array(values, float)), expected)


@pytest.mark.parametrize("kind", ["last", "mean", "season", "growth"])
def test_the_kind_that_made_the_targets_is_best(kind):
    random = np.random.default_rng(0)
    windows = random.normal(size=(30, 7))
    targets = baseline_forecasts(kind, windows, 4, 5)
    targets[random.random(targets.shape) < 0.5] = NAN
    blocks = [(windows[:13], targets[:13]), (windows[13:], targets[13:])]
    assert best_baseline(["last", "mean", "season", "growth"], blocks, 4) == kind


@pytest.mark.parametrize(
    ("values", "season_length", "size"),
    [
        ([1, 5, 2, 7, 4, 9], 2, (1 + 2 + 2 + 2) / 4),
        ([1, 5, 2, 7, 4], 4, (4 + 3 + 5 + 3) / 4),
        ([1, NAN, 2, 7, 4], 1, (0.5 + 0.5 + 5 + 3) / 4),
        ([3, 3, 3], 1, 0),
        ([3], 1, 0),
        ([NAN, 3, NAN], 1, 0),
    ],
)
def test_mase_scale_by_hand(values, season_length, size):
    assert mase_scale(np.array(values, float), season_length) == pytest.approx(size)
