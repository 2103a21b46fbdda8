"""Read sequences of tokens, and convert tokens to integer codes and back."""

import warnings
from collections import Counter
from collections.abc import Mapping, Set
from numbers import Integral

import numpy as np

from sklstm._input.arrays import unwrap

# Code of all unknown tokens.
UNKNOWN = 0

# Kinds of sequences, in the words of the messages.
TEXT = "a string"
STRINGS = "a sequence of string tokens"
INTEGERS = "a sequence of integer tokens"

# The network has a vector for each code. More codes than this must be a mistake: they
# may be hashes or measured numbers.
MAX_CODES = 2**20

# Name of the attribute of a pandas frame of token codes.
FRAME_MARK = "sklstm_token_codes"


class TokenCodes(np.ndarray):
    """Array of token codes, which estimators can distinguish from numeric values.

    Selections, copies, concatenations and pickles are token codes, too. The results of
    arithmetic are plain arrays, and ``np.asarray`` converts codes to a plain array.

    Attributes
    ----------
    mark : object
        What the codes stand for. True if it is not known, as in concatenations.
    """

    mark: object = True
    # With a positive number, concatenations are token codes.
    __array_priority__ = 1

    def __array_finalize__(self, array):
        """Keep the mark of the array that this one is made from."""
        self.mark = getattr(array, "mark", True)

    def __reduce__(self):
        rebuild, arguments, state = super().__reduce__()
        return rebuild, arguments, (self.mark, state)

    def __setstate__(self, state):
        self.mark, state_of_array = state
        super().__setstate__(state_of_array)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        """Compute with plain arrays."""
        if out is not None:
            options["out"] = tuple(map(_as_plain, out))
        return getattr(ufunc, method)(*map(_as_plain, inputs), **options)

    def __repr__(self):
        return repr(np.asarray(self))


def read_sequences(X, analyze, wanted=None, name="X"):
    """Convert X to lists of tokens.

    Parameters
    ----------
    X : iterable, or table of one column
        Strings, or lists, tuples or 1-D arrays of tokens.
    analyze : callable
        Splits a string into a list of tokens.
    wanted : str, default=None
        Required kind of the sequences, which may then be empty. If None, it is the kind
        of the first sequence, and no sequence may be empty.
    name : str, default="X"
        Name of X in messages.

    Returns
    -------
    sequences : list of list
        Tokens of each sequence.
    kind : str
        Kind of the sequences: `TEXT`, `STRINGS` or `INTEGERS`.

    Raises
    ------
    ValueError
        If X is a single string or empty, or if a sequence is empty although this is not
        allowed, not of the required kind, or neither a string nor tokens.
    """
    sequences, kinds = [], []
    for i, sequence in enumerate(as_list(X, name)):
        tokens = _tokenize(sequence, analyze, f"{name}[{i}]", is_fit=wanted is None)
        if isinstance(sequence, str):
            kind = TEXT
        else:  # an empty sequence is of any kind
            kind = _kind_of(tokens, f"{name}[{i}]") if tokens else wanted
        sequences.append(tokens)
        kinds.append(kind)
    _check_kinds(kinds, wanted, name)
    return sequences, kinds[0]


def as_list(X, name):
    """Convert X to a list of sequences. A table must have one column."""
    X = unwrap(X, name)
    if isinstance(X, str | bytes) or not np.iterable(X):
        raise ValueError(
            f"{name} must be a list of sequences, got {_describe(X)}. Pass a single "
            f"sequence as a list: [{name}]."
        )
    if isinstance(X, Mapping | Set):
        is_mapping = isinstance(X, Mapping)
        way_out = f"list({name}.values())" if is_mapping else f"sorted({name})"
        raise ValueError(
            f"{name} must be a list of sequences, got a {type(X).__name__}. Pass "
            f"{way_out}."
        )
    sequences = list(_only_column(X, name) if len(getattr(X, "shape", ())) > 1 else X)
    if not sequences:
        raise ValueError(
            f"{name} is empty: pass at least one sequence. An iterator can be read "
            f"only once: pass list({name})."
        )
    return unwrap(sequences, name)


