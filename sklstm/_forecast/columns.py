"""Columns beside a series, and how far ahead they are known."""

from typing import NamedTuple

import numpy as np


class Columns(NamedTuple):
    """Columns beside one series, from its first step on."""

    table: np.ndarray  # (n_rows, n_columns)
    # Whether a column is known beyond the last reading of the series, (n_columns,).
    is_ahead: np.ndarray

    def around(self, ends, window_size, horizon):
        """Cut what stands beside windows and the steps after them.

        Parameters
        ----------
        ends : ndarray of shape (n_windows,)
            Position of the first step after each window.
        window_size, horizon : int
            Steps of a window, and steps after it.

        Returns
        -------
        around : ndarray of shape (n_windows, window_size + horizon, n_columns)
            Columns that are not known ahead go on as they are at the end of a window.
            Steps before the first one are NaN.
        """
        positions = ends[:, None] + np.arange(-window_size, horizon)
        known = np.minimum(positions, ends[:, None] - 1)[:, :, None]
        places = np.where(self.is_ahead, positions[:, :, None], known)
        around = self.table[np.maximum(places, 0), np.arange(len(self.is_ahead))]
        around[positions < 0] = np.nan
        return around

    def followed_by(self, later):
        """Return the columns with later rows of them behind their own."""
        return self._replace(table=np.concatenate([self.table, later.table]))
