"""The network: windows in, one row of outputs per window out."""

from itertools import pairwise

import torch
from torch import nn

from sklstm._nn.autograd import Workspaces
from sklstm._nn.cells import CELLS, CellWeights
from sklstm._nn.hidden_states import hidden_states
from sklstm._nn.layers import Last, Linear, make_front, make_pooling
from sklstm._nn.masking import make_step_mask, reverse, zero_padding
from sklstm._nn.runtime import dropout_mask


class RecurrentLayer(nn.Module):
    """One layer of cells that reads a sequence in one direction.

    Parameters
    ----------
    n_inputs : int
        Numbers per time step.
    size : int
        Number of units.
    cell : {"lstm", "gru", "rnn"}
        Kind of cell.
    activation : str
        Activation of the cell.
    recurrent_dropout : float
        Share of hidden units that the gates do not see while training, the same ones
        at every step of a window [1]_.
    dtype : torch.dtype
        Precision of the weights.

    References
    ----------
    .. [1] Y. Gal and Z. Ghahramani, "A Theoretically Grounded Application of Dropout
       in Recurrent Neural Networks", NIPS 2016, 1027-1035.
    """

    def __init__(self, n_inputs, size, *, cell, activation, recurrent_dropout, dtype):
        super().__init__()
        self.size, self.cell, self.activation = size, cell, activation
        self.recurrent_dropout = recurrent_dropout
        self.workspaces = None
        rows = CELLS[cell].n_gates * size
        shapes = [(rows, n_inputs), (rows, size), (rows,)]
        if CELLS[cell].has_candidate_bias:
            shapes.append((size,))
        for name, shape in zip(CellWeights._fields, shapes, strict=False):
            weights = nn.Parameter(torch.empty(shape, dtype=dtype))
            self.register_parameter(name, weights)

    @property
    def weights(self):
        """The layer's weights as the cells take them."""
        candidate_bias = getattr(self, "candidate_bias", None)
        return CellWeights(self.inputs, self.recurrent, self.bias, candidate_bias)

    def forward(self, inputs, generator=None, step_mask=None, wants_states=True):
        """Return hidden states: of all steps, and of the last one read."""
        return hidden_states(
            self.cell,
            inputs,
            self.weights,
            self.activation,
            recurrent_mask=self.draw_dropout(inputs, generator),
            step_mask=step_mask,
            workspaces=self.workspaces,
            wants_states=wants_states,
        )

    def draw_dropout(self, inputs, generator):
        """Draw what the gates see the hidden state through; None for all of it."""
        if not (self.training and self.recurrent_dropout):
            return None
        shape = (len(inputs), self.size)
        return dropout_mask(shape, self.recurrent_dropout, inputs, generator)


