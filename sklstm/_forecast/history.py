"""What a forecaster knows: series, columns beside them, and their units."""

from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from sklstm._forecast.baselines import restlessness
from sklstm._forecast.covariates import Columns
from sklstm._forecast.panel import Panel
from sklstm._forecast.training_windows import Lessons, lessons_of, next_lesson


class Unit(NamedTuple):
    """The scale on which the readings of one series are forecast."""

    is_log: bool
    size: float  # of one unit; 1 for logarithms

    def enter(self, values):
        """Bring readings to this scale."""
        return np.log(values) if self.is_log else values / self.size

    def leave(self, numbers):
        """Bring numbers back to the scale of the readings."""
        return np.exp(numbers) if self.is_log else numbers * self.size


def unit_of(values, is_log):
    """Find the unit of a series: its standard deviation, or its size if constant."""
    peak = np.nanmax(np.abs(values))
    if is_log or peak == 0:
        return Unit(is_log, 1.0)
    # Of shares, so that squares of huge and of tiny readings are numbers.
    share = np.nanstd(values / peak)
    return Unit(is_log, peak * (share if share > 1e-9 else 1.0))


@dataclass(frozen=True)
class Known:
    """Series up to now, each with its unit and the columns beside it.

    Attributes
    ----------
    panel : Panel
        The series.
    columns : list of Columns
        What stands beside each.
    units : list of Unit
        The scale on which each is forecast.
    """

    panel: Panel
    columns: list
    units: list

    def followed_by(self, later, columns):
        """Return what is known once there are later readings, and columns beside."""
        return replace(self.reaching(columns), panel=self.panel.followed_by(later))

    def reaching(self, columns):
        """Return what is known once columns are known further ahead."""
        columns = map(Columns.followed_by, self.columns, columns)
        return replace(self, columns=list(columns))

    def replaced(self, panel):
        """Return what is known with other readings of the same series."""
        return replace(self, panel=panel)

    def units_for(self, panel):
        """Find units for series that take the place of these.

        Series with the names of these, as many, have their units, whatever the names;
        of others those whose name only one of these has.
        """
        names, new_names = ([one.name for one in p.series] for p in (self.panel, panel))
        if names == new_names:
            return self.units
        units = dict(zip(names, self.units, strict=True))
        is_log = self.units[0].is_log
        return [
            units[one.name]
            if one.name is not None and names.count(one.name) == 1
            else unit_of(one.values, is_log)
            for one in panel.series
        ]

    def only(self, place):
        """Return what is known of one series."""
        panel = Panel([self.panel.series[place]], itemgetter(0))
        return Known(panel, [self.columns[place]], [self.units[place]])

    def lessons(self, window_size, horizon):
        """Cut all series into lessons, and say where the targets of each begin."""
        sizes = window_size, horizon
        cut = [lessons_of(*one, *sizes) for one in self._values_and_columns()]
        lessons, ends = zip(*cut, strict=True)
        return Lessons.of_all(lessons), ends

    def next_lessons(self, window_size, horizon):
        """Cut the last window of each series."""
        sizes = window_size, horizon
        cut = [next_lesson(*one, *sizes) for one in self._values_and_columns()]
        return Lessons.of_all(cut)

    def moves(self, season_length):
        """Measure how much each series moves in its unit, (n_series,)."""
        values = (values for values, _ in self._values_and_columns())
        return np.array(
            [restlessness(of_series, season_length) for of_series in values]
        )

    def leave(self, forecasts):
        """Put forecasts on the scale of the series they belong to."""
        pairs = zip(self.units, forecasts, strict=True)
        return [unit.leave(forecast) for unit, forecast in pairs]

    def answer(self, forecasts, columns=None):
        """Put forecasts on the scale, and into the container, of the series."""
        return self.panel.answer(self.leave(forecasts), columns)

    def _values_and_columns(self):
        """Yield the readings of each series in its unit, and its columns."""
        parts = zip(self.units, self.panel.series, self.columns, strict=True)
        for unit, one, columns in parts:
            yield unit.enter(one.values), columns
