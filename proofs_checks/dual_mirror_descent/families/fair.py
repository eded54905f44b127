"""Laws whose resources should be filled alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Family
from lrtheory.dual_mirror_descent import allocate_batch
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw


@dataclass(frozen=True)
class FairLaw(RequestLaw):
    """A law, and the weight of the least filled resource in the objective."""

    fairness: float = 0.0


@dataclass(frozen=True)
class FairRuns:
    """Types of the requests (n, T), reward (n,) and consumption (n, m)."""

    kinds: np.ndarray
    reward: np.ndarray
    consumption: np.ndarray


def fair_law(horizon: int, fairness: float) -> FairLaw:
    """Each request may go to one of four resources, and is worth one of eight levels times what the resource is."""
    levels, worth = (np.arange(8) + 0.5) / 8, np.array([0.3, 1.0, 0.8, 0.5])
    rewards = levels[:, None] * worth
    costs = np.broadcast_to(np.eye(4), (8, 4, 4)).copy()
    rate, law = np.array([0.2, 0.2, 0.3, 0.25]), np.full(8, 1 / 8)
    step = np.sqrt((fairness**2 + (1 + fairness) ** 2) / (4 * 25 * horizon))
    return FairLaw(rewards, costs, rate, horizon, law, step, geometry="scaled-euclidean", fairness=fairness)


def fair_runs(law: FairLaw, rng: np.random.Generator, n: int, **options) -> FairRuns:
    """Dual mirror descent for the fair objective."""
    kinds = law.draw(rng, n)
    chosen = {"geometry": law.geometry, "step_size": law.step_size, "init": law.first_prices, "fairness": law.fairness}
    found = allocate_batch(law.stream(kinds), **(chosen | options))
    return FairRuns(kinds, found.reward, found.consumption)


LONG_FAIR_LAW = Family("long-fair-law", always=lambda: (fair_law(16384, 4.0),))
FAIR_LAWS = Family("fair-laws", always=lambda: (fair_law(2048, 0.25), fair_law(4096, 1.0)))
