"""Pictures of forecasts hold the numbers that the forecaster answers with."""

import sys

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import ForecastDisplay, LSTMForecaster

plt.switch_backend("agg")

DAYS = pd.date_range("2023-01-01", periods=60, freq="D", name="day")
PRICES = pd.DataFrame({"price": np.random.default_rng(1).normal(size=60)}, DAYS)
FRAME = pd.DataFrame(
    np.random.default_rng(0).normal(size=(50, 2)), DAYS[:50], ["a", "b"]
)
FORECASTER = LSTMForecaster(Ridge(), horizon=4, window_size=5, season=1)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def heights(band):
    """Lower and upper edge of a band, as drawn."""
    vertices = band.get_paths()[0].vertices
    return np.unique(vertices[:, 1])


def test_lines_and_band_are_what_the_forecaster_says():
    forecaster = FORECASTER.fit(FRAME["a"])
    display = ForecastDisplay.from_estimator(forecaster, coverage=0.8)
    forecasts, history = forecaster.predict(), FRAME["a"][-16:]
    x, y = display.lines_["forecast"].get_data()
    npt.assert_array_equal(mdates.date2num(x), mdates.date2num(forecasts.index))
    npt.assert_array_equal(y, forecasts)
    npt.assert_array_equal(display.lines_["history"].get_ydata(), history)
    interval = forecaster.predict_interval(coverage=0.8)
    npt.assert_allclose(heights(display.band_), np.unique(interval))
    pd.testing.assert_frame_equal(display.interval, interval, check_freq=False)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["history", "forecast", "80 % band"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("day", "a")


LONG = FRAME.unstack().rename_axis(["shop", "day"])
FORMS = {
    "frame": (FRAME, "b"),
    "long": (LONG, "b"),
    "long frame": (LONG.to_frame("sales"), "b"),
    "array": (FRAME.to_numpy(), 1),
    "column": (FRAME[["b"]], None),
    "single": (FRAME["b"], None),
    "vector": (FRAME["b"].to_numpy(), None),
}


@pytest.mark.parametrize(("y", "series"), FORMS.values(), ids=FORMS)
def test_one_of_many_series_is_drawn(y, series):
    alike = FRAME["b"] if series is None else FRAME
    expected = np.asarray(FORECASTER.fit(alike).predict()).T.reshape(-1, 4)[-1]
    forecaster = FORECASTER.fit(y)
    display = ForecastDisplay.from_estimator(forecaster, series=series, n_history=3)
    npt.assert_allclose(display.forecast, expected)
    npt.assert_array_equal(display.history, FRAME["b"][-3:])
    assert (display.interval["lower"] < display.forecast).all()


def test_lists_of_series_and_of_columns():
    y, X = [FRAME["a"], FRAME["b"][10:]], [PRICES, -PRICES]
    forecaster = FORECASTER.fit(y, X)
    display = ForecastDisplay.from_estimator(forecaster, X, series="b", coverage=None)
    npt.assert_allclose(display.forecast, forecaster.predict(X=X)[1])
    assert display.band_ is None


def test_styles_and_axes_are_those_of_the_caller():
    _, ax = plt.subplots()
    forecaster = FORECASTER.fit(FRAME["a"].set_axis(DAYS[:50].to_period()))
    display = ForecastDisplay.from_estimator(
        forecaster, horizon=1, ax=ax, forecast_kwargs={"color": "red", "label": "next"}
    )
    assert display.ax_ is ax
    line = display.lines_["forecast"]
    assert (line.get_color(), line.get_label(), line.get_marker()) == (
        "red",
        "next",
        ".",
    )
    again = display.plot(band_kwargs={"alpha": 0.5})
    assert again.ax_ is not ax
    assert again.band_.get_alpha() == 0.5


def test_series_without_names_are_found_by_position():
    forecaster = FORECASTER.fit([FRAME["a"].to_numpy(), FRAME["b"].to_numpy()])
    display = ForecastDisplay.from_estimator(forecaster, series=1, n_history=0)
    npt.assert_allclose(display.forecast, forecaster.predict()[1])
    assert not len(display.history)


def test_what_cannot_be_drawn_is_refused(monkeypatch):
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(LSTMForecaster())
    forecaster = FORECASTER.fit(FRAME)
    with pytest.raises(ValueError, match=r"no series 'c'\. Choose from \['a', 'b'\]"):
        ForecastDisplay.from_estimator(forecaster, series="c")
    with pytest.raises(TypeError, match="draws an LSTMForecaster, got Ridge"):
        ForecastDisplay.from_estimator(Ridge())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        ForecastDisplay.from_estimator(forecaster)
