"""Naive forecasts by hand."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.baselines import (
    bridge,
    least_wrong,
    levels,
    naive_forecasts,
    restlessness,
)

NAN = np.nan
# A cycle of 4 that has grown by 1, 2 and 3 where it is known twice.
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
    npt.assert_allclose(naive_forecasts(kind, WINDOW, 4, 6), [expected])


@pytest.mark.parametrize("kind", ["last", "season", "growth"])
def test_window_shorter_than_the_cycle_gives_its_last_reading(kind):
    npt.assert_array_equal(naive_forecasts(kind, WINDOW[:, -2:], 4, 2), [[33, 33]])


def test_steps_without_a_past_take_the_last_reading():
    window = np.array([[NAN, NAN, 30.0, 40.0]])
    npt.assert_array_equal(naive_forecasts("season", window, 4, 4), [[40, 40, 30, 40]])


def test_growth_counts_the_differences_that_are_there():
    window = np.array([[NAN, 20.0, 30, 40, 11, 22, 33]])
    moved = naive_forecasts("growth", window, 4, 1)
    npt.assert_allclose(moved, [[40 + (2 + 3) / 2]])


def test_each_window_has_a_forecast_of_its_own():
    both = np.concatenate([WINDOW, 2 * WINDOW])
    for kind in ("last", "mean", "season", "growth"):
        first, second = naive_forecasts(kind, both, 4, 5)
        npt.assert_allclose(second, 2 * first)


def test_level_is_the_mean_of_the_last_cycle():
    npt.assert_allclose(levels(WINDOW, 2), [[27.5]])
    npt.assert_allclose(levels(np.array([[NAN, NAN, 3.0, 5.0]]), 3), [[4]])


@pytest.mark.parametrize(
    ("values", "bridged"),
    [
        ([1, NAN, 3], [1, 2, 3]),
        ([NAN, 1, NAN, NAN, 4], [NAN, 1, 2, 3, 4]),
        ([1, 2, NAN, NAN], [1, 2, 2, 2]),
        ([NAN, 5, NAN], [NAN, 5, 5]),
    ],
)
def test_missing_readings_are_bridged(values, bridged):
    npt.assert_allclose(bridge(np.array(values, float)), bridged)


@pytest.mark.parametrize("kind", ["last", "mean", "season", "growth"])
def test_the_kind_that_made_the_targets_is_least_wrong(kind):
    windows = np.random.default_rng(0).normal(size=(30, 7))
    targets = naive_forecasts(kind, windows, 4, 5)
    assert (
        least_wrong(["last", "mean", "season", "growth"], windows, targets, 4) == kind
    )


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
def test_restlessness_by_hand(values, season_length, size):
    assert restlessness(np.array(values, float), season_length) == pytest.approx(size)
