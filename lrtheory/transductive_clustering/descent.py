r"""The bound optimizer: what a step takes off the energy, rates, cycles, and costs.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows; what needs no log or
exp also takes Fractions, the rest also balls of a rigorous arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.transductive_clustering.numeric import above, entropy, inner, plain, quadratic, table

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
    Z, W = table(assignments), table(affinity)
    tangent = -lam * quadratic(Z, W, at) + lam * quadratic(at, W) / 2
    return temperature * entropy(Z) + inner(costs, Z) + tangent


def majoriser_gap(assignments: Any, at: Any, affinity: Any, *, lam: Any) -> Any:
    r"""How far the bound lies above the energy, exactly (statement TC-T1).

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

    Proof
    -----
    The entropies and costs cancel, which leaves (lambda / 2) (tr(Z' W Z) - 2 tr(Z' W Z_i) + tr(Z_i' W Z_i)).
    For symmetric W this is a square; it is at least 0 for all pairs iff W is psd along zero-sum directions.

    Examples
    --------
    >>> majoriser_gap([[1, 0]], [[0, 1]], [[2]], lam=3)
    6.0
    """
    moved = table(assignments) - table(at)
    return plain(lam * quadratic(moved, affinity) / 2)


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

    Proof
    -----
    In the energy's bound A_i, T log s_l = lambda (W Z_i)_l - a_l - const a row for s = S(Z_i).
    So A_i(Z) = T sum z log(z / s) + const, hence A_i(Z) - A_i(S(Z_i)) = T KL(Z || S(Z_i)): the minimizer is S(Z_i).

    Examples
    --------
    >>> round(float(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]])), 6)
    0.693147
    """
    p, q = table(p), table(q)
    inside = p > 0
    return (p[inside] * (np.log(p[inside]) - np.log(q[inside]))).sum()


def energy_decrease(assignments: Any, new: Any, affinity: Any, *, lam: Any, temperature: Any) -> Any:
    r"""What one whole step takes off the energy, exactly, for every symmetric W (statement TC-T3).

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
    return temperature * kl_divergence(assignments, new) + majoriser_gap(new, assignments, affinity, lam=lam)


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
    moved = table(p) - table(q)
    return (moved * moved).sum(axis=-1)


def descent_bound(squared_step: Any, *, smallest_eigenvalue: Any, lam: Any, temperature: Any, damping: Any = 1) -> Any:
    r"""What a step takes off the energy at least (statement TC-T5).

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
    return damping * (temperature + lam * damping * smallest_eigenvalue / 2) * squared_step


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

    Proof
    -----
    `descent_bound` is not negative iff t lambda \|lambda_min\| <= 2 T.
    For lambda lambda_min >= -2 T this holds at t = 1; psd is more than is needed.

    Examples
    --------
    >>> safe_damping(-2.0, lam=2.0, temperature=1.0)
    0.5
    """
    depth = -lam * smallest_eigenvalue
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
    ValueError
        If the eigenvalue is not negative: then every weight is fine.

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
    return 2 * temperature / above("-smallest_eigenvalue", -smallest_eigenvalue)


def energy_without_logs(
    before: Any, after: Any, costs: Any, *, affinity: Any, lam: Any, temperature: Any, clamp: Any = None
) -> Any:
    r"""The energy after a whole step with one logarithm a row (statement TC-P10).

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
        Labels that are held; -1 is free.

    Returns
    -------
    float or ball
        R_T(S(Z)) = sum_p h_p + (lambda / 2) tr(Z' W Z) - (lambda / 2) tr(Delta' W Delta), where h_p = -T log
        sum_l exp((lambda (W Z)_pl - a_pl) / T) in free rows and a_p,y - lambda (W Z)_p,y in clamped ones.

    Proof
    -----
    The bound A_i at Z_i = Z has the value sum_p h_p + (lambda / 2) tr(Z' W Z) at its minimizer S(Z).
    Subtract `majoriser_gap` to come from the bound to the energy.

    Examples
    --------
    >>> Z = [[0.5, 0.5]]
    >>> round(float(energy_without_logs(Z, Z, [[0.0, 0.0]], affinity=[[0.0]], lam=1.0, temperature=1.0)), 6)
    -0.693147
    """
    Z, A, W = table(before), table(costs), table(affinity)
    logits = (lam * (W @ Z) - A) / temperature
    held = np.full(len(Z), -1) if clamp is None else table(clamp)
    free = held < 0
    highest = logits[free].max(axis=1)
    masses = highest + np.log(np.exp(logits[free] - highest[:, None]).sum(axis=1))
    own = logits[~free, held[~free].astype(int)]
    value = -temperature * (masses.sum() + own.sum())
    return value + lam * quadratic(Z, W) / 2 - majoriser_gap(after, Z, W, lam=lam)


def update_counts(n_edges: Any, n_clusters: Any, *, n_points: Any, n_free: Any = None) -> Any:
    r"""What one update costs (statement TC-C1).

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

    Notes
    -----
    That is the memory of one update. A run of `bound_update` on a sparse affinity also keeps the Z before the last one,
    to see cycles of two and to take back a part of a step, and two times four numbers a point: nnz + 4 N K + 8 N
    weights in all, beside the places of the nnz weights.

    Proof
    -----
    W Z takes a multiply-add an edge and cluster; each free row takes a softmax of K entries.
    Kept are W, and A, Z, and the next Z.

    Examples
    --------
    >>> update_counts(10, 3, n_points=4)
    {'flops': 30, 'exponentials': 12, 'memory': 46}
    """
    free = n_points if n_free is None else n_free
    return {
        "flops": n_edges * n_clusters,
        "exponentials": free * n_clusters,
        "memory": n_edges + 3 * n_points * n_clusters,
    }
