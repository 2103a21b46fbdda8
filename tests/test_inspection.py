"""Integrated gradients and the memory of fitted models."""

import functools

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
    pad_sequences,
)
from sklstm.inspection import (
    gate_traces,
    integrated_gradients,
    memory_horizon,
    sequence_permutation_importance,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(30, 6, 2)) * [3, 1] + [5, 0]
Y = X[:, -2, 0] * 2 + 100
RAGGED = [window[i % 4 :] for i, window in enumerate(X)]
CODES = RANDOM.integers(1, 6, size=(30, 7))
TEXTS = [
    "".join("abcde"[code - 1] for code in row[: 3 + i % 4])
    for i, row in enumerate(CODES)
]
SMALL = {"max_iter": 5, "conv_filters": (), "random_state": 0}
LAGS = {"hidden_layer_sizes": (16,), "batch_size": 50, "max_iter": 40}
LAGS |= {"bidirectional": False, "pooling": "last", "conv_filters": ()}
LAGS |= {"learning_rate": "cosine", "learning_rate_init": 0.03}


def regressor(X=X, y=Y, **settings):
    return LSTMRegressor((6,), **SMALL | settings).fit(X, y)


def classifier(y, X=X, **settings):
    return LSTMClassifier((6,), **SMALL | settings).fit(X, y)


def log_odds(probabilities):
    return logit(np.asarray(probabilities))


def sums(attributions):
    """Sum of the attributions of each window."""
    if hasattr(attributions, "to_numpy"):
        attributions = attributions.to_numpy()
    return np.array([of_window.sum() for of_window in attributions])


def check(model, X, outputs, **params):
    """Check that attributions add up to the outputs; return all results."""
    result = integrated_gradients(model, X, **params)
    npt.assert_allclose(result.outputs, outputs, rtol=1e-6, atol=1e-8)
    difference = result.outputs - result.baseline_outputs
    npt.assert_allclose(sums(result.attributions), difference, rtol=1e-3, atol=1e-9)
    return result


# Completeness


@pytest.mark.parametrize("standardize", [False, "features", "steps", "windows"])
def test_attributions_add_up_in_the_units_of_y(standardize):
    model = regressor(standardize=standardize)
    result = check(model, X, model.predict(X))
    assert result.attributions.shape == X.shape
    for baseline in ("zeros", 4.0, [5.0, 0.0], X[0], X[::-1]):
        result = check(model, X, model.predict(X), baseline=baseline)
        windows = 0.0 if isinstance(baseline, str) else baseline
        windows = np.broadcast_to(windows, X.shape)
        npt.assert_allclose(result.baseline_outputs, model.predict(windows))


def test_mean_of_training_is_the_default_baseline():
    model = regressor()
    means = np.broadcast_to(X.mean(axis=(0, 1)), X.shape)
    result = integrated_gradients(model, X)
    npt.assert_allclose(result.baseline_outputs, model.predict(means))
    npt.assert_allclose(
        result.attributions,
        integrated_gradients(model, X, baseline=means).attributions,
    )


def test_attributions_of_a_linear_model_are_weight_times_distance():
    model = regressor(cell="rnn", activation="identity", pooling="last")
    baseline = X[1]
    result = integrated_gradients(model, X[:1], baseline=baseline)
    for place in np.ndindex(X.shape[1:]):
        changed = baseline.copy()
        changed[place] = X[0][place]
        effect = model.predict(changed[None]) - model.predict(baseline[None])
        npt.assert_allclose(result.attributions[0][place], effect[0], atol=1e-8)


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "gru", "activation": "relu"},
        {"cell": "transformer"},
        {"pooling": "attention"},
        {"pooling": ("max", "mean"), "bidirectional": True},
        {"n_estimators": 2},
        {"n_estimators": 3, "dtype": "float32"},
        {"loss": "poisson"},
        {"conv_filters": (4,), "batch_norm": True, "conv_pooling": "max"},
        {"conv_filters": (4,), "conv_pool_size": 2, "dropout": 0.5},
    ],
    ids=str,
)
def test_attributions_of_all_networks_add_up(settings):
    model = regressor(**settings)
    check(model, X[:10], model.predict(X[:10]))


