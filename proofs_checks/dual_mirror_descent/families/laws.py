"""Laws of requests on a finite table of types, for each input model; counts of types give the optima in hindsight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Family
from lrtheory.dual_mirror_descent import RequestStream, theory


def by_inversion(probabilities: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the types at which the cumulative sums of the probabilities (K,) pass u, of the shape of u."""
    # without the last sum, which rounding may leave below 1: then a type K that does not exist could be drawn
    return np.searchsorted(np.cumsum(probabilities)[:-1], u, side="right")


@dataclass(frozen=True)
class RequestLaw:
    """A law has K types with rewards (K, d) and costs (K, d, m), a rate (m,), a horizon, and options of the algorithm.

    `probabilities` (K,) is the law of a request; `init` is the first price of each resource, None the geometry's own.
    """

    rewards: np.ndarray
    costs: np.ndarray
    rate: np.ndarray
    horizon: int
    probabilities: np.ndarray
    step_size: float
    geometry: str = "euclidean"
    init: float | None = 0.0

    @property
    def has_one_law(self) -> bool:
        """True if the requests are independent and have one law."""
        return True

    @property
    def is_independent(self) -> bool:
        """True if the requests are independent, perhaps of different laws."""
        return True

    @property
    def reward_bound(self) -> float:
        """The largest reward, f bar."""
        return float(self.rewards.max())

    @property
    def cost_bound(self) -> float:
        """The largest cost of any resource, b bar."""
        return float(self.costs.max())

    @property
    def budget(self) -> np.ndarray:
        """Units of each resource."""
        return self.rate * self.horizon

    @property
    def setting(self) -> dict[str, Any]:
        """The arguments that the bounds in `theory` ask for."""
        bounds = {"reward_bound": self.reward_bound, "cost_bound": self.cost_bound}
        return {"horizon": self.horizon, "rate": self.rate, "step_size": self.step_size, **bounds}

    @property
    def first_prices(self) -> np.ndarray | None:
        """The first prices mu_1, (m,); None stands for the default of the geometry."""
        return None if self.init is None else np.full(len(self.rate), self.init)

    def stream(self, kinds: np.ndarray) -> RequestStream:
        """Make a stream of requests of given types (T,), or many streams over one table (n, T)."""
        bounds = {"reward_bound": self.reward_bound, "cost_bound": self.cost_bound}
        return RequestStream(self.rewards, self.costs, self.budget, types=kinds, **bounds)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw types of the requests of n runs, (n, T)."""
        return by_inversion(self.probabilities, rng.random((n, self.horizon)))


@dataclass(frozen=True)
class CorruptedLaw(RequestLaw):
    """A law of independent requests, of which the last `n_corrupted` follow `other` (K,)."""

    other: np.ndarray = None
    n_corrupted: int = 0

    @property
    def has_one_law(self) -> bool:
        """True if all requests have the law `probabilities`, or all `other`, or both are the same."""
        return not 0 < self.n_corrupted < self.horizon or np.array_equal(self.other, self.probabilities)

    @property
    def distance(self) -> float:
        """The sum over the requests of the total variation between their law and the average law (statement DMD-T3)."""
        apart = np.abs(self.probabilities - self.other).sum() / 2
        return float(apart * theory.corrupted_total_variation(self.horizon, self.n_corrupted, alike=True))

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw types of the requests of n runs, (n, T); the last `n_corrupted` columns follow `other`."""
        clean, u = self.horizon - self.n_corrupted, rng.random((n, self.horizon))
        return np.hstack([by_inversion(self.probabilities, u[:, :clean]), by_inversion(self.other, u[:, clean:])])


