"""Time predict: ours, that of skorch, and nn.LSTM in inference mode."""

from functools import partial

from _peers import COLUMNS, PEERS, WORKLOADS
from _timing import compared, interleaved, parse_arguments, print_table

# Calls of one run: a call with one row takes a fraction of a millisecond.
CALLS_OF_ONE_ROW = 50


def fitted_peers(workload):
    """Fit every peer for one epoch, as its accuracy does not matter here."""
    X, y = workload.data()
    models = {n: peer(workload._replace(epochs=1)) for n, peer in PEERS.items()}
    for model in models.values():
        model.fit(X, y)
    return models, X


def repeat(predict, X, n_calls):
    for _ in range(n_calls):
        predict(X)


def predictions(workload, n_rounds):
    """Time the prediction of one row and of all rows; return two rows of a table."""
    models, X = fitted_peers(workload)
    rows = []
    for rows_of_X, n_calls in [(X[:1], CALLS_OF_ONE_ROW), (X, 1)]:
        runs = {
            name: partial(repeat, model.predict, rows_of_X, n_calls)
            for name, model in models.items()
        }
        cells = compared(interleaved(runs, n_rounds), 1e-3 * n_calls)
        first = {COLUMNS: str(workload), "rows": str(len(rows_of_X))}
        rows.append(first | cells)
    return rows


if __name__ == "__main__":
    arguments = parse_arguments(__doc__, rounds=15)
    rows = [row for w in WORKLOADS for row in predictions(w, arguments.rounds)]
    print_table("Prediction, milliseconds", rows)
