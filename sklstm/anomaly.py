"""Outlier detection in time series: rows that do not follow from the rows before."""

from datetime import timedelta
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklstm._anomaly.comparison import (
    ScoredRows,
    comparison_frame,
    explanation_frame,
)
from sklstm._anomaly.errors import check_errors
from sklstm._anomaly.events import MinGap, event_frame, read_gap
from sklstm._anomaly.expectation import expected_values, fit_estimator
from sklstm._anomaly.scoring import Scorer
from sklstm._anomaly.settings import DetectorSettings
from sklstm._anomaly.targets import target_columns
from sklstm._anomaly.windows import (
    fill_missing,
    rows_before,
    split_rows,
    warn_that_no_row_is_scored,
    windows_of_series,
)
from sklstm._core.auto import with_small_networks
from sklstm._core.defaults import TunableDefault, with_epochs
from sklstm._core.fit_methods import all_or_nothing
from sklstm._core.nested import clone_with_seed
from sklstm._core.network_summary import SummaryMixin, networks_of
from sklstm._core.sklearn_compat import (
    CallbackRunner,
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    meta_fit_context,
    with_callbacks,
)
from sklstm._input.table import read_table
from sklstm._typing import ArrayLike, Floats, RandomState
from sklstm._windowing.leakage import warn_if_subsampled
from sklstm._windowing.missing_rows import warn_if_rows_are_missing
from sklstm._windowing.windower import Windower
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.regression import LSTMRegressor

__all__ = ["LSTMOutlierDetector", "default_estimator"]

# Number of windows that an estimator with max_iter="auto" sees, over all epochs.
WINDOWS_SEEN = 200_000
# Method that an estimator must have, by `method` of the detector.
REQUIRED_METHODS = {"forecast": "predict", "reconstruction": "reconstruct"}


def default_estimator(
    method: Literal["forecast", "reconstruction"] = "forecast",
) -> "LSTMRegressor | LSTMAutoencoder":
    """Return the estimator that :class:`LSTMOutlierDetector` uses by default.

    Parameters
    ----------
    method : {"forecast", "reconstruction"}, default="forecast"
        Method of the detector.

    Returns
    -------
    estimator : LSTMRegressor or LSTMAutoencoder
        Estimator with 32 units, the Huber loss, batches of 64 windows and a cosine
        learning-rate schedule. Its ``max_iter="auto"`` is only valid inside a detector,
        which replaces it by a number of epochs that depends on the number of windows.

    Raises
    ------
    ValueError
        If there is no such method.

    See Also
    --------
    LSTMOutlierDetector : Detect outliers in time series.

    Examples
    --------
    >>> from sklstm import LSTMOutlierDetector
    >>> from sklstm.anomaly import default_estimator
    >>> estimator = default_estimator().set_params(dropout=0.1)
    >>> detector = LSTMOutlierDetector(estimator)

    The same in one step:

    >>> detector = LSTMOutlierDetector().set_params(estimator__dropout=0.1)
    >>> detector.estimator.dropout
    0.1
    """
    classes = {"forecast": LSTMRegressor, "reconstruction": LSTMAutoencoder}
    if method not in classes:
        raise ValueError(f"There is no method {method!r}. Choose from {list(classes)}.")
    return classes[method](
        hidden_layer_sizes=(32,),
        loss="huber",
        batch_size=64,
        learning_rate="cosine",
        max_iter="auto",
        n_iter_no_change=30,
    )


