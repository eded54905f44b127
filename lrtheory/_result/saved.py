"""A result in an npz file, whole: its arrays as they are, and all else as one text that says how they belong together.

Nothing in such a file is run. The classes that it names are looked up in this package alone, and must be results or
other plain records of it.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from lrtheory._array import sparse, to_numpy

__all__ = ["read_whole", "write_whole"]

#: the array that holds the text
_TEXT = "lrtheory"
_SPARSE = ("csr_array", "csc_array", "coo_array", "csr_matrix", "csc_matrix", "coo_matrix")


def write_whole(target: Path, value: Any) -> None:
    """Write all fields of a result.

    Parameters
    ----------
    target : Path
        A new npz file.
    value : Result
        Arrays of other libraries become those of NumPy.

    Raises
    ------
    ValueError
        If a field holds what a file cannot hold, such as a function.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_packed(value, arrays, type(value).__name__))
    with target.open("wb") as file:
        np.savez(file, **{_TEXT: np.array(text)}, **arrays)  # type: ignore[arg-type]  # names are arrays, and no options


def read_whole(path: Any, wanted: type) -> Any:
    """Read what `write_whole` wrote.

    Parameters
    ----------
    path : path
        The file.
    wanted : type
        The class of the result.

    Returns
    -------
    Result
        Equal to what was written.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds something else, or is damaged.
    """
    from lrtheory._files import read_arrays, source_name

    arrays, name = read_arrays(path), source_name(path)
    if _TEXT not in arrays:
        raise ValueError(f"{name}: no saved {wanted.__name__}, but the arrays {', '.join(list(arrays)[:6])}")
    try:
        found = _unpacked(json.loads(str(arrays[_TEXT])), arrays)
    except (KeyError, TypeError, ValueError, AttributeError, ImportError, IndexError, RecursionError) as error:
        raise ValueError(f"{name}: a damaged {wanted.__name__}, or one of another version") from error
    if not isinstance(found, wanted):
        raise ValueError(f"{name}: a saved {type(found).__name__}, where a {wanted.__name__} is needed")
    return found


def _packed(value: Any, arrays: dict[str, np.ndarray], place: str) -> Any:
    """A value as JSON, its arrays put aside."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return {"int": str(value)}
    if type(value) is float:
        return {"float": value.hex()}
    if isinstance(value, (np.generic, np.ndarray)) and np.asarray(value).dtype.kind in "biufcUSM":
        arrays[key := f"array_{len(arrays)}"] = np.asarray(value)
        return {"array" if isinstance(value, np.ndarray) else "scalar": key}
    if isinstance(value, np.ndarray):
        items = [_packed(item, arrays, place) for item in value.ravel().tolist()]
        return {"objects": list(value.shape), "items": items}
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if type(value).__name__ in _SPARSE and sparse.issparse(value):
        coo = value.tocoo()
        parts = [_packed(part, arrays, place) for part in (coo.data, coo.row, coo.col)]
        return {"sparse": type(value).__name__, "shape": list(coo.shape), "parts": parts}
    if isinstance(value, Mapping) and not dataclasses.is_dataclass(value):
        return {
            "mapping": [[_packed(k, arrays, place), _packed(v, arrays, f"{place}[{k!r}]")] for k, v in value.items()]
        }
    if isinstance(value, (tuple, list)):
        items = [_packed(item, arrays, place) for item in value]
        kind = type(value).__name__ if type(value) in (tuple, list) else _name_of(type(value), place)
        return {"sequence": kind, "items": items}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        packed = {name: _packed(item, arrays, f"{place}.{name}") for name, item in fields.items()}
        return {"record": _name_of(type(value), place), "fields": packed}
    if hasattr(value, "__array_namespace__") or hasattr(value, "__dlpack__"):
        return _packed(to_numpy(value), arrays, place)
    raise ValueError(f"{place} is a {type(value).__name__}, which no file holds; `pickle` keeps it")


def _name_of(kind: type, place: str) -> str:
    """Where a class of this package is found; others are refused."""
    if kind.__module__.partition(".")[0] != "lrtheory" or "<" in kind.__qualname__:
        raise ValueError(f"{place} is a {kind.__name__}, which no file holds; `pickle` keeps it")
    return f"{kind.__module__}:{kind.__qualname__}"


def _class_of(name: str) -> Any:
    """The record or the tuple of this package that a file names."""
    module, _, path = name.partition(":")
    if module.partition(".")[0] != "lrtheory":
        raise ValueError("no class of this package")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not isinstance(found, type) or not (dataclasses.is_dataclass(found) or issubclass(found, tuple)):
        raise ValueError("no record")
    return found


def _unpacked(told: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value of a text in JSON, with its arrays."""
    if not isinstance(told, dict):
        return told
    made: Any
    kind, said = next(iter(told.items()))
    items = [_unpacked(item, arrays) for item in told.get("items", ())]
    if kind == "record":
        return _class_of(said)(**{name: _unpacked(item, arrays) for name, item in told["fields"].items()})
    if kind == "sequence":
        made = {"tuple": tuple, "list": list}.get(said) or _class_of(said)
        return made._make(items) if hasattr(made, "_make") else made(items)
    if kind == "mapping":
        return {_unpacked(key, arrays): _unpacked(item, arrays) for key, item in said}
    if kind == "objects":
        return np.fromiter(items, object, len(items)).reshape(said)
    if kind == "sparse":
        data, row, col = (_unpacked(part, arrays) for part in told["parts"])
        return getattr(sparse, _SPARSE[_SPARSE.index(said)])(sparse.coo_array((data, (row, col)), shape=told["shape"]))
    read: dict[str, Callable[[Any], Any]] = {"int": int, "float": float.fromhex, "fraction": Fraction, "path": Path}
    if kind in read:
        return read[kind](said)
    return arrays[said] if kind == "array" else arrays[said][()]
