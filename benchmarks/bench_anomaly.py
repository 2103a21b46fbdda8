"""Benchmark anomaly detection on NAB, spacecraft telemetry and a simulated machine."""

import argparse
import time
from statistics import median

import numpy as np
import pandas as pd
import torch
from _data import load_module
from _timing import environment, in_fresh_process, print_table

from sklstm import LSTMOutlierDetector
from sklstm._anomaly.events import runs_of_outliers
from sklstm._anomaly.ranges import PastExtremes, distances_from_range, extremes
from sklstm.anomaly import default_estimator
from sklstm.datasets import make_machine

SEEDS = range(3)
RANGE_WINDOW = 10_000
# Rows without an outlier that separate two events on telemetry.
MIN_GAP = 50
# Scores of the standard profile, from the scoreboard of NAB and with a refractory
# period.
PUBLISHED = "windowed Gaussian 39.65, EWMA with refractory period 45.4, KNN-CAD 58.0"

# VmHWM is the peak of this process; `ru_maxrss` starts with that of its parent.
PEAK = """
import re, warnings
from pathlib import Path
import numpy as np
from sklstm import LSTMOutlierDetector, LSTMRegressor
warnings.simplefilter("ignore")
status = Path("/proc/self/status").read_text
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", status())[1])
series = np.random.default_rng(0).normal(size=(1_000_000, 1))
network = LSTMRegressor(2, max_iter=1)
model = LSTMOutlierDetector(network, window_size={}, distance="{}").fit(series[:5000])
model.score_samples(series[:20_000])
before = peak()
model.score_samples(series)
print((peak() - before) * 1024 / 1e6)
"""


def n_training_rows(values):
    """Return the number of rows that NAB does not score, for training."""
    return min(int(0.15 * len(values)), 750)


def detector(**settings):
    """Return a function of values and seed that returns distances and labels."""

    def scored(values, seed):
        X = values[:, None]
        model = LSTMOutlierDetector(random_state=seed, **settings)
        distances = -model.fit(X[: n_training_rows(values)]).score_samples(X)
        return distances, distances > -model.offset_

    return scored


def from_ewma(values, halflife):
    """Subtract the exponentially weighted mean of the rows before."""
    means = pd.Series(values).ewm(halflife=halflife).mean().shift(1)
    return np.nan_to_num(values - means)


def z_scores(values, halflife=200):
    """Compute z-scores from the exponentially weighted mean and standard deviation."""
    deviations = pd.Series(values).ewm(halflife=halflife).std(bias=True).shift(1)
    deviations = deviations.where(deviations > 0)
    return np.nan_to_num(np.abs(from_ewma(values, halflife)) / deviations)


def peaks(scores, n_rows=300):
    """Keep scores above the maximum of the rows before; replace others by 0."""
    before = pd.Series(scores).shift(1).rolling(n_rows, min_periods=1).max()
    return np.where(scores > before.fillna(np.inf), scores, 0)


def by_range(*columns):
    """Compute distances from the range of the rows before, as the detector does."""
    columns = np.transpose(columns)
    first = extremes(columns[: n_training_rows(columns)])
    past = PastExtremes.from_bounds(first)
    return distances_from_range(columns, past.ranges(columns, RANGE_WINDOW))


# Functions of the values.
BASELINES = {
    "EWMA z-score of values": z_scores,
    "... above the maximum of the 300 rows before": lambda x: peaks(z_scores(x)),
    "values by their range": by_range,
    "... and differences by theirs": lambda x: by_range(x, np.diff(x, prepend=x[0])),
    "... and values minus EWMA": lambda x: by_range(x, from_ewma(x, 200)),
}
# Functions of the values and a seed.
DETECTORS = {
    "forecast, mahalanobis": detector(),
    "forecast, range": detector(distance="range"),
    "reconstruction, mahalanobis": detector(method="reconstruction", window_size=30),
    "reconstruction, range": detector(
        method="reconstruction", window_size=30, distance="range"
    ),
}


