"""Classes of steps that fit together (transitions): paths, probabilities, limits."""

import itertools
import pickle

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMClassifier,
    SequenceEncoder,
    SlidingWindowTransformer,
    pad_sequences,
)
from sklstm._nn import crf
from sklstm.streaming import Stream

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(3, 7, 40)
ORDER = {"rest": "up", "up": "down", "down": "rest"}


def segments(n_timesteps):
    """Return classes in the order of `ORDER`, which change now and then."""
    labels = [RANDOM.choice(list(ORDER))]
    for _ in range(n_timesteps - 1):
        changes = RANDOM.random() < 0.4
        labels.append(ORDER[labels[-1]] if changes else labels[-1])
    return np.array(labels)


y = [segments(n) for n in LENGTHS]
X = [
    RANDOM.normal(np.unique(list(ORDER)).searchsorted(labels), 1.0)[:, None]
    for labels in y
]
TWO = [np.where(labels == "rest", "rest", "other") for labels in y]
SETTINGS = {
    "hidden_layer_sizes": (4,),
    "pooling": None,
    "batch_size": 10,
    "max_iter": 4,
    "learning_rate": "cosine",
    "dtype": "float64",
    "random_state": 0,
}


def tagger(transitions=True, **params):
    return LSTMClassifier(**{**SETTINGS, "transitions": transitions, **params})


@pytest.fixture(scope="module")
def fitted():
    return tagger().fit(X, y)


def log_probabilities(model, network, sequence):
    """Return all paths of a sequence, and the log probability of each."""
    [scaled] = (model._model.rows(_samples(model, sequence)).windows,)
    scores = network(scaled).detach().numpy()[0]
    between, start, end = (p.detach().numpy() for p in network.transitions.scores)
    paths = list(itertools.product(range(scores.shape[1]), repeat=len(scores)))
    logs = np.array(
        [
            start[path[0]]
            + sum(row[c] for row, c in zip(scores, path, strict=True))
            + sum(between[pair] for pair in itertools.pairwise(path))
            + end[path[-1]]
            for path in paths
        ]
    )
    return np.array(paths), logs - np.logaddexp.reduce(logs)


def _samples(model, sequence):
    labels = [np.full(len(sequence), model.classes_[0])]
    _, samples = model._check_samples(
        [sequence], labels, None, reset=False, task=model._task
    )
    return samples


def probabilities_of_steps(paths, logs):
    indicators = np.eye(paths.max() + 1)[paths]
    return np.einsum("p,ptc->tc", np.exp(logs), indicators)


def pairs_of(sequences):
    return {pair for labels in sequences for pair in itertools.pairwise(labels)}


@pytest.mark.parametrize("targets", [y, TWO], ids=["three classes", "two classes"])
def test_predictions_are_those_of_all_paths(targets):
    model = tagger().fit(X, targets)
    probabilities = model.predict_proba(X)
    for row, labels in enumerate(model.predict(X)):
        paths, logs = log_probabilities(model, model.network_, X[row])
        npt.assert_array_equal(labels, model.classes_[paths[logs.argmax()]])
        npt.assert_allclose(
            probabilities[row], probabilities_of_steps(paths, logs), atol=1e-10
        )
    logs = np.concatenate(model.predict_log_proba(X))
    npt.assert_allclose(np.exp(logs), np.concatenate(probabilities), rtol=1e-12)
    scores = np.concatenate(model.decision_function(X))
    expected = logs if targets is y else logs[:, 1] - logs[:, 0]
    npt.assert_allclose(scores, expected, rtol=1e-9, atol=1e-12)
    assert model.n_outputs_ == len(model.classes_)
    hits = np.concatenate(model.predict(X)) == np.concatenate(targets)
    assert model.score(X, targets) == pytest.approx(hits.mean())


def test_the_loss_is_that_of_whole_paths_per_step():
    model = tagger(learning_rate_init=1e-12, max_iter=1).fit(X, y)
    total = 0
    for sequence, labels in zip(X, y, strict=True):
        paths, logs = log_probabilities(model, model.network_, sequence)
        path = model.classes_.searchsorted(labels)
        total -= logs[(paths == path).all(axis=1)].item()
    npt.assert_allclose(
        model.set_params(batch_size=40).fit(X, y).loss_, total / LENGTHS.sum()
    )


