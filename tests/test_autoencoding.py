"""LSTMAutoencoder: components, reconstructed windows and reconstruction errors."""

import pickle

import numpy as np
import numpy.testing as npt
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import LSTMAutoencoder, SlidingWindowTransformer, pad_sequences
from sklstm._nn.autoencoder import AutoencoderNetwork, n_multiplications
from sklstm._nn.initialization import initialize
from sklstm._nn.runtime import random_generator

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RANDOM = np.random.default_rng(0)
PHASES = RANDOM.uniform(0, 2 * np.pi, 200)
WAVES = np.sin(PHASES[:, None] + 0.5 * np.arange(8))
TWO = np.stack([WAVES, 3 + 10 * np.cos(PHASES[:, None] + 0.5 * np.arange(8))], axis=2)
SETTINGS = {
    "n_components": 2,
    "hidden_layer_sizes": (16,),
    "batch_size": 20,
    "learning_rate": "cosine",
    "max_iter": 60,
    "random_state": 0,
}


def small(**settings):
    return LSTMAutoencoder(**SETTINGS | {"max_iter": 5} | settings)


@pytest.fixture(scope="module")
def model():
    return LSTMAutoencoder(**SETTINGS).fit(TWO)


def test_two_components_describe_a_wave(model):
    windows = model.reconstruct(TWO)
    npt.assert_allclose(windows[:, :, 0], TWO[:, :, 0], atol=0.3)
    npt.assert_allclose(windows[:, :, 1], TWO[:, :, 1], atol=3)
    assert model.reconstruction_error(TWO).mean() < 0.02
    assert model.score(TWO) == pytest.approx(-model.reconstruction_error(TWO).mean())


def test_noise_has_a_large_reconstruction_error(model):
    noise = RANDOM.permuted(TWO, axis=1)
    normal = np.quantile(model.reconstruction_error(TWO), 0.99)
    assert (model.reconstruction_error(noise) > normal).mean() > 0.95


def test_windows_are_reconstructed_from_components_alone(model):
    components = model.transform(TWO)
    assert components.shape == (200, 2)
    npt.assert_allclose(model.inverse_transform(components), model.reconstruct(TWO))
    names = ["lstmautoencoder0", "lstmautoencoder1"]
    assert model.get_feature_names_out().tolist() == names


def test_errors_are_in_units_of_the_variance_of_the_training_values(model):
    squares = ((model.reconstruct(TWO) - TWO) / TWO.std(axis=(0, 1))) ** 2
    npt.assert_allclose(
        model.reconstruction_error(TWO), squares.mean(axis=(1, 2)), rtol=1e-6
    )


def test_padding_steps_have_no_error():
    lengths = RANDOM.integers(2, 9, len(TWO))
    sequences = [wave[-n:] for wave, n in zip(TWO, lengths, strict=True)]
    model = LSTMAutoencoder(**SETTINGS).fit(sequences)
    padded = pad_sequences(sequences)
    windows = model.reconstruct(padded)
    npt.assert_array_equal(np.isnan(windows), np.isnan(padded))
    assert [len(part) for part in model.reconstruct(sequences)] == [
        len(part) for part in sequences
    ]
    squares = ((windows - padded) / model._model.x_scale.scale) ** 2
    npt.assert_allclose(
        model.reconstruction_error(padded), np.nanmean(squares, axis=(1, 2)), rtol=1e-6
    )
    alone = [model.reconstruction_error(part[None])[0] for part in sequences[:5]]
    npt.assert_allclose(alone, model.reconstruction_error(sequences)[:5], rtol=1e-6)


def test_a_window_without_a_step_has_no_error(model):
    windows = TWO[:3].copy()
    windows[1] = np.nan
    errors = model.reconstruction_error(windows)
    npt.assert_array_equal(np.isnan(errors), [False, True, False])
    assert model.score(windows) == pytest.approx(-np.nanmean(errors))
    weights = [1, 5, 3]
    expected = -(errors[0] + 3 * errors[2]) / 4
    assert model.score(windows, sample_weight=weights) == pytest.approx(expected)


