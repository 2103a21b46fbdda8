"""
================================
Data that do not fit into memory
================================

A year of sensor values may be larger than the memory of a computer. This example trains
a network on a file: only one batch of windows at a time is in memory. Then it learns
the same file in chunks, as they might arrive day by day.
"""

# %%
# A file of sensor values
# -----------------------
#
# A machine warms up under load and cools down again. The file holds its load and its
# temperature, one row a second. We write it chunk by chunk, so that it may be of any
# size.
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

N_ROWS, CHUNK = 200_000, 20_000
folder = TemporaryDirectory()
path = Path(folder.name) / "sensors.npy"
random = np.random.default_rng(0)


def simulate(n_rows, heat):
    """Return load and temperature; the machine warms up faster than it cools down."""
    is_on = np.repeat(random.random(n_rows // 20) < 0.4, 20)
    load = is_on * random.uniform(0.5, 1.0, n_rows)
    temperature = np.empty(n_rows)
    for row, power in enumerate(load):
        heat += (0.2 if power > heat else 0.1) * (power - heat)
        temperature[row] = heat
    noise = random.normal(scale=0.02, size=n_rows)
    return np.column_stack([load, temperature + noise]), heat


file = np.lib.format.open_memmap(path, "w+", np.float32, (N_ROWS, 2))
heat = 0.0
for start in range(0, N_ROWS, CHUNK):
    file[start : start + CHUNK], heat = simulate(CHUNK, heat)
file.flush()
print(f"{path.stat().st_size / 1e6:.1f} MB on disk")

# %%
# Fit to the file
# ---------------
#
# With ``mmap_mode="r"``, NumPy loads a part of the file when it is needed.
# :func:`~sklstm.make_windows` returns a view of the file. All windows together would
# take sixteen times the memory of the series, but `fit` and `predict` load one batch
# after another. The last tenth of the rows is for the test.
from sklearn.metrics import r2_score

from sklstm import LSTMRegressor, make_windows

series = np.load(path, mmap_mode="r")
windows, targets, _ = make_windows(series[:, :1], series[:, 1], window_size=16)
n_train = len(windows) * 9 // 10
test = slice(n_train + 16, None)

model = LSTMRegressor(
    (16,),
    bidirectional=False,
    conv_filters=(),
    learning_rate="constant",
    learning_rate_init=0.01,
    batch_size=512,
    random_state=0,
)
for _ in range(2):  # each call is one pass over the training windows
    model.partial_fit(windows[:n_train], targets[:n_train])
of_file = r2_score(targets[test], model.predict(windows[test]))

# %%
# A ridge regression on the same windows is the simple model to compare with. It copies
# its input, so it gets every fifth window only.
from sklearn.linear_model import Ridge

every = slice(0, n_train, 5)
ridge = Ridge().fit(windows[every, :, 0], targets[every])
of_ridge = r2_score(targets[test], ridge.predict(windows[test][:, :, 0]))
print(f"R2 of the network {of_file:.3f}, of ridge regression {of_ridge:.3f}")
assert of_file > of_ridge

# %%
# Learn in chunks
# ---------------
#
# If the data arrive in chunks, or are in a format that cannot be mapped, such as
# Parquet, `partial_fit` learns one chunk at a time. The mean and the standard deviation
# of the first chunk scale all chunks, so it should be a typical one.
from sklearn.base import clone

in_chunks = clone(model)
curve = []
for start in range(0, n_train, CHUNK):
    rows = slice(start, min(start + CHUNK, n_train))
    in_chunks.partial_fit(windows[rows], targets[rows])
    curve.append(r2_score(targets[test], in_chunks.predict(windows[test])))

# %%
# After one pass over the chunks, the network is close to that of two passes over the
# file.
import matplotlib.pyplot as plt

_, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.plot(np.arange(1, len(curve) + 1), curve, "o-", label="chunk by chunk")
ax.axhline(of_file, linestyle="--", color="C2", label="two passes over the file")
ax.axhline(of_ridge, linestyle=":", color="C1", label="ridge regression")
ax.set(xlabel="chunks learned", ylabel="R2 on the last rows")
ax.legend()
plt.show()

assert curve[-1] > of_ridge
del series, windows, targets, file  # close the file, which Windows needs to delete it
folder.cleanup()
