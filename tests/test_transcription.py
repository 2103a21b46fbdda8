"""The transcriber: labels without times, and the scikit-learn contract."""

import pickle

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks, get_tags

from sklstm import LSTMTranscriber

BUMPS = {"a": [1.0, 1.0], "b": [2.0, 3.0, 2.0], "c": [-1.0, -2.0]}
WORDS = ["abc", "cab", "bb", "ac", "cacb", "ba", "aac", "bcb"] * 3
SMALL = {
    "hidden_layer_sizes": 16,
    # The size of a bump is that of its letter, whatever the other letters are.
    "standardize": "features",
    "learning_rate_init": 0.03,
    "max_iter": 60,
    "random_state": 0,
}


def draw(words):
    """A sequence for each word, in which each letter is a bump."""
    return [
        np.concatenate([[*BUMPS[letter], 0.0] for letter in word]) for word in words
    ]


X = draw(WORDS)


def model(**parameters):
    return LSTMTranscriber(**SMALL | parameters)


def quick(**parameters):
    return model(max_iter=2, **parameters)


@pytest.fixture(scope="module")
def fitted():
    return model().fit(X, WORDS)


def test_set_that_can_be_memorized_is_transcribed_exactly(fitted):
    assert fitted.predict(X) == WORDS
    assert fitted.score(X, WORDS) == 1
    assert fitted.error_rate(X, WORDS) == 0
    # Words that were not in fit, of the same letters.
    words = ["abab", "acbba", "b"]
    assert fitted.predict(draw(words)) == words


def test_scores_count_whole_words_and_letters(fitted):
    words = ["abb", "cab", "b"]
    predicted = draw(["abc", "cab", "bb"])
    npt.assert_allclose(fitted.score(predicted, words), 1 / 3)
    npt.assert_allclose(fitted.score(predicted, words, sample_weight=[1, 2, 1]), 2 / 4)
    # A letter to replace and one to delete, of seven.
    npt.assert_allclose(fitted.error_rate(predicted, words), 2 / 7)
    # A label that was not in fit is never right.
    assert fitted.score(predicted, ["xyz", "", "x"]) == 0


def test_best_path_and_search_agree_on_clear_sequences(fitted):
    narrow = clone(fitted).set_params(beam_width=1)
    assert narrow.fit(X, WORDS).predict(X) == WORDS


def test_candidates_are_sorted_and_the_first_is_the_prediction(fitted):
    candidates = fitted.predict_n_best(X[:5], n=4)
    assert [found[0][0] for found in candidates] == WORDS[:5]
    for found in candidates:
        logs = [log for _, log in found]
        assert len(found) == 4
        assert logs == sorted(logs, reverse=True)
        assert np.exp(logs).sum() <= 1 + 1e-9
    with pytest.raises(ValueError, match="n == 0"):
        fitted.predict_n_best(X, n=0)
    # A search compares all pairs of its candidates.
    with pytest.raises(ValueError, match="n == 1000000, must be <= 1000"):
        fitted.predict_n_best(X, n=10**6)
    assert len(fitted.predict_n_best(X[:1], n=1000)[0]) > 100


def test_labels_are_found_where_they_were_drawn(fitted):
    word = "acbba"
    ends = np.cumsum([len(BUMPS[letter]) + 1 for letter in word])
    for spans in fitted.align(draw([word])) + fitted.align(draw([word]), [word]):
        assert [label for label, _, _ in spans] == list(word)
        for (_, start, end), last in zip(spans, ends, strict=True):
            # At most one step after the letter, whose last step is the one before 0.
            assert start < end <= last + 1
            assert start >= last - 4


def test_given_labels_are_placed_even_if_others_are_more_probable(fitted):
    (spans,) = fitted.align(draw(["abc"]), ["cb"])
    assert [label for label, _, _ in spans] == ["c", "b"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (str, str),
        (list, list),
        (tuple, list),
        (np.array, list),
        (lambda numbers: np.array(numbers, np.int8), list),
    ],
)
def test_predictions_are_of_the_kind_that_fit_saw(kind, expected):
    codes = {"a": 7, "b": -1, "c": 3}
    as_text = kind is str
    sequences = [word if as_text else kind([codes[x] for x in word]) for word in WORDS]
    fitted = model().fit(X, sequences)
    predictions = fitted.predict(X[:4])
    assert all(type(labels) is expected for labels in predictions)
    assert [list(s) for s in sequences[:4]] == [list(p) for p in predictions]
    assert {type(x) for p in predictions for x in p} == {str if as_text else int}
    assert fitted.score(X, sequences) == 1
    assert fitted.labels_.tolist() == sorted("abc" if as_text else codes.values())
    spans = fitted.align(X[:1])[0]
    assert [label for label, _, _ in spans] == list(predictions[0])


