"""Scaling of features within groups of time steps."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from sklstm._core.fit_methods import all_or_nothing
from sklstm._core.scaling import identity_scale, scale_of_columns
from sklstm._core.sklearn_compat import (
    DocumentedMixin,
    Interval,
    fit_context,
    output_container,
)
from sklstm._input.arrays import unwrap
from sklstm._input.check import FLOATS, check_columns, count_axes
from sklstm._input.numbers import check_no_dates, check_numbers
from sklstm._input.padding import is_ragged, read_sequences
from sklstm._input.saved_state import SavedStateMixin
from sklstm._input.table import column_positions
from sklstm._typing import ArrayLike, RandomState


class GroupScaler(
    SavedStateMixin,
    DocumentedMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Standardize features within groups of time steps, such as operating conditions.

    A sensor of an engine measures other values at other speeds. If all time steps are
    standardized together, the differences between the speeds hide the wear of the
    engine. This transformer standardizes the time steps of each speed by themselves.

    Parameters
    ----------
    groups : sequence of str or int, default=()
        Names or positions of the columns that identify the group of a time step. By
        default, all time steps are one group.

    n_groups : int or None, default=None
        Number of groups, found by k-means on the standardized columns of `groups`. If
        None, time steps whose columns have the same rounded values are a group.

    decimals : int, default=0
        Number of decimals to round the columns of `groups` to. Negative numbers round
        to tens, hundreds and so on. Only used if `n_groups` is None.

    random_state : int, RandomState instance or None, default=None
        Seed of k-means. Pass an int for reproducible results.

    Attributes
    ----------
    centers_ : ndarray of shape (n_groups, n_group_columns)
        Mean of the columns of `groups` in each group.

    mean_ : ndarray of shape (n_groups, n_features)
        Value that is subtracted from each feature, by group.

    scale_ : ndarray of shape (n_groups, n_features)
        Value that each feature is divided by, by group.

    n_features_in_ : int
        Number of features seen during :term:`fit`: the size of the last axis of a 3-D
        X, or the number of columns of a 2-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : Scales all rows together.
    LSTMRegressor : Standardizes each feature over all time steps.

    Notes
    -----
    The features of a group have mean 0 and standard deviation 1. A feature that is
    constant in a group becomes 0. The columns of `groups` are standardized over all
    time steps, so that their values still tell the groups apart.

    In `transform`, a time step belongs to the group with the closest center. The
    distance to a center is computed on the standardized columns of `groups`. Padding
    (time steps of a 3-D X whose features are all NaN) stays NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import GroupScaler
    >>> X = [[0, 1], [0, 3], [20, 101], [20, 103]]  # speed, temperature
    >>> scaler = GroupScaler(groups=[0]).fit(X)
    >>> scaler.transform(X)
    array([[-1., -1.],
           [-1.,  1.],
           [ 1., -1.],
           [ 1.,  1.]])
    >>> scaler.centers_
    array([[ 0.],
           [20.]])
    """

    _parameter_constraints: dict = {
        "groups": ["array-like"],
        "n_groups": [Interval(Integral, 1, None, closed="left"), None],
        "decimals": [Integral],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        groups: Sequence[str | int] = (),
        *,
        n_groups: int | None = None,
        decimals: int = 0,
        random_state: RandomState = None,
    ):
        self.groups = groups
        self.n_groups = n_groups
        self.decimals = decimals
        self.random_state = random_state

    @all_or_nothing
    @fit_context
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the groups, and compute the mean and the scale of each feature in them.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_features) or (n_windows, n_timesteps, \
                n_features), or list of sequences of shape (n_timesteps_i, n_features)
            Time steps of one table, of windows, or of sequences.

        y : None
            Ignored.

        Returns
        -------
        self : GroupScaler
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter or X is invalid; if `groups` names no column of X; or if
            there are fewer different time steps than `n_groups`.
        """
        steps = self._read(X, reset=True).values
        columns = np.unique(column_positions(self, self.groups, "groups"))
        self._columns = columns.astype(int)
        conditions = steps[:, self._columns]
        center, self._unit = _scale_of(conditions)
        members, self.centers_ = self._find_groups(conditions)
        groups = [steps[members == group] for group in range(len(self.centers_))]
        scales = [_scale_of(group) for group in groups]
        self.mean_, self.scale_ = map(np.stack, zip(*scales, strict=True))
        self.mean_[:, self._columns] = center
        self.scale_[:, self._columns] = self._unit
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Standardize each time step by the mean and the scale of its group.

        Parameters
        ----------
        X : array-like of shape (n_timesteps, n_features) or (n_windows, n_timesteps, \
                n_features), or list of sequences of shape (n_timesteps_i, n_features)
            Time steps with the columns of the X of `fit`.

        Returns
        -------
        X_scaled : ndarray or list of ndarray, shaped as X
            Standardized time steps, float32 if X is float32 and float64 otherwise.

        Raises
        ------
        ValueError
            If X is not valid input for `fit`, or has other columns than in `fit`; or if
            `set_output` requests a frame, but X is no table.
        """
        check_is_fitted(self)
        steps = self._read(X, reset=False)
        if output_container(self) != "default" and not steps.is_table:
            raise ValueError(
                "set_output requests a frame, but X holds windows or sequences, which "
                'do not fit in a frame. Use set_output(transform="default").'
            )
        members = self._closest_groups(steps.values[:, self._columns])
        scaled = (steps.values - self.mean_[members]) / self.scale_[members]
        return steps.like_X(scaled.astype(steps.values.dtype))

    def _find_groups(self, conditions):
        """Return the group of each step, and the center of each group."""
        if not len(self._columns):
            return np.zeros(len(conditions), dtype=int), np.empty((1, 0))
        if self.n_groups is None:
            rounded = np.round(conditions, self.decimals)
            _, members = np.unique(rounded, axis=0, return_inverse=True)
            members = members.ravel()
        else:
            members = self._clusters(conditions / self._unit)
        numbers = range(members.max() + 1)
        centers = [conditions[members == number].mean(axis=0) for number in numbers]
        return members, np.stack(centers)

    def _clusters(self, conditions):
        """Return the cluster of each step by k-means."""
        n_distinct = len(np.unique(conditions, axis=0))
        if n_distinct < self.n_groups:
            raise ValueError(
                f"X with n_samples={len(conditions)} time steps has {n_distinct} "
                f"different values in the columns of groups, but n_groups="
                f"{self.n_groups}. Pass a smaller n_groups."
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        k_means = KMeans(self.n_groups, n_init=10, random_state=seed)
        return k_means.fit_predict(conditions)

    def _closest_groups(self, conditions):
        """Return the group with the closest center for each step."""
        if not conditions.size:
            return np.zeros(len(conditions), dtype=int)
        centers = self.centers_ / self._unit
        return pairwise_distances_argmin(conditions / self._unit, centers)

    def _read(self, X, *, reset):
        """Check X and return its time steps, as :class:`_Steps`."""
        X = unwrap(X, "X")
        if _are_sequences(X):
            arrays = read_sequences(X, "X", allow_empty=not reset)
            are_frames = isinstance(X[0], pd.DataFrame)
            steps = pd.concat(X) if are_frames else np.concatenate([*arrays.values()])
            lengths = [len(sequence) for sequence in X]
            return _Steps(self._check(steps, reset), lengths, None)
        if count_axes(X, "X") == 3:
            X = check_array(X, dtype=FLOATS, allow_nd=True, ensure_all_finite=False)
            is_real = ~np.isnan(X).all(axis=2)
            return _Steps(self._check(X[is_real], reset), None, is_real)
        check_columns(X, "X")
        check_no_dates(X, "X")
        return _Steps(self._check(X, reset=reset), None, None)

    def _check(self, X, reset):
        """Check a table of time steps, which may be empty after `fit`."""
        options = {"dtype": FLOATS, "ensure_min_samples": int(reset)}
        with check_numbers("X"):
            return validate_data(self, X, reset=reset, **options)


class _Steps(NamedTuple):
    """Time steps of a table, of windows or of sequences, one row per step."""

    values: np.ndarray  # (n_steps, n_features)
    lengths: list[int] | None  # of the sequences
    is_real: np.ndarray | None  # of the steps of windows, (n_windows, n_timesteps)

    @property
    def is_table(self):
        """Whether X is a table."""
        return self.lengths is None and self.is_real is None

    def like_X(self, values):
        """Return values of the steps in the form of X."""
        if self.lengths is not None:
            return np.split(values, np.cumsum(self.lengths)[:-1])
        if self.is_real is None:
            return values
        windows = np.full((*self.is_real.shape, values.shape[1]), np.nan, values.dtype)
        windows[self.is_real] = values
        return windows


def _are_sequences(X):
    """Return whether X is a list of sequences, with one row per time step."""
    is_list = isinstance(X, list | tuple) and len(X) > 0
    return is_ragged(X) or (is_list and np.ndim(X[0]) == 2)


def _scale_of(steps):
    """Return the mean and the standard deviation of each column."""
    if not steps.shape[1]:
        return identity_scale(0)
    return scale_of_columns(steps, np.ones(len(steps)), "X")
