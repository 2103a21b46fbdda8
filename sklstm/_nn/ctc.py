"""Connectionist temporal classification: labels of a sequence without their times [1]_.

A network returns the log probabilities of all labels and of the blank for each frame. A
path has one symbol, a label or the blank, for each frame. Its labels are what is left
if repeated symbols are merged and blanks are removed. The probability of labels is the
sum of the probabilities of all their paths.

References
----------
.. [1] A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, "Connectionist Temporal
   Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks",
   ICML 2006, 369-376.
"""

from typing import NamedTuple

import torch
from torch.nn.functional import ctc_loss

# Code of the blank. The codes of labels follow it.
BLANK = 0
# An odd number that spreads the keys of prefixes over all integers of 64 bits.
KEY_FACTOR = 6364136223846793005


def frame_logs(outputs, n_frames):
    """Return the log probabilities of the symbols of each frame.

    Parameters
    ----------
    outputs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Outputs of a network. Frames of padding come first.
    n_frames : torch.Tensor of int64 of shape (n_windows,)
        Number of real frames of each window.

    Returns
    -------
    logs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Natural logarithms. Frames of padding are blank with certainty, so they do not
        change the probability of any labels.
    """
    n_all, n_symbols = outputs.shape[1:]
    steps = torch.arange(n_all, device=outputs.device)
    is_real = steps >= n_all - n_frames[:, None]
    blank = outputs.new_full((n_symbols,), -torch.inf)
    blank[BLANK] = 0.0
    return outputs.log_softmax(2).where(is_real[:, :, None], blank)


def ctc_losses(logs, codes):
    """Return the negative log probability of the labels of each window, (n_windows,).

    Parameters
    ----------
    logs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Log probabilities, as :func:`frame_logs` returns them.
    codes : torch.Tensor of int64 of shape (n_windows, n_labels)
        Codes of the labels, with blanks after the last one.
    """
    n_windows, n_frames, _ = logs.shape
    lengths = codes.new_full((n_windows,), n_frames)
    n_codes = (codes != BLANK).sum(1)
    frames_first = logs.transpose(0, 1)
    return ctc_loss(frames_first, codes, lengths, n_codes, BLANK, reduction="none")


def n_frames_needed(codes):
    """Return the fewest frames that labels can have, (n_windows,).

    A path has at least one frame for each label, and a blank between equal labels.
    """
    is_repeated = (codes[:, 1:] == codes[:, :-1]) & (codes[:, 1:] != BLANK)
    return (codes != BLANK).sum(1) + is_repeated.sum(1)


def labels_of_best_paths(logs):
    """Return the labels of the most probable path of each window.

    Parameters
    ----------
    logs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Log probabilities, as :func:`frame_logs` returns them.

    Returns
    -------
    labels : list of list of int
        Codes of the labels of each window.
    """
    paths = logs.argmax(2)
    is_new = paths != BLANK
    is_new[:, 1:] &= paths[:, 1:] != paths[:, :-1]
    return [path[kept].tolist() for path, kept in zip(paths, is_new, strict=True)]


