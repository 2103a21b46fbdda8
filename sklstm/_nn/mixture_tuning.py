"""Fine-tuning of the output layers of networks that mix base forecasts."""

from copy import deepcopy

import torch
from torch import nn
from torch.nn.functional import pad

from sklstm._nn.mixture import mix
from sklstm._nn.optimizers import FlatWeights, make_optimizer
from sklstm._nn.training import rows_per_block

N_STEPS, BATCH_SIZE, LEARNING_RATE = 100, 128, 0.05
# At most this many outputs are in a batch.
BATCH_NUMBERS = 2**22
# Factors of the penalties for the squared changes, and for the squared logarithms of
# the scales. They are divided by the number of series, and are larger if there are
# fewer than `N_MANY`.
PENALTY, SCALE_PENALTY = 0.05, 1.5
N_MANY = 300


class OutputChanges(nn.Module):
    """Changes of output layers that fine-tuning learns; at first, there are none.

    Parameters
    ----------
    n_networks : int
        Number of networks, whose changes are independent.
    n_outputs : int
        Number of outputs of each network.
    n_bases : int
        Number of base forecasts, whose scores are the first outputs.
    dtype : torch.dtype
        Precision of the changes.
    """

    def __init__(self, n_networks, n_outputs, n_bases, dtype):
        super().__init__()
        # The dimensions of series and of steps have length 1.
        shift, log_scale, prior = (
            torch.zeros(n_networks, 1, 1, n, dtype=dtype) for n in (n_outputs, 2, 1)
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
        """Factor of each output, (n_networks, 1, 1, n_outputs)."""
        scales = self.log_scale.exp().repeat_interleave(self.sizes, dim=-1)
        n_others = self.shift.shape[-1] - scales.shape[-1]
        return pad(scales, (0, n_others), value=1.0)

    @property
    def shifts(self):
        """Number to add to each output, (n_networks, 1, 1, n_outputs)."""
        return self.shift * self.may_shift

    def forward(self, outputs):
        """Return changed outputs, (n_networks, n_series, horizon, n_outputs)."""
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

    def applied_to(self, networks):
        """Return copies of networks with changed output layers."""
        networks = deepcopy(networks)
        changes = self.scales[:, 0, 0], self.shifts[:, 0, 0], self.prior.flatten(1)
        with torch.no_grad():
            for network, scales, shifts, prior in zip(networks, *changes, strict=True):
                network.head.weight.mul_(scales[:, None])
                network.head.bias.mul_(scales).add_(shifts)
                network.prior.add_(prior)
        return networks


def network_outputs(network, rows):
    """Return the outputs of a network for many rows, block by block."""
    n_steps = max(rows.forecasts.shape[1], rows.recent.shape[1])
    size = rows_per_block(network, n_steps)
    starts = range(0, len(rows.summary), size)
    with torch.inference_mode():
        blocks = [network.outputs(rows.select(slice(n, n + size))) for n in starts]
        return torch.cat(blocks)


class TuningRows:
    """Series with the outputs of networks for them, in single precision.

    Single precision takes half of the time.

    Parameters
    ----------
    networks : list of MixtureNetwork or BacktestMixture
        Networks, which do not change.
    rows : MixtureRows
        Series.
    targets : torch.Tensor of shape (n_series, horizon)
        Actual values, NaN if unknown.
    """

    def __init__(self, networks, rows, targets):
        outputs = [network_outputs(network, rows).float() for network in networks]
        # A copy, because the outputs were made in inference mode.
        self.outputs = torch.stack(outputs).clone()
        priors = [network.prior.detach().float() for network in networks]
        self.prior = torch.stack(priors)[:, None, None]  # (n_networks, 1, 1, 1)
        self.rows, self.targets = rows.float(), targets.float()

    def quantiles(self, changes, batch=slice(None)):
        """Return the quantiles of changed networks for some of the series."""
        outputs = changes(self.outputs[:, batch])
        return mix(self.rows.select(batch), outputs, self.prior + changes.prior)[0]

    def losses(self, quantiles, batch=slice(None)):
        """Return the losses of quantiles of some of the series, (..., n_series)."""
        return self.rows.select(batch).losses(quantiles, self.targets[batch])


def tune(rows, generator):
    """Learn changes of the output layers from series.

    Only the biases of scores and distances, a factor of all scores, a factor of the
    correction and the prior are learned. These are few numbers, so they can be learned
    from few series. The loss is the mean quantile loss plus a penalty for the changes.
    The more series there are, the smaller is the penalty. Each network is tuned alone,
    on the same batches.

    Parameters
    ----------
    rows : TuningRows
        Series, with the outputs of the networks.
    generator : torch.Generator
        Source of the order of the series.

    Returns
    -------
    changes : OutputChanges
        The learned changes.
    """
    n_networks, n_series, horizon, n_outputs = rows.outputs.shape
    n_numbers = n_networks * horizon * n_outputs
    batch_size = min(BATCH_SIZE, max(1, BATCH_NUMBERS // n_numbers))
    n_bases = rows.rows.forecasts.shape[2]
    changes = OutputChanges(n_networks, n_outputs, n_bases, rows.outputs.dtype)
    weights = FlatWeights(changes)
    optimizer = make_optimizer("adam", weights, LEARNING_RATE, 0.0)
    for step in range(N_STEPS):
        batch = torch.randperm(n_series, generator=generator)[:batch_size]
        losses = rows.losses(rows.quantiles(changes, batch), batch)
        weights.set_gradient(losses.mean(-1).sum() + changes.penalty(n_series))
        optimizer.learning_rate = LEARNING_RATE * (1 - step / N_STEPS)
        optimizer.step()
    return changes
