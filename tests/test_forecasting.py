"""Forecasts of series with a known future, intervals, containers and errors."""

import pickle
import re
from itertools import pairwise

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
import torch
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from sklstm import LSTMForecaster, LSTMRegressor
from sklstm._core.defaults import with_epochs
from sklstm._forecast import training_windows
from sklstm.forecasting import default_regressor, score_forecasts

MONTHS = pd.date_range("2015-01", periods=72, freq="MS", name="month")
TINY = LSTMRegressor((3,), max_iter=3, learning_rate="cosine")

by_strategy = pytest.mark.parametrize("strategy", ["direct", "recursive"])


def wave(n_timesteps=72, period=7.3, shift=0.0):
    """Return a wave, which follows from two values before but from no baseline."""
    return 5 + np.sin(2 * np.pi * (np.arange(n_timesteps) + shift) / period)


def growing_year(growth=0.5):
    """Return six years, each larger than the last by the same amount."""
    year = np.random.default_rng(0).uniform(10, 20, 12)
    return pd.Series(np.tile(year, 6) + growth * np.arange(72), MONTHS, name="sales")


def noisy_panel(n_series=40, n_timesteps=70, seed=0):
    """Return series with independent noise that return to zero."""
    random = np.random.default_rng(seed)
    series = np.zeros((n_timesteps, n_series))
    for before, now in pairwise(series):
        now[:] = 0.6 * before + random.normal(size=n_series)
    return series


@by_strategy
def test_forecasts_follow_the_regressor(strategy):
    y = wave()
    forecaster = LSTMForecaster(
        LinearRegression(), horizon=8, strategy=strategy, baseline="last"
    ).fit(y[:60])
    assert forecaster.correction_weight_ == 1
    npt.assert_allclose(forecaster.predict(), y[60:68], rtol=1e-3)


def test_growing_years_are_forecast_by_the_baseline():
    y = growing_year()
    forecaster = LSTMForecaster(
        TINY, horizon=12, baseline="growth", log=False, random_state=0
    ).fit(y[:60])
    assert forecaster.baseline_ == "growth"
    assert forecaster.season_length_ == 12
    assert forecaster.correction_weight_ == 0
    pdt.assert_series_equal(forecaster.predict(), y[60:])


@pytest.mark.parametrize("log", [False, "auto"])
def test_growing_years_are_forecast_by_the_mixture(log):
    y = growing_year()
    forecaster = LSTMForecaster(horizon=12, log=log, random_state=0).fit(y[:60])
    assert forecaster.baseline_ == "weighted"
    assert forecaster.season_length_ == 12
    assert (forecaster.estimators_, forecaster.correction_weight_) == ([], 0)
    errors = np.abs(forecaster.predict() - y[60:])
    # Each year is 6 more than the one before.
    assert errors.mean() < 0.25 * 6


def test_a_recursive_forecast_has_the_best_of_four_baselines():
    y = growing_year()
    forecaster = LSTMForecaster(Ridge(), horizon=12, strategy="recursive", log=False)
    forecaster.fit(y[:60])
    assert forecaster.baseline_ == "growth"
    pdt.assert_series_equal(forecaster.predict(), y[60:])


def test_relative_growth_is_linear_in_logarithms():
    y = np.exp(growing_year(0.01) / 4)
    forecaster = LSTMForecaster(TINY, horizon=12, baseline="growth", random_state=0)
    forecaster.fit(y[:60])
    assert forecaster.log_
    pdt.assert_series_equal(forecaster.predict(), y[60:])


def test_one_regressor_learns_from_all_series():
    shifts = np.linspace(0, 7, 12)
    y = np.stack([wave(40, shift=shift) for shift in shifts], axis=1)
    settings = {"window_size": 4, "horizon": 5, "baseline": "last", "log": False}
    forecasts = LSTMForecaster(LinearRegression(), **settings).fit(y[:30]).predict()
    npt.assert_allclose(forecasts, y[30:35], rtol=1e-3)


@by_strategy
def test_default_network_learns(strategy):
    y = wave(200)
    forecaster = LSTMForecaster(
        horizon=6, strategy=strategy, pretrained=False, random_state=0
    )
    forecasts = forecaster.fit(y[:180]).predict()
    assert np.abs(forecasts - y[180:186]).mean() < 0.3
    assert np.abs(y[179] - y[180:186]).mean() > 0.6


@pytest.mark.parametrize("log", [False, True])
def test_forecasts_have_the_scale_of_the_series(log):
    y = growing_year().to_numpy() + np.random.default_rng(1).normal(size=72)
    forecaster = LSTMForecaster(Ridge(), horizon=3, log=log)
    forecasts = forecaster.fit(y).predict()
    npt.assert_allclose(forecaster.fit(1000 * y).predict(), 1000 * forecasts)


def test_each_series_has_its_own_scale():
    y = noisy_panel(3)
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=3)
    forecasts = forecaster.fit(y).predict()
    factors = np.array([1, 10, 1000])
    npt.assert_allclose(forecaster.fit(y * factors).predict(), forecasts * factors)


