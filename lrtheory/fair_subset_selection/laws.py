r"""Closed forms: expected scores under random utilities, the Mallows distance, and the panel that is blind.

Part of `theory`, where users find these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._validation import choice, integer, must, real
from lrtheory.fair_subset_selection.numeric import exact, listed
from lrtheory.fair_subset_selection.scores import ScoreRule

__all__ = [
    "blind_gain",
    "blind_optimum",
    "blind_scales",
    "coupon_rankings",
    "expected_scores",
    "mallows_distance",
    "mallows_phi",
    "placement_probabilities",
    "top_good_probability",
]

MAX_SUBSETS = 16


def expected_scores(model: str, rule: ScoreRule, values: Any) -> list[Any]:
    r"""Mean score of every item in one ranking by random utilities (statements FSS-T3, FSS-N1).

    Parameters
    ----------
    model : {"plackett-luce", "uniform-utilities"}
        Law of the utilities, see `sample_rankings`.
    rule : ScoreRule
        Score function, of which single items count here. For "plackett-luce" any (beyond "sntv" and "borda" for at most
        16 items), for "uniform-utilities" those of the kinds "sntv", "borda" and "borda-cc".
    values : sequence of m positive numbers
        Quality q of every item, or the end a of its range [0, a]. Bias multiplies those of its group by theta.

    Returns
    -------
    list of m numbers
        f_i, as Fractions for exact values.

    Raises
    ------
    ValueError
        If there is no closed form for this rule, or a value is not positive.

    Proof
    -----
    Plackett-Luce: the arrival times E_j / q_j are independent exponentials of rate q_j. The first is that of i with
    probability q_i / sum q, and i is before j with probability q_i / (q_i + q_j); the Borda score counts the j behind
    i. Uniform: i is on top at x in [0, a_i] if all others are below x, so its probability is the integral of
    prod_{j != i} min(1, x / a_j) / a_i. Between two neighbouring ends b < b', with c ranges that go beyond b, this is
    x^{c-1} / prod_{a_j > b} a_j, and the integral (prod b'/a_j - prod b/a_j) / c. For two items
    P(U_i > U_j) = 1 - a_j / (2 a_i) if a_i >= a_j, and a_i / (2 a_j) otherwise.

    Examples
    --------
    >>> expected_scores("plackett-luce", ScoreRule("sntv"), [2, 1, 1])
    [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]
    >>> expected_scores("uniform-utilities", ScoreRule("borda"), [2, 1])
    [Fraction(3, 4), Fraction(1, 4)]
    """
    choice("model", model, ("plackett-luce", "uniform-utilities"))
    x = listed(values)
    if not x or not all(value > 0 for value in x):
        raise must("values", "positive numbers, one for each item", values)
    if rule.kind in ("borda", "borda-cc"):
        before = _before_plackett_luce if model == "plackett-luce" else _before_uniform
        return [sum((before(a, b) for j, b in enumerate(x) if j != i), start=a * 0) for i, a in enumerate(x)]
    if rule.kind == "sntv":
        return [a / sum(x) for a in x] if model == "plackett-luce" else _top_uniform(x)
    if model == "uniform-utilities":
        raise must("rule", 'of kind "sntv", "borda" or "borda-cc" here', rule.kind)
    weights = [exact(w) for w in rule.weights(len(x)).tolist()]
    return [sum((p * w for p, w in zip(law, weights, strict=True)), start=law[0] * 0) for law in _placements(x)]


def _before_plackett_luce(a: Any, b: Any) -> Any:
    return a / (a + b)


def _before_uniform(a: Any, b: Any) -> Any:
    return 1 - b / (2 * a) if a >= b else a / (2 * b)


def _top_uniform(scales: list[Any]) -> list[Any]:
    top = [a * 0 for a in scales]
    low = scales[0] * 0
    for high in sorted(set(scales)):
        beyond = [a for a in scales if a > low]
        share = (math.prod(high / a for a in beyond) - math.prod(low / a for a in beyond)) / len(beyond)
        top = [t + share if a > low else t for t, a in zip(top, scales, strict=True)]
        low = high
    return top


def placement_probabilities(quality: Any) -> list[list[Any]]:
    """Probability of every place of every item under Plackett-Luce, for at most 16 items (statement FSS-T3).

    Parameters
    ----------
    quality : sequence of m positive numbers
        q.

    Returns
    -------
    list of m lists of m numbers
        Entry [i][p] is P(pos(i) = p), exact for exact qualities.

    Raises
    ------
    ValueError
        If there are more than 16 items.

    Proof
    -----
    P(T is the set of the first) = sum_{i in T} P(T - i is) q_i / q(outside T - i), starting with 1 for the empty set;
    and i follows T with probability q_i / q(outside T), by the memorylessness of the arrivals.

    Examples
    --------
    >>> placement_probabilities([1, 1])
    [[Fraction(1, 2), Fraction(1, 2)], [Fraction(1, 2), Fraction(1, 2)]]
    """
    return _placements(listed(quality))


def _placements(q: list[Any]) -> list[list[Any]]:
    m = len(q)
    integer("number of items", m, low=1, high=MAX_SUBSETS)
    law = [[q[0] * 0] * m for _ in q]
    first = {0: q[0] / q[0]}
    for place in range(m):
        following: dict[int, Any] = {}
        for chosen, probability in first.items():
            left = sum(q[i] for i in range(m) if not chosen >> i & 1)
            for i in range(m):
                if not chosen >> i & 1:
                    step = probability * q[i] / left
                    law[i][place] += step
                    following[chosen | 1 << i] = following.get(chosen | 1 << i, 0) + step
        first = following
    return law


def mallows_distance(phi: Any, n_items: int) -> Any:
    r"""Mean Kendall distance of a Mallows ranking to its centre.

    Parameters
    ----------
    phi : number
        In [0, 1].
    n_items : int
        m.

    Returns
    -------
    number
        sum_{i < m} (sum_{d <= i} d phi^d) / (sum_{d <= i} phi^d), which is m (m - 1) / 4 at 1; without the cancellation
        of the closed form m phi / (1 - phi) - sum_{j <= m} j phi^j / (1 - phi^j).

    Proof
    -----
    Item i is inserted d places before the end with probability proportional to phi^d, d = 0 .. i, independently of the
    others, and makes d pairs stand in the wrong order.

    References
    ----------
    .. [1] C. L. Mallows, Non-null Ranking Models I, Biometrika 44, 1957.

    Examples
    --------
    >>> mallows_distance(Fraction(1, 2), 2)
    Fraction(1, 3)
    """
    powers = np.array([phi**d for d in range(n_items)])
    means = np.cumsum(powers * np.arange(n_items)) / np.cumsum(powers)
    total = means.sum()
    return total if means.dtype == object else float(total)


def mallows_phi(normphi: float, n_items: int) -> float:
    r"""The phi at which the mean distance is a given part of that of uniform rankings.

    Parameters
    ----------
    normphi : float
        In [0, 1]: mean distance over m (m - 1) / 4.
    n_items : int
        m.

    Returns
    -------
    float
        phi.

    Raises
    ------
    ValueError
        If `normphi` is out of range.

    References
    ----------
    .. [1] N. Boehmer et al., Putting a Compass on the Map of Elections, IJCAI 2021.

    Examples
    --------
    >>> round(mallows_phi(0.5, 10), 4)
    0.6534
    """
    normphi = real("normphi", normphi, low=0, high=1)
    wanted = normphi * n_items * (n_items - 1) / 4
    if normphi in (0, 1) or n_items == 1:
        return float(normphi == 1 and n_items > 1)
    from scipy.optimize import brentq

    return float(brentq(lambda phi: mallows_distance(phi, n_items) - wanted, 0.0, 1.0, xtol=1e-15))


# --- the panel that is blind -----------------------------------------------------------------------------------------


def blind_scales(n_advantaged: int, n_good: int, *, good: Any = 2, bad: Any = Fraction(1, 100)) -> list[Any]:
    """Ranges of the utilities of the instance on which SNTV needs exponentially many rankings (statement FSS-N1).

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
        If there are more good items than disadvantaged ones.

    Examples
    --------
    >>> [str(a) for a in blind_scales(3, 1)]
    ['1', '1', '1', '2', '1/100', '1/100']
    """
    h = integer("n_advantaged", n_advantaged, low=1)
    g = integer("n_good", n_good, low=1, high=h)
    return [Fraction(1)] * h + [exact(good)] * g + [exact(bad)] * (h - g)


def top_good_probability(n_advantaged: int, n_good: int) -> Fraction:
    r"""Probability that a good item of the blind instance is on top of an observed ranking at theta = 1/4 (FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.

    Returns
    -------
    Fraction
        p = g / (g + h) 2^{-h}, up to the bad items, which can only lower it.

    Proof
    -----
    The good items are seen in [0, 1/2]. One of them is on top only if all h advantaged items are below 1/2, with
    probability 2^{-h}; then g + h numbers are uniform on [0, 1/2], and the top is good with probability g / (g + h).

    Examples
    --------
    >>> top_good_probability(4, 1)
    Fraction(1, 80)
    """
    return Fraction(n_good, (n_good + n_advantaged) * 2**n_advantaged)


def blind_optimum(n_advantaged: int, n_good: int) -> Fraction:
    r"""Mean latent SNTV score of all good items of the blind instance (statement FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.

    Returns
    -------
    Fraction
        1 - 2^{-g} h / (g + h), up to the bad items.

    Proof
    -----
    An advantaged item is on top only if all g good ones are below 1, with probability 2^{-g}; then g + h numbers are
    uniform on [0, 1].

    Examples
    --------
    >>> blind_optimum(4, 1)
    Fraction(3, 5)
    """
    return 1 - Fraction(n_advantaged, (n_good + n_advantaged) * 2**n_good)


def blind_gain(n_advantaged: int, n_good: int, quota: int) -> Fraction:
    r"""Mean latent SNTV ratio when the disadvantaged items are chosen at random, k = g (statement FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.
    quota : int
        l, in [0, g].

    Returns
    -------
    Fraction
        l / h + (g - l) 2^{-g} / ((g + h) OPT); at most g / h for g >= 2 and h >= g.

    Proof
    -----
    Where no disadvantaged item was ever on top, their scores are all 0, and ties that look at no identity choose l of h
    at random: each good item with probability l / h, so their OPT is kept by l / h. Each of the g - l advantaged ones
    adds 2^{-g} / (g + h), see `blind_optimum`.

    Examples
    --------
    >>> blind_gain(8, 2, 2)
    Fraction(1, 4)
    """
    h, g = n_advantaged, n_good
    each = Fraction(1, (g + h) * 2**g)
    return Fraction(quota, h) + (g - quota) * each / blind_optimum(h, g)


def coupon_rankings(n_advantaged: int, n_good: int) -> Fraction:
    r"""Mean number of observed rankings until every good item of the blind instance has been on top (FSS-N1).

    Parameters
    ----------
    n_advantaged, n_good : int
        h and g.

    Returns
    -------
    Fraction
        g H_g / p, with H_g = 1 + 1/2 + ... + 1/g.

    Proof
    -----
    Coupon collector: when j good items have been on top, a ranking shows another one with probability p (g - j) / g, as
    all good items are alike. The waiting times are geometric, and their means g / (p (g - j)) add up to g H_g / p.

    Examples
    --------
    >>> coupon_rankings(8, 2)
    Fraction(3840, 1)
    """
    g = n_good
    return g * sum(Fraction(1, j) for j in range(1, g + 1)) / top_good_probability(n_advantaged, g)
