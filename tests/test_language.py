"""The language model: probabilities, samples, training, and the sklearn contract."""

import pickle
import warnings

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import get_tags

from sklstm import LSTMLanguageModel
from sklstm._language.texts import Texts, pieces
from sklstm._language.training import batches_of_rows
from sklstm._nn.runtime import random_generator

WORDS = ["abab", "ababab", "ab", "abababab", "aab"] * 6
SMALL = {
    "hidden_layer_sizes": 6,
    "batch_size": 8,
    "learning_rate_init": 0.03,
    "max_iter": 4,
    "random_state": 0,
}


def model(**parameters):
    return LSTMLanguageModel(**SMALL | parameters)


@pytest.fixture(scope="module")
def fitted():
    return model(max_iter=60, early_stopping=False, dropout=0.0).fit(WORDS)


def test_probabilities_of_all_sequences_sum_to_one():
    # A model of one symbol that ends soon: p(n) of n times "a", for all n.
    counting = model(max_iter=30, early_stopping=False).fit(["a", "aa", ""[:0] + "a"])
    logs = counting.score_samples(["a" * n for n in range(60)])
    unknown = counting.next_symbol_proba(["a" * n for n in range(60)])["<unknown>"]
    # What is missing are sequences with unknown symbols, and those of 60 and more.
    total = np.exp(logs).sum()
    assert 1 - unknown.max() * 60 < total + 1e-6
    assert total < 1


def test_next_symbols_sum_to_one_and_multiply_to_the_probability(fitted):
    prefixes = ["", "a", "ab", "aba", "abab"]
    table = fitted.next_symbol_proba(prefixes)
    assert table.columns.to_list() == ["a", "b", "<end>", "<unknown>"]
    npt.assert_allclose(table.sum(axis=1), 1, rtol=1e-6)
    assert (table.to_numpy() > 0).all()
    symbols = [*"abab", "<end>"]
    steps = [table.loc[row, symbol] for row, symbol in enumerate(symbols)]
    npt.assert_allclose(fitted.score_samples(["abab"]), np.log(steps).sum(), rtol=1e-5)


def test_next_symbols_have_the_index_of_the_prefixes(fitted):
    prefixes = pd.Series(["a", "b"], index=["first", "second"])
    for X in (prefixes, prefixes.to_frame()):
        assert fitted.next_symbol_proba(X).index.tolist() == ["first", "second"]


def test_names_of_next_symbols_are_unique():
    tokens = [["<end>", "a", "<unknown>"]] * 4
    table = model(max_iter=1).fit(tokens).next_symbol_proba([[]])
    columns = ["<end>", "<unknown>", "a", "<<end>>", "<<unknown>>"]
    assert table.columns.to_list() == columns


def test_learned_sequences_are_more_probable(fitted):
    good, bad = fitted.score_samples(["ababab", "bbaabb"])
    assert good > bad + 5
    assert fitted.next_symbol_proba(["aba"]).loc[0, "b"] > 0.8


def test_score_is_the_mean_log_probability_of_a_symbol(fitted):
    texts = ["ab", "abab", ""]
    # Each sequence has its end as a further symbol.
    expected = fitted.score_samples(texts).sum() / (3 + 5 + 1)
    npt.assert_allclose(fitted.score(texts), expected)
    npt.assert_allclose(fitted.perplexity(texts), np.exp(-expected))


def test_unknown_symbols_get_a_probability(fitted):
    known, unknown, other = fitted.score_samples(["abab", "abxb", "abyb"])
    assert np.isfinite(unknown)
    assert unknown == pytest.approx(other, rel=1e-6)  # rows are rounded differently
    assert unknown < known


def test_rare_symbols_are_unknown():
    rare = model(min_frequency=2).fit([*WORDS, "abxab"])
    assert list(rare.vocabulary_) == ["a", "b"]


def test_probabilities_do_not_depend_on_the_batch(fitted):
    texts = ["a" * 3, "ab" * 150, "", "ba" * 70, "abx"]
    together = fitted.score_samples(texts)
    alone = [fitted.score_samples([text])[0] for text in texts]
    npt.assert_allclose(together, alone, rtol=1e-5)


def test_the_state_is_carried_over_the_pieces_of_a_long_text(fitted):
    # A text of several pieces has the probability of its symbols, one by one.
    text = "ab" * 200
    steps = fitted.next_symbol_proba([text[:n] for n in range(len(text) + 1)])
    columns = steps.columns.get_indexer([*text, "<end>"])
    expected = np.log(steps.to_numpy()[np.arange(len(columns)), columns]).sum()
    npt.assert_allclose(fitted.score_samples([text]), expected, rtol=1e-4)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_one_long_text_is_enough(cell):
    text = "abcd" * 600
    single = model(cell=cell, max_iter=8).fit([text])
    assert single.score([text[:100]]) > -0.9  # the shares of symbols give -1.39
    assert len(single.validation_loss_curve_) == single.n_iter_


