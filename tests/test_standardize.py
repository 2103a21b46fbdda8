"""What is scaled: each feature, each step of it, or each window by itself."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from one_layer import ONE_LAYER
from sklearn.model_selection import cross_val_score

from sklstm import (
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMRegressor,
    SequenceEncoder,
)
from sklstm._core.window_scaling import load_windows, make_scale
from sklstm._input.check import Windows

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
)
KINDS = ["features", "steps", "windows"]
BY_BATCH = ["steps", "windows"]
RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.normal(0, 30, size=(40, 1, 2))
WINDOWS = (RANDOM.normal(size=(40, 6, 2)) + np.array([0, 5])) * [1, 7] + LEVELS
SLOPES = np.polyfit(range(6), WINDOWS[:, :, 0].T, 1)[0]
RAGGED = [window[: 2 + i % 4] for i, window in enumerate(WINDOWS)]


def small(standardize, **settings):
    own = {"max_iter": 5, "batch_size": 16, "random_state": 0}
    settings = ONE_LAYER | own | settings
    return LSTMRegressor((4,), standardize=standardize, **settings)


def sliding(series, n_timesteps):
    return np.lib.stride_tricks.sliding_window_view(series, n_timesteps, 0).swapaxes(
        1, 2
    )


def scaled(standardize, values, weights=None, n_padding=None, dtype=torch.float64):
    windows = Windows(values, n_padding)
    weights = np.ones(len(values)) if weights is None else weights
    scale = make_scale(standardize, windows, weights)
    values, n_padding, scale_batch = load_windows(windows, scale, dtype, "cpu")
    return values if scale_batch is None else scale_batch(values, n_padding)


@pytest.mark.parametrize(
    ("standardize", "axes"), [("features", (0, 1)), ("steps", 0), ("windows", 1)]
)
def test_scaled_values_have_mean_0_and_standard_deviation_1(standardize, axes):
    mean, std = WINDOWS.mean(axes, keepdims=True), WINDOWS.std(axes, keepdims=True)
    expected = (WINDOWS - mean) / std
    npt.assert_allclose(scaled(standardize, WINDOWS), expected, rtol=1e-10)


@pytest.mark.parametrize("standardize", BY_BATCH)
def test_a_view_of_a_series_is_scaled_like_its_copy(standardize):
    view = sliding(WINDOWS[:, 0], 5)
    npt.assert_allclose(scaled(standardize, view), scaled(standardize, view.copy()))


@pytest.mark.parametrize("standardize", BY_BATCH)
def test_windows_of_a_series_share_its_memory_until_they_are_scaled(standardize):
    view = Windows(sliding(WINDOWS[:, 0], 5), None)
    scale = make_scale(standardize, view, np.ones(36))
    values, _, _ = load_windows(view, scale, torch.float32, "cpu")
    assert values.untyped_storage().nbytes() == WINDOWS[:, 0].nbytes


def test_true_means_features():
    models = [small(s).fit(WINDOWS, SLOPES) for s in (True, "features")]
    npt.assert_array_equal(*(model.predict(WINDOWS) for model in models))


@pytest.mark.parametrize("standardize", ["steps", "windows"])
def test_what_is_constant_is_divided_by_one(standardize):
    axis = BY_BATCH.index(standardize)
    values = WINDOWS.copy()
    values[..., 1] = values[..., 1].mean(axis, keepdims=True)
    result = scaled(standardize, values, dtype=torch.float32)
    npt.assert_allclose(result[..., 1], 0, atol=1e-6)
    npt.assert_allclose(result[..., 0].std(axis, correction=0), 1, rtol=1e-5)


@pytest.mark.parametrize("standardize", BY_BATCH)
@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_values_of_any_size_are_scaled(standardize, size):
    plain = scaled(standardize, WINDOWS)
    npt.assert_allclose(scaled(standardize, WINDOWS * size), plain, rtol=1e-9)


def test_a_window_is_constant_at_any_level():
    constant = np.full((2, 7, 1), 1.7e18)
    npt.assert_array_equal(scaled("windows", constant), 0)


def test_steps_are_scaled_with_the_weights_of_the_windows():
    weights = RANDOM.integers(0, 3, 40).astype(float)
    repeated = WINDOWS.repeat(weights.astype(int), axis=0)
    expected = (WINDOWS - repeated.mean(axis=0)) / repeated.std(axis=0)
    npt.assert_allclose(scaled("steps", WINDOWS, weights), expected, rtol=1e-9)


def test_padding_has_no_influence_on_the_scale_of_a_window():
    values = WINDOWS.copy()
    values[0, :4] = values[1] = np.nan
    result = scaled("windows", values, n_padding=np.array([4, 6] + 38 * [0]))
    signs = np.sign(values[0, 5] - values[0, 4])
    npt.assert_allclose(result[0, 4:], [-signs, signs])
    npt.assert_array_equal(result[0, :4], 0)
    npt.assert_array_equal(result[1], 0)
    npt.assert_allclose(result[2:], scaled("windows", WINDOWS[2:]))


@pytest.mark.parametrize("standardize", KINDS)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-4), (np.float64, 1e-8)])
def test_weights_count_as_repeated_rows(standardize, dtype, rtol):
    X, weights = WINDOWS.astype(dtype), RANDOM.integers(0, 3, 40)
    model = small(standardize, batch_size=200)
    predictions = model.fit(X, SLOPES, sample_weight=weights).predict(X)
    model.fit(X.repeat(weights, 0), SLOPES.repeat(weights))
    npt.assert_allclose(model.predict(X), predictions, rtol=rtol)


@pytest.mark.parametrize("standardize", KINDS)
def test_predictions_do_not_depend_on_the_other_windows(standardize):
    model = small(standardize).fit(WINDOWS, SLOPES)
    alone = [model.predict(window[None])[0] for window in WINDOWS]
    npt.assert_allclose(model.predict(WINDOWS), alone, rtol=1e-9)


@pytest.mark.parametrize("standardize", KINDS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_view_of_a_series_is_fitted_like_its_copy(standardize, early_stopping):
    view, y = sliding(WINDOWS[:, 0], 5), WINDOWS[4:, 0, 0]
    model = small(standardize, early_stopping=early_stopping)
    predictions = [model.fit(X, y).predict(view) for X in (view, view.copy())]
    npt.assert_allclose(*predictions, rtol=1e-9)


def test_level_and_size_of_windows_are_hidden():
    model = small("windows").fit(WINDOWS, SLOPES)
    moved = model.predict(WINDOWS * 1e3 - 7)
    npt.assert_allclose(moved, model.predict(WINDOWS), atol=1e-9)
    other = small("windows").fit(WINDOWS, SLOPES * 1e3 - 7)
    npt.assert_allclose(other.predict(WINDOWS), moved * 1e3 - 7, atol=1e-6)


def test_small_differences_at_each_step_are_shown():
    curve = 1e6 * np.sin(np.arange(6))[:, None]
    model = small("steps").fit(WINDOWS + curve, SLOPES)
    expected = small("steps").fit(WINDOWS, SLOPES).predict(WINDOWS)
    npt.assert_allclose(model.predict(WINDOWS + curve), expected, rtol=1e-6)


def test_windows_of_unequal_length_are_scaled_by_themselves():
    model = LSTMClassifier((4,), standardize="windows", max_iter=3, random_state=0)
    model.fit(RAGGED, SLOPES > 0)
    alone = [model.predict_proba([sequence])[0] for sequence in RAGGED]
    npt.assert_allclose(model.predict_proba(RAGGED), alone, rtol=1e-7)
    moved = [5 * sequence + 3 for sequence in RAGGED]
    npt.assert_allclose(model.predict_proba(moved), alone, rtol=1e-7)
    with pytest.warns(UserWarning, match="have no time steps"):
        empty = model.predict_proba([RAGGED[0][:0], *RAGGED[1:]])
    npt.assert_allclose(empty[1:], alone[1:], rtol=1e-7)


@pytest.mark.parametrize("standardize", BY_BATCH)
def test_steps_may_have_targets(standardize):
    y = WINDOWS[:, :, 0].cumsum(axis=1)
    model = small(standardize, pooling=None, early_stopping=True).fit(WINDOWS, y)
    alone = [model.predict(window[None])[0] for window in WINDOWS]
    npt.assert_allclose(model.predict(WINDOWS), alone, rtol=1e-8)


@pytest.mark.parametrize("standardize", KINDS)
def test_the_first_scale_is_kept(standardize):
    y = SLOPES
    for model in (small(standardize, warm_start=True), small(standardize)):
        step = model.fit if model.warm_start else model.partial_fit
        step(WINDOWS, y)
        scale = model._model.x_scale
        model.set_params(standardize="features")
        step(WINDOWS * 9 + 3, y)
        for kept, first in zip(model._model.x_scale, scale, strict=True):
            npt.assert_array_equal(kept, first)


def test_token_codes_are_not_scaled():
    codes = SequenceEncoder().fit_transform(["abab", "bbaa", "ab", "ba"] * 3)
    y = np.arange(12) % 4 < 2
    model = LSTMClassifier((3,), embedding_size=2, max_iter=2, random_state=0)
    scores = [
        model.set_params(standardize=kind).fit(codes, y).predict_proba(codes)
        for kind in KINDS
    ]
    npt.assert_array_equal(scores[1:], scores[:-1])


@pytest.mark.parametrize("standardize", BY_BATCH)
def test_the_model_can_be_searched_and_used_in_a_forecaster(standardize):
    model = small(standardize, max_iter=2)
    assert np.isfinite(cross_val_score(model, WINDOWS, SLOPES, cv=2)).all()
    forecaster = LSTMForecaster(model, horizon=2, window_size=4, random_state=0)
    assert np.isfinite(forecaster.fit(WINDOWS[:, 0, 0]).predict()).all()


def test_an_autoencoder_scales_features_only():
    with pytest.raises(ValueError, match="standardize"):
        LSTMAutoencoder((2,), standardize="windows").fit(WINDOWS)
    model = LSTMAutoencoder((2,), standardize="features", max_iter=1, random_state=0)
    errors = model.fit(WINDOWS).reconstruction_error(WINDOWS)
    model.set_params(standardize=True).fit(WINDOWS)
    npt.assert_array_equal(model.reconstruction_error(WINDOWS), errors)


@pytest.mark.parametrize("standardize", BY_BATCH)
def test_values_beyond_the_range_are_refused(standardize):
    model = small(standardize, dtype="float32").fit(WINDOWS, SLOPES)
    huge = WINDOWS.copy()
    huge[0, 0] = 1e308, -1e308
    huge[0, 1] = -1e308, 1e308
    if standardize == "windows":
        assert np.isfinite(model.predict(huge)).all()
    else:
        with pytest.raises(ValueError, match="too large for float32"):
            model.predict(huge)


@pytest.mark.parametrize(
    ("X", "found"),
    [
        (WINDOWS[:, :4], "4 time steps"),
        (RAGGED, "5 time steps, of which up to 3 are padding"),
        ([WINDOWS[0], WINDOWS[1, :3]], "6 time steps, of which up to 3 are padding"),
    ],
)
def test_steps_need_windows_of_one_length(X, found):
    model, y = small("steps").fit(WINDOWS, SLOPES), SLOPES[: len(X)]
    message = f"must have 6 time steps as in fit, .* X has windows of {found}"
    with pytest.raises(ValueError, match=message):
        model.predict(X)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.fit(WINDOWS, SLOPES, X_val=X, y_val=y)


def test_steps_of_sequences_of_unequal_length_cannot_be_scaled():
    message = "must have 5 time steps, .* X has windows of 5 time steps, of which up"
    with pytest.raises(ValueError, match=message):
        small("steps").fit(RAGGED, SLOPES)
