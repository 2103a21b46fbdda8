"""Training of a language network by truncated backpropagation through time."""

import math

import torch
from torch.nn.functional import log_softmax

from sklstm._language.texts import kept_state, pieces
from sklstm._nn.batches import batches_by_length
from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.progress import LossBounds
from sklstm._nn.training import Trainer, mean_loss

# Gradients reach back through at most this many steps. Pieces are shorter if their
# outputs are more than `OUTPUT_NUMBERS` numbers, but not shorter than `FEWEST_STEPS`.
N_STEPS, FEWEST_STEPS, OUTPUT_NUMBERS = 128, 16, 2**24
# A sequence is cut if it is longer than this many pieces and than the share of all
# symbols that a row of a batch reads. Each part is then read from a state of zeros.
FEWEST_PIECES = 16


class TextTrainer(Trainer):
    """Language network that is trained on texts.

    The state is carried from piece to piece of a sequence, and the gradient is not:
    truncated backpropagation through time [1]_.

    Parameters
    ----------
    network, options, optimizer_state
        As in :class:`~sklstm._nn.training.Trainer`.
    training : Texts
        Texts to learn.
    validation : Texts or None
        Texts whose loss measures progress. If None, the training loss does.
    unknown_share : float
        Probability of the unknown symbol to learn, although the texts may have none.

    References
    ----------
    .. [1] R. J. Williams and J. Peng, "An Efficient Gradient-Based Algorithm for
       On-Line Training of Recurrent Network Trajectories", Neural Computation 2(4),
       1990, 490-501.
    """

    def __init__(
        self,
        network,
        training,
        validation,
        unknown_share,
        options,
        optimizer_state=None,
    ):
        super().__init__(network, options, optimizer_state)
        self.has_validation = validation is not None
        n_codes = len(network.embedding.vectors)
        self.n_steps = steps_of_piece(n_codes, options.batch_size)
        self.training = self._cut(training)
        self.validation = self._cut(validation) if self.has_validation else None
        self.unknown_share = unknown_share
        self._state = None

    def _cut(self, texts):
        """Cut very long texts, so that a batch reads several parts at once."""
        share = math.ceil(texts.n_symbols / self.options.batch_size)
        return texts.cut(max(share, FEWEST_PIECES * self.n_steps))

    def batches(self, generator):
        """Return an iterator over the pieces of all batches."""
        lengths = self.training.lengths.cpu()
        for rows in batches_of_rows(lengths, self.options.batch_size, generator):
            share, longest = self.processes.share(rows), int(lengths[rows[0]])
            yield from pieces(self.training, share, self.n_steps, longest)

    def train_on(self, batch):
        """Train on one piece; return its loss and its weight."""
        loss, total_weight = self._loss(batch, self.unknown_share)
        self.weights.set_gradient(loss)
        return self.update(loss.detach(), total_weight)

    def training_loss(self):
        """Compute the loss of the current weights on the training texts."""
        return self._evaluate(self.training, self.unknown_share)

    def validation_loss(self):
        """Compute the loss of the current weights on the validation texts."""
        return self._evaluate(self.validation, 0.0)

    def bounds(self):
        """Compute the loss of the shares of the symbols, and of perfect predictions."""
        return LossBounds.of_symbols(*self.training.targets)

    def _loss(self, piece, unknown_share):
        """Return the mean loss of a piece and its weight; keep the state after it."""
        n_rows = len(piece.targets)
        if piece.is_first:
            state = self.network.first_state(n_rows)
        else:
            state = kept_state(self._state, n_rows)
        outputs, self._state = self.network(piece.inputs, state)
        losses = symbol_losses(outputs, piece.targets, unknown_share)
        total_weight = piece.weights.sum()
        # A piece without weight adds nothing.
        smallest = torch.finfo(losses.dtype).tiny
        mean = (losses * piece.weights).sum() / total_weight.clamp(smallest)
        return mean, total_weight

    def _evaluate(self, texts, unknown_share):
        """Return the weighted mean loss of all symbols, without dropout."""
        self.network.eval()
        order = texts.lengths.argsort(descending=True, stable=True)
        with torch.inference_mode():
            return mean_loss(
                self._loss(piece, unknown_share)
                for rows in order.split(self.options.batch_size)
                for piece in pieces(texts, rows, self.n_steps)
            )


def steps_of_piece(n_codes, n_rows):
    """Return the largest number of steps of a piece."""
    return max(FEWEST_STEPS, min(N_STEPS, OUTPUT_NUMBERS // (n_rows * n_codes)))


def symbol_losses(outputs, targets, unknown_share):
    """Return the cross-entropy of each symbol, (n_sequences, n_steps).

    The target is the actual symbol and, with a probability of `unknown_share`, the
    unknown symbol.
    """
    logs = log_softmax(outputs, 2)
    actual = logs.gather(2, targets[:, :, None])[:, :, 0]
    return -torch.lerp(actual, logs[:, :, UNKNOWN], unknown_share)


def batches_of_rows(lengths, batch_size, generator):
    """Yield the positions of the sequences of each batch, in random order.

    A batch has sequences of similar length, the longest first.
    """
    n_batches = math.ceil(len(lengths) / batch_size)
    order = torch.randperm(len(lengths), generator=generator)
    # A batch at the end of one pool and the start of the next one is not sorted.
    for rows in batches_by_length(order, -lengths, n_batches, generator):
        yield rows[lengths[rows].argsort(descending=True, stable=True)]
