"""Explain how to fill in missing values of a table, and how to replace infinity."""

import pandas as pd

# `set_output` keeps the index, which holds the times.
IMPUTER = 'sklearn.impute.SimpleImputer().set_output(transform="pandas")'


def ways_to_fill(X, time, groups):
    """Return how to fill in the missing values of X, without values of later rows.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_rows, n_columns)
        Table that a user passed.
    time, groups : int or None
        Positions of the columns of times and of the names of the series.
    """
    if not isinstance(X, pd.DataFrame):
        return (
            "Fill in missing values from earlier rows, or with sklearn.impute."
            "SimpleImputer() in front of this step."
        )
    earlier = (
        f"Fill in missing values from earlier rows with {_forward_fill(X, groups)}"
    )
    if time is not None or groups is not None:
        # The imputer would also read these columns.
        return f"{earlier}, and drop first rows that still have missing values."
    return (
        f"{earlier}. Or use {IMPUTER} in front of this step: it also fills in first "
        "rows and rows that are predicted one at a time, and keeps the index."
    )


def way_to_replace_infinity(X):
    """Return how to replace the infinite values of X by NaN."""
    if isinstance(X, pd.DataFrame):
        return "Replace it by NaN with X.replace([np.inf, -np.inf], np.nan)."
    if hasattr(X, "columns"):
        return "Replace it by NaN."
    return "Replace it by NaN with np.where(np.isinf(X), np.nan, X)."


def _forward_fill(X, groups):
    """Return code that fills in each series of a frame from its earlier rows."""
    if groups is not None:
        return f"X.fillna(X.groupby({X.columns[groups]!r}).ffill())"
    n_levels = X.index.nlevels
    if n_levels > 1:
        levels = 0 if n_levels == 2 else list(range(n_levels - 1))
        return f"X.groupby(level={levels}).ffill()"
    return "X.ffill()"
