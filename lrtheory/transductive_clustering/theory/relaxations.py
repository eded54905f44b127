r"""The relaxations beside the discrete problem: gaps, rounding, and what is left when the temperature falls.

Part of `theory`, where users find these functions. E(Z) = <A, Z> - (lambda / 2) tr(Z' W Z) is the concave relaxation,
E_lap(Z) = <A, Z> + (lambda / 2) tr(Z' (D - W) Z) the convex one, R_T(Z) = T sum z log z + E(Z).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import entries, in_range, inexact, number, plain, table
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import integer
from lrtheory.transductive_clustering.theory.arguments import quadratic, rows, square, with_columns

__all__ = [
    "discrete_lower_bound",
    "entropy_bound",
    "hard_limit_gap",
    "hard_temperature",
    "laplacian_gap",
    "log_partition",
    "pair_energy",
    "rounding_bound",
    "row_replacement",
    "shift_constant",
    "vertex_gap",
]


def pair_energy(assignments: ArrayLike, costs: ArrayLike, affinity: ArrayLike | SparseArray, *, lam: Number) -> Any:
    r"""E(Z), the energy without entropy (statement TC-S1).

    Parameters
    ----------
    assignments, costs : array of shape (N, K)
        Z and A.
    affinity : array of shape (N, N)
        W.
    lam : number
        lambda.

    Returns
    -------
    number
        <A, Z> - (lambda / 2) tr(Z' W Z).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, lambda is below 0, or a number is not finite.

    Examples
    --------
    >>> pair_energy([[1, 0], [1, 0]], [[0, 1], [0, 1]], [[0, 1], [1, 0]], lam=3)
    -3.0
    """
    Z, lam = table("assignments", assignments, shape=("N", "K")), number("lam", lam, 0)
    A, W = table("costs", costs, shape=Z.shape), square(affinity, len(Z))
    return plain((A * Z).sum() - lam * quadratic(Z, W) / 2)


def vertex_gap(affinity: ArrayLike | SparseArray, *, lam: Number) -> Any:
    r"""Return E_lap - E on labels, which is a constant (statement TC-S1).

    Parameters
    ----------
    affinity : array of shape (N, N)
        W.
    lam : number
        lambda.

    Returns
    -------
    number
        (lambda / 2) sum_pq w_pq.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If the affinity is not square, lambda is below 0, or a number is not finite.

    Proof
    -----
    Assumes: the rows of Z are labels (one entry 1, all others 0), a hypothesis of the statement.

    Proof: E_lap(Z) - E(Z) = (lambda / 2) tr(Z' D Z) = (lambda / 2) sum_p d_p \|z_p\|^2, D the diagonal matrix of the
    degrees d_p = sum_q w_pq. Rows of labels have norm 1, and the degrees add up to sum_pq w_pq.

    Checked by: TC-S1.

    Examples
    --------
    >>> vertex_gap([[0, 1], [1, 0]], lam=3)
    3.0
    """
    return plain(number("lam", lam, 0) * square(affinity).sum() / 2)


def laplacian_gap(assignments: ArrayLike, affinity: ArrayLike | SparseArray, *, lam: Number) -> Any:
    r"""Return the exact gap between the convex relaxation and the concave one above it (statement TC-S2).

    Parameters
    ----------
    assignments : array of shape (N, K)
        Z, rows in the simplex.
    affinity : array of shape (N, N)
        W, not negative.
    lam : number
        lambda.

    Returns
    -------
    number
        E(Z) - (E_lap(Z) - (lambda / 2) sum w) = (lambda / 2) sum_p d_p (1 - \|z_p\|^2), at least 0.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, rows are not in the simplex, lambda is below 0, or a number is not finite.

    Proof
    -----
    Assumes: rows lie in the simplex, which is checked; that W has no negative entry is a hypothesis of the statement,
    and needed for the sign alone.

    Proof: E_lap(Z) - E(Z) = (lambda / 2) sum_p d_p \|z_p\|^2, as in `vertex_gap`; subtract it from (lambda / 2) sum_p
    d_p = (lambda / 2) sum_pq w_pq. Rows of the simplex have \|z\|^2 <= 1, with equality at vertices alone.

    Checked by: TC-S2.

    Examples
    --------
    >>> laplacian_gap([[0.5, 0.5], [1.0, 0.0]], [[0, 1], [1, 0]], lam=2)
    0.5
    """
    Z, lam = rows("assignments", assignments), number("lam", lam, 0)
    degrees = square(affinity, len(Z)).sum(axis=1)
    return plain(lam * (degrees * (1 - (Z * Z).sum(axis=1))).sum() / 2)


def entropy_bound(n_free: int, n_clusters: int, *, temperature: Number) -> Any:
    r"""Return the most that the entropy can lower the energy (statements TC-S3 and TC-S5).

    Parameters
    ----------
    n_free, n_clusters : int
        N_F free rows and K clusters.
    temperature : number
        T.

    Returns
    -------
    float
        T N_F log K, so that E* - T N_F log K <= min R_T <= E*.

    Raises
    ------
    TypeError
        If T is not a number, or a size is not an integer.
    ValueError
        If N_F is below 0, K is below 1, or T is not above 0.

    Proof
    -----
    Assumes: for the upper end of the interval, that w_pp >= 0, so that E is least at labels (TC-S4).

    Proof: -log K <= sum_l z_l log z_l <= 0 in each free row, and the sum is 0 in a clamped one, so E(Z) - T N_F log K
    <= R_T(Z) <= E(Z). Take the minimum over the simplices: that of E is E*, the minimum over labels.

    Checked by: TC-S3 and TC-S5.

    Examples
    --------
    >>> round(entropy_bound(3, 2, temperature=1.0), 6)
    2.079442
    """
    n_free, n_clusters = integer("n_free", n_free, low=0), integer("n_clusters", n_clusters, low=1)
    temperature = number("temperature", temperature, 0, ends="(]")
    return plain(temperature * n_free * np.log(inexact(n_clusters + 0 * temperature)))


def discrete_lower_bound(energy: Number, n_free: int, n_clusters: int, *, temperature: Number) -> Any:
    r"""Return a lower bound on the relaxed energy, from the least energy of labels (statement TC-S3).

    Parameters
    ----------
    energy : number
        E*, the least energy of labels.
    n_free, n_clusters : int
        N_F and K.
    temperature : number
        T.

    Returns
    -------
    float
        E* - T N_F log K <= R_T(Z) for all Z, when w_pp >= 0.

    Raises
    ------
    TypeError
        If an argument is not a number, or a size is not an integer.
    ValueError
        If N_F is below 0, K is below 1, T is not above 0, or the energy is not finite.

    Proof
    -----
    Assumes: W is symmetric with w_pp >= 0, a hypothesis of the statement, and E* is the least energy of labels.

    Proof: R_T(Z) >= E(Z) - T N_F log K by `entropy_bound`. Rounding the rows one at a time never raises E
    (`row_replacement`) and ends at labels, so E(Z) >= E*.

    Checked by: TC-S3.

    Examples
    --------
    >>> round(discrete_lower_bound(-1.0, 1, 2, temperature=1.0), 6)
    -1.693147
    """
    return number("energy", energy) - entropy_bound(n_free, n_clusters, temperature=temperature)


def rounding_bound(energy: Number, n_free: int, n_clusters: int, *, temperature: Number) -> Any:
    r"""The largest energy of labels after sequential rounding (statement TC-S5).

    Parameters
    ----------
    energy : number
        R_T(Z) of the assignments.
    n_free, n_clusters : int
        N_F and K.
    temperature : number
        T.

    Returns
    -------
    float
        R_T(Z) + T N_F log K >= E(Z) >= E(labels).

    Raises
    ------
    TypeError
        If an argument is not a number, or a size is not an integer.
    ValueError
        If N_F is below 0, K is below 1, T is not above 0, or the energy is not finite.

    Proof
    -----
    Assumes: W is symmetric with w_pp >= 0, which `round_assignments` checks.

    Proof: Put row p at the label that minimizes b_pl = a_pl - lambda sum_{q != p} w_pq z_ql. As a function of row p
    alone, E is <b_p, z_p> - (lambda / 2) w_pp \|z_p\|^2 + a constant, concave for w_pp >= 0, so a vertex is best, and
    among vertices the quadratic term is constant. So E never rises, and E(Z) <= R_T(Z) + T N_F log K by
    `entropy_bound`.

    Checked by: TC-S5.

    Examples
    --------
    >>> round(rounding_bound(-1.0, 1, 2, temperature=1.0), 6)
    -0.306853
    """
    return number("energy", energy) + entropy_bound(n_free, n_clusters, temperature=temperature)


def row_replacement(
    assignments: ArrayLike,
    costs: ArrayLike,
    affinity: ArrayLike | SparseArray,
    *,
    lam: Number,
    row: int,
    new: ArrayLike,
) -> Any:
    r"""Return the exact change of E when one row is replaced (statement TC-P8).

    Parameters
    ----------
    assignments, costs : array of shape (N, K)
        Z and A.
    affinity : array of shape (N, N)
        W, symmetric.
    lam : number
        lambda.
    row : int
        p.
    new : array of shape (K,)
        The row y that takes the place of z_p.

    Returns
    -------
    number
        <a_p - lambda sum_{q != p} w_pq z_q, y - z_p> - (lambda / 2) w_pp (\|y\|^2 - \|z_p\|^2).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, there is no such row, lambda is below 0, or a number is not finite.

    Proof
    -----
    Assumes: W is symmetric, a hypothesis of the statement; the row need not lie in the simplex.

    Proof: The terms of tr(Z' W Z) that hold row p are 2 sum_{q != p} w_pq z_p . z_q and w_pp \|z_p\|^2. So E is linear
    in row p up to the term -(lambda / 2) w_pp \|z_p\|^2, which is concave when w_pp >= 0.

    Checked by: TC-P8 and TC-S4.

    Examples
    --------
    >>> row_replacement([[1, 0], [0, 1]], [[0, 0], [0, 0]], [[0, 1], [1, 0]], lam=2, row=0, new=[0, 1])
    -2.0
    """
    Z, lam = table("assignments", assignments, shape=("N", "K")), number("lam", lam, 0)
    A, W = table("costs", costs, shape=Z.shape), square(affinity, len(Z))
    row, y = integer("row", row, low=0, high=len(Z) - 1), table("new", new, shape=Z.shape[1:])

    def change(lam: Any, Z: np.ndarray, costs: np.ndarray, weights: np.ndarray, y: np.ndarray) -> Any:
        moved = y - Z[row]
        linear = ((costs - lam * (weights @ Z - weights[row] * Z[row])) * moved).sum()
        return linear - lam * weights[row] * (moved * (y + Z[row])).sum() / 2

    return plain(in_range(change, lam, Z, A[row], W[row], y))


def shift_constant(shift: Number, n: int, *, lam: Number) -> Any:
    r"""Return the change of E on labels when a shift is added to the diagonal of W (statement TC-S1).

    Parameters
    ----------
    shift : number
        delta.
    n : int
        N.
    lam : number
        lambda.

    Returns
    -------
    number
        -(lambda / 2) delta N.

    Raises
    ------
    TypeError
        If an argument is not a number, or N is not an integer.
    ValueError
        If N is below 0, lambda is below 0, or a number is not finite.

    Proof
    -----
    Assumes: the rows of Z are labels (one entry 1, all others 0), a hypothesis of the statement.

    Proof: tr(Z' (W + delta I) Z) = tr(Z' W Z) + delta \|Z\|_F^2, and labels have \|Z\|_F^2 = N. So the energies of all
    labels change by the same number, and the best labels stay the best. Inside the simplices \|Z\|_F^2 varies.

    Checked by: TC-S1-shift.

    Examples
    --------
    >>> shift_constant(2, 3, lam=1)
    -3.0
    """
    lam, shift = number("lam", lam, 0), number("shift", shift)
    return -lam * shift * integer("n", n, low=0) / 2


def hard_limit_gap(gap: Number | ArrayLike, n_clusters: int, *, temperature: Number) -> Any:
    r"""Return a bound on the distance of a softmax from a label (statement TC-S6).

    Parameters
    ----------
    gap : number or array of any shape
        g > 0, the second smallest minus the smallest of b_l = a_pl - lambda (W Z)_pl.
    n_clusters : int
        K.
    temperature : number
        T.

    Returns
    -------
    float or array
        (K - 1) exp(-g / T) >= 1 - max_l z_pl.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a gap is below 0, K is below 2, or T is not above 0.

    Proof
    -----
    Assumes: g is the gap between the two smallest b_l of the row, which is up to the caller.

    Proof: 1 - max z = s / (1 + s) <= s with s = sum_{l not best} exp(-(b_l - b_best) / T). Each of the K - 1 terms is
    at most exp(-g / T).

    Checked by: TC-S6.

    Examples
    --------
    >>> round(float(hard_limit_gap(2.0, 3, temperature=1.0)), 6)
    0.270671
    """
    gaps, n_clusters = entries("gap", gap, 0), integer("n_clusters", n_clusters, low=2)
    temperature = number("temperature", temperature, 0, ends="(]")
    return (n_clusters - 1) * np.exp(inexact(-gaps / temperature))


def hard_temperature(gap: Number, n_clusters: int, *, epsilon: Number = 1e-16) -> Any:
    r"""A temperature at which every softmax is a label up to a tolerance (statement TC-S6).

    Parameters
    ----------
    gap : number
        The smallest gap g > 0 of a row.
    n_clusters : int
        K, at least 2.
    epsilon : number
        Largest weight, in (0, 1), that the softmax may give to all clusters but the best one together.

    Returns
    -------
    float
        g / log((K - 1) / epsilon).

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the gap is not above 0, K is below 2, or the tolerance is not in (0, 1).

    Proof
    -----
    Assumes: g > 0 is at most the gap of every row, which is up to the caller.

    Proof: (K - 1) exp(-g / T) <= epsilon is T <= g / log((K - 1) / epsilon), where the logarithm is positive since
    epsilon < 1. Then 1 - max z <= epsilon by `hard_limit_gap`, and the largest entry of a softmax stands where the cost
    is least.

    Checked by: TC-S6-lloyd.

    Examples
    --------
    >>> round(float(hard_temperature(1.0, 11, epsilon=1e-15)), 6)
    0.027143
    """
    gap, n_clusters = number("gap", gap, 0, ends="(]"), integer("n_clusters", n_clusters, low=2)
    return gap / np.log(inexact((n_clusters - 1) / number("epsilon", epsilon, 0, 1, ends="()")))


def log_partition(costs: ArrayLike, *, temperature: Number) -> Any:
    r"""The energy after an update without pairs: the free energy of expectation maximization (statement TC-S7).

    Parameters
    ----------
    costs : array of shape (N, K)
        A.
    temperature : number
        T.

    Returns
    -------
    float
        -T sum_p log sum_l exp(-a_pl / T).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If T is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: lambda = 0, and no row is clamped.

    Proof: For z = softmax(-a / T), T log z_l = -a_l - T log sum exp(-a / T), so T sum z log z + a . z is -T log sum
    exp(-a / T). With squared distances as costs the sum is T times the negative log-likelihood, up to constants, of a
    mixture with equal weights and covariances (T / 2) I, and the soft means are its M-step.

    Checked by: TC-S7.

    Examples
    --------
    >>> round(float(log_partition([[0.0, 0.0]], temperature=1.0)), 6)
    -0.693147
    """
    temperature = number("temperature", temperature, 0, ends="(]")
    A = with_columns("costs", costs)
    lowest = A.min(axis=1)
    return (lowest - temperature * np.log(np.exp(inexact((lowest[:, None] - A) / temperature)).sum(axis=1))).sum()
