"""Small fitted models of every estimator, and what they answer.

The data are sums of sines, so that each version of NumPy gives the same.
"""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import (
    GroupScaler,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
    SequenceEncoder,
    SlidingWindowTransformer,
)
from sklstm.streaming import Stream

TINY = {
    "hidden_layer_sizes": (3,),
    "conv_filters": (),
    "pooling": "last",
    "max_iter": 3,
    "random_state": 0,
}
TINY_ENCODER = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
TINY_TEXT = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}

_steps = np.arange(200.0).reshape(20, 5, 2)
X = np.sin(_steps) + 0.5 * np.sin(0.7 * _steps**1.1)
Y = X[:, 0, 0].copy()
CLASSES = np.where(Y > 0, "up", "down")
STEP_CLASSES = (X[:, :, 0] > 0).astype(int)
# A later sequence has other steps than the sequences of fit.
X_RAGGED = [x[n % 3 :] for n, x in enumerate(X[:6])]

HOURS = pd.date_range("2024-01-01", periods=60, freq="h", tz="Europe/Berlin")
TABLE = pd.DataFrame(
    {
        "load": 5 + np.sin(0.6 * np.arange(60)) + 0.1 * np.sin(np.arange(60.0) ** 2),
        "wind": np.cos(0.4 * np.arange(60)),
    },
    HOURS,
)
SERIES = TABLE["load"]
TARGET = TABLE.sum(axis=1)
MONTHS = pd.Series(
    20 + np.arange(40) % 12 + np.sin(np.arange(40.0) ** 2),
    pd.period_range("2020-01", periods=40, freq="M"),
    name="sales",
)
PANEL = pd.concat({"north": SERIES, "south": SERIES.iloc[::-1].set_axis(HOURS)})
# No wind at night: a column that is known in advance.
DAYLIGHT = pd.DataFrame({"daylight": (HOURS.hour % 24 > 6).astype(float)}, HOURS)
NEXT_HOURS = pd.date_range(HOURS[-1], periods=4, freq="h")[1:]

TEXTS = ["abc abd", "bcd aab", "ab", "cab dab"] * 5


def _text_to_fit():
    return make_pipeline(
        SequenceEncoder(analyzer="char"), LSTMClassifier(embedding_size=3, **TINY)
    )


@cache
def language_model():
    """Return a fitted language model, from which another network starts."""
    return LSTMLanguageModel(**TINY_TEXT).fit(TEXTS)


def _pretrained():
    model = language_model()
    encoder = SequenceEncoder(analyzer="char", vocabulary=model.vocabulary_)
    network = LSTMClassifier(pretrained=model, max_iter=2, random_state=0)
    return make_pipeline(encoder, network).fit(TEXTS, CLASSES)


def _pipeline():
    return make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        SlidingWindowTransformer(3),
        LSTMRegressor(**TINY),
    )


def _search():
    steps = make_pipeline(SlidingWindowTransformer(3), LSTMRegressor(**TINY))
    grid = {"slidingwindowtransformer__window_size": [2, 3]}
    return GridSearchCV(steps, grid, cv=TimeSeriesSplit(2)).fit(TABLE, TARGET)


def _detector(**parameters):
    return LSTMOutlierDetector(
        LSTMRegressor(**TINY), window_size=3, random_state=0, **parameters
    )


def _forecaster(**parameters):
    defaults = {"horizon": 3, "pretrained": False, "random_state": 0}
    network = LSTMRegressor(**TINY)
    return LSTMForecaster(regressor=network, **defaults | parameters)


def _scores(model, X):
    """Return the log probabilities of the best answers."""
    return np.array([s for best in model.predict_n_best(X) for _, s in best])


def _stream():
    return Stream(_pipeline().fit(TABLE[:50], TARGET[:50])).update(TABLE[50:55])


# A search holds classes of scikit-learn beside the estimators. The version of skops
# decides which of them it trusts without being asked.
TYPES_OF_A_SEARCH = [
    "numpy.ma.core.MaskedArray",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.TimeSeriesSplit",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
]

