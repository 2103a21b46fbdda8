"""Private and undocumented functions of PyTorch, which are tried before they are used.

This is the only module that calls them. A later PyTorch may lack such a function or
change what it computes. Each function is therefore tried once, on tiny tensors, when it
is first needed: :func:`is_usable` compares it with public functions that compute the
same. If it does not pass, the public functions are used in its place.
"""

from functools import cache
from math import prod

import torch

from sklstm._nn.cells import CELLS, CellWeights

# Names of PyTorch's own layers (oneDNN or native on a CPU, cuDNN on a GPU).
PYTORCH_LAYERS = {
    ("lstm", "tanh"): "lstm",
    ("gru", "tanh"): "gru",
    ("rnn", "tanh"): "rnn_tanh",
    ("rnn", "relu"): "rnn_relu",
}

# Larger than rounding errors of TF32 and bfloat16, which users can allow.
TOLERANCE = 1e-2


@cache
def is_usable(function, public, example, *case):
    """Return whether a function computes the same as public ones.

    Parameters
    ----------
    function : callable
        Private or undocumented function, which may raise any error. It is tried once
        per process and case. It returns a tensor or a tuple of tensors.
    public : callable
        Function that computes the same up to rounding.
    example : callable
        ``example(*case)`` returns new arguments for both functions.
    *case
        What the answer may depend on, such as precision and device.

    Returns
    -------
    is_usable : bool
        True if the results agree.
    """
    try:
        with torch.no_grad():
            result, expected = (f(*example(*case)) for f in (function, public))
            return _are_close(result, expected)
    except Exception:  # nothing is known of how a private function fails
        return False


def _are_close(result, expected):
    """Return whether two tensors, or two tuples of tensors, agree."""
    if isinstance(expected, tuple):
        return all(_are_close(*pair) for pair in zip(result, expected, strict=True))
    # `torch.testing.assert_close` would import 500 modules.
    return result.shape == expected.shape and torch.allclose(
        result, expected, rtol=TOLERANCE, atol=TOLERANCE
    )


def onednn_product(left, right):
    """Return the product of two matrices, by oneDNN.

    Parameters
    ----------
    left : torch.Tensor of shape (n_rows, n_between)
        Contiguous matrix in single precision.
    right : torch.Tensor of shape (n_between, n_columns)
        Contiguous matrix, or the transpose of one.

    Returns
    -------
    product : torch.Tensor of shape (n_rows, n_columns)
        A new matrix.
    """
    multiply = torch.ops.mkldnn._linear_pointwise.default
    return multiply(left, right.t(), None, "none", [], "")


def product_example():
    """Return two matrices, to try :func:`onednn_product`."""
    return _values(2, 3), _values(3, 4)


def pytorch_states(cell, inputs, weights, activation):
    """Compute the hidden states of all steps by a layer of PyTorch.

    Parameters
    ----------
    cell, inputs, weights, activation
        As in :func:`sklstm._nn.cells.step_by_step`. Cell and activation are a key of
        `PYTORCH_LAYERS`.

    Returns
    -------
    states : torch.Tensor of shape (n_windows, n_timesteps, size)
        Hidden state after every step.
    """
    size = weights.recurrent.shape[1]
    recurrent_bias = torch.zeros_like(weights.bias)
    if weights.candidate_bias is not None:
        recurrent_bias = torch.cat([recurrent_bias[:-size], weights.candidate_bias])
    parts = [weights.inputs, weights.recurrent, weights.bias, recurrent_bias]
    if inputs.is_cuda:
        # cuDNN warns on every call unless the weights are in one piece of memory.
        flat = torch.cat([part.reshape(-1) for part in parts])
        views = flat.split([part.numel() for part in parts])
        parts = [view.view_as(part) for view, part in zip(views, parts, strict=True)]
    zeros = inputs.new_zeros(1, inputs.shape[0], size)
    needs_gradient = inputs.requires_grad or weights.inputs.requires_grad
    layer = getattr(torch, PYTORCH_LAYERS[cell, activation])
    return layer(
        inputs,
        (zeros, zeros) if cell == "lstm" else zeros,
        parts,
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=torch.is_grad_enabled() and needs_gradient,
        bidirectional=False,
        batch_first=True,
    )[0]


def layer_example(cell, activation, dtype, device):
    """Return inputs and weights of a layer, to try :func:`pytorch_states`."""
    n_windows, n_timesteps, n_inputs, size = 2, 3, 2, 2
    n_rows = CELLS[cell].n_gates * size
    shapes = [(n_rows, n_inputs), (n_rows, size), (n_rows,)]
    if CELLS[cell].has_candidate_bias:
        shapes.append((size,))
    inputs, *weights = (
        _values(*shape, dtype=dtype, device=device)
        for shape in [(n_windows, n_timesteps, n_inputs), *shapes]
    )
    return cell, inputs, CellWeights(*weights), activation


def fused_adam_update(
    values, gradient, mean, mean_square, n_steps, learning_rate, beta_1, beta_2, epsilon
):
    """Update weights by Adam in one pass.

    The parameters and results are those of :func:`sklstm._nn.optimizers.adam_update`.
    """
    torch._fused_adam_(
        [values],
        [gradient],
        [mean],
        [mean_square],
        [],
        [torch.tensor(float(n_steps), device=values.device)],
        lr=learning_rate,
        beta1=beta_1,
        beta2=beta_2,
        eps=epsilon,
        weight_decay=0.0,
        amsgrad=False,
        maximize=False,
    )
    return values, mean, mean_square


def adam_example(dtype, device):
    """Return weights, gradient and state, to try :func:`fused_adam_update`."""
    rows = [1.0, 2.0], [30.0, -20.0], [0.5, 0.3], [2.0, 1.0]
    tensors = (torch.tensor(row, dtype=dtype, device=device) for row in rows)
    return *tensors, 3, 1.0, 0.9, 0.999, 1e-8


def _values(*shape, dtype=torch.float32, device="cpu"):
    """Return a tensor of different numbers between -1 and 1."""
    numbers = torch.linspace(-1, 1, prod(shape), dtype=dtype, device=device)
    return numbers.view(shape)
