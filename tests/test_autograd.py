"""Cells by hand against their equations: states, gradients, buffers, missing steps."""

import itertools

import numpy.testing as npt
import pytest
import torch

from sklstm._nn import dispatch, onednn
from sklstm._nn import hidden_states as states_module
from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.autograd import AllSteps, Workspaces
from sklstm._nn.bptt import unrolled
from sklstm._nn.cells import CELLS, CellWeights, step_by_step
from sklstm._nn.dispatch import FEW_WINDOWS
from sklstm._nn.hidden_states import hidden_states
from sklstm._nn.masking import make_step_mask

# Enough windows that our own steps answer without a history too.
N_WINDOWS, N_TIMESTEPS, N_INPUTS, SIZE = FEW_WINDOWS + 1, 7, 3, 5

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}

by_precision = pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
by_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
by_cell = pytest.mark.parametrize("cell", CELLS)


def random_parts(cell="lstm", n_timesteps=N_TIMESTEPS, dtype=torch.float64, seed=0):
    """Inputs and the weights of a cell, all with gradients."""
    generator = torch.Generator().manual_seed(seed)
    rows = CELLS[cell].n_gates * SIZE
    shapes = [(N_WINDOWS, n_timesteps, N_INPUTS), (rows, N_INPUTS), (rows, SIZE)]
    shapes += [(rows,), (SIZE,)] if cell == "gru" else [(rows,)]
    parts = (torch.randn(s, dtype=dtype, generator=generator) / 2 for s in shapes)
    return [part.requires_grad_() for part in parts]


def random_mask(dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    hides = torch.rand(N_WINDOWS, SIZE, generator=generator) < 0.4
    return torch.where(hides, 0.0, 1 / 0.6).to(dtype)


def some_missing(n_timesteps):
    """From no missing step to nothing but missing steps, window by window."""
    return make_step_mask(n_timesteps, torch.arange(N_WINDOWS) % (n_timesteps + 1))


def with_zeros(parts, step_mask):
    """The parts with zeros for inputs of steps that do not exist."""
    inputs = parts[0].detach().where(step_mask[:, :, None], 0.0)
    return [inputs.requires_grad_(), *parts[1:]]


def by_hand(cell, parts, activation="tanh", **settings):
    inputs, *weights = parts
    return hidden_states(cell, inputs, CellWeights(*weights), activation, **settings)


def by_steps(cell, parts, activation="tanh", recurrent_mask=None, step_mask=None):
    inputs, *weights = parts
    weights = CellWeights(*weights)
    states = step_by_step(cell, inputs, weights, activation, recurrent_mask, step_mask)
    return states, states[:, -1]


def gradients(states_and_last, parts):
    """Gradients of a number to which every state adds differently, the last twice."""
    states, last = states_and_last
    counts = torch.linspace(-1, 2, states.numel(), dtype=states.dtype)
    total = states.flatten() @ counts + last.square().sum()
    return torch.autograd.grad(total, parts)


def assert_close(ours, theirs, tolerance=1e-12):
    for one, other in zip(ours, theirs, strict=True):
        scale = other.detach().abs().max().clamp(min=1e-300)
        npt.assert_allclose(
            one.detach() / scale, other.detach() / scale, atol=tolerance
        )


needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="PyTorch was built without oneDNN"
)


def go_by_steps(monkeypatch):
    """Take step by step, with the products of PyTorch."""
    monkeypatch.setattr(onednn, "is_wide", lambda: False)
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: False)


def go_by_wide_products(monkeypatch):
    """Take step by step, with the products of oneDNN."""
    monkeypatch.setattr(onednn, "is_wide", lambda: False)
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: True)
    monkeypatch.setattr(dispatch, "LARGE_PRODUCT", 0)


def go_elsewhere(monkeypatch):
    """Go the way of a device without steps of ours."""
    choose = dispatch.choose_method
    monkeypatch.setattr(
        states_module, "choose_method", lambda case: choose(case._replace(device="gpu"))
    )


def through(*ways):
    """Run a test in several ways from states to gradients."""
    marks = (needs_onednn if way is go_by_wide_products else () for way in ways)
    cases = zip(ways, marks, strict=True)
    params = [pytest.param(way, marks=m, id=way.__name__) for way, m in cases]
    return pytest.mark.parametrize("go", params)


