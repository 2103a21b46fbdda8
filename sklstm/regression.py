"""Regression on windows."""

from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm._core.auto import FOR_VALUES
from sklstm._core.base import (
    ENSEMBLE_CONSTRAINTS,
    INPUT_LAYER_CONSTRAINTS,
    INPUT_LAYER_PARAMETERS,
    RECURRENT_PARAMETERS,
    PoolingLSTM,
    allow_auto,
)
from sklstm._core.fit_methods import all_or_nothing, callback_data
from sklstm._core.samples import split_off_last, with_weights_of_targets
from sklstm._core.sklearn_compat import (
    Interval,
    StrOptions,
    available_if,
    fit_context,
    with_callbacks,
)
from sklstm._core.targets import Regression
from sklstm._core.transfer import TRANSFER_CONSTRAINTS
from sklstm._typing import (
    Activation,
    ArrayLike,
    Auto,
    Cell,
    ConvPooling,
    Dtype,
    Floats,
    LearningRate,
    Pooling,
    RandomState,
    Sizes,
    Solver,
    Standardize,
)


class LSTMRegressor(RegressorMixin, PoolingLSTM):
    """Regressor for windows of time series.

    A recurrent network, by default an LSTM, reads each window step by step. A linear
    layer maps the hidden states to one or more predicted numbers. Every row of X is an
    independent sequence. To cut a series into windows in a pipeline, use
    :class:`SlidingWindowTransformer` as the step before the regressor.

    Features and targets are standardized internally. A scaler or a
    :class:`~sklearn.compose.TransformedTargetRegressor` is not needed.

    Parameters that are "auto" get values that suit X: convolutional layers in front of
    a bidirectional layer for measured values, an embedding for the token codes of
    :class:`SequenceEncoder`, and one small layer for fewer than 16 different windows.
    The Notes have a table of these values, and `auto_params_` has those that were
    chosen.

    Parameters
    ----------
    hidden_layer_sizes : int, tuple of int or "auto", default="auto"
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

    bidirectional : bool or "auto", default="auto"
        Whether each layer also reads the windows backward. This doubles the number of
        units. With ``cell="transformer"``, it does not: a time step then attends to all
        others, instead of to those before it.

    pooling : {"auto", "last", "mean", "max", "attention"}, tuple of str or None, \
            default="auto"
        How the hidden states of all time steps become one vector per window: the state
        after the last step, the mean, the maximum, or a weighted mean with learned
        weights (attention) [5]_. With a tuple, such as ``("last", "mean")``, the
        vectors of all its poolings are used. With None, the network predicts a target
        for each time step, and y has a target for each time step.

    embedding_size : int, "auto" or None, default="auto"
        Size of the vector that the network learns for each token. X then holds token
        codes, non-negative integers, as :class:`SequenceEncoder` returns them. NaN at
        the start of a row is padding. If None, X holds numeric values. "auto" means
        token codes only for X that comes from :class:`SequenceEncoder`.

    embedding_pairs : int or "auto", default="auto"
        Number of further vectors, for pairs of neighboring tokens. The vectors of pairs
        are only pooled by `conv_pooling`; the recurrent layers do not read them. If
        there are more pairs than vectors, some pairs share a vector [12]_. 0 means no
        vectors of pairs. "auto" is 0 if you set `conv_filters` or `conv_pooling`. Only
        used for token codes.

    embedding_dropout : float or "auto", default="auto"
        Fraction of the tokens to replace by the unknown token, code 0, during training,
        in [0, 1). The network thereby learns a vector for unknown tokens. Only used for
        token codes.

    conv_filters : int, tuple of int or "auto", default="auto"
        Number of filters of each convolutional layer in front of the recurrent layers.
        A ReLU follows each convolutional layer. Convolutions find short patterns faster
        than a recurrent layer. An empty tuple means no convolution.

    conv_kernel_size : int, tuple of int or of tuple of int, or "auto", default="auto"
        Number of time steps that the filters of each convolutional layer span. An int
        is the size for all layers; a tuple has one size for each layer. If this size is
        a tuple itself, the layer has `conv_filters` filters of each of its sizes. For
        example, ``((2, 3, 4),)`` is one layer whose filters span two, three and four
        words. "auto" is 3 if you set `conv_filters`.

    conv_pool_size : int, tuple of int or "auto", default="auto"
        Size of the blocks of max-pooling after each convolutional layer, for all layers
        or for each. Of each block of time steps, only the maximum is kept, so the
        recurrent layers read fewer time steps. 1 keeps all time steps. "auto" is 1 if
        you set `conv_filters`.

    conv_pooling : {"auto", "mean", "max"}, tuple of str or None, default="auto"
        How the outputs of the last convolutional layer over all time steps become one
        vector per window. With a tuple, the vectors of all its poolings are used.
        Without convolutional layers, the vectors of tokens are pooled. The output layer
        reads the result beside the hidden states [10]_. If None, it only reads the
        hidden states. "auto" is None if you set
        `conv_filters`.

    batch_norm : bool or "auto", default="auto"
        Whether each convolutional layer scales its outputs to mean 0 and variance 1
        over each batch [11]_. Predictions use running averages of the means and
        variances. They do not depend on the other windows of a batch. "auto" is False
        if you set `conv_filters`.

    dropout : float or "auto", default="auto"
        Fraction of the outputs of each recurrent layer to drop during training, in [0,
        1). Dropout also applies to the outputs of the last layer.

    recurrent_dropout : float or "auto", default="auto"
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

    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}, \
            default="squared_error"
        Loss to minimize, averaged over the targets: half the squared error, as in
        :class:`~sklearn.neural_network.MLPRegressor`; the absolute error, which
        predicts the median; the Huber loss, which is linear above an error of 1; half
        the Poisson deviance, for counts; or the pinball loss of `quantiles`. Unless
        ``standardize=False``, errors are in units of the standard deviation of y,
        except for "poisson".

    quantiles : float, tuple of float or None, default=None
        Quantiles to predict, increasing, in (0, 1). Only used if ``loss="quantile"``.
        Predicted quantiles never cross. None means (0.1, 0.5, 0.9).

    pretrained : estimator or None, default=None
        Fitted estimator to start from, or a pipeline that ends in one: an
        :class:`LSTMLanguageModel`, an :class:`LSTMAutoencoder`, an
        :class:`LSTMClassifier` or an :class:`LSTMRegressor`. The first `fit` copies its
        layers before the pooling: embedding, convolutions and recurrent layers. Of an
        autoencoder, they are those of the encoder; of several networks, those of the
        first. The other layers are new. X must have the same features or token codes.
        For the codes of a language model, pass its `vocabulary_` to
        :class:`SequenceEncoder`. X is scaled as in the fit of `pretrained`. Of the
        parameters of the layers, those that are "auto" get the values of `pretrained`;
        the others must agree with it, and so must `standardize`, unless it has its
        default. The poolings may differ. Clones keep `pretrained` fitted, and pickles
        include it. If None, all layers are new.

    pretrained_learning_rate : float, default=0.3
        Learning rate of the layers from `pretrained`, divided by that of the new
        layers, in [0, 1] [13]_. With 0, they are frozen: their weights do not change,
        nor do the running averages of batch normalizations. With 1, all layers have the
        same learning rate. Only used with `pretrained`.

    n_estimators : int, default=1
        Number of networks, which are trained on the same windows with different seeds,
        one after another. A classifier predicts the mean of their probabilities, and a
        regressor the median of their predictions, or of each quantile. This is often
        more accurate than one network. Time and memory grow with the number of
        networks. With ``warm_start=True``, `fit` keeps the networks of the previous fit
        as they are if `n_estimators` is higher, and trains only the new ones.

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
        below 1e-6. If "auto" chooses "cosine", it also chooses the number of epochs, at
        most `max_iter`: 800 training steps, and at least 10 epochs. For token codes it
        is 640 steps and 8 epochs if they are many, and 1200 steps and 12 epochs if they
        are few.

    learning_rate_init : float or "auto", default="auto"
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
        Whether to shuffle the windows in each epoch. Shuffling makes no difference if
        one batch holds all windows.

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
        Whether to hold out the last windows for validation and keep the weights with
        the lowest validation loss. The windows must be in time order. Training windows
        that overlap the validation windows are left out: 23 windows if each window has
        24 steps.

    validation_fraction : float, default=0.1
        Fraction of the windows to hold out for validation, in (0, 1). Only used if
        ``early_stopping=True``.

    standardize : {"features", "steps", "windows"} or bool, default="features"
        What to scale to mean 0 and standard deviation 1. "features" scales each feature
        over all time steps of the training windows; True means the same. "steps" scales
        each feature at each time step by itself, over the training windows. It can help
        if all windows follow a common curve; compare both by cross-validation. All
        windows must then have the same length, without padding, in `fit` and in
        predictions. "windows" scales each feature of a window by the mean and the
        standard deviation of this window. The network then sees the shape of a window,
        but not its level and its size. With False, the values are used as they are.
        Unless False, each target is scaled, too: to mean 0 and standard deviation 1
        over the training windows, or divided by its mean with ``loss="poisson"``.

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
    auto_params_ : dict
        Value that was chosen for each parameter that is "auto".

    network_ : torch.nn.Module
        Trained network. It maps scaled windows to scaled targets.

    networks_ : list of torch.nn.Module of length `n_estimators`
        All trained networks, `network_` first. The number of epochs and the losses are
        those of `network_`.

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
        Number of targets per window, or per time step with ``pooling=None``.

    n_features_in_ : int
        Number of features seen during :term:`fit`: the size of the last axis of a 3-D
        X, or the number of columns of a 2-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    LSTMClassifier : Classifier for sequences.
    SlidingWindowTransformer : Cut a series into windows in a pipeline.
    sklearn.neural_network.MLPRegressor : Neural network for features without an order.

    Notes
    -----
    The values of "auto" depend on the windows in X:

    ================== =========== ================ =============== ==========
    Parameter          Few windows Measured         Many tokens     Few tokens
    ================== =========== ================ =============== ==========
    hidden_layer_sizes (50,)       (32,)            (16,)           (32,)
    bidirectional      False       True             True            True
    pooling            last        ('last', 'mean') max             max
    embedding_size     None        None             32              32
    embedding_dropout  0.0         0.0              0.2             0.05
    conv_filters       ()          (64, 64, 64)     ()              (64,)
    embedding_pairs    0           0                65536           0
    conv_kernel_size   3           (8, 5, 3)        3               ((3, 5),)
    conv_pool_size     1           (2, 2, 1)        1               1
    conv_pooling       None        mean             ('mean', 'max') max
    batch_norm         False       False            False           True
    dropout            0.0         0.0              0.5             0.5
    recurrent_dropout  0.0         0.0              0.5             0.0
    batch_size         200         16               50              32
    learning_rate      constant    cosine           cosine          cosine
    learning_rate_init 0.01        0.003            0.01            0.01
    ================== =========== ================ =============== ==========

    "Few windows" are fewer than 16 different windows, and all windows with
    ``pooling=None``. "Measured" are other windows of numbers. More than 200 token codes
    are many, such as words; fewer are few, such as characters. With ``pooling=None``,
    `embedding_size` is 100 for token codes. The values were chosen by cross-validation
    on the training data of several data sets.

    `batch_size` is the given number if an epoch then has 4 to 32 batches. Otherwise it
    is a quarter or a thirty-second of the number of windows, from 8 to 64.

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
    .. [10] F. Karim et al., "LSTM Fully Convolutional Networks for Time Series
       Classification", IEEE Access 6, 2018, 1662-1669.
    .. [11] S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network
       Training by Reducing Internal Covariate Shift", ICML 2015, 448-456.
    .. [12] A. Joulin et al., "Bag of Tricks for Efficient Text Classification", EACL
       2017, 427-431.
    .. [13] J. Howard and S. Ruder, "Universal Language Model Fine-tuning for Text
       Classification", ACL 2018, 328-339.

    Examples
    --------
    Predict the next value of a sine from the 12 values before it:

    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> wave = np.sin(np.arange(200) * 0.3)
    >>> windows = np.lib.stride_tricks.sliding_window_view(wave, 13)
    >>> X, y = windows[:, :12], windows[:, 12]
    >>> model = LSTMRegressor(random_state=0).fit(X[:150], y[:150])
    >>> model.score(X[150:], y[150:]) > 0.99
    True
    """

    _network_kind = "recurrent"
    _network_parameters = RECURRENT_PARAMETERS + INPUT_LAYER_PARAMETERS
    _recipes = FOR_VALUES

    _parameter_constraints: dict = {
        **allow_auto(PoolingLSTM._parameter_constraints | INPUT_LAYER_CONSTRAINTS),
        **ENSEMBLE_CONSTRAINTS,
        **TRANSFER_CONSTRAINTS,
        "loss": [
            StrOptions(
                {"squared_error", "absolute_error", "huber", "poisson", "quantile"}
            )
        ],
        "quantiles": [
            "array-like",
            Interval(Real, 0, 1, closed="neither"),
            None,
        ],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes | Auto = "auto",
        *,
        cell: Cell = "lstm",
        activation: Activation = "tanh",
        bidirectional: bool | Auto = "auto",
        pooling: Pooling | tuple[Pooling, ...] | Auto | None = "auto",
        embedding_size: int | Auto | None = "auto",
        embedding_pairs: int | Auto = "auto",
        embedding_dropout: float | Auto = "auto",
        conv_filters: Sizes | Auto = "auto",
        conv_kernel_size: int | tuple[int | tuple[int, ...], ...] | Auto = "auto",
        conv_pool_size: Sizes | Auto = "auto",
        conv_pooling: ConvPooling | tuple[ConvPooling, ...] | Auto | None = "auto",
        batch_norm: bool | Auto = "auto",
        dropout: float | Auto = "auto",
        recurrent_dropout: float | Auto = "auto",
        max_timescale: float | None = None,
        loss: Literal[
            "squared_error", "absolute_error", "huber", "poisson", "quantile"
        ] = "squared_error",
        quantiles: float | Sequence[float] | None = None,
        pretrained: Any = None,
        pretrained_learning_rate: float = 0.3,
        n_estimators: int = 1,
        solver: Solver = "adam",
        alpha: float = 0.0,
        batch_size: int | Auto = "auto",
        learning_rate: LearningRate | Auto = "auto",
        learning_rate_init: float | Auto = "auto",
        max_grad_norm: float | None = 1.0,
        max_iter: int = 200,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: float | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        standardize: Standardize = "features",
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
        self.pooling = pooling
        self.embedding_size = embedding_size
        self.embedding_pairs = embedding_pairs
        self.embedding_dropout = embedding_dropout
        self.conv_filters = conv_filters
        self.conv_kernel_size = conv_kernel_size
        self.conv_pool_size = conv_pool_size
        self.conv_pooling = conv_pooling
        self.batch_norm = batch_norm
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.max_timescale = max_timescale
        self.loss = loss
        self.quantiles = quantiles
        self.pretrained = pretrained
        self.pretrained_learning_rate = pretrained_learning_rate
        self.n_estimators = n_estimators
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

    @property
    def networks_(self) -> list[nn.Module]:
        """All trained networks."""
        check_is_fitted(self)
        return [model.network for model in self._models]

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
        """Fit a network to windows and their targets.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, each in time order. A 2-D X holds one feature, unless its columns
            are named ``name__lagK``, as :class:`SlidingWindowTransformer` names them.
            Sequences of unequal length, of shape (n_timesteps_i, n_features) or
            (n_timesteps_i,), are padded at the start, as :func:`pad_sequences` pads
            them. In a 3-D X and in lag columns, steps at the start of a window are
            padding if all features are NaN. Windows of similar length share a batch.
            A frame with a MultiIndex (instance, time) holds one sequence per instance;
            see :ref:`frames-of-sequences`. If an array has shape (n_windows,
            n_features, n_timesteps), as in sktime and aeon, pass
            ``X.transpose(0, 2, 1)``. No sequence may be empty.

        y : array-like of shape (n_windows,) or (n_windows, n_outputs)
            Numbers to predict. With ``pooling=None``, y holds one number or one row of
            numbers for each time step. It is then an array of shape (n_windows,
            n_timesteps) or (n_windows, n_timesteps, n_outputs), or a list of sequences
            like X. Targets of padding steps are ignored. If X is a frame with a
            MultiIndex, y has one target per instance, in their order of appearance, or
            one target per row with ``pooling=None``.

        sample_weight : array-like of shape (n_windows,), default=None
            Non-negative weight of each window. A window with weight 2 counts as two
            equal windows in its batch. If None, all windows have the same weight.

        X_val : array-like, shaped as X, default=None
            Windows for validation. As with ``early_stopping=True``, the weights with
            the lowest validation loss are kept, but no training windows are held out.

        y_val : array-like, shaped as y, default=None
            Targets of `X_val`.

        sample_weight_val : array-like of shape (n_windows_val,), default=None
            Weight of each window in `X_val`. If None, all windows have the same weight.

        Returns
        -------
        self : LSTMRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or a weight is not as described here; if `pretrained`
            is not fitted, or does not agree with X and the parameters; if `X_val` is
            passed without `y_val`; if early stopping leaves no training window; if
            training diverges; or, with ``warm_start=True``, if the weights of the last
            fit have other shapes or that fit has more networks than `n_estimators`.
        TypeError
            If X is sparse.

        Warns
        -----
        ConvergenceWarning
            If the loss was still improving after `max_iter` epochs; if training
            diverged after a good epoch, whose weights are then used; or if the loss on
            the training windows is hardly below that of a constant prediction.
        UserWarning
            If training was interrupted (Ctrl-C). The weights learned so far are kept,
            but a network after the first is only kept if it is complete.
        """
        task, samples = self._check_samples(X, y, sample_weight, reset=True)
        validation = self._check_validation(
            task, X_val, y_val, sample_weight_val, samples
        )
        return self._fit(task, samples, validation, callback_data(X, y, sample_weight))

    @all_or_nothing
    @with_callbacks
    @fit_context
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, starting from the current weights.

        The first call builds the network and computes the scales of the features and of
        the targets; later calls keep them. The learning rate stays at
        `learning_rate_init`. The state of the optimizer is kept between calls, but not
        in copies and pickles.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`.

        y : array-like of shape (n_windows,) or (n_windows, n_outputs)
            Numbers to predict, as in :meth:`fit`.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window. If None, all windows have the same weight.

        Returns
        -------
        self : LSTMRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            As in :meth:`fit` with ``warm_start=True``, and if ``early_stopping=True``.
        """
        is_first = not self.__sklearn_is_fitted__()
        n_codes = None if is_first else self._n_codes
        task, samples = self._check_samples(
            X, y, sample_weight, reset=is_first, n_codes=n_codes
        )
        if not is_first:
            task = replace(task, is_1d=self._task.is_1d)
        return self._partial_fit(task, samples, callback_data(X, y, sample_weight))

    def predict(self, X: ArrayLike) -> Floats:
        """Predict the targets of windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        Returns
        -------
        y : ndarray of shape (n_windows,) or (n_windows, n_outputs)
            Predictions, shaped like the y seen during fit. With ``loss="quantile"``,
            the quantile closest to 0.5 is returned. With ``pooling=None``, a prediction
            is returned for each time step. The predictions of padding steps are NaN. If
            the sequences have different lengths, a list of arrays is returned. For a
            frame with a MultiIndex, there is one prediction per row.

            For an empty sequence, or a window that is all padding, the prediction is
            the constant that fits the training targets best: their mean, or their
            median or quantile if the loss is "absolute_error" or "quantile". However,
            if some training windows were all padding, the network has learned the
            prediction from them.

        Warns
        -----
        UserWarning
            If a window has no time steps, but each training window had some.
        """
        y = self._call_model("predict", X)
        if self._has_quantiles:
            y = y[..., _middle(self._model.loss.quantiles)]
        return self._without_padding(y[..., 0] if self._task.is_1d else y, X)

    @available_if(lambda self: self.loss == "quantile")
    def predict_quantiles(self, X: ArrayLike) -> Floats:
        """Predict all quantiles of the targets.

        This method is only available with ``loss="quantile"``.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        Returns
        -------
        y : ndarray of shape (n_windows, n_quantiles) or \
                (n_windows, n_outputs, n_quantiles)
            Predicted quantiles, in increasing order along the last axis. For an empty
            sequence, they are those of the training targets.

        Raises
        ------
        ValueError
            If the estimator was fitted with another `loss`.
        """
        check_is_fitted(self)
        if not self._has_quantiles:
            name = self._model.loss_parameters["name"]
            raise ValueError(
                f"The network was fitted with loss={name!r}, which has no quantiles. "
                'Set loss="quantile" and fit again.'
            )
        y = self._call_model("predict", X)
        return self._without_padding(y[..., 0, :] if self._task.is_1d else y, X)

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps), or list of sequences
            Windows, as in :meth:`fit`. A 3-D X or a list of sequences may have a
            different number of time steps than in `fit`.

        y : array-like
            Targets, shaped like the y seen during fit.

        sample_weight : array-like of shape (n_windows,), default=None
            Weight of each window. If None, all windows have the same weight.

        Returns
        -------
        score : float
            :func:`sklearn.metrics.r2_score` of the windows. With ``pooling=None``, it
            is computed over all time steps that are not padding.
        """
        actual, predictions, weights = self._to_score(X, y, sample_weight)
        return r2_score(actual, predictions, sample_weight=weights)

    @property
    def _has_quantiles(self):
        """Whether the network predicts quantiles."""
        return self._model.loss_parameters["name"] == "quantile"

    @all_or_nothing
    @with_callbacks
    @fit_context
    def _fit_to_observed(self, X, y):
        """Fit as :meth:`fit` does, but ignore missing targets (NaN) in y."""
        task, samples = self._check_samples(X, y, None, reset=True, allows_missing=True)
        samples = with_weights_of_targets(samples)
        return self._fit(task, samples, None, callback_data(X, y, None))

    def _new_task(self, y, **options):
        loss = {"name": self.loss}
        if self.loss == "quantile":
            loss["quantiles"] = _check_quantiles(self.quantiles)
        return Regression.of(y, type(self).__name__, loss, **options)

    def _split_off(self, task, samples):
        return split_off_last(samples, self.validation_fraction)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _check_quantiles(quantiles):
    """Check quantiles and convert them to a tuple; None means (0.1, 0.5, 0.9)."""
    if quantiles is None:
        return 0.1, 0.5, 0.9
    levels = np.atleast_1d(np.asarray(quantiles, dtype=object))
    are_numbers = len(levels) and all(isinstance(level, Real) for level in levels)
    if not (are_numbers and (np.diff([0, *levels, 1]) > 0).all()):
        raise ValueError(
            "quantiles must be increasing numbers between 0 and 1, got "
            f"{quantiles!r}. Pass a tuple such as (0.1, 0.5, 0.9)."
        )
    return tuple(map(float, levels))


def _middle(quantiles):
    """Return the position of the quantile closest to 0.5."""
    return int(np.argmin(np.abs(np.subtract(quantiles, 0.5))))
