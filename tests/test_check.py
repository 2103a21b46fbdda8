"""Windows from X: padding steps, and views instead of copies."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMForecaster,
    LSTMOutlierDetector,
    LSTMRegressor,
    SlidingWindowTransformer,
    pad_sequences,
)
from sklstm._core.samples import Samples, split_off_last, without_zero_weights
from sklstm._core.scaling import scale_of_columns, scale_of_windows
from sklstm._core.window_scaling import windows_to_tensors
from sklstm._input.check import Windows, check_windows
from sklstm._input.windows import distinct_values


def read(X):
    return check_windows(BaseEstimator(), X, reset=True)


def sliding(series, n_timesteps):
    return np.lib.stride_tricks.sliding_window_view(series, n_timesteps, 0).swapaxes(
        1, 2
    )


@pytest.fixture
def series():
    return np.random.default_rng(0).normal(3, 5, size=(40, 2))


def test_features_are_those_of_the_last_axis():
    estimator = BaseEstimator()
    check_windows(estimator, np.zeros((4, 7, 3)), reset=True)
    assert estimator.n_features_in_ == 3
    check_windows(estimator, np.zeros((4, 7)), reset=True)
    assert estimator.n_features_in_ == 7
    check_windows(
        estimator, pd.DataFrame({"a__lag1": [0.0], "a__lag0": [1.0]}), reset=True
    )
    assert list(estimator.feature_names_in_) == ["a__lag1", "a__lag0"]


def test_windows_are_not_copied(series):
    for X in (sliding(series, 5), np.zeros((4, 5, 2)), np.zeros((4, 5))):
        assert np.shares_memory(read(X).values, X)


def test_padding_steps_are_counted():
    windows = read(pad_sequences([np.ones((n, 2)) for n in (3, 1, 4)]))
    npt.assert_array_equal(windows.n_padding, [1, 3, 0])
    npt.assert_array_equal(windows.select(slice(1, 3)).n_padding, [3, 0])


def test_some_windows_may_be_all_padding():
    X = np.ones((2, 3, 1))
    X[0] = np.nan
    npt.assert_array_equal(read(X).n_padding, [3, 0])


def test_lag_columns_may_hold_padding():
    frame = pd.DataFrame({"a__lag0": [1.0, 2.0], "a__lag1": [np.nan, 1.0]})
    windows = read(frame)
    npt.assert_array_equal(windows.n_padding, [1, 0])
    npt.assert_array_equal(windows.values[:, :, 0], [[np.nan, 1], [1, 2]])


def test_distinct_values_of_a_sliding_view_are_its_series(series):
    npt.assert_array_equal(distinct_values(sliding(series, 5)), series)
    npt.assert_array_equal(distinct_values(sliding(series, 5)[3:9]), series[3:13])
    copied = sliding(series, 5).copy()
    assert distinct_values(copied) is copied


@pytest.mark.parametrize("weighted", [False, True])
def test_scales_are_those_of_all_values_of_all_windows(series, weighted):
    view = sliding(series, 6)
    weights = np.random.default_rng(1).integers(0, 3, len(view)).astype(float)
    weights = weights if weighted else np.ones(len(view))
    values_of_windows = view.repeat(weights.astype(int), axis=0).reshape(-1, 2)
    for values in (view, view.copy()):
        scale = scale_of_windows(Windows(values, None), weights)
        npt.assert_allclose(scale.mean, values_of_windows.mean(axis=0), rtol=1e-12)
        npt.assert_allclose(scale.scale, values_of_windows.std(axis=0), rtol=1e-12)


def test_padding_steps_do_not_change_the_scale(series):
    padded = pad_sequences([series[:4], series[4:15], series[15:]])
    scale = scale_of_windows(read(padded), np.ones(3))
    npt.assert_allclose(scale.mean, series.mean(axis=0), rtol=1e-12)
    npt.assert_allclose(scale.scale, series.std(axis=0), rtol=1e-12)


def test_a_constant_column_is_not_scaled():
    columns = np.column_stack([np.full(9, 1e6 + 0.1), np.zeros(9), np.arange(9.0)])
    npt.assert_array_equal(scale_of_columns(columns, np.ones(9)).scale[:2], 1)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_scales_of_any_size_are_measured(size, series):
    plain = scale_of_columns(series, np.ones(40))
    scale = scale_of_columns(series * size, np.ones(40))
    npt.assert_allclose(scale.scale, plain.scale * size, rtol=1e-12)


def test_tensors_hold_scaled_windows_and_zeros_for_padding(series):
    view = sliding(series, 5)
    scale = scale_of_windows(Windows(view, None), np.ones(len(view)))
    for values in (view, view.copy()):
        tensor, _ = windows_to_tensors(Windows(values, None), scale, torch.float64)
        npt.assert_allclose(tensor, (view - scale.mean) / scale.scale, rtol=1e-12)
    windows = read(pad_sequences([series[:2], series[:5]]))
    tensor, n_padding = windows_to_tensors(windows, scale, torch.float64)
    npt.assert_array_equal(tensor[0, :3], 0)
    npt.assert_array_equal(n_padding, [3, 0])


def test_tensors_of_a_sliding_view_share_the_memory_of_its_series(series):
    view = Windows(sliding(series, 5), None)
    scale = scale_of_windows(view, np.ones(36))
    tensor, _ = windows_to_tensors(view, scale, torch.float32)
    assert tensor.untyped_storage().nbytes() == series.size * 4


def samples_of(values):
    n = len(values)
    return Samples(Windows(values, None), np.arange(n)[:, None], np.ones(n))


@pytest.mark.parametrize(
    ("stride", "n_left_out"), [(1, 5), (2, 2), (3, 1), (5, 1), (6, 0), (7, 0)]
)
def test_windows_that_overlap_the_validation_windows_are_left_out(stride, n_left_out):
    series = np.random.default_rng(0).normal(size=(200, 1))
    windows = sliding(series, 6)[::stride].copy()
    training, validation = split_off_last(samples_of(windows), 0.2)
    n_validation = int(np.ceil(0.2 * len(windows)))
    assert len(validation.targets) == n_validation
    assert len(training.targets) == len(windows) - n_validation - n_left_out
    seen = set(training.windows.values.ravel())
    assert not seen & set(validation.windows.values.ravel())
    npt.assert_array_equal(validation.targets[-1], len(windows) - 1)


def test_windows_that_do_not_overlap_are_all_kept():
    values = np.random.default_rng(0).normal(size=(50, 6, 2))
    training, validation = split_off_last(samples_of(values), 0.1)
    assert len(training.targets) == 45
    assert len(validation.targets) == 5


def test_samples_without_weight_are_left_out():
    samples = samples_of(np.zeros((4, 2, 1)))._replace(weights=np.array([1, 0, 2, 0]))
    npt.assert_array_equal(without_zero_weights(samples).targets[:, 0], [0, 2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensors_are_read_as_arrays(dtype):
    X = torch.arange(24).reshape(3, 4, 2).to(dtype).requires_grad_()
    npt.assert_array_equal(read(X).values, np.arange(24).reshape(3, 4, 2))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors_of_several_sequences_are_refused_with_a_way_out():
    parts = [torch.ones(3, 2), torch.zeros(2, 2)]
    nested = torch.nested.nested_tensor(parts)
    with pytest.raises(ValueError, match=r"list\(X.unbind\(\)\)"):
        read(nested)
    packed = torch.nn.utils.rnn.pack_sequence(parts)
    with pytest.raises(ValueError, match=r"unpack_sequence\(X\)"):
        read(packed)
    for sequences in (
        list(nested.unbind()),
        torch.nn.utils.rnn.unpack_sequence(packed),
    ):
        npt.assert_array_equal(read(sequences).n_padding, [0, 1])


def test_objects_that_are_not_numbers_are_refused_with_a_way_out():
    X = pd.DataFrame({"a": [1.0, pd.NA], "b": [2.0, 3.0]}, dtype=object)
    with pytest.raises(TypeError, match=r"X holds values that are not numbers.*NAType"):
        read(X)
    npt.assert_array_equal(read(X[:1].astype("Float64")).values[:, :, 0], [[1, 2]])
    periods = pd.DataFrame({"a": pd.period_range("2024", periods=3, freq="M")})
    with pytest.raises(ValueError, match="X holds dates or durations"):
        read(periods)


def test_columns_of_the_same_name_are_refused():
    with pytest.raises(ValueError, match=r"several columns with the same name: \['a'"):
        read(pd.DataFrame(np.ones((3, 3)), columns=["a", "b", "a"]))


def test_tables_and_series_may_be_tensors():
    table = torch.arange(80.0).reshape(40, 2).requires_grad_()
    array = table.detach().numpy()
    windower = SlidingWindowTransformer(3)
    npt.assert_array_equal(windower.fit_transform(table), windower.fit_transform(array))
    holed = torch.cat([table, torch.full((1, 2), torch.nan), table + 9])
    scores = [
        LSTMOutlierDetector(Ridge(), window_size=3).fit(X).score_samples(X)
        for X in (holed, holed.detach().numpy())
    ]
    npt.assert_array_equal(*scores)
    forecaster = LSTMForecaster(Ridge(), horizon=2, past_covariates="all")
    forecasts = [
        forecaster.fit(X[:, 0], X).predict() for X in (table.to(torch.bfloat16), array)
    ]
    npt.assert_allclose(*forecasts)


def test_a_table_of_dates_warns_that_its_columns_are_time_steps(recwarn):
    days = pd.date_range("2024-01-01", periods=20)
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(20, 2)), days, ["load", "price"])
    y = random.normal(size=20)
    model = LSTMRegressor(2, max_iter=1, learning_rate="cosine", random_state=0)
    with pytest.warns(UserWarning, match="of 2 time steps .* 'load' to 'price'"):
        model.fit(X, y)
    recwarn.clear()
    # Both ways out, and columns whose names are numbers of steps.
    make_pipeline(SlidingWindowTransformer(), model).fit(X, y)
    model.fit(X.to_numpy(), y)
    model.fit(X.set_axis(["00:00", "12:00"], axis=1), y)
    model.fit(X.reset_index(drop=True), y)
    assert not [one for one in recwarn if "time steps" in str(one.message)]
