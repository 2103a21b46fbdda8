"""Training loop on small networks."""

import math
from itertools import chain

import numpy as np
import numpy.testing as npt
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from sklstm._nn import onednn, training
from sklstm._nn.batches import Rows
from sklstm._nn.initialization import initialize
from sklstm._nn.losses import IdentityLoss, SquaredError
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.progress import LossBounds, TrainingHistory
from sklstm._nn.runtime import random_generator
from sklstm._nn.training import (
    TrainingOptions,
    evaluate,
    predict,
    rows_per_block,
    train,
)

# A learning rate so small that the loss does not change.
NO_STEP = 1e-12


class Recorder:
    """Callback runner that counts the epochs and can end or interrupt training."""

    def __init__(self, stop_after=None, interrupt_before=None):
        self.stop_after, self.interrupt_before = stop_after, interrupt_before
        self.n_begun = 0
        self.n_ended = 0

    def begin_epoch(self):
        self.n_begun += 1
        if self.n_begun == self.interrupt_before:
            raise KeyboardInterrupt

    def end_epoch(self, history):
        self.n_ended += 1
        assert len(history.loss_curve) == self.n_ended
        return self.n_ended == self.stop_after


class BaseTestLoss(IdentityLoss):
    """Squared error of which a subclass observes or replaces the values."""

    squared_error = SquaredError()

    def gradient(self, outputs, targets):
        return self.squared_error.gradient(outputs, targets)

    def best_constant(self, targets, weights):
        return self.squared_error.best_constant(targets, weights)


class RecordingLoss(BaseTestLoss):
    """Records the targets of every batch."""

    def __init__(self):
        self.batches = []

    def __call__(self, outputs, targets):
        self.batches.append(targets[:, 0].tolist())
        return self.squared_error(outputs, targets)


def new_network(**architecture):
    architecture = {"hidden_layer_sizes": (3,), "dtype": torch.float64} | architecture
    network = RecurrentNetwork(2, 1, **architecture)
    initialize(network, random_generator(0))
    return network


def random_rows(n_rows=10, seed=0, weights=None):
    """Windows whose target is the sum of their values plus noise."""
    random = np.random.default_rng(seed)
    windows = random.normal(size=(n_rows, 4, 2))
    targets = windows.sum((1, 2))[:, None] + random.normal(size=(n_rows, 1))
    return Rows(torch.from_numpy(windows), None, torch.from_numpy(targets), weights)


def run(
    network,
    rows,
    validation=None,
    *,
    callback_runner=None,
    loss=None,
    seed=0,
    **options,
):
    state = options.pop("optimizer_state", None)
    return train(
        network,
        loss or SquaredError(),
        rows,
        validation,
        options=TrainingOptions(**options),
        generator=random_generator(seed) if isinstance(seed, int) else seed,
        callback_runner=callback_runner or Recorder(),
        optimizer_state=state,
    )


def flat(network):
    return torch.cat([p.detach().ravel() for p in network.parameters()]).numpy()


def test_loss_decreases_to_zero_on_a_linear_target():
    # A network with identity activations can compute the sum of a window.
    network = new_network(activation="identity", cell="rnn")
    rows = random_rows()
    rows = rows._replace(targets=rows.windows.sum((1, 2))[:, None])
    history, _ = run(network, rows, max_iter=2000, tol=1e-6, learning_rate_init=0.03)
    assert history.loss_curve[-1] < 1e-3 * history.loss_curve[0]


def test_best_validation_weights_are_restored():
    network, validation = new_network(), random_rows(seed=1)
    history, _ = run(
        network, random_rows(), validation, max_iter=300, learning_rate_init=0.05
    )
    curve = history.validation_loss_curve
    assert curve[-1] > min(curve)  # the last weights are not the best
    assert history.best_loss == min(curve)
    assert evaluate(network, SquaredError(), validation) == min(curve)


def test_last_weights_are_kept_without_validation():
    # A learning rate so large that the loss oscillates.
    options = {"learning_rate_init": 1.0, "tol": 0.0, "n_iter_no_change": 100}
    network, rows = new_network(), random_rows()
    history, _ = run(network, rows, max_iter=12, **options)
    longer, _ = run(new_network(), rows, max_iter=13, **options)
    assert history.validation_loss_curve is None
    assert history.best_loss == min(history.loss_curve)
    # The loss of an epoch of one batch is that of the weights before the epoch.
    after = evaluate(network, SquaredError(), rows)
    assert after == pytest.approx(longer.loss_curve[12], rel=1e-12)
    assert after > history.best_loss  # the last weights are not the best


