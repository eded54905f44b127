"""Orthonormal bases and pseudo-inverses of thin matrices by QR, with a decision on the rank.

Products such as B^T B are never formed, since they lose half of the digits. QR and the singular values of what is left
are computed on the host; products with large matrices stay in the caller's library and on its device.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, beside, to_numpy
from lrtheory._kernels import units
from lrtheory.low_rank_adapters.kinds.arrays import significant, transposed

__all__ = ["Inverse", "energy", "inverse_of", "unit_of"]


class Inverse(NamedTuple):
    """The pseudo-inverse of a tall matrix B as `core` times the transpose of an orthonormal `basis` of its columns.

    ``damped`` takes the place of `core` in (B^T B + ridge I)^{-1} B^T, and `rank` is the numerical rank of B.
    """

    basis: Any
    core: Any
    damped: Any
    rank: int

    def of(self, projected: Any) -> Any:
        """(B^T B + ridge I)^{-1} B^T G from basis^T G."""
        return self.damped @ projected

    def squared(self, product: Any) -> Any:
        """(B^T B + ridge I)^{-1} B^T G from B^T G."""
        return self.damped @ (transposed(self.core) @ product)

    def moved(self, other: Any) -> Any:
        """B^+ times another matrix of the shape of B."""
        return self.core @ (transposed(self.basis) @ other)


def inverse_of(matrix: Any, ridge: float = 0.0) -> Inverse:
    """Decompose a tall matrix; singular values of at most max(m, r) eps times the largest one count as 0."""
    host = np.asarray(to_numpy(matrix))
    unit = unit_of(host)
    Q, R = np.linalg.qr(np.ldexp(host, -unit))
    U, values, Vt = np.linalg.svd(R)
    values = np.asarray(values[: len(U)])
    rank = significant(values, host.shape, float(np.finfo(host.dtype).eps))
    V = Vt[:rank].T
    values = np.ldexp(values[:rank].astype(np.float64), unit)
    core, damped = V / values, V / (values + ridge / values)
    basis, core, damped = (beside(np.asarray(part, host.dtype), matrix) for part in (Q @ U[:, :rank], core, damped))
    return Inverse(basis, core, damped, rank)


def unit_of(matrix: Any) -> int:
    """The exponent of the power of two above the largest entry; divided by it, entries can be squared.

    It is never so small that the reciprocal of the power would leave the range of the type.
    """
    least = float(array_namespace(matrix).finfo(matrix.dtype).smallest_normal)
    return max(units.unit_of(matrix), math.frexp(least)[1])


def energy(matrix: Any) -> float:
    """The sum of squares, in double precision."""
    if isinstance(matrix, np.ndarray):  # without a copy in double precision
        flat = matrix.ravel(order="K")
        return float(np.einsum("i,i->", flat, flat, dtype=np.float64))
    xp = array_namespace(matrix)
    double = xp.astype(matrix, xp.float64, copy=False)
    return float(xp.sum(double * double))
