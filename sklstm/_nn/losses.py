"""Losses: how far outputs are from targets, and how outputs read as predictions.

A loss maps outputs of shape (n_windows, n_targets * outputs_per_target) and targets of
shape (n_windows, n_targets) to one number per target, or per target and quantile, and
outputs to predictions in the units of the targets. Its slopes, by hand since that takes
PyTorch several times as long as the loss itself, are those of the sum of these numbers.
"""

import torch
from torch.nn.functional import (
    huber_loss,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    softplus,
)


class SquaredError:
    """Half the squared error, whose best constant answer is the mean."""

    outputs_per_target = 1

    def __call__(self, outputs, targets):
        """Loss of each target, (n_windows, n_targets)."""
        return mse_loss(outputs, targets, reduction="none") / 2

    def slopes(self, outputs, targets):
        """Slope by each output, in the shape of the outputs."""
        return outputs - targets

    def predictions(self, outputs):
        """Read outputs as predictions, (n_windows, n_targets)."""
        return outputs


class AbsoluteError(SquaredError):
    """The absolute error, whose best constant answer is the median."""

    def __call__(self, outputs, targets):
        """Loss of each target, (n_windows, n_targets)."""
        return l1_loss(outputs, targets, reduction="none")

    def slopes(self, outputs, targets):
        """Slope by each output, in the shape of the outputs; 0 at its kink."""
        return (outputs - targets).sign()


class Huber(SquaredError):
    """Half the squared error up to an error of 1, growing linearly from there [1]_.

    References
    ----------
    .. [1] P. J. Huber, "Robust Estimation of a Location Parameter", The Annals of
       Mathematical Statistics 35(1), 1964, 73-101.
    """

    def __call__(self, outputs, targets):
        """Loss of each target, (n_windows, n_targets)."""
        return huber_loss(outputs, targets, reduction="none")

    def slopes(self, outputs, targets):
        """Slope by each output, in the shape of the outputs."""
        return (outputs - targets).clamp(-1, 1)


class Poisson:
    """Half the Poisson deviance less its constant part; outputs are logarithms."""

    outputs_per_target = 1

    def __call__(self, outputs, targets):
        """Loss of each target, (n_windows, n_targets)."""
        return poisson_nll_loss(outputs, targets, reduction="none")

    def slopes(self, outputs, targets):
        """Slope by each output, in the shape of the outputs."""
        return outputs.exp() - targets

    def predictions(self, outputs):
        """Read outputs as predictions, (n_windows, n_targets)."""
        return outputs.exp()


class Quantiles:
    """The pinball loss of several quantiles that cannot cross [1]_.

    The first output of a target is its lowest quantile, the others are the steps from
    one quantile to the next, made positive by ``softplus``.

    Parameters
    ----------
    quantiles : sequence of float
        Levels in (0, 1), increasing.

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression Quantiles", Econometrica 46(1), 1978,
       33-50.
    """

    def __init__(self, quantiles):
        self.quantiles = tuple(quantiles)
        self.outputs_per_target = len(self.quantiles)

    def __call__(self, outputs, targets):
        """Loss of each quantile, (n_windows, n_targets, n_quantiles)."""
        error = targets[:, :, None] - self.predictions(outputs)
        levels = self._levels(outputs)
        return torch.maximum(levels * error, (levels - 1) * error)

    def slopes(self, outputs, targets):
        """Slope by each output, in the shape of the outputs; 0 at a kink."""
        error = targets[:, :, None] - self.predictions(outputs)
        above = error.sign().add(1) / 2  # 1 above the quantile, 0 below, 1/2 on it
        by_quantile = 1 - self._levels(outputs) - above
        by_quantile[error == 0] = 0
        # A step moves its own quantile and all above.
        by_step = by_quantile.flip(2).cumsum(2).flip(2)
        steps = outputs.unflatten(1, (-1, self.outputs_per_target))[:, :, 1:]
        by_step[:, :, 1:] *= steps.sigmoid()
        return by_step.flatten(1)

    def _levels(self, like):
        return torch.tensor(self.quantiles, dtype=like.dtype, device=like.device)

    def predictions(self, outputs):
        """Read outputs as predictions, (n_windows, n_targets, n_quantiles)."""
        outputs = outputs.unflatten(1, (-1, self.outputs_per_target))
        steps = torch.cat([outputs[:, :, :1], softplus(outputs[:, :, 1:])], 2)
        return steps.cumsum(2)


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "quantile": Quantiles,
}


def make_loss(name, **parameters):
    """Build the loss with a name, a key of `LOSSES`."""
    return LOSSES[name](**parameters)