def test_samples_are_of_the_kind_that_was_fitted(fitted):
    samples = fitted.sample(5, max_length=7, random_state=0)
    assert all(isinstance(text, str) and len(text) <= 7 for text in samples)
    assert set("".join(samples)) <= {"a", "b"}
    tokens = [[3, 5, 3, 5]] * 8
    of_numbers = model().fit(tokens).sample(2, prompt=[5], random_state=0)
    assert all(sample[0] == 5 and set(sample) <= {3, 5} for sample in of_numbers)
    words = model(analyzer="word").fit(["one two", "two one"] * 5)
    (sample,) = words.sample(prompt="two", max_length=3, random_state=0)
    assert sample.split()[0] == "two"
    assert set(sample.split()) <= {"one", "two"}


def test_samples_go_on_from_the_prompt(fitted):
    (sample,) = fitted.sample(prompt="aba", temperature=0, max_length=6)
    assert sample.startswith("abab")
    # A prompt of many pieces.
    (sample,) = fitted.sample(prompt="ab" * 99 + "a", temperature=0, max_length=200)
    assert sample == "ab" * 100
    (unknown,) = fitted.sample(prompt="x", max_length=3, random_state=0)
    assert unknown[0] == "x"


def test_samples_have_the_probabilities_of_the_model(fitted):
    samples = fitted.sample(3000, max_length=1, random_state=0)
    shares = pd.Series(samples).value_counts(normalize=True)
    expected = fitted.next_symbol_proba([""]).loc[0, ["a", "b"]]
    npt.assert_allclose(shares.get("a", 0), expected["a"], atol=0.03)
    cold = fitted.sample(3000, max_length=1, temperature=0.5, random_state=0)
    squares = fitted.next_symbol_proba([""]).drop(columns="<unknown>").loc[0] ** 2
    share = np.mean([text == "a" for text in cold])
    npt.assert_allclose(share, squares["a"] / squares.sum(), atol=0.03)


def test_samples_of_the_most_probable_symbols():
    flat = model(max_iter=1, learning_rate_init=1e-6).fit(["abcdefgh", "hgfedcba"])
    probabilities = flat.next_symbol_proba(["a"]).drop(columns="<unknown>").loc[0]
    order = (probabilities / probabilities.sum()).sort_values(ascending=False)
    end = {"<end>": ""}
    top = {end.get(symbol, symbol) for symbol in order.index[:2]}
    for options in ({"top_k": 2}, {"top_p": order.iloc[0] + 1e-3}):
        samples = flat.sample(200, prompt="a", max_length=2, random_state=0, **options)
        assert {sample[1:] for sample in samples} == top


def test_the_same_seed_gives_the_same_model_and_samples():
    state = torch.get_rng_state()
    global_state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second, other = (model(random_state=seed).fit(WORDS) for seed in (0, 0, 1))
    npt.assert_array_equal(first.score_samples(WORDS), second.score_samples(WORDS))
    assert first.score(WORDS) != other.score(WORDS)
    assert first.sample(3, random_state=0) == second.sample(3, random_state=0)
    assert first.sample(9, random_state=0) != first.sample(9, random_state=1)
    assert torch.equal(torch.get_rng_state(), state)
    npt.assert_array_equal(np.random.get_state()[1], global_state)  # noqa: NPY002


def test_copies_and_pickles_are_equal_and_small(fitted):
    copy = pickle.loads(pickle.dumps(fitted))
    npt.assert_array_equal(copy.score_samples(WORDS), fitted.score_samples(WORDS))
    large = model(hidden_layer_sizes=100, max_iter=1).fit(WORDS)
    n_bytes = sum(part.nbytes for part in large.network_.parameters())
    assert len(pickle.dumps(large)) < 1.1 * n_bytes
    with pytest.raises(NotFittedError):
        clone(fitted).score(WORDS)


def test_models_are_compared_by_cross_validation():
    search = GridSearchCV(model(), {"dropout": [0.0, 0.9]}, cv=2).fit(WORDS)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert search.best_estimator_.score(WORDS) < 0
    for n_jobs in (1, 2):
        scores = cross_val_score(model(), WORDS, cv=2, n_jobs=n_jobs)
        npt.assert_array_equal(scores, cross_val_score(model(), WORDS, cv=2))


def test_partial_fits_go_on_with_the_same_symbols():
    partial = model(early_stopping=True)
    for _ in range(3):
        partial.partial_fit(WORDS)
    assert partial.n_iter_ == len(partial.loss_curve_) == 3
    assert partial.loss_curve_[-1] < partial.loss_curve_[0]
    assert list(partial.partial_fit(["abc"]).vocabulary_) == ["a", "b"]


