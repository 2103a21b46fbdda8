"""The plot of attributions shows each number at its step and its symbol."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import (
    AttributionDisplay,
    LSTMClassifier,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
)
from sklstm.inspection import integrated_gradients

plt.switch_backend("agg")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"max_iter": 2, "conv_filters": (), "bidirectional": False, "random_state": 0}
DAYS = pd.date_range("2024-01-01", periods=40)
TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), DAYS, ["a", "b"])
VALUES = np.array([[0.1, -0.5], [0.0, 0.2], [2.0, 0.3]])


def test_values_are_an_image_of_features_by_steps():
    display = AttributionDisplay.from_attributions(VALUES, feature_names=["a", "b"])
    npt.assert_array_equal(display.image_.get_array(), VALUES.T)
    assert display.image_.get_clim() == (-2, 2)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["a", "b"]
    assert display.texts_ == []
    one = AttributionDisplay.from_attributions(VALUES[:, 1])
    npt.assert_array_equal(one.image_.get_array(), VALUES[None, :, 1])


def test_symbols_are_on_the_colors_of_their_attributions():
    display = AttributionDisplay.from_attributions([1, -1, 0, 0], symbols="ACGT")
    assert [text.get_text() for text in display.texts_] == list("ACGT")
    assert [text.get_position()[0] for text in display.texts_] == [0.5, 1.5, 2.5, 3.5]
    colors = [bar.get_facecolor()[0] for bar in display.ax_.collections]
    scale = display.colorbar_.mappable
    npt.assert_allclose(colors, [scale.to_rgba(value) for value in (1, -1, 0, 0)])
    # Red raises the output, blue lowers it, and zero is nearly white.
    red, blue, zero, _ = colors
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert min(zero) > 0.9
    written = [text.get_color() for text in display.texts_]
    assert written == ["white", "white", "black", "black"]


def test_long_texts_have_several_lines():
    words = ["word"] * 25
    display = AttributionDisplay.from_attributions(np.arange(25.0), symbols=words)
    places = [text.get_position() for text in display.texts_]
    assert [y for _, y in places] == [0] * 10 + [1] * 10 + [2] * 5
    assert places[0][0] == places[10][0]


def test_axes_and_styles_are_those_of_the_caller():
    _, ax = plt.subplots()
    display = AttributionDisplay.from_attributions(
        VALUES, ax=ax, image_kwargs={"cmap": "PuOr", "vmax": 3}
    )
    assert display.ax_ is display.axes_[0] is ax
    assert display.image_.get_clim() == (-2, 3)
    assert display.image_.get_cmap().name == "PuOr"
    display = AttributionDisplay.from_attributions(
        [0.0], symbols=["a"], text_kwargs={"color": "green"}
    )
    assert display.texts_[0].get_color() == "green"
    assert display.colorbar_.mappable.get_clim() == (-1, 1)


def test_invalid_attributions_are_refused(monkeypatch):
    draw = AttributionDisplay.from_attributions
    with pytest.raises(ValueError, match=r"shape \(1, 3, 2\)\. Pass those of one"):
        draw(VALUES[None])
    draw(VALUES[None][0])
    with pytest.raises(ValueError, match=r"are 2 symbols, but .* shape \(3, 2\)"):
        draw(VALUES, symbols="AC")
    with pytest.raises(ValueError, match="are 3 names, but attributions of 2"):
        draw(VALUES, feature_names=list("abc"))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="AttributionDisplay needs matplotlib"):
        draw(VALUES)


def x_labels(display):
    """Return the labels of the steps that are visible."""
    low, high = sorted(display.ax_.get_xlim())
    axis = display.ax_.xaxis
    ticks = [tick for tick in axis.get_majorticklocs() if low <= tick <= high]
    return axis.get_major_formatter().format_ticks(ticks)


def test_lags_are_the_labels_of_the_steps():
    draw = AttributionDisplay.from_attributions
    display = draw(VALUES, lags=[5, 3, 1], row="Monday")
    assert display.ax_.get_xlabel() == "rows before Monday"
    assert {"5", "3", "1"} >= set(x_labels(display)) - {""}
    assert x_labels(display)[-1] == "1"
    assert draw(VALUES, lags=[2, 1, 0]).ax_.get_xlabel() == "lag"
    assert draw(VALUES).ax_.get_xlabel() == "time step"
    with pytest.raises(ValueError, match=r"lags has shape \(2,\), .* has 3 steps"):
        draw(VALUES, lags=[1, 0])


def test_attributions_of_a_row_have_its_time_and_its_lags():
    network = LSTMRegressor((4,), **SMALL)
    model = make_pipeline(SlidingWindowTransformer(4, shift=1), network)
    model.fit(TABLE, TABLE["a"])
    display = AttributionDisplay.from_estimator(model, TABLE, window=-2)
    result = integrated_gradients(model, TABLE)
    npt.assert_allclose(display.attributions, result.attributions[-2], rtol=1e-9)
    npt.assert_array_equal(display.lags, [4, 3, 2, 1])
    assert display.feature_names == ["a", "b"]
    assert display.ax_.get_xlabel() == "rows before 2024-02-08 00:00:00"
    numbered = TABLE.reset_index(drop=True)
    positions = AttributionDisplay.from_estimator(model, numbered, window=5)
    assert positions.row == "row 5"


def test_a_lag_that_a_feature_does_not_have_is_gray():
    windower = SlidingWindowTransformer(3, shift=1, known_ahead=["b"])
    model = make_pipeline(windower, LSTMRegressor((4,), **SMALL))
    model.fit(TABLE, TABLE["a"])
    display = AttributionDisplay.from_estimator(model, TABLE, window=9)
    result = integrated_gradients(model, TABLE)
    npt.assert_array_equal(display.lags, [3, 2, 1, 0])
    npt.assert_allclose(display.attributions[:3, 0], result.attributions[9, :, 0])
    npt.assert_allclose(display.attributions[1:, 1], result.attributions[9, :, 1])
    assert np.isnan(display.attributions[[3, 0], [0, 1]]).all()
    npt.assert_allclose(display.ax_.get_facecolor()[:3], 128 / 255)


def test_symbols_of_an_encoder_are_on_the_colors_of_a_class():
    texts = ["A C$ $", "C A", "A A A", "C"] * 5
    encoder = SequenceEncoder(analyzer="word", token_pattern=r"\S+")
    model = make_pipeline(encoder, LSTMClassifier((4,), **SMALL))
    model.fit(texts, ["x", "y", "x", "z"] * 5)
    display = AttributionDisplay.from_estimator(model, texts, window=0, target="z")
    assert display.symbols == ["A", "C$", "$"]
    wanted = integrated_gradients(model, texts, target="z").attributions[0]
    npt.assert_allclose(display.attributions, wanted, rtol=1e-6)
    assert [text.get_text() for text in display.texts_] == ["A", "C$", "$"]
    assert not any(text.get_parse_math() for text in display.texts_)


LONG = pd.concat({"a": TABLE[:5], "b": TABLE[5:8], "c": TABLE[8:9]})
SEQUENCES = [rows.to_numpy() for _, rows in LONG.groupby(level=0)]


@pytest.mark.parametrize("X", [LONG, SEQUENCES], ids=["frame", "list"])
@pytest.mark.parametrize("window", [0, 1, 2])
def test_sequences_have_their_own_steps(X, window):
    model = LSTMRegressor((4,), **SMALL).fit(X, [0.0, 1.0, 2.0])
    display = AttributionDisplay.from_estimator(model, X, window=window)
    wanted = integrated_gradients(model, X).attributions
    wanted = wanted.loc["abc"[window]] if X is LONG else wanted[window]
    npt.assert_allclose(display.attributions, wanted, rtol=1e-6, atol=1e-9)
    assert display.ax_.get_xlabel() == "lag"
    assert display.lags[-1] == 0


def test_a_window_that_does_not_exist_is_refused():
    model = LSTMRegressor((4,), **SMALL).fit(TABLE.to_numpy(), TABLE["a"])
    with pytest.raises(ValueError, match="window == 40, must be <= 39"):
        AttributionDisplay.from_estimator(model, TABLE.to_numpy(), window=40)
    display = AttributionDisplay.from_estimator(model, TABLE.to_numpy(), window=39)
    assert display.attributions.shape == (2, 1)
    steps = LSTMRegressor((4,), pooling=None, **SMALL).fit(SEQUENCES, SEQUENCES)
    with pytest.raises(ValueError, match=r"has 3 time steps, .* no step 4"):
        AttributionDisplay.from_estimator(steps, SEQUENCES, window=1, target=0, step=4)
