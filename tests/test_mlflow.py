"""Models logged with mlflow answer as before."""

import fitted
import numpy as np
import numpy.testing as npt
import pytest

import sklstm
from sklstm.saving import TRUSTED_TYPES

mlflow = pytest.importorskip("mlflow")

from mlflow.models import infer_signature  # noqa: E402, after the skip

# mlflow and its libraries warn of many things.
pytestmark = pytest.mark.filterwarnings("ignore")

CASES = {
    "windows": ("regressor", fitted.X),
    "classes": ("classifier", fitted.X),
    "table": ("pipeline", fitted.TABLE.reset_index(drop=True)),
}
FORMATS = {
    "cloudpickle": {},
    "skops": {"skops_trusted_types": [*TRUSTED_TYPES]},
}


@pytest.fixture(autouse=True)
def store(tmp_path):
    """Keep the runs in a database of the test."""
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.create_experiment("test", artifact_location=(tmp_path / "runs").as_uri())
    mlflow.set_experiment("test")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_logged_model_answers_as_before(case, kind):
    name, X = CASES[case]
    model = fitted.MODELS[name][0]()
    expected = model.predict(X)
    info = mlflow.sklearn.log_model(
        model,
        name="model",
        serialization_format=kind,
        signature=infer_signature(X, expected),
        # Without them, another process loads the model to find out.
        pip_requirements=[f"sklstm=={sklstm.__version__}"],
        **FORMATS[kind],
    )
    npt.assert_array_equal(
        mlflow.sklearn.load_model(info.model_uri).predict(X), expected
    )
    # The signature checks the shape and the types of X.
    by_signature = mlflow.pyfunc.load_model(info.model_uri).predict(X)
    npt.assert_array_equal(np.asarray(by_signature), expected)
