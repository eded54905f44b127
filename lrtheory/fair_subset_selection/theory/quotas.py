r"""Quotas that are good without a look at rankings: proportional ones, and the best one's law where groups say nothing.

Part of `theory`, where users find these functions. Integers give Fractions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import number
from lrtheory._validation import integer, must

__all__ = ["expected_top_sum", "optimal_quota_law", "optimal_quota_tail", "proportional_quota_ratio"]


def expected_top_sum(n_items: int, k: int) -> Fraction:
    """Return the mean sum of the k largest of N independent numbers, uniform on [0, 1] (statement FSS-D3).

    Parameters
    ----------
    n_items, k : int
        N >= k, both at least 0.

    Returns
    -------
    Fraction
        k - k (k + 1) / (2 (N + 1)).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    The j-th largest has mean 1 - j / (N + 1).

    Examples
    --------
    >>> expected_top_sum(1, 1)
    Fraction(1, 2)
    """
    n_items = integer("n_items", n_items, low=0)
    k = integer("k", k, low=0, high=n_items)
    return k - Fraction(k * (k + 1), 2 * (n_items + 1))


def proportional_quota_ratio(n_items: int, k: int) -> Fraction:
    """Return the mean score with k / 2 places for each half of the items, over that without quotas (FSS-D3).

    Parameters
    ----------
    n_items, k : int
        Even numbers, 2 <= k <= N; utilities are independent and uniform on [0, 1].

    Returns
    -------
    Fraction
        2 E(N / 2, k / 2) / E(N, k) with E of `expected_top_sum`.

    Raises
    ------
    ValueError
        If a number is odd or out of range.

    Proof
    -----
    Each half is a sample of N / 2 independent uniform numbers, of which the best k / 2 are chosen, so the proportional
    places earn twice `expected_top_sum` of one half. The best k of all earn that of N and k.

    Examples
    --------
    >>> round(float(proportional_quota_ratio(100, 20)), 5)
    0.99567
    """
    n_items = integer("n_items", n_items, low=2)
    k = integer("k", k, low=2, high=n_items)
    if n_items % 2 or k % 2:
        raise must("n_items, k", "even", (n_items, k))
    return 2 * expected_top_sum(n_items // 2, k // 2) / expected_top_sum(n_items, k)


def optimal_quota_law(n_items: int, n_disadvantaged: int, k: int) -> list[Fraction]:
    """Return the law of the number of disadvantaged items among the best k, when groups say nothing (FSS-D4).

    Parameters
    ----------
    n_items, n_disadvantaged, k : int
        m, the size of the group, and the number of items chosen.

    Returns
    -------
    list of k + 1 Fraction
        Probabilities of l* = 0, ..., k.

    Raises
    ------
    ValueError
        If a number is negative, or the group or k is larger than m.

    Proof
    -----
    Given the groups, all sets of k items are equally likely to be the best ones, as relabeling the items changes
    nothing. So l* counts the disadvantaged in a uniform set of k of the m items: the hypergeometric law.

    Examples
    --------
    >>> optimal_quota_law(4, 2, 1)
    [Fraction(1, 2), Fraction(1, 2)]
    """
    n_items = integer("n_items", n_items, low=0)
    n_disadvantaged = integer("n_disadvantaged", n_disadvantaged, low=0, high=n_items)
    k = integer("k", k, low=0, high=n_items)
    others, sets = n_items - n_disadvantaged, math.comb(n_items, k)
    return [Fraction(math.comb(n_disadvantaged, j) * math.comb(others, k - j), sets) for j in range(k + 1)]


def optimal_quota_tail(k: int, deviation: Any) -> Any:
    r"""Bound P(\|l* - k \|G2\| / m\| >= t k) from above when groups say nothing (statement FSS-D4).

    Parameters
    ----------
    k : int
        Number of items.
    deviation : number
        t, non-negative.

    Returns
    -------
    number
        2 exp(-2 t^2 k).

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    .. [1] W. Hoeffding, Probability Inequalities for Sums of Bounded Random Variables, JASA 58, 1963, Section 6.

    Examples
    --------
    >>> round(float(optimal_quota_tail(10, 0.3)), 3)
    0.331
    """
    k = integer("k", k, low=0)
    number("deviation", deviation, 0)
    return 2 * np.exp(-2 * k * deviation**2)
