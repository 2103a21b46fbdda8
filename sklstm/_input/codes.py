"""Codes of symbols in place of readings."""

import numpy as np

# More codes than this are no vocabulary, but hashes or numbers of another kind.
MOST_CODES = 2**20


def count_codes(windows):
    """Count the codes from 0 to the largest in windows."""
    values = windows.values
    return int(values[~np.isnan(values)].max(initial=-1)) + 1


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
    n_seen = count_codes(windows)
    if n_codes is None and n_seen > MOST_CODES:
        raise ValueError(
            f"X holds the code {n_seen - 1}: the network would learn a vector for each "
            "from 0 on. Number the symbols without gaps, as SequenceEncoder does."
        )
    if n_codes is not None and n_seen > n_codes:
        raise ValueError(
            f"X holds the code {n_seen - 1}, but those of fit went up to "
            f"{n_codes - 1}. Give what is unknown a code of its own, as "
            "SequenceEncoder does with 0."
        )
