"""Dishonest outcomes: an honest one with one field made flattering, which the claim must not support.

An algorithm decides something (actions, items, labels) and reports something about it (values, rewards, counts). A
claim that believes the report can be fooled by a liar, so the forger lies about every field in turn: zeros, enormous
numbers, five percent more or less, the first item repeated, the answer of another instance, the bound itself.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import ROOT, matches, parts
from lrtheory.bounds.arithmetic.exact import Ball, exactly, to_float
from lrtheory.bounds.claims import Inequality
from lrtheory.bounds.deciding.checking import check
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.running.encoding import digest
from lrtheory.bounds.session import Budget, Session
from lrtheory.bounds.statement import Statement

__all__ = ["FORGING", "Leaf", "Lie", "changed", "fooled", "leaves", "lies", "same"]

FORGING = Budget("forging", draws=2, sampled=0, climbs=0, searches=0, runs=8192)  # enough for lies to show
HUGE = 10**9
Leaf = Any
Change = Callable[[Leaf], Leaf]
Forge = Callable[[Any, Any, tuple[int, ...]], Any]  # of an instance, its honest outcome and the number of runs


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


def changed(outcome: Any, path: str, change: Change) -> Any:
    """A copy of an outcome in which every leaf of one path is changed.

    Parameters
    ----------
    outcome : object
        Outcome that `solve` returned; it is left alone.
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


def same(a: Any, b: Any) -> bool:
    """Whether two leaves are the same numbers, so that the lie is none."""
    a, b = np.asarray(a), np.asarray(b)
    nan = a.dtype.kind == "f" and b.dtype.kind == "f"
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=nan))


