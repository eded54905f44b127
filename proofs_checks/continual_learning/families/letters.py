"""Two edits of one key each in two coordinates, with letters for all numbers, and the recursion on them.

Where no key lies along an axis the second one is s times the first one and t times the second axis, so that divisors
have no negative coefficient. An identity of quotients of polynomials that holds for all positive numbers holds for all
numbers at which no divisor is 0. Costs do not change when the coordinates are turned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Generic, Sides
from proofs_checks.continual_learning.families.streams import Stream


def in_any_direction(r: Any, k1: Any, k2: Any, s: Any, t: Any, v1: Any, v2: Any, w1: Any, w2: Any) -> Stream:
    """Make the stream of its ridge, the first key, the second one by s and t, both values, and the first map."""
    return _stream(r, (k1, k2), (s * k1, s * k2 + t), v1, v2, w1, w2)


def along_an_axis(r: Any, k: Any, m1: Any, m2: Any, v1: Any, v2: Any, w1: Any, w2: Any) -> Stream:
    """Make the stream of its ridge, the length of the first key, the second one, both values, and the first map."""
    return _stream(r, (k, 0 * k), (m1, m2), v1, v2, w1, w2)


def _stream(r: Any, first: Any, second: Any, v1: Any, v2: Any, w1: Any, w2: Any) -> Stream:
    """Make a stream whose ridge is a multiple of r: keys of up to two digits then leave no member ill-conditioned."""
    edits = (((first,), ((v1,),)), ((second,), ((v2,),)))
    return Stream(((w1,), (w2,)), edits, r * Fraction(4096), order=(1, 0))


@dataclass(frozen=True)
class Path:
    """Maps before and after each edit, and what each edit met: its surprise, and 1 plus its leverage."""

    maps: list[np.ndarray]
    surprises: list[Any]
    heads: list[Any]


def edits_of(stream: Stream) -> list[tuple[np.ndarray, Any]]:
    """Return keys and values as numbers of any kind."""
    return [(np.array(K[0], object), V[0][0]) for K, V in stream.edits]


def recursion(stream: Stream, times: int = 1, layers: int = 1) -> Path:
    """Write both edits, with old answers subtracted `times` times and steps divided by `layers`."""
    C = np.array([[1 / stream.ridge, Fraction(0)], [Fraction(0), 1 / stream.ridge]], object)
    found = Path([np.array(stream.W0, object)[:, 0]], [], [])
    for key, value in edits_of(stream):
        F, W = C @ key, found.maps[-1]
        head, surprise = 1 + key @ F, value - times * (key @ W)
        C = C - np.outer(F, F) / head
        found.maps.append(W + F * surprise / (layers * head))
        found.surprises.append(surprise)
        found.heads.append(head)
    return found


def cost(stream: Stream, t: int, W: np.ndarray) -> Any:
    """Return the cost of a map after t edits, by its definition."""
    change = W - np.array(stream.W0, object)[:, 0]
    errors = [key @ W - value for key, value in edits_of(stream)[:t]]
    return stream.ridge * (change @ change) + sum((error * error for error in errors), start=Fraction(0))


def solves(stream: Stream, found: Path) -> Sides:
    """Compare M_t W_t with M_0 W_0 + sum_i K_i^T V_i after each edit."""
    lhs, rhs = [], []
    for t, W in enumerate(found.maps):
        due = stream.ridge * found.maps[0]
        made = stream.ridge * W
        for key, value in edits_of(stream)[:t]:
            made, due = made + key * (key @ W), due + key * value
        lhs, rhs = [*lhs, *made][-4:], [*rhs, *due][-4:]
    return Sides(np.array(lhs, object), np.array(rhs, object))


def risen(stream: Stream, found: Path) -> Sides:
    """Compare the rise of the least cost at each edit with E^2 / H."""
    least = [cost(stream, t, W) for t, W in enumerate(found.maps)]
    due = [E * E / H for E, H in zip(found.surprises, found.heads, strict=True)]
    return Sides([least[1] - least[0], least[2] - least[1]], due)


def paid(stream: Stream, found: Path) -> Sides:
    """Compare what all before an edit pays for it with E^2 (H - 1) / H^2."""
    W = found.maps
    rises = [cost(stream, t, W[t + 1]) - cost(stream, t, W[t]) for t in range(2)]
    return Sides(rises, [E * E * (H - 1) / (H * H) for E, H in zip(found.surprises, found.heads, strict=True)])


def summed(stream: Stream, found: Path) -> Sides:
    """Compare the last cost with the sum of E^2 / H over the edits."""
    due = [E * E / H for E, H in zip(found.surprises, found.heads, strict=True)]
    return Sides(cost(stream, 2, found.maps[2]), due[0] + due[1])


def in_one_coordinate(r: Any, k1: Any, k2: Any, k3: Any, v1: Any, v2: Any, v3: Any, w: Any) -> Stream:
    """Make the stream of its ridge, three keys and values in one coordinate, and the first map."""
    edits = tuple((((key,),), ((value,),)) for key, value in ((k1, v1), (k2, v2), (k3, v3)))
    return Stream(((w,),), edits, r * Fraction(4096), order=(1, 0, 2))


@dataclass(frozen=True)
class Without:
    """The maps of the second edit, and of the second and the third, and the error about the first one."""

    maps: list[Any]
    left: Any


def without_the_first(stream: Stream, sign: int = -1) -> Without:
    """Write two edits, take the first one out, and write the third."""
    C, W = 1 / stream.ridge, stream.W0[0][0]
    edits = [(key[0], value) for key, value in edits_of(stream)]
    for key, value in edits[:2]:
        head = 1 + key * C * key
        C, W = C / head, W + C * key * (value - key * W) / head
    key, value = edits[0]
    head = 1 + sign * key * C * key
    left = (value - key * W) / head
    C, without = C / head, W - C * key * left
    key, value = edits[2]
    return Without([without, without + C * key * (value - key * without) / (1 + key * C * key)], left)


def never_told(stream: Stream, found: Without) -> Sides:
    """Compare M W with M_0 W_0 + sum_i K_i^T V_i over the other edits, and the error about the first one."""
    first, second, third = [(key[0], value) for key, value in edits_of(stream)]
    lhs, rhs = [], []
    for W, edits in zip(found.maps, ([second], [second, third]), strict=True):
        lhs.append((stream.ridge + sum(key * key for key, _ in edits)) * W)
        rhs.append(stream.ridge * stream.W0[0][0] + sum(key * value for key, value in edits))
    told = first[1] - first[0] * found.maps[0]
    return Sides(np.array([*lhs, told], object), np.array([*rhs, found.left], object))


def three_edits(**options: Any) -> Generic:
    """Return the set of all streams of three edits in one coordinate, of which the first is taken out."""
    words = "streams of three edits in one coordinate, from every map and ridge, of which the first is taken out"
    names = ("r", *(f"{name}{t}" for name in "kv" for t in (1, 2, 3)), "w")
    return Generic(words, in_one_coordinate, names, outcome=without_the_first, sides=never_told, **options)


def two_edits(sides: Callable[[Stream, Path], Sides], axis: bool = True, **options: Any) -> Generic:
    """Return the set of all streams of two edits in two coordinates, for the sides of a statement."""
    of, names = (along_an_axis, ("k", "m1", "m2")) if axis else (in_any_direction, ("k1", "k2", "s", "t"))
    words = "streams of two edits with one key each in two coordinates, from every map and ridge, without anchors"
    words += ", the first key along an axis" * axis
    return Generic(words, of, ("r", *names, "v1", "v2", "w1", "w2"), outcome=recursion, sides=sides, **options)
