"""Time ``import sklstm`` and the imports of its dependencies in fresh processes."""

from functools import partial
from statistics import median

from _timing import in_fresh_process, interleaved, parse_arguments, print_table

IMPORTS = ["torch, sklearn, pandas", "sklstm"]
CODE = """
from time import perf_counter
start = perf_counter()
import {}
print(perf_counter() - start)
"""

if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=15)
    runs = {names: partial(in_fresh_process, CODE.format(names)) for names in IMPORTS}
    seconds = interleaved(runs, arguments.rounds)
    base, ours = seconds.values()
    rows = [
        {
            "import": names,
            "minimum": f"{min(times):.2f}",
            "median": f"{median(times):.2f}",
            "ratio of minima": f"{min(times) / min(base):.2f}",
        }
        for names, times in seconds.items()
    ]
    print_table("Import, seconds", rows)
    ratio = median(o / b for o, b in zip(ours, base, strict=True))
    print(f"\nMedian of the ratios within a round: {ratio:.2f}; target 1.15")
