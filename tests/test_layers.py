"""Embedding, convolution and pooling against NumPy, and with estimators."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from scipy.special import softmax
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, LSTMRegressor, SequenceEncoder
from sklstm._nn.initialization import initialize
from sklstm._nn.input_layers import Embedding, Filters
from sklstm._nn.layers import Attention, make_pooling
from sklstm._nn.network import RecurrentNetwork, n_multiplications
from sklstm._nn.runtime import random_generator

RANDOM = np.random.default_rng(0)
N_PADDING = [0, 2, 4]
SETTINGS = {"learning_rate": "cosine", "random_state": 0}


def filled(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(RANDOM.normal(size=parameter.shape)))
    return module


def test_embedding_looks_up_the_vectors_of_codes():
    layer = filled(Embedding(5, 3, torch.float64))
    codes = torch.tensor([[4, 0], [2, 2]])
    vectors = layer.vectors.detach().numpy()
    npt.assert_array_equal(layer(codes).detach(), vectors[codes])


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 9])
def test_convolution_is_that_of_numpy(kernel_size):
    layer = filled(Filters(2, 3, kernel_size, torch.float64))
    steps = RANDOM.normal(size=(4, 6, 2))
    kernel, bias = layer.kernel.detach().numpy(), layer.bias.detach().numpy()
    n_before = (kernel_size - 1) // 2
    padding = [(0, 0), (n_before, kernel_size - 1 - n_before), (0, 0)]
    spans = np.lib.stride_tricks.sliding_window_view(
        np.pad(steps, padding), kernel_size, axis=1
    )  # (n_windows, n_timesteps, n_inputs, kernel_size)
    by_hand = np.einsum("ntck,fck->ntf", spans, kernel) + bias
    npt.assert_allclose(
        layer(torch.from_numpy(steps).mT).detach().mT, by_hand, atol=1e-12
    )


@pytest.fixture
def states():
    """Hidden states, zero at padding steps, as recurrent layers return them."""
    states = np.random.default_rng(0).normal(size=(3, 5, 4))
    for row, n_padding in enumerate(N_PADDING):
        states[row, :n_padding] = 0
    return torch.from_numpy(states)


@pytest.fixture
def step_mask():
    return torch.arange(5) >= torch.tensor(N_PADDING)[:, None]


def real_states(states):
    """States of the real steps, window by window, as NumPy arrays."""
    return [s[n:].numpy() for s, n in zip(states, N_PADDING, strict=True)]


@pytest.fixture
def attention():
    layer = make_pooling("attention", 4, torch.float64)
    assert isinstance(layer, Attention)
    random = np.random.default_rng(1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.from_numpy(random.normal(size=parameter.shape)))
    return layer


def attention_by_hand(layer, states):
    """Attention weights of the steps of one window."""
    weight, bias = (p.detach().numpy() for p in layer.project.parameters())
    query = layer.query.detach().numpy()[0]
    return softmax([query @ np.tanh(weight @ state + bias) for state in states])


def test_last_is_the_last_state_of_the_layers(states):
    pooling = make_pooling("last", 4, torch.float64)
    npt.assert_array_equal(pooling(states, states[:, 4], None), states[:, 4])


def test_mean_is_over_the_real_steps(states, step_mask):
    pooling = make_pooling("mean", 4, torch.float64)
    npt.assert_allclose(pooling(states, None, None), states.numpy().mean(1), rtol=1e-12)
    means = [part.mean(0) for part in real_states(states)]
    npt.assert_allclose(pooling(states, None, step_mask), means, rtol=1e-12)


def test_max_is_over_the_real_steps(states, step_mask):
    # Below the zeros at padding steps, which must not be the maximum.
    states = torch.where(states == 0, 0.0, states - 10)
    pooling = make_pooling("max", 4, torch.float64)
    npt.assert_array_equal(pooling(states, None, None), states.numpy().max(1))
    greatest = [part.max(0) for part in real_states(states)]
    npt.assert_array_equal(pooling(states, None, step_mask), greatest)


def test_attention_averages_by_the_softmax_of_its_scores(attention, states, step_mask):
    pooled = attention(states, None, step_mask).detach()
    by_hand = [
        attention_by_hand(attention, part) @ part for part in real_states(states)
    ]
    npt.assert_allclose(pooled, by_hand, rtol=1e-12)


def test_attention_weights_sum_to_one_and_are_zero_at_padding(
    attention, states, step_mask
):
    step_weights = attention.step_weights(states, step_mask).detach()
    npt.assert_allclose(step_weights.sum(1), 1, rtol=1e-12)
    npt.assert_array_equal(step_weights[~step_mask], 0)
    assert (step_weights[step_mask] > 0).all()


def test_attention_with_a_query_of_zeros_is_the_mean(attention, states):
    with torch.no_grad():
        attention.query.zero_()
    pooled = attention(states, None, None).detach()
    npt.assert_allclose(pooled, states.numpy().mean(1), rtol=1e-12)


@pytest.mark.parametrize("name", ["mean", "max", "attention"])
def test_a_window_of_padding_alone_pools_to_zero(name, attention):
    pooling = make_pooling(name, 4, torch.float64)
    if name == "attention":
        pooling = attention
    states = torch.zeros(1, 5, 4, dtype=torch.float64)
    step_mask = torch.zeros(1, 5, dtype=torch.bool)
    pooled = pooling(states, None, step_mask).detach()
    npt.assert_array_equal(pooled, np.zeros((1, 4)))


@pytest.mark.parametrize("conv_filters", [(), (4,), (4, 3)])
@pytest.mark.parametrize("n_codes", [None, 6])
def test_padding_does_not_change_the_outputs(conv_filters, n_codes):
    network = RecurrentNetwork(
        1 if n_codes else 2,
        1,
        hidden_layer_sizes=(5,),
        n_codes=n_codes,
        embedding_size=3,
        conv_filters=conv_filters,
        dtype=torch.float64,
    )
    initialize(network, random_generator(0))
    numbers = RANDOM.integers(0, 6, (1, 7, 1 if n_codes else 2)).astype(float)
    windows = torch.from_numpy(numbers)
    alone = network(windows[:, 3:])
    npt.assert_allclose(
        network(windows, torch.tensor([3])).detach(), alone.detach(), rtol=1e-12
    )


def test_multiplications_of_input_layers_are_counted():
    architecture = {
        "n_features": 1,
        "cell": "lstm",
        "bidirectional": False,
        "n_codes": 9,
        "embedding_size": 4,
        "conv_filters": (5, 6),
        "conv_kernel_size": 3,
        "hidden_layer_sizes": (7,),
    }
    by_hand = 3 * 4 * 5 + 3 * 5 * 6 + 4 * 7 * (6 + 7)
    assert n_multiplications(architecture) == by_hand


def words(n_texts=120):
    """Texts of single letters, and whether they contain an "x"."""
    letters = RANDOM.choice(list("abc"), (n_texts, 8))
    letters[::2, 3] = "x"
    lengths = RANDOM.integers(5, 9, n_texts)
    texts = [" ".join(row[:n]) for row, n in zip(letters, lengths, strict=True)]
    return texts, np.where(np.arange(n_texts) % 2, "plain", "marked")


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_a_pipeline_classifies_texts(analyzer):
    texts, labels = words()
    model = make_pipeline(
        SequenceEncoder(analyzer=analyzer),
        LSTMClassifier((8,), embedding_size=4, max_iter=60, batch_size=20, **SETTINGS),
    )
    assert model.fit(texts[:80], labels[:80]).score(texts[80:], labels[80:]) == 1
    # A token that was not in the training texts.
    assert len(model.predict(["a b q c a"])) == 1


def test_a_search_tunes_tokens_and_embedding():
    texts, labels = words(40)
    network = LSTMClassifier((4,), embedding_size=2, max_iter=3, **SETTINGS)
    model = make_pipeline(SequenceEncoder(), network)
    grid = {
        "sequenceencoder__min_frequency": [1, 2],
        "lstmclassifier__embedding_size": [2, 3],
    }
    search = GridSearchCV(model, grid, cv=2).fit(texts, labels)
    assert set(search.best_params_) == set(grid)


def test_convolutions_find_a_motif():
    texts = RANDOM.choice(list("ACGT"), (300, 20))
    texts[::2, 7:11] = list("GATC")
    X, y = ["".join(text) for text in texts], np.arange(300) % 2
    network = LSTMClassifier(
        (8,),
        embedding_size=4,
        conv_filters=(16,),
        conv_kernel_size=4,
        pooling="max",
        embedding_dropout=0,
        dropout=0,
        learning_rate_init=0.01,
        max_iter=30,
        batch_size=20,
        **SETTINGS,
    )
    model = make_pipeline(SequenceEncoder(), network).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.9


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[0, 1, -1]], r"holds -1, which is not a token code"),
        ([[0, 1, 1.5]], r"holds 1.5, which is not a token code"),
        (np.zeros((1, 3, 2)), "one token code per step, but X has 2 features"),
        ([[0, 1, np.inf]], "infinity|no code"),
        ([[np.nan, np.nan, np.nan]], "all NaN"),
        ([[0, np.nan, 1]], "contains NaN"),
    ],
)
@pytest.mark.parametrize("Model", [LSTMRegressor, LSTMClassifier])
def test_invalid_codes_raise(Model, codes, message):
    with pytest.raises(ValueError, match=message):
        Model(embedding_size=2).fit(np.repeat(codes, 2, axis=0), [0, 1])


def test_codes_beyond_those_of_fit_raise():
    X, y = [[0, 1, 2], [2, 1, 0]], [0.0, 1.0]
    model = LSTMRegressor((2,), embedding_size=2, max_iter=2, **SETTINGS).fit(X, y)
    with pytest.raises(ValueError, match="code 3, but the largest code in fit was 2"):
        model.predict([[0, 1, 3]])
    with pytest.raises(ValueError, match="code 4, but the largest code in fit was 2"):
        model.set_params(warm_start=True).fit([[0, 4, 2], [2, 1, 0]], y)
    # With fewer codes it goes on, and forgets none.
    model.fit([[0, 1, 1], [1, 1, 0]], y)
    assert np.isfinite(model.predict(X)).all()


def test_what_was_fitted_says_whether_there_are_codes():
    X, y = np.array([[0, 1, 2], [2, 1, 0]]), [0.0, 1.0]
    model = LSTMRegressor((2,), max_iter=2, **SETTINGS).fit(X, y)
    expected = model.predict(X)
    npt.assert_array_equal(model.set_params(embedding_size=3).predict(X), expected)
    model.fit(X, y).set_params(embedding_size=None)
    with pytest.raises(ValueError, match=r"holds 0\.5, which is not a token code"):
        model.predict(X + 0.5)


def test_codes_are_numbered_without_gaps():
    with pytest.raises(ValueError, match="holds the code 1000000000000"):
        LSTMRegressor(embedding_size=2).fit([[0, 10**12], [1, 2]], [0, 1])


def test_equal_sequences_do_not_overlap():
    X, y = np.zeros((30, 20)), np.arange(30) % 2
    model = LSTMClassifier(
        (2,), embedding_size=2, early_stopping=True, shuffle=False, max_iter=2
    )
    model.set_params(**SETTINGS).fit(X, y)
    assert len(model.validation_loss_curve_) == 2


def test_widest_layer_may_be_a_convolution_or_embedding():
    widths = {"hidden_layer_sizes": (4,), "conv_filters": (256,)}
    assert RecurrentNetwork(1, 1, **widths).widest == 256
    assert RecurrentNetwork(1, 1, n_codes=9, embedding_size=300).widest == 300


def test_codes_of_validation_windows_are_embedded():
    X, y = np.tile([[0, 1, 2]], (20, 1)), np.arange(20.0)
    X[-1] = 9  # held out for validation
    model = LSTMRegressor(
        (2,), embedding_size=2, early_stopping=True, max_iter=2, **SETTINGS
    )
    assert np.isfinite(model.fit(X, y).predict(X)).all()


@pytest.mark.parametrize("sizes", [(0,), (2.5,), ("a",)])
def test_invalid_conv_filters_raise(sizes):
    with pytest.raises(ValueError, match="conv_filters must be positive integers"):
        LSTMRegressor(conv_filters=sizes).fit(np.zeros((4, 3)), np.arange(4.0))
