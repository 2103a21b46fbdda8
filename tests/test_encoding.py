"""Tokens to codes and back."""

import os
import pickle
import re
import subprocess
import sys

import hypothesis.strategies as st
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.utils import check_array

from sklstm import LSTMClassifier, LSTMRegressor, SequenceEncoder
from sklstm._input.tokens import are_token_codes

NAN = np.nan
DNA = ["GATTACA", "TAG", "CAT"]
TEXTS = ["I came, I saw", "a saw came", "she saw 7 cats"]
WORDS = [text.replace(",", "").split() for text in TEXTS]


def test_codes_count_the_sorted_tokens_from_one():
    assert SequenceEncoder().fit(DNA).vocabulary_ == {"A": 1, "C": 2, "G": 3, "T": 4}
    integers = SequenceEncoder().fit([[30, -2], [7]])
    assert integers.vocabulary_ == {-2: 1, 7: 2, 30: 3}


def test_short_sequences_are_padded_and_unknown_tokens_are_zero():
    codes = SequenceEncoder().fit(DNA).transform(["TAG", "GATTACA", "NA"])
    assert codes.dtype == np.float64
    npt.assert_array_equal(
        codes,
        [
            [NAN, NAN, NAN, NAN, 4, 1, 3],
            [3, 1, 4, 4, 1, 2, 1],
            [NAN, NAN, NAN, NAN, NAN, 0, 1],
        ],
    )


def test_long_sequences_keep_their_last_tokens():
    encoder = SequenceEncoder().fit(["AB", "BA"])
    npt.assert_array_equal(encoder.transform(["AAAAB"]), [[1, 2]])
    encoder = SequenceEncoder(max_length=3).fit(DNA)
    assert encoder.n_timesteps_ == 3
    # The G of GATTACA is cut off, that of TAG is not.
    npt.assert_array_equal(encoder.transform(DNA[:2]), [[1, 2, 1], [4, 1, 3]])


def test_max_length_may_exceed_the_longest_sequence():
    codes = SequenceEncoder(max_length=4).fit_transform(["AB"])
    npt.assert_array_equal(codes, [[NAN, NAN, 1, 2]])


def test_tokens_cut_off_in_fit_are_unknown():
    encoder = SequenceEncoder(max_length=1).fit(["xa", "xb"])
    assert encoder.vocabulary_ == {"a": 1, "b": 2}


def test_words_of_one_letter_are_kept():
    encoder = SequenceEncoder(analyzer="word").fit(TEXTS)
    assert list(encoder.vocabulary_) == ["7", "I", "a", "came", "cats", "saw", "she"]
    assert encoder.inverse_transform(encoder.transform(TEXTS[:2])) == [
        "I came I saw",
        "a saw came",
    ]


@pytest.mark.parametrize(
    "params",
    [
        {"analyzer": "char", "lowercase": False},
        {"analyzer": "char", "lowercase": True},
        {"analyzer": "word", "token_pattern": r"\w\w+", "lowercase": False},
        {"analyzer": "word", "token_pattern": r"\b(\w)\w*", "lowercase": True},
    ],
)
@pytest.mark.parametrize("min_frequency", [1, 2, 0.5])
def test_tokens_are_those_of_count_vectorizer(params, min_frequency):
    texts = [*TEXTS, "Two  spaces,\n\na new line"]
    counter = CountVectorizer(**params, min_df=min_frequency)
    counts = counter.fit_transform(texts).toarray()
    encoder = SequenceEncoder(**params, min_frequency=min_frequency)
    codes = encoder.fit_transform(texts)
    assert list(encoder.vocabulary_) == list(counter.get_feature_names_out())
    for code, column in enumerate(counts.T, start=1):
        npt.assert_array_equal((codes == code).sum(axis=1), column)


@pytest.mark.parametrize("analyzer", ["char", "word"])
def test_sequences_of_tokens_are_not_split_or_lowered(analyzer):
    encoder = SequenceEncoder(analyzer, lowercase=True)
    encoder.fit([["New York", "to"], ["a"]])
    assert list(encoder.vocabulary_) == ["New York", "a", "to"]


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        iter,
        np.array,
        pd.Series,
        lambda texts: np.array(texts, dtype=object),
        lambda texts: np.array(texts)[:, np.newaxis],
        lambda texts: pd.Series(texts, dtype="category"),
        lambda texts: pd.DataFrame({"text": texts}),
    ],
)
def test_texts_may_come_in_any_container(container):
    codes = SequenceEncoder().fit(container(DNA)).transform(container(DNA))
    npt.assert_array_equal(codes, SequenceEncoder().fit_transform(DNA))


