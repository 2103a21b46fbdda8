"""Symbols of sequences: how texts are split into them, and the code of each."""

from collections.abc import Mapping, Set
from hashlib import sha256
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from sklstm._input.plain import saved_as
from sklstm._input.tokens import (
    TEXT,
    UNKNOWN,
    build_vocabulary,
    mark_of,
    read_sequences,
)


@saved_as("splitting")
class Splitting(NamedTuple):
    """How strings are split into symbols, in the words of `CountVectorizer`."""

    analyzer: str
    lowercase: bool
    token_pattern: str | None
    # Whether several white spaces in a row are not one space, with ``analyzer="char"``.
    keeps_white_space: bool = False

    @classmethod
    def of(cls, estimator, *, keeps_white_space=False):
        """Return the splitting that the parameters of an estimator describe."""
        names = "analyzer", "lowercase", "token_pattern"
        values = (getattr(estimator, name) for name in names)
        return cls(*values, keeps_white_space)

    def analyze(self):
        """Return the function that splits a string into a list of tokens."""
        if self.analyzer == "word" and self.token_pattern is None:
            raise ValueError(
                "token_pattern is None, but analyzer='word' needs it to find words. "
                "Pass a regular expression such as r'\\b\\w+\\b', or analyzer='char'."
            )
        if self.analyzer == "char" and self.keeps_white_space:
            return (lambda text: list(text.lower())) if self.lowercase else list
        return CountVectorizer(
            analyzer=self.analyzer,
            lowercase=self.lowercase,
            token_pattern=self.token_pattern,
        ).build_analyzer()


@saved_as("coding")
class Coding(NamedTuple):
    """What codes stand for, in a form that is small and can be compared."""

    # Parameters of the splitting that matter, by name. Empty for sequences of tokens.
    splitting: tuple[tuple[str, Any], ...]
    n_symbols: int
    digest: str  # of the vocabulary

    @property
    def n_codes(self):
        """Number of codes, that of unknown tokens included."""
        return self.n_symbols + 1


@saved_as("symbols")
class Symbols(NamedTuple):
    """Symbols that were learned from sequences of one kind."""

    splitting: Splitting
    kind: str  # as in :func:`~sklstm._input.tokens.read_sequences`
    vocabulary: dict[Any, int]  # code of each known symbol, from 1 on

    @classmethod
    def learn(
        cls,
        X,
        splitting,
        min_frequency=1,
        max_length=None,
        vocabulary=None,
        name="X",
    ):
        """Learn the symbols of sequences.

        Parameters
        ----------
        X : iterable, or table of one column
            Sequences, as in :func:`~sklstm._input.tokens.read_sequences`.
        splitting : Splitting
            How strings are split.
        min_frequency : int or float, default=1
            As in :func:`~sklstm._input.tokens.build_vocabulary`.
        max_length : int or None, default=None
            Number of tokens at the end of each sequence that count. None for all.
        vocabulary : Mapping, iterable or None, default=None
            Known tokens, as in :func:`read_vocabulary`. None for those of X.
        name : str, default="X"
            Name of X in messages.

        Returns
        -------
        symbols : Symbols
            The symbols.
        n_timesteps : int
            `max_length`, or the length of the longest sequence.
        """
        sequences, kind = read_sequences(X, splitting.analyze(), name=name)
        n_timesteps = max_length or max(map(len, sequences))
        kept = [tokens[-n_timesteps:] for tokens in sequences]
        if vocabulary is None:
            vocabulary = build_vocabulary(kept, min_frequency)
        else:
            vocabulary = read_vocabulary(vocabulary)
            _check_some_known(kept, vocabulary, name)
        return cls(splitting, kind, vocabulary), n_timesteps

    def check_splitting(self, estimator):
        """Raise if the parameters of an estimator describe another splitting."""
        wanted = Splitting.of(
            estimator, keeps_white_space=self.splitting.keeps_white_space
        )
        for name, before in self._effective_splitting.items():
            now = getattr(wanted, name)
            if now != before:
                raise ValueError(
                    f"The symbols of the last fit were learned with {name}={before!r}, "
                    f"but now it is {now!r}. Set {name}={before!r} to train further, "
                    "or call fit with warm_start=False."
                )

    def read(self, X, name="X"):
        """Split sequences of the same kind into lists of tokens."""
        analyze = self.splitting.analyze()
        return read_sequences(X, analyze, wanted=self.kind, name=name)[0]

    def codes(self, sequences):
        """Convert lists of tokens to arrays of codes."""
        known = self.vocabulary
        return [
            np.array([known.get(token, UNKNOWN) for token in tokens], dtype=np.int64)
            for tokens in sequences
        ]

    def join(self, sequences):
        """Convert lists of tokens to sequences of the kind that was learned."""
        if self.kind != TEXT:
            return sequences
        separator = "" if self.are_characters else " "
        return [separator.join(tokens) for tokens in sequences]

    @property
    def coding(self):
        """What the codes stand for, as :class:`Coding`."""
        splitting = self._effective_splitting
        # Estimators that write texts keep white space, and an encoder need not.
        splitting.pop("keeps_white_space", None)
        tokens = repr([*self.vocabulary]).encode()
        digest = sha256(tokens).hexdigest()
        return Coding(tuple(splitting.items()), len(self.vocabulary), digest)

    @property
    def _effective_splitting(self):
        """Parameters of the splitting that have an effect, by name."""
        splitting = self.splitting._asdict() if self.kind == TEXT else {}
        if self.are_characters:
            splitting.pop("token_pattern")
        return splitting

    @property
    def are_characters(self):
        """Whether the symbols are the characters of texts."""
        return self.kind == TEXT and self.splitting.analyzer == "char"


