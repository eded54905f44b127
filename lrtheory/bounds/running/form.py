"""The form of an outcome: its containers, the shapes of its arrays and the kinds of its numbers.

A claim reads what it happens to need of an outcome. So an outcome of another solver is first compared with what the
statement's own solver returns on the same instance: five numbers in place of one, or a part of what is due, is no
answer that could be judged, and an entry that is no number contradicts every claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from fractions import Fraction
from types import NoneType
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import ROOT, matches, parts
from lrtheory.bounds.arithmetic.exact import Ball
from lrtheory.bounds.errors import OutcomeError
from lrtheory.bounds.running.handover import NotFinite

__all__ = ["demand_finite", "fitted"]

# A narrower number stands for a wider one. A truth value stands for nothing else, since a mask where indices are due
# is the commonest mix-up.
_STAND_FOR = {"b": "b", "i": "ifc", "f": "fc", "c": "c", "U": "U", "N": "N"}
_WORDS = {"b": "truth values", "i": "integers", "f": "real numbers", "c": "complex numbers", "U": "texts", "N": "None"}
_WORD = {
    "b": "a truth value",
    "i": "an integer",
    "f": "a real number",
    "c": "a complex number",
    "U": "text",
    "N": "None",
}
_OBJECTS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((bool, np.bool_), "b"),
    ((int, np.integer), "i"),
    ((float, np.floating, Fraction, Ball), "f"),
    ((complex, np.complexfloating), "c"),
    (str, "U"),
    (NoneType, "N"),
)


@dataclass(frozen=True)
class _Fitting:
    """The declared exceptions, by path."""

    may_vary: tuple[str, ...]
    unread: tuple[str, ...]

    def of(self, value: Any, due: Any, path: str) -> Any:
        if self.is_unread(due, path):
            return value
        if is_dataclass(due) or hasattr(due, "_fields"):
            return self.of_fields(value, due, path)
        if isinstance(due, Mapping):
            return self.of_mapping(value, due, path)
        if isinstance(due, (list, tuple)):
            return self.of_items(value, due, path)
        return self.of_leaf(value, due, path)

    def is_unread(self, due: Any, path: str) -> bool:
        """Whether the claim looks at nothing below a path."""
        if not self.unread:
            return False
        below = parts(due)
        if matches(path or ROOT, self.unread) or below is None:
            return matches(path or ROOT, self.unread)
        return bool(below) and all(self.is_unread(item, _joined(path, name)) for _, name, item in below)

    def varies(self, path: str) -> bool:
        """Whether lengths may differ at a path, and None may stand there or be missing."""
        return matches(path or ROOT, self.may_vary)

    def of_fields(self, value: Any, due: Any, path: str) -> Any:
        if type(value) is not type(due):
            if value is None and self.varies(path):
                return None
            raise _wrong(path, _told(due), value)
        fitted = {key: self.of(getattr(value, key), item, _joined(path, name)) for key, name, item in parts(due) or ()}
        if not is_dataclass(due):
            return type(due)(**fitted)
        copy = object.__new__(type(due))
        for name, item in fitted.items():
            object.__setattr__(copy, name, item)
        return copy

    def of_mapping(self, value: Any, due: Mapping[Any, Any], path: str) -> Any:
        if not isinstance(value, Mapping):
            if value is None and self.varies(path):
                return None
            raise _wrong(path, _told(due), value)
        if self.varies(path):
            some = next(iter(due.values()), None)  # without an entry there is no form of an entry
            dues = {key: due.get(key, some) for key in value}
            return {k: self.of(value[k], dues[k], _joined(path, k)) if due else value[k] for k in value}
        missing = [k for k, item in due.items() if k not in value and not self.is_unread(item, _joined(path, k))]
        if missing:
            raise _wrong(path, f"a mapping with the key {missing[0]!r}", value)
        # further keys are cut off, so that they never reach the claim; the order of the others is the solver's
        return {key: self.of(value[key], due[key], _joined(path, key)) for key in value if key in due}

    def of_items(self, value: Any, due: Any, path: str) -> Any:
        if value is None and self.varies(path):
            return None
        named = hasattr(value, "_fields")
        if not isinstance(value, (list, tuple)) or named or (len(value) != len(due) and not self.varies(path)):
            raise _wrong(path, _told(due), value)
        names = [name for _, name, _ in parts(due) or ()]
        some = min(len(due), 1)  # without an item there is no form of an item
        fitted = [
            self.of(item, due[min(place, len(due) - 1)], _joined(path, names[min(place, len(due) - 1)]))
            if some
            else item
            for place, item in enumerate(value)
        ]
        # lists and tuples stand for each other; the claim gets what it would get of its own solver
        return type(due)(fitted)

    def of_leaf(self, value: Any, due: Any, path: str) -> Any:
        if self.varies(path) and (value is None or due is None):
            return value
        if parts(value) is not None:
            raise _wrong(path, _told(due), value)
        shape, due_shape, kinds = np.shape(value), np.shape(due), _kinds(due)
        same = len(shape) == len(due_shape) if self.varies(path) else shape == due_shape
        # without entries there is no number of a wrong kind, and objects of which there are none are of any kind
        known = np.size(value) and kinds
        if not same or (known and not all(set(_STAND_FOR.get(kind, "")) & kinds for kind in _kinds(value))):
            raise _wrong(path, _told(due), value)
        if isinstance(due, np.ndarray):
            # an array without entries has no kind; it could be no index if it came as one of doubles
            return np.empty(shape, due.dtype) if np.size(value) == 0 else np.asarray(value)
        return value[()] if isinstance(value, np.ndarray) else value


def fitted(outcome: Any, due: Any, *, may_vary: Iterable[str] = (), unread: Iterable[str] = ()) -> Any:
    """Compare the form of an outcome with that of the honest one.

    Parameters
    ----------
    outcome : object
        Outcome of the solver under test, as plain data.
    due : object
        Outcome of the statement's own solver on the same instance.
    may_vary : iterable of str
        Paths (`lies.leaves`) where lengths of axes, lists and mappings may differ, and where None may stand.
    unread : iterable of str
        Paths that have no form, and may be missing.

    Returns
    -------
    object
        The outcome in the containers that are due, without further keys of mappings.

    Raises
    ------
    OutcomeError
        If it has another form; the sentence names the path.
    """
    return _Fitting(tuple(may_vary), tuple(unread)).of(outcome, due, "")


def demand_finite(outcome: Any, due: Any, *, unread: Iterable[str] = ()) -> None:
    """Refuse NaN and infinities, entry by entry, except where the honest outcome has them in that entry.

    Parameters
    ----------
    outcome, due, unread
        As for `fitted`, which has accepted them.

    Raises
    ------
    NotFinite
        If a number is NaN or infinite; the first one in each array is named.
    """
    found = list(_not_finite(outcome, due, "", tuple(unread)))
    if found:
        raise NotFinite(found)


def _not_finite(value: Any, due: Any, path: str, unread: tuple[str, ...]) -> Iterator[str]:
    below = parts(value)
    if below is not None:
        dues = {key: item for key, _, item in parts(due) or ()}
        names = [name for _, name, _ in parts(due) or ()]
        last = names[-1] if names else "*"
        for place, (key, name, item) in enumerate(below):
            # the items of a list are called as those of the honest one
            shown = (names[place] if place < len(names) else last) if isinstance(value, (list, tuple)) else name
            yield from _not_finite(item, dues.get(key), _joined(path, shown), unread)
        return
    wild = _wild(value)
    if not wild.any() or matches(path or ROOT, unread):
        return
    if due is not None and parts(due) is None and np.shape(due) == wild.shape:
        wild = wild & ~_wild(due)
    if wild.any():
        at = tuple(int(place) for place in np.argwhere(wild)[0])
        yield f"`{path or ROOT}` is {np.asarray(value)[at]!s}{f' at {at}' if at else ''}"


def _wild(leaf: Any) -> np.ndarray:
    """Which entries of a leaf are NaN or infinite."""
    array = leaf if isinstance(leaf, np.ndarray) else np.array(leaf, object)
    if array.dtype.kind in "fc":
        return ~np.isfinite(array)
    if array.dtype.kind != "O":
        return np.zeros(array.shape, bool)
    return np.array([_is_wild(entry) for entry in array.flat], bool).reshape(array.shape)


def _is_wild(entry: Any) -> bool:
    if isinstance(entry, (float, complex, np.inexact)):
        return not bool(np.isfinite(entry))
    if not isinstance(entry, Ball):
        return False
    try:
        return not math.isfinite(float(entry))
    except OverflowError:  # a finite number beyond the range of doubles
        return False


def _joined(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _kinds(leaf: Any) -> set[str]:
    """The kinds of the numbers of a leaf; none of an array of objects without entries."""
    if isinstance(leaf, np.ndarray) and leaf.dtype != object:
        return {{"u": "i", "S": "U"}.get(leaf.dtype.kind, leaf.dtype.kind)}
    types = set(map(type, leaf.flat)) if isinstance(leaf, np.ndarray) else {type(leaf)}
    return {next((kind for classes, kind in _OBJECTS if issubclass(one, classes)), "?") for one in types}


def _told(value: Any) -> str:
    """The form of a value in words."""
    if is_dataclass(value) or hasattr(value, "_fields"):
        return f"an object of the class {type(value).__name__}"
    if isinstance(value, Mapping):
        return f"a mapping with the keys {', '.join(map(repr, value))}" if value else "a mapping without keys"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    kinds = sorted(_kinds(value))
    if not np.shape(value) and len(kinds) == 1:
        return _WORD.get(kinds[0], f"a {type(value).__name__}")
    entries = " and ".join(_WORDS.get(kind, "objects") for kind in kinds)
    return f"an array of shape {np.shape(value)}{f' of {entries}' if entries else ''}"


def _wrong(path: str, due: str, value: Any) -> OutcomeError:
    got = _told(value)
    return OutcomeError(f"`{path or ROOT}` must be {due}; got {got}")
