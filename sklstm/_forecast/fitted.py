"""What a fit has learnt of series, to forecast them and others like them."""

from dataclasses import dataclass

import numpy as np

from sklstm._forecast.conformal import Calibration, in_order
from sklstm._forecast.residual_model import Correctors
from sklstm._forecast.settings import Plan
from sklstm._forecast.training_windows import Lessons


@dataclass(frozen=True)
class Learnt:
    """Regressors, and how far to trust them.

    Attributes
    ----------
    plan : Plan
        What was settled.
    horizon : int
        Steps that were learnt to be forecast.
    correctors : Correctors
        The regressors, and what they are shown.
    calibration : Calibration
        What held windows have told of them.
    """

    plan: Plan
    horizon: int
    correctors: Correctors
    calibration: Calibration

    @property
    def n_at_once(self):
        """Steps that are forecast at once."""
        return self.correctors.recipe.horizon

    def moves(self, known):
        """Measure how much each series moves in its unit, (n_series,)."""
        return known.moves(self.plan.season_length)

    def forecasts(self, knowns, n_steps):
        """Forecast in the units of the series.

        Parameters
        ----------
        knowns : list of Known
            What is known at each of some origins, of as many series each.
        n_steps : int
            Steps to forecast.

        Returns
        -------
        forecasts : list of ndarray of shape (n_series, n_steps)
            One entry per origin.
        """
        moves = np.concatenate([self.moves(known) for known in knowns])
        return np.split(self._go_on(knowns, moves, n_steps), len(knowns))

    def _go_on(self, knowns, moves, n_steps):
        """Forecast all series of all origins, which move so much."""
        sizes = self.plan.window_size, max(n_steps, self.n_at_once)
        lessons = Lessons.of_all([known.next_lessons(*sizes) for known in knowns])
        # What has never moved is not corrected, by what others taught either.
        trust = self.calibration.trust * (moves[:, None] > 0)
        return self.correctors.go_on(lessons, trust, n_steps)

    def quantiles(self, known, n_steps, levels):
        """Forecast quantiles in the units of the series.

        Parameters
        ----------
        known : Known
            What is known of the series.
        n_steps : int
            Steps to forecast.
        levels : sequence of float
            Levels of the quantiles, in (0, 1).

        Returns
        -------
        quantiles : ndarray of shape (n_series, n_steps, n_levels)
            In order, around the forecast.

        Raises
        ------
        ValueError
            If nothing is known of such quantiles, or of so many steps.
        """
        if n_steps > self.horizon:
            raise ValueError(
                f"horizon={n_steps} is more than the {self.horizon} steps of the fit, "
                "whose errors are known. Fit with a larger horizon."
            )
        moves = self.moves(known)
        forecasts = self._go_on([known], moves, n_steps)
        moves = moves[:, None, None]
        if self.correctors.levels:
            quantiles = self._from_regressors(known, moves, levels)[:, :n_steps]
            quantiles = np.where(moves > 0, quantiles, forecasts[:, :, None])
        else:
            distances = self.calibration.distances(levels)[:n_steps]
            quantiles = forecasts[:, :, None] + moves * distances
        return in_order(quantiles, forecasts, levels)

    def _from_regressors(self, known, moves, levels):
        """Ask the regressors for quantiles, (n_series, horizon, n_levels)."""
        learnt = np.array(self.correctors.levels)
        places = [int(np.abs(learnt - level).argmin()) for level in levels]
        if not np.allclose(learnt[places], levels):
            levels = [round(level, 6) for level in levels]
            raise ValueError(
                f"The regressors have learnt the quantiles {learnt.tolist()}, not "
                f"{levels}. Ask for these, or put others into quantiles to fit."
            )
        lessons = known.next_lessons(self.plan.window_size, self.n_at_once)
        quantiles = self.correctors.quantiles(lessons)
        return (quantiles + moves * self.calibration.margins)[:, :, places]
