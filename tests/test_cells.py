"""Cells against their equations in NumPy and against PyTorch's layers."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from scipy.special import expit
from torch import nn

from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.cells import CELLS, CellWeights, step_by_step
from sklstm._nn.hidden_states import hidden_states
from sklstm._nn.torch_compat import PYTORCH_LAYERS

N_WINDOWS, N_TIMESTEPS, N_INPUTS, SIZE = 3, 6, 2, 4

BY_HAND = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "logistic": expit,
    "identity": lambda x: x,
}


def all_states(*args, **params):
    """Hidden states of all steps."""
    return hidden_states(*args, **params)[0]


def random_weights(cell, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows = CELLS[cell].n_gates * SIZE
    shapes = [(rows, N_INPUTS), (rows, SIZE), (rows,)]
    if CELLS[cell].has_candidate_bias:
        shapes.append((SIZE,))
    parts = (torch.randn(s, dtype=dtype, generator=generator) / 2 for s in shapes)
    return CellWeights(*(part.requires_grad_() for part in parts))


def random_inputs(dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    shape = (N_WINDOWS, N_TIMESTEPS, N_INPUTS)
    return torch.randn(shape, dtype=dtype, generator=generator)


def lstm_by_hand(window, weights, activation, mask):
    w, u, b, _ = weights
    h = c = np.zeros(SIZE)
    for x in window:
        i, f, g, o = np.split(w @ x + u @ (mask * h) + b, 4)
        c = expit(f) * c + expit(i) * activation(g)
        h = expit(o) * activation(c)
        yield h


def gru_by_hand(window, weights, activation, mask):
    w, u, b, candidate_bias = weights
    h = np.zeros(SIZE)
    for x in window:
        x_r, x_z, x_n = np.split(w @ x + b, 3)
        h_r, h_z, h_n = np.split(u @ (mask * h), 3)
        r, z = expit(x_r + h_r), expit(x_z + h_z)
        n = activation(x_n + r * (h_n + candidate_bias))
        h = (1 - z) * n + z * h
        yield h


def rnn_by_hand(window, weights, activation, mask):
    w, u, b, _ = weights
    h = np.zeros(SIZE)
    for x in window:
        h = activation(w @ x + u @ (mask * h) + b)
        yield h


EQUATIONS = {"lstm": lstm_by_hand, "gru": gru_by_hand, "rnn": rnn_by_hand}


def states_by_hand(cell, inputs, weights, activation, masks=None):
    weights = [None if w is None else w.detach().numpy() for w in weights]
    masks = np.ones(len(inputs)) if masks is None else masks.numpy()
    equations, activation = EQUATIONS[cell], BY_HAND[activation]
    return [
        list(equations(window, weights, activation, mask))
        for window, mask in zip(inputs.numpy(), masks, strict=True)
    ]


def gradients(states, inputs, weights):
    """Gradients of a sum of all states with different weights."""
    counts = torch.linspace(1, 2, states.numel(), dtype=states.dtype)
    parameters = [inputs, *(w for w in weights if w is not None)]
    return torch.autograd.grad(states.flatten() @ counts, parameters)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("compute", [all_states, step_by_step])
def test_states_follow_the_equations(compute, cell, activation):
    inputs, weights = random_inputs(), random_weights(cell)
    states = compute(cell, inputs, weights, activation).detach()
    by_hand = states_by_hand(cell, inputs, weights, activation)
    npt.assert_allclose(states, by_hand, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_mask_drops_the_same_units_at_every_step(cell):
    inputs, weights = random_inputs(), random_weights(cell)
    mask = torch.tensor([[0, 2, 2, 0], [2, 2, 2, 2], [0, 0, 0, 0]]).double()
    states = all_states(cell, inputs, weights, recurrent_mask=mask).detach()
    by_hand = states_by_hand(cell, inputs, weights, "tanh", mask)
    npt.assert_allclose(states, by_hand, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_mask_of_ones_changes_nothing(cell):
    inputs, weights = random_inputs(), random_weights(cell)
    masked = all_states(
        cell, inputs, weights, recurrent_mask=torch.ones(N_WINDOWS, SIZE).double()
    )
    npt.assert_allclose(
        masked.detach(), all_states(cell, inputs, weights).detach(), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("cell", "activation"), PYTORCH_LAYERS)
def test_fast_methods_compute_what_the_steps_do(cell, activation, dtype):
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    inputs = random_inputs(dtype).requires_grad_()
    weights = random_weights(cell, dtype)
    fast = all_states(cell, inputs, weights, activation)
    slow = step_by_step(cell, inputs, weights, activation)
    pairs = [(fast.detach(), slow.detach())]
    pairs += zip(
        gradients(fast, inputs, weights), gradients(slow, inputs, weights), strict=True
    )
    for ours, by_steps in pairs:
        scale = by_steps.abs().max()
        npt.assert_allclose(ours / scale, by_steps / scale, atol=tolerance)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_agree_with_finite_differences(cell):
    weights = random_weights(cell)
    inputs = random_inputs()[:2, :3].requires_grad_()
    parameters = [w for w in weights if w is not None]
    assert torch.autograd.gradcheck(
        lambda x, *parts: step_by_step(cell, x, CellWeights(*parts)),
        (inputs, *parameters),
    )


@pytest.mark.parametrize(
    ("cell", "activation", "make"),
    [
        ("lstm", "tanh", nn.LSTM),
        ("gru", "tanh", nn.GRU),
        ("rnn", "tanh", nn.RNN),
        ("rnn", "relu", lambda *sizes, **of: nn.RNN(*sizes, nonlinearity="relu", **of)),
    ],
)
def test_weights_of_pytorch_layers_give_their_states(cell, activation, make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = make(N_INPUTS, SIZE, batch_first=True, dtype=torch.float64)
    w_x, w_h, b_x, b_h = (p.detach() for p in layer.parameters())
    weights = CellWeights(w_x, w_h, b_x + b_h)
    if cell == "gru":
        # The reset gate scales the second bias of the candidate, so it stays separate.
        bias = torch.cat([(b_x + b_h)[:-SIZE], b_x[-SIZE:]])
        weights = CellWeights(w_x, w_h, bias, b_h[-SIZE:])
    inputs = random_inputs()
    for compute in (all_states, step_by_step):
        states = compute(cell, inputs, weights, activation)
        npt.assert_allclose(states, layer(inputs)[0].detach(), rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_last_is_the_state_of_the_last_step(cell):
    inputs, weights = random_inputs(), random_weights(cell)
    states, last = hidden_states(cell, inputs, weights)
    npt.assert_array_equal(last.detach(), states[:, -1].detach())
    parameters = [w for w in weights if w is not None]
    by_last = torch.autograd.grad(last.square().sum(), parameters)
    states, _ = hidden_states(cell, inputs, weights)
    by_states = torch.autograd.grad(states[:, -1].square().sum(), parameters)
    for ours, theirs in zip(by_last, by_states, strict=True):
        npt.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_later_steps_do_not_change_earlier_states(cell):
    inputs, weights = random_inputs(), random_weights(cell)
    states = all_states(cell, inputs, weights).detach()
    shorter = all_states(cell, inputs[:, :2], weights).detach()
    npt.assert_allclose(shorter, states[:, :2], rtol=1e-12)


def test_lstm_with_open_forget_gate_keeps_its_cell_state():
    weights = CellWeights(*(torch.zeros_like(w) for w in random_weights("lstm")[:3]))
    # With biases of 50, gates are 0 or 1 in double precision.
    bias = torch.tensor([-50.0, 50.0, 0.0, 0.0]).double().repeat_interleave(SIZE)
    step, activation = CELLS["lstm"].step, ACTIVATIONS["tanh"].function
    cell_state = torch.linspace(-2, 2, SIZE).double()[None]
    state = torch.zeros_like(cell_state), cell_state
    for _ in range(100):
        state = step(bias[None], state, weights, activation)
    npt.assert_allclose(state[1], cell_state, rtol=1e-12)
    npt.assert_allclose(state[0], torch.tanh(cell_state) / 2, rtol=1e-12)
