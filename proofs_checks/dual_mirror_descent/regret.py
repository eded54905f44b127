"""Regret when requests are independent with one law: bounds, a form that is never vacuous, the rate, log m."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Expectation, Family, Paper, Rate, Statement, saboteur
from lrtheory.dual_mirror_descent import allocate, hindsight_optimum, theory
from proofs_checks.dual_mirror_descent import mutants
from proofs_checks.dual_mirror_descent.families.laws import (
    CAPPED_LAWS,
    HEAVILY_CORRUPTED,
    IID_LAWS,
    LADDER,
    LONG_LAW,
    LONG_PERIODS,
    ONE_RESOURCE,
    ONE_RESOURCE_SHORT,
    SLACK_LAW,
    SLOW_MARKOV,
    RequestLaw,
    Runs,
    is_iid,
    optima,
    runs,
)
from proofs_checks.dual_mirror_descent.families.streams import conjugates


def regret(law: RequestLaw, found: Runs) -> np.ndarray:
    """OPT - R of each run, on its own sequence."""
    return optima(law, found.kinds) - found.reward


def bound(law: RequestLaw, input_model: str = "iid", **what) -> float:
    """The right-hand side."""
    return theory.regret_bound(input_model, **law.setting, geometry=law.geometry, init=law.first_prices, **what).total


def largest_optimum(law: RequestLaw) -> float:
    """What no run can earn more than: f bar a request, and what the budgets pay for at the best reward per unit."""
    costs = law.costs.min(axis=(0, 1))
    per_unit = np.where(costs > 0, law.reward_bound / np.where(costs > 0, costs, 1), np.inf)
    return float(min(law.reward_bound * law.horizon, (per_unit * law.budget).min()))


def regret_at_most(limit) -> Expectation:
    """E[OPT - R] <= limit(law)."""
    return Expectation(sample=regret, at_most=limit, support=lambda law: (0.0, largest_optimum(law)))


DMD_T1 = Statement(
    id="dual_mirror_descent/DMD-T1",
    title="Regret under independent requests of one law",
    source=Paper("2011.10124", "Theorem 1", read="recalled"),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + C_2 \eta T + C_3/\eta",
    hypotheses={"one law": is_iid},
    instances=IID_LAWS,
    solve=runs,
    claim=regret_at_most(bound),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=mutants.wrong_sign, instances=LONG_LAW),
        saboteur("steps of 1/T", solve=mutants.small_steps, instances=LONG_LAW),
        saboteur("no projection at zero", solve=mutants.not_projected, instances=SLACK_LAW),
        saboteur("turns everything away", solve=mutants.turns_away),
        saboteur("the last fifth has another law", breaks="one law", instances=HEAVILY_CORRUPTED),
        saboteur("a slow chain", breaks="one law", instances=SLOW_MARKOV),
        saboteur("long periods", breaks="one law", instances=LONG_PERIODS),
        saboteur("a fortieth of the bound", claim=regret_at_most(lambda law: bound(law) / 40)),
    ),
    notes="The proof, with constants of its own, is that of `theory.regret_bound`. DMD-T1p is never vacuous.",
)


# --- a form that is never vacuous ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairs:
    """Two independent batches of runs."""

    first: Runs
    second: Runs


def pairs(law: RequestLaw, rng: np.random.Generator, n: int, solve=runs) -> Pairs:
    """Runs whose optima meet the stopping times of others, so that the product has the product of the means."""
    return Pairs(solve(law, rng, n), solve(law, rng, n))


def excess(law: RequestLaw, found: Pairs, share: float = 1.0) -> np.ndarray:
    """OPT - R less OPT (T - tau) / T and the regret of the prices; tau from the partner."""
    optimum, tau, path_regret = optima(law, found.first.kinds), found.second.stopping_time, found.first.path_regret
    allowed = theory.decomposition_bound(optimum, horizon=law.horizon, stopping_time=tau, path_regret=path_regret)
    return optimum - found.first.reward - share * allowed


def excess_range(law: RequestLaw) -> tuple[float, float]:
    """At most T f bar, since R and the prices' regret add up to dual values; at least less T f bar and their bound."""
    g = max(law.cost_bound, law.rate.max())
    prices = len(law.rate) * (law.step_size * law.horizon * g**2 + (law.init or 0.0) ** 2 / law.step_size) / 2
    return -law.reward_bound * law.horizon - prices, law.reward_bound * law.horizon


def at_most_zero(sample) -> Expectation:
    """E[sample] <= 0."""
    return Expectation(sample=sample, at_most=lambda law: 0.0, support=excess_range)


DMD_T1P = Statement(
    id="dual_mirror_descent/DMD-T1p",
    title="Regret by where it arises",
    source=Derived(theory.decomposition_bound),
    tex=r"\mathbb E[O - R] \le \mathbb E\,O\ \mathbb E[T-\tau]/T + \mathbb E\sum_{t\le\tau}\mu_t g_t,\ O=\mathrm{OPT}",
    hypotheses={"one law": is_iid},
    instances=ONE_RESOURCE,
    solve=pairs,
    claim=at_most_zero(excess),
    saboteurs=(
        saboteur("prices that have seen the request", solve=partial(pairs, solve=mutants.prices_after_the_request)),
        saboteur("a quarter of it", claim=at_most_zero(partial(excess, share=1 / 4))),
    ),
    notes="Never vacuous: both terms are measured. The prices must be set before the request is seen.",
)


