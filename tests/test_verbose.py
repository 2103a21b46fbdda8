"""verbose=1 prints each epoch, in the same way for every estimator."""

import re

import numpy as np
import pytest
from one_layer import ONE_LAYER

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 4, 2))
y = X[:, 1, 0]
TEXTS = ["abc", "abd"] * 20
LOUD = {"max_iter": 2, "random_state": 0, "verbose": 1}
FITS = {
    "regressor": lambda **options: LSTMRegressor(3, **options).fit(X, y),
    "classifier": lambda **options: LSTMClassifier(3, **options).fit(X, y > 0),
    "autoencoder": lambda **options: LSTMAutoencoder(3, **options).fit(X),
    "transcriber": lambda **options: LSTMTranscriber(3, **options).fit(
        X, ["a", "b"] * 20
    ),
    "language": lambda **options: LSTMLanguageModel(3, **options).fit(TEXTS),
    "translator": lambda **options: LSTMTranslator(3, **options).fit(TEXTS, TEXTS),
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_each_epoch_is_one_line(fit, capsys):
    model = fit(**LOUD)
    lines = capsys.readouterr().out.splitlines()
    expected = [f"Iteration {n}, loss = {model.loss_curve_[n - 1]:.8f}" for n in (1, 2)]
    if model.validation_loss_curve_ is not None:
        losses = [f"{loss:.8f}" for loss in model.validation_loss_curve_]
        pairs = zip(expected, losses, strict=True)
        expected = [f"{line}, validation loss = {loss}" for line, loss in pairs]
    assert lines == expected
    fit(**LOUD | {"verbose": 0})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_last_line_says_why_training_ended(fit, early_stopping, capsys):
    options = {"tol": 1e3, "n_iter_no_change": 2, "max_iter": 20}
    fit(**LOUD | options, early_stopping=early_stopping, learning_rate="constant")
    *epochs, last = capsys.readouterr().out.splitlines()
    kind = "Validation" if early_stopping else "Training"
    assert len(epochs) == 4
    assert last == (
        f"{kind} loss did not improve more than tol=1000.000000 for 2 consecutive "
        "epochs. Stopping."
    )
    assert all(("validation loss = " in line) == early_stopping for line in epochs)


def test_partial_fits_count_on(capsys):
    regressor = LSTMRegressor(3, **ONE_LAYER | LOUD)
    language = LSTMLanguageModel(3, **LOUD)
    for _ in range(3):
        regressor.partial_fit(X, y)
    for _ in range(3):
        language.partial_fit(TEXTS)
    printed = capsys.readouterr().out
    assert re.findall(r"Iteration (\d+)", printed) == ["1", "2", "3"] * 2
    # A fit starts anew.
    regressor.fit(X, y)
    language.fit(TEXTS)
    printed = capsys.readouterr().out
    assert re.findall(r"Iteration (\d+)", printed) == ["1", "2"] * 2


def test_estimators_in_other_estimators_print_theirs(capsys):
    regressor = LSTMRegressor(3, **ONE_LAYER | LOUD)
    LSTMOutlierDetector(regressor, window_size=3).fit(X[:, 0])
    assert "Iteration 1, loss = " in capsys.readouterr().out
    LSTMForecaster(regressor, horizon=2, window_size=3).fit(y)
    assert "Iteration 1, loss = " in capsys.readouterr().out
