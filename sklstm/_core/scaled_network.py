"""A network with the scales around it: windows in, answers in the user's units out."""

from functools import partial

import numpy as np
import torch

from sklstm._core.scaling import windows_to_tensors
from sklstm._input.padding import make_step_mask
from sklstm._nn.autoencoder import make_network
from sklstm._nn.batches import Rows
from sklstm._nn.losses import make_loss
from sklstm._nn.masking import predict_trimmed
from sklstm._nn.runtime import resolve_device
from sklstm._nn.training import predict, rows_per_block

# Parameters that a network may go on training with other values of.
MAY_CHANGE = {"dropout", "recurrent_dropout"}


class ScaledNetwork:
    """A recurrent network, what its readings are scaled by and what its targets.

    Pickled, it is nothing but NumPy arrays and parameters, and so can be loaded on a
    machine without the device that it was trained on.

    Parameters
    ----------
    architecture : dict
        Parameters of :func:`~sklstm._nn.autoencoder.make_network`, its dtype by name.
    loss : dict
        Parameters of :func:`~sklstm._nn.losses.make_loss`.
    x_scale : Scale
        Scale of the features.
    y_scale : Scale
        Scale of the targets.
    """

    def __init__(self, architecture, loss, x_scale, y_scale):
        self.architecture = architecture
        self.loss_parameters = loss
        self.x_scale, self.y_scale = x_scale, y_scale
        self._build()

    def _build(self):
        """Make the parts that follow from the parameters; no weights yet."""
        self.dtype = getattr(torch, self.architecture["dtype"])
        self.network = make_network(**{**self.architecture, "dtype": self.dtype})
        self.loss = make_loss(**self.loss_parameters)

    @property
    def device(self):
        """Where the weights live."""
        return self.network.head.weight.device

    def copy(self, architecture, loss, device):
        """Copy the weights into a network of the same shapes.

        Parameters
        ----------
        architecture : dict
            As of the class; only dropout may have changed.
        loss : dict
            As of the class.
        device : torch.device
            Where the copy shall live.

        Returns
        -------
        copy : ScaledNetwork
            Nothing that is done to it changes this one.

        Raises
        ------
        ValueError
            If the parameters are others than those the weights belong to.
        """
        before = self.architecture | {"loss": self.loss_parameters}
        now = architecture | {"loss": loss}
        changes = [
            f"{name} from {before[name]} to {now[name]}"
            for name in before
            if before[name] != now[name] and name not in MAY_CHANGE
        ]
        if changes:
            raise ValueError(
                "The network of the last fit cannot go on, since parameters or data "
                f"have changed: {', '.join(changes)}. Set warm_start=False to train a "
                "new one, or go back to those of the last fit."
            )
        scales = self.x_scale, self.y_scale
        copy = ScaledNetwork(architecture, loss, *scales)
        copy.network.load_state_dict(self.network.state_dict())
        copy.network.to(device)
        return copy

    def rows(self, samples):
        """Scale samples and move them to where the network is."""
        windows = self._tensors(samples.windows)
        if self.architecture["n_components"] is None:
            targets = self._tensor(self.y_scale.apply(samples.targets))
        else:
            targets = windows[0]  # a view, where windows slide over a series
        if (samples.weights == 1).all():
            return Rows(*windows, targets, None)
        weights = self._tensor(samples.weights)
        of_windows = weights if weights.ndim == 1 else weights.mean(1)
        if not ((of_windows > 0).all() and weights.sum().isfinite()):
            raise ValueError(
                f"The sample weights, {samples.weights.min()} to "
                f"{samples.weights.max()}, are beyond the range of "
                f"{self.architecture['dtype']}. Divide them by their mean."
            )
        return Rows(*windows, targets, weights)

    def answer(self, windows):
        """Predict the targets of windows, in their own units.

        Parameters
        ----------
        windows : Windows
            Windows of shape (n_windows, n_timesteps, n_features).

        Returns
        -------
        predictions : ndarray of shape (n_windows[, n_timesteps], n_targets[, \
                n_quantiles])
            Predictions in double precision.
        """
        outputs = self._outputs(windows)
        if not self.network.answers_steps:
            return self._in_units(outputs)
        of_steps = self._in_units(outputs.flatten(0, 1))
        of_steps = of_steps.reshape(*outputs.shape[:2], *of_steps.shape[1:])
        return self._where_existing(of_steps, windows)

    def _in_units(self, outputs):
        """Read outputs, (n_rows, n_outputs), as predictions in the units of targets."""
        predictions = _as_array(self.loss.predictions(outputs))
        # Targets are the second axis, whatever comes behind.
        mean, scale = (
            part.reshape(-1, *[1] * (predictions.ndim - 2)) for part in self.y_scale
        )
        return predictions * scale + mean

    def outputs(self, windows):
        """Return what the network gives for windows, (n_windows, n_outputs)."""
        return self._where_existing(_as_array(self._outputs(windows)), windows)

    def errors(self, windows):
        """Return how far an autoencoder is off, in squared deviations, (n_windows,)."""
        return _as_array(self._outputs(windows, self.network.errors))

    def decode(self, codes, n_timesteps):
        """Make windows from codes, (n_windows, n_timesteps, n_features)."""
        size = rows_per_block(self.network, n_timesteps)
        blocks = ((block, n_timesteps) for block in self._tensor(codes).split(size))
        windows = _as_array(predict(self.network, blocks, self.network.decode))
        return windows * self.x_scale.scale + self.x_scale.mean

    def pooled(self, windows):
        """Return what the head of the network reads, (n_windows, width)."""
        return _as_array(self._outputs(windows, self.network.pooled))

    def step_weights(self, windows):
        """Return what attention weighs steps by, (n_windows, n_timesteps)."""
        blocks = map(self._tensors, self._blocks(windows))
        return _as_array(predict(self.network, blocks, self.network.step_weights))

    def _where_existing(self, answers, windows):
        """Put NaN in place of answers for steps that do not exist."""
        if self.network.answers_steps and windows.n_padding is not None:
            answers[~make_step_mask(windows)] = np.nan
        return answers

    def _outputs(self, windows, ask=None):
        """Ask the network, block by block; windows of one length together."""
        order = None
        if windows.n_padding is not None:
            order = np.argsort(windows.n_padding, kind="stable")
            windows = windows.select(order)
        ask = ask or self.network
        blocks = map(self._tensors, self._blocks(windows))
        outputs = predict(self.network, blocks, partial(predict_trimmed, ask))
        return outputs if order is None else outputs[np.argsort(order)]

    def _blocks(self, windows):
        """Cut windows into blocks that fit the memory."""
        n_windows, n_timesteps, _ = windows.values.shape
        size = rows_per_block(self.network, n_timesteps)
        starts = range(0, n_windows, size)
        return (windows.select(slice(start, start + size)) for start in starts)

    def _tensors(self, windows):
        return windows_to_tensors(windows, self.x_scale, self.dtype, self.device)

    def _tensor(self, array):
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def __getstate__(self):
        state = {k: vars(self)[k] for k in ("architecture", "loss_parameters")}
        weights = self.network.state_dict()
        return {
            **state,
            "x_scale": self.x_scale,
            "y_scale": self.y_scale,
            "device": str(self.device),
            "weights": {k: w.cpu().numpy().copy() for k, w in weights.items()},
        }

    def __setstate__(self, state):
        weights, device = state.pop("weights"), state.pop("device")
        vars(self).update(state)
        self._build()
        try:
            device = resolve_device(device)
        except ValueError:
            device = torch.device("cpu")
        # Copied: arrays may come memory-mapped and read-only.
        tensors = {k: torch.tensor(w, device=device) for k, w in weights.items()}
        self.network.load_state_dict(tensors, assign=True)


def _as_array(tensor):
    """Bring numbers back from PyTorch, in double precision."""
    return tensor.cpu().numpy().astype(np.float64)
