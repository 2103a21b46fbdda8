"""Label sequences: how y is read, and how codes become labels again."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch

from sklstm._core.scaling import identity_scale
from sklstm._core.targets import Task
from sklstm._input.arrays import unwrap
from sklstm._input.plain import saved_as
from sklstm._nn.ctc import n_frames_needed
from sklstm._transcription.decoding import pad_codes

# A label has this many times the steps of the longest stretch to hide in training.
LABEL_TO_STRETCH = 3
# How many pairs a message lists.
N_LISTED = 3


@saved_as("transcription")
@dataclass(frozen=True)
class Transcription(Task):
    """Task to predict the labels of a sequence, whose times are not known."""

    labels: np.ndarray  # sorted labels; their codes start with 1, after the blank
    is_text: bool  # whether label sequences are strings

    loss = {"name": "ctc"}
    has_fixed_width = False

    @classmethod
    def of(cls, y, labels=None):
        """Return the task for y; `labels` are all possible labels."""
        sequences, is_text = read_label_sequences(y)
        if labels is not None:
            return cls(read_labels(labels), is_text)
        labels = sorted({label for sequence in sequences for label in sequence})
        if not labels:
            raise ValueError(
                "No sequence of y has a label, so there is nothing to learn. Pass at "
                "least one label."
            )
        return cls(np.array(labels), is_text)

    def read(self, y, windows):
        """Read label sequences as targets.

        Parameters
        ----------
        y : array-like of label sequences
            One label sequence for each window.
        windows : Windows
            Windows that they belong to.

        Returns
        -------
        targets : ndarray of shape (n_windows, 1 + n_labels)
            Number of time steps of each window, the codes of its labels, and zeros
            after the last label.

        Raises
        ------
        ValueError
            If y has other labels than the task, or more labels than time steps.
        """
        n_steps = np.full(len(windows.values), windows.values.shape[1])
        if windows.n_padding is not None:
            n_steps -= windows.n_padding
        return np.column_stack([n_steps, self.encode(y, n_steps)]).astype(np.float64)

    def encode(self, y, n_frames):
        """Convert label sequences to codes.

        Parameters
        ----------
        y : array-like of label sequences
            One label sequence for each window.
        n_frames : ndarray of int of shape (n_windows,)
            Number of time steps of each window.

        Returns
        -------
        codes : ndarray of int of shape (n_windows, n_labels)
            Codes of the labels, with zeros after the last one.

        Raises
        ------
        ValueError
            As in :meth:`read`.
        """
        sequences = self.read_sequences(y)
        check_n_sequences(len(n_frames), sequences)
        code_of = {label: code for code, label in enumerate(self.labels.tolist(), 1)}
        unknown = sorted({x for s in sequences for x in s} - set(code_of), key=repr)
        if unknown:
            raise ValueError(
                f"y has the labels {unknown[:5]}, which are not among the labels seen "
                f"in fit, {self.labels.tolist()}. Drop the sequences with other labels."
            )
        codes = pad_codes([[code_of[label] for label in s] for s in sequences])
        check_possible(codes, n_frames)
        return codes

    def read_sequences(self, y):
        """Read y as lists of labels of the kind that the task has."""
        sequences, is_text = read_label_sequences(y)
        if is_text != self.is_text:
            kinds = "lists of labels", "strings"
            raise ValueError(
                f"The label sequences of y are {kinds[is_text]}, but those of fit were "
                f"{kinds[self.is_text]}. Pass sequences of the same kind."
            )
        return sequences

    def decode(self, codes):
        """Convert the codes of a sequence to a string, or to a list of labels."""
        labels = self.labels[np.asarray(codes, int) - 1].tolist()
        return "".join(labels) if self.is_text else labels

    def scale_of_targets(self, samples, x_scale):
        """Return a scale that leaves any number of targets as they are."""
        return identity_scale(1)

    def network_parameters(self, samples):
        """Return the parameters of the network that depend on the targets.

        The network has an output for each label and one for the blank, at each time
        step. Up to a third of the steps of a typical label are hidden at once.
        """
        n_steps = samples.weights @ samples.targets[:, 0]
        n_labels = samples.weights @ (samples.targets[:, 1:] > 0).sum(axis=1)
        steps_per_label = n_steps / n_labels if n_labels else 1.0
        return {
            "n_outputs": 1 + len(self.labels),
            "pooling": None,
            "masked_steps": max(1, round(steps_per_label / LABEL_TO_STRETCH)),
        }

    def fitted_attributes(self, samples):
        """Return the attribute with the labels."""
        return {"labels_": self.labels}


def read_label_sequences(y):
    """Read label sequences as lists of Python's strings or integers.

    Parameters
    ----------
    y : array-like of label sequences
        Strings, whose characters are the labels, or lists, tuples or 1-D arrays of
        labels, which are all strings or all integers. They may be empty.

    Returns
    -------
    sequences : list of list
        Labels of each sequence.
    is_text : bool
        Whether the sequences are strings.

    Raises
    ------
    ValueError
        If y does not hold label sequences of one kind.
    """
    y = unwrap(y, "y")
    if y is None or isinstance(y, str | bytes | dict | set) or not np.iterable(y):
        raise ValueError(
            "y must be a list with one label sequence, such as a string, for each "
            f"sequence of X, got {_describe(y)}. Pass a single label sequence as a "
            "list, [y]."
        )
    y = _texts_of_column(y)
    sequences = [_as_labels(sequence, f"y[{i}]") for i, sequence in enumerate(y)]
    are_texts = {isinstance(sequence, str) for sequence in y}
    if len(are_texts) > 1:
        raise ValueError(
            "Some label sequences of y are strings and others are lists of labels. "
            "Pass only lists: [list(sequence) for sequence in y]."
        )
    types = {type(label) for sequence in sequences for label in sequence}
    if len(types) > 1:
        raise ValueError(
            "The labels in y must be all strings or all integers, but some are strings "
            "and others integers. Convert them to strings: [[str(label) for label in "
            "sequence] for sequence in y]."
        )
    return sequences, are_texts == {True}


def read_labels(labels):
    """Read the possible labels of a partial fit, and return them sorted."""
    labels = set(_as_labels(unwrap(labels, "labels"), "labels"))
    if not labels or len(set(map(type, labels))) > 1:
        raise ValueError(
            "labels must be at least one label, all strings or all integers, got "
            f"{_describe(labels)}. Pass all labels that may occur, such as 'abc' or "
            "[0, 1, 2]."
        )
    return np.array(sorted(labels))


def _texts_of_column(y):
    """Return the column of a table of texts; anything else as it is."""
    shape = np.shape(y) if hasattr(y, "shape") else ()
    if len(shape) != 2 or shape[1] != 1:
        return y
    column = np.asarray(y, dtype=object)[:, 0]
    return column if all(isinstance(text, str) for text in column) else y


def _as_labels(sequence, name):
    """Return the labels of a sequence as a list of Python's strings or integers."""
    is_1d = len(getattr(sequence, "shape", ())) == 1
    if not (is_1d or isinstance(sequence, str | list | tuple)):
        raise ValueError(
            f"{name} is {_describe(sequence)}, neither a string nor a list, tuple or "
            'array of labels. For a sequence without labels, pass "" or []. With one '
            "label for each sequence of X, use LSTMClassifier."
        )
    labels = []
    for label in sequence:
        if not isinstance(label, str | Integral):
            raise ValueError(
                f"{name} has the label {_describe(label)}. Labels are strings or "
                "integers: convert others with str or int."
            )
        labels.append(str(label) if isinstance(label, str) else int(label))
    return labels


