"""Hand-derived gradients against the equations: states, buffers and padding."""

import gc
import itertools
import weakref

import numpy.testing as npt
import pytest
import torch

from sklstm._nn import autograd, dispatch, onednn
from sklstm._nn import hidden_states as states_module
from sklstm._nn.activations import ACTIVATIONS
from sklstm._nn.autograd import HiddenStates, Workspaces
from sklstm._nn.bptt import unrolled
from sklstm._nn.cells import CELLS, CellWeights, step_by_step
from sklstm._nn.dispatch import HAND_DERIVED
from sklstm._nn.hidden_states import hidden_states
from sklstm._nn.masking import make_step_mask
from sklstm._nn.torch_compat import PYTORCH_LAYERS

N_WINDOWS, N_TIMESTEPS, N_INPUTS, SIZE = 20, 7, 3, 5

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}

by_precision = pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
by_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
by_cell = pytest.mark.parametrize("cell", sorted(HAND_DERIVED))


def random_parts(cell="lstm", n_timesteps=N_TIMESTEPS, dtype=torch.float64, seed=0):
    """Inputs and the weights of a cell, all with gradients."""
    generator = torch.Generator().manual_seed(seed)
    rows = CELLS[cell].n_gates * SIZE
    shapes = [(N_WINDOWS, n_timesteps, N_INPUTS), (rows, N_INPUTS), (rows, SIZE)]
    shapes += [(rows,), (SIZE,)] if CELLS[cell].has_candidate_bias else [(rows,)]
    parts = (torch.randn(s, dtype=dtype, generator=generator) / 2 for s in shapes)
    return [part.requires_grad_() for part in parts]


def random_mask(dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    hides = torch.rand(N_WINDOWS, SIZE, generator=generator) < 0.4
    return torch.where(hides, 0.0, 1 / 0.6).to(dtype)


def random_padding(n_timesteps):
    """From no padding to padding alone, window by window."""
    return make_step_mask(n_timesteps, torch.arange(N_WINDOWS) % (n_timesteps + 1))


def with_zeros(parts, step_mask):
    """The parts with zeros for inputs at padding steps."""
    inputs = parts[0].detach().where(step_mask[:, :, None], 0.0)
    return [inputs.requires_grad_(), *parts[1:]]


def our_states(cell, parts, activation="tanh", **settings):
    inputs, *weights = parts
    return hidden_states(cell, inputs, CellWeights(*weights), activation, **settings)


def expected_states(
    cell, parts, activation="tanh", recurrent_mask=None, step_mask=None
):
    inputs, *weights = parts
    weights = CellWeights(*weights)
    states = step_by_step(cell, inputs, weights, activation, recurrent_mask, step_mask)
    return states, states[:, -1]


def gradients(states_and_last, parts):
    """Gradients of a sum of all states with different weights, and of the last ones."""
    states, last = states_and_last
    coefficients = torch.linspace(-1, 2, states.numel(), dtype=states.dtype)
    total = states.flatten() @ coefficients + last.square().sum()
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


def use_own_steps(monkeypatch):
    """Choose our own steps and the products of PyTorch."""
    monkeypatch.setattr(dispatch, "_has_pytorch_layer", lambda _: False)
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: False)


def use_onednn_products(monkeypatch):
    """Choose our own steps and the products of oneDNN."""
    monkeypatch.setattr(dispatch, "_has_pytorch_layer", lambda _: False)
    monkeypatch.setattr(onednn, "is_wider_than_mkl", lambda: True)
    monkeypatch.setattr(dispatch, "LARGE_PRODUCT", 0)


def use_few_windows(monkeypatch):
    """Choose the methods of predictions for few windows."""
    monkeypatch.setattr(dispatch, "_has_few_windows", lambda _: True)


