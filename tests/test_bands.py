"""How wide intervals are."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._bands import widths


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
