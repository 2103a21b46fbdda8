"""Copies of fitted networks for prediction, which PyTorch can trace."""

import numpy as np
import torch
from torch import nn

from sklstm._core.window_scaling import WindowScale
from sklstm._export.estimators import InputForm, scale_of
from sklstm._nn.architecture import make_network
from sklstm._nn.cells import CellWeights, step_by_step
from sklstm._nn.masking import make_step_mask, with_padding_last
from sklstm._nn.recurrent import RecurrentLayer
from sklstm._nn.torch_compat import PYTORCH_LAYERS, pytorch_states


class PlainLayer(nn.Module):
    """Recurrent layer of PyTorch's own operations.

    Parameters
    ----------
    layer : RecurrentLayer
        Layer to copy.
    """

    def __init__(self, layer):
        super().__init__()
        self.cell, self.activation = layer.cell, layer.activation
        for name, weights in layer.weights._asdict().items():
            copied = None if weights is None else weights.detach().clone()
            self.register_buffer(name, copied)

    def forward(self, inputs, generator, step_mask, wants_states=True):
        """Compute the states, as :class:`~sklstm._nn.recurrent.RecurrentLayer`."""
        states = with_padding_last(self._states, inputs, step_mask)
        return states, states[:, -1]

    def _states(self, inputs):
        """Compute the states of windows without padding."""
        weights = CellWeights(*(getattr(self, name) for name in CellWeights._fields))
        is_built_in = (self.cell, self.activation) in PYTORCH_LAYERS
        compute = pytorch_states if is_built_in else step_by_step
        return compute(self.cell, inputs, weights, self.activation)


class PlainNetwork(nn.Module):
    """A network with the scales of its features and targets.

    Parameters
    ----------
    model : ScaledNetwork
        Model to copy.
    """

    def __init__(self, model):
        super().__init__()
        self.network = _copy_network(model)
        self.loss, self.replaces_empty = model.loss, model.replaces_empty
        self.scales_windows = isinstance(model.x_scale, WindowScale)
        self.register_buffer("constant", _tensor(model.constant, model.dtype))
        for name in ("x", "y"):
            scale = scale_of(getattr(model, f"{name}_scale")) or (None, None)
            self.register_buffer(f"{name}_mean", _tensor(scale[0]))
            self.register_buffer(f"{name}_scale", _tensor(scale[1]))
        self.dtype = model.dtype

    def forward(self, windows, n_padding):
        """Return the outputs, (n_windows[, n_timesteps], n_outputs)."""
        if self.scales_windows:
            windows = WindowScale().scaled(windows, n_padding)
        elif self.x_mean is not None:
            windows = (windows - self.x_mean) / self.x_scale
        outputs = self.network(windows.to(self.dtype), n_padding)
        if not self.replaces_empty:
            return outputs
        is_empty = n_padding == windows.shape[1]
        return torch.where(is_empty[:, None], self.constant, outputs)

    def predictions(self, windows, n_padding):
        """Return the predictions in units of y, with quantiles as the last axis."""
        outputs = self(windows, n_padding)
        shape = outputs.shape[:-1]
        predictions = self.loss.predictions(outputs.flatten(0, -2)).double()
        if self.y_mean is not None:
            # Targets are the second axis; quantiles may follow.
            axes = (-1, *[1] * (predictions.ndim - 2))
            scale, mean = self.y_scale.view(axes), self.y_mean.view(axes)
            predictions = predictions * scale + mean
        return predictions.view(*shape, *predictions.shape[1:])


class PredictionModule(nn.Module):
    """Network of a fitted estimator, from X to predictions or probabilities.

    Parameters
    ----------
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator.
    """

    def __init__(self, estimator):
        super().__init__()
        self.networks = nn.ModuleList(map(PlainNetwork, estimator._models))
        self.predicts_steps = estimator._model.network.predicts_steps
        form, task = InputForm.of(estimator), estimator._task
        self.n_axes, self.window_shape = (
            form.n_axes,
            (form.n_timesteps, form.n_features),
        )
        order = None if form.order is None else form.order.astype(np.int64)
        self.register_buffer("order", _tensor(order))
        self.kind = getattr(task, "kind", "regression")
        self.is_1d = getattr(task, "is_1d", False)
        self.middle = _middle(estimator._model)
        self.eval()

    def forward(self, X):
        """Return predictions or probabilities.

        Parameters
        ----------
        X : torch.Tensor of shape (n_windows, n_timesteps, n_features) or \
                (n_windows, n_timesteps)
            Windows, with as many axes as the X of `fit`. Steps at the start of a
            window are padding if all features are NaN.

        Returns
        -------
        answers : torch.Tensor
            Predictions, or probabilities of the classes, in the dtype of the network.
        """
        windows = self._windows(X).double()
        n_padding = windows.isnan().all(2).long().cumprod(1).sum(1)
        step_mask = make_step_mask(windows.shape[1], n_padding)
        windows = windows.where(step_mask[:, :, None], 0.0)
        is_regression = self.kind == "regression"
        answers = self._predictions if is_regression else self._probabilities
        answers = answers(windows, n_padding)
        if self.predicts_steps:
            axes = (*step_mask.shape, *[1] * (answers.ndim - 2))
            answers = answers.where(step_mask.view(axes), torch.nan)
        return answers.to(self.networks[0].dtype)

    def _windows(self, X):
        """Convert X to windows, (n_windows, n_timesteps, n_features)."""
        if self.n_axes == 3:
            return X
        if self.order is None:
            return X[:, :, None]
        return X[:, self.order].unflatten(1, self.window_shape)

    def _predictions(self, windows, n_padding):
        """Return the median of the predictions of all networks."""
        parts = [part.predictions(windows, n_padding) for part in self.networks]
        ordered, n = torch.stack(parts).sort(0).values, len(parts)
        predictions = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
        if self.middle is not None:
            predictions = predictions[..., self.middle]
        return predictions[..., 0] if self.is_1d else predictions

    def _probabilities(self, windows, n_padding):
        """Return the mean of the probabilities of all networks."""
        outputs = [part(windows, n_padding).double() for part in self.networks]
        if self.kind == "multiclass":
            return torch.stack([output.softmax(-1) for output in outputs]).mean(0)
        positive = torch.stack([output.sigmoid() for output in outputs]).mean(0)
        if self.kind == "multilabel-indicator":
            return positive
        return torch.cat([1 - positive, positive], -1)


def _copy_network(model):
    """Return a copy for prediction, on the CPU, whose layers PyTorch can trace."""
    network = make_network(**model.architecture | {"dtype": model.dtype})
    network.load_state_dict(model.network.state_dict())
    for layers in network.layers:
        for i, layer in enumerate(layers):
            if isinstance(layer, RecurrentLayer):
                layers[i] = PlainLayer(layer)
    return network.requires_grad_(False).eval()


def _middle(model):
    """Return the position of the quantile closest to 0.5; None without quantiles."""
    levels = model.loss_parameters.get("quantiles")
    return None if levels is None else int(np.argmin(np.abs(np.subtract(levels, 0.5))))


def _tensor(array, dtype=None):
    """Convert an array to a tensor; None stays None."""
    return None if array is None else torch.tensor(array, dtype=dtype)
