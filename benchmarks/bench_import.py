"""Time imports of sklstm and of its dependencies in fresh processes."""

from functools import partial
from statistics import median

from _timing import in_fresh_process, interleaved, parse_arguments, print_table

# What is imported, what its time is compared with, and the ratio to stay below.
COMPARISONS = [
    ("import sklstm", "import torch", 0.1),
    ("from sklstm import make_windows", "import torch", 0.3),
    ("from sklstm import SlidingWindowTransformer", "import sklearn, pandas", 1.15),
    ("from sklstm import LSTMRegressor", "import torch, sklearn, pandas", 1.15),
]
CODE = """
from time import process_time
start = process_time()
{}
print(process_time() - start)
"""


def row_of(ours, base, target, seconds):
    """Return a row of the table."""
    pairs = zip(seconds[ours], seconds[base], strict=True)
    return {
        "statement": ours,
        "compared with": base,
        "ratio": f"{median(a / b for a, b in pairs):.3f}",
        "target": str(target),
    }


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=15)
    statements = dict.fromkeys(s for *pair, _ in COMPARISONS for s in pair[::-1])
    runs = {s: partial(in_fresh_process, CODE.format(s)) for s in statements}
    seconds = interleaved(runs, arguments.rounds)
    rows = [row_of(*comparison, seconds) for comparison in COMPARISONS]
    print_table("Processor time of imports, medians of the ratios in a round", rows)
