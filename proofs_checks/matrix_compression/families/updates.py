"""Updates s B A in any gauge: instances of the statements about adapters, and what the library makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, rounding
from proofs_checks.matrix_compression.families.exact import energies

#: the least ratio of eigenvalues of a Gram matrix at which "auto" takes it, as the documentation of squeeze has it
GUARD = 1e-8


def allowance(B: np.ndarray, A: np.ndarray, gram: bool = True) -> float:
    """Return what B A, its singular values and its best factors may err by in doubles.

    Each inner index rounds by the norms of its column and its row; where the eigenvalues of the Gram matrices of evenly
    scaled factors are close enough for these to be used, they lose the root of the quotient of these. A solver
    that takes QR alone loses nothing (`gram` is False).
    """
    columns, rows = np.linalg.norm(B, axis=0), np.linalg.norm(A, axis=1)
    used = columns * rows > 0
    spread = 1.0
    if gram and used.any() and used.sum() <= min(B.shape[0], A.shape[1]):
        left, right = B[:, used] / columns[used], A[used].T / rows[used]
        values = [np.linalg.eigvalsh(X.T @ X) for X in (left, right)]
        spread = min(float(one[0] / one[-1]) for one in values)
    loss = 1 / np.sqrt(spread) if spread >= GUARD / 2 else 1.0
    return float(loss * rounding(16 * (B.shape[0] + A.shape[1] + B.shape[1] + 8), (columns * rows).sum()))


@dataclass(frozen=True)
class Update:
    """s B A, the rank r of its new factors, and the scale s' in front of them."""

    B: np.ndarray
    A: np.ndarray
    rank: int
    scale: float = 1.0
    out_scale: float = 1.0

    @property
    def matrix(self) -> np.ndarray:
        """The update itself: exact where factors are integers, times a power of two."""
        return self.scale * (self.B @ self.A)

    @property
    def spectrum(self) -> np.ndarray:
        """The singular values of B A, the largest first, from certified arithmetic."""
        return np.sqrt(energies(self.B @ self.A))

    @property
    def tail(self) -> float:
        """E_r of the update."""
        return abs(self.scale) * float(np.sqrt((self.spectrum[self.rank :] ** 2).sum()))

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the update, and of factors found for it."""
        return abs(self.scale) * allowance(self.B, self.A)


def are_factors(B: np.ndarray, A: np.ndarray) -> bool:
    """Decide whether two factors of finite numbers have one inner rank and a product with entries."""
    fits = B.ndim == A.ndim == 2 and B.shape[1] == A.shape[0] and 0 not in (B.shape[0], A.shape[1])
    return bool(fits and np.isfinite(B).all() and np.isfinite(A).all())


def is_update(case: Any) -> bool:
    """Decide whether an instance has factors B and A of an update."""
    return are_factors(np.asarray(case.B), np.asarray(case.A))


@dataclass(frozen=True)
class Panel:
    """Factors of rank r by several tools, and the bounds in the certificate of each."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    brackets: np.ndarray


def regauged(B: np.ndarray, A: np.ndarray, g: int) -> tuple[np.ndarray, np.ndarray]:
    """Return B X and X^-1 A for an integer matrix X of determinant 1 that mixes the first two inner indices."""
    X, inverse = np.array([[1 + g * g, g], [g, 1]]), np.array([[1, -g], [-g, 1 + g * g]])
    left, right = B.copy(), A.copy()
    left[:, :2], right[:2] = B[:, :2] @ X, inverse @ A[:2]
    return left, right


def draw_factors(draws: Draws, m: int, q: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw factors (m, q) and (q, n) of small integers."""
    B, A = (draws.integers(-4, 4, shape=shape).astype(float) for shape in ((m, q), (q, n)))
    return B, A
