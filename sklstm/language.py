"""Language model: probabilities of sequences of symbols, and new sequences."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted

from sklstm._core.fit_methods import all_or_nothing, callback_data
from sklstm._core.sklearn_compat import (
    check_weights,
    fit_context,
    with_callbacks,
)
from sklstm._core.symbol_model import BaseSymbolModel
from sklstm._core.transfer import Pretrained
from sklstm._input.symbols import learn_symbols
from sklstm._language.fitting import LanguageFit
from sklstm._language.prediction import (
    chooser,
    last_probabilities,
    log_probabilities,
    sample_codes,
)
from sklstm._language.texts import Texts
from sklstm._nn.runtime import default_modes
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

# Names of the end and of unknown symbols in a frame of probabilities.
OTHER_NAMES = "<end>", "<unknown>"


class LSTMLanguageModel(DensityMixin, BaseSymbolModel):
    r"""Probability model of texts and of other sequences of symbols.

    The network reads a sequence symbol by symbol and predicts the next symbol from all
    symbols before it [1]_. The probability of a sequence is the product of the
    probabilities of its symbols and of its end. A fitted model scores sequences, writes
    new ones, and returns the probabilities of the next symbol.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(256,)
        Number of units of each recurrent layer, from first to last. An int means one
        layer.

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

    embedding_size : int or "auto", default="auto"
        Size of the vector that the network learns for each symbol. "auto" is 64 for up
        to 256 symbols and 128 for more, but at most the number of units of the first
        layer.

    share_embedding : bool, default=False
        Whether the vectors of the symbols are also the weights of the output layer
        [2]_. This saves many weights if there are many symbols, such as words.

    embedding_dropout : float, default=0.0
        Fraction of the symbols to replace by the unknown symbol during training, in [0,
        1). The network thereby learns to go on after unknown symbols.

    dropout : float, default=0.4
        Fraction of the numbers to drop during training, in [0, 1). They are dropped in
        the vectors of symbols and in the outputs of each recurrent layer.

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
        Number of sequences per training step. All sequences, if there are fewer. "auto"
        is one for every 5000 symbols in the training sequences, but at least 4 and at
        most 32.

    learning_rate : {"constant", "cosine", "adaptive"}, default="cosine"
        Learning-rate schedule. "constant" keeps the initial learning rate. "cosine"
        decays the learning rate to zero over all epochs. "adaptive" divides the
        learning rate by 5 each time the loss has not improved for more than
        `n_iter_no_change` epochs; training stops when the learning rate would fall
        below 1e-6.

    learning_rate_init : float, default=0.01
        Initial learning rate.

    max_grad_norm : float or None, default=1.0
        Maximum norm of the gradient. A gradient with a larger norm is scaled down to
        this norm. If None, the gradient is not clipped.

    max_iter : int or "auto", default="auto"
        Maximum number of epochs. An epoch is one pass over the training sequences.
        "auto" is as many epochs as take about 3000 training steps, but at least 10 and
        at most 100.

    tol : float, default=1e-4
        Minimum decrease of the loss that counts as an improvement, in nats per symbol.

    n_iter_no_change : int, np.inf or "auto", default="auto"
        Number of consecutive epochs without an improvement to tolerate. Training stops
        after one more such epoch. With ``np.inf``, training never stops early. "auto"
        is ``np.inf`` with a cosine schedule, which is meant to end with its last epoch,
        and otherwise 5.

    early_stopping : bool, default=True
        Whether to hold out some of the sequences and to keep the weights with the
        lowest loss on them. With a single sequence, its last part is held out.

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
    vocabulary_ : dict
        Code of each known symbol, as in :class:`SequenceEncoder`. Code 0 is the unknown
        symbol, and the code after the last one is the end of a sequence.

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
    LSTMClassifier : Classify texts; `pretrained` starts from a language model.
    sklearn.neighbors.KernelDensity : Density of vectors.

    Notes
    -----
    Long sequences are read in pieces of at most 128 symbols. The state of the network
    is carried from piece to piece, but gradients are not: truncated backpropagation
    through time [3]_. The state of Transformer blocks is that of the last 255 symbols.
    Memory therefore does not grow with the length of a sequence. In training, a
    sequence of more than 16 pieces is cut into parts if it has more than ``1 /
    batch_size`` of all symbols. The parts are read side by side.

    Symbols that are not in `vocabulary_` have one probability together. If no symbol of
    the training sequences is unknown, the probability of an unknown symbol is estimated
    by the number of symbols that occur once, divided by the number of all symbols [4]_.
    It is at most 0.1.

    Weights are in single precision.

    References
    ----------
    .. [1] T. Mikolov et al., "Recurrent neural network based language model",
       Interspeech 2010, 1045-1048.
    .. [2] O. Press and L. Wolf, "Using the Output Embedding to Improve Language
       Models", EACL 2017, 157-163.
    .. [3] R. J. Williams and J. Peng, "An Efficient Gradient-Based Algorithm for
       On-Line Training of Recurrent Network Trajectories", Neural Computation 2(4),
       1990, 490-501.
    .. [4] I. J. Good, "The Population Frequencies of Species and the Estimation of
       Population Parameters", Biometrika 40(3/4), 1953, 237-264.

    Examples
    --------
    >>> from sklstm import LSTMLanguageModel
    >>> texts = ["one two one two", "two one two one", "one two one"] * 10
    >>> model = LSTMLanguageModel((16,), max_iter=60, random_state=0).fit(texts)
    >>> good, bad = model.score_samples(["one two one", "eno owt eno"])
    >>> bool(good > bad)
    True
    >>> model.sample(prompt="two o", temperature=0)[0][:11]
    'two one two'
    >>> model.next_symbol_proba(["on"]).idxmax(axis=1).tolist()
    ['e']
    """

    vocabulary_: dict[Any, int]

    _attributes_of_data = ("_symbols", "vocabulary_")

    _parameter_constraints: dict = {
        **BaseSymbolModel._parameter_constraints,
        "min_frequency": SequenceEncoder._parameter_constraints["min_frequency"],
        "share_embedding": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (256,),
        *,
        analyzer: Literal["char", "word"] = "char",
        lowercase: bool = False,
        token_pattern: str | None = r"(?u)\b\w+\b",
        min_frequency: float = 1,
        cell: Cell = "lstm",
        embedding_size: int | Auto = "auto",
        share_embedding: bool = False,
        embedding_dropout: float = 0.0,
        dropout: float = 0.4,
        recurrent_dropout: float = 0.0,
        solver: Solver = "adam",
        alpha: float = 0.0,
        batch_size: int | Auto = "auto",
        learning_rate: LearningRate = "cosine",
        learning_rate_init: float = 0.01,
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
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.min_frequency = min_frequency
        self.cell = cell
        self.embedding_size = embedding_size
        self.share_embedding = share_embedding
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
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn the probabilities of symbols from sequences.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Each sequence is a string, or a list, tuple or 1-D array of tokens, which
            are strings or integers. All sequences must be of the same kind, and none
            may be empty.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weight of each sequence. If None, all sequences have the same
            weight.

        Returns
        -------
        self : LSTMLanguageModel
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X or a weight is not as described here; if no symbol is
            frequent enough; if early stopping leaves nothing to learn from; if training
            diverges; or, with ``warm_start=True``, if the weights of the last fit have
            other shapes, or if `analyzer`, `lowercase` or `token_pattern` has changed.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs, without a cosine
            schedule; or if training diverged after a good epoch, whose weights are then
            used.
        UserWarning
            If training was interrupted (Ctrl-C). The best weights so far are kept.
        """
        texts = self._read(X, sample_weight, reset=not self._continues())
        return self._fit(texts, callback_data(X, y, sample_weight))

    @all_or_nothing
    @with_callbacks
    @fit_context
    def partial_fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, starting from the current weights.

        The first call determines the symbols. Later calls keep them, so new symbols
        are unknown. The learning rate stays at `learning_rate_init`, and no sequences
        are held out. The state of the optimizer is kept between calls, but not in
        copies and pickles.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Sequences, as in :meth:`fit`.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_sequences,), default=None
            Weight of each sequence, as in :meth:`fit`.

        Returns
        -------
        self : LSTMLanguageModel
            The fitted estimator.

        Raises
        ------
        ValueError
            As in :meth:`fit` with ``warm_start=True``.
        """
        is_first = not self.__sklearn_is_fitted__()
        texts = self._read(X, sample_weight, reset=is_first)
        return self._fit_one_epoch(texts, callback_data(X, y, sample_weight))

    def score_samples(self, X: ArrayLike) -> Floats:
        """Compute the log probability of each sequence.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Sequences of the same kind as in `fit`. They may be empty.

        Returns
        -------
        log_probabilities : ndarray of shape (n_sequences,)
            Natural logarithm of the probability of each sequence, its end included, in
            nats. Divide by ``np.log(2)`` for bits.
        """
        log_probabilities, _ = self._score_samples(X)
        return log_probabilities

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Compute the mean log probability of a symbol.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Sequences, as in :meth:`score_samples`.

        y : None
            Ignored.

        Returns
        -------
        score : float
            Sum of the log probabilities of all sequences, divided by the number of
            their symbols. The end of each sequence counts as a symbol.
        """
        log_probabilities, n_symbols = self._score_samples(X)
        return float(log_probabilities.sum() / n_symbols)

    def perplexity(self, X: ArrayLike) -> float:
        """Compute the perplexity, the inverse of the geometric mean probability.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_sequences
            Sequences, as in :meth:`score_samples`.

        Returns
        -------
        perplexity : float
            ``exp(-score(X))``, at least 1. A model with perplexity k is as uncertain of
            the next symbol as if it chose among k equally probable ones.
        """
        return float(np.exp(-self.score(X)))

    def sample(
        self,
        n_samples: int = 1,
        *,
        prompt: str | Sequence[Any] | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        max_length: int = 200,
        random_state: RandomState = None,
    ) -> list[Any]:
        """Write new sequences, symbol by symbol.

        Parameters
        ----------
        n_samples : int, default=1
            Number of sequences.

        prompt : str, sequence of tokens or None, default=None
            First symbols of each sequence, of the kind that `fit` saw. If None, the
            sequences start with a symbol that the model chooses.

        temperature : float, default=1.0
            The logarithms of the probabilities are divided by this number. Below 1,
            probable symbols become more probable. With 0, the most probable symbol is
            chosen each time, so all samples are equal.

        top_k : int or None, default=None
            Number of most probable symbols to choose from, the end included. If None,
            or if there are fewer symbols, all are possible.

        top_p : float or None, default=None
            Choose from the most probable symbols that have this probability together
            (nucleus sampling) [1]_, in (0, 1]. If None, all are possible.

        max_length : int, default=200
            Maximum number of symbols of a sequence, those of the prompt included.

        random_state : int, RandomState instance or None, default=None
            Seed of the choices. Pass an int for reproducible sequences.

        Returns
        -------
        samples : list of str or list of list
            Strings if `fit` saw strings, with a space between words. Otherwise lists of
            tokens. They never contain the unknown symbol, unless the prompt does.

        Raises
        ------
        ValueError
            If a number is out of its range, if the prompt is longer than `max_length`,
            or if it is of another kind than the sequences in `fit`.
        TypeError
            If a number is of the wrong type.

        References
        ----------
        .. [1] A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi, "The Curious Case of
           Neural Text Degeneration", ICLR 2020.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        check_scalar(max_length, "max_length", Integral, min_val=1)
        _check_choice(temperature, top_k, top_p)
        tokens = [] if prompt is None else self._symbols.read([prompt])[0]
        # Tokens of an array are NumPy's integers.
        tokens = [t.item() if isinstance(t, np.generic) else t for t in tokens]
        if len(tokens) > max_length:
            raise ValueError(
                f"The prompt has {len(tokens)} symbols, and max_length={max_length}. "
                "Pass a shorter prompt or a larger max_length."
            )
        seed = check_random_state(random_state).randint(2**31 - 1)
        device = self._network.device
        generator = torch.Generator(device).manual_seed(seed)
        with default_modes():
            samples = sample_codes(
                self._network,
                torch.from_numpy(self._symbols.codes([tokens])[0]).to(device),
                self._end,
                int(n_samples),
                chooser(temperature, top_k, top_p, generator),
                max_length - len(tokens),
            )
        symbols = [None, *self.vocabulary_]
        return self._symbols.join(
            [[*tokens, *(symbols[code] for code in codes)] for codes in samples]
        )

    def next_symbol_proba(self, X: ArrayLike) -> pd.DataFrame:
        """Return the probability of each symbol after some prefixes.

        Parameters
        ----------
        X : list, 1-D array, series or table of one column, of n_prefixes
            First symbols of sequences, of the same kind as in `fit`. They may be empty.

        Returns
        -------
        probabilities : DataFrame of shape (n_prefixes, n_symbols + 2)
            One row per prefix. Each row sums to 1. The columns are the symbols of
            `vocabulary_`, "<end>" for the end of the sequence and "<unknown>" for all
            other symbols together. If a text has such a symbol itself, the column has
            further brackets, such as "<<end>>". If X is a series or a frame, the index
            is that of X.
        """
        check_is_fitted(self)
        texts = self._texts(self._symbols.read(X))
        with default_modes():
            probabilities = last_probabilities(self._network, texts)
        others = (_unused_name(name, self.vocabulary_) for name in OTHER_NAMES)
        return pd.DataFrame(
            np.roll(probabilities, -1, axis=1),  # the unknown symbol has the first code
            index=X.index if isinstance(X, pd.Series | pd.DataFrame) else None,
            columns=[*self.vocabulary_, *others],
        )

    def _layers_to_transfer(self):
        """Return the layers that another estimator can start from."""
        return Pretrained.of_language_network(
            type(self).__name__, self._network, self._symbols.coding
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    @property
    def _end(self):
        """Code of the end of a sequence."""
        return len(self.vocabulary_) + 1

    def _read(self, X, sample_weight, *, reset):
        """Convert sequences to codes; learn the symbols if `reset` is True."""
        if reset:
            self._symbols = learn_symbols(X, self)
            self.vocabulary_ = self._symbols.vocabulary
        self._symbols.check_splitting(self)
        tokens = self._symbols.read(X)
        weights = check_weights(sample_weight, tokens)
        return self._texts(tokens, weights).without_zero_weights()

    def _texts(self, sequences, weights=None):
        """Convert sequences of tokens to codes."""
        return Texts.of(self._symbols.codes(sequences), self._end, weights)

    def _score_samples(self, X):
        """Return the log probability of each sequence, and the number of symbols."""
        check_is_fitted(self)
        texts = self._texts(self._symbols.read(X))
        with default_modes():
            return log_probabilities(self._network, texts), texts.n_symbols

    def _make_fit(self, data, former, is_partial):
        parameters = self.get_params(deep=False)
        return LanguageFit(parameters, self._end, data, former, is_partial)


def _unused_name(name, symbols):
    """Return a name that is not a symbol."""
    while name in symbols:
        name = f"<{name}>"
    return name


def _check_choice(temperature, top_k, top_p):
    """Raise if a parameter of the choice of symbols is out of its range."""
    check_scalar(temperature, "temperature", Real, min_val=0)
    if top_k is not None:
        check_scalar(top_k, "top_k", Integral, min_val=1)
    if top_p is not None:
        limits = {"min_val": 0, "max_val": 1, "include_boundaries": "right"}
        check_scalar(top_p, "top_p", Real, **limits)
    for name, number in {"temperature": temperature, "top_p": top_p}.items():
        if number is not None and not np.isfinite(number):
            raise ValueError(
                f"{name} is {number}, but it must be finite. For equal probabilities "
                "of all symbols, pass a large temperature, such as 1e6."
            )
