"""The edit distance: known words, and a definition by recursion."""

from functools import cache

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._core.edit_distance import edit_distance, error_rate


@cache
def by_definition(first, second):
    if not (first and second):
        return len(first) + len(second)
    differs = first[-1] != second[-1]
    return min(
        by_definition(first[:-1], second) + 1,
        by_definition(first, second[:-1]) + 1,
        by_definition(first[:-1], second[:-1]) + differs,
    )


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("", "", 0)],
)
def test_distance_of_words(first, second, distance):
    assert edit_distance(first, second) == distance


def test_distance_is_that_of_the_definition():
    generator = np.random.default_rng(0)
    for _ in range(30):
        lengths = generator.integers(0, 7, 2)
        first, second = (tuple(generator.integers(0, 3, n).tolist()) for n in lengths)
        assert edit_distance(first, second) == by_definition(first, second)


def test_error_rate_counts_edits_per_actual_label():
    predictions, targets = ["abc", "", "b"], ["abd", "ab", ""]
    npt.assert_allclose(error_rate(predictions, targets), (1 + 2 + 1) / 5)