def test_scores_of_transitions_are_named(fitted):
    table = fitted.transitions_
    assert table.index.to_list() == ["<start>", "down", "rest", "up"]
    assert table.columns.to_list() == ["down", "rest", "up", "<end>"]
    between, start, end = fitted.network_.transitions.scores
    assert table.loc["rest", "up"] == between[1, 2].item()
    assert table.loc["<start>", "up"] == start[2].item()
    assert table.loc["up", "<end>"] == end[2].item()
    assert np.isnan(table.loc["<start>", "<end>"])
    numbers = tagger(max_iter=1).fit(X, [np.arange(len(s)) % 2 for s in X])
    assert np.isfinite(numbers.transitions_.loc[0, 1])


def test_transitions_are_those_of_the_sequences():
    # X says nothing. The odds ratio does not depend on the scores of the steps.
    chain = RANDOM.random((300, 20)) < 0.2
    labels = chain.cumsum(axis=1) % 2
    model = tagger(max_iter=150, learning_rate_init=0.03, batch_size=100)
    table = model.fit(np.zeros((300, 20)), labels).transitions_
    pairs = np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()])
    counts = np.histogram2d(*pairs, bins=2)[0]
    expected = np.log(counts[0, 0] * counts[1, 1] / counts[0, 1] / counts[1, 0])
    ours = table.loc[0, 0] + table.loc[1, 1] - table.loc[0, 1] - table.loc[1, 0]
    assert ours == pytest.approx(expected, abs=0.1)


def test_transitions_that_were_never_seen_are_never_predicted():
    settings = {"max_iter": 1, "learning_rate_init": 1e-12}  # knows nothing
    noise = RANDOM.normal(size=(50, 12, 1))
    assert not pairs_of(tagger(**settings).fit(X, y).predict(noise)) <= pairs_of(y)
    model = tagger("seen", **settings).fit(X, y)
    predicted = model.predict(noise)
    assert pairs_of(predicted) <= pairs_of(y)
    assert len(pairs_of(predicted)) > 1
    table = model.transitions_.loc["down":, :"up"]
    excluded = {
        (a, b) for a in table.index for b in table if table.loc[a, b] == -np.inf
    }
    assert excluded == set(itertools.product(ORDER, ORDER)) - pairs_of(y)
    npt.assert_allclose(model.predict_proba(noise).sum(axis=2), 1)


def test_transitions_of_validation_data_are_seen():
    extra = [np.array(["down", "down", "up"])]
    without = tagger("seen").fit(X, y)
    assert without.transitions_.loc["down", "up"] == -np.inf
    model = tagger("seen").fit(
        X, y, X_val=X[:1] * 1, y_val=[np.resize(extra, LENGTHS[0])]
    )
    assert np.isfinite(model.transitions_.loc["down", "up"])
    assert np.isfinite(model.validation_loss_curve_).all()
    held_out = tagger("seen", early_stopping=True).fit(X, y)
    assert np.isfinite(held_out.validation_loss_curve_).all()


def test_sequences_of_one_step_have_no_transitions():
    model = tagger("seen").fit(np.zeros((4, 1, 1)), [["a"], ["b"], ["a"], ["b"]])
    assert model.predict(np.zeros((2, 1, 1))).shape == (2, 1)
    with pytest.raises(ValueError, match="must be at most 1"):
        model.predict(np.zeros((2, 3, 1)))


def test_windows_of_weight_zero_are_not_seen():
    odd = [*y, np.array(["down", "up", "rest"])]
    weights = np.r_[np.ones(len(X)), 0]
    model = tagger("seen").fit([*X, X[0][:3]], odd, sample_weight=weights)
    expected = tagger("seen").fit(X, y)
    pd.testing.assert_frame_equal(model.transitions_, expected.transitions_)
    npt.assert_array_equal(
        np.concatenate(model.predict_proba(X)),
        np.concatenate(expected.predict_proba(X)),
    )


def test_a_sequence_without_a_path_is_an_error_with_a_way_out():
    ends = [np.array(["a", "b", "c"])] * 5
    short = [np.zeros((3, 1))] * 5
    model = tagger("seen").fit(short, ends)
    npt.assert_array_equal(model.predict(short)[0], ends[0])
    npt.assert_allclose(model.predict_proba(short)[0], np.eye(3))
    longer = [np.zeros((2, 1)), np.zeros((4, 1))]
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(ValueError, match=r"X\[1\] is 4, but .* at most 3: "):
            method(longer)
    assert len(model.predict([np.zeros((3, 1)), np.zeros((2, 1))])) == 2
    model.set_params(transitions=True).fit(short, ends).predict(longer)


