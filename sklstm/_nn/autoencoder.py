"""A network that puts a window into few numbers, and makes the window from these."""

from torch import nn

from sklstm._nn.masking import make_step_mask
from sklstm._nn.network import RecurrentNetwork, n_multiplications


class AutoencoderNetwork(nn.Module):
    """An encoder that reads a window to its end, and a decoder that tells it backwards.

    The decoder reads the code at every step and answers with the window from its last
    step to its first [1]_: the steps seen last come first, and what is near is learnt
    before what is far.

    Parameters
    ----------
    n_features : int
        Readings per time step.
    n_components : int
        Numbers that stand for a window.
    hidden_layer_sizes : tuple of int
        Widths of the encoder's recurrent layers; the decoder has them in reverse order.
    pooling : {"last", "mean", "max", "attention"}
        How the encoder's states become one vector, of which the code is a linear map.
    bidirectional : bool
        Whether the encoder also reads windows from their end.
    **settings : dict
        Other parameters of :class:`RecurrentNetwork`.

    References
    ----------
    .. [1] N. Srivastava, E. Mansimov and R. Salakhutdinov, "Unsupervised Learning of
       Video Representations using LSTMs", ICML 2015, arXiv:1502.04681.
    """

    answers_steps = True

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
        """The layer that answers."""
        return self.decoder.head

    @property
    def widest(self):
        """Width of the widest layer."""
        return max(self.encoder.widest, self.decoder.widest)

    def start_training(self, generator):
        """Get ready to be trained, with a generator for dropout on its own device."""
        for network in (self.encoder, self.decoder):
            network.start_training(generator)

    def end_training(self):
        """Let go of what only training needs."""
        for network in (self.encoder, self.decoder):
            network.end_training()
        self.eval()

    def forward(self, windows, n_padding=None):
        """Make every window from its code.

        Parameters
        ----------
        windows : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            Readings in time order; anything where a step does not exist.
        n_padding : torch.Tensor of shape (n_windows,) or None, default=None
            How many steps at the start of each window do not exist; None where all do.

        Returns
        -------
        outputs : torch.Tensor of shape (n_windows, n_timesteps, n_features)
            What the code remembers; of no meaning where a step does not exist.
        """
        return self.decode(self.encoder(windows, n_padding), windows.shape[1])

    def pooled(self, windows, n_padding=None):
        """Return the codes of windows, (n_windows, n_components)."""
        return self.encoder(windows, n_padding)

    def errors(self, windows, n_padding=None):
        """Mean squared error over steps that exist and features; NaN without any."""
        squares = (self(windows, n_padding) - windows).square().mean(2)
        step_mask = make_step_mask(windows.shape[1], n_padding)
        if step_mask is None:
            return squares.mean(1)
        return squares.where(step_mask, 0.0).sum(1) / step_mask.sum(1)

    def decode(self, codes, n_timesteps):
        """Make windows of a length from codes, (n_windows, n_timesteps, n_features)."""
        repeated = codes[:, None].expand(-1, n_timesteps, -1)
        return self.decoder(repeated).flip(1)


def make_network(n_components=None, **architecture):
    """Build the network of an architecture: an autoencoder if it has a code.

    Parameters
    ----------
    n_components : int or None, default=None
        Numbers that stand for a window; None for networks that answer targets.
    **architecture : dict
        Parameters of the network.
    """
    if n_components is None:
        return RecurrentNetwork(**architecture)
    architecture.pop("n_outputs")
    return AutoencoderNetwork(n_components=n_components, **architecture)


def n_multiplications_of(architecture):
    """Count the multiplications of one step of one window, both ways."""
    if architecture["n_components"] is None:
        return n_multiplications(architecture)
    decoder = architecture | {
        "n_features": architecture["n_components"],
        "hidden_layer_sizes": architecture["hidden_layer_sizes"][::-1],
        "bidirectional": False,
    }
    return n_multiplications(architecture) + n_multiplications(decoder)
