r"""How good a completion is, proved from the completion itself.

.. math:: f(X) = \tfrac12 \|P_\Omega(X - M)\|_F^2 + \lambda \|X\|_* \;\ge\; \langle Z, M \rangle - \tfrac12 \|Z\|_F^2
   \quad\text{for all } \|Z\|_2 \le \lambda .
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._result import Result, result
from lrtheory._validation import array, real
from lrtheory.matrix_completion import regressions, spectral
from lrtheory.matrix_completion.problem import LowRank, Observations, as_observations

__all__ = ["DualityGap", "duality_gap", "factored", "gap", "objective"]


@result
class DualityGap(Result):
    """A proof of how far a completion is from the best value of the nuclear norm objective (statement MC-L8).

    Attributes
    ----------
    gap : float
        f(X) minus the dual value, at least 0; X is optimal when it is 0.
    bound : float
        The dual value, below every value of f.
    objective : float
        f(X).
    spectral_norm : float
        Of the residual P_Omega(M - X); at an optimum of a ridge above 0 it is the ridge.
    lam : float
        Weight of the nuclear norm; with 0 the gap is half the sum of squares on the sample.
    statement : str
        The statement behind it.
    U, V : arrays of shape (m, k) and (n, k)
        X = U V^T.
    offsets : array of shape (N,) or None
        Mean and biases that were taken off the observations.
    """

    gap: float
    bound: float
    objective: float
    spectral_norm: float
    lam: float
    statement: str
    U: np.ndarray
    V: np.ndarray
    offsets: np.ndarray | None

    def verify(self, problem: Any) -> bool:
        """Recompute the gap from the data alone.

        Parameters
        ----------
        problem : data as for `complete`
            The same observations.

        Returns
        -------
        bool
            Whether the gap comes out as stated, up to rounding.
        """
        seen = as_observations(problem)
        again = gap(seen, self.U, self.V, self.lam, self.offsets)
        return bool(abs(again.gap - self.gap) <= 1e-6 * (1e-300 + abs(self.objective)))


def objective(data: Any, U: Any, V: Any, *, ridge: float = 0.0) -> float:
    r"""The objective that no half-step increases (statement MC-L7).

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        What was seen.
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
    U, V = (factor.astype(np.float64) for factor in _factors(seen, U, V))
    rest = regressions.entries(seen.rows, seen.cols, U, V) - seen.values
    weight = real("ridge", ridge, low=0)
    return 0.5 * float(rest @ rest) + 0.5 * weight * float((U * U).sum() + (V * V).sum())


def duality_gap(data: Any, U: Any, V: Any, *, lam: float) -> DualityGap:
    r"""Bound the distance of X = U V^T from the optimum of the nuclear norm objective.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        What was seen.
    U, V : arrays of shape (m, k) and (n, k)
        The factors.
    lam : float
        Weight of the nuclear norm, at least 0.

    Returns
    -------
    DualityGap
        With `gap` and `bound`.

    Raises
    ------
    ValueError
        If shapes do not fit, the weight is negative, or nothing is observed.

    Proof
    -----
    For Z = P_Omega(M - X) min(1, lam / \|P_Omega(M - X)\|_2) the dual value is <Z, M> - \|Z\|_F^2 / 2. It bounds the
    objective of every X' from below: <Z, X'> <= \|Z\|_2 \|X'\|_* <= lam \|X'\|_*, and \|P_Omega(X' - M)\|^2 / 2 >=
    <Z, M - X'> - \|Z\|^2 / 2. The gap is the objective of X less that. A balanced stationary point of the ridge
    objective whose residual has spectral norm at most lam has gap 0 (statement MC-L8).

    Examples
    --------
    >>> round(duality_gap([[3.0, 0.0], [0.0, 1.0]], [[2.0**0.5], [0.0]], [[2.0**0.5], [0.0]], lam=1.0).gap, 12)
    0.0
    """
    seen = as_observations(data)
    return gap(seen, *_factors(seen, U, V), real("lam", lam, low=0), None)


def _factors(seen: Observations, U: Any, V: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both factors with as many lines as the matrix, and equally many columns."""
    left = array("U", U, shape=(seen.shape[0], None))
    return left, array("V", V, shape=(seen.shape[1], left.shape[1]))


def factored(left: np.ndarray, right: np.ndarray) -> LowRank:
    """The singular value decomposition of left right^T, from the factors alone."""
    (Q_left, R_left), (Q_right, R_right) = np.linalg.qr(left), np.linalg.qr(right)
    inner_left, s, inner_right = np.linalg.svd(R_left @ R_right.T, full_matrices=False)
    return LowRank(Q_left @ inner_left, s, Q_right @ inner_right.T)


def gap(seen: Observations, U: np.ndarray, V: np.ndarray, lam: float, offsets: np.ndarray | None) -> DualityGap:
    """The gap on observations from which offsets, if given, were not yet taken."""
    values = (seen.values if offsets is None else seen.values - offsets).astype(np.float64, copy=False)
    rest = values - regressions.entries(seen.rows, seen.cols, U.astype(np.float64, copy=False), V)
    norm = 0.0
    if lam > 0:
        matrix = sparse.coo_array((rest, (seen.rows, seen.cols)), shape=seen.shape).tocsr()
        norm = float(spectral.leading_singular_values(matrix, 1)[0]) if rest.any() else 0.0
    shrink = 1.0 if norm <= lam and lam > 0 else (lam / norm if lam > 0 else 0.0)
    dual = shrink * float(rest @ values) - 0.5 * shrink**2 * float(rest @ rest)
    value = 0.5 * float(rest @ rest) + lam * float(factored(U, V).singular_values.sum())
    return DualityGap(
        gap=max(0.0, value - dual),
        bound=dual,
        objective=value,
        spectral_norm=norm,
        lam=lam,
        statement="matrix_completion/MC-L8",
        U=U,
        V=V,
        offsets=offsets,
    )