def test_outputs_and_quantiles_are_explained_one_by_one():
    Y2 = np.column_stack([Y, X[:, -1, 1]])
    model = regressor(y=Y2)
    check(model, X, model.predict(X)[:, 1], target=1)
    model = regressor(y=Y2, loss="quantile", quantiles=(0.2, 0.5, 0.9))
    check(model, X, model.predict_quantiles(X)[:, 1, 2], target=1, quantile=0.9)
    check(model, X, model.predict(X)[:, 0], target=0)
    model = regressor(y=Y2, standardize=False)
    check(model, X, model.predict(X)[:, 1], target=1)


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_classes_have_log_odds(n_estimators):
    sides = np.where(np.median(Y) < Y, "up", "down")
    model = classifier(sides, n_estimators=n_estimators)
    check(model, X, model.decision_function(X))
    check(model, X, -model.decision_function(X), target="down")
    thirds = np.digitize(Y, np.quantile(Y, [1 / 3, 2 / 3])) + 5
    model = classifier(thirds, n_estimators=n_estimators)
    check(model, X, log_odds(model.predict_proba(X)[:, 1]), target=6)
    check(model, X, log_odds(model.predict_proba(X).max(axis=1)))
    labels = np.column_stack([sides == "up", thirds == 6]).astype(int)
    model = classifier(labels, n_estimators=n_estimators)
    check(model, X, model.decision_function(X)[:, 1], target=1)


@pytest.mark.parametrize("transitions", [False, True, "seen"])
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_a_step_of_ragged_sequences_is_explained(n_estimators, transitions):
    y = [np.where(x[:, 0] > 5, "a", np.where(x[:, 1] > 0, "b", "c")) for x in RAGGED]
    model = classifier(
        y, RAGGED, pooling=None, transitions=transitions, n_estimators=n_estimators
    )
    probabilities = model.predict_proba(RAGGED)
    for step in (-1, -3, 1):
        outputs = log_odds([of_window[step, 1] for of_window in probabilities])
        result = check(model, RAGGED, outputs, target="b", step=step)
    shapes = [of_window.shape for of_window in result.attributions]
    assert shapes == [window.shape for window in RAGGED]


def test_padding_has_no_attributions():
    model = regressor(RAGGED)
    padded = pad_sequences(RAGGED)
    result = check(model, padded, model.predict(RAGGED))
    assert not result.attributions[np.isnan(padded)].any()
    of_list = check(model, RAGGED, model.predict(RAGGED))
    steps = result.attributions[~np.isnan(padded).all(axis=2)]
    npt.assert_array_equal(np.concatenate(of_list.attributions), steps)


def test_frames_give_frames():
    windows = SlidingWindowTransformer(3).set_output(transform="pandas")
    table = pd.DataFrame(X[:, 0], pd.date_range("2024", periods=30), ["a", "b"])
    flat = windows.fit_transform(table).iloc[:, [3, 0, 5, 2, 1, 4]]
    model = regressor(flat)
    result = check(model, flat, model.predict(flat))
    assert result.attributions.columns.equals(flat.columns)
    assert result.attributions.index.equals(flat.index)
    assert sorted(result.feature_names) == ["a", "b"]
    frames = [pd.DataFrame(window, columns=["a", "b"]) for window in RAGGED]
    long = pd.concat(frames, keys=range(30))
    model = regressor(long)
    result = integrated_gradients(model, long)
    assert result.attributions.index.equals(long.index)
    npt.assert_allclose(
        result.attributions.groupby(level=0).sum().sum(axis=1),
        model.predict(long) - result.baseline_outputs,
        rtol=1e-3,
    )


def test_windows_of_one_feature_have_two_axes():
    model = regressor(X[:, :, 0])
    result = check(model, X[:, :, 0], model.predict(X[:, :, 0]), baseline=X[0, :, 0])
    assert result.attributions.shape == (30, 6)


def test_reconstruction_errors_are_explained():
    model = LSTMAutoencoder((4,), n_components=2, max_iter=5, random_state=0).fit(X)
    check(model, X, model.reconstruction_error(X))


