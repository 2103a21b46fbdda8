"""Network against its equations in NumPy, padding and dropout."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from scipy.special import expit
from torch import nn

from sklstm._nn.cells import CELLS
from sklstm._nn.initialization import initialize
from sklstm._nn.masking import make_step_mask, zero_padding
from sklstm._nn.network import RecurrentNetwork, n_multiplications
from sklstm._nn.runtime import dropout_mask, random_generator
from sklstm._nn.stack import CELL_NAMES

POOLINGS = ["last", "mean", "max", "attention"]


def make_network(n_features=2, n_outputs=3, seed=0, **architecture):
    """Build a network in double precision without zero weights."""
    network = RecurrentNetwork(
        n_features, n_outputs, **{"dtype": torch.float64, **architecture}
    )
    generator = random_generator(seed)
    initialize(network, generator)
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=float)
            parameter += noise.to(parameter) / 5
    return network.eval()


def random_windows(n_windows=4, n_timesteps=5, n_features=2, seed=0):
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.normal(size=(n_windows, n_timesteps, n_features)))


def lstm_by_hand(layer, window):
    """Hidden states of one LSTM layer, one equation per line."""
    w, u, b = (p.detach().numpy() for p in layer.parameters())
    h = c = np.zeros(layer.size)
    states = []
    for x in window:
        i, f, g, o = np.split(w @ x + u @ h + b, 4)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        states.append(h)
    return states


def test_forward_follows_the_equations():
    network = make_network(hidden_layer_sizes=(5, 4))
    windows = random_windows()
    outputs = network(windows).detach()
    weight, bias = (p.detach().numpy() for p in network.head.parameters())
    for window, output in zip(windows.numpy(), outputs, strict=True):
        states = window
        for (layer,) in network.layers:
            states = lstm_by_hand(layer, states)
        npt.assert_allclose(output, weight @ states[-1] + bias, rtol=1e-12)


def carry_over(layer, theirs, suffix):
    """Copy the weights of one direction of a PyTorch LSTM, which has two biases."""
    w_x, w_h, b_x, b_h = (
        getattr(theirs, f"{name}_{suffix}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    layer.inputs.copy_(w_x)
    layer.recurrent.copy_(w_h)
    layer.bias.copy_(b_x + b_h)


def test_bidirectional_states_are_those_of_pytorch():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = nn.LSTM(2, 4, 2, batch_first=True, bidirectional=True).double()
    ours = make_network(hidden_layer_sizes=(4, 4), bidirectional=True)
    with torch.no_grad():
        for number, (forward, backward) in enumerate(ours.layers):
            carry_over(forward, theirs, f"l{number}")
            carry_over(backward, theirs, f"l{number}_reverse")
    windows = random_windows()
    states, (last, _) = theirs(windows)
    npt.assert_allclose(
        ours.states(windows)[0].detach(), states.detach(), rtol=1e-12, atol=1e-15
    )
    outputs = ours.head(torch.cat([last[-2], last[-1]], 1))
    npt.assert_allclose(ours(windows).detach(), outputs.detach(), rtol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", sorted(CELL_NAMES))
def test_padding_does_not_change_the_outputs(cell, pooling, bidirectional):
    network = make_network(
        hidden_layer_sizes=(4, 3),
        cell=cell,
        pooling=pooling,
        bidirectional=bidirectional,
    )
    windows = random_windows()
    garbage = 1e6 * random_windows(n_timesteps=3, seed=1)
    padded = torch.cat([garbage, windows], 1)
    outputs = network(padded, torch.full((len(windows),), 3))
    npt.assert_allclose(outputs.detach(), network(windows).detach(), rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "identity"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_values_at_padding_may_be_the_largest_floats(activation, bidirectional):
    network = make_network(
        hidden_layer_sizes=(3,), activation=activation, bidirectional=bidirectional
    )
    windows = random_windows()
    garbage = torch.full((4, 2, 2), torch.finfo(float).max, dtype=float)
    padded = torch.cat([garbage, windows], 1)
    outputs = network(padded, torch.full((4,), 2))
    npt.assert_allclose(outputs.detach(), network(windows).detach(), rtol=1e-12)
    parameters = list(network.parameters())
    expected = torch.autograd.grad(network(windows).sum(), parameters)
    gradients = torch.autograd.grad(outputs.sum(), parameters)
    for gradient, without_padding in zip(gradients, expected, strict=True):
        npt.assert_allclose(gradient, without_padding, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", sorted(CELL_NAMES))
def test_outputs_of_a_window_do_not_depend_on_the_others(cell, pooling, bidirectional):
    network = make_network(
        hidden_layer_sizes=(4, 3),
        cell=cell,
        pooling=pooling,
        bidirectional=bidirectional,
    )
    windows = random_windows(n_windows=5)
    n_padding = torch.tensor([0, 3, 1, 4, 0])
    outputs = network(windows, n_padding).detach()
    alone = [
        network(window[None, n:])[0].detach()
        for window, n in zip(windows, n_padding.tolist(), strict=True)
    ]
    npt.assert_allclose(outputs, torch.stack(alone), rtol=1e-12)


def test_padding_of_zero_steps_is_no_padding():
    network = make_network(hidden_layer_sizes=(4, 3), bidirectional=True)
    windows = random_windows()
    not_padded = network(windows, torch.zeros(len(windows), dtype=int))
    npt.assert_allclose(not_padded.detach(), network(windows).detach(), rtol=1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", sorted(CELL_NAMES))
def test_output_of_a_window_of_padding_alone_is_the_bias(cell, pooling, bidirectional):
    network = make_network(
        hidden_layer_sizes=(4, 3),
        cell=cell,
        pooling=pooling,
        bidirectional=bidirectional,
    )
    windows = random_windows(n_windows=2)
    outputs = network(windows, torch.tensor([5, 2]))
    npt.assert_array_equal(outputs[0].detach(), network.head.bias.detach())
    gradients = torch.autograd.grad(outputs.sum(), list(network.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("cell", CELLS)
def test_states_of_padding_are_zero(cell):
    network = make_network(hidden_layer_sizes=(4, 3), cell=cell, bidirectional=True)
    step_mask = make_step_mask(5, torch.tensor([0, 2, 5, 1]))
    inputs = zero_padding(random_windows(), step_mask)
    states, last = network.states(inputs, step_mask)
    is_zero = (states.detach() == 0).all(2)
    for row, n_padding in zip(is_zero, [0, 2, 5, 1], strict=True):
        npt.assert_array_equal(row, np.arange(5) < n_padding)
    # The last state of the second direction is that of the first real step.
    by_hand = [
        torch.cat([s[4, :3], s[first, 3:]])
        for s, first in zip(states, [0, 2, 4, 1], strict=True)
    ]
    npt.assert_array_equal(last.detach(), torch.stack(by_hand).detach())


def test_reversed_windows_swap_the_directions():
    network = make_network(hidden_layer_sizes=(3,), bidirectional=True)
    windows = random_windows()
    forward, backward = network.states(windows)[0].detach().chunk(2, 2)
    network.layers[0] = nn.ModuleList(reversed(network.layers[0]))
    swapped = network.states(windows.flip(1))[0].detach().flip(1)
    npt.assert_allclose(swapped, torch.cat([backward, forward], 2), rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 4 * 5 * (2 + 5)),
        ({"cell": "gru"}, 3 * 5 * (2 + 5)),
        ({"cell": "rnn"}, 5 * (2 + 5)),
        ({"hidden_layer_sizes": (5, 3)}, 4 * 5 * (2 + 5) + 4 * 3 * (5 + 3)),
        ({"bidirectional": True}, 2 * 4 * 5 * (2 + 5)),
        (
            {"bidirectional": True, "hidden_layer_sizes": (5, 3)},
            2 * 4 * 5 * (2 + 5) + 2 * 4 * 3 * (10 + 3),
        ),
    ],
)
def test_multiplications_are_counted_as_by_hand(changes, expected):
    architecture = {
        "n_features": 2,
        "hidden_layer_sizes": (5,),
        "cell": "lstm",
        "bidirectional": False,
        "n_codes": None,
        "conv_filters": (),
        **changes,
    }
    assert n_multiplications(architecture) == expected
    # One multiplication for every weight in a matrix of the recurrent layers.
    layers = RecurrentNetwork(n_outputs=1, **architecture).layers
    assert expected == sum(p.numel() for p in layers.parameters() if p.dim() == 2)


def head_inputs(network, windows):
    """Inputs of the head, in training and in prediction."""
    inputs = []
    handle = network.head.register_forward_pre_hook(lambda _, args: inputs.extend(args))
    network.train()(windows)
    network.eval()(windows)
    handle.remove()
    return [part.detach() for part in inputs]


def test_dropout_drops_its_fraction_and_keeps_the_mean():
    network = make_network(hidden_layer_sizes=(40,), dropout=0.25)
    network.generator = random_generator(0)
    dropped, whole = head_inputs(network, random_windows(500))
    kept = dropped != 0
    npt.assert_allclose(dropped[kept], whole[kept] / 0.75, rtol=1e-12)
    # 20 000 draws: 0.01 is more than three standard deviations.
    assert 1 - kept.double().mean() == pytest.approx(0.25, abs=0.01)
    assert (dropped / whole).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("dropout", ["dropout", "recurrent_dropout"])
def test_predictions_are_without_dropout(dropout):
    sizes = {"hidden_layer_sizes": (5, 4)}
    windows = random_windows()
    with_dropout = make_network(**sizes, **{dropout: 0.5})
    expected = make_network(**sizes)(windows).detach()
    npt.assert_array_equal(with_dropout(windows).detach(), expected)
    with_dropout.generator = random_generator(0)
    trained = with_dropout.train()(windows).detach()
    assert (trained != expected).all()


@pytest.mark.parametrize("cell", CELLS)
def test_states_do_not_grow_over_padding(cell):
    # States would be infinite if the cells read the padding.
    network = make_network(hidden_layer_sizes=(2,), cell=cell, activation="relu")
    backward = make_network(
        hidden_layer_sizes=(2,), cell=cell, activation="relu", bidirectional=True
    )
    for layers in (*network.layers, *backward.layers):
        for layer in layers:
            with torch.no_grad():
                layer.recurrent.copy_(3 * torch.eye(len(layer.recurrent), 2))
                layer.bias.fill_(3.0)
    windows, n_padding = random_windows(3, 900), torch.tensor([895, 896, 899])
    for some in (network, backward):
        outputs = some(windows, n_padding)
        gradients = torch.autograd.grad(outputs.sum(), list(some.parameters()))
        assert all(gradient.isfinite().all() for gradient in gradients)
        expected = some(windows[:, -5:], n_padding - 895)
        npt.assert_allclose(outputs.detach(), expected.detach(), rtol=1e-9)


def test_dropout_is_also_between_two_layers():
    network = make_network(hidden_layer_sizes=(40, 4), dropout=0.5).train()
    network.generator = random_generator(0)
    inputs = []
    hook = network.layers[1][0].register_forward_pre_hook
    hook(lambda _, args: inputs.append(args[0].detach()))
    network(random_windows(100))
    assert (inputs[0] == 0).double().mean() == pytest.approx(0.5, abs=0.02)


def test_recurrent_dropout_drops_the_same_units_at_every_step():
    network = make_network(hidden_layer_sizes=(6,), cell="rnn", recurrent_dropout=0.5)
    (layer,) = network.layers[0]
    windows = random_windows()
    states, _ = layer.train()(windows, random_generator(0))
    mask = dropout_mask((len(windows), 6), 0.5, windows, random_generator(0))
    assert 0 < (mask == 0).double().mean() < 1
    before = torch.zeros_like(mask)
    for values, after in zip(windows.unbind(1), states.unbind(1), strict=True):
        from_inputs = values @ layer.inputs.T + layer.bias
        by_hand = torch.tanh(from_inputs + (mask * before) @ layer.recurrent.T)
        npt.assert_allclose(after.detach(), by_hand.detach(), rtol=1e-12)
        before = after


def test_global_random_generator_is_not_used():
    before = torch.get_rng_state()
    network = make_network(
        hidden_layer_sizes=(4, 3),
        dropout=0.5,
        recurrent_dropout=0.5,
        pooling="attention",
    )
    network.generator = random_generator(0)
    network.train()(random_windows())
    assert torch.equal(torch.get_rng_state(), before)


def test_one_seed_drops_the_same_units():
    network = make_network(dropout=0.5, recurrent_dropout=0.5).train()
    outputs = []
    for seed in (0, 0, 1):
        network.generator = random_generator(seed)
        outputs.append(network(random_windows()).detach())
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
