"""Time one recurrent layer: ours, PyTorch's, and the matrix products alone."""

from functools import partial
from itertools import product

import torch
from _grid import BATCHES, WINDOWS, grid, prediction_row, training_row
from _timing import compared, interleaved, parse_arguments, print_table
from torch import nn

from sklstm._nn.autograd import Workspaces
from sklstm._nn.bptt.unrolled import Batch
from sklstm._nn.cells import CELLS
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.products import matmul_for, product_sum_for
from sklstm._nn.recurrent import RecurrentLayer
from sklstm._nn.training import rows_per_block

# Windows in a batch, time steps, inputs, units.
SHAPES = [
    (32, 6, 1, 50),
    (32, 6, 1, 16),
    (64, 24, 8, 64),
    (128, 48, 8, 32),
    (256, 96, 7, 128),
    (512, 48, 16, 256),
]
MANY = (8000, 24, 8, 64)
LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
# Multiplications of one run, whatever the shape.
RUN_SIZE = 2e8


def our_layer(cell, n_inputs, size):
    """Build one of our layers, which keeps its buffers as in training."""
    layer = RecurrentLayer(
        n_inputs,
        size,
        cell=cell,
        activation="tanh",
        recurrent_dropout=0.0,
        dtype=torch.float32,
    )
    for weights in layer.parameters():
        nn.init.uniform_(weights, -(size**-0.5), size**-0.5)
    layer.workspaces = Workspaces()
    return layer


def our_last_states(layer, windows):
    return layer(windows)[1]


def run_layer(last_states, layer, windows, d_last, n_calls):
    """Compute last states and the gradient of all weights."""
    weights = list(layer.parameters())
    for _ in range(n_calls):
        torch.autograd.grad(last_states(layer, windows), weights, d_last)


@torch.inference_mode()
def run_our_layer(layer, windows, d_last, n_calls):
    """Do the same as in training of a plain network, without autograd."""
    batch = Batch(*windows.shape, layer.size, windows.dtype)
    for _ in range(n_calls):
        unrolled = layer.workspaces.acquire(layer.cell, batch)
        unrolled.forward(windows, layer.weights)
        unrolled.backward(layer.weights, None, d_last.t())
        layer.workspaces.release(layer.cell, unrolled)


@torch.inference_mode()
def run_products(n_gates, shape, n_calls):
    """Compute only the matrix products of a forward and backward pass.

    They are computed step by step, by the faster one of two libraries.
    """
    n_windows, n_timesteps, n_inputs, size = shape
    rows, columns = n_gates * size, n_inputs + 1 + size
    weights, recurrent_t = torch.rand(rows, columns), torch.rand(size, rows)
    operands = torch.rand(n_timesteps, columns, n_windows)
    # Of a single step, so that they stay in a cache.
    gates, d_hidden = torch.rand(rows, n_windows), torch.empty(size, n_windows)
    # Transposed, which is faster.
    gradient = product_sum_for(torch.zeros(columns, rows), 1, n_windows)
    adders = [gradient.adder(of_step[None], gates[None]) for of_step in operands]
    multiply = matmul_for((rows, columns, n_windows), torch.float32)
    for _ in range(n_calls):
        for of_step in operands:
            multiply(weights, of_step, out=gates)
        for add in adders:
            multiply(recurrent_t, gates, out=d_hidden)
            add(is_first=False)


