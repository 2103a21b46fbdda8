"""Linear-chain conditional random field: probabilities of whole paths of classes.

A path is a class for each step of a window. Its score is the sum of the scores of its
classes at their steps, of the transitions between neighboring classes, and of its first
and its last class. The probability of a path is proportional to the exponential of its
score [1]_. The network computes the scores of the classes, and the other scores are
learned with it [2]_.

All sums over paths are computed by recursion over the steps, in logarithms [3]_. The
padding is at the start of a window, so a recursion from the last step to the first
needs no mask. Double precision is used for all networks: rounding errors add up over
the steps, and the numbers are few.

References
----------
.. [1] J. Lafferty, A. McCallum and F. Pereira, "Conditional Random Fields:
   Probabilistic Models for Segmenting and Labeling Sequence Data", ICML 2001, 282-289.
.. [2] G. Lample et al., "Neural Architectures for Named Entity Recognition", NAACL
   2016, 260-270.
.. [3] L. R. Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in
   Speech Recognition", Proceedings of the IEEE 77(2), 1989, 257-286.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import one_hot

# Score of a class that a path must not have at a step.
EXCLUDED = -1e4


class TransitionScores(NamedTuple):
    """Scores of transitions, minus infinity for those that are excluded."""

    between: torch.Tensor  # (n_classes, n_classes), from the first to the second
    start: torch.Tensor  # (n_classes,), of the first class of a path
    end: torch.Tensor  # (n_classes,), of the last class of a path


class Transitions(nn.Module):
    """Scores of the transitions between classes, which are learned.

    The first scores are zero, so that the steps are independent.

    Parameters
    ----------
    n_classes : int
        Number of classes.
    allowed : sequence of (int, int) or None
        Pairs of classes that may follow each other. None for all pairs.
    dtype : torch.dtype
        Precision of the weights.
    """

    def __init__(self, n_classes, allowed, dtype):
        super().__init__()
        self.between = nn.Parameter(torch.zeros(n_classes, n_classes, dtype=dtype))
        self.start, self.end = (
            nn.Parameter(torch.zeros(n_classes, dtype=dtype)) for _ in range(2)
        )
        self.excluded = None
        if allowed is not None:
            self.excluded = torch.ones(n_classes, n_classes, dtype=torch.bool)
            for pair in allowed:
                self.excluded[pair] = False

    @property
    def scores(self):
        """The scores, as :class:`TransitionScores`."""
        between = self.between
        if self.excluded is not None:
            excluded = self.excluded.to(between.device)
            between = between.masked_fill(excluded, -torch.inf)
        return TransitionScores(between, self.start, self.end)

    @property
    def n_longest(self):
        """Number of steps of the longest path; None if there is no limit."""
        return None if self.excluded is None else _n_longest(~self.excluded)


def _n_longest(is_allowed):
    """Return the number of steps of the longest path; None if there is no limit."""
    starts = torch.ones(len(is_allowed), dtype=torch.bool)
    n_steps = 0
    while starts.any():
        # The classes that paths of one more step can start with. If they are the same,
        # paths can be prolonged for ever.
        n_steps, longer = n_steps + 1, (is_allowed & starts).any(1)
        if longer.equal(starts):
            return None
        starts = longer
    return n_steps


def path_losses(scores, transitions, paths, n_padding=None):
    """Return the negative log-likelihood of a path of each window.

    Parameters
    ----------
    scores : torch.Tensor of shape (n_windows, n_timesteps, n_classes)
        Scores of the classes at each step, finite at padding steps.
    transitions : TransitionScores
        Scores of the transitions.
    paths : torch.Tensor of int of shape (n_windows, n_timesteps)
        Number of the class at each step. Any class at padding steps.
    n_padding : torch.Tensor of shape (n_windows,) or None, default=None
        Number of padding steps at the start of each window, less than `n_timesteps`.
        None for no padding.

    Returns
    -------
    losses : torch.Tensor of shape (n_windows,)
        Losses in double precision. They can be differentiated with respect to `scores`
        and `transitions`.
    """
    first = _first_steps(scores, n_padding)
    return _PathLosses.apply(scores, *transitions, paths.t(), first)


@torch.no_grad()
def log_marginals(scores, transitions, n_padding=None):
    """Return the logarithms of the probabilities of the classes at each step.

    Parameters
    ----------
    scores, transitions, n_padding
        As in :func:`path_losses`.

    Returns
    -------
    log_marginals : torch.Tensor of shape (n_windows, n_timesteps, n_classes)
        Logarithms in double precision, minus infinity at padding steps.
    """
    first = _first_steps(scores, n_padding)
    scores, transitions = _steps_first(scores), _in_double(transitions)
    sums = _sum_backward(scores, transitions, first)
    marginals, _ = _marginals(sums, transitions, first)
    return marginals.log_().transpose(0, 1)


def log_odds_of_class(scores, transitions, steps, numbers, n_padding=None):
    """Return the log-odds of a class at a step of each window, given all steps.

    They are the difference of the logarithms of two sums: over the paths with the
    class at the step, and over all other paths.

    Parameters
    ----------
    scores, transitions, n_padding
        As in :func:`path_losses`.
    steps, numbers : torch.Tensor of int of shape (n_windows,)
        The step of each window, and the number of the class.

    Returns
    -------
    log_odds : torch.Tensor of shape (n_windows,)
        Log-odds in double precision, which can be differentiated as the losses.
    """
    # A loss is the logarithm of the sum over all paths, minus the score of a path.
    paths, rows = best_paths(scores, transitions, n_padding), _rows(steps)
    is_class = one_hot(numbers, scores.shape[2]).bool()
    log_odds = 0
    for sign, excluded in ((1, ~is_class), (-1, is_class)):
        penalties = torch.zeros_like(scores)
        penalties[rows, steps] = excluded.to(scores) * EXCLUDED
        losses = path_losses(scores + penalties, transitions, paths, n_padding)
        of_paths = penalties[rows, steps, paths[rows, steps]]
        log_odds = log_odds + sign * (losses + of_paths)
    return log_odds


@torch.no_grad()
def best_paths(scores, transitions, n_padding=None):
    """Return the path with the highest score of each window, by Viterbi's algorithm.

    Parameters
    ----------
    scores, transitions, n_padding
        As in :func:`path_losses`.

    Returns
    -------
    paths : torch.Tensor of int of shape (n_windows, n_timesteps)
        Number of the class at each step, 0 at padding steps.
    """
    first = _first_steps(scores, n_padding)
    scores, transitions = _steps_first(scores), _in_double(transitions)
    n_timesteps, n_windows, _ = scores.shape
    # The best class after each class, and the best class to start with.
    following = torch.zeros(scores.shape, dtype=torch.long, device=scores.device)
    firsts = torch.zeros(n_timesteps, n_windows, dtype=torch.long, device=scores.device)
    ahead = scores[-1] + transitions.end
    firsts[-1] = (transitions.start + ahead).argmax(1)
    for step in range(n_timesteps - 2, -1, -1):
        best, following[step] = (transitions.between + ahead[:, None]).max(2)
        ahead = scores[step] + best
        firsts[step] = (transitions.start + ahead).argmax(1)
    paths = firsts.clone()
    for step in range(1, n_timesteps):
        next_class = following[step - 1].gather(1, paths[step - 1][:, None])[:, 0]
        paths[step] = torch.where(first == step, firsts[step], next_class)
    return paths.masked_fill_(~_is_real(n_timesteps, first), 0).t()


class _Sums(NamedTuple):
    """Sums over all paths after each step, for each class at the step."""

    # Logarithms of the sums over all paths with each first class, (n_windows,
    # n_classes).
    of_first: torch.Tensor
    # Weights of the classes at each step but the first, relative to the largest, and
    # their sums over the transitions from each step; both (n_timesteps, n_windows,
    # n_classes). The sum of the last step is the weight of the end.
    weights: torch.Tensor
    totals: torch.Tensor


def _precision(tensor):
    """Return the dtype of the sums; Apple's GPUs have no double precision."""
    return tensor.dtype if tensor.device.type == "mps" else torch.float64


