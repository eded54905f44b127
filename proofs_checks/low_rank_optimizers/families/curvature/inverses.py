"""Factors of curvature with integer entries, and the vectors that they see."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides, Tight
from lrtheory.low_rank_optimizers.optimizers.curvature import update_curvature, updated

Found = dict[str, Any]
HALF = Fraction(1, 2)
#: sides of an outcome that has another form
BAD = Sides([1], [0], trivial=2)


def joined(pairs: list[tuple[Any, Any]]) -> Sides:
    """Return sides with all entries of all pairs, in their kind of numbers."""
    flat = [np.concatenate([np.ravel(np.asarray(pair[side], object)) for pair in pairs]) for side in (0, 1)]
    return Sides(*flat)


def fractions(values: Any) -> np.ndarray:
    """Return integers or Fractions as an array of Fractions."""
    found = np.empty(np.shape(values), object)
    found.flat[:] = [value if isinstance(value, Fraction) else Fraction(int(value)) for value in np.ravel(values)]
    return found


def determinant(A: np.ndarray) -> Any:
    """Return a determinant by its expansion along the first row, for small matrices of any numbers."""
    if len(A) == 0:
        return 1
    rest = (np.delete(A[1:], j, axis=1) for j in range(len(A)))
    return sum((-1) ** j * A[0, j] * determinant(minor) for j, minor in enumerate(rest))


def minors(A: np.ndarray) -> list[Any]:
    """Return all principal minors, which are at least 0 where a symmetric matrix is positive semidefinite."""
    places = range(len(A))
    return [determinant(A[np.ix_(p, p)]) for k in range(1, len(A) + 1) for p in combinations(places, k)]


def inverse(A: np.ndarray) -> np.ndarray:
    """Return the inverse of a small matrix of Fractions by its cofactors."""
    d, whole = len(A), determinant(A)
    cofactor = lambda i, j: (-1) ** (i + j) * determinant(np.delete(np.delete(A, i, axis=0), j, axis=1))
    return np.array([[cofactor(j, i) / whole for j in range(d)] for i in range(d)], object).reshape(d, d)


@dataclass(frozen=True)
class Walk:
    """A factor L (d, d) of integers, vectors (T, d) that it sees, a decay, and directions (k, d) to look along."""

    L: np.ndarray
    seen: np.ndarray
    decay: Fraction
    along: np.ndarray


def is_walk(case: Walk) -> bool:
    """Decide whether the factor is symmetric and positive definite, shapes fit, and the decay is in (0, 1)."""
    d = len(case.L)
    shapes = case.L.shape == (d, d) and case.seen.ndim == case.along.ndim == 2
    if not shapes or case.seen.shape[1] != d or case.along.shape[1] != d or not 0 < case.decay < 1:
        return False
    L = fractions(case.L)
    return bool((L == L.T).all()) and all(determinant(L[:k, :k]) > 0 for k in range(1, d + 1))


def from_identity(case: Walk) -> bool:
    """Decide whether the factor starts at the identity."""
    return bool((case.L == np.eye(len(case.L))).all())


def is_unexcited(case: Walk) -> bool:
    """Decide whether no vector has a part along the directions, none of which is 0."""
    return bool(not (case.seen @ case.along.T).any() and case.along.any(axis=1).all())


def path(case: Walk, rng: np.random.Generator | None = None, *, method: str = "exact") -> Found:
    """Let the library update the inverse by one vector after the other."""
    found: list[Any] = [inverse(fractions(case.L))]
    for g in fractions(case.seen):
        found.append(update_curvature(found[-1], g, decay=case.decay, method=method))
    return {"X": np.array(found[1:], object)}


def both_paths(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Return the paths of the exact update and of the formula of the thesis."""
    return {method: path(case, method=method)["X"] for method in ("exact", "published")}


