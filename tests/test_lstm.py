"""The LSTM by hand: its gradients, its buffers, its answers without a history."""

import numpy.testing as npt
import pytest
import torch

from sklstm._nn import lstm
from sklstm._nn.cells import CellWeights, step_by_step
from sklstm._nn.lstm import AllSteps, Workspaces, states_without_history

N_INPUTS, SIZE = 3, 5


def random_parts(n_windows=4, n_timesteps=7, dtype=torch.float64):
    """Inputs and the three weights, all with gradients."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(n_windows, n_timesteps, N_INPUTS)]
    shapes += [(4 * SIZE, N_INPUTS), (4 * SIZE, SIZE), (4 * SIZE,)]
    return [
        torch.randn(shape, dtype=dtype, generator=generator).requires_grad_()
        for shape in shapes
    ]


def by_steps(inputs, *weights):
    return step_by_step("lstm", inputs, CellWeights(*weights))


def assert_close(ours, theirs, tolerance=1e-12):
    for one, other in zip(ours, theirs, strict=True):
        scale = other.abs().max()
        npt.assert_allclose(one / scale, other / scale, atol=tolerance)


def test_gradients_agree_with_finite_differences():
    parts = random_parts(2, 3)
    assert torch.autograd.gradcheck(lambda *p: AllSteps.apply(*p, None), parts)


@pytest.mark.parametrize("chunk_bytes", [1, 2000, 2**18])
@pytest.mark.parametrize("n_timesteps", [1, 2, 7])
def test_chunks_of_any_length_give_the_gradients_of_the_steps(
    chunk_bytes, n_timesteps, monkeypatch
):
    monkeypatch.setattr(lstm, "CHUNK_BYTES", chunk_bytes)
    parts = random_parts(n_timesteps=n_timesteps)
    weights = torch.linspace(-1, 2, 4 * n_timesteps * SIZE).double()

    def gradients(states):
        return torch.autograd.grad(states.flatten() @ weights, parts)

    states, _ = AllSteps.apply(*parts, None)
    assert_close(gradients(states), gradients(by_steps(*parts)))


def test_states_and_last_state_may_both_be_asked():
    parts = random_parts()
    states, last = AllSteps.apply(*parts, None)
    ours = torch.autograd.grad(states.sum() + last.square().sum(), parts)
    states = by_steps(*parts)
    total = states.sum() + states[:, -1].square().sum()
    assert_close(ours, torch.autograd.grad(total, parts))


def test_inputs_without_a_gradient_get_none():
    inputs, *weights = random_parts()
    states, _ = AllSteps.apply(inputs.detach(), *weights, None)
    ours = torch.autograd.grad(states.sum(), weights)
    theirs = torch.autograd.grad(by_steps(inputs, *weights).sum(), weights)
    assert_close(ours, theirs)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_answers_without_history_are_those_with_one(dtype):
    inputs, *weights = (part.detach() for part in random_parts(dtype=dtype))
    states, last = states_without_history(inputs, CellWeights(*weights))
    with_history, _ = AllSteps.apply(inputs, *weights, None)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    npt.assert_allclose(states, with_history, atol=tolerance)
    npt.assert_array_equal(last, states[:, -1])


def test_large_readings_saturate_and_do_not_overflow():
    inputs, *weights = (part.detach() for part in random_parts())
    for size in (1e3, 1e300):
        states, _ = states_without_history(inputs * size, CellWeights(*weights))
        assert states.isfinite().all()
        assert states.abs().max() <= 1


def test_buffers_are_used_again_and_leave_no_trace():
    workspaces = Workspaces()
    batches = [random_parts(), random_parts(), random_parts(n_windows=2)]
    batches[1][0] = (batches[1][0] * -3).detach()
    addresses = []
    for parts in batches:
        states, _ = AllSteps.apply(*parts, workspaces)
        addresses.append(states.data_ptr())
        ours = torch.autograd.grad(states.square().sum(), parts[1:])
        theirs = torch.autograd.grad(by_steps(*parts).square().sum(), parts[1:])
        assert_close(ours, theirs)
    assert addresses[0] == addresses[1] != addresses[2]


def test_two_batches_at_once_do_not_share_buffers():
    workspaces = Workspaces()
    first, second = random_parts(), random_parts()
    second[0] = (second[0] + 1).detach()
    pairs = [(AllSteps.apply(*p, workspaces)[0], p) for p in (first, second)]
    for states, parts in pairs:
        ours = torch.autograd.grad(states.sum(), parts[1:])
        assert_close(ours, torch.autograd.grad(by_steps(*parts).sum(), parts[1:]))


def test_a_second_backward_pass_is_refused():
    parts = random_parts()
    states, _ = AllSteps.apply(*parts, Workspaces())
    torch.autograd.grad(states.sum(), parts, retain_graph=True)
    with pytest.raises(RuntimeError, match="run forward again"):
        torch.autograd.grad(states.sum(), parts)


def test_a_gradient_of_the_gradient_is_refused():
    parts = random_parts()
    states, _ = AllSteps.apply(*parts, None)
    loss = states.square().sum()
    (gradient,) = torch.autograd.grad(loss, parts[1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
