"""Lies about numbers, arrays and containers: honest ones made flattering, cut short, or turned around.

An algorithm decides something (actions, items, labels) and reports something about it (values, rewards, counts). A
claim that believes the report can be fooled by a liar: zeros, enormous numbers, five percent more or less, the first
item repeated, the sign exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import ROOT, parts
from lrtheory.bounds.arithmetic.exact import Ball
from lrtheory.bounds.errors import StatementError

__all__ = [
    "TURNS",
    "Change",
    "Leaf",
    "changed",
    "cuts",
    "filled",
    "kind_of_number",
    "leaves",
    "lies",
    "malformed",
    "places",
    "same",
    "zeroed",
]

HUGE = 10**9
TURNS = ("negated", "the contrary")  # what is declared free may be turned around
Leaf = Any
Change = Callable[[Leaf], Leaf]


def leaves(outcome: Any) -> dict[str, list[Leaf]]:
    """The numbers and arrays of an outcome by their paths.

    Parameters
    ----------
    outcome : object
        Outcome that `solve` returned: numbers, arrays, and tuples, lists, mappings and dataclasses of them.

    Returns
    -------
    dict of str to list
        Paths such as ``trace.prices``; the items of a list, or of a tuple of more than four, share the path ``*``,
        those of a shorter tuple are ``0``, ``1``, ... An outcome that is itself a number or an array has the path
        ``outcome``.

    Raises
    ------
    StatementError
        If the outcome contains an object of another kind, which a forger cannot change and a claim could believe.
    """
    found: dict[str, list[Leaf]] = {}
    for path, leaf in _walk(outcome, ""):
        found.setdefault(path or ROOT, []).append(leaf)
    return found


def places(outcome: Any) -> dict[str, Any]:
    """The parts of an outcome by their paths, containers among them; of several with one path the first."""
    found: dict[str, Any] = {}
    for path, part in _parts(outcome, ""):
        found.setdefault(path or ROOT, part)
    return found


def changed(outcome: Any, path: str, change: Change, *, container: bool = False) -> Any:
    """A copy of an outcome in which every leaf of one path is changed.

    Parameters
    ----------
    outcome : object
        Outcome that `solve` returned; it is left alone.
    path : str
        One of the paths of `leaves`, or of `places` where a container is changed.
    change : callable
        Takes a leaf, or a container, and returns another one.
    container : bool
        Whether a container that stands at the path is changed as a whole.

    Returns
    -------
    object
        The forged outcome; a dataclass is copied past its own validation, as a liar would.
    """
    return _changed(outcome, "", path, change, container)


def lies(leaf: Leaf, *, decision: bool) -> Iterator[tuple[str, Change]]:
    """Yield the lies about a number or an array: words, and the change.

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
    kind = kind_of_number(leaf)
    if kind == "b":
        yield "always true", lambda x: filled(x, True)
        yield "always false", lambda x: filled(x, False)
        yield "the contrary", lambda x: np.logical_not(x) if isinstance(x, np.ndarray) else not x
        return
    yield "zero", lambda x: _times(x, 0)
    yield "10^9", lambda x: filled(x, HUGE)
    if kind in "fO":
        yield "-10^9", lambda x: filled(x, -HUGE)
    if not decision and kind in "fO":
        yield "5 % more", lambda x: _times(x, Fraction(21, 20))
        yield "5 % less", lambda x: _times(x, Fraction(19, 20))
    if not decision and kind in "iu":
        yield "one more", lambda x: x + 1
    if isinstance(leaf, np.ndarray) and leaf.ndim:
        yield "the first item repeated", lambda x: np.broadcast_to(x[..., :1], x.shape).copy()
    if kind in "fOic":
        yield "negated", lambda x: -x


def cuts(part: Any) -> Iterator[tuple[str, Change]]:
    """Yield the lies about the length of an array, a list, a tuple or a mapping: words, and the change."""
    sequence = isinstance(part, (list, tuple, Mapping)) and not hasattr(part, "_fields")
    if sequence or (isinstance(part, np.ndarray) and part.ndim):
        yield "empty", lambda x: _kept(x, slice(0))
        if not isinstance(part, Mapping):  # which entries of a mapping there are is what may vary
            yield "the first entry alone", lambda x: _kept(x, slice(1))
        yield "the first left out", lambda x: _kept(x, slice(1, None))


