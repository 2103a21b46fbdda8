"""oneDNN: where it is ahead, and that the choice changes no answer."""

import platform
from pathlib import Path

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm import LSTMRegressor
from sklstm._nn import kernel, onednn
from sklstm._nn.bptt.unrolled import Batch
from sklstm._nn.cells import CellWeights
from sklstm._nn.kernel import KernelLSTM
from sklstm._nn.products import LARGE_PRODUCT, product_for, wide_product

ZEN_5 = "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\n"
MIDDLE = Batch(64, 24, 8, 64, torch.float32)


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
def test_families_of_amd_are_read(processor, family):
    assert onednn._amd_family(processor) == family


def test_a_system_without_a_file_on_its_processor_is_asked(monkeypatch):
    monkeypatch.setattr(onednn, "CPU_INFO", Path("/no/such/file"))
    monkeypatch.setattr(platform, "processor", lambda: "AMD64 Family 26")
    assert onednn._processor() == "AMD64 Family 26"


@pytest.fixture
def zen_5(monkeypatch):
    """A processor and a PyTorch where oneDNN is ahead, asked anew what they are."""
    monkeypatch.setattr(onednn, "_processor", lambda: ZEN_5)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(onednn, "OPERATIONS", ("_linear_pointwise", "lstm"))
    for name in ("_has_wide_onednn", "_has_narrow_mkl"):
        monkeypatch.setattr(onednn, name, getattr(onednn, name).__wrapped__)


@pytest.mark.usefixtures("zen_5")
def test_mkl_leaves_wide_instructions_of_late_amd_processors():
    assert onednn.is_wide()
    assert onednn.is_wider_than_mkl()


@pytest.mark.usefixtures("zen_5")
@pytest.mark.parametrize(
    ("changes", "is_wider"),
    [(("26", "27"), True), (("26", "25"), False), (("AuthenticAMD", "Intel"), False)],
)
def test_other_wide_processors(changes, is_wider, monkeypatch):
    monkeypatch.setattr(onednn, "_processor", lambda: ZEN_5.replace(*changes))
    assert onednn.is_wide()
    assert onednn.is_wider_than_mkl() == is_wider


@pytest.mark.usefixtures("zen_5")
def test_another_library_than_mkl_is_trusted(monkeypatch):
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    assert onednn.is_wide()
    assert not onednn.is_wider_than_mkl()


@pytest.mark.usefixtures("zen_5")
@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (torch.backends.cpu, "get_cpu_capability", lambda: "AVX2"),  # as in some clouds
        (torch.backends.mkldnn, "is_available", lambda: False),
        (onednn, "OPERATIONS", ("_linear_pointwise", "no_such_operation")),
    ],
)
def test_without_wide_instructions_or_onednn_nothing_is_wide(
    owner, name, value, monkeypatch
):
    monkeypatch.setattr(owner, name, value)
    assert not onednn.is_wide()
    assert not onednn.is_wider_than_mkl()


@pytest.mark.usefixtures("zen_5")
def test_who_turns_onednn_off_is_obeyed(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)
    assert not onednn.is_wide()
    assert not onednn.is_wider_than_mkl()


