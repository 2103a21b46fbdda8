"""Loss functions, their gradients, and the conversion of outputs to predictions.

A loss maps outputs of shape (n_windows, n_targets * outputs_per_target) and targets of
shape (n_windows, n_targets) to one value per target. `Quantiles` returns one value per
target and quantile, and `CrossEntropy` one per window. A loss also converts outputs to
predictions in the units of the targets. The gradient of a loss is derived by hand,
because autograd takes many more operations. A loss also computes the constant outputs
with the lowest loss. The loss of a network that has learned something is lower.
"""

from abc import ABC, abstractmethod

import torch
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    huber_loss,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    softplus,
)

from sklstm._nn.ctc import BLANK, ctc_losses, frame_logs

# The gradient of the Huber loss changes by at most 1 per unit, so a step of 1 is safe.
N_HUBER_STEPS = 50
# Numbers of the outputs of all frames at once.
BLOCK_NUMBERS = 2**22


class Loss(ABC):
    """Base class of all losses."""

    outputs_per_target = 1

    @abstractmethod
    def __call__(self, outputs, targets):
        """Return the losses of each window, (n_windows, ...)."""

    @abstractmethod
    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_outputs)."""

    @abstractmethod
    def predictions(self, outputs):
        """Convert outputs to predictions, (n_windows, n_targets, ...)."""

    @abstractmethod
    def best_constant(self, targets, weights):
        """Compute the constant outputs, (1, n_outputs), with the lowest loss.

        Parameters
        ----------
        targets : torch.Tensor of shape (n_windows, n_targets)
            Targets.
        weights : torch.Tensor of shape (n_windows,) or (n_windows, n_targets) or None
            Weight of each window or of each target. None for equal weights.
        """

    def lowest(self, targets):
        """Return the losses of perfect predictions."""
        return torch.zeros_like(targets)


class IdentityLoss(Loss):
    """Base class of losses whose outputs are the predictions."""

    def predictions(self, outputs):
        """Return the outputs, (n_windows, n_targets)."""
        return outputs


class SquaredError(IdentityLoss):
    """Half the squared error. The best constant prediction is the mean."""

    def __call__(self, outputs, targets):
        """Return the loss of each target, (n_windows, n_targets)."""
        return mse_loss(outputs, targets, reduction="none") / 2

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_targets)."""
        return outputs - targets

    def best_constant(self, targets, weights):
        """Return the mean of each target, (1, n_targets)."""
        return _mean(targets, weights)


class AbsoluteError(IdentityLoss):
    """Absolute error. The best constant prediction is the median."""

    def __call__(self, outputs, targets):
        """Return the loss of each target, (n_windows, n_targets)."""
        return l1_loss(outputs, targets, reduction="none")

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_targets)."""
        return (outputs - targets).sign_()

    def best_constant(self, targets, weights):
        """Return the median of each target, (1, n_targets)."""
        return _quantiles(targets, weights, (0.5,)).T


class Huber(IdentityLoss):
    """Half the squared error up to an error of 1, linear for larger errors [1]_.

    References
    ----------
    .. [1] P. J. Huber, "Robust Estimation of a Location Parameter", The Annals of
       Mathematical Statistics 35(1), 1964, 73-101.
    """

    def __call__(self, outputs, targets):
        """Return the loss of each target, (n_windows, n_targets)."""
        return huber_loss(outputs, targets, reduction="none")

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_targets)."""
        return (outputs - targets).clamp_(-1, 1)

    def best_constant(self, targets, weights):
        """Compute the best constant by gradient descent from the median."""
        constant = _quantiles(targets, weights, (0.5,)).T
        for _ in range(N_HUBER_STEPS):
            constant = constant - _mean(self.gradient(constant, targets), weights)
        return constant