def build_vocabulary(sequences, min_frequency):
    """Build a vocabulary: codes from 1 on for the frequent tokens, in sorted order.

    Parameters
    ----------
    sequences : list of list
        Tokens of one type.
    min_frequency : int or float
        Minimum number of sequences that contain a token. A float is the minimum
        fraction of the sequences.

    Returns
    -------
    vocabulary : dict
        Code of each frequent token.

    Raises
    ------
    ValueError
        If no token is frequent enough.
    """
    counts = Counter(token for tokens in sequences for token in set(tokens))
    # Compare quotients, because 0.07 * 100 > 7 in floating point.
    size = 1 if isinstance(min_frequency, Integral) else len(sequences)
    frequent = sorted(t for t, count in counts.items() if count / size >= min_frequency)
    if not frequent:
        raise ValueError(
            f"min_frequency={min_frequency} leaves no token: the most frequent one is "
            f"in {max(counts.values())} of {len(sequences)} sequences. Pass a smaller "
            "min_frequency."
        )
    # The tokens of an array have NumPy's types.
    python_type = str if isinstance(frequent[0], str) else int
    return {python_type(token): code for code, token in enumerate(frequent, start=1)}


def encode(sequences, vocabulary, n_timesteps):
    """Convert the last tokens of each sequence to codes, with NaN before the first one.

    Parameters
    ----------
    sequences : list of list
        Tokens of each sequence, which may be none.
    vocabulary : dict
        Code of each known token. All others get code 0.
    n_timesteps : int
        Number of columns.

    Returns
    -------
    codes : ndarray of shape (n_sequences, n_timesteps)
        Token codes, with the last token in the last column.
    """
    codes = np.full((len(sequences), n_timesteps), np.nan)
    for row, tokens in zip(codes, sequences, strict=True):
        kept = tokens[-n_timesteps:]
        row[n_timesteps - len(kept) :] = [vocabulary.get(token, 0) for token in kept]
    return codes


def decode(codes, tokens):
    """Convert codes to tokens.

    Parameters
    ----------
    codes : ndarray of shape (n_sequences, n_timesteps)
        Token codes, with NaN before the first one.
    tokens : list
        Token of each code, from code 0 on.

    Returns
    -------
    sequences : list of list
        Tokens of each row.

    Raises
    ------
    ValueError
        If a code has no token, or if NaN follows a code.
    """
    is_padding = np.logical_and.accumulate(np.isnan(codes), axis=1)
    _check_codes(codes, is_padding, len(tokens))
    return [
        [tokens[int(code)] for code in row[~padding]]
        for row, padding in zip(codes, is_padding, strict=True)
    ]


def mark_token_codes(data, mark=True):
    """Mark an array or a pandas frame, so that :func:`are_token_codes` returns True.

    Parameters
    ----------
    data : ndarray or pandas.DataFrame
        Token codes.
    mark : object, default=True
        What the codes stand for; see :func:`mark_of`.

    Returns
    -------
    codes : TokenCodes or pandas.DataFrame
        View of the array, or the same frame.
    """
    if isinstance(data, np.ndarray):
        codes = data.view(TokenCodes)
        codes.mark = mark
        return codes
    data.attrs[FRAME_MARK] = mark
    return data


def are_token_codes(X):
    """Return whether X is an array or a pandas frame that is marked as token codes.

    The marks of arrays and frames survive the selection of rows, copies and pickles.

    Parameters
    ----------
    X : object
        Data as a user passed it.

    Returns
    -------
    are_token_codes : bool
        Whether :class:`~sklstm.SequenceEncoder` returned X or data that X was selected
        from.
    """
    return mark_of(X) is not None


def mark_of(X):
    """Return the mark of token codes; None for an X that is not marked."""
    if isinstance(X, TokenCodes):
        return X.mark
    attributes = getattr(X, "attrs", None)
    return attributes.get(FRAME_MARK) if isinstance(attributes, dict) else None


def count_codes(windows):
    """Count the token codes from 0 to the largest one in windows."""
    values = windows.values
    return int(values[~np.isnan(values)].max(initial=-1)) + 1


def check_codes(windows, n_codes=None):
    """Check that windows hold token codes.

    Parameters
    ----------
    windows : Windows
        Windows of one feature.
    n_codes : int or None, default=None
        Number of codes that the network knows. If None, up to `MAX_CODES` are allowed.

    Raises
    ------
    ValueError
        If X has several features, a number that is not a code, or a code that is too
        large.
    """
    values = windows.values
    if values.shape[2] != 1:
        raise ValueError(
            f"embedding_size needs one token code per step, but X has "
            f"{values.shape[2]} features. Pass codes of shape (n_windows, "
            "n_timesteps), as SequenceEncoder returns them, or set embedding_size=None "
            "for numeric values."
        )
    is_code = (values >= 0) & (values == np.floor(values))
    odd = ~(is_code | np.isnan(values))
    if odd.any():
        raise ValueError(
            f"X holds {values[odd][0]:g}, which is not a token code: codes are "
            "integers from 0 on. SequenceEncoder converts tokens to codes. For numeric "
            "values, set embedding_size=None."
        )
    n_seen = count_codes(windows)
    if n_codes is None and n_seen > MAX_CODES:
        raise ValueError(
            f"X holds the code {n_seen - 1}, but the network learns a vector for each "
            "code from 0 on. Number the tokens without gaps, as SequenceEncoder does."
        )
    if n_codes is not None and n_seen > n_codes:
        raise ValueError(
            f"X holds the code {n_seen - 1}, but the largest code in fit was "
            f"{n_codes - 1}. Use one code for all unknown tokens, as SequenceEncoder "
            "does with code 0."
        )


