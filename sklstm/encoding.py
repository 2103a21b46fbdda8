"""Symbols as a pipeline step: from texts, DNA and lists of tokens to codes."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_array, check_is_fitted

from sklstm._core.sklearn_compat import Interval, RealNotInt, StrOptions, fit_context
from sklstm._input.tokens import TEXT, build_vocabulary, decode, encode, read_sequences
from sklstm._input.windows import lag_names


class SequenceEncoder(TransformerMixin, BaseEstimator):
    r"""Turn sequences of symbols into rows of integer codes.

    Every token seen often enough in :term:`fit` has a code of its own, from 1; all
    others share code 0. Sequences end at the last column; a shorter one has NaN before
    its first token: time steps that do not exist for the estimators of this package.

    Parameters
    ----------
    analyzer : {"char", "word"}, default="char"
        What a token of a string is, as in
        :class:`~sklearn.feature_extraction.text.CountVectorizer`. "char": a character,
        where several white spaces in a row count as one space. "word": what
        `token_pattern` finds. Sequences of tokens are taken as they are.

    lowercase : bool, default=False
        Whether to put strings into lower case first. Sequences of tokens keep theirs.

    token_pattern : str or None, default=r"(?u)\\b\\w+\\b"
        Regular expression of a word, for ``analyzer="word"``; not looked at, and may be
        None, for "char". The default keeps words of one letter, which `CountVectorizer`
        drops: in a sequence "I", "a" and "7" have their place, and without them words
        would meet that are not neighbours.

    max_length : int, default=None
        Time steps to keep of each sequence: longer ones lose their first tokens. None:
        the length of the longest in `fit`.

    min_frequency : int or float, default=1
        In how many training sequences a token must be to have a code, in the manner of
        `min_df` of `CountVectorizer`. An int is their number, a float between 0 and 1
        their share. Twice in one sequence counts once.

    Attributes
    ----------
    vocabulary_ : dict
        Code of each known token, from 1 on, in the order of the sorted tokens.

    n_timesteps_ : int
        Number of columns: `max_length`, or the length of the longest training sequence.

    See Also
    --------
    sklstm.pad_sequences : Sequences of numbers in place of symbols.
    sklearn.feature_extraction.text.CountVectorizer : Count tokens, without their order.

    Notes
    -----
    With ``min_frequency=1`` no training sequence holds an unknown token, so nothing
    that comes after the encoder learns what code 0 means. ``min_frequency=2`` gives it
    examples: tokens that are in one training sequence only. Tokens that `max_length`
    cuts off in `fit` do not count.

    Codes are names, not sizes: code 4 is not twice code 2. An estimator must embed them
    or encode them one-hot.

    Examples
    --------
    >>> from sklstm import SequenceEncoder
    >>> encoder = SequenceEncoder().fit(["GATTACA", "TAG"])
    >>> encoder.vocabulary_
    {'A': 1, 'C': 2, 'G': 3, 'T': 4}
    >>> codes = encoder.transform(["TAG", "GATTACA", "NAG"])
    >>> codes
    array([[nan, nan, nan, nan,  4.,  1.,  3.],
           [ 3.,  1.,  4.,  4.,  1.,  2.,  1.],
           [nan, nan, nan, nan,  0.,  1.,  3.]])
    >>> encoder.inverse_transform(codes[:2])
    ['TAG', 'GATTACA']
    >>> words = SequenceEncoder(analyzer="word", lowercase=True)
    >>> words.fit_transform(["I came", "I saw", "came I?"])
    array([[2., 1.],
           [2., 3.],
           [1., 2.]])
    """

    _parameter_constraints: dict = {
        "analyzer": [StrOptions({"char", "word"})],
        "lowercase": ["boolean"],
        "token_pattern": [str, None],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "min_frequency": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
    }

    def __init__(
        self,
        analyzer="char",
        *,
        lowercase=False,
        token_pattern=r"(?u)\b\w+\b",
        max_length=None,
        min_frequency=1,
    ):
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.max_length = max_length
        self.min_frequency = min_frequency

    @fit_context
    def fit(self, X, y=None):
        """Learn which tokens there are, and how long sequences are.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Strings; or lists, tuples or 1-D arrays of tokens: strings or integers. All
            sequences are of one kind, and none is empty.

        y : None
            Not used; there for pipelines.

        Returns
        -------
        self : SequenceEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If X is a single string or empty, if a sequence is empty, of another kind
            than the first or neither a string nor tokens, if no token is frequent
            enough, or if `token_pattern` is None with ``analyzer="word"``.
        """
        sequences, kind = read_sequences(X, self._analyzer())
        n_timesteps = self.max_length or max(map(len, sequences))
        kept = [tokens[-n_timesteps:] for tokens in sequences]
        self.vocabulary_ = build_vocabulary(kept, self.min_frequency)
        self.n_timesteps_ = n_timesteps
        self._kind = kind
        return self

    def transform(self, X):
        """Give every sequence its row of codes.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Sequences of the kind seen in `fit`, none of them empty.

        Returns
        -------
        codes : ndarray or dataframe of shape (n_sequences, `n_timesteps_`)
            Codes as float64, the last token in the last column: 0 for unknown tokens,
            NaN before the first one. Of a longer sequence the last tokens.

        Raises
        ------
        ValueError
            If X is a single string or empty, or if a sequence is empty, of another kind
            than in `fit` or neither a string nor tokens.
        """
        check_is_fitted(self)
        sequences, _ = read_sequences(X, self._analyzer(), wanted=self._kind)
        return encode(sequences, self.vocabulary_, self.n_timesteps_)

    def inverse_transform(self, X):
        """Give back the sequences that codes stand for.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_sequences, n_timesteps)
            Codes as `transform` gives them, NaN only before the first one; any number
            of time steps.

        Returns
        -------
        sequences : list of str or list of list
            Strings if `fit` saw strings: characters joined without a gap, words by a
            space. Else lists of tokens. Code 0 becomes the replacement character
            U+FFFD among characters, and "<unknown>" among words and tokens.

        Raises
        ------
        ValueError
            If X holds anything but codes of known tokens, 0 and NaN before them.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=np.float64, ensure_all_finite=False, input_name="X")
        is_char = self._kind == TEXT and self.analyzer == "char"
        unknown = "\N{REPLACEMENT CHARACTER}" if is_char else "<unknown>"
        sequences = decode(X, [unknown, *self.vocabulary_])
        if self._kind != TEXT:
            return sequences
        gap = "" if is_char else " "
        return [gap.join(tokens) for tokens in sequences]

    def get_feature_names_out(self, input_features=None):
        """Name the columns after their time steps.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used; there for pipelines.

        Returns
        -------
        feature_names_out : ndarray of str
            Names such as ``"token__lag2"``: the token two steps before the last one.
            The estimators of this package read such columns as windows.
        """
        check_is_fitted(self)
        return np.array(lag_names(["token"], self.n_timesteps_), dtype=object)

    def _analyzer(self):
        """Return the function that cuts a string into tokens."""
        if self.analyzer == "word" and self.token_pattern is None:
            raise ValueError(
                "token_pattern is None, but analyzer='word' finds words by it. Pass a "
                "regular expression such as r'\\b\\w+\\b', or analyzer='char'."
            )
        return CountVectorizer(
            analyzer=self.analyzer,
            lowercase=self.lowercase,
            token_pattern=self.token_pattern,
        ).build_analyzer()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
