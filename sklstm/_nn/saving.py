"""Weights of networks as arrays, for pickles."""

import torch

from sklstm._nn.runtime import resolve_device


def dtype_name(dtype):
    """Return the name of a torch.dtype, such as "float32"."""
    return str(dtype).removeprefix("torch.")


def named_dtype(name):
    """Return the torch.dtype of a name."""
    return getattr(torch, name)


def to_arrays(network):
    """Return a dict of arrays: copies of all weights of a network.

    The weights of a trained network are views of one tensor. If they were pickled as
    they are, each would be as large as all of them.
    """
    return {name: w.cpu().numpy().copy() for name, w in network.state_dict().items()}


def load_arrays(network, arrays, device):
    """Set the weights of a network to arrays.

    Parameters
    ----------
    network : torch.nn.Module
        Network to change in place.
    arrays : dict
        Weights, as :func:`to_arrays` returns them. They are copied, because they may be
        memory-mapped and read-only.
    device : str
        Device to move the network to, or the CPU if this machine has no such device.
    """
    try:
        device = resolve_device(device)
    except ValueError:
        device = torch.device("cpu")
    tensors = {name: torch.tensor(w, device=device) for name, w in arrays.items()}
    network.load_state_dict(tensors, assign=True)
