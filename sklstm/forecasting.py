"""Forecasting: series in, their next steps out."""

from copy import copy
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import TimeSeriesSplit, check_cv
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklstm._core.nested import clone_with_seed, warm_start_copy
from sklstm._core.sklearn_compat import HasMethods, Interval, StrOptions, fit_context
from sklstm._forecast.backtest import (
    compare,
    compare_next,
    read_splits,
    score_forecasts,
)
from sklstm._forecast.baselines import least_wrong
from sklstm._forecast.conformal import Calibration, hold_back
from sklstm._forecast.covariates import check_lengths, exogenous_of, part_of
from sklstm._forecast.fitted import Learnt
from sklstm._forecast.history import Known, unit_of
from sklstm._forecast.panel import read_series
from sklstm._forecast.residual_model import Correctors, Recipe, quantile_levels
from sklstm._forecast.settings import (
    Plan,
    check_positive,
    fitting_window_size,
    takes_logarithms,
)
from sklstm._input.frequency import steps_per_cycle
from sklstm.regression import LSTMRegressor

__all__ = ["LSTMForecaster", "score_forecasts"]

NAIVE = ("last", "mean", "season", "growth")
# What a warm start cannot change.
FIXED = (
    "window_size",
    "horizon",
    "strategy",
    "season_length",
    "baseline",
    "log",
    "n_estimators",
)
# First step size of a default network that goes on, a tenth of what it began with: few
# windows shall not undo what many have taught.
GENTLE = 0.001
# How many windows the default network is shown, over all epochs.
WINDOWS_SEEN = 300_000


