"""Instances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_checks.dual_mirror_descent.families.laws import RequestLaw
from proofs_checks.dual_mirror_descent.families.runs import Runs, runs
from proofs_checks.dual_mirror_descent.families.streams import (
    Requests,
    Service,
    Walk,
    first_shortage,
    reference,
    walked,
)


def larger_steps(requests: Requests, rng: np.random.Generator, factor: float = 2.0) -> Walk:
    """Make steps larger than the bound is told."""
    return walked(requests, step_size=factor * requests.step_size)


def implemented_gradient(requests: Requests, rng: np.random.Generator) -> Service:
    """Move prices by what is implemented in place of what is proposed."""
    # nothing differs until a proposal does not fit; from then on prices fall although the budget is short
    prices, proposed, actions = reference(requests, by="action")
    return Service(prices, proposed, actions, first_shortage(requests, proposed))


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


def wrong_sign(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Raise prices when too little is spent and lower them when too much is."""
    return _loop(law, law.draw(rng, n), sign=-1)


def turns_away(law: RequestLaw, rng: np.random.Generator, n: int) -> Runs:
    """Serve no request at all."""
    found = runs(law, rng, n)
    return replace(found, actions=np.full_like(found.actions, -1))
