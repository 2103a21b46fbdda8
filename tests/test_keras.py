"""With the weights of Keras layers, our cells give the states of Keras layers."""

import os

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm._nn.cells import CellWeights, step_by_step
from sklstm._nn.hidden_states import hidden_states

N_INPUTS, SIZE = 2, 50

LAYERS = {
    ("lstm", "tanh"): "LSTM",
    ("lstm", "relu"): "LSTM",
    ("gru", "tanh"): "GRU",
    ("gru", "relu"): "GRU",
    ("rnn", "tanh"): "SimpleRNN",
    ("rnn", "relu"): "SimpleRNN",
}
N_GATES = {"lstm": 4, "gru": 3, "rnn": 1}

# Every twelfth unit of the last state of two windows, as Keras 3.15.1 with JAX 0.10.2
# computed them in single precision from `input_values` and `keras_weights`.
PUBLISHED = {
    ("lstm", "tanh"): [
        [0.01625365, 0.3701935, 0.5300362, 0.4853897, 0.450672],
        [0.2292844, 0.3672861, 0.4097606, 0.4985768, 0.4091375],
    ],
    ("lstm", "relu"): [
        [2.08651e-06, 4.256073e-05, 0.01406483, 0.924073, 4.214571],
        [2.399354e-05, 0.01088486, 0.7528763, 4.634553, 7.572918],
    ],
    ("gru", "tanh"): [
        [-0.3258424, 0.09646491, 0.02288423, -0.203928, -0.2147571],
        [-0.2151521, 0.02315022, -0.07553667, -0.2427294, -0.2522014],
    ],
    ("gru", "relu"): [
        [0.0002044529, 0.2764215, 0.5016267, 0.4160284, 0.2935083],
        [0.0, 0.2773304, 0.4373242, 0.3837011, 0.314067],
    ],
    ("rnn", "tanh"): [
        [-0.8635672, -0.5357825, 0.2891011, 0.8006634, 0.9153664],
        [-0.757375, -0.3903766, 0.2860709, 0.7206066, 0.8453659],
    ],
    ("rnn", "relu"): [
        [0.0, 0.0, 0.0, 0.8379294, 1.426917],
        [0.0, 0.0, 0.0, 0.5465351, 1.074001],
    ],
}


def waves(*shape, start=0):
    """Numbers in [-1, 1] that any program can compute: sines of 1, 2, 3 ..."""
    count = np.arange(start + 1, start + 1 + np.prod(shape))
    return np.sin(count).reshape(shape).astype(np.float32)


def input_values():
    return waves(2, 6, N_INPUTS, start=100)


def keras_weights(cell):
    """Weights of a layer as Keras stores them: kernel, recurrent kernel, bias."""
    columns = N_GATES[cell] * SIZE
    bias_shape = (2, columns) if cell == "gru" else (columns,)
    kernel, bias = waves(N_INPUTS, columns), waves(*bias_shape, start=300) / 5
    return kernel, waves(SIZE, columns, start=200) / 5, bias


def converted_weights(cell):
    """The same weights in our layout."""
    kernel, recurrent, bias = (torch.from_numpy(w) for w in keras_weights(cell))
    if cell != "gru":
        return CellWeights(kernel.T, recurrent.T, bias)
    # In Keras the update gate comes before the reset gate.
    order = torch.arange(3 * SIZE).view(3, SIZE)[[1, 0, 2]].flatten()
    kernel, recurrent, bias = kernel[:, order], recurrent[:, order], bias[:, order]
    of_inputs, of_hidden = bias
    both = torch.cat([(of_inputs + of_hidden)[: 2 * SIZE], of_inputs[2 * SIZE :]])
    return CellWeights(kernel.T, recurrent.T, both, of_hidden[2 * SIZE :])


def our_states(cell, activation):
    """Last states with gradients, in prediction, and step by step."""
    inputs, weights = torch.from_numpy(input_values()), converted_weights(cell)
    yield hidden_states(cell, inputs, weights, activation)[1]
    with torch.no_grad():
        yield hidden_states(cell, inputs, weights, activation)[1]
    yield step_by_step(cell, inputs, weights, activation)[:, -1]


@pytest.mark.parametrize(("cell", "activation"), PUBLISHED)
def test_states_are_those_published_with_keras(cell, activation):
    for states in our_states(cell, activation):
        expected = PUBLISHED[cell, activation]
        npt.assert_allclose(states[:, ::12], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("cell", "activation"), LAYERS)
def test_states_are_those_of_the_keras_that_is_installed(cell, activation, monkeypatch):
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layer = getattr(keras.layers, LAYERS[cell, activation])(SIZE, activation=activation)
    layer.build((None, None, N_INPUTS))
    layer.set_weights(keras_weights(cell))
    expected = layer(input_values()).detach().numpy()
    for states in our_states(cell, activation):
        scale = np.abs(expected).max()
        npt.assert_allclose(states / scale, expected / scale, atol=1e-5)
