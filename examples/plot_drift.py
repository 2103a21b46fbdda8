"""
================================
A machine that changes over time
================================

A model is fitted once, but the machine that it describes changes: a filter clogs, a
sensor is replaced. This example watches the errors of each new chunk of rows. When they
grow, it either trains a new network or goes on with the old one. It compares both with
doing nothing.
"""

# %%
# A machine that changes twice
# ----------------------------
#
# The temperature of a machine follows its load. It warms up faster than it cools down.
# After 4000 rows, it cools down more slowly; after 6000 rows, a new sensor returns
# smaller values.
from copy import deepcopy

import numpy as np
import pandas as pd

random = np.random.default_rng(0)
N_ROWS, N_FIRST, CHUNK = 8000, 3000, 200

load = np.repeat(random.random(N_ROWS // 10) < 0.4, 10) * random.uniform(0.5, 1, N_ROWS)
temperature, heat = np.empty(N_ROWS), 0.0
for row, power in enumerate(load):
    cooling = 0.15 if row < 4000 else 0.05
    heat += (0.5 if power > heat else cooling) * (power - heat)
    temperature[row] = heat * (1.0 if row < 6000 else 0.7)
temperature += random.normal(scale=0.01, size=N_ROWS)

minutes = pd.date_range("2024-01-01", periods=N_ROWS, freq="min")
X, y = pd.DataFrame({"load": load}, minutes), pd.Series(temperature, minutes)

# %%
# The first model
# ---------------
#
# The windows are computed once for all rows. Each window ends with its own row, so no
# model sees the future.
from sklearn.linear_model import Ridge

from sklstm import LSTMRegressor, SlidingWindowTransformer

windows = SlidingWindowTransformer(window_size=30).fit_transform(X)
target = y.to_numpy()


def new_network(rows):
    """Return a network that was trained on some rows."""
    network = LSTMRegressor(
        (12,),
        bidirectional=False,
        conv_filters=(),
        batch_size=32,
        learning_rate="constant",
        learning_rate_init=0.01,
        random_state=0,
    )
    return go_on(network, rows, n_epochs=10)


def go_on(network, rows, n_epochs=5):
    """Train a network further on some rows."""
    for _ in range(n_epochs):
        network.partial_fit(windows[rows], target[rows])
    return network


def new_ridge(rows):
    """Return a ridge regression on the values of each window."""
    return Ridge().fit(windows[rows][:, :, 0], target[rows])


# %%
# When errors grow
# ----------------
#
# Errors have grown if the mean absolute error of a chunk is 1.5 times the median of the
# ten chunks before. The models then learn the last 400 rows, which are two chunks, and
# do so again after the next two chunks: by then, there are more rows since the change.
N_RECENT, GROWTH, N_AGAIN = 400, 1.5, 4


class Model:
    """A model that is replaced, or trained further, when its errors have grown."""

    def __init__(self, model):
        self.model = deepcopy(model)

    def predict(self, rows):
        """Predict some rows with the current model."""
        inputs = windows[rows]
        is_ridge = isinstance(self.model, Ridge)
        return self.model.predict(inputs[:, :, 0] if is_ridge else inputs)

    def learn(self, rows):
        """Do nothing."""


class NewNetwork(Model):
    def learn(self, rows):
        self.model = new_network(rows)


class SameNetwork(Model):
    def learn(self, rows):
        self.model = go_on(self.model, rows)


class NewRidge(Model):
    def learn(self, rows):
        self.model = new_ridge(rows)


def run(model):
    """Return the error of each chunk."""
    errors, n_left = [], 0
    for start in range(N_FIRST, N_ROWS, CHUNK):
        rows = slice(start, start + CHUNK)
        error = np.abs(model.predict(rows) - target[rows]).mean()
        if len(errors) >= 3 and error > GROWTH * np.median(errors[-10:]):
            n_left = N_AGAIN
        errors.append(error)
        if n_left:
            model.learn(slice(rows.stop - N_RECENT, rows.stop))
            n_left -= 1
    return errors


first_rows = slice(0, N_FIRST)
network, ridge = new_network(first_rows), new_ridge(first_rows)
models = {
    "no further training": Model(network),
    "a new network": NewNetwork(network),
    "the network goes on": SameNetwork(network),
    "a new ridge regression": NewRidge(ridge),
}
errors = {name: run(model) for name, model in models.items()}
means = {name: np.mean(of_model) for name, of_model in errors.items()}
for name, mean in means.items():
    print(f"{name:<23} {mean:.4f}")

# %%
# The network that goes on is at least as good as a new one, with half of the epochs:
# much of what it has learned about the load still holds. A linear model learns from few
# rows, too, but cannot describe a machine that warms up faster than it cools down.
import matplotlib.pyplot as plt

_, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
starts = range(N_FIRST, N_ROWS, CHUNK)
for name, of_model in errors.items():
    ax.plot(starts, of_model, ".-", label=name)
for change in (4000, 6000):
    ax.axvline(change, color="0.6", linestyle=":")
ax.set(xlabel="first row of the chunk", ylabel="mean absolute error", yscale="log")
ax.legend()
plt.show()

assert max(means, key=means.get) == "no further training"
assert means["the network goes on"] < 1.1 * means["a new network"]
assert means["the network goes on"] < means["a new ridge regression"]
