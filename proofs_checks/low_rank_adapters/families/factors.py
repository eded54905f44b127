"""Factors of adapters beside a gradient or a target, in integers and powers of two, and what rounding may move them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Sides, rounding
from proofs_checks.low_rank_adapters.families.rationals import flint_matrix, rational

#: step sizes within and beyond those that are stable
STEP_SIZES = (0.25, 0.5, 1.0, 1.5, 2.75)


def allowance(M: np.ndarray, load: float, steps: int = 1) -> float:
    """Return what rounding in doubles may change after factorizations of matrices of these sides."""
    return float(rounding(64 * (sum(np.shape(M)) + 8) * steps, load))


def norm(X: Any) -> float:
    """Return the Frobenius norm."""
    return float(np.linalg.norm(np.asarray(X, float)))


def worst(X: np.ndarray) -> float:
    """Return the quotient of the largest and the least singular value; 1 where the least is 0."""
    values = np.linalg.svd(np.asarray(X, float), compute_uv=False)
    return float(values[0] / values[-1]) if values[-1] > 0 else 1.0


@dataclass(frozen=True)
class Factors:
    """Factors B (m, r) and A (r, n) with a scale, a step size, and M (m, n): a gradient, or the target of a loss."""

    B: np.ndarray
    A: np.ndarray
    M: np.ndarray
    scale: float = 1.0
    step_size: float = 0.5

    @property
    def residual(self) -> np.ndarray:
        """The gradient of the loss of the target: s B A - M."""
        return np.asarray(self.scale * (self.B @ self.A) - self.M)

    @property
    def load(self) -> float:
        """The size of what a step adds up, with the growth that pseudo-inverses can give it."""
        return worst(self.B) * worst(self.A) * (norm(self.M) + abs(self.scale) * norm(self.B) * norm(self.A))

    @property
    def allowed(self) -> float:
        """Return the rounding that the merged weight may have in doubles."""
        return allowance(self.M, self.load)


def rank(X: np.ndarray) -> int:
    """Return the rank, decided in rational numbers."""
    return int(flint_matrix(rational("X", X)).rank())


def flat(*parts: Any) -> np.ndarray:
    """Return all numbers of arrays of any kind, one after the other, as doubles."""
    return np.concatenate([np.ravel(np.asarray(part)).astype(float) for part in parts])


def beside(pairs: list[tuple[Any, Any]], allowed: Any) -> Sides:
    """Return sides with one entry for each number of each pair; an allowance of each pair, or of all."""
    lhs, rhs = ([np.asarray(x, float) for x in side] for side in zip(*pairs, strict=True))
    each = np.broadcast_to(allowed, len(pairs))
    margins = np.concatenate([np.full(x.size, margin) for x, margin in zip(rhs, each, strict=True)])
    return Sides(flat(*lhs), flat(*rhs), rounding=margins)


def is_adapter(case: Any) -> bool:
    """Decide whether all numbers are finite, both factors fit the matrix, and the scale is not 0."""
    arrays = [np.asarray(x) for x in (case.B, case.A, case.M)]
    if any(x.ndim != 2 or 0 in x.shape or x.dtype.kind not in "if" or not np.isfinite(x).all() for x in arrays):
        return False
    B, A, M = arrays
    fits = B.shape[1] == A.shape[0] and M.shape == (B.shape[0], A.shape[1])
    return bool(fits and np.isfinite(case.scale) and case.scale != 0 and np.isfinite(case.step_size))


def has_full_rank(case: Any) -> bool:
    """Decide in rational numbers whether both factors have the rank r, none of it in the last digits."""
    r = case.B.shape[1]
    clear = worst(case.B) < 1e6 and worst(case.A) < 1e6
    return bool(clear and rank(case.B) == r == rank(case.A))


def independent(X: np.ndarray) -> np.ndarray:
    """Add multiples of the unit matrix until rows or columns are independent."""
    while rank(X) < min(X.shape):
        X = X + np.eye(*X.shape)
    return X


def draw_factors(draws: Draws, most: int = 2) -> Factors:
    """Draw small integers with full rank, in units that are powers of two."""
    m, n = draws.integers(1, 4), draws.integers(1, 4)
    r = draws.integers(1, min(m, n, most))
    B, A = (independent(draws.integers(-3, 3, shape=shape).astype(float)) for shape in ((m, r), (r, n)))
    M = draws.integers(-4, 4, shape=(m, n)).astype(float)
    unit = 2.0 ** draws.choice((0, 0, -40, 40))
    scale = draws.choice((1.0, 0.5, 3.0, -2.0))
    return Factors(unit * B, A, unit * M, scale, draws.choice(STEP_SIZES))


def factors() -> tuple[Factors, ...]:
    """Return the smallest factors, some with columns that are not orthogonal, and a matrix out of their reach."""
    one = np.array([[1.0]])
    B = np.array([[1.0, 1.0], [0.0, 2.0], [1.0, 0.0]])
    A = np.array([[1.0, 0.0, 2.0, 1.0], [1.0, 1.0, 0.0, -1.0]])
    M = np.array([[1.0, -2.0, 0.0, 3.0], [0.0, 1.0, 4.0, -1.0], [2.0, 0.0, 1.0, 1.0]])
    tall = Factors(np.array([[2.0], [1.0]]), np.array([[1.0, 3.0]]), np.array([[1.0, 0.0], [-1.0, 2.0]]), 3.0, 0.25)
    return (
        Factors(one, 2 * one, 3 * one, 2.0, 0.5),
        tall,
        replace(tall, scale=1.0, step_size=1.0),
        Factors(B, A, M, 3.0, 1.0),
        Factors(B, A, M, 1.0, 1.5),
        Factors(B, A, M - M.mean(), 0.5, 2.75),
    )


FACTORS = Family("adapter-factors", always=factors, draw=draw_factors)

#: adapters whose scale is 1, as joint steps have it
UNSCALED = Family(
    "unscaled-factors",
    always=lambda: tuple(replace(one, scale=1.0) for one in factors()),
    draw=lambda draws: replace(draw_factors(draws), scale=1.0),
)

FULL = {"an adapter and a matrix of its shape": is_adapter, "factors of full rank": has_full_rank}
Found = dict[str, np.ndarray]


def moves(case: Factors, found: Found) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much each half-step, taken alone, changed the merged weight."""
    return case.scale * case.B @ (found["A"] - case.A), case.scale * (found["B"] - case.B) @ case.A


def scales(case: Factors) -> tuple[tuple[str, float], ...]:
    """Return the names of both steps of an outcome, with the scales that they were taken at."""
    return ("R", case.scale), ("doubled", 2 * case.scale)
