"""Nested estimators: how to find them, their inputs, seeds and warm starts."""

from copy import deepcopy

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags


def held_attribute(estimator):
    """Return the name of the attribute with the fitted estimator that one holds.

    Parameters
    ----------
    estimator : estimator
        A search, a ``TransformedTargetRegressor``, a ``FrozenEstimator`` or another
        estimator.

    Returns
    -------
    name : str or None
        Name of the attribute. None for any other estimator.
    """
    if isinstance(estimator, FrozenEstimator):
        return "estimator"
    if isinstance(estimator, TransformedTargetRegressor):
        return "regressor_" if hasattr(estimator, "regressor_") else None
    return "best_estimator_" if hasattr(estimator, "best_estimator_") else None


def last_estimator(estimator):
    """Return the estimator that predicts, at the end of pipelines and wrappers.

    Parameters
    ----------
    estimator : estimator
        Estimator, also a pipeline that ends in one, or an estimator with an
        attribute of :func:`held_attribute`.

    Returns
    -------
    last : estimator
        The innermost estimator. A search that is not fitted is returned itself.
    """
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif (name := held_attribute(estimator)) is not None:
            estimator = getattr(estimator, name)
        else:
            return estimator


def reshape_for(regressor, windows):
    """Return windows in the shape that a regressor accepts: 3-D, or flat."""
    if get_tags(regressor).input_tags.three_d_array:
        return windows
    return windows.reshape(len(windows), -1)


def ignores_missing_targets(regressor):
    """Whether :func:`fit_regressor` accepts missing targets."""
    return hasattr(regressor, "_fit_to_observed")


def clone_with_seed(regressor, seed):
    """Clone a regressor and set every `random_state`, also of nested estimators."""
    return _with_parameter(clone(regressor), "random_state", int(seed))


def fit_regressor(regressor, X, y, other_way=""):
    """Fit a regressor, and explain the error if it predicts only one target.

    Parameters
    ----------
    regressor : estimator
        Regressor to fit in place.
    X : ndarray of shape (n_windows, n_timesteps, n_features) or (n_windows, n_inputs)
        Windows that :func:`reshape_for` returned.
    y : ndarray of shape (n_windows,) or (n_windows, n_targets), or None
        Targets. They may be NaN if the regressor ignores missing targets.
    other_way : str, default=""
        What the user can do instead of passing another regressor.

    Raises
    ------
    ValueError
        If the regressor raises one.
    """
    has_missing = ignores_missing_targets(regressor) and np.isnan(y).any()
    try:
        (regressor._fit_to_observed if has_missing else regressor.fit)(X, y)
    except ValueError as error:
        if np.ndim(y) < 2 or "should be a 1d array" not in str(error):
            raise
        raise ValueError(
            f"{type(regressor).__name__} predicts one number, but {np.shape(y)[1]} are "
            "needed. Pass sklearn.multioutput.MultiOutputRegressor(regressor)"
            f"{other_way}."
        ) from error


def warm_start_copy(fitted, parameters, seed):
    """Copy a fitted regressor so that the next fit continues its training.

    Parameters
    ----------
    fitted : estimator
        Fitted regressor.
    parameters : dict
        New parameters by name, as ``get_params`` returns them. Values that are
        estimators are ignored.
    seed : int
        New value of every `random_state`.

    Returns
    -------
    regressor : estimator
        Copy in which every parameter `warm_start` is True.

    Raises
    ------
    ValueError
        If neither the regressor nor a nested estimator has the parameter `warm_start`.
    """
    if not _names(fitted, "warm_start"):
        raise ValueError(
            "warm_start=True needs a regressor with the parameter warm_start, such as "
            f"LSTMRegressor, got {fitted!r}. Pass warm_start=False."
        )
    plain = {
        name: value
        for name, value in parameters.items()
        if not hasattr(value, "get_params") and name.split("__")[-1] != "steps"
    }
    regressor = deepcopy(fitted).set_params(**plain)
    regressor = _with_parameter(regressor, "random_state", int(seed))
    return _with_parameter(regressor, "warm_start", True)


def _with_parameter(regressor, name, value):
    """Set all parameters called `name` in a regressor and its nested estimators."""
    return regressor.set_params(**dict.fromkeys(_names(regressor, name), value))


def _names(regressor, name):
    """Return the nested names of parameters called `name`, such as `step__name`."""
    return [path for path in regressor.get_params() if path.split("__")[-1] == name]
