"""Baseline forecasts, which need no training, and the MASE scale of a series."""

import numpy as np

BASELINES = ("last", "mean", "season", "growth")
# Number of seasonal differences that "growth" averages.
N_DIFFERENCES = 3
# Number of seasons whose mean pattern "seasonal mean" forecasts.
N_PATTERNS = 4
# Seasons of a longer season: days of a week, for steps of hours or less, and weeks of a
# year, for days.
DAYS, WEEKS = 7, 52
SECOND_SEASONS = {24: DAYS, 48: DAYS, 96: DAYS, 144: DAYS, 288: DAYS, 7: WEEKS}


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


def seasonal_mean_forecasts(windows, season_length, horizon):
    """Forecast the mean of the last season plus the mean pattern of a few seasons.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window_size)
        Values in time order, NaN only at the start.
    season_length : int
        Number of steps of a season.
    horizon : int
        Number of steps to forecast.

    Returns
    -------
    forecasts : ndarray of shape (n_windows, horizon)
        The level is the mean of the last season, or of the last three values without a
        season. The pattern is the mean of the last four seasons, each minus its own
        mean; it is 0 if there is no whole season.
    """
    n_windows, window_size = windows.shape
    level = levels(windows, max(season_length, 3))
    if season_length == 1 or window_size < season_length:
        return level.repeat(horizon, axis=1)
    n_seasons = min(N_PATTERNS, window_size // season_length)
    seasons = windows[:, window_size - n_seasons * season_length :]
    seasons = seasons.reshape(n_windows, n_seasons, season_length)
    patterns = seasons - seasons.mean(axis=2, keepdims=True)  # NaN if not whole
    is_whole = ~np.isnan(patterns[:, :, :1])
    total = np.where(is_whole, patterns, 0).sum(axis=1)
    pattern = total / np.maximum(is_whole.sum(axis=1), 1)
    return level + pattern[:, np.arange(horizon) % season_length]


def two_season_mean_forecasts(windows, season_length, horizon):
    """Forecast the mean pattern of a few second seasons, such as weeks of hours.

    Parameters
    ----------
    windows, season_length, horizon
        As in :func:`two_season_forecasts`.

    Returns
    -------
    forecasts : ndarray of shape (n_windows, horizon)
        The mean of the last second season plus the mean pattern of the last four, as in
        :func:`seasonal_mean_forecasts`, plus half of the difference between the mean of
        the last season and its mean in this pattern. Without a second season, or with
        less than two of them, the same for the season, without a difference.
    """
    forecasts = seasonal_mean_forecasts(windows, season_length, horizon)
    lag = SECOND_SEASONS.get(season_length, 0) * season_length
    if not lag or windows.shape[1] < 2 * lag:
        return forecasts
    pattern = seasonal_mean_forecasts(windows, lag, lag)
    long = pattern[:, np.arange(horizon) % lag]
    change = levels(windows, season_length) - levels(pattern, season_length)
    has_two = ~np.isnan(windows[:, -2 * lag, None])
    return np.where(has_two, long + 0.5 * change, forecasts)


def theta_drifts(windows, season, origin):
    """Return the drift per step of the theta method, (n_windows,) [1]_.

    The forecast of the method is that of exponential smoothing with a level, plus half
    of the gradient of the line through the values without their season. It is
    equivalent to exponential smoothing with this drift [2]_.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, origin)
        Values in time order, NaN only at the start.
    season : ndarray of shape (n_windows, season_length)
        Season of each step, at its position modulo `season_length`.
    origin : int
        Number of steps of the windows.

    Returns
    -------
    drifts : ndarray of shape (n_windows,)
        Half of the gradients.

    References
    ----------
    .. [1] V. Assimakopoulos and K. Nikolopoulos, "The theta model: a decomposition
       approach to forecasting", International Journal of Forecasting 16(4), 2000,
       521-530.
    .. [2] R. J. Hyndman and B. Billah, "Unmasking the Theta method", International
       Journal of Forecasting 19(2), 2003, 287-290.
    """
    steps, is_known = np.arange(origin), ~np.isnan(windows)
    values = windows - season[:, steps % season.shape[1]]
    n_known = np.maximum(is_known.sum(axis=1), 1)
    times = (steps - ((steps * is_known).sum(axis=1) / n_known)[:, None]) * is_known
    covariance = (times * np.where(is_known, values, 0)).sum(axis=1)
    return 0.5 * covariance / np.maximum((times**2).sum(axis=1), 1e-6)


def two_season_forecasts(windows, season_length, horizon):
    """Forecast series with a second season, such as days and a week of hours.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window_size)
        Values in time order, NaN only at the start.
    season_length : int
        Number of steps of a season. The second season is a week for the steps of a day,
        and a year for days.
    horizon : int
        Number of steps to forecast.

    Returns
    -------
    forecasts : ndarray of shape (n_windows, horizon)
        The value one second season before, plus half of the change of the mean of the
        last season since then. Without a second season, or without enough values, the
        value one season before.
    """
    forecasts = baseline_forecasts("season", windows, season_length, horizon)
    n_seasons = SECOND_SEASONS.get(season_length)
    window_size, lag = windows.shape[1], (n_seasons or 0) * season_length
    if n_seasons is None or window_size < lag + season_length:
        return forecasts
    now = windows[:, -season_length:].mean(axis=1)
    before = windows[:, -lag - season_length : -lag].mean(axis=1)
    steps = window_size - lag + np.arange(horizon) % lag
    long = windows[:, steps] + 0.5 * (now - before)[:, None]
    return np.where(np.isnan(long), forecasts, long)


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
