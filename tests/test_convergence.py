"""Warnings about trainings that diverged or learned nothing, and their advice."""

import re

import numpy as np
import numpy.testing as npt
import pytest
from one_layer import ONE_LAYER
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMAutoencoder, LSTMClassifier, LSTMRegressor

HARDLY_BETTER = "predicts the training data hardly better than"


def plateaus(n_windows=20, n_timesteps=80, seed=0):
    """Plateaus that start and end at random, with or without a dip before the start."""
    random = np.random.default_rng(seed)
    times = np.linspace(0, 1, n_timesteps)
    start, end = 0.02 * random.normal(size=(2, n_windows, 1)) + [[[0.3]], [[0.7]]]
    classes = np.arange(n_windows) % 2
    dips = 0.25 * classes[:, None] * np.exp(-(((times - 0.25) / 0.03) ** 2))
    X = 1 / (1 + np.exp(-30 * (times - start))) / (1 + np.exp(30 * (times - end)))
    return X - dips + 0.02 * random.normal(size=X.shape), classes


def random_walks(n_windows=60, n_timesteps=64):
    random = np.random.default_rng(0)
    X = random.normal(size=(n_windows, n_timesteps, 1)).cumsum(1)
    return X, X[:, -1, 0] - X[:, -5, 0]


def settings_in(message):
    """Return the values of parameters that a message recommends."""
    numbers = re.findall(r"(\w+) \(now [^)]+\) to (\d[-\w.]*\d)", message)
    return {
        **{name: float(v) if "." in v else int(v) for name, v in numbers},
        **dict(re.findall(r'(\w+)="(\w+)"', message)),
    }


def fit_with_warning(model, X, y, words):
    """Fit a model that must warn; return the only warning."""
    with pytest.warns(ConvergenceWarning, match=words) as record:
        model.fit(X, y)
    (warning,) = record
    return str(warning.message)


@pytest.mark.parametrize("seed", [0, 4])
def test_class_shares_are_no_success_and_the_advice_helps(seed):
    X, y = plateaus()
    model = LSTMClassifier((8,), **ONE_LAYER, random_state=seed)
    message = fit_with_warning(model, X, y, f"{HARDLY_BETTER} the class shares")
    assert "that of the class shares is 0.693. A higher max_iter does not" in message
    assert model.n_iter_ < 30
    settings = settings_in(message)
    assert settings == {
        "learning_rate_init": 0.003,
        "n_iter_no_change": 50,
        "pooling": "max",
    }
    better = clone(model).set_params(**settings, learning_rate="cosine", max_iter=120)
    # The others have windows that were not seen in fit.
    assert better.fit(X, y).score(*plateaus(seed=1)) > 0.9


# The loss of the best constant for the targets 1, 2, 3 and 6.
@pytest.mark.parametrize(
    ("params", "constant", "loss"),
    [
        ({}, "the mean of the targets", 3.5 / 2),
        ({"loss": "absolute_error"}, "the median of the targets", 1.5),
        ({"loss": "huber"}, "the best constant", (1 + 1 / 8 + 1 / 8 + 3) / 4),
        ({"loss": "poisson"}, "the mean of the targets", 3 - 3 * np.log(3)),
        (
            {"loss": "quantile", "quantiles": [0.25, 0.5]},
            "the quantiles of the targets",
            (0.25 * (0 + 1 + 2 + 5) + 0.5 * (1 + 0 + 1 + 4)) / 8,
        ),
    ],
)
def test_networks_that_predict_a_constant_warn(params, constant, loss):
    X, y = np.zeros((40, 3, 1)), np.tile([1.0, 2, 3, 6], 10)
    model = LSTMRegressor((3,), standardize=False, tol=1e-3, random_state=0, **params)
    message = fit_with_warning(model, X, y, HARDLY_BETTER)
    found = re.search(rf"that of {constant} is ([-\d.]+)\. A", message)[1]
    assert float(found) == pytest.approx(loss, rel=0.01)


