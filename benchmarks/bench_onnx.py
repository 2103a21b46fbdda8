"""Time one row after another: predict, a stream, ONNX Runtime and other programs.

With --int8, compare an ONNX model with its dynamic quantization to 8 bits instead.
"""

import tempfile
import warnings
from collections import deque
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from _network import ONE_LAYER
from _peers import PEERS, LastState, Workload
from _timing import compared, interleaved, parse_arguments, print_table
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import QuantType, quantize_dynamic
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from sklstm import LSTMRegressor, SlidingWindowTransformer
from sklstm.export import to_onnx
from sklstm.streaming import Stream

# Steps, features and units of the networks.
SIZES = [(24, 8, 64), (96, 8, 64), (96, 8, 256)]
N_TRAINING = 400
# Rows of one run, after which the next program has its turn.
N_ROWS = 20
# Windows of one call, in the other tables.
N_WINDOWS = 256


def series(n_features):
    """Return rows of noise in single precision, and the target of each row."""
    rows = np.random.default_rng(0).normal(size=(N_TRAINING, n_features))
    return rows.astype(np.float32), rows.mean(axis=1, dtype=np.float32)


def fitted_pipeline(n_timesteps, n_features, hidden):
    """Fit windows and a network for one epoch, as its accuracy does not matter here."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    regressor = LSTMRegressor(hidden, **ONE_LAYER, max_iter=1, dtype="float32")
    windower = SlidingWindowTransformer(n_timesteps, shift=1)
    rows, y = series(n_features)
    return make_pipeline(windower, regressor).fit(rows, y)


def session_of(model, n_threads):
    """Open a session of ONNX Runtime from the bytes or the path of a model."""
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = n_threads
    return InferenceSession(model, options)


class Windows:
    """The last rows, as the window of one prediction."""

    def __init__(self, n_timesteps, n_features, predict):
        self.rows, _ = series(n_features)
        self.predict = predict
        self.window = deque(self.rows[:n_timesteps], n_timesteps)

    def __call__(self):
        for row in self.rows[-N_ROWS:]:
            self.window.append(row)
            self.predict(np.stack(self.window)[None])


class Streamed:
    """A stream, which stores the rows itself."""

    def __init__(self, model, n_features):
        self.rows, _ = series(n_features)
        self.stream = Stream(model)

    def __call__(self):
        for i in range(N_ROWS):
            self.stream.update(self.rows[i : i + 1]).predict()


class DeepRiver:
    """A network that is trained for one step with each row, and then predicts."""

    def __init__(self, n_timesteps, n_features, hidden):
        from deep_river.regression import RollingRegressor

        class OneWindow(LastState):
            def forward(self, steps):  # (n_timesteps, 1, n_features)
                return super().forward(steps.transpose(0, 1))

        rows, self.y = series(n_features)
        names = [f"x{i}" for i in range(n_features)]
        self.rows = pd.DataFrame(rows, columns=names).to_dict("records")
        network = OneWindow(n_features, hidden)
        self.model = RollingRegressor(network, "mse", "adam", window_size=n_timesteps)
        for row, target in zip(self.rows[:n_timesteps], self.y, strict=False):
            self.model.learn_one(row, target)

    def __call__(self):
        for row, target in zip(self.rows[-N_ROWS:], self.y[-N_ROWS:], strict=True):
            self.model.learn_one(row, target)


def one_row_at_a_time(size, arguments):
    """Time all programs; return a row of a table."""
    n_timesteps, n_features, _ = size
    model = fitted_pipeline(*size)
    session = session_of(to_onnx(model[-1]).SerializeToString(), arguments.threads)
    windows = partial(Windows, n_timesteps, n_features)
    runs = {
        "predict": windows(model[-1].predict),
        "stream": Streamed(model, n_features),
        "ONNX Runtime": windows(lambda window: session.run(None, {"X": window})),
    }
    if "skorch" in PEERS:
        workload = Workload(64, *size, batch_size=64, epochs=1)
        skorch = PEERS["skorch"](workload)
        skorch.fit(*workload.data())
        runs["skorch"] = windows(skorch.predict)
    if find_spec("deep_river"):
        runs["deep-river"] = DeepRiver(*size)
    first = {"steps, features, hidden": ", ".join(map(str, size))}
    return first | compared(interleaved(runs, arguments.rounds), 1e-6 * N_ROWS)


def many_windows(size, arguments):
    """Time the prediction of many windows in one call; return a row of a table."""
    model = fitted_pipeline(*size)[-1]
    session = session_of(to_onnx(model).SerializeToString(), arguments.threads)
    X = windows_of_noise(N_WINDOWS, size)
    runs = {
        "predict": partial(model.predict, X),
        "ONNX Runtime": partial(session.run, None, {"X": X}),
    }
    first = {"steps, features, hidden": ", ".join(map(str, size))}
    return first | compared(interleaved(runs, arguments.rounds), 1e-3)


def windows_of_noise(n_windows, size):
    """Return windows in single precision, (n_windows, n_timesteps, n_features)."""
    X = np.random.default_rng(0).normal(size=(n_windows, *size[:2]))
    return X.astype(np.float32)


def quantized(size, n_windows, arguments):
    """Time a model and its quantization to 8 bits; return a row of a table."""
    model = fitted_pipeline(*size)[-1]
    given = {"X": windows_of_noise(n_windows, size)}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("float.onnx", "int8.onnx")]
        to_onnx(model, paths[0])
        # Without VNNI, sums of products of 8 bits overflow unless weights have 7.
        quantize_dynamic(*paths, weight_type=QuantType.QInt8, reduce_range=True)
        sessions = [session_of(path, arguments.threads) for path in paths]
        bytes_of = [path.stat().st_size for path in paths]
    names = "float32", "int8"
    runs = {
        name: partial(session.run, None, given)
        for name, session in zip(names, sessions, strict=True)
    }
    results = [run()[0] for run in runs.values()]
    first = {
        "steps, features, hidden": ", ".join(map(str, size)),
        "windows": str(n_windows),
    }
    last = {
        "file, int8 / float32": f"{bytes_of[1] / bytes_of[0]:.2f}",
        "largest difference": f"{np.abs(results[1] - results[0]).max():.2g}",
    }
    return first | compared(interleaved(runs, arguments.rounds), 1e-6) | last


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=15, flags=("--int8",))
    print(f"onnxruntime {version('onnxruntime')}")
    if arguments.int8:
        sizes = [(96, 8, 64), (96, 8, 256)]
        rows = [quantized(s, n, arguments) for s in sizes for n in (1, N_WINDOWS)]
        print_table("ONNX Runtime, microseconds a call", rows)
    else:
        rows = [one_row_at_a_time(size, arguments) for size in SIZES]
        print_table("One row at a time, microseconds a row", rows)
        rows = [many_windows(size, arguments) for size in SIZES]
        print_table(f"{N_WINDOWS} windows in one call, milliseconds", rows)