def use_gpu_methods(monkeypatch):
    """Choose the methods of a GPU."""
    choose = dispatch.choose_method
    monkeypatch.setattr(dispatch, "is_usable", lambda *_: True)
    monkeypatch.setattr(
        states_module, "choose_method", lambda case: choose(case._replace(device="gpu"))
    )


def with_methods(*methods):
    """Run a test with several methods."""
    params = [
        pytest.param(
            use,
            marks=needs_onednn if use is use_onednn_products else (),
            id=use.__name__,
        )
        for use in methods
    ]
    return pytest.mark.parametrize("use_method", params)


@with_methods(use_own_steps, use_onednn_products, use_gpu_methods)
@by_precision
@by_activation
@by_cell
def test_states_and_gradients_are_those_of_the_steps(
    cell, activation, dtype, use_method, monkeypatch
):
    use_method(monkeypatch)
    parts = random_parts(cell, dtype=dtype)
    masks = None, random_mask(dtype)
    step_masks = None, random_padding(N_TIMESTEPS)
    for mask, step_mask in itertools.product(masks, step_masks):
        settings = {"recurrent_mask": mask, "step_mask": step_mask}
        these = parts if step_mask is None else with_zeros(parts, step_mask)
        ours = our_states(cell, these, activation, **settings, workspaces=Workspaces())
        theirs = expected_states(cell, these, activation, **settings)
        assert_close(ours, theirs, TOLERANCES[dtype])
        pairs = gradients(ours, these), gradients(theirs, these)
        assert_close(*pairs, TOLERANCES[dtype])


@pytest.mark.parametrize("chunk_bytes", [1, 5000, 2**18])
@pytest.mark.parametrize("n_timesteps", [1, 2, 7])
@with_methods(use_own_steps, use_onednn_products)
@by_cell
def test_chunks_of_any_length_give_the_gradients_of_the_steps(
    cell, n_timesteps, chunk_bytes, use_method, monkeypatch
):
    use_method(monkeypatch)
    monkeypatch.setattr(unrolled, "CHUNK_BYTES", chunk_bytes)
    for activation, dtype in itertools.product(("tanh", "relu"), TOLERANCES):
        parts = random_parts(cell, n_timesteps, dtype)
        ours = gradients(our_states(cell, parts, activation), parts)
        theirs = gradients(expected_states(cell, parts, activation), parts)
        assert_close(ours, theirs, TOLERANCES[dtype])


@pytest.mark.parametrize("activation", ["tanh", "logistic", "identity"])
@by_cell
def test_gradients_agree_with_finite_differences(cell, activation):
    inputs, *weights = random_parts(cell)
    inputs = inputs.detach()[:2, :3].requires_grad_()
    settings = cell, activation, None
    assert torch.autograd.gradcheck(
        lambda x, *parts: HiddenStates.apply(settings, x, None, None, *parts),
        [inputs, *weights],
    )


@with_methods(use_own_steps, use_few_windows)
@by_precision
@by_activation
@by_cell
def test_inferred_states_are_those_with_gradients(
    cell, activation, dtype, use_method, monkeypatch
):
    use_method(monkeypatch)
    step_mask = random_padding(N_TIMESTEPS)
    parts = with_zeros(random_parts(cell, dtype=dtype), step_mask)
    for settings in ({}, {"step_mask": step_mask}):
        states, _ = our_states(cell, parts, activation, **settings)
        with torch.no_grad():
            ours, last = our_states(cell, parts, activation, **settings)
            _, alone = our_states(
                cell, parts, activation, wants_states=False, **settings
            )
        assert_close([ours], [states], TOLERANCES[dtype])
        npt.assert_array_equal(last, ours[:, -1])
        npt.assert_array_equal(alone, last)


