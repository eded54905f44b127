r"""The limits of the updates: summable steps, rates, cycles, and the two-step value that never rises.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows. Formulas without log
and exp also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import entries, inexact, number, plain, table
from lrtheory._types import ArrayLike, Number, SparseArray
from lrtheory._validation import integer, must
from lrtheory.transductive_clustering.theory.arguments import entropy, quadratic, rows, square, weights, with_columns
from lrtheory.transductive_clustering.theory.descent import kl_divergence

__all__ = [
    "contraction_factor",
    "energy_lower_bound",
    "fixed_point_distance",
    "kkt_bound",
    "summability_bound",
    "two_step_decrease",
    "two_step_value",
    "uniform_rate",
]


def energy_lower_bound(
    costs: ArrayLike, affinity: ArrayLike | SparseArray, *, n_free: int, lam: Number, temperature: Number
) -> Any:
    r"""A number below every energy (statement TC-T6).

    Parameters
    ----------
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, not negative.
    n_free : int
        N_F, rows that are not clamped.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or ball
        sum_p min_l a_pl - (lambda / 2) sum_pq w_pq - T N_F log K; the sums run over all rows.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, N_F is not in [0, N], lambda is below 0, T is not above 0, or a number is not
        finite.

    Proof
    -----
    Assumes: no entry of W is negative, a hypothesis of the statement.

    Proof: <A, Z> >= sum_p min_l a_pl, since rows are in the simplex. z_p . z_q <= 1, so tr(Z' W Z) <= sum_pq w_pq.
    sum_l z_l log z_l is at least -log K in a free row, and 0 in a clamped one.

    Checked by: TC-T6 and, for turns with prototypes, TC-T10.

    Examples
    --------
    >>> round(float(energy_lower_bound([[0.0, 1.0]], [[0.0]], n_free=1, lam=1.0, temperature=1.0)), 6)
    -0.693147
    """
    lam, temperature = weights(lam, temperature)
    A = with_columns("costs", costs)
    W, n_free = square(affinity, len(A)), integer("n_free", n_free, low=0, high=len(A))
    lowest = A.min(axis=1).sum() - lam * W.sum() / 2
    return plain(lowest - temperature * n_free * np.log(inexact(A.shape[1] + 0 * temperature)))


def summability_bound(
    start: Number, lower: Number, *, smallest_eigenvalue: Number, lam: Number, temperature: Number
) -> Any:
    r"""A bound on the sum of all squared steps (statement TC-T6).

    Parameters
    ----------
    start : number
        R(Z_0).
    lower : number
        Any number below all energies, such as `energy_lower_bound`.
    smallest_eigenvalue : number
        lambda_min of the free block.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    number
        (R(Z_0) - R_lb) / T' with T' = T + (lambda / 2) min(lambda_min, 0); the least of n squared steps is at
        most 1/n of it.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If lambda is below 0, T is not above 0, T' is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: the steps are whole ones, and R_lb is below all energies; both are up to the caller. T' > 0 is checked.

    Proof: Each squared step times T' is at most the fall of the energy in this step, by `descent_bound`. The falls add
    up to at most R(Z_0) - R_lb, and the least of n terms is at most 1/n of their sum.

    Checked by: TC-T6.

    Examples
    --------
    >>> summability_bound(1.0, 0.0, smallest_eigenvalue=-1, lam=1, temperature=1.0)
    2.0
    """
    lam, temperature = weights(lam, temperature)
    least = number("smallest_eigenvalue", smallest_eigenvalue)
    margin = temperature + lam * (least if least < 0 else 0) / 2
    if not margin > 0:
        raise must("smallest_eigenvalue", "above -2 temperature / lam", least)
    start, lower = number("start", start), number("lower", lower)
    return (start - lower) / margin


def kkt_bound(step: Number | ArrayLike, *, spectral_norm: Number, lam: Number) -> Any:
    r"""A bound on the gradient of the energy along the simplices after a step (statement TC-T6).

    Parameters
    ----------
    step : number or array of any shape
        \|Z_{i+1} - Z_i\|_F, a whole step.
    spectral_norm : number
        \|W\|.
    lam : number
        lambda.

    Returns
    -------
    number or array of the same shape
        lambda \|W\| \|Z_{i+1} - Z_i\|_F.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a number is below 0 or not finite.

    Proof
    -----
    Assumes: W is symmetric, and the step is a whole one; both are hypotheses of the statement.

    Proof: The gradient at Z_{i+1} is T (log Z_{i+1} + 1) + A - lambda W Z_{i+1}, and T log Z_{i+1} = lambda W Z_i - A
    + a constant per row. So it is -lambda W Delta + a constant per row. Its part along the simplices is a projection,
    which removes the constants and makes nothing longer.

    Checked by: TC-T6-kkt.

    Examples
    --------
    >>> kkt_bound(0.5, spectral_norm=2, lam=3)
    3.0
    """
    steps, norm = entries("step", step, 0), number("spectral_norm", spectral_norm, 0)
    return number("lam", lam, 0) * norm * steps


def contraction_factor(spectral_norm: Number, *, lam: Number, temperature: Number) -> Any:
    r"""The Lipschitz constant of the update, for any W (statement TC-T7).

    Parameters
    ----------
    spectral_norm : number
        \|W\|.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    number
        lambda \|W\| / (2 T); below 1 there is one fixed point, approached at that rate from every start.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the norm is below 0, lambda is below 0, T is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: the norm given is not below the one of W; W may be directed and have entries of any sign.

    Proof: The Jacobian of a softmax is diag(s) - s s', and v' (diag(s) - s s') v is the variance of v under s. That is
    at most (max v - min v)^2 / 4 <= \|v\|^2 / 2, with equality for v = (1, -1) and s = (1/2, 1/2). By the mean value
    theorem S(Z) - S(Y) is at most lambda / (2 T) times as long as W (Z - Y), and \|W (Z - Y)\|_F <= \|W\| \|Z - Y\|_F.

    Checked by: TC-T7.

    Examples
    --------
    >>> contraction_factor(1, lam=2, temperature=2.0)
    0.5
    """
    lam, temperature = weights(lam, temperature)
    return lam * number("spectral_norm", spectral_norm, 0) / (2 * temperature)


def fixed_point_distance(step: Number | ArrayLike, *, contraction: Number) -> Any:
    r"""A bound on the distance to the fixed point (statement TC-T7).

    Parameters
    ----------
    step : number or array of any shape
        \|S(Z) - Z\|_F.
    contraction : number
        q < 1, see `contraction_factor`.

    Returns
    -------
    number or array of the same shape
        \|S(Z) - Z\| / (1 - q) >= \|Z - Z*\|.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a step is below 0, or the contraction is not in [0, 1).

    Proof
    -----
    Assumes: S contracts by the factor q < 1; q in [0, 1) is checked, that it is such a factor is up to the caller.

    Proof: Banach's theorem gives one fixed point Z*, and \|Z - Z*\| <= \|Z - S(Z)\| + \|S(Z) - S(Z*)\| <=
    \|Z - S(Z)\| + q \|Z - Z*\|. Solve for \|Z - Z*\|.

    Checked by: TC-T7.

    Examples
    --------
    >>> fixed_point_distance(0.25, contraction=0.5)
    0.5
    """
    steps = entries("step", step, 0)
    return steps / (1 - number("contraction", contraction, 0, 1, ends="[)"))


def uniform_rate(radius: Number, n_clusters: int, *, lam: Number, temperature: Number) -> Any:
    r"""The rate near the uniform assignments, exactly (statement TC-T7).

    Parameters
    ----------
    radius : number
        rho(W), the largest size of an eigenvalue.
    n_clusters : int
        K.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    number
        lambda rho(W) / (K T), the spectral radius of the Jacobian of S at z = 1 / K.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the radius is below 0, K is below 1, lambda is below 0, T is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: the rows of A are constant, so that 1 / K is a fixed point; this is up to the caller. For K = 1 there are
    no directions of sum 0, and the rate is only a bound.

    Proof: At s = 1 / K the Jacobian of the softmax is (I - 1 1' / K) / K, which is 1 / K on directions of sum 0. So
    the Jacobian of S is (lambda / (K T)) W there, with the spectral radius lambda rho(W) / (K T).

    Checked by: TC-T7-uniform.

    Examples
    --------
    >>> uniform_rate(1, 2, lam=2, temperature=1.0)
    1.0
    """
    lam, temperature = weights(lam, temperature)
    radius, n_clusters = number("radius", radius, 0), integer("n_clusters", n_clusters, low=1)
    return lam * radius / (n_clusters * temperature)


def two_step_value(
    assignments: ArrayLike,
    other: ArrayLike,
    costs: ArrayLike,
    *,
    affinity: ArrayLike | SparseArray,
    lam: Number,
    temperature: Number,
) -> Any:
    r"""Return the value G that two consecutive updates decrease, also where the energy rises (statement TC-T8).

    Parameters
    ----------
    assignments : array of shape (N, K)
        Z, rows in the simplex.
    other : array of shape (N, K)
        Y, the update after Z.
    costs : array of shape (N, K)
        A.
    affinity : array of shape (N, N)
        W, symmetric.
    lam, temperature : number
        lambda and T.

    Returns
    -------
    float or ball
        G(Z, Y) = T sum z log z + T sum y log y + <A, Z + Y> - lambda tr(Z' W Y).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If shapes do not fit, rows are not in the simplex, lambda is below 0, T is not above 0, or a number is
        not finite.

    Proof
    -----
    Assumes: W is symmetric, a hypothesis of the statement.

    Proof: For fixed Z the function G(Z, .) is T sum y log y + <A - lambda W Z, Y> + a constant, least at Y = S(Z). For
    symmetric W it is symmetric, G(Z, Y) = G(Y, Z). So G(Z_{i+1}, Z_{i+2}) = min_Y G(Z_{i+1}, Y) <= G(Z_{i+1}, Z_i) =
    G(Z_i, Z_{i+1}).

    Checked by: TC-T8.

    Examples
    --------
    >>> Z = [[1.0, 0.0]]
    >>> float(two_step_value(Z, Z, [[0.5, 1.0]], affinity=[[0.0]], lam=1.0, temperature=1.0))
    1.0
    """
    lam, temperature = weights(lam, temperature)
    Z = rows("assignments", assignments)
    Y, A, W = rows("other", other, shape=Z.shape), table("costs", costs, shape=Z.shape), square(affinity, len(Z))
    entropies = temperature * (entropy(Z) + entropy(Y))
    return entropies + (A * (Z + Y)).sum() - lam * quadratic(Z, W, Y)


def two_step_decrease(assignments: ArrayLike, later: ArrayLike, *, temperature: Number) -> Any:
    r"""Return the exact decrease of the two-step value G per update (statement TC-T8).

    Parameters
    ----------
    assignments, later : array of shape (N, K)
        Z_i and Z_{i+2}.
    temperature : number
        T.

    Returns
    -------
    float or ball
        G(Z_i, Z_{i+1}) - G(Z_{i+1}, Z_{i+2}) = T KL(Z_i || Z_{i+2}).

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        As `kl_divergence`; if T is not above 0.

    Proof
    -----
    Assumes: W is symmetric, and Z_{i+2} comes from Z_i by two whole updates; both are hypotheses of the statement.

    Proof: G(Z_{i+1}, Y) is T sum y log y plus linear terms, so G(Z_{i+1}, Y) - min_Y G(Z_{i+1}, Y) =
    T KL(Y || S(Z_{i+1})) by the argument of `kl_divergence`; put Y = Z_i and use the symmetry of G. At a limit the fall
    is 0, so S(S(Z)) = Z: limits are fixed points or cycles of two, and no longer cycles.

    Checked by: TC-T8.

    Examples
    --------
    >>> float(two_step_decrease([[0.5, 0.5]], [[0.5, 0.5]], temperature=1.0))
    0.0
    """
    Z = rows("assignments", assignments)
    return number("temperature", temperature, 0, ends="(]") * kl_divergence(Z, rows("later", later, shape=Z.shape))
