"""Nodes that convert X to scaled windows, and find their padding."""

from typing import NamedTuple

import numpy as np

from sklstm._core.scaling import CONSTANT
from sklstm._core.window_scaling import WindowScale
from sklstm._export.estimators import scale_of
from sklstm._export.graph import DOUBLE, FLOAT, INT32, INT64

ZERO = np.float64(0)


class Steps(NamedTuple):
    """Names of windows and of their padding, which is at the start."""

    values: str  # (n_windows, n_timesteps, width), zero at padding
    is_real: str  # bool, (n_windows, n_timesteps, 1)
    lengths: str  # number of real steps, int64 of shape (n_windows, 1)


class Input(NamedTuple):
    """Names of what all networks read."""

    windows: Steps  # in float64
    # Zero, or NaN for a window with a value that is not finite, (n_windows, 1).
    not_finite: str


def read_input(graph, X, form):
    """Add the nodes that convert X to windows, and return an :class:`Input`.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    X : str
        Name of the input.
    form : InputForm
        Form of the input.
    """
    values = graph.cast(_to_3d(graph, X, form), DOUBLE)
    is_number = graph.cast(graph.op("Not", graph.op("IsNaN", values)), INT32)
    any_number = graph.reduce("ReduceMax", is_number, 2, keepdims=1)
    n_before = graph.op("CumSum", any_number, np.int64(1))
    is_real = graph.op("Greater", n_before, np.int32(0))
    values = graph.where(is_real, values, ZERO)
    # The difference of a number and itself is NaN for NaN and infinity.
    differences = graph.op("Sub", values, values)
    sums = graph.reduce("ReduceSum", differences, 1, 2)
    windows = Steps(values, is_real, count_steps(graph, is_real))
    return Input(windows, graph.unsqueeze(sums, 1))


def _to_3d(graph, X, form):
    """Add nodes that convert X to shape (n_windows, n_timesteps, n_features)."""
    if form.order is None:
        # ONNX Runtime refuses to reshape an empty X, on which its layers would crash.
        return graph.op("Reshape", X, graph.ints(0, 0, -1))
    if not np.array_equal(form.order, np.arange(len(form.order))):
        X = graph.op("Gather", X, form.order.astype(np.int64), axis=1)
    return graph.op("Reshape", X, graph.ints(0, form.n_timesteps, -1))


def count_steps(graph, is_real):
    """Add nodes that count the real steps of each window, int64 of (n_windows, 1)."""
    numbers = graph.cast(graph.op("Squeeze", is_real, graph.ints(2)), INT64)
    return graph.reduce("ReduceSum", numbers, 1, keepdims=1)


def scale_windows(graph, windows, scale):
    """Add the nodes that scale windows, in double precision.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    windows : Steps
        Windows in the units of X.
    scale : Scale, StepScale or WindowScale
        Scale of the windows.

    Returns
    -------
    windows : Steps
        Scaled windows in single precision.
    """
    values = windows.values
    if isinstance(scale, WindowScale):
        values = _scale_each(graph, windows)
    elif (numbers := scale_of(scale)) is not None:
        mean, unit = numbers
        values = graph.op("Div", graph.op("Sub", values, mean), unit)
        values = graph.where(windows.is_real, values, ZERO)
    return windows._replace(values=graph.cast(values, FLOAT))


def _scale_each(graph, windows):
    """Add nodes that scale each window, as `WindowScale.scale_batch` does."""
    op, values = graph.op, windows.values
    lengths = graph.unsqueeze(graph.cast(windows.lengths, DOUBLE), 2)
    lengths = op("Max", lengths, np.float64(1))
    sums = graph.reduce("ReduceSum", values, 1, keepdims=1)
    mean = op("Div", sums, lengths)
    deviations = graph.where(windows.is_real, op("Sub", values, mean), ZERO)
    largest = op("Abs", deviations)
    largest = graph.reduce("ReduceMax", largest, 1, keepdims=1)
    limit = op("Mul", op("Abs", mean), np.float64(CONSTANT))
    varies = op("Greater", largest, limit)
    deviations = graph.where(varies, deviations, ZERO)
    deviations = op("Div", deviations, graph.where(varies, largest, np.float64(1)))
    squares = graph.reduce(
        "ReduceSum", op("Mul", deviations, deviations), 1, keepdims=1
    )
    variance = graph.where(varies, op("Div", squares, lengths), np.float64(1))
    return op("Div", deviations, op("Sqrt", variance))
