"""History of a forecaster: its series, their covariates and their scales."""

import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from sklstm._forecast.baselines import mase_scale
from sklstm._forecast.covariates import Covariates
from sklstm._forecast.panel import Panel
from sklstm._forecast.training_windows import (
    Windows,
    training_windows,
    window_to_forecast_from,
)
from sklstm._input.plain import saved_as

# With fewer seasonal differences, a new series has no MASE scale of its own. With fewer
# values, it may vary although all of them are equal.
ENOUGH_DIFFERENCES = 10
# The ratio of seasonal to neighboring differences is the median of at most this number
# of fitted series.
MAX_SERIES = 100


@saved_as("series_scale")
class Scale(NamedTuple):
    """The scale on which one series is forecast.

    Only positive numbers have a logarithm. Later values may be 0 or negative, so the
    scale of logarithms continues below the smallest positive value, along the tangent
    of the logarithm. While all values are positive, the scale is the plain logarithm.
    """

    is_log: bool
    # Number that divides the values. For logarithms, the smallest positive value.
    size: float
    lowest: float  # smallest value of the series

    def transform(self, values):
        """Return scaled values."""
        if not self.is_log:
            return values / self.size
        is_low = values <= 0
        logarithms = np.log(np.where(is_low, self.size, values))
        # The tangent of the logarithm at `size` rises by (value - size) / size.
        steps = np.minimum(values, 0) / self.size - 1
        return np.where(is_low, logarithms + steps, logarithms)

    def inverse_transform(self, numbers):
        """Return scaled numbers on the original scale of the series."""
        if not self.is_log:
            return numbers * self.size
        values = np.exp(numbers)
        if self.lowest > 0:
            return values
        tangent = self.size * (1 + numbers - np.log(self.size))
        return np.where(values < self.size, tangent, values)

    def widen(self, values) -> Self:
        """Return the scale of a series that also holds these values."""
        size = self.size
        if self.is_log:
            size = np.min(values[values > 0], initial=size)
        return self._replace(size=size, lowest=min(self.lowest, np.nanmin(values)))


def scale_of(values, is_log):
    """Return the scale of a series.

    Values are divided by their standard deviation, or by their absolute value if they
    are constant.
    """
    lowest, peak = np.nanmin(values), np.nanmax(np.abs(values))
    if peak == 0:
        return Scale(is_log, 1.0, lowest)
    if is_log:
        return Scale(is_log, np.min(values[values > 0], initial=peak), lowest)
    # Values are divided by the peak so that the squares of huge values are finite and
    # those of tiny values are not 0.
    ratio = np.nanstd(values / peak)
    return Scale(is_log, peak * (ratio if ratio > 1e-9 else 1.0), lowest)


