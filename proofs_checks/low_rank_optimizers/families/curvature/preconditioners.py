"""Matrices with known spectra: one that is stabilized, and pairs with a gradient between them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.low_rank_optimizers.optimizers.curvature import stabilized
from lrtheory.low_rank_optimizers.optimizers.mkor import preconditioned
from proofs_checks.low_rank_optimizers.families.curvature.inverses import HALF, fractions

Found = dict[str, Any]


@dataclass(frozen=True)
class Stable:
    """A matrix with known eigenvalues (Fractions) in the directions of a product of rotations by 3-4-5, and zeta."""

    values: tuple[Fraction, ...]
    turns: tuple[int, ...]
    zeta: Fraction

    @property
    def turned(self) -> np.ndarray:
        """The eigenvectors as columns."""
        return rotation(len(self.values), self.turns)

    @property
    def matrix(self) -> np.ndarray:
        """The matrix."""
        return self.turned @ np.diag(np.array(self.values, object)) @ self.turned.T


def rotation(d: int, turns: tuple[int, ...]) -> np.ndarray:
    """Return a product of rational rotations, each in the plane of one axis and the next."""
    Q = fractions(np.eye(d, dtype=int))
    for turn in turns:
        i, j = turn % d, (turn + 1) % d
        if i != j:
            Q[:, [i, j]] = Q[:, [i, j]] @ (np.array([[Fraction(3), Fraction(-4)], [Fraction(4), Fraction(3)]]) / 5)
    return Q


def is_stable(case: Stable) -> bool:
    """Decide whether all eigenvalues are above 0 and the weight is in [0, 1]."""
    return bool(case.values) and min(case.values) > 0 and 0 <= case.zeta <= 1


def mixed(case: Stable, rng: np.random.Generator | None = None) -> Found:
    """Let the library stabilize the matrix."""
    return {"X": stabilized(np, case.matrix, case.zeta)}


def draw_stable(draws: Draws) -> Stable:
    """Draw up to 3 eigenvalues, rotations, and a weight of eighths."""
    d = draws.integers(1, 3)
    values = tuple(Fraction(int(v), 8) for v in draws.integers(1, 200, shape=d))
    return Stable(values, tuple(int(t) for t in draws.integers(0, 2, shape=2)), Fraction(draws.integers(0, 8), 8))


STABLES = Family(
    "stabilized",
    always=(
        Stable((Fraction(1), Fraction(1)), (), HALF),
        Stable((Fraction(1), Fraction(9)), (0,), HALF),
        Stable((Fraction(1, 4), Fraction(2), Fraction(16)), (0, 1), Fraction(0)),
    ),
    tight=(Tight(Stable((Fraction(1), Fraction(9)), (0,), Fraction(1)), 1.0, 1.0),),
    draw=draw_stable,
)


@dataclass(frozen=True)
class Pair:
    """A gradient (m, n) between two factors with eigenvalues in the directions of reflections."""

    left: np.ndarray
    right: np.ndarray
    mirrors: tuple[np.ndarray, np.ndarray]
    G: np.ndarray

    @property
    def factors(self) -> list[np.ndarray]:
        """Both factors, in doubles."""
        turned = []
        for values, v in zip((self.left, self.right), self.mirrors, strict=True):
            Q = np.eye(len(v)) - 2 * np.outer(v, v) / (v @ v) if v.any() else np.eye(len(v))
            X = Q @ np.diag(values) @ Q.T
            turned.append((X + X.T) / 2)
        return turned


def is_pair(case: Pair) -> bool:
    """Decide whether eigenvalues are above 0, shapes fit, and the gradient is not 0."""
    sizes = (len(case.left), len(case.right))
    fit = case.G.shape == sizes and tuple(map(len, case.mirrors)) == sizes
    return bool(fit and (case.left > 0).all() and (case.right > 0).all() and case.G.any())


def between(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Let the library put the gradient between the factors."""
    left, right = case.factors
    return {"update": preconditioned(np, left, case.G, right)}


def pair(left: Any, right: Any, G: Any, mirrors: Any = None) -> Pair:
    """Return an instance; without mirrors the factors are diagonal."""
    left, right = np.asarray(left, float), np.asarray(right, float)
    mirrors = (0 * left, 0 * right) if mirrors is None else tuple(np.asarray(v, float) for v in mirrors)
    return Pair(left, right, mirrors, np.asarray(G, float))


def draw_pair(draws: Draws) -> Pair:
    """Draw up to 4 by 4, eigenvalues over three orders of magnitude, and small integers in the gradient."""
    m, n = draws.integers(1, 4), draws.integers(1, 4)
    left, right = (2.0 ** draws.integers(-5, 5, shape=size) for size in (m, n))
    mirrors = tuple(draws.integers(-2, 2, shape=size) for size in (m, n))
    G = draws.integers(-3, 3, shape=(m, n))
    return pair(left, right, G if G.any() else np.ones((m, n)), mirrors)


#: the gradient of least cosine: roots of the ends of the spectrum, crosswise
ANTI = pair([1.0, 4.0], [1.0, 4.0], np.diag([4.0, 1.0]))
LEAST = pair([1.0, 4.0], [2.0, 8.0], [[3.0, 0.0], [0.0, 0.0]])
SMALL = (
    pair([2.0], [3.0], [[1.0]]),
    pair([1.0, 64.0], [1.0], [[8.0], [1.0]]),
    pair([1.0, 4.0], [1.0, 8.0, 2.0], np.ones((2, 3)), ([1, 1], [1, 2, 0])),
)
ANGLES = Family("preconditioned-angles", always=SMALL, tight=(Tight(ANTI, 1 - 2.0**-40, 1.0),), draw=draw_pair)
PRODUCTS = Family("preconditioned-products", always=SMALL, tight=(Tight(LEAST, 1 - 2.0**-40, 1.0),), draw=draw_pair)
