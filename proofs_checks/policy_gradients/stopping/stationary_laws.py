"""Where the flow of an update with a divergence to a reference comes to rest.

f is the reference, p a stationary law, C the set of right answers, P = p(C) and P_f = f(C). G is the size of a group,
w(P) the factor of grad P in the update, c = w(P) P (1 - P), and lam > 0 the weight of the divergence. The reverse one
is KL(p || f), the forward one KL(f || p).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Ball,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    log,
    saboteur,
    sqrt,
)
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import stationary_points
from proofs_checks.policy_gradients.families.problems import Problem, draw_problem, is_mixed, weight_of


@dataclass(frozen=True)
class Pulled(Problem):
    """A reference in the place of a law, the weight of a divergence in hundredths, and its direction."""

    hundredths: int = 100
    direction: str = "forward"

    @property
    def lam(self) -> float:
        """The weight of the divergence."""
        return self.hundredths / 100


def draw_pulled(draws: Draws) -> Pulled:
    """Draw a reference, a weight and a direction."""
    case = draw_problem(draws, norms=("std", "sample", "none", "loo"))
    lam, direction = draws.integers(20, 300), draws.choice(("forward", "reverse"))
    return Pulled(case.weights, case.correct, case.group_size, case.norm, lam, direction)


PULLED = Family(
    "references-and-divergences",
    always=(
        Pulled((1, 1), (1, 0), 2, "std", 100, "forward"),
        Pulled((1, 3, 2), (1, 1, 0), 4, "std", 80, "forward"),
        Pulled((1, 3, 2, 4), (1, 1, 0, 0), 5, "none", 50, "reverse"),
        Pulled((2, 1, 3), (0, 1, 1), 3, "sample", 150, "reverse"),
        Pulled((1, 2, 9997), (1, 1, 0), 8, "std", 20, "reverse"),  # three roots
        Pulled((1, 1), (0, 1), 2, "std", 20, "reverse"),  # a root at the logit 5, a point of the grid of the claim
    ),
    draw=draw_pulled,
)


def at_rest(case: Pulled, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for all stationary laws, a law a row."""
    found = stationary_points(
        case.law,
        case.right,
        lam=case.lam,
        group_size=case.group_size,
        norm=case.norm,
        direction=case.direction,
    )
    return np.asarray(found.p)


def evened(case: Pulled, rng: np.random.Generator) -> np.ndarray:
    """Spread P evenly over C, and the rest evenly over the rest, as a pull to the uniform law does."""
    right = case.right
    return np.array(
        [np.where(right, p[right].sum() / right.sum(), p[~right].sum() / (~right).sum()) for p in at_rest(case, rng)]
    )


def half_pulled(case: Pulled, rng: np.random.Generator) -> np.ndarray:
    """Go half of the way from the reference to each stationary law."""
    return (at_rest(case, rng) + case.law) / 2


@formula(P_f="(0, 1)", c="[0, inf)", lam="(0, inf)")
def forward_rest(P_f: Number, c: Number, lam: Number) -> Number:
    """The success probability P_f + c / lam at rest under the forward divergence, where c belongs to that of rest.

    Proof
    -----
    Assumes: a law with positive probabilities at which w p_k (r_k - P) is lam times the gradient of the divergence.

    Proof: reverse, that gradient is p_k (log(p_k / f_k) - KL), so that log(p_k / f_k) takes one value on C and one on
    the rest, whose difference is w / lam: logit P = logit P_f + w / lam. Forward, it is p_k - f_k, so that p_k = lam
    f_k / (lam - w (1 - P)) on C and lam f_k / (lam + w P) elsewhere, and the sum over C says c = lam (P - P_f). In both
    cases p is in proportion to f within C and within the rest. For std, sample, none and loo c is a Bernstein
    polynomial of a concave function of P, so concave, and P - c / lam is convex, 0 at 0 and 1 at 1: it takes the value
    P_f once.
    """
    return P_f + c / lam


def is_at_rest(case: Pulled, found: np.ndarray, weighed: bool = True) -> Sides:
    """Compare the update with the pull at each law, laws within C and the rest with the reference, P, and the count."""
    f, right, lam = case.law, case.right, case.lam
    P_f = float(f[right].sum())
    lhs: list[Any] = [len(found)]
    rhs: list[Any] = [1 if case.direction == "forward" else crossings(case)]
    for p in found:
        P = float(p[right].sum())
        w = float(weight_of(case, P))
        pushed = w * p * (right - P)
        shares = np.where(right, f * P / P_f, f * (1 - P) / (1 - P_f))
        gain = math.log(P) - math.log1p(-P) - math.log(P_f) + math.log1p(-P_f)
        if case.direction == "forward":
            pulled, both = lam * (p - f), (P, forward_rest(P_f, w * P * (1 - P), lam if weighed else 1.0))
        else:
            logs = np.log(p / f)
            # the logit moves fast near P = 1, so its equation is compared times P (1 - P)
            pulled, both = lam * p * (logs - p @ logs), (gain * P * (1 - P), w / (lam if weighed else 1) * P * (1 - P))
        lhs += [*pushed, *p, both[0]]
        rhs += [*pulled, *shares, both[1]]
    return Sides(np.array(lhs, float), np.array(rhs, float), rounding=rounded(20_000, 1 + 1 / lam + lam))


