"""Matrix products, computed by ``torch.matmul`` or by oneDNN.

If only oneDNN uses the 512-bit instructions of the processor, it is 2.5 times as fast
as ``torch.matmul`` for large products. Each call of oneDNN takes 10 microseconds to
start, which is too long for small products.
:mod:`sklstm._nn.dispatch` chooses between the two. Both round the factors to bfloat16
if the user allows it by ``torch.set_float32_matmul_precision("medium")`` and the
processor has such instructions.
"""

from abc import ABC, abstractmethod
from functools import partial

import torch

from sklstm._nn.dispatch import multiplies_by_onednn
from sklstm._nn.torch_compat import onednn_product


def matmul_for(shape, dtype):
    """Return the fastest function to multiply matrices.

    Parameters
    ----------
    shape : tuple of (int, int, int)
        Number of rows and columns of the left matrix, and of columns of the right one.
    dtype : torch.dtype
        Precision of the matrices.

    Returns
    -------
    multiply : callable
        Function like :func:`torch.matmul` with an `out`. The right operand is one
        matrix or a stack of matrices. All operands are contiguous.
    """
    return onednn_matmul if multiplies_by_onednn(shape, dtype) else torch.matmul


def onednn_matmul(left, right, *, out):
    """Multiply matrices with oneDNN."""
    if right.ndim == 2:
        return out.copy_(onednn_product(left, right))
    for right_of_step, out_of_step in zip(right, out, strict=True):
        out_of_step.copy_(onednn_product(left, right_of_step))
    return out


def sigmoid_of_product(multiply, left, right, out):
    """Compute the sigmoid of a product of two matrices."""
    if multiply is onednn_matmul:
        torch.sigmoid(onednn_product(left, right), out=out)
    else:
        multiply(left, right, out=out).sigmoid_()


def layout_for(multiply, left):
    """Return a left matrix in the memory layout that a function needs."""
    return left.contiguous() if multiply is onednn_matmul else left


class ProductSum(ABC):
    """Base class of sums of matrix products over steps.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Tensor that holds the sum.
    """

    def __init__(self, total):
        self.total = total

    @abstractmethod
    def adder(self, lefts, rights):
        """Return a function that adds the products of some steps.

        Parameters
        ----------
        lefts : torch.Tensor of shape (n_steps, n_rows, n_windows)
            Left matrices, each of them contiguous.
        rights : torch.Tensor of shape (n_steps, n_columns, n_windows)
            Right matrices, transposed.

        Returns
        -------
        add : callable
            ``add(is_first)`` adds the products of the current values. If `is_first`,
            the sum starts from zero.
        """


class StepwiseSum(ProductSum):
    """Sum of products that are computed one after the other."""

    def adder(self, lefts, rights):
        pairs = zip(lefts, rights, strict=True)
        return partial(self._add, [(left, right.t()) for left, right in pairs][::-1])

    def _add(self, pairs, is_first):
        beta = 0 if is_first else 1
        for left, right in pairs:
            self.total.addmm_(left, right, beta=beta)
            beta = 1


class OneDNNSum(ProductSum):
    """Sum computed as one product of oneDNN, over the concatenated steps.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Tensor that holds the sum.
    n_steps, n_windows : int
        Maximum number of steps added at once, and number of columns of each matrix.
    """

    def __init__(self, total, n_steps, n_windows):
        super().__init__(total)
        # A single step needs no copy.
        n_between = n_steps * n_windows if n_steps > 1 else 0
        self.buffers = [total.new_empty(n * n_between) for n in total.shape]

    def adder(self, lefts, rights):
        if len(lefts) == 1:
            return partial(self._add, [], lefts[0], rights[0].t())
        stacks = [matrices.transpose(0, 1) for matrices in (lefts, rights)]
        concatenated = [
            buffer[: stack.numel()].view(stack.shape)
            for buffer, stack in zip(self.buffers, stacks, strict=True)
        ]
        left, right = (matrices.flatten(1) for matrices in concatenated)
        copies = [*zip(concatenated, stacks, strict=True)]
        return partial(self._add, copies, left, right.t())

    def _add(self, copies, left, right, is_first):
        for concatenated, stack in copies:
            concatenated.copy_(stack)
        product = onednn_product(left, right)
        if is_first:
            self.total.copy_(product)
        else:
            self.total.add_(product)


def product_sum_for(total, n_steps, n_windows):
    """Build the fastest sum of matrix products.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Tensor that holds the sum.
    n_steps, n_windows : int
        Maximum number of steps added at once, and number of columns of each matrix.

    Returns
    -------
    product_sum : ProductSum
        A new sum.
    """
    n_rows, n_columns = total.shape
    if multiplies_by_onednn((n_rows, n_steps * n_windows, n_columns), total.dtype):
        return OneDNNSum(total, n_steps, n_windows)
    return StepwiseSum(total)
