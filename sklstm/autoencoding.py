"""Autoencoder that compresses windows into a few numbers."""

from numbers import Integral
from typing import Literal, Self

import numpy as np
from sklearn.utils.validation import check_array, check_is_fitted

from sklstm._core.base import (
    RECURRENT_PARAMETERS,
    PoolingLSTM,
)
from sklstm._core.fit_methods import all_or_nothing, callback_data
from sklstm._core.samples import split_off_last
from sklstm._core.sklearn_compat import (
    Interval,
    StrOptions,
    check_weights,
    fit_context,
    with_callbacks,
)
from sklstm._core.targets import Reconstruction
from sklstm._input.arrays import unwrap
from sklstm._input.numbers import check_numbers
from sklstm._typing import (
    Activation,
    ArrayLike,
    Cell,
    Dtype,
    Floats,
    LearningRate,
    Pooling,
    RandomState,
    Sizes,
    Solver,
)


class LSTMAutoencoder(PoolingLSTM):
    """Autoencoder that compresses windows into a few components.

    A recurrent encoder reads each window, and a linear layer maps its hidden states to
    the components. A recurrent decoder reads the components at every time step and
    reconstructs the window from its last step to its first [10]_. The decoder has the
    layers of the encoder in reverse order, and it is never bidirectional.

    Windows that are unlike the training windows are poorly reconstructed.
    :meth:`reconstruction_error` returns the error of each window.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(50,)
        Number of units of each recurrent layer, from first to last. An int means one
        layer.

    n_components : int, default=10
        Number of components that each window is compressed to.

    cell : {"lstm", "gru", "rnn", "transformer"}, default="lstm"
        Type of the layers: LSTM [1]_ with a forget gate [2]_, gated recurrent unit
        [3]_, simple recurrent network (Elman) [4]_, or Transformer block. :doc:`/cells`
        compares them. A Transformer block has one head per 32 units.

    activation : {"tanh", "relu", "logistic", "identity"}, default="tanh"
        Activation function of the candidate and the output of a cell. The gates always
        use the logistic function. "tanh" is the fastest, especially on a GPU. Leave
        "tanh" for ``cell="transformer"``, whose blocks always use GELU.

    bidirectional : bool, default=False
        Whether each layer also reads the windows backward. This doubles the number of
        units. With ``cell="transformer"``, it does not: a time step then attends to all
        others, instead of to those before it.

    pooling : {"last", "mean", "max", "attention"}, default="last"
        How the hidden states of all time steps become one vector per window: the state
        after the last step, the mean, the maximum, or a weighted mean with learned
        weights (attention) [5]_. The components are a linear map of this vector.

    dropout : float, default=0.0
        Fraction of the outputs of each recurrent layer to drop during training, in [0,
        1). Dropout also applies to the outputs of the last layer.

    recurrent_dropout : float, default=0.0
        Fraction of the hidden state to drop before the gates during training, in [0,
        1). The same units are dropped at every time step of a window [6]_. With
        ``cell="transformer"``, the fraction of what the two parts of a block, attention
        and feed-forward, add to their inputs.

    max_timescale : float or None, default=None
        Longest dependency to learn, in time steps, at least 2. The gate biases are then
        initialized so that the units remember for 1 to `max_timescale` steps (chrono
        initialization) [7]_. If None, the forget gate bias starts at 1, and long
        dependencies take longer to learn: on the adding problem with 100 steps
        (:func:`~sklstm.datasets.make_adding`), the mean squared error after the same
        number of sequences is six times as large. Only for ``cell="lstm"`` and "gru".

    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        Loss to minimize, averaged over the time steps and features of each window: half
        the squared error; the absolute error; or the Huber loss, which is linear above
        an error of 1. Unless ``standardize=False``, errors are in units of the standard
        deviation of each feature.

    solver : {"adam", "adamw", "sgd"}, default="adam"
        Optimizer: Adam [8]_, Adam with decoupled weight decay [9]_, or stochastic
        gradient descent with Nesterov momentum of 0.9.

    alpha : float, default=0.0
        Strength of the L2 penalty on the weights; biases are not penalized. As in
        :class:`~sklearn.neural_network.MLPRegressor`, the penalty is divided by the
        number of windows in a batch. With ``solver="adamw"``, `alpha` is the weight
        decay: each step shrinks the weights by `alpha` times the learning rate.

    batch_size : int or "auto", default="auto"
        Number of windows per training step. "auto" is ``min(200, n_windows)``.

    learning_rate : {"constant", "cosine", "adaptive"}, default="constant"
        Learning-rate schedule. "constant" keeps the initial learning rate. "cosine"
        decays the learning rate to zero over `max_iter` epochs. "adaptive" divides the
        learning rate by 5 each time the loss has not improved for more than
        `n_iter_no_change` epochs; training stops when the learning rate would fall
        below 1e-6.

    learning_rate_init : float, default=0.01
        Initial learning rate. The default is ten times that of
        :class:`~sklearn.neural_network.MLPRegressor`: with 0.001, an LSTM on a few
        hundred windows is far from convergence after `max_iter` epochs.

    max_grad_norm : float or None, default=1.0
        Maximum norm of the gradient. A gradient with a larger norm is scaled down to
        this norm. If None, the gradient is not clipped.

    max_iter : int, default=200
        Maximum number of epochs. An epoch is one pass over the training windows.

    shuffle : bool, default=True
        Whether to shuffle the windows in each epoch. Shuffling makes no difference if
        one batch holds all windows.

    tol : float, default=1e-4
        Minimum decrease of the loss that counts as an improvement, in units of the
        loss.

    n_iter_no_change : int or np.inf, default=10
        Number of consecutive epochs without an improvement to tolerate. Training stops
        after one more such epoch. With ``np.inf``, training always takes `max_iter`
        epochs.

    early_stopping : bool, default=False
        Whether to hold out the last windows for validation and keep the weights with
        the lowest validation loss. The windows must be in time order. Training windows
        that overlap the validation windows are left out: 23 windows if each window has
        24 steps.

    validation_fraction : float, default=0.1
        Fraction of the windows to hold out for validation, in (0, 1). Only used if
        ``early_stopping=True``.

    standardize : "features" or bool, default="features"
        Whether to scale each feature to mean 0 and standard deviation 1, computed on
        all time steps of the training windows. True means the same as "features". If
        False, the values are used as they are. Errors are comparable between windows
        because all windows have the same scale, so the other values of
        :class:`LSTMRegressor` are not available.

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
    network_ : torch.nn.Module
        Trained network. It maps scaled windows to scaled targets.

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

    n_outputs_ : int
        Number of features that are reconstructed.

    n_timesteps_ : int
        Number of time steps of the windows that :meth:`inverse_transform` returns. It
        is the number of time steps of the windows, or of the longest sequence, seen
        during :term:`fit`.

    n_features_in_ : int
        Number of features seen during :term:`fit`: the size of the last axis of a 3-D
        X, or the number of columns of a 2-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    SlidingWindowTransformer : Cut a series into windows in a pipeline.
    LSTMClassifier : Classify windows; `pretrained` starts from an autoencoder.
    sklearn.decomposition.PCA : Linear components of flattened windows.

    Notes
    -----
    An epoch takes O(n_windows * n_timesteps * n_units * (n_units + n_inputs)) per
    layer. The time steps run one after another on every device.

    Small networks are trained on one thread, because this is fastest. Larger networks
    use as many threads as PyTorch is set to, and the last digits of the results may
    depend on this number. A pickled estimator holds weights as NumPy arrays, without
    the data and the state of the optimizer. It can be loaded on a machine without a
    GPU.

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
    Compress waves of any phase into two components:

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

    n_timesteps_: int

    _network_kind = "autoencoder"
    _network_parameters = (*RECURRENT_PARAMETERS, "n_components")

    _parameter_constraints: dict = {
        **PoolingLSTM._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "pooling": [StrOptions({"last", "mean", "max", "attention"})],
        "standardize": ["boolean", StrOptions({"features"})],
        "loss": [StrOptions({"squared_error", "absolute_error", "huber"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (50,),
        *,
        n_components: int = 10,
        cell: Cell = "lstm",
        activation: Activation = "tanh",
        bidirectional: bool = False,
        pooling: Pooling = "last",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        max_timescale: float | None = None,
        loss: Literal["squared_error", "absolute_error", "huber"] = "squared_error",
        solver: Solver = "adam",
        alpha: float = 0.0,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRate = "constant",
        learning_rate_init: float = 0.01,
        max_grad_norm: float | None = 1.0,
        max_iter: int = 200,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        standardize: bool | Literal["features"] = "features",
        warm_start: bool = False,
        random_state: RandomState = None,
        verbose: bool = False,
        device: str = "cpu",
        dtype: Dtype = "auto",
    ) -> None:
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

    @all_or_nothing
    @with_callbacks
    @fit_context
    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit a network that reconstructs windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`LSTMRegressor.fit`.

        y : None
            Ignored. Present for compatibility with pipelines.

        sample_weight : array-like of shape (n_windows,), default=None
            Non-negative weight of each window. A window with weight 2 counts as two
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
            weights of the last fit have other shapes.
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
        task, samples = self._check_samples(X, None, sample_weight, reset=True)
        validation = self._check_validation(
            task, X_val, None, sample_weight_val, samples
        )
        return self._fit(task, samples, validation, callback_data(X, y, sample_weight))

    @all_or_nothing
    @with_callbacks
    @fit_context
    def partial_fit(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, starting from the current weights.

        The first call builds the network and computes the scales of the features; later
        calls keep them. The learning rate stays at `learning_rate_init`. The state of
        the optimizer is kept between calls, but not in copies and pickles.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`.

        y : None
            Ignored. Present for compatibility with pipelines.

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

    def inverse_transform(self, X: ArrayLike) -> Floats:
        """Reconstruct windows from their components.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_components)
            Components that :meth:`transform` returned.

        Returns
        -------
        windows : ndarray of shape (n_windows, `n_timesteps_`, n_features)
            Reconstructed windows, in the units of the windows seen during fit. They
            have an axis of features even if X was 2-D in `fit`.

        Raises
        ------
        ValueError
            If X does not have one column per component.
        """
        check_is_fitted(self)
        X = unwrap(X, "X")
        with check_numbers("X"):
            components = check_array(X, dtype=np.float64, input_name="X")
        n_components = self._n_features_out
        if components.shape[1] != n_components:
            raise ValueError(
                f"X has {components.shape[1]} columns, but the network has "
                f"{n_components} components. Pass the components that "
                "transform returned."
            )
        return self._model.decode(components, self.n_timesteps_)

    def reconstruct(self, X: ArrayLike) -> Floats:
        """Compress windows into components and reconstruct them.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        Returns
        -------
        windows : ndarray of shape (n_windows, n_timesteps, n_features) or list
            Reconstructed windows, in the units of X. Padding steps are NaN. If the
            sequences have different lengths, a list of arrays is returned. For a frame
            with a MultiIndex (instance, time), an array with one row per row of the
            frame is returned.

        Raises
        ------
        ValueError
            If X is not as in :meth:`fit`.
        """
        return self._without_padding(self._call_model("predict", X), X)

    def reconstruction_error(self, X: ArrayLike) -> Floats:
        """Compute the reconstruction error of each window.

        The error is large for windows that are unlike the training windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        Returns
        -------
        errors : ndarray of shape (n_windows,)
            Mean squared error over the time steps and features of each window. Unless
            ``standardize=False``, the squared error of each feature is divided by the
            variance of the feature in the training windows. The error of a window that
            is all padding is NaN.

        Raises
        ------
        ValueError
            If X is not as in :meth:`fit`.
        """
        return self._call_model("errors", X)

    def score(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the negative mean reconstruction error; the best score is 0.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        y : None
            Ignored. Present for compatibility with pipelines.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window. If None, all windows have the same weight.

        Returns
        -------
        score : float
            Negative weighted mean of :meth:`reconstruction_error`. Windows that are all
            padding are left out.

        Raises
        ------
        ValueError
            If X or a weight is not as in :meth:`fit`, or if no window with values has a
            positive weight.
        """
        errors = self.reconstruction_error(X)
        weights = check_weights(sample_weight, errors)
        is_scored = ~np.isnan(errors) & (weights > 0)
        if not is_scored.any():
            raise ValueError(
                "There is no window to score: each window is all NaN or has a sample "
                "weight of zero. Pass at least one window with values and a positive "
                "weight."
            )
        return -float(np.average(errors[is_scored], weights=weights[is_scored]))

    def _new_task(self, y):
        return Reconstruction({"name": self.loss})

    def _split_off(self, task, samples):
        return split_off_last(samples, self.validation_fraction)
