"""Convolution, batch normalization and max-pooling against NumPy, and in estimators."""

import pickle

import numpy as np
import numpy.testing as npt
import pytest
import torch
from one_layer import ONE_LAYER

from sklstm import LSTMClassifier, LSTMRegressor
from sklstm._nn.initialization import initialize
from sklstm._nn.input_layers import (
    BatchNorm,
    Convolution,
    Embedding,
    max_pool,
)
from sklstm._nn.layers import make_pooling
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.optimizers import FlatWeights
from sklstm._nn.runtime import random_generator

RANDOM = np.random.default_rng(0)
FRONT = {
    "conv_filters": (6, 4),
    "conv_kernel_size": (4, (2, 3)),
    "conv_pool_size": (2, 1),
    "conv_pooling": "mean",
    "batch_norm": True,
    "pooling": ("last", "max"),
    "bidirectional": True,
}
TRAINING = {"max_iter": 4, "learning_rate": "cosine", "random_state": 0}


CODES = {
    "n_codes": 6,
    "embedding_size": 3,
    "embedding_pairs": 10,
    "conv_filters": (),
    "conv_pooling": ("mean", "max"),
}


def states_and_mask(n_padding=(0, 2, 4), n_timesteps=6, width=3):
    states = torch.from_numpy(RANDOM.normal(size=(len(n_padding), n_timesteps, width)))
    step_mask = torch.arange(n_timesteps) >= torch.tensor(n_padding)[:, None]
    return states.where(step_mask[:, :, None], 0.0), step_mask


def test_batch_norm_scales_the_real_steps_of_a_batch():
    states, step_mask = states_and_mask()
    layer = BatchNorm(3, torch.float64)
    normalized = layer(states, step_mask).detach()
    real = states[step_mask].numpy()
    by_hand = (real - real.mean(0)) / np.sqrt(real.var(0) + 1e-5)
    npt.assert_allclose(normalized[step_mask], by_hand, rtol=1e-12)
    assert (normalized[~step_mask] == 0).all()
    npt.assert_allclose(layer.mean, 0.1 * real.mean(0), rtol=1e-12)
    npt.assert_allclose(layer.variance, 0.9 + 0.1 * real.var(0, ddof=1), rtol=1e-12)


def test_batch_norm_predicts_by_running_averages():
    states, step_mask = states_and_mask()
    layer = BatchNorm(3, torch.float64)
    layer(states, step_mask)
    layer.eval()
    mean, variance = layer.mean.clone(), layer.variance.clone()
    by_hand = (states - mean) / torch.sqrt(variance + 1e-5)
    npt.assert_allclose(layer(states, None).detach(), by_hand, rtol=1e-12)
    npt.assert_array_equal(layer.mean, mean)


def test_batch_norm_of_a_single_step_keeps_the_running_averages():
    layer = BatchNorm(3, torch.float64)
    outputs = layer(torch.ones(1, 1, 3, dtype=torch.float64), None)
    npt.assert_allclose(outputs.detach(), np.ones((1, 1, 3)), rtol=1e-5)


def test_max_pooling_counts_blocks_from_the_last_step():
    steps = torch.tensor([[[3.0], [1.0], [2.0], [5.0], [4.0]]])
    pooled, step_mask = max_pool(steps, None, 2)
    npt.assert_array_equal(pooled[0, :, 0], [3, 2, 5])
    assert step_mask is None
    steps = torch.tensor([[[0.0], [0.0], [0.0], [5.0], [4.0], [1.0]]])
    is_real = torch.tensor([[False, False, False, True, True, True]])
    pooled, step_mask = max_pool(steps, is_real, 2)
    npt.assert_array_equal(pooled[0, :, 0], [0, 5, 4])
    npt.assert_array_equal(step_mask, [[False, True, True]])


def test_filters_of_several_sizes_read_the_same_steps():
    layer = Convolution(3, 2, (1, 3), 1, False, torch.float64)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.from_numpy(RANDOM.normal(size=parameter.shape)))
    states, _ = states_and_mask()
    outputs, _ = layer(states)
    assert layer.width == outputs.shape[2] == 4
    for part, filters in zip(outputs.split(2, 2), layer.filters, strict=True):
        npt.assert_array_equal(part.detach(), filters(states.mT).mT.relu().detach())


def test_poolings_are_concatenated():
    states, step_mask = states_and_mask()
    last = states[:, -1]
    pooled = make_pooling(("mean", "last"), 3, torch.float64)(states, last, step_mask)
    mean = make_pooling("mean", 3, torch.float64)(states, last, step_mask)
    npt.assert_array_equal(pooled, torch.cat([mean, last], 1))


def filled_embedding(n_codes, n_pairs):
    layer = Embedding(n_codes, 2, torch.float64, n_pairs)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.from_numpy(RANDOM.normal(size=parameter.shape)))
    return layer


