"""Scores of forecasters, searches of scikit-learn, and forecasts of other series."""

from itertools import pairwise

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMForecaster, LSTMRegressor
from sklstm.forecasting import score_forecasts

DAYS = pd.date_range("2023-01-01", periods=80, freq="D", name="day")
PRICES = pd.DataFrame({"price": np.random.default_rng(1).normal(size=80)}, DAYS)
FOLDS = TimeSeriesSplit(3, test_size=4)


def noisy_wave():
    """Return a wave with noise."""
    wave = 5 + np.sin(2 * np.pi * np.arange(80) / 7.3)
    return pd.Series(wave + np.random.default_rng(0).normal(size=80) / 10, DAYS)


def test_score_is_minus_the_mase_of_a_backtest():
    y = pd.DataFrame({"a": noisy_wave(), "b": noisy_wave()[::-1].to_numpy()})
    y.iloc[77, 1] = np.nan
    forecaster = LSTMForecaster(Ridge(), horizon=4)
    backtest = forecaster.backtest(y, [(np.arange(76), np.arange(76, 80))])
    expected = -score_forecasts(backtest)["MASE"]["forecast"]
    score = forecaster.fit(y[:76]).score(y[76:])
    assert score == pytest.approx(expected)
    # The values to score are not stored.
    assert forecaster.predict().index[0] == DAYS[76]


def test_score_ignores_values_beyond_the_horizon():
    y = noisy_wave()
    forecaster = LSTMForecaster(Ridge(), horizon=4).fit(y[:60])
    assert forecaster.score(y[60:]) == forecaster.score(y[60:64])
    assert forecaster.score(y[60:61]) > forecaster.score(y[60:61] + 1)


def test_series_of_unequal_length_are_scored_together():
    y = [noisy_wave()[:70].to_numpy(), noisy_wave()[10:60].to_numpy()]
    later = [noisy_wave()[70:74].to_numpy(), noisy_wave()[60:62].to_numpy()]
    forecaster = LSTMForecaster(LinearRegression(), horizon=4, season_length=1).fit(y)
    parts = [
        np.abs(forecast[: len(actual)] - actual) / np.abs(np.diff(known)).mean()
        for forecast, actual, known in zip(forecaster.predict(), later, y, strict=True)
    ]
    assert forecaster.score(later) == pytest.approx(-np.concatenate(parts).mean())


def test_values_that_cannot_be_scored_are_refused():
    forecaster = LSTMForecaster(Ridge(), horizon=4).fit(noisy_wave()[:60])
    with pytest.raises(ValueError, match="must begin at 2023-03-02"):
        forecaster.score(noisy_wave()[61:])
    with pytest.raises(ValueError, match="Nothing to score"):
        forecaster.score(noisy_wave()[60:62] * np.nan)


def test_scale_of_scores_does_not_depend_on_season_length():
    y = noisy_wave().to_numpy()
    scores = {
        season_length: LSTMForecaster(
            Ridge(), horizon=4, season_length=season_length, baseline="last"
        )
        for season_length in (1, 6, 7)
    }
    baselines = [
        forecaster.set_params(window_size=16).fit(y[:76]).score(y[76:])
        for forecaster in scores.values()
    ]
    npt.assert_allclose(baselines, baselines[0], rtol=0.2)


def test_only_an_index_shows_that_values_do_not_follow():
    y = noisy_wave()
    forecaster = LSTMForecaster(Ridge(), horizon=4, baseline="last")
    assert np.isfinite(cross_val_score(forecaster, y.to_numpy())).all()
    gap = TimeSeriesSplit(3, test_size=4, gap=2)
    for cv, message in [(gap, "must begin at 66"), (KFold(), "must begin at 80")]:
        with pytest.raises(ValueError, match=message):
            cross_val_score(
                forecaster, y.reset_index(drop=True), cv=cv, error_score="raise"
            )


def test_scores_out_of_order_name_time_series_split():
    y = noisy_wave()
    model = LSTMForecaster(Ridge(), horizon=4, baseline="last").fit(y[20:60])
    for part in (y[:20], y[30:50], y[61:], y[20:60]):
        with pytest.raises(ValueError, match=r"time order .* cv=TimeSeriesSplit\(\)"):
            model.score(part)
    # The advice works.
    scores = cross_val_score(model, y, cv=TimeSeriesSplit(), error_score="raise")
    assert np.isfinite(scores).all()


