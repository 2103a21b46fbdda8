"""Recognize spoken digits of new voices; print wrong digits and utterances by seed."""

import argparse
import time
from statistics import median

import torch
from _data import load
from _timing import environment, print_table

from sklstm import LSTMTranscriber

SEEDS = range(3)
# Percent of wrong digits and of wrong utterances of a bidirectional nn.LSTM of 64 units
# that was trained for 30 epochs by hand.
BY_HAND = {
    "model": "nn.LSTM by hand",
    "digits": 6.8,
    "utterances": 19.7,
    "minutes": "",
}


def measure(data, seed, cell="lstm"):
    """Fit on the training voices; return the errors on the others in percent."""
    start = time.process_time()
    model = LSTMTranscriber(cell=cell, random_state=seed)
    model.fit(data["X_train"], data["y_train"])
    minutes = (time.process_time() - start) / 60
    test = data["X_test"], data["y_test"]
    return {
        "model": f"LSTMTranscriber, seed {seed}",
        "digits": 100 * model.error_rate(*test),
        "utterances": 100 * (1 - model.score(*test)),
        "minutes": minutes,
    }


def summarize(rows):
    """Return the median of each figure."""
    figures = ("digits", "utterances", "minutes")
    medians = {name: median(row[name] for row in rows) for name in figures}
    return {"model": "LSTMTranscriber, median", **medians}


def formatted(row):
    """Return a row with one digit after the point."""
    return {
        name: f"{value:.1f}" if isinstance(value, float) else value
        for name, value in row.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(environment(1))
    data = load(arguments.data, "spoken_digits")
    rows = [measure(data, seed) for seed in SEEDS]
    rows += [summarize(rows), BY_HAND]
    print_table("Percent wrong, of voices not in fit", list(map(formatted, rows)))
