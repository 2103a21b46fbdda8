"""Choice of the method by which a layer and its gradient are computed.

The equations of a cell (:mod:`sklstm._nn.cells`) can be computed by several methods,
which agree up to rounding. This module chooses the fastest one for each case. In each
table, the first row that applies is used. Methods that need private or undocumented
functions of PyTorch are left out if these functions cannot be used, which
:func:`sklstm._nn.torch_compat.is_usable` finds out.

Hidden states of a layer, by :func:`choose_method`:

====== ==================== ======== ===================================== =========
device cell and activation  gradient other conditions                      method
====== ==================== ======== ===================================== =========
GPU    in PYTORCH_LAYERS    any      no recurrent dropout                  PYTORCH
GPU    any                  any                                            STEPWISE
CPU    not in HAND_DERIVED  any                                            STEPWISE
CPU    in HAND_DERIVED      yes                                            BPTT
CPU    in HAND_DERIVED      no       recurrent dropout                     BPTT
CPU    in PYTORCH_LAYERS    no       few windows                           PYTORCH
CPU    LSTM, tanh           no       float32, AVX-512, no padding, units   PYTORCH
                                     that fill vectors
CPU    in HAND_DERIVED      no                                             INFERENCE
====== ==================== ======== ===================================== =========

Windows are few if the layer computes at most these numbers. If there is padding, each
window counts twice, because a layer of PyTorch needs the padding at the end.

================================== =================================================
layer of PyTorch                   few windows
================================== =================================================
LSTM in float32, by oneDNN         FEW_STATES states of a step
any other                          FEW_WINDOWS windows, or gates of all steps that
                                   take FEW_GATE_BYTES bytes
================================== =================================================

Units fill vectors if they are a multiple of VECTOR, the numbers in 512 bits. If the
products of our own steps are computed in bfloat16, which oneDNN's LSTM does not do,
they are also at most FEW_UNITS.

Padding at the start of windows, by :func:`masks_padding`:

================================== =================================================
method                             padding
================================== =================================================
STEPWISE                           masked
INFERENCE or BPTT, if the          masked
activation maps zero to zero
otherwise                          moved behind the other steps
================================== =================================================

Gradient of a network, by :func:`skips_autograd`:

================================== =================================================
network                            gradient
================================== =================================================
on a CPU, with layers of one       hand-derived for the whole network
direction, a head on the last
state, no layers in front, cells
in HAND_DERIVED and activations
that map zero to zero
otherwise                          autograd, which calls the method of each layer
================================== =================================================

Arithmetic of INFERENCE and BPTT, by :func:`computes_tanh_by_sigmoid` and
:func:`multiplies_by_onednn`:

================================== =================================================
operation                          how
================================== =================================================
tanh, cell in EXACT_TANH_IN_DOUBLE ``tanh(x)``
and float64
tanh otherwise                     ``1 - 2 sigmoid(-2 x)``
matrix product of LARGE_PRODUCT    oneDNN
multiplications or more, float32,
a processor whose 512-bit
instructions MKL does not use
matrix product otherwise           ``torch.matmul``
================================== =================================================
"""

from enum import Enum, auto
from typing import NamedTuple

import torch

from sklstm._nn import onednn
from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.cells import CELLS, step_by_step
from sklstm._nn.torch_compat import (
    PYTORCH_LAYERS,
    is_usable,
    layer_example,
    onednn_product,
    product_example,
    pytorch_states,
)

# Cells with hand-derived gradients, in `sklstm._nn.bptt`.
HAND_DERIVED = {"lstm", "gru", "rnn"}

# Cells whose states lose digits in float64 if tanh is computed by a sigmoid. A simple
# recurrent network applies tanh to its state again at every step.
EXACT_TANH_IN_DOUBLE = {"rnn"}

# Up to these numbers, PyTorch's layers are faster than our own steps if no gradient is
# needed. Measured by `benchmarks/bench_cells.py --grid`.
FEW_STATES, FEW_WINDOWS, FEW_GATE_BYTES = 2**12, 4, 3 * 2**17
# oneDNN's LSTM computes vectors of 512 bits. Other numbers of units take much longer.
VECTOR, FEW_UNITS = 16, 64
# It is a third slower if the states of all steps are more than 1.6 million numbers, and
# slower if a block has very few windows.
BLOCK_STATES, FEWEST_IN_BLOCK = 2**20, 32

# oneDNN is faster for matrix products of at least this many multiplications.
LARGE_PRODUCT = 2**21