def test_warm_starts_go_on():
    warm = model(warm_start=True, early_stopping=False)
    first = warm.fit(WORDS).loss_
    assert warm.fit(WORDS).loss_ < first
    with pytest.raises(ValueError, match=r"other layers.*warm_start=False"):
        warm.set_params(hidden_layer_sizes=3).fit(WORDS)
    assert warm.set_params(warm_start=False).fit(WORDS).n_iter_ == 4


@pytest.mark.parametrize(
    ("kept", "changes"),
    [
        ({}, {"analyzer": "word", "lowercase": True}),
        ({"analyzer": "word"}, {"analyzer": "char", "token_pattern": r"\w"}),
    ],
)
def test_symbols_that_are_kept_are_of_one_kind(kept, changes):
    warm = model(warm_start=True, early_stopping=False, max_iter=1, **kept).fit(WORDS)
    for name, value in changes.items():
        before = warm.get_params()[name]
        warm.set_params(**{name: value})
        for fit in (warm.fit, warm.partial_fit):
            with pytest.raises(ValueError, match=f"{name}=.*warm_start=False"):
                fit(WORDS)
        warm.set_params(**{name: before})
    warm.fit(WORDS)


def test_parameters_without_an_effect_may_change():
    characters = model(early_stopping=False).partial_fit(WORDS)
    characters.set_params(token_pattern="a").partial_fit(WORDS)
    tokens = model(early_stopping=False).partial_fit([["a", "b"]])
    tokens.set_params(analyzer="word", lowercase=True).partial_fit([["b", "a"]])


