"""Windows with their targets and sample weights, and weighted means of losses."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from sklstm._nn.masking import make_step_mask, trim

# Rows of unequal length are sorted within groups of this many batches.
N_SORTED = 20


class Rows(NamedTuple):
    """Windows, their targets and their sample weights, with one row per window."""

    # (n_windows, n_timesteps, n_features). An array if `scale_batch` loads each batch.
    windows: torch.Tensor
    n_padding: torch.Tensor | None  # (n_windows,), padding steps at the start
    # (n_windows, n_targets), or for each step (n_windows, n_timesteps, n_targets). The
    # targets of an autoencoder are the windows themselves.
    targets: torch.Tensor
    # A weight for each window, (n_windows,); for each step, (n_windows, n_timesteps);
    # or for each target of a window, (n_windows, n_targets). None for equal weights.
    weights: torch.Tensor | None
    # Function that loads and scales the windows of a batch, (windows, n_padding) ->
    # windows. None if they are scaled already.
    scale_batch: Callable | None = None

    @property
    def are_windows_targets(self):
        """Whether the windows themselves are the targets."""
        return self.targets is self.windows

    @property
    def total_weight(self):
        """Sum of the weights of all windows or steps."""
        if self.weights is None:
            return len(self.targets)
        if self.has_weighted_targets:
            return self.weights.mean(1).sum()
        return self.weights.sum()

    @property
    def weight_of_steps(self):
        """Sum of the weights of all real steps, if only windows have weights."""
        n_windows, n_timesteps, _ = self.targets.shape
        lengths = self.targets.new_full((n_windows,), n_timesteps)
        if self.n_padding is not None:
            lengths -= self.n_padding
        return lengths.sum() if self.weights is None else lengths @ self.weights

    @property
    def has_weighted_targets(self):
        """Whether each target of a window has its own weight."""
        return self.weights is not None and self.weights.ndim == self.targets.ndim == 2

    def mean(self, losses):
        """Return the weighted mean of losses, (n_windows, ...)."""
        if self.weights is None:
            return losses.mean()
        if self.has_weighted_targets:
            of_targets = losses.flatten(2).mean(2) if losses.ndim > 2 else losses
            return (of_targets * self.weights).sum() / self.weights.sum()
        return (losses.flatten(1).mean(1) @ self.weights) / self.total_weight

    def gradient_of_mean(self, gradient, losses):
        """Convert the gradient of the sum of losses to that of their :meth:`mean`."""
        if self.weights is None:
            return gradient / losses.numel()
        weights = self.weights / (self.total_weight * losses[0].numel())
        if not self.has_weighted_targets:
            return gradient * weights.reshape(-1, *[1] * (gradient.ndim - 1))
        n_per_target = gradient.shape[1] // weights.shape[1]
        return gradient * weights.repeat_interleave(n_per_target, 1)

    def scaled(self):
        """Scale the windows, unless they are scaled already."""
        if self.scale_batch is None:
            return self
        windows = self.scale_batch(self.windows, self.n_padding)
        targets = windows if self.are_windows_targets else self.targets
        return self._replace(windows=windows, targets=targets, scale_batch=None)

    def trimmed(self):
        """Cut off steps that are padding in all rows."""
        windows, n_padding = trim(self.windows, self.n_padding)
        rows = self._replace(windows=windows, n_padding=n_padding)
        n_cut = self.windows.shape[1] - windows.shape[1]
        if self.targets.ndim > 2:
            rows = rows._replace(targets=self.targets[:, n_cut:])
            if self.weights is not None and self.weights.ndim > 1:
                rows = rows._replace(weights=self.weights[:, n_cut:])
        return rows

    def flatten_steps(self, outputs):
        """Flatten outputs and targets of steps to one row per real step.

        If there is one target per window, everything is returned as it is.

        Parameters
        ----------
        outputs : torch.Tensor of shape (n_windows[, n_timesteps], n_outputs)
            Outputs of a network.

        Returns
        -------
        outputs : torch.Tensor of shape (n_rows, n_outputs)
            Outputs that have a target.
        rows : Rows
            Rows whose targets and weights belong to these outputs.
        unflatten : callable
            Function that converts a gradient of these outputs to the shape of all
            outputs, with zeros at padding steps.
        """
        if self.targets.ndim < 3:
            return outputs, self, lambda gradient: gradient
        step_mask = make_step_mask(outputs.shape[1], self.n_padding)
        if step_mask is None:
            step_mask = outputs.new_ones(outputs.shape[:2], dtype=torch.bool)
        targets, weights = flatten_targets(self.targets, self.weights, step_mask)
        rows = self._replace(targets=targets, weights=weights)

        def unflatten(gradient):
            of_all = torch.zeros_like(outputs)
            of_all[step_mask] = gradient
            return of_all

        return outputs[step_mask], rows, unflatten

    def select(self, indices):
        """Select rows by a slice or by a tensor of indices; None selects all."""
        if indices is None:
            return self
        windows, n_padding, targets, weights = (
            None if part is None else _take(part, indices) for part in self[:-1]
        )
        if self.are_windows_targets:
            targets = windows
        return Rows(windows, n_padding, targets, weights, self.scale_batch)


def _take(part, indices):
    """Select rows of a tensor or an array by a slice or by a tensor of indices."""
    if isinstance(indices, slice):
        return part[indices]
    if isinstance(part, torch.Tensor):
        return part.index_select(0, indices.to(part.device))
    return part[indices.cpu().numpy()]


def flatten_targets(targets, weights, step_mask):
    """Flatten the targets of steps to one row per real step.

    Parameters
    ----------
    targets : torch.Tensor or ndarray of shape (n_windows, n_timesteps, n_targets)
        Targets of all steps.
    weights : torch.Tensor or ndarray of shape (n_windows[, n_timesteps]) or None
        Weight of each window or of each step. None for equal weights.
    step_mask : torch.Tensor or ndarray of bool of shape (n_windows, n_timesteps)
        True where a step is real.

    Returns
    -------
    targets : torch.Tensor or ndarray of shape (n_steps, n_targets)
        Targets of the real steps.
    weights : torch.Tensor or ndarray of shape (n_steps,) or None
        Weights of the real steps. None for equal weights.
    """
    if weights is not None:
        weights = weights_of_steps(weights, step_mask)
    return targets[step_mask], weights


def weights_of_steps(weights, step_mask):
    """Return the weight of each real step, (n_steps,).

    Parameters
    ----------
    weights : torch.Tensor or ndarray of shape (n_windows[, n_timesteps])
        Weight of each window or of each step. The weight of a window is repeated for
        its steps.
    step_mask : torch.Tensor or ndarray of bool of shape (n_windows, n_timesteps)
        True where a step is real.
    """
    weights = weights if weights.ndim > 1 else weights[:, None]
    return (weights * step_mask)[step_mask]


def positions_of_steps(starts, lengths):
    """Return the position of each step of sequences that are in one tensor.

    Parameters
    ----------
    starts, lengths : torch.Tensor of int of shape (n_sequences,)
        Position of the first step of each sequence, and its number of steps.

    Returns
    -------
    positions, numbers : torch.Tensor of int of shape (n_steps,)
        Position of each step, sequence by sequence, and the number of its sequence.
    """
    numbers = torch.repeat_interleave(lengths)
    first = lengths.cumsum(0) - lengths
    steps = torch.arange(len(numbers), device=numbers.device) - first[numbers]
    return starts[numbers] + steps, numbers


def batches_by_length(order, n_padding, n_batches, generator, n_sorted=N_SORTED):
    """Yield batches of rows of similar length, so that little is padded.

    Rows are sorted within groups of `n_sorted` batches, and the batches come in random
    order. The composition of the batches therefore differs between epochs.

    Parameters
    ----------
    order : torch.Tensor of int of shape (n_rows,)
        Positions of the rows in random order.
    n_padding : torch.Tensor of int of shape (n_rows,)
        Numbers to sort the rows by, such as their padding.
    n_batches : int
        Number of batches.
    generator : torch.Generator
        Source of the order of the batches.
    n_sorted : int, default=20
        Number of batches of a group.

    Yields
    ------
    rows : torch.Tensor of int
        Positions of the rows of a batch.
    """
    pools = order.tensor_split(math.ceil(n_batches / n_sorted))
    order = torch.cat([pool[n_padding[pool].argsort(stable=True)] for pool in pools])
    batches = order.tensor_split(n_batches)
    for number in torch.randperm(n_batches, generator=generator):
        yield batches[number]
