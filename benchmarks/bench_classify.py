"""Learn from whole sequences of sensor values, marked numbers or letters."""

import argparse
import math
import time
import warnings
from functools import partial
from statistics import median

import numpy as np
import torch
from _data import load
from _network import ONE_LAYER
from _timing import compared, environment, interleaved, print_table
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklstm import GroupScaler, LSTMClassifier, LSTMRegressor, SequenceEncoder
from sklstm.datasets import make_adding

try:
    from aeon.classification.convolution_based import MiniRocketClassifier
except ImportError:
    MiniRocketClassifier = None

SEEDS = range(3)
UCR = ["GunPoint", "ECG200", "SwedishLeaf", "FacesUCR", "ItalyPowerDemand"]
# Engines: minimum and maximum number of cycles in a window, cycles between windows, and
# the number of remaining cycles above which an engine counts as new.
FEWEST_CYCLES, MOST_CYCLES, STRIDE, NEW = 20, 50, 10, 125
# As in Hochreiter and Schmidhuber (1997): a larger error is wrong, 3 of 2560 sequences
# may be wrong, and their network needed this number of training sequences.
TOLERANCE, N_ADDING_TEST, MOST_WRONG, MOST_PRESENTED = 0.04, 2560, 3, 74_000
N_BETWEEN_TESTS = 1000
# The start of an intron. One letter after the first two may be replaced.
MOTIF, N_FIXED = "GTAAGT", 2
N_LETTERS, N_DNA, N_DNA_TEST = 60, 3000, 2000
N_RAGGED, SHORTEST, LONGEST, N_EPOCHS = 8000, 10, 100, 10

# The last steps of a sequence that a linear model reads.
N_LAST = 20

PUBLISHED = {
    "GunPoint": "ResNet 0.991",
    "ECG200": "ResNet 0.874",
    "SwedishLeaf": "ResNet 0.956",
    "FacesUCR": "ResNet 0.955",
    "ItalyPowerDemand": "ResNet 0.963",
    "japanese_vowels": "Rocket 0.962, LSTM 0.797",
    "cmapss_fd001": "deep LSTM 16.14",
    "adding_100": "LSTM 74000",
}


def classes(folder, seed, *, name, cell="lstm"):
    """Return the accuracy on measured sequences, and those of simpler models."""
    data = load(folder, name)
    X, y, X_test, y_test = (
        data[key] for key in ("X_train", "y_train", "X_test", "y_test")
    )
    model = LSTMClassifier(cell=cell, random_state=seed)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    figures = {
        "value": model.fit(X, y).score(X_test, y_test),
        "naive": DummyClassifier().fit(X, y).score(X_test, y_test),
        "linear": linear.fit(_flat(X), y).score(_flat(X_test), y_test),
    }
    if MiniRocketClassifier is not None and not data["ragged"]:
        rocket = MiniRocketClassifier(random_state=seed)
        rocket.fit(X.transpose(0, 2, 1), y)
        figures["other"] = rocket.score(X_test.transpose(0, 2, 1), y_test)
    return figures


def _flat(sequences):
    """Return a row for each sequence; for those of unequal length, their means."""
    if isinstance(sequences, np.ndarray):
        return sequences.reshape(len(sequences), -1)
    return np.stack([sequence.mean(axis=0) for sequence in sequences])


def books(folder, seed, cell="lstm"):
    """Return the accuracy for the book of a verse, and that of TF-IDF."""
    data = load(folder, "books")
    X, y, X_test, y_test = (
        data[key] for key in ("X_train", "y_train", "X_test", "y_test")
    )
    encoder = SequenceEncoder("word", lowercase=True)
    model = make_pipeline(encoder, LSTMClassifier(cell=cell, random_state=seed))
    linear = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000),
    )
    return {
        "value": model.fit(X, y).score(X_test, y_test),
        "naive": DummyClassifier().fit(X, y).score(X_test, y_test),
        "linear": linear.fit(X, y).score(X_test, y_test),
    }


