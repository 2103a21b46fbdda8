"""Layers of a fitted estimator as the start of another one."""

import pickle

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMRegressor,
    LSTMTranslator,
    SequenceEncoder,
)
from sklstm._nn.training import run_epochs

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RANDOM = np.random.default_rng(0)
WINDOWS = 5 + 2 * RANDOM.normal(size=(24, 8, 2))
TARGET = WINDOWS[:, -1, 0]
CLASSES = np.where(WINDOWS[:, -1, 0] > 5, "up", "down")
TEXTS = ["one two three", "two one two", "three two one two", "one one"] * 6
KINDS = np.array([0, 1, 1, 0] * 6)
SMALL = {"max_iter": 2, "random_state": 0}


@pytest.fixture(scope="module")
def language_model():
    return LSTMLanguageModel((4,), embedding_size=3, **SMALL).fit(TEXTS)


@pytest.fixture(scope="module")
def codes(language_model):
    encoder = SequenceEncoder(vocabulary=language_model.vocabulary_)
    return encoder.fit_transform(TEXTS)


@pytest.fixture(scope="module")
def autoencoder():
    return LSTMAutoencoder((4,), n_components=2, **SMALL).fit(WINDOWS)


@pytest.fixture(scope="module")
def convolutional():
    """Classifier with convolutions and running averages, in double precision."""
    model = LSTMClassifier(
        (3,), conv_filters=(4,), batch_norm=True, bidirectional=True, **SMALL
    )
    return model.fit(WINDOWS, CLASSES)


def front(network):
    """Return the weights and running averages of the layers before the pooling."""
    return network.layers_before_pooling().state_dict()


def assert_equal_layers(network, other):
    weights, others = front(network), front(other)
    assert weights.keys() == others.keys()
    for name, part in weights.items():
        assert part.equal(others[name]), name


def start_of_training(monkeypatch):
    """Return a list that gets the weights of each network before its training."""
    starts = []

    def record(trainer, *arguments):
        parts = trainer.network.state_dict().items()
        starts.append({name: part.clone() for name, part in parts})
        return run_epochs(trainer, *arguments)

    monkeypatch.setattr("sklstm._nn.training.run_epochs", record)
    return starts


# What is copied


def test_layers_of_a_language_model_are_copied_without_the_end(
    language_model, codes, monkeypatch
):
    starts = start_of_training(monkeypatch)
    LSTMClassifier(pretrained=language_model, **SMALL).fit(codes, KINDS)
    source = language_model.network_
    vectors = starts[0]["input_layers.embedding.vectors"]
    assert vectors.equal(source.embedding.vectors[:-1])
    assert len(vectors) == len(language_model.vocabulary_) + 1
    for name, part in source.layers[0].state_dict().items():
        assert starts[0][f"layers.0.0.{name}"].equal(part)


def test_a_code_stands_for_the_same_symbol_as_in_the_language_model(language_model):
    encoder = SequenceEncoder(vocabulary=language_model.vocabulary_).fit(["three"])
    model = LSTMClassifier(
        pretrained=language_model, pretrained_learning_rate=0, pooling="mean", **SMALL
    ).fit(encoder.transform(TEXTS), KINDS)
    network = language_model.network_
    symbols = language_model._symbols.codes([list("two")])[0]
    states, _ = network.hidden(torch.tensor(symbols)[None], network.first_state(1))
    by_hand = states[0].mean(0).detach().numpy()
    npt.assert_allclose(model.transform(encoder.transform(["two"]))[0], by_hand, 1e-5)


@pytest.mark.parametrize("estimator", [LSTMClassifier, LSTMRegressor])
def test_an_encoder_of_windows_is_copied(autoencoder, estimator, monkeypatch):
    starts = start_of_training(monkeypatch)
    y = TARGET if estimator is LSTMRegressor else CLASSES
    model = estimator(pretrained=autoencoder, **SMALL).fit(WINDOWS, y)
    for name, part in front(autoencoder.network_.encoder).items():
        assert starts[0][name].equal(part)
    assert model.auto_params_["hidden_layer_sizes"] == (4,)
    assert model.network_.head.weight.shape[1] == 4


