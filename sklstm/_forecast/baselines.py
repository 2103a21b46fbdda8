"""Naive forecasts: what the last readings say without any network."""

import numpy as np

# So many seasonal differences say how far a series has moved since last year.
N_DIFFERENCES = 3


def bridge(values):
    """Fill missing readings on the line between their neighbours.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Readings, NaN where one is missing, at least one of them there.

    Returns
    -------
    values : ndarray of shape (n_timesteps,)
        Missing readings at the end are the last one there; those in front of the first
        one stay NaN.
    """
    steps = np.arange(len(values))
    there = ~np.isnan(values)
    return np.interp(steps, steps[there], values[there], left=np.nan)


def mean_absolute_difference(values, season_length):
    """Average how far readings are from those one cycle before; NaN without any."""
    differences = np.abs(values[season_length:] - values[:-season_length])
    is_there = ~np.isnan(differences)
    return differences[is_there].mean() if is_there.any() else np.nan


def restlessness(values, season_length):
    """Say how much a series moves, to compare errors of several series by.

    Parameters
    ----------
    values : ndarray of shape (n_timesteps,)
        Readings, NaN where one is missing: bridged.
    season_length : int
        Steps of a cycle.

    Returns
    -------
    size : float
        The mean absolute difference of readings one cycle apart; of neighbours where
        fewer than three pairs are a cycle apart; 0 where there is none.
    """
    values = bridge(values)
    is_known = ~np.isnan(values)
    n_pairs = (is_known[season_length:] & is_known[:-season_length]).sum()
    step = season_length if n_pairs >= N_DIFFERENCES else 1
    return float(np.nan_to_num(mean_absolute_difference(values, step)))


def levels(windows, season_length):
    """Average the last cycle of each window, (n_windows, 1)."""
    return np.nanmean(windows[:, -season_length:], axis=1, keepdims=True)


def naive_forecasts(kind, windows, season_length, horizon):
    """Forecast the steps after each window.

    Parameters
    ----------
    kind : {"last", "mean", "season", "growth"}
        The last reading; the mean of the last cycle; the reading one cycle before each
        step; this plus the mean difference of the last three readings from those one
        cycle before them.
    windows : ndarray of shape (n_windows, window_size)
        Readings in time order, the last ones not NaN. Where the past does not reach
        back far enough, "season" gives the last reading and "growth" adds nothing.
    season_length : int
        Steps of a cycle.
    horizon : int
        Steps to forecast.

    Returns
    -------
    forecasts : ndarray of shape (n_windows, horizon)
        One row per window.
    """
    if kind == "mean":
        return levels(windows, season_length).repeat(horizon, axis=1)
    last = windows[:, -1:]
    if kind == "last":
        return last.repeat(horizon, axis=1)
    padding = max(0, season_length + N_DIFFERENCES - windows.shape[1])
    windows = np.pad(windows, [(0, 0), (padding, 0)], constant_values=np.nan)
    cycle = windows[:, -season_length:][:, np.arange(horizon) % season_length]
    forecasts = np.where(np.isnan(cycle), last, cycle)
    if kind == "season":
        return forecasts
    now, before = windows[:, -N_DIFFERENCES:], windows[:, : -season_length or None]
    moves = now - before[:, -N_DIFFERENCES:]
    n_moves = (~np.isnan(moves)).sum(axis=1, keepdims=True)
    return forecasts + np.nansum(moves, axis=1, keepdims=True) / np.maximum(n_moves, 1)


def least_wrong(kinds, windows, targets, season_length):
    """Choose the naive forecast with the least mean absolute error.

    Parameters
    ----------
    kinds : sequence of str
        Kinds of :func:`naive_forecasts`; the first of equals is taken.
    windows : ndarray of shape (n_windows, window_size)
        Windows to forecast from.
    targets : ndarray of shape (n_windows, horizon)
        What came after them.
    season_length : int
        Steps of a cycle.

    Returns
    -------
    kind : str
        One of `kinds`.
    """
    horizon = targets.shape[1]
    errors = [
        np.abs(naive_forecasts(kind, windows, season_length, horizon) - targets).mean()
        for kind in kinds
    ]
    return kinds[int(np.argmin(errors))]
