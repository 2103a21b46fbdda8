"""Scales of series."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.history import scale_of

NAN = np.nan


@pytest.mark.parametrize("is_log", [False, True])
def test_inverse_transform_restores_the_values(is_log):
    values = np.array([1.0, NAN, 4, 8])
    scale = scale_of(values, is_log)
    npt.assert_allclose(scale.inverse_transform(scale.transform(values)), values)
    assert scale.size == (1 if is_log else np.nanstd(values))
    npt.assert_array_equal(
        scale.transform(values), np.log(values) if is_log else values / scale.size
    )


def test_logarithms_continue_below_the_smallest_value_as_their_tangent():
    scale = scale_of(np.array([2.0, 8.0, NAN]), True)
    later = np.array([-3.0, 0.0, NAN, 1.0, 4.0])
    npt.assert_allclose(scale.inverse_transform(np.log([0.5])), [0.5])
    wide = scale.widen(later)
    assert (wide.size, wide.lowest) == (1.0, -3.0)
    npt.assert_allclose(wide.transform(later), [-4, -1, NAN, 0, np.log(4)])
    npt.assert_allclose(wide.inverse_transform(wide.transform(later)), later)


@pytest.mark.parametrize("values", [[0.0, 0.0], [-6.0, -3.0]])
def test_series_without_positive_values_have_logarithmic_scales_too(values):
    scale = scale_of(np.array(values), True)
    scaled = scale.transform(np.array(values))
    assert (np.abs(scaled) < 3).all()
    npt.assert_allclose(scale.inverse_transform(scaled), values, atol=1e-12)


def test_constant_series_have_a_scale():
    npt.assert_array_equal(
        scale_of(np.full(3, 7.0), False).transform(np.full(3, 7.0)), 1
    )
    npt.assert_array_equal(scale_of(np.zeros(3), False).transform(np.zeros(3)), 0)
