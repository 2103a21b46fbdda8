"""Plots show the numbers that the estimators return."""

import sys

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sklstm import (
    AnomalyDisplay,
    ForecastDisplay,
    LSTMForecaster,
    LSTMOutlierDetector,
)
from sklstm._displays import axes
from sklstm.datasets import make_machine

plt.switch_backend("agg")

DAYS = pd.date_range("2023-01-01", periods=60, freq="D", name="day")
PRICES = pd.DataFrame({"price": np.random.default_rng(1).normal(size=60)}, DAYS)
FRAME = pd.DataFrame(
    np.random.default_rng(0).normal(size=(50, 2)), DAYS[:50], ["a", "b"]
)
FORECASTER = LSTMForecaster(
    Ridge(), horizon=4, window_size=5, season_length=1, baseline="last"
)


def heights(band):
    """Return the lower and the upper edge of a band, as plotted."""
    vertices = band.get_paths()[0].vertices
    return np.unique(vertices[:, 1])


def test_lines_and_band_are_the_forecasts():
    forecaster = FORECASTER.fit(FRAME["a"])
    display = ForecastDisplay.from_estimator(forecaster, coverage=0.8)
    forecasts, history = forecaster.predict(), FRAME["a"][-16:]
    x, y = display.lines_["forecast"].get_data()
    # Forecast and band begin at the last value that is known.
    days = history.index[-1:].append(forecasts.index)
    npt.assert_array_equal(mdates.date2num(x), mdates.date2num(days))
    npt.assert_array_equal(y, [history.iloc[-1], *forecasts])
    npt.assert_array_equal(display.lines_["history"].get_ydata(), history)
    interval = forecaster.predict_interval(coverage=0.8)
    edges = [history.iloc[-1], *np.ravel(interval)]
    npt.assert_allclose(heights(display.band_), np.unique(edges))
    now = display.lines_["now"].get_xdata()
    npt.assert_array_equal(mdates.date2num(now), mdates.date2num(history.index[-1]))
    pd.testing.assert_frame_equal(display.interval, interval, check_freq=False)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["history", "forecast", "80 % interval"]
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


def test_lists_of_series_and_of_covariates():
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


def test_short_names_of_styles_are_accepted():
    display = ForecastDisplay.from_estimator(
        FORECASTER.fit(FRAME["a"]),
        forecast_kwargs={"c": "red", "lw": 3},
        now_kwargs={"ls": "--"},
        band_kwargs={"lw": 2},
    )
    forecast, now = (display.lines_[name] for name in ("forecast", "now"))
    assert (forecast.get_color(), forecast.get_linewidth()) == ("red", 3)
    assert now.get_linestyle() == "--"
    assert display.band_.get_linewidth() == 2


def test_series_without_names_are_found_by_position():
    forecaster = FORECASTER.fit([FRAME["a"].to_numpy(), FRAME["b"].to_numpy()])
    display = ForecastDisplay.from_estimator(forecaster, series=1, n_history=0)
    npt.assert_allclose(display.forecast, forecaster.predict()[1])
    assert not len(display.history)
    assert "now" not in display.lines_
    npt.assert_array_equal(display.lines_["forecast"].get_ydata(), display.forecast)


@pytest.mark.filterwarnings("ignore:y ends with 2 missing")
def test_a_missing_last_value_is_left_out():
    forecaster = FORECASTER.fit(FRAME["a"].where(FRAME.index < DAYS[48]))
    display = ForecastDisplay.from_estimator(forecaster)
    x, y = display.lines_["forecast"].get_data()
    assert (x[0], y[0], x[1]) == (DAYS[47], FRAME["a"].iloc[47], DAYS[50])
    assert display.lines_["now"].get_xdata() == [DAYS[49]] * 2
    # Only forecasts have markers.
    again = display.plot(forecast_kwargs={"marker": "o"})
    assert again.lines_["forecast"].get_markevery() == slice(1, None)


