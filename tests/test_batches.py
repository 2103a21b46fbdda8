"""Weighted means of losses over windows, and their gradients."""

import numpy.testing as npt
import pytest
import torch

from sklstm._nn.batches import Rows
from sklstm._nn.losses import make_loss


@pytest.mark.parametrize(
    ("loss", "options"),
    [("squared_error", {}), ("poisson", {}), ("quantile", {"quantiles": (0.2, 0.5)})],
)
def test_only_targets_with_a_weight_count(loss, options):
    loss = make_loss(loss, **options)
    draw = torch.Generator().manual_seed(0)
    targets = torch.rand(5, 3, generator=draw, dtype=torch.float64)
    outputs = torch.randn(5, 3 * loss.outputs_per_target, generator=draw).double()
    weights = torch.tensor(
        [[1, 1, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1], [2, 0, 0]], dtype=torch.float64
    )
    rows = Rows(torch.zeros(5, 4, 1), None, targets, weights)
    outputs.requires_grad_()
    losses = loss(outputs, targets)
    mean = rows.mean(losses)
    of_targets = losses.reshape(5, 3, -1).mean(2)
    npt.assert_allclose(mean.item(), (of_targets * weights).sum().item() / 9)
    (expected,) = torch.autograd.grad(mean, outputs)
    outputs = outputs.detach()
    gradient = rows.gradient_of_mean(loss.gradient(outputs, targets), losses.detach())
    npt.assert_allclose(gradient, expected)
    assert (gradient.reshape(5, 3, -1)[weights == 0] == 0).all()


def test_a_window_counts_by_its_observed_targets():
    weights = torch.tensor([[1.0, 1], [0, 1]])
    rows = Rows(torch.zeros(2, 4, 1), None, torch.zeros(2, 2), weights)
    assert rows.total_weight == 1.5