class LSTMForecaster(BaseEstimator):
    """Forecast the next steps of one series, or of thousands.

    A naive forecast that fits the series, such as last year's month moved by recent
    growth, is corrected by a regressor on windows, an LSTM by default. One regressor
    learns from all series together. How much of its correction is trusted is learnt on
    the last windows, which it has not seen; their errors make the intervals.

    Parameters
    ----------
    regressor : estimator or None, default=None
        What learns the corrections, cloned for each fit: any regressor that takes
        windows of shape (n_windows, window_size, n_features), or rows of shape
        (n_windows, window_size * n_features) if its tags say that it takes no more. The
        features are the series, the columns of X and of the `date_features`, and those known
        ahead once more, `horizon` steps later. It must predict several outputs, unless
        the strategy is "recursive" or the horizon 1. If it has learnt quantiles, as an
        :class:`LSTMRegressor` with ``loss="quantile"`` has, they become the intervals.
        Its seeds are set from `random_state`. None is an :class:`LSTMRegressor` with
        ``loss="absolute_error"``, batches of 64 and a step size that falls along a
        cosine for 30 epochs: fewer beyond 10 000 windows, so that these see it 300 000
        times, and 3 at least.

    window_size : int or "auto", default="auto"
        How many readings the regressor sees. "auto" is one cycle and three steps, or
        a quarter more than `horizon` and at least 10 where there is no cycle; less for
        series that are too short for that. Naive forecasts see no more either: with
        less than a cycle, "season" and "growth" fall back to the last reading.

    horizon : int, default=12
        How many steps to forecast.

    strategy : {"direct", "recursive"}, default="direct"
        Whether one regressor forecasts all steps at once, or one step after the other,
        each from the forecasts before it.

    season_length : int or None, default=None
        Steps of a cycle, such as 12 for months. None takes it from the frequency of the
        index: 12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business
        days, a day's steps for hours and minutes, an hour's for seconds; 1, no cycle,
        without a frequency. Of several series, the longest of their cycles.

    baseline : {"auto", "last", "mean", "season", "growth"}, default="auto"
        The naive forecast to correct: the last reading; the mean of the last cycle; the
        reading one cycle before; or this plus the mean difference of the last three
        readings from those one cycle before them. The window is shown less its last
        reading for "last", less the mean of its last cycle for the others [1]_. "auto"
        takes the one with the least mean absolute error on all windows.

    log : bool or "auto", default="auto"
        Whether to forecast logarithms, on whose scale growth by a share is a step.
        "auto" does so if all readings are positive. Otherwise each series is divided by
        its standard deviation.

    past_covariates : "all" or sequence of names, default=()
        Columns of X that nobody knows ahead, such as the weather; positions where X is
        an array. Forecasts take them to stay as they are. All others must be given to
        :meth:`predict` for the steps to come, such as prices and holidays.

    date_features : sequence of {"minute", "hour", "day_of_week", "day", "day_of_year", \
            "month", "quarter"}, default=()
        Parts of the date to show the regressor, each as sine and cosine. Only for
        series with dates or periods.

    n_estimators : int, default=1
        How many regressors to fit, with different seeds. Their median corrects.

    calibration_fraction : float or None, default=0.2
        Share of the windows of each series, the last ones, to learn trust and intervals
        on, in (0, 1). The regressors learn them afterwards. None trusts in full, fits
        once instead of twice and has no intervals.

    warm_start : bool, default=False
        Whether `fit` goes on with the regressors of the last fit, to learn from few
        readings after many series like them. Logarithms, the window size, the naive
        forecast, trust and the errors behind intervals stay. The regressors need a
        `warm_start` of their own; the default ones then take a tenth of their step
        size, others the parameters of `regressor`. Series too short for a window and
        its targets are only forecast.

    random_state : int, RandomState instance or None, default=None
        Seeds the first weights, the order of the windows and dropout. Pass an int to
        get the same model from every fit; global generators are never touched.

    Attributes
    ----------
    estimators_ : list of estimator of length n_ensemble
        The fitted regressors.

    baseline_ : str
        The naive forecast that is corrected, one of those of `baseline`.

    correction_weight_ : float
        Share of the correction that is added to it, from 0 to 1.

    season_length_ : int
        Steps of a cycle.

    window_size_ : int
        Readings that the regressors see.

    log_ : bool
        Whether logarithms are forecast.

    See Also
    --------
    LSTMRegressor : The network.
    SlidingWindowTransformer : Windows of a table, with other columns than the target.

    Notes
    -----
    Missing readings (NaN) are bridged in windows, on the line between their neighbours,
    and no forecast of them is learnt or judged. Those at the start are a late start,
    those at the end are carried on from the last reading, as flat as that is.

    Series too short for a window and its targets teach nothing, but are forecast.

    References
    ----------
    .. [1] A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?",
       AAAI 2023, arXiv:2205.13504.

    Examples
    --------
    >>> from sklstm import LSTMForecaster
    >>> from sklstm.datasets import load_retail_sales
    >>> sales = load_retail_sales()["2014":"2018"]
    >>> forecaster = LSTMForecaster(horizon=12, random_state=0).fit(sales)
    >>> forecaster.baseline_
    'growth'
    >>> forecaster.predict().head(2).round(-3)
    month
    2019-01    404000.0
    2019-02    392000.0
    Freq: M, Name: sales, dtype: float64
    >>> list(forecaster.predict_interval(coverage=0.9))
    ['lower', 'upper']

    Forecasts from past origins, beside naive ones:

    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from sklstm.forecasting import score_forecasts
    >>> cv = TimeSeriesSplit(n_splits=2, test_size=12)
    >>> scores = score_forecasts(forecaster.backtest(load_retail_sales()[:"2019"], cv))
    >>> bool(scores["MASE"]["forecast"] < scores["MASE"]["baseline"])
    True
    """

    def __init__(
        self,
        regressor=None,
        *,
        window_size="auto",
        horizon=12,
        strategy="direct",
        season_length=None,
        baseline="auto",
        log="auto",
        past_covariates=(),
        date_features=(),
        n_estimators=1,
        calibration_fraction=0.2,
        warm_start=False,
        random_state=None,
    ):
        self.regressor = regressor
        self.window_size = window_size
        self.horizon = horizon
        self.strategy = strategy
        self.season_length = season_length
        self.baseline = baseline
        self.log = log
        self.past_covariates = past_covariates
        self.date_features = date_features
        self.n_estimators = n_estimators
        self.calibration_fraction = calibration_fraction
        self.warm_start = warm_start
        self.random_state = random_state

    _parameter_constraints: dict = {
        "regressor": [HasMethods(["fit", "predict"]), None],
        "window_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"direct", "recursive"})],
        "season_length": [Interval(Integral, 1, None, closed="left"), None],
        "baseline": [StrOptions({"auto", *NAIVE})],
        "log": [StrOptions({"auto"}), "boolean"],
        "past_covariates": [StrOptions({"all"}), "array-like"],
        "date_features": ["array-like"],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
    }

    @fit_context
    def fit(self, y, X=None):
        """Learn from one series or many.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            Readings a step apart, NaN where one is missing. One series: an array of
            shape (n_timesteps,) or a Series whose index holds dates, periods, durations
            or integers. Many: an array of shape (n_timesteps, n_series) or a
            DataFrame, one column each; a Series or a DataFrame of one column whose
            MultiIndex is (series, time); or a list of arrays or Series.

        X : array-like, DataFrame, list of them or None, default=None
            Finite numbers that stand beside the readings, of shape (n_timesteps,
            n_columns): rows in the order of the readings, or a DataFrame with the times
            of a y that has times, and of others if need be. Of many series, one for
            all; a DataFrame with a MultiIndex (series, time); or a list with one for
            each. Columns that `past_covariates` does not name must be known ahead:
            :meth:`predict` wants them.

        Returns
        -------
        self : LSTMForecaster
            The fitted estimator.

        Raises
        ------
        ValueError
            If y holds no series, as text, infinity, nothing but NaN, or times that are
            not a step apart; if all series are too short; if ``log=True`` and a reading
            is not positive; if X lacks a time or holds anything but finite numbers; or
            if `date_features` finds no dates.
        """
        panel = read_series(y)
        if X is not None:
            check_lengths(X, panel)
        exogenous = exogenous_of(X, panel, self.past_covariates, self.date_features)
        columns = exogenous.past(X, panel)
        return self._learn(panel, exogenous, columns)

    def _learn(self, panel, exogenous, columns):
        """Fit on series, and on columns beside them, that were read."""
        goes_on = self.warm_start and hasattr(self, "estimators_")
        plan = (self._plan_again if goes_on else self._new_plan)(panel, exogenous)
        units = [unit_of(one.values, plan.is_log) for one in panel.series]
        known = Known(panel, columns, units)
        lessons, ends = known.lessons(plan.window_size, self.horizon)
        if not goes_on:
            plan = plan._replace(naive=self._choose_naive(lessons, plan))
        random = check_random_state(self.random_state)
        seeds = random.randint(np.iinfo(np.int32).max, size=self.n_estimators)
        if goes_on:
            calibration = self._learnt.calibration
            new_correctors = partial(self._correctors_again, seeds)
        else:
            new_correctors = partial(self._new_correctors, plan, known, seeds)
            calibration = self._calibrate(plan, known, lessons, ends, new_correctors)
        if self.strategy == "recursive":
            lessons, _ = known.lessons(plan.window_size, 1)
        correctors = new_correctors(len(lessons.windows)).fit(lessons)
        self._learnt = Learnt(plan, self.horizon, correctors, calibration)
        self._known, self._exogenous = known, exogenous
        self._fixed = self._what_is_fixed(exogenous)
        self.season_length_, self.log_, self.window_size_, self.baseline_ = plan
        self.estimators_, self.correction_weight_ = (
            correctors.regressors,
            calibration.trust,
        )
        return self

    def predict(self, horizon=None, *, X=None, last_window=None):
        """Forecast the next steps of every series.

        Parameters
        ----------
        horizon : int or None, default=None
            How many steps, at most those of the fit with ``strategy="direct"``. None is
            those of the fit.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known ahead, for the next steps, as in :meth:`fit`; with
            ``strategy="direct"`` for all steps of the fit. Not needed without such.
            With `last_window` all columns of the fit, for its steps and then the next.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Readings to forecast from in place of those known, such as those of series
            that the fit has not seen. Of any length; as y in :meth:`fit`. As many
            series of the same names, or without names, have the units of the fit;
            others their own, and those known by their name that of the fit.

        Returns
        -------
        forecasts : ndarray, Series, DataFrame or list of them
            Of the kind of y in fit, or of `last_window`, with the times that follow it.

        Raises
        ------
        ValueError
            If X lacks the columns known ahead for a step, which is named; if the fit
            forecast fewer steps; or if `last_window` is no series.
        """
        known, n_steps = self._known_ahead(horizon, X, last_window)
        return known.answer(self._learnt.forecasts([known], n_steps)[0])

    def predict_interval(self, horizon=None, *, coverage=0.9, X=None, last_window=None):
        """Forecast intervals that hold a share of the truths, step by step.

        They are as wide as the errors on the last windows were before the regressors
        had seen them, split-conformal intervals. They hold their share on average over
        series that go on as they were, and some per cent less where there are few
        windows, which overlap and on which trust was chosen too; no interval is wider
        than the largest error. Errors of several series are compared in units of how
        much each moves: its mean absolute difference of readings one cycle apart [1]_.
        On logarithms intervals are wider above the forecast than below.

        A regressor with ``loss="quantile"`` gives its quantiles instead, wide where it
        expects much; those of the last windows, which it had not seen, say how far to
        move them until they hold their share [2]_.

        Parameters
        ----------
        horizon : int or None, default=None
            How many steps, at most those of the fit. None is those of the fit.

        coverage : float, default=0.9
            Share of truths to hold, in (0, 1).

        X : array-like, DataFrame, list of them or None, default=None
            The columns known ahead, as in :meth:`predict`.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Readings to forecast from in place of those known, as in :meth:`predict`.

        Returns
        -------
        intervals : ndarray, DataFrame or list of them
            Like the answer of :meth:`predict`, with the columns "lower" and "upper"; of
            an array the last axis is these two.

        Raises
        ------
        ValueError
            As :meth:`predict`; if the fit forecast fewer steps; if it had
            ``calibration_fraction=None``, but for regressors that have learnt
            quantiles; or if these are others than ``(1 - coverage) / 2`` and
            ``(1 + coverage) / 2``.

        References
        ----------
        .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression",
           JASA 113(523), 2018, 1094-1111, section 5.2.
        .. [2] Y. Romano, E. Patterson and E. J. Candes, "Conformalized Quantile
           Regression", NeurIPS 2019, arXiv:1905.03222.
        """
        _check_share(coverage, "coverage")
        quantiles = [(1 - coverage) / 2, (1 + coverage) / 2]
        return self._bands(horizon, X, last_window, quantiles, ["lower", "upper"])

    def predict_quantiles(
        self, horizon=None, *, quantiles=(0.1, 0.5, 0.9), X=None, last_window=None
    ):
        """Forecast quantiles of every step; they do not cross.

        Parameters
        ----------
        horizon : int or None, default=None
            How many steps, at most those of the fit. None is those of the fit.

        quantiles : sequence of float, default=(0.1, 0.5, 0.9)
            Levels in (0, 1). That of 0.5 is the forecast; the others are the ends of
            intervals around it.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known ahead, as in :meth:`predict`.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Readings to forecast from in place of those known, as in :meth:`predict`.

        Returns
        -------
        forecasts : ndarray, DataFrame or list of them
            Like the answer of :meth:`predict`, with a column per level; of an array the
            last axis is the levels.

        Raises
        ------
        ValueError
            As :meth:`predict_interval`; and if a level is none.
        """
        if np.ndim(quantiles) != 1 or not len(quantiles):
            raise ValueError(
                f"quantiles must be a sequence of levels, got {quantiles!r}. Pass a "
                "tuple such as (0.1, 0.5, 0.9)."
            )
        for level in quantiles:
            _check_share(level, "Every level of quantiles")
        return self._bands(horizon, X, last_window, quantiles, list(quantiles))

    def score(self, y, X=None):
        """Score forecasts of the readings that follow, greater is better.

        With it :class:`~sklearn.model_selection.GridSearchCV` tunes a forecaster:
        ``GridSearchCV(forecaster, grid, cv=TimeSeriesSplit(test_size=12)).fit(y, X)``.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            The readings since, as in :meth:`update`, without learning or remembering
            them. Those behind the horizon are left out. Only an index tells whether
            they follow: without, any split passes, as those of
            :class:`~sklearn.model_selection.KFold`.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known ahead, as in :meth:`predict`: with ``strategy="direct"``
            for all steps of the fit, so that a split needs as many to test on.

        Returns
        -------
        score : float
            Minus the mean absolute error, in units of the mean absolute difference of
            readings one cycle apart that were known, a cycle as the frequency of y
            suggests it; of neighbours without. 0 is perfect. It is minus the MASE of
            :func:`sklstm.forecasting.score_forecasts` where `season_length` is None.

        Raises
        ------
        ValueError
            As :meth:`update` and :meth:`predict`; and if y has no reading, or no series
            has moved before.
        """
        check_is_fitted(self)
        later = read_series(y, is_whole=False)
        panel = self._known.panel.followed_by(later)
        known, n_steps = self._known_ahead(None, X)
        forecasts = known.leave(self._learnt.forecasts([known], n_steps)[0])
        past = self._known.panel
        # A scale that no parameter changes.
        season_length = max(map(steps_per_cycle, past.times))
        comparison = compare_next(past, panel, forecasts, season_length)
        score = -score_forecasts(comparison).loc["forecast", "MASE"]
        if np.isnan(score):
            raise ValueError(
                "There is nothing to score by: y has no reading within the horizon of "
                f"{n_steps} steps, or no series has moved before."
            )
        return float(score)

    @fit_context
    def backtest(self, y, cv=None, X=None, *, refit=True):
        """Forecast from past origins, and put what came beside it.

        The forecaster itself stays as it is: copies of it are fitted.

        Parameters
        ----------
        y : array-like, Series or DataFrame
            One series, or many with one column each, as in :meth:`fit`.

        cv : splitter, iterable or None, default=None
            Splits in time, such as :class:`~sklearn.model_selection.TimeSeriesSplit`
            with ``test_size=horizon``. What comes after the horizon is left out. None
            is five such splits.

        X : array-like, DataFrame, list of them or None, default=None
            Columns beside the readings, as in :meth:`fit`, and those known ahead as far
            as the last forecast goes.

        refit : bool, default=True
            Whether to fit anew at each origin. False fits at the first one only and
            takes later readings as :meth:`update` does: many times faster.

        Returns
        -------
        backtest : DataFrame
            One row per series, origin and step: "series", its name; "origin", the time
            of the last reading known; "step" from 1; "time"; "actual"; "forecast";
            "baseline", the reading one cycle before, the last one without a cycle; and
            "scale", the mean absolute difference of readings one cycle apart before the
            origin. Rows whose truth is missing are left out.

        Raises
        ------
        ValueError
            As :meth:`fit`; and if the series differ in length, or a split does not go
            on in time.

        See Also
        --------
        sklstm.forecasting.score_forecasts : Sums it up as MASE, sMAPE and RMSE.
        """
        panel = read_series(y)
        lengths = {len(one.values) for one in panel.series}
        if len(lengths) > 1:
            raise ValueError(
                "The series of a backtest must have one length, got "
                f"{sorted(lengths)}. Pass a DataFrame with a column for each, NaN "
                "where one starts late."
            )
        n_timesteps = lengths.pop()
        splits = check_cv(TimeSeriesSplit(test_size=self.horizon) if cv is None else cv)
        positions = np.arange(n_timesteps)[:, None]
        origins = read_splits(splits.split(positions), self.horizon)
        exogenous = exogenous_of(X, panel, self.past_covariates, self.date_features)
        n_ahead = max(n_known for n_known, _ in origins) + self.horizon - n_timesteps
        columns = exogenous.past_and_future(X, panel, n_ahead)
        pasts = [panel.until(n_known) for n_known, _ in origins]
        forecasts = []
        for group in [[past] for past in pasts] if refit else [pasts]:
            forecaster = clone(self)._learn(group[0], exogenous, columns)
            knowns = [forecaster._known_again(past) for past in group]
            answers = forecaster._learnt.forecasts(knowns, self.horizon)
            pairs = zip(knowns, answers, strict=True)
            forecasts += [known.leave(answer) for known, answer in pairs]
        return compare(panel, origins, np.array(forecasts), forecaster.season_length_)

    def update(self, y, X=None):
        """Take new readings into account, without learning from them.

        The next forecast begins after them.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            The readings since, of the same kind as y in :meth:`fit`; NaN where one is
            missing, one reading is enough.

        X : array-like, DataFrame, list of them or None, default=None
            All columns of the fit beside these readings; None if it had none.

        Returns
        -------
        self : LSTMForecaster
            The estimator.

        Raises
        ------
        ValueError
            If the series are others than in fit, do not begin at the next step, or are
            no series; or if X lacks a column or a time.
        """
        check_is_fitted(self)
        later = read_series(y, is_whole=False)
        if X is not None:
            check_lengths(X, later)
        columns = self._exogenous.past(X, later)
        known = self._known.followed_by(later, columns)
        if self.log_:
            check_positive(known.panel)
        self._known = known
        return self

    def _new_plan(self, panel, exogenous):
        """Find the cycle, whether to forecast logarithms, and the size of windows."""
        season_length = self.season_length or max(map(steps_per_cycle, panel.times))
        # Columns known ahead are shown in a window that ends with the last step.
        is_long = exogenous.is_ahead.any() and self.strategy == "direct"
        window_size = fitting_window_size(
            self.window_size,
            panel,
            season_length=season_length,
            horizon=self.horizon,
            reach=self.horizon if is_long else 1,
            calibration_fraction=self.calibration_fraction,
        )
        return Plan(season_length, takes_logarithms(self.log, panel), window_size)

    def _plan_again(self, panel, exogenous):
        """Return the plan of the last fit, if this one can go on with it."""
        if self.log_:
            check_positive(panel)
        for name, value in self._what_is_fixed(exogenous).items():
            if value != self._fixed[name]:
                raise ValueError(
                    f"warm_start=True goes on with the {name} of the last fit, "
                    f"{self._fixed[name]}, got {value}. Keep it, or pass "
                    "warm_start=False to begin anew."
                )
        return self._learnt.plan

    def _what_is_fixed(self, exogenous):
        """Name what a fit that goes on with another cannot change."""
        is_ahead = zip(exogenous.names, exogenous.is_ahead.tolist(), strict=True)
        return {
            **{name: getattr(self, name) for name in FIXED},
            "kind of regressor": type(self.regressor).__name__,
            "columns of X, and which are known ahead,": list(is_ahead),
            "date_features": exogenous.date_features,
        }

    def _choose_naive(self, lessons, plan):
        """Choose what to correct."""
        if not len(lessons.windows):
            raise ValueError(
                f"Missing readings leave no {self.horizon} steps to learn from behind "
                f"{plan.window_size} others. Fill them, or lower horizon."
            )
        if self.baseline != "auto":
            return self.baseline
        kinds = NAIVE if plan.season_length > 1 else NAIVE[:1]
        return least_wrong(kinds, lessons.windows, lessons.targets, plan.season_length)

    def _calibrate(self, plan, known, lessons, ends, new_correctors):
        """Learn on early lessons how far to trust corrections, and what errors stay."""
        if self.calibration_fraction is None:
            return Calibration()
        is_early, is_held, numbers = hold_back(
            ends, self.horizon, self.calibration_fraction
        )
        early, held = lessons.take(is_early), lessons.take(is_held)
        if not len(early.windows):
            raise ValueError(
                "Missing readings leave no window to learn from before those that are "
                "held back. Pass calibration_fraction=None, or fill the readings."
            )
        correctors = new_correctors(len(early.windows)).fit(early)
        moves = known.moves(plan.season_length)
        moves[moves == 0] = 1
        return Calibration.of_held(correctors, held, moves[numbers])

    def _new_correctors(self, plan, known, seeds, n_windows):
        """Make a regressor for each seed, to be fitted on so many windows."""
        n_at_once = 1 if self.strategy == "recursive" else self.horizon
        is_ahead = known.columns[0].is_ahead
        recipe = Recipe(plan.naive, plan.season_length, n_at_once, is_ahead)
        regressor = self.regressor
        if regressor is None:
            regressor = _default_regressor(n_windows)
        levels = quantile_levels(regressor)
        if levels and n_at_once < self.horizon:
            raise ValueError(
                "A regressor of quantiles forecasts all steps at once. Pass "
                'strategy="direct".'
            )
        regressors = [clone_with_seed(regressor, seed) for seed in seeds]
        return Correctors(recipe, regressors, levels)

    def _correctors_again(self, seeds, _n_windows):
        """Copy the regressors of the last fit, to go on with."""
        parameters = {"learning_rate_init": GENTLE}
        if self.regressor is not None:
            parameters = self.regressor.get_params()
        pairs = zip(self.estimators_, seeds, strict=True)
        regressors = [
            warm_start_copy(fitted, parameters, seed) for fitted, seed in pairs
        ]
        return self._learnt.correctors._replace(regressors=regressors)

    def _known_again(self, panel):
        """Put other readings of the same series in place of those known."""
        if self.log_:
            check_positive(panel)
        return self._known.replaced(panel)

    def _known_ahead(self, horizon, X, last_window=None):
        """Say what is known, and how many steps to forecast."""
        check_is_fitted(self)
        n_steps = self._n_steps(horizon)
        n_ahead = max(n_steps, self._learnt.n_at_once)
        if last_window is not None:
            return self._known_from(last_window, X, n_ahead), n_steps
        columns = self._exogenous.future(X, self._known.panel, n_ahead)
        return self._known.reaching(columns), n_steps

    def _n_steps(self, horizon):
        """Read how many steps to forecast."""
        learnt = self._learnt
        n_steps = learnt.horizon if horizon is None else horizon
        if not isinstance(n_steps, Integral):
            raise TypeError(
                f"horizon must be an integer, got {type(n_steps).__name__}. Pass "
                "columns by name, as X=...; a search scores without `scoring`."
            )
        check_scalar(n_steps, "horizon", Integral, min_val=1)
        if n_steps > learnt.horizon and learnt.n_at_once > 1:
            raise ValueError(
                f"horizon={n_steps} is more than the {learnt.horizon} steps of the "
                'fit. Fit with a larger horizon, or with strategy="recursive".'
            )
        return n_steps

    def _known_from(self, last_window, X, n_ahead):
        """Read series to forecast in place of those known."""
        known = self._known
        panel = read_series(last_window, like=known.panel)
        if self.log_:
            check_positive(panel)
        columns = self._exogenous.past_and_future(X, panel, n_ahead)
        return Known(panel, columns, known.units_for(panel))

    def _only(self, series, X):
        """Return one series, a forecaster of nothing else, and what of X is for it."""
        place = self._known.panel.place_of(series)
        forecaster = copy(self)
        forecaster._known = self._known.only(place)
        one = forecaster._known.panel.series[0]
        return one, forecaster, part_of(X, place)

    def _bands(self, horizon, X, last_window, levels, columns):
        """Answer with quantiles around the forecast."""
        known, n_steps = self._known_ahead(horizon, X, last_window)
        return known.answer(self._learnt.quantiles(known, n_steps, levels), columns)


def _check_share(number, name):
    """Raise unless a number lies between 0 and 1."""
    if not isinstance(number, Real):
        raise TypeError(
            f"{name} must be a number between 0 and 1, got {type(number).__name__}."
        )
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {number}.")


def _default_regressor(n_windows):
    """Make a network that is shown many windows fewer times."""
    n_epochs = int(np.clip(WINDOWS_SEEN // n_windows, 3, 30))
    return LSTMRegressor(
        loss="absolute_error",
        batch_size=64,
        learning_rate="cosine",
        max_iter=n_epochs,
        n_iter_no_change=n_epochs,
    )
