"""Files of pickle, joblib and skops hold plain values, and answer as before."""

import copy
import datetime as dt
import io
import pickle
import pickletools
import re
import zoneinfo

import fitted
import joblib
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from packaging.requirements import Requirement
from sklearn.base import BaseEstimator, clone

import sklstm
from sklstm import LSTMForecaster, LSTMRegressor, SlidingWindowTransformer
from sklstm._input import saved_state
from sklstm._input.plain import from_plain, to_plain
from sklstm._input.saved_state import SavedStateMixin
from sklstm.saving import TRUSTED_TYPES

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:X has no times:UserWarning",
    "ignore:shift=0:UserWarning",
)


@pytest.fixture(scope="module", params=fitted.MODELS)
def saved(request):
    """Return the name of a model, the model and what it answers."""
    fit, answer = fitted.MODELS[request.param]
    model = fit()
    return request.param, model, answer(copy.deepcopy(model))


def check_answers(saved, loaded):
    """Check that a loaded model answers to the bit as the saved one."""
    name, _, expected = saved
    npt.assert_array_equal(fitted.MODELS[name][1](loaded), expected)


def test_a_pickle_answers_as_the_model(saved):
    check_answers(saved, pickle.loads(pickle.dumps(saved[1])))


def test_copies_answer_as_the_model(saved):
    check_answers(saved, copy.copy(saved[1]))
    check_answers(saved, copy.deepcopy(saved[1]))


def test_a_memory_mapped_file_of_joblib_answers_as_the_model(saved, tmp_path):
    joblib.dump(saved[1], tmp_path / "model.joblib")
    check_answers(saved, joblib.load(tmp_path / "model.joblib", mmap_mode="r"))


def test_a_file_of_skops_answers_as_the_model(saved):
    skops_io = pytest.importorskip("skops.io")
    data = skops_io.dumps(saved[1])
    check_answers(saved, skops_io.loads(data, trusted=types_of(saved)))


def types_of(saved):
    """Return the types that may be in the file of a model."""
    return [*TRUSTED_TYPES, *(fitted.TYPES_OF_A_SEARCH if saved[0] == "search" else [])]


def test_a_file_of_skops_holds_no_types_but_estimators(saved):
    skops_io = pytest.importorskip("skops.io")
    untrusted = skops_io.get_untrusted_types(data=skops_io.dumps(saved[1]))
    assert {*untrusted} <= {*types_of(saved)}


def globals_of(data):
    """Return the names of all classes and functions that a pickle refers to."""
    names, strings, memo = set(), [], []
    for opcode, value, _ in pickletools.genops(data):
        if opcode.name == "STACK_GLOBAL":
            names.add(".".join(strings[-2:]))
        elif "UNICODE" in opcode.name:
            strings.append(value)
        elif opcode.name == "MEMOIZE":
            memo.append(strings[-1] if strings else None)
        elif opcode.name in ("BINGET", "LONG_BINGET"):
            strings.append(memo[value])
    return names


def test_a_pickle_names_no_private_class_of_ours(saved):
    private = [
        name
        for name in globals_of(pickle.dumps(saved[1], protocol=4))
        if "sklstm._" in name or name.startswith("torch")
    ]
    assert private == []


def test_the_trusted_types_are_our_public_classes():
    def all_subclasses(cls):
        return {cls}.union(*map(all_subclasses, cls.__subclasses__()))

    for name in sklstm.__all__:
        getattr(sklstm, name)
    assert sklstm.streaming.Stream
    ours = {
        f"{cls.__module__}.{cls.__qualname__}"
        for cls in all_subclasses(SavedStateMixin)
        if cls.__module__.startswith("sklstm.") and "._" not in cls.__module__
    }
    assert ours == {*TRUSTED_TYPES}


def test_a_pretrained_forecaster_answers_as_before_in_each_file():
    model = LSTMForecaster(horizon=3, fine_tune=0, random_state=0).fit(fitted.MONTHS)
    expected = model.predict_interval()
    pd.testing.assert_frame_equal(
        pickle.loads(pickle.dumps(model)).predict_interval(), expected
    )
    skops_io = pytest.importorskip("skops.io")
    loaded = skops_io.loads(skops_io.dumps(model), trusted=TRUSTED_TYPES)
    pd.testing.assert_frame_equal(loaded.predict_interval(), expected)


# Versions


def with_version(monkeypatch, version):
    monkeypatch.setattr(saved_state, "__version__", version)


