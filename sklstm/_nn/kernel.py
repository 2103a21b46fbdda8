"""A layer of LSTM cells by oneDNN's kernel, there and back."""

import torch
from torch.nn.functional import pad

from sklstm._nn import onednn
from sklstm._nn.cells import CellWeights

# Steps from which the kernel makes up for the tenth of a millisecond that it takes to
# start, and numbers in the gates of a step from which its products are the slower ones;
# as measured on a Zen 5.
FEW_STEPS, MANY_GATES = 12, 2**16
# It computes 16 units at a time, which is a waste on fewer of many windows.
FEW_UNITS, MANY_WINDOWS = 16, 65
# It keeps 64 bytes a state for the way back, and Linux takes what is freed back in
# pieces above 32 MB: from so many states on, they cost more anew than it saves.
MANY_STATES = 2**19


class KernelLSTM:
    """The LSTM with tanh, all of its steps at once.

    On a processor with wide instructions PyTorch's own kernel is ahead of steps that
    are taken one by one, unless they are few or large. It is called here without the
    books of autograd, which take a tenth of its time.

    Parameters
    ----------
    batch : Batch
        Kind of batch.
    """

    def __init__(self, batch):
        self.batch = batch
        self._given = self._trail = None  # to the kernel, and by it
        n_windows, n_timesteps, _, size, *_ = batch
        shape = n_timesteps, n_windows, size
        zeros = torch.zeros(shape, dtype=batch.dtype, device="cpu")
        self._no_slopes, self._no_state = zeros, zeros[:1]
        self._no_bias = zeros.new_zeros(4 * size)

    @staticmethod
    def suits(cell, batch):
        """Say whether this is the fastest way through batches of a kind."""
        n_states = batch.n_timesteps * batch.n_windows * batch.size
        return (
            (cell, batch.activation, batch.dtype) == ("lstm", "tanh", torch.float32)
            and not (batch.is_masked or batch.has_padding)
            and batch.n_timesteps >= FEW_STEPS
            and (batch.size >= FEW_UNITS or batch.n_windows < MANY_WINDOWS)
            and 0 < 4 * batch.size * batch.n_windows < MANY_GATES
            and n_states < MANY_STATES
            and onednn.is_wide()
        )

    @property
    def states(self):
        """Hidden states after every step, (n_timesteps, size, n_windows)."""
        return self._trail[0].transpose(1, 2)

    def run_forwards(self, inputs, weights, step_mask=None, mask=None):
        """Compute the states, as `Unrolled.run_forwards`.

        `step_mask` and `mask` are None in all batches that this suits.
        """
        with torch.inference_mode(False):  # the states may go on to autograd
            inputs, *weights = (part.detach() for part in (inputs, *weights[:3]))
            weights = CellWeights(*weights)
            if self.batch.n_inputs == 1:
                # Of a single input it adds up the gradient in an order that depends on
                # the number of threads; of two it does not.
                inputs, of_inputs = pad(inputs, (0, 1)), pad(weights.inputs, (0, 1))
                weights = weights._replace(inputs=of_inputs)
            inputs = inputs.transpose(0, 1).contiguous()
            self._given = inputs, weights, self._no_bias, self._no_state
            self._trail = onednn.lstm_states(*self._given)

    def run_backwards(self, weights, d_states, d_last, wants_d_inputs=False):
        """Go back, as `Unrolled.run_backwards`, but once."""
        no_slopes = self._no_slopes, self._no_state[0]
        d_states, d_last = (
            zeros if slopes is None else slopes.transpose(-1, -2).contiguous()
            for slopes, zeros in zip((d_states, d_last), no_slopes, strict=True)
        )
        # Autograd may have to go on with them, but not through them.
        with torch.inference_mode(False), torch.no_grad():
            d_inputs, by_inputs, *others = onednn.lstm_gradients(
                *self._given, self._trail, d_states, d_last[None]
            )
        # What is free by then is where the next states will lie.
        self._given = self._trail = None
        n_inputs = self.batch.n_inputs
        gradients = CellWeights(by_inputs[:, :n_inputs], *others)
        d_inputs = d_inputs[:, :, :n_inputs].transpose(1, 2)
        return gradients, d_inputs if wants_d_inputs else None