def test_loss_of_one_batch_is_that_of_the_initial_weights():
    network, rows = new_network(), random_rows()
    before = evaluate(network, SquaredError(), rows)
    history, _ = run(network, rows, max_iter=1)
    assert history.loss_curve == [pytest.approx(before, rel=1e-12)]


@pytest.mark.parametrize("n_iter_no_change", [1, 3])
def test_training_ends_when_the_multilayer_perceptron_does(n_iter_no_change):
    options = {"learning_rate_init": NO_STEP, "n_iter_no_change": n_iter_no_change}
    rows = random_rows()
    history, _ = run(new_network(), rows, **options)
    perceptron = MLPRegressor(random_state=0, **options)
    perceptron.fit(rows.windows.flatten(1).numpy(), rows.targets[:, 0].numpy())
    # The first epoch is an improvement, the next n_iter_no_change + 1 are not.
    assert len(history.loss_curve) == perceptron.n_iter_ == n_iter_no_change + 2
    assert history.ended_by == "tol"


class FallingLoss(BaseTestLoss):
    """Decreases by the same amount at every call."""

    def __init__(self, fall):
        self.fall, self.n_calls = fall, 0

    def __call__(self, outputs, targets):
        self.n_calls += 1
        return (outputs * 0).sum(1) - self.n_calls * self.fall


@pytest.mark.parametrize(
    ("fall", "ended_by", "n_epochs"), [(0.25, "max_iter", 30), (0.125, "tol", 14)]
)
def test_loss_must_fall_by_tol_from_the_best(fall, ended_by, n_epochs):
    # A decrease of tol is an improvement. Half of it never is, because the best loss
    # decreases too, as in scikit-learn.
    loss = FallingLoss(fall)
    options = {"tol": 0.25, "n_iter_no_change": 12, "max_iter": 30}
    history, _ = run(new_network(), random_rows(), loss=loss, **options)
    assert (history.ended_by, len(history.loss_curve)) == (ended_by, n_epochs)


def test_progress_is_measured_on_validation_rows():
    network, validation = new_network(), random_rows(seed=1)
    history, _ = run(network, random_rows(), validation, n_iter_no_change=5, tol=0.01)
    best, count = math.inf, []
    for loss in history.validation_loss_curve:
        count = [] if loss <= best - 0.01 else [*count, loss]
        best = min(best, loss)
    assert history.ended_by == "tol"
    assert len(count) == 6


def test_training_ends_after_max_iter_epochs():
    callback_runner = Recorder()
    history, _ = run(
        new_network(), random_rows(), max_iter=7, callback_runner=callback_runner
    )
    assert history.ended_by == "max_iter"
    assert (
        len(history.loss_curve)
        == callback_runner.n_begun
        == callback_runner.n_ended
        == 7
    )


