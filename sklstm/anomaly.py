"""Anomalies: rows of a series that do not fit what came before them."""

from functools import partial
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklstm._anomaly.scoring import (
    Yardstick,
    extremes,
    from_range_before,
    half_ranges,
    held_distances,
    smoothed,
    too_much,
)
from sklstm._core.base import all_or_nothing
from sklstm._core.nested import clone_with_seed, reshape_for
from sklstm._core.sklearn_compat import HasMethods, Interval, StrOptions, fit_context
from sklstm._input.table import forward_fill, read_table, replace_values
from sklstm.autoencoding import LSTMAutoencoder
from sklstm.preprocessing import SlidingWindowTransformer
from sklstm.regression import LSTMRegressor

__all__ = ["LSTMOutlierDetector"]

# How many windows a default network is shown, over all epochs.
WINDOWS_SEEN = 200_000
# Windows to expect something of at once.
BLOCK_ROWS = 4096
# The edge of a range: windows that are alike may differ by the rounding of a network.
EDGE = 1.001


class LSTMOutlierDetector(OutlierMixin, BaseEstimator):
    """Find the rows of a series that do not fit what came before.

    A network learns what to expect of each row from the rows before it. How far off
    its expectations usually are is measured on the last rows of `fit`, which it has not
    learnt from; a row that is much further off is an outlier. Every row is scored from
    itself and the rows before it, never from later ones.

    Parameters
    ----------
    estimator : estimator or None, default=None
        What expects, cloned for each fit. For ``method="forecast"`` a regressor that
        takes windows of shape (n_windows, window_size, n_features), or rows of shape
        (n_windows, window_size * n_features) if its tags say so, and predicts a row;
        for "reconstruction" an :class:`LSTMAutoencoder`. None is one with 32 units and
        Huber's loss, for 30 epochs or less, so that it sees 200 000 windows, and 3 at
        least. Its seeds are set from `random_state`.

    method : {"forecast", "reconstruction"}, default="forecast"
        Whether a row is expected to be the forecast from the rows before it, or what an
        autoencoder makes of the window that ends with it.

    window_size : int, default=10
        How many rows before it a row is judged from.

    distance : {"mahalanobis", "absolute", "range"}, default="mahalanobis"
        What becomes of the errors of all features: the distance of Mahalanobis with a
        shrunk covariance [1]_, for which errors that usually come together count less;
        or the mean absolute error in standard deviations. "range" measures errors, and
        the readings too, by the range of those of the rows before: how far from its
        middle the one that is furthest off lies, in halves of the range. For long
        streams, whose usual errors change: what has been there once is none the next
        time.

    memory : int or None, default=10_000
        How many rows before it the range is taken from that measures a row; None is
        all. Only for ``distance="range"``. Forgetting keeps one absurd reading from
        hiding all others for good.

    halflife : float or None, default=None
        Rows after which a distance counts half in the average that scores a row [2]_:
        for anomalies that last, in place of single rows. None scores each by itself.

    contamination : "auto" or float, default="auto"
        Share of rows to call outliers, in (0, 0.5]: as many of the last rows lie beyond
        the threshold. "auto" is what one usual row in 1000 exceeds, by
        a generalised Pareto distribution of the greatest tenth [3]_. With "range" these
        are distances in their own range, and "auto" is beyond its edge, 1.

    calibration_fraction : float, default=0.3
        Share of the rows of each series, the last ones, to measure errors on, in
        (0, 1).

    context : {"auto", "assume_next"} or None, default="auto"
        When rows of `fit` may stand before the first row of another X, as in
        :class:`SlidingWindowTransformer`.

    time : str or int, default=None
        Name or position of a column that holds the time: dates or numbers. It takes
        the place of the index and is no part of the windows.

    groups : str or int, default=None
        Name or position of a column that names the series of every row, where X holds
        several. It takes the place of the levels of a MultiIndex before the last and
        is no part of the windows.

    random_state : int, RandomState instance or None, default=None
        Seeds the first weights, the order of the windows and dropout. Pass an int to
        get the same model from every fit; global generators are never touched.

    Attributes
    ----------
    estimator_ : estimator
        What expects.

    offset_ : float
        Minus the distance from which on a row is an outlier.

    n_features_in_ : int
        Number of columns seen during :term:`fit`, time and groups included.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during :term:`fit`, where all were strings.

    See Also
    --------
    LSTMForecaster : Forecasts the next steps of a series, with a band.
    sklearn.ensemble.IsolationForest : Finds rows that are unlike others, in any order.

    Notes
    -----
    Windows are shown less their last reading (less their mean for "reconstruction"), so
    that a level is nothing to wonder at, but the step to it is: after a level shift few
    rows are outliers, and slow drift is none. Windows that hold an outlier may expect
    it to go on, so that the rows behind it echo. A series that never moves expects not
    to: the least change is an outlier. With ``distance="range"`` readings beyond all
    before them are outliers too.

    Missing readings (NaN) are carried on from the last one there, and are left out of
    the distance of their row. Rows with less than `window_size` rows before them are
    not judged. Averages of a `halflife` begin anew with each X. Rows of X are taken to
    be a step apart, whatever their times.

    Outliers among the rows of `fit` do little harm as long as they are few: the scale
    of errors is that of their median. One alarm in 1000 is what to expect of some
    thousand rows that are alike; on a few hundred, of many features, with heavy tails
    or averages, count with several.

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
    >>> from sklstm import LSTMOutlierDetector
    >>> random = np.random.default_rng(0)
    >>> wave = np.sin(0.3 * np.arange(600)) + 0.05 * random.normal(size=600)
    >>> wave[550] = -wave[550]
    >>> X = wave[:, None]
    >>> detector = LSTMOutlierDetector(random_state=0).fit(X[:500])
    >>> flagged = np.flatnonzero(detector.predict(X) == -1)
    >>> bool(550 in flagged), len(flagged) < 10
    (True, True)
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"]), None],
        "method": [StrOptions({"forecast", "reconstruction"})],
        "window_size": [Interval(Integral, 1, None, closed="left")],
        "distance": [StrOptions({"mahalanobis", "absolute", "range"})],
        "memory": [Interval(Integral, 1, None, closed="left"), None],
        "halflife": [Interval(Real, 0, None, closed="neither"), None],
        "contamination": [
            StrOptions({"auto"}),
            Interval(Real, 0, 0.5, closed="right"),
        ],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither")],
        "context": [StrOptions({"auto", "assume_next"}), None],
        "time": [str, Integral, None],
        "groups": [str, Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        method="forecast",
        window_size=10,
        distance="mahalanobis",
        memory=10_000,
        halflife=None,
        contamination="auto",
        calibration_fraction=0.3,
        context="auto",
        time=None,
        groups=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.method = method
        self.window_size = window_size
        self.distance = distance
        self.memory = memory
        self.halflife = halflife
        self.contamination = contamination
        self.calibration_fraction = calibration_fraction
        self.context = context
        self.time = time
        self.groups = groups
        self.random_state = random_state

    @fit_context
    @all_or_nothing
    def fit(self, X, y=None):
        """Learn what to expect, and how far off that usually is.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Readings, one row per time step; rows of a series in time order, mostly
            usual ones. NaN where one is missing.

        y : None
            Not used; there for pipelines.

        Returns
        -------
        self : LSTMOutlierDetector
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or X is not as described here; if times do not increase; if
            there are too few rows to learn from and to measure errors on, or too few
            readings of a column; or if the estimator does not fit the method.
        """
        self._check_estimator()
        table = read_table(self, X, reset=True, ensure_all_finite="allow-nan")
        if np.isnan(table.values).all(axis=0).any():
            raise ValueError("X has columns without a single reading. Leave them out.")
        self._fixed = self.method, self.distance, self.halflife, self.memory
        self._mean = np.nanmean(table.values, axis=0)
        self._windower = SlidingWindowTransformer(
            self.window_size + 1,
            padding="nan",
            context=self.context,
            time=self.time,
            groups=self.groups,
        )
        X = self._forward_fill(X, table)
        self._windower.fit(X)
        early, held = self._split(table)
        self.estimator_ = self._new_estimator(sum(map(len, early.values())))
        self._learn(X, table, early)
        self._calibrate(X, table, held)
        return self

    def _calibrate(self, X, table, held):
        """Measure on the last rows, not learnt from, how far off expectations are."""
        errors = self._errors(X, table, held)[1]
        rows = np.concatenate([held[key] for key in table.rows])
        self._check_errors(errors[rows], table)
        self._yardstick = Yardstick.of_errors(errors[rows])
        marks = np.hstack([errors, table.values])
        self._ranges = {key: extremes(marks[of]) for key, of in table.rows.items()}
        self._range_of_all = extremes(marks)
        if self.distance == "range":
            distances = self._ranged(errors, table, half_ranges)
        else:
            distances = np.full(len(errors), np.nan)
            distances[rows] = held_distances(errors[rows], self.distance)
        distances = self._smoothed(distances, table)[rows]
        distances = distances[~np.isnan(distances)]
        self.offset_ = -too_much(distances, self.contamination)
        if self.distance == "range" and self.contamination == "auto":
            self.offset_ = min(self.offset_, -EDGE)

    def predict(self, X):
        """Tell outliers from the other rows.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            -1 for outliers, 1 for the others.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X):
        """Say how far each row is from being an outlier; negative for outliers.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
            :meth:`score_samples` less `offset_`.
        """
        return self.score_samples(X) - self.offset_

    def score_samples(self, X):
        """Return minus the distance of each row from what was expected.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
            About -1 for usual rows, with "range" more than that; the lower, the
            stranger. That of a row depends on it and on those before it only; with
            ``context="assume_next"`` also on whether X begins as the rows of `fit` did.
            0 for rows that cannot be judged: with no reading, or with less than
            `window_size` rows before them.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`, infinity, or times that do not
            increase.
        """
        return -np.nan_to_num(self._judged(X)[-1])

    def explain(self, X):
        """Say of every outlier which reading is how far off, and what was expected.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_rows, n_columns)
            Rows in time order, as in :meth:`fit`.

        Returns
        -------
        explanation : DataFrame
            One line per outlier and reading that is there: "row", its label in the
            index of X or its position; "feature"; "reading"; "expected"; and "error",
            their difference less the usual one, in standard deviations of the usual
            ones. The reading furthest off comes first in each row.
        """
        table, expected, errors, distances = self._judged(X)
        rows = np.flatnonzero(-distances < self.offset_)
        units = self._yardstick.in_units(errors[rows])
        n_features = expected.shape[1]
        labels = X.index if isinstance(X, pd.DataFrame) else np.arange(len(distances))
        lines = {
            "row": labels[rows.repeat(n_features)],
            "feature": np.tile(self._names(table), len(rows)),
            "reading": table.values[rows].ravel(),
            "expected": expected[rows].ravel(),
            "error": units.ravel(),
        }
        order = np.lexsort([-np.abs(units).ravel(), rows.repeat(n_features)])
        explanation = pd.DataFrame(lines).iloc[order].dropna(subset="error")
        return explanation.reset_index(drop=True)

    def _judged(self, X):
        """Return rows as a table, what was expected, the errors and the distances."""
        check_is_fitted(self)
        table = read_table(self, X, reset=False, ensure_all_finite="allow-nan")
        expected, errors = self._errors(self._forward_fill(X, table), table)
        _, distance, _, memory = self._fixed
        if distance == "range":
            before = partial(from_range_before, memory=memory)
            distances = self._ranged(errors, table, before)
        else:
            distances = self._yardstick.distances(errors, distance)
        return table, expected, errors, self._smoothed(distances, table)

    def _ranged(self, errors, table, measure):
        """Make a distance of the errors and readings of each row by their ranges."""
        marks = np.hstack([errors, table.values])
        distances = np.empty(len(marks))
        for key, rows in table.rows.items():
            ends = self._ranges.get(key, self._range_of_all)
            distances[rows] = measure(marks[rows], ends)
        # A reading that nothing was expected of is not judged.
        distances[np.isnan(errors).all(axis=1)] = np.nan
        return distances

    def _forward_fill(self, X, table):
        """Put the last reading there in place of missing ones."""
        if not np.isnan(table.values).any():
            return X
        return replace_values(X, table, forward_fill(table, self._mean))

    def _windows(self, X, table):
        """Yield the rows of each series with their windows, one series at a time."""
        for key, rows in table.rows.items():
            part = X if key is None else getattr(X, "iloc", X)[rows]
            yield key, rows, self._windower.transform(part)

    def _errors(self, X, table, last=None):
        """Say what was expected of each row, and how far off that was.

        Of all rows, or of the `last` ones of each series. Errors are NaN where a
        reading is missing, or a window is not whole.
        """
        expected = np.full(table.values.shape, np.nan)
        for key, rows, windows in self._windows(X, table):
            if last is not None:
                rows = last[key]
                windows = windows[len(windows) - len(rows) :]
            expected[rows] = self._expected(windows)
        with np.errstate(over="ignore"):
            return expected, table.values - expected

    def _check_estimator(self):
        """Raise if the estimator cannot do what the method asks of it."""
        wanted = {"forecast": "predict", "reconstruction": "reconstruct"}[self.method]
        if self.estimator is not None and not hasattr(self.estimator, wanted):
            raise ValueError(
                f"method={self.method!r} needs an estimator with the method {wanted}, "
                f"got {self.estimator!r}. Pass a regressor for "
                '"forecast", or an LSTMAutoencoder for "reconstruction".'
            )

    def _check_errors(self, errors, table):
        """Raise unless there are errors of every feature to measure."""
        n_errors = (~np.isnan(errors)).sum(axis=0)
        if n_errors.min() < 2:
            name = self._names(table).tolist()[n_errors.argmin()]
            raise ValueError(
                f"The last rows of X, {len(errors)} that are held back, have "
                f"{n_errors.min()} readings of {name!r} to measure errors on. Raise "
                "calibration_fraction, or leave the column out."
            )

    def _split(self, table):
        """Choose rows of each series to learn from, and the last ones."""
        early, held = {}, {}
        for key, of_series in table.rows.items():
            rows = np.arange(len(table.values))[of_series]
            n_held = int(np.ceil(self.calibration_fraction * len(rows)))
            early[key] = range(self.window_size, len(rows) - n_held)
            held[key] = rows[max(self.window_size, len(rows) - n_held) :]
        n_early, n_held = (sum(map(len, part.values())) for part in (early, held))
        if not n_early or n_held < 2:
            raise ValueError(
                f"X with n_samples={len(table.values)} is too short: window_size="
                f"{self.window_size} and calibration_fraction="
                f"{self.calibration_fraction} leave {n_early} rows to learn from and "
                f"{n_held} to measure errors on. Pass more rows or a smaller "
                "window_size."
            )
        return early, held

    def _learn(self, X, table, early):
        """Fit the estimator on windows of rows, series by series from `early`."""
        parts = []
        for key, _, windows in self._windows(X, table):
            rows = early[key]
            # A slice is a view: windows less their level are the only copy.
            parts.append(self._lessons(windows[rows.start : rows.stop])[:2])
        inputs, targets = parts[0]
        if len(parts) > 1:
            inputs = np.concatenate([part[0] for part in parts])
        if len(parts) > 1 and targets is not None:
            targets = np.concatenate([part[1] for part in parts])
        self.estimator_.fit(reshape_for(self.estimator_, inputs), targets)

    def _new_estimator(self, n_windows):
        """Make what expects, with a seed of its own."""
        estimator = self.estimator
        if estimator is None:
            n_epochs = int(np.clip(WINDOWS_SEEN // n_windows, 3, 30))
            settings = {
                "hidden_layer_sizes": (32,),
                "loss": "huber",
                "batch_size": 64,
                "learning_rate": "cosine",
                "max_iter": n_epochs,
                "n_iter_no_change": n_epochs,
            }
            kinds = {"forecast": LSTMRegressor, "reconstruction": LSTMAutoencoder}
            estimator = kinds[self.method](**settings)
        random = check_random_state(self.random_state)
        return clone_with_seed(estimator, random.randint(np.iinfo(np.int32).max))

    def _lessons(self, windows):
        """Subtract levels from windows, and from their last rows; return these too."""
        if self._fixed[0] == "forecast":
            levels = windows[:, -2:-1]
            return windows[:, :-1] - levels, windows[:, -1] - levels[:, 0], levels
        levels = windows[:, :-1].mean(axis=1, keepdims=True)
        return windows - levels, None, levels

    def _expected(self, windows):
        """Say what to expect of the last row of each window; NaN without a past."""
        expected = np.empty((len(windows), windows.shape[2]))
        for start in range(0, len(windows), BLOCK_ROWS):
            block = windows[start : start + BLOCK_ROWS]
            # Nothing comes before the first rows, or there is a gap since `fit`:
            # windows that are not whole are of no use, but take their place.
            is_whole = ~np.isnan(block).any(axis=(1, 2))
            inputs, _, levels = self._lessons(np.nan_to_num(block))
            answers = np.where(is_whole[:, None], self._ask(inputs), np.nan)
            expected[start : start + BLOCK_ROWS] = answers + levels[:, 0]
        return expected

    def _ask(self, inputs):
        """Ask the estimator for the last row of windows, less their level."""
        if self._fixed[0] == "reconstruction":
            return self.estimator_.reconstruct(inputs)[:, -1]
        answers = self.estimator_.predict(reshape_for(self.estimator_, inputs))
        answers = answers.reshape(len(inputs), -1)
        if answers.shape[1] != inputs.shape[2]:
            raise ValueError(
                f"The estimator predicts {answers.shape[1]} numbers of a row, but rows "
                f"have {inputs.shape[2]}. Pass one that predicts several outputs."
            )
        return answers

    def _smoothed(self, distances, table):
        """Average distances over the rows before, series by series."""
        halflife = self._fixed[2]
        if halflife is None:
            return distances
        averages = distances.copy()
        for rows in table.rows.values():
            averages[rows] = smoothed(distances[rows], halflife)
        return averages

    def _names(self, table):
        """Name the readings."""
        names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
        return names[table.columns]

    def __sklearn_is_fitted__(self):
        return hasattr(self, "offset_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
