"""Equal disjoint elements at the threshold are the worst for queries: every pool is as large as it can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, OneGuess, run_guess


@dataclass(frozen=True)
class Steady:
    """n elements come; then some leave and return, in a fixed order or, adaptively, always e_1."""

    n: int
    k: int
    length: int
    adaptive: bool = False

    @property
    def objective(self) -> Coverage:
        """The coverage of one item by each element."""
        return Coverage([[i] for i in range(self.n)])

    @property
    def guess(self) -> float:
        """The guess o = 2k, whose threshold is t = f(v) = 1."""
        return 2.0 * self.k

    @property
    def ops(self) -> np.ndarray:
        """The updates: all elements come, then elements spread over the numbers leave and return."""
        # multiples of 7 modulo n spread the movers over the elements, in an order that sees no coin
        movers = (np.arange(self.length) * 7) % self.n
        return np.r_[np.arange(self.n), np.ravel(np.stack([~movers, movers], axis=1))]


@dataclass(frozen=True)
class Queries:
    """The mean number of queries of an insertion and of a deletion, one number per run."""

    insertions: np.ndarray
    deletions: np.ndarray


def queries(steady: Steady, rng: np.random.Generator, n: int) -> Queries:
    """Count the queries of n runs."""
    if steady.adaptive:
        runs = [attacked(steady, rng) for _ in range(n)]
        return Queries(*(np.concatenate([getattr(run, name) for run in runs]) for name in ("insertions", "deletions")))
    found = run_guess(steady.objective, steady.ops, steady.k, guess=steady.guess, n_runs=n, rng=rng)
    return Queries(found.insertion_queries, found.deletion_queries)


def attacked(steady: Steady, rng: np.random.Generator) -> Queries:
    """Run once with deletions that always hit e_1, which returns afterwards."""
    one = OneGuess(steady.objective, steady.k, steady.guess, rng=rng)
    one.update(np.arange(steady.n))
    asked = np.zeros(2)
    for _ in range(steady.length):
        victim = int(one.sequence[0])
        for kind, update in ((1, one.delete), (0, one.insert)):
            before = one.counts["queries"]
            update(victim)
            asked[kind] += one.counts["queries"] - before
    return Queries(*(asked[:, None] / steady.length))


def draw_steady(draws: Draws) -> Steady:
    """Draw up to a hundred elements, of which up to ten are to be chosen."""
    return Steady(draws.integers(20, 100), draws.integers(1, 10), draws.integers(20, 60))


def draw_attack(draws: Draws) -> Steady:
    """Draw an attack, mostly on more elements than the bound for fixed deletions allows queries."""
    return Steady(draws.integers(60, 300), draws.integers(2, 8), draws.integers(5, 25), adaptive=True)


STEADY = Family("steady", always=(Steady(30, 2, 30), Steady(40, 5, 40), Steady(80, 10, 40)), draw=draw_steady)
ATTACKED = Family(
    "attacked", always=(Steady(200, 5, 20, adaptive=True), Steady(400, 2, 200, adaptive=True)), draw=draw_attack
)
#: sizes at the same k, for a rate in n; as many movers as elements, so that runs reach a steady state
LADDER = Family("steady-ladder", always=tuple(Steady(n, 5, n) for n in (100, 200, 400, 800)))


@dataclass(frozen=True)
class Singles:
    """One element of a weight, the unit of the grid of guesses, and the parameters of the table of guesses."""

    weight: float
    k: int
    epsilon: float
    unit: float = 1.0


def guesses_of_one(singles: Singles, rng: np.random.Generator) -> int:
    """Count the guesses that hold the element, on a grid through the value of another one, which has gone."""
    objective = Coverage([[0], [1]], [singles.unit, singles.weight])
    solver = DynamicSubmodular(objective, singles.k, epsilon=singles.epsilon, method="eager", rng=rng)
    solver.update([0, 1, ~0])
    return sum(guess.n_seen == 1 for guess in solver.guesses)


def draw_singles(draws: Draws) -> Singles:
    """Draw weights of all scales."""
    weight, unit = (2.0 ** draws.integers(-60, 60) * draws.integers(1, 99) for _ in range(2))
    return Singles(weight, draws.integers(1, 100), draws.choice((0.125, 0.25, 0.5, 1.0)), unit)


SINGLES = Family(
    "singles", always=(Singles(1.0, 1, 1.0), Singles(3.0, 10, 0.1), Singles(1e30, 50, 0.25)), draw=draw_singles
)
