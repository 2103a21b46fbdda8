"""Horizon: the number of steps to forecast, from a number or a last time."""

from datetime import date
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_scalar

from sklstm._input.frequency import times_after


def read_horizon(horizon, until, settings, panel):
    """Return the number of steps to forecast of each series.

    Parameters
    ----------
    horizon : int or None
        Number of steps of all series.
    until : time or None
        The last step is at this time, or before it.
    settings : ForecasterSettings
        Settings of the fit.
    panel : Panel
        Series to forecast.

    Returns
    -------
    n_steps : ndarray of int of shape (n_series,) or None
        Number of steps, at least 1. None if neither argument is passed.

    Raises
    ------
    TypeError
        If `horizon` is not an integer.
    ValueError
        If both arguments are passed; if there is no step to forecast; or if there are
        more steps than in the fit and the strategy is "direct".
    """
    # A regressor that predicts all steps at once limits their number.
    limit = settings.horizon if settings.n_steps_at_once > 1 else np.inf
    if until is None:
        if horizon is None:
            return None
        _check_number(horizon)
        _check_limit(horizon, limit, f"horizon={horizon} is")
        return np.full(len(panel.series), horizon)
    if horizon is not None:
        raise ValueError(
            f"Pass either horizon or until, got horizon={horizon!r} and "
            f"until={until!r}."
        )
    n_steps = np.array([_steps_until(one, until, limit) for one in panel.series])
    _check_limit(n_steps.max(), limit, f"The number of steps until {until} is")
    return n_steps


def _check_number(horizon):
    """Raise unless the horizon is an integer of at least 1."""
    if not isinstance(horizon, Integral):
        raise TypeError(
            f"horizon must be an integer, got {type(horizon).__name__}. Pass the time "
            "of the last step with predict(until=...), covariates with predict(X=...), "
            "and levels with predict_interval(coverage=0.9) or predict_quantiles("
            "quantiles=[0.1, 0.9]). In a search, leave out `scoring`, or pass a "
            "function of the fitted forecaster, y and X that returns a number."
        )
    check_scalar(horizon, "horizon", Integral, min_val=1)


def _check_limit(n_steps, limit, owner):
    """Raise if there are more steps than a regressor predicts at once."""
    if n_steps > limit:
        raise ValueError(
            f"{owner} more than the {limit} steps of the fit. Fit with a larger "
            'horizon. After a fit with strategy="recursive", predict accepts any '
            "horizon."
        )


def _steps_until(one, until, limit):
    """Return the number of steps up to a time; above the limit, the limit plus 1."""
    if not one.is_labelled:
        raise ValueError(
            f"until={until!r} needs a y whose index holds times. Pass horizon, the "
            "number of steps."
        )
    n_times = n_steps = 0
    while n_steps == n_times <= limit:
        n_times = int(min(max(64, 4 * n_times), limit + 1))
        n_steps = _n_times_until(times_after(one.times, n_times), until)
    if n_steps == 0:
        of_series = "" if one.name is None else f" of the series {one.name!r}"
        raise ValueError(
            f"until={until!r} is not after the last value{of_series}, which is at "
            f"{one.times[-1]}. Pass a later time."
        )
    return n_steps


def _n_times_until(times, until):
    """Return the number of times in the slice up to a time, as of a Series."""
    end = until
    if isinstance(until, date | np.datetime64):
        end = pd.Timestamp(until)
    elif isinstance(until, pd.Period) and isinstance(times, pd.DatetimeIndex):
        end = until.end_time
    is_number = isinstance(end, Real)
    has_numbers = pd.api.types.is_integer_dtype(times.dtype)
    try:
        if pd.isna(end) or is_number != has_numbers:
            raise TypeError(f"{end!r} is of another kind than {times[0]!r}.")
        return times.slice_indexer(end=end).stop
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"until={until!r} is not a time like those of y, such as {times[0]!r}. "
            "Pass such a time, or a string such as '2025-06-30' if y has dates."
        ) from error
