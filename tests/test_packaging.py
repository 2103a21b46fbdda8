"""The package, its metadata and its pinned versions agree."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from pathlib import Path

import pytest

import sklstm
from sklstm._core.sklearn_compat import DOCUMENTATION

ROOT = Path(__file__).parents[1]


def distribution(requirement):
    """Return the normalized name of the distribution that a requirement names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def pins():
    """Return the lines of constraints.txt that are not comments."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_version_is_that_of_the_metadata():
    assert sklstm.__version__ == version("sklstm")


IS_RELEASE = "dev" not in sklstm.__version__


@pytest.mark.skipif(not IS_RELEASE, reason="not a release")
def test_citation_and_changelog_name_the_version_and_its_date():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    version, date = re.search(
        r"^## ([\d.]+) \((.+)\)$", changelog, re.MULTILINE
    ).groups()
    assert version == sklstm.__version__
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {version}\ndate-released: {date}\n" in citation


@pytest.mark.skipif(not IS_RELEASE, reason="not a release")
def test_models_of_the_version_are_stored():
    assert (ROOT / "tests" / "stored" / sklstm.__version__).is_dir()


def test_links_lead_to_the_documentation_of_the_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["urls"]["Documentation"] == DOCUMENTATION


def test_every_dependency_has_an_exact_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = {distribution(r) for r in chain(project["dependencies"], *extras)}
    assert wanted - {"sklstm"} <= {distribution(pin) for pin in pins()}


def test_constraints_are_public_versions():
    assert [pin for pin in pins() if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []


def test_type_checkers_are_told_to_read_the_annotations():
    assert (files("sklstm") / "py.typed").is_file()


def test_a_first_fit_imports_next_to_nothing():
    # Modules that PyTorch imports late, such as sympy, can take longer than the fit.
    code = """
import sys
import numpy as np
from sklstm import LSTMRegressor
before = set(sys.modules)
X = np.random.default_rng(0).normal(size=(10, 3, 1))
model = LSTMRegressor(2, max_iter=2, learning_rate="cosine").fit(X, X[:, -1, 0])
model.predict(X)
print(len(set(sys.modules) - before))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert int(done.stdout) < 20
