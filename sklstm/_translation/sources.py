"""Sources of symbols or of numbers."""

import numpy as np
import torch

from sklstm._core.samples import make_step_mask
from sklstm._core.window_scaling import windows_to_tensors
from sklstm._translation.pairs import Ragged


def are_symbols(X):
    """Return whether X holds strings or sequences of tokens, not numbers.

    Tokens are strings or integers. A sequence of integers is read as tokens, and one of
    floating-point numbers or of several features as numbers.
    """
    items = getattr(X, "values", X)
    if len(getattr(items, "shape", ())) > 1:
        return items.dtype.kind in "OUS"
    first = next(iter(items), None) if np.iterable(items) else None
    if not np.iterable(first) or isinstance(first, str):
        return True  # if it is not a string, the reader of symbols raises the error
    dtype, n_axes = getattr(first, "dtype", None), len(getattr(first, "shape", ()))
    if n_axes > 1 or (dtype is not None and dtype.kind in "fb"):
        return False
    symbol = next(iter(first), None)
    return symbol is None or isinstance(symbol, str | int | np.integer)


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
            f"X[{first}] is empty, and nothing can be predicted from it. Drop such "
            "sources, for example with [x for x in X if len(x)]."
        )