def test_forecasts_have_the_form_of_y():
    frame = pd.DataFrame({"a": growing_year(), "b": growing_year(0.1)})
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=2)
    of_frame = forecaster.fit(frame).predict()
    assert list(of_frame.index) == list(pd.date_range("2021-01", periods=2, freq="MS"))
    long = frame.unstack().rename_axis(["shop", "month"])
    of_long = forecaster.fit(long).predict()
    npt.assert_array_equal(of_long["b"], of_frame["b"])
    assert of_long.index.names == ["shop", "month"]
    of_list = forecaster.fit([frame["a"], frame["b"]]).predict()
    pdt.assert_series_equal(of_list[0], of_frame["a"])
    intervals = forecaster.fit(frame).predict_interval()
    assert list(intervals["b"]) == ["lower", "upper"]


def test_short_and_late_series_are_forecast_too():
    y = [wave(60), wave(60, shift=2)[-6:], np.r_[np.full(50, np.nan), wave(60)[50:]]]
    forecasts = (
        LSTMForecaster(Ridge(), fine_tune=0, window_size=8, horizon=4).fit(y).predict()
    )
    assert np.isfinite(forecasts).all()
    networks = LSTMForecaster(TINY, window_size=8, horizon=4, random_state=0).fit(y)
    assert np.isfinite(networks.predict()).all()


def test_windows_without_a_target_are_left_out():
    y = wave()
    holed = y[:60].copy()
    holed[[20, 33]] = np.nan
    forecaster = LSTMForecaster(
        LinearRegression(), window_size=4, horizon=1, baseline="last"
    )
    npt.assert_allclose(forecaster.fit(holed).predict(), y[60:61], rtol=0.02)


@pytest.mark.parametrize("missing", [0.1, 0.5])
def test_networks_learn_from_windows_with_missing_targets(missing):
    # The seasonal pattern is the same in all windows, and the baseline misses it.
    y = 10 + np.sin(np.pi * np.arange(160) / 3)
    known = y[:148].copy()
    known[np.random.default_rng(0).random(148) < missing] = np.nan
    network = LSTMRegressor(12, max_iter=100, learning_rate="cosine", batch_size=32)
    forecaster = LSTMForecaster(
        network, window_size=12, horizon=12, baseline="mean", random_state=0
    ).fit(known)
    errors = np.abs(forecaster.predict() - y[148:])
    assert errors.mean() < 0.2 * np.abs(y - 10).mean()
    assert forecaster.correction_weight_ > 0.8


def test_other_regressors_learn_from_interpolated_targets():
    y = np.arange(1.0, 61)
    y[1::2] = np.nan
    forecaster = LSTMForecaster(
        LinearRegression(), window_size=4, horizon=3, baseline="last", log=False
    )
    npt.assert_allclose(forecaster.fit(y).predict(), [61, 62, 63])


def test_a_gap_before_the_validation_windows_is_refused():
    y = wave()
    y[2:-2] = np.nan
    forecaster = LSTMForecaster(Ridge(), window_size=4, horizon=12)
    with pytest.raises(
        ValueError, match=r"no training window .* calibration_fraction="
    ):
        forecaster.fit(y)
    without = clone(forecaster).set_params(calibration_fraction=None)
    assert np.isfinite(without.fit(y).predict()).all()
    filled = pd.Series(y).interpolate().to_numpy()
    assert np.isfinite(forecaster.fit(filled).predict()).all()


def test_default_regressors_are_trained_on_a_sample_of_very_many_windows(monkeypatch):
    monkeypatch.setattr(training_windows, "MAX_WINDOWS", 30)
    y = noisy_panel(3, 60)
    sizes = []

    class Counter(Ridge):
        def __init__(self, alpha=1.0, max_iter=None):
            super().__init__(alpha, max_iter=max_iter)

        def fit(self, X, y):
            sizes.append((len(X), self.max_iter))
            return super().fit(X, y)

    forecaster = LSTMForecaster(Counter(max_iter="auto"), window_size=4, horizon=3)
    forecaster.set_params(random_state=0).fit(y)
    # Three epochs of 30 windows would be shorter than 30.
    assert sizes == [(30, 30), (30, 30)]
    assert len(forecaster._fitted.calibration.errors) == 30
    sizes.clear()
    forecaster.set_params(regressor__max_iter=5).fit(y)
    assert sizes == [(3 * 41, 5), (3 * 54, 5)]


def test_intervals_reach_their_coverage_if_every_other_value_is_missing():
    covered = []
    for seed in range(30):
        y = np.cumsum(np.random.default_rng(seed).normal(size=301))
        known = y[:300].copy()
        known[1::2] = np.nan
        forecaster = LSTMForecaster(
            Ridge(), window_size=6, horizon=1, baseline="last", log=False
        )
        lower, upper = forecaster.fit(known).predict_interval()[0]
        covered.append(lower <= y[300] <= upper)
    assert np.mean(covered) > 0.75


