"""Learn the tasks of the other benchmarks with each cell; print scores and seconds."""

import argparse
import time
import warnings
from functools import partial
from statistics import median

import bench_anomaly
import bench_classify
import bench_forecast
import bench_tags
import bench_transcribe
import bench_translate
import numpy as np
import torch
from _data import load
from _network import ONE_LAYER
from _timing import environment, print_table
from sklearn.exceptions import ConvergenceWarning

from sklstm import LSTMLanguageModel, LSTMRegressor
from sklstm.datasets import make_adding, make_dates
from sklstm.forecasting import default_regressor

CELLS = ["lstm", "gru", "transformer"]
N_ADDING, N_ADDING_TEST = 4000, 2560
# Smaller networks and fewer epochs than in `bench_language.py`.
LANGUAGE = {"hidden_layer_sizes": (256,), "batch_size": 64, "max_iter": 10}
# One layer, whatever the number of pairs, and fewer epochs than by default.
TRANSLATION = {"hidden_layer_sizes": (256,), "dropout": 0.4, "max_iter": 10}


def whole_sequences(folder, seed, cell, *, run):
    """Return the figure of a task of `bench_classify.py`."""
    return run(folder, seed, cell=cell)["value"]


def adding(_folder, seed, cell, *, n_timesteps):
    """Return the mean squared error of the sums of two marked numbers."""
    X, y = make_adding(N_ADDING + N_ADDING_TEST, n_timesteps, random_state=seed)
    settings = ONE_LAYER | {"learning_rate": "cosine", "batch_size": 10}
    model = LSTMRegressor(
        32,
        cell=cell,
        max_timescale=None if cell == "transformer" else n_timesteps,
        **settings,
        dtype="float32",
        max_iter=10,
        random_state=seed,
    )
    model.fit(X[:N_ADDING], y[:N_ADDING])
    return np.mean((model.predict(X[N_ADDING:]) - y[N_ADDING:]) ** 2)


def tags(_folder, seed, cell, *, name):
    """Return the percent of wrong steps of a task of `bench_tags.py`."""
    settings = {"bidirectional": True, "transitions": False, "cell": cell}
    return 100 * bench_tags.run(name, settings, seed)[1]


def translate(_folder, seed, cell, *, draw):
    """Return the percent of wrong targets of a task of `bench_translate.py`."""
    settings = {"random_state": seed, "cell": cell, **TRANSLATION}
    row = bench_translate.learn_exactly("", draw(), settings)
    return float(row["error"])


def pronounce(folder, seed, cell):
    """Return the percent of wrong phones of words."""
    settings = {"random_state": seed, "cell": cell, **TRANSLATION}
    row = bench_translate.learn_pronunciations(folder, "g2p_quarter", settings)
    return float(row["error"].split("/")[0])


def language(folder, seed, cell):
    """Return the bits per letter of verses."""
    data = load(folder, "kjv")
    model = LSTMLanguageModel(cell=cell, random_state=seed, **LANGUAGE)
    model.fit(data["X_train"])
    return -model.score(data["X_test"]) / np.log(2)


def transcribe(folder, seed, cell):
    """Return the percent of wrong digits of new voices."""
    data = load(folder, "spoken_digits")
    return bench_transcribe.measure(data, seed, cell)["digits"]


def forecast(folder, seed, cell):
    """Return the error of retail sales, corrected by a network of the cell."""
    regressor = default_regressor().set_params(cell=cell)
    settings = partial(bench_forecast.forecast, regressor=regressor)
    return bench_forecast.retail(settings, folder, seed)[0]


def detect(folder, seed, cell):
    """Return the F1 score of events on the telemetry of a spacecraft."""
    events_of = partial(bench_anomaly.detected_events, cell=cell)
    return bench_anomaly.Telemetry(folder).score(events_of, seed)[0]


# The figure and the function of each task.
TASKS = {
    **{
        name: (figure, partial(whole_sequences, run=run))
        for name, (figure, run) in bench_classify.TASKS.items()
        if figure != "sequences"
    },
    "adding, 30 steps": ("MSE", partial(adding, n_timesteps=30)),
    "adding, 100 steps": ("MSE", partial(adding, n_timesteps=100)),
    "tags, marked": ("% wrong", partial(tags, name="marked")),
    "tags, unmarked": ("% wrong", partial(tags, name="unmarked")),
    "dates": (
        "% wrong",
        partial(translate, draw=partial(make_dates, 11_000, random_state=0)),
    ),
    "sums": ("% wrong", partial(translate, draw=bench_translate.sums)),
    "g2p_quarter": ("% phones wrong", pronounce),
    "kjv": ("bits per letter", language),
    "spoken_digits": ("% wrong", transcribe),
    "retail": ("% error", forecast),
    "telemetry": ("event F1", detect),
}


def measure(task, cells, folder, seeds):
    """Return a row of the table: the score and the seconds of a run by cell."""
    figure, run = TASKS[task]
    row = {"task": task, "figure": figure}
    for cell in cells:
        scores, seconds = [], []
        for seed in seeds:
            start = time.process_time()
            scores.append(run(folder, seed, cell))
            seconds.append(time.process_time() - start)
        row[cell] = f"{median(scores):.3g}"
        row[f"{cell}, seconds"] = f"{median(seconds):.3g}"
    return row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--cells", nargs="+", default=CELLS, choices=[*CELLS, "rnn"])
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(environment(1))
    data = arguments.cells, arguments.data, range(arguments.seeds)
    for task in arguments.tasks:
        print_table(
            f"{task}, median of {arguments.seeds} seeds", [measure(task, *data)]
        )
