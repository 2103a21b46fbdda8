"""The translator: attention, beam search, training, and the sklearn contract."""

import copy
import itertools
import pickle
from itertools import product
from math import inf
from types import SimpleNamespace

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from sklstm import LSTMLanguageModel, LSTMTranslator, SequenceEncoder
from sklstm._nn.beam_search import beam_search, length_scores
from sklstm._nn.initialization import initialize
from sklstm._nn.runtime import random_generator
from sklstm._nn.translator import TranslationNetwork
from sklstm._translation import fitting
from sklstm._translation.fitting import TranslationFit, split_off
from sklstm._translation.pairs import Pairs, Ragged


def draw_texts(n_texts, symbols):
    """Return random texts of 3 to 6 symbols."""
    random = np.random.default_rng(0)
    return ["".join(random.choice(list(symbols), 3 + i % 4)) for i in range(n_texts)]


SOURCES = draw_texts(24, "abcd")
TARGETS = [source[::-1].upper() for source in SOURCES]
SMALL = {
    "hidden_layer_sizes": 12,
    "batch_size": 8,
    "dropout": 0.0,
    "learning_rate_init": 0.02,
    "max_iter": 3,
    "early_stopping": False,
    "random_state": 0,
}


def model(**parameters):
    return LSTMTranslator(**SMALL | parameters)


def make_network(n_codes=5, n_features=None, n_source_codes=5, **settings):
    settings = {
        "source_embedding_size": 3,
        "target_embedding_size": 4,
        "hidden_layer_sizes": (5,),
        "cell": "lstm",
        "bidirectional": True,
        "attention": "dot",
        "embedding_dropout": 0.0,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "dtype": torch.float64,
        **settings,
    }
    network = TranslationNetwork(n_features, n_source_codes, n_codes, **settings)
    initialize(network, random_generator(0))
    with torch.no_grad():
        # Larger weights, so that probabilities differ.
        for weights in network.parameters():
            weights.mul_(2)
    return network.eval()


@pytest.fixture(scope="module")
def fitted():
    return model(hidden_layer_sizes=24, max_iter=60).fit(SOURCES, TARGETS)


def test_pairs_that_can_be_memorized_are_exact(fitted):
    assert fitted.predict(SOURCES) == TARGETS
    assert fitted.score(SOURCES, TARGETS) == 1
    assert fitted.error_rate(SOURCES, TARGETS) == 0


def test_the_attention_of_a_copying_task_is_diagonal():
    texts = draw_texts(200, "abcdef")
    copying = model(hidden_layer_sizes=24, max_iter=40).fit(texts, texts)
    new = ["abcdef", "fedc", "cab"]
    assert copying.predict(new) == new
    for weights in copying.attention_weights(new):
        assert weights.argmax(axis=1).tolist() == list(range(len(weights)))


def test_a_prediction_does_not_depend_on_its_batch(fitted):
    sources = ["a", "dcbadcba" * 4, "bd", "cxa", *SOURCES]
    together = fitted.predict_n_best(sources)
    for source, targets in zip(sources, together, strict=True):
        (alone,) = fitted.predict_n_best([source])
        assert [target for target, _ in alone] == [target for target, _ in targets]
        logs = ([log for _, log in part] for part in (alone, targets))
        npt.assert_allclose(*logs, rtol=1e-5)


def log_probability(network, memory, codes, end):
    """Return the log probability of a target by teacher forcing."""
    inputs = torch.tensor([[end, *codes]])
    outputs, *_ = network.decoder(inputs, network.decoder.first_state(memory), memory)
    logs = outputs[0].log_softmax(1)
    return logs[torch.arange(len(codes) + 1), [*codes, end]].sum().item()


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 2.0])
@torch.inference_mode()
def test_a_wide_beam_search_finds_the_best_of_all_targets(length_penalty):
    network, end, max_length = make_network(n_codes=4), 3, 3
    sources = torch.tensor([[1, 2, 4, 3], [0, 0, 3, 1]])
    step_mask = torch.tensor([[True] * 4, [False, False, True, True]])
    memory = network.encode(sources, step_mask)
    found = beam_search(
        network.decoder,
        memory,
        end=end,
        n_beams=40,
        max_length=max_length,
        length_penalty=length_penalty,
    )
    every = [c for n in range(max_length + 1) for c in product([1, 2], repeat=n)]
    for row, targets in enumerate(found):
        of_source = memory.select(slice(row, row + 1))
        logs = [log_probability(network, of_source, codes, end) for codes in every]
        lengths = torch.tensor([len(codes) + 1 for codes in every])
        scores = torch.tensor(logs) / ((5 + lengths.double()) / 6) ** length_penalty
        order = scores.argsort(descending=True).tolist()
        assert [tuple(codes) for codes, _ in targets] == [every[i] for i in order]
        npt.assert_allclose([log for _, log in targets], np.array(logs)[order])


