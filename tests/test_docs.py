"""The API page is complete, and the examples of all pages run."""

import doctest
import importlib.util
import inspect
import re
import zlib
from pathlib import Path

import pytest

import sklstm
import sklstm.anomaly
import sklstm.datasets
import sklstm.export
import sklstm.forecasting
import sklstm.inspection
import sklstm.streaming
import sklstm.testing

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MODULES = [
    sklstm,
    sklstm.anomaly,
    sklstm.datasets,
    sklstm.export,
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


def test_gallery_lists_each_example_once_in_pictures_and_once_in_navigation():
    index = (ROOT / "examples" / "index.rst").read_text()
    pictures = re.findall(r"_build/examples/(plot_\w+)\.py", index)
    pages = re.findall(r"^   (plot_\w+)$", index, flags=re.MULTILINE)
    assert pages == pictures
    assert sorted(pages) == sorted(p.stem for p in (ROOT / "examples").glob("*.py"))


def inventories():
    """Return the module that knows the addresses of other projects' pages."""
    path = DOCS / "inventories.py"
    spec = importlib.util.spec_from_file_location("inventories", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_names_of_other_projects_have_an_address():
    known = inventories()
    role = rf":(\w+):`~?((?:{'|'.join(known.SITES)})\.[\w.]+)`"
    pages = [*DOCS.glob("*.rst"), *(ROOT / "examples").glob("*.py")]
    pages += (ROOT / "sklstm").rglob("*.py")
    linked = {m for page in pages for m in re.findall(role, page.read_text())}
    kinds = {"class": "class", "func": "function", "meth": "method"}
    names = known.public_names()
    assert linked
    assert {n for kind, n in linked if names.get(n) != kinds[kind]} == set()


def test_the_address_of_a_name_can_be_read_offline(tmp_path):
    mapping = inventories().write_inventories(tmp_path)
    site, path = mapping["sklearn"]
    text = zlib.decompress(Path(path).read_bytes().split(b"zlib.\n")[1]).decode()
    assert site == "https://scikit-learn.org/stable"
    assert (
        "sklearn.model_selection.KFold py:class 1 "
        "modules/generated/sklearn.model_selection.KFold.html#$ -"
    ) in text.splitlines()


@pytest.mark.parametrize("module", MODULES)
def test_no_summary_has_a_reference_mark(module):
    # The list of an API page has the first lines alone, without their references.
    items = [getattr(module, name) for name in module.__all__]
    first_lines = [inspect.getdoc(item).splitlines()[0] for item in items]
    assert [line for line in first_lines if "]_" in line] == []
