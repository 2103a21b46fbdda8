"""Losses: how far outputs are from targets, and how outputs read as predictions.

A loss maps outputs of shape (n_windows, n_targets * outputs_per_target) and targets of
shape (n_windows, n_targets) to one number per target, or per target and quantile, and
outputs to predictions in the units of the targets. Its slopes are the gradient of the
sum of all losses by the outputs: a few operations, where autograd takes many.
"""

import torch
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
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
        """Slope of the losses by each output, (n_windows, n_targets)."""
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
        """Slope of the losses by each output, (n_windows, n_targets)."""
        return (outputs - targets).sign_()


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
        """Slope of the losses by each output, (n_windows, n_targets)."""
        return (outputs - targets).clamp_(-1, 1)


class Poisson:
    """Half the Poisson deviance less its constant part; outputs are logarithms."""

    outputs_per_target = 1

    def __call__(self, outputs, targets):
        """Loss of each target, (n_windows, n_targets)."""
        return poisson_nll_loss(outputs, targets, reduction="none")

    def slopes(self, outputs, targets):
        """Slope of the losses by each output, (n_windows, n_targets)."""
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
        levels = self._levels(error)
        return torch.maximum(levels * error, (levels - 1) * error)

    def slopes(self, outputs, targets):
        """Slope of the losses by each output, (n_windows, n_outputs)."""
        predictions = self.predictions(outputs)
        is_above = predictions > targets[:, :, None]
        by_predictions = is_above.to(outputs.dtype) - self._levels(outputs)
        # A step moves its quantile and all above it.
        slopes = by_predictions.flip(2).cumsum(2).flip(2)
        steps = outputs.unflatten(1, (-1, self.outputs_per_target))[:, :, 1:]
        slopes[:, :, 1:] *= steps.sigmoid()
        return slopes.flatten(1)

    def _levels(self, like):
        return torch.tensor(self.quantiles, dtype=like.dtype, device=like.device)

    def predictions(self, outputs):
        """Read outputs as predictions, (n_windows, n_targets, n_quantiles)."""
        outputs = outputs.unflatten(1, (-1, self.outputs_per_target))
        steps = torch.cat([outputs[:, :, :1], softplus(outputs[:, :, 1:])], 2)
        return steps.cumsum(2)


class CrossEntropy:
    """Minus the logarithm of the probability of a window's class.

    Outputs are logarithms of probabilities, but for a constant; targets are 1 for the
    class and 0 for the others.
    """

    outputs_per_target = 1

    def __call__(self, outputs, targets):
        """Loss of each window, (n_windows, 1)."""
        return -(targets * outputs.log_softmax(1)).sum(1, keepdim=True)

    def slopes(self, outputs, targets):
        """Slope of the losses by each output, (n_windows, n_classes)."""
        return outputs.softmax(1) - targets

    def predictions(self, outputs):
        """Read outputs as probabilities, (n_windows, n_classes)."""
        return outputs.softmax(1)


class Logistic:
    """Minus the logarithm of the probability of what is so, label by label.

    Outputs are logarithms of odds; targets are 1 where a window has the label, else 0.
    """

    outputs_per_target = 1

    def __call__(self, outputs, targets):
        """Loss of each label, (n_windows, n_labels)."""
        return binary_cross_entropy_with_logits(outputs, targets, reduction="none")

    def slopes(self, outputs, targets):
        """Slope of the losses by each output, (n_windows, n_labels)."""
        return outputs.sigmoid() - targets

    def predictions(self, outputs):
        """Read outputs as probabilities, (n_windows, n_labels)."""
        return outputs.sigmoid()


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "quantile": Quantiles,
    "cross_entropy": CrossEntropy,
    "logistic": Logistic,
}


def make_loss(name, **parameters):
    """Build the loss with a name, a key of `LOSSES`."""
    return LOSSES[name](**parameters)
