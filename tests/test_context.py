"""Which training rows precede X, for every kind of time."""

import copy
import re

import hypothesis.strategies as st
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm.preprocessing import SlidingWindowTransformer

BERLIN = "Europe/Berlin"

# Functions that return an index of n evenly spaced times. In Berlin, summer time starts
# on 2024-03-31 and ends on 2024-10-27.
EVEN_TIMES = {
    "row numbers": pd.RangeIndex,
    "integers": lambda n: pd.Index(7 + 3 * np.arange(n)),
    "unsigned integers": lambda n: pd.Index(np.arange(n, dtype=np.uint8)),
    "nullable integers": lambda n: pd.Index(range(n), dtype="Int64"),
    "floats": lambda n: pd.Index(-1 + 0.1 * np.arange(n)),
    "years": lambda n: pd.period_range("1990", periods=n, freq="Y"),
    "months": lambda n: pd.period_range("1990-11", periods=n, freq="M"),
    "durations": lambda n: pd.timedelta_range("1h", periods=n, freq="90min"),
    "hours": lambda n: pd.date_range("2024-01-01", periods=n, freq="h"),
    "days": lambda n: pd.date_range("2024-01-01", periods=n),
    "days as objects": lambda n: pd.Index(pd.date_range("2024-01-01", periods=n).date),
    "microseconds": lambda n: pd.date_range("2024-01-01", periods=n, freq="us"),
    "far days": lambda n: pd.date_range("3000-01-01", periods=n, unit="s"),
    "business days": lambda n: pd.date_range("2024-01-05", periods=n, freq="B"),
    "month starts": lambda n: pd.date_range("2024-01-01", periods=n, freq="MS"),
    "month ends": lambda n: pd.date_range("2024-01-31", periods=n, freq="ME"),
    "quarters": lambda n: pd.date_range("2024-01-01", periods=n, freq="QS"),
    "days in spring": lambda n: pd.date_range("2024-03-21", periods=n, tz=BERLIN),
    "days in autumn": lambda n: pd.date_range("2024-10-17", periods=n, tz=BERLIN),
    "hours in spring": lambda n: pd.date_range(
        "2024-03-30 18:00", periods=n, freq="h", tz=BERLIN
    ),
    "hours in autumn": lambda n: pd.date_range(
        "2024-10-26 18:00", periods=n, freq="h", tz=BERLIN
    ),
}
every_even_time = pytest.mark.parametrize("times", EVEN_TIMES.values(), ids=EVEN_TIMES)


def frame(index):
    """Return a frame of two columns whose rows all differ."""
    rows = np.arange(len(index), dtype=float)
    return pd.DataFrame({"a": rows, "b": -rows}, index=index)


def lags_known(train, X, window_size=4):
    """Whether each step of the first window of X is known."""
    windower = SlidingWindowTransformer(window_size, padding="nan").fit(train)
    return list(~np.isnan(windower.transform(X)[0, :, 0]))


@every_even_time
@settings(max_examples=15, derandomize=True, deadline=None)
@given(
    split=st.integers(2, 24),
    window_size=st.integers(1, 8),
    shift=st.integers(0, 4),
    padding=st.sampled_from(["edge", "mean", "constant", "nan"]),
)
def test_a_split_series_has_the_windows_of_the_whole_series(
    times, split, window_size, shift, padding
):
    X = frame(times(25))
    windower = SlidingWindowTransformer(window_size, shift=shift, padding=padding)
    first, second = X.iloc[:split], X.iloc[split:]
    windower.fit(first)
    whole = windower.transform(X)
    npt.assert_array_equal(windower.transform(first), whole[:split])
    npt.assert_array_equal(windower.transform(second), whole[split:])
    npt.assert_array_equal(windower.transform(second.iloc[:1]), whole[split:][:1])


@every_even_time
def test_rows_in_a_gap_are_padded_and_older_rows_keep_their_lag(times):
    X = frame(times(30))
    for train, test in TimeSeriesSplit(3, gap=2).split(X):
        assert lags_known(X.iloc[train], X.iloc[test], 5) == [True] * 2 + [
            False
        ] * 2 + [True]


