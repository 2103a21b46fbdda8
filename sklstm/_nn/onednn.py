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


def is_wide():
    """Return whether oneDNN is enabled and the processor has 512-bit instructions."""
    return torch.backends.mkldnn.enabled and _has_wide_onednn()


def is_wider_than_mkl():
    """Return whether oneDNN uses 512-bit instructions and MKL does not."""
    return is_wide() and _has_narrow_mkl()


@cache
def _has_wide_onednn():
    capability = torch.backends.cpu.get_cpu_capability()
    return capability.startswith("AVX512") and torch.backends.mkldnn.is_available()


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