def test_frozen_layers_stay_equal_to_the_bit(convolutional):
    model = LSTMClassifier(
        pretrained=convolutional, pretrained_learning_rate=0, alpha=1.0, **SMALL
    ).fit(WINDOWS, CLASSES[::-1])
    assert_equal_layers(model.network_, convolutional.network_)
    assert not model.network_.head.weight.equal(convolutional.network_.head.weight)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_frozen_layers_are_free_of_decay_and_of_each_solver(autoencoder, solver):
    settings = {"alpha": 0.5, "solver": solver, "dropout": 0.2}
    model = LSTMRegressor(
        pretrained=autoencoder, pretrained_learning_rate=0, **settings, **SMALL
    ).fit(WINDOWS, TARGET)
    assert_equal_layers(model.network_, autoencoder.network_.encoder)


def test_frozen_layers_do_not_learn_after_a_fit_goes_on(autoencoder):
    model = LSTMRegressor(
        pretrained=autoencoder, pretrained_learning_rate=0, warm_start=True, **SMALL
    ).fit(WINDOWS, TARGET)
    head = model.network_.head.weight.clone()
    model.fit(WINDOWS, TARGET)
    assert_equal_layers(model.network_, autoencoder.network_.encoder)
    assert not model.network_.head.weight.equal(head)
    model.set_params(pretrained_learning_rate=0.5).fit(WINDOWS, TARGET)
    before = front(autoencoder.network_.encoder)["layers.0.0.recurrent"]
    assert not front(model.network_)["layers.0.0.recurrent"].equal(before)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_pretrained_layers_learn_more_slowly(autoencoder, solver):
    def change(rate):
        model = LSTMRegressor(
            pretrained=autoencoder,
            pretrained_learning_rate=rate,
            learning_rate="constant",
            solver=solver,
            max_grad_norm=None,
            max_iter=1,
            batch_size=24,
            random_state=0,
        ).fit(WINDOWS, TARGET)
        before, after = front(autoencoder.network_.encoder), front(model.network_)
        return np.concatenate([(after[k] - before[k]).numpy().ravel() for k in before])

    npt.assert_allclose(change(0.25), 0.25 * change(1.0), rtol=1e-4, atol=1e-9)


def test_the_head_learns_alike_at_each_rate_in_the_first_step(autoencoder):
    heads = [
        LSTMRegressor(
            pretrained=autoencoder,
            pretrained_learning_rate=rate,
            max_grad_norm=None,
            max_iter=1,
            batch_size=24,
            random_state=0,
        )
        .fit(WINDOWS, TARGET)
        .network_.head.weight.detach()
        .numpy()
        for rate in (0, 0.5, 1)
    ]
    npt.assert_allclose(heads[0], heads[2], rtol=1e-6)
    npt.assert_allclose(heads[1], heads[2], rtol=1e-6)


def test_frozen_layers_do_not_take_part_in_the_norm_of_the_gradient(autoencoder):
    def head(rate, norm):
        model = LSTMRegressor(
            pretrained=autoencoder,
            pretrained_learning_rate=rate,
            max_grad_norm=norm,
            solver="sgd",
            max_iter=1,
            batch_size=24,
            random_state=0,
        ).fit(WINDOWS, TARGET)
        return model.network_.head.weight.detach().numpy()

    with_layers, without = head(1, 1e-2), head(0, 1e-2)
    assert np.abs(without - with_layers).max() > 0
    # A tiny norm leaves only the direction: the head alone makes the whole step.
    start = head(0, 1e-12)
    assert np.linalg.norm(without - start) > np.linalg.norm(with_layers - start)


def test_the_scale_of_the_features_is_kept(autoencoder):
    shifted = WINDOWS + 100
    model = LSTMRegressor(pretrained=autoencoder, **SMALL).fit(shifted, TARGET)
    npt.assert_array_equal(model._model.x_scale, autoencoder._model.x_scale)


def test_the_precision_is_kept(autoencoder, language_model, codes):
    assert autoencoder._model.dtype == torch.float64
    of_numbers = LSTMRegressor(pretrained=autoencoder, **SMALL).fit(WINDOWS, TARGET)
    of_texts = LSTMClassifier(pretrained=language_model, **SMALL).fit(codes, KINDS)
    assert of_numbers._model.dtype == torch.float64
    assert of_texts._model.dtype == torch.float32
    of_texts.set_params(dtype="float64").fit(codes, KINDS)
    assert of_texts._model.dtype == torch.float64


def test_auto_means_the_value_of_the_pretrained_estimator(convolutional):
    model = LSTMClassifier(pretrained=convolutional, **SMALL).fit(WINDOWS, CLASSES)
    architecture = convolutional._model.architecture
    for name in ("conv_filters", "conv_kernel_size", "batch_norm", "pooling"):
        assert model.auto_params_[name] == architecture[name]
    assert model.auto_params_["hidden_layer_sizes"] == (3,)
    assert model.auto_params_["bidirectional"] is True