@pytest.mark.parametrize("version", ["0.1.1", "0.2.0.dev0", "1.0.0rc1", "0.10.0"])
def test_a_file_of_a_newer_version_is_refused(version, monkeypatch):
    model = LSTMRegressor().__getstate__() | {"_sklstm_version": version}
    with_version(monkeypatch, "0.1.0")
    words = rf'sklstm {version}, and sklstm 0\.1\.0 .*install "sklstm>={version}"'
    with pytest.raises(ValueError, match=words):
        LSTMRegressor().__setstate__(model)


@pytest.mark.parametrize("version", ["0.1.0", "0.1.0.dev0", "0.0.9"])
def test_a_file_of_an_older_version_is_loaded(version, monkeypatch):
    with_version(monkeypatch, version)
    data = pickle.dumps(SlidingWindowTransformer(7))
    with_version(monkeypatch, "0.1.0")
    assert pickle.loads(data).window_size == 7


def test_the_command_of_the_message_asks_for_the_version_of_the_file(monkeypatch):
    with_version(monkeypatch, "99.1.0")
    data = pickle.dumps(SlidingWindowTransformer())
    with_version(monkeypatch, "0.1.0")
    with pytest.raises(ValueError, match="pip install") as caught:
        pickle.loads(data)
    command = re.search(r'pip install "(.+)"', str(caught.value))[1]
    assert Requirement(command).specifier.contains("99.1.0")
    assert not Requirement(command).specifier.contains("0.1.0")
    with_version(monkeypatch, "99.1.0")
    assert pickle.loads(data).window_size == 10


def test_an_estimator_within_others_is_refused_too(monkeypatch):
    with_version(monkeypatch, "99.0.0")
    data = pickle.dumps(fitted.MODELS["pipeline"][0]())
    monkeypatch.undo()
    with pytest.raises(ValueError, match="saved with sklstm 99"):
        pickle.loads(data)


def test_the_version_is_no_attribute():
    model = pickle.loads(pickle.dumps(LSTMRegressor()))
    assert vars(model).keys() == vars(LSTMRegressor()).keys()


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match=r"kind 'new_scale'.*Install the version"):
        from_plain({"__sklstm__": "new_scale", "mean": 1.0})


def test_a_file_cannot_name_a_class_outside_of_the_offsets():
    parts = {"name": "sys", "n": 1, "normalize": False, "options": {}}
    with pytest.raises((AttributeError, TypeError, ValueError)):
        from_plain({"__sklstm__": "offset", **parts})
    parts["name"] = "__builtins__"
    with pytest.raises((AttributeError, TypeError, ValueError)):
        from_plain({"__sklstm__": "offset", **parts})


def test_a_copy_keeps_the_network_and_drops_the_optimizer():
    model = LSTMRegressor(**fitted.TINY).partial_fit(fitted.X, fitted.Y)
    copied = copy.copy(model)
    assert copied.network_ is model.network_
    assert "_optimizer_states" in vars(model)
    assert "_optimizer_states" not in vars(copied)


def test_a_subclass_of_the_user_is_saved_with_its_attributes():
    model = Doubling(**fitted.TINY).fit(fitted.X, fitted.Y)
    model.note = {None: pd.Timestamp("2024-01-01"), ("a", 1): b"bytes"}
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.note == model.note
    npt.assert_array_equal(loaded.predict(fitted.X), model.predict(fitted.X))
    assert clone(loaded).get_params() == model.get_params()


class Doubling(LSTMRegressor):
    """A regressor of the user."""


# Values

