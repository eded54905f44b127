"""What an algorithm under test is given: a copy of its instance that it cannot use to change the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from lrtheory.bounds.errors import StatementError

__all__ = ["Overwritten", "altered", "handed"]


class Overwritten(StatementError):
    """A solver has changed the instance that it was given; this refutes its claim, whatever it returned."""

    def __init__(self, places: list[str]) -> None:
        self.places = places
        super().__init__(f"`solve` overwrote its instance: {', '.join(places)}")


def handed(instance: Any) -> Any:
    """A deep copy of an instance whose arrays are read-only.

    The copy protects the instance that the claim looks at and that later statements share: even a solver that makes an
    array writeable again changes nothing but its own copy.

    Parameters
    ----------
    instance : object
        Plain data, as `encoding.encode` takes it.

    Returns
    -------
    object
        An equal instance; values that a dataclass has cached outside of its fields are not copied.
    """
    if isinstance(instance, np.ndarray):
        array = instance.copy(order="K")
        array.flags.writeable = False
        return array
    if is_dataclass(instance) and not isinstance(instance, type):
        copy = object.__new__(type(instance))
        for field in fields(instance):
            object.__setattr__(copy, field.name, handed(getattr(instance, field.name)))
        return copy
    if isinstance(instance, Mapping):
        entries = {key: handed(item) for key, item in instance.items()}
        return MappingProxyType(entries) if isinstance(instance, MappingProxyType) else entries
    if isinstance(instance, (list, tuple)):
        items = [handed(item) for item in instance]
        return type(instance)(*items) if hasattr(instance, "_fields") else type(instance)(items)
    return instance


def altered(copy: Any, instance: Any, path: str = "") -> list[str]:
    """Where a copy differs from its instance.

    Parameters
    ----------
    copy, instance : object
        What `handed` returned, after a solver had it, and what it was made from.
    path : str
        The path of both within their instance.

    Returns
    -------
    list of str
        Paths such as ``requests.rewards``; empty if nothing has changed.
    """
    here = path or "the instance"
    if type(copy) is not type(instance):
        return [here]
    if isinstance(instance, np.ndarray):
        equal = copy.dtype == instance.dtype and copy.shape == instance.shape and _equal_entries(copy, instance)
        return [] if equal else [here]
    if is_dataclass(instance) and not isinstance(instance, type):
        pairs = [(one.name, getattr(copy, one.name), getattr(instance, one.name)) for one in fields(instance)]
    elif isinstance(instance, Mapping):
        if list(copy) != list(instance):
            return [here]
        pairs = [(str(key), copy[key], item) for key, item in instance.items()]
    elif isinstance(instance, (list, tuple)):
        if len(copy) != len(instance):
            return [here]
        pairs = [(str(place), *both) for place, both in enumerate(zip(copy, instance, strict=True))]
    else:
        return [] if copy is instance or copy == instance or (copy != copy and instance != instance) else [here]
    return [place for name, a, b in pairs for place in altered(a, b, f"{path}.{name}".lstrip("."))]


def _equal_entries(copy: np.ndarray, instance: np.ndarray) -> bool:
    """Whether two arrays hold the same bits, or the same objects."""
    if instance.dtype == object:
        return bool((copy == instance).all())
    return copy.tobytes() == instance.tobytes()
