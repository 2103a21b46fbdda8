"""Sliding windows, and the names of their flat columns."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from sklstm import LSTMRegressor, SlidingWindowTransformer
from sklstm._input.windows import as_windows, lag_layout, lag_names, sliding_windows


def test_window_i_starts_at_row_i():
    series = np.arange(20.0).reshape(10, 2)
    windows = sliding_windows(series, 4)
    for i, window in enumerate(windows):
        npt.assert_array_equal(window, series[i : i + 4])
    assert len(windows) == 7


def test_windows_are_a_read_only_view():
    series = np.zeros((10, 2))
    windows = sliding_windows(series, 4)
    assert np.shares_memory(windows, series)
    assert not windows.flags.writeable


def test_sampling_rate_is_the_number_of_rows_between_steps():
    series = np.arange(10.0)[:, None]
    windows = sliding_windows(series, 3, sampling_rate=4)[:, :, 0]
    npt.assert_array_equal(windows, [[0, 4, 8], [1, 5, 9]])
    assert lag_names("a", 3, 1, sampling_rate=4) == ["a__lag9", "a__lag5", "a__lag1"]
    with pytest.raises(ValueError, match="window of 13 time steps"):
        sliding_windows(series, 4, sampling_rate=4)


def test_series_shorter_than_a_window_is_refused():
    with pytest.raises(ValueError, match=r"window of 4 time steps .* series of 3"):
        sliding_windows(np.zeros((3, 1)), 4)


def test_rows_of_a_2d_array_are_windows_of_one_feature():
    X = np.arange(6.0).reshape(2, 3)
    npt.assert_array_equal(as_windows(X)[:, :, 0], X)
    assert as_windows(X[:, :, None]).shape == (2, 3, 1)
    with pytest.raises(ValueError, match=r"n_features\), got \(3,\)"):
        as_windows(X[0])


def test_lag_names_count_back_from_the_row():
    assert lag_names("ab", 2, shift=3) == ["a__lag4", "b__lag4", "a__lag3", "b__lag3"]


@pytest.mark.parametrize("seed", range(5))
def test_layout_restores_windows_from_shuffled_columns(seed):
    windows = np.arange(24).reshape(2, 4, 3)
    names = np.array(lag_names(["x", "y", "z"], 4, shift=1))
    shuffled = np.random.default_rng(seed).permutation(12)
    order, n_timesteps, n_features = lag_layout(list(names[shuffled]))
    restored = windows.reshape(2, 12)[:, shuffled][:, order]
    features = list(dict.fromkeys(name[0] for name in names[shuffled]))
    expected = windows[:, :, ["xyz".index(feature) for feature in features]]
    npt.assert_array_equal(restored.reshape(2, n_timesteps, n_features), expected)


def test_lag_names_may_have_prefixes_and_skip_lags():
    layout = lag_layout(
        ["win__a__lag1__lag12", "win__a__lag1__lag1", "b__lag1", "b__lag12"]
    )
    npt.assert_array_equal(layout.order, [0, 3, 1, 2])
    assert (layout.n_timesteps, layout.n_features) == (2, 2)


def test_features_whose_lags_start_at_different_numbers_are_aligned_at_the_newest():
    layout = lag_layout(["ad__lag3", "ad__lag0", "sales__lag7", "sales__lag4"])
    npt.assert_array_equal(layout.order, [0, 2, 1, 3])
    with pytest.raises(ValueError, match="a__lag2, b__lag0 are missing"):
        lag_layout(["a__lag0", "a__lag1", "b__lag1", "b__lag2", "a__lag3", "b__lag3"])


@pytest.mark.parametrize("pattern", ["lag_{}", "lag{}", "sales_lag_{}", "sales_lag{}"])
def test_lag_columns_of_other_packages_are_read_in_time_order(pattern):
    # skforecast and mlforecast put the newest lag first.
    layout = lag_layout([pattern.format(lag) for lag in (1, 2, 3, 12)])
    assert (layout.order.tolist(), layout.n_features) == ([3, 2, 1, 0], 1)


def test_prefixes_and_features_that_end_with_an_underscore_are_kept_apart():
    names = [*lag_names(["a_", "a"], 2), "remainder__a_lag_1", "remainder__a_lag_0"]
    assert lag_layout(names).n_features == 3


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["a", "b"],
        ["a__lag-1"],
        ["__lag1"],
        ["flag1", "flag2"],
        ["lag", "lag_1_mean"],
        [0, 1],
    ],
)
def test_other_names_have_no_layout(names):
    assert lag_layout(names) is None


def test_a_missing_or_duplicated_lag_is_refused():
    with pytest.raises(ValueError, match="b__lag0 is missing"):
        lag_layout(["a__lag0", "a__lag1", "b__lag1"])
    with pytest.raises(ValueError, match="a__lag1 is there more than once"):
        lag_layout(["a__lag0", "a__lag1", "a__lag1"])
    with pytest.raises(ValueError, match="and 2 more are missing"):
        lag_layout([*lag_names("a", 8), "b__lag0"])


@pytest.mark.parametrize("other", ["b", 3])
def test_other_columns_beside_lags_are_refused(other):
    with pytest.raises(ValueError, match=f"are lag columns, but .*{other}.* are not"):
        lag_layout(["a__lag1", "a__lag0", other])


def test_the_way_out_for_other_columns_beside_lags():
    X = pd.DataFrame({"sales": np.arange(9.0), "promotion": np.tile([0.0, 1, 0], 3)})
    X["size"] = 40.0
    windower = SlidingWindowTransformer(2, shift=1, padding="constant")
    windows = windower.set_output(transform="pandas").fit_transform(X[["sales"]])
    network = LSTMRegressor((3,), max_iter=2, learning_rate="cosine", random_state=0)
    with pytest.raises(ValueError, match=r"to SlidingWindowTransformer.*known_ahead"):
        network.fit(windows.join(X["promotion"]), X["sales"])
    windower.set_params(known_ahead=["promotion"])
    network.fit(windower.fit_transform(X), X["sales"])
    names = [name.split("__")[0] for name in network.feature_names_in_]
    assert names == ["sales", "promotion", "size"] * 2
