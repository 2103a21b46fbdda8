"""Base class of layers that read a sequence and return a state for each step."""

from abc import ABC, abstractmethod

import torch
from torch import nn


class SequenceLayer(nn.Module, ABC):
    """Base class of layers that read a sequence and return a state for each step.

    Parameters
    ----------
    size : int
        Number of units: the width of the states.
    n_states : int
        Number of parts of what the layer remembers of the steps before. A part has
        `size` numbers for a sequence, or for each step of it.
    recurrent_dropout : float
        Fraction of what the layer adds to its states to drop during training.
    """

    def __init__(self, size, n_states, recurrent_dropout):
        super().__init__()
        self.size, self.n_states = size, n_states
        self.recurrent_dropout = recurrent_dropout
        # Buffers to use again during training, for layers that need them.
        self.workspaces = None

    @abstractmethod
    def forward(self, inputs, generator=None, step_mask=None, wants_states=True):
        """Compute the states of whole sequences.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs in time order, zero at padding steps.
        generator : torch.Generator or None, default=None
            Source of the random numbers of dropout. Only needed during training.
        step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
            True where a step is real. Padding is at the start of a window. None if
            there is no padding.
        wants_states : bool, default=True
            Whether to return the states of all steps, not only the last one.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, size) or None
            State of each step, zero at padding steps. None if `wants_states` is False.
        last : torch.Tensor of shape (n_windows, size)
            State of the last step.
        """

    @abstractmethod
    def continue_from(self, state, inputs, generator=None):
        """Compute the states of sequences that go on after earlier steps.

        Parameters
        ----------
        state : tuple of torch.Tensor
            What the layer remembers of the steps before: the result of an earlier call,
            of :meth:`first_state` or of :meth:`start_from`. Its parts have one row per
            window.
        inputs, generator
            As in :meth:`forward`.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, size)
            State of each step.
        state : tuple of torch.Tensor
            What the layer remembers after the last step.
        """

    @abstractmethod
    def first_state(self, n_windows):
        """Return what the layer remembers before the first step."""

    @abstractmethod
    def start_from(self, vectors):
        """Return a state, as in :meth:`continue_from`, that consists of given vectors.

        Parameters
        ----------
        vectors : torch.Tensor of shape (n_windows, n_states * size)
            Vectors to remember.
        """


def select_states(states, rows):
    """Return what each layer remembers of some of the windows.

    Parameters
    ----------
    states : list of tuple of torch.Tensor
        What each layer remembers, with one row per window.
    rows : torch.Tensor or slice
        Rows to select.
    """
    return [tuple(part[rows] for part in parts) for parts in states]


def repeat_states(states, n_windows):
    """Return what each layer remembers of a single window, `n_windows` times."""
    rows = torch.zeros(n_windows, dtype=torch.int64, device=states[0][0].device)
    return select_states(states, rows)