def test_a_gap_is_padded_by_the_chosen_padding():
    X = frame(pd.RangeIndex(1, 13))
    paddings = {"edge": 4.0, "mean": 2.0, "constant": 7.5, "nan": np.nan}
    for padding, between in paddings.items():
        windower = SlidingWindowTransformer(4, padding=padding, fill_value=7.5)
        window = windower.fit(X[:5]).transform(X[6:])[0, :, 0]
        npt.assert_array_equal(window, [3, 4, between, 6])


def test_no_row_is_known_after_a_gap_longer_than_the_window():
    X = frame(pd.RangeIndex(40))
    window = SlidingWindowTransformer(4).fit(X[:10]).transform(X[20:])[0, :, 0]
    npt.assert_array_equal(window, [20, 20, 20, 20])


def test_a_missing_hour_is_found_when_summer_time_ends():
    hours = pd.date_range("2024-10-26 18:00", periods=20, freq="h", tz=BERLIN)
    X = frame(hours)
    # Row 8 is 02:00 in summer time, row 9 is 02:00 in winter time.
    assert lags_known(X[:9], X[10:]) == [True, True, False, True]


def test_a_series_may_continue_in_another_time_zone():
    X = frame(pd.date_range("2024-03-01", periods=20, freq="h", tz=BERLIN))
    later = X[10:].tz_convert("America/New_York")
    assert lags_known(X[:10], later) == [True] * 4


def test_for_business_days_a_weekend_is_no_gap_but_a_missing_monday_is():
    X = frame(pd.bdate_range("2024-01-01", periods=20))
    assert lags_known(X[:10], X[10:]) == [True] * 4
    assert lags_known(X[:10], X[11:]) == [True, True, False, True]


def test_for_uneven_times_a_step_up_to_the_longest_one_is_no_gap():
    days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-06", "2024-01-08"])
    X = frame(days)
    for gap, known in {1: True, 4: True, 5: False}.items():
        later = frame(days[-1:] + pd.Timedelta(days=gap))
        assert lags_known(X, later) == [known, known, known, True]


def test_no_row_is_known_from_unordered_labels_or_a_single_row():
    X = frame(pd.Index([f"row {i:02}" for i in range(20)]))
    with pytest.warns(UserWarning, match="3 of 14 rows of X have no complete window"):
        assert lags_known(X[:6], X[6:]) == [False, False, False, True]
    X = frame(pd.RangeIndex(20))
    assert lags_known(X[:1], X[1:]) == [False, False, False, True]


def test_no_row_is_known_from_times_of_another_kind():
    X = frame(pd.RangeIndex(20))
    later = frame(pd.date_range("2024-01-01", periods=5))
    assert lags_known(X, later) == [False, False, False, True]


def test_training_rows_within_x_or_after_it_do_not_precede_it():
    X = frame(pd.RangeIndex(20))
    windower = SlidingWindowTransformer(4, padding="nan").fit(X[10:])
    npt.assert_array_equal(
        np.isnan(windower.transform(X)[:4, :, 0]).sum(1), [3, 2, 1, 0]
    )
    # Rows 17 to 19 are stored, and row 17 precedes row 18.
    with pytest.warns(UserWarning, match="Pass the 3 rows before X as the first rows"):
        window = windower.transform(X[18:])[0, :, 0]
    npt.assert_array_equal(window, [np.nan, np.nan, 17, 18])


def test_rows_beyond_the_data_are_in_no_window():
    X = frame(pd.date_range("2024-01-01", periods=24, freq="MS"))
    windower = SlidingWindowTransformer(3, shift=2).fit(X)
    future = pd.date_range("2026-01-01", periods=2, freq="MS")
    beyond = pd.DataFrame({"a": 1e300, "b": 1e300}, index=future)
    npt.assert_array_equal(
        windower.transform(beyond)[:, :, 0], [[20, 21, 22], [21, 22, 23]]
    )


