"""Estimators on sequences of unequal length."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklstm import LSTMClassifier, LSTMRegressor, pad_sequences
from sklstm._nn.masking import trim
from sklstm._nn.training import TrainingOptions, _batches

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(3, 30, 60)
SEQUENCES = [RANDOM.normal(size=(length, 2)) for length in LENGTHS]
CLASSES = np.array([s[:, 0].mean() > 0 for s in SEQUENCES])
SETTINGS = {"max_iter": 5, "learning_rate": "cosine", "random_state": 0}


@pytest.mark.parametrize("Model", [LSTMRegressor, LSTMClassifier])
def test_lists_of_sequences_equal_padded_sequences(Model):
    y = CLASSES.astype(float) if Model is LSTMRegressor else CLASSES
    padded = pad_sequences(SEQUENCES)
    model = Model((4,), batch_size=20, **SETTINGS)
    expected = model.fit(padded, y).predict(padded)
    objects = np.empty(len(SEQUENCES), object)
    objects[:] = SEQUENCES
    for X in (SEQUENCES, tuple(SEQUENCES), objects, pd.Series(objects)):
        npt.assert_array_equal(model.fit(X, y).predict(X), expected)
    npt.assert_allclose(model.predict(SEQUENCES[:1]), expected[:1])


def test_sequences_of_one_feature_may_be_lists_of_numbers():
    X = [s[:, 0].tolist() for s in SEQUENCES]
    model = LSTMClassifier((4,), dtype="float64", **SETTINGS).fit(X, CLASSES)
    expected = model.predict_proba(X)
    npt.assert_allclose(model.predict_proba(X[:1]), expected[:1], rtol=1e-9)
    same_length = [n for n, length in enumerate(LENGTHS) if length == LENGTHS[0]]
    npt.assert_allclose(
        model.predict_proba([X[n] for n in same_length]),
        expected[same_length],
        rtol=1e-9,
    )


def test_sequences_may_have_one_length_by_chance():
    same_length = [[1.0, 2.0], [3.0, 4.0]] * 9
    ragged = [[1.0, 2.0], [3.0]]
    model = LSTMClassifier((4,), **SETTINGS).fit(same_length, [0, 1] * 9)
    first = model.predict_proba(ragged)[0]
    npt.assert_allclose(first, model.predict_proba([[1.0, 2.0]])[0])
    npt.assert_allclose(first, model.predict_proba(tuple(same_length))[0])
    model.partial_fit(ragged, [0, 1])
    model.fit(ragged * 3, [0, 1] * 3)
    npt.assert_allclose(
        model.predict_proba(tuple(same_length)),
        model.predict_proba(np.array(same_length)[..., None]),
    )
    two = LSTMRegressor((4,), **SETTINGS).fit(SEQUENCES, CLASSES.astype(float))
    with pytest.raises(ValueError, match=r"a single window as \[X\]"):
        two.predict(SEQUENCES[0])
    with pytest.raises(ValueError, match="2 dimensions, but LSTMRegressor"):
        two.predict([[1.0, 2.0]])


def test_arrays_of_one_length_may_be_followed_by_others():
    arrays = [np.array([1.0, 2.0]), np.array([3.0, 4.0])] * 9
    model = LSTMClassifier((4,), **SETTINGS).fit(arrays, [0, 1] * 9)
    longer = np.array([1.0, 2.0, 3.0])
    expected = model.predict_proba([longer, arrays[0]])
    npt.assert_allclose(model.predict_proba([longer])[0], expected[0])
    # The columns of a table of numbers are compared with those of fit.
    with pytest.raises(ValueError, match="X has 3 features"):
        model.predict_proba([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_predictions_do_not_depend_on_the_padding(pooling, bidirectional):
    model = LSTMRegressor(
        (4,), pooling=pooling, bidirectional=bidirectional, **SETTINGS
    )
    model.fit(SEQUENCES, CLASSES.astype(float))
    together = model.predict(SEQUENCES)
    alone = [model.predict([s])[0] for s in SEQUENCES]
    npt.assert_allclose(together, alone, rtol=1e-9)


def test_searches_split_lists_of_sequences():
    scores = cross_val_score(LSTMClassifier((4,), **SETTINGS), SEQUENCES, CLASSES, cv=2)
    padded = pad_sequences(SEQUENCES)
    expected = cross_val_score(LSTMClassifier((4,), **SETTINGS), padded, CLASSES, cv=2)
    npt.assert_allclose(scores, expected)
    search = GridSearchCV(LSTMClassifier(**SETTINGS), {"dropout": [0.0, 0.2]}, cv=2)
    assert len(search.fit(SEQUENCES, CLASSES).predict(SEQUENCES)) == 60


def test_a_batch_holds_rows_of_similar_length():
    n_padding = torch.from_numpy(RANDOM.integers(0, 90, 2000))

    class Rows:
        targets = n_padding

    Rows.n_padding = n_padding
    options, generator = (
        TrainingOptions(batch_size=50),
        torch.Generator().manual_seed(0),
    )
    first, second = (list(_batches(Rows, options, generator)) for _ in range(2))
    assert sorted(torch.cat(first).tolist()) == list(range(2000))
    spreads = [np.ptp(n_padding[batch].numpy()) for batch in first]
    assert np.median(spreads) < 10
    assert {frozenset(b.tolist()) for b in first}.isdisjoint(
        frozenset(b.tolist()) for b in second
    )


def test_windows_are_trimmed_to_few_lengths():
    windows = torch.arange(100.0).reshape(1, 100, 1)
    n_steps = {trim(windows, torch.tensor([n]))[0].shape[1] for n in range(101)}
    assert len(n_steps) <= 17
    trimmed, n_padding = trim(windows, torch.tensor([40]))
    assert trimmed[0, n_padding.item(), 0] == 40
    assert trim(windows, torch.tensor([100]))[0].shape[1] >= 1
