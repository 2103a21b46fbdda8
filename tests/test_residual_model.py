"""Features of residual models, and their predictions."""

import numpy as np
import numpy.testing as npt
from sklearn.base import BaseEstimator

from sklstm._forecast.residual_model import FeatureSpec, ResidualModels
from sklstm._forecast.training_windows import Windows


def spec(baseline, season_length=2, n_steps=1, is_future_known=(), window_size=4):
    is_future_known = np.array(is_future_known, bool)
    return FeatureSpec(
        baseline, None, window_size, season_length, n_steps, is_future_known
    )


def windows(values, covariates):
    return Windows(np.array(values), np.array(covariates), np.empty((1, 0)))


def test_features_are_windows_minus_their_level():
    one = windows([[1.0, 2, 3, 6]], np.empty((1, 5, 0)))
    last, growth = (
        spec(baseline).features(one)[0, :, 0] for baseline in ("last", "growth")
    )
    npt.assert_allclose(last, [-5, -4, -3, 0])
    npt.assert_allclose(growth, [-3.5, -2.5, -1.5, 1.5])


def test_the_regressor_sees_its_window_only():
    one = windows([[8.0, 9, 3, 6]], np.empty((1, 3, 0)))
    npt.assert_allclose(spec("last", window_size=2).features(one)[0, :, 0], [-3, 0])
    forecasts = spec("mean", 3, window_size=2).baseline_forecasts(one)
    npt.assert_allclose(forecasts, [[4.5]])


def test_covariates_known_in_the_future_appear_twice():
    covariates = np.stack([np.arange(5.0), 10 + np.arange(5.0)], axis=1)[None]
    features = spec(
        "last", n_steps=2, is_future_known=[False, True], window_size=3
    ).features(windows([[np.nan, 2.0, 3]], covariates))
    # The value minus the last one, both covariates, and the second two steps later.
    npt.assert_array_equal(features[0, 1:], [[-1, 1, 11, 13], [0, 2, 12, 14]])
    assert np.isnan(features[0, 0]).all()


class Constant(BaseEstimator):
    """Regressor that predicts a constant."""

    def __init__(self, constant):
        self.constant = constant

    def predict(self, X):
        return np.full(len(X), self.constant)


def test_ensemble_predicts_the_median():
    models = ResidualModels(
        spec("last", window_size=2), [Constant(c) for c in (9.0, -1.0, 2.0)]
    )
    one = windows([[5.0, 6.0]], np.empty((1, 5, 0)))
    npt.assert_array_equal(models.forecast(one, 0.5, 1), [[6 + 0.5 * 2]])
    # Recursive forecasts add the correction in each step.
    npt.assert_array_equal(models.forecast(one, 0.5, 3), [[7, 8, 9]])
