"""Transcriber: labels of sequences, learned without the times of the labels."""

from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state, check_scalar

from sklstm._core.auto import Recipe
from sklstm._core.base import RECURRENT_PARAMETERS, BaseLSTM
from sklstm._core.edit_distance import error_rate
from sklstm._core.fit_methods import all_or_nothing, callback_data
from sklstm._core.samples import split_off_last, split_off_stratified
from sklstm._core.sklearn_compat import (
    Interval,
    StrOptions,
    check_weights,
    fit_context,
    with_callbacks,
)
from sklstm._nn.ctc import frame_logs
from sklstm._transcription.decoding import Frames, pad_codes
from sklstm._transcription.labels import (
    Transcription,
    check_n_sequences,
    read_labels,
)
from sklstm._typing import (
    Activation,
    ArrayLike,
    Auto,
    Cell,
    Dtype,
    LearningRate,
    RandomState,
    Sizes,
    Solver,
)

# With fewer training steps, a network mostly returns blanks.
RECIPE = Recipe(
    {"batch_size": 32, "learning_rate": "cosine"},
    n_steps=1500,
    n_epochs=30,
    smallest_batch=4,
)

# Largest number of label sequences that a search keeps. Its time grows with the square.
MAX_WIDTH = 1000


class LSTMTranscriber(BaseLSTM):
    """Transcriber for labels without times, as in speech and handwriting.

    Each sequence of X, such as the frames of an utterance, comes with the sequence of
    its labels, such as the digits said. It is not known at which time steps the labels
    are. A recurrent network returns the probabilities of all labels and of a blank for
    each time step, and learns by connectionist temporal classification [5]_: it
    maximizes the sum of the probabilities of all ways to place the labels.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(64,)
        Number of units of each recurrent layer, from first to last. An int means one
        layer.

    cell : {"lstm", "gru", "rnn", "transformer"}, default="lstm"
        Type of the layers: LSTM [1]_ with a forget gate [2]_, gated recurrent unit
        [3]_, simple recurrent network (Elman) [4]_, or Transformer block. :doc:`/cells`
        compares them. A Transformer block has one head per 32 units.

    activation : {"tanh", "relu", "logistic", "identity"}, default="tanh"
        Activation function of the candidate and the output of a cell. The gates always
        use the logistic function. "tanh" is the fastest, especially on a GPU. Leave
        "tanh" for ``cell="transformer"``, whose blocks always use GELU.

    bidirectional : bool, default=True
        Whether each layer also reads the windows backward. This doubles the number of
        units. With ``cell="transformer"``, it does not: a time step then attends to all
        others, instead of to those before it.

    dropout : float, default=0.0
        Fraction of the outputs of each recurrent layer to drop during training, in [0,
        1). Dropout also applies to the outputs of the last layer.

    recurrent_dropout : float, default=0.0
        Fraction of the hidden state to drop before the gates during training, in [0,
        1). The same units are dropped at every time step of a window [6]_. With
        ``cell="transformer"``, the fraction of what the two parts of a block, attention
        and feed-forward, add to their inputs.

    masking : float, default=0.15
        Fraction of the time steps and of the features to hide during training, in [0,
        1). Short stretches of time steps, and a band of neighboring features, are
        replaced by zeros, which are the mean of standardized features [11]_. The
        network then relies less on single values, and often errs less on new speakers
        or writers.

    max_timescale : float or None, default=None
        Longest dependency to learn, in time steps, at least 2. The gate biases are then
        initialized so that the units remember for 1 to `max_timescale` steps (chrono
        initialization) [7]_. If None, the forget gate bias starts at 1, and long
        dependencies take longer to learn: on the adding problem with 100 steps
        (:func:`~sklstm.datasets.make_adding`), the mean squared error after the same
        number of sequences is six times as large. Only for ``cell="lstm"`` and "gru".

    beam_width : int, default=10
        Number of label sequences that are kept after each time step in the search for
        the most probable one [10]_, from 1 to 1000. With 1, the labels of the most
        probable path are predicted, which is faster and often the same.

    solver : {"adam", "adamw", "sgd"}, default="adam"
        Optimizer: Adam [8]_, Adam with decoupled weight decay [9]_, or stochastic
        gradient descent with Nesterov momentum of 0.9.

    alpha : float, default=0.0
        Strength of the L2 penalty on the weights; biases are not penalized. As in
        :class:`~sklearn.neural_network.MLPRegressor`, the penalty is divided by the
        number of windows in a batch. With ``solver="adamw"``, `alpha` is the weight
        decay: each step shrinks the weights by `alpha` times the learning rate.

    batch_size : int or "auto", default="auto"
        Number of windows per training step. All windows, if there are fewer.

    learning_rate : {"auto", "constant", "cosine", "adaptive"}, default="auto"
        Learning-rate schedule. "constant" keeps the initial learning rate. "cosine"
        decays the learning rate to zero over `max_iter` epochs. "adaptive" divides the
        learning rate by 5 each time the loss has not improved for more than
        `n_iter_no_change` epochs; training stops when the learning rate would fall
        below 1e-6. "auto" is "cosine", and the number of epochs is then that of 1500
        training steps, but at least 30 and at most `max_iter`.

    learning_rate_init : float, default=0.01
        Initial learning rate.

    max_grad_norm : float or None, default=1.0
        Maximum norm of the gradient. A gradient with a larger norm is scaled down to
        this norm. If None, the gradient is not clipped.

    max_iter : int, default=200
        Maximum number of epochs. An epoch is one pass over the training windows.
        If ``learning_rate="auto"`` chooses "cosine", it also chooses the number of
        epochs, and a `max_iter` above this number changes nothing. To train for longer,
        set ``learning_rate="cosine"``: training then takes `max_iter` epochs.

    shuffle : bool, default=True
        Whether to shuffle the windows in each epoch. If True, early stopping draws the
        validation windows at random. If False, it holds out the last windows.

    tol : float, default=1e-4
        Minimum decrease of the loss that counts as an improvement, in units of the
        loss.

    n_iter_no_change : int, np.inf or "auto", default="auto"
        Number of consecutive epochs without an improvement to tolerate. Training stops
        after one more such epoch. With ``np.inf``, training never stops early. "auto"
        is ``np.inf`` with a cosine schedule, which is meant to end with its last epoch.
        Otherwise it is 10, or as many epochs as take 50 training steps if these are
        more.

    early_stopping : bool, default=False
        Whether to hold out some of the windows for validation and keep the weights with
        the lowest validation loss. To hold out whole speakers or writers, pass their
        windows as `X_val` and `y_val` to :meth:`fit`.

    validation_fraction : float, default=0.1
        Fraction of the windows to hold out for validation, in (0, 1). Only used if
        ``early_stopping=True``.

    standardize : {"windows", "features"} or bool, default="windows"
        What to scale to mean 0 and standard deviation 1. "windows" scales each feature
        of a window by the mean and the standard deviation of this window. Differences
        between speakers, microphones or pens are thereby smaller. "features" scales
        each feature over all time steps of the training windows; True means the same.
        With False, the values are used as they are.

    warm_start : bool, default=False
        Whether `fit` starts from the weights of the previous fit. The scaling of that
        fit is kept, and with ``dtype="auto"`` its precision too. `max_timescale` and
        `standardize` are ignored.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the windows and dropout. Pass an int
        for reproducible results. The global random generators are not used.

    verbose : bool, default=False
        Whether to print the loss of each epoch, and why training ended early.

    device : str, default="cpu"
        PyTorch device to train on, such as "cpu" or "cuda:1". "auto" is a CUDA GPU if
        one is available, otherwise the CPU.

    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of the network. "auto" is float64 if X is float64 and an epoch takes
        fewer than 100 million multiplications (about ten milliseconds), otherwise
        float32. float64 takes two to three times as long.

    Attributes
    ----------
    labels_ : ndarray of shape (n_labels,)
        Labels in sorted order.

    auto_params_ : dict
        Value that was chosen for each parameter that is "auto".

    network_ : torch.nn.Module
        Trained network. It maps scaled windows to a score for each time step and label,
        the blank first.

    n_iter_ : int
        Number of epochs that were run.

    loss_ : float
        Training loss of the last epoch.

    loss_curve_ : list of float of length `n_iter_`
        Training loss of each epoch, including the penalty. It is the mean of the losses
        of the batches. The weights change after each batch.

    validation_loss_curve_ : list of float of length `n_iter_` or None
        Loss on the validation windows after each epoch. None without validation
        windows.

    best_loss_ : float
        Lowest validation loss of an epoch. Without validation windows, it is the lowest
        training loss.

    n_features_in_ : int
        Number of features seen during :term:`fit`: the size of the last axis of a 3-D
        X, or the number of columns of a 2-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    LSTMClassifier : Classify whole sequences, or each time step.
    LSTMLanguageModel : Probabilities of sequences of symbols.

    Notes
    -----
    A path has a label or a blank for each time step. Its labels are what is left if
    repeated labels are merged and blanks are removed. Two equal labels in a row
    therefore need a blank between them, and a sequence needs at least as many time
    steps as labels.

    The loss is the negative log probability of the labels of a sequence, in nats.

    With ``batch_size="auto"``, a batch has 32 windows if an epoch then has 4 to 32
    batches. Otherwise it has a quarter or a thirty-second of the windows, from 4 to 64.

    The network mostly emits a label at one or two time steps and blanks between them.
    :meth:`align` returns these time steps.

    References
    ----------
    .. [1] S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural
       Computation 9(8), 1997, 1735-1780.
    .. [2] F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to Forget: Continual
       Prediction with LSTM", Neural Computation 12(10), 2000, 2451-2471.
    .. [3] K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
       Statistical Machine Translation", EMNLP 2014, 1724-1734.
    .. [4] J. L. Elman, "Finding Structure in Time", Cognitive Science 14(2), 1990,
       179-211.
    .. [5] A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, "Connectionist Temporal
       Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
       Networks", ICML 2006, 369-376.
    .. [6] Y. Gal and Z. Ghahramani, "A Theoretically Grounded Application of Dropout in
       Recurrent Neural Networks", NIPS 2016, 1027-1035.
    .. [7] C. Tallec and Y. Ollivier, "Can recurrent neural networks warp time?", ICLR
       2018, arXiv:1804.11188.
    .. [8] D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR
       2015, arXiv:1412.6980.
    .. [9] I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR
       2019, arXiv:1711.05101.
    .. [10] A. Y. Hannun, A. L. Maas, D. Jurafsky and A. Y. Ng, "First-Pass Large
       Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs",
       arXiv:1408.2873, 2014.
    .. [11] D. S. Park et al., "SpecAugment: A Simple Data Augmentation Method for
       Automatic Speech Recognition", Interspeech 2019, 2613-2617.

    Examples
    --------
    Read words whose letters are bumps of different height and width:

    >>> import numpy as np
    >>> from sklstm import LSTMTranscriber
    >>> bumps = {"a": [1, 1], "b": [2, 3, 2], "c": [-1, -2]}
    >>> words = ["abc", "cab", "bb", "ac", "cacb", "ba", "aac", "bcb"] * 5
    >>> X = [np.concatenate([[*bumps[x], 0.0] for x in word]) for word in words]
    >>> model = LSTMTranscriber(hidden_layer_sizes=16, random_state=0).fit(X, words)
    >>> model.predict(X[:3])
    ['abc', 'cab', 'bb']
    """

    labels_: NDArray[Any]

    _network_kind = "recurrent"
    # The network pools no states, and returns the outputs of all time steps.
    _network_parameters = (
        *(name for name in RECURRENT_PARAMETERS if name != "pooling"),
        "masking",
    )
    _recipes = {"few": RECIPE, "sequences": RECIPE}

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        "masking": [Interval(Real, 0, 1, closed="left")],
        "beam_width": [Interval(Integral, 1, MAX_WIDTH, closed="both")],
        "learning_rate": [StrOptions({"auto", "constant", "cosine", "adaptive"})],
        "n_iter_no_change": [
            *BaseLSTM._parameter_constraints["n_iter_no_change"],
            StrOptions({"auto"}),
        ],
        "standardize": ["boolean", StrOptions({"windows", "features"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (64,),
        *,
        cell: Cell = "lstm",
        activation: Activation = "tanh",
        bidirectional: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        masking: float = 0.15,
        max_timescale: float | None = None,
        beam_width: int = 10,
        solver: Solver = "adam",
        alpha: float = 0.0,
        batch_size: int | Auto = "auto",
        learning_rate: LearningRate | Auto = "auto",
        learning_rate_init: float = 0.01,
        max_grad_norm: float | None = 1.0,
        max_iter: int = 200,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: float | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        standardize: bool | Literal["windows", "features"] = "windows",
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: bool = False,
        device: str = "cpu",
        dtype: Dtype = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.masking = masking
        self.max_timescale = max_timescale
        self.beam_width = beam_width
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_grad_norm = max_grad_norm
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.standardize = standardize
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.device = device
        self.dtype = dtype

    @all_or_nothing
    @with_callbacks
    @fit_context
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit a network to sequences and the sequences of their labels.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences in time order, of shape (n_timesteps_i, n_features) or
            (n_timesteps_i,), or an array or frame as in :meth:`LSTMClassifier.fit`. No
            sequence may be empty.

        y : list, 1-D array or series of n_windows label sequences
            Labels of each sequence in time order. A label sequence is a string, whose
            characters are the labels, or a list, tuple or 1-D array of labels, which
            are strings or integers. All must be of the same kind. A sequence without
            labels is "" or [].

        sample_weight : array-like of shape (n_windows,), default=None
            Non-negative weight of each window. A window with weight 2 counts as two
            equal windows in its batch. If None, all windows have the same weight.

        X_val : array-like, shaped as X, default=None
            Windows for validation. As with ``early_stopping=True``, the weights with
            the lowest validation loss are kept, but no training windows are held out.

        y_val : array-like, shaped as y, default=None
            Label sequences of `X_val`. All labels must be in y.

        sample_weight_val : array-like of shape (n_windows_val,), default=None
            Weight of each window in `X_val`. If None, all windows have the same weight.

        Returns
        -------
        self : LSTMTranscriber
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or a weight is not as described here; if a sequence has
            fewer time steps than its labels need; if `X_val` is passed without `y_val`;
            if early stopping leaves no window for training or for validation; if
            training diverges; or, with ``warm_start=True``, if the weights of the last
            fit have other shapes, or y has labels that were not in that fit.
        TypeError
            If X is sparse.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs; if training
            diverged after a good epoch, whose weights are then used; or if the loss on
            the training windows is hardly below that of a constant prediction.
        UserWarning
            If training was interrupted (Ctrl-C). The weights learned so far are kept.
        """
        continues = self.warm_start and self.__sklearn_is_fitted__()
        task = self._task if continues else None
        task, samples = self._check_samples(X, y, sample_weight, reset=True, task=task)
        validation = self._check_validation(
            task, X_val, y_val, sample_weight_val, samples
        )
        return self._fit(task, samples, validation, callback_data(X, y, sample_weight))

    @all_or_nothing
    @with_callbacks
    @fit_context
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        labels: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, starting from the current weights.

        The first call builds the network and computes the scales of the features;
        later calls keep them. The learning rate stays at `learning_rate_init`. The
        state of the optimizer is kept between calls, but not in copies and pickles.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences, as in :meth:`fit`.

        y : list, 1-D array or series of n_windows label sequences
            Labels of each sequence, as in :meth:`fit`.

        labels : label sequence or None, default=None
            All labels that may occur in this call and later calls, such as ``"abc"`` or
            ``[0, 1, 2]``. Only the first call needs this parameter. If None in the
            first call, the labels in y are used.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window, as in :meth:`fit`.

        Returns
        -------
        self : LSTMTranscriber
            The fitted estimator.

        Raises
        ------
        ValueError
            As in :meth:`fit` with ``warm_start=True``; if `labels` are not those of the
            first call; or if ``early_stopping=True``.
        """
        is_first = not self.__sklearn_is_fitted__()
        task = self._task_of_labels(labels, y, is_first)
        _, samples = self._check_samples(X, y, sample_weight, reset=is_first, task=task)
        return self._partial_fit(task, samples, callback_data(X, y, sample_weight))

    def _task_of_labels(self, labels, y, is_first):
        """Return the task of a partial fit; only the first one may have new labels."""
        if is_first:
            return Transcription.of(y, labels)
        if labels is not None:
            labels = read_labels(labels)
            if not np.array_equal(labels, self.labels_):
                raise ValueError(
                    f"labels={labels.tolist()} differ from those of the first call, "
                    f"{self.labels_.tolist()}. Pass the same labels, or None."
                )
        return self._task

    def predict(self, X: ArrayLike) -> list[Any]:
        """Predict the labels of each sequence.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences, as in :meth:`fit`. They may be empty.

        Returns
        -------
        y : list of str or list of list
            Most probable labels of each sequence that the search found: strings if the
            label sequences in `fit` were strings, and otherwise lists of labels.
        """
        codes = self._frames(X).best(self._checked_width())
        return [self._task.decode(each) for each in codes]

    def predict_n_best(self, X: ArrayLike, n: int = 3) -> list[list[tuple[Any, float]]]:
        """Predict several label sequences for each sequence, with log probabilities.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences, as in :meth:`predict`.

        n : int, default=3
            Number of label sequences, from 1 to 1000. The search keeps at least as many
            after each time step.

        Returns
        -------
        candidates : list of list of tuple
            For each sequence of X, at most `n` pairs of a label sequence, as in
            :meth:`predict`, and the natural logarithm of its probability. The most
            probable one is first. The search leaves out improbable paths, so the actual
            probability may be higher.

        Raises
        ------
        ValueError
            If X is not as described here, or if `n` is out of its range.
        TypeError
            If `n` is not an integer.
        """
        check_scalar(n, "n", Integral, min_val=1, max_val=MAX_WIDTH)
        return [
            [(self._task.decode(codes), log) for codes, log in found[:n]]
            for found in self._frames(X).n_best(max(n, self._checked_width()))
        ]

    def align(
        self, X: ArrayLike, y: ArrayLike | None = None
    ) -> list[list[tuple[Any, int, int]]]:
        """Find the time steps of labels: forced alignment.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences, as in :meth:`predict`.

        y : list, 1-D array or series of n_windows label sequences, default=None
            Labels of each sequence, as in :meth:`fit`. If None, those that
            :meth:`predict` returns.

        Returns
        -------
        spans : list of list of tuple
            For each label of a sequence, a tuple ``(label, start, end)``: the first
            time step at which the most probable path of the labels has this label, and
            the time step after the last one. The network learns no durations, so most
            spans are shorter than what one hears or sees.

        Raises
        ------
        ValueError
            If y is not as described here, if it has labels that were not in `fit`, or
            if a sequence has fewer time steps than its labels need.
        """
        frames = self._frames(X)
        if y is None:
            codes = pad_codes(frames.best(self._checked_width()))
        else:
            codes = self._task.encode(y, frames.n_frames.numpy())
        labels = [None, *self.labels_.tolist()]
        return [
            [(labels[code], start, end) for code, start, end in spans]
            for spans in frames.spans(codes)
        ]

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the share of the sequences whose labels are all predicted right.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences, as in :meth:`predict`.

        y : list, 1-D array or series of n_windows label sequences
            Actual labels of each sequence.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window. If None, all windows have the same weight.

        Returns
        -------
        score : float
            Weighted share of the sequences, in [0, 1].

        Raises
        ------
        ValueError
            If X or y is not as described here, or if they have different lengths.
        """
        pairs = list(zip(*self._to_score(X, y), strict=True))
        weights = check_weights(sample_weight, pairs)
        are_right = [predicted == actual for predicted, actual in pairs]
        return float(np.average(are_right, weights=weights))

    def error_rate(self, X: ArrayLike, y: ArrayLike) -> float:
        """Compute the error rate of the labels, such as a word or phone error rate.

        Parameters
        ----------
        X : list of sequences, or array-like of shape (n_windows, n_timesteps, \
                n_features) or (n_windows, n_timesteps)
            Sequences, as in :meth:`predict`.

        y : list, 1-D array or series of n_windows label sequences
            Actual labels of each sequence.

        Returns
        -------
        error_rate : float
            Number of labels to insert, delete or replace in all predictions, divided by
            the number of actual labels. 0 is perfect. It may be larger than 1.

        Raises
        ------
        ValueError
            If X or y is not as described here, if they have different lengths, or if no
            sequence of y has a label.
        """
        return error_rate(*self._to_score(X, y))

    def _checked_width(self):
        """Return the width of the beam, which may have changed since `fit`."""
        limits = {"min_val": 1, "max_val": MAX_WIDTH}
        return check_scalar(self.beam_width, "beam_width", Integral, **limits)

    def _frames(self, X):
        """Return the log probabilities of all time steps of X."""
        outputs = torch.from_numpy(self._call_model("outputs", X))
        n_frames = (~outputs[:, :, 0].isnan()).sum(1)  # padding steps are NaN
        return Frames(frame_logs(outputs, n_frames), n_frames)

    def _to_score(self, X, y):
        """Return predicted and actual labels as lists."""
        predictions = [list(labels) for labels in self.predict(X)]
        actual = self._task.read_sequences(y)
        check_n_sequences(len(predictions), actual)
        return predictions, actual

    def _new_task(self, y):
        return Transcription.of(y)

    def _split_off(self, task, samples):
        if not self.shuffle:
            return split_off_last(samples, self.validation_fraction)
        strata = np.zeros(len(samples.targets), int)
        random_state = check_random_state(self.random_state)
        return split_off_stratified(
            samples, self.validation_fraction, strata, random_state
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
