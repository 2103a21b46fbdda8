"""What regressors are shown, and what becomes of their answers."""

import numpy as np
import numpy.testing as npt

from sklstm._forecast.residual_model import Recipe


def recipe(naive, season_length=2, horizon=1, is_ahead=()):
    return Recipe(naive, season_length, horizon, np.array(is_ahead, bool))


def test_inputs_are_windows_less_their_level():
    windows = np.array([[1.0, 2, 3, 6]])
    columns = np.empty((1, 5, 0))
    last, growth = (
        recipe(naive).inputs(windows, columns)[0, :, 0] for naive in ("last", "growth")
    )
    npt.assert_allclose(last, [-5, -4, -3, 0])
    npt.assert_allclose(growth, [-3.5, -2.5, -1.5, 1.5])


def test_columns_known_ahead_are_shown_twice():
    windows = np.array([[np.nan, 2.0, 3]])
    columns = np.stack([np.arange(5.0), 10 + np.arange(5.0)], axis=1)[None]
    inputs = recipe("last", horizon=2, is_ahead=[False, True]).inputs(windows, columns)
    # The reading less the last one, both columns, and the second two steps later.
    npt.assert_array_equal(inputs[0, 1:], [[-1, 1, 11, 13], [0, 2, 12, 14]])
    assert np.isnan(inputs[0, 0]).all()
