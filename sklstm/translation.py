"""Translator of sequences to sequences of symbols."""

from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from sklstm._core.edit_distance import errors_per_label
from sklstm._core.fit_methods import all_or_nothing, callback_data
from sklstm._core.scaling import scale_of_windows
from sklstm._core.sklearn_compat import (
    Interval,
    StrOptions,
    check_weights,
    fit_context,
    with_callbacks,
)
from sklstm._core.symbol_model import BaseSymbolModel
from sklstm._input.check import check_windows
from sklstm._input.symbols import learn_symbols
from sklstm._nn.attention import ATTENTIONS
from sklstm._translation.answers import check_targets, nearest, read_answers
from sklstm._translation.fitting import TranslationFit
from sklstm._translation.pairs import Pairs, Ragged
from sklstm._translation.prediction import attention_weights, search
from sklstm._translation.sources import (
    are_symbols,
    as_list_of_sequences,
    check_no_codes,
    check_not_empty,
    to_ragged,
)
from sklstm._typing import (
    ArrayLike,
    Auto,
    Cell,
    Floats,
    LearningRate,
    RandomState,
    Sizes,
    Solver,
)
from sklstm.encoding import SequenceEncoder

# Number of beams, if the targets have enough symbols.
BEAM_WIDTH = 5


class LSTMTranslator(BaseSymbolModel):
    r"""Translator of sequences to sequences of symbols.

    An encoder reads the source, and a decoder writes the target symbol by symbol. At
    each symbol, the decoder attends to some of the steps of the source [1]_ [2]_.
    Sources are texts, other sequences of symbols, or sequences of numbers, such as
    sensor values. Targets are texts or other sequences of symbols. Source and target
    may have different lengths.

    Parameters
    ----------
    hidden_layer_sizes : int, tuple of int or "auto", default="auto"
        Number of units of each recurrent layer, from first to last. An int means one
        layer. The encoder, which reads the sources, and the decoder, which writes the
        targets, both have such layers. "auto" is one layer of 256 units for fewer than
        20,000 pairs, and two such layers for more. A fit that goes on from the previous
        one keeps its layers.

    attention : {"dot", "additive"}, default="dot"
        How states of the decoder are compared with states of the encoder. "dot"
        multiplies them by a matrix [2]_. "additive" adds linear maps of them in a layer
        of tanh units [1]_, which takes more time and memory.

    beam_width : int or "auto", default="auto"
        Number of targets that the search keeps at each step. 1 always takes the most
        probable symbol. "auto" is 5, or the number of symbols of the targets and their
        end, if these are fewer.

    length_penalty : float, default=0.6
        Targets of different length are compared by their log probability, divided by
        ``((5 + length) / 6) ** length_penalty`` [3]_. With a larger number, predicted
        targets are longer. With 0, their probabilities are compared.

    max_length : int or "auto", default="auto"
        Maximum number of symbols of a predicted target. "auto" is twice the number of
        symbols of the longest target in `fit`.

    analyzer : {"char", "word"}, default="char"
        How strings are split into symbols, as in :class:`SequenceEncoder`. However,
        "char" keeps several white spaces in a row. Sequences of tokens are not split.

    lowercase : bool, default=False
        Whether to convert strings to lower case before they are split. Sequences of
        tokens are not converted.

    token_pattern : str or None, default=r"(?u)\\b\\w+\\b"
        Regular expression of a word. Only used if ``analyzer="word"``. To model
        punctuation, too, pass r"\\w+|[^\\w\\s]".

    min_frequency : int or float, default=1
        Minimum number of training sequences that contain a symbol, as in
        :class:`SequenceEncoder`. Rarer symbols are unknown symbols.

    cell : {"lstm", "gru", "rnn", "transformer"}, default="lstm"
        Type of the layers, as in :class:`LSTMClassifier`.

    bidirectional : bool, default=True
        Whether the encoder also reads the sources backward. Its layers then have twice
        the number of units, except with ``cell="transformer"``.

    embedding_size : int or "auto", default="auto"
        Size of the vector that the network learns for each symbol. "auto" is 64 for up
        to 256 symbols and 128 for more, but at most the number of units of the first
        layer.

    embedding_dropout : float, default=0.0
        Fraction of the symbols to replace by the unknown symbol during training, in [0,
        1). The network thereby learns to go on after unknown symbols.

    dropout : float or "auto", default="auto"
        Fraction of the numbers to drop during training, in [0, 1). They are dropped in
        the vectors of symbols and in the outputs of each recurrent layer. "auto" is 0.4
        for fewer than 20,000 pairs, and 0.3 for more. A fit that goes on from the
        previous one keeps its dropout.

    recurrent_dropout : float, default=0.0
        Fraction of the hidden state to drop before the gates during training, in [0,
        1). The same units are dropped at every step. With ``cell="transformer"``, the
        fraction of what the two parts of a block, attention and feed-forward, add to
        their inputs.

    solver : {"adam", "adamw", "sgd"}, default="adam"
        Optimizer, as in :class:`LSTMClassifier`.

    alpha : float, default=0.0
        Strength of the L2 penalty on the weights, divided by the number of symbols of a
        training step. With ``solver="adamw"``, it is the weight decay.

    batch_size : int or "auto", default="auto"
        Number of pairs of a source and a target per training step. All pairs, if there
        are fewer. "auto" is a hundredth of the pairs, but at least 8 and at most 64, or
        at most 128 if there are 20,000 pairs or more.

    learning_rate : {"constant", "cosine", "adaptive"}, default="cosine"
        Learning-rate schedule. "constant" keeps the initial learning rate. "cosine"
        decays the learning rate to zero over all epochs. "adaptive" divides the
        learning rate by 5 each time the loss has not improved for more than
        `n_iter_no_change` epochs; training stops when the learning rate would fall
        below 1e-6.

    learning_rate_init : float, default=0.003
        Initial learning rate.

    max_grad_norm : float or None, default=1.0
        Maximum norm of the gradient. A gradient with a larger norm is scaled down to
        this norm. If None, the gradient is not clipped.

    max_iter : int or "auto", default="auto"
        Maximum number of epochs. An epoch is one pass over the training sequences.
        "auto" is as many epochs as take about 6000 training steps, but at least 20 and
        at most 200. With 20,000 pairs or more, it is as many as take about 3000 steps,
        but at least 12.

    tol : float, default=1e-4
        Minimum decrease of the loss that counts as an improvement, in nats per symbol.

    n_iter_no_change : int, np.inf or "auto", default="auto"
        Number of consecutive epochs without an improvement to tolerate. Training stops
        after one more such epoch. With ``np.inf``, training never stops early. "auto"
        is ``np.inf`` with a cosine schedule, which is meant to end with its last epoch,
        and otherwise 5.

    early_stopping : bool, default=True
        Whether to hold out some of the sequences and to keep the weights with the
        lowest loss on them. Pairs of equal sources are held out together.

    validation_fraction : float, default=0.1
        Fraction of the sequences to hold out, in (0, 1). Only used if
        ``early_stopping=True``.

    warm_start : bool, default=False
        Whether `fit` starts from the weights and the symbols of the previous fit.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the sequences, dropout and the
        sequences held out. Pass an int for reproducible results. The global random
        generators are not used.

    verbose : bool, default=False
        Whether to print the loss of each epoch, and why training ended early.

    device : str, default="cpu"
        PyTorch device to train on, such as "cpu" or "cuda:1". "auto" is a CUDA GPU if
        one is available, otherwise the CPU.

    Attributes
    ----------
    source_vocabulary_ : dict or None
        Code of each known symbol of the sources, as in :class:`SequenceEncoder`. Code 0
        is the unknown symbol. None if the sources are numbers.

    target_vocabulary_ : dict
        Code of each symbol of the targets. Code 0 is the unknown symbol, which is never
        predicted, and the code after the last one is the end of a target.

    n_features_in_ : int
        Number of features of a step of the sources. Only defined if the sources are
        numbers.

    network_ : torch.nn.Module
        Trained network.

    n_iter_ : int
        Number of epochs that were run.

    loss_ : float
        Training loss of the last epoch, in nats per symbol.

    loss_curve_ : list of float of length `n_iter_`
        Training loss of each epoch, with dropout. The weights change after each
        training step.

    validation_loss_curve_ : list of float of length `n_iter_` or None
        Loss on the sequences held out, after each epoch. None if none are held out.

    best_loss_ : float
        Lowest validation loss of an epoch. If no sequences are held out, it is the
        lowest training loss.

    See Also
    --------
    SequenceEncoder : Convert sequences of symbols to codes.
    LSTMLanguageModel : Write texts, without sources.
    LSTMClassifier : Predict a class for each sequence, or for each of its steps.

    Notes
    -----
    Sources are read as symbols if they are strings, or sequences of strings or of
    integers. They are read as numbers if one of them has floating-point numbers or
    shape (n_timesteps, n_features), or if X is a frame of numbers, a 2-D array of
    floating-point numbers or a 3-D array. A 2-D array of integers raises an error,
    because it may hold tokens or numbers. Each feature of numbers is standardized.
    `analyzer`, `lowercase`, `token_pattern` and `min_frequency` apply to sources and to
    targets.

    The decoder predicts each symbol from the symbols before it. These are the actual
    ones during training (teacher forcing), and its own predictions in `predict`. The
    attention returns a context: the mean of the states of the encoder, weighted by the
    attention weights. It is an input of all layers of the decoder but the first one,
    and of the output layer.

    The search for the most probable target keeps the best `beam_width` targets at each
    step [3]_. It ends when all of them have ended. The prediction is the best of all
    targets that have ended at a step. It does not depend on the other sources that are
    passed with a source.

    Weights are in single precision.

    References
    ----------
    .. [1] D. Bahdanau, K. Cho and Y. Bengio, "Neural Machine Translation by Jointly
       Learning to Align and Translate", ICLR 2015, arXiv:1409.0473.
    .. [2] M.-T. Luong, H. Pham and C. D. Manning, "Effective Approaches to
       Attention-based Neural Machine Translation", EMNLP 2015, 1412-1421.
    .. [3] Y. Wu et al., "Google's Neural Machine Translation System: Bridging the Gap
       between Human and Machine Translation", 2016, arXiv:1609.08144.

    Examples
    --------
    >>> from sklstm import LSTMTranslator
    >>> sources = ["ab", "ba", "abb", "bab", "aab", "bba", "abab", "baab"] * 4
    >>> targets = [source[::-1].upper() for source in sources]
    >>> model = LSTMTranslator(
    ...     (16,),
    ...     dropout=0.0,
    ...     learning_rate_init=0.03,
    ...     early_stopping=False,
    ...     max_iter=40,
    ...     random_state=0,
    ... )
    >>> model.fit(sources, targets).predict(["abb", "bab"])
    ['BBA', 'BAB']
    >>> model.attention_weights(["abb"])[0].shape
    (3, 3)
    >>> model.score(sources, targets)
    1.0
    """

    source_vocabulary_: dict[Any, int] | None
    target_vocabulary_: dict[Any, int]
    n_features_in_: int

    _attributes_of_numbers = (
        "n_features_in_",
        "feature_names_in_",
        "_n_axes_in",
        "_layout",
    )
    _attributes_of_data = (
        *_attributes_of_numbers,
        "_source_symbols",
        "_target_symbols",
        "_scale",
        "_longest_target",
        "source_vocabulary_",
        "target_vocabulary_",
    )

    _parameter_constraints: dict = {
        **BaseSymbolModel._parameter_constraints,
        "hidden_layer_sizes": [
            *BaseSymbolModel._parameter_constraints["hidden_layer_sizes"],
            StrOptions({"auto"}),
        ],
        "dropout": [
            *BaseSymbolModel._parameter_constraints["dropout"],
            StrOptions({"auto"}),
        ],
        "attention": [StrOptions(set(ATTENTIONS))],
        "beam_width": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "length_penalty": [Interval(Real, 0, None, closed="left")],
        "max_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "min_frequency": SequenceEncoder._parameter_constraints["min_frequency"],
        "bidirectional": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes | Auto = "auto",
        *,
        attention: Literal["dot", "additive"] = "dot",
        beam_width: int | Auto = "auto",
        length_penalty: float = 0.6,
        max_length: int | Auto = "auto",
        analyzer: Literal["char", "word"] = "char",
        lowercase: bool = False,
        token_pattern: str | None = r"(?u)\b\w+\b",
        min_frequency: float = 1,
        cell: Cell = "lstm",
        bidirectional: bool = True,
        embedding_size: int | Auto = "auto",
        embedding_dropout: float = 0.0,
        dropout: float | Auto = "auto",
        recurrent_dropout: float = 0.0,
        solver: Solver = "adam",
        alpha: float = 0.0,
        batch_size: int | Auto = "auto",
        learning_rate: LearningRate = "cosine",
        learning_rate_init: float = 0.003,
        max_grad_norm: float | None = 1.0,
        max_iter: int | Auto = "auto",
        tol: float = 1e-4,
        n_iter_no_change: float | Auto = "auto",
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: bool = False,
        device: str = "cpu",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.attention = attention
        self.beam_width = beam_width
        self.length_penalty = length_penalty
        self.max_length = max_length
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.min_frequency = min_frequency
        self.cell = cell
        self.bidirectional = bidirectional
        self.embedding_size = embedding_size
        self.embedding_dropout = embedding_dropout
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_grad_norm = max_grad_norm
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    @all_or_nothing
    @with_callbacks
    @fit_context
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn to translate from pairs of a source and a target.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources: strings, sequences of tokens, or sequences of numbers. Tokens are
            strings or integers. Sequences of numbers have shape (n_timesteps_i,
            n_features), or (n_timesteps_i,) with one feature. An array of shape
            (n_sources, n_timesteps, n_features) is possible, too. No source may be
            empty.

        y : list, 1-D array, series or table of one column, of n_sources
            Target of each source: a string, or a sequence of tokens. No target may be
            empty. If a source has several right targets, repeat the source in X.

        sample_weight : array-like of shape (n_sources,), default=None
            Non-negative weight of each pair. If None, all pairs have the same weight.

        Returns
        -------
        self : LSTMTranslator
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or a weight is not as described here; if X holds codes
            of :class:`SequenceEncoder`; if X and y have different lengths; if
            `beam_width` is larger than the number of symbols of the targets and their
            end; if early stopping leaves nothing to learn from; if training diverges;
            or, with ``warm_start=True``, if the weights of the last fit have other
            shapes, or if `analyzer`, `lowercase` or `token_pattern` has changed.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs, without a cosine
            schedule; or if training diverged after a good epoch, whose weights are then
            used.
        UserWarning
            If training was interrupted (Ctrl-C). The best weights so far are kept.
        """
        pairs = self._read(X, y, sample_weight, reset=not self._continues())
        return self._fit(pairs, callback_data(X, y, sample_weight))

    @all_or_nothing
    @with_callbacks
    @fit_context
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, starting from the current weights.

        The first call determines the symbols. Later calls keep them, so new symbols
        are unknown. The learning rate stays at `learning_rate_init`, and no sequences
        are held out. The state of the optimizer is kept between calls, but not in
        copies and pickles.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources, as in :meth:`fit`.

        y : list, 1-D array, series or table of one column, of n_sources
            Targets, as in :meth:`fit`.

        sample_weight : array-like of shape (n_sources,), default=None
            Weight of each pair, as in :meth:`fit`.

        Returns
        -------
        self : LSTMTranslator
            The fitted estimator.

        Raises
        ------
        ValueError
            As in :meth:`fit` with ``warm_start=True``.
        """
        is_first = not self.__sklearn_is_fitted__()
        pairs = self._read(X, y, sample_weight, reset=is_first)
        return self._fit_one_epoch(pairs, callback_data(X, y, sample_weight))

    def predict(self, X: ArrayLike) -> list[Any]:
        """Predict the target of each source.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources of the same kind as in `fit`.

        Returns
        -------
        targets : list of str or list of list
            Strings if the targets in `fit` were strings, with a space between words.
            Otherwise lists of tokens.

        Raises
        ------
        ValueError
            If X is not of the kind that `fit` saw, if a source is empty, or if a
            parameter of the search was set to an invalid value after `fit`.
        """
        check_is_fitted(self)
        return self._target_symbols.join(self._predicted_symbols(X))

    def predict_n_best(self, X: ArrayLike, n: int = 3) -> list[list[tuple[Any, float]]]:
        """Predict the best targets of each source, with their log probabilities.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources of the same kind as in `fit`.

        n : int, default=3
            Number of targets per source. The search keeps at least as many at each
            step.

        Returns
        -------
        targets : list of list of tuple
            For each source, at most `n` pairs of a target, as in :meth:`predict`, and
            the natural logarithm of its probability, the end of the target included.
            They are in the order of the search, which takes their lengths into account
            by `length_penalty`. There are fewer than `n` if fewer targets are possible.

        Raises
        ------
        ValueError
            If X is not of the kind that `fit` saw, if a source is empty, or if `n` is
            less than 1.
        TypeError
            If `n` is not an integer.
        """
        check_is_fitted(self)
        check_scalar(n, "n", Integral, min_val=1)
        return [
            list(zip(self._sequences(codes), logs, strict=True))
            for codes, logs in (
                zip(*targets[:n], strict=True) for targets in self._search(X, n)
            )
        ]

    def attention_weights(self, X: ArrayLike) -> list[Floats]:
        """Return the attention weights of the source for each predicted symbol.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources of the same kind as in `fit`.

        Returns
        -------
        weights : list of ndarray of shape (n_symbols, n_steps)
            For each source, the attention weights for the target that :meth:`predict`
            returns: a row for each symbol of the target, and a column for each symbol
            or step of the source. Each row sums to 1.

        Raises
        ------
        ValueError
            If X is not of the kind that `fit` saw, if a source is empty, or if a
            parameter of the search was set to an invalid value after `fit`.
        """
        check_is_fitted(self)
        sources = self._read_sources(X)
        codes = [np.array(best[0], int) for (best, *_) in self._search_for(sources)]
        weights = np.ones(len(codes))
        pairs = Pairs.of(sources, codes, self._end, weights)
        return attention_weights(self._network, pairs.to(self._network.device))

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the share of the sources whose predicted target is right.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources of the same kind as in `fit`.

        y : list, 1-D array, series or table of one column, of n_sources
            Right answer for each source: a sequence of the kind of the targets in
            `fit`. If there are several right answers for a source, they are a list, a
            tuple or a set of such sequences. Symbols that were not in `fit` are
            possible; they are never predicted.

        sample_weight : array-like of shape (n_sources,), default=None
            Weight of each source. If None, all sources have the same weight.

        Returns
        -------
        score : float
            Weighted share of the sources, in [0, 1].

        Raises
        ------
        ValueError
            If X or y is not as described here, or if they have different lengths.
        """
        errors, _ = self._errors(X, y)
        weights = check_weights(sample_weight, errors)
        return float(np.average(errors == 0, weights=weights))

    def error_rate(self, X: ArrayLike, y: ArrayLike) -> float:
        """Compute the error rate of the symbols, such as a word or phone error rate.

        Parameters
        ----------
        X : list, array, series or table of one column, of n_sources
            Sources of the same kind as in `fit`.

        y : list, 1-D array, series or table of one column, of n_sources
            Right answer for each source: a sequence of the kind of the targets in
            `fit`. If there are several right answers for a source, they are a list, a
            tuple or a set of such sequences. Symbols that were not in `fit` are
            possible; they are never predicted.

        Returns
        -------
        error_rate : float
            Number of symbols to insert, delete or replace in all predictions, divided
            by the number of symbols of the right answers. If a source has several, the
            nearest one counts. 0 is perfect. It may be larger than 1.

        Raises
        ------
        ValueError
            If X or y is not as described here, if they have different lengths, or
            if all right answers are empty.
        """
        errors, lengths = self._errors(X, y)
        return errors_per_label(errors.sum(), lengths.sum())

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    @property
    def _end(self):
        """Code of the end of a target."""
        return len(self.target_vocabulary_) + 1

    @property
    def _n_choices(self):
        """Number of symbols to choose from at each step of a target."""
        return len(self.target_vocabulary_) + 1

    def _make_fit(self, data, former, is_partial):
        self._n_beams()  # so that it is checked before the training
        n_codes = None
        if self.source_vocabulary_ is not None:
            n_codes = len(self.source_vocabulary_) + 1
        parameters = self.get_params(deep=False)
        return TranslationFit(parameters, n_codes, data, former, is_partial)

    def _n_beams(self, n_wanted=1):
        """Return the number of beams, for at least a number of targets."""
        if self.beam_width == "auto":
            return max(n_wanted, min(BEAM_WIDTH, self._n_choices))
        if self.beam_width > self._n_choices:
            raise ValueError(
                f"beam_width={self.beam_width} is larger than {self._n_choices}, the "
                "number of different symbols in the targets, with their end. Pass at "
                f"most beam_width={self._n_choices}."
            )
        return max(n_wanted, self.beam_width)

    def _read(self, X, y, sample_weight, *, reset):
        """Convert data to pairs; learn the symbols if `reset` is True."""
        if y is None:
            raise ValueError(
                "LSTMTranslator requires y to be passed, but the target y is None. "
                "Pass one target per source."
            )
        if reset:
            check_targets(y)
            self._target_symbols = learn_symbols(y, self, "y")
            self.target_vocabulary_ = self._target_symbols.vocabulary
        self._target_symbols.check_splitting(self)
        tokens = self._target_symbols.read(y, "y")
        weights = check_weights(sample_weight, tokens)
        sources = self._read_sources(X, weights, reset=reset)
        _check_equal(len(sources.lengths), len(tokens))
        codes = self._target_symbols.codes(tokens)
        longest = 0 if reset else self._longest_target
        self._longest_target = max(longest, *map(len, codes))
        return Pairs.of(sources, codes, self._end, weights).without_zero_weights()

    def _read_sources(self, X, weights=None, *, reset=False):
        """Convert sources to codes or numbers; learn them if `reset` is True."""
        check_no_codes(X)
        X = as_list_of_sequences(X)
        if reset:
            self._reset_sources(X, weights)
        if self._source_symbols is not None:
            tokens = self._source_symbols.read(X)
            sources = Ragged.of(self._source_symbols.codes(tokens))
        else:
            windows = check_windows(self, X, reset=False, allow_empty=True)
            sources = to_ragged(windows, self._scale)
        check_not_empty(sources)
        return sources

    def _reset_sources(self, X, weights):
        """Learn the symbols of the sources, or the scale of their features."""
        for name in self._attributes_of_numbers:
            vars(self).pop(name, None)
        self._source_symbols = self.source_vocabulary_ = self._scale = None
        if are_symbols(X):
            self._source_symbols = learn_symbols(X, self)
            self.source_vocabulary_ = self._source_symbols.vocabulary
            return
        windows = check_windows(self, X, reset=True)
        _check_equal(len(windows.values), len(weights))
        self._scale = scale_of_windows(windows, weights)

    def _search(self, X, n=1):
        """Return codes and log probabilities of the best targets of each source."""
        return self._search_for(self._read_sources(X), n)

    def _search_for(self, sources, n=1):
        """Return the best targets of sources that were read."""
        self._validate_params()  # they may have been set after the fit
        max_length = self.max_length
        if max_length == "auto":
            max_length = 2 * self._longest_target
        return search(
            self._network,
            sources.to(self._network.device),
            end=self._end,
            n_beams=self._n_beams(n),
            max_length=max_length,
            length_penalty=self.length_penalty,
        )

    def _sequences(self, codes):
        """Convert lists of codes to sequences of the kind of the targets."""
        return self._target_symbols.join(self._symbols(codes))

    def _symbols(self, codes):
        """Convert lists of codes to lists of symbols."""
        symbols = [None, *self.target_vocabulary_]
        return [[symbols[code] for code in of_target] for of_target in codes]

    def _predicted_symbols(self, X):
        """Return the symbols of the predicted targets."""
        return self._symbols([best[0] for (best, *_) in self._search(X)])

    def _errors(self, X, y):
        """Return the edit distance and the length of the right answer, by source."""
        check_is_fitted(self)
        symbols = self._target_symbols
        answers = read_answers(y, symbols.kind, symbols.read)
        predictions = self._predicted_symbols(X)
        _check_equal(len(predictions), len(answers))
        errors = [nearest(*pair) for pair in zip(predictions, answers, strict=True)]
        return np.array(errors).T


def _check_equal(n_sources, n_targets):
    """Raise unless each source has a target."""
    if n_sources != n_targets:
        raise ValueError(
            f"X has {n_sources} sources, but y has {n_targets} targets. Pass one "
            "target per source."
        )
