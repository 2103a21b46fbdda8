"""The pictures of the site and of the README show what the repository states."""

import html
import re
import sys
from pathlib import Path

import pytest

import sklstm

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "docs" / "_static"


@pytest.fixture(autouse=True)
def tools(monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("chart", ["speed", "accuracy"])
def test_chart_has_the_figures_of_the_benchmarks(chart, scheme):
    from draw_charts import descriptions

    picture = html.unescape((STATIC / "pictures" / f"{chart}-{scheme}.svg").read_text())
    assert descriptions()[chart] in picture


def test_ratios_are_those_of_three_processors():
    from draw_charts import speed_ratios

    ratios = speed_ratios()
    assert ratios["fit, small"]["skorch"] == [3.70, 3.38, 3.59]
    assert ratios["predict all, medium"]["Keras on JAX"] == [0.57, 0.81, 1.36]
    assert {len(r) for of_task in ratios.values() for r in of_task.values()} == {3}


def test_errors_are_those_of_the_defaults():
    from draw_charts import forecast_errors, wrong_classes

    assert forecast_errors()["retail sales"]["sklstm"] == [1.547 / 3.384]
    assert wrong_classes()["GunPoint"]["sklstm"] == pytest.approx([1.33])


def test_picture_of_the_estimators_is_up_to_date():
    from draw_choice import draw

    assert (STATIC / "choose.svg").read_text() == draw()


def test_picture_and_table_name_the_same_estimators():
    from draw_choice import QUESTIONS

    drawn = {name for _, _, *names in QUESTIONS for name in names}
    table = set(
        re.findall(r"~sklstm\.(\w+)`", (ROOT / "docs" / "choose.rst").read_text())
    )
    # The encoder is a step before a classifier, not an answer of its own.
    assert table == drawn | {"SequenceEncoder"}
    assert {name for name in sklstm.__all__ if name.startswith("LSTM")} <= drawn


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_of_the_cell_names_what_gate_traces_returns(scheme):
    picture = (STATIC / "pictures" / f"lstm-cell-{scheme}.svg").read_text()
    drawn = {
        word
        for text in re.findall(r">([^<>]+)</text>", picture)
        for word in text.split()
    }
    page = (ROOT / "docs" / "lstm_explained.rst").read_text()
    columns = re.findall(r'^:math:`\w_t` ``"(\w+)"``', page, flags=re.MULTILINE)
    assert len(columns) == 6
    assert set(columns) <= drawn


def test_every_picture_has_a_dark_twin():
    pictures = {path.stem for path in (STATIC / "pictures").iterdir()}
    light = {name.removesuffix("-light") for name in pictures if name.endswith("light")}
    dark = {name.removesuffix("-dark") for name in pictures if name.endswith("dark")}
    assert light == dark
    assert "forecast" in light
