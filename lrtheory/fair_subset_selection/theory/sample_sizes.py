r"""Numbers of rankings from which on observed scores are right, and lower bounds on means.

Smoothness (alpha, beta, gamma) is defined in `conditions`. Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, formula
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import array, open_interval

__all__ = ["chernoff_lower", "rankings_needed", "rankings_needed_realized"]


@formula(alpha="(0, 1]", delta="(0, 1)", gamma="[0, 1)", m="[1, inf)")
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
        Failure probability.

    Returns
    -------
    int
        The least n >= 3 log(2 m / delta) / (alpha eps_0^2), eps_0 = (1 - gamma) / (1 + gamma). With probability 1 -
        delta then, for all quotas l together, the choice by observed scores keeps beta_plus of the best latent mean
        score.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the rankings are independent, and the score is (alpha, beta, gamma)-smooth, which are hypotheses of FSS-T1a
    and FSS-T1; ranges are checked.

    Proof: divided by the largest score tau_1, the scores that one ranking gives to item i lie in [0, 1] and have a mean
    of at least alpha. By Chernoff's bound and a union over the m items, all \|s_i / n - g_i\| < eps_0 g_i with
    probability 1 - 2 m exp(-eps_0^2 n alpha / 3), which is at least 1 - delta. If then s_j >= s_i for two items of one
    group, g_j > gamma g_i (see below), so by smoothness f_j > beta f_i, and min(1, f_j / f_i) >= beta_plus
    (`smallest_ratio_above`). In each group exchange the latent best items for the chosen ones, one by one (FSS-P5).

    It remains that g_j > gamma g_i. Else the sum of j is at most (1 + eps) gamma n g_i, and that of i at least (1 -
    eps) n g_i, with eps < eps_0. Both are equal at eps = eps_0, since (1 + eps_0) gamma = 2 gamma / (1 + gamma) = 1 -
    eps_0; for a smaller eps the sum of i is the larger one, against s_j >= s_i.

    Checked by: FSS-T1a (the order), FSS-T1 (the share).

    Examples
    --------
    >>> rankings_needed(32, alpha=1 / 173.3, gamma=0.25, delta=0.1)
    9332
    """
    return _rankings(m, alpha, exact(1 - gamma) / (1 + gamma), delta)


def _rankings(m: int, alpha: Any, accuracy: Any, delta: Any) -> int:
    """Count rankings from which on the mean scores of m items have a relative accuracy."""
    # two logarithms, since m may be larger than a double, which is a number of marginals in FSS-G4
    logarithm = 3 * (math.log(2 * m) - math.log(delta))
    if isinstance(accuracy, float):  # its square may be 0 as a double
        return math.ceil(Fraction(logarithm) / (Fraction(alpha) * Fraction(accuracy) ** 2))
    return math.ceil(logarithm / (alpha * accuracy**2))


@formula(alpha="(0, 1]", delta="(0, 1)", n_items="[1, inf)", epsilon="(0, 1]")
def rankings_needed_realized(n_items: int, *, alpha: Number, epsilon: Number, delta: Number) -> int:
    """Return the number of rankings from which on realized latent scores are kept but for a share (FSS-T2).

    Parameters
    ----------
    n_items : int
        m.
    alpha : number
        In (0, 1]: no latent or observed mean score is below alpha times the largest score of one ranking.
    epsilon : number
        At most eps_0 = (1 - gamma) / (1 + gamma), for the gamma of smoothness.
    delta : number
        Failure probability.

    Returns
    -------
    int
        The least n >= 3 log(4 m / delta) / (alpha epsilon^2). With probability 1 - delta then the observed choice at
        the quota of the best latent set keeps beta_plus (1 - epsilon) / (1 + epsilon) of its latent score.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: the rankings are independent and the score smooth, and epsilon is at most eps_0, which are hypotheses of
    FSS-T2; ranges are checked.

    Proof: by Chernoff's bound and a union over 2 m sums, m latent and m observed ones, all are within a factor 1 +-
    epsilon of their means with probability 1 - 4 m exp(-epsilon^2 n alpha / 3), which is at least 1 - delta. Since
    epsilon is at most eps_0, the observed sums order the pairs that `rankings_needed` orders, and FSS-T2 says
    what the latent sums lose beside their means.

    Checked by: FSS-T2.

    Examples
    --------
    >>> rankings_needed_realized(16, alpha=0.242, epsilon=0.23, delta=0.1)
    1515
    """
    return _rankings(2 * n_items, alpha, epsilon, delta)  # epsilon is eps_0 of some gamma


@formula(n="[1, inf)")
def chernoff_lower(mean: ArrayLike | float, n: int, delta: float) -> np.ndarray:
    """Compute lower confidence bounds on means of numbers in [0, 1], by Chernoff's bound with the divergence (FSS-A8).

    Parameters
    ----------
    mean : array
        Means of n independent observations each, in [0, 1].
    n : int
        Number of observations.
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
    delta = open_interval("delta", delta, 0, 1)
    low, high = np.zeros_like(observed), observed.copy()
    # 60 halvings of [0, mean], on which the divergence falls to 0; `low` stays on the excluded side
    for _ in range(60):
        middle = (low + high) / 2
        far = rel_entr(observed, middle) + rel_entr(1 - observed, 1 - middle) > math.log(1 / delta) / n
        low, high = np.where(far, middle, low), np.where(far, high, middle)
    return low
