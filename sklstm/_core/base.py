"""Base class of the estimators that train a network on windows."""

import math
from abc import ABC, abstractmethod
from numbers import Integral, Real
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm._core.auto import (
    AUTO_PARAMETERS,
    FEW,
    Recipe,
    choose_parameters,
    is_auto,
    kind_of,
    n_epochs,
)
from sklstm._core.convergence import (
    warn_of_empty_windows,
    warn_of_failure,
    warn_of_interrupt,
    warn_of_max_iter,
)
from sklstm._core.ensemble import Ensemble, combine, random_generators
from sklstm._core.layer_sizes import POOLINGS, as_poolings, check_cell, check_layers
from sklstm._core.network_summary import SummaryMixin
from sklstm._core.samples import (
    Samples,
    check_n_rows,
    check_n_targets,
    flatten_rows,
    make_step_mask,
    without_empty_windows,
    without_zero_weights,
)
from sklstm._core.scaled_network import ScaledNetwork
from sklstm._core.scaling import identity_scale
from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    Interval,
    Options,
    StrOptions,
    available_if,
    check_weights,
    output_container,
)
from sklstm._core.transfer import TransferMixin
from sklstm._core.window_scaling import make_scale
from sklstm._input.arrays import unwrap
from sklstm._input.check import check_windows
from sklstm._input.instances import is_long, read_instances
from sklstm._input.padding import like_sequences, unflatten_steps
from sklstm._input.symbols import coding_of
from sklstm._input.tokens import are_token_codes, check_codes, count_codes
from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.architecture import n_multiplications
from sklstm._nn.batches import weights_of_steps
from sklstm._nn.initialization import initialize
from sklstm._nn.runtime import default_modes, resolve_device, threads_for
from sklstm._nn.stack import CELL_NAMES
from sklstm._nn.training import TrainingOptions
from sklstm._typing import ArrayLike, Floats

# With float64 input, the network is float64 if an epoch takes fewer multiplications
# than this. This many take about ten milliseconds on one core.
FLOAT64_EPOCH = 100_000_000

# Parameters that the estimators pass to their networks.
RECURRENT_PARAMETERS = (
    "hidden_layer_sizes",
    "cell",
    "activation",
    "bidirectional",
    "pooling",
    "dropout",
    "recurrent_dropout",
)
INPUT_LAYER_PARAMETERS = (
    "embedding_size",
    "embedding_pairs",
    "embedding_dropout",
    "conv_filters",
    "conv_kernel_size",
    "conv_pool_size",
    "conv_pooling",
    "batch_norm",
)

ENSEMBLE_CONSTRAINTS: dict = {
    "n_estimators": [Interval(Integral, 1, None, closed="left")],
}
INPUT_LAYER_CONSTRAINTS: dict = {
    "embedding_size": [Interval(Integral, 1, None, closed="left"), None],
    "conv_filters": ["array-like", Interval(Integral, 1, None, closed="left")],
    "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
    "conv_kernel_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
    "conv_pool_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
    "embedding_pairs": [Interval(Integral, 0, None, closed="left")],
    "conv_pooling": [StrOptions({"mean", "max"}), tuple, None],
    "batch_norm": ["boolean"],
}


def allow_auto(constraints):
    """Allow "auto" as the value of the parameters that have values in the recipes."""
    auto = {
        name: [*constraints[name], StrOptions({"auto"})] for name in AUTO_PARAMETERS
    }
    return constraints | auto