# A function that fits, and one that returns what the fitted model answers.
MODELS = {
    "regressor": (
        lambda: LSTMRegressor(n_estimators=2, **TINY).fit(X, Y),
        lambda model: model.predict(X),
    ),
    "regressor_of_quantiles": (
        lambda: LSTMRegressor(
            loss="quantile", standardize="windows", cell="gru", **TINY
        ).fit(X, Y),
        lambda model: model.predict_quantiles(X),
    ),
    "regressor_of_steps": (
        lambda: LSTMRegressor(
            **TINY | {"random_state": np.random.RandomState(0)}, standardize="steps"
        ).partial_fit(X, Y),
        lambda model: model.predict(X),
    ),
    "classifier": (
        lambda: LSTMClassifier(cell="transformer", **TINY).fit(X, CLASSES),
        lambda model: model.predict_proba(X),
    ),
    "classifier_of_labels": (
        lambda: LSTMClassifier(**TINY).fit(X, np.column_stack([Y > 0, Y > 0.5]) * 1),
        lambda model: np.stack(model.predict_proba(X)),
    ),
    "tagger": (
        lambda: LSTMClassifier(**TINY | {"pooling": None}, transitions=True).fit(
            X, STEP_CLASSES
        ),
        lambda model: np.concatenate(model.predict_proba(X_RAGGED)),
    ),
    "autoencoder": (
        lambda: LSTMAutoencoder(n_components=2, **TINY_ENCODER).fit(X),
        lambda model: model.inverse_transform(model.transform(X)),
    ),
    "detector": (
        lambda: _detector(contamination=0.1).fit(TABLE),
        lambda model: model.decision_function(TABLE),
    ),
    "detector_of_panel": (
        lambda: _detector(contamination=0.1).fit(PANEL.to_frame()),
        lambda model: model.decision_function(PANEL.to_frame()),
    ),
    "detector_of_array": (
        lambda: LSTMOutlierDetector(
            LSTMAutoencoder(n_components=2, **TINY_ENCODER),
            method="reconstruction",
            contamination=0.1,
        ).fit(TABLE.to_numpy()),
        lambda model: model.decision_function(TABLE.to_numpy()),
    ),
    "windows": (
        lambda: SlidingWindowTransformer(3, shift=1).fit(TABLE),
        lambda model: model.transform(TABLE[-1:].set_axis(NEXT_HOURS[:1])),
    ),
    "windows_of_panel": (
        lambda: SlidingWindowTransformer(3).fit(PANEL.to_frame()),
        lambda model: model.transform(PANEL.to_frame()),
    ),
    "group_scaler": (
        lambda: GroupScaler(groups=[0], n_groups=2, random_state=0).fit(X),
        lambda model: model.transform(X),
    ),
    "encoder": (
        lambda: SequenceEncoder().fit(TEXTS),
        lambda model: np.asarray(model.transform(TEXTS)),
    ),
    "forecaster": (
        lambda: _forecaster(date_features=("hour",)).fit(SERIES, DAYLIGHT),
        lambda model: model.predict_quantiles(
            X=pd.DataFrame({"daylight": 1.0}, NEXT_HOURS), quantiles=[0.2, 0.5]
        ).to_numpy(),
    ),
    "forecaster_of_months": (
        lambda: _forecaster().fit(MONTHS),
        lambda model: model.predict().to_numpy(),
    ),
    "forecaster_of_panel": (
        lambda: _forecaster(strategy="recursive", horizon=2).fit(PANEL),
        lambda model: model.predict_interval().to_numpy(),
    ),
    "forecaster_of_array": (
        lambda: _forecaster(horizon=2).fit(SERIES.to_numpy()),
        lambda model: model.predict(),
    ),
    "language_model": (language_model, lambda model: model.score_samples(TEXTS)),
    "translator": (
        lambda: LSTMTranslator(**TINY_TEXT).fit(TEXTS, [t[::-1] for t in TEXTS]),
        lambda model: _scores(model, TEXTS),
    ),
    "translator_of_numbers": (
        lambda: LSTMTranslator(**TINY_TEXT).fit(X, [["a", "b"], ["b"]] * 10),
        lambda model: _scores(model, X),
    ),
    "transcriber": (
        lambda: LSTMTranscriber(**TINY_ENCODER).fit(X, ["ab", "b"] * 10),
        lambda model: _scores(model, X),
    ),
    "pipeline": (
        lambda: _pipeline().fit(TABLE, TARGET),
        lambda model: model.predict(TABLE),
    ),
    "text_pipeline": (
        lambda: _text_to_fit().fit(TEXTS, CLASSES),
        lambda model: model.predict_proba(TEXTS),
    ),
    "pretrained": (_pretrained, lambda model: model.predict_proba(TEXTS)),
    "search": (_search, lambda model: model.predict(TABLE)),
    "stream": (
        _stream,
        lambda model: model.update(TABLE[55:]).predict(),
    ),
}