def coding_of(X):
    """Return the :class:`Coding` of token codes; None if it is not known."""
    mark = mark_of(X)
    return mark if isinstance(mark, Coding) else None


def read_vocabulary(vocabulary):
    """Check a vocabulary and sort it by its codes.

    Parameters
    ----------
    vocabulary : Mapping or iterable
        Code of each token, from 1 on; or the tokens in the order of their codes. The
        tokens of a set are sorted.

    Returns
    -------
    vocabulary : dict
        Code of each token.

    Raises
    ------
    ValueError
        If there is no token; if the tokens are not all strings or all integers; if a
        token is repeated; or if the codes are not 1 to the number of tokens.
    """
    if isinstance(vocabulary, Mapping):
        codes = {_as_python(token): code for token, code in vocabulary.items()}
    else:
        tokens = sorted(vocabulary) if isinstance(vocabulary, Set) else [*vocabulary]
        codes = {_as_python(token): code for code, token in enumerate(tokens, start=1)}
        if len(codes) < len(tokens):
            raise ValueError(
                f"vocabulary has {len(tokens)} tokens, of which only {len(codes)} are "
                "different. Pass each token once: list(dict.fromkeys(vocabulary))."
            )
    if not codes:
        raise ValueError(
            "vocabulary is empty. Pass at least one token, or None to learn the tokens "
            "from X."
        )
    if {*codes.values()} != {*range(1, len(codes) + 1)}:
        raise ValueError(
            f"vocabulary must give the codes 1 to {len(codes)} to its {len(codes)} "
            "tokens, each once; code 0 is for unknown tokens. Pass a mapping such as "
            "the attribute vocabulary_ of an encoder, or a list of tokens."
        )
    types = {type(token) for token in codes}
    if types not in ({str}, {int}):
        raise ValueError(
            "The tokens of vocabulary must be all strings or all integers, got "
            f"{', '.join(sorted(cls.__name__ for cls in types))}. Convert them to "
            "strings: [str(token) for token in vocabulary]."
        )
    return dict(sorted(codes.items(), key=lambda item: item[1]))


def _as_python(token):
    """Convert a token of an array to a string or an integer of Python."""
    if isinstance(token, str):
        return str(token)
    return int(token) if isinstance(token, Integral) else token


def _check_some_known(sequences, vocabulary, name):
    """Raise if no token of the sequences is in a vocabulary."""
    if any(token in vocabulary for tokens in sequences for token in tokens):
        return
    raise ValueError(
        f"No token of {name} is in vocabulary: {name} has tokens such as "
        f"{sequences[0][0]!r}, and vocabulary such as {next(iter(vocabulary))!r}. "
        f"Split {name} as the sequences that the vocabulary comes from: check "
        "analyzer, lowercase and token_pattern."
    )


def learn_symbols(X, estimator, name="X"):
    """Learn the symbols of an estimator that reads and writes texts.

    White space is kept as it is.

    Parameters
    ----------
    X : iterable, or table of one column
        Sequences, as in :func:`~sklstm._input.tokens.read_sequences`.
    estimator : estimator
        Estimator with the parameters `analyzer`, `lowercase`, `token_pattern` and
        `min_frequency`.
    name : str, default="X"
        Name of X in messages.

    Returns
    -------
    symbols : Symbols
        The symbols.
    """
    splitting = Splitting.of(estimator, keeps_white_space=True)
    return Symbols.learn(X, splitting, estimator.min_frequency, name=name)[0]
