"""Beam search: the most probable sequences of symbols for each source."""

from math import inf
from typing import NamedTuple

import torch
from torch.nn.functional import pad

from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.sequence_layer import select_states

# Sources whose search has ended are removed as soon as they are this share of all.
SHARE_TO_REMOVE = 0.2

# A larger length penalty orders targets in the same way: by their length, and those of
# equal length by their probability.
LARGEST_PENALTY = 1e6


class Beams(NamedTuple):
    """The best targets so far of each source, the best one first."""

    codes: torch.Tensor  # (n_sources, n_beams, n_symbols)
    lengths: torch.Tensor  # number of symbols, the end included, (n_sources, n_beams)
    logs: torch.Tensor  # log probability, (n_sources, n_beams)
    has_ended: torch.Tensor  # (n_sources, n_beams)

    @classmethod
    def empty(cls, n_sources, end, device):
        """Return one empty target per source, which follows the end of another."""
        shape, options = (n_sources, 1), {"device": device}
        return cls(
            torch.full((*shape, 1), end, **options),
            torch.zeros(shape, dtype=torch.int64, **options),
            torch.zeros(shape, dtype=torch.float64, **options),
            torch.zeros(shape, dtype=torch.bool, **options),
        )

    def select(self, rows):
        """Return some of the sources."""
        return Beams(*(part[rows] for part in self))

    def targets(self):
        """Return codes and log probabilities of the targets of each source, as lists.

        Targets of probability 0 are left out.
        """
        codes, lengths, logs, _ = (part.tolist() for part in self)
        return [
            [(c[1:n], log) for c, n, log in zip(*of_source, strict=True) if log > -inf]
            for of_source in zip(codes, lengths, logs, strict=True)
        ]

    def with_ended(self, beams, n_beams, length_penalty):
        """Add targets that ended at this step, and keep the best ones."""
        has_just_ended = beams.has_ended & (beams.lengths == beams.codes.shape[2] - 1)
        ended = beams._replace(logs=beams.logs.where(has_just_ended, -inf))
        before = self._replace(codes=pad(self.codes, (0, 1)))
        both = Beams(
            *(torch.cat(parts, 1) for parts in zip(before, ended, strict=True))
        )
        scores = length_scores(both.logs, both.lengths, length_penalty)
        best = scores.topk(min(n_beams, scores.shape[1]), dim=1)[1]
        codes = both.codes.take_along_dim(best[:, :, None], 1)
        return Beams(codes, *(part.gather(1, best) for part in both[1:]))

    def extended(self, logs, n_beams, end, length_penalty):
        """Extend each target by each symbol and keep the best ones.

        Parameters
        ----------
        logs : torch.Tensor of shape (n_sources, n_beams, n_codes)
            Log probability of each next symbol.
        n_beams : int
            Largest number of targets to keep per source.
        end : int
            Code of the end.
        length_penalty : float
            As in :func:`beam_search`.

        Returns
        -------
        beams : Beams
            The best targets.
        rows : torch.Tensor of int64 of shape (n_sources, n_beams)
            Row of the target that each of them extends, among those of all sources.
        """
        n_sources, n_before, n_codes = logs.shape
        # A target that has ended stays as it is.
        is_end = torch.arange(n_codes, device=logs.device) == end
        stays = torch.zeros_like(logs).masked_fill_(~is_end, -inf)
        logs = self.logs[:, :, None] + stays.where(self.has_ended[:, :, None], logs)
        lengths = self.lengths + ~self.has_ended
        scores = length_scores(logs, lengths[:, :, None], length_penalty)
        n_kept = min(n_beams, n_before * n_codes)
        best = scores.flatten(1).topk(n_kept, dim=1)[1]
        origins, codes = best // n_codes, best % n_codes
        kept = logs.flatten(1).gather(1, best)
        # A target of probability 0 is no target; it must not prolong the search.
        has_ended = (codes == end) | kept.isinf()
        before = self.codes.take_along_dim(origins[:, :, None], 1)
        codes = torch.cat([before, codes[:, :, None]], 2)
        first = torch.arange(n_sources, device=logs.device)[:, None] * n_before
        beams = Beams(codes, lengths.gather(1, origins), kept, has_ended)
        return beams, first + origins


def length_scores(logs, lengths, length_penalty):
    """Return scores in the order of log probabilities that are divided by factors [1]_.

    The factors ``((5 + length) / 6) ** length_penalty`` may be too large for a floating
    point number, so logarithms are compared.

    References
    ----------
    .. [1] Y. Wu et al., "Google's Neural Machine Translation System: Bridging the Gap
       between Human and Machine Translation", 2016, arXiv:1609.08144.
    """
    penalty = min(length_penalty, LARGEST_PENALTY)
    return penalty * ((5 + lengths.double()) / 6).log() - logs.neg().log_()


def beam_search(decoder, memory, *, end, n_beams, max_length, length_penalty):
    """Find the most probable targets of some sources.

    At each step, each target is extended by each symbol, and the best `n_beams` targets
    of each source are kept. The search ends when all of them have ended. The best of
    all targets that have ended are returned.

    Parameters
    ----------
    decoder : Decoder
        Decoder that predicts the symbols.
    memory : Memory
        Sources with their keys.
    end : int
        Code of the end of a target.
    n_beams : int
        Number of targets per source to keep at each step.
    max_length : int
        Largest number of symbols of a target. A target of this length is ended.
    length_penalty : float
        Targets are compared by their log probability, divided by ``((5 + length) / 6)
        ** length_penalty`` [1]_. The length includes the end. With 0, short targets are
        preferred, because each symbol makes a target less probable.

    Returns
    -------
    targets : list of list of (list of int, float)
        Codes of the targets of each source, without the end, and their log
        probabilities. The best target comes first. Codes of unknown symbols are never
        among them.

    References
    ----------
    .. [1] Y. Wu et al., "Google's Neural Machine Translation System: Bridging the Gap
       between Human and Machine Translation", 2016, arXiv:1609.08144.
    """
    n_sources, device = len(memory.states), memory.states.device
    results = [None] * n_sources
    sources = torch.arange(n_sources, device=device)  # those whose search goes on
    beams, state = Beams.empty(n_sources, end, device), decoder.first_state(memory)
    # Targets that have ended may no longer be among the beams.
    ended = beams._replace(logs=torch.full_like(beams.logs, -inf))
    for length in range(max_length + 1):
        codes = beams.codes[:, :, -1].reshape(-1, 1)
        outputs, _, state = decoder(codes, state, memory)
        logs = _log_probabilities(outputs[:, 0], end, must_end=length == max_length)
        logs = logs.view(*beams.logs.shape, -1)
        beams, rows = beams.extended(logs, n_beams, end, length_penalty)
        ended = ended.with_ended(beams, n_beams, length_penalty)
        has_ended = beams.has_ended.all(1)
        n_ended = int(has_ended.sum())
        if n_ended >= SHARE_TO_REMOVE * len(sources):
            targets = ended.select(has_ended).targets()
            for source, of_source in zip(sources[has_ended], targets, strict=True):
                results[source] = of_source
            sources, rows = sources[~has_ended], rows[~has_ended]
            beams, ended, memory = (
                part.select(~has_ended) for part in (beams, ended, memory)
            )
        if not len(sources):
            break
        rows = rows.flatten()
        state = select_states(state, rows)
    return results


def _log_probabilities(outputs, end, must_end):
    """Return the log probability of each next symbol; never of an unknown one."""
    logs = outputs.double().log_softmax(1)
    logs[:, UNKNOWN] = -inf
    if must_end:
        logs[:, :end] = -inf
    return logs
