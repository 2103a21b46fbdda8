"""Attention: which states of a source matter for a step of the target."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import nn

from sklstm._nn.layers import Linear


class Memory(NamedTuple):
    """What the decoder knows of sources."""

    states: torch.Tensor  # of all steps, (n_sources, n_steps, width)
    last: torch.Tensor  # state after the last step, (n_sources, width)
    # True where a step is real, (n_sources, n_steps). None if there is no padding.
    step_mask: torch.Tensor | None
    # What the attention compares with its queries, (n_sources, n_steps, size).
    keys: torch.Tensor | None = None

    def select(self, rows):
        """Return some of the sources."""
        return Memory(*(part if part is None else part[rows] for part in self))


class MemoryAttention(nn.Module, ABC):
    """Base class of attentions over the states of a source.

    Parameters
    ----------
    size : int
        Length of the queries.
    width : int
        Width of the states of a source.
    dtype : torch.dtype
        Precision of the weights.
    """

    def __init__(self, size, width, dtype):
        super().__init__()
        self.project = Linear(width, size, dtype)

    def keys(self, states):
        """Return what :meth:`scores` compares with queries, (n_sources, n_steps, size).

        The keys are computed once per source.
        """
        return self.project(states)

    @abstractmethod
    def scores(self, queries, keys):
        """Return the score of each step, (n_sources, n_queries, n_steps)."""

    def forward(self, queries, memory):
        """Compute a context, which is a weighted mean of states, for each query.

        Parameters
        ----------
        queries : torch.Tensor of shape (n_sources, n_queries, size)
            States of the decoder.
        memory : Memory
            Sources with their keys.

        Returns
        -------
        contexts : torch.Tensor of shape (n_sources, n_queries, width)
            Mean of the states of the source, with the weights of each query.
        weights : torch.Tensor of shape (n_sources, n_queries, n_steps)
            Weights of the steps, which sum to 1. They are 0 at padding steps.
        """
        scores = self.scores(queries, memory.keys)
        if memory.step_mask is not None:
            scores = scores.masked_fill(~memory.step_mask[:, None], -torch.inf)
        weights = scores.softmax(2)
        return weights @ memory.states, weights


class DotAttention(MemoryAttention):
    """Attention by products of queries with a linear map of the states [1]_.

    References
    ----------
    .. [1] M.-T. Luong, H. Pham and C. D. Manning, "Effective Approaches to
       Attention-based Neural Machine Translation", EMNLP 2015, 1412-1421.
    """

    def scores(self, queries, keys):
        """Return the score of each step, (n_sources, n_queries, n_steps)."""
        return queries @ keys.mT


class AdditiveAttention(MemoryAttention):
    """Attention by a layer of tanh units that reads query and state [1]_.

    References
    ----------
    .. [1] D. Bahdanau, K. Cho and Y. Bengio, "Neural Machine Translation by Jointly
       Learning to Align and Translate", ICLR 2015, arXiv:1409.0473.
    """

    def __init__(self, size, width, dtype):
        super().__init__(size, width, dtype)
        self.project_query = Linear(size, size, dtype)
        self.score = Linear(size, 1, dtype)

    def scores(self, queries, keys):
        """Return the score of each step, (n_sources, n_queries, n_steps)."""
        sums = self.project_query(queries)[:, :, None] + keys[:, None]
        return self.score(torch.tanh(sums))[:, :, :, 0]


ATTENTIONS = {"dot": DotAttention, "additive": AdditiveAttention}
