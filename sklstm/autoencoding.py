"""Windows compressed into a few numbers, and reconstructed from them."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_array, check_is_fitted

from sklstm._core.base import (
    RECURRENT_PARAMETERS,
    BaseLSTM,
    all_or_nothing,
    callback_data,
)
from sklstm._core.samples import split_off_last
from sklstm._core.sklearn_compat import (
    Interval,
    StrOptions,
    check_weights,
    fit_context,
    with_callbacks,
)
from sklstm._core.targets import Reconstruction


class LSTMAutoencoder(BaseLSTM):
    """Put windows into few numbers, and make the windows from these again.

    A recurrent encoder reads a window and a linear layer makes its code; a recurrent
    decoder reads the code at every step, and tells the window from its last step to its
    first [10]_. What cannot be made again from so few numbers is unlike what was learnt
    from: :meth:`reconstruction_error` says how much.

    Parameters
    ----------
    n_components : int, default=10
        Numbers that stand for a window.

    hidden_layer_sizes : int or tuple of int, default=(50,)
        Widths of the encoder's recurrent layers, first to last; each reads the hidden
        states of the one before. The decoder has them in reverse order.

    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of recurrent cell: the LSTM [1]_ with forget gate [2]_, the gated
        recurrent unit [3]_, or the simple recurrent network of Elman [4]_.

    activation : {"tanh", "relu", "logistic", "identity"}, default="tanh"
        Activation of the cells' candidates and outputs; the gates keep the logistic
        function. "tanh", and "relu" of the simple cell, have a fast path; the others
        train several times slower.

    bidirectional : bool, default=False
        Whether every layer of the encoder also reads the windows from their end, with
        as many units again.

    pooling : {"last", "mean", "max", "attention"}, default="last"
        How the encoder's hidden states of all steps become one vector, of which the
        code is a linear map: the one that has seen the whole window, their average,
        their greatest values, or an average by learnt weights [5]_.

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

    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        What training minimises, averaged over the features of all steps that exist:
        half the squared error; the absolute error; or Huber's mixture of the two,
        linear above an error of 1. They measure errors in standard deviations of the
        features where `standardize=True`.

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
        Whether every epoch visits the windows in a new random order. Batches are drawn
        from it; one batch of all windows has no order.

    tol : float, default=1e-4
        How much lower the loss must be to count as better, in units of the loss.

    n_iter_no_change : int, default=10
        Epochs to go on without a better loss; training stops with the one after.

    early_stopping : bool, default=False
        Whether to set aside the last windows and judge progress on them; the weights
        that were best there are kept. X must be in time order. Training windows that
        share readings with those set aside are left out, so that windows of 24 steps
        cost 23 of them.

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

    n_outputs_ : int
        Number of features.

    n_timesteps_ : int
        Number of steps of the windows seen during :term:`fit`, as many as
        :meth:`inverse_transform` makes.

    n_features_in_ : int
        Size of the last axis of X seen during :term:`fit`: the features of a 3-D X, the
        columns of a 2-D one.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X seen during :term:`fit`, where it had any.

    See Also
    --------
    SlidingWindowTransformer : Cuts a series into windows inside a pipeline.
    sklearn.decomposition.PCA : Few numbers for a window laid flat, without a network.

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
    .. [10] N. Srivastava, E. Mansimov and R. Salakhutdinov, "Unsupervised Learning of
       Video Representations using LSTMs", ICML 2015, arXiv:1502.04681.

    Examples
    --------
    Waves of any phase, in two numbers:

    >>> import numpy as np
    >>> from sklstm import LSTMAutoencoder
    >>> phases = np.linspace(0, 2 * np.pi, 200)
    >>> X = np.sin(phases[:, None] + 0.5 * np.arange(8))
    >>> model = LSTMAutoencoder(
    ...     n_components=2,
    ...     batch_size=20,
    ...     learning_rate="cosine",
    ...     max_iter=50,
    ...     random_state=0,
    ... ).fit(X)
    >>> model.transform(X).shape
    (200, 2)
    >>> bool(model.reconstruction_error(X).mean() < 0.05)
    True
    >>> bool(model.reconstruction_error(X[:, ::-1] ** 2).mean() > 0.1)
    True
    """

    _network_kind = "autoencoder"
    _network_parameters = (*RECURRENT_PARAMETERS, "n_components")

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "pooling": [StrOptions({"last", "mean", "max", "attention"})],
        "loss": [StrOptions({"squared_error", "absolute_error", "huber"})],
    }

    def __init__(
        self,
        hidden_layer_sizes=(50,),
        *,
        n_components=10,
        cell="lstm",
        activation="tanh",
        bidirectional=False,
        pooling="last",
        dropout=0.0,
        recurrent_dropout=0.0,
        max_timescale=None,
        loss="squared_error",
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
        self.n_components = n_components
        self.cell = cell
        self.activation = activation
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.max_timescale = max_timescale
        self.loss = loss
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
        y=None,
        sample_weight=None,
        *,
        X_val=None,
        sample_weight_val=None,
    ):
        """Fit a network that reconstructs windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`LSTMRegressor.fit`.

        y : None
            Ignored. It is a parameter for compatibility with pipelines.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window, not negative. A window with weight 2 counts as two
            equal windows in its batch. If None, all windows have the same weight.

        X_val : array-like, shaped as X, default=None
            Windows for validation. As with ``early_stopping=True``, the weights with
            the lowest validation loss are kept, but no training windows are held out.

        sample_weight_val : array-like of shape (n_windows_val,), default=None
            Weight of each window in `X_val`. If None, all windows have the same weight.

        Returns
        -------
        self : LSTMAutoencoder
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X or a weight is not as described here; if
            `sample_weight_val` is passed without `X_val`; if early stopping leaves no
            training window; if training diverges; or, with ``warm_start=True``, if the
            network of the last fit has other shapes.
        TypeError
            If X is sparse.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs.
        UserWarning
            If training was interrupted (Ctrl-C). The weights learned so far are kept.
        """
        task, samples = self._check_samples(X, None, sample_weight, reset=True)
        validation = self._check_validation(
            task, X_val, None, sample_weight_val, samples
        )
        return self._fit(task, samples, validation, callback_data(X, y, sample_weight))

    @with_callbacks
    @fit_context
    @all_or_nothing
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on windows, without starting anew.

        The first call builds the network and computes the scales of the features; later
        calls keep them. The learning rate stays at `learning_rate_init`. The state of
        the optimizer is kept between calls, but not in copies and pickles.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`.

        y : None
            Ignored. It is a parameter for compatibility with pipelines.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window. If None, all windows have the same weight.

        Returns
        -------
        self : LSTMAutoencoder
            The fitted estimator.

        Raises
        ------
        ValueError
            As in :meth:`fit`, and if ``early_stopping=True``.
        """
        is_first = not self.__sklearn_is_fitted__()
        longest = 0 if is_first else self.n_timesteps_
        task, samples = self._check_samples(X, None, sample_weight, reset=is_first)
        self._partial_fit(task, samples, callback_data(X, y, sample_weight))
        self.n_timesteps_ = max(self.n_timesteps_, longest)
        return self

    def inverse_transform(self, X):
        """Reconstruct windows from their components.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_components)
            Components that :meth:`transform` returned.

        Returns
        -------
        windows : ndarray of shape (n_windows, `n_timesteps_`, n_features)
            Reconstructed windows, in the units of the windows seen during fit. They
            have an axis of features even if those windows had none.

        Raises
        ------
        ValueError
            If X has another number of columns.
        """
        check_is_fitted(self)
        components = check_array(X, dtype=np.float64, input_name="X")
        n_components = self._n_features_out
        if components.shape[1] != n_components:
            raise ValueError(
                f"X has {components.shape[1]} columns, but the network has "
                f"{n_components} components. Pass what transform returned."
            )
        return self._model.decode(components, self.n_timesteps_)

    def reconstruct(self, X):
        """Return windows as they are reconstructed from their components.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. The number of time steps of a 3-D X or of a
            sequence may differ.

        Returns
        -------
        windows : ndarray of shape (n_windows, n_timesteps, n_features) or list
            Reconstructed windows, in the units of X; NaN at padding steps. For
            sequences of unequal length, a list of arrays.

        Raises
        ------
        ValueError
            If X is not as in :meth:`fit`.
        """
        return self._without_padding(self._call_model("predict", X), X)

    def reconstruction_error(self, X):
        """Compute the reconstruction error of each window.

        It is large for windows that are unlike the training windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. The number of time steps of a 3-D X or of a
            sequence may differ.

        Returns
        -------
        errors : ndarray of shape (n_windows,)
            Mean squared error over the time steps and features of each window. With
            ``standardize=True`` it is in units of the variance of the feature in the
            training windows. NaN for a window that is all padding.

        Raises
        ------
        ValueError
            If X is not as in :meth:`fit`.
        """
        return self._call_model("errors", X)

    def score(self, X, y=None, sample_weight=None):
        """Return the negative mean reconstruction error; the best score is 0.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. The number of time steps of a 3-D X or of a
            sequence may differ.

        y : None
            Ignored. It is a parameter for compatibility with pipelines.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window. If None, all windows have the same weight.

        Returns
        -------
        score : float
            Negative weighted mean of :meth:`reconstruction_error`, without windows that
            are all padding.
        """
        errors = self.reconstruction_error(X)
        if sample_weight is None:
            return -float(np.nanmean(errors))
        weights = check_weights(sample_weight, errors)
        is_known = ~np.isnan(errors)
        return -float(np.average(errors[is_known], weights=weights[is_known]))

    def _new_task(self, y):
        return Reconstruction({"name": self.loss})

    def _split_off(self, task, samples):
        return split_off_last(samples, self.validation_fraction)
