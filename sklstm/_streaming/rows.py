"""State of a stream whose model reads rows: a pipeline or an outlier detector."""

from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from sklstm._input.plain import saved_as
from sklstm._streaming.next_rows import next_rows
from sklstm.anomaly import LSTMOutlierDetector
from sklstm.preprocessing import SlidingWindowTransformer


@saved_as("rows_state")
@dataclass(frozen=True)
class RowsState:
    """State of a stream of a pipeline or an outlier detector.

    Parameters
    ----------
    steps_before : list of transformer
        Steps of a pipeline before the step that stores rows.
    step : SlidingWindowTransformer or LSTMOutlierDetector
        The step that stores rows, before the last rows were added.
    updated_step : SlidingWindowTransformer or LSTMOutlierDetector
        The same step, after the last rows were added.
    steps_after : list of estimator
        Steps of a pipeline after this step.
    rows : {array-like, dataframe} or None, default=None
        Rows of the last update, as input of the step.
    """

    steps_before: list[Any]
    step: Any
    updated_step: Any
    steps_after: list[Any]
    rows: Any = None

    @classmethod
    def from_model(cls, model):
        """Split a copy of a model at the step that stores rows."""
        steps = _steps(deepcopy(model))
        storing = SlidingWindowTransformer | LSTMOutlierDetector
        places = [n for n, step in enumerate(steps) if isinstance(step, storing)]
        is_window = [isinstance(steps[n], SlidingWindowTransformer) for n in places]
        if len(places) != 1 or (is_window[0] and places[0] == len(steps) - 1):
            raise TypeError(
                "A stream needs a fitted LSTMForecaster, LSTMOutlierDetector or "
                f"Pipeline, got {model!r}. One step of the Pipeline before the last "
                "must be a SlidingWindowTransformer. If it is a search, pass its "
                "best_estimator_."
            )
        step = steps[places[0]]
        _let_rows_follow(step)
        return cls(steps[: places[0]], step, step, steps[places[0] + 1 :])

    @property
    def model(self):
        """Return the last step, whose methods the stream has."""
        return [self.step, *self.steps_after][-1]

    def update(self, rows, X):
        """Return the state after an update."""
        if X is not None:
            raise TypeError(
                "Only a stream of an LSTMForecaster has covariates X. Pass the new "
                "rows as the first argument: update(X)."
            )
        _check_is_table(rows)
        rows = self._prepare(deepcopy(rows))
        updated = copy(self.updated_step).update(rows)
        return replace(self, step=self.updated_step, updated_step=updated, rows=rows)

    def answer(self, method, X, params):
        """Call a method of the last step with the rows of the last update or after."""
        step, rows = self._step_and_rows(X)
        *transformers, model = [step, *self.steps_after]
        for transformer in transformers:
            rows = transformer.transform(rows)
        return getattr(model, method)(rows, **params)

    def _step_and_rows(self, X):
        """Return the step in the state before the rows to predict, and these rows."""
        shift = getattr(self.step, "shift", 0)
        if shift == 0 and X is not None:
            raise ValueError(
                "X is not needed, because the windows of this model end with the rows "
                "themselves. Pass new rows to update: stream.update(X).predict()."
            )
        if X is not None:
            return self.updated_step, self._prepare(X)
        if self.rows is None:
            raise ValueError(
                "The stream has no rows yet. Call update with the first rows after "
                "those of fit."
            )
        if shift == 0:
            return self.step, self.rows
        if len(self.step.known_ahead):
            raise ValueError(
                f"The next values of the columns {list(self.step.known_ahead)} are "
                f"needed. Pass the next rows as X, at most {shift} of each series. The "
                "values of the other columns are not used and may be NaN."
            )
        return self.updated_step, next_rows(self.updated_step, self.rows)

    def _prepare(self, rows):
        """Transform rows by the steps before the one that stores them."""
        for step in self.steps_before:
            rows = step.transform(rows)
        return rows


def _check_is_table(rows):
    """Raise if rows are no table but a single row or column."""
    if isinstance(rows, Mapping):
        way_out = "update(pd.DataFrame([row], index=[pd.Timestamp(time)])) for one row"
    elif isinstance(rows, pd.Series):
        way_out = (
            "update(row.to_frame().T) for one row, and update(column.to_frame()) for "
            "rows of one column"
        )
    elif isinstance(rows, np.ndarray) and rows.ndim == 1:
        way_out = (
            "update(row.reshape(1, -1)) for one row, and update(column.reshape(-1, 1)) "
            "for rows of one column"
        )
    else:
        return
    raise ValueError(
        "The new rows must be a table in the form of the X of fit, got "
        f"{type(rows).__name__}. Call {way_out}."
    )


def _steps(model):
    """Return the steps of a pipeline, and of pipelines in it, in one list."""
    if not isinstance(model, Pipeline):
        return [model]
    steps = [step for _, step in model.steps if step not in (None, "passthrough")]
    return [inner for step in steps for inner in _steps(step)]


def _let_rows_follow(step):
    """Change the context of a step: rows without times follow those of fit."""
    if isinstance(step, LSTMOutlierDetector):
        step._windower = step._windower.assume_next()
    elif step.context == "auto":
        step.context = "assume_next"
