"""Time one recurrent layer on one thread and on all, to find where threads pay."""

import os
from functools import partial

import torch
from _timing import compared, interleaved, parse_arguments, print_table
from bench_cells import our_last_states, our_layer, run_layer

from sklstm._nn.runtime import SMALL_STEP

# Windows in a batch, time steps, inputs, units: from small steps to large ones.
SHAPES = [
    (32, 6, 1, 16),
    (48, 24, 8, 50),
    (64, 24, 8, 64),
    (200, 24, 8, 64),
    (200, 24, 8, 128),
    (512, 24, 8, 128),
    (512, 24, 16, 256),
]


def on_threads(n_threads, layer, windows, d_last):
    """Run the forward and backward pass of a layer on some threads."""
    torch.set_num_threads(n_threads)
    run_layer(our_last_states, layer, windows, d_last, 3)


def thread_times(shape, n_rounds):
    """Time a layer of one shape on one thread and on all; return a row of a table."""
    n_windows, _, n_inputs, size = shape
    layer = our_layer("lstm", n_inputs, size)
    windows, d_last = torch.rand(shape[:3]), torch.rand(n_windows, size)
    runs = {
        f"{n} threads": partial(on_threads, n, layer, windows, d_last)
        for n in (1, os.cpu_count())
    }
    cells = compared(interleaved(runs, n_rounds), 1e-3 * 3)
    step = n_windows * 4 * size * (n_inputs + size)
    numbers = {
        "batch, steps, inputs, hidden": ", ".join(map(str, shape)),
        "multiplications of a step": f"{step / 1e6:.1f} million",
        "on one thread": str(step < SMALL_STEP),
    }
    return numbers | cells


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=9)
    rows = [thread_times(shape, arguments.rounds) for shape in SHAPES]
    print_table("Forward and backward, milliseconds", rows)
