r"""Formulas for one half-step: its error, its contraction, the noise that drives it, and balance.

Part of `theory`, where users find these functions. Distances are sines of largest principal angles, norms are spectral
norms unless said otherwise. Scalar formulas also take arrays, Fractions and balls.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.units import scaled, unit_of
from lrtheory._numbers import formula, inexact
from lrtheory._types import ArrayLike, Number, Numbers
from lrtheory._validation import as_array, floats, must
from lrtheory.matrix_completion.problem import LowRank

__all__ = [
    "contraction_bound",
    "driving_error",
    "driving_second_moment",
    "imbalance",
]


@formula()
def driving_error(U: ArrayLike, truth: LowRank, mask: ArrayLike) -> np.ndarray:
    r"""The error F that the sample puts on an exact half-step (statement MC-D1).

    Parameters
    ----------
    U : array of shape (m, k)
        The fixed factor, with orthonormal columns.
    truth : LowRank
        M = U* S V*^T.
    mask : bool array of shape (m, n)
        The sample; every B_j = sum_{i in Omega^j} u_i u_i^T must be invertible.

    Returns
    -------
    array of shape (n, k)
        Rows f_j = -B_j^{-1} sum_{i in Omega^j} u_i w_i^T S v*_j, with w_i the rows of (I - U U^T) U*.

    Raises
    ------
    TypeError
        If `truth` is not a LowRank, or an array is not of numbers.
    ValueError
        If shapes do not fit, an entry is not finite, the mask is not of bools, or a B_j is singular.

    Proof
    -----
    Assumes: Entries are seen without noise, which the caller answers for. Every B_j is invertible; a singular one
    raises an error. Orthonormal columns of U are not needed for this identity.

    Proof: The exact half-step is v_j = B_j^{-1} sum u_i M_ij with M_ij = (u*_i)^T S v*_j. Row i of U* = U U^T U* + (I -
    U U^T) U* is u*_i = D^T u_i + w_i with D = U^T U*. The first part contributes B_j^{-1} B_j D S v*_j = D S v*_j to
    v_j, and the second one contributes -f_j.

    Checked by: MC-D1.

    Examples
    --------
    >>> U, whole = np.array([[0.6], [0.8]]), np.ones((2, 1), dtype=bool)
    >>> truth = LowRank(np.array([[1.0], [0.0]]), np.array([2.0]), np.array([[1.0]]))
    >>> abs(driving_error(U, truth, whole).round(12)).tolist()
    [[0.0]]
    """
    basis, seen = _basis(U, truth), _sample(mask, truth)
    outside, seen = _outside(basis, truth), seen.astype(basis.dtype)
    # indices: i rows, j columns, a and b the k columns of U; grams are the B_j, and sums those of the Returns section
    grams = np.einsum("ij,ia,ib->jab", seen, basis, basis)
    sums = np.einsum("ij,ia,ij->ja", seen, basis, outside)
    return -np.linalg.solve(grams, sums[..., None])[..., 0]


def _basis(U: Any, truth: LowRank) -> np.ndarray:
    """Check the fixed factor, which has as many rows as M."""
    return floats("U", U, shape=(len(truth.U), None))


def _sample(mask: Any, truth: LowRank) -> np.ndarray:
    """Check the sample, an array of bools of the shape of M."""
    shape, seen = (len(truth.U), len(truth.V)), as_array("mask", mask)
    if seen.shape != shape or seen.dtype != bool:
        raise must("mask", f"a bool array of shape {shape}", seen)
    return seen


def _outside(U: np.ndarray, truth: LowRank) -> np.ndarray:
    """Return the entries w_i^T S v*_j of (I - U U^T) M, the part of M that U cannot fit, of shape (m, n)."""
    W = truth.U - U @ (U.T @ truth.U)
    return (W * truth.singular_values) @ truth.V.T


@formula(distance="[0, 1]", smallest="(0, inf)", driving="[0, inf)", inner="[0, inf)")
def contraction_bound(distance: Numbers, *, smallest: Numbers, driving: Numbers, inner: Numbers = 0) -> Numbers:
    r"""Bound on the distance after a half-step that is solved approximately (statement MC-D2).

    Parameters
    ----------
    distance : number or array of any shape
        d = dist(U, U*).
    smallest : number or array of any shape
        s_k of M.
    driving : number or array of any shape
        \|F\| of `driving_error`.
    inner : number or array of any shape
        \|E\|, the error of the inner solver: V~ = V^ + E.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        (\|F\| + \|E\|) / (s_k sqrt(1 - d^2) - \|F\| - \|E\|), meaningful where it is positive.

    Proof
    -----
    Assumes: U, U* and V* have orthonormal columns, and M has rank k and is seen without noise (hypotheses of MC-D2, for
    which the caller answers). The denominator is positive; where it is not, the value says nothing, and the caller has
    to look at its sign.

    Proof: By `driving_error` V~ = V* S D^T - F + E, so V*_perp^T V~ = V*_perp^T (E - F). The smallest singular value
    of D = U^T U* is sqrt(1 - d^2), so sigma_min(V~) >= s_k sqrt(1 - d^2) - \|F\| - \|E\|. With V~ = Q R the distance is
    \|V*_perp^T Q\|, which is at most \|V*_perp^T V~\| \|R^{-1}\|, and \|R^{-1}\| = 1 / sigma_min(V~).

    Checked by: MC-D2.

    Examples
    --------
    >>> round(float(contraction_bound(0.6, smallest=1.0, driving=0.1)), 6)
    0.142857
    """
    error = driving + inner
    return error / (smallest * np.sqrt(inexact(1 - distance * distance)) - error)


@formula(density="(0, 1]")
def driving_second_moment(U: ArrayLike, truth: LowRank, *, density: Number) -> Number:
    r"""Second moment of the noise that drives a half-step, over a fresh Bernoulli sample.

    It is checked in expectation (statement MC-E1), and by a sum over all small samples (statement MC-E1-exact).

    Parameters
    ----------
    U, truth : array of shape (m, k), LowRank
        As in `driving_error`, independent of the sample.
    density : number
        Probability p that an entry is seen.

    Returns
    -------
    number
        E \|G\|_F^2 for the rows g_j = (1/p) sum_{i in Omega^j} u_i w_i^T S v*_j, whose mean is 0.

    Proof
    -----
    Assumes: Entries are seen independently of each other and of U, with probability p (hypothesis of MC-E1, for which
    the caller answers). The columns of U are orthonormal, which the caller ensures.

    Proof: With independent delta_ij ~ Bernoulli(p), g_j = sum_i (delta_ij / p) u_i c_ij with c_ij = w_i^T S v*_j. Its
    mean is sum_i u_i c_ij = U^T W S v*_j = 0, since U^T W = 0 for W = (I - U U^T) U*. The variance of delta_ij / p is
    (1 - p) / p, so E \|g_j\|^2 = ((1 - p) / p) sum_i \|u_i\|^2 c_ij^2. The formula is the sum over j.

    Checked by: MC-E1 on drawn samples, MC-E1-exact over all samples of a small matrix.

    Examples
    --------
    >>> U, truth = np.array([[0.6], [0.8]]), LowRank(np.array([[1.0], [0.0]]), np.array([1.0]), np.array([[1.0]]))
    >>> round(float(driving_second_moment(U, truth, density=0.5)), 12)
    0.294912
    """
    basis, p = _basis(U, truth), density
    outside = _outside(basis, truth)
    return (1 - p) / p * ((basis * basis).sum(axis=1) * (outside * outside).sum(axis=1)).sum()


@arrays("host")
def imbalance(U: ArrayLike, V: ArrayLike) -> float:
    r"""Imbalance of two factors, which is 0 at every stationary point of the ridge objective (statement MC-L9).

    Arrays: any (copied to the host)

    Parameters
    ----------
    U, V : arrays of shape (m, k) and (n, k)
        The factors.

    Returns
    -------
    float
        \|U^T U - V^T V\|_F / \|V^T V\|_F; 0 where both are 0, and 1 where V alone is.

    Raises
    ------
    TypeError
        If an entry is not a number.
    ValueError
        If an entry is not finite, or the factors have not equally many columns.

    Proof
    -----
    Assumes: The ridge is above 0 and both gradients vanish, for which the caller answers; MC-L9 states what holds when
    only one of them does.

    Proof: With the residual E = P_Omega(U V^T - M), stationarity says E V + lambda U = 0 and E^T U + lambda V = 0.
    Multiplied by U^T and V^T from the left, lambda U^T U = -U^T E V and lambda V^T V = -V^T E^T U. The right-hand sides
    are transposes of each other and the left-hand sides are symmetric, so U^T U = V^T V.

    Checked by: MC-L9 after one step, MC-L9-end at the end of a run.

    Examples
    --------
    >>> imbalance(np.eye(1), 2 * np.eye(1))
    0.75
    """
    left = floats("U", U, shape=(None, None))
    right = floats("V", V, shape=(None, left.shape[1]))
    unit = max(unit_of(left), unit_of(right))
    left, right = scaled(left, -unit), scaled(right, -unit)
    left_gram, right_gram = left.T @ left, right.T @ right
    size = np.linalg.norm(right_gram)
    # with V = 0 the quotient has no value: 0 where U is 0 too, else 1
    return float(np.linalg.norm(left_gram - right_gram) / size) if size > 0 else float(np.linalg.norm(left_gram) > 0)
