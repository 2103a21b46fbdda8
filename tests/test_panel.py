"""Forms of y for a forecaster, and forecasts in the same form."""

import re

import numpy as np
import numpy.testing as npt
import pandas as pd
import pandas.testing as pdt
import pytest

from sklstm._forecast.panel import read_series
from sklstm._input import frequency

MONTHS = pd.date_range("2020-01", periods=7, freq="MS", name="month")
KNOWN, NEXT = MONTHS[:5], MONTHS[5:]
A, B = np.array([1.0, 2, 3, 4, 5]), np.array([9.0, 8, 7, 6, 5])
NEXT_A, NEXT_B = np.array([6.0, 7]), np.array([4.0, 3])
BOUNDS = ["lower", "upper"]
NO_ROWS = pd.Series([], pd.MultiIndex.from_arrays([[], KNOWN[:0]]), float)


def long(index, **series):
    return pd.concat(
        {name: pd.Series(values, index) for name, values in series.items()},
        names=["shop", "month"],
    ).rename("sales")


def container(y, *numbers):
    panel = read_series(y)
    assert len(panel.series) == len(numbers)
    return panel.to_container(list(numbers))


def bounds(y, *numbers):
    return read_series(y).to_container([np.c_[n - 1, n + 1] for n in numbers], BOUNDS)


def test_array_is_one_series():
    npt.assert_array_equal(container(A, NEXT_A), NEXT_A)
    npt.assert_array_equal(container(list(A), NEXT_A), NEXT_A)
    npt.assert_array_equal(bounds(A, NEXT_A), [[5, 7], [6, 8]])


def test_columns_of_an_array_are_series():
    npt.assert_array_equal(
        container(np.c_[A, B], NEXT_A, NEXT_B), np.c_[NEXT_A, NEXT_B]
    )
    assert bounds(np.c_[A, B], NEXT_A, NEXT_B).shape == (2, 2, 2)


def test_series_keeps_its_name_and_its_dates():
    y = pd.Series(A, KNOWN, name="sales")
    pdt.assert_series_equal(container(y, NEXT_A), pd.Series(NEXT_A, NEXT, name="sales"))
    expected = pd.DataFrame({"lower": NEXT_A - 1, "upper": NEXT_A + 1}, NEXT)
    pdt.assert_frame_equal(bounds(y, NEXT_A), expected)


def test_columns_of_a_frame_are_series():
    y = pd.DataFrame({"a": A, "b": B}, KNOWN)
    expected = pd.DataFrame({"a": NEXT_A, "b": NEXT_B}, NEXT)
    pdt.assert_frame_equal(container(y, NEXT_A, NEXT_B), expected)
    both = bounds(y, NEXT_A, NEXT_B)
    assert list(both) == [
        ("a", "lower"),
        ("a", "upper"),
        ("b", "lower"),
        ("b", "upper"),
    ]
    npt.assert_array_equal(both["b"], np.c_[NEXT_B - 1, NEXT_B + 1])


@pytest.mark.parametrize("is_frame", [False, True])
def test_long_series_are_read_by_their_first_levels(is_frame):
    y, expected = long(KNOWN, a=A, b=B), long(NEXT, a=NEXT_A, b=NEXT_B)
    if is_frame:
        pdt.assert_frame_equal(
            container(y.to_frame(), NEXT_A, NEXT_B), expected.to_frame()
        )
    else:
        pdt.assert_series_equal(container(y, NEXT_A, NEXT_B), expected)
    with_bounds = bounds(y.to_frame() if is_frame else y, NEXT_A, NEXT_B)
    assert list(with_bounds) == BOUNDS
    pdt.assert_index_equal(with_bounds.index, expected.index)


def test_long_series_may_end_at_different_times():
    y = pd.concat([long(KNOWN, a=A), long(KNOWN[:3], b=B[:3])])
    result = container(y, NEXT_A, NEXT_B)
    assert list(result["a"].index) == list(NEXT)
    assert list(result["b"].index) == list(MONTHS[3:5])


def test_rows_of_long_series_may_be_mixed():
    y = long(KNOWN, a=A, b=B)
    panel = read_series(y.sort_index(level="month"))
    npt.assert_array_equal([one.values for one in panel.series], [A, B])


def test_list_may_hold_series_of_any_length():
    npt.assert_array_equal(container([A, B[:3]], NEXT_A, NEXT_B), [NEXT_A, NEXT_B])
    a, b = container([A, pd.Series(B, KNOWN, name="b")], NEXT_A, NEXT_B)
    npt.assert_array_equal(a, NEXT_A)
    pdt.assert_series_equal(b, pd.Series(NEXT_B, NEXT, name="b"))