def _walk(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    children = parts(value)
    if children is not None:
        for _, name, item in children:
            yield from _walk(item, f"{path}.{name}" if path else name)
    elif _kind(value) in "fiubOc":
        yield path, value
    elif not (value is None or isinstance(value, str) or _kind(value) in "US"):
        raise StatementError(f"an outcome must be numbers, arrays and containers of them; got {type(value).__name__}")


def _changed(value: Any, here: str, path: str, change: Change) -> Any:
    children = parts(value)
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
    if isinstance(value, (Fraction, Ball)):
        return "O"
    if isinstance(value, float):
        return "f"
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind
    return "V"


def _filled(leaf: Leaf, value: Any) -> Leaf:
    """The leaf with one number in every place."""
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
    """A forgery: the path of the forged field, empty for the whole outcome, and what was made of it."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path or 'the whole outcome'}: {self.words}"


def fooled(statement: Statement, session: Session) -> list[Lie]:
    """The lies about an honest outcome under which a statement is still supported.

    Parameters
    ----------
    statement : Statement
        A checked statement that is open to algorithms of users' own.
    session : Session
        Budget and seed; `FORGING` suffices.

    Returns
    -------
    list of Lie
        Empty if the claim sees through all of them. A field that is declared unread is on the list if forging it does
        change a side after all.
    """
    honest = _Remembering(statement.solve)
    statement = replace(statement.with_solver(honest), reference=honest)
    truth = check(statement, session)
    if truth.verdict != "supported":
        raise StatementError(f"{statement.id}: an honest outcome is {truth.verdict}\n{truth}")
    idle = [one for one in (*statement.decisions, *statement.unread) if not fnmatch.filter(leaves(honest.first), one)]
    if idle:
        raise StatementError(f"{statement.id}: an outcome has no {idle}; it has {list(leaves(honest.first))}")
    places = {path for outcome in honest.outcomes for path in _places(outcome, "")}
    idle = [one for one in statement.may_vary if not fnmatch.filter(places, one)]
    if idle:
        raise StatementError(f"{statement.id}: nothing in an outcome is at {idle}; there is {sorted(places)}")
    found = []
    for lie, forge in _forgeries(statement, honest):
        forger = _Forger(honest, forge)
        try:
            evidence = check(replace(statement, solve=forger), session)
        except Exception:  # what cannot be judged is an error, whose sentence the user of a solver reads
            if not forger.forged:
                raise
            continue
        if not forger.differs:
            continue
        if matches(lie.path, statement.unread):
            equal = np.array_equal(evidence.lhs, truth.lhs) and np.array_equal(evidence.rhs, truth.rhs)
            if not equal or evidence.verdict != "supported":
                found.append(Lie(lie.path, "is declared unread, and is read"))
        elif evidence.verdict == "supported":
            found.append(lie)
    return found


def _forgeries(statement: Statement, honest: _Remembering) -> Iterator[tuple[Lie, Forge]]:
    """Every lie about every field, and the answer of another instance as a whole."""
    paths = leaves(honest.first)
    for path, found in paths.items():
        decision = matches(path, statement.decisions)
        for words, change in lies(found[0], decision=decision):
            yield Lie(path, words), partial(_told, path, change)
        yield Lie(path, "of another instance"), partial(_borrowed, honest, path)
        if not decision and isinstance(statement.claim, Inequality) and _kind(found[0]) == "f":
            yield Lie(path, "the bound itself"), partial(_bound, statement.claim, path)
    if len(paths) > 1:
        yield Lie("", "of another instance"), partial(_answered, honest)


def _told(path: str, change: Change, instance: Any, outcome: Any, n: Any) -> Any:
    """One field changed in the same way on every instance."""
    return changed(outcome, path, change)


def _answered(honest: _Remembering, instance: Any, outcome: Any, n: Any) -> Any:
    """The whole answer of another instance."""
    return honest.other(instance, n, outcome)


def _borrowed(honest: _Remembering, path: str, instance: Any, outcome: Any, n: Any) -> Any:
    """One field as another instance has it, where the shapes agree."""
    other = leaves(honest.other(instance, n, outcome)).get(path)
    own = leaves(outcome).get(path)  # a tuple of another length has other paths
    if other is None or own is None or list(map(np.shape, other)) != list(map(np.shape, own)):
        return outcome
    rest = iter(other)
    return changed(outcome, path, lambda leaf: next(rest))


def _bound(claim: Inequality, path: str, instance: Any, outcome: Any, n: Any) -> Any:
    """A field that reports exactly what the claim allows."""
    sides = claim.sides(exactly(instance, float), exactly(outcome, float))
    allowed = to_float(sides.rhs)
    slip = 0.0 if sides.rounding is None else float(to_float(sides.rounding).max(initial=0.0))

    def as_allowed(leaf: Leaf) -> Leaf:
        most = allowed if np.shape(leaf) == allowed.shape else allowed.max(initial=0.0)
        if bool((np.abs(to_float(leaf) - most) <= slip).all()):
            return leaf  # an honest bound, up to the rounding that the claim grants it
        if np.shape(leaf) == allowed.shape:
            return allowed.copy() if isinstance(leaf, np.ndarray) else float(allowed)
        return _filled(leaf, float(most))

    return changed(outcome, path, as_allowed)


def _places(value: Any, path: str) -> Iterator[str]:
    """The paths of all parts of an outcome, containers among them."""
    yield path or ROOT
    for _, name, item in parts(value) or ():
        yield from _places(item, f"{path}.{name}" if path else name)


class _Remembering:
    """A solver that runs once on each instance and random stream."""

    def __init__(self, solve: Callable[..., Any]) -> None:
        self._solve = solve
        self._known: dict[tuple[Any, ...], Any] = {}

    def __call__(self, instance: Any, rng: np.random.Generator, *n: int) -> Any:
        key = (n, digest(instance), str(rng.bit_generator.state))
        if key not in self._known:
            self._known[key] = self._solve(instance, rng, *n)
        return self._known[key]

    @property
    def outcomes(self) -> list[Any]:
        """All outcomes."""
        return list(self._known.values())

    @property
    def first(self) -> Any:
        """The first outcome."""
        return next(iter(self._known.values()))

    def other(self, instance: Any, n: tuple[int, ...], outcome: Any) -> Any:
        """The outcome of the first other instance, or this one where there is none."""
        content = digest(instance)
        return next((one for key, one in self._known.items() if key[0] == n and key[1] != content), outcome)


class _Forger:
    """A solver that lies about what an honest one returns, and knows whether it has."""

    def __init__(self, honest: _Remembering, forge: Forge) -> None:
        self._honest, self._forge, self.differs, self.forged = honest, forge, False, False

    def __call__(self, instance: Any, rng: np.random.Generator, *n: int) -> Any:
        outcome = self._honest(instance, rng, *n)
        self.forged = False
        forged = self._forge(instance, outcome, n)
        self.forged = True
        self.differs = self.differs or not _equal(outcome, forged)
        return forged


def _equal(a: Any, b: Any) -> bool:
    """Whether two outcomes hold the same numbers."""
    mine, other = leaves(a), leaves(b)
    return list(mine) == list(other) and all(
        len(mine[path]) == len(other[path]) and all(map(same, mine[path], other[path])) for path in mine
    )
