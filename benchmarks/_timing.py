"""Time programs in interleaved rounds and print the results as a table."""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import torch

HERE = Path(__file__).parent


def parse_arguments(description, rounds, flags=()):
    """Read ``--rounds``, ``--threads`` and flags, and set the number of threads."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--threads", type=int, default=1)
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    # For processes that this one starts.
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    print(environment(arguments.threads))
    return arguments


def environment(n_threads):
    """Return a line that describes the machine and the versions."""
    return ", ".join(
        [
            f"Threads: {n_threads}",
            f"{_processor()}, {os.cpu_count()} cores",
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in ("torch", "scikit-learn")),
        ]
    )


def _processor():
    """Return the name of the processor on Linux, elsewhere its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def interleaved(runs, n_rounds):
    """Time every run once a round; each round starts with another run.

    Parameters
    ----------
    runs : dict of callable
        Functions to run, by name. A function that returns a float has measured its
        own time.
    n_rounds : int
        Number of rounds to keep, after one round of warm-up.

    Returns
    -------
    seconds : dict of list of float
        Times by name, round by round.
    """
    names = list(runs)
    seconds = {name: [] for name in names}
    for number in range(-1, n_rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            own = runs[name]()
            took = time.perf_counter() - start
            if number >= 0:
                seconds[name].append(own if isinstance(own, float) else took)
    return seconds


def peak_memory():
    """Return the peak memory of this process in bytes; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_fresh_process(code):
    """Run code in a new process; return the number that it prints."""
    (number,) = numbers_of_fresh_process(code)
    return number


def numbers_of_fresh_process(code):
    """Run code in a new process; return the numbers that it prints."""
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True
    )
    return [float(number) for number in result.stdout.split()]


def compared(seconds, unit):
    """Return cells of a table row: medians, and ratios of the other runs to the first.

    A ratio is the median of the ratios within a round, so that a busy minute of the
    machine affects both runs.
    """
    ours, *peers = seconds
    cells = {ours: f"{median(seconds[ours]) / unit:.3g}"}
    for peer in peers:
        pairs = zip(seconds[peer], seconds[ours], strict=True)
        cells[peer] = f"{median(seconds[peer]) / unit:.3g}"
        cells[f"{peer} / {ours}"] = f"{median(p / o for p, o in pairs):.2f}"
    return cells


def print_table(title, rows):
    """Print rows, each a dict by column, as a Markdown table."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    print(f"\n{title}\n")
    for line in lines:
        cells = (cell.ljust(n) for cell, n in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |", flush=True)