class LSTMOutlierDetector(
    SummaryMixin, TunableDefault, OutlierMixin, CallbackSupportMixin, BaseEstimator
):
    """Detector of rows in a time series that do not follow from the rows before them.

    A network learns to predict each row from the rows before it. The typical errors of
    the network are measured on the last rows passed to `fit`. The network is not
    trained on these rows. A row whose error is much larger than the typical errors is
    an outlier. The score of a row depends on the row itself and the rows before it,
    never on later rows.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Estimator of the expected values. It is cloned for each fit. With
        ``method="forecast"``, it is a regressor that predicts each row from its window.
        It gets windows of shape (n_windows, window_size, n_features), or rows of shape
        (n_windows, window_size * n_features) if its tags do not allow three dimensions.
        With ``method="reconstruction"``, it is an :class:`LSTMAutoencoder`. If None,
        :func:`~sklstm.anomaly.default_estimator` is used. The parameters of the
        estimator can be set as ``estimator__dropout=0.1``. An estimator with
        ``max_iter="auto"`` is trained for as many epochs as it takes to see 200 000
        windows, at least 3 and at most 30. `random_state` replaces the seeds of the
        estimator.

    method : {"forecast", "reconstruction"}, default="forecast"
        How the expected values of a row are computed: a forecast from the rows before
        it, or the last row of the reconstruction of the window that ends with it.

    window_size : int, default=10
        Number of rows before a row that its expected values depend on.

    distance : {"mahalanobis", "absolute", "range"}, default="mahalanobis"
        How the errors of all features become one distance per row.

        - "mahalanobis" is the Mahalanobis distance with a shrunk covariance [1]_.
          Errors that normally occur together count less.
        - "absolute" is the mean absolute error, in units of the standard deviation of
          typical errors.
        - "range" compares each error and each value with its range in the rows before.
          The distance is the largest distance of an error or value from the middle of
          its range, in units of half the range. This distance suits long streams whose
          typical errors change: an error is not an outlier if an earlier error was as
          large.

    range_window : int or None, default=10_000
        Number of rows before a row to compute the range on. If None, the range is that
        of all rows before. With a limit, one extreme value does not hide all later
        outliers. Only used if ``distance="range"``.

    halflife : "auto", float or None, default="auto"
        Number of rows after which the weight of a distance is halved. The score of a
        row is then a weighted average of its distance and the distances before it [2]_.
        An average finds anomalies that last for many rows. If None, each row is scored
        by its own distance, which finds single outliers. With "auto", a row is scored
        by its own distance, and if the distances of the training rows have peaks, also
        by an average with a half-life of 50 rows. Averages need 1000 training rows, an
        "auto" threshold and another distance than "range".

    contamination : "auto" or float, default="auto"
        Fraction of the calibration rows beyond the threshold, in (0, 0.5]. With "auto",
        one normal row in 1000 lies beyond the threshold, according to a generalized
        Pareto distribution of the largest tenth of the distances [3]_. This is checked
        on all rows of `fit`, and the higher threshold is used. The threshold then
        follows the rows before each row. With ``distance="range"``, the threshold
        is computed from the distances to the range of all rows of the series, not only
        the rows before. An "auto" threshold is then never below 1, the edge of the
        range.

    calibration_fraction : float, default=0.3
        Fraction of the rows of each series to hold out from training, in (0, 1). The
        last rows are held out. The typical errors and the threshold are computed on
        them.

    targets : {"auto", "all"} or list, default="auto"
        Columns that are scored. The other columns only help to predict them. A list
        holds names or positions of columns. With "auto", columns that only hold 0 and 1
        in `fit`, such as commands and one-hot categories, are not scored, unless all
        columns do. A column that only holds 1 is scored.

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

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the windows and dropout. Pass an int
        for reproducible results. The global random generators are not used.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.

    offset_ : float
        Negative threshold. Rows with a lower score are outliers.

    n_features_in_ : int
        Number of columns seen during :term:`fit`, including time and groups.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    LSTMForecaster : Forecast the next steps of a series, with prediction intervals.
    sklstm.streaming.Stream : Labels of rows that arrive one after another.
    sklearn.ensemble.IsolationForest : Find outliers among rows without an order.

    Notes
    -----
    The level of each window is subtracted from the window. With ``method="forecast"``,
    the level is the row before the scored row. With ``method="reconstruction"``, it is
    the mean of the rows before the scored row. A constant level is therefore normal,
    and the jump to a new level is flagged. After a level shift, only a few rows are
    outliers. Slow drift is not detected. After an outlier, the expected values may
    follow it, so that a few later rows are flagged too. A column that was constant
    during `fit` is expected to stay constant, so any change is an outlier. With
    ``distance="range"``, values outside the range of the rows before are outliers too.

    With other distances, a value that should change is an outlier if it is stuck: if it
    has not changed for more than twice the longest time in `fit`, plus two rows. Its
    rows are outliers until it changes. Columns that did not change during a tenth of
    the rows of `fit` are left out.

    The noise of a series may grow after `fit`. With ``contamination="auto"`` and
    another distance than "range", the threshold of a row therefore follows earlier
    rows: the 1000 rows that end 200 rows before it. A fault that lasts for less than
    200 rows does not raise its own threshold. The threshold is never lower than after
    `fit`:

    - It grows in proportion to the 75 % quantile of the distances of the earlier rows.
    - If the distances of a tenth of the earlier rows exceed the threshold of `fit`, the
      series has changed. The threshold is then also at least 1.5 times their largest
      distance.
    - Errors may have normal peaks, for example if a tank is emptied now and then. Peaks
      are normal if at least five separate ones per training series exceed four times
      the 90 % quantile of the distances. The threshold is then 1.5 times the largest
      distance of the training rows and of the earlier rows. The threshold of averages
      with ``halflife="auto"`` is 1.2 times their largest average.

    Distances are divided by the growth of the threshold, so that `offset_` holds for
    all rows.

    In windows, missing values (NaN) are replaced by the last value before them. They
    are left out of the distance of their row. Rows with fewer than `window_size` rows
    before them are not scored. The rows of X are treated as equally spaced, regardless
    of their times.

    The detector stores the last rows of `fit` and `update`. If they come before X, the
    first windows of X contain them; see :ref:`context`.

    If X follows the last stored row, the averages with `halflife`, the threshold, the
    ranges with ``distance="range"`` and the replacement of missing values continue
    after this row. Otherwise, they start anew with X. After `fit`, the average is that
    of the training rows, and the threshold and the range follow the training rows.

    X with times follows the last stored row if it comes after this row, without a long
    gap. X without times follows the last stored row after `update`, or with
    ``context="assume_next"``, unless X starts with the same rows as the training data.

    A few outliers among the rows of `fit` do little harm, because the scale of the
    errors comes from their median. If there are outliers at five or more separate times
    per series, set `contamination` to their fraction. Otherwise, they count as normal
    peaks. The rate of one alarm in 1000 normal rows requires thousands of similar
    calibration rows. Expect several alarms if there are only a few hundred calibration
    rows, if there are many features, if the errors have heavy tails, or with a number
    as `halflife`.

    References
    ----------
    .. [1] O. Ledoit and M. Wolf, "A Well-Conditioned Estimator for Large-Dimensional
       Covariance Matrices", Journal of Multivariate Analysis 88(2), 2004, 365-411.
    .. [2] K. Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and
       Nonparametric Dynamic Thresholding", KDD 2018, 387-395.
    .. [3] A. Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory",
       KDD 2017, 1067-1075.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklstm import LSTMOutlierDetector
    >>> random = np.random.default_rng(0)
    >>> wave = np.sin(0.3 * np.arange(600)) + 0.05 * random.normal(size=600)
    >>> wave[550] = -wave[550]
    >>> X = pd.DataFrame({"wave": wave})
    >>> detector = LSTMOutlierDetector(random_state=0).fit(X[:500])
    >>> flagged = np.flatnonzero(detector.predict(X) == -1)
    >>> bool(550 in flagged), len(flagged) < 10
    (True, True)

    Outliers close to each other are one event:

    >>> detector.events(X[500:])[["start", "feature"]]
       start feature
    0    550    wave

    If rows arrive one at a time, label each row, and then add it with `update`:

    >>> labels = []
    >>> for t in range(500, 600):
    ...     labels.append(detector.predict(X[t : t + 1])[0])
    ...     detector = detector.update(X[t : t + 1])
    >>> labels.index(-1)
    50
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"]), None],
        "method": [StrOptions(set(REQUIRED_METHODS))],
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "distance": [StrOptions({"mahalanobis", "absolute", "range"})],
        "range_window": [Interval(Integral, 1, None, closed="left"), None],
        "halflife": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
            None,
        ],
        "contamination": [
            StrOptions({"auto"}),
            Interval(Real, 0, 0.5, closed="right"),
        ],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither")],
        "targets": [StrOptions({"auto", "all"}), "array-like"],
        "context": [StrOptions({"auto", "assume_next"}), None],
        "time": [str, Integral, None],
        "groups": [str, Integral, None],
        "random_state": ["random_state"],
    }

    _nested_name = "estimator"

    estimator_: Any
    offset_: float
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        method: Literal["forecast", "reconstruction"] = "forecast",
        window_size: int = 10,
        distance: Literal["mahalanobis", "absolute", "range"] = "mahalanobis",
        range_window: int | None = 10_000,
        halflife: float | Literal["auto"] | None = "auto",
        contamination: float | Literal["auto"] = "auto",
        calibration_fraction: float = 0.3,
        targets: Literal["auto", "all"] | list[str] | list[int] = "auto",
        context: Literal["auto", "assume_next"] | None = "auto",
        time: str | int | None = None,
        groups: str | int | None = None,
        random_state: RandomState = None,
    ):
        self.estimator = estimator
        self.method = method
        self.window_size = window_size
        self.distance = distance
        self.range_window = range_window
        self.halflife = halflife
        self.contamination = contamination
        self.calibration_fraction = calibration_fraction
        self.targets = targets
        self.context = context
        self.time = time
        self.groups = groups
        self.random_state = random_state

    @all_or_nothing
    @with_callbacks
    @meta_fit_context
    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Fit the estimator and measure its typical errors.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Values, one row per time step. Most rows should be normal. The rows of a
            series must be in time order. Missing values are NaN.

        y : None
            Ignored. Present for compatibility with pipelines.

        Returns
        -------
        self : LSTMOutlierDetector
            The fitted detector.

        Raises
        ------
        ValueError
            If a parameter or X is invalid; if `targets` holds anything but columns of X
            with values; if the times do not increase; if X has too few rows, or a
            column has too few values; or if the estimator does not suit
            the method.
        """
        callback_runner = CallbackRunner(self, {"X": X, "y": y}, n_subtasks=1)
        self._check_estimator()
        table = read_table(self, X, reset=True, ensure_all_finite="allow-nan")
        is_missing = np.isnan(table.values).all(axis=0)
        if is_missing.any():
            names = np.asarray(self._feature_names(table))[is_missing].tolist()
            raise ValueError(
                f"X has columns without a single value, {names}. Drop them."
            )
        self._settings = DetectorSettings(
            self.method,
            self.distance,
            self.range_window,
            self.halflife,
            self.contamination,
            self.window_size,
        )
        self._is_target = target_columns(
            self.targets, table, getattr(self, "feature_names_in_", None)
        )
        self._is_constant = np.nanmin(table.values, 0) == np.nanmax(table.values, 0)
        self._mean = np.nanmean(table.values, axis=0)
        filled = fill_missing(table, self._mean, {})
        warn_if_subsampled(map(table.times, table.rows))
        self._windower = self._new_windower(table).fit(filled)
        split = split_rows(table, self.window_size, self.calibration_fraction)
        self.estimator_ = self._new_estimator(split.n_training)
        training_windows = (
            windows[split.training[key]]
            for key, windows in windows_of_series(self._windower, filled)
        )
        with callback_runner.around_fit(self.estimator_):
            fit_estimator(self.estimator_, training_windows, self.method)
        self._calibrate(table, filled, split)
        callback_runner.end_fit()
        return self

    @all_or_nothing
    def update(self, X: ArrayLike) -> Self:
        """Add new rows without fitting.

        The scores of the next X continue after these rows: if A and B have times,
        ``update(A).predict(B)`` returns the last labels of
        ``predict(pd.concat([A, B]))``. The threshold does not change.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, which follow those of :meth:`fit` and of earlier
            updates. To label them, call :meth:`predict` before `update`. After
            `update`, rows without times are assumed to follow the stored rows, also in
            :meth:`predict` and the other methods, unless X starts with the same rows as
            the training data.

        Returns
        -------
        self : LSTMOutlierDetector
            The detector. It stores as many rows as the windows and the ranges need.

        Raises
        ------
        ValueError
            If X has other columns than in `fit` or holds infinity; if its times do not
            come after those of earlier rows; or if `context` is None.
        """
        check_is_fitted(self)
        table = read_table(self, X, reset=False, ensure_all_finite="allow-nan")
        # For this call, rows without times follow the stored rows.
        former = self._windower.assume_next()
        before = rows_before(former, table, self._mean)
        filled = fill_missing(table, self._mean, before)
        updated = self._windower.update(filled)
        warn_if_rows_are_missing(self._windower.tails, table, self.time, "as NaN")
        self._states = self._states | self._score_table(table, former)[1]
        self._windower = updated
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Predict which rows are outliers.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            -1 for outliers, 1 for the other rows.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Compute the score of each row relative to the threshold.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
            :meth:`score_samples` minus `offset_`. Outliers have negative scores.
        """
        return self.score_samples(X) - self.offset_

    def score_samples(self, X: ArrayLike) -> Floats:
        """Compute the negative distance of each row from its expected values.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
            The lower, the more abnormal. Normal rows have a score of about -1, or
            higher with ``distance="range"``. An "auto" threshold follows the rows
            before each row, and the score is relative to it. The score of a row depends
            on the row itself and the rows before it. With ``context="assume_next"``, it
            also depends on whether X starts with the rows of `fit`. The score is 0 for
            rows that cannot be scored: rows without a value, and rows with fewer than
            `window_size` rows before them.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`, holds infinity, or has times that do
            not increase.

        Warns
        -----
        UserWarning
            If no row of X can be scored, because `window_size` rows before it are not
            known.
        """
        return np.nan_to_num(-self._score_rows(X).distances)

    def compare(self, X: ArrayLike) -> pd.DataFrame:
        """Compare all rows with their expected values.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        comparison : DataFrame of shape (n_rows, 3 * n_features + 1)
            One line per row of X, with the index of X, or with positions if X is an
            array. The columns have two levels: "value", "expected" and "error" have one
            column per feature, and "distance" is a single column. An error is the value
            minus the expected value. It is standardized with the median and the
            standard deviation of typical errors, and NaN for columns that are not
            scored. The distance is the negative of
            :meth:`score_samples`. Expected values, errors and distances that are not
            defined are NaN.
        """
        return self._compare(X)[1]

    def explain(self, X: ArrayLike) -> pd.DataFrame:
        """Return the values, expected values and errors of the outliers.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        explanation : DataFrame
            One line per outlier and feature. Missing values have no line. The column
            "row" is the label of the row in the index of X, or its position if X is an
            array. The column "feature" is the name of the feature, or its position if X
            has no column names. The columns "value", "expected" and "error" are as in
            :meth:`compare`. For each row, the feature with the largest error comes
            first, or a feature that is stuck.
        """
        scored, comparison = self._compare(X)
        is_outlier = -scored.distances < self.offset_
        return explanation_frame(comparison[is_outlier], scored.is_stuck[is_outlier])

    def events(
        self, X: ArrayLike, *, min_gap: int | str | timedelta | None = None
    ) -> pd.DataFrame:
        """Return the outliers as events: outliers close to each other are one event.

        Events that stand out little are left out [1]_: with ``contamination="auto"``,
        the largest distance of an event is at least 1.2 times the threshold, unless the
        errors have normal peaks or ``distance="range"``. Whether a row is part of an
        event may depend on later rows; the labels of :meth:`predict` never do.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        min_gap : int, str, timedelta or None, default=None
            Number of rows without an outlier that separate two events. Outliers with
            fewer rows between them belong to the same event. It may also be a duration,
            such as "30min", if X has times: outliers further apart belong to different
            events. If None, it is twice `window_size` in rows, because the windows of
            `window_size` later rows contain the outlier, so that more of them may be
            outliers. With averages, the half-life is added.

        Returns
        -------
        events : DataFrame
            One line per event, in the order of the series and of time.

            - "series": the series of the event. Only if X has a MultiIndex or `groups`.
            - "start", "end": the times of its first and its last outlier.
            - "peak": the time of the row with the largest distance.
            - "score": the score of that row, as in :meth:`score_samples`.
            - "n_rows": the number of rows from start to end.
            - "feature", "value", "expected", "error": the feature that comes first in
              the row of the peak in :meth:`explain`.

            The times are those of the `time` column or the index of X, or positions if
            X is an array. Without outliers, the frame has no lines.

        Raises
        ------
        TypeError
            If `min_gap` is neither a number of rows nor a duration.
        ValueError
            If `min_gap` is negative, or a duration although X has no times; or if X is
            not valid input for :meth:`score_samples`.

        References
        ----------
        .. [1] K. Hundman et al., "Detecting Spacecraft Anomalies Using LSTMs and
           Nonparametric Dynamic Thresholding", KDD 2018, 387-395, section 3.3.
        """
        gap = None if min_gap is None else read_gap(min_gap)
        scored, comparison = self._compare(X)
        gap = self._default_gap() if gap is None else gap
        return event_frame(
            comparison,
            scored,
            threshold=-self.offset_,
            min_peak=-self.offset_ * self._scorer.min_event,
            min_gap=MinGap.of(gap, scored.table.labels),
        )

    def _default_gap(self):
        """Return the number of rows without an outlier that separate two events."""
        return 2 * self._windower.n_context + self._scorer.halflife

    def _calibrate(self, table, filled, split):
        """Measure errors on the calibration rows and compute the threshold."""
        settings, rows = self._settings, split.calibration_rows
        predicted = table.rows if settings.is_followed else split.calibration
        expected = self._expected(self._windower, filled, predicted)
        targets = self._select_targets(table)
        errors = _subtract(table.values, expected)[:, self._is_target]
        check_errors(errors[rows], self._feature_names(targets))
        self._scorer = Scorer.from_errors(errors, targets, rows, settings)
        self._states = self._scorer.states_after_fit(errors, targets)
        self.offset_ = -self._scorer.threshold

    def _score_rows(self, X):
        """Compute the expected values, errors and distances of rows."""
        check_is_fitted(self)
        table = read_table(self, X, reset=False, ensure_all_finite="allow-nan")
        warn_if_rows_are_missing(self._windower.tails, table, self.time, "as NaN")
        scored, _ = self._score_table(table, self._windower)
        if np.isnan(scored.expected).all():
            warn_that_no_row_is_scored(len(table.values), self._windower.n_context)
        return scored

    def _compare(self, X):
        """Return the scored rows of X, and the frame that `compare` returns."""
        scored = self._score_rows(X)
        is_frame = isinstance(X, pd.DataFrame)
        index = X.index if is_frame else pd.RangeIndex(len(scored.errors))
        names = self._feature_names(scored.table)
        return scored, comparison_frame(scored, index, names)

    def _score_table(self, table, windower):
        """Score the rows of a table; return them and the states after them."""
        before = rows_before(windower, table, self._mean)
        filled = fill_missing(table, self._mean, before)
        expected = self._expected(windower, filled, table.rows)
        errors = _subtract(table.values, expected)
        states = self._scorer.first_states(table.rows)
        states |= {key: self._states[key] for key in before if key in self._states}
        errors, targets = errors[:, self._is_target], self._select_targets(table)
        is_stuck = np.zeros(expected.shape, dtype=bool)
        is_stuck[:, self._is_target] = self._scorer.run_ratios(targets, states)[0] > 1
        scaled = np.full(expected.shape, np.nan)
        scaled[:, self._is_target] = self._scorer.error_scaler.transform(errors)
        distances, states = self._scorer.distances(errors, targets, states)
        return ScoredRows(table, expected, scaled, distances, is_stuck), states

    def _select_targets(self, table):
        """Return a table of the columns that are scored."""
        return table._replace(
            values=table.values[:, self._is_target],
            columns=table.columns[self._is_target],
        )

    def _expected(self, windower, table, rows_of_series):
        """Predict some rows of each series; the other rows are NaN."""
        windows = windows_of_series(windower, table)
        return expected_values(
            self.estimator_,
            windows,
            rows_of_series,
            table,
            self._settings.method,
            is_constant=self._is_constant,
        )

    def _check_estimator(self):
        """Raise a ValueError if the estimator does not suit the method."""
        required = REQUIRED_METHODS[self.method]
        if self.estimator is not None and not hasattr(self.estimator, required):
            raise ValueError(
                f"With method={self.method!r}, the estimator must implement "
                f"`{required}`, got {self.estimator!r}. Pass a regressor for "
                "method='forecast', or an LSTMAutoencoder for method='reconstruction'."
            )

    def _new_windower(self, table):
        """Return the windower for windows that hold a row and the rows before it."""
        return Windower(
            window_size=self.window_size + 1,
            padding="nan",
            context=self.context,
            is_ahead=np.zeros(table.values.shape[1], bool),
        )

    def _new_estimator(self, n_windows):
        """Clone the estimator and set its seed and its number of epochs."""
        estimator = self.estimator
        if estimator is None:
            estimator = self._default_estimator()
        random = check_random_state(self.random_state)
        seed = random.randint(np.iinfo(np.int32).max)
        estimator = clone_with_seed(with_small_networks(estimator), seed)
        return with_epochs(estimator, n_windows, WINDOWS_SEEN)

    def _default_estimator(self):
        # Parameters are read before `fit` checks them, so the method may be invalid.
        is_valid = self.method in REQUIRED_METHODS
        return default_estimator(self.method if is_valid else "forecast")

    def _feature_names(self, table):
        """Return the names of the features; positions in X if they have no names."""
        names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
        return names[table.columns]

    def _networks_by_title(self):
        """Return the networks of the estimator, by their titles."""
        return networks_of(self.estimator_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "offset_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _subtract(values, expected):
    """Subtract expected values from values; huge values give infinity."""
    with np.errstate(over="ignore"):
        return values - expected
