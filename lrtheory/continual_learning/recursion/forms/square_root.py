r"""The square-root form, the safe one: a triangle R with R^T R = M, which every edit turns by orthogonal rotations.

.. math:: G = R^{-T} K^T, \qquad K C K^T = G^T G, \qquad C K^T = R^{-1} G

A few keys are rotated in one after the other by a kernel, many keys of many entries by LAPACK's ``tpqrt``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._array import kernel_input
from lrtheory.continual_learning.recursion.forms.kernels import rotate_in, rotate_out
from lrtheory.continual_learning.recursion.forms.prior import Prior, prior_factor

__all__ = ["SquareRoot", "restacked", "stacked", "triangular"]

#: keys and entries from which LAPACK is faster than rotations one by one
MANY, WIDE = 8, 128


class SquareRoot(NamedTuple):
    """The upper triangular factor of the information, on the host, its rows or its columns contiguous."""

    R: np.ndarray

    @property
    def name(self) -> str:
        """The word for this form."""
        return "sqrt"

    @classmethod
    def of(cls, prior: Prior) -> SquareRoot:
        """The form before any edit."""
        return cls(prior_factor(prior))

    @classmethod
    def of_matrix(cls, M: np.ndarray) -> SquareRoot:
        """The form with the information M."""
        return cls(np.ascontiguousarray(np.linalg.cholesky(M).T))

    def gain(self, K: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """C K^T of shape (d, u) and K C K^T of shape (u, u)."""
        G = triangular(self.R, K.T, transposed=True)
        return triangular(self.R, G), G.T @ G

    def variance(self, x: np.ndarray) -> np.ndarray:
        """The numbers x C x^T of rows x, as squares."""
        G = triangular(self.R, x.T, transposed=True)
        return np.einsum("ij,ij->j", G, G)

    def faded(self, decay: float) -> SquareRoot:
        """The form after all information was multiplied by `decay`."""
        return SquareRoot(self.R * math.sqrt(decay))

    def written(self, K: np.ndarray, E: np.ndarray, weight: float) -> tuple[SquareRoot, *tuple[np.ndarray, ...]]:
        """The form after an edit of surprise E, the change D of the weights, the residual, and K D."""
        form, *(left, right, residual, moved) = self.stepped(K, E, weight)
        return form, left @ right, residual, moved

    def stepped(self, K: np.ndarray, E: np.ndarray, weight: float) -> tuple[SquareRoot, *tuple[np.ndarray, ...]]:
        """The form after an edit of surprise E, the two factors of the change D, the residual, and K D.

        The rotations that turn R and K into the new triangle also turn 0 and I into q and r: then R^{-1} q is the gain,
        and r^T r the share of the surprise that is left, and nothing was squared or inverted on the way.
        """
        root = math.sqrt(weight)
        R, q, r = _turned(self.R, K * root)
        gained = q @ E
        moved = q.T @ gained
        left, right = triangular(R, q), E * root
        if len(K) > 1:
            # the columns of the gain cancel where keys are nearly parallel and large; then D is solved for by itself
            allowed = 64 * len(R) * np.finfo(R.dtype).eps * np.linalg.norm(E)
            if np.linalg.norm(K @ left @ right - moved) > allowed:
                left, right = triangular(R, gained * root), np.eye(E.shape[1], dtype=R.dtype)
        return SquareRoot(R), left, right, r.T @ (r @ E), moved

    def removed(self, K: np.ndarray, weight: float) -> SquareRoot:
        """The form with the information weight K^T K less, by rotations that undo those that added it."""
        R = self.R.copy(order="C")
        rotate_out(R, kernel_input(K * math.sqrt(weight)))
        return SquareRoot(R)

    def times(self, D: np.ndarray) -> np.ndarray:
        """M D of a change D."""
        return self.R.T @ (self.R @ D)

    def solved(self, B: np.ndarray) -> np.ndarray:
        """C B."""
        return triangular(self.R, triangular(self.R, B, transposed=True))

    def covariance(self) -> np.ndarray:
        """C, of shape (d, d)."""
        inverted = triangular(self.R, np.eye(len(self.R), dtype=self.R.dtype))
        return inverted @ inverted.T

    def log_determinant(self) -> float:
        """The logarithm of the determinant of M."""
        return 2 * float(np.sum(np.log(np.abs(np.diag(self.R)))))

    def joined(self, other: SquareRoot, prior: Prior) -> SquareRoot:
        """The form of both histories, the prior counted once.

        The information of the other history without its prior is R^T (I - X^T X) R with X = R_0 R^{-1}, and its root
        is stacked below this triangle.
        """
        X = triangular(other.R, prior_factor(prior).T, transposed=True)
        values, vectors = np.linalg.eigh(np.eye(len(X), dtype=X.dtype) - X @ X.T)
        root = np.sqrt(np.clip(values, 0.0, None))[:, None] * (vectors.T @ other.R)
        return SquareRoot(stacked(self.R, root))

    def flops(self, u: int) -> int:
        """Products of numbers in an update by u keys."""
        return 4 * u * len(self.R) ** 2

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a state, by name."""
        return {"R": self.R}


def restacked(prior: Prior, rows: np.ndarray) -> SquareRoot:
    """The form of all keys at once."""
    return SquareRoot(stacked(prior_factor(prior), rows))


def triangular(R: np.ndarray, B: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """The solution X of R X = B, or of R^T X = B, for upper triangular R."""
    from scipy.linalg import lapack

    if not B.size:
        return np.zeros_like(B)
    solve = lapack.dtrtrs if R.dtype == np.float64 else lapack.strtrs
    if R.flags.f_contiguous:
        X, singular = solve(R, B, trans=transposed)
    else:
        X, singular = solve(R.T, B, lower=True, trans=not transposed)  # without a copy of R
    if singular:
        raise np.linalg.LinAlgError("a triangle with a zero")
    return np.asarray(X)


def _turned(R: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The triangle of R on top of rows, and what the same rotations make of 0 on top of I."""
    d, u = len(R), len(rows)
    if u < MANY or d < WIDE:
        above, below = np.zeros((d, d + u), R.dtype), np.zeros((u, d + u), R.dtype)
        above[:, :d], below[:, :d] = R, rows
        below.ravel()[d :: d + u + 1] = 1  # the identity beside the rows
        rotate_in(above, below)
        return np.ascontiguousarray(above[:, :d]), above[:, d:], below[:, d:]
    from scipy.linalg import lapack

    double = R.dtype == np.float64
    factor, turn = (lapack.dtpqrt, lapack.dtpmqrt) if double else (lapack.stpqrt, lapack.stpmqrt)
    upper, v, t, _ = factor(0, min(32, d), R, rows)
    q, r, _ = turn(0, v, t, np.zeros((d, u), R.dtype), np.eye(u, dtype=R.dtype), trans="T")
    return upper, q, r  # what lies below the diagonal of R stays 0


def stacked(R: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The triangle of R on top of any number of rows, its columns contiguous."""
    from scipy.linalg import lapack

    if not rows.size:
        return R
    factor = lapack.dtpqrt if R.dtype == np.float64 else lapack.stpqrt
    return np.asarray(factor(0, min(32, len(R)), R, rows)[0])
