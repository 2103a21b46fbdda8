"""The advice of a message, followed word for word on the input that raised, works."""

import pathlib
import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.compose
import sklearn.impute
import sklearn.multioutput
import sklearn.preprocessing
import torch
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

import sklstm
from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    SequenceEncoder,
    SlidingWindowTransformer,
)
from sklstm.export import register_converters, to_onnx, to_torch
from sklstm.forecasting import score_forecasts

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RANDOM = np.random.default_rng(0)
WINDOWS = RANDOM.normal(size=(20, 5, 2))
FLAT = WINDOWS[:, :, 0]
FRAME = pd.DataFrame(FLAT, columns=list("abcde"))
TARGET = WINDOWS[:, -1, 0].copy()
CLASSES = np.where(TARGET > 0, "up", "down")
RAGGED = [window[: 2 + i % 3] for i, window in enumerate(WINDOWS)]
TOKENS = [["a", "b"], ["c", "a"]] * 10
DAYS = pd.date_range("2024-01-01", periods=60)
SALES = pd.Series(RANDOM.normal(10, 1, size=60), DAYS, name="sales")
LONG_SALES = pd.concat({"north": SALES, "south": 2 * SALES})
SMALL = {"max_iter": 1, "random_state": 0}


def regressor(**settings):
    return LSTMRegressor((2,), **(SMALL | settings))


def classifier(**settings):
    return LSTMClassifier((2,), **(SMALL | settings))


def autoencoder(**settings):
    return LSTMAutoencoder((2,), n_components=2, **(SMALL | settings))


def forecaster(model=None, **settings):
    settings = {"horizon": 3, "window_size": 6} | settings
    return LSTMForecaster(Ridge() if model is None else model, **settings)


class Case(NamedTuple):
    """Input that raises, and what the message says to do.

    `advice` is a part of the message. If it is code, it is evaluated with the names in
    `data`, and `then` gets the value. Code such as ``shift=1`` becomes a dict of
    parameters. If `data` is None, the advice is prose, and `then` does what it says.
    """

    advice: str
    fails: Any
    then: Any
    data: dict | None


def evaluate(code, data):
    names = {"np": np, "pd": pd, "torch": torch, "sklearn": sklearn, "sklstm": sklstm}
    names["make_pipeline"] = make_pipeline
    names |= {name: getattr(sklstm, name) for name in sklstm.__all__}
    if re.match(r"\w+=[^=]", code):
        code = f"dict({code})"
    elif (called := re.match(r"(\w+)\(", code)) and called[1] not in {
        *names,
        *data,
        "list",
        "sorted",
    }:
        code = f"X.{code}"  # a method of X
    return eval(code, names | data)


def case(code, fails, then, **data):
    return Case(code, fails, then, data)


def prose(advice, fails, then):
    return Case(advice, fails, then, None)


def fit_on(X, *, y=TARGET, code, then=None, model=None):
    """Return a case: a fit on X fails, and the code converts X."""
    model = model or regressor()
    return case(
        code,
        lambda: model.fit(X, y),
        then or (lambda converted: model.fit(converted, y).predict(converted)),
        X=X,
        y=y,
    )


def set_on(model, code, call):
    """Return a case: a call of the model fails, and the code sets a parameter."""
    return case(
        code,
        lambda: call(model),
        lambda parameters: call(clone(model).set_params(**parameters)),
    )


def fitted(model, X=WINDOWS, y=TARGET):
    return model.fit(X, y)


def with_cells(dtype, value):
    cells = FLAT.astype(dtype)
    cells[3, 2] = value
    return cells


def missing_at(windows, steps):
    windows = windows.copy()
    windows[3, steps] = np.nan
    return windows


NESTED = pd.DataFrame(
    {name: [pd.Series(x[:, i]) for x in RAGGED] for i, name in enumerate("ab")}
)
PANEL = pd.DataFrame(
    WINDOWS.reshape(-1, 2),
    index=pd.MultiIndex.from_product([range(20), range(5)], names=["case", "time"]),
    columns=["a", "b"],
)
LABELLED = pd.Series(TARGET, range(20))[::-1]
NO_TIMES = PANEL.set_axis(pd.MultiIndex.from_product([range(20), list("vwxyz")]))
TEXTS = ["abc", "ba"] * 10

