"""Small symmetric systems, in floats of any library or exactly in Fractions, for all forms of the recursion."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import array_namespace

__all__ = [
    "definite",
    "determinant",
    "identity",
    "inner",
    "inverse",
    "is_exact",
    "log_determinant",
    "mild",
    "norm",
    "positive",
    "rotated",
    "row_sums",
    "solve",
    "solve_scaled",
]


#: a small system whose condition is below this power of the unit of rounding is solved as it is
MILD = -0.25
_MILD = {np.dtype(kind): float(np.finfo(kind).eps) ** MILD for kind in (np.float32, np.float64)}
#: the kind of an array of Fractions
OBJECT = np.dtype(object)


def is_exact(array: Any) -> bool:
    """Whether an array holds Fractions in place of floats."""
    return isinstance(array, np.ndarray) and array.dtype == OBJECT


def inner(A: Any, B: Any) -> Any:
    """The inner product of two arrays of one shape: a double, or a Fraction."""
    if isinstance(A, np.ndarray):
        return sum((A * B).ravel().tolist(), Fraction(0)) if A.dtype == OBJECT else float(np.vdot(A, B))
    return float(array_namespace(A).sum(A * B))


def norm(A: Any) -> float:
    """The Frobenius norm."""
    return math.sqrt(inner(A, A))


def solve(A: Any, B: Any) -> Any:
    """The solution X of A X = B for positive definite A."""
    if is_exact(A):
        return _eliminated(A, B)[1]
    if isinstance(A, np.ndarray) and len(A) == 1:
        return B / A[0, 0]
    return array_namespace(A).linalg.solve(A, B)


def definite(S: Any) -> Any:
    """Variances (n,), or a matrix with variances on its diagonal, unless rounding has made one of them negative."""
    if is_exact(S) or 0 in S.shape:
        return S
    if isinstance(S, np.ndarray):
        least = (S.diagonal() if S.ndim == 2 else S).min()
    else:
        xp = array_namespace(S)
        least = float(xp.min(xp.linalg.diagonal(S) if S.ndim == 2 else S))
    if least < 0:
        raise np.linalg.LinAlgError("a negative variance")
    return S


def mild(S: Any) -> bool:
    """Whether I + S has a small condition for positive semidefinite S."""
    if isinstance(S, np.ndarray):
        return bool(S.trace() <= _MILD[S.dtype])
    xp = array_namespace(S)
    return float(xp.linalg.trace(S)) <= float(xp.finfo(S.dtype).eps) ** MILD


def rotated(K: Any, E: Any) -> tuple[Any, Any, Any]:
    """Orthogonal rows with the products K^T K and K^T E, what they should say, and the columns U that make them of K.

    They are at most as many as K has entries in a row, however many rows it has, and none of them is rounding.
    """
    xp = array_namespace(K)
    U, s, Vt = xp.linalg.svd(K, full_matrices=False)
    least = max(K.shape) * float(xp.finfo(K.dtype).eps) * float(s[0])
    n = int(xp.sum(xp.astype(s > least, xp.int64)))
    U = U[:, :n]
    return s[:n, None] * Vt[:n, :], U.T @ E, U


def solve_scaled(H: Any, B: Any) -> Any:
    """The solution X of H X = B for positive definite H whose diagonal has entries of all sizes."""
    xp = array_namespace(H)
    sizes = xp.sqrt(xp.linalg.diagonal(H))[:, None]
    return solve(H / sizes / sizes.T, B / sizes) / sizes


def identity(like: Any, n: int) -> Any:
    """The identity of n rows, of the kind of another array."""
    if is_exact(like):
        return np.eye(n, dtype=object) + Fraction(0)
    if isinstance(like, np.ndarray):
        return np.eye(n, dtype=like.dtype)
    return array_namespace(like).eye(n, dtype=like.dtype, device=like.device)


def row_sums(A: Any) -> Any:
    """The sums of the rows."""
    return A.sum(axis=1) if isinstance(A, np.ndarray) else array_namespace(A).sum(A, axis=1)


def inverse(A: Any) -> Any:
    """The inverse of a positive definite matrix."""
    return solve(A, identity(A, A.shape[0]))


def determinant(A: np.ndarray) -> Fraction:
    """The determinant of a positive definite matrix of Fractions."""
    return math.prod(_eliminated(A, A[:, :0])[0], start=Fraction(1))


def log_determinant(A: Any) -> float:
    """The logarithm of the determinant of a positive definite matrix."""
    if is_exact(A):
        return _log(determinant(A))
    sign, value = array_namespace(A).linalg.slogdet(A)
    if sign <= 0:
        raise np.linalg.LinAlgError("a determinant that is not positive")
    return float(value)


def positive(A: Any) -> float:
    """The smallest eigenvalue of a symmetric matrix; of Fractions the smallest pivot, which has the same sign."""
    if A.shape[0] == 0:
        return 1.0
    if is_exact(A):
        return float(min(_eliminated(A, A[:, :0])[0]))
    return float(array_namespace(A).linalg.eigvalsh(A)[0])


def _log(number: Fraction) -> float:
    """The logarithm of a Fraction whose parts may be too large for a double."""
    return math.log(number.numerator) - math.log(number.denominator)


def _eliminated(A: np.ndarray, B: np.ndarray) -> tuple[list[Fraction], np.ndarray]:
    """The pivots of A, up to the first that is not positive, and the solution of A X = B where all are."""
    A, B, pivots = A.copy(), B.copy(), list[Fraction]()
    for i in range(len(A)):
        pivots.append(A[i, i])
        if A[i, i] <= 0:
            return pivots, B
        for j in range(len(A)):
            if j != i and A[j, i] != 0:
                share = A[j, i] / A[i, i]
                A[j], B[j] = A[j] - share * A[i], B[j] - share * B[i]
    diagonal = np.array(pivots, dtype=object)
    return pivots, B / diagonal[:, None] if len(A) else B
