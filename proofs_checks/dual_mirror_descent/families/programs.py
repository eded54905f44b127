"""Small linear programs in hindsight, prices at which their duals are evaluated, and laws small enough to enumerate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dual_mirror_descent import dual_bound, fluid_optimum, hindsight_optimum
from proofs_checks.dual_mirror_descent.families.streams import (
    EXACT_FIT,
    HUGE,
    SHORT_TRACE,
    Requests,
    draw_menus,
    requests,
)


@dataclass(frozen=True)
class Program:
    """A program's answer: a primal solution (T, d) and prices (m,) of the linear program in hindsight, as doubles."""

    solution: np.ndarray
    prices: np.ndarray


def solved(requests: Requests, rng: np.random.Generator | None = None) -> Program:
    """Solve the linear program in hindsight by the library."""
    found = hindsight_optimum(requests.stream, method="lp")
    return Program(found.solution, found.prices)


def draw_small(draws: Draws) -> Requests:
    """Draw up to eight requests with two actions and two resources at most; rewards and costs are quarters."""
    drawn = draw_menus(draws, (8, 2, 2))
    return Requests(
        np.round(4 * drawn.rewards) / 4, np.round(4 * drawn.costs) / 4, drawn.rate, drawn.init, drawn.step_size
    )


SMALL_PROGRAMS = Family(
    "small-programs",
    always=(
        SHORT_TRACE,
        EXACT_FIT,
        HUGE,
        requests([3, 2, 2], [[[2.0]], [[1.0]], [[1.0]]], 0.75),
        requests([[1, 0.5], [0.75, 0.25], [0.5, 1]], [[1, 0], [0.5, 1]], [0.5, 0.25]),
    ),
    draw=draw_small,
)


@dataclass(frozen=True)
class Priced:
    """A sequence of requests, and n vectors of prices (n, m) at which its dual function is evaluated."""

    requests: Requests
    prices: np.ndarray


def dual_values(priced: Priced, rng: np.random.Generator) -> np.ndarray:
    """Compute the library's dual bounds at the given prices, (n,)."""
    stream = priced.requests.stream
    return np.array([dual_bound(stream, prices=prices) for prices in priced.prices])


def draw_priced(draws: Draws) -> Priced:
    """Draw a small sequence and four vectors of prices, of which the last one is zero."""
    drawn = draw_small(draws)
    prices = draws.integers(0, 16, shape=(4, len(drawn.rate))) / 8
    prices[-1] = 0
    return Priced(drawn, prices)


PRICED = Family(
    "priced",
    always=(Priced(SHORT_TRACE, np.array([[0.0], [0.5], [1.0]])), Priced(HUGE, np.array([[0.25]]))),
    draw=draw_priced,
)


# --- laws ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SmallLaw:
    """Rewards (K,) and costs (K,) of types with integer weights (K,), a horizon, and a budget of one resource."""

    rewards: np.ndarray
    costs: np.ndarray
    weights: np.ndarray
    horizon: int
    budget: float


def fluid_fractions(law: SmallLaw, rng: np.random.Generator) -> np.ndarray:
    """Return how often per period the fluid optimum takes each type, (K,)."""
    types = (law.rewards, law.costs)
    return fluid_optimum(types, law.weights / law.weights.sum(), law.budget / law.horizon).solution.ravel()


def draw_law(draws: Draws) -> SmallLaw:
    """Draw a law of two or three types and up to six requests, so that all counts of types can be enumerated."""
    k, horizon = draws.integers(2, 3), draws.integers(1, 6)
    rewards, costs = draws.integers(1, 8, shape=k) / 4, draws.integers(1, 4, shape=k) / 4
    return SmallLaw(rewards, costs, draws.integers(1, 4, shape=k), horizon, draws.integers(1, 4 * horizon) / 4)


SMALL_LAWS = Family(
    "small-laws",
    always=(
        SmallLaw(np.array([1.0, 0.5]), np.array([1.0, 1.0]), np.array([1, 1]), 4, 2.0),
        SmallLaw(np.array([3.0, 2.0, 1.0]), np.ones(3), np.array([3, 2, 3]), 4, 2.0),
    ),
    draw=draw_law,
)
