r"""The dual form: all keys and a triangle of the size of their number, for wide layers with few keys.

.. math:: L L^T = \lambda^2 I + Z Z^T, \qquad C = \lambda^{-2} (I - Z^T (L L^T)^{-1} Z)

The rows of Z are mu K_0 and the keys that were seen; no matrix of d x d numbers is formed (statement RL-18).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._validation import must
from lrtheory.continual_learning.recursion.forms.prior import Prior
from lrtheory.continual_learning.recursion.forms.square_root import triangular

__all__ = ["Dual"]


class Dual(NamedTuple):
    """The keys Z (N, d), the first `m` of them anchors, and the triangle L (N, N), on the host."""

    Z: np.ndarray
    L: np.ndarray
    ridge: float
    m: int

    @property
    def name(self) -> str:
        """The word for this form."""
        return "dual"

    @classmethod
    def of(cls, prior: Prior) -> Dual:
        """The form before any edit."""
        if prior.ridge == 0:
            raise must("ridge", "positive in the dual form", float(prior.ridge))
        anchors = prior.W0.T[:0] if prior.anchors is None else prior.anchors * math.sqrt(prior.anchor_weight)
        empty = cls(np.zeros((0, len(prior.W0)), prior.W0.dtype), np.zeros((0, 0), prior.W0.dtype), prior.ridge, 0)
        return empty.added(anchors, 1.0)._replace(m=len(anchors))

    def gain(self, K: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """C K^T of shape (d, u) and K C K^T of shape (u, u)."""
        half = self._half(K.T)
        return (K.T - self.Z.T @ self._back(half)) / self.ridge, (K @ K.T - half.T @ half) / self.ridge

    def variance(self, x: np.ndarray) -> np.ndarray:
        """The numbers x C x^T of rows x."""
        half = self._half(x.T)
        return (np.sum(x * x, axis=1) - np.sum(half * half, axis=0)) / self.ridge

    def added(self, K: np.ndarray, weight: float) -> Dual:
        """The form with the information weight K^T K more."""
        rows = K * math.sqrt(weight)
        half = self._half(rows.T)
        corner = rows @ rows.T - half.T @ half
        np.einsum("ii->i", corner)[:] += self.ridge
        Z, n, u = np.concatenate([self.Z, rows]), len(self.Z), len(rows)
        if 2**10 * np.finfo(Z.dtype).eps * float(np.vdot(Z, Z)) > self.ridge:
            raise np.linalg.LinAlgError("fewer than ten bits of the ridge are left beside the squares of the keys")
        L = np.zeros((n + u, n + u), self.L.dtype)
        L[:n, :n], L[n:, :n], L[n:, n:] = self.L, half.T, np.linalg.cholesky(corner)
        return self._replace(Z=Z, L=L)

    def removed(self, K: np.ndarray, weight: float) -> Dual:
        """The form without rows that were added earlier with this weight."""
        left = list(range(self.m, len(self.Z)))
        for row in K * math.sqrt(weight):
            same = [i for i in left if np.array_equal(self.Z[i], row)]
            if not same:
                raise must("keys", "those of an earlier edit", row)
            left.remove(same[-1])
        fresh = self._replace(Z=self.Z[: self.m], L=self.L[: self.m, : self.m])
        return fresh.added(self.Z[left], 1.0)

    def times(self, D: np.ndarray) -> np.ndarray:
        """M D of a change D."""
        return D * self.ridge + self.Z.T @ (self.Z @ D)

    def solved(self, B: np.ndarray) -> np.ndarray:
        """C B."""
        return (B - self.Z.T @ self._back(self._half(B))) / self.ridge

    def information(self) -> np.ndarray:
        """M, of shape (d, d)."""
        return self.times(np.eye(self.Z.shape[1], dtype=self.Z.dtype))

    def covariance(self) -> np.ndarray:
        """C, of shape (d, d)."""
        return self.solved(np.eye(self.Z.shape[1], dtype=self.Z.dtype))

    def log_determinant(self) -> float:
        """The logarithm of the determinant of M."""
        n, d = self.Z.shape
        return (d - n) * math.log(self.ridge) + 2 * float(np.sum(np.log(np.diag(self.L))))

    def joined(self, other: Dual, prior: Prior) -> Dual:
        """The form of both histories, the prior counted once."""
        return self.added(other.Z[other.m :], 1.0)

    def flops(self, u: int) -> int:
        """Products of numbers in an update by u keys."""
        n, d = self.Z.shape
        return u * (4 * n * d + 2 * n**2) + u**2 * (d + u // 3)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a state, by name."""
        return {"Z": self.Z, "L": self.L}

    def _half(self, B: np.ndarray) -> np.ndarray:
        """L^{-1} Z B."""
        return triangular(self.L.T, self.Z @ B, transposed=True)

    def _back(self, half: np.ndarray) -> np.ndarray:
        """L^{-T} of what `_half` returned."""
        return triangular(self.L.T, half)