class Table:
    """Decoder whose probabilities depend on the step and on the symbol before."""

    states = torch.zeros(1, 1)

    def __init__(self, steps):
        self.steps = steps

    def select(self, rows):
        return self

    def first_state(self, memory):
        return [(torch.zeros(1, dtype=torch.int64),)]

    def __call__(self, codes, state, memory):
        ((steps,),) = state
        rows = zip(steps.tolist(), codes[:, 0].tolist(), strict=True)
        shares = torch.tensor([self.steps[step][code] for step, code in rows])
        return shares.log()[:, None], None, [(steps + 1,)]


def test_a_target_that_has_ended_is_not_forgotten():
    # Codes: 1 and 2 are symbols, 3 is the end. The empty target leaves the beams at the
    # second step, but all others are less probable when they end.
    half, any_end = [0, 0.5, 0.5, 0], [0, 0.5, 0.4, 0.1]
    steps = [{3: [0, 0.45, 0.4, 0.15]}, dict.fromkeys([1, 2, 3], half)]
    table = Table([*steps, dict.fromkeys([1, 2, 3], any_end)])
    (targets,) = beam_search(
        table, table, end=3, n_beams=3, max_length=2, length_penalty=0.0
    )
    assert [codes for codes, _ in targets] == [[], [1, 1], [1, 2]]
    npt.assert_allclose([log for _, log in targets[:2]], np.log([0.15, 0.0225]), 1e-6)


def test_log_probabilities_are_those_of_teacher_forcing(fitted):
    source = SOURCES[0]
    codes = [fitted.source_vocabulary_[symbol] for symbol in source]
    memory = fitted.network_.encode(torch.tensor([codes]))
    for target, log in fitted.predict_n_best([source], n=4)[0]:
        symbols = [fitted.target_vocabulary_[symbol] for symbol in target]
        expected = log_probability(fitted.network_, memory, symbols, fitted._end)
        npt.assert_allclose(log, expected, rtol=1e-4)


def test_n_best_are_the_best_that_differ(fitted):
    for targets in fitted.predict_n_best(SOURCES, n=3):
        assert len({target for target, _ in targets}) == 3
    best = [targets[0][0] for targets in fitted.predict_n_best(SOURCES, n=1)]
    assert best == fitted.predict(SOURCES)


def test_a_search_ends_at_the_maximum_length():
    # A network that has hardly learned anything rarely ends its targets.
    poor = model(max_iter=1, learning_rate_init=1e-6).fit(["ab"] * 9, ["x" * 20] * 9)
    poor.set_params(max_length=4, length_penalty=9.0)
    assert [len(target) for target in poor.predict(["ab", "b"])] == [4, 4]
    assert len(poor.set_params(max_length="auto").predict(["ab"])[0]) == 40


@torch.inference_mode()
def test_a_larger_length_penalty_gives_longer_targets():
    network = make_network(n_codes=4)
    memory = network.encode(torch.tensor([*product([1, 2, 3], repeat=3)]))
    options = {"end": 3, "n_beams": 40, "max_length": 4}
    lengths = [
        [len(targets[0][0]) for targets in found]
        for penalty in (0.0, 0.6, 2.0)
        for found in [
            beam_search(network.decoder, memory, length_penalty=penalty, **options)
        ]
    ]
    assert (np.diff(lengths, axis=0) >= 0).all()
    assert np.sum(lengths[0]) < np.sum(lengths[1]) < np.sum(lengths[2])


def test_targets_of_any_length_penalty_have_the_right_order():
    logs = torch.tensor([-2.0, -1.0, -inf, -3.0, 0.0], dtype=torch.float64)
    lengths = torch.tensor([4, 4, 9, 3, 1])
    for penalty, order in ((0.0, [4, 1, 0, 3, 2]), (9.0, [4, 1, 0, 3, 2])):
        scores = length_scores(logs, lengths, penalty)
        assert scores.argsort(descending=True).tolist() == order
    for penalty in (400.0, 1e4, 1e308):
        scores = length_scores(logs[:4], lengths[:4], penalty)
        assert scores.argsort(descending=True).tolist() == [1, 0, 3, 2]


