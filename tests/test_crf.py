"""Sums over paths of classes against all paths, one by one."""

import itertools

import numpy as np
import numpy.testing as npt
import pytest
import torch
from torch.nn.functional import cross_entropy

from sklstm._nn.crf import (
    Transitions,
    TransitionScores,
    best_paths,
    log_marginals,
    path_losses,
)

SHAPES = [(5, 2), (6, 3), (4, 4), (1, 3)]  # time steps and classes
N_WINDOWS = 4


class AllPaths:
    """All paths of a window with their scores, added up one by one."""

    def __init__(self, scores, transitions):
        n_timesteps, n_classes = scores.shape
        between, start, end = (part.numpy() for part in transitions)
        classes = range(n_classes)
        self.paths = np.array(list(itertools.product(classes, repeat=n_timesteps)))
        self.scores = np.array(
            [
                start[path[0]]
                + sum(scores[step, c] for step, c in enumerate(path))
                + sum(between[pair] for pair in itertools.pairwise(path))
                + end[path[-1]]
                for path in self.paths.tolist()
            ]
        )
        self.log_sum = np.logaddexp.reduce(self.scores)

    @property
    def marginals(self):
        n_classes = self.paths.max() + 1
        indicators = np.eye(n_classes)[self.paths]  # (n_paths, n_timesteps, n_classes)
        return np.einsum("p,ptc->tc", np.exp(self.scores - self.log_sum), indicators)

    @property
    def best(self):
        return self.paths[self.scores.argmax()]

    def loss(self, path):
        (row,) = np.flatnonzero((self.paths == path).all(axis=1))
        return self.log_sum - self.scores[row]


def draw(n_timesteps, n_classes, size=3.0):
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        numbers = torch.randn(shape, dtype=torch.float64, generator=generator)
        return size * numbers

    between = normal(n_classes, n_classes)
    transitions = TransitionScores(between, normal(n_classes), normal(n_classes))
    paths = torch.randint(n_classes, (N_WINDOWS, n_timesteps), generator=generator)
    n_padding = torch.arange(N_WINDOWS) % n_timesteps
    return normal(N_WINDOWS, n_timesteps, n_classes), transitions, paths, n_padding


@pytest.mark.parametrize("is_ragged", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_sums_and_best_paths_are_those_of_all_paths(shape, is_ragged):
    scores, transitions, paths, n_padding = draw(*shape)
    if not is_ragged:
        n_padding = None
    settings = scores, transitions, n_padding
    marginals, best = log_marginals(*settings).exp(), best_paths(*settings)
    losses = path_losses(scores, transitions, paths, n_padding)
    for row in range(N_WINDOWS):
        n = int(n_padding[row]) if is_ragged else 0
        expected = AllPaths(scores[row, n:].numpy(), transitions)
        npt.assert_allclose(marginals[row, n:], expected.marginals, rtol=0, atol=1e-10)
        npt.assert_array_equal(marginals[row, :n], 0)
        npt.assert_array_equal(best[row, n:], expected.best)
        npt.assert_array_equal(best[row, :n], 0)
        loss = expected.loss(paths[row, n:].numpy())
        npt.assert_allclose(losses[row], loss, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_the_losses(shape):
    scores, transitions, paths, n_padding = draw(*shape, size=1.0)
    parts = [part.requires_grad_() for part in (scores, *transitions)]

    def losses(scores, *parts):
        return path_losses(scores, TransitionScores(*parts), paths, n_padding)

    assert torch.autograd.gradcheck(losses, parts)


def test_without_transitions_the_loss_is_the_cross_entropy_of_the_steps():
    scores, transitions, paths, _ = draw(6, 3)
    zeros = TransitionScores(*(0 * part for part in transitions))
    steps = cross_entropy(scores.transpose(1, 2), paths, reduction="none")
    npt.assert_allclose(path_losses(scores, zeros, paths), steps.sum(1))
    npt.assert_allclose(log_marginals(scores, zeros), scores.log_softmax(2))
    npt.assert_array_equal(best_paths(scores, zeros), scores.argmax(2))


def test_excluded_transitions_have_no_probability():
    scores, _, paths, n_padding = draw(5, 3)
    module = Transitions(3, [(0, 1), (1, 0), (1, 2), (2, 1)], torch.float64)
    for row, n in enumerate(n_padding):
        window, padding = scores[row, n:], n_padding[row : row + 1]
        with torch.no_grad():
            expected = AllPaths(window.numpy(), module.scores)
        settings = scores[row : row + 1], module.scores, padding
        marginals = log_marginals(*settings).exp()[0, n:]
        npt.assert_allclose(marginals, expected.marginals, rtol=0, atol=1e-10)
        npt.assert_array_equal(best_paths(*settings)[0, n:], expected.best)
    allowed = torch.tensor([[0, 1, 0, 1, 2]])
    path_losses(scores[:1], module.scores, allowed).sum().backward()
    assert (module.between.grad[module.excluded] == 0).all()
    assert module.between.grad.abs().sum() > 0
    assert path_losses(scores[:1], module.scores, paths[:1]).item() == np.inf


def test_padding_before_the_longest_path_does_no_harm():
    # Only 0, 1, 2 is possible. The padding is longer than any path.
    module = Transitions(3, [(0, 1), (1, 2)], torch.float64)
    scores, _, _, _ = draw(9, 3)
    n_padding = torch.tensor([6, 7, 8, 6])
    paths = torch.zeros(N_WINDOWS, 9, dtype=torch.long)
    paths[:, -3:] = torch.arange(3)
    losses = path_losses(scores, module.scores, paths, n_padding)
    losses.sum().backward()
    assert losses[0] == 0
    assert all(p.grad.isfinite().all() for p in module.parameters())
    marginals = log_marginals(scores, module.scores, n_padding).exp()
    npt.assert_allclose(marginals[0, -3:], np.eye(3))
    assert module.n_longest == 3


@pytest.mark.parametrize(
    ("allowed", "n_longest"),
    [
        (None, None),
        ([], 1),
        ([(0, 1), (0, 2)], 2),
        ([(0, 1), (1, 2), (2, 0)], None),
        ([(2, 2)], None),
    ],
)
def test_a_cycle_makes_paths_of_any_length(allowed, n_longest):
    assert Transitions(3, allowed, torch.float64).n_longest == n_longest


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_scores_stay_finite(dtype):
    scores, transitions, paths, n_padding = draw(50, 4, size=500.0)
    transitions = TransitionScores(*(part.to(dtype) / 500 for part in transitions))
    scores = scores.to(dtype).requires_grad_()
    losses = path_losses(scores, transitions, paths, n_padding)
    (gradient,) = torch.autograd.grad(losses.sum(), scores)
    assert gradient.dtype == dtype
    assert losses.isfinite().all()
    assert gradient.isfinite().all()
    assert not log_marginals(scores, transitions, n_padding).isnan().any()


def test_results_do_not_depend_on_the_batch():
    scores, transitions, _, n_padding = draw(6, 3)
    marginals = log_marginals(scores, transitions, n_padding)
    best = best_paths(scores, transitions, n_padding)
    for row, n in enumerate(n_padding):
        alone = scores[row : row + 1, n:], transitions
        npt.assert_allclose(marginals[row, n:], log_marginals(*alone)[0], rtol=1e-12)
        npt.assert_array_equal(best[row, n:], best_paths(*alone)[0])
