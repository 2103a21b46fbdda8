"""Train the networks that ship with LSTMForecaster, on made-up series alone.

Run `python tools/pretrain_forecaster.py` in a clone of the repository. It writes
`sklstm/_forecast/weights.npz` and, beside it, its log. Each network is trained in a
process of its own. No data are read: after the imports, an audit hook raises an error
when a file other than a Python module is opened for reading.
"""

import argparse
import math
import multiprocessing
import os
import platform
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from sklstm._forecast.bases import base_forecasts, context_size
from sklstm._forecast.pretrained import VERSION, WEIGHTS, new_network, to_numbers
from sklstm._nn.mixture import MixtureRows
from sklstm._nn.optimizers import FlatWeights, make_optimizer
from sklstm._nn.runtime import random_generator
from sklstm._synthetic.series import synthetic_series

# Horizons of the made-up series, and their shares, by the length of the season.
HORIZONS = {
    1: [6, 12, 18],
    4: [4, 8, 12],
    5: [5, 20, 40],
    7: [7, 14, 28, 56],
    12: [6, 12, 18, 24],
    24: [24, 48, 96],
    52: [13, 26, 52],
}
SHARES = {1: 0.1, 4: 0.11, 5: 0.03, 7: 0.17, 12: 0.36, 24: 0.14, 52: 0.09}
# Series that are drawn at once, and how many of them are one batch.
CHUNK_SIZE, BATCH_SIZE = 512, 256
# Chunks to draw batches from, and how many batches are drawn from a pool before a new
# chunk replaces an old one.
POOL_SIZE, N_USES = 24, 8
LEARNING_RATE, WEIGHT_DECAY, MAX_GRADIENT_NORM, WARM_UP = 3e-3, 1e-4, 1.0, 100
# Largest decay of the running average of the weights.
DECAY = 0.995
ALLOWED = (".py", ".pyc", ".so", ".json", ".toml")


def main():
    """Train all networks and write their weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=8)
    parser.add_argument("--width", type=int, default=40)
    parser.add_argument("--steps", type=int, default=5000, help="of each network")
    parser.add_argument("--seed", type=int, default=0, help="of the first network")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.networks)
    train = partial(train_network, arguments.width, arguments.steps)
    start = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(
        min(len(seeds), os.cpu_count())
    ) as pool:
        results = pool.map(train, seeds, chunksize=1)
    numbers = np.stack([numbers for numbers, _ in results]).astype(np.float16)
    np.savez(arguments.output, version=VERSION, width=arguments.width, numbers=numbers)
    lines = [
        f"{len(seeds)} networks of {numbers.shape[1]} weights, width "
        f"{arguments.width}, {arguments.steps} steps of {BATCH_SIZE} series",
        f"torch {torch.__version__}, numpy {np.__version__}, {platform.machine()}, "
        f"{(time.monotonic() - start) / 60:.1f} minutes",
        *(line for _, log in results for line in log),
    ]
    arguments.output.with_suffix(".log").write_text("\n".join(lines) + "\n")


def train_network(width, n_steps, seed):
    """Train one network; return its weights as one array, and the lines of a log."""
    torch.set_num_threads(1)
    network = new_network(width)
    generator = random_generator(seed)
    network.initialize(generator)
    random = np.random.default_rng(seed)
    sys.addaudithook(refuse_data)
    trainer = Trainer(network, n_steps)
    network.start_training(generator)
    network.train()
    validation = [draw_chunk(np.random.default_rng(10**6 + s), s) for s in HORIZONS]
    pool, log, start = [], [], time.process_time()
    for step in range(n_steps):
        if len(pool) < POOL_SIZE:
            pool.append(draw_chunk(random))
        elif step % N_USES == 0:
            pool[random.integers(POOL_SIZE)] = draw_chunk(random)
        rows, targets = pool[random.integers(len(pool))]
        batch = torch.from_numpy(random.permutation(CHUNK_SIZE)[:BATCH_SIZE])
        trainer.step(rows.select(batch), targets[batch])
        if step in (n_steps // 10, n_steps // 3, n_steps - 1):
            losses = trainer.validate(validation)
            text = ", ".join(
                f"{season_length}: {loss:.4f}"
                for season_length, loss in zip(HORIZONS, losses, strict=True)
            )
            minutes = (time.process_time() - start) / 60
            log.append(
                f"seed {seed}, step {step + 1}, {minutes:.1f} minutes, loss by season "
                f"length {text}, mean {np.mean(losses):.4f}"
            )
            print(log[-1], flush=True)
    trainer.weights.values.copy_(trainer.average)
    return to_numbers(network), log


class Trainer:
    """Network with its optimizer and the running average of its weights."""

    def __init__(self, network, n_steps):
        self.network, self.n_steps, self.n_done = network, n_steps, 0
        self.weights = FlatWeights(network)
        self.optimizer = make_optimizer(
            "adamw", self.weights, LEARNING_RATE, WEIGHT_DECAY
        )
        self.average = self.weights.values.clone()

    def step(self, rows, targets):
        """Train on one batch."""
        cosine = (1 + math.cos(math.pi * self.n_done / self.n_steps)) / 2
        self.n_done += 1
        warm_up = min(1.0, self.n_done / WARM_UP)
        self.optimizer.learning_rate = LEARNING_RATE * cosine * warm_up
        quantiles, _ = self.network(rows)
        self.weights.set_gradient(rows.losses(quantiles, targets).mean())
        self.weights.clip_gradient(MAX_GRADIENT_NORM)
        self.optimizer.step()
        decay = min(DECAY, self.n_done / (10 + self.n_done))
        self.average.lerp_(self.weights.values, 1 - decay)

    def validate(self, chunks):
        """Return the losses of chunks with the running average of the weights."""
        current = self.weights.copy()
        self.weights.values.copy_(self.average)
        with torch.no_grad():
            losses = [
                rows.losses(self.network(rows)[0], targets).mean().item()
                for rows, targets in chunks
            ]
        self.weights.restore(current)
        return losses


def draw_chunk(random, season_length=None):
    """Draw series, and compute their base forecasts and targets."""
    if season_length is None:
        season_length = int(random.choice(list(SHARES), p=list(SHARES.values())))
    horizon = int(random.choice(HORIZONS[season_length]))
    size = context_size(season_length)
    series = synthetic_series(random, CHUNK_SIZE, size + horizon, season_length)
    windows = series[:, :size].astype(np.float64)
    shortest = max(5, min(season_length, 16))
    lengths = np.exp(random.uniform(np.log(shortest), np.log(size), CHUNK_SIZE))
    lengths = np.where(random.random(CHUNK_SIZE) < 0.5, size, lengths.astype(int))
    windows[np.arange(size) < size - lengths[:, None]] = np.nan
    bases = base_forecasts(windows, season_length, horizon)
    parts = map(torch.from_numpy, (bases.recent, bases.forecasts, bases.summary))
    targets = bases.scale(series[:, size:]).astype(np.float32)
    return MixtureRows(*parts, season_length), torch.from_numpy(targets)


def refuse_data(event, arguments):
    """Raise if a file that may hold data is opened for reading."""
    if event != "open" or not isinstance(arguments[0], str):
        return
    path, mode, _ = arguments
    is_read = mode is None or "r" in mode
    is_data = not path.endswith(ALLOWED) and not path.startswith(("/proc", "/sys"))
    if is_read and is_data:
        raise RuntimeError(f"The training reads no files, but {path} was opened.")


if __name__ == "__main__":
    main()