def engines(folder, seed, *, name, cell="lstm"):
    """Return the RMSE of remaining cycles, and those of simpler forecasts.

    The naive forecast is the mean life minus the age. The other figure is that of
    targets and forecasts of at most `NEW` cycles.
    """
    data = load(folder, name)
    lives, histories, actual = data["X_train"], data["X_test"], data["y_test"]
    windows, left = _cut_lives(lives, np.random.default_rng(seed))
    histories = [history[-MOST_CYCLES:] for history in histories]
    scaler = GroupScaler(groups=[0]) if name == "cmapss_fd004" else "passthrough"
    model = make_pipeline(scaler, LSTMRegressor(cell=cell, random_state=seed))
    forecast = model.fit(windows, np.minimum(left, NEW)).predict(histories)
    linear = make_pipeline(
        clone(scaler) if scaler != "passthrough" else scaler,
        FunctionTransformer(_last_steps),
        StandardScaler(),
        Ridge(100),
    )
    linear.fit(windows, np.minimum(left, NEW))
    mean_life = np.mean([len(life) for life in lives])
    naive = [max(0, mean_life - len(history)) for history in data["X_test"]]
    return {
        "value": root_mean_squared_error(actual, forecast),
        "naive": root_mean_squared_error(actual, naive),
        "linear": root_mean_squared_error(actual, linear.predict(histories)),
        "other": root_mean_squared_error(np.minimum(actual, NEW), forecast),
    }


def _last_steps(sequences):
    """Return the last steps of each sequence as a row; the first may be repeated."""
    rows = [np.arange(-N_LAST, 0).clip(-len(sequence)) for sequence in sequences]
    pairs = zip(sequences, rows, strict=True)
    return np.stack([sequence[steps].ravel() for sequence, steps in pairs])


def _cut_lives(lives, random):
    """Cut windows from the lives of engines, and count the remaining cycles."""
    windows, left = [], []
    for life in lives:
        last = len(life) - random.integers(STRIDE)
        for end in range(last, FEWEST_CYCLES - 1, -STRIDE):
            windows.append(life[max(0, end - MOST_CYCLES) : end])
            left.append(len(life) - end)
    return windows, np.array(left, float)


def adding_1997(folder, n_sequences, seed):
    """Draw sequences of 100 to 110 steps, one mark in the first ten, sums in 0 to 1."""
    parameters = {"n_train": n_sequences, "n_test": 1, "seed": seed}
    data = load(folder, "adding_100", **parameters)
    pairs = zip(data["X_train"], data["lengths_train"], strict=True)
    return [sequence[:length] for sequence, length in pairs], data["y_train"]


def adding_halves(_folder, n_sequences, seed):
    """Draw sequences of 100 steps, a mark in each half, sums in 0 to 2."""
    return make_adding(n_sequences, 100, random_state=seed)