STRINGS = pd.Index(["b", "a"], name="x")
TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
VALUES = {
    "text": "abc",
    "None": None,
    "keys": {None: 1, ("a", 2): {1: "b"}, True: 2.5},
    "a name of ours as a key": {"__sklstm__": "scale", "mean": 1},
    "long dict": {f"k{n}": n / 3 for n in range(50)},
    "long dict of numbers": {n: str(n) for n in range(50)},
    "long list": [0.1 * n for n in range(50)] + [float("inf"), True, None, "é\x00"],
    "tuples": (1, [2, (3,)], {4}, frozenset({5})),
    "array": np.arange(6.0).reshape(2, 3),
    "objects": np.array([["a", None], [("b",), 1.5]], dtype=object),
    "no objects": np.empty((0, 3), dtype=object),
    "instants": np.array(["2024-01-01", "NaT"], "M8[s]"),
    "instant": np.datetime64("2024-01-01T00", "h"),
    "span": np.timedelta64(90, "m"),
    "number of NumPy": np.float32(1.5),
    "range": pd.RangeIndex(2, 20, 3, name="n"),
    "dates": pd.date_range("2024-01-01", periods=5, freq="B", name="day"),
    "dates of a zone": pd.date_range(
        "2024-03-30", periods=5, freq="D", tz="Europe/Rome"
    ),
    "dates by seconds": pd.DatetimeIndex(["2024-01-01", "2023-01-05"]).as_unit("s"),
    "dates of a fixed zone": pd.date_range("2024", periods=3, tz="UTC+02:00"),
    "business days": pd.date_range(
        "2024-01-01",
        periods=4,
        freq=pd.offsets.CustomBusinessDay(holidays=["2024-01-02"]),
    ),
    "periods": pd.period_range("2024-01", periods=4, freq="2M"),
    "weeks": pd.period_range("2024-01-01", periods=4, freq="W-WED"),
    "durations": pd.timedelta_range("0h", periods=4, freq="90min"),
    "levels": pd.MultiIndex.from_product([["a", None], [1, 2]], names=["k", None]),
    "strings": STRINGS,
    "numbers": pd.Index([1.5, 2.5]),
    "categories": pd.CategoricalIndex(["a", "b", "a"]),
    "intervals": pd.interval_range(0, 3),
    "masked numbers": pd.Index([1, None], dtype="Int64"),
    "mixed": pd.Index([1, "a", None, dt.date(2024, 1, 1)], dtype=object),
    "timestamp": pd.Timestamp("2024-01-01 12:00", tz="America/New_York"),
    "timestamp by nanoseconds": pd.Timestamp(1, unit="ns"),
    "no timestamp": pd.NaT,
    "period": pd.Period("2024Q1"),
    "timedelta": pd.Timedelta("3h"),
    "offsets": [pd.offsets.MonthEnd(2), pd.DateOffset(months=3), pd.offsets.Hour(6)],
    "normalized": pd.offsets.BMonthEnd(normalize=True),
    "date": dt.date(2024, 2, 29),
    "datetime": dt.datetime(2024, 2, 29, 1, 2, 3, 4),
    "datetime of a zone": dt.datetime(2024, 1, 1, tzinfo=TOKYO),
    "datetime of a fixed zone": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    "frame": pd.DataFrame(
        {"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}, STRINGS
    ),
    "frame of equal names": pd.DataFrame([[1, 2.5]], columns=["a", "a"]),
    "series": pd.Series([1, None], dtype="Int8", name=("a", 1)),
}


def assert_same_items(actual, expected):
    assert len(actual) == len(expected)
    for one, wanted in zip(actual, expected, strict=True):
        assert_same(one, wanted)


def assert_same_dicts(actual, expected):
    assert_same_items([*actual], [*expected])
    assert_same_items([*actual.values()], [*expected.values()])


def assert_same_arrays(actual, expected):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    npt.assert_array_equal(actual, expected)


def assert_same_indexes(actual, expected):
    pd.testing.assert_index_equal(actual, expected, exact=True)
    assert actual.names == expected.names
    assert getattr(actual, "freq", None) == getattr(expected, "freq", None)


COMPARISONS = [
    ((list, tuple), assert_same_items),
    (dict, assert_same_dicts),
    (np.ndarray, assert_same_arrays),
    (pd.Index, assert_same_indexes),
    (pd.DataFrame, pd.testing.assert_frame_equal),
    (pd.Series, pd.testing.assert_series_equal),
]


def assert_same(actual, expected):
    """Check that two values have the same types and parts."""
    assert type(actual) is type(expected)
    for cls, compare in COMPARISONS:
        if isinstance(expected, cls):
            compare(actual, expected)
            return
    assert actual is expected or actual == expected


@pytest.mark.parametrize("name", VALUES)
def test_plain_values_become_the_value_again(name):
    plain = pickle.loads(pickle.dumps(to_plain(VALUES[name])))
    assert_same(from_plain(plain), VALUES[name])


@pytest.mark.parametrize("name", VALUES)
def test_a_model_that_holds_the_value_is_saved_by_skops(name):
    skops_io = pytest.importorskip("skops.io")
    model = SlidingWindowTransformer()
    model.value_ = VALUES[name]
    data = skops_io.dumps(model)
    assert_same(skops_io.loads(data, trusted=TRUSTED_TYPES).value_, VALUES[name])


def test_an_estimator_is_left_as_it_is():
    model = BaseEstimator()
    assert to_plain([model])[0] is model


def test_a_file_of_an_unfitted_model_is_small():
    file = io.BytesIO()
    joblib.dump(LSTMRegressor(), file)
    assert len(file.getvalue()) < 2000
