r"""The information form: the sums themselves, which workers on any devices add up.

.. math:: M \leftarrow M + K^T K

A new edit costs a product, but its gain, and so its report, a factorization of M. Sums keep squared numbers, so that
half of the digits of a badly conditioned problem are lost.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, beside, to_numpy
from lrtheory.continual_learning.recursion.forms.algebra import definite, inverse, log_determinant, row_sums, solve
from lrtheory.continual_learning.recursion.forms.prior import Prior, prior_factor

__all__ = ["Information"]


class Information(NamedTuple):
    """The information matrix, in the caller's library, on its device."""

    M: Any

    @property
    def name(self) -> str:
        """The word for this form."""
        return "information"

    @classmethod
    def of(cls, prior: Prior) -> Information:
        """The form before any edit."""
        R = prior_factor(prior)
        return cls(beside(R.T @ R, prior.W0))

    @classmethod
    def of_matrix(cls, M: Any) -> Information:
        """The form with the information M."""
        return cls(M)

    def gain(self, K: Any) -> tuple[Any, Any]:
        """C K^T of shape (d, u) and K C K^T of shape (u, u)."""
        F = solve(self.M, K.T)
        return F, definite(K @ F)

    def variance(self, x: Any) -> Any:
        """The numbers x C x^T of rows x, as squares."""
        L = array_namespace(self.M).linalg.cholesky(self.M)
        half = array_namespace(self.M).linalg.solve(L, x.T)
        return row_sums((half * half).T)

    def faded(self, decay: Any) -> Information:
        """The form after all information was multiplied by `decay`."""
        return Information(self.M * decay)

    def added(self, K: Any, weight: Any) -> Information:
        """The form with the information weight K^T K more."""
        return Information(self.M + K.T @ (K * weight))

    def removed(self, K: Any, weight: Any) -> Information:
        """The form with the information weight K^T K less."""
        return Information(self.M - K.T @ (K * weight))

    def times(self, D: Any) -> Any:
        """M D of a change D."""
        return self.M @ D

    def solved(self, B: Any) -> Any:
        """C B."""
        return solve(self.M, B)

    def information(self) -> Any:
        """M, of shape (d, d)."""
        return self.M

    def covariance(self) -> Any:
        """C, of shape (d, d)."""
        return inverse(self.M)

    def log_determinant(self) -> float:
        """The logarithm of the determinant of M."""
        return log_determinant(self.M)

    def joined(self, other: Information, prior: Prior) -> Information:
        """The form of both histories, the prior counted once."""
        return Information(self.M + other.M - prior.matrix())

    def flops(self, u: int) -> int:
        """Products of numbers in an update by u keys."""
        d: int = self.M.shape[0]
        return d**3 // 3 + 4 * u * d**2

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a state, by name."""
        return {"M": to_numpy(self.M)}
