"""Windows of SlidingWindowTransformer: padding, shift, views and invalid input."""

import pickle
import tracemalloc

import hypothesis.strategies as st
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklstm import LSTMOutlierDetector, LSTMRegressor
from sklstm._input.windows import lag_layout
from sklstm.preprocessing import SlidingWindowTransformer

SERIES = np.array([[2.0], [4.0], [9.0]])  # mean 5
PADDINGS = ["edge", "mean", "constant", "nan"]


def random_series(n_rows, n_features=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, n_features))


@pytest.mark.parametrize(
    ("padding", "before"), [("edge", 2), ("mean", 5), ("constant", 7), ("nan", np.nan)]
)
def test_rows_before_the_first_are_padded(padding, before):
    windower = SlidingWindowTransformer(3, padding=padding, fill_value=7)
    windows = windower.fit_transform(SERIES)[:, :, 0]
    npt.assert_array_equal(windows, [[before, before, 2], [before, 2, 4], [2, 4, 9]])


@pytest.mark.parametrize(
    ("padding", "before"), [("edge", 5), ("mean", 5), ("constant", 7), ("nan", np.nan)]
)
def test_windows_end_shift_rows_before_their_row(padding, before):
    windower = SlidingWindowTransformer(2, shift=2, padding=padding, fill_value=7)
    windows = windower.fit_transform(SERIES)[:, :, 0]
    npt.assert_array_equal(windows, [[before, before], [before, before], [before, 2]])


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    row=st.integers(0, 19),
    window_size=st.integers(1, 8),
    shift=st.integers(0, 5),
    padding=st.sampled_from(PADDINGS),
)
def test_windows_do_not_depend_on_later_rows(row, window_size, shift, padding):
    X = pd.DataFrame(random_series(20))
    windower = SlidingWindowTransformer(window_size, shift=shift, padding=padding)
    windower.fit(X)
    changed = X.copy()
    changed.iloc[max(row - shift + 1, 0) :] = 1e6
    npt.assert_array_equal(
        windower.transform(changed)[: row + 1], windower.transform(X)[: row + 1]
    )


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    n_rows=st.integers(1, 12),
    window_size=st.integers(1, 8),
    shift=st.integers(0, 5),
    padding=st.sampled_from(PADDINGS),
    context=st.sampled_from(["auto", "assume_next", None]),
    as_frame=st.booleans(),
)
def test_transform_of_the_training_rows_equals_fit_transform(
    as_frame, n_rows, **params
):
    X = random_series(n_rows)
    X = pd.DataFrame(X) if as_frame else X
    windower = SlidingWindowTransformer(**params)
    windows = windower.fit_transform(X)
    npt.assert_array_equal(windower.transform(X), windows)
    npt.assert_array_equal(clone(windower).fit(X).transform(X), windows)


STEPS = np.arange(12.0)
TWO_COLUMNS = pd.DataFrame({"sales": STEPS, "ad": 100 + STEPS})


@pytest.mark.parametrize("known_ahead", [["ad"], [1], [-1]])
@pytest.mark.parametrize("shift", [0, 1, 4])
@pytest.mark.parametrize("sampling_rate", [1, 3])
def test_windows_of_columns_known_ahead_end_with_their_row(
    known_ahead, shift, sampling_rate
):
    windower = SlidingWindowTransformer(
        3, shift=shift, known_ahead=known_ahead, sampling_rate=sampling_rate
    )
    windows = windower.fit(TWO_COLUMNS[:9]).transform(TWO_COLUMNS)
    later = windower.transform(TWO_COLUMNS[9:])
    npt.assert_array_equal(later, windows[9:])
    lags = sampling_rate * np.array([2, 1, 0])
    for row in range(windower.n_context, 12):
        npt.assert_array_equal(windows[row, :, 0], row - shift - lags)
        npt.assert_array_equal(windows[row, :, 1], 100 + row - lags)
    assert windower.n_context == 2 * sampling_rate + shift
    names = " ".join(f"sales__lag{lag + shift} ad__lag{lag}" for lag in lags)
    assert list(windower.get_feature_names_out()) == names.split()


