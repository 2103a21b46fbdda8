"""Learn to add two marked numbers of a sequence, with and without `max_timescale`."""

import warnings
from statistics import median

import numpy as np
from _network import ONE_LAYER
from _timing import parse_arguments, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMRegressor
from sklstm.datasets import make_adding

# Chosen beforehand. The network sees N_SEQUENCES * N_EPOCHS sequences.
N_SEQUENCES, N_EPOCHS, N_TEST, SEEDS = 4000, 10, 2560, (0, 1, 2)
# A larger error is wrong, as in Hochreiter and Schmidhuber (1997).
TOLERANCE = 0.04


def learn(n_timesteps, max_timescale, seed):
    """Return the mean squared error and the number of wrong test sequences."""
    X, y = make_adding(N_SEQUENCES + N_TEST, n_timesteps, random_state=seed)
    model = LSTMRegressor(
        32,
        dtype="float32",
        max_timescale=max_timescale,
        batch_size=10,
        **ONE_LAYER | {"learning_rate": "cosine"},
        max_iter=N_EPOCHS,
        tol=0,
        n_iter_no_change=N_EPOCHS,
        random_state=seed,
    )
    model.fit(X[:N_SEQUENCES], y[:N_SEQUENCES])
    X, y = X[N_SEQUENCES:], y[N_SEQUENCES:]
    errors = np.abs(model.predict(X) - y)
    naive = np.mean((y - y.mean()) ** 2)
    return np.mean(errors**2), int(np.sum(errors > TOLERANCE)), naive


def compare(n_timesteps):
    """Learn with and without max_timescale; yield rows of a table."""
    for max_timescale in (n_timesteps, None):
        results = [learn(n_timesteps, max_timescale, seed) for seed in SEEDS]
        errors, wrong, naive = map(median, zip(*results, strict=True))
        yield {
            "time steps": str(n_timesteps),
            "max_timescale": str(max_timescale),
            "sequences presented": str(N_SEQUENCES * N_EPOCHS),
            f"wrong of {N_TEST}": f"{wrong:.0f}",
            "mean squared error": f"{errors:.2g}",
            "of the mean of y": f"{naive:.2g}",
        }


if __name__ == "__main__":
    parse_arguments(__doc__, rounds=1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = [row for n_timesteps in (30, 100) for row in compare(n_timesteps)]
    print_table(f"Adding problem, median of {len(SEEDS)} seeds", rows)
