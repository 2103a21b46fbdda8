"""Connectionist temporal classification against sums over all paths."""

import itertools
import math

import numpy.testing as npt
import pytest
import torch

from sklstm._nn.ctc import (
    BLANK,
    align,
    ctc_losses,
    frame_logs,
    labels_of_best_paths,
    n_frames_needed,
    search,
)
from sklstm._nn.losses import make_loss

N_FRAMES, N_SYMBOLS = 5, 3


def random_logs(n_windows=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = n_windows, N_FRAMES, N_SYMBOLS
    outputs = 2 * torch.randn(shape, dtype=torch.float64, generator=generator)
    return outputs.log_softmax(2)


def collapse(path):
    """Merge repeated symbols and remove blanks."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != BLANK)


def all_probabilities(logs):
    """Probability of all labels of one window, summed over all their paths."""
    probabilities = {}
    for path in itertools.product(range(N_SYMBOLS), repeat=len(logs)):
        steps = [logs[frame, symbol] for frame, symbol in enumerate(path)]
        labels = collapse(path)
        probability = float(torch.stack(steps).sum().exp())
        probabilities[labels] = probabilities.get(labels, 0.0) + probability
    return probabilities


def padded(labels, length=N_FRAMES):
    return [*labels, *[BLANK] * (length - len(labels))]


def test_loss_is_the_sum_over_all_paths():
    logs = random_logs(1)
    probabilities = all_probabilities(logs[0])
    npt.assert_allclose(sum(probabilities.values()), 1)
    codes = torch.tensor([padded(labels) for labels in probabilities])
    losses = ctc_losses(logs.expand(len(codes), -1, -1), codes)
    npt.assert_allclose((-losses).exp(), list(probabilities.values()), rtol=1e-10)


def test_wide_search_finds_all_labels_and_their_probabilities():
    logs = random_logs()
    for window, found in zip(logs, search(logs, 100), strict=True):
        expected = all_probabilities(window)
        assert len(found) == len(expected)
        for labels, log in found:
            wanted = math.log(expected[tuple(labels)])
            npt.assert_allclose(log, wanted, rtol=1e-6)
        totals = [log for _, log in found]
        assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_narrow_search_is_never_more_probable_than_the_sum_over_all_paths(width):
    logs = random_logs(seed=1)
    for window, found in zip(logs, search(logs, width), strict=True):
        expected = all_probabilities(window)
        assert len(found) <= width
        for labels, log in found:
            assert log <= torch.tensor(expected[tuple(labels)]).log() + 1e-12


def test_best_path_is_the_collapsed_argmax():
    logs = random_logs(20)
    expected = [list(collapse(path.tolist())) for path in logs.argmax(2)]
    assert labels_of_best_paths(logs) == expected


def test_alignment_is_the_most_probable_path_of_the_labels():
    logs = random_logs(1)[0]
    paths = list(itertools.product(range(N_SYMBOLS), repeat=N_FRAMES))
    for labels in all_probabilities(logs):
        of_labels = [path for path in paths if collapse(path) == labels]
        scores = [sum(logs[t, s] for t, s in enumerate(path)) for path in of_labels]
        best = of_labels[max(range(len(scores)), key=scores.__getitem__)]
        found = align(logs[None], torch.tensor([padded(labels)]))
        assert found.tolist() == [list(best)]


def test_alignment_of_clear_frames_is_what_they_show():
    path = torch.tensor([0, 2, 2, 0, 1, 0, 1])
    outputs = 10 * torch.nn.functional.one_hot(path, N_SYMBOLS).double()
    logs = outputs.log_softmax(1)[None]
    assert labels_of_best_paths(logs) == [[2, 1, 1]]
    assert align(logs, torch.tensor([[2, 1, 1, 0]])).tolist() == [path.tolist()]


def test_padding_frames_change_nothing():
    outputs = random_logs(3)
    codes = torch.tensor([padded(labels) for labels in ((1, 2), (), (1, 1))])
    junk = torch.full((3, 4, N_SYMBOLS), 7.0, dtype=outputs.dtype)
    longer = torch.cat([junk, outputs], 1).requires_grad_()
    n_frames = torch.full((3,), N_FRAMES)
    logs, alone = frame_logs(longer, n_frames), frame_logs(outputs, n_frames)
    npt.assert_allclose(ctc_losses(logs, codes).detach(), ctc_losses(alone, codes))
    assert labels_of_best_paths(logs) == labels_of_best_paths(alone)
    for found, expected in zip(search(logs, 50), search(alone, 50), strict=True):
        assert [labels for labels, _ in found] == [labels for labels, _ in expected]
    assert align(logs, codes)[:, 4:].tolist() == align(alone, codes).tolist()
    ctc_losses(logs, codes).sum().backward()
    assert not longer.grad[:, :4].any()
    assert longer.grad.isfinite().all()


def test_labels_need_a_frame_each_and_one_between_equal_ones():
    codes = torch.tensor([[1, 2, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]])
    assert n_frames_needed(codes).tolist() == [3, 5, 0]
    logs = random_logs(1)
    assert ctc_losses(logs, codes[1:2]).isfinite().all()
    assert ctc_losses(logs[:, 1:], codes[1:2]).isinf().all()


def test_gradient_agrees_with_finite_differences():
    loss = make_loss("ctc")
    targets = torch.tensor([[5, 1, 2, 1], [3, 2, 2, 0]], dtype=torch.float64)
    outputs = random_logs(2).clone()
    gradient = loss.gradient(outputs, targets)
    change = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(0))
    change, step = change.double(), 1e-6
    after, before = (loss(outputs + s * change, targets).sum() for s in (step, -step))
    npt.assert_allclose((gradient * change).sum(), (after - before) / (2 * step))
    assert not gradient[1, :2].any()  # padding


def test_constant_outputs_are_those_of_each_frame():
    loss = make_loss("ctc")
    targets = torch.tensor([[5, 1, 2, 1], [4, 2, 2, 0]], dtype=torch.float64)
    constant = loss.best_constant(targets, None)
    shares = [(2 / 5) / 2, (1 / 5 + 2 / 4) / 2]
    npt.assert_allclose(constant.exp(), [[1 - sum(shares), *shares]])
    expected = loss(constant[:, None].expand(2, 5, -1), targets)
    npt.assert_allclose(loss(constant.expand(2, -1), targets), expected)
    weighted = loss.best_constant(targets, torch.tensor([0.0, 1.0]).double())
    npt.assert_allclose(weighted.exp()[0, 2], 2 / 4)
