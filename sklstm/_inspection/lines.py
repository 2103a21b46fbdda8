"""Outputs of networks for windows on straight lines.

Each value of a window has a share. With shares of 1, the networks read the windows, and
with shares of 0, they read other windows, the baselines. In between, numbers and the
vectors of tokens lie on a straight line.
"""

from abc import ABC, abstractmethod

import torch
from torch import nn

from sklstm._nn.masking import make_step_mask, zero_padding


class Line(ABC):
    """Straight line from baselines to windows.

    Parameters
    ----------
    networks : list of torch.nn.Module
        Networks in prediction mode. Their embeddings are replaced.
    windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Windows as the networks read them.
    n_padding : torch.Tensor of shape (n_windows,) or None
        Number of padding steps at the start of each window. None if there are none.
    """

    def __init__(self, networks, windows, n_padding):
        self.networks, self.windows, self.n_padding = networks, windows, n_padding

    def points(self, share):
        """Return the numbers of all windows, and one share for each of them."""
        n_windows = len(self.windows)
        return torch.arange(n_windows), torch.full((n_windows,), float(share)).double()

    def outputs(self, rows, shares, method):
        """Compute the outputs of each network.

        Parameters
        ----------
        rows : torch.Tensor of int of shape (n_rows,)
            Numbers of windows, which may repeat.
        shares : torch.Tensor of shape (n_rows, n_timesteps, n_features)
            Share of each value.
        method : str
            Name of the method of the networks to call.

        Returns
        -------
        outputs : list of torch.Tensor of shape (n_rows, ...)
            Outputs of each network.
        """
        n_padding = None if self.n_padding is None else self.n_padding[rows]
        return [
            getattr(network, method)(inputs, n_padding)
            for network, inputs in self._inputs(rows, shares, n_padding)
        ]

    @abstractmethod
    def _inputs(self, rows, shares, n_padding):
        """Yield each network with the windows to pass to it."""


class LineOfValues(Line):
    """Straight line between windows of numbers.

    Parameters
    ----------
    networks, windows, n_padding
        As in :class:`Line`.
    directions : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        The windows minus the baselines.
    """

    def __init__(self, networks, windows, n_padding, directions):
        super().__init__(networks, windows, n_padding)
        self.directions = directions

    def _inputs(self, rows, shares, n_padding):
        inputs = self.windows[rows] + (shares - 1) * self.directions[rows]
        return ((network, inputs) for network in self.networks)


class LineOfTokens(Line):
    """Straight line between the vectors of tokens.

    Parameters
    ----------
    networks, windows, n_padding
        As in :class:`Line`.
    baselines : torch.Tensor of shape (n_windows, n_timesteps, 1)
        Token codes of the baselines.
    """

    def __init__(self, networks, windows, n_padding, baselines):
        super().__init__(networks, windows, n_padding)
        step_mask = make_step_mask(windows.shape[1], n_padding)
        self.baselines = zero_padding(baselines, step_mask)[:, :, 0].long()
        self.embeddings = [network.input_layers.embedding for network in networks]

    def _inputs(self, rows, shares, n_padding):
        step_mask = make_step_mask(shares.shape[1], n_padding)
        between = self.baselines[rows], shares[:, :, 0], step_mask
        for network, embedding in zip(self.networks, self.embeddings, strict=True):
            network.input_layers.embedding = EmbeddingBetween(embedding, *between)
            yield network, self.windows[rows]


class EmbeddingBetween(nn.Module):
    """Embedding whose vectors lie between those of baselines and those of tokens.

    The vector of a pair of tokens depends on the mean of their shares.

    Parameters
    ----------
    embedding : Embedding
        Embedding of the tokens.
    baselines : torch.Tensor of int of shape (n_windows, n_timesteps)
        Token codes of the baselines.
    shares : torch.Tensor of shape (n_windows, n_timesteps)
        Share of the token at each step.
    step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
        True where a step is real. None if there is no padding.
    """

    def __init__(self, embedding, baselines, shares, step_mask):
        super().__init__()
        self.embedding, self.pair_vectors = embedding, embedding.pair_vectors
        self.baselines, self.shares = baselines, shares
        # The first token of a window has no token before it.
        before = torch.cat([shares[:, :1], shares[:, :-1]], 1)
        if step_mask is not None:
            was_real = torch.cat([step_mask[:, :1], step_mask[:, :-1]], 1)
            before = before.where(was_real, shares)
        self.shares_of_pairs = (before + shares) / 2

    def forward(self, codes):
        """Map codes to vectors, (n_windows, n_timesteps, size)."""
        return self._between(self.embedding, codes, self.shares)

    def of_pairs(self, codes):
        """Map codes to the vectors of pairs, (n_windows, n_timesteps, size)."""
        return self._between(self.embedding.of_pairs, codes, self.shares_of_pairs)

    def _between(self, embed, codes, shares):
        """Return the vectors between those of the baselines and those of the codes."""
        return torch.lerp(embed(self.baselines), embed(codes), shares[:, :, None])
