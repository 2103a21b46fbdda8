"""Classification of windows."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state

from sklstm._core.base import (
    INPUT_LAYER_CONSTRAINTS,
    INPUT_LAYER_PARAMETERS,
    RECURRENT_PARAMETERS,
    BaseLSTM,
    all_or_nothing,
    callback_data,
)
from sklstm._core.samples import split_off_last, split_off_stratified
from sklstm._core.sklearn_compat import StrOptions, fit_context, with_callbacks
from sklstm._core.targets import Classification


class LSTMClassifier(ClassifierMixin, BaseLSTM):
    """Tell the class of each sequence: of sensors, speech, text or DNA.

    A recurrent network, an LSTM by default, reads a sequence step by step, and a linear
    layer turns what it remembers into probabilities of classes. Every row of X is a
    sequence of its own; to tell something of every row of one series, put a
    :class:`SlidingWindowTransformer` in front.

    Readings are standardised inside, so that no scaler is needed.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(50,)
        Widths of the recurrent layers, first to last; each reads the hidden states of
        the one before.

    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of recurrent cell: the LSTM [1]_ with forget gate [2]_, the gated
        recurrent unit [3]_, or the simple recurrent network of Elman [4]_.

    activation : {"tanh", "relu", "logistic", "identity"}, default="tanh"
        Activation of the cells' candidates and outputs; the gates keep the logistic
        function. "tanh", and "relu" of the simple cell, have a fast path; the others
        train several times slower.

    bidirectional : bool, default=False
        Whether every layer also reads the windows from their end, with as many units
        again.

    pooling : {"last", "mean", "max", "attention"} or None, default="last"
        How the hidden states of all steps become one vector: the one that has seen the
        whole window, their average, their greatest values, or an average by learnt
        weights [5]_. None answers for every step, and y has a target for each.

    embedding_size : int or None, default=None
        Length of the vector that the network learns for each code of a symbol. X then
        holds codes, integers from 0 on, as :class:`SequenceEncoder` makes them; NaN at
        the start of a row are steps that do not exist, also in a 2-D X. None: X holds
        readings.

    conv_filters : int or tuple of int, default=()
        Widths of convolutions in time in front of the recurrent layers, each with a
        ReLU: motifs that it would take a recurrent layer long to learn. Empty for none.

    conv_kernel_size : int, default=3
        Time steps that each convolution mixes.

    dropout : float, default=0.0
        Share of the numbers between two layers to drop while training, in [0, 1).
        The linear layer counts: a network of one recurrent layer has a dropout too.

    recurrent_dropout : float, default=0.0
        Share of hidden units that the gates do not see while training, in [0, 1); the
        same units at every step of a window [6]_. Training is several times slower
        with it.

    max_timescale : float or None, default=None
        Longest dependency to be learnt, in time steps, at least 2: the biases of the
        gates start spread over memories of up to that length [7]_. None starts with a
        forget bias of 1, from which a long dependency is learnt later: on the adding
        problem of 100 steps, :func:`~sklstm.datasets.make_adding`, the mean squared
        error after as many sequences is six times as large. Not for ``cell="rnn"``.

    class_weight : dict, "balanced" or None, default=None
        What windows of each class count, by label. "balanced" lets all classes count
        alike, by the weight of all windows over ``n_classes`` times that of a class's.
        None lets all windows count alike. It multiplies `sample_weight`; with
        ``pooling=None`` it weighs steps. Not for several labels.

    solver : {"adam", "adamw", "sgd"}, default="adam"
        Adam [8]_; Adam with decoupled weight decay [9]_; or gradient descent with
        Nesterov's momentum of 0.9.

    alpha : float, default=0.0
        Strength of the L2 penalty on all weights but biases. As in
        :class:`~sklearn.neural_network.MLPRegressor` it is divided by the number of
        windows in a batch. With ``solver="adamw"`` it is the weight decay instead: a
        step shrinks the weights by ``alpha`` times the step size.

    batch_size : int or "auto", default="auto"
        Windows per training step, at most all of them; "auto" takes 200.

    learning_rate : {"constant", "cosine", "adaptive"}, default="constant"
        Course of the step size: none; down to zero along half a cosine over `max_iter`
        epochs; or divided by 5 whenever `n_iter_no_change` epochs brought nothing, and
        only below 1e-6 an end of training.

    learning_rate_init : float, default=0.01
        First step size. Ten times that of
        :class:`~sklearn.neural_network.MLPRegressor`: with 0.001 an LSTM on a few
        hundred windows is far from done after `max_iter` epochs.

    max_grad_norm : float or None, default=1.0
        Longest gradient of a step; a longer one is shortened to it. None leaves all as
        they are.

    max_iter : int, default=200
        Epochs, that is passes over the training windows, at most.

    shuffle : bool, default=True
        Whether every epoch visits the windows in a new random order, and early stopping
        sets windows aside at random. False takes both in the order of X.

    tol : float, default=1e-4
        How much lower the loss must be to count as better, in units of the loss.

    n_iter_no_change : int, default=10
        Epochs to go on without a better loss; training stops with the one after.

    early_stopping : bool, default=False
        Whether to set windows aside, of every class alike, and judge progress on them;
        the weights that were best there are kept. With ``shuffle=False`` these are the
        last ones, as they must be for windows of one series, which share readings:
        training windows that share readings with them are then left out.

    validation_fraction : float, default=0.1
        Share of the windows to set aside, in (0, 1); only for ``early_stopping=True``.

    standardize : bool, default=True
        Whether to bring every feature to mean 0 and standard deviation 1 by the
        training windows. False takes them as they are.

    warm_start : bool, default=False
        Whether `fit` goes on with the weights, the scales and the precision of the last
        fit; `max_timescale` and `standardize` have no say then.

    random_state : int, RandomState instance or None, default=None
        Seeds the first weights, the order of the windows and dropout. Pass an int to
        get the same model from every fit; global generators are never touched.

    verbose : bool, default=False
        Whether to print the loss of every epoch.

    device : str, default="cpu"
        Where to train, by PyTorch's names, such as "cuda:1"; "auto" takes a CUDA GPU
        where there is one.

    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of the network. "auto" takes float64 for an X in float64 as long as
        an epoch takes less than 100 million multiplications, some ten milliseconds,
        and float32 elsewhere: float64 takes two to three times as long.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network; it maps scaled windows to scaled targets.

    n_iter_ : int
        Number of epochs run.

    loss_ : float
        Training loss of the last epoch.

    loss_curve_ : list of float of length `n_iter_`
        Training loss of every epoch, with the penalty, averaged while the weights
        change.

    validation_loss_curve_ : list of float of length `n_iter_` or None
        Loss after every epoch on the windows set aside or passed as `X_val`; None
        where there were none.

    best_loss_ : float
        Lowest loss of an epoch, on the validation windows where there were any.

    classes_ : ndarray of shape (n_classes,)
        Labels in order; of several labels per window, the numbers of their columns.

    n_outputs_ : int
        Numbers that the network answers with: 1 for two classes, else one per class.

    n_features_in_ : int
        Size of the last axis of X seen during :term:`fit`: the features of a 3-D X, the
        columns of a 2-D one.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X seen during :term:`fit`, where it had any.

    See Also
    --------
    LSTMRegressor : Predicts numbers.
    SlidingWindowTransformer : Cuts a series into windows inside a pipeline.
    sklearn.neural_network.MLPClassifier : Reads a window without regard to order.

    Notes
    -----
    An epoch takes O(n_windows * n_timesteps * width * (width + inputs)) per layer; the
    time steps run one after another, whatever the device.

    Small networks train on one thread, where they are fastest; larger ones on as many
    as PyTorch is set to, which may show in the last digits of what they learn. A
    pickled estimator holds weights as NumPy arrays, no data and no state of the
    optimiser, and loads on a machine without a GPU.

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
    .. [5] Z. Yang et al., "Hierarchical Attention Networks for Document
       Classification", NAACL 2016, 1480-1489.
    .. [6] Y. Gal and Z. Ghahramani, "A Theoretically Grounded Application of Dropout in
       Recurrent Neural Networks", NIPS 2016, 1027-1035.
    .. [7] C. Tallec and Y. Ollivier, "Can recurrent neural networks warp time?", ICLR
       2018, arXiv:1804.11188.
    .. [8] D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR
       2015, arXiv:1412.6980.
    .. [9] I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR
       2019, arXiv:1711.05101.

    Examples
    --------
    Tell rising from falling waves:

    >>> import numpy as np
    >>> from sklstm import LSTMClassifier
    >>> phases = np.random.default_rng(0).uniform(0, 2 * np.pi, 200)
    >>> X = np.sin(phases[:, None] + 0.3 * np.arange(10))
    >>> y = np.where(np.cos(phases + 0.3 * 9) > 0, "rises", "falls")
    >>> model = LSTMClassifier(random_state=0).fit(X[:150], y[:150])
    >>> model.score(X[150:], y[150:]) > 0.9
    True
    >>> model.classes_
    array(['falls', 'rises'], dtype='<U5')
    """

    _network_kind = "recurrent"
    _network_parameters = RECURRENT_PARAMETERS + INPUT_LAYER_PARAMETERS

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        **INPUT_LAYER_CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(50,),
        *,
        cell="lstm",
        activation="tanh",
        bidirectional=False,
        pooling="last",
        embedding_size=None,
        conv_filters=(),
        conv_kernel_size=3,
        dropout=0.0,
        recurrent_dropout=0.0,
        max_timescale=None,
        class_weight=None,
        solver="adam",
        alpha=0.0,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.01,
        max_grad_norm=1.0,
        max_iter=200,
        shuffle=True,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        standardize=True,
        warm_start=False,
        random_state=None,
        verbose=False,
        device="cpu",
        dtype="auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.embedding_size = embedding_size
        self.conv_filters = conv_filters
        self.conv_kernel_size = conv_kernel_size
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.max_timescale = max_timescale
        self.class_weight = class_weight
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

    @with_callbacks
    @fit_context
    @all_or_nothing
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train a network on windows and their targets.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, each in time order. A 2-D X holds one feature, unless its columns
            are named ``name__lagK``, as :class:`SlidingWindowTransformer` names them.
            In a 3-D X or in such columns, steps at the start of a window whose every
            feature is NaN do not exist: :func:`pad_sequences` makes them, of sequences
            of unequal length. A list of these, of shape (n_timesteps_i, n_features) or
            (n_timesteps_i,), is padded likewise. In training, windows of about one
            length share a batch.

        y : array-like of shape (n_windows,) or (n_windows, n_labels)
            A class for each window, by numbers or strings; or 0 and 1 for each of
            several labels, of which a window can have any. With ``pooling=None`` a
            class for each step: shape (n_windows, n_timesteps), or a list of sequences
            as X. Steps that do not exist are not scored.

        sample_weight : array-like of shape (n_windows,), default=None
            What each window counts, not negative; a weight of 2 is as good as the same
            window twice in its batch. None counts all alike.

        X_val : array-like, shaped as X, default=None
            Windows to judge progress on; with them training keeps the weights that were
            best there, as with ``early_stopping=True``, and sets none aside.

        y_val : array-like, shaped as y, default=None
            Classes of `X_val`, all of them in y too.

        sample_weight_val : array-like of shape (n_windows_val,), default=None
            What each window of `X_val` counts.

        Returns
        -------
        self : LSTMClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or a weight is not as described here; if y has one
            class only; if X_val comes without y_val; if early stopping leaves nothing
            to learn from, or nothing to judge by; if training diverges; with
            ``warm_start=True``, if the network of the last fit has other shapes.
        TypeError
            If X is sparse.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` epochs were not enough.
        UserWarning
            If training was interrupted (Ctrl-C); what was learnt is kept.
        """
        continues = self.warm_start and self.__sklearn_is_fitted__()
        # New windows may lack some of the classes.
        task = self._task if continues else None
        task, samples = self._check_samples(X, y, sample_weight, reset=True, task=task)
        validation = self._check_validation(
            task, X_val, y_val, sample_weight_val, samples
        )
        weights = task.class_weights(self.class_weight, samples)
        samples, validation = (
            task.apply_class_weights(part, weights) for part in (samples, validation)
        )
        return self._fit(task, samples, validation, callback_data(X, y, sample_weight))

    @with_callbacks
    @fit_context
    @all_or_nothing
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go once over windows, updating the network there is.

        The first call builds the network and measures the scales of readings; later
        calls keep them. The step size stays `learning_rate_init`. The momentum of the
        optimiser lives from call to call, but not in copies and files.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`.

        y : array-like of shape (n_windows,) or (n_windows, n_labels)
            Classes, as in :meth:`fit`.

        classes : array-like of shape (n_classes,), default=None
            All classes that later calls may bring; only the first call needs them. None
            takes those of the first y.

        sample_weight : array-like of shape (n_windows,), default=None
            What each window counts; None counts all alike.

        Returns
        -------
        self : LSTMClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            As :meth:`fit`; if y has a class that the first call did not tell of; and
            with ``early_stopping=True`` or ``class_weight="balanced"``.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                'partial_fit does not support class_weight="balanced", because one '
                "call sees only a part of the windows. Pass a dict."
            )
        is_first = not self.__sklearn_is_fitted__()
        if not is_first and classes is not None:
            self._check_same_classes(classes)
        task, samples = self._check_samples(
            X,
            y,
            sample_weight,
            reset=is_first,
            n_codes=None if is_first else self._n_codes,
            task=None if is_first else self._task,
            classes=classes,
        )
        weights = task.class_weights(self.class_weight, samples)
        samples = task.apply_class_weights(samples, weights)
        return self._partial_fit(task, samples, callback_data(X, y, sample_weight))

    def predict(self, X):
        """Predict the classes of windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit; those of a 3-D X and sequences may have
            another number of steps.

        Returns
        -------
        y : ndarray of shape (n_windows,) or (n_windows, n_labels)
            The most probable class of each window; of several labels 1 for those more
            probable than not, else 0. With ``pooling=None`` of each step, any class at
            steps that do not exist; of sequences of unequal length a list.
        """
        outputs = self._call_model("outputs", X)
        return self._without_padding(self._task.labels(outputs), X)

    def decision_function(self, X):
        """Return what the network gives before it is turned into probabilities.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit; those of a 3-D X and sequences may have
            another number of steps.

        Returns
        -------
        scores : ndarray of shape (n_windows,) or (n_windows, n_classes)
            Logarithms of the odds of the second of two classes, or of each of several
            labels; of more classes, logarithms of their probabilities but for a
            constant.
        """
        outputs = self._call_model("outputs", X)
        return self._without_padding(
            outputs[..., 0] if self._task.kind == "binary" else outputs, X
        )

    def predict_proba(self, X):
        """Predict the probabilities of classes.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit; those of a 3-D X and sequences may have
            another number of steps.

        Returns
        -------
        probabilities : ndarray of shape (n_windows, n_classes)
            In the order of `classes_`; of several labels, each for itself. With
            ``pooling=None`` of each step, NaN where none exists.
        """
        outputs = self._call_model("outputs", X)
        return self._without_padding(np.exp(self._task.log_probabilities(outputs)), X)

    def predict_log_proba(self, X):
        """Predict the logarithms of the probabilities of classes.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit; those of a 3-D X and sequences may have
            another number of steps.

        Returns
        -------
        log_probabilities : ndarray of shape (n_windows, n_classes)
            As :meth:`predict_proba`, exact for small ones too.
        """
        outputs = self._call_model("outputs", X)
        return self._without_padding(self._task.log_probabilities(outputs), X)

    def score(self, X, y, sample_weight=None):
        """Return the share of classes that are predicted right.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows like those seen during fit.

        y : array-like
            Classes, shaped like the y seen during fit.

        sample_weight : array-like of shape (n_windows,), default=None
            What each window counts; None counts all alike.

        Returns
        -------
        score : float
            :func:`sklearn.metrics.accuracy_score`; with ``pooling=None`` over all steps
            that exist.
        """
        actual, predictions, weights = self._to_score(X, y, sample_weight)
        return accuracy_score(actual, predictions, sample_weight=weights)

    def _new_task(self, y, classes=None):
        return Classification.of(y, type(self).__name__, classes)

    def _check_same_classes(self, classes):
        """Raise unless the classes are those of the first call."""
        if not np.array_equal(np.sort(classes), self.classes_):
            raise ValueError(
                f"classes={list(classes)} differ from those of the first call, "
                f"{self.classes_.tolist()}. Pass the same classes, or None."
            )

    def _split_off(self, task, samples):
        if not self.shuffle:
            return split_off_last(samples, self.validation_fraction)
        strata = np.zeros(len(samples.targets), int)
        if self.pooling is not None:
            strata = task.class_numbers(samples.targets)
        random_state = check_random_state(self.random_state)
        return split_off_stratified(
            samples, self.validation_fraction, strata, random_state
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