@pytest.mark.parametrize("container", ["Series", "DataFrame"])
def test_texts_and_tokens_may_come_from_polars(container):
    pl = pytest.importorskip("polars")
    for sequences in (DNA, WORDS):
        X = getattr(pl, container)(
            {"X": sequences} if container[0] == "D" else sequences
        )
        codes = SequenceEncoder().fit_transform(X)
        npt.assert_array_equal(codes, SequenceEncoder().fit_transform(sequences))


@pytest.mark.parametrize(
    "sequence", [tuple, np.array, pd.Series, lambda tokens: np.array(tokens, object)]
)
@pytest.mark.parametrize("tokens", [WORDS, [[3, 1, 2], [1]]], ids=["str", "int"])
def test_tokens_may_come_in_any_sequence(sequence, tokens):
    encoder = SequenceEncoder().fit([sequence(row) for row in tokens])
    assert {type(token) for token in encoder.vocabulary_} == {type(tokens[0][0])}
    assert encoder.inverse_transform(encoder.transform(tokens)) == tokens


def test_min_frequency_counts_sequences_not_occurrences():
    X = ["aaa", "b", "bc", "c"]
    assert list(SequenceEncoder(min_frequency=2).fit(X).vocabulary_) == ["b", "c"]
    npt.assert_array_equal(
        SequenceEncoder(min_frequency=2).fit_transform(X)[0], [0, 0, 0]
    )


def test_min_frequency_is_exact_for_fractions():
    X = ["ab"] * 7 + ["b"] * 93
    assert 0.07 * 100 > 7
    assert list(SequenceEncoder(min_frequency=0.07).fit(X).vocabulary_) == ["a", "b"]
    assert list(SequenceEncoder(min_frequency=0.071).fit(X).vocabulary_) == ["b"]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    X=st.lists(
        st.lists(st.text(max_size=3), min_size=1, max_size=6), min_size=1, max_size=6
    )
)
def test_codes_are_converted_back_to_tokens(X):
    encoder = SequenceEncoder().fit(X)
    assert encoder.inverse_transform(encoder.transform(X)) == X


@settings(max_examples=60, derandomize=True, deadline=None)
@given(X=st.lists(st.text("ab é\N{GRINNING FACE}", min_size=1), min_size=1))
def test_codes_are_converted_back_to_texts_without_repeated_spaces(X):
    encoder = SequenceEncoder().fit(X)
    back = encoder.inverse_transform(encoder.transform(X))
    assert back == [re.sub(" +", " ", text) for text in X]


@pytest.mark.parametrize(
    ("analyzer", "fitted", "unknown", "back"),
    [
        ("char", ["abc"], ["axc"], ["a\N{REPLACEMENT CHARACTER}c"]),
        ("word", ["one two"], ["one or two"], ["one <unknown> two"]),
        ("char", [["a", "b", "c"]], [["a", "x"]], [["a", "<unknown>"]]),
        ("char", [[1, 2]], [[2, 3]], [[2, "<unknown>"]]),
    ],
)
def test_unknown_tokens_are_converted_back_to_a_placeholder(
    analyzer, fitted, unknown, back
):
    encoder = SequenceEncoder(analyzer, max_length=3).fit(fitted)
    assert encoder.inverse_transform(encoder.transform(unknown)) == back


def test_codes_of_any_length_are_converted_back():
    encoder = SequenceEncoder().fit(["ab"])
    assert encoder.inverse_transform([[NAN, 1, 2, 2, 1], [NAN] * 5]) == ["abba", ""]


@pytest.mark.parametrize("wrong", [-1, 3, 0.5, np.inf, -np.inf])
def test_other_numbers_than_codes_are_refused(wrong):
    encoder = SequenceEncoder().fit(["ab"])
    with pytest.raises(
        ValueError, match=r"X\[1, 1\] is .* not a token code: .* 0 .* to 2, with"
    ):
        encoder.inverse_transform([[1, 2], [NAN, wrong]])


