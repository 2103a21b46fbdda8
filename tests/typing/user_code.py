"""Ordinary calls that a type checker must accept: `test_typing.py` checks them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from sklstm import (
    AnomalyDisplay,
    AttributionDisplay,
    ForecastDisplay,
    GateDisplay,
    LossCurveDisplay,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
    SequenceEncoder,
    SlidingWindowTransformer,
    WindowDisplay,
    make_windows,
    pad_sequences,
)
from sklstm.datasets import (
    load_pronunciations,
    load_retail_sales,
    make_adding,
    make_dates,
    make_machine,
    make_series,
)
from sklstm.forecasting import score_forecasts
from sklstm.inspection import gate_traces, integrated_gradients
from sklstm.streaming import Stream


def data() -> None:
    sales = load_retail_sales()
    print(sales.index[0], sales.pct_change().mean())
    X, y = load_retail_sales(return_X_y=True)
    print(X.columns, y.index)
    windows, sums = make_adding(100, 30, random_state=0)
    print(windows.shape, sums.mean())
    words, phones = load_pronunciations()
    print(words[0].upper(), phones[0].index("AH"))
    written, iso = make_dates(100, random_state=0)
    print(written[0].upper(), iso[0].split("-"))
    values, labels = make_machine(1000, faults=["knock"], random_state=0)
    print(values.describe(), labels.sum())
    print(make_series(3, 48, freq="D", random_state=0).columns)


def regression(X: pd.DataFrame, y: pd.Series) -> None:
    model = LSTMRegressor(batch_size=32, max_grad_norm=None, random_state=0)
    print(model.fit(X, y).predict(X).shape, model.score(X, y))
    LSTMRegressor(50, pooling=None, early_stopping=True, verbose=True)
    LSTMRegressor((32, 16), cell="gru", alpha=1e-3, batch_size="auto", max_iter=20)
    LSTMRegressor([32, 16], random_state=np.random.RandomState(0), device="auto")
    LSTMRegressor(loss="quantile", quantiles=(0.1, 0.5, 0.9)).fit(X, y)
    LSTMRegressor(embedding_size=4, conv_filters=(8,), max_timescale=100, dropout=0)
    windows = np.zeros((100, 24, 3))
    print(LSTMRegressor().fit(windows, np.zeros(100)).transform(windows).mean())


def transcription(X: list[NDArray[np.float64]], y: list[str]) -> None:
    model = LSTMTranscriber((64, 32), beam_width=5, masking=0.1, standardize=True)
    model.fit(X, y, X_val=X, y_val=y)
    print(model.predict(X)[0], model.score(X, y) + model.error_rate(X, y))
    for label, start, end in [*model.align(X)[0], *model.align(X, y)[0]]:
        print(label, end - start)
    labels, log_probability = model.predict_n_best(X, n=2)[0][0]
    print(labels, np.exp(log_probability))
    LSTMTranscriber(learning_rate="auto", batch_size="auto").fit(X, [[1, 2], [3]])


def pipelines(X: pd.DataFrame, y: pd.Series) -> None:
    model = make_pipeline(SlidingWindowTransformer(12, shift=1), LSTMRegressor())
    model.fit(X, y).predict(X)
    grid = {"lstmregressor__hidden_layer_sizes": [(8,), (32,)]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3)).fit(X, y)
    print(search.best_params_)
    windows = SlidingWindowTransformer(window_size=12, time="month").fit_transform(X, y)
    print(windows.shape)
    SlidingWindowTransformer(
        12, shift=1, known_ahead=["promotion"], sampling_rate=24
    ).fit(X).update(X)
    stream = Stream(model).update(X)
    print(stream.predict(), stream.predict_interval(coverage=0.8))


def inspection(X: pd.DataFrame, y: pd.Series) -> None:
    model = LSTMRegressor(random_state=0).fit(X, y)
    print(gate_traces(model, X)["forget"].groupby("unit").mean())
    print(integrated_gradients(model, X, baseline="zeros", n_steps=64).outputs)


def classification(texts: list[str], labels: list[str]) -> None:
    codes = SequenceEncoder(analyzer="word").fit(texts).transform(texts)
    model = LSTMClassifier((10,), embedding_size=4, class_weight="balanced")
    print(model.fit(codes, labels).predict_proba(codes).max(axis=1))
    print(model.predict(codes).shape, model.classes_)
    LSTMClassifier(class_weight={"news": 2.0, "other": 1.0}, shuffle=False)
    sequences = [np.zeros((10, 2)), np.zeros((20, 2))]
    steps = [["a"] * 10, ["b"] * 20]
    tagger = LSTMClassifier(pooling=None, transitions="seen").fit(sequences, steps)
    print(tagger.transitions_.loc["a", "b"])
    LSTMClassifier().fit(sequences, ["a", "b"]).predict(sequences)
    print(pad_sequences(sequences).shape)


def forecasts(y: pd.Series, X: pd.DataFrame) -> None:
    forecaster = LSTMForecaster(horizon=12, random_state=0).fit(y)
    print(forecaster.predict(), forecaster.predict(3))
    print(forecaster.predict_interval(coverage=0.9))
    print(forecaster.predict_quantiles(quantiles=[0.25, 0.75]))
    LSTMForecaster(LSTMRegressor(dropout=0.1), season_length=12, baseline="growth")
    other = LSTMForecaster(date_features=["month"], past_covariates=["price"])
    print(other.fit(y, X).predict(6, X=X, last_window=y))
    print(score_forecasts(forecaster.backtest(y, TimeSeriesSplit(3))))
    forecaster.update(y).predict()
    print(ForecastDisplay.from_estimator(forecaster, actual=y).ax_)
    print(ForecastDisplay.from_predictions([1.0, 2.0], history=y).lines_)
    forecaster.summary()


def displays(X: pd.DataFrame, y: pd.Series) -> None:
    windower = SlidingWindowTransformer(12, shift=1)
    print(WindowDisplay.from_estimator(windower, X, cv=TimeSeriesSplit(3)).ax_)
    model = make_pipeline(windower, LSTMRegressor()).fit(X, y)
    print(LossCurveDisplay.from_estimator({"LSTM": model}, yscale="log").best_epochs_)
    print(AttributionDisplay.from_attributions([1.0, -1.0], symbols="AC").texts_)
    print(AttributionDisplay.from_estimator(model, X, window=3, target=0).image_)
    print(GateDisplay.from_estimator(model, X, direction="backward").images_["cell"])


def anomalies(X: pd.DataFrame) -> None:
    detector = LSTMOutlierDetector().fit(X)
    print(detector.predict(X).sum(), detector.score_samples(X).shape)
    print(detector.explain(X).head())
    LSTMOutlierDetector(LSTMAutoencoder(8), method="reconstruction", window_size=24)
    print(AnomalyDisplay.from_estimator(detector, X).axes_)


def autoencoding(windows: NDArray[Any]) -> None:
    model = LSTMAutoencoder((16,), n_components=3).fit(windows)
    print(model.transform(windows).shape, model.inverse_transform(np.zeros((1, 3))))
    print(model.reconstruction_error(windows).mean())


def windows_by_hand(values: NDArray[np.float64]) -> None:
    windows, targets, ends = make_windows(values, values[:, 0], window_size=24)
    print(windows.shape, targets.shape, ends.max())


def translation(texts: list[str], tokens: list[list[int]]) -> None:
    model = LSTMTranslator((32,), attention="additive", beam_width=3, random_state=0)
    print(model.fit(texts, tokens).predict(texts)[0], model.score(texts, tokens))
    for target, log_probability in model.predict_n_best(texts, n=2)[0]:
        print(target, log_probability + 1)
    print(model.attention_weights(texts)[0].shape, model.error_rate(texts, tokens))
