"""Checks of the arguments of a forecaster."""

import warnings
from numbers import Real

import numpy as np


def check_not_swapped(y, X):
    """Raise if y is a table and X has one dimension, as in fit(X, y)."""
    shape, X_shape = (tuple(getattr(one, "shape", ())) for one in (y, X))
    if isinstance(X, list | tuple) and X and isinstance(X[0], Real):
        X_shape = (len(X),)
    if len(shape) == 2 and X_shape == shape[:1]:
        raise ValueError(
            f"y has the shape {shape} and X has the shape {X_shape}. The order is "
            "fit(y, X): first the series, then the covariates. If X is a covariate, "
            "pass it as a table of one column, such as X.to_frame() or np.reshape(X, "
            "(-1, 1))."
        )


def warn_if_fitted(later, past):
    """Warn if values to score, without times, equal those of the fit."""
    pairs = zip(later.series, past.series, strict=False)
    if all(
        not one.is_labelled and np.array_equal(one.values, known.values, equal_nan=True)
        for one, known in pairs
    ):
        warnings.warn(
            "y equals the values passed to fit, but score compares forecasts with the "
            "values that follow them. Pass the next values. In a search, pass "
            "return_train_score=False.",
            UserWarning,
            stacklevel=3,
        )


def warn_if_end_is_missing(panel):
    """Warn if all series end with several missing values, such as future rows."""
    last = min(panel.series, key=lambda one: one.n_missing_at_end)
    n_missing = last.n_missing_at_end
    if n_missing < 2:
        return
    of_which = "y" if len(panel.series) == 1 else "Each series of y"
    is_long = panel.container.kind in {"rows", "frame_of_rows"}
    way_out = "" if is_long else f", for example with y = y[:-{n_missing}]"
    if panel.container.kind == "list":
        way_out = f", for example with y = [one[:-{n_missing}] for one in y]"
    warnings.warn(
        f"{of_which} ends with {n_missing} missing values, and forecasts begin after "
        "them. If these are the steps to forecast, drop them before fit"
        f"{way_out}.",
        UserWarning,
        stacklevel=3,
    )


def common_length(panel):
    """Return the number of time steps, which all series must share."""
    lengths = {len(one.values) for one in panel.series}
    if len(lengths) > 1:
        raise ValueError(
            f"The series of a backtest must have the same length, got "
            f"{sorted(lengths)}. Pass a DataFrame with one column for each series, and "
            "NaN where a series has not started."
        )
    return lengths.pop()


def check_fraction(number, name):
    """Raise unless a number is in (0, 1)."""
    if not isinstance(number, Real):
        raise TypeError(
            f"{name} must be a number between 0 and 1, got {type(number).__name__}."
        )
    if not 0 < number < 1:
        raise ValueError(f"{name} must be in (0, 1), got {number}.")


def interval_levels(coverage):
    """Return the levels of the limits of intervals that cover a fraction of values."""
    check_fraction(coverage, "coverage")
    return [(1 - coverage) / 2, (1 + coverage) / 2]


def check_levels(quantiles):
    """Raise unless quantiles are a sequence of numbers in (0, 1)."""
    if np.ndim(quantiles) != 1 or not len(quantiles):
        raise ValueError(
            f"quantiles must be a sequence of numbers, got {quantiles!r}. Pass a "
            "tuple such as (0.1, 0.5, 0.9)."
        )
    for level in quantiles:
        check_fraction(level, "Each level in quantiles")