def _steps_first(scores):
    """Copy scores to (n_timesteps, n_windows, n_classes), in double precision."""
    n_windows, n_timesteps, n_classes = scores.shape
    shape, dtype = (n_timesteps, n_windows, n_classes), _precision(scores)
    return scores.new_empty(shape, dtype=dtype).copy_(scores.transpose(0, 1))


def _in_double(transitions):
    """Convert the scores of transitions to double precision."""
    return TransitionScores(*(part.to(_precision(part)) for part in transitions))


def _first_steps(scores, n_padding):
    """Return the number of the first step of each window that is no padding."""
    n_windows, n_timesteps, _ = scores.shape
    if n_padding is None:
        return torch.zeros(n_windows, dtype=torch.long, device=scores.device)
    # A window that is all padding has no first step; its results are not used.
    return n_padding.long().clamp_max(n_timesteps - 1)


def _rows(first):
    """Return the number of each window."""
    return torch.arange(len(first), device=first.device)


def _is_real(n_timesteps, first):
    """Return which steps are no padding, (n_timesteps, n_windows)."""
    return torch.arange(n_timesteps, device=first.device)[:, None] >= first


def _sum_backward(scores, transitions, first):
    """Sum over all paths after each step, from the last step to the first.

    The scores, (n_timesteps, n_windows, n_classes), are overwritten by the weights.
    """
    to_from, limits = transitions.between.exp().t(), torch.finfo(scores.dtype)
    rows, totals = _rows(first), torch.empty_like(scores)
    of_first = transitions.start + scores[first, rows]
    # Logarithms of the numbers that the totals are divided by.
    largest = scores.new_zeros(*scores.shape[:2], 1)
    totals[-1] = transitions.end.exp()
    # Views of the steps are made at once: small batches are then a third faster.
    weight, total, most = scores.unbind(), totals.unbind(), largest.unbind()
    for step in range(len(scores) - 1, 0, -1):
        ahead = weight[step].add_(total[step].log().add_(most[step]))
        torch.amax(ahead, 1, keepdim=True, out=most[step - 1])
        # No path may be allowed that reaches back to a padding step.
        ahead.sub_(most[step - 1].clamp_min_(limits.min)).exp_()
        torch.mm(ahead, to_from, out=total[step - 1])
    of_first += totals[first, rows].log() + largest[first, rows]
    # The total is zero for classes that no path goes on from.
    return _Sums(of_first, scores, totals.clamp_min_(limits.tiny))