@pytest.mark.parametrize("wrap", ["pipeline", "target", "search", "frozen"])
def test_windows_of_a_table_are_explained(wrap):
    table = pd.DataFrame(X[:, 0], pd.date_range("2024", periods=30), ["a", "b"])
    scaler = StandardScaler().set_output(transform="pandas")
    windows = SlidingWindowTransformer(3, shift=1, known_ahead=["b"])
    network = LSTMRegressor((4,), **SMALL)
    model = make_pipeline(scaler, windows, network)
    if wrap == "target":
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    if wrap == "search":
        model = GridSearchCV(model, {"lstmregressor__cell": ["gru"]}, cv=2)
    outputs = model.fit(table, Y).predict(table)
    if wrap == "frozen":
        model = FrozenEstimator(model)
    if wrap == "target":
        outputs = model.transformer_.transform(outputs[:, None])[:, 0]
    result = check(model, table, outputs)
    assert result.attributions.shape == (30, 3, 2)
    assert result.feature_names.tolist() == ["a", "b"]
    assert result.lags.tolist() == [[3, 2], [2, 1], [1, 0]]
    assert memory_horizon(model, table).lags.tolist() == [0, 1, 2, 3]


# Tokens

PAIRS = {"embedding_pairs": 40, "conv_pooling": "mean"}


@pytest.mark.parametrize("settings", [{}, PAIRS, {"n_estimators": 2}], ids=str)
def test_tokens_have_one_attribution_each(settings):
    codes = [row[: 3 + i % 4] for i, row in enumerate(CODES)]
    model = regressor(codes, embedding_size=3, **settings)
    result = check(model, codes, model.predict(codes))
    unknown = [np.zeros_like(row) for row in codes]
    npt.assert_allclose(result.baseline_outputs, model.predict(unknown))
    baseline = np.full(6, 2)
    result = check(model, codes, model.predict(codes), baseline=baseline)
    twos = [np.full_like(row, 2) for row in codes]
    npt.assert_allclose(result.baseline_outputs, model.predict(twos))
    # A token that equals the baseline has no attribution, apart from its pair.
    if settings != PAIRS:
        npt.assert_array_equal(result.attributions[0][codes[0] == 2], 0)


def test_texts_have_a_number_for_each_token():
    encoder = SequenceEncoder(analyzer="char", max_length=5)
    model = make_pipeline(encoder, LSTMRegressor((4,), embedding_size=3, **SMALL))
    model.fit(TEXTS, Y)
    result = check(model, TEXTS, model.predict(TEXTS))
    assert ["".join(tokens) for tokens in result.tokens] == TEXTS
    assert list(map(len, result.attributions)) == list(map(len, TEXTS))
    longest = int(np.argmax(list(map(len, TEXTS))))
    assert result.attributions[longest][0] == 0
    assert result.attributions[longest][1:].all()


MOTIF = "TGACG"


def dna(seed, n_sequences, n_letters=20):
    """Return sequences, of which every second one has the motif, and its starts.

    Some of the others were not read, so that all their letters are N.
    """
    random = np.random.default_rng(seed)
    letters = random.choice(list("ACGT"), (n_sequences, n_letters))
    letters[::10] = "N"
    texts = ["".join(row).replace(MOTIF, "AAAAA") for row in letters]
    starts = random.integers(n_letters - len(MOTIF) + 1, size=n_sequences)
    has_motif = np.arange(n_sequences) % 2 == 1
    for i in np.flatnonzero(has_motif):
        before, after = texts[i][: starts[i]], texts[i][starts[i] + len(MOTIF) :]
        texts[i] = before + MOTIF + after
    return texts, has_motif, starts


