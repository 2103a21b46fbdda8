"""Find the network, or the step that makes windows, in a fitted estimator."""

from copy import copy

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklstm._core.nested import held_attribute
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.classification import LSTMClassifier
from sklstm.encoding import SequenceEncoder
from sklstm.preprocessing import SlidingWindowTransformer
from sklstm.regression import LSTMRegressor

NETWORK_ESTIMATORS = LSTMRegressor, LSTMClassifier, LSTMAutoencoder
SEQUENCE_MAKERS = SlidingWindowTransformer, SequenceEncoder


def split_at_network(estimator):
    """Return the transformers before an estimator of this package, and the estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator of this package, a pipeline that ends in one, or a
        ``TransformedTargetRegressor``, a ``FrozenEstimator`` or a search around them.

    Returns
    -------
    transformers : list of transformer
        Fitted transformers, from first to last.
    model : LSTMRegressor, LSTMClassifier or LSTMAutoencoder
        Fitted estimator.

    Raises
    ------
    TypeError
        If there is no such estimator.
    """
    _check_fitted(estimator)
    if (name := held_attribute(estimator)) is not None:
        return split_at_network(getattr(estimator, name))
    if isinstance(estimator, Pipeline):
        *steps, (_, last) = _flat_steps(estimator)
        transformers, model = split_at_network(last)
        return [step for _, step in steps] + transformers, model
    if not isinstance(estimator, NETWORK_ESTIMATORS):
        raise TypeError(
            "The network of a fitted LSTMRegressor, LSTMClassifier or LSTMAutoencoder "
            f"is needed, alone or at the end of a Pipeline, got {estimator!r:.100}. "
            "For any other estimator, use sequence_permutation_importance."
        )
    return [], estimator


def split_at_windows(estimator):
    """Split an estimator behind the step that makes windows or token codes.

    Parameters
    ----------
    estimator : estimator
        Any fitted estimator.

    Returns
    -------
    transformers : list of transformer
        Fitted transformers up to the step. Empty if there is no such step.
    rest : estimator
        Fitted estimator whose X is the output of the last transformer.
    """
    _check_fitted(estimator)
    if (name := held_attribute(estimator)) is not None:
        transformers, rest = split_at_windows(getattr(estimator, name))
        return transformers, _with_nested(estimator, name, rest)
    if not isinstance(estimator, Pipeline):
        return [], estimator
    steps = _flat_steps(estimator)
    makers = [n for n, (_, s) in enumerate(steps) if isinstance(s, SEQUENCE_MAKERS)]
    if makers:
        position = makers[-1] + 1
        return [step for _, step in steps[:position]], Pipeline(steps[position:])
    *before, (_, last) = steps
    transformers, rest = split_at_windows(last)
    if not transformers:
        return [], estimator
    return [step for _, step in before] + transformers, rest


def transform(transformers, X):
    """Transform X by fitted transformers, one after another."""
    for transformer in transformers:
        X = transformer.transform(X)
    return X


def _check_fitted(estimator):
    """Raise unless an estimator is fitted."""
    if not hasattr(estimator, "fit"):
        raise TypeError(f"A fitted estimator is needed, got {estimator!r:.100}.")
    check_is_fitted(estimator)


def _with_nested(estimator, name, nested):
    """Return a shallow copy of an estimator that holds another fitted estimator."""
    estimator = copy(estimator)
    setattr(estimator, name, nested)
    return estimator


def _flat_steps(pipeline):
    """Return the named steps of a pipeline, and of pipelines in it, in one list."""
    steps = []
    for name, step in pipeline.steps:
        if isinstance(step, Pipeline):
            steps += [(f"{name}-{inner}", each) for inner, each in _flat_steps(step)]
        elif step not in (None, "passthrough"):
            steps.append((name, step))
    return steps
