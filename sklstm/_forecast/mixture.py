"""Mixture of base forecasts, whose weights come from networks."""

from copy import deepcopy
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import NamedTuple, Self

import numpy as np
import torch

from sklstm._forecast.bases import N_BASES, Bases, base_forecasts
from sklstm._input.plain import saved_as
from sklstm._nn.mixture import (
    LEVELS,
    MEDIAN,
    BacktestMixture,
    MixtureNetwork,
    MixtureRows,
    mix,
)
from sklstm._nn.mixture_tuning import TuningRows, network_outputs, tune
from sklstm._nn.runtime import default_modes, random_generator, threads_for

saved_as("mixture_network")(MixtureNetwork)
saved_as("backtest_mixture")(BacktestMixture)

# Base forecasts are computed in blocks of at most this many numbers.
BLOCK_NUMBERS = 2**22
# Candidates for the fraction of the learned changes.
TUNING_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
# A forecast is at least this fraction of the lowest value of its window if logarithms
# are forecast.
LOWEST_RATIO = 0.01


class Block(NamedTuple):
    """Base forecasts of some windows."""

    bases: Bases
    lowest: np.ndarray  # lowest value of each window, (n_windows,)
    shift: np.ndarray  # logarithm by which each window was divided, (n_windows,)


@saved_as("mixture")
@dataclass(frozen=True)
class Mixture:
    """Networks that weight base forecasts, correct them and predict quantiles.

    Attributes
    ----------
    networks : list of MixtureNetwork or BacktestMixture
        Networks, whose quantiles are averaged.
    season_length : int
        Number of steps of a season.
    is_log : bool
        Whether windows and forecasts are logarithms. The base forecasts are computed
        from the values and from their logarithms in any case.
    tuning_weight : float
        Fraction of the learned changes that the networks have.
    """

    networks: list
    season_length: int
    is_log: bool
    tuning_weight: float = 0.0

    @property
    def is_double(self):
        """Whether the networks are in double precision."""
        return self.networks[0].prior.dtype == torch.float64

    @property
    def single(self) -> Self:
        """The mixture in single precision, which takes half of the time."""
        if not self.is_double:
            return self
        return replace(self, networks=[deepcopy(one).float() for one in self.networks])

    def forecasts(self, windows, horizon):
        """Forecast the steps after windows, (n_windows, horizon).

        Parameters
        ----------
        windows : ndarray of shape (n_windows, context_size)
            Scaled values in time order, NaN only at the start.
        horizon : int
            Number of steps to forecast.
        """
        return self._by_block(
            windows, horizon, lambda block: self._quantiles(block)[:, :, MEDIAN]
        )

    def quantiles(self, windows, horizon):
        """Forecast the quantiles of `LEVELS`, (n_windows, horizon, n_levels)."""
        return self._by_block(windows, horizon, self._quantiles)

    def base_weights(self, windows, horizon):
        """Return the mean weight of each base, (n_windows, n_bases)."""
        return self._by_block(windows, horizon, self._base_weights)

    def tune(self, windows, seed):
        """Learn changes of the networks from windows.

        Parameters
        ----------
        windows : Windows
            Windows with their targets.
        seed : int
            Seed of the order of the windows.

        Returns
        -------
        changes : OutputChanges
            Changes of the networks.
        """
        with default_modes(), threads_for(0):
            return tune(self._tuning_rows(windows), random_generator(seed))

    def best_weight(self, changes, windows):
        """Return the fraction of changes with the smallest loss on windows."""
        with default_modes(), threads_for(0), torch.no_grad():
            rows = self._tuning_rows(windows)
            quantiles = [rows.quantiles(changes.partly(w)) for w in TUNING_WEIGHTS]
            losses = [rows.losses(each.mean(0)).mean().item() for each in quantiles]
        return TUNING_WEIGHTS[int(np.argmin(losses))]

    def with_changes(self, changes, weight) -> Self:
        """Return a mixture whose networks have a fraction of the changes."""
        if weight == 0:
            return self
        networks = changes.partly(weight).applied_to(self.networks)
        return replace(self, networks=networks, tuning_weight=weight)

    def _tuning_rows(self, windows):
        """Return windows with their scaled targets and the outputs of the networks."""
        block = self._read(windows.values, windows.targets.shape[1])
        targets = windows.targets
        if self.is_log:
            targets = np.exp(targets - block.shift[:, None])
        targets = torch.from_numpy(block.bases.scale(targets))
        return TuningRows(self.networks, self._rows(block.bases), targets)

    def _by_block(self, windows, horizon, function):
        """Call a function of windows and base forecasts block by block."""
        size = max(1, BLOCK_NUMBERS // (N_BASES * max(horizon, 48)))
        starts = range(0, len(windows), size)
        with default_modes(), threads_for(0):
            parts = [
                function(self._read(windows[start : start + size], horizon))
                for start in starts
            ]
        return np.concatenate(parts)

    def _read(self, windows, horizon):
        """Compute the base forecasts of windows."""
        shift = np.zeros(len(windows))
        if self.is_log:
            shift = np.nanmax(windows, axis=1)
            windows = np.exp(windows - shift[:, None])
        dtype = np.float64 if self.is_double else np.float32
        bases = base_forecasts(windows, self.season_length, horizon, dtype)
        return Block(bases, np.nanmin(windows, axis=1), shift)

    def _quantiles(self, block):
        """Return the quantiles of one block of windows."""
        quantiles = self._mean(block, 0).numpy()
        values = block.bases.unscale(quantiles)
        if not self.is_log:
            return values
        lowest = np.maximum(LOWEST_RATIO * block.lowest, np.finfo(float).tiny)
        logarithms = np.log(np.maximum(values, lowest[:, None, None]))
        return logarithms + block.shift[:, None, None]

    def _base_weights(self, block):
        """Return the mean weight of each base in one block of windows."""
        return self._mean(block, 1).mean(1).double().numpy()

    def _mean(self, block, part):
        """Return the mean quantiles (part 0) or weights (part 1) of the networks."""
        rows = self._rows(block.bases)
        outputs = [network_outputs(network, rows) for network in self.networks]
        with torch.inference_mode():
            pairs = zip(outputs, self.networks, strict=True)
            return sum(mix(rows, o, n.prior)[part] for o, n in pairs) / len(outputs)

    def _rows(self, bases):
        """Return the bases as tensors."""
        parts = map(torch.from_numpy, (bases.recent, bases.forecasts, bases.summary))
        return MixtureRows(*parts, self.season_length)


def quantiles_at(quantiles, levels):
    """Return quantiles at any levels.

    Parameters
    ----------
    quantiles : ndarray of shape (n_series, n_steps, n_known)
        Quantiles of the levels of the network, `LEVELS`.
    levels : sequence of float
        Levels in (0, 1).

    Returns
    -------
    quantiles : ndarray of shape (n_series, n_steps, n_levels)
        Between the known quantiles, they are interpolated linearly in the standard
        score of the level. Beyond the outer ones, they are extrapolated linearly.
    """
    known = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    scores = np.array([NormalDist().inv_cdf(level) for level in levels])
    right = np.clip(np.searchsorted(known, scores), 1, len(known) - 1)
    share = (scores - known[right - 1]) / (known[right] - known[right - 1])
    return (1 - share) * quantiles[:, :, right - 1] + share * quantiles[:, :, right]