@pytest.mark.parametrize("scaled", [False, True])
def test_the_time_column_of_an_array_shows_what_precedes_it(scaled):
    values = np.random.default_rng(0).normal(size=30)
    X = np.column_stack([values, 1.7e9 + 60.0 * np.arange(30)])
    X = StandardScaler().fit(X[:20]).transform(X) if scaled else X
    windower = SlidingWindowTransformer(4, time=1, padding="nan").fit(X[:20])
    windows = windower.transform(X[20:])
    npt.assert_array_equal(windows[0, :, 0], X[17:21, 0])
    after_gap = windower.transform(X[21:])[0, :, 0]
    npt.assert_array_equal(after_gap, [X[18, 0], X[19, 0], np.nan, X[21, 0]])


def test_the_time_column_of_a_frame_may_hold_dates():
    X = frame(pd.RangeIndex(20)).drop(columns="b")
    X["day"] = pd.date_range("2024-03-21", periods=20, tz=BERLIN)
    later = X[12:].reset_index(drop=True)
    windower = SlidingWindowTransformer(3, time="day").fit(X[:12])
    npt.assert_array_equal(windower.transform(later)[0, :, 0], [10, 11, 12])
    assert list(windower.get_feature_names_out()) == ["a__lag2", "a__lag1", "a__lag0"]


def test_the_time_column_of_a_polars_frame_is_used():
    pl = pytest.importorskip("polars")
    days = list(pd.date_range("2024-01-01", periods=9).to_pydatetime())
    X = pl.DataFrame({"a": np.arange(9.0), "day": days})
    windower = SlidingWindowTransformer(3, time="day").set_output(transform="polars")
    later = windower.fit(X[:6]).transform(X[6:])
    assert later.columns == ["a__lag2", "a__lag1", "a__lag0"]
    assert later.row(0) == (4, 5, 6)


def test_without_context_the_order_of_the_rows_is_not_checked():
    X = frame(pd.Index([3, 1, 2, 2]))
    windower = SlidingWindowTransformer(2, context=None)
    expected = [[0, 0], [0, 1], [1, 2], [2, 3]]
    npt.assert_array_equal(windower.fit_transform(X)[:, :, 0], expected)
    ordered = frame(pd.RangeIndex(20))
    windower.fit(ordered[:10])
    npt.assert_array_equal(windower.transform(ordered[10:])[0, :, 0], [10, 10])


def test_arrays_are_padded_unless_context_is_assume_next():
    X = np.arange(20.0).reshape(-1, 1)
    windower = SlidingWindowTransformer(3).fit(X[:10])
    with pytest.warns(UserWarning, match="2 of 10 rows of X have no complete window"):
        windows = windower.transform(X[10:])
    npt.assert_array_equal(windows[0, :, 0], [10, 10, 10])
    windower.set_params(context="assume_next").fit(X[:10])
    npt.assert_array_equal(windower.transform(X[10:])[0, :, 0], [8, 9, 10])
    npt.assert_array_equal(windower.transform(X[:10])[0, :, 0], [0, 0, 0])
    # One row is too few to recognize the start of the training rows.
    npt.assert_array_equal(windower.transform(X[:1])[0, :, 0], [8, 9, 0])


def test_times_take_precedence_over_assume_next():
    X = frame(pd.RangeIndex(20))
    windower = SlidingWindowTransformer(3, context="assume_next", padding="nan")
    window = windower.fit(X[:10]).transform(X[11:])[0, :, 0]
    npt.assert_array_equal(window, [9, np.nan, 11])


@pytest.mark.parametrize("context", ["auto", "assume_next", None])
def test_only_the_last_rows_are_stored_as_a_copy(context):
    X = frame(pd.RangeIndex(1000))
    windower = SlidingWindowTransformer(5, shift=2, context=context).fit(X)
    (tail,) = windower._tails.values()
    assert len(tail.rows) == (0 if context is None else 6)
    assert len(tail.first_rows) <= 7
    assert all(len(time_index) <= 6 for time_index in tail.time_indexes.values())
    for array in (tail.rows, tail.first_rows, *tail.time_indexes.values()):
        assert array.base is None


