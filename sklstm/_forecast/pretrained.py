"""Weights that ship with the package: networks that mix base forecasts."""

from pathlib import Path

import numpy as np
import torch

from sklstm._forecast.bases import N_BASES, N_RECENT_FEATURES, N_SUMMARY
from sklstm._nn.mixture import MixtureNetwork

# Version of the bases, of the features and of the network that the weights belong to.
VERSION = 1
WEIGHTS = Path(__file__).with_name("weights.npz")


def load_networks(dtype=torch.float32):
    """Load the pretrained networks, which `tools/pretrain_forecaster.py` trained.

    Parameters
    ----------
    dtype : torch.dtype, default=torch.float32
        Precision of the networks.

    Returns
    -------
    networks : list of MixtureNetwork
        New networks with equal shapes and different weights.
    """
    with np.load(WEIGHTS, allow_pickle=False) as file:
        version, width, numbers = file["version"], file["width"], file["numbers"]
    if version != VERSION:
        raise RuntimeError(
            f"The pretrained weights are of version {version}, but version {VERSION} "
            "is needed. Install sklstm again."
        )
    networks = []
    for of_one in numbers.astype(np.float32):
        network = new_network(int(width))
        set_numbers(network, of_one)
        networks.append(network.to(dtype).eval())
    return networks


def new_network(width):
    """Return a network whose weights are not set yet."""
    return MixtureNetwork(N_BASES, N_SUMMARY, N_RECENT_FEATURES, width=width)


def to_numbers(network):
    """Return all weights of a network as one array."""
    parts = [part.detach().reshape(-1) for part in network.parameters()]
    return torch.cat(parts).numpy().copy()


def set_numbers(network, numbers):
    """Set all weights of a network from one array."""
    parameters = list(network.parameters())
    parts = torch.from_numpy(numbers).split([part.numel() for part in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.data.copy_(part.view_as(parameter))
