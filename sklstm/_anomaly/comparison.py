"""Frames of values, expected values and errors."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm._input.table import Table


class ScoredRows(NamedTuple):
    """Rows with their expected values, scaled errors and distances."""

    table: Table
    expected: np.ndarray  # (n_rows, n_features)
    errors: np.ndarray  # (n_rows, n_features)
    distances: np.ndarray  # (n_rows,)
    is_stuck: np.ndarray  # of bool, (n_rows, n_features)


def comparison_frame(scored, index, names):
    """Build the frame that :meth:`LSTMOutlierDetector.compare` returns.

    Parameters
    ----------
    scored : ScoredRows
        The rows.
    index : Index of shape (n_rows,)
        Labels of the rows.
    names : ndarray of shape (n_features,)
        Names of the features.

    Returns
    -------
    comparison : DataFrame of shape (n_rows, 3 * n_features + 1)
        Columns "value", "expected" and "error" of each feature, and "distance".
    """
    blocks = {
        "value": scored.table.values,
        "expected": scored.expected,
        "error": scored.errors,
    }
    frames = {key: pd.DataFrame(block, index, names) for key, block in blocks.items()}
    frames["distance"] = pd.DataFrame({"": scored.distances}, index)
    return pd.concat(frames, axis=1)


def explanation_frame(comparison, is_stuck):
    """Build the frame that :meth:`LSTMOutlierDetector.explain` returns.

    Parameters
    ----------
    comparison : DataFrame
        Rows of the outliers in the frame that :func:`comparison_frame` returns.
    is_stuck : ndarray of bool of shape (n_rows, n_features)
        Whether each value is stuck.

    Returns
    -------
    explanation : DataFrame
        One line per outlier and feature. Missing values have no line. For each row,
        stuck values come first, and then the largest error.
    """
    names = comparison["value"].columns
    errors = comparison["error"].to_numpy()
    n_rows, n_features = errors.shape
    rows = np.arange(n_rows).repeat(n_features)
    lines = {
        "row": comparison.index[rows],
        "feature": names.take(np.tile(np.arange(n_features), n_rows)),
        "value": comparison["value"].to_numpy().ravel(),
        "expected": comparison["expected"].to_numpy().ravel(),
        "error": errors.ravel(),
    }
    order = np.lexsort([-np.abs(errors).ravel(), ~is_stuck.ravel(), rows])
    explanation = pd.DataFrame(lines).iloc[order].dropna(subset="error")
    return explanation.reset_index(drop=True)
