"""Permute parts of sequences, and measure how much worse a score becomes."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed


def make_groups(by, lags):
    """Return which values of a sequence are permuted together.

    Parameters
    ----------
    by : {"feature", "step", "cell"}
        What has an importance of its own.
    lags : ndarray of int of shape (n_timesteps, n_features)
        Lag of each value of a sequence.

    Returns
    -------
    groups : ndarray of bool of shape (..., n_timesteps, n_features)
        Which values belong to each group. The first axes are (n_features,), (n_lags,)
        or (n_lags, n_features). A group has no values if a feature does not have a lag.
    """
    of_lags = lags == distinct_lags(lags)[:, None, None]
    of_features = np.eye(lags.shape[1], dtype=bool)[:, None, :]
    if by == "feature":
        return np.broadcast_to(of_features, (lags.shape[1], *lags.shape))
    return of_lags if by == "step" else of_lags[:, None] & of_features


def distinct_lags(lags):
    """Return the distinct lags, the largest first."""
    return np.unique(lags)[::-1]


def draw_order(n_rows, block_size, random_state):
    """Draw a random order of blocks of neighboring rows, (n_rows,)."""
    blocks = np.split(np.arange(n_rows), np.arange(block_size, n_rows, block_size))
    order = random_state.permutation(len(blocks))
    return np.concatenate([blocks[number] for number in order])


def permute(data, group, order, block_size):
    """Exchange the values of a group between sequences.

    Parameters
    ----------
    data : SequenceData
        The sequences.
    group : ndarray of bool of shape (n_timesteps, n_features)
        The values to exchange.
    order : ndarray of int of shape (n_sequences,)
        Each sequence gets the values of the sequence `block_size` places after it in
        this order. Sequences without a step are left out at this step.
    block_size : int
        Number of neighboring rows that stay together.

    Returns
    -------
    values : ndarray of shape (n_sequences, n_timesteps, n_features)
        The values after the exchange.
    """
    values, is_step = data.values.copy(), data.is_step
    for step in np.flatnonzero(group.any(axis=1)):
        rows = order[is_step[order, step]]
        sources = np.roll(rows, -block_size)
        features = np.flatnonzero(group[step])
        values[rows[:, None], step, features] = data.values[
            sources[:, None], step, features
        ]
    return values


def permuted_scores(
    score, data, groups, *, n_repeats, block_size, random_state, n_jobs
):
    """Compute scores after the values of a group are exchanged, for each group.

    Parameters
    ----------
    score : callable
        Function that returns the score for an X.
    data : SequenceData
        The sequences.
    groups : ndarray of bool of shape (..., n_timesteps, n_features)
        Groups of :func:`make_groups`.
    n_repeats, block_size, random_state, n_jobs
        As in :func:`sklstm.inspection.sequence_permutation_importance`.

    Returns
    -------
    scores : ndarray of shape (..., n_repeats)
        Scores. NaN for groups without values.
    """
    shape = groups.shape[:-2]
    flat = groups.reshape(-1, *groups.shape[-2:])
    random_state = check_random_state(random_state)
    # The seeds are drawn here, so that the result does not depend on `n_jobs`.
    seeds = random_state.randint(np.iinfo(np.int32).max, size=len(flat))
    scores = Parallel(n_jobs=n_jobs)(
        delayed(_scores)(score, data, group, n_repeats, block_size, seed)
        for group, seed in zip(flat, seeds, strict=True)
    )
    return np.reshape(scores, (*shape, n_repeats))


def _scores(score, data, group, n_repeats, block_size, seed):
    """Return the score after each of several random exchanges."""
    if not group.any():
        return np.full(n_repeats, np.nan)
    random_state = np.random.RandomState(seed)
    orders = (
        draw_order(len(data.values), block_size, random_state) for _ in range(n_repeats)
    )
    return np.array(
        [score(data.like_X(permute(data, group, o, block_size))) for o in orders]
    )