@every_even_time
@settings(max_examples=15, derandomize=True, deadline=None)
@given(
    ends=st.tuples(st.integers(2, 10), st.integers(0, 9), st.integers(1, 9)),
    window_size=st.integers(1, 8),
    shift=st.integers(0, 4),
    padding=st.sampled_from(["edge", "mean", "constant", "nan"]),
)
def test_updated_rows_are_in_the_windows_of_the_next_rows(
    times, ends, window_size, shift, padding
):
    X = frame(times(30))
    n_train, n_gap, n_new = ends
    windower = SlidingWindowTransformer(window_size, shift=shift, padding=padding)
    windower.fit(X.iloc[:n_train])
    later = X.iloc[n_train + n_gap :]
    whole = windower.transform(later)
    windower.update(later.iloc[:n_new])
    npt.assert_array_equal(windower.transform(later.iloc[n_new:]), whole[n_new:])


def test_rows_before_an_update_keep_their_lag():
    X = frame(pd.RangeIndex(20))
    windower = SlidingWindowTransformer(6, padding="nan").fit(X[:10]).update(X[12:14])
    # Five rows are stored: row 9, a gap of two rows, and rows 12 and 13.
    for first, window in {
        11: [np.nan] * 3 + [9, np.nan, 11],
        12: [np.nan] * 2 + [9, np.nan, np.nan, 12],
        14: [9, np.nan, np.nan, 12, 13, 14],
    }.items():
        npt.assert_array_equal(windower.transform(X[first:])[0, :, 0], window)


@pytest.mark.filterwarnings("ignore:Rows are missing")
def test_rows_of_updates_and_x_are_one_table_even_if_rows_are_missing():
    X = frame(pd.date_range("2024-01-01", periods=30)).iloc[[*range(12), 15, 16, 19]]
    windower = SlidingWindowTransformer(4, padding="nan").fit(X[:10])
    whole = windower.transform(X[10:])
    for row in range(10, 15):
        one = X[row : row + 1]
        npt.assert_array_equal(windower.transform(one)[0], whole[row - 10])
        windower.update(one)


def test_rows_that_are_missing_after_an_update_warn_and_the_way_out_works():
    X = frame(pd.date_range("2024-01-01", periods=30, freq="h"))
    windower = SlidingWindowTransformer(4).fit(X[:10]).update(X[10:12])
    later = X[15:20]
    for method in windower.transform, copy.deepcopy(windower).update:
        with pytest.warns(UserWarning, match=r"before 2024-01-01 15:00:00") as caught:
            method(later)
    way_out = re.search(r"with X(\.reindex\(.*\)), and", str(caught[0].message))[1]
    inserted = eval(f"X{way_out}", {"X": later, "pd": pd})
    npt.assert_array_equal(inserted.index, X.index[12:20])
    windower.transform(inserted.ffill().fillna(0))


def test_rows_that_are_missing_in_a_table_warn_and_the_way_out_works():
    X = frame(pd.date_range("2024-01-01", periods=30, freq="D"))
    windower = SlidingWindowTransformer(4).fit(X[:10])
    later = X.drop(X.index[14:16])
    with pytest.warns(UserWarning, match=r"before 2024-01-17.*longer") as caught:
        windower.transform(later[10:])
    way_out = re.search(r"with X(\.asfreq\(.*\)), and", str(caught[0].message))[1]
    inserted = eval(f"X{way_out}", {"X": later[10:], "pd": pd})
    npt.assert_array_equal(inserted.index, X.index[10:])
    windower.transform(inserted.ffill())


def test_missing_rows_of_numbered_rows_warn():
    X = frame(pd.RangeIndex(30))
    windower = SlidingWindowTransformer(4).fit(X[:10])
    with pytest.warns(UserWarning, match=r"before 14: .* Insert the missing rows, and"):
        windower.transform(X[10:].drop([12, 13]))


def test_without_dates_as_index_the_warning_has_no_command_for_the_index():
    days = pd.date_range("2024-01-01", periods=30)
    by_column = frame(pd.RangeIndex(30)).assign(day=days)
    panel = pd.concat({"a": frame(days), "b": frame(days)})
    objects = frame(pd.Index(days.date))
    for X, params in ((by_column, {"time": "day"}), (panel, {}), (objects, {})):
        windower = SlidingWindowTransformer(4, **params).fit(X)
        with pytest.warns(UserWarning, match="Insert the missing rows, and fill"):
            windower.transform(X.drop(X.index[[14, 15]]))


