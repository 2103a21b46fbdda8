"""Covariates: their effect on forecasts, their forms, errors."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import TimeSeriesSplit

from sklstm import LSTMForecaster, LSTMRegressor

DAYS = pd.date_range("2023-01-01", periods=80, freq="D", name="day")
RANDOM = np.random.default_rng(0)
PRICES = pd.DataFrame({"price": RANDOM.normal(size=80)}, DAYS)
WEATHER = pd.Series(RANDOM.normal(size=80), DAYS, name="rain")
# Sales depend on the price of the day and on a wave.
SALES = 3 * PRICES["price"] + np.sin(np.arange(80.0))
X = PRICES.assign(rain=WEATHER)
LINEAR = {
    "regressor": LinearRegression(),
    "season_length": 1,
    "baseline": "last",
    "log": False,
}

by_strategy = pytest.mark.parametrize("strategy", ["direct", "recursive"])


def forecaster(**settings):
    settings = {"horizon": 5, "window_size": 6, **LINEAR, **settings}
    return LSTMForecaster(**settings)


@by_strategy
def test_covariates_known_in_the_future_improve_forecasts(strategy):
    model = forecaster(strategy=strategy).fit(SALES[:70], PRICES[:70])
    assert model.correction_weight_ == 1
    npt.assert_allclose(model.predict(X=PRICES[70:]), SALES[70:75])
    without = forecaster(strategy=strategy).fit(SALES[:70])
    assert np.abs(without.predict() - SALES[70:75]).mean() > 1


@by_strategy
def test_past_covariates_improve_forecasts(strategy):
    rain = WEATHER.to_frame()
    y = WEATHER.shift(1, fill_value=0.0) * 2
    model = forecaster(horizon=1, strategy=strategy, past_covariates="all").fit(
        y[:70], rain[:70]
    )
    npt.assert_allclose(model.predict(), y[70:71])
    model.update(y[70:72], rain[70:72])
    npt.assert_allclose(model.predict(), y[72:73])


def test_forecasts_do_not_use_the_future_of_past_covariates():
    model = forecaster(past_covariates=["rain"]).fit(SALES[:70], X[:70])
    forecasts = model.predict(X=X[70:].assign(rain=np.nan))
    npt.assert_array_equal(forecasts, model.predict(X=PRICES[70:]))
    npt.assert_allclose(forecasts, SALES[70:75])


@pytest.mark.parametrize("past_covariates", [(), "all"])
def test_an_X_that_the_fit_did_not_have_is_refused(past_covariates):
    model = forecaster(past_covariates=past_covariates).fit(SALES[:70])
    with pytest.raises(ValueError, match="fitted without X"):
        model.predict(X=PRICES[70:])
    with pytest.raises(ValueError, match="fitted without X"):
        model.update(SALES[70:72], PRICES[70:72])
    assert len(model.update(SALES[70:72]).predict()) == 5


def test_networks_use_covariates():
    network = LSTMRegressor((16,), learning_rate="cosine", max_iter=150, random_state=0)
    model = forecaster(regressor=network, horizon=1, random_state=0)
    backtest = model.backtest(SALES, TimeSeriesSplit(8, test_size=1), PRICES)
    errors = (backtest["forecast"] - backtest["actual"]).abs()
    baseline = (backtest["baseline"] - backtest["actual"]).abs()
    assert errors.mean() < 0.5 * baseline.mean()


def test_date_features_need_no_covariates():
    hours = pd.date_range("2023-01-01", periods=24 * 35, freq="h")
    y = pd.Series(np.sin(2 * np.pi * hours.day_of_week / 7), hours)
    known, actual = y[: 24 * 32 - 3], y[24 * 32 - 3 :][:24]
    settings = {"horizon": 24, "window_size": 24, "baseline": "last"}
    with_days = forecaster(date_features=["day_of_week"], **settings).fit(known)
    npt.assert_allclose(with_days.predict(), actual, atol=0.02)
    assert np.abs(forecaster(**settings).fit(known).predict() - actual).mean() > 0.05


def test_covariates_have_many_forms():
    expected = forecaster(past_covariates=["rain"]).fit(SALES[:70], X[:70])
    expected = expected.predict(X=X[70:]).to_numpy()
    values, future = X.to_numpy(), X[["price"]].to_numpy()[70:75]
    model = forecaster(past_covariates=[1]).fit(SALES[:70].to_numpy(), values[:70])
    npt.assert_allclose(model.predict(X=values[70:]), expected)
    npt.assert_allclose(model.predict(X=future), expected)
    npt.assert_allclose(model.fit(SALES[:70], values[:70]).predict(X=future), expected)
    # Rows of other times are ignored.
    model = forecaster(past_covariates=["rain"]).fit(SALES[:70], X)
    npt.assert_allclose(model.predict(X=X), expected)


def test_covariates_of_many_series():
    y = pd.DataFrame({"a": SALES, "b": -SALES})  # of one scale
    parts = [PRICES, -PRICES]
    model = forecaster().fit(y[:70], pd.concat(dict(zip("ab", parts, strict=True))))
    actual = y[70:75]
    npt.assert_allclose(
        model.predict(X=pd.concat({"b": -PRICES, "a": PRICES})), actual, rtol=1e-6
    )
    model = forecaster().fit([y["a"][:70], y["b"][:70]], parts)
    npt.assert_allclose(model.predict(X=parts)[1], actual["b"], rtol=1e-6)
    y["b"] = SALES
    model = forecaster().fit(y[:70], PRICES)
    npt.assert_allclose(model.predict(X=PRICES)["b"], y["b"][70:75], rtol=1e-6)


@by_strategy
@pytest.mark.parametrize("form", [pd.DataFrame, np.asarray])
@pytest.mark.parametrize("refit", [True, False])
def test_backtest_uses_covariates_as_fit_and_predict_do(strategy, form, refit):
    settings = {"regressor": Ridge(), "past_covariates": [form(X)[:1].shape[1] - 1]}
    table = form(X.set_axis([0, 1], axis=1))
    model = forecaster(strategy=strategy, **settings)
    cv = TimeSeriesSplit(2, test_size=5)
    backtest = model.backtest(SALES, cv, table, refit=refit)
    first = model.fit(SALES[:70], table[:70]).predict(X=table[70:])
    if refit:
        second = model.fit(SALES[:75], table[:75]).predict(X=table[75:])
    else:
        second = model.update(SALES[70:75], table[70:75]).predict(X=table[75:])
    npt.assert_allclose(backtest["forecast"], np.concatenate([first, second]))


def test_backtests_need_no_covariates_after_the_end_of_y():
    cv = TimeSeriesSplit(2, test_size=2)
    later = pd.date_range(DAYS[-1], periods=4, freq="D")[1:]
    prices = pd.concat([PRICES, pd.DataFrame({"price": 1.0}, later)])
    exact = forecaster().backtest(SALES, cv, prices)
    backtest = forecaster().backtest(SALES, cv, PRICES)
    assert len(backtest) == 4
    npt.assert_allclose(backtest["forecast"], exact["forecast"], rtol=0.01)
    with pytest.raises(ValueError, match="no row for 2023-03-21 "):
        forecaster().backtest(SALES, cv, PRICES[:-1])


@by_strategy
@pytest.mark.parametrize("form", [pd.DataFrame, np.asarray])
def test_forecasts_end_with_the_covariates(strategy, form):
    model = forecaster(strategy=strategy).fit(SALES[:70], form(PRICES[:70]))
    future = form(PRICES[70:72])
    npt.assert_allclose(model.predict(X=future), SALES[70:72])
    npt.assert_allclose(model.predict(2, X=future), SALES[70:72])
    npt.assert_allclose(model.predict(1, X=future), SALES[70:71])
    assert len(model.predict_interval(X=future)) == 2
    assert len(model.predict_quantiles(X=future)) == 2
    window = form(PRICES[60:72])
    npt.assert_allclose(model.predict(last_window=SALES[60:70], X=window), SALES[70:72])
    with pytest.raises(ValueError, match="no row for 2023-03-14 "):
        model.predict(3, X=future)
    with pytest.raises(ValueError, match="no row for 2023-03-14 "):
        model.predict(until=DAYS[72], X=future)
    # The third value is not scored.
    score = model.score(SALES[70:72], future)
    assert model.score(SALES[70:73].replace(SALES.iloc[72], 9.0), future) == score


def test_the_shortest_covariates_of_several_series_end_the_forecasts():
    y = pd.DataFrame({"a": SALES, "b": -SALES})
    model = forecaster().fit(y[:70], pd.concat({"a": PRICES[:70], "b": -PRICES[:70]}))
    future = pd.concat({"a": PRICES[70:74], "b": -PRICES[70:73]})
    npt.assert_allclose(model.predict(X=future), y[70:73], rtol=1e-6)


def test_dates_are_known_after_the_end_of_covariates():
    parts = {"date_features": ["day_of_week"]}
    model = forecaster(**parts).fit(SALES[:70], PRICES[:70])
    repeated = PRICES[70:72].reindex(DAYS[70:], method="ffill")
    expected = model.predict(X=repeated)
    pd.testing.assert_series_equal(model.predict(X=PRICES[70:72]), expected[:2])


def test_intervals_and_quantiles_use_covariates():
    model = forecaster(regressor=Ridge()).fit(SALES[:70], PRICES[:70])
    forecasts = model.predict(X=PRICES[70:])
    intervals = model.predict_interval(X=PRICES[70:])
    assert (intervals["lower"] < forecasts).all()
    assert (intervals["upper"] > forecasts).all()
    quantiles = model.predict_quantiles(quantiles=[0.5], X=PRICES[70:])
    npt.assert_array_equal(quantiles[0.5], forecasts)


@pytest.mark.parametrize(
    ("future", "message"),
    [
        (
            None,
            r"\['price'\], and needs .*2023-03-12 .* to 2023-03-16 .*past_covariates",
        ),
        (PRICES[75:], "no row for 2023-03-12 00:00:00. It has rows for 2023-03-17"),
        (PRICES[70:].to_numpy()[:0], "no row for 2023-03-12"),
        (PRICES[70:74].drop(DAYS[72]), "no row for 2023-03-14 00:00:00. It has rows"),
        (PRICES[70:].shift(-6), "nan in the column 'price' at 2023-03-16"),
        (PRICES[70:].rename(columns=str.upper), r"lacks the columns \['price'\]"),
        (PRICES[70:].astype(str) + "$", "strings"),
        (pd.concat([PRICES[70:]] * 2), "2023-03-12 00:00:00 twice"),
        (PRICES[70:].to_numpy()[None, None], r"got \(1, 1, 10, 1\)"),
        ([PRICES[70:]] * 3, "list of 3 parts, but y holds 1 series"),
        (pd.concat({"b": PRICES[70:]}), r"no rows for the series \[None\]"),
        (PRICES[70:].replace(PRICES.iloc[72, 0], np.inf), "holds inf .* Replace it"),
        (pd.concat([PRICES[70:]] * 2, axis=1), "several columns with the same name"),
        (
            PRICES[70:].to_period(),
            r"dtype period\[D\], but the times of y .* datetime64.*Convert",
        ),
    ],
)
def test_messages_list_missing_future_covariates(future, message):
    y = SALES.rename(None)[:70]
    model = forecaster().fit(y, PRICES[:70])
    with pytest.raises(ValueError, match=message):
        model.predict(X=future)


@pytest.mark.parametrize(
    ("settings", "columns", "message"),
    [
        ({}, PRICES.to_numpy(), "has 80 rows, but y has 70 values"),
        ({}, PRICES[3:], "no row for 2023-01-01 .*, 2023-01-02 .*, 2023-01-03"),
        (
            {"past_covariates": ["rain"]},
            PRICES,
            r"contains \['rain'\], but X has",
        ),
        ({}, pd.concat([PRICES, PRICES], axis=1), "several columns with the same name"),
        ({"window_size": 4}, PRICES, "window_size=4 is less than the 5 steps"),
        ({"date_features": ["hour"]}, None, None),
    ],
)
def test_invalid_covariates_are_refused(settings, columns, message):
    model = forecaster(**settings)
    if message is None:
        y, message = SALES[:70].to_numpy(), "needs a y with dates"
    else:
        y = SALES[:70]
    with pytest.raises(ValueError, match=message):
        model.fit(y, columns)


def test_updates_need_the_covariates_of_the_fit():
    model = forecaster().fit(SALES[:70], PRICES[:70])
    with pytest.raises(ValueError, match=r"X is missing.* 2023-03-12"):
        model.update(SALES[70:71])
    with pytest.raises(ValueError, match="has 2 rows, but y has 1 values"):
        model.update(SALES[70:71], PRICES.to_numpy()[70:72])


def test_updates_that_begin_with_a_missing_value_keep_its_covariates():
    y, later = SALES[:73].copy(), PRICES[73:78]
    y[70:72] = np.nan
    expected = forecaster().fit(SALES[:70], PRICES[:70])
    updated = clone(expected).fit(SALES[:70], PRICES[:70])
    for day in range(70, 73):
        expected.update(y[day : day + 1], PRICES[day : day + 1])
    updated.update(y[70:73], PRICES[70:73])
    pdt.assert_series_equal(updated.predict(X=later), expected.predict(X=later))
    with pytest.raises(ValueError, match="X has no row for 2023-03-12"):
        forecaster().fit(SALES[:70], PRICES[:70]).update(y[70:73], PRICES[71:73])


def test_late_series_need_no_covariates_before_their_start():
    late = SALES[:70].copy()
    late[:20] = np.nan
    y = pd.DataFrame({"a": SALES[:70], "b": late})
    X = pd.concat({"a": PRICES, "b": PRICES[20:]})
    forecasts = forecaster().fit(y, X).predict(X=X)
    npt.assert_allclose(forecasts["b"], SALES[70:75], rtol=0.03)


def test_covariates_may_be_a_series_for_each_series():
    y = [SALES[:70].rename("a"), -SALES[:70].rename("b")]
    X = [PRICES["price"], -PRICES["price"]]
    npt.assert_allclose(forecaster().fit(y, X).predict(X=X)[1], -SALES[70:75])


def test_dates_of_python_are_dates():
    y = SALES.set_axis(DAYS.date)
    X = PRICES.set_axis(DAYS.date)
    model = forecaster(date_features=["day_of_week"]).fit(y[:70], X)
    npt.assert_allclose(model.update(y[70:72], X).predict(X=X), SALES[72:77], rtol=1e-6)


@pytest.mark.parametrize(
    ("index_of_y", "index_of_X"),
    [
        (DAYS.to_period(), DAYS),
        (DAYS, DAYS.to_period()),
        (DAYS.tz_localize("Europe/Berlin"), DAYS),
        (DAYS, DAYS.tz_localize("Europe/Berlin")),
        (DAYS, DAYS.strftime("%Y-%m-%d")),
    ],
    ids=["periods", "dates", "time zone", "no time zone", "text"],
)
@pytest.mark.parametrize("is_long", [False, True])
def test_times_of_X_of_another_type_become_those_of_y(index_of_y, index_of_X, is_long):
    y, X = SALES.set_axis(index_of_y)[:70], PRICES.set_axis(index_of_X)
    if is_long:
        y, X = pd.concat({"a": y}), pd.concat({"a": X})
    with pytest.raises(ValueError, match="Convert X with: ") as error:
        forecaster().fit(y, X)
    names = {"X": X, "pd": pd}
    exec(str(error.value).rsplit(" with: ", 1)[1], names)
    X = names["X"]
    npt.assert_allclose(forecaster().fit(y, X).predict(X=X), SALES[70:75], rtol=1e-6)


def test_covariates_of_a_polars_frame_are_read_as_their_error_advises():
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"day": DAYS.to_list(), "price": PRICES["price"].to_list()})
    with pytest.raises(ValueError, match="'day' of X holds times") as error:
        forecaster().fit(SALES[:70], X)
    names = {"X": X, "pd": pd}
    exec(str(error.value).rsplit(" with: ", 1)[1], names)
    model = forecaster().fit(SALES[:70], names["X"])
    npt.assert_allclose(model.predict(X=names["X"]), SALES[70:75], rtol=1e-6)


def test_columns_of_a_long_frame_are_read_as_those_of_each_series():
    y = pd.concat({"a": SALES[:70], "b": -SALES[3:70]})
    X = pd.concat({"b": -PRICES, "c": PRICES * np.nan, "a": PRICES})
    # Rows in any order, and rows of another series that are missing.
    X = X.sort_index(level=1, ascending=False)
    forecasts = forecaster().fit(y, X).predict(X=X)
    parts = [PRICES, -PRICES]
    model = forecaster().fit([y["a"].rename("a"), y["b"].rename("b")], parts)
    for name, expected in zip("ab", model.predict(X=parts), strict=True):
        npt.assert_array_equal(forecasts[name], expected)
