"""Detection of processors on which oneDNN is fast.

PyTorch multiplies matrices with Intel's MKL, which uses 512-bit instructions on Intel's
own processors only. oneDNN, another library inside PyTorch, uses these instructions on
all processors that have them. Whether oneDNN is used depends on the processor, the
precision and the shapes, never on measurements, so that all processes on a machine
compute the same numbers.
"""

import platform
import re
from functools import cache
from pathlib import Path

import torch

CPU_INFO = Path("/proc/cpuinfo")  # on Linux
# First family of AMD processors that computes 512 bits at once (Zen 5).
WIDE_FAMILY = 26
# TF32 can represent this number, and bfloat16 rounds it to 1.
FACTORS = torch.full((32, 32), 1 + 2**-9, dtype=torch.float32, device="cpu")


def is_enabled():
    """Return whether PyTorch has oneDNN and may use it."""
    return torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled


def is_wide():
    """Return whether oneDNN is enabled and the processor has 512-bit instructions."""
    return is_enabled() and _has_wide_instructions()


def is_wider_than_mkl():
    """Return whether oneDNN uses 512-bit instructions and MKL does not."""
    return is_wide() and _has_narrow_mkl()


def multiplies_in_bfloat16():
    """Return whether PyTorch rounds the factors of products to bfloat16.

    It does so if the user allows it, by :func:`torch.set_float32_matmul_precision` or
    other settings, and the processor has such instructions. The answer comes from a
    small product, which takes 4 microseconds.
    """
    return (FACTORS @ FACTORS)[0, 0].item() == len(FACTORS)


@cache
def _has_wide_instructions():
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


@cache
def _has_narrow_mkl():
    """Return whether PyTorch uses MKL, and MKL uses no 512-bit instructions."""
    return (
        torch.backends.mkl.is_available() and _amd_family(_processor()) >= WIDE_FAMILY
    )


def _processor():
    """Return the operating system's description of the processor."""
    try:
        return CPU_INFO.read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return platform.processor()


def _amd_family(processor):
    """Read the family of an AMD processor from its description; 0 for others."""
    family = re.search(r"family\s*:?\s*(\d+)", processor, re.IGNORECASE)
    return int(family[1]) if family and "AuthenticAMD" in processor else 0
