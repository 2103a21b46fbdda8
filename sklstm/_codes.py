"""Codes of symbols in place of readings."""

import numpy as np


def count_codes(windows):
    """Count the codes from 0 to the largest in windows."""
    return int(np.nanmax(windows.values)) + 1


def check_codes(windows, n_codes=None):
    """Hold windows to be codes.

    Parameters
    ----------
    windows : Windows
        Windows of one feature.
    n_codes : int or None, default=None
        How many codes there are; None takes any number.

    Raises
    ------
    ValueError
        If there are several features, or numbers that are no codes.
    """
    values = windows.values
    if values.shape[2] != 1:
        raise ValueError(
            f"embedding_size is for one code a step, but X has {values.shape[2]} "
            "features. Pass codes of shape (n_windows, n_timesteps), as "
            "SequenceEncoder makes them, or set embedding_size=None for readings."
        )
    is_code = (values >= 0) & (values == np.floor(values))
    odd = ~(is_code | np.isnan(values))
    if odd.any():
        raise ValueError(
            f"X holds {values[odd][0]:g}, which is no code: these are the integers "
            "from 0 on. SequenceEncoder turns symbols into codes; set "
            "embedding_size=None for readings."
        )
    largest = np.nanmax(values)
    if n_codes is not None and largest >= n_codes:
        raise ValueError(
            f"X holds the code {largest:g}, but those of fit went up to {n_codes - 1}. "
            "Give what is unknown a code of its own, as SequenceEncoder does with 0."
        )
