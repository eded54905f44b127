"""Sequences in phases, each far more rewarding than the one before, of which nobody knows how many will come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, OutcomeError
from lrtheory.dual_mirror_descent import RequestStream, allocate
from proofs_checks.dual_mirror_descent.families.streams import Requests, requests


@dataclass(frozen=True)
class Phases:
    """K phases of L requests at unit cost, L units in all, rewards epsilon^(K - k) in phase k; a geometry."""

    n_phases: int
    length: int
    epsilon: float
    geometry: str = "euclidean"

    @property
    def rewards(self) -> np.ndarray:
        """Rewards of all phases, (K L,)."""
        return np.repeat(self.epsilon ** np.arange(self.n_phases - 1, -1, -1), self.length)

    def stopped(self, kappa: int) -> RequestStream:
        """Make the stream whose requests are worth nothing after phase kappa; its reward bound of 1 tells nothing."""
        worth = np.arange(self.n_phases * self.length) < kappa * self.length
        known = {"reward_bound": 1.0, "cost_bound": 1.0}
        return RequestStream(self.rewards * worth, np.ones(len(worth)), float(self.length), **known)


def descended(phases: Phases, rng: np.random.Generator, **options: Any) -> np.ndarray:
    """Return the actions of dual mirror descent when rewards stop after phase 1, ..., K, (K, K L)."""
    horizon = phases.n_phases * phases.length
    scaled = phases.geometry != "euclidean"
    # K / sqrt(T) is the Euclidean step of theory, 1 / (rate sqrt(T)); the other geometries have other units
    step = horizon**-0.5 if scaled else phases.n_phases * horizon**-0.5
    # an entropy cannot start at 0; above the first rewards it would serve nothing in the first phase
    init = phases.epsilon ** (phases.n_phases - 1) / 2 if "entropy" in phases.geometry else 0.0
    chosen = {"geometry": phases.geometry, "step_size": step, "init": init} | options
    runs = [allocate(phases.stopped(kappa), **chosen).actions for kappa in range(1, phases.n_phases + 1)]
    return np.array(runs)


def ratios(phases: Phases, actions: np.ndarray) -> np.ndarray:
    """Compute the share of the optimum that the actions earn, for each number of phases that come, (K,)."""
    k, length = phases.n_phases, phases.length
    if actions.dtype.kind not in "iu" or actions.shape != (k, k * length) or not np.isin(actions, (-1, 0)).all():
        raise OutcomeError(f"a row for each of the {k} ends is due, 0 for a request that is served and -1 for others")
    served = (actions == 0).reshape(k, k, length).sum(axis=2)  # of each phase, for each end
    if (served.sum(axis=1) > length).any():
        raise OutcomeError("more requests are served than there are units")
    # the reward of phase j over that of phase i, the last one that comes, which is all that the optimum serves
    e = phases.epsilon
    worth = np.array([[e ** (i - j) if j <= i else 0 * e for j in range(k)] for i in range(k)])
    return (worth * served).sum(axis=1) / length


def draw_phases(draws: Draws) -> Phases:
    """Draw two to eight phases in any geometry; lengths differ, so that instances hardly share a shape."""
    geometry = draws.choice(("euclidean", "scaled-euclidean", "entropy", "capped-entropy"))
    return Phases(draws.integers(2, 8), draws.integers(20, 400), 2.0 ** -draws.integers(1, 8), geometry)


def draw_long_phases(draws: Draws) -> Phases:
    """Draw two to eight phases of at least 1000 requests each."""
    return Phases(draws.integers(2, 8), draws.integers(1000, 3000), 2.0 ** -draws.integers(4, 6))


PHASES = Family(
    "phases",
    always=(Phases(2, 1000, 1 / 128), Phases(4, 500, 1 / 128), Phases(8, 250, 1 / 2), Phases(4, 10, 1 / 128)),
    draw=draw_phases,
)
LONG = Family(
    "long-phases-of-phases",
    always=(Phases(2, 1000, 1 / 128), Phases(4, 1001, 1 / 128), Phases(8, 1002, 1 / 64)),
    draw=draw_long_phases,
)


# --- as sequences ----------------------------------------------------------------------------------------------------


def phased(k: int, length: int, epsilon: float, geometry: str = "euclidean") -> Requests:
    """Make requests of all k phases of a sequence, with the step K / sqrt(T)."""
    rewards = np.repeat(epsilon ** np.arange(k - 1, -1, -1.0), length)
    return requests(rewards, 1.0, 1 / k, step_size=float(k) / np.sqrt(len(rewards)), geometry=geometry)


def draw_long(draws: Draws) -> Requests:
    """Draw two to four thousand requests for one resource, in up to five blocks of different worth; the step of theory.

    The blocks are shorter than what the budget pays for, and rates are so high that the bound is less than the optimum.
    """
    horizon, rate = draws.integers(16, 32) * 128, draws.choice((0.25, 0.375, 0.5))
    n_blocks = draws.integers(1, 5)
    levels = np.sort(draws.integers(4, 16, shape=n_blocks))[:: draws.choice((1, -1))]
    rewards = levels[np.arange(horizon) * n_blocks // horizon] / 16 - draws.integers(0, 3, shape=horizon) / 16
    costs = (4 + draws.integers(0, 4, shape=horizon)) / 8
    step = 2.0 ** round(np.log2(1 / (rate * np.sqrt(horizon))))
    return requests(rewards, costs[:, None, None], rate, step_size=step)


def draw_long_curved(draws: Draws) -> Requests:
    """Draw long sequences under the other geometries, with steps that suit the units of each."""
    drawn, geometry = draw_long(draws), draws.choice(("scaled-euclidean", "entropy", "capped-entropy"))
    step = 2.0 ** round(np.log2(drawn.horizon**-0.5))
    init = np.array([0.5]) if "entropy" in geometry else np.zeros(1)
    return replace(drawn, geometry=geometry, init=init, step_size=step * (2 if geometry == "entropy" else 1))