X_CASES = {
    "packed sequences": fit_on(
        torch.nn.utils.rnn.pack_sequence(
            [torch.tensor(x) for x in RAGGED], enforce_sorted=False
        ),
        code="torch.nn.utils.rnn.unpack_sequence(X)",
    ),
    "a sparse tensor": fit_on(torch.tensor(WINDOWS).to_sparse(), code="X.to_dense()"),
    "one sequence": fit_on(FLAT[0], y=[1.0], code="[X]"),
    "one series": fit_on(
        TARGET,
        code="np.reshape(X, (-1, 1))",
        then=lambda X: make_pipeline(
            SlidingWindowTransformer(3, shift=1), regressor()
        ).fit(X, TARGET),
    ),
    "four axes": fit_on(
        WINDOWS.reshape(20, 5, 2, 1), code="np.reshape(X, (*np.shape(X)[:2], -1))"
    ),
    "texts": fit_on(
        TEXTS,
        code='make_pipeline(SequenceEncoder(analyzer="word"), LSTMRegressor())',
        then=lambda model: (
            model.set_params(lstmregressor__max_iter=1)
            .fit(TEXTS, TARGET)
            .predict(TEXTS)
        ),
    ),
    "texts, by letters": case(
        'analyzer="char"',
        lambda: classifier().fit(TEXTS, CLASSES),
        lambda p: make_pipeline(SequenceEncoder(**p), classifier()).fit(TEXTS, CLASSES),
    ),
    "texts for an estimator of numbers": case(
        "LSTMLanguageModel",
        lambda: autoencoder().fit(TEXTS),
        lambda cls: cls((2,), **SMALL).fit(TEXTS),
    ),
    "strings in windows": fit_on(
        np.where(WINDOWS > 0, "a", "b"),
        code="sklearn.preprocessing.OrdinalEncoder().fit_transform(np.reshape(X, (-1, "
        "np.shape(X)[2]))).reshape(np.shape(X))",
    ),
    "strings in a frame": fit_on(FRAME.assign(f="x"), code="X.select_dtypes('number')"),
    "tokens in a frame": fit_on(
        pd.DataFrame(TOKENS),
        code="sklstm.SequenceEncoder().fit_transform(list(X.to_numpy()))",
    ),
    "tokens in an array": fit_on(
        np.array(TOKENS),
        code="sklstm.SequenceEncoder().fit_transform(list(X))",
    ),
    "tokens in lists": fit_on(
        [["a", "b"], ["c"]] * 10,
        code="sklstm.SequenceEncoder().fit_transform(list(X))",
    ),
    "missing objects": fit_on(
        pd.DataFrame({"lag2": [pd.NA, *FLAT[1:, 0]], "lag1": TARGET}, dtype=object),
        code="astype('Float64')",
    ),
    "a nested frame": fit_on(
        NESTED, code="[np.column_stack(list(cells)) for cells in np.asarray(X)]"
    ),
    "a nested frame, to an array": fit_on(
        NESTED,
        code="sklstm.pad_sequences",
        then=lambda pad: regressor().fit(
            pad([np.column_stack(list(cells)) for cells in np.asarray(NESTED)]), TARGET
        ),
    ),
    "sparse columns": fit_on(
        FRAME.astype(pd.SparseDtype(float)), code="X.sparse.to_dense()"
    ),
    "NaN at the end": fit_on(
        missing_at(WINDOWS, slice(3, None)),
        code="[window[~np.isnan(window).all(axis=1)] for window in np.asarray(X)]",
    ),
    "NaN at the end of a row": fit_on(
        missing_at(FLAT, slice(3, None)),
        code="[row[~np.isnan(row)] for row in np.asarray(X)]",
    ),
    "NaN at the start of a row of a frame": fit_on(
        pd.DataFrame(missing_at(FLAT, slice(2))),
        code="[row[~np.isnan(row)] for row in np.asarray(X)]",
    ),
    "columns in another order": fit_on(
        [
            pd.DataFrame(x, columns=["a", "b"][:: 1 - 2 * (i % 2)])
            for i, x in enumerate(RAGGED)
        ],
        code="[frame[X[0].columns] for frame in X]",
    ),
    "features first": fit_on(
        [x.T for x in RAGGED], code="[np.transpose(x) for x in X]"
    ),
    "two rows for a time": fit_on(
        pd.concat([PANEL, PANEL[:1]]), code="X[~X.index.duplicated()]"
    ),
    "NaN in an instance": fit_on(
        PANEL.replace(PANEL.iloc[0, 0], np.nan),
        code="X[np.isfinite(X).all(axis=1)]",
    ),
    "infinity in an instance": fit_on(
        PANEL.replace(PANEL.iloc[0, 0], np.inf), code="X[np.isfinite(X).all(axis=1)]"
    ),
    "a missing time": fit_on(
        PANEL.set_axis(
            pd.MultiIndex.from_arrays(
                [PANEL.index.get_level_values(0), [np.nan, *range(1, 100)]]
            )
        ),
        code="X[X.index.get_level_values(-1).notna()]",
    ),
    "levels in the other order": fit_on(
        PANEL.set_axis(pd.MultiIndex.from_product([range(20), DAYS[:5]])).swaplevel(),
        code="swaplevel(0, -1)",
    ),
    "a target per row": fit_on(
        PANEL,
        y=np.arange(100.0),
        code="[rows.sort_index().to_numpy() for _, rows in X.groupby(level=0, "
        "sort=False)]",
        then=lambda X: regressor().fit(X, TARGET),
    ),
    "a target per row, with windows": fit_on(
        PANEL, y=np.arange(100.0), code="X.reset_index(drop=True)"
    ),
    "a target per row, for pooling": fit_on(
        PANEL,
        y=np.arange(100.0),
        code="pooling=None",
        then=lambda p: regressor(**p).fit(PANEL, np.arange(100.0)),
    ),
    "a target per row, cut into windows": fit_on(
        PANEL,
        y=np.arange(100.0),
        code="SlidingWindowTransformer",
        then=lambda cls: make_pipeline(cls(2, shift=1), regressor()).fit(
            PANEL, np.arange(100.0)
        ),
    ),
    "targets in another order": fit_on(
        PANEL,
        y=LABELLED,
        code="y.loc[X.index.droplevel(-1).unique()]",
        then=lambda y: regressor().fit(PANEL, y),
    ),
    "targets with other labels": fit_on(
        PANEL,
        y=LABELLED,
        code="y.to_numpy()",
        then=lambda y: regressor().fit(PANEL, y),
    ),
    "no times at predict": case(
        "[rows.to_numpy() for _, rows in X.groupby(level=0, sort=False)]",
        lambda: regressor().fit(WINDOWS, TARGET).predict(NO_TIMES),
        lambda X: regressor().fit(WINDOWS, TARGET).predict(X),
        X=NO_TIMES,
    ),
    "one window": case(
        "[X]",
        lambda: fitted(regressor()).predict(WINDOWS[0]),
        lambda X: fitted(regressor()).predict(X),
        X=WINDOWS[0],
    ),
    "windows without an axis of features": case(
        "np.asarray(X)[:, :, np.newaxis]",
        lambda: fitted(regressor(), WINDOWS[:, :, :1]).predict(FLAT),
        lambda X: fitted(regressor(), WINDOWS[:, :, :1]).predict(X),
        X=FLAT,
    ),
    "windows with an axis of features": case(
        "X[:, :, 0]",
        lambda: fitted(regressor(), FLAT).predict(WINDOWS[:, :, :1]),
        lambda X: fitted(regressor(), FLAT).predict(X),
        X=WINDOWS[:, :, :1],
    ),
    "windows of another length, with a scale for each step": case(
        'standardize="features"',
        lambda: fitted(regressor(standardize="steps")).predict(WINDOWS[:, :3]),
        lambda p: fitted(regressor(**p)).predict(WINDOWS[:, :3]),
    ),
    "padded windows, with a scale for each step": fit_on(
        RAGGED,
        model=regressor(standardize="steps"),
        code='standardize="features"',
        then=lambda p: regressor(**p).fit(RAGGED, TARGET),
    ),
    "padded windows, with a scale for each step or window": prose(
        'Pass windows of 5 time steps, or set standardize="features" or "windows"',
        lambda: fitted(regressor(standardize="steps")).predict(RAGGED),
        lambda: fitted(regressor(standardize="windows")).predict(RAGGED),
    ),
    "a date in a frame": fit_on(
        FRAME.assign(when=DAYS[:20]),
        code="SlidingWindowTransformer",
        then=lambda cls: make_pipeline(cls(3, time="when", shift=1), regressor()).fit(
            FRAME.assign(when=DAYS[:20]), TARGET
        ),
    ),
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("name", X_CASES)
def test_advice_on_x_works(name):
    follow(X_CASES[name])


Y_CASES = {
    "strings for a regressor": case(
        "LSTMClassifier",
        lambda: regressor().fit(WINDOWS, CLASSES),
        lambda cls: cls(**SMALL).fit(WINDOWS, CLASSES),
    ),
    "a structured array": case(
        "pd.DataFrame(y).to_numpy()",
        lambda: regressor().fit(WINDOWS, np.zeros(20, [("a", float), ("b", float)])),
        lambda y: regressor().fit(WINDOWS, y),
        y=np.zeros(20, [("a", float), ("b", float)]),
    ),
    "objects as labels": case(
        "np.asarray(y).astype(str)",
        lambda: classifier().fit(WINDOWS, np.array([1, "a"] * 10, object)),
        lambda y: classifier().fit(WINDOWS, y),
        y=np.array([1, "a"] * 10, object),
    ),
    "integers as objects": case(
        "astype(int)",
        lambda: classifier().fit(WINDOWS, np.array([1, 2] * 10, object)),
        lambda y: classifier().fit(WINDOWS, y),
        X=np.array([1, 2] * 10, object),
    ),
    "lists of labels": case(
        "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)",
        lambda: classifier().fit(WINDOWS, [["a"], ["b", "c"]] * 10),
        lambda y: classifier().fit(WINDOWS, y),
        y=[["a"], ["b", "c"]] * 10,
    ),
    "rows of labels": case(
        "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y)",
        lambda: classifier().fit(WINDOWS, TOKENS),
        lambda y: classifier().fit(WINDOWS, y),
        y=TOKENS,
    ),
    "a label per step": case(
        "pooling=None",
        lambda: classifier().fit(WINDOWS, np.where(FLAT > 0, "up", "down")),
        lambda p: classifier(**p).fit(WINDOWS, np.where(FLAT > 0, "up", "down")),
    ),
    "classes that are no list": case(
        "np.unique(y)",
        lambda: classifier().partial_fit(WINDOWS, CLASSES, classes="updown"),
        lambda classes: classifier().partial_fit(WINDOWS, CLASSES, classes=classes),
        y=CLASSES,
    ),
    "class weights of labels": set_on(
        classifier(class_weight="balanced"),
        "class_weight=None",
        lambda model: model.fit(WINDOWS, WINDOWS[:, 0] > 0),
    ),
    "balanced weights of a part": prose(
        "Pass a dict",
        lambda: classifier(class_weight="balanced").partial_fit(WINDOWS, CLASSES),
        lambda: classifier(class_weight={"up": 2.0, "down": 1.0}).partial_fit(
            WINDOWS, CLASSES
        ),
    ),
    "weights beyond float32": prose(
        "Divide them by their mean",
        lambda: regressor(dtype="float32").fit(WINDOWS, TARGET, np.full(20, 1e-50)),
        lambda: regressor(dtype="float32").fit(WINDOWS, TARGET, np.full(20, 1.0)),
    ),
    "a target for few steps": case(
        'pooling="last"',
        lambda: regressor(pooling=None).fit(WINDOWS, TARGET),
        lambda p: regressor(**p).fit(WINDOWS, TARGET),
    ),
}

PARAMETER_CASES = {
    "early stopping of a partial fit": set_on(
        regressor(early_stopping=True),
        "early_stopping=False",
        lambda model: model.partial_fit(WINDOWS, TARGET),
    ),
    "early stopping on one window": set_on(
        regressor(early_stopping=True),
        "early_stopping=False",
        lambda model: model.fit(WINDOWS[:1], TARGET[:1]),
    ),
    "early stopping on few windows of a class": set_on(
        classifier(early_stopping=True),
        "early_stopping=False",
        lambda model: model.fit(WINDOWS[:4], ["a", "b"] * 2),
    ),
    "early stopping without validation windows": prose(
        "pass X_val and y_val",
        lambda: classifier(early_stopping=True).fit(WINDOWS[:4], ["a", "b"] * 2),
        lambda: classifier(early_stopping=True).fit(
            WINDOWS[:4], ["a", "b"] * 2, X_val=WINDOWS[4:6], y_val=["a", "b"]
        ),
    ),
    "X_val without y_val": prose(
        "Pass X_val and y_val",
        lambda: regressor().fit(WINDOWS, TARGET, X_val=WINDOWS),
        lambda: regressor().fit(WINDOWS, TARGET, X_val=WINDOWS, y_val=TARGET),
    ),
    "a timescale without gates": set_on(
        regressor(cell="rnn", max_timescale=9),
        "max_timescale=None",
        lambda model: model.fit(WINDOWS, TARGET),
    ),
    "gates for a timescale": set_on(
        regressor(cell="rnn", max_timescale=9),
        'cell="lstm"',
        lambda model: model.fit(WINDOWS, TARGET),
    ),
    "no vector without pooling": case(
        '"mean"',
        lambda: fitted(regressor(pooling=None), y=FLAT).transform(WINDOWS),
        lambda pooling: fitted(regressor(pooling=pooling)).transform(WINDOWS),
    ),
    "no attention": case(
        'pooling="attention"',
        lambda: (
            fitted(regressor())
            .set_params(pooling="attention")
            .attention_weights(WINDOWS)
        ),
        lambda p: fitted(regressor(**p)).attention_weights(WINDOWS),
    ),
    "no quantiles": case(
        'loss="quantile"',
        lambda: (
            fitted(regressor()).set_params(loss="quantile").predict_quantiles(WINDOWS)
        ),
        lambda p: fitted(regressor(**p)).predict_quantiles(WINDOWS),
    ),
    "quantiles in no order": case(
        "(0.1, 0.5, 0.9)",
        lambda: fitted(regressor(loss="quantile", quantiles=(0.9, 0.1))),
        lambda quantiles: fitted(regressor(loss="quantile", quantiles=quantiles)),
    ),
    "another network for a warm start": case(
        "warm_start=False",
        lambda: fitted(
            fitted(regressor(warm_start=True)).set_params(hidden_layer_sizes=3)
        ),
        lambda p: fitted(
            fitted(regressor(warm_start=True)).set_params(hidden_layer_sizes=3, **p)
        ),
    ),
    "fewer classes for a warm start": case(
        "warm_start=False",
        lambda: fitted(classifier(warm_start=True), y=[*"abc", *CLASSES[3:]]).fit(
            WINDOWS, CLASSES
        ),
        lambda p: (
            fitted(classifier(warm_start=True), y=[*"abc", *CLASSES[3:]])
            .set_params(**p)
            .fit(WINDOWS, CLASSES)
        ),
    ),
    "fewer classes for a partial fit": prose(
        "Use partial_fit",
        lambda: fitted(classifier(warm_start=True), y=[*"abc", *CLASSES[3:]]).fit(
            WINDOWS, CLASSES
        ),
        lambda: fitted(
            classifier(warm_start=True), y=[*"abc", *CLASSES[3:]]
        ).partial_fit(WINDOWS, CLASSES),
    ),
    "no such device": set_on(
        regressor(device="gpu"),
        'device="cpu"',
        lambda model: model.fit(WINDOWS, TARGET),
    ),
    "an automatic device": set_on(
        regressor(device="gpu"),
        'device="auto"',
        lambda model: model.fit(WINDOWS, TARGET),
    ),
    "values beyond float32": case(
        'dtype="float64"',
        lambda: fitted(regressor(dtype="float32")).predict(WINDOWS * 1e300),
        lambda p: fitted(regressor(**p)).predict(WINDOWS * 1e300),
    ),
    "values that are no codes": set_on(
        regressor(embedding_size=2),
        "embedding_size=None",
        lambda model: model.fit(FLAT, TARGET),
    ),
    "codes of several features": set_on(
        regressor(embedding_size=2),
        "embedding_size=None",
        lambda model: model.fit(WINDOWS, TARGET),
    ),
    "a loss for counts": prose(
        "Choose another loss",
        lambda: regressor(loss="poisson").fit(WINDOWS, TARGET),
        lambda: regressor(loss="huber").fit(WINDOWS, TARGET),
    ),
    "other classes of a partial fit": prose(
        "Pass the same classes, or None",
        lambda: (
            classifier()
            .partial_fit(WINDOWS, CLASSES)
            .partial_fit(WINDOWS, CLASSES, classes=["up", "left"])
        ),
        lambda: (
            classifier()
            .partial_fit(WINDOWS, CLASSES)
            .partial_fit(WINDOWS, CLASSES, classes=None)
        ),
    ),
    "sizes of layers": case(
        "(64, 32)",
        lambda: LSTMRegressor((3, 0), **SMALL).fit(WINDOWS, TARGET),
        lambda sizes: LSTMRegressor(sizes, **SMALL).fit(WINDOWS, TARGET),
    ),
    "windows to reconstruct components": prose(
        "Pass the components that transform returned",
        lambda: fitted(autoencoder()).inverse_transform(WINDOWS[:, 0, :1]),
        lambda: fitted(autoencoder()).inverse_transform(
            fitted(autoencoder()).transform(WINDOWS)
        ),
    ),
}

TOKEN_CASES = {
    "one text": case(
        "[X]",
        lambda: SequenceEncoder().fit("abc"),
        lambda X: SequenceEncoder().fit(X),
        X="abc",
    ),
    "a dict of texts": case(
        "list(X.values())",
        lambda: SequenceEncoder().fit({"first": "ab", "second": "c"}),
        lambda X: SequenceEncoder().fit(X),
        X={"first": "ab", "second": "c"},
    ),
    "a set of texts": case(
        "sorted(X)",
        lambda: SequenceEncoder().fit({"ab", "c"}),
        lambda X: SequenceEncoder().fit(X),
        X={"ab", "c"},
    ),
    "a table of tokens": case(
        "list(X)",
        lambda: SequenceEncoder().fit(np.array(TOKENS)),
        lambda X: SequenceEncoder().fit(X),
        X=np.array(TOKENS),
    ),
    "tokens of several types": case(
        "[str(token) for token in sequence]",
        lambda: SequenceEncoder().fit([["a", 1]]),
        lambda sequence: SequenceEncoder().fit([sequence]),
        sequence=["a", 1],
    ),
    "measured numbers": case(
        "sklstm.pad_sequences",
        lambda: SequenceEncoder().fit(RAGGED),
        lambda pad: regressor().fit(pad(RAGGED), TARGET),
    ),
    "no pattern of words": case(
        r"r'\b\w+\b'",
        lambda: SequenceEncoder(analyzer="word", token_pattern=None).fit(["a b"]),
        lambda pattern: SequenceEncoder(analyzer="word", token_pattern=pattern).fit(
            ["a b"]
        ),
    ),
    "no pattern of characters": set_on(
        SequenceEncoder(analyzer="word", token_pattern=None),
        "analyzer='char'",
        lambda encoder: encoder.fit(["a b"]),
    ),
    "values for codes": case(
        "SequenceEncoder",
        lambda: classifier(embedding_size=2).fit(FLAT, CLASSES),
        lambda cls: make_pipeline(cls(), classifier(embedding_size=2)).fit(
            TEXTS, CLASSES
        ),
    ),
    "an iterator that was read": case(
        "list(X)",
        lambda: SequenceEncoder().fit(iter([])),
        lambda X: SequenceEncoder().fit(X),
        X=iter(TEXTS),
    ),
    "rare tokens only": prose(
        "Pass a smaller min_frequency",
        lambda: SequenceEncoder(min_frequency=2).fit(["ab", "cd"]),
        lambda: SequenceEncoder(min_frequency=1).fit(["ab", "cd"]),
    ),
    "huge codes": case(
        "SequenceEncoder",
        lambda: classifier(embedding_size=2).fit(np.full((20, 2), 2**21), CLASSES),
        lambda cls: classifier(embedding_size=2).fit(
            cls().fit_transform(list(np.full((20, 2), 2**21))), CLASSES
        ),
    ),
    "unknown codes": case(
        "SequenceEncoder",
        lambda: (
            classifier(embedding_size=2)
            .fit(np.ones((20, 2)), CLASSES)
            .predict(np.full((1, 2), 7))
        ),
        lambda cls: (
            make_pipeline(cls(), classifier(embedding_size=2))
            .fit(list(np.ones((20, 2), int)), CLASSES)
            .predict(list(np.full((1, 2), 7)))
        ),
    ),
    "a repeated token": case(
        "list(dict.fromkeys(vocabulary))",
        lambda: SequenceEncoder(vocabulary=["a", "a"]).fit(TOKENS),
        lambda vocabulary: SequenceEncoder(vocabulary=vocabulary).fit(TOKENS),
        vocabulary=["a", "a"],
    ),
    "a vocabulary of several types": case(
        "[str(token) for token in vocabulary]",
        lambda: SequenceEncoder(vocabulary=["a", 1]).fit(TOKENS),
        lambda vocabulary: SequenceEncoder(vocabulary=vocabulary).fit(TOKENS),
        vocabulary=["a", 1],
    ),
    "texts that are split in another way": prose(
        "analyzer, lowercase and token_pattern",
        lambda: SequenceEncoder("word", vocabulary=["one"]).fit(["ONE"]),
        lambda: SequenceEncoder("word", vocabulary=["one"], lowercase=True).fit(
            ["ONE"]
        ),
    ),
    "codes of no token": prose(
        "Pass codes as transform returns them",
        lambda: SequenceEncoder().fit(TEXTS).inverse_transform([[9.0]]),
        lambda: (
            SequenceEncoder()
            .fit(TEXTS)
            .inverse_transform(SequenceEncoder().fit(TEXTS).transform(TEXTS))
        ),
    ),
}


def windower(**settings):
    return SlidingWindowTransformer(3, **settings)


def table_case(X, code, then=None, model=None):
    model = model or windower()
    return case(
        code,
        lambda: model.fit(X),
        then or (lambda converted: model.fit(converted).transform(converted)),
        X=X,
    )


HOLED = FRAME.mask(FRAME > 1.5)
SHUFFLED = FRAME.set_axis(DAYS[:20])[::-1]
STORES = pd.concat({1: FRAME.set_axis(DAYS[:20]), 2: FRAME.set_axis(DAYS[:20])})

FIRST_MISSING = FRAME.set_axis(DAYS[:20]).mask(np.eye(20, 5, dtype=bool))
WITH_INFINITY = FRAME.mask(FRAME > 1.5, np.inf)
TWICE = FRAME.set_axis(DAYS[:20]).iloc[[0, *range(20)]]


def detector():
    return LSTMOutlierDetector(Ridge(), window_size=3)


def impute_row_by_row(imputer):
    """Fit a pipeline to all rows but the last one, and transform that row alone."""
    model = make_pipeline(imputer, windower()).fit(FIRST_MISSING[:-1])
    (window,) = model.transform(FIRST_MISSING[-1:].assign(a=np.nan))
    assert np.array_equal(window[:2], FIRST_MISSING[-3:-1])


LAGS = pd.DataFrame(
    WINDOWS[:, :2].reshape(20, -1), columns=["a__lag2", "b__lag2", "a__lag1", "b__lag1"]
)

TABLE_CASES = {
    "one series": table_case(TARGET, "X.reshape(-1, 1)"),
    "one pandas series": table_case(FRAME["a"], "X.to_frame()"),
    "NaN": table_case(HOLED, "X.ffill()"),
    "NaN in a series": table_case(
        STORES.mask(STORES > 1.5),
        "X.groupby(level=0).ffill()",
        lambda X: windower().fit(X[X.notna().all(axis=1)]),
    ),
    "NaN in a series of groups": table_case(
        STORES.mask(STORES > 1.5).reset_index(level=0, names="store"),
        "X.fillna(X.groupby('store').ffill())",
        lambda X: windower(groups="store").fit(X.dropna()),
        model=windower(groups="store"),
    ),
    "NaN in a pipeline": table_case(
        FIRST_MISSING,
        'sklearn.impute.SimpleImputer().set_output(transform="pandas")',
        impute_row_by_row,
    ),
    "NaN in an array": table_case(
        HOLED.to_numpy(),
        "sklearn.impute.SimpleImputer()",
        lambda imputer: make_pipeline(imputer, windower()).fit(HOLED.to_numpy()),
    ),
    "NaN for a detector": table_case(
        HOLED,
        "LSTMOutlierDetector",
        lambda cls: cls(Ridge(), window_size=3).fit(HOLED),
    ),
    "infinity": table_case(
        WITH_INFINITY,
        "X.replace([np.inf, -np.inf], np.nan)",
        lambda X: windower().fit(X.ffill()),
    ),
    "infinity for a detector": table_case(
        WITH_INFINITY,
        "X.replace([np.inf, -np.inf], np.nan)",
        lambda X: detector().fit(X).predict(X),
        model=detector(),
    ),
    "infinity in an array": table_case(
        WITH_INFINITY.to_numpy(),
        "np.where(np.isinf(X), np.nan, X)",
        lambda X: detector().fit(X).predict(X),
        model=detector(),
    ),
    "strings": table_case(FRAME.assign(f="x"), "select_dtypes('number')"),
    "categories": table_case(
        FRAME.assign(f="x"),
        "sklearn.preprocessing.OrdinalEncoder",
        lambda cls: make_pipeline(
            sklearn.compose.make_column_transformer(
                (cls(), ["f"]), remainder="passthrough"
            ),
            windower(),
        ).fit(FRAME.assign(f="x")),
    ),
    "rows in the wrong order": table_case(
        SHUFFLED, "context=None", lambda p: windower(**p).fit(SHUFFLED)
    ),
    "a time twice": table_case(TWICE, "X[~X.index.duplicated()]"),
    "a time twice, with targets": case(
        "y[~X.index.duplicated()]",
        lambda: make_pipeline(windower(shift=1), regressor()).fit(TWICE, TWICE["a"]),
        lambda y: make_pipeline(windower(shift=1), regressor()).fit(
            TWICE[~TWICE.index.duplicated()], y
        ),
        X=TWICE,
        y=TWICE["a"],
    ),
    "a time twice in a column": table_case(
        TWICE.reset_index(names="when"),
        "X[~X.duplicated(['when'])]",
        model=windower(time="when"),
    ),
    "a time twice in a series": table_case(
        STORES.iloc[[0, *range(40)]], "X[~X.index.duplicated()]"
    ),
    "a time twice in a series of groups": table_case(
        STORES.iloc[[0, *range(40)]].reset_index(level=0, names="store"),
        "X[~X.set_index(['store'], append=True).index.duplicated()]",
        lambda X: windower(groups="store").fit_transform(X[:40]),
        model=windower(groups="store"),
    ),
    "a time twice, in two columns": table_case(
        STORES.iloc[[0, *range(40)]].reset_index(names=["store", "when"]),
        "X[~X.duplicated(['store', 'when'])]",
        model=windower(groups="store", time="when"),
    ),
    "several series without groups": prose(
        "identify the series with groups=",
        lambda: windower().fit(STORES.reset_index(level=0, names="store")),
        lambda: windower(groups="store").fit(
            STORES.reset_index(level=0, names="store")
        ),
    ),
    "times before series": table_case(STORES.swaplevel(), "swaplevel(0, -1)"),
    "missing times": case(
        "context=None",
        lambda: windower().fit(FRAME.set_axis([pd.NaT, *DAYS[:19]])),
        lambda p: windower(**p).fit(FRAME.set_axis([pd.NaT, *DAYS[:19]])),
    ),
    "names in the last level": case(
        "context=None",
        lambda: windower().fit(NO_TIMES),
        lambda p: windower(**p).fit(NO_TIMES),
    ),
    "dates as strings": case(
        "pd.to_datetime",
        lambda: windower(time="when").fit(FRAME.assign(when=DAYS[:20].astype(str))),
        lambda convert: windower(time="when").fit(
            FRAME.assign(when=convert(DAYS[:20].astype(str)))
        ),
    ),
    "no such column": prose(
        "Pass one of these names",
        lambda: windower(time="when").fit(FRAME),
        lambda: windower(time="e").fit(FRAME.assign(e=range(20))),
    ),
    "a missing lag column": prose(
        "Add the missing columns",
        lambda: regressor().fit(LAGS.drop(columns="b__lag2"), TARGET),
        lambda: regressor().fit(LAGS, TARGET),
    ),
    "a short series": prose(
        "smaller window_size",
        lambda: LSTMOutlierDetector(Ridge(), window_size=30).fit(FRAME),
        lambda: LSTMOutlierDetector(Ridge(), window_size=3).fit(FRAME),
    ),
    "a gap that is no duration": case(
        "10",
        lambda: detector().fit(FRAME).events(FRAME, min_gap="soon"),
        lambda min_gap: detector().fit(FRAME).events(FRAME, min_gap=min_gap),
    ),
    "a duration for rows without times": prose(
        "rows with a DatetimeIndex",
        lambda: detector().fit(FRAME).events(FRAME, min_gap="2D"),
        lambda: [
            detector().fit(table).events(table, min_gap="2D")
            for table in [FRAME.set_axis(DAYS[:20])]
        ],
    ),
    "new rows without stored rows": case(
        'context="auto"',
        lambda: windower(context=None).fit(FRAME[:9]).update(FRAME[9:]),
        lambda p: windower(**p).fit(FRAME[:9]).update(FRAME[9:]),
    ),
    "lag columns and others": case(
        "SlidingWindowTransformer",
        lambda: regressor().fit(FRAME.rename(columns={"a": "lag1"}), TARGET),
        lambda cls: make_pipeline(cls(3, shift=1), regressor()).fit(FRAME, TARGET),
    ),
}

PRICES = SALES.to_frame("price")
STORE_SALES = pd.concat({1: SALES, 2: SALES}).to_frame("sales")
WARM = forecaster(regressor(), warm_start=True)
PROMOTION = pd.Series([0.0, 1, np.nan] * 20, DAYS, name="promotion")
SHOP_BY_DAY = pd.DataFrame({"promotion": [0, 1] * 30, "sales": SALES})
SHOP = SHOP_BY_DAY.set_axis(DAYS.astype(str)).reset_index(names="day")


def fill_covariates(X, code):
    return case(
        code,
        lambda: forecaster().fit(SALES, X),
        lambda filled: forecaster().fit(SALES, filled),
        X=X,
    )


FORECAST_CASES = {
    "rows of several series in a search": case(
        "y.unstack(0)",
        lambda: cross_val_score(
            forecaster(), LONG_SALES, cv=TimeSeriesSplit(2), error_score="raise"
        ),
        lambda y: cross_val_score(
            forecaster(), y, cv=TimeSeriesSplit(2), error_score="raise"
        ),
        y=LONG_SALES,
    ),
    "a regressor of one number": case(
        "sklearn.multioutput.MultiOutputRegressor(regressor)",
        lambda: forecaster(HistGradientBoostingRegressor(max_iter=2)).fit(SALES),
        lambda model: forecaster(model).fit(SALES).predict(),
        regressor=HistGradientBoostingRegressor(max_iter=2),
    ),
    "a regressor of one number, step by step": set_on(
        forecaster(HistGradientBoostingRegressor(max_iter=2)),
        'strategy="recursive"',
        lambda model: model.fit(SALES).predict(),
    ),
    "quantiles step by step": set_on(
        forecaster(regressor(loss="quantile"), strategy="recursive"),
        'strategy="direct"',
        lambda model: model.fit(SALES),
    ),
    "features of dates without dates": set_on(
        forecaster(date_features=("month",)),
        "date_features=()",
        lambda model: model.fit(SALES.to_numpy()),
    ),
    "intervals without calibration": case(
        'LSTMRegressor(loss="quantile")',
        lambda: (
            forecaster(baseline="last", calibration_fraction=None)
            .fit(SALES)
            .predict_interval()
        ),
        lambda model: forecaster(
            model.set_params(**SMALL), calibration_fraction=None
        ).fit(SALES),
    ),
    "a warm start without networks": case(
        "warm_start=False",
        lambda: forecaster(warm_start=True).fit(SALES).fit(SALES),
        lambda p: forecaster(warm_start=True).fit(SALES).set_params(**p).fit(SALES),
    ),
    "covariates in the place of the horizon": prose(
        "predict(X=",
        lambda: forecaster(past_covariates="all").fit(SALES, PRICES).predict(PRICES),
        lambda: forecaster(past_covariates="all").fit(SALES, PRICES).predict(X=PRICES),
    ),
    "missing covariates": prose(
        "fit with its name in past_covariates",
        lambda: forecaster().fit(SALES, PRICES).predict(),
        lambda: forecaster(past_covariates=["price"]).fit(SALES, PRICES).predict(),
    ),
    "a window shorter than the known future": set_on(
        forecaster(horizon=9),
        'strategy="recursive"',
        lambda model: model.fit(SALES, PRICES),
    ),
    "few values to calibrate on": set_on(
        forecaster(calibration_fraction=0.5),
        "calibration_fraction=None",
        lambda model: model.fit(SALES[:11]),
    ),
    "a longer horizon": case(
        'strategy="recursive"',
        lambda: forecaster().fit(SALES).predict(9),
        lambda p: forecaster(**p).fit(SALES).predict(9),
    ),
    "intervals beyond the horizon": prose(
        "Fit with a larger horizon",
        lambda: forecaster(strategy="recursive").fit(SALES).predict_interval(9),
        lambda: forecaster(horizon=9).fit(SALES).predict_interval(9),
    ),
    "another setting for a warm start": case(
        "warm_start=False",
        lambda: clone(WARM).fit(SALES).set_params(window_size=8).fit(SALES),
        lambda p: clone(WARM).fit(SALES).set_params(window_size=8, **p).fit(SALES),
    ),
    "a score of no backtest": case(
        "LSTMForecaster.backtest",
        lambda: score_forecasts(SALES.to_frame()),
        lambda backtest: score_forecasts(
            backtest(forecaster(), SALES, cv=TimeSeriesSplit(3, test_size=3))
        ),
    ),
    "splits out of order": case(
        "TimeSeriesSplit",
        lambda: forecaster().backtest(SALES, cv=KFold(3)),
        lambda _: forecaster().backtest(SALES, cv=TimeSeriesSplit(3, test_size=3)),
        TimeSeriesSplit=TimeSeriesSplit,
    ),
    "several columns of stores": prose(
        "Pass one of them as y",
        lambda: forecaster().fit(STORE_SALES.assign(price=1.0)),
        lambda: forecaster().fit(STORE_SALES["sales"]),
    ),
    "a series in the place of a table": case(
        "X.to_frame()",
        lambda: forecaster().fit(PRICES.assign(cost=1.0), SALES),
        lambda X: forecaster(past_covariates="all").fit(PRICES.assign(cost=1.0), X),
        X=SALES,
    ),
    "covariates in the place of the series": prose(
        "The order is fit(y, X)",
        lambda: forecaster().fit(PRICES.assign(cost=1.0), SALES),
        lambda: forecaster(past_covariates="all").fit(SALES, PRICES.assign(cost=1.0)),
    ),
    "logarithms of other numbers": set_on(
        forecaster(log=True), "log=False", lambda model: model.fit(SALES - 99)
    ),
    "logarithms of some series": set_on(
        forecaster(log=True), 'log="auto"', lambda model: model.fit(SALES - 99)
    ),
    "times out of order": case(
        "y.sort_index()",
        lambda: forecaster().fit(SALES[::-1]),
        lambda y: forecaster().fit(y),
        y=SALES[::-1],
    ),
    "a time twice": case(
        "y.groupby(level=0).mean()",
        lambda: forecaster().fit(pd.concat([SALES[:1], SALES])),
        lambda y: forecaster().fit(y),
        y=pd.concat([SALES[:1], SALES]),
    ),
    "a time of X twice": case(
        "X[~X.index.duplicated()]",
        lambda: forecaster().fit(SALES, pd.concat([PRICES[:1], PRICES])),
        lambda X: forecaster().fit(SALES, X),
        X=pd.concat([PRICES[:1], PRICES]),
    ),
    "a missing price": fill_covariates(PRICES.mask(PRICES > 11), "X.ffill()"),
    "a missing price of the first day": fill_covariates(
        PRICES[1:].reindex(DAYS), "X.fillna(X.median())"
    ),
    "a missing promotion": fill_covariates(
        PRICES.assign(promotion=PROMOTION), "X.fillna({'promotion': 0})"
    ),
    "a missing promotion of a series": fill_covariates(PROMOTION, "X.fillna(0)"),
    "a missing promotion of an array": fill_covariates(
        PROMOTION.to_numpy(), "pd.DataFrame(X).fillna(0).to_numpy()"
    ),
    "a table with the dates in a column": case(
        "y.set_index(pd.to_datetime(y.pop('day')))",
        lambda: forecaster().fit(SHOP.copy()),
        lambda y: forecaster().fit(y).predict(),
        y=SHOP.copy(),
    ),
    "a table with covariates": case(
        "fit(y['sales'], y.drop(columns='sales'))",
        lambda: forecaster().fit(SHOP.copy()),
        lambda model: model.predict(X=SHOP_BY_DAY[-3:].shift(freq="3D")),
        fit=forecaster().fit,
        y=SHOP_BY_DAY,
    ),
    "a table with a column of times and covariates": case(
        "fit(y['sales'], y.drop(columns='sales'))",
        lambda: forecaster().fit(SHOP.assign(day=DAYS)),
        lambda model: model.predict(X=SHOP_BY_DAY[-3:].shift(freq="3D")),
        fit=forecaster().fit,
        y=SHOP_BY_DAY,
    ),
    "dates as strings": case(
        "y.rename(pd.Timestamp)",
        lambda: forecaster().fit(SALES.set_axis(DAYS.astype(str))),
        lambda y: forecaster().fit(y),
        y=SALES.set_axis(DAYS.astype(str)),
    ),
    "missing days": case(
        "y.asfreq('D')",
        lambda: forecaster().fit(SALES.drop(DAYS[7])),
        lambda y: forecaster().fit(y),
        y=SALES.drop(DAYS[7]),
    ),
}

DETECTOR_CASES = {
    "a regressor of one number": case(
        "sklearn.multioutput.MultiOutputRegressor(regressor)",
        lambda: LSTMOutlierDetector(
            HistGradientBoostingRegressor(max_iter=2), window_size=3
        ).fit(WINDOWS[:, 0].repeat(2, axis=0)),
        lambda model: LSTMOutlierDetector(model, window_size=3).fit(
            WINDOWS[:, 0].repeat(2, axis=0)
        ),
        regressor=HistGradientBoostingRegressor(max_iter=2),
    ),
    "a regressor that should reconstruct": case(
        "method='forecast'",
        lambda: LSTMOutlierDetector(Ridge(), method="reconstruction").fit(FLAT),
        lambda p: LSTMOutlierDetector(Ridge(), window_size=3, **p).fit(FLAT),
    ),
    "an autoencoder that should forecast": case(
        "LSTMAutoencoder",
        lambda: LSTMOutlierDetector(Ridge(), method="reconstruction").fit(FLAT),
        lambda cls: LSTMOutlierDetector(
            cls(**SMALL), method="reconstruction", window_size=3
        ).fit(FLAT),
    ),
}

LANGUAGE_TEXTS = ["one two", "Two one", "two two"] * 4
LANGUAGE_MODEL = LSTMLanguageModel((3,), analyzer="word", lowercase=True, **SMALL)
LANGUAGE_MODEL.fit(LANGUAGE_TEXTS)


def classify_words(encoder):
    codes = encoder.fit_transform(LANGUAGE_TEXTS)
    model = LSTMClassifier(pretrained=LANGUAGE_MODEL, **SMALL)
    return model.fit(codes, [0, 1, 0] * 4)


def start_from(pretrained, **settings):
    settings = SMALL | {"pretrained": pretrained} | settings
    return LSTMRegressor(**settings).fit(WINDOWS, TARGET)


TRANSFER_CASES = {
    "codes of another encoder": case(
        "SequenceEncoder(analyzer='word', lowercase=True, "
        r"token_pattern='(?u)\\b\\w+\\b', vocabulary=model.vocabulary_)",
        lambda: classify_words(SequenceEncoder("word")),
        classify_words,
        model=LANGUAGE_MODEL,
    ),
    "codes of other tokens": case(
        "SequenceEncoder(analyzer='word', lowercase=True, "
        r"token_pattern='(?u)\\b\\w+\\b', vocabulary=model.vocabulary_)",
        lambda: classify_words(SequenceEncoder("word", vocabulary=["one"])),
        classify_words,
        model=LANGUAGE_MODEL,
    ),
    "layers of another size": prose(
        "hidden_layer_sizes=(3,), not (2,). Set them to its values",
        lambda: start_from(regressor().fit(WINDOWS, TARGET), hidden_layer_sizes=(3,)),
        lambda: start_from(regressor().fit(WINDOWS, TARGET), hidden_layer_sizes=(2,)),
    ),
    "a timescale of layers that are copied": case(
        "max_timescale=None",
        lambda: start_from(regressor().fit(WINDOWS, TARGET), max_timescale=9),
        lambda settings: start_from(regressor().fit(WINDOWS, TARGET), **settings),
    ),
    "other features": case(
        "pretrained=None",
        lambda: start_from(regressor().fit(FLAT, TARGET)),
        lambda settings: start_from(**settings),
    ),
    "a model that is not fitted": prose(
        "Call its fit first",
        lambda: start_from(regressor()),
        lambda: start_from(regressor().fit(WINDOWS, TARGET)),
    ),
    "an estimator without layers": prose(
        "Pass such an estimator, or None",
        lambda: start_from(Ridge()),
        lambda: start_from(None),
    ),
}

WINDOWS_MODEL = make_pipeline(SlidingWindowTransformer(3, shift=1), regressor())
WINDOWS_MODEL.fit(FRAME, TARGET)
LOG_MODEL = make_pipeline(
    sklearn.preprocessing.FunctionTransformer(np.exp), regressor()
)
LOG_MODEL.fit(FLAT, TARGET)
SCALED_TARGET = sklearn.compose.TransformedTargetRegressor(
    regressor(), transformer=sklearn.preprocessing.StandardScaler()
).fit(FLAT, TARGET)
TAGS = np.where(FLAT > 0, "up", "down")


def tagger(**settings):
    return classifier(pooling=None, **settings).fit(FLAT, TAGS)


OUTPUTS = sklearn.multioutput.MultiOutputRegressor(regressor())
OUTPUTS.fit(FLAT, WINDOWS[:, -1])
DATES = np.array(["2024-01-01", "2025-01-01"], "M8[D]")[(TARGET > 0).astype(int)]


def register_and_convert():
    register_converters()
    skl2onnx = pytest.importorskip("skl2onnx")
    skl2onnx.to_onnx(OUTPUTS, FLAT.astype(np.float32))


EXPORT_CASES = {
    "a model that holds ours": prose(
        "call sklstm.export.register_converters(), and then skl2onnx.to_onnx",
        lambda: to_onnx(OUTPUTS),
        register_and_convert,
    ),
    "dates as classes": case(
        "y.astype(str)",
        lambda: to_onnx(classifier().fit(FLAT, DATES)),
        lambda y: to_onnx(classifier().fit(FLAT, y)),
        y=DATES,
    ),
    "the last step of a pipeline": case(
        "model[-1]", lambda: to_onnx(WINDOWS_MODEL), to_onnx, model=WINDOWS_MODEL
    ),
    "windows of a pipeline": case(
        "model[:-1].transform(X)",
        lambda: to_onnx(WINDOWS_MODEL),
        WINDOWS_MODEL[-1].predict,
        model=WINDOWS_MODEL,
        X=FRAME,
    ),
    "a step that skl2onnx does not have": case(
        "model[-1]", lambda: to_onnx(LOG_MODEL), to_onnx, model=LOG_MODEL
    ),
    "a scaled target": case(
        "model.regressor_",
        lambda: to_onnx(SCALED_TARGET),
        to_onnx,
        model=SCALED_TARGET,
    ),
    "transitions": case(
        "transitions=False",
        lambda: to_onnx(tagger(transitions=True)),
        lambda settings: to_onnx(tagger(**settings)),
    ),
    "blocks": case(
        'cell="lstm"',
        lambda: to_onnx(regressor(cell="transformer").fit(FLAT, TARGET)),
        lambda settings: to_onnx(regressor(**settings).fit(FLAT, TARGET)),
    ),
    "blocks for PyTorch": case(
        "sklstm.export.to_torch",
        lambda: to_onnx(regressor(cell="transformer").fit(FLAT, TARGET)),
        lambda copy: copy(regressor(cell="transformer").fit(FLAT, TARGET)),
    ),
    "steps for PyTorch": case(
        "model[-1]", lambda: to_torch(LOG_MODEL), to_torch, model=LOG_MODEL
    ),
}

CASES = {
    f"{kind}: {name}": one
    for kind, cases in {
        "y": Y_CASES,
        "parameters": PARAMETER_CASES,
        "tokens": TOKEN_CASES,
        "table": TABLE_CASES,
        "forecast": FORECAST_CASES,
        "detector": DETECTOR_CASES,
        "export": EXPORT_CASES,
        "transfer": TRANSFER_CASES,
    }.items()
    for name, one in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_advice_works(name):
    follow(CASES[name])


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_nested_tensor_becomes_a_list():
    X = torch.nested.nested_tensor([torch.tensor(x) for x in RAGGED])
    follow(fit_on(X, code="list(X.unbind())"))


def test_the_advice_of_warnings_works():
    with pytest.warns(UserWarning, match="Pass shift=1 or more"):
        windower().fit(FRAME, FRAME["a"])
    windower(shift=1).fit(FRAME, FRAME["a"])
    rows = np.sort(RANDOM.permutation(60)[:42])
    drawn = SALES.to_frame().iloc[rows]
    with pytest.warns(UserWarning, match=r"TimeSeriesSplit.*pass context=None"):
        windower().fit(drawn)
    windower(context=None).fit(drawn)
    train, _ = next(TimeSeriesSplit(2).split(SALES))
    windower().fit(SALES.to_frame().iloc[train])


@pytest.mark.parametrize("advice", ['context="assume_next"', "context=None"])
def test_the_advice_for_rows_without_a_past_works(advice):
    with pytest.warns(UserWarning, match=advice):
        windower().fit(FLAT[:9]).transform(FLAT[9:])
    windower(**evaluate(advice, {})).fit(FLAT[:9]).transform(FLAT[9:])


def test_the_advice_for_rows_that_are_not_scored_works():
    detector = LSTMOutlierDetector(Ridge(), window_size=3).fit(FLAT[:15])
    with pytest.warns(UserWarning, match=r'update.*context="assume_next"'):
        detector.predict(FLAT[18:])
    detector.update(FLAT[15:18]).predict(FLAT[18:])
    detector.fit(FLAT[:15]).predict(FLAT[15:])
    following = LSTMOutlierDetector(Ridge(), window_size=3, context="assume_next")
    following.fit(FLAT[:15]).predict(FLAT[15:17])


def test_the_axes_that_a_message_names_are_accepted():
    matplotlib = pytest.importorskip("matplotlib.pyplot")
    detector = LSTMOutlierDetector(Ridge(), window_size=3).fit(FRAME)
    plot = sklstm.AnomalyDisplay.from_estimator
    n_axes = FRAME.shape[1] + 1
    with pytest.raises(ValueError, match=rf"plt.subplots\({n_axes}\)"):
        plot(detector, FRAME, ax=matplotlib.subplots(n_axes + 1)[1])
    plot(detector, FRAME, ax=matplotlib.subplots(n_axes)[1])


def test_the_advice_for_a_path_works(tmp_path):
    model, path = regressor().fit(FLAT, TARGET), tmp_path / "new" / "model.onnx"
    with pytest.raises(FileNotFoundError) as raised:
        to_onnx(model, path)
    eval(re.search(r"pathlib\.Path\(.*\)", str(raised.value))[0], {"pathlib": pathlib})
    to_onnx(model, path)
    with pytest.raises(IsADirectoryError, match=r"new/model.onnx"):
        to_onnx(model, path.parent)


def follow(one):
    with pytest.raises((ValueError, TypeError)) as raised:
        one.fails()
    assert one.advice in str(raised.value)
    if one.data is None:
        one.then()
    else:
        one.then(evaluate(one.advice, one.data))