@pytest.mark.parametrize(
    "model",
    [
        LSTMRegressor((3,), early_stopping=True),
        LSTMRegressor((3,), pooling=None),
        LSTMClassifier((3,), class_weight="balanced"),
        LSTMClassifier((3,), pooling=None),
    ],
)
def test_windows_that_say_nothing_warn(model):
    X, y = np.zeros((60, 2, 1)), np.tile([0, 0, 1], 20)
    y = np.tile(y[:, None], (1, 2)) if model.pooling is None else y
    message = fit_with_warning(model.set_params(random_state=0), X, y, HARDLY_BETTER)
    assert ("forgotten" in message) == (model.pooling is not None)


def test_an_autoencoder_that_reconstructs_the_mean_warns():
    X = np.random.default_rng(0).normal(size=(60, 3, 1))
    model = LSTMAutoencoder((3,), n_components=1, alpha=1e3, random_state=0)
    fit_with_warning(model, X, None, f"{HARDLY_BETTER} the mean of the targets")


def test_there_is_nothing_to_learn_about_constant_targets():
    X = np.random.default_rng(0).normal(size=(30, 3, 1))
    model = LSTMRegressor((3,), random_state=0).fit(X, np.full(30, 7.0))
    npt.assert_allclose(model.predict(X), 7, atol=0.1)


def test_counts_with_a_high_mean_can_be_learned():
    # Half the deviance of the mean is less than a hundredth of the loss.
    X = np.random.default_rng(0).normal(size=(60, 3, 1))
    y = np.round(1000 + 100 * X[:, -1, 0])
    model = LSTMRegressor((8,), loss="poisson", tol=1e-6, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.9


def test_a_low_learning_rate_is_to_be_raised():
    X = np.random.default_rng(0).normal(size=(30, 3, 1))
    settings = ONE_LAYER | {"learning_rate_init": 1e-6}
    model = LSTMRegressor((3,), **settings, random_state=0)
    message = fit_with_warning(model, X, X[:, -1, 0], HARDLY_BETTER)
    assert "Raise learning_rate_init (now 1e-06) to 1e-05" in message


@pytest.mark.parametrize("learning_rate", ["constant", "cosine"])
def test_a_loss_that_runs_away_warns_and_the_advice_helps(learning_rate):
    X, y = random_walks()
    model = LSTMRegressor(
        (50,),
        activation="identity",
        **ONE_LAYER | {"learning_rate": learning_rate},
        max_iter=9,
        random_state=0,
    )
    message = fit_with_warning(model, X, y, "Training diverged after epoch")
    error = np.mean((model.predict(X) - y) ** 2) / 2 / y.var()
    assert error == pytest.approx(model.best_loss_)
    assert model.loss_ > 500 * model.best_loss_
    assert settings_in(message) == {"activation": "tanh"}
    tanh = clone(model).set_params(activation="tanh", learning_rate="cosine")
    assert tanh.set_params(max_iter=60).fit(X, y).score(X, y) > 0.5


def test_training_without_an_end_by_tol_takes_all_epochs():
    X, y = random_walks(20, 5)
    settings = {"conv_filters": (), "learning_rate": "constant", "max_iter": 80}
    model = LSTMRegressor((2,), tol=10, batch_size=20, random_state=0, **settings)
    # At least ten epochs and 50 steps without an improvement are tolerated.
    assert model.fit(X, y).n_iter_ == 52
    assert model.set_params(batch_size=5).fit(X, y).n_iter_ == 14
    model.set_params(n_iter_no_change=10).fit(X, y)
    assert model.n_iter_ == 12
    model.set_params(max_iter=30)
    model.set_params(n_iter_no_change=np.inf, learning_rate="cosine")
    assert model.fit(X, y).n_iter_ == 30
    with pytest.raises(ValueError, match="'n_iter_no_change' parameter"):
        model.set_params(n_iter_no_change=2.5).fit(X, y)
