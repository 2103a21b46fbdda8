"""Sliding windows as a pipeline step."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    Interval,
    StrOptions,
    fit_context,
    output_container,
    with_callbacks,
)
from sklstm._input.table import column_position, read_table
from sklstm._input.windows import lag_names, sliding_windows
from sklstm._typing import ArrayLike
from sklstm._windowing.context import (
    PastRows,
    append_rows,
    count_on_hint,
    empty_tail,
    fill_past,
    follows,
    keep_tail,
    no_past_rows,
    past_rows_by_assumption,
    past_rows_by_time,
)
from sklstm._windowing.leakage import warn_if_features_hold_target, warn_if_subsampled
from sklstm._windowing.missing_past import (
    n_rows_without_past,
    warn_if_past_is_missing,
)


class SlidingWindowTransformer(TransformerMixin, CallbackSupportMixin, BaseEstimator):
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
    series.

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
        return (self.window_size - 1) * self.sampling_rate + self.shift

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
        self.mean_ = table.values.mean(axis=0, dtype=np.float64)
        self._columns, self._is_ahead = table.columns, is_ahead
        n_rows = self.n_context if self.context is not None else 0
        n_first_rows = n_rows + 1 if self.context is not None else 0
        self._tails = {
            key: keep_tail(*table.series(key), n_rows, n_first_rows)
            for key in table.rows
        }
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
        if self.context is None:
            raise ValueError(
                "With context=None, no rows are stored, so update has no effect. Fit "
                'with context="auto".'
            )
        table = read_table(self, X, reset=False)
        updated = {key: self._updated_tail(key, X, table) for key in table.rows}
        self._tails = self._tails | updated
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
        pasts = {key: self._past_rows(key, *table.series(key)) for key in table.rows}
        if self.context is not None:
            self._warn_if_past_is_missing(table, pasts)
        windows = self._windows(table, pasts)
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

    def _windows(self, table, pasts):
        """Return the windows of all series, in the order of the rows."""
        if None in table.rows:
            return self._windows_of_series(None, table.values, pasts[None])
        n_rows, n_features = table.values.shape
        shape = (n_rows, self.window_size, n_features)
        windows = np.empty(shape, dtype=table.values.dtype)
        for key, rows in table.rows.items():
            part = self._windows_of_series(key, table.values[rows], pasts[key])
            windows[rows] = part
        return windows

    def _windows_of_series(self, key, values, past):
        """Return the windows of one series, completed by the rows before X."""
        mean = self._tails[key].mean if key in self._tails else self.mean_
        oldest = past.rows[0] if len(past.rows) else values[0]
        before = fill_past(past, self.n_context, *self._padding(oldest, mean))
        series = np.empty((len(before) + len(values), len(mean)), dtype=values.dtype)
        series[: len(before)] = before
        series[len(before) :] = values
        if self.shift > 0 and self._is_ahead.any():
            ahead = np.flatnonzero(self._is_ahead)
            series[: -self.shift, ahead] = series[self.shift :, ahead]
        windows = sliding_windows(series, self.window_size, self.sampling_rate)
        return windows[: len(values)]

    def _past_rows(self, key, values, time_indexes):
        """Find the stored rows of a series that precede X."""
        tail = self._tails.get(key)
        if tail is None or self.context is None or self.n_context == 0:
            return no_past_rows(values.shape[1])
        if time_indexes and tail.time_indexes:
            start = {name: times[0] for name, times in time_indexes.items()}
            return past_rows_by_time(tail, start, self.n_context)
        if self.context == "assume_next" or tail.n_updated:
            return past_rows_by_assumption(tail, values)
        return no_past_rows(values.shape[1])

    def _row_before(self, key, values, time_indexes):
        """Return the last stored row of a series if X follows it, else None."""
        past = self._past_rows(key, values, time_indexes).rows
        follows = len(past) and len(past) == len(self._tails[key].rows)
        return past[-1] if follows else None

    def _warn_if_past_is_missing(self, table, pasts):
        """Warn if windows are padded although rows may precede X."""
        n_without_times = n_padded = 0
        # After an update, a new series is assumed to begin with X.
        is_updated = any(tail.n_updated for tail in self._tails.values())
        for key, past in pasts.items():
            values, time_indexes = table.series(key)
            tail = self._tails.get(key)
            if tail is None and is_updated:
                continue
            n_rows = n_rows_without_past(tail, past, values, self.n_context)
            n_padded += n_rows
            if tail is not None and not (time_indexes and tail.time_indexes):
                n_without_times += n_rows
        warn_if_past_is_missing(
            n_without_times, n_padded, len(table.values), self.n_context
        )

    def _updated_tail(self, key, X, table):
        """Return the tail of one series after an update with the rows of X."""
        values, time_indexes = table.series(key)
        tail = self._tails.get(key)
        if tail is None:
            tail = empty_tail(values, time_indexes, self.mean_)
        if not follows(tail, time_indexes):
            first = next(iter(time_indexes.values()))[0]
            label = first if self.time is not None else X.index[table.rows[key]][0]
            raise ValueError(
                "New rows must come after those of fit and of earlier updates, but "
                f"{label} does not. Pass only new rows, with times of the same kind as "
                f"in fit.{count_on_hint(tail, time_indexes)}"
            )
        past = PastRows(tail.rows, 0)
        if time_indexes and tail.time_indexes:
            past = self._past_rows(key, values, time_indexes)
        between = self._padding(values[0], tail.mean)[1]
        return append_rows(tail, past, between, values, time_indexes, self.n_context)

    def _padding(self, oldest, mean):
        """Return the row that pads the start and the row that pads gaps.

        If the second row is None, a gap is padded with the row before it.
        """
        if self.padding == "edge":
            # All windows share the padding. With a shift, the windows of the first rows
            # would contain the row that they predict.
            return (oldest if self.shift == 0 else mean), None
        fill = {"mean": mean, "constant": self.fill_value, "nan": np.nan}
        row = np.broadcast_to(fill[self.padding], mean.shape)
        return row, row

    def _is_known_ahead(self, columns):
        """Return whether each feature is known `shift` rows ahead, (n_features,)."""
        for column in self.known_ahead:
            if not isinstance(column, str | Integral) or isinstance(column, bool):
                raise ValueError(
                    "known_ahead must hold names or positions of columns, got "
                    f"{column!r}."
                )
        ahead = [column_position(self, c, "known_ahead") for c in self.known_ahead]
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
