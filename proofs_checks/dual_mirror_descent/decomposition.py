"""A bound on the regret that is never vacuous: periods lost after depletion, and the regret of the prices.

T requests come, `opt` is the optimum in hindsight, runs stop at tau, and mu_t g_t is price times gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Expectation, Family, Numbers, Statement, formula, saboteur
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw, is_iid, one_resource, theory_step
from proofs_checks.dual_mirror_descent.families.runs import RUNS, Runs, gains, optima, priced, rewards, runs, spent


def drawn_single(draws: Draws, horizons: tuple[int, ...] = (256, 512)) -> RequestLaw:
    """Draw a law of two to six types with one action and one resource, and costs 1/2 or 1."""
    k, horizon, rate = draws.integers(2, 6), draws.choice(horizons), draws.integers(2, 4) / 8
    weights = draws.integers(1, 8, shape=k).astype(float)
    return RequestLaw(
        draws.integers(1, 16, shape=(k, 1)) / 16,
        draws.integers(1, 2, shape=(k, 1, 1)) / 2,
        np.array([rate]),
        horizon,
        weights / weights.sum(),
        theory_step(horizon, rate),
    )


ONE_RESOURCE_SHORT = Family(
    "one-resource-short",
    always=lambda: (RequestLaw(**one_resource(64)),),
    draw=lambda draws: drawn_single(draws, (32, 64)),
)


def prices_after_the_request(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Post the reward of each request as its price, so that nothing is gained; the proof needs prices set before."""
    kinds = law.draw(rng, n)
    prices, nothing = law.rewards[kinds, 0][..., None], np.full(kinds.shape, -1)
    return Runs(kinds, np.concatenate([prices, prices[:, -1:]], axis=1), nothing, nothing)


@dataclass(frozen=True)
class Pairs:
    """Two independent batches of runs, which are compared pair by pair."""

    first: Runs
    second: Runs


def pairs(law: RequestLaw, rng: np.random.Generator, n: int, solve=runs) -> Pairs:
    """Make runs whose optima meet the stopping times of others, so that the product has the product of the means."""
    return Pairs(solve(law, rng, n), solve(law, rng, n))


def stopping_times(law: RequestLaw, found: Runs) -> np.ndarray:
    """Compute tau of each run by its definition, from the proposals, (n,)."""
    if (law.cost_bound > law.budget).any():
        return np.zeros(len(found.kinds), int)
    short = np.zeros(found.kinds.shape, bool)
    for j, budget in enumerate(law.budget):
        used = np.cumsum(spent(law, found.kinds, found.proposed, j), axis=1)
        short |= used + law.cost_bound >= budget - budget / 10**12
    return np.where(short.any(axis=1), short.argmax(axis=1) + 1, law.horizon)


def path_regrets(law: RequestLaw, found: Runs) -> np.ndarray:
    """Sum mu_t . g_t up to tau, for each run, (n,)."""
    early = np.arange(law.horizon) < stopping_times(law, found)[:, None]
    terms = [
        found.prices[:, :-1, j] * (law.rate[j] - spent(law, found.kinds, found.proposed, j))
        for j in range(len(law.rate))
    ]
    return (sum(terms) * early).sum(axis=1)


@formula(opt="[0, inf)", T="[1, inf)", tau="[0, T]", w="(-inf, inf)")
def decomposition_bound(opt: Numbers, T: int, tau: Numbers, w: Numbers) -> Numbers:
    """The mean regret is at most the mean of this, where w is the sum of price times gradient up to tau.

    Proof
    -----
    Assumes: requests are independent with one law, and prices are set before the request (hypotheses of the statement).

    Proof: as in `theory.regret_bound`, E R >= E sum_{t <= tau} (D_t(mu_t) - w_t(mu_t)), and by optional stopping and
    convexity the first sum is at least E tau D(average mu). Every D(mu) is at least E OPT / T, so E R >= E OPT E tau /
    T - E sum_{t <= tau} w_t(mu_t).
    """
    left = T - tau
    return opt * left / T + w


def excess(law: RequestLaw, found: Pairs, share: float = 1.0) -> np.ndarray:
    """Compute OPT - R less OPT (T - tau) / T and the regret of the prices, with tau from the partner, (n,)."""
    first, second = priced(law, found.first), priced(law, found.second)
    optimum, tau, regrets = optima(law, first.kinds), stopping_times(law, second), path_regrets(law, first)
    allowed = decomposition_bound(optimum, law.horizon, tau, regrets)
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
    source=Derived(decomposition_bound),
    tex=r"\mathbb E[O - R] \le \mathbb E\,O\ \mathbb E[T-\tau]/T + \mathbb E\sum_{t\le\tau}\mu_t g_t,\ O=\mathrm{OPT}",
    hypotheses={"one law": is_iid},
    instances=ONE_RESOURCE_SHORT,
    solve=pairs,
    decisions=("*",),
    claim=at_most_zero(excess),
    saboteurs=(
        # subtle: the algebra holds, but the prices know the request, so the mean of D_t(mu_t) is not that of D(mu_t)
        saboteur("prices that have seen the request", solve=partial(pairs, solve=prices_after_the_request)),
        saboteur("a quarter of it", claim=at_most_zero(partial(excess, share=1 / 4))),
    ),
    notes="Never vacuous: both terms are measured. The prices must be set before the request is seen.",
)


def sees_the_request(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Post a price of 0 where a request is worth more than the mean, and elsewhere one at which nothing is proposed."""
    kinds = law.draw(rng, n)
    rewards = law.rewards[kinds, 0]
    good = rewards > law.probabilities @ law.rewards[:, 0]
    prices = np.where(good, 0.0, law.reward_bound / law.costs[kinds, 0, 0])[..., None]
    proposed = np.where(good & (rewards > 0), 0, -1)
    used = np.cumsum(law.costs[kinds, 0, 0] * (proposed == 0), axis=1)
    actions = np.where(used <= law.budget[0], proposed, -1)
    return Runs(kinds, np.concatenate([prices, prices[:, -1:]], axis=1), proposed, actions)


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
    source=Derived(decomposition_bound),
    tex=r"\mathbb E \sum_{t \le \tau} (f^*_t(\mu_t) - \mathbb E f^*(\mu_t)) = 0",
    hypotheses={"one law": is_iid, "one resource": lambda law: law.costs.shape[1:] == (1, 1)},
    instances=ONE_RESOURCE_SHORT,
    solve=runs,
    decisions=RUNS,
    claim=centered(within=1.0),
    saboteurs=(
        # no stopping time: it looks at the whole run, so its sum is positive on average
        saboteur("stops at the best time in hindsight", claim=centered(1.0, stop=best_in_hindsight)),
        saboteur("prices that have seen the request", solve=sees_the_request),
    ),
)