def test_every_pair_of_few_tokens_has_a_vector():
    layer = filled_embedding(3, n_pairs=100)
    assert layer.pair_vectors.shape == (9, 2)
    pairs = layer.of_pairs(torch.tensor([[2, 1, 0, 2]]))[0]
    # The token before the first one counts as unknown: the pairs are 02, 21, 10, 02.
    by_hand = layer.pair_vectors[[0 * 3 + 2, 2 * 3 + 1, 1 * 3 + 0, 0 * 3 + 2]]
    npt.assert_array_equal(pairs.detach(), by_hand.detach())


@pytest.mark.parametrize("n_codes", [1024, 5000, 2**20])
def test_many_pairs_share_vectors_as_if_at_random(n_codes):
    layer = Embedding(2, 1, torch.float32, 1024)
    layer.vectors = torch.nn.Parameter(torch.empty(n_codes, 0))
    layer.pair_vectors = torch.nn.Parameter(torch.arange(1024.0)[:, None])
    codes = torch.from_numpy(RANDOM.integers(0, n_codes, (1, 1024)))
    rows = layer.of_pairs(codes).detach().numpy()
    # If 1024 pairs choose among 1024 rows at random, 1 - 1 / e of the rows are chosen.
    assert len(np.unique(rows)) / 1024 == pytest.approx(0.63, abs=0.05)
    npt.assert_array_equal(layer.of_pairs(codes[:, 1:])[:, 1:].detach(), rows[:, 2:])


def test_only_the_pooling_beside_the_recurrent_layers_reads_pairs():
    network = network_of_codes()
    windows = torch.tensor([[[1.0], [5.0], [0.0]]], dtype=torch.float64)
    states, states_to_pool, _ = network.input_layers(windows)
    embedding, codes = network.input_layers.embedding, windows[:, :, 0].long()
    npt.assert_array_equal(states.detach(), embedding.vectors[codes].detach())
    both = embedding.vectors[codes] + embedding.of_pairs(codes)
    npt.assert_array_equal(states_to_pool.detach(), both.detach())
    # The head reads the last state, and the mean and the maximum of the vectors.
    pooled = torch.cat([both.mean(1), both.amax(1)], 1)
    npt.assert_allclose(network.pooled(windows)[:, 5:].detach(), pooled.detach())


def network_of_codes():
    network = RecurrentNetwork(
        1, 1, hidden_layer_sizes=(5,), dtype=torch.float64, **CODES
    )
    initialize(network, random_generator(0))
    with torch.no_grad():
        pairs = network.input_layers.embedding.pair_vectors
        pairs.copy_(torch.from_numpy(RANDOM.normal(size=pairs.shape)))
    return network.eval()


def test_padding_does_not_change_the_outputs_for_codes():
    network = network_of_codes()
    codes = torch.from_numpy(RANDOM.integers(0, 6, (1, 7, 1)).astype(float))
    alone = network(codes[:, 3:]).detach()
    npt.assert_allclose(network(codes, torch.tensor([3])).detach(), alone, rtol=1e-12)


def test_embedding_dropout_replaces_tokens_by_the_unknown_one():
    network = RecurrentNetwork(
        1, 1, n_codes=6, embedding_size=3, embedding_dropout=0.3, dtype=torch.float64
    )
    initialize(network, random_generator(0))
    layers = network.input_layers
    codes = torch.from_numpy(RANDOM.integers(1, 6, (50, 40)))
    windows = codes[:, :, None].double()
    states = layers.train()(windows, generator=random_generator(0))[0].detach()
    vectors = layers.embedding.vectors.detach()
    is_unknown = (states == vectors[0]).all(2)
    npt.assert_array_equal(states[~is_unknown], vectors[codes[~is_unknown]])
    assert is_unknown.double().mean().item() == pytest.approx(0.3, abs=0.03)


def test_embedding_dropout_trains_the_vector_of_unknown_tokens():
    X, y = RANDOM.integers(1, 9, (30, 6)), np.arange(30) % 2

    def unknown(embedding_dropout, max_iter):
        model = LSTMClassifier(3, embedding_size=4, **TRAINING | {"max_iter": max_iter})
        model.set_params(embedding_dropout=embedding_dropout).fit(X, y)
        return model.network_.input_layers.embedding.vectors[0].detach().numpy()

    npt.assert_array_equal(unknown(0.0, 1), unknown(0.0, 5))
    assert (unknown(0.2, 1) != unknown(0.2, 5)).all()


def test_the_head_may_read_the_vectors_of_tokens_beside_the_states():
    X, y = RANDOM.integers(0, 6, (30, 6)), np.arange(30) % 2
    model = LSTMClassifier(3, embedding_size=4, conv_filters=(), **TRAINING)
    model.set_params(conv_pooling="mean").fit(X, y)
    assert model.transform(X).shape == (30, 2 * 3 + 4)


