"""Measure the memory of a fit on windows that slide over a long series."""

import resource
import warnings

import numpy as np
from _timing import parse_arguments, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor

N_TIMESTEPS, N_FEATURES, BATCH_SIZE = 96, 8, 512


def peak():
    """Most bytes that this process has held at once; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fit(series):
    """Fit on every window of a series for one epoch, as small as a network can be."""
    windows = np.lib.stride_tricks.sliding_window_view(series, N_TIMESTEPS, axis=0)
    windows = windows.transpose(0, 2, 1)
    model = LSTMRegressor(2, max_iter=1, batch_size=BATCH_SIZE)
    model.fit(windows[:-1], series[N_TIMESTEPS:, 0])


def growth(series):
    """Bytes that a fit adds to what the process has held before."""
    before = peak()
    fit(series)
    return peak() - before


if __name__ == "__main__":
    parse_arguments(__doc__, rounds=1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    long = np.random.default_rng(0).normal(size=(1_000_000, N_FEATURES))
    # What is loaded and allocated once, and what a batch needs, count here.
    of_short = growth(long[: 3 * BATCH_SIZE])
    of_long = growth(long)
    numbers = {
        "readings": f"{len(long)} x {N_FEATURES}",
        "window": str(N_TIMESTEPS),
        "series, MB": f"{long.nbytes / 1e6:.0f}",
        "first small fit, MB": f"{of_short / 1e6:.0f}",
        "fit, MB more": f"{of_long / 1e6:.0f}",
        "(series + fit) / series": f"{1 + of_long / long.nbytes:.2f}",
    }
    print_table("Peak memory", [numbers])