def test_vectors_of_pairs_may_be_new(language_model, codes, monkeypatch):
    starts = start_of_training(monkeypatch)
    LSTMClassifier(
        pretrained=language_model, embedding_pairs=50, conv_pooling="mean", **SMALL
    ).fit(codes, KINDS)
    assert not starts[0]["input_layers.embedding.pair_vectors"].any()


def test_without_pretrained_the_rate_has_no_effect():
    weights = [
        LSTMRegressor((3,), pretrained_learning_rate=rate, **SMALL)
        .fit(WINDOWS, TARGET)
        .network_.state_dict()
        for rate in (0, 1)
    ]
    assert all(part.equal(weights[1][name]) for name, part in weights[0].items())


# Where it works


def test_each_network_starts_from_the_layers_with_its_own_head(
    autoencoder, monkeypatch
):
    starts = start_of_training(monkeypatch)
    model = LSTMRegressor(
        pretrained=autoencoder, pretrained_learning_rate=0, n_estimators=2, **SMALL
    ).fit(WINDOWS, TARGET)
    assert len(starts) == 2
    assert not starts[0]["head.weight"].equal(starts[1]["head.weight"])
    for network in model.networks_:
        assert_equal_layers(network, autoencoder.network_.encoder)
    model.set_params(warm_start=True, n_estimators=3).fit(WINDOWS, TARGET)
    assert_equal_layers(model.networks_[2], autoencoder.network_.encoder)


def test_the_first_partial_fit_starts_from_the_layers(autoencoder):
    model = LSTMRegressor(
        pretrained=autoencoder, pretrained_learning_rate=0, random_state=0
    )
    for _ in range(2):
        model.partial_fit(WINDOWS, TARGET)
        assert_equal_layers(model.network_, autoencoder.network_.encoder)
    # Other weights are learned from here on, so the optimizer starts anew.
    model.set_params(pretrained_learning_rate=1).partial_fit(WINDOWS, TARGET)
    before = front(autoencoder.network_.encoder)["layers.0.0.recurrent"]
    assert not front(model.network_)["layers.0.0.recurrent"].equal(before)


def test_a_warm_start_goes_on_from_its_own_layers(autoencoder, monkeypatch):
    model = LSTMRegressor(pretrained=autoencoder, warm_start=True, **SMALL)
    learned = front(model.fit(WINDOWS, TARGET).network_)
    starts = start_of_training(monkeypatch)
    model.fit(WINDOWS, TARGET)
    assert all(starts[0][name].equal(part) for name, part in learned.items())


def test_clones_keep_the_fitted_estimator(autoencoder):
    model = LSTMRegressor(pretrained=autoencoder)
    pipeline = clone(make_pipeline(clone(model)))
    assert pipeline[-1].pretrained is autoencoder
    assert clone(LSTMRegressor()).pretrained is None


def test_searches_and_validation_start_from_the_layers(language_model):
    pipeline = make_pipeline(
        SequenceEncoder(vocabulary=language_model.vocabulary_),
        LSTMClassifier(pretrained=language_model, pretrained_learning_rate=0, **SMALL),
    )
    grid = {"lstmclassifier__pooling": ["mean", "max"]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise")
    best = search.fit(TEXTS, KINDS).best_estimator_[-1]
    vectors = language_model.network_.embedding.vectors[:-1]
    assert best.network_.input_layers.embedding.vectors.equal(vectors)
    scores = cross_val_score(pipeline, TEXTS, KINDS, cv=2, error_score="raise")
    parallel = cross_val_score(
        pipeline, TEXTS, KINDS, cv=2, n_jobs=2, error_score="raise"
    )
    npt.assert_array_equal(scores, parallel)


def test_parameters_of_the_fitted_estimator_are_not_parameters_of_the_new_one(
    autoencoder,
):
    names = LSTMRegressor(pretrained=autoencoder).get_params()
    assert names["pretrained"] is autoencoder
    assert not [name for name in names if name.startswith("pretrained__")]


def test_pickles_predict_alike(autoencoder):
    model = LSTMRegressor(pretrained=autoencoder, **SMALL).fit(WINDOWS, TARGET)
    predictions = model.predict(WINDOWS)
    copy = pickle.loads(pickle.dumps(model))
    npt.assert_array_equal(copy.predict(WINDOWS), predictions)
    npt.assert_array_equal(copy.fit(WINDOWS, TARGET).predict(WINDOWS), predictions)
    # A model that is only to predict needs no pretrained estimator.
    smaller = pickle.dumps(model.set_params(pretrained=None))
    npt.assert_array_equal(pickle.loads(smaller).predict(WINDOWS), predictions)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline("passthrough", model),
        FrozenEstimator,
        lambda model: FrozenEstimator(make_pipeline("passthrough", model)),
        lambda model: GridSearchCV(model, {"tol": [model.tol]}, cv=2).fit(WINDOWS),
    ],
)
def test_the_estimator_may_be_in_a_pipeline_a_search_or_frozen(autoencoder, wrap):
    model = LSTMRegressor(
        pretrained=wrap(autoencoder), pretrained_learning_rate=0, **SMALL
    ).fit(WINDOWS, TARGET)
    assert_equal_layers(model.network_, autoencoder.network_.encoder)


