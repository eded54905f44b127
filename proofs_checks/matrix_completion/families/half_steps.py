"""Instances of half-steps are small low-rank matrices, samples of them, and a factor from which a half-step starts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws
from lrtheory.matrix_completion import LowRank, Observations


@dataclass(frozen=True)
class HalfStepCase:
    """A half-step from U (m, k) for the columns of M = U* S V*^T, on a sample (m, n), with an inner error E (n, k).

    The fields are U* (m, k), the diagonal of S (k,), V* (n, k), the sample as bools, U with orthonormal columns, and E.
    """

    left: np.ndarray
    singular_values: np.ndarray
    right: np.ndarray
    mask: np.ndarray
    start: np.ndarray
    inner: np.ndarray

    @property
    def truth(self) -> LowRank:
        """M by its singular value decomposition."""
        return LowRank(self.left, self.singular_values, self.right)

    @property
    def matrix(self) -> np.ndarray:
        """The whole matrix M, of shape (m, n)."""
        return (self.left * self.singular_values) @ self.right.T

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        rows, cols = np.nonzero(self.mask)
        return Observations(rows, cols, self.matrix[rows, cols], self.mask.shape)

    @property
    def grams(self) -> np.ndarray:
        """The Gram matrices B_j, the sum of u_i u_i^T over the rows i seen in column j, of shape (n, k, k)."""
        return np.einsum("ij,ia,ib->jab", self.mask.astype(float), self.start, self.start)

    @property
    def condition(self) -> float:
        """The largest condition number of a column's regression."""
        return float(np.linalg.cond(self.grams).max())


def orthonormal(A: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the columns, with signs that do not depend on the linear algebra library."""
    Q, R = np.linalg.qr(A)
    return Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)


def distance(A: np.ndarray, B: np.ndarray) -> float:
    """The sine of the largest principal angle between the columns of A and of B; 1 where those of A are dependent."""
    return distance_to(orthonormal(B), A)


def distance_to(basis: np.ndarray, A: np.ndarray) -> float:
    """The distance of the columns of A to the span of an orthonormal basis, as `distance` says it."""
    # written anew and not taken from the library, which is under test
    if not np.isfinite(A).all() or np.linalg.matrix_rank(A) < A.shape[1]:
        return 1.0
    A = orthonormal(A)
    return min(1.0, float(np.linalg.norm(A - basis @ (basis.T @ A), 2)))


def case(m: int, n: int, k: int, rng: np.random.Generator, *, tilt=0.1, condition=4.0, density=0.75) -> HalfStepCase:
    """Make a case with Haar factors, geometric singular values, and a start that is tilted away from the truth.

    Rows of the tilt have about the length `tilt` sqrt(k / m), so that is its size relative to the truth.
    """
    left, right = orthonormal(rng.normal(size=(m, k))), orthonormal(rng.normal(size=(n, k)))
    values = condition ** -(np.arange(k) / max(1, k - 1))
    start = orthonormal(left + tilt * rng.normal(size=(m, k)) / np.sqrt(m))
    return HalfStepCase(left, values, right, rng.random((m, n)) < density, start, np.zeros((n, k)))


def draw_case(draws: Draws) -> HalfStepCase:
    """Draw up to 16 rows, 12 columns and rank 3; columns that would be seen too little are seen whole."""
    # at least 4 k rows, so that most columns are determined by three quarters of their entries
    k = draws.integers(1, 3)
    m, n = draws.integers(4 * k, 16), draws.integers(k + 1, 12)
    # integers, since they shrink to readable counterexamples; the shift of the diagonal makes dependent columns rare
    left, right = (draws.integers(-8, 8, shape=(size, k)) + 9.0 * np.eye(size, k) for size in (m, n))
    values = draws.choice((1.0, 4.0, 10.0)) ** -(np.arange(k) / max(1, k - 1))
    mask = draws.integers(0, 3, shape=(m, n)) > 0
    # starts near the truth, halfway, and nearly unrelated to it
    start = orthonormal(left + draws.choice((0.125, 1.0, 4.0)) * draws.integers(-8, 8, shape=(m, k)))
    inner = draws.choice((0.0, 1 / 64)) * draws.integers(-8, 8, shape=(n, k)) / 8
    found = HalfStepCase(orthonormal(left), values, orthonormal(right), mask, start, inner)
    poor = np.linalg.eigvalsh(found.grams).min(1) < 1 / 16  # B_j near singular would make the instance one of rounding
    return replace(found, mask=mask | poor)


def whole(case: HalfStepCase) -> HalfStepCase:
    """Return the case with every entry seen."""
    return replace(case, mask=np.ones(case.mask.shape, bool))
