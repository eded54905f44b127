"""Wrong solvers of online allocation, each of which must be caught by a statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.dual_mirror_descent.families.auctions import Auctions, Bids, Scaled, bids, both_units
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw
from proofs_checks.dual_mirror_descent.families.offers import Offer, Offers, worth
from proofs_checks.dual_mirror_descent.families.phases import Phases
from proofs_checks.dual_mirror_descent.families.programs import (
    Priced,
    Program,
    SmallLaw,
    dual_values,
    fluid_fractions,
    solved,
)
from proofs_checks.dual_mirror_descent.families.runs import Hired, Runs, Taken, batch, runs
from proofs_checks.dual_mirror_descent.families.streams import (
    Books,
    Requests,
    Service,
    Walk,
    books,
    earned,
    first_shortage,
    reference,
    run,
    served,
    spent,
    walked,
)

# --- along one run ---------------------------------------------------------------------------------------------------


def larger_steps(requests: Requests, rng: np.random.Generator, factor: float = 2.0) -> Walk:
    """Make steps larger than the bound is told."""
    return walked(requests, step_size=factor * requests.step_size)


def implemented_gradient(requests: Requests, rng: np.random.Generator) -> Service:
    """Move prices by what is implemented in place of what is proposed."""
    # nothing differs until a proposal does not fit; from then on prices fall although the budget is short
    prices, proposed, actions = reference(requests, by="action")
    return Service(prices, proposed, actions, first_shortage(requests, proposed))


def implemented_walk(requests: Requests, rng: np.random.Generator) -> Walk:
    """Move prices by what is implemented, and tell them and the proposals alone."""
    found = implemented_gradient(requests, rng)
    return Walk(found.prices, found.proposed)


def stops_late(requests: Requests, rng: np.random.Generator) -> Service:
    """Report the stopping time at which the budget is used up, not nearly so."""
    found = served(requests)
    over = (np.cumsum(spent(requests, found.proposed), axis=0) >= requests.rate * requests.horizon).any(1)
    return replace(found, stopping_time=int(over.argmax()) + 1 if over.any() else requests.horizon)


def stops_earlier(requests: Requests, rng: np.random.Generator) -> Service:
    """Report a stopping time that is one less."""
    found = served(requests)
    return replace(found, stopping_time=max(0, found.stopping_time - 1))


def stops_at_one(requests: Requests, rng: np.random.Generator) -> Service:
    """Report a stopping time of at least 1, also where a request may cost more than the budget."""
    found = served(requests)
    return replace(found, stopping_time=max(1, found.stopping_time))


def goes_home(requests: Requests, rng: np.random.Generator) -> dict[str, int]:
    """Look at no request after the stopping time."""
    found = run(requests)
    return dict(found.counts) | {"queries": found.stopping_time}


def reports_proposals(requests: Requests, rng: np.random.Generator) -> Books:
    """Report the reward of all proposals, as if they had fitted."""
    return replace(books(requests, rng), reward=float(earned(requests, run(requests).proposed).sum()))


def rescaled_entropy(requests: Requests, rng: np.random.Generator) -> Walk:
    """Scale prices of the plain entropy down to rate . mu <= f bar, which projects for the entropy of rate mu alone."""
    mu, prices, proposed = requests.init, [requests.init], []
    for rewards, costs in zip(requests.rewards, requests.costs, strict=True):
        reduced = rewards - costs @ mu
        proposal = int(reduced.argmax()) if reduced.max() > 0 else -1
        mu = mu * np.exp(-requests.step_size * (requests.rate - costs[proposal] * (proposal >= 0)))
        mu = mu * min(1.0, requests.reward_bound / float(requests.rate @ mu))
        prices.append(mu)
        proposed.append(proposal)
    return Walk(np.array(prices), np.array(proposed))


# --- units and bids --------------------------------------------------------------------------------------------------


def step_in_old_units(scaled: Scaled, rng: np.random.Generator) -> tuple[Service, Service]:
    """Keep the number of the step where the units change."""
    return both_units(scaled, rng, step_size=scaled.requests.step_size)


def truthful(auctions: Auctions, rng: np.random.Generator) -> Bids:
    """Report bids of the full value."""
    return replace(bids(auctions, rng), bids=auctions.values)


def wins_bargains_alone(auctions: Auctions, rng: np.random.Generator) -> Bids:
    """Win auctions only where the value is more than twice the price."""
    found = bids(auctions, rng)
    return replace(found, wins=found.wins & (auctions.values > 2 * auctions.competing))


# --- programs --------------------------------------------------------------------------------------------------------


def greedy_ratio(requests: Requests, rng: np.random.Generator) -> Program:
    """Take requests in the order of reward per unit of cost, each whole or not at all."""
    best, left = np.zeros(requests.rewards.shape), requests.rate * requests.horizon
    # the sum over resources is a rough unit of cost, and 1e-9 stands for costs of 0
    ratio = requests.rewards / (requests.costs.sum(2) + 1e-9)
    for flat in np.argsort(-ratio, axis=None):
        t, i = np.unravel_index(flat, ratio.shape)
        if not best[t].any() and (requests.costs[t, i] <= left).all():
            best[t, i], left = 1.0, left - requests.costs[t, i]
    return Program(best, solved(requests, rng).prices)


def doubled_prices(requests: Requests, rng: np.random.Generator) -> Program:
    """Report prices twice as high as the dual's."""
    found = solved(requests, rng)
    return Program(found.solution, 2 * found.prices)


