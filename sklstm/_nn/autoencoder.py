"""A network that compresses each window into a few numbers and reconstructs it."""

import torch
from torch import nn

from sklstm._nn import network
from sklstm._nn.masking import make_step_mask
from sklstm._nn.network import RecurrentNetwork


class AutoencoderNetwork(nn.Module):
    """Recurrent encoder and decoder with a few components between them.

    The encoder maps a window to its components. The decoder reads the components at
    every step and reconstructs the window from its last step to its first [1]_. This
    order is easier to learn, because the decoder starts with the steps that the encoder
    has read most recently, and short dependencies are learned before long ones.

    Parameters
    ----------
    n_features : int
        Number of features per time step.
    n_components : int
        Number of components of each window.
    hidden_layer_sizes : tuple of int
        Number of units of each recurrent layer of the encoder. The decoder has the same
        numbers in reverse order.
    pooling : {"last", "mean", "max", "attention"}
        How the hidden states of the encoder become one vector. The components are a
        linear map of this vector.
    bidirectional : bool
        Whether the encoder also reads the windows backward.
    **settings : dict
        Other parameters of :class:`RecurrentNetwork`, for encoder and decoder.

    References
    ----------
    .. [1] N. Srivastava, E. Mansimov and R. Salakhutdinov, "Unsupervised Learning of
       Video Representations using LSTMs", ICML 2015, arXiv:1502.04681.
    """

    predicts_steps = True
    plain_layers = None  # the encoder and the decoder are not one stack
    transitions = None

    def __init__(
        self,
        n_features,
        n_components,
        *,
        hidden_layer_sizes=(50,),
        pooling="last",
        bidirectional=False,
        **settings,
    ):
        super().__init__()
        self.width = n_components
        self.encoder = RecurrentNetwork(
            n_features,
            n_components,
            hidden_layer_sizes=hidden_layer_sizes,
            pooling=pooling,
            bidirectional=bidirectional,
            **settings,
        )
        self.decoder = RecurrentNetwork(
            n_components,
            n_features,
            hidden_layer_sizes=hidden_layer_sizes[::-1],
            pooling=None,
            **settings,
        )

    @property
    def head(self):
        """The linear layer that returns the outputs."""
        return self.decoder.head

    @property
    def widest(self):
        """Number of units of the widest layer."""
        return max(self.encoder.widest, self.decoder.widest)

    def start_training(self, generator):
        """Prepare for training, with a generator for dropout on the same device."""
        for part in (self.encoder, self.decoder):
            part.start_training(generator)

    def end_training(self):
        """Release what only training needs."""
        for part in (self.encoder, self.decoder):
            part.end_training()
        self.eval()

    def forward(self, windows, n_padding=None):
        """Reconstruct windows from their components.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Windows in time order. The values of padding steps are ignored.
        n_padding : torch.Tensor of shape (n_windows,) or None, default=None
            Number of padding steps at the start of each window. If None, there are
            none.

        Returns
        -------
        outputs : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Reconstructed windows. The values at padding steps have no meaning.
        """
        return self.decode(self.encoder(windows, n_padding), windows.shape[1])

    def pooled(self, windows, n_padding=None):
        """Return the components of windows, (n_windows, n_components)."""
        return self.encoder(windows, n_padding)

    def step_weights(self, windows, n_padding=None):
        """Return the attention weight of each step in the encoder."""
        return self.encoder.step_weights(windows, n_padding)

    def errors(self, windows, n_padding=None):
        """Return the mean squared error of each window; NaN if it is all padding."""
        # Differences are limited so that sums of their squares are finite.
        limit = torch.finfo(windows.dtype).max ** 0.25
        differences = (self(windows, n_padding) - windows).clamp_(-limit, limit)
        squares = differences.square().mean(2)
        step_mask = make_step_mask(windows.shape[1], n_padding)
        if step_mask is None:
            return squares.mean(1)
        return squares.where(step_mask, 0.0).sum(1) / step_mask.sum(1)

    def decode(self, components, n_timesteps):
        """Decode components to windows, (n_windows, n_timesteps, n_features)."""
        repeated = components[:, None].expand(-1, n_timesteps, -1)
        return self.decoder(repeated).flip(1)


def n_multiplications(parameters):
    """Count the multiplications of encoder and decoder for one step of one window.

    Parameters
    ----------
    parameters : dict
        Parameters of :class:`AutoencoderNetwork`.

    Returns
    -------
    n_multiplications : int
        Number of weights of all layers before the pooling, without the biases.
    """
    decoder = parameters | {
        "n_features": parameters["n_components"],
        "hidden_layer_sizes": parameters["hidden_layer_sizes"][::-1],
        "bidirectional": False,
    }
    return network.n_multiplications(parameters) + network.n_multiplications(decoder)
