"""The API page is complete, and the examples of all pages run."""

import doctest
from pathlib import Path

import pytest

import sklstm
import sklstm.anomaly
import sklstm.datasets
import sklstm.forecasting
import sklstm.inspection
import sklstm.streaming
import sklstm.testing

DOCS = Path(__file__).parents[1] / "docs"
MODULES = [
    sklstm,
    sklstm.anomaly,
    sklstm.datasets,
    sklstm.forecasting,
    sklstm.inspection,
    sklstm.streaming,
    sklstm.testing,
]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_api(module):
    entries = (DOCS / "api.rst").read_text().split()
    names = {entry.rsplit(".", 1)[-1] for entry in entries}
    assert [name for name in module.__all__ if name not in names] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.rst")), ids=lambda page: page.stem)
def test_examples_of_page_run(page):
    result = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