def check_n_sequences(n_windows, sequences):
    """Raise unless there is a label sequence for each window."""
    if n_windows != len(sequences):
        raise ValueError(
            f"X has {n_windows} sequences, but y has {len(sequences)} label sequences. "
            "Pass one label sequence for each sequence of X."
        )


def check_possible(codes, n_frames):
    """Raise if a sequence has fewer time steps than its labels need.

    Parameters
    ----------
    codes : ndarray of int of shape (n_windows, n_labels)
        Codes of the labels, with zeros after the last one.
    n_frames : ndarray of int of shape (n_windows,)
        Number of time steps of each window.
    """
    needed = n_frames_needed(torch.from_numpy(codes)).numpy()
    impossible = np.flatnonzero(needed > n_frames)
    if not len(impossible):
        return
    listed = ", ".join(
        f"y[{i}] needs {needed[i]} time steps and X[{i}] has {n_frames[i]}"
        for i in impossible[:N_LISTED]
    )
    raise ValueError(
        f"{len(impossible)} label sequences are too long for their sequences of X: "
        f"{listed}{', ...' if len(impossible) > N_LISTED else ''}. Each label takes at "
        "least one time step, and one more between two equal labels. Drop these "
        f"sequences, whose positions are {impossible.tolist()}, or pass X with more "
        "time steps per second."
    )


def _describe(value):
    """Return the type and the first characters of a value."""
    return f"{type(value).__name__} {value!r:.60}"
