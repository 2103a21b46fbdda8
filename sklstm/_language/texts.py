"""Coded sequences of symbols, and the pieces in which a network reads them."""

import math
from typing import NamedTuple

import numpy as np
import torch

from sklstm._nn.batches import positions_of_steps


class Texts(NamedTuple):
    """Sequences of codes, one after another, and a code that ends each of them."""

    # The end, then each sequence with its end. The symbol before the first symbol of a
    # sequence is always the end.
    codes: torch.Tensor
    starts: torch.Tensor  # position of the first symbol of each sequence
    lengths: torch.Tensor  # number of symbols of each sequence, its end included
    weights: torch.Tensor  # weight of each sequence

    @classmethod
    def of(cls, sequences, end, weights=None):
        """Join sequences of codes.

        Parameters
        ----------
        sequences : list of ndarray of int
            Codes of each sequence.
        end : int
            Code of the end of a sequence.
        weights : ndarray of shape (n_sequences,) or None, default=None
            Weight of each sequence, of which one is positive. They are divided by their
            mean. None for ones.
        """
        mark = np.array([end])
        parts = [mark, *(part for codes in sequences for part in (codes, mark))]
        codes = torch.from_numpy(np.concatenate(parts).astype(np.int64))
        lengths = torch.tensor([len(codes) + 1 for codes in sequences])
        starts = 1 + lengths.cumsum(0) - lengths
        if weights is None:
            weights = np.ones(len(sequences))
        # In single precision, very large or small weights would be infinite or zero.
        weights = torch.from_numpy(weights / weights.mean()).float()
        return cls(codes, starts, lengths, weights)

    @property
    def n_symbols(self):
        """Number of symbols of all sequences."""
        return int(self.lengths.sum())

    @property
    def targets(self):
        """Codes of all symbols, and the weight of each."""
        positions, numbers = positions_of_steps(self.starts, self.lengths)
        return self.codes[positions], self.weights[numbers]

    def select(self, rows):
        """Return some of the sequences."""
        return Texts(self.codes, *(part[rows] for part in self[1:]))

    def without_zero_weights(self):
        """Return the sequences that have a weight."""
        return self.select(self.weights > 0)

    def to(self, device):
        """Return the sequences on a device."""
        return Texts(*(part.to(device) for part in self))

    def cut(self, longest):
        """Cut sequences so that none is longer than a number of symbols."""
        n_parts = -(-self.lengths // longest)
        numbers, owners = positions_of_steps(torch.zeros_like(n_parts), n_parts)
        size = -(-self.lengths // n_parts)
        offsets = numbers * size[owners]
        lengths = torch.minimum(size[owners], self.lengths[owners] - offsets)
        starts = self.starts[owners] + offsets
        return Texts(self.codes, starts, lengths, self.weights[owners])


class Piece(NamedTuple):
    """Some steps of several sequences, the longest sequence first."""

    inputs: torch.Tensor  # the symbols before the targets, (n_sequences, n_steps)
    targets: torch.Tensor  # (n_sequences, n_steps)
    # Weight of each target, 0 after the end of a sequence, (n_sequences, n_steps).
    weights: torch.Tensor
    is_first: bool  # whether the sequences start with this piece


def pieces(texts, rows, n_steps, longest=None):
    """Read some sequences piece by piece.

    Sequences that have ended are left out of the next pieces, so a piece continues the
    first sequences of the piece before it.

    Parameters
    ----------
    texts : Texts
        All sequences.
    rows : torch.Tensor of int
        Positions of the sequences to read, the longest sequence first.
    n_steps : int
        Largest number of steps of a piece. All pieces have about the same number.
    longest : int or None, default=None
        Length of the longest sequence of the batch. It may be none of `rows`, if
        other processes read the other rows of the batch. None if it is the first one.

    Yields
    ------
    piece : Piece or None
        The next steps. None if all of `rows` have ended.
    """
    starts, lengths, weights = (part[rows] for part in texts[1:])
    longest = int(lengths[0]) if longest is None else longest
    size = math.ceil(longest / math.ceil(longest / n_steps))
    device = texts.codes.device
    for first in range(0, longest, size):
        n_left = int((lengths > first).sum())
        if not n_left:
            yield None
            continue
        steps = torch.arange(first, min(first + size, longest), device=device)
        is_real = steps < lengths[:n_left, None]
        positions = (starts[:n_left, None] + steps).where(is_real, 1)
        yield Piece(
            texts.codes[positions - 1],
            texts.codes[positions],
            weights[:n_left, None] * is_real,
            first == 0,
        )


def kept_state(state, n_sequences):
    """Return the state of the first sequences, without the graph of its gradient."""
    return [tuple(part[:n_sequences].detach().clone() for part in s) for s in state]