@pytest.mark.parametrize("wants_states", [True, False])
@pytest.mark.parametrize("n_in_block", [1, 3, 1000])
@pytest.mark.parametrize(("cell", "activation"), PYTORCH_LAYERS)
def test_states_in_blocks_are_those_of_the_steps(
    cell, activation, n_in_block, wants_states, monkeypatch
):
    use_few_windows(monkeypatch)
    monkeypatch.setattr(dispatch, "FEWEST_IN_BLOCK", n_in_block)
    monkeypatch.setattr(dispatch, "BLOCK_STATES", 1)
    parts = random_parts(cell)
    with torch.no_grad(), monkeypatch.context() as patch:
        patch.setattr(states_module, "inferred_states", None)  # another method
        states, last = our_states(cell, parts, activation, wants_states=wants_states)
    expected_of_all, expected = expected_states(cell, parts, activation)
    assert_close([last], [expected])
    if wants_states:
        assert_close([states], [expected_of_all])
    else:
        assert states is None


@by_cell
def test_inputs_at_padding_have_no_gradient(cell):
    step_mask = random_padding(N_TIMESTEPS)
    parts = with_zeros(random_parts(cell), step_mask)
    gradient, *_ = gradients(our_states(cell, parts, step_mask=step_mask), parts)
    assert not gradient[~step_mask].any()
    assert gradient[step_mask].all()


@by_cell
def test_gradients_do_not_grow_along_the_padding(cell):
    n_padding = 100
    inputs, *weights = random_parts(cell, dtype=torch.float32)
    # From step to step without padding, the gradient would grow more than tenfold.
    weights = [(10 * part).detach().requires_grad_() for part in weights]
    expected = gradients(our_states(cell, [inputs, *weights]), weights)
    padded = torch.nn.functional.pad(inputs, (0, 0, n_padding, 0))
    step_mask = make_step_mask(padded.shape[1], torch.full((N_WINDOWS,), n_padding))
    states, last = our_states(cell, [padded, *weights], step_mask=step_mask)
    found = gradients((states[:, n_padding:], last), weights)
    assert_close(found, expected, TOLERANCES[torch.float32])


@with_methods(use_own_steps, use_few_windows)
@pytest.mark.parametrize("wants_states", [True, False])
def test_inferred_states_can_be_inputs_of_layers_that_learn(
    wants_states, use_method, monkeypatch
):
    use_method(monkeypatch)
    inputs, *weights = random_parts()
    with torch.no_grad():
        _, last = our_states("lstm", [inputs, *weights], wants_states=wants_states)
    head = torch.ones(SIZE, dtype=last.dtype).requires_grad_()
    (gradient,) = torch.autograd.grad((last @ head).sum(), head)
    npt.assert_allclose(gradient, last.sum(0), rtol=1e-12)


@with_methods(use_own_steps)
def test_zero_windows_have_zero_gradients(use_method, monkeypatch):
    use_method(monkeypatch)
    inputs, *weights = random_parts(dtype=torch.float32)
    states, last = our_states("lstm", [inputs[:0], *weights], workspaces=Workspaces())
    assert states.shape == (0, N_TIMESTEPS, SIZE)
    gradients = torch.autograd.grad(last.sum(), weights)
    assert not any(gradient.any() for gradient in gradients)


@with_methods(use_own_steps, use_onednn_products)
def test_buffers_are_on_the_cpu_with_any_default_device(use_method, monkeypatch):
    use_method(monkeypatch)
    parts = random_parts(dtype=torch.float32)
    with torch.device("meta"):
        states, last = our_states("lstm", parts, workspaces=Workspaces())
        with torch.no_grad():
            _, alone = our_states("lstm", parts)
        ours = torch.autograd.grad(last.sum(), parts)
    _, by_equations = expected_states("lstm", parts)
    assert_close([last, alone], [by_equations] * 2, 1e-5)
    assert_close(ours, torch.autograd.grad(by_equations.sum(), parts), 1e-5)
    assert states.device.type == "cpu"


@by_cell
def test_inputs_without_a_gradient_get_none(cell):
    inputs, *weights = random_parts(cell)
    ours = gradients(our_states(cell, [inputs.detach(), *weights]), weights)
    assert_close(ours, gradients(expected_states(cell, [inputs, *weights]), weights))


