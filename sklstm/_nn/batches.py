"""Windows with their targets and weights, and means over them."""

from typing import NamedTuple

import torch

from sklstm._nn.masking import make_step_mask, trim


class Rows(NamedTuple):
    """Windows with what belongs to each, along the first axis of every tensor."""

    windows: torch.Tensor  # (n_windows, n_timesteps, n_features)
    n_padding: torch.Tensor | None  # (n_windows,), steps that do not exist
    # (n_windows, n_targets), or of every step (n_windows, n_timesteps, n_targets).
    targets: torch.Tensor
    # What each counts, (n_windows,) or (n_windows, n_timesteps); None: the same.
    weights: torch.Tensor | None

    @property
    def total_weight(self):
        """What all rows count together."""
        return len(self.targets) if self.weights is None else self.weights.sum()

    def mean(self, losses):
        """Average what belongs to the rows, whatever axes it has behind the first."""
        if self.weights is None:
            return losses.mean()
        return (losses.flatten(1).mean(1) @ self.weights) / self.total_weight

    def slopes_of_mean(self, slopes, losses):
        """Turn slopes of losses by some numbers into those of their :meth:`mean`."""
        if self.weights is None:
            return slopes / losses.numel()
        total = self.total_weight * losses[0].numel()
        return slopes * (self.weights / total)[:, None]

    def trimmed(self):
        """Cut off steps that do not exist in any of the rows."""
        windows, n_padding = trim(self.windows, self.n_padding)
        rows = self._replace(windows=windows, n_padding=n_padding)
        n_cut = self.windows.shape[1] - windows.shape[1]
        if self.targets.ndim > 2:
            rows = rows._replace(targets=self.targets[:, n_cut:])
        if self.weights is not None and self.weights.ndim > 1:
            rows = rows._replace(weights=self.weights[:, n_cut:])
        return rows

    def scored(self, outputs):
        """Lay what is scored row below row: every window or every step that exists.

        Parameters
        ----------
        outputs : torch.Tensor of shape (n_windows[, n_timesteps], n_outputs)
            What a network answers to the windows.

        Returns
        -------
        outputs : torch.Tensor of shape (n_rows, n_outputs)
            Those that are scored.
        rows : Rows
            With targets, and weights, for each of them.
        put_back : callable
            Brings slopes by these outputs into the shape of all, zero elsewhere.
        """
        if self.targets.ndim < 3:
            return outputs, self, lambda slopes: slopes
        step_mask = make_step_mask(outputs.shape[1], self.n_padding)
        if step_mask is None:
            step_mask = outputs.new_ones(outputs.shape[:2], dtype=torch.bool)
        weights = self.weights
        if weights is not None:
            weights = weights_of_steps(weights, step_mask)
        rows = self._replace(targets=self.targets[step_mask], weights=weights)

        def put_back(slopes):
            everywhere = torch.zeros_like(outputs)
            everywhere[step_mask] = slopes
            return everywhere

        return outputs[step_mask], rows, put_back

    def take(self, rows):
        """Return some of the rows, in the order given; all for None."""
        if rows is None:
            return self
        if isinstance(rows, slice):
            return Rows(*(part if part is None else part[rows] for part in self))
        rows = rows.to(self.targets.device)
        return Rows(
            *(part if part is None else part.index_select(0, rows) for part in self)
        )


def weights_of_steps(weights, step_mask):
    """Return the weight of each real step, (n_steps,).

    Parameters
    ----------
    weights : torch.Tensor or ndarray of shape (n_windows[, n_timesteps])
        Weight of each window, which is repeated for its steps, or of each step.
    step_mask : torch.Tensor or ndarray of bool of shape (n_windows, n_timesteps)
        Which steps are real.
    """
    weights = weights if weights.ndim > 1 else weights[:, None]
    return (weights * step_mask)[step_mask]
