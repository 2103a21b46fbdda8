"""Equally spaced times, the times after them and the season length they suggest."""

import pandas as pd
import pytest

from sklstm._input.frequency import (
    default_season_length,
    regular_times,
    regular_times_of,
    times_after,
    times_after_all,
)

# pandas 2.2 does not read "LWOM-FRI".
LAST_FRIDAY = pd.offsets.LastWeekOfMonth(weekday=4)
MONTHS = pd.date_range("2020-01", periods=6, freq="MS", name="month")


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
        ("7D", 52),
        ("14D", 26),
        ("3D", 1),
        ("24h", 7),
        ("168h", 52),
        ("60min", 24),
        ("60s", 1440),
        ("1440min", 7),
        ("W-MON", 52),
        ("2W", 26),
        ("C", 5),
        (pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat"), 6),
        (pd.offsets.CustomBusinessMonthEnd(), 12),
        (LAST_FRIDAY, 12),
        ("SMS", 24),
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
        (pd.Index([0.5, 1.5]), "got 0.5 of dtype float64"),
        (pd.Index([MONTHS[0], MONTHS[1], 5]), "got Timestamp.* and 5 of dtype object"),
        (MONTHS[[0, 0, 1]], "has 2020-01-01 00:00:00 twice. .* keep one value per"),
        (MONTHS[[2, 0, 1]], r"must increase .* y.sort_index\(\)"),
        (MONTHS[[0, 1, 2, 4, 5]], "from 2020-03-01 00:00:00 to 2020-05-01"),
        (MONTHS.to_period("M")[[0, 1, 3, 4]], "from 2020-02 to 2020-04"),
        (pd.Index([1, 2, 3, 5]), "from 3 to 5 "),
        (without_frequency(MONTHS[:2]), r"needs three or more.* y.asfreq\('MS'\)"),
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
    with pytest.raises(ValueError, match="cannot infer the frequency"):
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


def test_equal_times_of_many_series_are_one_object():
    months = without_frequency(MONTHS.append(pd.DatetimeIndex(["2020-07-01"])))
    indexes = [months[2:5], months, without_frequency(months), months[3:]]
    late, whole, copy, last = regular_times_of(indexes)
    assert copy is whole
    assert [times.freqstr for times in (late, whole, last)] == ["MS"] * 3
    assert late.equals(months[2:5])
    one, *_, other = times_after_all([late, whole, copy, last], 2)
    assert list(one) == list(months[5:])
    ends = times_after_all([whole, copy, last], 2)
    assert ends[0] is ends[1] is ends[2]
    assert list(other) == list(pd.date_range("2020-08-01", periods=2, freq="MS"))


def test_a_series_keeps_its_own_frequency_beside_a_longer_one():
    days = pd.date_range("2024-01-01", periods=20)
    week = pd.date_range("2024-01-01", periods=5, freq="B")
    whole, part = regular_times_of([days, week])
    assert (whole.freqstr, part.freqstr) == ("D", "B")
    assert list(times_after(part, 1)) == [pd.Timestamp("2024-01-08")]


def test_one_or_two_dates_have_the_step_of_the_longest_series():
    months = without_frequency(MONTHS)
    outside = pd.DatetimeIndex(["2021-03-01", "2021-04-01"])
    short, _, single = regular_times_of([outside, months, months[2:3]])
    assert (short.freqstr, single.freqstr) == ("MS", "MS")
