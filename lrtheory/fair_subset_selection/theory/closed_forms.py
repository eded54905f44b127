"""Closed forms of expected scores under random utilities.

Part of `theory`, where users find these functions. Integers and Fractions give Fractions.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from lrtheory._numbers import exact, formula, numbers
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must
from lrtheory.fair_subset_selection.scores import ScoreRule, as_rule

__all__ = ["expected_scores"]

MAX_SUBSETS = 16  # items; sums go over all subsets, and one item more doubles them


@formula()
def expected_scores(
    model: Literal["plackett-luce", "uniform-utilities"], rule: ScoreRule | str, values: ArrayLike
) -> list[Any]:
    """Return the mean score of every item in one ranking by random utilities (statements FSS-T3, FSS-N1).

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
    behind i. All other rules add up w(p) times the probability of position p (FSS-T3-places). With uniform
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
    return [sum((p * w for p, w in zip(law, weights, strict=True)), start=law[0] * 0) for law in placements(x)]


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


def placements(q: list[Any]) -> list[list[Any]]:
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
