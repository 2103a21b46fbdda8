"""Dates in the types of Python, NumPy, pandas, Arrow and polars."""

import datetime as dt

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from sklstm import (
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
)
from sklstm._input.time_dtypes import as_dates, time_columns

DAYS = pd.date_range("2024-01-01", periods=12, name="day")
BERLIN = DAYS.tz_localize("Europe/Berlin")
ARROW = [
    "timestamp[ns][pyarrow]",
    "date32[day][pyarrow]",
    "timestamp[us, tz=Europe/Berlin][pyarrow]",
]


def in_arrow(dtype):
    pytest.importorskip("pyarrow")
    days = pd.Series(BERLIN if "tz" in dtype else DAYS, name="day").astype(dtype)
    return pd.Index(days)


INDEXES = {
    "dates of Python": lambda: pd.Index(list(DAYS.date), dtype=object, name="day"),
    "objects": lambda: pd.Index(list(DAYS), dtype=object, name="day"),
    "categories": lambda: pd.CategoricalIndex(DAYS, name="day"),
    "one level": lambda: pd.MultiIndex.from_arrays([DAYS]),
    **{dtype: lambda dtype=dtype: in_arrow(dtype) for dtype in ARROW},
}


@pytest.fixture(params=INDEXES)
def index(request):
    return INDEXES[request.param]()


def test_dates_of_every_type_become_an_index_of_dates(index):
    dates = as_dates(index)
    assert isinstance(dates, pd.DatetimeIndex)
    assert dates.tz_localize(None).equals(DAYS)
    assert dates.name == "day"


@pytest.mark.parametrize(
    "labels",
    [
        DAYS,
        DAYS.to_period(),
        pd.RangeIndex(3),
        pd.MultiIndex.from_product([["north"], DAYS]),
        pd.CategoricalIndex(["a", "b"]),
    ],
    ids=lambda labels: type(labels).__name__,
)
def test_other_labels_are_returned_as_they_are(labels):
    assert as_dates(labels) is labels


def test_other_categories_become_an_index_of_their_values():
    with_gap = as_dates(pd.CategoricalIndex([DAYS[0], None]))
    assert with_gap.hasnans
    assert isinstance(with_gap, pd.DatetimeIndex)
    assert list(as_dates(pd.CategoricalIndex([3, 1, 3]))) == [3, 1, 3]
    assert isinstance(as_dates(pd.CategoricalIndex(DAYS.to_period())), pd.PeriodIndex)


def test_durations_of_arrow_become_an_index_of_durations():
    pytest.importorskip("pyarrow")
    hours = pd.timedelta_range("1h", periods=3, freq="h")
    arrow = pd.Index(pd.Series(hours).astype("duration[ns][pyarrow]"))
    assert as_dates(arrow).equals(hours)


def test_forecasts_continue_dates_of_every_type(index):
    y = pd.Series(np.arange(12.0), index)
    model = LSTMForecaster(Ridge(), horizon=2, window_size=2).fit(y)
    later = model.predict().index
    assert list(later.tz_localize(None)) == list(pd.date_range("2024-01-13", periods=2))
    X = pd.DataFrame({"a": np.arange(12.0)}, index)
    assert model.fit(y, X).n_features_in_ == 1


def test_windows_use_the_past_by_dates_of_every_type(index):
    X = pd.DataFrame({"a": np.arange(12.0)}, index)
    windower = SlidingWindowTransformer(3).fit(X[:8])
    npt.assert_array_equal(windower.transform(X[8:])[0, :, 0], [6, 7, 8])
    with pytest.raises(ValueError, match="index of X must increase"):
        windower.fit(X[::-1])


def test_windows_use_the_past_by_a_column_of_dates_of_every_type(index):
    X = pd.DataFrame({"a": np.arange(12.0), "day": index.get_level_values(0)})
    windower = SlidingWindowTransformer(3, time="day").fit(X[:8])
    npt.assert_array_equal(windower.transform(X[8:])[0, :, 0], [6, 7, 8])


TIMES = {
    "dates": list(DAYS.date),
    "timestamps": list(DAYS.to_pydatetime()),
    "durations": [dt.timedelta(days=n) for n in range(12)],
    "times of day": [dt.time(hour=n) for n in range(12)],
}


def polars_frame(kind):
    pl = pytest.importorskip("polars")
    return pl.DataFrame({"a": np.arange(12.0), "b": pl.Series(TIMES[kind])})


