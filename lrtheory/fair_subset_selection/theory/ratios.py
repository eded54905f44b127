"""Shares of the optimum: of a selection whose steps are known, and of a wrong quota.

Part of `theory`, where users find these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

from fractions import Fraction

from lrtheory._numbers import any_of, exact, formula
from lrtheory._types import Number

__all__ = ["certificate_ratio", "quota_loss"]


@formula(step_ratio="[0, 1]", k="[1, inf)")
def certificate_ratio(step_ratio: Number, *, k: int | None = None) -> Number:
    """Return the share of OPT that a selection keeps if each step got a part c of the largest marginal (FSS-G3).

    Parameters
    ----------
    step_ratio : number
        c.
    k : int, optional
        Number of items, where c compares with all unused items; None means with those of the group of each choice.

    Returns
    -------
    number
        c / (1 + c), or 1 - (1 - c / k)^k.

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
    c = exact(step_ratio)
    if k is None:
        return c / (1 + c)
    return any_of(c / k, k)


@formula(k="[0, inf)", quota="[0, k]", best_quota="[0, k]")
def quota_loss(k: int, quota: int, best_quota: int) -> Fraction:
    """Return the least share that the wrong quota l keeps of the optimum, which has l* disadvantaged items (FSS-D1).

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

    Proof
    -----
    Assumes: the score of a set is a sum of non-negative scores of its items, both groups have k items, and at each
    quota the best items of each group are chosen: hypotheses of FSS-D1. Ranges are checked.

    Proof: a group with more items at l than at l* scores no less than there, since scores are non-negative. A group
    with t items at l and t' > t at l* keeps at least the share t / t' of its part (FSS-P6). So both groups
    keep at least the smallest of 1, (k - l) / (k - l*) and l / l*.

    Checked by: FSS-D1.

    Examples
    --------
    >>> quota_loss(10, 2, 5)
    Fraction(2, 5)
    """
    chosen, best = quota, best_quota
    # the disadvantaged keep l / l* of their part and the others (k - l) / (k - l*) of theirs; a part without items in
    # the optimum has nothing to lose
    shares = [Fraction(1)]
    if best > 0:
        shares.append(Fraction(chosen, best))
    if best < k:
        shares.append(Fraction(k - chosen, k - best))
    return min(shares)


# --- quotas that are good without a look at rankings ------------------------------------------------------------------
