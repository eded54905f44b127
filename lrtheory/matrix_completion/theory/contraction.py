r"""Formulas for one half-step: the identity of its error, its contraction, the noise that drives it, balance.

Part of `theory`, where users find these functions. Distances are sines of largest principal angles, norms are spectral
norms unless said otherwise. Scalar formulas also take arrays, Fractions and balls.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.units import scaled, unit_of
from lrtheory._numbers import entries, inexact, number, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import as_array, floats, integer, must
from lrtheory.matrix_completion.problem import LowRank

__all__ = [
    "contraction_bound",
    "driving_error",
    "driving_second_moment",
    "driving_second_moment_bound",
    "error_bound",
    "exact_half_step",
    "expected_contraction",
    "imbalance",
]


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


def exact_half_step(U: ArrayLike, truth: LowRank, mask: ArrayLike) -> np.ndarray:
    """The exact half-step for the columns, V* S D^T - F with D = U^T U* (statement MC-D1).

    Parameters
    ----------
    U, truth, mask : array of shape (m, k), LowRank, bool array of shape (m, n)
        As in `driving_error`.

    Returns
    -------
    array of shape (n, k)
        Factor of the columns that `half_step` with ``axis=1`` finds on the sample.

    Raises
    ------
    TypeError, ValueError
        As `driving_error`.

    Proof
    -----
    Assumes: As in `driving_error`. That F is 0 for a whole matrix needs orthonormal columns of U too, a hypothesis of
    the instances of MC-D3.

    Proof: By `driving_error` row j is D S v*_j - f_j, and D S v*_j is row j of V* S D^T. When the whole matrix is seen,
    the sum in f_j is U^T W S v*_j with W = (I - U U^T) U*, and U^T W = 0, so F = 0. Then the column space is that of V*
    for every U with an invertible D.

    Checked by: MC-D1, and MC-D3 for whole matrices.

    Examples
    --------
    >>> U = np.array([[1.0], [0.0]])
    >>> truth = LowRank(U, np.array([2.0]), np.array([[1.0]]))
    >>> exact_half_step(U, truth, np.array([[True], [False]])).tolist()
    [[2.0]]
    """
    D = _basis(U, truth).T @ truth.U
    return (truth.V * truth.singular_values) @ D.T - driving_error(U, truth, mask)


def _basis(U: Any, truth: Any) -> np.ndarray:
    """Check the fixed factor, which has as many rows as M."""
    if not isinstance(truth, LowRank):
        raise must("truth", "a LowRank", truth, TypeError)
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


def contraction_bound(
    distance: Number | ArrayLike,
    *,
    smallest: Number | ArrayLike,
    driving: Number | ArrayLike,
    inner: Number | ArrayLike = 0,
) -> Any:
    r"""Bound on the distance after a half-step that is solved approximately (statement MC-D2).

    Parameters
    ----------
    distance : number or array of any shape
        d = dist(U, U*), in [0, 1].
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

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If the distance is not in [0, 1], `smallest` is not above 0, or an error is negative or not finite.

    Proof
    -----
    Assumes: U, U* and V* have orthonormal columns, and M has rank k and is seen without noise (hypotheses of MC-D2, for
    which the caller answers). The denominator is positive; where it is not, the value says nothing, and the caller has
    to look at its sign.

    Proof: By `exact_half_step` V~ = V* S D^T - F + E, so V*_perp^T V~ = V*_perp^T (E - F). The smallest singular value
    of D = U^T U* is sqrt(1 - d^2), so sigma_min(V~) >= s_k sqrt(1 - d^2) - \|F\| - \|E\|. With V~ = Q R the distance is
    \|V*_perp^T Q\|, which is at most \|V*_perp^T V~\| \|R^{-1}\|, and \|R^{-1}\| = 1 / sigma_min(V~).

    Checked by: MC-D2.

    Examples
    --------
    >>> round(float(contraction_bound(0.6, smallest=1.0, driving=0.1)), 6)
    0.142857
    """
    d, s_k = entries("distance", distance, 0, 1), entries("smallest", smallest, 0, ends="(]")
    error = entries("driving", driving, 0) + entries("inner", inner, 0)
    return error / (s_k * np.sqrt(inexact(1 - d * d)) - error)


def error_bound(distance: Number | ArrayLike, *, singular_values: ArrayLike, driving: Number | ArrayLike) -> Any:
    r"""Bound on \|M - U V^T\|_F after an exact half-step for V (a step of the proofs, statement MC-P7).

    Parameters
    ----------
    distance : number or array of any shape
        dist(U, U*).
    singular_values : array of shape (k,)
        Singular values of M.
    driving : number or array of any shape
        Frobenius norm of F.

    Returns
    -------
    number or array of the shape in which the arguments broadcast
        \|S\|_F dist(U, U*) + \|F\|_F.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If the distance is not in [0, 1], or another number is negative or not finite.

    Proof
    -----
    Assumes: U, U* and V* have orthonormal columns, and V comes from an exact half-step without noise (hypotheses of
    MC-P7, for which the caller answers).

    Proof: By `exact_half_step` U V^T = U D S V*^T - U F^T with D = U^T U*. The first error M - U D S V*^T = (I - U U^T)
    U* S V*^T has a Frobenius norm of at most \|(I - U U^T) U*\| \|S\|_F, and the second one that of F. With \|S\|_2 in
    place of \|S\|_F the bound is false: k equal angles and equal singular values exceed it by sqrt(k).

    Checked by: MC-P7, with that counterexample among its saboteurs.

    Examples
    --------
    >>> float(error_bound(0.1, singular_values=np.array([3.0, 4.0]), driving=0.25))
    0.75
    """
    s = table("singular_values", singular_values, 0, shape=("k",))
    exponent = unit_of(s) if s.dtype.kind == "f" else 0  # squares of doubles may leave their range
    if exponent:
        s = scaled(s, -exponent)
    norm = np.ldexp(np.sqrt((s * s).sum()), exponent) if exponent else np.sqrt(inexact((s * s).sum()))
    return norm * entries("distance", distance, 0, 1) + entries("driving", driving, 0)


def driving_second_moment(U: ArrayLike, truth: LowRank, *, density: Number) -> Any:
    r"""Second moment of the noise that drives a half-step, over a fresh Bernoulli sample.

    It is checked in expectation (statement MC-E1), and by a sum over all small samples (statement MC-E1-exact).

    Parameters
    ----------
    U, truth : array of shape (m, k), LowRank
        As in `driving_error`, independent of the sample.
    density : number
        Probability p that an entry is seen, in (0, 1].

    Returns
    -------
    number
        E \|G\|_F^2 for the rows g_j = (1/p) sum_{i in Omega^j} u_i w_i^T S v*_j, whose mean is 0.

    Raises
    ------
    TypeError
        If `truth` is not a LowRank, or another argument is not a number.
    ValueError
        If shapes do not fit, or the density is not in (0, 1].

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
    basis, p = _basis(U, truth), number("density", density, 0, 1, ends="(]")
    outside = _outside(basis, truth)
    return (1 - p) / p * ((basis * basis).sum(axis=1) * (outside * outside).sum(axis=1)).sum()


