"""Warnings about windows that may hold what they are used to predict."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold

from sklstm._windowing.leakage import looks_subsampled
from sklstm.preprocessing import SlidingWindowTransformer

N_ROWS = 240


def fit(X, y=None, **params):
    return SlidingWindowTransformer(3, **params).fit(X, y)


def frame(index):
    return pd.DataFrame({"a": np.zeros(len(index))}, index=index)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
@pytest.mark.parametrize("shape", [(50,), (50, 1)])
def test_a_target_among_the_columns_warns(dtype, shape):
    X = np.random.default_rng(0).normal(scale=100, size=(50, 3)).astype(dtype)
    y = (3 - X[:, 1].astype(float) / 100).reshape(shape)
    with pytest.warns(UserWarning, match="holds the value to predict. Pass shift=1"):
        fit(X, y)
    fit(X, y, shift=1)
    fit(X)


def test_a_target_that_is_known_ahead_warns():
    X = frame(pd.RangeIndex(50)).assign(b=np.sin(np.arange(50)))
    fit(X, X["b"], shift=1)
    words = "holds the value to predict. Remove the column from known_ahead"
    with pytest.warns(UserWarning, match=words):
        fit(X, X["b"], shift=1, known_ahead=["b"])
    fit(X, X["b"], shift=1, known_ahead=["a"])


def test_each_of_several_targets_is_checked():
    X = np.random.default_rng(0).normal(size=(50, 2))
    y = np.column_stack([np.arange(50), X[:, 0]])
    with pytest.warns(UserWarning, match="A column of X equals y"):
        fit(X, y)


def test_targets_that_are_no_column_do_not_warn():
    X = np.random.default_rng(0).normal(size=(50, 2))
    X[:, 1] = 1
    noise = np.random.default_rng(1).normal(size=50)
    for y in (X[:, 0] + 1e-3 * noise, np.roll(X[:, 0], 1), np.ones(50), ["a"] * 50):
        fit(X, y)


REGULAR_TIMES = {
    "days": pd.date_range("2024-01-01", periods=N_ROWS),
    "hours in Berlin": pd.date_range(
        "2024-03-28", periods=N_ROWS, freq="h", tz="Europe/Berlin"
    ),
    "days in Berlin": pd.date_range("2024-01-01", periods=N_ROWS, tz="Europe/Berlin"),
    "business days": pd.bdate_range("2024-01-01", periods=N_ROWS),
    "month starts": pd.date_range("1990-01-01", periods=N_ROWS, freq="MS"),
    "months": pd.period_range("1990-01", periods=N_ROWS, freq="M"),
    "row numbers": pd.RangeIndex(N_ROWS),
    "floats": pd.Index(0.1 * np.arange(N_ROWS)),
}


@pytest.mark.parametrize("n_splits", [2, 5])
@pytest.mark.parametrize("times", REGULAR_TIMES.values(), ids=REGULAR_TIMES)
def test_shuffled_folds_warn(times, n_splits):
    X = frame(times)
    for seed in range(3):
        folds = KFold(n_splits, shuffle=True, random_state=seed)
        train, _ = next(folds.split(X))
        with pytest.warns(UserWarning, match=r"KFold\(shuffle=True\)"):
            fit(X.iloc[train])
    fit(X.iloc[train], context=None)


def business_days_without_holidays():
    days = pd.bdate_range("2023-01-01", periods=2 * N_ROWS)
    holidays = np.random.default_rng(0).choice(len(days), 32, replace=False)
    return days.delete(holidays)


def random_times(seed):
    steps = np.random.default_rng(seed).exponential(3600, N_ROWS)
    return pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(steps), unit="s")


def opening_hours():
    hours = pd.date_range("2024-01-01", periods=10 * N_ROWS, freq="h")
    return hours[(hours.hour >= 9) & (hours.hour < 17) & (hours.day_of_week < 6)]


def sensor_with_outages():
    minutes = np.arange(5000)
    starts = np.random.default_rng(0).choice(5000, 12, replace=False)
    lost = (starts[:, None] + np.arange(60)).ravel()
    return pd.Index(np.setdiff1d(minutes, lost))


NOT_SUBSAMPLED = {
    **REGULAR_TIMES,
    "holidays": business_days_without_holidays(),
    "month ends": pd.date_range("2000-01-31", periods=N_ROWS, freq="ME"),
    "quarters": pd.date_range("1960-01-01", periods=N_ROWS, freq="QS"),
    "random times": random_times(0),
    "random seconds": random_times(1).round("s"),
    "random minutes": random_times(2).round("min").unique(),
    "opening hours": opening_hours(),
    "outages": sensor_with_outages(),
    "steps of one to three": pd.Index(
        np.cumsum(np.random.default_rng(0).integers(1, 4, N_ROWS))
    ),
    "local hours without the one that the change to summer time skips": pd.date_range(
        "2024-03-30", periods=60, freq="h"
    ).delete(26),
    "one fold cut out": pd.RangeIndex(N_ROWS).delete(np.arange(60, 120)),
    "every second row": pd.RangeIndex(0, N_ROWS, 2),
    "few rows": pd.Index([0, 1, 3, 4, 6, 9, 10]),
}


@pytest.mark.parametrize("times", NOT_SUBSAMPLED.values(), ids=NOT_SUBSAMPLED)
def test_times_that_are_not_subsampled_do_not_warn(times):
    fit(frame(times))


def test_subsampled_times_have_scattered_holes():
    kept = np.random.default_rng(0).random(500) < 0.7
    assert looks_subsampled(np.flatnonzero(kept))
    assert not looks_subsampled(np.arange(500))
    weekdays = np.arange(500)[np.arange(500) % 7 < 5]
    assert not looks_subsampled(weekdays)
