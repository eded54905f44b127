r"""Numbers of rankings from which on observed scores are right, and the tail bounds behind them.

Smoothness (alpha, beta, gamma) is defined in `conditions`. Part of `theory`, where users find these functions; what
needs no log or exp also takes Fractions, the rest also balls.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import any_of, exact, inexact, number
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, choice, integer, must, open_interval

__all__ = [
    "alpha_bound",
    "chernoff_lower",
    "chernoff_tail",
    "marginal_rankings_needed",
    "rankings_needed",
    "rankings_needed_realized",
    "separation",
]


def separation(gamma: Number) -> Any:
    r"""Return the relative accuracy of mean scores at which ratios up to gamma are seen (statement FSS-T1).

    Parameters
    ----------
    gamma : number
        In [0, 1].

    Returns
    -------
    number
        eps_0 = (1 - gamma) / (1 + gamma).

    Raises
    ------
    ValueError
        If `gamma` is out of range.

    Proof
    -----
    Assumes: gamma is in [0, 1], which is checked; every sum of n scores is within a factor 1 +- eps of its mean, eps <
    eps_0 (the caller: `rankings_needed`).

    Proof: let g_j <= gamma g_i. The sum of j is at most (1 + eps) gamma n g_i and that of i at least (1 - eps) n g_i.
    The two are equal at eps = eps_0, since (1 + eps_0) gamma = 2 gamma / (1 + gamma) = 1 - eps_0, and for a smaller eps
    the sum of i is the larger one.

    Checked by: FSS-T1a.

    Examples
    --------
    >>> from fractions import Fraction
    >>> separation(Fraction(1, 4))
    Fraction(3, 5)
    """
    gamma = number("gamma", gamma, 0, 1)
    gamma = exact(gamma)
    return (1 - gamma) / (1 + gamma)


def rankings_needed(m: int, *, alpha: Number, gamma: Number, delta: Number) -> int:
    r"""Return the number of rankings from which on observed scores separate the pairs that smoothness does (FSS-T1).

    Parameters
    ----------
    m : int
        Number of items.
    alpha : number
        In (0, 1]: no observed mean score is below alpha times the largest score of one ranking.
    gamma : number
        In [0, 1): observed ratio of the pairs that shall be separated.
    delta : number
        Failure probability, in (0, 1).

    Returns
    -------
    int
        The least n >= 3 log(2 m / delta) / (alpha eps_0^2), with `separation` eps_0. With probability 1 - delta then,
        for all quotas l together, the choice by observed scores keeps beta_plus of the best latent mean score.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the rankings are independent, and the score is (alpha, beta, gamma)-smooth, which are hypotheses of FSS-T1a
    and FSS-T1; ranges are checked.

    Proof: divided by the largest score tau_1, the scores that one ranking gives to item i lie in [0, 1] and have a mean
    of at least alpha. By `chernoff_tail` and a union over the m items, all \|s_i / n - g_i\| < eps_0 g_i with
    probability 1 - 2 m exp(-eps_0^2 n alpha / 3), which is at least 1 - delta. If then s_j >= s_i for two items of one
    group, g_j > gamma g_i (`separation`), so by smoothness f_j > beta f_i, and min(1, f_j / f_i) >= beta_plus
    (`smallest_ratio_above`). In each group exchange the latent best items for the chosen ones, one by one
    (`exchange_ratio`).

    Checked by: FSS-T1a (the order), FSS-T1 (the share).

    Examples
    --------
    >>> rankings_needed(32, alpha=1 / 173.3, gamma=0.25, delta=0.1)
    9332
    """
    gamma = number("gamma", gamma, 0, 1, ends="[)")
    return _rankings(integer("m", m, low=1), alpha, separation(gamma), delta)


def _rankings(m: int, alpha: Any, accuracy: Any, delta: Any) -> int:
    """Count rankings from which on the mean scores of m items have a relative accuracy."""
    alpha, delta = number("alpha", alpha, 0, 1, ends="(]"), number("delta", delta, 0, 1, ends="()")
    # two logarithms, since m may be larger than a double, as in `marginal_rankings_needed`
    logarithm = 3 * (math.log(2 * m) - math.log(delta))
    if isinstance(accuracy, float):  # its square may be 0 as a double
        return math.ceil(Fraction(logarithm) / (Fraction(alpha) * Fraction(accuracy) ** 2))
    return math.ceil(logarithm / (alpha * accuracy**2))


def rankings_needed_realized(n_items: int, *, alpha: Number, epsilon: Number, delta: Number) -> int:
    r"""Return the number of rankings from which on realized latent scores are kept up to `realized_ratio` (FSS-T2).

    Parameters
    ----------
    n_items : int
        m.
    alpha : number
        In (0, 1]: no latent or observed mean score is below alpha times the largest score of one ranking.
    epsilon : number
        In (0, `separation`].
    delta : number
        Failure probability, in (0, 1).

    Returns
    -------
    int
        The least n >= 3 log(4 m / delta) / (alpha epsilon^2).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the rankings are independent and the score smooth, and epsilon is at most `separation` of gamma, which are
    hypotheses of FSS-T2; ranges are checked.

    Proof: by `chernoff_tail` and a union over 2 m sums, m latent and m observed ones, all are within a factor 1 +-
    epsilon of their means with probability 1 - 4 m exp(-epsilon^2 n alpha / 3), which is at least 1 - delta. Since
    epsilon is at most eps_0, the observed sums order the pairs that `rankings_needed` orders, and `realized_ratio` has
    what the latent sums lose beside their means.

    Checked by: FSS-T2.

    Examples
    --------
    >>> rankings_needed_realized(16, alpha=0.242, epsilon=0.23, delta=0.1)
    1515
    """
    n_items = integer("n_items", n_items, low=1)
    epsilon = number("epsilon", epsilon, 0, 1, ends="(]")
    return _rankings(2 * n_items, alpha, epsilon, delta)  # epsilon is the separation of some gamma


def marginal_rankings_needed(n_items: int, k: int, *, alpha: Number, gamma: Number, delta: Number) -> int:
    r"""Return the number of rankings from which on greedy steps by observed scores are right (statement FSS-G4).

    Parameters
    ----------
    n_items, k : int
        m, and the number of items chosen, in [1, m].
    alpha, gamma, delta : number
        As for `rankings_needed`, of the marginals of all sets below k items, which must all be smooth.

    Returns
    -------
    int
        The least n >= 3 log(2 M / delta) / (alpha eps_0^2), M = m sum_{r < k} binom(m, r). Greedy selection keeps
        beta / (1 + beta) then.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the rankings are independent, and the marginals F(i | A) of items given any set A of fewer than k others
    are (alpha, beta, gamma)-smooth (the caller; no instance is known on which alpha is useful). Ranges are checked.

    Proof: there are at most M such marginals, each a sum over rankings of numbers in [0, tau_1]. By `chernoff_tail` and
    a union over them, all observed ones are within a factor 1 +- eps_0 of their means with probability 1 - delta. Where
    a greedy step by observed marginals prefers an item to another of its group, its latent marginal then is more than
    beta times that of the other (`separation` and smoothness). So each step gets at least beta of the largest marginal
    of its group, and `certificate_ratio` with c = beta is what the selection keeps.

    Checked by: FSS-G4, which is recorded; FSS-G3 measures the last step of the proof.

    Examples
    --------
    >>> marginal_rankings_needed(4, 2, alpha=0.5, gamma=0, delta=0.1)
    36
    """
    n_items = integer("n_items", n_items, low=1)
    k = integer("k", k, low=1, high=n_items)
    n_marginals = n_items * sum(math.comb(n_items, size) for size in range(k))
    return rankings_needed(n_marginals, alpha=alpha, gamma=gamma, delta=delta)


def chernoff_tail(epsilon: Number, n: Number, mean: Number) -> Any:
    r"""Bound P(\|X - n f\| >= eps n f) from above for a sum X of n independent numbers in [0, 1] (statement FSS-P4).

    Parameters
    ----------
    epsilon : number
        eps, non-negative; above 1 the formula is not a bound.
    n, mean : number
        n, non-negative, and the mean f of one, in [0, 1].

    Returns
    -------
    number
        2 exp(-eps^2 n f / 3).

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] M. Mitzenmacher, E. Upfal, Probability and Computing, 2005, Corollary 4.6.

    Examples
    --------
    >>> round(float(chernoff_tail(0.3, 4000, 0.01)), 3)
    0.602
    """
    epsilon = number("epsilon", epsilon, 0)
    n = number("n", n, 0)
    mean = number("mean", mean, 0, 1)
    return 2 * np.exp(inexact(-epsilon * epsilon * n * mean / 3))


def chernoff_lower(mean: ArrayLike | float, n: int, delta: float) -> np.ndarray:
    r"""Compute lower confidence bounds on means of numbers in [0, 1], by Chernoff's bound with the divergence (FSS-A8).

    Parameters
    ----------
    mean : array
        Means of n independent observations each, in [0, 1].
    n : int
        Number of observations, at least 1.
    delta : float
        Failure probability of each bound, in (0, 1).

    Returns
    -------
    float64 array
        The f below the mean with n kl(mean, f) = log(1 / delta), kl that of two coins; 0 for mean 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] W. Hoeffding, Probability Inequalities for Sums of Bounded Random Variables, JASA 58, 1963, Theorem 1.

    Examples
    --------
    >>> chernoff_lower([0.0, 0.5, 1.0], 100, 0.05).round(3).tolist()
    [0.0, 0.379, 0.97]
    """
    from scipy.special import rel_entr

    observed = array("mean", mean, low=0, high=1).astype(np.float64)
    n, delta = integer("n", n, low=1), open_interval("delta", delta, 0, 1)
    low, high = np.zeros_like(observed), observed.copy()
    # 60 halvings of [0, mean], on which the divergence falls to 0; `low` stays on the excluded side
    for _ in range(60):
        middle = (low + high) / 2
        far = rel_entr(observed, middle) + rel_entr(1 - observed, 1 - middle) > math.log(1 / delta) / n
        low, high = np.where(far, middle, low), np.where(far, high, middle)
    return low


def alpha_bound(
    kind: str, *, n_items: int, spread: Number, theta: Number, n_disadvantaged: int | None = None, depth: int = 1
) -> Any:
    r"""Bound alpha from below under Plackett-Luce with qualities in [1, kappa], biased by theta (statement FSS-T3).

    Parameters
    ----------
    kind : {"sntv", "bloc", "borda"}
        Score rule.
    n_items : int
        m, at least 2.
    spread : number
        kappa, at least 1.
    theta : number
        In (0, 1].
    n_disadvantaged : int, optional
        Size of the disadvantaged group, at least 1; needed for "borda", which depends on it.
    depth : int
        l of "bloc", in [1, m].

    Returns
    -------
    number
        theta / (kappa m) for "sntv"; 1 - (1 - theta / (kappa m))^l for "bloc", at least (1 - 1/e) times the smaller of
        1 and l theta / (kappa m); ((\|G2\| - 1) / (1 + kappa) + \|G1\| theta / (theta + kappa)) / (m - 1) for "borda".

    Raises
    ------
    ValueError
        If the kind is unknown, `n_disadvantaged` is missing, or a number is out of range.

    Proof
    -----
    Assumes: qualities are in [1, kappa] and rankings follow Plackett-Luce, which are hypotheses of FSS-T3; ranges are
    checked.

    Proof: observed or latent, the quality of an item is at least theta, and those of all together are at most kappa m.
    So an item that is left comes next with a probability of at least p = theta / (kappa m), also after others have
    left: it is on top with p, and among the first l with 1 - (1 - p)^l. For Borda, a disadvantaged item of observed
    quality theta q_i with q_i >= 1 is before another of its group with probability q_i / (q_i + q_j) >= 1 / (1 +
    kappa), and before an advantaged one with theta q_i / (theta q_i + q_j) >= theta / (theta + kappa). Observed
    advantaged items are before any other, and latently each item is before each other, with a probability of at least 1
    / (1 + kappa), which is no less than theta / (theta + kappa). So every item has on average at least (\|G2\| - 1) /
    (1 + kappa) + \|G1\| theta / (theta + kappa) others behind it, of m - 1 at most.

    Checked by: FSS-T3.

    Examples
    --------
    >>> from fractions import Fraction
    >>> alpha_bound("sntv", n_items=8, spread=4, theta=Fraction(1, 2))
    Fraction(1, 64)
    """
    choice("kind", kind, ("sntv", "bloc", "borda"))
    n_items = integer("n_items", n_items, low=2)
    depth = integer("depth", depth, low=1, high=n_items)
    spread = number("spread", spread, 1)
    theta = number("theta", theta, 0, 1, ends="(]")
    theta, spread = exact(theta), exact(spread)
    least = theta / (spread * n_items)
    if kind != "borda":
        return any_of(least, depth if kind == "bloc" else 1)
    if n_disadvantaged is None:
        raise must("n_disadvantaged", 'given for "borda"', n_disadvantaged)
    n_disadvantaged = integer("n_disadvantaged", n_disadvantaged, low=1, high=n_items)
    within, across = (n_disadvantaged - 1) / (1 + spread), (n_items - n_disadvantaged) * theta / (theta + spread)
    return (within + across) / (n_items - 1)
