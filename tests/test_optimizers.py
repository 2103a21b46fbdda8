"""Optimizers against those of PyTorch, and flat weights against their network."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.initialization import initialize
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.optimizers import (
    SGD,
    Adam,
    FlatWeights,
    Schedule,
    adam_update,
    make_optimizer,
)
from sklstm._nn.runtime import random_generator
from sklstm._nn.torch_compat import fused_adam_update

DECAY = 0.1


def new_network():
    network = RecurrentNetwork(
        2, 1, hidden_layer_sizes=(3,), pooling="attention", dtype=torch.float64
    )
    initialize(network, random_generator(0))
    return network


@pytest.fixture
def network():
    return new_network()


@pytest.fixture
def windows():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(6, 4, 2)))


def loss_of(network, windows):
    return (network(windows)[:, 0] - windows.sum((1, 2))).square().mean()


def their_optimizer(solver, network, learning_rate):
    """Return PyTorch's optimizer of the same name."""
    if solver == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=learning_rate, momentum=0.9, nesterov=True
        )
    if solver == "adam":
        return torch.optim.Adam(network.parameters(), lr=learning_rate)
    groups = [
        {
            "params": [p for p in network.parameters() if (p.dim() > 1) == is_matrix],
            "weight_decay": DECAY if is_matrix else 0.0,
        }
        for is_matrix in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=learning_rate)


