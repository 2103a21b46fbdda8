"""Detection of processors on which oneDNN is fast."""

import platform
from pathlib import Path

import pytest
import torch

from sklstm._nn import onednn
from sklstm._nn.dispatch import LARGE_PRODUCT
from sklstm._nn.products import matmul_for, onednn_matmul

ZEN_5 = "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n"


@pytest.mark.parametrize(
    ("processor", "family"),
    [
        (ZEN_5, 26),
        ("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n", 25),
        ("AMD64 Family 26 Model 68 Stepping 0, AuthenticAMD", 26),
        ("vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n", 0),
        ("Intel64 Family 6 Model 151 Stepping 2, GenuineIntel", 0),
        ("arm", 0),
        ("", 0),
    ],
)
def test_the_family_of_amd_processors_is_read(processor, family):
    assert onednn._amd_family(processor) == family


def test_processor_is_described_without_a_file_too(monkeypatch):
    monkeypatch.setattr(onednn, "CPU_INFO", Path("/no/such/file"))
    monkeypatch.setattr(platform, "processor", lambda: "AMD64 Family 26")
    assert onednn._processor() == "AMD64 Family 26"


@pytest.fixture
def zen_5(monkeypatch):
    """A processor and a PyTorch with a wide oneDNN, without cached answers."""
    monkeypatch.setattr(onednn, "_processor", lambda: ZEN_5)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    for name in ("_has_wide_instructions", "_has_narrow_mkl"):
        monkeypatch.setattr(onednn, name, getattr(onednn, name).__wrapped__)


@pytest.mark.usefixtures("zen_5")
def test_onednn_is_wider_than_mkl_on_a_zen_5():
    assert onednn.is_wide()
    assert onednn.is_wider_than_mkl()


@pytest.mark.usefixtures("zen_5")
@pytest.mark.parametrize(
    ("changes", "is_wider"),
    [(("26", "27"), True), (("26", "25"), False), (("AuthenticAMD", "Intel"), False)],
)
def test_mkl_is_as_wide_on_other_processors(changes, is_wider, monkeypatch):
    monkeypatch.setattr(onednn, "_processor", lambda: ZEN_5.replace(*changes))
    assert onednn.is_wide()
    assert onednn.is_wider_than_mkl() == is_wider


@pytest.mark.usefixtures("zen_5")
def test_another_library_than_mkl_is_as_wide(monkeypatch):
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    assert onednn.is_wide()
    assert not onednn.is_wider_than_mkl()


@pytest.mark.usefixtures("zen_5")
@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (
            torch.backends.cpu,
            "get_cpu_capability",
            lambda: "AVX2",
        ),  # as on some cloud machines
        (torch.backends.mkldnn, "is_available", lambda: False),
    ],
)
def test_nothing_is_wide_without_wide_instructions_or_onednn(
    owner, name, value, monkeypatch
):
    monkeypatch.setattr(owner, name, value)
    assert not onednn.is_wide()
    assert not onednn.is_wider_than_mkl()


@pytest.mark.usefixtures("zen_5")
def test_onednn_can_be_disabled(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    assert not onednn.is_wide()
    assert not onednn.is_wider_than_mkl()


@pytest.mark.parametrize("is_large", [True, False])
def test_large_products_are_multiplied_by_onednn(is_large, monkeypatch):
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: True)
    shape = 64, 128, LARGE_PRODUCT // 64 // (128 if is_large else 129)
    expected = onednn_matmul if is_large else torch.matmul
    assert matmul_for(shape, torch.float32) is expected
