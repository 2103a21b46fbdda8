"""Build and write ONNX models."""

import json
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

from sklstm._core.scaled_network import ScaledNetwork
from sklstm._export.answers import (
    classification_answers,
    label_values,
    regression_answers,
)
from sklstm._export.estimators import InputForm, check_exportable
from sklstm._export.graph import DOUBLE, FLOAT, OPSET, Graph
from sklstm._export.layers import ACTIVATIONS, pool, run_input_layers, run_stack
from sklstm._export.windows import read_input, scale_windows
from sklstm._nn.stack import TRANSFORMER
from sklstm.classification import LSTMClassifier

TYPES = {"float32": FLOAT, "float64": DOUBLE}


def check_estimator(estimator):
    """Raise if ONNX has no nodes for a fitted estimator, or no type for its classes."""
    check_exportable(estimator)
    _check_layers(estimator)
    _check_classes(estimator)


def _check_layers(estimator):
    """Raise if ONNX has no node for the recurrent layers of an estimator."""
    parameters = estimator._model.architecture
    cell, activation = parameters["cell"], parameters["activation"]
    if cell == TRANSFORMER:
        raise ValueError(
            'cell="transformer" cannot be written to an ONNX file: only recurrent '
            "layers can. Call sklstm.export.to_torch for torch.export, or set "
            'cell="lstm" and fit again.'
        )
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"ONNX has no activation {activation!r}. Set activation to one of "
            f"{sorted(ACTIVATIONS)} and fit again."
        )


def _check_classes(estimator):
    """Raise if ONNX has no type for the classes of an estimator."""
    classes = getattr(estimator, "classes_", None)
    if classes is not None and classes.dtype.kind not in "OUSTbiuf":
        raise ValueError(
            f"ONNX has no classes of type {classes.dtype}. Convert them to strings, "
            "y.astype(str), and fit again."
        )


def add_estimator(graph, estimator, X):
    """Add the nodes of an estimator to a graph.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator.
    X : str
        Name of the input, float or double.

    Returns
    -------
    answers : dict of str
        Name of each answer: predictions and quantiles in double precision; or labels,
        and probabilities in double precision.
    """
    given = read_input(graph, X, InputForm.of(estimator))
    outputs = [_outputs(graph, model, given) for model in estimator._models]
    predicts_steps = estimator._model.network.predicts_steps
    is_real = given.windows.is_real if predicts_steps else None
    correct = partial(_correct, graph, given.not_finite, is_real)
    if isinstance(estimator, LSTMClassifier):
        return classification_answers(graph, estimator, outputs, correct, is_real)
    return regression_answers(graph, estimator, outputs, correct)


def _outputs(graph, model: ScaledNetwork, given):
    """Add the nodes of a network, (n_windows[, n_timesteps], n_outputs)."""
    network = model.network
    windows = scale_windows(graph, given.windows, model.x_scale)
    inputs, to_pool = run_input_layers(graph, network.input_layers, windows)
    stack = graph, network.layers, inputs, network.pooling.needs_states
    states, last = run_stack(*stack)
    pooled = pool(graph, network.pooling, states, last, inputs.lengths)
    if network.conv_pooling is not None:
        to_pool = graph.op("Transpose", to_pool, perm=[1, 0, 2])
        beside = graph, network.conv_pooling, to_pool, None, inputs.lengths
        pooled = graph.op("Concat", pooled, pool(*beside, at_end=False), axis=1)
    outputs = graph.linear(pooled, network.head)
    if not model.replaces_empty:
        return outputs
    has_steps = graph.op("Greater", given.windows.lengths, np.int64(0))
    return graph.where(has_steps, outputs, model.constant.astype(np.float32))


def _correct(graph, not_finite, is_real, values):
    """Add nodes that make answers for padding and for values of NaN to NaN."""
    if is_real is None:
        return graph.op("Add", values, not_finite)
    values = graph.op("Add", values, graph.unsqueeze(not_finite, 2))
    return graph.where(is_real, values, np.float64(np.nan))