class RecurrentNetwork(nn.Module):
    """Stacked recurrent layers, a pooling of their states and a linear head.

    A new network has no weights that mean anything: give it some with
    :func:`~sklstm._nn.initialization.initialize` or ``load_state_dict``.

    Parameters
    ----------
    n_features : int
        Readings per time step.
    n_outputs : int
        Numbers to answer with per window.
    hidden_layer_sizes : tuple of int
        Widths of the recurrent layers, first to last.
    cell : {"lstm", "gru", "rnn"}
        Kind of cell.
    activation : str
        Activation of the cells.
    bidirectional : bool
        Whether every layer also reads the window from its end, with other weights.
    pooling : {"last", "mean", "max", "attention"} or None
        How the states of all steps become one vector; None answers for every step.
    n_codes, embedding_size : int or None
        How many codes the windows hold, and the length of the vector of each; None for
        readings.
    conv_filters : tuple of int
        Widths of convolutions before the recurrent layers.
    conv_kernel_size : int
        Steps that each mixes.
    dropout : float
        Share of the numbers to drop between two layers while training, before the
        head too.
    recurrent_dropout : float
        Share of hidden units to hide from the gates while training.
    dtype : torch.dtype
        Precision of weights, windows and outputs.
    """

    def __init__(
        self,
        n_features,
        n_outputs,
        *,
        hidden_layer_sizes=(50,),
        cell="lstm",
        activation="tanh",
        bidirectional=False,
        pooling="last",
        n_codes=None,
        embedding_size=None,
        conv_filters=(),
        conv_kernel_size=3,
        dropout=0.0,
        recurrent_dropout=0.0,
        dtype=torch.float32,
    ):
        super().__init__()
        self.dropout = dropout
        self.generator = None
        of_codes = 1 if n_codes is None else embedding_size
        self.widest = max(*hidden_layer_sizes, *conv_filters, of_codes)
        n_directions = 2 if bidirectional else 1
        self.front, n_inputs = make_front(
            n_features, n_codes, embedding_size, conv_filters, conv_kernel_size, dtype
        )
        widths = [n_inputs, *(size * n_directions for size in hidden_layer_sizes)]
        self.layers = nn.ModuleList(
            nn.ModuleList(
                RecurrentLayer(
                    n_inputs,
                    width // n_directions,
                    cell=cell,
                    activation=activation,
                    recurrent_dropout=recurrent_dropout,
                    dtype=dtype,
                )
                for _ in range(n_directions)
            )
            for n_inputs, width in pairwise(widths)
        )
        self.pooling = make_pooling(pooling, widths[-1], dtype)
        self.answers_steps = pooling is None
        self.head = Linear(widths[-1], n_outputs, dtype)

    @property
    def is_plain_stack(self):
        """Whether all layers have one direction and the head reads the last state."""
        return (
            all(len(directions) == 1 for directions in self.layers)
            and not self.front
            and isinstance(self.pooling, Last)
        )

    @property
    def width(self):
        """Length of the vector that the head reads."""
        return self.head.weight.shape[1]

    def start_training(self, generator):
        """Get ready to be trained, with a generator for dropout on its own device."""
        self.generator = generator
        self._set_workspaces(Workspaces)

    def end_training(self):
        """Let go of what only training needs."""
        self.generator = None
        self.zero_grad(set_to_none=True)
        self._set_workspaces(lambda: None)
        self.eval()

    def _set_workspaces(self, make):
        """Give every layer buffers of its own to use over and over, or none."""
        for layers in self.layers:
            for layer in layers:
                layer.workspaces = make()

    def forward(self, windows, n_padding=None):
        """Answer for every window.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Readings in time order; anything where a step does not exist.
        n_padding : torch.Tensor of shape (n_windows,) or None, default=None
            How many steps at the start of each window do not exist; None where all do.

        Returns
        -------
        outputs : torch.Tensor of shape (n_windows[, n_timesteps], n_outputs)
            One row per window, or per step.
        """
        return self.head(self._drop(self.pooled(windows, n_padding)))

    def pooled(self, windows, n_padding=None):
        """Return what the head reads, (n_windows[, n_timesteps], width)."""
        step_mask = make_step_mask(windows.shape[1], n_padding)
        states, last = self.states(windows, step_mask, self.pooling.needs_states)
        return self.pooling(states, last, step_mask)

    def step_weights(self, windows, n_padding=None):
        """Return what attention pooling weighs steps by, (n_windows, n_timesteps)."""
        step_mask = make_step_mask(windows.shape[1], n_padding)
        states, _ = self.states(windows, step_mask)
        return self.pooling.step_weights(states, step_mask)

    def states(self, windows, step_mask=None, wants_all=True):
        """Run the recurrent layers.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            As of :meth:`forward`.
        step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
            Which steps exist, the last ones of each window; None where all do.
        wants_all : bool, default=True
            Whether the states of all steps are asked for, not just the last.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, width) or None
            Hidden states of the last layer, zero at steps that do not exist. None
            where nobody asked.
        last : torch.Tensor of shape (n_windows, width)
            Those that have seen the whole window: each direction's last.
        """
        # (n_windows, n_timesteps, width), layer by layer
        states = zero_padding(windows, step_mask)
        for layer in self.front:
            states = zero_padding(layer(states), step_mask)
        for number, directions in enumerate(self.layers, 1):
            wants_states = wants_all or number < len(self.layers)
            read = [self._read_forwards, self._read_backwards][: len(directions)]
            parts = [
                read_from(layer, states, step_mask, wants_states)
                for read_from, layer in zip(read, directions, strict=True)
            ]
            states, last = (
                _side_by_side(numbers) for numbers in zip(*parts, strict=True)
            )
            if number < len(self.layers):
                states = self._drop(states)
        return states, last

    def _read_forwards(self, layer, states, step_mask, wants_states):
        """Run a layer from the first step that exists to the last."""
        return layer(states, self.generator, step_mask, wants_states)

    def _read_backwards(self, layer, states, step_mask, wants_states):
        """Run a layer from the last step to the first that exists."""
        backwards = reverse(states, step_mask)
        states, last = layer(backwards, self.generator, step_mask, wants_states)
        return states if states is None else reverse(states, step_mask), last

    def draw_dropout(self, numbers):
        """Draw what to multiply with between layers; None where nothing is dropped."""
        if not (self.training and self.dropout):
            return None
        return dropout_mask(numbers.shape, self.dropout, numbers, self.generator)

    def _drop(self, numbers):
        """Drop a share of the numbers while training."""
        mask = self.draw_dropout(numbers)
        return numbers if mask is None else numbers * mask


def n_multiplications(parameters):
    """Count the multiplications of one time step of one window before the pooling.

    Parameters
    ----------
    parameters : dict
        Parameters of :class:`RecurrentNetwork`. Input layers that it does not have may
        be left out.

    Returns
    -------
    n_multiplications : int
        Number of weights of the layers, without the biases.
    """
    n_gates = CELLS[parameters["cell"]].n_gates
    n_directions = 2 if parameters["bidirectional"] else 1
    n_inputs, total = parameters["n_features"], 0
    if parameters.get("n_codes") is not None:
        n_inputs = parameters["embedding_size"]
    for n_filters in parameters.get("conv_filters", ()):
        total += n_filters * n_inputs * parameters["conv_kernel_size"]
        n_inputs = n_filters
    for size in parameters["hidden_layer_sizes"]:
        total += n_directions * n_gates * size * (n_inputs + size)
        n_inputs = n_directions * size
    return total


def _side_by_side(parts):
    """Join what the directions give, along the last axis."""
    if any(part is None for part in parts):
        return None
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