def test_columns_known_ahead_do_not_depend_on_the_time_and_groups_columns():
    X = np.column_stack([STEPS, np.zeros(12), 100 + STEPS, 50 + STEPS])
    windower = SlidingWindowTransformer(
        2, shift=1, time=0, groups=1, known_ahead=[2], padding="nan"
    )
    windows = windower.fit_transform(X)
    npt.assert_array_equal(windows[5], [[104, 53], [105, 54]])
    npt.assert_array_equal(windower.update([[12, 0, 5, 6]])._tails[0].rows[-1], [5, 6])


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_the_last_rows_may_lack_what_no_window_contains(missing):
    X = pd.DataFrame({"shop": [1, 2] * 6, "load": np.arange(12.0), "ad": 1.0})
    windower = SlidingWindowTransformer(
        2, shift=2, known_ahead=["ad"], groups="shop", context=None
    ).fit(X)
    later = X.copy()
    later.loc[8:, "load"] = missing
    npt.assert_array_equal(windower.transform(later), windower.transform(X))
    for row, column in [(6, "load"), (11, "ad")]:
        wrong = X.copy()
        wrong.loc[row, column] = missing
        with pytest.raises(ValueError, match=f"in the column '{column}' of row {row}"):
            windower.transform(wrong)
    with pytest.raises(ValueError, match="in the column 'load' of row 8"):
        windower.fit(later)


def test_estimators_read_windows_of_columns_known_ahead_alike():
    y = np.sin(STEPS)
    network = LSTMRegressor((4,), max_iter=3, learning_rate="cosine", random_state=0)
    windower = SlidingWindowTransformer(3, shift=2, known_ahead=["ad"])
    model = make_pipeline(windower, network)
    expected = model.fit(TWO_COLUMNS, y).predict(TWO_COLUMNS)
    frames = model.set_output(transform="pandas").fit(TWO_COLUMNS, y)
    assert network.feature_names_in_[-1] == "ad__lag0"
    npt.assert_array_equal(frames.predict(TWO_COLUMNS), expected)


def test_a_column_transformer_can_cut_windows_with_different_shifts():
    both = SlidingWindowTransformer(3, shift=2, known_ahead=["ad"], padding="nan")
    windows = both.fit_transform(TWO_COLUMNS)
    parts = make_column_transformer(
        (SlidingWindowTransformer(3, padding="nan"), ["ad"]),
        (SlidingWindowTransformer(3, shift=2, padding="nan"), ["sales"]),
    ).set_output(transform="pandas")
    frame = parts.fit_transform(TWO_COLUMNS)
    layout = lag_layout(list(frame.columns))
    restored = frame.to_numpy()[:, layout.order].reshape(-1, 3, 2)[:, :, ::-1]
    npt.assert_array_equal(restored[4:], windows[4:])


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_windows_are_a_read_only_view_of_one_copy(flatten, order):
    X = np.asarray(random_series(50), order=order)
    windows = SlidingWindowTransformer(8, shift=1, flatten=flatten).fit_transform(X)
    row = 2 * X.itemsize
    assert windows.strides == ((row, 8) if flatten else (row, row, 8))
    assert not windows.flags.writeable
    assert not np.shares_memory(windows, X)


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("flatten", [False, True])
def test_a_million_rows_need_less_memory_than_one_and_a_half_copies(flatten, shift):
    X = random_series(1_000_000, 8)
    windower = SlidingWindowTransformer(96, shift=shift, flatten=flatten).fit(X)
    tracemalloc.start()
    windows = windower.transform(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(windows) == len(X)
    npt.assert_array_equal(windows[-1].reshape(96, 8), X[-96 - shift :][:96])
    assert peak < 1.5 * X.nbytes


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, bool])
@pytest.mark.parametrize("padding", PADDINGS)
def test_floats_keep_their_precision_and_other_types_become_float64(dtype, padding):
    X = np.arange(6).reshape(6, 1).astype(dtype)
    windows = SlidingWindowTransformer(3, padding=padding).fit_transform(X)
    assert windows.dtype == (dtype if dtype in (np.float32, np.float64) else np.float64)
    npt.assert_array_equal(windows[2:, 2, 0], X[2:, 0])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_out_have_a_column_for_every_lag(library):
    pytest.importorskip(library)
    X = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]}, index=[10, 20, 30])
    windower = SlidingWindowTransformer(2, shift=1, padding="constant")
    windows = windower.set_output(transform=library).fit_transform(X)
    columns = ["a__lag2", "b__lag2", "a__lag1", "b__lag1"]
    assert list(windows.columns) == columns == list(windower.get_feature_names_out())
    npt.assert_array_equal(windows.to_numpy(), [[0] * 4, [0, 0, 1, 4], [1, 4, 2, 5]])
    if library == "pandas":
        assert list(windows.index) == [10, 20, 30]