NEXT = pd.DataFrame({"a": range(6), "b": range(6, 12)}, DAYS[48:54], dtype=float)
ACTUAL = {
    "frame": NEXT,
    "part": NEXT[:4],
    "long": NEXT.unstack(),
    "list": [NEXT["a"], NEXT["b"]],
    "array": NEXT.to_numpy()[2:],
}


@pytest.mark.parametrize("name", ACTUAL)
def test_actual_values_are_drawn_at_the_times_of_the_forecasts(name):
    forecaster = FORECASTER.fit(FRAME)
    display = ForecastDisplay.from_estimator(forecaster, actual=ACTUAL[name])
    values = [lines["actual"].get_ydata() for lines in display.lines_]
    expected = [[2, 3, 4, 5], [8, 9, 10, 11]]
    if name == "part":
        expected = [[2, 3, np.nan, np.nan], [8, 9, np.nan, np.nan]]
    npt.assert_array_equal(values, expected)
    assert list(display.lines_[1]["actual"].get_xdata()) == list(DAYS[50:54])
    (legend,) = display.figure_.legends
    assert legend.get_texts()[-1].get_text() == "actual"
    actual = NEXT["b"].rename("any name") if name == "array" else ACTUAL[name]
    one = ForecastDisplay.from_estimator(forecaster, series="b", actual=actual)
    npt.assert_array_equal(one.lines_["actual"].get_ydata(), expected[1])


def test_actual_values_at_other_times_are_refused():
    forecaster = FORECASTER.fit(FRAME)
    message = "actual has no value from 2023-02-20 00:00:00 to 2023-02-23 00:00:00"
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_estimator(forecaster, actual=FRAME)
    with pytest.raises(ValueError, match=r"no series 'b'\. Choose from \['a'\]"):
        ForecastDisplay.from_estimator(forecaster, actual=NEXT[["a"]])
    with pytest.raises(ValueError, match=r"no series 'a'\. Choose from \['u', 'v'\]"):
        ForecastDisplay.from_estimator(
            forecaster, actual=NEXT.set_axis(["u", "v"], axis=1)
        )


@pytest.mark.parametrize(
    "y",
    [FRAME, LONG, FRAME.to_numpy(), [FRAME["a"], FRAME["b"]], FRAME["a"], [FRAME["a"]]],
)
def test_predictions_are_drawn_as_those_of_an_estimator(y):
    forecaster = FORECASTER.fit(y)
    intervals = forecaster.predict_interval()
    display = ForecastDisplay.from_predictions(
        forecaster.predict(), history=y, interval=intervals, coverage=0.9
    )
    expected = ForecastDisplay.from_estimator(forecaster, n_history=50)
    for name in ("forecast", "history", "interval"):
        parts = getattr(display, name), getattr(expected, name)
        parts = [part if isinstance(part, list) else [part] for part in parts]
        for one, other in zip(*parts, strict=True):
            npt.assert_allclose(one, other)
            assert one.index.tolist() == other.index.tolist()
    assert type(display.band_) is type(expected.band_) or len(y) == 1


def test_forecasts_alone_are_drawn():
    display = ForecastDisplay.from_predictions([1.0, 2.0])
    assert list(display.lines_) == ["forecast"]
    npt.assert_array_equal(display.lines_["forecast"].get_xdata(), [0, 1])
    with pytest.raises(ValueError, match="are 1 forecasts, but history has 2 series"):
        ForecastDisplay.from_predictions([1.0, 2.0], history=np.eye(2))


SPANS = ["20s", "3min", "40min", "7h", "2D", "9D", "40D", "200D", "3000D", "20000D"]