@pytest.mark.parametrize(
    "y",
    [
        np.array([1, np.nan, 3]),
        [1, None, 3],
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([1, None, 3], KNOWN[:3], dtype=object),
    ],
)
def test_missing_values_are_nan(y):
    values = read_series(y).series[0].values
    npt.assert_array_equal(values, [1, np.nan, 3])
    assert values.dtype == np.float64


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (5, r"y must have shape \(n_timesteps,\)"),
        ("abc", r"y must have shape \(n_timesteps,\)"),
        (None, r"y must have shape \(n_timesteps,\)"),
        (np.zeros((2, 2, 2)), r"got \(2, 2, 2\)"),
        ([], "There are no values in y"),
        (pd.Series([], dtype=float), "There are no values in y"),
        (pd.Series(A, KNOWN)[:0], "There are no values in y"),
        ([A, A[:0]], "There are no values in y"),
        (NO_ROWS, "holds no series. Pass at least one row"),
        (NO_ROWS.to_frame("y"), "holds no series. Pass at least one row"),
        (np.full(3, np.nan), "All values of y are missing"),
        (np.array([1, np.inf]), "Input y contains infinity"),
        (pd.Series(["a", "b"]), "y holds strings that are not numbers"),
        (pd.Series(KNOWN), "y holds dates or durations"),
        (
            pd.DataFrame({"a": A, "b": list("vwxyz")}),
            "the series 'b' of y holds strings",
        ),
        (
            pd.DataFrame({"a": A, "b": np.nan}),
            "All values of the series 'b' of y are missing",
        ),
        (pd.DataFrame(index=KNOWN), "y holds no series"),
        (np.zeros((5, 0)), "y holds no series"),
        (long(KNOWN, a=A).to_frame().assign(b=B), "must have one column"),
        (long(KNOWN, a=A).swaplevel(), r"Swap the two with swaplevel"),
        (long(KNOWN[[0, 1, 2, 2, 4]], a=A), "has 2020-03-01 00:00:00 twice"),
        ([A, np.c_[A, B]], "each item must hold one series"),
    ],
)
def test_invalid_series_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        read_series(y)


def test_a_column_of_dates_as_strings_can_become_the_index():
    # As pd.read_csv returns it without parse_dates.
    y = pd.DataFrame({"day": KNOWN.strftime("%Y-%m-%d"), "sales": A})
    with pytest.raises(ValueError, match="If they are dates") as error:
        read_series(y)
    code = re.search(r"y = y\.set_index\(.*\)\)\)", str(error.value))[0]
    variables = {"pd": pd, "y": y}
    exec(code, variables)
    (series,) = read_series(variables["y"]).series
    assert series.name == "sales"
    assert series.times.equals(KNOWN.rename("day"))


def test_levels_in_the_order_time_and_series_are_refused_with_a_way_out():
    days = pd.date_range("2024-01-01", periods=4, name="date")
    table = pd.MultiIndex.from_product([days, [7, 8]], names=["date", "store"])
    sales = pd.Series(np.arange(8.0), table)
    with pytest.raises(ValueError, match=r"Swap the two with swaplevel\(0, -1\)"):
        read_series(sales)
    panel = read_series(sales.swaplevel(0, -1))
    assert [one.name for one in panel.series] == [7, 8]
    npt.assert_array_equal(panel.series[1].values, [1, 3, 5, 7])


def test_index_of_one_level_is_a_single_series():
    y = pd.Series(A, pd.MultiIndex.from_arrays([KNOWN]), name="sales")
    pdt.assert_series_equal(container(y, NEXT_A), pd.Series(NEXT_A, NEXT, name="sales"))


def test_times_of_many_series_are_read_once(monkeypatch):
    calls = []
    monkeypatch.setattr(
        frequency, "_with_frequency", lambda dates, owner: calls.append(owner) or dates
    )
    months = pd.DatetimeIndex(KNOWN.to_list())
    y = long(months, **{f"shop {n}": A for n in range(50)})
    panel = read_series(y)
    assert len(calls) == 1
    assert all(times is panel.times[0] for times in panel.times)


LONG = {
    "shop": ["a"] * 5 + ["b"] * 5,
    "month": list(KNOWN.to_pydatetime()) * 2,
    "sales": np.r_[A, B],
}


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("shops", [["a", "b"], [1, 2]])
def test_frames_with_a_column_of_times_are_read_as_their_error_advises(library, shops):
    frames = pytest.importorskip(library)
    y = frames.DataFrame({**LONG, "shop": np.repeat(shops, 5)})
    with pytest.raises(ValueError, match="'month' of y holds times") as error:
        read_series(y)
    names = {"y": y, "pd": pd}
    exec(str(error.value).rsplit(" with: ", 1)[1], names)
    expected = long(NEXT, a=NEXT_A, b=NEXT_B).rename(
        dict(zip("ab", shops, strict=True)), level=0
    )
    pdt.assert_series_equal(
        container(names["y"], NEXT_A, NEXT_B), expected, check_index_type=False
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_wide_frame_with_a_column_of_times_is_read_as_its_error_advises(library):
    frames = pytest.importorskip(library)
    y = frames.DataFrame({"month": LONG["month"][:5], "a": A, "b": B})
    with pytest.raises(ValueError, match="'month' of y holds times") as error:
        read_series(y)
    names = {"y": y, "pd": pd}
    exec(str(error.value).rsplit(" with: ", 1)[1], names)
    expected = pd.DataFrame({"a": NEXT_A, "b": NEXT_B}, NEXT)
    pdt.assert_frame_equal(container(names["y"], NEXT_A, NEXT_B), expected)