@through(go_by_steps, go_by_wide_products, go_elsewhere)
@by_precision
@by_activation
@by_cell
def test_states_and_gradients_are_those_of_the_steps(
    cell, activation, dtype, go, monkeypatch
):
    go(monkeypatch)
    parts = random_parts(cell, dtype=dtype)
    masks, missing = [None, random_mask(dtype)], [None, some_missing(N_TIMESTEPS)]
    for mask, step_mask in itertools.product(masks, missing):
        settings = {"recurrent_mask": mask, "step_mask": step_mask}
        lent = {"workspaces": Workspaces()}
        these = parts if step_mask is None else with_zeros(parts, step_mask)
        ours = by_hand(cell, these, activation, **settings, **lent)
        theirs = by_steps(cell, these, activation, **settings)
        assert_close(ours, theirs, TOLERANCES[dtype])
        pairs = gradients(ours, these), gradients(theirs, these)
        assert_close(*pairs, TOLERANCES[dtype])


@pytest.mark.parametrize("chunk_bytes", [1, 5000, 2**18])
@pytest.mark.parametrize("n_timesteps", [1, 2, 7])
@through(go_by_steps, go_by_wide_products)
@by_cell
def test_chunks_of_any_length_give_the_gradients_of_the_steps(
    cell, n_timesteps, chunk_bytes, go, monkeypatch
):
    go(monkeypatch)
    monkeypatch.setattr(unrolled, "CHUNK_BYTES", chunk_bytes)
    for activation, dtype in itertools.product(("tanh", "relu"), TOLERANCES):
        parts = random_parts(cell, n_timesteps, dtype)
        ours = gradients(by_hand(cell, parts, activation), parts)
        theirs = gradients(by_steps(cell, parts, activation), parts)
        assert_close(ours, theirs, TOLERANCES[dtype])


@pytest.mark.parametrize("activation", ["tanh", "logistic", "identity"])
@by_cell
def test_gradients_agree_with_finite_differences(cell, activation):
    inputs, *weights = random_parts(cell)
    inputs = inputs.detach()[:2, :3].requires_grad_()
    settings = cell, activation, None
    assert torch.autograd.gradcheck(
        lambda x, *parts: AllSteps.apply(settings, x, None, None, *parts),
        [inputs, *weights],
    )


@by_precision
@by_activation
@by_cell
def test_answers_without_history_are_those_with_one(cell, activation, dtype):
    step_mask = some_missing(N_TIMESTEPS)
    parts = with_zeros(random_parts(cell, dtype=dtype), step_mask)
    for settings in ({}, {"step_mask": step_mask}):
        states, _ = by_hand(cell, parts, activation, **settings)
        with torch.no_grad():
            ours, last = by_hand(cell, parts, activation, **settings)
            _, alone = by_hand(cell, parts, activation, wants_states=False, **settings)
        assert_close([ours], [states], TOLERANCES[dtype])
        npt.assert_array_equal(last, ours[:, -1])
        npt.assert_array_equal(alone, last)


@needs_onednn
@pytest.mark.parametrize("n_in_block", [1, 40, 1000])
def test_last_states_by_onednn_are_those_of_the_steps(n_in_block, monkeypatch):
    monkeypatch.setattr(onednn, "is_wide", lambda: True)
    monkeypatch.setattr(dispatch, "FEW_STEPS", 1)
    monkeypatch.setattr(dispatch, "FEW_UNITS", 1)
    monkeypatch.setattr(dispatch, "FEW_IN_BLOCK", 1)
    monkeypatch.setattr(dispatch, "BLOCK_STATES", n_in_block * N_TIMESTEPS * SIZE)
    parts = random_parts(dtype=torch.float32)
    with torch.no_grad(), monkeypatch.context() as patch:
        patch.setattr(states_module, "states_without_history", None)  # not this way
        states, last = by_hand("lstm", parts, wants_states=False)
    assert states is None
    assert_close([last], [by_steps("lstm", parts)[1]], 1e-5)


@by_cell
def test_inputs_of_missing_steps_have_no_gradient(cell):
    step_mask = some_missing(N_TIMESTEPS)
    parts = with_zeros(random_parts(cell), step_mask)
    gradient, *_ = gradients(by_hand(cell, parts, step_mask=step_mask), parts)
    assert not gradient[~step_mask].any()
    assert gradient[step_mask].all()


@pytest.mark.parametrize("wants_states", [True, False])
def test_answers_without_history_may_go_on_to_be_learnt_from(wants_states):
    inputs, *weights = random_parts()
    with torch.no_grad():
        _, last = by_hand("lstm", [inputs, *weights], wants_states=wants_states)
    head = torch.ones(SIZE, dtype=last.dtype).requires_grad_()
    (gradient,) = torch.autograd.grad((last @ head).sum(), head)
    npt.assert_allclose(gradient, last.sum(0), rtol=1e-12)


