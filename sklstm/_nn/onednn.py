"""oneDNN, a library inside PyTorch: the parts of it that have no public name there.

PyTorch multiplies by way of Intel's MKL, which keeps instructions of 512 bits for
Intel's own processors; oneDNN uses them wherever they are. What it is used for depends
on the processor and on shapes alone, not on measurements: all processes on a machine go
the same way.
"""

import platform
import re
from functools import cache
from pathlib import Path

import torch

CPU_INFO = Path("/proc/cpuinfo")  # of Linux
# AMD's first family of processors that computes 512 bits at once (Zen 5).
WIDE_FAMILY = 26
# What is called here of `torch.ops.mkldnn` and `torch.ops.aten`.
OPERATIONS = "_linear_pointwise", "mkldnn_rnn_layer_backward"
# What oneDNN calls an LSTM, and the settings of its layers: one, in one direction.
LSTM = 2
NOT_REVERSED, ONE_LAYER, HAS_BIASES, ONE_DIRECTION = False, 1, True, False
STEPS_FIRST, ALL_AS_LONG = False, []


def is_wide():
    """Say whether oneDNN may be used, on a processor with instructions of 512 bits."""
    return torch.backends.mkldnn.enabled and _has_wide_onednn()


def is_wider_than_mkl():
    """Say whether the processor is one of those that are wide for oneDNN alone."""
    return is_wide() and _has_narrow_mkl()


@cache
def _has_wide_onednn():
    operations = torch.ops.mkldnn, torch.ops.aten
    return (
        torch.backends.cpu.get_cpu_capability().startswith("AVX512")
        and torch.backends.mkldnn.is_available()
        and all(map(hasattr, operations, OPERATIONS))
    )


@cache
def _has_narrow_mkl():
    """Say whether MKL multiplies, on a processor whose width it leaves unused."""
    has_mkl = torch.backends.mkl.is_available()
    return has_mkl and _amd_family(_processor()) >= WIDE_FAMILY


def product(left, right):
    """Multiply a matrix by another one.

    Parameters
    ----------
    left : torch.Tensor of shape (n_rows, n_between)
        A contiguous matrix in single precision.
    right : torch.Tensor of shape (n_between, n_columns)
        Another, or the transpose of one.

    Returns
    -------
    product : torch.Tensor of shape (n_rows, n_columns)
        A new matrix.
    """
    multiply = torch.ops.mkldnn._linear_pointwise.default
    return multiply(left, right.t(), None, "none", [], "")


def lstm_states(inputs, weights, recurrent_bias, zeros):
    """Run a layer of an LSTM, with a way back.

    Parameters
    ----------
    inputs : torch.Tensor of shape (n_timesteps, n_windows, n_inputs)
        Inputs in time order, in single precision.
    weights : CellWeights
        Weights of the cell.
    recurrent_bias : torch.Tensor of shape (4 * size,)
        Zeros: what is added to the bias.
    zeros : torch.Tensor of shape (1, n_windows, size)
        The state to begin with.

    Returns
    -------
    trail : tuple of torch.Tensor
        Hidden states (n_timesteps, n_windows, size), the last of them and of the memory
        (1, n_windows, size), and what the way back needs.
    """
    # Only with gradients enabled does it keep what the way back needs.
    with torch.enable_grad():
        return torch.mkldnn_rnn_layer(
            *(inputs, *weights[:3], recurrent_bias, zeros, zeros),
            *(NOT_REVERSED, ALL_AS_LONG, LSTM, zeros.shape[-1], ONE_LAYER, HAS_BIASES),
            *(ONE_DIRECTION, STEPS_FIRST, True),
        )


def lstm_gradients(inputs, weights, recurrent_bias, zeros, trail, d_states, d_last):
    """Propagate gradients from the states of a layer back to its inputs and weights.

    Parameters
    ----------
    inputs, weights, recurrent_bias, zeros
        As of :func:`lstm_states`.
    trail : tuple of torch.Tensor
        What that has returned.
    d_states : torch.Tensor of shape (n_timesteps, n_windows, size)
        Gradient of the loss by all hidden states.
    d_last : torch.Tensor of shape (1, n_windows, size)
        What the last state adds to it.

    Returns
    -------
    gradients : tuple of torch.Tensor
        By inputs, weights of inputs, recurrent weights and bias.
    """
    states, last, memory, workspace = trail
    return torch.ops.aten.mkldnn_rnn_layer_backward.default(
        *(inputs, *weights[:3], recurrent_bias, zeros, zeros),
        *(states, last, memory, d_states, d_last, zeros),
        *(NOT_REVERSED, LSTM, zeros.shape[-1], ONE_LAYER, HAS_BIASES, True),
        *(ONE_DIRECTION, ALL_AS_LONG, STEPS_FIRST, workspace),
    )[:4]


def _processor():
    """Describe the processor as the system does."""
    try:
        return CPU_INFO.read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return platform.processor()


def _amd_family(processor):
    """Read the family of an AMD processor from its description; 0 of any other."""
    family = re.search(r"family\s*:?\s*(\d+)", processor, re.IGNORECASE)
    return int(family[1]) if family and "AuthenticAMD" in processor else 0