def test_a_huge_length_penalty_predicts_the_longest_targets(fitted):
    huge = clone(fitted).set_params(max_iter=1).fit(["ab"] * 8, ["xy"] * 8)
    for penalty in (400.0, 1e308):
        huge.set_params(length_penalty=penalty)
        assert [len(target) for target in huge.predict(["ab"])] == [4]


@pytest.mark.parametrize("attention", ["dot", "additive"])
def test_attention_weights_sum_to_one_and_ignore_padding(attention):
    network = make_network(attention=attention)
    step_mask = torch.tensor([[True] * 4, [False, False, True, True]])
    sources = torch.tensor([[1, 2, 4, 3], [0, 2, 3, 1]])
    codes = torch.tensor([[4, 1, 2], [4, 3, 3]])
    outputs, weights = network(sources, step_mask, codes)
    npt.assert_allclose(weights.sum(2).detach(), 1)
    assert (weights[1, :, :2] == 0).all()
    # The source is read as without padding.
    alone, of_source = network(sources[1:, 2:], None, codes[1:])
    npt.assert_allclose(alone.detach(), outputs[1:].detach())
    npt.assert_allclose(of_source.detach(), weights[1:, :, 2:].detach())


def test_attention_rows_belong_to_predicted_symbols(fitted):
    sources = [SOURCES[3], SOURCES[0], SOURCES[1]]
    weights = fitted.attention_weights(sources)
    for source, target, of_source in zip(
        sources, fitted.predict(sources), weights, strict=True
    ):
        assert of_source.shape == (len(target), len(source))
        npt.assert_allclose(of_source.sum(axis=1), 1, rtol=1e-5)
    npt.assert_allclose(weights[1], fitted.attention_weights(sources[1:2])[0], 1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"attention": "additive", "cell": "gru"},
        {"hidden_layer_sizes": (4, 3), "bidirectional": False},
        {"hidden_layer_sizes": (3, 4), "cell": "rnn"},
    ],
)
def test_gradients_equal_finite_differences(settings):
    settings = {"hidden_layer_sizes": (3,), **settings}
    network = make_network(4, n_features=2, n_source_codes=None, **settings)
    generator = random_generator(1)
    options = {"generator": generator, "dtype": torch.float64}
    sources = torch.randn(2, 3, 2, **options).requires_grad_()
    step_mask = torch.tensor([[True] * 3, [False, True, True]])
    codes = torch.tensor([[3, 1, 2], [3, 2, 2]])

    def outputs(sources, *_):
        return network(sources, step_mask, codes)[0]

    inputs = sources, *network.parameters()
    assert torch.autograd.gradcheck(outputs, inputs, fast_mode=True)


def test_the_network_equals_one_of_pytorch():
    network = make_network(n_features=2, n_source_codes=None)
    sources = torch.randn(3, 6, 2, generator=random_generator(0), dtype=torch.float64)
    codes = torch.tensor([[4, 1, 2, 3], [4, 3, 3, 1], [4, 2, 1, 1]])
    encoder = to_pytorch(*network.encoder.layers[0])
    decoder = to_pytorch(network.decoder.layers[0])
    part = network.decoder
    with torch.no_grad():
        states, (hidden, _) = encoder(sources)
        start = torch.tanh(part.start(torch.cat([*hidden], 1)))
        first = [half.contiguous()[None] for half in start.chunk(2, 1)]
        queries, _ = decoder(part.embedding.vectors[codes], tuple(first))
        scores = queries @ part.attention.project(states).mT
        contexts = scores.softmax(2) @ states
        combined = torch.tanh(part.combine(torch.cat([queries, contexts], 2)))
        outputs, weights = network(sources, None, codes)
        npt.assert_allclose(outputs, part.head(combined), rtol=1e-9)
        npt.assert_allclose(weights, scores.softmax(2), rtol=1e-9)


def to_pytorch(*layers):
    """Return a layer of PyTorch with the weights of one or two of ours."""
    n_inputs = layers[0].inputs.shape[1]
    lstm = torch.nn.LSTM(
        n_inputs, layers[0].size, batch_first=True, bidirectional=len(layers) > 1
    ).double()
    for layer, end in zip(layers, ("", "_reverse"), strict=False):
        getattr(lstm, f"weight_ih_l0{end}").data = layer.inputs.data
        getattr(lstm, f"weight_hh_l0{end}").data = layer.recurrent.data
        getattr(lstm, f"bias_ih_l0{end}").data = layer.bias.data
        getattr(lstm, f"bias_hh_l0{end}").data.zero_()
    return lstm


