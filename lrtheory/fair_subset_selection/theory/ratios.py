r"""Ratios to the optimum: of greedy selection, of quotas, and of choices by other rankings.

Part of `theory`, where users find these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import any_of, exact, inexact, number, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import flag, integer, is_iterable, must, unmasked

__all__ = [
    "certificate_ratio",
    "exchange_ratio",
    "expected_top_sum",
    "greedy_ratio",
    "greedy_trap_ratio",
    "optimal_quota_law",
    "optimal_quota_tail",
    "proportional_quota_ratio",
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
       Functions II, Mathematical Programming Study 8, 1978.
    .. [2] G. L. Nemhauser, L. A. Wolsey, M. L. Fisher, An Analysis of Approximations for Maximizing Submodular Set
       Functions I, Mathematical Programming 14, 1978 (the share for `k`).

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
        Whether one more ranking decides the tie of the first step.

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
    Assumes: greedy selection takes the smaller number of tied items, as `select` does by default.

    Proof: item 0 is among the first two of b + 1 rankings (b + 2 without ties), and no other item of the groups 0 and 1
    is in more. So item 0 is chosen, and afterwards only item 2 fits, which adds nothing: the rankings that have it
    among their first two have item 0 there too. The items 1 and 2 are among the first two of b and of b + 1 rankings,
    which differ.

    Checked by: FSS-G1, whose tight instances these are.

    Examples
    --------
    >>> greedy_trap_ratio(9), greedy_trap_ratio(9, tie_free=True)
    (Fraction(10, 19), Fraction(11, 19))
    """
    b = integer("b", b, low=1)
    return Fraction(b + 1 + int(flag("tie_free", tie_free)), 2 * b + 1)


def certificate_ratio(step_ratio: Number, *, k: int | None = None) -> Any:
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
    Assumes: F is monotone and submodular with F(empty) = 0 (FSS-G5); each choice s_t, made after the items S_{t-1}, has
    at least c times the largest marginal of all unused items, or with groups of those of its own group. With groups the
    set O has as many items of each as S, which is the hypothesis of FSS-G3.

    Proof: with groups pair the items o_t of O with choices s_t of the same group, common items with themselves, so that
    o_t was unused at step t. Then F(O) <= F(S) + sum_t F(o_t | S) <= F(S) + sum_t F(o_t | S_{t-1}) <= F(S) + sum_t
    F(s_t | S_{t-1}) / c = (1 + 1/c) F(S). Without groups some item of O adds at least (F(O) - F(S_{t-1})) / k to
    S_{t-1}, and the choice at least c times that, so that each step lowers the distance to F(O) by the factor 1 - c /
    k.

    Checked by: FSS-G3, FSS-G3-free.

    Examples
    --------
    >>> certificate_ratio(Fraction(1)), certificate_ratio(Fraction(1), k=2)
    (Fraction(1, 2), Fraction(3, 4))
    """
    step_ratio = number("step_ratio", step_ratio, 0, 1)
    c = exact(step_ratio)
    if k is None:
        return c / (1 + c)
    k = integer("k", k, low=1)
    return any_of(c / k, k)


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
    Assumes: the score of a set is a sum of non-negative scores of its items, both groups have k items, and at each
    quota the best items of each group are chosen: hypotheses of FSS-D1. Ranges are checked.

    Proof: a group with more items at l than at l* scores no less than there, since scores are non-negative. A group
    with t items at l and t' > t at l* keeps at least the share t / t' of its part (`top_sum_share`). So both groups
    keep at least the smallest of 1, (k - l) / (k - l*) and l / l*.

    Checked by: FSS-D1.

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
    Assumes: 0 <= t <= t', which is checked; the numbers may have any sign.

    Proof: the t largest are each at least as large as each of the t' - t others. So their mean is at least the mean of
    those, hence at least the mean of all t': top_t / t >= top_t' / t'. For t = 0 both sides of the claim are 0.

    Checked by: FSS-P6.

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
    Assumes: the rule is separable (hypothesis of FSS-D5), and ties are broken alike by both choices (the caller).

    Proof: the best score with exactly j disadvantaged items is A(k - j) + B(j), the sums of the best k - j advantaged
    and the best j disadvantaged ones. Each further item adds no more than the one before, so A and B are concave, and
    so is their sum as a function of j. Its maximum is at j = free, so from max(free, l) on it does not grow, and the
    best set with at least l is that with exactly max(free, l).

    Checked by: FSS-D5.

    Examples
    --------
    >>> taken_at_least(2, 1), taken_at_least(2, 3)
    (2, 3)
    """
    return max(integer("free", free, low=0), integer("quota", quota, low=0))


