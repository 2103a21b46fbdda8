"""Files of earlier releases can be loaded, and answer as they did then.

`tools/store_models.py` wrote them. A file of a release is never changed.
"""

import json
import pickle
import warnings
from pathlib import Path

import fitted
import joblib
import numpy as np
import numpy.testing as npt
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import sklstm
from sklstm._input.saved_state import release
from sklstm.saving import TRUSTED_TYPES

STORED = Path(__file__).parent / "stored"
RELEASES = sorted(folder.name for folder in STORED.iterdir())
FILES = sorted(
    f"{path.parent.name}/{path.name}"
    for path in STORED.glob("*/*")
    if path.suffix in (".pickle", ".joblib", ".skops")
)


def load(path):
    """Load a model from a file."""
    if path.suffix == ".pickle":
        return pickle.loads(path.read_bytes())
    if path.suffix == ".joblib":
        return joblib.load(path)
    skops_io = pytest.importorskip("skops.io")
    return skops_io.load(path, trusted=[*TRUSTED_TYPES, *fitted.TYPES_OF_A_SEARCH])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("file", FILES)
def test_a_file_of_a_release_answers_as_it_did(file):
    path = STORED / file
    with warnings.catch_warnings():
        # Of scikit-learn's own steps, which the message is about.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        model = load(path)
    with np.load(path.parent / "answers.npz") as answers:
        expected = answers[path.stem]
    _, answer = fitted.MODELS[path.stem]
    # Other processors and versions of PyTorch differ by rounding errors.
    tolerance = 1e-4 if _is_single(model) else 1e-6
    npt.assert_allclose(answer(model), expected, rtol=tolerance, atol=tolerance)


def _is_single(model):
    """Whether a model has weights in single precision."""
    return b"float32" in pickle.dumps(model)


@pytest.mark.parametrize("version", RELEASES)
def test_a_release_has_a_file_of_each_kind_for_each_model(version):
    folder = STORED / version
    with np.load(folder / "answers.npz") as answers:
        names = [*answers]
    kinds = (".pickle", ".joblib", ".skops")
    wanted = {f"{name}{kind}" for name in names for kind in kinds}
    wanted |= {"answers.npz", "versions.json"}
    assert {path.name for path in folder.iterdir()} == wanted
    assert json.loads((folder / "versions.json").read_text())["sklstm"] == version


def test_the_first_release_has_all_estimators():
    with np.load(STORED / "0.1.0" / "answers.npz") as answers:
        assert {*answers} >= {"regressor", "classifier", "tagger", "forecaster"}
        assert len({*answers}) == 27


def test_no_stored_file_is_of_a_later_version():
    assert max(map(release, RELEASES)) <= release(sklstm.__version__)


def test_the_files_are_small():
    sizes = [path.stat().st_size for path in STORED.glob("*/*")]
    assert max(sizes) < 40_000