def test_a_weighted_score_is_that_of_repeated_rows(model):
    weights = RANDOM.integers(0, 4, len(TWO))
    repeated = model.score(TWO.repeat(weights, axis=0))
    assert model.score(TWO, sample_weight=weights) == pytest.approx(repeated)


def test_a_score_needs_a_window_with_values_and_a_weight(model):
    windows = np.where([[[True]], [[False]]], np.nan, TWO[:2])
    assert model.score(windows, None, [0, 1]) == model.score(windows)
    for X, weights in [(windows[:1], None), (windows[:1], [3]), (windows, [1, 0])]:
        with pytest.raises(ValueError, match="no window to score"):
            model.score(X, sample_weight=weights)
    with pytest.raises(ValueError, match="sample_weight holds strings"):
        model.score(windows, sample_weight=["a", "b"])


def test_attention_weights_are_those_of_the_encoder():
    model = small(pooling="attention").fit(TWO)
    windows = TWO[:3].copy()
    windows[0, :2] = np.nan
    weights = model.attention_weights(windows)
    npt.assert_array_equal(weights[0, :2], 0)
    npt.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert weights.std() > 0.01


def test_validation_curve_is_the_loss_on_validation_windows():
    losses = [
        small(max_iter=n, shuffle=False, learning_rate="constant").fit(TWO[:160])
        for n in (1, 2)
    ]
    model = small(max_iter=2, shuffle=False, learning_rate="constant")
    model.fit(TWO[:160], X_val=TWO[160:])
    # The loss is half the squared error.
    expected = [-other.score(TWO[160:]) / 2 for other in losses]
    npt.assert_allclose(model.validation_loss_curve_, expected, rtol=1e-5)


def test_the_weights_with_the_lowest_validation_loss_are_kept():
    noise = RANDOM.normal(size=(20, 8))
    model = small(max_iter=60, learning_rate_init=0.05, hidden_layer_sizes=(32,))
    model.fit(noise[:10], X_val=noise[10:])
    assert np.argmin(model.validation_loss_curve_) < model.n_iter_ - 1
    assert model.best_loss_ == min(model.validation_loss_curve_)
    assert -model.score(noise[10:]) / 2 == pytest.approx(model.best_loss_)


def test_early_stopping_holds_out_the_last_windows():
    held_out = small(early_stopping=True, validation_fraction=0.2).fit(TWO)
    passed = small().fit(TWO[:160], X_val=TWO[160:])
    assert held_out.validation_loss_curve_ == passed.validation_loss_curve_


def test_validation_windows_are_weighted():
    only = np.arange(200) == 7
    weighted = small().fit(TWO, X_val=TWO, sample_weight_val=only)
    single = small().fit(TWO, X_val=TWO[only])
    npt.assert_allclose(weighted.validation_loss_curve_, single.validation_loss_curve_)


def test_validation_weights_without_windows_are_refused():
    with pytest.raises(ValueError, match="sample_weight_val was passed without X_val"):
        small().fit(TWO, sample_weight_val=np.ones(200))
    with pytest.raises(ValueError, match="1 features"):
        small().fit(TWO, X_val=TWO[:, :, :1])


def test_partial_fits_equal_one_fit_of_as_many_epochs():
    settings = {"batch_size": 200, "learning_rate": "constant"}
    whole = small(max_iter=2, **settings).fit(TWO)
    parts = small(**settings).partial_fit(TWO).partial_fit(TWO)
    npt.assert_allclose(parts.transform(TWO), whole.transform(TWO), rtol=1e-9)
    npt.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-9)
    assert parts.n_iter_ == 2


def test_partial_fit_weighs_windows_as_repeated_rows():
    weights = RANDOM.integers(0, 3, 60)
    weighted = small(batch_size=200).partial_fit(TWO[:60], sample_weight=weights)
    repeated = small(batch_size=200).partial_fit(TWO[:60].repeat(weights, axis=0))
    npt.assert_allclose(weighted.transform(TWO), repeated.transform(TWO), rtol=1e-7)


