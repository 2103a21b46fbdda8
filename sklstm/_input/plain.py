"""Objects as plain values, which files can hold without naming private classes.

Plain values are None, booleans, numbers, strings, NumPy arrays, and lists, tuples, sets
and dicts of them. An object becomes a dict with the name of its kind and its parts. The
names stay the same if a class moves, so files of earlier versions can still be loaded.
"""

import json
from dataclasses import fields, is_dataclass

import numpy as np

from sklstm._input.plain_times import TIME_DECODERS, encode_times

# Key of the kind in a dict that stands for an object.
KIND = "__sklstm__"
# Lists and dicts of at least this many simple values are written as one string.
LONG = 16
SIMPLE = {type(None), bool, int, float, str}

_CLASSES: dict[str, type] = {}
_KINDS: dict[type, str] = {}


def saved_as(kind):
    """Return a decorator that registers a class whose objects become plain values.

    Parameters
    ----------
    kind : str
        Name of the class in files. It must never change.

    Returns
    -------
    decorator : callable
        Function that registers a class and returns it. The class is a named tuple, a
        dataclass, or has the methods `__getstate__` and `__setstate__`.
    """

    def register(cls):
        _CLASSES[kind], _KINDS[cls] = cls, kind
        return cls

    return register


def to_plain(value):
    """Convert a value to plain values.

    Objects of unknown classes, such as estimators, are left as they are.
    """
    cls = type(value)
    if cls in SIMPLE:
        return value
    if cls in _KINDS:
        return {KIND: _KINDS[cls], **_plain_items(_parts(value))}
    if cls in _ENCODERS:
        return _ENCODERS[cls](value)
    encoded = encode_times(value)
    if encoded is None:
        return value
    kind, parts = encoded
    return {KIND: kind, **_plain_items(parts)}


def from_plain(value):
    """Convert plain values back to the value that :func:`to_plain` was given.

    Raises
    ------
    ValueError
        If a kind is not known.
    """
    cls = type(value)
    if cls in (list, tuple, set):
        return cls(map(from_plain, value))
    if cls is not dict:
        return value
    if KIND not in value:
        return {key: from_plain(part) for key, part in value.items()}
    parts = {key: from_plain(part) for key, part in value.items() if key != KIND}
    kind = value[KIND]
    if kind in _CLASSES:
        return _build(_CLASSES[kind], parts)
    decoders = _DECODERS | TIME_DECODERS
    if kind not in decoders:
        raise ValueError(
            f"The file holds a part of the kind {kind!r}, which this version of sklstm "
            "does not know. Install the version that wrote the file."
        )
    return decoders[kind](**parts)


def _plain_items(parts):
    """Convert the values of a dict to plain values."""
    return {key: to_plain(part) for key, part in parts.items()}


def _parts(value):
    """Return the parts of an object of a registered class, by name."""
    if hasattr(value, "_asdict"):
        return value._asdict()
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value.__getstate__()


def _build(cls, parts):
    """Build an object of a registered class from its parts."""
    if hasattr(cls, "_fields") or is_dataclass(cls):
        return cls(**parts)
    value = cls.__new__(cls)
    value.__setstate__(parts)
    return value


def _are_simple(values):
    """Whether there are many values, all simple."""
    return len(values) >= LONG and {*map(type, values)} <= SIMPLE


def _encode_list(values):
    if _are_simple(values):
        return {KIND: "json", "text": json.dumps(values)}
    return [to_plain(value) for value in values]


def _encode_dict(value):
    keys, values = [*value], [*value.values()]
    has_names = {*map(type, keys)} <= {str}
    if has_names and KIND not in value:
        if _are_simple(values):
            return {KIND: "json", "text": json.dumps(value)}
        return _plain_items(value)
    return {KIND: "dict", "keys": to_plain(keys), "values": to_plain(values)}


def _encode_array(array):
    if array.dtype != object:
        return array
    items = _encode_list(array.ravel().tolist())
    return {KIND: "objects", "shape": array.shape, "items": items}


def _decode_array(shape, items):
    array = np.empty(len(items), dtype=object)
    for number, item in enumerate(items):
        array[number] = item
    return array.reshape(shape)


def _encode_scalar(number):
    return {KIND: "scalar", "array": np.asarray(number)}


_ENCODERS = {
    list: _encode_list,
    tuple: lambda values: tuple(map(to_plain, values)),
    set: lambda values: {KIND: "set", "items": [to_plain(value) for value in values]},
    frozenset: lambda values: {
        KIND: "frozenset",
        "items": [to_plain(value) for value in values],
    },
    dict: _encode_dict,
    np.ndarray: _encode_array,
    np.datetime64: _encode_scalar,
    np.timedelta64: _encode_scalar,
}

_DECODERS = {
    "json": lambda text: json.loads(text),
    "set": lambda items: set(items),
    "frozenset": lambda items: frozenset(items),
    "dict": lambda keys, values: dict(zip(keys, values, strict=True)),
    "objects": _decode_array,
    "scalar": lambda array: array[()],
}
