"""Types of the public interface, by the names that signatures use."""

from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Arrays, frames and nested lists; sequences of unequal length as a list.
ArrayLike: TypeAlias = Any
Floats: TypeAlias = NDArray[np.float64]
RandomState: TypeAlias = int | np.random.RandomState | None
Series: TypeAlias = "pd.Series[Any]"

Auto: TypeAlias = Literal["auto"]
Cell: TypeAlias = Literal["lstm", "gru", "rnn", "transformer"]
Activation: TypeAlias = Literal["tanh", "relu", "logistic", "identity"]
Pooling: TypeAlias = Literal["last", "mean", "max", "attention"]
ConvPooling: TypeAlias = Literal["mean", "max"]
Solver: TypeAlias = Literal["adam", "adamw", "sgd"]
LearningRate: TypeAlias = Literal["constant", "cosine", "adaptive"]
Standardize: TypeAlias = bool | Literal["features", "steps", "windows"]
Dtype: TypeAlias = Literal["auto", "float32", "float64"]
Sizes: TypeAlias = int | tuple[int, ...] | list[int]
