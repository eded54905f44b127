"""Statements about regret for independent requests of one law: bounds, one that is never vacuous, the rate, log m."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Expectation, Family, OutcomeError, Paper, Rate, Statement, saboteur
from lrtheory.dual_mirror_descent import hindsight_optimum, theory
from proofs_checks.dual_mirror_descent import wrong_solvers
from proofs_checks.dual_mirror_descent.families.laws import (
    CAPPED_LAWS,
    HEAVILY_CORRUPTED,
    IID_LAWS,
    LADDER,
    LONG_LAW,
    LONG_PERIODS,
    ONE_RESOURCE_SHORT,
    SLACK_LAW,
    SLOW_MARKOV,
    RequestLaw,
    is_iid,
)
from proofs_checks.dual_mirror_descent.families.runs import (
    RUNS,
    Hired,
    Runs,
    Taken,
    gains,
    legal,
    optima,
    path_regrets,
    priced,
    rewards,
    runs,
    short_batch,
    stopping_times,
    taken,
)


def regret(law: RequestLaw, found: Runs) -> np.ndarray:
    """Compute OPT - R of each run, on its own sequence, from requests and actions alone, (n,)."""
    return optima(law, priced(law, found).kinds) - rewards(law, found)


def bound(law: RequestLaw, input_model: str = "iid", **what) -> float:
    """Compute the right-hand side for a law and an input model."""
    return theory.regret_bound(input_model, **law.setting, geometry=law.geometry, init=law.first_prices, **what).total


def largest_optimum(law: RequestLaw) -> float:
    """Bound what a run can earn: f bar per request, and the budget of each resource at the best reward per unit."""
    costs = law.costs.min(axis=(0, 1))
    per_unit = np.where(costs > 0, law.reward_bound / np.where(costs > 0, costs, 1), np.inf)
    return float(min(law.reward_bound * law.horizon, (per_unit * law.budget).min()))


def regret_at_most(limit) -> Expectation:
    """Claim E[OPT - R] <= limit(law)."""
    return Expectation(sample=regret, at_most=limit, support=lambda law: (0.0, largest_optimum(law)))


DMD_T1 = Statement(
    id="dual_mirror_descent/DMD-T1",
    title="Regret under independent requests of one law",
    says=(
        "For T independent requests of one law the expected regret OPT - R, optimum in hindsight less reward, is at "
        "most C1 + C2 eta T + C3/eta for steps of size eta; C1 is lost to depletion, C2 to moving prices, and C3 is "
        "the largest divergence of a comparator from the first prices."
    ),
    source=Paper("2011.10124", "Theorem 1", read="recalled"),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + C_2 \eta T + C_3/\eta",
    hypotheses={"one law": is_iid},
    instances=IID_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(bound),
    saboteurs=(
        # regret of order T passes a bound of order sqrt(T) from a few thousand requests on, but not at 512
        saboteur("the price rises when too little is spent", solve=wrong_solvers.wrong_sign, instances=LONG_LAW),
        saboteur("steps of 1/T", solve=wrong_solvers.small_steps, instances=LONG_LAW),
        # subtle: a negative price pays for the use of a slack resource, so its action displaces better ones
        saboteur("no projection at zero", solve=wrong_solvers.not_projected, instances=SLACK_LAW),
        saboteur("turns everything away", solve=wrong_solvers.turns_away),
        # the algorithm is right, and each law breaks the one hypothesis
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
    """Two independent batches of runs, which are compared pair by pair."""

    first: Runs
    second: Runs


def pairs(law: RequestLaw, rng: np.random.Generator, n: int, solve=runs) -> Pairs:
    """Make runs whose optima meet the stopping times of others, so that the product has the product of the means."""
    return Pairs(solve(law, rng, n), solve(law, rng, n))


def excess(law: RequestLaw, found: Pairs, share: float = 1.0) -> np.ndarray:
    """Compute OPT - R less OPT (T - tau) / T and the regret of the prices, with tau from the partner, (n,)."""
    first, second = priced(law, found.first), priced(law, found.second)
    optimum, tau, regrets = optima(law, first.kinds), stopping_times(law, second), path_regrets(law, first)
    allowed = theory.decomposition_bound(optimum, horizon=law.horizon, stopping_time=tau, path_regret=regrets)
    return optimum - rewards(law, first) - share * allowed


def excess_range(law: RequestLaw) -> tuple[float, float]:
    """Bound `excess`, from above by T f bar, and from below by -T f bar less the bound on the prices' regret."""
    # above, since R and the prices' regret add up to dual values, which are at least 0
    g = max(law.cost_bound, law.rate.max())
    prices = len(law.rate) * (law.step_size * law.horizon * g**2 + (law.init or 0.0) ** 2 / law.step_size) / 2
    return -law.reward_bound * law.horizon - prices, law.reward_bound * law.horizon


def at_most_zero(sample) -> Expectation:
    """Claim E[sample] <= 0."""
    return Expectation(sample=sample, at_most=lambda law: 0.0, support=excess_range)


