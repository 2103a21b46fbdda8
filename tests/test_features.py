"""What networks make of windows, as features, and what their attention weighs."""

import numpy as np
import numpy.testing as npt
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, LSTMRegressor, pad_sequences

RANDOM = np.random.default_rng(0)
SEQUENCES = [RANDOM.normal(size=(n, 2)) for n in RANDOM.integers(2, 12, 40)]
X = pad_sequences(SEQUENCES)
LEVEL = np.array([s[:, 0].mean() for s in SEQUENCES])
SETTINGS = {"max_iter": 5, "learning_rate": "cosine", "random_state": 0}


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_features_are_what_the_linear_layer_reads(pooling, bidirectional):
    model = LSTMClassifier(
        (4, 3), pooling=pooling, bidirectional=bidirectional, **SETTINGS
    )
    features = model.fit(X, LEVEL > 0).transform(X)
    assert features.shape == (40, 6 if bidirectional else 3)
    head = model.network_.head
    weight, bias = (p.detach().numpy() for p in (head.weight, head.bias))
    npt.assert_allclose(features @ weight[0] + bias, model.decision_function(X))


def test_features_have_names():
    model = LSTMRegressor((3,), **SETTINGS).set_output(transform="pandas")
    features = model.fit(X, LEVEL).transform(X)
    assert list(features) == ["lstm0", "lstm1", "lstm2"]


def test_features_go_into_other_estimators():
    network = LSTMRegressor((8,), max_iter=60, batch_size=10, random_state=0)
    network.set_params(learning_rate="cosine")
    model = make_pipeline(network, LogisticRegression(C=100))
    assert model.fit(SEQUENCES, LEVEL > 0).score(SEQUENCES, LEVEL > 0) > 0.9


def test_attention_weighs_the_states_of_steps_that_exist():
    model = LSTMRegressor((4,), pooling="attention", **SETTINGS).fit(X, LEVEL)
    weights = model.attention_weights(X)
    assert weights.shape == X.shape[:2]
    npt.assert_allclose(weights.sum(axis=1), 1)
    npt.assert_array_equal(weights > 0, ~np.isnan(X[:, :, 0]))
    # Of a single step, the average is its state.
    alone = model.transform(X[:, -1:])
    npt.assert_allclose(model.attention_weights(X[:, -1:]), 1)
    two = X[:1, -2:]
    share = model.attention_weights(two)[0]
    assert not np.allclose(share, 0.5)
    assert alone.shape == (40, 4)


def test_only_attention_has_weights():
    model = LSTMRegressor((4,), **SETTINGS).fit(X, LEVEL)
    assert not hasattr(model, "attention_weights")
    with pytest.raises(ValueError, match="fitted with pooling='last'"):
        model.set_params(pooling="attention").attention_weights(X)
