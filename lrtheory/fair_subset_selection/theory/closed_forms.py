r"""Closed forms: expected scores under random utilities, and the Mallows distance.

Part of `theory`, where users find these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import exact, number, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must, real
from lrtheory.fair_subset_selection.scores import ScoreRule, as_rule

__all__ = [
    "expected_scores",
    "mallows_distance",
    "mallows_phi",
    "placement_probabilities",
]

MAX_SUBSETS = 16


def expected_scores(model: str, rule: ScoreRule | str, values: ArrayLike) -> list[Any]:
    r"""Return the mean score of every item in one ranking by random utilities (statements FSS-T3, FSS-N1).

    Parameters
    ----------
    model : {"plackett-luce", "uniform-utilities"}
        Law of the utilities, see `sample_rankings`.
    rule : ScoreRule or str
        Score function, or the name of one without parameters, of which single items count here. For "plackett-luce" any
        (beyond "sntv" and "borda" for at most 16 items), for "uniform-utilities" those of the kinds "sntv", "borda" and
        "borda-cc".
    values : sequence of m positive numbers
        Quality q of every item, or the end a of its range [0, a]. Bias multiplies those of its group by theta.

    Returns
    -------
    list of m numbers
        f_i, as Fractions for exact values.

    Raises
    ------
    TypeError
        If `rule` is not a rule.
    ValueError
        If there is no closed form for this rule, or a value is not positive and finite.

    Proof
    -----
    Assumes: utilities are independent, by the definition of both models; the values are positive, which is checked.

    Proof: in Plackett-Luce the arrival times E_j / q_j are independent exponentials of rate q_j. The first is that of i
    with probability q_i / sum q, and i is before j with probability q_i / (q_i + q_j); the Borda score counts the j
    behind i. All other rules add up w(p) times the probability of position p (`placement_probabilities`). With uniform
    utilities i is on top at x in [0, a_i] if all others are below x, so its probability is the integral of prod_{j !=
    i} min(1, x / a_j) / a_i. Between two neighboring ends b < b', with c ranges that go beyond b, the integrand is
    x^{c-1} / prod_{a_j > b} a_j, and its integral (prod b'/a_j - prod b/a_j) / c, with products over the a_j > b. For
    two items P(U_i > U_j) = 1 - a_j / (2 a_i) if a_i >= a_j, and a_i / (2 a_j) otherwise; the Borda score adds these up
    over j.

    Checked by: FSS-T3-tops (SNTV, both models), FSS-T3 (all rankings enumerated).

    Examples
    --------
    >>> expected_scores("plackett-luce", ScoreRule("sntv"), [2, 1, 1])
    [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]
    >>> expected_scores("uniform-utilities", ScoreRule("borda"), [2, 1])
    [Fraction(3, 4), Fraction(1, 4)]
    """
    choice("model", model, ("plackett-luce", "uniform-utilities"))
    rule = as_rule("rule", rule)
    x = [exact(value) for value in numbers("values", values, 0, ends="(]")]
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
    """Return the probability that an item of quality a stands before one of quality b."""
    return a / (a + b)


def _before_uniform(a: Any, b: Any) -> Any:
    """Return the probability that a uniform number from [0, a] is larger than one from [0, b]."""
    return 1 - b / (2 * a) if a >= b else a / (2 * b)


def _top_uniform(scales: list[Any]) -> list[Any]:
    """Integrate prod_{j != i} min(1, x / a_j) / a_i over [0, a_i] for every item i, piece by piece."""
    top = [a * 0 for a in scales]
    low = scales[0] * 0
    # between neighboring ends low < high the top lies with equal probability on each item whose range goes beyond low
    for high in sorted(set(scales)):
        beyond = [a for a in scales if a > low]
        share = (math.prod(high / a for a in beyond) - math.prod(low / a for a in beyond)) / len(beyond)
        top = [t + share if a > low else t for t, a in zip(top, scales, strict=True)]
        low = high
    return top


def placement_probabilities(quality: ArrayLike) -> list[list[Any]]:
    """Return the probability of every position of every item under Plackett-Luce, for at most 16 items (FSS-T3).

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
        If there are more than 16 items, or a quality is not positive and finite.

    Proof
    -----
    Assumes: rankings follow Plackett-Luce: items are ordered by independent exponential arrival times of rates q_i,
    which are positive (checked).

    Proof: let P(T) be the probability that the items of T come first, in any order. It is 1 for the empty set. The last
    item i of T to arrive follows T - i with probability q_i / q(outside of T - i), since exponential times are without
    memory, so P(T) = sum_{i in T} P(T - i) q_i / q(outside of T - i). Item i has position p if it follows a set T of p
    other items, which adds P(T) q_i / q(outside of T).

    Checked by: FSS-T3-places.

    Examples
    --------
    >>> placement_probabilities([1, 1])
    [[Fraction(1, 2), Fraction(1, 2)], [Fraction(1, 2), Fraction(1, 2)]]
    """
    return _placements([exact(q) for q in numbers("quality", quality, 0, ends="(]")])


def _placements(q: list[Any]) -> list[list[Any]]:
    """Compute the laws of all positions by a recursion over the sets of the first items, 2^m of them, as bit masks."""
    m = len(q)
    integer("number of items", m, low=1, high=MAX_SUBSETS)
    law = [[q[0] * 0] * m for _ in q]
    first = {0: q[0] / q[0]}  # P(the set of the items at the positions below `position`), with a 1 of the type of q
    for position in range(m):
        following: dict[int, Any] = {}
        for chosen, probability in first.items():
            left = sum(q[i] for i in range(m) if not chosen >> i & 1)
            for i in range(m):
                if not chosen >> i & 1:
                    step = probability * (q[i] / left)
                    law[i][position] += step
                    following[chosen | 1 << i] = following.get(chosen | 1 << i, 0) + step
        first = following
    return law


def mallows_distance(phi: Number, n_items: int) -> Any:
    r"""Return the mean Kendall distance of a Mallows ranking to its center.

    Parameters
    ----------
    phi : number
        In [0, 1].
    n_items : int
        m, at least 1.

    Returns
    -------
    number
        sum_{i < m} (sum_{d <= i} d phi^d) / (sum_{d <= i} phi^d), which is m (m - 1) / 4 at 1; without the cancellation
        of the closed form m phi / (1 - phi) - sum_{j <= m} j phi^j / (1 - phi^j).

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: phi is in [0, 1] and m at least 1, which is checked.

    Proof: a Mallows ranking can be drawn by insertion: item i = 0, ..., m - 1 is inserted d positions before the end of
    the items 0, ..., i - 1 with probability proportional to phi^d, d = 0, ..., i, independently of the others. It then
    stands before d items that the center has before it, so that the distance is the sum of these d.

    Checked by: no statement; the tests enumerate all rankings of four items.

    References
    ----------
    .. [1] C. L. Mallows, Non-null Ranking Models I, Biometrika 44, 1957.

    Examples
    --------
    >>> from fractions import Fraction
    >>> mallows_distance(Fraction(1, 2), 2)
    Fraction(1, 3)
    """
    phi = number("phi", phi, 0, 1)
    n_items, phi = integer("n_items", n_items, low=1), exact(phi)
    powers = np.array([phi**d for d in range(n_items)])
    means = np.cumsum(powers * np.arange(n_items)) / np.cumsum(powers)
    total = means.sum()
    return total if means.dtype == object else float(total)


def mallows_phi(normphi: float, n_items: int) -> float:
    r"""Find the phi at which the mean distance of Mallows rankings is a given part of that of uniform rankings.

    Parameters
    ----------
    normphi : float
        In [0, 1]: mean distance over m (m - 1) / 4.
    n_items : int
        m, at least 1.

    Returns
    -------
    float
        phi.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] N. Boehmer et al., Putting a Compass on the Map of Elections, IJCAI 2021.

    Examples
    --------
    >>> round(mallows_phi(0.5, 10), 4)
    0.6534
    """
    normphi, n_items = real("normphi", normphi, low=0, high=1), integer("n_items", n_items, low=1)
    wanted = normphi * n_items * (n_items - 1) / 4
    if normphi in (0, 1) or n_items == 1:
        return float(normphi == 1 and n_items > 1)
    from scipy.optimize import brentq

    return float(brentq(lambda phi: mallows_distance(phi, n_items) - wanted, 0.0, 1.0, xtol=1e-15))
