"""Nodes of the layers of a network."""

import numpy as np

from sklstm._export.graph import FLOAT, INT32, INT64, to_array
from sklstm._export.windows import Steps, count_steps
from sklstm._nn.input_layers import PAIR_FACTOR, PAIR_MODULUS, UNKNOWN
from sklstm._nn.layers import Combined, Every, Last, Max, Mean

ZERO = np.float32(0)
LOWEST = np.finfo(np.float32).min
# What `torch.nn.functional.batch_norm` adds to variances.
EPSILON = 1e-5
# The operation of each cell, and the positions of its gates among ours.
OPERATIONS = {
    "lstm": ("LSTM", [0, 3, 1, 2]),  # input, output, forget, candidate
    "gru": ("GRU", [1, 0, 2]),  # update, reset, candidate
    "rnn": ("RNN", [0]),
}
# "Affine" is the identity if its factor is 1 and its offset 0.
ACTIVATIONS = {
    "tanh": "Tanh",
    "relu": "Relu",
    "logistic": "Sigmoid",
    "identity": "Affine",
}


def run_input_layers(graph, layers, windows):
    """Add the nodes of :class:`~sklstm._nn.input_layers.InputLayers`.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    layers : InputLayers
        Layers with their weights.
    windows : Steps
        Scaled windows.

    Returns
    -------
    inputs : Steps
        Inputs of the recurrent layers.
    to_pool : str
        Inputs of the pooling beside the recurrent layers.
    """
    pairs = None
    if layers.embedding is not None:
        codes = graph.op("Squeeze", graph.cast(windows.values, INT64), graph.ints(2))
        vectors = _embed(graph, layers.embedding.vectors, codes, windows)
        if layers.embedding.pair_vectors is not None:
            rows = _rows_of_pairs(graph, layers.embedding, codes)
            pairs = _embed(graph, layers.embedding.pair_vectors, rows, windows)
        windows = windows._replace(values=vectors)
    for convolution in layers.convolutions:
        windows = _convolve(graph, convolution, windows)
    to_pool = windows.values
    return windows, to_pool if pairs is None else graph.op("Add", to_pool, pairs)


def _embed(graph, vectors, rows, windows):
    """Add nodes that look vectors up, (n_windows, n_timesteps, size)."""
    vectors = graph.op("Gather", to_array(vectors), rows)
    return graph.where(windows.is_real, vectors, ZERO)


def _rows_of_pairs(graph, embedding, codes):
    """Add nodes that compute the row of the pair that ends at each step."""
    n_codes, n_pairs = len(embedding.vectors), len(embedding.pair_vectors)
    # The steps move by one, and the code of an unknown token comes first.
    before = graph.op("Pad", codes, graph.ints(0, 1, 0, -1), np.int64(UNKNOWN))
    pairs = graph.op("Add", graph.op("Mul", before, np.int64(n_codes)), codes)
    if n_codes**2 == n_pairs:
        return pairs
    hashes = graph.op("Mul", pairs, np.int64(PAIR_FACTOR))
    hashes = graph.op("Mod", hashes, np.int64(PAIR_MODULUS))
    return graph.op("Mod", hashes, np.int64(n_pairs))


def _convolve(graph, convolution, windows):
    """Add the nodes of a convolution with its normalization, ReLU and max-pooling."""
    channels = graph.op("Transpose", windows.values, perm=[0, 2, 1])
    parts = [
        graph.op("Conv", channels, kernel, bias, pads=_pads(kernel))
        for kernel, bias in _kernels(convolution)
    ]
    channels = parts[0] if len(parts) == 1 else graph.op("Concat", *parts, axis=1)
    states = graph.op("Transpose", graph.op("Relu", channels), perm=[0, 2, 1])
    windows = windows._replace(values=graph.where(windows.is_real, states, ZERO))
    return _max_pool(graph, windows, convolution.pool_size)


