"""Errors for times of y end with code, and this code leads to a forecast."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm._forecast.panel import read_series

LAST_FRIDAY = pd.offsets.LastWeekOfMonth(weekday=4)
YEAR_MONTHS = [100 * year + month for year in (2023, 2024) for month in range(1, 13)]
HOURS = pd.date_range("2024-01-01", "2024-01-21 23:00", freq="h")
BUSINESS_DAYS = pd.bdate_range("2024-01-02", periods=60).delete([20, 41])
JANUARY = pd.date_range("2024-01-01", periods=31)
RANDOM = np.random.default_rng(0)

# Labels of y; then the frequency and the last time that the code in the message gives.
CASES = {
    "float years": (pd.Index([2001.0, 2002.0, 2003.0]), None, 2003),
    "quarters": (["1990 Q1", "1990 Q2", "1990 Q3"], "Q-DEC", pd.Period("1990Q3")),
    "quarters first": (["Q3 1990", "Q4 1990", "Q1 1991"], "Q-DEC", pd.Period("1991Q1")),
    "weeks": (["2024-W01", "2024-W02", "2024-W03"], "W-MON", "2024-01-15"),
    "month numbers": (YEAR_MONTHS, "MS", "2024-12-01"),
    "month numbers of one year": (YEAR_MONTHS[:6], "MS", "2023-06-01"),
    "month numbers as text": (list(map(str, YEAR_MONTHS)), "MS", "2024-12-01"),
    "month numbers as floats": (list(map(float, YEAR_MONTHS)), "MS", "2024-12-01"),
    "day numbers": (JANUARY.strftime("%Y%m%d").astype(int), "D", "2024-01-31"),
    "ISO dates": (JANUARY.strftime("%Y-%m-%d"), "D", "2024-01-31"),
    "the day first": (JANUARY.strftime("%d/%m/%Y"), "D", "2024-01-31"),
    "numbers as text": (["8", "9", "10"], None, 10),
    "names": (list("abc"), None, 2),
    "fractions": ([0.0, 0.1, 0.2], None, 2),
    "the third of the month": (
        [pd.Timestamp(2024, month, 3) for month in range(1, 13)],
        "M",
        pd.Period("2024-12"),
    ),
    "the third in Berlin": (
        [pd.Timestamp(2024, month, 3, tz="Europe/Berlin") for month in range(1, 13)],
        "M",
        pd.Period("2024-12"),
    ),
    "last Fridays": (
        pd.date_range("2024-01-01", periods=12, freq=LAST_FRIDAY).to_list(),
        "M",
        pd.Period("2024-12"),
    ),
    "two months": (["2024-01-01", "2024-02-01"], "MS", "2024-02-01"),
    "a single date": ([pd.Timestamp("2024-01-01")], "D", "2024-01-01"),
    "hours": (HOURS[:48].delete([5, 6, 30]), "h", HOURS[47]),
    "trading days": (BUSINESS_DAYS, "B", BUSINESS_DAYS[-1]),
    "trading hours": (
        HOURS[(HOURS.hour >= 9) & (HOURS.hour < 17)],
        "h",
        "2024-01-21 16:00",
    ),
    "months": (
        pd.date_range("2024", periods=12, freq="ME").delete(4),
        "ME",
        "2024-12-31",
    ),
    "quarters of February": (
        pd.date_range("2024-02-01", periods=8, freq="QS-FEB").delete(3),
        "QS-FEB",
        "2025-11-01",
    ),
    "local quarters of a day": (
        pd.date_range("2024-03-29", periods=20, freq="6h").tz_localize("Europe/Berlin"),
        "6h",
        "2024-04-02 18:00",
    ),
    "days in Berlin": (
        pd.date_range("2024-03-25", periods=12, tz="Europe/Berlin").delete(3),
        "D",
        pd.Timestamp("2024-04-05", tz="Europe/Berlin"),
    ),
    "jitter": (
        pd.date_range("2024-01-01", periods=30, freq="10min")
        + pd.to_timedelta(RANDOM.integers(1, 20, 30), unit="s"),
        "10min",
        "2024-01-01 04:50",
    ),
    "gaps in months of periods": (
        pd.period_range("2024-01", periods=12, freq="M").delete(4),
        "M",
        pd.Period("2024-12"),
    ),
    "every third period": (
        pd.period_range("2022-01", periods=24, freq="M")[::3],
        "3M",
        pd.Period("2023-10", "3M"),
    ),
    "integers": ([1, 2, 3, 5, 6], None, 6),
    "even integers": ([2, 4, 6, 10], None, 10),
    "wild integers": ([1, 20, 300, 3001, 50000], None, 4),
    "durations": (pd.to_timedelta([0, 1, 2, 4], unit="h"), "h", pd.Timedelta("4h")),
    "odd durations": (
        pd.to_timedelta([0, 60, 121, 181], unit="s"),
        "min",
        pd.Timedelta("3min"),
    ),
    "unsorted": (JANUARY[::-1], "D", "2024-01-31"),
    "twice": (JANUARY.insert(3, JANUARY[3]), "D", "2024-01-31"),
    "no time": (JANUARY.insert(31, pd.NaT), "D", "2024-01-31"),
    "quarters and no time": (
        ["1990 Q1", "1990 Q2", None],
        "Q-DEC",
        pd.Period("1990Q2"),
    ),
    "floats and no time": ([1.0, 2.0, 3.0, np.nan], None, 3),
    "dates of Python": (JANUARY.delete(3).date, "D", "2024-01-31"),
    "categories": (pd.CategoricalIndex(JANUARY.delete(3)), "D", "2024-01-31"),
    "the third as dates of Python": (
        [pd.Timestamp(2024, month, 3).date() for month in range(1, 13)],
        "M",
        pd.Period("2024-12"),
    ),
}


def series(labels, name=None):
    index = pd.DatetimeIndex(labels) if labels[-1] == "2024-02-01" else pd.Index(labels)
    return pd.Series(np.arange(1.0, len(index) + 1), index, name=name)


def as_list(labels):
    return [series(labels, "a"), series(labels, "b")]


def as_levels(labels):
    return pd.concat({"a": series(labels), "b": series(labels)})


FORMS = {
    "series": series,
    "frame": lambda labels: pd.DataFrame(
        {"a": series(labels), "b": series(labels)}, copy=True
    ),
    "list": as_list,
    "levels": as_levels,
    "three levels": lambda labels: pd.concat(
        {("a", 1): series(labels), ("b", 2): series(labels)}
    ),
    "long frame": lambda labels: as_levels(labels).to_frame("sales"),
}


def follow_advice(y):
    """Run the code at the end of each message until y is read."""
    for _ in range(4):
        try:
            return read_series(y)
        except ValueError as error:
            code = str(error).rsplit(" with: ", 1)[1]
            names = {"y": y, "pd": pd}
            exec(code, names)
            y = names["y"]
    raise AssertionError(code)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_advice_on_times_leads_on(case, form):
    labels, frequency, last = CASES[case]
    y = FORMS[form](labels)
    with pytest.raises(ValueError, match=" with: "):
        read_series(y)
    panel = follow_advice(y)
    times = panel.times[0]
    assert getattr(times, "freqstr", None) == frequency
    assert times[-1] == (pd.Timestamp(last) if isinstance(last, str) else last)
    assert len(panel.series) == (1 if form == "series" else 2)


def test_no_value_is_lost_where_the_advice_fills_gaps():
    hours = HOURS[:48].delete([5, 6, 30])
    values = follow_advice(series(hours)).series[0].values
    npt.assert_array_equal(values[~np.isnan(values)], np.arange(1.0, 46))
    # The frequency fits both series, not only the one with the hole.
    y = [series(BUSINESS_DAYS, "a"), series(JANUARY, "b")]
    one, other = follow_advice(y).series
    assert np.isfinite(one.values).sum() == len(BUSINESS_DAYS)
    assert np.isfinite(other.values).sum() == 31


@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT])
def test_values_are_numbered_if_all_times_are_missing(missing):
    assert list(follow_advice(series([missing] * 3)).times[0]) == [0, 1, 2]


def test_a_hole_in_one_of_many_series_has_its_name():
    y = pd.concat({"a": series(JANUARY), "b": series(JANUARY.delete(7))})
    message = r"of the series 'b' of y are not .* from 2024-01-07 .* to 2024-01-09"
    with pytest.raises(ValueError, match=message):
        read_series(y)
    unnamed = [series(JANUARY), series(JANUARY.delete(7))]
    with pytest.raises(ValueError, match="of the series 1 of y are not"):
        read_series(unnamed)
    with pytest.raises(ValueError, match="of y are not"):
        read_series(series(JANUARY.delete(7)))


def test_shops_with_days_of_their_own_become_months():
    days = {"a": 3, "b": 17}
    y = pd.concat(
        {
            shop: series([pd.Timestamp(2024, month, day) for month in range(1, 13)])
            for shop, day in days.items()
        }
    )
    a, b = follow_advice(y).times
    assert a is b
    assert a.freqstr == "M"


@pytest.mark.parametrize(
    "labels",
    [
        pd.RangeIndex(20240101, 20240112),
        pd.RangeIndex(202401, 202406),
        pd.Index([20240130, 20240131, 20240132]),
        pd.Index([202411, 202412, 202413]),
        pd.Index([1990, 1991, 1992]),
        pd.Index([190000, 190001]),
    ],
)
def test_integers_that_are_no_dates_are_steps(labels):
    assert list(read_series(series(labels)).times[0]) == list(labels)


def test_steps_that_do_not_exist_can_be_numbered():
    trading = HOURS[(HOURS.hour >= 9) & (HOURS.hour < 17)]
    with pytest.raises(ValueError, match="such as nights, number the values") as error:
        read_series(series(trading))
    code = str(error.value).split("number the values with ")[1].split(". ")[0]
    names = {"y": series(trading)}
    exec(code, names)
    assert len(read_series(names["y"]).times[0]) == len(trading)


def test_advice_for_one_series_bears_with_the_others():
    y = [series(JANUARY.delete(7), "a"), series(JANUARY.insert(31, pd.NaT), "b")]
    assert follow_advice(y).times[0].freqstr == "D"