def test_weekends_between_business_days_are_not_missing(recwarn):
    X = frame(pd.bdate_range("2024-01-01", periods=40))
    SlidingWindowTransformer(4).fit(X[:7]).update(X[7:9]).transform(X[9:])
    assert not recwarn


def test_strings_after_times_are_refused_and_the_way_out_works():
    X = frame(pd.date_range("2024-01-01", periods=30))
    windower = SlidingWindowTransformer(4).fit(X[:10])
    later = X[10:].set_axis(X.index[10:].astype(str))
    for method in windower.transform, windower.update:
        with pytest.raises(ValueError, match=r"holds '2024-01-11' of dtype") as caught:
            method(later)
    assert "X.index = pd.to_datetime(X.index)" in str(caught.value)
    later.index = pd.to_datetime(later.index)
    npt.assert_array_equal(windower.transform(later), windower.transform(X[10:]))


def test_the_warning_for_rows_without_times_names_a_string_of_the_index():
    X = frame(pd.date_range("2024-01-01", periods=30).astype(str))
    windower = SlidingWindowTransformer(4).fit(X[:10])
    with pytest.warns(UserWarning, match=r"index of X holds '2024-01-11', which is no"):
        windower.transform(X[10:])


@pytest.mark.filterwarnings("ignore:Rows are missing")
def test_updates_store_no_more_rows_than_fit():
    X = frame(pd.RangeIndex(1000))
    windower = SlidingWindowTransformer(5, shift=2).fit(X[:20])
    for start in (20, 21, 25, 400):
        windower.update(X[start : start + (1 if start < 25 else 300)])
        (tail,) = windower._tails.values()
        for array in (tail.rows, *tail.time_indexes.values()):
            assert len(array) == 6
            assert array.base is None


def test_rows_without_times_follow_after_an_update():
    X = np.arange(20.0).reshape(-1, 1)
    windower = SlidingWindowTransformer(3).fit(X[:10]).update(X[10:12])
    npt.assert_array_equal(windower.transform(X[12:])[0, :, 0], [10, 11, 12])
    npt.assert_array_equal(windower.transform(X[:10])[0, :, 0], [0, 0, 0])
    windower.update(X[12:13])
    npt.assert_array_equal(windower.transform(X[13:])[0, :, 0], [11, 12, 13])


def test_rows_follow_if_only_some_of_them_have_times():
    X = np.arange(20.0).reshape(-1, 1)
    dated = pd.DataFrame(X, pd.date_range("2024-01-01", periods=20))
    windower = SlidingWindowTransformer(4).fit(X[:10]).update(dated[10:11])
    npt.assert_array_equal(windower.transform(dated[11:])[0, :, 0], [8, 9, 10, 11])
    windower.fit(dated[:10]).update(X[10:12]).update(dated[12:13])
    npt.assert_array_equal(windower.transform(X[13:])[0, :, 0], [10, 11, 12, 13])


def test_a_series_may_begin_with_an_update():
    days = pd.date_range("2024-01-01", periods=20)
    X = pd.concat({"a": frame(days), "b": -frame(days)})
    windower = SlidingWindowTransformer(3, padding="mean").fit(X.loc[["a"]])
    whole = windower.transform(X.loc[["b"]])
    windower.update(X.loc[["b"]][:1])
    for day in range(1, 5):
        row = X.loc[["b"]][day : day + 1]
        npt.assert_array_equal(windower.transform(row)[0], whole[day])
        windower.update(row)
    # The other series keeps its rows.
    npt.assert_array_equal(windower._tails["a"].rows, frame(days)[-2:])