class Scorer:
    """Score of the standard profile of NAB, with one threshold for all streams."""

    def __init__(self, folder):
        module = load_module(folder)
        self.task, self.score = module.load("nab"), module.nab_score
        self.streams = {
            name: stream["values"].astype(float)
            for name, stream in self.task["series"].items()
        }
        names = sorted(self.streams)
        self.halves = names[::2], names[1::2]

    def of(self, scores, threshold=None, names=None):
        """Return the score and the threshold; with None, the best threshold."""
        names = self.streams if names is None else names
        series = {name: self.task["series"][name] for name in names}
        chosen = {name: scores[name] for name in names}
        return self.score({"series": series}, chosen, threshold)

    def summary(self, scores, labels=None):
        """Return the scores of all streams, of each half, and of labels.

        The threshold is the best one of all streams, or of the first half.
        """
        best, threshold = self.of(scores, names=self.halves[0])
        cells = {
            "NAB": self.of(scores)[0],
            "half": best,
            "other half": self.of(scores, threshold, self.halves[1])[0],
        }
        if labels is not None:
            cells["by predict"] = self.of(labels, 0.5)[0]
            rows = sum(map(len, labels.values()))
            cells["in 1000"] = 1000 * sum(map(np.sum, labels.values())) / rows
        return cells


def measure_baseline(name, scorer):
    """Return the row of a baseline in the table."""
    start = time.perf_counter()
    scores = {name_: BASELINES[name](x) for name_, x in scorer.streams.items()}
    seconds = time.perf_counter() - start
    return as_row(name, [scorer.summary(scores)], seconds)


def measure_detector(name, scorer):
    """Return the row of a detector in the table, over all seeds."""
    runs, seconds = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        results = {key: DETECTORS[name](x, seed) for key, x in scorer.streams.items()}
        seconds.append(time.perf_counter() - start)
        scores, labels = (
            {key: result[place] for key, result in results.items()} for place in (0, 1)
        )
        labels = {key: label.astype(float) for key, label in labels.items()}
        for label in labels.values():
            label[: n_training_rows(label)] = 0
        runs.append(scorer.summary(scores, labels))
    return as_row(name, runs, median(seconds))


def as_row(name, runs, seconds):
    """Format the median of the runs, and the range over seeds of the first column."""
    row = {"score": name}
    for column in ("NAB", "half", "other half", "by predict", "in 1000"):
        values = [run[column] for run in runs if column in run]
        row[column] = f"{median(values):.1f}" if values else ""
        if column == "NAB":
            is_one = len(values) == 1
            span = "" if is_one else f"{min(values):.1f} to {max(values):.1f}"
            row["over seeds"] = span
    return row | {"seconds": f"{seconds:.3g}"}


