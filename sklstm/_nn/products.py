"""Matrix products, by the library that is faster at them.

Where oneDNN uses instructions that PyTorch's usual library does not, it multiplies 2.2
to 2.5 times as fast, once a product is large enough to make up for the 10 microseconds
that it takes to start.
"""

from functools import partial

import torch

from sklstm._nn import onednn

# Multiplications of numbers from which oneDNN is ahead on such processors.
LARGE_PRODUCT = 2**21


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
    return wide_product if is_for_onednn(shape, dtype) else torch.matmul


def is_for_onednn(shape, dtype):
    """Say whether oneDNN is faster at a product of :func:`product_for`."""
    n_rows, n_between, n_columns = shape
    is_large = n_rows * n_between * n_columns >= LARGE_PRODUCT
    return is_large and dtype == torch.float32 and onednn.is_wider_than_mkl()


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


class SumOfProducts:
    """A sum of products over steps, added up step by step.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Where to add up.
    """

    def __init__(self, total):
        self.total = total

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
        pairs = zip(lefts, rights, strict=True)
        return partial(self._add, [(left, right.t()) for left, right in pairs][::-1])

    def _add(self, pairs, starts):
        beta = 0 if starts else 1
        for left, right in pairs:
            self.total.addmm_(left, right, beta=beta)
            beta = 1


class WideSumOfProducts(SumOfProducts):
    """A sum of products over steps, added up by one product of oneDNN.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Where to add up.
    n_between : int
        Steps times windows, at most.
    """

    def __init__(self, total, n_between):
        super().__init__(total)
        self.rooms = [total.new_empty(n * n_between) for n in total.shape]

    def adder(self, lefts, rights):
        sides = zip((lefts, rights), self.rooms, strict=True)
        return partial(self._add, [_views_side_by_side(*side) for side in sides])

    def _add(self, sides, starts):
        for apart, together, _ in sides:
            if together is not None:
                together.copy_(apart)
        (*_, left), (*_, right) = sides
        product = onednn.product(left, right.t())
        if starts:
            self.total.copy_(product)
        else:
            self.total.add_(product)


def _views_side_by_side(matrices, room):
    """View matrices of some steps, where they go side by side, and that as one matrix.

    One alone is a matrix as it is.
    """
    n_steps, n_rows, n_windows = matrices.shape
    if n_steps == 1:
        return None, None, matrices[0]
    apart = matrices.transpose(0, 1)
    together = room[: apart.numel()].view(apart.shape)
    return apart, together, together.view(n_rows, n_steps * n_windows)


def sum_for(total, n_between):
    """Choose how to add up products of matrices.

    Parameters
    ----------
    total : torch.Tensor of shape (n_rows, n_columns)
        Where to add them.
    n_between : int
        Steps times windows that are added at once, at most.

    Returns
    -------
    sum : SumOfProducts
        The faster way.
    """
    n_rows, n_columns = total.shape
    if is_for_onednn((n_rows, n_between, n_columns), total.dtype):
        return WideSumOfProducts(total, n_between)
    return SumOfProducts(total)