def _marginals(sums, transitions, first, factors=1.0):
    """Return the probabilities of the classes at each step, from the first to the last.

    The classes of a path are a Markov chain. The probability of a class, given the
    class before it, is the weight of the class times that of the transition, divided by
    the total.

    Parameters
    ----------
    sums, transitions, first
        Result of :func:`_sum_backward`, transitions and number of the first step.
    factors : torch.Tensor of shape (n_windows, 1), default=1.0
        Number of each window to multiply its results by.

    Returns
    -------
    marginals : torch.Tensor of shape (n_timesteps, n_windows, n_classes)
        Probabilities, zero at padding steps.
    pairs : torch.Tensor of shape (n_classes, n_classes)
        Expected number of transitions from class to class in all windows.
    """
    shares, rows = torch.zeros_like(sums.totals), _rows(first)
    # Probabilities divided by the totals.
    shares[first, rows] = sums.of_first.softmax(1) * factors / sums.totals[first, rows]
    from_to = transitions.between.exp()
    of_steps, ratios = shares.unbind(), (sums.weights / sums.totals).unbind()
    for step in range(1, len(shares)):
        of_steps[step].addcmul_(of_steps[step - 1] @ from_to, ratios[step])
    pairs = shares[:-1].flatten(0, 1).t() @ sums.weights[1:].flatten(0, 1)
    return shares.mul_(sums.totals), pairs.mul_(from_to)


def _score_of_path(scores, transitions, paths, first):
    """Return the score of a path of each window, (n_windows,)."""
    rows, is_real = _rows(first), _is_real(len(scores), first)
    of_steps = scores.gather(2, paths[:, :, None])[:, :, 0]
    of_pairs = transitions.between[paths[:-1], paths[1:]]
    return (
        of_steps.where(is_real, 0.0).sum(0)
        + of_pairs.where(is_real[:-1], 0.0).sum(0)
        + transitions.start[paths[first, rows]]
        + transitions.end[paths[-1]]
    )


class _PathLosses(torch.autograd.Function):
    """Negative log-likelihood of paths, whose gradient the marginals give."""

    @staticmethod
    def forward(ctx, scores, between, start, end, paths, first):
        """Compute the losses, (n_windows,)."""
        transitions = _in_double(TransitionScores(between, start, end))
        steps = _steps_first(scores)
        of_paths = _score_of_path(steps, transitions, paths, first)
        sums = _sum_backward(steps, transitions, first)
        ctx.save_for_backward(*sums, *transitions, paths, first)
        ctx.dtypes = scores.dtype, between.dtype
        return sums.of_first.logsumexp(1) - of_paths

    @staticmethod
    @once_differentiable
    def backward(ctx, d_losses):
        """Compute the gradients: expected numbers of classes and pairs minus actual."""
        *sums, between, start, end, paths, first = ctx.saved_tensors
        sums, transitions = _Sums(*sums), TransitionScores(between, start, end)
        d_scores, d_between = _marginals(sums, transitions, first, d_losses[:, None])
        actual = _is_real(len(paths), first) * d_losses  # (n_timesteps, n_windows)
        d_scores.scatter_add_(2, paths[:, :, None], -actual[:, :, None])
        d_between.index_put_((paths[:-1], paths[1:]), -actual[:-1], accumulate=True)
        d_start, d_end = d_scores[first, _rows(first)].sum(0), d_scores[-1].sum(0)
        of_scores, of_transitions = ctx.dtypes
        d_transitions = (d.to(of_transitions) for d in (d_between, d_start, d_end))
        return d_scores.transpose(0, 1).to(of_scores), *d_transitions, None, None