def _pads(kernel):
    """Return the number of zeros at both ends that keep the number of steps."""
    size = kernel.shape[2]
    return [(size - 1) // 2, size // 2]


def _kernels(convolution):
    """Return kernel and bias of each size, with the batch normalization in them."""
    kernels = [filters.kernel.detach().double() for filters in convolution.filters]
    biases = [filters.bias.detach().double() for filters in convolution.filters]
    if convolution.norm is not None:
        norm, sizes = convolution.norm, [len(bias) for bias in biases]
        factors = norm.scale.double() / (norm.variance.double() + EPSILON).sqrt()
        shifts = norm.shift.double() - factors * norm.mean.double()
        parts = [part.detach().split(sizes) for part in (factors, shifts)]
        for i, (factor, shift) in enumerate(zip(*parts, strict=True)):
            kernels[i] = kernels[i] * factor[:, None, None]
            biases[i] = biases[i] * factor + shift
    return [*zip(map(to_array, kernels), map(to_array, biases), strict=True)]


def _max_pool(graph, windows, size):
    """Add nodes that keep the maximum of each block, counted from the last step."""
    if size == 1:
        return windows
    values = _pool_blocks(graph, windows.values, size)
    is_real = _pool_blocks(graph, graph.cast(windows.is_real, FLOAT), size)
    is_real = graph.op("Greater", is_real, ZERO)
    return Steps(values, is_real, count_steps(graph, is_real))


def _pool_blocks(graph, values, size):
    """Add nodes that keep the maximum of each block of numbers that are not negative.

    The first block may have fewer steps. It is filled up with zeros.
    """
    channels = graph.op("Transpose", values, perm=[0, 2, 1])
    n_missing = graph.op("Neg", graph.size(channels, 2))
    n_missing = graph.op("Mod", n_missing, graph.ints(size))
    zeros = graph.ints(0, 0), graph.ints(0, 0, 0)
    pads = graph.op("Concat", zeros[0], n_missing, zeros[1], axis=0)
    channels = graph.op("Pad", channels, pads, ZERO)
    options = {"kernel_shape": [size], "strides": [size]}
    pooled = graph.op("MaxPool", channels, **options)
    return graph.op("Transpose", pooled, perm=[0, 2, 1])


def move_padding(graph, windows, *, to_end):
    """Add nodes that rotate the steps of each window.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    windows : Steps
        Windows, (n_windows, n_timesteps, width). The mask is not used.
    to_end : bool
        Whether padding moves from the start to the end. If False, from the end to the
        start.

    Returns
    -------
    values : str
        Rotated windows.
    """
    n_timesteps = graph.size(windows.values, 1)
    shifts = windows.lengths  # (n_windows, 1)
    if to_end:
        shifts = graph.op("Sub", n_timesteps, shifts)
    steps = graph.op("Add", graph.steps(windows.values, 1), shifts)
    steps = graph.unsqueeze(graph.op("Mod", steps, n_timesteps), 2)
    return graph.op("GatherND", windows.values, steps, batch_dims=1)


def run_stack(graph, stack, windows, wants_states):
    """Add the nodes of stacked recurrent layers.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    stack : LayerStack
        Layers with their weights.
    windows : Steps
        Inputs of the first layer.
    wants_states : bool
        Whether the states of all steps are needed, not only the last one.

    Returns
    -------
    states : str or None
        States of the last layer, (n_timesteps, n_windows, width). Padding is at the
        end. None if they are not needed.
    last : str
        State after the last step, (n_windows, width).
    """
    rotated = move_padding(graph, windows, to_end=True)
    inputs = graph.op("Transpose", rotated, perm=[1, 0, 2])
    lengths = graph.cast(graph.op("Squeeze", windows.lengths, graph.ints(1)), INT32)
    for layers in stack:
        states, last = _recurrent(graph, layers, inputs, lengths)
        if layers is stack[-1] and not wants_states:
            states = None
        else:
            states = graph.op("Transpose", states, perm=[0, 2, 1, 3])
            inputs = states = graph.op("Reshape", states, graph.ints(0, 0, -1))
    last = graph.op("Transpose", last, perm=[1, 0, 2])
    return states, graph.op("Reshape", last, graph.ints(0, -1))


def _recurrent(graph, layers, inputs, lengths):
    """Add the node of a recurrent layer of one or two directions.

    Returns
    -------
    states : str
        States, (n_timesteps, n_directions, n_windows, size), zero at padding.
    last : str
        Last states, (n_directions, n_windows, size).
    """
    first = layers[0]
    operation, gates = OPERATIONS[first.cell]
    n_activations = {"LSTM": 2, "GRU": 1, "RNN": 1}[operation]
    activations = ["Sigmoid"] if operation != "RNN" else []
    activations += [ACTIVATIONS[first.activation]] * n_activations
    activations *= len(layers)
    attributes = {"hidden_size": first.size, "activations": activations}
    n_affine = activations.count("Affine")
    if n_affine:
        attributes["activation_alpha"] = [1.0] * n_affine
        attributes["activation_beta"] = [0.0] * n_affine
    if operation == "GRU":
        # The reset gate scales the recurrent part after its product.
        attributes["linear_before_reset"] = 1
    if len(layers) == 2:
        attributes["direction"] = "bidirectional"
    weights = [_weights_of(layer, gates) for layer in layers]
    weights = [np.stack(parts) for parts in zip(*weights, strict=True)]
    return graph.op(operation, inputs, *weights, lengths, n_outputs=2, **attributes)


def _weights_of(layer, gates):
    """Return the weights of inputs and states, and the biases, in ONNX's order."""
    weights = [to_array(part) for part in (layer.inputs, layer.recurrent, layer.bias)]
    recurrent_bias = np.zeros_like(weights[2])
    if layer.candidate_bias is not None:
        recurrent_bias[-layer.size :] = to_array(layer.candidate_bias)
    parts = [_in_order(part, gates) for part in (*weights, recurrent_bias)]
    return *parts[:2], np.concatenate(parts[2:])


def _in_order(weights, gates):
    """Return weights, whose first axis holds the gates, with the gates in an order."""
    blocks = np.split(weights, len(gates))
    return np.concatenate([blocks[gate] for gate in gates])


def pool(graph, pooling, states, last, lengths, *, at_end=True):
    """Add the nodes of a pooling.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    pooling : Pooling
        Pooling with its weights.
    states : str or None
        States of all steps, (n_timesteps, n_windows, width). None if not needed.
    last : str or None
        Last states, (n_windows, width). None if not needed.
    lengths : str
        Number of real steps, int64 of shape (n_windows, 1).
    at_end : bool, default=True
        Whether padding is at the end, not at the start.

    Returns
    -------
    pooled : str
        Vectors, (n_windows, n_vectors * width). Without pooling, the states,
        (n_windows, n_timesteps, width), with padding at the start.
    """
    if isinstance(pooling, Last):
        return last
    if isinstance(pooling, Every):
        windows = graph.op("Transpose", states, perm=[1, 0, 2])
        return move_padding(graph, Steps(windows, "", lengths), to_end=False)
    if isinstance(pooling, Combined):
        parts = [
            pool(graph, part, states, last, lengths, at_end=at_end)
            for part in pooling.poolings
        ]
        return graph.op("Concat", *parts, axis=1)
    if isinstance(pooling, Mean):
        sums = graph.reduce("ReduceSum", states, 0)
        n_steps = graph.op("Max", graph.cast(lengths, FLOAT), np.float32(1))
        return graph.op("Div", sums, n_steps)
    is_real = _mask(graph, states, lengths, at_end)
    if isinstance(pooling, Max):
        greatest = graph.where(is_real, states, np.float32(-np.inf))
        greatest = graph.reduce("ReduceMax", greatest, 0)
        has_steps = graph.op("Greater", lengths, np.int64(0))
        return graph.where(has_steps, greatest, ZERO)
    return _attend(graph, pooling, states, is_real)


def _mask(graph, states, lengths, at_end):
    """Add nodes that find the real steps, (n_timesteps, n_windows, 1)."""
    steps = graph.unsqueeze(graph.steps(states, 0), 1, 2)
    lengths = graph.unsqueeze(lengths, 0)
    if at_end:
        return graph.op("Less", steps, lengths)
    n_padding = graph.op("Sub", graph.size(states, 0), lengths)
    return graph.op("GreaterOrEqual", steps, n_padding)


def _attend(graph, pooling, states, is_real):
    """Add the nodes of :class:`~sklstm._nn.layers.Attention`."""
    scores = graph.op("Tanh", graph.linear(states, pooling.project))
    scores = graph.op("MatMul", scores, to_array(pooling.query).T.copy())
    scores = graph.where(is_real, scores, LOWEST)
    weights = graph.op("Softmax", scores, axis=0)
    return graph.reduce("ReduceSum", graph.op("Mul", weights, states), 0)
