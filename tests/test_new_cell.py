"""A cell of which only the equations are written down works everywhere."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from one_layer import ONE_LAYER
from scipy.special import expit
from torch.nn.functional import linear

from sklstm import LSTMAutoencoder, LSTMClassifier, LSTMRegressor
from sklstm._nn.cells import CELLS, Cell, CellWeights
from sklstm._nn.hidden_states import hidden_states
from sklstm._nn.masking import make_step_mask

SIZE = 3


def coupled_step(from_inputs, state, weights, activation):
    """An LSTM whose input gate is one minus its forget gate (Greff et al., 2017)."""
    hidden, cell_state = state
    f, candidate, o = linear(hidden, weights.recurrent).add(from_inputs).chunk(3, 1)
    f = torch.sigmoid(f)
    cell_state = f * cell_state + (1 - f) * activation(candidate)
    hidden = torch.sigmoid(o) * activation(cell_state)
    return hidden, cell_state


@pytest.fixture(autouse=True)
def _coupled_cell(monkeypatch):
    cell = Cell(coupled_step, 3, 2, forget_gate=0, forget_bias=1.0)
    monkeypatch.setitem(CELLS, "coupled", cell)
    options = LSTMRegressor._parameter_constraints["cell"][0].options
    options.add("coupled")
    yield
    options.remove("coupled")


@pytest.fixture
def weights():
    random = np.random.default_rng(0)
    shapes = (3 * SIZE, 2), (3 * SIZE, SIZE), (3 * SIZE,)
    return [random.normal(size=shape) for shape in shapes]


@pytest.fixture
def windows():
    return np.random.default_rng(1).normal(size=(70, 5, 2))


def states_in_numpy(window, weights, mask=1):
    w, u, b = weights
    h = c = np.zeros(SIZE)
    for x in window:
        f, g, o = np.split(w @ x + u @ (mask * h) + b, 3)
        c = expit(f) * c + (1 - expit(f)) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        yield h


def our_states(windows, weights, **settings):
    parts = CellWeights(*map(torch.tensor, weights))
    return hidden_states("coupled", torch.tensor(windows), parts, **settings)


@pytest.mark.parametrize("n_windows", [1, 70])
@pytest.mark.parametrize("needs_gradient", [True, False])
def test_states_follow_the_equations(needs_gradient, n_windows, windows, weights):
    with torch.set_grad_enabled(needs_gradient):
        states, last = our_states(windows[:n_windows], weights)
    expected = [list(states_in_numpy(w, weights)) for w in windows[:n_windows]]
    npt.assert_allclose(states, expected, rtol=1e-12)
    npt.assert_array_equal(last, states[:, -1])


def test_recurrent_mask_scales_the_hidden_state(windows, weights):
    mask = np.array([0.0, 2.0, 2.0])
    masks = torch.tensor(mask).expand(len(windows), -1)
    states, _ = our_states(windows, weights, recurrent_mask=masks)
    expected = [list(states_in_numpy(w, weights, mask)) for w in windows]
    npt.assert_allclose(states, expected, rtol=1e-12)


def test_padding_does_not_change_the_states(windows, weights):
    n_padding = torch.arange(70) % 6
    states, _ = our_states(windows, weights, step_mask=make_step_mask(5, n_padding))
    for window, n, row in zip(windows, n_padding, states, strict=True):
        npt.assert_array_equal(row[:n], 0)
        expected = list(states_in_numpy(window[n:], weights))
        npt.assert_allclose(row[n:], np.reshape(expected, (-1, SIZE)), rtol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden_layer_sizes": (4, 3), "dropout": 0.2, "recurrent_dropout": 0.2},
        {"bidirectional": True, "pooling": "mean"},
        {"activation": "logistic", "pooling": "attention", "batch_size": 16},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fits_agree_with_those_of_hand_derived_gradients(
    cell, settings, is_ragged, windows, monkeypatch
):
    monkeypatch.setitem(CELLS, "coupled", CELLS[cell])
    y = windows.sum((1, 2))
    X = [w[i % 4 :] for i, w in enumerate(windows)] if is_ragged else windows
    own = {"hidden_layer_sizes": (4,), "max_iter": 5, "batch_size": "auto"}
    settings = ONE_LAYER | own | settings
    new, known = (
        LSTMRegressor(cell=name, random_state=0, **settings).fit(X, y)
        for name in ("coupled", cell)
    )
    npt.assert_allclose(new.loss_curve_, known.loss_curve_, rtol=1e-9)
    npt.assert_allclose(new.predict(X), known.predict(X), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_chrono_initialization_sets_its_forget_gate(windows):
    model = LSTMRegressor((200,), cell="coupled", max_timescale=10, random_state=0)
    model.set_params(max_iter=1, learning_rate_init=1e-9)
    model.fit(windows, windows.sum((1, 2)))
    forget, candidate, output = model.network_.layers[0][0].bias.detach().chunk(3)
    # exp(b) is uniform on 1 to 9.
    assert forget.exp().mean() == pytest.approx(5, abs=0.5)
    npt.assert_allclose([*candidate, *output], 0, atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_regressor_predicts_what_the_equations_give(windows):
    model = LSTMRegressor(SIZE, cell="coupled", **ONE_LAYER)
    model.set_params(max_iter=3, standardize=False, random_state=0)
    model.fit(windows, windows.sum((1, 2)))
    weights = {k: w.detach().numpy() for k, w in model.network_.named_parameters()}
    layer = [weights[f"layers.0.0.{name}"] for name in ("inputs", "recurrent", "bias")]
    last = np.array([list(states_in_numpy(w, layer))[-1] for w in windows])
    expected = last @ weights["head.weight"][0] + weights["head.bias"]
    npt.assert_allclose(model.predict(windows), expected, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_estimators_fit_with_it(windows):
    labels = windows[:, -1, 0] > 0
    classifier = LSTMClassifier((8,), cell="coupled", max_iter=60, random_state=0)
    assert classifier.fit(windows, labels).score(windows, labels) > 0.9
    autoencoder = LSTMAutoencoder(cell="coupled", max_iter=5, random_state=0)
    assert autoencoder.fit(windows).reconstruct(windows).shape == windows.shape