@by_strategy
def test_every_other_value_can_be_missing(strategy):
    y = wave()
    y[::2] = np.nan
    forecaster = LSTMForecaster(TINY, horizon=3, strategy=strategy, random_state=0)
    assert np.isfinite(forecaster.fit(y).predict_interval()).all()


def test_longer_and_shorter_horizons():
    y = wave()
    direct = LSTMForecaster(LinearRegression(), horizon=6).fit(y[:60])
    npt.assert_array_equal(direct.predict(horizon=2), direct.predict()[:2])
    with pytest.raises(ValueError, match=r"horizon=7 is more than the 6 .* strategy"):
        direct.predict(horizon=7)
    recursive = clone(direct).set_params(strategy="recursive").fit(y[:60])
    npt.assert_allclose(recursive.predict(horizon=12), y[60:], rtol=1e-3)
    with pytest.raises(ValueError, match="at most the 6 steps of the fit, got hor"):
        recursive.predict_interval(horizon=7)


def test_parameters_set_after_the_fit_have_no_effect_before_the_next():
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(wave())
    before = forecaster.predict()
    forecaster.set_params(horizon=5, strategy="recursive", baseline="mean")
    npt.assert_array_equal(forecaster.predict(), before)


@by_strategy
def test_intervals_reach_their_coverage(strategy):
    y = noisy_panel(200, 90)
    forecaster = LSTMForecaster(
        Ridge(), window_size=5, horizon=4, strategy=strategy, baseline="mean"
    )
    intervals = forecaster.fit(y[:80]).predict_interval(coverage=0.8)
    actual = y[80:84]
    is_covered = (intervals[..., 0] <= actual) & (actual <= intervals[..., 1])
    assert is_covered.mean() == pytest.approx(0.8, abs=0.05)
    sizes = (intervals[..., 1] - intervals[..., 0]).mean(axis=1)
    assert sizes[0] < sizes[-1]


def test_intervals_grow_with_the_mase_scale():
    y = noisy_panel(20, 90) * np.linspace(1, 5, 20)
    quiet = 100 + y
    forecaster = LSTMForecaster(
        Ridge(), window_size=5, horizon=2, baseline="last", log=True
    )
    intervals = np.log(forecaster.fit(quiet).predict_interval())
    sizes = (intervals[..., 1] - intervals[..., 0])[0]
    scales = np.abs(np.diff(np.log(quiet), axis=0)).mean(axis=0)
    npt.assert_allclose(sizes / sizes[0], scales / scales[0])


def test_intervals_are_around_the_forecast_between_quantiles():
    y = growing_year() + np.random.default_rng(0).normal(size=72)
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(y)
    forecasts, intervals = forecaster.predict(), forecaster.predict_interval()
    assert (intervals["lower"] < forecasts).all()
    assert (intervals["upper"] > forecasts).all()
    quantiles = forecaster.predict_quantiles(quantiles=[0.05, 0.5, 0.95])
    pdt.assert_series_equal(quantiles[0.5], forecasts, check_names=False)
    npt.assert_allclose(quantiles[[0.05, 0.95]], intervals)
    levels = np.linspace(0.01, 0.99, 25)
    assert (np.diff(forecaster.predict_quantiles(quantiles=levels), axis=1) >= 0).all()


class Recording(RegressorMixin, BaseEstimator):
    """Regressor that predicts zero and records the shapes of its training data."""

    shown = []  # a clone has the same list

    def fit(self, X, y):
        self.shown.append((X.shape, y.shape))
        self.shape_ = y.shape[1:]
        return self

    def predict(self, X):
        return np.zeros((len(X), *self.shape_))


def test_regressors_are_fitted_to_early_windows_and_then_to_all():
    Recording.shown.clear()
    settings = {"window_size": 5, "horizon": 3, "calibration_fraction": 0.25}
    LSTMForecaster(Recording(), n_estimators=2, **settings).fit(wave(27))
    # Of 20 windows, 5 are for validation, and 2 overlap their targets.
    assert Recording.shown == [((13, 5), (13, 3))] * 2 + [((20, 5), (20, 3))] * 2


def test_without_calibration_there_is_one_fit_and_no_interval():
    Recording.shown.clear()
    settings = {"window_size": 5, "horizon": 3, "calibration_fraction": None}
    forecaster = LSTMForecaster(Recording(), baseline="last", **settings)
    forecaster.fit(wave(27))
    assert Recording.shown == [((20, 5), (20, 3))]
    assert forecaster.correction_weight_ == 1
    with pytest.raises(ValueError, match="Intervals need validation windows"):
        forecaster.predict_interval()
    # A mixture predicts quantiles itself.
    for regressor, weight in [(Recording(), 1), (None, 0)]:
        forecaster = LSTMForecaster(regressor, **settings).fit(wave(27))
        assert forecaster.correction_weight_ == weight
        lower, upper = forecaster.predict_interval().T
        forecasts = forecaster.predict()
        assert (lower < forecasts).all()
        assert (forecasts < upper).all()


