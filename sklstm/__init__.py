"""LSTM estimators that behave like any other scikit-learn estimator.

Each name is imported when it is first used, so that those who only cut windows do not
wait for PyTorch. Type checkers read the same names in `__init__.pyi`.
"""

from importlib import import_module

from sklstm._version import __version__ as __version__

# Public modules, and the names that are also available from the package.
_NAMES = {
    "anomaly": ["LSTMOutlierDetector"],
    "autoencoding": ["LSTMAutoencoder"],
    "classification": ["LSTMClassifier"],
    "datasets": [],
    "displays": [
        "AnomalyDisplay",
        "AttributionDisplay",
        "ForecastDisplay",
        "GateDisplay",
        "LossCurveDisplay",
        "WindowDisplay",
    ],
    "encoding": ["SequenceEncoder"],
    "export": [],
    "forecasting": ["LSTMForecaster"],
    "inspection": [],
    "language": ["LSTMLanguageModel"],
    "preprocessing": ["SlidingWindowTransformer"],
    "regression": ["LSTMRegressor"],
    "saving": [],
    "scaling": ["GroupScaler"],
    "sequences": ["make_windows", "pad_sequences"],
    "streaming": [],
    "testing": [],
    "transcription": ["LSTMTranscriber"],
    "translation": ["LSTMTranslator"],
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name):
    """Import a public module or name when it is first used."""
    if name in _NAMES:
        return import_module(f"{__name__}.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value  # Python does not call this function again for the name.
    return value


def __dir__():
    """Return all names, also those that have not been imported yet."""
    return sorted({*globals(), *_NAMES, *_MODULES})
