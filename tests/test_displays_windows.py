"""The picture of windows and splits shows the rows that the transformer reads."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor, SlidingWindowTransformer, WindowDisplay
from sklstm._displays.windows import COLORS

plt.switch_backend("agg")

DAYS = pd.date_range("2024-01-01", periods=24, name="day")
SALES = pd.DataFrame({"sales": np.sin(np.arange(24.0))}, DAYS)
WINDOWER = SlidingWindowTransformer(3, shift=1)


def rows_of(bars):
    """Return the rows that bars cover."""
    rows = []
    for path in bars.get_paths():
        left, right = path.vertices[:, 0].min(), path.vertices[:, 0].max()
        rows.extend(range(round(left + 0.5), round(right + 0.5)))
    return rows


def described(windows):
    """Return the rows of each kind of each window."""
    return [{kind: rows_of(bars) for kind, bars in one.items()} for one in windows]


def test_a_gap_is_padded_and_no_training_row_is_late():
    cv = TimeSeriesSplit(2, gap=2)
    display = WindowDisplay.from_estimator(WINDOWER, SALES, cv=cv)
    for bars, (train, test) in zip(display.rows_, cv.split(SALES), strict=True):
        assert rows_of(bars["training"]) == list(train)
        assert rows_of(bars["test"]) == list(test)
        assert "late" not in bars
    assert described(display.windows_[0]) == [
        {"padding": [-3, -2, -1]},
        {"training": [2, 3, 4]},
        {"training": [5], "padding": [6, 7]},
    ]
    targets = display.targets_[0].get_offsets()[:, 0]
    npt.assert_array_equal(targets, [0, 5, 8])


def test_training_rows_after_test_rows_are_shown():
    display = WindowDisplay.from_estimator(WINDOWER, SALES, cv=KFold(3))
    first, middle, last = display.rows_
    assert set(first) == {"test", "late"}
    assert rows_of(middle["late"]) == list(range(16, 24))
    assert "late" not in last
    # The window of row 16 spans the test rows. The window of a test row is padded,
    # because the last training rows come after it.
    assert described(display.windows_[1]) == [
        {"padding": [-3, -2, -1]},
        {"training": [4, 5, 6]},
        {"training": [5, 6, 7]},
        {"padding": [5, 6, 7]},
    ]
    npt.assert_array_equal(display.targets_[1].get_offsets()[:, 0], [0, 7, 16, 8])
    colors = plt.matplotlib.colors.to_rgba_array(
        [COLORS[kind] for kind in ("training", "training", "late", "test")]
    )
    npt.assert_allclose(display.targets_[1].get_facecolors(), colors)


def test_windows_are_those_of_the_transformer():
    X = SALES.assign(sales=np.arange(24.0), promotion=0.0)
    windower = SlidingWindowTransformer(
        4, shift=2, sampling_rate=2, padding="nan", known_ahead=["promotion"]
    )
    display = WindowDisplay.from_estimator(windower, X, cv=TimeSeriesSplit(2))
    for split, (train, test) in zip(
        display.splits, TimeSeriesSplit(2).split(X), strict=True
    ):
        windows = windower.fit(X.iloc[train]).transform(X.iloc[test])[0, :, 0]
        npt.assert_array_equal(split.steps[-1], windows)
        assert not split.is_padding[-1].any()


def test_all_rows_are_training_rows_without_splits():
    display = WindowDisplay.from_estimator(SlidingWindowTransformer(3), SALES)
    assert set(display.rows_[0]) == {"training"}
    assert described(display.windows_[0]) == [
        {"padding": [-2, -1], "training": [0]},
        {"training": [21, 22, 23]},
    ]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["rows"]


def test_a_pipeline_is_drawn_with_the_steps_before_the_windows():
    cv = TimeSeriesSplit(2)
    dated = make_pipeline(StandardScaler().set_output(transform="pandas"), WINDOWER)
    dated.steps.append(("lstm", LSTMRegressor()))
    undated = make_pipeline(StandardScaler(), WINDOWER)
    displays = [
        WindowDisplay.from_estimator(pipeline, SALES, cv=cv)
        for pipeline in (WINDOWER, dated, undated)
    ]
    plain, with_dates, without = (each.splits[0] for each in displays)
    npt.assert_array_equal(plain.steps, with_dates.steps)
    # A scaler drops the dates, so the first test window is padded.
    assert not plain.is_padding[-1].any()
    assert without.is_padding[-1].all()


@pytest.mark.parametrize("form", [pd.DataFrame, np.asarray])
def test_columns_of_times_and_of_groups_are_kept(form):
    table = pd.DataFrame({"time": np.arange(24), "place": 1, "sales": 0.5})
    windower = SlidingWindowTransformer(3, shift=1, time=0, groups=1)
    display = WindowDisplay.from_estimator(windower, form(table), cv=TimeSeriesSplit(2))
    expected = WindowDisplay.from_estimator(WINDOWER, SALES, cv=TimeSeriesSplit(2))
    for one, other in zip(display.splits, expected.splits, strict=True):
        npt.assert_array_equal(one.steps, other.steps)


def test_axes_and_styles_are_those_of_the_caller():
    _, ax = plt.subplots()
    display = WindowDisplay.from_estimator(
        WINDOWER,
        SALES,
        cv=3,
        ax=ax,
        rows_kwargs={"alpha": 0.5},
        windows_kwargs={"edgecolor": "red"},
        targets_kwargs={"marker": "o", "facecolors": "red"},
    )
    assert display.ax_ is display.axes_[0] is ax
    assert display.rows_[0]["test"].get_alpha() == 0.5
    npt.assert_array_equal(display.targets_[0].get_facecolors(), [[1, 0, 0, 1]])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "training row",
        "training row after a test row",
        "test row",
        "padding",
        "row to predict",
    ]
    again = display.plot()
    assert again.figure_ is not ax.figure
    (legend,) = again.figure_.legends
    assert len(legend.get_texts()) == 5
    assert [label.get_text() for label in again.ax_.get_yticklabels()] == [
        "split 1",
        "split 2",
        "split 3",
    ]


def test_invalid_window_displays_are_refused(monkeypatch):
    with pytest.raises(TypeError, match="needs a SlidingWindowTransformer, or a"):
        WindowDisplay.from_estimator(Ridge(), SALES)
    panel = pd.concat({"here": SALES, "there": SALES})
    with pytest.raises(ValueError, match="X holds 2 series"):
        WindowDisplay.from_estimator(WINDOWER, panel)
    with pytest.raises(ValueError, match="X has no rows"):
        WindowDisplay.from_estimator(WINDOWER, SALES[:0])
    with pytest.raises(ValueError, match="increas"):
        WindowDisplay.from_estimator(WINDOWER, SALES[::-1])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="WindowDisplay needs matplotlib"):
        WindowDisplay.from_estimator(WINDOWER, SALES)
