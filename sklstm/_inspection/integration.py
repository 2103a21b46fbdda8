"""Derivatives of outputs of networks, and their integrals along straight lines.

A line is cut into parts. The integrals of a part add up to the difference of the
outputs at its ends, so that the error of each part is known. Parts with a large error
are halved. An output with kinks, such as those of a ReLU, then has short parts around
the kinks and long ones elsewhere.
"""

from typing import NamedTuple

import numpy as np
import torch

from sklstm._nn.training import rows_per_block

# Number of points of the Gauss-Legendre quadrature of a part.
N_NODES = 4
# Number of parts of a line at first, and how often a part is halved at most.
N_PARTS, MOST_HALVINGS = 4, 30
# Parts are not halved if there are this many times as many as at first.
MOST_PARTS = 256
# A part is halved if its error is more than this fraction of the largest error of a
# window. If the errors of its parts add up to more than the largest error, the next
# fraction is tried.
FRACTIONS = 1 / 16, 1 / 256
# Error of a sum, as a fraction of the sum of the absolute values of its terms. Sums
# that cancel out are only as precise as their terms.
ROUNDING = 1e-6


class Parts(NamedTuple):
    """Parts of lines, from one share to another."""

    rows: torch.Tensor  # numbers of the windows, (n_parts,)
    starts: torch.Tensor  # shares, (n_parts,)
    stops: torch.Tensor  # (n_parts,)
    limits: torch.Tensor  # largest errors, (n_parts,)

    def select(self, which):
        """Select some of the parts."""
        return Parts(*(field[which] for field in self))

    def halves(self):
        """Cut each part into two."""
        middles = (self.starts + self.stops) / 2
        return Parts(
            torch.cat([self.rows, self.rows]),
            torch.cat([self.starts, middles]),
            torch.cat([middles, self.stops]),
            torch.cat([self.limits, self.limits]),
        )


def integrate(line, output, differences, n_steps, tolerance):
    """Integrate derivatives along lines.

    Parameters
    ----------
    line : Line
        Straight lines from baselines to windows.
    output : Output
        The output to differentiate.
    differences : torch.Tensor of shape (n_windows,)
        Differences of the outputs for windows and baselines.
    n_steps : int or "auto"
        Number of points on each line, rounded up to a multiple of `N_NODES`. With
        "auto", parts are halved until the integrals of a window add up.
    tolerance : float
        Largest error of a sum, as a fraction of the difference.

    Returns
    -------
    integrals : torch.Tensor of shape (n_windows, n_timesteps, n_features)
        Integrals over the shares, from 0 to 1.
    is_right : torch.Tensor of bool of shape (n_windows,)
        Whether the integrals of a window add up to its difference.
    """
    integrals = torch.zeros_like(line.windows)
    is_right = torch.zeros(len(differences), dtype=torch.bool)
    fractions = FRACTIONS if n_steps == "auto" else (torch.inf,)
    n_parts = N_PARTS if n_steps == "auto" else -(-n_steps // N_NODES)
    for fraction in fractions:
        rows = torch.nonzero(~is_right)[:, 0]
        if not len(rows):
            break
        # Limits are infinite if the number of points is fixed, also for no difference.
        limits = (fraction * tolerance * differences[rows].abs()).nan_to_num(torch.inf)
        parts = _equal_parts(rows, limits, n_parts)
        integrals[rows] = 0
        integrate_parts(line, output, parts, integrals)
        errors = (integrals.sum((1, 2)) - differences).abs()
        rounding = ROUNDING * integrals.abs().sum((1, 2))
        is_right = errors <= tolerance * differences.abs() + rounding
    return integrals, is_right


def integrate_parts(line, output, parts, integrals):
    """Add the integrals over parts of lines, which are halved, to `integrals`."""
    n_most = MOST_PARTS * len(parts.rows)
    for _ in range(MOST_HALVINGS):
        of_parts = _quadrature(line, output, parts)
        sums, sizes = of_parts.sum((1, 2)), of_parts.abs().sum((1, 2))
        errors = (sums - _differences(line, output, parts)).abs()
        is_wrong = errors > parts.limits + ROUNDING * sizes
        if is_wrong.sum() > n_most:
            break
        integrals.index_add_(0, parts.rows[~is_wrong], of_parts[~is_wrong])
        parts = parts.select(is_wrong).halves()
        if not len(parts.rows):
            return
    integrals.index_add_(0, parts.rows, _quadrature(line, output, parts))


def _equal_parts(rows, limits, n_parts):
    """Return the lines of some windows, each cut into equal parts."""
    bounds = torch.linspace(0, 1, n_parts + 1, dtype=torch.float64)
    starts, stops = (part.repeat(len(rows)) for part in (bounds[:-1], bounds[1:]))
    rows, limits = (part.repeat_interleave(n_parts) for part in (rows, limits))
    return Parts(rows, starts, stops, limits)


def _quadrature(line, output, parts):
    """Integrate derivatives over parts, (n_parts, n_timesteps, n_features)."""
    nodes, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(N_NODES))
    widths = parts.stops - parts.starts
    shape = len(parts.rows), *line.windows.shape[1:]
    integrals = line.windows.new_zeros(shape)
    points = parts.starts[:, None] + (nodes + 1) / 2 * widths[:, None]
    factors = weights / 2 * widths[:, None]
    for places in _blocks(line, points.numel()):
        part = places // N_NODES
        shares = points.view(-1)[places]
        of_points = derivatives(line, output, parts.rows[part], shares)
        integrals.index_add_(0, part, of_points * factors.view(-1)[places, None, None])
    return integrals


def _differences(line, output, parts):
    """Return the differences of the outputs at the ends of parts, (n_parts,)."""
    starts = outputs_at(line, output, parts.rows, parts.starts)
    return outputs_at(line, output, parts.rows, parts.stops) - starts


def outputs_at(line, output, rows, shares):
    """Compute the output at points of lines.

    Parameters
    ----------
    line, output
        As in :func:`integrate`.
    rows : torch.Tensor of int of shape (n_points,)
        Number of the window of each point.
    shares : torch.Tensor of shape (n_points,)
        Share of all values of the window.

    Returns
    -------
    outputs : torch.Tensor of shape (n_points,)
        Outputs.
    """
    with torch.no_grad():
        return torch.cat(
            [
                output(line, rows[places], _all_equal(line, shares[places]))
                for places in _blocks(line, len(rows))
            ]
        )


def derivatives_at(line, output, rows, shares):
    """Compute derivatives at points, (n_points, n_timesteps, n_features).

    The parameters are those of :func:`outputs_at`.
    """
    return torch.cat(
        [
            derivatives(line, output, rows[places], shares[places])
            for places in _blocks(line, len(rows))
        ]
    )


def derivatives(line, output, rows, shares):
    """Compute derivatives at points that fit the memory, as :func:`derivatives_at`."""
    with torch.enable_grad():
        shares = _all_equal(line, shares).requires_grad_()
        return torch.autograd.grad(output(line, rows, shares).sum(), shares)[0]


def _all_equal(line, shares):
    """Return shares of all values of windows, (n_points, n_timesteps, n_features)."""
    return shares[:, None, None].repeat(1, *line.windows.shape[1:])


def _blocks(line, n_points):
    """Return the numbers of points in blocks that fit the memory."""
    size = rows_per_block(line.networks[0], line.windows.shape[1])
    return torch.arange(n_points).split(size)
