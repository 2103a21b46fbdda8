"""Build a graph of ONNX nodes, one operation after another."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Version of the operations. ReduceMax reads its axes as an input from 18 on.
OPSET = 18
FLOAT, DOUBLE, INT32, INT64 = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT32,
    TensorProto.INT64,
)


class Graph:
    """Nodes and constants, whose names start with a prefix.

    Values are referred to by their names.

    Parameters
    ----------
    prefix : str
        Start of the names of all values and nodes.
    """

    def __init__(self, prefix=""):
        self.prefix = prefix
        self.nodes, self.constants = [], []

    def op(self, op_type, *inputs, n_outputs=1, outputs=None, **attributes):
        """Add a node.

        Parameters
        ----------
        op_type : str
            Operation of ONNX, such as "Add".
        *inputs : str, ndarray, int or float
            Names of values. An array becomes a constant. "" for no input.
        n_outputs : int, default=1
            Number of outputs.
        outputs : list of str or None, default=None
            Names of the outputs. If None, new names.
        **attributes : dict
            Attributes of the node.

        Returns
        -------
        outputs : str or list of str
            Name of the output, or of each of several outputs.
        """
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        name = f"{self.prefix}{op_type.lower()}_{len(self.nodes)}"
        if outputs is None:
            outputs = (
                [name] if n_outputs == 1 else [f"{name}_{i}" for i in range(n_outputs)]
            )
        node = helper.make_node(op_type, names, outputs, name=name, **attributes)
        self.nodes.append(node)
        return outputs[0] if len(outputs) == 1 else outputs

    def constant(self, array):
        """Add a constant and return its name."""
        name = f"{self.prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def cast(self, value, to):
        """Convert a value to a type of ONNX, such as `FLOAT`."""
        return self.op("Cast", value, to=to)

    def ints(self, *numbers):
        """Add a constant 1-D array of int64."""
        return self.constant(np.array(numbers, np.int64))

    def size(self, value, axis):
        """Return the size of an axis, int64 of shape (1,)."""
        return self.op("Shape", value, start=axis, end=axis + 1)

    def where(self, condition, value, other):
        """Return `value` where a condition is true, and the constant `other` elsewhere.

        The constant has the type of `value` if it is an array.
        """
        return self.op("Where", condition, value, other)

    def unsqueeze(self, value, *axes):
        """Insert axes of size 1."""
        return self.op("Unsqueeze", value, self.ints(*axes))

    def reduce(self, op_type, value, *axes, keepdims=0):
        """Reduce axes by a sum, a mean or a maximum."""
        return self.op(op_type, value, self.ints(*axes), keepdims=keepdims)

    def linear(self, value, layer):
        """Add a linear layer of a network, on the last axis."""
        weight, bias = to_array(layer.weight), to_array(layer.bias)
        return self.op("Add", self.op("MatMul", value, weight.T.copy()), bias)

    def steps(self, value, axis):
        """Return the numbers of the steps, int64 of shape (n_timesteps,)."""
        n_timesteps = self.op("Squeeze", self.size(value, axis))
        return self.op("Range", np.int64(0), n_timesteps, np.int64(1))


def to_array(tensor):
    """Convert weights to a float32 array."""
    return tensor.detach().cpu().numpy().astype(np.float32)