@pytest.mark.parametrize("n_padding", [1, 2, 3])
@pytest.mark.parametrize("n_real", [1, 4, 5])
def test_padding_does_not_change_the_outputs(n_padding, n_real):
    network = RecurrentNetwork(
        2, 1, hidden_layer_sizes=(5,), dtype=torch.float64, **FRONT
    )
    initialize(network, random_generator(0))
    with torch.no_grad():
        for layer in network.input_layers.convolutions:
            layer.norm.mean.copy_(torch.from_numpy(RANDOM.normal(size=layer.width)))
    network.eval()
    windows = RANDOM.normal(size=(1, n_padding + n_real, 2))
    windows = torch.from_numpy(windows)
    alone = network(windows[:, n_padding:])
    padded = network(windows, torch.tensor([n_padding]))
    npt.assert_allclose(padded.detach(), alone.detach(), rtol=1e-12)


@pytest.fixture
def sequences():
    lengths = RANDOM.integers(5, 12, 40)
    return [RANDOM.normal(size=(n, 2)) for n in lengths], np.arange(40) % 2


def test_a_prediction_does_not_depend_on_its_batch(sequences):
    X, y = sequences
    model = LSTMClassifier(4, dtype="float64", **FRONT, **TRAINING).fit(X, y)
    alone = [model.predict_proba([x])[0] for x in X]
    npt.assert_allclose(model.predict_proba(X), alone, rtol=1e-10)


def test_running_averages_survive_a_pickle(sequences):
    X, y = sequences
    model = LSTMClassifier(4, **FRONT, **TRAINING).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    npt.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    mean = copy.network_.input_layers.convolutions[0].norm.mean
    assert (mean != 0).all()


def test_best_weights_come_with_their_running_averages():
    layer = BatchNorm(3, torch.float64)
    weights = FlatWeights(layer)
    states, step_mask = states_and_mask()
    layer(states, step_mask)
    copy, mean = weights.copy(), layer.mean.clone()
    layer(states + 1, step_mask)
    weights.restore(copy)
    npt.assert_array_equal(layer.mean, mean)


def test_a_fit_continues_with_the_running_averages(sequences):
    X, y = sequences
    model = LSTMClassifier(4, **FRONT, **TRAINING).fit(X, y)
    mean = model.network_.input_layers.convolutions[0].norm.mean.clone()
    model.set_params(warm_start=True, max_iter=1).fit(X, y)
    after = model.network_.input_layers.convolutions[0].norm.mean
    assert 0 < (after - mean).abs().max() < 1


def test_embedding_dropout_only_applies_in_training():
    X, y = RANDOM.integers(0, 9, (30, 6)), np.arange(30) % 2
    parameters = {"embedding_size": 4, **TRAINING}
    model = LSTMClassifier(3, embedding_dropout=0.5, **parameters).fit(X, y)
    npt.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    without = LSTMClassifier(3, embedding_dropout=0, **parameters).fit(X, y)
    assert not np.array_equal(model.predict_proba(X), without.predict_proba(X))


def test_attention_weights_are_there_beside_other_poolings():
    X, y = RANDOM.normal(size=(20, 5, 2)), np.arange(20) % 2
    settings = ONE_LAYER | TRAINING | {"pooling": ("attention", "last")}
    model = LSTMClassifier(3, **settings).fit(X, y)
    npt.assert_allclose(model.attention_weights(X).sum(1), 1, rtol=1e-6)
    assert model.transform(X).shape == (20, 6)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pooling": ()}, "must hold different names"),
        ({"pooling": ("last", "median")}, "must hold different names"),
        ({"pooling": ("last", "last")}, "must hold different names"),
        ({"conv_pooling": "mean"}, "needs convolutional layers or an embedding"),
        ({"conv_filters": (3, 4), "conv_kernel_size": (3,)}, "has 1 items, but conv_f"),
        ({"conv_filters": 3, "conv_kernel_size": ((0,),)}, "must be positive integers"),
        ({"conv_filters": 3, "conv_pool_size": (0,)}, "must be positive integers"),
        (
            {"conv_filters": 3, "conv_pooling": "max", "pooling": None},
            "Set conv_pooling=None",
        ),
        (
            {"conv_filters": 3, "conv_pool_size": 2, "pooling": None},
            "Set conv_pool_size=1",
        ),
    ],
)
def test_parameters_that_do_not_fit_raise(parameters, message):
    X, y = np.zeros((4, 5, 2)), np.arange(4.0)
    if "pooling" in parameters and parameters["pooling"] is None:
        y = np.zeros((4, 5))
    with pytest.raises(ValueError, match=message):
        LSTMRegressor(3, **parameters).fit(X, y)
