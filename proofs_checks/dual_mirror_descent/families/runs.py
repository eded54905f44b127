"""Runs on laws of requests: what was proposed and done, what follows from it, and the optima of the same requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Expectation, OutcomeError, rounding
from lrtheory.dual_mirror_descent import allocate_batch, hindsight_optimum, theory
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw


@dataclass(frozen=True)
class Taken:
    """Types of the requests and actions that were taken, -1 for none, both (n, T), of n runs over T requests."""

    kinds: np.ndarray
    actions: np.ndarray


@dataclass(frozen=True)
class Runs:
    """Types of the requests, proposals and actions, (n, T), and prices before requests and at the end (n, T + 1, m)."""

    kinds: np.ndarray
    prices: np.ndarray
    proposed: np.ndarray
    actions: np.ndarray


#: what the algorithm decides in `Runs`; the types are the requests that it met
RUNS = ("kinds", "prices", "proposed", "actions")


def batch(law: RequestLaw, kinds: np.ndarray, **options: Any) -> Runs:
    """Run dual mirror descent on given sequences (n, T)."""
    chosen = {"geometry": law.geometry, "step_size": law.step_size, "init": law.first_prices} | options
    found = allocate_batch(law.stream(kinds), **chosen, record=True)
    return Runs(kinds, found.trace["prices"], found.trace["proposed"], found.trace["actions"])


def runs(law: RequestLaw, rng: np.random.Generator, n: int, **options) -> Runs:
    """Run dual mirror descent on n sequences of the law."""
    return batch(law, law.draw(rng, n), **options)


def short_batch(law: RequestLaw, kinds: np.ndarray, **options: Any) -> Taken:
    """Return the actions on given long sequences (n, T), run 128 at a time and kept in small integers."""
    parts = [
        batch(law, part, **options).actions.astype(np.int8) for part in np.array_split(kinds, -(-len(kinds) // 128))
    ]
    return Taken(kinds.astype(np.int16), np.concatenate(parts))


def taken(law: RequestLaw, rng: np.random.Generator, n: int, **options: Any) -> Taken:
    """Return the actions of dual mirror descent on n sequences of the law, without prices, to save memory."""
    return short_batch(law, law.draw(rng, n), **options)


def spent(law: RequestLaw, kinds: np.ndarray, actions: np.ndarray, j: int) -> np.ndarray:
    """Return the units of resource j that the actions use, (n, T)."""
    return law.costs[kinds, actions, j] * (actions >= 0)


def legal(law: RequestLaw, found: Taken | Runs) -> Any:
    """Return the runs if requests are of the law's types, and actions on the menu and within the budget."""
    n_types, d = law.rewards.shape
    for name, table, low, high in (("kinds", found.kinds, 0, n_types), ("actions", found.actions, -1, d)):
        known = table.dtype.kind in "iu" and table.shape == (len(found.kinds), law.horizon)
        if not (known and ((table >= low) & (table < high)).all()):
            raise OutcomeError(f"`{name}` are due as whole numbers from {low} to {high - 1}, one a request and run")
    for j, budget in enumerate(law.budget):
        if (spent(law, found.kinds, found.actions, j).sum(axis=1) > budget + budget / 10**12).any():
            raise OutcomeError("the actions use more than the budget")
    return found


def gains(law: RequestLaw, kinds: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Compute the reduced rewards of all actions, reward less priced cost, (n, T, d)."""
    return law.rewards[kinds] - np.einsum("ntdm,ntm->ntd", law.costs[kinds], prices[:, :-1])


def earned(law: RequestLaw, kinds: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Return the rewards of the actions, (n, T)."""
    return law.rewards[kinds, actions] * (actions >= 0)


def priced(law: RequestLaw, found: Runs) -> Runs:
    """Return the runs if they are legal and follow prices: proposals are best replies, and are taken or turned down."""
    legal(law, found)
    legal_shape = (len(found.kinds), law.horizon + 1, len(law.rate))
    if found.prices.shape != legal_shape or found.proposed.shape != found.kinds.shape:
        raise OutcomeError("prices before each request and at the end, and one proposal a request, are due")
    if not ((found.actions == found.proposed) | (found.actions == -1)).all():
        raise OutcomeError("an action is due that was proposed, or none")
    best = gains(law, found.kinds, found.prices).max(axis=2)
    chosen = earned(law, found.kinds, found.proposed)
    paid = sum(spent(law, found.kinds, found.proposed, j) * found.prices[:, :-1, j] for j in range(len(law.rate)))
    size = law.reward_bound + np.abs(found.prices).max() * law.cost_bound * len(law.rate)
    if (np.maximum(best, 0) - (chosen - paid) > rounding(8 * (len(law.rate) + 1), size)).any():
        raise OutcomeError("a proposal is not a best reply to its prices")
    return found


def rewards(law: RequestLaw, found: Taken | Runs) -> np.ndarray:
    """Sum the rewards of the actions of each run, (n,)."""
    return earned(law, found.kinds, found.actions).sum(axis=1)


def count_types(kinds: np.ndarray, n_types: int) -> np.ndarray:
    """Count how often each type came in each run, (n, K)."""
    # one histogram for all runs: type k of run i is number i K + k
    offsets = n_types * np.arange(len(kinds))[:, None]
    return np.bincount((kinds + offsets).ravel(), minlength=n_types * len(kinds)).reshape(len(kinds), n_types)


def fractional_knapsacks(rewards: np.ndarray, costs: np.ndarray, counts: np.ndarray, budget: float) -> np.ndarray:
    """Solve a fractional knapsack per row of counts (n, K): best reward per unit first; all numbers are positive."""
    order = np.argsort(-rewards / costs)
    wanted = counts[:, order] * costs[order]
    before = np.cumsum(wanted, axis=1) - wanted
    taken = np.clip(budget - before, 0, wanted)
    return taken @ (rewards[order] / costs[order])


def optima(law: RequestLaw, kinds: np.ndarray) -> np.ndarray:
    """Find the optimum in hindsight of each run, (n,): by sorting for one action and resource, else by programs."""
    counts = count_types(kinds, len(law.rewards))
    if law.costs.shape[1:] == (1, 1):
        return fractional_knapsacks(law.rewards[:, 0], law.costs[:, 0, 0], counts, law.budget[0])
    return np.array([hindsight_optimum(law.rewards, law.costs, law.budget, counts=row).value for row in counts])


@dataclass(frozen=True)
class Hired:
    """Rewards of the requests, and a mask of those that are taken, both (n, T)."""

    rewards: np.ndarray
    taken: np.ndarray


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