def budget_not_charged(priced: Priced, rng: np.random.Generator) -> np.ndarray:
    """Report the sum of the conjugates alone."""
    requests = priced.requests
    return dual_values(priced, rng) - requests.horizon * priced.prices @ requests.rate


def last_request_left_out(priced: Priced, rng: np.random.Generator) -> np.ndarray:
    """Report the dual value of all requests but the last, with the whole budget."""
    requests = priced.requests
    reduced = requests.rewards[-1][:, None] - requests.costs[-1] @ priced.prices.T
    return dual_values(priced, rng) - np.maximum(reduced.max(0), 0)


def whole_types(law: SmallLaw, rng: np.random.Generator) -> np.ndarray:
    """Leave out the types that the fluid optimum takes in part."""
    share = law.weights / law.weights.sum()
    return share * np.floor(fluid_fractions(law, rng) / share + 1e-9)


def best_prefix(offers: Offers, rng: np.random.Generator) -> Offer:
    """Offer the best of the prefixes by margin of at most k products, which is best without a limit alone."""
    order = np.argsort(-(offers.revenues - offers.prices), kind="stable")
    prefixes = [order[:size] for size in range(offers.k + 1)]
    best = max(prefixes, key=lambda prefix: float(worth(offers, prefix)))
    return Offer(np.isin(np.arange(len(offers.revenues)), best))


def without_outside(offers: Offers, rng: np.random.Generator) -> Offer:
    """Offer the products of largest positive margin, as many as allowed, though each takes sales from the others."""
    margins = offers.revenues - offers.prices
    chosen = [j for j in np.argsort(-margins, kind="stable")[: offers.k] if margins[j] > 0]
    return Offer(np.isin(np.arange(len(margins)), chosen))


def clairvoyant(phases: Phases, rng: np.random.Generator) -> np.ndarray:
    """Serve the last phase in which anything is worth something, which no online policy knows."""
    k, length = phases.n_phases, phases.length
    served = np.arange(k * length) // length == np.arange(k)[:, None]
    return np.where(served, 0, -1)


def first_phase_alone(phases: Phases, rng: np.random.Generator) -> np.ndarray:
    """Serve the first L requests alone."""
    k, length = phases.n_phases, phases.length
    return np.where(np.arange(k * length) < length, 0, -1) + np.zeros((k, 1), int)