class Poisson(Loss):
    """Half the Poisson deviance up to a constant; outputs are logs of predictions."""

    def __call__(self, outputs, targets):
        """Return the loss of each target, (n_windows, n_targets)."""
        return poisson_nll_loss(outputs, targets, reduction="none")

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_targets)."""
        return outputs.exp() - targets

    def predictions(self, outputs):
        """Convert outputs to predictions, (n_windows, n_targets)."""
        return outputs.exp()

    def best_constant(self, targets, weights):
        """Return the logarithm of the mean of each target, (1, n_targets)."""
        return _log(_mean(targets, weights))

    def lowest(self, targets):
        """Return the losses of perfect predictions, (n_windows, n_targets)."""
        return targets - torch.xlogy(targets, targets)


class Quantiles(Loss):
    """Pinball loss of several quantiles that cannot cross [1]_.

    The first output of a target is its lowest quantile. Each other output is the
    distance to the quantile below, made positive by ``softplus``.

    Parameters
    ----------
    quantiles : sequence of float
        Increasing levels in (0, 1).

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression Quantiles", Econometrica 46(1), 1978,
       33-50.
    """

    def __init__(self, quantiles):
        self.quantiles = tuple(quantiles)
        self.outputs_per_target = len(self.quantiles)

    def __call__(self, outputs, targets):
        """Return the loss of each quantile, (n_windows, n_targets, n_quantiles)."""
        error = targets[:, :, None] - self.predictions(outputs)
        levels = self._levels(error)
        return torch.maximum(levels * error, (levels - 1) * error)

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_outputs)."""
        predictions = self.predictions(outputs)
        is_above = predictions > targets[:, :, None]
        d_predictions = is_above.to(outputs.dtype) - self._levels(outputs)
        # A distance changes its own quantile and all quantiles above it.
        gradient = d_predictions.flip(2).cumsum(2).flip(2)
        distances = outputs.unflatten(1, (-1, self.outputs_per_target))[:, :, 1:]
        gradient[:, :, 1:] *= distances.sigmoid()
        return gradient.flatten(1)

    def _levels(self, like):
        return torch.tensor(self.quantiles, dtype=like.dtype, device=like.device)

    def predictions(self, outputs):
        """Convert outputs to predictions, (n_windows, n_targets, n_quantiles)."""
        outputs = outputs.unflatten(1, (-1, self.outputs_per_target))
        parts = torch.cat([outputs[:, :, :1], softplus(outputs[:, :, 1:])], 2)
        return parts.cumsum(2)

    def best_constant(self, targets, weights):
        """Return outputs whose predictions are the quantiles of each target."""
        outputs = _quantiles(targets, weights, self.quantiles)
        distances = outputs.diff(dim=1)
        # The inverse of softplus, which does not overflow for large distances.
        outputs[:, 1:] = distances + (-(-distances).expm1()).log()
        return outputs.reshape(1, -1)


class CrossEntropy(Loss):
    """Negative log-likelihood of the class of a window.

    Outputs are logarithms of probabilities up to a constant. Targets are 1 for the
    class and 0 for the others.
    """

    def __call__(self, outputs, targets):
        """Return the loss of each window, (n_windows, 1)."""
        return -(targets * outputs.log_softmax(1)).sum(1, keepdim=True)

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_classes)."""
        return outputs.softmax(1) - targets

    def predictions(self, outputs):
        """Convert outputs to probabilities, (n_windows, n_classes)."""
        return outputs.softmax(1)

    def best_constant(self, targets, weights):
        """Return the logarithms of the shares of the classes, (1, n_classes)."""
        return _log(_mean(targets, weights))


class Logistic(Loss):
    """Negative log-likelihood of each label of a window.

    Outputs are log-odds. Targets are 1 if the window has the label and 0 otherwise.
    """

    def __call__(self, outputs, targets):
        """Return the loss of each label, (n_windows, n_labels)."""
        return binary_cross_entropy_with_logits(outputs, targets, reduction="none")

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, (n_windows, n_labels)."""
        return outputs.sigmoid() - targets

    def predictions(self, outputs):
        """Convert outputs to probabilities, (n_windows, n_labels)."""
        return outputs.sigmoid()

    def best_constant(self, targets, weights):
        """Return the log-odds of the share of each label, (1, n_labels)."""
        shares = _mean(targets, weights)
        return _log(shares) - _log(1 - shares)


