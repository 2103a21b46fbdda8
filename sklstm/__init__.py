"""LSTM estimators that behave like any other scikit-learn estimator."""

from sklstm.anomaly import LSTMOutlierDetector
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.classification import LSTMClassifier
from sklstm.displays import AnomalyDisplay, ForecastDisplay
from sklstm.encoding import SequenceEncoder
from sklstm.forecasting import LSTMForecaster
from sklstm.language import LSTMLanguageModel
from sklstm.preprocessing import SlidingWindowTransformer
from sklstm.regression import LSTMRegressor
from sklstm.scaling import GroupScaler
from sklstm.sequences import make_windows, pad_sequences

__all__ = [
    "AnomalyDisplay",
    "ForecastDisplay",
    "GroupScaler",
    "LSTMAutoencoder",
    "LSTMClassifier",
    "LSTMForecaster",
    "LSTMLanguageModel",
    "LSTMOutlierDetector",
    "LSTMRegressor",
    "SequenceEncoder",
    "SlidingWindowTransformer",
    "make_windows",
    "pad_sequences",
]

__version__ = "0.1.0.dev0"
