"""Pooled hidden states as features, and attention weights."""

import numpy as np
import numpy.testing as npt
import pytest
from one_layer import ONE_LAYER
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMClassifier,
    LSTMRegressor,
    SlidingWindowTransformer,
    pad_sequences,
)

RANDOM = np.random.default_rng(0)
SEQUENCES = [RANDOM.normal(size=(n, 2)) for n in RANDOM.integers(2, 12, 40)]
X = pad_sequences(SEQUENCES)
LEVEL = np.array([s[:, 0].mean() for s in SEQUENCES])
SERIES = RANDOM.normal(size=(30, 2))
SETTINGS = ONE_LAYER | {"max_iter": 5, "random_state": 0}
SETTINGS["learning_rate"] = "cosine"


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_features_are_the_input_of_the_linear_layer(pooling, bidirectional):
    model = LSTMClassifier(
        (4, 3), **SETTINGS | {"pooling": pooling, "bidirectional": bidirectional}
    )
    features = model.fit(X, LEVEL > 0).transform(X)
    assert features.shape == (40, 6 if bidirectional else 3)
    head = model.network_.head
    weight, bias = (p.detach().numpy() for p in (head.weight, head.bias))
    npt.assert_allclose(features @ weight[0] + bias, model.decision_function(X))


def test_features_have_names():
    model = LSTMRegressor((3,), **SETTINGS).set_output(transform="pandas")
    features = model.fit(X, LEVEL).transform(X)
    assert list(features) == [f"lstmregressor{number}" for number in range(3)]


@pytest.mark.parametrize("flatten", [False, True])
def test_features_have_names_in_a_pipeline(flatten):
    windows = SlidingWindowTransformer(3, flatten=flatten)
    network = LSTMRegressor((2,), **SETTINGS)
    model = make_pipeline(windows, network).fit(SERIES, SERIES.prod(axis=1))
    names = ["lstmregressor0", "lstmregressor1"]
    assert model.get_feature_names_out().tolist() == names


def test_features_are_input_of_other_estimators():
    network = LSTMRegressor((8,), max_iter=60, batch_size=10, random_state=0)
    network.set_params(learning_rate="cosine")
    model = make_pipeline(network, LogisticRegression(C=100))
    assert model.fit(SEQUENCES, LEVEL > 0).score(SEQUENCES, LEVEL > 0) > 0.9


def test_attention_weights_of_padding_are_zero():
    model = LSTMRegressor((4,), **SETTINGS | {"pooling": "attention"}).fit(X, LEVEL)
    weights = model.attention_weights(X)
    assert weights.shape == X.shape[:2]
    npt.assert_allclose(weights.sum(axis=1), 1)
    npt.assert_array_equal(weights > 0, ~np.isnan(X[:, :, 0]))
    # A single step has weight 1.
    alone = model.transform(X[:, -1:])
    npt.assert_allclose(model.attention_weights(X[:, -1:]), 1)
    two_steps = X[:1, -2:]
    assert not np.allclose(model.attention_weights(two_steps)[0], 0.5)
    assert alone.shape == (40, 4)


def test_only_attention_has_weights():
    model = LSTMRegressor((4,), **SETTINGS).fit(X, LEVEL)
    assert not hasattr(model, "attention_weights")
    with pytest.raises(ValueError, match="fitted with pooling='last'"):
        model.set_params(pooling="attention").attention_weights(X)
