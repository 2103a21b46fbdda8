"""Frames of values, expected values and errors."""

import numpy as np
import pandas as pd


def comparison_frame(values, expected, errors, distances, *, index, names):
    """Build the frame that :meth:`LSTMOutlierDetector.compare` returns.

    Parameters
    ----------
    values, expected, errors : ndarray of shape (n_rows, n_features)
        Values, expected values and scaled errors of all rows.
    distances : ndarray of shape (n_rows,)
        Distance of each row.
    index : Index of shape (n_rows,)
        Labels of the rows.
    names : ndarray of shape (n_features,)
        Names of the features.

    Returns
    -------
    comparison : DataFrame of shape (n_rows, 3 * n_features + 1)
        Columns "value", "expected" and "error" of each feature, and "distance".
    """
    blocks = {"value": values, "expected": expected, "error": errors}
    frames = {key: pd.DataFrame(block, index, names) for key, block in blocks.items()}
    frames["distance"] = pd.DataFrame({"": distances}, index)
    return pd.concat(frames, axis=1)


def explanation_frame(comparison):
    """Build the frame that :meth:`LSTMOutlierDetector.explain` returns.

    Parameters
    ----------
    comparison : DataFrame
        Rows of the outliers in the frame that :func:`comparison_frame` returns.

    Returns
    -------
    explanation : DataFrame
        One line per outlier and feature. Missing values have no line. For each row, the
        largest error comes first.
    """
    names = comparison["value"].columns
    errors = comparison["error"].to_numpy()
    n_rows, n_features = errors.shape
    rows = np.arange(n_rows).repeat(n_features)
    lines = {
        "row": comparison.index[rows],
        "feature": np.tile(names, n_rows),
        "value": comparison["value"].to_numpy().ravel(),
        "expected": comparison["expected"].to_numpy().ravel(),
        "error": errors.ravel(),
    }
    order = np.lexsort([-np.abs(errors).ravel(), rows])
    explanation = pd.DataFrame(lines).iloc[order].dropna(subset="error")
    return explanation.reset_index(drop=True)
