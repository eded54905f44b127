"""The value E of a bet on "i is above j" where models need have no order: a claim on its mean.

A battle of i and j gives a term z: 1 if i wins, else -1. A battle of i and one of j against the same opponent are
matched, the m-th with the m-th, and give z = the result of i, 1 for a win and else 0, less that of j. E is the integral
over lambda in (0, 1) of the product of all 1 + lambda z. Results that wait for their match count nothing; where they
are `charged`, each counts as if its match had brought the worst for i.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank.boards.wealth import Duel, duel, integral, listed, values_of


def last_values(duel: Duel, rng: np.random.Generator, charged: bool = False) -> np.ndarray:
    """Compute the value at the end of the list, for all results."""
    return values_of(listed(duel), charged)


def mean_ceiling(total: float) -> float:
    r"""Return the integral of exp(lambda S) over lambda in (0, 1), (exp(S) - 1) / S, for the sum S of the means of z.

    Proof
    -----
    Assumes: no outcome has chosen the battles.

    Proof: The terms z are independent with means mu, so the product of 1 + lambda z has mean prod (1 + lambda mu), and
    1 + u <= exp(u). Integrate over lambda.

    Checked by: SST-12.
    """
    return math.expm1(total) / total if total else 1.0


def mean_is_low(duel: Duel, found: np.ndarray) -> Sides:
    """Compare the mean of E over all results with `mean_ceiling`, and each value with its integral, below and above."""
    chances = [Fraction(p) for p in duel.chances.tolist()]
    mean = Fraction(0)
    for h, value in zip(listed(duel), np.ravel(found).tolist(), strict=True):
        weight = Fraction(1)
        for (_, _, won), p in zip(h, chances, strict=True):
            weight *= p if won else 1 - p
        mean += weight * Fraction(value)
    # the total is S; `waiting` has for each opponent the chances of what is not matched yet, all of one model
    total, waiting = 0.0, {}
    for (a, b), p in zip(duel.moves.tolist(), duel.chances.tolist(), strict=True):
        if (a, b) == (0, 1):
            total += 2 * p - 1
            continue
        queue = waiting.setdefault(b, [])
        if queue and queue[0][0] != a:
            other = queue.pop(0)[1]
            total += p - other if a == 0 else other - p
        else:
            queue.append((a, p))
    due = np.array([float(integral(h, False)) for h in listed(duel)])
    lhs, rhs = np.r_[float(mean), np.ravel(found), due], np.r_[mean_ceiling(total), due, np.ravel(found)]
    return Sides(lhs, rhs, trivial=np.full(len(lhs), np.inf), rounding=rounding(10**5, np.maximum(np.abs(rhs), 1.0)))


def drawn_free(draws: Draws) -> Duel:
    """Draw a list of battles without any order."""
    options = [(0, 2), (1, 2), (0, 3), (1, 3), (0, 1)]
    chances = draws.floats(0.05, 0.95, 5)
    chosen = [draws.integers(0, 4) for _ in range(draws.integers(4, 6))]
    return duel([(*options[k], chances[k]) for k in chosen])


SST_12 = Statement(
    id="alpha_rank/SST-12",
    title="Without an order the value still speaks about the mean of what was compared",
    says=(
        "A battle of i and j gives a term z, 1 if i wins and -1 if j does; the m-th battle of i and the m-th of j "
        "against the same opponent give the result of i, 1 for a win and else 0, less that of j. E is the integral "
        "over lambda in (0, 1) of the product of all 1 + lambda z. If no outcome has chosen the battles, the mean of "
        "E is at most the integral of exp(lambda S), with S the sum of the means of the terms z, whether or not there "
        "is an order; so where i does no better than j on average over the terms, S <= 0 and E has mean at most 1."
    ),
    source=Derived(mean_ceiling),
    tex=r"\mathbb E\,E \le \int_0^1 e^{\lambda \sum \mu}\,d\lambda",
    hypotheses={"chances": lambda one: bool(((one.chances >= 0) & (one.chances <= 1)).all())},
    instances=Family(
        name="lists-without-order",
        always=(
            duel([(0, 2, 0.75), (1, 2, 0.25), (0, 3, 0.25), (1, 3, 0.75)]),
            duel([(0, 1, 0.5)] * 4),
            duel([(0, 2, 0.5), (1, 2, 0.5), (0, 2, 0.5)]),
        ),
        draw=drawn_free,
    ),
    solve=last_values,
    claim=Inequality(mean_is_low, unbounded="the value of a bet may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("results that wait are charged", solve=partial(last_values, charged=True)),
        saboteur("twice the value", solve=lambda one, rng: 2 * last_values(one, rng)),
    ),
)
