"""Time fits and predictions whose products may be computed in bfloat16."""

import time
import warnings
from functools import partial
from statistics import median

import numpy as np
import torch
from _network import ONE_LAYER
from _timing import interleaved, parse_arguments, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor

UNITS, BATCHES = (32, 64, 128, 256), (64, 256)
N_WINDOWS, N_TIMESTEPS, N_FEATURES = 1024, 24, 8
PRECISIONS = "highest", "medium"


def cpu_seconds(run, precision):
    """Return the processor time of a function, with a precision of products."""
    torch.set_float32_matmul_precision(precision)
    start = time.process_time()
    run()
    seconds = time.process_time() - start
    torch.set_float32_matmul_precision("highest")
    return seconds


def ratio(run, n_rounds):
    """Return how many times as fast a function is in "medium" precision."""
    runs = {name: partial(cpu_seconds, run, name) for name in PRECISIONS}
    seconds = interleaved(runs, n_rounds)
    pairs = zip(*(seconds[name] for name in PRECISIONS), strict=True)
    return f"{median(highest / medium for highest, medium in pairs):.2f}"


def precision_row(size, batch_size, n_rounds):
    """Time fit and predict; return a row of a table."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_WINDOWS, N_TIMESTEPS, N_FEATURES)).astype("float32")
    y = X[:, -1, 0] - X[:, 2, 1]
    settings = {"batch_size": batch_size, "max_iter": 2}
    model = LSTMRegressor((size,), **ONE_LAYER | settings, random_state=0).fit(X, y)
    return {
        "units": str(size),
        "batch": str(batch_size),
        "fit": ratio(partial(model.fit, X, y), n_rounds),
        "predict": ratio(partial(model.predict, X), n_rounds),
    }


if __name__ == "__main__":
    # Two epochs are enough for the times.
    warnings.simplefilter("ignore", ConvergenceWarning)
    arguments = parse_arguments(__doc__, rounds=7)
    cases = [(size, batch) for size in UNITS for batch in BATCHES]
    rows = [precision_row(*case, arguments.rounds) for case in cases]
    print_table("Times in highest / medium precision", rows)
