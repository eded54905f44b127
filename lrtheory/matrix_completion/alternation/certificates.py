r"""A duality gap proves how near a completion is to the optimum, from the completion itself.

.. math:: f(X) = \tfrac12 \|P_\Omega(X - M)\|_F^2 + \lambda \|X\|_* \;\ge\; \langle Z, M \rangle - \tfrac12 \|Z\|_F^2
   \quad\text{for all } \|Z\|_2 \le \lambda .
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._array import sparse
from lrtheory._kernels.units import largest_of
from lrtheory._result import Certificate, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, real
from lrtheory.matrix_completion import spectral
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.entries.scaling import scaled_weight, unit_of
from lrtheory.matrix_completion.problem import Data, LowRank, Observations, as_observations

__all__ = ["CompletionCertificate", "duality_gap", "factored", "gap", "objective"]

ROUNDING = float(np.finfo(np.float64).eps)
STATEMENT = "matrix_completion/MC-L8"


@result
class CompletionCertificate(Certificate):
    """A proof of how far a completion is from the best value of the nuclear norm objective (statement MC-L8).

    Attributes
    ----------
    achieved : float
        f(X), in squared units of the observations.
    bound : float
        The dual value, below every value of f.
    gap : float
        X is optimal when it is 0.
    spectral_norm : float
        Spectral norm of the residual P_Omega(M - X); at an optimum of a ridge above 0 it is the ridge.
    lam : float
        Weight of the nuclear norm; with 0 the gap is half the sum of squares on the sample.
    U, V : arrays of shape (m, k) and (n, k)
        X = U V^T.
    offsets : array of shape (N,) or None
        Mean and biases at the observations, from which they were subtracted.
    """

    achieved: float
    bound: float
    gap: float
    spectral_norm: float
    lam: float
    U: np.ndarray
    V: np.ndarray
    offsets: np.ndarray | None

    _statements = (STATEMENT,)

    def verify(self, problem: Data) -> bool:
        """Recompute every number from the data, the factors, the weight and the offsets.

        Parameters
        ----------
        problem : data as for `complete`
            Observations of which the completion was made.

        Returns
        -------
        bool
            Whether all come out as stated: objective and bound up to their rounding, and the spectral norm up to the
            accuracy with which it is computed.

        Raises
        ------
        ValueError
            If the data have another shape than the factors, or the offsets are not one for each observation.
        """
        seen = as_observations(problem, "problem")
        U, V = _factors(seen, self.U, self.V)
        if self.offsets is not None:
            array("offsets", self.offsets, shape=(seen.n_observed,))
        if not (self.lam >= 0 and self._is_sound()):
            return False
        own = gap(seen, U, V, self.lam, self.offsets)
        if not abs(own.spectral_norm - self.spectral_norm) <= 2 * spectral.CLUSTERED * own.spectral_norm:
            return False
        own = gap(seen, U, V, self.lam, self.offsets, norm=self.spectral_norm)
        allowed = _rounding(seen, own)
        near = abs(own.achieved - self.achieved) <= allowed
        return bool(near and abs(own.bound - self.bound) <= (allowed if self.lam > 0 else 0.0))


def objective(data: Data, U: ArrayLike, V: ArrayLike, *, ridge: float = 0.0) -> float:
    r"""Return the objective, which no half-step raises where lines are determined, or with a ridge (statement MC-L7).

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    U, V : arrays of shape (m, k) and (n, k)
        The factors.
    ridge : float
        lambda, at least 0.

    Returns
    -------
    float
        \|P_Omega(U V^T - M)\|^2 / 2 + lambda (\|U\|^2 + \|V\|^2) / 2, Frobenius norms.

    Raises
    ------
    ValueError
        If shapes do not fit, the ridge is negative, or nothing is observed.

    Examples
    --------
    >>> objective([[2.0, float("nan")]], [[1.0]], [[1.0], [0.0]], ridge=2.0)
    2.5
    """
    seen = as_observations(data)
    left, right = (factor.astype(np.float64) for factor in _factors(seen, U, V))
    errors = kernels.entries(seen.rows, seen.cols, left, right) - seen.values
    weight = real("ridge", ridge, low=0)
    return 0.5 * float(errors @ errors) + 0.5 * weight * float((left * left).sum() + (right * right).sum())


def duality_gap(data: Data, U: ArrayLike, V: ArrayLike, *, lam: float) -> CompletionCertificate:
    r"""Bound the distance of X = U V^T from the optimum of the nuclear norm objective.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries.
    U, V : arrays of shape (m, k) and (n, k)
        The factors.
    lam : float
        Weight of the nuclear norm, at least 0.

    Returns
    -------
    CompletionCertificate
        Certificate of the gap and the bound.

    Raises
    ------
    ValueError
        If shapes do not fit, the weight is negative, or nothing is observed.

    Proof
    -----
    Assumes: lam >= 0, which is checked. For a gap of 0 the hypotheses of MC-L8-optimum: U^T U = V^T V, both gradients
    of the ridge objective are 0, and the residual has spectral norm at most lam.

    Proof: Let Z = P_Omega(M - X) min(1, lam / \|P_Omega(M - X)\|_2), whose dual value is <Z, M> - \|Z\|_F^2 / 2. For
    every X', <Z, X'> <= \|Z\|_2 \|X'\|_* <= lam \|X'\|_* and \|P_Omega(X' - M)\|_F^2 / 2 >= <Z, M - X'> - \|Z\|_F^2 /
    2. The sum says that the objective of X' is at least the dual value; the gap is the objective of X less that. Under
    the hypotheses of the optimum Z = P_Omega(M - X) and Z V = lam U, so <Z, X> is lam times the trace of U^T U, which
    is lam \|X\|_* for balanced factors, and the gap lam \|X\|_* - <Z, X> is 0.

    Checked by: MC-L8, and MC-L8-optimum for the gap of 0.

    Examples
    --------
    >>> round(duality_gap([[3.0, 0.0], [0.0, 1.0]], [[2.0**0.5], [0.0]], [[2.0**0.5], [0.0]], lam=1.0).gap, 12)
    0.0
    """
    seen = as_observations(data)
    return gap(seen, *_factors(seen, U, V), real("lam", lam, low=0), None)


def _factors(seen: Observations, U: ArrayLike, V: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Check that the factors have the shapes (m, k) and (n, k), and return them as arrays."""
    left = array("U", U, shape=(seen.shape[0], None))
    return left, array("V", V, shape=(seen.shape[1], left.shape[1]))


def factored(left: np.ndarray, right: np.ndarray) -> LowRank:
    """Decompose left right^T into singular values and vectors, from two QR decompositions and one of a k x k matrix."""
    (Q_left, R_left), (Q_right, R_right) = np.linalg.qr(left), np.linalg.qr(right)
    inner_left, s, inner_right = np.linalg.svd(R_left @ R_right.T, full_matrices=False)
    return LowRank(Q_left @ inner_left, s, Q_right @ inner_right.T)


def gap(
    seen: Observations, U: np.ndarray, V: np.ndarray, lam: float, offsets: np.ndarray | None, norm: float | None = None
) -> CompletionCertificate:
    """Compute the gap of U V^T, after subtracting the offsets from the observations where there are any.

    `norm` is the spectral norm of the residual as a certificate states it; None computes it.
    """
    values = (seen.values if offsets is None else seen.values - offsets).astype(np.float64, copy=False)
    unit = unit_of(values, largest_of(U) * largest_of(V))  # the entries of X may be larger than those of M
    values, weight, root = values / unit, scaled_weight(lam, unit), np.sqrt(unit)
    left, right = (np.asarray(factor, dtype=np.float64) / root for factor in (U, V))
    residual = values - kernels.entries(seen.rows, seen.cols, left, right)
    # The gap is valid for every Z with |Z|_2 <= lam, so a stated norm that is too large makes it larger, and not wrong.
    if norm is None:
        matrix = sparse.coo_array((residual, (seen.rows, seen.cols)), shape=seen.shape).tocsr()
        norm = unit * float(spectral.leading_singular_values(matrix, 1)[0]) if lam > 0 and residual.any() else 0.0
    length = norm / unit
    # The dual point is Z = shrink times the residual, the largest multiple up to 1 with |Z|_2 <= lam. With Z on the
    # sample, <Z, M> and |Z|_F are sums over the observations.
    shrink = 0.0 if lam == 0 else 1.0 if length <= weight else weight / length
    dual = shrink * float(residual @ values) - 0.5 * shrink**2 * float(residual @ residual)
    value = 0.5 * float(residual @ residual) + weight * float(factored(left, right).singular_values.sum())
    value, dual = value * unit * unit, dual * unit * unit
    fields = {"spectral_norm": norm, "lam": lam, "U": U, "V": V, "offsets": offsets}
    return CompletionCertificate._of(value, dual, STATEMENT, **fields)


def _rounding(seen: Observations, own: CompletionCertificate) -> float:
    """Bound the difference of two computations of objective or bound: N observations, products of k numbers each."""
    values = seen.values if own.offsets is None else seen.values - own.offsets
    unit, noise = unit_of(values), (64 + len(own.U) + len(own.V) + len(values)) * ROUNDING
    value, size = own.achieved / unit / unit, float(np.linalg.norm(values.astype(np.float64) / unit))
    residual = math.sqrt(2 * value)  # at least the norm of the residual
    both = size + residual  # at least the norm of the entries of X
    # sizes of the terms that enter, some of which cancel: rounding is relative to these and not to their difference
    terms = value + both * residual + noise * both**2 + (size * both if own.lam > 0 else 0.0)
    return noise * terms * unit * unit
