"""The types that a file of skops may hold.

A file of skops, unlike a pickle, cannot run code. It is loaded only if it holds no
types but those of NumPy, scikit-learn and a list of trusted types. All estimators of
sklstm are saved as parameters, numbers, strings and NumPy arrays, so the list only has
their classes.
"""

TRUSTED_TYPES: tuple[str, ...] = (
    "sklstm.anomaly.LSTMOutlierDetector",
    "sklstm.autoencoding.LSTMAutoencoder",
    "sklstm.classification.LSTMClassifier",
    "sklstm.encoding.SequenceEncoder",
    "sklstm.forecasting.LSTMForecaster",
    "sklstm.language.LSTMLanguageModel",
    "sklstm.preprocessing.SlidingWindowTransformer",
    "sklstm.regression.LSTMRegressor",
    "sklstm.scaling.GroupScaler",
    "sklstm.streaming.Stream",
    "sklstm.transcription.LSTMTranscriber",
    "sklstm.translation.LSTMTranslator",
)
"""Names of all classes of sklstm that files of skops may hold."""
