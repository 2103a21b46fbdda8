"""Searches on Ray workers find what sequential ones find."""

import joblib
import numpy as np
import numpy.testing as npt
import pytest
from one_layer import ONE_LAYER
from sklearn.model_selection import GridSearchCV

from sklstm import LSTMRegressor

ray = pytest.importorskip("ray")

# Ray's own warnings, and its sockets that are closed late.
pytestmark = pytest.mark.filterwarnings("ignore")

X = np.random.default_rng(0).normal(size=(40, 5, 2))
y = X[:, 2, 0]


@pytest.fixture
def workers():
    """Two worker processes."""
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield
    ray.shutdown()


@pytest.mark.usefixtures("workers")
def test_a_search_finds_the_same_to_the_bit():
    model = LSTMRegressor(4, **ONE_LAYER, max_iter=3, random_state=0)
    search = GridSearchCV(model, {"cell": ["lstm", "gru"]}, cv=2)
    wanted = search.fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("ray"):
        found = search.fit(X, y).cv_results_["mean_test_score"]
    npt.assert_array_equal(found, wanted)
