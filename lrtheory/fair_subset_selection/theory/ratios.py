r"""Ratios to the optimum: greedy selection, wrong quotas, and choices by other rankings.

Part of `theory`, where users find these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from lrtheory._numbers import exact, number
from lrtheory._validation import integer, must
from lrtheory.fair_subset_selection.theory.numeric import listed

__all__ = [
    "certificate_ratio",
    "exchange_ratio",
    "greedy_ratio",
    "greedy_trap_ratio",
    "quota_loss",
    "realized_ratio",
    "taken_at_least",
    "top_sum_share",
    "unprotected_share",
]


def greedy_ratio(k: int | None = None) -> Fraction:
    r"""Return the share of the optimum that greedy selection keeps at least (statements FSS-G1, FSS-G2).

    Parameters
    ----------
    k : int, optional
        Number of items, without quotas; None means that there are quotas.

    Returns
    -------
    Fraction
        1/2 with quotas, 1 - (1 - 1/k)^k without.

    Raises
    ------
    ValueError
        If `k` is below 1.

    References
    ----------
    .. [1] M. L. Fisher, G. L. Nemhauser, L. A. Wolsey, An Analysis of Approximations for Maximizing Submodular Set
       Functions II, Mathematical Programming Study 8, 1978 (and part I, by the last two and the first, for `k`).

    Examples
    --------
    >>> greedy_ratio(), greedy_ratio(2)
    (Fraction(1, 2), Fraction(3, 4))
    """
    if k is None:
        return Fraction(1, 2)
    k = integer("k", k, low=1)
    return 1 - Fraction(k - 1, k) ** k


def greedy_trap_ratio(b: int, *, tie_free: bool = False) -> Fraction:
    """Return the share of the optimum that greedy selection gets on `make_greedy_trap` (statement FSS-G1).

    Parameters
    ----------
    b : int
        At least 1.
    tie_free : bool
        As there.

    Returns
    -------
    Fraction
        (b + 1) / (2 b + 1), or (b + 2) / (2 b + 1) without ties.

    Raises
    ------
    ValueError
        If `b` is below 1.

    Proof
    -----
    Item 0 is in the top two of b + 1 rankings (b + 2 without ties), no item of the other open group in more, and
    afterwards only item 2 fits, which adds nothing. Items 1 and 2 satisfy b and b + 1 rankings, which differ.

    Examples
    --------
    >>> greedy_trap_ratio(9), greedy_trap_ratio(9, tie_free=True)
    (Fraction(10, 19), Fraction(11, 19))
    """
    b = integer("b", b, low=1)
    return Fraction(b + 1 + int(tie_free), 2 * b + 1)


def certificate_ratio(step_ratio: Any, *, k: int | None = None) -> Any:
    r"""Return the share of OPT that a selection keeps if each step got a part c of the largest marginal (FSS-G3).

    Parameters
    ----------
    step_ratio : number
        c in [0, 1].
    k : int, optional
        Number of items, where c compares with all unused items; None means with those of the group of each choice.

    Returns
    -------
    number
        c / (1 + c), or 1 - (1 - c / k)^k.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    With groups: pair the items o_t of a set O with as many of each group with the choices s_t of the same group, common
    items with themselves. Then F(O) <= F(S) + sum_t F(o_t | S) <= F(S) + sum_t F(o_t | S_{t-1})
    <= F(S) + sum_t F(s_t | S_{t-1}) / c = (1 + 1/c) F(S). Without: some item of O adds at least
    (F(O) - F(S_{t-1})) / k, the choice at least c times that, so the distance to F(O) shrinks by 1 - c / k a step.

    Examples
    --------
    >>> certificate_ratio(Fraction(1)), certificate_ratio(Fraction(1), k=2)
    (Fraction(1, 2), Fraction(3, 4))
    """
    number("step_ratio", step_ratio, 0, 1)
    c = exact(step_ratio)
    return c / (1 + c) if k is None else 1 - (1 - c / integer("k", k, low=1)) ** k


def quota_loss(k: int, quota: int, best_quota: int) -> Fraction:
    r"""Return the least share that the wrong quota l keeps of the optimum, which has l* disadvantaged items (FSS-D1).

    Parameters
    ----------
    k : int
        Number of items.
    quota, best_quota : int
        l and l*, in [0, k].

    Returns
    -------
    Fraction
        min(1, (k - l) / (k - l*), l / l*), without the factors whose denominator is 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    The score is a sum, and within each group the best are chosen. The best t of t' chosen ones have at least the share
    t / t' of their sum (`top_sum_share`), so each group keeps at least the smaller of the factors, or all.

    Examples
    --------
    >>> quota_loss(10, 2, 5)
    Fraction(2, 5)
    """
    k = integer("k", k, low=0)
    chosen, best = integer("quota", quota, low=0, high=k), integer("best_quota", best_quota, low=0, high=k)
    # the disadvantaged keep l / l* of their part and the others (k - l) / (k - l*) of theirs; a part without items in
    # the optimum has nothing to lose
    shares = [Fraction(1)]
    if best > 0:
        shares.append(Fraction(chosen, best))
    if best < k:
        shares.append(Fraction(k - chosen, k - best))
    return min(shares)


def top_sum_share(n_kept: int, n_all: int) -> Fraction:
    """Return the least share that the largest t of t' numbers have of their sum (statement FSS-P6).

    Parameters
    ----------
    n_kept, n_all : int
        0 <= t <= t'.

    Returns
    -------
    Fraction
        t / t', and 1 for t' = 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    The t largest are each at least as large as each of the t' - t others. So their mean is at least the mean of those,
    hence at least the mean of all t': top_t / t >= top_t' / t'. Signs do not matter.

    Examples
    --------
    >>> top_sum_share(1, 4)
    Fraction(1, 4)
    """
    n_all = integer("n_all", n_all, low=0)
    n_kept = integer("n_kept", n_kept, low=0, high=n_all)
    return Fraction(n_kept, n_all) if n_all else Fraction(1)


def taken_at_least(free: int, quota: int) -> int:
    """Count the disadvantaged items in the best set with at least l of them, for a separable rule (FSS-D5).

    Parameters
    ----------
    free : int
        Disadvantaged items in the best set of all.
    quota : int
        l.

    Returns
    -------
    int
        max(free, l).

    Raises
    ------
    ValueError
        If a number is negative.

    Proof
    -----
    By quota the best score is (sum of the best k - j advantaged) + (sum of the best j disadvantaged), which is concave
    in j as both are (see `top_sum_share`: each further item adds no more than the one before). Its maximum is at j =
    free, so on j >= l it falls from max(free, l) on. With ties broken alike, the set is that of the exact quota.

    Examples
    --------
    >>> taken_at_least(2, 1), taken_at_least(2, 3)
    (2, 3)
    """
    return max(integer("free", free, low=0), integer("quota", quota, low=0))


def exchange_ratio(scores: Any, best: Any, chosen: Any) -> Any:
    r"""Bound the share of the best set's score that another set keeps, from the items by which they differ (FSS-P5).

    Parameters
    ----------
    scores : sequence of m numbers
        s, non-negative.
    best, chosen : sequence of int
        The best items A and the chosen ones B, of equal number.

    Returns
    -------
    number
        min over i in A - B, j in B - A of min(1, s_j / s_i), with s_j / 0 = 1; 1 when the sets are equal.

    Raises
    ------
    ValueError
        If the sets differ in size, an item repeats or does not exist, or a score is negative or not finite.

    Proof
    -----
    Replace the items of A - B by those of B - A one by one: each keeps at least this share of the score of its place,
    and the common items keep all.

    Examples
    --------
    >>> exchange_ratio([4, 2, 1], [0, 1], [1, 2])
    Fraction(1, 4)
    """
    s = listed("scores", scores, 0)
    kept, taken = _items("best", best, len(s)), _items("chosen", chosen, len(s))
    if len(kept) != len(taken):
        raise must("chosen", f"{len(kept)} items, as many as the best", sorted(taken))
    pairs = [(s[i], s[j]) for i in kept - taken for j in taken - kept]
    ratios = [b / a for a, b in pairs if b < a]  # a > 0 here, so that a score of 0 divides nothing
    return min(ratios, default=exact(1))


def _items(name: str, items: Any, n_items: int) -> set[int]:
    """Check item numbers, which must be distinct, and return them as a set."""
    if not isinstance(items, Iterable):
        raise must(name, "a sequence of item numbers", items, TypeError)
    given = [integer(name, item, low=0, high=n_items - 1) for item in items]
    if len(set(given)) < len(given):
        raise must(name, "distinct items", given)
    return set(given)


def unprotected_share(quality: Any) -> Any:
    r"""Return the share that a choice without quotas keeps when the bias hides all good items (statement FSS-N3).

    Parameters
    ----------
    quality : number
        q, above 1: mean score of each of k good items, which are the disadvantaged ones; that of each of the m - k >= k
        others is 1. Observed, the good items have theta q, and theta q < 1.

    Returns
    -------
    number
        1 / q.

    Raises
    ------
    ValueError
        If `quality` is not above 1.

    Proof
    -----
    Let theta q < 1. Every other item is seen at 1, before every good one, and there are at least k of them, so the free
    choice is k others, worth k. The best set is that of the k good items, worth k q > k, so exactly 1 / q is kept. The
    quota k for the group leaves no choice but the good items, and keeps everything.
    There is a threshold: for theta q > 1 the good items are seen before all others, and the free choice keeps
    everything too; at theta q = 1 ties decide.

    Examples
    --------
    >>> unprotected_share(20)
    Fraction(1, 20)
    """
    number("quality", quality, 1, ends="(]")
    return 1 / exact(quality)


def realized_ratio(beta_plus: Any, epsilon: Any) -> Any:
    r"""Return the share of the optimum of the realized latent rankings that quotas keep (statement FSS-T2).

    Parameters
    ----------
    beta_plus : number
        See `smallest_ratio_above`.
    epsilon : number
        Accuracy of `rankings_needed_realized`.

    Returns
    -------
    number
        beta_plus (1 - epsilon) / (1 + epsilon).

    Raises
    ------
    ValueError
        If a number is outside of [0, 1].

    Proof
    -----
    With all latent sums within a factor 1 +- epsilon of n f, a pair that keeps beta_plus in the mean keeps
    beta_plus (1 - epsilon) / (1 + epsilon) in the sums; exchange as in `exchange_ratio`.

    Examples
    --------
    >>> realized_ratio(1, Fraction(1, 3))
    Fraction(1, 2)
    """
    number("beta_plus", beta_plus, 0, 1)
    number("epsilon", epsilon, 0, 1)
    epsilon = exact(epsilon)
    return exact(beta_plus) * (1 - epsilon) / (1 + epsilon)
