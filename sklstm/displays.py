"""Plots of the results of estimators."""

from sklstm._displays.anomaly import AnomalyDisplay
from sklstm._displays.forecast import ForecastDisplay

__all__ = ["AnomalyDisplay", "ForecastDisplay"]
