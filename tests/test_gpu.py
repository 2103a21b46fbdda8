"""A GPU computes what the CPU computes."""

import pickle

import numpy as np
import numpy.testing as npt
import pytest
import torch

from sklstm import LSTMClassifier, LSTMLanguageModel, LSTMRegressor, LSTMTranslator
from sklstm._nn.batches import Rows
from sklstm._nn.cells import CELLS
from sklstm._nn.initialization import initialize
from sklstm._nn.losses import SquaredError, make_loss
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.runtime import generator_on, random_generator, resolve_device
from sklstm._nn.training import TrainingOptions, train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-4}


class Recorder:
    """Callback runner that does nothing."""

    def begin_epoch(self):
        pass

    def end_epoch(self, history):
        pass


@pytest.fixture(autouse=True)
def _full_precision():
    """Compute float32 products in float32, not in TF32 with its 10 bits."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def networks(**architecture):
    """One network on the CPU and its copy on the GPU."""
    for device in ("cpu", "cuda"):
        network = RecurrentNetwork(2, 3, hidden_layer_sizes=(8, 5), **architecture)
        initialize(network, random_generator(0), device)
        yield network


def random_rows(dtype, device="cpu"):
    random = np.random.default_rng(0)
    windows, targets = random.normal(size=(20, 7, 2)), random.normal(size=(20, 3))
    return Rows(
        torch.tensor(windows, dtype=dtype, device=device),
        torch.arange(20, device=device) % 7,
        torch.tensor(targets, dtype=dtype, device=device),
        None,
    )


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_and_gradients_are_those_of_the_cpu(cell, pooling, activation, dtype):
    architecture = {"cell": cell, "pooling": pooling, "activation": activation}
    on_cpu, on_gpu = networks(bidirectional=True, dtype=dtype, **architecture)
    results = []
    for network, device in ((on_cpu, "cpu"), (on_gpu, "cuda")):
        rows = random_rows(dtype, device)
        outputs = network(rows.windows, rows.n_padding)
        gradients = torch.autograd.grad(outputs.sum(), list(network.parameters()))
        results.append([part.detach().cpu() for part in (outputs, *gradients)])
    for cpu, gpu in zip(*results, strict=True):
        scale = cpu.abs().max()
        npt.assert_allclose(gpu / scale, cpu / scale, atol=TOLERANCES[dtype])


@pytest.mark.parametrize("cell", CELLS)
def test_trained_weights_are_those_of_the_cpu(cell):
    on_cpu, on_gpu = networks(cell=cell, dtype=torch.float64)
    for network, device in ((on_cpu, "cpu"), (on_gpu, "cuda")):
        train(
            network,
            SquaredError(),
            random_rows(torch.float64, device),
            random_rows(torch.float64, device),
            options=TrainingOptions(max_iter=3, batch_size=8, alpha=0.1),
            generator=random_generator(0),
            callback_runner=Recorder(),
        )
    for cpu, gpu in zip(on_cpu.parameters(), on_gpu.parameters(), strict=True):
        # Adam scales up small gradients, rounding errors included.
        npt.assert_allclose(gpu.detach().cpu(), cpu.detach(), atol=1e-6)


def test_generator_of_the_gpu_is_seeded_by_that_of_the_cpu():
    device = resolve_device("cuda")
    draws = [
        torch.rand(
            3, device=device, generator=generator_on(device, random_generator(seed))
        )
        for seed in (0, 0, 1)
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.fixture(scope="module")
def samples():
    windows = np.random.default_rng(0).normal(size=(60, 6, 2))
    return windows, windows[:, -1].sum(1)


def fitted(samples, **parameters):
    model = LSTMRegressor((8,), max_iter=30, tol=0.0, random_state=0, **parameters)
    model.set_params(learning_rate="cosine")  # ends without a warning
    return model.fit(*samples)


@pytest.mark.parametrize("cell", CELLS)
def test_regressor_fits_on_the_gpu_as_on_the_cpu(cell, samples):
    X, _ = samples
    on_cpu = fitted(samples, cell=cell).predict(X)
    on_gpu = fitted(samples, cell=cell, device="cuda")
    assert {p.device.type for p in on_gpu.network_.parameters()} == {"cuda"}
    npt.assert_allclose(on_gpu.predict(X), on_cpu, atol=1e-4)


@pytest.mark.parametrize("transitions", [True, "seen"])
def test_transitions_are_learned_on_the_gpu_as_on_the_cpu(transitions):
    windows = np.random.default_rng(0).normal(size=(40, 6, 2))
    windows[:9, :3] = np.nan  # padding
    y = (np.nancumsum(windows[:, :, 0], axis=1) > 0).astype(int)
    on_cpu, on_gpu = (
        LSTMClassifier(
            (8,),
            pooling=None,
            transitions=transitions,
            max_iter=20,
            learning_rate="cosine",
            random_state=0,
            device=device,
        ).fit(windows, y)
        for device in ("cpu", "cuda")
    )
    npt.assert_allclose(on_gpu.transitions_, on_cpu.transitions_, atol=1e-4)
    npt.assert_allclose(
        on_gpu.predict_proba(windows), on_cpu.predict_proba(windows), atol=1e-4
    )
    npt.assert_array_equal(on_gpu.predict(windows), on_cpu.predict(windows))


def test_regressor_with_dropout_is_reproducible_on_the_gpu(samples):
    parameters = {"dropout": 0.3, "recurrent_dropout": 0.3, "device": "cuda"}
    X, _ = samples
    first, second = (fitted(samples, **parameters).predict(X) for _ in range(2))
    npt.assert_allclose(first, second, atol=1e-9)


def test_pickled_regressor_predicts_as_before(samples):
    X, _ = samples
    model = fitted(samples, device="cuda")
    loaded = pickle.loads(pickle.dumps(model))
    npt.assert_allclose(loaded.predict(X), model.predict(X), rtol=1e-12)


def test_regressor_of_a_gpu_loads_without_a_gpu(samples, monkeypatch):
    X, _ = samples
    model = fitted(samples, device="cuda")
    file = pickle.dumps(model)

    def refuse(name):
        raise ValueError(name)

    monkeypatch.setattr("sklstm._core.scaled_network.resolve_device", refuse)
    loaded = pickle.loads(file)
    assert {p.device.type for p in loaded.network_.parameters()} == {"cpu"}
    npt.assert_allclose(loaded.predict(X), model.predict(X), atol=1e-9)


def test_labels_without_times_have_the_same_loss_and_gradient():
    random = np.random.default_rng(0)
    outputs = torch.from_numpy(random.normal(size=(3, 9, 4)))
    targets = torch.tensor([[9, 1, 2, 2], [5, 3, 1, 0], [7, 0, 0, 0]]).double()
    loss = make_loss("ctc")
    parts = outputs.cuda(), targets.cuda()
    npt.assert_allclose(loss(*parts).cpu(), loss(outputs, targets), rtol=1e-9)
    gradient = loss.gradient(*parts).cpu()
    npt.assert_allclose(gradient, loss.gradient(outputs, targets), atol=1e-9)


def test_language_model_learns_scores_and_writes_on_a_gpu():
    texts = ["abab", "ababab", "ab", "aab"] * 6
    model = LSTMLanguageModel(8, max_iter=3, random_state=0, device="cuda").fit(texts)
    on_cpu = pickle.loads(pickle.dumps(model))
    on_cpu._network.to("cpu")
    npt.assert_allclose(
        model.score_samples(texts), on_cpu.score_samples(texts), rtol=1e-4
    )
    npt.assert_allclose(
        model.next_symbol_proba(texts[:2]), on_cpu.next_symbol_proba(texts[:2]), 1e-4
    )
    assert model.sample(3, temperature=0) == on_cpu.sample(3, temperature=0)


def test_translator_learns_and_predicts_on_a_gpu():
    sources, targets = ["ab", "ba", "abb", "bab"] * 4, ["AB", "BA", "ABB", "BAB"] * 4
    model = LSTMTranslator(8, max_iter=3, random_state=0, device="cuda")
    model.fit(sources, targets)
    on_cpu = pickle.loads(pickle.dumps(model))
    on_cpu._network.to("cpu")
    for ours, theirs in zip(
        model.predict_n_best(sources, n=1),
        on_cpu.predict_n_best(sources, n=1),
        strict=True,
    ):
        npt.assert_allclose(ours[0][1], theirs[0][1], rtol=1e-4)