class Telemetry:
    """Event scores of detectors on the telemetry of a spacecraft."""

    def __init__(self, folder):
        module = load_module(folder)
        self.channels, self.count = module.load("msl")["series"], module.event_counts

    def measure(self, name, events_of):
        """Return the row of a detector in the table, over all seeds.

        `events_of` is a function of the rows to fit, the rows to score and a seed. It
        returns the first and the last row of each event.
        """
        runs = [self.score(events_of, seed) for seed in SEEDS]
        # The run with the median score.
        f1, found, false, missed, share = sorted(runs)[len(runs) // 2]
        return {
            "alarms": name,
            "event F1": f"{f1:.3f}",
            "over seeds": f"{min(runs)[0]:.3f} to {max(runs)[0]:.3f}",
            "found": str(found),
            "false": str(false),
            "missed": str(missed),
            "rows flagged": f"{100 * share:.1f} %",
        }

    def score(self, events_of, seed):
        """Return the F1 score of the events of all channels, and their counts."""
        counts, n_flagged, n_rows = np.zeros(3, dtype=int), 0, 0
        for channel in self.channels.values():
            fitted, scored = (channel[k].astype(float) for k in ("train", "test"))
            events = np.array(events_of(fitted, scored, seed), dtype=int).reshape(-1, 2)
            counts += self.count(events, channel["anomalies"])
            n_flagged += (events[:, 1] - events[:, 0] + 1).sum()
            n_rows += len(scored)
        found, false, missed = counts.tolist()
        f1 = 2 * found / (2 * found + false + missed)
        return f1, found, false, missed, n_flagged / n_rows


def detected_events(fitted, scored, seed, cell="lstm"):
    """Return the events of the detector with its default parameters."""
    detector = LSTMOutlierDetector(default_estimator().set_params(cell=cell))
    events = detector.set_params(random_state=seed).fit(fitted).events(scored)
    return events[["start", "end"]].to_numpy()


def detected_rows(fitted, scored, seed):
    """Return the runs of outliers of the detector, without pruning."""
    labels = LSTMOutlierDetector(random_state=seed).fit(fitted).predict(scored)
    return runs_of_outliers(labels == -1, MIN_GAP)


def far_from_the_mean(fitted, scored, _):
    """Return runs of values that are farther from the mean than all in training."""
    center = fitted[:, 0].mean()
    largest = np.abs(fitted[:, 0] - center).max()
    return runs_of_outliers(np.abs(scored[:, 0] - center) > largest + 1e-9, MIN_GAP)


def large_changes(fitted, scored, _):
    """Return runs of changes that are larger than all in training."""
    largest = np.abs(np.diff(fitted[:, 0])).max()
    changes = np.abs(np.diff(scored[:, 0], prepend=scored[0, 0]))
    return runs_of_outliers(changes > largest + 1e-9, MIN_GAP)


# Functions of the rows to fit, the rows to score and a seed.
ALARMS = {
    "abs(x - mean) larger than in training": far_from_the_mean,
    "change larger than in training": large_changes,
    "LSTMOutlierDetector, predict": detected_rows,
    "LSTMOutlierDetector, events": detected_events,
}


def measure_machine():
    """Return the table of the faults of simulated machines that are found."""
    rows = []
    for distance in ("mahalanobis", "range"):
        shares = []
        for seed in range(8):
            X, y = make_machine(random_state=seed)
            model = LSTMOutlierDetector(distance=distance, random_state=seed)
            is_outlier = model.fit(X[:2000]).predict(X[2000:]) == -1
            is_fault = y[2000:].to_numpy() == -1
            n_found = (is_outlier & is_fault).sum()
            shares.append((n_found / is_fault.sum(), n_found / is_outlier.sum()))
        found, right = np.mean(shares, axis=0)
        row = {"distance": distance, "faulty rows found": f"{found:.2f}"}
        rows.append(row | {"alarms that are right": f"{right:.2f}"})
    return rows


def measure_memory():
    """Return the rows of a table of the memory that scoring a million rows needs."""
    return [
        {
            "distance": distance,
            "window_size": str(window_size),
            "MB": f"{in_fresh_process(PEAK.format(window_size, distance)):.0f}",
        }
        for distance in ("mahalanobis", "range")
        for window_size in (10, 100)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(environment(1))
    telemetry = Telemetry(arguments.data)
    rows = [telemetry.measure(name, ALARMS[name]) for name in ALARMS]
    print_table("Telemetry (msl); the LSTM of telemanom has .836", rows)
    print_table("make_machine, mean of eight seeds", measure_machine())
    scorer = Scorer(arguments.data)
    rows = [measure_baseline(name, scorer) for name in BASELINES]
    print_table(f"NAB, baselines; published: {PUBLISHED}", rows)
    rows = [measure_detector(name, scorer) for name in DETECTORS]
    print_table("NAB, LSTMOutlierDetector, median of three seeds", rows)
    print_table("Memory to score 1 000 000 rows (8 MB)", measure_memory())
