"""Targets for every time step (pooling=None): scores, shapes and padding."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import cross_val_score

from sklstm import LSTMClassifier, LSTMRegressor, pad_sequences
from sklstm._nn.batches import Rows
from sklstm._nn.losses import make_loss

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(4, 12, 80)
SEQUENCES = [RANDOM.normal(size=(n, 2)) for n in LENGTHS]
# The target of a step depends on the values of the step and of the one before.
NUMBERS = [s[:, 0] + np.r_[0, s[:-1, 1]] for s in SEQUENCES]
WORDS = [np.where(numbers > 0, "up", "down") for numbers in NUMBERS]
X = pad_sequences(SEQUENCES)
IS_REAL = ~np.isnan(X[:, :, 0])
SETTINGS = {
    "hidden_layer_sizes": (12,),
    "pooling": None,
    "batch_size": 20,
    "max_iter": 60,
    "learning_rate": "cosine",
    "random_state": 0,
}


def padded(parts, fill):
    full = np.full(IS_REAL.shape, fill, dtype=np.asarray(parts[0]).dtype)
    full[IS_REAL] = np.concatenate(parts)
    return full


def test_numbers_of_every_step_are_predicted():
    model = LSTMRegressor(**SETTINGS).fit(SEQUENCES[:60], NUMBERS[:60])
    predictions = model.predict(SEQUENCES[60:])
    assert [len(p) for p in predictions] == LENGTHS[60:].tolist()
    score = r2_score(np.concatenate(NUMBERS[60:]), np.concatenate(predictions))
    assert score > 0.9
    assert model.score(SEQUENCES[60:], NUMBERS[60:]) == pytest.approx(score)


def test_classes_of_every_step_are_predicted():
    model = LSTMClassifier(**SETTINGS).fit(SEQUENCES[:60], WORDS[:60])
    predictions = model.predict(SEQUENCES[60:])
    score = accuracy_score(np.concatenate(WORDS[60:]), np.concatenate(predictions))
    assert score > 0.85
    assert model.score(SEQUENCES[60:], WORDS[60:]) == pytest.approx(score)
    probabilities = model.predict_proba(SEQUENCES[60:])
    assert probabilities[0].shape == (LENGTHS[60], 2)
    npt.assert_allclose(np.concatenate(probabilities).sum(axis=1), 1)


@pytest.mark.parametrize("fill", [np.nan, 1e9])
def test_padding_steps_are_not_scored(fill):
    expected = LSTMRegressor(**SETTINGS).fit(SEQUENCES, NUMBERS).predict(SEQUENCES)
    y = padded(NUMBERS, fill)
    model = LSTMRegressor(**SETTINGS).fit(X, y)
    predictions = model.predict(X)
    npt.assert_array_equal(np.isnan(predictions), ~IS_REAL)
    npt.assert_allclose(predictions[IS_REAL], np.concatenate(expected))
    assert model.score(X, y) == pytest.approx(
        r2_score(np.concatenate(NUMBERS), np.concatenate(expected))
    )


def test_labels_of_padding_steps_are_no_class():
    model = LSTMClassifier(**SETTINGS).fit(X, padded(WORDS, "none"))
    assert model.classes_.tolist() == ["down", "up"]
    assert np.isnan(model.predict_proba(X)[~IS_REAL]).all()
    assert set(model.predict(X).ravel()) <= {"down", "up"}


def test_steps_may_have_several_numbers_and_quantiles():
    whole = RANDOM.normal(size=(40, 6, 2))
    y = np.stack([whole[:, :, 0], whole.cumsum(axis=1)[:, :, 1]], axis=2)
    model = LSTMRegressor(**SETTINGS).fit(whole, y)
    assert model.predict(whole).shape == (40, 6, 2)
    assert model.n_outputs_ == 2
    model = LSTMRegressor(loss="quantile", **SETTINGS).fit(whole, y)
    assert model.predict_quantiles(whole).shape == (40, 6, 2, 3)
    one = LSTMRegressor(loss="quantile", **SETTINGS).fit(whole, y[:, :, 0])
    quantiles = one.predict_quantiles(whole)
    npt.assert_array_equal(quantiles[:, :, 1], one.predict(whole))
    assert (np.diff(quantiles, axis=2) > 0).all()


def test_the_gradient_of_steps_is_that_of_the_mean():
    n_padding = torch.tensor([0, 2, 3])
    outputs = torch.from_numpy(RANDOM.normal(size=(3, 4, 2))).requires_grad_()
    targets = torch.from_numpy(RANDOM.normal(size=(3, 4, 2)))
    weights = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    rows = Rows(None, n_padding, targets, weights)
    scored, answers, put_back = rows.flatten_steps(outputs)
    assert scored.shape == (4 + 2 + 1, 2)
    loss = make_loss("squared_error")
    losses = loss(scored, answers.targets)
    mean = answers.mean(losses)
    by_hand = sum(
        w * loss(o[n:], t[n:]).mean(1).sum()
        for w, o, t, n in zip(weights, outputs, targets, n_padding, strict=True)
    ) / (4 * 1.0 + 2 * 0.5 + 1 * 2.0)
    npt.assert_allclose(mean.item(), by_hand.item())
    gradient = torch.autograd.grad(mean, outputs)[0]
    ours = answers.gradient_of_mean(loss.gradient(scored, answers.targets), losses)
    npt.assert_allclose(put_back(ours.detach()), gradient)


def test_early_stopping_and_searches_work_on_steps():
    model = LSTMClassifier(early_stopping=True, **SETTINGS)
    scores = cross_val_score(model, SEQUENCES, WORDS, cv=2)
    assert scores.min() > 0.7


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([*NUMBERS[:-1], np.zeros(3)], r"3 targets in y\[79\] for 6 steps"),
        (np.zeros(80), r"the shape \(80,\), but with pooling=None"),
        (np.zeros((80, 3)), r"X has 80 windows of \d+, \d+, \d+, \.\.\. steps"),
        (None, "requires y"),
    ],
)
def test_a_target_is_needed_for_every_step(y, message):
    with pytest.raises(ValueError, match=message):
        LSTMRegressor(**SETTINGS).fit(SEQUENCES, y)


def test_transform_needs_pooling():
    model = LSTMClassifier(**{**SETTINGS, "max_iter": 2}).fit(SEQUENCES, WORDS)
    with pytest.raises(ValueError, match="no single vector per window"):
        model.transform(SEQUENCES)


def test_classes_of_steps_are_balanced():
    rare = [np.where(numbers > 1.5, "rare", "normal") for numbers in NUMBERS]
    plain = LSTMClassifier(**{**SETTINGS, "max_iter": 5}).fit(SEQUENCES, rare)
    balanced = LSTMClassifier(
        class_weight="balanced", **{**SETTINGS, "max_iter": 5}
    ).fit(SEQUENCES, rare)
    found = [
        (np.concatenate(model.predict(SEQUENCES)) == "rare").sum()
        for model in (plain, balanced)
    ]
    assert found[0] < found[1]
    counts = {label: (np.concatenate(rare) == label).sum() for label in plain.classes_}
    n_steps = LENGTHS.sum()
    weights = {label: n_steps / (2 * count) for label, count in counts.items()}
    by_hand = LSTMClassifier(class_weight=weights, **{**SETTINGS, "max_iter": 5})
    npt.assert_allclose(
        np.concatenate(by_hand.fit(SEQUENCES, rare).predict_proba(SEQUENCES)),
        np.concatenate(balanced.predict_proba(SEQUENCES)),
        rtol=1e-6,
    )


def test_windows_of_padding_alone_are_left_out():
    whole = RANDOM.normal(size=(30, 6, 1))
    y = whole.cumsum(axis=1)[:, :, 0]
    settings = {**SETTINGS, "batch_size": 1, "max_iter": 2}
    expected = LSTMRegressor(**settings).fit(whole, y).predict(whole)
    empty = np.full((3, 6, 1), np.nan)
    model = LSTMRegressor(**settings).fit(
        np.concatenate([whole, empty]), np.concatenate([y, np.zeros((3, 6))])
    )
    npt.assert_allclose(model.predict(whole), expected)
    with pytest.raises(ValueError, match="so no step has a target"):
        model.fit(whole, y, X_val=empty, y_val=np.zeros((3, 6)))


def test_scores_use_one_weight_per_window():
    model = LSTMRegressor(**{**SETTINGS, "max_iter": 2}).fit(SEQUENCES, NUMBERS)
    weights = np.arange(80) % 2
    odd = model.score(SEQUENCES[1::2], NUMBERS[1::2])
    assert model.score(SEQUENCES, NUMBERS, weights) == pytest.approx(odd)
    with pytest.raises(ValueError, match="sample_weight"):
        model.score(SEQUENCES, NUMBERS, weights[:5])
