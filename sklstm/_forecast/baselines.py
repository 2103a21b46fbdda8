"""Baseline forecasts, which need no training, and the MASE scale of a series."""

import numpy as np

BASELINES = ("last", "mean", "season", "growth")
# Number of seasonal differences that "growth" averages.
N_DIFFERENCES = 3


def interpolate(values):
    """Interpolate missing values linearly.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Values with NaN where one is missing. At least one is not NaN.

    Returns
    -------
    values : ndarray of shape (n_timesteps,)
        Values with the gaps filled. Missing values at the end are replaced by the last
        observation. Missing values before the first observation stay NaN.
    """
    steps = np.arange(len(values))
    is_observed = ~np.isnan(values)
    return np.interp(steps, steps[is_observed], values[is_observed], left=np.nan)


def mean_absolute_difference(values, season_length):
    """Return the mean absolute seasonal difference, or NaN if there are none."""
    differences = np.abs(values[season_length:] - values[:-season_length])
    is_observed = ~np.isnan(differences)
    return differences[is_observed].mean() if is_observed.any() else np.nan


def mase_scale(values, season_length):
    """Return the MASE scale of one series, by which its errors are divided.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Values with NaN where one is missing. Missing values are interpolated.
    season_length : int
        Number of steps of a season.

    Returns
    -------
    scale : float
        The mean absolute seasonal difference. With fewer than three seasonal
        differences, it is the mean absolute difference between neighboring values,
        and 0 if there is only one value.
    """
    values = interpolate(values)
    is_known = ~np.isnan(values)
    n_pairs = (is_known[season_length:] & is_known[:-season_length]).sum()
    lag = season_length if n_pairs >= N_DIFFERENCES else 1
    return float(np.nan_to_num(mean_absolute_difference(values, lag)))


def levels(windows, season_length):
    """Return the mean of the last season of each window, (n_windows, 1)."""
    return np.nanmean(windows[:, -season_length:], axis=1, keepdims=True)


def baseline_forecasts(kind, windows, season_length, horizon):
    """Forecast the steps after each window.

    Parameters
    ----------
    kind : {"last", "mean", "season", "growth"}
        The last value; the mean of the last season; the value one season before each
        step; or this value plus the mean of the last three seasonal differences.
    windows : ndarray of shape (n_windows, window_size)
        Values in time order, NaN only at the start. If the value one season before a
        step is not in the window, "season" forecasts the last value for this step. If
        the window has no seasonal differences, "growth" adds nothing.
    season_length : int
        Number of steps of a season.
    horizon : int
        Number of steps to forecast.

    Returns
    -------
    forecasts : ndarray of shape (n_windows, horizon)
        Forecasts of each window.
    """
    if kind == "mean":
        return levels(windows, season_length).repeat(horizon, axis=1)
    last = windows[:, -1:]
    if kind == "last":
        return last.repeat(horizon, axis=1)
    padding = max(0, season_length + N_DIFFERENCES - windows.shape[1])
    windows = np.pad(windows, [(0, 0), (padding, 0)], constant_values=np.nan)
    season = windows[:, -season_length:][:, np.arange(horizon) % season_length]
    forecasts = np.where(np.isnan(season), last, season)
    if kind == "season":
        return forecasts
    now, before = windows[:, -N_DIFFERENCES:], windows[:, : -season_length or None]
    differences = now - before[:, -N_DIFFERENCES:]
    n_differences = (~np.isnan(differences)).sum(axis=1, keepdims=True)
    total = np.nansum(differences, axis=1, keepdims=True)
    return forecasts + total / np.maximum(n_differences, 1)


def best_baseline(kinds, blocks, season_length):
    """Return the kind of baseline with the smallest mean absolute error.

    Parameters
    ----------
    kinds : sequence of str
        Kinds of :func:`baseline_forecasts`. If errors are equal, the first kind is
        returned.
    blocks : iterable of tuple of (ndarray, ndarray)
        Windows to forecast from, (n_windows, window_size), and the values that followed
        each of them, (n_windows, horizon), NaN where one is missing.
    season_length : int
        Number of steps of a season.

    Returns
    -------
    kind : str
        One of `kinds`.
    """
    totals, n_targets = np.zeros(len(kinds)), 0
    for windows, targets in blocks:
        horizon = targets.shape[1]
        n_targets += (~np.isnan(targets)).sum()
        totals += [
            np.nansum(
                np.abs(
                    baseline_forecasts(kind, windows, season_length, horizon) - targets
                )
            )
            for kind in kinds
        ]
    return kinds[int(np.argmin(totals / n_targets))]
