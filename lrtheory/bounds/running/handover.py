"""Data for an algorithm under test and from it: plain, and in nobody else's hands.

It gets a copy of its instance, so that it cannot change the truth. It returns numbers, arrays and containers of the
types that this module knows: a masked array would hide its wrong entries from a claim, and a class of the caller's own
could answer every comparison as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from itertools import groupby
from types import MappingProxyType, NoneType
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import mapped, parts
from lrtheory.bounds.arithmetic.exact import Ball
from lrtheory.bounds.errors import OutcomeError

__all__ = ["Fault", "NotFinite", "Overwritten", "Raised", "altered", "classes_of", "handed", "kinds_of", "received"]

_NUMBERS = {bool, int, float, complex, Fraction, Ball, str, NoneType, *np.sctypeDict.values()}
_CONTAINERS = (dict, MappingProxyType, list, tuple)


class Fault(Exception):
    """A deed of a solver that refutes its claim on an instance without a comparison.

    A saboteur that does it has not been compared with anything: it has crashed, which catches nothing.
    """

    count = 1  # of places
    due = ""  # what should be there, in words


class Overwritten(Fault):
    """A solver has changed the instance that it was given."""

    due = "an instance that is as it was"

    def __init__(self, places: list[str]) -> None:
        self.count = len(places)
        super().__init__(f"`solve` overwrote its instance: {', '.join(places)}")


class NotFinite(Fault):
    """An outcome holds NaN or an infinity where the honest one has a number."""

    due = "a finite number"

    def __init__(self, places: list[str]) -> None:
        self.count = len(places)
        super().__init__(", ".join(places))


class Raised(Fault):
    """A solver has raised an error on an instance that satisfies the hypotheses."""

    due = "an outcome"

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__(f"`solve` raised {type(error).__name__}: {error}".rstrip(": "))


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
    return mapped(instance, _frozen)


def _frozen(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf
    array = leaf.copy(order="K")
    array.flags.writeable = False
    return array


def altered(copy: Any, instance: Any, path: str = "") -> list[str]:
    """Where a copy differs from its instance.

    Parameters
    ----------
    copy, instance : object
        Copy that `handed` returned, after a solver had it, and the original.
    path : str
        The path of both within their instance.

    Returns
    -------
    list of str
        Paths such as ``requests.rewards``; empty if nothing has changed.
    """
    here = path or "the instance"
    due = type(instance)
    # a mapping of a kind of its own, such as an OrderedDict, is handed out as a dict
    if isinstance(instance, Mapping) and due is not MappingProxyType:
        due = dict
    if type(copy) is not due:
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
    # bits and not values, since NaN differs from itself and -0 equals 0
    if instance.dtype == object:
        return bool((copy == instance).all())
    return copy.tobytes() == instance.tobytes()


def received(outcome: Any) -> Any:
    """A copy of what an algorithm returned, made of plain data alone.

    The algorithm keeps no hold on the copy, and what a dataclass has cached outside of its fields is left behind, so
    that a claim computes it again from the fields.

    Parameters
    ----------
    outcome : object
        Outcome that `solve` returned.

    Returns
    -------
    object
        An equal outcome, read-only in every array.

    Raises
    ------
    OutcomeError
        If it holds a masked array, or another subclass of an array, a number, a list or a mapping, be it as an item of
        an array of objects: such a part could answer a claim otherwise than by its numbers.
    """
    _demand_plain(outcome)
    return handed(outcome)


def _demand_plain(outcome: Any) -> None:
    inner = parts(outcome)
    kind = type(outcome)
    # containers are taken apart; the exact type counts, because a subclass could answer `==` or `len` as it likes
    if inner is not None and (is_dataclass(outcome) or hasattr(outcome, "_fields") or kind in _CONTAINERS):
        for _, _, item in inner:
            _demand_plain(item)
        return
    items = {kind} if kind is not np.ndarray else set(map(type, outcome.flat)) if outcome.dtype == object else set()
    for foreign in items - _NUMBERS:
        raise OutcomeError(f"an outcome holds a {foreign.__name__}; it may hold numbers, plain arrays and containers")


def classes_of(outcome: Any) -> set[type]:
    """The dataclasses and named tuples within an outcome.

    Parameters
    ----------
    outcome : object
        Outcome that `solve` returned.

    Returns
    -------
    set of type
        Dataclasses and named tuples of which some object within the outcome is one.
    """
    found = {type(outcome)} if is_dataclass(outcome) or hasattr(outcome, "_fields") else set()
    return found.union(*(classes_of(item) for _, _, item in parts(outcome) or ()))


def kinds_of(value: Any) -> tuple[tuple[type, int], ...]:
    """The types of plain data and of all its parts, in order, with the number of equal ones in a row.

    Parameters
    ----------
    value : object
        Plain data.

    Returns
    -------
    tuple of (type, int)
        Tells data apart that are written alike: classes of one name, named tuples and tuples.
    """
    return tuple((kind, sum(1 for _ in group)) for kind, group in groupby(_kinds(value)))


def _kinds(value: Any) -> Iterator[type]:
    yield type(value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        yield from map(type, value.flat)
    for _, _, item in parts(value) or ():
        yield from _kinds(item)
