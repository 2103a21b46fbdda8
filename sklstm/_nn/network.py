"""Recurrent network that maps windows to outputs, per window or per step."""

import torch
from torch import nn

from sklstm._nn.autograd import Workspaces
from sklstm._nn.crf import Transitions, log_marginals
from sklstm._nn.input_layers import InputLayers, kernel_sizes, one_per_layer
from sklstm._nn.layers import Last, Linear, make_pooling
from sklstm._nn.masking import make_step_mask
from sklstm._nn.runtime import dropout_mask
from sklstm._nn.stack import LayerStack, n_parts, n_weights


class RecurrentNetwork(nn.Module):
    """Stacked recurrent layers, a pooling of their states and a linear head.

    The weights of a new network are undefined. Set them by
    :func:`~sklstm._nn.initialization.initialize` or ``load_state_dict``.

    Parameters
    ----------
    n_features : int
        Number of features of a time step.
    n_outputs : int
        Number of outputs per window.
    hidden_layer_sizes : tuple of int
        Number of units of each recurrent layer, from first to last.
    cell : str
        Type of the layers, one of :data:`sklstm._nn.stack.CELL_NAMES`.
    activation : str
        Activation function of the cells.
    bidirectional : bool
        Whether each layer also reads the windows backward, with separate weights.
    pooling : {"last", "mean", "max", "attention"}, tuple of them or None
        How the hidden states of all time steps become one vector per window. The
        vectors of several poolings are concatenated. With None, there are outputs for
        each time step.
    n_codes, embedding_size : int or None
        Number of different tokens, and length of the vector of each. None for numeric
        features.
    conv_filters : tuple of int
        Number of filters of each convolutional layer in front of the recurrent layers.
    conv_kernel_size, conv_pool_size, batch_norm, embedding_pairs, embedding_dropout, \
            masking, masked_steps
        As in :class:`~sklstm._nn.input_layers.InputLayers`.
    conv_pooling : {"mean", "max"}, tuple of them or None
        How the outputs of the last convolution become one vector per window. Without
        convolutions, the vectors of tokens and of pairs are pooled. The head reads this
        vector beside that of `pooling` [1]_. With None, it only reads that of
        `pooling`.
    dropout : float
        Fraction of the outputs of each recurrent layer to drop during training. The
        outputs of the last layer are included.
    recurrent_dropout : float
        As in :func:`~sklstm._nn.stack.make_layer`.
    transitions : bool
        Whether the outputs of the steps are scores of classes, to which learned scores
        of the transitions between the classes are added. The weights of the transitions
        are then in the attribute `transitions`, which is None otherwise.
    seen_transitions : sequence of (int, int) or None
        Transitions that are possible. None for all transitions.
    dtype : torch.dtype
        Precision of weights, windows and outputs.

    References
    ----------
    .. [1] F. Karim et al., "LSTM Fully Convolutional Networks for Time Series
       Classification", IEEE Access 6, 2018, 1662-1669.
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
        conv_pool_size=1,
        conv_pooling=None,
        batch_norm=False,
        embedding_pairs=0,
        embedding_dropout=0.0,
        masking=0.0,
        masked_steps=1,
        dropout=0.0,
        recurrent_dropout=0.0,
        transitions=False,
        seen_transitions=None,
        dtype=torch.float32,
    ):
        super().__init__()
        self.dropout = dropout
        self.generator = None
        self.input_layers = InputLayers(
            n_features,
            n_codes=n_codes,
            embedding_size=embedding_size,
            embedding_pairs=embedding_pairs,
            embedding_dropout=embedding_dropout,
            conv_filters=conv_filters,
            conv_kernel_size=conv_kernel_size,
            conv_pool_size=conv_pool_size,
            batch_norm=batch_norm,
            masking=masking,
            masked_steps=masked_steps,
            dtype=dtype,
        )
        n_inputs = self.input_layers.width
        self.widest = max(*hidden_layer_sizes, self.input_layers.widest)
        self.layers = LayerStack(
            n_inputs,
            hidden_layer_sizes,
            cell=cell,
            activation=activation,
            bidirectional=bidirectional,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        width = self.layers.width
        self.pooling = make_pooling(pooling, width, dtype)
        self.conv_pooling = None
        width *= self.pooling.n_vectors
        if conv_pooling is not None:
            self.conv_pooling = make_pooling(conv_pooling, n_inputs, dtype)
            width += self.conv_pooling.n_vectors * n_inputs
        self.predicts_steps = pooling is None
        self.head = Linear(width, n_outputs, dtype)
        self.transitions = None
        if transitions:
            self.transitions = Transitions(n_outputs, seen_transitions, dtype)

    @property
    def plain_layers(self):
        """The recurrent layers, if the only other layer is a head on the last state.

        None if a layer has two directions, or if there are input layers or a pooling of
        all states.
        """
        is_plain = (
            all(len(directions) == 1 for directions in self.layers)
            and not len(self.input_layers)
            and not self.input_layers.masking
            and isinstance(self.pooling, Last)
        )
        return [layer for (layer,) in self.layers] if is_plain else None

    @property
    def width(self):
        """Length of the vector that the head reads."""
        return self.head.weight.shape[1]

    def layers_before_pooling(self):
        """Return the input layers and the recurrent layers, as one module."""
        layers = {"input_layers": self.input_layers, "layers": self.layers}
        return nn.ModuleDict(layers)

    def start_training(self, generator):
        """Prepare for training, with a generator for dropout on the same device."""
        self.generator = generator
        self.layers.set_workspaces(Workspaces)

    def end_training(self):
        """Release what only training needs."""
        self.generator = None
        self.requires_grad_(True)
        self.zero_grad(set_to_none=True)
        self.layers.set_workspaces(lambda: None)
        self.eval()

    def forward(self, windows, n_padding=None):
        """Compute the outputs for each window.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Values in time order. Values at padding steps are ignored.
        n_padding : torch.Tensor of shape (n_windows,) or None, default=None
            Number of padding steps at the start of each window. None for no padding.

        Returns
        -------
        outputs : torch.Tensor of shape (n_windows[, n_timesteps], n_outputs)
            One row per window, or per step.
        """
        return self.head(self._drop(self.pooled(windows, n_padding)))

    def pooled(self, windows, n_padding=None):
        """Return the input of the head, (n_windows[, n_timesteps], width)."""
        inputs, to_pool, step_mask = self._run_input_layers(windows, n_padding)
        states, last = self.states(inputs, step_mask, self.pooling.needs_states)
        pooled = self.pooling(states, last, step_mask)
        if self.conv_pooling is None:
            return pooled
        return torch.cat([pooled, self.conv_pooling(to_pool, None, step_mask)], -1)

    def log_marginals(self, windows, n_padding=None):
        """Return the log probabilities of the classes at each step, given all steps.

        Only for networks with transitions.
        """
        scores = self(windows, n_padding)
        return log_marginals(scores, self.transitions.scores, n_padding)

    def step_weights(self, windows, n_padding=None):
        """Return the attention weight of each step, (n_windows, n_timesteps)."""
        inputs, _, step_mask = self._run_input_layers(windows, n_padding)
        states, _ = self.states(inputs, step_mask)
        return self.pooling.step_weights(states, step_mask)

    def _run_input_layers(self, windows, n_padding):
        """Return the inputs of the recurrent layers and of `conv_pooling`, and a mask.

        The mask tells which steps are real, as in :class:`InputLayers`.
        """
        step_mask = make_step_mask(windows.shape[1], n_padding)
        return self.input_layers(windows, step_mask, self.generator)

    def states(self, inputs, step_mask=None, wants_states=True):
        """Compute the states of the last recurrent layer.

        Parameters
        ----------
        inputs : torch.Tensor of shape (n_windows, n_timesteps, n_inputs)
            Inputs of the first recurrent layer, zero at padding steps.
        step_mask : torch.Tensor of bool of shape (n_windows, n_timesteps) or None
            True where a step is real. Padding is at the start of a window. None if
            there is no padding.
        wants_states : bool, default=True
            Whether to return the states of all steps, not only the last one.

        Returns
        -------
        states : torch.Tensor of shape (n_windows, n_timesteps, width) or None
            Hidden states, zero at padding steps. None if `wants_states` is False.
        last : torch.Tensor of shape (n_windows, width)
            Hidden state of each direction after its last step.
        """
        options = self._drop, self.generator, step_mask, wants_states
        return self.layers(inputs, *options)

    def draw_dropout(self, states):
        """Draw the mask of dropout after a layer; None if nothing is dropped."""
        if not (self.training and self.dropout):
            return None
        return dropout_mask(states.shape, self.dropout, states, self.generator)

    def _drop(self, states):
        """Apply dropout during training."""
        mask = self.draw_dropout(states)
        return states if mask is None else states * mask


def n_multiplications(parameters):
    """Count the multiplications of one time step of one window before the pooling.

    Parameters
    ----------
    parameters : dict
        Parameters of :class:`RecurrentNetwork`. Those of embedding and convolutions may
        be left out if the network has no such layers.

    Returns
    -------
    n_multiplications : int
        Number of weights of the layers, without the biases.
    """
    cell = parameters["cell"]
    n_directions = n_parts(cell, parameters["bidirectional"])
    n_inputs, total = parameters["n_features"], 0
    if parameters.get("n_codes") is not None:
        n_inputs = parameters["embedding_size"]
    n_steps = 1.0  # that are left of one time step by max-pooling
    filters = parameters.get("conv_filters", ())
    sizes = kernel_sizes(parameters.get("conv_kernel_size"), len(filters))
    pool_sizes = one_per_layer(parameters.get("conv_pool_size", 1), len(filters))
    for n_filters, size, pool_size in zip(filters, sizes, pool_sizes, strict=True):
        total += n_steps * n_filters * n_inputs * sum(size)
        n_inputs, n_steps = n_filters * len(size), n_steps / pool_size
    for size in parameters["hidden_layer_sizes"]:
        total += n_steps * n_directions * n_weights(cell, n_inputs, size)
        n_inputs = n_directions * size
    return round(total)
