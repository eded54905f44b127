"""Instances as JSON and back, so that a counterexample is a line that can be replayed.

An instance is plain data: numbers, strings, tuples, arrays, Fractions, mappings, in frozen dataclasses. Nothing here
calls a constructor that is not that of a dataclass or a named tuple, and no module is imported on the word of a file.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import math
import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.arithmetic.data import parts
from lrtheory.bounds.provenance.places import module_named, public_name

__all__ = ["decode", "digest", "encode"]

_RULE = "numbers, strings, tuples, lists, arrays, mappings, and dataclasses and named tuples of them"


def encode(instance: Any) -> str:
    """The instance as one line of JSON.

    Raises
    ------
    TypeError
        If it is not plain data; the sentence says where it is not.
    """
    return _line(instance, named=True)


def decode(text: str, known: Iterable[type] = ()) -> Any:
    """The instance that `encode` wrote; `known` are classes that come before others of the same name.

    Raises
    ------
    ValueError
        If the text is not such a line, or names a class that is not an imported dataclass or named tuple.
    """
    classes = {_class_name(one): one for one in known}
    try:
        return _built(json.loads(text), classes)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise must("instance", "an instance written by this package", text) from error


def digest(instance: Any) -> int:
    """A number for the content of an instance; it names the random stream on which a solver runs."""
    # a named tuple counts as its items: evidence cites streams, and they were named so before its class was written
    return int.from_bytes(hashlib.sha256(_line(instance, named=False).encode()).digest()[:8], "big")


def _line(instance: Any, *, named: bool) -> str:
    try:
        return json.dumps(_plain(instance, named), separators=(",", ":"))
    except TypeError as error:
        raise TypeError(f"an instance must be plain data ({_RULE}); got {_foreign(instance, '')}") from error


def _plain(value: Any, named: bool) -> Any:
    # bool comes before int, of which it is a subclass; NumPy's numbers keep their type, on which a solver may depend
    if value is None or (isinstance(value, (bool, int, str)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.generic):
        return {"numpy": value.dtype.str, "value": _plain(value.item(), named)}
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, np.ndarray):
        values = value.ravel().tolist()
        if not _is_plain(value):
            values = [_plain(v, named) for v in values]
        return {"array": value.dtype.str, "shape": value.shape, "values": values}
    if isinstance(value, tuple):
        items = {"tuple": [_plain(item, named) for item in value]}
        return items | ({"class": _class_name(type(value))} if named and hasattr(value, "_fields") else {})
    if isinstance(value, list):
        return [_plain(item, named) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(key, named), _plain(item, named)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and _can_be_made_again(type(value)):
        fields = {f.name: _plain(getattr(value, f.name), named) for f in dataclasses.fields(value) if f.init}
        return {"dataclass": _class_name(type(value)), "fields": fields}
    raise TypeError(type(value).__name__)


def _is_plain(array: np.ndarray) -> bool:
    """Whether all entries of an array become Python's numbers that JSON knows."""
    if array.dtype.kind in "biu":
        return True
    return array.dtype.kind == "f" and array.dtype.itemsize <= 8 and bool(np.isfinite(array).all())


@functools.lru_cache(maxsize=256)
def _can_be_made_again(cls: type) -> bool:
    """Whether the fields of a dataclass make it; an `InitVar` without a default is forgotten once it is made."""
    fields = {one.name for one in dataclasses.fields(cls)}
    needed = [one for one in inspect.signature(cls).parameters.values() if one.default is one.empty]
    return all(one.name in fields or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in needed)


def _foreign(value: Any, path: str) -> str:
    """The innermost part of an instance that is not plain data, and where it is."""
    for name, _, item in parts(value) or ():
        try:
            _plain(item, False)
        except TypeError:
            return _foreign(item, f"{path}.{name}".lstrip("."))
    why = ", which takes more than its fields to make" if dataclasses.is_dataclass(value) else ""
    return f"{type(value).__name__}{why}{f' at {path}' if path else ''}"


def _class_name(cls: type) -> str:
    return f"{public_name(cls.__module__)}:{cls.__qualname__}"


def _built(data: Any, known: Mapping[str, type]) -> Any:
    if isinstance(data, list):
        return [_built(item, known) for item in data]
    if not isinstance(data, dict):
        return data
    if "float" in data:
        return float(data["float"])
    if "fraction" in data:
        return Fraction(data["fraction"])
    if "numpy" in data:
        return np.dtype(data["numpy"]).type(_built(data["value"], known))
    if "array" in data:
        values = [_built(value, known) for value in data["values"]]
        flat = np.empty(len(values), np.dtype(data["array"]))
        flat[:] = values
        return flat.reshape(data["shape"])
    if "tuple" in data:
        items = tuple(_built(item, known) for item in data["tuple"])
        return _class(data["class"], known)(*items) if "class" in data else items
    if "mapping" in data:
        return {_built(key, known): _built(item, known) for key, item in data["mapping"]}
    fields = {name: _built(item, known) for name, item in data["fields"].items()}
    return _class(data["dataclass"], known)(**fields)


def _class(name: str, known: Mapping[str, type]) -> type:
    if name in known:
        return known[name]
    module, _, qualified = name.partition(":")
    # looked up among imported modules only: a line of JSON must not be able to import anything
    found: Any = sys.modules[module_named(module)]
    for part in qualified.split("."):
        found = getattr(found, part)
    is_named_tuple = isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields")
    if not (isinstance(found, type) and (dataclasses.is_dataclass(found) or is_named_tuple)):
        raise TypeError(f"{name} is not a dataclass")
    return found