@pytest.mark.parametrize("seed", range(3))
def test_letters_of_a_motif_lead(seed):
    texts, has_motif, _ = dna(seed, 400)
    network = LSTMClassifier(
        (8,),
        bidirectional=False,
        embedding_size=4,
        embedding_dropout=0,
        conv_filters=(8,),
        conv_kernel_size=5,
        conv_pooling=None,
        batch_norm=False,
        dropout=0,
        recurrent_dropout=0,
        batch_size=40,
        learning_rate_init=0.02,
        max_iter=30,
        random_state=seed,
    )
    # N is in a tenth of the sequences, and becomes the unknown token.
    encoder = SequenceEncoder(analyzer="char", lowercase=False, min_frequency=0.2)
    model = make_pipeline(encoder, network).fit(texts, has_motif)
    texts, has_motif, starts = dna(seed + 10, 40)
    sites = [text for text, has in zip(texts, has_motif, strict=True) if has]
    attributions = np.array(integrated_gradients(model, sites).attributions)
    places = np.arange(20) - starts[has_motif][:, None]
    is_motif = (places >= 0) & (places < len(MOTIF))
    leading = attributions.argmax(axis=1)
    assert is_motif[np.arange(len(sites)), leading].mean() > 0.8
    assert attributions[is_motif].mean() > 4 * abs(attributions[~is_motif].mean())


# What a model uses


def lags_3_and_7(seed, n_windows):
    """Return windows, and a target of two features at two lags."""
    X = np.random.default_rng(seed).normal(size=(n_windows, 10, 3))
    return X, X[:, -4, 0] - X[:, -8, 1]


@functools.cache
def model_of_lags(seed):
    return LSTMRegressor(**LAGS, random_state=seed).fit(*lags_3_and_7(seed, 2000))


@pytest.mark.parametrize("seed", range(3))
def test_both_attributions_rank_the_true_cells_first(seed):
    model, (X, y) = model_of_lags(seed), lags_3_and_7(seed + 10, 200)
    by_cell = sequence_permutation_importance(
        model, X, y, by="cell", random_state=seed
    ).importances_mean
    by_gradients = np.abs(integrated_gradients(model, X).attributions).mean(axis=0)
    for ranking in (by_cell, by_gradients):
        *_, third, second, _ = np.sort(ranking, axis=None)
        top = {tuple(place) for place in np.argwhere(ranking >= second).tolist()}
        assert top == {(6, 0), (2, 1)}
        assert third < second / 2


@pytest.mark.parametrize("seed", range(3))
def test_memory_reaches_back_to_the_oldest_lag_used(seed):
    result = memory_horizon(
        model_of_lags(seed), lags_3_and_7(seed + 10, 50)[0], share=0.7
    )
    assert result.horizon == 7
    assert set(np.argsort(result.shares)[-2:]) == {3, 7}
    npt.assert_allclose(result.shares.sum(), 1)
    npt.assert_array_equal(result.lags, np.arange(10))


def test_memory_of_a_linear_model_is_the_share_of_its_weights():
    model = regressor(cell="rnn", activation="identity", pooling="last")
    base = model.predict(X[:1])
    weights = np.zeros(6)
    for step, feature in np.ndindex(6, 2):
        changed = X[:1].copy()
        changed[0, step, feature] += X[:, :, feature].std()
        weights[step] += np.abs(model.predict(changed) - base)[0]
    shares = memory_horizon(model, X).shares
    npt.assert_allclose(shares, weights[::-1] / weights.sum(), rtol=1e-6)


def test_memory_of_tokens_and_ragged_sequences():
    model = regressor(CODES, embedding_size=3)
    npt.assert_allclose(memory_horizon(model, CODES).shares.sum(), 1)
    model = regressor(RAGGED, [x[:, 0] for x in RAGGED], pooling=None)
    npt.assert_allclose(memory_horizon(model, RAGGED, step=-2).shares.sum(), 1)


def test_a_model_is_not_changed():
    model = regressor(CODES, embedding_size=3, **PAIRS)
    before = model.predict(CODES)
    network, state = model.network_, model.network_.state_dict()
    integrated_gradients(model, CODES[:3])
    memory_horizon(model, CODES[:3])
    gate_traces(model, CODES[:3])
    npt.assert_array_equal(model.predict(CODES), before)
    assert model.network_ is network
    assert all(weight is not None for weight in state.values())


# Errors