def test_tokens_in_place_of_codes_are_refused():
    with pytest.raises(ValueError, match="X holds strings that are not numbers"):
        SequenceEncoder().fit(["ab"]).inverse_transform([["a", "b"]])


def test_nan_after_the_first_code_is_refused():
    with pytest.raises(ValueError, match=r"X\[0, 1\] is nan.* only before the first"):
        SequenceEncoder().fit(["ab"]).inverse_transform([[1, NAN]])


def test_codes_depend_on_their_sequence_alone():
    encoder = SequenceEncoder().fit(DNA)
    codes = encoder.transform(DNA)
    npt.assert_array_equal(encoder.transform(DNA[::-1]), codes[::-1])
    npt.assert_array_equal(np.vstack([encoder.transform([x]) for x in DNA]), codes)


def test_only_fit_changes_the_encoder():
    X = [["b", "a"], ["a", "c", "b"]]
    encoder = SequenceEncoder(max_length=2)
    params = encoder.get_params()
    encoder.fit(X)
    fitted = dict(vars(encoder))
    encoder.transform(X)
    assert X[0] == ["b", "a"]
    assert X[1] == ["a", "c", "b"]
    assert encoder.get_params() == params
    assert vars(encoder) == fitted == vars(clone(encoder).fit(X))


@pytest.mark.parametrize(
    "vocabulary",
    [["c", "a"], ("c", "a"), np.array(["c", "a"]), {"c": 1, "a": 2}, {"a": 2, "c": 1}],
)
def test_a_vocabulary_determines_the_codes(vocabulary):
    encoder = SequenceEncoder(vocabulary=vocabulary).fit(["abc", "bb"])
    assert encoder.vocabulary_ == {"c": 1, "a": 2}
    npt.assert_array_equal(encoder.transform(["abc"]), [[2, 0, 1]])
    assert encoder.inverse_transform([[1, 2]]) == ["ca"]


def test_the_tokens_of_a_set_are_sorted():
    encoder = SequenceEncoder(vocabulary={"c", "a"}).fit(["ac"])
    assert encoder.vocabulary_ == {"a": 1, "c": 2}


def test_the_vocabulary_of_another_encoder_gives_its_codes():
    first = SequenceEncoder("word").fit(["one two three"])
    other = SequenceEncoder("word", vocabulary=first.vocabulary_).fit(["two", "four"])
    assert first.vocabulary_ == other.vocabulary_
    npt.assert_array_equal(other.transform(["two"]), [[3]])
    npt.assert_array_equal(other.transform(["four"]), [[0]])


