"""Effects of the parameters of LSTMRegressor."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from one_layer import ONE_LAYER
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import QuantileRegressor
from sklearn.neural_network import MLPRegressor

from sklstm import LSTMRegressor, pad_sequences

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


SMALL = ONE_LAYER | {
    "hidden_layer_sizes": (6,),
    "max_iter": 20,
    "learning_rate_init": 0.03,
    "random_state": 0,
}


def small(**params):
    return LSTMRegressor(**SMALL | params)


@pytest.fixture(scope="module")
def data():
    """Windows whose target is the product of two of their values."""
    X = np.random.default_rng(0).normal(size=(60, 4, 2))
    return X, X[:, 1, 0] * X[:, 3, 1] + X[:, 2, 0]


@pytest.fixture(scope="module")
def wave():
    """Windows of a sine and the value after each."""
    windows = np.lib.stride_tricks.sliding_window_view(np.sin(np.arange(160) * 0.3), 9)
    return windows[:, :8], windows[:, 8]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"hidden_layer_sizes": (12, 8)},
        {"hidden_layer_sizes": 8},
        {"cell": "gru"},
        {"cell": "rnn"},
        {"activation": "relu"},
        {"activation": "logistic"},
        {"activation": "identity"},
        {"bidirectional": True},
        {"pooling": "mean"},
        {"pooling": "max"},
        {"pooling": "attention"},
        {"dropout": 0.1},
        {"recurrent_dropout": 0.1},
        {"max_timescale": 8},
        {"loss": "absolute_error"},
        {"loss": "huber"},
        {"loss": "quantile"},
        {"solver": "adamw", "alpha": 0.1},
        {"solver": "sgd", "learning_rate_init": 0.3},
        {"alpha": 0.1},
        {"batch_size": 32},
        {"learning_rate": "cosine"},
        {"learning_rate": "adaptive"},
        {"max_grad_norm": None},
        {"shuffle": False, "batch_size": 32},
        {"early_stopping": True},
        {"dtype": "float32"},
    ],
    ids=str,
)
def test_learns_a_sine_it_has_not_seen(params, wave):
    X, y = wave
    model = small(**{"hidden_layer_sizes": (12,), "max_iter": 80} | params)
    assert model.fit(X[:110], y[:110]).score(X[110:], y[110:]) > 0.9


def test_defaults_are_those_of_mlp():
    ours, theirs = LSTMRegressor().get_params(), MLPRegressor().get_params()
    differ = {k for k in ours.keys() & theirs.keys() if ours[k] != theirs[k]}
    # Layer sizes, penalty and learning rate suit another kind of network; tanh is the
    # standard activation of an LSTM.
    assert {name for name in differ if ours[name] != "auto"} == {"activation", "alpha"}


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
def test_predictions_are_shaped_like_y(n_outputs, data):
    X, y = data
    y = y if n_outputs is None else np.repeat(y[:, None], n_outputs, axis=1)
    assert small(max_iter=1).fit(X, y).predict(X).shape == y.shape


def test_one_column_of_y_is_learned_as_a_flat_y(data):
    X, y = data
    flat, column = small().fit(X, y), small().fit(X, y[:, None])
    npt.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])


@pytest.mark.parametrize("loss", ["squared_error", "huber", "quantile"])
def test_units_of_x_and_y_do_not_matter(loss, data):
    X, y = data
    units, zeros = np.array([1e-6, 40.0]), np.array([3.0, -1e3])
    plain = small(loss=loss).fit(X, y).predict(X)
    moved = (
        small(loss=loss).fit(X * units + zeros, y * 1e5 - 7).predict(X * units + zeros)
    )
    npt.assert_allclose(moved, plain * 1e5 - 7, rtol=1e-5)


def test_units_of_counts_do_not_matter(data):
    X, y = data
    counts = np.exp(y / 2).round()
    plain = small(loss="poisson").fit(X, counts).predict(X)
    npt.assert_allclose(
        small(loss="poisson").fit(X, counts * 100).predict(X), plain * 100, rtol=1e-7
    )
    assert plain.min() > 0


def test_standardize_false_uses_values_as_they_are(data):
    X, y = data
    model = small(standardize=False).fit(X, y)
    other = small(standardize=False).fit(X, y + 100)
    assert np.ptp(other.predict(X) - model.predict(X)) > 0.01
    npt.assert_array_equal(model._model.x_scale.scale, 1)


def test_arrays_may_be_read_only(data):
    # joblib passes large arrays to other processes as memory maps.
    arrays = [*map(np.copy, data), np.linspace(1, 2, len(data[0]))]
    expected = small().fit(*arrays).predict(data[0])
    for array in arrays:
        array.flags.writeable = False
    npt.assert_array_equal(small().fit(*arrays).predict(data[0]), expected)


def test_weights_count_as_repeated_rows(data):
    X, y = data
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    settings = {"alpha": 0.3}
    weighted = small(**settings).fit(X, y, sample_weight=weights)
    repeated = small(**settings).fit(X.repeat(weights, 0), y.repeat(weights))
    npt.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)
    doubled = small(**settings).fit(X, y, sample_weight=np.full(len(y), 2))
    twice = small(**settings).fit(X.repeat(2, 0), y.repeat(2))
    npt.assert_allclose(doubled.predict(X), twice.predict(X), rtol=1e-9)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson", "quantile"])
def test_weights_count_as_repeated_rows_whatever_the_loss(loss, data):
    X, y = data
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    # Few epochs, because kinks of a loss amplify rounding errors.
    weighted = small(loss=loss, max_iter=5).fit(X, abs(y), sample_weight=weights)
    repeated = small(loss=loss, max_iter=5)
    repeated.fit(X.repeat(weights, 0), abs(y).repeat(weights))
    npt.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)


def test_a_padded_sequence_is_the_sequence():
    random = np.random.default_rng(0)
    sequences = [random.normal(size=(n, 2)) for n in random.integers(1, 7, 50)]
    y = np.array([s.sum() for s in sequences])
    for params in [{}, {"bidirectional": True, "pooling": "attention"}]:
        model = small(**params).fit(pad_sequences(sequences), y)
        alone = [model.predict(sequence[None])[0] for sequence in sequences]
        npt.assert_allclose(model.predict(pad_sequences(sequences)), alone, rtol=1e-6)
        npt.assert_allclose(
            model.predict(pad_sequences(sequences, n_timesteps=20)), alone, rtol=1e-6
        )


def test_lag_columns_are_windows_in_any_order(data):
    X, y = data
    names = [f"{name}__lag{lag}" for lag in (3, 2, 1, 0) for name in "ab"]
    frame = pd.DataFrame(X.reshape(60, 8), columns=names)
    from_array = small().fit(X, y).predict(X)
    from_frame = small().fit(frame, y).predict(frame)
    npt.assert_allclose(from_frame, from_array, rtol=1e-9)
    shuffled = frame[["b__lag1", "b__lag0", "a__lag3", "a__lag0"]].join(
        frame[["b__lag3", "a__lag1", "a__lag2", "b__lag2"]]
    )
    other = small().fit(shuffled, y)
    swapped = small().fit(X[:, :, ::-1], y)
    npt.assert_allclose(
        other.predict(shuffled), swapped.predict(X[:, :, ::-1]), rtol=1e-9
    )


def test_an_array_after_a_frame_is_read_like_the_frame(data):
    X, y = data
    names = [f"{name}__lag{lag}" for lag in (0, 1, 2, 3) for name in "ab"]
    frame = pd.DataFrame(X[:, ::-1].reshape(60, 8), columns=names)
    model = small().fit(frame, y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        from_array = model.predict(frame.to_numpy())
    npt.assert_array_equal(from_array, model.predict(frame))


@pytest.mark.parametrize("batch_size", [np.int64(7), np.int32(7)])
def test_numpy_numbers_are_valid_parameters(batch_size, data):
    numpy = small(batch_size=batch_size, max_iter=np.int64(5)).fit(*data)
    npt.assert_array_equal(
        numpy.predict(data[0]),
        small(batch_size=7, max_iter=5).fit(*data).predict(data[0]),
    )


def test_poisson_fits_batches_and_targets_that_are_all_zero(data):
    X, y = data
    counts = np.column_stack([np.exp(y / 2).round(), np.zeros(60)])
    model = small(loss="poisson", max_iter=100).fit(X, counts)
    assert model.predict(X)[:, 1].max() < 0.1
    streamed = small(loss="poisson").partial_fit(X, counts[:, 0])
    assert streamed.partial_fit(X[:3], np.zeros(3)).n_iter_ == 2


def test_a_weight_of_zero_does_not_hide_an_overlap_of_windows():
    windows = np.lib.stride_tricks.sliding_window_view(np.sin(np.arange(65.0)), 6)
    y, weights = windows[:, -1], np.ones(60)
    weights[38] = 0
    params = {"early_stopping": True, "validation_fraction": 1 / 3, "max_iter": 3}
    weighted = small(**params).fit(windows, y, sample_weight=weights)
    # The five windows before the last twenty overlap them.
    given = small(max_iter=3).fit(
        windows[:35], y[:35], X_val=windows[40:], y_val=y[40:]
    )
    assert weighted.validation_loss_curve_ == given.validation_loss_curve_


def test_the_prediction_of_an_empty_window_does_not_depend_on_others(data):
    X, y = data
    X = X.copy()
    X[3] = np.nan
    model = small().fit(X, y)
    npt.assert_allclose(model.predict(X[3:4]), model.predict(X)[3:4], rtol=1e-12)


def test_quantiles_are_ordered_and_have_their_coverage():
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 3))
    y = X[:, 2] + random.normal(size=400) * (1 + (X[:, 0] > 0))
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    model = small(loss="quantile", quantiles=levels, max_iter=60).fit(X, y)
    quantiles = model.predict_quantiles(X)
    assert (np.diff(quantiles) > 0).all()
    npt.assert_allclose((y[:, None] < quantiles).mean(axis=0), levels, atol=0.05)
    npt.assert_array_equal(model.predict(X), quantiles[:, 2])
    two = model.fit(X, np.column_stack([y, -y])).predict_quantiles(X)
    assert two.shape == (400, 2, 5)


def test_one_quantile_is_the_prediction():
    y = np.random.default_rng(0).exponential(size=300)
    X = np.zeros((300, 2))
    model = small(loss="quantile", quantiles=0.9, max_iter=150, tol=0).fit(X, y)
    constant = QuantileRegressor(quantile=0.9, alpha=0).fit(X, y).predict(X[:1])
    npt.assert_allclose(model.predict(X[:1]), constant, rtol=0.05)
    assert not hasattr(small(), "predict_quantiles")


def test_early_stopping_keeps_the_best_weights_of_the_last_rows(data):
    X, y = data
    noise = np.random.default_rng(1).normal(size=len(y))
    settings = {"max_iter": 60}
    model = small(early_stopping=True, validation_fraction=0.25, **settings)
    model.fit(X, y + noise)
    assert model.n_iter_ < 60
    assert model.best_loss_ == min(model.validation_loss_curve_)
    scale = model._model.y_scale.scale
    error = (model.predict(X[45:]) - (y + noise)[45:]) / scale
    npt.assert_allclose(np.mean(error**2) / 2, model.best_loss_)
    given = small(**settings).fit(
        X[:45], (y + noise)[:45], X_val=X[45:], y_val=(y + noise)[45:]
    )
    assert given.validation_loss_curve_ == model.validation_loss_curve_


def test_scales_do_not_depend_on_validation_rows(data):
    X, y = data
    other = y.copy()
    other[54:] += 1000
    model = small(early_stopping=True).fit(X, y)
    npt.assert_array_equal(
        model._model.y_scale, small(early_stopping=True).fit(X, other)._model.y_scale
    )


def test_validation_windows_are_weighted(data):
    X, y = data
    only = np.arange(60) == 7
    weighted = small().fit(X, y, X_val=X, y_val=y, sample_weight_val=only)
    single = small().fit(X, y, X_val=X[only], y_val=y[only])
    npt.assert_allclose(weighted.validation_loss_curve_, single.validation_loss_curve_)


def test_training_stops_like_mlp_without_improvement(data):
    X, _ = data
    y = np.ones(60)
    model = small(tol=1e3, n_iter_no_change=4, max_iter=50).fit(X, y)
    mlp = MLPRegressor(tol=1e3, n_iter_no_change=4, max_iter=50).fit(X[:, :, 0], y)
    assert model.n_iter_ == mlp.n_iter_


def test_warns_if_training_has_not_converged(data):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        small(max_iter=3).fit(*data)


@pytest.mark.filterwarnings("error")
def test_a_cosine_schedule_ends_without_a_warning(data):
    assert small(max_iter=3, learning_rate="cosine").fit(*data).n_iter_ == 3


def test_adaptive_continues_with_a_smaller_learning_rate(data):
    constant = small(max_iter=300, learning_rate_init=0.3, tol=1e-2).fit(*data)
    adaptive = constant.set_params(learning_rate="adaptive", random_state=0)
    n_iter, loss = constant.n_iter_, constant.best_loss_
    adaptive.fit(*data)
    assert adaptive.n_iter_ > n_iter
    assert adaptive.best_loss_ < loss


def test_alpha_shrinks_weights(data):
    def size(**params):
        layers = small(**params).fit(*data).network_.layers
        return sum(p.square().sum().item() for p in layers.parameters() if p.dim() > 1)

    assert size(alpha=30.0) < size() / 2
    assert size(alpha=3.0, solver="adamw") < size() / 2


def test_warm_start_continues_where_fit_stopped(data):
    X, y = data
    long = small(max_iter=20, solver="sgd", max_grad_norm=None, tol=0)
    # Momentum is not kept, so two fits do not equal one long fit. But the second fit
    # starts at the loss with which the first one ended.
    model = long.set_params(warm_start=True, max_iter=10).fit(X, y)
    before = np.mean((model.predict(X) - y) ** 2) / 2 / np.var(y)
    model.fit(X, y)
    npt.assert_allclose(model.loss_curve_[0], before, rtol=1e-9)
    assert model.n_iter_ == 10
    cold = model.set_params(warm_start=False).fit(X, y)
    assert cold.loss_curve_[0] > before


def test_partial_fits_equal_one_fit_of_as_many_epochs(data):
    X, y = data
    whole = small(max_iter=4).fit(X, y)
    parts = small()
    for _ in range(4):
        parts.partial_fit(X, y)
    # One batch per epoch has no random order.
    npt.assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-12)
    npt.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-12)
    assert parts.n_iter_ == 4


def test_a_failed_partial_fit_changes_nothing(data):
    X, y = data
    model = small(standardize=False, activation="identity").partial_fit(X, y)
    before = model.predict(X)
    model.set_params(max_grad_norm=None)
    with pytest.raises(ValueError, match="Training diverged"):
        model.partial_fit(X * 1e200, y)
    npt.assert_array_equal(model.predict(X), before)


def test_an_interrupted_fit_keeps_the_weights(data, monkeypatch):
    X, y = data
    model = small(max_iter=50, early_stopping=True)

    def interrupt(_, history):
        if len(history.loss_curve) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(
        "sklstm._core.sklearn_compat.CallbackRunner.end_epoch", interrupt
    )
    with pytest.warns(UserWarning, match="interrupted by user after 5 epochs"):
        model.fit(X, y)
    monkeypatch.undo()
    npt.assert_array_equal(
        model.predict(X),
        small(max_iter=5, early_stopping=True).fit(X, y).predict(X),
    )


def test_verbose_prints_every_epoch(data, capsys):
    model = small(max_iter=2, verbose=True, early_stopping=True).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1] == (
        f"Iteration 2, loss = {model.loss_:.8f}, "
        f"validation loss = {model.validation_loss_curve_[1]:.8f}"
    )


def test_a_fit_on_values_forgets_the_codes_of_the_last_fit(data):
    X, y = data
    codes = np.arange(180).reshape(60, 3) % 5
    model = small(embedding_size=2, max_iter=2).fit(codes, y)
    model.set_params(embedding_size=None).fit(X, y, X_val=X, y_val=y)
    fresh = small(max_iter=2).fit(X, y, X_val=X, y_val=y)
    assert model.validation_loss_curve_ == fresh.validation_loss_curve_


def test_precision_follows_the_data(data):
    X, y = data
    dtypes = [
        small().fit(X, y),
        small().fit(X.astype(np.float32), y),
        small(dtype="float32").fit(X, y),
        small(dtype="float64").fit(X.astype(np.float32), y),
        small(max_iter=1, hidden_layer_sizes=(400,)).fit(X, y),
    ]
    names = [str(model.network_.head.weight.dtype)[6:] for model in dtypes]
    assert names == ["float64", "float32", "float32", "float64", "float32"]
    npt.assert_allclose(dtypes[0].predict(X), dtypes[2].predict(X), atol=1e-3)


def test_windows_of_other_lengths_can_be_predicted(data):
    X, y = data
    model = small().fit(X, y)
    longer = np.concatenate([np.full((60, 3, 2), np.nan), X], axis=1)
    npt.assert_allclose(model.predict(longer), model.predict(X), rtol=1e-12)
    assert model.predict(X[:, :1]).shape == (60,)


def test_constant_values_and_targets_are_learned():
    X = np.ones((30, 4, 1))
    npt.assert_allclose(small().fit(X, np.full(30, 5.0)).predict(X), 5.0, rtol=1e-3)


def two_outputs(data):
    X, y = data
    return X, np.stack([y, 100 + 9 * y], axis=1)


def test_missing_targets_are_refused(data):
    X, y = two_outputs(data)
    y[::2, 1] = np.nan
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="Input y contains NaN"):
            getattr(small(), method)(X, y)


def test_windows_whose_targets_are_all_missing_have_no_influence(data):
    X, y = two_outputs(data)
    y[::3] = np.nan
    is_observed = ~np.isnan(y[:, 0])
    expected = small().fit(X[is_observed], y[is_observed])
    model = small()._fit_to_observed(X, y)
    npt.assert_allclose(model.predict(X), expected.predict(X), rtol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_an_output_is_learned_from_its_observed_targets(data, loss):
    X, actual = two_outputs(data)
    y = actual.copy()
    y[::2, 1] = np.nan
    model = small(loss=loss, max_iter=300)._fit_to_observed(X, y)
    scale = model._model.y_scale
    npt.assert_allclose(scale.mean, np.nanmean(y, axis=0))
    npt.assert_allclose(scale.scale, np.nanstd(y, axis=0))
    # The outputs are proportional, so that the network can tell the missing targets.
    errors = np.abs(model.predict(X) - actual).mean(axis=0)
    assert (errors < 0.15 * actual.std(axis=0)).all()


def test_an_output_without_any_target_is_finite(data):
    X, y = two_outputs(data)
    y[:, 1] = np.nan
    assert np.isfinite(small()._fit_to_observed(X, y).predict(X)).all()
