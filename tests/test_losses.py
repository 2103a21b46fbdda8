"""Losses against scikit-learn's metrics, and the constants that minimize them."""

import numpy as np
import numpy.testing as npt
import pytest
import torch
from scipy.special import expit, softmax, xlogy
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sklstm._nn.losses import LOSSES, make_loss

QUANTILES = (0.1, 0.5, 0.75)
PARAMETERS = {"quantile": {"quantiles": QUANTILES}}


# The targets of "ctc" are of another kind: see test_ctc.py.
OF_VALUES = sorted(LOSSES.keys() - {"ctc"})


def loss_named(name):
    return make_loss(name, **PARAMETERS.get(name, {}))


@pytest.fixture
def targets():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(20, 2)))


@pytest.fixture
def outputs():
    return torch.from_numpy(np.random.default_rng(1).normal(size=(20, 2)))


@pytest.fixture
def counts():
    return torch.from_numpy(np.random.default_rng(2).poisson(1.5, (20, 2))).double()


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("squared_error", lambda y, p: mean_squared_error(y, p) / 2),
        ("absolute_error", mean_absolute_error),
    ],
)
def test_loss_is_the_metric(name, metric, outputs, targets):
    loss = loss_named(name)
    assert loss(outputs, targets).mean() == pytest.approx(
        metric(targets, outputs), rel=1e-12
    )


def test_huber_is_squared_near_zero_and_linear_beyond(outputs, targets):
    by_hand = [
        [e**2 / 2 if e <= 1 else e - 0.5 for e in np.abs(errors)]
        for errors in (3 * outputs - targets).numpy()
    ]
    losses = loss_named("huber")(3 * outputs, targets)
    npt.assert_allclose(losses, by_hand, rtol=1e-12)


def test_gradient_of_huber_is_one_for_outliers():
    errors = torch.tensor([[-9.0], [-1.0], [-0.5], [0.0], [0.5], [1.0], [9.0]])
    errors.requires_grad_()
    loss_named("huber")(errors, torch.zeros(7, 1)).sum().backward()
    npt.assert_array_equal(errors.grad[:, 0], [-1, -1, -0.5, 0, 0.5, 1, 1])


def test_poisson_is_half_the_deviance_without_its_constant(outputs, counts):
    y = counts.numpy().ravel()
    deviance = mean_poisson_deviance(y, outputs.exp().numpy().ravel())
    constant = np.mean(y - xlogy(y, y))
    loss = loss_named("poisson")(outputs, counts).mean()
    assert loss == pytest.approx(deviance / 2 + constant, rel=1e-12)


def test_quantile_is_the_mean_pinball_loss(targets):
    outputs = torch.from_numpy(np.random.default_rng(3).normal(size=(20, 6)))
    loss = loss_named("quantile")
    predictions = loss.predictions(outputs)
    by_level = [
        mean_pinball_loss(targets, predictions[:, :, i], alpha=level)
        for i, level in enumerate(QUANTILES)
    ]
    assert loss(outputs, targets).mean() == pytest.approx(np.mean(by_level), rel=1e-12)


def test_quantiles_never_cross():
    outputs = 100 * torch.from_numpy(np.random.default_rng(4).normal(size=(1000, 6)))
    for numbers in (outputs, outputs.float()):
        predictions = loss_named("quantile").predictions(numbers)
        assert (predictions.diff(dim=2) >= 0).all()


def test_distances_between_quantiles_are_softplus():
    outputs = torch.tensor([[2.0, -1.0, 3.0]]).double()
    low, middle, high = loss_named("quantile").predictions(outputs)[0, 0].numpy()
    distances = [middle - low, high - middle]
    npt.assert_allclose([low, *distances], [2, *np.log1p(np.exp([-1, 3]))], rtol=1e-12)