def test_regressors_of_an_ensemble_have_different_seeds():
    forecaster = LSTMForecaster(TINY, horizon=2, n_estimators=3, random_state=0)
    seeds = [one.random_state for one in forecaster.fit(wave()).estimators_]
    assert len(set(seeds)) == 3


@pytest.mark.parametrize(
    ("n_windows", "n_epochs"), [(20, 30), (10_000, 30), (30_000, 10), (10**6, 3)]
)
def test_default_regressor_has_fewer_epochs_for_many_windows(n_windows, n_epochs):
    regressor = make_pipeline(StandardScaler(), default_regressor())
    regressor = with_epochs(regressor, n_windows, 300_000)
    assert regressor["lstmregressor"].max_iter == n_epochs


def test_seeds_of_pipelines_are_set():
    regressor = make_pipeline(StandardScaler(), TINY)
    forecaster = LSTMForecaster(regressor, horizon=2, random_state=0).fit(wave())
    first = forecaster.predict()
    npt.assert_array_equal(clone(forecaster).fit(wave()).predict(), first)


def test_same_seed_same_forecasts():
    torch_state = torch.get_rng_state()
    forecaster = LSTMForecaster(TINY, horizon=2, random_state=3)
    first = forecaster.fit(wave()).predict_interval()
    npt.assert_array_equal(forecaster.fit(wave()).predict_interval(), first)
    npt.assert_array_equal(clone(forecaster).fit(wave()).predict_interval(), first)
    copy = pickle.loads(pickle.dumps(forecaster))
    npt.assert_array_equal(copy.predict_interval(), first)
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_update_appends_without_fitting():
    y = pd.Series(wave(), MONTHS)
    forecaster = LSTMForecaster(
        LinearRegression(), horizon=3, season_length=1, baseline="last"
    ).fit(y[:60])
    regressors = forecaster.estimators_
    forecasts = forecaster.update(y[60:65]).predict()
    assert forecaster.estimators_ is regressors
    npt.assert_allclose(forecasts, y[65:68], rtol=1e-3)
    assert list(forecasts.index) == list(MONTHS[65:68])


@pytest.mark.parametrize("form", [np.asarray, list], ids=["array", "list"])
def test_update_of_arrays(form):
    y = wave()
    forecaster = LSTMForecaster(LinearRegression(), horizon=3, baseline="last")
    forecaster.fit(form(y[:60]))
    npt.assert_allclose(
        forecaster.update(form(y[60:65])).predict(), y[65:68], rtol=1e-3
    )


def test_updates_need_no_names():
    y = pd.DataFrame({"a": wave(), "b": wave(shift=2)}, MONTHS)
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=3)
    later = pd.Series([1.0, 2.0], MONTHS[60:62])
    expected = forecaster.fit(y["a"][:60]).update(later.rename("a")).predict()
    pdt.assert_series_equal(
        forecaster.fit(y["a"][:60]).update(later).predict(), expected
    )
    forecaster.fit(y["a"][:60].rename(None)).update(later.rename("a"))
    pdt.assert_series_equal(forecaster.predict(), expected.rename(None))
    assert np.isfinite(forecaster.fit(y["a"][:60]).score(later))
    parts = [y["a"][:60], y["b"][:60]]
    forecaster.fit(parts).update([later, later])
    assert forecaster.series_names_ == ["a", "b"]
    with pytest.raises(ValueError, match=r"for the series \[None\], .* \['a', 'b'\]"):
        forecaster.fit(parts).update(later)


@pytest.mark.parametrize("form", [pd.DataFrame, np.asarray, torch.tensor])
def test_swapped_arguments_are_refused(form):
    table, series = form(np.c_[wave(), wave(shift=2)]), wave()
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=3, past_covariates="all")
    for X in (series, list(series), pd.Series(series), torch.tensor(series)):
        with pytest.raises(ValueError, match=r"order is fit\(y, X\)"):
            forecaster.fit(table, X)
        with pytest.raises(ValueError, match=r"order is fit\(y, X\)"):
            forecaster.backtest(table, None, X)
    # The advice works.
    assert forecaster.fit(series, table).n_features_in_ == 2
    assert forecaster.fit(table, np.reshape(series, (-1, 1))).n_features_in_ == 1
    assert forecaster.fit(table, pd.Series(series).to_frame()).n_features_in_ == 1


def test_update_by_single_values():
    y = pd.DataFrame({"a": wave(), "b": wave(shift=2)}, MONTHS)
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=3).fit(y[:60])
    for month in MONTHS[60:63]:
        forecaster.update(pd.DataFrame({"a": y["a"][month], "b": np.nan}, [month]))
    assert list(forecaster.predict().index) == list(MONTHS[63:66])


