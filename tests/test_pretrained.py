"""Forecasters with pretrained weights: short series, seasons, panels, covariates."""

import pickle

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from sklstm import LSTMForecaster
from sklstm._forecast.mixture import TUNING_WEIGHTS
from sklstm._forecast.pretrained import load_networks

MONTHS = pd.date_range("2015-01", periods=84, freq="MS", name="month")


def sales(n_series=3, seed=0):
    """Return seven years of months with seasons and noise."""
    random = np.random.default_rng(seed)
    year = random.uniform(80, 120, (12, n_series))
    noise = random.normal(scale=3, size=(84, n_series))
    return pd.DataFrame(np.tile(year, (7, 1)) + noise, MONTHS).add_prefix("shop ")


def forecaster(**settings):
    return LSTMForecaster(**{"horizon": 6, "random_state": 0, **settings})


def weights_of(model):
    """Return all weights of the networks of a fitted forecaster."""
    networks = model._fitted.models.spec.mixture.networks
    return [part.detach() for network in networks for part in network.parameters()]


def assert_ordered(model, **arguments):
    """Check that intervals are finite and hold the forecasts; return the forecasts."""
    forecasts = np.asarray(model.predict(**arguments))
    quantiles = model.predict_quantiles(quantiles=[0.05, 0.3, 0.5, 0.9], **arguments)
    quantiles = np.asarray(quantiles).reshape(*forecasts.shape, 4)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    npt.assert_array_equal(quantiles[..., 2], forecasts)
    return forecasts


def test_without_fine_tuning_the_weights_are_those_that_ship():
    model = forecaster(fine_tune=0).fit(sales())
    shipped = [p.detach() for one in load_networks() for p in one.parameters()]
    assert all(map(torch.equal, weights_of(model), map(torch.Tensor.double, shipped)))
    assert (model.baseline_, model.estimators_) == ("weighted", [])
    assert model.correction_weight_ == 0


@pytest.mark.parametrize("fraction", [0.25, 1])
def test_a_fraction_of_the_fine_tuning_is_used(fraction):
    model = forecaster(fine_tune=fraction).fit(sales())
    shipped = weights_of(forecaster(fine_tune=0).fit(sales()))
    pairs = zip(weights_of(model), shipped, strict=True)
    changed = [not torch.equal(*pair) for pair in pairs]
    assert any(changed)
    assert not all(changed)  # Only the output layer changes.
    assert model._fitted.models.spec.mixture.tuning_weight == fraction
    auto = forecaster().fit(sales())
    assert auto._fitted.models.spec.mixture.tuning_weight in TUNING_WEIGHTS


def test_seasons_are_forecast_without_training():
    y = sales(8)
    forecasts = forecaster(fine_tune=0, horizon=12).fit(y[:72]).predict()
    errors = np.abs(forecasts - y[72:]).to_numpy().mean()
    last_year = np.abs(y[60:72].to_numpy() - y[72:].to_numpy()).mean()
    assert errors < 0.9 * last_year


