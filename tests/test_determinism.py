"""The same seed gives the same model, in every process and at every fit."""

import copy
import io
import multiprocessing
import pickle
from contextlib import contextmanager, nullcontext
from functools import partial

import joblib
import numpy as np
import numpy.testing as npt
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

from sklstm import LSTMAutoencoder, LSTMRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(64, 5, 2))
y = X[:, 1, 0] * X[:, 3, 1]
# All that is random: initial weights, batches, both kinds of dropout.
RANDOM = {"batch_size": 20, "dropout": 0.2, "recurrent_dropout": 0.2, "max_iter": 4}


def model(**params):
    return LSTMRegressor((6,), **RANDOM | {"random_state": 0} | params)


def joblib_round_trip(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def test_a_seed_gives_one_model():
    once = model().fit(X, y).predict(X)
    npt.assert_array_equal(model().fit(X, y).predict(X), once)
    npt.assert_array_equal(clone(model()).fit(X, y).fit(X, y).predict(X), once)
    assert (model(random_state=1).fit(X, y).predict(X) != once).all()
    assert (model(random_state=None).fit(X, y).predict(X) != once).all()


def test_a_random_state_advances():
    state = np.random.RandomState(0)
    first = model(random_state=state).fit(X, y).predict(X)
    assert (model(random_state=state).fit(X, y).predict(X) != first).all()
    again = model(random_state=np.random.RandomState(0)).fit(X, y).predict(X)
    npt.assert_array_equal(again, first)


def test_global_generators_are_not_changed():
    before_torch = torch.get_rng_state()
    before_numpy = pickle.dumps(np.random.get_state())  # noqa: NPY002
    model(pooling="attention", early_stopping=True).fit(X, y).predict(X)
    assert torch.equal(torch.get_rng_state(), before_torch)
    assert pickle.dumps(np.random.get_state()) == before_numpy  # noqa: NPY002


@contextmanager
def default_device(name):
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def flushed_denormals():
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize(
    "ambient",
    [
        nullcontext,
        flushed_denormals,
        torch.no_grad,
        torch.inference_mode,
        partial(default_device, "meta"),
        partial(default_dtype, torch.float16),
    ],
)
@pytest.mark.parametrize(
    "network",
    [
        model(),
        model(bidirectional=True, pooling="attention", max_timescale=5),
        model(cell="gru", conv_filters=3, loss="quantile", solver="sgd"),
        LSTMAutoencoder((6,), n_components=2, max_iter=4, random_state=0),
    ],
)
def test_modes_and_defaults_of_pytorch_are_not_used_or_changed(network, ambient):
    expected = clone(network).fit(X, y).transform(X)
    with ambient():
        before = ambient_state()
        fitted = clone(network).set_params(warm_start=True).fit(X, y)
        features = fitted.transform(X)
        loaded = pickle.loads(pickle.dumps(fitted)).transform(X)
        fitted.fit(X, y)
        assert ambient_state() == before
    npt.assert_array_equal(features, expected)
    npt.assert_array_equal(loaded, expected)


def ambient_state():
    """Return the modes and defaults of PyTorch."""
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.get_default_device(),
        torch.get_default_dtype(),
        # Zero if denormal numbers are flushed.
        (torch.tensor(1e-300, dtype=torch.float64, device="cpu") * 1e-10).item(),
    )


def test_global_generators_have_no_influence():
    once = model().fit(X, y).predict(X)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        npt.assert_array_equal(model().fit(X, y).predict(X), once)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_give_the_same_scores(backend):
    def search(n_jobs):
        grid = {"hidden_layer_sizes": [(4,), (6, 3)], "cell": ["lstm", "gru"]}
        folds = KFold(2)
        search = GridSearchCV(model(), grid, cv=folds, n_jobs=n_jobs)
        return search.fit(X, y).cv_results_["split1_test_score"]

    with joblib.parallel_config(backend=backend):
        npt.assert_array_equal(search(2), search(1))


@pytest.mark.parametrize(
    "round_trip",
    [
        lambda estimator: pickle.loads(pickle.dumps(estimator)),
        joblib_round_trip,
        copy.deepcopy,
        copy.copy,
    ],
    ids=["pickle", "joblib", "deepcopy", "copy"],
)
@pytest.mark.parametrize(
    "params", [{}, {"cell": "gru", "bidirectional": True, "pooling": "attention"}]
)
def test_copies_predict_the_same(round_trip, params):
    fitted = model(**params).fit(X, y)
    same = round_trip(fitted)
    npt.assert_array_equal(same.predict(X), fitted.predict(X))
    npt.assert_array_equal(round_trip(same).predict(X), fitted.predict(X))
    assert same.partial_fit(X, y) is same


def test_a_copy_is_independent_of_its_model():
    fitted = model().fit(X, y)
    before = fitted.predict(X)
    copy.deepcopy(fitted).set_params(warm_start=True).fit(X, -y)
    copy.copy(fitted).partial_fit(X, -y)
    npt.assert_array_equal(fitted.predict(X), before)


def test_a_changed_parameter_does_not_change_predictions():
    fitted = model().fit(X, y)
    before = fitted.predict(X)
    fitted.set_params(hidden_layer_sizes=(50,), cell="gru", loss="poisson")
    npt.assert_array_equal(fitted.predict(X), before)
    npt.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), before)


def test_a_pickle_is_little_larger_than_the_weights():
    fitted = LSTMRegressor((32,), max_iter=2, dtype="float32").fit(X, y)
    n_weights = sum(p.numel() for p in fitted.network_.parameters())
    assert len(pickle.dumps(fitted)) < 4 * n_weights + 4096


def test_predict_does_not_change_the_estimator():
    fitted = model().fit(X, y)
    before = pickle.dumps(fitted)
    fitted.predict(X)
    assert pickle.dumps(fitted) == before


def _predict_in_child(estimator, connection):
    refitted = clone(estimator).fit(X, y)
    connection.send([estimator.predict(X), refitted.predict(X)])


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork here"
)
# Python 3.12 warns about every fork in a process with threads, such as pytest's.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_forked_after_a_fit_can_fit_and_predict():
    fitted = model().fit(X, y)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_predict_in_child, args=(fitted, theirs))
    child.start()
    try:
        assert ours.poll(60), "the forked process hangs"
        for predictions in ours.recv():
            npt.assert_array_equal(predictions, fitted.predict(X))
    finally:
        child.kill()
        child.join()


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        model().fit(X, y).predict(X)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
