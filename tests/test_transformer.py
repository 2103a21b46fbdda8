"""Transformer blocks: their equations, what they attend to, and estimators of them."""

import pickle

import numpy as np
import numpy.testing as npt
import pytest
import torch
from one_layer import ONE_LAYER
from scipy.special import erf, softmax
from sklearn.model_selection import GridSearchCV

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
)
from sklstm._language.prediction import sample_codes
from sklstm._nn.initialization import initialize
from sklstm._nn.language import LanguageNetwork
from sklstm._nn.masking import make_step_mask, zero_padding
from sklstm._nn.network import RecurrentNetwork, n_multiplications
from sklstm._nn.runtime import random_generator
from sklstm._nn.sequence_layer import repeat_states, select_states
from sklstm._nn.transformer import (
    N_REMEMBERED,
    SPEED,
    TransformerLayer,
    count_heads,
    rotate,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TEXTS = ["tom sat", "the cat sat", "a cat", "the mat", "tom ate", "cats eat"] * 2
QUICK = {"cell": "transformer", "max_iter": 3, "random_state": 0}


def random_numbers(*shape, seed=0):
    generator = random_generator(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def make_layer(n_inputs=3, size=4, *, is_causal=True, recurrent_dropout=0.0):
    """Build a layer in double precision without zero weights."""
    layer = TransformerLayer(
        n_inputs,
        size,
        is_causal=is_causal,
        recurrent_dropout=recurrent_dropout,
        dtype=torch.float64,
    )
    initialize(layer, random_generator(0))
    with torch.no_grad():
        for number, parameter in enumerate(layer.parameters()):
            parameter += random_numbers(*parameter.shape, seed=number) / 5
    return layer.eval()


def normalized(x, norm):
    centered = x - x.mean(1, keepdims=True)
    scaled = centered / np.sqrt((centered**2).mean(1, keepdims=True) + 1e-5)
    return scaled * norm.weight.detach().numpy() + norm.bias.detach().numpy()


def mapped(x, linear):
    weight = linear.weight.detach().numpy() * SPEED / np.sqrt(x.shape[1])
    return x @ weight.T + linear.bias.detach().numpy()


def rotated(x):
    half = x.shape[1] // 2
    speeds = 10_000.0 ** (-np.arange(half) / half)
    turns = np.exp(1j * np.outer(np.arange(len(x)), speeds))
    z = (x[:, :half] + 1j * x[:, half : 2 * half]) * turns
    return np.hstack([z.real, z.imag, x[:, 2 * half :]])


def codes(n_steps, size):
    """Half the cosines and sines of positions times speeds."""
    half = size // 2
    angles = np.outer(np.arange(n_steps), 10_000.0 ** (-np.arange(half) / half))
    rest = np.zeros((n_steps, size % 2))
    return np.hstack([np.cos(angles), np.sin(angles), rest]) / 2


def block_in_numpy(layer, window):
    """States of one window, one equation per line."""
    x = window if layer.map is None else mapped(window, layer.map)
    x = x if layer.is_causal else x + codes(*x.shape)
    q, k, v = np.split(mapped(normalized(x, layer.attention_norm), layer.project), 3, 1)
    attended = []
    for head in np.split(np.arange(layer.size), layer.n_heads):
        scores = rotated(q[:, head]) @ rotated(k[:, head]).T / np.sqrt(len(head))
        if layer.is_causal:
            scores[np.triu_indices(len(x), 1)] = -np.inf
        attended.append(softmax(scores, axis=1) @ v[:, head])
    x = x + mapped(np.hstack(attended), layer.combine)
    fed = mapped(normalized(x, layer.feed_norm), layer.expand)
    fed = fed * (1 + erf(fed / np.sqrt(2))) / 2
    return normalized(x + mapped(fed, layer.reduce), layer.output_norm)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize(("n_inputs", "size"), [(3, 4), (7, 7), (1, 2), (2, 64)])
def test_states_follow_the_equations(n_inputs, size, is_causal):
    layer = make_layer(n_inputs, size, is_causal=is_causal)
    windows = random_numbers(3, 6, n_inputs)
    states, last = layer(windows)
    expected = [block_in_numpy(layer, window) for window in windows.numpy()]
    npt.assert_allclose(states.detach(), expected, rtol=1e-9, atol=1e-12)
    npt.assert_array_equal(last.detach(), states[:, -1].detach())
    none, last = layer(windows, wants_states=False)
    assert none is None
    npt.assert_allclose(last.detach(), states[:, -1].detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("size", "n_heads"),
    [(2, 1), (7, 1), (32, 1), (50, 2), (61, 1), (64, 2), (66, 2), (100, 2), (256, 8)],
)
def test_a_head_has_about_32_units(size, n_heads):
    assert count_heads(size) == n_heads


def test_products_of_rotated_vectors_depend_on_the_distance_alone():
    x, y = random_numbers(2, 1, 7)
    near = rotate(x, 3) @ rotate(y, 1).T
    far = rotate(x, 90_003) @ rotate(y, 90_001).T
    npt.assert_allclose(far, near, rtol=1e-9)
    assert (rotate(x, 3) @ rotate(y, 2).T - near).abs() > 1e-3


def test_a_later_step_changes_no_earlier_state_of_a_causal_block():
    windows = random_numbers(2, 5, 3)
    changed = windows.clone()
    changed[:, 3] += 1
    for is_causal in (True, False):
        layer = make_layer(is_causal=is_causal)
        before, after = (layer(w)[0].detach() for w in (windows, changed))
        assert torch.allclose(before[:, :3], after[:, :3], rtol=1e-12) == is_causal
        assert not torch.allclose(before[:, 3:], after[:, 3:])


@pytest.mark.parametrize("is_causal", [False, True])
def test_gradients_agree_with_finite_differences(is_causal):
    layer = make_layer(2, 3, is_causal=is_causal)
    step_mask = make_step_mask(4, torch.tensor([0, 2, 4]))
    windows = zero_padding(random_numbers(3, 4, 2), step_mask).requires_grad_()
    parameters = dict(layer.named_parameters())

    def states(windows, *values):
        named = dict(zip(parameters, values, strict=True))
        given = windows, None, step_mask
        return torch.func.functional_call(layer, named, given)

    assert torch.autograd.gradcheck(states, (windows, *parameters.values()))


@pytest.mark.parametrize("n_first", [1, 3, 6])
def test_two_parts_have_the_states_of_the_whole(n_first):
    layer, windows = make_layer(), random_numbers(2, 7, 3)
    whole, _ = layer(windows)
    first, state = layer.continue_from(layer.first_state(2), windows[:, :n_first])
    second, state = layer.continue_from(state, windows[:, n_first:])
    parts = torch.cat([first, second], 1).detach()
    npt.assert_allclose(parts, whole.detach(), rtol=1e-9, atol=1e-12)
    assert [part.shape for part in state] == [(2, 7, 4)] * 2


@pytest.mark.parametrize("size_of_part", [1, 100, N_REMEMBERED, 400])
def test_a_step_remembers_the_same_steps_in_all_parts(size_of_part):
    layer, windows = make_layer(), random_numbers(1, 400, 3)
    whole, _ = layer.continue_from(layer.first_state(1), windows)
    state, parts = layer.first_state(1), []
    for part in windows.split(size_of_part, 1):
        states, state = layer.continue_from(state, part)
        parts.append(states)
        assert state[0].shape[1] < N_REMEMBERED  # so a step takes constant time
    npt.assert_allclose(torch.cat(parts, 1).detach(), whole.detach(), rtol=1e-9)
    # The last step attends to the last N_REMEMBERED steps, and to no others.
    seen, _ = layer(windows[:, -N_REMEMBERED:], wants_states=True)
    npt.assert_allclose(whole[:, -1].detach(), seen[:, -1].detach(), rtol=1e-9)


def test_the_memory_of_a_decoder_starts_with_one_step():
    layer = make_layer()
    keys, values = layer.start_from(random_numbers(2, 8))
    assert keys.shape == values.shape == (2, 1, 4)
    inputs = random_numbers(2, 3, 3)
    states = layer.continue_from((keys, values), inputs)[0].detach()
    assert not torch.allclose(states, layer(inputs)[0].detach())


def test_recurrent_dropout_drops_outputs_of_attention_and_feed_forward_part():
    layer = make_layer(50, 50, recurrent_dropout=0.5).train()
    inputs, outputs = random_numbers(2, 40, 50), []
    for part in (layer.combine, layer.reduce):
        part.register_forward_hook(lambda _, __, result: outputs.append(result))
    sums = []
    layer.feed_norm.register_forward_hook(lambda _, given, __: sums.append(given[0]))
    layer(inputs, random_generator(0))
    added = (sums[0] - inputs).detach()
    is_kept = added.abs() > 1e-12
    assert is_kept.double().mean() == pytest.approx(0.5, abs=0.03)
    expected = 2 * outputs[0].detach()[is_kept]
    npt.assert_allclose(added[is_kept], expected, rtol=1e-9)
    assert (layer.eval()(inputs)[0] == layer(inputs)[0]).all()


def test_states_of_several_windows_can_be_selected_and_repeated():
    state = [(torch.arange(6.0).view(1, 3, 2), torch.ones(1, 2))]
    repeated = repeat_states(state, 2)
    assert [part.shape for part in repeated[0]] == [(2, 3, 2), (2, 2)]
    selected = select_states(repeated, torch.tensor([True, False]))
    assert (selected[0][0] == state[0][0]).all()


def test_multiplications_are_the_weights_of_the_blocks():
    parameters = {
        "n_features": 3,
        "hidden_layer_sizes": (8, 8, 4),
        "cell": "transformer",
        "bidirectional": True,
    }
    network = RecurrentNetwork(**parameters, n_outputs=1)
    n_weights = sum(p.numel() for p in network.layers.parameters() if p.ndim > 1)
    assert n_multiplications(parameters) == n_weights


@pytest.fixture
def sequences():
    random = np.random.default_rng(0)
    return [random.normal(size=(n, 2)) for n in random.integers(3, 9, 40)]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "attention", None])