def test_predictions_are_of_the_kind_that_was_fitted():
    tokens = [[*target] for target in TARGETS]
    lists = model().fit([[*source] for source in SOURCES], tokens)
    assert isinstance(lists.predict([["a", "b"]])[0], list)
    numbers = model(max_iter=60).fit(SOURCES, [[len(s), 7] for s in SOURCES])
    assert numbers.predict([SOURCES[0]]) == [[3, 7]]
    words = model(analyzer="word", max_iter=40).fit(
        pd.Series(["one two", "two", "one"] * 4), ["eins zwei", "zwei", "eins"] * 4
    )
    assert words.predict(pd.Series(["one two"])) == ["eins zwei"]


def test_sources_may_be_numbers():
    waves = [
        np.column_stack([np.sin(np.arange(n) * speed), np.ones(n)])
        for n, speed in product([8, 11], [0.5, 1.0, 2.0])
    ] * 3
    names = ["slow", "mean", "fast"] * 6
    hearing = model(max_iter=60).fit(waves, names)
    assert hearing.predict(waves) == names
    assert hearing.n_features_in_ == 2
    assert hearing.source_vocabulary_ is None
    assert hearing.attention_weights(waves[:1])[0].shape == (4, 8)
    # Standardization makes units irrelevant.
    scaled = [1000 * wave + 3 for wave in waves]
    other = model(max_iter=60).fit(scaled, names)
    npt.assert_allclose(other.loss_curve_[:5], hearing.loss_curve_[:5], rtol=1e-3)
    with pytest.raises(ValueError, match="3 features"):
        hearing.predict([np.ones((4, 3))])


def test_arrays_and_lists_of_numbers_are_read_alike():
    sources = np.random.default_rng(0).normal(size=(12, 5))
    targets = ["up" if row.sum() > 0 else "down" for row in sources]
    models = [
        model().fit(X, targets)
        for X in (sources[:, :, None], [*sources], sources, sources.tolist())
    ]
    for other in models[1:]:
        npt.assert_array_equal(other.loss_curve_, models[0].loss_curve_)


def test_tensors_are_read_as_arrays():
    numbers = np.random.default_rng(0).normal(size=(6, 4, 2)).astype(np.float32)
    codes = [np.array([1, 2]), np.array([3])] * 3
    for X in (numbers, [*numbers], numbers[:, :, 0], codes):
        tensors = [*map(torch.tensor, X)] if isinstance(X, list) else torch.tensor(X)
        of_tensors = model().fit(tensors, [*map(torch.tensor, codes)])
        of_arrays = model().fit(X, codes)
        assert of_tensors.loss_curve_ == of_arrays.loss_curve_
        assert of_tensors.predict(tensors) == of_arrays.predict(X)
        assert of_tensors.target_vocabulary_ == {1: 1, 2: 2, 3: 3}
    modeled = LSTMLanguageModel(**SMALL).fit([*map(torch.tensor, codes)])
    assert modeled.vocabulary_ == {1: 1, 2: 2, 3: 3}


def test_series_of_lists_are_read_as_lists():
    polars = pytest.importorskip("polars")
    for sources in ([[1.0, 2.5], [0.0]] * 3, [[1.0, 2.5]] * 6, [["a"], ["b", "c"]] * 3):
        of_series = model().fit(polars.Series(sources), TARGETS[:6])
        assert of_series.loss_curve_ == model().fit(sources, TARGETS[:6]).loss_curve_
        assert of_series.predict(polars.Series(sources)) == of_series.predict(sources)


@pytest.mark.parametrize("X", [[[0, 0.5, 1.0], [0, 1.5]], [[0, 1], [2], [0, 1.5]]])
def test_sequences_are_numbers_if_one_value_is_a_float(X):
    of_numbers = model().fit(X, TARGETS[: len(X)])
    assert of_numbers.source_vocabulary_ is None
    assert of_numbers.n_features_in_ == 1


@pytest.mark.parametrize("convert", [np.array, torch.tensor])
def test_a_2d_array_of_integers_may_be_tokens_or_numbers(convert):
    X, y = convert([[1, 2], [3, 4]] * 4), TARGETS[:8]
    message = r"tokens or numbers\. Pass X.tolist\(\) .* tokens, or X \* 1.0 if"
    with pytest.raises(ValueError, match=message):
        model().fit(X, y)
    assert list(model().fit(X.tolist(), y).source_vocabulary_) == [1, 2, 3, 4]
    assert model().fit(X * 1.0, y).source_vocabulary_ is None