def crossings(case: Pulled) -> int:
    """Count the changes of sign of logit P - logit P_f - w / lam on a fine grid of logits."""
    P_f = float(case.law[case.right].sum())
    grid = np.linspace(-30, 30, 1201)
    P = 1 / (1 + np.exp(-grid))
    gaps = grid - math.log(P_f / (1 - P_f)) - weight_of(case, P) / case.lam
    signs = np.sign(gaps[gaps != 0])  # a root on the grid is one change, and not one to 0 and one from it
    return int((signs[1:] != signs[:-1]).sum())


GR_8F = Statement(
    id="policy_gradients/GR-8f",
    title="At rest under a divergence nothing of the sharpening is left",
    says=(
        "Every law p > 0 at which the update is balanced by lam times the gradient of a divergence to f is in "
        "proportion to f within C and within the rest. Under KL(p || f), logit P = logit P_f + w(P) / lam; under KL(f "
        "|| p), P = P_f + c(P) / lam, which has exactly one solution for every lam > 0."
    ),
    source=Derived(forward_rest),
    tex=r"p(\cdot \mid C) = f(\cdot \mid C), \quad P = P_f + c(P) / \lambda",
    hypotheses={
        "some answers are right and some are wrong": is_mixed,
        "a divergence with a weight": lambda case: case.lam > 0,
        "a norm whose c is concave": lambda case: case.norm != "mean",
    },
    instances=PULLED,
    solve=at_rest,
    claim=Identity(is_at_rest),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a pull to the uniform law", solve=evened),
        saboteur("half of the way", solve=half_pulled),
        saboteur("lam is left out", claim=Identity(partial(is_at_rest, weighed=False))),
    ),
    notes="With a divergence sharpening is a matter of stopping early, and not of the optimum.",
)

# --- three points of rest --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rare:
    """The size of a group, a weight of the reverse divergence in tenths, and one over the success of the reference."""

    group_size: int
    tenths: int
    inverse: int


RARE = Family(
    "three-points-of-rest",
    always=(Rare(8, 2, 10_000), Rare(16, 3, 1000), Rare(32, 3, 10_000), Rare(32, 3, 1000), Rare(32, 5, 100)),
    complete="sizes of groups, weights and references",
    members=5,
)


def roots(case: Rare, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for all success probabilities at rest."""
    f = np.array([1, case.inverse - 1]) / case.inverse
    found = stationary_points(
        f,
        np.array([True, False]),
        lam=case.tenths / 10,
        group_size=case.group_size,
        norm="std",
        direction="reverse",
    )
    return np.asarray(found.p)[:, 0]


def without_divisor(case: Rare, rng: np.random.Generator) -> np.ndarray:
    """Take the one point of rest of centred rewards, and say it three times."""
    logit = -math.log(case.inverse - 1) + 10 * (1 - 1 / case.group_size) / case.tenths
    return np.full(3, 1 / (1 + math.exp(-logit)))


@formula(P="(0, 1)", P_f="(0, 1)", G="[2, inf)", lam="(0, inf)")
def excess(P: Number, P_f: Number, G: int, lam: Number) -> Number:
    """The logit of P less those of rest, logit P - logit P_f - w(P) / lam, which is 0 at rest.

    Proof
    -----
    Assumes: rewards divided by the deviation of their group, and the reverse divergence (statement GR-8f).

    Proof: w is the sum below, whose terms are those of P and 1 - P alike; it is (G - 1) times the mean of 1 / sqrt((1 +
    J)(G - 1 - J)) over a binomial J of G - 2 trials, a Bernstein polynomial of convex and symmetric coefficients, and
    so constant for G = 2 and 3 and U-shaped beyond. A continuous function that changes its sign three times has three
    zeros; that there is not more than one for centred rewards is the monotone logit, since their w is constant.
    """
    w: Number = 0
    for s in range(1, G):
        w = w + math.comb(G, s) * P ** (s - 1) * (1 - P) ** (G - s - 1) * sqrt(Fraction(s * (G - s), G * G))
    return log(P / (1 - P)) - log(P_f / (1 - P_f)) - w / lam


def changes_sign(case: Rare, found: np.ndarray) -> Sides:
    """Compare the excess just below and just above each of three numbers with 0, and the numbers with each other."""
    step, G = Fraction(1, 10**9), case.group_size
    at = lambda P: excess(P, Fraction(1) / case.inverse, G, Fraction(1) * case.tenths / 10)
    low, middle, high = found
    lhs = [at(low - step), -at(low + step), -at(middle - step), at(middle + step), at(high - step), -at(high + step)]
    return Sides(np.array([*lhs, low, middle]), np.array([*[0 * low] * 6, middle - step, high - step]))


GR_8M = Statement(
    id="policy_gradients/GR-8m",
    title="Division by the deviation can leave three points of rest",
    says=(
        "With rewards divided by the deviation of a group of G, and lam times the divergence KL(p || f), logit P - "
        "logit P_f - w(P) / lam changes its sign three times on the references, weights and sizes of this family: two "
        "points of rest attract, and the start decides between them. Centred rewards without a divisor have one point "
        "of rest for all of them."
    ),
    source=Derived(excess),
    tex=r"\operatorname{logit} P = \operatorname{logit} P_f + w(P) / \lambda \quad \text{three times}",
    hypotheses={"a group of four or more": lambda case: case.group_size >= 4},
    instances=RARE,
    solve=roots,
    claim=Inequality(changes_sign, numbers=Ball, unbounded="success probabilities that are reported may be any"),
    decisions=("outcome",),
    saboteurs=(saboteur("no divisor", solve=without_divisor),),
)
