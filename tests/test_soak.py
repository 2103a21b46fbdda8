"""Memory stays flat over hundreds of fits and many thousand predictions."""

import gc
import os
from pathlib import Path

import fitted
import numpy as np
import pytest

from sklstm import LSTMClassifier, LSTMRegressor

STATM = Path("/proc/self/statm")
# Growth of the resident memory after the warm-up, in bytes.
MAX_GROWTH = 8 * 2**20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not STATM.exists(), reason="needs /proc"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(autouse=True)
def only_on_request(pytestconfig):
    if not pytestconfig.getoption("soak"):
        pytest.skip("takes minutes: run it with --soak")


def resident():
    """Return the resident memory of this process in bytes."""
    gc.collect()
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ragged_batches(n_batches):
    """Draw batches of sequences of many shapes."""
    random = np.random.default_rng(0)
    for _ in range(n_batches):
        lengths = random.integers(1, 40, size=random.integers(1, 20))
        yield [random.normal(size=(length, 2)) for length in lengths]


def growth(run, batches, n_warm_up):
    """Return by how much the memory grows after the first batches, in bytes."""
    before = 0
    for number, batch in enumerate(batches):
        if number == n_warm_up:
            before = resident()
        run(batch)
    return resident() - before


def test_memory_is_flat_over_500_fits():
    def fit(batch):
        y = np.array([sequence[-1, 0] for sequence in batch])
        LSTMRegressor(**fitted.TINY).fit(batch, y)

    assert growth(fit, ragged_batches(500), n_warm_up=100) < MAX_GROWTH


def test_memory_is_flat_over_50_000_predictions():
    model = LSTMClassifier(**fitted.TINY).fit(fitted.X, fitted.CLASSES)
    batches = ragged_batches(50_000)
    assert growth(model.predict_proba, batches, n_warm_up=5000) < MAX_GROWTH