def test_words_can_be_labels():
    names = {"a": "one", "b": "two", "c": "three"}
    lists = [[names[letter] for letter in word] for word in WORDS]
    assert model().fit(X, pd.Series(lists)).predict(X[:2]) == lists[:2]


def test_sequences_may_have_no_labels():
    silence = np.zeros(5)
    fitted = model().fit([*X, silence, silence], [*WORDS, "", ""])
    assert fitted.predict([silence, np.zeros(9), *X[:1]]) == ["", "", WORDS[0]]
    assert fitted.align([silence]) == [[]]


def test_empty_sequences_have_no_labels(fitted):
    empty = np.zeros((0,))
    assert fitted.predict([empty, X[0]]) == ["", WORDS[0]]
    assert fitted.predict([empty]) == [""]
    assert fitted.predict_n_best([empty]) == [[("", 0.0)]]
    assert fitted.align([empty]) == [[]]


def test_prediction_does_not_depend_on_its_batch(fitted):
    together = fitted.predict_n_best(X[:8], n=2)
    for i in range(8):
        (alone,) = fitted.predict_n_best(X[i : i + 1], n=2)
        assert [labels for labels, _ in alone] == [labels for labels, _ in together[i]]
        logs = [log for _, log in together[i]]
        npt.assert_allclose([log for _, log in alone], logs, rtol=1e-6)
        assert fitted.align(X[i : i + 1]) == fitted.align(X[:8])[i : i + 1]


def test_sequences_may_have_several_features_and_any_container():
    frames = [np.column_stack([x, -x]) for x in X]
    fitted = quick().fit(frames, WORDS)
    assert fitted.n_features_in_ == 2
    index = pd.MultiIndex.from_tuples(
        [(i, t) for i, x in enumerate(frames) for t in range(len(x))]
    )
    long = pd.DataFrame(np.concatenate(frames), index)
    assert quick().fit(long, WORDS).predict(long) == fitted.predict(frames)
    n_steps = max(map(len, frames))
    array = np.full((len(frames), n_steps, 2), np.nan)
    for window, frame in zip(array, frames, strict=True):
        window[n_steps - len(frame) :] = frame
    assert fitted.predict(array) == fitted.predict(frames)


def test_impossible_pairs_are_named_and_can_be_dropped():
    longer = [*X, np.zeros(2), np.zeros(3)]
    labels = np.array([*WORDS, "abc", "aab"], dtype=object)
    message = (
        r"2 label .* y\[24\] needs 3 .* X\[24\] has 2, .* positions are \[24, 25\]"
    )
    with pytest.raises(ValueError, match=message):
        quick().fit(longer, labels)
    kept = [i for i in range(26) if i not in [24, 25]]
    fitted = quick().fit([longer[i] for i in kept], labels[kept])
    with pytest.raises(ValueError, match=r"y\[0\] needs 5 time steps and X\[0\] has 4"):
        fitted.align([np.zeros(4)], ["aaa"])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y must be a list with one label sequence"),
        ("abc", r"Pass a single label sequence as a list, \[y\]"),
        ([1] * 24, r"y\[0\] is int 1, neither a string nor .* LSTMClassifier"),
        (["ab"] * 23 + [None], r"y\[23\] is NoneType None"),
        (["ab"] * 23 + [["a"]], r"\[list\(sequence\) for sequence in y\]"),
        ([["a"]] * 23 + [[1]], r"\[\[str\(label\) for label in sequence\]"),
        ([[0.5]] * 24, r"y\[0\] has the label float 0.5"),
        ([""] * 24, "No sequence of y has a label"),
        (WORDS[:5], "X has 24 sequences, but y has 5 label sequences"),
    ],
)
def test_other_targets_are_an_error(y, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(X, y)


def test_way_out_of_mixed_sequences_works():
    mixed = [*WORDS[:-1], list(WORDS[-1])]
    assert isinstance(quick().fit(X, [list(s) for s in mixed]).predict(X)[0], list)


def test_labels_and_kinds_must_be_those_of_fit(fitted):
    with pytest.raises(ValueError, match=r"\['x'\], which are not among .*'a', 'b'"):
        fitted.align(X[:1], ["ax"])
    with pytest.raises(ValueError, match="lists of labels, but those of fit were str"):
        fitted.score(X[:1], [["a"]])
    with pytest.raises(ValueError, match="X has 2 sequences, but y has 1"):
        fitted.score(X[:2], WORDS[:1])
    with pytest.raises(ValueError, match="not among"):
        quick().fit(X, WORDS, X_val=X[:1], y_val=["x"])
    with pytest.raises(ValueError, match="sequences of y are all empty"):
        fitted.error_rate(X[:2], ["", ""])


def test_validation_sequences_choose_the_weights():
    # Longer label sequences than those of fit.
    others = ["cbacbacc", "abcabc"]
    fitted = model(max_iter=5).fit(X, WORDS, X_val=draw(others), y_val=others)
    assert len(fitted.validation_loss_curve_) == fitted.n_iter_ == 5
    assert fitted.best_loss_ == min(fitted.validation_loss_curve_)
    for shuffle in (True, False):
        stopping = model(max_iter=3, early_stopping=True, shuffle=shuffle)
        assert len(stopping.fit(X, WORDS).validation_loss_curve_) == 3


def test_weights_count_like_repetitions():
    settings = {"batch_size": 100, "masking": 0.0}
    settings |= {"dtype": "float64", "max_iter": 5}
    weights = np.ones(len(X))
    weights[:3] = 2
    weights[3] = 0
    weighted = model(**settings).fit(X, WORDS, weights)
    rows = [0, 0, 1, 1, 2, 2, *range(4, len(X))]
    repeated = model(**settings).fit([X[i] for i in rows], [WORDS[i] for i in rows])
    npt.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-7)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_continues():
    first = model(max_iter=3, warm_start=True, learning_rate="constant")
    first.fit(X, WORDS)
    before = first.loss_
    first.fit(X[:8], WORDS[:8])
    assert first.loss_ < before
    with pytest.raises(ValueError, match="not among the labels seen"):
        first.fit(X, ["x", *WORDS[1:]])


