"""Fit models in one process or in several, and store their losses and predictions.

Run alone, or by ``torchrun``. The processes of ``torchrun`` train each model together.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
from one_layer import ONE_LAYER
from sklearn.exceptions import ConvergenceWarning
from torch import distributed

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMLanguageModel,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(45, 6, 2))
Y = X[:, 2, 0] + X[:, 4, 1]
WEIGHTS = RANDOM.integers(1, 4, 45)
RAGGED = [x[: 2 + n % 5] for n, x in enumerate(X)]
STEPS = [(x[:, 0] > 0).astype(int) for x in RAGGED]
TEXTS = ["abcab" * (1 + n % 3) + "ba" * (n % 4) for n in range(30)]

SMALL = {"max_iter": 3, "batch_size": 10, "random_state": 0}
PLAIN = ONE_LAYER | SMALL
WHOLE = PLAIN | {"batch_size": 99}
SYMBOLS = {"hidden_layer_sizes": 4, "dropout": 0.0, **SMALL}


def cases():
    """Return, by name, an estimator, the arguments of its fit, and a method to call."""
    stopped = {"early_stopping": True, "validation_fraction": 0.3}
    tagger = {"pooling": None, "transitions": True}
    convolutions = PLAIN | {"conv_filters": (3,)}
    return {
        "regressor": (LSTMRegressor(4, alpha=0.1, **PLAIN), (X, Y), "predict"),
        "weights": (LSTMRegressor(4, **PLAIN), (X, Y, WEIGHTS), "predict"),
        "one batch": (LSTMRegressor(4, **WHOLE), (X, Y), "predict"),
        "few rows": (LSTMRegressor(4, **PLAIN), (X[:1], Y[:1]), "predict"),
        "ensemble": (LSTMRegressor(4, n_estimators=2, **PLAIN), (X, Y), "predict"),
        "stopped": (LSTMRegressor(4, **PLAIN, **stopped), (X, Y), "predict"),
        "convolutions": (LSTMRegressor(4, **convolutions), (X, Y), "predict"),
        "sgd": (LSTMRegressor(4, solver="sgd", **PLAIN), (RAGGED, Y), "predict"),
        "classifier": (LSTMClassifier(4, **PLAIN), (X, Y > 0), "predict_proba"),
        "tagger": (LSTMClassifier(4, **PLAIN | tagger), (RAGGED, STEPS), "predict"),
        "autoencoder": (LSTMAutoencoder(4, **SMALL), (X,), "reconstruction_error"),
        "language": (
            LSTMLanguageModel(**SYMBOLS, early_stopping=False),
            (TEXTS,),
            "score_samples",
        ),
        "translator": (
            LSTMTranslator(**SYMBOLS, early_stopping=False),
            (TEXTS, [text[::-1] for text in TEXTS]),
            "predict",
        ),
    }


def results():
    """Return the losses and the predictions of each case."""
    found = {}
    for name, (model, data, method) in cases().items():
        model.fit(*data)
        answers = getattr(model, method)(data[0])
        if isinstance(answers, list):
            answers = [list(answer) for answer in answers]
        found[name] = {
            "losses": model.loss_curve_,
            "validation": model.validation_loss_curve_,
            "answers": answers,
        }
    return found


def refusal():
    """Return the message for processes that pass different rows."""
    rank = distributed.get_rank()
    try:
        LSTMRegressor(4, **PLAIN).fit(X[rank::2], Y[rank::2])
    except ValueError as error:
        return str(error)
    return "no error"


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    distributed.init_process_group("gloo")
    stored = {"results": results(), "refusal": refusal()}
    # With random numbers of their own, processes do not learn what one of them would.
    dropout = LSTMRegressor(4, **PLAIN | {"dropout": 0.5}).fit(X, Y)
    labels = ["ab"[: 1 + n % 2] for n in range(45)]
    transcriber = LSTMTranscriber(4, **SMALL).fit(RAGGED, labels)
    stored["random"] = [dropout.loss_curve_, transcriber.loss_curve_]
    stored["weights"] = [
        dropout.predict(X).tolist(),
        transcriber.predict_n_best(RAGGED),
    ]
    text = json.dumps(stored, default=lambda array: array.tolist())
    Path(sys.argv[1], f"{os.environ['RANK']}.json").write_text(text)
    distributed.destroy_process_group()
