"""Inverses of definite factors, in Fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides
from lrtheory.low_rank_optimizers.optimizers.curvature import update_curvature


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


WALK = {"a definite factor of integers, and vectors that fit": is_walk}


STATED = "a solver may report any matrix"


def shaped(case: Walk, X: Any) -> bool:
    """Decide whether an outcome holds one matrix after each vector."""
    return np.shape(X) == (len(case.seen), len(case.L), len(case.L))


#: sides of an outcome that has another form
BAD = Sides([1], [0], trivial=2)


def joined(pairs: list[tuple[Any, Any]]) -> Sides:
    """Return sides with all entries of all pairs, in their kind of numbers."""
    flat = [np.concatenate([np.ravel(np.asarray(pair[side], object)) for pair in pairs]) for side in (0, 1)]
    return Sides(*flat)


def inverse(A: np.ndarray) -> np.ndarray:
    """Return the inverse of a small matrix of Fractions by its cofactors."""
    d, whole = len(A), determinant(A)
    cofactor = lambda i, j: (-1) ** (i + j) * determinant(np.delete(np.delete(A, i, axis=0), j, axis=1))
    return np.array([[cofactor(j, i) / whole for j in range(d)] for i in range(d)], object).reshape(d, d)


def from_identity(case: Walk) -> bool:
    """Decide whether the factor starts at the identity."""
    return bool((case.L == np.eye(len(case.L))).all())


Found = dict[str, Any]


def path(case: Walk, rng: np.random.Generator | None = None, *, method: str = "exact") -> Found:
    """Let the library update the inverse by one vector after the other."""
    found: list[Any] = [inverse(fractions(case.L))]
    for g in fractions(case.seen):
        found.append(update_curvature(found[-1], g, decay=case.decay, method=method))
    return {"X": np.array(found[1:], object)}


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


HALF = Fraction(1, 2)


#: the smallest instance, on which the formula of the thesis gives 21/10 for 1, zero vectors, and long ones
FIRST = (
    walk([[1]], [[1]], HALF, [[1]]),
    walk(np.eye(2), [[0, 0], [1, 0]], HALF),
    walk([[2, 1], [1, 2]], [[1, -1], [3, 2], [1, 1]], Fraction(19, 20)),
    walk([[3, 1, 0], [1, 2, 1], [0, 1, 4]], [[1, 2, 3], [100, 0, 1]], Fraction(3, 4)),
)


WALKS = Family("curvature-walks", always=FIRST, draw=draw_walk)


def rotation(d: int, turns: tuple[int, ...]) -> np.ndarray:
    """Return a product of rational rotations, each in the plane of one axis and the next."""
    Q = fractions(np.eye(d, dtype=int))
    for turn in turns:
        i, j = turn % d, (turn + 1) % d
        if i != j:
            Q[:, [i, j]] = Q[:, [i, j]] @ (np.array([[Fraction(3), Fraction(-4)], [Fraction(4), Fraction(3)]]) / 5)
    return Q


def together(rows: list[tuple[Any, Any, Any]]) -> Sides:
    """Return sides with all entries of all rows: left, right, and what they may err by."""
    wide = [np.broadcast_arrays(*(np.asarray(part, float) for part in row)) for row in rows]
    lhs, rhs, allowed = (np.concatenate([np.ravel(row[place]) for row in wide]) for place in range(3))
    return Sides(lhs, rhs, rounding=allowed)