FRAMES = {
    **{f"polars {kind}": lambda kind=kind: polars_frame(kind) for kind in TIMES},
    "pandas": lambda: pd.DataFrame({"a": np.arange(12.0), "b": DAYS}),
    "objects": lambda: pd.DataFrame({"a": 1.0, "b": pd.Series(DAYS.date)}),
    "NumPy objects": lambda: pd.DataFrame(
        {"a": 1.0, "b": pd.Series(list(DAYS.to_numpy()), dtype=object)}
    ),
    "categories": lambda: pd.DataFrame({"a": 1.0, "b": pd.Categorical(DAYS)}),
    "Arrow": lambda: pd.DataFrame({"a": 1.0, "b": in_arrow(ARROW[1])}),
    "Arrow times": lambda: pd.DataFrame({"a": 1.0, "b": in_arrow_times()}),
}


def in_arrow_times():
    pytest.importorskip("pyarrow")
    return pd.Series(TIMES["times of day"]).astype("time64[us][pyarrow]")


@pytest.fixture(params=FRAMES)
def table(request):
    return FRAMES[request.param]()


def test_columns_of_times_are_found(table):
    assert time_columns(table) == ["b"]
    assert time_columns(table["b"]) == [0]


def test_arrays_and_lists_of_times_are_found():
    stamps = DAYS.to_numpy()
    assert time_columns(np.c_[stamps, stamps]) == [0, 1]
    assert time_columns(list(stamps)) == [0]
    mixed = np.empty((12, 2), dtype=object)
    mixed[:, 0] = 1.5
    mixed[:, 1] = list(stamps)
    assert time_columns(mixed) == [1]
    assert time_columns([[1.0, 2.0]]) == []
    assert time_columns(np.empty((3, 0), dtype=object)) == []
    assert time_columns(pd.DataFrame({"a": [1, None]}, dtype=object)) == []


def test_arrays_of_arrow_hold_times():
    pa = pytest.importorskip("pyarrow")
    assert time_columns(pa.array(TIMES["dates"])) == [0]
    assert time_columns(pa.array([1.0, 2.0])) == []


def test_times_are_never_features(table):
    for estimator in (
        LSTMRegressor(),
        SlidingWindowTransformer(3),
        LSTMOutlierDetector(Ridge(), window_size=3),
    ):
        with pytest.raises(ValueError, match="X holds dates or durations"):
            estimator.fit(table, np.zeros(12))
    with pytest.raises(ValueError, match="The column 'b' of X holds times"):
        LSTMForecaster(Ridge()).fit(np.arange(12.0), table)
    with pytest.raises(ValueError, match=r"X\[0\] must hold real numbers"):
        LSTMRegressor().fit([table, table[:5]], [1.0, 2.0])


def test_times_are_never_targets_or_series(table):
    with pytest.raises(ValueError, match="y holds dates or durations"):
        LSTMRegressor().fit(np.zeros((12, 3)), table["b"])
    with pytest.raises(ValueError, match="y holds dates or durations"):
        LSTMForecaster(Ridge()).fit(table["b"])
    with pytest.raises(ValueError, match="The column 'b' of y holds times"):
        LSTMForecaster(Ridge()).fit(table)


@pytest.mark.parametrize("kind", ["dates", "timestamps", "durations"])
def test_a_polars_column_of_times_orders_the_rows(kind):
    X = polars_frame(kind)
    windower = SlidingWindowTransformer(3, time="b").fit(X[:8])
    npt.assert_array_equal(windower.transform(X[8:])[0, :, 0], [6, 7, 8])
    with pytest.raises(ValueError, match="column 'b' must increase"):
        windower.fit(X[::-1])
    detector = LSTMOutlierDetector(Ridge(), window_size=2, time="b")
    assert detector.fit(X).predict(X).shape == (12,)


def test_a_polars_column_with_a_time_zone_counts_local_days():
    pl = pytest.importorskip("polars")
    # Days across the change to summer time have 23 hours.
    days = pd.date_range("2024-03-28", periods=12, tz="Europe/Berlin")
    stamps = pl.Series(list(days.tz_convert("UTC").tz_localize(None).to_pydatetime()))
    local = stamps.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    X = pl.DataFrame({"a": np.arange(12.0), "b": local})
    windower = SlidingWindowTransformer(4, time="b", padding="nan").fit(X[:6])
    # One row is missing in between, because local days are counted.
    window = windower.transform(X[7:])[0, :, 0]
    npt.assert_array_equal(window, [4, 5, np.nan, 7])


def test_strings_and_times_of_day_are_no_time_column():
    X = polars_frame("times of day")
    with pytest.raises(ValueError, match=r"got datetime.time\(0, 0\) of dtype object"):
        SlidingWindowTransformer(3, time="b").fit(X)
    pl = pytest.importorskip("polars")
    X = X.with_columns(b=pl.Series(DAYS.strftime("%Y-%m-%d").to_list()))
    with pytest.raises(ValueError, match=r"str\.to_datetime in polars"):
        SlidingWindowTransformer(3, time="b").fit(X)
    SlidingWindowTransformer(3, time="b").fit(
        X.with_columns(pl.col("b").str.to_datetime())
    )
