"""What the package takes from scikit-learn's private and version-bound parts.

One place to mend when scikit-learn moves them.
"""

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:
        """Stand in where scikit-learn has no callbacks: no context, no methods."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "check_weights",
    "fit_context",
    "output_container",
    "with_callbacks",
]

# Nested estimators are validated when they are fitted themselves.
fit_context = _fit_context(prefer_skip_nested_validation=True)


def output_container(transformer):
    """Name what `transform` shall return: "default", "pandas" or "polars"."""
    return _get_output_config("transform", transformer)["dense"]


def check_weights(sample_weight, X):
    """Read sample weights as float64, (n_rows,); ones for None."""
    return _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
