"""Fine-tuning of the output layer of a network that mixes base forecasts."""

from copy import deepcopy

import torch
from torch import nn

from sklstm._nn.mixture import mix
from sklstm._nn.optimizers import FlatWeights, make_optimizer
from sklstm._nn.training import rows_per_block

N_STEPS, BATCH_SIZE, LEARNING_RATE = 100, 128, 0.05
# At most this many outputs are in a batch.
BATCH_NUMBERS = 2**21
# Factors of the penalties for the squared changes, and for the squared logarithms of
# the scales. They are divided by the number of series, and are larger if there are
# fewer than `N_MANY`.
PENALTY, SCALE_PENALTY = 0.05, 1.5
N_MANY = 300


class OutputChanges(nn.Module):
    """Changes of the output layer that fine-tuning learns; at first, there are none.

    Parameters
    ----------
    n_outputs : int
        Number of outputs.
    n_bases : int
        Number of base forecasts, whose scores are the first outputs.
    dtype : torch.dtype
        Precision of the changes.
    """

    def __init__(self, n_outputs, n_bases, dtype):
        super().__init__()
        shift, log_scale, prior = (
            torch.zeros(n, dtype=dtype) for n in (n_outputs, 2, 1)
        )
        self.shift = nn.Parameter(shift)  # added to the outputs
        # The correction gets no bias: one that is learned from short windows would be
        # wrong for longer ones, whose bases are better.
        self.may_shift = torch.arange(n_outputs) != n_bases
        # Logarithms of the factors of all scores, and of the correction.
        self.log_scale = nn.Parameter(log_scale)
        self.prior = nn.Parameter(prior)  # added to the prior
        # Number of outputs that each factor multiplies.
        self.sizes = torch.tensor([n_bases, 1])

    @property
    def scales(self):
        """Factor of each output, (n_outputs,)."""
        scales = self.log_scale.exp().repeat_interleave(self.sizes)
        return torch.cat([scales, scales.new_ones(len(self.shift) - len(scales))])

    @property
    def shifts(self):
        """Number to add to each output, (n_outputs,)."""
        return self.shift * self.may_shift

    def forward(self, outputs):
        """Return changed outputs, (n_series, horizon, n_outputs)."""
        return outputs * self.scales + self.shifts

    def penalty(self, n_series):
        """Return the penalty of changes that are learned from a number of series."""
        of_shifts = PENALTY * (self.shift.square().sum() + self.prior.square().sum())
        of_scales = SCALE_PENALTY * self.log_scale.square().sum()
        return (of_shifts + of_scales) * (1 + N_MANY / n_series) / n_series

    def partly(self, fraction):
        """Return a fraction of the changes."""
        changes = deepcopy(self)
        with torch.no_grad():
            for part in changes.parameters():
                part.mul_(fraction)
        return changes

    def applied_to(self, network):
        """Return a copy of a network with a changed output layer."""
        network = deepcopy(network)
        with torch.no_grad():
            network.head.weight.mul_(self.scales[:, None])
            network.head.bias.mul_(self.scales).add_(self.shifts)
            network.prior.add_(self.prior)
        return network


def network_outputs(network, rows):
    """Return the outputs of a network for many rows, block by block."""
    n_steps = max(rows.forecasts.shape[1], rows.recent.shape[1])
    size = rows_per_block(network, n_steps)
    starts = range(0, len(rows.summary), size)
    with torch.inference_mode():
        blocks = [network.outputs(rows.select(slice(n, n + size))) for n in starts]
        return torch.cat(blocks)


def tune(network, rows, targets, generator):
    """Learn changes of the output layer from series.

    Only the biases of scores and distances, a factor of all scores, a factor of the
    correction and the prior are learned. These are few numbers, so they can be learned
    from few series. The loss is the mean quantile loss plus a penalty for the changes.
    The more series there are, the smaller is the penalty.

    Parameters
    ----------
    network : MixtureNetwork
        Pretrained network, which does not change.
    rows : MixtureRows
        Series.
    targets : torch.Tensor of shape (n_series, horizon)
        Actual values, NaN if unknown.
    generator : torch.Generator
        Source of the order of the series.

    Returns
    -------
    changes : OutputChanges
        The learned changes.
    """
    # Single precision takes half of the time.
    outputs = network_outputs(network, rows).float().clone()
    rows, targets, prior = rows.float(), targets.float(), network.prior.detach().float()
    n_series, horizon, n_outputs = outputs.shape
    batch_size = min(BATCH_SIZE, max(1, BATCH_NUMBERS // (horizon * n_outputs)))
    changes = OutputChanges(n_outputs, network.n_bases, outputs.dtype)
    weights = FlatWeights(changes)
    optimizer = make_optimizer("adam", weights, LEARNING_RATE, 0.0)
    for step in range(N_STEPS):
        batch = torch.randperm(n_series, generator=generator)[:batch_size]
        some = rows.select(batch)
        quantiles, _ = mix(some, changes(outputs[batch]), prior + changes.prior)
        loss = some.losses(quantiles, targets[batch]).mean()
        weights.set_gradient(loss + changes.penalty(n_series))
        optimizer.learning_rate = LEARNING_RATE * (1 - step / N_STEPS)
        optimizer.step()
    return changes.to(network.prior.dtype)
