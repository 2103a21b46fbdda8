"""Calls that a type checker must reject: each line that ends in `# error`, no other."""

import numpy as np

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranslator,
    SlidingWindowTransformer,
)
from sklstm.datasets import load_retail_sales

X, y = np.zeros((100, 24, 3)), np.zeros(100)

LSTMRegressor(batch_size="many")  # error
LSTMRegressor(cell="elman")  # error
LSTMRegressor(pooling="median")  # error
LSTMRegressor(hidden_layer_sizes="50")  # error
LSTMRegressor(units=50)  # error
LSTMRegressor((50,), "gru")  # error
LSTMRegressor().fit(X, y).predict(X).most_likely  # error
LSTMClassifier(solver="lbfgs")  # error
LSTMClassifier().fit(X, y).predict_proba(X).most_likely  # error
LSTMForecaster(horizon="a year")  # error
LSTMForecaster().predict(12, y)  # error
LSTMOutlierDetector(method="guess")  # error
LSTMAutoencoder((16,), 3)  # error
LSTMTranslator(attention="none")  # error
LSTMTranslator().fit(["a"], ["b"]).score(["a"])  # error
SlidingWindowTransformer(12, 1)  # error
SlidingWindowTransformer(padding="reflect")  # error
load_retail_sales(return_X_y=True).tail  # error
