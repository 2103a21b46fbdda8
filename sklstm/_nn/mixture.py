"""A network that mixes base forecasts, corrects them and predicts quantiles."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import pad, softplus

from sklstm._nn.initialization import initialize
from sklstm._nn.layers import Linear
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.saving import dtype_name, load_arrays, named_dtype, to_arrays

# Levels of the quantiles. The one in the middle is the median.
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
MEDIAN = LEVELS.index(0.5)
# Features of a step that the decoder reads beside the forecasts of the bases: four of
# its position, and the mean and the spread of the bases.
N_STEP_FEATURES = 6
# Initial exponent of the errors of the bases, and initial distance of quantiles before
# it is made positive.
PRIOR, DISTANCE = 1.5, -1.0


class MixtureNetwork(nn.Module):
    """Encoder and decoder LSTM that weight base forecasts at each step.

    The encoder reads the last steps of a series, the decoder the base forecasts of each
    step to forecast. The weights of the bases are the softmax of the outputs of the
    decoder minus a multiple of the logarithms of their errors in backtests. The median
    is the weighted mean of the bases plus a correction. The other quantiles are sums of
    positive distances from the median, so they do not cross [1]_.

    Parameters
    ----------
    n_bases : int
        Number of base forecasts.
    n_summary : int
        Numbers that describe a series. The first `n_bases` are the logarithms of the
        errors of the bases.
    n_recent_features : int
        Numbers that describe each of the last steps.
    width : int, default=96
        Number of units of the encoder and of the decoder.
    code_size : int, default=24
        Length of the vectors that describe a series for the decoder, one from the
        encoder and one from the summary.
    dtype : torch.dtype, default=torch.float32
        Precision of the weights.

    References
    ----------
    .. [1] R. Wen et al., "A Multi-Horizon Quantile Recurrent Forecaster", NeurIPS 2017
       Time Series Workshop, arXiv:1711.11053.
    """

    def __init__(
        self,
        n_bases,
        n_summary,
        n_recent_features,
        *,
        width=96,
        code_size=24,
        dtype=torch.float32,
    ):
        super().__init__()
        self.n_bases = n_bases
        self.sizes = n_bases, n_summary, n_recent_features, width, code_size
        settings = {
            "hidden_layer_sizes": (width,),
            "cell": "lstm",
            "activation": "tanh",
            "bidirectional": False,
            "dtype": dtype,
        }
        self.encoder = RecurrentNetwork(
            n_recent_features, code_size, pooling="last", **settings
        )
        self.reduce = Linear(n_summary, 2 * code_size, dtype)
        self.describe = Linear(2 * code_size, code_size, dtype)
        self.decoder = RecurrentNetwork(
            n_bases + N_STEP_FEATURES + 2 * code_size,
            n_outputs(n_bases),
            pooling=None,
            **settings,
        )
        self.prior = nn.Parameter(torch.full((1,), PRIOR, dtype=dtype))

    def __getstate__(self):
        """Return the sizes and the weights as arrays, in half precision if exact."""
        weights = {name: _compact(w) for name, w in self.state_dict().items()}
        return {
            "sizes": self.sizes,
            "dtype": dtype_name(self.prior.dtype),
            "weights": weights,
        }

    def __setstate__(self, state):
        *sizes, width, code_size = state["sizes"]
        options = {
            "width": width,
            "code_size": code_size,
            "dtype": named_dtype(state["dtype"]),
        }
        self.__init__(*sizes, **options)
        # The arrays are copied, because they may be memory-mapped and read-only.
        weights = {name: torch.tensor(w) for name, w in state["weights"].items()}
        self.load_state_dict(weights)
        self.eval()

    @property
    def head(self):
        """The linear layer that returns the outputs."""
        return self.decoder.head

    @property
    def widest(self):
        """Number of units of the widest layer."""
        return self.decoder.widest

    def initialize(self, generator):
        """Draw initial weights that leave the mixture to the errors in backtests.

        Parameters
        ----------
        generator : torch.Generator
            Source of the random numbers, on the CPU.
        """
        initialize(self, generator)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.head.bias[self.n_bases + 1 :] = DISTANCE

    def start_training(self, generator):
        """Prepare for training, with a generator for dropout."""
        for part in (self.encoder, self.decoder):
            part.start_training(generator)

    def end_training(self):
        """Release what only training needs."""
        for part in (self.encoder, self.decoder):
            part.end_training()
        self.eval()

    def forward(self, rows):
        """Predict the quantiles of each step, and the weight of each base.

        Parameters
        ----------
        rows : MixtureRows
            Series to forecast.

        Returns
        -------
        quantiles : torch.Tensor of shape (n_series, horizon, n_levels)
            Quantiles of the levels in `LEVELS`.
        weights : torch.Tensor of shape (n_series, horizon, n_bases)
            Weight of each base.
        """
        return mix(rows, self.outputs(rows), self.prior)

    def outputs(self, rows):
        """Return the outputs of the decoder, (n_series, horizon, n_outputs)."""
        horizon = rows.forecasts.shape[1]
        mean = rows.forecasts.mean(2, keepdim=True)
        code = self._code(rows.recent, rows.summary)[:, None].expand(-1, horizon, -1)
        positions = _positions(horizon, rows.season_length, mean)
        inputs = [
            torch.asinh(rows.forecasts - mean),
            torch.asinh(mean),
            torch.log(rows.spread + 0.05) / 2,
            positions.expand(len(mean), -1, -1),
            code,
        ]
        return self.decoder(torch.cat(inputs, 2))

    def _code(self, recent, summary):
        """Return the vectors that describe each series, (n_series, 2 * code_size)."""
        of_summary = torch.tanh(self.describe(torch.tanh(self.reduce(summary))))
        return torch.cat([torch.tanh(self.encoder(recent)), of_summary], 1)


class BacktestMixture(nn.Module):
    """Mixture without a network: errors in backtests weight the bases.

    Parameters
    ----------
    n_bases : int
        Number of base forecasts.
    dtype : torch.dtype, default=torch.float32
        Precision of the weights.
    """

    def __init__(self, n_bases, dtype=torch.float32):
        super().__init__()
        self.n_bases, self.widest = n_bases, n_bases
        # The head reads a single zero, so only its bias matters.
        self.head = Linear(1, n_outputs(n_bases), dtype)
        self.prior = nn.Parameter(torch.full((1,), PRIOR, dtype=dtype))
        with torch.no_grad():
            self.head.weight.zero_()
            self.head.bias.zero_()
            self.head.bias[n_bases + 1 :] = DISTANCE

    def __getstate__(self):
        """Return the sizes and the weights as arrays."""
        return {
            "n_bases": self.n_bases,
            "dtype": dtype_name(self.prior.dtype),
            "weights": to_arrays(self),
        }

    def __setstate__(self, state):
        self.__init__(state["n_bases"], named_dtype(state["dtype"]))
        load_arrays(self, state["weights"], "cpu")
        self.eval()

    def outputs(self, rows):
        """Return the same outputs for all steps, (n_series, horizon, n_outputs)."""
        return self.head(torch.zeros_like(rows.forecasts[:, :, :1]))


class MixtureRows(NamedTuple):
    """Series with their base forecasts, one row per series."""

    recent: torch.Tensor  # (n_series, n_recent, n_recent_features)
    forecasts: torch.Tensor  # (n_series, horizon, n_bases)
    # The logarithms of the errors of the bases, then other numbers,
    # (n_series, n_summary).
    summary: torch.Tensor
    season_length: int

    @property
    def spread(self):
        """Mean absolute deviation of the bases from their mean, (..., horizon, 1)."""
        deviations = self.forecasts - self.forecasts.mean(2, keepdim=True)
        return deviations.abs().mean(2, keepdim=True)

    @property
    def log_errors(self):
        """Logarithms of the errors of the bases minus the lowest one, and this one.

        They have the shapes (n_series, 1, n_bases) and (n_series, 1, 1).
        """
        log_errors = self.summary[:, None, : self.forecasts.shape[2]]
        lowest = log_errors.amin(2, keepdim=True)
        return log_errors - lowest, lowest

    def float(self):
        """Return the rows in single precision."""
        return MixtureRows(*(part.float() for part in self[:-1]), self.season_length)

    def select(self, rows):
        """Return some of the rows, by a slice or by a tensor of positions."""
        return MixtureRows(*(part[rows] for part in self[:-1]), self.season_length)

    def losses(self, quantiles, targets):
        """Return the loss of each row, (..., n_series).

        Each loss is divided by the root of the lowest error of the bases, so that
        series that are easy to forecast count almost as much as others.
        """
        _, lowest = self.log_errors
        root = torch.sqrt(0.1 + lowest[:, 0, 0].exp())
        return quantile_losses(quantiles, targets) / root


def mix(rows, outputs, prior):
    """Mix the base forecasts of series, and predict quantiles.

    Parameters
    ----------
    rows : MixtureRows
        Series to forecast.
    outputs : torch.Tensor of shape (..., n_series, horizon, n_outputs)
        Of each step: scores of the bases, a correction, and the distances of
        neighboring quantiles before they are made positive. The first dimension may be
        that of several networks.
    prior : torch.Tensor of shape (1,) or (n_networks, 1, 1, 1)
        The scores are reduced by this number times the logarithms of the errors of the
        bases.

    Returns
    -------
    quantiles, weights
        As in :meth:`MixtureNetwork.forward`.
    """
    n_bases = rows.forecasts.shape[2]
    log_errors, lowest = rows.log_errors
    scores = outputs[..., :n_bases] - prior * log_errors
    weights = scores.softmax(-1)
    unit = torch.exp(0.5 * lowest) + 0.3 * rows.spread
    correction = outputs[..., n_bases, None] * unit
    median = (weights * rows.forecasts).sum(-1, keepdim=True) + correction
    distances = softplus(outputs[..., n_bases + 1 :]) * unit
    return median + _offsets(distances), weights


def n_outputs(n_bases):
    """Return the number of outputs for each step.

    These are a score for each base, a correction, and the distances of neighboring
    quantiles.
    """
    return n_bases + 1 + len(LEVELS) - 1


def quantile_losses(quantiles, targets):
    """Return the mean quantile loss of each series, twice the pinball loss.

    Parameters
    ----------
    quantiles : torch.Tensor of shape (..., n_series, horizon, n_levels)
        Predicted quantiles of the levels in `LEVELS`.
    targets : torch.Tensor of shape (n_series, horizon)
        Actual values, NaN if unknown.

    Returns
    -------
    losses : torch.Tensor of shape (..., n_series)
        Mean over the known steps and the levels.
    """
    levels = quantiles.new_tensor(LEVELS)
    is_known = ~targets.isnan()
    errors = targets.nan_to_num()[:, :, None] - quantiles
    losses = 2 * torch.maximum(levels * errors, (levels - 1) * errors).mean(-1)
    return (losses * is_known).sum(-1) / is_known.sum(-1).clamp(min=1)


def _compact(weights):
    """Return weights as an array, in half precision if this does not change them."""
    half = weights.half()
    return (half if torch.equal(half.to(weights), weights) else weights).numpy().copy()


def _positions(horizon, season_length, like):
    """Return the features of the position of each step, (1, horizon, 4)."""
    steps = torch.arange(horizon, dtype=like.dtype)
    angle = 2 * math.pi * steps / season_length
    features = [
        torch.log1p(steps) / 3,
        steps / season_length / 4,
        torch.sin(angle),
        torch.cos(angle),
    ]
    return torch.stack(features, 1)[None]


def _offsets(distances):
    """Return the offsets of the quantiles from the median, (..., n_levels)."""
    above = distances[..., MEDIAN:].cumsum(-1)
    below = -distances[..., :MEDIAN].flip(-1).cumsum(-1).flip(-1)
    return torch.cat([pad(below, (0, 1)), above], -1)