def test_scores_of_the_fitted_values_are_warned_about():
    y = noisy_wave().to_numpy()
    forecaster = LSTMForecaster(Ridge(), horizon=4, baseline="last")
    with pytest.warns(UserWarning, match="y equals the values passed to fit"):
        forecaster.fit(y).score(y)
    search = GridSearchCV(
        forecaster, {"window_size": [5]}, cv=FOLDS, return_train_score=True
    )
    with pytest.warns(UserWarning, match="return_train_score=False"):
        search.fit(y)
    forecaster.fit(y[:70]).score(y[70:])


def test_scorers_of_scikit_learn_are_refused_and_functions_accepted():
    y = noisy_wave()
    forecaster = LSTMForecaster(Ridge(), horizon=4, baseline="last")
    grid = {"window_size": [5, 9]}
    search = GridSearchCV(forecaster, grid, cv=FOLDS, error_score="raise")
    by_name = clone(search).set_params(scoring="neg_mean_absolute_error")
    message = "got Series.* leave out `scoring`, or pass a function"
    with pytest.raises(TypeError, match=message):
        by_name.fit(y, PRICES)
    assert np.isfinite(search.fit(y, PRICES).best_score_)
    search.set_params(
        scoring=lambda model, y, X=None: -np.abs(model.predict(X=X) - y).mean()
    )
    for X in (None, PRICES):
        tail = None if X is None else X[76:]
        best = search.fit(y, X).best_params_
        forecaster.set_params(**best).fit(y[:76], None if X is None else X[:76])
        error = np.abs(forecaster.predict(X=tail) - y[76:]).mean()
        scores = [search.cv_results_[f"split{n}_test_score"] for n in range(3)]
        npt.assert_allclose(scores[2][search.best_index_], -error)


@pytest.mark.parametrize("form", [pd.Series, np.asarray])
def test_grid_search_finds_the_window_size(form):
    y = form(noisy_wave())
    forecaster = LSTMForecaster(
        LinearRegression(), horizon=4, season_length=1, baseline="last"
    )
    search = GridSearchCV(forecaster, {"window_size": [1, 16]}, cv=FOLDS).fit(y)
    assert search.best_params_ == {"window_size": 16}
    by_hand = [
        forecaster.set_params(window_size=16).fit(y[:end]).score(y[end : end + 4])
        for end in (68, 72, 76)
    ]
    assert search.best_score_ == pytest.approx(np.mean(by_hand))
    forecasts = search.best_estimator_.predict()
    npt.assert_array_equal(forecasts, forecaster.fit(y).predict())


def test_searches_split_covariates_with_the_series():
    y = noisy_wave() + 3 * PRICES["price"]
    forecaster = LSTMForecaster(
        LinearRegression(), horizon=4, season_length=1, baseline="last", log=False
    )
    grid = {"window_size": [4, 16]}
    search = GridSearchCV(forecaster, grid, cv=FOLDS).fit(y, PRICES)
    scores = cross_val_score(search.best_estimator_, y, PRICES, cv=FOLDS)
    assert search.best_score_ == pytest.approx(scores.mean())
    without = cross_val_score(search.best_estimator_, y, cv=FOLDS)
    assert scores.mean() > 0.5 * without.mean()


def test_searches_tune_the_regressor_and_are_the_same_in_parallel():
    network = make_pipeline(StandardScaler(), LSTMRegressor((3,), max_iter=3))
    network.set_params(lstmregressor__learning_rate="cosine")
    forecaster = LSTMForecaster(
        network, horizon=4, window_size=5, baseline="last", random_state=0
    )
    grid = {"regressor__lstmregressor__hidden_layer_sizes": [(2,), (4,)]}
    one, two = (
        GridSearchCV(forecaster, grid, cv=FOLDS, n_jobs=n_jobs).fit(noisy_wave())
        for n_jobs in (1, 2)
    )
    npt.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    best = two.best_estimator_.estimators_[0]["lstmregressor"]
    assert best.hidden_layer_sizes == two.best_params_.popitem()[1]


