"""Every public docstring is complete, and shared parameters read alike."""

import inspect

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import sklstm
import sklstm.datasets
import sklstm.forecasting
import sklstm.inspection
import sklstm.streaming
import sklstm.testing

# Not checked: where the summary starts (GL01), sections that not every method needs
# (ES01, EX01, SA01) and the name before a returned type (RT02).
IGNORED = {"GL01", "ES01", "EX01", "SA01", "RT02"}
MODULES = [
    sklstm,
    sklstm.datasets,
    sklstm.forecasting,
    sklstm.inspection,
    sklstm.streaming,
    sklstm.testing,
]
PUBLIC = [getattr(module, name) for module in MODULES for name in module.__all__]
CLASSES = [item for item in PUBLIC if inspect.isclass(item)]
FUNCTIONS = [item for item in PUBLIC if inspect.isfunction(item)]


def public_names():
    for item in CLASSES + FUNCTIONS:
        yield f"{item.__module__}.{item.__name__}"
    for cls in CLASSES:
        for name, method in inspect.getmembers(cls, inspect.isfunction):
            if not name.startswith("_") and method.__module__.startswith("sklstm"):
                yield f"{cls.__module__}.{cls.__name__}.{name}"


@pytest.mark.parametrize("name", sorted(set(public_names())))
def test_docstring_is_complete(name):
    errors = [e for e in validate(name)["errors"] if e[0] not in IGNORED]
    assert not errors


@pytest.mark.parametrize("item", CLASSES + FUNCTIONS, ids=lambda item: item.__name__)
def test_public_object_has_an_example(item):
    assert NumpyDocString(inspect.getdoc(item))["Examples"]


@pytest.mark.parametrize("item", CLASSES + FUNCTIONS, ids=lambda item: item.__name__)
def test_documented_defaults_are_those_of_the_signature(item):
    documented = {}
    for parameter in NumpyDocString(inspect.getdoc(item))["Parameters"]:
        _, found, text = parameter.type.partition("default=")
        if found:
            # Backslashes are doubled for Sphinx.
            text = text.replace("\\\\", "\\")
            documented[parameter.name] = eval(text, {"np": np})
    parameters = inspect.signature(item).parameters
    actual = {name: parameters[name].default for name in documented}
    assert documented == actual


# Parameters and attributes that mean something else in a class. A forecaster cuts
# windows itself and continues with regressors, not weights. A classifier holds out
# windows by class. A transcriber scales each window. A regressor scales its targets
# too. An autoencoder has no targets per time step, fewer losses and one way to scale. A
# detector holds out rows. Estimators on tables count all columns of X. Displays have
# different axes and lines. The networks of a forecaster are regressors.
MEAN_SOMETHING_ELSE = {
    ("AnomalyDisplay", "axes_"),
    ("AnomalyDisplay", "lines_"),
    ("ForecastDisplay", "ax_"),
    ("ForecastDisplay", "axes_"),
    ("ForecastDisplay", "lines_"),
    ("GateDisplay", "axes_"),
    ("LSTMForecaster", "n_estimators"),
    ("LSTMForecaster", "pretrained"),
    ("LSTMForecaster", "n_features_in_"),
    ("LSTMForecaster", "window_size"),
    ("LSTMForecaster", "horizon"),
    ("LSTMForecaster", "warm_start"),
    ("LSTMClassifier", "early_stopping"),
    ("LSTMClassifier", "shuffle"),
    ("LSTMClassifier", "n_outputs_"),
    ("LSTMAutoencoder", "standardize"),
    ("LSTMRegressor", "standardize"),
    ("LSTMTranscriber", "early_stopping"),
    ("LSTMTranscriber", "shuffle"),
    ("LSTMTranscriber", "standardize"),
    ("LSTMOutlierDetector", "n_features_in_"),
    ("LSTMOutlierDetector", "window_size"),
    ("LSTMOutlierDetector", "calibration_fraction"),
    ("LSTMAutoencoder", "n_timesteps_"),
    ("GroupScaler", "groups"),
    ("GroupScaler", "mean_"),
    ("GroupScaler", "random_state"),
    # Their parameters have values of their own instead of "auto".
    ("LSTMTranscriber", "bidirectional"),
    ("LSTMTranscriber", "dropout"),
    ("LSTMTranscriber", "hidden_layer_sizes"),
    ("LSTMTranscriber", "learning_rate"),
    ("LSTMTranscriber", "learning_rate_init"),
    ("LSTMTranscriber", "recurrent_dropout"),
    ("LSTMAutoencoder", "batch_size"),
    ("LSTMAutoencoder", "bidirectional"),
    ("LSTMAutoencoder", "dropout"),
    ("LSTMAutoencoder", "hidden_layer_sizes"),
    ("LSTMAutoencoder", "learning_rate"),
    ("LSTMAutoencoder", "learning_rate_init"),
    ("LSTMAutoencoder", "max_iter"),
    ("LSTMAutoencoder", "n_iter_no_change"),
    ("LSTMAutoencoder", "pooling"),
    ("LSTMAutoencoder", "recurrent_dropout"),
    ("LSTMAutoencoder", "loss"),
    ("SlidingWindowTransformer", "n_features_in_"),
    ("LSTMAutoencoder", "n_outputs_"),
    # It returns scores of labels.
    ("LSTMTranscriber", "network_"),
    # It has two stacks of layers, and learns from pairs.
    ("LSTMTranslator", "batch_size"),
    ("LSTMTranslator", "dropout"),
    ("LSTMTranslator", "early_stopping"),
    ("LSTMTranslator", "hidden_layer_sizes"),
    ("LSTMTranslator", "learning_rate_init"),
    ("LSTMTranslator", "max_iter"),
}
# Classes that read sequences of symbols, not windows.
OF_SYMBOLS = {"LSTMLanguageModel", "LSTMTranslator"}


@pytest.mark.parametrize("of_symbols", [False, True])
@pytest.mark.parametrize("section", ["Parameters", "Attributes"])
def test_shared_parameters_are_described_alike(section, of_symbols):
    texts = {}
    for cls in CLASSES:
        if (cls.__name__ in OF_SYMBOLS) != of_symbols:
            continue
        for parameter in NumpyDocString(inspect.getdoc(cls))[section]:
            if (cls.__name__, parameter.name) in MEAN_SOMETHING_ELSE:
                continue
            text = " ".join(parameter.desc)
            texts.setdefault(parameter.name, set()).add((parameter.type, text))
    assert {name: ts for name, ts in texts.items() if len(ts) > 1} == {}
