"""Edit distance between sequences of labels."""


def edit_distance(first, second):
    """Return the fewest insertions, deletions and replacements between sequences.

    Parameters
    ----------
    first, second : sequence
        Sequences of labels that can be compared by ``==``, such as strings or lists.

    Returns
    -------
    distance : int
        Number of changes that convert one sequence to the other [1]_.

    References
    ----------
    .. [1] V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions
       and reversals", Soviet Physics Doklady 10(8), 1966, 707-710.
    """
    # From the first labels of `first` to the first ones of `second`.
    distances = list(range(len(second) + 1))
    for i, label in enumerate(first, 1):
        diagonal, distances[0] = distances[0], i
        for j, other in enumerate(second, 1):
            replaced = diagonal + (label != other)
            diagonal = distances[j]
            distances[j] = min(replaced, diagonal + 1, distances[j - 1] + 1)
    return distances[-1]


def error_rate(predictions, targets):
    """Return the edit distances of all predictions, divided by the number of labels.

    Parameters
    ----------
    predictions, targets : list of sequence
        Predicted and actual labels of each sequence.

    Returns
    -------
    rate : float
        Errors per actual label. It exceeds 1 if there are many insertions.

    Raises
    ------
    ValueError
        If there is no actual label.
    """
    pairs = zip(predictions, targets, strict=True)
    n_errors = sum(edit_distance(*pair) for pair in pairs)
    return errors_per_label(n_errors, sum(map(len, targets)))


def errors_per_label(n_errors, n_labels):
    """Return a number of errors divided by the number of labels; raise if it is 0."""
    if not n_labels:
        raise ValueError(
            "The sequences of y are all empty, so there is no error per symbol. Pass "
            "at least one sequence that is not empty."
        )
    return float(n_errors / n_labels)