@pytest.mark.parametrize("size", [1e-170, 1e170, -1e-170, -1e170])
@pytest.mark.parametrize("regressor", [Ridge(), None])
def test_huge_and_tiny_values_keep_their_size(size, regressor):
    forecaster = LSTMForecaster(regressor, horizon=3, log=False, random_state=0)
    # Only positive values have logarithms, which some of the base forecasts need.
    y = np.sign(size) * wave()
    expected = forecaster.fit(y).predict(), forecaster.predict_interval()
    forecaster.fit(abs(size) * y)
    for actual, of_y in zip(
        (forecaster.predict(), forecaster.predict_interval()), expected, strict=True
    ):
        npt.assert_allclose(actual, abs(size) * of_y, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, -0.1, 7.0, -1e200, 1e-200])
@pytest.mark.parametrize(
    "settings",
    [
        {"regressor": Ridge(), "baseline": "last"},
        {"regressor": Ridge(), "fine_tune": 0},
        {"regressor": None},
    ],
    ids=["last", "corrected", "mixture"],
)
def test_constant_series_stay_constant(value, settings):
    y = np.c_[np.full(72, value), wave()]
    forecaster = LSTMForecaster(horizon=3, random_state=0, **settings)
    npt.assert_allclose(forecaster.fit(y[:, 0]).predict(), value)
    npt.assert_allclose(forecaster.predict_interval(), value)
    intervals = forecaster.fit(y).predict_interval()
    npt.assert_allclose(intervals[:, 0], value)


@pytest.mark.parametrize("quantiles", [0.5, [], "half", (0.1, 2)])
def test_bad_quantiles_are_refused(quantiles):
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(wave())
    with pytest.raises(ValueError, match="quantiles"):
        forecaster.predict_quantiles(quantiles=quantiles)


def test_update_must_begin_at_the_next_step():
    y = growing_year()
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(y[:60])
    with pytest.raises(
        ValueError, match=r"begin at 2020-01-01.* 2020-02-01 .* where 2020-01-01"
    ):
        forecaster.update(y[61:])
    with pytest.raises(ValueError, match=r"2020-03-01 .* where 2020-02-01 .* expected"):
        forecaster.update(y[60:].drop(y.index[61]))
    with pytest.raises(ValueError, match="must have times"):
        clone(forecaster).fit(y[:60].rename(None)).update(y[60:].to_numpy())
    with pytest.raises(ValueError, match=r"for the series \['other'\]"):
        forecaster.update(y[60:].rename("other"))


@pytest.mark.parametrize(
    ("y", "settings", "message"),
    [
        (wave(30), {"window_size": 12}, r"has 30 values, .* need 38\. Pass .*None\.$"),
        (wave(37), {"window_size": 12}, "has 37 values, .* need 38"),
        (
            wave(23),
            {"window_size": 12, "calibration_fraction": None},
            r"24\. .*horizon\.$",
        ),
        (wave(20), {}, "window_size=1, .* need 27"),
        (-wave(), {"log": True}, "Logarithms need positive values"),
        (np.full(60, np.nan), {}, "All values of y are missing"),
        (growing_year()[::-1], {}, "must increase"),
        (pd.Series(list("abc") * 20), {}, "strings"),
    ],
)
def test_series_that_cannot_be_forecast_are_refused(y, settings, message):
    with pytest.raises(ValueError, match=message):
        LSTMForecaster(Ridge(), horizon=12, **settings).fit(y)


def test_series_of_the_needed_length_are_accepted():
    LSTMForecaster(Ridge(), window_size=12, horizon=12).fit(wave(38))
    LSTMForecaster(Ridge(), horizon=12).fit(wave(27))


@pytest.mark.parametrize(
    "settings",
    [
        {"horizon": 0},
        {"window_size": "all"},
        {"strategy": "both"},
        {"season_length": 0},
        {"baseline": None},
        {"log": "no"},
        {"n_estimators": 0},
        {"calibration_fraction": 1.0},
        {"regressor": "ridge"},
    ],
    ids=str,
)
def test_bad_parameters_are_refused_by_fit(settings):
    with pytest.raises(InvalidParameterError, match=next(iter(settings))):
        LSTMForecaster(**settings).fit(wave())


def test_bad_parameters_of_the_regressor_are_refused_by_fit():
    with pytest.raises(InvalidParameterError, match="'dropout' parameter of LSTMReg"):
        LSTMForecaster(LSTMRegressor(dropout=2)).fit(wave())
    with pytest.raises(InvalidParameterError, match="'max_iter' parameter of LSTMReg"):
        LSTMForecaster(LSTMRegressor(max_iter="max")).fit(wave())


@pytest.mark.parametrize("horizon", [0, 1.5, "2"])
def test_bad_horizons_are_refused(horizon):
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(wave())
    with pytest.raises((ValueError, TypeError), match="horizon"):
        forecaster.predict(horizon)


