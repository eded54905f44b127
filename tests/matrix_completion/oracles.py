"""Plain definitions to compare with, slow and short."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy import linalg

from lrtheory.matrix_completion import Observations


def half_step(seen: Observations, F: np.ndarray, axis: int, ridge: float = 0.0) -> np.ndarray:
    """Every line by a dense least squares solver, least norm where it is not determined."""
    (lines, others), k = ((seen.rows, seen.cols), (seen.cols, seen.rows))[axis], F.shape[1]
    found = np.zeros((seen.shape[axis], k))
    for i in range(seen.shape[axis]):
        here = lines == i
        A = np.concatenate([F[others[here]], np.sqrt(ridge) * np.eye(k)])
        b = np.concatenate([seen.values[here], np.zeros(k)])
        found[i] = linalg.lstsq(A, b)[0] if here.any() or ridge > 0 else 0
    return found


def sine(A: np.ndarray, B: np.ndarray) -> float:
    """The sine of the largest principal angle."""
    return float(np.sin(linalg.subspace_angles(A, B).max()))


def is_finitely_completable(rows: np.ndarray, cols: np.ndarray, shape: tuple[int, int], k: int) -> bool:
    """Rank of the Jacobian at integer factors, by exact elimination."""
    rng, (m, n) = np.random.default_rng(5), shape
    U, V = rng.integers(-50, 51, (m, k)), rng.integers(-50, 51, (n, k))
    J = [[Fraction(0)] * (k * (m + n)) for _ in rows]
    for e, (i, j) in enumerate(zip(rows, cols, strict=True)):
        for c in range(k):
            J[e][k * i + c] = Fraction(int(V[j, c]))
            J[e][k * m + k * j + c] = Fraction(int(U[i, c]))
    return _rank(J) == k * (m + n - k)


def _rank(matrix: list[list[Fraction]]) -> int:
    rank = 0
    for column in range(len(matrix[0])):
        pivot = next((r for r in range(rank, len(matrix)) if matrix[r][column] != 0), None)
        if pivot is None:
            continue
        matrix[rank], matrix[pivot] = matrix[pivot], matrix[rank]
        for r in range(rank + 1, len(matrix)):
            factor = matrix[r][column] / matrix[rank][column]
            if factor:
                matrix[r] = [a - factor * b for a, b in zip(matrix[r], matrix[rank], strict=True)]
        rank += 1
    return rank
