"""Time a fit: ours, those of other libraries and of a bare PyTorch loop."""

from functools import partial

from _peers import COLUMNS, PEERS, WORKLOADS
from _timing import (
    compared,
    in_fresh_process,
    interleaved,
    parse_arguments,
    print_table,
)


def warm_fits(workload, n_rounds):
    """Time fits after the first one of a process, per training step."""
    X, y = workload.data()
    runs = {name: partial(peer(workload).fit, X, y) for name, peer in PEERS.items()}
    seconds = interleaved(runs, n_rounds)
    return {COLUMNS: str(workload), **compared(seconds, 1e-3 * workload.n_steps)}


def first_fits(workload, n_rounds):
    """Time the first fit of a process."""
    code = (
        "from _peers import WORKLOADS, first_fit\n"
        f"print(first_fit({{name!r}}, WORKLOADS[{WORKLOADS.index(workload)}]))"
    )
    runs = {name: partial(in_fresh_process, code.format(name=name)) for name in PEERS}
    return {COLUMNS: str(workload), **compared(interleaved(runs, n_rounds), 1)}


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=9)
    rows = [warm_fits(workload, arguments.rounds) for workload in WORKLOADS]
    print_table("Warm fit, milliseconds per step", rows)
    rows = [first_fits(WORKLOADS[0], arguments.rounds)]
    print_table("First fit of a process without its imports, seconds", rows)
