"""State of a stream whose model is a forecaster."""

from copy import copy, deepcopy
from dataclasses import dataclass, replace

import numpy as np

from sklstm._input.plain import saved_as
from sklstm.forecasting import LSTMForecaster


@saved_as("forecaster_state")
@dataclass(frozen=True)
class ForecasterState:
    """State of a stream of a forecaster.

    Parameters
    ----------
    model : LSTMForecaster
        Forecaster that was updated with all rows. It only stores the last ones.
    n_steps : int
        Number of steps of each series that it stores.
    """

    model: LSTMForecaster
    n_steps: int

    @classmethod
    def from_model(cls, model):
        """Copy a forecaster, which stores as many steps as it was fitted on."""
        n_steps = max(len(one.values) for one in model._history.panel.series)
        context_size = model._fitted.settings.context_size
        return cls(deepcopy(model), max(n_steps, context_size))

    def update(self, rows, X):
        """Return the state after an update."""
        model = copy(self.model).update(rows, X)
        context_size = model._fitted.settings.context_size
        model._history = trim_history(model._history, self.n_steps, context_size)
        return replace(self, model=model)

    def answer(self, method, X, params):
        """Call a method of the forecaster with the future values of its covariates."""
        if X is not None and np.ndim(X) == 0:
            raise TypeError(
                f"The first argument of {method} is X, a table of future covariates, "
                f"got {X!r}. Pass other arguments by name, such as "
                "predict(horizon=2) or predict_interval(coverage=0.9)."
            )
        return getattr(self.model, method)(X=X, **params)


def trim_history(history, n_steps, context_size):
    """Return the last steps of a history.

    Parameters
    ----------
    history : History
        Series with their covariates.
    n_steps : int
        Number of steps to keep of each series, at least `context_size`. More steps are
        kept if the window to forecast from is interpolated from an earlier value of
        some series.
    context_size : int
        Number of values that forecasts are computed from.

    Returns
    -------
    history : History
        History from which forecasts are the same.
    """
    all_series = history.panel.series
    n_kept = max(_n_needed(one.values, n_steps, context_size) for one in all_series)
    starts = [max(len(one.values) - n_kept, 0) for one in all_series]
    series = [
        replace(one, values=one.values[start:].copy(), times=one.times[start:])
        for one, start in zip(all_series, starts, strict=True)
    ]
    covariates = [
        one._replace(table=one.table[start:].copy())
        for one, start in zip(history.covariates, starts, strict=True)
    ]
    panel = history.panel._replace(series=series)
    return replace(history, panel=panel, covariates=covariates)


def _n_needed(values, n_steps, context_size):
    """Return the number of last values to keep of one series."""
    n_values = len(values)
    observed = np.flatnonzero(~np.isnan(values[: max(n_values - context_size + 1, 0)]))
    first = observed[-1] if len(observed) else 0
    return max(min(n_steps, n_values), n_values - first)
