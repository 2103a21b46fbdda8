"""Sliding windows as a pipeline step."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklstm._core.fit_methods import all_or_nothing
from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    DocumentedMixin,
    Interval,
    StrOptions,
    fit_context,
    output_container,
    with_callbacks,
)
from sklstm._input.saved_state import SavedStateMixin
from sklstm._input.table import column_positions, read_table
from sklstm._input.windows import lag_names
from sklstm._typing import ArrayLike
from sklstm._windowing.leakage import warn_if_features_hold_target, warn_if_subsampled
from sklstm._windowing.missing_past import (
    warn_if_no_window_is_complete,
    warn_if_past_is_missing,
)
from sklstm._windowing.missing_rows import warn_if_rows_are_missing
from sklstm._windowing.windower import Windower, n_context


class SlidingWindowTransformer(
    SavedStateMixin,
    DocumentedMixin,
    TransformerMixin,
    CallbackSupportMixin,
    BaseEstimator,
):
    """Convert each row of a table to the window of rows that ends there.

    A pipeline cannot drop rows of y, so every row gets a window. For a `stride`, use
    :func:`~sklstm.make_windows`. Row t becomes the window that ends `shift` rows before
    it. If X has too few rows before row t, the window starts with the last training
    rows if these precede X, and with padding otherwise.

    Parameters
    ----------
    window_size : int, default=10
        Number of time steps in a window.

    shift : int, default=0
        Number of rows by which the windows are shifted back, as in
        :meth:`pandas.DataFrame.shift`: the window of row t ends at row ``t - shift``.
        With ``shift=1``, the target of row t is predicted from the rows before it. With
        ``shift=0``, the window ends with row t itself, so X must not contain the
        target.

    known_ahead : sequence of str or int, default=()
        Names or positions of columns whose values are known `shift` rows ahead, such as
        the day of the week or a planned promotion. For these columns, the window of row
        t ends with row t itself. Columns that are constant in time, such as the size of
        a store, need not be named.

    sampling_rate : int, default=1
        Number of rows from one step of a window to the next. With
        ``sampling_rate=24``, a window of hourly rows holds the same hour of
        `window_size` days.

    padding : {"edge", "mean", "constant", "nan"}, default="edge"
        Values of the rows before the first known row.

        - "edge" repeats the first known row. If `shift` is not 0, "mean" is used
          instead: the first row would otherwise be part of the window that predicts
          it.
        - "mean" is the training mean of the series.
        - "constant" is `fill_value`.
        - "nan" is NaN. The estimators of this package skip these time steps.

    fill_value : float, default=0.0
        Value of the padding. Only used if ``padding="constant"``.

    context : {"auto", "assume_next"} or None, default="auto"
        Whether the first windows of X contain the last training rows. With "auto", they
        contain these rows if the times show that X comes after the training rows; see
        :ref:`context`. With "assume_next", they also contain these rows if the rows
        have no times, unless X starts with the same rows as the training data. With
        None, they never contain training rows, and the order of the rows is not
        checked.

    time : str or int, default=None
        Name or position of a column that holds the times of the rows: dates or numbers.
        This column replaces the index and is not part of the windows.

    groups : str or int, default=None
        Name or position of a column that identifies the series of each row if X holds
        several series. This column replaces the levels of a MultiIndex before the last
        level and is not part of the windows.

    flatten : bool, default=False
        Whether to return each window as one row of ``window_size * n_features``
        columns, with the oldest time step first. Windows in a frame are always flat. A
        flat array has no column names, so :class:`LSTMRegressor` reads it as windows of
        one feature.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the training rows of all series, without the time and groups columns. If
        padding is the mean, it pads series that were not seen during :term:`fit`.

    n_features_in_ : int
        Number of columns seen during :term:`fit`, including time and groups.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    sklstm.make_windows : Complete windows only, and targets of several time steps.
    sklstm.streaming.Stream : Predictions for one row at a time.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep the order in time.

    Notes
    -----
    `fit` stores the last `n_context` rows of each series. These are
    ``window_size - 1 + shift`` rows, or more with a `sampling_rate`. `transform` uses
    the stored rows that are strictly before the first row of X. Therefore,
    ``transform(X_train)`` equals ``fit_transform(X_train)``, and the first windows of a
    test fold contain the training rows that precede the fold. `update` replaces the
    stored rows by newer ones.

    There may be a gap between the training rows and X, as with
    ``TimeSeriesSplit(gap=3)``. If the training rows are evenly spaced, the rows in the
    gap are padded; "edge" then repeats the last row before the gap. Calendar months and
    business days count as evenly spaced. If the training rows are not evenly spaced,
    no gap is assumed if the time from the last training row to X is at most the longest
    time between consecutive training rows. After a longer time, X is padded like a new
    series. Rows that are missing inside X, or between the rows of two updates, are not
    padded: windows reach over them. If the training rows are evenly spaced, a warning
    says before which row they are missing, and how to insert them.

    The times of the rows are the index of a frame (dates with or without a time zone,
    periods, durations, numbers) or the `time` column. Times that do not increase raise
    an error. Rows have no times if X is an array and `time` is None, or if X is a frame
    whose index holds strings. With ``context="auto"``, the first windows of such an X
    start with padding, and a warning says how many, unless X starts with the training
    rows or `update` was called. A scaler before the transformer drops the index. Call
    ``set_output(transform="pandas")`` on the scaler to keep it. To predict one row at a
    time, use :class:`~sklstm.streaming.Stream`.

    The windows of one series are a read-only view of a copy of the series. The windows
    of several series are a copy.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklstm import SlidingWindowTransformer
    >>> sales = pd.DataFrame({"sales": [1.0, 2.0, 3.0, 4.0, 5.0]})
    >>> windower = SlidingWindowTransformer(window_size=3).fit(sales[:3])
    >>> windower.transform(sales[:3])[:, :, 0]
    array([[1., 1., 1.],
           [1., 1., 2.],
           [1., 2., 3.]])
    >>> windower.set_output(transform="pandas").transform(sales[3:])
       sales__lag2  sales__lag1  sales__lag0
    3          2.0          3.0          4.0
    4          3.0          4.0          5.0

    The promotion of a day is known in advance, its sales are not:

    >>> sales["promotion"] = [0, 0, 1, 0, 1]
    >>> windower = SlidingWindowTransformer(2, shift=1, known_ahead=["promotion"])
    >>> windower.set_output(transform="pandas").fit_transform(sales)[2:]
       sales__lag2  promotion__lag1  sales__lag1  promotion__lag0
    2          1.0              0.0          2.0              1.0
    3          2.0              1.0          3.0              0.0
    4          3.0              0.0          4.0              1.0
    """

    _parameter_constraints: dict = {
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "shift": [Interval(Integral, 0, None, closed="left")],
        "known_ahead": ["array-like"],
        "sampling_rate": [Interval(Integral, 1, None, closed="left")],
        "padding": [StrOptions({"edge", "mean", "constant", "nan"})],
        "fill_value": [Interval(Real, None, None, closed="neither")],
        "context": [StrOptions({"auto", "assume_next"}), None],
        "time": [str, Integral, None],
        "groups": [str, Integral, None],
        "flatten": ["boolean"],
    }

    def __init__(
        self,
        window_size: int = 10,
        *,
        shift: int = 0,
        known_ahead: Sequence[str | int] = (),
        sampling_rate: int = 1,
        padding: Literal["edge", "mean", "constant", "nan"] = "edge",
        fill_value: float = 0.0,
        context: Literal["auto", "assume_next"] | None = "auto",
        time: str | int | None = None,
        groups: str | int | None = None,
        flatten: bool = False,
    ):
        self.window_size = window_size
        self.shift = shift
        self.known_ahead = known_ahead
        self.sampling_rate = sampling_rate
        self.padding = padding
        self.fill_value = fill_value
        self.context = context
        self.time = time
        self.groups = groups
        self.flatten = flatten

    @property
    def n_context(self) -> int:
        """Number of rows before X that its first window needs."""
        return n_context(self.window_size, self.shift, self.sampling_rate)

    @all_or_nothing
    @with_callbacks
    @fit_context
    def fit(self, X: ArrayLike, y: ArrayLike = None) -> Self:
        """Store the last rows and the mean of each series.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_timesteps, n_columns)
            Finite numbers, one row per time step. The rows of each series are in time
            order.

        y : array-like of shape (n_timesteps,) or (n_timesteps, n_targets), default=None
            Targets. They are only used for a warning if a window holds the target of
            its row.

        Returns
        -------
        self : SlidingWindowTransformer
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter or X is invalid, for example if X has a missing value; or if
            `context` is not None and the times of a series do not increase.
        """
        callback_runner = CallbackRunner(self, {"X": X, "y": y})
        table = read_table(self, X, reset=True)
        warn_if_subsampled(map(table.times, table.rows))
        is_ahead = self._is_known_ahead(table.columns)
        if y is not None:
            self._warn_if_windows_hold_target(table.values, is_ahead, y)
        self._columns, self._is_ahead = table.columns, is_ahead
        windower = self._as_windower()
        warn_if_no_window_is_complete(table, windower)
        fitted = windower.fit(table)
        self.mean_, self._tails = fitted.mean, fitted.tails
        callback_runner.end_fit()
        return self

    def update(self, X: ArrayLike) -> Self:
        """Add new rows to the stored rows of each series, without fitting.

        The next windows contain the new rows: if A and B have times,
        ``update(A).transform(B)`` returns the last windows of
        ``transform(pd.concat([A, B]))``.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_timesteps, n_columns)
            Rows as in `fit`, which follow those of `fit` and of earlier updates. After
            `update`, rows without times are assumed to follow the stored rows, unless
            the X of `transform` starts with the same rows as the training data.

        Returns
        -------
        self : SlidingWindowTransformer
            The transformer. It stores no more rows than after `fit`.

        Raises
        ------
        ValueError
            If X is not valid input for `transform`, if its times do not come after
            those of the stored rows, or if `context` is None.
        """
        check_is_fitted(self)
        table = read_table(self, X, reset=False)
        updated = self._as_windower().update(table).tails
        warn_if_rows_are_missing(self._tails, table, self.time, "and fill them in")
        self._tails = updated
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return the window of each row.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_timesteps, n_columns)
            Finite numbers, one row per time step. The rows of each series are in time
            order. To predict beyond the data, append up to `shift` rows. Only their
            values in the columns `known_ahead` matter. The other values are not part of
            any window and may be NaN.

        Returns
        -------
        windows : ndarray of shape (n_timesteps, window_size, n_features), or \
                ndarray or dataframe of shape (n_timesteps, window_size * n_features)
            Window t ends `shift` rows before row t. For the columns `known_ahead`, it
            ends with row t. The windows are flat if `flatten` is True or if
            `set_output` requests a frame. The columns of the frame have the names that
            `get_feature_names_out` returns.

        Raises
        ------
        ValueError
            If X is not valid input for `fit`, or has other columns than in `fit`.
        """
        check_is_fitted(self)
        unused = {"n_unused": self.shift, "used": self._is_ahead}
        table = read_table(self, X, reset=False, **unused)
        windower = self._as_windower()
        pasts = {key: windower.past_rows(table, key) for key in table.rows}
        if self.context is not None:
            warn_if_past_is_missing(windower, table, pasts)
            warn_if_rows_are_missing(self._tails, table, self.time, "and fill them in")
        windows = windower.windows(table, pasts)
        if self.flatten or output_container(self) != "default":
            return windows.reshape(len(windows), -1)
        return windows

    def get_feature_names_out(self, input_features: ArrayLike = None) -> NDArray[Any]:
        """Return the names of the columns of flat windows.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X. If None, the names seen during `fit` are used, or
            x0, x1, ... if there are none.

        Returns
        -------
        feature_names_out : ndarray of str
            Names such as ``"sales__lag3"``, the sales three rows before the row of the
            window. The oldest time step comes first, with all its features.
        """
        # Only the check of the names is used. The class is not a OneToOneFeatureMixin,
        # because the windows have other columns than X.
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        names = lag_names(
            names[self._columns],
            self.window_size,
            np.where(self._is_ahead, 0, self.shift),
            self.sampling_rate,
        )
        return np.array(names, dtype=object)

    def _as_windower(self):
        """Return the windower with the present parameters and the stored rows."""
        return Windower(
            window_size=self.window_size,
            padding=self.padding,
            context=self.context,
            is_ahead=self._is_ahead,
            shift=self.shift,
            sampling_rate=self.sampling_rate,
            fill_value=self.fill_value,
            mean=getattr(self, "mean_", None),
            tails=getattr(self, "_tails", {}),
        )

    def _is_known_ahead(self, columns):
        """Return whether each feature is known `shift` rows ahead, (n_features,)."""
        ahead = column_positions(self, self.known_ahead, "known_ahead")
        if not np.isin(ahead, columns).all():
            raise ValueError(
                f"known_ahead={self.known_ahead!r} names the column of time or groups, "
                "which is not part of the windows. Remove it from known_ahead."
            )
        return np.isin(columns, ahead)

    def _warn_if_windows_hold_target(self, values, is_ahead, y):
        """Warn if a feature whose windows end with their own row equals y."""
        if self.shift == 0:
            way_out = "Pass shift=1 or more, or drop the column."
            warn_if_features_hold_target(values, y, way_out)
        elif is_ahead.any():
            way_out = "Remove the column from known_ahead."
            warn_if_features_hold_target(values[:, is_ahead], y, way_out)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_tails")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
