"""LSTMClassifier against scikit-learn's metrics and against formulas."""

import pickle

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import scipy.sparse
import torch
from one_layer import ONE_LAYER
from scipy.special import expit, softmax
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.multiclass import OneVsRestClassifier

from sklstm import LSTMClassifier
from sklstm._core.samples import Samples, split_off_stratified
from sklstm._core.targets import Classification
from sklstm._input.check import Windows

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(240, 6, 2))
LEVEL = X[:, :, 0].mean(axis=1)
TWO = np.where(LEVEL > 0, "up", "down")
THREE = np.digitize(LEVEL, [-0.25, 0.25]) * 10
MANY = np.stack([LEVEL > 0, X[:, -1, 1] > 0, LEVEL > 0.2], axis=1).astype(int)
SETTINGS = ONE_LAYER | {
    "hidden_layer_sizes": (8,),
    "batch_size": 20,
    "max_iter": 40,
    "learning_rate": "cosine",
    "random_state": 0,
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted(y, **settings):
    return LSTMClassifier(**{**SETTINGS, **settings}).fit(X[:160], y[:160])


@pytest.mark.parametrize("y", [TWO, THREE, LEVEL > 0], ids=["text", "numbers", "bool"])
def test_classes_are_learned(y):
    model = fitted(y)
    npt.assert_array_equal(model.classes_, np.unique(y))
    assert model.score(X[160:], y[160:]) > 0.85
    assert model.predict(X[160:]).dtype == y.dtype


def test_each_of_several_labels_is_predicted():
    model = fitted(MANY)
    assert (model.predict(X[160:]) == MANY[160:]).mean() > 0.85
    probabilities = model.predict_proba(X[160:])
    npt.assert_array_equal(model.predict(X[160:]), probabilities > 0.5)
    sparse = fitted(scipy.sparse.csr_array(MANY))
    npt.assert_array_equal(sparse.predict_proba(X[160:]), probabilities)


@pytest.mark.parametrize("y", [TWO, THREE, MANY], ids=["two", "three", "many"])
def test_probabilities_follow_from_decision_function(y):
    model = fitted(y)
    scores, probabilities = model.decision_function(X), model.predict_proba(X)
    if y is TWO:
        expected = np.stack([expit(-scores), expit(scores)], axis=1)
    else:
        expected = expit(scores) if y is MANY else softmax(scores, axis=1)
    npt.assert_allclose(probabilities, expected, rtol=1e-6)
    npt.assert_allclose(model.predict_log_proba(X), np.log(expected), rtol=1e-6)


def test_logarithms_of_tiny_probabilities_are_finite():
    task = Classification("", "binary", np.array([0, 1]))
    npt.assert_allclose(task.log_probabilities(np.array([[-800.0]])), [[0, -800]])
    task = Classification("", "multiclass", np.arange(3))
    expected = [[0, -900, -800]]
    npt.assert_allclose(task.log_probabilities(np.array([[900.0, 0, 100]])), expected)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_the_loss_is_the_log_loss(y):
    model = LSTMClassifier(**SETTINGS).fit(
        X[:160], y[:160], X_val=X[160:], y_val=y[160:]
    )
    expected = log_loss(y[160:], model.predict_proba(X[160:]))
    assert model.best_loss_ == pytest.approx(expected, rel=1e-5)


def test_class_weights_are_sample_weights():
    rare = np.where(LEVEL > 0.3, "rare", "common")[:160]
    counts = {label: (rare == label).sum() for label in ("rare", "common")}
    weights = {label: 160 / (2 * count) for label, count in counts.items()}
    each = np.array([weights[label] for label in rare])
    by_weight = LSTMClassifier(**SETTINGS).fit(X[:160], rare, each).predict_proba(X)
    for class_weight in ("balanced", weights):
        npt.assert_allclose(
            fitted(rare, class_weight=class_weight).predict_proba(X),
            by_weight,
            rtol=1e-5,
        )
    plain = fitted(rare, max_iter=4).predict(X[160:]) == "rare"
    balanced = fitted(rare, max_iter=4, class_weight="balanced").predict(X[160:])
    assert (balanced == "rare").sum() > plain.sum()


def test_early_stopping_holds_out_the_same_fraction_of_each_class():
    strata = np.repeat([0, 1, 2], [100, 40, 10])
    windows = Windows(np.arange(150.0).reshape(-1, 1, 1), None)
    samples = Samples(windows, strata[:, None], np.ones(150))
    training, validation = split_off_stratified(
        samples, 0.2, strata, np.random.RandomState(0)
    )
    assert np.bincount(validation.targets[:, 0]).tolist() == [20, 8, 2]
    rows = np.concatenate([training.windows.values, validation.windows.values])
    assert sorted(rows.ravel()) == list(range(150))


def test_early_stopping_without_shuffle_holds_out_the_last_windows():
    model = LSTMClassifier(early_stopping=True, shuffle=False, **SETTINGS)
    model.fit(X[:160], TWO[:160])
    expected = LSTMClassifier(shuffle=False, **SETTINGS).fit(
        X[:144], TWO[:144], X_val=X[144:160], y_val=TWO[144:160]
    )
    npt.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_partial_fit_needs_all_classes_in_the_first_call():
    model = LSTMClassifier(**SETTINGS)
    first = THREE[:160] < 20
    model.partial_fit(X[:160][first], THREE[:160][first], classes=[0, 10, 20])
    for _ in range(30):
        model.partial_fit(X[:160], THREE[:160])
    assert model.score(X[160:], THREE[160:]) > 0.8
    with pytest.raises(ValueError, match=r"classes \[30\], which are not among"):
        model.partial_fit(X[:2], [30, 0])


def test_same_seed_and_pickle_give_the_same_probabilities():
    model = fitted(THREE)
    expected = model.predict_proba(X)
    npt.assert_array_equal(fitted(THREE).predict_proba(X), expected)
    copy = pickle.loads(pickle.dumps(model))
    npt.assert_array_equal(copy.predict_proba(X), expected)


def test_warm_start_keeps_the_classes():
    model = fitted(THREE, warm_start=True)
    before = model.loss_
    assert model.fit(X[:160], THREE[:160]).loss_ < before
    few = THREE[:160] < 20
    model.partial_fit(X[:160][few], THREE[:160][few])
    assert model.score(X[160:], THREE[160:]) > 0.7
    with pytest.raises(ValueError, match=r"lacks \[20\].*Use partial_fit"):
        model.fit(X[:160][few], THREE[:160][few])
    for y, message in [
        (TWO, r"classes \['down', 'up'\], which are not among"),
        (MANY, "must have one class for each window"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)


def test_a_failed_fit_leaves_the_estimator_unchanged():
    model = fitted(THREE)
    expected = model.predict_proba(X)
    wider = np.concatenate([X, X], axis=2)
    for bad_X, bad_y in [(wider, THREE * 0), (X[:, :, 0], THREE[:-1]), (X, LEVEL)]:
        with pytest.raises(ValueError):  # noqa: PT011
            model.fit(bad_X, bad_y)
        npt.assert_array_equal(model.predict_proba(X), expected)


def test_class_weights_apply_to_validation_windows():
    model = LSTMClassifier(class_weight={0: 0.0, 10: 1, 20: 1}, **SETTINGS)
    model.fit(X[:160], THREE[:160], X_val=X[160:], y_val=THREE[160:])
    assert set(model.predict(X)) <= {10, 20}


def test_balanced_classes_have_equal_total_weights():
    weights = np.where(THREE == 10, 5.0, 1.0)
    model = LSTMClassifier(class_weight="balanced", **SETTINGS)
    by_weight = model.fit(X, THREE, weights).predict_proba(X)
    repeats = weights.astype(int)
    repeated = model.fit(X.repeat(repeats, axis=0), THREE.repeat(repeats))
    task = Classification("", "multiclass", np.array([0, 10, 20]))
    sizes = [
        task.class_weights("balanced", Samples(None, task.read(y, None), w))
        for y, w in [
            (THREE, weights),
            (THREE.repeat(repeats), np.ones(repeats.sum())),
        ]
    ]
    npt.assert_allclose(*sizes)
    assert by_weight.shape == repeated.predict_proba(X).shape


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_class_weights_are_finite_and_not_negative(weight):
    with pytest.raises(ValueError, match="finite numbers that are not negative"):
        fitted(THREE, class_weight={0: weight, 10: 1, 20: 1})


def test_classes_of_later_calls_must_be_those_of_the_first():
    model = LSTMClassifier(**SETTINGS).partial_fit(X, THREE)
    model.partial_fit(X, THREE, classes=[20, 10, 0])
    with pytest.raises(ValueError, match=r"classes=\['a', 'b'\] differ from those"):
        model.partial_fit(X, THREE, classes=["a", "b"])
    with pytest.raises(
        ValueError, match=r"list of labels, such as np.unique\(y\), got 20"
    ):
        model.partial_fit(X, THREE, classes=20)


def test_searches_stratify_and_score():
    scores = cross_val_score(
        LSTMClassifier(**SETTINGS), X, TWO, cv=StratifiedKFold(3), scoring="roc_auc"
    )
    assert scores.min() > 0.9
    one_vs_rest = OneVsRestClassifier(LSTMClassifier(**SETTINGS))
    assert one_vs_rest.fit(X[:, :, 0], THREE).score(X[:, :, 0], THREE) > 0.8


@pytest.mark.parametrize(
    ("y", "settings", "message"),
    [
        (np.zeros(240), {}, r"1 class\(es\), \[0\.0\]"),
        (LEVEL, {}, "Unknown label type"),
        (np.where(LEVEL > 0, 1, np.nan), {}, "y contains NaN"),
        (["a", "b", None] * 80, {}, "80 labels are missing. Drop the windows"),
        (pd.Series(["a", "b", pd.NA] * 80, dtype="string"), {}, "80 labels are miss"),
        (TWO[:-1], {}, "240 windows, but y has 239"),
        (None, {}, "requires y to be passed"),
        (
            MANY,
            {"class_weight": "balanced"},
            "not available for windows",
        ),
        (TWO, {"class_weight": {"left": 2.0}}, "not in class_weight"),
        (
            TWO,
            {"early_stopping": True, "validation_fraction": 0.001},
            "no window for val",
        ),
        (TWO, {"class_weight": "even"}, "class_weight"),
        ([["a"], ["b", "c"]] * 120, {}, "different numbers of labels.*pooling=None"),
        (np.array([1, "a"] * 120, object), {}, r"types int, str.*astype\(str\)"),
        (pd.DataFrame({"a": ["x", "y"] * 120, "b": "z"}), {}, "MultiLabelBinarizer"),
    ],
)
def test_bad_targets_and_class_weights_are_refused(y, settings, message):
    with pytest.raises(ValueError, match=message):
        LSTMClassifier(**{**SETTINGS, **settings}).fit(X, y)


def test_validation_classes_must_be_those_of_fit():
    with pytest.raises(ValueError, match=r"classes \['left'\], which are not among"):
        LSTMClassifier(**SETTINGS).fit(X, TWO, X_val=X[:2], y_val=["up", "left"])
    with pytest.raises(ValueError, match='does not support class_weight="balanced"'):
        LSTMClassifier(class_weight="balanced").partial_fit(X, TWO)


def test_labels_may_be_a_tensor():
    labels = (LEVEL > 0).astype(int)
    model = fitted(torch.tensor(labels))
    npt.assert_array_equal(model.predict(X), fitted(labels).predict(X))
    assert model.score(X, torch.tensor(labels)) == model.score(X, labels)
