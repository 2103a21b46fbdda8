"""Lessons of a forecaster: what is cut, and what is held back."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.baselines import bridge
from sklstm._forecast.covariates import Columns
from sklstm._forecast.training_windows import (
    Lessons,
    early_and_held,
    last_window,
    lessons_of,
    n_lessons_to_split,
    n_readings,
    next_lesson,
)

NAN = np.nan
NONE = Columns(np.empty((0, 0)), np.empty(0, bool))


def test_lessons_are_windows_and_what_came_after():
    lessons, ends = lessons_of(np.arange(6.0), NONE, 3, 2)
    npt.assert_array_equal(lessons.windows, [[0, 1, 2], [1, 2, 3]])
    npt.assert_array_equal(lessons.targets, [[3, 4], [4, 5]])
    npt.assert_array_equal(ends, [3, 4])


def test_missing_readings_are_bridged_before_and_never_targets():
    lessons, ends = lessons_of(np.array([0, 1, NAN, 3, 4, 5, 6.0]), NONE, 2, 1)
    npt.assert_array_equal(lessons.targets, [[3], [4], [5], [6]])
    npt.assert_array_equal(lessons.windows[:2], [[1, 1], [2, 3]])
    npt.assert_array_equal(ends, [3, 4, 5, 6])


def test_windows_know_nothing_of_what_comes_after_them():
    random = np.random.default_rng(0)
    values = np.arange(60.0) + random.normal(size=60)
    values[random.random(60) < 0.5] = np.nan
    lessons, ends = lessons_of(values, NONE, 5, 1)
    assert len(ends) > 10
    assert np.isnan(values[ends - 1]).any()
    for window, end in zip(lessons.windows, ends, strict=True):
        npt.assert_allclose(window, last_window(values[:end], 5))


def test_no_lesson_begins_before_a_late_start():
    lessons, ends = lessons_of(np.array([NAN, NAN, 2, 3, 4, 5.0]), NONE, 2, 1)
    npt.assert_array_equal(lessons.windows, [[2, 3], [3, 4]])
    npt.assert_array_equal(ends, [4, 5])


def test_short_series_teach_nothing():
    lessons, ends = lessons_of(np.arange(4.0), NONE, 3, 2)
    assert lessons.windows.shape == (0, 3)
    assert lessons.targets.shape == (0, 2)
    assert not len(ends)


def test_lessons_of_all_series_stand_one_after_the_other():
    parts = [lessons_of(start + np.arange(4.0), NONE, 2, 1)[0] for start in (0, 10)]
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


def test_columns_stand_beside_windows_and_the_steps_after_them():
    table = np.stack([np.arange(6.0), 10 + np.arange(6.0)], axis=1)
    columns = Columns(table, np.array([True, False]))
    lessons, _ = lessons_of(np.arange(6.0), columns, 2, 3)
    npt.assert_array_equal(lessons.columns[1, :, 0], [1, 2, 3, 4, 5])
    npt.assert_array_equal(lessons.columns[1, :, 1], [11, 12, 12, 12, 12])


def test_columns_before_the_start_of_a_short_series_are_missing():
    columns = Columns(np.arange(5.0)[:, None], np.array([True]))
    lesson = next_lesson(np.array([7.0, 8]), columns, 4, 3)
    npt.assert_array_equal(lesson.windows, [[NAN, NAN, 7, 8]])
    npt.assert_array_equal(lesson.columns[0, :, 0], [NAN, NAN, 0, 1, 2, 3, 4])


@pytest.mark.parametrize("size", [1, 3, 8, 20])
def test_last_window_is_the_end_of_the_whole_bridge(size):
    values = np.random.default_rng(0).normal(size=12)
    values[[0, 1, 4, 5, 6, 11]] = np.nan
    bridged = np.pad(bridge(values), (20, 0), constant_values=np.nan)
    npt.assert_array_equal(last_window(values, size), bridged[-size:])