@pytest.mark.parametrize(
    ("shape", "dtype", "is_wide"),
    [
        ((64, 128, LARGE_PRODUCT // 64 // 128), torch.float32, True),
        ((64, 127, LARGE_PRODUCT // 64 // 128), torch.float32, False),
        ((64, 128, LARGE_PRODUCT // 64 // 128), torch.float64, False),
    ],
)
def test_large_products_are_for_onednn(shape, dtype, is_wide, monkeypatch):
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: True)
    assert product_for(shape, dtype) is (wide_product if is_wide else torch.matmul)
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: False)
    assert product_for(shape, dtype) is torch.matmul


@pytest.mark.parametrize(
    ("cell", "changes", "suits"),
    [
        ("lstm", {}, True),
        ("lstm", {"n_timesteps": kernel.FEW_STEPS}, True),
        ("lstm", {"n_timesteps": kernel.FEW_STEPS - 1}, False),
        ("lstm", {"n_timesteps": kernel.MANY_STATES // 64**2 - 1}, True),
        ("lstm", {"n_timesteps": kernel.MANY_STATES // 64**2}, False),
        ("lstm", {"n_windows": 0}, False),
        ("lstm", {"n_windows": kernel.MANY_GATES // 256}, False),
        ("lstm", {"n_windows": kernel.MANY_GATES // 256 - 1}, True),
        ("lstm", {"size": kernel.FEW_UNITS - 1}, True),
        ("lstm", {"size": kernel.FEW_UNITS, "n_windows": kernel.MANY_WINDOWS}, True),
        (
            "lstm",
            {"size": kernel.FEW_UNITS - 1, "n_windows": kernel.MANY_WINDOWS},
            False,
        ),
        ("lstm", {"dtype": torch.float64}, False),
        ("lstm", {"activation": "relu"}, False),
        ("lstm", {"is_masked": True}, False),
        ("lstm", {"has_padding": True}, False),
        ("gru", {}, False),
        ("rnn", {}, False),
    ],
)
def test_the_kernel_is_for_many_small_steps_of_a_plain_lstm(
    cell, changes, suits, monkeypatch
):
    batch = MIDDLE._replace(**changes)
    monkeypatch.setattr(onednn, "is_wide", lambda: True)
    assert KernelLSTM.suits(cell, batch) == suits
    monkeypatch.setattr(onednn, "is_wide", lambda: False)
    assert not KernelLSTM.suits(cell, batch)


needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="PyTorch was built without oneDNN"
)


@pytest.mark.skipif(not onednn.is_wide(), reason="the kernel is not used here")
@pytest.mark.parametrize("n_inputs", [1, 2])
def test_the_kernel_gives_the_same_bits_by_any_number_of_threads(n_inputs):
    batch = Batch(200, 24, n_inputs, 50, torch.float32)
    generator = torch.Generator().manual_seed(0)
    inputs, *weights = (
        torch.randn(shape, generator=generator) / 8
        for shape in [batch[:3], (200, n_inputs), (200, 50), (200,)]
    )
    weights = CellWeights(*weights)
    d_last = torch.randn(50, 200, generator=generator)
    answers = []
    n_threads = torch.get_num_threads()
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            steps = KernelLSTM(batch)
            steps.run_forwards(inputs, weights)
            states = steps.states
            gradients, d_inputs = steps.run_backwards(weights, None, d_last, True)
            answers.append([states, *gradients[:3], d_inputs])
    finally:
        torch.set_num_threads(n_threads)
    for one, other in zip(*answers, strict=True):
        npt.assert_array_equal(one, other)


@needs_onednn
def test_the_kernel_keeps_nothing_between_batches():
    steps = KernelLSTM(MIDDLE)
    weights = CellWeights(torch.ones(256, 8), torch.ones(256, 64), torch.ones(256))
    steps.run_forwards(torch.ones(MIDDLE[:3]), weights)
    assert steps.states.shape == (24, 64, 64)
    _, d_inputs = steps.run_backwards(weights, None, torch.ones(64, 64))
    assert d_inputs is None
    assert steps._trail is steps._given is None


@needs_onednn
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden_layer_sizes": (6, 5), "dropout": 0.2},
        {"bidirectional": True, "pooling": "mean"},
        {"hidden_layer_sizes": (6, 5), "pooling": "attention", "alpha": 1e-3},
    ],
    ids=lambda settings: ", ".join(settings) or "plain",
)
@pytest.mark.parametrize("is_ragged", [False, True])
def test_fits_agree_with_the_kernel_and_without(settings, is_ragged, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, kernel.FEW_STEPS, 2)).astype(np.float32)
    y = X[:, -1, 0] - X[:, -2, 1]
    if is_ragged:
        X = [
            sequence[-n:]
            for sequence, n in zip(X, rng.integers(8, 99, 60), strict=True)
        ]
    settings = {"hidden_layer_sizes": (8,), "batch_size": 16, **settings}
    calls = []

    def run_forwards(self, *args):
        calls.append(self.batch)
        return run(self, *args)

    run = KernelLSTM.run_forwards
    monkeypatch.setattr(KernelLSTM, "run_forwards", run_forwards)
    fits = []
    for is_wide in (True, False):
        monkeypatch.setattr(onednn, "is_wide", lambda is_wide=is_wide: is_wide)
        model = LSTMRegressor(max_iter=3, tol=0, random_state=0, **settings)
        fits.append(model.fit(X, y))
        assert bool(calls) == (is_wide and not is_ragged)
        calls.clear()
    by_kernel, by_steps = fits
    npt.assert_allclose(by_kernel.loss_curve_, by_steps.loss_curve_, rtol=1e-4)
    npt.assert_allclose(by_kernel.predict(X), by_steps.predict(X), atol=1e-3)
