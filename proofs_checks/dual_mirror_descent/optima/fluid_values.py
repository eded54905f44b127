"""The fluid value of a law, which bounds the expected optimum in hindsight."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, Number, Sides, Statement, always, formula, saboteur
from lrtheory.dual_mirror_descent import fluid_optimum
from proofs_checks.dual_mirror_descent.families.programs import rational


@dataclass(frozen=True)
class SmallLaw:
    """Rewards (K,) and costs (K,) of types with integer weights (K,), a horizon, and a budget of one resource."""

    rewards: np.ndarray
    costs: np.ndarray
    weights: np.ndarray
    horizon: int
    budget: float


def fluid_fractions(law: SmallLaw, rng: np.random.Generator) -> np.ndarray:
    """Return how often per period the fluid optimum takes each type, (K,)."""
    types = (law.rewards, law.costs)
    return fluid_optimum(types, law.weights / law.weights.sum(), law.budget / law.horizon).solution.ravel()


def draw_law(draws: Draws) -> SmallLaw:
    """Draw a law of two or three types and up to six requests, so that all counts of types can be enumerated."""
    k, horizon = draws.integers(2, 3), draws.integers(1, 6)
    rewards, costs = draws.integers(1, 8, shape=k) / 4, draws.integers(1, 4, shape=k) / 4
    return SmallLaw(rewards, costs, draws.integers(1, 4, shape=k), horizon, draws.integers(1, 4 * horizon) / 4)


SMALL_LAWS = Family(
    "small-laws",
    always=(
        SmallLaw(np.array([1.0, 0.5]), np.array([1.0, 1.0]), np.array([1, 1]), 4, 2.0),
        SmallLaw(np.array([3.0, 2.0, 1.0]), np.ones(3), np.array([3, 2, 3]), 4, 2.0),
    ),
    draw=draw_law,
)


def laws_of_two() -> Iterator[SmallLaw]:
    """Yield laws of two types of few sizes."""
    halves = list(itertools.product((0.5, 1.0), repeat=2))
    for rewards, costs, weights in itertools.product(halves, halves, ((1, 1), (1, 2))):
        for horizon, budget in itertools.product((1, 2, 3), (0.5, 1.0, 2.0)):
            yield SmallLaw(np.array(rewards), np.array(costs), np.array(weights), horizon, budget)


def whole_types(law: SmallLaw, rng: np.random.Generator) -> np.ndarray:
    """Leave out the types that the fluid optimum takes in part."""
    share = law.weights / law.weights.sum()
    return share * np.floor(fluid_fractions(law, rng) / share + 1e-9)


def expected_optimum(law: SmallLaw) -> Fraction:
    """Compute E OPT by enumeration of all counts of types, each knapsack solved by sorting."""
    total, order = (
        int(law.weights.sum()),
        sorted(range(len(law.rewards)), key=lambda k: -Fraction(law.rewards[k]) / Fraction(law.costs[k])),
    )
    expected = Fraction(0)
    for counts in itertools.product(range(law.horizon + 1), repeat=len(order)):
        if sum(counts) != law.horizon:
            continue
        ways = math.factorial(law.horizon)  # the multinomial coefficient, when divided by all count!
        chance = Fraction(1)
        for k, count in enumerate(counts):
            ways //= math.factorial(count)
            chance *= Fraction(int(law.weights[k]), total) ** count
        left, value = Fraction(law.budget), Fraction(0)
        for k in order:
            taken = min(left, counts[k] * Fraction(law.costs[k]))
            left, value = left - taken, value + taken * Fraction(law.rewards[k]) / Fraction(law.costs[k])
        expected += ways * chance * value
    return expected


def exact_vector(x: np.ndarray) -> np.ndarray:
    """Return doubles as the fractions that they are, (n,)."""
    return np.array([Fraction(v) for v in x.tolist()], object)


@formula(T="[1, inf)", value="[0, inf)")
def fluid_bound(T: int, value: Number) -> Number:
    """The expected optimum in hindsight is at most this, T times the fluid `value`.

    Proof
    -----
    Assumes: the requests have one law P, or laws of which P is the average (the caller).

    Proof: OPT <= sum_t D_t(mu) for every mu >= 0 (DMD-L1). The mean of the sum is T D_P(mu), so E OPT <= T D_P(mu);
    take the smallest over mu, which is the value of the fluid program by duality.
    """
    return T * value


def below_the_fluid(law: SmallLaw, taken: np.ndarray, share: Fraction = Fraction(1)) -> Sides:
    """Compare E OPT with the value of the fluid solution, and the infeasibility of that solution with zero."""
    y, p = rational(taken), np.array([Fraction(int(w), int(law.weights.sum())) for w in law.weights], object)
    value = fluid_bound(law.horizon, (y * exact_vector(law.rewards)).sum())
    excess = np.maximum(np.r_[law.horizon * (y * exact_vector(law.costs)).sum() - Fraction(law.budget), y - p, -y], 0)
    best, none = law.horizon * max(exact_vector(law.rewards)), np.full(len(excess), np.inf)
    return Sides(np.r_[expected_optimum(law), excess], np.r_[share * value, 0 * excess], trivial=np.r_[best, none])


DMD_F1 = Statement(
    id="dual_mirror_descent/DMD-F1",
    title="The fluid optimum is at least the expected optimum",
    says=(
        "The expected optimum OPT in hindsight of T independent requests of law P is at most T times the fluid value, "
        "which is the least over prices mu >= 0 of D_P(mu), the expected dual value of one request."
    ),
    source=Derived(fluid_bound),
    tex=r"\mathbb E\,\mathrm{OPT} \le T \min_{\mu \ge 0} D_P(\mu)",
    hypotheses={"independent requests of one law": always},
    instances=SMALL_LAWS,
    for_all=(
        All(
            "laws of two types with rewards and costs 1/2 or 1, alike or one twice as likely, for one to three "
            "requests and budgets 1/2, 1 or 2",
            laws_of_two,
            members=288,
        ),
    ),
    solve=fluid_fractions,
    decisions=("outcome",),
    claim=Inequality(below_the_fluid, unbounded="a solution may overdraw by anything; the optimum has a limit"),
    saboteurs=(
        saboteur("one fifth less", claim=Inequality(partial(below_the_fluid, share=Fraction(4, 5)))),
        saboteur("whole types alone", solve=whole_types),
    ),
    notes="E OPT by enumeration of all counts, in rational numbers.",
)