def test_a_prediction_does_not_depend_on_its_batch(pooling, bidirectional, sequences):
    y = [x.sum() if pooling else x[:, 0].cumsum() for x in sequences]
    options = {"pooling": pooling, "bidirectional": bidirectional, "batch_size": 10}
    model = LSTMRegressor((6, 4), **ONE_LAYER | QUICK | options).fit(sequences, y)
    together = model.predict(sequences)
    alone = [model.predict([x])[0] for x in sequences]
    for one, other in zip(together, alone, strict=True):
        npt.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_regressor_learns_a_sum(sequences):
    y = np.array([x.sum() for x in sequences])
    model = LSTMRegressor(
        (16,), **ONE_LAYER | QUICK | {"pooling": "mean", "max_iter": 80}
    )
    assert model.fit(sequences, y).score(sequences, y) > 0.95


ESTIMATORS = {
    "classifier": LSTMClassifier((4,), dropout=0.2, recurrent_dropout=0.2, **QUICK),
    "autoencoder": LSTMAutoencoder((4,), n_components=2, **QUICK),
    "tags": LSTMClassifier((4,), pooling=None, transitions=True, **QUICK),
    "transcriber": LSTMTranscriber((4,), **QUICK),
    "language model": LSTMLanguageModel((4, 6), recurrent_dropout=0.2, **QUICK),
    "translator": LSTMTranslator((4, 6), recurrent_dropout=0.2, **QUICK),
}


