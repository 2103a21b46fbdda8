"""Base forecasts of series, their errors in backtests, and inputs of the networks."""

from typing import NamedTuple

import numpy as np

from sklstm._forecast.baselines import (
    DAYS,
    SECOND_SEASONS,
    baseline_forecasts,
    levels,
    seasonal_mean_forecasts,
    theta_drifts,
    two_season_forecasts,
    two_season_mean_forecasts,
)
from sklstm._forecast.exponential_smoothing import N_SETTINGS, SETTINGS, smooth

SIMPLE = (
    "last",
    "season",
    "mean",
    "growth",
    "seasonal mean",
    "theta",
    "two seasons",
    "two seasons mean",
)
# Names of the bases, in the order of the weights of a network.
BASES = (
    *(f"smoothing {setting}" for setting in SETTINGS),
    *(f"log smoothing {setting}" for setting in SETTINGS),
    *SIMPLE,
)
N_BASES = len(BASES)
# Setting of exponential smoothing with a level alone (alpha = 0.3), to which "theta"
# adds its drift.
LEVEL_SETTING = 1
# Number of last steps that the network reads one by one, and of numbers of each.
N_RECENT, N_RECENT_FEATURES = 48, 5
N_SUMMARY = N_BASES + 8
# Number of values that forecasts are computed from, by the length of a season.
CONTEXT_SIZES = {1: 60, 4: 72, 5: 260, 7: 399, 12: 156, 52: 260}
N_CONTEXT_DAYS, MAX_CONTEXT = 29, 4320  # if a season is a day
# At most this number of last values, or of last seasons, are smoothed.
MAX_SMOOTHED, MAX_SMOOTHED_SEASONS = 360, 8
# Limits of the scaled values and forecasts.
MAX_VALUE, MAX_FORECAST = 60.0, 80.0
# Number of backtests.
N_BACKTESTS = 2
# Series are smoothed in blocks. The seasons of a block have at most this many numbers.
SEASON_NUMBERS = 2**22


