"""Understand a fitted model: importances, attributions, gates and memory."""

from functools import partial
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_scalar

from sklstm._inspection.attributions import attribute
from sklstm._inspection.baselines import line_of_unit_steps
from sklstm._inspection.inputs import column_names, read_network_input
from sklstm._inspection.integration import derivatives_at
from sklstm._inspection.models import split_at_windows, transform
from sklstm._inspection.permutation import distinct_lags, make_groups, permuted_scores
from sklstm._inspection.sequences import read_sequence_data
from sklstm._inspection.targets import choose_output
from sklstm._inspection.traces import trace
from sklstm._nn.runtime import default_modes, threads_for
from sklstm._typing import ArrayLike, RandomState

__all__ = [
    "gate_traces",
    "integrated_gradients",
    "memory_horizon",
    "sequence_permutation_importance",
]


def sequence_permutation_importance(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    by: Literal["feature", "step", "cell"] = "feature",
    scoring: Any = None,
    n_repeats: int = 5,
    block_size: int = 1,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    sample_weight: ArrayLike | None = None,
) -> Bunch:
    """Compute how much the score of a model depends on features and time steps.

    The values of a feature, of a time step, or of a feature at a time step (a cell) are
    exchanged between windows at random [1]_. The importance is the decrease of the
    score. Unlike :func:`sklearn.inspection.permutation_importance`, which permutes the
    columns of a table, this function keeps the time course of a feature intact.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator. It need not be one of this package.

    X : array-like or list of sequences
        Data that the estimator accepts, preferably not the training data. X holds
        windows of shape (n_windows, n_timesteps, n_features) or (n_windows,
        n_timesteps), lag columns, sequences of different lengths, or a frame with a
        MultiIndex (instance, time). For a pipeline with a
        :class:`~sklstm.SlidingWindowTransformer`, X is the table, and its windows are
        permuted. For a pipeline with a :class:`~sklstm.SequenceEncoder`, X holds texts
        or tokens.

    y : array-like
        Targets of X, as the estimator's `score` accepts them. None for an autoencoder.

    by : {"feature", "step", "cell"}, default="feature"
        What has an importance of its own: each feature at all steps, each time step
        with all features, or each feature at each step.

    scoring : str, callable or None, default=None
        Scorer, as in :func:`sklearn.inspection.permutation_importance`. If None, the
        estimator's `score` is used.

    n_repeats : int, default=5
        Number of permutations.

    block_size : int, default=1
        Number of neighboring rows of X that are permuted together. With 1, each row is
        permuted by itself. If the rows are those of a series, neighboring windows
        overlap. Longer blocks, such as one season, keep most of these overlaps.

    n_jobs : int or None, default=None
        Number of jobs to run in parallel, as in scikit-learn. The result does not
        depend on it.

    random_state : int, RandomState instance or None, default=None
        Source of the permutations. Pass an int for reproducible results.

    sample_weight : array-like of shape (n_windows,), default=None
        Weight of each window in the score. If None, all windows have the same weight.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        importances_mean : ndarray of shape (n_features,), (n_lags,) or \
                (n_lags, n_features)
            Mean of the importances over the permutations.
        importances_std : ndarray, shaped as `importances_mean`
            Standard deviation of the importances over the permutations.
        importances : ndarray of shape (..., n_repeats)
            Decrease of the score by each permutation. With ``by="cell"``, it is NaN if
            a feature does not have a lag, as columns in `known_ahead` may have more.
        feature_names : ndarray of shape (n_features,)
            Names of the features.
        lags : ndarray of int of shape (n_lags,)
            Number of rows from each step to the row that is predicted, or to the last
            step of a window or sequence. The oldest step comes first.

    Raises
    ------
    ValueError
        If a parameter or X is not as described here.

    See Also
    --------
    integrated_gradients : Importance for single predictions.
    sklearn.inspection.permutation_importance : Importance of the columns of a table.

    Notes
    -----
    Sequences of different lengths end at the same step, as windows do. Steps are
    therefore counted from the end, and a sequence exchanges a step only with sequences
    that have this step. The longest sequences may have few others to exchange with, so
    the importance of the first steps is an average over few sequences.

    Each window takes the values of the next window in a random order. No window keeps
    its own values, and at each step, each value is used once.

    If features or steps are correlated, the model can replace one by another. The
    importance of each is then small. It also includes what the model can only learn
    from combinations that never occur in the data.

    References
    ----------
    .. [1] L. Breiman, "Random Forests", Machine Learning 45(1), 2001, 5-32.

    Examples
    --------
    The target is the value of the first feature two steps before the last step:

    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import sequence_permutation_importance
    >>> X = np.random.default_rng(0).normal(size=(600, 5, 2))
    >>> y = X[:, -3, 0]
    >>> model = LSTMRegressor((8,), max_iter=100, random_state=0).fit(X[:500], y[:500])
    >>> result = sequence_permutation_importance(
    ...     model, X[500:], y[500:], by="cell", random_state=0
    ... )
    >>> result.importances_mean.shape
    (5, 2)
    >>> row, column = np.unravel_index(result.importances_mean.argmax(), (5, 2))
    >>> int(result.lags[row]), result.feature_names[column]
    (2, 'x0')
    """
    check_scalar(n_repeats, "n_repeats", Integral, min_val=1)
    check_scalar(block_size, "block_size", Integral, min_val=1)
    if by not in ("feature", "step", "cell"):
        raise ValueError(f'by must be "feature", "step" or "cell", got {by!r}.')
    transformers, rest = split_at_windows(estimator)
    windows = transform(transformers, X)
    data = read_sequence_data(windows, column_names(transformers, rest))
    _check_blocks(len(data.values), block_size)
    score = partial(_score, check_scoring(rest, scoring), rest, y, sample_weight)
    scores = permuted_scores(
        score,
        data,
        make_groups(by, data.lags),
        n_repeats=n_repeats,
        block_size=block_size,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    importances = score(windows) - scores
    return Bunch(
        importances_mean=importances.mean(axis=-1),
        importances_std=importances.std(axis=-1),
        importances=importances,
        feature_names=data.feature_names,
        lags=distinct_lags(data.lags),
    )


def _check_blocks(n_rows, block_size):
    """Raise unless there are at least two blocks to exchange."""
    if n_rows < 2 * block_size:
        raise ValueError(
            f"X has {n_rows} rows, but at least two blocks of block_size={block_size} "
            f"rows are needed. Pass at least {2 * block_size} rows, or a smaller "
            "block_size."
        )


def _score(scorer, estimator, y, sample_weight, X):
    """Return the score of an estimator, with weights if there are any."""
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    return scorer(estimator, X, y, **weights)


def integrated_gradients(
    estimator: Any,
    X: ArrayLike,
    *,
    baseline: Literal["mean", "zeros"] | ArrayLike = "mean",
    target: Any = None,
    quantile: float | None = None,
    step: int = -1,
    n_steps: int | Literal["auto"] = "auto",
) -> Bunch:
    """Compute the part of each value of X in each prediction.

    The attributions of a window add up to the difference between the prediction for the
    window and that for a baseline, in the units of the prediction [1]_.

    Parameters
    ----------
    estimator : estimator
        Fitted :class:`~sklstm.LSTMRegressor`, :class:`~sklstm.LSTMClassifier` or
        :class:`~sklstm.LSTMAutoencoder`, a pipeline that ends in one, or a
        ``TransformedTargetRegressor`` or a search around them.

    X : array-like or list of sequences
        Data that the estimator accepts.

    baseline : {"mean", "zeros"} or array-like, default="mean"
        Windows that stand for no information.

        - "mean" is the mean of each feature in training, which is zero after
          standardization. With ``standardize=False``, it is zero.
          With ``standardize="windows"``, it is the mean of each window.
        - "zeros" is zero, in the units of the X of the last step.
        - An array holds a value for each feature, one window, or a window for each of
          X, in the units of the X of the last step.

        For tokens, "mean" and "zeros" are the unknown token, and an array holds codes.

    target : int, class label or None, default=None
        What is explained. For a regressor, the number of the output; None if there is
        only one. For a classifier, a class of `classes_`, whose log-odds are explained.
        With two classes, None is the second one, as in `decision_function`. With more
        classes, None is the most probable class of each window. With several labels,
        the number of a label. Of an autoencoder, the reconstruction error is explained.

    quantile : float or None, default=None
        Which of the quantiles of a regressor with ``loss="quantile"`` is explained. If
        None, it is the one that `predict` returns.

    step : int, default=-1
        The time step whose output is explained, for estimators with ``pooling=None``.
        Negative numbers count from the end, and others from the start of a sequence.

    n_steps : int or "auto", default="auto"
        Number of points between the baseline and a window at which gradients are
        computed, rounded up to a multiple of 4. With "auto", there are 16, and more
        where the sum is not yet precise.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        attributions : ndarray, dataframe or list, shaped as X
            Part of each value in the output. It is 0 at padding steps. For a pipeline
            with a :class:`~sklstm.SlidingWindowTransformer`, it has the shape of the
            windows, (n_rows, window_size, n_features), or of their flat frame. For
            texts and tokens, it is a list with one number per token.
        outputs, baseline_outputs : ndarray of shape (n_windows,)
            The outputs for X and for the baselines. They differ by the sum of the
            attributions of a window, with an error of at most 0.1 % of the difference.
        feature_names : ndarray of shape (n_features,)
            Names of the features.
        lags : ndarray of int of shape (n_timesteps, n_features)
            Number of rows from each value to the row that is predicted, or to the last
            step of a window or sequence.
        tokens : list of list
            Tokens of each text. Only for pipelines with a
            :class:`~sklstm.SequenceEncoder`.

    Raises
    ------
    TypeError
        If the estimator has no network of this package.
    ValueError
        If a parameter or X is not as described here, or if a sequence is empty.

    Warns
    -----
    UserWarning
        If the attributions of a window do not add up with the precision above.

    See Also
    --------
    sequence_permutation_importance : Importance for the score of a model.
    memory_horizon : How far back predictions reach.

    Notes
    -----
    Outputs are predictions in the units of y for regressors; for a
    ``TransformedTargetRegressor``, in those of the transformed y. For classifiers they
    are log-odds, ``log(p / (1 - p))``: probabilities close to 0 and 1 hardly change, so
    their differences say little. With several networks, outputs are computed from the
    combined prediction.

    The integral over the line from the baseline to a window is computed in double
    precision on the CPU. For tokens, the line connects their vectors, and a token has
    one attribution. A pair of tokens (`embedding_pairs`) counts half for each token.
    With ``standardize="windows"``, the line connects scaled windows.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly and Q. Yan, "Axiomatic Attribution for Deep
       Networks", ICML 2017, arXiv:1703.01365.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import integrated_gradients
    >>> X = np.random.default_rng(0).normal(size=(600, 5, 2))
    >>> y = X[:, -3, 0]
    >>> model = LSTMRegressor((8,), max_iter=100, random_state=0).fit(X, y)
    >>> result = integrated_gradients(model, X[:10])
    >>> sums = result.attributions.sum(axis=(1, 2))
    >>> np.allclose(sums, result.outputs - result.baseline_outputs, rtol=1e-3)
    True
    >>> np.abs(result.attributions).mean(axis=0).round(1)
    array([[0. , 0. ],
           [0. , 0. ],
           [0.8, 0. ],
           [0. , 0. ],
           [0. , 0. ]])
    """
    read = read_network_input(estimator, X)
    parts = attribute(read, baseline, target, quantile, step, n_steps)
    result = Bunch(
        attributions=read.like_X(parts.values),
        outputs=parts.outputs,
        baseline_outputs=parts.baseline_outputs,
        feature_names=read.data.feature_names,
        lags=read.data.lags,
    )
    if read.tokens is not None:
        result.tokens = read.tokens
    return result


def memory_horizon(
    estimator: Any,
    X: ArrayLike,
    *,
    share: float = 0.9,
    target: Any = None,
    quantile: float | None = None,
    step: int = -1,
) -> Bunch:
    """Compute how far back in time predictions reach.

    The gradient of a prediction with respect to the value of a time step says how much
    the prediction changes if this value changes a little. Values are measured in
    standard deviations, so that features are comparable.

    Parameters
    ----------
    estimator : estimator
        Fitted :class:`~sklstm.LSTMRegressor`, :class:`~sklstm.LSTMClassifier` or
        :class:`~sklstm.LSTMAutoencoder`, a pipeline that ends in one, or a
        ``TransformedTargetRegressor`` or a search around them.

    X : array-like or list of sequences
        Data that the estimator accepts.

    share : float, default=0.9
        Share of the absolute gradient that the horizon contains, between 0 and 1.

    target : int, class label or None, default=None
        Number of the output, or class, as in :func:`integrated_gradients`.

    quantile : float or None, default=None
        Quantile of the output, as in :func:`integrated_gradients`.

    step : int, default=-1
        Time step of the output, as in :func:`integrated_gradients`.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        horizon : int
            The smallest lag such that it and the lags before it have at least `share`
            of the absolute gradient.
        shares : ndarray of shape (n_lags,)
            Share of each lag in the absolute gradient of a window, summed over the
            features and averaged over the windows. The shares add up to 1.
        lags : ndarray of int of shape (n_lags,)
            Number of rows from each step to the row that is predicted, or to the last
            step of a window or sequence, the smallest first.

    Raises
    ------
    TypeError
        If the estimator has no network of this package.
    ValueError
        If a parameter or X is not as described here, if a sequence is empty, or if no
        output depends on X.

    See Also
    --------
    integrated_gradients : Which values a single prediction depends on.
    gate_traces : Gates and states of the recurrent layers.

    Notes
    -----
    With ``standardize=False``, values are measured in the units of X instead.

    A gradient is local: it says nothing about larger changes. If an output is saturated
    for a window, its gradient is small, but its shares count as those of any other
    window. For tokens, the derivative is that along the line from the vector of the
    unknown token to that of the token.

    Examples
    --------
    The target is the value two steps before the last step:

    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import memory_horizon
    >>> X = np.random.default_rng(0).normal(size=(600, 8))
    >>> model = LSTMRegressor((8,), max_iter=100, random_state=0).fit(X, X[:, -3])
    >>> memory_horizon(model, X[:100], share=0.8).horizon
    2
    """
    check_scalar(
        share, "share", Real, min_val=0, max_val=1, include_boundaries="neither"
    )
    read = read_network_input(estimator, X)
    explained = choose_output(read.model, read.windows, target, quantile, step)
    models = [model.in_double_precision() for model in read.model._models]
    with threads_for(models[0].n_per_block(read.windows)), default_modes():
        line = line_of_unit_steps(models, read.windows)
        gradients = derivatives_at(line, explained.output, *line.points(1))
    lags = distinct_lags(read.data.lags)[::-1]
    is_at_lag = read.data.lags.reshape(-1, 1) == lags
    of_lags = gradients.abs().flatten(1).numpy() @ is_at_lag
    totals = of_lags.sum(axis=1, keepdims=True)
    if not totals.any():
        raise ValueError(
            "The gradient of the output is zero for all windows of X: the output does "
            "not depend on X, or it is saturated. Pass other windows, or fit again."
        )
    shares = (of_lags / totals)[totals[:, 0] > 0].mean(axis=0)
    position = np.searchsorted(shares.cumsum(), share)
    horizon = int(lags[min(position, len(lags) - 1)])
    return Bunch(horizon=horizon, shares=shares, lags=lags)


def gate_traces(estimator: Any, X: ArrayLike, *, network: int = 0) -> pd.DataFrame:
    """Compute the gates and states of the recurrent layers at each time step.

    Parameters
    ----------
    estimator : estimator
        Fitted :class:`~sklstm.LSTMRegressor`, :class:`~sklstm.LSTMClassifier` or
        :class:`~sklstm.LSTMAutoencoder`, a pipeline that ends in one, or a
        ``TransformedTargetRegressor`` or a search around them.

    X : array-like or list of sequences
        Data that the estimator accepts. There is a row for each unit, time step and
        window, so pass few windows.

    network : int, default=0
        Number of the network, if the estimator has several (`n_estimators`).

    Returns
    -------
    traces : DataFrame
        Gates and states in columns, and one row for each (window, layer, direction,
        step, unit), which are the levels of the index. Windows, layers, steps and units
        are numbered from 0, and steps from the first step of a sequence. The direction
        is "forward" or "backward"; the step of a backward layer is the one that it
        reads. The columns are input, forget, candidate, output, cell and hidden for an
        LSTM; reset, update, candidate and hidden for a GRU; and hidden for a simple
        recurrent network.

    Raises
    ------
    TypeError
        If the estimator has no network of this package.
    ValueError
        If X is not as in `fit`, if a sequence is empty, if there is no such network, or
        if the network has no recurrent cells.

    See Also
    --------
    memory_horizon : How far back predictions reach.

    Notes
    -----
    All gates are between 0 and 1. The cell state after a step is ``forget * cell +
    input * candidate``, with the cell state before the step on the right, and the
    hidden state is ``output * tanh(cell)``. A forget gate close to 1 keeps the cell
    state. For a GRU, the hidden state is ``(1 - update) * candidate + update *
    hidden``: an update gate close to 1 keeps the hidden state.

    If convolutions pool time steps (`conv_pool_size`), a step of the recurrent layers
    is a block of time steps. Of an autoencoder, the traces are those of the encoder.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import gate_traces
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> model = LSTMRegressor((4,), conv_filters=(), max_iter=9, random_state=0)
    >>> model = model.fit(X, X[:, -1])
    >>> traces = gate_traces(model, X[:2])
    >>> traces.columns.to_list()
    ['input', 'forget', 'candidate', 'output', 'cell', 'hidden']
    >>> traces.index.names
    FrozenList(['window', 'layer', 'direction', 'step', 'unit'])
    >>> traces.loc[0, 0, "forward"]["forget"].unstack("unit").shape
    (5, 4)
    """
    return trace(read_network_input(estimator, X), network)
