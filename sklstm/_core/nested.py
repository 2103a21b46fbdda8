"""Estimators that others hold: their inputs, their seeds and their warm starts."""

from copy import deepcopy

from sklearn.base import clone
from sklearn.utils import get_tags


def reshape_for(regressor, windows):
    """Show windows as a regressor takes them: in three dimensions, or flat."""
    if get_tags(regressor).input_tags.three_d_array:
        return windows
    return windows.reshape(len(windows), -1)


def clone_with_seed(regressor, seed):
    """Clone a regressor, and give all of its parts one seed."""
    return _with_all(clone(regressor), "random_state", int(seed))


def warm_start_copy(fitted, parameters, seed):
    """Copy a fitted regressor so that its next fit goes on.

    Parameters
    ----------
    fitted : estimator
        What to go on with.
    parameters : dict
        Parameters to go on with, by paths as of ``get_params``. Parts that are
        estimators are left as they are.
    seed : int
        Seed of all its parts.

    Returns
    -------
    regressor : estimator
        With ``warm_start=True`` wherever it has it.

    Raises
    ------
    ValueError
        If it does not have it.
    """
    if not _names(fitted, "warm_start"):
        raise ValueError(
            "warm_start=True needs regressors with a parameter warm_start, as "
            f"LSTMRegressor has it, got {fitted!r}. Pass warm_start=False."
        )
    numbers = {
        path: value
        for path, value in parameters.items()
        if not hasattr(value, "get_params") and path.split("__")[-1] != "steps"
    }
    regressor = deepcopy(fitted).set_params(**numbers)
    regressor = _with_all(regressor, "random_state", int(seed))
    return _with_all(regressor, "warm_start", True)


def _with_all(regressor, name, value):
    """Set a parameter of a regressor and of all its parts that have it."""
    return regressor.set_params(**dict.fromkeys(_names(regressor, name), value))


def _names(regressor, name):
    """Find a parameter in a regressor and in its parts."""
    return [path for path in regressor.get_params() if path.split("__")[-1] == name]
