"""Forecasting: predict the next steps of one series or many."""

from collections.abc import Hashable, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import TimeSeriesSplit, check_cv
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted, check_scalar

from sklstm._core.auto import with_small_networks
from sklstm._core.defaults import TunableDefault
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
from sklstm._forecast.backtest import (
    compare_next,
    compare_origins,
    read_splits,
    score_forecasts,
)
from sklstm._forecast.baselines import BASELINES
from sklstm._forecast.bases import BASES
from sklstm._forecast.checks import (
    check_levels,
    check_not_swapped,
    common_length,
    interval_levels,
    warn_if_end_is_missing,
    warn_if_fitted,
)
from sklstm._forecast.covariates import check_lengths, covariate_spec
from sklstm._forecast.fitting import continue_fit, fit_new
from sklstm._forecast.history import history_of
from sklstm._forecast.horizon import read_horizon
from sklstm._forecast.panel import read_series
from sklstm._forecast.settings import (
    ForecasterSettings,
    check_unchanged,
    choose_settings,
    fixed_by_fit,
)
from sklstm._input.frequency import default_season_length
from sklstm._typing import ArrayLike, RandomState
from sklstm.regression import LSTMRegressor

__all__ = ["LSTMForecaster", "default_regressor", "score_forecasts"]


def default_regressor() -> LSTMRegressor:
    """Return the regressor that :class:`LSTMForecaster` uses if it needs one.

    It needs one for covariates and for `date_features`, and if no pretrained networks
    mix the base forecasts. The regressor minimizes the absolute error in batches of 64
    windows, with a learning rate that decays along a cosine. ``max_iter="auto"`` is
    only valid inside a forecaster. The forecaster replaces it with a number of epochs,
    from 3 to 30. Within these limits, the regressor is trained on about 300 000 windows
    in all epochs together. If the series have more than 100 000 windows, it is trained
    on a random sample of 100 000 windows. This limits the time and the memory of a fit.
    If a window has many values and covariates, the sample is smaller: its features are
    at most 20 million numbers. A regressor with another `max_iter` is trained on all
    windows.

    Returns
    -------
    regressor : LSTMRegressor
        A new regressor, not fitted.

    See Also
    --------
    LSTMForecaster : Forecast the next steps of one series or many.

    Examples
    --------
    >>> from sklstm import LSTMForecaster
    >>> from sklstm.forecasting import default_regressor
    >>> regressor = default_regressor().set_params(hidden_layer_sizes=(32,))
    >>> forecaster = LSTMForecaster(regressor, horizon=12)

    Set the same parameter without this function:

    >>> forecaster = LSTMForecaster(horizon=12)
    >>> forecaster = forecaster.set_params(regressor__hidden_layer_sizes=(32,))
    """
    regressor = LSTMRegressor(
        loss="absolute_error",
        batch_size=64,
        learning_rate="cosine",
        n_iter_no_change=30,
    )
    return regressor.set_params(max_iter="auto")


