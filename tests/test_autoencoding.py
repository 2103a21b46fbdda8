"""Windows in few numbers: what codes keep, and how far off what they make is."""

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


@pytest.fixture(scope="module")
def model():
    return LSTMAutoencoder(**SETTINGS).fit(TWO)


def test_two_numbers_keep_a_wave(model):
    made = model.reconstruct(TWO)
    npt.assert_allclose(made[:, :, 0], TWO[:, :, 0], atol=0.3)
    npt.assert_allclose(made[:, :, 1], TWO[:, :, 1], atol=3)
    assert model.reconstruction_error(TWO).mean() < 0.02
    assert model.score(TWO) == pytest.approx(-model.reconstruction_error(TWO).mean())


def test_what_is_no_wave_cannot_be_made(model):
    noise = RANDOM.permuted(TWO, axis=1)
    usual = np.quantile(model.reconstruction_error(TWO), 0.99)
    assert (model.reconstruction_error(noise) > usual).mean() > 0.95


def test_windows_are_made_from_their_codes_alone(model):
    codes = model.transform(TWO)
    assert codes.shape == (200, 2)
    npt.assert_allclose(model.inverse_transform(codes), model.reconstruct(TWO))
    assert model.get_feature_names_out().tolist() == ["lstm0", "lstm1"]


def test_errors_are_in_variances_of_the_training_readings(model):
    squares = ((model.reconstruct(TWO) - TWO) / TWO.std(axis=(0, 1))) ** 2
    npt.assert_allclose(
        model.reconstruction_error(TWO), squares.mean(axis=(1, 2)), rtol=1e-6
    )


def test_steps_that_do_not_exist_are_not_scored():
    lengths = RANDOM.integers(2, 9, len(TWO))
    sequences = [wave[-n:] for wave, n in zip(TWO, lengths, strict=True)]
    model = LSTMAutoencoder(**SETTINGS).fit(sequences)
    padded = pad_sequences(sequences)
    made = model.reconstruct(padded)
    npt.assert_array_equal(np.isnan(made), np.isnan(padded))
    assert [len(part) for part in model.reconstruct(sequences)] == [
        len(part) for part in sequences
    ]
    squares = ((made - padded) / model._model.x_scale.scale) ** 2
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


def test_the_decoder_tells_the_window_from_its_end():
    network = AutoencoderNetwork(
        2, 3, hidden_layer_sizes=(4, 5), bidirectional=True, dtype=torch.float64
    )
    initialize(network, random_generator(0))
    windows = torch.from_numpy(RANDOM.normal(size=(3, 6, 2)))
    codes = network.encoder(windows)
    steps = network.decoder(codes[:, None].repeat(1, 6, 1))
    npt.assert_allclose(network(windows).detach(), steps.flip(1).detach())
    # The last step of a window is told first, whatever its length.
    npt.assert_allclose(
        network.decode(codes, 4)[:, -1].detach(), network(windows)[:, -1].detach()
    )


def test_multiplications_of_both_ways_are_counted():
    architecture = {
        "n_features": 2,
        "n_components": 3,
        "cell": "lstm",
        "bidirectional": True,
        "n_codes": None,
        "conv_filters": (),
        "hidden_layer_sizes": (4, 5),
    }
    encoder = 2 * 4 * 4 * (2 + 4) + 2 * 4 * 5 * (8 + 5)
    decoder = 4 * 5 * (3 + 5) + 4 * 4 * (5 + 4)
    assert n_multiplications(architecture) == encoder + decoder


def test_the_same_codes_each_time_also_from_a_file(model):
    codes = model.transform(TWO)
    again = LSTMAutoencoder(**SETTINGS).fit(TWO)
    npt.assert_array_equal(again.transform(TWO), codes)
    copy = pickle.loads(pickle.dumps(model))
    npt.assert_array_equal(copy.reconstruct(TWO), model.reconstruct(TWO))


def test_searches_choose_the_size_of_codes():
    search = GridSearchCV(LSTMAutoencoder(**SETTINGS), {"n_components": [1, 3]}, cv=2)
    assert search.fit(WAVES).best_params_ == {"n_components": 3}


def test_codes_of_a_series_in_a_pipeline():
    series = np.sin(0.5 * np.arange(120))[:, None]
    encoder = LSTMAutoencoder(**{**SETTINGS, "max_iter": 5}, early_stopping=True)
    model = make_pipeline(SlidingWindowTransformer(8), encoder)
    assert model.fit_transform(series).shape == (120, 2)


def test_going_on_makes_windows_better():
    model = LSTMAutoencoder(**{**SETTINGS, "max_iter": 3}, warm_start=True).fit(WAVES)
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


def test_codes_of_another_size_are_refused(model):
    with pytest.raises(ValueError, match=r"has 3 columns, but the codes .* 2 numbers"):
        model.inverse_transform(np.zeros((1, 3)))