@pytest.mark.parametrize(
    ("params", "message", "way_out"),
    [
        ({"pooling": "auto"}, "pooling='auto' there is one", {"pooling": None}),
        ({"pooling": "last"}, "Set pooling=None", {"pooling": None}),
        ({"class_weight": "balanced"}, "Set class_weight=None", {"class_weight": None}),
        ({"class_weight": {"up": 2}}, "sample_weight", {"class_weight": None}),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_other_parameters_must_suit(method, params, message, way_out):
    model = tagger("seen", max_iter=1, **params)
    with pytest.raises(ValueError, match=f"transitions='seen' .*{message}"):
        getattr(model, method)(X, y)
    getattr(model.set_params(**way_out), method)(X, y, sample_weight=LENGTHS)


def test_several_labels_are_refused():
    labels = RANDOM.integers(0, 2, (20, 5, 2))
    model = tagger(max_iter=1)
    with pytest.raises(ValueError, match="one class for each time step, but y has 2"):
        model.fit(np.zeros((20, 5)), labels)
    model.set_params(transitions=False).fit(np.zeros((20, 5)), labels)
    model.set_params(transitions=True).fit(np.zeros((20, 5)), labels[:, :, 0])


def test_transitions_exist_only_if_they_were_learned():
    model = tagger(transitions=False, max_iter=1).fit(X, y)
    assert not hasattr(model, "transitions_")
    with pytest.raises(AttributeError, match="Set transitions=True and pooling=None"):
        _ = model.transitions_
    with pytest.raises(ValueError, match="'transitions' parameter"):
        tagger(transitions="all").fit(X, y)


@pytest.mark.parametrize("transitions", [True, "seen"])
def test_ensembles_predict_the_path_with_the_highest_mean(transitions):
    model = tagger(transitions, n_estimators=3).fit(X, y)
    probabilities = model.predict_proba(X)
    for row, labels in enumerate(model.predict(X)):
        results = [log_probabilities(model, n, X[row]) for n in model.networks_]
        paths, logs = results[0][0], np.array([logs for _, logs in results])
        npt.assert_array_equal(labels, model.classes_[paths[logs.mean(0).argmax()]])
        expected = [probabilities_of_steps(paths, each) for each in logs]
        npt.assert_allclose(probabilities[row], np.mean(expected, axis=0), atol=1e-10)
    tables = [n.transitions.scores.between.detach().numpy() for n in model.networks_]
    npt.assert_allclose(model.transitions_.iloc[1:, :-1], np.mean(tables, axis=0))


def test_a_prediction_does_not_depend_on_its_batch(fitted):
    for row, (labels, probabilities) in enumerate(
        zip(fitted.predict(X), fitted.predict_proba(X), strict=True)
    ):
        npt.assert_array_equal(fitted.predict([X[row]])[0], labels)
        alone = fitted.predict_proba([X[row]])[0]
        npt.assert_allclose(alone, probabilities, rtol=1e-9)
    padded = fitted.predict(pad_sequences(X))
    assert padded.shape == (40, LENGTHS.max())
    is_real = ~np.isnan(pad_sequences(X)[:, :, 0])
    npt.assert_array_equal(padded[is_real], np.concatenate(fitted.predict(X)))


def test_paths_are_found_in_blocks(fitted, monkeypatch):
    expected = fitted.predict(X)
    monkeypatch.setattr("sklstm._core.ensemble.PAIR_NUMBERS", 50)
    npt.assert_array_equal(np.concatenate(fitted.predict(X)), np.concatenate(expected))


def test_few_paths_are_found_on_one_thread(fitted, monkeypatch):
    seen, before, find = [], torch.get_num_threads(), crf.best_paths

    def recorded(*args):
        seen.append(torch.get_num_threads())
        return find(*args)

    monkeypatch.setattr(crf, "best_paths", recorded)
    torch.set_num_threads(2)
    try:
        fitted.predict(X)
    finally:
        torch.set_num_threads(before)
    assert seen == [1]


def test_empty_sequences_have_no_path(fitted):
    labels = fitted.predict([np.empty((0, 1)), X[0]])
    assert [len(each) for each in labels] == [0, LENGTHS[0]]
    npt.assert_array_equal(labels[1], fitted.predict(X[:1])[0])


def test_frames_of_sequences_get_a_class_per_row(fitted):
    keys = [(i, step) for i, n in enumerate(LENGTHS) for step in range(n)]
    index = pd.MultiIndex.from_tuples(keys, names=["series", "time"])
    frame = pd.DataFrame({"value": np.concatenate(X)[:, 0]}, index)
    model = tagger().fit(frame, np.concatenate(y))
    npt.assert_array_equal(model.predict(frame), np.concatenate(fitted.predict(X)))


def test_weights_are_repetitions():
    settings = {"batch_size": 60, "max_iter": 5}
    weights = np.r_[np.full(10, 2.0), np.ones(30)]
    weighted = tagger(**settings).fit(X, y, sample_weight=weights)
    repeated = tagger(**settings).fit(X[:10] + X, y[:10] + y)
    npt.assert_allclose(
        np.concatenate(weighted.predict_proba(X)),
        np.concatenate(repeated.predict_proba(X)),
        rtol=1e-6,
    )
    npt.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-7)


@pytest.mark.parametrize("transitions", [True, "seen"])
def test_copies_predict_the_same(transitions):
    model = tagger(transitions, n_estimators=2, bidirectional=True).fit(X, y)
    refitted = clone(model).fit(X, y)
    for copy in (pickle.loads(pickle.dumps(model)), refitted):
        pd.testing.assert_frame_equal(copy.transitions_, model.transitions_)
        npt.assert_array_equal(
            np.concatenate(copy.predict_proba(X)),
            np.concatenate(model.predict_proba(X)),
        )


def test_searches_try_transitions():
    grid = {"transitions": [False, True, "seen"]}
    search = GridSearchCV(tagger(max_iter=2), grid, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    alone = cross_val_score(tagger(max_iter=2), X, y, cv=2)
    with parallel_config("threading", n_jobs=2):
        npt.assert_array_equal(cross_val_score(tagger(max_iter=2), X, y, cv=2), alone)


def test_partial_fits_collect_what_was_seen():
    settings = {"classes": list(ORDER)}
    model = tagger("seen").partial_fit([X[0][:2]], [["rest", "up"]], **settings)
    table = model.transitions_
    assert np.isfinite(table.loc[list(ORDER), list(ORDER)]).sum().sum() == 1
    model.partial_fit([X[0][:2]], [["up", "down"]])
    table = model.transitions_
    assert np.isfinite(table.loc["rest", "up"])
    assert np.isfinite(table.loc["up", "down"])
    assert np.isfinite(table.loc[list(ORDER), list(ORDER)]).sum().sum() == 2
    assert model.n_iter_ == 2


def test_warm_starts_go_on_with_the_transitions():
    model = tagger(warm_start=True).fit(X, y)
    before = model.transitions_
    model.set_params(learning_rate_init=1e-12).fit(X, y)
    npt.assert_allclose(model.transitions_, before, atol=1e-9)
    model.set_params(n_estimators=2).fit(X, y)
    assert len(model.networks_) == 2
    with pytest.raises(ValueError, match="transitions from True to False"):
        model.set_params(transitions=False).fit(X, y)
    model.set_params(warm_start=False).fit(X, y)


def test_words_are_tagged():
    texts = [["the", "dog", "bites"], ["a", "man", "bites", "the", "dog"]] * 5
    tags = [["DET", "NOUN", "VERB"], ["DET", "NOUN", "VERB", "DET", "NOUN"]] * 5
    model = make_pipeline(
        SequenceEncoder(), tagger("seen", max_iter=40, embedding_size=4)
    ).fit(texts, tags)
    assert model.predict([["the", "man", "bites"]])[0, -3:].tolist() == tags[0]


def test_a_stream_returns_the_path_of_the_newest_window():
    series = pd.DataFrame(RANDOM.normal(size=(40, 1)))
    windows = SlidingWindowTransformer(4)
    labels = (windows.fit_transform(series)[:, :, 0] > 0).astype(int)
    model = make_pipeline(windows, tagger()).fit(series[:30], labels[:30])
    stream = Stream(model)
    for row in range(30, 40):
        newest = stream.update(series[row : row + 1]).predict()
    npt.assert_array_equal(newest, model.predict(series[30:])[-1:])