def data_for(name, sequences):
    """Return X, y of a fit and a function that returns all predictions as a list."""
    if name == "language model":
        return (TEXTS,), lambda model: list(model.score_samples(TEXTS))
    if name == "translator":
        pairs = TEXTS, [text[::-1] for text in TEXTS]
        return pairs, lambda model: model.predict_n_best(TEXTS)
    if name == "autoencoder":
        windows = np.stack([x[-3:] for x in sequences])
        return (windows,), lambda model: model.reconstruct(windows).tolist()
    targets = {
        "classifier": [int(x.sum() > 0) for x in sequences],
        "tags": [(x[:, 0] > 0).astype(int) for x in sequences],
        "transcriber": ["ab" if x.sum() > 0 else "b" for x in sequences],
    }[name]
    if name == "transcriber":
        return (sequences, targets), lambda model: model.predict_n_best(sequences)
    return (sequences, targets), lambda model: [
        p.tolist() for p in model.predict_proba(sequences)
    ]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_all_estimators_fit_alike_twice_and_pickle(name, sequences):
    data, predict = data_for(name, sequences)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, second = (ESTIMATORS[name].set_params().fit(*data) for _ in range(2))
    expected = predict(first)
    assert predict(second) == expected
    assert predict(pickle.loads(pickle.dumps(first))) == expected
    assert (torch.get_rng_state() == state).all()
    layers = [m for m in first.network_.modules() if isinstance(m, TransformerLayer)]
    assert layers