def test_last_window_replaces_the_history():
    y = noisy_wave()
    forecaster = LSTMForecaster(LinearRegression(), horizon=4, baseline="season")
    before = forecaster.fit(y[:60]).predict()
    forecasts = forecaster.predict(last_window=y[40:70])
    pd.testing.assert_series_equal(forecasts, forecaster.update(y[60:70]).predict())
    assert list(before.index) == list(DAYS[60:64])
    # The values of one window are enough.
    size = forecaster.window_size_
    alike = forecaster.predict(last_window=y[70 - size : 70])
    pd.testing.assert_series_equal(alike, forecasts)


def test_last_windows_of_other_series():
    y = noisy_wave()
    forecaster = LSTMForecaster(
        LinearRegression(), horizon=4, baseline="season", log=False
    ).fit(y[:60])
    others = pd.DataFrame({"c": 1000 * y, "d": y + 7})
    forecasts = forecaster.predict(2, last_window=others[:70])
    assert list(forecasts.columns) == ["c", "d"]
    npt.assert_allclose(forecasts["c"], 1000 * forecasts["d"] - 7000, rtol=1e-3)


def test_last_windows_have_the_step_of_the_fit():
    y = noisy_wave().to_numpy()
    tens = pd.Series(y, range(0, 800, 10))
    hours = pd.Series(y, pd.timedelta_range("0h", periods=80, freq="h"))
    months = pd.Series(y, pd.date_range("2020-01", periods=80, freq="MS"))
    months.index = pd.DatetimeIndex(months.index.to_numpy())  # without a frequency
    for series in (tens, hours, months, noisy_wave()):
        forecaster = LSTMForecaster(Ridge(), horizon=3, baseline="last").fit(
            series[:70]
        )
        expected = list(forecaster.predict().index)
        for n_known in (1, 2, 3):
            known = series[70 - n_known : 70]
            assert list(forecaster.predict(last_window=known).index) == expected
    with pytest.raises(ValueError, match="There are no values in y"):
        LSTMForecaster(Ridge(), horizon=3, baseline="last").fit(noisy_wave()).predict(
            last_window=noisy_wave()[:0]
        )
    with pytest.raises(ValueError, match="do not have the step of the series"):
        LSTMForecaster(Ridge(), horizon=3, baseline="last").fit(tens).predict(
            last_window=tens[:3:2]
        )