@pytest.mark.parametrize("n_columns", [1, 2, 3])
@pytest.mark.parametrize("span", SPANS)
def test_dates_do_not_overlap(span, n_columns):
    times = pd.date_range("2019-12-28 07:11", periods=60, freq=pd.Timedelta(span) / 60)
    names = list("abcdef")[:n_columns]
    series = [pd.Series(np.arange(60.0), times, name=name) for name in names]
    display = ForecastDisplay(series, coverage=None)
    display.plot(None if n_columns > 1 else plt.subplots(figsize=(3, 2))[1])
    display.figure_.draw_without_rendering()
    for ax in display.axes_:
        labels = [label for label in ax.get_xticklabels() if label.get_visible()]
        boxes = [label.get_window_extent() for label in labels]
        edges = [edge for box in boxes for edge in (box.x0, box.x1)]
        assert (np.diff(edges) > 2).all()
        assert len(boxes) >= 2 or not ax.xaxis.get_tick_params().get("labelbottom")


def test_ticks_of_the_user_are_kept():
    _, ax = plt.subplots()
    ax.xaxis.set_major_locator(mdates.DayLocator())
    ForecastDisplay.from_estimator(FORECASTER.fit(FRAME["a"]), ax=ax)
    assert type(ax.xaxis.get_major_locator()) is mdates.DayLocator