def test_flat_windows_have_the_values_of_3d_windows():
    X = random_series(10, 3)
    windows = SlidingWindowTransformer(4).fit_transform(X)
    flat = SlidingWindowTransformer(4, flatten=True).fit_transform(X)
    npt.assert_array_equal(flat.reshape(10, 4, 3), windows)


def test_a_pickled_transformer_keeps_the_last_rows():
    X = pd.DataFrame(random_series(20))
    windower = SlidingWindowTransformer(4).fit(X[:10])
    copy = pickle.loads(pickle.dumps(windower))
    npt.assert_array_equal(copy.transform(X[10:]), windower.transform(X[10:]))
    npt.assert_array_equal(copy.transform(X[10:])[0], X[7:11])


def test_n_context_is_the_number_of_rows_that_a_first_window_needs():
    windower = SlidingWindowTransformer(5, shift=2, padding="nan")
    assert windower.n_context == 6
    windows = windower.fit_transform(random_series(10))
    npt.assert_array_equal(np.isnan(windows).any(axis=(1, 2)), np.arange(10) < 6)


FRAME = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]})


@pytest.mark.parametrize(
    ("params", "X", "words"),
    [
        ({"window_size": 0}, FRAME, "'window_size' parameter .* must be an int"),
        ({"padding": "reflect"}, FRAME, "'padding' parameter"),
        (
            {},
            FRAME[::-1],
            "index of X must increase .* 1 does not come after 2 .* TimeSeriesSplit",
        ),
        (
            {},
            FRAME.set_axis([0, 1, 1]),
            "index of X must increase .* 1 occurs twice.*groups=.*context=None",
        ),
        ({}, FRAME.set_axis([0, np.nan, 1]), "times of X hold missing values"),
        ({"time": "c"}, FRAME, r"time='c' is no column of X.*\['a', 'b'\]"),
        ({"time": "a"}, FRAME.to_numpy(), "time='a' is no column of X"),
        ({"groups": 2}, FRAME, "groups=2 is no column of X, which has 2"),
        ({"known_ahead": ["c"]}, FRAME, "known_ahead='c' is no column of X"),
        ({"known_ahead": [True, False]}, FRAME, "names or positions .* got True"),
        ({"known_ahead": "a"}, FRAME, "'known_ahead' parameter .* must be an array"),
        (
            {"known_ahead": ["a"], "groups": "a"},
            FRAME,
            "names the column of time or groups.*Remove it from known_ahead",
        ),
        ({"sampling_rate": 0}, FRAME, "'sampling_rate' parameter .* must be an int"),
        (
            {"time": 1},
            FRAME[["a"]].assign(t=["x", "y", "z"]),
            "dates or numbers, got 'x' of dtype",
        ),
        ({"time": "b"}, FRAME.assign(b=[1, 3, 2]), "column 'b' must increase"),
        (
            {"time": "a", "groups": "b"},
            FRAME,
            "only the columns of time and groups",
        ),
        (
            {"groups": "b"},
            FRAME.assign(b=["x", None, "y"]),
            "series of some rows are missing",
        ),
        ({"time": 1, "groups": "b"}, FRAME, "time and groups name the same column"),
        ({}, FRAME.assign(a=["x", "y", "z"]), "could not convert string to float"),
        ({}, FRAME.assign(a=[1, np.nan, 2]), "contains NaN"),
        ({"groups": "b"}, FRAME.assign(a=[1, np.nan, 2]), "contains NaN"),
        ({"groups": 0}, np.zeros(3), "1 dimensions.*Reshape your data"),
        ({"groups": 0}, np.zeros((0, 2)), "0 sample"),
        (
            {},
            FRAME.set_axis(pd.PeriodIndex(["2024-02", "2024-01", "2024-03"], freq="M")),
            "2024-01 does not come after 2024-02",
        ),
        ({}, FRAME["a"], r"X.to_frame\(\)"),
        ({}, FRAME[[]], "X has no columns"),
        ({}, np.zeros((4, 3, 2)), "X with 3 dimensions already holds windows"),
        ({}, pd.DataFrame({"a": ["x", "y"]}), "X holds strings"),
        (
            {},
            pd.DataFrame({"a": [1.0], "when": pd.Timestamp("2020-01-01", tz="UTC")}),
            "X holds dates.*LSTMOutlierDetector accept.*parameter time",
        ),
    ],
)
def test_invalid_input_is_refused(params, X, words):
    with pytest.raises(ValueError, match=words):
        SlidingWindowTransformer(**params).fit(X)


