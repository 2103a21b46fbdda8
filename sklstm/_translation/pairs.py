"""Pairs of a source and a target, as flat tensors without padding."""

from typing import NamedTuple

import numpy as np
import torch

from sklstm._nn.batches import positions_of_steps


class Ragged(NamedTuple):
    """Sequences of unequal length, one after another."""

    values: torch.Tensor  # codes (n_steps,), or numbers (n_steps, n_features)
    starts: torch.Tensor  # position of the first step of each sequence
    lengths: torch.Tensor  # number of steps of each sequence

    @classmethod
    def of(cls, sequences):
        """Join arrays, each of shape (n_steps,) or (n_steps, n_features)."""
        lengths = torch.tensor([len(sequence) for sequence in sequences])
        values = torch.from_numpy(np.concatenate(sequences))
        return cls(values, lengths.cumsum(0) - lengths, lengths)

    def select(self, rows):
        """Return some of the sequences."""
        return self._replace(starts=self.starts[rows], lengths=self.lengths[rows])

    def to(self, device):
        """Return the sequences on a device."""
        return Ragged(*(part.to(device) for part in self))

    def flat(self):
        """Return the steps of all sequences, and the number of the sequence of each."""
        positions, numbers = positions_of_steps(self.starts, self.lengths)
        return self.values[positions], numbers

    def batch_lengths(self):
        """Return lengths to which batches are padded, in ascending order.

        There are not many, because buffers are kept for each length. Each of them is at
        most an eighth longer than the one before, or one step.
        """
        shortest, length = int(self.lengths.min()), int(self.lengths.max())
        lengths = [length]
        while length > shortest:
            length = max(shortest, min(length - 1, -(-length * 8 // 9)))
            lengths.append(length)
        return self.lengths.new_tensor(lengths[::-1])

    def padded(self, at_start, lengths=None):
        """Return all sequences with padding, and which steps are real.

        Parameters
        ----------
        at_start : bool
            Whether the padding is before or after the sequences.
        lengths : torch.Tensor or None, default=None
            Lengths in ascending order. The number of steps is the first one that is
            long enough. If None, it is the length of the longest sequence.

        Returns
        -------
        values : torch.Tensor of shape (n_sequences, n_steps[, n_features])
            The sequences. The values at padding steps have no meaning.
        is_real : torch.Tensor of bool of shape (n_sequences, n_steps)
            True where a step is real.
        """
        longest = self.lengths.max()
        if lengths is not None:
            longest = lengths[torch.searchsorted(lengths, longest)]
        longest = int(longest)
        steps = torch.arange(longest, device=self.values.device)
        if at_start:
            steps = steps + self.lengths[:, None] - longest
        is_real = (steps >= 0) & (steps < self.lengths[:, None])
        positions = (self.starts[:, None] + steps).where(is_real, 0)
        return self.values[positions], is_real


class Batch(NamedTuple):
    """Padded pairs. The padding of a source is at its start."""

    sources: torch.Tensor  # (n_pairs, n_steps[, n_features])
    step_mask: torch.Tensor | None  # which steps of the sources are real; None for all
    inputs: torch.Tensor  # the symbol before each target, (n_pairs, n_symbols)
    targets: torch.Tensor  # (n_pairs, n_symbols)
    # Weight of each target, 0 after the end of a target, (n_pairs, n_symbols).
    weights: torch.Tensor


class Pairs(NamedTuple):
    """Sources, their targets, and the weight of each pair."""

    sources: Ragged
    targets: Ragged  # the symbols of each target, its end included
    weights: torch.Tensor  # (n_pairs,)
    end: int  # code of the end of a target
    batch_lengths: tuple  # possible lengths of batches, of sources and of targets

    @classmethod
    def of(cls, sources, targets, end, weights):
        """Join pairs.

        Parameters
        ----------
        sources : Ragged
            Sources.
        targets : list of ndarray of int
            Codes of each target.
        end : int
            Code of the end of a target.
        weights : ndarray of shape (n_pairs,)
            Weight of each pair. Only their ratios matter.
        """
        targets = Ragged.of([np.append(codes, end) for codes in targets])
        weights = torch.from_numpy(near_one(weights)).float()
        lengths = tuple(part.batch_lengths() for part in (sources, targets))
        return cls(sources, targets, weights, end, lengths)

    @property
    def n_pairs(self):
        """Number of pairs."""
        return len(self.weights)

    @property
    def keys(self):
        """Numbers that order pairs by the length of the source, then of the target."""
        longest = int(self.targets.lengths.max())
        return self.sources.lengths * (longest + 1) + self.targets.lengths

    @property
    def source_numbers(self):
        """Number of the source of each pair. Equal sources have the same number."""
        numbers, known = [], {}
        starts, stops = self.sources.starts, self.sources.starts + self.sources.lengths
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            source = self.sources.values[start:stop].numpy().tobytes()
            numbers.append(known.setdefault(source, len(known)))
        return torch.tensor(numbers)

    def select(self, rows):
        """Return some of the pairs."""
        return self._replace(
            sources=self.sources.select(rows),
            targets=self.targets.select(rows),
            weights=self.weights[rows],
        )

    def without_zero_weights(self):
        """Return the pairs of positive weight."""
        is_kept = self.weights > 0
        return self if is_kept.all() else self.select(is_kept)

    def to(self, device):
        """Return the pairs on a device."""
        return self._replace(
            sources=self.sources.to(device),
            targets=self.targets.to(device),
            weights=self.weights.to(device),
            batch_lengths=tuple(part.to(device) for part in self.batch_lengths),
        )

    def batch(self, rows):
        """Return some of the pairs with padding."""
        pairs = self.select(rows)
        of_sources, of_targets = self.batch_lengths
        sources, step_mask = pad_sources(pairs.sources, of_sources)
        targets, is_real = pairs.targets.padded(at_start=False, lengths=of_targets)
        # A target starts after the end of another one.
        inputs = targets.roll(1, 1)
        inputs[:, 0] = self.end
        weights = pairs.weights[:, None] * is_real
        return Batch(sources, step_mask, inputs, targets, weights)


def near_one(weights):
    """Divide weights by a power of two, so that the largest one is in [1, 2).

    Their ratios stay the same to the bit, and they are in the range of float32.
    """
    _, exponent = np.frexp(weights.max(initial=0))
    return np.ldexp(weights, 1 - exponent)


def pad_sources(sources, lengths=None):
    """Return sources with padding at their start, and a mask of the real steps.

    The mask is None if all steps are real. The lengths are those of `Ragged.padded`.
    """
    values, is_real = sources.padded(at_start=True, lengths=lengths)
    return values, None if is_real.all() else is_real