def test_codes_of_an_encoder_are_not_read_as_numbers():
    message = "Pass the texts or the sequences of tokens .* leave SequenceEncoder out"
    with pytest.raises(ValueError, match=message):
        make_pipeline(SequenceEncoder(), model()).fit(SOURCES, TARGETS)
    with pytest.raises(ValueError, match=message):
        model().fit(np.ones((24, 4)), TARGETS).predict(
            SequenceEncoder().fit_transform(SOURCES)
        )


def test_a_fit_forgets_the_kind_of_the_sources_before():
    both = model().fit(np.ones((6, 4, 2)), TARGETS[:6])
    both.fit(SOURCES, TARGETS)
    assert not hasattr(both, "n_features_in_")
    assert len(both.predict(SOURCES[:2])) == 2


def test_several_answers_may_be_right(fitted):
    y = [{target, "other"} for target in TARGETS[:2]]
    y += [[TARGETS[2]], ("wrong", TARGETS[3]), TARGETS[4], ["wrong", "false"]]
    npt.assert_allclose(fitted.score(SOURCES[:6], y), 5 / 6)
    tokens = model(max_iter=40).fit(SOURCES, [[*target] for target in TARGETS])
    (prediction,) = tokens.predict(SOURCES[:1])
    assert tokens.score(SOURCES[:1], [prediction]) == 1
    assert tokens.score(SOURCES[:1], [[["x"], prediction]]) == 1
    assert tokens.score(SOURCES[:1], [{("x",), tuple(prediction)}]) == 1
    assert tokens.score(SOURCES[:1], [[["x"], ["y", "z"]]]) == 0


def test_error_rate_is_the_edit_distance_to_the_nearest_answer(fitted):
    target = TARGETS[0]
    answers = [[target + "AB", "ZZZZZZZZZ"], TARGETS[1]]
    expected = 2 / (len(target) + 2 + len(TARGETS[1]))
    npt.assert_allclose(fitted.error_rate(SOURCES[:2], answers), expected)


def test_there_is_no_error_rate_without_symbols(fitted):
    with pytest.raises(ValueError, match="at least one sequence that is not empty"):
        fitted.error_rate(["ab"], [""])


def test_unknown_symbols_can_be_read_and_are_never_written():
    rare = model(min_frequency=2, max_iter=9).fit(
        [*SOURCES, "xab", "aby"], [*TARGETS, "BAX", "YBA"]
    )
    assert "x" not in rare.source_vocabulary_
    assert "X" not in rare.target_vocabulary_
    predictions = rare.predict(["xxyy", "??"])
    assert set("".join(predictions)) <= set(rare.target_vocabulary_)
    assert rare.score(["ab"], ["%%"]) == 0


def test_weights_of_pairs_count():
    sources, targets = ["ab"] * 20, ["x", "y"] * 10
    for weights, expected in (([1, 0], "x"), ([0.1, 1], "y")):
        weighted = model(max_iter=9).fit(sources, targets, np.tile(weights, 10))
        assert weighted.predict(["ab"]) == [expected]
    npt.assert_allclose(weighted.score(sources, targets, np.tile([3, 1], 10)), 0.25)
    with pytest.raises(ValueError, match="at least one non-zero"):
        model().fit(sources, targets, np.zeros(20))


@pytest.mark.parametrize("factor", [5e-324, 1e-50, 1e38, 1e300])
def test_the_scale_of_weights_does_not_matter(factor):
    weighted = model().fit(SOURCES, TARGETS, pd.Series(np.full(24, factor)))
    equal = model().fit(SOURCES, TARGETS)
    npt.assert_allclose(weighted.loss_curve_, equal.loss_curve_, rtol=1e-4)
    assert (
        model().fit(SOURCES, TARGETS, np.full(24, 8)).loss_curve_ == equal.loss_curve_
    )


def test_weights_may_be_read_only():
    weights = np.ones(24)
    weights.flags.writeable = False
    assert model().fit(SOURCES, TARGETS, weights).n_iter_ == 3