def test_meta_estimators_use_it():
    y = np.sin(np.arange(80) / 3)
    regressor = LSTMRegressor((4,), **ONE_LAYER | QUICK)
    forecaster = LSTMForecaster(regressor, horizon=2, window_size=8, fine_tune=1)
    assert np.isfinite(forecaster.fit(y).predict()).all()
    detector = LSTMOutlierDetector(regressor, window_size=5)
    assert np.isfinite(detector.fit(y[:, None]).score_samples(y[:, None])).all()


def test_searches_over_cells_do_not_depend_on_n_jobs(sequences):
    y = [int(x.sum() > 0) for x in sequences]
    grid = {"cell": ["lstm", "gru", "transformer"]}
    model = LSTMClassifier((4,), **ONE_LAYER | QUICK)
    one, two = (
        GridSearchCV(model, grid, cv=2, n_jobs=n_jobs).fit(sequences, y)
        for n_jobs in (None, 2)
    )
    scores = (search.cv_results_["mean_test_score"] for search in (one, two))
    npt.assert_array_equal(*scores)


def test_warm_start_goes_on_from_the_weights(sequences):
    y = np.array([x.sum() for x in sequences])
    model = LSTMRegressor((4,), **ONE_LAYER | QUICK, warm_start=True)
    before = model.fit(sequences, y).loss_
    assert model.fit(sequences, y).loss_curve_[0] < before


def test_samples_continue_from_the_cache():
    settings = {
        "embedding_size": 4,
        "hidden_layer_sizes": (6,),
        "cell": "transformer",
        "shares_embedding": False,
        "embedding_dropout": 0.0,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "dtype": torch.float64,
    }
    network = LanguageNetwork(7, **settings).eval()
    initialize(network, random_generator(0))
    prompt = torch.tensor([1, 2, 3])

    def most_probable(outputs):
        return outputs[:, :-1].argmax(1)  # never the end

    samples = sample_codes(network, prompt, 6, 2, most_probable, 5)
    codes = [6, 1, 2, 3]
    for _ in range(5):
        outputs, _ = network(torch.tensor([codes]), network.first_state(1))
        codes.append(most_probable(outputs[:, -1]).item())
    assert samples == [codes[4:]] * 2


def test_a_language_model_writes_what_it_has_read():
    model = LSTMLanguageModel(
        (16,), cell="transformer", dropout=0, early_stopping=False, random_state=0
    )
    model.set_params(max_iter=60, batch_size=4).fit(["abcdefgh"] * 4)
    assert model.sample(2, temperature=0, random_state=0) == ["abcdefgh"] * 2


def test_a_translator_learns_to_copy():
    random = np.random.default_rng(0)
    texts = ["".join(random.choice([*"abcd"], n)) for n in random.integers(2, 6, 60)]
    model = LSTMTranslator(
        (16,), cell="transformer", dropout=0, early_stopping=False, random_state=0
    )
    model.set_params(max_iter=40, batch_size=8, learning_rate_init=0.01)
    model.fit(texts, texts)
    assert model.predict(texts) == texts
    assert model.predict([texts[0]]) == [texts[0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "relu"}, 'activation="relu" is for recurrent cells.*"tanh"'),
        ({"max_timescale": 9}, 'cell="transformer" has no gates'),
        ({"hidden_layer_sizes": (1,)}, "a layer of one unit.*at least 2"),
    ],
)
def test_settings_of_recurrent_cells_are_errors(settings, message, sequences):
    model = LSTMRegressor(**{"hidden_layer_sizes": (4,), **QUICK, **settings})
    with pytest.raises(ValueError, match=message):
        model.fit(sequences, np.arange(40))


def test_one_unit_is_an_error_for_symbols():
    with pytest.raises(ValueError, match="a layer of one unit"):
        LSTMLanguageModel((1,), **QUICK).fit(TEXTS)
