"""Token codes as a pipeline step, for texts, DNA and lists of tokens."""

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from sklstm._core.fit_methods import all_or_nothing
from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    DocumentedMixin,
    Interval,
    RealNotInt,
    StrOptions,
    fit_context,
    output_container,
    with_callbacks,
)
from sklstm._input.arrays import unwrap
from sklstm._input.numbers import check_numbers
from sklstm._input.saved_state import SavedStateMixin
from sklstm._input.symbols import Splitting, Symbols
from sklstm._input.tokens import decode, encode, mark_token_codes, warn_of_empty
from sklstm._input.windows import lag_names
from sklstm._typing import ArrayLike


class SequenceEncoder(
    SavedStateMixin,
    DocumentedMixin,
    TransformerMixin,
    CallbackSupportMixin,
    BaseEstimator,
):
    r"""Convert sequences of tokens to rows of integer codes.

    Each token that is frequent enough in :term:`fit` gets a code of its own, from 1 on.
    All other tokens share code 0. The last token of a sequence is in the last column.
    Shorter sequences have NaN before their first token; the estimators of this package
    skip these time steps.

    Parameters
    ----------
    analyzer : {"char", "word"}, default="char"
        How strings are split into tokens, as in
        :class:`~sklearn.feature_extraction.text.CountVectorizer`. With "char", each
        character is a token, and several white spaces in a row count as one space. With
        "word", the tokens are the matches of `token_pattern`. Sequences of tokens are
        not split.

    lowercase : bool, default=False
        Whether to convert strings to lower case before they are split. Sequences of
        tokens are not converted.

    token_pattern : str or None, default=r"(?u)\\b\\w+\\b"
        Regular expression of a word. Only used if ``analyzer="word"``. The default
        keeps words of one character, which `CountVectorizer` drops: without "I", "a"
        and "7", words that are not neighbors would stand next to each other.

    max_length : int, default=None
        Number of time steps to keep. Longer sequences lose their first tokens. If None,
        it is the length of the longest sequence in `fit`.

    min_frequency : int or float, default=1
        Minimum number of training sequences that contain a token, similar to `min_df`
        of `CountVectorizer`. Rarer tokens get code 0. A float between 0 and 1 is a
        fraction of the sequences. A token that occurs twice in a sequence counts once.

    vocabulary : dict, list of tokens or None, default=None
        Known tokens, similar to `vocabulary` of `CountVectorizer`. A dict has the code
        of each token, as `vocabulary_` of another encoder or of
        :class:`LSTMLanguageModel`. The codes then agree. The tokens of a list get the
        codes 1, 2, 3 and so on. `fit` only measures the length of the sequences, and
        `min_frequency` is ignored. If None, `fit` learns the tokens.

    Attributes
    ----------
    vocabulary_ : dict
        Code of each known token. Codes start at 1, in the order of the sorted tokens
        or of `vocabulary`.

    n_timesteps_ : int
        Number of columns: `max_length`, or the length of the longest training sequence.

    See Also
    --------
    sklstm.pad_sequences : Pad sequences of numbers.
    sklearn.feature_extraction.text.CountVectorizer : Count tokens, regardless
        of their order.

    Notes
    -----
    With ``min_frequency=1``, no training sequence has an unknown token. To learn what
    code 0 means, :class:`LSTMClassifier` and :class:`LSTMRegressor` replace random
    tokens by code 0 during training, if `embedding_dropout` is positive. Other
    estimators get examples of code 0 with ``min_frequency=2``: the tokens that occur in
    only one training sequence. Tokens that `max_length` removes in `fit` do not count
    as occurrences.

    Codes are categories, not quantities: code 4 is not twice code 2. An estimator must
    embed them or encode them one-hot. `transform` marks its result as codes. Selected
    rows, copies and pickles keep this mark. Results of arithmetic, polars frames and
    plain arrays, as from ``np.asarray``, do not have it.

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
        "vocabulary": [dict, "array-like", None],
    }

    def __init__(
        self,
        analyzer: Literal["char", "word"] = "char",
        *,
        lowercase: bool = False,
        token_pattern: str | None = r"(?u)\b\w+\b",
        max_length: int | None = None,
        min_frequency: float = 1,
        vocabulary: Mapping[Any, int] | Iterable[Any] | None = None,
    ):
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.max_length = max_length
        self.min_frequency = min_frequency
        self.vocabulary = vocabulary

    @all_or_nothing
    @with_callbacks
    @fit_context
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Build the vocabulary and measure the length of the sequences.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Each sequence is a string, or a list, tuple or 1-D array of tokens. Tokens
            are strings or integers. All sequences must be of the same kind, and none
            may be empty.

        y : None
            Ignored.

        Returns
        -------
        self : SequenceEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If X is a single string or empty; if a sequence is empty, of another kind
            than the first one, or neither a string nor a sequence of tokens; if no
            token is frequent enough, or none is in `vocabulary`; if `vocabulary` is not
            as described; or if `token_pattern` is None with ``analyzer="word"``.
        """
        callback_runner = CallbackRunner(self, {"X": X, "y": y})
        splitting = Splitting.of(self)
        self._symbols, self.n_timesteps_ = Symbols.learn(
            X, splitting, self.min_frequency, self.max_length, self.vocabulary
        )
        self.vocabulary_ = self._symbols.vocabulary
        self._coding = self._symbols.coding
        callback_runner.end_fit()
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Convert each sequence to a row of codes.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Sequences of the same kind as in `fit`. They may be empty.

        Returns
        -------
        codes : ndarray or dataframe of shape (n_sequences, `n_timesteps_`)
            Codes as float64, with the last token in the last column. Unknown tokens
            have code 0. Columns before the first token are NaN. A sequence that is too
            long loses its first tokens. The row of a sequence without tokens is NaN.
            For such a row, :class:`LSTMClassifier` predicts the class shares and
            :class:`LSTMRegressor` the mean of the training targets.

        Raises
        ------
        ValueError
            If X is a single string or holds no sequence, or if a sequence is of another
            kind than in `fit`, or neither a string nor a sequence of tokens.

        Warns
        -----
        UserWarning
            If a sequence has no tokens.
        """
        check_is_fitted(self)
        sequences = self._symbols.read(X)
        warn_of_empty(sequences)
        codes = encode(sequences, self.vocabulary_, self.n_timesteps_)
        if output_container(self) == "pandas":
            index = X.index if isinstance(X, pd.Series | pd.DataFrame) else None
            codes = pd.DataFrame(codes, index=index)
        return mark_token_codes(codes, self._coding)

    def inverse_transform(self, X: ArrayLike) -> list[Any]:
        """Convert codes back to sequences.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_sequences, n_timesteps)
            Codes as `transform` returns them. NaN is only allowed before the first
            code. The number of time steps may differ from that of `fit`.

        Returns
        -------
        sequences : list of str or list of list
            Strings if `fit` saw strings, with a space between words. Otherwise lists of
            tokens. Code 0 becomes the replacement character U+FFFD among characters,
            and "<unknown>" among words and in lists of tokens.

        Raises
        ------
        ValueError
            If X holds anything but codes of known tokens, 0, and NaN before them.
        """
        check_is_fitted(self)
        X = unwrap(X, "X")
        with check_numbers("X"):
            X = check_array(
                X, dtype=np.float64, ensure_all_finite=False, input_name="X"
            )
        are_characters = self._symbols.are_characters
        unknown = "\N{REPLACEMENT CHARACTER}" if are_characters else "<unknown>"
        return self._symbols.join(decode(X, [unknown, *self.vocabulary_]))

    def get_feature_names_out(self, input_features: ArrayLike = None) -> NDArray[Any]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        feature_names_out : ndarray of str
            Names such as ``"token__lag2"``, the token two time steps before the last
            one. The estimators of this package read such columns as windows.
        """
        check_is_fitted(self)
        return np.array(lag_names(["token"], self.n_timesteps_), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