def test_rows_out_of_order_are_refused_in_transform_too():
    windower = SlidingWindowTransformer().fit(FRAME)
    with pytest.raises(ValueError, match="index of X must increase"):
        windower.transform(FRAME[::-1])


def test_other_columns_than_in_fit_are_refused():
    windower = SlidingWindowTransformer(groups="b").fit(FRAME)
    with pytest.raises(ValueError, match="feature names should match"):
        windower.transform(FRAME.rename(columns={"a": "c"}))


def test_a_failed_fit_leaves_the_transformer_unfitted():
    frame = pd.DataFrame({"a": np.arange(4.0)})
    transformer = SlidingWindowTransformer(2)
    with pytest.raises(ValueError, match="increas"):
        transformer.fit(frame[::-1])
    with pytest.raises(NotFittedError):
        transformer.transform(frame)


def test_a_ragged_target_is_not_refused():
    X = np.arange(4.0)[:, None]
    windows = SlidingWindowTransformer(2).fit_transform(X, [[1], [1, 2], [3], [4]])
    assert len(windows) == 4


def test_one_row_that_equals_the_first_is_assumed_to_follow():
    X = np.arange(4.0)[:, None]
    transformer = SlidingWindowTransformer(3, context="assume_next").fit(X)
    npt.assert_array_equal(transformer.transform([[0.0]])[0, :, 0], [2, 3, 0])
    npt.assert_array_equal(transformer.transform(X), transformer.fit_transform(X))


def test_a_missing_value_is_located():
    frame = pd.DataFrame({"day": range(9), "a": 1.0, "b": 2.0})
    frame.loc[3, "b"] = np.nan
    with pytest.raises(ValueError, match=r"NaN, in the column 'b' of row 3\."):
        SlidingWindowTransformer(2, time="day").fit(frame)
    with pytest.raises(ValueError, match=r"infinity, in the column 1 of row 0\."):
        SlidingWindowTransformer(2).fit(np.array([[1.0, np.inf], [np.nan, 1.0]]))


@pytest.mark.parametrize("time", [None, "day"])
def test_infinity_is_located_where_nan_is_accepted(time):
    frame = pd.DataFrame({"day": range(9), "a": [1.0, 2.0] * 4 + [1.0]})
    frame.loc[3, "a"] = -np.inf
    frame.loc[5, "a"] = np.nan
    detector = LSTMOutlierDetector(Ridge(), window_size=2, time=time)
    with pytest.raises(ValueError, match=r"infinity, in the column 'a' of row 3\."):
        detector.fit(frame)
    detector.fit(frame.replace(-np.inf, np.nan))
    with pytest.raises(ValueError, match=r"infinity, in the column 'a' of row 3\."):
        detector.predict(frame)


def test_values_of_arrays_and_polars_frames_are_located():
    pl = pytest.importorskip("polars")
    X = {"day": [1, 2, 2, 3], "a": [1.0, np.inf, np.nan, 2.0]}
    by_day = SlidingWindowTransformer(2, time="day")
    with pytest.raises(ValueError, match=r"column 'a' of row 1\. Replace it by NaN\. "):
        by_day.fit(pl.DataFrame(X))
    with pytest.raises(ValueError, match=r"2 occurs twice\. Keep one row"):
        by_day.fit(pl.DataFrame(X | {"a": [1.0] * 4}))
    with pytest.raises(ValueError, match=r"column 0 of row 2\. .* earlier rows, or"):
        SlidingWindowTransformer(2).fit(np.array(X["a"])[[0, 0, 2, 3], None])


@pytest.mark.parametrize(
    ("settings", "way_out"),
    [
        ({"window_size": 81}, {"window_size": 80}),
        ({"window_size": 40, "sampling_rate": 3, "shift": 1}, {"window_size": 27}),
    ],
)
def test_windows_longer_than_the_series_warn_and_the_way_out_works(settings, way_out):
    X = np.arange(80.0).reshape(-1, 1)
    windower = SlidingWindowTransformer(**settings)
    size = way_out["window_size"]
    with pytest.warns(UserWarning, match=rf"has 80, .* window_size={size} or less"):
        windower.fit(X)
    windower.set_params(**way_out).fit(X)


def test_a_shift_beyond_the_series_warns():
    X = np.arange(80.0).reshape(-1, 1)
    with pytest.warns(UserWarning, match="Pass a smaller shift, or more rows"):
        SlidingWindowTransformer(2, shift=80).fit(X)
