"""Walking through plain data: dataclasses, mappings, lists and tuples, down to arrays and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["largest", "mapped"]

_REAL = (int, float, np.integer, np.floating, Fraction)


def mapped(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A copy of plain data in which every leaf is exchanged.

    Parameters
    ----------
    value : object
        Plain data. A mapping of any kind becomes a dict, and a dataclass is copied past its constructor, which may
        insist on floats.
    leaf : callable
        ``leaf(value) -> value``, called with every array and everything else that is no container.

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
        return {key: mapped(item, leaf) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [mapped(item, leaf) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return leaf(value)


def largest(value: Any) -> float:
    """The largest absolute value among the finite numbers of plain data; 0 if there are none."""
    found: list[Any] = [0.0]

    def note(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray):
            numbers = leaf.ravel().tolist() if leaf.dtype.kind in "iufO" else []
        else:
            numbers = [leaf]
        sizes: list[Any] = [abs(one) for one in numbers if isinstance(one, _REAL)]
        found.extend(size for size in sizes if size < np.inf)
        return leaf

    mapped(value, note)
    return max(found)
