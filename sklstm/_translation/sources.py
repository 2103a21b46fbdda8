"""Sources of symbols or of numbers."""

import numpy as np
import torch

from sklstm._core.samples import make_step_mask
from sklstm._core.window_scaling import windows_to_tensors
from sklstm._input.arrays import unwrap
from sklstm._input.tokens import are_token_codes
from sklstm._translation.pairs import Ragged


def are_symbols(X):
    """Return whether X holds strings or sequences of tokens, not numbers.

    Tokens are strings or integers. If a sequence has floating-point numbers or several
    features, all sequences are read as numbers.

    Raises
    ------
    ValueError
        If X is a 2-D array of integers, which may be tokens or numbers.
    """
    X = unwrap(X, "X")
    n_axes = len(getattr(X, "shape", ()))
    if n_axes > 1:
        kind = np.asarray(X).dtype.kind
        if kind in "iu" and n_axes == 2 and not hasattr(X, "columns"):
            raise ValueError(
                "X is a 2-D array of integers, which may be tokens or numbers. Pass "
                "X.tolist() if each row is a sequence of tokens, or X * 1.0 if it is a "
                "sequence of numbers."
            )
        return kind in "OUS"
    sequences = unwrap(list(X), "X") if np.iterable(X) else []
    has_texts = any(isinstance(sequence, str) for sequence in sequences)
    return has_texts or not any(map(_holds_numbers, sequences))


def _holds_numbers(sequence):
    """Return whether a sequence has floating-point numbers or several features."""
    if not np.iterable(sequence) or isinstance(sequence, str):
        return False  # if it is not a string, the reader of symbols raises the error
    kind = getattr(getattr(sequence, "dtype", None), "kind", None)
    if len(getattr(sequence, "shape", ())) > 1 or kind in ("f", "b"):
        return True
    types = set(map(type, sequence))
    has_strings = any(issubclass(cls, str) for cls in types)
    return not has_strings and not all(issubclass(c, int | np.integer) for c in types)


def check_no_codes(X):
    """Raise if X holds the codes of :class:`~sklstm.SequenceEncoder`."""
    if are_token_codes(X):
        raise ValueError(
            "X holds codes of SequenceEncoder. Pass the texts or the sequences of "
            "tokens themselves, because LSTMTranslator encodes them: leave "
            "SequenceEncoder out."
        )


def as_list_of_sequences(X):
    """Convert a series or an array of sequences to a list; return others unchanged."""
    is_series = len(getattr(X, "shape", ())) == 1 and not hasattr(X, "index")
    return list(X) if is_series else X


def to_ragged(windows, scale):
    """Scale windows of numbers and remove their padding.

    Parameters
    ----------
    windows : Windows
        Windows of shape (n_sources, n_steps, n_features).
    scale : Scale
        Scale of the features.

    Returns
    -------
    sources : Ragged
        The real steps.
    """
    step_mask = torch.from_numpy(make_step_mask(windows))
    values, _ = windows_to_tensors(windows, scale, torch.float32)
    lengths = step_mask.sum(1)
    return Ragged(values[step_mask], lengths.cumsum(0) - lengths, lengths)


def check_not_empty(sources):
    """Raise if a source has no symbols or steps."""
    is_empty = sources.lengths == 0
    if is_empty.any():
        first = int(is_empty.int().argmax())
        raise ValueError(
            f"X[{first}] is empty, but each source needs at least one symbol or step. "
            "Drop such sources, for example with [x for x in X if len(x)]. In fit and "
            "score, also drop their targets."
        )
