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
# What is called here of `torch.ops.mkldnn`.
PRODUCT = "_linear_pointwise"


def is_wide():
    """Say whether oneDNN may be used, on a processor with instructions of 512 bits."""
    return torch.backends.mkldnn.enabled and _has_wide_onednn()


def is_wider_than_mkl():
    """Say whether the processor is one of those that are wide for oneDNN alone."""
    return is_wide() and _has_narrow_mkl()


@cache
def _has_wide_onednn():
    capability = torch.backends.cpu.get_cpu_capability()
    return capability.startswith("AVX512") and torch.backends.mkldnn.is_available()


@cache
def _has_narrow_mkl():
    """Say whether MKL multiplies, on a processor whose width it leaves unused."""
    return (
        torch.backends.mkl.is_available()
        and hasattr(torch.ops.mkldnn, PRODUCT)
        and _amd_family(_processor()) >= WIDE_FAMILY
    )


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
