"""ONNX Runtime computes the predictions of an exported estimator."""

import json

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

import sklstm
from sklstm import (
    GroupScaler,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
    pad_sequences,
)
from sklstm.export import register_converters, to_onnx

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*no time steps:UserWarning"),
]

RANDOM = np.random.default_rng(0)
# Far from zero, so that a mistake in the standardization shows.
X = RANDOM.normal(100, 5, size=(30, 7, 3))
LONGER = RANDOM.normal(100, 5, size=(4, 12, 3))
RAGGED = [window[: 1 + i % 7] for i, window in enumerate(X)]
PADDED = pad_sequences(RAGGED)
EMPTY = np.full((2, 7, 3), np.nan)
Y = 3 * X[:, -1, 0] - 200
LETTERS = np.array(list("abc"))[np.arange(30) % 3]
SMALL = {"max_iter": 1, "random_state": 0}
# The batches that every model is tried with: another number of windows and of steps
# than in training, a single window, and windows with padding.
BATCHES = {"all": X, "one": X[:1], "longer": LONGER, "ragged": PADDED}


def fit(estimator=LSTMRegressor, X=RAGGED, y=Y, **settings):
    return estimator((4,), **SMALL | {"dropout": 0.2} | settings).fit(X, y)


def session_of(model, **options):
    exported = to_onnx(model, **options)
    onnx.checker.check_model(exported, full_check=True)
    return onnxruntime.InferenceSession(exported.SerializeToString())


def answers(session, X):
    dtypes = {"tensor(float)": np.float32, "tensor(double)": np.float64}
    (given,) = session.get_inputs()
    results = session.run(None, {"X": np.asarray(X).astype(dtypes[given.type])})
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, results, strict=True))


def expected_answers(model, X):
    if hasattr(model, "predict_proba"):
        return {"labels": model.predict(X), "probabilities": model.predict_proba(X)}
    expected = {"predictions": model.predict(X)}
    if hasattr(model, "predict_quantiles"):
        expected["quantiles"] = model.predict_quantiles(X)
    return expected


def check(session, model, X, rtol=1e-5, atol=1e-5):
    results, expected = answers(session, X), expected_answers(model, X)
    assert results.keys() == expected.keys()
    for name, wanted in expected.items():
        assert results[name].shape == wanted.shape
        if name == "labels":
            npt.assert_array_equal(results[name], wanted)
        else:
            npt.assert_allclose(results[name], wanted, rtol=rtol, atol=atol)


def check_batches(model, **batches):
    session = session_of(model)
    for X in (batches or BATCHES).values():
        check(session, model, X)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "identity"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_every_cell_activation_and_direction_agrees(cell, activation, bidirectional):
    model = LSTMRegressor(
        (5, 4), cell=cell, activation=activation, bidirectional=bidirectional, **SMALL
    )
    check_batches(model.fit(RAGGED, Y))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_every_pooling_agrees(pooling, bidirectional):
    poolings = pooling, (pooling, "last" if pooling == "mean" else "mean")
    for one in poolings:
        check_batches(fit(pooling=one, bidirectional=bidirectional))


CONVOLUTIONS = {
    "one": {"conv_filters": (5,)},
    "even kernel": {"conv_filters": (5,), "conv_kernel_size": 4},
    "parallel, normalized": {
        "conv_filters": (5, 6),
        "conv_kernel_size": ((2, 3), 5),
        "batch_norm": True,
    },
    "pooled blocks": {"conv_filters": (5, 3), "conv_pool_size": (2, 3)},
    "beside": {"conv_filters": (5,), "conv_pooling": ("max", "mean")},
    "all": {
        "conv_filters": (5, 6),
        "conv_kernel_size": ((2, 3), 5),
        "conv_pool_size": 2,
        "conv_pooling": ("mean", "max"),
        "batch_norm": True,
        "pooling": ("attention", "max"),
        "bidirectional": True,
    },
}


