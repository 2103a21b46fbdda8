"""Expected values of each row, from the window that ends with it."""

from typing import NamedTuple

import numpy as np

from sklstm._core.nested import fit_regressor, reshape_for

# Number of windows that are predicted at once. It is always the same, because matrix
# products of other sizes differ by rounding errors.
BLOCK_ROWS = 256


class CenteredWindows(NamedTuple):
    """Windows minus their levels, as an estimator sees them.

    Attributes
    ----------
    inputs : ndarray of shape (n_windows, n_timesteps, n_features)
        Windows without their last row ("forecast") or whole ("reconstruction").
    targets : ndarray of shape (n_windows, n_features) or None
        Last row of each window; None for "reconstruction".
    levels : ndarray of shape (n_windows, n_features)
        Levels that were subtracted.
    """

    inputs: np.ndarray
    targets: np.ndarray | None
    levels: np.ndarray


def center_windows(windows, method):
    """Subtract the level of each window from it.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window_size + 1, n_features)
        Windows that end with the row that is scored.
    method : {"forecast", "reconstruction"}
        The level is the row before the last ("forecast") or the mean of all rows but
        the last ("reconstruction").

    Returns
    -------
    centered : CenteredWindows
        Inputs, targets and levels.
    """
    if method == "forecast":
        levels = windows[:, -2:-1]
        inputs, targets = windows[:, :-1] - levels, windows[:, -1] - levels[:, 0]
        return CenteredWindows(inputs, targets, levels[:, 0])
    levels = windows[:, :-1].mean(axis=1, keepdims=True)
    return CenteredWindows(windows - levels, None, levels[:, 0])


def fit_estimator(estimator, windows_of_series, method):
    """Fit an estimator on the windows of several series, in place.

    Parameters
    ----------
    estimator : estimator
        Regressor ("forecast") or autoencoder ("reconstruction").
    windows_of_series : iterable of ndarray
        Training windows of each series, as in :func:`center_windows`.
    method : {"forecast", "reconstruction"}
        Method of the detector.
    """
    parts = [center_windows(windows, method)[:2] for windows in windows_of_series]
    # The windows of a single series are not copied again.
    inputs, targets = parts[0] if len(parts) == 1 else _concatenate(parts)
    fit_regressor(estimator, reshape_for(estimator, inputs), targets)


def expected_values(
    estimator, windows_of_series, rows_of_series, table, method, *, is_constant
):
    """Predict rows of a table, each from its window.

    Parameters
    ----------
    estimator : estimator
        Estimator fitted by :func:`fit_estimator`.
    windows_of_series : iterable of (key, ndarray)
        Key and windows of each series, as in :func:`center_windows`.
    rows_of_series : dict of key to slice or ndarray of int
        Rows of each series to predict: all of them, or the last ones.
    table : Table
        The rows.
    method : {"forecast", "reconstruction"}
        Method that the estimator was fitted for.
    is_constant : ndarray of bool of shape (n_features,)
        Features that were constant in `fit`. They are expected to stay at the level of
        the window: a network would predict small changes.

    Returns
    -------
    expected : ndarray of shape (n_rows, n_features)
        Expected values. They are NaN for other rows and for rows with an incomplete
        window: the first rows of a series, and the first rows after a gap since `fit`.
    """
    expected = np.full(table.values.shape, np.nan)
    for rows, windows in _blocks(windows_of_series, rows_of_series, len(expected)):
        # The last block is filled up with its last window.
        windows = windows[np.arange(BLOCK_ROWS).clip(max=len(rows) - 1)]
        block = _expected_block(estimator, windows, method, is_constant)
        expected[rows] = block[: len(rows)]
    return expected


def _blocks(windows_of_series, rows_of_series, n_rows):
    """Yield rows and their windows in blocks of `BLOCK_ROWS`; the last may be smaller.

    A block may hold windows of several series.
    """
    parts, n_missing = [], BLOCK_ROWS
    for key, windows in windows_of_series:
        rows = np.arange(n_rows)[rows_of_series[key]]
        windows = windows[len(windows) - len(rows) :]
        while len(rows):
            parts.append((rows[:n_missing], windows[:n_missing]))
            rows, windows = rows[n_missing:], windows[n_missing:]
            n_missing -= len(parts[-1][0])
            if n_missing == 0:
                yield tuple(map(np.concatenate, zip(*parts, strict=True)))
                parts, n_missing = [], BLOCK_ROWS
    if parts:
        yield tuple(map(np.concatenate, zip(*parts, strict=True)))


def _expected_block(estimator, windows, method, is_constant):
    """Predict the last row of each window; NaN for incomplete windows."""
    is_complete = ~np.isnan(windows).any(axis=(1, 2))
    centered = center_windows(np.nan_to_num(windows), method)
    predicted = _predict_last_rows(estimator, centered.inputs, method)
    predicted = np.where(is_constant, 0, predicted)
    return np.where(is_complete[:, None], predicted, np.nan) + centered.levels


def _predict_last_rows(estimator, inputs, method):
    """Predict the last rows of centered windows, (n_windows, n_features)."""
    if method == "reconstruction":
        return estimator.reconstruct(inputs)[:, -1]
    predicted = estimator.predict(reshape_for(estimator, inputs))
    predicted = predicted.reshape(len(inputs), -1)
    if predicted.shape[1] != inputs.shape[2]:
        raise ValueError(
            f"The estimator predicts {predicted.shape[1]} values per row, but each row "
            f"has {inputs.shape[2]}. Pass an estimator that predicts several outputs."
        )
    return predicted


def _concatenate(parts):
    """Concatenate inputs and targets of several series; targets may be None."""
    inputs, targets = zip(*parts, strict=True)
    has_targets = targets[0] is not None
    return np.concatenate(inputs), np.concatenate(targets) if has_targets else None
