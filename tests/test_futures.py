"""Lessons of a forecaster: what is cut, what is held back, how wide intervals are."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._futures import (
    Lessons,
    Recipe,
    early_and_held,
    last_window,
    lessons_of,
    n_lessons_to_split,
    n_readings,
    unit_of,
    widths,
)

NAN = np.nan


def test_lessons_are_windows_and_what_came_after():
    lessons, ends = lessons_of(np.arange(6.0), 3, 2)
    npt.assert_array_equal(lessons.windows, [[0, 1, 2], [1, 2, 3]])
    npt.assert_array_equal(lessons.targets, [[3, 4], [4, 5]])
    npt.assert_array_equal(ends, [3, 4])


def test_missing_readings_are_bridged_before_and_never_targets():
    lessons, ends = lessons_of(np.array([0, 1, NAN, 3, 4, 5, 6.0]), 2, 1)
    npt.assert_array_equal(lessons.targets, [[3], [4], [5], [6]])
    npt.assert_array_equal(lessons.windows[:2], [[1, 1], [2, 3]])
    npt.assert_array_equal(ends, [3, 4, 5, 6])


def test_windows_know_nothing_of_what_comes_after_them():
    random = np.random.default_rng(0)
    values = np.arange(60.0) + random.normal(size=60)
    values[random.random(60) < 0.5] = np.nan
    lessons, ends = lessons_of(values, 5, 1)
    assert len(ends) > 10
    assert np.isnan(values[ends - 1]).any()
    for window, end in zip(lessons.windows, ends, strict=True):
        npt.assert_allclose(window, last_window(values[:end], 5))


def test_no_lesson_begins_before_a_late_start():
    lessons, ends = lessons_of(np.array([NAN, NAN, 2, 3, 4, 5.0]), 2, 1)
    npt.assert_array_equal(lessons.windows, [[2, 3], [3, 4]])
    npt.assert_array_equal(ends, [4, 5])


def test_short_series_teach_nothing():
    lessons, ends = lessons_of(np.arange(4.0), 3, 2)
    assert lessons.windows.shape == (0, 3)
    assert lessons.targets.shape == (0, 2)
    assert not len(ends)


def test_lessons_of_all_series_stand_one_after_the_other():
    parts = [lessons_of(start + np.arange(4.0), 2, 1)[0] for start in (0, 10)]
    npt.assert_array_equal(Lessons.of_all(parts).targets[:, 0], [2, 3, 12, 13])


@pytest.mark.parametrize("horizon", [1, 3, 12])
@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
def test_early_targets_end_before_held_ones_begin(horizon, fraction):
    n_lessons = n_lessons_to_split(horizon, fraction)
    for more in (0, 1, 20):
        ends = 7 + np.arange(n_lessons + more)
        is_early, is_held = early_and_held(ends, horizon, fraction)
        assert is_held.sum() == np.ceil(fraction * len(ends))
        assert is_early.any()
        assert ends[is_early].max() + horizon <= ends[is_held].min()
    is_early, _ = early_and_held(7 + np.arange(n_lessons - 1), horizon, fraction)
    assert not is_early.any()


def test_last_window_bridges_and_begins_late():
    npt.assert_array_equal(last_window(np.array([1, NAN, 3, NAN]), 3), [2, 3, 3])
    npt.assert_array_equal(last_window(np.array([1.0, 2]), 4), [NAN, NAN, 1, 2])


def test_readings_are_counted_from_first_to_last():
    assert n_readings(np.array([NAN, 1, NAN, 3, NAN])) == 3


def test_inputs_are_windows_less_their_level():
    windows = np.array([[1.0, 2, 3, 6]])
    npt.assert_allclose(Recipe("last", 2, 1).inputs(windows)[0, :, 0], [-5, -4, -3, 0])
    npt.assert_allclose(
        Recipe("growth", 2, 1).inputs(windows)[0, :, 0], [-3.5, -2.5, -1.5, 1.5]
    )


@pytest.mark.parametrize("is_log", [False, True])
def test_units_are_left_as_they_were_entered(is_log):
    values = np.array([1.0, NAN, 4, 8])
    unit = unit_of(values, is_log)
    npt.assert_allclose(unit.leave(unit.enter(values)), values)
    assert unit.size == (1 if is_log else np.nanstd(values))


def test_constant_series_have_a_unit():
    npt.assert_array_equal(unit_of(np.full(3, 7.0), False).enter(np.full(3, 7.0)), 1)
    npt.assert_array_equal(unit_of(np.zeros(3), False).enter(np.zeros(3)), 0)


@pytest.mark.parametrize("n_windows", [20, 400])
def test_intervals_hold_their_share_of_new_errors(n_windows):
    random = np.random.default_rng(0)
    sizes = np.array([1.0, 2, 4])
    covered = [
        np.abs(random.normal(size=(200, 3)) * sizes)
        <= widths(random.normal(size=(n_windows, 3)) * sizes, 0.9)
        for _ in range(50)
    ]
    npt.assert_allclose(np.mean(covered, axis=(0, 1)), 0.9, atol=0.025)


@pytest.mark.parametrize("n_windows", [1, 5, 150])
def test_intervals_grow_with_their_coverage(n_windows):
    errors = np.random.default_rng(0).normal(size=(n_windows, 4))
    by_coverage = [widths(errors, c) for c in (0, 0.1, 0.5, 0.9, 0.999)]
    assert (np.diff(by_coverage, axis=0) >= 0).all()
