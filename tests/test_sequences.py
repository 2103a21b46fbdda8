"""Windows with targets, and padded sequences."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm.sequences import make_windows, pad_sequences

DAYS = pd.date_range("2024-01-01", periods=20)


@pytest.mark.parametrize("window_size", [1, 5])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("sampling_rate", [1, 2])
def test_windows_end_at_their_origin_and_targets_follow(
    window_size, horizon, gap, stride, sampling_rate
):
    X, y = np.arange(40.0).reshape(20, 2), -np.arange(20.0)
    windows, targets, origins = make_windows(
        X, y, window_size, horizon, gap, stride, sampling_rate
    )
    for window, target, origin in zip(windows, targets, origins, strict=True):
        rows = origin + sampling_rate * np.arange(1 - window_size, 1)
        npt.assert_array_equal(window, X[rows])
        first = origin + gap + 1
        expected = y[first : first + horizon]
        npt.assert_array_equal(target, expected[0] if horizon == 1 else expected)
    assert origins[0] == (window_size - 1) * sampling_rate
    assert origins[-1] + stride > 19 - gap - horizon
    npt.assert_array_equal(np.diff(origins), stride)


def test_without_y_the_series_itself_is_predicted():
    sales = pd.Series(np.arange(20.0), index=DAYS)
    windows, targets, origins = make_windows(sales, window_size=3)
    npt.assert_array_equal(windows[0, :, 0], [0, 1, 2])
    npt.assert_array_equal(targets, np.arange(3.0, 20.0))
    assert sales.index[origins][0] == DAYS[2]
    twice, _, _ = make_windows(sales.to_frame(), sales, 3, 1)
    npt.assert_array_equal(twice, windows)


def test_windows_of_an_array_share_its_memory():
    X = np.zeros((20, 2))
    windows, targets, _ = make_windows(X, X[:, 0], 3, 2)
    assert np.shares_memory(windows, X)
    assert np.shares_memory(targets, X)


def test_the_shortest_series_has_one_window():
    windows, targets, origins = make_windows(np.arange(7.0), None, 3, 2, gap=2)
    npt.assert_array_equal(windows[:, :, 0], [[0, 1, 2]])
    npt.assert_array_equal(targets, [[5, 6]])
    npt.assert_array_equal(origins, [2])


@pytest.mark.parametrize(
    ("X", "options", "words"),
    [
        (
            np.zeros(6),
            {"window_size": 3, "horizon": 2, "gap": 2},
            "need 7 time steps, got 6.*sampling_rate",
        ),
        (np.zeros(9), {"y": np.zeros(8)}, "got 9 and 8 rows"),
        (np.zeros((20, 2)), {}, "must have one column, got 2. .* as y"),
        (np.zeros((20, 2)), {"y": np.zeros((20, 2))}, "must have one column"),
        (np.zeros((20, 2, 2)), {}, r"X must have shape .* got \(20, 2, 2\)"),
        (np.array(["a"] * 20), {}, "X must hold real numbers, got dtype <U1"),
        (
            np.zeros(20),
            {"y": [None] * 20},
            "y must hold real numbers, got dtype object",
        ),
        (np.zeros(20), {"gap": -1}, "gap must be an integer of at least 0, got -1"),
        (np.zeros(20), {"stride": 0}, "stride must be an integer of at least 1, got 0"),
        (np.zeros(20), {"horizon": 1.0}, "horizon must be an integer .* got 1.0"),
        (np.zeros(20), {"window_size": True}, "window_size must be an integer"),
    ],
)
def test_make_windows_refuses_invalid_input(X, options, words):
    with pytest.raises(ValueError, match=words):
        make_windows(X, **options)


def test_padding_is_at_the_start_of_short_sequences():
    long, short = np.arange(6.0).reshape(3, 2), np.array([[9, 8]])
    windows = pad_sequences([long, short])
    npt.assert_array_equal(windows[0], long)
    npt.assert_array_equal(windows[1], [[np.nan] * 2, [np.nan] * 2, [9, 8]])


def test_long_sequences_lose_their_first_steps():
    windows = pad_sequences([[1, 2, 3], [4]], n_timesteps=2)[:, :, 0]
    npt.assert_array_equal(windows, [[2, 3], [np.nan, 4]])


def test_n_timesteps_may_exceed_the_longest_sequence():
    npt.assert_array_equal(pad_sequences([[1.0]], 3)[0, :, 0], [np.nan, np.nan, 1])


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [("ff", "f"), ("fd", "d"), ("dd", "d"), ("ii", "d"), ("fi", "d")],
)
def test_float32_is_kept_and_integers_become_float64(dtypes, expected):
    windows = pad_sequences([np.ones(2, dtype=dtype) for dtype in dtypes])
    assert windows.dtype.char == expected


@pytest.mark.parametrize(
    ("sequences", "words"),
    [
        ([], "sequences is empty"),
        ([[1.0], []], r"sequences\[1\] has no time steps"),
        ([[[1.0, 2.0]], [[1.0]]], r"sequences\[1\] has 1 features, .* has 2"),
        ([[1.0], ["a"]], r"sequences\[1\] must hold real numbers, got dtype <U1"),
        ([[1.0], [2.0, np.nan]], r"sequences\[1\] holds NaN or infinity"),
        ([[np.inf]], r"sequences\[0\] holds NaN or infinity"),
        ([1.0], r"sequences\[0\] must have shape"),
        ([[[1.0, 2.0], [3.0]]], r"steps of sequences\[0\] have different numbers"),
    ],
)
def test_an_invalid_sequence_is_named(sequences, words):
    with pytest.raises(ValueError, match=words):
        pad_sequences(sequences)


def test_zero_n_timesteps_are_refused():
    with pytest.raises(
        ValueError, match="n_timesteps must be an integer of at least 1"
    ):
        pad_sequences([[1.0]], n_timesteps=0)