@saved_as("history")
@dataclass(frozen=True)
class History:
    """Series up to now, with their covariates and scales.

    Attributes
    ----------
    panel : Panel
        The series.
    covariates : list of Covariates
        Covariates of each series.
    scales : list of Scale
        Scale on which each series is forecast.
    lower : float
        Lower bound of the forecasts of each series that has no value below it: 0, or
        minus infinity for no bound.
    fitted : History or None
        History of the fitted series if these are other series; None otherwise.
    """

    panel: Panel
    covariates: list[Covariates]
    scales: list[Scale]
    lower: float
    fitted: "History | None" = None

    @property
    def is_future_known(self):
        """Whether the future of each covariate is known, (n_covariates,)."""
        return self.covariates[0].is_future_known

    @property
    def is_log(self):
        """Whether logarithms are forecast."""
        return self.scales[0].is_log

    def append(self, later, covariates) -> Self:
        """Return the history with later values and their covariates appended."""
        history = self.with_next(covariates)
        return history.with_panel(self.panel.append(later))

    def with_next(self, covariates) -> Self:
        """Return the history with the covariates of the next steps appended."""
        appended = map(Covariates.append, self.covariates, covariates)
        return replace(self, covariates=list(appended))

    def with_panel(self, panel) -> Self:
        """Return a copy of the history in which `panel` replaces the values."""
        pairs = zip(self.scales, panel.series, strict=True)
        scales = [scale.widen(one.values) for scale, one in pairs]
        warn_if_not_positive(scales, self.scales)
        return replace(self, panel=panel, scales=scales)

    def of_others(self, panel, covariates) -> Self:
        """Return the history of other series.

        Series with the same names in the same order keep the fitted scales. Otherwise,
        each series gets the scale of the fitted series with the same name. If no fitted
        series has this name, or several have it, the series gets its own scale.
        """
        scales = [
            scale_of(one.values, self.is_log)
            if position is None
            else self.scales[position].widen(one.values)
            for position, one in zip(self._find(panel), panel.series, strict=True)
        ]
        warn_if_not_positive(scales, self.scales)
        return History(panel, covariates, scales, self.lower, fitted=self)

    def _find(self, panel):
        """Return the position of each series of a panel among these; None if new."""
        names, new_names = ([one.name for one in p.series] for p in (self.panel, panel))
        if names == new_names:
            return list(range(len(names)))
        counts = Counter(names)
        positions = {
            name: position
            for position, name in enumerate(names)
            if name is not None and counts[name] == 1
        }
        return [positions.get(name) for name in new_names]

    def select(self, position) -> Self:
        """Return the history of one series."""
        panel, at = self.panel.select(position), slice(position, position + 1)
        return History(panel, self.covariates[at], self.scales[at], self.lower)

    def training_windows(self, window_size, horizon, context_size):
        """Return the training windows as :class:`TrainingWindows`."""
        sizes = window_size, horizon, context_size
        return training_windows(list(self._scaled()), *sizes)

    def last_windows(self, window_size, horizon, context_size):
        """Return the windows to forecast from, one for each series."""
        sizes = window_size, horizon, context_size
        parts = [window_to_forecast_from(*one, *sizes) for one in self._scaled()]
        return Windows.concatenate(parts)

    def mase_scales(self, season_length):
        """Return the MASE scale of each series, (n_series,).

        The last values of a fitted series have the scale of all its values.
        """
        scaled = [one for one, _ in self._scaled()]
        if self.fitted is None:
            return np.array([mase_scale(one, season_length) for one in scaled])
        pairs = zip(scaled, self.fitted._find(self.panel), strict=True)
        return np.array(
            [self.fitted._mase_scale_of(*pair, season_length) for pair in pairs]
        )

    def _mase_scale_of(self, values, position, season_length):
        """Return the MASE scale of values of another series.

        Parameters
        ----------
        values : ndarray of shape (n_timesteps,)
            Scaled values.
        position : int or None
            Position of the fitted series with the same name; None for a new series.
        season_length : int
            Number of steps of a season.

        Returns
        -------
        scale : float
            The MASE scale of the fitted series. If there is no such series or if it is
            constant, the MASE scale of the values. If the values have few seasonal
            differences, it is estimated: the mean absolute difference between
            neighboring values, times the ratio of the fitted series. If the values are
            shorter than a season, the scale is at least the mean absolute difference
            between neighboring values, because forecasts are then worse.
        """
        scale = 0.0
        if position is not None:
            known = self.scales[position].transform(self.panel.series[position].values)
            scale = mase_scale(known, season_length)
        n_differences = np.sum(~np.isnan(values)) - season_length
        if scale > 0 and n_differences >= 0:
            return scale
        if n_differences >= ENOUGH_DIFFERENCES:
            return mase_scale(values, season_length)
        ratio = self._seasonal_ratio(season_length)
        if n_differences < 0:
            ratio = max(ratio, 1.0) if position is None else 1.0
        return max(scale, ratio * mase_scale(values, 1))

    def _seasonal_ratio(self, season_length):
        """Return the median ratio of seasonal to neighboring differences."""
        scaled = self._some_scaled()
        scales = np.array([mase_scale(one, season_length) for one in scaled])
        neighbors = np.array([mase_scale(one, 1) for one in scaled])
        is_moving = (scales > 0) & (neighbors > 0)
        ratios = scales[is_moving] / neighbors[is_moving]
        return np.median(ratios) if len(ratios) else 1.0

    def typical_scale(self, season_length):
        """Return the median MASE scale of the series, in units of `_unit_of`."""
        scales = [
            mase_scale(one, season_length) / self._unit_of(one)
            for one in self._some_scaled()
        ]
        return float(np.median(scales))

    def interval_scales(self, mase_scales, typical_scale):
        """Return the scales by which errors are multiplied in intervals, (n_series,).

        Parameters
        ----------
        mase_scales : ndarray of shape (n_series,)
            MASE scales of the series.
        typical_scale : float
            The :meth:`typical_scale` of the series that the regressors were fitted on.

        Returns
        -------
        scales : ndarray of shape (n_series,)
            The MASE scales. If a series has few values, and all are equal, its scale is
            typical, because a longer series may vary.
        """
        scales = mase_scales.copy()
        known = [None] * len(scales)
        if self.fitted is not None:
            known = self.fitted._find(self.panel)
        for n, (values, _) in enumerate(self._scaled()):
            is_new = known[n] is None
            n_values = np.sum(~np.isnan(values))
            if scales[n] == 0 and is_new and n_values < ENOUGH_DIFFERENCES:
                scales[n] = typical_scale * self._unit_of(values)
        return scales

    def _unit_of(self, values):
        """Return the unit in which the MASE scales of scaled series are compared.

        Without logarithms, this is the mean absolute value, because the number that
        divides a series of equal values depends on their size only.
        """
        if self.is_log:
            return 1.0
        return np.nanmean(np.abs(values)) or 1.0

    def _some_scaled(self):
        """Return the scaled values of all series or, if there are many, of some."""
        scaled = [one for one, _ in self._scaled()]
        return scaled[:: -(-len(scaled) // MAX_SERIES)]

    def inverse_transform(self, forecasts):
        """Return scaled forecasts on the original scales of the series."""
        values = []
        for scale, numbers in zip(self.scales, forecasts, strict=True):
            lower = self.lower if scale.lowest >= self.lower else -np.inf
            values.append(np.maximum(scale.inverse_transform(numbers), lower))
        return values

    def to_container(self, forecasts, n_steps, columns=None):
        """Return the first steps of scaled forecasts in a container like y.

        The forecasts are returned on the original scale of each series, and `n_steps`
        holds the number of steps to return of each series.
        """
        pairs = zip(self.inverse_transform(forecasts), n_steps, strict=True)
        return self.panel.to_container([values[:n] for values, n in pairs], columns)

    def _scaled(self):
        """Yield the scaled values and the covariates of each series."""
        parts = zip(self.scales, self.panel.series, self.covariates, strict=True)
        for scale, one, covariates in parts:
            yield scale.transform(one.values), covariates


def history_of(panel, covariates, is_log, lower):
    """Return the history of series, each with its own scale."""
    scales = [scale_of(one.values, is_log) for one in panel.series]
    warn_if_not_positive(scales)
    return History(panel, covariates, scales, lower)


def warn_if_not_positive(scales, last_scales=()):
    """Warn if logarithms are forecast and a value is not positive for the first time.

    Parameters
    ----------
    scales : list of Scale
        Scales of all known values.
    last_scales : sequence of Scale, default=()
        Scales of the values for which there was already a warning, if needed.
    """
    lowest, last_lowest = (
        min((scale.lowest for scale in of_one), default=np.inf)
        for of_one in (scales, last_scales)
    )
    if scales[0].is_log and lowest <= 0 < last_lowest:
        warnings.warn(
            f"y contains {lowest}, but logarithms are forecast, which need positive "
            "values. On the logarithmic scale, 0 is placed 1 below the smallest "
            "positive value. If a value is missing, pass NaN. To forecast without "
            'logarithms, fit again with log="auto" and warm_start=False.',
            UserWarning,
            stacklevel=5,
        )
