r"""The bound optimizer: what a step takes off the energy, divergences, damping, and what one update costs.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows. Formulas without log
and exp also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import divergence, entries, gathered, inexact, number, plain, table
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import integer, must
from lrtheory.transductive_clustering.theory.arguments import (
    entropy,
    labels,
    quadratic,
    rows,
    square,
    weights,
    with_columns,
)

__all__ = [
    "descent_bound",
    "energy_decrease",
    "energy_without_logs",
    "kl_divergence",
    "kl_lower_bound",
    "largest_monotone_lam",
    "majoriser",
    "majoriser_gap",
    "safe_damping",
    "update_counts",
]


def majoriser(
    assignments: ArrayLike,
    at: ArrayLike,
    costs: ArrayLike,
    *,
    affinity: ArrayLike | SparseArray,
    lam: Number,
    temperature: Number,
) -> Any:
    r"""The bound A_i(Z) that touches the energy at Z_i (statement TC-T1).

    Parameters
    ----------
    assignments : array of shape (N, K)
        Z, rows in the simplex.
    at : array of shape (N, K)
        Z_i, where the concave part is linearised.
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, symmetric.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or ball
        T sum z log z + <A, Z> - lambda tr(Z' W Z_i) + (lambda / 2) tr(Z_i' W Z_i).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, rows are not in the simplex, lambda is below 0, T is not above 0, or a number is
        not finite.

    Proof
    -----
    Assumes: W is symmetric and psd, which is a hypothesis of the statement and not checked here; lambda, T and the rows
    are checked.

    Proof: -(lambda / 2) tr(Z' W Z) is concave for psd W. Its tangent at Z_i is -lambda tr(Z' W Z_i) + (lambda / 2)
    tr(Z_i' W Z_i), and a tangent of a concave function lies above it and touches it at Z_i. The other terms of the
    energy are the same on both sides.

    Checked by: TC-T1.

    Examples
    --------
    >>> Z = [[0.5, 0.5]]
    >>> round(float(majoriser(Z, Z, [[0.0, 0.0]], affinity=[[1.0]], lam=2.0, temperature=1.0)), 6)
    -1.193147
    """
    lam, temperature = weights(lam, temperature)
    Z = rows("assignments", assignments)
    start, A, W = rows("at", at, shape=Z.shape), table("costs", costs, shape=Z.shape), square(affinity, len(Z))
    tangent = -lam * quadratic(Z, W, start) + lam * quadratic(start, W) / 2
    return temperature * entropy(Z) + (A * Z).sum() + tangent


def majoriser_gap(assignments: ArrayLike, at: ArrayLike, affinity: ArrayLike | SparseArray, *, lam: Number) -> Any:
    r"""Return the exact height of the bound A_i above the energy (statement TC-T1).

    Parameters
    ----------
    assignments : array of shape (N, K)
        Z, rows in the simplex.
    at : array of shape (N, K)
        Z_i.
    affinity : array of shape (N, N)
        W, symmetric.
    lam : number
        lambda.

    Returns
    -------
    number
        A_i(Z) - R_T(Z) = (lambda / 2) tr((Z - Z_i)' W (Z - Z_i)).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, lambda is below 0, or a number is not finite.

    Proof
    -----
    Assumes: W is symmetric, a hypothesis of the statement. The gap is an identity for every symmetric W; it is at least
    0 for all pairs iff W is psd along directions whose rows have the sum 0.

    Proof: Entropies and costs cancel in A_i(Z) - R_T(Z), which leaves (lambda / 2) (tr(Z' W Z) - 2 tr(Z' W Z_i) +
    tr(Z_i' W Z_i)). For symmetric W this is (lambda / 2) tr((Z - Z_i)' W (Z - Z_i)).

    Checked by: TC-T1.

    Examples
    --------
    >>> majoriser_gap([[1, 0]], [[0, 1]], [[2]], lam=3)
    6.0
    """
    Z, lam = table("assignments", assignments, shape=("N", "K")), number("lam", lam, 0)
    moved = Z - table("at", at, shape=Z.shape)
    return plain(lam * quadratic(moved, square(affinity, len(Z))) / 2)


def kl_divergence(p: ArrayLike, q: ArrayLike) -> Any:
    r"""KL(P || Q), summed over all rows (statement TC-T2).

    Parameters
    ----------
    p, q : array of shape (N, K)
        Rows in the simplex, q positive where p is.

    Returns
    -------
    float or ball
        sum p log(p / q), with 0 log 0 = 0.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, rows are not in the simplex, or q is 0 where p is not.

    Proof
    -----
    Assumes: q is positive where p is, and rows lie in the simplex; both are checked here.

    Proof: For s = S(Z_i), T log s_l = lambda (W Z_i)_l - a_l - c with one constant c per row. Insert this for the
    linear terms of the bound: A_i(Z) = T sum z log(z / s) + a constant. So A_i(Z) - A_i(S(Z_i)) = T KL(Z || S(Z_i)),
    which is 0 at S(Z_i) alone: the update is the minimizer of the bound.

    Checked by: TC-T2.

    Examples
    --------
    >>> round(float(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]])), 6)
    0.693147
    """
    P = rows("p", p)
    Q, inside = rows("q", q, shape=P.shape), P > 0
    if not (Q[inside] > 0).all():
        raise must("q", "positive where `p` is", Q)
    p, q = P[inside], Q[inside]
    inexact_p, inexact_q = inexact(p), inexact(q)
    if inexact_p.dtype.kind == inexact_q.dtype.kind == "f":
        # no term of the sum over all entries is negative, and what is outside of P comes off again
        return divergence(inexact_p, inexact_q).sum() - (inexact_q - inexact_p).sum()
    return (p * (np.log(inexact_p) - np.log(inexact_q))).sum()


def energy_decrease(
    assignments: ArrayLike, new: ArrayLike, affinity: ArrayLike | SparseArray, *, lam: Number, temperature: Number
) -> Any:
    r"""Return the exact decrease of the energy in one whole step, for every symmetric W (statement TC-T3).

    Parameters
    ----------
    assignments : array of shape (N, K)
        Z, rows in the simplex.
    new : array of shape (N, K)
        S(Z).
    affinity : array of shape (N, N)
        W, symmetric.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or ball
        R_T(Z) - R_T(S(Z)) = T KL(Z || S(Z)) + (lambda / 2) tr(Delta' W Delta), Delta = S(Z) - Z.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        As `kl_divergence` and `majoriser_gap`; if T is not above 0.

    Proof
    -----
    Assumes: W is symmetric, and `new` is S(Z); both are hypotheses of the statement.

    Proof: The bound A_i that touches the energy at Z_i = Z has A_i(Z) = R_T(Z). Its fall from Z to S(Z) is
    T KL(Z || S(Z)) by `kl_divergence`, and it lies (lambda / 2) tr(Delta' W Delta) above R_T at S(Z) by
    `majoriser_gap`. Both together are the fall of R_T.

    Checked by: TC-T3.

    Examples
    --------
    >>> Z = [[0.5, 0.5]]
    >>> float(energy_decrease(Z, Z, [[1.0]], lam=1.0, temperature=1.0))
    0.0
    """
    lam, temperature = weights(lam, temperature)
    Z = rows("assignments", assignments)
    after = rows("new", new, shape=Z.shape)
    return temperature * kl_divergence(Z, after) + majoriser_gap(after, Z, affinity, lam=lam)


def kl_lower_bound(p: ArrayLike, q: ArrayLike) -> Any:
    r"""A lower bound on KL(p || q), with the best constant (statement TC-T4).

    Parameters
    ----------
    p, q : array of shape (..., K)
        Rows in the simplex.

    Returns
    -------
    number or array of shape (...)
        sum_l (p_l - q_l)^2 <= KL(p || q), one number per row.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, or rows are not in the simplex.

    Proof
    -----
    Assumes: rows lie in the simplex, which is checked here.

    Proof: Pinsker's inequality says KL(p || q) >= \|p - q\|_1^2 / 2. The entries of delta = p - q have the sum 0, so
    its positive and its negative part both have the 1-norm \|delta\|_1 / 2, and the squared 2-norm of each is at most
    the square of that: \|delta\|_2^2 <= 2 (\|delta\|_1 / 2)^2 = \|delta\|_1^2 / 2. No factor above 1 would do: at
    p = (1/2 + e, 1/2 - e), q = (1/2, 1/2) the ratio of both sides tends to 1 as e tends to 0.

    Checked by: TC-T4.

    Examples
    --------
    >>> float(kl_lower_bound([1.0, 0.0], [0.5, 0.5]))
    0.5
    """
    P = rows("p", p, shape=None)
    moved = P - rows("q", q, shape=P.shape)
    return gathered((moved * moved).sum(axis=-1))


def descent_bound(
    squared_step: Number | ArrayLike,
    *,
    smallest_eigenvalue: Number,
    lam: Number,
    temperature: Number,
    damping: Number = 1,
) -> Any:
    r"""Return a lower bound on the decrease of the energy in one step (statement TC-T5).

    Parameters
    ----------
    squared_step : number or array of any shape
        \|S(Z) - Z\|_F^2, the whole step.
    smallest_eigenvalue : number
        lambda_min of the free block of W, or a number below it.
    lam, temperature : number
        lambda and T.
    damping : number
        t in (0, 1], the share of the step that is taken.

    Returns
    -------
    number or array of the same shape
        (t T + (lambda / 2) t^2 lambda_min) \|S(Z) - Z\|^2 <= R(Z) - R(Z + t (S(Z) - Z)).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a square is below 0, lambda is below 0, T is not above 0, the damping is not in (0, 1], or a number
        is not finite.

    Proof
    -----
    Assumes: W is symmetric, and the eigenvalue given is not above the smallest one of its free block; both are up to
    the caller. The ranges of lambda, T and the damping t are checked.

    Proof: For a whole step `energy_decrease` gives the fall T KL(Z || S(Z)) + (lambda / 2) tr(Delta' W Delta), with
    KL >= \|Delta\|^2 by `kl_lower_bound` and tr(Delta' W Delta) >= lambda_min \|Delta\|^2. For a part of a step, the
    bound A_i is convex, so A_i(Z) - A_i(Z + t Delta) >= t (A_i(Z) - A_i(S(Z))) = t T KL(Z || S(Z)), and A_i lies
    (lambda / 2) t^2 tr(Delta' W Delta) above R_T at Z + t Delta by `majoriser_gap`.

    Checked by: TC-T5 and TC-T5-damped.

    Examples
    --------
    >>> descent_bound(1.0, smallest_eigenvalue=-1, lam=3, temperature=1.0)
    -0.5
    """
    lam, temperature = weights(lam, temperature)
    squares = entries("squared_step", squared_step, 0)
    least, damping = number("smallest_eigenvalue", smallest_eigenvalue), number("damping", damping, 0, 1, ends="(]")
    return damping * (temperature + lam * damping * least / 2) * squares


def safe_damping(smallest_eigenvalue: Number, *, lam: Number, temperature: Number) -> Any:
    r"""The longest share of a step that cannot raise the energy (statement TC-T5).

    Parameters
    ----------
    smallest_eigenvalue : number
        lambda_min of the free block of W, or a number below it.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    number
        min(1, 2 T / (lambda \|lambda_min\|)); 1 where lambda_min >= 0.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If lambda is below 0, T is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: W is symmetric, and the eigenvalue given is not above the smallest one of its free block; both are up to
    the caller.

    Proof: `descent_bound` is not negative iff t lambda \|lambda_min\| <= 2 T or lambda_min >= 0. Whole steps (t = 1)
    satisfy this iff lambda lambda_min >= -2 T, so a psd affinity is more than they need.

    Checked by: TC-T5-damped.

    Examples
    --------
    >>> safe_damping(-2.0, lam=2.0, temperature=1.0)
    0.5
    """
    lam, temperature = weights(lam, temperature)
    depth = -lam * number("smallest_eigenvalue", smallest_eigenvalue)
    return 2 * temperature / depth if depth > 2 * temperature else 1


def largest_monotone_lam(smallest_eigenvalue: Number, *, temperature: Number) -> Any:
    r"""The largest weight for which whole steps never raise the energy (statement TC-T5).

    Parameters
    ----------
    smallest_eigenvalue : number
        lambda_min of W, below 0.
    temperature : number
        T.

    Returns
    -------
    number
        2 T / \|lambda_min\|.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the eigenvalue is not negative, since then every weight is fine, or T is not above 0.

    Proof
    -----
    Assumes: W is symmetric, and the eigenvalue given is not above the smallest one of its free block; both are up to
    the caller.

    Proof: T + (lambda / 2) lambda_min >= 0 in `descent_bound` is lambda <= 2 T / \|lambda_min\|. No larger weight
    would do for all problems: on two points with lambda_min = -1 the energy rises for every lambda above 2 T from
    starts near the uniform point, see `two_point_threshold`.

    Checked by: TC-T5, and TC-N1 for the two points.

    Examples
    --------
    >>> largest_monotone_lam(-4, temperature=2)
    1.0
    """
    least = number("smallest_eigenvalue", smallest_eigenvalue, high=0, ends="[)")
    return 2 * number("temperature", temperature, 0, ends="(]") / -least


def energy_without_logs(
    before: ArrayLike,
    after: ArrayLike,
    costs: ArrayLike,
    *,
    affinity: ArrayLike | SparseArray,
    lam: Number,
    temperature: Number,
    clamp: ArrayLike | None = None,
) -> Any:
    r"""The energy after a whole step with one logarithm per row (statement TC-P10).

    Parameters
    ----------
    before, after : array of shape (N, K)
        Z and S(Z).
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, symmetric.
    lam, temperature : number
        lambda and T.
    clamp : int array of shape (N,), or None
        Labels of the clamped points; -1 is free.

    Returns
    -------
    float or ball
        R_T(S(Z)) = sum_p h_p + (lambda / 2) tr(Z' W Z) - (lambda / 2) tr(Delta' W Delta), where h_p = -T log
        sum_l exp((lambda (W Z)_pl - a_pl) / T) in free rows and a_p,y - lambda (W Z)_p,y in clamped ones.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, labels are not in [-1, K), lambda is below 0, T is not above 0, or a number is not
        finite.

    Proof
    -----
    Assumes: W is symmetric, `after` is S(Z), and clamped rows of Z stand at their labels; these are up to the caller.

    Proof: As a function of a free row, the bound A_i at Z_i = Z is T sum z log z + <a - lambda (W Z), z>, with the
    minimum h_p; in a clamped row it has the value h_p of its label, without an entropy. So A_i(S(Z)) = sum_p h_p +
    (lambda / 2) tr(Z' W Z), and R_T(S(Z)) lies `majoriser_gap` below.

    Checked by: TC-P10.

    Examples
    --------
    >>> Z = [[0.5, 0.5]]
    >>> round(float(energy_without_logs(Z, Z, [[0.0, 0.0]], affinity=[[0.0]], lam=1.0, temperature=1.0)), 6)
    -0.693147
    """
    lam, temperature = weights(lam, temperature)
    Z = with_columns("before", before)
    new, A = (table(name, x, shape=Z.shape) for name, x in (("after", after), ("costs", costs)))
    W = square(affinity, len(Z))
    logits = inexact((lam * (W @ Z) - A) / temperature)
    clamped = np.full(len(Z), -1) if clamp is None else labels("clamp", clamp, *Z.shape)
    free = clamped < 0
    highest = logits[free].max(axis=1)
    masses = highest + np.log(np.exp(logits[free] - highest[:, None]).sum(axis=1))
    own = logits[~free, clamped[~free]]
    value = -temperature * (masses.sum() + own.sum())
    return value + lam * quadratic(Z, W) / 2 - majoriser_gap(new, Z, W, lam=lam)


def update_counts(n_edges: int, n_clusters: int, *, n_points: int, n_free: int | None = None) -> Any:
    r"""Return the operations and the memory of one update (statement TC-C1).

    Parameters
    ----------
    n_edges : int
        Stored entries of W.
    n_clusters : int
        K.
    n_points : int
        N.
    n_free : int or None
        N_F; None is N.

    Returns
    -------
    dict
        ``flops`` nnz K multiply-adds, ``exponentials`` N_F K, and ``memory`` nnz + 3 N K numbers.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If one is below 0, K is 0, or there are more free rows than rows.

    Notes
    -----
    That is the memory of one update. A run of `bound_update` on a sparse affinity also keeps the Z before the last one,
    to see cycles of two and to take back a part of a step: nnz + 4 N K numbers in all, beside the indices of the nnz
    weights and a few sums over each block of rows.

    Proof
    -----
    Assumes: every stored entry of W is used once per cluster; the counts are integers, which is checked here.

    Proof: W Z takes one multiply-add per edge and cluster, and each free row one softmax of K entries. The update
    keeps the nnz entries of W and three tables of N K numbers: A, Z, and the next Z.

    Checked by: TC-C1.

    Examples
    --------
    >>> update_counts(10, 3, n_points=4)
    {'flops': 30, 'exponentials': 12, 'memory': 46}
    """
    n_edges, n_clusters = integer("n_edges", n_edges, low=0), integer("n_clusters", n_clusters, low=1)
    n_points = integer("n_points", n_points, low=0)
    free = n_points if n_free is None else integer("n_free", n_free, low=0, high=n_points)
    return {
        "flops": n_edges * n_clusters,
        "exponentials": free * n_clusters,
        "memory": n_edges + 3 * n_points * n_clusters,
    }