class Prefixes(NamedTuple):
    """The most probable prefixes of the labels of windows, (n_windows, width) each.

    The probability of a prefix is the sum over its paths up to a frame. Places without
    a prefix have the probability 0.
    """

    ends_blank: torch.Tensor  # log probability of the paths that end with a blank
    ends_label: torch.Tensor  # log probability of the paths that end with a label
    last: torch.Tensor  # code of the last label, the blank for no label
    key: torch.Tensor  # number that stands for the prefix
    parent_key: torch.Tensor  # key of the prefix without the last label

    @classmethod
    def empty(cls, logs, width):
        """Return the prefix without labels for each window."""
        n_windows = len(logs)
        never = logs.new_full((n_windows, width), -torch.inf)
        ends_blank = never.clone()
        ends_blank[:, 0] = 0.0
        codes = torch.zeros(n_windows, width, dtype=torch.int64, device=logs.device)
        return cls(ends_blank, never, codes, codes + 1, codes)

    @property
    def totals(self):
        """Log probability of each prefix."""
        return torch.logaddexp(self.ends_blank, self.ends_label)

    def advance(self, logs):
        """Read a frame.

        Parameters
        ----------
        logs : torch.Tensor of shape (n_windows, n_symbols)
            Log probabilities of the symbols of the frame.

        Returns
        -------
        prefixes : Prefixes
            The most probable prefixes up to this frame, the best one first.
        places : torch.Tensor of int64 of shape (n_windows, width)
            The place of the prefix before the frame that each of them continues.
        codes : torch.Tensor of int64 of shape (n_windows, width)
            Code of the label that the frame adds to the prefix; the blank for none.
        """
        width, n_symbols = self.last.shape[1], logs.shape[1]
        ends_blank = self.totals + logs[:, BLANK, None]
        ends_label, longer = self._merge(
            self.ends_label + logs.gather(1, self.last), self._longer(logs), n_symbols
        )
        candidates = torch.cat([torch.logaddexp(ends_blank, ends_label), longer], 1)
        totals, chosen = candidates.topk(width, 1)
        is_same = chosen < width
        places = chosen.where(is_same, (chosen - width) // n_symbols)
        codes = ((chosen - width) % n_symbols).where(~is_same, BLANK)
        key = self.key.gather(1, places)
        prefixes = Prefixes(
            ends_blank.gather(1, places).where(is_same, -torch.inf),
            ends_label.gather(1, places).where(is_same, totals),
            self.last.gather(1, places).where(is_same, codes),
            key.where(is_same, key * KEY_FACTOR + codes),
            self.parent_key.gather(1, places).where(is_same, key),
        )
        return prefixes, places, codes

    def _longer(self, logs):
        """Return the log probabilities of the prefixes with each symbol after them.

        They have shape (n_windows, width * n_symbols). A blank is not added.
        """
        longer = self.totals[:, :, None] + logs[:, None]
        # The same label once more is only a new label after a blank.
        after_blank = self.ends_blank + logs.gather(1, self.last)
        longer.scatter_(2, self.last[:, :, None], after_blank[:, :, None])
        longer[:, :, BLANK] = -torch.inf
        return longer.flatten(1)

    def _merge(self, ends_label, longer, n_symbols):
        """Merge the longer prefixes that are prefixes already.

        Parameters
        ----------
        ends_label : torch.Tensor of shape (n_windows, width)
            Log probabilities of the paths that end with the last label.
        longer : torch.Tensor of shape (n_windows, width * n_symbols)
            Log probabilities of the prefixes with each symbol after them.
        n_symbols : int
            Number of symbols.

        Returns
        -------
        ends_label, longer : torch.Tensor
            The log probabilities, in which no prefix is twice.
        """
        exists = self.totals > -torch.inf
        is_parent = self.key[:, :, None] == self.parent_key[:, None]
        is_parent &= exists[:, :, None] & exists[:, None]
        has_parent = is_parent.any(1)
        # Position among the longer prefixes. At 0 is a blank, which is not added.
        source = is_parent.int().argmax(1) * n_symbols + self.last
        source = source.where(has_parent, 0)
        gained = longer.gather(1, source).where(has_parent, -torch.inf)
        return (
            torch.logaddexp(ends_label, gained),
            longer.scatter(1, source, -torch.inf),
        )


@torch.inference_mode()
def search(logs, width):
    """Search for the most probable labels of each window: prefix beam search [1]_.

    Parameters
    ----------
    logs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Log probabilities, as :func:`frame_logs` returns them.
    width : int
        Number of prefixes to keep after each frame.

    Returns
    -------
    found : list of list of tuple
        Pairs of labels, a list of codes, and their log probability for each window. The
        most probable labels come first, and there are at most `width` pairs. The log
        probability is a lower bound, because paths of other prefixes are left out.

    References
    ----------
    .. [1] A. Y. Hannun, A. L. Maas, D. Jurafsky and A. Y. Ng, "First-Pass Large
       Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs",
       arXiv:1408.2873, 2014.
    """
    prefixes, history = Prefixes.empty(logs, width), []
    for frame in logs.unbind(1):
        prefixes, *step = prefixes.advance(frame)
        history.append(step)
    n_windows = len(logs)
    place = torch.arange(width, device=logs.device).expand(n_windows, width)
    codes = []
    for places, added in reversed(history):
        codes.append(added.gather(1, place))
        place = places.gather(1, place)
    codes = torch.stack(codes[::-1], 2).cpu().numpy()
    totals = prefixes.totals.cpu().numpy()
    return [
        [
            (row[row != BLANK].tolist(), total)
            for row, total in zip(rows, of_window, strict=True)
            if total > -torch.inf
        ]
        for rows, of_window in zip(codes, totals.tolist(), strict=True)
    ]


@torch.inference_mode()
def align(logs, codes):
    """Find the most probable path of given labels: the Viterbi algorithm.

    Parameters
    ----------
    logs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Log probabilities, as :func:`frame_logs` returns them.
    codes : torch.Tensor of int64 of shape (n_windows, n_labels)
        Codes of the labels, with blanks after the last one. The number of frames must
        be sufficient for them, as :func:`n_frames_needed` counts them.

    Returns
    -------
    paths : torch.Tensor of int64 of shape (n_windows, n_frames)
        Code of the symbol of each frame.
    """
    # The states of a path: a blank, the first label, a blank, the second label, ...
    n_windows, n_labels = codes.shape
    symbols = codes.new_full((n_windows, 2 * n_labels + 1), BLANK)
    symbols[:, 1::2] = codes
    # A blank is only left out between different labels.
    may_skip = symbols[:, 2:] != BLANK
    may_skip &= symbols[:, 2:] != symbols[:, :-2]
    scores = logs.new_full(symbols.shape, -torch.inf)
    scores[:, 0] = 0.0  # before the first frame
    history = []
    for frame in logs.unbind(1):
        stays = scores
        moves, skips = (torch.full_like(scores, -torch.inf) for _ in range(2))
        moves[:, 1:] = scores[:, :-1]
        skips[:, 2:] = scores[:, :-2].where(may_skip, -torch.inf)
        best, n_states = torch.stack([stays, moves, skips]).max(0)
        scores = best + frame.gather(1, symbols)
        history.append(n_states)
    last = 2 * (codes != BLANK).sum(1, keepdim=True)
    # A path ends with the last label, or with the blank after it.
    ends = torch.cat([last, (last - 1).clamp(min=0)], 1)
    state = ends.gather(1, scores.gather(1, ends).argmax(1, keepdim=True))
    paths = []
    for n_states in reversed(history):
        paths.append(symbols.gather(1, state))
        state = state - n_states.gather(1, state)
    return torch.cat(paths[::-1], 1)