@pytest.mark.parametrize("times", [pd.RangeIndex(5), pd.date_range("2024", periods=5)])
def test_an_update_with_rows_that_do_not_come_later_is_refused(times):
    X = frame(pd.date_range("2024-01-04", periods=9))
    later = frame(pd.date_range("2024-01-13", periods=1))
    windower = SlidingWindowTransformer(3).fit(X)
    windows = windower.transform(later)
    with pytest.raises(ValueError, match=f"come after .* but {times[0]} does not"):
        windower.update(frame(times))
    npt.assert_array_equal(windower.transform(later), windows)
    X = frame(pd.RangeIndex(20))
    windower.fit(X)
    with pytest.raises(ValueError, match=r"continue it with X.index \+= 20"):
        windower.update(frame(pd.RangeIndex(1)))
    one = frame(pd.RangeIndex(1)) + 30
    one.index += 20
    npt.assert_array_equal(windower.update(one)._tails[None].rows[:, 0], [19, 30])
    with pytest.raises(ValueError, match="context=None, no rows are stored"):
        SlidingWindowTransformer(context=None).fit(X).update(X)


# Warnings about windows without their past, and the ways out that they name.

SCALED = frame(pd.RangeIndex(30))["a"].to_frame() ** 2
TRAIN, LATER = SCALED[:20], SCALED[20:]
NO_TIMES = r"9 of 10 rows of X have no complete window.*rows without times"


def scaled_windows(**params):
    return make_pipeline(StandardScaler(), SlidingWindowTransformer(10, **params))


def expected_windows():
    """Return the windows of the last rows if the scaler keeps the index."""
    return scaled_windows().set_output(transform="pandas").fit(TRAIN).transform(LATER)


def test_a_scaler_that_drops_the_index_warns_and_the_ways_out_do_not():
    with pytest.warns(UserWarning, match=NO_TIMES):
        scaled_windows().fit(TRAIN).transform(LATER)
    expected = expected_windows()
    for model in (
        make_pipeline(
            StandardScaler().set_output(transform="pandas"),
            SlidingWindowTransformer(10, flatten=True),
        ),
        scaled_windows(context="assume_next", flatten=True),
    ):
        npt.assert_array_equal(model.fit(TRAIN).transform(LATER), expected)
    npt.assert_array_equal(
        SlidingWindowTransformer(10).fit(TRAIN).transform(LATER)[0, :, 0],
        SCALED["a"][11:21],
    )


def test_the_way_out_of_the_warning_needs_no_new_fit():
    X = SCALED.to_numpy()
    windower = SlidingWindowTransformer(10).fit(X[:20])
    with pytest.warns(UserWarning, match=NO_TIMES):
        windower.transform(X[20:])
    windower.set_params(context="assume_next")
    npt.assert_array_equal(windower.transform(X[20:])[0, :, 0], X[11:21, 0])
    windower.set_params(context=None)
    npt.assert_array_equal(windower.transform(X[20:])[0, :, 0], [400] * 10)


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("n_rows", [1, 5, 20, 30])
def test_training_rows_do_not_warn(as_array, n_rows):
    X = SCALED.to_numpy() if as_array else SCALED
    windower = SlidingWindowTransformer(10, shift=2)
    windower.fit_transform(X[:20])
    windower.transform(X[:n_rows])
    short = SlidingWindowTransformer(10, context="assume_next").fit(X[:3])
    short.transform(X[3:4])


def test_rows_after_a_long_gap_warn_and_the_rows_before_them_help():
    windower = SlidingWindowTransformer(5, padding="nan").fit(SCALED[:10])
    words = "2 of 2 rows of X have no complete window.*Pass the 4 rows before X as the"
    with pytest.warns(UserWarning, match=words):
        windower.transform(SCALED[20:22])
    windows = windower.transform(SCALED[16:22])[4:]
    npt.assert_array_equal(windows[:, :, 0], [SCALED["a"][16:21], SCALED["a"][17:22]])


def test_only_series_whose_past_may_exist_warn():
    rows = np.column_stack([np.arange(20.0), np.repeat([0, 1], 10)])
    windower = SlidingWindowTransformer(4, groups=1).fit(rows[:10])
    windower.transform(rows)
    windower.transform(rows[10:])
    with pytest.warns(UserWarning, match="3 of 15 rows of X have no complete window"):
        windower.transform(rows[5:])
