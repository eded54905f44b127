"""Instances as JSON and back, so that a counterexample is a line that can be replayed.

An instance is plain data: numbers, strings, tuples, arrays, Fractions, mappings, in frozen dataclasses. Nothing here
calls a constructor that is not a dataclass, and no module is imported on the word of a file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.provenance.places import module_named, public_name

__all__ = ["decode", "digest", "encode"]


def encode(instance: Any) -> str:
    """The instance as one line of JSON."""
    return json.dumps(_plain(instance), separators=(",", ":"))


def decode(text: str) -> Any:
    """The instance that `encode` wrote.

    Raises
    ------
    ValueError
        If the text is not such a line, or names a class that is not an imported dataclass.
    """
    try:
        return _built(json.loads(text))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise must("instance", "an instance written by this package", text) from error


def digest(instance: Any) -> int:
    """A number for the content of an instance; it names the random stream on which a solver runs."""
    return int.from_bytes(hashlib.sha256(encode(instance).encode()).digest()[:8], "big")


def _plain(value: Any) -> Any:
    # bool comes before int, of which it is a subclass; NumPy's numbers keep their type, on which a solver may depend
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.generic):
        return {"numpy": value.dtype.str, "value": _plain(value.item())}
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, np.ndarray):
        return {"array": value.dtype.str, "shape": value.shape, "values": [_plain(v) for v in value.ravel().tolist()]}
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        cls = type(value)
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
        return {"dataclass": f"{public_name(cls.__module__)}:{cls.__qualname__}", "fields": fields}
    rule = "numbers, strings, tuples, lists, arrays, mappings and dataclasses of them"
    raise TypeError(f"an instance must be plain data ({rule}); got {type(value).__name__}")


def _built(data: Any) -> Any:
    if isinstance(data, list):
        return [_built(item) for item in data]
    if not isinstance(data, dict):
        return data
    if "float" in data:
        return float(data["float"])
    if "fraction" in data:
        return Fraction(data["fraction"])
    if "numpy" in data:
        return np.dtype(data["numpy"]).type(_built(data["value"]))
    if "array" in data:
        values = [_built(value) for value in data["values"]]
        flat = np.empty(len(values), np.dtype(data["array"]))
        flat[:] = values
        return flat.reshape(data["shape"])
    if "tuple" in data:
        return tuple(_built(item) for item in data["tuple"])
    if "mapping" in data:
        return {_built(key): _built(item) for key, item in data["mapping"]}
    return _dataclass(data["dataclass"])(**{name: _built(item) for name, item in data["fields"].items()})


def _dataclass(name: str) -> type:
    module, _, qualified = name.partition(":")
    # looked up among imported modules only: a line of JSON must not be able to import anything
    found: Any = sys.modules[module_named(module)]
    for part in qualified.split("."):
        found = getattr(found, part)
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise TypeError(f"{name} is not a dataclass")
    return found