class Bases(NamedTuple):
    """Scaled base forecasts of windows, and the other inputs of the networks."""

    recent: np.ndarray  # (n_windows, N_RECENT, N_RECENT_FEATURES)
    forecasts: np.ndarray  # (n_windows, horizon, n_bases)
    # The logarithms of the errors of the bases in backtests, then other numbers,
    # (n_windows, N_SUMMARY).
    summary: np.ndarray
    location: np.ndarray  # (n_windows,)
    size: np.ndarray  # (n_windows,)

    @property
    def log_errors(self):
        """Logarithms of the mean absolute errors in backtests, (n_windows, n_bases)."""
        return self.summary[:, :N_BASES]

    def scale(self, values):
        """Scale values of the windows, (n_windows, ...)."""
        location, size = self._like(values)
        size = np.where(size > 0, size, 1)
        return np.clip((values - location) / size, -MAX_FORECAST, MAX_FORECAST)

    def unscale(self, numbers):
        """Return scaled numbers, (n_windows, ...), on the scale of the windows."""
        location, size = self._like(numbers)
        return numbers.astype(np.float64) * size + location

    def _like(self, numbers):
        """Return location and size in a shape that broadcasts with numbers."""
        shape = -1, *[1] * (numbers.ndim - 1)
        return self.location.reshape(shape), self.size.reshape(shape)

    def select(self, rows):
        """Return the bases of some of the windows."""
        return Bases(*(part[rows] for part in self))

    @classmethod
    def concatenate(cls, parts):
        """Concatenate the bases of several blocks of windows."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def context_size(season_length):
    """Return the number of values that base forecasts are computed from."""
    if SECOND_SEASONS.get(season_length) == DAYS:
        return min(N_CONTEXT_DAYS * season_length, MAX_CONTEXT)
    size = max(int(np.clip(8 * season_length, 60, 210)), 3 * season_length)
    return CONTEXT_SIZES.get(season_length, size)


def base_forecasts(windows, season_length, horizon, dtype=np.float32):
    """Compute the base forecasts of windows, and the other inputs of the networks.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, window_size)
        Values in time order, NaN only at the start. At least one is not NaN.
    season_length : int
        Number of steps of a season; 1 for no season.
    horizon : int
        Number of steps to forecast.
    dtype : dtype, default=numpy.float32
        Precision of the bases.

    Returns
    -------
    bases : Bases
        The forecasts of the bases of :data:`BASES`.
    """
    size = max(1, SEASON_NUMBERS // (2 * N_SETTINGS * max(season_length, horizon)))
    n_values = windows.shape[1] - np.argmax(~np.isnan(windows), axis=1)
    n_held_out = min(horizon, max(6, min(season_length, 24)))
    n_held_out = np.minimum(n_held_out, n_values // 3)
    rows, parts = [], []
    for number in np.unique(n_held_out):
        of_number = np.flatnonzero(n_held_out == number)
        for start in range(0, len(of_number), size):
            rows.append(of_number[start : start + size])
            block = windows[rows[-1]]
            parts.append(_base_forecasts(block, season_length, horizon, number, dtype))
    if len(parts) == 1:
        return parts[0]
    return Bases.concatenate(parts).select(np.argsort(np.concatenate(rows)))


def _base_forecasts(windows, season_length, horizon, n_held_out, dtype):
    """Compute the base forecasts of one block of windows.

    Backtests forecast `n_held_out` steps. If the number depended on the other windows
    of a block, forecasts of a series would depend on other series.
    """
    windows = windows[:, int(np.argmax(~np.isnan(windows), axis=1).min()) :]
    scaled = scale_windows(windows, season_length, dtype)
    n_windows, window_size = windows.shape
    origins = [window_size - n * n_held_out for n in range(N_BACKTESTS, -1, -1)]
    origins = [origin for origin in origins if origin > 0]
    both = np.concatenate([scaled.values, scaled.logs]).T  # (window_size, 2 n_windows)
    n_smoothed = max(MAX_SMOOTHED, MAX_SMOOTHED_SEASONS * season_length)
    first = np.tile(np.maximum(scaled.first, window_size - n_smoothed), 2)
    *past, last = smooth(np.ascontiguousarray(both), first, season_length, origins)
    forecasts = _all_forecasts(scaled, last, season_length, horizon)
    log_errors, is_tested = _backtest(scaled, past, season_length, n_held_out)
    numbers = [
        np.log((window_size - scaled.first) / season_length),
        np.full(n_windows, np.log(season_length) / 4),
        scaled.is_positive,
        np.clip(np.log(scaled.size / np.maximum(np.abs(scaled.location), 1e-9)), -6, 4)
        / 2,
        np.clip(scaled.step / scaled.size, 0, 5),
        np.clip(scaled.spread / scaled.size, 0, 5),
        is_tested,
        (window_size - scaled.first >= 2 * season_length) & (season_length > 1),
    ]
    summary = np.column_stack([log_errors, *numbers])
    season = last.season[:, LEVEL_SETTING, :n_windows]
    recent = recent_steps(scaled, season)
    return Bases(
        recent.astype(dtype),
        forecasts.astype(dtype),
        summary.astype(dtype),
        scaled.location,
        # Forecasts of a constant series are its value.
        np.where(scaled.spread > 0, scaled.size, 0),
    )


class ScaledWindows(NamedTuple):
    """Windows on two scales: as they are, and as logarithms."""

    values: np.ndarray  # (n_windows, window_size), the first value repeated before it
    # Logarithms of positive windows, and `values` of the others.
    logs: np.ndarray
    first: np.ndarray  # position of the first value, (n_windows,)
    is_positive: np.ndarray  # whether a window has logarithms, (n_windows,)
    location: np.ndarray  # mean of the last season
    size: np.ndarray  # unit of `values`
    reference: np.ndarray  # unit of the logarithms
    step: np.ndarray  # mean absolute difference of neighboring values
    spread: np.ndarray  # standard deviation

    def select(self, rows):
        """Return some of the windows."""
        return ScaledWindows(*(part[rows] for part in self))

    def from_logs(self, logs, values):
        """Convert forecasts of `logs` to the scale of `values`.

        Parameters
        ----------
        logs, values : ndarray of shape (horizon, n_bases, n_windows)
            Forecasts of `logs`, and the forecasts of `values`, which are returned for
            windows without logarithms.
        """
        numbers = np.exp(np.clip(logs, -12, 4)) * self.reference
        return np.where(self.is_positive, (numbers - self.location) / self.size, values)

    @property
    def mask(self):
        """Whether a step has a value, (n_windows, window_size)."""
        return np.arange(self.values.shape[1]) >= self.first[:, None]

    def before(self, origin):
        """Return the values before an origin, NaN where there are none."""
        return np.where(self.mask, self.values, np.nan)[:, :origin]


def scale_windows(windows, season_length, dtype=np.float32):
    """Scale windows by their mean absolute seasonal difference.

    Returns
    -------
    scaled : ScaledWindows
        Values minus the mean of the last season, divided by the mean absolute seasonal
        difference, or by that of neighboring values if there are fewer than three.
        Windows whose lowest value is more than 2 % of their mean have logarithms.
    """
    n_windows, window_size = windows.shape
    mask = ~np.isnan(windows)
    first = mask.argmax(axis=1)
    n_values = window_size - first
    filled = np.where(mask, windows, windows[np.arange(n_windows), first][:, None])
    # Divided by the largest value, so that no square is infinite or 0.
    peak = np.abs(filled).max(axis=1)
    peak[peak == 0] = 1
    filled = filled / peak[:, None]
    step, _ = _mean_difference(filled, mask, 1)
    seasonal, n_differences = _mean_difference(filled, mask, season_length)
    mean = (filled * mask).sum(axis=1) / n_values
    spread = np.sqrt((((filled - mean[:, None]) ** 2) * mask).sum(axis=1) / n_values)
    size = np.where(n_differences >= 3, seasonal, step) + 0.05 * spread
    size = size + 1e-6 * np.abs(mean) + 1e-9
    n_last = season_length if season_length > 1 else 3
    is_last = mask & (np.arange(window_size) >= window_size - n_last)
    location = (filled * is_last).sum(axis=1) / is_last.sum(axis=1)
    values = (filled - location[:, None]) / size[:, None]
    values = np.clip(values, -MAX_VALUE, MAX_VALUE).astype(dtype)
    is_positive = np.where(mask, filled, np.inf).min(axis=1) > 0.02 * np.abs(mean)
    reference = np.maximum(np.abs(mean), 1e-9)
    ratios = np.maximum(filled / reference[:, None], 1e-9)
    logs = np.where(is_positive[:, None], np.log(ratios), values).astype(dtype)
    parts = location, size, reference, step, spread
    return ScaledWindows(
        values, logs, first, is_positive, *(part * peak for part in parts)
    )


def _mean_difference(values, mask, lag):
    """Return the mean absolute difference at a lag, and the number of differences."""
    if lag >= values.shape[1]:
        return np.zeros(len(values)), np.zeros(len(values), int)
    is_known = mask[:, :-lag]  # a value is missing only before the first one
    differences = np.abs(values[:, lag:] - values[:, :-lag]) * is_known
    n_differences = is_known.sum(axis=1)
    return differences.sum(axis=1) / np.maximum(n_differences, 1), n_differences


def _all_forecasts(scaled, state, season_length, horizon):
    """Return the forecasts of all bases, (n_windows, horizon, n_bases)."""
    smoothed = state.forecasts(horizon)  # (horizon, n_settings, 2 n_windows)
    n_windows = len(scaled.values)
    values, logs = smoothed[:, :, :n_windows], smoothed[:, :, n_windows:]
    past = scaled.before(state.origin)
    simple = {
        kind: baseline_forecasts(kind, past, season_length, horizon)
        for kind in ("last", "season", "growth")
    }
    simple["mean"] = levels(past, max(season_length, 3)).repeat(horizon, axis=1)
    simple["seasonal mean"] = seasonal_mean_forecasts(past, season_length, horizon)
    season = state.season[:, LEVEL_SETTING, :n_windows].T
    drift = theta_drifts(past, season, state.origin)[:, None]
    steps = np.arange(1, horizon + 1)
    simple["theta"] = values[:, LEVEL_SETTING].T + drift * steps
    simple["two seasons"] = two_season_forecasts(past, season_length, horizon)
    mean = two_season_mean_forecasts(past, season_length, horizon)
    simple["two seasons mean"] = mean
    forecasts = np.concatenate(
        [
            values.transpose(2, 0, 1),
            scaled.from_logs(logs, values).transpose(2, 0, 1),
            np.stack([simple[kind] for kind in SIMPLE], axis=2),
        ],
        axis=2,
    )
    return np.clip(forecasts, -MAX_FORECAST, MAX_FORECAST)


def _backtest(scaled, states, season_length, n_steps):
    """Return the logarithms of the errors of all bases at past origins.

    Parameters
    ----------
    scaled : ScaledWindows
        The windows.
    states : list of Smoothed
        States before each past origin.
    season_length : int
        Number of steps of a season.
    n_steps : int
        Number of steps to forecast from each origin.

    Returns
    -------
    log_errors : ndarray of shape (n_windows, n_bases)
        Logarithms of the mean absolute errors. They are the same for all bases if a
        window is too short for a backtest.
    is_tested : ndarray of bool of shape (n_windows,)
        Whether there was a backtest.
    """
    n_windows = len(scaled.values)
    total, n_tests = np.zeros((n_windows, N_BASES)), np.zeros((n_windows, 1))
    for state in states:
        rows = np.flatnonzero(scaled.first <= state.origin - max(4, season_length + 1))
        if not len(rows):
            continue
        some, both = scaled.select(rows), np.concatenate([rows, rows + n_windows])
        forecasts = _all_forecasts(some, state.select(both), season_length, n_steps)
        actual = some.values[:, state.origin : state.origin + n_steps]
        total[rows] += np.abs(forecasts - actual[:, :, None]).mean(axis=1)
        n_tests[rows] += 1
    errors = np.where(n_tests > 0, total / np.maximum(n_tests, 1), 1.0)
    return np.log(errors + 0.05), n_tests[:, 0] > 0


def recent_steps(scaled, season):
    """Return the features of the last steps, which the encoder reads.

    Parameters
    ----------
    scaled : ScaledWindows
        The windows.
    season : ndarray of shape (season_length, n_windows)
        The last season of each window, by position modulo `season_length`.

    Returns
    -------
    recent : ndarray of shape (n_windows, N_RECENT, N_RECENT_FEATURES)
        Of each step: the value, the value without its season, the seasonal difference,
        1, and the logarithm minus the last logarithm. All are 0 before the first value.
    """
    window_size = scaled.values.shape[1]
    steps, mask = np.arange(window_size), scaled.mask
    lag = len(season)
    differences = np.zeros_like(scaled.values)
    if lag < window_size:
        change = scaled.values[:, lag:] - scaled.values[:, :-lag]
        differences[:, lag:] = change * mask[:, :-lag]
    logs = np.where(scaled.is_positive[:, None], scaled.logs - scaled.logs[:, -1:], 0)
    features = [
        np.arcsinh(scaled.values),
        np.arcsinh(scaled.values - season[steps % lag].T),
        np.arcsinh(differences),
        np.ones_like(scaled.values),
        3 * logs,
    ]
    recent = np.stack(features, axis=2) * mask[:, :, None]
    recent = recent[:, -N_RECENT:]
    padding = N_RECENT - recent.shape[1]
    return np.pad(recent, [(0, 0), (padding, 0), (0, 0)])