def test_a_tagger_may_start_from_a_classifier_of_whole_sequences(language_model, codes):
    whole = LSTMClassifier(pretrained=language_model, **SMALL).fit(codes, KINDS)
    steps = np.where(np.isnan(codes), 0, np.asarray(codes) % 2)
    tagger = LSTMClassifier(pretrained=whole, pooling=None, **SMALL)
    tagger.set_params(pretrained_learning_rate=0).fit(codes, steps)
    assert_equal_layers(tagger.network_, whole.network_)
    back = LSTMClassifier(pretrained=tagger, **SMALL).fit(codes, KINDS)
    assert back.network_.pooling is not None


def test_validation_codes_may_be_missing_from_the_training_codes(language_model, codes):
    few = np.asarray(codes)[:4].copy()
    few[few == np.nanmax(few)] = 1
    LSTMClassifier(pretrained=language_model, **SMALL).fit(
        few, KINDS[:4], X_val=codes, y_val=KINDS
    )


def test_a_forecaster_leaves_the_fitted_estimator_as_it_is():
    source = LSTMRegressor((3,), random_state=0, max_iter=1).fit(WINDOWS, TARGET)
    before = source.get_params()
    forecaster = LSTMForecaster(
        regressor=LSTMRegressor(pretrained=source, max_iter=1), horizon=2
    )
    with pytest.raises(ValueError, match="features, but the pretrained LSTMRegressor"):
        forecaster.fit(pd.Series(np.arange(60.0)))
    assert source.get_params() == before


# What does not agree


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden_layer_sizes": (5,)}, r"hidden_layer_sizes=\(5,\), not \(4,\)"),
        ({"cell": "gru"}, "cell='gru', not 'lstm'"),
        ({"activation": "relu"}, "activation='relu', not 'tanh'"),
        ({"bidirectional": True}, "bidirectional=True, not False"),
        ({"conv_filters": (3,)}, r"conv_filters=\(3,\), not \(\)"),
        ({"batch_norm": True}, "batch_norm=True, not False"),
        ({"standardize": "windows"}, "standardize='windows', not 'features'"),
        ({"standardize": False}, "standardize=False, not 'features'"),
        ({"max_timescale": 5}, "Set max_timescale=None"),
    ],
)
def test_parameters_must_agree_with_the_layers(autoencoder, settings, words):
    model = LSTMRegressor(pretrained=autoencoder, **settings, **SMALL)
    with pytest.raises(ValueError, match=words):
        model.fit(WINDOWS, TARGET)


def test_values_equal_to_those_of_the_layers_may_be_set(autoencoder):
    LSTMRegressor(4, pretrained=autoencoder, standardize=True, **SMALL).fit(
        WINDOWS, TARGET
    )


@pytest.mark.parametrize("standardize", [False, "steps", "windows"])
def test_another_scaling_may_be_set_if_it_is_that_of_the_layers(standardize):
    source = LSTMRegressor((3,), standardize=standardize, **SMALL).fit(WINDOWS, TARGET)
    for value in (standardize, "features"):
        model = LSTMRegressor(pretrained=source, standardize=value, **SMALL)
        model.fit(WINDOWS, TARGET)
        assert type(model._model.x_scale) is type(source._model.x_scale)


def test_the_size_of_the_embedding_must_agree(language_model, codes):
    model = LSTMClassifier(pretrained=language_model, embedding_size=5, **SMALL)
    with pytest.raises(ValueError, match="embedding_size=5, not 3"):
        model.fit(codes, KINDS)


