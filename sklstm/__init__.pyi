"""Names of the package for type checkers; at run time they are imported when used."""

from sklstm import anomaly as anomaly
from sklstm import autoencoding as autoencoding
from sklstm import classification as classification
from sklstm import datasets as datasets
from sklstm import displays as displays
from sklstm import encoding as encoding
from sklstm import export as export
from sklstm import forecasting as forecasting
from sklstm import inspection as inspection
from sklstm import language as language
from sklstm import preprocessing as preprocessing
from sklstm import regression as regression
from sklstm import saving as saving
from sklstm import scaling as scaling
from sklstm import sequences as sequences
from sklstm import streaming as streaming
from sklstm import testing as testing
from sklstm import transcription as transcription
from sklstm import translation as translation
from sklstm._displays.anomaly import AnomalyDisplay
from sklstm._displays.attribution import AttributionDisplay
from sklstm._displays.forecast import ForecastDisplay
from sklstm._displays.gates import GateDisplay
from sklstm._displays.loss_curve import LossCurveDisplay
from sklstm._displays.windows import WindowDisplay
from sklstm.anomaly import LSTMOutlierDetector
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.classification import LSTMClassifier
from sklstm.encoding import SequenceEncoder
from sklstm.forecasting import LSTMForecaster
from sklstm.language import LSTMLanguageModel
from sklstm.preprocessing import SlidingWindowTransformer
from sklstm.regression import LSTMRegressor
from sklstm.scaling import GroupScaler
from sklstm.sequences import make_windows, pad_sequences
from sklstm.transcription import LSTMTranscriber
from sklstm.translation import LSTMTranslator

__all__ = [
    "AnomalyDisplay",
    "AttributionDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "GroupScaler",
    "LSTMAutoencoder",
    "LSTMClassifier",
    "LSTMForecaster",
    "LSTMLanguageModel",
    "LSTMOutlierDetector",
    "LSTMRegressor",
    "LSTMTranscriber",
    "LSTMTranslator",
    "LossCurveDisplay",
    "SequenceEncoder",
    "SlidingWindowTransformer",
    "WindowDisplay",
    "make_windows",
    "pad_sequences",
]

__version__: str
