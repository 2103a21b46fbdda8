"""Conformal intervals and quantiles."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.conformal import half_widths, quantile_margins, sort_quantiles


def test_intervals_cover_new_errors():
    random = np.random.default_rng(0)
    sizes = np.array([1.0, 2, 4])
    covered = [
        np.abs(random.normal(size=(200, 3)) * sizes)
        <= half_widths(random.normal(size=(400, 3)) * sizes, 0.9)
        for _ in range(50)
    ]
    npt.assert_allclose(np.mean(covered, axis=(0, 1)), 0.9, atol=0.02)


@pytest.mark.parametrize(("n_windows", "coverage"), [(7, 0.5), (12, 0.8), (20, 0.9)])
def test_few_windows_that_overlap_reach_about_their_coverage(n_windows, coverage):
    random = np.random.default_rng(0)
    horizon, covered = 12, []
    for _ in range(300):
        # Forecasts of a random walk are off by the steps since.
        steps = random.normal(size=n_windows + 2 * horizon)
        windows = np.lib.stride_tricks.sliding_window_view(steps, horizon)
        errors = np.cumsum(windows, axis=1)
        quantiles = half_widths(errors[:n_windows], coverage)
        covered.append(np.abs(errors[-1]) <= quantiles)
    assert np.mean(covered) == pytest.approx(coverage, abs=0.07)


@pytest.mark.parametrize("n_windows", [1, 5, 150])
def test_intervals_grow_with_their_coverage(n_windows):
    errors = np.random.default_rng(0).normal(size=(n_windows, 4))
    by_coverage = [half_widths(errors, c) for c in (0, 0.1, 0.5, 0.9, 0.999)]
    assert (np.diff(by_coverage, axis=0) >= 0).all()


@pytest.mark.parametrize("n_windows", [60, 400])
def test_margins_move_quantiles_to_their_coverage(n_windows):
    random = np.random.default_rng(0)
    levels = [0.1, 0.5, 0.8]
    quantiles = np.array([-3.0, 0.0, 0.1])  # too low, right, too low

    def errors(n_windows):
        actual = random.normal(size=(n_windows, 2, 1)) * [[1.0], [3.0]]
        return actual - quantiles * [[1.0], [3.0]]

    below = [
        (errors(200) <= quantile_margins(errors(n_windows), levels)).mean(axis=0)
        for _ in range(50)
    ]
    npt.assert_allclose(np.mean(below, axis=0), [levels] * 2, atol=0.03)


@pytest.mark.parametrize("n_windows", [60, 2000])
def test_missing_errors_have_no_influence(n_windows):
    errors = np.random.default_rng(0).normal(size=(n_windows, 3)) * [1.0, 2, 4]
    holed = np.concatenate([errors, np.full_like(errors, np.nan)])
    if n_windows > 100:
        npt.assert_array_equal(half_widths(holed, 0.9), half_widths(errors, 0.9))
    holed = np.where(
        np.random.default_rng(1).random(errors.shape) < 0.3, np.nan, errors
    )
    npt.assert_allclose(half_widths(holed, 0.9), 1.645 * np.array([1, 2, 4]), rtol=0.3)
    # A step without any error gets a width between those of its neighbors.
    holed[:, 1] = np.nan
    narrow, middle, wide = half_widths(holed, 0.9)
    assert 1.2 * narrow < middle < wide / 1.2


def test_quantiles_are_sorted_around_the_forecast():
    levels = [0.9, 0.5, 0.1, 0.2]
    quantiles = np.array([[[1.0, 5.0, 3.0, 4.0], [8.0, 2.0, 6.0, 4.0]]])
    ordered = sort_quantiles(quantiles, np.array([[3.5, 5.0]]), levels)
    npt.assert_array_equal(ordered, [[[3.5, 3.5, 3.0, 3.5], [8.0, 5.0, 4.0, 5.0]]])