def test_quantiles_of_targets_do_not_mix():
    outputs = torch.from_numpy(np.random.default_rng(3).normal(size=(20, 6)))
    loss = loss_named("quantile")
    both = loss.predictions(outputs)
    npt.assert_array_equal(both[:, :1], loss.predictions(outputs[:, :3]))
    npt.assert_array_equal(both[:, 1:], loss.predictions(outputs[:, 3:]))


@pytest.mark.parametrize("name", sorted({*OF_VALUES} - {"cross_entropy"}))
def test_one_loss_and_one_prediction_per_target(name, counts):
    loss = loss_named(name)
    outputs = torch.zeros(20, 2 * loss.outputs_per_target)
    levels = [len(QUANTILES)] if name == "quantile" else []
    assert loss(outputs, counts).shape == (20, 2, *levels)
    assert loss.predictions(outputs).shape == (20, 2, *levels)


@pytest.mark.parametrize("name", OF_VALUES)
def test_gradient_is_that_of_autograd(name, counts):
    loss = loss_named(name)
    random = np.random.default_rng(3)
    shape = 20, 2 * loss.outputs_per_target
    outputs = torch.from_numpy(2 * random.normal(size=shape)).requires_grad_()
    targets = counts.softmax(1) if name == "cross_entropy" else counts
    expected = torch.autograd.grad(loss(outputs, targets).sum(), outputs)[0]
    gradient = loss.gradient(outputs.detach(), targets)
    npt.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["squared_error", "absolute_error", "huber"])
def test_outputs_are_the_predictions(name, outputs):
    npt.assert_array_equal(loss_named(name).predictions(outputs), outputs)


def test_poisson_outputs_are_logarithms(outputs):
    npt.assert_array_equal(loss_named("poisson").predictions(outputs), outputs.exp())


def derivative(loss, constant, y):
    """Derivative of the mean loss by a constant output."""
    constant = torch.tensor(constant, dtype=torch.float64, requires_grad=True)
    outputs = constant.expand(len(y), -1)
    return torch.autograd.grad(loss(outputs, y).mean(), constant)[0].numpy()


def test_squared_error_is_least_at_the_mean(targets):
    y = targets[:, :1]
    npt.assert_allclose(
        derivative(loss_named("squared_error"), [y.mean()], y), 0, atol=1e-15
    )


def test_poisson_is_least_at_the_logarithm_of_the_mean(counts):
    y = counts[:, :1]
    npt.assert_allclose(
        derivative(loss_named("poisson"), [y.mean().log()], y), 0, atol=1e-15
    )


def test_absolute_error_is_least_at_the_median(targets):
    y = targets[:, :1]
    loss, median = loss_named("absolute_error"), np.median(y)
    # It is constant between the two middle values.
    npt.assert_allclose(derivative(loss, [median], y), 0, atol=1e-15)
    low, high = np.sort(y.numpy().ravel())[9:11]
    assert derivative(loss, [low - 1e-9], y) < 0
    assert derivative(loss, [high + 1e-9], y) > 0


@pytest.mark.parametrize("level", [0.05, 0.3, 0.9])
def test_quantile_loss_is_least_at_the_quantile(level, targets):
    y = targets[:19, :1]
    loss = make_loss("quantile", quantiles=[level])
    quantile = np.quantile(y, level, method="inverted_cdf")
    assert (
        derivative(loss, [quantile - 1e-9], y)
        < 0
        < derivative(loss, [quantile + 1e-9], y)
    )


@pytest.mark.parametrize("name", OF_VALUES)
def test_gradients_agree_with_finite_differences(name, counts):
    loss = loss_named(name)
    random = np.random.default_rng(5)
    outputs = random.normal(size=(20, 2 * loss.outputs_per_target))
    assert torch.autograd.gradcheck(
        lambda outputs: loss(outputs, counts),
        torch.from_numpy(outputs).requires_grad_(),
    )


