"""Layers that one fitted estimator passes on to another."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import torch

from sklstm._core.auto import is_auto
from sklstm._core.layer_sizes import check_sizes
from sklstm._core.nested import last_estimator
from sklstm._core.scaling import Scale, identity_scale
from sklstm._core.sklearn_compat import HasMethods, Interval
from sklstm._core.window_scaling import StepScale, WindowScale
from sklstm._input.symbols import Coding

# Parameters of the layers before the pooling, with their values in a network without
# embedding and convolutions.
LAYER_PARAMETERS: dict[str, Any] = {
    "hidden_layer_sizes": None,
    "cell": None,
    "activation": "tanh",
    "bidirectional": False,
    "embedding_size": None,
    "embedding_pairs": 0,
    "conv_filters": (),
    "conv_kernel_size": (),
    "conv_pool_size": (),
    "batch_norm": False,
}


class Pretrained(NamedTuple):
    """Layers before the pooling of a fitted estimator, and how it reads X."""

    name: str  # of the estimator, for messages
    parameters: dict[str, Any]  # the values of `LAYER_PARAMETERS`
    poolings: dict[str, Any]  # values of "auto" for the parameters of poolings
    weights: dict[str, torch.Tensor]  # by their names in a RecurrentNetwork
    dtype: str
    x_scale: Scale | StepScale | WindowScale
    n_features: int
    n_codes: int | None = None  # None if it reads numbers
    coding: Coding | None = None  # None if it is not known
    feature_names: list[str] | None = None

    @classmethod
    def of_estimator(cls, estimator):
        """Return the layers of an estimator of windows, or of its encoder."""
        model = estimator._model
        architecture = model.architecture
        network = getattr(model.network, "encoder", model.network)
        poolings = {
            key: architecture[key]
            for key in ("pooling", "conv_pooling")
            if architecture.get(key) is not None
        }
        return cls(
            type(estimator).__name__,
            LAYER_PARAMETERS | _select(architecture, LAYER_PARAMETERS),
            poolings,
            network.layers_before_pooling().state_dict(),
            architecture["dtype"],
            model.x_scale,
            architecture["n_features"],
            architecture.get("n_codes"),
            estimator._coding,
            _feature_names(estimator),
        )

    @classmethod
    def of_language_network(cls, name, network, coding):
        """Return the layers of a :class:`LanguageNetwork`, without its last code.

        The last code is the end of a sequence, which an encoder does not have.
        """
        architecture, n_codes = network.architecture, coding.n_codes
        vectors = network.embedding.vectors.detach()[:n_codes]
        weights = {"input_layers.embedding.vectors": vectors}
        for number, layer in enumerate(network.layers):
            for key, part in layer.state_dict().items():
                weights[f"layers.{number}.0.{key}"] = part
        return cls(
            name,
            LAYER_PARAMETERS | _select(architecture, LAYER_PARAMETERS),
            {"pooling": ("last", "mean", "max")},
            weights,
            str(vectors.dtype).removeprefix("torch."),
            identity_scale(1),
            n_features=1,
            n_codes=n_codes,
            coding=coding,
        )

    @property
    def standardize(self):
        """Value of `standardize` that belongs to the scale of X."""
        if isinstance(self.x_scale, WindowScale):
            return "windows"
        if isinstance(self.x_scale, StepScale):
            return "steps"
        unscaled = identity_scale(self.n_features)
        is_unscaled = all(map(np.array_equal, self.x_scale, unscaled))
        return False if is_unscaled else "features"

    def choices(self, parameters):
        """Return the values of the parameters that are "auto" and that it determines.

        Parameters
        ----------
        parameters : dict
            Parameters of the estimator that starts from these layers.
        """
        values = self.parameters | self.poolings
        filters = parameters["conv_filters"]
        # Other filters are an error, which is not to be about the sizes of each.
        if not is_auto(filters) and (
            check_sizes(filters, "conv_filters") != values["conv_filters"]
        ):
            del values["conv_kernel_size"], values["conv_pool_size"]
        return {name: v for name, v in values.items() if is_auto(parameters.get(name))}

    def check_windows(self, windows, coding, feature_names):
        """Check that windows are of the kind that the layers read.

        Parameters
        ----------
        windows : Windows
            Training windows.
        coding : Coding or None
            What their token codes stand for, if it is known.
        feature_names : list of str or None
            Names of their features, if they are known.

        Returns
        -------
        windows : Windows
            The windows. Their number of codes is that of the layers.
        """
        if (windows.n_codes is None) != (self.n_codes is None):
            kinds = {True: "numbers", False: "token codes"}
            raise ValueError(
                f"X holds {kinds[windows.n_codes is None]}, but the pretrained "
                f"{self.name} reads {kinds[self.n_codes is None]}. Pass data of the "
                "same kind, or set pretrained=None."
            )
        n_features = windows.values.shape[2]
        if n_features != self.n_features:
            raise ValueError(
                f"X has {n_features} features, but the pretrained {self.name} was "
                f"fitted on {self.n_features}. Pass the same features, or set "
                "pretrained=None."
            )
        known = None not in (feature_names, self.feature_names)
        if known and feature_names != self.feature_names:
            raise ValueError(
                f"X has the features {feature_names}, but the pretrained {self.name} "
                f"was fitted on {self.feature_names}. Pass the same features in the "
                "same order, or set pretrained=None."
            )
        if self.n_codes is None:
            return windows
        self._check_coding(windows, coding)
        return windows._replace(n_codes=self.n_codes)

    def _check_coding(self, windows, coding):
        """Raise if token codes stand for other tokens than those of the layers."""
        differences = []
        if None not in (coding, self.coding):
            differences = _differences(coding, self.coding)
        elif windows.n_codes > self.n_codes:
            differences = [f"codes up to {windows.n_codes - 1}, not {self.n_codes - 1}"]
        if differences:
            raise ValueError(
                f"X has other token codes than the pretrained {self.name}: "
                f"{', '.join(differences)}. {self._way_to_encode()}"
            )

    def _way_to_encode(self):
        """Return how to encode X for these layers."""
        if self.name != "LSTMLanguageModel":
            return f"Encode X with the SequenceEncoder of the {self.name}."
        settings = "".join(f"{key}={v!r}, " for key, v in self.coding.splitting)
        return (
            "If the model is called model, encode X with "
            f"SequenceEncoder({settings}vocabulary=model.vocabulary_)."
        )

    def check_parameters(self, architecture, standardize, max_timescale):
        """Raise if parameters do not agree with the layers.

        Parameters
        ----------
        architecture : dict
            Parameters of the network that starts from these layers.
        standardize, max_timescale
            Parameters of the estimator. The default of `standardize` agrees with each
            scale.
        """
        wanted = self.parameters
        if not wanted["embedding_pairs"]:  # they are only pooled, and may be new
            wanted = wanted | {"embedding_pairs": architecture["embedding_pairs"]}
        given = dict(architecture)
        if self.n_codes is None and standardize not in (True, "features"):
            given["standardize"] = standardize
            wanted = wanted | {"standardize": self.standardize}
        differences = [
            f"{name}={given[name]!r}, not {value!r}"
            for name, value in wanted.items()
            if given.get(name, value) != value
        ]
        if differences:
            raise ValueError(
                "These parameters differ from those of the pretrained "
                f"{self.name}: {', '.join(differences)}. Set them to its values, or "
                "set pretrained=None."
            )
        if max_timescale is not None:
            raise ValueError(
                "max_timescale sets the initial biases of the recurrent layers, but "
                f"these come from the pretrained {self.name}. Set max_timescale=None."
            )

    def load_into(self, network):
        """Copy the layers into a network of the same shapes."""
        layers = network.layers_before_pooling()
        # Vectors of pairs of tokens may be new.
        layers.load_state_dict(layers.state_dict() | self.weights)


TRANSFER_CONSTRAINTS: dict = {
    "pretrained": [HasMethods(["fit"]), None],
    "pretrained_learning_rate": [Interval(Real, 0, 1, closed="both")],
}


class TransferMixin:
    """Mixin of estimators of windows, whose layers another one can start from.

    They may start from another one themselves, which is their parameter `pretrained`.
    """

    def _layers_to_transfer(self):
        """Return the layers that another estimator can start from."""
        return Pretrained.of_estimator(self)

    @property
    def _pretrained(self):
        """Layers to start from, as :class:`Pretrained`, or None."""
        return read_pretrained(getattr(self, "pretrained", None))

    def _inherited(self):
        """Return the values of "auto" that the pretrained estimator determines."""
        pretrained = self._pretrained
        parameters = self.get_params(deep=False)
        return {} if pretrained is None else pretrained.choices(parameters)

    def _check_transfer(self, windows, coding):
        """Keep the coding of training windows; compare them with `pretrained`."""
        self._coding, pretrained = coding, self._pretrained
        if pretrained is None:
            return windows
        return pretrained.check_windows(windows, coding, _feature_names(self))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the parameters of nested estimators, too. Those of
            `pretrained` are left out: it is fitted, and other values would not change
            its layers.

        Returns
        -------
        parameters : dict
            Values of the parameters, by name.
        """
        parameters = super().get_params(deep)
        return {
            name: value
            for name, value in parameters.items()
            if not name.startswith("pretrained__")
        }

    def __sklearn_clone__(self):
        copy = super().__sklearn_clone__()
        if getattr(self, "pretrained", None) is not None:
            copy.pretrained = self.pretrained  # a clone of it is not fitted
        return copy


