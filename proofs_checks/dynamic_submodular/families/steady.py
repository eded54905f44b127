"""Equal disjoint elements at the threshold are the worst for queries: every pool is as large as it can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.dynamic_submodular import Coverage, OneGuess, run_guess

FIXED = {"updates do not see the coins": lambda steady: not steady.adaptive}
#: why no other algorithm is put to these tests
COUNTED = "only the library's own structures count the marginals that they ask for, and the guesses that they hold"


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


def queries(steady: Steady, rng: np.random.Generator, n: int) -> Queries:
    """Count the queries of n runs."""
    if steady.adaptive:
        runs = [attacked(steady, rng) for _ in range(n)]
        return Queries(*(np.concatenate([getattr(run, name) for run in runs]) for name in ("insertions", "deletions")))
    found = run_guess(steady.objective, steady.ops, steady.k, guess=steady.guess, n_runs=n, rng=rng)
    return Queries(found.insertion_queries, found.deletion_queries)
