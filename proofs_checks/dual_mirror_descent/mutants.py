"""Wrong solvers of online allocation; each must be caught by a statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory.dual_mirror_descent import AllocationResult, PacingResult, hindsight_optimum
from proofs_checks.dual_mirror_descent.families.fair import FairLaw, FairRuns, fair_runs
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw, Runs, optima, runs, served
from proofs_checks.dual_mirror_descent.families.offers import Offer, Offers, worth
from proofs_checks.dual_mirror_descent.families.programs import (
    DualValues,
    Priced,
    Program,
    SmallLaw,
    dual_values,
    fluid_fractions,
    solved,
)
from proofs_checks.dual_mirror_descent.families.streams import Requests, earned, reference, run, spent
from proofs_checks.dual_mirror_descent.families.units import Auctions, Scaled, paced

# --- along one run ---------------------------------------------------------------------------------------------------


def larger_steps(requests: Requests, rng: np.random.Generator, factor: float = 2.0) -> AllocationResult:
    """A step twice as large as the bound is told."""
    return run(requests, step_size=factor * requests.step_size)


def implemented_gradient(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """Prices that move by what is implemented in place of what is proposed."""
    prices, proposed, actions = reference(requests, by="action")
    reward = float(earned(requests, actions).sum())
    return replace(run(requests), trace={"prices": prices}, proposed=proposed, actions=actions, reward=reward)


def stops_late(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """A stopping time at which the budget is used up, not nearly so."""
    result = run(requests)
    over = (np.cumsum(spent(requests, result.proposed), axis=0) >= requests.rate * requests.horizon).any(1)
    return replace(result, stopping_time=int(over.argmax()) + 1 if over.any() else requests.horizon)


def stops_earlier(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """A stopping time that is one less."""
    result = run(requests)
    return replace(result, stopping_time=max(0, result.stopping_time - 1))


def stops_at_one(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """A stopping time of at least 1, also where a request may cost more than the budget."""
    result = run(requests)
    return replace(result, stopping_time=max(1, result.stopping_time))


def goes_home(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """No request is looked at after the stopping time."""
    result = run(requests)
    return replace(result, counts=dict(result.counts) | {"queries": result.stopping_time})


def rescaled_entropy(requests: Requests, rng: np.random.Generator) -> AllocationResult:
    """Prices above the cap rate . mu <= f bar are scaled down, which projects for the entropy of rate mu alone."""
    mu, prices, proposed = requests.init, [requests.init], []
    for rewards, costs in zip(requests.rewards, requests.costs, strict=True):
        reduced = rewards - costs @ mu
        proposal = int(reduced.argmax()) if reduced.max() > 0 else -1
        mu = mu * np.exp(-requests.step_size * (requests.rate - costs[proposal] * (proposal >= 0)))
        mu = mu * min(1.0, requests.reward_bound / float(requests.rate @ mu))
        prices.append(mu)
        proposed.append(proposal)
    return replace(run(requests), trace={"prices": np.array(prices)}, proposed=np.array(proposed))


def eager_and_larger_lazy(requests: Requests, rng: np.random.Generator) -> tuple[AllocationResult, AllocationResult]:
    """Lazy steps twice as large."""
    return run(requests, lazy=False), run(requests, lazy=True, step_size=2 * requests.step_size)


# --- units and bids --------------------------------------------------------------------------------------------------


def step_in_old_units(scaled: Scaled, rng: np.random.Generator) -> tuple[AllocationResult, AllocationResult]:
    """The step keeps its number where the units change."""
    return run(scaled.requests), run(scaled.other, step_size=scaled.requests.step_size)


def truthful(auctions: Auctions, rng: np.random.Generator) -> PacingResult:
    """Bids of the full value."""
    return replace(paced(auctions, rng), bids=auctions.values)


def wins_bargains_alone(auctions: Auctions, rng: np.random.Generator) -> PacingResult:
    """Auctions are won only where the value is more than twice the price."""
    result = paced(auctions, rng)
    return replace(result, wins=result.wins & (auctions.values > 2 * auctions.competing))


# --- programs --------------------------------------------------------------------------------------------------------


def greedy_ratio(requests: Requests, rng: np.random.Generator) -> Program:
    """Requests one by one in the order of reward per unit of cost, each whole or not at all."""
    best, left = np.zeros(requests.rewards.shape), requests.rate * requests.horizon
    ratio = requests.rewards / (requests.costs.sum(2) + 1e-9)
    for flat in np.argsort(-ratio, axis=None):
        t, i = np.unravel_index(flat, ratio.shape)
        if not best[t].any() and (requests.costs[t, i] <= left).all():
            best[t, i], left = 1.0, left - requests.costs[t, i]
    return Program(best, solved(requests, rng).prices)


def doubled_prices(requests: Requests, rng: np.random.Generator) -> Program:
    """Prices twice as high as the dual's."""
    found = solved(requests, rng)
    return Program(found.solution, 2 * found.prices)


