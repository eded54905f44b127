"""Dishonest outcomes: an honest one with one field made flattering, which the claim must not support.

An algorithm decides something (actions, items, labels) and reports something about it (values, rewards, counts). A claim
that believes the report can be fooled by a liar, so the forger lies about every field in turn: zeros, enormous numbers,
five percent more or less, the first item repeated, the answer of another instance, the bound itself.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.sparse

from lrtheory.bounds.errors import StatementError

__all__ = ["ROOT", "Leaf", "changed", "leaves", "lies"]

ROOT = "outcome"  # the path of an outcome that is itself one array or number
HUGE = 10**9
_SHORT = 4  # the items of a longer tuple, and of every list, share one path
Leaf = Any
Change = Callable[[Leaf], Leaf]


def leaves(outcome: Any) -> dict[str, list[Leaf]]:
    """The numbers and arrays of an outcome by their paths.

    Parameters
    ----------
    outcome : object
        What `solve` returned: numbers, arrays, sparse arrays, and tuples, lists, mappings and dataclasses of them.

    Returns
    -------
    dict of str to list
        Paths such as ``trace.prices``; the items of a list, or of a tuple of more than four, share the path ``*``, those
        of a shorter tuple are ``0``, ``1``, ... An outcome that is itself a number or an array has the path ``outcome``.

    Raises
    ------
    StatementError
        If the outcome contains an object of another kind, which a forger cannot change and a claim could believe.
    """
    found: dict[str, list[Leaf]] = {}
    for path, leaf in _walk(outcome, ""):
        found.setdefault(path or ROOT, []).append(leaf)
    return found


def changed(outcome: Any, path: str, change: Change) -> Any:
    """A copy of an outcome in which every leaf of one path is changed.

    Parameters
    ----------
    outcome : object
        What `solve` returned; it is left alone.
    path : str
        One of the paths of `leaves`.
    change : callable
        Takes a leaf and returns another one.

    Returns
    -------
    object
        The forged outcome; a dataclass is copied past its own validation, as a liar would.
    """
    return _changed(outcome, "", path, change)


def lies(leaf: Leaf, *, decision: bool) -> Iterator[tuple[str, Change]]:
    """What a forger makes of a number or an array: words, and the change.

    Parameters
    ----------
    leaf : object
        The honest value; it decides which lies make sense.
    decision : bool
        Whether the leaf is what the algorithm decides. A decision that differs by five percent is another algorithm and
        no lie, so it is not tried.

    Yields
    ------
    tuple of str and callable
        The name of the lie, and a function from the honest leaf to the forged one.
    """
    kind = _kind(leaf)
    if kind == "b":
        yield "always true", lambda x: _filled(x, True)
        yield "always false", lambda x: _filled(x, False)
        yield "the contrary", lambda x: np.logical_not(x) if isinstance(x, np.ndarray) else not x
        return
    yield "zero", lambda x: _times(x, 0)
    yield "10^9", lambda x: _filled(x, HUGE)
    if kind in "fO":
        yield "-10^9", lambda x: _filled(x, -HUGE)
    if not decision and kind in "fO":
        yield "5 % more", lambda x: _times(x, Fraction(21, 20))
        yield "5 % less", lambda x: _times(x, Fraction(19, 20))
    if not decision and kind in "iu":
        yield "one more", lambda x: x + 1
    if isinstance(leaf, np.ndarray) and leaf.ndim:
        yield "the first item repeated", lambda x: np.broadcast_to(x[..., :1], x.shape).copy()


def matches(path: str, patterns: Any) -> bool:
    """Whether a path is among the declared ones, which may hold `*`."""
    return any(path == pattern or fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def same(a: Any, b: Any) -> bool:
    """Whether two leaves are the same numbers, so that the lie is none."""
    if scipy.sparse.issparse(a):
        return a.shape == b.shape and np.array_equal(a.toarray(), b.toarray(), equal_nan=True)
    a, b = np.asarray(a), np.asarray(b)
    nan = a.dtype.kind == "f" and b.dtype.kind == "f"
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=nan))


def _children(value: Any) -> list[tuple[str, str, Any]] | None:
    """For a container its items: the name within the container, the name in the path, the value; None for a leaf."""
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


def _walk(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    children = _children(value)
    if children is not None:
        for _, name, item in children:
            yield from _walk(item, f"{path}.{name}" if path else name)
    elif _kind(value) in "fiubOc":
        yield path, value
    elif not (value is None or isinstance(value, str) or _kind(value) in "US"):
        raise StatementError(f"an outcome must be numbers, arrays and containers of them; got {type(value).__name__}")


def _changed(value: Any, here: str, path: str, change: Change) -> Any:
    children = _children(value)
    if children is None:
        return change(value) if (here or ROOT) == path and not (value is None or isinstance(value, str)) else value
    new = [_changed(item, f"{here}.{name}" if here else name, path, change) for _, name, item in children]
    if is_dataclass(value) and not isinstance(value, type):
        copy = object.__new__(type(value))
        for (name, _, _), item in zip(children, new, strict=True):
            object.__setattr__(copy, name, item)
        return copy
    if isinstance(value, Mapping):
        return dict(zip((key for key, _, _ in children), new, strict=True))
    if hasattr(value, "_fields"):
        return type(value)(*new)
    return type(value)(new)


def _kind(value: Any) -> str:
    """The kind of number: b, i, u, f, c, O for exact numbers, U for text, V for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return "b"
    if isinstance(value, (int, np.integer)):
        return "i"
    if isinstance(value, Fraction) or type(value).__name__ == "Ball":
        return "O"
    if isinstance(value, float):
        return "f"
    if scipy.sparse.issparse(value) or isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind
    return "V"


def _filled(leaf: Leaf, value: Any) -> Leaf:
    """The leaf with one number in every place."""
    if scipy.sparse.issparse(leaf):
        copy = leaf.copy()
        copy.data = np.full_like(copy.data, value)
        return copy
    if isinstance(leaf, np.ndarray):
        small = leaf.dtype.kind in "iu" and value > np.iinfo(leaf.dtype).max
        return np.full(leaf.shape, value, np.int64 if small else leaf.dtype)
    return Fraction(value) if _kind(leaf) == "O" else type(leaf)(value)


def _times(leaf: Leaf, factor: Fraction | int) -> Leaf:
    """The leaf multiplied; exact numbers stay exact."""
    if _kind(leaf) == "O":
        return leaf * factor
    product = leaf * float(factor) if _kind(leaf) in "fc" else leaf * int(factor)
    return product.astype(leaf.dtype) if isinstance(leaf, (np.ndarray, np.generic)) else product


@dataclass(frozen=True)
class Lie:
    """One forgery: the path, the words, and whether the claim was fooled."""

    path: str
    words: str
