"""Equally spaced times, the times after them and the season length they suggest."""

import pandas as pd
import pytest

from sklstm._input.frequency import (
    as_dates,
    default_season_length,
    regular_times,
    times_after,
)

MONTHS = pd.date_range("2020-01", periods=6, freq="MS", name="month")
DAYS = pd.date_range("2020-01-01", periods=3, name="day")

# pandas 2.2 does not read "LWOM-FRI".
LAST_FRIDAY = pd.offsets.LastWeekOfMonth(weekday=4)


def without_frequency(dates):
    return pd.DatetimeIndex(dates.to_numpy(), name=dates.name)


@pytest.mark.parametrize(
    "times",
    [
        MONTHS,
        without_frequency(MONTHS),
        MONTHS.to_period("M"),
        pd.date_range("2020-01-01", periods=6, freq="D", tz="Europe/Berlin"),
        pd.date_range("2020-03-28 22:00", periods=6, freq="h", tz="Europe/Berlin"),
        pd.date_range("2020-01-03", periods=6, freq="B"),
        pd.date_range("2020-01-03", periods=6, freq="W-FRI"),
        pd.period_range("2020-01", periods=6, freq="2M"),
        pd.timedelta_range("0h", periods=6, freq="2h"),
        pd.RangeIndex(3, 21, 3, name="step"),
        pd.Index([-3, -1, 1, 3, 5, 7]),
    ],
    ids=lambda times: f"{type(times).__name__} {getattr(times, 'freq', None)}",
)
def test_times_after_continue_an_index(times):
    known = regular_times(times[:4])
    later = times_after(known, 2)
    assert list(later) == list(times[4:])
    assert (later.dtype, later.name) == (times.dtype, times.name)


@pytest.mark.parametrize("days", [DAYS.date, DAYS], ids=["dates", "timestamps"])
def test_objects_become_an_index_of_dates(days):
    objects = pd.Index(list(days), dtype=object, name="day")
    dates = as_dates(objects)
    assert isinstance(dates, pd.DatetimeIndex)
    assert dates.equals(DAYS)
    assert dates.name == "day"
    assert times_after(regular_times(objects), 1)[0] == pd.Timestamp("2020-01-04")


@pytest.mark.parametrize(
    "labels",
    [
        MONTHS,
        MONTHS.to_period(),
        pd.RangeIndex(3),
        pd.MultiIndex.from_product([["north"], DAYS]),
    ],
    ids=lambda labels: type(labels).__name__,
)
def test_an_index_without_objects_is_returned_as_it_is(labels):
    assert as_dates(labels) is labels


def test_a_single_integer_continues_in_steps_of_one():
    assert list(times_after(regular_times(pd.Index([7])), 2)) == [8, 9]


@pytest.mark.parametrize(
    ("frequency", "season_length"),
    [
        ("MS", 12),
        ("ME", 12),
        ("BME", 12),
        ("2MS", 6),
        ("QE", 4),
        ("QS-FEB", 4),
        ("W-SUN", 52),
        ("D", 7),
        ("B", 5),
        ("h", 24),
        ("2h", 12),
        ("7h", 1),
        ("15min", 96),
        ("10s", 360),
        ("YS", 1),
        ("ms", 1),
    ],
)
def test_dates_suggest_a_season_length(frequency, season_length):
    dates = pd.date_range("2020-01-01", periods=4, freq=frequency)
    assert default_season_length(dates) == season_length


@pytest.mark.parametrize(
    ("frequency", "season_length"), [("M", 12), ("Q-DEC", 4), ("h", 24)]
)
def test_periods_suggest_a_season_length(frequency, season_length):
    assert (
        default_season_length(pd.period_range("2020", periods=4, freq=frequency))
        == season_length
    )


@pytest.mark.parametrize(
    "times", [pd.RangeIndex(9), pd.timedelta_range("0h", periods=9, freq="h")]
)
def test_numbers_and_durations_suggest_no_season(times):
    assert default_season_length(regular_times(times)) == 1


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (pd.Index(["a", "b"]), "must hold dates, periods, durations or integers"),
        (pd.Index([0.5, 1.5]), "got float64. Convert it"),
        (MONTHS[[0, 0, 1]], "has 2020-01-01 00:00:00 twice. Keep one value per step"),
        (MONTHS[[2, 0, 1]], r"must increase .* y.sort_index\(\)"),
        (MONTHS[[0, 1, 2, 4, 5]], "from 2020-03-01 00:00:00 to 2020-05-01"),
        (MONTHS.to_period("M")[[0, 1, 3, 4]], "from 2020-02 to 2020-04"),
        (pd.Index([1, 2, 3, 5]), r"from 3 to 5 .* y.reindex\(\.\.\.\)"),
        (without_frequency(MONTHS[:2]), r"Pass three or more.* y.asfreq\('MS'\)"),
        (pd.DatetimeIndex(["2020-01-01", None]), "missing times"),
        (MONTHS.to_period("M")[::3], "from 2020-01 to 2020-04"),
        (pd.Index([0, 3, 6, 10, 13]), "from 6 to 10"),
        (pd.to_timedelta([0, 60, 121, 181], unit="s"), "from 0 days 00:01:00"),
    ],
)
def test_irregular_times_are_refused(times, message):
    with pytest.raises(ValueError, match=message):
        regular_times(times)


def test_a_frequency_that_does_not_give_the_dates_back_is_refused():
    # pandas infers business hours, which leave out weekends.
    hours = pd.date_range("2024-01-01", "2024-06-28 16:00", freq="h")
    trading = hours[(hours.hour >= 9) & (hours.hour < 17)]
    with pytest.raises(ValueError, match=r"2024-01-01 16:00:00 to 2024-01-02 09:00:00"):
        regular_times(trading)
    # It takes last Fridays for fourth Fridays.
    fridays = pd.date_range("2023-01-01", periods=14, freq=LAST_FRIDAY)
    with pytest.raises(ValueError, match="set the frequency"):
        regular_times(pd.DatetimeIndex(fridays.to_list()))
    assert regular_times(fridays).equals(fridays)


@pytest.mark.parametrize("freq", ["bh", "B", "W-WED", "BME", LAST_FRIDAY, "QS-FEB"])
def test_a_frequency_is_inferred_or_refused_but_never_wrong(freq):
    dates = pd.date_range("2023-01-02 09:00", periods=60, freq=freq)
    try:
        inferred = regular_times(pd.DatetimeIndex(dates.to_list()))
    except ValueError:
        return
    later = pd.date_range(dates[-1], periods=4, freq=freq)[1:]
    assert times_after(inferred, 3).equals(later)
