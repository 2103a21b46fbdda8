"""What windows held back tell: how far to trust, and how far truths lie off."""

from typing import NamedTuple

import numpy as np

from sklstm._forecast.conformal import margins, widths
from sklstm._forecast.residual_model import TRUST
from sklstm._forecast.training_windows import early_and_held


class Calibration(NamedTuple):
    """How far to trust corrections, and what errors stay.

    Errors are in units of how much each series moves.
    """

    trust: float = 1.0
    errors: np.ndarray | None = None  # of forecasts, (n_windows, horizon)
    # How far to move quantiles that regressors have learnt, (horizon, n_levels).
    margins: np.ndarray | float = 0.0

    @classmethod
    def of_held(cls, correctors, held, moves):
        """Learn from lessons that regressors have not seen.

        Parameters
        ----------
        correctors : Correctors
            Regressors that have learnt from earlier lessons.
        held : Lessons
            Those held back.
        moves : ndarray of shape (n_windows,)
            How much the series of each moves, not 0.

        Returns
        -------
        calibration : Calibration
            With the trust that leaves the least absolute error.
        """
        errors = [held.targets - forecast for forecast in correctors.by_trust(held)]
        best = int(np.argmin([np.abs(error).mean() for error in errors]))
        calibration = cls(float(TRUST[best]), errors[best] / moves[:, None])
        if not correctors.levels:
            return calibration
        of_quantiles = held.targets[:, :, None] - correctors.quantiles(held)
        shares = of_quantiles / moves[:, None, None]
        return calibration._replace(margins=margins(shares, correctors.levels))

    def distances(self, levels):
        """Say how far quantiles lie from forecasts, (horizon, n_levels)."""
        if self.errors is None:
            raise ValueError(
                "Without held windows there are no intervals. Fit anew with a "
                "calibration_fraction, such as 0.2; or with a regressor that learns "
                'quantiles, as LSTMRegressor(loss="quantile") does.'
            )
        distances = [
            np.sign(level - 0.5) * widths(self.errors, abs(2 * level - 1))
            for level in levels
        ]
        return np.stack(distances, axis=-1)


def hold_back(ends, horizon, held_fraction):
    """Split the lessons of many series in time.

    Parameters
    ----------
    ends : list of ndarray of int
        Positions of the first targets of each series' lessons.
    horizon : int
        Steps of the targets.
    held_fraction : float
        Share of the lessons of each series to hold back.

    Returns
    -------
    is_early, is_held : ndarray of bool of shape (n_windows,)
        Of the lessons of all series, one after the other.
    numbers : ndarray of int
        Which series each lesson that is held back belongs to.
    """
    splits = [early_and_held(of_one, horizon, held_fraction) for of_one in ends]
    is_early, is_held = (np.concatenate(rows) for rows in zip(*splits, strict=True))
    numbers = np.repeat(np.arange(len(ends)), [rows.sum() for _, rows in splits])
    return is_early, is_held, numbers
