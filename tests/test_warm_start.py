"""A forecaster that was fitted to many series continues with a short one."""

import numpy as np
import numpy.testing as npt
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMForecaster, LSTMRegressor

TINY = LSTMRegressor((8,), batch_size=20, max_iter=40, learning_rate="cosine")
SETTINGS = {"horizon": 3, "window_size": 5, "log": False, "random_state": 0}


def wave(n_timesteps, shift=0.0):
    return np.sin(2 * np.pi * (np.arange(n_timesteps) + shift) / 7.3)


def waves(n_timesteps=40):
    return np.stack([wave(n_timesteps, shift) for shift in range(7)], axis=1)


def error(forecaster, shift=0.5, n_known=12):
    actual = wave(n_known + 3, shift)[n_known:]
    return np.abs(forecaster.predict() - actual).mean()


def test_similar_series_help_a_short_one():
    few = wave(12, 0.5)
    alone = LSTMForecaster(TINY, **{**SETTINGS, "calibration_fraction": None})
    forecaster = LSTMForecaster(TINY, warm_start=True, **SETTINGS).fit(waves())
    before = forecaster.estimators_[0].network_
    forecaster.fit(few)
    assert forecaster.estimators_[0].network_ is not before
    assert error(forecaster) < 0.2 * error(alone.fit(few))


def test_correction_weight_and_errors_stay():
    forecaster = LSTMForecaster(TINY, warm_start=True, **SETTINGS).fit(waves())
    weight, intervals = forecaster.correction_weight_, forecaster.predict_interval()
    sizes = intervals[..., 1] - intervals[..., 0]
    for _ in range(3):
        intervals = forecaster.fit(waves()).predict_interval()
    npt.assert_allclose(intervals[..., 1] - intervals[..., 0], sizes)
    assert forecaster.correction_weight_ == weight


@pytest.mark.parametrize("n_known", [1, 7])
def test_series_without_a_window_are_forecast_without_training(n_known):
    few = wave(n_known, 0.5) + 2
    forecaster = LSTMForecaster(TINY, warm_start=True, **SETTINGS).fit(waves())
    expected = forecaster.predict(last_window=few)
    assert forecaster.fit(few).predict() == pytest.approx(expected)


def test_warm_starts_are_reproducible():
    def fit():
        forecaster = LSTMForecaster(TINY, warm_start=True, n_estimators=2, **SETTINGS)
        return forecaster.fit(waves()).fit(wave(20)).predict_interval()

    npt.assert_array_equal(fit(), fit())


def test_other_regressors_need_a_warm_start():
    network = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2000, random_state=0)
    forecaster = LSTMForecaster(network, warm_start=True, **SETTINGS).fit(waves())
    assert not forecaster.estimators_[0].warm_start
    assert forecaster.fit(wave(20)).estimators_[0].warm_start
    forecaster = LSTMForecaster(LinearRegression(), warm_start=True, **SETTINGS)
    forecaster.fit(waves())
    with pytest.raises(ValueError, match=r"warm_start, .* got LinearRegression"):
        forecaster.fit(wave(20))


def test_warm_start_uses_the_new_parameters_of_the_regressor():
    forecaster = LSTMForecaster(clone(TINY), warm_start=True, **SETTINGS).fit(waves())
    forecaster.set_params(regressor__learning_rate_init=1e-9)
    before = forecaster.predict(last_window=wave(20))
    npt.assert_allclose(forecaster.fit(wave(20)).predict(), before, rtol=1e-4)
    pipeline = make_pipeline(StandardScaler(), clone(TINY))
    forecaster = LSTMForecaster(pipeline, warm_start=True, **SETTINGS).fit(waves())
    before = forecaster.estimators_[0]["lstmregressor"]
    forecaster.set_params(regressor__lstmregressor__max_iter=7).fit(wave(20))
    after = forecaster.estimators_[0]["lstmregressor"]
    assert before.n_iter_ > after.n_iter_ == 7
    with pytest.raises(ValueError, match="cannot change the type of regressor"):
        forecaster.set_params(regressor=LinearRegression()).fit(wave(20))


def test_a_failed_warm_start_changes_nothing():
    forecaster = LSTMForecaster(TINY, horizon=3, window_size=5, random_state=0)
    forecaster.fit(2 + waves())
    before = forecaster.predict(last_window=2 + wave(20))
    holed = wave(60) - 2
    holed[2:-2] = np.nan
    with pytest.raises(ValueError, match="leave no training window"):
        forecaster.set_params(window_size=7).fit(holed)
    assert (forecaster.log_, forecaster.window_size_) == (True, 5)
    npt.assert_array_equal(forecaster.predict(last_window=2 + wave(20)), before)


@pytest.mark.parametrize(
    ("name", "value"), [("horizon", 2), ("window_size", 4), ("strategy", "recursive")]
)
def test_warm_start_cannot_change_the_settings(name, value):
    forecaster = LSTMForecaster(TINY, warm_start=True, **SETTINGS).fit(waves())
    with pytest.raises(ValueError, match=f"cannot change the {name} .* to {value}"):
        forecaster.set_params(**{name: value}).fit(wave(20))
    forecaster.set_params(warm_start=False).fit(wave(20))
    with pytest.raises(ValueError, match="cannot change the columns of X"):
        forecaster.set_params(warm_start=True).fit(wave(20), wave(20, 1))


def test_warm_start_keeps_logarithms():
    forecaster = LSTMForecaster(TINY, warm_start=True, horizon=3, window_size=5)
    forecaster.fit(2 + waves())
    message = r'fit again with log="auto" and warm_start=False'
    with pytest.warns(UserWarning, match=message):
        assert forecaster.fit(wave(20)).log_
    assert np.isfinite(forecaster.predict()).all()
    assert not forecaster.set_params(log="auto", warm_start=False).fit(wave(20)).log_


def test_warm_start_of_the_default_regressor_lowers_the_learning_rate():
    settings = {"warm_start": True, "calibration_fraction": None, **SETTINGS}
    forecaster = LSTMForecaster(pretrained=False, **settings).fit(wave(20))
    assert forecaster.estimators_[0].learning_rate_init == 0.01
    for _ in range(2):
        assert forecaster.fit(wave(12)).estimators_[0].learning_rate_init == 0.001


def test_warm_start_of_a_tuned_default_regressor_is_that_of_the_default():
    settings = {"warm_start": True, "calibration_fraction": None, **SETTINGS}
    settings["pretrained"] = False  # Otherwise there is no default regressor.
    forecasts = [
        forecaster.fit(wave(20)).fit(wave(12)).predict()
        for forecaster in (
            LSTMForecaster(**settings),
            LSTMForecaster(**settings).set_params(regressor__dropout=0.0),
        )
    ]
    npt.assert_array_equal(*forecasts)
