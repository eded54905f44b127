"""The singular value decomposition of a product of two thin matrices, by QR of both, whatever their gauge and units."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._kernels.low_rank import CASTS, rounding_of

__all__ = ["Product", "decomposed"]


class Product(NamedTuple):
    """B A = 4^half (Q U) S (V^T P^T), where 2^half Q R and 2^half L^T P^T are B and A up to a diagonal gauge.

    ``gauge`` holds the powers of two by which the columns of B were multiplied and the rows of A divided, and ``load``
    is the sum of the norms of the parts of B A, in the units of S.
    """

    Q: np.ndarray
    R: np.ndarray
    P: np.ndarray
    L: np.ndarray
    U: np.ndarray
    S: np.ndarray
    Vt: np.ndarray
    gauge: np.ndarray
    half: int

    @property
    def values(self) -> np.ndarray:
        """The singular values of B A."""
        return np.ldexp(self.S, 2 * self.half)

    @property
    def load(self) -> float:
        """The sum of the norms of the parts of B A; any product of B and A in doubles rounds by units of it."""
        return float(np.linalg.norm(self.R, axis=0) @ np.linalg.norm(self.L, axis=0))

    @property
    def rounding(self) -> float:
        """A bound on the error of each singular value."""
        return rounding_of(self.load, self.R.shape[1], 2 * self.half)

    def formed(self, kind: str) -> float:
        """A bound on what moves B A when it is formed in a type of `CASTS` and multiplied by 1."""
        return math.ldexp((len(self.gauge) + 2) * CASTS[kind][0] * self.load, 2 * self.half)

    def balanced(self, rank: int, ratio: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Factors with ratio times the leading part of B A as their product, each with half of its singular values."""
        roots = np.sqrt(self.S[:rank] * abs(ratio)) * 2.0**self.half
        left = self.Q @ (self.U[:, :rank] * (math.copysign(1.0, ratio) * roots))
        return left, (roots[:, None] * self.Vt[:rank]) @ self.P.T


def decomposed(B: Any, A: Any) -> Product:
    """Decompose B A, after powers of two have made the columns of B as large as the rows of A.

    Parameters
    ----------
    B : array of shape (d_out, r)
        The left factor, of any library.
    A : array of shape (r, d_in)
        The right factor.

    Returns
    -------
    Product
        In doubles on the host, with min(d_out, r, d_in) singular values.
    """
    B, A = to_numpy(B), to_numpy(A)
    columns, rows = np.maximum(B.max(axis=0), -B.min(axis=0)), np.maximum(A.max(axis=1), -A.min(axis=1))
    used = (columns > 0) & (rows > 0)
    high, low = np.frexp(columns)[1].astype(np.int64), np.frexp(rows)[1].astype(np.int64)
    gauge = np.where(used, (low - high) // 2, 0)
    half = (int((high + low)[used].max()) + 1) // 2 if used.any() else 0
    left = B * np.where(used, np.ldexp(1.0, gauge - half), 0.0)
    right = A.T * np.where(used, np.ldexp(1.0, -gauge - half), 0.0)
    Q, R = _factored(left)
    P, L = _factored(right)
    U, S, Vt = np.linalg.svd(R @ L.T, full_matrices=False)
    return Product(Q, R, P, L, U, S, Vt, gauge, half)


def _factored(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q and R of the QR factorization; LAPACK on blocks, without the copies that NumPy makes."""
    from scipy.linalg.lapack import dgeqrf, dorgqr  # takes long to import

    room, small = 32 * columns.shape[1], min(columns.shape)
    reflectors, tau, _, _ = dgeqrf(columns, lwork=room)
    R = np.triu(reflectors[:small])
    Q: np.ndarray = dorgqr(reflectors[:, :small], tau, lwork=room, overwrite_a=1)[0]
    return Q, R
