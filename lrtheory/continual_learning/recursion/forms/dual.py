r"""The dual form: an orthonormal basis of the keys, and a triangle of its size, for wide layers with few keys.

.. math:: M = \lambda^2 (I - Q^T Q) + Q^T R^T R\, Q, \qquad R^T R = \lambda^2 I + Y^T Y, \qquad Z = Y Q

The rows of Z are mu K_0 and the keys that were seen, those of Q an orthonormal basis of their span. No matrix of d x d
numbers is formed (statement RL-18), and no product of keys either: R is turned by rotations as in the square-root form,
so that a ridge far below the squares of keys keeps its digits, and keys may be more than inputs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._validation import must
from lrtheory.continual_learning.recursion.forms.prior import Prior
from lrtheory.continual_learning.recursion.forms.square_root import SquareRoot, stacked, triangular

__all__ = ["Dual"]

#: a part of a key outside of the basis that is below so many units of rounding of the key is rounding
ROUNDING = 32
#: keys are the same as earlier ones up to so many units of rounding
SAME = 2**10
#: a projection is repeated when it leaves less than this part of a row: the rest may then be rounding
TWICE = 0.7


class Dual(NamedTuple):
    """The basis Q (r, d), the keys Y (N, r) in it, the first `m` of them anchors, and the triangle R, on the host."""

    Q: np.ndarray
    Y: np.ndarray
    R: np.ndarray
    ridge: float
    m: int

    @property
    def name(self) -> str:
        """The word for this form."""
        return "dual"

    def rows(self) -> np.ndarray:
        """The weighted anchors and all keys, of shape (N, d)."""
        return self.Y @ self.Q

    @classmethod
    def of(cls, prior: Prior) -> Dual:
        """The form before any edit."""
        if prior.ridge == 0:
            raise must("ridge", "positive in the dual form", float(prior.ridge))
        anchors = prior.W0.T[:0] if prior.anchors is None else prior.anchors
        first = cls._empty(len(prior.W0), prior.W0.dtype, prior.ridge)
        return first.added(anchors, prior.anchor_weight)._replace(m=len(anchors))

    @classmethod
    def _empty(cls, d: int, dtype: np.dtype, ridge: float) -> Dual:
        nothing = np.zeros((0, 0), dtype)
        return cls(np.zeros((0, d), dtype), nothing, nothing, ridge, 0)

    def gain(self, K: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """C K^T of shape (d, u) and K C K^T of shape (u, u)."""
        G, left = self._parts(K)
        F = self.Q.T @ triangular(self.R, G) + left.T / self.ridge
        return F, G.T @ G + (left @ left.T) / self.ridge

    def variance(self, x: np.ndarray) -> np.ndarray:
        """The numbers x C x^T of rows x, as squares."""
        G, left = self._parts(x)
        return np.einsum("ij,ij->j", G, G) + np.einsum("ij,ij->i", left, left) / self.ridge

    def written(self, K: np.ndarray, E: np.ndarray, weight: float) -> tuple[Dual, *tuple[np.ndarray, ...]]:
        """The form after an edit of surprise E, the change D of the weights, the residual, and K D."""
        Q, R, rows = self._wider(K)
        inside, *(left, right, residual, moved) = SquareRoot(R).stepped(rows, E, weight)
        return self._grown(Q, inside.R, rows * math.sqrt(weight)), Q.T @ left @ right, residual, moved

    def added(self, K: np.ndarray, weight: float) -> Dual:
        """The form with the information weight K^T K more."""
        Q, R, rows = self._wider(K * math.sqrt(weight))
        return self._grown(Q, stacked(R, rows), rows)

    def removed(self, K: np.ndarray, weight: float) -> Dual:
        """The form without rows that were added earlier with this weight."""
        kept = list(range(self.m, len(self.Y)))
        for row in K * math.sqrt(weight):
            inside = self.Q @ row
            allowed = SAME * np.finfo(row.dtype).eps * np.linalg.norm(row)
            gone = [i for i in kept if np.linalg.norm(self.Y[i] - inside) <= allowed]
            if not gone or np.linalg.norm(row - inside @ self.Q) > allowed:
                raise must("keys", "those of an earlier edit", row)
            kept.remove(gone[-1])
        rest = self.Y[[*range(self.m), *kept]]
        inside = self._empty(rest.shape[1], rest.dtype, self.ridge).added(rest, 1.0)  # without directions of no key
        return inside._replace(Q=inside.Q @ self.Q, m=self.m)

    def times(self, D: np.ndarray) -> np.ndarray:
        """M D of a change D."""
        return D * self.ridge + self.Q.T @ (self.Y.T @ (self.Y @ (self.Q @ D)))

    def solved(self, B: np.ndarray) -> np.ndarray:
        """C B."""
        G, left = self._parts(B.T)
        return self.Q.T @ triangular(self.R, G) + left.T / self.ridge

    def information(self) -> np.ndarray:
        """M, of shape (d, d)."""
        return self.times(np.eye(self.Q.shape[1], dtype=self.Q.dtype))

    def covariance(self) -> np.ndarray:
        """C, of shape (d, d)."""
        return self.solved(np.eye(self.Q.shape[1], dtype=self.Q.dtype))

    def log_determinant(self) -> float:
        """The logarithm of the determinant of M."""
        r, d = self.Q.shape
        return (d - r) * math.log(self.ridge) + SquareRoot(self.R).log_determinant()

    def joined(self, other: Dual, prior: Prior) -> Dual:
        """The form of both histories, the prior counted once."""
        return self.added(other.rows()[other.m :], 1.0)

    def flops(self, u: int) -> int:
        """Products of numbers in an update by u keys."""
        r, d = self.Q.shape
        return u * (2 * r * d + 4 * r**2) + u**2 * d

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a state, by name."""
        return {"Q": self.Q, "Y": self.Y, "R": self.R}

    def _parts(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """R^{-T} Q x^T of rows x, and what of the rows is outside of the basis."""
        inside, left = self._split(x)
        return triangular(self.R, inside.T, transposed=True), left

    def _split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The coordinates of rows in the basis, and what is outside of it."""
        inside = x @ self.Q.T
        if len(self.Q) == self.Q.shape[1]:  # nothing is outside, and rounding is not divided by a small ridge
            return inside, np.zeros_like(x)
        left = x - inside @ self.Q
        before, after = (np.einsum("ij,ij->i", rows, rows) for rows in (x, left))
        if (after < TWICE**2 * before).any():
            again = left @ self.Q.T
            inside, left = inside + again, left - again @ self.Q
        return inside, left

    def _wider(self, K: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The basis and the triangle with room for rows, and the rows in that basis."""
        inside, left = self._split(K)
        lengths = np.linalg.norm(K, axis=1)
        new = self._directions(left / np.where(lengths > 0, lengths, 1)[:, None])
        n, r = len(new), len(self.R)
        R = np.eye(r + n, dtype=self.R.dtype) * self.R.dtype.type(math.sqrt(self.ridge))
        R[:r, :r] = self.R
        return np.concatenate([self.Q, new]), R, np.concatenate([inside, left @ new.T], axis=1)

    def _directions(self, rows: np.ndarray) -> np.ndarray:
        """Orthonormal rows that span what parts of keys of length 1 outside of the basis are, without rounding."""
        from scipy.linalg import qr

        least = ROUNDING * np.finfo(rows.dtype).eps
        if not rows.size or np.linalg.norm(rows, axis=1).max() <= least:
            return rows[:0]
        found, triangle = np.linalg.qr(rows.T)
        if np.abs(np.diagonal(triangle)).min() >= TWICE and len(rows) <= rows.shape[1] - len(self.Q):
            return np.ascontiguousarray(found.T)  # far from each other and from the basis, as usual
        found, triangle, _ = qr(rows.T, mode="economic", pivoting=True, check_finite=False)
        sizes = np.abs(np.diagonal(triangle))
        n = min(int(np.count_nonzero(sizes > least)), rows.shape[1] - len(self.Q))
        new = np.asarray(found[:, :n].T)
        if n and sizes[n - 1] < TWICE:  # short parts may lie in the basis by more than rounding
            new = np.linalg.qr(self._split(new)[1].T)[0].T
        return new

    def _grown(self, Q: np.ndarray, R: np.ndarray, rows: np.ndarray) -> Dual:
        """The form with a wider basis, its triangle, and rows in this basis that are added to the keys."""
        known = np.zeros((len(self.Y), len(Q)), Q.dtype)
        known[:, : len(self.Q)] = self.Y
        return self._replace(Q=Q, R=R, Y=np.concatenate([known, rows]))
