"""Edit distance between sequences of labels."""

import numpy as np


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
    distances = np.arange(len(second) + 1)  # from the empty start of `first`
    steps = np.arange(len(second) + 1)
    for label in first:
        differs = np.array([label != other for other in second], dtype=int)
        changed = distances + 1
        changed[1:] = np.minimum(changed[1:], distances[:-1] + differs)
        # Each label that is inserted costs one more than the place before it.
        distances = np.minimum.accumulate(changed - steps) + steps
    return int(distances[-1])


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
    n_labels = sum(map(len, targets))
    if not n_labels:
        raise ValueError(
            "y has no labels, so there is no error per label. Pass at least one "
            "sequence with labels."
        )
    pairs = zip(predictions, targets, strict=True)
    n_errors = sum(edit_distance(*pair) for pair in pairs)
    return n_errors / n_labels
