"""Programs to compare, which train the same network in the same manner.

A peer is a class with the methods `fit` and `predict` and a list of the packages that
it needs. It is left out if one of them is not installed. Imports are in `__init__`, so
that they are not part of the time of `fit`.
"""

import os
import time
import warnings
from importlib.util import find_spec
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from _network import ONE_LAYER
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LEARNING_RATE = 0.01


class Workload(NamedTuple):
    """Size of a training run."""

    n_windows: int
    n_timesteps: int
    n_features: int
    hidden: int
    batch_size: int
    epochs: int

    def __str__(self):
        return ", ".join(map(str, self))

    @property
    def n_steps(self):
        """Number of training steps of one fit."""
        return self.epochs * ceil(self.n_windows / self.batch_size)

    def data(self):
        """Draw windows of noise and compute targets from them, in single precision.

        The peers compute in single precision.
        """
        random = np.random.default_rng(0)
        X = random.normal(size=self[:3]).astype(np.float32)
        return X, X.mean(axis=(1, 2), dtype=np.float32)


WORKLOADS = [
    Workload(48, 6, 1, 50, 32, 100),
    Workload(8000, 24, 8, 64, 64, 3),
    Workload(4000, 96, 7, 128, 256, 2),
]
COLUMNS = "windows, steps, features, hidden, batch, epochs"


class LastState(nn.Module):
    """PyTorch's LSTM with a linear layer on its last state."""

    def __init__(self, n_features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, windows):
        states, _ = self.lstm(windows)
        return self.head(states[:, -1])


class Sklstm:
    def __init__(self, workload):
        from sklearn.exceptions import ConvergenceWarning

        from sklstm import LSTMRegressor

        warnings.simplefilter("ignore", ConvergenceWarning)
        self.model = LSTMRegressor(
            workload.hidden,
            **ONE_LAYER | {"learning_rate_init": LEARNING_RATE},
            batch_size=workload.batch_size,
            max_iter=workload.epochs,
            max_grad_norm=None,
            tol=0,
            # Run all epochs, whatever the loss.
            n_iter_no_change=workload.epochs,
        )

    def fit(self, X, y):
        self.model.fit(X, y)

    def predict(self, X):
        return self.model.predict(X)


class Skorch:
    packages = ("skorch",)

    def __init__(self, workload):
        from skorch import NeuralNetRegressor

        self.model = NeuralNetRegressor(
            LastState,
            module__n_features=workload.n_features,
            module__hidden=workload.hidden,
            batch_size=workload.batch_size,
            max_epochs=workload.epochs,
            lr=LEARNING_RATE,
            optimizer=torch.optim.Adam,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )

    def fit(self, X, y):
        self.model.fit(X, y[:, None])

    def predict(self, X):
        return self.model.predict(X)


class BareTorch:
    packages = ("torch",)

    def __init__(self, workload):
        self.workload = workload

    def fit(self, X, y):
        workload = self.workload
        self.network = LastState(workload.n_features, workload.hidden)
        rows = TensorDataset(torch.from_numpy(X), torch.from_numpy(y[:, None]))
        batches = DataLoader(rows, workload.batch_size, shuffle=True)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)
        loss_function = nn.MSELoss()
        for _ in range(workload.epochs):
            for windows, targets in batches:
                optimizer.zero_grad()
                loss_function(self.network(windows), targets).backward()
                optimizer.step()

    def predict(self, X):
        with torch.inference_mode():
            return self.network(torch.from_numpy(X)).numpy()


class KerasOnJax:
    packages = ("keras", "jax")

    def __init__(self, workload):
        os.environ.setdefault("KERAS_BACKEND", "jax")
        if torch.get_num_threads() == 1:
            flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
            os.environ.setdefault("XLA_FLAGS", flags)
        import keras

        self.workload = workload
        shape = workload.n_timesteps, workload.n_features
        self.model = keras.Sequential(
            [
                keras.layers.Input(shape),
                keras.layers.LSTM(workload.hidden),
                keras.layers.Dense(1),
            ]
        )
        self.model.compile(keras.optimizers.Adam(LEARNING_RATE), "mse")

    def fit(self, X, y):
        workload = self.workload
        self.model.fit(X, y, workload.batch_size, workload.epochs, verbose=0)

    def predict(self, X):
        return self.model.predict(X, batch_size=1024, verbose=0)


OTHERS = {"skorch": Skorch, "bare PyTorch": BareTorch, "Keras on JAX": KerasOnJax}
# The first one is compared with the others, which may not be installed.
PEERS = {"sklstm": Sklstm} | {
    name: peer for name, peer in OTHERS.items() if all(map(find_spec, peer.packages))
}


def first_fit(name, workload):
    """Time the first fit of this process by a peer, without its imports."""
    model = PEERS[name](workload)
    X, y = workload.data()
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start