@torch.inference_mode()
def predict_products(n_gates, shape, n_in_block):
    """Compute only the matrix products of a prediction, block by block."""
    n_windows, n_timesteps, n_inputs, size = shape
    weights = torch.rand(n_gates * size, n_inputs + 1 + size)
    operands = torch.rand(weights.shape[1], n_in_block)
    gates = torch.empty(len(weights), n_in_block)
    multiply = matmul_for((*weights.shape, n_in_block), torch.float32)
    for _ in range(n_timesteps * -(-n_windows // n_in_block)):
        multiply(weights, operands, out=gates)


@torch.inference_mode()
def predict_by_ours(network, windows, n_in_block):
    """Compute last states as a prediction does, block by block."""
    for block in windows.split(n_in_block):
        network.states(block, wants_states=False)


@torch.inference_mode()
def predict_by_theirs(layer, windows):
    """Compute last states in one call."""
    layer(windows)


def prediction_times(cell, shape, n_rounds):
    """Time the last states of many windows; return a row of a table."""
    _, n_timesteps, n_inputs, size = shape
    windows = torch.rand(shape[:3])
    network = RecurrentNetwork(n_inputs, 1, hidden_layer_sizes=(size,), cell=cell)
    for weights in network.parameters():
        nn.init.uniform_(weights, -(size**-0.5), size**-0.5)
    theirs = LAYERS[cell](n_inputs, size, batch_first=True)
    n_in_block = rows_per_block(network, n_timesteps)
    n_gates = CELLS[cell].n_gates
    runs = {
        "sklstm": partial(predict_by_ours, network.eval(), windows, n_in_block),
        "PyTorch": partial(predict_by_theirs, theirs.eval(), windows),
        "products": partial(predict_products, n_gates, shape, n_in_block),
    }
    cells = compared(interleaved(runs, n_rounds), 1e-3)
    shape = ", ".join(map(str, shape))
    return {"cell": cell, "windows, steps, inputs, hidden": shape, **cells}


def their_last_states(layer, windows):
    return layer(windows)[0][:, -1]


def run_own(cell, n_inputs, size):
    """Return the function that trains our layer, for the grid."""
    return partial(run_our_layer, our_layer(cell, n_inputs, size))


def run_theirs(cell, n_inputs, size):
    """Return the function that trains PyTorch's layer, for the grid."""
    layer = LAYERS[cell](n_inputs, size, batch_first=True)
    return partial(run_layer, their_last_states, layer)


def print_grid(n_rounds):
    """Print the time of every method on a grid of shapes."""
    torch.set_flush_denormal(True)  # as in a fit
    for cell in LAYERS:
        rows = [prediction_row(*case, n_rounds) for case in grid(cell, WINDOWS)]
        print_table("Last states without a backward pass, milliseconds", rows)
    own_and_theirs = run_own, run_theirs
    for cell in LAYERS:
        cases = grid(cell, BATCHES)
        rows = [training_row(*own_and_theirs, *case, n_rounds) for case in cases]
        print_table("Forward and backward, milliseconds", rows)


def print_shapes(n_rounds):
    """Print the times of a few shapes, beside those of the products alone."""
    rows = [layer_times(*case, n_rounds) for case in product(LAYERS, SHAPES)]
    print_table("Forward and backward, milliseconds", rows)
    rows = [prediction_times(cell, MANY, n_rounds) for cell in LAYERS]
    print_table("Last states without a backward pass, milliseconds", rows)


def layer_times(cell, shape, n_rounds):
    """Time a layer of one shape; return a row of a table."""
    n_windows, n_timesteps, n_inputs, size = shape
    windows, d_last = torch.rand(shape[:3]), torch.rand(n_windows, size)
    n_gates = CELLS[cell].n_gates
    work = 3 * n_windows * n_timesteps * n_gates * size * (n_inputs + size)
    n_calls = max(1, round(RUN_SIZE / work))
    theirs = LAYERS[cell](n_inputs, size, batch_first=True)
    ours = our_layer(cell, n_inputs, size)
    runs = {
        "sklstm": partial(run_our_layer, ours),
        "in autograd": partial(run_layer, our_last_states, ours),
        "PyTorch": partial(run_layer, their_last_states, theirs),
    }
    runs = {name: partial(run, windows, d_last, n_calls) for name, run in runs.items()}
    runs["products"] = partial(run_products, n_gates, shape, n_calls)
    cells = compared(interleaved(runs, n_rounds), 1e-3 * n_calls)
    shape = ", ".join(map(str, shape))
    return {"cell": cell, "batch, steps, inputs, hidden": shape, **cells}


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=15, flags=["--grid"])
    (print_grid if arguments.grid else print_shapes)(arguments.rounds)
