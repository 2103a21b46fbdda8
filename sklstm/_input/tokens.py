"""Read sequences of tokens, and convert tokens to integer codes and back."""

from collections import Counter
from numbers import Integral

import numpy as np

# What a sequence can be, in the words of the errors.
TEXT = "a string"
STRINGS = "a sequence of string tokens"
INTEGERS = "a sequence of integer tokens"
# More codes than this are no vocabulary, but hashes or numbers of another kind.
MOST_CODES = 2**20


def read_sequences(X, analyze, wanted=None):
    """Read X as lists of tokens.

    Parameters
    ----------
    X : iterable, or table of one column
        Strings, or lists, tuples or 1-D arrays of tokens.
    analyze : callable
        Cuts a string into a list of tokens.
    wanted : str, default=None
        Kind that the sequences must be of. None: that of the first one.

    Returns
    -------
    sequences : list of list
        Tokens of each sequence, at least one.
    kind : str
        Their kind: `TEXT`, `STRINGS` or `INTEGERS`.

    Raises
    ------
    ValueError
        If X is a single string or empty, or if a sequence is empty, of another kind or
        neither a string nor tokens.
    """
    sequences, kinds = [], []
    for i, sequence in enumerate(_as_list(X)):
        tokens = _tokens(sequence, analyze, f"X[{i}]")
        kind = TEXT if isinstance(sequence, str) else _kind(tokens, f"X[{i}]")
        sequences.append(tokens)
        kinds.append(kind)
    _check_kinds(kinds, wanted)
    return sequences, kinds[0]


def learn_vocabulary(sequences, min_frequency):
    """Give codes from 1 on, in sorted order, to tokens in enough sequences.

    Parameters
    ----------
    sequences : list of list
        Tokens of one type.
    min_frequency : int or float
        Number of sequences that a token must be in; as a float their share.

    Returns
    -------
    vocabulary : dict
        Code of each known token.

    Raises
    ------
    ValueError
        If no token is in enough sequences.
    """
    counts = Counter(token for tokens in sequences for token in set(tokens))
    # A share is a quotient: 0.07 * 100 is more than 7.
    size = 1 if isinstance(min_frequency, Integral) else len(sequences)
    known = sorted(t for t, count in counts.items() if count / size >= min_frequency)
    if not known:
        raise ValueError(
            f"min_frequency={min_frequency} leaves no token: the most frequent one is "
            f"in {max(counts.values())} of {len(sequences)} sequences. Pass a smaller "
            "min_frequency."
        )
    # Plain Python's strings and integers, whatever an array held.
    plain = str if isinstance(known[0], str) else int
    return {plain(token): code for code, token in enumerate(known, start=1)}


def encode(sequences, vocabulary, n_timesteps):
    """Write the last tokens of every sequence in codes, NaN before the first one.

    Parameters
    ----------
    sequences : list of list
        Tokens, at least one in each.
    vocabulary : dict
        Code of each known token; others get 0.
    n_timesteps : int
        Number of columns.

    Returns
    -------
    codes : ndarray of shape (n_sequences, n_timesteps)
        The last token stands in the last column.
    """
    codes = np.full((len(sequences), n_timesteps), np.nan)
    for row, tokens in zip(codes, sequences, strict=True):
        kept = tokens[-n_timesteps:]
        row[-len(kept) :] = [vocabulary.get(token, 0) for token in kept]
    return codes


def decode(codes, symbols):
    """Read codes as positions in a list of symbols.

    Parameters
    ----------
    codes : ndarray of shape (n_sequences, n_timesteps)
        Codes, with NaN before the first one.
    symbols : list
        What each code stands for, from code 0 on.

    Returns
    -------
    sequences : list of list
        Symbols of each row.

    Raises
    ------
    ValueError
        If a code is no position in `symbols`, or is NaN after the first one.
    """
    is_missing = np.logical_and.accumulate(np.isnan(codes), axis=1)
    _check_codes(codes, is_missing, len(symbols))
    return [
        [symbols[int(code)] for code in row[~missing]]
        for row, missing in zip(codes, is_missing, strict=True)
    ]


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


def _as_list(X):
    """Read X as a list of sequences; a table gives its only column."""
    if isinstance(X, str | bytes) or not np.iterable(X):
        raise ValueError(
            f"X must be a list of sequences, got {_shown(X)}. Put a single one into a "
            "list: [X]."
        )
    sequences = list(_only_column(X) if len(getattr(X, "shape", ())) > 1 else X)
    if not sequences:
        raise ValueError(
            "X is empty: pass at least one sequence. An iterator is used up once it "
            "was read: pass list(X)."
        )
    return sequences


def _only_column(X):
    """Return the column of a table that has one."""
    if len(X.shape) == 2 and X.shape[1] == 1 and (table := np.asarray(X)).ndim == 2:
        return table[:, 0]
    raise ValueError(
        "X must be a list, a 1-D array or a table of one column, whose elements are "
        f"sequences; got a {type(X).__name__} of shape {X.shape}. Pass the column of "
        "texts, or list(X) for an array whose rows are sequences of tokens."
    )


def _tokens(sequence, analyze, name):
    """Cut a string into tokens, or list those there are."""
    is_1d = len(getattr(sequence, "shape", ())) == 1
    if not (is_1d or isinstance(sequence, str | list | tuple)):
        raise ValueError(
            f"{name} is {_shown(sequence)}, neither a string nor a list, tuple or 1-D "
            "array of tokens. Leave out what is missing, with its target; numbers that "
            "measure something need no encoder, see sklstm.pad_sequences."
        )
    tokens = analyze(sequence) if isinstance(sequence, str) else list(sequence)
    if tokens:
        return tokens
    raise ValueError(
        f"{name} has no tokens: {_shown(sequence)}. Leave it out, with its target, or "
        "let analyzer or token_pattern find some."
    )


def _kind(tokens, name):
    """Say what tokens are; refuse what has no order."""
    types = set(map(type, tokens))
    for kind, symbol in ((STRINGS, str), (INTEGERS, Integral)):
        if all(issubclass(cls, symbol) for cls in types):
            return kind
    raise ValueError(
        f"The tokens of {name} must be all strings or all integers, got "
        f"{', '.join(sorted(cls.__name__ for cls in types))}. Turn them into strings: "
        "[str(token) for token in sequence]."
    )


def _check_kinds(kinds, wanted):
    """Raise unless all sequences are of one kind: the one wanted, if any is."""
    source = "X[0] is" if wanted is None else "fit saw"
    wanted = wanted or kinds[0]
    for i, kind in enumerate(kinds):
        if kind != wanted:
            raise ValueError(
                f"X[{i}] is {kind}, but {source} {wanted}. Pass sequences of one kind, "
                "in fit and afterwards."
            )


def _check_codes(codes, is_missing, n_symbols):
    """Raise unless whatever is not missing is the code of a symbol."""
    is_wrong = ~(is_missing | np.isin(codes, np.arange(n_symbols)))
    if is_wrong.any():
        row, column = np.argwhere(is_wrong)[0]
        raise ValueError(
            f"X[{row}, {column}] is {codes[row, column]:g}, which is no code: codes "
            f"are integers from 0 (unknown) to {n_symbols - 1}, with NaN only before "
            "the first. Pass what transform gives."
        )


def _shown(thing):
    """Show a thing in an error, with its type and not too long."""
    return f"{type(thing).__name__} {thing!r:.60}"