@pytest.mark.parametrize("lengths", [[5], [1, 2, 9, 300], [40, 7], range(1, 101)])
def test_batches_are_padded_by_at_most_an_eighth(lengths):
    sequences = Ragged.of([np.zeros(length) for length in lengths])
    chosen = sequences.batch_lengths().tolist()
    assert (chosen[0], chosen[-1]) == (min(lengths), max(lengths))
    for length, longer in itertools.pairwise(chosen):
        assert length < longer <= max(length * 9 / 8, length + 1)


def test_pairs_of_a_source_are_held_out_together():
    sources = [np.array([1, 2]), np.array([2]), np.array([1, 2]), np.array([1])] * 3
    targets = [np.array([1])] * 12
    pairs = Pairs.of(Ragged.of(sources), targets, 2, np.ones(12))
    training, validation = split_off(pairs, 0.3, random_generator(0))
    assert set(training.source_numbers.tolist()) == {0, 1}
    kept, held_out = (
        {tuple(part.batch(torch.tensor([row])).sources[0].tolist()) for row in range(n)}
        for part in (training, validation)
        for n in [part.n_pairs]
    )
    assert not kept & held_out


def test_early_stopping_keeps_the_best_weights():
    stopped = model(early_stopping=True, max_iter=30, validation_fraction=0.2)
    stopped.fit(SOURCES, TARGETS)
    assert stopped.best_loss_ == min(stopped.validation_loss_curve_)
    assert stopped.n_iter_ == 30


def test_the_same_seed_gives_the_same_model():
    state = torch.get_rng_state()
    first, second, other = (
        model(dropout=0.3, early_stopping=True, random_state=seed).fit(SOURCES, TARGETS)
        for seed in (0, 0, 1)
    )
    assert first.predict_n_best(SOURCES) == second.predict_n_best(SOURCES)
    assert first.loss_curve_ != other.loss_curve_
    assert torch.equal(torch.get_rng_state(), state)


def layers_of(translator):
    """Return the number of recurrent layers, and the dropout."""
    network = translator.network_
    return len(network.sequence_layers()), network.architecture["dropout"]


def test_many_pairs_are_learned_with_more_layers(monkeypatch):
    auto = model(hidden_layer_sizes="auto", dropout="auto", max_iter=1)
    # The layers of the encoder, in both directions, and those of the decoder.
    assert layers_of(auto.fit(SOURCES, TARGETS)) == (2 + 1, 0.4)
    monkeypatch.setattr(fitting, "MANY_PAIRS", len(SOURCES))
    assert layers_of(auto.fit(SOURCES, TARGETS)) == (4 + 2, 0.3)
    # Fewer pairs do not change the layers of a fit that goes on.
    auto.partial_fit(SOURCES[:5], TARGETS[:5])
    auto.set_params(warm_start=True).fit(SOURCES[:5], TARGETS[:5])
    assert layers_of(auto) == (4 + 2, 0.3)


@pytest.mark.parametrize(
    ("n_pairs", "batch_size", "n_epochs"),
    [
        (100, 8, 200),
        (10_000, 64, 39),
        (19_999, 64, 20),
        (20_000, 128, 20),
        (100_000, 128, 12),
    ],
)
def test_batches_and_epochs_suit_the_number_of_pairs(n_pairs, batch_size, n_epochs):
    pairs = SimpleNamespace(n_pairs=n_pairs)
    parameters = LSTMTranslator().get_params()
    options = TranslationFit(parameters, 5, pairs, None, False).options
    assert (options.batch_size, options.max_iter) == (batch_size, n_epochs)


def test_copies_and_pickles_are_equal_and_small(fitted):
    copied = pickle.loads(pickle.dumps(fitted))
    assert copied.predict_n_best(SOURCES) == fitted.predict_n_best(SOURCES)
    large = model(hidden_layer_sizes=100, max_iter=1).fit(SOURCES, TARGETS)
    n_bytes = sum(part.nbytes for part in large.network_.parameters())
    assert len(pickle.dumps(large)) < 1.1 * n_bytes
    with pytest.raises(NotFittedError):
        clone(fitted).predict(SOURCES)


def test_models_are_compared_by_cross_validation():
    tokens = [[*target] for target in TARGETS]
    search = GridSearchCV(model(), {"attention": ["dot", "additive"]}, cv=2)
    assert 0 <= search.fit(SOURCES, tokens).best_score_ <= 1
    for n_jobs in (1, 2):
        scores = cross_val_score(model(), SOURCES, TARGETS, cv=2, n_jobs=n_jobs)
        npt.assert_array_equal(scores, cross_val_score(model(), SOURCES, TARGETS, cv=2))


