r"""Whole runs: two-step moves that add up, directed rings, energies that published code prints, turns with prototypes.

Part of `theory`, where users find these functions. S(Z) = softmax((lambda W Z - A) / T) by rows. Formulas without log
and exp also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import entries, inexact, number, plain
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must
from lrtheory.transductive_clustering.theory.arguments import fitting, rows, with_columns

__all__ = [
    "joint_kkt_bound",
    "printed_energy_threshold",
    "ring_threshold",
    "ring_weight",
    "softmax_jacobian",
    "tangent_error",
    "two_step_summability",
]


def two_step_summability(start: Number, lower: Number, *, temperature: Number) -> Any:
    r"""A bound on the sum of all squared moves over two updates, for every lambda (statement TC-T8-limits).

    Parameters
    ----------
    start : number
        G(Z_0, Z_1), see `two_step_value`.
    lower : number
        Any number below all energies, such as `energy_lower_bound` (for weights at or above 0).
    temperature : number
        T.

    Returns
    -------
    number
        (G(Z_0, Z_1) - 2 R_lb) / T, at least the sum of \|Z_{i+2} - Z_i\|_F^2, and n times the least of n terms.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If T is not above 0, or a number is not finite.

    Proof
    -----
    Assumes: W is symmetric without negative entries, and R_lb is below all energies; these are up to the caller.

    Proof: G loses T KL(Z_i || Z_{i+2}) >= T \|Z_{i+2} - Z_i\|^2 per update, by `two_step_decrease` and
    `kl_lower_bound`. It cannot fall below 2 R_lb: <A, Z + Y>, both entropies, and tr(Z' W Y) <= sum_pq w_pq are bounded
    as in `energy_lower_bound`, for two assignments in place of one. So Z_{i+2} - Z_i tends to 0, and since S o S is
    continuous, every limit point satisfies S(S(Z)) = Z.

    Checked by: TC-T8-limits.

    Examples
    --------
    >>> two_step_summability(1.0, -1.0, temperature=2.0)
    1.5
    """
    start, lower = number("start", start), number("lower", lower)
    return (start - 2 * lower) / number("temperature", temperature, 0, ends="(]")


def ring_threshold(n_clusters: int) -> Any:
    r"""The weight from which assignments on a directed ring of K points turn for ever (statement TC-N2).

    Parameters
    ----------
    n_clusters : int
        K = number of points, at least 3.

    Returns
    -------
    float
        lambda_s at T = 1: the least lambda for which p = 1 / (1 + (K - 1) exp(-lambda (K p - 1) / (K - 1)))
        has a solution above 1/K, which attracts from above; 2.74564 for K = 3.

    Raises
    ------
    TypeError
        If K is not an integer.
    ValueError
        If K is below 3.

    Proof
    -----
    Assumes: costs are 0, T = 1, and the start has the share p on the own label and (1 - p) / (K - 1) elsewhere.

    Proof: W shifts the rows, so the update keeps this form, turned by one: p -> 1 / (1 + (K - 1) exp(-lambda (K p - 1)
    / (K - 1))). A fixed p > 1/K of this map is an orbit of period K. Solved for lambda it is lambda(p) = (K - 1)
    log(p (K - 1) / (1 - p)) / (K p - 1), and the threshold is its least value. With w = (K p - 1) / (K - 1) this is
    N(w) / w, N(w) = log(1 + (K - 1) w) - log(1 - w), which is first concave, then convex for K >= 3. So w N' - N, with
    the derivative w N'', falls from 0 and then rises to infinity, and changes its sign once: lambda(p) falls, then
    rises, as the search below needs.

    Checked by: TC-N2, through `ring_weight`.

    Examples
    --------
    >>> round(ring_threshold(3), 5), round(ring_threshold(5), 4)
    (2.74564, 3.5645)
    """
    K = integer("n_clusters", n_clusters, low=3)

    def weight(p: float) -> float:
        return (K - 1) * math.log(p * (K - 1) / (1 - p)) / (K * p - 1)

    low, high = 1 / K + 1e-6, 1 - 1e-6
    for _ in range(200):  # ternary search: lambda(p) falls, then rises
        third = (high - low) / 3
        if weight(low + third) < weight(high - third):
            high -= third
        else:
            low += third
    return weight((low + high) / 2)


def ring_weight(share: Number, n_clusters: int) -> Any:
    r"""The value of lambda / T from which points on a directed ring keep a share of their label (statement TC-N2).

    Parameters
    ----------
    share : number
        p in (1 / K, 1), which every point of the start has of its own label; the rest is spread evenly.
    n_clusters : int
        K = number of points, at least 2.

    Returns
    -------
    float or ball
        (K - 1) log(p (K - 1) / (1 - p)) / (K p - 1); its least value over p is `ring_threshold`.

    Raises
    ------
    TypeError
        If the share is not a number, or K is not an integer.
    ValueError
        If K is below 2 or the share is not in (1 / K, 1).

    Proof
    -----
    Assumes: costs are 0, and the start has the share p in (1 / K, 1) on the own label, which is checked, and
    (1 - p) / (K - 1) elsewhere.

    Proof: W shifts the rows, so an update turns the start by one and sends p to g(p) = 1 / (1 + (K - 1) exp(-(lambda /
    T) (K p - 1) / (K - 1))). g(p) >= p iff lambda / T >= (K - 1) log(p (K - 1) / (1 - p)) / (K p - 1). g rises, so then
    g(g(p)) >= g(p) >= p, and by induction the shares never fall: no two of K consecutive assignments come near each
    other.

    Checked by: TC-N2.

    Examples
    --------
    >>> round(float(ring_weight(0.8, 3)), 4)
    2.9706
    """
    K, share = integer("n_clusters", n_clusters, low=2), number("share", share, 0, 1, ends="()")
    if not K * share > 1:
        raise must("share", f"above 1 / {K}", share)
    return (K - 1) * (np.log(inexact(share * (K - 1))) - np.log(inexact(1 - share))) / (K * share - 1)


def printed_energy_threshold(offset: Number) -> Any:
    r"""The value of lambda / T from which the energy that published code prints rises (statement TC-N3).

    Parameters
    ----------
    offset : number
        e in (0, 1/2); two points that attract each other start at (1/2 + e, 1/2 - e) both.

    Returns
    -------
    float or ball
        log((1/2 + e) / (1/2 - e)) / (4 e). Up to lambda = 2 T the right energy R falls, while
        F' = R - (lambda / 2) tr(Z' W Z) rises at every update.

    Raises
    ------
    TypeError
        If an argument is not a number.
    ValueError
        If the offset is not in (0, 1/2).

    Proof
    -----
    Assumes: costs are 0, W exchanges the two points, and both start at (1/2 + e, 1/2 - e), with e in (0, 1/2) checked.

    Proof: With u = 2 e, both points stay alike, and an update sends u to tanh(lambda u / (2 T)), which is below u for
    lambda <= 2 T. F' = T sum z log z - lambda (1 + u^2) has dF'/du = 2 T artanh(u) - 2 lambda u, which is negative
    where artanh(u) < (lambda / T) u. artanh(u) / u rises, so F' falls in u on all of (0, u_0] iff lambda / T >=
    artanh(u_0) / u_0. As u falls to 0, F' then rises.

    Checked by: TC-N3.

    Examples
    --------
    >>> round(float(printed_energy_threshold(0.1)), 5)
    1.01366
    """
    offset = number("offset", offset, 0, 0.5, ends="()")
    return (np.log1p(inexact(2 * offset)) - np.log1p(inexact(-2 * offset))) / (4 * offset)


def softmax_jacobian(shares: ArrayLike) -> Any:
    r"""The derivative of a softmax (statement TC-P5).

    Parameters
    ----------
    shares : array of shape (K,)
        s, the softmax, a point of the simplex.

    Returns
    -------
    array of shape (K, K)
        diag(s) - s s', of spectral norm at most 1/2.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If it is not a point of the simplex.

    Proof
    -----
    Assumes: s is a point of the simplex, which is checked here.

    Proof: d s_l / d x_m = s_l (1[l = m] - s_m), and v' (diag(s) - s s') v is the variance of v under s. It is at most
    (max v - min v)^2 / 4 <= \|v\|^2 / 2. Equality asks for v = (1, -1) on two entries, with s = (1/2, 1/2) there.

    Checked by: TC-P5.

    Examples
    --------
    >>> softmax_jacobian([0.5, 0.5]).tolist()
    [[0.25, -0.25], [-0.25, 0.25]]
    """
    s = rows("shares", shares, shape=("K",))
    return np.diag(s) - s[:, None] * s[None, :]


def tangent_error(logits: ArrayLike) -> Any:
    r"""Return a bound on the distance of a softmax from its tangent at uniform rows (statement TC-T7-uniform).

    Parameters
    ----------
    logits : array of shape (N, K)
        x, by rows.

    Returns
    -------
    number
        sum_p (max_l x_pl - min_l x_pl)^2 / 2, at least \|softmax(x) - 1/K - (x - mean x) / K\|_F.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If it is not a table, or a number is not finite.

    Proof
    -----
    Assumes: the logits are finite, which is checked here.

    Proof: Let s(t) = softmax(t x), with m and v the mean and the variance of x under s(t). Then s'' = s ((x - m)^2 - v)
    entry by entry, and \|s''\|_2 <= \|s''\|_1 <= max \|(x - m)^2 - v\| <= (max x - min x)^2. s(1) - s(0) - s'(0) is
    the integral of (1 - t) s''(t) over [0, 1], at most half of that. Norms of rows add up to at least the norm of the
    table.

    Checked by: TC-T7-uniform.

    Examples
    --------
    >>> tangent_error([[0.5, 0.0], [0.0, 0.0]])
    0.125
    """
    x = with_columns("logits", logits)
    return plain(((x.max(axis=1) - x.min(axis=1)) ** 2).sum() / 2)


def joint_kkt_bound(step: Number | ArrayLike, drift: Number | ArrayLike, *, spectral_norm: Number, lam: Number) -> Any:
    r"""Return a bound on the gradient after a turn of assignments and prototypes (statement TC-T10).

    Parameters
    ----------
    step : number or array of any shape
        \|Z_{i+1} - Z_i\|_F, one whole update with the costs A(M_i).
    drift : number or array of any shape
        \|A(M_{i+1}) - A(M_i)\|_F over the free rows, M_{i+1} the soft means of Z_{i+1}.
    spectral_norm : number
        \|W_F\|.
    lam : number
        lambda.

    Returns
    -------
    number or array of the same shape
        lambda \|W_F\| step + drift, at least the gradient of R along the simplices at (Z_{i+1}, M_{i+1}); that in the
        prototypes is 0.

    Raises
    ------
    TypeError
        If an argument is not a number or an array of numbers.
    ValueError
        If a number is below 0 or not finite.

    Proof
    -----
    Assumes: W is symmetric, the step is a whole one, and M_{i+1} are the soft means of Z_{i+1}; these are hypotheses of
    the statement.

    Proof: T log Z_{i+1} = lambda W Z_i - A(M_i) + a constant per row, so T log Z_{i+1} + A(M_{i+1}) - lambda W Z_{i+1}
    is A(M_{i+1}) - A(M_i) - lambda W Delta + a constant per row. A turn takes at least T' \|Delta\|^2 + sum_l (sum_p
    z_pl) \|m_l - m_l'\|^2 off R (`descent_bound`, `mean_step_decrease`). R is bounded below and the masses are too
    (`mass_floor`), so both moves have finite sums of squares and tend to 0. So the bound tends to 0, and by continuity
    every limit point satisfies the KKT conditions.

    Checked by: TC-T10 and TC-T10-limit.

    Examples
    --------
    >>> joint_kkt_bound(0.5, 0.25, spectral_norm=2, lam=3)
    3.25
    """
    steps, drifts = entries("step", step, 0), entries("drift", drift, 0)
    return number("lam", lam, 0) * number("spectral_norm", spectral_norm, 0) * steps + fitting("drift", drifts, steps)