@through(go_by_steps)
def test_no_window_has_no_state(go, monkeypatch):
    go(monkeypatch)
    inputs, *weights = random_parts(dtype=torch.float32)
    states, last = by_hand("lstm", [inputs[:0], *weights], workspaces=Workspaces())
    assert states.shape == (0, N_TIMESTEPS, SIZE)
    gradients = torch.autograd.grad(last.sum(), weights)
    assert not any(gradient.any() for gradient in gradients)


@through(go_by_steps, go_by_wide_products)
def test_buffers_are_on_the_cpu_whatever_the_default_device(go, monkeypatch):
    go(monkeypatch)
    parts = random_parts(dtype=torch.float32)
    with torch.device("meta"):
        states, last = by_hand("lstm", parts, workspaces=Workspaces())
        with torch.no_grad():
            _, alone = by_hand("lstm", parts)
        ours = torch.autograd.grad(last.sum(), parts)
    _, by_equations = by_steps("lstm", parts)
    assert_close([last, alone], [by_equations] * 2, 1e-5)
    assert_close(ours, torch.autograd.grad(by_equations.sum(), parts), 1e-5)
    assert states.device.type == "cpu"


@by_cell
def test_inputs_without_a_gradient_get_none(cell):
    inputs, *weights = random_parts(cell)
    ours = gradients(by_hand(cell, [inputs.detach(), *weights]), weights)
    assert_close(ours, gradients(by_steps(cell, [inputs, *weights]), weights))


@through(go_by_steps, go_by_wide_products)
@by_precision
@by_cell
def test_large_readings_saturate_and_do_not_overflow(cell, dtype, go, monkeypatch):
    go(monkeypatch)
    inputs, *weights = (part.detach() for part in random_parts(cell, dtype=dtype))
    largest = 1e300 if dtype == torch.float64 else 1e30
    for size, keeps_history in itertools.product((1e3, largest), (True, False)):
        with torch.set_grad_enabled(keeps_history):
            parts = [inputs * size, *weights]
            states, _ = by_hand(cell, parts, workspaces=Workspaces())
            assert states.isfinite().all()
            assert states.abs().max() <= 1


@by_cell
def test_buffers_are_used_again_and_leave_no_trace(cell):
    workspaces = Workspaces()
    step_mask = some_missing(N_TIMESTEPS)
    batches = [with_zeros(random_parts(cell, seed=seed), step_mask) for seed in (0, 1)]
    batches.append(random_parts(cell))
    missing = [step_mask, step_mask.flip(0), None]
    batches[1] = with_zeros(batches[1], missing[1])
    addresses = []
    for parts, step_mask in zip(batches, missing, strict=True):
        ours = by_hand(cell, parts, step_mask=step_mask, workspaces=workspaces)
        addresses.append(ours[0].data_ptr())
        theirs = by_steps(cell, parts, step_mask=step_mask)
        assert_close(gradients(ours, parts), gradients(theirs, parts))
    assert addresses[0] == addresses[1] != addresses[2]


@through(go_by_steps, go_by_wide_products)
def test_two_batches_at_once_do_not_share_buffers(go, monkeypatch):
    go(monkeypatch)
    workspaces = Workspaces()
    batches = [random_parts(seed=seed, dtype=torch.float32) for seed in (0, 1)]
    answers = [by_hand("lstm", parts, workspaces=workspaces) for parts in batches]
    for ours, parts in zip(answers, batches, strict=True):
        theirs = by_steps("lstm", parts)
        assert_close(gradients(ours, parts), gradients(theirs, parts), 1e-5)


@through(go_by_steps)
@by_cell
def test_a_second_backward_pass_is_refused(cell, go, monkeypatch):
    go(monkeypatch)
    parts = random_parts(cell, dtype=torch.float32)
    states, _ = by_hand(cell, parts, workspaces=Workspaces())
    torch.autograd.grad(states.sum(), parts, retain_graph=True)
    with pytest.raises(RuntimeError, match="run forward again"):
        torch.autograd.grad(states.sum(), parts)


@by_cell
def test_a_gradient_of_the_gradient_is_refused(cell):
    parts = random_parts(cell)
    states, _ = by_hand(cell, parts)
    loss = states.square().sum()
    (gradient,) = torch.autograd.grad(loss, parts[1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