def malformed(leaf: Leaf) -> Iterator[tuple[str, Change]]:
    """Yield the lies about a number or an array that its form alone gives away: words, and the change."""
    kind = kind_of_number(leaf)
    if kind in "fO":
        yield "not a number", lambda x: _last(x, float("nan"))
        yield "infinite", lambda x: _last(x, float("inf"))
    if kind in "fiu":
        yield "complex", lambda x: x + HUGE * 1j
    if np.ndim(leaf):
        yield "empty", lambda x: x[:0]
        yield "the first entry alone", lambda x: x[:1]
        yield "one axis more", lambda x: x[None]
    else:
        yield "empty", lambda x: np.zeros(0, np.asarray(x).dtype)
        yield "twice", lambda x: np.array([x, x])


def zeroed(outcome: Any) -> Any:
    """An outcome of the same form that says nothing: zeros, and False, in every place."""
    for path in leaves(outcome):
        outcome = changed(outcome, path, lambda x: filled(x, False) if kind_of_number(x) == "b" else _times(x, 0))
    return outcome


def same(a: Any, b: Any) -> bool:
    """Whether two leaves are the same numbers, so that the lie is none."""
    a, b = np.asarray(a), np.asarray(b)
    nan = a.dtype.kind == "f" and b.dtype.kind == "f"
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=nan))


def filled(leaf: Leaf, value: Any) -> Leaf:
    """The leaf with one number in every place."""
    if isinstance(leaf, np.ndarray):
        small = leaf.dtype.kind in "iu" and value > np.iinfo(leaf.dtype).max
        return np.full(leaf.shape, value, np.int64 if small else leaf.dtype)
    return Fraction(value) if kind_of_number(leaf) == "O" else type(leaf)(value)


def kind_of_number(value: Any) -> str:
    """The kind of number: b, i, u, f, c, O for exact numbers, U for text, V for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return "b"
    if isinstance(value, (int, np.integer)):
        return "i"
    if isinstance(value, (Fraction, Ball)):
        return "O"
    if isinstance(value, float):
        return "f"
    if isinstance(value, complex):
        return "c"
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind
    return "V"


def _walk(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    for at, part in _parts(value, path):
        if parts(part) is not None:
            continue
        kind = kind_of_number(part)
        if kind in "fiubOc":
            yield at, part
        elif not (part is None or isinstance(part, str) or kind in "US"):
            raise StatementError(
                f"an outcome must be numbers, arrays and containers of them; got {type(part).__name__}"
            )


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every part of an outcome with its path, a container before what it holds."""
    yield path, value
    for _, name, item in parts(value) or ():
        yield from _parts(item, f"{path}.{name}" if path else name)


def _changed(value: Any, here: str, path: str, change: Change, container: bool) -> Any:
    children = parts(value)
    if (here or ROOT) == path and (container or children is None) and not (value is None or isinstance(value, str)):
        return change(value)
    if children is None:
        return value
    new = [_changed(item, f"{here}.{name}" if here else name, path, change, container) for _, name, item in children]
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


def _times(leaf: Leaf, factor: Fraction | int) -> Leaf:
    """The leaf multiplied; exact numbers stay exact."""
    if kind_of_number(leaf) == "O":
        return leaf * factor
    with np.errstate(invalid="ignore", over="ignore"):  # an honest outcome may hold infinities
        product = leaf * float(factor) if kind_of_number(leaf) in "fc" else leaf * int(factor)
    return product.astype(leaf.dtype) if isinstance(leaf, (np.ndarray, np.generic)) else product


def _kept(part: Any, kept: slice) -> Any:
    """Some of the entries of an array, a list, a tuple or a mapping."""
    return dict(list(part.items())[kept]) if isinstance(part, Mapping) else part[kept]


def _last(leaf: Leaf, value: float) -> Leaf:
    """The leaf with another number in its last place."""
    if not isinstance(leaf, np.ndarray) or not leaf.size:
        return value
    copy = leaf.copy()
    copy.flat[-1] = value
    return copy