@pytest.mark.parametrize("coverage", [0, 1, -0.5, "all"])
def test_bad_coverages_are_refused(coverage):
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(wave())
    with pytest.raises((ValueError, TypeError), match="coverage"):
        forecaster.predict_interval(coverage=coverage)


def test_grids_reach_the_regressor():
    forecaster = LSTMForecaster(TINY).set_params(regressor__hidden_layer_sizes=(7,))
    assert forecaster.regressor.hidden_layer_sizes == (7,)


def test_backtest_compares_with_actual_values():
    y = growing_year()
    forecaster = LSTMForecaster(Ridge(), horizon=6, baseline="growth", log=False)
    backtest = forecaster.backtest(y, TimeSeriesSplit(2, test_size=6))
    assert list(backtest["origin"]) == [MONTHS[59]] * 6 + [MONTHS[65]] * 6
    assert list(backtest["time"]) == list(MONTHS[60:])
    assert list(backtest["step"]) == [1, 2, 3, 4, 5, 6] * 2
    npt.assert_array_equal(backtest["actual"], y[60:])
    npt.assert_allclose(backtest["forecast"], y[60:])
    # Each year is 6 more than the one before.
    npt.assert_allclose(backtest["baseline"], y[60:] - 6)
    npt.assert_allclose(backtest["scale"], 6)
    scores = score_forecasts(backtest)
    npt.assert_allclose(scores["MASE"], [0, 1], atol=1e-12)
    npt.assert_allclose(scores["RMSE"], [0, 6], atol=1e-12)
    assert not hasattr(forecaster, "estimators_")


@pytest.mark.parametrize("regressor", [TINY, None])
def test_backtest_forecasts_as_fits_at_its_origins(regressor):
    y = wave()
    forecaster = LSTMForecaster(regressor, horizon=4, random_state=0)
    backtest = forecaster.backtest(y, TimeSeriesSplit(2, test_size=4))
    by_fit = [forecaster.fit(y[:end]).predict() for end in (64, 68)]
    npt.assert_array_equal(backtest["forecast"], np.concatenate(by_fit))
    backtest = forecaster.backtest(y, TimeSeriesSplit(2, test_size=4), refit=False)
    by_fit[1] = forecaster.fit(y[:64]).update(y[64:68]).predict()
    npt.assert_allclose(backtest["forecast"], np.concatenate(by_fit), rtol=1e-12)


@pytest.mark.parametrize("refit", [True, False])
def test_backtests_have_the_intervals_of_their_origins(refit):
    y = pd.DataFrame({"a": wave(), "b": wave(shift=2)}, MONTHS[:72])
    forecaster = LSTMForecaster(Ridge(), horizon=4, fine_tune=0, random_state=0)
    cv = TimeSeriesSplit(2, test_size=4)
    backtest = forecaster.backtest(y, cv, refit=refit, coverage=0.8)
    forecaster.fit(y[:64])
    for end in (64, 68):
        if end == 68:
            forecaster = (
                forecaster.fit(y[:68]) if refit else forecaster.update(y[64:68])
            )
        expected = forecaster.predict_interval(coverage=0.8)
        of_origin = backtest[backtest["origin"] == MONTHS[end - 1]]
        for name, of_series in of_origin.groupby("series"):
            npt.assert_allclose(of_series[["lower", "upper"]], expected[name])
            assert of_series["forecast"].between(*expected[name].to_numpy().T).all()
    plain = forecaster.backtest(y, cv, refit=refit)
    pdt.assert_frame_equal(backtest.drop(columns=["lower", "upper"]), plain)


@pytest.mark.parametrize(
    ("coverage", "error"), [(1, ValueError), (0.0, ValueError), ("90 %", TypeError)]
)
def test_backtests_refuse_an_invalid_coverage(coverage, error):
    with pytest.raises(error, match=r"coverage must be .*0.*1.*, got"):
        LSTMForecaster(Ridge(), horizon=4).backtest(wave(), coverage=coverage)


def test_backtest_leaves_out_missing_actual_values():
    y = np.c_[wave(), wave(shift=2)]
    y[70, 1] = np.nan
    backtest = LSTMForecaster(Ridge(), fine_tune=0, horizon=4).backtest(
        y, TimeSeriesSplit(3, test_size=4)
    )
    assert len(backtest) == 2 * 3 * 4 - 1
    assert list(backtest["series"].unique()) == [0, 1]
    assert backtest.notna().all(axis=None)


def test_backtests_build_one_frame_for_all_series(monkeypatch):
    frames, init = [], pd.DataFrame.__init__
    y = pd.DataFrame(noisy_panel(30, 40), MONTHS[:40])
    monkeypatch.setattr(
        pd.DataFrame,
        "__init__",
        lambda self, *args, **kwargs: (
            frames.append(self) or init(self, *args, **kwargs)
        ),
    )
    LSTMForecaster(Ridge(), fine_tune=0, horizon=4, window_size=5).backtest(y)
    assert len(frames) < 10


