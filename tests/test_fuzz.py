"""Any input is answered with finite numbers, or refused with a message of ours.

`pytest tests/test_fuzz.py --fuzz=1000` draws 1000 inputs for each estimator.
"""

import dis
import traceback
import warnings
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from hypothesis import HealthCheck, given, settings

import sklstm
from sklstm import (
    GroupScaler,
    LSTMAutoencoder,
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMOutlierDetector,
    LSTMRegressor,
    LSTMTranscriber,
    LSTMTranslator,
    SequenceEncoder,
    SlidingWindowTransformer,
)

pytestmark = pytest.mark.slow

# Errors are raised in these folders, by a statement and not by a library below.
OURS = [str(Path(module.__file__).parent) for module in (sklstm, sklearn)]

DTYPES = ["f8", "f4", "f2", ">f8", "i8", "u1", "?", "O", "c8", "U3", "M8[D]"]
INDEXES = ["range", "dates", "uneven dates", "strings", "repeated", "levels", "periods"]
HOLES = ["none", "one", "first", "column", "all", "infinity"]
TINY = {"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0}

# Values of the parameters; most are valid.
NETWORK = {
    "hidden_layer_sizes": [1, (2, 3), (), 0, "auto"],
    "cell": ["lstm", "gru", "rnn", "transformer", "elman"],
    "activation": ["tanh", "relu", "sine"],
    "bidirectional": [True, False],
    "dropout": [0.0, 0.5, 1.0],
    "solver": ["adam", "sgd", "lbfgs"],
    "alpha": [0, 0.1, -1],
    "batch_size": ["auto", 1, 7, 0],
    "learning_rate": ["constant", "cosine", "adaptive"],
    "learning_rate_init": [0.01, 1e3, 1e-300, 0],
    "max_grad_norm": [1.0, None, 1e-300],
    "max_iter": [1, 2, 0],
    "early_stopping": [True, False],
    "validation_fraction": [0.1, 0.9, 1.0],
    "standardize": [True, False, "steps", "windows", "rows"],
    "dtype": ["auto", "float32", "float64", "int8"],
    "max_timescale": [None, 10, 1e9, 1],
    "pooling": ["last", "mean", "max", "attention", None, ("last", "max")],
    "n_estimators": [1, 2, 0],
    "conv_filters": [(), 2, (2, 1)],
    "embedding_size": [None, 2],
    "loss": ["squared_error", "huber", "poisson", "quantile"],
}
TABLE = {
    "window_size": [1, 2, 5, 100, 0],
    "shift": [0, 1, 50, -1],
    "padding": ["edge", "mean", "nan", "reflect"],
    "context": ["auto", None, "assume_next"],
    "sampling_rate": [1, 2],
    "flatten": [True, False],
}
DETECTOR = {
    "window_size": [1, 2, 5, 100, 0],
    "method": ["forecast", "reconstruction", "other"],
    "distance": ["mahalanobis", "absolute", "range", "other"],
    "contamination": ["auto", 0.1, 0.7],
    "halflife": ["auto", None, 2, 0],
}
FORECASTER = {
    "horizon": [1, 3, 100, 0],
    "window_size": ["auto", 2, 100],
    "strategy": ["direct", "recursive"],
    "season_length": ["auto", None, 1, 4, 100],
    "fine_tune": [0, 1],
    "log": ["auto", True, False],
}
SYMBOLS = {
    "hidden_layer_sizes": [1, (2, 3), ()],
    "cell": ["lstm", "gru", "elman"],
    "analyzer": ["char", "word", "line"],
    "min_frequency": [1, 2, 0.5, 99],
    "max_iter": [1, 2],
}
ENCODER = {
    "analyzer": ["char", "word", "line"],
    "min_frequency": [1, 2, 0.5, 99],
    "max_length": [None, 1, 3, 0],
}
SCALER = {"groups": [None, [0], [1], [9]], "n_groups": [1, 2, 99]}


@st.composite
def numbers(draw, n_axes=(1, 2, 3, 4)):
    """Draw an array of any shape and type, with holes."""
    n_axes = draw(st.sampled_from(n_axes))
    shape = [draw(st.integers(0, 12)) for _ in range(n_axes)]
    shape[0] = draw(st.sampled_from([0, 1, 2, 5, 12, 30]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    array = random.normal(size=shape) * draw(st.sampled_from([1, 1, 0, 1e-200, 1e200]))
    _make_holes(array, draw(st.sampled_from(HOLES)))
    dtype = draw(st.sampled_from(DTYPES[:3] * 3 + DTYPES))
    if dtype == "M8[D]":
        return _as_dates(array)
    with np.errstate(all="ignore"):
        return (array * 3).astype(dtype)


def _make_holes(array, holes):
    """Set values of a non-empty array to NaN or infinity."""
    if not array.size or holes == "none":
        return
    if holes == "all":
        array[...] = np.nan
    elif holes == "first":
        array[0] = np.nan
    elif holes == "column":
        array[..., 0] = np.nan
    else:
        array.flat[array.size // 2] = np.inf if holes == "infinity" else np.nan


def _as_dates(array):
    days = np.nan_to_num(array, nan=0, posinf=0, neginf=0).clip(-9, 9)
    return days.astype(int).astype("M8[D]")


def _index(kind, n):
    """Return an index of n rows."""
    dates = pd.date_range("2024-01-01", periods=n)
    if kind == "dates":
        return dates
    if kind == "uneven dates":
        return dates + pd.to_timedelta(np.arange(n) ** 2 % 7, unit="h")
    if kind == "strings":
        return pd.Index([f"row {i}" for i in range(n)])
    if kind == "repeated":
        return pd.Index(np.arange(n) // 2)
    if kind == "levels":
        return pd.MultiIndex.from_arrays([np.arange(n) * 2 // max(n, 1), dates])
    if kind == "periods":
        return pd.period_range("2024-01", periods=n, freq="M")
    return pd.RangeIndex(n)


@st.composite
def tables(draw, n_axes=(1, 2, 3, 4)):
    """Draw numbers in any container."""
    array = draw(numbers(n_axes))
    kind = draw(st.sampled_from(["array"] * 3 + ["frame"] * 3 + OTHER_CONTAINERS))
    if kind == "frame" and array.ndim == 2:
        return pd.DataFrame(array, _index(draw(st.sampled_from(INDEXES)), len(array)))
    if kind == "frame" and array.ndim == 1:
        return pd.Series(array, _index(draw(st.sampled_from(INDEXES)), len(array)))
    return _contain(array, kind)


OTHER_CONTAINERS = ["list", "tensor", "sequences", "reversed", "masked", "view"]


def _contain(array, kind):
    """Put an array into a container that is not of pandas."""
    if kind == "list":
        return array.tolist()
    if kind == "tensor" and array.dtype.str in ("<f8", "<f4", "<i8", "|b1"):
        return torch.from_numpy(array)
    if kind == "sequences" and array.ndim > 1:
        return [row[: 1 + n % 3] for n, row in enumerate(array)]
    if kind == "masked" and array.dtype.kind == "f":
        return np.ma.masked_greater(array, 0.5)
    if kind == "view":
        array.flags.writeable = False
    return array[::-1] if kind == "reversed" else array


def texts():
    """Draw sequences of symbols, and what may be mistaken for them."""
    words = st.text("ab c\x00é", max_size=6)
    tokens = st.lists(st.one_of(st.integers(-3, 9), words), max_size=5)
    same = st.lists(words, max_size=4)
    return st.one_of(
        st.lists(words, max_size=8),
        st.lists(same, max_size=8),
        st.lists(tokens, max_size=5),
        words,
        st.none(),
        tables(),
    )


def _length(X):
    try:
        return len(X)
    except TypeError:
        return 3


@st.composite
def targets(draw, X):
    """Draw a y for X."""
    n = _length(X) + draw(st.sampled_from([0] * 9 + [1]))
    kind = draw(st.sampled_from(["numbers", "classes", "columns", "strings", "any"]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    if kind == "numbers":
        return random.normal(size=n)
    if kind == "classes":
        return random.integers(0, draw(st.sampled_from([1, 2, 3])), size=n)
    if kind == "columns":
        return random.integers(0, 2, size=(n, 3))
    if kind == "strings":
        return [("a", "ba", "")[n % 3] for n in range(n)]
    return draw(tables())


def some(parameters, defaults=TINY):
    """Draw values of a few parameters."""
    chosen = {name: st.sampled_from(values) for name, values in parameters.items()}
    few = st.lists(st.sampled_from([*chosen]), max_size=3, unique=True)
    return few.flatmap(
        lambda names: st.fixed_dictionaries({name: chosen[name] for name in names})
    ).map(lambda values: defaults | values)


def _small_detector(**parameters):
    return LSTMOutlierDetector(LSTMRegressor(**TINY), random_state=0, **parameters)


def _small_forecaster(**parameters):
    return LSTMForecaster(random_state=0, **{"fine_tune": 0} | parameters)


# For each estimator: how it is built, values of parameters, X, and whether it has a y.
ESTIMATORS = {
    "regressor": (LSTMRegressor, NETWORK, TINY, tables(), True),
    "classifier": (LSTMClassifier, NETWORK, TINY, tables(), True),
    "autoencoder": (LSTMAutoencoder, NETWORK, TINY, tables(), False),
    "transcriber": (LSTMTranscriber, NETWORK, TINY, tables(), True),
    "detector": (_small_detector, DETECTOR, {}, tables((1, 2, 2, 2, 3)), False),
    "windows": (SlidingWindowTransformer, TABLE, {}, tables((1, 2, 2, 2, 3)), False),
    "forecaster": (_small_forecaster, FORECASTER, {}, tables((1, 1, 2, 3)), False),
    "scaler": (GroupScaler, SCALER, {"random_state": 0}, tables(), False),
    "encoder": (SequenceEncoder, ENCODER, {}, texts(), False),
    "language_model": (LSTMLanguageModel, SYMBOLS, TINY, texts(), False),
    "translator": (LSTMTranslator, SYMBOLS, TINY, texts(), True),
}
ANSWERS = ["predict", "predict_proba", "score_samples", "transform"]
# NaN stands for padding, or is kept as it came.
MAY_BE_NAN = {"encoder", "scaler", "windows"}


def answers(model):
    """Yield the methods of a model that return numbers."""
    for name in ANSWERS:
        if hasattr(model, name):
            yield getattr(model, name)


def is_finite(answer):
    """Whether an answer has no NaN and no infinity; texts are finite."""
    if isinstance(answer, list):
        return all(map(is_finite, answer))
    array = np.asarray(answer)
    return array.dtype.kind not in "fc" or np.isfinite(array).all()


def is_ours(error):
    """Whether a `raise` statement of ours or of scikit-learn raised an error."""
    frame, _ = [*traceback.walk_tb(error.__traceback__)][-1]
    *_, last = _tracebacks(error)
    code = frame.f_code
    in_our_folder = any(code.co_filename.startswith(folder) for folder in OURS)
    is_raise = dis.opname[code.co_code[last.tb_lasti]] == "RAISE_VARARGS"
    return in_our_folder and is_raise and len(str(error)) > 10


def _tracebacks(error):
    """Yield the entries of the traceback of an error."""
    entry = error.__traceback__
    while entry is not None:
        yield entry
        entry = entry.tb_next


def check(name, parameters, X, y):
    """Fit and predict: the answer is finite, or the error is ours."""
    build, *_ = ESTIMATORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            known = _known(build, parameters)
            model = build(**known).fit(X) if y is None else build(**known).fit(X, y)
            given_x = () if name == "forecaster" else (X,)
            results = [answer(*given_x) for answer in answers(model)]
        except (ValueError, TypeError) as error:
            if not is_ours(error):
                raise
            return
    assert name in MAY_BE_NAN or all(map(is_finite, results))


def _known(build, parameters):
    """Leave out the parameters that an estimator does not have."""
    if not isinstance(build, type):
        return parameters
    names = build().get_params() if build is not GroupScaler else {*SCALER}
    return {key: v for key, v in parameters.items() if key in names}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_answer_is_finite_or_an_error_is_ours(name, pytestconfig):
    _, parameters, defaults, X, has_y = ESTIMATORS[name]

    @settings(
        max_examples=pytestconfig.getoption("fuzz"),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(st.data())
    def run(data):
        drawn = data.draw(X)
        y = data.draw(targets(drawn)) if has_y else None
        check(name, data.draw(some(parameters, defaults)), drawn, y)

    run()