class Method(Enum):
    """Method to compute the states of a layer."""

    PYTORCH = auto()  # a layer of PyTorch, which autograd can differentiate
    INFERENCE = auto()  # our own steps, without a backward pass
    BPTT = auto()  # our own steps, with hand-derived gradients
    STEPWISE = auto()  # the published equations, differentiated by autograd


class Case(NamedTuple):
    """Layer and batch that the choice of a method depends on."""

    cell: str
    activation: str
    device: str  # type of the device, such as "cpu" or "cuda"
    dtype: torch.dtype
    n_windows: int
    n_timesteps: int
    size: int
    needs_gradient: bool
    has_padding: bool
    has_recurrent_mask: bool


def choose_method(case):
    """Return the fastest method for a layer.

    Parameters
    ----------
    case : Case
        Layer and batch.

    Returns
    -------
    method : Method
        See the table above.
    """
    if case.device != "cpu":
        return Method.PYTORCH if _has_pytorch_layer(case) else Method.STEPWISE
    if case.cell not in HAND_DERIVED:
        return Method.STEPWISE
    if case.needs_gradient or case.has_recurrent_mask:
        return Method.BPTT
    is_faster = _has_few_windows(case) or _fills_vectors(case)
    if is_faster and _has_pytorch_layer(case):
        return Method.PYTORCH
    return Method.INFERENCE


def _has_pytorch_layer(case):
    """Return whether PyTorch has a layer for a case, and it can be used."""
    layer = case.cell, case.activation
    return (
        layer in PYTORCH_LAYERS
        and not case.has_recurrent_mask
        and is_usable(
            pytorch_states, step_by_step, layer_example, *layer, case.dtype, case.device
        )
    )


def _is_for_onednn(case):
    """Return whether PyTorch computes a layer by oneDNN."""
    layer = case.cell, case.activation, case.dtype
    return layer == ("lstm", "tanh", torch.float32) and onednn.is_enabled()


def _has_few_windows(case):
    """Return whether a layer of PyTorch is faster because it starts few operations."""
    n_windows = 2 * case.n_windows if case.has_padding else case.n_windows
    n_states = n_windows * case.size
    if _is_for_onednn(case):
        return n_states <= FEW_STATES
    n_gates = CELLS[case.cell].n_gates * n_states * case.n_timesteps
    return n_windows <= FEW_WINDOWS or n_gates * case.dtype.itemsize <= FEW_GATE_BYTES


def _fills_vectors(case):
    """Return whether oneDNN's LSTM is faster, whatever the number of windows."""
    return (
        _is_for_onednn(case)
        and not case.has_padding
        and case.size % VECTOR == 0
        and onednn.is_wide()
        and not (case.size > FEW_UNITS and onednn.multiplies_in_bfloat16())
    )


def windows_per_block(device, n_timesteps, size):
    """Return how many windows a layer of PyTorch computes at once, None for all."""
    if device != "cpu":
        return None
    return max(FEWEST_IN_BLOCK, BLOCK_STATES // max(1, n_timesteps * size))


def masks_padding(method, activation):
    """Return whether a method accepts a step mask."""
    if method in (Method.INFERENCE, Method.BPTT):
        return ACTIVATIONS[activation].preserves_zero
    return method is Method.STEPWISE


def skips_autograd(device, plain_layers):
    """Return whether a network is differentiated without autograd.

    Parameters
    ----------
    device : str
        Type of the device, such as "cpu" or "cuda".
    plain_layers : list of RecurrentLayer or None
        Recurrent layers of a network that has only these, in one direction, and a
        linear head on the last state. None for any other network.
    """
    return (
        device == "cpu"
        and plain_layers is not None
        and all(layer.cell in HAND_DERIVED for layer in plain_layers)
        and all(ACTIVATIONS[layer.activation].preserves_zero for layer in plain_layers)
    )


def computes_tanh_by_sigmoid(cell, activation, dtype):
    """Return whether our own steps compute tanh by a sigmoid, which is faster."""
    is_exact = cell in EXACT_TANH_IN_DOUBLE and dtype == torch.float64
    return activation == "tanh" and not is_exact


def multiplies_by_onednn(shape, dtype):
    """Return whether oneDNN is the fastest for a product of matrices.

    Parameters
    ----------
    shape : tuple of (int, int, int)
        Number of rows and columns of the left matrix, and of columns of the right one.
    dtype : torch.dtype
        Precision of the matrices.
    """
    n_rows, n_between, n_columns = shape
    return (
        n_rows * n_between * n_columns >= LARGE_PRODUCT
        and dtype == torch.float32
        and onednn.is_wider_than_mkl()
        and is_usable(onednn_product, torch.matmul, product_example)
    )
