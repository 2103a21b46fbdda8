"""Intervals of forecasters whose regressor predicts quantiles."""

import numpy as np
import numpy.testing as npt
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm import LSTMForecaster, LSTMRegressor

LEVELS = (0.1, 0.5, 0.9)
NETWORK = LSTMRegressor(
    (6,), loss="quantile", quantiles=LEVELS, max_iter=30, learning_rate="cosine"
)
SETTINGS = {"window_size": 3, "baseline": "last", "log": False, "random_state": 0}


def calm_and_wild(n_series=60, n_timesteps=60):
    """Return values of 5 or -5, with noise in those that follow 5."""
    random = np.random.default_rng(0)
    signs = random.choice([-1.0, 1.0], size=(n_timesteps + 1, n_series))
    noise = random.uniform(-2, 2, size=(n_timesteps, n_series))
    return signs[1:] * 5 + np.where(signs[:-1] > 0, noise, 0.0)


@pytest.fixture(scope="module")
def forecaster():
    forecaster = LSTMForecaster(NETWORK, horizon=2, **SETTINGS)
    return forecaster.fit(calm_and_wild()[:50])


def test_intervals_reach_their_coverage_and_are_wide_after_noise(forecaster):
    y = calm_and_wild()
    intervals = forecaster.predict_interval(1, coverage=0.8)[0]
    is_covered = (intervals[:, 0] <= y[50]) & (y[50] <= intervals[:, 1])
    assert is_covered.mean() == pytest.approx(0.8, abs=0.1)
    sizes = intervals[:, 1] - intervals[:, 0]
    after_noise = y[49] > 0
    assert sizes[after_noise].mean() > 1.1 * sizes[~after_noise].mean()


def test_quantiles_are_sorted_around_the_forecast(forecaster):
    quantiles = forecaster.predict_quantiles(quantiles=LEVELS)
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    npt.assert_allclose(quantiles[..., 1], forecaster.predict())
    npt.assert_array_equal(
        forecaster.predict_quantiles(quantiles=[0.9, 0.1]), quantiles[..., [2, 0]]
    )
    npt.assert_array_equal(
        forecaster.predict_interval(1, coverage=0.8), quantiles[:1, :, [0, 2]]
    )


def test_quantiles_that_were_not_fitted_are_refused(forecaster):
    with pytest.raises(ValueError, match=r"do not predict .* \[0.05.* from \[0.1, 0.5"):
        forecaster.predict_interval()


def test_quantiles_need_no_validation_windows():
    y = calm_and_wild()[:30]
    forecaster = LSTMForecaster(
        NETWORK, horizon=2, calibration_fraction=None, n_estimators=2, **SETTINGS
    )
    quantiles = forecaster.fit(y).predict_quantiles(quantiles=LEVELS)
    assert (quantiles[..., 0] < quantiles[..., 2]).all()


def test_quantiles_need_the_direct_strategy():
    forecaster = LSTMForecaster(NETWORK, horizon=2, strategy="recursive", **SETTINGS)
    with pytest.raises(ValueError, match='Pass strategy="direct"'):
        forecaster.fit(calm_and_wild())
    forecaster.set_params(horizon=1).fit(calm_and_wild())
    assert (np.diff(forecaster.predict_quantiles(quantiles=LEVELS)) >= 0).all()


def test_pipelines_predict_the_median_only():
    pipeline = make_pipeline(FunctionTransformer(), NETWORK)
    forecaster = LSTMForecaster(pipeline, horizon=2, **SETTINGS).fit(calm_and_wild())
    lower, upper = np.moveaxis(forecaster.predict_interval(), -1, 0)
    npt.assert_allclose((lower + upper) / 2, forecaster.predict())


def test_the_median_must_be_among_the_quantiles():
    network = LSTMRegressor(loss="quantile", quantiles=(0.1, 0.8), max_iter=3)
    with pytest.raises(ValueError, match=r"quantiles \[0.1, 0.8\], but the forecast"):
        LSTMForecaster(network, horizon=2, **SETTINGS).fit(calm_and_wild())


@pytest.mark.parametrize("regressor", [NETWORK, Ridge(), None])
@pytest.mark.parametrize("baseline", ["last", "auto"])
def test_intervals_of_constant_series_have_no_width(regressor, baseline):
    y = np.c_[calm_and_wild(8)[:40], np.full(40, 3.0)]
    forecaster = LSTMForecaster(regressor, horizon=2, **SETTINGS)
    forecaster.set_params(baseline=baseline).fit(y)
    npt.assert_array_equal(forecaster.predict_quantiles(quantiles=LEVELS)[:, -1], 3.0)
