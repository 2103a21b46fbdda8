"""Threads, killed workers and interrupted fits do no harm."""

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import fitted
import numpy as np
import numpy.testing as npt
import pytest
import torch
import workers
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from sklstm import LSTMClassifier, LSTMRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:X has no times:UserWarning",
    "ignore:Training interrupted by user",
    # An interrupt within a destructor cannot be raised, and the fit goes on.
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def test_threads_predict_while_others_fit():
    model = LSTMClassifier(**fitted.TINY).fit(fitted.X, fitted.CLASSES)
    other = LSTMRegressor(**fitted.TINY | {"max_iter": 20})
    expected = model.predict_proba(fitted.X)
    expected_fit = other.fit(fitted.X, fitted.Y).predict(fitted.X)
    barrier = threading.Barrier(10)

    def predict():
        barrier.wait()
        return [model.predict_proba(fitted.X) for _ in range(20)]

    def fit():
        barrier.wait()
        return [workers.fit_and_predict(other, fitted.X, fitted.Y) for _ in range(3)]

    with ThreadPoolExecutor(10) as pool:
        predictions = [pool.submit(predict) for _ in range(8)]
        fits = [pool.submit(fit) for _ in range(2)]
        for future in predictions:
            for one in future.result():
                npt.assert_array_equal(one, expected)
        for future in fits:
            for one in future.result():
                npt.assert_array_equal(one, expected_fit)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_a_killed_worker_ends_the_call_and_nothing_else():
    model = LSTMRegressor(**fitted.TINY)
    data = fitted.X, fitted.Y
    expected = workers.fit_and_predict(model, *data)
    run = delayed(workers.fit_and_predict)
    with pytest.raises(TerminatedWorkerError):
        Parallel(n_jobs=2)(run(model, *data, is_killed=n == 1) for n in range(4))
    npt.assert_array_equal(workers.fit_and_predict(model, *data), expected)
    for predictions in Parallel(n_jobs=2)(run(model, *data) for _ in range(4)):
        npt.assert_array_equal(predictions, expected)


# What each model is fitted on, by its name in `fitted.MODELS`.
DATA = {
    "regressor": (fitted.X, fitted.Y),
    "classifier": (fitted.X, fitted.CLASSES),
    "tagger": (fitted.X, fitted.STEP_CLASSES),
    "autoencoder": (fitted.X,),
    "detector": (fitted.TABLE,),
    "windows": (fitted.TABLE,),
    "group_scaler": (fitted.X,),
    "encoder": (fitted.TEXTS,),
    "forecaster_of_months": (fitted.MONTHS,),
    "language_model": (fitted.TEXTS,),
    "translator": (fitted.TEXTS, [text[::-1] for text in fitted.TEXTS]),
    "transcriber": (fitted.X, ["ab", "b"] * 10),
}


class Interrupt:
    """Context in which the n-th call of a function gets a SIGINT.

    Without n, it only counts the calls.
    """

    def __init__(self, n=None):
        self.n, self.n_calls = n, 0

    def _count(self, *_):
        self.n_calls += 1
        if self.n_calls == self.n:
            signal.raise_signal(signal.SIGINT)

    def __enter__(self):
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        # The interrupt may hit the call that restores gradients.
        torch.set_grad_enabled(True)


def new_model(name):
    """Return a fitted model whose next fit draws other random numbers."""
    model = fitted.MODELS[name][0]()
    if name == "language_model":
        model = fitted.LSTMLanguageModel(**fitted.TINY_TEXT).fit(*DATA[name])
    if "random_state" in model.get_params():
        model.set_params(random_state=1)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA)
def test_an_interrupted_fit_leaves_a_model_that_answers(name, pytestconfig):
    answer = fitted.MODELS[name][1]
    model = new_model(name)
    before = answer(model)
    with Interrupt() as counted:
        model.fit(*DATA[name])
    after = answer(model)
    random = np.random.default_rng(0)
    for _ in range(pytestconfig.getoption("interrupts")):
        model = new_model(name)
        n = random.integers(1, counted.n_calls)
        try:
            with Interrupt(n):
                model.fit(*DATA[name])
        except KeyboardInterrupt:
            given = answer(model)
            is_as_before = np.array_equal(given, before, equal_nan=True)
            assert is_as_before or np.array_equal(given, after, equal_nan=True)
        # Codes of an encoder have NaN as padding.
        finite = np.isfinite(answer(model)) | (name == "encoder")
        assert finite.all(), f"after call {n}"