@dataclass(frozen=True)
class MarkovLaw(RequestLaw):
    """A chain of two states, equally likely at the start, that switches with probability `switch`.

    Requests follow `probabilities` in state 0 and `other` in state 1.
    """

    other: np.ndarray = None
    switch: float = 0.5

    @property
    def has_one_law(self) -> bool:
        """True if the requests are independent: the states switch with probability 1/2, or both laws are equal."""
        return self.switch == 0.5 or np.array_equal(self.other, self.probabilities)

    @property
    def is_independent(self) -> bool:
        """True if the requests are independent, which they are here only with one law."""
        return self.has_one_law

    def mixing(self, lag: int) -> float:
        """Compute the largest total variation between the law of a request `lag` + 1 periods on and the average law."""
        # the product of how far the law of the state is from uniform, and the total variation between the two laws
        return float(theory.markov_mixing(self.switch, lag) * np.abs(self.probabilities - self.other).sum() / 2)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw types of the requests of n runs, (n, T), by the states of independent chains."""
        turns = rng.random((n, self.horizon)) < self.switch  # the parity of the switches so far is the state
        turns[:, 0] = rng.random(n) < 0.5
        state = np.cumsum(turns, axis=1) % 2
        u = rng.random((n, self.horizon))
        return np.where(state == 0, by_inversion(self.probabilities, u), by_inversion(self.other, u))


@dataclass(frozen=True)
class PeriodicLaw(RequestLaw):
    """A law of independent requests in blocks of `period`: half of a block follows `probabilities`, half `other`."""

    other: np.ndarray = None
    period: int = 2

    @property
    def has_one_law(self) -> bool:
        """True if both halves of a period have the same law."""
        return np.array_equal(self.other, self.probabilities)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw types of the requests of n runs, (n, T), independent given the time."""
        late = np.arange(self.horizon) % self.period >= self.period // 2
        u = rng.random((n, self.horizon))
        return np.where(late, by_inversion(self.other, u), by_inversion(self.probabilities, u))


#: rewards of a law that stands for a continuous one: finitely many, so that counts of types give the optima
LEVELS = 64


def uniform(low: float, high: float) -> np.ndarray:
    """Return the law of a reward that is uniform on the levels (i + 1/2) / 64 in [low, high], (64,)."""
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    inside = (levels >= low) & (levels <= high)
    return inside / inside.sum()


def theory_step(horizon: int, *rates: float) -> float:
    """Compute the step of the i.i.d. theorem, for unit bounds and prices that start at zero (statement DMD-T1)."""
    return float(theory.step_size(horizon=horizon, rate=list(rates), reward_bound=1.0, cost_bound=1.0))


def one_resource(horizon: int, **options) -> dict:
    """Return fields of a law of requests for one unit of one resource, with rewards on 64 levels in [0, 1]."""
    rate = options.pop("rate", 0.25)
    table = {
        "rewards": ((np.arange(LEVELS) + 0.5) / LEVELS)[:, None],
        "costs": np.ones((LEVELS, 1, 1)),
        "rate": np.array([rate]),
        "horizon": horizon,
        "probabilities": uniform(0, 1),
        "step_size": theory_step(horizon, rate),
    }
    return table | options


def three_resources(horizon: int, **options) -> RequestLaw:
    """Make a law of five types with menus of two actions, at unit costs of three resources."""
    rewards = np.array([[1.0, 0.5], [0.75, 0.75], [0.5, 0.25], [0.25, 1.0], [0.375, 0.625]])
    first, second = (
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]],
        [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1], [1, 0, 0]],
    )
    costs = np.stack([np.array(first, float), np.array(second, float)], axis=1)
    rate = np.array([0.25, 0.3125, 0.375])
    defaults = {"probabilities": np.full(5, 0.2), "step_size": theory_step(horizon, *rate)}
    return RequestLaw(rewards, costs, rate, horizon, **(defaults | options))


def is_iid(law: RequestLaw) -> bool:
    """Tell whether the requests are independent with one law."""
    return law.has_one_law


def corrupted(horizon: int, share: float) -> CorruptedLaw:
    """Make a law of uniform rewards, of which the given share, at the end, is above 0.9."""
    return CorruptedLaw(**one_resource(horizon, rate=0.375), other=uniform(0.9, 1), n_corrupted=int(share * horizon))


def switching(horizon: int, switch: float, lag: int = 0) -> MarkovLaw:
    """Make a chain with rewards below one half in one state and above it in the other; the step suits the lag."""
    # with b bar = G = 1 the ergodic bound has C2 eta T (1 + 2 lag), so its best step is smaller by sqrt(1 + 2 lag)
    rate = 0.375
    step = theory_step(horizon, rate) / np.sqrt(1 + 2 * lag)
    table = one_resource(horizon, rate=rate, probabilities=uniform(0, 0.5), step_size=step)
    return MarkovLaw(**table, other=uniform(0.5, 1), switch=switch)


def periodic(horizon: int, period: int) -> PeriodicLaw:
    """Make a law with rewards in [0.4, 0.5] in the first half of each period and in [0.9, 1] in the second."""
    table = one_resource(horizon, rate=0.375, probabilities=uniform(0.4, 0.5))
    return PeriodicLaw(**table, other=uniform(0.9, 1), period=period)


HEAVILY_CORRUPTED = Family("heavily-corrupted", always=lambda: (corrupted(16384, 0.25),))


# a state lasts for 200 requests on average: each request has the average law, and they are far from independent
SLOW_MARKOV = Family("slow-markov", always=lambda: (switching(6400, 0.005),))
