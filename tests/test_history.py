"""Units of series."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm._forecast.history import unit_of

NAN = np.nan


@pytest.mark.parametrize("is_log", [False, True])
def test_units_are_left_as_they_were_entered(is_log):
    values = np.array([1.0, NAN, 4, 8])
    unit = unit_of(values, is_log)
    npt.assert_allclose(unit.leave(unit.enter(values)), values)
    assert unit.size == (1 if is_log else np.nanstd(values))


def test_constant_series_have_a_unit():
    npt.assert_array_equal(unit_of(np.full(3, 7.0), False).enter(np.full(3, 7.0)), 1)
    npt.assert_array_equal(unit_of(np.zeros(3), False).enter(np.zeros(3)), 0)
