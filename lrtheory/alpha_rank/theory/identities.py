r"""Identities and constants of the chain that hold for every game, with their proofs.

Part of `theory`, where users find these functions. Functions that are rational in their arguments also take Fractions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._numbers import entries, gathered, number, power, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, integer, must, sequence

__all__ = [
    "chain_ratio_bound",
    "direction_tolerance",
    "fixation_log_ratio",
    "mass_error_of_ratio",
    "payoffs_with_offset",
    "potential_log_law",
    "rate_lipschitz",
    "smallest_rate",
]


def fixation_log_ratio(u: Number | ArrayLike, *, population_size: int) -> Any:
    r"""Compute log(rho(u) / rho(-u)), rho being the fixation probability (statement AR-T3).

    Parameters
    ----------
    u : number of any kind, or array of any shape
        alpha times the payoff gain.
    population_size : int
        m in the paper, at least 1.

    Returns
    -------
    number of the kind of `u`, or array of its shape
        (m - 1) u.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: a finite u and m >= 1 (argument checks).

    Proof: rho(u) = (1 - e^{-u}) / (1 - e^{-m u}), so rho(-u) = (e^{u} - 1) / (e^{m u} - 1) = e^{-(m - 1) u} rho(u).
    Moreover 1 / rho(u) = sum_{l < m} e^{-l u}, so d log rho / du is the mean of l under weights e^{-l u}, which lies
    between 0 and m - 1 and is (m - 1) / 2 at 0.

    Checked by: AR-T3 for the ratio, AR-T3-slope for the derivative.

    Examples
    --------
    >>> fixation_log_ratio(0.5, population_size=50)
    24.5
    """
    advantage = entries("u", u)
    return (integer("population_size", population_size, low=1) - 1) * advantage


def direction_tolerance(gap: Number) -> Any:
    """Return how far off a table may be without a wrong direction in its response graph (statement LR-T1).

    Parameters
    ----------
    gap : number
        Smallest payoff difference of a deviation, at least 0.

    Returns
    -------
    number
        gap / 2; errors below it leave every direction as it is.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: no deviation changes a payoff of the true table by less than the gap (the caller; LR-T1 takes the gap of
    its table, and has as a hypothesis that it is not 0).

    Proof: a direction is the sign of a difference of two payoffs, whose size is at least the gap. Two errors below
    gap / 2 move the difference by less than the gap, so its sign stays.

    Checked by: LR-T1.

    Examples
    --------
    >>> direction_tolerance(0.25)
    0.125
    """
    return number("gap", gap, 0) / 2


def potential_log_law(potential: ArrayLike, *, alpha: float, population_size: int) -> np.ndarray:
    r"""Compute the logarithm of pi of a game with an exact potential (statement AR-T4).

    Parameters
    ----------
    potential : array of shape (s_1, ..., s_K)
        phi with M^k(sigma) - M^k(s) = phi(sigma) - phi(s) whenever player k deviates from s to sigma.
    alpha : float
        Ranking intensity, finite, at least 0.
    population_size : int
        m in the paper, at least 1.

    Returns
    -------
    float64 array of shape (s_1, ..., s_K)
        (m - 1) alpha phi, normalized.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: phi is an exact potential (hypothesis of AR-T4), and alpha is finite (argument check).

    Proof: by `fixation_log_ratio` C(s, sigma) / C(sigma, s) = exp((m - 1) alpha (phi(sigma) - phi(s))) on every edge.
    So exp((m - 1) alpha phi) satisfies detailed balance, hence is stationary up to a factor. All rates are positive at
    finite alpha, so the stationary law is unique.

    Checked by: AR-T4 for the law, P4 for detailed balance.

    Examples
    --------
    >>> np.exp(potential_log_law([0.0, 1.0], alpha=math.log(3), population_size=2)).round(6).tolist()
    [0.25, 0.75]
    """
    times, alpha = integer("population_size", population_size, low=1) - 1, float(number("alpha", alpha, 0))
    log_weights = times * alpha * array("potential", potential).astype(np.float64)
    if log_weights.size == 0:
        raise must("potential", "an array of at least one entry", log_weights.shape)
    log_weights = log_weights - log_weights.max()
    return log_weights - math.log(np.exp(log_weights).sum())


def payoffs_with_offset(payoffs: ArrayLike, offsets: Sequence[ArrayLike]) -> np.ndarray:
    r"""Add a function of the strategies of the others to each M^k, which leaves the chain as it is (statement AR-T5).

    Parameters
    ----------
    payoffs : array of shape (K, s_1, ..., s_K)
        Payoffs.
    offsets : sequence of K arrays
        The k-th has the shape of a table with axis k of length 1.

    Returns
    -------
    array of shape (K, s_1, ..., s_K)
        M^k(s) + offset^k(s^{-k}).

    Raises
    ------
    ValueError
        If an offset has another shape, or an entry is not finite.

    Proof
    -----
    Assumes: the k-th offset does not depend on the strategy of player k (argument check of its shape).

    Proof: the chain reads payoffs through M^k(sigma) - M^k(s) on edges where player k alone deviates. There s^{-k} is
    sigma^{-k}, so the offset cancels. A factor c of all payoffs enters through alpha c (M^k(sigma) - M^k(s)) alone, so
    it may be moved into alpha. The perturbed chain reads the signs of these differences alone.

    Checked by: AR-T5; AR-T5-limit for the perturbed chain.

    Examples
    --------
    >>> payoffs_with_offset(np.zeros((1, 2)), [np.array([3.0])]).tolist()
    [[3.0, 3.0]]
    """
    tables = table("payoffs", payoffs)
    if tables.ndim < 2 or len(tables) != tables.ndim - 1 or len(sequence("offsets", offsets)) != len(tables):
        raise must("offsets", "of one array for each table of `payoffs`, of shape (K, s_1, ..., s_K)", tables.shape)
    moved = []
    for k, (own, offset) in enumerate(zip(tables, offsets, strict=True)):
        shape = tuple(1 if axis == k else n for axis, n in enumerate(own.shape))
        moved.append(own + table(f"offsets[{k}]", offset, shape=shape))
    return gathered(np.stack(moved))


def chain_ratio_bound(n_states: int, *, rate_ratio: Number) -> Any:
    r"""Bound the factor by which a mass changes when every rate changes by at most a given factor (statement MI-L3).

    Parameters
    ----------
    n_states : int
        Number of states, at least 1.
    rate_ratio : float or Fraction
        r = e^b, at least 1: every rate lies between 1 / r and r times the other.

    Returns
    -------
    float or Fraction
        r^{2 (n - 1)}; in logarithms 2 (n - 1) b.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: both chains have positive rates on the same moves (hypothesis of MI-L3), so their laws are unique.

    Proof: by the tree theorem pi(s) = T_s / sum_r T_r, where T_s sums products of n - 1 rates. Each product changes by
    a factor in [r^{-(n-1)}, r^{n-1}], so does each T_s, and so does their sum; the quotient changes by at most the
    square of that factor.

    Checked by: MI-L3.

    Examples
    --------
    >>> chain_ratio_bound(3, rate_ratio=2)
    16
    """
    return power(number("rate_ratio", rate_ratio, 1), 2 * (integer("n_states", n_states, low=1) - 1))


def mass_error_of_ratio(ratio: Number) -> Any:
    r"""Compute `mass_error_bound` from e^B, which keeps it rational (statement MI-L2).

    Parameters
    ----------
    ratio : float or Fraction
        R = e^B, at least 1: every mass lies between 1 / R and R times the other.

    Returns
    -------
    float or Fraction
        (R - 1) / (R + 1) = tanh(B / 2).

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> mass_error_of_ratio(3.0)
    0.5
    """
    checked = number("ratio", ratio, 1)
    return (checked - 1) / (checked + 1)


def rate_lipschitz(*, alpha: float, degree: int) -> float:
    r"""Compute a Lipschitz constant of the rates C(s, sigma) in the payoffs, in sup norm (statement P2).

    Parameters
    ----------
    alpha : float
        Ranking intensity, at least 0.
    degree : int
        D, the number of deviations of a profile, at least 1.

    Returns
    -------
    float
        2 alpha / D: payoffs that move by t move every rate by at most 2 alpha t / D. The paper has a larger constant
        (statement MI-T1).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: a finite alpha (argument check), and deviations whose payoffs both move by at most t (the caller).

    Proof: C = rho(u) / D, and u moves by at most 2 alpha t, so it is enough that 0 <= rho' <= 1. With x = e^{-u}, 1 /
    rho = S = sum_{l < m} x^l, hence rho' = sum_{l < m} l x^l / S^2 >= 0. The polynomial S^2 has the coefficient l + 1
    at x^l for l < m and no negative one, so the numerator is at most S^2 for every x >= 0.

    Checked by: P2.

    Examples
    --------
    >>> rate_lipschitz(alpha=1.0, degree=4)
    0.5
    """
    return 2 * number("alpha", alpha, 0) / integer("degree", degree, low=1)


def smallest_rate(*, alpha: float, population_size: int, degree: int, max_payoff: float = 1.0) -> float:
    r"""Compute the smallest rate of a deviation, at the largest loss (g in statement MI-T1; P2 checks it).

    Parameters
    ----------
    alpha : float
        Ranking intensity, above 0.
    population_size : int
        m in the paper, at least 1.
    degree : int
        D, the number of deviations of a profile, at least 1.
    max_payoff : float
        Payoffs lie in [-max_payoff, max_payoff]; above 0.

    Returns
    -------
    float
        (e^{2 alpha M} - 1) / (D (e^{2 alpha m M} - 1)).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: payoffs in [-M, M] (the caller; P2 takes M from its payoffs), alpha above 0 and finite (argument check).

    Proof: rho increases (see `fixation_log_ratio`) and u >= -2 alpha M, so C >= rho(-2 alpha M) / D, which is the
    formula.

    Checked by: P2.

    Examples
    --------
    >>> round(smallest_rate(alpha=1.0, population_size=2, degree=1), 6)
    0.119203
    """
    x = 2 * number("alpha", alpha, 0, ends="(]") * number("max_payoff", max_payoff, 0, ends="(]")
    m, degree = integer("population_size", population_size, low=1), integer("degree", degree, low=1)
    # e^{-(m-1)x} (1 - e^{-x}) / (1 - e^{-mx}): the formula without powers of e that overflow
    return math.exp(-(m - 1) * x) * math.expm1(-x) / (degree * math.expm1(-m * x))
