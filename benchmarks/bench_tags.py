"""Classify the steps of sequences, with and without transitions.

The steps are those of series of segments and, if pyphen is installed, the letters of
words. The classes of letters are the hyphens of pyphen.
"""

import argparse
import time
import warnings
from statistics import median

import numpy as np
import torch
from _timing import environment, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMClassifier, SequenceEncoder
from sklstm.datasets import load_pronunciations

try:
    import pyphen
except ImportError:
    pyphen = None

N_CLASSES, N_TRAINING, N_TEST = 3, 300, 1000
SETTINGS = {
    "pooling": None,
    "dropout": 0.3,
    "batch_size": 20,
    "learning_rate": "cosine",
    "max_iter": 60,
}
SETTINGS_OF_WORDS = SETTINGS | {
    "hidden_layer_sizes": (64,),
    "embedding_size": 32,
    "batch_size": 50,
    "max_iter": 20,
}
N_TRAINING_WORDS = 5000


def segments(random):
    """Return the class of each step, and 1 where a segment starts; 20 to 40 steps."""
    n_timesteps = random.integers(20, 41)
    labels, starts, label = [], [], random.integers(N_CLASSES)
    while len(labels) < n_timesteps:
        length = 2 + random.geometric(0.2)  # at least three steps
        labels += [label] * length
        starts += [1] + [0] * (length - 1)
        label = (label + random.integers(1, N_CLASSES)) % N_CLASSES
    return np.array(labels[:n_timesteps]), np.array(starts[:n_timesteps])


def marked(random):
    """Return a series whose starts are marked, and the class of each step."""
    labels, starts = segments(random)
    level = labels + 0.5 * random.normal(size=len(labels))
    marks = starts + 0.1 * random.normal(size=len(labels))
    return np.column_stack([level, marks]), labels


def unmarked(random):
    """Return a series of which only the level tells the class."""
    labels, _ = segments(random)
    return (labels + 0.3 * random.normal(size=len(labels)))[:, None], labels


def draw(make, n_series, random):
    """Return lists of series and of their classes."""
    X, y = zip(*(make(random) for _ in range(n_series)), strict=True)
    return list(X), list(y)


def words(random):
    """Return the codes of the letters of words, and 1 where a hyphen may precede."""
    hyphenate = pyphen.Pyphen(lang="en_US", left=1, right=1).positions
    chosen = random.permutation(load_pronunciations()[0])
    codes = SequenceEncoder().fit_transform(chosen)
    X = [row[-len(word) :, None] for row, word in zip(codes, chosen, strict=True)]
    y = [np.isin(range(len(word)), hyphenate(word)).astype(int) for word in chosen]
    return X, y


def load(name, seed):
    """Return training and test data, and the settings for them."""
    random = np.random.default_rng(seed)
    if name == "words":
        X, y = words(random)
        n = N_TRAINING_WORDS
        return X[:n], y[:n], X[n:], y[n:], SETTINGS_OF_WORDS
    make = {"marked": marked, "unmarked": unmarked}[name]
    training, test = draw(make, N_TRAINING, random), draw(make, N_TEST, random)
    return *training, *test, SETTINGS


def run(name, params, seed):
    """Return shares of wrong sequences and of wrong steps, and the time of the fit."""
    X, y, X_test, y_test, settings = load(name, seed)
    model = LSTMClassifier(**settings, **params, random_state=seed)
    start = time.process_time()
    model.fit(X, y)
    seconds = time.process_time() - start
    is_wrong = [p != a for p, a in zip(model.predict(X_test), y_test, strict=True)]
    sequences = np.mean([each.any() for each in is_wrong])
    return sequences, np.concatenate(is_wrong).mean(), seconds


def compare(name, bidirectional, n_seeds):
    """Return a row: medians of the errors, and the ratio of the times."""
    runs = [
        [
            run(
                name, {"bidirectional": bidirectional, "transitions": transitions}, seed
            )
            for transitions in (False, True)
        ]
        for seed in range(n_seeds)
    ]
    errors = np.median(runs, axis=0)
    return {
        "sequences": name,
        "layers": "both directions" if bidirectional else "forward",
        "sequences wrong, steps alone": f"{errors[0, 0]:.1%}",
        "with transitions": f"{errors[1, 0]:.1%}",
        "steps wrong, steps alone": f"{errors[0, 1]:.2%}",
        "with transitions ": f"{errors[1, 1]:.2%}",
        "time of a fit": f"{median(b[2] / a[2] for a, b in runs):.2f}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(environment(1))
    rows = [
        compare(name, bidirectional, arguments.seeds)
        for name in ("marked", "unmarked", *["words"] * (pyphen is not None))
        for bidirectional in (False, True)
    ]
    print_table(f"Medians of {arguments.seeds} seeds", rows)