def test_interrupt_keeps_the_weights_so_far(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    interrupted = quick(verbose=True)
    monkeypatch.setattr("builtins.print", interrupt)
    with pytest.warns(UserWarning, match="interrupted by user"):
        interrupted.fit(X, WORDS)
    assert len(interrupted.predict(X)) == len(X)


def test_pickle_predicts_the_same_and_is_small():
    fitted = quick(hidden_layer_sizes=64).fit(X, WORDS)
    copy = pickle.dumps(fitted)
    assert pickle.loads(copy).predict_n_best(X) == fitted.predict_n_best(X)
    n_bytes = sum(part.nbytes for part in fitted.network_.parameters())
    assert len(copy) < 1.1 * n_bytes


def test_searches_and_parallel_jobs_give_the_same_bits():
    grid = {"hidden_layer_sizes": [4, 6], "cell": ["lstm", "gru"]}
    searches = [
        GridSearchCV(quick(), grid, cv=2, n_jobs=n_jobs).fit(X, WORDS)
        for n_jobs in (None, 2)
    ]
    alone, parallel = (s.best_estimator_.predict_n_best(X) for s in searches)
    assert alone == parallel
    assert cross_val_score(quick(), X, WORDS, cv=2).shape == (2,)


def test_random_state_determines_everything():
    first, second, other = (
        quick(random_state=seed).fit(X, WORDS).predict_n_best(X) for seed in (0, 0, 1)
    )
    assert first == second != other


@pytest.mark.parametrize("form", [pd.DataFrame, np.array])
def test_texts_in_a_table_of_one_column_are_texts(form):
    column = form([[word] for word in WORDS])
    assert quick().fit(X, column).labels_.tolist() == ["a", "b", "c"]


def test_width_of_the_beam_is_checked_when_it_is_used(fitted):
    with pytest.raises(ValueError, match="beam_width == 0"):
        clone(fitted).fit(X, WORDS).set_params(beam_width=0).predict(X)


def test_unfitted_transcriber_says_so():
    for method in ("predict", "predict_n_best", "align"):
        with pytest.raises(NotFittedError):
            getattr(model(), method)(X)


def test_tags_say_that_labels_are_required():
    tags = get_tags(model())
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array
    assert tags.estimator_type is None
    assert not hasattr(model(), "transform")


# The checks of scikit-learn with a y pass one label for each sequence.
@pytest.mark.parametrize(
    "name",
    [
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_estimators_unfitted",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_param_validation",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    ],
)
def test_transcriber_keeps_the_contract(name):
    getattr(estimator_checks, name)("LSTMTranscriber", LSTMTranscriber())


def test_parts_of_the_data_are_learned_one_after_another():
    network = model(max_iter=1)
    for _ in range(80):
        for rows in (slice(0, 12), slice(12, None)):
            network.partial_fit(X[rows], WORDS[rows], labels="cab")
    assert network.score(X, WORDS) == 1
    assert network.n_iter_ == 160
    assert network.labels_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("abd", "labels=.* differ from those of the first call"),
        (5, "labels is int 5, neither a string nor a list"),
        (["a", 1], "all strings or all integers"),
        ("", "at least one label"),
    ],
)
def test_labels_of_later_parts_are_those_of_the_first_call(labels, words):
    network = quick().partial_fit(X, WORDS)
    with pytest.raises(ValueError, match=words):
        network.partial_fit(X, WORDS, labels=labels)
    with pytest.raises(ValueError, match="not among the labels"):
        quick().partial_fit(X, WORDS, labels="ab")