def test_partial_fits_go_on_with_the_same_symbols():
    partial = model(early_stopping=True)
    for _ in range(3):
        partial.partial_fit(SOURCES, TARGETS)
    assert partial.n_iter_ == len(partial.loss_curve_) == 3
    assert partial.loss_curve_[-1] < partial.loss_curve_[0]
    partial.partial_fit(["xa"], ["YA"])
    assert list(partial.target_vocabulary_) == list("ABCD")


def test_warm_starts_go_on():
    warm = model(warm_start=True)
    first = warm.fit(SOURCES, TARGETS).loss_
    assert warm.fit(SOURCES, TARGETS).loss_ < first
    with pytest.raises(ValueError, match=r"other layers.*warm_start=False"):
        warm.set_params(hidden_layer_sizes=3).fit(SOURCES, TARGETS)
    with pytest.raises(ValueError, match=r"analyzer='char'.*warm_start=False"):
        warm.set_params(analyzer="word").fit(SOURCES, TARGETS)
    assert warm.set_params(warm_start=False).fit(SOURCES, TARGETS).n_iter_ == 3


@pytest.mark.parametrize(
    "parameters",
    [
        {"hidden_layer_sizes": (6, 5), "recurrent_dropout": 0.2},
        {"embedding_dropout": 0.2, "solver": "adamw", "alpha": 0.1},
        {"cell": "gru", "bidirectional": False, "dropout": 0.2},
        {"cell": "rnn", "attention": "additive", "learning_rate": "constant"},
        {"batch_size": "auto", "max_iter": "auto", "beam_width": 2},
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_all_parameters_learn(parameters):
    learning = model(**{"max_iter": 6, **parameters}).fit(SOURCES[:12], TARGETS[:12])
    assert learning.loss_ < learning.loss_curve_[0]
    assert len(learning.predict(SOURCES[:3])) == 3


def test_training_that_is_interrupted_keeps_its_weights(monkeypatch):
    interrupted = model(max_iter=9)
    batches, calls = Pairs.batch, []

    def interrupt(self, rows):
        calls.append(rows)
        if len(calls) == 8:  # three batches an epoch
            raise KeyboardInterrupt
        return batches(self, rows)

    monkeypatch.setattr(Pairs, "batch", interrupt)
    with pytest.warns(UserWarning, match="interrupted by user after 2 epochs"):
        interrupted.fit(SOURCES, TARGETS)
    monkeypatch.undo()
    assert interrupted.n_iter_ == 2
    assert len(interrupted.predict(SOURCES)) == len(SOURCES)


class Predictor:
    """Callback that predicts after each epoch, and stops after the second one."""

    def setup(self, estimator, context):
        self.predictions = []

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.predictions.append(fitted_estimator.predict(SOURCES))
        return context.task_name == "epoch" and context.task_id == 1


def test_callbacks_see_a_model_that_predicts():
    pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9")
    predictor = Predictor()
    stopped = model(max_iter=9).set_callbacks(predictor).fit(SOURCES, TARGETS)
    assert stopped.n_iter_ == 2
    assert predictor.predictions[-1] == stopped.predict(SOURCES)


def test_frames_hold_texts_and_numbers():
    texts, targets = pd.DataFrame({"text": SOURCES}), pd.DataFrame({"other": TARGETS})
    of_frames = model().fit(texts, targets)
    assert of_frames.loss_curve_ == model().fit(SOURCES, TARGETS).loss_curve_
    assert of_frames.score(texts, targets) == of_frames.score(SOURCES, TARGETS)
    arrays = [np.linspace(0, n, 2 * n).reshape(n, 2) for n in (2, 3, 4)]
    index = [(i, step) for i, array in enumerate(arrays) for step in range(len(array))]
    index = pd.MultiIndex.from_tuples(index, names=["source", "time"])
    frame = pd.DataFrame(np.concatenate(arrays), index=index, columns=["a", "b"])
    of_long = model().fit(frame, TARGETS[:3])
    assert of_long.loss_curve_ == model().fit(arrays, TARGETS[:3]).loss_curve_
    assert of_long.feature_names_in_.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("abc", TARGETS, r"Pass a single sequence as a list: \[X\]"),
        (SOURCES, "abc", r"y must be a list.*as a list: \[y\]"),
        (SOURCES, None, "Pass one target per source"),
        (SOURCES, TARGETS[1:], "X has 24 sources, but y has 23 targets"),
        (np.ones((4, 3, 2)), TARGETS[:3], "X has 4 sources, but y has 3 targets"),
        (SOURCES[:2], [1, 2], r"y\[0\] is int 1.*LSTMClassifier or LSTMRegressor"),
        (SOURCES[:2], [["a"], [["b"], ["c"]]], r"y\[1\] holds several.*Repeat the"),
        (SOURCES[:2], ["a", ""], r"y\[1\] has no tokens"),
        (SOURCES[:2], ["a", ["b"]], r"y\[1\] is a sequence of string tokens, but y\[0"),
        (["a", ""], ["a", "b"], r"X\[1\] has no tokens"),
        ([np.ones(3), np.ones(0)], ["a", "b"], r"X\[1\] has no time steps"),
        ([np.ones((3, 2)), np.ones((2, 3))], ["a", "b"], r"X\[1\] has 3 features"),
        (["a", "b"], ["x", "y"], "beam_width=9 is larger than 3.*beam_width=3"),
    ],
)
def test_messages_of_fit_name_the_way_out(X, y, message):
    with pytest.raises(ValueError, match=message):
        model(beam_width=9 if "beam" in message else "auto").fit(X, y)