def test_inverse_transform_returns_windows_of_the_longest_partial_fit():
    model = small().partial_fit(TWO).partial_fit(TWO[:, :5])
    assert model.inverse_transform(np.zeros((1, 2))).shape == (1, 8, 2)
    with pytest.raises(ValueError, match="does not support early_stopping"):
        small(early_stopping=True).partial_fit(TWO)


def test_the_decoder_starts_with_the_last_step():
    network = AutoencoderNetwork(
        2, 3, hidden_layer_sizes=(4, 5), bidirectional=True, dtype=torch.float64
    )
    initialize(network, random_generator(0))
    windows = torch.from_numpy(RANDOM.normal(size=(3, 6, 2)))
    components = network.encoder(windows)
    steps = network.decoder(components[:, None].repeat(1, 6, 1))
    npt.assert_allclose(network(windows).detach(), steps.flip(1).detach())
    # The last step of a window comes first, whatever the length.
    npt.assert_allclose(
        network.decode(components, 4)[:, -1].detach(), network(windows)[:, -1].detach()
    )


def test_multiplications_of_encoder_and_decoder_are_counted():
    parameters = {
        "n_features": 2,
        "n_components": 3,
        "cell": "lstm",
        "bidirectional": True,
        "hidden_layer_sizes": (4, 5),
    }
    encoder = 2 * 4 * 4 * (2 + 4) + 2 * 4 * 5 * (8 + 5)
    decoder = 4 * 5 * (3 + 5) + 4 * 4 * (5 + 4)
    assert n_multiplications(parameters) == encoder + decoder


def test_same_seed_and_pickle_give_the_same_components(model):
    components = model.transform(TWO)
    again = LSTMAutoencoder(**SETTINGS).fit(TWO)
    npt.assert_array_equal(again.transform(TWO), components)
    copy = pickle.loads(pickle.dumps(model))
    npt.assert_array_equal(copy.reconstruct(TWO), model.reconstruct(TWO))


def test_searches_choose_the_number_of_components():
    search = GridSearchCV(LSTMAutoencoder(**SETTINGS), {"n_components": [1, 3]}, cv=2)
    assert search.fit(WAVES).best_params_ == {"n_components": 3}


def test_components_of_a_series_in_a_pipeline():
    series = np.sin(0.5 * np.arange(120))[:, None]
    model = make_pipeline(SlidingWindowTransformer(8), small(early_stopping=True))
    assert model.fit_transform(series).shape == (120, 2)


def test_warm_start_continues_training():
    model = small(max_iter=3, warm_start=True).fit(WAVES)
    before = model.loss_
    assert model.fit(WAVES).loss_ < before
    with pytest.raises(ValueError, match="n_components from 2 to 4"):
        model.set_params(n_components=4).fit(WAVES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_components": 0}, "n_components"),
        ({"pooling": None}, "pooling"),
        ({"loss": "quantile"}, "loss"),
    ],
)
def test_bad_parameters_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LSTMAutoencoder(**settings).fit(WAVES)


def test_another_number_of_components_is_refused(model):
    with pytest.raises(ValueError, match=r"has 3 columns, but .* has 2 components"):
        model.inverse_transform(np.zeros((1, 3)))


@pytest.mark.parametrize(("dtype", "limit"), [("float64", 1e154), ("float32", 1e19)])
def test_errors_are_finite_for_values_of_any_size(dtype, limit):
    X = WAVES[:40]
    model = small(dtype=dtype).fit(X)
    # The squares of these values are beyond the range of the dtype.
    huge = X * (1e160 if dtype == "float64" else 1e30)
    assert (model.reconstruction_error(huge) > limit).all()
    assert np.isfinite(model.score(huge))
    expected = model.reconstruction_error(X)
    for factor in (1e-300, 1e300):
        model.fit(factor * X)
        npt.assert_allclose(model.reconstruction_error(factor * X), expected, rtol=1e-4)