class Counted:
    """A Fraction that counts the products and quotients in which it takes part."""

    n = 0

    def __init__(self, value: Any) -> None:
        self.value = Fraction(value)

    def _with(self, other: Any, value: Any, *, product: bool) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # an array goes through its entries by itself
        Counted.n += product
        return Counted(value(self.value, other.value if isinstance(other, Counted) else Fraction(other)))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b, product=False)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b, product=False)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a, product=False)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b, product=True)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b, product=True)

    __radd__, __rmul__ = __add__, __mul__


def counted_path(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Let the library update the inverse, and count products and quotients of the first update."""
    each = np.vectorize(Counted, otypes=[object])
    Counted.n = 0
    updated(np, each(inverse(fractions(case.L))), each(fractions(case.seen[0])), Counted(case.decay), "exact")
    return path(case) | {"multiplications": Counted.n}


def walk(L: Any, seen: Any, decay: Any, along: Any = None) -> Walk:
    """Return an instance; without directions those of the axes and their differences."""
    L = np.asarray(L, np.int64)
    if along is None:
        along = np.vstack([np.eye(len(L)), np.eye(len(L)) - np.roll(np.eye(len(L)), 1, axis=1)])
    return Walk(L, np.asarray(seen, np.int64), Fraction(decay), np.asarray(along, np.int64))


def draw_walk(draws: Draws) -> Walk:
    """Draw up to 3 coordinates, up to 3 vectors of small integers, and a decay of sixteenths."""
    d, T = draws.integers(1, 3), draws.integers(1, 3)
    B, seen = draws.integers(-2, 2, shape=(d, d)), draws.integers(-3, 3, shape=(T, d))
    L = np.eye(d, dtype=np.int64) if draws.integers(0, 2) == 0 else B @ B.T + np.eye(d, dtype=np.int64)
    return walk(L, seen, Fraction(draws.integers(1, 15), 16), draws.integers(-3, 3, shape=(3, d)))


def draw_start(draws: Draws) -> Walk:
    """Draw an instance that starts at the identity, with up to 5 vectors."""
    case = draw_walk(draws)
    d = len(case.L)
    seen = draws.integers(-3, 3, shape=(draws.integers(1, 5), d))
    return walk(np.eye(d), seen, case.decay, case.along)


def draw_unexcited(draws: Draws) -> Walk:
    """Draw 2 or 3 coordinates, a direction, and vectors of integers that are orthogonal to it."""
    d, T = draws.integers(2, 3), draws.integers(1, 4)
    v = draws.integers(-3, 3, shape=d)
    v = v if v.any() else np.eye(d, dtype=np.int64)[0]
    free = draws.integers(-2, 2, shape=(T, d))
    return walk(np.eye(d), free * (v @ v) - np.outer(free @ v, v), Fraction(draws.integers(1, 15), 16), v[None])


#: the smallest instance, on which the formula of the thesis gives 21/10 for 1, zero vectors, and long ones
FIRST = (
    walk([[1]], [[1]], HALF, [[1]]),
    walk(np.eye(2), [[0, 0], [1, 0]], HALF),
    walk([[2, 1], [1, 2]], [[1, -1], [3, 2], [1, 1]], Fraction(19, 20)),
    walk([[3, 1, 0], [1, 2, 1], [0, 1, 4]], [[1, 2, 3], [100, 0, 1]], Fraction(3, 4)),
)
WALKS = Family("curvature-walks", always=FIRST, draw=draw_walk)
#: the gain nears 1 / (1 - decay) for long vectors
LONG = walk([[1]], [[1000]], HALF, [[1]])
GAINS = Family("curvature-gains", always=FIRST, tight=(Tight(LONG, 1.0, 1.0),), draw=draw_walk)
STARTS = Family("curvature-starts", always=(FIRST[0], FIRST[1]), draw=draw_start)
UNEXCITED = Family(
    "curvature-unexcited",
    always=(
        walk(np.eye(2), [[1, 0]] * 3, HALF, [[0, 1]]),
        walk(np.eye(3), [[1, 1, 0], [0, 0, 2]], Fraction(19, 20), [[1, -1, 0], [-2, 2, 0]]),
    ),
    draw=draw_unexcited,
)