@pytest.mark.parametrize("names", [[("a", 1), ("a", 2)], [None, "b"], [3, 4]], ids=str)
def test_backtests_keep_the_names_of_series(names):
    y = [pd.Series(wave(), MONTHS, name=name) for name in names]
    backtest = LSTMForecaster(Ridge(), fine_tune=0, horizon=4).backtest(
        y, TimeSeriesSplit(2)
    )
    assert list(backtest["series"].unique()) == names


def test_splits_with_a_gap_are_later_steps():
    backtest = LSTMForecaster(Ridge(), horizon=4).backtest(
        wave(), TimeSeriesSplit(2, test_size=4, gap=1)
    )
    # The fourth test value is beyond the horizon.
    assert list(backtest["step"]) == [2, 3, 4] * 2


@pytest.mark.parametrize(
    ("y", "cv", "message"),
    [
        (wave(), KFold(3), "test values must come after"),
        (wave(), TimeSeriesSplit(2, test_size=4, gap=9), "at most 4 steps after"),
        (wave(), [], "no splits"),
        (wave(), [([], [1, 2])], "test values must come after"),
        ([wave(), wave(50)], None, r"same length, got \[50, 72\]"),
        (np.c_[wave(), np.r_[np.full(70, np.nan), 1, 2]], None, "no value up to"),
        (wave(20), TimeSeriesSplit(2, test_size=8), "too short"),
    ],
)
def test_invalid_backtests_are_refused(y, cv, message):
    with pytest.raises(ValueError, match=message):
        LSTMForecaster(Ridge(), window_size=5, horizon=4).backtest(y, cv)


def test_scores_by_hand():
    backtest = pd.DataFrame(
        {
            "actual": [0.0, 3],
            "forecast": [0.0, 1],
            "baseline": [1.0, 3],
            "scale": [1.0, 4],
        }
    )
    expected = {"MASE": [0.25, 0.5], "sMAPE": [50.0, 100.0], "RMSE": [2**0.5, 0.5**0.5]}
    expected = pd.DataFrame(expected, ["forecast", "baseline"])
    pdt.assert_frame_equal(score_forecasts(backtest), expected)
    covered = score_forecasts(backtest.assign(lower=[-1, 0], upper=[1, 2]))
    pdt.assert_frame_equal(covered, expected.assign(coverage=[0.5, np.nan]))
    with pytest.raises(ValueError, match=r"lacks the columns \['actual', 'scale'\]"):
        score_forecasts(backtest[["forecast", "baseline"]])


@pytest.mark.parametrize("horizon", [2, 6])
def test_a_selected_series_is_forecast_as_before(horizon):
    y = pd.DataFrame({"a": growing_year(), "b": growing_year(0.1)})
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=6).fit(y)
    one = forecaster.select("b")
    pdt.assert_series_equal(one.predict(horizon), forecaster.predict(horizon)["b"])
    assert (forecaster.series_names_, one.series_names_) == (["a", "b"], ["b"])
    pdt.assert_series_equal(one.history_, y["b"])
    with pytest.raises(ValueError, match=r"no series 'c'\. Choose from \['a', 'b'\]"):
        forecaster.select("c")
    twins = LSTMForecaster(Ridge(), fine_tune=0, horizon=6).fit(y[["a", "a"]])
    with pytest.raises(ValueError, match=r"There are 2 series 'a'\. Fit with a name"):
        twins.select("a")
    assert forecaster.update(y[-1:].shift(1, freq="MS")).series_names_ == ["a", "b"]
    assert len(one.history_) == 72


def test_history_is_a_copy():
    forecaster = LSTMForecaster(Ridge(), horizon=3).fit(np.arange(60.0))
    expected = forecaster.predict()
    forecaster.history_[:] = 0
    npt.assert_array_equal(forecaster.predict(), expected)


def test_history_has_the_form_of_y():
    y = pd.DataFrame({"a": growing_year(), "b": growing_year(0.1)})
    long = y.unstack().rename_axis(["shop", "month"])
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=2)
    pdt.assert_frame_equal(forecaster.fit(y).history_, y)
    pdt.assert_series_equal(forecaster.fit(long).history_, long)
    npt.assert_array_equal(forecaster.fit(y.to_numpy()).history_, y)
    parts = forecaster.fit([y["a"].to_numpy(), y["b"].to_numpy()])
    assert parts.series_names_ == [0, 1]
    npt.assert_array_equal(parts.update([[1.0], [2.0]]).history_[1], [*y["b"], 2])


@pytest.fixture
def sold():
    """Return a forecaster of logarithms of two series, without names."""
    y = np.exp(noisy_panel(2, 70) / 10)
    forecaster = LSTMForecaster(Ridge(), horizon=3, window_size=5).fit(y)
    assert forecaster.log_
    return forecaster