@pytest.mark.parametrize("n_values", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("settings", [{}, {"pretrained": False}, {"log": False}])
def test_short_series_are_forecast(n_values, settings):
    y = sales(1).iloc[:n_values, 0].to_numpy()
    if settings.get("pretrained", True):
        model = forecaster(season_length=12, **settings).fit(y)
        forecasts = assert_ordered(model)
        assert (np.abs(forecasts - y[-1]) < 60).all()
        lower, upper = model.predict_interval().T
        # The bands of a single value have no width.
        assert (upper > lower).all() == (n_values > 1)
    else:
        # A regressor needs a window.
        with pytest.raises(ValueError, match="y is too short"):
            forecaster(season_length=12, **settings).fit(y)


@pytest.mark.filterwarnings("ignore:y ends with 2 missing")
def test_missing_values_are_interpolated():
    y = sales(1).iloc[:, 0].to_numpy().copy()
    y[:5] = y[20:30] = y[50:70:3] = y[-2:] = np.nan
    model = forecaster(season_length=12).fit(y)
    assert np.abs(assert_ordered(model) - 100).max() < 40
    # Missing values at the start do not count.
    expected = model.predict()
    npt.assert_allclose(model.fit(y[5:]).predict(), expected)


@pytest.mark.parametrize("season_length", [1, 4, 7, 24, 48, 52, 1440])
@pytest.mark.parametrize("horizon", [1, 6])
def test_any_season_and_horizon(season_length, horizon):
    n_values = min(4 * season_length + 30, 3000)
    angle = 2 * np.pi * np.arange(n_values + horizon) / season_length
    y = 50 + 10 * np.sin(angle) + np.random.default_rng(0).normal(size=len(angle))
    model = forecaster(season_length=season_length, horizon=horizon, fine_tune=0)
    forecasts = assert_ordered(model.fit(y[:n_values]))
    assert np.abs(forecasts - y[n_values:]).mean() < 3


def test_panels_of_very_different_lengths():
    long = np.random.default_rng(0).normal(size=700).cumsum()
    y = [long, long[:90] + 500, long[-8:], long[:1], np.r_[np.nan, long[:200]]]
    model = forecaster(season_length=7).fit(y)
    forecasts = assert_ordered(model)
    for number, forecast in enumerate(forecasts):
        # Forecasts of a series do not depend on the others.
        one = model.select(number)
        npt.assert_allclose(one.predict(), forecast, rtol=1e-9)
        interval = model.predict_interval()[number]
        npt.assert_allclose(one.predict_interval(), interval, rtol=1e-9)


@pytest.mark.parametrize("settings", [{}, {"regressor": Ridge()}, {"fine_tune": 0}])
def test_the_same_data_have_the_same_forecasts(settings):
    state, y = torch.get_rng_state(), sales()
    model = forecaster(**settings).fit(y)
    expected = model.predict_interval()
    for other in (clone(model).fit(y), model.fit(y), pickle.loads(pickle.dumps(model))):
        pdt.assert_frame_equal(other.predict_interval(), expected, check_exact=True)
    assert torch.equal(torch.get_rng_state(), state)


def test_searches_in_parallel_have_the_same_scores():
    y = sales(1).iloc[:, 0]
    searches = [
        GridSearchCV(
            forecaster(),
            {"fine_tune": [0, 1]},
            cv=TimeSeriesSplit(2, test_size=6),
            n_jobs=n_jobs,
        ).fit(y)
        for n_jobs in (1, 2)
    ]
    one, two = (search.cv_results_["mean_test_score"] for search in searches)
    npt.assert_array_equal(one, two)
    assert one[0] != one[1]


def test_other_series_are_forecast_as_if_fitted():
    y, others = sales(), sales(4, seed=1).add_prefix("other ")
    model = forecaster(fine_tune=0).fit(y)
    forecasts = assert_ordered(model, last_window=others)
    of_fit = forecaster(fine_tune=0).fit(others).predict()
    npt.assert_allclose(forecasts, of_fit, rtol=1e-9)
    # The last values of the fitted series.
    updated = clone(model).fit(y[:80]).update(y[80:])
    pdt.assert_frame_equal(updated.predict(), model.predict())
    pdt.assert_frame_equal(model.predict(last_window=y), model.predict())


def test_a_new_series_with_equal_values_has_a_band():
    model = forecaster().fit(sales())
    widths = np.diff(model.predict_interval().to_numpy().reshape(6, 3, 2)).mean()
    for values in ([100.0], [100.0, 100.0]):
        new = pd.Series(values, MONTHS[: len(values)], name="new")
        interval = model.predict_interval(last_window=new)
        width = interval["upper"] - interval["lower"]
        assert 0.4 * widths < width.mean() < 2.5 * widths
        npt.assert_allclose(model.predict(last_window=new), 100)


def test_warm_starts_keep_the_mixture():
    y = sales(2)
    model = forecaster(warm_start=True).fit(y[["shop 0"]])
    before = weights_of(model)
    assert model.fit(y).estimators_ == []
    assert all(map(torch.equal, weights_of(model), before))
    expected = clone(model).fit(y[["shop 0"]]).predict(last_window=y)
    npt.assert_allclose(model.predict(), expected)
    with pytest.raises(ValueError, match="cannot change the fine_tune of the last fit"):
        model.set_params(fine_tune=0).fit(y)


def test_a_window_size_limits_what_the_mixture_sees():
    y = sales(1).iloc[:, 0]
    model = forecaster(window_size=20, fine_tune=0, log=False).fit(y)
    assert model.window_size_ == 20
    shifted = y.where(y.index < MONTHS[64], y.to_numpy())
    shifted[:64] += 30
    other = clone(model).fit(shifted)
    npt.assert_allclose(other.predict(), model.predict())
    npt.assert_allclose(model.predict(last_window=y[-20:]), model.predict())
    model.set_params(window_size="auto").fit(y)
    assert np.abs(model.predict(last_window=y[-20:]) - model.predict()).max() > 1e-3


def promotions():
    """Return weeks of sales, which promotions raise by half, and the promotions."""
    random = np.random.default_rng(0)
    weeks = pd.date_range("2020-01-05", periods=160, freq="W")
    promoted = pd.DataFrame({"promoted": random.random(160) < 0.2}, weeks).astype(float)
    noise = random.normal(scale=0.03, size=160)
    return np.exp(4 + 0.4 * promoted["promoted"] + noise), promoted


def test_known_promotions_improve_the_forecasts():
    y, promoted = promotions()
    model = forecaster(regressor=LinearRegression(), season_length=1, window_size=8)
    cv = TimeSeriesSplit(4, test_size=6)
    errors = [
        (backtest["forecast"] - backtest["actual"]).abs().mean()
        for backtest in (
            model.backtest(y, cv, promoted, refit=False),
            forecaster(season_length=1).backtest(y, cv, refit=False),
        )
    ]
    assert errors[0] < 0.5 * errors[1]
    corrected = clone(model).fit(y[:154], promoted[:154])
    assert corrected.baseline_ == "weighted"
    assert corrected.correction_weight_ > 0.5


def test_the_default_regressor_corrects_the_mixture_if_there_are_covariates():
    y, promoted = promotions()
    settings = {"season_length": 1, "window_size": 8, "n_estimators": 1}
    assert forecaster(**settings).fit(y).estimators_ == []
    for arguments, extra in [
        ({"X": promoted}, {}),
        ({}, {"date_features": ["month"]}),
        ({}, {"pretrained": False}),
    ]:
        model = forecaster(fine_tune=0, **settings, **extra).fit(y, **arguments)
        assert model.baseline_ == "weighted"
        assert len(model.estimators_) == 1


def test_without_pretrained_weights_backtests_decide():
    y = sales(2)
    model = forecaster(pretrained=False, regressor=Ridge(), fine_tune=0)
    forecasts = assert_ordered(model.fit(y[:78])).reshape(6, 2)
    assert np.abs(forecasts - y[78:]).to_numpy().mean() < 10
    assert len(model.estimators_) == 1


def test_intervals_reach_their_coverage_without_held_out_windows():
    y = sales(60)
    model = forecaster(fine_tune=0, horizon=12).fit(y[:72])
    intervals = model.predict_interval().to_numpy().reshape(12, 60, 2)
    actual = y[72:].to_numpy()
    is_covered = (intervals[..., 0] <= actual) & (actual <= intervals[..., 1])
    assert is_covered.mean() == pytest.approx(0.9, abs=0.07)
