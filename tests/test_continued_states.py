"""Layers that continue from a state: the same states and gradients as in one pass."""

import numpy.testing as npt
import pytest
import torch

from sklstm._nn.autograd import Workspaces
from sklstm._nn.cells import CELLS, CellWeights, continue_step_by_step
from sklstm._nn.hidden_states import continued_states, hidden_states

N_WINDOWS, N_TIMESTEPS, N_INPUTS, SIZE = 4, 7, 3, 5

by_cell = pytest.mark.parametrize("cell", sorted(CELLS))
by_activation = pytest.mark.parametrize("activation", ["tanh", "relu"])


def random_numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(shape, dtype=torch.float64, generator=generator) / 2
    return numbers.requires_grad_()


def random_weights(cell):
    rows = CELLS[cell].n_gates * SIZE
    shapes = [(rows, N_INPUTS), (rows, SIZE), (rows,)]
    parts = [random_numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
    has_candidate_bias = CELLS[cell].has_candidate_bias
    return CellWeights(*parts, random_numbers(SIZE) if has_candidate_bias else None)


def random_state(cell):
    n_states = CELLS[cell].n_states
    return tuple(random_numbers(N_WINDOWS, SIZE, seed=9 + i) for i in range(n_states))


@pytest.fixture
def inputs():
    return random_numbers(N_WINDOWS, N_TIMESTEPS, N_INPUTS, seed=5)


@by_cell
@by_activation
@pytest.mark.parametrize("has_gradient", [True, False])
@pytest.mark.parametrize("n_first", [1, 3, 6])
def test_two_parts_have_the_states_of_the_whole(
    cell, activation, has_gradient, n_first, inputs
):
    weights = random_weights(cell)
    zeros = torch.zeros(N_WINDOWS, SIZE, dtype=torch.float64)
    state = (zeros,) * CELLS[cell].n_states
    with torch.set_grad_enabled(has_gradient):
        whole, _ = hidden_states(cell, inputs, weights, activation)
        parts = []
        for part in (inputs[:, :n_first], inputs[:, n_first:]):
            states, state = continued_states(cell, part, weights, activation, state)
            parts.append(states)
    npt.assert_allclose(
        torch.cat(parts, 1).detach(), whole.detach(), rtol=1e-12, atol=1e-12
    )
    npt.assert_allclose(
        state[0].detach(), whole[:, -1].detach(), rtol=1e-12, atol=1e-12
    )


@by_cell
@by_activation
@pytest.mark.parametrize("drops", [True, False])
@pytest.mark.parametrize("workspaces", [Workspaces(), None], ids=["buffers", "new"])
def test_gradients_are_those_of_the_steps(cell, activation, drops, workspaces, inputs):
    weights, state = random_weights(cell), random_state(cell)
    mask = (random_numbers(N_WINDOWS, SIZE, seed=7) > 0).double() * 2 if drops else None
    given = [inputs, *(part for part in weights if part is not None), *state]

    def run(states, last):
        """Return all results, and gradients of a sum that weighs each one."""
        steps = torch.arange(1.0, N_TIMESTEPS + 1)[None, :, None]
        total = (states * steps).sum() + sum((part**2).sum() for part in last)
        gradients = torch.autograd.grad(total, given)
        return [part.detach().clone() for part in (states, *last, *gradients)]

    fast = run(
        *continued_states(
            cell,
            inputs,
            weights,
            activation,
            state,
            recurrent_mask=mask,
            workspaces=workspaces,
        )
    )
    steps = run(*continue_step_by_step(cell, inputs, weights, state, activation, mask))
    for actual, expected in zip(fast, steps, strict=True):
        npt.assert_allclose(actual, expected, rtol=1e-11, atol=1e-11)


@by_cell
def test_gradient_of_the_first_state_agrees_with_finite_differences(cell, inputs):
    weights = random_weights(cell)

    def results(*state):
        states, last = continued_states(cell, inputs, weights, "tanh", state)
        return states, *last

    assert torch.autograd.gradcheck(results, random_state(cell))
