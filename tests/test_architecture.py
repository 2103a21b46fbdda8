"""Kinds of networks: how they are built, and how their work is counted."""

import numpy as np
import numpy.testing as npt
import pytest

from sklstm import LSTMRegressor
from sklstm._nn.architecture import (
    NETWORKS,
    NetworkKind,
    make_network,
    n_multiplications,
)

RECURRENT = {
    "kind": "recurrent",
    "n_features": 3,
    "n_outputs": 2,
    "hidden_layer_sizes": (4, 5),
    "cell": "gru",
    "bidirectional": True,
}
CONVOLUTIONAL = {**RECURRENT, "conv_filters": (6,), "conv_kernel_size": 3}
AUTOENCODER = {
    "kind": "autoencoder",
    "n_features": 3,
    "n_components": 2,
    "hidden_layer_sizes": (4, 5),
    "cell": "lstm",
    "bidirectional": True,
}


@pytest.mark.parametrize("architecture", [RECURRENT, CONVOLUTIONAL, AUTOENCODER])
def test_every_weight_of_a_layer_is_one_multiplication_per_step(architecture):
    network = make_network(**architecture)
    n_weights = sum(
        weights.numel()
        for name, weights in network.named_parameters()
        if weights.ndim > 1 and "head" not in name
    )
    assert n_multiplications(**architecture) == n_weights


def test_an_estimator_trains_the_kind_of_network_that_it_names(monkeypatch):
    built = []

    def build(**parameters):
        built.append(parameters)
        return NETWORKS["recurrent"].build(**parameters)

    kind = NetworkKind(build, NETWORKS["recurrent"].n_multiplications)
    monkeypatch.setitem(NETWORKS, "registered", kind)

    class Estimator(LSTMRegressor):
        _network_kind = "registered"

    X = np.random.default_rng(0).normal(size=(20, 4, 2))
    settings = {"max_iter": 2, "learning_rate": "cosine", "random_state": 0}
    model = Estimator((3,), **settings).fit(X, X[:, 0, 0])
    expected = LSTMRegressor((3,), **settings).fit(X, X[:, 0, 0])
    npt.assert_array_equal(model.predict(X), expected.predict(X))
    assert built[0]["hidden_layer_sizes"] == (3,)
