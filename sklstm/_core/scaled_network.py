"""A network with the scales of its features and targets."""

import math
from functools import partial

import numpy as np
import torch

from sklstm._core.samples import make_step_mask
from sklstm._core.window_scaling import load_windows
from sklstm._input.plain import saved_as
from sklstm._nn.architecture import make_network, n_multiplications
from sklstm._nn.batches import Rows
from sklstm._nn.initialization import initialize
from sklstm._nn.losses import make_loss
from sklstm._nn.masking import predict_trimmed
from sklstm._nn.saving import load_arrays, to_arrays
from sklstm._nn.training import predict, rows_per_block

# Parameters that may change before a network is trained further.
MAY_CHANGE = {
    "dropout",
    "recurrent_dropout",
    "masking",
    "masked_steps",
    "seen_transitions",
}


# The outputs for windows without time steps are computed from at most this many
# training targets.
N_FOR_CONSTANT = 2**22


@saved_as("scaled_network")
class ScaledNetwork:
    """Network with the scales of its features and of its targets.

    A pickle of it holds NumPy arrays and parameters only. It can be loaded on a machine
    without the device that the network was trained on.

    Parameters
    ----------
    architecture : dict
        Parameters of :func:`~sklstm._nn.architecture.make_network`, with the dtype as
        a string.
    loss : dict
        Parameters of :func:`~sklstm._nn.losses.make_loss`.
    x_scale : Scale, StepScale or WindowScale
        Scale of the windows.
    y_scale : Scale
        Scale of the targets.
    """

    def __init__(self, architecture, loss, x_scale, y_scale):
        self.architecture = architecture
        self.loss_parameters = loss
        self.x_scale, self.y_scale = x_scale, y_scale
        # Outputs, (1, n_outputs), for windows without time steps. None if the network
        # has learned an output for them.
        self.constant = None
        self._build()

    def _build(self):
        """Build the loss and the network, whose weights are not set yet."""
        self.dtype = getattr(torch, self.architecture["dtype"])
        self.network = make_network(**{**self.architecture, "dtype": self.dtype})
        self.loss = make_loss(**self.loss_parameters)
        self._n_per_step = n_multiplications(**self.architecture)

    @property
    def device(self):
        """Device of the weights."""
        return self.network.head.weight.device

    @property
    def replaces_empty(self):
        """Whether the outputs for windows without time steps are a constant."""
        return self.constant is not None and not self.network.predicts_steps

    def n_per_block(self, windows):
        """Count the multiplications of a time step of the largest block of windows."""
        n_windows, n_timesteps, _ = windows.values.shape
        n_rows = min(n_windows, rows_per_block(self.network, n_timesteps))
        return n_rows * self._n_per_step

    def copy(self, architecture, loss, device):
        """Copy the weights into a network of the same shapes.

        Parameters
        ----------
        architecture : dict
            As in the class. Only the parameters in `MAY_CHANGE` may differ from those
            of this network.
        loss : dict
            As in the class. It must equal the loss of this network.
        device : torch.device
            Device of the copy.

        Returns
        -------
        copy : ScaledNetwork
            A copy that shares no weights with this network.

        Raises
        ------
        ValueError
            If a parameter that the weights depend on has changed.
        """
        before = self.architecture | {"loss": self.loss_parameters}
        now = architecture | {"loss": loss}
        changes = [
            f"{name} from {before.get(name)} to {now.get(name)}"
            for name in before | now
            if before.get(name) != now.get(name) and name not in MAY_CHANGE
        ]
        if changes:
            raise ValueError(
                "The network of the last fit cannot be trained further, because "
                f"parameters or data have changed: {', '.join(changes)}. Set "
                "warm_start=False to train a new network, or restore the former values."
            )
        copy = ScaledNetwork(architecture, loss, self.x_scale, self.y_scale)
        copy.constant = self.constant
        copy.network.load_state_dict(self.network.state_dict())
        copy.network.to(device)
        return copy

    def with_new_weights(self, generator, max_timescale=None):
        """Return a model with the same scales and with initial weights.

        Parameters
        ----------
        generator : torch.Generator
            Source of the weights, on the CPU.
        max_timescale : float or None, default=None
            As in :func:`~sklstm._nn.initialization.initialize`.

        Returns
        -------
        model : ScaledNetwork
            A model that shares no weights with this one.
        """
        model = object.__new__(type(self))
        vars(model).update(vars(self))
        model._build()
        initialize(model.network, generator, self.device, max_timescale)
        return model

    def in_double_precision(self):
        """Return a copy on the CPU, in float64 and in prediction mode."""
        architecture = self.architecture | {"dtype": "float64"}
        copy = ScaledNetwork(
            architecture, self.loss_parameters, self.x_scale, self.y_scale
        )
        copy.constant = self.constant
        copy.network.load_state_dict(self.network.state_dict())
        copy.network.requires_grad_(False).eval()
        return copy

    def set_constant(self, targets, weights):
        """Set the outputs for windows without time steps to the best constant.

        Parameters
        ----------
        targets : ndarray of shape (n_rows, n_targets)
            Targets of the training windows or steps.
        weights : ndarray of shape (n_rows,)
            Weight of each row.
        """
        step = math.ceil(len(targets) / N_FOR_CONSTANT)
        targets, weights = targets[::step], weights[::step]
        scaled = torch.from_numpy(self.y_scale.apply(targets))
        # The weights are copied, because they may be read-only.
        constant = self.loss.best_constant(scaled, torch.tensor(weights))
        self.constant = constant.numpy()

    def rows(self, samples):
        """Convert samples to rows on the device of the network.

        The rows are scaled, except windows that are scaled batch by batch.
        """
        windows, n_padding, scale_batch = self._load(samples.windows)
        if samples.are_windows_targets:
            targets = windows  # the windows may be a view of a series
        else:
            targets = self._to_tensor(self.y_scale.apply(samples.targets))
        if (samples.weights == 1).all():
            return Rows(windows, n_padding, targets, None, scale_batch)
        weights = self._to_tensor(samples.weights)
        window_weights = weights if weights.ndim == 1 else weights.mean(1)
        if not ((window_weights > 0).all() and weights.sum().isfinite()):
            raise ValueError(
                f"The sample weights are from {samples.weights.min()} to "
                f"{samples.weights.max()}, which is beyond the range of "
                f"{self.architecture['dtype']}. Divide them by their mean."
            )
        return Rows(windows, n_padding, targets, weights, scale_batch)

    def predict(self, windows):
        """Predict the targets of windows, in the units of the targets.

        Parameters
        ----------
        windows : Windows
            Windows of shape (n_windows, n_timesteps, n_features).

        Returns
        -------
        predictions : ndarray of shape (n_windows[, n_timesteps], n_targets[, \
                n_quantiles])
            Predictions in float64; NaN at padding steps.
        """
        outputs = self._outputs(windows)
        if not self.network.predicts_steps:
            return self._unscale(outputs)
        by_step = self._unscale(outputs.flatten(0, 1))
        by_step = by_step.reshape(*outputs.shape[:2], *by_step.shape[1:])
        return self._mask_padding(by_step, windows)

    def _unscale(self, outputs):
        """Convert outputs, (n_rows, n_outputs), to predictions in units of targets."""
        predictions = _to_array(self.loss.predictions(outputs))
        # Targets are the second axis; quantiles may follow.
        mean, scale = (
            part.reshape(-1, *[1] * (predictions.ndim - 2)) for part in self.y_scale
        )
        predictions *= scale
        predictions += mean
        return predictions

    def outputs(self, windows):
        """Return the outputs of the network, (n_windows[, n_timesteps], n_outputs).

        With transitions, they are the log probabilities of the classes at each step,
        given all steps.
        """
        return self._mask_padding(_to_array(self._outputs(windows)), windows)

    def scores(self, windows):
        """Return the scores of the classes at each step, without the transitions."""
        self._check_lengths(windows)
        return self._mask_padding(_to_array(self._run(windows)), windows)

    def _check_lengths(self, windows):
        """Raise if no path of the length of a window has only seen transitions."""
        n_longest = self.network.transitions.n_longest
        lengths = make_step_mask(windows).sum(axis=1)
        if n_longest is not None and lengths.max() > n_longest:
            window = lengths.argmax()
            raise ValueError(
                f"The number of time steps of X[{window}] is {lengths[window]}, but "
                f'with transitions="seen" it must be at most {n_longest}: the '
                "transitions of the training sequences form no longer path of classes. "
                "Pass shorter sequences, or set transitions=True and fit again."
            )

    def _outputs(self, windows):
        """Return the outputs as a tensor, with the constant for empty windows."""
        if self.network.transitions is not None:
            self._check_lengths(windows)
            return self._run(windows, self.network.log_marginals)
        outputs = self._run(windows)
        if not (windows.has_empty and self.replaces_empty):
            return outputs
        is_empty = torch.tensor(windows.is_empty[:, None], device=self.device)
        return torch.where(is_empty, self._to_tensor(self.constant), outputs)

    def errors(self, windows):
        """Return the mean squared error of each scaled window, (n_windows,)."""
        return _to_array(self._run(windows, self.network.errors))

    def decode(self, components, n_timesteps):
        """Decode components to windows, (n_windows, n_timesteps, n_features)."""
        size = rows_per_block(self.network, n_timesteps)
        blocks = self._to_tensor(components).split(size)
        blocks = ((block, n_timesteps) for block in blocks)
        windows = _to_array(predict(self.network, blocks, self.network.decode))
        return windows * self.x_scale.scale + self.x_scale.mean

    def pooled(self, windows):
        """Return the pooled hidden states of windows, (n_windows, width)."""
        return _to_array(self._run(windows, self.network.pooled))

    def step_weights(self, windows):
        """Return the attention weights of the steps, (n_windows, n_timesteps)."""
        blocks = self._blocks(windows)
        return _to_array(predict(self.network, blocks, self.network.step_weights))

    def _mask_padding(self, outputs, windows):
        """Set outputs of padding steps to NaN."""
        if self.network.predicts_steps and windows.n_padding is not None:
            outputs[~make_step_mask(windows)] = np.nan
        return outputs

    def _run(self, windows, method=None):
        """Call a method of the network on blocks of windows of similar length."""
        if windows.n_padding is None:
            return predict(self.network, self._blocks(windows), method)
        order = np.argsort(windows.n_padding, kind="stable")
        blocks = self._blocks(windows, order)
        run_trimmed = partial(predict_trimmed, method or self.network)
        return predict(self.network, blocks, run_trimmed)[np.argsort(order)]

    def _blocks(self, windows, order=None):
        """Yield tensors of windows, in an order, in blocks that fit the memory."""
        n_windows, n_timesteps, _ = windows.values.shape
        size = rows_per_block(self.network, n_timesteps)
        for start in range(0, n_windows, size):
            block = slice(start, start + size)
            yield self.scaled(windows.select(block if order is None else order[block]))

    def scaled(self, windows):
        """Return windows as the network reads them, and their padding, as tensors."""
        values, n_padding, scale_batch = self._load(windows)
        if scale_batch is not None:
            values = scale_batch(values, n_padding)
        return values, n_padding

    def _load(self, windows):
        return load_windows(windows, self.x_scale, self.dtype, self.device)

    def _to_tensor(self, array):
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def __getstate__(self):
        return {
            "architecture": self.architecture,
            "loss_parameters": self.loss_parameters,
            "x_scale": self.x_scale,
            "y_scale": self.y_scale,
            "constant": self.constant,
            "device": str(self.device),
            "weights": to_arrays(self.network),
        }

    def __setstate__(self, state):
        weights, device = state.pop("weights"), state.pop("device")
        vars(self).update(state)
        self._build()
        load_arrays(self.network, weights, device)


def _to_array(tensor):
    """Convert a tensor to a float64 array."""
    return tensor.cpu().numpy().astype(np.float64)