@pytest.mark.parametrize(
    "function", [integrated_gradients, memory_horizon, gate_traces]
)
def test_estimators_of_other_kinds_are_rejected(function):
    with pytest.raises(NotFittedError):
        function(LSTMRegressor(), X)
    wanted = "LSTMRegressor, LSTMClassifier or LSTMAutoencoder is needed, alone or at"
    with pytest.raises(TypeError, match=wanted):
        function(LinearRegression().fit(X[:, 0], Y), X)
    forecaster = LSTMForecaster(fine_tune=0).fit(np.arange(30.0))
    with pytest.raises(TypeError, match=wanted):
        function(forecaster, X)
    with pytest.raises(ValueError, match=r"X\[1\] has no time steps.*Drop empty"):
        function(regressor(RAGGED), [X[0], X[1][:0]])


def test_outputs_that_do_not_exist_are_rejected():
    model = regressor()
    with pytest.raises(
        ValueError, match=r"predicts 1 for .* Pass a target from 0 to 0"
    ):
        integrated_gradients(model, X, target=1)
    two = regressor(y=np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="target=None is not the number of an output"):
        integrated_gradients(two, X)
    with pytest.raises(ValueError, match='or fit a model with loss="quantile"'):
        integrated_gradients(model, X, quantile=0.5)
    with pytest.raises(ValueError, match="or fit a model with pooling=None"):
        integrated_gradients(model, X, step=2)
    sides = np.where(np.median(Y) < Y, "up", "down")
    with pytest.raises(
        ValueError, match=r"'left' is not one of the classes .*\['down'"
    ):
        integrated_gradients(classifier(sides), X, target="left")
    labels = np.column_stack([sides == "up", sides == "down"]).astype(int)
    with pytest.raises(ValueError, match="Pass the number of one of them as target"):
        integrated_gradients(classifier(labels), X)
    quantiles = regressor(loss="quantile")
    with pytest.raises(ValueError, match=r"quantile=0.3 is not one of those of the m"):
        integrated_gradients(quantiles, X, quantile=0.3)
    steps = regressor(RAGGED, [x[:, 0] for x in RAGGED], pooling=None)
    with pytest.raises(ValueError, match=r"3 time steps, .*Pass a step from -3 to -1"):
        integrated_gradients(steps, RAGGED, step=3)
    autoencoder = LSTMAutoencoder((4,), max_iter=2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="Pass target=None"):
        integrated_gradients(autoencoder, X, target=0)


def test_baselines_that_do_not_fit_are_rejected():
    model = regressor()
    with pytest.raises(ValueError, match='must be "mean", "zeros" or an array, got'):
        integrated_gradients(model, X, baseline="median")
    with pytest.raises(
        ValueError, match=r"has shape \(4,\), .* of shape \(2,\), one w"
    ):
        integrated_gradients(model, X, baseline=np.zeros(4))
    with pytest.raises(ValueError, match="baseline holds NaN or infinity"):
        integrated_gradients(model, X, baseline=[0, np.nan])
    model = regressor(CODES, embedding_size=3)
    with pytest.raises(ValueError, match="must hold token codes from 0 to 5"):
        integrated_gradients(model, CODES, baseline=0.5)


@pytest.mark.parametrize("n_steps", ["auto", 4])
def test_windows_like_the_baseline_have_no_attributions(n_steps):
    result = integrated_gradients(regressor(), X, baseline=X, n_steps=n_steps)
    npt.assert_array_equal(result.attributions, 0)
    npt.assert_array_equal(result.outputs, result.baseline_outputs)


def test_too_few_points_raise_a_warning_whose_advice_works():
    model = regressor(conv_filters=(8, 8), learning_rate_init=0.1)
    with pytest.warns(UserWarning, match='Pass n_steps="auto", or a larger number'):
        integrated_gradients(model, X, n_steps=1)
    check(model, X, model.predict(X), n_steps="auto")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("X", [X, X[:, :, 0]], ids=["3-D", "2-D"])
@pytest.mark.parametrize("name", ["KernelExplainer", "PermutationExplainer"])
def test_shap_explains_flat_windows(name, X):
    shap = pytest.importorskip("shap")
    model = regressor(X)

    def predict(flat):
        return model.predict(flat.reshape(-1, *X.shape[1:]))

    flat = X.reshape(len(X), -1)
    explanation = getattr(shap, name)(predict, flat[:5])(flat[:3])
    sums = explanation.values.sum(axis=1) + explanation.base_values
    npt.assert_allclose(sums, model.predict(X[:3]))