def driving_second_moment_bound(
    distance: Number, *, incoherence: Number, n_rows: int, rank: int, norm: Number, density: Number
) -> Any:
    r"""Bound on the second moment of the noise that drives a half-step, by incoherence (statement MC-E1-bound).

    Parameters
    ----------
    distance : number
        d = dist(U, U*).
    incoherence : number
        mu of U.
    n_rows, rank : int
        m and k.
    norm : number
        \|M\|_F.
    density : number
        p, in (0, 1].

    Returns
    -------
    number
        ((1 - p) / p) (mu^2 k / m) d^2 \|M\|_F^2.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If the distance is not in [0, 1], the density not in (0, 1], `incoherence` not above 0, an integer below 1, or
            `norm` negative.

    Proof
    -----
    Assumes: As in `driving_second_moment`; mu bounds the rows of U, for which the caller answers.

    Proof: In `driving_second_moment` \|u_i\|^2 <= mu^2 k / m, and the sum that remains is \|W S V*^T\|_F^2, which is at
    most \|W\|^2 \|M\|_F^2 with \|W\| = d.

    Checked by: MC-E1-bound.

    Examples
    --------
    >>> driving_second_moment_bound(0.5, incoherence=2, n_rows=100, rank=5, norm=1, density=0.5)
    0.05
    """
    distance = number("distance", distance, 0, 1)
    incoherence = number("incoherence", incoherence, 0, ends="(]")
    n_rows, rank = integer("n_rows", n_rows, low=1), integer("rank", rank, low=1)
    norm = number("norm", norm, 0)
    density = number("density", density, 0, 1, ends="(]")
    root = incoherence * distance * norm
    return (1 - density) / density * rank / n_rows * root * root


def expected_contraction(*, incoherence: Number, n_rows: int, rank: int, condition: Number, density: Number) -> Any:
    r"""Root mean square factor by which the distance shrinks in a half-step, to first order.

    The inequality E \|G\|_F^2 <= (factor s_k d)^2 holds exactly (statement MC-E1-bound).

    Parameters
    ----------
    incoherence : number
        mu of U.
    n_rows, rank : int
        m and k.
    condition : number
        kappa of M.
    density : number
        p, in (0, 1].

    Returns
    -------
    number
        sqrt(((1 - p) / p) mu^2 k^2 / m) kappa.

    Raises
    ------
    TypeError
        If an argument is not a number of the required kind.
    ValueError
        If the density is not in (0, 1], `incoherence` not above 0, an integer below 1, or `condition` below 1.

    Proof
    -----
    Assumes: As in `driving_second_moment_bound`. To read the value as a contraction, the distance is small and the Gram
    matrices B_j are close to p I, both to first order; nobody checks that.

    Proof: `driving_second_moment_bound` with \|M\|_F^2 <= k s_1^2 is at most (factor s_k d)^2. To first order
    `contraction_bound` is \|F\| / s_k, and \|F\| is at most about \|G\|_F.

    Checked by: MC-E1-bound for the inequality; the passage to first order is not checked.

    Examples
    --------
    >>> float(expected_contraction(incoherence=1, n_rows=400, rank=2, condition=1, density=0.5))
    0.1
    """
    incoherence = number("incoherence", incoherence, 0, ends="(]")
    n_rows, rank = integer("n_rows", n_rows, low=1), integer("rank", rank, low=1)
    condition = number("condition", condition, 1)
    density = number("density", density, 0, 1, ends="(]")
    return np.sqrt(inexact((1 - density) / density / n_rows)) * incoherence * rank * condition


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