def read_pretrained(estimator):
    """Return the layers of a fitted estimator.

    Parameters
    ----------
    estimator : estimator or None
        Fitted estimator; also a pipeline that ends in one, or a frozen one.

    Returns
    -------
    pretrained : Pretrained or None
        Its layers. None if `estimator` is None.

    Raises
    ------
    ValueError
        If it has no layers to pass on, or if it is not fitted.
    """
    if estimator is None:
        return None
    last = last_estimator(estimator)
    is_class = isinstance(last, type)
    if is_class or not hasattr(last, "_layers_to_transfer"):
        kind = f"the class {last.__name__}" if is_class else type(last).__name__
        raise ValueError(
            "pretrained must be a fitted LSTMLanguageModel, LSTMAutoencoder, "
            "LSTMClassifier or LSTMRegressor, or a pipeline that ends in one, got "
            f"{kind}. Pass such an estimator, or None."
        )
    if not last.__sklearn_is_fitted__():
        raise ValueError(
            f"pretrained is an {type(last).__name__} that is not fitted, so there are "
            "no layers to start from. Call its fit first, and pass the fitted "
            "estimator."
        )
    return last._layers_to_transfer()


def _feature_names(estimator):
    """Return the names of the features of a time step; None if they are not known."""
    if estimator._n_axes_in == 2:  # these are names of lags
        return None
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else names.tolist()


def _select(values, names):
    """Return the items of a dict that have some names."""
    return {name: values[name] for name in names if name in values}


def _differences(coding, wanted):
    """Return in words how a coding differs from the wanted one."""
    if coding.splitting != wanted.splitting:
        before, after = dict(coding.splitting), dict(wanted.splitting)
        return [
            f"{name}={before.get(name)!r}, not {after.get(name)!r}"
            for name in before | after
            if before.get(name) != after.get(name)
        ]
    if coding.n_symbols != wanted.n_symbols:
        return [f"{coding.n_symbols} tokens, not {wanted.n_symbols}"]
    return ["the same number of tokens, but not the same tokens"] * (coding != wanted)
