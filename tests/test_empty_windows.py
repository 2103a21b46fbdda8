"""Predictions for sequences and windows without time steps."""

import pickle

import numpy as np
import numpy.testing as npt
import pytest
from one_layer import ONE_LAYER
from sklearn.pipeline import make_pipeline

from sklstm import LSTMAutoencoder, LSTMClassifier, LSTMRegressor, SequenceEncoder

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 4, 2))
CLASSES = np.repeat(["a", "b", "c"], [20, 12, 8])
NUMBERS = RANDOM.gamma(2.0, size=40)
WEIGHTS = np.repeat([1.0, 3.0], 20)
SHORT = {"max_iter": 3, "learning_rate": "cosine", "random_state": 0}

PADDED = X[:3].copy()
PADDED[1] = np.nan

warns = pytest.warns(
    UserWarning, match=r"1 of 3 windows of X have no time steps, such as X\[1\]\. The"
)


def lists():
    return [X[0], [], X[2]]


@pytest.mark.parametrize("to_predict", [PADDED, lists(), [X[0], X[1, :0], X[2]]])
def test_probabilities_of_an_empty_sequence_are_the_class_shares(to_predict):
    model = LSTMClassifier((3,), **SHORT).fit(X, CLASSES)
    with warns:
        probabilities = model.predict_proba(to_predict)
    npt.assert_allclose(probabilities[1], [0.5, 0.3, 0.2])
    npt.assert_allclose(probabilities[[0, 2]], model.predict_proba(X[[0, 2]]))
    with warns:
        assert model.predict(to_predict)[1] == "a"
    with warns:
        npt.assert_allclose(
            model.predict_log_proba(to_predict)[1], np.log([0.5, 0.3, 0.2])
        )


def test_class_shares_are_weighted():
    weights = np.repeat([2.0, 1, 1], [20, 12, 8])
    model = LSTMClassifier((3,), **SHORT).fit(X, CLASSES, weights)
    with warns:
        npt.assert_allclose(model.predict_proba(PADDED)[1], [40 / 60, 12 / 60, 8 / 60])
    model.set_params(class_weight="balanced").fit(X, CLASSES)
    with warns:
        npt.assert_allclose(model.predict_proba(PADDED)[1], [1 / 3] * 3)


def test_two_classes_and_labels_have_shares_too():
    model = LSTMClassifier((3,), **SHORT).fit(X, CLASSES == "a")
    with warns:
        npt.assert_allclose(model.predict_proba(PADDED)[1], [0.5, 0.5])
    labels = np.stack([CLASSES == "a", CLASSES != "c", CLASSES == "x"], 1).astype(int)
    model.fit(X, labels)
    with warns:
        npt.assert_allclose(model.predict_proba(PADDED)[1], [0.5, 0.8, 0], atol=1e-9)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "absolute_error"])
def test_prediction_for_an_empty_sequence_is_the_mean_or_the_median(loss, standardize):
    y = np.stack([NUMBERS, np.arange(40.0)], 1)
    model = LSTMRegressor((3,), loss=loss, standardize=standardize, **SHORT)
    model.fit(X, y, WEIGHTS)
    expected = np.average(y, axis=0, weights=WEIGHTS)
    if loss == "absolute_error":
        repeated = y.repeat(WEIGHTS.astype(int), axis=0)
        expected = np.quantile(repeated, 0.5, axis=0, method="inverted_cdf")
    with warns:
        predictions = model.predict(lists())
    npt.assert_allclose(predictions[1], expected)
    npt.assert_allclose(predictions[[0, 2]], model.predict(X[[0, 2]]))


def test_quantiles_for_an_empty_sequence_are_those_of_the_targets():
    levels = [0.1, 0.5, 0.8]
    model = LSTMRegressor((3,), loss="quantile", quantiles=levels, **SHORT)
    model.fit(X, NUMBERS)
    with warns:
        quantiles = model.predict_quantiles(lists())[1]
    npt.assert_allclose(quantiles, np.quantile(NUMBERS, levels, method="inverted_cdf"))


@pytest.mark.parametrize("is_2d", [True, False])
def test_all_sequences_may_be_empty(is_2d):
    model = LSTMRegressor((3,), **SHORT).fit(X[..., 0] if is_2d else X, NUMBERS)
    with pytest.warns(UserWarning, match="2 of 2 windows of X have no time steps"):
        npt.assert_allclose(model.predict([[], []]), [NUMBERS.mean()] * 2)


def test_a_network_that_was_trained_on_empty_windows_keeps_its_own_answer():
    random = np.random.default_rng(0)
    windows, y = random.normal(size=(60, 3, 1)), random.normal(size=60)
    windows[::3], y[::3] = np.nan, 9
    model = LSTMRegressor((8,), **ONE_LAYER, random_state=0).fit(windows, y)
    # No warning, and not the mean, which is 3.
    npt.assert_allclose(model.predict(windows[:1]), 9, atol=0.5)
    npt.assert_allclose(model.predict([[], windows[1]])[0], 9, atol=0.5)


def test_copies_and_partial_fits_keep_the_constant():
    model = LSTMRegressor((3,), **SHORT).partial_fit(X, NUMBERS)
    model.partial_fit(X[:5], NUMBERS[:5])
    with warns:
        predictions = pickle.loads(pickle.dumps(model)).predict(lists())
    npt.assert_allclose(predictions[1], NUMBERS.mean())


def test_the_steps_of_an_empty_sequence_have_no_predictions():
    model = LSTMClassifier((3,), pooling=None, **SHORT).fit(X, (X[..., 0] > 0))
    first, empty, last = model.predict(lists())
    assert (len(first), len(empty), len(last)) == (4, 0, 4)
    assert model.predict_proba([[], []])[0].shape == (0, 2)
    y = [X[0, :, 0] > 0, [], X[2, :, 0] > 0]
    assert model.score(lists(), y) == model.score(X[[0, 2]], X[[0, 2], :, 0] > 0)


def test_an_empty_sequence_has_no_reconstruction():
    model = LSTMAutoencoder((3,), n_components=2, **SHORT).fit(X)
    assert np.isnan(model.reconstruction_error(lists())).tolist() == [
        False,
        True,
        False,
    ]
    assert len(model.reconstruct(lists())[1]) == 0


@pytest.mark.parametrize("n_empty", [1, 3])
def test_no_sequence_may_be_empty_in_fit(n_empty):
    sequences = [[]] * n_empty + [X[0]] * (3 - n_empty)
    model = LSTMRegressor((3,), **SHORT)
    words = r"X\[0\] has no time steps\. Drop it, and its target"
    with pytest.raises(ValueError, match=words):
        model.fit(sequences, NUMBERS[:3])
    model.partial_fit(X, NUMBERS)
    with pytest.raises(ValueError, match=words):
        model.partial_fit(sequences, NUMBERS[:3])
    with pytest.raises(ValueError, match=words):
        model.fit(X, NUMBERS, X_val=sequences, y_val=NUMBERS[:3])


def test_texts_without_words_get_the_class_shares():
    texts, classes = ["good day", "bad day", "so good", "bad"] * 5, [1, 0, 1, 0] * 5
    encoder = SequenceEncoder("word")
    model = make_pipeline(encoder, LSTMClassifier((3,), embedding_size=2, **SHORT))
    model.fit(texts, [*classes[:-2], 2, 2])
    expected = [9 / 20, 9 / 20, 2 / 20]
    with (
        warns,
        pytest.warns(UserWarning, match=r"1 of 3 sequences of X have no tokens"),
    ):
        npt.assert_allclose(model.predict_proba(["so bad", "?!", "good"])[1], expected)
