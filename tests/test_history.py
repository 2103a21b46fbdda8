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


def test_constant_series_have_a_scale():
    npt.assert_array_equal(
        scale_of(np.full(3, 7.0), False).transform(np.full(3, 7.0)), 1
    )
    npt.assert_array_equal(scale_of(np.zeros(3), False).transform(np.zeros(3)), 0)