def test_cross_entropy_is_the_log_loss():
    random = np.random.default_rng(0)
    outputs = torch.from_numpy(random.normal(size=(20, 4)))
    classes = random.integers(0, 4, 20)
    targets = torch.from_numpy(np.eye(4)[classes])
    loss = make_loss("cross_entropy")
    probabilities = softmax(outputs.numpy(), axis=1)
    expected = -np.log(probabilities[np.arange(20), classes])
    npt.assert_allclose(loss(outputs, targets)[:, 0], expected)
    npt.assert_allclose(loss.predictions(outputs), probabilities)


def test_logistic_loss_is_that_of_log_odds():
    random = np.random.default_rng(0)
    outputs = 50 * random.normal(size=(20, 3))
    labels = random.integers(0, 2, (20, 3)).astype(float)
    loss = make_loss("logistic")
    losses = loss(torch.from_numpy(outputs), torch.from_numpy(labels))
    # Also where a probability is zero in double precision.
    by_hand = np.logaddexp(0, outputs) - labels * outputs
    npt.assert_allclose(losses, by_hand, rtol=1e-12, atol=1e-13)
    predictions = loss.predictions(torch.from_numpy(outputs))
    npt.assert_allclose(predictions, expit(outputs))


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("name", OF_VALUES)
def test_no_other_constant_is_better(name, is_weighted, counts):
    loss = loss_named(name)
    targets = counts.clamp(max=1) if name == "logistic" else counts
    targets = counts.softmax(1) if name == "cross_entropy" else targets
    weights = torch.arange(20.0).double() if is_weighted else None
    constant = loss.best_constant(targets, weights)
    random = torch.from_numpy(np.random.default_rng(0).normal(size=(40, 1, 1)))
    others = constant + random * torch.tensor([1e-3, 0.3]).repeat(20)[:, None, None]

    def mean_loss(outputs):
        losses = loss(outputs.expand(20, -1), targets).flatten(1).mean(1)
        return np.average(losses, weights=weights)

    lowest = mean_loss(constant)
    assert constant.shape == (1, 2 * loss.outputs_per_target)
    assert all(mean_loss(other) >= lowest - 1e-12 for other in others)


@pytest.mark.parametrize("name", OF_VALUES)
def test_best_constant_of_weighted_windows_is_that_of_repeated_ones(name, counts):
    loss = loss_named(name)
    targets = counts.softmax(1) if name in ("cross_entropy", "logistic") else counts
    repeats = torch.arange(20) % 4
    npt.assert_allclose(
        loss.best_constant(targets, repeats.double()),
        loss.best_constant(targets.repeat_interleave(repeats, 0), None),
    )


@pytest.mark.parametrize("name", OF_VALUES)
def test_best_constant_is_finite_for_constant_and_for_large_targets(name):
    loss = loss_named(name)
    for factor in (0.0, 1.0, 1e6):
        targets = factor * torch.tensor([[0.0, 1], [0, 1], [0, 2]]).double()
        if name in ("cross_entropy", "logistic"):
            targets = targets.clamp(max=1)
        constant = loss.best_constant(targets, None).expand(3, -1)
        assert loss(constant, targets).isfinite().all()


def test_best_constants_of_quantiles_are_the_quantiles(targets):
    loss = loss_named("quantile")
    quantiles = loss.predictions(loss.best_constant(targets, None))[0]
    expected = np.quantile(targets, QUANTILES, axis=0, method="inverted_cdf").T
    npt.assert_allclose(quantiles, expected)


def test_lowest_loss_is_that_of_perfect_predictions(counts):
    targets = counts + 1
    loss = loss_named("poisson")
    npt.assert_allclose(loss.lowest(targets), loss(targets.log(), targets))
    assert loss.lowest(torch.zeros(1, 1)) == 0
    for name in ("squared_error", "absolute_error", "huber"):
        loss = loss_named(name)
        npt.assert_array_equal(loss.lowest(targets), loss(targets, targets))