def test_zeros_after_a_fit_to_logarithms_are_accepted(sold):
    y = sold.history_
    steady = sold.predict()
    with pytest.warns(UserWarning, match=r"y contains 0\.0, but .* fit again"):
        sold.update(np.array([[0.0, 1.0]]))
    sold.update(np.array([[0.0, -0.1]]))  # There is only one warning.
    assert (sold.predict()[:, 0] > 0).all()
    assert (sold.predict()[:, 0] < steady[:, 0]).all()
    npt.assert_allclose(sold.history_[-2:], [[0, 1], [0, -0.1]])
    # If the values stay 0, the forecast is 0.
    sold.set_params(regressor=Ridge(), baseline="last").fit(y)
    with pytest.warns(UserWarning, match="y contains"):
        sold.update(np.zeros((9, 2)))
    npt.assert_allclose(sold.predict(), 0, atol=0.05)
    assert (sold.predict_interval() >= 0).all()
    # The advice of the warning.
    assert not sold.fit(sold.history_).log_


def test_zeros_in_last_windows_and_backtests_of_logarithms_are_accepted(sold):
    y = sold.history_
    with_zero = np.vstack([y, [[0.0, 1.0]]])
    with pytest.warns(UserWarning, match="y contains"):
        forecasts = sold.predict(last_window=with_zero[-5:])
    with pytest.warns(UserWarning, match="y contains"):
        npt.assert_allclose(sold.update(with_zero[-1:]).predict(), forecasts)
    cv = TimeSeriesSplit(2, test_size=1)
    y = np.vstack([with_zero, [[1.0, 1.0]]])
    with pytest.warns(UserWarning, match="y contains"):
        backtest = clone(sold).backtest(y, cv, refit=False)
    npt.assert_allclose(backtest["forecast"][2:], forecasts[0], rtol=0.1)
    warm = LSTMForecaster(TINY, horizon=3, window_size=5, warm_start=True)
    warm.fit(with_zero[:-1])
    with pytest.warns(UserWarning, match="y contains"):
        assert np.isfinite(warm.fit(y).predict()).all()


@pytest.mark.parametrize(
    ("regressor", "strategy"),
    [(Ridge(), "direct"), (Ridge(), "recursive"), (None, "direct")],
)
def test_counts_are_not_forecast_to_be_negative(regressor, strategy):
    counts = np.random.default_rng(0).poisson(0.3, size=(90, 4)).astype(float)
    y = np.c_[counts, noisy_panel(1, 90)]
    forecaster = LSTMForecaster(
        regressor, horizon=4, strategy=strategy, random_state=0
    ).fit(y)
    free = clone(forecaster).set_params(log=False).fit(y)
    for method in ("predict", "predict_interval", "predict_quantiles"):
        bounded, unbounded = getattr(forecaster, method)(), getattr(free, method)()
        npt.assert_array_equal(bounded[:, :4], np.maximum(unbounded[:, :4], 0))
        npt.assert_array_equal(bounded[:, 4], unbounded[:, 4])
    assert (free.predict_interval()[:, :4] < 0).any()
    # The bound ends with the first negative value.
    forecaster.update(np.full((1, 5), -1.0))
    assert (forecaster.predict_interval()[..., 0] < 0).all()


def test_later_counts_are_not_forecast_to_be_negative():
    y = np.random.default_rng(0).poisson(0.3, size=90).astype(float)
    forecaster = LSTMForecaster(Ridge(), fine_tune=0, horizon=4).fit(y)
    for last_window in (y[:30], {"other": y[:30]}):
        interval = forecaster.predict_interval(last_window=pd.DataFrame(last_window))
        assert (interval >= 0).all(axis=None)
    backtest = forecaster.backtest(y, TimeSeriesSplit(8, test_size=4))
    assert (backtest["forecast"] >= 0).all()


IN_FORMS = {
    "series": lambda one: one,
    "frame": lambda one: pd.DataFrame({"a": one, "b": 2 * one}),
    "array": np.array,
    "list": lambda one: [one, 2 * one],
}


@pytest.mark.parametrize("in_form", IN_FORMS.values(), ids=IN_FORMS)
def test_missing_values_at_the_end_warn_and_the_way_out_works(in_form):
    known = pd.Series(wave(60), MONTHS[:60])
    y = in_form(known.reindex(MONTHS[:66]))
    forecaster = LSTMForecaster(Ridge(), horizon=3)
    with pytest.warns(UserWarning, match="ends with 6 missing values") as caught:
        forecaster.fit(y)
    command = re.search(r"with y = (.*)\.$", str(caught[0].message))[1]
    forecast = forecaster.fit(eval(command, {"y": y})).predict()
    npt.assert_array_equal(forecast, forecaster.fit(in_form(known)).predict())


def test_a_series_that_ends_early_and_one_missing_value_do_not_warn(recwarn):
    known = pd.Series(wave(60), MONTHS[:60])
    early = pd.DataFrame({"a": known, "b": known[:50].reindex(MONTHS[:60])})
    for y in early, known.reindex(MONTHS[:61]):
        LSTMForecaster(Ridge(), horizon=3).fit(y)
    assert not recwarn
