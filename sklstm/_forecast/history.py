"""History of a forecaster: its series, their covariates and their scales."""

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


class Scale(NamedTuple):
    """The scale on which one series is forecast."""

    is_log: bool
    size: float  # number that divides the values; 1 for logarithms

    def transform(self, values):
        """Return scaled values."""
        return np.log(values) if self.is_log else values / self.size

    def inverse_transform(self, numbers):
        """Return scaled numbers on the original scale of the series."""
        return np.exp(numbers) if self.is_log else numbers * self.size


def scale_of(values, is_log):
    """Return the scale of a series.

    Values are divided by their standard deviation, or by their absolute value if they
    are constant.
    """
    peak = np.nanmax(np.abs(values))
    if is_log or peak == 0:
        return Scale(is_log, 1.0)
    # Values are divided by the peak so that the squares of huge values are finite and
    # those of tiny values are not 0.
    ratio = np.nanstd(values / peak)
    return Scale(is_log, peak * (ratio if ratio > 1e-9 else 1.0))


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
    """

    panel: Panel
    covariates: list[Covariates]
    scales: list[Scale]

    def __post_init__(self):
        if self.is_log:
            check_positive(self.panel)

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
        return replace(self, panel=panel)

    def of_others(self, panel, covariates) -> Self:
        """Return the history of other series.

        Series with the same names in the same order keep the fitted scales. Otherwise,
        each series gets the scale of the fitted series with the same name. If no fitted
        series has this name, or several have it, the series gets its own scale.
        """
        return History(panel, covariates, self._scales_of(panel))

    def _scales_of(self, panel):
        """Return the scales of other series."""
        names, new_names = ([one.name for one in p.series] for p in (self.panel, panel))
        if names == new_names:
            return self.scales
        scales = dict(zip(names, self.scales, strict=True))
        return [
            scales[one.name]
            if one.name is not None and names.count(one.name) == 1
            else scale_of(one.values, self.is_log)
            for one in panel.series
        ]

    def select(self, position) -> Self:
        """Return the history of one series."""
        panel, at = self.panel.select(position), slice(position, position + 1)
        return History(panel, self.covariates[at], self.scales[at])

    def training_windows(self, window_size, horizon):
        """Return the training windows as :class:`TrainingWindows`."""
        return training_windows(list(self._scaled()), window_size, horizon)

    def last_windows(self, window_size, horizon):
        """Return the windows to forecast from, one for each series."""
        sizes = window_size, horizon
        parts = [window_to_forecast_from(*one, *sizes) for one in self._scaled()]
        return Windows.concatenate(parts)

    def mase_scales(self, season_length):
        """Return the MASE scale of each series, (n_series,)."""
        return np.array([mase_scale(one, season_length) for one, _ in self._scaled()])

    def inverse_transform(self, forecasts):
        """Return scaled forecasts on the original scales of the series."""
        pairs = zip(self.scales, forecasts, strict=True)
        return [scale.inverse_transform(forecast) for scale, forecast in pairs]

    def to_container(self, forecasts, columns=None):
        """Return scaled forecasts on the original scales, in a container like y."""
        return self.panel.to_container(self.inverse_transform(forecasts), columns)

    def _scaled(self):
        """Yield the scaled values and the covariates of each series."""
        parts = zip(self.scales, self.panel.series, self.covariates, strict=True)
        for scale, one, covariates in parts:
            yield scale.transform(one.values), covariates


def history_of(panel, covariates, is_log):
    """Return the history of series, each with its own scale."""
    scales = [scale_of(one.values, is_log) for one in panel.series]
    return History(panel, covariates, scales)


def check_positive(panel):
    """Raise unless all values have a logarithm."""
    for one in panel.series:
        if np.nanmin(one.values) <= 0:
            raise ValueError(
                "Logarithms need positive values, but y contains "
                f'{np.nanmin(one.values)}. Fit with log=False or log="auto".'
            )
