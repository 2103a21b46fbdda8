"""Measure the memory of a fit on sliding windows of a long series."""

import resource
import warnings

import numpy as np
from _timing import parse_arguments, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor

N_TIMESTEPS, N_FEATURES, BATCH_SIZE = 96, 8, 512


def peak():
    """Return the peak memory of this process in bytes; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fit(series):
    """Fit a very small network on all windows of a series for one epoch."""
    windows = np.lib.stride_tricks.sliding_window_view(series, N_TIMESTEPS, axis=0)
    windows = windows.transpose(0, 2, 1)
    model = LSTMRegressor(2, max_iter=1, batch_size=BATCH_SIZE)
    model.fit(windows[:-1], series[N_TIMESTEPS:, 0])


def growth(series):
    """Return by how many bytes a fit increases the peak memory."""
    before = peak()
    fit(series)
    return peak() - before


if __name__ == "__main__":
    parse_arguments(__doc__, rounds=1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    long = np.random.default_rng(0).normal(size=(1_000_000, N_FEATURES))
    # This includes imports and allocations that are needed once, and one batch.
    for_short = growth(long[: 3 * BATCH_SIZE])
    for_long = growth(long)
    numbers = {
        "values": f"{len(long)} x {N_FEATURES}",
        "window": str(N_TIMESTEPS),
        "series, MB": f"{long.nbytes / 1e6:.0f}",
        "first small fit, MB": f"{for_short / 1e6:.0f}",
        "fit, MB more": f"{for_long / 1e6:.0f}",
        "(series + fit) / series": f"{1 + for_long / long.nbytes:.2f}",
    }
    print_table("Peak memory", [numbers])