@with_methods(use_own_steps, use_onednn_products)
@by_precision
@by_cell
def test_large_inputs_saturate_and_do_not_overflow(
    cell, dtype, use_method, monkeypatch
):
    use_method(monkeypatch)
    inputs, *weights = (part.detach() for part in random_parts(cell, dtype=dtype))
    largest = 1e300 if dtype == torch.float64 else 1e30
    for size, needs_gradient in itertools.product((1e3, largest), (True, False)):
        with torch.set_grad_enabled(needs_gradient):
            parts = [inputs * size, *weights]
            states, _ = our_states(cell, parts, workspaces=Workspaces())
            assert states.isfinite().all()
            assert states.abs().max() <= 1


@by_cell
def test_buffers_are_used_again_without_side_effects(cell):
    workspaces = Workspaces()
    step_mask = random_padding(N_TIMESTEPS)
    batches = [with_zeros(random_parts(cell, seed=seed), step_mask) for seed in (0, 1)]
    batches.append(random_parts(cell))
    step_masks = [step_mask, step_mask.flip(0), None]
    batches[1] = with_zeros(batches[1], step_masks[1])
    addresses = []
    for parts, step_mask in zip(batches, step_masks, strict=True):
        ours = our_states(cell, parts, step_mask=step_mask, workspaces=workspaces)
        addresses.append(ours[0].data_ptr())
        theirs = expected_states(cell, parts, step_mask=step_mask)
        assert_close(gradients(ours, parts), gradients(theirs, parts))
    assert addresses[0] == addresses[1] != addresses[2]


def test_buffers_of_the_last_shapes_are_kept(monkeypatch):
    monkeypatch.setattr(autograd, "MAX_STATES", N_WINDOWS * SIZE * (19 + 18 + 17))
    buffers = []

    def unroll(cell, batch):
        unrolled = make(cell, batch)
        buffers.append(weakref.ref(unrolled))
        return unrolled

    make = autograd.unroll
    monkeypatch.setattr(autograd, "unroll", unroll)
    workspaces = Workspaces()
    for n_timesteps in range(1, 20):
        parts = random_parts(n_timesteps=n_timesteps)
        states, _ = our_states("lstm", parts, workspaces=workspaces)
        torch.autograd.grad(states.sum(), parts)
    del states
    gc.collect()
    is_kept = [buffer() is not None for buffer in buffers]
    assert is_kept == [False] * 16 + [True] * 3


@with_methods(use_own_steps, use_onednn_products)
def test_two_batches_at_once_do_not_share_buffers(use_method, monkeypatch):
    use_method(monkeypatch)
    workspaces = Workspaces()
    batches = [random_parts(seed=seed, dtype=torch.float32) for seed in (0, 1)]
    pairs = [our_states("lstm", parts, workspaces=workspaces) for parts in batches]
    for ours, parts in zip(pairs, batches, strict=True):
        theirs = expected_states("lstm", parts)
        assert_close(gradients(ours, parts), gradients(theirs, parts), 1e-5)


@with_methods(use_own_steps)
@by_cell
def test_a_second_backward_pass_raises(cell, use_method, monkeypatch):
    use_method(monkeypatch)
    parts = random_parts(cell, dtype=torch.float32)
    states, _ = our_states(cell, parts, workspaces=Workspaces())
    torch.autograd.grad(states.sum(), parts, retain_graph=True)
    with pytest.raises(RuntimeError, match="Run the forward pass again"):
        torch.autograd.grad(states.sum(), parts)


@by_cell
def test_a_gradient_of_the_gradient_raises(cell):
    parts = random_parts(cell)
    states, _ = our_states(cell, parts)
    loss = states.square().sum()
    (gradient,) = torch.autograd.grad(loss, parts[1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
