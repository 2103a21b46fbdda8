"""Base class of estimators whose networks read or write symbols."""

from abc import ABC, abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm._core.network_summary import SummaryMixin
from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    Interval,
    Options,
    StrOptions,
)
from sklstm._nn.runtime import random_generator
from sklstm._nn.stack import CELL_NAMES


class BaseSymbolModel(SummaryMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """Base class of estimators whose networks read or write symbols.

    A subclass reads its data, sets the attributes that :attr:`_attributes_of_data`
    names, and calls :meth:`_fit` or :meth:`_fit_one_epoch`. Its :meth:`_make_fit`
    returns a :class:`~sklstm._core.symbol_fit.SymbolFit`, which makes and trains the
    network.
    """

    n_iter_: int
    loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    best_loss_: float

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "analyzer": [StrOptions({"char", "word"})],
        "lowercase": ["boolean"],
        "token_pattern": [str, None],
        "cell": [StrOptions(set(CELL_NAMES))],
        "embedding_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "solver": [StrOptions({"adam", "adamw", "sgd"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "learning_rate": [StrOptions({"constant", "cosine", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
            StrOptions({"auto"}),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "device": [str],
    }

    # With the state of the optimizer, a file would be three times as large.
    _not_saved = ("_optimizer_state",)
    # Attributes that a fit sets before the training, such as the symbols.
    _attributes_of_data: tuple[str, ...]

    @abstractmethod
    def _make_fit(self, data, former, is_partial):
        """Return the fit, a :class:`~sklstm._core.symbol_fit.SymbolFit`, of data."""

    @property
    def network_(self) -> nn.Module:
        """The trained network."""
        check_is_fitted(self)
        return self._network

    def _networks_by_title(self):
        """Return the network by its title."""
        return {type(self).__name__: [self._network]}

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_network")

    def _continues(self):
        """Return whether `fit` starts from the previous fit."""
        return self.warm_start and self.__sklearn_is_fitted__()

    def _fit(self, data, for_callbacks):
        """Train a new network, or go on from the previous fit."""
        self._random_state = None
        former = self._network if self._continues() else None
        return self._train(data, for_callbacks, former)

    def _fit_one_epoch(self, data, for_callbacks):
        """Train for one epoch, starting from the current weights if there are any."""
        is_first = not self.__sklearn_is_fitted__()
        if is_first or self._random_state is None:
            self._random_state = check_random_state(self.random_state)
        before = [] if is_first else self.loss_curve_
        best = np.inf if is_first else self.best_loss_
        self._train(
            data,
            for_callbacks,
            former=None if is_first else self._network,
            optimizer_state=getattr(self, "_optimizer_state", None),
            is_partial=True,
        )
        self._set_curves([*before, *self.loss_curve_], None, min(best, self.best_loss_))
        return self

    def _train(
        self, data, for_callbacks, former, optimizer_state=None, is_partial=False
    ):
        """Train a new network, or a copy of a former one."""
        random_state = self._random_state or check_random_state(self.random_state)
        generator = random_generator(random_state.randint(2**31 - 1))
        fit = self._make_fit(data, former, is_partial)
        network = fit.make_network(generator)
        fitted = {
            name: value
            for name, value in vars(self).items()
            if name in self._attributes_of_data
        }
        fitted["_network"] = network
        n_before = self.n_iter_ if is_partial and former is not None else 0
        runner = CallbackRunner(
            self, for_callbacks, fitted, fit.options.max_iter, n_before
        )
        history, self._optimizer_state = fit.train(
            network, generator, runner, optimizer_state
        )
        runner.print_end(history, fit.options)
        self._network = network
        self._set_curves(
            history.loss_curve, history.validation_loss_curve, history.best_loss
        )
        runner.end_fit()
        fit.warn_of_end(history)
        return self

    def _set_curves(self, loss_curve, validation_loss_curve, best_loss):
        """Set the attributes that describe the epochs."""
        self.loss_curve_ = loss_curve
        self.validation_loss_curve_ = validation_loss_curve
        self.best_loss_ = best_loss
        self.n_iter_ = len(loss_curve)
        self.loss_ = loss_curve[-1] if loss_curve else np.nan
