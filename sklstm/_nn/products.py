"""Matrix products, by the library that is faster at them.

Where oneDNN uses instructions that PyTorch's usual library does not, it is 1.3 times as
fast at products that just make up for the 10 microseconds that it takes to start, and
2.5 times at large ones.
"""

from abc import ABC, abstractmethod
from functools import partial

import torch

from sklstm._nn import onednn
from sklstm._nn.dispatch import multiplies_by_onednn


def product_for(shape, dtype):
    """Choose how to multiply matrices.

    Parameters
    ----------
    shape : tuple of (int, int, int)
        Rows of the left matrix, its columns, and columns of the right one.
    dtype : torch.dtype
        Of the numbers.

    Returns
    -------
    multiply : callable
        As :func:`torch.matmul` into an `out`: a matrix by another one, or by those of
        many steps; all contiguous.
    """
    return wide_product if multiplies_by_onednn(shape, dtype) else torch.matmul


def wide_product(left, right, *, out):
    """Multiply by oneDNN."""
    if right.ndim == 2:
        return out.copy_(onednn.product(left, right))
    for of_step, place in zip(right, out, strict=True):
        place.copy_(onednn.product(left, of_step))
    return out


def sigmoid_of_product(multiply, left, right, out):
    """Write the sigmoid of a product of two matrices, however they are multiplied."""
    if multiply is wide_product:
        torch.sigmoid(onednn.product(left, right), out=out)
    else:
        multiply(left, right, out=out).sigmoid_()


def laid_out(left, multiply):
    """Lay a left matrix out for many products."""
    return left.contiguous() if multiply is wide_product else left


class SumOfProducts(ABC):
    """A sum of products of matrices, over steps.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Where to add up.
    """

    def __init__(self, total):
        self.total = total

    @abstractmethod
    def adder(self, lefts, rights):
        """Prepare the products of some steps.

        Parameters
        ----------
        lefts : torch.Tensor of shape (n_steps, n_rows, n_windows)
            Matrices, each of them contiguous.
        rights : torch.Tensor of shape (n_steps, n_columns, n_windows)
            What to multiply them with, transposed.

        Returns
        -------
        add : callable
            ``add(starts)`` adds the products of what the matrices hold by then, to
            nothing where the sum `starts`.
        """


class StepwiseSum(SumOfProducts):
    """Adds up one product after the other."""

    def adder(self, lefts, rights):
        pairs = zip(lefts, rights, strict=True)
        return partial(self._add, [(left, right.t()) for left, right in pairs][::-1])

    def _add(self, pairs, starts):
        beta = 0 if starts else 1
        for left, right in pairs:
            self.total.addmm_(left, right, beta=beta)
            beta = 1


class WideSum(SumOfProducts):
    """Adds up by one product of oneDNN, of the steps side by side.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Where to add up.
    n_steps, n_windows : int
        Steps to add up at once, at most, and columns of their matrices.
    """

    def __init__(self, total, n_steps, n_windows):
        super().__init__(total)
        # One step alone lies as it should.
        n_between = n_steps * n_windows if n_steps > 1 else 0
        self.rooms = [total.new_empty(n * n_between) for n in total.shape]

    def adder(self, lefts, rights):
        if len(lefts) == 1:
            return partial(self._add, [], lefts[0], rights[0].t())
        apart = [matrices.transpose(0, 1) for matrices in (lefts, rights)]
        together = [
            room[: matrices.numel()].view(matrices.shape)
            for room, matrices in zip(self.rooms, apart, strict=True)
        ]
        left, right = (matrices.flatten(1) for matrices in together)
        copies = [*zip(together, apart, strict=True)]
        return partial(self._add, copies, left, right.t())

    def _add(self, copies, left, right, starts):
        for together, apart in copies:
            together.copy_(apart)
        product = onednn.product(left, right)
        if starts:
            self.total.copy_(product)
        else:
            self.total.add_(product)


def sum_for(total, n_steps, n_windows):
    """Choose how to add up products of matrices.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Where to add them.
    n_steps, n_windows : int
        Steps to add up at once, at most, and columns of their matrices.

    Returns
    -------
    sum : SumOfProducts
        The faster way.
    """
    n_rows, n_columns = total.shape
    if multiplies_by_onednn((n_rows, n_steps * n_windows, n_columns), total.dtype):
        return WideSum(total, n_steps, n_windows)
    return StepwiseSum(total)
