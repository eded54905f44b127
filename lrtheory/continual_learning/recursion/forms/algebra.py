"""Small symmetric systems, in floats of any library or exactly in Fractions, for all forms of the recursion."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import array_namespace

__all__ = [
    "determinant",
    "identity",
    "inner",
    "inverse",
    "is_exact",
    "log_determinant",
    "norm",
    "positive",
    "row_sums",
    "solve",
]


#: the kind of an array of Fractions
OBJECT = np.dtype(object)


def is_exact(array: Any) -> bool:
    """Whether an array holds Fractions in place of floats."""
    return isinstance(array, np.ndarray) and array.dtype == OBJECT


def inner(A: Any, B: Any) -> Any:
    """The inner product of two arrays of one shape: a double, or a Fraction."""
    if is_exact(A):
        return sum((A * B).ravel().tolist(), Fraction(0))
    if isinstance(A, np.ndarray):
        return float(np.vdot(A, B))
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
