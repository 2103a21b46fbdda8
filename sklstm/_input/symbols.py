"""Symbols of sequences: how texts are split into them, and the code of each."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from sklstm._input.tokens import TEXT, UNKNOWN, build_vocabulary, read_sequences


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


class Symbols(NamedTuple):
    """Symbols that were learned from sequences of one kind."""

    splitting: Splitting
    kind: str  # as in :func:`~sklstm._input.tokens.read_sequences`
    vocabulary: dict[Any, int]  # code of each known symbol, from 1 on

    @classmethod
    def learn(cls, X, splitting, min_frequency=1, max_length=None, name="X"):
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
        vocabulary = build_vocabulary(kept, min_frequency)
        return cls(splitting, kind, vocabulary), n_timesteps

    def check_splitting(self, estimator):
        """Raise if the parameters of an estimator describe another splitting."""
        wanted = Splitting.of(
            estimator, keeps_white_space=self.splitting.keeps_white_space
        )
        for name, before in self.splitting._asdict().items():
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
    def are_characters(self):
        """Whether the symbols are the characters of texts."""
        return self.kind == TEXT and self.splitting.analyzer == "char"


def learn_symbols(X, estimator, name="X"):
    """Learn the symbols of an estimator that reads and writes texts.

    White space is kept as it is.

    Parameters
    ----------
    X : iterable, or table of one column
        Sequences, as in :func:`~sklstm._input.tokens.read_sequences`.
    estimator : estimator
        Estimator with the parameters of a splitting, and with `min_frequency`.
    name : str, default="X"
        Name of X in messages.

    Returns
    -------
    symbols : Symbols
        The symbols.
    """
    splitting = Splitting.of(estimator, keeps_white_space=True)
    return Symbols.learn(X, splitting, estimator.min_frequency, name=name)[0]