def adding(folder, seed, *, draw, cell="lstm", max_timescale=100):
    """Return the number of sequences, each seen once, until nearly all are right."""
    # Different seeds have no draws in common.
    first = (MOST_PRESENTED // N_BETWEEN_TESTS + 2) * seed
    X_test, y_test = draw(folder, N_ADDING_TEST, first)
    model = LSTMRegressor(
        32,
        cell=cell,
        max_timescale=max_timescale,
        **ONE_LAYER,
        batch_size=10,
        dtype="float32",
        random_state=seed,
    )
    for n_draws in range(1, MOST_PRESENTED // N_BETWEEN_TESTS + 1):
        model.partial_fit(*draw(folder, N_BETWEEN_TESTS, first + n_draws))
        errors = np.abs(model.predict(X_test) - y_test)
        if np.sum(errors > TOLERANCE) <= MOST_WRONG:
            return {"value": n_draws * N_BETWEEN_TESTS}
    return {"value": math.inf}


def dna(_folder, seed, cell="lstm"):
    """Return the accuracy for a DNA motif, and that of a linear model of letters."""
    random = np.random.default_rng(seed)
    X, y = _make_dna(N_DNA, random)
    X_test, y_test = _make_dna(N_DNA_TEST, random)
    classifier = LSTMClassifier(cell=cell, random_state=seed)
    model = make_pipeline(SequenceEncoder(), classifier)
    linear = make_pipeline(OneHotEncoder(), LogisticRegression())
    linear.fit([*map(list, X)], y)
    return {
        "value": model.fit(X, y).score(X_test, y_test),
        "naive": DummyClassifier().fit(X, y).score(X_test, y_test),
        "linear": linear.score([*map(list, X_test)], y_test),
    }


def _make_dna(n_sequences, random):
    """Draw letters with a motif, or with the letters of the motif in another order."""
    sequences, labels = [], []
    while len(sequences) < n_sequences:
        is_site = len(sequences) % 2 == 0
        letters = random.choice([*"ACGT"], N_LETTERS)
        start = random.integers(N_LETTERS - len(MOTIF) + 1)
        if is_site:
            planted = np.array([*MOTIF])
            planted[random.integers(N_FIXED, len(MOTIF))] = random.choice([*"ACGT"])
        else:
            planted = random.permutation([*MOTIF])
        letters[start : start + len(MOTIF)] = planted
        sequence = "".join(letters)
        # Sequences that contain the motif by chance are drawn again.
        if _holds_motif(sequence) == is_site:
            sequences.append(sequence)
            labels.append("site" if is_site else "decoy")
    return sequences, np.array(labels)


def _holds_motif(sequence):
    """Return whether the sequence contains the motif with at most one replacement."""
    starts = range(len(sequence) - len(MOTIF) + 1)
    return any(_is_motif(sequence[start : start + len(MOTIF)]) for start in starts)


def _is_motif(part):
    differences = [a != b for a, b in zip(part, MOTIF, strict=True)]
    return not any(differences[:N_FIXED]) and sum(differences) <= 1


def compare_padding(n_rounds):
    """Time fits on a list of sequences and on the same sequences padded with zeros."""
    random = np.random.default_rng(0)
    lengths = random.integers(SHORTEST, LONGEST + 1, N_RAGGED)
    sequences = [random.normal(size=(n, 4)).astype(np.float32) for n in lengths]
    labels = random.integers(2, size=N_RAGGED)
    padded = np.zeros((N_RAGGED, LONGEST, 4), np.float32)
    for window, sequence in zip(padded, sequences, strict=True):
        window[LONGEST - len(sequence) :] = sequence
    model = LSTMClassifier(50, **ONE_LAYER, batch_size=200, max_iter=N_EPOCHS, tol=0)
    runs = {
        "ragged": partial(model.fit, sequences, labels),
        "padded by zeros": partial(model.fit, padded, labels),
    }
    sizes = f"{N_RAGGED}, {SHORTEST} to {LONGEST}, 4, 50, 200, {N_EPOCHS}"
    columns = "sequences, steps, features, hidden, batch, epochs"
    return {columns: sizes, **compared(interleaved(runs, n_rounds), unit=1)}


TASKS = {
    **{name: ("accuracy", partial(classes, name=f"ucr_{name}")) for name in UCR},
    "japanese_vowels": ("accuracy", partial(classes, name="japanese_vowels")),
    "books": ("accuracy", books),
    "dna": ("accuracy", dna),
    "cmapss_fd001": ("RMSE, cycles", partial(engines, name="cmapss_fd001")),
    "cmapss_fd004": ("RMSE, cycles", partial(engines, name="cmapss_fd004")),
    "adding_100": ("sequences", partial(adding, draw=adding_1997)),
    "adding_100, gru": ("sequences", partial(adding, draw=adding_1997, cell="gru")),
    "adding_100, max_timescale=None": (
        "sequences",
        partial(adding, draw=adding_1997, max_timescale=None),
    ),
    "make_adding": ("sequences", partial(adding, draw=adding_halves)),
    "make_adding, gru": ("sequences", partial(adding, draw=adding_halves, cell="gru")),
}
RAGGED = "ragged"


def measure(task, folder):
    """Run a task with each seed; return a row of the table."""
    metric, run = TASKS[task]
    runs, seconds = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        runs.append(run(folder, seed))
        seconds.append(time.perf_counter() - start)
    values = [one["value"] for one in runs]
    return {
        "task": task,
        "figure": metric,
        "sklstm": _short(median(values)),
        "of seeds": f"{_short(min(values))} to {_short(max(values))}",
        "naive": _median(runs, "naive"),
        "linear": _median(runs, "linear"),
        "other": _median(runs, "other"),
        "published": PUBLISHED.get(task, ""),
        "seconds": f"{median(seconds):.3g}",
    }


def _median(runs, name):
    """Return the median of a figure over the runs; "" if they do not have it."""
    values = [run[name] for run in runs if name in run]
    return _short(median(values)) if values else ""


def _short(value):
    """Format a number with four digits, or all digits of a large count."""
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    choices = [*TASKS, RAGGED]
    parser.add_argument("--tasks", nargs="+", default=choices, choices=choices)
    parser.add_argument("--rounds", type=int, default=3, help=f"of {RAGGED}")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(environment(1))
    tasks = [task for task in arguments.tasks if task != RAGGED]
    if tasks:
        rows = [measure(task, arguments.data) for task in tasks]
        print_table("Whole sequences, median of three seeds", rows)
    if RAGGED in arguments.tasks:
        rows = [compare_padding(arguments.rounds)]
        print_table("Fits on sequences of unequal length, seconds", rows)
