"""Plots of the results of estimators.

Each plot is imported when it is first used, so that plots of tables do not wait for
PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklstm._displays.anomaly import AnomalyDisplay
    from sklstm._displays.attribution import AttributionDisplay
    from sklstm._displays.forecast import ForecastDisplay
    from sklstm._displays.gates import GateDisplay
    from sklstm._displays.loss_curve import LossCurveDisplay
    from sklstm._displays.windows import WindowDisplay

__all__ = [
    "AnomalyDisplay",
    "AttributionDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "LossCurveDisplay",
    "WindowDisplay",
]

# Module of each plot.
_MODULES = {
    "AnomalyDisplay": "anomaly",
    "AttributionDisplay": "attribution",
    "ForecastDisplay": "forecast",
    "GateDisplay": "gates",
    "LossCurveDisplay": "loss_curve",
    "WindowDisplay": "windows",
}


def __getattr__(name: str) -> Any:
    """Import a plot when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"sklstm._displays.{_MODULES[name]}"), name)
    globals()[name] = value  # Python does not call this function again for the name.
    return value


def __dir__() -> list[str]:
    """Return all names, also those that have not been imported yet."""
    return sorted({*globals(), *__all__})