def test_messages_of_predictions_name_the_way_out(fitted):
    with pytest.raises(ValueError, match=r"X\[1\] is empty.*if len\(x\)"):
        fitted.predict(["ab", ""])
    with pytest.raises(ValueError, match="fit saw a string"):
        fitted.predict([["a", "b"]])
    with pytest.raises(ValueError, match="n == 0, must be >= 1"):
        fitted.predict_n_best(SOURCES, n=0)
    with pytest.raises(ValueError, match="X has 2 sources, but y has 1 target"):
        fitted.score(SOURCES[:2], TARGETS[:1])
    with pytest.raises(ValueError, match=r"y\[0\] is an empty list, without"):
        fitted.score(SOURCES[:1], [[]])
    with pytest.raises(ValueError, match=r"y\[0\] is int 3.*all right"):
        fitted.score(SOURCES[:1], [3])
    with pytest.raises(ValueError, match="all sources in X are equal"):
        model(early_stopping=True).fit(["ab"] * 3, ["x", "y", "x"])
    assert fitted.set_params(beam_width=5).predict(["ab"])
    with pytest.raises(ValueError, match="beam_width=6 is larger than 5"):
        fitted.set_params(beam_width=6).predict(["ab"])
    fitted.set_params(beam_width="auto")


@pytest.mark.parametrize("method", ["predict", "predict_n_best", "attention_weights"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"beam_width": 0},
        {"max_length": 0},
        {"length_penalty": np.nan},
        {"length_penalty": -1},
    ],
)
def test_parameters_of_predictions_are_checked_after_the_fit(
    fitted, method, parameters
):
    changed = copy.deepcopy(fitted).set_params(**parameters)
    with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter"):
        getattr(changed, method)(["ab"])


def test_there_may_be_fewer_than_n_best():
    few = model().fit(["ab", "ba"] * 4, ["x", "xx"] * 4)
    assert len(few.predict_n_best(["ab"])[0]) == 3
    (targets,) = few.set_params(max_length=1).predict_n_best(["ab"], n=9)
    assert sorted(target for target, _ in targets) == ["", "x"]


def test_empty_and_missing_sources_cannot_be_translated(fitted):
    with pytest.raises(ValueError, match=r"Drop missing sequences, or .* are allowed"):
        fitted.predict(["ab", None])
    numbers = model().fit([np.ones(3), np.arange(2.0)], ["a", "b"])
    message = r"X\[1\] is empty, but each source needs at least one symbol or step"
    for translator, X in ((fitted, ["ab", ""]), (numbers, [[1.0, 2.0], []])):
        with pytest.raises(ValueError, match=message):
            translator.predict(X)
        with pytest.raises(ValueError, match="also drop their targets"):
            translator.score(X, ["a", "b"])
        assert len(translator.predict([x for x in X if len(x)])) == 1


def test_training_that_diverges_raises():
    wild = {"learning_rate_init": 1e30, "solver": "sgd", "max_grad_norm": None}
    with pytest.raises(ValueError, match=r"diverged.*Lower learning_rate_init"):
        model(**wild).fit(SOURCES, TARGETS)


def test_tags_say_what_x_and_y_hold():
    tags = get_tags(model())
    assert tags.input_tags.string
    assert tags.input_tags.three_d_array
    assert tags.target_tags.required