@pytest.mark.parametrize("settings", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_convolutions_agree(settings):
    check_batches(fit(**settings))


@pytest.mark.parametrize("standardize", ["features", "windows", False])
def test_the_standardization_is_inside(standardize):
    check_batches(fit(standardize=standardize))


def test_a_constant_feature_of_a_window_is_not_scaled():
    constant = X.copy()
    constant[:, :, 1] = 0.1
    check_batches(fit(X=X, standardize="windows"), constant=constant)


def test_windows_whose_steps_are_scaled_have_a_fixed_length():
    model = fit(X=X, standardize="steps")
    session = session_of(model)
    check(session, model, X[:2])
    assert session.get_inputs()[0].shape == ["batch", 7, 3]


@pytest.mark.parametrize(
    ("loss", "n_estimators"),
    [
        ("absolute_error", 1),
        ("huber", 1),
        ("poisson", 1),
        ("poisson", 2),
        ("quantile", 1),
        ("quantile", 3),
        ("squared_error", 2),
        ("squared_error", 3),
    ],
)
def test_losses_and_several_networks_agree(loss, n_estimators):
    settings = {"loss": loss, "n_estimators": n_estimators}
    check_batches(fit(y=np.abs(Y), **settings))
    check_batches(fit(y=np.abs(np.stack([Y, Y / 2], 1)), **settings))


def test_a_single_quantile_has_an_axis():
    check_batches(fit(loss="quantile", quantiles=0.9))


CLASSES = {
    "two strings": np.where(Y > 100, "high", "low"),
    "strings": LETTERS,
    "objects": LETTERS.astype(object),
    "two integers": np.where(Y > 100, 7, 2),
    "integers": np.arange(30) % 4 - 1,
    "floats": np.where(Y > 100, 1.0, 2.0),
    "booleans": Y > 100,
    "several labels": RANDOM.integers(0, 2, size=(30, 3)),
}


@pytest.mark.parametrize("y", CLASSES.values(), ids=CLASSES)
def test_labels_and_probabilities_agree(y):
    check_batches(fit(LSTMClassifier, y=y))


@pytest.mark.parametrize("name", ["two strings", "strings", "several labels"])
def test_probabilities_of_several_networks_agree(name):
    check_batches(fit(LSTMClassifier, y=CLASSES[name], n_estimators=2))


def step_targets(kind):
    """Targets of the steps of `RAGGED`."""
    if kind == "numbers":
        return [window[:, 0] for window in RAGGED]
    if kind == "rows of numbers":
        return [window[:, :2] for window in RAGGED]
    limits = [100] if kind == "two classes" else [97, 102]
    return [np.digitize(window[:, 0], limits) for window in RAGGED]


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", ["numbers", "rows of numbers"])
def test_predictions_of_every_step_agree(kind, bidirectional, n_estimators):
    settings = {"bidirectional": bidirectional, "n_estimators": n_estimators}
    model = fit(y=step_targets(kind), pooling=None, conv_filters=(3,), **settings)
    check_batches(model)


@pytest.mark.parametrize("kind", ["two classes", "classes"])
def test_tags_of_every_step_agree(kind):
    model = fit(LSTMClassifier, y=step_targets(kind), pooling=None)
    check_batches(model)
    assert np.isnan(answers(session_of(model), PADDED)["probabilities"][0, 0]).all()


def test_quantiles_of_every_step_agree():
    check_batches(fit(y=step_targets("numbers"), pooling=None, loss="quantile"))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("learned", [False, True])
def test_windows_without_steps_agree(learned, pooling):
    trained = np.concatenate([PADDED, EMPTY]) if learned else PADDED
    y = np.append(Y, [1, 1]) if learned else Y
    model = fit(X=trained, y=y, pooling=pooling)
    check_batches(model, empty=EMPTY, some=np.concatenate([EMPTY, X]))
    classes = np.where(y > 100, "high", "low")
    check_batches(fit(LSTMClassifier, X=trained, y=classes), empty=EMPTY)


TEXTS = ["the old man", "a man", "the sea is old and the sea is calm", "sea"] * 5
TOKENS = {
    "plain": {},
    "all pairs": {"embedding_pairs": 10_000, "conv_filters": (), "conv_pooling": "max"},
    "hashed pairs": {"embedding_pairs": 7, "conv_filters": (), "conv_pooling": "mean"},
    "convolution": {"conv_filters": (4,), "conv_kernel_size": ((3, 5),)},
}


@pytest.mark.parametrize("settings", TOKENS.values(), ids=TOKENS)
def test_token_codes_agree(settings):
    codes = SequenceEncoder().fit_transform(TEXTS)
    y = np.arange(20) % 4 > 1
    model = fit(LSTMClassifier, X=codes, y=y, embedding_size=3, **settings)
    check_batches(model, all=codes, one=codes[:1])


def test_a_text_classifier_is_exported_behind_its_encoder():
    model = make_pipeline(SequenceEncoder(), LSTMClassifier((4,), **SMALL))
    model.fit(TEXTS, ["old", "man", "sea", "sea"] * 5)
    codes = model[:-1].transform(TEXTS)
    labels = answers(session_of(model[-1]), codes)["labels"]
    npt.assert_array_equal(labels, model.predict(TEXTS))


def test_the_defaults_agree():
    check_batches(LSTMRegressor(**SMALL).fit(X, Y))
    check_batches(LSTMClassifier(**SMALL).fit(X, LETTERS))


def test_windows_of_one_feature_have_two_axes():
    model = fit(X=X[:, :, 0])
    session = session_of(model)
    check(session, model, X[:3, :, 0])
    assert session.get_inputs()[0].shape == ["batch", "steps"]
    shorter = [*X[:3, 2:, 0]]  # a list of sequences may be of any length
    npt.assert_allclose(
        answers(session, shorter)["predictions"], model.predict(shorter), rtol=1e-5
    )


def test_lag_columns_keep_the_order_of_fit():
    windower = SlidingWindowTransformer(4).set_output(transform="pandas")
    lags = windower.fit_transform(pd.DataFrame(X[:, 0, :2], columns=["load", "price"]))
    lags = lags[sorted(lags.columns)]
    model = fit(X=lags)
    session = session_of(model)
    check(session, model, lags)
    assert session.get_inputs()[0].shape == ["batch", 8]
    names = session.get_modelmeta().custom_metadata_map["feature_names"]
    assert json.loads(names) == list(lags.columns)


@pytest.mark.parametrize("given", ["float32", "float64"])
@pytest.mark.parametrize("fitted", ["float32", "float64"])
def test_the_precision_is_that_of_the_network_or_a_given_one(fitted, given):
    model = fit(X=X, dtype=fitted)
    types = {"float32": "tensor(float)", "float64": "tensor(double)"}
    for session, dtype in [
        (session_of(model), fitted),
        (session_of(model, dtype=given), given),
    ]:
        parts = *session.get_inputs(), *session.get_outputs()
        assert {part.type for part in parts} == {types[dtype]}
        check(session, model, X)


def test_large_offsets_are_scaled_in_double_precision():
    far = X + 1e8
    model = fit(X=far, y=Y + 1e8)
    predictions = answers(session_of(model), far)["predictions"]
    npt.assert_allclose(predictions, model.predict(far), rtol=0, atol=1e-4)


@pytest.mark.parametrize("empty", [X[:0], X[:, :0]], ids=["windows", "steps"])
def test_an_empty_batch_is_an_error_of_onnx_runtime(empty):
    # Its recurrent layers would end the process.
    session = session_of(fit(X=X))
    with pytest.raises(Exception, match="reshape"):
        answers(session, empty)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_give_nan(value):
    model = fit(X=X)
    bad = X[:3].copy()
    bad[1, 4, 2] = value
    predictions = answers(session_of(model), bad)["predictions"]
    npt.assert_array_equal(np.isnan(predictions), [False, True, False])
    npt.assert_allclose(predictions[::2], model.predict(X[:3:2]), rtol=1e-5)


def test_a_file_has_names_shapes_and_versions(tmp_path):
    path = tmp_path / "model.onnx"
    columns = ["t0", "t1", "t2", "t3", "t4", "t5", "t6"]
    frame = pd.DataFrame(X[:, :, 0], columns=columns)
    to_onnx(fit(LSTMClassifier, X=frame, y=LETTERS), path)
    session = onnxruntime.InferenceSession(path)
    shapes = {part.name: part.shape for part in session.get_outputs()}
    assert shapes == {"labels": ["batch"], "probabilities": ["batch", 3]}
    details = session.get_modelmeta()
    assert details.producer_name == "sklstm"
    assert sklstm.__version__ in details.description
    assert details.custom_metadata_map == {
        "sklstm_version": sklstm.__version__,
        "estimator": "LSTMClassifier",
        "feature_names": json.dumps(columns),
        "classes": '["a", "b", "c"]',
    }


def test_layers_are_nodes_of_onnx():
    exported = to_onnx(LSTMRegressor((3, 3, 3), cell="gru", **SMALL).fit(X, Y))
    operations = [node.op_type for node in exported.graph.node]
    assert operations.count("GRU") == 3
    assert not {"Loop", "Scan", "If"} & set(operations)


def test_steps_of_a_step_model_have_a_name():
    session = session_of(fit(y=step_targets("rows of numbers"), pooling=None))
    assert session.get_outputs()[0].shape == ["batch", "steps", 2]


FLAT = X[:, :, 0]
PIPELINES = {
    "scaler": [StandardScaler()],
    "two steps": [SimpleImputer(), MinMaxScaler()],
    "nested": [make_pipeline(SimpleImputer(), MinMaxScaler())],
    "passthrough": ["passthrough", StandardScaler(), None],
    "columns": [
        make_column_transformer((StandardScaler(), [0, 1]), remainder="passthrough")
    ],
}


@pytest.mark.parametrize("steps", PIPELINES.values(), ids=PIPELINES)
def test_pipelines_agree(steps):
    model = make_pipeline(*steps, LSTMRegressor((4,), **SMALL)).fit(FLAT, Y)
    session = session_of(model)
    assert session.get_inputs()[0].shape == ["batch", 7]
    assert session.get_outputs()[0].shape == ["batch"]
    check(session, model, FLAT)
    check(session, model, FLAT[:1])


def test_a_pipeline_of_a_classifier_agrees_in_double_precision():
    model = make_pipeline(StandardScaler(), LSTMClassifier((4,), **SMALL))
    session = session_of(model.fit(FLAT, LETTERS), dtype="float64")
    assert session.get_inputs()[0].type == "tensor(double)"
    check(session, model, FLAT)


def test_a_search_exports_its_best_estimator():
    model = make_pipeline(StandardScaler(), LSTMRegressor((4,), **SMALL))
    search = GridSearchCV(model, {"lstmregressor__cell": ["gru"]}, cv=2)
    check(session_of(search.fit(FLAT, Y)), search, FLAT)


def test_a_frozen_pipeline_is_exported():
    model = make_pipeline(StandardScaler(), LSTMRegressor((4,), **SMALL))
    frozen = FrozenEstimator(model.fit(FLAT, Y))
    check(session_of(frozen), frozen, FLAT)


def converted_session(model, X, **options):
    register_converters()
    converted = skl2onnx.to_onnx(model, X[:1].astype(np.float32), **options)
    return onnxruntime.InferenceSession(converted.SerializeToString())


@pytest.mark.parametrize("options", [None, {"zipmap": False}])
def test_skl2onnx_converts_pipelines(options):
    model = make_pipeline(StandardScaler(), LSTMClassifier((4,), **SMALL))
    model.fit(FLAT, LETTERS)
    check(converted_session(model, FLAT, options=options), model, FLAT)


def test_skl2onnx_converts_windows():
    model = fit(y=step_targets("numbers"), pooling=None)
    check(converted_session(model, X), model, PADDED)


def test_skl2onnx_leaves_the_number_of_steps_free_if_asked():
    register_converters()
    model = fit()
    given = skl2onnx.common.data_types.FloatTensorType([None, None, 3])
    converted = skl2onnx.convert_sklearn(model, initial_types=[("X", given)])
    session = onnxruntime.InferenceSession(converted.SerializeToString())
    check(session, model, LONGER)


def test_skl2onnx_converts_models_that_hold_ours():
    model = MultiOutputRegressor(LSTMRegressor((4,), **SMALL))
    model.fit(FLAT, np.stack([Y, -Y], 1))
    session = converted_session(model, FLAT, target_opset=18)
    (results,) = session.run(None, {"X": FLAT.astype(np.float32)})
    npt.assert_allclose(results, model.predict(FLAT), rtol=1e-5, atol=1e-5)


def test_skl2onnx_needs_a_late_opset():
    model = fit(X=FLAT)
    with pytest.raises(ValueError, match="Pass target_opset=18"):
        converted_session(model, FLAT, target_opset=15)
    check(converted_session(model, FLAT, target_opset=18), model, FLAT)


def windows_pipeline():
    windower = SlidingWindowTransformer(3, shift=1)
    model = make_pipeline(windower, LSTMRegressor((2,), **SMALL))
    return model.fit(pd.DataFrame(FLAT), Y)


REFUSED = {
    "a forest": (
        lambda: RandomForestRegressor(2).fit(FLAT, Y),
        TypeError,
        "got RandomForestRegressor. For other models of scikit-learn",
    ),
    "a pipeline of a forest": (
        lambda: make_pipeline(StandardScaler(), RandomForestRegressor(2)).fit(FLAT, Y),
        TypeError,
        "got RandomForestRegressor",
    ),
    "an autoencoder": (
        lambda: LSTMAutoencoder((2,), n_components=1, **SMALL).fit(X),
        TypeError,
        "LSTMAutoencoder cannot be exported",
    ),
    "a forecaster": (
        lambda: LSTMForecaster(Ridge(), window_size=3).fit(Y),
        TypeError,
        "LSTMForecaster cannot be exported",
    ),
    "a detector": (
        lambda: LSTMOutlierDetector(LSTMRegressor((2,), **SMALL), window_size=3).fit(
            FLAT
        ),
        TypeError,
        "LSTMOutlierDetector cannot be exported",
    ),
    "a language model": (
        lambda: LSTMLanguageModel((2,), **SMALL).fit(TEXTS),
        TypeError,
        "LSTMLanguageModel cannot be exported",
    ),
    "a scaled target": (
        lambda: TransformedTargetRegressor(
            LSTMRegressor((2,), **SMALL), transformer=StandardScaler()
        ).fit(FLAT, Y),
        TypeError,
        "Export model.regressor_",
    ),
    "a window step": (
        windows_pipeline,
        TypeError,
        "'slidingwindowtransformer', a SlidingWindowTransformer, cannot be exported",
    ),
    "a group scaler": (
        lambda: make_pipeline(GroupScaler(), LSTMRegressor((2,), **SMALL)).fit(X, Y),
        TypeError,
        "'groupscaler', a GroupScaler",
    ),
    "a function": (
        lambda: make_pipeline(
            FunctionTransformer(np.log), LSTMRegressor((2,), **SMALL)
        ).fit(FLAT, Y),
        TypeError,
        r"skl2onnx cannot convert the steps before the network \(FunctionTransformer",
    ),
    "transitions": (
        lambda: fit(
            LSTMClassifier, y=step_targets("classes"), pooling=None, transitions=True
        ),
        ValueError,
        "A network with transitions cannot be exported",
    ),
    "dates": (
        lambda: fit(
            LSTMClassifier,
            y=np.array(["2024-01-01", "2025-01-01"], "M8[D]")[[0, 1] * 15],
        ),
        ValueError,
        "ONNX has no classes of type datetime64",
    ),
    "a transformer": (
        lambda: fit(cell="transformer"),
        ValueError,
        'cell="transformer" cannot be written to an ONNX file',
    ),
    "not fitted": (lambda: LSTMRegressor(), NotFittedError, "not fitted"),
    "a pipeline that is not fitted": (
        lambda: make_pipeline(StandardScaler(), LSTMRegressor()),
        NotFittedError,
        "not fitted",
    ),
    "a class": (lambda: LSTMRegressor, TypeError, "A fitted LSTMRegressor"),
    "an array": (lambda: X, TypeError, "A fitted LSTMRegressor"),
    "None": (lambda: None, TypeError, "got None"),
}


@pytest.mark.parametrize(("make", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_other_models_are_refused_in_words(make, error, words):
    model = make()
    with pytest.raises(error, match=words):
        to_onnx(model)


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    model = fit(X=X)
    with pytest.raises(FileNotFoundError, match=r"does not exist. Create it with"):
        to_onnx(model, tmp_path / "none" / "model.onnx")
    with pytest.raises(IsADirectoryError, match=r"Pass the path of a file in it"):
        to_onnx(model, tmp_path)
    with pytest.raises(TypeError, match=r"path must be a string or a path, got 3"):
        to_onnx(model, 3)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="dtype must be one of"):
        to_onnx(fit(X=X), dtype="float16")


def test_the_estimator_is_not_changed():
    model = fit(X=X)
    before = vars(model).copy(), model.predict(X)
    to_onnx(model)
    assert vars(model) == before[0]
    npt.assert_array_equal(model.predict(X), before[1])
