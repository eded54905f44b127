r"""The panel that is blind: SNTV sees no good item of a group until there are exponentially many rankings.

Of h advantaged items the utilities are uniform on [0, 1]. Of as many disadvantaged ones, g are good, on [0, 2], and the
others hardly worth anything; the panel sees their utilities a quarter as large. Part of `theory`, where users find
these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lrtheory._numbers import exact, number
from lrtheory._types import Number
from lrtheory._validation import integer

__all__ = [
    "blind_bound",
    "blind_gain",
    "blind_optimum",
    "blind_scales",
    "coupon_rankings",
    "top_good_probability",
]


def _sizes(n_advantaged: int, n_good: int) -> tuple[int, int]:
    """Check and return h and g, of which g is at most h."""
    h = integer("n_advantaged", n_advantaged, low=1)
    return h, integer("n_good", n_good, low=1, high=h)


def blind_scales(n_advantaged: int, n_good: int, *, good: Number = 2, bad: Number = Fraction(1, 100)) -> list[Any]:
    """Return the ranges of the utilities of the instance on which SNTV needs exponentially many rankings (FSS-N1).

    Parameters
    ----------
    n_advantaged : int
        h, the number of advantaged items, whose utilities are uniform on [0, 1]; there are as many disadvantaged ones.
    n_good : int
        g, the number of disadvantaged items that are better than all others; k = g is chosen.
    good, bad : number
        End of the range of the good disadvantaged items, and of the others.

    Returns
    -------
    list of 2 h numbers
        For "uniform-utilities"; the disadvantaged items are h, ..., 2 h - 1, the good ones first.

    Raises
    ------
    ValueError
        If there are more good items than disadvantaged ones, or a range is not positive.

    Examples
    --------
    >>> [str(a) for a in blind_scales(3, 1)]
    ['1', '1', '1', '2', '1/100', '1/100']
    """
    h, g = _sizes(n_advantaged, n_good)
    good = number("good", good, 0, ends="(]")
    bad = number("bad", bad, 0, ends="(]")
    return [Fraction(1)] * h + [exact(good)] * g + [exact(bad)] * (h - g)


def top_good_probability(n_advantaged: int, n_good: int) -> Fraction:
    r"""Return the probability that a good item is on top of an observed ranking of the blind instance (FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.

    Returns
    -------
    Fraction
        p = g / (g + h) 2^{-h} at theta = 1/4, up to the bad items, which can only lower it.

    Raises
    ------
    ValueError
        If there are more good items than disadvantaged ones.

    Proof
    -----
    Assumes: theta = 1/4 (hypothesis of FSS-N1-top), and no bad item is on top; with bad items the probability can only
    be smaller.

    Proof: the good items are seen in [0, 1/2]. One of them is on top only if all h advantaged items are below 1/2, with
    probability 2^{-h}; then g + h numbers are uniform on [0, 1/2], and the top is good with probability g / (g + h).

    Checked by: FSS-N1-top.

    Examples
    --------
    >>> top_good_probability(4, 1)
    Fraction(1, 80)
    """
    h, g = _sizes(n_advantaged, n_good)
    return Fraction(g, (g + h) * 2**h)


def blind_optimum(n_advantaged: int, n_good: int) -> Fraction:
    r"""Return the mean latent SNTV score of all good items of the blind instance (statement FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.

    Returns
    -------
    Fraction
        1 - 2^{-g} h / (g + h), up to the bad items.

    Raises
    ------
    ValueError
        If there are more good items than disadvantaged ones.

    Proof
    -----
    Assumes: no bad item is on top: the probability of that, below 100^-h for the default ranges, is neglected.

    Proof: an advantaged item is on top only if all g good ones are below 1, with probability 2^{-g}; then g + h numbers
    are uniform on [0, 1], and the top is advantaged with probability h / (g + h). Otherwise a good one is on top.

    Checked by: FSS-N1.

    Examples
    --------
    >>> blind_optimum(4, 1)
    Fraction(3, 5)
    """
    h, g = _sizes(n_advantaged, n_good)
    return 1 - Fraction(h, (g + h) * 2**g)


def blind_gain(n_advantaged: int, n_good: int, quota: int) -> Fraction:
    r"""Return the mean latent SNTV ratio when the disadvantaged items are chosen at random, k = g (statement FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.
    quota : int
        l, in [0, g].

    Returns
    -------
    Fraction
        l / h + (g - l) 2^{-g} / ((g + h) OPT), at most g / h.

    Raises
    ------
    ValueError
        If there are more good items than disadvantaged ones, or the quota is out of range.

    Proof
    -----
    Assumes: no disadvantaged item was ever on top, and ties are broken at random (the caller); tops of bad items are
    neglected as in `blind_optimum`.

    Proof: the observed scores of all h disadvantaged items are 0, and random ties choose l of them: each good item with
    probability l / h, so that on average l / h of OPT is kept. Each of the g - l chosen advantaged items adds 2^{-g} /
    (g + h), see `blind_optimum`. The ratio is at most g / h: it is linear in l and g / h at l = g, and at l = 0 at most
    that because h 2^{-g} <= (g + h) OPT = g + h - h 2^{-g}, by 2^{-g} <= 1/2.

    Checked by: FSS-N1.

    Examples
    --------
    >>> blind_gain(8, 2, 2)
    Fraction(1, 4)
    """
    h, g = _sizes(n_advantaged, n_good)
    quota = integer("quota", quota, low=0, high=g)
    each = Fraction(1, (g + h) * 2**g)
    return Fraction(quota, h) + (g - quota) * each / blind_optimum(h, g)


def blind_bound(n_advantaged: int, n_good: int, quota: int, *, n_rankings: int) -> Fraction:
    r"""Bound the mean latent SNTV ratio of the choice from n observed rankings from above (statement FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.
    quota : int
        l, in [0, g].
    n_rankings : int
        n, the rankings that are observed.

    Returns
    -------
    Fraction
        `blind_gain` + n p, with p of `top_good_probability`; it says nothing where that exceeds 1.

    Raises
    ------
    ValueError
        If there are more good items than disadvantaged ones, or a number is out of range.

    Proof
    -----
    Assumes: theta = 1/4 (hypothesis of FSS-N1) and random ties; tops of bad items are neglected as in `blind_optimum`.

    Proof: by the union bound a good item is on top of one of the rankings with probability at most n p, and a ratio is
    never above 1. Otherwise the observed scores of all good items are 0, and the mean ratio is that of `blind_gain`,
    since the advantaged items have equal latent scores whichever are chosen.

    Checked by: FSS-N1.

    Examples
    --------
    >>> blind_bound(8, 2, 2, n_rankings=100) == blind_gain(8, 2, 2) + 100 * top_good_probability(8, 2)
    True
    """
    n = integer("n_rankings", n_rankings, low=0)
    return blind_gain(n_advantaged, n_good, quota) + n * top_good_probability(n_advantaged, n_good)


def coupon_rankings(n_advantaged: int, n_good: int) -> Fraction:
    r"""Return the mean number of observed rankings until every good item of the blind instance was on top (FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.

    Returns
    -------
    Fraction
        g H_g / p, with H_g = 1 + 1/2 + ... + 1/g.

    Raises
    ------
    ValueError
        If there are more good items than disadvantaged ones.

    Proof
    -----
    Assumes: rankings are independent, theta = 1/4 (hypothesis of FSS-N1-coupons), and bad items are neglected as in
    `top_good_probability`.

    Proof: this is the problem of the coupon collector. When j good items have been on top, a ranking shows another one
    with probability p (g - j) / g, as all good items are alike. The waiting times are geometric, and their means g / (p
    (g - j)) add up to g H_g / p.

    Checked by: FSS-N1-coupons (the rate).

    Examples
    --------
    >>> coupon_rankings(8, 2)
    Fraction(3840, 1)
    """
    h, g = _sizes(n_advantaged, n_good)
    return g * sum(Fraction(1, j) for j in range(1, g + 1)) / top_good_probability(h, g)
