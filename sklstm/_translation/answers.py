"""Right answers that predictions are compared with, and distances between sequences."""

from sklstm._core.edit_distance import edit_distance
from sklstm._input.tokens import TEXT, as_list


def check_targets(y):
    """Raise unless y holds one sequence per source, for :meth:`LSTMTranslator.fit`.

    Parameters
    ----------
    y : iterable
        Targets, as a user passed them.
    """
    for i, target in enumerate(as_list(y, "y")):
        if not isinstance(target, str) and not _is_sequence(target):
            raise ValueError(
                f"y[{i}] is {type(target).__name__} {target!r:.60}, not a sequence of "
                "symbols. Pass a string or a list of tokens for each source. To "
                "predict a class or a number, use LSTMClassifier or LSTMRegressor."
            )
        if not isinstance(target, str) and any(map(_is_sequence, target)):
            raise ValueError(
                f"y[{i}] holds several targets, but fit learns from one target per "
                "source. Repeat the source for each of its targets."
            )


def read_answers(y, kind, split):
    """Return all right answers for each source.

    Parameters
    ----------
    y : iterable
        For each source, a sequence, or a list, tuple or set of sequences.
    kind : str
        Kind of the targets in fit, as in :func:`~sklstm._input.tokens.read_sequences`.
    split : callable
        Function that splits a list of sequences of this kind into tokens.

    Returns
    -------
    answers : list of list of list
        Tokens of each right answer of each source.
    """
    answers = []
    for i, item in enumerate(as_list(y, "y")):
        alternatives = _alternatives(item, kind, f"y[{i}]")
        if not alternatives:
            raise ValueError(
                f"y[{i}] is an empty {type(item).__name__}, without a right answer. "
                "Pass at least one answer for each source, or drop the source."
            )
        answers.append(split(alternatives, f"y[{i}]"))
    return answers


def nearest(prediction, answers):
    """Return the smallest distance to an answer, and the length of that answer."""
    return min((edit_distance(prediction, answer), len(answer)) for answer in answers)


def _alternatives(item, kind, name):
    """Return a list of the sequences of one source."""
    if kind == TEXT:
        return [item] if isinstance(item, str) else _parts(item, name)
    if isinstance(item, set | frozenset) or any(map(_is_sequence, _parts(item, name))):
        return list(item)
    return [item]


def _parts(item, name):
    """Return the items of a list, tuple, set or 1-D array."""
    if isinstance(item, set | frozenset) or _is_sequence(item):
        return list(item)
    raise ValueError(
        f"{name} is {type(item).__name__} {item!r:.60}. Pass a sequence of the kind "
        "that fit saw, or a list, tuple or set of such sequences, which are all right."
    )


def _is_sequence(item):
    """Return whether an item of y is a list, a tuple or an array."""
    return isinstance(item, list | tuple) or len(getattr(item, "shape", ())) > 0
