"""Statements about the linear program in hindsight and its dual, certified in rational numbers, and the fluid bound."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, OutcomeError, Sides, Statement, always, saboteur
from lrtheory.dual_mirror_descent import theory
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.programs import (
    PRICED,
    SMALL_LAWS,
    SMALL_PROGRAMS,
    Priced,
    Program,
    SmallLaw,
    dual_values,
    fluid_fractions,
    solved,
)
from proofs_checks.dual_mirror_descent.families.streams import Requests, conjugates

DENOMINATOR = 10**6  # vertices of programs with small dyadic numbers have far smaller denominators


def rational(x: np.ndarray) -> np.ndarray:
    """Restore the fractions with small denominators that a solver has rounded to doubles."""
    return np.array([Fraction(float(v)).limit_denominator(DENOMINATOR) for v in x.ravel()], object).reshape(x.shape)


def dual_value(requests: Requests, prices: np.ndarray) -> Any:
    """Compute the sum over t of D_t(mu)."""
    return (
        requests.horizon * (requests.rate * prices).sum() + conjugates(requests.rewards, requests.costs, prices).sum()
    )


def certificate(requests: Requests, program: Program) -> Sides:
    """Compare primal with dual value, and the infeasibility of both solutions with zero, in rational numbers."""
    x, prices = rational(program.solution), rational(program.prices)
    value = (x * requests.rewards).sum()
    used = (x[..., None] * requests.costs).sum((0, 1)) - requests.rate * requests.horizon
    excess = np.maximum(np.r_[used, x.sum(1) - 1, -x.ravel(), -prices], 0)
    return Sides(np.r_[value, excess], np.r_[dual_value(requests, prices), 0 * excess])


DMD_L2 = Statement(
    id="dual_mirror_descent/DMD-L2",
    title="The least dual value is the optimum in hindsight",
    says=(
        "The optimum OPT_LP in hindsight, where requests may be split over actions, is the least value over prices mu "
        ">= 0 of the dual function, which sums over the requests t the terms D_t(mu): the best reward less priced "
        "cost, plus mu times the rates."
    ),
    source=Classical(
        "strong duality of linear programs", "D. Bertsimas, J. Tsitsiklis, Introduction to Linear Optimization, 1997"
    ),
    tex=r"\mathrm{OPT}_{LP} = \min_{\mu \ge 0} \sum_t D_t(\mu)",
    hypotheses={"finite menus": always},
    instances=SMALL_PROGRAMS,
    solve=solved,
    decisions=("solution", "prices"),
    claim=Identity(certificate),
    saboteurs=(
        saboteur("greedy by reward per unit, without fractions", solve=wrong_solvers.greedy_ratio),
        saboteur("prices doubled", solve=wrong_solvers.doubled_prices),
    ),
    notes="A feasible solution and prices of equal value prove each other optimal; the prices need not be unique.",
)


def above_the_optimum(priced: Priced, values: np.ndarray) -> Sides:
    """Compare the value of an optimal solution with every dual value, and the dual values with the formula."""
    requests = priced.requests
    x = rational(solved(requests).solution)
    best = np.maximum(requests.rewards.max(1), 0).sum()
    formula = np.array(
        [
            theory.weak_duality(conjugates(requests.rewards, requests.costs, mu), mu, requests.rate * requests.horizon)
            for mu in priced.prices
        ]
    )
    if values.shape != formula.shape:
        raise OutcomeError("one dual value is due for each of the prices")
    off, optimum = np.abs(values - formula), (x * requests.rewards).sum()
    none = np.full(len(off), np.inf)
    lhs, rhs = np.r_[np.full(len(off), optimum), off], np.r_[values, 0 * off]
    return Sides(lhs, rhs, trivial=np.r_[np.full(len(off), best), none])


DMD_L1 = Statement(
    id="dual_mirror_descent/DMD-L1",
    title="Every price bounds the optimum",
    says=(
        "At any prices mu >= 0 the dual values D_t(mu), the best reward less priced cost of request t plus mu times "
        "the rates, sum to at least the optimum OPT_LP in hindsight, where requests may be split over actions."
    ),
    source=Derived(theory.weak_duality),
    tex=r"\mu \ge 0 \Rightarrow \mathrm{OPT}_{LP} \le \sum_t D_t(\mu)",
    hypotheses={"prices at or above zero": lambda priced: bool((priced.prices >= 0).all())},
    instances=PRICED,
    solve=dual_values,
    claim=Inequality(above_the_optimum, unbounded="a dual value may be wrong by anything; the optimum has a limit"),
    saboteurs=(
        saboteur("the budget is not charged", solve=wrong_solvers.budget_not_charged),
        saboteur("the last request is left out", solve=wrong_solvers.last_request_left_out),
    ),
    notes="The certificate of every run is this bound at its average price (DMD-S7).",
)


# --- the fluid bound -------------------------------------------------------------------------------------------------


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


def below_the_fluid(law: SmallLaw, taken: np.ndarray, share: Fraction = Fraction(1)) -> Sides:
    """Compare E OPT with the value of the fluid solution, and the infeasibility of that solution with zero."""
    y, p = rational(taken), np.array([Fraction(int(w), int(law.weights.sum())) for w in law.weights], object)
    value = theory.fluid_bound(law.horizon, (y * exact_vector(law.rewards)).sum())
    excess = np.maximum(np.r_[law.horizon * (y * exact_vector(law.costs)).sum() - Fraction(law.budget), y - p, -y], 0)
    best, none = law.horizon * max(exact_vector(law.rewards)), np.full(len(excess), np.inf)
    return Sides(np.r_[expected_optimum(law), excess], np.r_[share * value, 0 * excess], trivial=np.r_[best, none])


def exact_vector(x: np.ndarray) -> np.ndarray:
    """Return doubles as the fractions that they are, (n,)."""
    return np.array([Fraction(v) for v in x.tolist()], object)


DMD_F1 = Statement(
    id="dual_mirror_descent/DMD-F1",
    title="The fluid optimum is at least the expected optimum",
    says=(
        "The expected optimum OPT in hindsight of T independent requests of law P is at most T times the fluid value, "
        "which is the least over prices mu >= 0 of D_P(mu), the expected dual value of one request."
    ),
    source=Derived(theory.fluid_bound),
    tex=r"\mathbb E\,\mathrm{OPT} \le T \min_{\mu \ge 0} D_P(\mu)",
    hypotheses={"independent requests of one law": always},
    instances=SMALL_LAWS,
    solve=fluid_fractions,
    decisions=("outcome",),
    claim=Inequality(below_the_fluid, unbounded="a solution may overdraw by anything; the optimum has a limit"),
    saboteurs=(
        saboteur("one fifth less", claim=Inequality(partial(below_the_fluid, share=Fraction(4, 5)))),
        saboteur("whole types alone", solve=wrong_solvers.whole_types),
    ),
    notes="E OPT by enumeration of all counts, in rational numbers.",
)
