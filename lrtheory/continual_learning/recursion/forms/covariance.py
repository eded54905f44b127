r"""The covariance form: C = M^{-1} itself, by the formula of Woodbury; the cheapest, and the only one on Fractions.

.. math:: C \leftarrow C - F H^{-1} F^T, \qquad F = C K^T, \quad H = I + K F

Where an edit takes most of a variance away that difference has no digits left, and a sum of squares is computed in its
place. Where M is singular to rounding C loses its definiteness, which a negative variance tells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import beside, to_numpy
from lrtheory.continual_learning.recursion.forms.algebra import (
    definite,
    identity,
    inverse,
    is_exact,
    log_determinant,
    mild,
    rotated,
    row_sums,
    solve,
    solve_scaled,
)
from lrtheory.continual_learning.recursion.forms.prior import Prior, prior_factor, refuse_free

__all__ = ["Covariance"]


class Covariance(NamedTuple):
    """The inverse of the information, in the caller's library, on its device."""

    C: Any

    @property
    def name(self) -> str:
        """The word for this form."""
        return "covariance"

    @classmethod
    def of(cls, prior: Prior) -> Covariance:
        """The form before any edit."""
        if is_exact(prior.W0):
            refuse_free(prior)
            return cls(inverse(prior.matrix()))
        inverted = np.linalg.inv(prior_factor(prior))
        return cls(beside(inverted @ inverted.T, prior.W0))

    @classmethod
    def of_matrix(cls, M: Any) -> Covariance:
        """The form with the information M."""
        return cls(inverse(M))

    def gain(self, K: Any) -> tuple[Any, Any]:
        """C K^T of shape (d, u) and K C K^T of shape (u, u)."""
        F = self.C @ K.T
        return F, definite(K @ F)

    def variance(self, x: Any) -> Any:
        """The numbers x C x^T of rows x."""
        return definite(row_sums((x @ self.C) * x))

    def faded(self, decay: Any) -> Covariance:
        """The form after all information was multiplied by `decay`."""
        return Covariance(self.C / decay)

    def added(self, K: Any, weight: Any) -> Covariance:
        """The form with the information weight K^T K more."""
        F, S = self.gain(K)
        H = identity(S, S.shape[0]) + S * weight
        if is_exact(S) or weight < 0 or mild(S * weight):
            return Covariance(self.C - (F * weight) @ solve(H, F.T))
        return self._steadily_added(K, weight)

    def _steadily_added(self, K: Any, weight: Any) -> Covariance:
        """Update the covariance without a difference, where much is learned of a direction."""
        rows = rotated(K, K[:, :0])[0] if K.shape[0] > 1 else K
        F, S = self.gain(rows)
        H = identity(S, S.shape[0]) + S * weight
        if rows.shape[0] == self.C.shape[0]:  # the keys alone hold all directions
            inverted = (rows / row_sums(rows * rows)[:, None]).T
            C = inverted @ solve_scaled(H, S) @ inverted.T
        else:  # the formula of Joseph, a sum of squares
            G = solve_scaled(H, F.T * weight).T
            B = self.C - G @ F.T
            C = B - (B @ rows.T) @ G.T + G @ G.T / weight
        return Covariance((C + C.T) / 2)

    def removed(self, K: Any, weight: Any) -> Covariance:
        """The form with the information weight K^T K less."""
        return self.added(K, -weight)

    def times(self, D: Any) -> Any:
        """M D of a change D."""
        return solve(self.C, D)

    def solved(self, B: Any) -> Any:
        """C B."""
        return self.C @ B

    def information(self) -> Any:
        """M, of shape (d, d)."""
        return inverse(self.C)

    def covariance(self) -> Any:
        """C, of shape (d, d)."""
        return self.C

    def log_determinant(self) -> float:
        """The logarithm of the determinant of M."""
        return -log_determinant(self.C)

    def joined(self, other: Covariance, prior: Prior) -> Covariance:
        """The form of both histories, the prior counted once."""
        return Covariance(inverse(self.information() + other.information() - prior.matrix()))

    def flops(self, u: int) -> int:
        """Products of numbers in an update by u keys."""
        return 4 * u * self.C.shape[0] ** 2

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a state, by name."""
        return {"C": to_numpy(self.C)}
