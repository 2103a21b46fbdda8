"""Convert pipelines by skl2onnx, with converters for our estimators."""

from onnx import TensorProto
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.pipeline import Pipeline

from sklstm._export.graph import OPSET, Graph
from sklstm._export.model import (
    add_estimator,
    answer_types,
    check_estimator,
    finish,
)
from sklstm.classification import LSTMClassifier
from sklstm.regression import LSTMRegressor

VARIABLES = {
    TensorProto.FLOAT: FloatTensorType,
    TensorProto.DOUBLE: DoubleTensorType,
    TensorProto.INT64: Int64TensorType,
    TensorProto.STRING: StringTensorType,
    TensorProto.BOOL: BooleanTensorType,
}


def register():
    """Register the converters of both estimators with skl2onnx."""
    # skl2onnx accepts only options that are registered.
    options = {LSTMRegressor: None, LSTMClassifier: {"zipmap": [False]}}
    for cls, of_class in options.items():
        update_registered_converter(
            cls,
            f"Sklstm{cls.__name__}",
            _set_types,
            _convert,
            parser=_parse,
            options=of_class,
        )


def convert_pipeline(steps, estimator, dtype):
    """Convert the steps of a pipeline.

    Parameters
    ----------
    steps : list of (str, transformer)
        Steps of scikit-learn before the estimator.
    estimator : LSTMRegressor or LSTMClassifier
        Fitted estimator.
    dtype : {"float32", "float64"}
        Precision of the input and of the numbers in the outputs.

    Returns
    -------
    model : onnx.ModelProto
        Model with the input "X" and one output per answer.

    Raises
    ------
    TypeError
        If a step cannot be converted.
    """
    register()
    pipeline = Pipeline([*steps, ("estimator", estimator)])
    variable = FloatTensorType if dtype == "float32" else DoubleTensorType
    shape = [None, getattr(steps[0][1], "n_features_in_", None)]
    try:
        model = convert_sklearn(
            pipeline,
            name=type(estimator).__name__,
            initial_types=[("X", variable(shape))],
            target_opset=OPSET,
        )
    except (MissingConverter, MissingShapeCalculator, RuntimeError) as error:
        names = ", ".join(type(step).__name__ for _, step in steps)
        raise TypeError(
            f"skl2onnx cannot convert the steps before the network ({names}), for the "
            "reason above. Export the last step, model[-1], and pass it "
            "model[:-1].transform(X)."
        ) from error
    _name_sizes(model)
    return model


def _name_sizes(model):
    """Set names for the sizes of inputs and outputs that may differ."""
    for value in (*model.graph.input, *model.graph.output):
        sizes = value.type.tensor_type.shape.dim
        for size, name in zip(sizes, ("batch", "steps"), strict=False):
            if not size.HasField("dim_value"):
                size.dim_param = name


def _precision(operator):
    """Return the precision of the input of an operator."""
    is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
    return "float64" if is_double else "float32"


def _parse(scope, model, inputs, **_):
    """Declare the outputs of an estimator."""
    check_estimator(model)
    operator = scope.declare_local_operator(f"Sklstm{type(model).__name__}", model)
    operator.inputs = inputs
    for name, (number, _) in answer_types(model, _precision(operator)).items():
        variable = scope.declare_local_variable(name, VARIABLES[number]())
        operator.outputs.append(variable)
    return operator.outputs


def _set_types(operator):
    """Set the types and shapes of the outputs of an estimator."""
    types = answer_types(operator.raw_operator, _precision(operator))
    for output, (number, shape) in zip(operator.outputs, types.values(), strict=True):
        # For skl2onnx, a free size has no name.
        sizes = [None if isinstance(size, str) else size for size in shape]
        output.type = VARIABLES[number](sizes)


def _convert(scope, operator, container):
    """Add the nodes of an estimator to the container of skl2onnx."""
    estimator = operator.raw_operator
    if container.target_opset < OPSET:
        raise ValueError(
            f"The estimators of sklstm need target_opset={OPSET} or later, got "
            f"{container.target_opset}. Pass target_opset={OPSET}."
        )
    graph = Graph(scope.get_unique_variable_name("sklstm") + "_")
    answers = add_estimator(graph, estimator, operator.inputs[0].full_name)
    types = answer_types(estimator, _precision(operator))
    names = [output.full_name for output in operator.outputs]
    finish(graph, answers, types, names)
    container.nodes.extend(graph.nodes)
    container.initializers.extend(graph.constants)
    container.node_domain_version_pair_sets.add(("", OPSET))