def test_numbers_and_codes_must_agree(language_model, autoencoder, codes):
    of_numbers = LSTMClassifier(pretrained=autoencoder, **SMALL)
    with pytest.raises(ValueError, match=r"X holds token codes, but .* reads numbers"):
        of_numbers.fit(codes, KINDS)
    of_texts = LSTMClassifier(pretrained=language_model, embedding_size=None, **SMALL)
    with pytest.raises(ValueError, match=r"X holds numbers, but .* reads token codes"):
        of_texts.fit(np.ones((24, 3)), KINDS)


def test_the_number_of_features_must_agree(autoencoder):
    model = LSTMRegressor(pretrained=autoencoder, **SMALL)
    with pytest.raises(ValueError, match="X has 1 features, but the pretrained LSTMAu"):
        model.fit(WINDOWS[:, :, :1], TARGET)


def test_the_names_of_the_features_must_agree():
    index = pd.MultiIndex.from_product([range(6), range(4)])
    frame = pd.DataFrame(RANDOM.normal(size=(24, 2)), index, columns=["a", "b"])
    source = LSTMAutoencoder((3,), n_components=2, **SMALL).fit(frame)
    model = LSTMRegressor(pretrained=source, **SMALL)
    model.fit(frame, np.arange(6.0))
    with pytest.raises(ValueError, match=r"features \['b', 'a'\], but .* \['a', 'b'\]"):
        model.fit(frame[["b", "a"]], np.arange(6.0))


def test_codes_of_another_vocabulary_are_refused(language_model):
    model = LSTMClassifier(pretrained=language_model, **SMALL)
    other = SequenceEncoder().fit_transform([text + "!" for text in TEXTS])
    with pytest.raises(ValueError, match=r"9 tokens, not 8"):
        model.fit(other, KINDS)
    same_size = SequenceEncoder().fit_transform([t.replace("o", "z") for t in TEXTS])
    with pytest.raises(ValueError, match="but not the same tokens"):
        model.fit(same_size, KINDS)


def test_codes_of_texts_that_were_split_in_another_way_are_refused(language_model):
    vocabulary = language_model.vocabulary_
    encoder = SequenceEncoder(lowercase=True, vocabulary=vocabulary)
    model = LSTMClassifier(pretrained=language_model, **SMALL)
    with pytest.raises(ValueError, match="lowercase=True, not False"):
        model.fit(encoder.fit_transform(TEXTS), KINDS)


def test_codes_without_a_mark_are_checked_by_their_number(language_model, codes):
    model = LSTMClassifier(pretrained=language_model, **SMALL)
    plain = np.array(codes)
    model.fit(plain, KINDS)
    plain[0, -1] = len(language_model.vocabulary_) + 1  # the code of the end
    with pytest.raises(ValueError, match="codes up to 9, not 8"):
        model.fit(plain, KINDS)


def test_selected_rows_and_pickles_of_codes_keep_their_vocabulary(language_model):
    other = SequenceEncoder().fit_transform([text + "!" for text in TEXTS])
    model = LSTMClassifier(pretrained=language_model, **SMALL)
    frame = SequenceEncoder().set_output(transform="pandas")
    frame = frame.fit_transform([text + "!" for text in TEXTS])
    for X in (other[::-1], pickle.loads(pickle.dumps(other)), frame.iloc[::-1]):
        with pytest.raises(ValueError, match="9 tokens, not 8"):
            model.fit(X, KINDS)


def test_an_estimator_that_is_not_fitted_is_refused():
    for source in (LSTMAutoencoder(), LSTMLanguageModel()):
        model = LSTMRegressor(pretrained=source, **SMALL)
        with pytest.raises(ValueError, match="that is not fitted"):
            model.fit(WINDOWS, TARGET)
        with pytest.raises(NotFittedError):
            model.predict(WINDOWS)


def test_a_class_is_refused():
    model = LSTMRegressor(pretrained=LSTMAutoencoder, **SMALL)
    with pytest.raises(ValueError, match="got the class LSTMAutoencoder"):
        model.fit(WINDOWS, TARGET)


def test_an_estimator_without_layers_is_refused():
    for source in (Ridge(), LSTMTranslator()):
        model = LSTMRegressor(pretrained=source, **SMALL)
        with pytest.raises(ValueError, match="must be a fitted LSTMLanguageModel, "):
            model.fit(WINDOWS, TARGET)