def test_adaptive_learning_rate_is_reduced_before_training_ends():
    options = {"learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1}
    history, _ = run(new_network(), random_rows(), learning_rate_init=1e-4, **options)
    # The first epoch, which is an improvement, and two epochs each at 1e-4, 2e-5 and
    # 4e-6. The next learning rate would be less than 1e-6.
    assert (history.ended_by, len(history.loss_curve)) == ("tol", 1 + 3 * 2)


def test_callback_runner_can_end_training():
    callback_runner = Recorder(stop_after=3)
    history, _ = run(new_network(), random_rows(), callback_runner=callback_runner)
    assert (history.ended_by, len(history.loss_curve)) == ("callback", 3)


def test_interrupted_training_keeps_the_weights():
    interrupted, whole = new_network(), new_network()
    callback_runner = Recorder(interrupt_before=3)
    history, state = run(interrupted, random_rows(), callback_runner=callback_runner)
    expected, _ = run(whole, random_rows(), max_iter=2)
    assert history.ended_by == "interrupt"
    assert history.loss_curve == expected.loss_curve
    assert state["n_steps"] == 2
    npt.assert_array_equal(flat(interrupted), flat(whole))


class InterruptedLoss(BaseTestLoss):
    """Raises KeyboardInterrupt at the n-th call."""

    def __init__(self, n):
        self.n = n

    def __call__(self, outputs, targets):
        self.n -= 1
        if self.n == 0:
            raise KeyboardInterrupt
        return self.squared_error(outputs, targets)


def test_history_after_an_interrupt_has_complete_epochs():
    network, validation = new_network(), random_rows(seed=1)
    # An epoch has five calls for training and one for validation.
    loss = InterruptedLoss(2 * 6 + 3)
    history, _ = run(network, random_rows(), validation, loss=loss, batch_size=2)
    assert history.ended_by == "interrupt"
    assert len(history.loss_curve) == len(history.validation_loss_curve) == 2
    assert evaluate(network, SquaredError(), validation) == history.best_loss


TOO_FAST = {"learning_rate_init": 1e100, "max_grad_norm": None, "solver": "sgd"}


def test_error_after_divergence_names_what_to_lower():
    network = new_network(activation="identity")
    with pytest.raises(
        ValueError, match=r"diverged.*Lower learning_rate_init \(now 1e"
    ):
        run(network, random_rows(), batch_size=2, **TOO_FAST)


def test_infinite_loss_after_a_good_epoch_restores_the_weights():
    network, rows = new_network(activation="identity"), random_rows()
    before = flat(network)
    history, state = run(network, rows, **TOO_FAST)
    assert history.ended_by == "divergence"
    assert state is None
    assert history.loss_curve == [history.best_loss]
    # The first step is the one that spoils the weights.
    npt.assert_array_equal(flat(network), before)
    assert history.final_loss == evaluate(network, SquaredError(), rows)


@pytest.mark.parametrize("ended_by", ["tol", "max_iter"])
def test_weights_of_the_best_epoch_are_used_if_the_loss_runs_away(ended_by):
    network, rows = new_network(activation="identity"), random_rows()
    max_iter = 3 if ended_by == "max_iter" else 200
    options = {"learning_rate_init": 1e4, "n_iter_no_change": 1, "max_iter": max_iter}
    history, _ = run(network, rows, **options)
    assert 1e6 < history.loss_curve[-1] < math.inf
    assert len(history.loss_curve) == 3
    assert history.ended_by == "divergence"
    assert evaluate(network, SquaredError(), rows) == history.best_loss


class LossWithSpike(BaseTestLoss):
    """Returns a high loss at the third call, without a change of the gradient."""

    n_calls = 0

    def __call__(self, outputs, targets):
        self.n_calls += 1
        return self.squared_error(outputs, targets) * (1e9 if self.n_calls == 3 else 1)


def test_a_loss_that_falls_again_does_not_end_training():
    plain, with_spike = new_network(), new_network()
    run(plain, random_rows(), max_iter=5)
    history, _ = run(with_spike, random_rows(), loss=LossWithSpike(), max_iter=5)
    assert max(history.loss_curve) > 1e8
    assert (history.ended_by, len(history.loss_curve)) == ("max_iter", 5)
    npt.assert_array_equal(flat(with_spike), flat(plain))


class DivergingLoss(BaseTestLoss):
    """Spoils the weights at the n-th step, and is interrupted after it."""

    def __init__(self, n):
        self.n = n

    def __call__(self, outputs, targets):
        if self.n < 0:
            self.n = math.inf
            raise KeyboardInterrupt
        return self.squared_error(outputs, targets)

    def gradient(self, outputs, targets):
        self.n -= 1
        return super().gradient(outputs, targets) * (math.inf if self.n < 0 else 1)


def test_interrupt_after_the_weights_are_spoiled_restores_the_best_ones():
    interrupted, whole = new_network(), new_network()
    # An epoch has five batches.
    options = {"batch_size": 2, "max_grad_norm": None}
    history, _ = run(interrupted, random_rows(), loss=DivergingLoss(12), **options)
    run(whole, random_rows(), max_iter=2, **options)
    assert (history.ended_by, len(history.loss_curve)) == ("divergence", 2)
    npt.assert_array_equal(flat(interrupted), flat(whole))


def test_validation_weights_are_restored_if_training_diverges():
    network, validation = new_network(activation="identity"), random_rows(seed=1)
    options = {"batch_size": 2, "max_grad_norm": None, "solver": "sgd"}
    loss = DivergingLoss(12)
    history, _ = run(network, random_rows(), validation, loss=loss, **options)
    assert history.ended_by == "divergence"
    assert evaluate(network, SquaredError(), validation) == history.best_loss


def test_divergence_is_an_error_if_no_validation_loss_was_finite():
    validation = random_rows(seed=1)
    validation = validation._replace(targets=validation.targets * math.inf)
    with pytest.raises(ValueError, match=r"Training diverged: .* no earlier epoch"):
        run(new_network(activation="identity"), random_rows(), validation, **TOO_FAST)


@pytest.mark.parametrize(
    ("lowest", "constant", "final_loss", "has_learned"),
    [
        (0, 1, 0.9, True),
        (0, 1, 0.96, False),
        (0, 1, 7, False),
        # A Poisson loss is not 0 for perfect predictions, and may be negative.
        (0.95, 1, 0.99, True),
        (-9, -5, -4.9, False),
        # There is nothing to learn.
        (0, 0, 1e-9, True),
        (1, 1 + 1e-5, 1.1, True),
    ],
)
def test_a_network_must_be_better_than_a_constant(
    lowest, constant, final_loss, has_learned
):
    history = TrainingHistory(has_validation=False)
    history.bounds, history.final_loss = LossBounds(lowest, constant), final_loss
    assert history.has_learned(tol=1e-4) == has_learned


def test_bounds_are_those_of_all_real_steps():
    # Targets of 1, 2, 3 with weight 1, and of 4 and 5 with weight 3.
    targets = torch.tensor([[9.0, 1, 2], [9, 9, 3], [9, 4, 5]])[..., None]
    weights = torch.tensor([1.0, 1, 3])
    rows = Rows(torch.zeros(3, 3, 2), torch.tensor([1, 2, 1]), targets, weights)
    bounds = LossBounds.of(SquaredError(), rows)
    values, weights = [1, 2, 3, 4, 5], [1, 1, 1, 3, 3]
    mean = np.average(values, weights=weights)
    variance = np.average((values - mean) ** 2, weights=weights)
    assert bounds == (0, pytest.approx(variance / 2))


def test_the_check_after_training_reads_few_targets(monkeypatch):
    monkeypatch.setattr(training, "N_CHECKED", 4)
    loss = RecordingLoss()
    rows = random_rows()._replace(targets=torch.arange(10.0).double()[:, None])
    run(new_network(), rows, loss=loss, max_iter=1)
    assert loss.batches[-1] == [0, 3, 6, 9]


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weighted_rows_count_as_repeated_rows(solver, alpha):
    counts = torch.tensor([1, 3, 1, 2, 1, 1, 1, 4, 1, 1])
    rows = random_rows()
    repeated = rows.select(torch.arange(10).repeat_interleave(counts))
    weighted = rows._replace(weights=counts.double())
    networks = new_network(), new_network()
    curves = [
        run(network, part, max_iter=5, alpha=alpha, solver=solver)[0].loss_curve
        for network, part in zip(networks, (weighted, repeated), strict=True)
    ]
    npt.assert_allclose(curves[0], curves[1], rtol=1e-12)
    npt.assert_allclose(*map(flat, networks), rtol=1e-12)


def test_loss_of_an_epoch_is_weighted():
    weights = torch.arange(1.0, 11).double()
    rows = random_rows(weights=weights)
    network = new_network()
    losses = SquaredError()(predict(network, [(rows.windows, None)]), rows.targets)
    history, _ = run(network, rows, max_iter=1, batch_size=4, learning_rate_init=1e-300)
    expected = np.average(losses.numpy().mean(axis=1), weights=weights.numpy())
    assert history.loss_curve == [pytest.approx(expected, rel=1e-12)]
    assert evaluate(network, SquaredError(), rows) == pytest.approx(expected, rel=1e-12)


def recorded_batches(**options):
    """Targets of the batches of two epochs on numbered rows."""
    rows = random_rows()._replace(targets=torch.arange(10.0).double()[:, None])
    loss = RecordingLoss()
    run(new_network(), rows, loss=loss, max_iter=2, batch_size=3, **options)
    # The last call, on all rows, checks what the network has learned.
    assert [len(batch) for batch in loss.batches] == [3, 3, 2, 2] * 2 + [10]
    return [list(chain(*batches)) for batches in (loss.batches[:4], loss.batches[4:8])]


def test_every_epoch_contains_every_row_once():
    first, second = recorded_batches()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert first != sorted(first)


def test_rows_stay_in_order_without_shuffling():
    in_order = list(range(10))
    assert recorded_batches(shuffle=False) == [in_order, in_order]


def test_one_seed_gives_one_network():
    architecture = {"dropout": 0.5, "recurrent_dropout": 0.5}
    networks = [new_network(**architecture) for _ in range(3)]
    for network, seed in zip(networks, (0, 0, 1), strict=True):
        run(network, random_rows(), max_iter=2, batch_size=4, seed=seed)
    first, same, other = map(flat, networks)
    npt.assert_array_equal(first, same)
    assert (first != other).all()


def test_global_random_generator_is_not_used():
    before = torch.get_rng_state()
    network = new_network(dropout=0.5, recurrent_dropout=0.5)
    run(network, random_rows(), random_rows(seed=1), max_iter=2, batch_size=4)
    assert torch.equal(torch.get_rng_state(), before)


def test_trained_network_predicts_without_dropout():
    network = new_network(dropout=0.5, recurrent_dropout=0.5)
    run(network, random_rows(), max_iter=2)
    windows = random_rows().windows
    outputs = network(windows).detach()
    npt.assert_array_equal(outputs, network(windows).detach())
    npt.assert_allclose(outputs, predict(network, [(windows, None)]), rtol=1e-9)


def test_validation_loss_is_without_dropout():
    validation = random_rows(seed=1)
    with_dropout, without = new_network(dropout=0.5), new_network()
    history, _ = run(
        with_dropout, random_rows(), validation, max_iter=1, learning_rate_init=1e-300
    )
    expected = evaluate(without, SquaredError(), validation)
    assert history.validation_loss_curve == [expected]


@pytest.mark.parametrize("batch_size", [3, 200])
@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd"])
def test_two_halves_of_training_equal_the_whole(solver, batch_size):
    options = {"solver": solver, "batch_size": batch_size, "alpha": 0.1}
    halved, whole = new_network(dropout=0.2), new_network(dropout=0.2)
    generator = random_generator(0)
    first, state = run(halved, random_rows(), max_iter=2, seed=generator, **options)
    second, _ = run(
        halved,
        random_rows(),
        max_iter=2,
        seed=generator,
        optimizer_state=state,
        **options,
    )
    history, _ = run(whole, random_rows(), max_iter=4, **options)
    assert first.loss_curve + second.loss_curve == history.loss_curve
    npt.assert_array_equal(flat(halved), flat(whole))


def test_without_its_state_an_optimizer_starts_anew():
    halved, whole = new_network(), new_network()
    for _ in range(2):
        run(halved, random_rows(), max_iter=2)
    run(whole, random_rows(), max_iter=4)
    assert (flat(halved) != flat(whole)).any()


def matrices(network):
    return [p for p in network.parameters() if p.dim() == 2]


def test_penalty_is_that_of_the_multilayer_perceptron():
    # MLPRegressor's objective: the loss, and alpha / 2 * sum(W ** 2) / n.
    network, rows = new_network(), random_rows()
    squares = sum(m.square().sum() for m in matrices(network)).item()
    loss = evaluate(network, SquaredError(), rows)
    history, _ = run(network, rows, max_iter=1, alpha=0.7)
    objective = loss + 0.7 / 2 * squares / 10
    assert history.loss_curve == [pytest.approx(objective, rel=1e-12)]


@pytest.mark.parametrize(("solver", "tolerance"), [("sgd", 1e-10), ("adam", 1e-6)])
def test_one_time_step_trains_as_the_multilayer_perceptron(solver, tolerance):
    # One step of a simple recurrent cell from a state of zeros is a hidden layer.
    # The tolerance of Adam is larger, because scikit-learn adds epsilon elsewhere.
    rows = random_rows()
    rows = rows._replace(windows=rows.windows[:, :1])
    X, y = rows.windows[:, 0].numpy(), rows.targets[:, 0].numpy()
    options = {"solver": solver, "alpha": 0.7, "learning_rate_init": 0.05}
    perceptron = MLPRegressor(
        hidden_layer_sizes=(3,), activation="tanh", max_iter=20, warm_start=True
    )
    perceptron.set_params(random_state=0, **options)
    with pytest.warns(ConvergenceWarning):
        perceptron.fit(X, y)
    network = new_network(cell="rnn")
    (layer,) = network.layers[0]
    weights = layer.inputs, network.head.weight, layer.bias, network.head.bias
    theirs = perceptron.coefs_ + perceptron.intercepts_
    with torch.no_grad():
        layer.recurrent.zero_()
        for weight, their in zip(weights, theirs, strict=True):
            weight.copy_(torch.from_numpy(their.T))
    with pytest.warns(ConvergenceWarning):
        perceptron.fit(X, y)
    history, _ = run(network, rows, max_iter=20, max_grad_norm=None, **options)
    expected = perceptron.loss_curve_[-20:]
    npt.assert_allclose(history.loss_curve, expected, rtol=tolerance)
    outputs = predict(network, [(rows.windows, None)])[:, 0]
    npt.assert_allclose(outputs, perceptron.predict(X), rtol=10 * tolerance)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_losses", [(1,), (3,), (3, 2)], ids=str)
def test_gradient_of_the_mean_is_that_of_autograd(n_losses, is_weighted):
    weights = torch.arange(1.0, 6.0).double() if is_weighted else None
    rows = random_rows(5, weights=weights)
    numbers = torch.from_numpy(np.random.default_rng(1).normal(size=(5, *n_losses)))
    numbers = numbers.reshape(5, -1).requires_grad_()

    def losses():
        return numbers.square().reshape(5, *n_losses)

    expected = torch.autograd.grad(rows.mean(losses()), numbers)[0]
    gradient = rows.gradient_of_mean(2 * numbers.detach(), losses())
    npt.assert_allclose(gradient, expected, rtol=1e-12)


def test_parameters_have_no_gradient_after_training():
    network = new_network()
    run(network, random_rows(), max_iter=1)
    assert all(weights.grad is None for weights in network.parameters())


@pytest.mark.parametrize("max_grad_norm", [None, 0.01])
def test_sgd_follows_the_gradient_of_loss_and_penalty(max_grad_norm):
    network, rows = new_network(), random_rows()
    objective = SquaredError()(network(rows.windows), rows.targets).mean()
    objective = objective + 0.7 / 20 * sum(m.square().sum() for m in matrices(network))
    gradients = torch.autograd.grad(objective, list(network.parameters()))
    gradient = torch.cat([g.ravel() for g in gradients]).numpy()
    if max_grad_norm is not None:
        assert np.linalg.norm(gradient) > max_grad_norm
        gradient *= max_grad_norm / np.linalg.norm(gradient)
    before = flat(network)
    run(
        network,
        rows,
        max_iter=1,
        alpha=0.7,
        solver="sgd",
        learning_rate_init=0.1,
        max_grad_norm=max_grad_norm,
    )
    # Nesterov's first step is 1 + 0.9 times that of plain gradient descent.
    npt.assert_allclose(flat(network), before - 0.19 * gradient, rtol=1e-12, atol=1e-15)


def test_weight_decay_of_adamw_is_not_in_the_loss():
    rows, network = random_rows(), new_network()
    before = evaluate(network, SquaredError(), rows)
    history, _ = run(network, rows, max_iter=1, alpha=0.7, solver="adamw")
    assert history.loss_curve == [pytest.approx(before, rel=1e-12)]


@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_outputs_do_not_depend_on_the_blocks(pooling):
    network = new_network(pooling=pooling, bidirectional=True)
    windows, n_padding = random_rows(10).windows, torch.arange(10) % 4
    at_once = predict(network, [(windows, n_padding)])
    blocks = zip(windows.split(3), n_padding.split(3), strict=True)
    npt.assert_allclose(predict(network, blocks), at_once, rtol=1e-12)


def test_loss_does_not_depend_on_the_blocks(monkeypatch):
    weights = torch.arange(1.0, 11).double()
    rows = random_rows(weights=weights)._replace(n_padding=torch.arange(10) % 4)
    network = new_network()
    at_once = evaluate(network, SquaredError(), rows)
    monkeypatch.setattr(training, "STATE_NUMBERS", 3 * 4 * 3)
    assert rows_per_block(network, 4) == 3
    assert evaluate(network, SquaredError(), rows) == pytest.approx(at_once, rel=1e-12)


@pytest.mark.parametrize("is_wide", [False, True])
def test_gates_of_a_block_fit_a_cache(is_wide, monkeypatch):
    monkeypatch.setattr(training, "FEWEST_ROWS", 2)
    monkeypatch.setattr(onednn, "is_wide", lambda: is_wide)
    numbers = "WIDE_GATE_NUMBERS" if is_wide else "GATE_NUMBERS"
    for n_rows in (1, 2, 5):
        monkeypatch.setattr(training, numbers, n_rows * 4 * 3)
        assert rows_per_block(new_network(), 4) == max(2, n_rows)


def test_a_block_has_at_least_one_window():
    assert rows_per_block(new_network(), training.STATE_NUMBERS) == 1


def test_padding_does_not_change_the_training():
    rows = random_rows()
    garbage = torch.full((10, 3, 2), 1e6, dtype=torch.float64)
    padded = rows._replace(
        windows=torch.cat([garbage, rows.windows], 1), n_padding=torch.full((10,), 3)
    )
    networks = new_network(), new_network()
    for network, part in zip(networks, (rows, padded), strict=True):
        run(network, part, max_iter=3, batch_size=4)
    npt.assert_allclose(*map(flat, networks), rtol=1e-10)
