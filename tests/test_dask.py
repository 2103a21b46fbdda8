"""Searches on Dask workers find what sequential ones find, also when workers leave."""

import os
import pickle
import signal
from pathlib import Path

import joblib
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from one_layer import ONE_LAYER
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, SlidingWindowTransformer

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

RANDOM = np.random.default_rng(0)
INDEX = pd.date_range("2024", periods=90, freq="h")
TABLE = pd.DataFrame({"load": RANDOM.normal(size=90).cumsum()}, INDEX)
TARGET = TABLE["load"]
SMALL = ONE_LAYER | {"max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def client():
    """A client of two worker processes."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(processes=True, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def model():
    windows = SlidingWindowTransformer(4, shift=1)
    return make_pipeline(windows, LSTMRegressor(4, **SMALL))


def grid_search():
    grid = {
        "slidingwindowtransformer__window_size": [3, 5],
        "lstmregressor__cell": ["lstm", "gru"],
    }
    return GridSearchCV(model(), grid, cv=TimeSeriesSplit(3))


def random_search():
    grid = {"lstmregressor__learning_rate_init": [0.01, 0.02, 0.05]}
    cv = TimeSeriesSplit(2)
    return RandomizedSearchCV(model(), grid, n_iter=2, cv=cv, random_state=0)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("make", [grid_search, random_search])
def test_a_search_finds_the_same_to_the_bit(make):
    alone = make().fit(TABLE, TARGET)
    with joblib.parallel_config("dask"):
        spread = make().fit(TABLE, TARGET)
    for name, values in alone.cv_results_.items():
        if not name.endswith("_time"):
            npt.assert_array_equal(spread.cv_results_[name], values)
    npt.assert_array_equal(spread.predict(TABLE), alone.predict(TABLE))


@pytest.mark.usefixtures("client")
def test_cross_validation_returns_the_same_to_the_bit():
    options = {"cv": TimeSeriesSplit(3), "return_estimator": True}
    alone = cross_validate(model(), TABLE, TARGET, **options)
    with joblib.parallel_config("dask"):
        spread = cross_validate(model(), TABLE, TARGET, **options)
    npt.assert_array_equal(spread["test_score"], alone["test_score"])
    for one, other in zip(spread["estimator"], alone["estimator"], strict=True):
        npt.assert_array_equal(one.predict(TABLE), other.predict(TABLE))


def test_estimators_are_small_on_the_wire():
    """A search sends estimators that are not fitted, and returns the best one."""
    assert len(pickle.dumps(grid_search())) < 10_000
    fitted = LSTMRegressor(50, **SMALL).fit(RANDOM.normal(size=(20, 5)), np.ones(20))
    assert len(pickle.dumps(fitted)) < 100_000


def score_once_more(folder):
    """Cross-validate; the first time, kill this worker in the middle."""
    mark = Path(folder, "killed")
    scores = cross_validate(model(), TABLE, TARGET, cv=TimeSeriesSplit(2))
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return scores["test_score"]


def test_a_worker_that_is_killed_is_replaced(client, tmp_path):
    found = client.submit(score_once_more, tmp_path, retries=2, pure=False).result(300)
    wanted = cross_validate(model(), TABLE, TARGET, cv=TimeSeriesSplit(2))
    npt.assert_array_equal(found, wanted["test_score"])
    assert (tmp_path / "killed").exists()


def test_a_worker_that_leaves_between_two_searches_does_no_harm(client):
    client.wait_for_workers(2, timeout=120)
    first, _ = client.scheduler_info()["workers"]
    client.retire_workers([first])
    with joblib.parallel_config("dask"):
        spread = random_search().fit(TABLE, TARGET)
    alone = random_search().fit(TABLE, TARGET)
    npt.assert_array_equal(
        spread.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
