r"""The bound optimizer: what a step takes off the energy, divergences, and damping.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows; what needs no log or
exp also takes Fractions, the rest also balls of a rigorous arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number, plain
from lrtheory._validation import must
from lrtheory.transductive_clustering.theory.numeric import (
    above_zero,
    entries,
    entropy,
    quadratic,
    rows,
    square,
    table,
    weights,
)

__all__ = [
    "descent_bound",
    "energy_decrease",
    "kl_divergence",
    "kl_lower_bound",
    "largest_monotone_lam",
    "majoriser",
    "majoriser_gap",
    "safe_damping",
]


def majoriser(assignments: Any, at: Any, costs: Any, *, affinity: Any, lam: Any, temperature: Any) -> Any:
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
    -(lambda / 2) tr(Z' W Z) is concave for psd W, and its tangent at Z_i is -lambda tr(Z' W Z_i) + (lambda / 2)
    tr(Z_i' W Z_i).
    A tangent of a concave function lies above it and touches it at Z_i.

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


def majoriser_gap(assignments: Any, at: Any, affinity: Any, *, lam: Any) -> Any:
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
    The entropies and costs cancel, which leaves (lambda / 2) (tr(Z' W Z) - 2 tr(Z' W Z_i) + tr(Z_i' W Z_i)).
    For symmetric W this is a square; it is at least 0 for all pairs iff W is psd along zero-sum directions.

    Examples
    --------
    >>> majoriser_gap([[1, 0]], [[0, 1]], [[2]], lam=3)
    6.0
    """
    Z, lam = table("assignments", assignments, shape=("N", "K")), number("lam", lam, 0)
    moved = Z - table("at", at, shape=Z.shape)
    return plain(lam * quadratic(moved, square(affinity, len(Z))) / 2)


def kl_divergence(p: Any, q: Any) -> Any:
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
    In the energy's bound A_i, T log s_l = lambda (W Z_i)_l - a_l - const a row for s = S(Z_i).
    So A_i(Z) = T sum z log(z / s) + const, hence A_i(Z) - A_i(S(Z_i)) = T KL(Z || S(Z_i)): the minimizer is S(Z_i).

    Examples
    --------
    >>> round(float(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]])), 6)
    0.693147
    """
    p = rows("p", p)
    q, inside = rows("q", q, shape=p.shape), p > 0
    if not (q[inside] > 0).all():
        raise must("q", "positive where `p` is", q)
    return (p[inside] * (np.log(p[inside]) - np.log(q[inside]))).sum()


def energy_decrease(assignments: Any, new: Any, affinity: Any, *, lam: Any, temperature: Any) -> Any:
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
    R(Z) = A_i(Z) at Z_i = Z, and A_i(Z) - A_i(S(Z)) = T KL(Z || S(Z)) by `kl_divergence`.
    A_i(S(Z)) - R(S(Z)) = (lambda / 2) tr(Delta' W Delta) by `majoriser_gap`. Add both.

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


def kl_lower_bound(p: Any, q: Any) -> Any:
    r"""A lower bound on KL(p || q), with the best constant (statement TC-T4).

    Parameters
    ----------
    p, q : array of shape (..., K)
        Rows in the simplex.

    Returns
    -------
    number or array of shape (...)
        sum_l (p_l - q_l)^2 <= KL(p || q), an entry a row.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, or rows are not in the simplex.

    Proof
    -----
    Pinsker: KL(p || q) >= \|p - q\|_1^2 / 2.
    delta = p - q has sum 0, so its positive and its negative part have the same sum \|delta\|_1 / 2, and their squared
    norms are at most its square: \|delta\|_2^2 <= 2 (\|delta\|_1 / 2)^2 = \|delta\|_1^2 / 2.
    At p = (1/2 + e, 1/2 - e), q = (1/2, 1/2) the ratio tends to 1 as e -> 0.

    Examples
    --------
    >>> float(kl_lower_bound([1.0, 0.0], [0.5, 0.5]))
    0.5
    """
    p = rows("p", p, shape=())
    moved = p - rows("q", q, shape=p.shape)
    return (moved * moved).sum(axis=-1)


def descent_bound(squared_step: Any, *, smallest_eigenvalue: Any, lam: Any, temperature: Any, damping: Any = 1) -> Any:
    r"""Return a lower bound on the decrease of the energy in one step (statement TC-T5).

    Parameters
    ----------
    squared_step : number or array
        \|S(Z) - Z\|_F^2, the whole step.
    smallest_eigenvalue : number
        lambda_min of the free block of W, or a number below it.
    lam, temperature : number
        lambda and T.
    damping : number
        t in (0, 1], the share of the step that is taken.

    Returns
    -------
    number or array
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
    A whole step: `energy_decrease`, KL >= \|Delta\|^2 by `kl_lower_bound`, tr(Delta' W Delta) >= lambda_min
    \|Delta\|^2.
    A part of one: A_i is convex, so A_i(Z) - A_i(Z + t Delta) >= t (A_i(Z) - A_i(S(Z))) = t T KL(Z || S(Z)), and
    A_i - R at Z + t Delta is (lambda / 2) t^2 tr(Delta' W Delta).

    Examples
    --------
    >>> descent_bound(1.0, smallest_eigenvalue=-1, lam=3, temperature=1.0)
    -0.5
    """
    lam, temperature = weights(lam, temperature)
    squared_step = entries("squared_step", squared_step, 0)
    least, damping = number("smallest_eigenvalue", smallest_eigenvalue), number("damping", damping, 0, 1, ends="(]")
    return damping * (temperature + lam * damping * least / 2) * squared_step


def safe_damping(smallest_eigenvalue: Any, *, lam: Any, temperature: Any) -> Any:
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
    `descent_bound` is not negative iff t lambda \|lambda_min\| <= 2 T.
    For lambda lambda_min >= -2 T this holds at t = 1; psd is more than is needed.

    Examples
    --------
    >>> safe_damping(-2.0, lam=2.0, temperature=1.0)
    0.5
    """
    lam, temperature = weights(lam, temperature)
    depth = -lam * number("smallest_eigenvalue", smallest_eigenvalue)
    return 2 * temperature / depth if depth > 2 * temperature else 1


def largest_monotone_lam(smallest_eigenvalue: Any, *, temperature: Any) -> Any:
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
    T + (lambda / 2) lambda_min >= 0 in `descent_bound`.
    It is the best constant: on two points with lambda_min = -1 the energy rises for every lambda above
    2 T from starts near the uniform point, see `two_point_threshold`.

    Examples
    --------
    >>> largest_monotone_lam(-4, temperature=2)
    1.0
    """
    least = number("smallest_eigenvalue", smallest_eigenvalue, high=0, ends="[)")
    return 2 * above_zero("temperature", temperature) / -least
