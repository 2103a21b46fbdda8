"""The plot of attributions shows each number at its step and its symbol."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pytest

from sklstm import AttributionDisplay

plt.switch_backend("agg")

VALUES = np.array([[0.1, -0.5], [0.0, 0.2], [2.0, 0.3]])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


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