class BaseLSTM(TransferMixin, SummaryMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """Base class of the estimators that train networks on windows.

    A subclass defines the kind of its network, the parameters that it passes to the
    network, the task for a given y, and how validation windows are held out.
    """

    # With the states of the optimizers, a file would be three times as large.
    _not_saved = ("_optimizer_states",)
    _network_kind: str  # a key of :data:`sklstm._nn.architecture.NETWORKS`
    _network_parameters: tuple[str, ...]
    # Recipe for each kind of windows, by :func:`~sklstm._core.auto.kind_of`.
    _recipes: dict[str, Recipe] = {}

    auto_params_: dict[str, Any]
    n_iter_: int
    loss_: float
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    best_loss_: float
    n_outputs_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "cell": [StrOptions(set(CELL_NAMES))],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "bidirectional": ["boolean"],
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
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "standardize": ["boolean", StrOptions({"features", "steps", "windows"})],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "device": [str],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    @property
    def network_(self) -> nn.Module:
        """The trained network; the first of several networks."""
        check_is_fitted(self)
        return self._model.network

    def _networks_by_title(self):
        """Return the networks by their title."""
        return {type(self).__name__: [model.network for model in self._models]}

    @property
    def _model(self):
        """The first model. All models differ in their weights only."""
        return self._models[0]

    @property
    def _n_networks(self):
        """Number of networks to train."""
        return getattr(self, "n_estimators", 1)

    @abstractmethod
    def _new_task(self, y, **options):
        """Return the task for y."""

    @abstractmethod
    def _split_off(self, task, samples):
        """Split samples into training and validation samples."""

    def _reads_codes(self, X):
        """Whether X holds token codes, by the parameters or by the type of X."""
        size = getattr(self, "embedding_size", None)
        if not is_auto(size):
            return size is not None
        pretrained = self._pretrained
        return are_token_codes(X) or bool(pretrained and pretrained.n_codes)

    @property
    def _n_codes(self):
        """Number of token codes of the fitted network; None if it reads values."""
        return self._model.architecture.get("n_codes")

    def _check_windows(self, X, *, reset, n_codes=None, allow_empty=False):
        """Check X and convert it to windows.

        Parameters
        ----------
        X : array-like or list of sequences
            Data as the user passed it.
        reset : bool
            Whether the estimator is being fitted. If False, X must match the X of fit.
        n_codes : int or None, default=None
            Number of token codes seen in fit. None for numeric values. Ignored if
            `reset` is True.
        allow_empty : bool, default=False
            Whether sequences may have no time steps.

        Returns
        -------
        windows : Windows
            Windows of values, or of token codes.
        """
        has_codes = self._reads_codes(X) if reset else n_codes is not None
        windows = check_windows(
            self, X, reset=reset, allow_padding=has_codes, allow_empty=allow_empty
        )
        coding = coding_of(X) if has_codes else None
        if has_codes:
            check_codes(windows, n_codes)
            n_codes = n_codes or (coding and coding.n_codes) or count_codes(windows)
            windows = windows._replace(n_codes=n_codes)
        return self._check_transfer(windows, coding) if reset else windows

    def _check_samples(
        self, X, y, sample_weight, *, reset, n_codes=None, task=None, **options
    ):
        """Check X, y and weights and convert them to samples.

        Parameters
        ----------
        X, y, sample_weight : array-like
            Data as the user passed them.
        reset, n_codes : bool, int or None
            As in :meth:`_check_windows`.
        task : Task or None, default=None
            Task that the targets belong to. If None, y determines the task.
        **options : dict
            Options of :meth:`_new_task`.

        Returns
        -------
        task : Task
            The task.
        samples : Samples
            Windows with targets and weights.
        """
        windows = self._check_windows(X, reset=reset, n_codes=n_codes)
        instances = self._read_instances(X)
        y = unwrap(y, "y")
        if instances is not None:
            instances.check_order(y)
        # Without the parameter, there is one target per window.
        has_step_targets = getattr(self, "pooling", "last") is None
        step_mask = make_step_mask(windows) if has_step_targets else None
        if step_mask is not None:
            y = flatten_rows(y, step_mask, instances)
        if task is None:
            task = self._new_task(y, **options)
        targets = task.read(y, windows)
        if step_mask is not None:
            targets = unflatten_steps(targets, step_mask)
        check_n_rows(windows, targets, instances)
        weights = check_weights(sample_weight, windows.values)
        samples = Samples(windows, targets, weights)
        return task, samples if step_mask is None else without_empty_windows(samples)

    def _check_validation(self, task, X_val, y_val, sample_weight_val, samples):
        """Check the validation data and convert it to samples.

        Return None if no validation data was passed.
        """
        data = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        passed = [name for name in data if data[name] is not None]
        if not passed:
            return None
        required = ["X_val", "y_val"] if task.needs_y else ["X_val"]
        missing = [name for name in required if name not in passed]
        if missing:
            raise ValueError(
                f"{' and '.join(passed)} was passed without {' and '.join(missing)}. "
                f"Pass {' and '.join(required)}, or no validation data."
            )
        _, validation = self._check_samples(
            X_val,
            y_val,
            sample_weight_val,
            reset=False,
            n_codes=samples.windows.n_codes,
            task=task,
        )
        if task.has_fixed_width:
            check_n_targets(validation, samples.n_targets)
        return validation

    def _fit(self, task, samples, validation, data):
        """Train until the loss stops improving.

        Parameters
        ----------
        task : Task
            The task to learn.
        samples : Samples
            Training windows.
        validation : Samples or None
            Validation windows. If None, and with `early_stopping`, some of the training
            windows are held out.
        data : dict
            X, y and metadata as the user passed them, for the callbacks.

        Returns
        -------
        self : BaseLSTM
            The fitted estimator.
        """
        continues = self.warm_start and self.__sklearn_is_fitted__()
        recipe = self._recipe(samples)
        parameters = self._choose_parameters(recipe, samples, continues)
        if validation is None and self.early_stopping:
            samples, validation = self._split_off(task, samples)
        if validation is not None:
            validation = without_zero_weights(validation)
        if is_auto(self.learning_rate) and parameters.learning_rate == "cosine":
            n = n_epochs(recipe, len(samples.weights), parameters.batch_size)
            parameters.max_iter = min(n, self.max_iter)
        # Only partial fits continue with the same random state.
        self._random_state = None
        former = self._former_models() if continues else []
        # If there are more networks than before, only the new ones are trained.
        n_kept = len(former) if len(former) < self._n_networks else 0
        histories = self._train(
            former, task, samples, validation, data, parameters, n_kept=n_kept
        )
        if not n_kept:
            first = histories[0]
            self._set_curves(
                first.loss_curve, first.validation_loss_curve, first.best_loss
            )
        # A cosine schedule is meant to end with the last epoch.
        reasons = {history.ended_by for history in histories}
        if "max_iter" in reasons and parameters.learning_rate != "cosine":
            warn_of_max_iter(self.max_iter)
        return self

    def _partial_fit(self, task, samples, data):
        """Train new networks, or the networks of the last fit, for one epoch."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True, because one call "
                "does not see enough windows to hold some out. Set "
                "early_stopping=False."
            )
        curve, best_loss, former, states = [], math.inf, [], []
        if self.__sklearn_is_fitted__():
            if task.has_fixed_width:
                check_n_targets(samples, self.n_outputs_)
            curve, best_loss = self.loss_curve_, self.best_loss_
            former = self._former_models()
            # A model that was loaded from a file has no state of the optimizer.
            states = getattr(self, "_optimizer_states", [])
        if not former or self._random_state is None:
            self._random_state = check_random_state(self.random_state)
        parameters = self._choose_parameters(
            self._recipe(samples), samples, continues=bool(former)
        )
        parameters.max_iter = 1
        first, *_ = self._train(
            former,
            task,
            samples,
            None,
            data,
            parameters,
            optimizer_states=states,
            n_before=len(curve),
        )
        best_loss = min(best_loss, first.best_loss)
        self._set_curves(curve + first.loss_curve, None, best_loss)
        return self

    def _former_models(self):
        """Return the models of the last fit, unless there are more than wanted."""
        n_former = len(self._models)
        if n_former > self._n_networks:
            raise ValueError(
                f"The last fit trained {n_former} networks, and n_estimators="
                f"{self._n_networks} is lower. Set n_estimators={n_former} or higher "
                "to train them further, or call fit with warm_start=False."
            )
        return self._models

    def _recipe(self, samples):
        """Return the recipe for the values of the parameters that are "auto"."""
        return self._recipes.get(kind_of(samples), FEW)

    def _choose_parameters(self, recipe, samples, continues):
        """Return all parameters, with values for those that are "auto".

        Values that were chosen in an earlier fit are kept if its training continues.
        """
        parameters, inherited = self.get_params(deep=False), self._inherited()
        chosen = choose_parameters(parameters | inherited, recipe, samples.n_weighted)
        chosen |= inherited
        if continues:
            before = self.auto_params_
            chosen |= {name: before[name] for name in chosen if name in before}
        self.auto_params_ = chosen
        return SimpleNamespace(**(parameters | chosen))

    def _train(
        self,
        former,
        task,
        samples,
        validation,
        data,
        parameters,
        *,
        optimizer_states=(),
        n_kept=0,
        n_before=0,
    ):
        """Train models and store them in the estimator.

        Parameters
        ----------
        former : list of ScaledNetwork
            Models to copy and train further. If there are fewer than `n_estimators`,
            new models are built.
        task, samples, validation, data
            As in :meth:`_fit`.
        parameters : SimpleNamespace
            Parameters of the estimator, without "auto".
        optimizer_states : sequence of dict, default=()
            State of the optimizer of each former model to continue from.
        n_kept : int, default=0
            Number of the former models that are not trained further.
        n_before : int, default=0
            Number of epochs before, for the printed numbers of epochs.

        Returns
        -------
        histories : list of TrainingHistory
            Losses of the epochs of each model that was trained.
        """
        samples = without_zero_weights(samples)
        random_state = self._random_state or check_random_state(self.random_state)
        seed = random_state.randint(2**31 - 1)
        generators = random_generators(seed, self._n_networks)
        options = _training_options(parameters, len(samples.weights))
        architecture = self._architecture(parameters, task, samples, former)
        n_per_step = options.batch_size * n_multiplications(**architecture)
        with threads_for(n_per_step), default_modes():
            models = self._make_models(former, architecture, task, samples, generators)
            ensemble = Ensemble(models, len(former), optimizer_states)
            fitted = {"_task": task, **task.fitted_attributes(samples)}
            n_tasks = parameters.max_iter if len(models) == 1 else len(models) - n_kept
            callback_runner = CallbackRunner(self, data, fitted, n_tasks, n_before)
            histories = ensemble.train(
                models[0].rows(samples),
                None if validation is None else models[0].rows(validation),
                start=n_kept,
                options=options,
                generators=generators,
                callback_runner=callback_runner,
            )
        self._optimizer_states = ensemble.optimizer_states
        fitted["_models"] = ensemble.models
        vars(self).update(fitted)
        callback_runner.end_fit()
        if ensemble.interrupted is not None:
            warn_of_interrupt(ensemble, histories[-1], self._n_networks)
        # Networks that fail mostly fail alike: one warning is enough.
        for history in histories:
            if warn_of_failure(history, parameters, task.loss["name"]):
                break
        return histories

    def _make_models(self, former, architecture, task, samples, generators):
        """Copy the former models, and build as many new ones as are missing."""
        device = resolve_device(self.device)
        models = [model.copy(architecture, task.loss, device) for model in former]
        if not models:
            models = [self._new_model(architecture, task, samples, generators[0])]
        models += [
            models[0].with_new_weights(generator, self.max_timescale)
            for generator in generators[len(models) :]
        ]
        pretrained = self._pretrained
        if pretrained is not None:
            for model in models[len(former) :]:
                pretrained.load_into(model.network)
        return models

    def _architecture(self, parameters, task, samples, former):
        """Return the parameters of the network for these samples."""
        windows = samples.windows
        architecture = {
            "kind": self._network_kind,
            "n_features": windows.values.shape[2],
            **task.network_parameters(samples),
            **{name: getattr(parameters, name) for name in self._network_parameters},
        }
        architecture = check_layers(architecture)
        if windows.n_codes is not None:
            architecture["n_codes"] = windows.n_codes
        if former:
            return architecture | self._kept_parameters(windows, former[0])
        dtype, pretrained = self.dtype, self._pretrained
        if pretrained is not None:
            pretrained.check_parameters(
                architecture, self.standardize, self.max_timescale
            )
            dtype = pretrained.dtype if dtype == "auto" else dtype
        n_steps = math.prod(windows.values.shape[:2])
        n_per_epoch = n_steps * n_multiplications(**architecture)
        dtype = _choose_dtype(dtype, windows.values.dtype, n_per_epoch)
        return architecture | {"dtype": dtype}

    def _kept_parameters(self, windows, former):
        """Return the parameters that a network keeps when it is trained further."""
        dtype = former.architecture["dtype"] if self.dtype == "auto" else self.dtype
        n_codes = former.architecture.get("n_codes")
        if windows.n_codes is None or n_codes is None:
            return {"dtype": dtype}
        check_codes(windows, n_codes)
        # The new windows need not contain all codes.
        return {"dtype": dtype, "n_codes": n_codes}

    def _new_model(self, architecture, task, samples, generator):
        """Build a network with initial weights, and compute its scales."""
        sizes = architecture["hidden_layer_sizes"]
        check_cell(self.cell, sizes, self.activation, self.max_timescale)
        windows, pretrained = samples.windows, self._pretrained
        if pretrained is None:
            x_scale = make_scale(self.standardize, windows, samples.window_weights)
        else:
            x_scale = pretrained.x_scale
        y_scale = identity_scale(1)  # for any number of targets
        if self.standardize:
            y_scale = task.scale_of_targets(samples, x_scale)
        model = ScaledNetwork(architecture, task.loss, x_scale, y_scale)
        device = resolve_device(self.device)
        initialize(model.network, generator, device, self.max_timescale)
        if task.needs_y and not windows.has_empty:
            model.set_constant(*samples.flat_targets())
        return model

    def _set_curves(self, loss_curve, validation_loss_curve, best_loss):
        """Set the attributes that describe the epochs."""
        self.loss_curve_ = loss_curve
        self.validation_loss_curve_ = validation_loss_curve
        self.best_loss_ = best_loss
        self.n_iter_ = len(loss_curve)
        self.loss_ = loss_curve[-1] if loss_curve else math.nan

    def _check_fitted(self):
        """Raise if the estimator is not fitted."""
        if not self.__sklearn_is_fitted__():  # which does not read all tags
            check_is_fitted(self)

    def _windows_to_predict(self, X):
        """Check X and convert it to windows, which may be all padding."""
        return self._check_windows(
            X, reset=False, n_codes=self._n_codes, allow_empty=True
        )

    def _call_model(self, method, X):
        """Call a method of the model on X; return an array, (n_windows, ...)."""
        self._check_fitted()
        windows = self._windows_to_predict(X)
        if method in ("predict", "outputs") and self._model.replaces_empty:
            warn_of_empty_windows(windows, self._task.loss["name"])
        return self._call_model_on(windows, method)

    def _call_model_on(self, windows, method):
        """Call a method of the model on windows; return an array, (n_windows, ...)."""
        with threads_for(self._model.n_per_block(windows)), default_modes():
            results = [getattr(model, method)(windows) for model in self._models]
        return combine(self._task, method, results)

    def _read_instances(self, X):
        """Return the instances of a frame of sequences; None for any other X."""
        return read_instances(X) if self._n_axes_in == 3 and is_long(X) else None

    def _without_padding(self, outputs, X):
        """Cut outputs of steps to the lengths of the sequences in X."""
        if not self._model.network.predicts_steps:
            return outputs
        instances = self._read_instances(X)
        if instances is not None:
            return instances.to_rows(outputs)
        return like_sequences(outputs, X)

    def _to_score(self, X, y, sample_weight):
        """Return actual targets, predictions and weights of windows or real steps."""
        predictions, y = self.predict(X), unwrap(y, "y")
        instances = self._read_instances(X)
        if instances is not None:
            instances.check_order(y)
        if not self._model.network.predicts_steps:
            return y, predictions, sample_weight
        windows = self._windows_to_predict(X)
        step_mask = make_step_mask(windows)
        if sample_weight is not None:
            sample_weight = check_weights(sample_weight, step_mask)
            sample_weight = weights_of_steps(sample_weight, step_mask)
        return (
            flatten_rows(y, step_mask, instances),
            flatten_rows(predictions, step_mask, instances),
            sample_weight,
        )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_models")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class PoolingLSTM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseLSTM):
    """Base class of the estimators whose networks pool the states of all time steps.

    A fitted estimator also returns the pooled states, as features for others.
    """

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        "pooling": [StrOptions(set(POOLINGS)), tuple, None],
    }

    @property
    def _n_features_out(self):
        check_is_fitted(self)
        return sum(model.network.width for model in self._models)

    def transform(self, X: ArrayLike) -> Floats:
        """Return one vector per window, as features for other estimators.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        Returns
        -------
        features : ndarray or dataframe of shape (n_windows, n_features_out)
            Hidden states of the last recurrent layer, pooled over the time steps. Those
            of several networks are side by side. For :class:`LSTMAutoencoder`, the
            components of each window.

        Raises
        ------
        ValueError
            If the estimator was fitted with ``pooling=None``.
        """
        check_is_fitted(self)
        if self._model.architecture["pooling"] is None:
            raise ValueError(
                "With pooling=None the network returns no single vector per window. "
                'Choose a pooling, such as "mean", and fit again.'
            )
        features = self._call_model("pooled", X)
        instances = self._read_instances(X)
        if instances is not None and output_container(self) == "pandas":
            return pd.DataFrame(features, index=instances.keys)
        return features

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Return the names of the columns of :meth:`transform`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of a 2-D X. They must be the names seen during `fit`.
            Ignored if the estimator was fitted on a 3-D X.

        Returns
        -------
        feature_names_out : ndarray of str
            Name of the class in lower case with a number, such as ``"lstmregressor0"``.
        """
        # In a pipeline, these are the names of lag columns, not of the last axis of X.
        if getattr(self, "_n_axes_in", 2) == 3:
            input_features = None
        return super().get_feature_names_out(input_features)

    @available_if(lambda self: "attention" in as_poolings(self.pooling))
    def attention_weights(self, X: ArrayLike) -> Floats:
        """Return the attention weight of each time step.

        This method is only available with ``pooling="attention"``, alone or in a tuple.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        Returns
        -------
        weights : ndarray of shape (n_windows, n_timesteps)
            Weight of each time step in the mean of the hidden states. The weights of a
            window sum to 1; padding steps have weight 0. With several networks, the
            mean of their weights.

        Raises
        ------
        ValueError
            If the estimator was fitted with another `pooling`.
        """
        check_is_fitted(self)
        pooling = self._model.architecture["pooling"]
        if "attention" not in as_poolings(pooling):
            raise ValueError(
                f"The network was fitted with pooling={pooling!r}, which has no "
                'attention weights. Set pooling="attention" and fit again.'
            )
        return self._call_model("step_weights", X)


def _training_options(parameters, n_samples):
    """Return the training options for a number of samples."""
    names = vars(parameters).keys() & set(TrainingOptions._fields)
    if getattr(parameters, "pretrained", None) is None:
        names -= {"pretrained_learning_rate"}
    options = {name: getattr(parameters, name) for name in names}
    batch_size = min(int(parameters.batch_size), n_samples)
    return TrainingOptions(**options | {"batch_size": batch_size})


def _choose_dtype(dtype, dtype_of_X, n_per_epoch):
    """Return `dtype`; if "auto", choose by the dtype of X and the size of an epoch."""
    if dtype != "auto":
        return dtype
    is_small = n_per_epoch < FLOAT64_EPOCH
    return "float64" if dtype_of_X == np.float64 and is_small else "float32"
