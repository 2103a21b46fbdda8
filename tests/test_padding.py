"""Sequences of unequal length, and the real steps of their windows."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm._input.padding import (
    flatten_steps,
    is_ragged,
    like_sequences,
    unflatten_steps,
)

STEP_MASK = np.array([[False, True], [True, True]])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([[1, 2], [3]], True),
        ([[1, 2], [3, 4]], False),
        ([np.zeros((2, 3)), np.zeros((1, 3))], True),
        (np.zeros((2, 2)), False),
        (np.array([None, "a"], object), False),
        (["ab", "a"], False),
        ([1, 2], False),
        (3.0, False),
        (None, False),
        (pd.DataFrame({"a": ["x", "y"]}), False),
    ],
)
def test_sequences_of_unequal_length_are_ragged(data, expected):
    assert is_ragged(data) is expected


def test_targets_are_flattened_window_by_window():
    y = np.array([[9, 1], [2, 3]])
    npt.assert_array_equal(flatten_steps(y, STEP_MASK), [1, 2, 3])
    npt.assert_array_equal(flatten_steps([[1], [2, 3]], STEP_MASK), [1, 2, 3])


def test_flat_targets_return_to_their_steps():
    steps = np.array([[1.0], [2.0], [3.0]])
    windows = unflatten_steps(steps, STEP_MASK)
    npt.assert_array_equal(windows[:, :, 0], [[0, 1], [2, 3]])
    npt.assert_array_equal(flatten_steps(windows, STEP_MASK), steps)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[1], [2, 3, 4]], r"3 targets in y\[1\] for 2 steps in X\[1\]"),
        ([[1], [2, 3], [4]], "3 sequences of 1, 2, 1 targets"),
        ([[1], None], r"y\[1\] is None, .* every step of X\[1\]. Pass a sequence"),
    ],
)
def test_targets_of_another_length_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        flatten_steps(y, STEP_MASK)


def test_predictions_for_sequences_have_their_lengths():
    predictions = np.array([[9, 1], [2, 3]])
    parts = like_sequences(predictions, [[0.5], [0.5, 0.6]])
    assert [part.tolist() for part in parts] == [[1], [2, 3]]
    assert like_sequences(predictions, np.zeros((2, 2))) is predictions