def luminance(color):
    """Return the relative luminance of a color, by WCAG 2.2."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("color", [*axes.PALETTE, axes.GRAY])
def test_colors_stand_out_from_white_and_from_black(color):
    assert 1.05 / (luminance(color) + 0.05) >= 3
    assert (luminance(color) + 0.05) / 0.05 >= 3


def test_actual_values_have_the_color_of_text():
    forecaster = FORECASTER.fit(FRAME["a"])
    for style, color in [("default", "black"), ("dark_background", "white")]:
        with plt.style.context(style):
            display = ForecastDisplay.from_estimator(forecaster, actual=NEXT["a"])
            assert display.lines_["actual"].get_color() == color


@pytest.mark.parametrize("form", [pd.Series, np.asarray])
def test_a_last_window_is_drawn(form):
    forecaster = FORECASTER.fit(FRAME)
    last_window = form(FRAME["b"][-20:])
    display = ForecastDisplay.from_estimator(forecaster, last_window=last_window)
    forecasts = forecaster.predict(last_window=last_window)
    npt.assert_array_equal(display.forecast, forecasts)
    npt.assert_array_equal(display.history, last_window[-16:])
    first = FRAME.index[-1] + pd.Timedelta(days=1) if form is pd.Series else 20
    assert display.forecast.index[0] == display.interval.index[0] == first


@pytest.mark.parametrize(
    "form",
    [
        lambda one: pd.concat({"b": one}, names=["series", "day"]),
        pd.Series.to_frame,
        lambda one: [one],
        lambda one: one.set_axis(pd.Index(one.index.date)),
        lambda one: one.set_axis(pd.CategoricalIndex(one.index)),
    ],
)
def test_a_last_window_is_drawn_in_every_form_of_one_series(form):
    forecaster, last_window = FORECASTER.fit(FRAME), FRAME["b"][-20:]
    display, expected = (
        ForecastDisplay.from_estimator(forecaster, last_window=one)
        for one in (form(last_window), last_window)
    )
    for name in ("forecast", "history", "interval"):
        actual, wanted = getattr(display, name), getattr(expected, name)
        npt.assert_array_equal(actual, wanted)
        assert actual.index.to_list() == wanted.index.to_list()


def drawn(display):
    """Return the heights of the forecasts and the histories of several series."""
    forecasts, histories = (
        [lines[name].get_ydata() for lines in display.lines_]
        for name in ("forecast", "history")
    )
    lasts = [forecast[0] for forecast in forecasts]
    npt.assert_array_equal(lasts, [history[-1] for history in histories])
    return [forecast[1:] for forecast in forecasts], histories


@pytest.mark.parametrize("y", [FRAME, LONG, FRAME.to_numpy(), list(FRAME.to_numpy().T)])
def test_several_series_are_drawn_in_a_grid(y):
    forecaster = FORECASTER.fit(y)
    display = ForecastDisplay.from_estimator(forecaster, n_history=3, coverage=0.8)
    names = ["a", "b"] if y is FRAME or y is LONG else ["0", "1"]
    assert [ax.get_title() for ax in display.axes_] == names
    assert display.ax_ is display.axes_[0]
    forecasts, histories = drawn(display)
    expected = FORECASTER.fit(FRAME).predict()
    npt.assert_allclose(forecasts, expected.T)
    npt.assert_array_equal(histories, FRAME[-3:].T)
    lower, upper = heights(display.band_[1])[[0, -1]]
    assert lower < expected["b"].min() < expected["b"].max() < upper
    (legend,) = display.figure_.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["history", "forecast", "80 % interval"]


def test_the_axes_of_a_grid_share_x_and_the_lowest_have_labels():
    forecaster = FORECASTER.fit(pd.concat([FRAME] * 3, axis=1, keys=list("uvw")))
    names = [("w", "b"), ("u", "a"), ("v", "a"), ("v", "b"), ("u", "b")]
    display = ForecastDisplay.from_estimator(forecaster, series=names)
    assert [ax.get_title() for ax in display.axes_] == [str(name) for name in names]
    assert len(display.figure_.axes) == 5
    assert {ax.get_xlim() for ax in display.axes_} == {display.ax_.get_xlim()}
    assert [ax.get_xlabel() for ax in display.axes_] == ["", "", "day", "day", "day"]


def test_series_are_drawn_on_the_axes_passed():
    forecaster = FORECASTER.fit(FRAME)
    figure, axes = plt.subplots(1, 2)
    display = ForecastDisplay.from_estimator(forecaster, ax=axes, coverage=None)
    assert display.figure_ is figure
    npt.assert_array_equal(display.axes_, axes)
    assert display.band_ == [None, None]
    again = display.plot(forecast_kwargs={"color": "red"})
    assert {lines["forecast"].get_color() for lines in again.lines_} == {"red"}
    assert again.figure_ is not figure
    # One pair of axes is enough for the first series.
    display = ForecastDisplay.from_estimator(forecaster, ax=axes[1])
    assert display.axes_.tolist() == [axes[1]]
    assert axes[1].get_ylabel() == display.forecast.name == "a"


def test_at_most_twelve_series_are_drawn_if_none_is_named():
    many = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 15)), DAYS[:50])
    forecaster = FORECASTER.fit(many)
    display = ForecastDisplay.from_estimator(forecaster, coverage=None)
    assert [ax.get_title() for ax in display.axes_] == [str(n) for n in range(12)]
    named = ForecastDisplay.from_estimator(forecaster, series=many.columns[::-1])
    assert [ax.get_title() for ax in named.axes_] == [str(n) for n in range(14, -1, -1)]


OTHERS = {
    "frame": FRAME[10:30].rename(columns={"a": "c"}),
    "long": LONG.rename("sales")[LONG.index.get_level_values("day") > DAYS[20]],
    "list": [FRAME["b"][:20], FRAME["a"][:30].rename("c")],
    "array": FRAME.to_numpy()[:20],
}


@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("fitted", [FRAME, FRAME.to_numpy()], ids=["frame", "array"])
def test_several_series_of_a_last_window_are_drawn(others, fitted):
    forecaster = FORECASTER.fit(100 * fitted)
    display = ForecastDisplay.from_estimator(forecaster, last_window=others)
    expected = forecaster.predict(last_window=others)
    expected = expected if isinstance(expected, list) else list(flat(expected))
    npt.assert_allclose(drawn(display)[0], expected)
    bounds = forecaster.predict_interval(last_window=others)
    bounds = np.sort(np.concatenate([np.ravel(one) for one in bounds_of(bounds)]))
    edges = [np.ravel(one) for one in display.interval]
    npt.assert_allclose(np.sort(np.concatenate(edges)), bounds)


def flat(forecasts):
    """Return the forecasts of two series, of shape (2, horizon)."""
    forecasts = np.asarray(forecasts)
    return forecasts.reshape(2, -1) if forecasts.ndim == 1 else forecasts.T


def bounds_of(intervals):
    """Return intervals as a list."""
    return intervals if isinstance(intervals, list) else [intervals]


def test_a_forecaster_without_training_draws_other_series():
    X = np.arange(120.0).reshape(60, 2) % 7
    short = pd.DataFrame(np.arange(24.0).reshape(12, 2) ** 2, DAYS[:12], ["c", "d"])
    forecaster = LSTMForecaster(Last(), horizon=3, fine_tune=0).fit(FRAME, X[:50])
    options = {"last_window": short, "X": X[:15], "series": ["d"]}
    display = ForecastDisplay.from_estimator(forecaster, **options)
    forecasts = forecaster.predict(last_window=short, X=X[:15])
    npt.assert_allclose(drawn(display)[0], [forecasts["d"]])
    assert display.axes_[0].get_title() == "d"


def test_invalid_forecast_displays_are_refused(monkeypatch):
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(LSTMForecaster())
    forecaster = FORECASTER.fit(FRAME)
    with pytest.raises(ValueError, match=r"no series 'c'\. Choose from \['a', 'b'\]"):
        ForecastDisplay.from_estimator(forecaster, series="c")
    with pytest.raises(ValueError, match=r"no series 'c'\. Choose from \['a', 'b'\]"):
        ForecastDisplay.from_estimator(forecaster, last_window=FRAME, series=["c"])
    with pytest.raises(ValueError, match=r"series is empty\. Choose from \['a', 'b'\]"):
        ForecastDisplay.from_estimator(forecaster, series=[])
    for n_axes, series in [(3, None), (2, "a"), (1, ["a", "b"])]:
        axes = plt.subplots(n_axes, squeeze=False)[1]
        with pytest.raises(ValueError, match=rf"ax has {n_axes} axes\. Pass one for"):
            ForecastDisplay.from_estimator(forecaster, series=series, ax=axes)
    with pytest.raises(ValueError, match="n_history == -1, must be >= 0"):
        ForecastDisplay.from_estimator(forecaster, n_history=-1)
    with pytest.raises(TypeError, match="needs an LSTMForecaster, got Ridge"):
        ForecastDisplay.from_estimator(Ridge())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        ForecastDisplay.from_estimator(forecaster)


class Last(BaseEstimator):
    """Regressor that predicts no change."""

    def fit(self, X, y):
        self.n_outputs_ = y.shape[1]
        return self

    def predict(self, X):
        return np.zeros((len(X), self.n_outputs_))


MACHINE, LABELS = make_machine(1000, faults=["knock", "shift"], random_state=0)
DETECTOR = LSTMOutlierDetector(Last(), window_size=4).fit(MACHINE[:500])


def spans(display):
    """Return the left and right edges of the plotted spans."""
    corners = [span.get_bbox() for span in display.spans_]
    return [(corner.x0, corner.x1) for corner in corners]


@pytest.mark.parametrize("feature", [None, "vibration_y"])
def test_lines_are_values_expected_values_and_distances(feature):
    display = AnomalyDisplay.from_estimator(DETECTOR, MACHINE, feature=feature)
    names = [feature] if feature else list(MACHINE)
    lines = [display.lines_[name] for name in ("values", "expected")]
    if feature:
        lines = [[line] for line in lines]
    for name, values, expected in zip(names, *lines, strict=True):
        x, y = values.get_data()
        npt.assert_array_equal(mdates.date2num(x), mdates.date2num(MACHINE.index))
        npt.assert_array_equal(y, MACHINE[name])
        expected = expected.get_ydata()
        npt.assert_array_equal(expected[:4], np.nan)
        npt.assert_allclose(expected[4:], MACHINE[name][3:-1])
    scores = DETECTOR.score_samples(MACHINE)
    distances = display.lines_["distances"].get_ydata()
    npt.assert_array_equal(np.isnan(distances), np.arange(len(MACHINE)) < 4)
    npt.assert_array_equal(np.nan_to_num(distances), -scores)
    threshold = display.lines_["threshold"].get_ydata()
    npt.assert_array_equal(threshold, -DETECTOR.offset_)
    labels = [axes.get_ylabel() for axes in display.axes_]
    assert labels == [*names, "distance"]
    assert display.axes_[-1].get_xlabel() == "time"


def test_expected_values_are_those_of_explain():
    lines = DETECTOR.explain(MACHINE).query("feature == 'temperature'")
    display = AnomalyDisplay.from_estimator(DETECTOR, MACHINE, feature="temperature")
    npt.assert_array_equal(display.expected[lines["row"]], lines["expected"])


def test_spans_are_runs_of_outliers():
    is_outlier = DETECTOR.predict(MACHINE) == -1
    assert 3 < is_outlier.sum() < 100
    by_position, pair = MACHINE.to_numpy(), plt.subplots(2)[1]
    with pytest.warns(UserWarning, match="feature names"):
        display = AnomalyDisplay.from_estimator(DETECTOR, by_position, ax=pair)
    rows = [np.arange(np.ceil(start), end) for start, end in spans(display)]
    npt.assert_array_equal(np.concatenate(rows), np.flatnonzero(is_outlier))
    assert all((start % 1, end % 1) == (0.5, 0.5) for start, end in spans(display))
    # Spans do not touch each other.
    edges = np.ravel(spans(display))
    assert (np.diff(edges) > 0).all()
    entries = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert entries == ["value", "expected", "outlier"]


def test_spans_are_drawn_behind_each_feature():
    display = AnomalyDisplay.from_estimator(DETECTOR, MACHINE)
    one = AnomalyDisplay.from_estimator(DETECTOR, MACHINE, feature="temperature")
    assert spans(display) == 3 * spans(one)
    for each in (display, one):
        (legend,) = each.figure_.legends
        entries = [text.get_text() for text in legend.get_texts()]
        assert entries == ["value", "expected", "outlier", "threshold"]
    on = [span.axes for span in display.spans_]
    assert [on.count(ax) for ax in display.axes_] == [len(one.spans_)] * 3 + [0]


def test_features_are_selected_by_name_or_by_the_number_of_axes():
    names = ["temperature", "vibration_x"]
    display = AnomalyDisplay.from_estimator(DETECTOR, MACHINE, feature=names)
    assert [ax.get_ylabel() for ax in display.axes_] == [*names, "distance"]
    for n_axes in (2, 3):
        axes = plt.subplots(n_axes)[1]
        display = AnomalyDisplay.from_estimator(DETECTOR, MACHINE, ax=axes)
        labels = [ax.get_ylabel() for ax in display.axes_]
        assert labels == [*list(MACHINE)[: n_axes - 1], "distance"]
        assert all(ax.get_legend() for ax in display.axes_[[0, -1]])
    with pytest.raises(ValueError, match="feature is empty"):
        AnomalyDisplay.from_estimator(DETECTOR, MACHINE, feature=[])


def test_expected_values_of_any_model_are_drawn():
    reference = AnomalyDisplay.from_estimator(DETECTOR, MACHINE)
    display = AnomalyDisplay.from_predictions(
        MACHINE,
        reference.expected.to_numpy(),
        distances=reference.distances,
        threshold=reference.threshold,
    )
    assert spans(display) == spans(reference)
    values = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 0.0, 4.0]})
    display = AnomalyDisplay.from_predictions(values, np.ones((3, 2)), threshold=1.5)
    npt.assert_allclose(display.lines_["distances"].get_ydata(), [0.5, 1, 2.5])
    assert spans(display) == [(1.5, 2)] * 2
    with pytest.raises(ValueError, match=r"shape \(3,\), but expected has \(2,\)"):
        AnomalyDisplay.from_predictions(values["a"], [1.0, 2.0], threshold=1)


def test_a_series_without_outliers_has_no_span():
    display = AnomalyDisplay.from_estimator(DETECTOR, MACHINE[:12])
    assert display.spans_ == []


LATER = pd.concat({"here": MACHINE})
TIMES = {
    "frame": (MACHINE, {}),
    "panel": (LATER, {}),
    "periods": (MACHINE.set_axis(MACHINE.index.to_period()), {}),
    "zone": (MACHINE.tz_localize("Europe/Rome"), {}),
    "name": (MACHINE.reset_index(), {"time": "time"}),
    "position": (MACHINE.reset_index(), {"time": 0}),
}


@pytest.mark.parametrize(("X", "settings"), TIMES.values(), ids=TIMES)
def test_rows_are_plotted_at_their_times(X, settings):
    detector = LSTMOutlierDetector(Last(), window_size=4, **settings).fit(X[:500])
    display = AnomalyDisplay.from_estimator(detector, X)
    plotted = pd.DatetimeIndex(display.lines_["distances"].get_xdata())
    npt.assert_array_equal(plotted.tz_localize(None), MACHINE.index)
    reference = AnomalyDisplay.from_estimator(DETECTOR, MACHINE)
    npt.assert_allclose(spans(display), spans(reference), atol=0.1)


@pytest.mark.parametrize("index", ["names", "durations", "array"])
def test_rows_without_dates_or_numbers_are_plotted_at_their_positions(index):
    numbers = MACHINE[["temperature"]].to_numpy()
    names = {"names": [f"row {i}" for i in range(1000)]}
    names["durations"] = pd.to_timedelta(np.arange(1000), "s")
    X = numbers if index == "array" else pd.DataFrame(numbers, names[index])
    detector = LSTMOutlierDetector(Last(), window_size=4).fit(X[:500])
    display = AnomalyDisplay.from_estimator(detector, X, feature=0)
    npt.assert_array_equal(display.lines_["values"].get_xdata(), np.arange(1000))
    assert display.axes_[0].get_ylabel() == "0"


def test_anomaly_display_uses_the_axes_and_styles_passed():
    figure, axes = plt.subplots(2)
    display = AnomalyDisplay.from_estimator(
        DETECTOR,
        MACHINE,
        ax=axes,
        values_kwargs={"color": "red"},
        expected_kwargs={"linestyle": ":"},
        span_kwargs={"alpha": 0.5, "label": "alarm"},
    )
    assert display.figure_ is figure
    npt.assert_array_equal(display.axes_, axes)
    assert display.lines_["values"].get_color() == "red"
    assert display.lines_["expected"].get_linestyle() == ":"
    assert {span.get_alpha() for span in display.spans_} == {0.5}
    again = display.plot(
        distances_kwargs={"color": "red"}, threshold_kwargs={"label": "limit"}
    )
    assert again.figure_ is not figure
    assert again.lines_["distances"].get_color() == "red"
    assert again.lines_["threshold"].get_label() == "limit"


def test_anomaly_display_refuses_invalid_input(monkeypatch):
    with pytest.raises(NotFittedError):
        AnomalyDisplay.from_estimator(LSTMOutlierDetector(), MACHINE)
    with pytest.raises(TypeError, match="plots an LSTMOutlierDetector, got Ridge"):
        AnomalyDisplay.from_estimator(Ridge(), MACHINE)
    with pytest.raises(ValueError, match=r"no feature 'c'\. Choose from \['vib"):
        AnomalyDisplay.from_estimator(DETECTOR, MACHINE, feature="c")
    with pytest.raises(ValueError, match="1 features on 2 axes, got 1"):
        AnomalyDisplay.from_estimator(DETECTOR, MACHINE, ax=plt.gca())
    panel = pd.concat({"here": MACHINE, "there": MACHINE})
    with pytest.raises(ValueError, match=r"holds 2 series.*'here'"):
        AnomalyDisplay.from_estimator(DETECTOR, panel)
    columns = panel.reset_index(level=0, names="place")
    columns["place"] = columns["place"] == "there"
    detector = LSTMOutlierDetector(Last(), window_size=4, groups="place").fit(columns)
    with pytest.raises(ValueError, match="holds 2 series"):
        AnomalyDisplay.from_estimator(detector, columns)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="AnomalyDisplay needs matplotlib"):
        AnomalyDisplay.from_estimator(DETECTOR, MACHINE)
