"""Lower bounds on the regret of every online policy, on the three-point law of the multisecretary problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Draws, Expectation, Family, Inequality, Measured, Sides, Statement, saboteur
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw, is_iid
from proofs_checks.dual_mirror_descent.families.runs import Taken, legal, optima, plausible, rewards, taken

ARLOTTO_GURVICH = Classical(
    "a lower bound for the multisecretary problem",
    "A. Arlotto, I. Gurvich, Uniformly bounded regret in the multisecretary problem, Stochastic Systems 9, 2019",
)


@dataclass(frozen=True)
class ThreePoints:
    """T requests with rewards 3, 2, 1 of the given probabilities (3,), as Fractions, for T / 2 units."""

    horizon: int
    probabilities: np.ndarray


def nearly_degenerate(horizon: int) -> ThreePoints:
    """Make the law whose middle reward has probability 1 / sqrt(T), for T a square."""
    middle = Fraction(1, int(horizon**0.5))
    return ThreePoints(horizon, np.array([(1 - middle) / 2, middle, (1 - middle) / 2], object))


def is_nearly_degenerate(points: ThreePoints) -> bool:
    """Tell whether the middle probability is 1 / sqrt(T), and the others are alike."""
    low, middle, high = points.probabilities
    return middle**2 * points.horizon == 1 and low == high


def online_value(points: ThreePoints, rng: np.random.Generator) -> Any:
    """Compute the mean reward of the best online policy, by dynamic programming in rational numbers."""
    return theory.three_point_online(points.horizon, points.horizon // 2, points.probabilities.tolist())


def hindsight_value(points: ThreePoints, rng: np.random.Generator) -> Any:
    """Compute the mean optimum of those who know the sequence."""
    return theory.three_point_hindsight(points.horizon, points.horizon // 2, points.probabilities.tolist())


def below_hindsight(points: ThreePoints, online: Any, divisor: int = 8) -> Sides:
    """Compare the best online mean with the mean optimum less sqrt(T) / 8, and with that less 0.13 sqrt(T)."""
    optimum, root = hindsight_value(points, None), int(points.horizon**0.5)
    least = optimum - Fraction(13 * root, 100)
    return Sides([online, least], [optimum - Fraction(root, divisor), online], trivial=[optimum, optimum])


def draw_points(draws: Draws) -> ThreePoints:
    """Draw a horizon among the squares of even numbers from 8 to 16."""
    # sqrt(T) is whole, so that the middle probability is a fraction, and T is even, so that T / 2 units are whole
    return nearly_degenerate((2 * draws.integers(4, 8)) ** 2)


DMD_LB1 = Statement(
    id="dual_mirror_descent/DMD-LB1",
    title="The best online policy has regret of 0.125 to 0.13 times sqrt(T), from T = 64 on",
    says=(
        "On T >= 64 requests with rewards 3, 2 and 1, the middle one of probability 1/sqrt(T) and the others alike, "
        "and T/2 units, the largest expected reward E R_pi of an online policy pi is below the expected optimum E OPT "
        "in hindsight by 0.125 sqrt(T) to 0.13 sqrt(T)."
    ),
    source=Measured(
        what="the constants 1/8 and 0.13 of the best online regret, of order sqrt(T) by [AG]",
        where="T = 64, 100, 144, 196, 256, by dynamic programming in rational numbers",
        command="lrtheory check dual_mirror_descent/DMD-LB1",
    ),
    tex=r"0.125 \sqrt T \le \mathbb E\,\mathrm{OPT} - \max_\pi \mathbb E R_\pi \le 0.13 \sqrt T \text{ for } T \ge 64",
    hypotheses={
        "middle reward with probability 1/sqrt(T)": is_nearly_degenerate,
        "64 requests or more": lambda points: points.horizon >= 64,
    },
    instances=Family("three-points", always=tuple(nearly_degenerate(4**k) for k in (3, 4)), draw=draw_points),
    solve=online_value,
    closed="Both sides are formulas: the value of the best policy is a dynamic program, and no algorithm runs.",
    claim=Inequality(below_hindsight),
    saboteurs=(
        saboteur("knows the sequence", solve=hindsight_value),
        # 1/7 is 0.143, above 0.13, which is the upper end of the claim
        saboteur("sqrt(T) / 7 claimed", claim=Inequality(partial(below_hindsight, divisor=7))),
        saboteur(
            "a law that does not change with T",
            breaks="middle reward with probability 1/sqrt(T)",
            instances=Family(
                "fixed-points",
                always=(ThreePoints(256, np.array([Fraction(2, 5), Fraction(1, 5), Fraction(2, 5)], object)),),
            ),
        ),
        saboteur(
            "four requests, and sixteen",
            breaks="64 requests or more",
            instances=Family("few-requests", always=(nearly_degenerate(4), nearly_degenerate(16))),
        ),
    ),
    notes=(
        "Exact for each T: regret / sqrt(T) is 0.1016 at T = 4, 0.1221 at 16, 0.1273 at 64, 0.1286 at 256. "
        "[AG] A. Arlotto, I. Gurvich, Uniformly bounded regret in the multisecretary problem, 2019, proves the order."
    ),
)


def three_point_law(horizon: int) -> RequestLaw:
    """Make the nearly degenerate law for the solver, with a first price at the fluid dual optimum of 2."""
    middle = 1 / np.sqrt(horizon)
    probabilities = np.array([(1 - middle) / 2, middle, (1 - middle) / 2])
    step = 1 / np.sqrt(horizon)
    return RequestLaw(
        np.array([[3.0], [2.0], [1.0]]), np.ones((3, 1, 1)), np.array([0.5]), horizon, probabilities, step, init=2.0
    )


def draw_three(draws: Draws) -> RequestLaw:
    """Draw an even horizon from 12 to 48, and probabilities in proportion to weights from 1 to 6."""
    law = three_point_law(2 * draws.integers(6, 24))
    weights = draws.integers(1, 6, shape=3).astype(float)
    return replace(law, probabilities=weights / weights.sum())


def best_online(law: RequestLaw) -> float:
    """Compute the mean reward of the best online policy."""
    return theory.three_point_online(law.horizon, law.horizon // 2, law.probabilities.tolist())


def mean_optimum(law: RequestLaw) -> float:
    """Compute the mean optimum in hindsight."""
    return theory.three_point_hindsight(law.horizon, law.horizon // 2, law.probabilities.tolist())


def gained(law: RequestLaw, found: Taken) -> np.ndarray:
    """Compute R - OPT of each run, from requests and actions alone, (n,)."""
    # `plausible` refuses a solver that makes its own, easier requests: then regret below the bound would prove nothing
    return rewards(law, plausible(law, legal(law, found))) - optima(law, found.kinds)


def has_three_rewards(law: RequestLaw) -> bool:
    """Tell whether rewards are 3, 2 and 1 at unit cost, with a unit for every second request."""
    even = law.horizon % 2 == 0 and law.rate.tolist() == [0.5]
    return even and law.rewards.tolist() == [[3.0], [2.0], [1.0]] and bool((law.costs == 1).all())


DMD_LB1_POLICY = Statement(
    id="dual_mirror_descent/DMD-LB1-policy",
    title="Dual mirror descent does not beat the best online policy",
    says=(
        "On independent requests with rewards 3, 2 and 1 the expected regret OPT - R of dual mirror descent, optimum "
        "in hindsight less reward, is at least the regret of the best online policy pi, E OPT less the largest E R_pi."
    ),
    source=ARLOTTO_GURVICH,
    tex=r"\mathbb E[\mathrm{OPT} - R] \ge \mathbb E\,\mathrm{OPT} - \max_\pi \mathbb E R_\pi",
    hypotheses={"one law": is_iid, "rewards 3, 2, 1": has_three_rewards},
    instances=Family("three-point-laws", always=lambda: (three_point_law(16), three_point_law(64)), draw=draw_three),
    solve=taken,
    decisions=("kinds", "actions"),
    claim=Expectation(
        sample=gained,
        at_most=lambda law: best_online(law) - mean_optimum(law),
        support=lambda law: (-3.0 * law.budget[0], 0.0),
    ),
    saboteurs=(saboteur("knows the sequence", solve=wrong_solvers.hindsight),),
    notes="An implementation with less regret than this peeks at the future.",
)
