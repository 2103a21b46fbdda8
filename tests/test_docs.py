"""The API page is complete, and the examples of all pages run."""

import doctest
from pathlib import Path

import pytest

import sklstm
import sklstm.datasets
import sklstm.testing

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("module", [sklstm, sklstm.datasets, sklstm.testing])
def test_every_public_name_is_in_the_api(module):
    api = (DOCS / "api.rst").read_text().split()
    assert [name for name in module.__all__ if name not in api] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.rst")), ids=lambda page: page.stem)
def test_examples_of_page_run(page):
    result = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
