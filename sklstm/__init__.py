"""LSTM estimators that behave like any other scikit-learn estimator."""

from sklstm.regression import LSTMRegressor

__all__ = ["LSTMRegressor"]
