"""The kinds of networks: how each is built, and how much work it takes.

To add a kind, write its class and a function that counts its multiplications, and
register both in `NETWORKS`. The class is a module whose `forward` accepts windows and
their padding and returns outputs. It has

- `start_training` and `end_training`, which set and release what only training needs;
- `pooled`, which returns one vector of `width` numbers per window;
- `step_weights`, which returns the attention weights;
- `head`, the linear layer that returns the outputs;
- `predicts_steps`, whether there are outputs for each step;
- `transitions`, the scores of the transitions between classes, or None;
- `widest`, the number of units of its widest layer;
- `plain_layers`, its layers if their gradient can be computed without autograd, else
  None.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from sklstm._nn import autoencoder, network


class NetworkKind(NamedTuple):
    """Kind of network: how to build one, and how to count its multiplications."""

    build: Callable[..., nn.Module]
    # Counts for one time step of one window, from the parameters of `build`.
    n_multiplications: Callable[[dict], int]


NETWORKS = {
    "recurrent": NetworkKind(network.RecurrentNetwork, network.n_multiplications),
    "autoencoder": NetworkKind(
        autoencoder.AutoencoderNetwork, autoencoder.n_multiplications
    ),
}


def make_network(kind, **parameters):
    """Build a network of a kind, a key of `NETWORKS`, with its parameters."""
    return NETWORKS[kind].build(**parameters)


def n_multiplications(kind, **parameters):
    """Count the multiplications of a network for one time step of one window.

    Parameters
    ----------
    kind : str
        A key of `NETWORKS`.
    **parameters : dict
        Parameters of the network.

    Returns
    -------
    n_multiplications : int
        Number of weights of the layers, without the biases.
    """
    return NETWORKS[kind].n_multiplications(parameters)
