"""Default estimators of meta-estimators, and how to tune their parameters."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

# Limits of the number of epochs of an estimator with ``max_iter="auto"``.
MIN_EPOCHS, MAX_EPOCHS = 3, 30


class TunableDefault(ABC):
    """Mixin for meta-estimators whose estimator defaults to None.

    `get_params` includes the parameters of the default estimator. If one of these
    parameters is set, `set_params` first replaces None by a default estimator. Searches
    can therefore tune the default estimator like any other.
    """

    _nested_name: str  # the parameter that holds the estimator

    @abstractmethod
    def _default_estimator(self):
        """Return a new default estimator, which may depend on other parameters."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the nested estimator. If the nested
            estimator is None, the parameters of the default estimator are included.

        Returns
        -------
        params : dict
            Values of the parameters by name.
        """
        params = super().get_params(deep=deep)
        if deep and params[self._nested_name] is None:
            nested = self._default_estimator().get_params().items()
            params |= {f"{self._nested_name}__{key}": value for key, value in nested}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Values of the parameters by name. A parameter of the nested estimator is
            named ``<name>__<parameter>``. If the nested estimator is None, it is
            first replaced by the default estimator.

        Returns
        -------
        self : estimator
            The estimator.
        """
        own = {name: params[name] for name in params if "__" not in name}
        nested = {name: params[name] for name in params if "__" in name}
        # The default estimator may depend on the other parameters.
        super().set_params(**own)
        is_set = any(name.partition("__")[0] == self._nested_name for name in nested)
        if is_set and getattr(self, self._nested_name) is None:
            setattr(self, self._nested_name, self._default_estimator())
        return super().set_params(**nested)


def with_epochs(estimator, n_windows, n_windows_seen):
    """Replace ``max_iter="auto"`` by a number of epochs.

    Parameters
    ----------
    estimator : estimator
        Estimator to change in place. It or a nested estimator may have
        ``max_iter="auto"``.
    n_windows : int
        Number of windows in an epoch.
    n_windows_seen : int
        Number of windows to train on in all epochs together.

    Returns
    -------
    estimator : estimator
        The same estimator, with 3 to 30 epochs.
    """
    n_epochs = int(np.clip(n_windows_seen // n_windows, MIN_EPOCHS, MAX_EPOCHS))
    paths = auto_epochs(estimator.get_params())
    return estimator.set_params(**dict.fromkeys(paths, n_epochs))


def auto_epochs(parameters):
    """Return the nested names of all `max_iter` parameters that are set to "auto"."""
    return [
        path
        for path, value in parameters.items()
        if path.split("__")[-1] == "max_iter" and str(value) == "auto"
    ]