class CTC(Loss):
    """Negative log-likelihood of labels without times [1]_.

    Outputs are those of all frames of a window, (n_windows, n_frames, n_symbols), or of
    each frame alike, (n_windows, n_symbols). Frames of padding come first. A row of
    targets holds the number of real frames of a window, the codes of its labels, and
    blanks after the last label.

    References
    ----------
    .. [1] A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, "Connectionist Temporal
       Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
       Networks", ICML 2006, 369-376.
    """

    def __call__(self, outputs, targets):
        """Return the loss of each window, (n_windows, 1)."""
        if outputs.ndim == 2:
            return self._of_constants(outputs, targets)
        n_frames, codes = targets[:, 0].long(), targets[:, 1:].long()
        return ctc_losses(frame_logs(outputs, n_frames), codes)[:, None]

    def _of_constants(self, outputs, targets):
        """Return the losses of outputs that all frames of a window share."""
        n_frames = int(targets[:, 0].max())
        size = max(1, BLOCK_NUMBERS // (n_frames * outputs.shape[1]))
        blocks = zip(outputs.split(size), targets.split(size), strict=True)
        return torch.cat(
            [self(rows[:, None].expand(-1, n_frames, -1), ts) for rows, ts in blocks]
        )

    def gradient(self, outputs, targets):
        """Return the gradient of the sum of all losses, shaped as the outputs."""
        with torch.enable_grad():
            outputs = outputs.detach().requires_grad_()
            return torch.autograd.grad(self(outputs, targets).sum(), outputs)[0]

    def predictions(self, outputs):
        """Return the log probabilities of the symbols, shaped as the outputs."""
        return outputs.log_softmax(-1)

    def best_constant(self, targets, weights):
        """Return outputs close to the best ones, (1, n_symbols).

        They are the logarithms of the shares of frames, if each label has one frame.
        """
        n_frames, codes = targets[:, :1], targets[:, 1:].long()
        if weights is None:
            weights = n_frames.new_ones(len(n_frames))
        per_label = (weights / weights.sum())[:, None] / n_frames
        shares = torch.bincount(codes.flatten(), per_label.expand_as(codes).flatten())
        shares[BLANK] = 0
        shares[BLANK] = 1 - shares.sum()
        return _log(shares.to(targets))[None]

    def lowest(self, targets):
        """Return the losses of perfect predictions, (n_windows, 1)."""
        return torch.zeros_like(targets[:, :1])


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "quantile": Quantiles,
    "cross_entropy": CrossEntropy,
    "logistic": Logistic,
    "ctc": CTC,
}


def make_loss(name, **parameters):
    """Build a loss by its name, a key of `LOSSES`."""
    return LOSSES[name](**parameters)


def _mean(values, weights):
    """Return the weighted mean of each column, (1, n_columns)."""
    if weights is None:
        return values.mean(0, keepdim=True)
    if weights.ndim > 1:
        totals = weights.sum(0, keepdim=True)
        return (weights * values).sum(0, keepdim=True) / totals.where(totals > 0, 1)
    return (weights[None] @ values) / weights.sum()


def _quantiles(values, weights, levels):
    """Return the weighted quantiles of each column, (n_columns, n_levels)."""
    values, order = values.T.sort(1)
    if weights is None:
        weights = values.new_ones(values.shape[1])
    weights = weights[order] if weights.ndim == 1 else weights.T.gather(1, order)
    totals = weights.cumsum(1)
    wanted = totals[:, -1:] * totals.new_tensor(levels)
    rows = torch.searchsorted(totals, wanted).clamp_(max=values.shape[1] - 1)
    return values.gather(1, rows)


def _log(shares):
    """Return the logarithm of shares, a large negative number for 0."""
    return shares.clamp_min(torch.finfo(shares.dtype).tiny).log()