# --- optional stopping -----------------------------------------------------------------------------------------------


def conjugate_sums(law: RequestLaw, rng: np.random.Generator, n: int, stop=None) -> np.ndarray:
    """Sum of f*_t(mu_t) - E f*(mu_t) up to the stopping time, or up to another one, in n runs."""
    sums = np.empty(n)
    for i, kinds in enumerate(law.draw(rng, n)):
        found = allocate(law.stream(kinds), step_size=law.step_size, init=law.first_prices, record=True)
        prices = found.trace["prices"][:-1]
        seen = conjugates(law.rewards[kinds], law.costs[kinds], prices)
        expected = np.maximum(law.rewards[:, 0] - prices * law.costs[:, 0, 0], 0) @ law.probabilities
        tau = found.stopping_time if stop is None else stop(seen - expected)
        sums[i] = (seen - expected)[:tau].sum()
    return sums


def centered(within: float) -> Expectation:
    """The mean is zero."""
    return Expectation(
        sample=lambda law, sums: sums,
        equals=lambda law: 0.0,
        within=lambda law: within,
        support=lambda law: (-law.reward_bound * law.horizon, law.reward_bound * law.horizon),
    )


DMD_L7 = Statement(
    id="dual_mirror_descent/DMD-L7",
    title="Stopping when the budget is nearly gone is fair",
    source=Derived(theory.decomposition_bound),
    tex=r"\mathbb E \sum_{t \le \tau} (f^*_t(\mu_t) - \mathbb E f^*(\mu_t)) = 0",
    hypotheses={"one law": is_iid, "one resource": lambda law: law.costs.shape[1:] == (1, 1)},
    instances=ONE_RESOURCE_SHORT,
    solve=conjugate_sums,
    claim=centered(within=1.0),
    saboteurs=(
        saboteur("stops at the best time in hindsight", solve=partial(conjugate_sums, stop=mutants.best_in_hindsight)),
    ),
)


# --- the optimum of uniform rewards ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secretaries:
    """T rewards uniform on [0, 1], of which B may be taken."""

    horizon: int
    budget: int


def uniform_optima(secretaries: Secretaries, rng: np.random.Generator, n: int) -> np.ndarray:
    """Optima in hindsight of n sequences."""
    draws, ones = rng.random((n, secretaries.horizon)), np.ones(secretaries.horizon)
    return np.array([hindsight_optimum(rewards, ones, secretaries.budget).value for rewards in draws])


DMD_F1_UNIFORM = Statement(
    id="dual_mirror_descent/DMD-F1-uniform",
    title="The mean optimum of uniform rewards",
    source=Derived(theory.uniform_hindsight),
    tex=r"\mathbb E\,\mathrm{OPT} = B(2T - B + 1)/(2(T + 1))",
    hypotheses={"no more units than requests": lambda s: s.budget <= s.horizon},
    instances=Family("secretaries", always=(Secretaries(1, 1), Secretaries(4, 2), Secretaries(16, 4))),
    solve=uniform_optima,
    claim=Expectation(
        sample=lambda secretaries, optima: optima,
        equals=lambda s: float(theory.uniform_hindsight(s.horizon, s.budget)),
        within=lambda s: 0.1 * s.budget,
        support=lambda s: (0.0, float(s.budget)),
    ),
    saboteurs=(
        saboteur("takes the first ones", solve=mutants.first_come),
        saboteur("one unit more", solve=mutants.one_unit_more),
    ),
)


# --- the rate --------------------------------------------------------------------------------------------------------


DMD_T1_RATE = Statement(
    id="dual_mirror_descent/DMD-T1-rate",
    title="Regret grows like the square root of the horizon",
    source=Derived(theory.regret_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] = \Theta(\sqrt T) \text{ for } \eta = 1/\sqrt T",
    hypotheses={"one law": is_iid},
    instances=LADDER,
    solve=runs,
    claim=Rate(
        cost=regret, size=lambda law: law.horizon, over=lambda law: np.sqrt(law.horizon), exponent=(-0.15, 0.15)
    ),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=mutants.wrong_sign),
        saboteur("steps of one half", solve=mutants.constant_steps),
        saboteur("steps of 1/T", solve=mutants.small_steps),
    ),
    notes="Uniform rewards, where the fluid price is positive; the bound says O, the ladder shows the power.",
)


# --- entropy within a cap --------------------------------------------------------------------------------------------


def capped_bound(law: RequestLaw, share: float = 1.0) -> float:
    """C1 + eta T f bar A^2 / 2 + f bar log(m + 1) / eta."""
    return share * float(theory.capped_entropy_bound(**law.setting))


DMD_C2 = Statement(
    id="dual_mirror_descent/DMD-C2",
    title="With a capped entropy the number of resources enters as log m",
    source=Derived(theory.capped_entropy_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + \eta T \bar f A^2/2 + \bar f \log(m+1)/\eta",
    hypotheses={"one law": is_iid, "the default start": lambda law: law.init is None},
    instances=CAPPED_LAWS,
    solve=runs,
    claim=regret_at_most(capped_bound),
    saboteurs=(
        saboteur("a twentieth of it", claim=regret_at_most(partial(capped_bound, share=1 / 20))),
        saboteur("turns everything away", solve=mutants.turns_away),
    ),
    notes="A better constant for many resources; on easy laws its regret is larger, for its prices start high.",
)
