"""Date features on circles."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm._forecast.date_features import PARTS, date_feature_columns

DATES = pd.date_range("2024-01-01", "2024-12-31", freq="D")  # a leap year


def test_december_is_as_near_to_january_as_february():
    months = pd.period_range("2023-01", periods=12, freq="M")
    january, february, *_, december = date_feature_columns(months, ["month"])
    npt.assert_allclose(january, [0, 1])
    npt.assert_allclose(
        np.linalg.norm(december - january), np.linalg.norm(february - january)
    )


@pytest.mark.parametrize(
    ("part", "frequency", "n_steps"),
    [
        ("minute", "min", 60),
        ("hour", "h", 24),
        ("day_of_week", "D", 7),
        ("day", "D", 31),
        ("day_of_year", "D", 366),
        ("month", "MS", 12),
        ("quarter", "QS", 4),
    ],
)
def test_steps_of_a_cycle_are_evenly_spread_on_a_circle(part, frequency, n_steps):
    times = pd.date_range("2024-01-01", periods=n_steps, freq=frequency)
    columns = date_feature_columns(times, [part])
    places = 2 * np.pi * np.arange(n_steps) / n_steps
    npt.assert_allclose(columns, np.c_[np.sin(places), np.cos(places)], atol=1e-12)
    assert part in PARTS


def test_each_part_has_two_columns():
    both = date_feature_columns(DATES, ["month", "day_of_week"])
    npt.assert_array_equal(both[:, 2:], date_feature_columns(DATES, ["day_of_week"]))
    assert date_feature_columns(DATES, ()).shape == (366, 0)


def test_unknown_parts_and_times_without_dates_are_refused():
    with pytest.raises(
        ValueError, match=r"contains \['moon'\], .* Choose from \['minute'"
    ):
        date_feature_columns(DATES, ["month", "moon"])
    with pytest.raises(ValueError, match=r"needs a y with dates .* got int64"):
        date_feature_columns(pd.RangeIndex(5), ["month"])


def test_hours_follow_the_local_clock():
    hours = pd.date_range("2024-03-31", periods=3, freq="h", tz="Europe/Berlin")
    angles = 2 * np.pi * np.array([0, 1, 3]) / 24  # two o'clock does not exist
    columns = date_feature_columns(hours, ["hour"])
    npt.assert_allclose(columns, np.c_[np.sin(angles), np.cos(angles)])
