"""Forecasting: series in, their next steps out."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import TimeSeriesSplit, check_cv
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklstm._backtests import compare, read_splits, score_forecasts
from sklstm._futures import (
    Lessons,
    Recipe,
    early_and_held,
    last_window,
    lessons_of,
    n_lessons_to_split,
    n_readings,
    unit_of,
    widths,
)
from sklstm._naive import N_DIFFERENCES, least_wrong, restlessness
from sklstm._series import read_series
from sklstm._sklearn import HasMethods, Interval, StrOptions, fit_context
from sklstm._times import steps_per_cycle
from sklstm.regression import LSTMRegressor

__all__ = ["LSTMForecaster", "score_forecasts"]

NAIVE = ("last", "mean", "season", "growth")
# How many windows the default network is shown, over all epochs.
WINDOWS_SEEN = 300_000
# Shares of a correction to choose the best from.
TRUST = np.arange(11) / 10


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
        windows of shape (n_windows, window_size, 1), or rows of shape
        (n_windows, window_size) if its tags say that it takes no more. It must predict
        several outputs, unless the strategy is "recursive" or the horizon 1. Its seeds
        are set from `random_state`. None is an
        :class:`LSTMRegressor` with ``loss="absolute_error"``, batches of 64 and a step
        size that falls along a cosine for 30 epochs: fewer beyond 10 000 windows, so
        that these see it 300 000 times, and 3 at least.

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

    season : int or None, default=None
        Steps of a cycle, such as 12 for months. None takes it from the frequency of the
        index: 12 for months, 4 for quarters, 52 for weeks, 7 for days, 5 for business
        days, a day's steps for hours and minutes, an hour's for seconds; 1, no cycle,
        without a frequency. Of several series, the longest of their cycles.

    normalize : {"auto", "last", "mean", "season", "growth"}, default="auto"
        The naive forecast to correct: the last reading; the mean of the last cycle; the
        reading one cycle before; or this plus the mean difference of the last three
        readings from those one cycle before them. The window is shown less its last
        reading for "last", less the mean of its last cycle for the others [1]_. "auto"
        takes the one with the least mean absolute error on all windows.

    log : bool or "auto", default="auto"
        Whether to forecast logarithms, on whose scale growth by a share is a step.
        "auto" does so if all readings are positive. Otherwise each series is divided by
        its standard deviation.

    n_ensemble : int, default=1
        How many regressors to fit, with different seeds. Their median corrects.

    calibration_fraction : float or None, default=0.2
        Share of the windows of each series, the last ones, to learn trust and intervals
        on, in (0, 1). The regressors learn them afterwards. None trusts in full, fits
        once instead of twice and has no intervals.

    random_state : int, RandomState instance or None, default=None
        Seeds the first weights, the order of the windows and dropout. Pass an int to
        get the same model from every fit; global generators are never touched.

    Attributes
    ----------
    regressors_ : list of estimator of length n_ensemble
        The fitted regressors.

    naive_ : str
        The naive forecast that is corrected, one of those of `normalize`.

    trust_ : float
        Share of the correction that is added to it, from 0 to 1.

    season_ : int
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
    >>> forecaster.naive_
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
    >>> bool(scores["MASE"]["forecast"] < scores["MASE"]["naive"])
    True
    """

    def __init__(
        self,
        regressor=None,
        *,
        window_size="auto",
        horizon=12,
        strategy="direct",
        season=None,
        normalize="auto",
        log="auto",
        n_ensemble=1,
        calibration_fraction=0.2,
        random_state=None,
    ):
        self.regressor = regressor
        self.window_size = window_size
        self.horizon = horizon
        self.strategy = strategy
        self.season = season
        self.normalize = normalize
        self.log = log
        self.n_ensemble = n_ensemble
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    _parameter_constraints: dict = {
        "regressor": [HasMethods(["fit", "predict"]), None],
        "window_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"direct", "recursive"})],
        "season": [Interval(Integral, 1, None, closed="left"), None],
        "normalize": [StrOptions({"auto", *NAIVE})],
        "log": [StrOptions({"auto"}), "boolean"],
        "n_ensemble": [Interval(Integral, 1, None, closed="left")],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "random_state": ["random_state"],
    }

    @fit_context
    def fit(self, y):
        """Learn from one series or many.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            Readings a step apart, NaN where one is missing. One series: an array of
            shape (n_timesteps,) or a Series whose index holds dates, periods, durations
            or integers. Many: an array of shape (n_timesteps, n_series) or a
            DataFrame, one column each; a Series or a DataFrame of one column whose
            MultiIndex is (series, time); or a list of arrays or Series.

        Returns
        -------
        self : LSTMForecaster
            The fitted estimator.

        Raises
        ------
        ValueError
            If y holds no series, as text, infinity, nothing but NaN, or times that are
            not a step apart; if all series are too short; or if ``log=True`` and a
            reading is not positive.
        """
        return self._learn(read_series(y))

    def _learn(self, panel):
        """Fit on series that were read."""
        self._choose_scale(panel)
        self._choose_window_size(panel)
        lessons, ends = self._cut(panel, self.horizon)
        self._choose_naive(lessons)
        random = check_random_state(self.random_state)
        seeds = random.randint(np.iinfo(np.int32).max, size=self.n_ensemble)
        self._calibrate(panel, lessons, ends, seeds)
        if self.strategy == "recursive":
            lessons, _ = self._cut(panel, 1)
        self.regressors_ = self._trained(lessons, seeds)
        self._panel, self._horizon = panel, self.horizon
        return self

    def predict(self, horizon=None):
        """Forecast the next steps of every series.

        Parameters
        ----------
        horizon : int or None, default=None
            How many steps, at most those of the fit with ``strategy="direct"``. None is
            those of the fit.

        Returns
        -------
        forecasts : ndarray, Series, DataFrame or list of them
            Of the kind of y in fit, with the times that follow it.
        """
        return self._answer(self._forecast(horizon))

    def predict_interval(self, horizon=None, coverage=0.9):
        """Forecast intervals that hold a share of the truths, step by step.

        They are as wide as the errors on the last windows were before the regressors
        had seen them, split-conformal intervals. They hold their share on average over
        series that go on as they were, and some per cent less where there are few
        windows, which overlap and on which trust was chosen too; no interval is wider
        than the largest error. Errors of several series are compared in units of how
        much each moves: its mean absolute difference of readings one cycle apart [1]_.
        On logarithms intervals are wider above the forecast than below.

        Parameters
        ----------
        horizon : int or None, default=None
            How many steps, at most those of the fit. None is those of the fit.

        coverage : float, default=0.9
            Share of truths to hold, in (0, 1).

        Returns
        -------
        intervals : ndarray, DataFrame or list of them
            Like the answer of :meth:`predict`, with the columns "lower" and "upper"; of
            an array the last axis is these two.

        Raises
        ------
        ValueError
            If the fit had ``calibration_fraction=None``.

        References
        ----------
        .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression",
           JASA 113(523), 2018, 1094-1111, section 5.2.
        """
        check_scalar(
            coverage,
            "coverage",
            Real,
            min_val=0,
            max_val=1,
            include_boundaries="neither",
        )
        quantiles = [(1 - coverage) / 2, (1 + coverage) / 2]
        return self._bands(horizon, quantiles, ["lower", "upper"])

    def predict_quantiles(self, quantiles=(0.1, 0.5, 0.9), horizon=None):
        """Forecast quantiles of every step; they do not cross.

        Parameters
        ----------
        quantiles : sequence of float, default=(0.1, 0.5, 0.9)
            Levels in (0, 1). That of 0.5 is the forecast; the others are the ends of
            intervals around it.

        horizon : int or None, default=None
            How many steps, at most those of the fit. None is those of the fit.

        Returns
        -------
        forecasts : ndarray, DataFrame or list of them
            Like the answer of :meth:`predict`, with a column per level; of an array the
            last axis is the levels.

        Raises
        ------
        ValueError
            If the fit had ``calibration_fraction=None``, or a level is none.
        """
        if np.ndim(quantiles) != 1 or not len(quantiles):
            raise ValueError(
                f"quantiles must be a sequence of levels, got {quantiles!r}. Pass a "
                "tuple such as (0.1, 0.5, 0.9)."
            )
        for level in quantiles:
            check_scalar(
                level,
                "Every level of quantiles",
                Real,
                min_val=0,
                max_val=1,
                include_boundaries="neither",
            )
        return self._bands(horizon, quantiles, list(quantiles))

    @fit_context
    def backtest(self, y, cv=None, *, refit=True):
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

        refit : bool, default=True
            Whether to fit anew at each origin. False fits at the first one only and
            takes later readings as :meth:`update` does: many times faster.

        Returns
        -------
        backtest : DataFrame
            One row per series, origin and step: "series", its name; "origin", the time
            of the last reading known; "step" from 1; "time"; "truth"; "forecast";
            "naive", the reading one cycle before, the last one without a cycle; and
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
        splits = check_cv(TimeSeriesSplit(test_size=self.horizon) if cv is None else cv)
        positions = np.arange(lengths.pop())[:, None]
        origins = read_splits(splits.split(positions), self.horizon)
        forecaster, forecasts = None, []
        for n_known, _ in origins:
            known = panel.until(n_known)
            if forecaster is None or refit:
                forecaster = clone(self)._learn(known)
            if forecaster.log_:
                _check_positive(known)
            forecaster._panel = known
            forecasts.append(forecaster._leave(forecaster._forecast(None)))
        return compare(panel, origins, np.array(forecasts), forecaster.season_)

    def update(self, y):
        """Take new readings into account, without learning from them.

        The next forecast begins after them.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            The readings since, of the same kind as y in :meth:`fit`; NaN where one is
            missing, one reading is enough.

        Returns
        -------
        self : LSTMForecaster
            The estimator.

        Raises
        ------
        ValueError
            If the series are others than in fit, do not begin at the next step, or are
            no series.
        """
        check_is_fitted(self)
        panel = self._panel.followed_by(read_series(y, is_whole=False))
        if self.log_:
            _check_positive(panel)
        self._panel = panel
        return self

    def _choose_scale(self, panel):
        """Find the cycle, and the unit of each series."""
        self.season_ = self.season or max(
            steps_per_cycle(one.times) for one in panel.series
        )
        self.log_ = self.log
        if self.log == "auto":
            self.log_ = all(np.nanmin(one.values) > 0 for one in panel.series)
        elif self.log:
            _check_positive(panel)
        self._units = [unit_of(one.values, self.log_) for one in panel.series]

    def _choose_window_size(self, panel):
        """Find a window size that leaves enough lessons, or raise."""
        n_lessons = 1
        if self.calibration_fraction is not None:
            n_lessons = n_lessons_to_split(self.horizon, self.calibration_fraction)
        longest = max(n_readings(one.values) for one in panel.series)
        n_left = longest - self.horizon - n_lessons + 1
        size = self.window_size
        if size == "auto":
            size = max(10, int(np.ceil(1.25 * self.horizon)))
            if self.season_ > 1:
                size = self.season_ + N_DIFFERENCES
            size = min(size, max(1, n_left))
        if size > n_left:
            raise ValueError(
                f"y is too short: its longest series has {longest} readings, but "
                f"window_size={size}, horizon={self.horizon} and calibration_fraction="
                f"{self.calibration_fraction} need {longest + size - n_left}. Lower "
                "one of the three, or pass calibration_fraction=None."
            )
        self.window_size_ = size

    def _cut(self, panel, horizon):
        """Cut all series into lessons, and say where the targets of each begin."""
        cut = [
            lessons_of(unit.enter(one.values), self.window_size_, horizon)
            for unit, one in zip(self._units, panel.series, strict=True)
        ]
        lessons, ends = zip(*cut, strict=True)
        lessons = Lessons.of_all(lessons)
        if not len(lessons.windows):
            raise ValueError(
                f"Missing readings leave no {horizon} steps to learn from behind "
                f"{self.window_size_} others. Fill them, or lower horizon."
            )
        return lessons, ends

    def _choose_naive(self, lessons):
        """Choose what to correct."""
        self.naive_ = self.normalize
        if self.normalize == "auto":
            kinds = NAIVE if self.season_ > 1 else NAIVE[:1]
            self.naive_ = least_wrong(kinds, *lessons, self.season_)
        n_at_once = 1 if self.strategy == "recursive" else self.horizon
        self._recipe = Recipe(self.naive_, self.season_, n_at_once)

    def _moves(self, panel):
        """Measure how much each series moves in its unit, (n_series,)."""
        pairs = zip(self._units, panel.series, strict=True)
        return np.array(
            [restlessness(unit.enter(one.values), self.season_) for unit, one in pairs]
        )

    def _calibrate(self, panel, lessons, ends, seeds):
        """Learn on early lessons how far to trust corrections, and what errors stay."""
        self.trust_, self._errors = 1.0, None
        if self.calibration_fraction is None:
            return
        splits = [
            early_and_held(of_series, self.horizon, self.calibration_fraction)
            for of_series in ends
        ]
        is_early, is_held = (np.concatenate(rows) for rows in zip(*splits, strict=True))
        early, held = lessons.take(is_early), lessons.take(is_held)
        if not len(early.windows):
            raise ValueError(
                "Missing readings leave no window to learn from before those that are "
                "held back. Pass calibration_fraction=None, or fill the readings."
            )
        regressors = self._trained(early, seeds)
        forecasts = self._by_trust(regressors, held.windows)
        errors = [held.targets - forecast for forecast in forecasts]
        best = int(np.argmin([np.abs(error).mean() for error in errors]))
        # Errors of calm and of restless series are compared in units of their own.
        n_held = [rows.sum() for _, rows in splits]
        moves = np.repeat(self._moves(panel), n_held)[:, None]
        moves[moves == 0] = 1
        self.trust_, self._errors = float(TRUST[best]), errors[best] / moves

    def _trained(self, lessons, seeds):
        """Fit one regressor for each seed to what the naive forecast gets wrong."""
        naive = self._recipe.forecasts(lessons.windows)
        corrections = lessons.targets[:, : naive.shape[1]] - naive
        if corrections.shape[1] == 1:
            corrections = corrections[:, 0]
        regressors = [self._new_regressor(seed, len(naive)) for seed in seeds]
        for regressor in regressors:
            regressor.fit(self._inputs(regressor, lessons.windows), corrections)
        return regressors

    def _new_regressor(self, seed, n_windows):
        """Make a regressor with a seed of its own."""
        if self.regressor is None:
            n_epochs = int(np.clip(WINDOWS_SEEN // n_windows, 3, 30))
            regressor = LSTMRegressor(
                loss="absolute_error",
                batch_size=64,
                learning_rate="cosine",
                max_iter=n_epochs,
                n_iter_no_change=n_epochs,
            )
        else:
            regressor = clone(self.regressor)
        seeded = [
            p for p in regressor.get_params() if p.split("__")[-1] == "random_state"
        ]
        return regressor.set_params(**dict.fromkeys(seeded, int(seed)))

    def _inputs(self, regressor, windows):
        """Show windows as the regressor takes them."""
        inputs = self._recipe.inputs(windows)
        if get_tags(regressor).input_tags.three_d_array:
            return inputs
        return np.nan_to_num(inputs[:, :, 0])

    def _corrections(self, regressors, windows):
        """Median of what regressors add to the naive forecast, (n_windows, horizon)."""
        answers = [r.predict(self._inputs(r, windows)) for r in regressors]
        return np.median(answers, axis=0).reshape(len(windows), -1)

    def _by_trust(self, regressors, windows):
        """Forecast what follows windows once for each share of trust."""
        if self._recipe.horizon < self.horizon:
            # Corrections depend on forecasts before them, and so on the trust.
            return [
                self._go_on(regressors, share, windows, self.horizon) for share in TRUST
            ]
        naive = self._recipe.forecasts(windows)
        corrections = self._corrections(regressors, windows)
        return [naive + share * corrections for share in TRUST]

    def _go_on(self, regressors, trust, windows, horizon):
        """Forecast what follows windows, (n_windows, horizon)."""
        n_known = windows.shape[1]
        while windows.shape[1] < n_known + horizon:
            latest = windows[:, -n_known:]
            step = self._recipe.forecasts(latest)
            if np.any(trust):
                step += trust * self._corrections(regressors, latest)
            windows = np.hstack([windows, step])
        return windows[:, n_known : n_known + horizon]

    def _forecast(self, horizon):
        """Forecast each series in its own unit, (n_series, horizon)."""
        check_is_fitted(self)
        if horizon is None:
            horizon = self._horizon
        check_scalar(horizon, "horizon", Integral, min_val=1)
        if horizon > self._horizon and self._recipe.horizon > 1:
            raise ValueError(
                f"horizon={horizon} is more than the {self._horizon} steps of the fit. "
                'Fit with a larger horizon, or with strategy="recursive".'
            )
        windows = [
            last_window(unit.enter(one.values), self.window_size_)
            for unit, one in zip(self._units, self._panel.series, strict=True)
        ]
        # What has never moved is not corrected, by what others taught either.
        trust = self.trust_ * (self._moves(self._panel)[:, None] > 0)
        return self._go_on(self.regressors_, trust, np.stack(windows), horizon)

    def _bands(self, horizon, quantiles, columns):
        """Answer with quantiles around the forecast."""
        forecasts = self._forecast(horizon)
        if self._errors is None:
            raise ValueError(
                "Without held windows there are no intervals. Fit with a "
                "calibration_fraction, such as 0.2."
            )
        n_steps = forecasts.shape[1]
        if n_steps > self._horizon:
            raise ValueError(
                f"horizon={n_steps} is more than the {self._horizon} steps of the fit, "
                "whose errors are known. Fit with a larger horizon."
            )
        distances = [
            np.sign(level - 0.5) * widths(self._errors, abs(2 * level - 1))
            for level in quantiles
        ]
        distances = np.stack(distances, axis=-1)[:n_steps]  # (n_steps, n_quantiles)
        bands = (
            forecasts[:, :, None] + self._moves(self._panel)[:, None, None] * distances
        )
        return self._answer(bands, columns)

    def _answer(self, forecasts, columns=None):
        """Put forecasts on the scale, and into the container, of y."""
        return self._panel.answer(self._leave(forecasts), columns)

    def _leave(self, forecasts):
        """Put forecasts on the scale of y."""
        pairs = zip(self._units, forecasts, strict=True)
        return [unit.leave(forecast) for unit, forecast in pairs]


def _check_positive(panel):
    """Raise unless every reading has a logarithm."""
    for one in panel.series:
        if np.nanmin(one.values) <= 0:
            raise ValueError(
                "Logarithms need positive readings, but y holds "
                f'{np.nanmin(one.values)}. Pass log=False, or log="auto", to fit.'
            )
