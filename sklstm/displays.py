"""Plots of the results of estimators."""

from sklstm._displays.anomaly import AnomalyDisplay
from sklstm._displays.attribution import AttributionDisplay
from sklstm._displays.forecast import ForecastDisplay
from sklstm._displays.loss_curve import LossCurveDisplay
from sklstm._displays.windows import WindowDisplay

__all__ = [
    "AnomalyDisplay",
    "AttributionDisplay",
    "ForecastDisplay",
    "LossCurveDisplay",
    "WindowDisplay",
]
