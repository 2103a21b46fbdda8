"""Find the estimator to export, and refuse what cannot be exported."""

from typing import NamedTuple

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklstm._core.nested import held_attribute
from sklstm._core.scaling import Scale
from sklstm._core.window_scaling import StepScale
from sklstm.anomaly import LSTMOutlierDetector
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.classification import LSTMClassifier
from sklstm.encoding import SequenceEncoder
from sklstm.forecasting import LSTMForecaster
from sklstm.language import LSTMLanguageModel
from sklstm.preprocessing import SlidingWindowTransformer
from sklstm.regression import LSTMRegressor
from sklstm.scaling import GroupScaler
from sklstm.transcription import LSTMTranscriber
from sklstm.translation import LSTMTranslator

EXPORTED = LSTMRegressor, LSTMClassifier
SERVED = (
    LSTMAutoencoder,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMTranscriber,
    LSTMTranslator,
)
# Steps that keep rows or texts, which a graph of tensors does not have.
OWN_STEPS = GroupScaler, SequenceEncoder, SlidingWindowTransformer


class InputForm(NamedTuple):
    """Form of the X of an exported model."""

    n_axes: int  # 2 or 3
    # Number of time steps. None if it may differ from call to call.
    n_timesteps: int | None
    n_features: int  # of a time step
    # Order of the lag columns of a 2-D X. None if its columns are the time steps.
    order: np.ndarray | None

    @classmethod
    def of(cls, estimator):
        """Return the form of the X of a fitted estimator."""
        layout = estimator._layout if estimator._n_axes_in == 2 else None
        if layout is not None:
            return cls(2, layout.n_timesteps, layout.n_features, layout.order)
        scale = estimator._model.x_scale
        n_timesteps = len(scale.mean) if isinstance(scale, StepScale) else None
        n_axes = estimator._n_axes_in
        n_features = estimator.n_features_in_ if n_axes == 3 else 1
        return cls(n_axes, n_timesteps, n_features, None)

    @property
    def n_steps(self):
        """Number of time steps, or a name if it may differ."""
        return "steps" if self.n_timesteps is None else self.n_timesteps

    @property
    def shape(self):
        """Shape of X, with names for the sizes that may differ."""
        if self.order is not None:
            return ["batch", len(self.order)]
        return ["batch", self.n_steps, self.n_features][: self.n_axes]


def find_estimator(model):
    """Return the scikit-learn steps before a network estimator, and the estimator.

    Parameters
    ----------
    model : estimator
        Fitted estimator, a Pipeline that ends in one, or a search or a
        FrozenEstimator around them.

    Returns
    -------
    steps : list of (str, transformer)
        Steps before the estimator.
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If the model cannot be exported.
    """
    if isinstance(model, type) or not hasattr(model, "fit"):
        raise TypeError(
            "A fitted LSTMRegressor or LSTMClassifier is needed, alone or at the end "
            f"of a Pipeline, got {model!r:.100}."
        )
    check_is_fitted(model)
    name = held_attribute(model)
    if name is not None and not isinstance(model, TransformedTargetRegressor):
        return find_estimator(getattr(model, name))
    if isinstance(model, Pipeline):
        *steps, (_, last) = model.steps
        inner, estimator = find_estimator(last)
        return [*_without_passthrough(steps), *inner], estimator
    _check_class(model)
    return [], model


def _without_passthrough(steps):
    """Return the steps of a pipeline that change X."""
    return [(name, step) for name, step in steps if step not in (None, "passthrough")]


def _check_class(model):
    """Raise if an estimator is of a class that cannot be exported."""
    if isinstance(model, EXPORTED):
        return
    name = type(model).__name__
    if isinstance(model, TransformedTargetRegressor):
        raise TypeError(
            "The transformer of the target of a TransformedTargetRegressor cannot be "
            "exported. Export model.regressor_, and pass its predictions to "
            "model.transformer_.inverse_transform."
        )
    if isinstance(model, SERVED):
        raise TypeError(
            f"{name} cannot be exported, because its predictions need more than one "
            "call of a network. Save it with joblib.dump(model, path), and load it "
            "where sklstm is installed."
        )
    raise TypeError(
        "A fitted LSTMRegressor or LSTMClassifier is needed, alone or at the end of a "
        f"Pipeline, got {name}. For other models of scikit-learn, also if they hold "
        "one of these, call sklstm.export.register_converters(), and then "
        "skl2onnx.to_onnx."
    )


def check_steps(steps):
    """Raise if a step of a pipeline is a transformer of this package."""
    for name, step in steps:
        if isinstance(step, OWN_STEPS):
            raise TypeError(
                f"The step {name!r}, a {type(step).__name__}, cannot be exported, "
                "because it keeps rows, tokens or groups of the training data. Export "
                "the last step, model[-1], and pass it model[:-1].transform(X)."
            )


def check_exportable(estimator):
    """Raise if the outputs of an estimator cannot be computed by a graph."""
    if estimator._model.network.transitions is not None:
        raise ValueError(
            "A network with transitions cannot be exported, because its predictions "
            "are the best path of all steps, which takes a search. Set "
            "transitions=False and fit again, or save the estimator with "
            "joblib.dump(model, path)."
        )


def feature_names(estimator, steps):
    """Return the names of the columns of X, if they are known."""
    first = steps[0][1] if steps else estimator
    return [*map(str, getattr(first, "feature_names_in_", ()))]


def scale_of(scale):
    """Return the mean and scale of features or steps; None if nothing is scaled."""
    if not isinstance(scale, Scale | StepScale):
        return None
    if not scale.mean.any() and (scale.scale == 1).all():
        return None
    return scale.mean, scale.scale