def seasonal_panel(n_series, seed):
    """Return 60 months of series with seasons, in which errors last."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(60, n_series))
    for before, now in pairwise(noise):
        now += 0.5 * before
    angles = 2 * np.pi * np.arange(60)[:, None] / 12 + random.uniform(0, 6, n_series)
    y = (50 + 10 * np.sin(angles) + noise) * random.uniform(1, 9, n_series)
    return pd.DataFrame(y, pd.period_range("2020-01", periods=60, freq="M"))


def coverage(intervals, actual):
    """Return the fraction of values in intervals of 12 steps, series by series."""
    lower, upper = np.moveaxis(intervals.to_numpy().reshape(12, -1, 2), 2, 0)
    return ((lower <= actual) & (actual <= upper)).to_numpy().mean()


@pytest.fixture(scope="module", params=["season", "mixture"])
def of_months(request):
    y = seasonal_panel(40, 0)[:48]
    settings = {"horizon": 12, "log": False, "random_state": 0}
    if request.param == "season":
        return LSTMForecaster(Ridge(), baseline="season", **settings).fit(y)
    return LSTMForecaster(**settings).fit(y)


@pytest.mark.parametrize("size", [15, 20, 48])
def test_bands_of_last_windows_are_those_of_the_fit(of_months, size):
    if of_months.baseline_ == "weighted":
        size = 48  # A mixture sees all values.
    y = of_months.history_
    forecasts, intervals = of_months.predict(), of_months.predict_interval()
    last_window = y[-size:]
    pd.testing.assert_frame_equal(
        of_months.predict_interval(last_window=last_window), intervals
    )
    pd.testing.assert_frame_equal(of_months.predict(last_window=last_window), forecasts)
    # Series are found by their names.
    one = of_months.predict_interval(last_window=y[[3]][-size:])
    npt.assert_allclose(one[3], intervals[3])


@pytest.mark.parametrize("size", [11, 15, 30, 48])
def test_bands_of_new_series_reach_their_coverage(of_months, size):
    y = seasonal_panel(200, 1).add_prefix("new ")
    intervals = of_months.predict_interval(last_window=y[48 - size : 48])
    part = coverage(intervals, y[48:])
    if of_months.baseline_ == "weighted" and size < 24:
        # The network does not know that all series have seasons, so its bands are wide.
        assert part > 0.85
    else:
        assert part == pytest.approx(0.9, abs=0.05)


def test_a_window_without_a_change_does_not_end_the_bands():
    y = pd.Series(np.random.default_rng(0).poisson(0.3, size=90)).astype(float)
    forecaster = LSTMForecaster(Ridge(), horizon=4).fit(y)
    intervals = forecaster.predict_interval(last_window=0 * y[-10:])
    assert (intervals["upper"] > 0.5).all()
    constant = forecaster.predict_interval(last_window=pd.Series(np.zeros(10), name=1))
    assert (constant["upper"] == 0).all()


def test_scales_belong_to_series_of_the_same_name_or_position():
    y = noisy_wave().to_numpy()
    forecaster = LSTMForecaster(Ridge(), horizon=4, log=False).fit([y, 1000 * y])
    for forecasts, expected in zip(
        forecaster.predict(last_window=[y, 1000 * y]), forecaster.predict(), strict=True
    ):
        npt.assert_allclose(forecasts, expected)
    alone = forecaster.predict(last_window=[1000 * y])[0]
    npt.assert_allclose(alone, forecaster.predict()[1])


def test_short_last_windows_need_covariates_of_their_steps_only():
    y = noisy_wave()
    forecaster = LSTMForecaster(Ridge(), horizon=4, date_features=["day_of_week"]).fit(
        y
    )
    assert np.isfinite(forecaster.predict(last_window=y[-2:])).all()
    with_short = forecaster.fit([y.rename("a"), y[-2:].rename("b")])
    assert np.isfinite(with_short.predict()[1]).all()


def test_last_windows_have_covariates():
    y = noisy_wave() + 3 * PRICES["price"]
    settings = {"horizon": 4, "season_length": 1, "log": False, "window_size": 8}
    for names in ((), "all"):
        forecaster = LSTMForecaster(
            LinearRegression(), past_covariates=names, **settings
        )
        forecaster.fit(y[:60], PRICES[:60])
        forecasts = forecaster.predict(last_window=y[50:70], X=PRICES)
        forecaster.update(y[60:70], PRICES[60:70])
        npt.assert_allclose(forecasts, forecaster.predict(X=PRICES))
    with pytest.raises(ValueError, match=r"needs them for 2023-02-20 .* to 2023-03-11"):
        forecaster.predict(last_window=y[50:70])


@pytest.mark.parametrize("log", [False, "auto"])
def test_bands_of_a_new_series_with_one_value_are_as_wide_as_those_of_the_fit(log):
    y = np.exp(0.3 * np.random.default_rng(0).normal(size=(60, 8)) + 4)
    forecaster = LSTMForecaster(Ridge(), horizon=2, season_length=7, log=log).fit(y)
    widths = np.diff(forecaster.predict_interval(), axis=-1).mean()
    values = [y.mean()], [np.nan, y.mean(), y.mean()]
    intervals = [forecaster.predict_interval(last_window=one) for one in values]
    # The young series may also be part of the fit.
    forecaster.fit([*y.T, values[0]])
    intervals += [forecaster.predict_interval()[-1]]
    intervals += [forecaster.select(8).predict_interval()]
    for interval in intervals:
        assert np.diff(interval, axis=1).mean() == pytest.approx(widths, rel=0.3)
    constant = forecaster.predict_interval(last_window=np.full(10, y.mean()))
    npt.assert_allclose(constant, y.mean())


def test_bands_of_new_series_that_wander_are_wide_before_a_season_is_known():
    walks = np.cumsum(np.random.default_rng(0).normal(size=(60, 100)), axis=0)
    forecaster = LSTMForecaster(Ridge(), horizon=1, season_length=12, log=False)
    forecaster.fit(walks[:, :40])
    new = [walk[:5] for walk in walks.T[40:]]
    lower, upper = np.array(forecaster.predict_interval(last_window=new))[:, 0].T
    is_inside = (lower <= walks[5, 40:]) & (walks[5, 40:] <= upper)
    assert is_inside.mean() > 0.75
