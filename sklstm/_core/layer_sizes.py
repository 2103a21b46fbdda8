"""Check the parameters that describe the layers of a network."""

from numbers import Integral

import numpy as np

from sklstm._nn.stack import TRANSFORMER, has_gates

CONV_POOLINGS = ("mean", "max")
POOLINGS = ("last", "mean", "max", "attention")


def check_layers(parameters):
    """Check the sizes and poolings of all layers, and convert them to tuples.

    Parameters
    ----------
    parameters : dict
        Parameters of :func:`~sklstm._nn.architecture.make_network`, as a user set them.

    Returns
    -------
    checked : dict
        The parameters. Sizes are tuples with one item per layer.

    Raises
    ------
    ValueError
        If a size is not a positive integer, if the number of sizes is not the number of
        layers, or if parameters contradict each other.
    """
    checked = dict(parameters)
    sizes = parameters["hidden_layer_sizes"]
    checked["hidden_layer_sizes"] = check_sizes(sizes, "hidden_layer_sizes")
    _check_poolings(parameters["pooling"], "pooling", POOLINGS)
    if "conv_filters" not in parameters:
        return checked
    filters = check_sizes(parameters["conv_filters"], "conv_filters")
    checked["conv_filters"] = filters
    _check_poolings(parameters["conv_pooling"], "conv_pooling", CONV_POOLINGS)
    for name in ("conv_kernel_size", "conv_pool_size"):
        checked[name] = _one_per_convolution(parameters[name], len(filters), name)
    _check_convolutions(checked)
    return checked


def as_poolings(pooling):
    """Return the names of all poolings, a tuple; empty without pooling."""
    if pooling is None:
        return ()
    return (pooling,) if isinstance(pooling, str) else tuple(pooling)


def check_sizes(sizes, name):
    """Check layer sizes and convert them to a tuple; an int means one layer."""
    layers = np.atleast_1d(np.asarray(sizes, dtype=object))
    is_empty = not len(layers) and name != "conv_filters"
    if is_empty or not all(isinstance(n, Integral) and n > 0 for n in layers):
        raise ValueError(
            f"{name} must be positive integers, got {sizes}. Pass one size per layer, "
            "such as (50,) or (64, 32)."
        )
    return tuple(int(size) for size in layers)


def check_cell(cell, sizes, activation="tanh", max_timescale=None):
    """Raise if the other parameters of the layers do not fit their cell.

    Parameters
    ----------
    cell, activation, max_timescale
        Parameters of the estimators.
    sizes : tuple of int
        Number of units of each layer.
    """
    if max_timescale is not None and not has_gates(cell):
        raise ValueError(
            f'max_timescale sets the gates of a cell, and cell="{cell}" has no gates. '
            'Choose cell="lstm" or "gru", or set max_timescale=None.'
        )
    if cell != TRANSFORMER:
        return
    if activation != "tanh":
        raise ValueError(
            f'activation="{activation}" is for recurrent cells, and the blocks of '
            'cell="transformer" always use GELU. Leave activation="tanh", which they '
            'ignore, or choose cell="lstm", "gru" or "rnn".'
        )
    if min(sizes) < 2:
        raise ValueError(
            f"hidden_layer_sizes={sizes} has a layer of one unit. The blocks of "
            'cell="transformer" scale their units to mean 0 and variance 1, so a '
            "single unit would be constant. Pass sizes of at least 2, such as (32,)."
        )


def _check_poolings(pooling, name, allowed):
    """Raise if a tuple of poolings is empty or has an unknown or repeated name."""
    names = as_poolings(pooling)
    is_valid = set(names) <= set(allowed) and len(set(names)) == len(names)
    if pooling is not None and not (names and is_valid):
        raise ValueError(
            f"{name}={pooling!r} must hold different names from {allowed}. Pass one of "
            f"them or a tuple, such as {allowed[:2]}."
        )


def _one_per_convolution(sizes, n_layers, name):
    """Return the sizes of each convolution; an int is the size for all."""
    if isinstance(sizes, Integral):
        sizes = (sizes,) * n_layers
    if len(sizes) != n_layers:
        raise ValueError(
            f"{name}={sizes} has {len(sizes)} items, but conv_filters has {n_layers}. "
            "Pass one item for each convolutional layer, or an int for all."
        )
    if name == "conv_pool_size":
        return check_sizes(sizes, name) if sizes else ()
    return tuple(check_sizes(size, name) for size in sizes)


def _check_convolutions(parameters):
    """Raise if the parameters of convolutions contradict each other."""
    has_input_layers = parameters["conv_filters"] or parameters["embedding_size"]
    if parameters["conv_pooling"] is not None and not has_input_layers:
        raise ValueError(
            f"conv_pooling={parameters['conv_pooling']!r} needs convolutional layers "
            "or an embedding. Set conv_filters, for example to (64,), or set "
            "conv_pooling=None."
        )
    has_bag = parameters["conv_pooling"] is not None and not parameters["conv_filters"]
    if parameters.get("embedding_pairs") and not has_bag:
        raise ValueError(
            f"embedding_pairs={parameters['embedding_pairs']} needs conv_pooling, and "
            'no convolutional layers. Set conv_pooling="mean" and conv_filters=(), or '
            "set embedding_pairs=0."
        )
    if parameters["pooling"] is not None:
        return
    if parameters["conv_pooling"] is not None:
        raise ValueError(
            "With pooling=None there are outputs for each time step, and conv_pooling "
            "has one vector per window. Set conv_pooling=None."
        )
    if set(parameters["conv_pool_size"]) - {1}:
        raise ValueError(
            "With pooling=None there are outputs for each time step, but "
            f"conv_pool_size={parameters['conv_pool_size']} leaves out time steps. Set "
            "conv_pool_size=1."
        )
