"""Private and version-dependent parts of scikit-learn.

No other module imports them. If scikit-learn moves one, only this file changes.
"""

from collections.abc import Callable
from contextlib import contextmanager
from copy import copy
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import metaestimators
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_sample_weight

from sklstm._input.arrays import unwrap
from sklstm._input.numbers import check_numbers

# Address of the pages of the documentation.
DOCUMENTATION = "https://sklstm.github.io/sklstm"

# A decorated method keeps its signature for type checkers.
Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback import with_callbacks as _with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Empty mixin for versions of scikit-learn without callbacks."""

    def _with_callbacks(method):
        """Return the method unchanged."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "DocumentedMixin",
    "HasMethods",
    "Interval",
    "Method",
    "Options",
    "RealNotInt",
    "StrOptions",
    "available_if",
    "check_weights",
    "fit_context",
    "meta_fit_context",
    "output_container",
    "with_callbacks",
]


class DocumentedMixin:
    """Links to the documentation in the HTML representation of an estimator.

    scikit-learn makes them from these attributes.
    """

    _doc_link_module = "sklstm"
    _doc_link_template = f"{DOCUMENTATION}/generated/sklstm.{{estimator_name}}.html"


def with_callbacks(method: Method) -> Method:
    """Tear down the callbacks after a fit, if scikit-learn has callbacks."""
    return _with_callbacks(method)


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Make a method available only if `check` of the estimator is true."""
    return metaestimators.available_if(check)


def fit_context(method: Method) -> Method:
    """Check the parameters before a fit, but skip the checks of nested estimators."""
    return _fit_context(prefer_skip_nested_validation=True)(method)


def output_container(transformer):
    """Return the container set for `transform`: "default", "pandas" or "polars"."""
    return _get_output_config("transform", transformer)["dense"]


def check_weights(sample_weight, X):
    """Check sample weights and convert them to float64, (n_rows,); None gives ones.

    These ones are read-only and take no memory.
    """
    if sample_weight is None:
        return np.broadcast_to(1.0, len(X))
    sample_weight = unwrap(sample_weight, "sample_weight")
    with check_numbers("sample_weight"):
        weights = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
    if len(weights) and not weights.any():  # scikit-learn 1.7 accepts them
        raise ValueError(
            "Sample weights must contain at least one non-zero number: every weight is "
            "zero, so there is nothing to learn or to score."
        )
    return weights


def meta_fit_context(method):
    """Check the parameters before a fit; nested estimators check theirs later."""
    return _fit_context(prefer_skip_nested_validation=False)(method)


class CallbackRunner:
    """Runner of the callbacks of a fit and its epochs.

    Parameters
    ----------
    estimator : estimator
        Estimator that is being fitted. With scikit-learn 1.9 it may have callbacks.
    data : dict
        `X`, `y` and `metadata` for the callbacks, as the user passed them.
    fitted : dict, default={}
        Attributes with which a copy of the estimator can predict after each epoch.
    n_subtasks : int, default=0
        Maximum number of epochs, or number of nested fits. 0 for an estimator without
        them.
    n_before : int, default=0
        Number of epochs before this fit that the printed numbers of epochs include.
    """

    def __init__(
        self,
        estimator,
        data,
        fitted=MappingProxyType({}),
        n_subtasks=0,
        n_before=0,
    ):
        self._estimator = estimator
        self._data = data
        self._fitted = fitted
        self._label, self._n_before = "", n_before
        self._fit = self._epoch = None
        if getattr(estimator, "_skl_callbacks", None):
            self._fit = estimator._init_callback_context(max_subtasks=n_subtasks)
            self._fit.call_on_fit_task_begin(estimator=estimator, **data)

    def for_network(self, number, n_networks, max_iter, fitted):
        """Return a runner for the epochs of a network.

        Parameters
        ----------
        number, n_networks : int
            Number of the network, counted from 1, and number of networks of the fit. If
            there are several, the training of each is a subtask of the fit.
        max_iter : int
            Maximum number of epochs.
        fitted : dict
            Further attributes of the estimator during these epochs.

        Returns
        -------
        runner : CallbackRunner
            Runner whose `end_fit` ends the subtask.
        """
        runner = copy(self)
        runner._fitted = {**self._fitted, **fitted}
        if n_networks > 1:
            runner._label = f"Network {number} of {n_networks}: "
            runner._begin_subtask("network", max_iter)
        return runner

    def _begin_subtask(self, name, n_subtasks):
        """Go from the fit to a subtask of it."""
        if self._fit is not None:
            self._fit = self._fit.subcontext(task_name=name, max_subtasks=n_subtasks)
            self._fit.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def begin_epoch(self):
        """Call the callbacks at the beginning of an epoch."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end_epoch(self, history):
        """Call the callbacks after an epoch; return whether one asks to stop."""
        if self._estimator.verbose:
            print(self._label + _describe(history, self._n_before))
        if self._epoch is None:
            return False
        return self._call_on_end(self._epoch)

    def print_end(self, history, options):
        """Print why training ended before the last epoch, as scikit-learn does.

        Parameters
        ----------
        history : TrainingHistory
            Losses of all epochs, and why training ended.
        options : TrainingOptions
            Options of training.
        """
        if self._estimator.verbose and history.ended_by == "tol":
            has_validation = history.validation_loss_curve is not None
            kind = "Validation" if has_validation else "Training"
            print(
                f"{self._label}{kind} loss did not improve more than "
                f"tol={options.tol:f} for {options.n_iter_no_change} consecutive "
                "epochs. Stopping."
            )

    @contextmanager
    def around_fit(self, nested):
        """Call the callbacks before and after the fit of a nested estimator.

        During this fit, the nested estimator has the callbacks that scikit-learn
        propagates, such as `ProgressBar`.
        """
        if self._fit is None:
            yield
            return
        task = self._fit.subcontext(task_name=f"fit-{type(nested).__name__.lower()}")
        with task.propagate_callback_context(nested):
            task.call_on_fit_task_begin(estimator=self._estimator, **self._data)
            yield
            task.call_on_fit_task_end(estimator=self._estimator, **self._data)

    def end_fit(self):
        """Call the callbacks at the end of the fit; return whether one asks to stop."""
        return self._fit is not None and self._call_on_end(self._fit)

    def _call_on_end(self, context):
        """Call the callbacks at the end of a task; return whether one asks to stop."""
        return context.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: self._fitted,
            **self._data,
        )


def _describe(history, n_before):
    """Return one line about the last epoch, after a number of earlier epochs."""
    number = n_before + len(history.loss_curve)
    line = f"Iteration {number}, loss = {history.loss_curve[-1]:.8f}"
    if history.validation_loss_curve:
        line += f", validation loss = {history.validation_loss_curve[-1]:.8f}"
    return line
