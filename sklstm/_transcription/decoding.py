"""From log probabilities of frames to label sequences and to the times of labels."""

import numpy as np
import torch

from sklstm._nn.ctc import BLANK, align, labels_of_best_paths, search

# Windows to decode at once. A search compares all pairs of its prefixes.
N_ROWS, PAIR_NUMBERS = 256, 2**24


class Frames:
    """Log probabilities of the symbols of each frame of windows.

    Parameters
    ----------
    logs : torch.Tensor of shape (n_windows, n_frames, n_symbols)
        Log probabilities, as :func:`~sklstm._nn.ctc.frame_logs` returns them.
    n_frames : torch.Tensor of int64 of shape (n_windows,)
        Number of real frames of each window, which are the last ones.
    """

    def __init__(self, logs, n_frames):
        self.logs, self.n_frames = logs, n_frames

    def blocks(self, n_rows=N_ROWS):
        """Yield the log probabilities of some windows, without common padding."""
        n_all = self.logs.shape[1]
        for logs, lengths in zip(
            self.logs.split(n_rows), self.n_frames.split(n_rows), strict=True
        ):
            yield logs[:, n_all - max(1, int(lengths.max())) :]

    def best(self, width):
        """Return the codes of the most probable labels of each window.

        Parameters
        ----------
        width : int
            Number of prefixes that a search keeps. With 1, the labels of the most
            probable path are returned.
        """
        if width == 1:
            return [
                codes for logs in self.blocks() for codes in labels_of_best_paths(logs)
            ]
        return [found[0][0] for found in self.n_best(width)]

    def n_best(self, width):
        """Return pairs of codes and log probabilities of each window, best first."""
        n_rows = min(N_ROWS, max(1, PAIR_NUMBERS // width**2))
        return [found for logs in self.blocks(n_rows) for found in search(logs, width)]

    def spans(self, codes):
        """Return where given labels are on the most probable path.

        Parameters
        ----------
        codes : ndarray of int of shape (n_windows, n_labels)
            Codes of the labels of each window, with zeros after the last one.

        Returns
        -------
        spans : list of list of tuple
            The code, the first frame and the frame after the last one for each label.
        """
        blocks = zip(self.blocks(), torch.from_numpy(codes).split(N_ROWS), strict=True)
        paths = [path.numpy() for block in blocks for path in align(*block)]
        lengths = self.n_frames.tolist()
        return [
            _runs(path[len(path) - length :])
            for path, length in zip(paths, lengths, strict=True)
        ]


def _runs(path):
    """Return the code, the start and the end of each run of a label in a path."""
    edges = np.flatnonzero(np.diff(path, prepend=BLANK, append=BLANK))
    starts, ends = edges[:-1], edges[1:]
    runs = zip(path[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
    return [run for run in runs if run[0] != BLANK]


def pad_codes(sequences):
    """Return the codes of sequences, (n_windows, n_labels), with zeros at the end."""
    codes = np.zeros((len(sequences), max(1, *map(len, sequences))), np.int64)
    for row, sequence in zip(codes, sequences, strict=True):
        row[: len(sequence)] = sequence
    return codes
