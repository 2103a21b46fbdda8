"""Training of one network by several processes, which average their gradients."""

import torch
from torch import distributed

# Relative difference of numbers that are equal, apart from rounding.
ROUNDING = 1e-5


class Processes:
    """The processes that train a network together. Usually there is one.

    They are the members of the default process group of ``torch.distributed``, which
    ``torchrun`` starts. All processes have all rows, and each of them computes the
    gradient of its share of a batch. The weights are the same in all processes.

    Parameters
    ----------
    rank : int, default=0
        Number of this process.
    count : int, default=1
        Number of processes.
    """

    def __init__(self, rank=0, count=1):
        self.rank, self.count = rank, count

    @classmethod
    def current(cls):
        """Return the processes of the default group, or this process alone."""
        if distributed.is_available() and distributed.is_initialized():
            return cls(distributed.get_rank(), distributed.get_world_size())
        return cls()

    @property
    def are_several(self):
        """Whether there is more than one process."""
        return self.count > 1

    def share(self, rows):
        """Return the share of this process of the rows of a batch.

        Parameters
        ----------
        rows : torch.Tensor of int or None
            Positions of the rows. None stands for all rows.
        """
        if not self.are_several:
            return rows
        every = slice(self.rank, None, self.count)
        return every if rows is None else rows[every]

    def dropout_generator(self, generator):
        """Return a generator of dropout, which is another one in each process.

        The processes draw different amounts of random numbers for dropout, and the same
        ones for the order of the rows.
        """
        if not self.are_several:
            return generator
        seed = generator.initial_seed() + 1 + self.rank
        return torch.Generator().manual_seed(seed)

    def start(self, weights, numbers):
        """Check that all processes learn the same, and copy the first one's weights.

        Parameters
        ----------
        weights : FlatWeights
            Initial weights.
        numbers : iterable of float
            Numbers that depend on the training data.

        Raises
        ------
        ValueError
            If weights or numbers differ between the processes.
        """
        if not self.are_several:
            return
        values = weights.values
        mine = values.new_tensor([values.norm().item(), *numbers], dtype=torch.float64)
        first = mine.clone()
        distributed.broadcast(first, 0)
        differs = ~torch.isclose(mine, first, rtol=ROUNDING, equal_nan=True).all()
        if self.sum(differs.double()):
            raise ValueError(
                "The processes of the group start from different weights or data. In "
                "each process, pass all rows of X and y to fit, and the same "
                "random_state, which must be an int."
            )
        for tensor in (values, *weights.buffers):
            distributed.broadcast(tensor, 0)

    def average(self, weights, loss, weight, penalty_weight):
        """Average the gradient and the loss of a batch over the processes.

        Parameters
        ----------
        weights : FlatWeights
            Weights with the gradient of this process, which is replaced by the mean.
        loss : torch.Tensor
            Mean loss of the rows of this process.
        weight, penalty_weight : float or torch.Tensor
            Weight of the loss, and weight by which the penalty is divided.

        Returns
        -------
        loss, weight, penalty_weight : torch.Tensor
            Mean loss, and sums of the weights.
        """
        if not self.are_several:
            return loss, weight, penalty_weight
        flat = weights.gradient
        totals = flat.new_tensor([float(loss), 1.0]) * float(weight)
        together = torch.cat([flat * float(weight), totals, flat.new_zeros(1)])
        together[-1] = float(penalty_weight)
        distributed.all_reduce(together)
        *_, loss, weight, penalty_weight = together.split([len(flat), 1, 1, 1])
        smallest = torch.finfo(flat.dtype).tiny
        torch.div(together[: len(flat)], weight.clamp(smallest), out=flat)
        return (loss / weight.clamp(smallest))[0], weight[0], penalty_weight[0]

    def average_buffers(self, buffers):
        """Average running statistics over the processes, after an epoch."""
        if self.are_several:
            for buffer in buffers:
                buffer.copy_(self.sum(buffer) / self.count)

    def from_first(self, number, device):
        """Return a number that the first process computed, in all of them."""
        if not self.are_several or number is None:
            return number
        tensor = torch.tensor(number, dtype=torch.float64, device=device)
        distributed.broadcast(tensor, 0)
        return tensor.item()

    def sum(self, tensor):
        """Return the sum of a tensor over the processes."""
        total = tensor.clone()
        distributed.all_reduce(total)
        return total