DMD_T1P = Statement(
    id="dual_mirror_descent/DMD-T1p",
    title="Regret by where it arises",
    says=(
        "For T independent requests of one law the expected regret O - R, optimum in hindsight less reward, is at most "
        "the expected O times the expected share (T - tau)/T of periods after the stopping time tau, plus the expected "
        "sum up to tau of price times gradient, mu_t g_t."
    ),
    source=Derived(theory.decomposition_bound),
    tex=r"\mathbb E[O - R] \le \mathbb E\,O\ \mathbb E[T-\tau]/T + \mathbb E\sum_{t\le\tau}\mu_t g_t,\ O=\mathrm{OPT}",
    hypotheses={"one law": is_iid},
    instances=ONE_RESOURCE_SHORT,
    solve=pairs,
    decisions=("*",),
    claim=at_most_zero(excess),
    saboteurs=(
        # subtle: the algebra holds, but the prices know the request, so the mean of D_t(mu_t) is not that of D(mu_t)
        saboteur(
            "prices that have seen the request", solve=partial(pairs, solve=wrong_solvers.prices_after_the_request)
        ),
        saboteur("a quarter of it", claim=at_most_zero(partial(excess, share=1 / 4))),
    ),
    notes="Never vacuous: both terms are measured. The prices must be set before the request is seen.",
)


# --- optional stopping -----------------------------------------------------------------------------------------------


def conjugate_sums(law: RequestLaw, found: Runs, stop=None) -> np.ndarray:
    """Sum f*_t(mu_t) - E f*(mu_t) up to the stopping time, or up to the one that `stop` returns, for each run, (n,)."""
    seen = np.maximum(gains(law, priced(law, found).kinds, found.prices).max(axis=2), 0)
    prices = found.prices[:, :-1, :1]  # one resource: all types at once
    expected = np.maximum(law.rewards[:, 0] - prices * law.costs[:, 0, 0], 0) @ law.probabilities
    tau = stopping_times(law, found) if stop is None else stop(seen - expected)
    return ((seen - expected) * (np.arange(law.horizon) < tau[:, None])).sum(axis=1)


def centered(within: float, stop=None) -> Expectation:
    """Claim that the mean is zero; support has to exclude every mean that is farther from zero than `within`."""
    return Expectation(
        sample=partial(conjugate_sums, stop=stop),
        equals=lambda law: 0.0,
        within=lambda law: within,
        support=lambda law: (-law.reward_bound * law.horizon, law.reward_bound * law.horizon),
    )


def best_in_hindsight(gains: np.ndarray) -> np.ndarray:
    """Return the times at which the sums of the gains (n, T) are largest, (n,), which no stopping time knows."""
    return np.cumsum(gains, axis=1).argmax(axis=1) + 1


DMD_L7 = Statement(
    id="dual_mirror_descent/DMD-L7",
    title="Stopping when the budget is nearly gone is fair",
    says=(
        "Summed up to the stopping time tau, the best reduced rewards f*_t(mu_t) at the prices mu_t exceed their means "
        "over a fresh request of the law, E f*(mu_t), by 0 in expectation, since neither mu_t nor tau foresees request "
        "t."
    ),
    source=Derived(theory.decomposition_bound),
    tex=r"\mathbb E \sum_{t \le \tau} (f^*_t(\mu_t) - \mathbb E f^*(\mu_t)) = 0",
    hypotheses={"one law": is_iid, "one resource": lambda law: law.costs.shape[1:] == (1, 1)},
    instances=ONE_RESOURCE_SHORT,
    solve=runs,
    decisions=RUNS,
    claim=centered(within=1.0),
    saboteurs=(
        # no stopping time: it looks at the whole run, so its sum is positive on average
        saboteur("stops at the best time in hindsight", claim=centered(1.0, stop=best_in_hindsight)),
        saboteur("prices that have seen the request", solve=wrong_solvers.sees_the_request),
    ),
)


# --- the optimum of uniform rewards ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secretaries:
    """T rewards uniform on [0, 1], of which B may be taken; the secretary problem with many hires."""

    horizon: int
    budget: int


def hired(secretaries: Secretaries, rng: np.random.Generator, n: int) -> Hired:
    """Draw n sequences of rewards, and take what the optimum in hindsight takes of each."""
    draws, ones = rng.random((n, secretaries.horizon)), np.ones(secretaries.horizon)
    taken = [hindsight_optimum(rewards, ones, secretaries.budget).solution[:, 0] for rewards in draws]
    return Hired(draws, np.array(taken) > 0.5)


def worth(secretaries: Secretaries, found: Hired) -> np.ndarray:
    """Sum the rewards of the requests that were taken, in each run, (n,)."""
    shape = (len(found.rewards), secretaries.horizon)
    if found.rewards.shape != shape or found.taken.shape != shape or found.taken.dtype != bool:
        raise OutcomeError("rewards and whether they are taken are due, one a request and run")
    if not ((found.rewards >= 0) & (found.rewards <= 1)).all() or (found.taken.sum(axis=1) > secretaries.budget).any():
        raise OutcomeError("rewards in [0, 1] are due, and no more of them taken than there are units")
    return (found.rewards * found.taken).sum(axis=1)


