"""Constants of the flow, which every reward-only norm leaves alone.

p is the policy, C the set of right answers, P = p(C), and a(P) the factor of the update a(P) grad P. The rate of a
number is its derivative in time along the flow of that update.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import expected_gradient
from proofs_checks.policy_gradients.families.problems import Problem, draw_problem, expected, is_mixed, weight_of
from proofs_checks.policy_gradients.families.ranks import ranked

CURVES = Family(
    "three-or-more-answers",
    always=(
        Problem((3, 1, 1), (1, 1, 0), 2),
        Problem((8, 3, 1, 8), (1, 1, 1, 0), 5),
        Problem((1, 4, 2, 5), (1, 1, 0, 0), 4, "none"),
        Problem((9, 1, 5), (0, 0, 1), 3, "sample"),
    ),
    draw=lambda draws: draw_problem(draws, right=2),
)


def pairs(case: Problem, mixed: bool = False) -> list[tuple[int, int]]:
    """Return pairs of answers within C and within the rest; if `mixed`, those across the two."""
    number = range(len(case.weights))
    return [(a, b) for a, b in combinations(number, 2) if (case.correct[a] != case.correct[b]) == mixed]


def gradient(case: Problem, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for the expected update."""
    found = expected_gradient(case.law, case.right, group_size=case.group_size, norm=case.norm)
    return np.asarray(found.gradient)


def squared(case: Problem, rng: np.random.Generator) -> np.ndarray:
    """Take the squares of p for p in the update."""
    p, r = case.law, np.array(case.correct)
    P = p[case.right].sum()
    pushed = weight_of(case, float(P)) * p * p * (r - P)
    return np.asarray(pushed - p * pushed.sum())


def by_rank(case: Problem, rng: np.random.Generator) -> np.ndarray:
    """Lower the rewards of likely answers by half of their rank over G, and divide by nothing."""
    return expected(replace(case, norm="none"), ranked(case, 0.5))


@formula(a="(-inf, inf)", right="[0, 1]", wrong="[0, 1]", P="[0, 1]")
def common_rate(a: Number, right: Number, wrong: Number, P: Number) -> Number:
    """The rate at which every difference of 1 / p within C, and within the rest, grows, over that difference.

    `right` is the sum of p^2 over C and `wrong` that over the rest; a is the factor of grad P.

    Proof
    -----
    Assumes: an update g_k = a p_k (r_k - P) (statement GR-1), with r_k = 1 on C and 0 elsewhere.

    Proof: p_k moves at the rate p_k (g_k - m), m being the sum of p g, so 1 / p_k moves at the rate m / p_k - g_k /
    p_k. On C, g_k / p_k is a (1 - P) for all k, and elsewhere -a P, so that it leaves differences, which all grow at
    the rate m = a ((1 - P) `right` - P `wrong`). Their ratios are constant. Within C, 1 / q = P / p for q = p / P, so
    the differences of 1 / q share one factor, too: the path of q is one curve, whatever a is.
    """
    return a * ((1 - P) * right - P * wrong)


def by_differences(case: Problem, found: np.ndarray, mixed: bool = False, power: float = -1.0) -> Sides:
    """Compare the rates of differences of a power of p with what the common rate says."""
    p, right = case.law, case.right
    P = float(p[right].sum())
    moved = power * p**power * (found - p @ found)
    rate = common_rate(weight_of(case, P), float((p[right] ** 2).sum()), float((p[~right] ** 2).sum()), P)
    places = pairs(case, mixed)
    lhs = np.array([moved[a] - moved[b] for a, b in places])
    rhs = np.array([-power * rate * (p[a] ** power - p[b] ** power) for a, b in places])
    return Sides(lhs, rhs, rounding=rounded(2000, case.group_size / p.min()))


GR_4 = Statement(
    id="policy_gradients/GR-4",
    title="All norms follow one curve, and differ in speed alone",
    says=(
        "Along the flow of the update a(P) grad P of any reward-only norm, all differences 1 / p_a - 1 / p_b within C, "
        "and all those within the rest, grow at one common relative rate, a ((1 - P) sum of p^2 over C - P sum of p^2 "
        "over the rest). So their ratios are constant, and the law within C follows a curve that neither the size of "
        "the group nor the norm moves."
    ),
    source=Derived(common_rate),
    tex=(
        r"\frac{d}{dt}\Bigl(\frac1{p_a} - \frac1{p_b}\Bigr)"
        r" = a \Bigl((1-P) \sum_C p^2 - P \sum_{C^c} p^2\Bigr) \Bigl(\frac1{p_a} - \frac1{p_b}\Bigr)"
    ),
    hypotheses={
        "some answers are right and some are wrong": is_mixed,
        "two answers are right, or two are wrong, with different probabilities": lambda case: any(
            case.weights[a] != case.weights[b] for a, b in pairs(case)
        ),
    },
    instances=CURVES,
    solve=gradient,
    claim=Identity(by_differences),
    decisions=("outcome",),
    saboteurs=(
        saboteur("p squared for p", solve=squared),
        saboteur("rewards lowered by rank", solve=by_rank),
        saboteur("differences across C and the rest", claim=Identity(partial(by_differences, mixed=True))),
        saboteur("1 / sqrt p for 1 / p", claim=Identity(partial(by_differences, power=-0.5))),
    ),
)