class LSTMForecaster(SummaryMixin, TunableDefault, CallbackSupportMixin, BaseEstimator):
    """Forecast the next steps of one series, or of thousands.

    The forecaster computes about thirty simple forecasts, the bases: exponential
    smoothing with many settings, the theta method, the value one season before, and
    others. LSTM networks mix the bases, correct the mixture and predict quantiles.
    These networks have already been trained, on made-up series, so they can forecast
    series that are too short to learn from. If there are enough values, :meth:`fit`
    fine-tunes them.

    With covariates, `date_features` or a regressor of your own, the mixture is the
    baseline. The regressor predicts the errors of the baseline from windows of the
    series and of the covariates. One regressor learns from all series. The forecaster
    adds a fraction of the predicted error to the baseline. This fraction, the
    correction weight, is the one with the most accurate forecasts of held-out data.

    Parameters
    ----------
    regressor : estimator or None, default=None
        Regressor for the errors of the baseline. It is cloned for each fit. It gets
        windows of shape (n_windows, window_size, n_features), or rows of shape
        (n_windows, window_size * n_features) if its tags do not allow three dimensions.
        The features are the values of the series, the columns of X and the
        `date_features`. Features that are known in the future appear a second time,
        with their values `horizon` steps later, or one step later if the strategy is
        "recursive". The regressor must predict several outputs, unless the strategy is
        "recursive" or the horizon is 1. If it predicts quantiles, such as an
        :class:`LSTMRegressor` with ``loss="quantile"``, these become the intervals. Its
        seeds are drawn from `random_state`. If None, a mixture by pretrained networks
        is not corrected unless there are covariates or `date_features`; in all other
        cases, the regressor is :func:`~sklstm.forecasting.default_regressor`, which
        also describes ``max_iter="auto"``. The parameters of this regressor can be set
        and tuned, for example `regressor__dropout`. The mixture is then corrected.

    window_size : int or "auto", default="auto"
        Number of values that the forecasts are computed from. "auto" is one season plus
        three steps for the regressor. Without a season, it is 1.25 times `horizon`, and
        at least 10. If the series are too short, it is smaller. With "auto", a mixture
        is computed from more values: 156 months, 72 quarters, 260 weeks, 399 days, 29
        days of hours or minutes (at most 4320 values), 60 steps without a season, and
        for other seasons between 60 steps and 3 seasons or more. The other baselines
        are computed from the same values as the regressor: if the value one season
        before a step is not in the window, "season" and "growth" start from the last
        value.

    horizon : int, default=12
        Number of steps to forecast.

    strategy : {"direct", "recursive"}, default="direct"
        "direct" forecasts all steps at once. "recursive" forecasts one step at a time
        and uses each forecast as an input for the next step.

    season_length : int or None, default=None
        Number of steps of a season, such as 12 for months. If None, it depends on the
        frequency of the index: 12 for months, 4 for quarters, 52 for weeks, 7 for days,
        5 for business days, the steps of one day for hours and minutes, the steps of
        one hour for seconds. Without a frequency it is 1, which means no season. With
        several series, the longest season is used.

    baseline : {"auto", "last", "mean", "season", "growth"}, default="auto"
        Baseline forecast. "last" is the last value; "mean" is the mean of the last
        season; "season" is the value one season before; "growth" is this value plus the
        mean of the last three seasonal differences. "auto" is a mixture of the bases.
        With ``strategy="recursive"``, it is the one of these four with the smallest
        mean absolute error on all windows. The regressor sees the values of a window
        minus the last one if the baseline is "last", and minus the mean of the last
        season otherwise [1]_.

    pretrained : bool, default=True
        Whether the networks that ship with sklstm mix the bases. If False, the weight
        of a base is the same at all steps. It depends on the errors of the base in
        backtests of the same series and, with fine-tuning, on those of all series. A
        regressor then always corrects the mixture. This parameter has no effect if the
        baseline is not a mixture.

    fine_tune : float or "auto", default="auto"
        Fraction of the fine-tuning of the mixture to use, from 0 to 1. Fine-tuning
        changes the biases of the output layer and three other numbers, fewer than 50
        numbers for each network. It minimizes the quantile loss on up to 2000 windows
        of all series, plus a penalty that keeps the changes small if there are few
        windows. "auto" is the fraction 0, 0.25, 0.5, 0.75 or 1 with the smallest loss
        on the held-out windows. If the series are too short for windows before the
        held-out ones, it is 0. With 0, the networks forecast as they ship, and `fit`
        only moves the intervals.

    log : bool or "auto", default="auto"
        Whether to forecast logarithms. Growth by a constant percentage is a straight
        line on a logarithmic scale. A mixture always has bases of both scales. With
        "auto", logarithms are forecast if all values passed to `fit` are positive.
        Without logarithms, each series is divided by its standard deviation. Forecasts
        and intervals of a series without negative values are not negative, unless `log`
        is False. If logarithms are forecast and a later value is 0 or negative, there
        is a warning. In place of its logarithm, the tangent of the logarithm at the
        smallest positive value of the series is used.

    past_covariates : "all" or sequence of names, default=()
        Names of the columns of X that are not known in the future, such as the weather.
        If X is an array, pass their positions. The last known value of these columns is
        carried forward. The future values of all other columns, such as prices and
        holidays, must be passed to :meth:`predict`.

    date_features : sequence of str, default=()
        Parts of the date to use as features, each as a sine and a cosine: "minute",
        "hour", "day_of_week", "day", "day_of_year", "month" or "quarter". The series
        must have dates or periods.

    n_estimators : int, default=1
        Number of regressors to fit, with different seeds. The median of their
        predictions is used. It has no effect if there is no regressor.

    calibration_fraction : float or None, default=0.2
        Fraction of the windows of each series to hold out, in (0, 1). The last windows
        are held out. The correction weight, the fraction of the fine-tuning and the
        intervals are computed on them. The regressors are then fitted again on all
        windows. If None, no windows are held out: the correction weight is 1, the
        fine-tuning is complete, and everything is fitted only once. There are only
        intervals if the baseline is a mixture, which predicts quantiles, or if the
        regressor predicts them.

    warm_start : bool, default=False
        Whether `fit` continues to train the regressors of the last fit. A series with
        few values can then profit from an earlier fit to similar series. The new fit
        keeps the window size, the baseline with its fine-tuning, the choice of
        logarithms, the correction weight and the errors that give the width of the
        intervals. The regressors must have a parameter `warm_start`. A regressor with
        ``max_iter="auto"`` keeps its number of epochs, and its learning rate is divided
        by ten. Series that are too short for a window and its targets are not used for
        training, but they can be forecast.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the windows and dropout. Pass an int
        for reproducible results. The global random generators are not used.

    Attributes
    ----------
    estimators_ : list of estimator of length n_estimators
        Fitted regressors. Empty if there is no regressor.

    baseline_ : str
        Baseline forecast in use: "weighted" for a mixture of the bases, or "last",
        "mean", "season" or "growth".

    baseline_weights_ : DataFrame of shape (n_series, n_bases)
        Weight of each base for each series, averaged over the steps of the forecast.
        Defined only if `baseline_` is "weighted".

    tuning_weight_ : float
        Fraction of the fine-tuning in use, from 0 to 1.

    correction_weight_ : float
        Fraction of the predicted error that is added to the baseline, from 0 to 1. 0 if
        there is no regressor.

    season_length_ : int
        Number of steps of a season.

    window_size_ : int
        Number of values that the regressors see. Without regressors, number of values
        that the mixture is computed from.

    log_ : bool
        Whether logarithms are forecast.

    series_names_ : list
        Names of the series, or their positions if they have no names.

    history_ : ndarray, Series, DataFrame or list of them
        Values passed to :meth:`fit` and :meth:`update`, in the form of y.

    n_features_in_ : int
        Number of columns of X seen during :meth:`fit`; 0 without X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X seen during :term:`fit`. Defined only if X has column
        names that are all strings.

    See Also
    --------
    LSTMRegressor : The network.
    SlidingWindowTransformer : Windows of a table, to predict one of its columns.
    sklstm.streaming.Stream : Forecasts from values that arrive one after another.

    Notes
    -----
    The bases contain exponential smoothing [2]_ in twelve settings, once of the values
    and once of their logarithms, and the theta method [3]_. Each base is tested at two
    past origins of the window. Its errors there are inputs of the networks, and bases
    with smaller errors get larger weights.

    A mixture cannot forecast what the series does not show: a change of regime after
    the last value, a season that is longer than the window or that is not given as
    `season_length`, and values that only depend on covariates. For the last ones, pass
    X.

    Missing values (NaN) in a window are interpolated linearly. An
    :class:`LSTMRegressor` ignores the missing targets of a window and learns from the
    others. For other regressors, missing targets are interpolated. Windows are left out
    of training if all of their targets are missing. The calibration compares forecasts
    with observed values only. A series that begins with NaN starts at its first value.
    If a series ends with NaN, its last value is carried forward.

    With a very large number of windows, the default regressor is trained on a random
    sample of them, as :func:`~sklstm.forecasting.default_regressor` describes. The
    calibration then uses a random sample of the held-out windows of the same size.

    Series that are too short for a window and its targets are not used for training,
    but they are forecast. For constant series, the forecast is the baseline. Forecasts
    of a mixture are computed in double precision if the fit had at most 100 series, and
    in single precision if it had more. Without a regressor, a fit has the same result
    for all seeds.

    References
    ----------
    .. [1] A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?",
       AAAI 2023, arXiv:2205.13504.
    .. [2] R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, "Forecasting with
       Exponential Smoothing: The State Space Approach", Springer 2008.
    .. [3] V. Assimakopoulos and K. Nikolopoulos, "The theta model: a decomposition
       approach to forecasting", International Journal of Forecasting 16(4), 2000,
       521-530.

    Examples
    --------
    >>> from sklstm import LSTMForecaster
    >>> from sklstm.datasets import load_retail_sales
    >>> sales = load_retail_sales()["2014":"2018"]
    >>> forecaster = LSTMForecaster(horizon=12, random_state=0).fit(sales)
    >>> forecaster.baseline_
    'weighted'
    >>> forecaster.predict().head(2).round(-5)
    month
    2019-01    400000.0
    2019-02    400000.0
    Freq: M, Name: sales, dtype: float64
    >>> list(forecaster.predict_interval(coverage=0.9))
    ['lower', 'upper']

    Compare forecasts from past origins with those of a baseline:

    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from sklstm.forecasting import score_forecasts
    >>> cv = TimeSeriesSplit(n_splits=2, test_size=12)
    >>> scores = score_forecasts(forecaster.backtest(load_retail_sales()[:"2019"], cv))
    >>> bool(scores["MASE"]["forecast"] < scores["MASE"]["baseline"])
    True
    """

    # These parameters are not metadata with a row per sample.
    __metadata_request__predict = {
        "horizon": UNUSED,
        "until": UNUSED,
        "last_window": UNUSED,
    }

    _nested_name = "regressor"

    def __init__(
        self,
        regressor: Any = None,
        *,
        window_size: int | Literal["auto"] = "auto",
        horizon: int = 12,
        strategy: Literal["direct", "recursive"] = "direct",
        season_length: int | None = None,
        baseline: Literal["auto", "last", "mean", "season", "growth"] = "auto",
        pretrained: bool = True,
        fine_tune: float | Literal["auto"] = "auto",
        log: bool | Literal["auto"] = "auto",
        past_covariates: Sequence[Hashable] | Literal["all"] = (),
        date_features: Sequence[str] = (),
        n_estimators: int = 1,
        calibration_fraction: float | None = 0.2,
        warm_start: bool = False,
        random_state: RandomState = None,
    ) -> None:
        self.regressor = regressor
        self.window_size = window_size
        self.horizon = horizon
        self.strategy = strategy
        self.season_length = season_length
        self.baseline = baseline
        self.pretrained = pretrained
        self.fine_tune = fine_tune
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
        "baseline": [StrOptions({"auto", *BASELINES})],
        "pretrained": ["boolean"],
        "fine_tune": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "log": [StrOptions({"auto"}), "boolean"],
        "past_covariates": [StrOptions({"all"}), "array-like"],
        "date_features": ["array-like"],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
    }

    @with_callbacks
    @meta_fit_context
    def fit(self, y: ArrayLike, X: ArrayLike = None) -> Self:
        """Fit the forecaster to one series or many.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            Values at equal steps, NaN where one is missing. One series: an array of
            shape (n_timesteps,) or a Series whose index holds dates, periods, durations
            or integers. Several series: an array of shape (n_timesteps, n_series) or a
            DataFrame, with one column for each series; a Series or a DataFrame of one
            column with a MultiIndex (series, time); or a list of arrays or Series. An
            array has no times, so values that are left out, as in the folds of
            :class:`~sklearn.model_selection.KFold`, are not noticed. Pass a Series, or
            use :class:`~sklearn.model_selection.TimeSeriesSplit`.

        X : array-like, DataFrame, list of them or None, default=None
            Covariates: finite numbers of shape (n_timesteps, n_columns), with rows in
            the order of the values of y. If y has times, X may be a DataFrame whose
            index contains these times; it may contain other times, too. With several
            series, pass one X for all; a DataFrame with a MultiIndex (series, time); or
            a list with one X for each series. :meth:`predict` needs the future values
            of each column that is not in `past_covariates`.

        Returns
        -------
        self : LSTMForecaster
            The fitted estimator.

        Raises
        ------
        ValueError
            If y is not a series of numbers with equal steps; if all series are too
            short for a regressor; if ``log=True`` and a value is not positive; if X
            lacks a row or has a value that is not a finite number; if y is a table and
            X has one dimension, which shows that they are swapped; or if
            `date_features` are used and y has no dates.
        """
        check_not_swapped(y, X)
        panel = read_series(y)
        warn_if_end_is_missing(panel)
        if X is not None:
            check_lengths(X, panel)
        spec = covariate_spec(X, panel, self.past_covariates, self.date_features)
        covariates = spec.read_past(X, panel)
        # With a calibration, each regressor is fitted twice.
        is_calibrated = (
            self.calibration_fraction is not None and not self._continues_fit()
        )
        n_fits = self.n_estimators * (2 if is_calibrated else 1)
        callback_runner = CallbackRunner(self, {"X": X, "y": y}, n_subtasks=n_fits)
        self._fit(panel, spec, covariates, callback_runner.around_fit)
        callback_runner.end_fit()
        return self

    def predict(
        self,
        horizon: int | None = None,
        *,
        until: Any = None,
        X: ArrayLike = None,
        last_window: ArrayLike = None,
    ) -> ArrayLike:
        """Forecast the next steps of every series.

        Parameters
        ----------
        horizon : int or None, default=None
            Number of steps to forecast. With ``strategy="direct"``, it is at most the
            horizon of the fit. If None, the horizon of the fit is used. If X has rows
            for fewer steps, only these steps are forecast.

        until : date, str, number or None, default=None
            Time of the last step to forecast, instead of `horizon`. The steps are those
            in the slice ``[:until]`` of a Series: "2025-06" includes all days of June.
            If None, the number of steps depends on `horizon`.

        X : array-like, DataFrame, list of them or None, default=None
            Columns whose future is known, with their values for the next steps, in a
            form that :meth:`fit` accepts. With ``strategy="direct"``, the regressor
            sees these values for all steps of the horizon of the fit. If X ends
            earlier, its last row is repeated, and the steps without a row are not
            forecast. With `last_window`, pass all columns of the fit: first the rows
            for the steps of `last_window`, then the rows for the next steps.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Values to forecast from instead of the fitted series, for example those of
            new series. They may have any form that y may have in :meth:`fit`, and any
            length, but forecasts are better with `window_size_` values or more. A
            series with the name of a fitted series has the scale of this series. A
            series with another name has its own scale. Series without names have the
            scales of the fitted series, in their order, if these have no names and are
            of the same number.

        Returns
        -------
        forecasts : ndarray, Series, DataFrame or list of them
            Forecasts in the form of y in :meth:`fit` or, if it is passed, of
            `last_window`. Their times follow those of the last values.

        Raises
        ------
        ValueError
            If X lacks a column or the row of a step; if X is passed, but the fit had
            none; if ``strategy="direct"`` and there are more steps than in the fit; if
            both `horizon` and `until` are passed, or `until` is not after the last
            value; or if `last_window` is not a series.
        """
        history, n_steps = self._history_and_steps(horizon, until, X, last_window)
        forecasts = self._fitted.forecasts([history], n_steps.max())[0]
        return history.to_container(forecasts, n_steps)

    def predict_interval(
        self,
        horizon: int | None = None,
        *,
        until: Any = None,
        coverage: float = 0.9,
        X: ArrayLike = None,
        last_window: ArrayLike = None,
    ) -> ArrayLike:
        """Forecast an interval for each step that covers a fraction of the values.

        A mixture of bases predicts the quantiles of each step. The limits of the
        intervals are two of these quantiles. They are moved by their errors on the
        held-out windows, so that the intervals reach the coverage [2]_. They are moved
        less if there are few windows, and not at all if there are none.

        The intervals of the other baselines are split-conformal [1]_: their width comes
        from the errors on the held-out windows, measured before the regressors are
        fitted again on all windows. The largest of these errors limits the width. The
        intervals reach their coverage on average, if the series continue as before.
        With few windows the coverage is a few percent lower, because the windows
        overlap and the correction weight was also chosen on them. The errors of each
        series are divided by its MASE scale, the mean absolute seasonal difference, so
        that errors of several series can be compared. With `last_window`, a fitted
        series keeps its MASE scale. If a new series has fewer than ten seasonal
        differences, its scale is estimated: the mean absolute difference between
        neighboring values is multiplied by the median ratio of seasonal to neighboring
        differences in the fitted series. If logarithms are forecast, the intervals are
        wider above the forecast than below.

        A regressor with ``loss="quantile"`` predicts the interval itself. It predicts
        wider intervals where it expects larger errors. The errors on the held-out
        windows are then used to shift the quantiles so that they reach the coverage
        [2]_.

        Parameters
        ----------
        horizon : int or None, default=None
            Number of steps to forecast, as in :meth:`predict`, but at most the horizon
            of the fit.

        until : date, str, number or None, default=None
            Time of the last step to forecast, as in :meth:`predict`.

        coverage : float, default=0.9
            Fraction of actual values to cover, in (0, 1).

        X : array-like, DataFrame, list of them or None, default=None
            The columns known in the future, as in :meth:`predict`.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Values to forecast from instead of the fitted series, as in :meth:`predict`.

        Returns
        -------
        intervals : ndarray, DataFrame or list of them
            Intervals in the form of the forecasts of :meth:`predict`, with the columns
            "lower" and "upper". In an array, these two are the last axis.

        Raises
        ------
        TypeError
            If `coverage` is not a number.
        ValueError
            In the same cases as :meth:`predict`; if there are more steps than in the
            fit; if ``calibration_fraction=None`` and neither the baseline nor the
            regressors predict quantiles; or if they predict quantiles, but not those of
            the levels ``(1 - coverage) / 2`` and ``(1 + coverage) / 2``.

        References
        ----------
        .. [1] J. Lei et al., "Distribution-Free Predictive Inference for Regression",
           JASA 113(523), 2018, 1094-1111, section 5.2.
        .. [2] Y. Romano, E. Patterson and E. J. Candes, "Conformalized Quantile
           Regression", NeurIPS 2019, arXiv:1905.03222.
        """
        levels = interval_levels(coverage)
        history, n_steps = self._history_and_steps(horizon, until, X, last_window)
        intervals = self._fitted.quantiles(history, n_steps.max(), levels)
        return history.to_container(intervals, n_steps, ["lower", "upper"])

    def predict_quantiles(
        self,
        horizon: int | None = None,
        *,
        until: Any = None,
        quantiles: ArrayLike = (0.1, 0.5, 0.9),
        X: ArrayLike = None,
        last_window: ArrayLike = None,
    ) -> ArrayLike:
        """Forecast the quantiles of each step. They do not cross.

        Parameters
        ----------
        horizon : int or None, default=None
            Number of steps to forecast, as in :meth:`predict`, but at most the horizon
            of the fit.

        until : date, str, number or None, default=None
            Time of the last step to forecast, as in :meth:`predict`.

        quantiles : sequence of float, default=(0.1, 0.5, 0.9)
            Levels in (0, 1). The quantile 0.5 is the forecast. The other quantiles are
            limits of the intervals of :meth:`predict_interval`.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known in the future, as in :meth:`predict`.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Values to forecast from instead of the fitted series, as in :meth:`predict`.

        Returns
        -------
        forecasts : ndarray, DataFrame or list of them
            Quantiles in the form of the forecasts of :meth:`predict`, with a column for
            each level. In an array, the levels are the last axis.

        Raises
        ------
        ValueError
            In the same cases as :meth:`predict_interval`; or if a quantile is not in
            (0, 1).
        """
        check_levels(quantiles)
        history, n_steps = self._history_and_steps(horizon, until, X, last_window)
        forecasts = self._fitted.quantiles(history, n_steps.max(), quantiles)
        return history.to_container(forecasts, n_steps, list(quantiles))

    def sample_paths(
        self,
        n_paths: int = 100,
        horizon: int | None = None,
        *,
        until: Any = None,
        X: ArrayLike = None,
        last_window: ArrayLike = None,
        random_state: RandomState = None,
    ) -> ArrayLike:
        """Draw random paths of the next steps, for sums over several steps.

        The quantiles of single steps do not show how much the steps vary together, so
        they cannot be added. To get the quantiles of a sum, such as the demand of a
        year, add the steps of each path and compute the quantiles of these sums.

        Parameters
        ----------
        n_paths : int, default=100
            Number of paths of each series.

        horizon : int or None, default=None
            Number of steps to forecast, as in :meth:`predict`, but at most the horizon
            of the fit.

        until : date, str, number or None, default=None
            Time of the last step to forecast, as in :meth:`predict`.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known in the future, as in :meth:`predict`.

        last_window : array-like, Series, DataFrame, list of them or None, default=None
            Values to forecast from instead of the fitted series, as in :meth:`predict`.

        random_state : int, RandomState instance or None, default=None
            Seed of the paths. Pass an int for reproducible paths.

        Returns
        -------
        paths : ndarray, DataFrame or list of them
            Paths in the form of the forecasts of :meth:`predict`, with a column for
            each path, counted from 0. In an array, the paths are the last axis.

        Raises
        ------
        TypeError
            If `n_paths` is not an integer.
        ValueError
            In the same cases as :meth:`predict_interval`; or if `n_paths` is less than
            1.

        Notes
        -----
        At each step, the values of the paths have the quantiles of
        :meth:`predict_quantiles` between the levels 0.8 % and 99.2 %, or those that the
        regressor predicts. The dependence between the steps is a Gaussian copula [1]_.
        Its correlation is the rank correlation of the errors on the held-out windows.
        If there are few of them, the correlation is moved towards the mean correlation
        on made-up series. Paths of different series are independent.

        References
        ----------
        .. [1] P. Pinson et al., "From probabilistic forecasts to statistical scenarios
           of short-term wind power production", Wind Energy 12(1), 2009, 51-62.

        Examples
        --------
        >>> from sklstm import LSTMForecaster
        >>> from sklstm.datasets import load_retail_sales
        >>> forecaster = LSTMForecaster(random_state=0)
        >>> forecaster = forecaster.fit(load_retail_sales()["2014":"2018"])
        >>> paths = forecaster.sample_paths(1000, random_state=0)
        >>> paths.shape
        (12, 1000)
        >>> lower, upper = paths.sum().quantile([0.05, 0.95])  # of the whole year
        >>> bool(lower < load_retail_sales()["2019"].sum() < upper)
        True
        """
        check_scalar(n_paths, "n_paths", Integral, min_val=1)
        history, n_steps = self._history_and_steps(horizon, until, X, last_window)
        random = check_random_state(random_state)
        paths = self._fitted.sample_paths(history, n_steps.max(), n_paths, random)
        return history.to_container(paths, n_steps, range(n_paths))

    def score(self, y: ArrayLike, X: ArrayLike = None) -> float:
        """Return the negative MASE of forecasts of the next values.

        :class:`~sklearn.model_selection.GridSearchCV` uses this score to tune a
        forecaster: ``GridSearchCV(forecaster, grid,
        cv=TimeSeriesSplit(test_size=12)).fit(y, X)``.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            The next values, as in :meth:`update`. They are not stored. Values beyond
            the horizon are ignored. If y has an index, it must continue that of the
            fitted series. Without an index, this is not checked. A search with an array
            must use ``cv=TimeSeriesSplit()``, because its default,
            :class:`~sklearn.model_selection.KFold`, is not in time order.

        X : array-like, DataFrame, list of them or None, default=None
            The columns known in the future, as in :meth:`predict`. Steps for which X
            has no rows are not scored.

        Returns
        -------
        score : float
            Minus the mean absolute error, in units of the mean absolute seasonal
            difference of the history. The length of the season depends on the frequency
            of y, not on `season_length`. Without a season, differences between
            neighboring values are used. The best score is 0. If `season_length` is
            None, the score is minus the MASE of
            :func:`sklstm.forecasting.score_forecasts`.

        Raises
        ------
        ValueError
            In the same cases as :meth:`update` and :meth:`predict`; or if y has no
            value, or if all series are constant.

        Notes
        -----
        The scorers of scikit-learn, such as "neg_mean_absolute_error", predict from a
        table X, so they cannot score a forecaster. For another score, pass a function
        such as ``lambda forecaster, y, X=None: ...`` as `scoring`.
        """
        check_is_fitted(self)
        past = self._history.panel
        later = read_series(y, is_whole=False)
        warn_if_fitted(later, past)
        panel = past.append(later)
        history, n_steps = self._history_and_steps(None, None, X, None)
        forecasts = self._fitted.forecasts([history], n_steps.max())[0][:, :, None]
        # The scale does not depend on parameters, so that scores can be compared.
        season_length = max(map(default_season_length, past.times))
        comparison = compare_next(
            past, panel, history.inverse_transform(forecasts), season_length
        )
        score = -score_forecasts(comparison).loc["forecast", "MASE"]
        if np.isnan(score):
            raise ValueError(
                "Nothing to score: y has no value within the horizon of "
                f"{max(n_steps)} steps, or all series are constant."
            )
        return float(score)

    @meta_fit_context
    def backtest(
        self,
        y: ArrayLike,
        cv: Any = None,
        X: ArrayLike = None,
        *,
        refit: bool = True,
        coverage: float | None = None,
    ) -> pd.DataFrame:
        """Forecast from past origins and compare with the actual values.

        An origin is the last value that a forecast knows. There is one for each split.
        Clones of the forecaster are fitted. The forecaster itself does not change.

        Parameters
        ----------
        y : array-like, Series or DataFrame
            One series, or several, in a form that :meth:`fit` accepts.

        cv : splitter, iterable or None, default=None
            Splits in time order, such as those of
            :class:`~sklearn.model_selection.TimeSeriesSplit` with
            ``test_size=horizon``. Test values beyond the horizon are ignored. If None,
            this splitter makes five splits.

        X : array-like, DataFrame, list of them or None, default=None
            Covariates as in :meth:`fit`. They are needed up to the end of y.

        refit : bool, default=True
            Whether to fit at each origin. If False, the forecaster is fitted once, at
            the first origin, and later values are added as in :meth:`update`. This is
            many times faster.

        coverage : float or None, default=None
            Fraction of actual values that the intervals are to cover, in (0, 1), as in
            :meth:`predict_interval`. If None, there are no intervals.

        Returns
        -------
        backtest : DataFrame
            A row for each series, origin and step: "series", its name; "origin", the
            time of the last known value; "step", from 1; "time"; "actual"; "forecast";
            with `coverage`, "lower" and "upper", the limits of the interval;
            "baseline", the value one season before, or the last value without a season;
            and "scale", the mean absolute seasonal difference before the origin. Rows
            without an actual value are left out.

        Raises
        ------
        TypeError
            If `coverage` is not a number.
        ValueError
            In the same cases as :meth:`fit`; if the series differ in length; if a
            split is not in time order; or, with `coverage`, in the same cases as
            :meth:`predict_interval`.

        See Also
        --------
        sklstm.forecasting.score_forecasts : Compute MASE, sMAPE, RMSE and coverage.
        """
        check_not_swapped(y, X)
        levels = [] if coverage is None else interval_levels(coverage)
        panel = read_series(y)
        n_timesteps = common_length(panel)
        splits = check_cv(TimeSeriesSplit(test_size=self.horizon) if cv is None else cv)
        positions = np.arange(n_timesteps)[:, None]
        origins = read_splits(splits.split(positions), self.horizon)
        spec = covariate_spec(X, panel, self.past_covariates, self.date_features)
        n_future = max(n_known for n_known, _ in origins) + self.horizon - n_timesteps
        # Steps after the end of y are not compared, so X may end there, too.
        covariates = spec.read_past_and_future(X, panel, n_future, 0)
        pasts = [panel.head(n_known) for n_known, _ in origins]
        # One fit, on the first past of a group, forecasts from all pasts of the group.
        groups = [[past] for past in pasts] if refit else [pasts]
        forecasts = []
        for group in groups:
            forecaster = clone(self)._fit(group[0], spec, covariates)
            forecasts += forecaster._forecasts_from(group, levels)
        return compare_origins(
            panel, origins, np.array(forecasts), forecaster.season_length_
        )

    def update(self, y: ArrayLike, X: ArrayLike = None) -> Self:
        """Append new values without fitting.

        The next forecast begins after them.

        Parameters
        ----------
        y : array-like, Series, DataFrame or list of them
            One or more new values of each series, in the form of y in :meth:`fit`, NaN
            where one is missing.

        X : array-like, DataFrame, list of them or None, default=None
            All columns of the fit for the new steps; None if the fit had no X.

        Returns
        -------
        self : LSTMForecaster
            The estimator.

        Raises
        ------
        ValueError
            If y does not hold the fitted series, in the same order; if y does not begin
            at the next step; or if X lacks a column or the row of a step.
        """
        check_is_fitted(self)
        later = read_series(y, is_whole=False)
        if X is not None:
            check_lengths(X, later)
        covariates = self._covariates.read_update(X, later)
        self._history = self._history.append(later, covariates)
        return self

    def select(self, series: Hashable) -> Self:
        """Return a forecaster for one of the fitted series.

        The returned forecaster uses the fitted networks and regressors of this one.

        Parameters
        ----------
        series : hashable
            Name of the series, one of `series_names_`.

        Returns
        -------
        forecaster : LSTMForecaster
            A fitted forecaster that only knows this series.

        Raises
        ------
        ValueError
            If no series has this name, or if several series have it.
        """
        check_is_fitted(self)
        forecaster = copy(self)
        position = self._history.panel.position_of(series)
        forecaster._history = self._history.select(position)
        return forecaster

    @property
    def history_(self) -> ArrayLike:
        """Values passed to `fit` and `update`, in the form of y."""
        check_is_fitted(self)
        return self._history.panel.history

    @property
    def series_names_(self) -> list:
        """Names of the series, or positions if they have no names."""
        check_is_fitted(self)
        return self._history.panel.names

    @property
    def baseline_weights_(self) -> pd.DataFrame:
        """Weight of each base for each series, if the baseline is a mixture."""
        check_is_fitted(self)
        if self.baseline_ != "weighted":
            raise AttributeError(
                f"The baseline is {self.baseline_!r}, so there are no weights. Fit "
                'with baseline="auto" and strategy="direct".'
            )
        weights = self._fitted.base_weights(self._history)
        names = pd.Index(self.series_names_, tupleize_cols=False, name="series")
        return pd.DataFrame(weights, names, list(BASES))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # These are the tags of the first argument of fit, which is y.
        tags.input_tags.one_d_array = True
        tags.input_tags.allow_nan = True
        return tags

    def _default_estimator(self):
        return default_regressor()

    def _continues_fit(self):
        """Whether the next fit continues the last one."""
        return self.warm_start and hasattr(self, "estimators_")

    def _fit(self, panel, spec, covariates, around_fit=nullcontext):
        """Fit to series and covariates that have been read."""
        regressor = self._chosen_regressor(spec)
        settings = self._settings()
        fixed = fixed_by_fit(settings, spec, regressor)
        random = check_random_state(self.random_state)
        seeds = random.randint(np.iinfo(np.int32).max, size=self.n_estimators)
        # With log=False, forecasts may be negative.
        lower = 0.0 if self.log else -np.inf
        if self._continues_fit():
            check_unchanged(fixed, self._fixed)
            is_log = self._fitted.settings.log
            history = history_of(panel, covariates, is_log, lower)
            fitted = continue_fit(self._fitted, history, regressor, seeds, around_fit)
        else:
            fraction = self.calibration_fraction
            settings = choose_settings(
                settings,
                panel,
                spec.is_any_future_known,
                fraction,
                regressor is not None,
            )
            history = history_of(panel, covariates, settings.log, lower)
            fitted = fit_new(settings, history, regressor, seeds, fraction, around_fit)
        self._fixed, self._covariates = fixed, spec
        self._history, self._fitted = history, fitted
        self._set_fitted_attributes()
        return self

    def _settings(self):
        """Return the settings as the user passed them."""
        names = {field.name for field in fields(ForecasterSettings)} & vars(self).keys()
        return ForecasterSettings(**{name: getattr(self, name) for name in names})

    def _chosen_regressor(self, spec):
        """Return the regressor that corrects the baseline; None for no correction."""
        regressor = self.regressor
        if regressor is None:
            is_mixture = self.baseline == "auto" and self.strategy == "direct"
            if self.pretrained and is_mixture and not spec.has_features:
                return None
            regressor = self._default_estimator()
        return with_small_networks(regressor)

    def _set_fitted_attributes(self):
        """Set the public attributes of a fit."""
        settings = self._fitted.settings
        self.estimators_ = self._fitted.models.regressors
        self.correction_weight_ = self._fitted.calibration.correction_weight
        self.baseline_, self.log_ = settings.baseline, settings.log
        self.season_length_ = settings.season_length
        self.window_size_ = settings.window_size
        mixture = self._fitted.models.spec.mixture
        self.tuning_weight_ = 0.0 if mixture is None else mixture.tuning_weight
        if not self.estimators_:
            self.window_size_ = settings.context_size
        names = self._covariates.names
        self.n_features_in_ = len(names)
        if names and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _networks_by_title(self):
        """Return the networks of the mixture and of the regressors, by their titles."""
        networks = {}
        mixture = self._fitted.models.spec.mixture
        if mixture is not None:
            networks["mixture of base forecasts"] = mixture.networks
        for regressor in self.estimators_:
            for title, one in networks_of(regressor).items():
                networks[title] = [*networks.get(title, []), *one]
        return networks

    def _forecasts_from(self, panels, levels):
        """Forecast from several origins, on the original scales of the series.

        Returns a list for each origin, with an ndarray of shape (horizon, 1 + n_levels)
        for each series: the forecasts, and then the quantiles of each level.
        """
        histories = [self._history.with_panel(panel) for panel in panels]
        forecasts = self._fitted.forecasts(histories, self.horizon)
        forecasts = [of_origin[:, :, None] for of_origin in forecasts]
        if levels:
            quantiles = (
                self._fitted.quantiles(history, self.horizon, levels)
                for history in histories
            )
            pairs = zip(forecasts, quantiles, strict=True)
            forecasts = [np.concatenate(pair, axis=2) for pair in pairs]
        pairs = zip(histories, forecasts, strict=True)
        return [history.inverse_transform(forecast) for history, forecast in pairs]

    def _history_and_steps(self, horizon, until, X, last_window):
        """Return the history to forecast from, and the number of steps of each series.

        The covariates of the next steps are appended to the history. If neither
        `horizon` nor `until` is passed, the steps end with the horizon of the fit or
        with X.
        """
        check_is_fitted(self)
        history, settings = self._history, self._fitted.settings
        panel = history.panel
        if last_window is not None:
            panel = read_series(last_window, like=panel)
        n_steps = read_horizon(horizon, until, settings, panel)
        n_needed = 1 if n_steps is None else n_steps.max()
        if n_steps is None:
            n_steps = np.full(len(panel.series), settings.horizon)
        sizes = max(n_steps.max(), settings.n_steps_at_once), n_needed
        if last_window is None:
            covariates = self._covariates.read_future(X, panel, *sizes)
            history = history.with_next(covariates)
        else:
            covariates = self._covariates.read_past_and_future(X, panel, *sizes)
            history = history.of_others(panel, covariates)
        n_covered = sizes[0] - max(one.n_repeated for one in covariates)
        return history, np.minimum(n_steps, n_covered)
