"""Forecasts until a time."""

import datetime as dt

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest
from sklearn.linear_model import Ridge

from sklstm import LSTMForecaster

WAVE = 5 + np.sin(np.arange(60.0))
DAYS = pd.date_range("2024-04-01", periods=60, freq="D")  # until May 30


def fitted(index, **settings):
    """Return a forecaster of at most 9 steps."""
    settings = {"horizon": 9, "window_size": 8} | settings
    return LSTMForecaster(Ridge(), **settings).fit(pd.Series(WAVE, index))


@pytest.mark.parametrize(
    ("index", "until", "n_steps"),
    [
        (DAYS, "2024-06-04", 5),
        (DAYS, "2024-05", 1),
        (DAYS, pd.Timestamp("2024-06-04 12:00"), 5),
        (DAYS, dt.date(2024, 6, 4), 5),
        (DAYS, dt.datetime(2024, 6, 4), 5),
        (DAYS, np.datetime64("2024-06-04"), 5),
        (DAYS, pd.Period("2024-06-04", "D"), 5),
        (DAYS, pd.Period("2024-05", "M"), 1),
        (DAYS.to_period(), "2024-06-04", 5),
        (DAYS.to_period(), dt.date(2024, 6, 4), 5),
        (DAYS.to_period(), pd.Period("2024-06-04", "D"), 5),
        (DAYS.tz_localize("Asia/Tokyo"), "2024-06-04", 5),
        (DAYS.tz_localize("Asia/Tokyo"), pd.Timestamp("2024-06-03 15:00", tz="UTC"), 5),
        (pd.RangeIndex(0, 600, 10), 645, 5),
        (pd.timedelta_range("0h", periods=60, freq="h"), "64h", 5),
        (pd.timedelta_range("0h", periods=60, freq="h"), pd.Timedelta("64h"), 5),
    ],
    ids=lambda one: str(one)[:25],
)
def test_forecasts_end_at_a_time(index, until, n_steps):
    model = fitted(index)
    pdt.assert_series_equal(model.predict(until=until), model.predict(n_steps))


def test_intervals_and_quantiles_end_at_a_time():
    model = fitted(DAYS)
    for method in (model.predict_interval, model.predict_quantiles):
        pdt.assert_frame_equal(method(until="2024-06-04"), method(5))
    last_window = pd.Series(WAVE, DAYS)[:-3]
    forecasts = model.predict(until="2024-05-30", last_window=last_window)
    pdt.assert_series_equal(forecasts, model.predict(3, last_window=last_window))


def test_recursive_forecasts_may_be_long():
    forecasts = fitted(DAYS, strategy="recursive").predict(until="2025-12-31")
    assert list(forecasts.index) == list(pd.date_range("2024-05-31", "2025-12-31"))


def test_series_that_end_at_different_times_end_together():
    y = [pd.Series(WAVE[:n], DAYS[:n], name=n) for n in (60, 57)]
    model = LSTMForecaster(Ridge(), horizon=9, window_size=8).fit(y)
    with pytest.raises(ValueError, match="of the series 60, which is at 2024-05-30"):
        model.predict(until="2024-05-20")
    one, two = model.predict(until="2024-06-04")
    assert (len(one), len(two)) == (5, 8)
    assert one.index[-1] == two.index[-1] == pd.Timestamp("2024-06-04")
    npt.assert_array_equal(two, model.predict()[1][:8])
    long = pd.concat(y, keys=["a", "b"])
    assert len(model.fit(long).predict_interval(until="2024-06-04")) == 13


@pytest.mark.parametrize(
    ("index", "until", "message"),
    [
        (DAYS, "2024-06-09", "steps until 2024-06-09 is more than the 9 steps"),
        (DAYS, "2024-05-30", "not after the last value, which is at 2024-05-30"),
        (DAYS, "soon", "'soon' is not a time like those of y, such as Timestamp"),
        (DAYS, 3, "3 is not a time like those of y"),
        (DAYS, pd.NaT, "NaT is not a time like those of y"),
        (DAYS, pd.Timestamp("2024-06-04", tz="UTC"), "is not a time like those of y"),
        (pd.RangeIndex(60), "2024-06-04", "is not a time like those of y, such as 60"),
    ],
)
def test_times_at_which_no_forecast_can_end_are_refused(index, until, message):
    with pytest.raises(ValueError, match=message):
        fitted(index).predict(until=until)


@pytest.mark.parametrize("levels", [0.9, [0.1, 0.9]])
def test_levels_are_passed_by_name(levels):
    model = fitted(DAYS)
    with pytest.raises(TypeError, match=r"coverage=0\.9.*quantiles=\[0\.1, 0\.9\]"):
        model.predict_interval(levels)
    assert model.predict_interval(coverage=0.9).shape == (9, 2)
    assert model.predict_quantiles(quantiles=[0.1, 0.9]).shape == (9, 2)


def test_until_replaces_horizon():
    with pytest.raises(ValueError, match=r"either horizon or until, got horizon=2 and"):
        fitted(DAYS).predict(2, until="2024-06-04")
    with pytest.raises(ValueError, match="Pass horizon, the number of steps"):
        fitted(DAYS).fit(WAVE).predict(until=64)
    with pytest.raises(
        TypeError, match=r"got str. Pass the time of the last step with predict\(until"
    ):
        fitted(DAYS).predict("2024-06-04")
