r"""The relaxations against the discrete problem: gaps and rounding.

Part of `theory`, where users find these functions. E(Z) = <A, Z> - (lambda / 2) tr(Z' W Z) is the concave relaxation,
E_lap(Z) = <A, Z> + (lambda / 2) tr(Z' (D - W) Z) the convex one, R_T(Z) = T sum z log z + E(Z).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import number, plain
from lrtheory._validation import integer
from lrtheory.transductive_clustering.theory.numeric import above_zero, quadratic, rows, square, table

__all__ = [
    "discrete_lower_bound",
    "entropy_bound",
    "laplacian_gap",
    "pair_energy",
    "rounding_bound",
    "row_replacement",
    "shift_constant",
    "vertex_gap",
]


def pair_energy(assignments: Any, costs: Any, affinity: Any, *, lam: Any) -> Any:
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


def vertex_gap(affinity: Any, *, lam: Any) -> Any:
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
    E_lap(Z) - E(Z) = (lambda / 2) tr(Z' D Z) = (lambda / 2) sum_p d_p \|z_p\|^2.
    The rows of labels have norm 1, and the degrees add up to sum_pq w_pq.

    Examples
    --------
    >>> vertex_gap([[0, 1], [1, 0]], lam=3)
    3.0
    """
    return plain(number("lam", lam, 0) * square(affinity).sum() / 2)


def laplacian_gap(assignments: Any, affinity: Any, *, lam: Any) -> Any:
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
    E_lap(Z) - E(Z) = (lambda / 2) sum_p d_p \|z_p\|^2; subtract it from (lambda / 2) sum_p d_p.
    Rows of the simplex have \|z\|^2 <= 1 with equality at vertices alone.

    Examples
    --------
    >>> laplacian_gap([[0.5, 0.5], [1.0, 0.0]], [[0, 1], [1, 0]], lam=2)
    0.5
    """
    Z, lam = rows("assignments", assignments), number("lam", lam, 0)
    degrees = square(affinity, len(Z)).sum(axis=1)
    return plain(lam * (degrees * (1 - (Z * Z).sum(axis=1))).sum() / 2)


def entropy_bound(n_free: int, n_clusters: int, *, temperature: Any) -> Any:
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
    -log K <= sum_l z_l log z_l <= 0 in each free row, so R_T lies between E - T N_F log K and E.
    The minimum of E over the simplices is that over labels when w_pp >= 0 (statement TC-S4).

    Examples
    --------
    >>> round(entropy_bound(3, 2, temperature=1.0), 6)
    2.079442
    """
    n_free, n_clusters = integer("n_free", n_free, low=0), integer("n_clusters", n_clusters, low=1)
    temperature = above_zero("temperature", temperature)
    return plain(temperature * n_free * np.log(n_clusters + 0 * temperature))


def discrete_lower_bound(energy: Any, n_free: int, n_clusters: int, *, temperature: Any) -> Any:
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
    R_T(Z) >= E(Z) - T N_F log K by `entropy_bound`.
    E(Z) >= E*, since rounding the rows one at a time never raises E (`row_replacement`).

    Examples
    --------
    >>> round(discrete_lower_bound(-1.0, 1, 2, temperature=1.0), 6)
    -1.693147
    """
    return number("energy", energy) - entropy_bound(n_free, n_clusters, temperature=temperature)


def rounding_bound(energy: Any, n_free: int, n_clusters: int, *, temperature: Any) -> Any:
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
    Put row p at the label that minimizes b_pl = a_pl - lambda sum_{q != p} w_pq z_ql. E as a function of row p alone is
    <b_p, z_p> - (lambda / 2) w_pp \|z_p\|^2 + const, concave for w_pp >= 0, so a vertex is best, and among vertices the
    last term is constant. E never rises, and E(Z) <= R_T(Z) + T N_F log K by `entropy_bound`.

    Examples
    --------
    >>> round(rounding_bound(-1.0, 1, 2, temperature=1.0), 6)
    -0.306853
    """
    return number("energy", energy) + entropy_bound(n_free, n_clusters, temperature=temperature)


def row_replacement(assignments: Any, costs: Any, affinity: Any, *, lam: Any, row: int, new: Any) -> Any:
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
    The terms of tr(Z' W Z) that hold row p are 2 sum_{q != p} w_pq z_p . z_q and w_pp \|z_p\|^2.
    So E is linear in row p but for -(lambda / 2) w_pp \|z_p\|^2, which is concave when w_pp >= 0.

    Examples
    --------
    >>> row_replacement([[1, 0], [0, 1]], [[0, 0], [0, 0]], [[0, 1], [1, 0]], lam=2, row=0, new=[0, 1])
    -2.0
    """
    Z, lam = table("assignments", assignments, shape=("N", "K")), number("lam", lam, 0)
    A, W = table("costs", costs, shape=Z.shape), square(affinity, len(Z))
    row, y = integer("row", row, low=0, high=len(Z) - 1), table("new", new, shape=Z.shape[1:])
    others = W[row] @ Z - W[row, row] * Z[row]
    linear = ((A[row] - lam * others) * (y - Z[row])).sum()
    return plain(linear - lam * W[row, row] * ((y * y).sum() - (Z[row] * Z[row]).sum()) / 2)


def shift_constant(shift: Any, n: int, *, lam: Any) -> Any:
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
    tr(Z' (W + delta I) Z) = tr(Z' W Z) + delta \|Z\|_F^2.
    For labels \|Z\|_F^2 = N, so all labels move by the same and the best ones stay; inside the simplices they do not.

    Examples
    --------
    >>> shift_constant(2, 3, lam=1)
    -3.0
    """
    lam, shift = number("lam", lam, 0), number("shift", shift)
    return -lam * shift * integer("n", n, low=0) / 2
