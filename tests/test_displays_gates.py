"""The plot of gates shows what `gate_traces` returns for one window."""

import sys
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklstm import GateDisplay, LSTMRegressor, SlidingWindowTransformer
from sklstm.inspection import gate_traces

plt.switch_backend("agg")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(20, 5, 2))
Y = X[:, -2, 0]
GATES = ["forget gate", "input gate", "output gate"]
SMALL = {"max_iter": 2, "conv_filters": (), "bidirectional": False, "random_state": 0}


def regressor(sizes=(4,), **settings):
    return LSTMRegressor(sizes, **SMALL | settings).fit(X, Y)


def test_images_are_the_traces_of_the_window_the_layer_and_the_direction():
    model = regressor((4, 3), bidirectional=True, n_estimators=2)
    where = {"layer": 1, "direction": "backward"}
    display = GateDisplay.from_estimator(model, X, window=7, network=1, **where)
    traces = gate_traces(model, X, network=1)
    assert display.images_.keys() == set(traces.columns)
    for name, image in display.images_.items():
        wanted = traces.loc[7, 1, "backward"][name].unstack("step")
        npt.assert_allclose(image.get_array(), wanted, rtol=1e-12)
        assert wanted.shape == (3, 5)
    same = GateDisplay.from_traces(traces, window=7, **where)
    npt.assert_allclose(same.traces, display.traces, rtol=1e-12)


@pytest.mark.parametrize(
    ("cell", "titles"),
    [
        ("lstm", [*GATES, "candidate", "cell state"]),
        ("gru", ["reset gate", "update gate", "candidate"]),
        ("rnn", []),
    ],
)
def test_gates_come_first_with_scales_of_their_own(cell, titles):
    display = GateDisplay.from_estimator(regressor(cell=cell), X)
    assert [axes.get_title() for axes in display.axes_] == [*titles, "hidden state"]
    for axes, (name, image) in zip(display.axes_, display.images_.items(), strict=True):
        low, high = image.get_clim()
        largest = np.abs(image.get_array()).max()
        assert (low, high) == ((0, 1) if "gate" in axes.get_title() else (-high, high))
        assert high >= largest
        assert display.colorbars_[name].mappable is image


def test_rows_of_a_table_and_last_windows_are_found():
    model = make_pipeline(SlidingWindowTransformer(3), LSTMRegressor((4,), **SMALL))
    table = X[:, 0]
    display = GateDisplay.from_estimator(model.fit(table, Y), table, window=-1)
    wanted = gate_traces(model, table).loc[19, 0, "forward"]
    npt.assert_allclose(display.traces, wanted, rtol=1e-12)


def test_no_labels_overlap():
    model = regressor((40,))
    sequences = np.random.default_rng(0).normal(size=(2, 300, 2))
    display = GateDisplay.from_estimator(model, sequences)
    display.figure_.canvas.draw()
    for axes in display.axes_:
        texts = [t for t in (*axes.get_xticklabels(), axes.title) if t.get_text()]
        boxes = [text.get_window_extent() for text in texts if text.get_visible()]
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))
    assert max(len(axes.get_yticks()) for axes in display.axes_) < 12


def test_axes_and_styles_are_those_of_the_caller():
    figure, axes = plt.subplots(2, 2)
    model = regressor(cell="gru")
    display = GateDisplay.from_estimator(
        model, X, ax=axes, image_kwargs={"cmap": "viridis"}
    )
    assert list(display.axes_) == list(axes.flat)
    assert display.figure_ is figure
    assert display.images_["hidden"].get_cmap().name == "viridis"
    again = display.plot()
    assert again.figure_ is not figure
    assert again.images_["hidden"].get_cmap().name == "RdBu_r"
    with pytest.raises(ValueError, match=r"4 images, got 1 axes.*subplots\(2, 2\)"):
        display.plot(ax=plt.subplots()[1])
    display.plot(ax=plt.subplots(2, 2)[1])


def test_what_is_not_there_is_refused(monkeypatch):
    draw = GateDisplay.from_estimator
    model = regressor()
    with pytest.raises(ValueError, match="window == 20, must be <= 19"):
        draw(model, X, window=20)
    with pytest.raises(ValueError, match=r"layer=1 was passed, but traces has \[0\]"):
        draw(model, X, layer=1)
    with pytest.raises(ValueError, match=r"direction='backward' .* \['forward'\]"):
        draw(model, X, direction="backward")
    with pytest.raises(ValueError, match=r"window=2 was passed, .* \[0, 1\]"):
        GateDisplay.from_traces(gate_traces(model, X[:2]), window=2)
    for other in (X, pd.DataFrame(X[0])):
        with pytest.raises(TypeError, match=r"gate_traces returns.*from_estimator"):
            GateDisplay.from_traces(other)
    with pytest.raises(ValueError, match="cell='transformer', which has no gates"):
        draw(regressor(cell="transformer"), X)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="GateDisplay needs matplotlib"):
        draw(model, X)
