"""Time every method for a layer on a grid of shapes, beside the one that is chosen."""

import time
from functools import partial
from itertools import product

import torch
from _timing import interleaved
from torch import nn

from sklstm._nn.autograd import inferred_states
from sklstm._nn.cells import CELLS
from sklstm._nn.dispatch import Case, Method, choose_method, windows_per_block
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.torch_compat import pytorch_states
from sklstm._nn.training import rows_per_block

UNITS, STEPS, N_INPUTS = (32, 50, 64, 128), (6, 24, 96), 8
WINDOWS = (1, 16, 64, 256, 1024)
BATCHES = (16, 64, 256)
# Multiplications of one run, and those that take as long as the start of a step.
RUN_SIZE, START_SIZE = 5e7, 1e5

OWN, BLOCKS, WHOLE = "own steps", "PyTorch in blocks", "PyTorch"
NAMES = {Method.INFERENCE: OWN, Method.PYTORCH: BLOCKS, Method.BPTT: OWN}


def calls_of_a_run(cell, n_windows, n_timesteps, size):
    """Return how many calls take a few milliseconds."""
    work = n_windows * CELLS[cell].n_gates * size * (N_INPUTS + size)
    return max(1, round(RUN_SIZE / (n_timesteps * (work + START_SIZE))))


def cpu_seconds(run, n_calls):
    """Return the processor time of a call, which other programs hardly change."""
    start = time.process_time()
    for _ in range(n_calls):
        run()
    return (time.process_time() - start) / n_calls


def compared(runs, columns, picked, n_calls, n_rounds):
    """Return cells of a table row: minima of the rounds in milliseconds."""
    runs = {name: partial(cpu_seconds, run, n_calls) for name, run in runs.items()}
    seconds = {name: min(times) for name, times in interleaved(runs, n_rounds).items()}
    cells = {name: f"{1e3 * second:.3g}" for name, second in seconds.items()}
    # Nothing if a method is the same as the one before.
    cells = {name: cells.get(name, "") for name in columns}
    ratio = seconds[picked] / min(seconds.values())
    return cells | {"picked": picked, "picked / fastest": f"{ratio:.2f}"}


def picked_method(cell, n_windows, n_timesteps, size, needs_gradient):
    """Return the name of the method that sklstm chooses."""
    case = Case(
        cell=cell,
        activation="tanh",
        device="cpu",
        dtype=torch.float32,
        n_windows=n_windows,
        n_timesteps=n_timesteps,
        size=size,
        needs_gradient=needs_gradient,
        has_padding=False,
        has_recurrent_mask=False,
    )
    return NAMES[choose_method(case)]


@torch.inference_mode()
def last_states(method, n_in_block, windows):
    """Compute last states block by block, as a prediction does."""
    return torch.cat([method(block) for block in windows.split(n_in_block)])


def prediction_row(cell, size, n_timesteps, n_windows, n_rounds):
    """Time all methods for the last states; return a row of a table."""
    network = RecurrentNetwork(N_INPUTS, 1, hidden_layer_sizes=(size,), cell=cell)
    for weights in network.parameters():
        nn.init.uniform_(weights, -(size**-0.5), size**-0.5)
    weights = network.plain_layers[0].weights

    def own(block):
        return inferred_states(cell, block, weights, "tanh", None, False)[1]

    def theirs(block):
        return pytorch_states(cell, block, weights, "tanh")[:, -1]

    windows = torch.rand(n_windows, n_timesteps, N_INPUTS)
    n_own = min(n_windows, rows_per_block(network, n_timesteps))
    n_theirs = windows_per_block("cpu", n_timesteps, size)
    runs = {
        OWN: partial(last_states, own, n_own, windows),
        BLOCKS: partial(last_states, theirs, n_theirs, windows),
    }
    if n_windows > n_theirs:
        runs[WHOLE] = partial(last_states, theirs, n_windows, windows)
    picked = picked_method(cell, n_own, n_timesteps, size, needs_gradient=False)
    n_calls = calls_of_a_run(cell, n_windows, n_timesteps, size)
    first = shape_cells(cell, size, n_timesteps, n_windows)
    return first | compared(runs, (OWN, BLOCKS, WHOLE), picked, n_calls, n_rounds)


def training_row(run_own, run_theirs, cell, size, n_timesteps, n_windows, n_rounds):
    """Time a forward and backward pass; return a row of a table.

    `run_own` and `run_theirs` return functions for a cell and its number of inputs and
    units. The functions are called with the windows, the gradient of the last states
    and the number of calls.
    """
    windows = torch.rand(n_windows, n_timesteps, N_INPUTS)
    batch = windows, torch.rand(n_windows, size), 1
    runs = {
        name: partial(make(cell, N_INPUTS, size), *batch)
        for name, make in {OWN: run_own, WHOLE: run_theirs}.items()
    }
    picked = picked_method(cell, n_windows, n_timesteps, size, needs_gradient=True)
    n_calls = calls_of_a_run(cell, n_windows, 3 * n_timesteps, size)
    first = shape_cells(cell, size, n_timesteps, n_windows)
    return first | compared(runs, (OWN, WHOLE), picked, n_calls, n_rounds)


def shape_cells(cell, size, n_timesteps, n_windows):
    """Return the first cells of a row."""
    numbers = {"units": size, "steps": n_timesteps, "windows": n_windows}
    return {"cell": cell} | {name: str(number) for name, number in numbers.items()}


def grid(cell, n_windows):
    """Return the cell and shape of each row."""
    return product([cell], UNITS, STEPS, n_windows)
