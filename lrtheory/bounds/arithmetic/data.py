"""Walking through plain data: dataclasses, mappings, lists and tuples, down to arrays and numbers."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["ROOT", "largest", "leaves", "mapped", "matches", "parts"]

ROOT = "outcome"  # the path of an outcome that is itself one array or number
_SHORT = 4  # the items of a longer tuple, and of every list, share one path
_REAL = (int, float, np.integer, np.floating, Fraction)


def mapped(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A copy of plain data in which every leaf is exchanged.

    Parameters
    ----------
    value : object
        Plain data. A mapping becomes a dict, or stays the read-only view of one, and a dataclass is copied past its
        constructor, which may insist on floats, or refuse or compute what it has accepted once.
    leaf : callable
        ``leaf(value) -> value``, called with every array and everything else that is not a container.

    Returns
    -------
    object
        The copy.
    """
    if is_dataclass(value) and not isinstance(value, type):
        copy = object.__new__(type(value))
        for field in fields(value):
            object.__setattr__(copy, field.name, mapped(getattr(value, field.name), leaf))
        return copy
    if isinstance(value, Mapping):
        entries = {key: mapped(item, leaf) for key, item in value.items()}
        return MappingProxyType(entries) if isinstance(value, MappingProxyType) else entries
    if isinstance(value, (list, tuple)):
        items = [mapped(item, leaf) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return leaf(value)


def parts(value: Any) -> list[tuple[str, str, Any]] | None:
    """The items of a container: the name within it, the name in a path, and the value; None for anything else.

    Parameters
    ----------
    value : object
        A dataclass, a mapping, a named tuple, a list, a tuple, or a leaf.

    Returns
    -------
    list of tuple, or None
        In a path the items of a list, or of a tuple of more than four, are called ``*``, those of a shorter one by
        number.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return [(one.name, one.name, getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, Mapping):
        return [(key, str(key), item) for key, item in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(name, name, getattr(value, name)) for name in value._fields]
    if isinstance(value, (list, tuple)):
        apart = isinstance(value, tuple) and len(value) <= _SHORT
        return [(str(place), str(place) if apart else "*", item) for place, item in enumerate(value)]
    return None


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path within plain data is among declared ones, which may hold ``*``."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def leaves(value: Any) -> Iterator[Any]:
    """Every array and everything else in plain data that is no container, in order."""
    inner = parts(value)
    if inner is None:
        yield value
    for _, _, item in inner or ():
        yield from leaves(item)


def largest(value: Any) -> float:
    """The largest absolute value among the finite numbers of plain data; 0 if there are none."""
    found: list[Any] = [0.0]
    for leaf in leaves(value):
        if isinstance(leaf, np.ndarray):
            numbers = leaf.ravel().tolist() if leaf.dtype.kind in "iufO" else []
        else:
            numbers = [leaf]
        sizes: list[Any] = [abs(one) for one in numbers if isinstance(one, _REAL)]
        found.extend(size for size in sizes if size < np.inf)
    return max(found)
