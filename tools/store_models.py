"""Store small models of every estimator in files, for the tests of later versions.

    python tools/store_models.py

It fits the models of `tests/fitted.py`, saves each with pickle, joblib and skops in
`tests/stored/VERSION/`, and stores what they answer in `answers.npz`. Run it once for
each release with the oldest dependencies, so that these can load the files, and
never change the files of a release afterwards.
"""

import json
import pickle
import sys
import warnings
from pathlib import Path
from zipfile import ZIP_DEFLATED

import joblib
import numpy as np
import pandas as pd
import sklearn
import skops.io
import torch

import sklstm

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import fitted  # noqa: E402, because it is found by the line above

FOLDER = ROOT / "tests" / "stored" / sklstm.__version__


def main():
    """Fit and store all models."""
    FOLDER.mkdir(parents=True)
    answers = {}
    for name, (fit, answer) in fitted.MODELS.items():
        model = fit()
        store(model, FOLDER / name)
        answers[name] = answer(model)
    np.savez_compressed(FOLDER / "answers.npz", **answers)
    modules = [sklstm, sklearn, torch, np, pd, joblib, skops]
    versions = {module.__name__: module.__version__ for module in modules}
    text = json.dumps(versions, indent=2)
    (FOLDER / "versions.json").write_text(text + "\n")


def store(model, path):
    """Save a model in the three formats."""
    path.with_suffix(".pickle").write_bytes(pickle.dumps(model, protocol=4))
    joblib.dump(model, path.with_suffix(".joblib"), compress=3)
    skops.io.dump(
        model, path.with_suffix(".skops"), compression=ZIP_DEFLATED, compresslevel=9
    )


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
