"""What the estimators share: arrays in, a trained network, arrays out."""

import math
import warnings
from abc import ABC, abstractmethod
from functools import wraps
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklstm._core.samples import Samples, without_empty_windows, without_zero_weights
from sklstm._core.scaled_network import ScaledNetwork
from sklstm._core.scaling import identity_scale, scale_of_windows
from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    Interval,
    StrOptions,
    check_weights,
)
from sklstm._input.check import check_no_strings, check_windows
from sklstm._input.padding import (
    flatten_steps,
    like_sequences,
    make_step_mask,
    unflatten_steps,
)
from sklstm._input.tokens import check_codes, count_codes
from sklstm._nn.autoencoder import n_multiplications_of
from sklstm._nn.cells import ACTIVATIONS, CELLS
from sklstm._nn.initialization import initialize
from sklstm._nn.losses import make_loss
from sklstm._nn.runtime import random_generator, resolve_device, threads_for
from sklstm._nn.training import TrainingOptions, rows_per_block, train

# float64 is used for float64 input while an epoch takes fewer multiplications than
# this, some ten milliseconds of one core.
FLOAT64_EPOCH = 100_000_000


class BaseLSTM(TransformerMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """Base class of the estimators that train one network on windows."""

    # What some estimators have no parameter for.
    n_components = embedding_size = None
    conv_filters, conv_kernel_size = (), 1

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "cell": [StrOptions(set(CELLS))],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "bidirectional": ["boolean"],
        "pooling": [StrOptions({"last", "mean", "max", "attention"}), None],
        "embedding_size": [Interval(Integral, 1, None, closed="left"), None],
        "conv_filters": ["array-like", Interval(Integral, 1, None, closed="left")],
        "conv_kernel_size": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "max_timescale": [Interval(Real, 2, None, closed="left"), None],
        "solver": [StrOptions({"adam", "adamw", "sgd"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "learning_rate": [StrOptions({"constant", "cosine", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "standardize": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "device": [str],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    @property
    def network_(self):
        """The trained network."""
        check_is_fitted(self)
        return self._model.network

    @abstractmethod
    def _split_off(self, task, samples):
        """Part samples into those to learn from and those to judge by."""

    def _check_windows(self, X, *, reset, n_codes=None):
        """Read X as windows of readings or of codes, of which there are `n_codes`."""
        has_codes = self.embedding_size is not None
        if not reset and n_codes is None and self.__sklearn_is_fitted__():
            n_codes = self._model.architecture["n_codes"]
            has_codes = n_codes is not None
        windows = check_windows(self, X, reset=reset, allow_padding=has_codes)
        if not has_codes:
            return windows
        check_codes(windows, n_codes)
        return windows._replace(n_codes=n_codes or count_codes(windows))

    def _check_samples(self, task_of, X, y, sample_weight, *, reset, n_codes=None):
        """Read what a user passes as samples; returns what there is to learn too."""
        windows = self._check_windows(X, reset=reset, n_codes=n_codes)
        step_mask = None
        if self.pooling is None:
            step_mask = make_step_mask(windows)
            y = flatten_steps(y, step_mask)
        task = task_of(y)
        targets = task.read(y)
        if step_mask is not None:
            targets = unflatten_steps(targets, step_mask)
        if len(windows.values) != len(targets):
            raise ValueError(
                f"X has {len(windows.values)} windows, but y has {len(targets)} "
                "targets. Pass one target per window."
            )
        with check_no_strings("sample_weight"):
            weights = check_weights(sample_weight, windows.values)
        samples = Samples(windows, targets, weights)
        return task, samples if step_mask is None else without_empty_windows(samples)

    def _check_validation(self, task, X_val, y_val, sample_weight_val, samples):
        """Read the samples to judge by; None where there are none."""
        if X_val is None and y_val is None and sample_weight_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError(
                "X_val and y_val belong together: pass both, or neither of them."
            )
        n_codes = samples.windows.n_codes
        _, validation = self._check_samples(
            lambda _: task,
            X_val,
            y_val,
            sample_weight_val,
            reset=False,
            n_codes=n_codes,
        )
        _check_n_targets(validation, samples.targets.shape[-1])
        return validation

    def _fit(self, task, samples, validation, data):
        """Train until nothing gets better.

        Parameters
        ----------
        task : Regression or Classification
            What there is to learn.
        samples : Samples
            What to learn from.
        validation : Samples or None
            What to judge by; None sets some aside where `early_stopping` asks for it.
        data : dict
            X, y and metadata as the user passed them, for the callbacks.
        """
        if validation is None and self.early_stopping:
            samples, validation = self._split_off(task, samples)
        if validation is not None:
            validation = without_zero_weights(validation)
        is_new = not (self.warm_start and hasattr(self, "_model"))
        # Only a series of partial fits has one that goes on.
        self._random_state = None
        history = self._train(
            task, samples, validation, self.max_iter, data, is_new=is_new
        )
        self.loss_curve_ = history.loss_curve
        self.validation_loss_curve_ = history.validation_loss_curve
        self.best_loss_ = history.best_loss
        self._note_epochs()
        # A cosine is planned to end with the last epoch.
        if history.ended_by == "max_iter" and self.learning_rate != "cosine":
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached "
                "and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _partial_fit(self, task, samples, data):
        """Go over samples once more, or for the first time."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: one call sees too "
                "little to judge by. Set early_stopping=False."
            )
        is_new = not hasattr(self, "_model")
        if not is_new:
            _check_n_targets(samples, self.n_outputs_)
        if is_new:
            self.loss_curve_, self.best_loss_ = [], math.inf
        if is_new or self._random_state is None:
            self._random_state = check_random_state(self.random_state)
        # A model that was loaded from a file has no optimiser to go on with.
        state = None if is_new else getattr(self, "_optimizer_state", None)
        history = self._train(task, samples, None, 1, data, is_new=is_new, state=state)
        self.loss_curve_ = self.loss_curve_ + history.loss_curve
        self.validation_loss_curve_ = None
        self.best_loss_ = min(self.best_loss_, history.best_loss)
        self._note_epochs()
        return self

    def _train(self, task, samples, validation, max_iter, data, *, is_new, state=None):
        """Train a copy of the model, or a new one, and keep it; returns the history."""
        samples = without_zero_weights(samples)
        n_targets = samples.targets.shape[-1]
        random_state = self._random_state or check_random_state(self.random_state)
        generator = random_generator(random_state.randint(2**31 - 1))
        plan = self._plan(len(samples.targets), max_iter)
        architecture = self._architecture(task, samples, is_new)
        with threads_for(plan.batch_size * n_multiplications_of(architecture)):
            if is_new:
                model = self._new_model(task, architecture, samples, generator)
            else:
                device = resolve_device(self.device)
                model = self._model.copy(architecture, task.loss, device)
            fitted = {"_model": model, "_task": task, "n_outputs_": n_targets}
            fitted |= task.learnt
            callback_runner = CallbackRunner(self, data, fitted, max_iter)
            history, self._optimizer_state = train(
                model.network,
                model.loss,
                model.rows(samples),
                None if validation is None else model.rows(validation),
                options=plan,
                generator=generator,
                callback_runner=callback_runner,
                optimizer_state=state,
            )
        vars(self).update(fitted)
        callback_runner.end_fit()
        if history.ended_by == "interrupt":
            warnings.warn(
                f"Training interrupted by user after {len(history.loss_curve)} epochs; "
                "the estimator is fitted with what was learnt so far.",
                stacklevel=2,
            )
        return history

    def _architecture(self, task, samples, is_new):
        """Parameters of the network that parameters and data ask for."""
        values = samples.windows.values
        outputs_per_target = make_loss(**task.loss).outputs_per_target
        n_codes = samples.windows.n_codes
        if not is_new and n_codes is not None:
            known = self._model.architecture["n_codes"] or 0
            check_codes(samples.windows, known)
            n_codes = known
        architecture = {
            "n_features": values.shape[2],
            "n_outputs": samples.targets.shape[-1] * outputs_per_target,
            "hidden_layer_sizes": _check_sizes(
                self.hidden_layer_sizes, "hidden_layer_sizes"
            ),
            "cell": self.cell,
            "activation": self.activation,
            "bidirectional": bool(self.bidirectional),
            "pooling": self.pooling,
            "n_components": self.n_components,
            "n_codes": n_codes,
            "embedding_size": self.embedding_size,
            "conv_filters": _check_sizes(self.conv_filters, "conv_filters"),
            "conv_kernel_size": self.conv_kernel_size,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }
        if not is_new:
            kept = self._model.architecture["dtype"]
            return architecture | {
                "dtype": kept if self.dtype == "auto" else self.dtype
            }
        epoch = values.shape[0] * values.shape[1] * n_multiplications_of(architecture)
        return architecture | {"dtype": self._choose_dtype(values.dtype, epoch)}

    def _choose_dtype(self, dtype, epoch):
        """Name the precision for readings of a dtype and epochs of a size."""
        if self.dtype != "auto":
            return self.dtype
        return "float64" if dtype == np.float64 and epoch < FLOAT64_EPOCH else "float32"

    def _new_model(self, task, architecture, samples, generator):
        """Build a network with its first weights, and measure the scales around it."""
        windows, targets = samples.windows, samples.targets
        if self.max_timescale is not None and self.cell == "rnn":
            raise ValueError(
                'max_timescale sets the gates of a cell, and cell="rnn" has no gates. '
                'Choose cell="lstm" or "gru", or set max_timescale=None.'
            )
        x_scale = identity_scale(windows.values.shape[2])
        y_scale = identity_scale(targets.shape[-1])
        if self.standardize:
            if self.embedding_size is None:
                x_scale = scale_of_windows(windows, samples.window_weights)
            # The targets of an autoencoder are the windows.
            is_same = self.n_components is not None
            y_scale = x_scale if is_same else task.scale_of_targets(samples)
        model = ScaledNetwork(architecture, task.loss, x_scale, y_scale)
        device = resolve_device(self.device)
        initialize(model.network, generator, device, self.max_timescale)
        return model

    def _plan(self, n_samples, max_iter):
        """How to train on so many samples."""
        batch_size = 200 if self.batch_size == "auto" else int(self.batch_size)
        return TrainingOptions(
            solver=self.solver,
            alpha=self.alpha,
            batch_size=min(batch_size, n_samples),
            learning_rate=self.learning_rate,
            learning_rate_init=self.learning_rate_init,
            max_grad_norm=self.max_grad_norm,
            max_iter=max_iter,
            shuffle=self.shuffle,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
        )

    def _note_epochs(self):
        """Set what follows from the loss curve."""
        self.n_iter_ = len(self.loss_curve_)
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan

    def _ask(self, method, X):
        """Ask the model for what one of its methods gives, (n_windows, ...)."""
        check_is_fitted(self)
        windows = self._check_windows(X, reset=False)
        n_windows, n_timesteps, _ = windows.values.shape
        n_rows = min(n_windows, rows_per_block(self._model.network, n_timesteps))
        with threads_for(n_rows * n_multiplications_of(self._model.architecture)):
            return getattr(self._model, method)(windows)

    def _in_kind(self, answers, X):
        """Give answers for steps of unequal sequences the lengths of these."""
        return (
            like_sequences(answers, X) if self._model.network.answers_steps else answers
        )

    def _to_score(self, X, y, sample_weight):
        """Lay truths, predictions and weights row below row: of windows or of steps."""
        predictions = self.predict(X)
        if not self._model.network.answers_steps:
            return y, predictions, sample_weight
        step_mask = make_step_mask(self._check_windows(X, reset=False))
        if sample_weight is not None:
            sample_weight = check_weights(sample_weight, step_mask)
            sample_weight = np.repeat(sample_weight, step_mask.sum(axis=1))
        return (
            flatten_steps(y, step_mask),
            flatten_steps(predictions, step_mask),
            sample_weight,
        )

    def transform(self, X):
        """Return what the network makes of windows, as features for others.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit.

        Returns
        -------
        features : ndarray or dataframe of shape (n_windows, n_units)
            The vector that the linear layer reads: hidden states of the last recurrent
            layer, pooled over the steps.

        Raises
        ------
        ValueError
            If the fit had ``pooling=None``.
        """
        check_is_fitted(self)
        if self._model.architecture["pooling"] is None:
            raise ValueError(
                "With pooling=None the network makes nothing of a window as a whole. "
                'Choose a pooling, such as "mean", and fit.'
            )
        return self._ask("pooled", X)

    def get_feature_names_out(self, input_features=None):
        """Name the columns of :meth:`transform`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used; there for pipelines.

        Returns
        -------
        feature_names_out : ndarray of str
            ``"lstm0"``, ``"lstm1"`` and so on.
        """
        width = self.network_.width
        return np.array([f"lstm{number}" for number in range(width)], dtype=object)

    @available_if(lambda self: self.pooling == "attention")
    def attention_weights(self, X):
        """Say which steps count how much; only with ``pooling="attention"``.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit.

        Returns
        -------
        weights : ndarray of shape (n_windows, n_timesteps)
            Share of each step in the average of the hidden states; the shares of a
            window add up to 1. 0 where a step does not exist.

        Raises
        ------
        ValueError
            If the fit had another `pooling`.
        """
        check_is_fitted(self)
        pooling = self._model.architecture["pooling"]
        if pooling != "attention":
            raise ValueError(
                f"This network was fitted with pooling={pooling!r}, which weighs no "
                'steps. Fit it with pooling="attention".'
            )
        return self._ask("step_weights", X)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_model")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def __getstate__(self):
        # The optimiser would make a file three times as large.
        state = super().__getstate__().copy()
        state.pop("_optimizer_state", None)
        return state


def without_front_end(constraints):
    """Leave out constraints of what stands in front of the recurrent layers."""
    front = {"embedding_size", "conv_filters", "conv_kernel_size"}
    return {name: value for name, value in constraints.items() if name not in front}


def all_or_nothing(method):
    """Let a method that fails leave the estimator as it was."""

    @wraps(method)
    def changed_or_not(self, *args, **kwargs):
        before = vars(self).copy()
        try:
            return method(self, *args, **kwargs)
        except Exception:
            vars(self).clear()
            vars(self).update(before)
            raise

    return changed_or_not


def callback_data(X, y, sample_weight):
    """Gather what callbacks are told of a fit, as the user passed it."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}


def _check_n_targets(samples, n_targets):
    """Refuse targets of another number than the network answers with."""
    if samples.targets.shape[-1] != n_targets:
        raise ValueError(
            f"y has {samples.targets.shape[-1]} targets per window, but the network "
            f"has {n_targets}. Pass as many as in the first y."
        )


def _check_sizes(sizes, name):
    """Read widths of layers; one number is one layer."""
    widths = np.atleast_1d(np.asarray(sizes, dtype=object))
    is_empty = not len(widths) and name == "hidden_layer_sizes"
    if is_empty or not all(isinstance(w, Integral) and w > 0 for w in widths):
        raise ValueError(
            f"{name} must be positive integers, got {sizes}. Pass one width per layer, "
            "such as (50,) or (64, 32)."
        )
    return tuple(int(width) for width in widths)
