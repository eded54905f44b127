"""Laws of requests whose objective also rewards that all resources are filled alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Family
from proofs_checks.dual_mirror_descent.families.laws import RequestLaw
from proofs_checks.dual_mirror_descent.families.runs import Runs, runs


@dataclass(frozen=True)
class FairLaw(RequestLaw):
    """A law of requests with `fairness`, the weight of the least filled resource in the objective."""

    fairness: float = 0.0


def fair_law(horizon: int, fairness: float) -> FairLaw:
    """Make a law in which each request may go to one of four resources, for one of eight levels times its worth."""
    levels, worth = (np.arange(8) + 0.5) / 8, np.array([0.3, 1.0, 0.8, 0.5])
    rewards = levels[:, None] * worth
    costs = np.broadcast_to(np.eye(4), (8, 4, 4)).copy()
    rate, law = np.array([0.2, 0.2, 0.3, 0.25]), np.full(8, 1 / 8)
    # the step sqrt(C3' / (C2 T)) of the bound: C3' = ((1 + fairness)^2 + fairness^2) / 2, and C2 = 5^2 * 4 / 2 for four
    # resources, of which the scarcest has a rate of 1/5
    step = np.sqrt((fairness**2 + (1 + fairness) ** 2) / (4 * 25 * horizon))
    return FairLaw(rewards, costs, rate, horizon, law, step, geometry="scaled-euclidean", fairness=fairness)


def fair_runs(law: FairLaw, rng: np.random.Generator, n: int, **options) -> Runs:
    """Run dual mirror descent for the fair objective, which `options` may change."""
    return runs(law, rng, n, **({"fairness": law.fairness} | options))


LONG_FAIR_LAW = Family("long-fair-law", always=lambda: (fair_law(16384, 4.0),))
FAIR_LAWS = Family(
    "fair-laws",
    always=lambda: (fair_law(2048, 0.25), fair_law(4096, 1.0)),
    draw=lambda draws: fair_law(draws.choice((1024, 2048)), draws.integers(1, 8) / 8),
)