def exchange_ratio(scores: ArrayLike, best: ArrayLike, chosen: ArrayLike) -> Any:
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
    Assumes: scores are non-negative and the sets of equal size, which is checked.

    Proof: pair the items i of A - B with the items j of B - A. Each j has at least this share of the score of its i,
    and the common items have all of theirs; add up.

    Checked by: FSS-P5.

    Examples
    --------
    >>> exchange_ratio([4, 2, 1], [0, 1], [1, 2])
    Fraction(1, 4)
    """
    s = [exact(score) for score in numbers("scores", scores, 0)]
    kept, taken = _items("best", best, len(s)), _items("chosen", chosen, len(s))
    if len(kept) != len(taken):
        raise must("chosen", f"{len(kept)} items, as many as the best", sorted(taken))
    pairs = [(s[i], s[j]) for i in kept - taken for j in taken - kept]
    ratios = [b / a for a, b in pairs if b < a]  # a > 0 here, so that a score of 0 divides nothing
    return min(ratios, default=exact(1))


def _items(name: str, items: Any, n_items: int) -> set[int]:
    """Check item numbers, which must be distinct, and return them as a set."""
    items = to_numpy(unmasked(name, items))
    if not is_iterable(items):
        raise must(name, "a sequence of item numbers", items, TypeError)
    given = [integer(name, item, low=0, high=n_items - 1) for item in items]
    if len(set(given)) < len(given):
        raise must(name, "distinct items", given)
    return set(given)


def unprotected_share(quality: Number) -> Any:
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
    Assumes: theta q < 1, and there are at least k other items: hypotheses of FSS-N3. That q > 1 is checked.

    Proof: every other item is seen at 1, before every good one, and there are at least k of them, so that the free
    choice is k others, worth k. The best set is that of the k good items, worth k q > k, so exactly 1 / q is kept. The
    quota k for the group leaves no choice but the good items, and keeps everything. There is a threshold: for theta q >
    1 the good items are seen before all others, and the free choice keeps everything too; at theta q = 1 ties decide.

    Checked by: FSS-N3.

    Examples
    --------
    >>> unprotected_share(20)
    Fraction(1, 20)
    """
    quality = number("quality", quality, 1, ends="(]")
    return 1 / exact(quality)


def realized_ratio(beta_plus: Number, epsilon: Number) -> Any:
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
    Assumes: all latent sums are within a factor 1 +- epsilon of their means n f, which `rankings_needed_realized`
    rankings give with probability 1 - delta; ranges are checked.

    Proof: let j be chosen instead of i, with f_j >= beta_plus f_i. The sum of j is at least (1 - epsilon) n f_j,
    that of i at most (1 + epsilon) n f_i, so j has at least beta_plus (1 - epsilon) / (1 + epsilon) of the sum of i.
    Exchange all such pairs (`exchange_ratio`).

    Checked by: FSS-T2.

    Examples
    --------
    >>> realized_ratio(1, Fraction(1, 3))
    Fraction(1, 2)
    """
    beta_plus = number("beta_plus", beta_plus, 0, 1)
    epsilon = number("epsilon", epsilon, 0, 1)
    epsilon = exact(epsilon)
    return exact(beta_plus) * (1 - epsilon) / (1 + epsilon)


# --- quotas that are good without a look at rankings ------------------------------------------------------------------


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
    Assumes: the numbers are independent and uniform on [0, 1].

    Proof: the N numbers cut [0, 1] into N + 1 intervals whose lengths have one law, hence the mean 1 / (N + 1). Above
    the j-th largest number lie j of them, so that its mean is 1 - j / (N + 1); add up over j = 1, ..., k.

    Checked by: FSS-D3.

    Examples
    --------
    >>> expected_top_sum(1, 1)
    Fraction(1, 2)
    """
    n_items = integer("n_items", n_items, low=0)
    k = integer("k", k, low=0, high=n_items)
    return k - Fraction(k * (k + 1), 2 * (n_items + 1))


def proportional_quota_ratio(n_items: int, k: int) -> Fraction:
    """Return the mean score with k / 2 seats for each half of the items, over that without quotas (FSS-D3).

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
    Assumes: utilities are independent and uniform on [0, 1], whatever the half; N and k are even, which is checked.

    Proof: each half is a sample of N / 2 independent uniform numbers, of which the best k / 2 are chosen, so the
    proportional quota earns twice `expected_top_sum` of one half. The best k of all earn that of N and k.

    Checked by: FSS-D3.

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
    Assumes: given the groups, all orders of the items are equally likely: the hypothesis of FSS-D4.

    Proof: all sets of k items are equally likely to be the best ones, as relabeling the items changes nothing. So l*
    counts the disadvantaged in a uniform set of k of the m items: the hypergeometric law.

    Checked by: FSS-D4.

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


def optimal_quota_tail(k: int, deviation: Number) -> Any:
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
    deviation = number("deviation", deviation, 0)
    return 2 * np.exp(inexact(-2 * k * deviation * deviation))
