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
CPU    LSTM, tanh           no       float32, AVX-512, last state only, no BLOCKS
                                     padding, at least FEW_WINDOWS windows
                                     of FEW_STEPS steps, FEW_UNITS units,
                                     FEW_IN_BLOCK windows in a block
CPU    in PYTORCH_LAYERS    no       fewer than FEW_WINDOWS windows        PYTORCH
CPU    in HAND_DERIVED      no                                             INFERENCE
====== ==================== ======== ===================================== =========

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
from sklstm._nn.cells import step_by_step
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

# For fewer windows than this, PyTorch's layers are faster if no gradient is needed.
FEW_WINDOWS = 64
# With 512-bit instructions, PyTorch's LSTM is faster for more windows too if it runs on
# blocks of windows whose states fit into a cache. Measured on a Zen 5.
BLOCK_STATES, FEW_IN_BLOCK = 2**19, 128
FEW_STEPS, FEW_UNITS = 12, 16

# oneDNN is faster for matrix products of at least this many multiplications.
LARGE_PRODUCT = 2**21


class Method(Enum):
    """Method to compute the states of a layer."""

    PYTORCH = auto()  # a layer of PyTorch, which autograd can differentiate
    BLOCKS = auto()  # a layer of PyTorch for blocks of windows; last states only
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
    wants_states: bool  # of all steps, not only the last


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
    if not _has_pytorch_layer(case):
        return Method.INFERENCE
    if case.n_windows < FEW_WINDOWS:
        return Method.PYTORCH
    return Method.BLOCKS if _is_for_blocks(case) else Method.INFERENCE


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


def _is_for_blocks(case):
    """Return whether PyTorch's LSTM, in blocks of windows, is the fastest method."""
    return (
        (case.cell, case.activation, case.dtype) == ("lstm", "tanh", torch.float32)
        and not (case.wants_states or case.has_padding)
        and case.n_timesteps >= FEW_STEPS
        and case.size >= FEW_UNITS
        and windows_per_block(case.n_timesteps, case.size) >= FEW_IN_BLOCK
        and onednn.is_wide()
    )


def windows_per_block(n_timesteps, size):
    """Return the number of windows whose states fit a cache."""
    return BLOCK_STATES // (n_timesteps * size)


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
