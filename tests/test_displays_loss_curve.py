"""The plot of losses shows those of the fit, and the epoch whose weights are kept."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import numpy.testing as npt
import pytest
from one_layer import ONE_LAYER
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline

from sklstm import (
    LossCurveDisplay,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
)
from sklstm._core.nested import last_estimator

plt.switch_backend("agg")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 4, 2))
y = X[:, 1, 0]


def small(**params):
    return LSTMRegressor(4, **ONE_LAYER | {"max_iter": 6, "random_state": 0} | params)


def labels_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_lines_are_the_losses_and_the_point_the_lowest_validation_loss():
    model = small(early_stopping=True, learning_rate_init=0.5).fit(X, y)
    display = LossCurveDisplay.from_estimator(model)
    lines = display.lines_["LSTMRegressor"]
    epochs = np.arange(1, model.n_iter_ + 1)
    npt.assert_array_equal(lines["training"].get_data(), [epochs, model.loss_curve_])
    validation = model.validation_loss_curve_
    npt.assert_array_equal(lines["validation"].get_data(), [epochs, validation])
    best = int(np.argmin(validation)) + 1
    assert 1 < best < 6
    npt.assert_array_equal(lines["best"].get_data(), [[best], [min(validation)]])
    assert display.best_epochs_ == {"LSTMRegressor": best}
    assert model.best_loss_ == min(validation)
    assert labels_of(display) == ["training", "validation", f"best epoch: {best}"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")


def test_several_estimators_have_names_and_colors():
    models = [small().fit(X, y), small(early_stopping=True).fit(X, y)]
    display = LossCurveDisplay.from_estimator(models)
    assert list(display.lines_) == ["LSTMRegressor 1", "LSTMRegressor 2"]
    assert list(display.validation_loss_curves) == ["LSTMRegressor 2"]
    first, second = (lines["training"] for lines in display.lines_.values())
    assert first.get_color() != second.get_color()
    named = LossCurveDisplay.from_estimator(dict(zip("ab", models, strict=True)))
    assert labels_of(named)[0] == "a, training"
    assert len(labels_of(named)) == 5


def test_estimators_in_other_estimators_are_found():
    table, target = X[:, 0], y
    windower = SlidingWindowTransformer(3, context=None)
    pipeline = make_pipeline(windower, small(max_iter=2))
    search = GridSearchCV(pipeline, {"lstmregressor__alpha": [0.0]}, cv=2)
    detector = LSTMOutlierDetector(small(max_iter=2), window_size=3)
    forecaster = LSTMForecaster(
        small(max_iter=2), horizon=2, window_size=3, season_length=1, n_estimators=2
    )
    language = LSTMLanguageModel(4, max_iter=2).fit(["abc", "abd"] * 20)
    fitted = {
        "pipeline": pipeline.fit(table, target),
        "search": search.fit(table, target),
        "detector": detector.fit(table),
        "forecaster": forecaster.fit(target),
        "language": language,
        "mlp": MLPRegressor(max_iter=2).fit(table, target),
    }
    display = LossCurveDisplay.from_estimator(fitted)
    names = ["pipeline", "search", "detector", "forecaster", "forecaster (2)"]
    assert list(display.lines_) == [*names, "language", "mlp"]
    curves = display.loss_curves
    assert curves["pipeline"] == fitted["pipeline"][-1].loss_curve_
    assert curves["search"] == search.best_estimator_[-1].loss_curve_
    assert curves["forecaster (2)"] == forecaster.estimators_[1].loss_curve_
    assert LossCurveDisplay.from_estimator(pipeline).lines_.keys() == {"LSTMRegressor"}


@pytest.mark.parametrize("wrap", [FrozenEstimator, TransformedTargetRegressor])
def test_estimators_in_wrappers_are_found(wrap):
    wrapper = wrap(small(max_iter=2).fit(X, y)).fit(X, y)
    display = LossCurveDisplay.from_estimator(wrapper)
    assert display.loss_curves["LSTMRegressor"] == last_estimator(wrapper).loss_curve_


def test_scale_axes_and_styles_are_those_of_the_caller():
    _, ax = plt.subplots()
    display = LossCurveDisplay.from_estimator(
        small(early_stopping=True).fit(X, y),
        ax=ax,
        yscale="log",
        training_kwargs={"color": "red"},
        validation_kwargs={"linestyle": ":"},
        best_kwargs={"marker": "x"},
    )
    assert display.ax_ is display.axes_[0] is ax
    assert display.figure_ is ax.figure
    assert ax.get_yscale() == "log"
    lines = display.lines_["LSTMRegressor"]
    assert lines["training"].get_color() == "red"
    assert lines["validation"].get_linestyle() == ":"
    assert lines["best"].get_marker() == "x"
    again = display.plot()
    assert again.ax_ is not ax
    assert again.ax_.get_yscale() == "linear"


def test_invalid_loss_curve_displays_are_refused(monkeypatch):
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(small())
    with pytest.raises(TypeError, match=r"attribute loss_curve_.* got Ridge"):
        LossCurveDisplay.from_estimator(Ridge().fit(X[:, 0], y))
    forecaster = LSTMForecaster(horizon=2, fine_tune=0).fit(y)
    with pytest.raises(ValueError, match="LSTMForecaster has trained no network"):
        LossCurveDisplay.from_estimator(forecaster)
    display = LossCurveDisplay({"a": [1.0, -0.5]}, validation_loss_curves={"a": [1, 2]})
    with pytest.raises(ValueError, match=r'lowest loss is -0\.5, and yscale="log"'):
        display.plot(yscale="log")
    display.plot(yscale="symlog")
    model = small().fit(X, y)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="LossCurveDisplay needs matplotlib"):
        LossCurveDisplay.from_estimator(model)