def step_both(ours, weights, optimizer, theirs, reference, windows):
    """Take a step of our optimizer and of the one of PyTorch."""
    weights.set_gradient(loss_of(ours, windows))
    optimizer.step()
    reference.zero_grad()
    loss_of(theirs, windows).backward()
    reference.step()


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_twenty_steps_are_those_of_pytorch(solver, windows):
    ours, theirs = new_network(), new_network()
    weights = FlatWeights(ours)
    optimizer = make_optimizer(solver, weights, 0.01, DECAY)
    reference = their_optimizer(solver, theirs, 0.01)
    for step in range(20):
        # Schedules change the learning rate between steps.
        if step == 15:
            optimizer.learning_rate = 0.003
            for group in reference.param_groups:
                group["lr"] = 0.003
        step_both(ours, weights, optimizer, theirs, reference, windows)
    for our, their in zip(ours.parameters(), theirs.parameters(), strict=True):
        npt.assert_allclose(our.detach(), their.detach(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_slow_layers_take_the_steps_of_a_group_of_pytorch(solver, windows):
    ours, theirs = new_network(), new_network()
    slow = [*ours.layers_before_pooling().parameters()]
    weights = FlatWeights(ours, slow, rate=0.25)
    optimizer = make_optimizer(solver, weights, 0.01, DECAY)
    reference = their_optimizer(solver, theirs, 0.01)
    are_slow = {*theirs.layers_before_pooling().parameters()}
    for group in [*reference.param_groups]:
        parameters = group["params"]
        group["params"] = [p for p in parameters if p not in are_slow]
        their_slow = [p for p in parameters if p in are_slow]
        options = {k: v for k, v in group.items() if k not in ("params", "lr")}
        reference.add_param_group({"params": their_slow, "lr": 0.0025, **options})
    for _ in range(20):
        step_both(ours, weights, optimizer, theirs, reference, windows)
    for our, their in zip(ours.parameters(), theirs.parameters(), strict=True):
        npt.assert_allclose(our.detach(), their.detach(), rtol=1e-12, atol=1e-15)


def test_weights_that_need_no_gradient_are_left_out(network, windows):
    network.layers_before_pooling().requires_grad_(False)
    before = {name: part.clone() for name, part in network.state_dict().items()}
    weights = FlatWeights(network)
    n_frozen = sum(p.numel() for p in network.parameters() if not p.requires_grad)
    n_all = sum(p.numel() for p in network.parameters())
    assert len(weights.values) == n_all - n_frozen
    weights.set_gradient(loss_of(network, windows))
    make_optimizer("adamw", weights, 0.01, DECAY).step()
    after = network.state_dict()
    changed = {name for name in after if not after[name].equal(before[name])}
    learned = {name for name, p in network.named_parameters() if p.requires_grad}
    assert changed == learned


def test_a_state_of_other_weights_is_not_loaded(network, windows):
    optimizer = make_optimizer("adam", FlatWeights(network), 0.01, 0.0)
    optimizer.weights.set_gradient(loss_of(network, windows))
    optimizer.step()
    network.layers_before_pooling().requires_grad_(False)
    other = make_optimizer("adam", FlatWeights(network), 0.01, 0.0)
    other.load_state(optimizer.state)
    assert other.state["n_steps"] == 0


@pytest.mark.parametrize("solver", ["adam", "adamw"])
def test_unfused_adam_takes_the_steps_of_fused_adam(solver, windows):
    results = []
    for update in (fused_adam_update, adam_update):
        network = new_network()
        weights = FlatWeights(network)
        optimizer = make_optimizer(solver, weights, 0.01, DECAY)
        optimizer._update = update
        for _ in range(20):
            weights.set_gradient(loss_of(network, windows))
            optimizer.step()
        results.append(weights.values)
    npt.assert_allclose(*results, rtol=1e-12, atol=1e-15)


def test_first_step_of_adam_has_the_size_of_the_learning_rate(network, windows):
    weights = FlatWeights(network)
    before = weights.values.clone()
    weights.set_gradient(loss_of(network, windows))
    Adam(weights, 0.01).step()
    moved = weights.values - before
    # epsilon = 1e-8 shortens steps along short gradients.
    clear = weights.gradient.abs() > 1e-3
    npt.assert_allclose(moved[clear], -0.01 * weights.gradient[clear].sign(), rtol=1e-4)


def test_decay_of_adamw_does_not_change_biases(network):
    weights = FlatWeights(network)
    before = weights.values.clone()
    make_optimizer("adamw", weights, 0.01, DECAY).step()  # the gradient is zero
    n_in_matrices = len(weights.matrices)
    shrunk = before[:n_in_matrices] * (1 - 0.01 * DECAY)
    npt.assert_allclose(weights.values[:n_in_matrices], shrunk, rtol=1e-12)
    npt.assert_array_equal(weights.values[n_in_matrices:], before[n_in_matrices:])


def test_adam_has_no_weight_decay(network):
    assert make_optimizer("adam", FlatWeights(network), 0.01, DECAY).decay == 0


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_loaded_state_continues_training(solver, windows):
    def steps(optimizer, network, n_steps):
        for _ in range(n_steps):
            optimizer.weights.set_gradient(loss_of(network, windows))
            optimizer.step()

    whole, halved = new_network(), new_network()
    steps(make_optimizer(solver, FlatWeights(whole), 0.01, 0), whole, 6)
    first = make_optimizer(solver, FlatWeights(halved), 0.01, 0)
    steps(first, halved, 3)
    second = make_optimizer(solver, FlatWeights(halved), 0.01, 0)
    second.load_state(first.state)
    first_state = deepcopy(first.state)
    steps(second, halved, 3)
    for ours, expected in zip(halved.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, expected)
    for name, value in first_state.items():  # loading has copied the state
        npt.assert_array_equal(first.state[name], value)


def test_the_state_of_another_solver_is_ignored(network):
    weights = FlatWeights(network)
    adam, sgd = Adam(weights, 0.01), SGD(weights, 0.01)
    sgd.state["velocity"] += 1
    adam.load_state(sgd.state)
    assert set(adam.state) == {"n_steps", "mean", "mean_square"}
    assert not adam.state["mean"].any()


def test_flat_weights_do_not_change_the_outputs(network, windows):
    before = network(windows).detach()
    FlatWeights(network)
    assert torch.equal(network(windows), before)


def test_flat_weights_are_the_weights_of_the_network(network, windows):
    weights = FlatWeights(network)
    assert len(weights.values) == sum(p.numel() for p in network.parameters())
    weights.values.zero_()
    assert not any(p.any() for p in network.parameters())
    npt.assert_array_equal(network(windows).detach(), 0.0)
    network.head.bias.data.fill_(7)
    assert (weights.values == 7).sum() == 1


def test_matrices_come_before_biases(network):
    weights = FlatWeights(network)
    matrices = [p for p in network.parameters() if p.dim() == 2]
    biases = [p for p in network.parameters() if p.dim() == 1]
    npt.assert_array_equal(
        weights.values, torch.cat([p.detach().ravel() for p in matrices + biases])
    )
    assert len(weights.matrices) == sum(p.numel() for p in matrices)


def test_gradient_is_in_the_order_of_the_weights(network, windows):
    weights = FlatWeights(network)
    weights.set_gradient(loss_of(network, windows))
    loss_of(network, windows).backward()
    npt.assert_allclose(
        weights.gradient,
        torch.cat([p.grad.ravel() for p in weights.parameters]),
        rtol=1e-12,
    )


def test_penalty_is_on_matrices_only(network):
    weights = FlatWeights(network)
    matrices = [p.detach().numpy() for p in network.parameters() if p.dim() == 2]
    by_hand = 0.3 / 2 * sum((m**2).sum() for m in matrices)
    assert weights.penalty(0.3) == pytest.approx(by_hand, rel=1e-12)
    weights.gradient.fill_(1)
    weights.add_penalty_gradient(0.3)
    expected = 1 + 0.3 * np.concatenate([m.ravel() for m in matrices])
    npt.assert_allclose(weights.gradient[: len(expected)], expected, rtol=1e-12)
    npt.assert_array_equal(weights.gradient[len(expected) :], 1)


def test_a_long_gradient_is_scaled_to_the_maximum_norm(network):
    weights = FlatWeights(network)
    weights.gradient.zero_()[:2] = torch.tensor([30.0, 40.0])
    weights.clip_gradient(2.5)
    npt.assert_allclose(weights.gradient[:2], [1.5, 2.0], rtol=1e-12)


@pytest.mark.parametrize("gradient", [[0.3, 0.4], [0.0, 0.0]])
def test_a_short_gradient_is_not_changed(gradient, network):
    weights = FlatWeights(network)
    weights.gradient.zero_()[:2] = torch.tensor(gradient)
    before = weights.gradient.clone()
    weights.clip_gradient(2.5)
    assert torch.equal(weights.gradient, before)


def learning_rates(name, max_iter):
    optimizer = SimpleNamespace(learning_rate=0.01)
    schedule = Schedule(name, optimizer, max_iter)
    for epoch in range(max_iter):
        schedule.start_epoch(epoch)
        yield optimizer.learning_rate


def test_cosine_decays_to_zero():
    # cos(0), cos(45 deg), cos(90 deg), cos(135 deg)
    factors = [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2]
    npt.assert_allclose(list(learning_rates("cosine", 4)), 0.01 * np.array(factors))


@pytest.mark.parametrize("name", ["constant", "adaptive"])
def test_other_schedules_do_not_depend_on_the_epoch(name):
    assert list(learning_rates(name, 4)) == [0.01] * 4


def test_adaptive_divides_by_five_down_to_the_minimum():
    optimizer = SimpleNamespace(learning_rate=1e-3)
    schedule = Schedule("adaptive", optimizer, 10)
    rates = []
    while schedule.reduce():
        rates.append(optimizer.learning_rate)
    npt.assert_allclose(rates, [2e-4, 4e-5, 8e-6, 1.6e-6])
    assert optimizer.learning_rate == rates[-1]


@pytest.mark.parametrize("name", ["constant", "cosine"])
def test_other_schedules_are_not_reduced(name):
    optimizer = SimpleNamespace(learning_rate=1e-3)
    assert not Schedule(name, optimizer, 10).reduce()
    assert optimizer.learning_rate == 1e-3
