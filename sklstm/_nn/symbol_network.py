"""Base class of networks that read or write symbols: training and pickles."""

from abc import ABC, abstractmethod

from torch import nn

from sklstm._nn.autograd import Workspaces
from sklstm._nn.saving import dtype_name, load_arrays, named_dtype, to_arrays


class SymbolNetwork(nn.Module, ABC):
    """Base class of networks that read or write symbols.

    The weights of a new network are undefined, as those of
    :class:`~sklstm._nn.network.RecurrentNetwork`. A pickle holds arrays and parameters
    only, so it can be loaded on a machine without the device of the network.

    Parameters
    ----------
    **architecture : dict
        Parameters of the network, from which a pickle builds it again.
    """

    def __init__(self, **architecture):
        super().__init__()
        self.architecture = architecture
        # Source of the random numbers of dropout, during training.
        self.generator = None

    @property
    @abstractmethod
    def device(self):
        """Device of the weights."""

    @abstractmethod
    def sequence_layers(self):
        """Return all layers that read sequences."""

    def __getstate__(self):
        dtype = dtype_name(self.architecture["dtype"])
        return {
            "architecture": self.architecture | {"dtype": dtype},
            "device": str(self.device),
            "weights": to_arrays(self),
        }

    def __setstate__(self, state):
        dtype = named_dtype(state["architecture"]["dtype"])
        self.__init__(**state["architecture"] | {"dtype": dtype})
        load_arrays(self, state["weights"], state["device"])
        self.eval()

    def start_training(self, generator):
        """Prepare for training, with a generator for dropout on the same device."""
        self.generator = generator
        for layer in self.sequence_layers():
            layer.workspaces = Workspaces()

    def end_training(self):
        """Release what only training needs."""
        self.generator = None
        self.zero_grad(set_to_none=True)
        for layer in self.sequence_layers():
            layer.workspaces = None
        self.eval()
