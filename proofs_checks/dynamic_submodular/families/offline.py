"""Functions of which the best k elements are chosen at once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Selection, make_tight_greedy, maximize, probe_submodular
from proofs_checks.dynamic_submodular.families.functions import (
    SetFunction,
    by_values,
    draw_function,
    optima,
    set_function,
)
from proofs_checks.dynamic_submodular.families.streams import cardinalities, modular, spoilsport


@dataclass(frozen=True)
class Offline:
    """A function and k; epsilon where the method has one."""

    function: SetFunction
    k: int
    epsilon: float = 0.125

    @property
    def optimum(self) -> Any:
        """The best value of k elements, by enumeration."""
        return optima(self.function, np.ones((1, self.function.n), dtype=bool), self.k)[0]


def selected(case: Offline, rng: np.random.Generator, method: Any = "lazy") -> Selection:
    """The choice of a method."""
    return maximize(case.function.objective(), case.k, method=method, epsilon=case.epsilon, rng=rng)


def draw_offline(draws: Draws) -> Offline:
    """Five to eight elements."""
    return Offline(draw_function(draws, draws.integers(5, 8)), draws.integers(1, 4), draws.choice((0.125, 0.25)))


def first_k_hide_the_rest(k: int) -> Offline:
    """Two disjoint sets of two, and one that takes half of each: k = 2."""
    table = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0]]) > 0
    return Offline(set_function("coverage", table, np.ones(4)), k)


#: small elements first, then large ones; weights that double; and the rest
ALWAYS = (
    Offline(modular([1.0]), 1),
    Offline(modular([3.0, 2.0, 1.0]), 2),
    Offline(modular([1.0, 1.0, 1.0, 100.0, 100.0]), 2),
    Offline(modular([10.0, 1.0, 1.0, 1.0, 10.0, 10.0, 10.0]), 4),
    Offline(modular([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), 2),
    first_k_hide_the_rest(2),
)
OFFLINE = Family("offline", always=ALWAYS, draw=draw_offline)
EXACT_OFFLINE = Family(
    "exact-offline",
    always=ALWAYS,
    draw=lambda draws: Offline(
        draw_function(draws, draws.integers(5, 8), ("coverage", "facility")), draws.integers(1, 4)
    ),
)
#: two elements that are worth nothing alone and much together
SUPERMODULAR_OFFLINE = Family(
    "supermodular-offline", always=(Offline(by_values(np.array([0, 1, 0, 1, 0, 1, 9, 10])), 2),)
)


@dataclass(frozen=True)
class TightGreedy:
    """The grid on which greedy selection gets no more than its share."""

    k: int


def taken_columns(case: TightGreedy, rng: np.random.Generator, method: Any = "lazy") -> Fraction:
    """What the method gets of the optimum."""
    stream = make_tight_greedy(case.k)
    found = maximize(stream, method=method)
    best = maximize(stream, method="brute-force")
    return Fraction(found.value).limit_denominator(10**6) / Fraction(best.value).limit_denominator(10**6)


GRIDS = Family("grids", always=tuple(TightGreedy(k) for k in (2, 3, 4)))


@dataclass(frozen=True)
class Stochastic:
    """A function, k and epsilon for methods that sample."""

    case: Offline
    method: str


def sampled_values(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Values of n choices."""
    case = instance.case
    objective = case.function.objective()
    return np.array(
        [maximize(objective, case.k, method=instance.method, epsilon=case.epsilon, rng=rng).value for _ in range(n)]
    )


def hidden_block(n: int = 12) -> SetFunction:
    """Two elements of 16 among ten of 1."""
    return modular([16.0, 16.0] + [1.0] * (n - 2))


STOCHASTIC = Family("stochastic", always=(Stochastic(Offline(hidden_block(), 2, 0.25), "stochastic"),))
#: a spoiler, and large elements after many small ones
RANDOM = Family(
    "random-greedy",
    always=(
        Stochastic(Offline(spoilsport(6), 3), "random"),
        Stochastic(Offline(modular([1.0] * 8 + [16.0] * 2), 2), "random"),
    ),
)


@dataclass(frozen=True)
class Suspect:
    """A function that may not be what it should be, and the number of probes."""

    function: SetFunction
    n_probes: int = 200


def complaint(suspect: Suspect, rng: np.random.Generator) -> int:
    """0 where the probe found nothing, 1 where it found a counterexample."""
    return int(probe_submodular(suspect.function.objective(), n_probes=suspect.n_probes, rng=rng).kind is not None)


def misses(suspect: Suspect, rng: np.random.Generator, n: int) -> np.ndarray:
    """Whether the probe found nothing, in n runs."""
    return np.array([not complaint(suspect, rng) for _ in range(n)])


INNOCENT = Family(
    "innocent",
    always=(Suspect(modular([1.0, 1.0])),),
    draw=lambda draws: Suspect(draw_function(draws, draws.integers(3, 5)), 60),
)
GUILTY = Family("guilty", always=(Suspect(cardinalities(2, n=4), 40), Suspect(spoilsport(4), 40)))
SQUARE = Family("a-square", always=(Suspect(cardinalities(2, n=4)),))
MODULAR = Family("a-sum", always=(Suspect(modular([1.0, 1.0])),))


def plain_and_lazy(case: Offline, rng: np.random.Generator) -> tuple[Selection, Selection]:
    """Both methods."""
    return selected(case, rng, method="naive"), selected(case, rng, method="lazy")


def complaints_with_control(suspect: Suspect, rng: np.random.Generator) -> tuple[int, int]:
    """What the probe says of the function, and of a square."""
    return complaint(suspect, rng), complaint(SQUARE.smallest()[0], rng)