def draw_secretaries(draws: Draws) -> Secretaries:
    """Draw up to sixteen requests, and a budget of at most as many units."""
    horizon = draws.integers(1, 16)
    return Secretaries(horizon, draws.integers(1, horizon))


DMD_F1_UNIFORM = Statement(
    id="dual_mirror_descent/DMD-F1-uniform",
    title="The mean optimum of uniform rewards",
    says=(
        "Where B of T independent rewards, uniform on [0, 1], may be taken, the expected optimum OPT in hindsight is B "
        "(2T - B + 1)/(2 (T + 1))."
    ),
    source=Derived(theory.uniform_hindsight),
    tex=r"\mathbb E\,\mathrm{OPT} = B(2T - B + 1)/(2(T + 1))",
    hypotheses={"no more units than requests": lambda s: s.budget <= s.horizon},
    instances=Family(
        "secretaries", always=(Secretaries(1, 1), Secretaries(4, 2), Secretaries(16, 4)), draw=draw_secretaries
    ),
    solve=hired,
    decisions=("rewards", "taken"),
    claim=Expectation(
        sample=worth,
        equals=lambda s: float(theory.uniform_hindsight(s.horizon, s.budget)),
        within=lambda s: 0.1 * s.budget,
        support=lambda s: (0.0, float(s.budget)),
    ),
    saboteurs=(
        saboteur("takes the first ones", solve=wrong_solvers.first_come),
        saboteur("takes the worst ones", solve=wrong_solvers.the_worst),
    ),
)


# --- the rate --------------------------------------------------------------------------------------------------------


def shortfall(law: RequestLaw, found: Taken) -> np.ndarray:
    """Compute OPT - R of each run, from requests and actions alone, (n,); prices need not be at hand."""
    return optima(law, legal(law, found).kinds) - rewards(law, found)


DMD_T1_RATE = Statement(
    id="dual_mirror_descent/DMD-T1-rate",
    title="Regret grows like the square root of the horizon",
    says=(
        "On T independent requests with rewards uniform on 64 levels of [0, 1], steps of size eta = 1/sqrt(T) have an "
        "expected regret OPT - R, optimum in hindsight less reward, of order sqrt(T), neither more nor less."
    ),
    source=Derived(theory.regret_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] = \Theta(\sqrt T) \text{ for } \eta = 1/\sqrt T",
    hypotheses={"one law": is_iid},
    instances=LADDER,
    solve=taken,
    decisions=("kinds", "actions"),
    claim=Rate(
        cost=shortfall, size=lambda law: law.horizon, over=lambda law: np.sqrt(law.horizon), exponent=(-0.05, 0.06)
    ),
    saboteurs=(
        saboteur("the price rises when too little is spent", solve=wrong_solvers.rising_prices),
        # subtle: both are right at one horizon, and wrong in how they change with it
        saboteur("steps of one half", solve=partial(wrong_solvers.constant_steps, solve=short_batch)),
        saboteur("steps of 1/T", solve=partial(wrong_solvers.small_steps, solve=short_batch)),
    ),
    notes="Uniform rewards, where the fluid price is positive: a power of 0.45 to 0.56; the bound says O(sqrt(T)).",
)


# --- entropy within a cap --------------------------------------------------------------------------------------------


def capped_bound(law: RequestLaw, share: float = 1.0) -> float:
    """Compute C1 + eta T f bar A^2 / 2 + f bar log(m + 1) / eta, or a share of it."""
    return share * float(theory.capped_entropy_bound(**law.setting))


DMD_C2 = Statement(
    id="dual_mirror_descent/DMD-C2",
    title="With a capped entropy the number of resources enters as log m",
    says=(
        "For T independent requests of one law and m resources, the capped entropy with step eta has expected regret "
        "OPT - R of at most C1 + eta T f_bar A^2/2 + f_bar log(m+1)/eta, where f_bar bounds rewards, C1 is f_bar times "
        "the largest ratio of cost to rate, and A is that ratio or 1, if larger."
    ),
    source=Derived(theory.capped_entropy_bound),
    tex=r"\mathbb E[\mathrm{OPT} - R] \le C_1 + \eta T \bar f A^2/2 + \bar f \log(m+1)/\eta",
    hypotheses={"one law": is_iid, "the default start": lambda law: law.init is None},
    instances=CAPPED_LAWS,
    solve=runs,
    decisions=RUNS,
    claim=regret_at_most(capped_bound),
    saboteurs=(
        saboteur("a twentieth of it", claim=regret_at_most(partial(capped_bound, share=1 / 20))),
        saboteur("turns everything away", solve=wrong_solvers.turns_away),
    ),
    notes="A better constant for many resources; on easy laws its regret is larger, for its prices start high.",
)
