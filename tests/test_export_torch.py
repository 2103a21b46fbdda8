"""torch.export and torch.jit.trace read a copy of the network of an estimator."""

import warnings

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMClassifier, LSTMForecaster, LSTMRegressor, pad_sequences
from sklstm.export import to_torch

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*no time steps:UserWarning"),
]

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(100, 5, size=(24, 6, 3))
LONGER = RANDOM.normal(100, 5, size=(4, 10, 3))
RAGGED = [window[: 1 + i % 6] for i, window in enumerate(X)]
PADDED = pad_sequences(RAGGED)
EMPTY = np.full((2, 6, 3), np.nan)
Y = 3 * X[:, -1, 0] - 200
LETTERS = np.array(list("abc"))[np.arange(24) % 3]
SMALL = {"max_iter": 1, "random_state": 0}


def fit(estimator=LSTMRegressor, X=RAGGED, y=Y, **settings):
    return estimator((4,), **SMALL | {"dropout": 0.2} | settings).fit(X, y)


def check(module, model, *batches):
    expected = model.predict_proba if hasattr(model, "classes_") else model.predict
    for X in batches:
        results = module(torch.from_numpy(np.asarray(X, float)))
        npt.assert_allclose(results, expected(X), rtol=1e-5, atol=1e-5)


def exported(module, X):
    batch = torch.export.Dim("batch", min=1)
    example = (torch.from_numpy(X[:2]),)
    program = torch.export.export(module, example, dynamic_shapes={"X": {0: batch}})
    return program.module()


def traced(module, X):
    with warnings.catch_warnings():
        # PyTorch prefers torch.export.
        warnings.filterwarnings("ignore", ".*is deprecated", DeprecationWarning)
        return torch.jit.trace(module, (torch.from_numpy(X[:2]),))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_every_cell_agrees(cell, activation, bidirectional):
    settings = {"activation": activation, "bidirectional": bidirectional}
    model = LSTMRegressor((5, 4), cell=cell, **settings, **SMALL).fit(RAGGED, Y)
    check(to_torch(model), model, X, X[:1], LONGER, PADDED, EMPTY)


EXPORTED = {
    "built in": {"cell": "lstm", "bidirectional": True},
    "step by step": {"cell": "gru", "activation": "logistic"},
    "blocks": {"cell": "transformer"},
    "convolutions": {"conv_filters": (4,), "conv_pool_size": 2, "batch_norm": True},
}


@pytest.mark.parametrize("settings", EXPORTED.values(), ids=EXPORTED)
def test_the_batch_of_an_exported_program_is_free(settings):
    model = fit(**settings)
    check(exported(to_torch(model), X), model, X, X[:1], PADDED)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_trace_accepts_other_batches_and_lengths(cell):
    model = fit(cell=cell, bidirectional=True)
    check(traced(to_torch(model), X), model, X, X[:1], LONGER, PADDED)


MODELS = {
    "classes": lambda: fit(LSTMClassifier, y=LETTERS, n_estimators=2),
    "two classes": lambda: fit(LSTMClassifier, y=Y > 100, n_estimators=2),
    "labels": lambda: fit(LSTMClassifier, y=np.stack([Y > 100, Y < 90], 1).astype(int)),
    "outputs": lambda: fit(y=np.stack([Y, -Y], 1), n_estimators=3),
    "quantiles": lambda: fit(loss="quantile"),
    "counts": lambda: fit(y=np.abs(Y), loss="poisson"),
    "steps": lambda: fit(y=[window[:, :2] for window in RAGGED], pooling=None),
    "windows": lambda: fit(standardize="windows"),
    "unscaled": lambda: fit(standardize=False),
    "blocks": lambda: fit(cell="transformer", bidirectional=True),
    "single": lambda: fit(dtype="float32"),
    "convolutions": lambda: fit(
        conv_filters=(5, 6),
        conv_kernel_size=((2, 3), 5),
        conv_pool_size=2,
        conv_pooling=("mean", "max"),
        batch_norm=True,
        pooling=("attention", "max"),
    ),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_answers_are_those_of_the_estimator(make):
    model = make()
    check(to_torch(model), model, X, LONGER, PADDED)


def test_windows_scaled_by_step_and_lag_columns_agree():
    model = fit(X=X, standardize="steps")
    check(to_torch(model), model, X, X[:1])
    columns = ["b__lag0", "a__lag1", "a__lag0", "b__lag1"]
    lags = pd.DataFrame(X[:, :4, 0], columns=columns)
    model = fit(X=lags)
    predictions = to_torch(model)(torch.tensor(lags.to_numpy()))
    npt.assert_allclose(predictions, model.predict(lags), rtol=1e-5)


def test_the_copy_shares_nothing_and_needs_no_gradient():
    model = fit(X=X)
    before, module = model.predict(X), to_torch(model)
    assert not module.training
    assert not any(weights.requires_grad for weights in module.parameters())
    for weights in (*module.parameters(), *module.buffers()):
        weights.zero_()
    npt.assert_array_equal(model.predict(X), before)


def test_other_models_are_refused_in_words():
    model = make_pipeline(StandardScaler(), LSTMRegressor((2,), **SMALL))
    model.fit(X[:, :, 0], Y)
    with pytest.raises(TypeError, match=r"StandardScaler, are no modules of PyTorch"):
        to_torch(model)
    with pytest.raises(TypeError, match="LSTMForecaster cannot be exported"):
        to_torch(LSTMForecaster(Ridge(), window_size=3, horizon=2).fit(Y))
    with pytest.raises(NotFittedError):
        to_torch(LSTMRegressor())