@pytest.mark.parametrize(
    "parameters",
    [
        {"share_embedding": True},
        {"share_embedding": True, "embedding_size": 3},
        {"hidden_layer_sizes": (4, 5), "recurrent_dropout": 0.2},
        {"embedding_dropout": 0.2, "solver": "adamw", "alpha": 0.1},
        {"solver": "sgd", "alpha": 0.1, "learning_rate": "adaptive"},
        {"cell": "gru", "max_grad_norm": None, "batch_size": 3},
    ],
)
def test_all_parameters_learn(parameters):
    learning = model(max_iter=12, early_stopping=False, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        learning.fit(WORDS)
    assert learning.loss_ < learning.loss_curve_[0]


def test_shared_vectors_are_one_parameter():
    shared = model(share_embedding=True, embedding_size=6).fit(WORDS)
    other = model(embedding_size=6).fit(WORDS)
    n_weights = [
        sum(p.numel() for p in m.network_.parameters()) for m in (shared, other)
    ]
    assert n_weights[1] - n_weights[0] == 4 * 6  # four symbols: 0, a, b and the end


def test_weights_of_sequences_count():
    texts = ["ab"] * 10 + ["ba"] * 10
    weights = np.repeat([1.0, 0.0], 10)
    options = {"max_iter": 30, "early_stopping": False}
    weighted = model(**options).fit(texts, sample_weight=weights)
    first, second = weighted.score_samples(["ab", "ba"])
    assert first > second + 3


def test_training_that_is_interrupted_keeps_its_weights(monkeypatch):
    interrupted = model(early_stopping=False, max_iter=9)
    calls = []

    def interrupt(self, generator, original=batches_of_rows):
        calls.append(self)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return (
            piece
            for rows in original(self.training.lengths, 32, generator)
            for piece in pieces(self.training, rows, self.n_steps)
        )

    monkeypatch.setattr("sklstm._language.training.TextTrainer.batches", interrupt)
    with pytest.warns(UserWarning, match="interrupted by user after 3 epochs"):
        interrupted.fit(WORDS)
    assert interrupted.n_iter_ == 3
    assert np.isfinite(interrupted.score(WORDS))


def test_pieces_hold_all_symbols_once_in_order():
    sequences = [np.array(codes) for codes in ([1, 2, 3, 1], [2], [3, 3, 1, 2, 1, 1])]
    texts = Texts.of(sequences, end=4)
    read = {0: [], 1: [], 2: []}
    rows = texts.lengths.argsort(descending=True)
    for piece in pieces(texts, rows, 3):
        for row, targets, weights in zip(
            rows.tolist(), piece.targets, piece.weights, strict=False
        ):
            read[row] += targets[weights > 0].tolist()
    assert read == {0: [1, 2, 3, 1, 4], 1: [2, 4], 2: [3, 3, 1, 2, 1, 1, 4]}
    # The first input is the end of the sequence before.
    assert next(pieces(texts, rows, 3)).inputs[:, 0].tolist() == [4, 4, 4]


def test_parts_of_long_texts_hold_all_symbols_once():
    sequences = [np.arange(1, 12), np.array([1, 2])]
    texts = Texts.of(sequences, end=20)
    parts = texts.cut(5)
    assert parts.lengths.tolist() == [4, 4, 4, 3]
    symbols = [
        parts.codes[start : start + length].tolist()
        for start, length in zip(parts.starts, parts.lengths, strict=True)
    ]
    assert np.concatenate(symbols).tolist() == [*range(1, 12), 20, 1, 2, 20]
    npt.assert_array_equal(parts.targets[0], texts.targets[0])


def test_batches_hold_all_rows_once_by_length():
    lengths = torch.randint(1, 50, (103,), generator=random_generator(0))
    batches = list(batches_of_rows(lengths, 10, random_generator(0)))
    assert sorted(torch.cat(batches).tolist()) == list(range(103))
    assert {len(batch) for batch in batches} == {9, 10}
    assert all((lengths[batch].diff() <= 0).all() for batch in batches)


def test_messages_name_the_way_out(fitted):
    with pytest.raises(ValueError, match=r"single sequence as a list: \[X\]"):
        model().fit("abab")
    with pytest.raises(ValueError, match=r"prompt has 4 symbols, and max_length=3"):
        fitted.sample(prompt="abab", max_length=3)
    with pytest.raises(ValueError, match="top_k == 0, must be >= 1"):
        fitted.sample(top_k=0)
    with pytest.raises(ValueError, match="fit saw a string"):
        fitted.score_samples([["a", "b"]])
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model(hidden_layer_sizes=(0,)).fit(WORDS)


def test_a_single_symbol_can_be_learned():
    single = model(n_iter_no_change=np.inf).fit([[1]])
    assert single.vocabulary_ == {1: 1}
    assert single.sample(2, random_state=0)


def test_training_that_diverges_raises():
    wild = {"learning_rate_init": 1e30, "solver": "sgd", "max_grad_norm": None}
    with pytest.raises(ValueError, match=r"diverged.*Lower learning_rate_init"):
        model(**wild).fit(WORDS)


def test_tags_say_that_x_holds_texts():
    tags = get_tags(model())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.estimator_type == "density_estimator"


def test_interrupt_before_the_training_keeps_the_former_model(monkeypatch):
    lm = model().fit(WORDS)
    before = lm.score_samples(WORDS)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("sklstm.language.check_weights", interrupt)
    with pytest.raises(KeyboardInterrupt):
        lm.fit(["xyz", "zyx"] * 4)
    assert list(lm.vocabulary_) == ["a", "b"]
    npt.assert_array_equal(lm.score_samples(WORDS), before)


def test_sequences_without_weight_are_not_held_out():
    weights = np.r_[np.ones(10), np.zeros(20)]
    # All sequences with a weight are in one part, whatever the seed draws.
    curves = [
        model(random_state=seed).fit(WORDS, sample_weight=weights).best_loss_
        for seed in range(5)
    ]
    assert np.isfinite(curves).all()
    with pytest.raises(ValueError, match="at least one non-zero"):
        model().fit(WORDS, sample_weight=np.zeros(30))


@pytest.mark.parametrize("factor", [1e-50, 1e38, 1e300])
def test_the_size_of_the_weights_does_not_matter(factor):
    weights = pd.Series(np.arange(1.0, 31.0))
    first, second = (
        model().fit(WORDS, sample_weight=weights * f).score_samples(WORDS)
        for f in (1, factor)
    )
    npt.assert_allclose(first, second, rtol=1e-4)


def test_white_space_is_kept():
    texts = ["a  b", "a\n\tb", "a b"] * 4
    lm = model(max_iter=2).fit(texts)
    assert set(lm.vocabulary_) == set("ab \n\t")
    assert len(set(lm.score_samples(texts[:3]))) == 3
    assert lm.sample(prompt="a  ", random_state=0)[0].startswith("a  ")
    upper = model(max_iter=2, lowercase=True).fit([t.upper() for t in texts])
    assert set(upper.vocabulary_) == set("ab \n\t")


@pytest.mark.parametrize("number", [np.inf, np.nan])
@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_choices_need_finite_numbers(fitted, name, number):
    with pytest.raises(ValueError, match=name):
        fitted.sample(**{name: number})


def test_more_symbols_than_there_are_can_be_chosen_from(fitted):
    options = {"n_samples": 5, "random_state": 0}
    assert fitted.sample(top_k=50, **options) == fitted.sample(**options)


def test_prompts_of_numpy_tokens_give_tokens_of_python():
    lm = model(max_iter=2).fit([[1, 2, 1], [2, 1, 2]] * 4)
    sample = lm.sample(prompt=np.array([1, 2]), random_state=0)[0]
    assert {type(token) for token in sample} == {int}


def test_ways_out_of_a_divergence_are_those_of_the_model():
    lm = model(learning_rate_init=1e30, solver="sgd", max_grad_norm=None)
    with pytest.raises(ValueError, match="set max_grad_norm=1") as error:
        lm.fit(WORDS)
    assert "activation" not in str(error.value)
