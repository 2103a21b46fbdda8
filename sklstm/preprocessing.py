"""Windows as a pipeline step."""

from numbers import Integral, Real

import numpy as np
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
from sklstm._input.table import read_table
from sklstm._input.windows import lag_names, sliding_windows
from sklstm._windowing.context import (
    history_by_assumption,
    history_by_time,
    no_history,
    past_rows,
    remember,
)
from sklstm._windowing.leakage import warn_if_target_inside, warn_if_thinned


class SlidingWindowTransformer(TransformerMixin, CallbackSupportMixin, BaseEstimator):
    """Turn every row into the window of rows that ends there.

    A pipeline cannot drop rows of y, so every row keeps its place: row t becomes the
    window that ends `shift` rows before it. Rows without enough past are completed
    from the end of the training rows where these come before X, else padded.

    Parameters
    ----------
    window_size : int, default=10
        Length of a window, in time steps.

    shift : int, default=0
        Number of rows by which the windows are shifted back, as in
        :meth:`pandas.DataFrame.shift`: the window of row t ends at row ``t - shift``.
        With ``shift=1``, y is predicted one step ahead, from the rows before it. With
        0, the window ends with the row itself, which must then not hold the target.

    padding : {"edge", "mean", "constant", "nan"}, default="edge"
        What stands in place of rows before the first one known: "edge" the first row,
        "mean" the training mean of the series, "constant" `fill_value`, "nan" NaN:
        time steps that do not exist for the estimators of this package. With a
        `shift` even the first row is the future of the rows after it, so there
        "edge" takes the training mean.

    fill_value : float, default=0.0
        Value of every padded reading with ``padding="constant"``.

    context : {"auto", "assume_next"} or None, default="auto"
        When `transform` may put training rows before the first row of X. "auto": if
        their times say so; see Notes. "assume_next": also without times; every X is
        taken for the continuation of the training rows, unless it begins with the same
        ``n_context + 1`` rows as they. None: never; the order of the rows is not
        checked either.

    time : str or int, default=None
        Name or position of a column that holds the time: dates or numbers. It takes
        the place of the index and is no part of the windows.

    groups : str or int, default=None
        Name or position of a column that names the series of every row, where X holds
        several. It takes the place of the levels of a MultiIndex before the last and
        is no part of the windows.

    flatten : bool, default=False
        Whether to lay windows flat, into one row of ``window_size * n_features``
        columns, oldest time step first. Frames are always flat. An array has no column
        names: :class:`LSTMRegressor` reads a flat one as windows of one feature.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the training rows of all series, without the time and groups columns.
        Pads series that were not there in :term:`fit`.

    n_features_in_ : int
        Number of columns seen during :term:`fit`, time and groups included.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during :term:`fit`, where all were strings.

    See Also
    --------
    sklstm.make_windows : Complete windows only, and several time steps to predict.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep time in order.

    Notes
    -----
    `fit` remembers the last `n_context` rows of every series. `transform` uses those
    that lie strictly before the first row of X. If the training rows were evenly
    spaced (calendar months and business days count as even), the rows missing in
    between, as after ``TimeSeriesSplit(gap=3)``, are padded: with the last row known
    for "edge". If not, a gap no longer than the longest training step is no gap, and
    after a longer one X is padded as a series of its own. So ``transform(X_train)``
    equals ``fit_transform(X_train)``, and a test fold has its true past.

    Times are the index of a frame (dates with or without time zone, periods,
    durations, numbers) or the `time` column. An index of strings and an array without
    `time` prove no order: they are padded. Times that do not increase raise an error.
    A scaler in front drops the index unless told ``set_output(transform="pandas")``;
    ``pd.DataFrame(X)`` gives an array one.

    Windows of one series are a read-only view of a single copy of it; windows of
    several series are copied.

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
    """

    _parameter_constraints: dict = {
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "shift": [Interval(Integral, 0, None, closed="left")],
        "padding": [StrOptions({"edge", "mean", "constant", "nan"})],
        "fill_value": [Interval(Real, None, None, closed="neither")],
        "context": [StrOptions({"auto", "assume_next"}), None],
        "time": [str, Integral, None],
        "groups": [str, Integral, None],
        "flatten": ["boolean"],
    }

    def __init__(
        self,
        window_size=10,
        *,
        shift=0,
        padding="edge",
        fill_value=0.0,
        context="auto",
        time=None,
        groups=None,
        flatten=False,
    ):
        self.window_size = window_size
        self.shift = shift
        self.padding = padding
        self.fill_value = fill_value
        self.context = context
        self.time = time
        self.groups = groups
        self.flatten = flatten

    @property
    def n_context(self):
        """Rows before X that its first window needs."""
        return self.window_size - 1 + self.shift

    @with_callbacks
    @fit_context
    def fit(self, X, y=None):
        """Remember the end of every series, and its mean.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_timesteps, n_columns)
            Finite numbers, one row per time step; rows of a series in time order.

        y : array-like of shape (n_timesteps,) or (n_timesteps, n_targets), default=None
            Only looked at to warn if X holds it and `shift` is 0.

        Returns
        -------
        self : SlidingWindowTransformer
            The fitted transformer.
        """
        callback_runner = CallbackRunner(self, {"X": X, "y": y})
        table = read_table(self, X, reset=True)
        warn_if_thinned(clocks for _, clocks in map(table.series, table.rows))
        if y is not None and self.shift == 0:
            warn_if_target_inside(table.values, y)
        self.mean_ = table.values.mean(axis=0, dtype=np.float64)
        self._columns = table.columns
        n_rows = self.n_context if self.context is not None else 0
        n_first_rows = n_rows + 1 if self.context == "assume_next" else 0
        self._memories = {
            key: remember(*table.series(key), n_rows, n_first_rows)
            for key in table.rows
        }
        callback_runner.end_fit()
        return self

    def transform(self, X):
        """Give every row its window.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_timesteps, n_columns)
            Finite numbers, one row per time step; rows of a series in time order. To
            predict beyond the data, append rows of any value: no window holds the
            last `shift` rows of X.

        Returns
        -------
        windows : ndarray of shape (n_timesteps, window_size, n_features), or \
                ndarray or dataframe of shape (n_timesteps, window_size * n_features)
            Window t ends `shift` rows before row t. Flat if `flatten` or if
            `set_output` asks for a frame; its columns are `get_feature_names_out`.
        """
        check_is_fitted(self)
        table = read_table(self, X, reset=False)
        windows = self._windows(table)
        if self.flatten or output_container(self) != "default":
            return windows.reshape(len(windows), -1)
        return windows

    def get_feature_names_out(self, input_features=None):
        """Name the columns of flat windows.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X. None: those seen during `fit`, or x0, x1, ...

        Returns
        -------
        feature_names_out : ndarray of str
            Names such as ``"sales__lag3"``: sales three rows before the row. Oldest
            first, time-major.
        """
        # scikit-learn's own check of the names, without its promise to keep them.
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        names = lag_names(names[self._columns], self.window_size, self.shift)
        return np.array(names, dtype=object)

    def _windows(self, table):
        """Cut every series, and put its windows where its rows stand."""
        if None in table.rows:
            return self._windows_of_series(None, *table.series(None))
        n_rows, n_features = table.values.shape
        shape = (n_rows, self.window_size, n_features)
        windows = np.empty(shape, dtype=table.values.dtype)
        for key, rows in table.rows.items():
            windows[rows] = self._windows_of_series(key, *table.series(key))
        return windows

    def _windows_of_series(self, key, values, clocks):
        """Put the past before the rows of one series and cut."""
        memory = self._memories.get(key)
        mean = self.mean_ if memory is None else memory.mean
        history = self._history(memory, values, clocks)
        oldest = history.rows[0] if len(history.rows) else values[0]
        past = past_rows(history, self.n_context, *self._padding(oldest, mean))
        series = np.empty((len(past) + len(values), len(mean)), dtype=values.dtype)
        series[: len(past)] = past
        series[len(past) :] = values
        return sliding_windows(series, self.window_size)[: len(values)]

    def _history(self, memory, values, clocks):
        """Find what the memory knows of the time before X."""
        if memory is None or self.context is None or self.n_context == 0:
            return no_history(values.shape[1])
        if self.context == "assume_next" and not (clocks and memory.clocks):
            return history_by_assumption(memory, values)
        start = {name: clock[0] for name, clock in clocks.items()}
        return history_by_time(memory, start, self.n_context)

    def _padding(self, oldest, mean):
        """Choose the rows before all that is known, and in gaps (None: the last)."""
        if self.padding == "edge":
            # All windows share the padded rows, so none may know the first row early.
            return (oldest if self.shift == 0 else mean), None
        fill = {"mean": mean, "constant": self.fill_value, "nan": np.nan}
        row = np.broadcast_to(fill[self.padding], mean.shape)
        return row, row

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_memories")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
