"""The one door to the private and version-bound parts of scikit-learn.

If scikit-learn moves one of them, this is the only file to change.
"""

from types import MappingProxyType

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Stand in where scikit-learn has no callbacks: no context, no methods."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "check_weights",
    "fit_context",
    "meta_fit_context",
    "output_container",
    "with_callbacks",
]

# Nested estimators are validated when they are fitted themselves.
fit_context = _fit_context(prefer_skip_nested_validation=True)


def output_container(transformer):
    """Name what `transform` shall return: "default", "pandas" or "polars"."""
    return _get_output_config("transform", transformer)["dense"]


def check_weights(sample_weight, X):
    """Read sample weights as float64, (n_rows,); ones for None."""
    return _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )


def meta_fit_context(method):
    """Check the parameters before a fit that also checks those of nested estimators."""
    return _fit_context(prefer_skip_nested_validation=False)(method)


class CallbackRunner:
    """Follows a fit, epoch by epoch where it has any.

    Parameters
    ----------
    estimator : estimator
        What is being fitted; with scikit-learn 1.9 it may have callbacks set.
    data : dict
        `X`, `y` and `metadata` for the callbacks, as the user passed them.
    fitted : dict, default={}
        Attributes that, at the end of every epoch, make a copy of the estimator ready
        to predict.
    max_iter : int, default=0
        Epochs at most.
    """

    def __init__(self, estimator, data, fitted=MappingProxyType({}), max_iter=0):
        self._estimator = estimator
        self._data = data
        self._fitted = fitted
        self._fit = self._epoch = None
        if getattr(estimator, "_skl_callbacks", None):
            self._fit = estimator._init_callback_context(max_subtasks=max_iter)
            self._fit.call_on_fit_task_begin(estimator=estimator, **data)

    def begin_epoch(self):
        """Tell the callbacks that an epoch begins."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end_epoch(self, history):
        """Tell of the epoch that has just ended; true if a callback asks to stop."""
        if self._estimator.verbose:
            print(_describe(history))
        if self._epoch is None:
            return False
        return self._call_on_end(self._epoch)

    def end_fit(self):
        """Tell the callbacks that the fit has ended."""
        if self._fit is not None:
            self._call_on_end(self._fit)

    def _call_on_end(self, context):
        """Tell the callbacks that a task has ended; true if one asks to stop."""
        return context.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: self._fitted,
            **self._data,
        )


def _describe(history):
    """One line on the last epoch."""
    line = f"Iteration {len(history.loss_curve)}, loss = {history.loss_curve[-1]:.8f}"
    if history.validation_loss_curve:
        line += f", validation loss = {history.validation_loss_curve[-1]:.8f}"
    return line
