"""Nodes that convert outputs of networks to predictions, classes and probabilities."""

import numpy as np

from sklstm._export.estimators import scale_of
from sklstm._export.graph import DOUBLE, INT64


def regression_answers(graph, estimator, outputs, correct):
    """Add the nodes of `predict` and `predict_quantiles`.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    estimator : LSTMRegressor
        Fitted estimator.
    outputs : list of str
        Outputs of each network, (n_windows[, n_timesteps], n_outputs).
    correct : callable
        Function that adds the nodes that make predictions of padding NaN.

    Returns
    -------
    answers : dict of str
        Names of the predictions in double precision, and of the quantiles, if there
        are any.
    """
    predictions = _median(
        graph, [_predictions(graph, estimator._model, output) for output in outputs]
    )
    predictions = correct(predictions)
    is_1d, levels = estimator._task.is_1d, _quantiles(estimator._model)
    if levels is None:
        return {"predictions": _first_if(graph, is_1d, predictions)}
    n_levels = len(levels)
    quantiles = _split_last(graph, predictions, n_levels)
    middle = int(np.argmin(np.abs(np.subtract(levels, 0.5))))
    middle = graph.op("Gather", quantiles, np.int64(middle), axis=-1)
    # With one target, the quantiles are the last axis already.
    return {
        "predictions": _first_if(graph, is_1d, middle),
        "quantiles": predictions if is_1d else quantiles,
    }


def _first_if(graph, is_1d, values):
    """Drop the last axis, which has size 1, if y has no axis of outputs."""
    return graph.op("Squeeze", values, graph.ints(-1)) if is_1d else values


def _quantiles(model):
    """Return the levels of the quantiles; None if the loss has none."""
    return model.loss_parameters.get("quantiles")


def _predictions(graph, model, outputs):
    """Add nodes that convert outputs of a network to the units of y.

    Returns
    -------
    predictions : str
        Predictions in double precision, (n_windows[, n_timesteps], n_outputs).
    """
    levels = _quantiles(model)
    if model.loss_parameters["name"] == "poisson":
        outputs = graph.op("Exp", outputs)
    if levels is not None and len(levels) > 1:
        outputs = _to_quantiles(graph, outputs, len(levels))
    outputs, scale = graph.cast(outputs, DOUBLE), scale_of(model.y_scale)
    if scale is None:
        return outputs
    mean, unit = (np.repeat(part, len(levels or (1,))) for part in scale)
    return graph.op("Add", graph.op("Mul", outputs, unit), mean)


def _to_quantiles(graph, outputs, n_levels):
    """Add nodes that add up a lowest quantile and the distances above it."""
    parts = _split_last(graph, outputs, n_levels)
    is_lowest = np.arange(n_levels) == 0
    distances = graph.op("Softplus", parts)
    parts = graph.op("Where", is_lowest, parts, distances)
    quantiles = graph.op("CumSum", parts, np.int64(-1))
    # The axes of targets and of quantiles are joined again.
    shape = graph.op("Shape", outputs)
    return graph.op("Reshape", quantiles, shape)


def _split_last(graph, values, size):
    """Add nodes that split the last axis into targets and quantiles."""
    before = graph.op("Shape", values, end=-1)
    shape = graph.op("Concat", before, graph.ints(-1, size), axis=0)
    return graph.op("Reshape", values, shape)


def _median(graph, results):
    """Add nodes that compute the median of several results."""
    n = len(results)
    if n == 1:
        return results[0]
    stacked = _stack(graph, results)
    ordered, _ = graph.op("TopK", stacked, graph.ints(n), axis=0, n_outputs=2)
    middle = graph.ints(*sorted({(n - 1) // 2, n // 2}))
    middle = graph.op("Gather", ordered, middle, axis=0)
    return graph.reduce("ReduceMean", middle, 0)


def _stack(graph, results):
    """Add nodes that join results along a new first axis."""
    stacked = [graph.unsqueeze(result, 0) for result in results]
    return graph.op("Concat", *stacked, axis=0)


def classification_answers(graph, estimator, outputs, correct, is_real):
    """Add the nodes of `predict` and `predict_proba`.

    Parameters
    ----------
    graph, outputs, correct
        As in :func:`regression_answers`.
    estimator : LSTMClassifier
        Fitted estimator.
    is_real : str or None
        Mask of the real steps if there is a class for each step, bool of shape
        (n_windows, n_timesteps, 1). None for a class of each window.

    Returns
    -------
    answers : dict of str
        Names of the labels and of the probabilities in double precision.
    """
    task = estimator._task
    is_multiclass = task.kind == "multiclass"
    name, options = ("Softmax", {"axis": -1}) if is_multiclass else ("Sigmoid", {})
    parts = [
        graph.op(name, graph.cast(output, DOUBLE), **options) for output in outputs
    ]
    positive = parts[0]
    if len(parts) > 1:
        positive = graph.reduce("ReduceMean", _stack(graph, parts), 0)
    labels = _labels(graph, task, positive, is_real)
    probabilities = positive
    if task.kind == "binary":
        negative = graph.op("Sub", np.float64(1), positive)
        probabilities = graph.op("Concat", negative, positive, axis=-1)
    return {"labels": labels, "probabilities": correct(probabilities)}


def _labels(graph, task, positive, is_real):
    """Add nodes that choose the labels; those of padding are the first class."""
    if task.kind == "multiclass":
        numbers = graph.op("ArgMax", positive, axis=-1, keepdims=1)
    else:
        numbers = graph.cast(graph.op("Greater", positive, np.float64(0.5)), INT64)
    if is_real is not None:
        numbers = graph.where(is_real, numbers, np.int64(0))
    if task.kind == "multilabel-indicator":
        return numbers
    numbers = graph.op("Squeeze", numbers, graph.ints(-1))
    return graph.op("Gather", label_values(task.classes), numbers)


def label_values(classes):
    """Return the classes as an array of a type that ONNX has."""
    if classes.dtype.kind in "OUST":
        return np.array([str(label) for label in classes], dtype=object)
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    return classes.astype(np.float64) if classes.dtype.kind == "f" else classes