@pytest.mark.parametrize(
    ("vocabulary", "words"),
    [
        (["a", "a", "b"], "only 2 are different"),
        ({"a": 0, "b": 1}, "codes 1 to 2"),
        ({"a": 1, "b": 3}, "codes 1 to 2"),
        ([], "at least one token"),
        (["a", 1], "all strings or all integers"),
        (["x", "y"], "No token of X is in vocabulary"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(vocabulary, words):
    with pytest.raises(ValueError, match=words):
        SequenceEncoder(vocabulary=vocabulary).fit(["ab"])


def test_codes_that_are_missing_in_the_fit_of_a_network_are_predicted():
    codes = SequenceEncoder().fit_transform(["ab", "ba", "ca", "dc"])
    model = LSTMClassifier(max_iter=1, random_state=0).fit(codes[:2], [0, 1])
    assert model.predict_proba(codes).shape == (4, 2)


def test_a_failed_fit_leaves_the_encoder_unfitted():
    encoder = SequenceEncoder(min_frequency=9)
    with pytest.raises(ValueError, match="min_frequency"):
        encoder.fit(DNA)
    with pytest.raises(NotFittedError):
        encoder.transform(DNA)


def test_pickled_encoder_gives_the_same_codes():
    encoder = SequenceEncoder().fit(DNA)
    copy = pickle.loads(pickle.dumps(encoder))
    npt.assert_array_equal(copy.transform(DNA), encoder.transform(DNA))


@pytest.mark.slow
def test_codes_are_the_same_for_every_hash_seed():
    script = (
        "from sklstm import SequenceEncoder; print(SequenceEncoder('word')"
        ".fit(['one two three', 'four five six one']).vocabulary_)"
    )
    vocabularies = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    vocabulary = {"five": 1, "four": 2, "one": 3, "six": 4, "three": 5, "two": 6}
    assert vocabularies == {f"{vocabulary}\n"}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_out_have_a_column_for_every_lag(library):
    pytest.importorskip(library)
    encoder = SequenceEncoder(max_length=3).set_output(transform=library)
    codes = encoder.fit_transform(pd.Series(["abc", "b"], index=[10, 20]))
    columns = ["token__lag2", "token__lag1", "token__lag0"]
    assert list(codes.columns) == columns == list(encoder.get_feature_names_out())
    npt.assert_array_equal(codes.to_numpy(), [[1, 2, 3], [NAN, NAN, 2]])
    if library == "pandas":
        assert list(codes.index) == [10, 20]
    assert encoder.inverse_transform(codes) == ["abc", "b"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_read_frames_of_codes_as_padded_windows():
    encoder, y = SequenceEncoder(), [7.0, 3, 3]
    codes = encoder.fit_transform(DNA)
    frame = encoder.set_output(transform="pandas").transform(DNA)
    model = LSTMRegressor((4,), max_iter=3, random_state=0)
    npt.assert_array_equal(
        model.fit(frame, y).predict(frame),
        clone(model).fit(codes[:, :, np.newaxis], y).predict(codes[:, :, np.newaxis]),
    )


@pytest.mark.parametrize(
    ("params", "fitted", "X"),
    [
        ({}, ["ab", "b"], ["ab", "", "b"]),
        ({}, ["ab", "b"], ["ab", [], "b"]),
        ({"analyzer": "word"}, ["a b", "b"], ["a b", "?!", "b"]),
        ({}, [["a", "b"], ["b"]], [["a", "b"], [], ["b"]]),
        ({}, [["a", "b"], ["b"]], [["a", "b"], np.array([]), ["b"]]),
        ({}, [[1, 2]], [(1, 2), (), (2,)]),
    ],
)
def test_rows_of_empty_sequences_are_padding(params, fitted, X):
    encoder = SequenceEncoder(**params).fit(fitted)
    with pytest.warns(
        UserWarning, match=r"1 of 3 sequences of X have no tokens, such as X\[1\]"
    ) as record:
        codes = encoder.transform(X)
    npt.assert_array_equal(codes, [[1, 2], [NAN, NAN], [NAN, 2]])
    assert record[0].filename == __file__
    assert len(encoder.inverse_transform(codes)[1]) == 0


@pytest.mark.parametrize("columns", ["text", ["text"]])
def test_a_column_transformer_can_encode_one_column(columns):
    table = pd.DataFrame({"text": DNA, "length": [7, 3, 3]}, index=[5, 6, 7])
    columns = make_column_transformer((SequenceEncoder(max_length=2), columns))
    codes = columns.set_output(transform="pandas").fit_transform(table)
    assert list(codes.index) == [5, 6, 7]
    npt.assert_array_equal(codes, [[2, 1], [1, 3], [1, 4]])


def check_array_with_nan(codes):
    return check_array(codes, ensure_all_finite=False)


SELECTIONS = [
    lambda codes: codes,
    lambda codes: codes[:2],
    lambda codes: train_test_split(codes, random_state=0)[0],
    lambda codes: codes.copy(),
    lambda codes: pickle.loads(pickle.dumps(codes)),
]


@pytest.mark.parametrize(
    "select",
    [
        *SELECTIONS,
        lambda codes: codes[[2, 0]],
        lambda codes: codes[:, :, np.newaxis],
        lambda codes: codes.astype(np.float32),
        lambda codes: np.vstack([codes, codes]),
        lambda codes: np.hstack([np.asarray(codes), codes]),
    ],
)
def test_selected_codes_are_marked_as_codes(select):
    assert are_token_codes(select(SequenceEncoder().fit_transform(DNA)))


@pytest.mark.parametrize("select", [*SELECTIONS, lambda codes: codes.iloc[[2, 0]]])
def test_selected_rows_of_frames_of_codes_are_marked_as_codes(select):
    encoder = SequenceEncoder().set_output(transform="pandas")
    assert are_token_codes(select(encoder.fit_transform(DNA)))


@pytest.mark.parametrize(
    "compute",
    [
        np.asarray,
        np.isnan,
        lambda codes: codes / 2,
        lambda codes: 1 - codes,
        lambda codes: codes == 1,
        lambda codes: np.nanmax(codes, axis=1),
        lambda codes: np.add(codes, 1),
        lambda codes: np.isfinite(codes, out=np.zeros(codes.shape, bool)),
        check_array_with_nan,
    ],
)
def test_results_of_arithmetic_are_plain_arrays(compute):
    codes = SequenceEncoder().fit_transform(DNA)
    result = compute(codes)
    assert type(result) is np.ndarray
    npt.assert_array_equal(result, compute(np.array(codes)))


def test_arithmetic_in_place_makes_codes_a_plain_array():
    codes = SequenceEncoder().fit_transform(["ab"])
    codes *= 2
    assert type(codes) is np.ndarray
    npt.assert_array_equal(codes, [[2, 4]])


def test_codes_look_like_an_array():
    codes = SequenceEncoder().fit_transform(["ab"])
    assert repr(codes) == "array([[1., 2.]])"
    assert str(codes) == "[[1. 2.]]"


@pytest.mark.parametrize("container", ["default", "pandas"])
def test_codes_from_a_column_transformer_are_marked_as_codes(container):
    table = pd.DataFrame({"text": DNA, "length": [7, 3, 3]})
    columns = make_column_transformer((SequenceEncoder(), "text"))
    columns.set_output(transform=container).fit(table)
    assert are_token_codes(columns.transform(table))


@pytest.mark.parametrize(
    "X", [[[1.0, 2.0]], np.ones((2, 2)), pd.DataFrame({"token__lag0": [1.0]}), None]
)
def test_other_data_are_not_marked_as_codes(X):
    assert not are_token_codes(X)


def test_frames_joined_with_numbers_are_not_marked_as_codes():
    codes = SequenceEncoder().set_output(transform="pandas").fit_transform(DNA)
    numbers = pd.DataFrame({"length": [7, 3, 3]})
    assert not are_token_codes(pd.concat([codes, numbers], axis=1))


def classifier_of_codes():
    """Return a pipeline that predicts classes from the code of each step."""
    return make_pipeline(
        SequenceEncoder(),
        FunctionTransformer(np.nan_to_num, kw_args={"nan": -1.0}),
        OneHotEncoder(handle_unknown="ignore"),
        LogisticRegression(),
    )


def test_a_pipeline_predicts_labels_of_texts():
    X = [before + last for before in ("ab", "bba", "a", "bb") for last in "xy"]
    pipeline = classifier_of_codes().fit(X, ["ends in " + text[-1] for text in X])
    assert list(pipeline.predict(["aby", "abax"])) == ["ends in y", "ends in x"]
    assert pipeline.score(X, ["ends in " + text[-1] for text in X]) == 1


def test_grid_search_finds_the_better_analyzer():
    # The last word determines the label, its last letter does not.
    X = [f"{'so ' * (n % 3)}{word}" for n in range(8) for word in ("good", "bad")]
    y = [text.endswith("good") for text in X]
    grid = {
        "sequenceencoder__analyzer": ["char", "word"],
        "sequenceencoder__max_length": [1],
        "sequenceencoder__min_frequency": [1, 0.4],
    }
    search = GridSearchCV(classifier_of_codes(), grid, cv=2, error_score="raise")
    search.fit(X, y)
    assert search.best_params_["sequenceencoder__analyzer"] == "word"
    assert search.best_score_ == 1
    scores = search.cv_results_["mean_test_score"]
    npt.assert_array_equal(scores, [0.5, 0.5, 1, 1])


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ("GATTACA", r"must be a list of sequences, got str 'GATTACA'.*\[X\]"),
        (b"GATTACA", "must be a list of sequences, got bytes"),
        (None, "must be a list of sequences, got NoneType"),
        (np.array("GATTACA"), "must be a list of sequences, got ndarray"),
        ([], r"X is empty.*at least one sequence"),
        (pd.DataFrame({"text": []}), "X is empty"),
        (np.array([["a", "b"], ["c", "d"]]), r"ndarray of shape \(2, 2\).*list\(X\)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), r"DataFrame of shape \(1, 2\)"),
        (np.zeros((2, 1, 1)), r"shape \(2, 1, 1\)"),
        (["a", ""], r"X\[1\] has no tokens: str ''.*Drop the sequence and its target"),
        ([["a"], [], ["b"]], r"X\[1\] has no tokens: list"),
        ([["a"], np.array([])], r"X\[1\] has no tokens: ndarray"),
        (["a", None], r"X\[1\] is NoneType None, neither a string nor a list"),
        (["a", NAN], r"X\[1\] is float nan, neither"),
        (pd.Series(["a", None]), r"X\[1\] is \w+ (nan|None), neither"),
        ([1, 2], r"X\[0\] is int 1, neither.*sklstm.pad_sequences"),
        (["a", b"b"], r"X\[1\] is bytes b'b', neither"),
        (["a", {"b"}], r"X\[1\] is set \{'b'\}, neither"),
        (["a", np.array([["b"]])], r"X\[1\] is ndarray array\(\[\['b'\]\]"),
        (
            ["a", ["b"]],
            r"X\[1\] is a sequence of string tokens, but X\[0\] is a string",
        ),
        ([["a"], [1]], r"X\[1\] is a sequence of integer tokens, but X\[0\] is a seq"),
        (
            [["a", 1]],
            r"tokens of X\[0\] must be all strings .* got int, str.*str\(token",
        ),
        ([[1], [0.5]], r"tokens of X\[1\] .* got float"),
        ([[None]], r"tokens of X\[0\] .* got NoneType"),
    ],
)
def test_anything_but_a_list_of_sequences_is_refused(X, words):
    with pytest.raises(ValueError, match=words):
        SequenceEncoder().fit(X)


def test_text_without_words_is_refused():
    with pytest.raises(ValueError, match=r"X\[1\] has no tokens: str '\?!'.*token_pat"):
        SequenceEncoder("word").fit(["a", "?!"])


@pytest.mark.parametrize(
    ("fitted", "X", "words"),
    [
        (DNA, [["G"]], r"X\[0\] is a sequence of string tokens, but fit saw a string"),
        (
            [["G"]],
            ["G"],
            r"X\[0\] is a string, but fit saw a sequence of string tokens",
        ),
        ([[1]], [["1"]], "but fit saw a sequence of integer tokens"),
        ([["G"]], [["G"], ""], r"X\[1\] is a string, but fit saw a sequence"),
        (
            DNA,
            ["G", None],
            r'X\[1\] is NoneType None, .* Drop missing .* or pass "" or \[\]',
        ),
        (DNA, [], "X is empty"),
        (DNA, "GAT", "list of sequences"),
    ],
)
def test_transform_refuses_another_kind_of_sequences(fitted, X, words):
    encoder = SequenceEncoder().fit(fitted)
    with pytest.raises(ValueError, match=words):
        encoder.transform(X)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"min_frequency": 3},
            r"min_frequency=3 leaves no token.* in 2 of 3 sequences",
        ),
        ({"min_frequency": 0.7}, r"min_frequency=0.7 leaves no token.*smaller"),
        ({"analyzer": "word", "token_pattern": None}, r"token_pattern is None, but"),
        ({"analyzer": "char_wb"}, "'analyzer' parameter"),
        ({"min_frequency": 1.0}, "'min_frequency' parameter"),
        ({"max_length": 0}, "'max_length' parameter"),
    ],
)
def test_invalid_parameters_are_refused(params, words):
    with pytest.raises(ValueError, match=words):
        SequenceEncoder(**params).fit(["a", "ab", "b"])


def test_characters_need_no_token_pattern():
    SequenceEncoder(token_pattern=None).fit(DNA)


@pytest.mark.parametrize(
    "method", ["transform", "inverse_transform", "get_feature_names_out"]
)
def test_methods_need_a_fitted_encoder(method):
    with pytest.raises(NotFittedError):
        getattr(SequenceEncoder(), method)(*([DNA] if "transform" in method else []))


def test_callbacks_are_called_at_the_fit():
    pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9")
    calls = []

    class Recorder:
        def setup(self, estimator, context):
            calls.append("setup")

        def teardown(self, estimator, context):
            calls.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            calls.append(f"{context.task_name} begins")

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            codes = fitted_estimator.transform(["a"])
            calls.append(f"{context.task_name} ends with {codes.tolist()}")

    SequenceEncoder().set_callbacks(Recorder()).fit(["a", "b"])
    assert calls == ["setup", "fit begins", "fit ends with [[1.0]]", "teardown"]