def budget_not_charged(priced: Priced, rng: np.random.Generator) -> DualValues:
    """The sum of the conjugates alone."""
    found, requests = dual_values(priced, rng), priced.requests
    return replace(found, values=found.values - requests.horizon * priced.prices @ requests.rate)


def last_request_left_out(priced: Priced, rng: np.random.Generator) -> DualValues:
    """The dual value of all requests but the last, with the whole budget."""
    requests = priced.requests
    reduced = requests.rewards[-1][:, None] - requests.costs[-1] @ priced.prices.T
    found = dual_values(priced, rng)
    return replace(found, values=found.values - np.maximum(reduced.max(0), 0))


def whole_types(law: SmallLaw, rng: np.random.Generator) -> np.ndarray:
    """Types that the fluid optimum takes in part are not taken."""
    share = law.weights / law.weights.sum()
    return share * np.floor(fluid_fractions(law, rng) / share + 1e-9)


def best_prefix(offers: Offers, rng: np.random.Generator) -> Offer:
    """With a limit of k products, the best of the k prefixes by margin."""
    order = np.argsort(-(offers.revenues - offers.prices), kind="stable")
    prefixes = [order[:size] for size in range(offers.k + 1)]
    best = max(prefixes, key=lambda prefix: float(worth(offers, prefix)))
    return Offer(np.isin(np.arange(len(offers.revenues)), best))


def without_outside(offers: Offers, rng: np.random.Generator) -> Offer:
    """Every product with a positive margin, as many as fit: what is bought less of everything else is forgotten."""
    margins = offers.revenues - offers.prices
    chosen = [j for j in np.argsort(-margins, kind="stable")[: offers.k] if margins[j] > 0]
    return Offer(np.isin(np.arange(len(margins)), chosen))


def clairvoyant(requests: Requests) -> float:
    """What a policy earns that knows the whole sequence."""
    return hindsight_optimum(requests.stream).value


# --- laws ------------------------------------------------------------------------------------------------------------


def wrong_sign(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Prices that rise when too little is spent and fall when too much is."""
    return _loop(law, law.draw(rng, n), sign=-1)


def not_projected(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Prices that may be negative, so that slack resources are paid for."""
    return _loop(law, law.draw(rng, n), floor=-np.inf)


def _loop(law: RequestLaw, kinds: np.ndarray, *, sign: int = 1, floor: float = 0.0) -> Runs:
    """Euclidean dual mirror descent on all runs at once, with one thing wrong."""
    n, everyone = len(kinds), np.arange(len(kinds))
    prices, left = np.full((n, len(law.rate)), law.init), np.tile(law.budget, (n, 1))
    reward = np.zeros(n)
    for kind in kinds.T:
        rewards, costs = law.rewards[kind], law.costs[kind]
        reduced = rewards - (costs * prices[:, None]).sum(2)
        chosen = reduced.argmax(1)
        proposes = reduced[everyone, chosen] > 0
        used = costs[everyone, chosen] * proposes[:, None]
        takes = proposes & (used <= left).all(1)
        reward += rewards[everyone, chosen] * takes
        left -= used * takes[:, None]
        prices = np.maximum(floor, prices - sign * law.step_size * (law.rate - used))
    nothing = np.zeros(n)
    return Runs(kinds, reward, nothing.astype(int), nothing)


def small_steps(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Steps of 1/T."""
    return served(law, law.draw(rng, n), step_size=1 / law.horizon)


def constant_steps(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Steps of one half, at any horizon."""
    return served(law, law.draw(rng, n), step_size=0.5)


def hindsight(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """The optimum of each sequence, as if it had been known."""
    found = runs(law, rng, n)
    return replace(found, reward=optima(law, found.kinds))


def prices_after_the_request(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """The reward of each request as its price: nothing is ever gained, and the proof needs prices set before."""
    kinds = law.draw(rng, n)
    prices = law.rewards[kinds, 0]
    nothing = np.zeros(n)
    return Runs(kinds, nothing, np.full(n, law.horizon), prices.sum(1) * law.rate[0])


def best_in_hindsight(gains: np.ndarray) -> int:
    """The time at which the sum of the gains is largest, which no stopping time knows."""
    return int(np.cumsum(gains).argmax()) + 1


def turns_away(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """No request is ever served."""
    found = runs(law, rng, n)
    return replace(found, reward=0 * found.reward)


def serves_nobody(law: FairLaw, rng: np.random.Generator, n: int) -> FairRuns:
    """No request is ever served, for the fair objective."""
    found = fair_runs(law, rng, n)
    return replace(found, reward=0 * found.reward, consumption=0 * found.consumption)


def first_come(secretaries: Any, rng: np.random.Generator, n: int) -> np.ndarray:
    """The first B requests, whatever they offer."""
    return rng.random((n, secretaries.horizon))[:, : secretaries.budget].sum(1)


def one_unit_more(secretaries: Any, rng: np.random.Generator, n: int) -> np.ndarray:
    """The B + 1 largest of T + 1, cut at what B units can earn."""
    best = np.sort(rng.random((n, secretaries.horizon + 1)), axis=1)[:, -secretaries.budget - 1 :]
    return np.minimum(best.sum(1), secretaries.budget)