def answer_types(estimator, dtype):
    """Return the type and the shape of each answer.

    Parameters
    ----------
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator.
    dtype : {"float32", "float64"}
        Precision of numbers.

    Returns
    -------
    types : dict of (int, list)
        Type of ONNX and shape of each answer, by its name.
    """
    predicts_steps = estimator._model.network.predicts_steps
    rows = ["batch", InputForm.of(estimator).n_steps][: 1 + predicts_steps]
    number = TYPES[dtype]
    if isinstance(estimator, LSTMClassifier):
        n_classes = len(estimator.classes_)
        if estimator._task.kind == "multilabel-indicator":
            labels = TensorProto.INT64, [*rows, n_classes]
        else:
            labels = _label_type(estimator.classes_), rows
        return {"labels": labels, "probabilities": (number, [*rows, n_classes])}
    shape = rows if estimator._task.is_1d else [*rows, estimator.n_outputs_]
    types = {"predictions": (number, shape)}
    levels = estimator._model.loss_parameters.get("quantiles")
    return types | ({"quantiles": (number, [*shape, len(levels)])} if levels else {})


def _label_type(classes):
    """Return the type of ONNX of labels."""
    values = label_values(classes)
    if values.dtype == object:
        return TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(values.dtype)


def finish(graph, answers, types, names):
    """Add nodes that give the answers their types and names.

    Parameters
    ----------
    graph : Graph
        Graph to add nodes to.
    answers : dict of str
        Name of each answer in the graph.
    types : dict of (int, list)
        Type and shape of each answer.
    names : list of str
        Final names of the answers.
    """
    for (key, value), name in zip(answers.items(), names, strict=True):
        if key == "labels":
            graph.op("Identity", value, outputs=[name])
        else:
            graph.op("Cast", value, outputs=[name], to=types[key][0])


def build_model(estimator, dtype):
    """Build the model of a fitted estimator.

    Parameters
    ----------
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator.
    dtype : {"float32", "float64"}
        Precision of the input and of the numbers in the outputs.

    Returns
    -------
    model : onnx.ModelProto
        Model with the input "X" and one output per answer.
    """
    graph, types = Graph(), answer_types(estimator, dtype)
    answers = add_estimator(graph, estimator, "X")
    finish(graph, answers, types, list(answers))
    shape = InputForm.of(estimator).shape
    inputs = [helper.make_tensor_value_info("X", TYPES[dtype], shape)]
    outputs = [helper.make_tensor_value_info(name, *types[name]) for name in answers]
    proto = helper.make_graph(
        graph.nodes, type(estimator).__name__, inputs, outputs, graph.constants
    )
    opsets = [helper.make_opsetid("", OPSET)]
    version = helper.find_min_ir_version_for(opsets)
    return helper.make_model(proto, opset_imports=opsets, ir_version=version)


def describe(model, estimator, columns, version):
    """Write the producer, a description and the names of the columns into a model."""
    model.producer_name, model.producer_version = "sklstm", version
    model.domain = "sklstm"
    model.doc_string = (
        f"{type(estimator).__name__} of sklstm {version}. Windows of X are in time "
        "order. Steps at the start of a window whose features are all NaN are padding. "
        "Standardization is part of the model."
    )
    properties = {
        "sklstm_version": version,
        "estimator": type(estimator).__name__,
        "feature_names": json.dumps(columns),
    }
    if hasattr(estimator, "classes_"):
        properties["classes"] = json.dumps(estimator.classes_.tolist(), default=str)
    levels = estimator._model.loss_parameters.get("quantiles")
    if levels:
        properties["quantiles"] = json.dumps(levels)
    helper.set_model_props(model, properties)


def check_path(path):
    """Raise if a file cannot be written.

    Raises
    ------
    TypeError
        If the path is no path.
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If the path is a folder.
    """
    if path is None:
        return
    if not isinstance(path, str | PathLike):
        raise TypeError(
            f"path must be a string or a path, got {path!r:.60}. To get the bytes of "
            "the model, pass no path, and call SerializeToString() of the result."
        )
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder. Pass the path of a file in it: {path / 'model.onnx'}."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"The folder {path.parent} does not exist. Create it with "
            f"pathlib.Path({str(path.parent)!r}).mkdir(parents=True)."
        )
