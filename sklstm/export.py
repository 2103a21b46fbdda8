"""Export fitted networks to ONNX files and to modules of PyTorch."""

from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sklearn.base import BaseEstimator
from torch import nn

from sklstm._export.estimators import (
    check_exportable,
    check_steps,
    feature_names,
    find_estimator,
)
from sklstm._export.module import PredictionModule
from sklstm._version import __version__

__all__ = ["register_converters", "to_onnx", "to_torch"]

DTYPES = "auto", "float32", "float64"


def to_onnx(
    model: BaseEstimator,
    path: str | PathLike[str] | None = None,
    *,
    dtype: Literal["auto", "float32", "float64"] = "auto",
) -> Any:
    """Convert a fitted regressor, classifier or pipeline to an ONNX model.

    The model contains the whole way from X to predictions: padding, the
    standardization of X and of y, all layers, and the average of several networks. The
    numbers of windows and of time steps stay free. The predictions equal those of the
    estimator to about 1e-5.

    Parameters
    ----------
    model : estimator
        A fitted :class:`~sklstm.LSTMRegressor` or :class:`~sklstm.LSTMClassifier`, a
        pipeline of scikit-learn's transformers that ends in one, or a search or a
        FrozenEstimator around them.

    path : str, path-like or None, default=None
        File to write. If None, the model is only returned.

    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of the input and of the numbers in the outputs. With "auto", that of
        the network. For pipelines, "auto" is "float32", because ONNX Runtime has
        several transformers in single precision only.

    Returns
    -------
    model : onnx.ModelProto
        The model. ``model.SerializeToString()`` returns the bytes of the file.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If the model, or a step of the pipeline, cannot be exported.
    ValueError
        If the network has transitions or Transformer blocks, if the classes are dates,
        or if `dtype` is unknown.
    FileNotFoundError
        If the folder of `path` does not exist.
    IsADirectoryError
        If `path` is a folder.
    ImportError
        If onnx is not installed, or skl2onnx, which the steps of a pipeline need.

    See Also
    --------
    register_converters : Converters for skl2onnx.
    to_torch : A module of PyTorch.

    Notes
    -----
    **Input.** The model has one input, ``"X"``, with as many axes as the X of `fit`:
    (batch, steps, features) or (batch, steps). Padding is marked as in `predict`: steps
    at the start of a window whose features are all NaN. So the array that
    :func:`~sklstm.pad_sequences` returns can be passed as it is, and no second input
    with the lengths is needed. With ``standardize="steps"``, the number of steps is
    fixed, as in `predict`. Token codes are passed as numbers. A frame of lag columns
    becomes an array with the columns in the order of `fit`.

    **Outputs.** A regressor has ``"predictions"``, shaped as the result of `predict`.
    With ``loss="quantile"``, there is also ``"quantiles"``, as from
    `predict_quantiles`. A classifier has ``"labels"`` and ``"probabilities"``. With
    ``pooling=None``, there is an answer for each step. Numbers are NaN at padding
    steps. `predict` raises an error if a value is NaN or infinite. The ONNX model
    cannot do so: its numbers are NaN for such a window, and its labels have no meaning.

    **Precision.** X and y are scaled in double precision, as in `predict`. All layers
    compute in single precision, because ONNX Runtime has no recurrent layers in double
    precision.

    **Layers.** The file has the nodes ``LSTM``, ``GRU`` and ``RNN`` of ONNX, in version
    18 of its operations. ONNX Runtime 1.14 and later can read it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.export import to_onnx
    >>> X = np.random.default_rng(0).normal(size=(50, 8, 2))
    >>> regressor = LSTMRegressor(8, max_iter=5, random_state=0).fit(X, X[:, -1, 0])
    >>> model = to_onnx(regressor)

    Pass ``model.SerializeToString()``, or the path of a file, to ONNX Runtime:

    >>> from onnxruntime import InferenceSession
    >>> session = InferenceSession(model.SerializeToString())
    >>> (predictions,) = session.run(["predictions"], {"X": X[:3]})
    >>> np.allclose(predictions, regressor.predict(X[:3]), atol=1e-5)
    True
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {DTYPES}, got {dtype!r}.")
    steps, estimator = find_estimator(model)
    check_steps(steps)
    if dtype == "auto":
        dtype = "float32" if steps else estimator._model.architecture["dtype"]
    files = _import_part("model", "onnx")
    files.check_estimator(estimator)
    files.check_path(path)
    if steps:
        pipelines = _import_part("pipeline", "skl2onnx")
        exported = pipelines.convert_pipeline(steps, estimator, dtype)
    else:
        exported = files.build_model(estimator, dtype)
    columns = feature_names(estimator, steps)
    files.describe(exported, estimator, columns, __version__)
    if path is not None:
        Path(path).write_bytes(exported.SerializeToString())
    return exported


def register_converters() -> None:
    """Register the converters of the estimators with skl2onnx.

    Afterwards, ``skl2onnx.to_onnx`` and ``skl2onnx.convert_sklearn`` convert
    :class:`~sklstm.LSTMRegressor` and :class:`~sklstm.LSTMClassifier`, also at the end
    of a pipeline or in other models of scikit-learn. Names and shapes of the outputs
    are those of :func:`to_onnx`. `target_opset` must be 18 or later.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.export import register_converters
    >>> register_converters()
    >>> X = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    >>> model = make_pipeline(StandardScaler(), LSTMRegressor(8, max_iter=5))
    >>> converted = skl2onnx.to_onnx(model.fit(X, X[:, -1]), X[:1])
    >>> [output.name for output in converted.graph.output]
    ['predictions']
    """
    _import_part("pipeline", "skl2onnx").register()


def to_torch(model: BaseEstimator) -> nn.Module:
    """Copy the network of a fitted estimator to a module of PyTorch.

    The module contains the whole way from X to predictions, as in :func:`to_onnx`. It
    consists of PyTorch's own operations, so ``torch.export.export`` and
    ``torch.jit.trace`` can read it. It is in prediction mode, on the CPU, and its
    weights need no gradient. The estimator is not changed.

    Parameters
    ----------
    model : estimator
        A fitted :class:`~sklstm.LSTMRegressor` or :class:`~sklstm.LSTMClassifier`, or a
        search or a FrozenEstimator around one.

    Returns
    -------
    module : torch.nn.Module
        Module that maps a tensor of windows to predictions, or to probabilities of the
        classes. Windows are as in :func:`to_onnx`: steps at the start of a window are
        padding if all features are NaN. Other NaN are not checked. The results are
        shaped as those of `predict` or `predict_proba`, in the precision of the
        network. They are NaN at padding steps.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If the model cannot be exported, or if it is a pipeline with other steps.
    ValueError
        If the network has transitions.

    See Also
    --------
    to_onnx : An ONNX model, whose number of time steps stays free.

    Notes
    -----
    ``torch.export`` writes recurrent layers step by step, so the number of time steps
    is fixed. Pad shorter windows with NaN at the start. The number of windows stays
    free if `dynamic_shapes` says so.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.export import to_torch
    >>> X = np.random.default_rng(0).normal(size=(50, 8, 2))
    >>> regressor = LSTMRegressor(8, max_iter=5, random_state=0).fit(X, X[:, -1, 0])
    >>> module = to_torch(regressor)
    >>> batch = torch.export.Dim("batch", min=1)
    >>> program = torch.export.export(
    ...     module, (torch.from_numpy(X[:2]),), dynamic_shapes={"X": {0: batch}}
    ... )
    >>> predictions = program.module()(torch.from_numpy(X[:5]))
    >>> np.allclose(predictions, regressor.predict(X[:5]), atol=1e-5)
    True
    """
    steps, estimator = find_estimator(model)
    if steps:
        names = ", ".join(type(step).__name__ for _, step in steps)
        raise TypeError(
            f"The steps before the network, {names}, are no modules of PyTorch. Pass "
            "the last step, model[-1], and give the module the windows "
            "model[:-1].transform(X)."
        )
    check_exportable(estimator)
    return PredictionModule(estimator)


def _import_part(name, package):
    """Import a part of this module that needs an optional package."""
    try:
        return import_module(f"sklstm._export.{name}")
    except ImportError as error:
        raise ImportError(
            f"ONNX models need the package {package}, which is not installed. Run "
            f"pip install {package}."
        ) from error