def _as_plain(array):
    """Convert token codes to a plain array. Return everything else unchanged."""
    return np.asarray(array) if isinstance(array, TokenCodes) else array


def _only_column(X, name):
    """Return the column of a table that has one column."""
    if len(X.shape) == 2 and X.shape[1] == 1 and (table := np.asarray(X)).ndim == 2:
        return table[:, 0]
    raise ValueError(
        f"{name} must be a list, a 1-D array or a table of one column, whose elements "
        f"are sequences; got a {type(X).__name__} of shape {X.shape}. Pass the column "
        f"of texts, or list({name}) for an array whose rows are sequences of tokens."
    )


def _tokenize(sequence, analyze, name, is_fit):
    """Split a string into tokens, or convert a sequence of tokens to a list."""
    way_out = (
        "Drop missing sequences together with their targets."
        if is_fit
        else 'Drop missing sequences, or pass "" or [] if empty ones are allowed.'
    )
    is_1d = len(getattr(sequence, "shape", ())) == 1
    if not (is_1d or isinstance(sequence, str | list | tuple)):
        raise ValueError(
            f"{name} is {_describe(sequence)}, neither a string nor a list, tuple or "
            f"1-D array of tokens. {way_out} "
            "Sequences of measured numbers need no encoder; use sklstm.pad_sequences."
        )
    tokens = analyze(sequence) if isinstance(sequence, str) else list(sequence)
    if tokens or not is_fit:
        return tokens
    raise ValueError(
        f"{name} has no tokens: {_describe(sequence)}. Drop the sequence and its "
        "target, or change analyzer or token_pattern so that the sequence has tokens."
    )


def warn_of_empty(sequences):
    """Warn if sequences have no tokens."""
    empty = [i for i, tokens in enumerate(sequences) if not tokens]
    if empty:
        warnings.warn(
            f"{len(empty)} of {len(sequences)} sequences of X have no tokens, such as "
            f"X[{empty[0]}]. Their rows of codes are all NaN. For such rows, the "
            "estimators of this package predict the class shares or the mean of the "
            "training targets.",
            stacklevel=4,
        )


def _kind_of(tokens, name):
    """Return the kind of a sequence of tokens; raise if their types differ."""
    types = set(map(type, tokens))
    for kind, token_type in ((STRINGS, str), (INTEGERS, Integral)):
        if all(issubclass(cls, token_type) for cls in types):
            return kind
    raise ValueError(
        f"The tokens of {name} must be all strings or all integers, got "
        f"{', '.join(sorted(cls.__name__ for cls in types))}. Convert them to strings: "
        "[str(token) for token in sequence]."
    )


def _check_kinds(kinds, wanted, name):
    """Raise unless all kinds are the wanted one, which defaults to the first kind."""
    source = f"{name}[0] is" if wanted is None else "fit saw"
    wanted = wanted or kinds[0]
    for i, kind in enumerate(kinds):
        if kind != wanted:
            raise ValueError(
                f"{name}[{i}] is {kind}, but {source} {wanted}. Pass sequences of one "
                "kind, the same in fit and afterwards."
            )


def _check_codes(codes, is_padding, n_tokens):
    """Raise if a value outside the padding is not the code of a token."""
    is_wrong = ~(is_padding | np.isin(codes, np.arange(n_tokens)))
    if is_wrong.any():
        row, column = np.argwhere(is_wrong)[0]
        raise ValueError(
            f"X[{row}, {column}] is {codes[row, column]:g}, which is not a token code: "
            f"codes are integers from 0 (unknown) to {n_tokens - 1}, with NaN only "
            "before the first code. Pass codes as transform returns them."
        )


def _describe(value):
    """Return the type and the first characters of a value, for error messages."""
    return f"{type(value).__name__} {value!r:.60}"