# --- laws ------------------------------------------------------------------------------------------------------------


def wrong_sign(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Raise prices when too little is spent and lower them when too much is."""
    return _loop(law, law.draw(rng, n), sign=-1)


def not_projected(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Let prices be negative, so that the use of slack resources is paid for."""
    return _loop(law, law.draw(rng, n), floor=-np.inf)


def _loop(law: RequestLaw, kinds: np.ndarray, *, sign: int = 1, floor: float = 0.0) -> Runs:
    """Run Euclidean dual mirror descent on all sequences (n, T) at once, with one thing wrong."""
    n, everyone = len(kinds), np.arange(len(kinds))
    prices, left = np.full((n, len(law.rate)), law.init), np.tile(law.budget, (n, 1))
    path, proposed, actions = [prices], [], []
    for kind in kinds.T:
        rewards, costs = law.rewards[kind], law.costs[kind]
        reduced = rewards - (costs * prices[:, None]).sum(2)
        chosen = reduced.argmax(1)
        proposes = reduced[everyone, chosen] > 0
        used = costs[everyone, chosen] * proposes[:, None]
        takes = proposes & (used <= left).all(1)
        left = left - used * takes[:, None]
        prices = np.maximum(floor, prices - sign * law.step_size * (law.rate - used))
        path.append(prices)
        proposed.append(np.where(proposes, chosen, -1))
        actions.append(np.where(takes, chosen, -1))
    return Runs(kinds, np.stack(path, axis=1), np.stack(proposed, axis=1), np.stack(actions, axis=1))


def small_steps(law: RequestLaw, rng: np.random.Generator, n: int, solve: Any = batch) -> Any:
    """Make steps of 1/T."""
    return solve(law, law.draw(rng, n), step_size=1 / law.horizon)


def constant_steps(law: RequestLaw, rng: np.random.Generator, n: int, solve: Any = batch) -> Any:
    """Make steps of one half, at any horizon."""
    return solve(law, law.draw(rng, n), step_size=0.5)


def rising_prices(law: RequestLaw, rng: np.random.Generator, n: int) -> Taken:
    """Return the actions of `wrong_sign`, for claims that need no prices."""
    found = wrong_sign(law, rng, n)
    return Taken(found.kinds, found.actions)


def hindsight(law: RequestLaw, rng: np.random.Generator, n: int) -> Taken:
    """Take the best requests of each sequence, as if it had been known, in whole units."""
    kinds = law.draw(rng, n)
    # at unit costs of one resource these are the largest rewards
    order = np.argsort(-law.rewards[kinds, 0], axis=1, kind="stable")
    actions = np.full(kinds.shape, -1)
    np.put_along_axis(actions, order[:, : int(law.budget[0])], 0, axis=1)
    return Taken(kinds, actions)


def prices_after_the_request(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Post the reward of each request as its price, so that nothing is gained; the proof needs prices set before."""
    kinds = law.draw(rng, n)
    prices, nothing = law.rewards[kinds, 0][..., None], np.full(kinds.shape, -1)
    return Runs(kinds, np.concatenate([prices, prices[:, -1:]], axis=1), nothing, nothing)


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


def turns_away(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Serve no request at all."""
    found = runs(law, rng, n)
    return replace(found, actions=np.full_like(found.actions, -1))


def first_come(secretaries: Any, rng: np.random.Generator, n: int) -> Hired:
    """Take the first B requests, whatever they offer."""
    rewards = rng.random((n, secretaries.horizon))
    return Hired(rewards, np.broadcast_to(np.arange(secretaries.horizon) < secretaries.budget, rewards.shape).copy())


def the_worst(secretaries: Any, rng: np.random.Generator, n: int) -> Hired:
    """Take the B worst requests."""
    rewards = rng.random((n, secretaries.horizon))
    return Hired(rewards, np.argsort(np.argsort(rewards, axis=1), axis=1) < secretaries.budget)
